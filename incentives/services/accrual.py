"""计提: every activation is assessed exactly once, by pulling the ``activate`` events that have no assessment yet.

Nothing is sent and nothing can be lost: an event without an assessment is work that waits. Several workers may pull at
once: each locks the cases that it takes (others skip them), looks again whether they are still unassessed, and writes
assessment and entries in one transaction. The keys of the tables would refuse a second set.
"""

from __future__ import annotations

import io
import logging
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.db.models import Exists, Model, OuterRef, QuerySet
from django.db.models.functions import Now

from applications.lifecycle import Performance, Step
from applications.models import Application, Event
from incentives.lifecycle import EntryKind, PayeeKind, Verdict, Why
from incentives.models import Assessment, RewardEntry
from incentives.rules import Share, shares_of
from incentives.services.facts import Case, read_cases
from incentives.services.pricing import PriceBook
from ops_center.clock import local_day
from ops_center.kernel.money import yuan
from organization.models import Employee, Message
from organization.roles import Role

log = logging.getLogger(__name__)

BATCH = 1_000  # cases per transaction


class Waiting(NamedTuple):
    """An activation without an assessment."""

    event: int
    case: int
    at: datetime


def unassessed(*, at: datetime, window: timedelta | None = None) -> QuerySet[Event]:
    """Activations up to ``at`` that have no verdict yet, oldest first; with ``window``, those recorded so recently by
    the database's own clock. A bookmark on the last seen id would lose rows: ids are given before commit."""
    events = Event.objects.filter(step=Step.ACTIVATE, at__lte=at)
    if window is not None:
        events = events.filter(recorded_at__gte=Now() - window)
    return events.filter(~Exists(Assessment.objects.filter(event=OuterRef("pk")))).order_by("pk")


def accrue(*, at: datetime, window: timedelta | None = None, limit: int | None = None) -> Counter[str]:
    """Assesses what waits, at most ``limit`` cases. Counts ``assessed``, ``entries``, ``settled_before``, and what
    stays pending: ``unpriced`` (no bounty or policy on the day) and ``failed`` (logged)."""
    rows = unassessed(at=at, window=window).values_list("pk", "application_id", "at")
    waiting = [Waiting(*row) for row in rows[:limit]]
    counts: Counter[str] = Counter()
    book = PriceBook.read()
    for start in range(0, len(waiting), BATCH):
        counts += _accrue_or_isolate(waiting[start : start + BATCH], book=book, at=at)
    return counts


def _accrue_or_isolate(batch: Sequence[Waiting], *, book: PriceBook, at: datetime) -> Counter[str]:
    """One bad case must not keep the others from their rewards: a batch that fails is taken again case by case."""
    try:
        return _accrue(batch, book=book, at=at)
    except Exception:
        if len(batch) == 1:
            log.exception("activation event %s stays without an assessment", batch[0].event)
            return Counter(failed=1)
    counts: Counter[str] = Counter()
    for waiting in batch:
        counts += _accrue_or_isolate([waiting], book=book, at=at)
    return counts


@transaction.atomic
def _accrue(batch: Sequence[Waiting], *, book: PriceBook, at: datetime) -> Counter[str]:
    event_of = {waiting.case: waiting for waiting in batch}
    cases = take(event_of)
    counts: Counter[str] = Counter()
    assessed: list[Earned] = []
    settled: list[Case] = []
    for case in read_cases(Application.objects.filter(pk__in=cases), at=at).values():
        if case.is_imported:
            settled.append(case)
            continue
        bounty = case.priced_on and book.bounty(case.product_id, on=case.priced_on)
        policy = case.priced_on and book.policy(on=case.priced_on)
        if not bounty or not policy:
            log.error("no bounty or split policy on %s for case %s: no reward yet", case.priced_on, case.number)
            counts["unpriced"] += 1
            continue
        shares = shares_of(bounty.amount_fen, case.facts, policy.terms)
        assessed.append(Earned(case, event_of[case.pk], bounty.pk, policy.pk, bounty.amount_fen, shares))
    copy_rows(Assessment, ASSESSMENT, (_settled_row(case, event_of[case.pk], at) for case in settled))
    copy_rows(Assessment, ASSESSMENT, (earned.assessment(at) for earned in assessed))
    counts["entries"] = copy_rows(RewardEntry, ENTRY, (row for earned in assessed for row in earned.entries()))
    _tell(assessed, at=at)
    counts["assessed"], counts["settled_before"] = len(assessed), len(settled)
    return counts


def take(cases: Iterable[int]) -> list[int]:
    """Locks the cases that nobody else has locked, and answers those of them that are still unassessed.

    The second look is a statement of its own: it sees what was committed while the first one waited for nobody.
    """
    free = Application.objects.filter(pk__in=cases).order_by("pk").select_for_update(skip_locked=True, no_key=True)
    locked = list(free.values_list("pk", flat=True))
    done = set(Assessment.objects.filter(pk__in=locked).values_list("pk", flat=True))
    return [pk for pk in locked if pk not in done]


ASSESSMENT = (
    "application_id", "event_id", "verdict", "bounty_id", "policy_id", "bounty_fen", "path", "is_double_keyed", "at",
)  # fmt: skip
ENTRY = ("assessment_id", "kind", "role", "sequence", "amount_fen", "payee_kind", "payee_id", "why", "at")


@dataclass(frozen=True, slots=True)
class Earned:
    """A case with its shares, ready to be written."""

    case: Case
    activation: Waiting
    bounty: int
    policy: int
    bounty_fen: int
    shares: list[Share]

    def assessment(self, at: datetime) -> tuple[Any, ...]:
        facts = self.case.facts
        return (
            self.case.pk, self.activation.event, Verdict.EARNED, self.bounty, self.policy, self.bounty_fen, facts.path,
            facts.is_double_keyed, at,
        )  # fmt: skip

    def entries(self) -> Iterator[tuple[Any, ...]]:
        """The shares as entries; several of one role are numbered. They count from the activation's own time."""
        place: defaultdict[str, count[int]] = defaultdict(lambda: count(1))
        for share in self.shares:
            yield (
                self.case.pk, EntryKind.SPLIT, share.role, next(place[share.role]), share.amount_fen, share.payee_kind,
                share.payee, share.why, self.activation.at,
            )  # fmt: skip


def _settled_row(case: Case, activation: Waiting, at: datetime) -> tuple[Any, ...]:
    """Decision 12: what was imported from the time before the system was settled there."""
    return (case.pk, activation.event, Verdict.SETTLED_BEFORE, None, None, 0, case.facts.path, False, at)


def copy_rows(model: type[Model], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """Writes rows of keys, codes, amounts and instants by COPY; returns how many. No text that somebody typed."""
    lines = ["\t".join(r"\N" if value is None else str(value) for value in row) for row in rows]
    if lines:
        with connection.cursor() as cursor:
            cursor.copy_expert(
                f"COPY {model._meta.db_table} ({', '.join(columns)}) FROM STDIN", io.StringIO("\n".join(lines) + "\n")
            )
    return len(lines)


def _tell(earned: Iterable[Earned], *, at: datetime) -> None:
    """One message per payee and batch: of one case with its number, of several with their count. What an unqualified
    referrer forgoes is told to that person and to the supervisors."""
    shares: defaultdict[int, Counter[str]] = defaultdict(Counter)
    forgone: list[tuple[Earned, Share]] = []
    for case in earned:
        for share in case.shares:
            if share.payee_kind == PayeeKind.EMPLOYEE and share.payee is not None:
                shares[share.payee][case.case.number] += share.amount_fen
            elif share.why == Why.NOT_QUALIFIED:
                forgone.append((case, share))
    messages = [_accrued_message(payee, cases, at=at) for payee, cases in sorted(shares.items())]
    watchers = Employee.objects.holding(Role.SUP, on=local_day(at)).values_list("pk", flat=True) if forgone else ()
    for case, share in forgone:
        facts = {"number": case.case.number, "amount": yuan(share.amount_fen)}
        people = {*watchers, case.case.facts.referrer or case.case.facts.performer(Performance.COLLECTOR)}
        messages += [Message(employee_id=pk, kind="reward_pooled", facts=facts, at=at) for pk in people if pk]
    Message.objects.bulk_create(messages)


def _accrued_message(payee: int, cases: Counter[str], *, at: datetime) -> Message:
    facts: dict[str, Any] = {"amount": yuan(cases.total())}
    if len(cases) == 1:
        kind, facts["number"] = "reward_accrued", next(iter(cases))
    else:
        kind, facts["count"] = "rewards_accrued", len(cases)
    return Message(employee_id=payee, kind=kind, facts=facts, about="/rewards/", at=at)


def oldest_unassessed(*, at: datetime) -> datetime | None:
    """Since when the oldest activation waits for its verdict: what readiness asks."""
    return unassessed(at=at).order_by("recorded_at").values_list("recorded_at", flat=True).first()
