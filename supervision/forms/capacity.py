"""What is typed about the center's capacity: standard minutes, absences, the plan of the days, a question to the model.
A form reads; what may be said is asked by the services."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.utils.translation import gettext_lazy as _

from applications.forms.base import Act
from applications.forms.versions import DAY, DraftVersion
from applications.lifecycle import QUEUES, Clock
from ops_center.kernel.errors import DomainError, Malformed
from ops_center.web.notes import no_personal_numbers
from organization.models import Employee
from organization.roles import Role
from supervision.selectors.assumptions import LONGEST_LIMIT, MOST_ARRIVALS, MOST_DAYS, MOST_STAFF
from supervision.selectors.workload import CLOCKS, ROLES
from supervision.services.roster import MOST_MINUTES

MINUTES = {"inputmode": "numeric", "step": 30, "class": "form-control form-control-sm"}
ABSENCES = 2  # rows of the question for people who would be away


class DraftMinutes(DraftVersion):
    slug = "minutes"

    queue = forms.ChoiceField(label=_("Queue"), choices=[(name, queue.label) for name, queue in QUEUES.items()])
    minutes = forms.DecimalField(
        label=_("Standard minutes"), max_digits=5, decimal_places=1, help_text=_("For one piece of work.")
    )

    field_order = ("queue", "minutes", "starts_on", "note")


class AbsenceForm(Act):
    slug = "absence"

    person = forms.ChoiceField(label=_("Person"))
    starts_on = forms.DateField(label=_("From"), widget=DAY)
    ends_on = forms.DateField(label=_("Until"), widget=DAY, help_text=_("The last day, included."))
    note = forms.CharField(
        label=_("Note"), max_length=80, required=False, validators=[no_personal_numbers],
        help_text=_("Optional: leave, training. No reason that is the person's own affair."),
    )  # fmt: skip

    def __init__(self, *args: Any, people: Sequence[Employee], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["person"].choices = _people(people)  # type: ignore[attr-defined]


class RosterForm(Act):
    """One number per person and day that is not a day off."""

    slug = "roster"

    def __init__(self, *args: Any, planned: Mapping[tuple[str, date], int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.cells = {f"{number}_{on.isoformat()}": (number, on) for number, on in planned}
        for name, cell in self.cells.items():
            self.fields[name] = forms.IntegerField(
                label=f"{cell[0]} {cell[1]:%m-%d}", initial=planned[cell], min_value=0, max_value=MOST_MINUTES,
                widget=forms.NumberInput(attrs=MINUTES),
            )  # fmt: skip

    def said(self) -> dict[str, Any]:
        return {"wanted": {cell: self.cleaned_data[name] for name, cell in self.cells.items()}}

    def cell(self, number: str, on: date) -> BoundField | None:
        """The field of a person on a day; none on a day off."""
        name = f"{number}_{on.isoformat()}"
        return self[name] if name in self.fields else None


class AskWhatIf(Act):
    """How the days to come would differ from today's plan."""

    slug = "what-if"

    name = forms.CharField(
        label=_("Name of the question"), max_length=60, validators=[no_personal_numbers],
        help_text=_("By it you find the answer again, such as “holiday week with two more”."),
    )  # fmt: skip
    arrivals = forms.DecimalField(
        label=_("Arrivals"), initial="1.0", min_value=0, max_value=int(MOST_ARRIVALS), decimal_places=2,
        help_text=_("Times what history lets expect: 1.2 is a fifth more."),
        widget=forms.NumberInput(attrs={"step": "0.1"}),
    )  # fmt: skip
    days = forms.IntegerField(label=_("Working days"), initial=5, min_value=1, max_value=MOST_DAYS)
    seed = forms.IntegerField(
        label=_("Seed"), initial=1, min_value=0, help_text=_("The same seed gives the same answer.")
    )

    def __init__(self, *args: Any, people: Sequence[Employee], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for role in ROLES:
            self.fields[f"staff_{role}"] = forms.IntegerField(
                label=Role(role).label, required=False, initial=0, min_value=-MOST_STAFF, max_value=MOST_STAFF
            )
        for kind in CLOCKS:
            self.fields[f"limit_{kind}"] = forms.IntegerField(
                label=Clock(kind).label, required=False, min_value=0, max_value=LONGEST_LIMIT
            )
        for row in range(ABSENCES):
            self.fields[f"person_{row}"] = forms.ChoiceField(label=_("Person"), choices=_people(people), required=False)
            self.fields[f"from_{row}"] = forms.DateField(label=_("From"), widget=DAY, required=False)
            self.fields[f"until_{row}"] = forms.DateField(label=_("Until"), widget=DAY, required=False)

    @staticmethod
    def typed(asked: Mapping[str, Any]) -> dict[str, Any]:
        """How assumptions would have been typed; of many absences the first."""
        return {
            **{name: asked[name] for name in ("arrivals", "days", "seed")},
            **{f"staff_{role}": change for role, change in asked["staff"].items()},
            **{f"limit_{kind}": amount for kind, amount in asked["limits"].items()},
            **{
                f"{part}_{row}": away[part]
                for row, away in enumerate(asked["absent"][:ABSENCES])
                for part in ("person", "from", "until")
            },
        }

    def said(self) -> dict[str, Any]:
        typed = self.cleaned_data
        asked = {
            "arrivals": float(typed["arrivals"]),
            "days": typed["days"],
            "seed": typed["seed"],
            "staff": {role: typed[f"staff_{role}"] for role in ROLES if typed[f"staff_{role}"]},
            "limits": {kind: typed[f"limit_{kind}"] for kind in CLOCKS if typed[f"limit_{kind}"] is not None},
            "absent": [
                {"person": typed[f"person_{row}"], "from": typed[f"from_{row}"], "until": typed[f"until_{row}"]}
                for row in range(ABSENCES)
                if typed[f"person_{row}"]
            ],
        }
        return {"name": typed["name"], "asked": asked}

    def refuse(self, no: DomainError) -> None:
        """What the service says of a group of fields stands beside the first of them."""
        super().refuse(no)
        first = {"staff": f"staff_{ROLES[0]}", "limits": f"limit_{CLOCKS[0]}", "absent": "person_0"}
        if isinstance(no, Malformed):
            for part, field in first.items():
                if part in no.errors:
                    self.add_error(field, [str(line) for line in no.errors[part]])

    def group(self, prefix: str) -> Iterator[BoundField]:
        return (self[name] for name in self.fields if name.startswith(f"{prefix}_"))

    @property
    def staff(self) -> list[BoundField]:
        return list(self.group("staff"))

    @property
    def limits(self) -> list[BoundField]:
        return list(self.group("limit"))

    @property
    def absences(self) -> list[BoundField]:
        return [self[f"{part}_{row}"] for row in range(ABSENCES) for part in ("person", "from", "until")]


def _people(people: Sequence[Employee]) -> list[tuple[str, str]]:
    return [("", "—"), *((person.number, f"{person.name} {person.number}") for person in people)]
