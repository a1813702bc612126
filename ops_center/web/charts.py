"""Charts drawn on the server as inline SVG: no script, safe under the strict CSP, the same on paper and on the screen.

Each function gives one ``<svg>``; colours are classes of static/css/ops.css, and every mark says its figure in a
``<title>``. The figures stand once more in the table of components/_chart.html: a chart is never the only source.
Where a figure has a list behind it, ``link`` gives its address (of the column, or of row and column).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from math import ceil, log10

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

WIDTH = 520  # units of the view box, near the width of half a page, so that words keep their size
LEFT, RIGHT, BOTTOM, TOP = 40, 8, 24, 12  # room for the scale, the last label, the labels below, the legend above
Number = int | float


def bars(
    points: Sequence[tuple[str, Number]],
    *,
    label: str,
    goal: Number | None = None,
    tones: Sequence[str] = (),
    link: Callable[[int], str] | None = None,
    height: int = 200,
) -> SafeString:
    """One bar per (label, value), a dashed line at ``goal``; ``tones`` (good, soon, late, wait) colour single bars."""
    scale = _Scale([value for _label, value in points] + ([goal] if goal else []), len(points), height)
    marks = [*scale.grid(), *scale.labels([name for name, _value in points])]
    for at, (name, value) in enumerate(points):
        tone = tones[at] if at < len(tones) and tones[at] else "s1"
        x, y = scale.x(at), scale.y(value)
        bar = _rect(x, y, scale.bar, scale.base - y, tone, f"{name}: {_figure(value)}")
        marks.append(_linked(bar, link(at)) if link else bar)
        if len(points) <= 16:
            marks.append(_text(x + scale.bar / 2, y - 3, _figure(value), "value"))
    if goal:
        marks.append(_line(LEFT, scale.y(goal), WIDTH - RIGHT, scale.y(goal), "goal"))
    return _svg(height, label, marks)


def stacked(
    names: Sequence[str], series: Mapping[str, Sequence[Number]], *, label: str, height: int = 220
) -> SafeString:
    """One bar per name, built of the values of the series (at most five), the first one at the bottom."""
    scale = _Scale([sum(column) for column in zip(*series.values(), strict=True)], len(names), height, legend=True)
    marks = [*scale.grid(), *scale.labels(names), *_legend(series)]
    for at, name in enumerate(names):
        below: Number = 0
        for number, (part, values) in enumerate(series.items(), start=1):
            y, foot = scale.y(below + values[at]), scale.y(below)
            marks.append(
                _rect(scale.x(at), y, scale.bar, foot - y, f"s{number}", f"{name} · {part}: {_figure(values[at])}")
            )
            below += values[at]
    return _svg(height, label, marks)


def lines(
    names: Sequence[str],
    series: Mapping[str, Sequence[Number | None]],
    *,
    label: str,
    least: Number = 0,
    height: int = 220,
) -> SafeString:
    """One line per series over the names (at most five; each has its own dashes for print). None leaves a gap.

    ``least`` is where the scale begins: rates between 90 and 100 are not told apart on a scale from 0.
    """
    known = [value for values in series.values() for value in values if value is not None]
    scale = _Scale(known, len(names), height, legend=True, least=least)
    marks = [*scale.grid(), *scale.labels(names), *_legend(series)]
    for number, (part, values) in enumerate(series.items(), start=1):
        path, pen_down = [], False
        for at, value in enumerate(values):
            if value is not None:
                path.append(f"{'L' if pen_down else 'M'}{scale.x(at) + scale.bar / 2:.1f} {scale.y(value):.1f}")
            pen_down = value is not None
        marks.append(format_html('<path class="line s{}" d="{}"/>', number, "".join(path)))
        for at, value in enumerate(values):
            if value is not None:
                title = f"{names[at]} · {part}: {_figure(value)}"
                marks.append(_dot(scale.x(at) + scale.bar / 2, scale.y(value), f"s{number}", title))
    return _svg(height, label, marks)


def funnel(stages: Sequence[tuple[str, int]], *, label: str, link: Callable[[int], str] | None = None) -> SafeString:
    """A bar per stage from the first to the last, with what is left of the stage before in per cent."""
    left, tall = 64, 34
    most = max((value for _name, value in stages), default=0) or 1
    room = WIDTH - left - 96
    marks = []
    for at, (name, value) in enumerate(stages):
        y, long = at * tall, max(room * value / most, 2)
        before = stages[at - 1][1] if at else 0
        kept = f" · {value / before:.0%}" if before else ""
        marks.append(_text(left - 8, y + 20, name, anchor="end"))
        bar = _rect(left, y + 4, long, tall - 10, "s1", f"{name}: {_figure(value)}{kept}")
        marks.append(_linked(bar, link(at)) if link else bar)
        marks.append(_text(left + long + 8, y + 20, f"{_figure(value)}{kept}", "value", anchor="start"))
    return _svg(len(stages) * tall + 2, label, marks)


# --- the pencil -------------------------------------------------------------------------------------------------------
class _Scale:
    """Where a value and a column stand on the paper; the top is a round number above the greatest value."""

    def __init__(
        self, values: Sequence[Number], columns: int, height: int, *, legend: bool = False, least: Number = 0
    ) -> None:
        self.base, self.head = height - BOTTOM, TOP + (18 if legend else 4)
        self.step = (WIDTH - LEFT - RIGHT) / max(columns, 1)
        self.bar = min(self.step * 0.64, 56)
        reach = (max(values, default=0) - least) or 1
        unit = 10 ** (ceil(log10(reach)) - 1) if reach > 0 else 1
        sizes: tuple[int, ...] = (1, 2, 4, 5, 8, 10)
        if unit <= 1 and all(float(value).is_integer() for value in values):
            unit, sizes = 1, (2, 4, 6, 8, 10)  # counts have no halves: the middle of the scale is whole too
        self.least = least
        self.top = least + next(unit * size for size in sizes if unit * size >= reach)

    def x(self, column: int) -> float:
        return LEFT + self.step * column + (self.step - self.bar) / 2

    def y(self, value: Number) -> float:
        return self.base - (self.base - self.head) * max(value - self.least, 0) / (self.top - self.least)

    def grid(self) -> Iterable[SafeString]:
        for quarter in (0, 0.25, 0.5, 0.75, 1):
            value = self.least + (self.top - self.least) * quarter
            yield _line(LEFT, self.y(value), WIDTH - RIGHT, self.y(value), "grid" if quarter else "axis")
            if quarter in {0, 0.5, 1}:
                yield _text(LEFT - 6, self.y(value) + 4, _figure(value), anchor="end")

    def labels(self, names: Sequence[str]) -> Iterable[SafeString]:
        every = ceil(len(names) * 52 / (WIDTH - LEFT - RIGHT)) or 1  # so many names fit side by side
        for at, name in enumerate(names):
            if at % every == 0:
                yield _text(self.x(at) + self.bar / 2, self.base + 16, name)


def _figure(value: Number | None) -> str:
    if value is None:
        return "—"
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"


def _width(name: str) -> int:
    """Of a name in the greatest letters that a drawing has, those on a phone; Chinese signs are twice as wide."""
    return sum(18 if ord(sign) > 0x2E80 else 10 for sign in name)


def _legend(names: Iterable[str]) -> Iterable[SafeString]:
    x = float(LEFT)
    for number, name in enumerate(names, start=1):
        yield _rect(x, 4, 10, 10, f"s{number}", name)
        yield _text(x + 14, 13, name, "legend", anchor="start")
        x += 24 + _width(name) * 2 / 3


def _svg(height: float, label: str, marks: Iterable[SafeString]) -> SafeString:
    drawing = format_html_join("", "{}", ((mark,) for mark in marks))
    return format_html(
        '<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>', WIDTH, height, label, drawing
    )


def _rect(x: float, y: float, width: float, height: float, css: str, title: str) -> SafeString:
    size = [f"{length:.1f}" for length in (x, y, width, height)]
    return format_html(
        '<rect class="{}" x="{}" y="{}" width="{}" height="{}" rx="1.5"><title>{}</title></rect>', css, *size, title
    )


def _linked(mark: SafeString, href: str) -> SafeString:
    return format_html('<a href="{}">{}</a>', href, mark)


def _dot(x: float, y: float, css: str, title: str) -> SafeString:
    place = (f"{x:.1f}", f"{y:.1f}")
    return format_html('<circle class="{}" cx="{}" cy="{}" r="3"><title>{}</title></circle>', css, *place, title)


def _line(x1: float, y1: float, x2: float, y2: float, css: str) -> SafeString:
    ends = [f"{length:.1f}" for length in (x1, y1, x2, y2)]
    return format_html('<line class="{}" x1="{}" y1="{}" x2="{}" y2="{}"/>', css, *ends)


def _text(x: float, y: float, words: str, css: str = "label", anchor: str = "middle") -> SafeString:
    place = (f"{x:.1f}", f"{y:.1f}")
    return format_html('<text class="{}" x="{}" y="{}" text-anchor="{}">{}</text>', css, *place, anchor, words)
