"""Volume beside quality (reliability rule C1): what the cards of careful and of careless collectors cost.

A collector stands in one band by the share of files that came back, and in one by the share of files dispatched in
time; both of the files taken in during the period. The money is that of all who worked on the collector's cards.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from django.db.models import Count, Q, Sum

from applications.lifecycle import Clock, Outcome
from applications.models import Application, CaseClock
from incentives.selectors.reports import Question, activated_cards, per_card
from organization.models import Employee


class Measure(StrEnum):
    RETURNS = "returns"
    ON_TIME = "on-time"


# Band → up to which share it reaches, in per cent, the bound included; the best band first.
BANDS: dict[Measure, dict[str, float]] = {
    Measure.RETURNS: {"0": 0, "0-5": 5, "5-10": 10, "10-20": 20, "20+": 100},
    Measure.ON_TIME: {"100": 0, "95-100": 5, "90-95": 10, "0-90": 100},  # by what is missing to all
}
UNKNOWN = "none"  # nothing taken in, or dispatched, in the period


@dataclass(frozen=True, slots=True)
class Collector:
    """One collector in a period. ``fen`` is what all people, pool and customers get of the collector's cards."""

    person: Employee
    received: int
    returned: int
    dispatched: int
    on_time: int
    cards: int
    fen: int

    @property
    def return_rate(self) -> float | None:
        return self.returned / self.received if self.received else None

    @property
    def on_time_rate(self) -> float | None:
        return self.on_time / self.dispatched if self.dispatched else None

    @property
    def per_card_fen(self) -> int | None:
        return per_card(self.fen, self.cards)

    def band(self, measure: Measure) -> str:
        if measure is Measure.RETURNS:
            wrong, of = self.returned, self.received
        else:
            wrong, of = self.dispatched - self.on_time, self.dispatched
        if not of:
            return UNKNOWN
        return next(band for band, most in BANDS[measure].items() if 100 * wrong <= most * of)


@dataclass(frozen=True, slots=True)
class Band:
    """The collectors of one band together."""

    name: str
    collectors: int
    received: int
    cards: int
    fen: int

    @property
    def per_card_fen(self) -> int | None:
        return per_card(self.fen, self.cards)


def collectors(asked: Question) -> list[Collector]:
    """Who took in a file, or whose card was activated or moved money, in the period; the dearest first."""
    taken_in = Application.objects.filter(
        taken_in_at__gte=asked.span.starts_at, taken_in_at__lt=asked.span.ends_at, is_imported=False
    ).order_by()
    dispatches = CaseClock.objects.filter(
        kind=Clock.DISPATCH, stopped_at__isnull=False, application__in=taken_in.values("pk")
    ).exclude(outcome__in=[Outcome.EXEMPT, Outcome.VOID])
    files = {
        person: (received, returned)
        for person, received, returned in taken_in.filter(received_at__isnull=False)
        .values_list("collector")
        .annotate(n=Count("pk"), returned=Count("pk", filter=Q(round__gt=1)))
    }
    clocks = {
        person: (closed, on_time)
        for person, closed, on_time in dispatches.order_by()
        .values_list("application__collector")
        .annotate(n=Count("pk"), in_time=Count("pk", filter=Q(outcome=Outcome.ON_TIME)))
    }
    cards = dict(activated_cards(asked).order_by().values_list("collector").annotate(Count("pk")))
    money = dict(asked.of_period.values_list("assessment__application__collector").annotate(Sum("amount_fen")))
    people = Employee.objects.select_related("branch").in_bulk({*files, *clocks, *cards, *money} - {None})
    found = [
        Collector(person, *files.get(pk, (0, 0)), *clocks.get(pk, (0, 0)), cards.get(pk, 0), money.get(pk, 0))
        for pk, person in people.items()
    ]
    return sorted(found, key=lambda row: (-row.fen, row.person.number))


def bands(rows: Iterable[Collector], measure: Measure) -> list[Band]:
    """The collectors by band, the best first; bands without anybody stand too, so that months can be compared."""
    names = [*BANDS[measure], UNKNOWN]
    groups: dict[str, list[Collector]] = {name: [] for name in names}
    for row in rows:
        groups[row.band(measure)].append(row)
    return [
        Band(
            name, len(group), sum(row.received for row in group), sum(row.cards for row in group),
            sum(row.fen for row in group),
        )
        for name, group in groups.items()
    ]  # fmt: skip
