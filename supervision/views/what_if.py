"""What if: a question to the model, and its answer beside today's plan."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from applications.lifecycle import QUEUES, Clock
from applications.views.door import attempt, go
from ops_center.clock import local_day
from ops_center.web import charts
from ops_center.web.keyset import Keyset, read_query
from ops_center.web.pages import StaffRequest, staff
from organization.models import Employee
from organization.roles import Role
from supervision import errors
from supervision.forms.capacity import AskWhatIf
from supervision.models import SimulationRun
from supervision.selectors.simulations import what_ifs
from supervision.selectors.workload import ROLES
from supervision.services.simulations import ASKERS, OPEN, ask_what_if, cancel, why_failed
from supervision.views.asked import key_in

NEWEST = Keyset("-id")
Json = Mapping[str, Any]


@staff(*ASKERS)
@require_http_methods(["GET", "HEAD", "POST"])
def what_if(request: StaffRequest) -> HttpResponse:
    """The question, begun from the assumptions of an earlier one if it is named, and those that were asked before."""
    asked = read_query(request.GET, known=("from",))
    people = Employee.objects.filter(is_active=True).holding(*ROLES, on=local_day(request.at)).order_by("number")
    before = what_ifs().filter(pk=key_in(asked, "from")).first()
    form = AskWhatIf(
        request.POST or None, people=list(people), initial=AskWhatIf.typed(before.asked) if before else None,
        actor=request.actor, at=request.at,
    )  # fmt: skip
    status = 200
    if request.method == "POST":
        runs: list[SimulationRun] = []
        status = attempt(
            form, lambda form: runs.append(ask_what_if(actor=request.actor, at=request.at, **form.said()))
        )  # fmt: skip
        if runs:
            return redirect(reverse("what-if-run", args=[runs[0].pk]))
    page = NEWEST.page_of(what_ifs(), asked)
    rows = [(run, words_of(run.asked, on=local_day(run.asked_at))) for run in page]
    facts = {"form": form, "rows": rows, "next": page.next, "now": request.at}
    return render(request, "supervision/what_if.html", facts, status=status)


@staff(*ASKERS)
@require_GET
def what_if_run(request: StaffRequest, pk: int) -> HttpResponse:
    """One answer; while it is being computed how far it is, asked for again every two seconds."""
    run = what_ifs().filter(pk=pk).first()
    if run is None:
        raise errors.no_simulation()
    facts: dict[str, Any] = {
        "run": run,
        "words": words_of(run.asked, on=local_day(run.asked_at)),
        "under_way": run.state in OPEN,
        "may_cancel": run.asked_by_id == request.actor.pk,
        "failed": why_failed(run) if run.state == SimulationRun.State.FAILED else "",
        "now": request.at,
    }
    if run.state == SimulationRun.State.DONE:
        facts |= _answer(run.outcome)
    template = "supervision/partials/_what_if_answer.html" if request.htmx else "supervision/what_if_run.html"
    return render(request, template, facts)


@staff(*ASKERS)
@require_POST
def what_if_cancel(request: StaffRequest, pk: int) -> HttpResponse:
    """Back to the question, with its assumptions typed."""
    cancel(run=pk, actor=request.actor, at=request.at)
    messages.success(request, _("Cancelled. Your assumptions stand below: change them and ask again."))
    return go(request, f"{reverse('what-if')}?from={pk}")


def words_of(asked: Json, *, on: date) -> list[str]:
    """The assumptions as people read them; of none one that says so."""
    words = []
    if asked.get("arrivals", 1.0) != 1.0:
        words.append(_("arrivals × %(factor)s") % {"factor": f"{asked['arrivals']:g}"})
    words += [f"{Role(role).label} {change:+d}" for role, change in asked.get("staff", {}).items()]
    words += [
        _("%(clock)s: limit %(amount)s") % {"clock": Clock(kind).label, "amount": amount}
        for kind, amount in asked.get("limits", {}).items()
    ]
    words += [
        _("%(person)s away %(since)s to %(until)s")
        % {"person": away["person"], "since": away["from"][5:], "until": away["until"][5:]}
        for away in asked.get("absent", [])
    ]
    return words or [_("as planned")]


def _answer(outcome: Json) -> dict[str, Any]:
    """Both plans side by side: figures, a line per queue, breaches per day as a chart."""
    today, then = outcome["today"], outcome["then"]
    days = [day[5:] for day in today["days"]]
    per_day = {
        _("as planned"): [round(sum(cell[0] for cell in cells), 1) for cells in today["breaches"]],
        _("as assumed"): [round(sum(cell[0] for cell in cells), 1) for cells in then["breaches"]],
    }
    return {
        "today": today,
        "then": then,
        "as_of": datetime.fromisoformat(outcome["as_of"]),
        "saved": today["late"][0] - then["late"][0],
        "queues": [_side_by_side(name, place, today, then) for place, name in enumerate(today["queues"])],
        "chart": charts.lines(days, per_day, label=_("Expected breaches per day")),
        "chart_head": [_("Day"), *per_day],
        "chart_rows": [[day, *pair] for day, pair in zip(days, zip(*per_day.values(), strict=True), strict=True)],
        "busy": charts.lines(
            [str(QUEUES[name].label) for name in today["queues"]],
            {
                words: [round(100 * (plan["utilisation"].get(name) or 0), 1) for name in today["queues"]]
                for words, plan in ((_("as planned"), today), (_("as assumed"), then))
            },
            label=_("Utilisation per team in per cent"),
        ),
    }


def _side_by_side(name: str, place: int, today: Json, then: Json) -> dict[str, Any]:
    def of(plan: Json) -> dict[str, Any]:
        return {
            "late": sum(day[place][0] for day in plan["breaches"]),
            "done": sum(day[place] for day in plan["done"]),
            "median": plan["median"].get(name),
            "p90": plan["p90"].get(name),
            "utilisation": plan["utilisation"].get(name),
        }

    return {"name": QUEUES[name].label, "today": of(today), "then": of(then)}
