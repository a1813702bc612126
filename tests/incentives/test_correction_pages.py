"""Corrections and holds as people and programs meet them: pages, buttons, answers, doors."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from applications.models import Application
from incentives.models import Adjustment, CrossSell, Dispute, Hold, Reversal, RewardEntry, SplitPolicy
from incentives.services.adjustments import ask_adjustment
from incentives.services.cross_sells import report_cross_sell
from incentives.services.disputes import dispute
from incentives.services.holds import hold, pull_holds
from incentives.services.reversals import ask_reversal
from ops_center import clock
from organization.models import Employee
from tests.cast import Cast
from tests.incentives.conftest import earned, lines_of
from tests.incentives.test_api import As, rows
from tests.incentives.test_pages import HTMX, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def now() -> datetime:
    return clock.now()


@pytest.fixture
def case(bank: Cast, flat: SplitPolicy, now: datetime) -> Application:
    return earned(bank, when=now - timedelta(hours=1))


def own(case: Application, person: Employee) -> RewardEntry:
    return next(row for row in lines_of(case) if row.payee == person and row.kind == "SPLIT")


def text_of(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200, (path, response.content)
    return response.content.decode()


@pytest.fixture
def asked(bank: Cast, case: Application, now: datetime) -> dict[str, Any]:
    """One request of each kind."""
    return {
        "reversal": ask_reversal(case=case.number, actor=bank.pan_wei, at=now, reason="材料系伪造"),
        "adjustment": ask_adjustment(
            case=case.number, payee=bank.fang_fang, role="ENTRY", amount_fen=1_00, reason="补差",
            actor=bank.zheng_weiguo, at=now,
        ),
        "cross-sell": report_cross_sell(case=case.number, product="账单分期", actor=bank.lin_xiaoyu, at=now),
        "dispute": dispute(entry=own(case, bank.fang_fang).pk, text="应为全额", actor=bank.fang_fang, at=now),
    }  # fmt: skip


# -- the desk ----------------------------------------------------------------------------------------------------------
def test_the_supervisor_finds_all_four_kinds_and_decides_them_in_one_go(
    bank: Cast, case: Application, asked: dict[str, Any]
) -> None:
    client = signed_in(bank.feng_zhiqiang)
    page = text_of(client, "/corrections/")
    keys = [f"{kind}-{row.pk}" for kind, row in asked.items()]
    for fact in (*keys, case.number, "Fraud or false documents", "账单分期", "应为全额", "(100.00)"):
        assert fact in page, fact
    answer = client.post(
        "/corrections/decide/", {"request": keys[1:], "decision": "approve", "reason": "属实"}, headers=HTMX
    )
    assert answer.status_code == 200
    assert "all done" in answer.content.decode()
    assert {model.objects.get().state for model in (Adjustment, CrossSell, Dispute)} == {"APPROVED"}
    assert Reversal.objects.get().state == "OPEN"


def test_the_management_reads_the_requests_and_finds_no_link_that_is_not_its_own(
    bank: Cast, case: Application, asked: dict[str, Any], now: datetime
) -> None:
    hold(entry=own(case, bank.fang_fang).pk, actor=bank.pan_wei, at=now, reason="核对中")
    for path in ("/corrections/", "/holds/"):
        page = text_of(signed_in(bank.cao_ying), path)
        assert case.number in page
        assert f"/applications/{case.number}/" not in page
        assert "/corrections/disputes/" not in page
        assert f"/applications/{case.number}/" in text_of(signed_in(bank.feng_zhiqiang), path)


@pytest.mark.parametrize("decision", [{}, {"decision": ""}, {"decision": "yes"}])
def test_without_one_of_the_two_buttons_nothing_is_decided(
    bank: Cast, asked: dict[str, Any], decision: dict[str, str]
) -> None:
    chosen = {"request": [f"cross-sell-{asked['cross-sell'].pk}"], "reason": "已核实"}
    answer = signed_in(bank.feng_zhiqiang).post("/corrections/decide/", chosen | decision, headers=HTMX)
    assert (answer.status_code, "Decide one or the other" in answer.content.decode()) == (400, True)
    assert CrossSell.objects.get().state == "OPEN"


def test_one_refused_row_does_not_keep_the_others(bank: Cast, asked: dict[str, Any]) -> None:
    client = signed_in(bank.feng_zhiqiang)
    keys = [f"dispute-{asked['dispute'].pk}", f"adjustment-{asked['adjustment'].pk}", "adjustment-999999", "nonsense"]
    page = client.post("/corrections/decide/", {"request": keys, "decision": "approve", "reason": ""}).content.decode()
    assert "3 not done" in page
    assert "Give the reason." in page
    assert (Adjustment.objects.get().state, Dispute.objects.get().state) == ("APPROVED", "OPEN")


def test_a_tracker_who_earns_from_the_case_reads_why_somebody_else_decides(
    bank: Cast, case: Application, asked: dict[str, Any]
) -> None:
    page = text_of(signed_in(bank.zheng_weiguo), "/corrections/")
    assert f"You earn from {case.number}" in page
    assert f'value="dispute-{asked["dispute"].pk}"' not in page
    assert "补差" in page  # among what he asked for


def test_an_overdue_dispute_stands_on_top(bank: Cast, now: datetime) -> None:
    long_ago = now - timedelta(days=30)
    case = earned(bank, when=long_ago)
    first = ask_adjustment(
        case=case.number, payee=bank.fang_fang, role="ENTRY", amount_fen=1_00, reason="补差", actor=bank.zheng_weiguo,
        at=long_ago,
    )  # fmt: skip
    late = dispute(entry=own(case, bank.fang_fang).pk, text="应为全额", actor=bank.fang_fang, at=long_ago)
    page = text_of(signed_in(bank.feng_zhiqiang), "/corrections/")
    assert page.index(f'value="dispute-{late.pk}"') < page.index(f'value="adjustment-{first.pk}"')


def test_everybody_reads_the_own_requests_and_nobody_elses(bank: Cast, asked: dict[str, Any]) -> None:
    assert "应为全额" in text_of(signed_in(bank.fang_fang), "/corrections/")
    assert "应为全额" not in text_of(signed_in(bank.he_xiulan), "/corrections/")


# -- where one begins --------------------------------------------------------------------------------------------------
def test_the_case_page_offers_each_role_its_way_in(bank: Cast, case: Application) -> None:
    assert "/corrections/reversals/new/" in text_of(signed_in(bank.pan_wei), f"/applications/{case.number}/")
    assert "/corrections/adjustments/new/" in text_of(signed_in(bank.zheng_weiguo), f"/applications/{case.number}/")
    officer = text_of(signed_in(bank.lin_xiaoyu), f"/applications/{case.number}/")
    assert "/corrections/cross-sells/new/" in officer
    assert f"/referrals/{case.number}/again/" in officer
    assert "/corrections/reversals/new/" not in officer


def test_audit_asks_for_a_claw_back_and_nothing_typed_is_lost(bank: Cast, case: Application) -> None:
    client, path = signed_in(bank.pan_wei), f"/corrections/reversals/new/?application={case.number}"
    assert "25.00" in text_of(client, path)
    refused = client.post(path, {"ground": "CANCELLED_UNUSED", "reason": "客户销卡"})
    assert refused.status_code == 409
    assert "客户销卡" in refused.content.decode()
    assert "Load its file first" in refused.content.decode()
    assert client.post(path, {"ground": "FRAUD", "reason": ""}).status_code == 400
    assert client.post(path, {"ground": "FRAUD", "reason": "材料系伪造"}).status_code == 302
    assert Reversal.objects.get().asked_by == bank.pan_wei


def test_a_tracker_types_the_correction_in_yuan_with_its_sign(bank: Cast, case: Application) -> None:
    client, path = signed_in(bank.zheng_weiguo), f"/corrections/adjustments/new/?application={case.number}"
    typed = {"payee": bank.fang_fang.number, "role": "ENTRY", "amount": "-4.29", "reason": "双录"}
    assert client.post(path, typed | {"payee": bank.zheng_weiguo.number}).status_code == 400
    assert client.post(path, typed).status_code == 302
    assert Adjustment.objects.get().amount_fen == -4_29


def test_the_officer_reports_a_sale_and_another_officer_finds_no_such_page(bank: Cast, case: Application) -> None:
    path = f"/corrections/cross-sells/new/?application={case.number}"
    assert signed_in(bank.hire("他人", "OC01", "AS")).get(path).status_code == 404
    client = signed_in(bank.lin_xiaoyu)
    assert "账单分期" in text_of(client, path)
    assert client.post(path, {"product": "自动还款"}).status_code == 302
    assert CrossSell.objects.get().product == "自动还款"


def test_the_officer_refers_the_client_for_another_card(bank: Cast, case: Application) -> None:
    client, path = signed_in(bank.lin_xiaoyu), f"/referrals/{case.number}/again/"
    assert bank.again(case).applicant.name_mask in text_of(client, path)
    assert client.post(path, {"product": "BJ"}).status_code == 400
    assert client.post(path, {"product": "BJ", "consent": "on"}).status_code == 302
    assert Application.objects.latest("id").referrer == bank.lin_xiaoyu


# -- disputes ----------------------------------------------------------------------------------------------------------
def test_an_own_amount_is_disputed_from_the_statement(bank: Cast, case: Application) -> None:
    client, entry = signed_in(bank.fang_fang), own(case, bank.fang_fang)
    path = f"/rewards/{entry.pk}/dispute/"
    assert path in text_of(client, "/rewards/")
    assert "<html" not in client.get(path, headers=HTMX).content.decode()
    assert client.post(path, {"text": ""}).status_code == 400
    assert client.post(path, {"text": "应为全额"}).status_code == 302
    again = client.post(path, {"text": "应为全额"})
    assert (again.status_code, "already" in again.content.decode()) == (409, True)
    assert signed_in(bank.he_xiulan).get(path).status_code == 404
    assert "应为全额" in text_of(client, f"/rewards/{entry.pk}/")


def test_a_dispute_is_answered_with_a_correction(bank: Cast, asked: dict[str, Any]) -> None:
    client, path = signed_in(bank.feng_zhiqiang), f"/corrections/disputes/{asked['dispute'].pk}/"
    assert "Why this date" in text_of(client, path)
    assert client.post(path, {"accepted": "yes", "amount": "4.00", "note": "确为第一录入"}).status_code == 302
    assert Adjustment.objects.latest("id").amount_fen == 4_00
    assert Dispute.objects.get().state == "APPROVED"


# -- holds -------------------------------------------------------------------------------------------------------------
def test_the_list_tells_why_since_when_and_whose_way_out(bank: Cast, case: Application, now: datetime) -> None:
    first, second = lines_of(case)[:2]
    hold(entry=first.pk, reason="疑似代签", actor=bank.pan_wei, at=now)
    hold(entry=second.pk, reason="客户投诉", actor=bank.pan_wei, at=now, cause="COMPLAINT")
    client = signed_in(bank.feng_zhiqiang)
    page = text_of(client, "/holds/")
    for fact in ("疑似代签", "Complaint", case.number, "audit or a supervisor", "潘伟"):
        assert fact in page, fact
    assert "疑似代签" not in text_of(client, "/holds/?cause=COMPLAINT")
    assert client.get("/holds/?cause=GONE").status_code == 400
    assert text_of(client, "/holds/?cause=rule")
    gone = {"entry": [first.pk, second.pk, 999999], "reason": "已核实"}
    released = client.post("/holds/release/", gone, headers=HTMX).content.decode()
    assert "1 not done" in released
    assert not Hold.objects.filter(released_at=None).exists()


def test_a_tracker_reads_the_list_and_releases_nothing(bank: Cast, case: Application, now: datetime) -> None:
    hold(entry=lines_of(case)[0].pk, reason="疑似代签", actor=bank.pan_wei, at=now)
    client = signed_in(bank.zheng_weiguo)
    assert "Release the chosen" not in text_of(client, "/holds/")
    assert client.post("/holds/release/", {"entry": [1], "reason": "请发"}).status_code == 403


def test_a_flagged_case_is_released_as_a_whole_by_any_of_its_rows(bank: Cast, case: Application, now: datetime) -> None:
    Application.objects.filter(pk=case.pk).update(is_risk=True)
    pull_holds(at=now)
    held = list(Hold.objects.filter(released_at=None).values_list("entry_id", flat=True))
    page = signed_in(bank.pan_wei).post("/holds/release/", {"entry": held, "reason": "核实"}, headers=HTMX)
    assert "all done" in page.content.decode()
    assert not bank.again(case).is_risk


def test_hr_pays_or_voids_who_has_left_and_sees_no_case(bank: Cast, case: Application, now: datetime) -> None:
    Employee.objects.filter(pk=bank.fang_fang.pk).update(left_on=clock.today())
    pull_holds(at=now)
    client = signed_in(bank.su_min)
    page = text_of(client, "/leavers/")
    assert "方芳" in page
    assert case.number not in page
    path = f"/leavers/{bank.fang_fang.number}/decide/"
    assert client.post(path, {"decision": "void", "reason": ""}).status_code == 400
    assert client.post(path, {"reason": "违规离职"}).status_code == 400
    assert client.post(path, {"decision": "PAY", "reason": "违规离职"}).status_code == 400
    assert own(case, bank.fang_fang).state == "HELD"
    assert client.post(path, {"decision": "void", "reason": "违规离职"}).status_code == 302
    assert own(case, bank.fang_fang).state == "VOIDED"
    assert signed_in(bank.pan_wei).post(path, {"decision": "pay", "reason": "x"}).status_code == 403


def test_audit_voids_an_entry_from_its_trace(bank: Cast, case: Application) -> None:
    entry = lines_of(case)[0]
    client = signed_in(bank.pan_wei)
    assert f"/rewards/{entry.pk}/void/" in text_of(client, f"/rewards/{entry.pk}/")
    assert client.post(f"/rewards/{entry.pk}/void/", {"reason": "转介不实"}).status_code == 302
    assert lines_of(case)[0].state == "VOIDED"


PAGES = {
    "/corrections/": None,
    "/holds/": {"TR", "SUP", "MGT", "AUD"},
    "/leavers/": {"HR", "SUP", "AUD"},
    "/corrections/reversals/new/?application=JL0": {"AUD"},
    "/corrections/adjustments/new/?application=JL0": {"TR"},
    "/corrections/cross-sells/new/?application=JL0": {"AS", "CM"},
    "/corrections/disputes/1/": {"TR", "SUP"},
}


@pytest.mark.parametrize("path", PAGES)
def test_each_page_answers_403_to_the_roles_that_have_nothing_to_do_there(bank: Cast, path: str) -> None:
    wanted, today = PAGES[path], clock.today()
    for person in bank.people.values():
        is_open = wanted is None or bool(person.role_codes(today) & wanted)
        status = signed_in(person).get(path).status_code
        assert status in ((200, 404) if is_open else (403,)), (person, status)


# -- the API -----------------------------------------------------------------------------------------------------------
def test_a_claw_back_at_the_api(bank: Cast, case: Application) -> None:
    audit, supervisor = As(bank.pan_wei), As(bank.feng_zhiqiang)
    made = audit.post(f"applications/{case.number}/reverse-rewards/", reason="材料系伪造")
    assert (made.status_code, made.json()["ground"], made.json()["state"]) == (201, "FRAUD", "OPEN")
    assert audit.post(f"applications/{case.number}/reverse-rewards/", reason="再次").status_code == 409
    key = made.json()["id"]
    assert audit.post(f"reversals/{key}/approve/").status_code == 403
    assert supervisor.post(f"reversals/{key}/refuse/", reason="").status_code == 400
    assert supervisor.post(f"reversals/{key}/approve/", reason="属实").json()["state"] == "APPROVED"
    lines = rows(audit.get("rewards/", application=case.number))
    assert [row["amount"] for row in lines if row["kind"] == "REVERSAL" and row["role"] == "CREDIT_CHECK"] == ["-15.00"]
    assert len(rows(As(bank.cao_ying).get("reversals/", state="APPROVED"))) == 1
    assert audit.post("applications/JL00000000000/reverse-rewards/", reason="无").status_code == 404


def test_a_correction_a_sale_and_a_dispute_at_the_api(bank: Cast, case: Application) -> None:
    tracker, officer, supervisor = As(bank.zheng_weiguo), As(bank.lin_xiaoyu), As(bank.feng_zhiqiang)
    body = {"payee": bank.fang_fang.number, "role": "ENTRY", "amount": "-4.00", "reason": "双录"}
    path = f"applications/{case.number}/adjustments/"
    for wrong in ({"amount": -4}, {"amount": "-4.001"}, {"payee": "LZ0"}, {"reason": ""}):
        assert tracker.post(path, **(body | wrong)).status_code == 400, wrong
    adjustment = tracker.post(path, **body).json()
    assert (adjustment["amount"], adjustment["payee"]) == ("-4.00", bank.fang_fang.number)
    sale = officer.post(f"applications/{case.number}/cross-sells/", product="账单分期").json()
    entry = own(case, bank.fang_fang).pk
    disputed = As(bank.fang_fang).post(f"rewards/{entry}/dispute/", text="应为全额").json()
    assert len(rows(As(bank.fang_fang).get("disputes/"))) == 1
    assert rows(As(bank.he_xiulan).get("disputes/")) == []
    assert supervisor.post(f"adjustments/{adjustment['id']}/approve/").status_code == 200
    assert supervisor.post(f"cross-sells/{sale['id']}/refuse/", reason="未签约").json()["state"] == "REFUSED"
    done = supervisor.post(f"disputes/{disputed['id']}/decide/", accepted=False, note="按双录规则")
    assert (done.status_code, done.json()["decision"]) == (200, "按双录规则")


def test_holds_voids_and_leavers_at_the_api(bank: Cast, case: Application, now: datetime) -> None:
    audit, hr = As(bank.pan_wei), As(bank.su_min)
    first, second, third = [row.pk for row in lines_of(case)][:3]
    assert audit.post(f"rewards/{first}/hold/", reason="客户投诉", cause="COMPLAINT").json()["state"] == "HELD"
    assert audit.post(f"rewards/{first}/hold/", reason="离职", cause="LEFT").status_code == 400
    assert [row["cause"] for row in rows(audit.get("holds/", cause="COMPLAINT"))] == ["COMPLAINT"]
    answer = audit.post("holds/release/", entries=[first, second], reason="已回访").json()
    assert [(row["done"], row["code"]) for row in answer] == [(True, None), (False, "not_held")]
    assert audit.post(f"rewards/{third}/void/", reason="转介不实").json()["state"] == "VOIDED"
    Employee.objects.filter(pk=bank.fang_fang.pk).update(left_on=clock.today())
    pull_holds(at=now)
    (leaver,) = hr.get("leavers/").json()
    assert leaver["person"] == bank.fang_fang.number
    path = f"leavers/{bank.fang_fang.number}/decide/"
    assert audit.post(path, pay=True, reason="正常离职").status_code == 403
    assert hr.post(path, pay=True, reason="正常离职").json()["entries"] == leaver["entries"]
