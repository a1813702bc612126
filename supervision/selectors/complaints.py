"""The figures of client care: three rates per 100,000 (domain section 12).

Each rate comes with its raw counts, for small numbers mislead, and with the list behind it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from applications.lifecycle import LATE_OUTCOMES, Clock
from applications.models import Application, CaseClock, Coaching
from supervision.models import Complaint
from supervision.periods import Span

PER = 100_000
DISSATISFIED = Q(satisfaction__lte=2)  # of five: this score and below


@dataclass(frozen=True, slots=True)
class Rate:
    """So many out of so many."""

    name: str
    label: Any
    of: Any  # what is counted below the line
    count: int
    base: int

    @property
    def per_100_000(self) -> float | None:
        """``None`` when there is nothing to divide by."""
        return self.count * PER / self.base if self.base else None

    @property
    def rounded(self) -> int | None:
        return None if self.per_100_000 is None else round(self.per_100_000)


def three_rates(span: Span, *, at: datetime) -> list[Rate]:
    """Complaints and omitted contacts per card issued in the span, bad scores per scored call of the span."""
    issued = cards_issued(span).count()
    calls = calls_scored(span).order_by().aggregate(scored=Count("pk"), bad=Count("pk", filter=DISSATISFIED))
    return [
        Rate("complaints", _("Complaint rate"), _("cards issued"), opened_in(span).count(), issued),
        Rate("omitted", _("Omission rate"), _("cards issued"), omitted(span, at=at).count(), issued),
        Rate("dissatisfied", _("Dissatisfaction rate"), _("scored calls"), calls["bad"], calls["scored"]),
    ]


def opened_in(span: Span) -> QuerySet[Complaint]:
    return Complaint.objects.filter(opened_at__gte=span.starts_at, opened_at__lt=span.ends_at)


def cards_issued(span: Span) -> QuerySet[Application]:
    return Application.objects.filter(issued_at__gte=span.starts_at, issued_at__lt=span.ends_at)


def omitted(span: Span, *, at: datetime) -> QuerySet[Application]:
    """Issued cards whose client nobody had reached within the limit of the first contact."""
    late = Q(outcome__in=LATE_OUTCOMES) | Q(stopped_at=None, paused_at=None, due_at__lt=at)
    return cards_issued(span).filter(
        Exists(CaseClock.objects.filter(late, application=OuterRef("pk"), kind=Clock.CONTACT))
    )


def calls_scored(span: Span) -> QuerySet[Coaching]:
    return Coaching.objects.filter(at__gte=span.starts_at, at__lt=span.ends_at)


def dissatisfied(span: Span) -> QuerySet[Coaching]:
    return calls_scored(span).filter(DISSATISFIED)
