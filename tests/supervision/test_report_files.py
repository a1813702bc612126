"""Reports as files: who may take which, what is said for it, what stands in them, and what a dead worker leaves."""

from __future__ import annotations

import csv
import hashlib
import io
from datetime import timedelta
from zipfile import ZipFile

import pytest
from django.db import connections
from django.test import Client

from applications.lifecycle import State
from applications.models import Applicant, Application
from ops_center.kernel.errors import Malformed, NotAllowed, OutOfSight, Refused
from organization.models import AuditRecord, Employee, RoleAssignment
from organization.roles import Role
from supervision.models import ReportRun
from supervision.services import report_files
from supervision.services.report_files import KEPT, ask_report, file_of, write, write_waiting
from tests.cast import at
from tests.supervision.conftest import Bank, found_bank

pytestmark = pytest.mark.django_db
NOW = at("2026-11-25 10:00")
IN_MONTH = at("2026-11-10 10:00")


def page_of(person) -> Client:
    client = Client()
    client.force_login(person)
    return client


def ask(
    bank: Bank, person=None, *, report: str = "list", form: str = "csv", purpose: str = "月度会议", **asked
) -> ReportRun:
    asked = {"period": "2026-11"} | ({"figure": "intake"} if report == "list" else {}) | asked
    return ask_report(
        report=report, asked=asked, form=form, purpose=purpose, actor=person or bank.people.sup, at=NOW
    )  # fmt: skip


def lines_of(run: ReportRun) -> list[list[str]]:
    run.refresh_from_db()
    return list(csv.reader(io.StringIO(bytes(run.body).decode("utf-8-sig"))))


def test_a_list_is_written_with_its_rows_digest_and_record(bank: Bank) -> None:
    numbers = {bank.case(State.RECEIVED, taken_in_at=IN_MONTH).number for _n in range(3)}
    run = ask(bank)
    assert write(run=run.pk, at=NOW)
    head, *rows = lines_of(run)
    assert head[0] == "申请编号"
    assert {row[0] for row in rows} == numbers
    assert (run.state, run.total_rows, run.done_rows) == ("DONE", 3, 3)
    assert run.digest == hashlib.sha256(bytes(run.body)).hexdigest()
    taken = AuditRecord.objects.get(action="export_report")
    assert taken.facts["purpose"] == "月度会议"
    assert taken.facts["by_figure"] == "intake"
    assert file_of(run=run.pk, actor=bank.people.sup, at=NOW).name.endswith(".csv")
    assert AuditRecord.objects.filter(action="download_report").count() == 1


def test_workbook_and_csv_come_from_the_same_rows_and_are_the_same_when_written_again(bank: Bank) -> None:
    for _n in range(3):
        bank.case(State.RECEIVED, taken_in_at=IN_MONTH)
    runs = [ask(bank, form=form) for form in ("xlsx", "csv", "xlsx")]
    for run in runs:
        write(run=run.pk, at=NOW)
        run.refresh_from_db()
    assert runs[0].digest == runs[2].digest
    with ZipFile(io.BytesIO(bytes(runs[0].body))) as book:
        text = book.read("xl/sharedStrings.xml").decode() if "xl/sharedStrings.xml" in book.namelist() else "".join(
            book.read(name).decode() for name in book.namelist() if "sheet1" in name
        )  # fmt: skip
    for row in lines_of(runs[1])[1:]:
        assert row[0] in text


def test_no_cell_becomes_a_formula(bank: Bank) -> None:
    Employee.objects.filter(pk=bank.people.cs.pk).update(name="=HYPERLINK(1)")
    bank.case(State.RECEIVED, taken_in_at=IN_MONTH)
    run = ask(bank)
    write(run=run.pk, at=NOW)
    [row] = lines_of(run)[1:]
    assert row[6].startswith("'=")


@pytest.mark.parametrize("report", ["operations", "quality", "rules"])
def test_each_report_leaves_as_a_file(bank: Bank, report: str) -> None:
    bank.case(State.ACTIVATED, taken_in_at=IN_MONTH, activated_at=IN_MONTH)
    run = ask(bank, report=report)
    assert write(run=run.pk, at=NOW)
    rows = lines_of(run)
    assert len({len(row) for row in rows}) == 1
    assert run.total_rows == len(rows) - 1 >= 1


def test_only_who_exports_asks_and_a_head_gets_the_own_branch(bank: Bank) -> None:
    bank.case(State.RECEIVED, taken_in_at=IN_MONTH)
    bank.case(State.RECEIVED, taken_in_at=IN_MONTH, branch=bank.branches.yx01)
    for person in (bank.people.tr, bank.people.cm, bank.people.emp):
        with pytest.raises(NotAllowed):
            ask(bank, person)
    run = ask(bank, bank.people.bh2, branch="BH01")  # the own one, whatever the form says
    write(run=run.pk, at=NOW)
    assert [row[4] for row in lines_of(run)[1:]] == ["云栖支行"]
    for person in (bank.people.mgt, bank.people.aud):
        write(run=(other := ask(bank, person)).pk, at=NOW)
        assert len(lines_of(other)) == 3


def test_collectors_take_their_own_cases_as_the_list_shows_them_and_a_head_the_branch_s(bank: Bank) -> None:
    mine = bank.case(State.RECEIVED, collector=bank.people.cm)
    bank.case(State.ENTERED, collector=bank.people.cm)
    bank.case(State.RECEIVED, collector=bank.people.cm2, branch=bank.branches.yx01)
    Applicant(application=mine, name_mask="王**").save()
    for other in Application.objects.exclude(pk=mine.pk):
        Applicant(application=other).save()
    files = {
        name: ask(bank, getattr(bank.people, name), report="cases", period="", **filters)
        for name, filters in (("cm", {"state": "RECEIVED"}), ("cs", {}), ("bh", {}), ("bh2", {}))
    }
    found = {}
    for name, run in files.items():
        assert write(run=run.pk, at=NOW)
        found[name] = [(row[2], row[5]) for row in lines_of(run)[1:]]
    assert found["cm"] == [(mine.number, "王**")]
    assert [len(found[name]) for name in ("cs", "bh", "bh2")] == [0, 2, 1]
    assert (
        AuditRecord.objects.filter(action="export_report", actor=bank.people.cm).get().facts["by_state"] == "RECEIVED"
    )
    for person, report in ((bank.people.cm, "operations"), (bank.people.sup, "cases")):
        with pytest.raises(NotAllowed):
            ask(bank, person, report=report)
    with pytest.raises(Malformed):
        ask(bank, bank.people.cm, report="cases", purpose=" ")
    with pytest.raises(Malformed):  # a client's own value is no filter
        ask(bank, bank.people.cm, report="cases", search="13800001234")


def test_a_collector_asks_on_the_list_and_fetches_the_own_file_only(bank: Bank) -> None:
    page = page_of(bank.people.cm)
    asked = {"report": "cases", "state": "RECEIVED", "form": "csv", "purpose": "客户回访"}
    assert 'value="cases"' in page.get("/applications/?state=RECEIVED").text
    assert page.post("/reports/files/ask/", asked).status_code == 302
    write_waiting(at=NOW)
    run = ReportRun.objects.get()
    assert page.get(f"/reports/files/{run.pk}/").status_code == 200
    assert "/reports/operations/" not in page.get("/reports/files/").text
    assert page_of(bank.people.cs).get(f"/reports/files/{run.pk}/").status_code == 404
    assert 'value="cases"' not in page_of(bank.people.tr).get("/applications/").text


def test_a_file_that_names_people_needs_a_purpose(bank: Bank) -> None:
    for facts in ({"report": "list"}, {"report": "quality", "by": "collector"}, {"report": "rules"}):
        with pytest.raises(Malformed) as no:
            ask(bank, purpose=" ", **facts)
        assert no.value.code == "no_purpose"
    assert ask(bank, report="operations", purpose="").pk
    assert ask(bank, report="quality", purpose="").pk
    assert ask(bank, report="list", figure="bags", purpose="").pk


@pytest.mark.parametrize(
    "facts",
    [
        {"report": "weather"}, {"form": "pdf"}, {"figure": "weather"}, {"side": "left"}, {"period": "2026-13"},
        {"report": "operations", "figure": "intake"}, {"report": "quality", "by": "moon"}, {"by": "branch"},
    ],
)  # fmt: skip
def test_what_no_report_knows_is_refused(bank: Bank, facts: dict[str, str]) -> None:
    with pytest.raises(Malformed):
        ask(bank, **facts)
    assert not ReportRun.objects.exists()


def test_three_files_may_wait_and_no_fourth(bank: Bank) -> None:
    for _n in range(3):
        ask(bank)
    with pytest.raises(Refused) as no:
        ask(bank)
    assert no.value.code == "too_many_files"
    write_waiting(at=NOW)
    assert ask(bank).pk


def test_files_are_the_asker_s_own(bank: Bank) -> None:
    run = ask(bank)
    with pytest.raises(OutOfSight):
        file_of(run=run.pk, actor=bank.people.sup, at=NOW)  # not written yet
    write(run=run.pk, at=NOW)
    with pytest.raises(OutOfSight):
        file_of(run=run.pk, actor=bank.people.mgt, at=NOW)
    assert page_of(bank.people.mgt).get(f"/reports/files/{run.pk}/").status_code == 404
    answer = page_of(bank.people.sup).get(f"/reports/files/{run.pk}/")
    assert answer.content == bytes(ReportRun.objects.get().body)
    assert page_of(bank.people.tr).get("/reports/files/").status_code == 403


def test_who_has_changed_branch_takes_no_figures_of_the_old_one(bank: Bank) -> None:
    head = bank.people.bh
    run = ask(bank, head)
    write(run=run.pk, at=NOW)
    assert file_of(run=run.pk, actor=head, at=NOW).asked["branch"] == head.branch.code
    head.branch = bank.people.bh2.branch
    head.save(update_fields=["branch"])
    with pytest.raises(OutOfSight):
        file_of(run=run.pk, actor=head, at=NOW)


def test_who_has_lost_the_role_takes_no_file_of_it_although_another_role_takes_files_too(bank: Bank) -> None:
    person = bank.people.sup
    run = ask(bank, person, branch=person.branch.code)
    write(run=run.pk, at=NOW)
    assert file_of(run=run.pk, actor=person, at=NOW)
    RoleAssignment.objects.filter(employee=person).update(role=Role.CM)
    with pytest.raises(OutOfSight):
        file_of(run=run.pk, actor=Employee.objects.get(pk=person.pk), at=NOW)
    again = page_of(Employee.objects.get(pk=person.pk))
    assert again.get("/reports/files/").status_code == 200
    assert again.get(f"/reports/files/{run.pk}/").status_code == 404


def test_the_page_asks_and_shows_how_far_it_is(bank: Bank) -> None:
    page = page_of(bank.people.sup)
    asked = {"report": "list", "figure": "intake", "period": "2026-11", "form": "xlsx", "purpose": "月度会议"}
    assert page.post("/reports/files/ask/", asked).status_code == 302
    waiting = page.get("/reports/files/").text
    assert "load delay:2s" in waiting
    write_waiting(at=NOW)
    written = page.get("/reports/files/").text
    assert "load delay:2s" not in written
    assert ReportRun.objects.get().digest[:16] in written
    assert page.post("/reports/files/ask/", asked | {"purpose": ""}).status_code == 400
    assert page.post("/reports/files/ask/", asked | {"purpose": "客户13800001234"}).status_code == 400


def test_what_a_dead_worker_left_is_said_by_the_next_pass(bank: Bank) -> None:
    run = ask(bank)
    ReportRun.objects.filter(pk=run.pk).update(state="RUNNING", done_rows=7)  # and nobody holds its lock
    assert write_waiting(at=NOW)["written"] == 0
    run.refresh_from_db()
    assert run.state == "FAILED"
    assert run.error
    assert write_waiting(at=NOW)["written"] == 0


def test_a_report_that_breaks_off_fails_with_a_sentence_and_keeps_back_no_other(bank: Bank) -> None:
    broken = ask(bank)
    ReportRun.objects.filter(pk=broken.pk).update(report="gone")
    ask(bank)
    assert write_waiting(at=NOW)["written"] == 1
    broken.refresh_from_db()
    assert (broken.state, bool(broken.error)) == ("FAILED", True)


def test_files_are_forgotten_after_thirty_days(bank: Bank) -> None:
    run = ask(bank)
    write(run=run.pk, at=NOW)
    assert write_waiting(at=NOW + KEPT)["removed"] == 0
    assert write_waiting(at=NOW + KEPT + timedelta(seconds=1))["removed"] == 1


@pytest.mark.django_db(transaction=True)
def test_who_is_at_it_is_left_alone(transactional_db) -> None:
    """Another session holds the lock of the file: this one neither writes it nor calls it dead."""
    run = ask(found_bank())
    ReportRun.objects.filter(pk=run.pk).update(state="RUNNING")
    other = connections.create_connection("default")
    lock = [report_files._LOCK, run.pk]
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s, %s)", lock)
            assert not write(run=run.pk, at=NOW)
            run.refresh_from_db()
            assert run.state == "RUNNING"
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", lock)
    finally:
        other.close()
    assert not write(run=run.pk, at=NOW)
    run.refresh_from_db()
    assert run.state == "FAILED"
