"""The reports that can be taken as a file: their columns and rows, the same that their pages show."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, ClassVar

from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from applications.lifecycle import Clock
from applications.models import Application
from applications.querysets import ApplicationQuerySet
from applications.selectors import CASE_FILTERS, cases_for
from ops_center.clock import local_day
from ops_center.kernel.errors import Malformed
from ops_center.web.tables import Row
from organization.models import Branch
from organization.roles import Role
from supervision.models import Breach
from supervision.report_rows import CHUNK, SHAPES, Shape, person, share, stamp
from supervision.selectors.custody import with_charges
from supervision.selectors.delays import HOLDER_LABELS, column_of
from supervision.selectors.operations import (
    ALL,
    BESIDE,
    FIGURES,
    GROUPS,
    Asked,
    Figure,
    field_errors,
    values_of,
    volume_beside_quality,
)  # fmt: skip
from supervision.selectors.rules_in_force import Rule, rules_in_force

Filters = Mapping[str, str]
SIDES = ("whole", "part")
OWN_FILTERS = frozenset(CASE_FILTERS) - {"branch"}
NARROWED = frozenset({"figure", "side", "code", "who", "by"}) | OWN_FILTERS
EXPORTERS = (Role.BH, Role.SUP, Role.MGT, Role.AUD)  # permission matrix, row "Export"
LISTERS = (Role.CM, Role.CS, Role.BH)  # the same: "own list", of a branch head the branch's


class Report(ABC):
    """A report: its name, its columns and rows for a question, and what its filters may say."""

    label: ClassVar[Any]
    takers: ClassVar[tuple[Role, ...]] = EXPORTERS

    narrowed_by: ClassVar[frozenset[str]] = frozenset()  # beside period and branch, which every report knows

    def check(self, asked: Asked, filters: Filters) -> None:
        """Malformed (400) for a filter that this report does not know, or that says nothing it knows."""
        for name in NARROWED - self.narrowed_by:
            if filters.get(name):
                raise no_such_choice(name)

    def names_people(self, filters: Filters) -> bool:
        return False

    @abstractmethod
    def columns(self, filters: Filters) -> Sequence[Any]: ...

    @abstractmethod
    def rows(self, asked: Asked, filters: Filters) -> Iterable[Row]: ...

    def count(self, asked: Asked, filters: Filters) -> int:
        """How many rows there will be, for the progress; 0 where there are few."""
        return 0


class CasesReport(Report):
    """The list of cases as it stands on the page, with its filters: of a branch head those in sight, of a collector the
    own ones. Clients are masked as on the page."""

    label = gettext_lazy("List of cases")
    takers = LISTERS
    narrowed_by = OWN_FILTERS

    def check(self, asked: Asked, filters: Filters) -> None:
        super().check(asked, filters)
        self._cases(asked, filters)

    def names_people(self, filters: Filters) -> bool:
        return True

    def columns(self, filters: Filters) -> Sequence[Any]:
        return (
            _("Due"), _("Clock"), _("Application number"), _("Round"), _("State"), _("Client"), _("Product"),
            _("Branch"), _("Collector"), _("Held by"),
        )  # fmt: skip

    def rows(self, asked: Asked, filters: Filters) -> Iterable[Row]:
        cases = self._cases(asked, filters).with_people().order_by(F("due_at").asc(nulls_last=True), "id")
        for case in cases.iterator(chunk_size=CHUNK):
            holder = case.claimed_by if case.is_claimed(asked.at) else None
            clock = str(Clock(case.due_clock).label) if case.due_clock else "—"
            yield (
                stamp(case.due_at), clock, case.number, case.round, str(case.get_state_display()),
                case.applicant.name_mask or "—", case.product.name, case.branch.name if case.branch else "—",
                person(case.collector), person(holder),
            )  # fmt: skip

    def count(self, asked: Asked, filters: Filters) -> int:
        return self._cases(asked, filters).count()

    def _cases(self, asked: Asked, filters: Filters) -> ApplicationQuerySet:
        assert asked.reader is not None
        wanted = {name: filters.get(name, "") for name in OWN_FILTERS}
        if not asked.reader.has_role(Role.BH, on=local_day(asked.at)):
            wanted["mine"] = "1"
        return cases_for(employee=asked.reader, at=asked.at, filters=wanted)


class FigureReport(Report):
    """All figures of a period, a line each."""

    label = gettext_lazy("Operations report")

    def columns(self, filters: Filters) -> Sequence[Any]:
        return (_("Figure"), _("Formula"), _("Counted"), _("of"), _("Rate"))

    def rows(self, asked: Asked, filters: Filters) -> Iterable[Row]:
        values = values_of(FIGURES, asked)
        for name, figure in FIGURES.items():
            value = values[name]
            yield str(figure.label), str(figure.formula), value.part, value.whole, _rate(figure, value.rate)
        errors = field_errors(asked)
        figure = ALL["wrong-fields"]
        yield str(figure.label), str(figure.formula), errors.part, errors.whole, share(errors.rate)


class ListReport(Report):
    """The rows behind one figure."""

    label = gettext_lazy("List behind a figure")

    narrowed_by = frozenset({"figure", "side", "code", "who"})

    def check(self, asked: Asked, filters: Filters) -> None:
        super().check(asked, filters)
        behind(asked, filters)

    def names_people(self, filters: Filters) -> bool:
        return shape_of(filters).names_people

    def columns(self, filters: Filters) -> Sequence[Any]:
        return shape_of(filters).columns

    def rows(self, asked: Asked, filters: Filters) -> Iterable[Row]:
        return shape_of(filters).iterate(behind(asked, filters))

    def count(self, asked: Asked, filters: Filters) -> int:
        return behind(asked, filters).count()


class QualityReport(Report):
    """Volume beside quality, branch by branch or collector by collector."""

    label = gettext_lazy("Volume beside quality")

    narrowed_by = frozenset({"by"})

    def check(self, asked: Asked, filters: Filters) -> None:
        super().check(asked, filters)
        _one_of(filters, "by", ("branch", "collector"))

    def names_people(self, filters: Filters) -> bool:
        return filters.get("by") == "collector"

    def columns(self, filters: Filters) -> Sequence[Any]:
        first = _("Collector") if self.names_people(filters) else _("Branch")
        return (first, _("Cards"), *(FIGURES[name].label for name in BESIDE), _("Upheld complaints"))

    def rows(self, asked: Asked, filters: Filters) -> Iterable[Row]:
        for row in volume_beside_quality(asked, by=filters.get("by") or "branch"):
            who = row.subject.name if isinstance(row.subject, Branch) else person(row.subject)
            values = [_cell(FIGURES[name], row.values[name]) for name in BESIDE]
            yield (who, row.cards, *values, row.complaints)


class RulesReport(Report):
    """Every rule of time that was in force, for the regulator."""

    label = gettext_lazy("Rules of time in force")

    def names_people(self, filters: Filters) -> bool:
        return True  # who drafted and approved a version

    def columns(self, filters: Filters) -> Sequence[Any]:
        return (
            _("Clock"), _("Version"), _("From"), _("Until"), _("Limit"), _("Warning"), _("Stands still for"),
            _("Answered by"), _("Basis"), _("Moves money"), _("Drafted by"), _("Approved by"), _("Approved"),
            _("In time"), _("Late"), _("Open overdue"), _("On-time rate"), _("Breaches"), _("Exempt"), _("Pauses"),
        )  # fmt: skip

    def rows(self, asked: Asked, filters: Filters) -> Iterable[Row]:
        return [_rule(rule) for rule in rules_in_force(asked)]


class DelaysReport(Report):
    """Whose the overdue minutes are of all that fell due in the period: a line for each who held a case then."""

    label = gettext_lazy("Whose delays")
    takers = (Role.BH, Role.SUP, Role.AUD)  # the management reads the figures of this board and opens no case

    def names_people(self, filters: Filters) -> bool:
        return True

    def columns(self, filters: Filters) -> Sequence[Any]:
        return (
            _("Application number"), _("Clock"), _("Branch"), _("Due"), pgettext("time", "Stopped"), _("Outcome"),
            _("Held by"), _("Branch or person"), _("Overdue working minutes"),
        )  # fmt: skip

    def rows(self, asked: Asked, filters: Filters) -> Iterable[Row]:
        cut = Q() if asked.branch is None else Q(branch=asked.branch)
        breaches = Breach.objects.filter(asked.within("due_at"), cut).select_related("application__branch", "clock")
        found = breaches.order_by("due_at", "pk").iterator(chunk_size=CHUNK)
        while some := list(islice(found, CHUNK)):
            with_charges(some, at=asked.at)
            for breach in some:
                yield from _charged(breach)


REPORTS: Mapping[str, Report] = {
    "cases": CasesReport(),
    "delays": DelaysReport(),
    "operations": FigureReport(),
    "list": ListReport(),
    "quality": QualityReport(),
    "rules": RulesReport(),
}


def _charged(breach: Breach) -> Iterable[Row]:
    clock, case = breach.clock, breach.application
    outcome = str(clock.get_outcome_display()) if clock.outcome else _("still open")
    for charge in breach.charges:  # type: ignore[attr-defined]
        who = charge.branch.name if charge.branch else person(charge.person)
        yield (
            case.number, str(breach.get_kind_display()), case.branch.name if case.branch else "—",
            stamp(breach.due_at), stamp(clock.stopped_at), outcome,
            str(HOLDER_LABELS[column_of(breach.kind, charge.holder)]), who, charge.minutes,
        )  # fmt: skip


# -- the rows behind a figure ------------------------------------------------------------------------------------------
def shape_of(filters: Filters) -> Shape:
    return SHAPES[figure_of(filters).kind]


def figure_of(filters: Filters) -> Figure:
    return ALL[_one_of(filters, "figure", ALL) or "intake"]


def behind(asked: Asked, filters: Filters) -> QuerySet[Any]:
    """The rows that a number counts: a side of a figure, narrowed to a return code, a batch or a person."""
    figure = figure_of(filters)
    side = _one_of(filters, "side", SIDES) or "whole"
    rows = figure.part_set(asked) if side == "part" else figure.whole_set(asked)
    if code := filters.get("code", ""):
        if figure in GROUPS.values():
            rows = rows.filter(pk__in=Application.objects.of_group(code).values("pk"))
        elif figure is FIGURES["returned"]:
            rows = rows.filter(returns__codes__contains=[code]).distinct()
        else:
            raise no_such_choice("code")
    if number := filters.get("who", ""):
        if not figure.person:
            raise no_such_choice("who")
        rows = rows.filter(**{f"{figure.person}__number": number})
    return rows


def _one_of(filters: Filters, name: str, known: Iterable[str]) -> str:
    value = filters.get(name, "")
    if value and value not in known:
        raise no_such_choice(name)
    return value


def no_such_choice(name: str) -> Malformed:
    sentence = _("There is no such choice.")
    return Malformed("bad_query", sentence, {name: sentence})


# -- cells -------------------------------------------------------------------------------------------------------------
def _rate(figure: Figure, rate: float | None) -> str:
    return share(rate) if figure.part else "—"


def _cell(figure: Figure, value: Any) -> str | int:
    return share(value.rate) if figure.part else int(value.whole)


def _rule(rule: Rule) -> Row:
    policy = rule.policy
    pauses = "、".join(f"{pause.reason.label} {pause.times}×{pause.minutes} min" for pause in rule.pauses)
    return (
        rule.title, rule.nth, f"{policy.starts_on:%Y-%m-%d}", f"{rule.until:%Y-%m-%d}" if rule.until else "—",
        *(term.after for term in rule.terms), _("yes") if policy.has_money else _("no"), person(policy.drafted_by),
        person(policy.approved_by), stamp(policy.approved_at), rule.in_time, rule.late, rule.open_overdue,
        share(rule.rate), rule.breaches, rule.exempt, pauses or "—",
    )  # fmt: skip
