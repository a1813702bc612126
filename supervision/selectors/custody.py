"""Whose minutes a delay is made of: each minute that a clock ran past due is charged to who held the case then.

Overdue minutes are working minutes of the center, pauses left out. A piece of a delay is what had been worked since the
due time when it ends, less what had when it began, each in whole minutes: so the charges of a clock add up to its
overdue minutes, however they are cut. What was held before custody was written down stays with nobody.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Min

from applications.lifecycle import Hands, Holder
from applications.models import CaseClock
from applications.services.clocks import CENTER_HOURS
from ops_center.clock import SHANGHAI, local_day
from organization.models import Branch, Employee
from organization.services.calendar import working_calendar
from supervision.models import Breach
from supervision.selectors import midnight


@dataclass(frozen=True, slots=True)
class Charge:
    """So many working minutes of a delay, and who held the case in them; nobody, where it was not written down."""

    hands: Hands | None
    minutes: int


@dataclass(frozen=True, slots=True)
class NamedCharge:
    """A charge with its people, for pages and the API."""

    holder: str  # of Holder; empty where custody was not written down yet
    person: Employee | None
    branch: Branch | None
    minutes: int

    @property
    def label(self) -> str:
        if self.person is not None:
            return self.person.name
        if self.branch is not None:
            return self.branch.name
        return str(Holder(self.holder).label) if self.holder else "—"


class Charges(list[NamedCharge]):
    """Those of one clock, the first holder first."""

    @property
    def minutes(self) -> int:
        """All overdue minutes of the clock."""
        return sum(charge.minutes for charge in self)


def charges_of_clocks(clocks: Collection[int], *, at: datetime) -> dict[int, list[Charge]]:
    """clock → its charges, of those of these clocks that are or were late: two queries, however many they are."""
    found: dict[int, list[Charge]] = defaultdict(list)
    earliest = CaseClock.objects.filter(pk__in=clocks).aggregate(Min("due_at"))["due_at__min"]
    if earliest is not None:
        facts = {"clocks": list(clocks)}
        for clock, (_kind, hands), minutes, _clocks in _charged(_THESE, facts, since=earliest, at=at):
            if clock is not None:
                found[clock].append(Charge(hands, minutes))
    return dict(found)


def with_charges(breaches: Collection[Breach], *, at: datetime) -> None:
    """Puts on each of these breaches its ``charges``."""
    found = named(charges_of_clocks([breach.clock_id for breach in breaches], at=at))
    for breach in breaches:
        breach.charges = found.get(breach.clock_id, Charges())  # type: ignore[attr-defined]


def named(found: Mapping[int, Sequence[Charge]]) -> dict[int, Charges]:
    """With people and branches."""
    hands = {charge.hands for charges in found.values() for charge in charges if charge.hands}
    people = Employee.objects.in_bulk({one.person for one in hands if one.person})
    branches = Branch.objects.in_bulk({one.branch for one in hands if one.branch})

    def with_names(charge: Charge) -> NamedCharge:
        held = charge.hands
        return NamedCharge(
            holder=held.holder.value if held else "",
            person=people.get(held.person) if held and held.person else None,
            branch=branches.get(held.branch) if held and held.branch else None,
            minutes=charge.minutes,
        )

    return {clock: Charges(map(with_names, charges)) for clock, charges in found.items()}


Cell = tuple[str, Hands | None]  # clock kind, who held it


@dataclass(frozen=True, slots=True)
class Charged:
    """Overdue minutes, and where that was asked the clocks that are not charged yet and have some of them."""

    minutes: Mapping[Cell, int]
    uncharged: Mapping[Cell, Collection[int]]


def charged_in(
    since: datetime, until: datetime, *, at: datetime, branch: int | None = None, with_clocks: bool = False
) -> Charged:
    """The overdue minutes of all breaches that fell due in a period of whole days, of one branch's cases or of all:
    what is kept, and what is not charged yet as it stands now. One snapshot of both."""
    facts = {"since": since, "until": until, "branch": branch, "first": local_day(since),
             "last": local_day(until - _MICROSECOND)}  # fmt: skip
    kept = _KEPT_OF_ALL if branch is None else _KEPT_OF_BRANCH
    late = _UNCHARGED.format(cuts="" if branch is None else _OF_BRANCH)
    found: Counter[Cell] = Counter()
    uncharged: dict[Cell, Collection[int]] = {}
    rows = _charged(late, facts, since=since, at=at, by_clock=False, with_clocks=with_clocks, kept=kept)
    for _clock, cell, minutes, clocks in rows:
        found[cell] += minutes
        if clocks:
            uncharged[cell] = clocks
    for cell in [cell for cell in uncharged if cell[1] is None]:  # of some of them it is known who held a part
        held = charges_of_clocks(uncharged[cell], at=at)
        uncharged[cell] = [clock for clock, charges in held.items() if charges[-1].hands is None]
    return Charged({cell: minutes for cell, minutes in found.items() if minutes}, uncharged)


def _hands(holder: str, person: int | None, branch: int | None) -> Hands | None:
    return Hands(Holder(holder), person, branch) if holder else None


# -- reckoning ---------------------------------------------------------------------------------------------------------
# Microseconds since the first day began, and the working time that had passed then. It never runs backwards: so the
# later of two instants has the greater working time, and a piece is cut in working time as it would be in real time.
_PASSED = "((date_part('epoch', {at}) * 1000000)::bigint - %(begins)s)"
_MICROSECOND, _MINUTE = timedelta(microseconds=1), 60_000_000
_DAY_LONG = 24 * 60 * 60 * 1_000_000  # no day of Shanghai is longer or shorter
_DAY = f"{_PASSED} / {_DAY_LONG} + 1"
_WORKED = f"""((%(worked)s::bigint[])[{_DAY}]
    + least(greatest({_PASSED} %% {_DAY_LONG} - %(opens)s, 0), (%(lengths)s::bigint[])[{_DAY}]))"""
_LATE, _HELD = 0, 1  # all minutes of a key, and those that somebody held
_CHARGED = f"""
    WITH {{late}}, ran AS MATERIALIZED (
        SELECT l.id, l.kind, l.application_id, {_WORKED.format(at="l.due_at")} AS due,
               {_WORKED.format(at="greatest(l.due_at, i.since)")} AS since,
               {_WORKED.format(at="least(l.ends, i.until)")} AS until
        FROM late l JOIN applications_clockinterval i ON i.clock_id = l.id AND i.pause = '' AND i.since < l.ends
             AND (i.until IS NULL OR i.until > l.due_at)
    ), spans AS (
        SELECT application_id, min(due_at) AS due_at, max(ends) AS ends FROM late GROUP BY application_id
    ), lapsed AS MATERIALIZED (
        SELECT id, claimed_by_id, claimed_until FROM applications_application
        WHERE claimed_by_id IS NOT NULL AND claimed_until < %(at)s
    ), rows AS (  -- a lease that ran out ends what its clerk held; since then it lies in the queue
        SELECT u.application_id, u.holder, u.person_id, u.branch_id, greatest(u.since, s.due_at) AS since,
               coalesce(u.until, %(at)s) AS until,
               CASE WHEN a.id IS NOT NULL THEN greatest(a.claimed_until, u.since, s.due_at) END AS lapsed_at
        FROM spans s
        JOIN applications_custody u ON u.application_id = s.application_id AND u.since < s.ends
             AND (u.until IS NULL OR u.until > s.due_at)
        LEFT JOIN lapsed a ON u.until IS NULL AND a.id = u.application_id AND a.claimed_by_id = u.person_id
    ), held AS MATERIALIZED (
        SELECT application_id, holder, person_id AS person, branch_id AS branch,
               {_WORKED.format(at="since")} AS since, {_WORKED.format(at="coalesce(lapsed_at, until)")} AS until
        FROM rows
        UNION ALL
        SELECT application_id, 'QUEUE', NULL, NULL,
               {_WORKED.format(at="lapsed_at")}, {_WORKED.format(at="until")}
        FROM rows WHERE lapsed_at IS NOT NULL
    ), pieces AS (
        SELECT r.id, {{clock}} AS clock, r.kind, {_LATE} AS part, '' AS holder, NULL::bigint AS person,
               NULL::bigint AS branch, due, since, until
        FROM ran r
        UNION ALL
        SELECT r.id, {{clock}}, r.kind, {_HELD}, h.holder, h.person, h.branch, r.due,
               greatest(r.since, h.since), least(r.until, h.until)
        FROM ran r JOIN held h
             ON h.application_id = r.application_id AND h.since < r.until AND h.until > r.since
    )
    SELECT clock, kind, part, holder, person, branch,
           sum((until - due) / {_MINUTE} - (since - due) / {_MINUTE})::bigint, min(since), {{clocks}}
    FROM pieces GROUP BY 1, 2, 3, 4, 5, 6 {{kept}} ORDER BY 1, 2, 3, 8
"""  # noqa: S608
_LATE_OF = """late AS (
        {more}
        SELECT c.id, c.kind, c.application_id, c.due_at, least(c.stopped_at, %(at)s) AS ends
        FROM applications_caseclock c WHERE {which} AND c.due_at < least(c.stopped_at, %(at)s)
    )"""
_CLOCKS = f"array_agg(DISTINCT id) FILTER (WHERE (until - due) / {_MINUTE} <> (since - due) / {_MINUTE})"
_THESE = _LATE_OF.format(more="", which="c.id = ANY(%(clocks)s)")
# Nearly all that waits to be charged runs on: those are read from the index of the sweep alone.
_QUEUED = """queue AS MATERIALIZED (SELECT DISTINCT clock_id FROM supervision_unchargedbreach{cuts}), running AS (
        SELECT c.id, c.kind, c.application_id, c.due_at, %(at)s::timestamptz AS ends
        FROM applications_caseclock c
        WHERE c.stopped_at IS NULL AND c.paused_at IS NULL AND c.due_at >= %(since)s AND c.due_at < %(until)s
          AND c.id IN (SELECT clock_id FROM queue)
    ), """
_UNCHARGED = _QUEUED + _LATE_OF.format(
    more="SELECT * FROM running UNION ALL",
    which="""c.id IN (SELECT clock_id FROM queue EXCEPT SELECT id FROM running)
          AND c.due_at >= %(since)s AND c.due_at < %(until)s""",
)
_OF_BRANCH = " WHERE breach_id IN (SELECT id FROM supervision_breach WHERE branch_id = %(branch)s)"
# What is kept of a breach that is to be charged again counts no more.
_KEPT = """UNION ALL
    SELECT NULL, k.kind, 2, k.holder, k.person_id, k.branch_id, sum(k.minutes)::bigint, 0, NULL FROM {rows} k """
_SUMMED = """(
        SELECT kind, holder, person_id, branch_id, minutes FROM supervision_delaycount
        WHERE day BETWEEN %(first)s AND %(last)s
        UNION ALL
        SELECT kind, holder, person_id, branch_id, -minutes FROM supervision_breachcharge
        WHERE breach_id IN (SELECT breach_id FROM supervision_unchargedbreach WHERE is_again)
          AND day BETWEEN %(first)s AND %(last)s
    )"""
_KEPT_OF_ALL = _KEPT.format(rows=_SUMMED) + "GROUP BY 2, 4, 5, 6"
_KEPT_OF_BRANCH = (
    _KEPT.format(rows="supervision_breachcharge")
    + """
    JOIN supervision_breach b ON b.id = k.breach_id
    WHERE b.branch_id = %(branch)s AND b.due_at >= %(since)s AND b.due_at < %(until)s
      AND NOT EXISTS (SELECT FROM supervision_unchargedbreach u WHERE u.breach_id = b.id)
    GROUP BY 2, 4, 5, 6
"""
)


def _charged(
    late: str, facts: Mapping[str, Any], *, since: datetime, at: datetime, by_clock: bool = True,
    with_clocks: bool = False, kept: str = "",
) -> list[tuple[int | None, Cell, int, list[int] | None]]:  # fmt: skip
    """Of the clocks of ``late``, none of which fell due before ``since``: (clock, cell, minutes, clocks), the first
    holder first; without hands what nobody is known to have held. ``by_clock`` tells the clocks apart, or else their
    kinds alone, ``with_clocks`` those that have minutes of the cell (or, where nobody is known, of the kind); ``kept``
    adds rows of their own, without a clock."""
    charged: list[tuple[int | None, Cell, int, list[int] | None]] = []
    days = _days(local_day(min(since, at)), local_day(at))
    statement = _CHARGED.format(
        late=late, clock="r.id" if by_clock else "NULL::bigint", clocks=_CLOCKS if with_clocks else "NULL::bigint[]",
        kept=kept,
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(statement, {**facts, **days, "at": at})
        rows = cursor.fetchall()
    unknown: Counter[tuple[int | None, str]] = Counter()
    of_kind: dict[tuple[int | None, str], list[int] | None] = {}
    for clock, kind, part, holder, person, branch, minutes, _first, clocks in rows:
        if part == _LATE:
            unknown[clock, kind] += minutes
            of_kind[clock, kind] = clocks
            continue
        if part == _HELD:
            unknown[clock, kind] -= minutes
        if minutes:
            charged.append((clock, (kind, _hands(holder, person, branch)), minutes, clocks))
    return charged + [
        (clock, (kind, None), minutes, of_kind[clock, kind]) for (clock, kind), minutes in unknown.items() if minutes
    ]


def _days(first: date, last: date) -> dict[str, Any]:
    """When the first of these days begins, when the center opens; of each day how long it works, and how long it had
    worked before; microseconds."""
    calendar, before = working_calendar(), 0
    opens, closes = (datetime.combine(first, hour, SHANGHAI) for hour in (CENTER_HOURS.opens, CENTER_HOURS.closes))
    length = (closes - opens) // _MICROSECOND
    lengths, worked = [], []
    for number in range((last - first).days + 1):
        works = length if calendar.is_workday(first + timedelta(days=number)) else 0
        lengths.append(works)
        worked.append(before)
        before += works
    begins = midnight(first)
    return {
        "begins": round(begins.timestamp()) * 1_000_000,
        "opens": (opens - begins) // _MICROSECOND,
        "lengths": lengths,
        "worked": worked,
    }
