"""Clock rows: every interval of a run its own row, without a gap, measured alike; pauses by rule K4 only."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from applications.lifecycle import Clock
from applications.models import Application, CaseClock, ClockInterval
from applications.services import claims, contacts, issue, problems
from ops_center.kernel.errors import Malformed
from ops_center.kernel.worktime import Mode, minutes_between
from organization.models import Absence, Message
from organization.services.calendar import working_calendar
from supervision.services.daily import remind_of_waits
from supervision.services.policies import Terms, approve_clock_policy, draft_clock_policy
from tests.cast import Cast, at

pytestmark = pytest.mark.django_db

SIGNED = at("2026-11-24 08:40")


def raise_problem(
    bank: Cast, case: Application, when: str, *, code: str = "C03", party: str = "BRANCH", **facts
) -> None:
    problems.raise_problem(
        case=case.pk, actor=bank.zheng_weiguo, at=at(when), code=code, party=party, note="无人接听", **facts
    )


def resolve(bank: Cast, case: Application, when: str) -> None:
    problems.resolve(case=case.pk, actor=bank.zheng_weiguo, at=at(when), note="已核实")


def clock_of(case: Application, kind: str = Clock.ENTRY) -> CaseClock:
    return CaseClock.objects.filter(application=case, kind=kind).latest("id")


def check_whole(case: Application) -> None:
    """The rows of every run follow each other from its start to its stop, and their minutes add up to it."""
    for clock in CaseClock.objects.filter(application=case).select_related("policy"):
        rows = list(clock.intervals.all())
        assert rows[0].since == clock.started_at
        assert rows[-1].until == clock.stopped_at
        assert all(before.until == after.since for before, after in pairwise(rows))
        if clock.stopped_at is not None and clock.policy is not None:
            whole = minutes_between(clock.started_at, clock.stopped_at, Mode(clock.policy.mode), working_calendar())
            assert sum(row.minutes or 0 for row in rows) == whole


def test_a_run_that_is_paused_and_resumed_is_four_rows_that_add_up(bank: Cast) -> None:
    case = bank.received(when=SIGNED + timedelta(seconds=31))
    raise_problem(bank, case, "2026-11-25 10:30")
    resolve(bank, case, "2026-11-27 09:30")
    raise_problem(bank, case, "2026-11-27 15:00", party="HEAD_OFFICE", code="H01")
    problems.return_case(
        case=case.pk, actor=bank.zheng_weiguo, at=at("2026-11-30 09:00"), codes=["D05"], note="缺收入证明"
    )
    rows = clock_of(case).intervals.all()
    assert [(row.pause, row.minutes, row.minutes_left) for row in rows] == [
        ("", 649, None), ("BRANCH", 1020, 960), ("", 330, None), ("HEAD_OFFICE", 180, 630),
    ]  # fmt: skip
    check_whole(case)


def test_a_pause_in_closed_time_moves_a_deadline_by_nothing(bank: Cast) -> None:
    case = bank.received(when=SIGNED)
    raise_problem(bank, case, "2026-11-24 17:31")
    resolve(bank, case, "2026-11-25 08:29")
    assert clock_of(case).due_at == at("2026-11-26 17:30")
    assert [row.minutes for row in clock_of(case).intervals.exclude(pause="")] == [0]


def test_a_pause_moves_the_warning_by_what_was_left_until_it(bank: Cast) -> None:
    """S7: the warning was to come on Thursday at 10:47, 557 working minutes after the pause began."""
    case = bank.received(when=SIGNED)
    assert clock_of(case).warn_at == at("2026-11-26 10:47")
    raise_problem(bank, case, "2026-11-25 10:30")
    resolve(bank, case, "2026-11-27 09:30")
    assert clock_of(case).warn_at == at("2026-11-30 09:47")


def test_a_limit_that_aims_at_an_hour_is_paused_in_real_time(bank: Cast) -> None:
    case = bank.issued(bank.received(when=SIGNED), when=SIGNED)
    raise_problem(bank, case, "2026-11-24 18:00", party="CUSTOMER", code="C04")
    resolve(bank, case, "2026-11-25 08:00")
    coach, contact = clock_of(case, Clock.COACH), clock_of(case, Clock.CONTACT)
    assert coach.due_at == at("2026-12-09 22:40")  # fifteen days, and the fourteen hours of the night
    assert contact.due_at == at("2026-11-26 17:30")  # working time: the night counts for nothing
    assert [row.minutes for row in coach.intervals.exclude(pause="")] == [840]


def test_an_empty_chair_a_leave_and_a_reassignment_pause_nothing(bank: Cast) -> None:
    case = bank.received(when=SIGNED)
    bank.lend(case, to=bank.he_xiulan, when=at("2026-11-24 09:00"))
    Absence.objects.create(employee=bank.he_xiulan, starts_on=date(2026, 11, 24), ends_on=date(2026, 11, 27))
    other = bank.hire("代班", "OC01", "CC")
    claims.reassign(case=case.pk, to=other, actor=bank.feng_zhiqiang, at=at("2026-11-25 09:00"), note="请假")
    claims.give_back(case=case.pk, actor=other, at=at("2026-11-25 10:00"))
    assert clock_of(case).due_at == at("2026-11-26 17:30")
    assert not ClockInterval.objects.filter(clock__application=case).exclude(pause="").exists()


def test_a_policy_that_does_not_pause_for_a_reason_runs_on(bank: Cast) -> None:
    drafted = draft_clock_policy(
        kind=Clock.ENTRY, starts_on=SIGNED.date(), note="只因客户暂停", actor=bank.cao_ying, at=at("2026-11-20 09:00"),
        terms=Terms(Mode.WORKDAYS_EOD, 2, warn_percent=75, warn_at_day=None, pauses_for=["CUSTOMER"], owner_role=""),
    )  # fmt: skip
    approve_clock_policy(policy=drafted.pk, actor=bank.deng_hai, at=at("2026-11-20 10:00"))
    case = bank.received(when=SIGNED)
    raise_problem(bank, case, "2026-11-25 10:30")
    assert clock_of(case).paused_at is None
    assert clock_of(case, Clock.CHECK).paused_at == at("2026-11-25 10:30")
    resolve(bank, case, "2026-11-27 09:30")
    assert clock_of(case).due_at == at("2026-11-26 17:30")
    assert clock_of(case, Clock.CHECK).due_at == at("2026-11-27 16:30")


def test_an_issue_that_the_card_system_reports_late_takes_back_what_was_written_since(bank: Cast) -> None:
    case = bank.issued(bank.received(when=SIGNED), when=at("2026-11-24 10:00"))
    raise_problem(bank, case, "2026-11-25 10:30", party="CUSTOMER", code="C04")
    resolve(bank, case, "2026-11-26 10:30")
    issue.activate(case=case.pk, actor=None, at=at("2026-11-27 10:00"), activated_at=at("2026-11-25 09:00"))
    rows = list(clock_of(case, Clock.ACTIVATE).intervals.all())
    assert [(row.pause, row.until) for row in rows] == [("", at("2026-11-25 09:00"))]
    check_whole(case)


def test_a_contact_ends_the_interval_of_its_clock_too(bank: Cast) -> None:
    case = bank.issued(bank.received(when=SIGNED), when=SIGNED)
    contacts.log_contact(
        case=case.pk, actor=bank.lin_xiaoyu, at=at("2026-11-24 09:40"), channel="PHONE", result="MISSED"
    )
    assert [row.minutes for row in clock_of(case, Clock.CONTACT).intervals.all()] == [60]
    check_whole(case)


# -- a client who asks to wait -----------------------------------------------------------------------------------------
@pytest.mark.parametrize("day", [None, date(2026, 11, 25), date(2026, 11, 24), date(2027, 1, 25)])
def test_a_client_who_asks_to_wait_names_a_day_ahead_of_at_most_sixty(bank: Cast, day: date | None) -> None:
    case = bank.received(when=SIGNED)
    with pytest.raises(Malformed) as no:
        raise_problem(bank, case, "2026-11-25 10:30", code="U03", party="CUSTOMER", wait_until=day)
    assert "wait_until" in no.value.errors
    assert bank.again(case).state == "RECEIVED"


def test_no_other_problem_has_a_day(bank: Cast) -> None:
    case = bank.received(when=SIGNED)
    with pytest.raises(Malformed):
        raise_problem(bank, case, "2026-11-25 10:30", wait_until=date(2026, 12, 1))


def test_the_tracker_is_reminded_once_on_the_day_or_the_first_working_day_after(bank: Cast) -> None:
    case = bank.received(when=SIGNED)
    day = date(2026, 11, 28)  # a Saturday
    raise_problem(bank, case, "2026-11-25 10:30", code="U03", party="CUSTOMER", wait_until=day)
    assert clock_of(case).paused_at == at("2026-11-25 10:30")
    told = [
        remind_of_waits(at=at(when))
        for when in ("2026-11-27 10:00", "2026-11-28 10:00", "2026-11-30 08:40", "2026-11-30 09:40")
    ]
    assert told == [0, 0, 1, 0]
    assert Message.objects.filter(employee=bank.zheng_weiguo, kind="wait_over").count() == 1
    resolve(bank, case, "2026-11-30 10:00")


# -- the rows of what was before ---------------------------------------------------------------------------------------
def test_the_migration_lays_out_pauses_as_intervals_and_back(bank: Cast) -> None:
    case, other = bank.received(when=SIGNED), bank.received(when=SIGNED)
    raise_problem(bank, case, "2026-11-25 10:30")
    resolve(bank, case, "2026-11-27 09:30")
    raise_problem(bank, case, "2026-11-27 10:30")
    raise_problem(bank, other, "2026-11-25 10:30")
    problems.return_case(
        case=other.pk, actor=bank.zheng_weiguo, at=at("2026-11-25 12:30"), codes=["D05"], note="缺收入证明"
    )

    def rows() -> list[tuple[object, ...]]:
        columns = ("clock", "since", "until", "pause", "minutes", "minutes_left", "due_before")
        return list(ClockInterval.objects.order_by("clock", "since", "pk").values_list(*columns))

    before = rows()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
    MigrationExecutor(connection).migrate([("applications", "0003_custody")])
    migrations = MigrationExecutor(connection)
    migrations.migrate(migrations.loader.graph.leaf_nodes())
    assert rows() == before
