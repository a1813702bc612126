"""What was late, what was promised, what was told: the tables of supervision."""

from supervision.models.breach import Breach, Ground, Justification, JustificationPaper, Standing
from supervision.models.capacity import SimulationRun, StandardMinutes
from supervision.models.charges import BreachCharge, UnchargedBreach
from supervision.models.complaint import Complaint, ComplaintAct, ComplaintEvent
from supervision.models.figures import (
    BreachCount,
    CaseCount,
    DayFigure,
    DayTimes,
    DelayCount,
    Part,
    PeriodTimes,
    TouchedDay,
    WorkCount,
)
from supervision.models.goals import Broadcast, Measure, MonthSummary, Target, WeeklyNote, WeeklySheet
from supervision.models.notices import CallReminder, ClockNotice, DayNotice, Untold, Urge
from supervision.models.reports import ReportRun

__all__ = [
    "Breach",
    "BreachCharge",
    "BreachCount",
    "Broadcast",
    "CallReminder",
    "CaseCount",
    "ClockNotice",
    "Complaint",
    "ComplaintAct",
    "ComplaintEvent",
    "DayFigure",
    "DayNotice",
    "DayTimes",
    "DelayCount",
    "Ground",
    "Justification",
    "JustificationPaper",
    "Measure",
    "MonthSummary",
    "Part",
    "PeriodTimes",
    "ReportRun",
    "SimulationRun",
    "StandardMinutes",
    "Standing",
    "Target",
    "TouchedDay",
    "UnchargedBreach",
    "Untold",
    "Urge",
    "WeeklyNote",
    "WeeklySheet",
    "WorkCount",
]
