"""The recounts of changes of the calendar and of outages are brought to their end, and people hear of it once."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from applications.models import Outage, Recount
from applications.services.recounts import run
from ops_center.clock import local_day
from organization.models import CalendarChange, Employee
from organization.roles import Role
from organization.services.audit import record
from organization.services.inbox import tell
from supervision.services.notices import NAMED

WATCHERS = (Role.SUP, Role.TR, Role.MGT)
MENDERS = (Role.SUP, Role.ADM)
ALARM_AFTER = timedelta(hours=1)  # in which it was tried each minute


def go_on(*, at: datetime) -> dict[str, int]:
    """Reckons what is stale, whoever has begun it, and tells of what has come to its end and what cannot be
    reckoned. Returns how many deadlines moved."""
    outstanding = list(Recount.objects.filter(finished_at=None).order_by("begun_at").values_list("pk", flat=True))
    moved = sum(run(recount, at=at) for recount in outstanding)
    tell_of_ends(at=at)
    alarm_of_broken(at=at)
    return {"moved": moved}


@transaction.atomic
def alarm_of_broken(*, at: datetime) -> None:
    """Tells supervisors and administrators, once per recount, of clocks that could not be reckoned for an hour."""
    stuck = Recount.objects.filter(finished_at=None, alarmed_at=None, stale__broken_at__lte=at - ALARM_AFTER)
    for recount in Recount.objects.filter(pk__in=stuck.values("pk")).select_for_update(skip_locked=True):
        broken = recount.broken()
        tell(
            Employee.objects.holding(*MENDERS, on=local_day(at)), kind="recount_stuck", at=at, about="/rules/jobs/",
            count=len(broken), numbers=[row.clock.application.number for row in broken[:NAMED]],
        )  # fmt: skip
        recount.alarmed_at = at
        recount.save(update_fields=["alarmed_at"])


@transaction.atomic
def tell_of_ends(*, at: datetime) -> None:
    """Tells supervisors, trackers and management, and the audit log, what recounts that have ended brought about."""
    ended = Recount.objects.filter(told_at=None, finished_at__isnull=False).order_by("pk")
    for recount in ended.select_for_update(of=("self",), skip_locked=True).select_related(
        "change", "outage__declared_by"
    ):
        if recount.change is not None:
            _tell_of_change(recount, recount.change, at=at)
        elif recount.outage is not None:
            tell_of_outage(recount.outage, recount, at=at)
        recount.told_at = at
        recount.save(update_fields=["told_at"])


def _tell_of_change(recount: Recount, change: CalendarChange, *, at: datetime) -> None:
    figures: dict[str, Any] = {"moved": recount.moved, "overdue": recount.overdue, "relieved": recount.relieved}
    record(
        action="recount_clocks", at=at, subject=str(change.year), clocks=recount.total, exempt=recount.exempt, **figures
    )  # fmt: skip
    tell(_watchers(at), kind="calendar_changed", at=at, about=f"/calendar/?year={change.year}", year=str(change.year),
         days=recount.days, **figures)  # fmt: skip


def tell_of_outage(outage: Outage, recount: Recount | None, *, at: datetime) -> None:
    """What an outage did to the clocks; ``recount``: ``None`` where it has touched none, such as of one that lies
    ahead."""
    figures: dict[str, Any] = {
        "clocks": recount.total if recount else 0, "relieved": recount.relieved if recount else 0,
    }  # fmt: skip
    record(action="recount_clocks", at=at, subject=f"outage {outage.pk}", **figures)
    tell(_watchers(at), kind="outage_declared", at=at, about="/outages/", person=outage.declared_by.name,
         since=outage.since.isoformat(), until=outage.until.isoformat(), reason=outage.reason, **figures)  # fmt: skip


def tell_of_withdrawal(outage: Outage, *, actor: Employee, at: datetime) -> None:
    """Who was told of an outage ahead hears that it does not come."""
    tell(_watchers(at), kind="outage_withdrawn", at=at, about="/outages/", person=actor.name,
         since=outage.since.isoformat(), until=outage.until.isoformat(), reason=outage.reason)  # fmt: skip


def _watchers(at: datetime) -> list[Employee]:
    return list(Employee.objects.holding(*WATCHERS, on=local_day(at)))
