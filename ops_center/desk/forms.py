"""The forms of the front door, of the search and of the approvals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.utils.translation import gettext_lazy as _

from applications.forms.base import Act
from applications.models import Application
from ops_center import clock
from ops_center.web.notes import no_personal_numbers
from organization.services.tokens import may_sign_in

if TYPE_CHECKING:
    from django.contrib.auth.models import _User


class SignInForm(AuthenticationForm):
    """Employee number and password. One sentence for every kind of wrong: it never says which of the two it was."""

    error_messages = {
        "invalid_login": _("The employee number or the password is wrong."),
        "inactive": _("The employee number or the password is wrong."),
    }

    def clean_username(self) -> str:
        """Capital letters, as numbers are kept; or the lock would count lz10001 and LZ10001 apart."""
        return str(self.cleaned_data["username"]).strip().upper()

    def confirm_login_allowed(self, user: _User) -> None:
        super().confirm_login_allowed(user)
        if not may_sign_in(user, password=self.cleaned_data["password"], at=clock.now()):
            raise self.get_invalid_login_error()


class FindClient(Act):
    """A client by exactly one value. What is typed here travels in the body of a POST and is not kept."""

    slug = "find"

    id_number = forms.CharField(
        label=_("ID number"), required=False, max_length=40,
        widget=forms.TextInput(attrs={"data-check": "id_number", "autocomplete": "off"}),
    )  # fmt: skip
    mobile_number = forms.CharField(
        label=_("Mobile"), required=False, max_length=40,
        widget=forms.TextInput(attrs={"data-check": "mobile", "autocomplete": "off", "inputmode": "tel"}),
    )  # fmt: skip
    name = forms.CharField(
        label=_("Full name"), required=False, max_length=40, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    found: list[Application] | None = None

    @property
    def facts(self) -> dict[str, Any]:
        return {"actor": self.actor, "at": self.at, **self.said()}

    def field_of(self, fact: str) -> str:
        return {"mobile": "mobile_number"}.get(fact, fact)


class DecideApproval(forms.Form):
    """What a supervisor says to a request. Which of the two needs a note is asked by the service."""

    decision = forms.ChoiceField(choices=[("approve", _("Approve")), ("refuse", _("Refuse"))])
    note = forms.CharField(required=False, max_length=300, validators=[no_personal_numbers])
