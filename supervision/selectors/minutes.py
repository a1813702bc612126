"""Standard minutes: what holds on a day for each queue, where the figure comes from, and what is to be decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from django.db.models import QuerySet

from applications.lifecycle import QUEUES, Queue
from organization.models.versions import PolicyStatus
from supervision.models import SimulationRun, StandardMinutes
from supervision.selectors.simulations import newest_done

# Until the bank has measured or agreed on anything: our assumption (docs/capacity.md).
ASSUMED: Mapping[str, float] = {"check": 15, "entry": 10, "verify": 5, "filing": 4, "after-sales": 10}
SHOWN = 50  # versions of the past
ENOUGH = 30  # pieces of work that make a measurement


@dataclass(frozen=True, slots=True)
class Measured:
    """The median of what history shows, and of how many pieces of work."""

    minutes: float
    pieces: int


@dataclass(frozen=True, slots=True)
class Standard:
    """The minutes of a queue on a day: agreed (``version``), else measured, else assumed."""

    queue: Queue
    minutes: float
    version: StandardMinutes | None
    measured: Measured | None

    @property
    def source(self) -> str:
        if self.version is not None:
            return "agreed"
        return "measured" if self.measured else "assumed"


def standards(on: date) -> dict[str, Standard]:
    """One per queue of the center; two queries."""
    agreed: dict[str, StandardMinutes] = {}
    for version in StandardMinutes.objects.filter(status=PolicyStatus.APPROVED, starts_on__lte=on).order_by(
        "starts_on", "pk"
    ):
        agreed[version.queue] = version
    measured = measurements()
    found = {}
    for name, queue in QUEUES.items():
        chosen, seen = agreed.get(name), measured.get(name)
        minutes = float(chosen.minutes) if chosen else seen.minutes if seen else ASSUMED[name]
        found[name] = Standard(queue, minutes, chosen, seen)
    return found


def standard_minutes(on: date) -> dict[str, float]:
    """Minutes per piece of work, by queue."""
    return {name: standard.minutes for name, standard in standards(on).items()}


def measurements() -> dict[str, Measured]:
    """What the last fit has measured, where it saw enough pieces of work with their beginning and end."""
    last = newest_done(SimulationRun.Kind.FORECAST)
    return {
        queue: Measured(minutes=row["minutes"], pieces=row["pieces"])
        for queue, row in (last.outcome if last else {}).get("measured", {}).items()
        if row["pieces"] >= ENOUGH
    }


def drafts() -> QuerySet[StandardMinutes]:
    """What waits for the second person."""
    return StandardMinutes.objects.filter(status=PolicyStatus.DRAFT).select_related("drafted_by").order_by("pk")


def versions() -> QuerySet[StandardMinutes]:
    """What was approved, the newest day first."""
    approved = StandardMinutes.objects.filter(status=PolicyStatus.APPROVED)
    return approved.select_related("drafted_by", "approved_by").order_by("-starts_on", "queue")
