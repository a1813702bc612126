"""Who held a case that is told: what applications.services.custody writes row by row, kept in memory."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from applications.lifecycle import Hands, Holder
from applications.services.custody import what_follows


class PastCustody:
    """The rows of one case, with the names of the columns of Custody."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self._open: tuple[Hands, dict[str, Any]] | None = None

    def hand_on(self, hands: Hands | None, *, at: datetime, lapsed_at: datetime | None = None) -> None:
        """From an instant on the case is in these hands; ``lapsed_at``: the lease of who holds it ran out then."""
        let_go = at
        if self._open is not None:
            before, row = self._open
            lapsed = lapsed_at if before.holder is Holder.PERSON else None
            if before == hands and lapsed is None:
                return
            row["until"] = let_go = max(row["since"], min(lapsed or at, at))
        self._open = None
        for held, since, until in what_follows(hands, let_go=let_go, at=at):
            row = {"holder": held.holder, "person": held.person, "branch": held.branch, "since": since, "until": until}
            self.rows.append(row)
            self._open = (held, row)
