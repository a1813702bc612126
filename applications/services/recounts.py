"""Recounts: what a change of the calendar or an outage does to the clocks that it concerns, however many they are.

The change holds at once. Its clocks are put down as stale in the transaction that brings it about, and are reckoned in
portions, each in a transaction of its own: what is reckoned is stale no more. So nothing is done twice, several may
work at it at once (each takes what nobody has), and a worker that dies loses the portion that it was in. Until its
portion comes a clock is judged by no sweep; what a step stops meanwhile is judged again by the dates that it should
have had.

A portion that breaks is reckoned clock by clock, so that one broken record holds up nothing but itself: it is set
aside, and tried again by every pass.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Case, F, QuerySet, Value, When

from applications.lifecycle import LATE_OUTCOMES, Outcome
from applications.models import CaseClock, Outage, Recount, StaleClock
from applications.services.clocks import judge_again
from applications.services.outages import lay, lock_outage, touched
from applications.services.remeasure import Ruler, lock_cases, remeasure
from organization.models import CalendarChange
from organization.services.calendar import working_calendar
from organization.services.jobs import by_itself
from organization.services.nudges import nudge

PORTION = 1_000  # clocks per transaction; a change of no more is reckoned in its own
MOST_BROKEN = 20  # of a recount: where so many break it is not their fault, and the rest waits for a later pass

_PUT_DOWN = """
    INSERT INTO applications_staleclock (recount_id, clock_id, was_open)
    SELECT %s, c.id, c.stopped_at IS NULL FROM applications_caseclock c WHERE c.id IN ({clocks}) ORDER BY c.id
    ON CONFLICT (clock_id, recount_id) DO NOTHING
"""


# -- what is to be reckoned --------------------------------------------------------------------------------------------
def recount_for_change(
    change: CalendarChange, clocks: Sequence[QuerySet[CaseClock]], *, days: int, at: datetime
) -> Recount:
    """The recount of a change of the calendar that is being approved, in its transaction. ``clocks``: sets, each read
    by its own index."""
    recount = Recount.objects.create(change=change, begun_at=at, days=days, finished_at=at)
    return _put_down(recount, clocks, at=at)


def recount_for_outage(outage: int, *, at: datetime) -> Recount | None:
    """The recount of an outage with what it touches by now and has not been laid on; in the caller's transaction.
    ``None``: nothing new, or it is under way. An outage is done once it is over and touches nothing more."""
    declared = lock_outage(outage)
    recount = Recount.objects.filter(outage=declared).first()
    if declared.settled_at is not None or StaleClock.objects.filter(recount=recount, broken_at=None).exists():
        return None
    clocks = touched(declared, at=at)
    if not clocks:
        if at >= declared.until:
            declared.settled_at = at
            declared.save(update_fields=["settled_at"])
        return None
    if recount is None:
        recount = Recount.objects.create(outage=declared, begun_at=at, finished_at=at)
    return _put_down(recount, [CaseClock.objects.filter(pk__in=clocks)], at=at)


def add(recount: Recount, clocks: QuerySet[CaseClock], *, at: datetime) -> Recount:
    """More clocks of the same change, in the caller's transaction."""
    return _put_down(Recount.objects.select_for_update().get(pk=recount.pk), [clocks], at=at)


def _put_down(recount: Recount, clocks: Sequence[QuerySet[CaseClock]], *, at: datetime) -> Recount:
    """Reckons a small change at once; of a larger one a worker hears after the commit, or the next pass finds it."""
    found = 0
    with connection.cursor() as cursor:
        for wanted in clocks:
            sql, params = wanted.order_by().values("pk").query.sql_with_params()
            cursor.execute(_PUT_DOWN.format(clocks=sql), [recount.pk, *params])
            found += cursor.rowcount
    if found:
        recount.total, recount.finished_at = recount.total + found, None
        recount.save(update_fields=["total", "finished_at"])
    if 0 < recount.total - recount.done <= PORTION:
        run(recount.pk, at=at)
        recount.refresh_from_db()
    if recount.finished_at is None:
        transaction.on_commit(lambda: nudge("supervision.recount"))
    return recount


# -- reckoning ---------------------------------------------------------------------------------------------------------
def run(recount: int, *, at: datetime) -> int:
    """Reckons, portion by portion, what nobody else is at, and tries once more what broke before. Returns how many
    deadlines moved."""
    broken = StaleClock.objects.broken().filter(recount=recount)
    moved = sum(_count_alone(pk, at=at) for pk in list(broken.values_list("pk", flat=True)))
    while broken.count() < MOST_BROKEN and (counted := _count_next(recount, at=at)) is not None:
        moved += counted
    return moved


def _count_next(recount: int, *, at: datetime) -> int | None:
    """A portion at once, or one that breaks clock by clock; as ``count_portion``."""
    with by_itself(f"a portion of recount {recount}", keep=lambda _error: None):
        return count_portion(recount, at=at)
    portion = StaleClock.objects.filter(recount=recount, broken_at=None).order_by("clock")[:PORTION]
    return sum(_count_alone(row.pk, at=at) for row in list(portion))


@transaction.atomic
def _count_alone(stale: int, *, at: datetime) -> int:
    """As ``count_portion``, of one clock that nobody else is at; what breaks is set aside with its error."""
    row = StaleClock.objects.filter(pk=stale).select_for_update(skip_locked=True).first()
    moved = 0
    if row is not None:
        with by_itself(f"the recount of clock {row.clock_id}", keep=lambda error: _set_aside(row, error, at=at)):
            moved = _reckon(row.recount_id, [row], at=at)
    return moved


def _set_aside(row: StaleClock, error: Exception, *, at: datetime) -> None:
    row.broken_at, row.error = row.broken_at or at, type(error).__name__[:40]
    row.save(update_fields=["broken_at", "error"])


def lay_outages(*, at: datetime) -> dict[str, int]:
    """Every minute: the windows that have begun and are not done. Returns how many deadlines moved."""
    moved = 0
    begun = Outage.objects.filter(settled_at=None, since__lt=at).order_by("since")
    for pk in list(begun.values_list("pk", flat=True)):
        with transaction.atomic():
            before = Outage.objects.values_list("moved", flat=True).get(pk=pk)
            recount_for_outage(pk, at=at)
            moved += Outage.objects.values_list("moved", flat=True).get(pk=pk) - before
        recount = Recount.objects.filter(outage=pk, finished_at=None).first()
        moved += run(recount.pk, at=at) if recount else 0
    return {"moved": moved}


@transaction.atomic
def count_portion(recount: int, *, at: datetime) -> int | None:
    """One portion of what is stale and nobody else is at; how many deadlines moved, or ``None`` if nothing is left."""
    stale = take(recount)
    return _reckon(recount, stale, at=at) if stale else None


@transaction.atomic
def _reckon(recount: int, stale: Sequence[StaleClock], *, at: datetime) -> int:
    clocks = CaseClock.objects.filter(pk__in=[row.clock_id for row in stale])
    lock_cases(clocks)
    of = Recount.objects.select_related("change", "outage").get(pk=recount)
    was_open = {row.clock_id for row in stale if row.was_open}
    figures = _by_the_calendar(of, clocks, was_open) if of.outage is None else _by_the_outage(of.outage, clocks, at=at)
    judge_again(clocks.filter(pk__in=was_open, stopped_at__isnull=False))
    StaleClock.objects.filter(pk__in=[row.pk for row in stale]).delete()
    Recount.objects.filter(pk=recount).update(
        done=F("done") + len(stale),
        finished_at=Case(When(total=F("done") + len(stale), then=Value(at)), default=None),
        **{name: F(name) + count for name, count in figures.items()},
    )
    return figures["moved"]


def take(recount: int) -> list[StaleClock]:
    """Locks a portion of what is stale, has not been set aside and nobody else has locked."""
    free = (
        StaleClock.objects.filter(recount=recount, broken_at=None).order_by("clock").select_for_update(skip_locked=True)
    )
    return list(free[:PORTION])


def _by_the_calendar(recount: Recount, clocks: QuerySet[CaseClock], was_open: Collection[int]) -> dict[str, int]:
    """What was open follows the calendar of now. Of what had stopped late, whatever would have been in time is exempt;
    its dates stay."""
    calendar = working_calendar()
    moves = remeasure(clocks.filter(pk__in=was_open), calendar=calendar, at=recount.begun_at)
    late = clocks.exclude(pk__in=was_open).filter(outcome__in=frozenset(LATE_OUTCOMES) - {Outcome.LATE_JUSTIFIED})
    in_time = [
        one.run.pk
        for one in Ruler(calendar).measure(late)
        if one.run.stopped_at is not None and one.run.stopped_at <= one.due_at
    ]
    exempt = CaseClock.objects.filter(pk__in=in_time).update(outcome=Outcome.EXEMPT)
    return {
        "moved": len(moves.moved), "overdue": len(moves.overdue), "relieved": len(moves.relieved), "exempt": exempt,
    }  # fmt: skip


def _by_the_outage(outage: Outage, clocks: QuerySet[CaseClock], *, at: datetime) -> dict[str, int]:
    plan = lay(outage, clocks, at=at)
    Outage.objects.filter(pk=outage.pk).update(moved=F("moved") + len(plan.moved))
    return {"moved": len(plan.moved), "relieved": len(plan.relieved), "exempt": len(plan.exempt)}


@dataclass(frozen=True, slots=True)
class Outstanding:
    """Recounts that are not finished: the clocks of all of them, how many have been reckoned, how many cannot be."""

    since: datetime
    total: int
    done: int
    broken: int


def outstanding() -> Outstanding | None:
    """What is being reckoned now; ``None``: nothing."""
    rows = list(Recount.objects.filter(finished_at=None).values_list("begun_at", "total", "done"))
    if not rows:
        return None
    since, totals, done = zip(*rows, strict=True)
    return Outstanding(min(since), sum(totals), sum(done), StaleClock.objects.broken().count())
