"""The boards. Each draws its figures and, for a number that was clicked, the list behind it on the same page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy
from django.views.decorators.http import require_GET, require_POST

from applications.lifecycle import QUEUES, Clock, Stage
from applications.models import Application
from applications.querysets import ApplicationQuerySet
from applications.views.door import go
from ops_center.kernel.errors import DomainError, Malformed, OutOfSight
from ops_center.web import charts
from ops_center.web.keyset import Keyset, Page, page_size, read_query
from ops_center.web.pages import StaffRequest, staff
from ops_center.web.refusals import came_from
from organization.models import Branch, Employee
from organization.roles import Role
from supervision.forms import UrgeForm, said
from supervision.models import Breach
from supervision.periods import Month
from supervision.selectors import branch_scope
from supervision.selectors import capacity as capacity_figures
from supervision.selectors import funnel as funnel_figures
from supervision.selectors import overdue as overdue_figures
from supervision.services.urging import MAY_URGE, urge
from supervision.views.leaderboard import hero_board

BY_DEADLINE, NEWEST = Keyset("due_at", "id"), Keyset("-id")
OPENS_CASES = frozenset({Role.BH, Role.TR, Role.SUP, Role.AUD})  # the management reads figures, not cases
AT_THE_FRONT = (Stage.REFERRAL, Stage.INTAKE)
MONTHS = 6  # so many are offered

AGE_LABELS = {
    "0-1": gettext_lazy("up to 1 day"),
    "1-3": gettext_lazy("1 to 3 days"),
    "3-7": gettext_lazy("3 to 7 days"),
    "7+": gettext_lazy("over 7 days"),
}
STEP_LABELS = {
    "begun": pgettext_lazy("funnel", "Begun"),
    "taken-in": pgettext_lazy("funnel", "Taken in"),
    "entered": pgettext_lazy("funnel", "Entered"),
    "issued": pgettext_lazy("funnel", "Issued"),
    "activated": pgettext_lazy("funnel", "Activated"),
}
ORIGIN_LABELS = {"referred": pgettext_lazy("funnel", "Referred"), "walk-in": pgettext_lazy("funnel", "Walk-in")}
END_LABELS = {
    "open": pgettext_lazy("funnel", "Still open"),
    "returned": pgettext_lazy("funnel", "Returned at least once"),
    "rejected": pgettext_lazy("funnel", "Rejected"),
    "withdrawn": pgettext_lazy("funnel", "Withdrawn"),
    "expired": pgettext_lazy("funnel", "Expired"),
}
QUEUE_PARTS = {
    "claimed": gettext_lazy("claimed"),
    "overdue": gettext_lazy("overdue"),
    "today": gettext_lazy("due today"),
}


def board(request: StaffRequest, name: str) -> HttpResponseBase:
    """A board by its name in the address."""
    view = BOARDS.get(name)
    if view is None:
        raise OutOfSight("board", _("There is no such board."))
    return view(request)


@staff(Role.BH, Role.TR, Role.SUP, Role.MGT, Role.AUD)
@require_GET
def overdue(request: StaffRequest) -> HttpResponse:
    """Stage × branch, ages, clocks, trend; refreshes its figures each minute and leaves the list alone."""
    asked = read_query(request.GET, known=("stage", "branch", "age", "clock"))
    scope = branch_scope(request.actor, request.at)
    figures = overdue_figures.overdue_board(scope=scope, at=request.at)
    cut = {
        "stage": _one_of(asked, "stage", overdue_figures.STAGES),
        "age": _one_of(asked, "age", overdue_figures.AGES),
        "clock": _one_of(asked, "clock", Clock.values),
        "branch": asked.get("branch", ""),
    }
    cases = overdue_figures.overdue_cases(scope=scope, at=request.at, **cut)
    codes = sorted(figures.branches)
    names = [figures.branches[code] or _("Lead pool") for code in codes]
    stages = [Stage(stage) for stage in overdue_figures.STAGES]
    cells = [[figures.cells.get((code, stage), 0) for stage in stages] for code in codes]
    trend = overdue_figures.breach_trend(scope=scope, at=request.at)
    mine = Breach.objects.visible_to(request.actor, request.at)
    facts: dict[str, Any] = {
        "figures": figures,
        "ages": [(AGE_LABELS[age], cases, "?" + urlencode({"age": age})) for age, cases in figures.ages.items()],
        "clocks": [(kind, Clock(kind).label, cases) for kind, cases in sorted(figures.clocks.items()) if kind],
        "oldest": overdue_figures.overdue_cases(scope=scope, at=request.at).order_by("due_at").first(),
        "to_explain": mine.to_explain(request.at).count(),
        "to_decide": mine.to_decide().count(),
        "heat": charts.heat(
            names,
            [str(stage.label) for stage in stages],
            cells,
            label=_("Overdue cases by branch and stage"),
            link=lambda row, column: "?" + urlencode({"branch": codes[row], "stage": stages[column]}),
        ),
        "heat_head": [_("Branch"), *(stage.label for stage in stages), _("Together")],
        "heat_rows": [[name, *row, sum(row)] for name, row in zip(names, cells, strict=True)],
        "trend": charts.bars(
            [(f"{day:%m-%d}", breaches) for day, breaches in trend], label=_("Breaches by the day they fell due")
        ),
        "trend_head": [_("Day"), _("Breaches")],
        "trend_rows": [[f"{day:%Y-%m-%d}", breaches] for day, breaches in trend],
        "chosen": _chosen(cut, figures.branches),
        "may_urge": bool(request.roles & set(MAY_URGE)),
    }
    return _draw(request, "overdue", asked, cases, BY_DEADLINE, **facts)


@staff(*MAY_URGE)
@require_POST
def urge_cases(request: StaffRequest) -> HttpResponse:
    """Urges every chosen case; each stands for itself, and each refusal is said."""
    text = said(UrgeForm, request)["text"]
    numbers = request.POST.getlist("number")[:200]
    if not numbers:
        sentence = _("Choose at least one case.")
        raise Malformed("nothing_chosen", sentence, {"number": sentence})
    done = 0
    for number in numbers:
        try:
            urge(number=number, actor=request.actor, at=request.at, text=text)
        except DomainError as no:
            messages.warning(request, f"{number}: {no}")
        else:
            done += 1
    if done:
        messages.success(request, ngettext("%(n)s case urged.", "%(n)s cases urged.", done) % {"n": done})
    back = request.htmx.current_url_abs_path if request.htmx else came_from(request)
    return go(request, back or reverse("board", args=["overdue"]))


@staff(Role.BH, Role.TR, Role.SUP, Role.MGT, Role.AUD)
@require_GET
def funnel(request: StaffRequest) -> HttpResponse:
    """What became of the cases that began in a month."""
    asked = read_query(request.GET, known=("period", "origin", "reached", "end"))
    scope, month = branch_scope(request.actor, request.at), Month.read(asked.get("period", ""), at=request.at)
    figures = funnel_figures.funnel_board(scope=scope, month=month)
    cut = {
        "origin": _one_of(asked, "origin", funnel_figures.ORIGINS),
        "reached": _one_of(asked, "reached", funnel_figures.REACHED),
        "end": _one_of(asked, "end", funnel_figures.ENDS),
    }
    steps = [(step, figures.total(step)) for step in funnel_figures.REACHED]
    first = steps[0][1]
    facts: dict[str, Any] = {
        "month": month,
        "months": _months(request),
        "steps": [
            {
                "step": step,
                "label": STEP_LABELS[step],
                "total": total,
                "of_before": total / steps[place - 1][1] if place and steps[place - 1][1] else None,
                "of_first": total / first if first else None,
                "origins": [(origin, figures.steps[origin][step]) for origin in funnel_figures.ORIGINS],
            }
            for place, (step, total) in enumerate(steps)
        ],
        "origins": ORIGIN_LABELS.items(),
        "ends": [(name, END_LABELS[name], cases) for name, cases in figures.ends.items()],
        "chart": charts.funnel(
            [(str(STEP_LABELS[step]), total) for step, total in steps],
            label=_("From referral to activation"),
            link=lambda place: "?" + urlencode({"period": month, "reached": steps[place][0]}),
        ),
        "chosen": [
            str(label)
            for label in (
                ORIGIN_LABELS.get(cut["origin"]), STEP_LABELS.get(cut["reached"]), END_LABELS.get(cut["end"]),
            )
            if label
        ],
    }  # fmt: skip
    cases = funnel_figures.funnel_cases(scope=scope, month=month, **cut)
    return _draw(request, "funnel", asked, cases, NEWEST, listed=any(cut.values()), **facts)


@staff(Role.TR, Role.SUP, Role.MGT, Role.AUD)
@require_GET
def capacity(request: StaffRequest) -> HttpResponse:
    """Backlog and load of the center."""
    asked = read_query(request.GET, known=("queue", "which"))
    figures = capacity_figures.capacity_board(at=request.at)
    name = _one_of(asked, "queue", QUEUES)
    which = _one_of(asked, "which", QUEUE_PARTS)
    queue = QUEUES.get(name)
    facts: dict[str, Any] = {
        "queues": [(load, _backlog_words(load.backlog_days)) for load in figures.queues],
        "people": [(load, " · ".join(str(Role(role).label) for role in load.roles)) for load in figures.people],
        "backlog": charts.bars(
            [(str(load.queue.label), round(load.backlog_days or 0, 1)) for load in figures.queues],
            label=_("Backlog in days of work"),
            goal=capacity_figures.ALARM_DAYS,
            tones=["late" if load.is_alarm else "good" for load in figures.queues],
        ),
        "done": charts.lines(
            [f"{day:%m-%d}" for day in figures.days],
            {str(load.queue.label): [load.done[day] for day in figures.days] for load in figures.queues},
            label=_("Finished per day"),
        ),
        "alarm_days": capacity_figures.ALARM_DAYS,
        "chosen": [str(label) for label in (queue and queue.label, QUEUE_PARTS.get(which)) if label],
    }
    cases = (
        capacity_figures.queue_cases(queue, at=request.at, which=which) if queue else Application.objects.none()
    )  # fmt: skip
    return _draw(request, "capacity", asked, cases, BY_DEADLINE, listed=queue is not None, **facts)


BOARDS: Mapping[str, Callable[..., HttpResponseBase]] = {
    "overdue": overdue,
    "funnel": funnel,
    "capacity": capacity,
    "leaderboard": hero_board,
}


def _draw(
    request: StaffRequest,
    name: str,
    asked: Mapping[str, str],
    cases: ApplicationQuerySet,
    order: Keyset,
    *,
    listed: bool = True,
    **facts: Any,
) -> HttpResponse:
    page: Page[Application] | None = None
    if listed:
        page = order.page(
            cases.with_people(),
            size=page_size(asked.get("page_size")),
            after=asked.get("after"),
            before=asked.get("before"),
        )

    def holder(case: Application) -> Employee | None:
        """Who has it: the clerk who claimed it, at the front its collector."""
        if case.is_claimed(request.at):
            return case.claimed_by
        return case.collector if case.macro_stage in AT_THE_FRONT else None

    facts |= {
        "page": page,
        "rows": [(case, Clock(case.due_clock).label if case.due_clock else "", holder(case)) for case in page or ()],
        "now": request.at,
        "opens_cases": bool(request.roles & OPENS_CASES),
    }
    return render(request, f"supervision/{name}.html", facts)


def _chosen(cut: Mapping[str, str], branches: Mapping[str, str]) -> list[str]:
    """The words of the numbers that were clicked."""
    words = []
    if code := cut["branch"]:
        name = branches.get(code) or Branch.objects.filter(code=code).values_list("name", flat=True).first()
        words.append(name or _("Lead pool"))
    if cut["stage"]:
        words.append(str(Stage(cut["stage"]).label))
    if cut["age"]:
        words.append(str(AGE_LABELS[cut["age"]]))
    if cut["clock"]:
        words.append(str(Clock(cut["clock"]).label))
    return words


def _backlog_words(days: float | None) -> str:
    if days is None:
        return _("nothing finished")
    return _("%(days)s days") % {"days": f"{days:.1f}"}


def _months(request: StaffRequest) -> list[tuple[str, str]]:
    """The last months as chips; the running one is what an address without a month means."""
    month = Month.of(request.at)
    months: list[tuple[str, str]] = []
    for _n in range(MONTHS):
        months.append((str(month) if months or request.GET.get("period") else "", str(month)))
        month = month.previous
    return months


def _one_of(asked: Mapping[str, str], name: str, known: Sequence[str] | Mapping[str, Any]) -> str:
    value = asked.get(name, "")
    if value and value not in known:
        sentence = _("This board has no such filter.")
        raise Malformed("bad_filter", sentence, {name: _("Choose one of the list.")})
    return value
