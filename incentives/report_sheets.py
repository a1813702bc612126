"""Lists of the reports as files, with HR's words in Chinese like the sheets of a payout; no client stands in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal

from django.db.models import TextChoices
from django.utils.translation import override

from applications.lifecycle import Performance
from incentives.lifecycle import EntryKind, EntryState, PayeeKind, Why
from incentives.querysets import RewardEntryQuerySet
from incentives.selectors.quality import Collector
from ops_center.clock import SHANGHAI
from ops_center.web.tables import Cell, Table

ENTRY_COLUMNS = (
    "申请编号", "产品", "角色", "类别", "金额", "收款方", "工号", "姓名", "状态", "原因", "计提时间", "发放日期",
    "确认书编号",
)  # fmt: skip
FACTS = (
    "assessment__application__number", "assessment__application__product__name", "role", "kind", "amount_fen",
    "payee_kind", "payee__number", "payee__name", "state_code", "why", "at", "paid_on",
    "confirmation_line__confirmation__no",
)  # fmt: skip
COLLECTOR_COLUMNS = (
    "工号", "姓名", "机构", "收件数", "退件数", "退件率", "发出数", "当日发出数", "当日发出率", "激活卡数", "激励金额",
    "单卡激励成本",
)  # fmt: skip


def entry_table(entries: RewardEntryQuerySet) -> Table:
    """The entries behind a figure, in their order, read as they are written."""
    words: tuple[type[TextChoices], ...] = (Performance, EntryKind, PayeeKind, EntryState, Why)
    with override("zh-hans"):
        labels = [{row.value: str(row.label) for row in table} for table in words]
    return Table("激励明细", ENTRY_COLUMNS, _entry_rows(entries, *labels))


def _entry_rows(entries: RewardEntryQuerySet, *labels: dict[str, str]) -> Iterator[tuple[Cell, ...]]:
    roles, kinds, payees, states, reasons = labels
    rows = entries.with_state().values_list(*FACTS).iterator(chunk_size=5_000)
    for case, product, role, kind, fen, payee_kind, number, name, state, why, at, paid_on, document in rows:
        yield (
            case, product, roles[role], kinds[kind], _yuan(fen), payees[payee_kind], number or "", name or "",
            states[state], reasons.get(why, ""), _stamp(at), f"{paid_on:%Y-%m-%d}" if paid_on else "", document or "",
        )  # fmt: skip


def collector_table(rows: Iterable[Collector]) -> Table:
    """Volume beside quality, a row per collector."""
    return Table(
        "收件质量",
        COLLECTOR_COLUMNS,
        [
            (
                row.person.number, row.person.name, row.person.branch.name, row.received, row.returned,
                _percent(row.return_rate), row.dispatched, row.on_time, _percent(row.on_time_rate), row.cards,
                _yuan(row.fen), "—" if row.per_card_fen is None else _yuan(row.per_card_fen),
            )
            for row in rows
        ],
    )  # fmt: skip


def _percent(ratio: float | None) -> str:
    return "—" if ratio is None else f"{ratio:.1%}"


def _stamp(at: datetime) -> str:
    return f"{at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"


def _yuan(fen: int) -> Decimal:
    return Decimal(fen).scaleb(-2)
