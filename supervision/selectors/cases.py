"""What supervision knows of one case, for the case page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from applications.models import Application
from ops_center.clock import local_day
from organization.models import Employee
from supervision.models import Breach, Standing, Urge
from supervision.services.justifications import standing
from supervision.services.urging import MAY_URGE


@dataclass(frozen=True, slots=True)
class Oversight:
    """The breaches of a case that a person may see, the urges, and whether this person may urge."""

    breaches: Sequence[tuple[Breach, Standing]]
    urges: Sequence[Urge]
    may_urge: bool


def oversight_of(case: Application, *, employee: Employee, at: datetime) -> Oversight:
    breaches = Breach.objects.visible_to(employee, at).filter(application=case).with_facts()
    return Oversight(
        breaches=[(breach, standing(breach, at)) for breach in breaches],
        urges=list(Urge.objects.filter(application=case).select_related("by")),
        may_urge=case.is_open and employee.has_role(*MAY_URGE, on=local_day(at)),
    )
