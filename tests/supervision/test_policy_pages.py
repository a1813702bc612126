"""Limits, times and days on the pages: drafted, looked at, approved by the other; nothing typed is lost."""

from __future__ import annotations

import re
from datetime import date, timedelta
from html import unescape
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from applications.lifecycle import Clock
from applications.models import ClockPolicy
from organization.models import BranchTimes, CalendarChange, CalendarDay, Employee
from tests.cast import at
from tests.supervision.conftest import Bank

pytestmark = pytest.mark.django_db
TOMORROW = "2026-11-26"


def browser(person: Employee) -> Client:
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


def text(answer: Any) -> str:
    return answer.content.decode()


def limit_form(**facts: Any) -> dict[str, Any]:
    return {
        "clock": "ENTRY:", "mode": "WORKDAYS_EOD", "amount": "3", "warn_percent": "75", "warn_at_day": "",
        "pauses_for": ["BRANCH", "CUSTOMER", "HEAD_OFFICE", "OUTAGE"], "owner_role": "", "source": "",
        "starts_on": TOMORROW, "note": "年末进件高峰",
    } | facts  # fmt: skip


def times_form(**facts: Any) -> dict[str, Any]:
    return {
        "branch": "SQ01", "opens_at": "08:30", "closes_at": "17:30", "cut_off": "16:00", "truck_at": "16:30",
        "cut_off-5": "11:00", "starts_on": TOMORROW, "note": "钞车提前",
    } | facts  # fmt: skip


def test_a_limit_goes_from_the_form_to_its_day(bank: Bank) -> None:
    drafter, second = browser(bank.people.mgt), browser(bank.cast.deng_hai)
    assert "集中录入" in text(drafter.get("/policies/clocks/new/"))
    assert drafter.post("/policies/clocks/new/", limit_form()).status_code == 302
    draft = ClockPolicy.objects.get(status="DRAFT")
    bank.clock(Clock.ENTRY, at("2026-11-23 09:00"), owner=bank.people.ec)  # due on the 25th, by the draft on the 26th
    page = text(second.get(f"/policies/clocks/{draft.pk}/"))
    assert "3 个工作日" in page
    assert "已在计时的件沿用当日版本" in page
    own = drafter.post(f"/policies/clocks/{draft.pk}/approve/")
    assert own.status_code == 409
    assert second.post(f"/policies/clocks/{draft.pk}/approve/").status_code == 302
    assert "3 个工作日" in text(browser(bank.people.cm).get("/policies/clocks/"))


def test_what_does_not_fit_comes_back_with_everything_typed(bank: Bank) -> None:
    answer = browser(bank.people.mgt).post("/policies/clocks/new/", limit_form(amount="99", note="录入限时放宽"))
    assert answer.status_code == 400
    page = text(answer)
    assert "录入限时放宽" in page
    assert 'value="99"' in page
    assert not ClockPolicy.objects.filter(status="DRAFT").exists()


def test_times_of_a_branch_by_weekday(bank: Bank) -> None:
    drafter, second = browser(bank.people.mgt), browser(bank.cast.deng_hai)
    assert "石桥县支行" in text(drafter.get("/policies/times/new/?branch=SQ01"))
    assert drafter.post("/policies/times/new/", times_form()).status_code == 302
    times = BranchTimes.objects.get()
    assert times.cut_offs == {"5": "11:00"}
    assert second.get(f"/policies/times/{times.pk}/").status_code == 200
    assert second.post(f"/policies/times/{times.pk}/approve/").status_code == 302
    page = text(browser(bank.people.bh).get("/policies/clocks/"))
    assert "星期六 11:00" in page
    late = drafter.post("/policies/times/new/", times_form(truck_at="15:00"))
    assert late.status_code == 400
    assert "15:00" in text(late)


def test_a_draft_is_taken_back_and_drafted_anew_from_what_it_said(bank: Bank) -> None:
    management = browser(bank.people.mgt)
    management.post("/policies/clocks/new/", limit_form())
    draft = ClockPolicy.objects.get(status="DRAFT")
    onward = management.post(f"/policies/clocks/{draft.pk}/discard/", {"anew": "1"})
    assert "年末进件高峰" in text(management.get(onward.url))


def test_the_figures_of_a_preview_open_their_lists(bank: Bank) -> None:
    management = browser(bank.people.mgt)
    management.post("/policies/clocks/new/", limit_form(amount="1"))
    draft = ClockPolicy.objects.get(status="DRAFT")
    soon = bank.clock(Clock.ENTRY, at("2026-11-23 09:00"), owner=bank.people.ec)  # due today; by the draft yesterday
    later = bank.clock(Clock.ENTRY, at("2026-11-25 09:00"))
    address = f"/policies/clocks/{draft.pk}/"
    page = text(management.get(address))
    assert soon.application.number in page
    assert later.application.number in page
    overdue = text(management.get(address, {"show": "overdue"}))
    assert soon.application.number in overdue
    assert later.application.number not in overdue
    assert management.get(address, {"show": "all"}).status_code == 400
    first = text(management.get(address, {"page_size": "1"}))
    assert soon.application.number in first
    [onward] = re.findall(r'\?[^"]*after=[^"]*', first)
    second = text(management.get(address + unescape(onward)))
    assert later.application.number in second
    assert soon.application.number not in second


def test_drafts_and_their_previews_are_for_management_and_audit(bank: Bank) -> None:
    browser(bank.people.mgt).post("/policies/clocks/new/", limit_form())
    draft = ClockPolicy.objects.get(status="DRAFT")
    assert browser(bank.people.aud).get(f"/policies/clocks/{draft.pk}/").status_code == 200
    for person in (bank.people.tr, bank.people.emp, bank.people.sup):
        assert browser(person).get(f"/policies/clocks/{draft.pk}/").status_code == 404
        assert browser(person).get("/policies/clocks/").status_code == 200
        assert browser(person).get("/policies/clocks/new/").status_code == 403
        assert browser(person).post(f"/policies/clocks/{draft.pk}/approve/").status_code == 403


# -- the calendar ------------------------------------------------------------------------------------------------------
LIST = "2027-01-01,休,元旦\n2027-02-08,休,春节\n2027-02-20,班,春节补班\n"


def days_form(**facts: Any) -> dict[str, Any]:
    return {
        "year": "2027",
        "is_whole_year": "yes",
        "days": LIST,
        "source": "国办发明电〔2026〕7 号",
        "reason": "",
    } | facts


def test_next_years_list_is_loaded_by_two_people(bank: Bank) -> None:
    drafter, second = browser(bank.people.mgt), browser(bank.cast.deng_hai)
    moved = bank.clock(Clock.ENTRY, at("2026-12-31 09:00"))
    drafted = drafter.post("/calendar/changes/new/", days_form())
    assert drafted.status_code == 302
    page = text(drafter.get(drafted.url))
    assert "本人起草" in page
    assert "春节补班" in page
    assert moved.application.number in page
    assert "批准并重新计算" not in page
    assert "批准并重新计算" in text(second.get(drafted.url))
    assert "等待第二人批准" in text(second.get("/calendar/?year=2027"))
    assert second.post(f"{drafted.url}approve/").status_code == 302
    after = text(second.get("/calendar/?year=2027"))
    assert "暂定" not in after
    assert CalendarDay.objects.filter(on__year=2027).count() == 365
    assert second.get(drafted.url).status_code == 200


def test_a_list_comes_in_a_file_too(bank: Bank) -> None:
    for name, body in (("2027.csv", LIST.encode("gb18030")), ("2027.json", b'[{"date": "2027-01-01", "working": 0}]')):
        upload = SimpleUploadedFile(name, body)
        drafted = browser(bank.people.mgt).post("/calendar/changes/new/", days_form(days="", file=upload))
        assert drafted.status_code == 302, text(drafted)
        CalendarChange.objects.filter(status="DRAFT").update(status="DISCARDED")
    broken = SimpleUploadedFile("2027.csv", bytes(range(128, 256)))
    assert browser(bank.people.mgt).post("/calendar/changes/new/", days_form(file=broken)).status_code == 400


def test_a_wrong_line_is_named_and_the_list_stays(bank: Bank) -> None:
    answer = browser(bank.people.mgt).post("/calendar/changes/new/", days_form(days=LIST + "2027-02-30,休,春节\n"))
    assert answer.status_code == 400
    assert "第 4 行" in text(answer)
    assert "2027-02-30" in text(answer)


def test_a_pressed_day_is_half_filled_in(bank: Bank) -> None:
    page = text(browser(bank.people.mgt).get("/calendar/changes/new/?day=2026-12-31"))
    assert "2026-12-31,free," in page
    calendar = text(browser(bank.people.mgt).get("/calendar/?year=2026"))
    assert "/calendar/changes/new/?day=2026-12-31" in calendar
    assert "/calendar/changes/new/" not in text(browser(bank.people.tr).get("/calendar/?year=2026"))


def test_changes_are_for_those_who_watch(bank: Bank) -> None:
    drafted = browser(bank.people.mgt).post("/calendar/changes/new/", days_form())
    assert browser(bank.people.sup).get(drafted.url).status_code == 200
    assert browser(bank.people.emp).get(drafted.url).status_code == 403
    assert browser(bank.people.sup).post(f"{drafted.url}approve/").status_code == 403
    assert browser(bank.people.mgt).post(f"{drafted.url}approve/").status_code == 409
    assert browser(bank.people.mgt).post(f"{drafted.url}discard/").status_code == 302


def test_missing_days_are_an_alarm_with_the_way_out(bank: Bank) -> None:
    """It is November: next year's days should be there."""
    assert "2027 年的法定工作日尚未导入" in text(browser(bank.people.emp).get("/calendar/"))
    for person, way_out in ((bank.people.mgt, "/calendar/changes/new/"), (bank.people.sup, "/calendar/")):
        home = text(browser(person).get("/"))
        assert "2027" in home
        assert f'href="{way_out}"' in home
    first = date(2027, 1, 1)
    CalendarDay.objects.bulk_create(
        CalendarDay(on=first + timedelta(days=n), is_workday=(first + timedelta(days=n)).weekday() < 5)
        for n in range(365)
    )
    assert "尚未导入" not in text(browser(bank.people.emp).get("/calendar/"))


def test_the_list_of_limits_asks_no_more_for_more_versions(bank: Bank, django_assert_max_num_queries: Any) -> None:
    management = browser(bank.people.mgt)
    with django_assert_max_num_queries(16):
        management.get("/policies/clocks/")
    for amount in ("3", "4", "5"):
        management.post("/policies/clocks/new/", limit_form(amount=amount))
    with django_assert_max_num_queries(16):
        management.get("/policies/clocks/")
