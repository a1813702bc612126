"""Cuts through the cases, named so that they read after "cases that are …"."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.db import models
from django.db.models import Count, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from applications.lifecycle import FINISHED, QUEUES, EntryMode, State
from ops_center.clock import SHANGHAI, local_day
from organization.models import Employee
from organization.roles import Role

if TYPE_CHECKING:
    from applications.models import Application, CaseClock, GroupBatch  # noqa: F401  named in the generic bases


SEES_ALL = frozenset({Role.TR, Role.SUP, Role.AUD})
AFTER_SALES_DAYS = 15  # so long a client who activated alone may still be coached (T24)
MEMBERS = ("GROUP", "OFFICIAL")  # the customer groups of a group batch
MARKED_AS_TEXT = Q(group_batch=None, customer_group__in=MEMBERS) & ~Q(campaign="")  # from before batches were kept
REACHED = {"applied": "taken_in_at", "approved": "approved_at", "activated": "activated_at"}  # a member's stamps
IN_BRANCH_CUSTODY = (State.TAKEN_IN, State.BAGGED, State.IN_TRANSIT, State.RETURNED)


def is_lead_for(employee: Employee) -> Q:
    """Leads that this collector may accept: of the own areas, and those from the center, which belong to none."""
    return Q(state=State.REFERRED) & (Q(area__in=employee.lead_areas()) | Q(area=None))


class ApplicationQuerySet(models.QuerySet["Application"]):
    def visible_to(self, employee: Employee, at: datetime) -> ApplicationQuerySet:
        """The cases that are this person's to see (permission matrix, domain section 2). What is not here is a 404."""
        roles = employee.role_codes(local_day(at))
        if roles & SEES_ALL:
            return self
        if not employee.is_active:
            return self.none()
        me, home = employee.pk, employee.branch_id
        # Own referrals, own collections, and what the person holds right now.
        sight = Q(referrer=me) | Q(collector=me) | Q(claimed_by=me, claimed_until__gt=at)
        if roles & {Role.CM, Role.CS}:
            sight |= is_lead_for(employee)
        if Role.BH in roles:
            sight |= Q(branch=home) | Q(host_branch=home) | Q(referrer__branch=home)
        if Role.BAG in roles:
            sight |= Q(state__in=IN_BRANCH_CUSTODY) & (Q(branch=home) | Q(host_branch=home))
        if Role.RCV in roles:
            sight |= Q(state=State.IN_TRANSIT)
        if roles & {Role.RCV, Role.CC, Role.EC, Role.ER, Role.AS}:
            sight |= Q(pk__in=_handled_today(employee, at))
        if Role.AS in roles:
            fresh = at - timedelta(days=AFTER_SALES_DAYS)
            sight |= Q(state__in=[State.ISSUED, State.COLLECTED]) | Q(state=State.PROBLEM, resume_state=State.ISSUED)
            sight |= Q(state=State.ACTIVATED, collected_at=None, activated_at__gt=fresh)
        return self.filter(sight)

    def open(self) -> ApplicationQuerySet:
        return self.exclude(state__in=FINISHED)

    def overdue(self, at: datetime) -> ApplicationQuerySet:
        """Cases whose earliest running clock is past due: true without any sweep (rule K9)."""
        return self.filter(due_at__lt=at)

    def waiting_in(self, queue: str, at: datetime) -> ApplicationQuerySet:
        """Cases that wait in a work queue of the center and that nobody holds."""
        cases = self.filter(state__in=QUEUES[queue].states, awaits_arbitration=False, freeze="").filter(
            Q(claimed_until=None) | Q(claimed_until__lte=at)
        )
        if queue in ("check", "entry"):
            cases = cases.exclude(entry_mode=EntryMode.SELF)
        return cases

    def of_groups(self) -> ApplicationQuerySet:
        """Members of group batches, with the batch's code."""
        return self.annotate(batch_code=Coalesce("group_batch__code", "campaign")).filter(
            Q(group_batch__isnull=False) | MARKED_AS_TEXT
        )

    def of_group(self, code: str) -> ApplicationQuerySet:
        """The members of one."""
        return self.filter(Q(group_batch__code=code) | MARKED_AS_TEXT & Q(campaign=code))

    def with_people(self) -> ApplicationQuerySet:
        """With all that a line of a list shows: one query."""
        return self.select_related(
            "product", "branch", "host_branch", "referrer", "collector", "claimed_by", "applicant"
        )


def _handled_today(employee: Employee, at: datetime) -> models.QuerySet[Any, Any]:
    """Own finished work of the day: the cases with an event of this person since midnight."""
    events = apps.get_model("applications", "Event")._default_manager
    midnight = datetime.combine(local_day(at), time(), SHANGHAI)
    return events.filter(actor=employee, at__gte=midnight, at__lte=at).values("application_id")


class CaseClockQuerySet(models.QuerySet["CaseClock"]):
    def running(self) -> CaseClockQuerySet:
        return self.filter(stopped_at=None, paused_at=None)

    def overdue(self, at: datetime) -> CaseClockQuerySet:
        return self.running().filter(due_at__lt=at)

    def of_own_cases(self) -> CaseClockQuerySet:
        """Of running clocks those whose case is not from before the system. Asked the other way round, as a running
        clock means a deadline of its case: those few cases have an index of their own."""
        cases = apps.get_model("applications", "Application")._default_manager
        old = cases.filter(pk=models.OuterRef("application"), is_imported=True, due_at__isnull=False)
        return self.filter(~models.Exists(old))


class GroupBatchQuerySet(models.QuerySet["GroupBatch"]):
    def visible_to(self, employee: Employee, at: datetime) -> GroupBatchQuerySet:
        """All of them for who watches the bank, those of the own branch for its customer managers and its head."""
        roles = employee.role_codes(local_day(at))
        if roles & (SEES_ALL | {Role.MGT}):
            return self
        return self.filter(branch=employee.branch_id) if roles & {Role.CM, Role.BH} else self.none()

    def with_figures(self) -> GroupBatchQuerySet:
        """With how many of its people have applied, were approved and have activated their card."""
        members = apps.get_model("applications", "Application")._default_manager.order_by().values("group_batch")
        counts = members.filter(group_batch=OuterRef("pk")).annotate(found=Count("pk")).values("found")
        return self.annotate(
            **{
                name: Coalesce(Subquery(counts.filter(**{f"{stamp}__isnull": False})), 0)
                for name, stamp in REACHED.items()
            }
        )

    def open(self) -> GroupBatchQuerySet:
        return self.filter(closed_at=None)

    def with_people(self) -> GroupBatchQuerySet:
        return self.select_related("branch", "host", "opened_by", "closed_by")
