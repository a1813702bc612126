"""Runs of the simulation in the background: asked, computed by a worker; finished, failed with a sentence, cancelled.

A run is a row; the worker that computes it holds a lock of its session. When the worker dies the lock goes with its
connection, and the next pass takes the run up again from the beginning: with the same seed the result is the same. Who
has asked may cancel it: the worker looks at the row after each replication, and stops.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, time, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from ops_center.clock import local_day
from ops_center.kernel.errors import DomainError, Malformed, Refused
from ops_center.kernel.worktime import SHANGHAI
from organization.models import Employee
from organization.roles import Role
from organization.services.calendar import working_calendar
from organization.services.jobs import by_itself, sole
from organization.services.nudges import nudge
from supervision import errors
from supervision.capacity.model import NoHistory
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
Kind, State = SimulationRun.Kind, SimulationRun.State
OPEN = (State.WAITING, State.RUNNING)


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
            _("%(count)s of your questions are still being computed. Wait until one is done, or cancel one.")
            % {"count": MOST_OPEN},
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


@transaction.atomic
def cancel(*, run: int, actor: Employee, at: datetime) -> SimulationRun:
    """Takes a question back that is still being computed. OutOfSight for none, NotAllowed for somebody else's, Refused
    for one that has its answer."""
    _require_asker(actor, at=at)
    found = SimulationRun.objects.select_for_update().filter(pk=run, kind=Kind.WHAT_IF).first()
    if found is None:
        raise errors.no_simulation()
    if found.asked_by_id != actor.pk:
        raise errors.anothers_simulation()
    if found.state not in OPEN:
        raise errors.simulation_over()
    found.state, found.finished_at, found.touched_at = State.STOPPED, at, at
    found.save(update_fields=["state", "finished_at", "touched_at"])
    return found


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
    old = SimulationRun.objects.filter(kind=Kind.FORECAST, asked_at__lt=at - FORECASTS_KEPT)
    removed, _tables = old.exclude(state__in=OPEN).delete()
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
    with sole(_LOCK) as mine:
        found = SimulationRun.objects.filter(pk=run_id, state__in=OPEN).first() if mine else None
        if found is None:
            return False
        if found.attempts >= ATTEMPTS:
            return _end(found, at=at, state=State.FAILED, error=DIED)
        _still(found).update(state=State.RUNNING, attempts=found.attempts + 1, percent=0, touched_at=at)
        state, error = State.FAILED, BROKEN
        with by_itself(f"simulation {run_id}", keep=lambda _error: None):
            state, error = _computed(found, at=at)
        return _end(found, at=at, state=state, error=error)


class _Cancelled(Exception):
    """Who asked has taken the question back."""


def _computed(run: SimulationRun, *, at: datetime) -> tuple[SimulationRun.State, str]:
    """How it has ended, and why it has failed."""
    try:
        run.outcome = _COMPUTE[Kind(run.kind)](run, at, _shown(run, at=at))
    except _Cancelled:
        return State.STOPPED, ""
    except NoHistory:
        return State.FAILED, NO_HISTORY
    except DomainError as no:
        return State.FAILED, str(no)
    return State.DONE, ""


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


def _end(run: SimulationRun, *, at: datetime, state: SimulationRun.State, error: str = "") -> bool:
    """False for a run that was cancelled meanwhile: that is its end."""
    facts = {"state": state, "finished_at": at, "touched_at": at, "error": error[:200], "outcome": run.outcome}
    return bool(_still(run).update(**facts, **({"percent": 100} if state == State.DONE else {})))


def _still(run: SimulationRun) -> QuerySet[SimulationRun]:
    """Its row, unless it has come to an end."""
    return SimulationRun.objects.filter(pk=run.pk, state__in=OPEN)


def _shown(run: SimulationRun, *, at: datetime) -> Percent:
    """Puts the progress on the page, each per cent once; asked after each replication whether to go on."""
    shown = 0

    def show(percent: int) -> None:
        nonlocal shown
        goes_on = _still(run).update(percent=percent, touched_at=at) if percent > shown else _still(run).exists()
        if not goes_on:
            raise _Cancelled
        shown = max(shown, percent)

    return show
