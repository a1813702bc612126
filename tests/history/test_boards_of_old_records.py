"""The boards over cases of the time before the system: durations and first pass from the old records."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter

import pytest
from django.test import Client

from applications.lifecycle import Clock, Outcome
from applications.models import Application, CaseClock
from supervision.models import DayFigure, Part
from supervision.periods import Month
from supervision.selectors.timeliness import Scope, Window, by_stage, stage_times
from supervision.services.figures import count_touched_days
from tests.cast import Cast, at
from tests.history.test_import_history import file_of, run

pytestmark = pytest.mark.django_db
NOW = at("2026-11-25 10:00")
# Taken in on Monday 2025-09-29 10:00, checked on Tuesday, entered on Friday 2025-10-10 10:00: the holidays between.
RETURNED = {
    "case_id": "900002", "returned_count": "1", "first_returned_at": "2011-10-05T02:00:00Z",
    "last_returned_done_at": "2011-10-13T02:00:00Z",
}  # fmt: skip


def page_of(person) -> Client:
    client = Client()
    client.force_login(person)
    return client


def test_durations_and_first_pass_come_from_the_old_records(bank: Cast, tmp_path: Path) -> None:
    run(file_of(tmp_path, {}, RETURNED, {"case_id": "900003"}))
    count_touched_days(at=NOW)
    september = stage_times(Scope(), Window.read("2025-09", at=NOW), at=NOW).stages
    check = september[Clock.CHECK][Part.GROSS]
    assert (check.median, check.clocks) == (450 + 90, 3)
    october = page_of(bank.feng_zhiqiang).get("/boards/timeliness/?period=2025-10").context
    assert (october["entry"].entered, october["entry"].first_pass) == (3, 2)
    times = {clock: parts for clock, _label, parts in october["times"]}
    [gross] = [spread for part, spread in times[Clock.ENTRY] if part == Part.GROSS]
    assert gross.p90 == 450 + 540 + 540 + 90
    listed = page_of(bank.feng_zhiqiang).get("/boards/timeliness/?period=2025-10&verdict=second").context["page"]
    assert [row.application.form_no for row in listed] == ["BPI-900002"]


def test_old_records_are_never_overdue_now(bank: Cast, tmp_path: Path) -> None:
    run(file_of(tmp_path, {"m2_outcome": "open", "entry_at": "", "offer_sent_at": "", "activated_at": ""}))
    assert Application.objects.filter(is_imported=True).exists()
    answer = page_of(bank.feng_zhiqiang).get("/boards/overdue/")
    assert answer.context["figures"].total == 0
    assert page_of(bank.feng_zhiqiang).get("/boards/timeliness/").context["whole"].open_overdue == 0


@pytest.mark.long
def test_the_boards_on_the_whole_old_log(bank: Cast, old_log: Path) -> None:
    begun = perf_counter()
    run(old_log)
    imported = perf_counter()
    counted = count_touched_days(at=NOW)
    done = perf_counter()
    months = [Month(2025, 9), Month(2025, 10), Month(2025, 11), Month(2025, 12), Month(2026, 1), Month(2026, 2),
              Month(2026, 3)]  # fmt: skip
    stages = [by_stage(Scope(), Window.read(str(month), at=NOW), at=NOW) for month in months]
    entered = CaseClock.objects.filter(kind=Clock.ENTRY, stopped_at__isnull=False).exclude(
        outcome__in=[Outcome.RETURNED_IN_TIME, Outcome.RETURNED_LATE, Outcome.VOID]
    )
    assert sum(tallies[Clock.ENTRY].entered for tallies in stages if Clock.ENTRY in tallies) == entered.count()
    whole = DayFigure.objects.filter(scope="BANK").values_list("clocks", flat=True)
    assert sum(whole) == CaseClock.objects.filter(stopped_at__isnull=False).exclude(outcome=Outcome.VOID).count()
    supervisor, seconds = page_of(bank.feng_zhiqiang), []
    for month in months:
        asked = perf_counter()
        assert supervisor.get(f"/boards/timeliness/?period={month}").status_code == 200
        seconds.append(perf_counter() - asked)
    october = stage_times(Scope(), Window.read("2025-10", at=NOW), at=NOW).stages
    print(
        f"import {imported - begun:.1f} s, {counted['days']} days counted in {done - imported:.1f} s, "
        f"pages {min(seconds) * 1000:.0f} to {max(seconds) * 1000:.0f} ms, "
        f"first pass {[tallies[Clock.ENTRY].first_pass_rate for tallies in stages if Clock.ENTRY in tallies]}, "
        f"October: { ({clock: (parts[Part.GROSS].median, parts[Part.GROSS].p90) for clock, parts in october.items()}) }"
    )
