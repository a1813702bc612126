"""Writes histories in sets: about a thousand cases per transaction, each table by one COPY.

Keys and numbers come from the sequences that the services use, so that people can go on working while a history is
being written. What one case looks like is told by :mod:`ops_center.history.past`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any
from uuid import uuid4

from django.db import connection, transaction
from django.db.models import Model

from applications.models import (
    Applicant,
    Application,
    Bag,
    CaseClock,
    ClockInterval,
    ClockPolicy,
    Custody,
    EntryRecord,
    Event,
    Performer,
    Seal,
)
from applications.services.numbers import spell_bag_number, spell_case_number, status_code
from ops_center.history.clocks import Deadlines
from ops_center.history.past import PastBag, PastCase, Told, tell
from ops_center.history.rows import keys, numbers, table
from organization.models.versions import PolicyStatus
from organization.services.calendar import opening_times, working_calendar

BATCH = 1000


class HistoryWriter:
    """One set of histories over one calendar and one set of clock policies, read once."""

    def __init__(self, *, batch: int = BATCH, code: Callable[[], str] = status_code) -> None:
        self.batch = batch
        self.code = code
        self.deadlines = Deadlines(
            working_calendar(), ClockPolicy.objects.filter(status=PolicyStatus.APPROVED), opening_times()
        )

    def write(self, cases: Iterable[PastCase]) -> Iterator[list[Told]]:
        """Writes the cases and gives back each batch after its commit."""
        source, written = iter(cases), 0
        while batch := list(islice(source, self.batch)):
            yield self._write(batch)
            written += len(batch)
        if written >= BATCH:
            _tell_planner()

    @transaction.atomic
    def _write(self, batch: Sequence[PastCase]) -> list[Told]:
        self._write_bags(batch)
        ids = keys(Application, len(batch))
        serials = numbers("applications_case_number", len(batch))
        codes = self._free_codes(len(batch))
        told = [
            tell(
                past, key=key, number=spell_case_number(past.steps[0].at, serial), status_code=code,
                deadlines=self.deadlines,
            )
            for past, key, serial, code in zip(batch, ids, serials, codes, strict=True)
        ]  # fmt: skip
        table(Application).copy((one.case.__dict__ for one in told), with_key=True)
        table(Applicant).copy(
            ({**one.applicant.__dict__, "id": uuid4(), "application": one.case.id} for one in told), with_key=True
        )
        table(Performer).copy(
            ({**row, "application": one.case.id} for one in told for row in one.performers.values()), with_key=False
        )
        table(Event).copy(({**row, "application": one.case.id} for one in told for row in one.events), with_key=False)
        table(Custody).copy(
            ({**row, "application": one.case.id} for one in told for row in one.custody.rows), with_key=False
        )
        self._write_clocks(told)
        self._write_rows(batch, told)
        return told

    def _write_clocks(self, told: Sequence[Told]) -> None:
        clocks = [(one.case.id, clock) for one in told for clock in one.clocks.clocks]
        ids = keys(CaseClock, len(clocks))
        table(CaseClock).copy(
            (
                {"id": key, "application": case, **{name: getattr(clock, name) for name in _CLOCK_COLUMNS}}
                for key, (case, clock) in zip(ids, clocks, strict=True)
            ),
            with_key=True,
        )
        table(ClockInterval).copy(
            (
                {**row, "clock": key}
                for key, (_case, clock) in zip(ids, clocks, strict=True)
                for row in self.deadlines.measured(clock)
            ),
            with_key=False,
        )

    def _write_rows(self, batch: Sequence[PastCase], told: Sequence[Told]) -> None:
        """Whatever else stands about the cases."""
        by_model: dict[type[Model], list[dict[str, Any]]] = {}
        for past, one in zip(batch, told, strict=True):
            for model, columns in past.about:
                row = {**columns, "application": one.case.id}
                if model is EntryRecord:  # sealed under its own key, so the key comes first
                    row["id"] = uuid4()
                if isinstance(bag := row.get("bag"), PastBag):
                    row["bag"] = bag.key
                by_model.setdefault(model, []).append(row)
        for model, rows in by_model.items():
            table(model).copy(rows, with_key=model is EntryRecord)

    def _write_bags(self, batch: Sequence[PastCase]) -> None:
        """The bags that these cases are the first to name."""
        named = {
            id(bag): bag for past in batch for _model, row in past.about if isinstance(bag := row.get("bag"), PastBag)
        }
        bags = [bag for bag in named.values() if not bag.key]
        serials = numbers("applications_bag_number", len(bags))
        for bag, key, serial in zip(bags, keys(Bag, len(bags)), serials, strict=True):
            bag.key, bag.number = key, spell_bag_number(bag.at, serial)
        table(Bag).copy(({**bag.columns, "id": bag.key, "number": bag.number} for bag in bags), with_key=True)
        table(Seal).copy(({**seal, "bag": bag.key} for bag in bags for seal in bag.seals), with_key=True)

    def _free_codes(self, count: int) -> list[str]:
        """Inquiry codes that no case has."""
        codes: dict[str, None] = {}  # a set in the order of the draw
        while len(codes) < count:
            codes.update(dict.fromkeys(self.code() for _ in range(count - len(codes))))
            for taken in Application.objects.filter(status_code__in=codes).values_list("status_code", flat=True):
                del codes[taken]
        return list(codes)


_CLOCK_COLUMNS = (
    "kind", "round", "run", "policy", "started_at", "due_at", "warn_at", "stopped_at", "paused_at", "outcome", "owner",
    "owned_since", "owner_branch", "owner_role", "explanation",
)  # fmt: skip


def _tell_planner() -> None:
    """So much is new that the planner should know before anybody asks. A role that owns nothing may not say so: then
    this is skipped with a notice, and autovacuum does it within a minute."""
    tables = ", ".join(f'"{model._meta.db_table}"' for model in (Application, Applicant, Performer, Event, CaseClock))
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {tables}")
