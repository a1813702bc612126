"""The API of the money: entries, registrations, confirmations, payouts, and the split as a question to everybody."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from rest_framework import serializers

from applications.lifecycle import Path
from incentives import errors, selectors
from incentives.answers import (
    ConfirmationAnswer,
    ConfirmationRow,
    DivisionAnswer,
    EntryAnswer,
    PayoutAnswer,
    RegisteredAnswer,
)
from incentives.downloads import MEDIA_TYPES, file_response
from incentives.lifecycle import EntryState, PayeeKind, Sheet
from incentives.models import Confirmation, PayoutBatch, RewardEntry
from incentives.periods import period_of
from incentives.querysets import RewardEntryQuerySet
from incentives.services import confirmations, holds, payouts, pricing, registration
from ops_center.clock import local_day
from ops_center.kernel import money
from ops_center.web.api import Api, Call, Paged, listed, operation, paged
from ops_center.web.keyset import Keyset
from ops_center.web.shapes import Code, Many, Shape, Text

NEWEST = Keyset("-at", "-id")
NEWEST_ROW = Keyset("-id")
DOCUMENT_READERS = "TR SUP MGT HR AUD"


# -- shapes ------------------------------------------------------------------------------------------------------------
class AskedEntries(Paged):
    application = Code(required=False)
    payee = Code(required=False, help_text="An employee number, or POOL, HELD, CUSTOMER.")
    period = serializers.CharField(max_length=8, required=False, help_text="2026-11 or 2026-W47, by the accrual.")
    state = serializers.ChoiceField(EntryState.choices, required=False)


class HoldReason(Shape):
    reason = Text(max_length=300)


class Chosen(Shape):
    applications = Many(child=Code(), min_length=1)


class NewConfirmation(Shape):
    period = serializers.CharField(max_length=8, help_text="2026-11, or a week: 2026-W47.")
    branches = Many(child=Code(), required=False, default=list)


class NewPayout(Shape):
    confirmations = Many(child=Code(), min_length=1)


class Paid(Shape):
    paid_on = serializers.DateField(required=False)


class AskedSplit(Shape):
    bounty = serializers.CharField(max_length=16, help_text="Yuan, such as 99.99.")
    path = serializers.ChoiceField(Path.choices)
    double_keyed = serializers.ChoiceField(["0", "1"], required=False, default="0")
    on = serializers.DateField(required=False, help_text="Whose policy applies; today.")


# -- entries -----------------------------------------------------------------------------------------------------------
class Rewards(Api):
    @operation(asked=AskedEntries, answer=paged(EntryAnswer), summary="Reward entries in sight")
    def get(self, call: Call) -> dict[str, Any]:
        """Newest first. Trackers, supervisors, management and audit see all, HR what is confirmed, others their own."""
        return listed(call, _asked_for(call, RewardEntry.objects.visible_to(call.actor, call.at)), NEWEST)


class MyRewards(Api):
    @operation(asked=AskedEntries, answer=paged(EntryAnswer), summary="One's own reward entries")
    def get(self, call: Call) -> dict[str, Any]:
        """Newest first; a share that waits for its payee to be decided stands here too, as HELD."""
        return listed(call, _asked_for(call, RewardEntry.objects.filter(payee=call.actor)), NEWEST)


def _asked_for(call: Call, entries: RewardEntryQuerySet) -> RewardEntryQuerySet:
    asked = call.asked
    if number := asked.get("application"):
        entries = entries.filter(assessment__application__number=number)
    if payee := asked.get("payee"):
        elsewhere = payee in PayeeKind.values
        entries = entries.filter(payee_kind=payee) if elsewhere else entries.filter(payee__number=payee)
    if period := asked.get("period"):
        span = period_of(period)
        entries = entries.filter(at__gte=span.starts_at, at__lt=span.ends_at)
    if state := asked.get("state"):
        entries = entries.in_state(state)
    return entries.with_trace()


class Hold(Api):
    @operation(roles="AUD", facts=HoldReason, answer=EntryAnswer, summary="Hold an entry")
    def post(self, call: Call, entry: int) -> RewardEntry:
        """It is neither certified nor exported until it is released; before the export only."""
        return holds.hold(entry=entry, actor=call.actor, at=call.at, **call.facts)


class Release(Api):
    @operation(roles="AUD SUP", facts=HoldReason, answer=EntryAnswer, summary="Release a held entry")
    def post(self, call: Call, entry: int) -> RewardEntry:
        """The entry goes on from where it stood. A share that waits for its payee is released by its rule."""
        return holds.release(entry=entry, actor=call.actor, at=call.at, **call.facts)


class Registrations(Api):
    @operation(roles="TR", facts=Chosen, answer=RegisteredAnswer, status=201, summary="Register activations")
    def post(self, call: Call) -> dict[str, Any]:
        """Each case answers for itself; when not one could be registered, the first refusal is the answer."""
        results = registration.register(actor=call.actor, at=call.at, **call.facts)
        return {"registered": sum(result.done for result in results), "results": results}


# -- documents ---------------------------------------------------------------------------------------------------------
class Confirmations(Api):
    @operation(roles=DOCUMENT_READERS, asked=Paged, answer=paged(ConfirmationRow), summary="Confirmation documents")
    def get(self, call: Call) -> dict[str, Any]:
        """Newest first; HR sees the confirmed ones."""
        return listed(call, selectors.documents_for(call.roles), NEWEST_ROW)

    @operation(
        roles="TR SUP", facts=NewConfirmation, answer=ConfirmationAnswer, status=201, summary="Draft a confirmation"
    )
    def post(self, call: Call) -> Confirmation:
        """Everything registered up to the end of the period, of the branches named or of all."""
        return confirmations.draft_confirmation(actor=call.actor, at=call.at, **call.facts)


class OneConfirmation(Api):
    @operation(roles=DOCUMENT_READERS, answer=ConfirmationAnswer, summary="One confirmation")
    def get(self, call: Call, no: str) -> Confirmation:
        """With its tables by role and by payee."""
        found = selectors.documents_for(call.roles).filter(no=no).first()
        if found is None:
            raise errors.not_found()
        return found


class Certify(Api):
    @operation(roles="TR SUP", answer=ConfirmationAnswer, summary="Certify a confirmation")
    def post(self, call: Call, no: str) -> Confirmation:
        """By somebody who neither registered nor earns from one of its cases; it is locked by the same act."""
        return confirmations.certify(no=no, actor=call.actor, at=call.at)


# -- payouts -----------------------------------------------------------------------------------------------------------
class Payouts(Api):
    @operation(roles="HR AUD", asked=Paged, answer=paged(PayoutAnswer), summary="Payout batches")
    def get(self, call: Call) -> dict[str, Any]:
        """Newest first."""
        return listed(call, selectors.batches(), NEWEST_ROW)

    @operation(roles="HR", facts=NewPayout, answer=PayoutAnswer, status=201, summary="Make a payout batch")
    def post(self, call: Call) -> PayoutBatch:
        """Once per document; what is held at this moment comes with a later batch."""
        return payouts.make_payout(actor=call.actor, at=call.at, **call.facts)


class OnePayout(Api):
    @operation(roles="HR AUD", answer=PayoutAnswer, summary="One payout batch")
    def get(self, call: Call, batch: int) -> PayoutBatch:
        """With its control totals and the digests of its files."""
        found = selectors.batches().filter(pk=batch).first()
        if found is None:
            raise errors.not_found()
        return found


class PayoutSheet(Api):
    @operation(
        roles="HR AUD",
        summary="A sheet of a batch",
        more_answers={(200, media): bytes for media in MEDIA_TYPES.values()},
    )
    def get(self, call: Call, batch: int, sheet: Sheet, form: str) -> HttpResponse:
        """The same bytes at every download."""
        return file_response(payouts.download(batch=batch, sheet=sheet, form=form, actor=call.actor, at=call.at))


class PayoutPaid(Api):
    @operation(roles="HR", facts=Paid, answer=PayoutAnswer, summary="Mark a batch as paid")
    def post(self, call: Call, batch: int) -> PayoutBatch:
        """On the day named, or today."""
        return payouts.mark_paid(batch=batch, actor=call.actor, at=call.at, **call.facts)


# -- prices ------------------------------------------------------------------------------------------------------------
class Split(Api):
    @operation(asked=AskedSplit, answer=DivisionAnswer, summary="How a bounty is divided")
    def get(self, call: Call) -> pricing.Division:
        """By role in the fixed order, for every path; in Path A one person is paid all of them."""
        asked = call.asked
        return pricing.split(
            bounty_fen=money.fen(asked["bounty"]),
            path=asked["path"],
            double_keyed=asked["double_keyed"] == "1",
            on=asked.get("on") or local_day(call.at),
        )
