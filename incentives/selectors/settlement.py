"""外包结算: what the outsourced workers have keyed and what is settled for it, for who manages them. No client here."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet, Sum

from applications.lifecycle import Step
from applications.models import Event
from incentives.lifecycle import EntryState, Sheet
from incentives.models import PayoutBatch, RewardEntry
from incentives.periods import Period
from incentives.querysets import RewardEntryQuerySet
from organization.models import Employee
from organization.roles import Employment

COUNTED = ("payee", "state_code")


@dataclass(frozen=True, slots=True)
class Worker:
    """One outsourced worker in a period: cases keyed, and per state the entries and what they come to in fen."""

    person: Employee
    keyed: int
    states: dict[EntryState, tuple[int, int]]

    @property
    def entries(self) -> int:
        return sum(entries for entries, _fen in self.states.values())

    @property
    def total_fen(self) -> int:
        return sum(fen for _entries, fen in self.states.values())


def outsourced_entries(span: Period) -> RewardEntryQuerySet:
    """What was earned in a period by people who were outsourced workers then."""
    entries = RewardEntry.objects.on_sheet(Sheet.VENDOR)
    return entries.filter(at__gte=span.starts_at, at__lt=span.ends_at).not_voided()


def workers(span: Period) -> list[Worker]:
    """By vendor and number: everybody who works now, keyed or earned something in the period."""
    earned = outsourced_entries(span)
    known = Q(employment=Employment.OUTSOURCED) | Q(pk__in=earned.order_by().values("payee"))
    staff = Employee.objects.filter(known).order_by("vendor", "number").in_bulk()
    typed = Event.objects.filter(
        actor__in=staff, step=Step.SUBMIT_ENTRY, at__gte=span.starts_at, at__lt=span.ends_at
    ).order_by()
    keyed = dict(typed.values_list("actor").annotate(Count("application", distinct=True)))
    rows = earned.with_state().order_by().values_list(*COUNTED)
    states: dict[int, dict[EntryState, tuple[int, int]]] = {pk: {} for pk in staff}
    for payee, state, entries, fen in rows.annotate(Count("pk"), Sum("amount_fen")):
        states[payee][EntryState(state)] = (entries, fen)
    return [
        Worker(person, keyed.get(pk, 0), states[pk])
        for pk, person in staff.items()
        if person.is_active or pk in keyed or states[pk]
    ]


def batches_with_vendors() -> QuerySet[PayoutBatch]:
    """The batches that settle outsourced work, newest first, with the sum of their vendor sheet (``vendor_fen``)."""
    settled = PayoutBatch.objects.filter(lines__sheet=Sheet.VENDOR, lines__is_refused=False)
    return settled.annotate(vendor_fen=Sum("lines__entry__amount_fen")).order_by("-pk")
