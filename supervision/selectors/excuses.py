"""Whether somebody gives the same ground again and again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from supervision.models import Justification

LOOK_BACK = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Excuses:
    """The other explanations of one person on one ground in the last 90 days, newest first."""

    filed: Sequence[Justification]

    @property
    def accepted(self) -> int:
        return sum(row.is_accepted is True for row in self.filed)

    @property
    def refused(self) -> int:
        return sum(row.is_accepted is False for row in self.filed)

    @property
    def undecided(self) -> int:
        return sum(row.is_accepted is None for row in self.filed)


def excuses_like(filed: Justification, *, at: datetime) -> Excuses:
    rows = Justification.objects.filter(
        filed_by=filed.filed_by_id, code=filed.code, filed_at__gt=at - LOOK_BACK, filed_at__lte=at
    ).exclude(pk=filed.pk)
    return Excuses(list(rows.select_related("breach__application").order_by("-filed_at", "-pk")))
