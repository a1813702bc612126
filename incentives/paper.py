"""The confirmation document (绩效发放确认书) as A4 pages, to be signed and filed.

Words are the bank's, in Chinese whoever asks. The typeface is embedded, so that the page looks the same everywhere; it
has one weight: headings stand out by size and by their ground. A sign that it lacks is printed as 〓, never as nothing.
Dates come from the document, so that the same document gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Literal

import pylopdf_fonts_zh_cn
import segno
from django.conf import settings
from django.utils.translation import override
from fpdf import FPDF
from fpdf.fonts import TTFFont

from incentives.lifecycle import EntryKind, PayeeKind
from incentives.models import Bounty
from incentives.periods import period_of
from incentives.selectors.papers import Document, PayeeSum
from ops_center.clock import SHANGHAI
from ops_center.kernel.money import yuan
from organization.models import Employee

TITLE = "绩效发放确认书"
FONT = "sans"
MISSING = "〓"
MARGIN, WIDTH = 12.0, 186.0  # mm
ROW, QR = 6.0, 26.0
INK, PALE, GROUND, RULE = (20, 24, 31), (110, 118, 129), (232, 238, 247), (170, 178, 189)
WATERMARK = (236, 238, 241)

KINDS = {
    EntryKind.SPLIT: ("分润", 20.0), EntryKind.TIMELINESS: ("时效", 16.0), EntryKind.CROSS_SELL: ("营销", 16.0),
    EntryKind.REVERSAL: ("冲回", 17.0), EntryKind.ADJUSTMENT: ("调整", 16.0),
}  # fmt: skip
ROLE_COLUMNS = (("环节", 80.0), ("笔数", 40.0), ("金额（元）", 66.0))
PAYEE_COLUMNS = (
    ("工号", 18.0), ("姓名", 19.0), ("机构", 33.0), ("笔数", 11.0), *KINDS.values(), ("合计（元）", 20.0),
)  # fmt: skip


def confirmation_pdf(document: Document, *, verify_url: str = "") -> bytes:
    """The pages as PDF. Without the address of its verification the document is a draft: no QR code, and the word
    草稿 across each page."""
    with override("zh-hans"):
        page = _Page(document, is_draft=not verify_url)
        page.add_page()
        _head(page, document, verify_url)
        _facts(page, document)
        page.listing("一、按环节汇总", ROLE_COLUMNS, _role_rows(document), texts=1)
        page.listing("二、按收款人汇总", PAYEE_COLUMNS, _payee_rows(document), texts=3)
        _signatures(page, document, verify_url)
        return bytes(page.output())


class _Page(FPDF):
    """A4 with the number of the document on every page, and tables whose heads come again."""

    def __init__(self, document: Document, *, is_draft: bool) -> None:
        super().__init__(format="A4")
        self.no, self.is_draft = document.confirmation.no, is_draft
        self.add_font(FONT, fname=str(pylopdf_fonts_zh_cn.sans_path()))
        self.set_margins(MARGIN, MARGIN)
        self.set_auto_page_break(True, margin=16)
        self.set_line_width(0.15)
        self.set_title(f"{TITLE} {self.no}")
        self.set_author(settings.BANK_NAME)
        self.set_lang("zh-CN")
        self.set_creation_date(document.confirmation.certified_at or document.confirmation.drafted_at)

    def header(self) -> None:
        if self.is_draft:
            self.ink(WATERMARK, 120)
            with self.rotation(48, x=105, y=150):
                self.text(55, 165, "草　稿")
        if self.page_no() > 1:
            self.ink(PALE, 8)
            self.cell(WIDTH, ROW, f"{settings.BANK_NAME}　{TITLE}　{self.no}", align="R")
            self.ln(ROW + 2)

    def footer(self) -> None:
        self.set_y(-13)
        self.ink(PALE, 8)
        self.cell(WIDTH / 2, ROW, self.no)
        self.cell(WIDTH / 2, ROW, f"第 {self.page_no()} 页 / 共 {{nb}} 页", align="R")

    def ink(self, colour: tuple[int, int, int], size: float) -> None:
        self.set_text_color(*colour)
        self.set_font(FONT, size=size)

    def write_in(self, width: float, text: str, *, align: Literal["L", "C", "R"] = "L", grounded: bool = False) -> None:
        """A cell of a table. What is too long for it is written smaller, and cut only below 5 points."""
        text, size = printable(text), self.font_size_pt
        while self.get_string_width(text) > width - 1.5 and self.font_size_pt > 5:
            self.set_font_size(self.font_size_pt - 0.5)
        while self.get_string_width(text) > width - 1.5:
            text = f"{text[:-2]}…"
        self.cell(width, ROW, text, border=1, align=align, fill=grounded)
        self.set_font_size(size)

    def listing(
        self, title: str, columns: Sequence[tuple[str, float]], rows: Iterable[Sequence[str]], *, texts: int
    ) -> None:
        """Rows under their head, which comes again on every page; the first ``texts`` columns are text, the others
        figures. The last row is the sum."""
        self._room_for(4)
        self.ln(3)
        self.ink(INK, 10.5)
        self.cell(WIDTH, ROW + 1, title)
        self.ln(ROW + 1)
        self._table_head(columns)
        lines = list(rows)
        for place, row in enumerate(lines):
            if self.will_page_break(ROW):
                self.add_page()
                self._table_head(columns)
            is_sum = place == len(lines) - 1
            self.set_fill_color(*GROUND)
            for column, (text, (_label, width)) in enumerate(zip(row, columns, strict=True)):
                self.write_in(width, text, align="L" if column < texts else "R", grounded=is_sum)
            self.ln(ROW)

    def _table_head(self, columns: Sequence[tuple[str, float]]) -> None:
        self.set_draw_color(*RULE)
        self.set_fill_color(*GROUND)
        self.ink(INK, 8.5)
        for label, width in columns:
            self.write_in(width, label, align="C", grounded=True)
        self.ln(ROW)

    def _room_for(self, rows: int) -> None:
        if self.will_page_break(rows * ROW):
            self.add_page()


# -- the parts of the first and the last page --------------------------------------------------------------------------
def _head(page: _Page, document: Document, verify_url: str) -> None:
    if verify_url:
        _qr(page, verify_url, left=MARGIN + WIDTH - QR, top=MARGIN)
    page.ink(PALE, 11)
    page.cell(WIDTH, 8, printable(settings.BANK_NAME), align="C")
    page.ln(9)
    page.ink(INK, 20)
    page.cell(WIDTH, 11, TITLE, align="C")
    page.ln(12)
    page.ink(PALE, 9)
    page.cell(WIDTH, ROW, f"编号 {document.confirmation.no}", align="C")
    page.set_y(MARGIN + QR + 5)


def _facts(page: _Page, document: Document) -> None:
    paper = document.confirmation
    span = period_of(paper.period)
    scope = "、".join(branch.name for branch in paper.branches.all()) or "全部机构"
    _fact(page, "期间", f"{paper.period}（{span.first:%Y-%m-%d} 至 {span.last:%Y-%m-%d}）")
    _fact(page, "机构范围", scope)
    _fact(page, "件数与笔数", f"{paper.case_count:,} 件，{paper.entry_count:,} 笔")
    _fact(page, "合计金额", f"¥ {_money(paper.total_fen)} 元")
    _fact(page, "人民币大写", document.in_capitals)
    _fact(page, "分润方案版本", "、".join(document.versions) or "—")
    _fact(page, "奖励金版本", "；".join(map(_priced, document.bounties)) or "—")


def _priced(bounty: Bounty) -> str:
    return f"{bounty.product.name} {_money(bounty.amount_fen)} 元（{bounty.starts_on:%Y-%m-%d} 起）"


def _fact(page: _Page, word: str, value: str) -> None:
    page.ink(PALE, 9.5)
    page.cell(28, ROW + 0.5, word)
    page.ink(INK, 9.5)
    page.multi_cell(WIDTH - 28, ROW + 0.5, printable(value), new_x="LMARGIN", new_y="NEXT")


def _signatures(page: _Page, document: Document, verify_url: str) -> None:
    paper = document.confirmation
    if page.will_page_break(58):
        page.add_page()
    page.ln(5)
    _fact(page, "登记人", "、".join(map(_named, document.registrars)) or "—")
    _fact(page, "认证人", _named(paper.certified_by) if paper.certified_by else "（尚未认证）")
    _fact(
        page, "认证时间", f"{paper.certified_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}" if paper.certified_at else "—"
    )
    _fact(page, "校验码", paper.check_code or "—")
    page.ink(PALE, 8)
    note = (
        f"扫描首页二维码，或在 {verify_url.split('/verify/')[0]}/verify/ 输入编号与校验码，可核对本确认书真伪。"
        if verify_url
        else "本件为草稿，未经认证，不作为发放依据。"
    )
    page.multi_cell(WIDTH, 5, note, new_x="LMARGIN", new_y="NEXT")
    page.ln(6)
    page.ink(INK, 9.5)
    for word in ("登记人（签字）", "认证人（签字）", "日期 / 盖章"):
        page.cell(WIDTH / 3, 16, f"{word}：", border="T", align="L")
    page.ln(16)


def _qr(page: _Page, text: str, *, left: float, top: float) -> None:
    """The code as runs of dark squares: sharp at any size."""
    matrix = [list(row) for row in segno.make(text, error="m").matrix_iter(border=0)]
    side = QR / len(matrix)
    page.set_fill_color(*INK)
    for down, row in enumerate(matrix):
        start = None
        for across, dark in enumerate([*row, 0]):
            if dark and start is None:
                start = across
            elif not dark and start is not None:
                page.rect(left + start * side, top + down * side, (across - start) * side, side, style="F")
                start = None


# -- rows --------------------------------------------------------------------------------------------------------------
def _role_rows(document: Document) -> list[tuple[str, ...]]:
    rows = [(str(row.role.label), f"{row.entries:,}", _money(row.total_fen)) for row in document.by_role]
    paper = document.confirmation
    return [*rows, ("合计", f"{paper.entry_count:,}", _money(paper.total_fen))]


def _payee_rows(document: Document) -> list[tuple[str, ...]]:
    paper = document.confirmation
    sums = [sum(row.fen_of.get(kind, 0) for row in document.by_payee) for kind in KINDS]
    total = ("合计", "", "", f"{paper.entry_count:,}", *map(_amount, sums), _money(paper.total_fen))
    return [*map(_payee_row, document.by_payee), total]


def _payee_row(row: PayeeSum) -> tuple[str, ...]:
    person = row.person if row.payee_kind == PayeeKind.EMPLOYEE else None
    named = (person.number, person.name, person.branch.name) if person else ("—", str(row.payee_kind.label), "—")
    return (*named, f"{row.entries:,}", *(_amount(row.fen_of.get(kind, 0)) for kind in KINDS), _money(row.total_fen))


def _named(person: Employee) -> str:
    return f"{person.name}（{person.number}）"


def _money(fen: int) -> str:
    whole, rest = yuan(fen).split(".")
    sign, digits = ("-", whole[1:]) if whole.startswith("-") else ("", whole)
    return f"{sign}{int(digits):,}.{rest}"


def _amount(fen: int) -> str:
    """Of a kind of which there may be nothing."""
    return _money(fen) if fen else "—"


def printable(text: str) -> str:
    """With 〓 for every sign that the typeface lacks."""
    known = _signs()
    return "".join(sign if ord(sign) in known else MISSING for sign in text)


@cache
def _signs() -> frozenset[int]:
    sheet = FPDF()
    sheet.add_font(FONT, fname=str(pylopdf_fonts_zh_cn.sans_path()))
    font = sheet.fonts[FONT]
    assert isinstance(font, TTFFont)
    return frozenset(font.cmap)
