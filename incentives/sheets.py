"""The sheets of a payout: one iterator of rows behind each, written as XLSX and as CSV.

Headings and words are HR's, in Chinese whoever asks for them: the files are read by other systems of the bank. They
carry no client data: a case is its number and its product. Made once, with the batch, and kept: whoever downloads
a sheet again gets the same bytes.
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple

import xlsxwriter
from django.utils.translation import override

from applications.lifecycle import Performance
from incentives.lifecycle import EntryKind, Sheet, Why
from incentives.models import PayoutBatch
from ops_center.clock import local_day
from organization.models import Employee
from organization.roles import Role

Cell = str | int | Decimal

HR_COLUMNS = (
    "工号", "姓名", "机构", "岗位", "用工性质", "笔数", "分润金额", "时效奖励", "时效扣减", "营销奖励", "冲回",
    "应发合计", "确认书编号",
)  # fmt: skip
DETAIL_COLUMNS = ("申请编号", "产品", "角色", "类别", "金额", "工号", "姓名", "确认书编号")
VENDOR_COLUMNS = ("外包公司", "工号", "姓名", "笔数", "应结金额", "确认书编号")
CUSTOMER_COLUMNS = ("申请编号", "产品", "金额", "发放方式", "确认书编号")
POOL_COLUMNS = ("申请编号", "产品", "角色", "金额", "原因", "确认书编号")
TOTAL_COLUMNS = ("项目", "金额")


@dataclass(frozen=True, slots=True)
class Table:
    """One sheet: its name, its columns, its rows."""

    name: str
    columns: Sequence[str]
    rows: list[tuple[Cell, ...]]


class Line(NamedTuple):
    """An entry as it leaves the house."""

    sheet: str
    payee: int | None
    kind: str
    role: str
    amount_fen: int
    why: str
    application: str
    product: str
    confirmation: str


def files_of(batch: PayoutBatch) -> dict[tuple[Sheet, str], bytes]:
    """Every sheet of a batch in both formats. The CSV is the first table of the workbook."""
    with override("zh-hans"):
        lines = [Line._make(row) for row in _lines(batch)]
        people = _people(batch)
        files: dict[tuple[Sheet, str], bytes] = {}
        for sheet in Sheet:
            own = [line for line in lines if line.sheet == sheet]
            tables = list(_tables(sheet, own, people, batch))
            files[sheet, "xlsx"] = as_xlsx(tables, made_at=batch.made_at)
            files[sheet, "csv"] = as_csv(tables[0])
    return files


def _lines(batch: PayoutBatch) -> Iterable[tuple[Any, ...]]:
    return batch.lines.order_by(
        "entry__payee__number", "entry__assessment__application__number", "entry_id"
    ).values_list(
        "sheet",
        "entry__payee_id",
        "entry__kind",
        "entry__role",
        "entry__amount_fen",
        "entry__why",
        "entry__assessment__application__number",
        "entry__assessment__application__product__name",
        "entry__confirmation_line__confirmation__no",
    )


def _people(batch: PayoutBatch) -> dict[int, Employee]:
    payees = Employee.objects.filter(pk__in=batch.lines.values("entry__payee_id"))
    return {person.pk: person for person in payees.select_related("branch").prefetch_related("roles")}


# -- tables ------------------------------------------------------------------------------------------------------------
def _tables(sheet: Sheet, lines: list[Line], people: dict[int, Employee], batch: PayoutBatch) -> Iterator[Table]:
    match sheet:
        case Sheet.HR:
            yield Table("发放汇总", HR_COLUMNS, [_hr_row(people[pk], own, batch) for pk, own in _by_payee(lines)])
            yield Table("明细", DETAIL_COLUMNS, [_detail(line, people) for line in lines])
            yield Table("合计", TOTAL_COLUMNS, list(_totals(batch)))
        case Sheet.VENDOR:
            yield Table("外包结算单", VENDOR_COLUMNS, [_vendor_row(people[pk], own) for pk, own in _by_payee(lines)])
            yield Table("明细", DETAIL_COLUMNS, [_detail(line, people) for line in lines])
        case Sheet.CUSTOMERS:
            rows = [
                (line.application, line.product, _yuan(line.amount_fen), "积分或礼品", line.confirmation)
                for line in lines
            ]
            yield Table("客户推荐奖励清单", CUSTOMER_COLUMNS, list(rows))
        case Sheet.POOL:
            yield Table("待分配池", POOL_COLUMNS, [_pool_row(line) for line in lines])


def _by_payee(lines: Iterable[Line]) -> Iterator[tuple[int, list[Line]]]:
    own: defaultdict[int, list[Line]] = defaultdict(list)
    for line in lines:
        assert line.payee is not None, "HR and vendor sheets pay people"
        own[line.payee].append(line)
    yield from own.items()


def _hr_row(person: Employee, lines: list[Line], batch: PayoutBatch) -> tuple[Cell, ...]:
    held = person.role_codes(local_day(batch.made_at))
    posts = [str(role.label) for role in Role if role in held and (role is not Role.EMP or len(held) == 1)]

    def of(*kinds: EntryKind, sign: int = 0) -> Decimal:
        return _yuan(sum(row.amount_fen for row in lines if row.kind in kinds and row.amount_fen * sign >= 0))

    return (
        person.number, person.name, person.branch.name, "、".join(posts), person.get_employment_display(), len(lines),
        of(EntryKind.SPLIT, EntryKind.ADJUSTMENT), of(EntryKind.TIMELINESS, sign=1), of(EntryKind.TIMELINESS, sign=-1),
        of(EntryKind.CROSS_SELL), of(EntryKind.REVERSAL), of(*EntryKind), _documents(lines),
    )  # fmt: skip


def _vendor_row(person: Employee, lines: list[Line]) -> tuple[Cell, ...]:
    total = _yuan(sum(line.amount_fen for line in lines))
    return (person.vendor, person.number, person.name, len(lines), total, _documents(lines))


def _detail(line: Line, people: dict[int, Employee]) -> tuple[Cell, ...]:
    person = people[line.payee] if line.payee else None
    return (
        line.application, line.product, str(Performance(line.role).label), str(EntryKind(line.kind).label),
        _yuan(line.amount_fen), person.number if person else "", person.name if person else "", line.confirmation,
    )  # fmt: skip


def _pool_row(line: Line) -> tuple[Cell, ...]:
    why = str(Why(line.why).label) if line.why else ""
    return (
        line.application,
        line.product,
        str(Performance(line.role).label),
        _yuan(line.amount_fen),
        why,
        line.confirmation,
    )


def _totals(batch: PayoutBatch) -> Iterator[tuple[Cell, ...]]:
    """The control totals: the four sheets and what is held back are the confirmed amount, difference 0.00."""
    sums = dict.fromkeys(Sheet, 0)
    for sheet, amount in batch.lines.values_list("sheet", "entry__amount_fen"):
        sums[Sheet(sheet)] += amount
    for sheet in Sheet:
        yield (str(sheet.label), _yuan(sums[sheet]))
    exported = sum(sums.values())
    yield ("四表合计", _yuan(exported))
    yield ("暂缓未发", _yuan(batch.held_fen))
    yield ("确认书合计", _yuan(batch.confirmed_fen))
    yield ("差额", _yuan(batch.confirmed_fen - batch.held_fen - exported))


def _documents(lines: Iterable[Line]) -> str:
    return "、".join(sorted({line.confirmation for line in lines}))


def _yuan(fen: int) -> Decimal:
    return Decimal(fen).scaleb(-2)


# -- formats -----------------------------------------------------------------------------------------------------------
def as_csv(table: Table) -> bytes:
    """UTF-8 with a byte order mark, so that the bank's spreadsheet reads Chinese; text can never become a formula."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(table.columns)
    writer.writerows([_plain(cell) for cell in row] for row in table.rows)
    return text.getvalue().encode("utf-8-sig")


def _plain(cell: Cell) -> str:
    if not isinstance(cell, str):
        return f"{cell:.2f}" if isinstance(cell, Decimal) else str(cell)
    return (
        f"'{cell}"
        if cell.lstrip(" \u3000").startswith(("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠"))
        else cell
    )


def as_xlsx(tables: Iterable[Table], *, made_at: datetime) -> bytes:
    """A workbook whose text stays text, amounts with two decimals, the first row frozen."""
    buffer = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_numbers": False, "strings_to_urls": False}
    book = xlsxwriter.Workbook(buffer, options)
    book.set_properties({"created": made_at.astimezone(UTC).replace(tzinfo=None, microsecond=0)})
    bold, money = book.add_format({"bold": True}), book.add_format({"num_format": "#,##0.00"})
    for table in tables:
        page = book.add_worksheet(table.name)
        page.freeze_panes(1, 0)
        page.set_column(0, len(table.columns) - 1, 14)
        page.write_row(0, 0, table.columns, bold)
        for place, row in enumerate(table.rows, start=1):
            for column, cell in enumerate(row):
                if isinstance(cell, str):
                    page.write_string(place, column, cell)
                else:
                    page.write_number(place, column, cell, money if isinstance(cell, Decimal) else None)
    book.close()
    return buffer.getvalue()
