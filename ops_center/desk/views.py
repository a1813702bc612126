"""The way in and out, and the pages that show several floors at once."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, LogoutView
from django.db.models import Count, Min
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django.views.i18n import LANGUAGE_QUERY_PARAMETER
from django.views.i18n import set_language as set_language_cookie

from applications.errors import out_of_sight
from applications.forms import FORMS
from applications.models import Application, Approval
from applications.services.approvals import decide_approval
from applications.services.personal import find_clients
from applications.views.door import ON_THE_WORK_PAGE, attempt, blank, facts_of
from incentives.selectors.effects import WEIGHERS, aftermath_of, effect_of, may_weigh
from ops_center import clock
from ops_center.desk import audit_log, help_topics
from ops_center.desk import search as searching
from ops_center.desk.case_page import case_page
from ops_center.desk.forms import DecideApproval, FindClient, SignInForm
from ops_center.desk.homes import sections_for
from ops_center.desk.services import choose_language
from ops_center.kernel.errors import Malformed, NotAllowed, OutOfSight
from ops_center.web.keyset import Keyset, read_query
from ops_center.web.pages import StaffRequest, staff
from organization.messages import Phrasebook
from organization.models import Message
from organization.roles import Role
from organization.services import audit, inbox
from organization.services.calendar import working_calendar
from supervision.forms.base import said
from supervision.models import Breach
from supervision.selectors.excuses import excuses_like
from supervision.views.breaches import acts_on, find_breach

NEWS, AUDIT = Keyset("-at", "-id"), Keyset("-id")
# Who may look for a client by ID number, mobile or name; what they find is within their sight, and logged.
FINDERS = frozenset({Role.CM, Role.BH, Role.CS, Role.CC, Role.EC, Role.ER, Role.TR, Role.AS, Role.SUP, Role.AUD})


class SignIn(LoginView):
    """Employee number and password; five bad tries lock the pair of number and address (django-axes)."""

    form_class = SignInForm
    template_name = "registration/sign_in.html"
    redirect_authenticated_user = True

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        response = super().form_valid(form)
        person = form.get_user()
        audit.record(action="sign-in", actor=person, at=clock.now(), subject=person.number)
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            person.language,
            samesite="Lax",
            secure=settings.SESSION_COOKIE_SECURE,
        )
        return response


class SignOut(LogoutView):
    """Ends the session and empties what this browser kept of it; the next person at the counter finds nothing."""

    def post(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        response: HttpResponse = super().post(request, *args, **kwargs)
        response["Clear-Site-Data"] = '"cache", "storage"'
        return response


@require_POST
def set_language(request: HttpRequest) -> HttpResponseBase:
    """Chinese or English: for this browser at once, for a signed-in person on every machine."""
    if request.user.is_authenticated:
        choose_language(employee=request.user, language=request.POST.get(LANGUAGE_QUERY_PARAMETER, ""))
    return set_language_cookie(request)


@staff()
@require_GET
def home(request: StaffRequest) -> HttpResponse:
    """The first sight in the morning."""
    sections = sections_for(request.actor, at=request.at)
    today = clock.local_day(request.at)
    facts = {
        "sections": sections,
        "alone": len(sections) == 1,
        "refreshes": Role.SUP in request.roles,
        "today": today,
        "is_workday": working_calendar().is_workday(today),
        "now": request.at,
        "to_explain": Breach.objects.to_explain(request.at)
        .answered_by(request.actor, request.at)
        .aggregate(count=Count("pk"), until=Min("file_by"), only=Min("pk")),
    }
    return render(request, "desk/home.html", facts)


# -- search ------------------------------------------------------------------------------------------------------------
@staff()
@require_http_methods(["GET", "HEAD", "POST"])
def search(request: StaffRequest) -> HttpResponseBase:
    """By number in the address; one case that matches whole opens at once. By a client's own value in the form."""
    form = FindClient(request.POST or None, actor=request.actor, at=request.at)
    facts: dict[str, Any] = {"form": form, "may_find": bool(request.roles & FINDERS), "now": request.at}
    status = 200
    if request.method == "POST":
        if not facts["may_find"]:
            raise NotAllowed("role", _("Your role finds cases by their number, not by the client."))
        status = attempt(form, find) or 200
        shown = searching.shown_clients(form.found or [], actor=request.actor, at=request.at)
        facts |= {"cases": form.found, "shown": shown}
    elif asked := request.GET.get("q", "").strip():
        try:
            found = searching.by_number(asked, actor=request.actor, at=request.at)
        except Malformed as no:
            return render(request, "desk/search.html", facts | {"refusal": no}, status=no.status)
        if len(found.cases) == 1 and not found.people and found.cases[0].number == asked.upper():
            return redirect("application", found.cases[0].number)
        shown = searching.shown_clients(found.cases, actor=request.actor, at=request.at)
        facts |= {"asked": asked, "found": found, "cases": found.cases, "shown": shown}
    return render(request, "desk/search.html", facts, status=status)


def find(form: FindClient) -> None:
    form.found = list(find_clients(**form.facts)[: searching.SHOWN])


# -- news --------------------------------------------------------------------------------------------------------------
@staff()
@require_GET
def inbox_page(request: StaffRequest) -> HttpResponse:
    """The messages of this person, newest first."""
    asked = read_query(request.GET, known=("show",))
    rows = Message.objects.filter(employee=request.actor)
    if asked.get("show") == "unread":
        rows = rows.unread()
    page = NEWS.page_of(rows, asked)
    book = Phrasebook.read()
    lines = [(row, book.words(row.kind, row.facts, on=clock.local_day(row.at))) for row in page]
    return render(request, "desk/inbox.html", {"page": page, "lines": lines, "now": request.at})


@staff()
@require_POST
def read_message(request: StaffRequest, pk: int) -> HttpResponseBase:
    """Marks one message as read and opens the page that it is about."""
    message = inbox.own_message(pk, employee=request.actor)
    inbox.mark_read(employee=request.actor, at=request.at, message_id=pk)
    ours = url_has_allowed_host_and_scheme(message.about, allowed_hosts=None)
    return redirect(message.about if message.about and ours else "inbox")


@staff()
@require_POST
def read_all(request: StaffRequest) -> HttpResponseBase:
    """Marks everything as read."""
    inbox.mark_read(employee=request.actor, at=request.at)
    return redirect("inbox")


# -- work instructions and the audit log -------------------------------------------------------------------------------
@staff()
@require_GET
def help_page(request: StaffRequest, topic: str) -> HttpResponse:
    """The work instruction (操作指引) of a page; F1 opens it."""
    topic = help_topics.SAME.get(topic, topic)
    if topic not in help_topics.TOPICS:
        raise OutOfSight("no_such_topic", _("There is no work instruction of this name: see the overview."))
    facts = {"topic": topic, "topics": help_topics.TOPICS, "groups": help_topics.groups()}
    return render(request, f"help/{topic}.html", facts)


@staff(Role.AUD)
@require_GET
def audit_page(request: StaffRequest) -> HttpResponse:
    """Who signed in, opened personal data, exported, changed rules: newest first."""
    asked = read_query(request.GET, known=audit_log.FILTERS)
    rows = audit_log.records(asked)
    page = AUDIT.page_of(rows, asked)
    lines = [audit_log.line(row) for row in page]
    facts = {"page": page, "lines": lines, "asked": asked, "actions": audit_log.choices()}
    return render(request, "desk/audit.html", facts)


# -- the case and what waits for a second person -------------------------------------------------------------------
@staff()
def application(request: StaffRequest, number: str) -> HttpResponse:
    """The case page."""
    case = Application.objects.visible_to(request.actor, request.at).with_people().filter(number=number).first()
    if case is None:
        raise out_of_sight()
    facts = case_page(case, actor=request.actor, at=request.at)
    if facts["main_act"] is not None:
        step = facts["main_act"].step
        facts |= facts_of(request, blank(request, case, FORMS[step])) | {"opens_work": step in ON_THE_WORK_PAGE}
    return render(request, "desk/case.html", facts)


@staff()
@require_GET
def breach(request: StaffRequest, pk: int) -> HttpResponse:
    """One breach with its explanation; beside it, for who decides and for whose it is, what hangs on the decision, or
    what has come of it."""
    found = find_breach(request, pk)
    facts = acts_on(found, request)
    filed = found.explanation
    if may_weigh(found, request.actor, request.roles):
        facts["aftermath"] = aftermath_of(found, at=request.at)
        if facts["aftermath"] is None:
            facts |= {"is_weighed": True, "effect": effect_of(found, at=request.at)}
    if filed is not None and request.roles & WEIGHERS:
        facts["excuses"] = excuses_like(filed, at=request.at)
    return render(request, "desk/breach.html", facts)


@staff(Role.SUP, Role.AUD)
def approval_list(request: StaffRequest) -> HttpResponse:
    """What waits for a supervisor, oldest first, and what was decided lately."""
    rows = Approval.objects.select_related("application", "asked_by", "decided_by")
    facts = {
        "waiting": rows.filter(decided_at=None).order_by("asked_at")[:200],
        "decided": rows.exclude(decided_at=None).order_by("-decided_at")[:50],
        "may_decide": Role.SUP in request.roles,
    }
    return render(request, "desk/approvals.html", facts)


@staff(Role.SUP)
@require_POST
def approval(request: StaffRequest, pk: int) -> HttpResponseBase:
    """Approves or refuses one request."""
    decided = said(DecideApproval, request)
    row = decide_approval(
        approval=pk, actor=request.actor, at=request.at, approve=decided["decision"] == "approve", note=decided["note"]
    )
    messages.success(request, _("Approved and carried out.") if row.is_approved else _("Refused."))
    return redirect("application", row.application.number)
