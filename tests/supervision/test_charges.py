"""Charges that are kept: whatever changes what they were reckoned from names the breach again, in whatever order it
comes; nobody waits for the job, two passes at once charge once, and a step of a case that runs names nothing."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from threading import Barrier, Thread
from threading import Event as Signal

import pytest
from django.db import connection, transaction
from django.db.models import Sum

from applications.lifecycle import Clock, State
from applications.models import Application, CaseClock
from applications.services import claims
from supervision.models import Breach, BreachCharge, DelayCount, UnchargedBreach
from supervision.selectors.custody import charges_of_clocks
from supervision.selectors.delays import delays_in
from supervision.selectors.timeliness import Window
from supervision.services import charges
from supervision.services.breaches import find_breaches
from supervision.services.charges import charge_breaches
from supervision.services.outages import declare_outage
from tests.cast import at
from tests.supervision.conftest import Bank, found_bank
from tests.supervision.test_calendar_changes import change, free

NOW = at("2026-11-27 15:00")


def late_check(bank: Bank) -> CaseClock:
    """Due on Wednesday 25 November 17:30, passed on Thursday at 15:00: six and a half hours of the queue late."""
    case = bank.cast.received(when=at("2026-11-24 08:40"))
    bank.cast.check(case, when=at("2026-11-26 15:00"))
    clock = CaseClock.objects.get(application=case.pk, kind=Clock.CHECK)
    assert (clock.due_at, clock.stopped_at) == (at("2026-11-25 17:30"), at("2026-11-26 15:00"))
    find_breaches(at=at("2026-11-26 15:05"))
    return clock


def kept(clock: CaseClock) -> Counter[tuple[str, int | None, int | None]]:
    found: Counter[tuple[str, int | None, int | None]] = Counter()
    for row in BreachCharge.objects.filter(breach__clock=clock):
        found[row.holder, row.person_id, row.branch_id] += row.minutes
    summed, rows = (
        model.objects.aggregate(all=Sum("minutes", default=0))["all"] for model in (DelayCount, BreachCharge)
    )
    assert summed == rows
    return found


def reckoned(clock: CaseClock) -> Counter[tuple[str, int | None, int | None]]:
    return Counter({
        (held.holder.value, held.person, held.branch): charge.minutes
        for charge in charges_of_clocks([clock.pk], at=NOW)[clock.pk]
        if (held := charge.hands)
    })  # fmt: skip


@pytest.mark.django_db
def test_what_has_stopped_is_charged_and_what_runs_is_not(bank: Bank) -> None:
    clock = late_check(bank)
    running = bank.clock(Clock.ENTRY, at("2026-11-17 09:00"), case=bank.case(State.RECEIVED))
    find_breaches(at=NOW)
    assert charge_breaches(at=NOW) == {"charged": 1}
    assert kept(clock) == reckoned(clock) == Counter({("QUEUE", None, None): 390})
    waiting = [row.clock for row in UnchargedBreach.objects.select_related("clock")]
    assert running in waiting
    assert all(one.stopped_at is None for one in waiting)


@pytest.mark.django_db
def test_an_outage_declared_later_charges_the_clock_again(bank: Bank) -> None:
    """Ninety minutes of the overdue ones were an outage: nobody's."""
    clock = late_check(bank)
    charge_breaches(at=NOW)
    before = delays_in(Window.read("7", at=NOW), at=NOW).minutes
    declare_outage(
        since=at("2026-11-26 09:00"), until=at("2026-11-26 10:30"), reason="停机", states=[], actor=bank.people.sup,
        at=NOW,
    )  # fmt: skip
    assert delays_in(Window.read("7", at=NOW), at=NOW).minutes == before - 90  # before any pass
    assert charge_breaches(at=NOW) == {"charged": 1}
    assert kept(clock) == reckoned(clock) == Counter({("QUEUE", None, None): 300})
    assert delays_in(Window.read("7", at=NOW), at=NOW).minutes == before - 90


@pytest.mark.django_db
def test_a_day_of_the_past_that_was_free_charges_the_clocks_of_that_day_again(bank: Bank) -> None:
    clock = late_check(bank)
    charge_breaches(at=NOW)
    change(bank, free(date(2026, 11, 26)), when=NOW, reason="停业公告补录")
    assert UnchargedBreach.objects.filter(breach__clock=clock).exists()
    charge_breaches(at=NOW)
    assert kept(clock) == Counter()  # on Thursday nobody worked


@pytest.mark.django_db
def test_a_day_after_the_stop_charges_nothing_again(bank: Bank) -> None:
    late_check(bank)
    charge_breaches(at=NOW)
    change(bank, free(date(2026, 11, 28)), when=NOW, reason="停业公告补录")
    change(bank, free(date(2026, 12, 4)), when=NOW)
    assert not UnchargedBreach.objects.exists()


@pytest.mark.django_db
def test_the_steps_of_a_case_name_nothing(bank: Bank) -> None:
    """The work of a clerk on a case that is late leaves the one name that its breach has brought."""
    cast = bank.cast
    case = cast.received(when=at("2026-11-24 08:40"))
    find_breaches(at=at("2026-11-27 09:00"))
    named = Breach.objects.count()
    assert UnchargedBreach.objects.count() == named > 0
    claims.claim_next(queue="check", actor=cast.he_xiulan, at=at("2026-11-27 10:00"))
    claims.give_back(case=case.pk, actor=cast.he_xiulan, at=at("2026-11-27 10:20"))
    cast.check(cast.again(case), when=at("2026-11-27 11:00"))
    assert UnchargedBreach.objects.count() == named


@pytest.mark.django_db(transaction=True)
def test_a_correction_under_way_is_left_alone_and_charged_by_the_next_pass() -> None:
    bank = found_bank()
    clock = late_check(bank)
    begun, goes_on = Signal(), Signal()

    def correct() -> None:
        try:
            with transaction.atomic():
                Application.objects.select_for_update().get(pk=clock.application_id)
                CaseClock.objects.filter(pk=clock.pk).update(stopped_at=clock.stopped_at - timedelta(minutes=60))
                begun.set()
                assert goes_on.wait(20)
        finally:
            connection.close()

    clerk = Thread(target=correct)
    clerk.start()
    assert begun.wait(20)
    assert charge_breaches(at=NOW) == {"charged": 0}  # it neither waits nor charges by what is about to change
    goes_on.set()
    clerk.join(20)
    assert charge_breaches(at=NOW) == {"charged": 1}
    assert kept(clock) == reckoned(clock) == Counter({("QUEUE", None, None): 330})
    assert charge_breaches(at=NOW) == {"charged": 0}


@pytest.mark.django_db(transaction=True)
def test_two_passes_at_once_charge_each_delay_once(monkeypatch: pytest.MonkeyPatch) -> None:
    bank = found_bank()
    clocks = [late_check(bank)]
    for _n in range(11):
        clock = bank.clock(Clock.CHECK, at("2026-11-17 09:00"), case=bank.case(State.RECEIVED))
        clock.intervals.create(since=clock.started_at, until=NOW, minutes=0)
        bank.stop(clock, NOW)
        clocks.append(clock)
    find_breaches(at=NOW)
    for breach in Breach.objects.all():  # several reasons for each
        UnchargedBreach.objects.create(breach=breach, clock_id=breach.clock_id, is_again=True)
    monkeypatch.setattr(charges, "PORTION", 3)
    together, failed = Barrier(3), []

    def work() -> None:
        try:
            together.wait(20)
            charge_breaches(at=NOW)
        except Exception as error:
            failed.append(error)
        finally:
            connection.close()

    workers = [Thread(target=work) for _n in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)
    charge_breaches(at=NOW)
    assert not failed
    assert not UnchargedBreach.objects.filter(breach__clock__stopped_at__isnull=False).exists()
    assert BreachCharge.objects.count() == len(clocks)
    found = {row.breach.clock_id: row.minutes for row in BreachCharge.objects.select_related("breach")}
    assert found == {
        clock: sum(one.minutes for one in rows)
        for clock, rows in charges_of_clocks([clock.pk for clock in clocks], at=NOW).items()
    }
    assert DelayCount.objects.aggregate(all=Sum("minutes"))["all"] == sum(found.values())
