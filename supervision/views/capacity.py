"""Capacity: what waits, how well hands are used, the forecast of breaches, loans, and the model's own error."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from applications.lifecycle import QUEUES
from ops_center.clock import local_day
from ops_center.web import charts
from ops_center.web.keyset import Keyset, read_query
from ops_center.web.pages import StaffRequest, staff
from organization.models import Employee
from organization.roles import Role
from supervision.models import SimulationRun
from supervision.selectors import capacity as figures
from supervision.selectors.minutes import standards
from supervision.selectors.productivity import productivity
from supervision.selectors.simulations import newest, newest_check, newest_done
from supervision.selectors.workload import Source
from supervision.services.simulations import ASKERS, OPEN, ask_check, ask_forecast, why_failed
from supervision.views.asked import one_of
from supervision.views.case_list import listed, opens_cases

BY_DEADLINE = Keyset("due_at", "id")
PARTS = {
    "claimed": gettext_lazy("claimed"),
    "overdue": gettext_lazy("overdue"),
    "today": gettext_lazy("due today"),
}
Kind = SimulationRun.Kind
Json = Mapping[str, Any]


@staff(Role.TR, Role.SUP, Role.MGT, Role.AUD)
@require_GET
def capacity(request: StaffRequest) -> HttpResponse:
    """Live figures from the tables; forecast and error as the background has computed them last."""
    asked = read_query(request.GET, known=("queue", "which"))
    board, agreed = figures.capacity_board(at=request.at), standards(local_day(request.at))
    hands, together = productivity(board.days, board.finished, agreed)
    queue, which = QUEUES.get(one_of(asked, "queue", QUEUES)), one_of(asked, "which", PARTS)
    facts: dict[str, Any] = {
        "queues": [
            (load, backlog_words(load.backlog_days), hands[load.queue.name], agreed[load.queue.name])
            for load in board.queues
        ],
        "together": together,
        "backlog": charts.bars(
            [(str(load.queue.label), round(load.backlog_days or 0, 1)) for load in board.queues],
            label=_("Backlog in days of work"),
            goal=figures.ALARM_DAYS,
            tones=["late" if load.is_alarm else "good" for load in board.queues],
        ),
        "done": charts.lines(
            [f"{day:%m-%d}" for day in board.days],
            {str(load.queue.label): [load.done[day] for day in board.days] for load in board.queues},
            label=_("Finished per day"),
        ),
        "alarm_days": figures.ALARM_DAYS,
        "alarms": [load.queue.label for load in board.queues if load.is_alarm],
        "chosen": [str(label) for label in (queue and queue.label, PARTS.get(which)) if label],
        "page": None,
        "opens_cases": opens_cases(request),
        "may_ask": bool(request.roles & set(ASKERS)),
        "checks": [_check(run) for source in Source if (run := newest_check(source))],
        **forecast_facts(),
    }
    if queue is not None:
        cases = figures.queue_cases(queue, at=request.at, which=which)
        facts |= listed(request, asked, cases, BY_DEADLINE)
    return render(request, "supervision/capacity.html", facts)


@staff(Role.TR, Role.SUP, Role.MGT, Role.AUD)
@require_GET
def forecast(request: StaffRequest) -> HttpResponse:
    """The card of the forecast alone: asked for again while one is being computed."""
    facts = {**forecast_facts(), "may_ask": bool(request.roles & set(ASKERS))}
    return render(request, "supervision/partials/_forecast.html", facts)


@staff(*ASKERS)
@require_POST
def new_forecast(request: StaffRequest) -> HttpResponse:
    ask_forecast(actor=request.actor, at=request.at)
    messages.success(request, _("The forecast is being computed; this page shows it as soon as it is there."))
    return redirect(f"{reverse('board', args=['capacity'])}#forecast")


@staff(*ASKERS)
@require_POST
def new_check(request: StaffRequest) -> HttpResponse:
    source = request.POST.get("source", Source.OWN.value)
    ask_check(actor=request.actor, source=source, at=request.at)
    messages.success(request, _("The model is being checked; come back in a moment."))
    return redirect(f"{reverse('board', args=['capacity'])}#check")


def forecast_facts() -> dict[str, Any]:
    """The newest forecast that is done, and whether a newer one is under way or has failed."""
    run, last = newest_done(Kind.FORECAST), newest(Kind.FORECAST)
    facts: dict[str, Any] = {
        "under_way": last if last is not None and last.state in OPEN else None,
        "failed": why_failed(last) if last is not None and last.state == SimulationRun.State.FAILED else "",
        "forecast": None,
    }
    if run is None:
        return facts
    found = run.outcome
    return facts | {
        "forecast": found,
        "as_of": run.asked_at,
        "day_rows": day_rows(found),
        "queue_names": queue_names(found),
        "chart": breach_chart(found),
        "loans": [_loan(loan) for loan in found["loans"]],
    }


def queue_names(found: Json) -> list[str]:
    return [str(QUEUES[name].label) for name in found["queues"]]


def day_rows(found: Json) -> list[dict[str, Any]]:
    """A line per day: the expected breaches of each queue with their band, and their sum."""
    rows = []
    for day, cells in zip(found["days"], found["breaches"], strict=True):
        rows.append(
            {"on": date.fromisoformat(day), "cells": cells, "mean": sum(mean for mean, _low, _high in cells)}
        )  # fmt: skip
    return rows


def breach_chart(found: Json) -> SafeString:
    return charts.stacked(
        [day[5:] for day in found["days"]],
        {
            name: [round(cells[place][0], 1) for cells in found["breaches"]]
            for place, name in enumerate(queue_names(found))
        },
        label=_("Expected breaches by the day they fall due"),
    )


def backlog_words(days: float | None) -> str:
    if days is None:
        return _("nothing finished")
    return _("%(days)s days") % {"days": f"{days:.1f}"}


def _loan(loan: Json) -> dict[str, Any]:
    return {
        **loan,
        "employee": Employee.objects.filter(number=loan["person"]).first(),
        "to": QUEUES[loan["queue"]].label,
        "usual": [QUEUES[name].label for name in loan["from"]],
        "on": date.fromisoformat(loan["day"]),
        "hours": round(loan["minutes"] / 60, 1),
    }


def _check(run: SimulationRun) -> dict[str, Any]:
    """The error that a check has found, in the words of the page."""
    found = run.outcome
    really = found["really"]
    return {
        "is_imported": found["source"] == Source.IMPORTED.value,
        "since": date.fromisoformat(found["days"][0]),
        "until": date.fromisoformat(found["days"][-1]),
        "error": found["error"],
        "late": (really["late"], found["late"]),
        "queues": [
            {
                "name": QUEUES[name].label,
                "done": (sum(day[place] for day in really["done"]), sum(day[place] for day in found["done"])),
                "median": (really["median"].get(name), found["median"].get(name)),
            }
            for place, name in enumerate(found["queues"])
        ],
        "days": [
            {"on": date.fromisoformat(day), "pairs": list(zip(really["done"][row], found["done"][row], strict=True))}
            for row, day in enumerate(found["days"])
        ],
    }
