"""The command that explains a deadline."""

from __future__ import annotations

import json

import pytest
from django.core.management import CommandError, call_command

from tests.cast import at
from tests.supervision.conftest import Bank

pytestmark = pytest.mark.django_db


def explained(capsys, *options: str) -> dict:
    call_command("explain_due", *options)
    return json.loads(capsys.readouterr().out)


def test_it_says_when_and_why(bank: Bank, capsys) -> None:
    answer = explained(capsys, "--clock", "ENTRY", "--start", "2026-11-24T08:40:00+08:00")
    assert answer["due_at"] == "2026-11-26T17:30:00+08:00"
    assert answer["warn_at"] == "2026-11-26T10:47:00+08:00"
    assert [(day["on"], day["counted"]) for day in answer["days"]] == [
        ("2026-11-24", False), ("2026-11-25", True), ("2026-11-26", True),
    ]  # fmt: skip
    assert answer["provisional"] is False


def test_holidays_and_make_up_days_are_named(bank: Bank, capsys) -> None:
    answer = explained(capsys, "--clock", "ENTRY", "--start", "2026-10-08T09:00:00+08:00")
    assert answer["due_at"] == "2026-10-10T17:30:00+08:00"
    assert {day["on"]: day["why"] for day in answer["days"]}["2026-10-10"] == "makeup_workday"


def test_a_year_without_official_days_is_provisional(bank: Bank, capsys) -> None:
    assert explained(capsys, "--clock", "ENTRY", "--start", "2027-05-20T09:00:00+08:00")["provisional"] is True


def test_the_cut_off_is_the_branchs(bank: Bank, capsys) -> None:
    bank.branches.bh01.cut_off = at("2026-11-23 16:00").time()
    bank.branches.bh01.save()
    late = ("--clock", "DISPATCH", "--start", "2026-11-23T16:40:00+08:00")
    assert explained(capsys, *late)["due_at"] == "2026-11-23T20:00:00+08:00"
    assert explained(capsys, *late, "--branch", "BH01")["due_at"] == "2026-11-24T20:00:00+08:00"


@pytest.mark.parametrize(
    "options",
    [
        ("--clock", "LUNCH", "--start", "2026-11-24T08:40:00+08:00"),
        ("--clock", "ENTRY", "--start", "yesterday"),
        ("--clock", "ENTRY", "--start", "2026-11-24T08:40:00+08:00", "--branch", "XX99"),
    ],
)
def test_bad_input_is_one_clear_line(bank: Bank, capsys, options: tuple[str, ...]) -> None:
    with pytest.raises(CommandError) as error:
        call_command("explain_due", *options)
    assert "\n" not in str(error.value).strip()
    assert capsys.readouterr().out == ""
