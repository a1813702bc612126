"""The weekly sheet: made once per week and area, late as in time, and every figure against its list."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import count

import pytest
from django.test import Client

from applications.lifecycle import Clock, Outcome, State
from applications.models import Application, ReturnNote
from ops_center.kernel.errors import Malformed, NotAllowed, OutOfSight
from organization.models import Area, AuditRecord, Message
from supervision.models import WeeklyNote, WeeklySheet
from supervision.periods import Week
from supervision.selectors.weekly import FIGURES, figures_of, sheets_of, weekly_cases
from supervision.services.weekly import make_weekly_sheets, write_note
from tests.cast import at
from tests.supervision.conftest import Bank

pytestmark = pytest.mark.django_db
WEEK = Week(date(2026, 11, 16))
SUNDAY = at("2026-11-22 18:00")
_numbers = count(1)


def page_of(person) -> Client:
    client = Client()
    client.force_login(person)
    return client


def lead(bank: Bank, state: State, **facts) -> None:
    number = next(_numbers)
    Application.objects.create(
        number=f"L{number:09d}", status_code=f"L{number:07d}", state=state, product=bank.cast.product("PK"),
        referrer_type="EMPLOYEE", created_at=facts["referred_at"], progressed_at=facts["referred_at"], **facts,
    )  # fmt: skip


@pytest.fixture
def week(bank: Bank) -> Bank:
    """A week of 滨河 and one lead of 云栖, with deeds a second before and after the week."""
    first, last = WEEK.starts_at, WEEK.ends_at - timedelta(seconds=1)
    for stamp in (first, last, first - timedelta(seconds=1), WEEK.ends_at):
        bank.case(State.RECEIVED, taken_in_at=stamp)
    bank.case(
        State.ACTIVATED, taken_in_at=at("2026-11-02 10:00"), activated_at=last, referrer=bank.people.bh,
        referred_at=first, referrer_type="EMPLOYEE",
    )  # fmt: skip
    for facts in (
        {"referrer": bank.people.bh, "referred_at": at("2026-11-10 10:00")},
        {"referrer": bank.people.bh, "referred_at": at("2026-11-10 10:00"), "expired_at": at("2026-11-22 17:00")},
        {"referrer": bank.people.bh, "referred_at": at("2026-11-10 10:00"), "expired_at": at("2026-11-22 19:00")},
        {"referrer": bank.people.cm2, "referred_at": at("2026-11-17 10:00")},
    ):
        lead(bank, State.EXPIRED if "expired_at" in facts else State.REFERRED, **facts)
    returned = bank.case(State.RETURNED, round=2, taken_in_at=at("2026-11-09 10:00"))
    for round_, on in ((2, "2026-11-17 10:00"), (3, "2026-11-19 10:00")):
        ReturnNote.objects.create(application=returned, round=round_, note="x", returned_at=at(on))
    return bank


def test_the_figures_of_a_week_count_by_hand(week: Bank) -> None:
    figures = figures_of(week.branches.bh01.area, WEEK)
    assert figures["BH01"] == {
        "referrals": 1, "intakes": 2, "activations": 1, "returned": 1, "overdue": 0, "open_leads": 2,
    }  # fmt: skip
    assert figures["HQ01"] == dict.fromkeys(FIGURES, 0)
    other = figures_of(week.branches.yx01.area, WEEK)
    assert other["YX01"] == dict.fromkeys(FIGURES, 0) | {"referrals": 1, "open_leads": 1}


def test_every_figure_is_as_long_as_its_list(week: Bank) -> None:
    for branch in (week.branches.bh01, week.branches.yx01):
        for name, number in figures_of(branch.area, WEEK)[branch.code].items():
            assert weekly_cases(name, week=WEEK, branch=branch).count() == number, name


def test_overdue_is_what_was_overdue_when_the_week_closed(bank: Bank) -> None:
    """Late then and done since counts; done before, waiting for others, or due after does not."""
    start = at("2026-11-16 09:00")

    def entry(**facts):
        clock = bank.clock(Clock.ENTRY, start)
        return bank.stop(clock, facts["done"], Outcome.LATE) if "done" in facts else clock

    late, since, before = entry(), entry(done=at("2026-11-23 09:00")), entry(done=at("2026-11-20 09:00"))
    bank.clock(Clock.ENTRY, at("2026-11-20 10:00"))
    waiting = entry()
    waiting.intervals.create(
        since=at("2026-11-17 10:00"), until=at("2026-11-23 10:00"), pause="BRANCH", minutes=1, minutes_left=1,
        due_before=waiting.due_at,
    )  # fmt: skip
    listed = set(weekly_cases("overdue", week=WEEK, branch=bank.branches.bh01))
    assert listed == {late.application, since.application}
    assert before.application not in listed


def test_a_sheet_is_made_on_sunday_at_18_and_once(week: Bank) -> None:
    assert make_weekly_sheets(at=SUNDAY - timedelta(seconds=1)) == 2 * Area.objects.count()  # 2 and 9 November
    assert not WeeklySheet.objects.filter(monday=WEEK.monday).exists()
    assert make_weekly_sheets(at=SUNDAY) == Area.objects.count()
    assert make_weekly_sheets(at=SUNDAY) == 0
    heads = Message.objects.filter(kind="weekly_sheet")
    assert set(heads.values_list("employee__number", flat=True)) >= {week.people.bh.number, week.people.bh2.number}


def test_a_job_that_slept_makes_every_missing_week_and_the_same_figures(week: Bank) -> None:
    make_weekly_sheets(at=SUNDAY)
    in_time = {(row.area_id, row.monday): row.figures for row in WeeklySheet.objects.all()}
    WeeklySheet.objects.all().delete()
    make_weekly_sheets(at=SUNDAY + timedelta(days=16))
    late = {(row.area_id, row.monday): row.figures for row in WeeklySheet.objects.all()}
    assert {key: late[key] for key in in_time} == in_time
    assert {monday for _area, monday in late} == {date(2026, 11, 2) + timedelta(weeks=n) for n in range(5)}


def test_the_figures_of_an_area_cost_seven_queries(week: Bank, django_assert_num_queries) -> None:
    area = week.branches.bh01.area
    with django_assert_num_queries(7):
        figures_of(area, WEEK)


def test_a_week_begins_and_ends_on_sunday_at_18() -> None:
    assert (WEEK.starts_at, WEEK.ends_at) == (at("2026-11-15 18:00"), at("2026-11-22 18:00"))
    assert Week.of(at("2026-11-22 17:59")) == WEEK
    assert Week.of(at("2026-11-22 18:00")) == WEEK.next
    assert Week.read("", at=at("2026-11-25 10:00")) == WEEK
    for wrong in ("2026-11-17", "2026-47", "1899-01-02"):
        with pytest.raises(Malformed):
            Week.read(wrong, at=SUNDAY)


def test_the_head_of_a_branch_writes_its_note_and_may_write_it_again(week: Bank) -> None:
    make_weekly_sheets(at=SUNDAY)
    for text in ("第一稿", "补一句", "补一句"):
        write_note(monday="2026-11-16", text=text, actor=week.people.bh, at=SUNDAY)
    assert WeeklyNote.objects.get().text == "补一句"
    kept = AuditRecord.objects.filter(action="note_week", subject="BH01", actor=week.people.bh).order_by("pk")
    assert [row.facts for row in kept] == [
        {"week": "2026-11-16", "before": "", "after": "第一稿"},
        {"week": "2026-11-16", "before": "第一稿", "after": "补一句"},
    ]
    [sheet] = sheets_of(WEEK, area=week.branches.bh01.area)
    assert {line.branch.code: line.note and line.note.text for line in sheet.lines}["BH01"] == "补一句"
    with pytest.raises(NotAllowed):
        write_note(monday="2026-11-16", text="x", actor=week.people.cm, at=SUNDAY)
    with pytest.raises(OutOfSight):
        write_note(monday="2026-11-23", text="x", actor=week.people.bh, at=SUNDAY)


def test_the_page_shows_the_own_area_to_a_head_and_all_to_management(week: Bank) -> None:
    make_weekly_sheets(at=SUNDAY)
    head = page_of(week.people.bh)
    seen = head.get("/weekly/").text
    assert "滨河支行" in seen
    assert "云栖支行" not in seen
    assert "云栖支行" in page_of(week.people.mgt).get("/weekly/?week=2026-11-16").text
    assert head.post("/weekly/2026-11-16/note/", {"text": "本周收件两件"}).status_code == 302
    assert "本周收件两件" in page_of(week.people.mgt).get("/weekly/").text
    assert head.post("/weekly/2026-11-16/note/", {"text": "客户 13800001234"}).status_code == 400
    assert page_of(week.people.cm).get("/weekly/").status_code == 403
    assert head.get("/weekly/cases/?week=2026-11-16&branch=BH01&figure=intakes").status_code == 200
    assert head.get("/weekly/cases/?week=2026-11-16&branch=HQ01&figure=intakes").status_code == 404
    assert head.get("/weekly/cases/?week=2026-11-16&branch=BH01&figure=weather").status_code == 400


def test_the_page_costs_few_queries_whatever_the_number_of_branches(week: Bank, django_assert_max_num_queries) -> None:
    make_weekly_sheets(at=SUNDAY)
    management = page_of(week.people.mgt)
    with django_assert_max_num_queries(11):
        management.get("/weekly/")
