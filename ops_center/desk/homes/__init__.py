"""The first sight in the morning, role by role (domain section 10). One small function per role; see ``parts``."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from ops_center.desk.homes import branch, center, house
from ops_center.desk.homes.parts import Morning, Section
from organization.models import Employee
from organization.roles import Role

# In the order in which the sections of a person with several roles stand: the main work first.
HOMES: dict[Role, Callable[[Morning], Section]] = {
    Role.SUP: center.supervisor,
    Role.TR: center.tracker,
    Role.CC: center.checker,
    Role.EC: center.keyer,
    Role.ER: center.reviewer,
    Role.AS: center.after_sales,
    Role.RCV: center.receiver,
    Role.CPL: center.complaints,
    Role.BH: branch.branch_head,
    Role.CM: branch.customer_manager,
    Role.CS: branch.card_center,
    Role.BAG: branch.sealer,
    Role.MGT: house.management,
    Role.HR: house.human_resources,
    Role.AUD: house.audit,
    Role.VND: house.outsourcing,
    Role.ADM: house.administration,
    Role.EMP: branch.employee,
}


def sections_for(employee: Employee, *, at: datetime) -> list[Section]:
    """The sections of this person's home, the main role's first."""
    morning = Morning(me=employee, at=at)
    return [home(morning) for role, home in HOMES.items() if role in morning.roles]
