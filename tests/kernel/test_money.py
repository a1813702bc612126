from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops_center.kernel.errors import Malformed
from ops_center.kernel.money import WHOLE, capitals, divide, fen, yuan

# Tie order of section 7; shares in basis points.
PATH_C = [
    ("REFERRER", 2500),
    ("COLLECTOR", 2500),
    ("CREDIT_CHECK", 1500),
    ("ENTRY", 1000),
    ("TRACKER", 500),
    ("AFTER_SALES", 2000),
]
DOUBLE_KEYED = [*PATH_C[:3], ("ENTRY", 600), ("ENTRY_2ND", 400), *PATH_C[4:]]
PATH_A = [("CM", 8000), ("AFTER_SALES", 2000)]


@st.composite
def weights(draw: st.DrawFn) -> list[tuple[int, int]]:
    cuts = sorted(draw(st.lists(st.integers(0, WHOLE), max_size=8)))
    return list(enumerate(b - a for a, b in zip([0, *cuts], [*cuts, WHOLE], strict=True)))


@pytest.mark.parametrize(
    ("bounty", "parts", "shares"),
    [
        ("100.00", PATH_C, "25.00 25.00 15.00 10.00 5.00 20.00"),
        ("300.00", PATH_C, "75.00 75.00 45.00 30.00 15.00 60.00"),
        ("300.00", DOUBLE_KEYED, "75.00 75.00 45.00 18.00 12.00 15.00 60.00"),
        ("30.00", PATH_C, "7.50 7.50 4.50 3.00 1.50 6.00"),
        ("99.99", PATH_C, "25.00 24.99 15.00 10.00 5.00 20.00"),
        ("88.88", PATH_C, "22.22 22.22 13.33 8.89 4.44 17.78"),
        ("33.33", PATH_C, "8.33 8.33 5.00 3.33 1.67 6.67"),
        ("100.00", DOUBLE_KEYED, "25.00 25.00 15.00 6.00 4.00 5.00 20.00"),
        ("100.00", PATH_A, "80.00 20.00"),
        ("0.00", PATH_C, "0.00 0.00 0.00 0.00 0.00 0.00"),
        ("0.01", PATH_C, "0.01 0.00 0.00 0.00 0.00 0.00"),
    ],
)
def test_a_bounty_is_divided_as_the_bank_computed_it(bounty: str, parts: list[tuple[str, int]], shares: str) -> None:
    divided = divide(fen(bounty), parts)
    assert " ".join(yuan(amount) for _role, amount in divided) == shares
    assert [role for role, _amount in divided] == [role for role, _weight in parts]


def test_the_customer_manager_of_path_b_gets_both_front_shares() -> None:
    shares = dict(divide(9999, PATH_C))
    assert yuan(shares["REFERRER"] + shares["COLLECTOR"]) == "49.99"  # S11


@given(total=st.integers(0, 10**9), parts=weights())
def test_no_fen_is_lost_and_no_share_is_off_by_one(total: int, parts: list[tuple[int, int]]) -> None:
    divided = divide(total, parts)
    assert sum(amount for _key, amount in divided) == total
    for (_key, amount), (_same, weight) in zip(divided, parts, strict=True):
        assert abs(amount * WHOLE - total * weight) < WHOLE


@given(total=st.integers(0, 10**9), parts=weights())
def test_a_missing_fen_goes_to_the_largest_remainder_first_and_to_the_earlier_of_two_equals(
    total: int, parts: list[tuple[int, int]]
) -> None:
    divided = divide(total, parts)
    ranked = [
        (-(total * weight % WHOLE), place, amount - total * weight // WHOLE)
        for place, ((_key, weight), (_same, amount)) in enumerate(zip(parts, divided, strict=True))
    ]
    extras = [extra for _remainder, _place, extra in sorted(ranked)]
    assert extras == sorted(extras, reverse=True)
    assert set(extras) <= {0, 1}


@pytest.mark.parametrize(
    ("total", "parts"),
    [
        (100, [("a", 9999)]),
        (100, [("a", 10001)]),
        (100, [("a", 12000), ("b", -2000)]),
        (100, []),
        (-100, [("a", 10000)]),
    ],
)
def test_a_column_that_does_not_sum_to_the_whole_divides_nothing(total: int, parts: list[tuple[str, int]]) -> None:
    with pytest.raises(ValueError):
        divide(total, parts)


@pytest.mark.parametrize(
    ("text", "amount"),
    [("100", 10000), ("100.0", 10000), ("100.05", 10005), ("-1.00", -100), (" 0.5 ", 50), ("0", 0), ("-0.01", -1)],
)
def test_yuan_are_read_as_fen(text: str, amount: int) -> None:
    assert fen(text) == amount
    assert fen(Decimal(text.strip())) == amount


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "1.001",
        "1e2",
        "1E+2",
        "NaN",
        "Infinity",
        "-inf",
        "1,234.56",
        "+1",
        "１００",
        "1.",
        ".5",
        "1_000",
        "--1",
        "¥1",
        "9" * 14,
    ],
)
def test_anything_else_is_no_amount(text: str) -> None:
    with pytest.raises(Malformed) as refusal:
        fen(text)
    assert refusal.value.code == "bad_amount"


@pytest.mark.parametrize("value", [Decimal("NaN"), Decimal("Infinity"), Decimal("1E+2"), Decimal("0.001")])
def test_a_decimal_that_is_no_plain_amount_is_refused(value: Decimal) -> None:
    with pytest.raises(Malformed):
        fen(value)


@given(st.integers(-(10**14), 10**14))
def test_an_amount_survives_being_written_and_read(amount: int) -> None:
    assert fen(yuan(amount)) == amount


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("500.00", "伍佰元整"),
        ("1234.56", "壹仟贰佰叁拾肆元伍角陆分"),
        ("0.00", "零元整"),
        ("0.05", "伍分"),
        ("0.50", "伍角整"),
        ("10.00", "壹拾元整"),
        ("490.10", "肆佰玖拾元壹角整"),
        ("1000.05", "壹仟元零伍分"),
        ("1001.00", "壹仟零壹元整"),
        ("1409.50", "壹仟肆佰零玖元伍角整"),
        ("16409.02", "壹万陆仟肆佰零玖元零贰分"),
        ("20000.00", "贰万元整"),
        ("100010.00", "壹拾万零壹拾元整"),
        ("10010000.00", "壹仟零壹万元整"),
        ("100000001.00", "壹亿零壹元整"),
        ("100010000.00", "壹亿零壹万元整"),
        ("999999999999.99", "玖仟玖佰玖拾玖亿玖仟玖佰玖拾玖万玖仟玖佰玖拾玖元玖角玖分"),
        ("-100.00", "负壹佰元整"),
    ],
)
def test_a_document_writes_the_amount_in_capitals(amount: str, words: str) -> None:
    assert capitals(fen(amount)) == words


@given(st.integers(0, 10**14 - 1), st.integers(0, 10**14 - 1))
def test_different_amounts_have_different_capitals(one: int, other: int) -> None:
    assert (capitals(one) == capitals(other)) is (one == other)
    assert "零零" not in capitals(one)


def test_capitals_end_where_documents_do() -> None:
    with pytest.raises(ValueError):
        capitals(10**14)
