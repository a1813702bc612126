"""Months, as the boards ask for them: ``2026-11``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils.translation import gettext as _

from ops_center.clock import local_day
from ops_center.kernel.errors import Malformed
from ops_center.kernel.worktime import SHANGHAI


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A calendar month in Shanghai."""

    year: int
    number: int

    @classmethod
    def of(cls, at: datetime) -> Month:
        on = local_day(at)
        return cls(on.year, on.month)

    @classmethod
    def read(cls, text: str, *, at: datetime) -> Month:
        """From ``2026-11``; nothing is the running month. Malformed (400) for anything else."""
        if not text:
            return cls.of(at)
        match = re.fullmatch(r"(20\d\d)-(0[1-9]|1[0-2])", text)
        if match is None:
            sentence = _("A month is written like 2026-11.")
            raise Malformed("bad_period", sentence, {"period": sentence})
        return cls(int(match[1]), int(match[2]))

    def __str__(self) -> str:
        return f"{self.year}-{self.number:02d}"

    @property
    def first_day(self) -> date:
        return date(self.year, self.number, 1)

    @property
    def starts_at(self) -> datetime:
        return datetime(self.year, self.number, 1, tzinfo=SHANGHAI)

    @property
    def ends_at(self) -> datetime:
        """The first instant of the month after."""
        return self.next.starts_at

    @property
    def next(self) -> Month:
        return Month(self.year + self.number // 12, self.number % 12 + 1)

    @property
    def previous(self) -> Month:
        before = self.first_day - timedelta(days=1)
        return Month(before.year, before.month)
