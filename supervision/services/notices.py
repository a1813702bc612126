"""Who hears about a clock: the people who answer for it, and the people who watch over them.

News come to people in their working hours only (organization/services/telling.py). What falls due at another time waits
as a row per person (``Untold``) and goes out with the first pass after their day has begun; whoever has several things
to hear of one kind hears them in one message.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils import translation

from applications.lifecycle import Clock
from applications.models import CaseClock
from ops_center.clock import local_day
from organization.models import Employee, Message
from organization.roles import Role
from organization.services.telling import who_may_be_told
from supervision.models import Untold
from supervision.querysets import LIFTED_OUTCOMES

NAMED = 5  # so many cases are named in a list of news; the page behind it shows all
News = Untold.News

# What each kind of news is called in the inbox: of one clock, of several, and the page behind several. Who watches
# over others always gets the list.
WORDS: Mapping[str, tuple[str, str, str]] = {
    News.WARNING: ("clock_warning", "clock_warnings", "/"),
    News.BREACH: ("breach", "breaches", "/breaches/?show=mine"),
    News.OVERDUE: ("overdue", "overdue_several", "/"),
    News.FOUND: ("", "breaches_found", "/boards/overdue/"),
    News.SUPERVISOR: ("", "escalated_supervisor", "/boards/overdue/"),
    News.MANAGEMENT: ("", "escalated_management", "/boards/overdue/"),
}


def clock_word(kind: str) -> dict[str, str]:
    """The name of a clock as a fact of a message: translated when it is read (organization/messages.py)."""
    with translation.override(None):
        return {"word": str(Clock(kind).label), "of": "clock"}


class Answering:
    """Who answers for a clock: its person; else, for a branch, the head and the role it names; else nobody yet (it
    waits in a queue). People of a branch are read once per pass."""

    def __init__(self, at: datetime) -> None:
        self.on = local_day(at)
        self._of_branch: dict[tuple[int, str], list[int]] = {}

    def people(self, *, owner: int | None, branch: int | None, role: str) -> list[int]:
        if owner is not None:
            return [owner]
        if branch is None:
            return []
        key = (branch, role)
        if key not in self._of_branch:
            staff = Employee.objects.filter(branch=branch).holding(Role.BH, *([role] if role else []), on=self.on)
            self._of_branch[key] = list(staff.values_list("pk", flat=True))
        return self._of_branch[key]

    def of(self, clock: CaseClock) -> list[int]:
        return self.people(owner=clock.owner_id, branch=clock.owner_branch_id, role=clock.owner_role)


# -- what is to be told ------------------------------------------------------------------------------------------------
_BRANCHES = """
    SELECT DISTINCT owner_branch_id, owner_role FROM applications_caseclock
    WHERE id = ANY(%(clocks)s) AND owner_id IS NULL AND owner_branch_id IS NOT NULL
"""
_FOR_THE_ANSWERING = """
    INSERT INTO supervision_untold (employee_id, clock_id, news)
    SELECT coalesce(c.owner_id, p.employee_id), c.id, %(news)s
    FROM applications_caseclock c
    LEFT JOIN unnest(%(branches)s::bigint[], %(roles)s::text[], %(people)s::bigint[]) AS p(branch_id, role, employee_id)
           ON c.owner_id IS NULL AND p.branch_id = c.owner_branch_id AND p.role = c.owner_role
    WHERE c.id = ANY(%(clocks)s) AND coalesce(c.owner_id, p.employee_id) IS NOT NULL
    ON CONFLICT (employee_id, clock_id, news) DO NOTHING
"""
_FOR_THE_WATCHING = """
    INSERT INTO supervision_untold (employee_id, clock_id, news)
    SELECT p.employee_id, c.clock_id, %(news)s
    FROM unnest(%(clocks)s::bigint[]) AS c(clock_id) CROSS JOIN unnest(%(people)s::bigint[]) AS p(employee_id)
    ON CONFLICT (employee_id, clock_id, news) DO NOTHING
"""


def for_the_answering(clocks: list[int], news: News, *, at: datetime) -> None:
    """Everybody who answers for one of these clocks is to hear of it."""
    if not clocks:
        return
    with connection.cursor() as cursor:
        cursor.execute(_BRANCHES, {"clocks": clocks})
        answering, rows = Answering(at), []
        for branch, role in cursor.fetchall():
            rows += [(branch, role, person) for person in answering.people(owner=None, branch=branch, role=role)]
        branches, roles, people = (list(column) for column in zip(*rows, strict=True)) if rows else ([], [], [])
        cursor.execute(
            _FOR_THE_ANSWERING,
            {"clocks": clocks, "news": news, "branches": branches, "roles": roles, "people": people},
        )


def for_the_watching(clocks: list[int], news: News, *roles: Role, at: datetime) -> None:
    """Everybody in one of these roles is to hear of these clocks."""
    people = list(Employee.objects.holding(*roles, on=local_day(at)).values_list("pk", flat=True))
    if clocks and people:
        with connection.cursor() as cursor:
            cursor.execute(_FOR_THE_WATCHING, {"clocks": clocks, "news": news, "people": people})


# -- the telling -------------------------------------------------------------------------------------------------------
# What is paused, or whose warning has moved ahead, goes on waiting. What has been done, handed on, explained or lifted
# since it fell due is no news any more, and goes without a word. Who hears of a breach when its window has closed is
# not told to explain it.
_TAKE = """
    WITH taken AS (
        DELETE FROM supervision_untold u USING applications_caseclock c
        WHERE u.employee_id = ANY(%(people)s) AND c.id = u.clock_id
          AND NOT (c.stopped_at IS NULL AND u.news IN ('WARNING', 'SUPERVISOR', 'MANAGEMENT')
                   AND (c.paused_at IS NOT NULL OR u.news = 'WARNING' AND c.warn_at > %(at)s))
        RETURNING u.employee_id, u.news, u.clock_id
    ), news AS (
        SELECT t.employee_id, CASE WHEN t.news = 'BREACH' AND b.file_by < %(at)s THEN 'OVERDUE' ELSE t.news END AS news,
               c.kind, c.due_at, a.number, b.id AS breach, b.file_by
        FROM taken t JOIN applications_caseclock c ON c.id = t.clock_id
        JOIN applications_application a ON a.id = c.application_id
        LEFT JOIN supervision_breach b ON b.clock_id = c.id
        LEFT JOIN supervision_justification j ON j.breach_id = b.id
        WHERE CASE t.news
            WHEN 'WARNING' THEN c.stopped_at IS NULL AND c.due_at >= %(at)s
                                AND (c.owner_id IS NULL OR c.owner_id = t.employee_id)
            WHEN 'SUPERVISOR' THEN c.stopped_at IS NULL AND c.due_at < %(at)s
            WHEN 'MANAGEMENT' THEN c.stopped_at IS NULL AND c.due_at < %(at)s
            ELSE j.id IS NULL AND c.outcome <> ALL(%(lifted)s) AND (c.stopped_at IS NOT NULL OR c.due_at < %(at)s)
        END
    )
    SELECT employee_id, news, count(*), (array_agg(number ORDER BY due_at, number))[1:%(named)s], min(due_at),
           min(file_by), (array_agg(kind ORDER BY due_at, number))[1], (array_agg(breach ORDER BY due_at, number))[1]
    FROM news GROUP BY employee_id, news ORDER BY employee_id, news
"""


@transaction.atomic
def tell_waiting(*, at: datetime) -> int:
    """Tells everybody who may be told now what has fallen due for them, in one message per person and kind of news;
    returns how many messages were written."""
    waiting = set(Untold.objects.order_by().values_list("employee_id", flat=True).distinct())
    people = who_may_be_told(at, waiting) if waiting else set()
    if not people:
        return 0
    facts: dict[str, Any] = {
        "people": sorted(people), "at": at, "lifted": [str(name) for name in LIFTED_OUTCOMES], "named": NAMED,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, facts)
        messages = [_message(*row, at=at) for row in cursor.fetchall()]
    Message.objects.bulk_create(messages, batch_size=1_000)
    return len(messages)


def _message(
    employee: int, news: str, count: int, numbers: Collection[str], due_at: datetime, file_by: datetime | None,
    kind: str, breach: int | None, *, at: datetime,
) -> Message:  # fmt: skip
    """The sentence about one clock, or the list; times are the earliest."""
    of_one, of_several, page = WORDS[news]
    facts: dict[str, Any] = {"due": due_at.isoformat()}
    if file_by is not None:
        facts["file_by"] = file_by.isoformat()
    if count > 1 or not of_one:
        facts |= {"count": count, "numbers": list(numbers)}
        return Message(employee_id=employee, kind=of_several, facts=facts, about=page, at=at)
    [number] = numbers
    facts |= {"number": number, "clock": clock_word(kind)}
    about = f"/applications/{number}/" if breach is None else f"/breaches/{breach}/"
    return Message(employee_id=employee, kind=of_one, facts=facts, about=about, at=at)
