"""Pages by keyset: every row once, in order, in both directions, empty dates last, at any depth by the index."""

from __future__ import annotations

from datetime import timedelta
from itertools import chain
from typing import Any

import pytest
from django.db import connection
from django.http import QueryDict
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from applications.models import Application
from ops_center.kernel.errors import Malformed
from ops_center.web.keyset import Keyset, page_size, read_query
from tests.cast import Cast, at

pytestmark = pytest.mark.django_db

NOON = at("2026-11-23 12:00")
DUE, NEWEST = Keyset("due_at", "id"), Keyset("-id")
DUE_LAST = Keyset("-due_at", "-id")


@pytest.fixture
def cases(bank: Cast) -> list[Application]:
    """23 cases: ten without a deadline, nine with the same one, four others."""
    made = [bank.draft(when=NOON) for _count in range(23)]
    due = [None] * 10 + [NOON] * 9 + [NOON + timedelta(minutes=minutes) for minutes in (-5, 5, 5, 90)]
    for case, deadline in zip(made, due, strict=True):
        Application.objects.filter(pk=case.pk).update(due_at=deadline)
    return made


def walk(keyset: Keyset, size: int) -> list[list[int]]:
    """The keys on each page, from the first to the last."""
    pages, after = [], None
    while True:
        page = keyset.page(Application.objects.all(), size=size, after=after)
        pages.append([row.pk for row in page])
        if page.next is None:
            return pages
        after = page.next


def expected(sign: str) -> list[int]:
    filled = Application.objects.exclude(due_at=None).order_by(f"{sign}due_at", f"{sign}id")
    empty = Application.objects.filter(due_at=None).order_by(f"{sign}id")
    return [row.pk for row in (*filled, *empty)]


@pytest.mark.parametrize(("keyset", "sign"), [(DUE, ""), (DUE_LAST, "-")])
@pytest.mark.parametrize("size", [1, 2, 7, 9, 10, 22, 23, 50])
def test_every_row_comes_once_and_empty_dates_come_last(cases, keyset: Keyset, sign: str, size: int) -> None:
    pages = walk(keyset, size)
    assert list(chain(*pages)) == expected(sign)
    assert all(len(page) == size for page in pages[:-1])


@pytest.mark.parametrize("keyset", [DUE, DUE_LAST, NEWEST])
@pytest.mark.parametrize("size", [1, 4, 10])
def test_the_way_back_shows_the_same_pages(cases, keyset: Keyset, size: int) -> None:
    pages, after, before = [], None, None
    while True:
        page = keyset.page(Application.objects.all(), size=size, after=after)
        pages.append([row.pk for row in page])
        if page.next is None:
            before = page.previous
            break
        after = page.next
    for shown in reversed(pages[:-1]):
        assert before is not None
        page = keyset.page(Application.objects.all(), size=size, before=before)
        assert [row.pk for row in page] == shown
        assert page.next is not None
        before = page.previous
    assert before is None


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(minutes=st.lists(st.none() | st.integers(0, 3), min_size=23, max_size=23), size=st.integers(1, 24))
def test_any_mixture_of_deadlines_is_walked_completely(cases, minutes: list[int | None], size: int) -> None:
    for case, minute in zip(cases, minutes, strict=True):
        due = None if minute is None else NOON + timedelta(minutes=minute)
        Application.objects.filter(pk=case.pk).update(due_at=due)
    assert list(chain(*walk(DUE, size))) == expected("")


def test_microseconds_do_not_show_a_row_twice(cases) -> None:
    for place, case in enumerate(cases):
        Application.objects.filter(pk=case.pk).update(due_at=NOON + timedelta(microseconds=place // 2))
    assert list(chain(*walk(DUE, 3))) == expected("")


def test_the_position_is_a_row_value_that_an_index_answers(cases) -> None:
    first = DUE.page(Application.objects.all(), size=2)
    spy = Spy()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        with connection.execute_wrapper(spy):
            DUE.page(Application.objects.all(), size=2, after=first.next)
        sql, params = spy.seen[0]
        cursor.execute(f"EXPLAIN {sql}", params)
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "ROW(" in sql
    assert "application_due" in plan
    assert "ROW(due_at, id) > ROW(" in plan.split("Index Cond")[1]


class Spy:
    def __init__(self) -> None:
        self.seen: list[tuple[str, Any]] = []

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        self.seen.append((sql, params))
        return execute(sql, params, many, context)


@pytest.mark.parametrize(
    "position",
    ["", "x", "e30", "W10", "WyJkdWVfYXQsaWQiLDEsMl0", "[" * 5000, "WyItaWQiLCJ4Il0", "WyItaWQiLG51bGxd", "é"],
)
def test_a_foreign_position_is_400(bank: Cast, position: str) -> None:
    if not position:
        assert list(NEWEST.page(Application.objects.all(), after=position)) == []
        return
    with pytest.raises(Malformed):
        NEWEST.page(Application.objects.all(), after=position)


def test_the_position_of_another_order_is_400(cases) -> None:
    position = DUE.page(Application.objects.all(), size=1).next
    with pytest.raises(Malformed):
        NEWEST.page(Application.objects.all(), after=position)


def test_columns_go_one_way() -> None:
    with pytest.raises(ValueError, match="one way"):
        Keyset("-due_at", "id")


@pytest.mark.parametrize(("text", "size"), [(None, 50), ("", 50), ("1", 1), ("200", 200)])
def test_a_page_has_fifty_rows_unless_asked(text: str | None, size: int) -> None:
    assert page_size(text) == size


@pytest.mark.parametrize("text", ["0", "201", "-1", "1e9", "x", "²", "9" * 5000, "1.0"])
def test_another_page_size_is_400(text: str) -> None:
    with pytest.raises(Malformed):
        page_size(text)


def test_a_page_knows_its_filters_and_refuses_others() -> None:
    assert read_query(QueryDict("state=A&branch=&after=x"), known={"state", "branch"}) == {"state": "A", "after": "x"}
    for wrong in ("stat=A", "state=A&state=B", "state__in=A"):
        with pytest.raises(Malformed):
            read_query(QueryDict(wrong), known={"state"})
