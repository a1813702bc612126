"""Who hears of a clock, and when: in working hours, once, and several things at a time in one message."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import pytest
from django.db import DatabaseError, connection

from applications.lifecycle import Clock, Outcome
from applications.models import CaseClock
from organization.messages import words_of
from organization.models import Absence, Message, NewsPreference
from supervision.models import ClockNotice, Untold
from supervision.services.breaches import escalate, find_breaches, warn
from supervision.services.justifications import justify
from supervision.services.notices import tell_waiting
from tests.cast import at
from tests.supervision.conftest import Bank

pytestmark = pytest.mark.django_db
NIGHT, MORNING = at("2026-11-26 17:31"), at("2026-11-27 08:30")


def told(person, kind: str) -> list[str]:
    return [words_of(row.kind, row.facts) for row in Message.objects.filter(employee=person, kind=kind)]


def every_minute(first: datetime, passes: int) -> list[int]:
    return [tell_waiting(at=first + timedelta(minutes=n)) for n in range(passes)]


@pytest.mark.parametrize("hour", ["17:29", "08:30"])
def test_a_breach_of_the_night_waits_for_the_morning_of_the_next_working_day(bank: Bank, hour: str) -> None:
    """Due Friday 20:00: nobody hears on Friday night nor at the weekend, everybody on Monday at half past eight."""
    bank.clock(Clock.DISPATCH, at("2026-11-20 16:40"), owner_branch=bank.branches.bh01, owner_role="BAG")
    assert find_breaches(at=at("2026-11-20 20:01")) == 1
    assert [tell_waiting(at=at(f"2026-11-{day} {hour}")) for day in (21, 22)] == [0, 0]
    assert tell_waiting(at=at("2026-11-23 08:29")) == 0
    assert Message.objects.count() == 0
    tell_waiting(at=at("2026-11-23 08:30"))
    assert told(bank.people.bh, "breach")
    assert told(bank.people.bag, "breach")
    assert not told(bank.people.bh2, "breach")
    assert told(bank.people.tr, "breaches_found")
    assert not Untold.objects.exists()


def test_the_owner_and_the_trackers_hear_of_a_breach_once(bank: Bank, s5: CaseClock) -> None:
    for minute in range(3):
        find_breaches(at=NIGHT + timedelta(minutes=minute))
    assert every_minute(MORNING, 3) == [2, 0, 0]
    [to_owner] = told(bank.people.ec, "breach")
    assert s5.application.number in to_owner
    assert "11-30 17:30" in to_owner
    assert len(told(bank.people.tr, "breaches_found")) == 1
    assert Message.objects.count() == 2


def test_what_could_not_be_told_goes_on_waiting(bank: Bank, s5: CaseClock) -> None:
    find_breaches(at=NIGHT)
    waiting = Untold.objects.count()
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION scratch_full() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'full'; END$$;"
            "CREATE TRIGGER scratch_full BEFORE INSERT ON organization_message EXECUTE FUNCTION scratch_full()"
        )
    with pytest.raises(DatabaseError):
        tell_waiting(at=MORNING)
    assert Untold.objects.count() == waiting == 2
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER scratch_full ON organization_message")
    assert tell_waiting(at=MORNING) == 2


def test_the_owner_is_warned_at_once_in_working_hours_and_once(bank: Bank, s5: CaseClock) -> None:
    assert s5.warn_at == at("2026-11-26 10:47")
    assert warn(at=at("2026-11-26 10:46")) == 0
    assert [warn(at=at("2026-11-26 10:47") + timedelta(minutes=n)) for n in range(4)] == [1, 0, 0, 0]
    assert len(told(bank.people.ec, "clock_warning")) == 1


def test_what_several_clocks_have_to_say_is_one_message_per_person_and_pass(bank: Bank) -> None:
    for n in range(7):
        bank.clock(Clock.ENTRY, at("2026-11-24 08:40"), owner=bank.people.ec, owned_since=at(f"2026-11-25 09:0{n}"))
    assert warn(at=at("2026-11-26 10:47")) == 7
    assert find_breaches(at=NIGHT) == 7
    tell_waiting(at=MORNING)
    [warning] = told(bank.people.ec, "clock_warnings")
    [breach] = told(bank.people.ec, "breaches")
    assert "7" in warning
    assert breach.count("T0") == 5  # five are named; the page shows all
    assert Message.objects.filter(employee=bank.people.ec).count() == 2
    assert len(told(bank.people.tr, "breaches_found")) == 1


def test_supervisors_and_management_hear_the_next_morning_of_what_escalates_at_closing_time(
    bank: Bank, s5: CaseClock
) -> None:
    find_breaches(at=NIGHT)
    for when in ("2026-11-27 17:30", "2026-11-27 17:31", "2026-12-01 17:30", "2026-12-01 17:31"):
        escalate(at=at(when))
    assert set(ClockNotice.objects.values_list("level", flat=True)) == {"SUPERVISOR", "MANAGEMENT"}
    assert not told(bank.people.mgt, "escalated_management")
    escalate(at=at("2026-12-02 08:30"))
    assert len(told(bank.people.sup, "escalated_supervisor")) == 1
    assert len(told(bank.people.mgt, "escalated_management")) == 1


def test_who_is_away_hears_on_the_first_day_back(bank: Bank, s5: CaseClock) -> None:
    Absence.objects.create(employee=bank.people.ec, starts_on=NIGHT.date(), ends_on=MORNING.date())
    find_breaches(at=NIGHT)
    tell_waiting(at=MORNING)
    assert not told(bank.people.ec, "breach")
    tell_waiting(at=at("2026-11-30 08:30"))
    assert told(bank.people.ec, "breach")


def test_who_comes_back_after_the_window_is_not_told_to_explain(bank: Bank, s5: CaseClock) -> None:
    Absence.objects.create(employee=bank.people.ec, starts_on=NIGHT.date(), ends_on=at("2026-11-30 12:00").date())
    find_breaches(at=NIGHT)
    tell_waiting(at=at("2026-12-01 08:30"))
    assert told(bank.people.ec, "overdue")
    assert not told(bank.people.ec, "breach")


def test_own_quiet_hours_are_kept(bank: Bank, s5: CaseClock) -> None:
    NewsPreference.objects.create(employee=bank.people.ec, quiet_from=time(8, 0), quiet_to=time(10, 0))
    find_breaches(at=NIGHT)  # not quiet for this person
    assert told(bank.people.ec, "breach")
    assert not told(bank.people.tr, "breaches_found")


def test_what_was_finished_or_handed_on_overnight_is_no_warning_any_more(bank: Bank) -> None:
    handed_on, finished, waiting = (
        bank.clock(Clock.ENTRY, at("2026-11-24 08:40"), owner=bank.people.ec, owned_since=at("2026-11-25 09:00"))
        for _n in range(3)
    )
    CaseClock.objects.update(warn_at=at("2026-11-25 18:00"))
    assert warn(at=at("2026-11-25 18:00")) == 3
    bank.stop(finished, at("2026-11-25 19:00"))
    CaseClock.objects.filter(pk=handed_on.pk).update(owner=bank.people.cc)
    tell_waiting(at=at("2026-11-26 08:30"))
    [sentence] = told(bank.people.ec, "clock_warning")
    assert waiting.application.number in sentence
    assert not Untold.objects.exists()


def test_the_warning_of_a_paused_clock_waits_for_its_new_time(bank: Bank, s5: CaseClock) -> None:
    CaseClock.objects.update(warn_at=at("2026-11-25 18:00"))
    warn(at=at("2026-11-25 18:00"))
    CaseClock.objects.update(paused_at=at("2026-11-25 18:30"))
    assert every_minute(at("2026-11-26 08:30"), 2) == [0, 0]
    CaseClock.objects.update(paused_at=None, warn_at=at("2026-11-26 11:00"))
    assert tell_waiting(at=at("2026-11-26 10:59")) == 0
    assert tell_waiting(at=at("2026-11-26 11:00")) == 1


def test_a_breach_that_was_explained_or_lifted_overnight_is_no_news(bank: Bank, s5: CaseClock) -> None:
    lifted = bank.clock(Clock.ENTRY, at("2026-11-24 08:40"), owner=bank.people.cc, owned_since=at("2026-11-25 09:00"))
    find_breaches(at=NIGHT)
    justify(breach_id=s5.breach.pk, actor=bank.people.ec, at=at("2026-11-26 18:00"), code="OTHER", text="断电")
    bank.stop(lifted, at("2026-11-26 18:00"), Outcome.EXEMPT)
    tell_waiting(at=MORNING)
    assert not Message.objects.filter(kind__in=["breach", "breaches_found"]).exists()


def test_what_is_nobodys_fault_asks_for_no_explanation(bank: Bank) -> None:
    bank.clock(Clock.ENTRY, at("2026-11-24 08:40"), owner=bank.people.ec, owned_since=at("2026-11-26 16:00"))
    find_breaches(at=NIGHT)
    tell_waiting(at=MORNING)
    assert told(bank.people.ec, "overdue")
    assert not told(bank.people.ec, "breach")
