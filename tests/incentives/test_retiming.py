"""What was booked for being in time or late follows a clock that ends otherwise afterwards."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from applications.lifecycle import Clock, Outcome
from applications.models import Application, CaseClock
from incentives.lifecycle import EntryKind, HoldCause, Why
from incentives.models import ChangedVerdict, RewardEntry
from incentives.periods import period_of
from incentives.selectors.statement import entries_of as statement_of
from incentives.selectors.statement import head_of
from incentives.services.accrual import accrue
from incentives.services.caps import close_month
from incentives.services.confirmations import draft_confirmation
from incentives.services.holds import hold, release
from incentives.services.ledger import Numbers, mirror_of
from incentives.services.releases import release_due_holds
from incentives.services.retiming import follow_verdicts
from incentives.services.voids import void
from ops_center.invariants import CHECKS
from organization.models import Message
from supervision.services.outages import declare_outage
from tests.cast import Cast, at
from tests.incentives.conftest import earned, lines_of, paid_to, priced_bank
from tests.incentives.test_payout_cycle import exported
from tests.supervision.test_schedule import at_once

pytestmark = pytest.mark.django_db

WHEN = at("2026-11-24 10:00")
LATER = at("2026-11-25 09:00")
TIMED = {"COLLECTOR": Clock.DISPATCH, "CREDIT_CHECK": Clock.CHECK, "ENTRY": Clock.ENTRY, "TRACKER": Clock.FILE}


def judged(case: Application, kind: str, outcome: str) -> None:
    """However it comes about: the clock ends so from now on."""
    CaseClock.objects.filter(application=case, kind=kind).update(outcome=outcome)


def booked(bank: Cast, outcome: str, *, kind: str = Clock.ENTRY) -> Application:
    """A case whose entry clock had ended so before its rewards were written."""
    case = bank.activated(when=WHEN)
    judged(case, kind, outcome)
    accrue(at=WHEN)
    return bank.again(case)


def timeliness(case: Application, role: str = "ENTRY") -> list[tuple[str, str, int, str]]:
    """(kind, why, fen, state) of the lines about a role's clocks."""
    rows = [row for row in lines_of(case) if row.role == role and row.kind != EntryKind.SPLIT]
    return [(row.kind, row.why, row.amount_fen, row.state.value) for row in rows]


def save_for_good(entry: RewardEntry) -> None:
    """With all that the database looks at when the transaction ends."""
    entry.save()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def broken() -> list[str]:
    return [check.name for check in CHECKS if check.broken()]


def test_a_deduction_is_taken_back_when_its_clock_is_exempt_afterwards(bank: Cast) -> None:
    case = booked(bank, Outcome.LATE)
    assert timeliness(case) == [("TIMELINESS", "LATE", -1_00, "ACCRUED")]
    judged(case, Clock.ENTRY, Outcome.EXEMPT)
    assert follow_verdicts(at=LATER) == {"undone": 1}
    assert timeliness(case) == [("TIMELINESS", "LATE", -1_00, "VOIDED"), ("TIMELINESS", "RETIMED", 1_00, "VOIDED")]
    assert follow_verdicts(at=LATER) == {}
    assert "方芳" not in paid_to(case, "TIMELINESS")
    [news] = Message.objects.filter(kind="timeliness_counted_again")
    assert (news.employee, news.facts["booked"], news.facts["amount"]) == (bank.fang_fang, "-1.00", "0.00")
    assert "timeliness-as-judged" not in broken()


@pytest.mark.parametrize(
    ("was", "now", "stands"),
    [
        (Outcome.ON_TIME, Outcome.LATE, -1_00), (Outcome.LATE, Outcome.ON_TIME, 50),
        (Outcome.ON_TIME, Outcome.EXEMPT, 0), (Outcome.EXEMPT, Outcome.LATE, -1_00),
        (Outcome.LATE_QUEUE, Outcome.ON_TIME, 50), (Outcome.LATE_QUEUE, Outcome.EXEMPT, 0),
        (Outcome.LATE, Outcome.LATE_JUSTIFIED, 0),
    ],
)  # fmt: skip
def test_whatever_a_clock_turns_into_the_line_that_stands_is_the_rules(
    bank: Cast, was: str, now: str, stands: int
) -> None:
    case = booked(bank, was)
    judged(case, Clock.ENTRY, now)
    follow_verdicts(at=LATER)
    standing = RewardEntry.objects.filter(assessment=case.pk, kind="TIMELINESS", role="ENTRY").not_voided().sum_fen()
    assert standing == stands
    assert sum(row.amount_fen for row in lines_of(case) if row.kind == EntryKind.SPLIT) == 100_00
    assert not ChangedVerdict.objects.exists()


def test_what_has_left_the_house_comes_back_with_the_next_document(bank: Cast) -> None:
    case = booked(bank, Outcome.LATE)
    exported(bank, [case])
    judged(case, Clock.ENTRY, Outcome.EXEMPT)
    follow_verdicts(at=at("2026-12-02 09:00"))
    assert timeliness(case) == [("TIMELINESS", "LATE", -1_00, "REVERSED"), ("REVERSAL", "RETIMED", 1_00, "REGISTERED")]
    december = draft_confirmation(period="2026-12", actor=bank.zheng_weiguo, at=at("2026-12-02 10:00"))
    assert [line.entry.amount_fen for line in december.lines.all()] == [1_00]
    head = head_of(statement_of(bank.fang_fang))
    assert head.parts == {"shares": 10_00, "penalty": -1_00, "retimed": 1_00}
    assert broken() == []


def test_an_outage_that_is_declared_after_the_booking_gives_the_money_back(bank: Cast) -> None:
    """The whole way: late on the last day, activated, booked; then the supervisor declares what had kept everybody."""
    case = earned(bank, when=WHEN)
    clock = CaseClock.objects.get(application=case, kind=Clock.ENTRY)
    with transaction.atomic():
        due = clock.stopped_at - timedelta(minutes=30)
        CaseClock.objects.filter(pk=clock.pk).update(due_at=due, started_at=due - timedelta(hours=20))
        clock.intervals.filter(until=clock.stopped_at).update(since=due - timedelta(hours=20))
        judged(case, Clock.ENTRY, Outcome.LATE)
    follow_verdicts(at=WHEN + timedelta(minutes=1))
    assert paid_to(case, "TIMELINESS")["方芳"] == "-1.00"
    declare_outage(since=WHEN - timedelta(minutes=80), until=WHEN - timedelta(minutes=31), reason="录入系统停机",
                   actor=bank.feng_zhiqiang, at=LATER)  # fmt: skip
    assert CaseClock.objects.get(pk=clock.pk).outcome == Outcome.EXEMPT
    follow_verdicts(at=LATER)
    assert "方芳" not in paid_to(case, "TIMELINESS")


def test_an_explanation_that_is_open_again_holds_the_deduction_until_it_is_decided(bank: Cast) -> None:
    case = booked(bank, Outcome.ON_TIME)
    judged(case, Clock.ENTRY, Outcome.LATE_PENDING)
    assert follow_verdicts(at=LATER) == {"undone": 1, "written": 1}
    assert timeliness(case)[-1] == ("TIMELINESS", "EXPLANATION_OPEN", -1_00, "HELD")
    judged(case, Clock.ENTRY, Outcome.LATE)
    follow_verdicts(at=LATER)
    release_due_holds(at=LATER)
    assert paid_to(case, "TIMELINESS")["方芳"] == "-1.00"
    assert not ChangedVerdict.objects.exists()


def test_what_a_person_has_voided_or_holds_is_not_touched(bank: Cast) -> None:
    voided, held = booked(bank, Outcome.LATE), booked(bank, Outcome.LATE)
    lines = {
        case: RewardEntry.objects.get(assessment=case.pk, kind="TIMELINESS", role="ENTRY") for case in (voided, held)
    }
    void(entry=lines[voided].pk, reason="误计", actor=bank.pan_wei, at=LATER)
    hold(entry=lines[held].pk, reason="核查", actor=bank.pan_wei, at=LATER, cause=HoldCause.AUDIT)
    for case in (voided, held):
        judged(case, Clock.ENTRY, Outcome.ON_TIME)
    assert follow_verdicts(at=LATER) == {}
    assert set(ChangedVerdict.objects.values_list("application", flat=True)) == {held.pk}
    release(entry=lines[held].pk, reason="无误", actor=bank.pan_wei, at=LATER)
    assert follow_verdicts(at=LATER) == {"undone": 1, "written": 1}
    assert paid_to(held, "TIMELINESS")["方芳"] == "0.50"
    assert "方芳" not in paid_to(voided, "TIMELINESS")


def test_what_lapsed_by_the_cap_goes_with_its_deduction(bank: Cast) -> None:
    case = booked(bank, Outcome.LATE)
    for share in RewardEntry.objects.filter(payee=bank.fang_fang, kind="SPLIT"):
        void(entry=share.pk, reason="检验", actor=bank.pan_wei, at=WHEN)  # nothing earned: all of the penalty lapses
    close_month(month=period_of("2026-11"), at=at("2026-12-01 02:00"))
    assert sum(row[2] for row in timeliness(case)) == 0
    judged(case, Clock.ENTRY, Outcome.EXEMPT)
    follow_verdicts(at=at("2026-12-02 09:00"))
    assert sum(row[2] for row in timeliness(case)) == 0


def test_before_the_activation_nothing_is_queued_and_an_open_clock_is_no_verdict(bank: Cast) -> None:
    case = bank.received(when=WHEN)
    bank.check(case, when=LATER)
    judged(case, Clock.CHECK, Outcome.EXEMPT)
    assert not ChangedVerdict.objects.exists()


def test_an_activation_that_waits_for_its_verdict_keeps_its_place_in_the_queue(bank: Cast) -> None:
    case = bank.activated(when=WHEN)
    judged(case, Clock.ENTRY, Outcome.LATE)
    assert follow_verdicts(at=WHEN) == {}
    assert ChangedVerdict.objects.exists()
    accrue(at=WHEN)
    assert follow_verdicts(at=LATER) == {}
    assert paid_to(bank.again(case), "TIMELINESS")["方芳"] == "-1.00"
    assert not ChangedVerdict.objects.exists()


def test_the_ledger_refuses_to_take_a_share_back_in_the_name_of_a_clock(bank: Cast) -> None:
    case = booked(bank, Outcome.LATE)
    share = RewardEntry.objects.get(assessment=case.pk, kind="SPLIT", role="ENTRY")
    mirror = mirror_of(share, numbers=Numbers([case.pk]), at=LATER, why=Why.RETIMED, kind=EntryKind.REVERSAL)
    with pytest.raises(IntegrityError, match="no approved request"), transaction.atomic():
        save_for_good(mirror)


def test_the_reconciliation_finds_a_deduction_that_the_clock_does_not_bear_out(bank: Cast) -> None:
    case = booked(bank, Outcome.LATE)
    judged(case, Clock.ENTRY, Outcome.EXEMPT)
    ChangedVerdict.objects.all().delete()  # a hand in the tables
    assert "timeliness-as-judged" in broken()


# -- random cases ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("turns", [8, pytest.param(300, marks=pytest.mark.long)])
def test_after_any_changes_in_any_order_everybody_has_what_the_clocks_say(bank: Cast, turns: int) -> None:
    """Four cases: what was booked long ago becomes what would be booked now."""
    dice = random.Random(20261125)
    cases = [bank.activated(when=WHEN) for _ in range(4)]
    accrue(at=WHEN)
    words = (Outcome.ON_TIME, Outcome.LATE, Outcome.EXEMPT, Outcome.LATE_JUSTIFIED, Outcome.LATE_QUEUE,
             Outcome.LATE_PENDING)  # fmt: skip
    when = LATER
    for turn in range(turns):
        when += timedelta(minutes=1)
        for _ in range(dice.randrange(1, 4)):
            judged(dice.choice(cases), dice.choice(list(TIMED.values())), dice.choice(words))
        follow_verdicts(at=when)
        release_due_holds(at=when)
        for case in cases:
            assert standing(case) == due(case), (case.number, turn)
    assert "timeliness-as-judged" not in broken()
    assert "mirrors-equal-their-lines" not in broken()


def standing(case: Application) -> dict[str, tuple[int, str]]:
    rows = RewardEntry.objects.filter(assessment=case.pk, kind="TIMELINESS", role__in=TIMED).not_voided()
    return {role: (fen, kind) for role, fen, kind in rows.values_list("role", "amount_fen", "payee_kind")}


def due(case: Application) -> dict[str, tuple[int, str]]:
    """Reckoned from the clocks alone, without the rules: 5 % more, 10 % less, or nothing."""
    found = {}
    for role, kind in TIMED.items():
        share = RewardEntry.objects.get(assessment=case.pk, kind="SPLIT", role=role)
        clock = CaseClock.objects.get(application=case, kind=kind)
        if clock.outcome == Outcome.ON_TIME:
            found[role] = (share.amount_fen // 20, "EMPLOYEE")
        elif clock.outcome in (Outcome.LATE, Outcome.LATE_PENDING) and clock.owner_id == share.payee_id:
            payee = "EMPLOYEE" if clock.outcome == Outcome.LATE else "HELD"
            found[role] = (-(share.amount_fen // 10), payee)
    return found


# -- at once -----------------------------------------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
def test_three_passes_at_once_take_a_deduction_back_once() -> None:
    bank = priced_bank()
    cases = [booked(bank, Outcome.LATE) for _ in range(5)]
    for case in cases:
        judged(case, Clock.ENTRY, Outcome.EXEMPT)
    at_once(lambda: follow_verdicts(at=LATER))
    undone = RewardEntry.objects.filter(why=Why.RETIMED)
    assert (undone.count(), undone.values("mirrors").distinct().count()) == (5, 5)
    assert Message.objects.filter(kind="timeliness_counted_again").count() == 5
