"""Reward entries, and the holds on them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from applications.lifecycle import Performance
from incentives.api.fields import Yuan
from incentives.lifecycle import EntryKind, EntryState, HoldCause, PayeeKind
from incentives.models import RewardEntry
from incentives.periods import period_of
from incentives.querysets import RewardEntryQuerySet
from incentives.services import holds
from ops_center.web.api import Api, Call, Paged, listed, operation, paged
from ops_center.web.keyset import Keyset
from ops_center.web.shapes import Code, FreeText, Shape

NEWEST = Keyset("-at", "-id")


class AskedEntries(Paged):
    application = Code(required=False)
    payee = Code(required=False, help_text="An employee number, or POOL, HELD, CUSTOMER.")
    period = serializers.CharField(max_length=8, required=False, help_text="2026-11 or 2026-W47, by the accrual.")
    state = serializers.ChoiceField(EntryState.choices, required=False)


class HoldReason(Shape):
    reason = FreeText(max_length=300)


class NewHold(HoldReason):
    cause = serializers.ChoiceField(holds.BY_HAND, required=False, default=HoldCause.AUDIT)


class EntryAnswer(serializers.Serializer[RewardEntry]):
    id = serializers.IntegerField()
    application = serializers.CharField(source="assessment.application.number")
    role = serializers.ChoiceField(Performance.choices)
    kind = serializers.ChoiceField(EntryKind.choices)
    sequence = serializers.IntegerField()
    amount = Yuan(source="amount_fen")
    payee = serializers.SerializerMethodField(help_text="An employee number, or POOL, HELD, CUSTOMER.")
    state = serializers.ChoiceField(EntryState.choices)
    why = serializers.CharField(help_text="Why the share went elsewhere than usual; empty otherwise.")
    policy_version = serializers.CharField(source="assessment.policy.version")
    at = serializers.DateTimeField()

    def get_payee(self, entry: RewardEntry) -> str:
        is_paid = entry.payee_kind == PayeeKind.EMPLOYEE
        return entry.payee.number if is_paid and entry.payee else entry.payee_kind


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


def entry_in_sight(call: Call, entry: int) -> RewardEntry:
    return holds.visible_entry(entry, actor=call.actor, at=call.at)


class Hold(Api):
    @operation(roles="AUD", facts=NewHold, sight=entry_in_sight, answer=EntryAnswer, summary="Hold an entry")
    def post(self, call: Call, entry: int) -> RewardEntry:
        """It is neither certified nor exported until it is released; before the export only."""
        return holds.hold(entry=entry, actor=call.actor, at=call.at, **call.facts)


class Release(Api):
    @operation(
        roles="AUD SUP", facts=HoldReason, sight=entry_in_sight, answer=EntryAnswer, summary="Release a held entry"
    )
    def post(self, call: Call, entry: int) -> RewardEntry:
        """The entry goes on from where it stood, with its whole case if it was held for a risk flag. A share that waits
        for its payee is released by its rule."""
        return holds.release(entry=entry, actor=call.actor, at=call.at, **call.facts)
