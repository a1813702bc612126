"""The risk flag: reasons that carry one set it with their step; audit or a supervisor takes it off. R-T102 too."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, transaction

from applications.models import Application, CardStatusRow
from applications.services import endings, problems
from applications.services.card_status import apply_file, take_file
from applications.services.risk import clear_risk_flag
from ops_center.kernel.errors import NotAllowed
from organization.models import AuditRecord, Message
from tests.cast import Cast, at

pytestmark = pytest.mark.django_db
WHEN = at("2026-11-24 10:00")
HEADER = "application_number,id_last4,status,at,card_last4,reason\n"


@pytest.fixture
def received(bank: Cast) -> Application:
    case = bank.received(when=WHEN)
    bank.lend(case, to=bank.he_xiulan, when=WHEN)
    return bank.again(case)


def test_a_problem_with_risk_flags_the_case_and_another_does_not(bank: Cast, received: Application) -> None:
    problems.raise_problem(case=received.pk, actor=bank.he_xiulan, at=WHEN, code="C03", party="BRANCH")
    assert not bank.again(received).is_risk
    problems.resolve(case=received.pk, actor=bank.zheng_weiguo, at=WHEN, note="已核实")
    bank.lend(bank.again(received), to=bank.he_xiulan, when=WHEN)
    problems.raise_problem(case=received.pk, actor=bank.he_xiulan, at=WHEN, code="W03", party="BRANCH")
    assert bank.again(received).is_risk


def test_a_return_with_risk_flags_the_case_and_the_flag_stays_with_the_next_round(
    bank: Cast, received: Application
) -> None:
    problems.return_case(
        case=received.pk, actor=bank.he_xiulan, at=WHEN, codes=["D05", "F03"], note="签名与姓名不符"
    )  # fmt: skip
    problems.resubmit(case=received.pk, actor=received.collector, at=WHEN, answers={"D05": "已补", "F03": "重签"})
    assert bank.again(received).is_risk


def test_a_refusal_of_the_card_system_with_risk_flags_the_case(bank: Cast) -> None:
    filed = bank.file(
        bank.review(bank.key(bank.check(bank.received(when=WHEN), when=WHEN), when=WHEN), when=WHEN), when=WHEN
    )
    endings.reject(case=filed.pk, actor=None, at=WHEN, code="K05", source="1:2")
    assert bank.again(filed).is_risk


def test_audit_and_supervisors_take_the_flag_off_and_it_is_written_down(bank: Cast, received: Application) -> None:
    Application.objects.filter(pk=received.pk).update(is_risk=True)
    for person in (bank.zheng_weiguo, bank.he_xiulan, bank.su_min):
        with pytest.raises(NotAllowed):
            clear_risk_flag(case=received.pk, actor=person, at=WHEN, reason="无")
    clear_risk_flag(case=received.pk, actor=bank.pan_wei, at=WHEN, reason="核实为本人签名")
    assert not bank.again(received).is_risk
    assert AuditRecord.objects.get(action="clear_risk").facts == {"reason": "核实为本人签名"}


# -- a cancelled card --------------------------------------------------------------------------------------------------
def cancel(bank: Cast, case: Application, *, on: str = "2026-12-01T10:00:00+08:00") -> CardStatusRow:
    last4 = case.applicant.id_number.reveal()[-4:]
    line = f"{case.number},{last4},CANCELLED,{on},,客户销卡\n"
    later = at("2027-06-01 09:00")
    file = take_file(name="cancelled.csv", content=(HEADER + line).encode(), actor=bank.zheng_weiguo, at=later)
    apply_file(file_id=file.pk, at=later)
    return file.rows.get()


def test_a_card_cancelled_without_use_is_told_to_audit_once_and_nothing_else_happens(bank: Cast) -> None:
    case = bank.activated(when=WHEN)
    assert cancel(bank, case).fate == CardStatusRow.Fate.MATCHED
    assert cancel(bank, case).fate == CardStatusRow.Fate.DONE_BEFORE
    news = Message.objects.get(kind="cancelled_unused")
    assert (news.employee, news.facts["number"]) == (bank.pan_wei, case.number)
    assert bank.again(case).state == "ACTIVATED"


def test_a_used_card_that_is_cancelled_is_no_news_for_audit(bank: Cast) -> None:
    case = bank.activated(when=WHEN)
    Application.objects.filter(pk=case.pk).update(first_spend_at=at("2026-11-25 10:00"))
    assert cancel(bank, case).fate == CardStatusRow.Fate.MATCHED
    assert not Message.objects.filter(kind="cancelled_unused").exists()


def test_a_card_that_was_never_activated_here_cannot_be_cancelled(bank: Cast, received: Application) -> None:
    assert cancel(bank, received).fate == CardStatusRow.Fate.UNMATCHED


# -- who referred stays (R-T102) ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("column", ["referrer", "referrer_type"])
def test_t102_nobody_changes_the_referrer_after_the_intake_not_even_by_sql(bank: Cast, column: str) -> None:
    case = bank.complete(bank.collect(bank.refer(when=WHEN), when=WHEN), when=WHEN)
    value = {"referrer": bank.chen_xiaoming, "referrer_type": "CUSTOMER"}[column]
    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
        Application.objects.filter(pk=case.pk).update(**{column: value})
    assert bank.again(case).referrer == bank.li_wenjing
