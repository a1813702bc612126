"""What the management types when a rule of timing changes. A form reads; what may be said is asked by the service."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from applications.forms.base import Act
from applications.forms.versions import DraftVersion
from applications.lifecycle import PauseReason
from applications.models import ClockPolicy
from ops_center.kernel.errors import Malformed
from ops_center.kernel.worktime import Mode
from ops_center.web.notes import no_personal_numbers
from organization.models import Branch, BranchTimes
from organization.models.versions import PolicyStatus
from organization.roles import Role
from supervision.holidays import read_list
from supervision.selectors.policies import MODE_WORDS, WEEKDAYS, clock_title
from supervision.services.policies import OWNERS, Terms

LARGEST_FILE = 256 * 1024  # bytes: a list is of one year


def time_field(label: Any, **kwargs: Any) -> forms.TimeField:
    return forms.TimeField(label=label, widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"), **kwargs)


class DraftClock(DraftVersion):
    slug = "clock"

    clock = forms.ChoiceField(label=gettext_lazy("Clock"))
    mode = forms.ChoiceField(
        label=gettext_lazy("Measured in"), choices=[(mode.value, MODE_WORDS[mode]) for mode in Mode]
    )
    amount = forms.IntegerField(
        label=gettext_lazy("Limit"),
        min_value=0,
        help_text=gettext_lazy("In the unit beside; 0 for an hour of the day. Of the next month: which day."),
    )
    warn_percent = forms.IntegerField(label=gettext_lazy("Warning at % of the limit"), min_value=1, max_value=99)
    warn_at_day = forms.IntegerField(
        label=gettext_lazy("or at day"),
        required=False,
        min_value=1,
        help_text=gettext_lazy("Of limits in calendar days; empty: by per cent."),
    )
    pauses_for = forms.MultipleChoiceField(
        label=gettext_lazy("Stands still for"),
        choices=PauseReason.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    owner_role = forms.ChoiceField(
        label=gettext_lazy("Answered by"),
        required=False,
        choices=[("", gettext_lazy("as the charter says")), *((role, role.label) for role in Role if role in OWNERS)],
        help_text=gettext_lazy("While nobody in particular has the case."),
    )
    source = forms.CharField(
        label=gettext_lazy("Basis"),
        max_length=80,
        required=False,
        help_text=gettext_lazy("The regulation, or the decision of the bank, with its number."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = {
            (row.kind, row.variant): clock_title(row)
            for row in ClockPolicy.objects.filter(status=PolicyStatus.APPROVED, drafted_by=None)
        }
        self.fields["clock"].choices = [  # type: ignore[attr-defined]
            (f"{kind}:{variant}", title) for (kind, variant), title in known.items()
        ]

    @staticmethod
    def typed(base: ClockPolicy) -> dict[str, Any]:
        return {
            "clock": f"{base.kind}:{base.variant}",
            **{name: getattr(base, name) for name in ("mode", "amount", "warn_percent", "warn_at_day", "pauses_for")},
            "owner_role": base.owner_role,
            "source": base.source,
        }

    def field_of(self, fact: str) -> str:
        return "clock" if fact == "kind" else fact

    def said(self) -> dict[str, Any]:
        typed = self.cleaned_data
        kind, _colon, variant = typed["clock"].partition(":")
        terms = Terms(
            mode=Mode(typed["mode"]), amount=typed["amount"], warn_percent=typed["warn_percent"],
            warn_at_day=typed["warn_at_day"], pauses_for=typed["pauses_for"], owner_role=typed["owner_role"],
        )  # fmt: skip
        shared = {name: typed[name] for name in ("starts_on", "note", "source")}
        return {"kind": kind, "variant": variant, "terms": terms, **shared}


class DraftTimes(DraftVersion):
    slug = "times"

    branch = forms.ModelChoiceField(
        label=gettext_lazy("Branch"),
        queryset=Branch.objects.filter(kind=Branch.Kind.BRANCH, is_active=True),
        to_field_name="code",
        empty_label=None,
    )
    opens_at = time_field(gettext_lazy("Opens"))
    closes_at = time_field(gettext_lazy("Closes"))
    cut_off = time_field(gettext_lazy("Cut-off of the day's bag"))
    truck_at = time_field(gettext_lazy("Cash truck"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for number, weekday in enumerate(WEEKDAYS):
            self.fields[f"cut_off-{number}"] = time_field(weekday, required=False)

    @staticmethod
    def typed(base: BranchTimes) -> dict[str, Any]:
        return {
            "branch": base.branch.code,
            **{name: getattr(base, name) for name in ("opens_at", "closes_at", "cut_off", "truck_at")},
            **{f"cut_off-{day}": cut_off for day, cut_off in base.cut_offs.items()},
        }

    def by_weekday(self) -> Iterator[BoundField]:
        """The fields of cut-offs that differ, from Monday."""
        return (self[f"cut_off-{number}"] for number in range(len(WEEKDAYS)))

    def field_of(self, fact: str) -> str:
        return "cut_off-5" if fact == "cut_offs" else fact

    def said(self) -> dict[str, Any]:
        typed = self.cleaned_data
        by_weekday = {number: typed[f"cut_off-{number}"] for number in range(len(WEEKDAYS))}
        names = ("branch", "opens_at", "closes_at", "cut_off", "truck_at", "starts_on", "note")
        return {
            **{name: typed[name] for name in names},
            "cut_offs": {number: cut_off for number, cut_off in by_weekday.items() if cut_off is not None},
        }


class DraftDays(Act):
    """A year's official list, or single days: typed, pasted, or in a file."""

    slug = "days"

    year = forms.IntegerField(label=gettext_lazy("Year"))
    is_whole_year = forms.TypedChoiceField(
        label=gettext_lazy("What the list is"),
        choices=[
            ("yes", gettext_lazy("The official list of the whole year: days that it does not name follow the week")),
            ("no", gettext_lazy("Single days: all others stay as they are")),
        ],
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
    )
    days = forms.CharField(
        label=gettext_lazy("Days"),
        required=False,
        max_length=LARGEST_FILE,
        widget=forms.Textarea(attrs={"rows": 6, "class": "form-control", "spellcheck": "false"}),
        help_text=gettext_lazy("A line per day: 2027-02-05,free,春节 or 2027-02-20,work,补班. JSON is read too."),
    )
    file = forms.FileField(
        label=gettext_lazy("or a file"),
        required=False,
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.json"}),
        help_text=gettext_lazy("CSV or JSON of the same; it goes before what is typed."),
    )
    source = forms.CharField(
        label=gettext_lazy("Source"),
        max_length=120,
        validators=[no_personal_numbers],
        help_text=gettext_lazy("Such as the number of the official notice."),
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason of the correction"),
        validators=[no_personal_numbers],
        required=False,
        max_length=300,
        help_text=gettext_lazy("Asked for when a day has begun already."),
    )

    def clean_file(self) -> str:
        """The text of the file; a list typed in an office may be in the older Chinese encoding."""
        upload = self.cleaned_data["file"]
        if upload is None:
            return ""
        if upload.size > LARGEST_FILE:
            raise forms.ValidationError(_("A list of one year is smaller than 256 KB."))
        body: bytes = upload.read()
        for encoding in ("utf-8-sig", "gb18030"):
            try:
                return body.decode(encoding)
            except UnicodeDecodeError:
                continue
        raise forms.ValidationError(_("This is no text file: save the list as CSV or JSON."))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if "days" in cleaned and "file" in cleaned:
            try:
                cleaned["days"] = read_list(cleaned["file"] or cleaned["days"])
            except Malformed as no:
                for line in no.errors["days"]:
                    self.add_error("days", str(line))
        return cleaned

    def said(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in ("year", "is_whole_year", "days", "source", "reason")}


def suggested(on: date, *, is_workday: bool) -> dict[str, Any]:
    """A form for turning one day, half filled in."""
    word = "work" if not is_workday else "free"
    return {"year": on.year, "is_whole_year": "no", "days": f"{on.isoformat()},{word},"}
