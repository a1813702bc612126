"""Bags: sealing, handing over, receiving, clearing differences (T07-T11)."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from applications.forms.base import Act, note_field, person_field
from applications.models import Bag, BagIncident
from ops_center.clock import local_day
from organization.models import Employee


class BagForm(Act):
    """An act on one bag. ``done`` is the word of what was done, where it ends the work at hand."""

    done: ClassVar[str | Promise] = ""

    def __init__(self, *args: Any, bag: Bag, **kwargs: Any) -> None:
        self.bag = bag
        super().__init__(*args, **kwargs)

    @property
    def facts(self) -> dict[str, Any]:
        return {"bag": self.bag.pk, **super().facts}


class _Unversioned(BagForm):
    """An act that others do beside it without harm: files go in and out of an open bag one by one."""

    @property
    def facts(self) -> dict[str, Any]:
        facts = super().facts
        del facts["version"]
        return facts


class AddFile(_Unversioned):
    slug = "add-file"

    case = forms.CharField(
        label=_("Application number"), max_length=24,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "data-scan": ""}),
    )  # fmt: skip

    def clean_case(self) -> str:
        return str(self.cleaned_data["case"]).strip().upper()


class TakeOut(AddFile):
    slug = "take-out"


class _Witnessed(BagForm):
    witness = person_field(_("Witness"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        on = local_day(self.at)
        colleagues = Employee.objects.active().filter(branch=self.bag.branch_id).exclude(pk=self.actor.pk)
        at_work = colleagues.exclude(absences__starts_on__lte=on, absences__ends_on__gte=on)
        self.fields["witness"].queryset = at_work  # type: ignore[attr-defined]


class Seal(_Witnessed):
    slug = "seal"
    done = _("Bag %(bag)s is sealed. Hand it to the escort when the truck comes.")

    seal_no = forms.CharField(
        label=_("Seal number"), max_length=32, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    field_order = ("seal_no", "witness")


class Unseal(_Witnessed):
    slug = "unseal"
    done = _("Bag %(bag)s is open again; its old seal number stays used.")

    reason = note_field(_("Why the seal is broken"), most=200, rows=2)
    field_order = ("reason", "witness")


class HandOver(BagForm):
    slug = "hand-over"
    done = _("Bag %(bag)s is on the truck.")

    truck_no = forms.CharField(label=_("Truck"), max_length=16, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    escort = forms.CharField(label=_("Escort"), max_length=40, widget=forms.TextInput(attrs={"autocomplete": "off"}))


class Receive(BagForm):
    """The manifest as it is ticked. What is not ticked is missing, and has to be said so."""

    slug = "receive"
    done = _("Bag %(bag)s is received.")

    seal_no = forms.CharField(
        label=_("Seal number found on the bag"), max_length=32, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    received = forms.MultipleChoiceField(
        label=_("Files in the bag"), required=False, widget=forms.CheckboxSelectMultiple
    )
    extra = forms.CharField(
        label=_("Files that are not on the manifest (optional)"), required=False, max_length=1000,
        help_text=_("One number per line."), widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false"}),
    )  # fmt: skip
    lacks = forms.BooleanField(label=_("The files without a tick are missing; an incident is opened"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.items = list(self.bag.items.select_related("application__product").order_by("id"))
        self.manifest = [item.application.number for item in self.items]
        self.fields["received"].choices = [(number, number) for number in self.manifest]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        missing = [number for number in self.manifest if number not in said.get("received", [])]
        if missing and not said.get("lacks"):
            self.add_error(
                "lacks",
                _("%(found)s of %(packed)s files are ticked. Tick the others, or confirm that they are missing.")
                % {"found": len(self.manifest) - len(missing), "packed": len(self.manifest)},
            )
        return said

    @property
    def ticked(self) -> list[str]:
        return list(self["received"].value() or [])

    def said(self) -> dict[str, Any]:
        said = self.cleaned_data
        return {
            "seal_no": said["seal_no"],
            "received": said["received"],
            "missing": [number for number in self.manifest if number not in said["received"]],
            "extra": [number.upper() for number in re.split(r"[\s,，、;；]+", said["extra"]) if number],
        }


class CloseIncident(Act):
    slug = "close-incident"

    finding = forms.CharField(label=_("Finding"), max_length=200)
    turned_up = forms.BooleanField(label=_("The file has been found"), required=False)

    def __init__(self, *args: Any, incident: BagIncident, **kwargs: Any) -> None:
        self.incident = incident
        super().__init__(*args, **kwargs)

    @property
    def facts(self) -> dict[str, Any]:
        return {"incident": self.incident.pk, "actor": self.actor, "at": self.at, **self.said()}
