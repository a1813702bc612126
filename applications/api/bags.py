"""Bags: the paper's way from the branch to the center."""

from __future__ import annotations

from typing import Any

from django.db.models import Prefetch, QuerySet

from applications.api import answers, shapes
from applications.models import Bag, BagIncident, BagItem
from applications.services import bags
from ops_center.kernel.errors import OutOfSight
from ops_center.web.api import Api, Call, Paged, listed, operation, paged
from ops_center.web.keyset import Keyset

NEWEST = Keyset("-id")
SEALERS = "BAG BH"
READERS = "BAG BH CM RCV TR SUP AUD"


def bags_in_sight(call: Call) -> QuerySet[Bag]:
    return bags.bags_visible_to(call.actor, call.at).prefetch_related(
        Prefetch("items", BagItem.objects.select_related("application")),
        Prefetch("incidents", BagIncident.objects.select_related("application")),
    )


def one(call: Call, bag: int) -> Bag:
    found = bags_in_sight(call).filter(pk=bag).first()
    if found is None:
        raise OutOfSight("not_found", "")
    return found


class Bags(Api):
    @operation(roles=READERS, asked=Paged, answer=paged(answers.BagAnswer), summary="Bags in sight")
    def get(self, call: Call) -> dict[str, Any]:
        """The own branch's bags, or those on their way and arrived, newest first."""
        return listed(call, bags_in_sight(call), NEWEST)

    @operation(roles=SEALERS, facts=shapes.OpenBag, answer=answers.BagAnswer, status=201, summary="Open a bag")
    def post(self, call: Call) -> Bag:
        """An empty bag of the own branch."""
        return one(call, bags.open_bag(actor=call.actor, at=call.at, **call.facts).pk)


class OneBag(Api):
    @operation(roles=READERS, answer=answers.BagAnswer, summary="One bag")
    def get(self, call: Call, bag: int) -> Bag:
        """The bag with its manifest and incidents."""
        return one(call, bag)


class Files(Api):
    @operation(
        roles=SEALERS, facts=shapes.AddFile, sight=one, answer=answers.BagAnswer, summary="T07 put a file into the bag"
    )
    def post(self, call: Call, bag: int) -> Bag:
        """A taken-in file whose paper lies at this branch."""
        bags.add_file(bag=bag, case=call.facts["application"], actor=call.actor, at=call.at)
        return one(call, bag)


class OneFile(Api):
    @operation(roles=SEALERS, summary="Take a file out of an open bag")
    def delete(self, call: Call, bag: int, number: str) -> None:
        """The file waits for a bag again."""
        bags.take_out(bag=bag, case=number, actor=call.actor, at=call.at)


class Seal(Api):
    @operation(
        roles=SEALERS, facts=shapes.Seal, sight=one, answer=answers.BagAnswer, versioned=True, summary="T07 seal"
    )
    def post(self, call: Call, bag: int) -> Bag:
        """Two people of the branch and a seal number that was never used."""
        return _taken(bags.seal_bag, call, bag)


class Unseal(Api):
    @operation(
        roles=SEALERS, facts=shapes.Unseal, sight=one, answer=answers.BagAnswer, versioned=True, summary="T08 unseal"
    )
    def post(self, call: Call, bag: int) -> Bag:
        """Before the truck has it; the old seal number stays used."""
        return _taken(bags.unseal_bag, call, bag)


class HandOver(Api):
    @operation(
        roles=SEALERS,
        facts=shapes.HandOver,
        sight=one,
        answer=answers.BagAnswer,
        versioned=True,
        summary="T09 hand over",
    )
    def post(self, call: Call, bag: int) -> Bag:
        """The sealed bag leaves with the cash truck."""
        return _taken(bags.hand_over_bag, call, bag)


class Receive(Api):
    @operation(
        roles="RCV", facts=shapes.Receive, sight=one, answer=answers.BagAnswer, versioned=True, summary="T10 receive"
    )
    def post(self, call: Call, bag: int) -> Bag:
        """Every file of the manifest is ticked as received or missing; differences open incidents of 24 hours."""
        return _taken(bags.receive_bag, call, bag)


def _taken(act: Any, call: Call, bag: int) -> Bag:
    act(bag=bag, actor=call.actor, at=call.at, version=call.seen, **call.facts)
    return one(call, bag)


def _incident(call: Call, incident: int) -> BagIncident:
    found = BagIncident.objects.filter(pk=incident).first()
    if found is None:
        raise OutOfSight("not_found", "")
    return found


class CloseIncident(Api):
    @operation(
        roles="RCV SUP",
        facts=shapes.CloseIncident,
        sight=_incident,
        answer=answers.IncidentAnswer,
        summary="Close a bag incident",
    )
    def post(self, call: Call, incident: int) -> BagIncident:
        """With what was found. A missing file that turned up is received by the same act, any other is lost (L04)."""
        return bags.close_incident(incident=incident, actor=call.actor, at=call.at, **call.facts)
