"""What people fill in on complaints: opening one, and each act of the charter on it."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from applications.forms.base import Act, note_field, person_field
from applications.models import Application
from organization.models import Employee
from supervision.lifecycle import NONE_MISSED
from supervision.models import Complaint, ComplaintAct
from supervision.services.complaint_people import handlers_for

MOST = 1000  # characters of a text


class OpenComplaint(Act):
    """The client's words, written down while they are said."""

    slug = "open"

    case = forms.CharField(label=_("Application number"), required=False, max_length=24)
    about = forms.ChoiceField(label=_("What it is about"), choices=[("", "—"), *Complaint.About.choices])
    channel = forms.ChoiceField(label=_("How it came"), choices=Complaint.Channel.choices)
    against = forms.CharField(label=_("Whom it is about"), required=False, max_length=16)
    text = note_field(_("What the client says"), most=MOST, rows=6)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["case"].help_text = _("Empty where no case is known yet; it can be named later.")
        self.fields["about"].help_text = _("“I did not apply” stops the case at once and holds everybody's reward.")
        self.fields["against"].help_text = _(
            "Employee number, if somebody is named. A complaint about the sale holds this person's reward; without a "
            "name that of the referrer and of the collector."
        )
        self.fields["text"].help_text = _("In the client's words, without names and numbers of clients.")

    def clean_case(self) -> str:
        number = str(self.cleaned_data["case"]).strip().upper()
        if number and not Application.objects.filter(number=number).exists():
            raise ValidationError(_("There is no case with this number. Look for it beside."))
        return number

    def clean_against(self) -> Employee | None:
        number = str(self.cleaned_data["against"]).strip().upper()
        if not number:
            return None
        person: Employee | None = Employee.objects.filter(number=number).first()
        if person is None:
            raise ValidationError(_("Nobody has this employee number."))
        return person

    @property
    def facts(self) -> dict[str, Any]:
        facts = super().facts
        del facts["version"]  # there is nothing yet that somebody else could have changed
        return facts


class ComplaintForm(Act):
    """An act on one complaint; its roles and its place in the process are the charter's."""

    act: ClassVar[ComplaintAct]
    title: ClassVar[str | Promise]
    icon: ClassVar[str]
    do_not_call_in_templates: ClassVar[bool] = True  # the page draws buttons from the classes

    def __init__(self, *args: Any, complaint: Complaint, **kwargs: Any) -> None:
        self.complaint = complaint
        super().__init__(*args, **kwargs)

    @property
    def facts(self) -> dict[str, Any]:
        return {"complaint": self.complaint.number, **super().facts}


class Assign(ComplaintForm):
    slug, act, icon = "assign", ComplaintAct.ASSIGN, "people"
    title = _("Take it in hand")

    to = person_field(_("Who handles it"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        free = handlers_for(self.complaint, at=self.at)
        to = self.fields["to"]
        to.queryset = Employee.objects.filter(pk__in=[person.pk for person in free])  # type: ignore[attr-defined]
        to.initial = self.actor.number if self.complaint.handler is None else None
        to.help_text = _("Nobody who took part in the case, nor the one it is about.")


class Link(ComplaintForm):
    slug, act, icon = "link", ComplaintAct.LINK, "link"
    title = _("Name the case")

    case = forms.CharField(label=_("Application number"), max_length=24)

    def clean_case(self) -> str:
        return str(self.cleaned_data["case"]).strip().upper()


class Reply(ComplaintForm):
    slug, act, icon = "reply", ComplaintAct.REPLY, "send"
    title = _("Give the first reply")

    text = note_field(_("What the client was told"), most=MOST, rows=4)


class Escalate(ComplaintForm):
    slug, act, icon = "escalate", ComplaintAct.ESCALATE, "up"
    title = _("Pass to the supervisor")

    text = note_field(_("Why the supervisor should take it"), most=MOST, rows=4)


class Solve(ComplaintForm):
    slug, act, icon = "solve", ComplaintAct.SOLVE, "check"
    title = _("Record the solution")

    text = note_field(_("What is done about it"), most=MOST, rows=4)


class FollowUp(ComplaintForm):
    slug, act, icon = "follow-up", ComplaintAct.FOLLOW_UP, "phone"
    title = _("Record the follow-up call")

    outcome = forms.ChoiceField(
        label=_("The call"),
        choices=[
            ("satisfied", pgettext_lazy("follow-up", "Reached, satisfied")),
            ("dissatisfied", pgettext_lazy("follow-up", "Reached, not satisfied")),
            ("missed", pgettext_lazy("follow-up", "Not reached")),
        ],
        widget=forms.RadioSelect,
    )
    text = note_field(_("What the client says now"), most=MOST, rows=4)

    def said(self) -> dict[str, Any]:
        said = super().said()
        outcome = said.pop("outcome")
        return {**said, "reached": outcome != "missed", "satisfied": outcome == "satisfied"}


class Close(ComplaintForm):
    slug, act, icon = "close", ComplaintAct.CLOSE, "archive"
    title = _("Close the complaint")

    is_upheld = forms.TypedChoiceField(
        label=_("Finding"),
        choices=[("no", pgettext_lazy("finding", "Not upheld")), ("yes", pgettext_lazy("finding", "Upheld"))],
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
    )
    at_fault = person_field(_("Who is at fault"))
    ticks = forms.MultipleChoiceField(
        label=_("None missed"), required=False, choices=list(NONE_MISSED.items()), widget=forms.CheckboxSelectMultiple
    )
    text = note_field(_("Conclusion"), most=MOST, rows=4)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        case, at_fault = self.complaint.application, self.fields["at_fault"]
        sellers = [case.referrer_id, case.collector_id] if case else []
        at_fault.required = False
        at_fault.queryset = Employee.objects.filter(pk__in=[pk for pk in sellers if pk])  # type: ignore[attr-defined]
        at_fault.help_text = _("Of an upheld complaint about the sale, where nobody was named when it was opened.")
        self.fields["ticks"].initial = [
            name for name in NONE_MISSED if getattr(self.complaint, f"{name}_at") is not None
        ]
        self.fields["is_upheld"].help_text = _(
            "Not upheld: what was held and stopped goes on. Upheld: it stays held and audit decides on taking it back."
        )


class Tick(ComplaintForm):
    slug, act, icon = "tick", ComplaintAct.TICK, "check"
    title = _("Tick none missed")

    ticks = forms.MultipleChoiceField(
        label=_("None missed"), choices=list(NONE_MISSED.items()), widget=forms.CheckboxSelectMultiple
    )


class MarkComplex(ComplaintForm):
    slug, act, icon = "complex", ComplaintAct.MARK_COMPLEX, "flag"
    title = _("Mark as complex: 30 days")

    text = note_field(_("Why it is complex"), most=MOST)


class AskExtension(ComplaintForm):
    slug, act, icon = "ask-extension", ComplaintAct.ASK_EXTENSION, "clock"
    title = _("Ask for 30 more days")

    text = note_field(_("Why the time does not suffice"), most=MOST)


class Extend(ComplaintForm):
    slug, act, icon = "extend", ComplaintAct.EXTEND, "stamp"
    title = _("Approve 30 more days")

    text = note_field(_("Why it is given more time"), most=MOST)


# In the order in which they are offered; the first that is open is the one that carries the complaint forward.
FORMS: tuple[type[ComplaintForm], ...] = (
    Reply, Solve, FollowUp, Close, Assign, Escalate, Link, Tick, MarkComplex, AskExtension, Extend,
)  # fmt: skip
BY_SLUG = {form.slug: form for form in FORMS}


class FindCase(forms.Form):
    """The case of a complaint by its client; the value stands in the body only."""

    by = forms.ChoiceField(
        label=pgettext_lazy("search", "By"),
        choices=[("id_number", _("ID number")), ("mobile_number", _("Mobile")), ("name", _("Name"))],
    )
    value = forms.CharField(label=_("Value"), max_length=40)
