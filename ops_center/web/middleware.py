"""Two small layers around every view."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from ops_center.kernel.errors import DomainError
from ops_center.web.refusals import refusal

Answer = Callable[[HttpRequest], HttpResponse]


def no_store(get_response: Answer) -> Answer:
    """Nothing that a view made is kept by a browser or a proxy, unless the view itself says how long.

    Static files are answered further out and keep their year. The session is not asked: pages without a sign-in
    (a customer's status) are nobody else's business either.
    """

    def answer(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if not response.has_header("Cache-Control"):
            response["Cache-Control"] = "no-store"
        return response

    return answer


def refusals(get_response: Answer) -> Answer:
    """A ``DomainError`` that leaves a page's view becomes a refusal; everything else stays a bug."""

    def answer(request: HttpRequest) -> HttpResponse:
        return get_response(request)

    answer.process_exception = refused  # type: ignore[attr-defined]  # Django asks a middleware for it by this name
    return answer


def refused(request: HttpRequest, error: Exception) -> HttpResponse | None:
    return refusal(request, error) if isinstance(error, DomainError) else None
