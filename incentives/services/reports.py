"""Lists of the reports that leave the house as files: who took which is recorded."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from incentives.models import PayoutFile
from incentives.querysets import RewardEntryQuerySet
from incentives.report_sheets import collector_table, entry_table
from incentives.selectors.quality import Collector
from ops_center.kernel.errors import Refused
from ops_center.web.tables import Table, as_csv, as_xlsx
from organization.models import Employee
from organization.services.audit import record

MOST_ROWS = 100_000


@transaction.atomic
def export_entries(
    *, entries: RewardEntryQuerySet, name: str, period: str, form: str, actor: Employee, at: datetime
) -> bytes:
    """A list of entries as a file. Refused when it has more than 100,000 rows."""
    number = entries.count()
    if number > MOST_ROWS:
        raise Refused(
            "too_many_rows",
            _("A file takes %(most)s rows at most. Choose a shorter period or a narrower list.") % {"most": MOST_ROWS},
        )
    _record(name, period, form=form, entries=number, actor=actor, at=at)
    return _written(entry_table(entries), form=form, at=at)


@transaction.atomic
def export_collectors(*, rows: Sequence[Collector], period: str, form: str, actor: Employee, at: datetime) -> bytes:
    """Volume beside quality as a file."""
    _record("collectors", period, form=form, entries=len(rows), actor=actor, at=at)
    return _written(collector_table(rows), form=form, at=at)


def _record(name: str, period: str, *, form: str, entries: int, actor: Employee, at: datetime) -> None:
    record(action="export_report", at=at, actor=actor, subject=f"{name} {period}", format=form, entries=entries)


def _written(table: Table, *, form: str, at: datetime) -> bytes:
    return as_csv(table) if form == PayoutFile.Format.CSV else as_xlsx([table], made_at=at)
