"""The monthly cap of penalties (S10, ASM-6): closed once per person and month."""

from __future__ import annotations

from datetime import datetime

import pytest

from applications.lifecycle import Clock, Outcome
from applications.models import Application, CaseClock
from incentives.models import PenaltyCap, RewardEntry, UnassessedActivation
from incentives.periods import period_of
from incentives.services.accrual import accrue
from incentives.services.caps import close_ended_months, close_month
from organization.models import Message
from tests.applications.test_races import all_at_once
from tests.cast import Cast, at
from tests.incentives.conftest import paid_to, priced_bank

pytestmark = pytest.mark.django_db
WHEN = at("2026-11-24 10:00")
FIRST = at("2026-12-01 01:00")


def line(case: Application, bank: Cast, role: str, fen: int, when: datetime = WHEN, **facts: object) -> RewardEntry:
    """A timeliness line of 方芳 on a case, as an accrual writes it."""
    number = RewardEntry.objects.filter(assessment=case.pk, kind="TIMELINESS", role=role).count() + 1
    return RewardEntry.objects.create(
        **{"assessment_id": case.pk, "kind": "TIMELINESS", "role": role, "sequence": number, "amount_fen": fen,
           "payee_kind": "EMPLOYEE", "payee": bank.fang_fang, "why": "LATE" if fen < 0 else "ON_TIME", "at": when}
        | facts
    )  # fmt: skip


def s10(bank: Cast) -> list[Application]:
    """方芳 keyed four classics (40.00) and lost 11.00 in three penalties; she was late for one clock of each."""
    cases = [bank.activated(when=WHEN, referred=True) for _case in range(4)]
    CaseClock.objects.filter(application__in=cases, kind=Clock.ENTRY).update(outcome=Outcome.VOID)
    accrue(at=WHEN)
    for case, fen in zip(cases, (-5_00, -4_00, -2_00), strict=False):
        line(case, bank, "ENTRY", fen)
    return cases


def deducted(bank: Cast, cases: list[Application]) -> list[str]:
    return [paid_to(case, "TIMELINESS").get(bank.fang_fang.name, "0.00") for case in cases]


def test_s10_eight_yuan_are_deducted_and_three_lapse(bank: Cast) -> None:
    cases = s10(bank)
    assert close_ended_months(at=FIRST) == {"closed": 1, "lapsed": 1}
    # The latest penalties give way first: the 2.00 altogether, 1.00 of the 4.00.
    assert deducted(bank, cases) == ["-5.00", "-3.00", "0.00", "0.00"]
    lapsed = RewardEntry.objects.filter(why="CAP_LAPSED")
    assert sorted(lapsed.values_list("amount_fen", flat=True)) == [1_00, 2_00]
    assert all(row.payee == bank.fang_fang and f"{row.at:%Y-%m}" == "2026-11" for row in lapsed)
    cap = PenaltyCap.objects.get()
    assert (cap.month, cap.rewarded_fen, cap.penalty_fen, cap.lapsed_fen) == ("2026-11", 40_00, 11_00, 3_00)
    assert Message.objects.get(kind="penalties_lapsed").facts == {"month": "2026-11", "amount": "3.00"}


def test_a_month_is_closed_once(bank: Cast) -> None:
    s10(bank)
    close_ended_months(at=FIRST)
    assert close_ended_months(at=FIRST) == {}
    assert close_month(month=period_of("2026-11"), at=at("2027-01-05 10:00")) == {"closed": 0, "lapsed": 0}


def test_within_the_cap_nothing_lapses(bank: Cast) -> None:
    case = s10(bank)[3]
    line(case, bank, "CREDIT_CHECK", 15_00)  # 55.00 in all: the cap is 11.00
    assert close_ended_months(at=FIRST) == {"closed": 1}
    assert not RewardEntry.objects.filter(why="CAP_LAPSED").exists()


def test_what_was_voided_or_is_undecided_is_left_out(bank: Cast) -> None:
    case = s10(bank)[3]
    line(case, bank, "ENTRY", -9_00, payee_kind="HELD", why="EXPLANATION_OPEN")
    undone = line(case, bank, "CREDIT_CHECK", -9_00)
    line(case, bank, "CREDIT_CHECK", 9_00, mirrors=undone)
    close_ended_months(at=FIRST)
    assert (PenaltyCap.objects.get().penalty_fen, PenaltyCap.objects.get().lapsed_fen) == (11_00, 3_00)


def test_a_month_waits_for_its_end_and_for_its_last_verdict(bank: Cast) -> None:
    s10(bank)
    assert close_ended_months(at=at("2026-11-30 23:59")) == {}
    late = bank.activated(when=at("2026-11-30 20:00"), referred=True)
    assert close_ended_months(at=FIRST) == {}
    accrue(at=FIRST)
    assert UnassessedActivation.objects.count() == 0
    assert close_ended_months(at=FIRST)["closed"] == 1
    # The late case is November's: 10.00 more and, in time, 0.50 on top make the cap 10.10.
    assert PenaltyCap.objects.get().lapsed_fen == 90
    assert paid_to(late)["方芳"] == "10.00"


def test_a_month_that_was_slept_through_is_closed_later(bank: Cast) -> None:
    s10(bank)
    assert close_ended_months(at=at("2027-03-03 10:00")) == {"closed": 1, "lapsed": 1}


@pytest.mark.django_db(transaction=True)
def test_parallel_closes_give_back_once(transactional_db: None) -> None:
    bank = priced_bank()
    cases = s10(bank)
    answers = all_at_once([lambda: close_ended_months(at=FIRST)] * 4)
    assert [answer for answer in answers if isinstance(answer, Exception)] == []
    assert sum(answer["closed"] for answer in answers) == 1
    assert deducted(bank, cases) == ["-5.00", "-3.00", "0.00", "0.00"]
