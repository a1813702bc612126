"""Sign-in of programs."""

from __future__ import annotations

from datetime import datetime, timedelta

from axes.handlers.proxy import AxesProxyHandler
from django.conf import settings
from django.contrib.auth import authenticate
from django.http import HttpRequest

from ops_center.clock import local_day
from organization.models import ApiToken, Employee
from organization.services import audit

LIFE = timedelta(hours=10)  # one long working day, as the session of the pages


def sign_in(*, request: HttpRequest, number: str, password: str, at: datetime) -> str | None:
    """A new token for the person, in clear this once; ``None`` for a wrong number or password, never saying which.

    Every try counts towards the lock of the pair of number and address (``is_locked``). The request is what that
    counting needs; nothing else is read of it.
    """
    person = authenticate(request, username=number, password=password)
    request.axes_locked_out = False  # type: ignore[attr-defined]  # the API answers a lock itself, not axes' middleware
    if not isinstance(person, Employee) or not may_sign_in(person, password=password, at=at):
        return None
    token = ApiToken.issue(employee=person, at=at, expires_at=at + LIFE)
    audit.record(action="token", actor=person, at=at, subject=person.number)
    return token


def may_sign_in(person: Employee, *, password: str, at: datetime) -> bool:
    """Not for who has left, and never with the demo bank's password outside demo mode."""
    has_left = person.left_on is not None and person.left_on <= local_day(at)
    return not has_left and (settings.DEMO or password != settings.DEMO_PASSWORD)


def is_locked(*, request: HttpRequest, number: str) -> bool:
    """Whether the pair of number and address is locked after too many wrong passwords (django-axes)."""
    return not AxesProxyHandler.is_allowed(request, {"username": number})
