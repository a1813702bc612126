"""时效: whether stages, branches and people keep their time, how long the stages take, how it changes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_GET

from applications.lifecycle import Clock
from ops_center.kernel.errors import Malformed
from ops_center.web import charts
from ops_center.web.keyset import Keyset, page_size, read_query
from ops_center.web.pages import StaffRequest, staff
from organization.models import Branch, Employee
from organization.roles import Role
from supervision.models import Part
from supervision.on_time import together
from supervision.periods import Month
from supervision.selectors import SEES_EVERY_BRANCH, branch_in_sight
from supervision.selectors.overdue import NO_BRANCH
from supervision.selectors.timeliness import (
    BY_DUE,
    MONTHS_SHOWN,
    VERDICTS,
    Live,
    Scope,
    Window,
    breaches_per_day,
    by_branch,
    by_person,
    by_stage,
    clocks_behind,
    rate_per_day,
    slowest,
    stage_times,
)
from supervision.views.asked import branch_named, one_of, person_named
from supervision.views.case_list import acts_of, opens_cases

LATEST, BY_DEADLINE = Keyset("-stopped_at", "-id", filled=True), Keyset("due_at", "id")
VERDICT_LABELS = {
    "in-time": pgettext_lazy("verdict", "In time"),
    "late": pgettext_lazy("verdict", "Late"),
    "exempt": pgettext_lazy("verdict", "Exempt"),
    "open": gettext_lazy("Open and overdue"),
    "first": gettext_lazy("Entered at the first pass"),
    "second": gettext_lazy("Entered after a problem or a return"),
    "breached": gettext_lazy("Fell due without being done"),
}
SHOWN_PARTS = (Part.WAIT, Part.WORK, Part.NET, Part.GROSS)
SHOWN = 20  # branches and people, those with the most late; ``all`` shows every one


@staff()
@require_GET
def timeliness(request: StaffRequest) -> HttpResponse:
    """The whole bank for those who supervise it, the branch for its head, for anybody else the own clocks."""
    asked = read_query(request.GET, known=("period", "clock", "verdict", "branch", "person", "day", "all", "slow"))
    scope, window = Scope.of(request.actor, at=request.at), Window.read(asked.get("period", ""), at=request.at)
    kind = one_of(asked, "clock", Clock.values)
    verdict, slow = one_of(asked, "verdict", VERDICTS), one_of(asked, "slow", Part.values)
    opens = opens_cases(request) or scope.person is not None
    of_branch, of_person = branch_named(asked), person_named(request, asked)
    if of_branch and of_branch != NO_BRANCH:
        branch_in_sight(request.actor, of_branch, at=request.at)
    live = Live()
    stages = by_stage(scope, window, at=request.at, live=live)
    times = stage_times(scope, window, at=request.at) if scope.person is None else None
    chosen = kind or _first_clock(request, stages)
    facts: dict[str, Any] = {
        "window": window,
        "periods": periods(request),
        "scope": scope,
        "stages": [
            (clock, Clock(clock).label, tally, _query(window, clock=clock)) for clock, tally in stages.items()
        ],
        "whole": together(stages.values()),
        "entry": stages.get(Clock.ENTRY),
        "times": _times(times.stages) if times else [],
        "time_parts": SHOWN_PARTS,
        "times_until": times.until if times else None,
        "clock": chosen,
        "clock_label": Clock(chosen).label if chosen else "",
        "clocks": [(clock, Clock(clock).label) for clock in stages],
        "branches": _branches(scope, window, chosen, request, asked) if chosen and scope.person is None else None,
        "people": _people(scope, window, chosen, request, asked) if chosen and _names_people(request) else None,
        "opens_cases": opens,
        "now": request.at,
        "shown": SHOWN,
        "show_all": bool(asked.get("all")),
        "page": None,
    } | _trend(scope, request, live, opens=opens) | acts_of(request)  # fmt: skip
    if verdict and opens:
        clocks = clocks_behind(
            scope, window, at=request.at, verdict=verdict, kind=kind, branch=of_branch, day=_day(asked),
            person=of_person.number if of_person else "",
        )  # fmt: skip
        page = (BY_DEADLINE if verdict in BY_DUE else LATEST).page_of(clocks, asked)
        facts |= {"page": page, "verdict": verdict, "title": _title(asked, kind, verdict)}
    elif slow and kind and opens and scope.person is None:
        branch = branch_in_sight(request.actor, asked["branch"], at=request.at) if "branch" in asked else scope.branch
        runs = slowest(
            Scope(branch=branch), window, kind=kind, part=slow, at=request.at,
            size=page_size(asked.get("page_size")), after=asked.get("after"), before=asked.get("before"),
        )  # fmt: skip
        words = {"clock": Clock(kind).label, "part": Part(slow).label}
        facts |= {
            "page": runs,
            "verdict": "slow",
            "title": _("%(clock)s, %(part)s: every run that the figures are of, the slowest first") % words,
            "note": branch.name if branch else "",
        }
    return render(request, "supervision/timeliness.html", facts)


def _names_people(request: StaffRequest) -> bool:
    """Rates by name are for who supervises everybody: there is no public list of the worst."""
    return bool(request.roles & SEES_EVERY_BRANCH)


def _first_clock(request: StaffRequest, stages: Mapping[str, Any]) -> str:
    """What a person looks at first: the head at the day's dispatch, the center at the entry."""
    wanted = Clock.DISPATCH if Role.BH in request.roles else Clock.ENTRY
    return wanted if wanted in stages else next(iter(stages), "")


def _times(stages: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, Any, list[Any]]]:
    return [
        (clock, Clock(clock).label, [(part, by_part.get(part)) for part in SHOWN_PARTS])
        for clock, by_part in stages.items()
    ]


def _branches(scope: Scope, window: Window, kind: str, request: StaffRequest, asked: Mapping[str, str]) -> Any:
    tallies = by_branch(kind, scope, window, at=request.at)
    order = sorted(tallies, key=lambda key: (-(tallies[key].late + tallies[key].open_overdue), key))
    shown = order if asked.get("all") else order[:SHOWN]
    named = Branch.objects.in_bulk(shown)
    rows = []
    for key in shown:
        branch = named.get(key)
        query = _query(window, clock=kind, branch=branch.code if branch else NO_BRANCH)
        rows.append((branch.name if branch else _("Lead pool"), tallies[key], query))
    return {"rows": rows, "more": len(order) - len(shown)}


def _people(scope: Scope, window: Window, kind: str, request: StaffRequest, asked: Mapping[str, str]) -> Any:
    tallies = by_person(kind, scope, window, at=request.at)
    order = sorted(tallies, key=lambda key: (-(tallies[key].late + tallies[key].open_overdue), key))
    shown = order if asked.get("all") else order[:SHOWN]
    named = Employee.objects.select_related("branch").in_bulk(shown)
    rows = [(named[key], tallies[key], _query(window, clock=kind, person=named[key].number)) for key in shown]
    return {"rows": rows, "more": len(order) - len(shown)}


def _query(window: Window, **cut: str) -> str:
    """The filters of the list behind a number of this period."""
    return urlencode({"period": window.name, **cut})


def breached_on(day: date) -> str:
    """The address of the list behind a bar of the trend of breaches."""
    return f"{reverse('board', args=['timeliness'])}?verdict=breached&day={day.isoformat()}#cases"


def _trend(scope: Scope, request: StaffRequest, live: Live, *, opens: bool) -> dict[str, Any]:
    rates, breaches = rate_per_day(scope, at=request.at, live=live), breaches_per_day(scope, at=request.at)
    days = [f"{day:%m-%d}" for day, _tally in rates]
    per_cent = [None if tally.rate is None else round(tally.rate * 100, 1) for _day, tally in rates]
    least = min((rate for rate in per_cent if rate is not None), default=0)
    return {
        "rate_trend": charts.lines(
            days, {_("On time, per cent"): per_cent}, label=_("On-time rate by the day the clocks stopped"),
            least=min(int(least // 10 * 10), 90), height=180,
        ),
        "breach_trend": charts.bars(
            [(f"{day:%m-%d}", count) for day, count in breaches], label=_("Breaches by the day they fell due"),
            height=180, link=(lambda place: breached_on(breaches[place][0])) if opens else None,
        ),
        "trend_head": [_("Day"), _("In time"), _("Late"), _("On-time rate"), _("Breaches")],
        "trend_rows": [
            [
                f"{day:%Y-%m-%d}", _opens(tally.in_time, "in-time", day), _opens(tally.late, "late", day),
                "—" if rate is None else f"{rate:.1f}%", _opens(breached, "breached", day) if opens else breached,
            ]
            for (day, tally), (_same, breached), rate in reversed(list(zip(rates, breaches, per_cent, strict=True)))
        ],
    }  # fmt: skip


def _opens(clocks: int, verdict: str, day: date) -> Any:
    """A number of one day with the way to its list."""
    return (
        format_html('<a href="?verdict={}&amp;day={}#cases">{}</a>', verdict, day.isoformat(), clocks) if clocks else 0
    )


def periods(request: StaffRequest) -> list[tuple[str, Any]]:
    """The last days and the last months as chips; the last 30 days are what an address without a period means."""
    month, months = Month.of(request.at), []
    for _n in range(MONTHS_SHOWN):
        months.append((str(month), str(month)))
        month = month.previous
    return [("", _("last 30 days")), ("7", _("last 7 days")), *months]


def _day(asked: Mapping[str, str]) -> date | None:
    text = asked.get("day", "")
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        sentence = _("A day is written like 2026-11-26.")
        raise Malformed("bad_day", sentence, {"day": sentence}) from None


def _title(asked: Mapping[str, str], kind: str, verdict: str) -> str:
    words = [Clock(kind).label if kind else "", VERDICT_LABELS[verdict]]
    if code := asked.get("branch", ""):
        named = Branch.objects.filter(code=code).values_list("name", flat=True).first()
        words.append(named or _("Lead pool"))
    if number := asked.get("person", ""):
        words.append(Employee.objects.filter(number=number).values_list("name", flat=True).first() or number)
    words.append(asked.get("day", ""))
    return " · ".join(str(word) for word in words if word)
