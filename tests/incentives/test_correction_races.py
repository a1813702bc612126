"""Corrections at the same moment, on real connections: each line is undone once, and the case stays whole."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import DatabaseError

from applications.models import Application
from applications.services import issue
from incentives.models import Reversal, RewardEntry
from incentives.services import reversals
from incentives.services.accrual import accrue
from incentives.services.releases import release_due_holds
from incentives.services.reversals import approve_reversal, ask_reversal
from incentives.services.voids import void
from ops_center.kernel.errors import Refused
from tests.applications.test_races import all_at_once
from tests.cast import Cast, at
from tests.incentives.conftest import lines_of, priced_bank, total

pytestmark = pytest.mark.django_db(transaction=True)
WHEN, LATER = at("2026-11-24 10:00"), at("2026-12-20 10:00")


@pytest.fixture
def bank(transactional_db: None) -> Cast:
    return priced_bank()


@pytest.fixture
def case(bank: Cast) -> Application:
    """Activated by the client alone: its after-sales share waits for the coaching."""
    found = bank.issued(bank.received(when=WHEN), when=WHEN)
    issue.activate(case=found.pk, actor=None, at=WHEN)
    accrue(at=WHEN)
    return bank.again(found)


@pytest.fixture
def asked(bank: Cast, case: Application) -> Reversal:
    return ask_reversal(case=case.number, actor=bank.pan_wei, at=LATER, reason="材料系伪造")


def test_four_approvals_at_once_take_a_case_back_once(bank: Cast, case: Application, asked: Reversal) -> None:
    answers = all_at_once([lambda: approve_reversal(reversal=asked.pk, actor=bank.feng_zhiqiang, at=LATER)] * 4)
    assert sum(isinstance(answer, Reversal) for answer in answers) == 1
    assert {answer.code for answer in answers if isinstance(answer, Exception)} == {"already_decided"}
    assert sum(row.amount_fen for row in lines_of(case)) == 0


def test_control_without_the_locks_the_tables_refuse_the_second_set(
    bank: Cast, case: Application, asked: Reversal, monkeypatch: pytest.MonkeyPatch
) -> None:
    together = threading.Barrier(2)

    def unguarded(_model: Any, key: int, **_who: Any) -> Reversal:
        row = Reversal.objects.get(pk=key)
        together.wait(timeout=10)
        return row

    monkeypatch.setattr(reversals, "open_request", unguarded)
    monkeypatch.setattr(reversals, "lock_ledger", lambda: None)
    monkeypatch.setattr(reversals, "lock_case", lambda _assessment: None)
    answers = all_at_once([lambda: approve_reversal(reversal=asked.pk, actor=bank.feng_zhiqiang, at=LATER)] * 2)
    assert sum(isinstance(answer, DatabaseError) for answer in answers) == 1
    assert sum(row.amount_fen for row in lines_of(case)) == 0


def test_a_claw_back_a_void_and_a_release_at_once_undo_each_line_once(
    bank: Cast, case: Application, asked: Reversal
) -> None:
    shares = RewardEntry.objects.filter(assessment=case.pk, kind="SPLIT", mirrors=None)
    held = shares.get(payee_kind="HELD")
    acts = [
        lambda: approve_reversal(reversal=asked.pk, actor=bank.feng_zhiqiang, at=LATER),
        lambda: void(entry=held.pk, reason="未辅导", actor=bank.pan_wei, at=LATER),
        lambda: release_due_holds(at=LATER),
    ]
    answers = all_at_once(acts)
    assert [answer for answer in answers if isinstance(answer, Exception) and not isinstance(answer, Refused)] == []
    assert total(case) == case.assessment.bounty_fen
    assert RewardEntry.objects.filter(mirrors=held).count() == 1
