"""Complaints: the list by deadline, one as a story with what may be done on it, and the three rates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from applications.models import Application
from applications.services.personal import search_clients
from applications.views.door import attempt, go
from ops_center.web.keyset import Keyset, read_query
from ops_center.web.pages import StaffRequest, staff
from organization.roles import Role
from supervision import errors
from supervision.forms.base import said
from supervision.forms.complaints import BY_SLUG, FORMS, ComplaintForm, FindCase, OpenComplaint
from supervision.lifecycle import FIVE_STEPS, NONE_MISSED, State
from supervision.models import Complaint, ComplaintAct
from supervision.periods import read_span
from supervision.querysets import ComplaintQuerySet
from supervision.selectors import complaints as figures
from supervision.services import complaints
from supervision.services.complaint_people import OFFICE, why_concerned, why_not_act
from supervision.views.asked import one_of, recent_spans, unknown

READERS = (Role.CPL, Role.SUP, Role.AUD)
RATE_READERS = (*READERS, Role.MGT)
NEWEST, BY_REPLY, BY_CLOSE = Keyset("-id"), Keyset("reply_by", "id"), Keyset("close_by", "id")
FOUND = 20  # cases of one client, the newest first

SERVICES: dict[str, Callable[..., Complaint]] = {
    "assign": complaints.assign,
    "link": complaints.link_case,
    "reply": complaints.reply,
    "escalate": complaints.escalate,
    "solve": complaints.solve,
    "follow-up": complaints.follow_up,
    "close": complaints.close,
    "tick": complaints.tick,
    "complex": complaints.mark_complex,
    "ask-extension": complaints.ask_extension,
    "extend": complaints.extend,
}
FORWARD = frozenset({ComplaintAct.REPLY, ComplaintAct.SOLVE, ComplaintAct.FOLLOW_UP, ComplaintAct.CLOSE})


@staff(*READERS)
@require_GET
def complaint_list(request: StaffRequest) -> HttpResponse:
    """What has to be answered first, by its deadline; then what has to be closed."""
    asked = read_query(request.GET, known=("show", "about"))
    rooms = _rooms(request)
    show = asked.get("show") or next((name for name, _label, count in rooms if count), "open")
    rows, order = _shown(request, show)
    if about := one_of(asked, "about", Complaint.About.values):
        rows = rows.filter(about=about)
    page = order.page_of(rows.with_facts(), asked)
    facts = {
        "rows": page.rows, "next": page.next, "show": show, "rooms": rooms, "now": request.at,
        "abouts": [("", _("All")), *Complaint.About.choices], "opens": _may_open(request),
    }  # fmt: skip
    return render(request, "supervision/complaints.html", facts)


@staff(*OFFICE)
@require_http_methods(["GET", "HEAD", "POST"])
def new_complaint(request: StaffRequest) -> HttpResponse:
    asked = read_query(request.GET, known=("application",))
    initial = {"case": asked.get("application", "")}
    form = OpenComplaint(request.POST or None, initial=initial, actor=request.actor, at=request.at)
    status = 200
    if request.method == "POST":
        opened: list[Complaint] = []
        status = attempt(form, lambda form: opened.append(complaints.open_complaint(**form.facts)))
        if not status:
            [row] = opened
            messages.success(request, _("%(number)s is opened.") % {"number": row.number})
            return go(request, reverse("complaint", args=[row.number]))
    return render(request, "supervision/complaint_new.html", {"form": form, "find": FindCase()}, status=status)


@staff(*OFFICE)
@require_POST
def find_case(request: StaffRequest) -> HttpResponse:
    """The cases of a client, by a value that stands in the body only; each search is in the access log."""
    asked = said(FindCase, request)
    found = search_clients(
        Application.objects.all(), actor=request.actor, at=request.at, **{asked["by"]: asked["value"]}
    )
    return render(request, "supervision/partials/_found_cases.html", {"cases": found.with_people()[:FOUND]})


@staff(*READERS)
@require_http_methods(["GET", "HEAD", "POST"])
def one_complaint(request: StaffRequest, number: str, act: str = "") -> HttpResponse:
    """The ticket. With an act in its address: the form of that act, and its answer."""
    row = Complaint.objects.visible_to(request.actor, request.at).with_facts().filter(number=number).first()
    if row is None:
        raise errors.no_complaint()
    read_query(request.GET, known=())
    open_forms = [form for form in FORMS if not _why_not(row, form.act, request)]
    chosen = BY_SLUG.get(act)
    if act and chosen is None:
        raise errors.no_complaint()
    if request.method == "POST":
        if chosen is None:
            raise errors.no_complaint()
        filled = chosen(request.POST, complaint=row, actor=request.actor, at=request.at)
        status = attempt(filled, lambda form: SERVICES[form.slug](**form.facts))
        if not status:
            messages.success(
                request, _("%(number)s: %(act)s – done.") % {"number": row.number, "act": chosen.act.label}
            )
            return go(request, reverse("complaint", args=[row.number]))
        return _draw(request, row, open_forms, form=filled, status=status)
    if chosen is not None and (no := _why_not(row, chosen.act, request)):
        raise no
    main = chosen or next((form for form in open_forms if _carries_on(form, row)), None)
    form = main(complaint=row, actor=request.actor, at=request.at, initial={"version": row.version}) if main else None
    return _draw(request, row, open_forms, form=form)


def _carries_on(form: type[ComplaintForm], row: Complaint) -> bool:
    """Whether an act carries the complaint forward: offered first. Giving it to somebody does while nobody has it."""
    return form.act in FORWARD or (form.act is ComplaintAct.ASSIGN and row.handler_id is None)


def _draw(
    request: StaffRequest, row: Complaint, open_forms: list[type[ComplaintForm]], *, form: ComplaintForm | None,
    status: int = 200,
) -> HttpResponse:  # fmt: skip
    case = row.application
    facts = {
        "row": row,
        "form": form,
        "acts": [other for other in open_forms if form is None or other.slug != form.slug],
        "strip": _strip(row),
        "story": _story(row),
        "ticks": [(label, getattr(row, f"{name}_at")) for name, label in NONE_MISSED.items()],
        "case": case,
        "opens_case": case is not None
        and Application.objects.visible_to(request.actor, request.at).filter(pk=case.pk).exists(),
        "performers": case.performers.select_related("employee").order_by("at", "pk") if case else (),
        "concerned": why_concerned(row, request.actor),
        "now": request.at,
    }
    return render(request, "supervision/complaint.html", facts, status=status)


def _why_not(row: Complaint, act: ComplaintAct, request: StaffRequest) -> Any:
    return why_not_act(row, act, actor=request.actor, at=request.at)


def _strip(row: Complaint) -> list[dict[str, Any]]:
    """The five steps; the current one is the first that is open, the supervisor's only while it is there."""
    who = {event.act: event.by for event in row.events.select_related("by")}
    by = {"opened_at": "OPEN", "replied_at": "REPLY", "escalated_at": "ESCALATE", "solved_at": "SOLVE",
          "followed_up_at": "FOLLOW_UP"}  # fmt: skip
    current = {
        State.OPENED: "replied_at", State.REPLIED: "solved_at", State.ESCALATED: "solved_at",
        State.SOLVED: "followed_up_at",
    }.get(State(row.state))  # fmt: skip
    due = {"replied_at": row.reply_by}
    return [
        {
            "label": label,
            "at": getattr(row, stamp),
            "person": who.get(by[stamp]) or row.handler,
            "in_time": row.replied_at <= row.reply_by if stamp == "replied_at" and row.replied_at else None,
            "current": stamp == current,
            "due_at": due.get(stamp, row.close_by),
        }
        for label, stamp in FIVE_STEPS
    ]


TONES = {
    ComplaintAct.REPLY_LATE: "late", ComplaintAct.CLOSE_LATE: "late", ComplaintAct.REPLY_SOON: "soon",
    ComplaintAct.CLOSE_SOON: "soon", ComplaintAct.CLOSE: "good", ComplaintAct.ESCALATE: "wait",
}  # fmt: skip


def _story(row: Complaint) -> list[dict[str, Any]]:
    """Everything that was done, newest first."""
    icons = {form.act: form.icon for form in FORMS}
    return [
        {
            "title": event.get_act_display(),
            "at": event.at,
            "actor": event.by,
            "note": event.text,
            "icon": icons.get(ComplaintAct(event.act), "clock" if event.due_at else "complaint"),
            "tone": TONES.get(ComplaintAct(event.act), ""),
        }
        for event in row.events.select_related("by").order_by("-id")
    ]


def _rooms(request: StaffRequest) -> list[tuple[str, str, int | None]]:
    return [
        ("reply", _("To reply"), _shown(request, "reply")[0].count()),
        ("mine", _("Mine"), _shown(request, "mine")[0].count()),
        ("open", _("Not closed"), _shown(request, "open")[0].count()),
        ("all", _("All"), None),
    ]


def _shown(request: StaffRequest, show: str) -> tuple[ComplaintQuerySet, Keyset]:
    rows = Complaint.objects.visible_to(request.actor, request.at)
    match show:
        case "reply":
            return rows.open().filter(replied_at=None), BY_REPLY
        case "mine":
            return rows.open().filter(handler=request.actor), BY_CLOSE
        case "open":
            return rows.open(), BY_CLOSE
        case "all":
            return rows, NEWEST
    raise unknown("show")


def _may_open(request: StaffRequest) -> bool:
    return not request.roles.isdisjoint(OFFICE)


# -- the three rates ---------------------------------------------------------------------------------------------------
@staff(*RATE_READERS)
@require_GET
def complaint_rates(request: StaffRequest) -> HttpResponse:
    """三率: per 100,000, with the raw counts and the list behind each."""
    asked = read_query(request.GET, known=("period", "show"))
    span = read_span(asked.get("period", ""), at=request.at)
    show = asked.get("show", "complaints")
    facts: dict[str, Any] = {
        "rates": figures.three_rates(span, at=request.at), "span": span, "spans": recent_spans(request), "show": show,
        "now": request.at, "reads_tickets": not request.roles.isdisjoint(READERS),
    }  # fmt: skip
    match show:
        case "complaints":
            rows: Any = figures.opened_in(span).select_related("application__product", "handler")
        case "omitted":
            rows = figures.omitted(span, at=request.at).select_related("product", "branch")
        case "dissatisfied":
            rows = figures.dissatisfied(span).select_related("application__product", "officer")
        case _:
            raise unknown("show")
    page: Any = NEWEST.page_of(rows, asked)
    return render(request, "supervision/complaint_rates.html", facts | {"rows": page.rows, "next": page.next})
