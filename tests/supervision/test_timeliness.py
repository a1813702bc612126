"""The figures of days that are over equal a recount at every moment, and every number equals the list behind it."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import date, datetime, timedelta
from math import ceil
from random import Random

import pytest
from django.test import Client

from applications.lifecycle import Clock, Outcome, State
from applications.models import Application, CaseClock, ProblemItem, ReturnNote
from applications.services.clocks import CENTER_HOURS
from applications.services.problems import raise_problem, resolve
from ops_center.clock import local_day
from ops_center.kernel.errors import Malformed
from organization.services.calendar import working_calendar
from supervision.models import DayFigure, DayTimes, Part, PeriodTimes, TouchedDay
from supervision.on_time import Tally
from supervision.selectors.timeliness import (
    Scope,
    Window,
    breaches_per_day,
    by_branch,
    by_person,
    by_stage,
    clocks_behind,
    rate_per_day,
    slowest,
    stage_times,
)
from supervision.services.breaches import find_breaches
from supervision.services.figures import count_touched_days
from tests.cast import at
from tests.supervision.conftest import Bank

pytestmark = pytest.mark.django_db
NOW = at("2026-11-25 15:00")
BANK = Scope()


def lay(bank: Bank, *, clocks: int, seed: int = 7) -> None:
    """Clocks that stopped on the last days and today, with every outcome, in two branches and none; some still run."""
    chance = Random(seed)
    people = [bank.people.cc, bank.people.ec, bank.people.as_, None]
    branches = [bank.branches.bh01, bank.branches.yx01, None]
    outcomes = [Outcome.ON_TIME] * 5 + [outcome for outcome in Outcome if outcome != Outcome.LATE_PENDING]
    for _n in range(clocks):
        start = at("2026-11-18 08:40") + timedelta(minutes=chance.randrange(7 * 1440))
        case = bank.case(State.CHECKED, branch=chance.choice(branches), taken_in_at=start)
        clock = bank.clock(
            chance.choice([Clock.CHECK, Clock.ENTRY, Clock.ENTRY, Clock.DISPATCH]), start, case=case,
            owner=chance.choice(people), owned_since=start + timedelta(minutes=chance.randrange(90)),
        )  # fmt: skip
        if chance.random() < 0.3:
            ProblemItem.objects.create(
                application=case, code="C03", party="BRANCH", state="RESOLVED", raised_by=bank.people.tr,
                raised_at=start + timedelta(minutes=chance.randrange(3000)), closed_at=start + timedelta(days=3),
            )  # fmt: skip
        if chance.random() < 0.2:
            ReturnNote.objects.create(
                application=case, round=2, note="缺页", returned_at=start + timedelta(minutes=chance.randrange(3000))
            )
        if chance.random() < 0.9:
            bank.stop(clock, min(start + timedelta(minutes=30 + chance.randrange(3000)), NOW), chance.choice(outcomes))


def recount(*, by, scope: Scope = BANK, of_person: bool = False, kind: str = "", window: Window) -> dict:
    """As a clerk would do it: row by row."""
    found: dict = defaultdict(Tally)
    for clock in CaseClock.objects.select_related("application").filter(stopped_at__isnull=False):
        day, case = local_day(clock.stopped_at), clock.application
        if not window.first <= day <= window.last or clock.outcome == Outcome.VOID or (kind and clock.kind != kind):
            continue
        if scope.branch and case.branch_id != scope.branch.pk:
            continue
        if (scope.person and clock.owner_id != scope.person.pk) or (of_person and clock.owner_id is None):
            continue
        tally = found[by(clock)]
        match clock.outcome:
            case Outcome.ON_TIME | Outcome.RETURNED_IN_TIME:
                tally.in_time += 1
            case Outcome.EXEMPT:
                tally.exempt += 1
            case Outcome.LATE_QUEUE | Outcome.LATE_JUSTIFIED if of_person or scope.person:
                pass
            case _:
                tally.late += 1
        if clock.kind == Clock.ENTRY and not clock.outcome.startswith("RETURNED"):
            tally.entered += 1
            problems = case.problems.filter(raised_at__lte=clock.stopped_at).exists()
            tally.first_pass += not problems and not case.returns.filter(returned_at__lte=clock.stopped_at).exists()
    for clock in CaseClock.objects.select_related("application").filter(stopped_at=None, due_at__lt=NOW):
        if kind and clock.kind != kind:
            continue
        if scope.branch and clock.application.branch_id != scope.branch.pk:
            continue
        if of_person or scope.person:
            if clock.owner_id is None or (scope.person and clock.owner_id != scope.person.pk):
                continue
            calendar = working_calendar()
            left = calendar.working_minutes(clock.owned_since, clock.due_at, CENTER_HOURS)
            if left < 120 and clock.owned_since > clock.started_at:
                continue
        found[by(clock)].open_overdue += 1
    return {name: tally for name, tally in found.items() if tally != Tally()}


def plain(tallies: dict) -> dict:
    return {name: tally for name, tally in tallies.items() if tally != Tally()}


def without_passes(tallies: dict) -> dict:
    """First passes are a figure of the stage, not of its branches and people."""
    return {name: replace(tally, entered=0, first_pass=0) for name, tally in tallies.items()}


def all_equal_a_recount(bank: Bank, window: Window) -> None:
    scopes = [BANK, Scope(branch=bank.branches.bh01), Scope(person=bank.people.ec)]
    for scope in scopes:
        assert plain(by_stage(scope, window, at=NOW)) == recount(by=lambda row: row.kind, scope=scope, window=window)
    assert plain(by_branch(Clock.ENTRY, BANK, window, at=NOW)) == without_passes(
        recount(by=lambda row: row.application.branch_id or 0, kind=Clock.ENTRY, window=window)
    )
    assert plain(by_person(Clock.ENTRY, BANK, window, at=NOW)) == without_passes(
        recount(by=lambda row: row.owner_id, kind=Clock.ENTRY, of_person=True, window=window)
    )


@pytest.mark.parametrize("period", ["7", "30", "2026-11"])
def test_figures_equal_a_recount_before_and_after_the_days_are_counted(bank: Bank, period: str) -> None:
    lay(bank, clocks=70)
    window = Window.read(period, at=NOW)
    assert not DayFigure.objects.exists()
    all_equal_a_recount(bank, window)
    assert count_touched_days(at=NOW)["days"] >= 6
    assert set(TouchedDay.objects.values_list("day", flat=True)) == {local_day(NOW)}
    assert not DayFigure.objects.filter(day=local_day(NOW)).exists()
    all_equal_a_recount(bank, window)


def test_an_outcome_that_changes_later_changes_its_day(bank: Bank) -> None:
    lay(bank, clocks=60)
    count_touched_days(at=NOW)
    window = Window.read("7", at=NOW)
    late = CaseClock.objects.filter(outcome=Outcome.LATE, stopped_at__lt=at("2026-11-25 00:00")).first()
    assert late is not None
    CaseClock.objects.filter(pk=late.pk).update(outcome=Outcome.LATE_JUSTIFIED)
    moved = CaseClock.objects.exclude(pk=late.pk).filter(outcome=Outcome.ON_TIME).earliest("stopped_at")
    CaseClock.objects.filter(pk=moved.pk).update(stopped_at=moved.stopped_at + timedelta(days=1))
    Application.objects.filter(pk=late.application_id).update(branch=bank.branches.xf01)
    all_equal_a_recount(bank, window)
    assert count_touched_days(at=NOW)["days"] == len(
        {local_day(late.stopped_at), local_day(moved.stopped_at), local_day(moved.stopped_at) + timedelta(days=1)}
    )
    all_equal_a_recount(bank, window)


def test_a_second_pass_counts_nothing(bank: Bank) -> None:
    lay(bank, clocks=20)
    first = count_touched_days(at=NOW)
    before = list(DayFigure.objects.order_by("id").values_list("id", flat=True))
    assert first["days"] > 0
    assert count_touched_days(at=NOW)["days"] == 0
    assert list(DayFigure.objects.order_by("id").values_list("id", flat=True)) == before


def test_every_number_opens_its_list(bank: Bank) -> None:
    lay(bank, clocks=70)
    count_touched_days(at=NOW)
    window = Window.read("7", at=NOW)
    numbers = {"in-time": "in_time", "late": "late", "exempt": "exempt", "open": "open_overdue", "first": "first_pass",
               "second": "second"}  # fmt: skip
    for scope in (BANK, Scope(branch=bank.branches.yx01), Scope(person=bank.people.ec)):
        for kind, tally in by_stage(scope, window, at=NOW).items():
            for verdict, name in numbers.items():
                if kind != Clock.ENTRY and verdict in ("first", "second"):
                    continue
                listed = clocks_behind(scope, window, at=NOW, verdict=verdict, kind=kind)
                assert listed.count() == getattr(tally, name), (scope, kind, verdict)
    codes = {branch.pk: code.upper() for code, branch in vars(bank.branches).items()} | {0: "-"}
    for key, tally in by_branch(Clock.ENTRY, BANK, window, at=NOW).items():
        for verdict in ("in-time", "late", "exempt", "open"):
            listed = clocks_behind(BANK, window, at=NOW, verdict=verdict, kind=Clock.ENTRY, branch=codes[key])
            assert listed.count() == getattr(tally, numbers[verdict])
    by_number = {person.pk: person.number for person in vars(bank.people).values()}
    for key, tally in by_person(Clock.ENTRY, BANK, window, at=NOW).items():
        for verdict in ("in-time", "late", "open"):
            listed = clocks_behind(BANK, window, at=NOW, verdict=verdict, kind=Clock.ENTRY, person=by_number[key])
            assert listed.count() == getattr(tally, numbers[verdict])


def test_the_rate_leaves_the_exempt_out_and_counts_what_is_open_and_overdue(bank: Bank) -> None:
    for n, outcome in enumerate([Outcome.ON_TIME] * 5 + [Outcome.RETURNED_IN_TIME, Outcome.LATE, Outcome.EXEMPT]):
        bank.stop(bank.clock(Clock.ENTRY, at("2026-11-18 09:00")), at(f"2026-11-20 {9 + n:02d}:00"), outcome)
    bank.clock(Clock.ENTRY, at("2026-11-18 09:00"))
    tally = by_stage(BANK, Window.read("", at=NOW), at=NOW)[Clock.ENTRY]
    assert (tally.in_time, tally.late, tally.exempt, tally.open_overdue) == (6, 1, 1, 1)
    assert tally.rate == 6 / 8
    assert Tally().rate is None
    assert Tally().first_pass_rate is None


def test_what_ran_out_in_the_queue_is_the_stages_and_nobodys(bank: Bank) -> None:
    for outcome in (Outcome.LATE_QUEUE, Outcome.LATE_JUSTIFIED, Outcome.LATE):
        clock = bank.clock(Clock.ENTRY, at("2026-11-18 09:00"), owner=bank.people.ec)
        bank.stop(clock, at("2026-11-23 09:00"), outcome)
    window = Window.read("", at=NOW)
    assert by_stage(BANK, window, at=NOW)[Clock.ENTRY].late == 3
    assert by_person(Clock.ENTRY, BANK, window, at=NOW)[bank.people.ec.pk].late == 1


def percentile(values: list[int], share: float) -> int:
    return sorted(values)[ceil(len(values) * share) - 1]


def test_median_and_p90_of_wait_handling_and_total_equal_a_recount(bank: Bank) -> None:
    """Through the services, with a problem that pauses in between; recounted from the instants alone."""
    cast = bank.cast
    expected: dict[Part, list[int]] = defaultdict(list)
    calendar = working_calendar()

    def minutes(start: datetime, end: datetime) -> int:
        return calendar.working_minutes(start, end, CENTER_HOURS)

    for n, (wait, pause, work) in enumerate([(0, 0, 45), (30, 120, 60), (200, 0, 15), (600, 0, 90), (61, 60, 5)]):
        received = at("2026-11-18 09:00") + timedelta(minutes=7 * n)
        case = cast.received(when=received)
        clock = CaseClock.objects.get(application=case, kind=Clock.CHECK)
        started = clock.started_at
        taken = calendar.add_working_minutes(started, wait, CENTER_HOURS)
        cast.lend(case, to=bank.people.cc, when=taken)
        resumed = taken
        if pause:
            raised = taken + timedelta(minutes=1)
            raise_problem(case=case.pk, actor=bank.people.tr, at=raised, code="C03", party="BRANCH")
            resumed = calendar.add_working_minutes(raised, pause, CENTER_HOURS)
            resolve(case=case.pk, actor=bank.people.tr, at=resumed, note="已补")
            cast.lend(case, to=bank.people.cc, when=resumed)
        stopped = calendar.add_working_minutes(resumed, work, CENTER_HOURS)
        cast.check(case, when=stopped)
        clock = CaseClock.objects.get(pk=clock.pk)
        assert clock.stopped_at == stopped
        expected[Part.GROSS].append(minutes(started, stopped))
        expected[Part.NET].append(minutes(started, stopped) - pause)
        expected[Part.WAIT].append(wait)
        expected[Part.WORK].append(minutes(started, stopped) - pause - wait)
    count_touched_days(at=NOW)
    for scope in (BANK, Scope(branch=Application.objects.latest("id").branch)):
        times = stage_times(scope, Window.read("30", at=NOW), at=NOW)
        assert times.until == date(2026, 11, 24)
        for part, values in expected.items():
            found = times.stages[Clock.CHECK][part]
            assert (found.clocks, found.median, found.p90) == (5, percentile(values, 0.5), percentile(values, 0.9)), (
                part
            )
        for part in Part.values:
            window, after, took = Window.read("30", at=NOW), None, []
            while True:  # two to a page
                runs = slowest(scope, window, kind=Clock.CHECK, part=part, at=NOW, size=2, after=after)
                took += [run.took for run in runs]
                after = runs.next
                if after is None:
                    break
            assert took == sorted(expected[part], reverse=True), part
            last = slowest(scope, window, kind=Clock.CHECK, part=part, at=NOW, size=2, before=runs.previous)
            assert [run.took for run in last] == took[2:4]


def test_a_median_opens_the_runs_that_it_is_of_part_by_part(bank: Bank) -> None:
    clock = bank.clock(Clock.CHECK, at("2026-11-18 09:00"))
    clock.intervals.create(since=clock.started_at, until=at("2026-11-18 10:00"), minutes=60)
    bank.stop(clock, at("2026-11-18 10:00"), Outcome.ON_TIME)  # nobody took it: it has neither wait nor handling
    count_touched_days(at=NOW)
    page = Client()
    page.force_login(bank.people.sup)
    address = "/boards/timeliness/?clock=CHECK"
    assert f"{address[19:]}&amp;slow=NET#cases" in page.get(address).text
    for part, runs in ((Part.NET, 1), (Part.GROSS, 1), (Part.WAIT, 0), (Part.WORK, 0)):
        assert len(page.get(f"{address}&slow={part}").context["page"]) == runs, part
    assert page.get(f"{address}&slow=FEELING").status_code == 400
    assert page.get(f"{address}&slow=NET&after=nowhere").status_code == 400


def test_the_periods_are_summed_up_anew_when_the_day_turns(bank: Bank) -> None:
    DayTimes.objects.create(
        day=date(2026, 10, 26), kind="CHECK", clocks=[1], gross=[180], net=[170], wait=[None], work=[None]
    )
    count_touched_days(at=at("2026-11-25 09:00"))
    assert stage_times(BANK, Window.read("30", at=NOW), at=NOW).stages["CHECK"][Part.NET].median == 170
    count_touched_days(at=at("2026-11-26 09:00"))
    assert not PeriodTimes.objects.filter(period="30").exists()


def test_the_trend_has_thirty_days_and_today(bank: Bank) -> None:
    lay(bank, clocks=40)
    find_breaches(at=NOW)
    rates, breaches = rate_per_day(BANK, at=NOW), breaches_per_day(BANK, at=NOW)
    assert [day for day, _tally in rates] == [day for day, _n in breaches]
    assert (len(rates), rates[-1][0]) == (31, local_day(NOW))
    expected = recount(by=lambda row: local_day(row.stopped_at or NOW), window=Window.read("30", at=NOW))
    for day, tally in rates:
        assert (tally.in_time, tally.late) == (
            (expected[day].in_time, expected[day].late) if day in expected else (0, 0)
        )
    assert sum(count for _day, count in breaches) > 0
    assert Counter(dict(breaches)).total() == sum(count for _day, count in breaches)


def test_every_bar_of_the_trend_of_breaches_opens_its_list(bank: Bank) -> None:
    lay(bank, clocks=40)
    find_breaches(at=NOW)
    for person, scope in ((bank.people.sup, BANK), (bank.people.bh, Scope(branch=bank.branches.bh01))):
        page, trend = Client(), breaches_per_day(scope, at=NOW)
        page.force_login(person)
        boards = [page.get(f"/boards/{board}/").text for board in ("timeliness", "overdue")]
        late = [(day, breaches) for day, breaches in trend if breaches]
        assert late
        for day, breaches in late:
            clocks = clocks_behind(scope, Window.read("30", at=NOW), at=NOW, verdict="breached", day=day)
            assert clocks.count() == breaches
            address = f"/boards/timeliness/?verdict=breached&amp;day={day}"
            assert all(address in board for board in boards)
        listed = page.get(f"/boards/timeliness/?verdict=breached&day={day}&page_size=200")
        assert len(listed.context["page"]) == breaches


@pytest.mark.parametrize("text", ["8", "2026-13", "november", "2026-1"])
def test_a_period_that_nobody_knows_is_refused(bank: Bank, text: str) -> None:
    with pytest.raises(Malformed, match="2026-11"):
        Window.read(text, at=NOW)
