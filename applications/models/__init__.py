"""The tables of the case, split by the stage of the process."""

from applications.models.bag import Bag, BagIncident, BagItem, Seal
from applications.models.card import CardStatusImport, CardStatusRow, Coaching, Document
from applications.models.case import Applicant, Application, Performer
from applications.models.clock import CaseClock, ClockInterval, ClockPolicy, Custody, Outage
from applications.models.event import Event
from applications.models.group import GroupBatch, GroupVisit, UnitList
from applications.models.problem import Approval, ContactLog, ProblemItem, ReturnNote
from applications.models.product import ChecklistItem, CustomerGroup, Product, ReasonCode
from applications.models.recount import Recount, StaleClock
from applications.models.sheet import CaseWarning, CreditCheck, EntryRecord, FactIndex, KeyDifference

__all__ = [
    "Applicant",
    "Application",
    "Approval",
    "Bag",
    "BagIncident",
    "BagItem",
    "CardStatusImport",
    "CardStatusRow",
    "CaseClock",
    "CaseWarning",
    "ChecklistItem",
    "ClockInterval",
    "ClockPolicy",
    "Coaching",
    "ContactLog",
    "CreditCheck",
    "Custody",
    "CustomerGroup",
    "Document",
    "EntryRecord",
    "Event",
    "FactIndex",
    "GroupBatch",
    "GroupVisit",
    "KeyDifference",
    "Outage",
    "Performer",
    "ProblemItem",
    "Product",
    "ReasonCode",
    "Recount",
    "ReturnNote",
    "Seal",
    "StaleClock",
    "UnitList",
]  # fmt: skip
