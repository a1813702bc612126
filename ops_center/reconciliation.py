"""对账: every night all invariants are asked, the answer is kept, and who has to act on what is broken is told.

One run is a ``JobRun`` of the name ``RUN``: check → how many of its cases or papers are broken, written after each
check, so that the page shows how far it is. What is broken is named in the audit log, which keeps it for good.
"""

from __future__ import annotations

from datetime import datetime, time

from ops_center.clock import SHANGHAI, local_day
from ops_center.invariants import CHECKS
from organization.models import Employee, JobRun
from organization.roles import Role
from organization.services.audit import record
from organization.services.inbox import tell
from organization.services.jobs import Counts

RUN = "reconciliation"
BROKEN = "invariant_broken"  # the audit record of one broken check
BEGINS = time(2, 0)  # in Shanghai, when the day's work is done
TOLD = (Role.ADM, Role.SUP)


def reconcile_nightly(*, at: datetime) -> Counts:
    """The run of a night, from 02:00 on; nothing when that of today has ended. Counts ``checks`` and ``broken``."""
    begins = datetime.combine(local_day(at), BEGINS, SHANGHAI)
    done = JobRun.objects.filter(name=RUN, started_at__gte=begins, started_at__lte=at, ended_at__isnull=False, error="")
    return {} if at < begins or done.exists() else reconcile(at=at)


def reconcile(*, at: datetime, actor: Employee | None = None) -> Counts:
    """Asks every invariant, and tells administrators and supervisors how many are broken."""
    run = JobRun.objects.create(name=RUN, started_at=at)
    broken: dict[str, list[str]] = {}
    try:
        for check in CHECKS:
            if found := check.broken():
                broken[check.name] = found
            run.counts[check.name] = len(found)
            run.save(update_fields=["counts"])
    except Exception as error:
        run.error = type(error).__name__
        raise
    finally:
        run.ended_at = at
        run.save(update_fields=["ended_at", "error"])
    record(action="reconcile", at=at, actor=actor, checks=len(CHECKS), broken=len(broken))
    for name, numbers in broken.items():
        record(action=BROKEN, at=at, actor=actor, check=name, cases=numbers)
    if broken:
        people = Employee.objects.holding(*TOLD, on=local_day(at))
        tell(people, kind="invariants_broken", at=at, about="/reports/reconciliation/", count=len(broken))
    return {"checks": len(CHECKS), "broken": len(broken)}
