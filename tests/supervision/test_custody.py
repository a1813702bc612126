"""Every overdue minute has somebody who held the case in it: branch, truck, queue, clerk, client or head office."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from applications.lifecycle import Clock, Hands, Holder, Outcome
from applications.models import Application, CaseClock, ClockInterval, Custody
from applications.services import claims, endings, intake, problems
from ops_center.clock import SHANGHAI
from organization.services.calendar import working_calendar
from supervision.selectors.custody import charges_of_clocks
from tests.cast import Cast, at
from tests.supervision.conftest import Bank


@pytest.fixture
def cast(bank: Bank) -> Cast:
    return bank.cast


SIGNED = at("2026-11-24 08:40")  # ENTRY is due Thursday 26 November 17:30
LATER = at("2026-12-20 10:00")

# -- arithmetic --------------------------------------------------------------------------------------------------------
# The days of the bank's calendar written out again: 25 September a holiday, Sunday 20 September worked.
FREE, MAKE_UP = {date(2026, 9, 25)}, {date(2026, 9, 20)}
BEGIN, END = at("2026-09-18 00:00"), at("2026-09-28 12:00")
HANDS = [Hands(Holder.QUEUE), Hands(Holder.POOL), Hands(Holder.TRUCK), Hands(Holder.CUSTOMER), None]
instants = st.integers(0, 10 * 24 * 3600).map(lambda seconds: BEGIN + timedelta(seconds=seconds))
minutes_of = st.integers(0, 10 * 24 * 60).map(lambda minutes: BEGIN + timedelta(minutes=minutes))
Held = list[tuple[datetime, datetime, Hands | None]]


@pytest.fixture
def clock(bank: Bank) -> CaseClock:
    return bank.clock(Clock.ENTRY, BEGIN)


def lay(clock: CaseClock, marks: list[datetime], held: Held) -> None:
    """Due at the second mark, paused between the third and the fourth, and so on, stopped at the last."""
    start, due, *turns, stop = marks
    CaseClock.objects.filter(pk=clock.pk).update(
        started_at=start, due_at=due, stopped_at=stop, outcome=Outcome.LATE_QUEUE
    )
    ClockInterval.objects.filter(clock=clock).delete()
    Custody.objects.filter(application=clock.application_id).delete()
    for number, (since, until) in enumerate(pairwise([start, *turns, stop])):
        pause = {"pause": "BRANCH", "minutes_left": 0, "due_before": due} if number % 2 else {}
        ClockInterval.objects.create(clock=clock, since=since, until=until, minutes=0, **pause)
    for since, until, hands in held:
        if hands is not None:
            Custody.objects.create(application_id=clock.application_id, holder=hands.holder, since=since, until=until)


@st.composite
def delays(draw: st.DrawFn, moments: st.SearchStrategy[datetime]) -> tuple[list[datetime], Held]:
    marks = sorted(draw(st.lists(moments, min_size=3, max_size=8)))
    turns = sorted({BEGIN, *draw(st.lists(moments, max_size=6)), END})
    return marks, [(since, until, draw(st.sampled_from(HANDS))) for since, until in pairwise(turns)]


def by_the_minute(marks: list[datetime], held: Held) -> dict[Hands | None, int]:
    """Counts every minute by itself."""
    start, due, *turns, stop = marks
    pauses = list(pairwise([start, *turns, stop]))[1::2]
    charged: dict[Hands | None, int] = {}
    now = due
    while now < stop:
        local = now.astimezone(SHANGHAI)
        works = local.date() in MAKE_UP or (local.weekday() < 5 and local.date() not in FREE)
        is_open = 8 * 60 + 30 <= local.hour * 60 + local.minute < 17 * 60 + 30
        if works and is_open and not any(since <= now < until for since, until in pauses):
            hands = next((who for since, until, who in held if since <= now < until), None)
            charged[hands] = charged.get(hands, 0) + 1
        now += timedelta(minutes=1)
    return charged


EASY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.mark.django_db
@given(delays(minutes_of))
@EASY
def test_charges_are_what_counting_minute_by_minute_gives(clock: CaseClock, delay: tuple[list[datetime], Held]) -> None:
    lay(clock, *delay)
    charges = charges_of_clocks([clock.pk], at=END).get(clock.pk, [])
    assert {charge.hands: charge.minutes for charge in charges} == by_the_minute(*delay)


@pytest.mark.django_db
@given(delays(instants))
@EASY
def test_charges_add_up_to_the_overdue_minutes_whatever_the_seconds(
    clock: CaseClock, delay: tuple[list[datetime], Held]
) -> None:
    lay(clock, *delay)
    charges = charges_of_clocks([clock.pk], at=END).get(clock.pk, [])
    start, due, *turns, stop = delay[0]
    ran = list(pairwise([start, *turns, stop]))[::2]
    calendar = working_calendar()
    late = [span for span in ran if span[1] > due]
    since_due = [calendar.working_minutes(due, until) - calendar.working_minutes(due, since) for since, until in late]
    assert sum(charge.minutes for charge in charges) == sum(since_due)


# -- who held it -------------------------------------------------------------------------------------------------------
def held(case: Application) -> list[tuple[str, str, str]]:
    """Who, from when, in the words of the rows."""
    rows = Custody.objects.filter(application=case).select_related("person", "branch")
    return [
        (row.holder, row.person.name if row.person else row.branch.code if row.branch else "",
         f"{row.since.astimezone(SHANGHAI):%d %H:%M}")
        for row in rows
    ]  # fmt: skip


def check_whole(case: Application) -> None:
    rows = list(Custody.objects.filter(application=case))
    assert all(before.until == after.since for before, after in pairwise(rows))
    assert (rows[-1].until is None) == Application.objects.get(pk=case.pk).is_open


@pytest.mark.django_db
def test_a_case_goes_from_hand_to_hand_until_it_ends(cast: Cast) -> None:
    case = cast.refer(when=at("2026-11-23 09:00"))
    cast.collect(case, when=at("2026-11-23 09:30"))
    cast.complete(cast.again(case), when=at("2026-11-23 10:00"))
    cast.to_branch(cast.again(case), when=at("2026-11-23 11:00"))
    bag = cast.send(cast.again(case), when=at("2026-11-23 18:35"))
    cast.receive(bag, when=SIGNED)
    claims.claim_next(queue="check", actor=cast.he_xiulan, at=at("2026-11-24 09:00"))
    problems.raise_problem(
        case=case.pk, actor=cast.he_xiulan, at=at("2026-11-24 09:10"), code="C03", party="BRANCH", note="无人接听"
    )
    problems.reply(case=case.pk, actor=cast.zhou_qiming, at=at("2026-11-24 15:00"), answer="已核实")
    problems.resolve(case=case.pk, actor=cast.zheng_weiguo, at=at("2026-11-24 15:30"), note="已核实")
    problems.raise_problem(
        case=case.pk, actor=cast.zheng_weiguo, at=at("2026-11-24 16:00"), code="C04", party="CUSTOMER", note="未接通"
    )
    endings.withdraw(case=case.pk, actor=cast.zheng_weiguo, at=at("2026-11-25 09:00"), note="客户来电")
    assert held(case) == [
        ("POOL", "", "23 09:00"), ("PERSON", "周启明", "23 09:30"), ("BRANCH", "CC01", "23 10:00"),
        ("BRANCH", "BH01", "23 11:00"), ("TRUCK", "", "23 18:35"), ("QUEUE", "", "24 08:40"),
        ("PERSON", "何秀兰", "24 09:00"), ("BRANCH", "BH01", "24 09:10"), ("QUEUE", "", "24 15:00"),
        ("CUSTOMER", "", "24 16:00"),
    ]  # fmt: skip
    check_whole(case)


@pytest.mark.django_db
def test_between_filing_and_issue_head_office_and_the_card_factory_have_it(cast: Cast) -> None:
    case = cast.received(when=SIGNED)
    cast.check(cast.again(case), when=at("2026-11-24 09:00"))
    cast.key(cast.again(case), when=at("2026-11-24 10:00"))
    cast.review(cast.again(case), when=at("2026-11-24 11:00"))
    cast.file(case, when=at("2026-11-24 14:00"))
    cast.issue(case, when=at("2026-11-30 10:00"))
    assert held(case)[-3:] == [("QUEUE", "", "24 11:00"), ("HEAD_OFFICE", "", "24 14:00"), ("QUEUE", "", "30 10:00")]
    check_whole(case)


@pytest.mark.django_db
def test_a_lease_that_ran_out_gives_the_case_back_to_the_queue_at_its_end(cast: Cast) -> None:
    case = cast.received(when=SIGNED)
    claims.claim_next(queue="check", actor=cast.he_xiulan, at=at("2026-11-24 09:00"))
    claims.claim_next(queue="check", actor=cast.he_xiulan, at=at("2026-11-24 11:00"))
    assert held(case)[-3:] == [
        ("PERSON", "何秀兰", "24 09:00"), ("QUEUE", "", "24 09:30"), ("PERSON", "何秀兰", "24 11:00"),
    ]  # fmt: skip
    claims.give_back(case=case.pk, actor=cast.he_xiulan, at=at("2026-11-24 11:10"))
    assert held(case)[-1] == ("QUEUE", "", "24 11:10")
    check_whole(case)


@pytest.mark.django_db
def test_path_a_is_in_its_collectors_hands_and_a_handed_over_case_in_the_queue(cast: Cast) -> None:
    case = cast.complete(cast.draft(when=SIGNED), when=SIGNED)
    intake.self_route(case=case.pk, actor=cast.chen_xiaoming, at=at("2026-11-24 09:00"))
    assert held(case)[-1] == ("PERSON", "陈小明", "24 09:00")
    intake.hand_to_center(case=case.pk, actor=cast.chen_xiaoming, at=at("2026-11-24 10:00"), note="休假")
    assert held(case)[-1] == ("QUEUE", "", "24 10:00")
    check_whole(case)


# -- whose minutes -----------------------------------------------------------------------------------------------------
def charged(case: Application, when: datetime, kind: str = Clock.ENTRY) -> list[tuple[str, int]]:
    clock = CaseClock.objects.get(application=case, kind=kind)
    return [(charge.hands.holder if charge.hands else "", charge.minutes)
            for charge in charges_of_clocks([clock.pk], at=when).get(clock.pk, [])]  # fmt: skip


@pytest.mark.django_db
def test_the_queue_and_the_clerk_share_a_delay_by_their_minutes(cast: Cast) -> None:
    case = cast.received(when=SIGNED)
    cast.check(case, when=at("2026-11-24 11:00"))
    claims.claim_next(queue="entry", actor=cast.fang_fang, at=at("2026-11-27 13:10"))
    assert charged(case, at("2026-11-27 13:30")) == [("QUEUE", 280), ("PERSON", 20)]
    # Nothing more is heard of her: after half an hour the case lies in the queue again, whether anybody looks or not.
    assert charged(case, at("2026-11-27 14:10")) == [("QUEUE", 310), ("PERSON", 30)]
    assert charged(case, at("2026-11-26 17:30")) == []


@pytest.mark.django_db
def test_what_the_branch_holds_past_the_evening_is_the_branchs_and_the_road_is_the_trucks(cast: Cast) -> None:
    case = cast.complete(cast.draft(when=at("2026-11-23 10:00")), when=at("2026-11-23 10:00"))  # due 20:00
    bag = cast.send(case, when=at("2026-11-24 11:00"))
    assert charged(case, LATER, Clock.DISPATCH) == [("BRANCH", 150)]
    cast.receive(bag, when=at("2026-11-25 13:00"))  # due 12:00
    assert charged(case, LATER, Clock.TRANSIT) == [("TRUCK", 60)]


@pytest.mark.django_db
def test_a_pause_in_the_delay_is_charged_to_nobody(cast: Cast) -> None:
    case = cast.received(when=SIGNED)
    problems.raise_problem(
        case=case.pk, actor=cast.zheng_weiguo, at=at("2026-11-27 09:30"), code="C03", party="BRANCH", note="无人接听"
    )
    problems.resolve(case=case.pk, actor=cast.zheng_weiguo, at=at("2026-11-27 11:30"), note="已核实")
    assert charged(case, at("2026-11-27 12:00")) == [("QUEUE", 90)]


@pytest.mark.django_db
def test_what_was_held_before_it_was_written_down_is_nobodys_and_still_adds_up(cast: Cast) -> None:
    case = cast.received(when=SIGNED)
    Custody.objects.filter(application=case).exclude(until=None).delete()
    Custody.objects.filter(application=case).update(since=at("2026-11-27 10:30"))
    assert charged(case, at("2026-11-27 12:00")) == [("QUEUE", 90), ("", 120)]


# -- the last two hours ------------------------------------------------------------------------------------------------
@pytest.mark.django_db
@pytest.mark.parametrize(("held_before", "responsible"), [(True, True), (False, False)])
def test_giving_back_and_claiming_again_takes_nobody_out_of_the_responsibility(
    cast: Cast, held_before: bool, responsible: bool
) -> None:
    case = cast.received(when=SIGNED)
    cast.check(case, when=at("2026-11-24 11:00"))
    if held_before:
        claims.claim_next(queue="entry", actor=cast.fang_fang, at=at("2026-11-26 09:00"))
        claims.give_back(case=case.pk, actor=cast.fang_fang, at=at("2026-11-26 09:10"))
    claims.claim_next(queue="entry", actor=cast.fang_fang, at=at("2026-11-26 16:30"))  # an hour before it is due
    cast.key(cast.again(case), when=at("2026-11-26 17:40"))
    cast.review(case, when=at("2026-11-26 17:45"))
    outcome = CaseClock.objects.get(application=case, kind=Clock.ENTRY).outcome
    assert outcome == ("LATE_PENDING" if responsible else "LATE_QUEUE")
