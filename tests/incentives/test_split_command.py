"""The split command: shares by role, in yuan as strings."""

from __future__ import annotations

import io
import json

import pytest
from django.core.management import CommandError, call_command

from tests.cast import Cast

pytestmark = pytest.mark.django_db


def said(**options: object) -> dict[str, object]:
    out = io.StringIO()
    call_command("split", stdout=out, **options)
    return json.loads(out.getvalue())


def test_the_answer_names_shares_sum_and_version(bank: Cast) -> None:
    answer = said(bounty="99.99", path="C", on="2026-11-20")
    assert answer["shares"] == [
        {"role": role, "amount": amount}
        for role, amount in (
            ("REFERRER", "25.00"), ("COLLECTOR", "24.99"), ("CREDIT_CHECK", "15.00"), ("ENTRY", "10.00"),
            ("TRACKER", "5.00"), ("AFTER_SALES", "20.00"),
        )
    ]  # fmt: skip
    assert (answer["sum"], answer["policy_version"]) == ("99.99", "v1")


def test_double_keyed_has_a_seventh_role(bank: Cast) -> None:
    shares = said(bounty="300.00", path="C", double_keyed=True)["shares"]
    assert [row["amount"] for row in shares if row["role"].startswith("ENTRY")] == ["18.00", "12.00"]


@pytest.mark.parametrize(
    "options",
    [
        {"bounty": "1e2", "path": "C"},
        {"bounty": "99.999", "path": "C"},
        {"bounty": "-5.00", "path": "C"},
        {"bounty": "100", "path": "D"},
        {"bounty": "100", "path": "C", "on": "20.11.2026"},
        {"bounty": "100", "path": "C", "on": "2020-01-01"},
    ],
)
def test_bad_input_ends_with_one_clear_line(bank: Cast, options: dict[str, str]) -> None:
    with pytest.raises(CommandError) as error:
        said(**options)
    assert str(error.value)
    assert "\n" not in str(error.value)
