"""Every overdue minute has somebody who held the case in it: branch, truck, queue, clerk, client or head office."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from applications.lifecycle import Clock, Hands, Holder
from applications.models import Application, CaseClock, Custody
from applications.services import claims, endings, intake, problems
from ops_center.clock import SHANGHAI
from ops_center.kernel.worktime import Day, WorkCalendar
from supervision.selectors.custody import Delay, charges_of, charges_of_clocks, overdue_minutes
from tests.cast import Cast, at
from tests.supervision.conftest import Bank


@pytest.fixture
def cast(bank: Bank) -> Cast:
    return bank.cast


SIGNED = at("2026-11-24 08:40")  # ENTRY is due Thursday 26 November 17:30
LATER = at("2026-12-20 10:00")

# -- arithmetic --------------------------------------------------------------------------------------------------------
CALENDAR = WorkCalendar(
    [Day(date(2026, 10, 1), False, "国庆节"), Day(date(2026, 10, 2), False), Day(date(2026, 10, 10), True)]
)
BEGIN = at("2026-09-29 00:00")
PEOPLE = [
    Hands(Holder.QUEUE),
    Hands(Holder.PERSON, person=8),
    Hands(Holder.BRANCH, branch=3),
    Hands(Holder.TRUCK),
    None,
]
minute = st.integers(0, 4 * 24 * 60).map(lambda minutes: BEGIN + timedelta(minutes=minutes))


@st.composite
def delays(draw: st.DrawFn) -> Delay:
    """A delay at whole minutes, with pauses, and custody rows that follow each other; some are missing."""
    due, *cuts, end = sorted(draw(st.lists(minute, min_size=2, max_size=9)))
    before, after = timedelta(hours=draw(st.integers(0, 40))), timedelta(minutes=draw(st.integers(0, 90)))
    marks = sorted({due - before, *cuts, end + after})
    custody = [(since, until, draw(st.sampled_from(PEOPLE))) for since, until in pairwise(marks)]
    stops = sorted(draw(st.lists(minute, max_size=4, unique=True)))
    pauses = [(since, until) for since, until in list(pairwise(stops))[::2] if until > due]
    return Delay(due, end, pauses, [row for row in custody if row[2]])


def by_the_minute(delay: Delay) -> dict[Hands | None, int]:
    """Counts every minute by itself, with the days written out again."""
    free, makeup = {date(2026, 10, 1), date(2026, 10, 2)}, {date(2026, 10, 10)}
    charged: dict[Hands | None, int] = {}
    now = delay.due_at
    while now < delay.ends_at:
        local = now.astimezone(SHANGHAI)
        works = local.date() in makeup or (local.weekday() < 5 and local.date() not in free)
        is_open = 8 * 60 + 30 <= local.hour * 60 + local.minute < 17 * 60 + 30
        if works and is_open and not any(since <= now < until for since, until in delay.pauses):
            hands = next((who for since, until, who in delay.custody if since <= now < until), None)
            charged[hands] = charged.get(hands, 0) + 1
        now += timedelta(minutes=1)
    return charged


@given(delays())
@settings(max_examples=150, deadline=None)
def test_charges_are_what_counting_minute_by_minute_gives(delay: Delay) -> None:
    assert {charge.hands: charge.minutes for charge in charges_of(delay, CALENDAR)} == by_the_minute(delay)


@given(delays(), st.lists(st.integers(0, 59), min_size=12, max_size=12))
@settings(max_examples=150, deadline=None)
def test_charges_add_up_to_the_overdue_minutes_whatever_the_seconds(delay: Delay, seconds: list[int]) -> None:
    spare = iter(seconds)

    def shifted(when: datetime) -> datetime:
        return when + timedelta(seconds=next(spare, 0))

    ragged = Delay(
        shifted(delay.due_at), shifted(delay.ends_at + timedelta(minutes=1)), delay.pauses,
        [(since, until, who) for since, until, who in delay.custody],
    )  # fmt: skip
    assert sum(charge.minutes for charge in charges_of(ragged, CALENDAR)) == overdue_minutes(ragged, CALENDAR)


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
    assert charged(case, at("2026-11-27 12:00")) == [("", 120), ("QUEUE", 90)]


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
