"""People, branches and days: what all the other apps stand on."""

from organization.models.calendar import BranchTimes, CalendarChange, CalendarDay
from organization.models.news import Channel, Delivery, Message, MessageTemplate, NewsPreference
from organization.models.people import (
    Absence,
    Area,
    Branch,
    Dated,
    Employee,
    Qualification,
    RoleAssignment,
    RosterDay,
)
from organization.models.records import ApiToken, AuditRecord, JobRun, Revision, Switch

__all__ = [
    "Absence", "ApiToken", "Area", "AuditRecord", "Branch", "BranchTimes", "CalendarChange", "CalendarDay", "Channel",
    "Dated", "Delivery", "Employee", "JobRun", "Message", "MessageTemplate", "NewsPreference", "Qualification",
    "Revision", "RoleAssignment", "RosterDay", "Switch",
]  # fmt: skip
