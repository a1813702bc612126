"""The door of every page: who asks, in which roles, at what time. Read once here, passed down from here."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from functools import wraps
from typing import TYPE_CHECKING, Concatenate, ParamSpec, cast

from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import resolve_url
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from ops_center import clock
from ops_center.kernel.errors import NotAllowed

if TYPE_CHECKING:
    from django.contrib.auth.models import _User

P = ParamSpec("P")


class StaffRequest(HttpRequest):
    """A request that came through the door: ``actor`` is the employee, ``at`` the instant that the whole answer uses,
    ``roles`` the codes that the person holds on that day."""

    actor: _User
    at: datetime
    roles: frozenset[str]
    htmx: HtmxDetails


StaffView = Callable[Concatenate[StaffRequest, P], HttpResponseBase]
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def staff(*roles: str) -> Callable[[StaffView[P]], View[P]]:
    """Lets in a signed-in person who holds one of ``roles`` today; without roles, everybody who is signed in. Who has
    left since is signed out.

    Others get ``NotAllowed`` (403). Whether a row is in this person's sight is the view's question, not the door's.
    """
    wanted = frozenset(roles)

    def door(view: StaffView[P]) -> View[P]:
        @wraps(view)
        def enter(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return sign_in_first(request)
            visitor = cast(StaffRequest, request)
            visitor.actor = request.user
            visitor.at = clock.now()
            today = clock.local_day(visitor.at)
            if has_left(request.user, on=today):
                logout(request)
                return sign_in_first(request)
            visitor.roles = request.user.role_codes(today)
            if wanted and visitor.roles.isdisjoint(wanted):
                raise NotAllowed(
                    "role",
                    _(
                        "This page belongs to another role than yours. The menu lists all the rooms that are open to "
                        "you; if this one is part of your work, ask the administrator for the role."
                    ),
                    roles=sorted(wanted),
                )
            return view(visitor, *args, **kwargs)

        enter.roles = wanted  # type: ignore[attr-defined]  # what the door asks, for who compares doors
        return enter

    return door


def has_left(person: _User, *, on: date) -> bool:
    """Whether an open session is worth nothing any more: the person has left, or was switched off."""
    return not person.is_active or (person.left_on is not None and person.left_on <= on)


def sign_in_first(request: HttpRequest) -> HttpResponseBase:
    """To the sign-in page and back; a fragment takes the whole browser along."""
    htmx: HtmxDetails | None = getattr(request, "htmx", None)
    if not htmx:
        return redirect_to_login(request.get_full_path())
    query = urlencode({"next": htmx.current_url_abs_path or "/"})
    return HttpResponseClientRedirect(f"{resolve_url('sign-in')}?{query}")
