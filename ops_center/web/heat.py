"""A heat map: a table whose cells are the darker the more they hold, drawn by templates/components/_heat.html.

Its figures stand in it, so it is its own table: it reads in grey print, a key reaches every number, and on a phone a
row becomes a card of what is not nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

DEPTHS = 5  # shades from "something" to "the most"; 0 is nothing


@dataclass(frozen=True, slots=True)
class Cell:
    """A figure, how dark its ground is, and the address of its list; empty where none opens."""

    column: Any
    value: int
    depth: int
    href: str


@dataclass(frozen=True, slots=True)
class Row:
    name: Any
    cells: list[Cell]
    together: Cell


@dataclass(frozen=True, slots=True)
class Heat:
    rows: list[Row]
    together: Row


def heat(
    rows: Sequence[tuple[str, Any]],
    columns: Sequence[tuple[str, Any]],
    values: Mapping[tuple[str, str], int],
    *,
    link: Callable[[str, str], str] | None = None,
) -> Heat:
    """``rows`` and ``columns`` are (key, words), ``values`` is (row, column) → figure, nothing where it is missing.

    ``link`` gives the address of the list behind a row and a column; an empty key stands for all of them together.
    """
    most = max((values.get((row, column), 0) for row, _name in rows for column, _word in columns), default=0)

    def cell(row: str, column: str, word: Any, value: int, depth: int = 0) -> Cell:
        return Cell(word, value, depth, link(row, column) if link and value else "")

    def line(key: str, name: Any, figures: list[int], *, is_shaded: bool) -> Row:
        depths = [ceil(DEPTHS * value / most) if is_shaded and value else 0 for value in figures]
        cells = [
            cell(key, column, word, value, depth)
            for (column, word), value, depth in zip(columns, figures, depths, strict=True)
        ]
        return Row(name, cells, cell(key, "", "", sum(figures)))

    body = [(key, name, [values.get((key, column), 0) for column, _word in columns]) for key, name in rows]
    sums = [sum(column) for column in zip(*(figures for _key, _name, figures in body), strict=True)]
    return Heat(
        [line(key, name, figures, is_shaded=True) for key, name, figures in body],
        line("", "", sums or [0] * len(columns), is_shaded=False),
    )
