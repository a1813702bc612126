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
        for clock, holder, person, branch, minutes in _charged(_THESE, facts, by="id", since=earliest, at=at):
            found[clock].append(Charge(_hands(holder, person, branch), minutes))
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


def charged_in(
    since: datetime, until: datetime, *, at: datetime, branch: int | None = None
) -> dict[tuple[str, Hands | None], int]:
    """(clock kind, who held) → the overdue minutes of all breaches that fell due in a period of whole days, of one
    branch's cases or of all: what is kept, and what is not charged yet as it stands now. One snapshot of both."""
    facts = {"since": since, "until": until, "branch": branch, "first": local_day(since),
             "last": local_day(until - _MICROSECOND)}  # fmt: skip
    kept = _KEPT_OF_ALL if branch is None else _KEPT_OF_BRANCH
    rows = _charged(_uncharged(branch), facts, by="kind", since=since, at=at, kept=kept)
    found: Counter[tuple[str, Hands | None]] = Counter()
    for kind, holder, person, held_by, minutes in rows:
        found[kind, _hands(holder, person, held_by)] += minutes
    return {key: minutes for key, minutes in found.items() if minutes}


def uncharged_in(
    since: datetime, until: datetime, *, at: datetime, branch: int | None = None, kind: str = ""
) -> dict[tuple[int, Hands | None], int]:
    """(clock, who held) → minutes, of those of the same breaches that are not charged yet."""
    facts = {"since": since, "until": until, "branch": branch, "kind": kind}
    which = _uncharged(branch) + (" AND c.kind = %(kind)s" if kind else "")
    return {
        (key, _hands(holder, person, held_by)): minutes
        for key, holder, person, held_by, minutes in _charged(which, facts, by="id", since=since, at=at)
    }


def _uncharged(branch: int | None) -> str:
    return _UNCHARGED.format(cuts="" if branch is None else _OF_BRANCH)


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
    WITH late AS (
        SELECT c.id, c.kind, c.application_id, c.due_at, least(c.stopped_at, %(at)s) AS ends
        FROM applications_caseclock c WHERE {{which}} AND c.due_at < least(c.stopped_at, %(at)s)
    ), ran AS MATERIALIZED (
        SELECT l.id, l.kind, l.application_id, {_WORKED.format(at="l.due_at")} AS due,
               {_WORKED.format(at="greatest(l.due_at, i.since)")} AS since,
               {_WORKED.format(at="least(l.ends, i.until)")} AS until
        FROM late l JOIN applications_clockinterval i ON i.clock_id = l.id AND i.pause = '' AND i.since < l.ends
             AND (i.until IS NULL OR i.until > l.due_at)
    ), spans AS (
        SELECT application_id, min(due_at) AS due_at, max(ends) AS ends FROM late GROUP BY application_id
    ), rows AS (  -- a lease that ran out ends what its clerk held; since then it lies in the queue
        SELECT u.application_id, u.holder, u.person_id, u.branch_id, greatest(u.since, s.due_at) AS since,
               coalesce(u.until, %(at)s) AS until,
               CASE WHEN a.id IS NOT NULL THEN greatest(a.claimed_until, u.since, s.due_at) END AS lapsed_at
        FROM spans s
        JOIN applications_custody u ON u.application_id = s.application_id AND u.since < s.ends
             AND (u.until IS NULL OR u.until > s.due_at)
        LEFT JOIN applications_application a ON u.until IS NULL AND a.id = u.application_id
             AND a.claimed_by_id = u.person_id AND a.claimed_until < %(at)s
    ), held AS MATERIALIZED (
        SELECT application_id, holder, person_id AS person, branch_id AS branch,
               {_WORKED.format(at="since")} AS since, {_WORKED.format(at="coalesce(lapsed_at, until)")} AS until
        FROM rows
        UNION ALL
        SELECT application_id, 'QUEUE', NULL, NULL,
               {_WORKED.format(at="lapsed_at")}, {_WORKED.format(at="until")}
        FROM rows WHERE lapsed_at IS NOT NULL
    ), pieces AS (
        SELECT {{by}} AS key, {_LATE} AS part, '' AS holder, NULL::bigint AS person, NULL::bigint AS branch, due, since,
               until
        FROM ran
        UNION ALL
        SELECT r.{{by}}, {_HELD}, h.holder, h.person, h.branch, r.due,
               greatest(r.since, h.since), least(r.until, h.until)
        FROM ran r JOIN held h
             ON h.application_id = r.application_id AND h.since < r.until AND h.until > r.since
    )
    SELECT key, part, holder, person, branch,
           sum((until - due) / {_MINUTE} - (since - due) / {_MINUTE})::bigint, min(since)
    FROM pieces GROUP BY 1, 2, 3, 4, 5 {{kept}} ORDER BY 1, 2, 7
"""  # noqa: S608
_THESE = "c.id = ANY(%(clocks)s)"
_UNCHARGED = """c.id IN (SELECT clock_id FROM supervision_unchargedbreach{cuts})
                AND c.due_at >= %(since)s AND c.due_at < %(until)s"""
_OF_BRANCH = " WHERE breach_id IN (SELECT id FROM supervision_breach WHERE branch_id = %(branch)s)"
# What is kept of a breach that is to be charged again counts no more.
_KEPT = "UNION ALL SELECT k.kind, 2, k.holder, k.person_id, k.branch_id, sum(k.minutes)::bigint, 0 FROM {rows} k "
_SUMMED = """(
        SELECT kind, holder, person_id, branch_id, minutes FROM supervision_delaycount
        WHERE day BETWEEN %(first)s AND %(last)s
        UNION ALL
        SELECT kind, holder, person_id, branch_id, -minutes FROM supervision_breachcharge
        WHERE breach_id IN (SELECT breach_id FROM supervision_unchargedbreach) AND day BETWEEN %(first)s AND %(last)s
    )"""
_KEPT_OF_ALL = _KEPT.format(rows=_SUMMED) + "GROUP BY 1, 3, 4, 5"
_KEPT_OF_BRANCH = (
    _KEPT.format(rows="supervision_breachcharge")
    + """
    JOIN supervision_breach b ON b.id = k.breach_id
    WHERE b.branch_id = %(branch)s AND b.due_at >= %(since)s AND b.due_at < %(until)s
      AND NOT EXISTS (SELECT FROM supervision_unchargedbreach u WHERE u.breach_id = b.id)
    GROUP BY 1, 3, 4, 5
"""
)


def _charged(
    which: str, facts: Mapping[str, Any], *, by: str, since: datetime, at: datetime, kept: str = ""
) -> list[tuple[Any, str, int | None, int | None, int]]:
    """(key, holder, person, branch, minutes), the first holder first; without a holder what nobody is known to have
    held. ``by`` is the column of the clocks that is the key: ``id``, ``kind``; none fell due before ``since``; ``kept``
    adds rows of their own."""
    charged: list[tuple[Any, str, int | None, int | None, int]] = []
    days = _days(local_day(min(since, at)), local_day(at))
    with connection.cursor() as cursor:
        cursor.execute(_CHARGED.format(which=which, by=by, kept=kept), {**facts, **days, "at": at})
        rows = cursor.fetchall()
    unknown: Counter[Any] = Counter()
    for one, part, holder, person, branch, minutes, _first in rows:
        if part == _LATE:
            unknown[one] = minutes
        elif minutes:
            charged.append((one, holder, person, branch, minutes))
        if part == _HELD:
            unknown[one] -= minutes
    return charged + [(one, "", None, None, minutes) for one, minutes in unknown.items() if minutes]


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
