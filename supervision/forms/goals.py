"""What people write about their goals: the grid of targets, notes to the week, words of the feed, the own summary."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.utils.translation import gettext_lazy, pgettext_lazy

from ops_center.web.notes import no_personal_numbers
from supervision.models import Measure, MonthSummary
from supervision.selectors.goals import Row
from supervision.services.broadcasts import LONGEST_WORD
from supervision.services.summaries import MOST_LETTERS
from supervision.services.targets import MOST, Subject
from supervision.services.weekly import LONGEST_NOTE


class TargetGrid(forms.Form):
    """A number per row and measure; an empty cell is no target."""

    def __init__(self, rows: Sequence[Row], data: Mapping[str, Any] | None = None) -> None:
        super().__init__(data)
        self.rows = rows
        for row in rows:
            for cell in row.measures:
                self.fields[self._name(row, cell.measure)] = forms.IntegerField(
                    label=f"{row.branch or row.person} {cell.measure.label}", required=False, min_value=0,
                    max_value=MOST, initial=cell.target,
                    widget=forms.NumberInput(attrs={"class": "form-control", "inputmode": "numeric"}),
                )  # fmt: skip

    @staticmethod
    def _name(row: Row, measure: Measure) -> str:
        return f"{row.key}-{measure}"

    def lines(self) -> Iterator[tuple[Row, list[tuple[Measure, BoundField]]]]:
        for row in self.rows:
            yield row, [(cell.measure, self[self._name(row, cell.measure)]) for cell in row.measures]

    def wanted(self) -> dict[tuple[Subject, Measure], int | None]:
        """What the grid says, for the service; cells that nobody touched are told as they stand."""
        found: dict[tuple[Subject, Measure], int | None] = {}
        for row in self.rows:
            subject = row.branch or row.person
            assert subject is not None
            for cell in row.measures:
                found[subject, cell.measure] = self.cleaned_data[self._name(row, cell.measure)]
        return found


class NoteForm(forms.Form):
    text = forms.CharField(
        label=gettext_lazy("Note of the branch head"), max_length=LONGEST_NOTE, validators=[no_personal_numbers],
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("What went well, what is missing, what you will do. No client data."),
    )  # fmt: skip


class SentenceForm(forms.Form):
    """One sentence for the feed; empty takes it back."""

    text = forms.CharField(
        label=gettext_lazy("In one sentence"), max_length=LONGEST_WORD, required=False, validators=[no_personal_numbers]
    )


class SummaryForm(forms.Form):
    """The five blocks, and the version that the page was drawn with."""

    version = forms.IntegerField(min_value=0, widget=forms.HiddenInput)

    def __init__(self, *args: Any, written: MonthSummary | None = None) -> None:
        super().__init__(*args)
        for block in MonthSummary.BLOCKS:
            self.fields[block] = forms.CharField(
                label=BLOCK_LABELS[block], required=False, max_length=MOST_LETTERS,
                initial=getattr(written, block, ""), validators=[no_personal_numbers],
                widget=forms.Textarea(attrs={"rows": 4, "class": "form-control"}),
            )  # fmt: skip


BLOCK_LABELS = {
    "review": pgettext_lazy("summary", "Review"),
    "results": pgettext_lazy("summary", "Results"),
    "problems": pgettext_lazy("summary", "Problems"),
    "measures": pgettext_lazy("summary", "Measures"),
    "plan": pgettext_lazy("summary", "Plan"),
}
