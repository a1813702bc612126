"""Claw-backs: negative mirror lines, asked for by audit, approved by a supervisor who earns nothing (S19)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction

from applications.models import Application
from applications.services import issue
from incentives.lifecycle import Ground, RequestState
from incentives.models import Reversal, RewardEntry, SplitPolicy
from incentives.services.accrual import accrue
from incentives.services.holds import hold
from incentives.services.releases import release_due_holds
from incentives.services.requests import refuse
from incentives.services.reversals import approve_reversal, ask_reversal
from ops_center.kernel.errors import Malformed, NotAllowed, OutOfSight, Refused
from organization.models import Employee, Message
from tests.applications.test_risk import cancel
from tests.cast import Cast, at
from tests.incentives.conftest import earned, lines_of, shares, who

pytestmark = pytest.mark.django_db
WHEN = at("2026-11-24 10:00")
DAY_40 = WHEN + timedelta(days=40)


@pytest.fixture
def case(bank: Cast, flat: SplitPolicy) -> Application:
    """A classic on Path C: six shares, 100.00."""
    return earned(bank, when=WHEN)


def claw_back(bank: Cast, case: Application, *, when=DAY_40, **facts) -> Reversal:
    asked = ask_reversal(case=case.number, actor=bank.pan_wei, at=when, reason="材料系伪造", **facts)
    return approve_reversal(reversal=asked.pk, actor=bank.feng_zhiqiang, at=when, reason="属实")


def reversals(case: Application) -> dict[str, str]:
    """Yuan that is taken back, per payee."""
    lines = [row for row in lines_of(case) if row.kind == "REVERSAL"]
    return {who(row): f"{row.amount_fen / 100:.2f}" for row in lines}


def test_s19_six_lines_take_back_a_hundred_and_the_old_lines_are_unchanged(bank: Cast, case: Application) -> None:
    before = shares(case)
    split = list(RewardEntry.objects.filter(assessment=case.pk, kind="SPLIT").values())
    claw_back(bank, case)
    assert reversals(case) == {
        "李文静": "-25.00", "周启明": "-25.00", "何秀兰": "-15.00", "方芳": "-10.00", "郑维国": "-5.00",
        "林小雨": "-20.00",
    }  # fmt: skip
    assert list(RewardEntry.objects.filter(assessment=case.pk, kind="SPLIT").values()) == split
    assert shares(case)[: len(before)] == before
    assert sum(row.amount_fen for row in lines_of(case)) == 0
    assert {(row.kind, row.state) for row in lines_of(case)} == {("SPLIT", "REVERSED"), ("REVERSAL", "REVERSED")}
    assert {row.why for row in lines_of(case) if row.kind == "REVERSAL"} == {"FRAUD"}


def test_timeliness_lines_are_taken_back_too(bank: Cast) -> None:
    in_time = earned(bank, when=WHEN)
    bonuses = [row for row in lines_of(in_time) if row.kind == "TIMELINESS"]
    claw_back(bank, in_time)
    assert sum(row.amount_fen for row in bonuses) == 3_75
    assert {row.mirrored_by.amount_fen for row in bonuses} == {-row.amount_fen for row in bonuses}
    assert sum(row.amount_fen for row in lines_of(in_time)) == 0


def test_day_180_is_in_time_and_day_181_is_not(bank: Cast, case: Application) -> None:
    with pytest.raises(Refused, match=r"181 days ago.*180 days") as no:
        ask_reversal(case=case.number, actor=bank.pan_wei, at=WHEN + timedelta(days=181), reason="迟了")
    assert no.value.code == "reversal_too_late"
    asked = ask_reversal(case=case.number, actor=bank.pan_wei, at=WHEN + timedelta(days=180), reason="刚好")
    approve_reversal(reversal=asked.pk, actor=bank.feng_zhiqiang, at=WHEN + timedelta(days=200))  # asked in time counts
    assert sum(row.amount_fen for row in lines_of(case)) == 0


def test_audit_asks_and_a_supervisor_decides_nobody_else(bank: Cast, case: Application) -> None:
    for person in (bank.feng_zhiqiang, bank.zheng_weiguo, bank.su_min, bank.cao_ying, bank.lin_xiaoyu):
        with pytest.raises(NotAllowed):
            ask_reversal(case=case.number, actor=person, at=DAY_40, reason="不行")
    asked = ask_reversal(case=case.number, actor=bank.pan_wei, at=DAY_40, reason="材料系伪造")
    for person in (bank.pan_wei, bank.zheng_weiguo, bank.su_min):
        with pytest.raises(NotAllowed):
            approve_reversal(reversal=asked.pk, actor=person, at=DAY_40)


def supervisor(bank: Cast, name: str) -> Employee:
    return bank.hire(name, "OC01", "SUP AUD")


def test_who_asked_does_not_decide(bank: Cast, case: Application) -> None:
    both = supervisor(bank, "一人两职")
    asked = ask_reversal(case=case.number, actor=both, at=DAY_40, reason="材料系伪造")
    with pytest.raises(Refused, match="yourself") as no:
        approve_reversal(reversal=asked.pk, actor=both, at=DAY_40)
    assert no.value.code == "own_request"


def test_a_payee_of_the_case_does_not_decide_not_even_by_sql(bank: Cast) -> None:
    payee = bank.hire("督导", "OC01", "SUP AS")
    case = bank.issued(bank.received(when=WHEN), when=WHEN)
    bank.activate(bank.coach(case, when=WHEN, by=payee), when=WHEN, by=payee)
    accrue(at=WHEN)
    asked = ask_reversal(case=case.number, actor=bank.pan_wei, at=DAY_40, reason="材料系伪造")
    with pytest.raises(Refused, match="You earn from") as no:
        approve_reversal(reversal=asked.pk, actor=payee, at=DAY_40)
    assert no.value.code == "decider_is_payee"
    with pytest.raises(DatabaseError, match="decided by a payee"), transaction.atomic():
        Reversal.objects.filter(pk=asked.pk).update(state="APPROVED", decided_by=payee, decided_at=DAY_40)


def test_a_case_is_taken_back_once(bank: Cast, case: Application) -> None:
    asked = ask_reversal(case=case.number, actor=bank.pan_wei, at=DAY_40, reason="材料系伪造")
    with pytest.raises(Refused, match="already waits"):
        ask_reversal(case=case.number, actor=bank.pan_wei, at=DAY_40, reason="再次")
    approve_reversal(reversal=asked.pk, actor=bank.feng_zhiqiang, at=DAY_40)
    with pytest.raises(Refused, match="decided already"):
        approve_reversal(reversal=asked.pk, actor=bank.feng_zhiqiang, at=DAY_40)
    with pytest.raises(Refused) as no:
        ask_reversal(case=case.number, actor=bank.pan_wei, at=DAY_40, reason="再次", ground=Ground.DUPLICATE)
    assert no.value.code == "already_reversed"


def test_a_refused_claw_back_writes_nothing_and_may_be_asked_again(bank: Cast, case: Application) -> None:
    asked = ask_reversal(case=case.number, actor=bank.pan_wei, at=DAY_40, reason="材料系伪造")
    with pytest.raises(Malformed):
        refuse(Reversal, asked.pk, actor=bank.feng_zhiqiang, at=DAY_40, reason=" ")
    done = refuse(Reversal, asked.pk, actor=bank.feng_zhiqiang, at=DAY_40, reason="证据不足")
    assert (done.state, reversals(case)) == (RequestState.REFUSED, {})
    news = Message.objects.get(employee=bank.pan_wei, kind="reversal_decided")
    assert news.facts["note"] == "证据不足"
    claw_back(bank, case)


def test_payees_are_told_what_is_taken_back_and_why(bank: Cast, case: Application) -> None:
    claw_back(bank, case)
    news = Message.objects.get(employee=bank.lin_xiaoyu, kind="reward_reversed")
    assert (news.facts["number"], news.facts["amount"], news.facts["ground"]) == (
        case.number, "20.00", {"word": "Fraud or false documents", "of": "ground"},
    )  # fmt: skip
    assert Message.objects.filter(kind="reward_reversed").count() == 6


# -- grounds -----------------------------------------------------------------------------------------------------------
def test_an_upheld_complaint_takes_back_the_share_of_the_person_at_fault_only(bank: Cast, case: Application) -> None:
    claw_back(bank, case, ground=Ground.COMPLAINT, payee=bank.zhou_qiming)
    assert reversals(case) == {"周启明": "-25.00"}
    claw_back(bank, case)  # later found to be fraud: the rest
    assert sum(row.amount_fen for row in lines_of(case)) == 0


def test_a_complaint_names_a_payee_of_the_case_and_other_grounds_name_nobody(bank: Cast, case: Application) -> None:
    with pytest.raises(Malformed):
        claw_back(bank, case, ground=Ground.COMPLAINT)
    with pytest.raises(Malformed):
        claw_back(bank, case, ground=Ground.FRAUD, payee=bank.zhou_qiming)
    with pytest.raises(Refused) as no:
        claw_back(bank, case, ground=Ground.COMPLAINT, payee=bank.xu_wenjuan)
    assert no.value.code == "not_a_payee"


def test_cancelled_without_use_needs_the_card_systems_word_in_time_and_no_spend(bank: Cast, case: Application) -> None:
    ground = {"ground": Ground.CANCELLED_UNUSED, "when": WHEN + timedelta(days=100)}
    with pytest.raises(Refused) as no:
        claw_back(bank, case, **ground)
    assert no.value.code == "not_cancelled"
    cancel(bank, case, on=(WHEN + timedelta(days=90)).isoformat())
    Application.objects.filter(pk=case.pk).update(first_spend_at=WHEN + timedelta(days=1))
    with pytest.raises(Refused) as no:
        claw_back(bank, case, **ground)
    assert no.value.code == "card_was_used"
    Application.objects.filter(pk=case.pk).update(first_spend_at=None)
    claw_back(bank, case, **ground)
    assert sum(row.amount_fen for row in lines_of(case)) == 0


def test_a_card_cancelled_on_day_91_is_no_ground(bank: Cast, case: Application) -> None:
    cancel(bank, case, on=(WHEN + timedelta(days=91)).isoformat())
    with pytest.raises(Refused) as no:
        claw_back(bank, case, ground=Ground.CANCELLED_UNUSED, when=WHEN + timedelta(days=100))
    assert no.value.code == "cancelled_too_late"


# -- what is not decided, held, or not there ---------------------------------------------------------------------------
def test_an_undecided_share_is_taken_back_too_and_released_to_nobody(bank: Cast, flat: SplitPolicy) -> None:
    case = bank.issued(bank.received(when=WHEN), when=WHEN)
    issue.activate(case=case.pk, actor=None, at=WHEN)
    accrue(at=WHEN)
    claw_back(bank, case)
    assert reversals(case)["HELD"] == "-20.00"
    bank.coach(bank.again(case), when=WHEN + timedelta(days=1), late=True)
    assert not release_due_holds(at=DAY_40)
    assert sum(row.amount_fen for row in lines_of(case)) == 0


def test_the_hold_on_what_is_taken_back_ends_with_it(bank: Cast, case: Application) -> None:
    hold(entry=lines_of(case)[0].pk, reason="疑似代签", actor=bank.pan_wei, at=WHEN)
    claw_back(bank, case)
    assert not RewardEntry.objects.filter(assessment=case.pk).on_hold().exists()


def test_a_case_without_a_reward_cannot_be_taken_back(bank: Cast) -> None:
    with pytest.raises(OutOfSight):
        ask_reversal(case="JL00000000000", actor=bank.pan_wei, at=DAY_40, reason="无")
    received = bank.received(when=WHEN)
    with pytest.raises(Refused) as no:
        ask_reversal(case=received.number, actor=bank.pan_wei, at=DAY_40, reason="无")
    assert no.value.code == "not_accrued"
