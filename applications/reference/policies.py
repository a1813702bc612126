"""The limits of the clocks (domain section 4), from the day that all reference data hold."""

from __future__ import annotations

from applications.lifecycle import Clock
from applications.models import ClockPolicy
from applications.models.problem import Party
from ops_center.kernel.worktime import Mode
from organization.models.versions import FIRST_DAY, PolicyStatus

PLAN = "方案原文"
ASSUMED = "默认值（方案未写明数字）"
REGULATION = "监管规定"


def _policy(
    kind: Clock, mode: Mode, amount: int = 0, *, variant: str = "", money: bool = False, source: str = ASSUMED,
    warn_at_day: int | None = None,
) -> ClockPolicy:  # fmt: skip
    return ClockPolicy(
        kind=kind, variant=variant, starts_on=FIRST_DAY, status=PolicyStatus.APPROVED, mode=mode.value, amount=amount,
        warn_at_day=warn_at_day, has_money=money, source=source,
    )  # fmt: skip


def clock_policies() -> list[ClockPolicy]:
    """One row per clock; the closing of a problem has one per party that is waited for (rule K0).

    While the branch is waited for, that run is the branch's and not the tracker's: it moves nobody's money.
    """
    hours, workdays, days = Mode.WORKHOURS, Mode.WORKDAYS_EOD, Mode.CALENDAR_DAYS
    return [
        _policy(Clock.REF_ACCEPT, hours, 4),
        _policy(Clock.REF_CONTACT, workdays, 1),
        _policy(Clock.DISPATCH, Mode.SAME_DAY, money=True, source=PLAN),
        _policy(Clock.TRANSIT, Mode.NEXT_DAY_NOON),
        _policy(Clock.CHECK, workdays, 1, money=True),
        _policy(Clock.ENTRY, workdays, 2, money=True, source=PLAN),
        _policy(Clock.FILE, workdays, 1, money=True),
        _policy(Clock.ISSUE, workdays, 10),
        _policy(Clock.PROBLEM_ACT, hours, 4, money=True),
        _policy(Clock.PROBLEM_CLOSE, workdays, 2, money=True),
        _policy(Clock.PROBLEM_CLOSE, workdays, 1, variant=Party.BRANCH),
        _policy(Clock.PROBLEM_CLOSE, workdays, 3, variant=Party.CUSTOMER, money=True),
        _policy(Clock.PROBLEM_CLOSE, workdays, 2, variant="REPLIED", money=True),
        _policy(Clock.SUPPLEMENT, workdays, 5),
        _policy(Clock.CONTACT, workdays, 2, money=True),
        _policy(Clock.COACH, days, 15, money=True),
        _policy(Clock.ACTIVATE, days, 30, warn_at_day=20),
        _policy(Clock.REGISTER, workdays, 1),
        _policy(Clock.CERTIFY, workdays, 3),
        _policy(Clock.PAY, Mode.MONTH_DAY, 15),
        _policy(Clock.JUSTIFY, workdays, 2),
        _policy(Clock.COMPLAINT_REPLY, Mode.CLOCK_HOURS, 24, source=PLAN),
        _policy(Clock.COMPLAINT_CLOSE, days, 15, source=REGULATION),
        _policy(Clock.COMPLAINT_CLOSE, days, 30, variant="COMPLEX", source=REGULATION),
        _policy(Clock.COMPLAINT_CLOSE, days, 30, variant="EXTENSION", source=REGULATION),  # on top, approved
    ]
