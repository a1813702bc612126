"""The timeliness lines beside the shares, from the clocks to the money (domain section 5, S9)."""

from __future__ import annotations

import pytest

from applications.entry_form import example_of
from applications.lifecycle import Clock, Outcome, Performance
from applications.models import Application, CaseClock
from applications.services.entry import submit_entry
from incentives.lifecycle import EntryKind, PayeeKind, Why
from incentives.models import RewardEntry
from incentives.reference import SHARES
from incentives.rules import CaseFacts, Line, Offer, Terms, Timeliness, lines_of
from incentives.services.accrual import accrue
from incentives.services.releases import release_due_holds
from supervision.models import Breach
from supervision.services.breaches import find_breaches
from supervision.services.justifications import close_lapsed_windows, decide_justification, justify
from tests.cast import Cast, at
from tests.incentives.conftest import double_keyed, earned, entries_of, paid_to, path_a, total

WHEN = at("2026-11-24 10:00")
LATE = at("2026-11-26 17:31")
FRIDAY = at("2026-11-27 10:00")
DECEMBER = at("2026-12-01 10:00")
TERMS = Terms(columns=dict.fromkeys("ABC", SHARES))
EVERYBODY = {"COLLECTOR": 2, "CREDIT_CHECK": 3, "ENTRY": 4, "TRACKER": 5, "AFTER_SALES": 6}
PUNCTUAL = dict.fromkeys(EVERYBODY, Timeliness.ON_TIME)


# -- the rule ----------------------------------------------------------------------------------------------------------
def moved(bounty_fen: int = 100_00, *, path: str = "C", trigger: str = "ACTIVATION", **changes) -> list[Line]:
    """The timeliness lines of a case."""
    facts = CaseFacts(**{"path": path, "performers": EVERYBODY, "referrer": 1, "timeliness": PUNCTUAL} | changes)
    lines = lines_of(Offer(bounty_fen, trigger=trigger), facts, TERMS)
    assert sum(line.amount_fen for line in lines if line.kind == EntryKind.SPLIT) == bounty_fen
    return [line for line in lines if line.kind == EntryKind.TIMELINESS]


def test_all_five_timed_roles_on_time_are_three_yuan_seventy_five() -> None:
    assert [(line.role, line.amount_fen) for line in moved()] == [
        ("COLLECTOR", 1_25), ("CREDIT_CHECK", 75), ("ENTRY", 50), ("TRACKER", 25), ("AFTER_SALES", 1_00),
    ]  # fmt: skip


@pytest.mark.parametrize(("role", "penalty"), [("COLLECTOR", -2_50), ("ENTRY", -1_00), ("AFTER_SALES", -2_00)])
def test_who_is_late_without_a_valid_explanation_loses_a_tenth_of_the_share(role: str, penalty: int) -> None:
    (line,) = moved(timeliness={role: Timeliness.LATE})
    assert (line.role, line.amount_fen, line.payee, line.why) == (role, penalty, EVERYBODY[role], Why.LATE)


def test_what_is_forgiven_moves_nothing() -> None:
    assert moved(timeliness={"ENTRY": Timeliness.FORGIVEN}) == []


def test_an_open_explanation_holds_the_penalty_for_its_person() -> None:
    (line,) = moved(timeliness={"ENTRY": Timeliness.PENDING})
    assert (line.amount_fen, line.payee_kind, line.payee, line.why) == (-1_00, "HELD", 4, "EXPLANATION_OPEN")


def test_the_base_of_a_double_keyed_case_is_the_first_keyers_part() -> None:
    lines = moved(is_double_keyed=True, performers=EVERYBODY | {"ENTRY_2ND": 7}, timeliness={"ENTRY": Timeliness.LATE})
    assert [(line.role, line.amount_fen) for line in lines] == [("ENTRY", -60)]


def test_on_path_b_the_dispatch_moves_the_collectors_part_only() -> None:
    (line,) = moved(path="B", referrer=None, timeliness={"COLLECTOR": Timeliness.ON_TIME})
    assert line.amount_fen == 1_25


def test_on_path_a_the_filing_was_another_persons_work() -> None:
    alone = dict.fromkeys(EVERYBODY, 2)
    assert moved(path="A", referrer=None, performers=alone, timeliness={"TRACKER": Timeliness.ON_TIME}) == []


def test_a_share_of_the_pool_has_no_timeliness() -> None:
    nobody = {role: who for role, who in EVERYBODY.items() if role != "TRACKER"}
    assert moved(performers=nobody, timeliness={"TRACKER": Timeliness.ON_TIME}) == []


def test_the_line_of_a_held_share_waits_with_it() -> None:
    (line,) = moved(lapsed=frozenset({2}), timeliness={"COLLECTOR": Timeliness.LATE})
    assert (line.amount_fen, line.payee_kind, line.why) == (-2_50, PayeeKind.HELD, Why.QUALIFICATION_LAPSED)
    assert {line.why for line in moved(trigger="ACTIVATION_AND_SPEND")} == {Why.AWAITS_SPEND}


@pytest.mark.parametrize(
    ("bounty", "role", "bonus", "penalty"),
    [(33_33, "TRACKER", 8, -17), (1_00, "TRACKER", 0, -1), (1, "COLLECTOR", 0, 0), (30_00, "ENTRY", 15, -30)],
)
def test_parts_of_a_share_are_rounded_half_up_and_nothing_is_not_written(
    bounty: int, role: str, bonus: int, penalty: int
) -> None:
    up = moved(bounty, timeliness={role: Timeliness.ON_TIME})
    down = moved(bounty, timeliness={role: Timeliness.LATE})
    assert (sum(line.amount_fen for line in up), sum(line.amount_fen for line in down)) == (bonus, penalty)


# -- from the clocks to the ledger -------------------------------------------------------------------------------------
pytestmark = pytest.mark.django_db


def keyed(bank: Cast, *, claimed: str, reviewed: str) -> Application:
    """S9: signed for on Tuesday 08:40, claimed and keyed by 方芳, due Thursday 17:30 with the review."""
    signed, claim = at("2026-11-24 08:40"), at(claimed)
    case = bank.collect(bank.refer(when=at("2026-11-23 16:00")), when=at("2026-11-23 16:00"))
    case = bank.to_branch(bank.complete(case, when=at("2026-11-23 16:00")), when=at("2026-11-23 16:00"))
    bank.receive(bank.send(case, when=at("2026-11-23 18:00")), when=signed)
    bank.check(case, when=WHEN)
    bank.lend(case, to=bank.fang_fang, when=claim)
    bank.lend(case, to=bank.fang_fang, when=max(claim, at("2026-11-26 17:10")))
    fields = example_of(bank.again(case), on=LATE.date())
    submit_entry(case=case.pk, actor=bank.fang_fang, at=at("2026-11-26 17:20"), fields=fields)
    bank.review(case, when=at(reviewed))
    find_breaches(at=LATE)
    return case


def activate(bank: Cast, case: Application, *, when) -> Application:
    bank.file(case, when=when)
    bank.issue(case, when=when)
    bank.coach(case, when=when)
    bank.activate(case, when=when)
    accrue(at=when)
    return bank.again(case)


def money_of(bank: Cast, case: Application) -> tuple[str, str, int]:
    """The clerk's share, the clerk's timeliness, and the sum of all shares."""
    share = paid_to(case)["方芳"]
    return share, paid_to(case, "TIMELINESS").get("方芳", "0.00"), total(case)


def explain(bank: Cast, *, accepted: bool) -> None:
    breach = Breach.objects.get(kind=Clock.ENTRY)
    justify(breach_id=breach.pk, actor=bank.fang_fang, at=FRIDAY, code="SYSTEM_FAILURE", text="录入系统故障")
    decide_justification(breach_id=breach.pk, actor=bank.zheng_weiguo, at=FRIDAY, accepted=accepted, note="已核实")


def test_s9_on_time_is_fifty_fen_on_top(bank: Cast) -> None:
    case = keyed(bank, claimed="2026-11-25 09:00", reviewed="2026-11-26 17:29")
    assert money_of(bank, activate(bank, case, when=DECEMBER)) == ("10.00", "0.50", 100_00)


def test_s9_late_without_an_explanation_costs_one_yuan(bank: Cast) -> None:
    case = keyed(bank, claimed="2026-11-25 09:00", reviewed="2026-11-26 17:31")
    close_lapsed_windows(at=at("2026-11-30 17:31"))
    assert money_of(bank, activate(bank, case, when=DECEMBER)) == ("10.00", "-1.00", 100_00)


def test_s9_an_accepted_explanation_costs_nothing(bank: Cast) -> None:
    case = keyed(bank, claimed="2026-11-25 09:00", reviewed="2026-11-26 17:31")
    explain(bank, accepted=True)
    assert money_of(bank, activate(bank, case, when=DECEMBER)) == ("10.00", "0.00", 100_00)


def test_s9_claimed_an_hour_and_a_half_before_due_costs_nothing(bank: Cast) -> None:
    case = keyed(bank, claimed="2026-11-26 16:00", reviewed="2026-11-26 17:31")
    assert money_of(bank, activate(bank, case, when=DECEMBER)) == ("10.00", "0.00", 100_00)


def test_s9_an_explanation_accepted_after_the_activation_undoes_the_held_penalty(bank: Cast) -> None:
    case = activate(bank, keyed(bank, claimed="2026-11-25 09:00", reviewed="2026-11-26 17:31"), when=FRIDAY)
    held = RewardEntry.objects.get(assessment=case.pk, why="EXPLANATION_OPEN")
    assert (held.amount_fen, held.payee_kind, held.payee) == (-1_00, "HELD", bank.fang_fang)
    assert release_due_holds(at=FRIDAY) == {}
    explain(bank, accepted=True)
    assert release_due_holds(at=FRIDAY) == {"settled": 1}
    assert release_due_holds(at=FRIDAY) == {}
    written = [(row.amount_fen, row.payee_kind, row.why) for row in entry_lines(case)]
    assert written == [(-1_00, "HELD", "EXPLANATION_OPEN"), (1_00, "HELD", "EXPLAINED")]
    assert money_of(bank, case) == ("10.00", "0.00", 100_00)


def test_s9_a_window_that_lapses_after_the_activation_makes_the_penalty_final(bank: Cast) -> None:
    case = activate(bank, keyed(bank, claimed="2026-11-25 09:00", reviewed="2026-11-26 17:31"), when=FRIDAY)
    close_lapsed_windows(at=at("2026-11-30 17:31"))
    assert release_due_holds(at=DECEMBER) == {"settled": 1}
    written = [(row.amount_fen, row.payee_kind, row.why) for row in entry_lines(case)]
    assert written == [(-1_00, "HELD", "EXPLANATION_OPEN"), (1_00, "HELD", "LATE"), (-1_00, "EMPLOYEE", "LATE")]
    assert money_of(bank, case) == ("10.00", "-1.00", 100_00)


def entry_lines(case: Application) -> list[RewardEntry]:
    return [row for row in entries_of(case, "TIMELINESS") if row.role == Performance.ENTRY]


def outcome(case: Application, kind: str, outcome: str, **facts: object) -> None:
    CaseClock.objects.filter(application=case, kind=kind).update(outcome=outcome, **facts)


def test_several_clocks_of_one_role_count_once_by_the_worst(bank: Cast) -> None:
    case = bank.activated(when=WHEN, referred=True)
    outcome(case, Clock.CONTACT, Outcome.LATE, owner=bank.lin_xiaoyu)
    outcome(case, Clock.COACH, Outcome.LATE, owner=bank.lin_xiaoyu)
    accrue(at=WHEN)
    assert paid_to(case, "TIMELINESS")["林小雨"] == "-2.00"


def test_anothers_late_clock_costs_the_performer_nothing_and_earns_nothing(bank: Cast) -> None:
    case = bank.activated(when=WHEN, referred=True)
    outcome(case, Clock.ENTRY, Outcome.LATE, owner=bank.xu_wenjuan)
    accrue(at=WHEN)
    assert "方芳" not in paid_to(case, "TIMELINESS")
    assert paid_to(case)["方芳"] == "10.00"


@pytest.mark.parametrize("ended", [Outcome.RETURNED_IN_TIME, Outcome.VOID])
def test_a_round_without_a_verdict_leaves_the_comparison(bank: Cast, ended: str) -> None:
    case = bank.activated(when=WHEN, referred=True)
    clock = CaseClock.objects.get(application=case, kind=Clock.ENTRY)
    clock.pk, clock.run, clock.outcome = None, 2, ended
    clock.save()
    accrue(at=WHEN)
    assert paid_to(case, "TIMELINESS")["方芳"] == "0.50"


@pytest.mark.parametrize("ended", [Outcome.EXEMPT, Outcome.LATE_QUEUE, Outcome.LATE_JUSTIFIED, Outcome.VOID])
def test_who_is_excused_neither_pays_nor_earns(bank: Cast, ended: str) -> None:
    case = bank.activated(when=WHEN, referred=True)
    outcome(case, Clock.CHECK, ended, owner=bank.he_xiulan)
    accrue(at=WHEN)
    assert "何秀兰" not in paid_to(case, "TIMELINESS")


def test_a_late_return_is_pending_until_its_breach_is_settled(bank: Cast) -> None:
    """Late, not returned in time: the third condition is the explanation, and it is open as long as the breach is."""
    case = bank.activated(when=WHEN, referred=True)
    earlier = at("2026-11-20 10:00")
    outcome(case, Clock.CHECK, Outcome.RETURNED_LATE, owner=bank.he_xiulan, started_at=earlier, due_at=earlier)
    find_breaches(at=WHEN)
    accrue(at=WHEN)
    assert paid_to(case, "TIMELINESS")["HELD"] == "-1.50"
    close_lapsed_windows(at=DECEMBER)
    release_due_holds(at=DECEMBER)
    assert paid_to(case, "TIMELINESS")["何秀兰"] == "-1.50"


def test_a_clock_that_moves_no_money_moves_none(bank: Cast) -> None:
    case = bank.activated(when=WHEN, referred=True)
    outcome(case, Clock.ENTRY, Outcome.LATE, owner=bank.fang_fang, policy=None)
    accrue(at=WHEN)
    assert "方芳" not in paid_to(case, "TIMELINESS")


def test_a_double_keyed_case_moves_the_first_keyers_six_yuan(bank: Cast) -> None:
    double_keyed("PK")
    case = earned(bank, when=WHEN)
    assert paid_to(case, "TIMELINESS")["方芳"] == "0.30"
    assert "许文娟" not in paid_to(case, "TIMELINESS")


def test_path_a_earns_for_its_own_clocks_only(bank: Cast) -> None:
    case = path_a(bank, when=WHEN)
    bank.coach(case, when=WHEN, by=bank.chen_xiaoming)
    bank.activate(case, when=WHEN, by=bank.chen_xiaoming)
    accrue(at=WHEN)
    roles = {row.role: row.amount_fen for row in entries_of(case, "TIMELINESS")}
    assert roles == {"CREDIT_CHECK": 75, "ENTRY": 50, "AFTER_SALES": 1_00}
