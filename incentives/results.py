"""What became of each row of an act over many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ops_center.kernel.errors import DomainError


@dataclass(frozen=True, slots=True)
class RowResult:
    """One case, or one document, of a bulk act: done, or refused with its sentence."""

    subject: str
    refusal: DomainError | None = None
    word: Any = ""  # said when it was done

    @property
    def done(self) -> bool:
        return self.refusal is None

    @property
    def sentence(self) -> str:
        return str(self.refusal.message if self.refusal else self.word)


def unless_all_refused(results: Sequence[RowResult]) -> list[RowResult]:
    """The results; where not a single row was done, the first refusal is raised instead."""
    refusals = [result.refusal for result in results if result.refusal is not None]
    if refusals and len(refusals) == len(results):
        raise refusals[0]
    return list(results)
