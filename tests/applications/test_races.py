"""Races on real connections, each with a control that shows what happens without the guard."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, transaction

from applications.lifecycle import State, Step
from applications.models import Application, Event
from applications.services import claims, endings, intake, issue
from ops_center import clock
from ops_center.kernel.errors import Refused
from tests.cast import Cast, at, make_bank

pytestmark = pytest.mark.django_db(transaction=True)
WHEN = at("2026-11-24 10:00")


@pytest.fixture
def bank(transactional_db: None) -> Cast:
    return make_bank()


def all_at_once(acts: list[Callable[[], Any]]) -> list[Any]:
    """Runs the acts in threads with connections of their own, released together; gives results or exceptions."""
    start = threading.Barrier(len(acts))

    def run(act: Callable[[], Any]) -> Any:
        try:
            start.wait()
            return act()
        except Exception as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def test_an_activation_happens_once_however_many_click(bank: Cast) -> None:
    case = bank.coach(bank.issued(bank.received(when=WHEN), when=WHEN), when=WHEN)
    answers = all_at_once([lambda: bank.activate(case, when=WHEN)] * 12)
    assert sum(isinstance(answer, Application) for answer in answers) == 1
    assert {answer.code for answer in answers if isinstance(answer, Exception)} == {"step_not_open"}
    assert Event.objects.filter(application=case, step=Step.ACTIVATE).count() == 1


def test_control_without_the_row_lock_several_activations_pass_the_check(bank: Cast) -> None:
    """The same act as check-then-act on an unlocked row: more than one believes that it was first."""
    case = bank.coach(bank.issued(bank.received(when=WHEN), when=WHEN), when=WHEN)
    seen = threading.Barrier(4)

    def unguarded() -> bool:
        with transaction.atomic():
            mine = Application.objects.get(pk=case.pk)
            may = mine.state == State.COLLECTED
            seen.wait(timeout=10)
            mine.activate(at=WHEN)
            mine.save(update_fields=["state", "activated_at"])
            return may

    assert sum(answer is True for answer in all_at_once([unguarded] * 4)) > 1


def test_a_lead_is_accepted_by_one(bank: Cast) -> None:
    case = bank.refer(when=WHEN)
    others = [bank.hire(f"承接{i}", "HQ01", "CM") for i in range(8)]
    answers = all_at_once([lambda who=who: intake.accept(case=case.number, actor=who, at=WHEN) for who in others])
    assert sum(isinstance(answer, Application) for answer in answers) == 1
    assert {answer.code for answer in answers if isinstance(answer, Exception)} == {"accepted_by_another"}


def test_two_clerks_never_get_the_same_case(bank: Cast) -> None:
    cases = [bank.complete(bank.draft(when=WHEN), when=WHEN) for _ in range(24)]
    bank.receive(bank.send(*cases, when=WHEN), when=WHEN)
    clerks = [bank.hire(f"核查{i}", "OC01", "CC") for i in range(8)]

    def take(who: Any) -> list[int]:
        return [claim.case.pk for _ in range(3) if (claim := claims.claim_next(queue="check", actor=who, at=WHEN))]

    given = [pk for answer in all_at_once([lambda who=who: take(who) for who in clerks]) for pk in answer]
    assert Counter(given).most_common(1)[0][1] == 1
    assert len(given) == 24


def test_control_without_skip_locked_and_lock_the_same_case_is_given_twice(bank: Cast) -> None:
    case = bank.received(when=WHEN)
    clerks = [bank.hire(f"核查{i}", "OC01", "CC") for i in range(4)]
    seen = threading.Barrier(4)

    def unguarded(who: Any) -> int | None:
        found = Application.objects.waiting_in("check", WHEN).order_by("due_at", "id").first()
        seen.wait(timeout=10)
        if found is None:
            return None
        Application.objects.filter(pk=found.pk).update(claimed_by=who, claimed_until=clock.now())
        return found.pk

    assert all_at_once([lambda who=who: unguarded(who) for who in clerks]) == [case.pk] * 4


def test_the_same_person_typed_twice_at_one_moment_is_one_case(bank: Cast) -> None:
    person = bank.client()

    def walk_in() -> Application:
        return intake.start_walk_in(
            actor=bank.chen_xiaoming, product=bank.product("PK"), person=person, customer_group="SALARIED", at=WHEN,
            consent=True,
        )  # fmt: skip

    answers = all_at_once([walk_in] * 6)
    assert sum(isinstance(answer, Application) for answer in answers) == 1
    assert all(isinstance(answer, Application | Refused) for answer in answers)
    assert Application.objects.count() == 1


def test_issue_and_withdrawal_at_one_moment_leave_one_story(bank: Cast) -> None:
    case = bank.received(when=WHEN)
    bank.check(case, when=WHEN)
    bank.key(bank.again(case), when=WHEN)
    bank.review(bank.again(case), when=WHEN)
    bank.file(case, when=WHEN)

    answers = all_at_once(
        [
            lambda: issue.mark_issued(case=case.pk, actor=bank.zheng_weiguo, at=WHEN, card_last4="6688"),
            lambda: endings.withdraw(case=case.pk, actor=bank.zheng_weiguo, at=WHEN, note="客户来电"),
        ]
    )
    assert sum(isinstance(answer, Application) for answer in answers) == 1
    last = Event.objects.filter(application=case).latest("seq")
    assert last.to_state == bank.again(case).state
