"""Tables that leave the house as files: one iterator of rows behind each, written as XLSX and as CSV.

Rows are read as they are written, so that a hundred thousand lines take no more memory than ten; the same rows always
give the same bytes. No cell can become a formula.
"""

from __future__ import annotations

import csv
import io
import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from rustpy_xlsxwriter import Format, write_worksheets

Cell = str | int | Decimal
Row = tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """One sheet: its name, its columns, its rows (an iterator is read once)."""

    name: str
    columns: Sequence[str]
    rows: Iterable[Row]


def as_csv(table: Table) -> bytes:
    """UTF-8 with a byte order mark, so that the bank's spreadsheet reads Chinese; text can never become a formula."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([_plain(column) for column in table.columns])
    writer.writerows([_plain(cell) for cell in row] for row in table.rows)
    return text.getvalue().encode("utf-8-sig")


# Where a spreadsheet takes what follows for a formula, behind blanks and quotation marks too: at the beginning of a
# cell, and where it may cut one in two although the bank's cuts at commas only.
_FORMULA = re.compile('^(?=[ \xa0\u3000"]*[=+\\-@\t\r\n＝＋－＠])|(?<=[;|\t])(?=[ \xa0\u3000"]*[=+\\-@＝＋－＠])')


def _plain(cell: Cell) -> str:
    if not isinstance(cell, str):
        return f"{cell:.2f}" if isinstance(cell, Decimal) else str(cell)
    return _FORMULA.sub("'", cell)


def as_xlsx(tables: Iterable[Table], *, made_at: datetime) -> bytes:
    """A workbook whose text stays text, amounts with two decimals, the first row frozen."""
    drawn = io.BytesIO()
    write_worksheets(
        [(table.name, _records(table)) for table in tables],
        drawn,
        freeze_panes={"general": {"row": 1}},
        header_format={"general": Format().set_bold()},
        float_format="#,##0.00",
        column_width={"general": 14},
    )
    return _dated(drawn, made_at)


def _records(table: Table) -> Iterator[dict[str, Cell | None]]:
    """The writer takes the headings from the first record, so a table without rows has an empty one."""
    is_empty = True
    for row in table.rows:
        is_empty = False
        yield dict(zip(table.columns, row, strict=True))
    if is_empty:
        yield dict.fromkeys(table.columns)


def _dated(drawn: io.BytesIO, made_at: datetime) -> bytes:
    """The writer dates a workbook by the clock of the machine; made again it would be another file. So it carries the
    hour of what it shows."""
    dated = io.BytesIO()
    hour = made_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    with ZipFile(drawn) as book, ZipFile(dated, "w", ZIP_DEFLATED, compresslevel=1) as copy:
        for name in book.namelist():
            part = ZipInfo(name)
            part.compress_type = ZIP_DEFLATED
            if name == "docProps/core.xml":
                copy.writestr(part, re.sub(r"\d{4}-\d\d-\d\dT[\d:]+Z", hour, book.read(name).decode()))
                continue
            with book.open(name) as source, copy.open(part, "w") as target:
                shutil.copyfileobj(source, target)
    return dated.getvalue()
