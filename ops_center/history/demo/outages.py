"""Outages that the supervisor of the demo bank has declared: half an hour in which nobody could review, and one ahead
that was called off."""

from __future__ import annotations

from applications.lifecycle import State
from ops_center.history.demo.bank import Crew
from ops_center.history.demo.days import Days
from supervision.services.outages import declare_outage, withdraw_outage

SUPERVISOR = "LZ10012"


def declare_past_outages(crew: Crew, days: Days) -> None:
    day = days.back(2)
    declare_outage(
        since=days.at(day, "14:10"), until=days.at(day, "14:40"), states=[State.KEYED],
        reason="复核页面打不开，14:40 恢复", actor=crew.by_number[SUPERVISOR], at=days.at(day, "15:00"),
    )  # fmt: skip
    ahead = declare_outage(
        since=days.at(day, "16:30"), until=days.at(day, "17:30"), reason="核心系统升级",
        actor=crew.by_number[SUPERVISOR], at=days.at(day, "15:10"),
    )  # fmt: skip
    withdraw_outage(outage=ahead.pk, actor=crew.by_number[SUPERVISOR], at=days.at(day, "16:00"))
