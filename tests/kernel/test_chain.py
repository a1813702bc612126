from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops_center.kernel.chain import GENESIS, link
from ops_center.kernel.worktime import SHANGHAI, Mode

rows = st.lists(st.lists(st.none() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])), max_size=4))


def chained(rows: list[list[object]]) -> list[bytes]:
    links = [GENESIS]
    for row in rows:
        links.append(link(links[-1], row))
    return links[1:]


def test_the_canonical_form_is_fixed_for_good() -> None:
    """Links are stored: a change of this form would break every chain in every database."""
    fields = [
        7,
        None,
        True,
        "收件",
        datetime(2026, 11, 24, 8, 40, tzinfo=SHANGHAI),
        date(2026, 11, 24),
        UUID(int=1),
        b"\x00\xff",
        {"b": (1, 2), "a": Mode.WORKHOURS},
    ]
    canonical = (
        '[7,null,true,"收件","2026-11-24T00:40:00.000000+00:00","2026-11-24",'
        '"00000000-0000-0000-0000-000000000001","00ff",{"a":"WORKHOURS","b":[1,2]}]'
    )
    assert link(GENESIS, fields) == hashlib.sha256(GENESIS + canonical.encode()).digest()


def test_one_instant_has_one_link_in_every_time_zone() -> None:
    there = datetime(2026, 11, 24, 8, 40, tzinfo=SHANGHAI)
    assert link(GENESIS, [there]) == link(GENESIS, [there.astimezone(UTC)])


@given(rows, rows)
def test_different_histories_end_in_different_links(one: list[list[object]], other: list[list[object]]) -> None:
    assert (chained(one) == chained(other)) is (one == other)


@given(rows.filter(lambda rows: len(rows) > 1), st.data())
def test_a_row_that_vanishes_breaks_every_later_link(history: list[list[object]], data: st.DataObject) -> None:
    gone = data.draw(st.integers(0, len(history) - 2))
    links = chained(history)
    without = chained(history[:gone] + history[gone + 1 :])
    assert all(before != after for before, after in zip(links[gone + 1 :], without[gone:], strict=True))


def test_fields_do_not_run_into_each_other() -> None:
    assert link(GENESIS, ["ab", "c"]) != link(GENESIS, ["a", "bc"])
    assert link(GENESIS, ["1"]) != link(GENESIS, [1])
    assert link(GENESIS, [None]) != link(GENESIS, ["null"])


@pytest.mark.parametrize("field", [1.5, Decimal("1.50"), object(), {1: "a"}, {"deep": [0.1]}, {"a", "b"}])
def test_what_has_no_one_spelling_is_refused(field: object) -> None:
    with pytest.raises(TypeError):
        link(GENESIS, [field])


def test_a_naive_instant_and_a_short_link_are_refused() -> None:
    with pytest.raises(ValueError):
        link(GENESIS, [datetime(2026, 11, 24, 8, 40)])  # noqa: DTZ001
    with pytest.raises(ValueError):
        link(b"short", [])
