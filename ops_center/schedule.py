"""The periodic jobs of the product, in the order in which one pass takes them.

Every job may run at any moment, any number of times and twice at once: it looks for undone work and finds nothing the
second time; what goes out once a day is remembered in a row. So a scheduler that slept delays and never loses, and one
that stutters never doubles. On top of that a pass takes an advisory lock of its job, so that the work is done by one.
Each pass leaves a ``JobRun``. Celery beat asks for jobs by name (ops_center/tasks.py); ``manage.py sweep`` runs all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from applications.models import CardStatusImport
from applications.services.card_status import apply_file
from applications.services.endings import expire_lapsed
from applications.services.recounts import lay_outages
from incentives.services.accrual import accrue
from incentives.services.builds import build_unfinished
from incentives.services.caps import close_ended_months
from incentives.services.disputes import escalate_disputes
from incentives.services.holds import pull_complaint_holds, pull_holds
from incentives.services.releases import release_due_holds
from incentives.services.retiming import follow_verdicts
from ops_center.reconciliation import reconcile_nightly
from ops_center.web.idempotency import forget
from organization.services import letters
from organization.services.jobs import Counts, by_itself, forget_runs, job_run, silent_since
from supervision.services import (
    breaches,
    charges,
    daily,
    figures,
    justifications,
    notices,
    report_files,
    seals,
    simulations,
)
from supervision.services.broadcasts import tell_successes
from supervision.services.calendar import count_once_more
from supervision.services.complaint_clocks import watch_complaints
from supervision.services.digests import write_digests, write_group_digest
from supervision.services.recounts import go_on
from supervision.services.weekly import make_weekly_sheets

Act = Callable[[datetime], Counts]

MINUTE, FIVE_MINUTES, HOUR, DAY = timedelta(minutes=1), timedelta(minutes=5), timedelta(hours=1), timedelta(days=1)
# So far back the minute's pass looks for clocks that have stopped late; the night's looks at everything.
LOOK_BACK = 2 * DAY
LATE_AFTER = FIVE_MINUTES  # so much later than its time a job counts as late
JOB_RUNS_KEPT = timedelta(days=14)
KEYS_KEPT = timedelta(days=7)
LETTERS_KEPT = timedelta(days=90)
_LOCKS = 7_319  # the space of our advisory locks; the second key is the job's name


@dataclass(frozen=True, slots=True)
class Job:
    """A periodic job: what its runs are called, how often it is asked for, and the call."""

    name: str
    every: timedelta
    act: Act
    in_sweep: bool = True  # not what has a command of its own


def _card_files(at: datetime) -> Counts:
    """Files of the card system whose worker died, or never got the hint. A broken one does not keep back the others;
    the next pass takes it up again."""
    ended = (CardStatusImport.State.DONE, CardStatusImport.State.FAILED)
    waiting = list(CardStatusImport.objects.exclude(state__in=ended).order_by("pk").values_list("pk", flat=True))
    failed: list[Exception] = []
    for pk in waiting:
        with by_itself(f"card status file {pk}", keep=failed.append):
            apply_file(file_id=pk, at=at)
    return {"applied": len(waiting) - len(failed), "failed": len(failed)}


def _recent_breaches(at: datetime) -> Counts:
    """After a silence it looks back as far as the silence reaches, and says once from when to when nobody looked."""
    silent = silent_since(at)
    found = breaches.find_breaches(at=at, since=min(silent or at, at) - LOOK_BACK)
    if silent is not None:
        daily.tell_of_silence(since=silent, until=at)
    return {"found": found}


def _all_breaches(at: datetime) -> Counts:
    return {"found": breaches.find_breaches(at=at)}


JOBS: tuple[Job, ...] = (
    Job("card-files", FIVE_MINUTES, _card_files),
    Job("outages", MINUTE, lambda at: lay_outages(at=at)),
    Job("recount", MINUTE, lambda at: go_on(at=at)),
    Job("breaches", MINUTE, _recent_breaches),
    Job("breaches-all", DAY, _all_breaches),
    Job("warnings", MINUTE, lambda at: {"told": breaches.warn(at=at)}),
    Job("escalation", FIVE_MINUTES, lambda at: breaches.escalate(at=at)),
    Job("news", MINUTE, lambda at: {"told": notices.tell_waiting(at=at)}),
    Job("explanations", MINUTE, lambda at: justifications.close_lapsed_windows(at=at)),
    Job("accrual", MINUTE, lambda at: dict(accrue(at=at))),
    Job("retiming", MINUTE, lambda at: dict(follow_verdicts(at=at))),
    Job("holds", FIVE_MINUTES, lambda at: dict(release_due_holds(at=at))),
    Job("penalty-cap", HOUR, lambda at: dict(close_ended_months(at=at))),
    Job("payout-files", MINUTE, lambda at: dict(build_unfinished(at=at))),
    Job("complaints", MINUTE, lambda at: watch_complaints(at=at)),
    Job("complaint-holds", MINUTE, lambda at: dict(pull_complaint_holds(at=at))),
    Job("held-back", FIVE_MINUTES, lambda at: dict(pull_holds(at=at))),
    Job("disputes", HOUR, lambda at: {"told": escalate_disputes(at=at)}),
    Job("expiry", HOUR, lambda at: {"expired": expire_lapsed(at)}),
    Job("calls", MINUTE, lambda at: {"told": daily.remind_of_calls(at=at)}),
    Job("reminders", HOUR, lambda at: {"told": daily.remind_of_waits(at=at)}),
    Job("expiry-soon", HOUR, lambda at: {"told": daily.remind_of_expiry(at=at)}),
    Job("cut-off", MINUTE, lambda at: {"branches": daily.remind_of_cut_off(at=at)}),
    Job("undispatched", FIVE_MINUTES, lambda at: {"files": daily.list_undispatched(at=at)}),
    Job("weekly-sheets", HOUR, lambda at: {"made": make_weekly_sheets(at=at)}),
    Job("report-files", MINUTE, lambda at: report_files.write_waiting(at=at)),
    Job("successes", MINUTE, lambda at: {"told": tell_successes(at=at)}),
    Job("recount-again", FIVE_MINUTES, lambda at: {"moved": count_once_more(at=at)}),
    Job("calendar", HOUR, lambda at: {"missing": daily.alarm_missing_calendar(at=at)}),
    Job("verify", HOUR, lambda at: reconcile_nightly(at=at), in_sweep=False),
    Job("figures", FIVE_MINUTES, lambda at: dict(figures.count_touched_days(at=at))),
    Job("charges", FIVE_MINUTES, lambda at: charges.charge_breaches(at=at)),
    Job("forecast", FIVE_MINUTES, lambda at: simulations.ask_current(at=at), in_sweep=False),
    Job("simulations", MINUTE, lambda at: simulations.run_waiting(at=at), in_sweep=False),
    Job("seal", HOUR, lambda at: {"cases": seals.seal(at=at)}),
    Job("idempotency-keys", DAY, lambda at: {"removed": forget(before=at - KEYS_KEPT)}),
    Job("digests", FIVE_MINUTES, lambda at: {"people": write_digests(at=at), "groups": write_group_digest(at=at)}),
    Job("letters", MINUTE, lambda at: dict(letters.send_due(at=at))),
    Job("old-letters", DAY, lambda at: {"removed": letters.forget_letters(before=at - LETTERS_KEPT)}),
    Job("job-runs", DAY, lambda at: {"removed": forget_runs(before=at - JOB_RUNS_KEPT)}),
)
BY_NAME = {job.name: job for job in JOBS}


def run(job: Job, *, at: datetime, wait: bool = False) -> Counts | None:
    """One pass of a job. When another process is in it: waits for its turn, or with ``wait=False`` returns ``None``."""
    with _alone(job.name, wait=wait) as turn:
        if not turn:
            return None
        with job_run(job.name, at=at) as counts:
            counts.update(job.act(at))
        return counts


@contextmanager
def _alone(name: str, *, wait: bool) -> Iterator[bool]:
    """A lock of this session, so that a job may commit as often as it likes while it holds it."""
    with connection.cursor() as cursor:
        if wait:
            cursor.execute("SELECT pg_advisory_lock(%s, hashtext(%s))", [_LOCKS, name])
            mine = True
        else:
            cursor.execute("SELECT pg_try_advisory_lock(%s, hashtext(%s))", [_LOCKS, name])
            mine = bool(cursor.fetchone()[0])
    try:
        yield mine
    finally:
        if mine:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, hashtext(%s))", [_LOCKS, name])
