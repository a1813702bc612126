"""Sealed bags: packing and handing over at the branch, receiving at the center, differences, the manifest on paper."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any, TypeVar

import segno
from django.contrib import messages
from django.db.models import Count, Min, Q, QuerySet
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from applications.forms.bags import AddFile, BagForm, CloseIncident, HandOver, Receive, Seal, TakeOut, Unseal
from applications.forms.base import Act
from applications.lifecycle import State
from applications.models import Application, Bag, BagIncident, BagItem
from applications.services import bags
from applications.views.door import attempt, following, go
from ops_center.clock import SHANGHAI, local_day
from ops_center.kernel.errors import OutOfSight
from ops_center.web.keyset import Keyset, read_query
from ops_center.web.pages import StaffRequest, View, staff
from organization.models import Branch
from organization.roles import Role
from organization.services.calendar import opening_times

PACKERS = frozenset({Role.BAG, Role.BH})
CLOSERS = frozenset({Role.RCV, Role.SUP})
NEWEST = Keyset("-id")
B = TypeVar("B", bound=BagForm)


def find(request: StaffRequest, pk: int) -> Bag:
    """The bag, if it is this person's to see; OutOfSight otherwise."""
    bag = bags.bags_visible_to(request.actor, request.at).filter(pk=pk).first()
    if bag is None:
        raise OutOfSight("not_found", _("No such bag among those that you can see."))
    return bag


# -- the list ----------------------------------------------------------------------------------------------------------
@staff(Role.CM, Role.BH, Role.BAG, Role.CS, Role.RCV, Role.TR, Role.SUP, Role.AUD)
@require_GET
def bag_list(request: StaffRequest) -> HttpResponse:
    """At the branch the bag of today and what waits for it, at the center what is expected; below, all in sight."""
    asked = read_query(request.GET, known=("state",))
    mine = bags.bags_visible_to(request.actor, request.at)
    found = mine.filter(state=asked["state"]) if asked.get("state") in Bag.State.values else mine
    page = NEWEST.page_of(counted(found), asked)
    facts: dict[str, Any] = {
        "page": page, "next": following(request, page), "state_choices": [("", _("All")), *Bag.State.choices],
        "now": request.at, "expected": None,
    }  # fmt: skip
    if request.roles & PACKERS:
        facts |= at_the_branch(request)
    if request.roles & {Role.RCV, Role.SUP, Role.TR}:
        facts["expected"] = counted(mine.filter(state=Bag.State.HANDED_OVER)).order_by("handed_over_at")
        facts["incidents"] = open_incidents(mine)
        facts["may_receive"] = Role.RCV in request.roles
    return render(request, "applications/bags.html", facts)


def counted(found: QuerySet[Bag]) -> QuerySet[Bag]:
    """Bags with the number of their files, what is still missing of them, and the first deadline on the way."""
    return found.annotate(
        files=Count("items"),
        lacking=Count("items", filter=Q(items__fate=BagItem.Fate.MISSING)),
        due_at=Min("items__application__due_at"),
    )


def at_the_branch(request: StaffRequest) -> dict[str, Any]:
    """What a sealer works with: open and sealed bags, the files that wait, hand-overs to confirm, the hour."""
    branch: Branch = request.actor.branch
    today = local_day(request.at)
    own = bags.bags_visible_to(request.actor, request.at).filter(branch=branch)
    times = opening_times()
    cut_off = datetime.combine(today, times.hours(branch, on=today).cut_off_on(today), SHANGHAI)
    truck = datetime.combine(today, times.truck(branch, on=today), SHANGHAI)
    return {
        "branch": branch,
        "cut_off": cut_off,
        "cut_off_left": minutes_to(cut_off, at=request.at),
        "truck": truck,
        "truck_left": minutes_to(truck, at=request.at),
        "open_bags": [packing(request, bag) for bag in own.filter(state=Bag.State.OPEN).order_by("id")],
        "sealed_bags": [
            {"bag": bag, "form": HandOver(bag=bag, actor=request.actor, at=request.at, initial=last_truck(branch))}
            for bag in counted(own.filter(state=Bag.State.SEALED)).order_by("id")
        ],
        "to_pack": bags.files_to_pack(branch),
        "to_confirm": Application.objects.filter(
            state=State.TAKEN_IN, host_branch=branch, host_confirmed_at=None
        ).with_people(),
    }


def minutes_to(hour: datetime, *, at: datetime) -> int:
    return int((hour - at).total_seconds() // 60)


def last_truck(branch: Branch) -> dict[str, str]:
    """The truck of the last bag; it is mostly the same one. The escort changes and signs, so nobody is prefilled."""
    last = Bag.objects.filter(branch=branch).exclude(truck_no="").order_by("-id").values_list("truck_no", flat=True)
    return {"truck_no": last.first() or ""}


def open_incidents(found: QuerySet[Bag]) -> QuerySet[BagIncident]:
    rows = BagIncident.objects.filter(closed_at=None, bag__in=found.values("pk"))
    return rows.select_related("bag__branch", "application", "opened_by").order_by("due_at")


# -- one bag -----------------------------------------------------------------------------------------------------------
@staff(Role.CM, Role.BH, Role.BAG, Role.CS, Role.RCV, Role.TR, Role.SUP, Role.AUD)
@require_GET
def one_bag(request: StaffRequest, pk: int) -> HttpResponse:
    return draw(request, find(request, pk))


def draw(request: StaffRequest, bag: Bag, *, form: Act | None = None, status: int = 200) -> HttpResponse:
    """The bag with what can be done with it now; ``form`` is the act that was just refused."""
    is_open = bag.state == Bag.State.OPEN
    facts = packing(request, bag, form=form) if is_open else handling(request, bag, form=form)
    fragment = "applications/partials/_bag_packing.html" if is_open else "applications/partials/_bag_handling.html"
    template = fragment if request.htmx else "applications/bag.html"
    return render(request, template, facts | {"fragment": fragment}, status=status)


def packing(request: StaffRequest, bag: Bag, *, form: Act | None = None) -> dict[str, Any]:
    """An open bag: what is in it, the place to scan the next file, and the seal."""
    asked: dict[str, Any] = {"bag": bag, "actor": request.actor, "at": request.at}
    items = list(bag.items.select_related("application__product").order_by("-id"))
    return {
        "bag": bag,
        "items": items,
        "add": form if isinstance(form, AddFile) else AddFile(**asked),
        "seal": form if isinstance(form, Seal) else Seal(**asked),
        "may_pack": is_packer(request, bag),
        "to_pack": bags.files_to_pack(bag.branch) if is_packer(request, bag) else Application.objects.none(),
        "now": request.at,
    }


def handling(request: StaffRequest, bag: Bag, *, form: Act | None = None) -> dict[str, Any]:
    """A bag that is sealed, under way or received."""
    asked: dict[str, Any] = {"bag": bag, "actor": request.actor, "at": request.at}
    facts: dict[str, Any] = {
        "bag": bag,
        "items": bag.items.select_related("application__product").order_by("id"),
        "seals": bag.seals.order_by("used_at"),
        "incidents": incident_lines(request, bag, form=form),
        "now": request.at,
    }
    if bag.state == Bag.State.SEALED and is_packer(request, bag):
        facts["hand_over"] = form if isinstance(form, HandOver) else HandOver(**asked, initial=last_truck(bag.branch))
        facts["unseal"] = form if isinstance(form, Unseal) else Unseal(**asked)
    if bag.state == Bag.State.HANDED_OVER and Role.RCV in request.roles:
        facts["receive"] = form if isinstance(form, Receive) else Receive(**asked)
    return facts


def is_packer(request: StaffRequest, bag: Bag) -> bool:
    return bool(request.roles & PACKERS) and request.actor.branch_id == bag.branch_id


def incident_lines(request: StaffRequest, bag: Bag, *, form: Act | None) -> list[tuple[BagIncident, Act | None]]:
    """The differences of a bag; who may close one gets its form."""
    rows = list(bag.incidents.select_related("application", "opened_by", "closed_by").order_by("id"))
    if request.roles.isdisjoint(CLOSERS):
        return [(row, None) for row in rows]
    refused = {form.incident.pk: form} if isinstance(form, CloseIncident) else {}
    return [
        (row, refused.get(row.pk) or CloseIncident(incident=row, actor=request.actor, at=request.at))
        if row.closed_at is None
        else (row, None)
        for row in rows
    ]


@staff(Role.BH, Role.BAG, Role.RCV, Role.CM, Role.CS, Role.TR, Role.SUP, Role.AUD)
@require_GET
def manifest(request: StaffRequest, pk: int) -> HttpResponse:
    """寄送汇总清单, on A4: numbers only, with the bag's number as a QR code for the receiver's scanner."""
    bag = find(request, pk)
    items = bag.items.select_related("application__product", "application__collector").order_by("id")
    code = segno.make(bag.number, micro=False, error="m")
    return render(
        request, "applications/manifest.html",
        {"bag": bag, "items": items, "qr": code.svg_data_uri(scale=3, border=0), "now": request.at},
    )  # fmt: skip


# -- acts --------------------------------------------------------------------------------------------------------------
def handles(form_class: type[B]) -> Callable[[Callable[[B], object]], View[[int]]]:
    """Makes the view of one act on a bag out of the call of its service; a refusal draws the bag again.

    An act with a word for what it has done leads to the bag's page; packing goes on in the place where it stands.
    """

    def decorate(take: Callable[[B], object]) -> View[[int]]:
        @staff(Role.BAG, Role.BH, Role.RCV)
        @wraps(take)
        def view(request: StaffRequest, pk: int) -> HttpResponseBase:
            form = form_class(request.POST, bag=find(request, pk), actor=request.actor, at=request.at)
            no = attempt(form, take)
            if no:
                return draw(request, find(request, pk), form=form, status=no)
            if request.htmx and not form.done:
                return draw(request, find(request, pk))
            if form.done:
                messages.success(request, str(form.done) % {"bag": form.bag.number})
            return go(request, reverse("bag", args=[pk]))

        return require_POST(view)

    return decorate


@staff(Role.BAG, Role.BH)
@require_POST
def open_bag(request: StaffRequest) -> HttpResponse:
    """A new bag of the own branch, or the one that is open already: two open bags would split the day's files."""
    own = Bag.objects.filter(branch=request.actor.branch_id, state=Bag.State.OPEN).order_by("id").first()
    bag = own or bags.open_bag(branch=request.actor.branch, actor=request.actor, at=request.at)
    return go(request, reverse("bag", args=[bag.pk]))


@handles(AddFile)
def add_file(form: AddFile) -> None:
    bags.add_file(**form.facts)


@handles(TakeOut)
def take_out(form: TakeOut) -> None:
    bags.take_out(**form.facts)


@handles(Seal)
def seal(form: Seal) -> None:
    bags.seal_bag(**form.facts)


@handles(Unseal)
def unseal(form: Unseal) -> None:
    bags.unseal_bag(**form.facts)


@handles(HandOver)
def hand_over(form: HandOver) -> None:
    bags.hand_over_bag(**form.facts)


@handles(Receive)
def receive(form: Receive) -> None:
    bags.receive_bag(**form.facts)


@staff(Role.RCV, Role.SUP)
@require_POST
def close_incident(request: StaffRequest, pk: int) -> HttpResponse:
    """A difference is cleared with its finding."""
    incident = BagIncident.objects.select_related("bag").filter(pk=pk).first()
    if incident is None:
        raise OutOfSight("not_found", _("There is no such incident."))
    bag = find(request, incident.bag_id)
    form = CloseIncident(request.POST, incident=incident, actor=request.actor, at=request.at)
    no = attempt(form, close)
    if no:
        return draw(request, bag, form=form, status=no)
    messages.success(request, _("The difference is cleared."))
    return go(request, reverse("bag", args=[bag.pk]))


def close(form: CloseIncident) -> None:
    bags.close_incident(**form.facts)
