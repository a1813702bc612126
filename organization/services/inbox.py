"""News for people, written in the transaction of what it tells."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from ops_center.kernel.errors import OutOfSight
from organization.models import Employee, Message
from organization.services.letters import post_news


def tell(people: Iterable[Employee | int | None], *, kind: str, at: datetime, about: str = "", **facts: Any) -> int:
    """Writes one message per person; nobody is told twice by one call. Facts are numbers, codes and times.

    ``about`` is the path of the page that the message opens. The words are made from ``kind`` when it is read
    (organization/messages.py). Returns how many were written.
    """
    ids = {person.pk if isinstance(person, Employee) else person for person in people if person is not None}
    rows = [Message(employee_id=pk, kind=kind, facts=facts, about=about, at=at) for pk in sorted(ids)]
    Message.objects.bulk_create(rows)
    post_news(rows)
    return len(rows)


@transaction.atomic
def tell_once(people: Iterable[int], *, kind: str, at: datetime, about: str = "", **facts: Any) -> int:
    """Like ``tell``, but who has not read an earlier message of this kind gets that one renewed instead of a second.
    Returns how many were told."""
    ids = set(people)
    unread = Message.objects.filter(employee__in=ids, kind=kind, read_at=None)
    reminded = set(unread.values_list("employee_id", flat=True))
    unread.update(facts=facts, about=about, at=at)
    tell(ids - reminded, kind=kind, at=at, about=about, **facts)
    return len(ids)


def tell_each(facts_of: Mapping[int, Mapping[str, Any]], *, kind: str, at: datetime, about: str = "") -> int:
    """Writes each person (by key) a message with facts of their own, all in one statement."""
    rows = [
        Message(employee_id=pk, kind=kind, facts=dict(facts), about=about, at=at)
        for pk, facts in sorted(facts_of.items())
    ]
    Message.objects.bulk_create(rows, batch_size=1_000)
    return len(rows)


def own_message(pk: int, *, employee: Employee) -> Message:
    """A message of this person; OutOfSight for any other."""
    found = Message.objects.filter(pk=pk, employee=employee).first()
    if found is None:
        raise OutOfSight("no_message", _("There is no such message in your inbox."))
    return found


@transaction.atomic
def mark_read(*, employee: Employee, at: datetime, message_id: int | None = None) -> int:
    """Marks one message of this person, or all of them, as read; returns how many were unread."""
    unread = Message.objects.filter(employee=employee, read_at=None)
    if message_id is not None:
        unread = unread.filter(pk=message_id)
    return unread.update(read_at=at)
