"""The reports of a month of 50,000 entries: each of their questions within 300 ms."""

# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

import pytest
from django.db import connection

from incentives.models import RewardEntry
from incentives.periods import period_of
from incentives.selectors import quality, reports
from incentives.selectors.statement import head_of, own_entries
from tests.cast import Cast, at
from tests.incentives.conftest import earned

WHEN = at("2026-09-10 10:00")
CASES = 4_600  # of eleven entries each: six shares and five bonuses
TARGET = 0.3  # seconds

# Copies of one row, with other keys: table → what differs.
COPIES = {
    "applications_application": (
        "'id', t.id + g * 1000, 'number', 'KX' || g, 'status_code', 'Q' || g, 'archive_no', 'A' || g"
    ),
    "applications_event": "'id', t.id + g * 1000, 'application_id', t.application_id + g * 1000",
    "applications_caseclock": "'id', t.id + g * 1000, 'application_id', t.application_id + g * 1000",
    "incentives_assessment": "'application_id', t.application_id + g * 1000, 'event_id', t.event_id + g * 1000",
    "incentives_rewardentry": "'id', t.id + g * 1000, 'assessment_id', t.assessment_id + g * 1000",
}


def multiply() -> None:
    """The one case of the bank, many times over."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table, other in COPIES.items():
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            cursor.execute(
                f"INSERT INTO {table} SELECT (jsonb_populate_record(t, jsonb_build_object({other}))).* "
                f"FROM {table} t, generate_series(1, {CASES - 1}) AS g"
            )
            cursor.execute(f"ANALYZE {table}")


def seconds(ask: Callable[[], object]) -> float:
    """The best of three: the machine may be busy with something else."""
    times = []
    for _time in range(3):
        begun = perf_counter()
        ask()
        times.append(perf_counter() - begun)
    return min(times)


@pytest.mark.long
@pytest.mark.django_db
def test_a_month_of_50_000_entries_is_reported_within_300_ms_a_question(bank: Cast) -> None:
    earned(bank, when=WHEN)
    multiply()
    assert RewardEntry.objects.count() >= 50_000
    asked = reports.Question.of(bank.cao_ying, period_of("2026-09"), at("2026-10-20 10:00"))
    collector = bank.zhou_qiming
    questions: dict[str, Callable[[], object]] = {
        "overview": lambda: reports.overview(asked),
        "unpaid": lambda: reports.unpaid_by_age(asked),
        "pool": lambda: reports.pool_by_reason(asked),
        "claw-backs": lambda: reports.clawed_back_by_ground(asked),
        "weight": lambda: reports.volume_weight(asked),
        "quality": lambda: quality.collectors(asked),
        "one person's month": lambda: head_of(own_entries(collector, period_of("2026-09"))),
    }
    took = {name: round(seconds(ask), 3) for name, ask in questions.items()}
    print(took)
    assert max(took.values()) <= TARGET, took
