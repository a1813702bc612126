from __future__ import annotations

import random
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops_center.kernel.errors import Malformed
from ops_center.kernel.identity import (
    age_on,
    check_digit,
    looks_personal,
    mask_id,
    mask_mobile,
    mask_name,
    mask_phone,
    mobile,
    pan_like,
    phone,
    resident_id,
)

# The specimen number of GB 11643.
SPECIMEN = "11010519491231002X"


def numbered(region: str, born_on: date, serial: int) -> str:
    first17 = f"{region}{born_on:%Y%m%d}{serial:03d}"
    return first17 + check_digit(first17)


people = st.builds(
    numbered,
    st.sampled_from(["110105", "330106", "990101", "440300"]),
    st.dates(date(1930, 1, 1), date(2010, 12, 31)),
    st.integers(0, 999),
)
mobiles = st.integers(0, 10**10 - 1).map(lambda rest: f"1{rest:010d}")


def test_the_specimen_of_the_standard_is_read() -> None:
    person = resident_id(SPECIMEN)
    assert (person.number, person.born_on, person.sex, person.region_known) == (
        SPECIMEN,
        date(1949, 12, 31),
        "F",
        True,
    )


def test_an_unknown_region_is_no_error() -> None:
    person = resident_id(numbered("990101", date(1990, 3, 7), 121))
    assert person.sex == "M"
    assert not person.region_known


@pytest.mark.parametrize(
    "written", ["11010519491231002x", " 110105 19491231 002X ", "１１０１０５１９４９１２３１００２Ｘ"]
)
def test_a_number_typed_carelessly_is_put_right(written: str) -> None:
    assert resident_id(written).number == SPECIMEN


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("", "id_shape"),
        ("110105491231002", "id_shape"),
        ("11010519491231002", "id_shape"),
        ("11010519491231002XX", "id_shape"),
        ("1101051949123100X2", "id_shape"),
        ("11010519491231002٣", "id_shape"),
        ("110105194912310021", "id_check_digit"),
        ("11010519491231012X", "id_check_digit"),
        ("110105194902300020", "id_date"),
        ("110105189912310020", "id_date"),
        ("110105194900010020", "id_date"),
    ],
)
def test_a_wrong_number_is_refused_with_what_is_wrong_and_without_repeating_it(written: str, code: str) -> None:
    with pytest.raises(Malformed) as refusal:
        resident_id(written)
    assert refusal.value.code == code
    assert not refusal.value.facts
    assert not written or written not in str(refusal.value)


@given(people, st.integers(0, 16), st.integers(1, 9))
def test_one_mistyped_digit_never_passes(number: str, place: int, change: int) -> None:
    mistyped = number[:place] + str((int(number[place]) + change) % 10) + number[place + 1 :]
    with pytest.raises(Malformed):
        resident_id(mistyped)


@pytest.mark.parametrize("written", ["13800001234", " 138 0000 1234 ", "138-0000-1234", "１３８００００１２３４"])
def test_a_mobile_number_is_read(written: str) -> None:
    assert mobile(written) == "13800001234"


@pytest.mark.parametrize("written", ["", "1380000123", "138000012345", "23800001234", "+8613800001234", "1380000123a"])
def test_anything_else_is_no_mobile_number(written: str) -> None:
    with pytest.raises(Malformed) as refusal:
        mobile(written)
    assert refusal.value.code == "mobile_shape"


@pytest.mark.parametrize(
    ("written", "spelling"),
    [
        ("138-0000-1234", "13800001234"),
        ("010-62345678", "010-62345678"),
        ("01062345678", "010-62345678"),
        ("(0571)88886666", "0571-88886666"),
        ("（０５７１）８８８８６６６６", "0571-88886666"),
        ("057188886666转801", "0571-88886666-801"),
        ("0571—88886666—801", "0571-88886666-801"),
        ("88886666", "88886666"),
        ("400-123-4567", "400-123-4567"),
        ("8001234567", "800-123-4567"),
    ],
)
def test_a_phone_number_has_one_spelling(written: str, spelling: str) -> None:
    assert phone(written) == spelling


@pytest.mark.parametrize("written", ["", "12345", "0571", "05718888666612", "not a number", "0011-62345678"])
def test_anything_else_is_no_phone_number(written: str) -> None:
    with pytest.raises(Malformed) as refusal:
        phone(written)
    assert refusal.value.code == "phone_shape"


@pytest.mark.parametrize(
    "text",
    [
        SPECIMEN,
        "11010519491231002x",
        "找 110105194912310021 这位客户",  # mistyped, still personal
        "13800001234",
        "138 0000 1234",
        "tel13800001234",
        "+8613800001234",
        "１３８００００１２３４",
        "١٣٨٠٠٠٠١٢٣٤",
        "客户电话一三八零零零零一二三四",
        "幺三八〇〇〇〇一二三四",
        "138.0000.1234",
        "138 / 0000 / 1234",
        "110105_19491231_0021",
    ],
)
def test_a_search_for_a_person_is_recognised(text: str) -> None:
    assert looks_personal(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "陈小明",
        "LZ10234",
        "XYK202611-000123",
        "JXQR-202611-001",
        "2026-11-24",
        "7K3F-92",
        "一二三四五六七八九十",
        "2026.11.24",
    ],
)
def test_a_search_for_a_case_or_an_employee_is_not_personal(text: str) -> None:
    assert not looks_personal(text)


def test_one_mask_everywhere() -> None:
    assert mask_name("陈小明") == "陈**"
    assert mask_name("陈明") == "陈**"
    assert mask_mobile("13800001234") == "138****1234"
    assert mask_id(SPECIMEN) == "110*************2X"
    assert mask_phone("13800001234") == "138****1234"
    assert mask_phone("0571-88886666") == "****66"


def test_a_mask_shows_nothing_of_a_fragment() -> None:
    assert mask_name("") == ""
    assert mask_mobile("1380") == "****"
    assert mask_id("110105") == "******"
    assert mask_phone("12345") == "*****"


@pytest.mark.parametrize(
    ("day", "age"),
    [
        (date(2026, 11, 22), 17),
        (date(2026, 11, 23), 18),
        (date(2026, 11, 24), 18),
    ],
)
def test_a_year_of_life_is_complete_on_the_birthday(day: date, age: int) -> None:
    assert age_on(date(2008, 11, 23), day) == age


def test_who_was_born_on_a_leap_day_is_older_on_the_first_of_march() -> None:
    assert age_on(date(2008, 2, 29), date(2026, 2, 28)) == 17
    assert age_on(date(2008, 2, 29), date(2026, 3, 1)) == 18


def card_number(dice: random.Random, length: int, prefix: str) -> str:
    body = prefix + "".join(dice.choice("0123456789") for _ in range(length - len(prefix) - 1))
    total = sum(sum(divmod(int(digit) * (2 - place % 2), 10)) for place, digit in enumerate(reversed(body)))
    return body + str(-total % 10)


def written_in_some_way(dice: random.Random, number: str) -> str:
    separator = dice.choice(["", " ", "-", "－", "  ", "\u3000", " - ", "\u200b"])
    if separator == " - ":
        separator = "–"
    written = separator.join(number[start : start + 4] for start in range(0, len(number), 4))
    if dice.random() < 0.3:
        written = written.translate({ord("0") + digit: chr(0xFF10 + digit) for digit in range(10)})
    return dice.choice(["{}", "卡号{}。", "card{}.jpg", "{} 12/28", "尾号 1234, {}", "2026 {} 123"]).format(written)


def test_every_card_number_is_found_however_it_is_written() -> None:
    dice = random.Random(60)
    for _ in range(600):
        number = card_number(
            dice, dice.choice([13, 15, 16, 16, 19, 19]), dice.choice(["62", "4", "51", "35", "37", "9"])
        )
        text = written_in_some_way(dice, number)
        assert pan_like(text), text


def test_no_resident_id_number_and_no_mobile_number_is_taken_for_a_card() -> None:
    dice = random.Random(100)
    for _ in range(1000):
        born_on = date.fromordinal(dice.randint(date(1940, 1, 1).toordinal(), date(2008, 1, 1).toordinal()))
        number = numbered(dice.choice(["110105", "330106", "990101"]), born_on, dice.randrange(1000))
        cell = f"1{dice.randrange(10**10):010d}"
        for text in (
            number,
            number.lower(),
            f"{number[:6]} {number[6:14]} {number[14:]}",
            cell,
            f"{cell[:3]} {cell[3:7]} {cell[7:]}",
            f"{cell[:3]}-{cell[3:7]}-{cell[7:]}",
            f"身份证{number},手机{cell}",
            f"{number} {cell}",
        ):
            assert not pan_like(text), text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "尾号1234",
        "6222",
        "4111111111111112",
        "88.88",
        "2026-11-24 08:40",
        "0000000000000",
        *(f"2026-11-{day:02} 2026-12-{day:02}" for day in range(1, 29)),
    ],
)
def test_other_numbers_are_no_card(text: str) -> None:
    assert not pan_like(text)


@given(st.text(max_size=80))
def test_any_text_can_be_judged(text: str) -> None:
    assert pan_like(text) in {True, False}
    assert looks_personal(text) in {True, False}


@given(people, mobiles)
def test_what_is_read_strictly_is_recognised_in_text(number: str, cell: str) -> None:
    assert looks_personal(f"客户 {number}")
    assert looks_personal(f"电话{cell}")
    assert resident_id(number).number == number
    assert mobile(cell) == phone(cell) == cell
