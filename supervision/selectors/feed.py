"""The feed of successes: the words of each are made when it is read, in the reader's language."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from ops_center.clock import local_day
from organization.models import Employee
from organization.roles import Role
from supervision.models import Broadcast


def shown_name(person: Employee, *, reader: Employee) -> str:
    """The name as a board or the feed shows it: who hides it goes by the last two digits of the employee number, except
    to oneself."""
    if not person.hides_name or person.pk == reader.pk:
        return person.name
    return _("No. …%(last)s") % {"last": person.number[-2:]}


@dataclass(frozen=True, slots=True)
class Success:
    """One line of the feed, and what this reader may add to it."""

    row: Broadcast
    text: str
    is_mine: bool
    may_cheer: bool


def feed() -> QuerySet[Broadcast, Broadcast]:
    return Broadcast.objects.select_related("person", "branch")


def told(row: Broadcast, *, reader: Employee, at: datetime) -> Success:
    is_head = Role.BH in reader.role_codes(local_day(at)) and row.branch_id == reader.branch_id
    return Success(row, _sentence(row, reader), row.person_id == reader.pk, is_head)


def _sentence(row: Broadcast, reader: Employee) -> str:
    """The template of domain section 11; never a client, never a number of a case."""
    facts = {
        "branch": row.branch.name,
        "name": shown_name(row.person, reader=reader),
        "product": row.facts["product"],
        "number": row.facts["number"],
        "batch": row.facts["batch"],
    }
    match row.reason:
        case Broadcast.Reason.GROUP:
            words = _("Congratulations to %(branch)s, %(name)s: group %(batch)s has %(number)s activated cards!")
        case Broadcast.Reason.RECORD:
            words = _("Congratulations to %(branch)s: %(number)s cards activated in one day, a record, by %(name)s!")
        case _any if row.facts["referred"]:
            words = _("Congratulations to %(branch)s, %(name)s: referred %(product)s, and the client has activated it!")
        case _any:
            words = _("Congratulations to %(branch)s, %(name)s: %(product)s taken in, and the client has activated it!")
    return words % facts
