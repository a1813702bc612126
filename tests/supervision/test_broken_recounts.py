"""A clock that cannot be reckoned anew holds up nothing but itself, and people hear of it once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from rest_framework.test import APIClient

from applications.lifecycle import Clock
from applications.models import CaseClock, Outage, Recount, StaleClock
from applications.services import recounts
from organization.models import Message
from supervision.services.outages import declare_outage
from supervision.services.recounts import go_on
from tests.cast import at
from tests.supervision.conftest import Bank
from tests.supervision.test_recounts import FRIDAY, LARGE, NOW, change, free, large, run_of

__all__ = ["large"]
pytestmark = pytest.mark.django_db
START = at("2026-11-26 08:30")


def some_runs(bank: Bank, many: int) -> list[CaseClock]:
    return [run_of(bank, Clock.ENTRY, START) for _ in range(many)]


def break_it(clock: CaseClock) -> None:
    """Its record says something impossible: no date of Python's reaches there."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE applications_caseclock SET started_at = '0044-03-15 BC' WHERE id = %s", [clock.pk])


def mend(clock: CaseClock) -> None:
    CaseClock.objects.filter(pk=clock.pk).update(started_at=START)


def due_of(clocks: list[CaseClock]) -> set[object]:
    return set(CaseClock.objects.filter(pk__in=[clock.pk for clock in clocks]).values_list("due_at", flat=True))


def test_a_broken_clock_is_set_aside_and_all_others_are_reckoned(bank: Bank, large: Callable[[], None]) -> None:
    clocks = some_runs(bank, 3 * LARGE)
    broken, others = clocks[7], clocks[:7] + clocks[8:]
    break_it(broken)
    large()
    recount = change(bank, free(FRIDAY)).recount
    go_on(at=NOW + timedelta(minutes=1))
    assert due_of(others) == {at("2026-12-01 17:30")}
    [left] = StaleClock.objects.all()
    assert (left.clock_id, left.broken_at, left.error) == (broken.pk, NOW + timedelta(minutes=1), "ValueError")
    recount = Recount.objects.get(pk=recount.pk)
    assert (recount.done, recount.finished_at) == (recount.total - 1, None)
    go_on(at=NOW + timedelta(minutes=2))
    assert StaleClock.objects.get().broken_at == NOW + timedelta(minutes=1)
    mend(broken)
    go_on(at=NOW + timedelta(minutes=3))
    assert due_of(clocks) == {at("2026-12-01 17:30")}
    assert Recount.objects.get(pk=recount.pk).finished_at == NOW + timedelta(minutes=3)
    assert Message.objects.filter(kind="calendar_changed", employee=bank.people.sup).count() == 1


def test_a_small_change_is_approved_although_one_of_its_clocks_is_broken(bank: Bank) -> None:
    clocks = some_runs(bank, 3)
    break_it(clocks[1])
    approved = change(bank, free(FRIDAY))
    assert (approved.status, approved.moved) == ("APPROVED", None)
    assert due_of([clocks[0], clocks[2]]) == {at("2026-12-01 17:30")}
    assert [row.clock_id for row in approved.recount.broken()] == [clocks[1].pk]


def test_where_many_break_the_rest_waits_for_a_later_pass(
    bank: Bank, large: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not their fault then, and a pass of a minute must not take an hour."""
    monkeypatch.setattr(recounts, "MOST_BROKEN", LARGE)
    clocks = some_runs(bank, 4 * LARGE)
    for clock in clocks[: 2 * LARGE]:
        break_it(clock)
    large()
    change(bank, free(FRIDAY))
    go_on(at=NOW)
    assert StaleClock.objects.filter(broken_at__isnull=False).count() == LARGE
    assert StaleClock.objects.count() == 4 * LARGE
    for clock in clocks[: 2 * LARGE]:
        mend(clock)
    go_on(at=NOW + timedelta(minutes=1))
    assert due_of(clocks) == {at("2026-12-01 17:30")}


def test_an_outage_that_holds_a_broken_clock_still_takes_and_lets_go_all_others(bank: Bank) -> None:
    broken, other = some_runs(bank, 2)
    break_it(broken)
    declare_outage(since=at("2026-11-26 08:45"), until=at("2026-11-26 11:00"), reason="停机", actor=bank.people.sup,
                   at=NOW)  # fmt: skip
    later = run_of(bank, Clock.ENTRY, NOW + timedelta(minutes=5))
    recounts.lay_outages(at=NOW + timedelta(minutes=6))
    assert CaseClock.objects.get(pk=later.pk).paused_at is not None
    recounts.lay_outages(at=at("2026-11-26 11:01"))
    assert not CaseClock.objects.filter(pk__in=[other.pk, later.pk], paused_at__isnull=False).exists()
    assert Outage.objects.get().settled_at is None
    mend(broken)
    recounts.lay_outages(at=at("2026-11-26 11:02"))
    recounts.lay_outages(at=at("2026-11-26 11:03"))
    assert Outage.objects.get().settled_at is not None


def test_after_an_hour_supervisors_and_administrators_hear_of_it_once(bank: Bank) -> None:
    clocks = some_runs(bank, 2)
    break_it(clocks[0])
    change(bank, free(FRIDAY))
    for minute in range(0, 59, 10):
        go_on(at=NOW + timedelta(minutes=minute))
    told = Message.objects.filter(kind="recount_stuck")
    assert not told.exists()
    for minute in (60, 61, 300):
        go_on(at=NOW + timedelta(minutes=minute))
    assert {message.employee for message in told} == {bank.people.sup, bank.people.adm}
    assert told.count() == 2
    assert told[0].facts == {"count": 1, "numbers": [clocks[0].application.number]}


def test_change_jobs_boards_api_and_readiness_say_which_clock_it_is(bank: Bank, client: Client) -> None:
    clocks = some_runs(bank, 2)
    break_it(clocks[0])
    approved = change(bank, free(FRIDAY))
    number = clocks[0].application.number
    client.force_login(bank.people.mgt)
    for page in (f"/calendar/changes/{approved.pk}/", "/rules/jobs/"):
        said = client.get(page).content.decode()
        assert number in said
        assert "1 个时限无法重算" in said
    assert "1 个时限无法重算" in client.get("/boards/overdue/").content.decode()
    [row] = client.get("/api/v1/calendar/changes/").json()["results"]
    assert row["recount"]["broken"] == [
        {"case": number, "clock": "ENTRY", "since": "2026-11-26T09:00:00+08:00", "error": "ValueError"}
    ]
    assert APIClient().get("/api/v1/ready/").json()["broken_clocks"] == 1
    mend(clocks[0])
    go_on(at=NOW + timedelta(minutes=1))
    assert number not in client.get("/rules/jobs/").content.decode()
    assert APIClient().get("/api/v1/ready/").json()["broken_clocks"] == 0
