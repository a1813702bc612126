"""Runs of the simulation, as the pages show them."""

from __future__ import annotations

from django.db.models import QuerySet

from supervision.models import SimulationRun

State = SimulationRun.State


def newest_done(kind: SimulationRun.Kind) -> SimulationRun | None:
    """The last run of a kind that has a result."""
    return SimulationRun.objects.filter(kind=kind, state=State.DONE).order_by("-asked_at", "-pk").first()


def newest_check(source: str) -> SimulationRun | None:
    """The last check of a history that has a result."""
    done = SimulationRun.objects.filter(kind=SimulationRun.Kind.CHECK, state=State.DONE, asked__source=source)
    return done.order_by("-asked_at", "-pk").first()


def newest(kind: SimulationRun.Kind) -> SimulationRun | None:
    """The last run of a kind, done or not."""
    return SimulationRun.objects.filter(kind=kind).order_by("-asked_at", "-pk").first()


def what_ifs() -> QuerySet[SimulationRun]:
    """What people have asked, for a list by keyset."""
    return SimulationRun.objects.filter(kind=SimulationRun.Kind.WHAT_IF).select_related("asked_by")
