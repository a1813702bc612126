"""Charts: right marks, no inline style, nothing that data could break out of."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from ops_center.web import charts

EVERY_CHART = [
    lambda: charts.bars([("8:00", 12), ("<b>&", 0), ("9:00", 7.5)], label="a", goal=10, tones=["good"]),
    lambda: charts.bars([], label="a"),
    lambda: charts.stacked(["Mon", "Tue"], {"check": [1, 2], "entry": [0, 3]}, label="a"),
    lambda: charts.lines(["Mon", "Tue", "Wed"], {"rate": [97.5, None, 99]}, label="a", least=90),
    lambda: charts.lines(["Mon"], {"rate": [None]}, label="a"),
    lambda: charts.funnel([("Referral", 100), ("Intake", 0), ("Entry", 0)], label="a"),
]


@pytest.mark.parametrize("draw", EVERY_CHART)
def test_every_chart_is_well_formed_and_has_no_inline_style(draw) -> None:
    drawing = draw()
    ElementTree.fromstring(drawing)  # noqa: S314  our own drawing
    assert "style=" not in drawing
    assert 'role="img"' in drawing


def test_every_mark_says_its_figure() -> None:
    drawing = charts.bars([("8:00", 1284)], label="entries")
    assert "<title>8:00: 1,284</title>" in drawing


def test_words_from_data_are_escaped() -> None:
    assert "&lt;b&gt;" in charts.bars([("<b>", 1)], label='"quoted"')


def test_a_gap_in_the_data_is_a_gap_in_the_line() -> None:
    path = charts.lines(["a", "b", "c"], {"rate": [1, None, 2]}, label="x")
    assert path.count("M") - path.count("Mon") == 2


@pytest.mark.parametrize("most", [0, 1, 3, 5, 9, 10, 37])
def test_the_scale_of_counts_names_whole_counts_only(most: int) -> None:
    svg = ElementTree.fromstring(charts.bars([("a", most)] * 20, label="x"))  # noqa: S314  our own drawing
    scale = [float(text.text or "") for text in svg.iter("text") if text.get("text-anchor") == "end"]
    assert len(scale) == 3
    assert all(mark.is_integer() for mark in scale)
    assert scale[-1] >= most


def test_a_bar_is_as_high_as_its_value() -> None:
    svg = ElementTree.fromstring(charts.bars([("a", 50), ("b", 100)], label="x"))  # noqa: S314  our own drawing
    half, whole = (float(mark.get("height", "0")) for mark in svg.iter("rect"))
    assert half * 2 == pytest.approx(whole, abs=0.2)


def test_a_figure_with_a_list_behind_it_is_a_link() -> None:
    drawing = charts.bars([("BH01", 4)], label="x", link=lambda place: "/breaches/?branch=BH01")
    assert '<a href="/breaches/?branch=BH01">' in drawing


def test_the_funnel_says_what_is_left_of_the_stage_before() -> None:
    assert "78 · 78%" in charts.funnel([("Referral", 100), ("Intake", 78)], label="x")
