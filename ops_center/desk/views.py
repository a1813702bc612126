"""The way in and out, and the pages that show several floors at once."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from django.views.i18n import LANGUAGE_QUERY_PARAMETER
from django.views.i18n import set_language as set_language_cookie

from applications.errors import out_of_sight
from applications.models import Application, Approval
from applications.services.approvals import decide_approval
from ops_center import clock
from ops_center.desk.case_page import case_page
from ops_center.desk.forms import SignInForm
from ops_center.desk.services import choose_language
from ops_center.web.pages import StaffRequest, staff
from organization.roles import Role
from organization.services import audit


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
def home(request: StaffRequest) -> HttpResponse:
    """The first sight in the morning."""
    return render(request, "desk/home.html")


# -- the case and what waits for a second person -------------------------------------------------------------------
@staff()
def application(request: StaffRequest, number: str) -> HttpResponse:
    """The case page."""
    case = Application.objects.visible_to(request.actor, request.at).with_people().filter(number=number).first()
    if case is None:
        raise out_of_sight()
    return render(request, "desk/case.html", case_page(case, actor=request.actor, at=request.at))


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
    row = decide_approval(
        approval=pk, actor=request.actor, at=request.at, approve=request.POST.get("decision") == "approve",
        note=request.POST.get("note", ""),
    )  # fmt: skip
    messages.success(request, _("Approved and carried out.") if row.is_approved else _("Refused."))
    return redirect("application", row.application.number)
