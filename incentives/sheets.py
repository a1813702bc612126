"""The sheets of a payout: one iterator of rows behind each, written as XLSX and as CSV.

Headings and words are HR's, in Chinese whoever asks for them: the files are read by other systems of the bank. They
carry no client data: a case is its number and its product. Payees are called as they were when the batch was made. Rows
are read from the database as they are written, so that a hundred thousand lines take no more memory than ten; the same
rows always give the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from django.contrib.postgres.aggregates import StringAgg
from django.db.models import Count, F, Q, QuerySet, Sum
from django.utils.translation import override

from applications.lifecycle import Performance
from incentives.lifecycle import EntryKind, Sheet, Why
from incentives.models import PayoutBatch, PayoutFile, PayoutLine, PayoutPayee
from incentives.selectors.batches import control_of
from ops_center.web.tables import Row, Table, as_csv, as_xlsx
from organization.roles import Role

Progress = Callable[[int], None]

HR_COLUMNS = (
    "工号", "姓名", "机构", "岗位", "用工性质", "笔数", "分润金额", "时效奖励", "时效扣减", "营销奖励", "冲回",
    "应发合计", "确认书编号",
)  # fmt: skip
DETAIL_COLUMNS = ("申请编号", "产品", "角色", "类别", "金额", "工号", "姓名", "确认书编号")
BALANCE_COLUMNS = ("工号", "姓名", "应发合计", "上期结转", "实发金额", "结转下期")
VENDOR_COLUMNS = ("外包公司", "工号", "姓名", "笔数", "应结金额", "确认书编号")
CUSTOMER_COLUMNS = ("申请编号", "产品", "金额", "发放方式", "确认书编号")
POOL_COLUMNS = ("申请编号", "产品", "角色", "金额", "原因", "确认书编号")
TOTAL_COLUMNS = ("项目", "金额")

AMOUNT = "entry__amount_fen"
KIND = "entry__kind"
APPLICATION = "entry__assessment__application__number"
PRODUCT = "entry__assessment__application__product__name"
DOCUMENT = "entry__confirmation_line__confirmation__no"
PAYEE = "entry__payee__number"
CHUNK = 2_000  # rows read at once


def content_of(batch: PayoutBatch, sheet: Sheet, form: str, *, progress: Progress = lambda lines: None) -> bytes:
    """A sheet of a batch in one format; ``progress`` hears now and then how many lines are written.

    The CSV is the first table of the workbook.
    """
    with override("zh-hans"):
        tables = tables_of(batch, sheet, progress=progress)
        if form == PayoutFile.Format.CSV:
            return as_csv(next(tables))
        return as_xlsx(list(tables), made_at=batch.made_at)


# -- tables ------------------------------------------------------------------------------------------------------------
def tables_of(batch: PayoutBatch, sheet: Sheet, *, progress: Progress) -> Iterator[Table]:
    lines = batch.lines.filter(sheet=sheet)
    match sheet:
        case Sheet.HR:
            yield Table("发放汇总", HR_COLUMNS, _hr_rows(batch, lines))
            yield Table("明细", DETAIL_COLUMNS, _heard(_details(batch, lines), progress))
            yield Table("合计", TOTAL_COLUMNS, _totals(batch))
            yield Table("实发与结转", BALANCE_COLUMNS, _balances(batch))
        case Sheet.VENDOR:
            yield Table("外包结算单", VENDOR_COLUMNS, _vendor_rows(batch, lines))
            yield Table("明细", DETAIL_COLUMNS, _heard(_details(batch, lines), progress))
        case Sheet.CUSTOMERS:
            yield Table("客户推荐奖励清单", CUSTOMER_COLUMNS, _heard(_customer_rows(lines), progress))
        case Sheet.POOL:
            yield Table("待分配池", POOL_COLUMNS, _heard(_pool_rows(lines), progress))


def _heard(rows: Iterator[Row], progress: Progress) -> Iterator[Row]:
    for written, row in enumerate(rows, start=1):
        yield row
        if written % CHUNK == 0:
            progress(written)


def _hr_rows(batch: PayoutBatch, lines: QuerySet[PayoutLine]) -> Iterator[Row]:
    """One row per payee. A penalty that lapsed above the monthly cap lessens the deductions; it is no bonus."""
    of = {kind: Q(**{KIND: kind}) for kind in EntryKind}
    is_deduction = Q(entry__amount_fen__lt=0) | Q(entry__why=Why.CAP_LAPSED)
    sums = _per_payee(
        lines,
        "entry__payee",
        PAYEE,
        shares=Sum(AMOUNT, filter=of[EntryKind.SPLIT] | of[EntryKind.ADJUSTMENT]),
        bonus=Sum(AMOUNT, filter=of[EntryKind.TIMELINESS] & ~is_deduction),
        deducted=Sum(AMOUNT, filter=of[EntryKind.TIMELINESS] & is_deduction),
        cross_sold=Sum(AMOUNT, filter=of[EntryKind.CROSS_SELL]),
        reversed=Sum(AMOUNT, filter=of[EntryKind.REVERSAL]),
    )
    payees = _payees(batch)
    for row in sums.order_by(PAYEE):
        person = payees[row["entry__payee"]]
        yield (
            row[PAYEE], person.name, person.branch, _posts(person), person.get_employment_display(), row["entries"],
            _yuan(row["shares"]), _yuan(row["bonus"]), _yuan(row["deducted"]),
            _yuan(row["cross_sold"]), _yuan(row["reversed"]), _yuan(row["total"]), row["documents"],
        )  # fmt: skip


def _payees(batch: PayoutBatch) -> dict[int, PayoutPayee]:
    return {row.payee_id: row for row in batch.payees.all()}


def _posts(person: PayoutPayee) -> str:
    return "、".join(str(Role(code).label) for code in person.posts.split())


def _vendor_rows(batch: PayoutBatch, lines: QuerySet[PayoutLine]) -> Iterator[Row]:
    payees = _payees(batch)
    rows = _per_payee(lines, "entry__payee", PAYEE)
    for row in sorted(rows, key=lambda row: (payees[row["entry__payee"]].vendor, row[PAYEE])):
        person = payees[row["entry__payee"]]
        yield person.vendor, row[PAYEE], person.name, row["entries"], _yuan(row["total"]), row["documents"]


def _per_payee(lines: QuerySet[PayoutLine], *payee: str, **sums: Sum) -> QuerySet[PayoutLine, dict[str, Any]]:
    rows: QuerySet[PayoutLine, dict[str, Any]] = (
        lines.order_by()
        .values(*payee)
        .annotate(
            entries=Count("pk"),
            total=Sum(AMOUNT),
            documents=StringAgg(DOCUMENT, delimiter="、", distinct=True, order_by=DOCUMENT),
            **sums,
        )
    )
    return rows


def _details(batch: PayoutBatch, lines: QuerySet[PayoutLine]) -> Iterator[Row]:
    roles, kinds, payees = _labels(Performance), _labels(EntryKind), _payees(batch)
    rows = _in_order(lines, APPLICATION, PRODUCT, "entry__role", KIND, AMOUNT, PAYEE, "entry__payee", DOCUMENT)
    for application, product, role, kind, fen, number, payee, document in rows:
        yield application, product, roles[role], kinds[kind], _yuan(fen), number, payees[payee].name, document


def _customer_rows(lines: QuerySet[PayoutLine]) -> Iterator[Row]:
    for application, product, fen, document in _in_order(lines, APPLICATION, PRODUCT, AMOUNT, DOCUMENT):
        yield application, product, _yuan(fen), "积分或礼品", document


def _pool_rows(lines: QuerySet[PayoutLine]) -> Iterator[Row]:
    roles, reasons = _labels(Performance), _labels(Why) | {"": ""}
    rows = _in_order(lines, APPLICATION, PRODUCT, "entry__role", AMOUNT, "entry__why", DOCUMENT)
    for application, product, role, fen, why, document in rows:
        yield application, product, roles[role], _yuan(fen), reasons[why], document


def _in_order(lines: QuerySet[PayoutLine], *columns: str) -> Iterator[tuple[Any, ...]]:
    ordered = lines.order_by(F(PAYEE).asc(nulls_first=True), APPLICATION, "entry_id")
    return ordered.values_list(*columns).iterator(chunk_size=CHUNK)


def _balances(batch: PayoutBatch) -> Iterator[Row]:
    """Nobody pays the bank: what is less than nothing is carried to the next batch."""
    payees = _payees(batch)
    rows = batch.balances.order_by("payee__number").values_list(
        "payee__number", "payee", "due_fen", "brought_fen", "paid_fen", "carried_fen"
    )
    for number, payee, *amounts in rows.iterator(chunk_size=CHUNK):
        yield number, payees[payee].name, *map(_yuan, amounts)


def _totals(batch: PayoutBatch) -> Iterator[Row]:
    """The control totals: the four sheets and what is left out are the confirmed amount, difference 0.00."""
    control = control_of(batch)
    for sheet in control.sheets:
        yield str(Sheet(sheet.sheet).label), _yuan(sheet.total_fen)
    yield "四表合计", _yuan(control.exported_fen)
    yield "暂缓未发", _yuan(control.held_fen)
    yield "作废未发", _yuan(control.voided_fen)
    yield "确认书合计", _yuan(control.confirmed_fen)
    yield "差额", _yuan(control.difference_fen)


def _labels(words: Any) -> dict[str, str]:
    return {word.value: str(word.label) for word in words}


def _yuan(fen: int | None) -> Decimal:
    return Decimal(fen or 0).scaleb(-2)
