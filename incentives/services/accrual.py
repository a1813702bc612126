"""计提: every activation gets its verdict exactly once, out of the queue of those that have none yet.

Nothing is sent and nothing can be lost: the row in the queue is written with the activation (a trigger), and deleted in
the transaction that writes the verdict and the lines. Several workers may pull at once: each locks the rows that it
takes and others skip them. The keys of the tables would refuse a second set.

The rule is asked in Python (incentives/rules.py), the lines are written as sets. Of thousands of cases most are alike
but for who the people are: one of each kind is judged, and all of its kind are written after its pattern.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import count
from typing import Any, NamedTuple

from django.db import connection, transaction

from applications.lifecycle import Performance
from applications.models import Application
from incentives.lifecycle import PayeeKind, Trigger, Verdict, Why
from incentives.models import Assessment, Bounty, RewardEntry, SplitPolicy, UnassessedActivation
from incentives.rules import Line, lines_of, verdict_on
from incentives.services.facts import COLUMNS, PEOPLE, Case, facts_of, read_cases
from incentives.services.pricing import PriceBook
from ops_center.clock import local_day
from ops_center.kernel.money import yuan
from organization.models import Employee, Message
from organization.roles import Role

log = logging.getLogger(__name__)

BATCH = 10_000  # cases per transaction


class Activation(NamedTuple):
    """A row of the queue, and what the price of its case depends on."""

    event: int
    case: int
    at: datetime
    product: int
    branch: int | None
    priced_on: date | None


class Payment(NamedTuple):
    """What a pass brings one person: the sum, and of how many cases (one of them by its number)."""

    payee: int
    fen: int
    cases: int
    number: str


class Forgone(NamedTuple):
    """A referral share that goes to the pool for want of a qualification."""

    person: int
    fen: int
    number: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """What an activation earns by the rule. Without a verdict it stays in the queue: until ``spend_days`` after the
    activation where a first spend has to earn it, else until there is a price."""

    case: Case
    verdict: Verdict | None
    bounty: Bounty | None = None
    policy: SplitPolicy | None = None
    lines: Sequence[Line] = ()

    @property
    def is_earned(self) -> bool:
        return self.verdict is Verdict.EARNED

    @property
    def bounty_fen(self) -> int:
        return self.bounty.amount_fen if self.bounty and self.is_earned else 0

    @property
    def counts_from_activation(self) -> bool:
        """An entry counts from the recording of the activation; one that the first spend earned, from its accrual."""
        return self.bounty is None or self.bounty.trigger != Trigger.FIRST_SPEND

    def numbered(self) -> Iterator[tuple[int, Line]]:
        """The lines with their place within kind and role."""
        places: dict[tuple[str, str], count[int]] = {}
        for line in self.lines:
            yield next(places.setdefault((line.kind, line.role), count(1))), line


def accrue(*, at: datetime, limit: int | None = None) -> Counter[str]:
    """Gives their verdicts to the activations that wait, at most ``limit`` of them.

    Counts ``assessed``, ``entries``, ``settled_before``, ``no_spend``, and what stays in the queue: ``awaiting_spend``,
    ``unpriced`` (no bounty or policy on the day) and ``failed`` (logged).
    """
    waiting = UnassessedActivation.objects.filter(ripe_at__lte=at).order_by("ripe_at", "event")
    events = list(waiting.values_list("event", flat=True)[:limit])
    counts: Counter[str] = Counter()
    book = PriceBook.read() if events else PriceBook([], [])
    for start in range(0, len(events), BATCH):
        counts += _accrue_or_isolate(events[start : start + BATCH], book=book, at=at)
    return counts


def _accrue_or_isolate(events: Sequence[int], *, book: PriceBook, at: datetime) -> Counter[str]:
    """One bad case must not keep the others from their rewards: a batch that fails is taken again by halves."""
    try:
        if len(events) == 1:
            return accrue_one(events[0], book=book, at=at)
        return accrue_set(events, book=book, at=at)
    except Exception:
        if len(events) == 1:
            log.exception("activation event %s stays without an assessment", events[0])
            return Counter(failed=1)
    half = len(events) // 2
    return _accrue_or_isolate(events[:half], book=book, at=at) + _accrue_or_isolate(events[half:], book=book, at=at)


def take(events: Sequence[int]) -> list[Activation]:
    """Locks those of these rows of the queue that are still in it and that nobody else has locked."""
    rows = UnassessedActivation.objects.filter(pk__in=events).order_by("pk")
    free = rows.select_for_update(of=("self",), skip_locked=True)
    return [
        Activation(*row)
        for row in free.values_list(
            "event_id", "application_id", "event__at", "application__product_id", "application__branch_id",
            "application__priced_on",
        )
    ]  # fmt: skip


def judge(case: Case, *, book: PriceBook) -> Judgement:
    """The one verdict of the rule on one case, at the prices of the day on which it was taken in."""
    if case.is_imported:  # domain section 0, decision 12: it was settled in the time before the system
        return Judgement(case, Verdict.SETTLED_BEFORE)
    bounty, policy = book.price(case.product_id, on=case.priced_on, branch=case.branch_id)
    if bounty is None or policy is None:
        log.error("no bounty or split policy on %s for cases like %s: no reward yet", case.priced_on, case.number)
        return Judgement(case, None)
    verdict = verdict_on(bounty.offer, case.facts)
    lines = lines_of(bounty.offer, case.facts, policy.terms) if verdict is Verdict.EARNED else ()
    return Judgement(case, verdict, bounty, policy, lines)


# -- one case ----------------------------------------------------------------------------------------------------------
@transaction.atomic
def accrue_one(event: int, *, book: PriceBook, at: datetime) -> Counter[str]:
    """The verdict on one activation, written row by row."""
    counts: Counter[str] = Counter()
    for activation in take([event]):
        case = read_cases(Application.objects.filter(pk=activation.case), at=at)[activation.case]
        found = judge(case, book=book)
        _count(counts, found)
        if found.verdict is None:
            if found.bounty is not None:
                _look_again([case.pk], days=found.bounty.spend_days)
            continue
        counted_at = activation.at if found.counts_from_activation else at
        RewardEntry.objects.bulk_create(
            RewardEntry(
                assessment_id=case.pk, kind=line.kind, role=line.role, sequence=sequence, amount_fen=line.amount_fen,
                payee_kind=line.payee_kind, payee_id=line.payee, why=line.why, at=counted_at,
            )
            for sequence, line in found.numbered()
        )  # fmt: skip
        Assessment.objects.create(
            application_id=case.pk, event_id=activation.event, verdict=found.verdict, bounty=found.bounty,
            policy=found.policy, bounty_fen=found.bounty_fen, path=case.facts.path,
            is_double_keyed=case.facts.is_double_keyed, at=at,
        )  # fmt: skip
        UnassessedActivation.objects.filter(pk=activation.event).delete()
        counts["entries"] += len(found.lines)
        sums: Counter[int] = Counter()
        for line in found.lines:
            if line.payee_kind is PayeeKind.EMPLOYEE and line.payee is not None:
                sums[line.payee] += line.amount_fen
        _tell(
            [Payment(payee, fen, 1, case.number) for payee, fen in sorted(sums.items())],
            [Forgone(*forgone, case.number) for forgone in _forgone(found)],
            at=at,
        )
    return counts


# -- many cases --------------------------------------------------------------------------------------------------------
# What differs between cases that are alike to the rule: who the people are, as long as the same are the same; when and
# where the file was taken in, as long as the price is the same; the days since then, unless a first spend counts.
_PRICED_BY = ("product_id", "branch_id", "priced_on")
_DAYS = ("spent_after", "waited")
_LIKE = ", ".join(
    f"facts.{column}" for column in COLUMNS if column not in ("id", "number", "people", *_PRICED_BY, *_DAYS)
)
_SAME_PEOPLE = ", ".join(
    f"CASE WHEN people[{place}] IS NOT NULL THEN array_position(people, people[{place}]) END"
    for place in range(1, len(PEOPLE) + 1)
)
_CASES = """
    unnest(%(case)s::bigint[], %(event)s::bigint[], %(activated_in)s::timestamptz[], %(price)s::int[],
           %(by_spend)s::bool[]) AS cases(id, event, activated_in, price, by_spend)
"""
_TAKEN = f"""
    CREATE TEMPORARY TABLE accrual_case AS
    SELECT facts.*, min(facts.id) OVER alike AS like_case, count(*) OVER alike AS alike
    FROM ({facts_of(_CASES, also=", event, activated_in, price, by_spend")}) AS facts
    WINDOW alike AS (PARTITION BY facts.price, {_LIKE}, ARRAY[{_SAME_PEOPLE}],
                     CASE WHEN facts.by_spend THEN ARRAY[facts.spent_after, facts.waited] END)
"""  # noqa: S608
_JUDGED = f"SELECT alike, {', '.join(COLUMNS)} FROM accrual_case WHERE id = like_case"  # noqa: S608
_PATTERN = """
    unnest(%(like_case)s::bigint[], %(kind)s::text[], %(role)s::text[], %(sequence)s::int[], %(fen)s::int[],
           %(payee_kind)s::text[], %(place)s::int[], %(why)s::text[], %(from_activation)s::bool[]) WITH ORDINALITY
        AS line(like_case, kind, role, sequence, fen, payee_kind, place, why, from_activation, no)
"""
_ENTRIES = f"""
    WITH written AS (
        INSERT INTO incentives_rewardentry
               (assessment_id, kind, role, sequence, amount_fen, payee_kind, payee_id, why, at)
        SELECT c.id, line.kind, line.role, line.sequence, line.fen, line.payee_kind, c.people[line.place], line.why,
               CASE WHEN line.from_activation THEN c.activated_in ELSE %(at)s END
        FROM accrual_case c JOIN {_PATTERN} USING (like_case) ORDER BY c.id, line.no
        RETURNING assessment_id, payee_kind, payee_id, amount_fen
    )
    SELECT payee_kind = 'EMPLOYEE', count(*), payee_id, sum(amount_fen), count(DISTINCT assessment_id), min(c.number)
    FROM written JOIN accrual_case c ON c.id = assessment_id GROUP BY 1, payee_id ORDER BY payee_id
"""  # noqa: S608
_ASSESSMENTS = """
    INSERT INTO incentives_assessment
           (application_id, event_id, verdict, bounty_id, policy_id, bounty_fen, path, is_double_keyed, at)
    SELECT c.id, c.event, judged.verdict, judged.bounty, judged.policy, judged.fen, judged.path, c.is_double_keyed,
           %(at)s
    FROM accrual_case c
    JOIN unnest(%(judged)s::bigint[], %(verdict)s::text[], %(bounty)s::bigint[], %(policy)s::bigint[],
                %(bounty_fen)s::int[], %(path)s::text[]) AS judged(like_case, verdict, bounty, policy, fen, path)
         USING (like_case)
"""
_DONE = """
    DELETE FROM incentives_unassessedactivation q USING accrual_case c
    WHERE q.event_id = c.event AND c.like_case = ANY(%(judged)s)
"""
_FORGONE = """
    SELECT c.people[pooled.place], pooled.fen, c.number FROM accrual_case c
    JOIN unnest(%(like_case)s::bigint[], %(place)s::int[], %(fen)s::int[]) AS pooled(like_case, place, fen)
         USING (like_case) ORDER BY c.id
"""
_ALIKE = "SELECT id FROM accrual_case WHERE like_case = %s"


@transaction.atomic
def accrue_set(events: Sequence[int], *, book: PriceBook, at: datetime) -> Counter[str]:
    """The verdicts on many activations: the rule is asked once per kind of case, each table is written once."""
    counts: Counter[str] = Counter()
    taken = take(events)
    if not taken:
        return counts
    with connection.cursor() as cursor:
        # The joins are written in the order in which they are to be made: nothing to plan but the way of each.
        cursor.execute("SET LOCAL work_mem = '64MB'; SET LOCAL join_collapse_limit = 1")
        cursor.execute(_TAKEN, {**_priced(taken, book), "at": at})
        cursor.execute(_JUDGED)
        judged = []
        for alike, *row in cursor.fetchall():
            judged.append(judge(Case.of(row), book=book))
            _count(counts, judged[-1], times=alike)
        cursor.execute(_ENTRIES, {**_pattern(judged), "at": at})
        payments = []
        for is_paid, lines, *payment in cursor.fetchall():
            counts["entries"] += lines
            payments += [Payment(*payment)] if is_paid else []
        final = _final(judged)
        cursor.execute(_ASSESSMENTS, {**final, "at": at})
        cursor.execute(_DONE, final)
        forgone = []
        if pooled := _pooled(judged):
            cursor.execute(_FORGONE, pooled)
            forgone = [Forgone(*row) for row in cursor.fetchall()]
        for found in judged:
            if found.verdict is None and found.bounty is not None:
                cursor.execute(_ALIKE, [found.case.pk])
                _look_again([row[0] for row in cursor.fetchall()], days=found.bounty.spend_days)
        cursor.execute("DROP TABLE accrual_case")
    _tell(payments, forgone, at=at)
    return counts


def _priced(taken: Iterable[Activation], book: PriceBook) -> dict[str, list[Any]]:
    """The cases with the number of their price: where bounty and split table are the same, so is it."""
    numbers: dict[tuple[Bounty | None, SplitPolicy | None], int] = {}
    prices: dict[tuple[int, int | None, date | None], tuple[int, bool]] = {}
    rows = []
    for event, case, activated_at, product, branch, day in taken:
        if (product, branch, day) not in prices:
            price = book.price(product, on=day, branch=branch)
            by_spend = price[0] is not None and price[0].trigger != Trigger.ACTIVATION
            prices[product, branch, day] = numbers.setdefault(price, len(numbers)), by_spend
        rows.append((case, event, activated_at, *prices[product, branch, day]))
    return _columns(("case", "event", "activated_in", "price", "by_spend"), rows)


def _pattern(judged: Iterable[Judgement]) -> dict[str, list[Any]]:
    """The lines of each kind of case, with the place of the payee among its people, as columns."""
    rows = [
        (found.case.pk, line.kind, line.role, sequence, line.amount_fen, line.payee_kind,
         _place(found.case, line.payee), line.why, found.counts_from_activation)
        for found in judged
        for sequence, line in found.numbered()
    ]  # fmt: skip
    names = ("like_case", "kind", "role", "sequence", "fen", "payee_kind", "place", "why", "from_activation")
    return _columns(names, rows)


def _final(judged: Iterable[Judgement]) -> dict[str, list[Any]]:
    rows = [
        (found.case.pk, found.verdict, found.bounty and found.bounty.pk, found.policy and found.policy.pk,
         found.bounty_fen, found.case.facts.path)
        for found in judged
        if found.verdict is not None
    ]  # fmt: skip
    return _columns(("judged", "verdict", "bounty", "policy", "bounty_fen", "path"), rows)


def _pooled(judged: Iterable[Judgement]) -> dict[str, list[Any]]:
    rows = [(found.case.pk, _place(found.case, person), fen) for found in judged for person, fen in _forgone(found)]
    return _columns(("like_case", "place", "fen"), rows) if rows else {}


def _columns(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> dict[str, list[Any]]:
    return {name: [row[place] for row in rows] for place, name in enumerate(names)}


def _place(case: Case, person: int | None) -> int | None:
    """Where a payee stands among the people of a case, counted from 1: whoever stands there in cases like it."""
    return None if person is None else case.people.index(person) + 1


# -- what both do ------------------------------------------------------------------------------------------------------
def _count(counts: Counter[str], found: Judgement, *, times: int = 1) -> None:
    match found.verdict:
        case Verdict.EARNED:
            counts["assessed"] += times
        case Verdict.SETTLED_BEFORE | Verdict.NO_SPEND:
            counts[found.verdict.lower()] += times
        case None:
            counts["awaiting_spend" if found.bounty else "unpriced"] += times


def _look_again(cases: Sequence[int], *, days: int) -> None:
    """Not before the wait for the first spend is over; a spend that becomes known pulls it forward (trigger)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE incentives_unassessedactivation q SET ripe_at = c.activated_at + make_interval(hours => %s) "
            "FROM applications_application c WHERE q.application_id = ANY(%s) AND c.id = q.application_id",
            [days * 24, list(cases)],
        )


def _forgone(found: Judgement) -> Iterator[tuple[int, int]]:
    """Who forgoes what for want of a qualification."""
    facts = found.case.facts
    person = facts.referrer or facts.performer(Performance.COLLECTOR)
    for line in found.lines:
        if line.why == Why.NOT_QUALIFIED and person is not None:
            yield person, line.amount_fen


def _tell(payments: Iterable[Payment], forgone: Sequence[Forgone], *, at: datetime) -> None:
    """One message per payee: of one case with its number, of several with their count. What an unqualified referrer
    forgoes is told to that person and to the supervisors."""
    messages = [_accrued_message(payment, at=at) for payment in payments]
    watchers = Employee.objects.holding(Role.SUP, on=local_day(at)).values_list("pk", flat=True) if forgone else ()
    for person, fen, number in forgone:
        facts = {"number": number, "amount": yuan(fen)}
        messages += [
            Message(employee_id=pk, kind="reward_pooled", facts=facts, at=at) for pk in sorted({*watchers, person})
        ]
    Message.objects.bulk_create(messages)


def _accrued_message(payment: Payment, *, at: datetime) -> Message:
    facts: dict[str, Any] = {"amount": yuan(payment.fen)}
    if payment.cases == 1:
        kind, facts["number"] = "reward_accrued", payment.number
    else:
        kind, facts["count"] = "rewards_accrued", payment.cases
    return Message(employee_id=payment.payee, kind=kind, facts=facts, about="/rewards/", at=at)


def oldest_unassessed(*, at: datetime) -> datetime | None:
    """Since when the oldest activation waits for a verdict that it could have: what readiness asks."""
    ripe = UnassessedActivation.objects.filter(ripe_at__lte=at).order_by("ripe_at", "event")
    return ripe.values_list("ripe_at", flat=True).first()
