"""The rules of timing that the demo bank has made for itself: the county branch by its own times, and one limit that
waits this morning for the second of the management."""

from __future__ import annotations

from datetime import time, timedelta

from applications.lifecycle import Clock
from applications.services.clocks import policy_for
from ops_center.clock import local_day
from ops_center.history.demo.bank import Crew
from ops_center.history.demo.days import Days
from ops_center.kernel.worktime import Mode
from supervision.services.policies import Terms, approve_branch_times, draft_branch_times, draft_clock_policy

DRAFTER, APPROVER = "LZ10013", "LZ10014"
COUNTY = "SQ01"
LONG_AGO = timedelta(days=200)  # before the first case


def set_times(crew: Crew, days: Days) -> None:
    """The truck of the county branch comes two hours earlier than the others, and its bag closes earlier."""
    at = days.now - LONG_AGO
    row = draft_branch_times(
        branch=crew.branches[COUNTY], opens_at=time(8, 30), closes_at=time(17, 30), cut_off=time(16),
        truck_at=time(16, 30), starts_on=local_day(at) + timedelta(days=7), note="县域线路：钞车 16:30 到达",
        actor=crew.by_number[DRAFTER], at=at,
    )  # fmt: skip
    approve_branch_times(times=row.pk, actor=crew.by_number[APPROVER], at=at + timedelta(hours=5))


def leave_draft(crew: Crew, days: Days) -> None:
    """From the first of the next month."""
    at, today = days.now - timedelta(hours=3), local_day(days.now)
    before = policy_for(Clock.CONTACT, on=today)
    draft_clock_policy(
        kind=Clock.CONTACT,
        terms=Terms(
            mode=Mode(before.mode), amount=1, warn_percent=before.warn_percent, warn_at_day=None,
            pauses_for=before.pauses_for, owner_role=before.owner_role,
        ),
        starts_on=(today.replace(day=1) + timedelta(days=32)).replace(day=1),
        note="发卡后首次联系由 2 个工作日缩短为 1 个工作日",
        source="管理部门 11 月例会",
        actor=crew.by_number[DRAFTER],
        at=at,
    )  # fmt: skip
