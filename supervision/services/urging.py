"""Pushing a case along (催办): a message to whoever has to act next, kept with the case."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction

from applications.lifecycle import FINISHED
from applications.models import Application, CaseClock
from ops_center.clock import local_day
from organization.models import Employee
from organization.roles import Role
from organization.services.inbox import tell
from supervision import errors
from supervision.models import Urge
from supervision.services.notices import Answering

AGAIN_AFTER = timedelta(hours=1)
MAY_URGE = (Role.CM, Role.CS, Role.BH, Role.TR, Role.SUP)


@transaction.atomic
def urge(*, number: str, actor: Employee, at: datetime, text: str) -> Urge:
    """Tells the people who answer for the case's next deadline; without a person, the supervisors. Refused within an
    hour after the same person's last urge of the case."""
    if not actor.has_role(*MAY_URGE, on=local_day(at)):
        raise errors.urge_role()
    case = Application.objects.visible_to(actor, at).filter(number=number).first()
    if case is None:
        raise errors.no_case()
    if case.state in FINISHED:
        raise errors.nobody_to_urge()
    Employee.objects.select_for_update(no_key=True).get(pk=actor.pk)  # of two urges at once the second sees the first
    last = Urge.objects.filter(application=case, by=actor, at__gt=at - AGAIN_AFTER).first()
    if last is not None:
        raise errors.urged_already(last)
    told = tell(
        set(_who_acts(case, at)) - {actor.pk}, kind="urged", at=at, about=f"/applications/{case.number}/",
        number=case.number, person=actor.name, text=text,
    )  # fmt: skip
    return Urge.objects.create(application=case, by=actor, text=text, told=told, at=at)


def _who_acts(case: Application, at: datetime) -> Iterable[int]:
    """The holder of the case, the people of its most pressing clock, else the supervisors of the center."""
    if case.is_claimed(at) and case.claimed_by_id is not None:
        return [case.claimed_by_id]
    answering = Answering(at)
    running = CaseClock.objects.filter(application=case, stopped_at=None, paused_at=None).order_by("due_at")
    for clock in running:
        people = answering.of(clock)
        if people:
            return people
    return [person.pk for person in Employee.objects.holding(Role.SUP, on=local_day(at))]
