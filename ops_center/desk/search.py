"""The search of the top bar: by numbers in the address; by a client's own values only in a form, and logged."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Q
from django.utils.translation import gettext as _

from applications.models import Application, Bag
from applications.services.bags import bags_visible_to
from applications.sight import sees_client
from ops_center.kernel.errors import Malformed
from ops_center.kernel.identity import looks_personal
from organization.models import Employee

SHOWN = 20  # of each kind
_NUMBER = re.compile(r"[A-Z0-9-]{1,24}")


@dataclass(frozen=True, slots=True)
class Found:
    """What a number matches, within one person's sight."""

    cases: list[Application] = field(default_factory=list)
    bags: list[Bag] = field(default_factory=list)
    people: list[Employee] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.cases or self.bags or self.people)


def by_number(text: str, *, actor: Employee, at: datetime) -> Found:
    """Cases by number, inquiry code, campaign or group batch, bags by number, colleagues by employee number; of a
    number the beginning is enough.

    Malformed for what is, or may be, a client's own value: it would stand in an address.
    """
    number = text.strip().upper()
    if not number:
        return Found()
    if looks_personal(number) or not _NUMBER.fullmatch(number):
        raise Malformed(
            "personal_search",
            _(
                "This field takes numbers only: of an application, a bag or an employee. Search for a client by ID "
                "number, mobile or name in the form below; such values never stand in an address, and the search is "
                "logged."
            ),
        )
    in_sight = Application.objects.visible_to(actor, at).with_people().order_by("-id")
    cases = list(in_sight.filter(Q(number__startswith=number) | Q(status_code=number))[:SHOWN])
    if not cases:
        cases = list(in_sight.filter(Q(campaign=number) | Q(group_batch__code=number))[:SHOWN])  # no index: asked last
    people = Employee.objects.active().filter(number__startswith=number).select_related("branch")
    return Found(
        cases=cases,
        bags=list(bags_visible_to(actor, at).filter(number__startswith=number).order_by("-id")[:SHOWN]),
        people=list(people.prefetch_related("roles").order_by("number")[:SHOWN]),
    )


def shown_clients(cases: list[Application], *, actor: Employee, at: datetime) -> frozenset[int]:
    """Of which of these cases the masked client is shown."""
    return frozenset(case.pk for case in cases if sees_client(case, employee=actor, at=at))
