"""Heat maps: the right shade, the right sums, and a way to the list behind every number."""

from __future__ import annotations

from django.template.loader import render_to_string

from ops_center.web.heat import heat

BRANCHES = [("BH01", "滨河支行"), ("DG01", "东港支行")]
STAGES = [("INTAKE", "收件"), ("ENTRY", "集中录入")]
VALUES = {("BH01", "INTAKE"): 1, ("BH01", "ENTRY"): 9, ("DG01", "ENTRY"): 4}


def address(row: str, column: str) -> str:
    return f"?{row}&{column}"


def test_the_most_is_the_darkest_and_something_is_never_as_pale_as_nothing() -> None:
    depths = [[cell.depth for cell in row.cells] for row in heat(BRANCHES, STAGES, VALUES).rows]
    assert depths == [[1, 5], [0, 3]]


def test_rows_and_columns_are_summed_up_and_the_sums_open_their_lists() -> None:
    drawn = heat(BRANCHES, STAGES, VALUES, link=address)
    assert [(row.together.value, row.together.href) for row in drawn.rows] == [(10, "?BH01&"), (4, "?DG01&")]
    assert [(cell.value, cell.href) for cell in drawn.together.cells] == [(1, "?&INTAKE"), (13, "?&ENTRY")]
    assert (drawn.together.together.value, drawn.together.together.href) == (14, "?&")


def test_nothing_opens_no_list_and_who_may_not_open_cases_gets_no_address() -> None:
    assert heat(BRANCHES, STAGES, VALUES, link=address).rows[1].cells[0].href == ""
    closed = heat(BRANCHES, STAGES, VALUES)
    assert {cell.href for row in closed.rows for cell in [*row.cells, row.together]} == {""}


def test_a_map_of_nothing_stands() -> None:
    assert heat([], STAGES, {}).together.together.value == 0
    assert [cell.depth for cell in heat(BRANCHES, STAGES, {}).rows[0].cells] == [0, 0]


def test_each_cell_is_named_for_a_phone_and_words_from_data_are_escaped() -> None:
    drawn = heat([("BH01", "<b>")], STAGES, VALUES, link=address)
    page = render_to_string("components/_heat.html", {"heat": drawn, "corner": "网点"})
    assert 'data-label="集中录入"><a href="?BH01&amp;ENTRY">9</a>' in page
    assert "&lt;b&gt;" in page
    assert "style=" not in page
