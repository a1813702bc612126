"""Reports that leave the house as files: asked with a purpose, written in the background, kept as they were written.

A file is a row. Who writes it holds a lock of the session, so a row that is being written and whose lock is free has
lost its worker: the next pass says so, and the person asks again. What was asked, and by whom, stands in the audit log
before the first line is written.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

from ops_center.clock import local_day
from ops_center.kernel.errors import Malformed, NotAllowed, Refused
from ops_center.web.tables import Row, Table, as_csv, as_xlsx
from organization.models import Branch, Employee
from organization.roles import Role
from organization.services.audit import record
from organization.services.jobs import by_itself, sole
from organization.services.nudges import nudge
from supervision import errors
from supervision.models import ReportRun
from supervision.periods import read_span
from supervision.report_tables import EXPORTERS, LISTERS, REPORTS, Report
from supervision.selectors.operations import Asked

TAKERS = tuple(dict.fromkeys((*EXPORTERS, *LISTERS)))  # who takes any file
MEDIA_TYPES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
}
FORMATS = tuple(MEDIA_TYPES)
MOST_OPEN = 3  # files of one person that are not written yet
KEPT = timedelta(days=30)
HEARD_EVERY = 2_000  # rows
_LOCK = 7_319_304  # the space of the locks of files; the second key is the file's
State = ReportRun.State
OPEN = (State.WAITING, State.RUNNING)


# -- asking ------------------------------------------------------------------------------------------------------------
@transaction.atomic
def ask_report(
    *, report: str, asked: Mapping[str, str], form: str, purpose: str, actor: Employee, at: datetime
) -> ReportRun:  # fmt: skip
    """Asks for a report as a file. ``asked`` are the filters of its page; a branch head's are of the own branch.

    Malformed for a report, format or filter that is not there, and without a purpose where people are named; NotAllowed
    for roles that export nothing; Refused while too many of this person's files wait.
    """
    if not actor.has_role(*TAKERS, on=local_day(at)):
        raise _not_a_taker(EXPORTERS)
    wanted = REPORTS.get(report)
    if wanted is None or form not in FORMATS:
        raise Malformed("bad_report", _("There is no such report, or no such format."))
    if not actor.has_role(*wanted.takers, on=local_day(at)):
        raise _not_a_taker(wanted.takers)
    filters = dict(asked)
    if (home := own_branch(actor, at)) is not None:
        filters["branch"] = home.code
    question = replace(question_of(filters, at=at), reader=actor)
    wanted.check(question, filters)
    if wanted.names_people(filters) and not purpose.strip():
        sentence = _("People are named in this file: say what it is for.")
        raise Malformed("no_purpose", sentence, {"purpose": sentence})
    if ReportRun.objects.filter(asked_by=actor, state__in=OPEN).count() >= MOST_OPEN:
        raise Refused(
            "too_many_files",
            _("%(count)s of your files are still being written. Wait until one is done.") % {"count": MOST_OPEN},
        )
    run = ReportRun.objects.create(
        report=report, asked=filters | {"form": form, "purpose": purpose.strip()}, asked_by=actor, asked_at=at,
        touched_at=at, language=get_language() or "zh-hans",
    )  # fmt: skip
    facts = {key: value for key, value in filters.items() if value}
    record(
        action="export_report", at=at, actor=actor, subject=f"{report} {question.span}", format=form,
        purpose=purpose.strip(), file=run.pk, **{f"by_{key}": value for key, value in facts.items()},
    )  # fmt: skip
    transaction.on_commit(lambda: nudge("supervision.write_report", run.pk))
    return run


def _not_a_taker(takers: Sequence[Role]) -> NotAllowed:
    return NotAllowed(
        "export_role",
        _("This file is taken by: %(roles)s. Ask one of them.")
        % {"roles": "、".join(str(role.label) for role in takers)},
    )


def own_branch(person: Employee, at: datetime) -> Branch | None:
    """The branch that a person's reports are about; ``None`` for who sees the bank."""
    return None if person.role_codes(local_day(at)) - {Role.BH} & set(EXPORTERS) else person.branch


def question_of(filters: Mapping[str, str], *, at: datetime) -> Asked:
    """Period and branch of a report's address. Malformed for a period that is none, OutOfSight for a strange branch."""
    span, code = read_span(filters.get("period", ""), at=at), filters.get("branch", "")
    branch = Branch.objects.filter(code=code).first() if code else None
    if code and branch is None:
        raise errors.no_branch()
    return Asked(span, branch, at)


def file_of(*, run: int, actor: Employee, at: datetime) -> ReportRun:
    """A file that this person asked for, to be downloaded; each download is recorded. Who has changed branch or role
    since then has no business any more with the figures of the old one."""
    roles = actor.role_codes(local_day(at))
    taken = [name for name, report in REPORTS.items() if not roles.isdisjoint(report.takers)]
    files = ReportRun.objects.filter(asked_by=actor, state=State.DONE, report__in=taken)
    if (home := own_branch(actor, at)) is not None:
        files = files.filter(asked__branch=home.code)
    found = files.filter(pk=run).first()
    if found is None:
        raise errors.no_report_file()
    record(action="download_report", at=at, actor=actor, subject=found.name, file=found.pk, digest=found.digest)
    return found


# -- writing -----------------------------------------------------------------------------------------------------------
def write_waiting(*, at: datetime) -> dict[str, int]:
    """The periodic pass: writes what waits, gives up what a worker died over, forgets files older than 30 days."""
    removed, _tables = ReportRun.objects.filter(asked_at__lt=at - KEPT).exclude(state__in=OPEN).delete()
    open_runs = list(ReportRun.objects.filter(state__in=OPEN).order_by("pk").values_list("pk", flat=True))
    return {"written": sum(write(run=pk, at=at) for pk in open_runs), "removed": removed}


def write(*, run: int, at: datetime) -> bool:
    """Writes one file, unless somebody is at it; whether it is there now. Safe at any moment and twice at once."""
    with sole(_LOCK, run) as mine:
        found = ReportRun.objects.filter(pk=run, state__in=OPEN).first() if mine else None
        if found is None:
            return False
        if found.state == State.RUNNING:
            _end(found, at=at, state=State.FAILED, error=_("The worker ended while it wrote this file. Ask again."))
            return False
        found.state, found.touched_at = State.RUNNING, at
        found.save(update_fields=["state", "touched_at"])

        def give_up(_error: Exception) -> None:
            _end(found, at=at, state=State.FAILED, error=_("The file could not be written. Tell the administrator."))

        with by_itself(f"report {run}", keep=give_up):
            _fill(found)
            _end(found, at=at, state=State.DONE)
        return found.state == State.DONE


def _fill(run: ReportRun) -> None:
    report, filters = REPORTS[run.report], run.asked
    question = replace(question_of(filters, at=run.asked_at), reader=run.asked_by)
    form = filters["form"]
    with override(run.language):
        rows = report.rows(question, filters)
        run.total_rows = report.count(question, filters)
        ReportRun.objects.filter(pk=run.pk).update(total_rows=run.total_rows)
        table = Table(_name(report), [str(column) for column in report.columns(filters)], _heard(rows, run))
        run.body = as_csv(table) if form == "csv" else as_xlsx([table], made_at=run.asked_at)
    run.digest = hashlib.sha256(run.body).hexdigest()
    run.name = f"{run.report}-{question.span}-{run.pk}.{form}"


def _name(report: Report) -> str:
    return str(report.label)[:31]  # what a workbook allows


def _heard(rows: Iterable[Row], run: ReportRun) -> Iterator[Row]:
    """Counts what is written; now and then the page is told."""
    for written, row in enumerate(rows, start=1):
        yield row
        run.done_rows = written
        if written % HEARD_EVERY == 0:
            ReportRun.objects.filter(pk=run.pk).update(done_rows=written)


def _end(run: ReportRun, *, at: datetime, state: ReportRun.State, error: str = "") -> None:
    run.state, run.finished_at, run.touched_at, run.error = state, at, at, error[:200]
    if state == State.DONE:
        run.total_rows = run.done_rows
    run.save()
