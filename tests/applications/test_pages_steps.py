"""The panels of the steps: who gets one, and that a refusal loses nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from django.urls import reverse

from applications.forms import FORMS
from applications.lifecycle import CHARTER, State, Step
from applications.models import Application, Approval, ContactLog
from applications.rules import NOT_ON_THE_CASE
from applications.services import intake, problems
from applications.sheets import COACHING
from organization.models import AuditRecord, Employee
from tests.applications.conftest import Visitor, words
from tests.cast import Cast, at

pytestmark = pytest.mark.django_db
Visit = Callable[[Employee], Visitor]
MORNING = at("2026-11-24 09:00")


def address(case: Application, step: str) -> str:
    return reverse("step", args=[case.number, step])


def test_every_step_that_a_person_takes_on_a_case_has_its_form_and_its_page() -> None:
    taken = {rule.step for rule in CHARTER if rule.by} - NOT_ON_THE_CASE
    assert taken == set(FORMS)
    for step, form in FORMS.items():
        assert (form.slug, form.roles) == (step, {rule.by for rule in CHARTER if rule.step == step}.pop())


# -- each panel, at the stage of its step ------------------------------------------------------------------------------
def lead(bank: Cast) -> Application:
    return bank.refer(when=MORNING)


def accepted(bank: Cast) -> Application:
    return intake.accept(case=lead(bank).pk, actor=bank.zhou_qiming, at=MORNING)


def draft(bank: Cast) -> Application:
    return bank.draft(when=MORNING)


def taken_in(bank: Cast) -> Application:
    return bank.complete(draft(bank), when=MORNING)


def of_the_card_center(bank: Cast) -> Application:
    return bank.complete(bank.collect(lead(bank), when=MORNING), when=MORNING)


def offered(bank: Cast) -> Application:
    case = of_the_card_center(bank)
    return intake.hand_to_branch(case=case.pk, actor=case.collector, at=MORNING, branch=bank.branches["BH01"])


def self_routed(bank: Cast) -> Application:
    return intake.self_route(case=taken_in(bank).pk, actor=bank.chen_xiaoming, at=MORNING)


def received(bank: Cast) -> Application:
    return bank.received(when=MORNING)


def entered(bank: Cast) -> Application:
    case = received(bank)
    bank.check(case, when=MORNING)
    bank.key(bank.again(case), when=MORNING)
    return bank.review(bank.again(case), when=MORNING)


def filed(bank: Cast) -> Application:
    return bank.file(entered(bank), when=MORNING)


def issued(bank: Cast) -> Application:
    return bank.issue(filed(bank), when=MORNING)


def activated(bank: Cast) -> Application:
    return bank.activate(issued(bank), when=MORNING)


def in_problem(bank: Cast) -> Application:
    return problems.raise_problem(
        case=received(bank).pk, actor=bank.zheng_weiguo, at=MORNING, code="F04", party="BRANCH", note="单位电话未填"
    )


def returned(bank: Cast) -> Application:
    return problems.return_case(
        case=received(bank).pk, actor=bank.zheng_weiguo, at=MORNING, codes=["D05", "F02"], note="请补收入证明"
    )


PANELS = [
    # step, stage, who may, who may not (role)
    (Step.ACCEPT, lead, "zhou_qiming", "fang_fang"),
    (Step.RELEASE, accepted, "zhou_qiming", "qian_yumei"),
    (Step.START_INTAKE, accepted, "zhou_qiming", "lin_xiaoyu"),
    (Step.COMPLETE_INTAKE, draft, "chen_xiaoming", "he_xiulan"),
    (Step.HAND_TO_BRANCH, of_the_card_center, "zhou_qiming", "chen_xiaoming"),
    (Step.CONFIRM_HAND_TO_BRANCH, offered, "qian_yumei", "zhou_qiming"),
    (Step.SELF_ROUTE, taken_in, "chen_xiaoming", "zhao_lixin"),
    (Step.HAND_TO_CENTER, self_routed, "chen_xiaoming", "zheng_weiguo"),
    (Step.FILE, entered, "zheng_weiguo", "lin_xiaoyu"),
    (Step.MARK_ISSUED, filed, "zheng_weiguo", "lin_xiaoyu"),
    (Step.COACH, issued, "lin_xiaoyu", "zheng_weiguo"),
    (Step.ACTIVATE, issued, "lin_xiaoyu", "zheng_weiguo"),
    (Step.LATE_COACH, activated, "lin_xiaoyu", "zheng_weiguo"),
    (Step.RAISE_PROBLEM, received, "zheng_weiguo", "wu_xiaofeng"),
    (Step.REPLY, in_problem, "chen_xiaoming", "zheng_weiguo"),
    (Step.RESOLVE, in_problem, "zheng_weiguo", "chen_xiaoming"),
    (Step.RETURN, received, "zheng_weiguo", "feng_zhiqiang"),
    (Step.RESUBMIT, returned, "chen_xiaoming", "zheng_weiguo"),
    (Step.REJECT, filed, "zheng_weiguo", "chen_xiaoming"),
    (Step.WITHDRAW, taken_in, "chen_xiaoming", "lin_xiaoyu"),
    (Step.REFUSE_CARD, issued, "lin_xiaoyu", "zheng_weiguo"),
    (Step.REASSIGN, received, "feng_zhiqiang", "chen_xiaoming"),
    (Step.CORRECT_STAMP, taken_in, "chen_xiaoming", "su_min"),
]


@pytest.mark.parametrize(("step", "stage", "may", "may_not"), PANELS, ids=[row[0].value for row in PANELS])
def test_a_step_has_a_panel_for_its_people_and_nobody_else(
    bank: Cast, visit: Visit, step: Step, stage: Callable[[Cast], Application], may: str, may_not: str
) -> None:
    case = stage(bank)
    panel = visit(bank.people[may]).get(address(case, step), fragment=True)
    assert panel.status_code == 200
    assert f'id="panel-{step}"' in words(panel)
    assert "<html" not in words(panel)
    page = words(visit(bank.people[may]).get(address(case, step)))
    assert f'id="panel-{step}"' in page
    assert "<html" in page
    assert visit(bank.people[may_not]).get(address(case, step)).status_code == 403
    assert visit(bank.people[may_not]).post(address(case, step)).status_code == 403


@pytest.mark.parametrize("step", [Step.COMPLETE_INTAKE, Step.WITHDRAW])
def test_a_case_of_another_branch_is_out_of_sight(bank: Cast, visit: Visit, step: Step) -> None:
    case = draft(bank)
    stranger = visit(bank.luo_yong)
    assert stranger.get(address(case, step)).status_code == 404
    assert stranger.post(address(case, step), note="x").status_code == 404


def test_an_unknown_step_is_not_found(bank: Cast, visit: Visit) -> None:
    assert visit(bank.chen_xiaoming).get(address(draft(bank), "celebrate")).status_code == 404


def test_a_step_that_is_not_open_says_where_the_case_stands(bank: Cast, visit: Visit) -> None:
    answer = visit(bank.zheng_weiguo).get(address(entered(bank), Step.MARK_ISSUED), fragment=True)
    assert answer.status_code == 409
    assert "已录入" in words(answer)


# -- nothing typed is lost ---------------------------------------------------------------------------------------------
def test_a_stale_page_is_told_and_its_text_stays(bank: Cast, visit: Visit) -> None:
    case = taken_in(bank)
    answer = visit(bank.chen_xiaoming).post(
        address(case, Step.WITHDRAW), fragment=True, code="U01", note="客户电话要求撤件", version=case.version - 1
    )
    page = words(answer)
    assert answer.status_code == 412
    assert "客户电话要求撤件" in page
    assert f'name="version" value="{case.version}"' in page  # having read it, the person may press again
    assert bank.again(case).state == State.TAKEN_IN


def test_a_second_press_of_the_same_button_is_harmless(bank: Cast, visit: Visit) -> None:
    case = taken_in(bank)
    collector = visit(bank.chen_xiaoming)
    facts = {"code": "U01", "note": "客户要求", "version": case.version}
    assert collector.post(address(case, Step.WITHDRAW), **facts).status_code == 302
    assert collector.post(address(case, Step.WITHDRAW), **facts).status_code in (409, 412)
    assert case.events.filter(step=Step.WITHDRAW).count() == 1


def test_a_missing_fact_stands_beside_its_field_and_the_others_stay(bank: Cast, visit: Visit) -> None:
    case = received(bank)
    answer = visit(bank.zheng_weiguo).post(
        address(case, Step.RAISE_PROBLEM), fragment=True, code="", party="CUSTOMER", note="电话三次未接通"
    )
    page = words(answer)
    assert answer.status_code == 400
    assert page.count("field-wrong") == 1
    assert "电话三次未接通" in page
    assert bank.again(case).state == State.RECEIVED


def test_an_incomplete_pack_names_what_is_missing_and_keeps_the_ticks(bank: Cast, visit: Visit) -> None:
    case = draft(bank)
    answer = visit(bank.chen_xiaoming).post(
        address(case, Step.COMPLETE_INTAKE), fragment=True, form_no="SQ-2026-7",
        **{"seen-ID_COPY": "on", "copy-ID_COPY": "on", "witness_person": "on"},
    )  # fmt: skip
    page = words(answer)
    assert answer.status_code == 409
    assert "征信查询授权书" in page
    assert page.count("checked") == 3
    assert "SQ-2026-7" in page


def test_a_whole_pack_is_taken_in(bank: Cast, visit: Visit, now: datetime) -> None:
    case = draft(bank)
    ticks = {
        f"{what}-{line.code}": "on"
        for line in intake.checklist_of(case, on=now.date())
        for what in ("seen", "copy")
        if line.need != "O"
    }
    statement = dict.fromkeys(
        ("witness_person", "witness_original", "witness_signature", "client_signature", "credit_auth"), "on"
    )
    answer = visit(bank.chen_xiaoming).post(address(case, Step.COMPLETE_INTAKE), **ticks, **statement)
    assert answer.headers["Location"] == f"/applications/{case.number}/"
    assert bank.again(case).state == State.TAKEN_IN


# -- races -------------------------------------------------------------------------------------------------------------
def test_who_comes_second_for_a_lead_reads_that_it_is_gone(bank: Cast, visit: Visit) -> None:
    case = accepted(bank)
    answer = visit(bank.chen_xiaoming).post(address(case, Step.ACCEPT), fragment=True)
    assert answer.status_code == 409
    assert "已被他人承接" in words(answer)
    assert case.applicant.name_mask not in words(answer)


# -- what the steps do through the page --------------------------------------------------------------------------------
def test_a_lead_becomes_a_file_with_the_clients_data_from_the_id_card(bank: Cast, visit: Visit) -> None:
    case, person = accepted(bank), bank.client("欧阳示例")
    facts = {
        "customer_group": "SALARIED", "customer_name": person.name, "mobile": person.mobile,
        "id_number": person.id_number[:-1] + ("1" if person.id_number[-1] != "1" else "2"), "consent": "on",
    }  # fmt: skip
    collector = visit(bank.zhou_qiming)
    wrong = collector.post(address(case, Step.START_INTAKE), fragment=True, **facts)
    assert wrong.status_code == 400
    assert person.name in words(wrong)
    assert (
        collector.post(address(case, Step.START_INTAKE), **facts | {"id_number": person.id_number}).status_code == 302
    )
    assert bank.again(case).state == State.DRAFT


def test_every_return_code_is_answered_before_the_file_goes_back(bank: Cast, visit: Visit) -> None:
    case = returned(bank)
    collector = visit(bank.chen_xiaoming)
    half = collector.post(address(case, Step.RESUBMIT), fragment=True, **{"answer-D05": "已补工资流水"})
    assert half.status_code == 400
    assert "已补工资流水" in words(half)
    whole = {"answer-D05": "已补工资流水", "answer-F02": "客户已补签名"}
    assert collector.post(address(case, Step.RESUBMIT), **whole).status_code == 302
    assert bank.again(case).state == State.TAKEN_IN


def test_coaching_and_activation_stand_on_one_page_of_the_call(bank: Cast, visit: Visit) -> None:
    case = issued(bank)
    officer = visit(bank.lin_xiaoyu)
    page = words(officer.get(f"/applications/{case.number}/work/"))
    assert all(f'id="panel-{slug}"' in page for slug in ("log-contact", "coach", "activate"))
    assert "refuse-card" in page
    answer = officer.post(address(case, Step.COACH), has_card="on", items=list(COACHING), satisfaction="5", then="work")
    assert answer.headers["Location"] == f"/applications/{case.number}/work/"
    page = words(officer.get(f"/applications/{case.number}/work/"))
    assert 'id="panel-coach"' not in page
    assert 'id="panel-activate"' in page
    officer.post(address(case, Step.ACTIVATE), identity_verified="on", channel="PHONE", proof="回呼两问", then="queue")
    assert bank.again(case).state == State.ACTIVATED


def test_a_contact_is_recorded_with_its_agreed_time(bank: Cast, visit: Visit) -> None:
    case = issued(bank)
    officer = visit(bank.lin_xiaoyu)
    facts = {"channel": "PHONE", "result": "PROMISED", "note": "客户在开会"}
    without = officer.post(address(case, "log-contact"), fragment=True, **facts)
    assert without.status_code == 400
    assert "客户在开会" in words(without)
    officer.post(address(case, "log-contact"), **facts, promised_at="2026-11-25T09:30", then="work")
    assert ContactLog.objects.get(application=case).promised_at == at("2026-11-25 09:30")


def test_reopening_and_corrections_are_asked_not_done(bank: Cast, visit: Visit) -> None:
    case = taken_in(bank)
    stamped = case.taken_in_at
    visit(bank.chen_xiaoming).post(
        address(case, Step.CORRECT_STAMP), stamp="taken_in_at", value="2026-11-24T08:50", reason="登记晚了十分钟"
    )
    assert Approval.objects.get(application=case).kind == "CORRECT_STAMP"
    assert bank.again(case).taken_in_at == stamped


# -- one value in clear ------------------------------------------------------------------------------------------------
def test_a_value_is_opened_once_with_a_purpose_and_logged(bank: Cast, visit: Visit) -> None:
    case = draft(bank)
    place = f"/applications/{case.number}/reveal/"
    collector = visit(bank.chen_xiaoming)
    answer = collector.post(place, fragment=True, field="mobile", purpose="CALL", id="secret-mobile")
    assert case.applicant.mobile.reveal() in words(answer)
    assert 'id="secret-mobile"' in words(answer)
    assert AuditRecord.objects.filter(action="reveal", subject=case.number, actor=bank.chen_xiaoming).count() == 1
    assert collector.post(place, fragment=True, field="mobile", purpose="").status_code == 400
    assert visit(bank.luo_yong).post(place, field="mobile", purpose="CALL").status_code == 404


def test_no_page_of_a_step_shows_a_clear_value(bank: Cast, visit: Visit) -> None:
    case = draft(bank)
    page = words(visit(bank.chen_xiaoming).get(address(case, Step.COMPLETE_INTAKE)))
    assert case.applicant.mobile.reveal() not in page
    assert case.applicant.id_number.reveal() not in page
