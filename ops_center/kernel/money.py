"""Money: whole fen inside, exact decimal yuan at the edge, never a float."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import TypeVar

from django.utils.translation import gettext_lazy as _

from ops_center.kernel.errors import Malformed

WHOLE = 10_000  # basis points of the whole

K = TypeVar("K")

_AMOUNT = re.compile(r"(-?)([0-9]{1,13})(?:\.([0-9]{1,2}))?")
_DIGITS = "零壹贰叁肆伍陆柒捌玖"
_PLACES = ("", "拾", "佰", "仟")
_MYRIADS = ("", "万", "亿")


def yuan(fen: int) -> str:
    """An amount in fen as people and programs read it: ``1234.56``, ``-1.00``."""
    whole, rest = divmod(abs(fen), 100)
    return f"{'-' if fen < 0 else ''}{whole}.{rest:02d}"


def fen(value: str | Decimal) -> int:
    """An amount in yuan as fen. Raises ``Malformed`` (bad_amount) unless it is plain digits with at most two
    decimals: no exponent, no thousands comma, nothing that is not a number."""
    match = _AMOUNT.fullmatch(str(value).strip())
    if match is None:
        raise Malformed("bad_amount", _("An amount is written in yuan with at most two decimals, such as 100.00."))
    sign, whole, rest = match.groups()
    amount = int(whole) * 100 + int((rest or "").ljust(2, "0"))
    return -amount if sign else amount


def divide(total: int, parts: Sequence[tuple[K, int]]) -> list[tuple[K, int]]:
    """Divide fen by weights in basis points, exactly: each share is floored, then the missing fen go one by one to
    the largest remainders, ties in the order given. Raises ``ValueError`` when the total or a weight is negative or
    the weights do not sum to 10000."""
    if total < 0 or any(weight < 0 for _key, weight in parts) or sum(weight for _key, weight in parts) != WHOLE:
        raise ValueError("only amounts from 0 up are divided, by weights from 0 up that sum to 10000")
    floors = [total * weight // WHOLE for _key, weight in parts]
    by_remainder = sorted(range(len(parts)), key=lambda place: -(total * parts[place][1] % WHOLE))  # a stable sort
    topped_up = set(by_remainder[: total - sum(floors)])
    return [(key, floors[place] + (place in topped_up)) for place, (key, _weight) in enumerate(parts)]


def capitals(fen: int) -> str:
    """The amount in the capitals of a Chinese financial document (人民币大写): 伍佰元整, 壹仟贰佰叁拾肆元伍角陆分.
    Raises ``ValueError`` from 10^12 yuan on."""
    whole, rest = divmod(abs(fen), 100)
    if whole >= 10**12:
        raise ValueError("too large for a document")
    jiao, odd_fen = divmod(rest, 10)
    words = f"{_whole_in_capitals(whole)}元" if whole else ""
    if jiao:
        words += f"{_DIGITS[jiao]}角"
    if odd_fen:
        words += f"{'零' if whole and not jiao else ''}{_DIGITS[odd_fen]}分"
    else:
        words = f"{words or '零元'}整"
    return f"负{words}" if fen < 0 else words


def _whole_in_capitals(number: int) -> str:
    words = ""
    skipped_zero = False
    digits = str(number)
    for place, digit in zip(range(len(digits) - 1, -1, -1), digits, strict=True):
        if digit == "0":
            skipped_zero = True
        else:
            words += f"{'零' if skipped_zero else ''}{_DIGITS[int(digit)]}{_PLACES[place % 4]}"
            skipped_zero = False
        if place % 4 == 0 and number // 10**place % 10_000:
            words += _MYRIADS[place // 4]
    return words
