"""The forms of a case: each knows who fills it in and when, and hands its facts to one service by that one's names."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from applications.lifecycle import RULES, STEP_LABELS, Step
from applications.models import Application, ReasonCode
from ops_center.kernel.errors import DomainError, Malformed
from ops_center.web.notes import no_personal_numbers
from organization.models import Employee

Choices = list[tuple[str, str | Promise]]


# For what a value is opened: the codes that stand in the access log.
PURPOSES = (
    ("CALL", _("Call the client")),
    ("COMPARE", _("Compare with the document")),
    ("DELIVERY", _("Delivery of the card")),
    ("COMPLAINT", _("Question or complaint of the client")),
    ("AUDIT", _("Audit")),
)


class Act(forms.Form):
    """One act of one person at one time. A refusal is kept beside what was typed, so that nothing is typed twice."""

    slug: ClassVar[str]

    version = forms.IntegerField(required=False, min_value=0, widget=forms.HiddenInput)

    def __init__(self, *args: Any, actor: Employee, at: datetime, **kwargs: Any) -> None:
        self.actor, self.at = actor, at
        self.refusal: DomainError | None = None
        kwargs |= {"auto_id": f"{self.slug}-%s", "label_suffix": ""}  # several forms share a page
        super().__init__(*args, **kwargs)

    @property
    def facts(self) -> dict[str, Any]:
        """Everything the service asks for, by the names of its arguments. Only after ``is_valid``."""
        version = self.cleaned_data.get("version")
        return {"actor": self.actor, "at": self.at, "version": version, **self.said()}

    def said(self) -> dict[str, Any]:
        """What the person said; forms whose fields are rows of a sheet put them together here."""
        return {name: value for name, value in self.cleaned_data.items() if name != "version"}

    def refuse(self, no: DomainError) -> None:
        """Puts the service's no where the hand is: above the form, and beside the fields that it names."""
        self.refusal = no
        if not isinstance(no, Malformed):
            return
        for name, lines in no.errors.items():
            field = self.field_of(name)
            if field in self.fields:
                self.add_error(field, [str(line) for line in lines])

    @property
    def sentence(self) -> str:
        """Why it was refused, in one line: for a list of results."""
        if self.refusal is not None:
            return str(self.refusal.message)
        return " ".join(str(line) for lines in self.errors.values() for line in lines)

    def field_of(self, fact: str) -> str:
        """The field that shows a fact of the service."""
        return fact


class CaseForm(Act):
    """An act on one case."""

    roles: ClassVar[frozenset[str]]
    title: ClassVar[str | Promise]

    def __init__(self, *args: Any, case: Application, **kwargs: Any) -> None:
        self.case = case
        super().__init__(*args, **kwargs)

    @classmethod
    def of(cls, case: Application) -> type[CaseForm]:
        """The form of this act for this case, where cases differ."""
        return cls

    @property
    def panel(self) -> str:
        """The template that draws the form."""
        return f"applications/steps/_{self.slug}.html"

    @property
    def facts(self) -> dict[str, Any]:
        return {"case": self.case.number, **super().facts}


class StepForm(CaseForm):
    """The facts of one step of the charter; its slug, its roles and its title are the charter's."""

    step: ClassVar[Step]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.slug = cls.step.value
        cls.roles = frozenset(RULES[cls.step].by)
        cls.title = STEP_LABELS[cls.step]  # type: ignore[assignment]


def reasons(effect: str) -> Choices:
    """The active reason codes that allow an effect, as a list to choose from."""
    known = ReasonCode.objects.filter(effects__contains=[effect], is_active=True)
    return [("", _("Choose a code"))] + [(code.pk, f"{code.pk} {code.label}") for code in known]


def note_field(label: Any, *, required: bool = True, most: int = 300, rows: int = 3) -> forms.CharField:
    """Free text of a person's own words about a case."""
    return forms.CharField(
        label=label, required=required, max_length=most, validators=[no_personal_numbers],
        widget=forms.Textarea(attrs={"rows": rows}),
    )  # fmt: skip


def person_field(label: Any) -> forms.ModelChoiceField[Employee]:
    """Somebody by employee number; nobody until the form, which knows who comes into question, names the people."""
    return forms.ModelChoiceField(
        label=label, queryset=Employee.objects.none(), to_field_name="number", empty_label=_("Choose a person")
    )
