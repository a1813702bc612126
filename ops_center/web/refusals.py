"""How a no reaches the person: one sentence, with its rule and the way out, in the place where the hand is.

A fragment gets a toast (htmx swaps it into ``#toasts`` and leaves the form alone), a page gets a page that keeps the
typed text, a program gets problem+json. The status is the same for all three.
"""

from __future__ import annotations

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template import loader
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django_htmx.http import reswap, retarget

from ops_center.kernel.errors import DomainError, Malformed

PAGES = frozenset({400, 403, 404, 409, 412})
_NEVER_ECHOED = ("csrfmiddlewaretoken", "password")


def answer(
    request: HttpRequest, *, status: int, code: str, sentence: str, errors: dict[str, list[str]] | None = None
) -> HttpResponse:
    """The refusal in the form that the asker can use."""
    if request.path.startswith("/api/"):
        return problem(status=status, code=code, sentence=sentence, errors=errors)
    facts = {"status": status, "code": code, "sentence": sentence, "errors": errors or {}}
    if getattr(request, "htmx", False):
        toast = render(request, "errors/_toast.html", facts, status=status)
        return reswap(retarget(toast, "#toasts"), "beforeend")
    facts |= {"typed": typed(request), "back": came_from(request)}
    return render(request, f"errors/{status if status in PAGES else 400}.html", facts, status=status)


def refusal(request: HttpRequest, error: DomainError) -> HttpResponse:
    errors = error.errors if isinstance(error, Malformed) else {}
    return answer(
        request,
        status=error.status,
        code=error.code,
        sentence=str(error.message),
        errors={field: [str(line) for line in lines] for field, lines in errors.items()},
    )


def problem(*, status: int, code: str, sentence: str, errors: dict[str, list[str]] | None = None) -> JsonResponse:
    """RFC 9457, for addresses under ``/api/`` that no API view answers."""
    body: dict[str, object] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": sentence,
        "code": code,
    }
    if errors:
        body["errors"] = errors
    return JsonResponse(body, status=status, content_type="application/problem+json")


def typed(request: HttpRequest) -> list[tuple[str, str]]:
    """What the person had typed, so that a refused form loses nothing. Passwords are never echoed."""
    return [
        (name, value)
        for name, values in request.POST.lists()
        for value in values
        if isinstance(value, str) and value.strip() and not name.endswith(_NEVER_ECHOED)
    ]


def came_from(request: HttpRequest) -> str:
    """The page of our own from which the request came, else the home page."""
    page = request.headers.get("Referer", "")
    ours = url_has_allowed_host_and_scheme(page, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    return page if ours else "/"


# --- what Django calls when no view answers (ops_center/urls.py) ------------------------------------------------------
def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answer(request, status=400, code="malformed", sentence=_("The request has a shape that no page here sends."))


def not_allowed(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answer(
        request, status=403, code="role", sentence=_("Your role does not open this page. The menu lists those it does.")
    )


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answer(
        request,
        status=404,
        code="out-of-sight",
        sentence=_("There is nothing here that you could see: a mistyped number, or a case of another branch."),
    )


def form_expired(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The CSRF token is missing or old: mostly a page that stayed open overnight or over a new sign-in."""
    return answer(
        request,
        status=403,
        code="form-expired",
        sentence=_("This page was open for too long, or you signed in anew meanwhile. Reload it and send it again."),
    )


def server_error(request: HttpRequest) -> HttpResponse:
    """A bug or a server that is away. Asks neither session nor database, because those may be what failed."""
    sentence = _(
        "The system could not finish this. Look whether your last step was saved before you try it again; "
        "if it happens twice, tell the administrator when."
    )
    if request.path.startswith("/api/"):
        return problem(status=500, code="server-error", sentence=sentence)
    page = loader.render_to_string("errors/500.html", {"sentence": sentence})
    return HttpResponse(page, status=500)
