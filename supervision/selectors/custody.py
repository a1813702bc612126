"""Whose minutes a delay is made of: each minute that a clock ran past due is charged to who held the case then.

Overdue minutes are working minutes of the center, pauses left out. A piece of the delay is what had run since the due
time when it ends, less what had when it began: so the charges of a clock add up to its overdue minutes, however they
are cut. What was held before custody was written down stays with nobody.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from applications.lifecycle import IN_THE_QUEUE, Hands, Holder
from applications.services.clocks import CENTER_HOURS
from ops_center.kernel.worktime import WorkCalendar
from organization.models import Branch, Employee
from organization.services.calendar import working_calendar
from supervision.models import Breach

Span = tuple[datetime, datetime]
Held = tuple[datetime, datetime, Hands | None]  # from, until, whose hands; None: not written down


@dataclass(frozen=True, slots=True)
class Delay:
    """A clock past its due time: until it stopped or until now, the pauses in between, and who held the case."""

    due_at: datetime
    ends_at: datetime
    pauses: Sequence[Span] = ()
    custody: Sequence[Held] = ()


@dataclass(frozen=True, slots=True)
class Charge:
    """So many working minutes of a delay, and who held the case in them."""

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


def charges_of(delay: Delay, calendar: WorkCalendar) -> list[Charge]:
    """The overdue minutes of one clock by who held the case, in the order in which they first did."""
    minutes: dict[Hands | None, int] = {}
    for since, until in _ran(delay):
        done = 0
        before = calendar.working_minutes(delay.due_at, since, CENTER_HOURS)
        for ends_at, hands in _held_within(delay.custody, since, until):
            total = calendar.working_minutes(delay.due_at, ends_at, CENTER_HOURS) - before
            minutes[hands] = minutes.get(hands, 0) + total - done
            done = total
    return [Charge(hands, amount) for hands, amount in minutes.items() if amount]


def overdue_minutes(delay: Delay, calendar: WorkCalendar) -> int:
    """Working minutes that the clock ran past its due time."""
    begins = [calendar.working_minutes(delay.due_at, since, CENTER_HOURS) for since, _until in _ran(delay)]
    ends = [calendar.working_minutes(delay.due_at, until, CENTER_HOURS) for _since, until in _ran(delay)]
    return sum(ends) - sum(begins)


def charges_of_clocks(clocks: Collection[int], *, at: datetime) -> dict[int, list[Charge]]:
    """clock → its charges, of those of these clocks that are or were late: two queries, however many they are."""
    calendar = working_calendar()
    return {clock: charges_of(delay, calendar) for clock, delay in _delays(clocks, at).items()}


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
    totals: dict[Hands | None, int] = defaultdict(int)
    for charges in charges_of_clocks(list(breaches.values_list("clock_id", flat=True)), at=at).values():
        for charge in charges:
            totals[charge.hands] += charge.minutes
    return dict(totals)


# -- reckoning ---------------------------------------------------------------------------------------------------------
def _ran(delay: Delay) -> Iterator[Span]:
    """The spans past due in which the clock ran."""
    begins = delay.due_at
    for since, until in delay.pauses:
        if begins < min(since, delay.ends_at):
            yield begins, min(since, delay.ends_at)
        begins = max(begins, until)
    if begins < delay.ends_at:
        yield begins, delay.ends_at


def _held_within(custody: Sequence[Held], since: datetime, until: datetime) -> Iterator[tuple[datetime, Hands | None]]:
    """Who held the case within a span, each with the end of it; nobody, where nothing was written down."""
    for begins, ends, hands in custody:
        if ends <= since or begins >= until:
            continue
        if begins > since:
            yield begins, None
        since = min(ends, until)
        yield since, hands
    if since < until:
        yield until, None


# -- reading -----------------------------------------------------------------------------------------------------------
# A clerk whose lease ran out holds the case until the end of the lease; after that it lies in the queue.
_CUSTODY = """
    SELECT c.id, c.due_at, least(coalesce(c.stopped_at, %(at)s), %(at)s),
           u.since, coalesce(u.until, %(at)s), u.holder, u.person_id, u.branch_id,
           CASE WHEN u.until IS NULL AND u.person_id = a.claimed_by_id THEN a.claimed_until END
    FROM applications_caseclock c
    JOIN applications_application a ON a.id = c.application_id
    LEFT JOIN applications_custody u ON u.application_id = c.application_id
         AND u.since < least(coalesce(c.stopped_at, %(at)s), %(at)s) AND coalesce(u.until, %(at)s) > c.due_at
    WHERE c.id = ANY(%(clocks)s) AND c.due_at < coalesce(c.stopped_at, %(at)s)
    ORDER BY c.id, u.since, u.until, u.id
"""
_PAUSES = """
    SELECT i.clock_id, i.since, coalesce(i.until, %(at)s)
    FROM applications_clockinterval i JOIN applications_caseclock c ON c.id = i.clock_id
    WHERE i.clock_id = ANY(%(clocks)s) AND i.pause <> '' AND coalesce(i.until, %(at)s) > c.due_at
    ORDER BY i.clock_id, i.since, i.id
"""


def _delays(clocks: Collection[int], at: datetime) -> dict[int, Delay]:
    facts: dict[str, Any] = {"clocks": list(clocks), "at": at}
    custody: dict[int, list[Held]] = {}
    spans: dict[int, Span] = {}
    pauses: dict[int, list[Span]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(_PAUSES, facts)
        for clock, since, until in cursor.fetchall():
            pauses[clock].append((since, until))
        cursor.execute(_CUSTODY, facts)
        for clock, due, ends, since, until, holder, person, branch, lapsed in cursor.fetchall():
            rows = custody.setdefault(clock, [])
            spans[clock] = due, ends
            if since is None:
                continue
            hands = Hands(Holder(holder), person, branch)
            if lapsed is not None and lapsed < until:
                rows += [(since, max(since, lapsed), hands), (max(since, lapsed), until, IN_THE_QUEUE)]
            else:
                rows.append((since, until, hands))
    return {clock: Delay(due, ends, pauses[clock], custody[clock]) for clock, (due, ends) in spans.items()}
