"""The sweep stands still and comes back (T81): the boards are right without it, nothing is lost, and it is said."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.test import Client
from rest_framework.test import APIClient

from applications.lifecycle import Clock, Outcome, State
from applications.models import CaseClock
from ops_center import clock, health, schedule
from ops_center.job_words import JOB_WORDS
from organization.messages import words_of
from organization.models import JobRun, Message
from organization.services.jobs import silent_since
from supervision.models import Breach
from tests.supervision.conftest import Bank

pytestmark = pytest.mark.django_db

THREE_HOURS = timedelta(hours=3)
STANDS_STILL = "notice tone-late"


def page_of(person) -> Client:
    client = Client()
    client.force_login(person)
    return client


def sweep(at: datetime) -> None:
    schedule.run(schedule.BY_NAME["breaches"], at=at)


@pytest.fixture
def now() -> datetime:
    return clock.now()


@pytest.fixture
def fallen_due(bank: Bank, now: datetime) -> list[CaseClock]:
    """The last pass three hours ago; since then something fell due every twenty minutes."""
    sweep(now - THREE_HOURS)
    rows = []
    for n in range(9):
        due = now - THREE_HOURS + timedelta(minutes=20 * n + 5)
        case = bank.case(State.CHECKED, due_at=due, due_clock=Clock.ENTRY)
        row = bank.clock(Clock.ENTRY, now - timedelta(days=9), case=case, owner=bank.people.ec)
        CaseClock.objects.filter(pk=row.pk).update(due_at=due, warn_at=due - timedelta(hours=1))
        rows.append(CaseClock.objects.get(pk=row.pk))
    return rows


def test_the_boards_are_right_and_say_so_while_the_sweep_stands_still(
    bank: Bank, fallen_due: list[CaseClock], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "_started", health.monotonic() - 3600)
    assert Breach.objects.count() == 0
    board = page_of(bank.people.sup).get("/boards/overdue/")
    assert board.context["figures"].total == 9
    assert STANDS_STILL in board.text
    for person in (bank.people.sup, bank.people.tr, bank.people.adm):
        assert STANDS_STILL in page_of(person).get("/").text
    assert STANDS_STILL not in page_of(bank.people.ec).get("/").text
    assert APIClient().get("/api/v1/ready/").status_code == 503


def test_on_return_every_breach_is_raised_once_with_its_true_time_and_the_silence_is_told_once(
    bank: Bank, fallen_due: list[CaseClock], now: datetime
) -> None:
    stopped = bank.stop(fallen_due[0], now - timedelta(hours=2))
    assert stopped.outcome == Outcome.LATE_PENDING  # nobody saw it run late (rule K10)
    sweep(now)
    sweep(now + timedelta(minutes=1))
    assert dict(Breach.objects.values_list("clock", "due_at")) == {row.pk: row.due_at for row in fallen_due}
    told = Message.objects.filter(kind="sweep_stood_still")
    assert {message.employee for message in told} == {bank.people.sup, bank.people.adm}
    sentence = words_of(told[0].kind, told[0].facts)
    for end in (now - THREE_HOURS, now):
        assert end.astimezone(clock.SHANGHAI).strftime("%m-%d %H:%M") in sentence
    assert len(told) == 2
    assert silent_since(now + timedelta(minutes=2)) is None


def test_a_pass_that_was_killed_before_it_had_told_of_the_silence_leaves_that_to_the_next(
    bank: Bank, now: datetime
) -> None:
    sweep(now - THREE_HOURS)
    JobRun.objects.create(name="breaches", started_at=now - timedelta(minutes=1))  # killed: it never ended
    sweep(now)
    assert Message.objects.filter(kind="sweep_stood_still").count() == 2


def test_a_long_silence_hides_no_clock_that_stopped_late_in_it(bank: Bank, now: datetime) -> None:
    """Longer than the minute's pass usually looks back."""
    sweep(now - timedelta(days=6))
    row = bank.clock(Clock.ENTRY, now - timedelta(days=12), owner=bank.people.ec)
    CaseClock.objects.filter(pk=row.pk).update(due_at=now - timedelta(days=5))
    bank.stop(row, now - timedelta(days=4))
    sweep(now)
    assert Breach.objects.filter(clock=row).exists()


def test_five_minutes_are_no_silence(bank: Bank, now: datetime) -> None:
    sweep(now - timedelta(minutes=5))
    sweep(now)
    assert not Message.objects.filter(kind="sweep_stood_still").exists()


# -- the page of the jobs ----------------------------------------------------------------------------------------------
def test_every_job_is_explained() -> None:
    assert set(JOB_WORDS) == set(schedule.BY_NAME)


def test_the_page_shows_runs_hits_and_errors_to_those_who_watch(bank: Bank, fallen_due: list[CaseClock], now) -> None:
    sweep(now - timedelta(minutes=1))
    JobRun.objects.create(
        name="calls",
        started_at=now - timedelta(minutes=3),
        ended_at=now - timedelta(minutes=3),
        error="OperationalError",
    )
    JobRun.objects.create(name="cut-off", started_at=now - timedelta(hours=2), ended_at=now - timedelta(hours=2))
    rows = {row.job.name: row for row in page_of(bank.people.adm).get("/rules/jobs/").context["rows"]}
    assert list(rows) == [job.name for job in schedule.JOBS]
    assert (rows["breaches"].passes.hits, rows["breaches"].passes.hits_of_the_day) == (9, 9)
    assert rows["breaches"].next_at == now
    assert rows["calls"].passes.has_failed_last
    assert (rows["cut-off"].is_late, rows["breaches"].is_late, rows["seal"].is_late) == (True, False, False)


@pytest.mark.parametrize(
    ("who", "status"), [("sup", 200), ("mgt", 200), ("adm", 200), ("aud", 200), ("tr", 403), ("ec", 403), ("bh", 403)]
)
def test_supervisor_management_administrator_and_audit_read_the_jobs(bank: Bank, who: str, status: int) -> None:
    assert page_of(getattr(bank.people, who)).get("/rules/jobs/").status_code == status


def test_the_page_of_the_jobs_costs_few_queries(bank: Bank, now, django_assert_max_num_queries) -> None:
    for name in ("breaches", "warnings", "escalation"):
        schedule.run(schedule.BY_NAME[name], at=now)
    administrator = page_of(bank.people.adm)
    with django_assert_max_num_queries(11):
        assert administrator.get("/rules/jobs/").status_code == 200
