"""我的收益: one's own month by part and state, the pay slips, what is to come, and why an amount is what it is."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from applications.models import Application
from incentives.models import PayoutBalance, RewardEntry
from incentives.periods import period_of
from incentives.selectors.forecast import forecast_of
from incentives.selectors.statement import PARTS, entries_of, head_of, lines_of, own_entries
from incentives.services.accrual import accrue
from incentives.services.confirmations import certify, draft_confirmation
from incentives.services.disputes import dispute
from incentives.services.payouts import make_payout, mark_paid
from incentives.services.registration import register
from incentives.services.reversals import approve_reversal, ask_reversal
from organization.models import Employee, Qualification
from tests.cast import Cast, at
from tests.incentives.conftest import earned
from tests.incentives.test_api import As
from tests.incentives.test_pages import signed_in

pytestmark = pytest.mark.django_db
WHEN = at("2026-11-10 10:00")
LATER = at("2026-11-20 10:00")
NOVEMBER = period_of("2026-11")


@pytest.fixture
def platinum(bank: Cast) -> Application:
    """Path B: 陈小明 has 150.00 of shares and 3.75 for the dispatch in time."""
    return earned(bank, when=WHEN, product="BJ", referred=False)


def pay(bank: Cast, case: Application) -> int:
    register(applications=[case.number], actor=bank.zheng_weiguo, at=LATER)
    document = draft_confirmation(period="2026-11", actor=bank.zheng_weiguo, at=LATER)
    certify(no=document.no, actor=bank.feng_zhiqiang, at=LATER)
    batch = make_payout(confirmations=[document.no], actor=bank.su_min, at=LATER)
    mark_paid(batch=batch.pk, actor=bank.su_min, at=LATER, paid_on=date(2026, 11, 20))
    return batch.pk


def text(person: Employee, path: str) -> str:
    answer = signed_in(person).get(path)
    assert answer.status_code == 200, path
    return answer.content.decode()


# -- the month ---------------------------------------------------------------------------------------------------------
def test_s2_one_line_of_150_with_its_parts_75_and_75(bank: Cast, platinum: Application) -> None:
    mine = own_entries(bank.chen_xiaoming, NOVEMBER)
    [line] = lines_of([platinum.assessment], mine)
    assert line.share_fen == 150_00
    assert [entry.amount_fen for entry in line.entries if entry.kind == "SPLIT"] == [75_00, 75_00]
    page = text(bank.chen_xiaoming, "/rewards/?month=2026-11")
    assert page.count(">75.00<") == 2
    assert page.count(platinum.number) == 2  # its address and its number, in one line


def test_the_head_of_a_month_adds_up_by_part_and_by_state(bank: Cast, platinum: Application) -> None:
    head = head_of(own_entries(bank.chen_xiaoming, NOVEMBER))
    assert head.parts == {"shares": 150_00, "bonus": 3_75}
    assert head.states == [("ACCRUED", 3, 153_75)]
    assert head.net_fen == 153_75


def test_a_claw_back_is_a_part_of_its_own_and_the_net_is_nothing(bank: Cast, platinum: Application) -> None:
    asked = ask_reversal(case=platinum.number, actor=bank.pan_wei, at=LATER, reason="代签")
    approve_reversal(reversal=asked.pk, actor=bank.feng_zhiqiang, at=LATER, reason="核实")
    head = head_of(own_entries(bank.chen_xiaoming, NOVEMBER))
    assert head.parts == {"shares": 150_00, "bonus": 3_75, "clawed-back": -153_75}
    assert head.net_fen == 0


def test_a_held_share_that_is_clawed_back_leaves_nothing_on_the_statement(bank: Cast) -> None:
    case = bank.activated(when=WHEN, product="BJ", referred=False)
    Qualification.objects.filter(employee=bank.chen_xiaoming).update(ends_on=date(2026, 11, 9))
    accrue(at=WHEN)
    asked = ask_reversal(case=case.number, actor=bank.pan_wei, at=LATER, reason="代签")
    approve_reversal(reversal=asked.pk, actor=bank.feng_zhiqiang, at=LATER, reason="核实")
    assert head_of(own_entries(bank.chen_xiaoming, NOVEMBER)).net_fen == 0


def test_every_entry_stands_in_exactly_one_part(bank: Cast, platinum: Application) -> None:
    for entry in RewardEntry.objects.all():
        one = RewardEntry.objects.filter(pk=entry.pk)
        assert [name for name, part in PARTS.items() if one.filter(part).exists()] in (["shares"], ["bonus"])


def test_a_month_with_nothing_says_so(bank: Cast) -> None:
    assert "No reward here yet" in text(bank.chen_xiaoming, "/rewards/?month=2020-01")


def test_the_statement_is_cut_by_part_by_case_and_by_state(bank: Cast, platinum: Application) -> None:
    other = earned(bank, when=WHEN + timedelta(hours=1), referred=False)
    by_case = text(bank.chen_xiaoming, f"/rewards/?case={platinum.number}")
    assert platinum.number in by_case
    assert other.number not in by_case
    assert ">75.00<" not in text(bank.chen_xiaoming, "/rewards/?month=2026-11&part=bonus")
    assert platinum.number not in text(bank.chen_xiaoming, "/rewards/?month=2026-11&state=PAID")


@pytest.mark.parametrize("query", ["part=all", "state=GONE", "month=x", "batch=1e3", "colour=red"])
def test_a_filter_that_does_not_exist_is_refused(bank: Cast, query: str) -> None:
    assert signed_in(bank.chen_xiaoming).get(f"/rewards/?{query}").status_code == 400


def test_a_pay_slip_says_what_was_due_brought_forward_paid_and_carried(bank: Cast, platinum: Application) -> None:
    batch = pay(bank, platinum)
    slip = PayoutBalance.objects.get(batch=batch, payee=bank.chen_xiaoming)
    assert (slip.due_fen, slip.brought_fen, slip.paid_fen, slip.carried_fen) == (153_75, 0, 153_75, 0)
    page = text(bank.chen_xiaoming, f"/rewards/?batch={batch}")
    assert "Pay slips" in page
    assert f"Pay slip of batch {batch}" in page
    assert platinum.number in page
    assert text(bank.fang_fang, f"/rewards/?batch={batch}").count(platinum.number) == 2  # her own line of it
    assert platinum.number not in text(bank.luo_yong, f"/rewards/?batch={batch}")


# -- what is to come ---------------------------------------------------------------------------------------------------
def test_running_cases_promise_and_earn_nothing(bank: Cast, platinum: Application) -> None:
    received = bank.received(when=WHEN)
    lead = bank.refer(when=WHEN, by=bank.chen_xiaoming, product="JK")
    forecast = forecast_of(bank.chen_xiaoming, WHEN)
    found = [(row.case.number, row.parts, row.steps_left) for row in forecast.promises]
    assert found == [
        (received.number, [("REFERRER", 25_00), ("COLLECTOR", 25_00)], 7),
        (lead.number, [("REFERRER", 37_50)], 13),
    ]
    assert forecast.total_fen == 87_50
    assert head_of(entries_of(bank.chen_xiaoming)).net_fen == 153_75
    page = text(bank.chen_xiaoming, "/rewards/")
    assert "Not earned yet" in page
    assert "87.50 yuan if every card is activated" in page


def test_the_forecast_takes_as_many_queries_for_many_cases_as_for_one(
    bank: Cast, django_assert_max_num_queries
) -> None:
    for _case in range(4):
        bank.draft(when=WHEN)
    with django_assert_max_num_queries(8):
        assert len(forecast_of(bank.chen_xiaoming, WHEN).promises) == 4


# -- the trace ---------------------------------------------------------------------------------------------------------
def test_the_trace_of_a_share_shows_how_it_was_reckoned(bank: Cast, platinum: Application) -> None:
    share = RewardEntry.objects.get(payee=bank.chen_xiaoming, role="COLLECTOR", kind="SPLIT")
    page = text(bank.chen_xiaoming, f"/rewards/{share.pk}/")
    for fact in ("300.00", "25%", "75.00", "Path B", "v1", platinum.number):
        assert fact in page, fact


def test_the_trace_of_a_bonus_names_the_clock_and_the_rate(bank: Cast, platinum: Application) -> None:
    bonus = RewardEntry.objects.get(payee=bank.chen_xiaoming, kind="TIMELINESS")
    page = text(bank.chen_xiaoming, f"/rewards/{bonus.pk}/")
    for fact in ("75.00", "5%", "3.75", "Dispatch on the day", "due 2026-11-10 20:00", "done 2026-11-10 10:00"):
        assert fact in page, fact


def test_the_trace_tells_the_way_to_the_bank_account(bank: Cast, platinum: Application) -> None:
    batch = pay(bank, platinum)
    share = RewardEntry.objects.get(payee=bank.fang_fang, kind="SPLIT")
    page = text(bank.fang_fang, f"/rewards/{share.pk}/")
    for fact in ("JXQR-202611-001", f"Batch {batch}", "paid on 2026-11-20", "冯志强", "郑维国"):
        assert fact in page, fact


def test_the_trace_of_a_claw_back_says_why_and_by_whom(bank: Cast, platinum: Application) -> None:
    asked = ask_reversal(case=platinum.number, actor=bank.pan_wei, at=LATER, reason="申请表系代签")
    approve_reversal(reversal=asked.pk, actor=bank.feng_zhiqiang, at=LATER, reason="核实")
    minus = RewardEntry.objects.get(payee=bank.fang_fang, kind="REVERSAL", mirrors__kind="SPLIT")
    page = text(bank.fang_fang, f"/rewards/{minus.pk}/")
    for fact in ("(30.00)", "申请表系代签", "潘伟", "冯志强"):
        assert fact in page, fact


def test_a_dispute_and_its_clock_stand_on_the_trace(bank: Cast, platinum: Application) -> None:
    share = RewardEntry.objects.get(payee=bank.fang_fang, kind="SPLIT")
    dispute(entry=share.pk, text="双录应为 18 元", actor=bank.fang_fang, at=LATER)
    page = text(bank.fang_fang, f"/rewards/{share.pk}/")
    for fact in ("双录应为 18 元", "answer by 2026-11-27"):
        assert fact in page, fact


# -- programs ----------------------------------------------------------------------------------------------------------
def test_the_summary_answers_the_month_in_figures(bank: Cast, platinum: Application) -> None:
    bank.refer(when=WHEN, by=bank.chen_xiaoming)
    answer = As(bank.chen_xiaoming).get("me/rewards/summary/", period="2026-11")
    assert answer.status_code == 200
    assert answer.json() == {
        "period": "2026-11",
        "net": "153.75",
        "parts": [{"part": "shares", "amount": "150.00"}, {"part": "bonus", "amount": "3.75"}],
        "states": [{"state": "ACCRUED", "entries": 3, "amount": "153.75"}],
        "forecast": "25.00",
        "running_cases": 1,
        "slips": [],
    }
    assert As(bank.chen_xiaoming).get("me/rewards/summary/", period="x").status_code == 400


# -- the branch head ---------------------------------------------------------------------------------------------------
def test_a_branch_head_counts_and_reads_no_amount_of_a_colleague(bank: Cast, platinum: Application) -> None:
    page = text(bank.zhao_lixin, "/rewards/branch/?period=2026-11")
    assert "陈小明" in page
    answer = As(bank.zhao_lixin).get("rewards/branch/", period="2026-11")
    [of_chen] = [row for row in answer.json()["people"] if row["person"] == "LZ10001"]
    assert of_chen == {
        "person": "LZ10001", "entries": 3, "kinds": {"SPLIT": 2, "TIMELINESS": 1}, "states": {"ACCRUED": 3},
    }  # fmt: skip
    for amount in ("75.00", "3.75", "150.00", "153.75", "7500", "300.00"):
        assert amount not in page
        assert amount not in answer.content.decode()
    assert "fen" not in answer.content.decode()


def test_the_counts_of_a_branch_are_its_heads(bank: Cast, platinum: Application) -> None:
    for person in bank.people.values():
        expected = 200 if "BH" in person.role_codes(WHEN.date()) else 403
        assert signed_in(person).get("/rewards/branch/").status_code == expected, person
        assert As(person).get("rewards/branch/").status_code == expected, person
    assert bank.luo_yong.number not in text(bank.zhao_lixin, "/rewards/branch/")  # of another branch
