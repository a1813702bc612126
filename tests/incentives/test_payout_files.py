"""The files of a batch: written one by one, taken up again by whoever comes next, and the same whoever wrote them."""

from __future__ import annotations

import csv
import hashlib
import io
import os
import random
import shutil
import signal
import subprocess
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.utils.translation import override
from python_calamine import CalamineWorkbook

from incentives.lifecycle import Sheet
from incentives.models import Assessment, Confirmation, PayoutBatch, PayoutBuild, Registration
from incentives.services import payouts
from incentives.services.accrual import accrue
from incentives.services.builds import UNITS, build, build_unfinished
from incentives.services.confirmations import certify, draft_confirmation
from incentives.services.payouts import download, freeze, make_payout, mark_paid
from incentives.sheets import content_of, tables_of
from ops_center.embedded.processes import Child
from ops_center.kernel.errors import Refused
from ops_center.management.benches.activations import make_activations
from ops_center.web.tables import Table, as_csv, as_xlsx
from organization.models import AuditRecord, Employee, Message, RoleAssignment
from tests.cast import Cast, at
from tests.incentives.conftest import priced_bank
from tests.incentives.test_api import As

WHEN = at("2026-11-24 10:00")
LATER = at("2026-11-27 10:00")


def crowded(bank: Cast, *, cases: int) -> Confirmation:
    """A certified document over so many cases of every kind, with some ten lines each."""
    make_activations(cases=cases, at=WHEN, is_mixed=True)
    accrue(at=WHEN)
    earned = Assessment.objects.filter(verdict="EARNED")
    Registration.objects.bulk_create(Registration(assessment=row, by=bank.zheng_weiguo, at=WHEN) for row in earned)
    draft = draft_confirmation(period="2026-11", actor=bank.zheng_weiguo, at=WHEN)
    return certify(no=draft.no, actor=bank.feng_zhiqiang, at=WHEN)


@pytest.fixture
def document(bank: Cast) -> Confirmation:
    return crowded(bank, cases=20)


@pytest.fixture
def frozen(bank: Cast, document: Confirmation) -> PayoutBatch:
    """A batch whose files nobody has begun."""
    return freeze(confirmations=[document.no], actor=bank.su_min, at=LATER)


def drawn(batch: PayoutBatch) -> dict[tuple[str, str], bytes]:
    """Every file as it would be written now."""
    return {(sheet.value, form.value): content_of(batch, sheet, form) for sheet, form in UNITS}


def stored(batch: PayoutBatch) -> dict[tuple[str, str], bytes]:
    return {(file.sheet, file.format): bytes(file.content) for file in batch.files.all()}


DETAILS = {  # every line once: file → table and column of the amount
    ("hr", "xlsx"): ("明细", 4), ("vendor", "xlsx"): ("明细", 4), ("customers", "xlsx"): ("客户推荐奖励清单", 2),
    ("pool", "xlsx"): ("待分配池", 3),
}  # fmt: skip


def sheet_of(content: bytes, name: str) -> list[list[object]]:
    return CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_name(name).to_python()


# -- when the files are there ------------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_a_small_batch_has_its_files_with_the_answer(bank: Cast, document: Confirmation) -> None:
    batch = make_payout(confirmations=[document.no], actor=bank.su_min, at=LATER)
    assert (batch.build.is_finished, batch.build.percent, batch.build.attempts) == (True, 100, 1)
    assert stored(batch) == drawn(batch)
    for file in batch.files.all():
        assert (hashlib.sha256(bytes(file.content)).hexdigest(), len(bytes(file.content))) == (file.digest, file.size)
    kept = AuditRecord.objects.get(action="build_payout").facts["digests"]
    assert kept == {f"{file.sheet}.{file.format}": file.digest for file in batch.files.all()}


@pytest.mark.django_db(transaction=True)
def test_the_files_of_a_large_batch_are_written_by_the_worker(worker: Child, monkeypatch: pytest.MonkeyPatch) -> None:
    bank = priced_bank()
    document = crowded(bank, cases=5)
    monkeypatch.setattr(payouts, "AT_ONCE", 0)
    answer = As(bank.su_min).post("payouts/", confirmations=[document.no])
    assert answer.status_code == 201
    batch = PayoutBatch.objects.get()
    patience = time.monotonic() + 60
    while not PayoutBuild.objects.get().is_finished:
        assert time.monotonic() < patience, worker.last_words()
        time.sleep(0.1)
    assert stored(batch) == drawn(batch)


@pytest.mark.django_db
def test_what_is_not_written_yet_is_neither_fetched_nor_paid(bank: Cast, frozen: PayoutBatch) -> None:
    for act in (
        lambda: download(batch=frozen.pk, sheet="hr", form="xlsx", actor=bank.su_min, at=LATER),
        lambda: mark_paid(batch=frozen.pk, actor=bank.su_min, at=LATER),
    ):
        with pytest.raises(Refused, match="0 % done") as no:
            act()
        assert no.value.code == "not_ready"
    assert build_unfinished(at=LATER) == {"batches": 1, "finished": 1}
    assert build_unfinished(at=LATER) == {"batches": 0, "finished": 0}
    download(batch=frozen.pk, sheet="hr", form="xlsx", actor=bank.su_min, at=LATER)
    assert mark_paid(batch=frozen.pk, actor=bank.su_min, at=LATER).is_paid


@pytest.mark.django_db
def test_the_page_asks_how_far_the_files_are_until_they_are_complete(bank: Cast, frozen: PayoutBatch) -> None:
    hr = Client(headers={"Accept-Language": "en"})
    hr.force_login(bank.su_min, backend="django.contrib.auth.backends.ModelBackend")
    address, htmx = f"/payouts/{frozen.pk}/", {"HX-Request": "true"}
    PayoutBuild.objects.update(done_rows=frozen.build.total_rows // 2)
    page = hr.get(address).content.decode()
    assert 'hx-trigger="every 1s"' in page
    assert "Mark as paid" not in page
    assert "50 % of the lines" in hr.get(address, headers=htmx).content.decode()
    assert "Being written, 50 %" in hr.get("/payouts/").content.decode()
    assert hr.get(f"{address}hr.xlsx").status_code == 409
    build(batch=frozen.pk, at=LATER)
    assert hr.get(address, headers=htmx)["HX-Refresh"] == "true"
    assert "every 1s" not in hr.get(address).content.decode()


@pytest.mark.django_db
def test_one_process_writes_at_a_time(frozen: PayoutBatch) -> None:
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(7319102, %s)", [frozen.pk])
        assert build(batch=frozen.pk, at=LATER) is False
        assert not frozen.files.exists()
        cursor.execute("SELECT pg_advisory_unlock(7319102, %s)", [frozen.pk])
    other.close()
    assert build(batch=frozen.pk, at=LATER) is True


@contextmanager
def no_room_for(files: str) -> Iterator[None]:
    """The database takes none of these files."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION fails() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE 'no room'; END$$;"
            "CREATE TRIGGER fails BEFORE INSERT ON incentives_payoutfile FOR EACH ROW "
            f"WHEN ({files}) EXECUTE FUNCTION fails()"
        )
        yield
        cursor.execute("DROP TRIGGER fails ON incentives_payoutfile")


@pytest.mark.django_db
def test_a_file_that_fails_keeps_the_others_and_is_taken_up_again(bank: Cast, frozen: PayoutBatch) -> None:
    with no_room_for("NEW.sheet = 'customers'"):
        for _pass in range(3):
            assert build(batch=frozen.pk, at=LATER) is False
    state = PayoutBuild.objects.get()
    assert (state.attempts, state.is_finished, frozen.files.count()) == (3, False, 4)
    assert state.error
    told = set(Message.objects.filter(kind="payout_stuck").values_list("employee", flat=True))
    assert told == {bank.su_min.pk, bank.tian_ye.pk}
    assert build(batch=frozen.pk, at=LATER) is True
    assert stored(frozen) == drawn(frozen)


@pytest.mark.django_db
def test_the_files_call_people_as_they_were_when_the_batch_was_made(bank: Cast, frozen: PayoutBatch) -> None:
    """The workbook is written and its CSV is not; people are promoted, some dated back; another process goes on."""
    whole = drawn(frozen)
    with no_room_for("NEW.format = 'csv'"):
        assert build(batch=frozen.pk, at=LATER) is False
    assert set(stored(frozen)) == {("hr", "xlsx")}
    people = Employee.objects.filter(pk__in=frozen.lines.values("entry__payee"))
    for person in people:
        RoleAssignment.objects.create(employee=person, role="MGT", starts_on=date(2026, 1, 1))
    people.filter(vendor="").update(name="改名", branch=bank.branches["MG01"], employment="RETIREE")
    people.exclude(vendor="").update(name="改名", branch=bank.branches["MG01"], vendor="另一家外包")
    assert build(batch=frozen.pk, at=LATER) is True
    assert stored(frozen) == whole
    assert not any("改名".encode() in content for content in whole.values())


# -- kill -9 -----------------------------------------------------------------------------------------------------------
def killed(batch: PayoutBatch, *, after: float) -> None:
    """A process that builds the batch, and is killed after so many seconds."""
    child = os.fork()
    if child == 0:
        connection.connection = None  # the parent's; this process opens its own
        try:
            build(batch=batch.pk, at=LATER)
        finally:
            os._exit(0)
    time.sleep(after)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def survives(seed: int, *, cases: int) -> None:
    bank = priced_bank()
    batch = freeze(confirmations=[crowded(bank, cases=cases).no], actor=bank.su_min, at=LATER)
    begun = time.monotonic()
    whole = drawn(batch)
    chance = random.Random(seed)
    for _kill in range(2):
        killed(batch, after=chance.uniform(0, 1.2 * (time.monotonic() - begun)))
        assert stored(batch).items() <= whole.items()
    while not build(batch=batch.pk, at=LATER):  # the server may still be letting go of the dead process's lock
        time.sleep(0.05)
    assert stored(batch) == whole
    lines = [row[column] for file, (name, column) in DETAILS.items() for row in sheet_of(whole[file], name)[1:]]
    assert len(lines) == batch.lines.count() == batch.build.total_rows // 2
    assert sum(Decimal(str(amount)) for amount in lines) == Decimal(batch.total_fen) / 100
    assert AuditRecord.objects.filter(action="build_payout").count() == 1


@pytest.mark.django_db(transaction=True)
def test_files_are_complete_and_the_same_after_a_killed_process() -> None:
    survives(20261127, cases=30)


@pytest.mark.long
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("seed", range(20))
def test_twenty_killed_processes_of_a_batch_of_a_thousand_lines(seed: int) -> None:
    survives(seed, cases=100)


# -- formats -----------------------------------------------------------------------------------------------------------
FORMULAS = ["=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠", '"=', ";="]


def test_no_text_of_any_column_becomes_a_formula_in_any_format() -> None:
    """12 beginnings × columns × 2 formats; the text stays readable."""
    columns = ("姓名", "机构", "原因")
    rows = [tuple(f"{start}cmd|{column}!A1" for column in columns) for start in FORMULAS]
    table = Table("甲", columns, rows)
    written = list(csv.reader(io.StringIO(as_csv(table).decode("utf-8-sig"), newline="")))[1:]
    cells = [cell for row in written for cell in row]
    assert len(cells) == 36
    assert all(cell.removeprefix(";").startswith("'") for cell in cells)
    assert [cell.replace("'", "") for cell in cells] == [cell for row in rows for cell in row]
    book = zipfile.ZipFile(io.BytesIO(as_xlsx([table], made_at=WHEN))).read("xl/worksheets/sheet1.xml").decode()
    assert (book.count("<f>"), book.count('t="inlineStr"')) == (0, 39)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_no_formula_begins_where_another_spreadsheet_cuts_a_cell_in_two(separator: str) -> None:
    table = Table("甲", ("=姓名", "单位"), [(f"甲{separator} =1+1", f'乙"{separator}@SUM(1)')])
    rows = csv.reader(io.StringIO(as_csv(table).decode("utf-8-sig"), newline=""), delimiter=separator)
    assert not [cell for row in rows for cell in row if cell.strip().startswith(("=", "@"))]


def test_a_workbook_keeps_text_as_text_and_amounts_with_two_decimals_under_a_frozen_row() -> None:
    row = ("00123", Decimal("-90.00"), Decimal("0.07"), 12)
    content = as_xlsx([Table("甲", ("工号", "冲回", "应发", "笔数"), [row]), Table("空", ("工号",), [])], made_at=WHEN)
    assert sheet_of(content, "甲")[1] == ["00123", -90.0, 0.07, 12.0]
    assert sheet_of(content, "空") == [["工号"]]
    book = zipfile.ZipFile(io.BytesIO(content))
    first = book.read("xl/worksheets/sheet1.xml").decode()
    assert 'ySplit="1"' in first
    assert 'state="frozen"' in first
    assert 'formatCode="#,##0.00"' in book.read("xl/styles.xml").decode()
    assert "2026-11-24T02:00:00Z" in book.read("docProps/core.xml").decode()


@pytest.mark.skipif(not shutil.which("soffice"), reason="LibreOffice is not installed here")
@pytest.mark.django_db
def test_libreoffice_reads_the_workbook_as_it_was_written(bank: Cast, document: Confirmation, tmp_path: Path) -> None:
    """Every sheet of HR's workbook, turned into CSV by LibreOffice, is the CSV of the same rows."""
    batch = make_payout(confirmations=[document.no], actor=bank.su_min, at=LATER)
    content = stored(batch)["hr", "xlsx"]
    (tmp_path / "hr.xlsx").write_bytes(content)
    every_sheet = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,false,false,false,false,-1"
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    subprocess.run(
        ["soffice", profile, "--headless", "--convert-to", every_sheet, "--outdir", tmp_path, tmp_path / "hr.xlsx"],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    with override("zh-hans"):
        tables = [(table, list(table.rows)) for table in tables_of(batch, Sheet.HR, progress=lambda lines: None)]
    for table, rows in tables:
        read = list(csv.reader(io.StringIO((tmp_path / f"hr-{table.name}.csv").read_text("utf-8"))))
        assert read[0] == list(table.columns)
        assert len(read) == 1 + len(rows)
        for cells, row in zip(read[1:], rows, strict=True):
            assert [type(meant)(cell) for cell, meant in zip(cells, row, strict=True)] == list(row)
