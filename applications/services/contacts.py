"""Contacts with the client: every try is recorded, the first one stops the contact clocks."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from applications import errors
from applications.lifecycle import Clock, State
from applications.models import Application, ContactLog
from applications.services.clocks import Ticking
from applications.services.engine import Ref, lock
from ops_center.clock import local_day
from ops_center.kernel.errors import Malformed, NotAllowed
from organization.models import Employee
from organization.roles import Role

STOPPED_BY_CONTACT = {
    State.ACCEPTED: Clock.REF_CONTACT,
    State.ISSUED: Clock.CONTACT,
    State.COLLECTED: Clock.CONTACT,
    State.PROBLEM: Clock.PROBLEM_ACT,
}


@transaction.atomic
def log_contact(
    *,
    case: Ref,
    actor: Employee,
    at: datetime,
    channel: str,
    result: str,
    note: str = "",
    promised_at: datetime | None = None,
) -> ContactLog:
    """One try to reach the client: by the collector, the after-sales officer or the tracker.

    ``promised_at`` goes with the result PROMISED and lies ahead. Malformed otherwise.
    """
    wrong = {}
    if channel not in ContactLog.Channel.values:
        wrong["channel"] = _("Choose a channel.")
    if result not in ContactLog.Result.values:
        wrong["result"] = _("Choose a result.")
    if (result == ContactLog.Result.PROMISED) != (promised_at is not None):
        wrong["promised_at"] = _("An agreed time goes with “agreed on a time”, and only with it.")
    elif promised_at is not None and promised_at <= at:
        wrong["promised_at"] = _("The agreed time lies ahead.")
    if wrong:
        raise Malformed("bad_contact", _("Please correct the marked fields."), wrong)
    contacted = lock(case)
    if not Application.objects.visible_to(actor, at).filter(pk=contacted.pk).exists():
        raise errors.out_of_sight()
    if contacted.collector_id != actor.pk and not actor.has_role(Role.AS, Role.TR, on=local_day(at)):
        raise NotAllowed(
            "wrong_role", _("Contacts are recorded by the collector, the after-sales officer or the tracker.")
        )
    entry = ContactLog.objects.create(
        application=contacted, channel=channel, result=result, note=note[:300], promised_at=promised_at, by=actor, at=at
    )
    kind = STOPPED_BY_CONTACT.get(State(contacted.state))
    if kind is not None and _answers_for(kind, contacted, actor=actor, at=at):
        clocks = Ticking(contacted, at=at)
        if clocks.stop(kind) is not None:
            clocks.settle()
            contacted.save(update_fields=["due_at", "warn_at", "due_clock"])
    return entry


def _answers_for(kind: Clock, case: Application, *, actor: Employee, at: datetime) -> bool:
    """Whose call it was to make: another person's contact is recorded and stops nothing."""
    is_collector = case.collector_id == actor.pk
    match kind:
        case Clock.REF_CONTACT:
            return is_collector
        case Clock.CONTACT:
            return is_collector if case.is_self_service else actor.has_role(Role.AS, on=local_day(at))
        case _:
            return actor.has_role(Role.TR, on=local_day(at))
