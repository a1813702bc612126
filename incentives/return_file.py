"""Reading HR's return file (回盘文件), as CSV or XLSX: rows of text, or one sentence that says why not.

A file comes from outside: its size, what it unpacks to and how far its cells reach are looked at before it is parsed.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple
from zipfile import ZipFile

from django.utils.translation import gettext as _
from python_calamine import CalamineWorkbook

from ops_center.kernel.errors import Malformed

HEADER = ("工号", "实发金额", "结果", "原因")
MOST_BYTES, MOST_UNPACKED, MOST_PARTS, MOST_LINES = 5 * 2**20, 50 * 2**20, 500, 50_000
_CELL = re.compile(rb"""\br=["']([A-Z]+)([0-9]+)["']""")
_LONG_NUMBER = re.compile(r"\d{5,}(\d{4})(?!\d)")


class ReturnedRow(NamedTuple):
    """One line as it was written."""

    line: int
    number: str
    amount: str
    answer: str
    reason: str


def read(content: bytes) -> list[ReturnedRow]:
    """The rows of a file. Malformed on a wrong header or encoding, a broken or too large file."""
    if len(content) > MOST_BYTES:
        raise Malformed("file_too_large", _("The file is larger than 5 MB. A batch's return file is smaller."))
    lines = _of_workbook(content) if content.startswith(b"PK") else _of_csv(content)
    header = next(lines, (0, []))[1]
    if tuple(_trimmed(header)) != HEADER:
        raise Malformed(
            "file_header",
            _("Wrong header: expected %(want)s, found %(got)s.")
            % {"want": "、".join(HEADER), "got": without_long_numbers("、".join(header))[:80] or "—"},
        )
    rows = list(_rows(lines))
    if not rows:
        raise Malformed("file_empty", _("The file has a header and no line."))
    return rows


def without_long_numbers(text: str) -> str:
    """Accounts and cards, of which only the last four digits are kept."""
    return _LONG_NUMBER.sub(r"****\1", text)


def _rows(lines: Iterator[tuple[int, list[str]]]) -> Iterator[ReturnedRow]:
    for line, cells in lines:
        if line > MOST_LINES:
            raise Malformed("file_too_long", _("More than %(most)s lines: split the file.") % {"most": MOST_LINES})
        told = _trimmed(cells)
        if not told:
            continue
        if len(told) > len(HEADER):
            raise Malformed(
                "file_line",
                _("Line %(line)s has more than %(count)s columns.") % {"line": line, "count": len(HEADER)},
            )
        yield ReturnedRow(line, *(told + [""] * (len(HEADER) - len(told))))


def _trimmed(cells: Sequence[str]) -> list[str]:
    """The cells without the empty ones at the end."""
    last = max((place for place, cell in enumerate(cells, start=1) if cell), default=0)
    return list(cells[:last])


# -- CSV ---------------------------------------------------------------------------------------------------------------
def _of_csv(content: bytes) -> Iterator[tuple[int, list[str]]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Malformed(
            "file_encoding", _("The file is neither UTF-8 text nor a workbook: export it as CSV (UTF-8) or XLSX.")
        ) from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        for cells in reader:
            if any("\0" in cell for cell in cells):
                raise csv.Error("NUL")
            yield reader.line_num, [cell.strip() for cell in cells]
    except csv.Error:
        raise Malformed(
            "file_csv", _("Line %(line)s cannot be read: export the file again.") % {"line": reader.line_num}
        ) from None


# -- XLSX --------------------------------------------------------------------------------------------------------------
def _of_workbook(content: bytes) -> Iterator[tuple[int, list[str]]]:
    try:
        _require_harmless(content)
        rows = (
            CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python(skip_empty_area=False)
        )
    except Malformed:
        raise
    except Exception:  # of a broken file the readers raise whatever they stumble over
        raise Malformed("file_broken", _("The workbook is broken or protected: save it again as XLSX.")) from None
    return enumerate(([_text(cell) for cell in row] for row in rows), start=1)


def _require_harmless(content: bytes) -> None:
    """What a workbook claims to be is true (every part has the size and the sum that it names), it is not too large
    when unpacked, and no cell lies so far out that the reader would have to lay out the space up to it."""
    with ZipFile(io.BytesIO(content)) as book:
        parts = book.infolist()
        if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
            raise Malformed("file_too_large", _("The workbook is too large when unpacked. Save only the return list."))
        book.getinfo("xl/workbook.xml")
        for part in parts:
            body = book.read(part)
            if part.filename.startswith("xl/worksheets/") and _reaches_too_far(_CELL.findall(body)):
                raise Malformed(
                    "file_too_long",
                    _("The sheet has cells beyond column Z or line %(most)s. Save only the return list.")
                    % {"most": MOST_LINES},
                )


def _reaches_too_far(places: Iterable[tuple[bytes, bytes]]) -> bool:
    return any(len(column) > 1 or len(line) > 7 or int(line) > MOST_LINES for column, line in places)


def _text(cell: Any) -> str:
    """A cell as it reads: a number that a person typed has at most two decimals."""
    if isinstance(cell, float):
        whole = int(cell) if cell.is_integer() else None
        return str(whole) if whole is not None else f"{cell:.2f}" if abs(cell - round(cell, 2)) < 1e-6 else repr(cell)
    return str(cell).strip()
