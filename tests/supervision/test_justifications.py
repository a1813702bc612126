"""Explanations: late costs only without a timely return and without a valid explanation (domain section 5, S9)."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from applications.lifecycle import Clock, Outcome
from applications.models import CaseClock
from ops_center.kernel.errors import NotAllowed, OutOfSight, Refused
from organization.models import AuditRecord, Message, RoleAssignment
from organization.roles import Role
from supervision.models import Breach, Ground, Justification, Standing
from supervision.services.breaches import find_breaches
from supervision.services.justifications import (
    close_lapsed_windows,
    decide_justification,
    give_opinion,
    justify,
    standing,
)  # fmt: skip
from tests.cast import at
from tests.supervision.conftest import Bank, found_bank

pytestmark = pytest.mark.django_db

LATE = at("2026-11-26 17:31")
IN_THE_WINDOW = at("2026-11-27 10:00")
WINDOW_ENDS = at("2026-11-30 17:30")
AFTER = WINDOW_ENDS + timedelta(seconds=1)


@pytest.fixture
def breach(bank: Bank, s5: CaseClock) -> Breach:
    find_breaches(at=LATE)
    return Breach.objects.get()


def outcome(clock: CaseClock) -> str:
    return CaseClock.objects.get(pk=clock.pk).outcome


def explain(breach: Breach, who, when=IN_THE_WINDOW, code: str = Ground.SYSTEM_FAILURE) -> Justification:
    return justify(breach_id=breach.pk, actor=who, at=when, code=code, text="录入系统 15:00 至 17:40 无法登录")


def test_late_without_an_explanation_is_late_when_the_window_has_closed(bank: Bank, s5, breach) -> None:
    bank.stop(s5, LATE)
    close_lapsed_windows(at=WINDOW_ENDS)
    assert outcome(s5) == Outcome.LATE_PENDING
    assert close_lapsed_windows(at=AFTER) == {"justified": 0, "late": 1, "settled": 1}
    assert outcome(s5) == Outcome.LATE
    assert close_lapsed_windows(at=AFTER) == {"justified": 0, "late": 0, "settled": 0}


def test_an_accepted_explanation_lifts_the_penalty_at_once(bank: Bank, s5, breach) -> None:
    bank.stop(s5, LATE)
    explain(breach, bank.people.ec)
    decide_justification(breach_id=breach.pk, actor=bank.people.tr, at=IN_THE_WINDOW, accepted=True, note="已核实")
    assert outcome(s5) == Outcome.LATE_JUSTIFIED
    assert Breach.objects.get().settled_at == IN_THE_WINDOW
    assert Message.objects.filter(employee=bank.people.ec, kind="justification_accepted").count() == 1


def test_a_refused_explanation_is_late(bank: Bank, s5, breach) -> None:
    bank.stop(s5, LATE)
    explain(breach, bank.people.ec)
    decide_justification(breach_id=breach.pk, actor=bank.people.sup, at=IN_THE_WINDOW, accepted=False, note="无记录")
    assert outcome(s5) == Outcome.LATE


def test_an_explanation_accepted_while_the_clock_runs_counts_when_it_stops(bank: Bank, s5, breach) -> None:
    explain(breach, bank.people.ec)
    decide_justification(breach_id=breach.pk, actor=bank.people.tr, at=IN_THE_WINDOW, accepted=True, note="")
    assert outcome(s5) == ""
    assert bank.stop(s5, at("2026-12-08 09:00")).outcome == Outcome.LATE_PENDING
    close_lapsed_windows(at=at("2026-12-08 09:01"))
    assert outcome(s5) == Outcome.LATE_JUSTIFIED


def test_a_slow_decision_costs_the_performer_nothing(bank: Bank, s5, breach) -> None:
    bank.stop(s5, LATE)
    explain(breach, bank.people.ec)
    close_lapsed_windows(at=at("2026-12-20 09:00"))
    assert outcome(s5) == Outcome.LATE_PENDING
    assert Breach.objects.get().settled_at is None


def test_the_decision_is_due_two_working_days_after_the_filing(bank: Bank, breach) -> None:
    assert explain(breach, bank.people.ec).decide_by == at("2026-12-01 17:30")


def test_the_last_second_of_the_window_is_in_time_and_the_next_is_not(bank: Bank, breach) -> None:
    with pytest.raises(Refused) as refusal:
        explain(breach, bank.people.ec, AFTER)
    assert refusal.value.code == "window_closed"
    assert explain(breach, bank.people.ec, WINDOW_ENDS).filed_at == WINDOW_ENDS


def test_an_explanation_that_is_being_filed_at_the_last_second_is_not_judged_as_missing(
    transactional_db: None,
) -> None:
    """The pictures of its evidence take a while: the window closes and the sweep runs before it is committed."""
    bank = found_bank()
    bank.stop(bank.clock(Clock.ENTRY, at("2026-11-24 08:40"), owner=bank.people.ec), LATE)
    find_breaches(at=LATE)
    breach = Breach.objects.get()
    filed, judged = threading.Event(), threading.Event()

    def file() -> None:
        try:
            with transaction.atomic():
                explain(breach, bank.people.ec, when=WINDOW_ENDS)
                filed.set()
                judged.wait(timeout=3)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as clerk:
        done = clerk.submit(file)
        assert filed.wait(timeout=10)
        close_lapsed_windows(at=AFTER)
        judged.set()
        done.result(timeout=10)
    close_lapsed_windows(at=AFTER)
    assert outcome(breach.clock) == Outcome.LATE_PENDING
    decide_justification(breach_id=breach.pk, actor=bank.people.tr, at=AFTER, accepted=True, note="")
    assert outcome(breach.clock) == Outcome.LATE_JUSTIFIED


def test_an_explanation_that_comes_after_the_verdict_is_refused_and_not_kept_without_effect(
    bank: Bank, s5, breach
) -> None:
    bank.stop(s5, LATE)
    close_lapsed_windows(at=AFTER)
    with pytest.raises(Refused) as refusal:
        explain(breach, bank.people.ec, when=WINDOW_ENDS)
    assert refusal.value.code == "window_closed"
    assert not Justification.objects.exists()


@pytest.mark.parametrize(("claimed", "outcome_then"), [("15:30", Outcome.LATE_PENDING), ("15:31", Outcome.LATE_QUEUE)])
def test_exactly_two_working_hours_left_are_enough_to_answer_for_it(bank: Bank, claimed: str, outcome_then) -> None:
    since = at(f"2026-11-26 {claimed}")
    clock = bank.clock(Clock.ENTRY, at("2026-11-24 08:40"), owner=bank.people.ec, owned_since=since)
    assert bank.stop(clock, LATE).outcome == outcome_then


def test_claimed_with_less_than_two_working_hours_left_is_nobodys_fault(bank: Bank) -> None:
    clock = bank.clock(
        Clock.ENTRY, at("2026-11-24 08:40"), owner=bank.people.ec, owned_since=at("2026-11-26 16:00")
    )  # fmt: skip
    find_breaches(at=LATE)
    breach = Breach.objects.get()
    assert standing(breach, LATE) == Standing.NOBODYS
    assert bank.stop(clock, LATE).outcome == Outcome.LATE_QUEUE
    with pytest.raises(Refused) as refusal:
        explain(breach, bank.people.ec)
    assert refusal.value.code == "nobodys"
    close_lapsed_windows(at=AFTER)
    assert outcome(clock) == Outcome.LATE_QUEUE


def test_only_who_answers_for_the_clock_explains_it(bank: Bank, breach) -> None:
    with pytest.raises(NotAllowed):
        explain(breach, bank.people.tr)
    with pytest.raises(OutOfSight):
        explain(breach, bank.people.cc)
    assert not Justification.objects.exists()


def test_a_breach_is_explained_once(bank: Bank, breach) -> None:
    explain(breach, bank.people.ec)
    with pytest.raises(Refused) as refusal:
        explain(breach, bank.people.ec)
    assert refusal.value.code == "already_explained"
    decide_justification(breach_id=breach.pk, actor=bank.people.tr, at=IN_THE_WINDOW, accepted=False, note="")
    with pytest.raises(Refused) as refusal:
        explain(breach, bank.people.ec)
    assert refusal.value.code == "already_decided"


def test_nobody_decides_on_the_own_breach(bank: Bank) -> None:
    bank.clock(Clock.FILE, at("2026-11-25 09:00"), owner=bank.people.tr)
    find_breaches(at=LATE)
    breach = Breach.objects.get()
    explain(breach, bank.people.tr)
    with pytest.raises(Refused) as refusal:
        decide_justification(breach_id=breach.pk, actor=bank.people.tr, at=IN_THE_WINDOW, accepted=True, note="")
    assert refusal.value.code == "own_breach"
    assert decide_justification(
        breach_id=breach.pk, actor=bank.people.sup, at=IN_THE_WINDOW, accepted=True, note=""
    ).is_accepted


def test_who_was_given_the_work_meanwhile_does_not_decide_on_its_delay(bank: Bank) -> None:
    clock = bank.clock(Clock.FILE, at("2026-11-25 09:00"), owner=bank.people.tr)
    find_breaches(at=LATE)
    breach = Breach.objects.get()
    explain(breach, bank.people.tr)
    successor = bank.cast.hire("接手人", "OC01", "TR")
    CaseClock.objects.filter(pk=clock.pk).update(owner=successor)
    with pytest.raises(Refused) as refusal:
        decide_justification(breach_id=breach.pk, actor=successor, at=IN_THE_WINDOW, accepted=True, note="")
    assert refusal.value.code == "own_breach"


def test_the_database_refuses_a_decision_by_who_filed_it(bank: Bank, breach) -> None:
    filed = explain(breach, bank.people.ec)
    with pytest.raises(IntegrityError), transaction.atomic():
        Justification.objects.filter(pk=filed.pk).update(
            decided_by=bank.people.ec, decided_at=IN_THE_WINDOW, is_accepted=True
        )


def test_an_explanation_and_its_decision_stay_as_they_were_and_stand_in_the_audit_log(bank: Bank, breach) -> None:
    filed = explain(breach, bank.people.ec)
    rewritten = Justification.objects.filter(pk=filed.pk)
    for change in ({"text": "另有原因"}, {"code": Ground.OTHER}, {"filed_at": LATE}):
        with pytest.raises(IntegrityError), transaction.atomic():
            rewritten.update(**change)
    decide_justification(breach_id=breach.pk, actor=bank.people.tr, at=IN_THE_WINDOW, accepted=False, note="")
    with pytest.raises(IntegrityError), transaction.atomic():
        rewritten.update(is_accepted=True)
    with pytest.raises(IntegrityError), transaction.atomic():
        rewritten.delete()
    said = AuditRecord.objects.filter(subject=breach.application.number).order_by("id")
    assert [(row.action, row.actor, row.facts) for row in said] == [
        ("explain_breach", bank.people.ec, {"clock": "ENTRY", "ground": "SYSTEM_FAILURE"}),
        ("decide_breach", bank.people.tr, {"clock": "ENTRY", "ground": "SYSTEM_FAILURE", "accepted": False}),
    ]


def test_only_trackers_and_supervisors_decide(bank: Bank, breach) -> None:
    explain(breach, bank.people.ec)
    for who in (bank.people.bh, bank.people.aud):
        with pytest.raises(NotAllowed):
            decide_justification(breach_id=breach.pk, actor=who, at=IN_THE_WINDOW, accepted=True, note="")


def test_workload_is_confirmed_by_the_supervisor(bank: Bank, breach) -> None:
    explain(breach, bank.people.ec, code=Ground.WORKLOAD)
    with pytest.raises(Refused) as refusal:
        decide_justification(breach_id=breach.pk, actor=bank.people.tr, at=IN_THE_WINDOW, accepted=True, note="")
    assert refusal.value.code == "workload_supervisor"
    decide_justification(breach_id=breach.pk, actor=bank.people.sup, at=IN_THE_WINDOW, accepted=True, note="")


def test_a_decision_is_made_once(bank: Bank, breach) -> None:
    with pytest.raises(Refused) as refusal:
        decide_justification(breach_id=breach.pk, actor=bank.people.tr, at=IN_THE_WINDOW, accepted=True, note="")
    assert refusal.value.code == "nothing_filed"
    explain(breach, bank.people.ec)
    decide_justification(breach_id=breach.pk, actor=bank.people.tr, at=IN_THE_WINDOW, accepted=False, note="")
    with pytest.raises(Refused) as refusal:
        decide_justification(breach_id=breach.pk, actor=bank.people.sup, at=IN_THE_WINDOW, accepted=True, note="")
    assert refusal.value.code == "already_decided"


def test_the_branch_head_gives_the_first_opinion_for_the_own_branch_only(bank: Bank) -> None:
    bank.clock(Clock.DISPATCH, at("2026-11-25 16:40"), owner=bank.people.cm)
    find_breaches(at=LATE)
    breach = Breach.objects.get()
    explain(breach, bank.people.cm)
    assert Message.objects.filter(employee=bank.people.bh, kind="justification_filed").exists()
    with pytest.raises(OutOfSight):
        give_opinion(breach_id=breach.pk, actor=bank.people.bh2, at=IN_THE_WINDOW, supports=True, text="")
    with pytest.raises(NotAllowed):
        give_opinion(breach_id=breach.pk, actor=bank.people.tr, at=IN_THE_WINDOW, supports=True, text="")
    filed = give_opinion(breach_id=breach.pk, actor=bank.people.bh, at=IN_THE_WINDOW, supports=True, text="钞车提前")
    assert (filed.opinion_by, filed.opinion_supports) == (bank.people.bh, True)


def test_of_a_person_from_elsewhere_the_head_of_the_cases_branch_gives_no_opinion(bank: Bank) -> None:
    """周启明 of the card center was late with a file of 滨河支行: its head sees it, and is not his head."""
    bank.clock(Clock.DISPATCH, at("2026-11-25 16:40"), owner=bank.people.cs)
    find_breaches(at=LATE)
    breach = Breach.objects.get()
    explain(breach, bank.people.cs)
    with pytest.raises(NotAllowed):
        give_opinion(breach_id=breach.pk, actor=bank.people.bh, at=IN_THE_WINDOW, supports=True, text="")


def test_who_gave_the_first_opinion_does_not_decide_as_well(bank: Bank) -> None:
    bank.clock(Clock.DISPATCH, at("2026-11-25 16:40"), owner=bank.people.cm)
    find_breaches(at=LATE)
    breach = Breach.objects.get()
    explain(breach, bank.people.cm)
    head = bank.people.bh
    RoleAssignment.objects.create(employee=head, role=Role.SUP, starts_on=LATE.date())
    give_opinion(breach_id=breach.pk, actor=head, at=IN_THE_WINDOW, supports=True, text="钞车提前")
    with pytest.raises(Refused) as refusal:
        decide_justification(breach_id=breach.pk, actor=head, at=IN_THE_WINDOW, accepted=True, note="")
    assert refusal.value.code == "own_breach"
    decide_justification(breach_id=breach.pk, actor=bank.people.sup, at=IN_THE_WINDOW, accepted=True, note="")


def test_a_head_explains_for_a_branch_that_answers_as_such(bank: Bank) -> None:
    bank.clock(Clock.DISPATCH, at("2026-11-25 16:40"), owner_branch=bank.branches.bh01, owner_role="BAG")
    find_breaches(at=LATE)
    breach = Breach.objects.get()
    with pytest.raises(OutOfSight):
        explain(breach, bank.people.bag)
    assert explain(breach, bank.people.bh).filed_by == bank.people.bh


def test_everybody_sees_the_own_the_branch_head_the_branch_and_supervision_all(bank: Bank, breach) -> None:
    seen = {
        name: Breach.objects.visible_to(person, LATE).count() for name, person in vars(bank.people).items()
    }  # fmt: skip
    assert {name for name, rows in seen.items() if rows} == {"ec", "bh", "tr", "sup", "aud"}
