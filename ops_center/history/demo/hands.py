"""What the supervisor has planned for the days to come, and a standard that waits for the second of the management."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from ops_center.clock import local_day
from ops_center.history.demo.bank import Crew
from ops_center.history.demo.days import Days
from organization.roles import Role
from supervision.services.roster import enter_absence, plan_days
from supervision.services.standards import draft_minutes


def plan_hands(crew: Crew, days: Days) -> None:
    """A clerk on leave for two days, a caller in training on one afternoon, and a drafted standard. None of the people
    named in the guide: they are there for whoever plays them."""
    at, supervisor = days.now - timedelta(hours=2), crew.by_number["LZ10012"]
    tomorrow = days.next(max(days.today, local_day(days.now)))
    clerk, caller = crew.by_role[Role.EC][-1], crew.by_role[Role.AS][-1]
    enter_absence(
        person=clerk.number, starts_on=tomorrow, ends_on=days.next(tomorrow), note="年休假", actor=supervisor, at=at
    )
    plan_days(wanted={(caller.number, tomorrow): 240}, actor=supervisor, at=at)
    draft_minutes(
        queue="entry", minutes=Decimal("9.5"), starts_on=tomorrow + timedelta(days=7),
        note="实测中位数 9.5 分钟，原假定 10 分钟", actor=crew.by_number["LZ10013"], at=at,
    )  # fmt: skip
