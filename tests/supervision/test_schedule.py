"""The periodic jobs: one at a time, once per thing, none stops another."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from threading import Barrier, Thread

import pytest
from celery import current_app
from django.core.management import CommandError, call_command
from django.db import connection

from applications.lifecycle import Clock
from applications.models import CardStatusImport, CaseClock
from ops_center import clock, schedule, tasks
from ops_center.kernel.errors import Refused
from organization.models import JobRun, Message
from organization.services.inbox import tell
from supervision.models import Breach
from supervision.services.breaches import find_breaches
from supervision.services.justifications import decide_justification, justify
from supervision.services.notices import tell_waiting
from tests.cast import at
from tests.supervision.conftest import Bank, found_bank

LATE, MORNING = at("2026-11-26 17:31"), at("2026-11-27 08:30")


def at_once(act: Callable[[], object], times: int = 3) -> list[object]:
    """Calls it in so many threads at the same moment; each has its own connection."""
    start, results = Barrier(times), []

    def one() -> None:
        try:
            start.wait(10)
            results.append(act())
        finally:
            connection.close()

    threads = [Thread(target=one) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(results) == times
    return results


def overdue_cases(bank: Bank, many: int) -> None:
    for _ in range(many):
        bank.clock(Clock.ENTRY, at("2026-11-24 08:40"), owner=bank.people.ec, owned_since=at("2026-11-25 09:00"))


@pytest.mark.django_db(transaction=True)
def test_three_sweeps_at_once_make_one_breach_and_one_message_each() -> None:
    bank = found_bank()
    overdue_cases(bank, 20)
    found = at_once(lambda: find_breaches(at=LATE))
    assert sum(found) == Breach.objects.count() == 20
    at_once(lambda: tell_waiting(at=MORNING))
    [message] = Message.objects.filter(kind="breaches")
    assert message.facts["count"] == 20


@pytest.mark.django_db(transaction=True)
def test_without_the_guard_the_same_race_tells_three_times() -> None:
    """The control: look first, then tell, with nothing between that only one can win."""
    bank = found_bank()
    overdue_cases(bank, 1)
    seen = Barrier(3)

    def careless() -> None:
        clocks = list(CaseClock.objects.overdue(LATE).filter(breach=None))
        seen.wait(10)
        for row in clocks:
            tell([row.owner], kind="breach", at=LATE)

    at_once(careless)
    assert Message.objects.filter(kind="breach").count() == 3


@pytest.mark.django_db(transaction=True)
def test_of_two_decisions_at_once_one_counts_and_the_other_is_told() -> None:
    bank = found_bank()
    overdue_cases(bank, 10)
    find_breaches(at=LATE)
    for breach in Breach.objects.all():
        justify(breach_id=breach.pk, actor=bank.people.ec, at=LATE, code="OTHER", text="网络中断")
        deciders = iter([(bank.people.tr, True), (bank.people.sup, False)])

        def decide(breach=breach, deciders=deciders) -> str:
            actor, accepted = next(deciders)
            try:
                decide_justification(breach_id=breach.pk, actor=actor, at=LATE, accepted=accepted, note="")
            except Refused as no:
                return no.code
            return "decided"

        assert sorted(at_once(decide, times=2)) == ["already_decided", "decided"]
    assert Message.objects.filter(kind__in=["justification_accepted", "justification_refused"]).count() == 10


@pytest.mark.django_db(transaction=True)
def test_a_job_that_another_process_is_in_waits_or_is_left_out() -> None:
    inside, leave = Barrier(2), Barrier(2)

    def slow(when) -> dict[str, int]:
        inside.wait(10)
        leave.wait(10)
        return {"done": 1}

    job = schedule.Job("slow", timedelta(minutes=1), slow)
    first = Thread(target=lambda: (schedule.run(job, at=LATE), connection.close()))
    first.start()
    inside.wait(10)
    assert schedule.run(job, at=LATE) is None
    leave.wait(10)
    first.join(10)
    quick = schedule.Job("slow", timedelta(minutes=1), lambda when: {"done": 2})
    assert schedule.run(quick, at=LATE, wait=True) == {"done": 2}
    assert JobRun.objects.filter(name="slow").count() == 2


@pytest.mark.django_db
@pytest.mark.parametrize("name", schedule.BY_NAME)
def test_a_job_that_runs_again_at_the_same_moment_does_nothing(bank: Bank, name: str) -> None:
    overdue_cases(bank, 2)
    job = schedule.BY_NAME[name]
    schedule.run(job, at=LATE)
    messages = Message.objects.count()
    schedule.run(job, at=LATE)
    assert Message.objects.count() == messages
    assert JobRun.objects.filter(name=name, error="").count() == 2


@pytest.mark.django_db
def test_the_sweep_runs_every_job_and_prints_one_line(bank: Bank, capsys: pytest.CaptureFixture[str]) -> None:
    bank.clock(Clock.ENTRY, clock.now() - timedelta(days=30), owner=bank.people.ec)
    call_command("sweep")
    [line] = capsys.readouterr().out.splitlines()
    counts = json.loads(line)
    assert set(counts) == {"at", *(job.name for job in schedule.JOBS if job.in_sweep)}
    assert counts["breaches"] == {"found": 1}
    assert JobRun.objects.filter(ended_at__isnull=False).count() == sum(job.in_sweep for job in schedule.JOBS)


@pytest.mark.django_db
def test_a_card_file_that_fails_does_not_keep_back_the_next(bank: Bank) -> None:
    with connection.cursor() as cursor:  # a file that the database itself refuses to end
        cursor.execute(
            "ALTER TABLE applications_cardstatusimport ADD CONSTRAINT never_done "
            "CHECK (state <> 'DONE' OR file_name <> 'broken')"
        )
    broken, sound = (
        CardStatusImport.objects.create(file_name=name, digest="", uploaded_at=LATE) for name in ("broken", "sound")
    )
    assert schedule.BY_NAME["card-files"].act(LATE) == {"applied": 1, "failed": 1}
    states = dict(CardStatusImport.objects.values_list("pk", "state"))
    assert states == {broken.pk: CardStatusImport.State.RUNNING, sound.pk: CardStatusImport.State.DONE}


@pytest.mark.django_db
def test_a_job_that_fails_does_not_stop_the_others(
    bank: Bank, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(when) -> dict[str, int]:
        raise ZeroDivisionError

    jobs = (schedule.Job("broken", timedelta(minutes=1), broken), *schedule.JOBS)
    monkeypatch.setattr(schedule, "JOBS", jobs)
    with pytest.raises(CommandError, match="broken"):
        call_command("sweep")
    assert "breaches" in json.loads(capsys.readouterr().out)
    assert JobRun.objects.get(name="broken").error == "ZeroDivisionError"


def test_beat_asks_for_every_job_by_name() -> None:
    entries = current_app.conf.beat_schedule
    assert {entry["args"][0] for entry in entries.values()} == set(schedule.BY_NAME)
    assert {entry["task"] for entry in entries.values()} == {tasks.run_job.name}
