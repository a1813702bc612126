"""What waits for registration: each activation with its proof, its stamps and its coaching."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.utils.text import capfirst

from applications.lifecycle import Clock
from applications.models import Application, CaseClock
from applications.sheets import CALL_CHANNELS
from incentives.evidence import Evidence, evidence_of
from incentives.lifecycle import Proof, Verdict
from incentives.models import Assessment

FOUR_STAMPS = ("taken_in_at", "entered_at", "issued_at", "collected_at")


@dataclass(frozen=True, slots=True)
class ToRegister:
    """One case, as the tracker looks at it."""

    assessment: Assessment
    evidence: Evidence

    @property
    def case(self) -> Application:
        return self.assessment.application

    @property
    def channel(self) -> str:
        """Through which channel the client was verified; empty when the card system reported by itself."""
        return str(CALL_CHANNELS.get(self.assessment.event.facts.get("channel", ""), ""))

    @property
    def proof(self) -> str:
        """What was said of the verification at the activation."""
        return str(self.assessment.event.facts.get("proof", ""))

    @property
    def missing_stamps(self) -> list[str]:
        missing = [name for name in FOUR_STAMPS if getattr(self.case, name) is None]
        return [str(capfirst(Application._meta.get_field(name).verbose_name)) for name in missing]  # type: ignore[union-attr]

    @property
    def is_coached(self) -> bool:
        return hasattr(self.case, "coaching")

    @property
    def differs(self) -> bool:
        return self.evidence.proof == Proof.DIFFERS

    @property
    def is_in_order(self) -> bool:
        """Confirmed by the card system, with all its stamps: ticked beforehand."""
        return self.evidence.proof == Proof.CONFIRMED and not self.missing_stamps


def to_register(*, branch: str = "") -> QuerySet[Assessment]:
    """Cases that wait for their registration, of one branch or of all, and until when it is due."""
    clock = CaseClock.objects.filter(application=OuterRef("pk"), kind=Clock.REGISTER, stopped_at=None)
    waiting = Assessment.objects.filter(verdict=Verdict.EARNED, registration=None)
    if branch:
        waiting = waiting.filter(application__branch__code=branch)
    return waiting.annotate(due_at=Subquery(clock.values("due_at")[:1])).select_related(
        "application__product", "application__branch", "application__coaching", "event__actor"
    )


def with_evidence(rows: Iterable[Assessment]) -> list[ToRegister]:
    """The rows of a page with what the card system's files say: one query for all."""
    found = list(rows)
    evidence = evidence_of(row.application for row in found)
    return [ToRegister(row, evidence[row.pk]) for row in found]


def waiting_by_branch() -> list[tuple[str, str, int]]:
    """(code, name, cases) of the branches of which cases wait."""
    branches = Assessment.objects.filter(verdict=Verdict.EARNED, registration=None, application__branch__isnull=False)
    rows = branches.values_list("application__branch__code", "application__branch__name")
    return [
        (code, name, number) for code, name, number in rows.annotate(Count("pk")).order_by("application__branch__code")
    ]


def registered_and_not_certified(at: datetime) -> int:
    """Cases whose certification still runs."""
    return CaseClock.objects.running().filter(kind=Clock.CERTIFY, started_at__lte=at).count()
