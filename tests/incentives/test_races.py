"""Accrual and payout on real connections at the same moment, each with a control that shows what the guard is for."""

from __future__ import annotations

import threading

import pytest
from django.db import IntegrityError, connection, transaction

from applications.services import issue
from incentives.models import PayoutBatch, PayoutLine, RewardEntry, UnassessedActivation
from incentives.services import accrual
from incentives.services.accrual import Activation, accrue
from incentives.services.confirmations import certify, draft_confirmation
from incentives.services.payouts import make_payout
from incentives.services.registration import register
from incentives.services.releases import release_due_holds
from ops_center import env
from tests.applications.test_races import all_at_once
from tests.cast import Cast, at
from tests.incentives.conftest import entries_of, priced_bank, total

pytestmark = pytest.mark.django_db(transaction=True)
WHEN = at("2026-11-24 10:00")


@pytest.fixture
def bank(transactional_db: None) -> Cast:
    return priced_bank()


def test_six_deliveries_at_once_make_one_set_per_case(bank: Cast) -> None:
    cases = [bank.activated(when=WHEN) for _case in range(4)]
    answers = all_at_once([lambda: accrue(at=WHEN)] * 6)
    assert [answer for answer in answers if isinstance(answer, Exception)] == []
    assert sum(answer["assessed"] for answer in answers) == 4
    assert all(answer["failed"] == 0 for answer in answers)
    assert [(len(entries_of(case)), total(case)) for case in cases] == [(6, 100_00)] * 4


def test_control_without_the_lock_the_workers_collide(bank: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """Check-then-act: all see the row in the queue; only the keys of the tables keep the second set out."""
    case = bank.activated(when=WHEN)
    together = threading.Barrier(4)

    def unguarded(events: list[int]) -> list[Activation]:
        rows = UnassessedActivation.objects.filter(pk__in=events).select_related("event", "application")
        seen = [
            Activation(row.event_id, row.application_id, row.event.at, row.application.product_id, None, None)
            for row in rows
        ]
        together.wait(timeout=10)
        return seen

    monkeypatch.setattr(accrual, "take", unguarded)
    answers = all_at_once([lambda: accrue(at=WHEN)] * 4)
    assert sum(answer["failed"] for answer in answers) == 3
    assert total(case) == 100_00


def test_the_role_of_web_and_worker_may_accrue(bank: Cast, runtime_dsn: str) -> None:
    """As a set, with the temporary table that it needs, and one by one."""
    owner = connection.settings_dict
    counts = []
    for number in (3, 1):
        for _case in range(number):
            bank.activated(when=WHEN)
        connection.close()
        connection.settings_dict = {**owner, **env.database(runtime_dsn)}
        try:
            counts.append(accrue(at=WHEN)["assessed"])
        finally:
            connection.close()
            connection.settings_dict = owner
    assert counts == [3, 1]


def test_a_held_share_is_released_once(bank: Cast) -> None:
    case = bank.issued(bank.received(when=WHEN), when=WHEN)
    issue.activate(case=case.pk, actor=None, at=WHEN)
    accrue(at=WHEN)
    answers = all_at_once([lambda: release_due_holds(at=at("2026-12-20 10:00"))] * 4)
    assert sum(answer["pooled"] for answer in answers) == 1
    assert (len(entries_of(case)), total(case)) == (8, 100_00)


def test_parallel_exports_make_one_batch(bank: Cast) -> None:
    case = bank.activated(when=WHEN)
    accrue(at=WHEN)
    register(applications=[case.number], actor=bank.zheng_weiguo, at=WHEN)
    no = certify(
        no=draft_confirmation(period="2026-11", actor=bank.zheng_weiguo, at=WHEN).no, actor=bank.feng_zhiqiang, at=WHEN
    ).no
    answers = all_at_once([lambda: make_payout(confirmations=[no], actor=bank.su_min, at=WHEN)] * 20)
    assert sum(isinstance(answer, PayoutBatch) for answer in answers) == 1
    assert {answer.code for answer in answers if isinstance(answer, Exception)} == {"already_exported"}
    assert PayoutLine.objects.count() == 11


def test_a_second_click_on_register_is_told_that_it_is_done(bank: Cast) -> None:
    case = bank.activated(when=WHEN)
    accrue(at=WHEN)
    answers = all_at_once([lambda: register(applications=[case.number], actor=bank.zheng_weiguo, at=WHEN)] * 4)
    refusals = [answer for answer in answers if isinstance(answer, Exception)]
    assert [getattr(refusal, "code", refusal) for refusal in refusals] == ["already_registered"] * 3


def test_parallel_drafts_take_each_entry_once(bank: Cast) -> None:
    case = bank.activated(when=WHEN)
    accrue(at=WHEN)
    register(applications=[case.number], actor=bank.zheng_weiguo, at=WHEN)
    answers = all_at_once([lambda: draft_confirmation(period="2026-11", actor=bank.zheng_weiguo, at=WHEN)] * 4)
    assert {answer.code for answer in answers if isinstance(answer, Exception)} == {"nothing_to_confirm"}


def test_the_keys_refuse_a_second_set_even_without_the_service(bank: Cast) -> None:
    case = bank.activated(when=WHEN)
    accrue(at=WHEN)
    first = entries_of(case)[0]
    first.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        first.save(force_insert=True)
    assert RewardEntry.objects.filter(assessment=case.pk).count() == 11
