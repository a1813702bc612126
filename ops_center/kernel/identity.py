"""Numbers that identify a person: read strictly, shown masked, recognised in free text.

No sentence here repeats the value: it would end up in a log.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from typing import Literal

from django.utils.translation import gettext_lazy as _

from ops_center.kernel.errors import Malformed

# GB 11643: weights and check characters (ISO 7064 MOD 11-2).
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_CHARACTERS = "10X98765432"
# GB/T 2260: the first two digits, with those of the residence permits (81–83).
_PROVINCE = re.compile(r"1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3]")

_RESIDENT_ID = re.compile(r"[0-9]{17}[0-9X]")
_MOBILE = re.compile(r"1[0-9]{10}")
# Area codes have three digits in the largest cities (010, 02x), four elsewhere.
_LANDLINE = re.compile(r"(?:(0(?:10|2[0-9]|[3-9][0-9]{2}))-?)?([0-9]{7,8})(?:-([0-9]{1,6}))?")
_SERVICE_NUMBER = re.compile(r"([48]00)-?([0-9]{3})-?([0-9]{4})")

_PERSONAL = re.compile(r"(?<![0-9])(?:(?:\+?86[ -]?)?1(?:[ -]?[0-9]){10}|[0-9](?:[ -]?[0-9]){16}[ -]?[0-9Xx])(?![0-9])")
# The same in the groups in which people write them, whatever stands between the groups.
_GROUPED = re.compile(
    r"(?<![0-9])(?:1[0-9]{2}[ ._/·-]{1,3}[0-9]{4}[ ._/·-]{1,3}[0-9]{4}"
    r"|[0-9]{6}[ ._/·-]{1,3}[0-9]{8}[ ._/·-]{1,3}[0-9]{3}[0-9Xx])(?![0-9])"
)
_MOBILE_OR_ID = re.compile(
    r"(?<![0-9])(?:(?P<mobile>1[0-9]{10}|1[0-9]{2}[ -][0-9]{4}[ -][0-9]{4})"
    r"|(?P<id>[0-9]{6}[ -]?[0-9]{8}[ -]?[0-9]{3}[0-9Xx]))(?![0-9])"
)
_DIGIT_GROUPS = re.compile(r"[0-9]+(?:[ -]{1,2}[0-9]+)*")
_DATE = re.compile(r"(?<![0-9])(?:19|20)[0-9]{2}-(?:0?[1-9]|1[0-2])-(?:0?[1-9]|[12][0-9]|3[01])(?![0-9])")
_NUMERALS = str.maketrans("〇零○一幺二三四五六七八九壹贰叁肆伍陆柒捌玖", "0001123456789123456789")
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−－﹣", "-"))


@dataclass(frozen=True, slots=True)
class ResidentId:
    """A resident ID number and what it says. An unknown region is a hint, not an error: codes retire."""

    number: str
    born_on: date
    sex: Literal["M", "F"]
    region_known: bool


def resident_id(value: str) -> ResidentId:
    """Read a resident ID number; full-width digits, spaces and a lower-case x are put right.

    Raises ``Malformed``: id_shape (not 17 digits and a digit or X), id_date (no such birth date), id_check_digit.
    """
    number = plain(value).replace(" ", "").upper()
    if _RESIDENT_ID.fullmatch(number) is None:
        raise Malformed("id_shape", _("A resident ID number has 18 characters: 17 digits and a digit or X."))
    born_on = _birth_date(number)
    if born_on is None:
        raise Malformed(
            "id_date", _("Digits 7 to 14 of the ID number are no date. Compare the number with the document.")
        )
    if check_digit(number[:17]) != number[17]:
        raise Malformed(
            "id_check_digit", _("The check digit of the ID number is wrong. Compare the number with the document.")
        )
    return ResidentId(
        number=number,
        born_on=born_on,
        sex="M" if int(number[16]) % 2 else "F",
        region_known=_PROVINCE.match(number) is not None,
    )


def check_digit(first17: str) -> str:
    """The 18th character of a resident ID number, from its first 17 digits."""
    total = sum(int(digit) * weight for digit, weight in zip(first17, _WEIGHTS, strict=True))
    return _CHECK_CHARACTERS[total % 11]


def mobile(value: str) -> str:
    """A mobile number as 11 digits; raises ``Malformed`` (mobile_shape)."""
    number = plain(value).replace(" ", "").replace("-", "")
    if _MOBILE.fullmatch(number) is None:
        raise Malformed("mobile_shape", _("A mobile number has 11 digits and starts with 1."))
    return number


def phone(value: str) -> str:
    """A mobile, landline or service number in one spelling, so that two can be compared: ``13800001234``,
    ``0571-88886666-801``, ``400-123-4567``. Raises ``Malformed`` (phone_shape)."""
    number = re.sub(r"[)转-]+", "-", re.sub(r"[ (]", "", plain(value))).strip("-")
    if _MOBILE.fullmatch(number.replace("-", "")):
        return number.replace("-", "")
    match = _SERVICE_NUMBER.fullmatch(number) or _LANDLINE.fullmatch(number)
    if match is None:
        raise Malformed("phone_shape", _("A phone number is a mobile number, or a landline with its area code."))
    return "-".join(part for part in match.groups() if part)


def looks_personal(text: str) -> bool:
    """Whether the text holds something shaped like an ID or mobile number, valid or mistyped, in Chinese numerals too:
    such a text belongs in no URL and no log."""
    searched = _searched(text)
    return any(
        shape.search(spelled) is not None
        for spelled in {searched, searched.translate(_NUMERALS)}
        for shape in (_PERSONAL, _GROUPED)
    )


def pan_like(text: str) -> bool:
    """Whether the text holds what may be a card number: 13 to 19 digits that pass the Luhn check, with spaces,
    dashes or full-width digits too. Valid resident ID numbers, mobile numbers and dates are none."""
    rest = _MOBILE_OR_ID.sub(_unless_mobile_or_id, _DATE.sub("|", _searched(text)))
    for run in _DIGIT_GROUPS.findall(rest):
        groups = re.findall(r"[0-9]+", run)
        for first in range(len(groups)):
            digits = ""
            for group in groups[first:]:
                digits += group
                if len(digits) > 19:
                    break
                if len(digits) >= 13 and digits[0] != "0" and _passes_luhn(digits):
                    return True
    return False


def mask_name(name: str) -> str:
    """``陈**``: the first character, and nothing about the length."""
    return f"{name[0]}**" if name else ""


def mask_mobile(number: str) -> str:
    """``138****1234``; anything that is no mobile number loses everything."""
    return f"{number[:3]}****{number[-4:]}" if _MOBILE.fullmatch(number) else "*" * len(number)


def mask_phone(number: str) -> str:
    """A mobile as ``mask_mobile`` does; of other numbers the last two digits stay."""
    if _MOBILE.fullmatch(number):
        return mask_mobile(number)
    return f"****{number[-2:]}" if len(number) > 6 else "*" * len(number)


def mask_id(number: str) -> str:
    """The first three and the last two characters; a fragment loses everything."""
    return f"{number[:3]}{'*' * (len(number) - 5)}{number[-2:]}" if len(number) >= 15 else "*" * len(number)


def age_on(born_on: date, day: date) -> int:
    """Full years on that day; who was born on 29 February completes the year on 1 March."""
    return day.year - born_on.year - ((day.month, day.day) < (born_on.month, born_on.day))


def plain(text: str) -> str:
    """Half-width, ordinary dashes and spaces, no invisible characters."""
    half_width = unicodedata.normalize("NFKC", text.translate(_DASHES)).strip()
    return "".join(character for character in half_width if unicodedata.category(character) != "Cf")


def visible(text: str) -> str:
    """What one sees of a line of text: no invisible and no control characters, one space where there are several."""
    seen = (" " if character.isspace() else character for character in text)
    return " ".join("".join(one for one in seen if unicodedata.category(one) not in ("Cf", "Cc")).split())


def _searched(text: str) -> str:
    """Plain, and the digits of every script as ours: what a reader understands as a number."""
    return "".join(str(unicodedata.decimal(character, character)) for character in plain(text))


def _birth_date(number: str) -> date | None:
    try:
        born_on = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return None
    return born_on if born_on.year >= 1900 else None


def _unless_mobile_or_id(found: re.Match[str]) -> str:
    if found["mobile"]:
        return "|"
    number = re.sub("[ -]", "", found["id"]).upper()
    return "|" if _birth_date(number) and check_digit(number[:17]) == number[17] else found[0]


def _passes_luhn(digits: str) -> bool:
    doubled = (sum(divmod(int(digit) * 2, 10)) for digit in digits[-2::-2])
    return (sum(doubled) + sum(int(digit) for digit in digits[-1::-2])) % 10 == 0
