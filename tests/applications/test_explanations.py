"""A deadline follows from its explanation: somebody who has only the listing reckons the same date."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

import pytest

from applications.models import CaseClock, Outage
from applications.services import issue, problems
from applications.services.explanations import explain
from applications.services.recounts import lay_outages
from ops_center.clock import SHANGHAI
from tests.cast import Cast, at

pytestmark = pytest.mark.django_db


def reckoned(told: dict[str, Any]) -> datetime:
    """When it is due, by nothing but the listing."""
    begun, mode, amount = instant(told["started_at"]), told["limit"]["mode"], told["limit"]["amount"]
    counted = [day for day in told["days"] if day["counted"]]
    match mode:
        case "WORKDAYS_EOD":
            assert len(counted) == amount
            due = moment(counted[-1]["on"], told["hours"]["closes"])
        case "SAME_DAY":
            due = moment(counted[-1]["on"], told["hours"]["dispatch_by"])
        case "NEXT_DAY_NOON":
            due = moment(counted[-1]["on"], "12:00")
        case "MONTH_DAY":
            due = moment(counted[-1]["on"], told["hours"]["closes"])
        case "WORKHOURS":
            due = used_up(begun, amount * 60, told["days"], told["hours"])
        case "CALENDAR_DAYS":
            due = begun + timedelta(days=amount)
    for pause in told["pauses"]:
        assert instant(pause["due_before"]) == due
        if pause["to"] is None or not pause["minutes_left"]:
            continue
        resumed = instant(pause["to"])
        if mode in ("WORKDAYS_EOD", "WORKHOURS", "MONTH_DAY"):
            due = used_up(resumed, pause["minutes_left"], pause["days"], told["hours"])
        else:
            due = resumed + timedelta(minutes=pause["minutes_left"])
        assert instant(pause["due_after"]) == due
    return due


def used_up(begun: datetime, minutes: int, days: list[dict[str, Any]], hours: dict[str, str]) -> datetime:
    left = timedelta(minutes=minutes)
    for day in days:
        if not day["counted"]:
            continue
        opens, closes = moment(day["on"], hours["opens"]), moment(day["on"], hours["closes"])
        begins = max(begun, opens)
        if begins + left <= closes:
            return begins + left
        left -= closes - begins
    raise AssertionError("the days of the listing are too few")


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def moment(on: str, clock: str) -> datetime:
    return datetime.combine(datetime.fromisoformat(on), time.fromisoformat(clock), SHANGHAI)


@pytest.mark.parametrize("day", ["2026-09-29", "2026-09-30", "2026-10-09", "2026-11-24", "2026-11-27"])
def test_whoever_has_only_the_listing_reckons_the_same_date(bank: Cast, day: str) -> None:
    """Over the long holiday with its make-up days, a weekend, a late start, two pauses and an outage."""
    morning = at(f"{day} 08:40")
    bank.refer(when=at(f"{day} 16:50"))
    bank.complete(bank.draft(when=at(f"{day} 18:05")), when=at(f"{day} 18:05"))
    issued = bank.issued(bank.received(when=morning), when=at(f"{day} 09:40"))
    paused = bank.received(when=morning, taken_in=morning)
    for case, party, code in ((paused, "BRANCH", "C03"), (issued, "CUSTOMER", "C04")):
        for begins, lasts in ((26, 45), (90, 5)):
            problems.raise_problem(
                case=case.pk, actor=bank.zheng_weiguo, at=morning + timedelta(hours=begins), code=code, party=party,
                note="无人接听",
            )  # fmt: skip
            problems.resolve(
                case=case.pk, actor=bank.zheng_weiguo, at=morning + timedelta(hours=begins + lasts), note="已核实"
            )
    Outage.objects.create(
        since=morning + timedelta(hours=1), until=morning + timedelta(hours=4, minutes=7), reason="停电",
        declared_by=bank.feng_zhiqiang, declared_at=morning + timedelta(days=5),
    )  # fmt: skip
    lay_outages(at=morning + timedelta(days=5))
    issue.activate(
        case=issued.pk, actor=bank.lin_xiaoyu, at=morning + timedelta(days=6), identity_verified=True, channel="PHONE",
        proof="回呼核验",
    )  # fmt: skip
    clocks = CaseClock.objects.select_related("policy", "application__branch", "application__host_branch")
    assert {clock.kind for clock in clocks} >= {
        "REF_ACCEPT",
        "DISPATCH",
        "TRANSIT",
        "CHECK",
        "ENTRY",
        "COACH",
        "ACTIVATE",
    }
    assert sum(len(explain(clock)["pauses"]) for clock in clocks) > 10
    for clock in clocks:
        assert reckoned(explain(clock)) == clock.due_at, clock
