"""The sheets of a week are made when it has closed, and branch heads say a word to theirs."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Min
from django.utils.translation import gettext as _

from applications.models import Application
from ops_center.clock import local_day
from ops_center.kernel.errors import NotAllowed, OutOfSight
from organization.models import Area, Branch, Employee
from organization.roles import Role
from organization.services.audit import record
from organization.services.inbox import tell
from supervision.models import WeeklyNote, WeeklySheet
from supervision.periods import Week
from supervision.selectors.weekly import figures_of

LONGEST_NOTE = 300  # characters


def make_weekly_sheets(*, at: datetime) -> int:
    """Makes the sheets of all weeks that have closed and have none, from the first case on, each in a transaction of
    its own; returns how many were made. The heads of the area are asked for a word on the newest only."""
    last = Week.of(at).previous
    made = 0
    for area in Area.objects.order_by("code"):
        for week in _missing(area, last):
            made += _make(area, week, at=at, asks_heads=week == last)
    return made


@transaction.atomic
def write_note(*, monday: str, text: str, actor: Employee, at: datetime) -> WeeklyNote:
    """What a branch head says to the week of the own branch; said again, it replaces the note before, which the audit
    log keeps."""
    if Role.BH not in actor.role_codes(local_day(at)):
        raise NotAllowed("note_role", _("The head of the branch writes the note to the week."))
    week = Week.read(monday, at=at)
    sheet = WeeklySheet.objects.select_for_update().filter(area=actor.branch.area_id, monday=week.monday).first()
    if sheet is None or actor.branch.code not in sheet.figures:
        raise OutOfSight("weekly_sheet", _("There is no sheet of this week for your branch."))
    before = WeeklyNote.objects.filter(sheet=sheet, branch=actor.branch).values_list("text", flat=True).first() or ""
    note, _made = WeeklyNote.objects.update_or_create(
        sheet=sheet, branch=actor.branch, defaults={"text": text, "by": actor, "at": at}
    )
    if text != before:
        record(
            action="note_week", at=at, actor=actor, subject=actor.branch.code, week=str(week), before=before, after=text
        )
    return note


def _missing(area: Area, last: Week) -> list[Week]:
    """The closed weeks without a sheet, the oldest first."""
    made = WeeklySheet.objects.filter(area=area).order_by("-monday").values_list("monday", flat=True).first()
    week = Week(made).next if made else _first_week(last)
    weeks = []
    while week <= last:
        weeks.append(week)
        week = week.next
    return weeks


def _first_week(last: Week) -> Week:
    """The week of the first case that was worked in this system; without one, only the last week."""
    first = Application.objects.filter(is_imported=False).aggregate(at=Min("created_at"))["at"]
    return min(Week.of(first), last) if first else last


@transaction.atomic
def _make(area: Area, week: Week, *, at: datetime, asks_heads: bool) -> int:
    """1, or 0 when another pass has made it meanwhile."""
    _sheet, is_new = WeeklySheet.objects.get_or_create(
        area=area, monday=week.monday, defaults={"figures": lambda: figures_of(area, week), "made_at": at}
    )
    if is_new and asks_heads:
        branches = Branch.objects.filter(area=area, kind=Branch.Kind.BRANCH, is_active=True)
        heads = Employee.objects.filter(branch__in=branches).holding(Role.BH, on=local_day(at))
        tell(heads, kind="weekly_sheet", at=at, about=f"/weekly/?week={week}", week=str(week))
    return int(is_new)
