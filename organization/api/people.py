"""The API of people: signing in as a program, and who one is."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle
from rest_framework.views import APIView

from ops_center.kernel.errors import DomainError
from ops_center.web.api import Api, Call, operation
from ops_center.web.shapes import Shape
from organization.models import Employee
from organization.services import tokens


class SignInBody(Shape):
    username = serializers.CharField(max_length=16)
    password = serializers.CharField(max_length=128, trim_whitespace=False, style={"input_type": "password"})

    def validate_username(self, value: str) -> str:
        """One spelling, so that the count of wrong passwords is one count."""
        return value.upper()


class TokenAnswer(serializers.Serializer[Any]):
    token = serializers.CharField()


class SignInThrottle(SimpleRateThrottle):
    """Per address and employee number: a branch behind one address signs in at 08:30 all at once."""

    scope = "sign-in"

    def get_cache_key(self, request: Request, view: APIView) -> str:
        number = request.data.get("username") if isinstance(request.data, dict) else None
        address = request.META.get("REMOTE_ADDR", "")  # not X-Forwarded-For, which the caller writes
        return self.cache_format % {"scope": self.scope, "ident": f"{address}:{str(number)[:16].upper()}"}


class LockedOut(DomainError):
    """Too many wrong passwords (429)."""

    status = 429


class Token(Api):
    authentication_classes = ()
    throttle_classes = [SignInThrottle]

    @operation(public=True, facts=SignInBody, answer=TokenAnswer, stored=False, summary="Sign in as a program")
    def post(self, call: Call) -> dict[str, str]:
        """Employee number and password for a token that lives 10 hours. Five wrong passwords lock the pair of number
        and address for a quarter of an hour."""
        number, request = call.facts["username"], call._request
        token = tokens.sign_in(request=request, number=number, password=call.facts["password"], at=call.at)
        if token is not None:
            return {"token": token}
        if tokens.is_locked(request=request, number=number):
            raise LockedOut(
                "locked_out",
                _("Too many wrong passwords: this number is locked here for 15 minutes."),
            )
        raise AuthenticationFailed(_("Employee number or password is wrong."))


class MeAnswer(serializers.ModelSerializer[Employee]):
    branch = serializers.CharField(source="branch.code")
    area = serializers.CharField(source="branch.area.code", allow_null=True, default=None)
    areas = serializers.SerializerMethodField(help_text="The areas whose leads one covers beside the own branch's.")
    roles = serializers.SerializerMethodField()

    class Meta:
        model = Employee
        fields = ("number", "name", "branch", "roles", "area", "areas")

    def get_areas(self, employee: Employee) -> list[str]:
        return [area.code for area in employee.areas.all()]

    def get_roles(self, employee: Employee) -> list[str]:
        return sorted(self.context["call"].roles)


class Me(Api):
    @operation(answer=MeAnswer, summary="Who one is")
    def get(self, call: Call) -> Employee:
        """The person signed in, with the roles held today."""
        return call.actor
