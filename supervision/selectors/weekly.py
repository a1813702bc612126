"""周反馈表: what the branches of an area did in a week, and what stood open when it closed on Sunday at 18:00.

Every figure is asked of the stamps as of that instant, so a sheet that is made late says the same as one made in time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q
from django.utils.translation import pgettext_lazy

from applications.models import Application, CaseClock, ClockInterval, ReturnNote
from applications.querysets import ApplicationQuerySet
from organization.models import Area, Branch, Employee
from organization.roles import Role
from supervision.models import WeeklyNote, WeeklySheet
from supervision.periods import Week
from supervision.selectors import SEES_EVERY_BRANCH

Cut = Callable[[Week], Q]
READERS = (Role.BH, Role.TR, Role.SUP, Role.MGT, Role.AUD)


@dataclass(frozen=True, slots=True)
class Figure:
    """One column of the sheet: its word, the cases of it, and the branch for which a case counts."""

    label: Any
    cut: Cut
    branch: str = "branch"


def _in_week(stamp: str) -> Cut:
    return lambda week: Q(**{f"{stamp}__gte": week.starts_at, f"{stamp}__lt": week.ends_at})


def _returned(week: Week) -> Q:
    notes = ReturnNote.objects.filter(
        application=OuterRef("pk"), returned_at__gte=week.starts_at, returned_at__lt=week.ends_at
    )
    return Q(Exists(notes))


def _overdue(week: Week) -> Q:
    """With a clock past due when the week closed. A limit that a later pause moved had not run out; one that had stays
    where it was (rule K5), so the due time of today answers for that day too."""
    close = week.ends_at
    paused = ClockInterval.objects.filter(clock=OuterRef("pk"), since__lte=close).exclude(pause="")
    late = CaseClock.objects.filter(application=OuterRef("pk"), started_at__lte=close, due_at__lt=close).exclude(
        stopped_at__lte=close
    )
    return Q(Exists(late.exclude(Exists(paused.exclude(until__lte=close)))))


def _open_leads(week: Week) -> Q:
    """Referred, and neither taken in nor ended when the week closed."""
    close = week.ends_at
    open_then = [Q(**{stamp: None}) | Q(**{f"{stamp}__gt": close}) for stamp in _CLOSES_A_LEAD]
    return Q(*open_then, referred_at__lte=close)


_CLOSES_A_LEAD = ("taken_in_at", "rejected_at", "withdrawn_at", "expired_at")

FIGURES: Mapping[str, Figure] = {
    "referrals": Figure(pgettext_lazy("week", "Referrals"), _in_week("referred_at"), branch="referrer__branch"),
    "intakes": Figure(pgettext_lazy("week", "Intakes"), _in_week("taken_in_at")),
    "activations": Figure(pgettext_lazy("week", "Activations"), _in_week("activated_at")),
    "returned": Figure(pgettext_lazy("week", "Returned"), _returned),
    "overdue": Figure(pgettext_lazy("week", "Overdue"), _overdue),
    "open_leads": Figure(pgettext_lazy("week", "Open leads"), _open_leads, branch="referrer__branch"),
}


def figures_of(area: Area, week: Week) -> dict[str, dict[str, int]]:
    """Code of the branch → figure → number: one query per figure."""
    branches = Branch.objects.filter(area=area, kind=Branch.Kind.BRANCH, is_active=True)
    found = {code: dict.fromkeys(FIGURES, 0) for code in branches.values_list("code", flat=True)}
    for name, figure in FIGURES.items():
        code = f"{figure.branch}__code"
        rows = _cases(figure, week).filter(**{f"{figure.branch}__area": area}).order_by().values_list(code)
        for branch, number in rows.annotate(Count("pk")):
            if branch in found:
                found[branch][name] = number
    return found


def weekly_cases(name: str, *, week: Week, branch: Branch) -> ApplicationQuerySet:
    """The list behind a figure, asked of the stamps as they are known today."""
    figure = FIGURES[name]
    return _cases(figure, week).filter(**{figure.branch: branch})


def _cases(figure: Figure, week: Week) -> ApplicationQuerySet:
    return Application.objects.filter(figure.cut(week), is_imported=False)


@dataclass(frozen=True, slots=True)
class Line:
    """A branch in a sheet; ``note`` is what its head says to the week."""

    branch: Branch
    figures: Mapping[str, int]
    note: WeeklyNote | None


@dataclass(frozen=True, slots=True)
class Sheet:
    sheet: WeeklySheet
    lines: list[Line]

    @property
    def totals(self) -> dict[str, int]:
        return {name: sum(line.figures.get(name, 0) for line in self.lines) for name in FIGURES}


def sheets_of(week: Week, *, area: Area | None) -> list[Sheet]:
    """The sheets of a week, of all areas or of one."""
    found = WeeklySheet.objects.filter(monday=week.monday).select_related("area").order_by("area")
    if area is not None:
        found = found.filter(area=area)
    rows = list(found.prefetch_related("notes__by"))
    codes = {code for row in rows for code in row.figures}
    branches = {branch.code: branch for branch in Branch.objects.filter(code__in=codes)}
    sheets = []
    for row in rows:
        notes = {note.branch_id: note for note in row.notes.all()}
        sheets.append(
            Sheet(
                row,
                [
                    Line(branches[code], figures, notes.get(branches[code].pk))
                    for code, figures in sorted(row.figures.items())
                ],
            )
        )
    return sheets


def sheets_for(reader: Employee, roles: frozenset[str], *, week: Week) -> list[Sheet]:
    """All areas for who sees the bank, the own area for a branch head."""
    if roles & SEES_EVERY_BRANCH:
        return sheets_of(week, area=None)
    return sheets_of(week, area=reader.branch.area) if reader.branch.area else []


def last_weeks(number: int) -> list[Week]:
    """The weeks that have a sheet, the newest first."""
    mondays = WeeklySheet.objects.order_by("-monday").values_list("monday", flat=True).distinct()
    return [Week(monday) for monday in mondays[:number]]
