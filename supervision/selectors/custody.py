"""Whose minutes a delay is made of: each minute that a clock ran past due is charged to who held the case then.

Overdue minutes are working minutes of the center, pauses left out. A piece of a delay is what had been worked since the
due time when it ends, less what had when it began, each in whole minutes: so the charges of a clock add up to its
overdue minutes, however they are cut. What was held before custody was written down stays with nobody.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection

from applications.lifecycle import Hands, Holder
from applications.services.clocks import CENTER_HOURS
from ops_center.clock import SHANGHAI, local_day
from organization.models import Branch, Employee
from organization.services.calendar import working_calendar
from supervision.models import Breach


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
    """clock → its charges, of those of these clocks that are or were late: one query, however many they are."""
    found: dict[int, list[Charge]] = defaultdict(list)
    for clock, holder, person, branch, minutes in _charged(clocks, at=at):
        found[clock].append(Charge(Hands(Holder(holder), person, branch) if holder else None, minutes))
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


def charged_in(since: datetime, until: datetime, *, at: datetime, branch: int | None = None) -> dict[Hands | None, int]:
    """Whose the overdue minutes are of all breaches that fell due in a period, of one branch's cases or of all."""
    breaches = Breach.objects.filter(due_at__gte=since, due_at__lt=until)
    if branch is not None:
        breaches = breaches.filter(branch=branch)
    totals: dict[tuple[str, int | None, int | None], int] = defaultdict(int)
    for _clock, holder, person, branch_held, minutes in _charged(breaches.values_list("clock_id", flat=True), at=at):
        totals[holder, person, branch_held] += minutes
    return {
        Hands(Holder(holder), person, branch_held) if holder else None: minutes
        for (holder, person, branch_held), minutes in totals.items()
    }


# -- reckoning ---------------------------------------------------------------------------------------------------------
# The working time that lies before an instant: before its day, and of the day itself.
_WORKED = """({day}.worked
    + least(greatest((date_part('epoch', {at}) * 1000000)::bigint - {day}.opens, 0), {day}.length))"""
_DAY = "({at} AT TIME ZONE 'Asia/Shanghai')::date"
_CHARGED = f"""
    WITH days AS (
        SELECT * FROM unnest(%(days)s::date[], %(opens)s::bigint[], %(lengths)s::bigint[], %(worked)s::bigint[])
                      AS w(day, opens, length, worked)
    ), late AS (
        SELECT c.id, c.application_id, c.due_at, least(coalesce(c.stopped_at, %(at)s), %(at)s) AS ends,
               {_WORKED.format(day="d", at="c.due_at")} AS worked
        FROM applications_caseclock c JOIN days d ON d.day = {_DAY.format(at="c.due_at")}
        WHERE c.id = ANY(%(clocks)s) AND c.due_at < least(coalesce(c.stopped_at, %(at)s), %(at)s)
    ), ran AS (
        SELECT l.id, l.application_id, l.worked, greatest(l.due_at, i.since) AS since,
               least(l.ends, coalesce(i.until, l.ends)) AS until
        FROM late l JOIN applications_clockinterval i ON i.clock_id = l.id AND i.pause = '' AND i.since < l.ends
             AND coalesce(i.until, l.ends) > l.due_at
    ), spans AS (
        SELECT application_id, min(due_at) AS due_at, max(ends) AS ends FROM late GROUP BY application_id
    ), rows AS (  -- a lease that ran out ends what its clerk held; since then it lies in the queue
        SELECT u.*, CASE WHEN a.id IS NOT NULL THEN greatest(a.claimed_until, u.since) END AS lapsed_at
        FROM spans s
        JOIN applications_custody u ON u.application_id = s.application_id AND u.since < s.ends
             AND (u.until IS NULL OR u.until > s.due_at)
        LEFT JOIN applications_application a ON u.until IS NULL AND a.id = u.application_id
             AND a.claimed_by_id = u.person_id AND a.claimed_until < %(at)s
    ), held AS (
        SELECT application_id, holder, person_id AS person, branch_id AS branch, since,
               coalesce(lapsed_at, until, %(at)s) AS until
        FROM rows
        UNION ALL
        SELECT application_id, 'QUEUE', NULL, NULL, lapsed_at, %(at)s FROM rows WHERE lapsed_at IS NOT NULL
    ), pieces AS (
        SELECT id, worked, since, until, '' AS holder, NULL::bigint AS person, NULL::bigint AS branch, 0 AS part
        FROM ran
        UNION ALL
        SELECT r.id, r.worked, greatest(r.since, h.since), least(r.until, h.until), h.holder, h.person, h.branch, 1
        FROM ran r JOIN held h
             ON h.application_id = r.application_id AND h.since < r.until AND h.until > r.since
    )
    SELECT p.id, p.part, p.holder, p.person, p.branch,
           sum(({_WORKED.format(day="b", at="p.until")} - p.worked) / 60000000
               - ({_WORKED.format(day="a", at="p.since")} - p.worked) / 60000000)::bigint
    FROM pieces p
    JOIN days a ON a.day = {_DAY.format(at="p.since")}
    JOIN days b ON b.day = {_DAY.format(at="p.until")}
    GROUP BY p.id, p.part, p.holder, p.person, p.branch
    ORDER BY p.id, p.part, min(p.since)
"""  # noqa: S608
_DAY_LONG = 24 * 60 * 60 * 1_000_000  # no day of Shanghai is longer or shorter
_EARLIEST = "SELECT min(due_at) FROM applications_caseclock WHERE id = ANY(%(clocks)s)"


def _charged(clocks: Collection[int], *, at: datetime) -> list[tuple[int, str, int | None, int | None, int]]:
    """(clock, holder, person, branch, minutes), a clock's first holder first; without a holder what nobody is known to
    have held."""
    facts: dict[str, Any] = {"clocks": list(clocks), "at": at}
    charged: list[tuple[int, str, int | None, int | None, int]] = []
    with connection.cursor() as cursor:
        cursor.execute(_EARLIEST, facts)
        (earliest,) = cursor.fetchone()
        if earliest is None or earliest >= at:
            return []
        cursor.execute(_CHARGED, facts | _days(local_day(earliest), local_day(at)))
        rows = cursor.fetchall()
    unknown = {clock: minutes for clock, part, _holder, _person, _branch, minutes in rows if not part}
    for clock, part, holder, person, branch, minutes in rows:
        if part and minutes:
            charged.append((clock, holder, person, branch, minutes))
            unknown[clock] -= minutes
    charged += [(clock, "", None, None, minutes) for clock, minutes in unknown.items() if minutes]
    return charged


def _days(first: date, last: date) -> dict[str, list[Any]]:
    """The days of a delay: when the center opens, how long it works, how long it had worked before; microseconds."""
    calendar, worked = working_calendar(), 0
    opens, closes = (datetime.combine(first, hour, SHANGHAI) for hour in (CENTER_HOURS.opens, CENTER_HOURS.closes))
    begins, length = round(opens.timestamp() * 1_000_000), round((closes - opens).total_seconds() * 1_000_000)
    days: dict[str, list[Any]] = {"days": [], "opens": [], "lengths": [], "worked": []}
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        works = length if calendar.is_workday(day) else 0
        row = {"days": day, "opens": begins + number * _DAY_LONG, "lengths": works, "worked": worked}
        for name, value in row.items():
            days[name].append(value)
        worked += works
    return days
