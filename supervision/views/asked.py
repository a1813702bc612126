"""Reading the filters of a board's address, and the periods that it offers."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TypeVar

from django.db.models import Model, QuerySet
from django.utils.translation import gettext as _

from ops_center.kernel.errors import Malformed
from ops_center.web.pages import StaffRequest
from organization.models import Branch, Employee
from supervision import errors
from supervision.periods import Month, Quarter
from supervision.selectors import SEES_EVERY_BRANCH
from supervision.selectors.overdue import NO_BRANCH

M = TypeVar("M", bound=Model)
MONTHS, QUARTERS = 6, 3  # so many are offered


def one_of(asked: Mapping[str, str], name: str, known: Collection[str]) -> str:
    """The value of a filter, empty when it is not asked; Malformed (400) when the page does not know it."""
    return which(asked, name, known) if asked.get(name) else ""


def which(asked: Mapping[str, str], name: str, known: Collection[str]) -> str:
    """The value of a filter that the page cannot do without; Malformed (400) when it is not asked or not known."""
    value = asked.get(name, "")
    if value not in known:
        raise unknown(name)
    return value


def named(asked: Mapping[str, str], name: str, rows: QuerySet[M], field: str) -> M | None:
    """The row that a filter names by its code or number; Malformed (400) when there is none."""
    if not (value := asked.get(name, "")):
        return None
    row = rows.filter(**{field: value}).first()
    if row is None:
        raise unknown(name)
    return row


def person_named(request: StaffRequest, asked: Mapping[str, str]) -> Employee | None:
    """Whom the filter ``person`` names. Figures by name are for who sees the bank, OutOfSight for anybody else: what is
    not theirs to ask must not show everything."""
    if asked.get("person") and not request.roles & SEES_EVERY_BRANCH:
        raise errors.no_person()
    return named(asked, "person", Employee.objects.all(), "number")


def branch_named(asked: Mapping[str, str]) -> str:
    """The code of the branch that the filter ``branch`` names, or the word for none; Malformed (400) for any other."""
    code = asked.get("branch", "")
    if code != NO_BRANCH:
        named(asked, "branch", Branch.objects.all(), "code")
    return code


def unknown(name: str) -> Malformed:
    return Malformed("bad_filter", _("This list has no such filter."), {name: _("Choose one of the list.")})


def recent_months(request: StaffRequest, name: str = "period") -> list[tuple[str, str]]:
    """The last months as choices of the filter ``name``; the running one is what an address without it means."""
    month = Month.of(request.at)
    months = [(str(month) if request.GET.get(name) else "", str(month))]
    for _n in range(MONTHS - 1):
        month = month.previous
        months.append((str(month), str(month)))
    return months


def recent_spans(request: StaffRequest) -> list[tuple[str, str]]:
    """The last months and quarters as choices of ``period``."""
    quarter = Quarter.of(request.at)
    spans = recent_months(request)
    for _n in range(QUARTERS):
        spans.append((str(quarter), str(quarter)))
        quarter = quarter.previous
    return spans


def key_in(asked: Mapping[str, str], name: str) -> int:
    """A key of the address; 0, which is nobody's, for what is none."""
    value = asked.get(name, "")
    return int(value) if value.isascii() and value.isdecimal() and len(value) < 10 else 0
