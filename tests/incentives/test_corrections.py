"""What one asks and another decides: corrections by an amount, cross-sell (S20), disputes."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from applications.models import Application
from applications.models.case import ReferrerType
from applications.services import intake
from incentives.lifecycle import Ground, RequestState
from incentives.models import Adjustment, CrossSell, Dispute, SplitPolicy
from incentives.reference import OTHER_PRODUCTS
from incentives.services.accrual import accrue
from incentives.services.adjustments import approve_adjustment, ask_adjustment
from incentives.services.cross_sells import approve_cross_sell, report_cross_sell
from incentives.services.disputes import decide_dispute, dispute, escalate_disputes
from incentives.services.requests import refuse
from incentives.services.reversals import approve_reversal, ask_reversal
from ops_center.kernel.errors import Malformed, NotAllowed, OutOfSight, Refused
from organization.models import Employee, Message, RoleAssignment
from tests.cast import Cast, at
from tests.incentives.conftest import earned, lines_of, who

pytestmark = pytest.mark.django_db
WHEN = at("2026-11-24 10:00")


@pytest.fixture
def case(bank: Cast, flat: SplitPolicy) -> Application:
    return earned(bank, when=WHEN)


def paid_to(case: Application) -> dict[str, str]:
    """Yuan per payee, of every kind of line."""
    sums: Counter[str] = Counter()
    for row in lines_of(case):
        sums[who(row)] += row.amount_fen
    return {payee: f"{fen / 100:.2f}" for payee, fen in sums.items() if fen}


@pytest.fixture
def tracker(bank: Cast) -> Employee:
    """A second tracker, who earns nothing from the case."""
    return bank.hire("谢督件", "OC01", "TR")


def split_total(case: Application) -> int:
    return sum(row.amount_fen for row in lines_of(case) if row.kind == "SPLIT")


# -- corrections by an amount ------------------------------------------------------------------------------------------
def correct(bank: Cast, case: Application, fen: int, *, payee: Employee | None = None) -> Adjustment:
    return ask_adjustment(
        case=case.number, payee=payee or bank.fang_fang, role="ENTRY", amount_fen=fen, reason="双录应为第一录入",
        actor=bank.zheng_weiguo, at=WHEN,
    )  # fmt: skip


def test_a_tracker_asks_a_supervisor_approves_and_the_shares_stay_the_bounty(bank: Cast, case: Application) -> None:
    asked = correct(bank, case, -4_00)
    assert paid_to(case)["方芳"] == "10.00"
    done = approve_adjustment(adjustment=asked.pk, actor=bank.feng_zhiqiang, at=WHEN)
    line = lines_of(case)[-1]
    assert (line.kind, line.amount_fen, line.why, line.state) == ("ADJUSTMENT", -4_00, "ADJUSTED", "ACCRUED")
    assert (done.entry, paid_to(case)["方芳"], split_total(case)) == (line, "6.00", 100_00)
    assert Message.objects.get(employee=bank.fang_fang, kind="reward_adjusted").facts["amount"] == "-4.00"


def test_nobody_corrects_the_own_reward_on_either_side(bank: Cast, case: Application, tracker: Employee) -> None:
    with pytest.raises(Refused, match="Your own reward"):
        correct(bank, case, 1_00, payee=bank.zheng_weiguo)
    asked = correct(bank, case, 1_00)
    RoleAssignment.objects.create(employee=bank.fang_fang, role="SUP", starts_on=WHEN.date())
    with pytest.raises(Refused, match="You earn from"):
        approve_adjustment(adjustment=asked.pk, actor=Employee.objects.get(pk=bank.fang_fang.pk), at=WHEN)
    for person in (bank.pan_wei, tracker):
        with pytest.raises(NotAllowed):
            approve_adjustment(adjustment=asked.pk, actor=person, at=WHEN)
    with pytest.raises(IntegrityError, match="payee of its case"), transaction.atomic():
        Adjustment.objects.filter(pk=asked.pk).update(state="APPROVED", decided_by=bank.fang_fang, decided_at=WHEN)


@pytest.mark.parametrize("fen", [0, 100_01, -100_01])
def test_a_correction_is_an_amount_of_at_most_the_bounty(bank: Cast, case: Application, fen: int) -> None:
    with pytest.raises(Malformed, match=r"100\.00"):
        correct(bank, case, fen)


def test_no_more_is_taken_back_than_was_earned_also_when_two_are_approved(bank: Cast, case: Application) -> None:
    with pytest.raises(Refused, match=r"10\.00") as no:
        correct(bank, case, -10_01)
    assert no.value.code == "more_than_earned"
    first, second = correct(bank, case, -6_00), correct(bank, case, -6_00)
    approve_adjustment(adjustment=first.pk, actor=bank.feng_zhiqiang, at=WHEN)
    with pytest.raises(Refused, match=r"4\.00"):
        approve_adjustment(adjustment=second.pk, actor=bank.feng_zhiqiang, at=WHEN)


def test_a_correction_goes_to_a_payee_of_the_case_only(bank: Cast, case: Application) -> None:
    with pytest.raises(Malformed, match="has no part in") as no:
        correct(bank, case, 10_00, payee=bank.su_min)
    assert list(no.value.errors) == ["payee"]


def test_all_corrections_of_a_case_together_are_at_most_its_bounty(bank: Cast, case: Application) -> None:
    waits = correct(bank, case, 60_00)
    with pytest.raises(Refused, match=r"60\.00.*100\.00") as no:
        correct(bank, case, 40_01, payee=bank.he_xiulan)
    assert no.value.code == "corrected_enough"
    correct(bank, case, -10_00)  # the other direction is bounded for itself
    approve_adjustment(adjustment=waits.pk, actor=bank.feng_zhiqiang, at=WHEN)
    with pytest.raises(Refused):
        correct(bank, case, 40_01)
    refuse(Adjustment, correct(bank, case, 40_00).pk, actor=bank.feng_zhiqiang, at=WHEN, reason="依据不足")
    correct(bank, case, 40_00)


def test_nothing_is_added_to_a_case_that_was_taken_back(bank: Cast, case: Application) -> None:
    waits = correct(bank, case, 1_00)
    fraud = ask_reversal(case=case.number, actor=bank.pan_wei, at=WHEN, reason="伪造", ground=Ground.FRAUD)
    approve_reversal(reversal=fraud.pk, actor=bank.feng_zhiqiang, at=WHEN)
    with pytest.raises(Refused, match="taken back"):
        correct(bank, case, 1_00)
    with pytest.raises(Refused, match="taken back"):
        approve_adjustment(adjustment=waits.pk, actor=bank.feng_zhiqiang, at=WHEN)


def test_a_refused_correction_writes_nothing(bank: Cast, case: Application) -> None:
    refuse(Adjustment, correct(bank, case, 1_00).pk, actor=bank.feng_zhiqiang, at=WHEN, reason="依据不足")
    assert len(lines_of(case)) == 6


# -- cross-sell --------------------------------------------------------------------------------------------------------
def test_another_product_brings_the_officer_ten_yuan_once_a_tracker_has_confirmed_it(
    bank: Cast, case: Application, tracker: Employee
) -> None:
    sold = report_cross_sell(case=case.number, product="账单分期", actor=bank.lin_xiaoyu, at=WHEN)
    assert paid_to(case)["林小雨"] == "20.00"
    approve_cross_sell(cross_sell=sold.pk, actor=tracker, at=WHEN)
    line = lines_of(case)[-1]
    assert (line.kind, line.role, line.amount_fen, line.why) == ("CROSS_SELL", "AFTER_SALES", 10_00, "CROSS_SOLD")
    assert (paid_to(case)["林小雨"], split_total(case)) == ("30.00", 100_00)


def test_a_product_counts_once_per_case_unless_it_was_refused(bank: Cast, case: Application, tracker: Employee) -> None:
    sold = report_cross_sell(case=case.number, product="账单分期", actor=bank.lin_xiaoyu, at=WHEN)
    with pytest.raises(Refused, match="counts once"):
        report_cross_sell(case=case.number, product="账单分期", actor=bank.lin_xiaoyu, at=WHEN)
    refuse(CrossSell, sold.pk, actor=tracker, at=WHEN, reason="客户未签约")
    again = report_cross_sell(case=case.number, product="账单分期", actor=bank.lin_xiaoyu, at=WHEN)
    approve_cross_sell(cross_sell=again.pk, actor=tracker, at=WHEN)
    report_cross_sell(case=case.number, product="自动还款", actor=bank.lin_xiaoyu, at=WHEN)


@pytest.mark.parametrize("product", ["", "账单分期 12期", "帐单分期", " 账单分期"])
def test_a_product_is_one_of_the_list(bank: Cast, case: Application, product: str) -> None:
    with pytest.raises(Malformed, match="Choose one of the products") as no:
        report_cross_sell(case=case.number, product=product, actor=bank.lin_xiaoyu, at=WHEN)
    assert list(no.value.errors) == ["product"]


def test_one_call_counts_for_three_products(bank: Cast, case: Application, tracker: Employee) -> None:
    sold = [
        report_cross_sell(case=case.number, product=product, actor=bank.lin_xiaoyu, at=WHEN)
        for product in OTHER_PRODUCTS[:3]
    ]
    with pytest.raises(Refused) as no:
        report_cross_sell(case=case.number, product=OTHER_PRODUCTS[3], actor=bank.lin_xiaoyu, at=WHEN)
    assert no.value.code == "sold_enough"
    refuse(CrossSell, sold[0].pk, actor=tracker, at=WHEN, reason="客户未签约")
    report_cross_sell(case=case.number, product=OTHER_PRODUCTS[3], actor=bank.lin_xiaoyu, at=WHEN)


def test_only_the_officer_who_coached_reports_and_a_payee_of_the_case_does_not_confirm(
    bank: Cast, case: Application
) -> None:
    with pytest.raises(OutOfSight):
        report_cross_sell(case=case.number, product="账单分期", actor=bank.hire("他人", "OC01", "AS"), at=WHEN)
    with pytest.raises(NotAllowed):
        report_cross_sell(case=case.number, product="账单分期", actor=bank.fang_fang, at=WHEN)
    sold = report_cross_sell(case=case.number, product="账单分期", actor=bank.lin_xiaoyu, at=WHEN)
    with pytest.raises(Refused, match="You earn from"):
        approve_cross_sell(cross_sell=sold.pk, actor=bank.zheng_weiguo, at=WHEN)


def test_a_sale_waits_for_the_activation_and_is_nothing_after_a_claw_back(bank: Cast) -> None:
    issued = bank.coach(bank.issued(bank.received(when=WHEN), when=WHEN), when=WHEN)
    with pytest.raises(Refused) as no:
        report_cross_sell(case=issued.number, product="账单分期", actor=bank.lin_xiaoyu, at=WHEN)
    assert no.value.code == "not_accrued"
    bank.activate(issued, when=WHEN)
    accrue(at=WHEN)
    sold = report_cross_sell(case=issued.number, product="账单分期", actor=bank.lin_xiaoyu, at=WHEN)
    fraud = ask_reversal(case=issued.number, actor=bank.pan_wei, at=WHEN, reason="伪造", ground=Ground.FRAUD)
    approve_reversal(reversal=fraud.pk, actor=bank.feng_zhiqiang, at=WHEN)
    with pytest.raises(Refused, match="taken back"):
        approve_cross_sell(cross_sell=sold.pk, actor=bank.feng_zhiqiang, at=WHEN)


def test_s20_a_platinum_sold_in_the_coaching_call_brings_135_and_the_first_case_stays(
    bank: Cast, case: Application
) -> None:
    first = paid_to(case)
    lead = bank.collect(bank.refer(when=WHEN, product="BJ", by=bank.lin_xiaoyu), when=WHEN)
    taken = bank.to_branch(bank.complete(lead, when=WHEN), when=WHEN)
    bank.receive(bank.send(taken, when=WHEN), when=WHEN)
    platinum = bank.finish(taken, when=WHEN)
    accrue(at=WHEN)
    shares = [row for row in lines_of(platinum) if row.kind == "SPLIT"]
    assert [row.amount_fen for row in shares if row.payee == bank.lin_xiaoyu] == [75_00, 60_00]
    assert sum(row.amount_fen for row in shares) == 300_00
    assert (paid_to(case), first["林小雨"]) == (first, "20.00")


def test_s20_a_client_who_refers_gets_twenty_and_five_go_to_the_pool(bank: Cast) -> None:
    lead = bank.refer(when=WHEN, referrer_type=ReferrerType.CUSTOMER)
    taken = bank.to_branch(bank.complete(bank.collect(lead, when=WHEN), when=WHEN), when=WHEN)
    bank.receive(bank.send(taken, when=WHEN), when=WHEN)
    bank.finish(taken, when=WHEN)
    accrue(at=WHEN)
    split = [row for row in lines_of(taken) if row.kind == "SPLIT"]
    assert {row.payee_kind: row.amount_fen for row in split if not row.payee} == {"CUSTOMER": 20_00, "POOL": 5_00}
    assert sum(row.amount_fen for row in split if row.payee) == 75_00


# -- R-T101: nobody is paid for a card of his own ----------------------------------------------------------------------
@pytest.mark.parametrize("same", ["id_index", "mobile_index"])
@pytest.mark.parametrize("who", ["li_wenjing", "zhou_qiming"])
def test_t101_the_referral_share_of_an_own_card_goes_to_the_pool(bank: Cast, same: str, who: str) -> None:
    lead = bank.collect(bank.refer(when=WHEN), when=WHEN)
    Employee.objects.filter(pk=getattr(bank, who).pk).update(**{same: getattr(lead.applicant, same)})
    taken = bank.to_branch(bank.complete(bank.again(lead), when=WHEN), when=WHEN)
    bank.receive(bank.send(taken, when=WHEN), when=WHEN)
    bank.finish(taken, when=WHEN)
    accrue(at=WHEN)
    referral = next(row for row in lines_of(taken) if row.role == "REFERRER")
    assert (referral.payee_kind, referral.amount_fen, referral.why) == ("POOL", 25_00, "OWN_CARD")


def test_t102_a_second_referral_of_the_same_client_keeps_the_first_referrer(bank: Cast) -> None:
    lead = bank.collect(bank.refer(when=WHEN), when=WHEN)
    client = lead.applicant
    person = intake.person_of(
        name="另一个名字", mobile_number=client.mobile.reveal(), id_number=client.id_number.reveal()
    )
    with pytest.raises(Refused):
        intake.refer(actor=bank.chen_xiaoming, product=bank.product("BJ"), person=person, at=WHEN, consent=True)
    assert bank.again(lead).referrer == bank.li_wenjing


# -- disputes ----------------------------------------------------------------------------------------------------------
@pytest.fixture
def disputed(bank: Cast, case: Application) -> Dispute:
    """方芳 disputes her 10.00 on Tuesday 24 November."""
    entry = next(row for row in lines_of(case) if row.payee == bank.fang_fang and row.kind == "SPLIT")
    return dispute(entry=entry.pk, text="我是第一录入人，应为全额", actor=bank.fang_fang, at=WHEN)


def test_a_dispute_is_due_on_the_fifth_working_day_and_says_why(bank: Cast, disputed: Dispute) -> None:
    assert disputed.due_at == at("2026-12-01 17:30")
    assert [day["on"] for day in disputed.explanation["days"] if day["counted"]] == [
        "2026-11-25", "2026-11-26", "2026-11-27", "2026-11-30", "2026-12-01",
    ]  # fmt: skip
    told = set(Message.objects.filter(kind="dispute_asked").values_list("employee__number", flat=True))
    assert told == {bank.zheng_weiguo.number, bank.feng_zhiqiang.number}


def test_only_the_own_entry_is_disputed_one_at_a_time(bank: Cast, case: Application, disputed: Dispute) -> None:
    with pytest.raises(Refused, match="disputed this amount already"):
        dispute(entry=disputed.entry_id, text="再次", actor=bank.fang_fang, at=WHEN)
    with pytest.raises(OutOfSight):
        dispute(entry=disputed.entry_id, text="别人的", actor=bank.he_xiulan, at=WHEN)
    with pytest.raises(Malformed):
        dispute(entry=disputed.entry_id, text=" ", actor=bank.fang_fang, at=WHEN)


def test_an_upheld_dispute_asks_for_the_correction_that_another_supervisor_approves(
    bank: Cast, case: Application, disputed: Dispute
) -> None:
    decide_dispute(dispute=disputed.pk, accepted=True, note="确为第一录入", amount_fen=4_00, actor=bank.feng_zhiqiang,
                   at=WHEN)  # fmt: skip
    asked = Adjustment.objects.get()
    assert (asked.payee, asked.role, asked.amount_fen, asked.state) == (bank.fang_fang, "ENTRY", 4_00, "OPEN")
    with pytest.raises(Refused):
        approve_adjustment(adjustment=asked.pk, actor=bank.feng_zhiqiang, at=WHEN)
    approve_adjustment(adjustment=asked.pk, actor=bank.hire("第二主管", "OC01", "SUP"), at=WHEN)
    assert paid_to(case)["方芳"] == "14.00"


def test_a_rejected_dispute_says_why_to_the_person_and_changes_nothing(
    bank: Cast, case: Application, disputed: Dispute
) -> None:
    with pytest.raises(Malformed):
        decide_dispute(dispute=disputed.pk, accepted=False, note="", actor=bank.feng_zhiqiang, at=WHEN)
    with pytest.raises(Refused, match="You earn from"):
        decide_dispute(dispute=disputed.pk, accepted=False, note="无", actor=bank.zheng_weiguo, at=WHEN)
    done = decide_dispute(dispute=disputed.pk, accepted=False, note="按双录规则", actor=bank.feng_zhiqiang, at=WHEN)
    assert done.state == RequestState.REFUSED
    news = Message.objects.get(employee=bank.fang_fang, kind="dispute_decided")
    assert news.facts["note"] == "按双录规则"
    assert (len(lines_of(case)), Adjustment.objects.count()) == (6, 0)


def test_a_rejection_takes_no_amount_and_is_the_last_word(bank: Cast, disputed: Dispute) -> None:
    with pytest.raises(Malformed, match="corrects nothing") as no:
        decide_dispute(dispute=disputed.pk, accepted=False, note="无", amount_fen=4_00, actor=bank.feng_zhiqiang,
                       at=WHEN)  # fmt: skip
    assert list(no.value.errors) == ["amount"]
    decide_dispute(dispute=disputed.pk, accepted=False, note="按双录规则", actor=bank.feng_zhiqiang, at=WHEN)
    with pytest.raises(Refused) as refused:
        dispute(entry=disputed.entry_id, text="再次", actor=bank.fang_fang, at=WHEN)
    assert refused.value.code == "answered_before"


def test_an_overdue_dispute_is_told_to_the_supervisors_once(bank: Cast, disputed: Dispute) -> None:
    assert escalate_disputes(at=disputed.due_at) == 0
    late = disputed.due_at + timedelta(minutes=1)
    assert (escalate_disputes(at=late), escalate_disputes(at=late)) == (1, 0)
    assert Message.objects.get(kind="dispute_overdue").employee == bank.feng_zhiqiang
    decide_dispute(dispute=disputed.pk, accepted=False, note="按双录规则", actor=bank.feng_zhiqiang, at=late)
