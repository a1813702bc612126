"""The list of cases, the start at the counter, reassigning many, pages of the paper, card system files."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from io import BytesIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from applications.lifecycle import State
from applications.models import Application, CardStatusImport
from applications.services import card_status
from applications.services.card_status import HEADER
from organization.models import Employee
from tests.applications.conftest import Visitor, words
from tests.cast import Cast, at

pytestmark = pytest.mark.django_db
Visit = Callable[[Employee], Visitor]
MORNING = at("2026-11-24 09:00")


# -- the list ----------------------------------------------------------------------------------------------------------
def test_the_list_shows_what_is_in_sight_and_nothing_else(bank: Cast, visit: Visit) -> None:
    own, other = bank.draft(when=MORNING), bank.draft(when=MORNING, by=bank.luo_yong)
    page = words(visit(bank.chen_xiaoming).get("/applications/"))
    assert own.number in page
    assert other.number not in page


def test_the_case_with_the_least_time_left_stands_first(bank: Cast, visit: Visit) -> None:
    later, sooner = bank.received(when=MORNING), bank.received(when=at("2026-11-20 09:00"))
    page = words(visit(bank.feng_zhiqiang).get("/applications/"))
    assert page.index(sooner.number) < page.index(later.number)


def test_filters_stay_in_the_address_and_an_unknown_one_is_refused(bank: Cast, visit: Visit) -> None:
    overdue, fine = bank.received(when=at("2026-11-18 09:00")), bank.received(when=MORNING)
    supervisor = visit(bank.feng_zhiqiang)
    for query in ({"due": "overdue"}, {"overdue": "1"}, {"search": overdue.number[:11]}):
        page = words(supervisor.get("/applications/", **query))
        assert overdue.number in page
        assert fine.number not in page
    assert fine.number in words(supervisor.get("/applications/", state="RECEIVED", branch="BH01"))
    assert supervisor.get("/applications/", colour="red").status_code == 400
    assert supervisor.get("/applications/", state="LOST").status_code == 400


def test_a_clients_number_never_stands_in_an_address(bank: Cast, visit: Visit) -> None:
    case = bank.draft(when=MORNING)
    answer = visit(bank.chen_xiaoming).get("/applications/", search=case.applicant.mobile.reveal())
    assert answer.status_code == 400


def test_the_list_goes_on_behind_its_last_row(bank: Cast, visit: Visit) -> None:
    cases = [bank.received(when=MORNING) for _ in range(3)]
    supervisor = visit(bank.feng_zhiqiang)
    first = words(supervisor.get("/applications/", page_size="2"))
    after = first.split("after=")[1].split('"')[0]
    second = words(supervisor.browser.get(f"/applications/?page_size=2&after={after}"))
    shown = [[case.number in page for case in cases] for page in (first, second)]
    assert [sum(row) for row in shown] == [2, 1]
    assert all(any(column) for column in zip(*shown, strict=True))


def test_the_list_costs_the_same_queries_however_long_it_is(
    bank: Cast, visit: Visit, django_assert_max_num_queries
) -> None:
    supervisor = visit(bank.feng_zhiqiang)
    bank.received(when=MORNING)
    with django_assert_max_num_queries(14) as few:
        supervisor.get("/applications/")
    for _ in range(6):
        bank.received(when=MORNING)
    with django_assert_max_num_queries(len(few)):
        supervisor.get("/applications/")


def test_a_sealer_sees_numbers_but_no_client(bank: Cast, visit: Visit) -> None:
    case = bank.complete(bank.draft(when=MORNING), when=MORNING)
    page = words(visit(bank.qian_yumei).get("/applications/"))
    assert case.number in page
    assert case.applicant.name_mask not in page


def test_an_empty_list_says_what_would_be_here(bank: Cast, visit: Visit) -> None:
    assert "还没有您可以查看的申请件" in words(visit(bank.chen_xiaoming).get("/applications/"))


# -- many at once ------------------------------------------------------------------------------------------------------
def test_chosen_cases_move_one_by_one_and_each_says_what_became_of_it(bank: Cast, visit: Visit) -> None:
    waiting, ended = bank.received(when=MORNING), bank.activated(when=MORNING)
    answer = visit(bank.feng_zhiqiang).post(
        "/applications/reassign/", case=[waiting.number, ended.number], to="LZ10007", note="均衡工作量"
    )
    page = words(answer)
    assert bank.again(waiting).claimed_by == bank.he_xiulan
    assert page.count("tone-good") == 1
    assert page.count("tone-late") == 1


def test_a_number_out_of_sight_is_a_line_of_the_result_and_the_others_move(bank: Cast, visit: Visit) -> None:
    first, last = bank.received(when=MORNING), bank.received(when=MORNING)
    answer = visit(bank.feng_zhiqiang).post(
        "/applications/reassign/", case=[first.number, "JL99999999999", "中/文", last.number], to="LZ10007", note="均衡"
    )
    assert answer.status_code == 200
    assert {bank.again(first).claimed_by, bank.again(last).claimed_by} == {bank.he_xiulan}
    assert words(answer).count("tone-late") == 2


def test_only_tracker_and_supervisor_reassign(bank: Cast, visit: Visit) -> None:
    case = bank.received(when=MORNING)
    clerk = visit(bank.he_xiulan)
    assert clerk.post("/applications/reassign/", case=[case.number], to="LZ10007", note="x").status_code == 403
    assert "/applications/reassign/" not in words(clerk.get("/applications/"))


# -- a client at the counter -------------------------------------------------------------------------------------------
def walk_in(bank: Cast, **changes: Any) -> dict[str, Any]:
    person = bank.client("欧阳示例")
    return {
        "product": "PK", "customer_group": "SALARIED", "customer_name": person.name, "mobile": person.mobile,
        "id_number": person.id_number, "referrer": "", "consent": "on",
    } | changes  # fmt: skip


def test_a_walk_in_begins_a_file_of_the_collector(bank: Cast, visit: Visit) -> None:
    answer = visit(bank.chen_xiaoming).post("/applications/new/", **walk_in(bank))
    case = Application.objects.get()
    assert answer.headers["Location"] == f"/applications/{case.number}/"
    assert (case.state, case.collector, case.referrer) == (State.DRAFT, bank.chen_xiaoming, None)


def test_a_walk_in_may_name_who_sent_the_client(bank: Cast, visit: Visit) -> None:
    visit(bank.chen_xiaoming).post("/applications/new/", **walk_in(bank, referrer="lz10234"))
    assert Application.objects.get().referrer == bank.li_wenjing


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"id_number": "990101198803050017"}, "校验"),
        ({"mobile": "12"}, "11"),
        ({"referrer": "LZ99999"}, "工号"),
        ({"customer_group": "SUPPLEMENTARY"}, "客户类别"),
        ({"consent": ""}, "必填"),
    ],
)
def test_what_is_wrong_at_the_counter_is_said_and_the_rest_stays(
    bank: Cast, visit: Visit, changes: dict[str, str], said: str
) -> None:
    answer = visit(bank.chen_xiaoming).post("/applications/new/", fragment=True, **walk_in(bank, **changes))
    assert answer.status_code == 400
    assert said in words(answer)
    assert "欧阳示例" in words(answer)
    assert not Application.objects.exists()


def test_a_second_file_of_the_same_client_is_refused_with_the_stage_of_the_first(bank: Cast, visit: Visit) -> None:
    facts = walk_in(bank)
    collector = visit(bank.chen_xiaoming)
    collector.post("/applications/new/", **facts)
    again = collector.post("/applications/new/", fragment=True, **facts)
    assert again.status_code == 409
    assert "收件" in words(again)


def test_the_checklist_to_read_out_follows_product_and_group(bank: Cast, visit: Visit) -> None:
    collector = visit(bank.chen_xiaoming)
    page = collector.get("/applications/new/checklist/", fragment=True, product="PK", customer_group="OWNER")
    assert "营业执照" in words(page)


@pytest.mark.parametrize("who", ["li_wenjing", "qian_yumei", "fang_fang", "zheng_weiguo"])
def test_only_collectors_start_a_file(bank: Cast, visit: Visit, who: str) -> None:
    assert visit(bank.people[who]).get("/applications/new/").status_code == 403


# -- pages of the paper ------------------------------------------------------------------------------------------------
def photograph() -> SimpleUploadedFile:
    content = BytesIO()
    Image.new("RGB", (40, 30), "white").save(content, "PNG")
    return SimpleUploadedFile("form.png", content.getvalue(), "image/png")


def test_a_page_is_added_and_opened_by_who_may_see_the_client(bank: Cast, visit: Visit) -> None:
    case = bank.draft(when=MORNING)
    collector, place = visit(bank.chen_xiaoming), f"/applications/{case.number}/documents/"
    answer = collector.post(place, fragment=True, kind="FORM", side="FRONT", file=photograph())
    assert answer.status_code == 200
    page = case.documents.get()
    assert f"{place}{page.pk}/" in words(answer)
    shown = collector.get(f"{place}{page.pk}/")
    assert shown.headers["Content-Type"] == "image/jpeg"
    assert "sandbox" in shown.headers["Content-Security-Policy"]
    assert visit(bank.luo_yong).get(f"{place}{page.pk}/").status_code == 404


def test_what_is_no_picture_is_refused(bank: Cast, visit: Visit) -> None:
    case = bank.draft(when=MORNING)
    answer = visit(bank.chen_xiaoming).post(
        f"/applications/{case.number}/documents/", fragment=True, kind="FORM", side="FRONT",
        file=SimpleUploadedFile("form.png", b"MZ not a picture", "image/png"),
    )  # fmt: skip
    assert answer.status_code == 400
    assert not case.documents.exists()


# -- files of the card system ------------------------------------------------------------------------------------------
def status_file(*lines: str) -> SimpleUploadedFile:
    return SimpleUploadedFile("status.csv", "\n".join([",".join(HEADER), *lines]).encode(), "text/csv")


def test_a_file_is_loaded_and_its_result_shows_line_by_line(
    bank: Cast, visit: Visit, now: datetime, django_capture_on_commit_callbacks
) -> None:
    tracker = visit(bank.zheng_weiguo)
    with django_capture_on_commit_callbacks(execute=False) as hints:
        answer = tracker.post("/card-status-imports/", file=status_file("JL00,1234,ISSUED,2026-11-24T09:00,6688,"))
    file = CardStatusImport.objects.get()
    assert answer.headers["Location"] == f"/card-status-imports/{file.pk}/"
    assert len(hints) == 1
    waiting = words(tracker.get(f"/card-status-imports/{file.pk}/"))
    assert 'hx-trigger="every 2s"' in waiting
    card_status.apply_file(file_id=file.pk, at=now)
    done = words(tracker.get(f"/card-status-imports/{file.pk}/", fragment=True))
    assert "没有" in done
    assert "hx-trigger" not in done
    assert "status.csv" in words(tracker.get("/card-status-imports/"))


def test_a_wrong_file_is_refused_whole(bank: Cast, visit: Visit) -> None:
    answer = visit(bank.zheng_weiguo).post(
        "/card-status-imports/", file=SimpleUploadedFile("x.csv", b"a,b,c\n1,2,3", "text/csv")
    )
    assert answer.status_code == 400
    assert "a,b,c" in words(answer)
    assert not CardStatusImport.objects.exists()


def test_audit_reads_the_files_and_loads_none(bank: Cast, visit: Visit) -> None:
    auditor = visit(bank.pan_wei)
    assert 'type="file"' not in words(auditor.get("/card-status-imports/"))
    assert auditor.post("/card-status-imports/", file=status_file()).status_code == 403
    assert visit(bank.lin_xiaoyu).get("/card-status-imports/").status_code == 403
    assert auditor.get("/card-status-imports/999/").status_code == 404
