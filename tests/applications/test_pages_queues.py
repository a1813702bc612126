"""The queues of the center and the work pages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from applications.lifecycle import State
from applications.models import Application
from applications.services import claims
from applications.services.contacts import log_contact
from organization.models import Employee
from tests.applications.conftest import Visitor, words
from tests.cast import Cast, at

pytestmark = pytest.mark.django_db
Visit = Callable[[Employee], Visitor]
MORNING = at("2026-11-24 09:00")


def test_a_queue_shows_number_product_branch_and_due_but_never_a_client(bank: Cast, visit: Visit) -> None:
    case = bank.received(when=MORNING)
    page = words(visit(bank.he_xiulan).get("/queues/check/"))
    assert case.number in page
    assert "江岚经典卡" in page
    assert "滨河支行" in page
    assert case.applicant.name_mask not in page
    assert f"/applications/{case.number}/" not in page  # of what waits nothing can be opened


@pytest.mark.parametrize(
    ("name", "who"), [("check", "fang_fang"), ("entry", "he_xiulan"), ("after-sales", "fang_fang")]
)
def test_a_queue_of_another_role_is_refused(bank: Cast, visit: Visit, name: str, who: str) -> None:
    assert visit(bank.people[who]).get(f"/queues/{name}/").status_code == 403
    assert visit(bank.people[who]).post(f"/queues/{name}/next/").status_code == 403


def test_the_supervisor_looks_at_a_queue_without_a_button_to_take_from_it(bank: Cast, visit: Visit) -> None:
    bank.received(when=MORNING)
    page = visit(bank.feng_zhiqiang).get("/queues/check/")
    assert page.status_code == 200
    assert "/queues/check/next/" not in words(page)


def test_an_unknown_queue_is_not_found(bank: Cast, visit: Visit) -> None:
    assert visit(bank.he_xiulan).get("/queues/lunch/").status_code == 404


def test_next_claims_the_most_urgent_case_and_opens_its_work_page(bank: Cast, visit: Visit) -> None:
    later = bank.received(when=MORNING)
    urgent = bank.received(when=at("2026-11-20 09:00"))
    answer = visit(bank.he_xiulan).post("/queues/check/next/")
    assert answer.headers["Location"] == f"/applications/{urgent.number}/work/"
    assert bank.again(urgent).claimed_by == bank.he_xiulan
    assert bank.again(later).claimed_by is None


def test_next_of_an_empty_queue_says_so_and_stays(bank: Cast, visit: Visit) -> None:
    clerk = visit(bank.he_xiulan)
    answer = clerk.post("/queues/check/next/")
    assert answer.headers["Location"] == "/queues/check/"
    assert "目前没有待办件" in words(clerk.get("/queues/check/"))


def test_what_i_hold_stands_first_and_can_be_given_back(bank: Cast, visit: Visit, now: datetime) -> None:
    case = bank.received(when=MORNING)
    claims.claim_next(queue="check", actor=bank.he_xiulan, at=now)
    clerk = visit(bank.he_xiulan)
    assert f"/applications/{case.number}/work/" in words(clerk.get("/queues/check/"))
    answer = clerk.post(f"/applications/{case.number}/claim/give-back/")
    assert answer.headers["Location"] == "/queues/check/"
    assert bank.again(case).claimed_by is None


def test_work_on_the_page_renews_the_lease(bank: Cast, visit: Visit, now: datetime) -> None:
    case = bank.received(when=MORNING)
    claims.claim_next(queue="check", actor=bank.he_xiulan, at=at("2026-11-24 09:45"))
    clerk, place = visit(bank.he_xiulan), f"/applications/{case.number}/claim/renew/"
    assert "持有至 10:30" in words(clerk.post(place, fragment=True))
    claims.reassign(case=case.pk, to=bank.hire("另一位", "OC01", "CC"), actor=bank.feng_zhiqiang, at=now, note="改派")
    lost = clerk.post(place, fragment=True)
    assert lost.status_code == 409
    assert "另一位" in words(lost)


def test_the_call_list_shows_agreed_calls_until_they_are_made(bank: Cast, visit: Visit, now: datetime) -> None:
    case = bank.issued(bank.received(when=MORNING), when=MORNING)
    asked = {"case": case.pk, "actor": bank.lin_xiaoyu, "channel": "PHONE"}
    log_contact(**asked, at=now, result="PROMISED", promised_at=at("2026-11-24 15:00"), note="客户在开会")
    officer = visit(bank.lin_xiaoyu)
    assert "客户在开会" in words(officer.get("/queues/after-sales/"))
    log_contact(**asked, at=now + timedelta(minutes=1), result="REACHED")
    assert "客户在开会" not in words(officer.get("/queues/after-sales/"))


def test_the_work_page_of_a_case_that_another_holds_is_out_of_sight(bank: Cast, visit: Visit, now: datetime) -> None:
    case = bank.received(when=MORNING)
    claims.claim_next(queue="check", actor=bank.hire("另一位", "OC01", "CC"), at=now)
    assert visit(bank.he_xiulan).get(f"/applications/{case.number}/work/").status_code == 404


@pytest.mark.parametrize(
    ("queue", "who"),
    [("check", "he_xiulan"), ("entry", "fang_fang"), ("verify", "xu_wenjuan"), ("filing", "zheng_weiguo"),
     ("after-sales", "lin_xiaoyu")],
)  # fmt: skip
def test_every_queue_leads_to_a_work_page(bank: Cast, visit: Visit, queue: str, who: str) -> None:
    case = bank.received(when=MORNING)
    stages = [bank.check, bank.key, bank.review, bank.file]
    for stage in stages[: ["check", "entry", "verify", "filing", "after-sales"].index(queue)]:
        stage(bank.again(case), when=MORNING)
    if queue == "after-sales":
        bank.issue(case, when=MORNING)
    clerk = visit(bank.people[who])
    page = clerk.get(clerk.post(f"/queues/{queue}/next/").headers["Location"])
    assert page.status_code == 200
    assert case.number in words(page)


def test_the_list_of_a_queue_costs_the_same_queries_however_long_it_is(
    bank: Cast, visit: Visit, django_assert_max_num_queries
) -> None:
    clerk = visit(bank.he_xiulan)
    for _ in range(2):
        bank.received(when=MORNING)
    with django_assert_max_num_queries(20) as few:
        clerk.get("/queues/check/")
    for _ in range(6):
        bank.received(when=MORNING)
    with django_assert_max_num_queries(len(few)):
        clerk.get("/queues/check/")


# -- the check sheet ---------------------------------------------------------------------------------------------------
def sheet(bank: Cast, **changes: str) -> dict[str, str]:
    return {f"answer-{line['code']}": line["answer"] for line in bank.sheet()} | changes


def held(bank: Cast, *, now: datetime) -> Application:
    case = bank.received(when=MORNING)
    claims.claim_next(queue="check", actor=bank.he_xiulan, at=now)
    return bank.again(case)


def test_passing_a_check_opens_the_next_case_by_itself(bank: Cast, visit: Visit, now: datetime) -> None:
    case = held(bank, now=now)
    other = bank.received(when=MORNING)
    answer = visit(bank.he_xiulan).post(
        f"/applications/{case.number}/steps/pass-check/", **sheet(bank), version=case.version, then="next"
    )
    assert answer.headers["Location"] == f"/applications/{other.number}/work/"
    assert bank.again(case).state == State.CHECKED
    assert bank.again(other).claimed_by == bank.he_xiulan


def test_a_line_without_an_answer_is_named_and_the_other_answers_stay(bank: Cast, visit: Visit, now: datetime) -> None:
    case = held(bank, now=now)
    facts = sheet(bank, **{"note-FORM": "已电话确认"})
    del facts["answer-PHONE_SELF"]
    answer = visit(bank.he_xiulan).post(f"/applications/{case.number}/steps/pass-check/", fragment=True, **facts)
    page = words(answer)
    assert answer.status_code == 400
    assert page.count("row-wrong") == 1
    assert "已电话确认" in page
    assert page.count("checked") == len(bank.sheet()) - 1


def test_a_check_with_a_problem_is_refused_with_the_way_out(bank: Cast, visit: Visit, now: datetime) -> None:
    case = held(bank, now=now)
    facts = sheet(bank, **{"answer-EMPLOYER": "PROBLEM"})
    answer = visit(bank.he_xiulan).post(f"/applications/{case.number}/steps/pass-check/", fragment=True, **facts)
    assert answer.status_code == 409
    assert "问题件" in words(answer)
    assert bank.again(case).state == State.RECEIVED


def test_every_warning_asks_for_a_note(bank: Cast, visit: Visit, now: datetime) -> None:
    case = held(bank, now=now)
    case.warnings.create(code="W-MOB-MULTI", facts={"cases": ["JL26112400099"]}, raised_at=now)
    clerk, address = visit(bank.he_xiulan), f"/applications/{case.number}/steps/pass-check/"
    assert "JL26112400099" in words(clerk.get(f"/applications/{case.number}/work/"))
    assert clerk.post(address, fragment=True, **sheet(bank)).status_code == 409
    assert clerk.post(address, **sheet(bank), **{"warning-W-MOB-MULTI": "同住夫妻"}).status_code == 302
    assert case.warnings.get(code="W-MOB-MULTI").note == "同住夫妻"
