"""Runs of the simulation in the background: asked, taken up by a worker, finished or failed with a sentence.

A run is a row; the worker that computes it holds a lock of its session. When the worker dies the lock goes with its
connection, and the next pass takes the run up again from the beginning: with the same seed the result is the same.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, time, timedelta
from typing import Any

from django.db import InterfaceError, OperationalError, connection, transaction
from django.utils.translation import gettext as _

from ops_center.clock import local_day
from ops_center.kernel.errors import DomainError, Malformed, Refused
from ops_center.kernel.worktime import SHANGHAI
from organization.models import Employee
from organization.roles import Role
from organization.services.calendar import working_calendar
from organization.services.nudges import nudge
from supervision import errors
from supervision.models import SimulationRun
from supervision.selectors import assumptions
from supervision.selectors.forecast import Json, Percent, checked, forecast, what_if
from supervision.selectors.simulations import newest
from supervision.selectors.workload import Source

ASKERS = (Role.SUP, Role.MGT)
MOST_OPEN = 3  # runs of one person that are not done yet
ATTEMPTS = 3  # a run that has cost so many workers their life is not tried again
STALE = timedelta(hours=1)  # of a forecast during working hours
FORECASTS_KEPT = timedelta(days=14)
FROM, UNTIL = time(8), time(18)
_LOCK = 7_319_303  # one run is computed at a time: a long one must not take the hands that the clocks need
logger = logging.getLogger(__name__)
Kind, State = SimulationRun.Kind, SimulationRun.State
OPEN, ENDED = (State.WAITING, State.RUNNING), (State.DONE, State.FAILED)


# -- asking ------------------------------------------------------------------------------------------------------------
@transaction.atomic
def ask_what_if(*, name: str, asked: Mapping[str, Any], actor: Employee, at: datetime) -> SimulationRun:
    """A question to the model, answered in the background. Malformed when an assumption cannot be, NotAllowed for other
    roles than supervisor and management, Refused while too many questions of this person are open."""
    _require_asker(actor, at=at)
    assumed = assumptions.read(asked, at=at)
    if not name.strip():
        sentence = _("Give the question a name, so that it is found again in the list.")
        raise Malformed("no_name", sentence, {"name": sentence})
    if SimulationRun.objects.filter(asked_by=actor, kind=Kind.WHAT_IF, state__in=OPEN).count() >= MOST_OPEN:
        raise Refused(
            "too_many_runs",
            _("%(count)s of your questions are still being computed. Wait until one is done.") % {"count": MOST_OPEN},
        )
    return _ask(Kind.WHAT_IF, name=name.strip()[:60], asked=assumed.as_json, actor=actor, at=at)


@transaction.atomic
def ask_forecast(*, actor: Employee, at: datetime) -> SimulationRun:
    """A new forecast at once; the one that is being computed already, if there is one."""
    _require_asker(actor, at=at)
    running = SimulationRun.objects.filter(kind=Kind.FORECAST, state__in=OPEN).first()
    return running or _ask(Kind.FORECAST, name="", asked={}, actor=actor, at=at)


@transaction.atomic
def ask_check(*, actor: Employee, source: str, at: datetime) -> SimulationRun:
    """The model's error anew: of the bank's own history or of the imported one."""
    _require_asker(actor, at=at)
    if source not in list(Source):
        raise Malformed("bad_source", _("The history is the bank's own or the imported one."))
    running = SimulationRun.objects.filter(kind=Kind.CHECK, state__in=OPEN, asked__source=source).first()
    return running or _ask(Kind.CHECK, name="", asked={"source": source}, actor=actor, at=at)


def keep_check(outcome: Json, *, at: datetime) -> SimulationRun:
    """Keeps an error that was computed elsewhere (the command), for the page."""
    return SimulationRun.objects.create(
        kind=Kind.CHECK, asked={"source": outcome["source"]}, asked_at=at, touched_at=at, finished_at=at, percent=100,
        state=State.DONE, outcome=outcome,
    )  # fmt: skip


def _ask(kind: SimulationRun.Kind, *, name: str, asked: Json, actor: Employee | None, at: datetime) -> SimulationRun:
    run = SimulationRun.objects.create(
        kind=kind, name=name, asked=asked, asked_by=actor, asked_at=at, touched_at=at
    )  # fmt: skip
    transaction.on_commit(lambda: nudge("supervision.simulate", run.pk))
    return run


def _require_asker(actor: Employee, *, at: datetime) -> None:
    if not actor.has_role(*ASKERS, on=local_day(at)):
        raise errors.simulation_role()


# -- computing ---------------------------------------------------------------------------------------------------------
def ask_current(*, at: datetime) -> dict[str, int]:
    """The periodic pass that asks: for a forecast each hour of work, for a check each week. Forgets old forecasts."""
    old = SimulationRun.objects.filter(kind=Kind.FORECAST, asked_at__lt=at - FORECASTS_KEPT, state__in=ENDED)
    removed, _tables = old.delete()
    asked = 0
    if _is_due(newest(Kind.FORECAST), at=at):
        _ask(Kind.FORECAST, name="", asked={}, actor=None, at=at)
        asked += 1
    last = newest(Kind.CHECK)
    if last is None or _week(last.asked_at) != _week(at):
        _ask(Kind.CHECK, name="", asked={"source": Source.OWN.value}, actor=None, at=at)
        asked += 1
    return {"asked": asked, "removed": removed}


def run_waiting(*, at: datetime) -> dict[str, int]:
    """The periodic pass that computes: the oldest of what waits, because another was computed when it was asked, a hint
    was lost or a worker died over it. One in a pass, so that the pass ends."""
    oldest = SimulationRun.objects.filter(state__in=OPEN).order_by("pk").first()
    return {"runs": int(oldest is not None and run(run_id=oldest.pk, at=at))}


def _is_due(last: SimulationRun | None, *, at: datetime) -> bool:
    if last is None:
        return True
    here = at.astimezone(SHANGHAI)
    at_work = FROM <= here.time() < UNTIL and working_calendar().is_workday(here.date())
    return at_work and last.state not in OPEN and at - last.asked_at >= STALE


def _week(at: datetime) -> tuple[int, int]:
    return local_day(at).isocalendar()[:2]


def run(*, run_id: int, at: datetime) -> bool:
    """Computes one run, unless a worker is in it or in another; whether it was brought to its end here. Safe at any
    moment, twice at once and again after a crash."""
    with _sole() as mine:
        found = SimulationRun.objects.filter(pk=run_id, state__in=OPEN).first() if mine else None
        if found is None:
            return False
        if found.attempts >= ATTEMPTS:
            _end(found, at=at, state=State.FAILED, error=DIED)
            return True
        found.state, found.attempts, found.percent, found.touched_at = State.RUNNING, found.attempts + 1, 0, at
        found.save(update_fields=["state", "attempts", "percent", "touched_at"])
        try:
            outcome = _COMPUTE[Kind(found.kind)](found, at, _shown(found, at=at))
        except (OperationalError, InterfaceError):
            raise  # no fault of the run's: the next pass takes it up
        except LookupError:  # a fault of ours can be one too: the log tells them apart
            logger.warning("simulation %s has nothing to go by", run_id, exc_info=True)
            _end(found, at=at, state=State.FAILED, error=NO_HISTORY)
        except DomainError as no:
            _end(found, at=at, state=State.FAILED, error=str(no))
        except Exception:
            logger.exception("simulation %s broke off", run_id)
            _end(found, at=at, state=State.FAILED, error=BROKEN)
        else:
            found.outcome = outcome
            _end(found, at=at, state=State.DONE)
        return True


_COMPUTE: Mapping[SimulationRun.Kind, Callable[[SimulationRun, datetime, Percent], Json]] = {
    Kind.FORECAST: lambda _run, at, percent: forecast(at=at, percent=percent),
    Kind.WHAT_IF: lambda run, at, percent: what_if(assumptions.read(run.asked, at=at), at=at, percent=percent),
    Kind.CHECK: lambda run, at, percent: checked(at=at, source=Source(run.asked["source"]), percent=percent),
}

# Why a run has failed; what else stands there is a sentence already.
DIED, NO_HISTORY, BROKEN = "died", "no_history", "broken"


def why_failed(run: SimulationRun) -> str:
    """The sentence for people."""
    sentences = {
        DIED: _("The worker ended %(count)s times while it computed. Tell the administrator, and ask again with less.")
        % {"count": ATTEMPTS},
        NO_HISTORY: _("There is no whole week of work in the center yet to learn from. Come back when there is."),
        BROKEN: _("The calculation broke off. Tell the administrator; asking again may help."),
    }
    return sentences.get(run.error, run.error)


def _end(run: SimulationRun, *, at: datetime, state: SimulationRun.State, error: str = "") -> None:
    run.state, run.finished_at, run.touched_at, run.error = state, at, at, error[:200]
    run.percent = 100 if state == State.DONE else run.percent
    run.save(update_fields=["state", "finished_at", "touched_at", "error", "percent", "outcome"])


def _shown(run: SimulationRun, *, at: datetime) -> Percent:
    """Puts the progress on the page, each per cent once."""

    def show(percent: int) -> None:
        if percent > run.percent:
            run.percent = percent
            SimulationRun.objects.filter(pk=run.pk).update(percent=percent, touched_at=at)

    return show


@contextmanager
def _sole() -> Iterator[bool]:
    """Whether nobody else computes; a lock of the session, gone with the connection of a process that dies."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK])
        mine = bool(cursor.fetchone()[0])
    try:
        yield mine
    finally:
        if mine:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])
