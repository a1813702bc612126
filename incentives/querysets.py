"""Cuts through the entries, named so that they read after "entries that are …"."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

from django.apps import apps
from django.db import models
from django.db.models import Case, CharField, Count, Exists, F, FilteredRelation, OuterRef, Q, Sum, Value, When

from applications.lifecycle import Performance
from incentives.lifecycle import ConfirmationState, EntryKind, EntryState, PayeeKind, Sheet
from ops_center.clock import local_day
from organization.models import Employee
from organization.roles import Employment, Role

if TYPE_CHECKING:
    from incentives.models import RewardEntry  # noqa: F401  (in the quotes below)

SEES_ALL = frozenset({Role.TR, Role.SUP, Role.MGT, Role.AUD})
IS_CONFIRMED = Q(confirmation_line__confirmation__state=ConfirmationState.CONFIRMED)
IS_REVERSED = Q(mirrored_by__kind=EntryKind.REVERSAL)


class RewardEntryQuerySet(models.QuerySet["RewardEntry"]):
    def visible_to(self, employee: Employee, at: datetime) -> RewardEntryQuerySet:
        """The entries that are this person's to see (permission matrix, domain section 2); the rest is a 404."""
        roles = employee.role_codes(local_day(at))
        if not employee.is_active:
            return self.none()
        if roles & SEES_ALL:
            return self
        sight = Q(payee=employee)
        if Role.HR in roles:
            sight |= IS_CONFIRMED
        return self.filter(sight)

    def undecided(self) -> RewardEntryQuerySet:
        """Entries whose payee is still open: HELD and not yet released."""
        return self.filter(payee_kind=PayeeKind.HELD, mirrors=None, mirrored_by=None)

    def on_hold(self) -> RewardEntryQuerySet:
        """Entries under a hold that somebody, or the system, has put on them."""
        return self.filter(_has_open_hold())

    def not_on_hold(self) -> RewardEntryQuerySet:
        return self.filter(~_has_open_hold())

    def of_stamped_cases(self) -> RewardEntryQuerySet:
        """Entries of cases with their four stamps. The fourth (领卡) may be missing once its share is decided."""
        return self.filter(_is_stamped())

    def with_state(self) -> RewardEntryQuerySet:
        """With ``state_code``, derived from registration, holds, confirmation, payout and mirror lines."""
        return self.annotate(state_code=_state())

    def in_state(self, *states: str) -> RewardEntryQuerySet:
        return self.annotate(state_code=_state()).filter(state_code__in=states)

    def not_voided(self) -> RewardEntryQuerySet:
        """Without what was released or voided before its payment, and the mirrors that did so."""
        return self.filter(*_none_of(_voided()))

    def still_due(self) -> RewardEntryQuerySet:
        """What may still be paid, or has been: neither voided nor taken back before it left the house. Drafts,
        certification, export and lists of what is unpaid count nothing else."""
        return self.filter(*_none_of(_undone()))

    def awaited(self) -> RewardEntryQuerySet:
        """What is still due, without what was taken back after it had left the house: its claw-back is what is open."""
        return self.still_due().filter(~_mirrored(Q(_has_payout_line("mirrors")), kind=EntryKind.REVERSAL))

    def no_longer_due(self) -> RewardEntryQuerySet:
        """Voided, or taken back before it left the house."""
        return self.filter(_any_of(_undone()))

    def exported(self) -> RewardEntryQuerySet:
        """Entries that a batch has taken and the bank did not refuse."""
        return self.filter(_has_payout_line())

    def not_exported(self) -> RewardEntryQuerySet:
        """Entries that no batch has taken, or that the bank refused to pay: what a later batch may still take."""
        return self.filter(~_has_payout_line())

    def sent_back(self) -> RewardEntryQuerySet:
        """Entries that the bank refused or returned, and that no later batch has paid: what its payee waits for."""
        lines = apps.get_model("incentives", "PayoutLine")._default_manager
        return self.filter(Exists(lines.filter(entry=OuterRef("pk"), is_refused=True))).not_paid().still_due()

    def not_paid(self) -> RewardEntryQuerySet:
        """Entries that are in no batch which has its pay date."""
        return self.filter(~_has_payout_line(batch__paid_on__isnull=False))

    def sum_fen(self) -> int:
        return self.aggregate(total=Sum("amount_fen"))["total"] or 0

    def with_pay_date(self) -> RewardEntryQuerySet:
        """With ``batch_out``, the batch with which it left the house, and ``paid_on``, that batch's pay date. One join,
        for lists and sums of many."""
        line = FilteredRelation("payout_lines", condition=Q(payout_lines__is_refused=False))
        return self.alias(line_out=line).annotate(batch_out=F("line_out__batch"), paid_on=F("line_out__batch__paid_on"))

    def sums_by_state(self) -> list[tuple[EntryState, int, int]]:
        """(state, entries, fen) for each state that occurs, in the order of the life cycle."""
        rows = self.annotate(state_code=_state()).order_by()
        sums = rows.values_list("state_code").annotate(Count("pk"), Sum("amount_fen"))
        found = {state: (number, total) for state, number, total in sums}
        return [(state, *found[state]) for state in EntryState if state in found]

    def sums_by_sheet(self) -> list[tuple[str, int, int]]:
        """(sheet, entries, fen) for each sheet on which one of them leaves the house."""
        rows = self.annotate(sheet_code=_sheet()).order_by()
        return list(rows.values_list("sheet_code").annotate(Count("pk"), Sum("amount_fen")))

    def sums_by_document(self) -> dict[int, tuple[int, int]]:
        """(entries, fen) by the key of the document on which they stand."""
        rows = self.order_by().values_list("confirmation_line__confirmation").annotate(Count("pk"), Sum("amount_fen"))
        return {document: (entries, fen) for document, entries, fen in rows}

    def with_sheet(self) -> RewardEntryQuerySet:
        """With ``sheet_code``: on which sheet an entry leaves the house."""
        return self.annotate(sheet_code=_sheet())

    def on_sheet(self, sheet: str) -> RewardEntryQuerySet:
        return self.annotate(sheet_code=_sheet()).filter(sheet_code=sheet)

    def with_trace(self) -> RewardEntryQuerySet:
        """With all that a line of a list or of an answer names: one query."""
        return self.with_state().select_related("assessment__application__product", "assessment__policy", "payee")


def _has_open_hold() -> Exists:
    holds = apps.get_model("incentives", "Hold")._default_manager
    return Exists(holds.filter(entry=OuterRef("pk"), released_at=None))


def _is_stamped() -> Q:
    entries = apps.get_model("incentives", "RewardEntry")._default_manager
    coaching_open = entries.undecided().filter(role=Performance.AFTER_SALES, assessment=OuterRef("assessment"))
    case = "assessment__application"
    return Q(
        Q(**{f"{case}__collected_at__isnull": False}) | ~Exists(coaching_open),
        **{f"{case}__{stamp}__isnull": False for stamp in ("taken_in_at", "entered_at", "issued_at")},
    )


def _has_payout_line(entry: str = "pk", **batch: object) -> Exists:
    lines = apps.get_model("incentives", "PayoutLine")._default_manager
    return Exists(lines.filter(entry=OuterRef(entry), is_refused=False, **batch))


def _mirrored(*conditions: Q, **facts: object) -> Exists:
    """A line with these facts mirrors the entry. Asked of the other line: PostgreSQL leaves out what "exists" by a set,
    and misjudges by far how much an outer join leaves."""
    entries = apps.get_model("incentives", "RewardEntry")._default_manager
    return Exists(entries.filter(*conditions, mirrors=OuterRef("pk"), **facts))


def _voided() -> Sequence[Q]:
    """Signs, of which one is enough, of a half of a past that was undone: the entry, or the line that mirrors it. A
    claw-back mirrors too, but stands beside its entry for everybody to read; of a share that nobody was to get yet, it
    does not."""
    return (
        Q(mirrors__isnull=False) & ~Q(kind=EntryKind.REVERSAL),
        Q(kind=EntryKind.REVERSAL, payee_kind=PayeeKind.HELD),
        Q(_mirrored(~Q(kind=EntryKind.REVERSAL))),
        Q(payee_kind=PayeeKind.HELD) & Q(_mirrored()),
    )


def _undone() -> Sequence[Q]:
    """Voided, or both halves of a claw-back of what has not left the house: as long as neither half has, neither ever
    does. When one has, the other follows; a payment that the bank refused comes again beside its claw-back."""
    return (*_voided(), Q(_mirrored(_is_claw_back_of_unpaid())), _is_claw_back_of_unpaid())


def _any_of(signs: Sequence[Q]) -> Q:
    return reduce(or_, signs)


def _none_of(signs: Sequence[Q]) -> list[Q]:
    """One condition per sign, not one over all: each that asks for another row is then a set of its own."""
    return [~sign for sign in signs]


def _is_claw_back_of_unpaid() -> Q:
    return Q(kind=EntryKind.REVERSAL) & ~Q(_has_payout_line()) & ~Q(_has_payout_line("mirrors"))


def _sheet() -> Case:
    """The vendor's for outsourced workers, the customers', the pool's, HR's for everybody else; as it was when the
    entry came onto its document. A claw-back follows its entry."""
    return Case(
        When(confirmation_line__isnull=False, then=F("confirmation_line__sheet")),
        When(mirrors__confirmation_line__isnull=False, then=F("mirrors__confirmation_line__sheet")),
        When(payee_kind=PayeeKind.CUSTOMER, then=Value(Sheet.CUSTOMERS)),
        When(payee=None, then=Value(Sheet.POOL)),
        When(payee__employment=Employment.OUTSOURCED, then=Value(Sheet.VENDOR)),
        default=Value(Sheet.HR),
        output_field=CharField(),
    )


def _state() -> Case:
    """Where an entry stands: the furthest of what points at it. The claw-back of what has not left the house reads as
    its entry does: reversed."""
    return Case(
        When(IS_REVERSED | _is_claw_back_of_unpaid(), then=Value(EntryState.REVERSED)),
        When(_any_of(_voided()), then=Value(EntryState.VOIDED)),
        When(_has_payout_line(batch__paid_on__isnull=False), then=Value(EntryState.PAID)),
        When(_has_payout_line(), then=Value(EntryState.EXPORTED)),
        When(Q(payee_kind=PayeeKind.HELD) | Q(_has_open_hold()), then=Value(EntryState.HELD)),
        When(IS_CONFIRMED, then=Value(EntryState.CERTIFIED)),
        When(assessment__registration__isnull=False, then=Value(EntryState.REGISTERED)),
        default=Value(EntryState.ACCRUED),
        output_field=CharField(),
    )
