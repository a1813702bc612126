"""The list of cases, and the start of a file at the counter."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from applications.forms.intake import WalkIn
from applications.forms.problems import Reassign
from applications.lifecycle import QUEUES, RULES, Clock, State, Step
from applications.models import Application, ChecklistItem, CustomerGroup, Product
from applications.selectors import CASE_FILTERS, cases_for
from applications.services import claims, intake
from applications.sight import WITHOUT_CLIENT
from applications.views.door import attempt, find, following, go
from ops_center.clock import local_day
from ops_center.kernel.errors import OutOfSight
from ops_center.web.keyset import Keyset, read_query
from ops_center.web.pages import StaffRequest, staff
from organization.models import Branch, Employee
from organization.roles import COLLECTORS, Role

# Least time left first; whoever looks at what has ended wants the newest first.
BY_DEADLINE, NEWEST = Keyset("due_at", "id"), Keyset("-id")
CLOCKS = dict(Clock.choices)
DUE = (("", _("All")), ("overdue", _("Overdue")), ("soon", _("Due soon")), ("today", _("Due today")))
MINE = (("", _("Everybody's")), ("1", _("Mine")))
SEE_BRANCHES = frozenset({Role.TR, Role.SUP, Role.AUD})


@staff()
@require_GET
def case_list(request: StaffRequest) -> HttpResponse:
    """The cases in sight, the one with the least time left first."""
    asked = read_query(request.GET, known=(*CASE_FILTERS, "order"))
    order = NEWEST if asked.get("order") == "newest" else BY_DEADLINE
    cases = cases_for(employee=request.actor, at=request.at, filters=asked).with_people()
    page = order.page_of(cases, asked)
    branches = Branch.objects.filter(kind__in=[Branch.Kind.BRANCH, Branch.Kind.CARD_CENTER], is_active=True)
    return render(
        request,
        "applications/list.html",
        {
            "rows": [(case, CLOCKS.get(case.due_clock, "")) for case in page],
            "next": following(request, page),
            "asked": asked,
            "now": request.at,
            "states": State.choices,
            "branches": branches if request.roles & SEE_BRANCHES else None,
            "due_choices": DUE,
            "mine_choices": MINE,
            "shows_client": not request.roles <= WITHOUT_CLIENT or request.roles <= {Role.EMP},
            "may_start": bool(request.roles & COLLECTORS),
            "may_take": bool(request.roles & COLLECTORS),
            "taken": {name: asked.get(name, "") for name in CASE_FILTERS},
            "takers": takers(request),
        },
    )


def takers(request: StaffRequest) -> list[Employee]:
    """The people of the center to whom cases of the list can be given; nobody for who may not reassign."""
    if request.roles.isdisjoint(RULES[Step.REASSIGN].by):
        return []
    return list(Employee.objects.holding(*(queue.role for queue in QUEUES.values()), on=local_day(request.at)))


@staff(*RULES[Step.REASSIGN].by)
@require_POST
def reassign_many(request: StaffRequest) -> HttpResponse:
    """The chosen cases to one person, each for itself: what cannot move says why, the others move."""
    taker = Employee.objects.filter(number=request.POST.get("to", "")).first()
    results = []
    for number in dict.fromkeys(request.POST.getlist("case")):
        try:
            case = find(request, number)
        except OutOfSight as unseen:  # the cases before it have moved: their results must not be lost
            results.append((number, False, str(unseen)))
            continue
        form = Reassign(
            {"to": request.POST.get("to"), "note": request.POST.get("note")},
            case=case, actor=request.actor, at=request.at,
        )  # fmt: skip
        no = attempt(form, lambda form: claims.reassign(**form.facts))
        results.append((number, not no, form.sentence))
    return render(request, "applications/reassigned.html", {"results": results, "taker": taker})


@staff(*COLLECTORS)
@require_http_methods(["GET", "HEAD", "POST"])
def new_case(request: StaffRequest) -> HttpResponse:
    """A client stands at the counter: a file begins without a referral."""
    batch = request.GET.get("group_batch", "")
    initial = {"group_batch": batch, "customer_group": CustomerGroup.GROUP} if batch else {}
    form = WalkIn(request.POST or None, actor=request.actor, at=request.at, initial=initial)
    status = 200
    if request.method == "POST":
        status = attempt(form, begin)
        if not status:
            messages.success(request, gettext("%(number)s is begun. Collect the pack now.") % {"number": form.begun})
            return go(request, reverse("application", args=[form.begun]))
    template = "applications/partials/_walk_in.html" if request.htmx else "applications/new.html"
    return render(request, template, {"form": form}, status=status)


def begin(form: WalkIn) -> None:
    facts = form.facts
    del facts["version"]
    form.begun = intake.start_walk_in(**facts).number


@staff(*COLLECTORS)
@require_GET
def checklist_preview(request: StaffRequest) -> HttpResponse:
    """What the client has to bring for a product and a customer group: read out while the form is filled in."""
    product = Product.objects.filter(code=request.GET.get("product", "")).first()
    lines: list[ChecklistItem] = []
    if product is not None:
        case = Application(product=product, customer_group=request.GET.get("customer_group", ""))
        lines = intake.checklist_of(case, on=local_day(request.at))
    return render(request, "applications/partials/_checklist_preview.html", {"product": product, "lines": lines})
