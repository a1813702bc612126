"""How the rows of a report are shown: one table for the page, the list and the file, so that none says something else.

No client stands in any of them; a case is its number and its product.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from applications.lifecycle import STEP_LABELS, Clock, Outcome, Step
from applications.models import Application, Bag, CaseClock, Event, KeyDifference
from ops_center.clock import SHANGHAI
from ops_center.web.tables import Row
from organization.models import Branch, Employee
from supervision.selectors.operations import Kind

CHUNK = 2_000  # rows read at once


@dataclass(frozen=True, slots=True)
class Shape:
    """The columns of one kind of row, how a row fills them, and which case it opens."""

    columns: tuple[Any, ...]
    cells: Callable[[Any], Row]
    related: tuple[str, ...]
    case: Callable[[Any], Application | None]
    fetched: tuple[str, ...] = ()  # many to one row
    names_people: bool = True

    def read(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        return rows.select_related(*self.related).prefetch_related(*self.fetched)

    def iterate(self, rows: QuerySet[Any]) -> Iterator[Row]:
        """In the order of their making, read as they are written."""
        for row in self.read(rows).order_by("pk").iterator(chunk_size=CHUNK):
            yield self.cells(row)


def stamp(at: datetime | None) -> str:
    return f"{at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}" if at else "—"


def share(rate: float | None) -> str:
    """A rate as it stands in a file."""
    return "—" if rate is None else f"{rate:.1%}"


def person(employee: Employee | None) -> str:
    return f"{employee.name} {employee.number}" if employee else "—"


def _branch(branch: Branch | None) -> str:
    return branch.name if branch else "—"


def _case(case: Application) -> Row:
    return (
        case.number, case.product.name, str(case.get_state_display()), case.round, _branch(case.branch),
        person(case.referrer), person(case.collector), stamp(case.referred_at), stamp(case.taken_in_at),
        stamp(case.entered_at), stamp(case.issued_at), stamp(case.activated_at),
    )  # fmt: skip


def _clock(clock: CaseClock) -> Row:
    case = clock.application
    outcome = str(Outcome(clock.outcome).label) if clock.outcome else str(_("still open"))
    return (
        case.number, case.product.name, str(Clock(clock.kind).label), _branch(case.branch), person(clock.owner),
        stamp(clock.started_at), stamp(clock.due_at), stamp(clock.stopped_at), outcome,
    )  # fmt: skip


def _bag(bag: Bag) -> Row:
    return (
        bag.number, bag.branch.name, str(bag.get_state_display()), bag.seal_no, stamp(bag.handed_over_at),
        stamp(bag.received_at), "、".join(incident.code for incident in bag.incidents.all()) or "—",
    )  # fmt: skip


def _field(found: KeyDifference) -> Row:
    case = found.application
    return (
        case.number, case.product.name, found.field, person(found.wrong_keyer), person(found.found_by),
        stamp(found.found_at),
    )  # fmt: skip


def _work(event: Event) -> Row:
    case = event.application
    return (
        case.number, case.product.name, str(STEP_LABELS.get(Step(event.step), event.step)), person(event.actor),
        stamp(event.at),
    )  # fmt: skip


_NUMBER, _PRODUCT, _BRANCH = _("Application number"), _("Product"), _("Branch")

SHAPES: Mapping[Kind, Shape] = {
    Kind.CASES: Shape(
        (
            _NUMBER, _PRODUCT, _("State"), _("Round"), _BRANCH, _("Referrer"), _("Collector"),
            pgettext_lazy("time", "Referred"), pgettext_lazy("time", "Taken in"), pgettext_lazy("time", "Entered"),
            pgettext_lazy("time", "Issued"), pgettext_lazy("time", "Activated"),
        ),
        _case, ("product", "branch", "referrer", "collector"), lambda case: case,
    ),
    Kind.CLOCKS: Shape(
        (
            _NUMBER, _PRODUCT, _("Clock"), _BRANCH, _("Answered by"), pgettext_lazy("time", "Started"), _("Due"),
            pgettext_lazy("time", "Stopped"), _("Outcome"),
        ),
        _clock, ("application__product", "application__branch", "owner"), lambda clock: clock.application,
    ),
    Kind.BAGS: Shape(
        (
            _("Bag"), _BRANCH, _("State"), _("Seal number"), pgettext_lazy("time", "Handed over"),
            pgettext_lazy("time", "Received"), _("Incidents"),
        ),
        _bag, ("branch",), lambda _bag: None, fetched=("incidents",), names_people=False,
    ),
    Kind.FIELDS: Shape(
        (_NUMBER, _PRODUCT, _("Field"), _("Wrong keyer"), _("Found by"), pgettext_lazy("time", "Found")),
        _field, ("application__product", "wrong_keyer", "found_by"), lambda found: found.application,
    ),
    Kind.WORK: Shape(
        (_NUMBER, _PRODUCT, _("Step"), _("Person"), pgettext_lazy("time", "At")),
        _work, ("application__product", "actor"), lambda event: event.application,
    ),
}  # fmt: skip
