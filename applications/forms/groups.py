"""What is said about a group batch: the employer, its people, who speaks for it, when the bank is there."""

from __future__ import annotations

from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.utils.translation import gettext_lazy as _

from applications.forms.base import Act, person_field
from applications.models import GroupBatch, GroupVisit
from applications.services.groups import MOST_HEADS, MOST_VISITS, OPENERS
from ops_center.clock import local_day
from ops_center.web.notes import no_personal_numbers
from organization.models import Employee


class BatchForm(Act):
    slug = "batch"

    employer = forms.CharField(label=_("Employer"), max_length=60, help_text=_("The full name as on its seal."))
    level = forms.ChoiceField(label=_("Level"), choices=[("", _("Choose a level")), *GroupBatch.Level.choices])
    head_count = forms.IntegerField(
        label=_("Head-count"), min_value=1, max_value=MOST_HEADS, help_text=_("Penetration is counted against it.")
    )
    employer_address = forms.CharField(
        label=_("Employer's address (optional)"), max_length=120, required=False, validators=[no_personal_numbers],
        help_text=_("Stands in the entry form of every member."),
    )  # fmt: skip
    work_phone = forms.CharField(label=_("Work telephone (optional)"), max_length=20, required=False)
    contact_name = forms.CharField(label=_("Key contact"), max_length=40)
    contact_mobile = forms.CharField(
        label=_("Mobile of the key contact"), max_length=20,
        widget=forms.TextInput(attrs={"data-check": "mobile", "inputmode": "tel", "autocomplete": "off"}),
    )  # fmt: skip
    host = person_field(_("Host"))

    def __init__(self, *args: Any, batch: GroupBatch | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.batch = batch
        here = Employee.objects.holding(*OPENERS, on=local_day(self.at))
        self.fields["host"].queryset = here.filter(branch=self.actor.branch)  # type: ignore[attr-defined]
        self.initial.setdefault("host", self.actor.number)
        visits: list[GroupVisit] = []
        if batch is not None:
            self._begin_with(batch)
            visits = list(batch.visits.all())
        for n in range(MOST_VISITS):
            known = visits[n] if n < len(visits) else None
            self.fields[f"phase-{n}"] = forms.ChoiceField(
                label=_("Phase"), required=False, choices=[("", "—"), *GroupVisit.Phase.choices],
                initial=known.phase if known else "",
            )  # fmt: skip
            self.fields[f"on-{n}"] = forms.DateField(
                label=_("Day"), required=False, initial=known.on if known else None,
                widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            )  # fmt: skip

    def _begin_with(self, batch: GroupBatch) -> None:
        shown = ("employer", "level", "head_count", "employer_address", "work_phone", "version")
        self.initial.update({name: getattr(batch, name) for name in shown}, host=batch.host.number)
        for name, mask in (("contact_name", batch.contact_name_mask), ("contact_mobile", batch.contact_mobile_mask)):
            self.fields[name].required = False
            self.fields[name].help_text = _("Empty: %(mask)s stays. Name and mobile change together.") % {"mask": mask}

    @property
    def visits(self) -> list[tuple[BoundField, BoundField, bool]]:
        """Phase and day of every row, and whether it stands open: what is filled, and one that is empty."""
        rows = [(self[f"phase-{n}"], self[f"on-{n}"]) for n in range(MOST_VISITS)]
        filled = [at for at, row in enumerate(rows) if any(field.value() or field.errors for field in row)]
        return [(*row, at <= max(filled, default=-1) + 1) for at, row in enumerate(rows)]

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        for n in range(MOST_VISITS):
            phase, on = said.get(f"phase-{n}"), said.get(f"on-{n}")
            if phase and not on and f"on-{n}" not in self.errors:
                self.add_error(f"on-{n}", _("Which day?"))
            if on and not phase:
                self.add_error(f"phase-{n}", _("Which phase?"))
        return said

    def said(self) -> dict[str, Any]:
        said = super().said()
        rows = [(said.pop(f"phase-{n}"), said.pop(f"on-{n}")) for n in range(MOST_VISITS)]
        return said | {"visits": [(phase, on) for phase, on in rows if phase]}

    def field_of(self, fact: str) -> str:
        return "phase-0" if fact == "visits" else fact


class AddList(Act):
    slug = "unit-list"

    file = forms.FileField(label=_("Unit list with seal"), help_text=_("JPEG, PNG or PDF, at most 10 MB."))

    def said(self) -> dict[str, Any]:
        upload = self.cleaned_data["file"]
        return {"content": upload, "size": upload.size}
