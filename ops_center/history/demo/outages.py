"""An outage that the supervisor of the demo bank has declared: half an hour in which nobody could review."""

from __future__ import annotations

from applications.lifecycle import State
from ops_center.history.demo.bank import Crew
from ops_center.history.demo.days import Days
from supervision.services.outages import declare_outage

SUPERVISOR = "LZ10012"


def declare_past_outage(crew: Crew, days: Days) -> None:
    day = days.back(2)
    declare_outage(
        since=days.at(day, "14:10"), until=days.at(day, "14:40"), states=[State.KEYED],
        reason="复核页面打不开，14:40 恢复", actor=crew.by_number[SUPERVISOR], at=days.at(day, "15:00"),
    )  # fmt: skip
