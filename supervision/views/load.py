"""The load of the center: who carries how much, who is away, and the list behind each number."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from ops_center.web.keyset import Keyset, read_query
from ops_center.web.pages import StaffRequest, staff
from organization.models import Employee
from organization.roles import Role
from supervision.selectors.load import CENTER_ROLES, PARTS, held_cases, load_of, running_clocks
from supervision.views.asked import one_of
from supervision.views.case_list import BY_DEADLINE, acts_of, listed, opens_cases

PART_LABELS = {
    "held": gettext_lazy("Holds now"),
    "clocks": gettext_lazy("Running clocks"),
    "overdue": gettext_lazy("Overdue"),
    "today": gettext_lazy("Due today"),
}
CLOCKS_BY_DEADLINE = Keyset("due_at", "id")
SHOWN = 40  # people, those who carry most; ``all`` shows every one


@staff(Role.TR, Role.SUP, Role.MGT, Role.AUD)
@require_GET
def load(request: StaffRequest) -> HttpResponse:
    """One line per person of the center; a role narrows the lines, a number opens its list."""
    asked = read_query(request.GET, known=("role", "person", "which", "all"))
    role, which = one_of(asked, "role", [str(role) for role in CENTER_ROLES]), one_of(asked, "which", PARTS)
    loads = load_of([role] if role else CENTER_ROLES, at=request.at)
    person = Employee.objects.filter(number=asked["person"]).first() if asked.get("person") else None
    facts: dict[str, Any] = {
        "loads": loads if asked.get("all") else loads[:SHOWN],
        "people": len(loads),
        "more": 0 if asked.get("all") else max(len(loads) - SHOWN, 0),
        "roles": [("", _("all")), *((str(role), role.label) for role in CENTER_ROLES)],
        "away": sum(not row.is_here for row in loads),
        "held": sum(row.held for row in loads),
        "overdue": sum(row.overdue for row in loads),
        "today": sum(row.due_today for row in loads),
        "person": person,
        "which": which,
        "title": f"{person} · {PART_LABELS[which or 'clocks']}" if person else "",
        "opens_cases": opens_cases(request),
        "now": request.at,
        "page": None,
    } | acts_of(request)  # fmt: skip
    if person is not None and which == "held":
        facts |= listed(request, asked, held_cases(at=request.at).filter(claimed_by=person), BY_DEADLINE)
    elif person is not None and opens_cases(request):
        clocks = running_clocks(at=request.at, part=which or "clocks").filter(owner=person)
        page = CLOCKS_BY_DEADLINE.page_of(
            clocks.select_related("application__branch", "application__product", "owner"), asked
        )
        facts |= {"page": page, "clocks": page}
    return render(request, "supervision/load.html", facts)
