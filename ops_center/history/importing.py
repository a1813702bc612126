"""Brings a file of old records into the bank: checked as a whole, then written in batches; twice changes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from django.db import connection

from applications.models import Application, Product
from ops_center.history.bpi import BadFile, BadLine, Bank, Record, opened, past_case, records
from ops_center.history.past import PastCase
from ops_center.history.writer import HistoryWriter
from organization.models import Employee

_IMPORT_LOCK = 7_319_201  # one import at a time: both would find a case absent


@dataclass
class Report:
    """What an import did. Counts of stages and outcomes are of the file, whether its cases were new or not."""

    written: int = 0
    already: int = 0
    bad: list[tuple[int, str]] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)

    def count(self, record: Record) -> None:
        self.outcomes[record.outcome] += 1
        self.counts["cases"] += 1
        for name, column in STAGE_COUNTS.items():
            self.counts[name] += column in record.stages
        self.counts["returned_cases"] += record.returned_count > 0
        self.counts["returns"] += record.returned_count

    def as_json(self) -> dict[str, object]:
        return {
            "cases": self.counts["cases"], "written": self.written, "already_there": self.already,
            "skipped": len(self.bad), **{name: self.counts[name] for name in STAGE_COUNTS},
            "returned_cases": self.counts["returned_cases"], "returns": self.counts["returns"],
            "outcomes": dict(sorted(self.outcomes.items())),
        }  # fmt: skip


STAGE_COUNTS = {
    "taken_in": "collected_at",
    "check_passed": "credit_check_at",
    "entry_complete": "entry_at",
    "issued": "offer_sent_at",
    "activated": "activated_at",
}


def import_file(
    path: Path, *, shift: timedelta, prefix: str, skip_bad: bool, at: datetime, progress: Callable[[int], None]
) -> Report:
    """Imports the records of a file. ``prefix`` and case id make the form number, by which a case is known again.

    Raises ``BadFile`` when the file cannot be read, or when a line is wrong and ``skip_bad`` is not said: then nothing
    is written. The report lists what was skipped.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [_IMPORT_LOCK])
        if not cursor.fetchone()[0]:
            raise BadFile("another import is running; start this one when it has ended")
    try:
        return _import_file(path, shift=shift, prefix=prefix, skip_bad=skip_bad, at=at, progress=progress)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_IMPORT_LOCK])


def _import_file(
    path: Path, *, shift: timedelta, prefix: str, skip_bad: bool, at: datetime, progress: Callable[[int], None]
) -> Report:
    bank = Bank(Employee.objects.with_standing(), Product.objects.filter(is_active=True))
    report = Report()
    for _record in _good(path, bank, report, shift=shift, at=at):
        pass
    if report.bad and not skip_bad:
        line, why = report.bad[0]
        more = f" ({len(report.bad)} bad lines in all; --skip-bad imports the others)" if len(report.bad) > 1 else ""
        raise BadFile(f"line {line}: {why}{more}; nothing was imported")
    known = set(Application.objects.filter(is_imported=True).exclude(form_no="").values_list("form_no", flat=True))
    report.bad.clear()

    def fresh() -> Iterator[PastCase]:
        for record in _good(path, bank, report, shift=shift, at=at):
            report.count(record)
            form_no = f"{prefix}-{record.case_id}"
            if form_no in known:
                report.already += 1
            else:
                yield past_case(record, bank, form_no=form_no)

    for batch in HistoryWriter().write(fresh()):
        report.written += len(batch)
        progress(report.written)
    return report


def _good(path: Path, bank: Bank, report: Report, *, shift: timedelta, at: datetime) -> Iterator[Record]:
    with opened(path) as file:
        for line, record in records(file, shift=shift, now=at):
            try:
                if isinstance(record, BadLine):
                    raise record
                bank.check(record)
            except BadLine as why:
                report.bad.append((line, str(why)))
            else:
                yield record
