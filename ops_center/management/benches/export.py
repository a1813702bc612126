"""The export of a batch: frozen and written to all its files; HR's workbook against the writers of libraries, which get
the same rows from a list and only write."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from resource import RUSAGE_SELF, getrusage
from statistics import median
from time import perf_counter
from typing import Any

from django.db import connection
from django.utils.translation import override
from rustpy_xlsxwriter import write_worksheets

from incentives.lifecycle import Sheet, Verdict
from incentives.models import Assessment, PayoutBatch, PayoutFile, Registration
from incentives.services.accrual import accrue
from incentives.services.builds import build
from incentives.services.confirmations import certify, draft_confirmation
from incentives.services.payouts import freeze
from incentives.sheets import content_of, tables_of
from ops_center.clock import local_day, now
from ops_center.management.benches.activations import make_activations
from ops_center.web.tables import Cell, Table, as_xlsx
from organization.models import Branch, Employee, RoleAssignment
from organization.roles import Role

try:
    import xlsxwriter
except ImportError:  # it comes with the packages of the tests
    xlsxwriter = None

PER_CASE = 10  # lines; a plain case has six shares and five lines for having been in time
ROUNDS = 3


def bench_export(*, lines: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Seconds and peak memory of a batch of at least so many lines, and the ratio to the fastest writer."""
    at = now()
    batch = _frozen(lines=lines, at=at, say=say)
    seconds = {"build": _timed(lambda: build(batch=batch.pk, at=at))}
    peak = getrusage(RUSAGE_SELF).ru_maxrss // 1024  # before the writers get their lists
    say(f"all files: {seconds['build']:.2f} s, {peak} MiB")
    with override("zh-hans"):
        rows = [(table, list(table.rows)) for table in tables_of(batch, Sheet.HR, progress=lambda lines: None)]
    arms: dict[str, Callable[[], object]] = {
        "ours, with reading": lambda: content_of(batch, Sheet.HR, PayoutFile.Format.XLSX),
        "ours": lambda: as_xlsx([Table(table.name, table.columns, listed) for table, listed in rows], made_at=at),
        "rustpy-xlsxwriter": lambda: _by_rustpy(rows),
    }
    if xlsxwriter is not None:
        arms["xlsxwriter"] = lambda: _by_xlsxwriter(rows)
    taken: dict[str, list[float]] = {name: [] for name in arms}
    for turn in range(ROUNDS):
        for name, arm in arms.items():
            taken[name].append(_timed(arm))
            say(f"HR's workbook, round {turn + 1}, {name}: {taken[name][-1]:.2f} s")
    workbook = {name: round(median(times), 3) for name, times in taken.items()}
    fastest = min(workbook[name] for name in workbook if not name.startswith("ours"))
    return {
        "lines": batch.lines.count(), "build": round(seconds["build"], 2), "peak_mib": peak, "workbook": workbook,
        "ratio": round(workbook["ours"] / fastest, 2),
        "ratio_with_reading": round(workbook["ours, with reading"] / fastest, 2),
    }  # fmt: skip


def _timed(act: Callable[[], object]) -> float:
    begun = perf_counter()
    act()
    return perf_counter() - begun


def _frozen(*, lines: int, at: datetime, say: Callable[[str], None]) -> PayoutBatch:
    """A batch over a document of so many cases, and how long its two ends took."""
    office = Branch.objects.order_by("pk")[0]
    tracker, supervisor, hr = (
        Employee.objects.create(number=f"PAY{role}", name=role, branch=office, password="!")  # noqa: S106
        for role in (Role.TR, Role.SUP, Role.HR)
    )
    for person, role in ((tracker, Role.TR), (supervisor, Role.SUP), (hr, Role.HR)):
        RoleAssignment.objects.create(employee=person, role=role, starts_on=local_day(at))
    make_activations(cases=lines // PER_CASE + 1, at=at, is_mixed=False)
    accrue(at=at)
    Registration.objects.bulk_create(
        (Registration(assessment=row, by=tracker, at=at) for row in Assessment.objects.filter(verdict=Verdict.EARNED)),
        batch_size=5_000,
    )
    _analyze()  # autovacuum is slower than a bench
    draft = draft_confirmation(period=f"{local_day(at):%Y-%m}", actor=tracker, at=at)
    _analyze()
    say(f"drafted: {draft.entry_count} lines")
    no = certify(no=draft.no, actor=supervisor, at=at).no
    _analyze()
    begun = perf_counter()
    batch = freeze(confirmations=[no], actor=hr, at=at)
    say(f"frozen: {perf_counter() - begun:.2f} s")
    return batch


def _analyze() -> None:
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


Rows = Sequence[tuple[Table, Sequence[tuple[Cell, ...]]]]


def _by_rustpy(tables: Rows) -> None:
    records: list[tuple[str, Any]] = [(table.name, _dicts(table.columns, rows)) for table, rows in tables]
    write_worksheets(records, io.BytesIO())


def _dicts(columns: Sequence[str], rows: Sequence[tuple[Cell, ...]]) -> Iterator[dict[str, Cell]]:
    return (dict(zip(columns, row, strict=True)) for row in rows)


def _by_xlsxwriter(tables: Rows) -> None:
    book = xlsxwriter.Workbook(io.BytesIO(), {"constant_memory": True})
    for table, rows in tables:
        page = book.add_worksheet(table.name)
        page.write_row(0, 0, table.columns)
        for place, row in enumerate(rows, start=1):
            for column, cell in enumerate(row):
                if isinstance(cell, str):
                    page.write_string(place, column, cell)
                else:
                    page.write_number(place, column, float(cell) if isinstance(cell, Decimal) else cell)
    book.close()
