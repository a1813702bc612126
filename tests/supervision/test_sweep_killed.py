"""The sweep in three processes at once, killed and started again: every breach, notice and message once."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection, transaction

from applications.lifecycle import Clock
from applications.models import CaseClock
from organization.models import Message
from supervision.models import Breach, ClockNotice, Untold
from supervision.services.breaches import escalate, find_breaches, warn
from supervision.services.notices import tell_waiting
from tests.cast import at
from tests.supervision.conftest import found_bank
from tests.supervision.test_schedule import at_once

pytestmark = pytest.mark.django_db(transaction=True)

BEGIN = at("2026-11-26 09:00")
CLOCKS, MINUTES, KILLS, PROCESSES = 120, 30, 6, 3
LATER = [at("2026-11-26 18:00"), at("2026-11-27 08:30"), at("2026-11-27 17:30"), at("2026-12-01 17:30"),
         at("2026-12-02 08:30")]  # fmt: skip
OF_ONE = {"clock_warnings": "clock_warning", "breaches": "breach"}


def one_pass(when) -> None:
    """What a minute's jobs do, without the lock that would keep a second process out."""
    warn(at=when)
    find_breaches(at=when)
    escalate(at=when)
    tell_waiting(at=when)


def sweeping_process() -> int:
    """A child that sweeps minute by minute on a connection of its own; its key."""
    child = os.fork()
    if child == 0:
        connection.connection = None  # the parent's; it is closed by nobody but the parent
        try:
            for minute in range(MINUTES + 1):
                one_pass(BEGIN + timedelta(minutes=minute))
        finally:
            os._exit(0)
    return child


def count_of(message: Message) -> int:
    return message.facts.get("count", 1)


def test_three_processes_killed_at_random_points_tell_everybody_once(transactional_db: None) -> None:
    bank = found_bank()
    for n in range(CLOCKS):
        row = bank.clock(Clock.ENTRY, at("2026-11-24 08:40"), owner=bank.people.ec, owned_since=at("2026-11-24 09:00"))
        due = BEGIN + timedelta(minutes=10 + n % 20)
        CaseClock.objects.filter(pk=row.pk).update(due_at=due, warn_at=due - timedelta(minutes=10))
    dice = random.Random(81)
    children = [sweeping_process() for _n in range(PROCESSES)]
    for kill in range(KILLS):
        while Breach.objects.count() < kill * CLOCKS // (KILLS + 1):
            time.sleep(0.001)
        time.sleep(dice.random() * 0.03)
        victim = children.pop(0)
        os.kill(victim, signal.SIGKILL)
        os.waitpid(victim, 0)
        children.append(sweeping_process())
    for child in children:
        os.waitpid(child, 0)
    for when in LATER:
        at_once(lambda when=when: one_pass(when), times=PROCESSES)

    assert Breach.objects.count() == Breach.objects.values("clock").distinct().count() == CLOCKS
    levels = Counter(ClockNotice.objects.values_list("level", flat=True))
    assert levels == {"WARNING": CLOCKS, "SUPERVISOR": CLOCKS, "MANAGEMENT": CLOCKS}
    told: Counter[tuple[str, str]] = Counter()
    for message in Message.objects.all():
        told[message.employee.number, OF_ONE.get(message.kind, message.kind)] += count_of(message)
    people = bank.people
    assert told == {
        (people.ec.number, "clock_warning"): CLOCKS,
        (people.ec.number, "breach"): CLOCKS,
        (people.tr.number, "breaches_found"): CLOCKS,
        (people.sup.number, "escalated_supervisor"): CLOCKS,
        (people.mgt.number, "escalated_management"): CLOCKS,
        (bank.cast.deng_hai.number, "escalated_management"): CLOCKS,
    }
    assert not Untold.objects.exists()


@pytest.mark.parametrize("is_guarded", [True, False])
def test_without_the_unique_key_the_same_statement_finds_everything_three_times(
    transactional_db: None, *, is_guarded: bool
) -> None:
    """The control: a table like that of the breaches, with and without what makes a clock's breach unique."""
    bank = found_bank()
    for _n in range(5):
        bank.clock(Clock.ENTRY, at("2026-11-24 08:40"), owner=bank.people.ec)
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE scratch_breach (clock_id bigint {'UNIQUE' if is_guarded else ''})")
    looked = Barrier(3)

    def find() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO scratch_breach SELECT c.id FROM applications_caseclock c WHERE c.due_at < %s "
                "AND NOT EXISTS (SELECT FROM scratch_breach b WHERE b.clock_id = c.id) ON CONFLICT DO NOTHING",
                [at("2026-11-27 09:00")],
            )
            if not is_guarded:  # with the key the second waits here for the first by itself
                looked.wait(10)

    try:
        at_once(find)
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*), count(DISTINCT clock_id) FROM scratch_breach")
            assert cursor.fetchone() == ((5, 5) if is_guarded else (15, 5))
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE scratch_breach")
