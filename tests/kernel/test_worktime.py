from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops_center.kernel.worktime import (
    SHANGHAI,
    Day,
    Hours,
    Limit,
    Mode,
    WorkCalendar,
    deadline,
    due_at,
    resume,
)

ENTRY = Limit(Mode.WORKDAYS_EOD, 2)
REF_ACCEPT = Limit(Mode.WORKHOURS, 4)
DISPATCH = Limit(Mode.SAME_DAY, 0)
TRANSIT = Limit(Mode.NEXT_DAY_NOON, 0)
PAY = Limit(Mode.MONTH_DAY, 15)

WEEKS = WorkCalendar()  # Monday to Friday throughout
NATIONAL_DAY = WorkCalendar(
    [Day(date(2026, 10, d), is_workday=False, name="国庆节") for d in range(1, 8)]
    + [Day(date(2026, 10, 10), is_workday=True), Day(date(2026, 9, 20), is_workday=True)]
)

_FIRST, _LAST = datetime(2024, 1, 2), datetime(2026, 11, 30)  # noqa: DTZ001 (hypothesis wants naive bounds)
instants = st.datetimes(_FIRST, _LAST, timezones=st.just(SHANGHAI))
whole_minutes = instants.map(lambda at: at.replace(second=0, microsecond=0))
limits = st.one_of(
    st.builds(Limit, st.just(Mode.WORKHOURS), st.integers(0, 60)),
    st.builds(Limit, st.just(Mode.WORKDAYS_EOD), st.integers(0, 12)),
    st.builds(Limit, st.just(Mode.CALENDAR_DAYS), st.integers(0, 40)),
    st.builds(Limit, st.just(Mode.CLOCK_HOURS), st.integers(0, 90)),
    st.builds(Limit, st.just(Mode.MONTH_DAY), st.integers(1, 31)),
    st.sampled_from([DISPATCH, TRANSIT]),
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


# --- The bank's own figures (scenarios S4 to S7, S9, S22, S23, S26) ---


@pytest.mark.parametrize(
    ("limit", "start", "due"),
    [
        pytest.param(DISPATCH, "2026-11-23 16:40", "2026-11-23 20:00", id="S4-the-same-evening"),
        pytest.param(DISPATCH, "2026-11-23 17:30", "2026-11-23 20:00", id="S4-at-the-cut-off"),
        pytest.param(DISPATCH, "2026-11-23 17:31", "2026-11-24 20:00", id="S4-a-minute-late"),
        pytest.param(DISPATCH, "2026-11-20 18:05", "2026-11-23 20:00", id="S4-friday-evening"),
        pytest.param(DISPATCH, "2026-11-21 10:00", "2026-11-23 20:00", id="taken-in-on-saturday"),
        pytest.param(ENTRY, "2026-11-24 08:40", "2026-11-26 17:30", id="S5-two-working-days"),
        pytest.param(ENTRY, "2026-11-24 17:30", "2026-11-26 17:30", id="at-closing-is-still-the-day"),
        pytest.param(ENTRY, "2026-11-24 17:31", "2026-11-27 17:30", id="after-closing-is-the-next-day"),
        pytest.param(ENTRY, "2026-11-21 09:00", "2026-11-25 17:30", id="a-free-day-is-the-next-working-day"),
        pytest.param(ENTRY, "2026-09-30 09:10", "2026-10-09 17:30", id="S6-over-the-national-day"),
        pytest.param(ENTRY, "2026-10-08 09:00", "2026-10-10 17:30", id="S6-due-on-a-make-up-saturday"),
        pytest.param(ENTRY, "2026-09-18 10:00", "2026-09-21 17:30", id="S6-a-make-up-sunday-counts"),
        pytest.param(Limit(Mode.WORKDAYS_EOD, 5), "2026-11-26 15:00", "2026-12-03 17:30", id="S8-supplement"),
        pytest.param(ENTRY, "2026-11-26 17:30", "2026-11-30 17:30", id="S9-justify-from-the-due-time"),
        pytest.param(REF_ACCEPT, "2026-11-23 15:00", "2026-11-24 10:00", id="S22-over-the-night"),
        pytest.param(REF_ACCEPT, "2026-11-20 16:30", "2026-11-23 11:30", id="S22-over-the-weekend"),
        pytest.param(REF_ACCEPT, "2026-11-23 13:30", "2026-11-23 17:30", id="used-up-at-closing-is-due-at-closing"),
        pytest.param(REF_ACCEPT, "2026-11-23 17:30", "2026-11-24 12:30", id="from-closing-on"),
        pytest.param(REF_ACCEPT, "2026-11-23 06:00", "2026-11-23 12:30", id="before-opening"),
        pytest.param(REF_ACCEPT, "2026-11-21 12:00", "2026-11-23 12:30", id="hours-from-a-free-day"),
        pytest.param(TRANSIT, "2026-11-23 18:35", "2026-11-24 12:00", id="noon-of-the-next-day"),
        pytest.param(TRANSIT, "2026-11-20 20:00", "2026-11-23 12:00", id="noon-after-the-weekend"),
        pytest.param(TRANSIT, "2026-11-24 00:10", "2026-11-25 12:00", id="noon-after-the-date-of-the-start"),
        pytest.param(Limit(Mode.CALENDAR_DAYS, 90), "2026-08-20 10:00", "2026-11-18 10:00", id="S23-expiry"),
        pytest.param(Limit(Mode.CALENDAR_DAYS, 15), "2026-11-10 09:30", "2026-11-25 09:30", id="S18-fifteen-days"),
        pytest.param(Limit(Mode.CLOCK_HOURS, 24), "2026-11-28 10:00", "2026-11-29 10:00", id="S26-on-a-saturday"),
        pytest.param(PAY, "2026-11-27 16:00", "2026-12-15 17:30", id="paid-on-the-fifteenth"),
        pytest.param(PAY, "2026-10-27 16:00", "2026-11-13 17:30", id="the-fifteenth-is-a-sunday"),
        pytest.param(PAY, "2025-12-31 16:00", "2026-01-15 17:30", id="over-the-year"),
        pytest.param(Limit(Mode.MONTH_DAY, 31), "2026-01-10 10:00", "2026-02-28 17:30", id="a-short-month"),
    ],
)
def test_a_limit_is_due_when_the_bank_says(calendar: WorkCalendar, limit: Limit, start: str, due: str) -> None:
    assert deadline(at(start), limit, calendar).due_at == at(due)
    assert due_at(at(start), limit, calendar) == at(due)


@pytest.mark.parametrize(
    ("limit", "start", "warning"),
    [
        pytest.param(ENTRY, "2026-11-24 08:40", "2026-11-26 10:47", id="S5-three-quarters-of-1610-minutes"),
        pytest.param(REF_ACCEPT, "2026-11-23 15:00", "2026-11-24 09:00", id="three-hours-of-four"),
        pytest.param(TRANSIT, "2026-11-23 18:35", "2026-11-24 11:07", id="157-of-210-minutes"),
        pytest.param(DISPATCH, "2026-11-23 09:00", "2026-11-23 16:30", id="an-hour-before-the-cut-off"),
        pytest.param(DISPATCH, "2026-11-20 18:05", "2026-11-23 16:30", id="of-the-day-it-is-due"),
        pytest.param(Limit(Mode.CLOCK_HOURS, 24), "2026-11-28 10:00", "2026-11-29 04:00", id="of-elapsed-time"),
        pytest.param(Limit(Mode.CALENDAR_DAYS, 15), "2026-11-02 09:00", "2026-11-13 15:00", id="of-elapsed-days"),
        pytest.param(
            Limit(Mode.CALENDAR_DAYS, 30, warn_at_day=20), "2026-11-02 09:00", "2026-11-22 09:00", id="at-day-20"
        ),
    ],
)
def test_the_warning_comes_at_three_quarters_of_the_clocks_own_measure(
    calendar: WorkCalendar, limit: Limit, start: str, warning: str
) -> None:
    assert deadline(at(start), limit, calendar).warn_at == at(warning)


def test_a_pause_keeps_the_remaining_working_minutes(calendar: WorkCalendar) -> None:
    due, left = resume(
        at("2026-11-26 17:30"), at("2026-11-25 10:30"), at("2026-11-27 09:30"), Mode.WORKDAYS_EOD, calendar
    )
    assert (due, left) == (at("2026-11-30 16:30"), 960)  # S7


def test_a_pause_of_clock_hours_keeps_real_time(calendar: WorkCalendar) -> None:
    due, left = resume(
        at("2026-11-29 10:00"), at("2026-11-28 16:00"), at("2026-12-01 03:00"), Mode.CLOCK_HOURS, calendar
    )
    assert (due, left) == (at("2026-12-01 21:00"), 18 * 60)


def test_a_limit_used_up_before_the_pause_stays_where_it_was(calendar: WorkCalendar) -> None:
    due = at("2026-11-26 17:30")
    assert resume(due, at("2026-11-26 17:31"), at("2026-12-01 09:00"), Mode.WORKDAYS_EOD, calendar) == (due, 0)


def test_a_pause_cannot_end_before_it_began(calendar: WorkCalendar) -> None:
    with pytest.raises(ValueError):
        resume(at("2026-11-26 17:30"), at("2026-11-25 10:30"), at("2026-11-25 10:29"), Mode.WORKHOURS, calendar)


# --- How the date came about ---


def test_the_explanation_names_every_day_between_start_and_due() -> None:
    explained = deadline(at("2026-09-30 09:10"), ENTRY, NATIONAL_DAY).as_json()
    assert explained["due_at"] == "2026-10-09T17:30:00+08:00"
    assert [(day["on"][5:], day["counted"], day["why"]) for day in explained["days"]] == [
        ("09-30", False, "start_day"),
        *[(f"10-0{d}", False, "holiday") for d in range(1, 8)],
        ("10-08", True, "workday"),
        ("10-09", True, "due_day"),
    ]
    assert explained["days"][1]["name"] == "国庆节"


@pytest.mark.parametrize(
    ("limit", "start", "days"),
    [
        (ENTRY, "2026-11-27 17:31", "27 after_hours, 28 weekend, 29 weekend, 30 start_day, 01 workday+, 02 due_day+"),
        (ENTRY, "2026-10-08 09:00", "08 start_day, 09 workday+, 10 makeup_workday+"),
        (REF_ACCEPT, "2026-11-20 16:30", "20 start_day+, 21 weekend, 22 weekend, 23 due_day+"),
        (REF_ACCEPT, "2026-11-23 17:30", "23 after_hours, 24 due_day+"),
        (REF_ACCEPT, "2026-11-23 09:00", "23 due_day+"),
        (DISPATCH, "2026-11-23 16:40", "23 due_day+"),
        (DISPATCH, "2026-11-20 18:05", "20 after_hours, 21 weekend, 22 weekend, 23 due_day+"),
        (TRANSIT, "2026-11-20 20:00", "20 start_day, 21 weekend, 22 weekend, 23 due_day+"),
        (Limit(Mode.CALENDAR_DAYS, 2), "2026-11-21 10:00", "21 start_day, 22 weekend+, 23 due_day+"),
        (Limit(Mode.CLOCK_HOURS, 24), "2026-11-28 10:00", "28 start_day+, 29 due_day+"),
        (PAY, "2026-10-27 16:00", "27 start_day, 13 due_day+, 14 weekend, 15 weekend"),
    ],
)
def test_each_day_is_counted_or_skipped_for_a_reason(limit: Limit, start: str, days: str) -> None:
    explained = deadline(at(start), limit, NATIONAL_DAY).as_json()["days"]
    assert ", ".join(f"{day['on'][-2:]} {day['why']}{'+' * day['counted']}" for day in explained) == days


def test_a_year_without_calendar_data_counts_weekdays_and_is_provisional(calendar: WorkCalendar) -> None:
    new_year = deadline(at("2026-12-31 09:00"), ENTRY, calendar)
    assert new_year.due_at == at("2027-01-04 17:30")
    assert new_year.provisional
    assert new_year.as_json()["provisional"] is True
    assert not deadline(at("2026-12-28 09:00"), ENTRY, calendar).provisional
    assert calendar.day(date(2027, 5, 1)) == Day(date(2027, 5, 1), is_workday=False, official=False)


# --- The calendar ---


def test_a_month_has_the_working_days_of_the_official_calendar(calendar: WorkCalendar) -> None:
    assert calendar.workdays_between(date(2026, 11, 1), date(2026, 12, 1)) == 21
    assert calendar.workdays_between(date(2026, 11, 1), date(2026, 11, 21)) == 15  # S24
    assert calendar.workdays_between(date(2026, 11, 2), date(2026, 11, 1)) == 0
    years = [calendar.workdays_between(date(year, 1, 1), date(year + 1, 1, 1)) for year in (2024, 2025, 2026)]
    assert years == [251, 248, 248]


def test_working_days_are_found_around_free_days() -> None:
    assert NATIONAL_DAY.next_workday(date(2026, 9, 30)) == date(2026, 10, 8)
    assert NATIONAL_DAY.next_workday(date(2026, 9, 30), 3) == date(2026, 10, 10)
    assert NATIONAL_DAY.same_or_next_workday(date(2026, 10, 3)) == date(2026, 10, 8)
    assert NATIONAL_DAY.same_or_next_workday(date(2026, 10, 10)) == date(2026, 10, 10)
    assert NATIONAL_DAY.previous_or_same_workday(date(2026, 10, 7)) == date(2026, 9, 30)
    assert NATIONAL_DAY.previous_or_same_workday(date(2026, 9, 20)) == date(2026, 9, 20)


@given(
    changes=st.dictionaries(st.dates(date(2026, 1, 1), date(2026, 3, 31)), st.booleans(), max_size=60),
    start=st.dates(date(2025, 12, 20), date(2026, 4, 10)),
    n=st.integers(1, 40),
)
def test_the_formula_agrees_with_walking_day_by_day_over_any_calendar(
    changes: dict[date, bool], start: date, n: int
) -> None:
    calendar = WorkCalendar(Day(on, is_workday) for on, is_workday in changes.items())
    walked, left = start, n
    while left:
        walked += timedelta(days=1)
        left -= changes.get(walked, walked.weekday() < 5)
    assert calendar.next_workday(start, n) == walked
    assert calendar.workdays_between(start + timedelta(days=1), walked) == n - 1
    back = start
    while not changes.get(back, back.weekday() < 5):
        back -= timedelta(days=1)
    assert calendar.previous_or_same_workday(start) == back


@given(start=instants, minutes=st.integers(0, 20_000))
def test_minutes_added_are_minutes_measured(calendar: WorkCalendar, start: datetime, minutes: int) -> None:
    assert calendar.working_minutes(start, calendar.add_working_minutes(start, minutes)) == minutes


@given(limit=limits, first=instants, later=st.timedeltas(timedelta(0), timedelta(days=20)))
def test_who_starts_later_is_never_due_earlier(
    calendar: WorkCalendar, limit: Limit, first: datetime, later: timedelta
) -> None:
    assert due_at(first, limit, calendar) <= due_at(first + later, limit, calendar)


@given(limit=limits, start=instants)
def test_no_limit_is_due_before_it_starts_and_every_answer_is_in_utc(
    calendar: WorkCalendar, limit: Limit, start: datetime
) -> None:
    answer = deadline(start, limit, calendar)
    if limit.mode is not Mode.WORKDAYS_EOD or limit.amount:
        assert answer.due_at >= start
    assert answer.warn_at <= answer.due_at or answer.due_at < start
    assert {answer.started_at.tzinfo, answer.due_at.tzinfo, answer.warn_at.tzinfo} == {UTC}
    assert len(answer.as_json()["days"]) == len(answer.counted) + len(answer.skipped)


@given(start=whole_minutes, until_pause=st.integers(0, 8000), pause=st.integers(0, 20_000))
def test_a_pause_gives_back_exactly_what_was_left(
    calendar: WorkCalendar, start: datetime, until_pause: int, pause: int
) -> None:
    due = due_at(start, ENTRY, calendar)
    paused = min(start + timedelta(minutes=until_pause), due)
    resumed = paused + timedelta(minutes=pause)
    new_due, left = resume(due, paused, resumed, Mode.WORKDAYS_EOD, calendar)
    assert new_due >= due
    assert left == calendar.working_minutes(paused, due)
    if paused < due:
        assert calendar.working_minutes(resumed, new_due) == left


def test_a_branch_has_its_own_hours() -> None:
    short = Hours(opens=time(9), closes=time(16), cut_off=time(15), dispatch_by=time(18, 30))
    assert due_at(at("2026-11-23 15:00"), REF_ACCEPT, WEEKS, short) == at("2026-11-24 12:00")
    assert due_at(at("2026-11-23 15:01"), DISPATCH, WEEKS, short) == at("2026-11-24 18:30")
    assert due_at(at("2026-11-23 16:00"), ENTRY, WEEKS, short) == at("2026-11-25 16:00")


# --- Refusals ---


def test_an_instant_without_its_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        deadline(datetime(2026, 11, 23, 9), ENTRY, WEEKS)  # noqa: DTZ001


@pytest.mark.parametrize(
    "figures",
    [
        {"mode": Mode.WORKHOURS, "amount": -1},
        {"mode": Mode.MONTH_DAY, "amount": 0},
        {"mode": Mode.MONTH_DAY, "amount": 32},
        {"mode": Mode.WORKHOURS, "amount": 1, "warn_percent": 101},
        {"mode": Mode.CALENDAR_DAYS, "amount": 1, "warn_at_day": -1},
    ],
)
def test_impossible_limits_are_refused(figures: dict[str, int]) -> None:
    with pytest.raises(ValueError):
        Limit(**figures)  # type: ignore[arg-type]


def test_impossible_questions_are_refused() -> None:
    with pytest.raises(ValueError):
        Hours(opens=time(17), closes=time(9))
    with pytest.raises(ValueError):
        WEEKS.next_workday(date(2026, 11, 23), 0)
    with pytest.raises(ValueError):
        WEEKS.add_working_minutes(at("2026-11-23 09:00"), -1)
