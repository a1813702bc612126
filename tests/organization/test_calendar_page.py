"""The working calendar as everybody reads it."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.cast import Cast

pytestmark = pytest.mark.django_db


def read(bank: Cast, query: str = "") -> tuple[int, str]:
    browser = Client()
    browser.force_login(bank.li_wenjing, backend="django.contrib.auth.backends.ModelBackend")
    answer = browser.get(f"/calendar/{query}")
    return answer.status_code, answer.content.decode()


def test_the_year_counts_its_working_days_with_holidays_and_make_up_days(bank: Cast) -> None:
    _status, page = read(bank, "?year=2026")
    assert "2026 年共 248 个工作日" in page
    assert page.count("<small>班</small>") == 6
    assert "暂定" not in page


def test_a_year_without_official_days_is_marked_provisional(bank: Cast) -> None:
    _status, page = read(bank, "?year=2031")
    assert "暂定" in page


@pytest.mark.parametrize("query", ["?year=1066", "?year=soon", "?year=", "?month=5", "?year=99999999999999999999"])
def test_what_is_no_year_is_refused(bank: Cast, query: str) -> None:
    assert read(bank, query)[0] == (200 if query == "?year=" else 400)
