"""Who calls the API: a program with a token, or a signed-in browser that proves that its own page sent the request."""

from __future__ import annotations

from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from drf_spectacular.authentication import SessionScheme
from rest_framework.authentication import SessionAuthentication
from rest_framework.authentication import TokenAuthentication as TokenHeader
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.request import Request

from ops_center import clock
from ops_center.kernel.errors import NotAllowed
from organization.models import ApiToken, Employee


class TokenAuthentication(TokenHeader):
    """``Authorization: Token …``; looked up by its hash, so that the table gives nobody a sign-in.

    A person who has left or was switched off is out with the next request.
    """

    def authenticate_credentials(self, key: str) -> tuple[Employee, ApiToken]:
        at = clock.now()
        still_here = Q(employee__left_on=None) | Q(employee__left_on__gt=clock.local_day(at))
        tokens = ApiToken.objects.select_related("employee__branch__area").prefetch_related("employee__roles")
        found = tokens.filter(still_here, digest=ApiToken.digest_of(key), expires_at__gt=at, employee__is_active=True)
        token = found.first()
        if token is None:
            raise AuthenticationFailed(_("This token is unknown or has ended. Sign in again for a new one."))
        return token.employee, token


class BrowserAuthentication(SessionAuthentication):
    """The session of the pages. Unsafe methods need the CSRF token, as every form does."""

    def authenticate(self, request: Request) -> tuple[Employee, None] | None:
        employee = getattr(request._request, "user", None)
        if not isinstance(employee, Employee) or not employee.is_active:
            return None
        if employee.left_on is not None and employee.left_on <= clock.today():
            return None
        self.enforce_csrf(request)
        return employee, None

    def enforce_csrf(self, request: Request) -> None:
        try:
            super().enforce_csrf(request)
        except PermissionDenied:
            raise NotAllowed(
                "csrf", _("The CSRF token is missing or old. Read the page again, and send its token in X-CSRFToken.")
            ) from None


class BrowserScheme(SessionScheme):  # type: ignore[no-untyped-call]  # registers itself
    """Names the session cookie in the OpenAPI document."""

    target_class = "organization.api_auth.BrowserAuthentication"
