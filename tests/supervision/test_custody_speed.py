"""Ten thousand breaches that are not charged yet are reckoned within 200 ms: one question, then arithmetic."""

# ruff: noqa: S608

from __future__ import annotations

from datetime import datetime, timedelta
from time import perf_counter

import pytest
from django.db import connection

from applications.lifecycle import Clock, Holder
from applications.models import CaseClock
from applications.services import claims
from supervision.models import Breach
from supervision.selectors.custody import charged_in
from supervision.services.breaches import find_breaches
from tests.cast import at
from tests.supervision.conftest import Bank

TARGET = 0.2  # seconds
BREACHES = 10_000
# Copies of one row, with other keys: table → what differs.
COPIES = {
    "applications_application": "'id', t.id + g * 1000, 'number', 'KX' || g, 'status_code', 'Q' || g",
    "applications_caseclock": "'id', t.id + g * 1000, 'application_id', t.application_id + g * 1000",
    "applications_clockinterval": "'id', t.id + g * 1000, 'clock_id', t.clock_id + g * 1000",
    "applications_custody": "'id', t.id + g * 1000, 'application_id', t.application_id + g * 1000",
    "supervision_breach": (
        "'id', t.id + g * 1000, 'application_id', t.application_id + g * 1000, 'clock_id', t.clock_id + g * 1000"
    ),
    "supervision_unchargedbreach": (
        "'id', t.id + g * 1000, 'breach_id', t.breach_id + g * 1000, 'clock_id', t.clock_id + g * 1000"
    ),
}


def multiply(times: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table, other in COPIES.items():
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            cursor.execute(
                f"INSERT INTO {table} SELECT (jsonb_populate_record(t, jsonb_build_object({other}))).* "
                f"FROM {table} t, generate_series(1, {times - 1}) AS g"
            )
            cursor.execute(f"ANALYZE {table}")


def late_case(bank: Bank) -> datetime:
    """One case with two breaches: late in the queue, then with a clerk, who gave it back."""
    cast, signed, now = bank.cast, at("2026-11-24 08:40"), at("2026-11-27 15:00")
    case = cast.received(when=signed)
    claims.claim_next(queue="check", actor=cast.he_xiulan, at=at("2026-11-27 10:00"))
    claims.give_back(case=case.pk, actor=cast.he_xiulan, at=at("2026-11-27 10:20"))
    find_breaches(at=now)
    assert Breach.objects.count() == 2
    return now


@pytest.mark.django_db
def test_the_charges_of_a_period_are_those_of_its_breaches(bank: Bank) -> None:
    now = late_case(bank)
    multiply(10)
    totals = charged_in(now - timedelta(days=10), now, at=now)
    minutes = {(kind, hands.holder): amount for (kind, hands), amount in totals.minutes.items() if hands}
    # CHECK from Wednesday 17:30, ENTRY from Thursday 17:30, both to Friday 15:00; she had it for twenty minutes.
    assert minutes == {
        (Clock.CHECK, Holder.QUEUE): 10 * (540 + 390 - 20), (Clock.CHECK, Holder.PERSON): 10 * 20,
        (Clock.ENTRY, Holder.QUEUE): 10 * (390 - 20), (Clock.ENTRY, Holder.PERSON): 10 * 20,
    }  # fmt: skip


@pytest.mark.long
@pytest.mark.django_db
def test_ten_thousand_breaches_are_charged_within_200_ms(bank: Bank) -> None:
    now = late_case(bank)
    multiply(BREACHES // 2)
    assert Breach.objects.count() == BREACHES
    assert CaseClock.objects.filter(due_at__lt=now, stopped_at=None).count() == BREACHES
    times = []
    for _time in range(5):
        begun = perf_counter()
        charged_in(now - timedelta(days=10), now, at=now)
        times.append(perf_counter() - begun)
    print(f"10,000 breaches charged in {min(times):.3f} s")
    assert min(times) <= TARGET, times
