"""The way in and out, and the pages that show several floors at once."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_POST
from django.views.i18n import LANGUAGE_QUERY_PARAMETER
from django.views.i18n import set_language as set_language_cookie

from ops_center import clock
from ops_center.desk.forms import SignInForm
from ops_center.desk.services import choose_language
from ops_center.web.pages import StaffRequest, staff
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
