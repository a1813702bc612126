"""A process that is killed while it accrues leaves every case with one verdict or none, and the next pass finishes."""

from __future__ import annotations

import os
import random
import signal
import time

import pytest
from django.db import connection

from incentives.models import Assessment, RewardEntry, UnassessedActivation
from incentives.services import accrual
from incentives.services.accrual import accrue
from ops_center.invariants import CHECKS
from ops_center.management.benches.activations import make_activations
from tests.cast import at
from tests.incentives.conftest import priced_bank

pytestmark = pytest.mark.django_db(transaction=True)
NOW = at("2026-11-25 10:00")
CASES, KILLS = 240, 4
MONEY = ("shares-are-the-bounty", "no-share-before-activation", "one-set-of-shares", "every-activation-has-its-verdict")


def accruing_process() -> int:
    """A child that accrues on a connection of its own; its key."""
    child = os.fork()
    if child == 0:
        connection.connection = None  # the parent's; it is closed by nobody but the parent
        try:
            accrue(at=NOW)
        finally:
            os._exit(0)
    return child


def test_killed_at_random_points_every_case_is_accrued_once(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    priced_bank()
    make_activations(cases=CASES, at=NOW, is_mixed=False)
    monkeypatch.setattr(accrual, "BATCH", 12)
    dice = random.Random(9)
    for kill in range(1, KILLS + 1):
        child, enough = accruing_process(), kill * CASES // (KILLS + 1)
        while Assessment.objects.count() < enough:
            time.sleep(0.001)
        time.sleep(dice.random() * 0.02)  # anywhere in the batches that follow
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        assert RewardEntry.objects.values("assessment").distinct().count() == Assessment.objects.count()
    left = UnassessedActivation.objects.count()
    assert 0 < left < CASES
    while UnassessedActivation.objects.exists():  # the server may still be ending what the killed one had begun
        accrue(at=NOW)
    assert Assessment.objects.count() == CASES
    assert {check.name: check.broken() for check in CHECKS if check.name in MONEY} == {name: [] for name in MONEY}
