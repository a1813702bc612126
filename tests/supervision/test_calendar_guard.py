"""The calendar's table as the last guardian: a day changes through what two people have approved, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from django.db import DatabaseError, connection, transaction

from organization.models import CalendarDay
from organization.services.calendar import change_days, install_days
from supervision.services.calendar import discard_change
from tests.supervision.conftest import Bank
from tests.supervision.test_calendar_changes import FRIDAY, change, draft, free

pytestmark = pytest.mark.django_db
MONDAY = date(2026, 11, 30)
UPDATE = "UPDATE organization_calendarday SET {} WHERE \"on\" = '{}'"


def refused(act: Callable[[], object], because: str) -> None:
    with pytest.raises(DatabaseError, match=because):
        committed(act)


@transaction.atomic
def committed(act: Callable[[], object]) -> None:
    act()
    settle()


def sql(statement: str) -> Callable[[], None]:
    def act() -> None:
        with connection.cursor() as cursor:
            cursor.execute(statement)

    return act


def settle() -> None:
    """What is looked at when a transaction ends is looked at now."""
    sql("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")()


def test_sql_turns_no_day_that_nobody_has_approved(bank: Bank) -> None:
    change(bank, free(FRIDAY))
    draft(bank, free(MONDAY))
    settle()
    for said in ("is_workday = FALSE", "name = '停业'", "source = '口头通知'", "\"on\" = '2031-01-01'"):
        refused(sql(UPDATE.format(said, MONDAY)), because="is not what two people have approved")
    refused(sql(UPDATE.format("is_workday = TRUE, name = ''", FRIDAY)), because="not what two people have approved")
    refused(lambda: change_days(days=[free(MONDAY)], source="管理部门通知"), because="not what two people")


def test_a_draft_that_was_discarded_turns_no_day(bank: Bank) -> None:
    gone = draft(bank, free(MONDAY))
    discard_change(change=gone.pk, actor=bank.people.mgt, at=gone.drafted_at)
    refused(lambda: change_days(days=[free(MONDAY)], source=gone.source), because="not what two people have approved")


def test_of_two_changes_the_newer_one_holds(bank: Bank) -> None:
    change(bank, free(FRIDAY, "停业"))
    newer = change(bank, free(FRIDAY, "停业一天"))
    settle()
    assert CalendarDay.objects.get(on=FRIDAY).name == "停业一天"
    older = [free(FRIDAY, "停业")]
    refused(lambda: change_days(days=older, source=newer.source), because="not what two people have approved")


def test_no_day_is_taken_out(bank: Bank) -> None:
    refused(CalendarDay.objects.filter(on=MONDAY).delete, because="never changed or removed")
    live = "SET CONSTRAINTS ALL IMMEDIATE; SET LOCAL ops.may_truncate = 'off';"  # as in a real bank
    refused(sql(f"{live} TRUNCATE organization_calendarday"), because="never changed or removed")


def test_a_year_that_nobody_has_approved_may_come_with_the_system_once(bank: Bank) -> None:
    day = date(2027, 1, 4)
    assert install_days(days=[(day, True, "")], source="chinesecalendar") == 1
    assert install_days(days=[(day, False, "元旦")], source="chinesecalendar") == 0
    settle()
    assert CalendarDay.objects.get(on=day).is_workday
