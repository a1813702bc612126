"""Three small layers around every view."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from ops_center.kernel.errors import DomainError, Malformed
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


def no_null_characters(get_response: Answer) -> Answer:
    """A NUL in an address or a form is refused here, once: no key of a keyboard types it, and no text column of
    PostgreSQL takes it. Bodies of the API are read by their shapes, which refuse it by the field's name."""

    def answer(request: HttpRequest) -> HttpResponse:
        return get_response(request)

    answer.process_view = refuse_null  # type: ignore[attr-defined]  # Django asks a middleware for it by this name
    return answer


def refuse_null(request: HttpRequest, view: object, args: Any, kwargs: Any) -> HttpResponse | None:
    if not any("\x00" in text for text in _sent(request)):
        return None
    return refusal(
        request,
        Malformed("null_character", _("What was sent holds a character that no text has. Type the value anew.")),
    )


def _sent(request: HttpRequest) -> Iterator[str]:
    """The path, and every name and value of the query and of a page's form."""
    yield request.path
    forms = [request.GET] if request.path.startswith("/api/") else [request.GET, request.POST]
    for name, values in chain.from_iterable(form.lists() for form in forms):
        yield name
        yield from (value for value in values if isinstance(value, str))
