"""The watch over complaints: what runs out soon and what is overdue, told once per deadline; handlers who may no longer
be.

The job looks at sets; the row of the ticket's own story is what remembers that it was told (unique per deadline). A
complaint that is given more time has a new deadline, and is warned of it anew.
"""

from __future__ import annotations

from datetime import datetime

from django.db import connection, transaction

from organization.models import Employee
from organization.roles import Role
from supervision.models import Complaint, ComplaintAct, ComplaintEvent
from supervision.services.complaint_news import tell_of, tell_of_deadline
from supervision.services.complaint_people import unconcerned

# act → which tickets, and the deadline that it is about
_RUNS_OUT = {
    ComplaintAct.REPLY_SOON: ("reply_by", "replied_at IS NULL AND reply_warn_at <= %(at)s AND reply_by >= %(at)s"),
    ComplaintAct.REPLY_LATE: ("reply_by", "replied_at IS NULL AND reply_by < %(at)s"),
    ComplaintAct.CLOSE_SOON: ("close_by", "close_warn_at <= %(at)s AND close_by >= %(at)s"),
    ComplaintAct.CLOSE_LATE: ("close_by", "close_by < %(at)s"),
}
_NOTE = """
    INSERT INTO supervision_complaintevent (complaint_id, act, at, text, facts, due_at)
    SELECT id, %(act)s, %(at)s, '', '{{}}', {due} FROM supervision_complaint WHERE closed_at IS NULL AND {which}
    ON CONFLICT DO NOTHING
    RETURNING complaint_id
"""
_RELIEVE = """
    UPDATE supervision_complaint c SET handler_id = NULL, version = c.version + 1
    FROM (SELECT t.id, t.handler_id FROM supervision_complaint t
          JOIN applications_application a ON a.id = t.application_id
          WHERE t.closed_at IS NULL AND t.handler_id IS NOT NULL
            AND (t.handler_id IN (a.referrer_id, a.collector_id) OR EXISTS (
                SELECT FROM applications_performer p
                WHERE p.application_id = a.id AND p.employee_id = t.handler_id))
          FOR UPDATE OF t SKIP LOCKED) before
    WHERE c.id = before.id
    RETURNING c.id, before.handler_id
"""


@transaction.atomic
def relieve_concerned(*, at: datetime) -> int:
    """Takes open complaints from handlers who have worked on the case since they were named, and asks the supervisors
    for another; returns how many. Until then the acts refuse them (``why_concerned``)."""
    with connection.cursor() as cursor:
        cursor.execute(_RELIEVE)
        before: dict[int, int] = dict(cursor.fetchall())
    people = Employee.objects.in_bulk(before.values())
    for row in Complaint.objects.filter(pk__in=before).with_facts().order_by("pk"):
        person = people[before[row.pk]]
        ComplaintEvent.objects.create(
            complaint=row, act=ComplaintAct.RELIEVE, at=at, text=f"{person.name} {person.number}",
            facts={"from": person.number},
        )  # fmt: skip
        told = unconcerned(row, Role.SUP, at=at)
        tell_of(told, row, kind="complaint_unhandled", at=at, due=row.due_at, person=person.name)
    return len(before)


@transaction.atomic
def watch_complaints(*, at: datetime) -> dict[str, int]:
    """Tells handlers of what runs out, and the supervisors too of what has; returns how many tickets by act. Who has
    become concerned is no longer a handler."""
    counts = {"relieved": relieve_concerned(at=at)}
    for act, (due, which) in _RUNS_OUT.items():
        with connection.cursor() as cursor:
            cursor.execute(_NOTE.format(due=due, which=which), {"act": act.value, "at": at})
            fresh = [row[0] for row in cursor.fetchall()]
        counts[act.value.lower()] = len(fresh)
        late = act in (ComplaintAct.REPLY_LATE, ComplaintAct.CLOSE_LATE)
        for complaint in Complaint.objects.filter(pk__in=fresh).with_facts().order_by("pk"):
            tell_of_deadline(complaint, act, watchers=(Role.SUP,) if late else (), due=getattr(complaint, due), at=at)
    return counts
