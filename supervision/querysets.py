"""Cuts through breaches and complaints, named so that they read after "those that are …"."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F, Q

from applications.lifecycle import Outcome
from ops_center.clock import local_day
from organization.models import Employee
from organization.roles import Role

if TYPE_CHECKING:
    from supervision.models import Breach, Complaint  # noqa: F401  named below

# A clock that has ended so was not late after all: an outage was declared, a day or a stamp was corrected.
LIFTED_OUTCOMES = (Outcome.ON_TIME, Outcome.RETURNED_IN_TIME, Outcome.EXEMPT, Outcome.VOID)
SEES_ALL = frozenset({Role.TR, Role.SUP, Role.AUD})
# The clock has ended otherwise, or its deadline has been moved and lies ahead; one that was missed again has the
# breach's date (services/breaches.py).
IS_LIFTED = Q(clock__outcome__in=LIFTED_OUTCOMES) | Q(clock__stopped_at=None, clock__due_at__gt=F("due_at"))
HEARS_COMPLAINTS = frozenset({Role.CPL, Role.SUP, Role.AUD})


class BreachQuerySet(models.QuerySet["Breach"]):
    def visible_to(self, employee: Employee, at: datetime) -> BreachQuerySet:
        """Tracker, supervisor and audit see all; a branch head those of the branch; everybody the own ones."""
        roles = employee.role_codes(local_day(at))
        if roles & SEES_ALL:
            return self
        sight = Q(owner=employee) | Q(justification__filed_by=employee)
        if Role.BH in roles:
            home = employee.branch_id
            sight |= Q(branch=home) | Q(owner_branch=home) | Q(owner__branch=home)
        return self.filter(sight)

    def unsettled(self) -> BreachQuerySet:
        return self.filter(settled_at=None)

    def to_explain(self, at: datetime) -> BreachQuerySet:
        """No explanation yet, and still time to file one."""
        return self.unsettled().filter(justification=None, file_by__gte=at).exclude(IS_LIFTED)

    def answered_by(self, employee: Employee, at: datetime) -> BreachQuerySet:
        """Those that this person explains: the own ones, and for a head those of the branch as such."""
        own = Q(owner=employee)
        is_head = Role.BH in employee.role_codes(local_day(at))
        return self.filter(own | Q(owner=None, owner_branch=employee.branch_id) if is_head else own)

    def of_people_in(self, branch: int) -> BreachQuerySet:
        """Those that people of a branch, or the branch as such, answer for."""
        return self.filter(Q(owner__branch=branch) | Q(owner=None, owner_branch=branch))

    def to_decide(self) -> BreachQuerySet:
        return self.filter(justification__isnull=False, justification__decided_at=None).exclude(IS_LIFTED)

    def with_facts(self) -> BreachQuerySet:
        """With all that a line of a list shows: one query."""
        return self.select_related(
            "application__product", "clock__policy", "branch", "owner__branch", "owner_branch",
            "justification__filed_by", "justification__opinion_by", "justification__decided_by",
        )  # fmt: skip


class ComplaintQuerySet(models.QuerySet["Complaint"]):
    def visible_to(self, employee: Employee, at: datetime) -> ComplaintQuerySet:
        """Complaint handlers, supervisors and audit see all; nobody sees one against oneself."""
        roles = employee.role_codes(local_day(at))
        return self.exclude(against=employee) if roles & HEARS_COMPLAINTS else self.none()

    def open(self) -> ComplaintQuerySet:
        return self.filter(closed_at=None)

    def overdue(self, at: datetime) -> ComplaintQuerySet:
        """Open, and past the first reply that was not given or past the closing."""
        return self.open().filter(Q(replied_at=None, reply_by__lt=at) | Q(close_by__lt=at))

    def with_facts(self) -> ComplaintQuerySet:
        """With all that a line of the list and a ticket show: one query."""
        return self.select_related(
            "application__product", "application__branch", "application__applicant", "application__referrer",
            "application__collector", "against", "handler", "opened_by", "extended_by",
        )  # fmt: skip
