"""At the center: check sheet, entry and its second look, arbitration, filing (T15-T20)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from applications.entry_form import BLOCKS, BY_NAME, CRITICAL, FIELDS, Field, choices_of
from applications.forms.base import CaseForm, StepForm, note_field
from applications.lifecycle import Step
from applications.models import Application, CaseWarning, Event, Product
from applications.services.check import warnings_to_answer
from applications.services.entry import draft_of, prefilled, values_for_review, values_to_arbitrate
from applications.sheets import ANSWERS, CHECK_SHEET, WARNINGS

CHOICES = (("FIRST", _("First keyer")), ("SECOND", _("Second keyer")), ("OTHER", _("Neither")))


# -- T15: the check sheet ----------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class SheetLine:
    """One line of the check sheet: its words, the three answers, and a note where it is not simply passed."""

    number: int
    label: str | Promise
    answer: BoundField
    note: BoundField


@dataclass(frozen=True, slots=True)
class WarningLine:
    """One warning: what it says, the cases that it points to, and the answer that is asked (or was given)."""

    label: str | Promise
    warning: CaseWarning
    note: BoundField | None


class PassCheck(StepForm):
    step = Step.PASS_CHECK

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for code, label in CHECK_SHEET.items():
            self.fields[f"answer-{code}"] = forms.ChoiceField(
                label=str(label), choices=ANSWERS.items(), required=False, widget=forms.RadioSelect
            )
            self.fields[f"note-{code}"] = note_field(_("Note"), required=False)
        self.raised = warnings_to_answer(self.case, at=self.at)
        for warning in self.raised:
            if warning.answered_at is None:
                self.fields[f"warning-{warning.code}"] = note_field(
                    str(WARNINGS.get(warning.code, warning.code)), required=False, most=200
                )

    @property
    def lines(self) -> Iterator[SheetLine]:
        for number, (code, label) in enumerate(CHECK_SHEET.items(), start=1):
            yield SheetLine(number, label, self[f"answer-{code}"], self[f"note-{code}"])

    @property
    def warning_lines(self) -> Iterator[WarningLine]:
        for warning in self.raised:
            name = f"warning-{warning.code}"
            note = self[name] if name in self.fields else None
            yield WarningLine(WARNINGS.get(warning.code, warning.code), warning, note)

    def field_of(self, fact: str) -> str:
        return f"answer-{fact}"

    def said(self) -> dict[str, Any]:
        said = self.cleaned_data
        return {
            "items": [
                {"code": code, "answer": said[f"answer-{code}"], "note": said[f"note-{code}"]}
                for code in CHECK_SHEET
                if said[f"answer-{code}"]
            ],
            "warnings": [
                {"code": warning.code, "note": said[f"warning-{warning.code}"]}
                for warning in self.raised
                if f"warning-{warning.code}" in self.fields
            ],
        }


# -- T17: the entry ----------------------------------------------------------------------------------------------------
_INPUT_MODES = {"id_number": "text", "mobile": "numeric", "phone": "tel", "money": "numeric", "date": "text"}
_LENGTHS = {"id_number": 18, "mobile": 11, "date": 10}  # what is full jumps on by itself


def entry_field(field: Field, *, case: Application) -> forms.Field:
    """The control of one keyed field. It takes whatever is typed: the entry form's own rules say what is wrong."""
    attrs: dict[str, Any] = {"data-kind": field.kind, "data-block": field.block, "autocomplete": "off"}
    if field.is_required(case.customer_group):
        attrs["data-must"] = ""
    if field.kind == "bool":
        return forms.BooleanField(label=field.label, required=False, widget=forms.CheckboxInput(attrs))
    if field.kind == "choice":
        return forms.ChoiceField(
            label=field.label, required=False, choices=[("", "—"), *choices_of(field)], widget=forms.Select(attrs)
        )
    if field.kind in ("id_number", "mobile"):
        attrs["data-check"] = field.kind
    attrs |= {"inputmode": _INPUT_MODES.get(field.kind, "text"), "maxlength": 120, "spellcheck": "false"}
    if field.kind in _LENGTHS:
        attrs["data-full"] = _LENGTHS[field.kind]
    if field.kind == "date":
        attrs["placeholder"] = "2026-11-26"
    return forms.CharField(label=field.label, required=False, widget=forms.TextInput(attrs))


@dataclass(frozen=True, slots=True)
class Block:
    """The fields of one block of the paper, reached by Alt and its number."""

    number: int
    label: str | Promise
    fields: list[BoundField]


class Keying(StepForm):
    """A form that is keyed from the paper; a draft of the same person comes back as it was left."""

    step = Step.SUBMIT_ENTRY
    names: tuple[str, ...] = tuple(field.name for field in FIELDS)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, use_required_attribute=False, **kwargs)
        for name in self.names:
            self.fields[name] = entry_field(BY_NAME[name], case=self.case)
        draft = draft_of(self.case, keyer=self.actor)
        self.initial.update(draft.fields if draft else prefilled(self.case))
        self.saved_at = draft.saved_at if draft else None

    @property
    def blocks(self) -> list[Block]:
        found = []
        for number, label in enumerate(BLOCKS, start=1):
            bound = [self[name] for name in self.names if BY_NAME[name].block == number]
            if bound:
                found.append(Block(number, label, bound))
        return found

    @property
    def keyed(self) -> dict[str, Any]:
        return {name: self.cleaned_data.get(name) for name in self.names}

    def said(self) -> dict[str, Any]:
        return {"fields": self.keyed}


class SubmitEntry(Keying):
    step = Step.SUBMIT_ENTRY


# -- T18: the second look ----------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class ReviewLine:
    """One keyed value to compare with the paper, and where to say that it differs."""

    field: Field
    value: str
    differs: BoundField
    remark: BoundField


class Review(StepForm):
    """REVIEW mode: the keyed values against the paper; what differs is marked, everything else agrees."""

    step = Step.VERIFY

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in BY_NAME:
            self.fields[f"differs-{name}"] = forms.BooleanField(
                label=_("Differs"), required=False, widget=forms.CheckboxInput(attrs={"data-differs": ""})
            )
            self.fields[f"remark-{name}"] = forms.CharField(label=_("Remark"), max_length=200, required=False)

    @property
    def blocks(self) -> Iterator[tuple[int, str | Promise, list[ReviewLine]]]:
        values = values_for_review(self.case, actor=self.actor, at=self.at)
        for number, label in enumerate(BLOCKS, start=1):
            yield number, label, [
                ReviewLine(field, shown(field, values.get(field.name)), self[f"differs-{field.name}"],
                           self[f"remark-{field.name}"])
                for field in FIELDS
                if field.block == number
            ]  # fmt: skip

    def said(self) -> dict[str, Any]:
        said = self.cleaned_data
        remarks = {name: said[f"remark-{name}"] for name in BY_NAME if said[f"differs-{name}"]}
        return {"agree": not remarks, "remarks": remarks}

    @classmethod
    def of(cls, case: Application) -> type[CaseForm]:
        return DoubleKeying if case.review_mode == Product.ReviewMode.DOUBLE else cls


class DoubleKeying(Keying):
    """DOUBLE mode: the critical fields once more, blind."""

    step = Step.VERIFY
    panel = "applications/steps/_verify-double.html"
    names = CRITICAL


def shown(field: Field, value: Any) -> str:
    """A keyed value as it is read: the label of a choice, a word for a tick."""
    if field.kind == "bool":
        return str(_("Yes")) if value else str(_("No"))
    if field.kind == "choice":
        return str(dict(choices_of(field)).get(str(value), value or ""))
    return str(value or "")


# -- T19: arbitration --------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class DifferenceLine:
    """One field that the two keyers read differently."""

    field: Field
    first: str
    second: str
    choose: BoundField
    value: BoundField


class Arbitrate(StepForm):
    step = Step.ARBITRATE

    note = note_field(_("What the paper shows"), rows=2)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        open_rows = self.case.differences.filter(round=self.case.round, settled_at=None)
        self.names = list(open_rows.values_list("field", flat=True))
        for name in self.names:
            self.fields[f"choose-{name}"] = forms.ChoiceField(
                label=_("Right is"), choices=CHOICES, required=False, widget=forms.RadioSelect
            )
            self.fields[f"value-{name}"] = forms.CharField(label=_("Right value"), max_length=120, required=False)

    @property
    def lines(self) -> Iterator[DifferenceLine]:
        for name, (first, second) in values_to_arbitrate(self.case, actor=self.actor, at=self.at).items():
            field = BY_NAME[name]
            yield DifferenceLine(
                field, shown(field, first), shown(field, second), self[f"choose-{name}"], self[f"value-{name}"]
            )

    def field_of(self, fact: str) -> str:
        return f"choose-{fact}" if fact in self.names else fact

    def said(self) -> dict[str, Any]:
        said = self.cleaned_data
        fields = {name: {"choose": said[f"choose-{name}"], "value": said[f"value-{name}"]} for name in self.names}
        return {"fields": fields, "note": said["note"]}


# -- T20: filing -------------------------------------------------------------------------------------------------------
class File(StepForm):
    step = Step.FILE

    shelf = forms.CharField(label=_("Shelf"), max_length=24)
    archive_no = forms.CharField(
        label=_("Archive number (optional)"), max_length=24, required=False,
        help_text=_("Left empty, the next number is drawn."),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        last = Event.objects.filter(actor=self.actor, step=Step.FILE).order_by("-at").values_list("facts", flat=True)
        self.initial.setdefault("shelf", (last.first() or {}).get("shelf", ""))


class MarkIssued(StepForm):
    step = Step.MARK_ISSUED

    card_last4 = forms.CharField(
        label=_("Last four digits of the card"), max_length=4,
        help_text=_("Never more than these four."),
        widget=forms.TextInput(attrs={"inputmode": "numeric", "pattern": "[0-9]{4}", "autocomplete": "off"}),
    )  # fmt: skip
