"""What a home is made of: figures that open their lists, short lists of what to do, tables, and the day's first act.

Every role's home is one function that returns a :class:`Section`; the templates know these parts and no role.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cached_property
from typing import Any, ClassVar

from django.urls import reverse
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from applications.models import Application
from ops_center.clock import SHANGHAI, local_day
from organization.models import Employee
from organization.roles import Role
from organization.services.calendar import missing_years

SHOWN = 8  # lines of a short list; the rest stands behind its "all"


@dataclass(frozen=True)
class Morning:
    """Who comes in, and when: what every home is computed from."""

    me: Employee
    at: datetime

    @cached_property
    def today(self) -> date:
        return local_day(self.at)

    @cached_property
    def midnight(self) -> datetime:
        """The start of the day in Shanghai."""
        return datetime.combine(self.today, time(), SHANGHAI)

    @cached_property
    def month(self) -> datetime:
        """The start of the month in Shanghai."""
        return datetime.combine(self.today.replace(day=1), time(), SHANGHAI)

    @cached_property
    def roles(self) -> frozenset[str]:
        return self.me.role_codes(self.today)


@dataclass(frozen=True, slots=True)
class Tile:
    """A figure and the list behind it. ``tone`` says what the figure means (docs/frontend.md, Colours)."""

    label: Any
    value: Any
    href: str = ""
    hint: Any = ""
    tone: str = ""
    unit: Any = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a short list: what is due first, then what it is, where it stands and a word about it."""

    label: str
    href: str = ""
    what: Any = ""
    note: Any = ""
    state: str = ""
    state_label: Any = ""
    due_at: datetime | None = None
    warn_at: datetime | None = None
    paused: bool = False
    fen: int | None = None


@dataclass(frozen=True)
class Agenda:
    """A short list of what to do. An empty one says what would stand here (``empty``) and what to do next (``hint``).

    ``what`` and ``note`` are the words over these columns; a column without a word is not drawn.
    """

    template: ClassVar[str] = "desk/partials/_agenda.html"

    title: Any
    icon: str
    lines: list[Line]
    empty: Any
    hint: Any = ""
    href: str = ""
    label: Any = ""
    what: Any = ""
    note: Any = ""
    money: Any = ""
    has_due: bool = True
    has_state: bool = True


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a table of figures. A zero is neither coloured nor linked: there is nothing behind it."""

    value: Any
    href: str = ""
    tone: str = ""


@dataclass(frozen=True)
class Table:
    """Figures side by side; the first column names the row."""

    template: ClassVar[str] = "desk/partials/_table.html"

    title: Any
    icon: str
    head: list[Any]
    rows: list[list[Cell]]
    empty: Any = ""
    note: Any = ""
    href: str = ""


@dataclass(frozen=True)
class Chart:
    """A drawing of ``web.charts`` with its figures as a table."""

    template: ClassVar[str] = "desk/partials/_home_chart.html"

    title: Any
    icon: str
    drawing: SafeString
    head: list[Any]
    rows: list[list[Any]]
    href: str = ""


@dataclass(frozen=True)
class News:
    """A few sentences, each with a word to it and its day, the newest first."""

    template: ClassVar[str] = "desk/partials/_home_news.html"

    title: Any
    icon: str
    rows: list[tuple[str, str, str]]
    empty: Any
    href: str


Part = Agenda | Table | Chart | News


@dataclass(frozen=True, slots=True)
class Button:
    """The first act of the day. ``posts`` for an act that changes something (taking the next case)."""

    label: Any
    href: str
    icon: str
    posts: bool = False
    key: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """What one role sees first: figures, then what to do (``main``), and beside it what to know (``side``)."""

    role: Role
    tiles: Sequence[Tile] = ()
    buttons: Sequence[Button] = ()
    main: Sequence[Part] = ()
    side: Sequence[Part] = ()
    notice: Any = ""
    notice_href: str = ""  # the way out
    notice_action: Any = ""

    @property
    def title(self) -> str:
        return str(self.role.label)


def link(name: str, *args: Any, **query: Any) -> str:
    """The address of a page by its name, with the filters of its list."""
    path = reverse(name, args=args)
    return f"{path}?{urlencode(query)}" if query else path


def case_line(case: Application, *, note: Any = "", opens: bool = True) -> Line:
    """The line of one case: number and product, no client. ``opens`` where its page is open to who reads the line."""
    return Line(
        label=case.number, href=reverse("application", args=[case.number]) if opens else "", what=case.product.name,
        note=note, state=case.state, state_label=case.get_state_display(), due_at=case.due_at, warn_at=case.warn_at,
    )  # fmt: skip


def alarm(number: int, tone: str = "late") -> str:
    """A figure that should be zero is coloured when it is not."""
    return tone if number else ""


def calendar_alarm(morning: Morning) -> dict[str, Any]:
    """What a section says while official days are missing, with the way out: the management loads the list."""
    missing = missing_years(morning.today)
    if not missing:
        return {}
    sentence = _("The official days of %(years)s are not loaded: deadlines in that time are provisional.")
    loads = morning.me.has_role(Role.MGT, on=morning.today)
    return {
        "notice": sentence % {"years": "、".join(map(str, missing))},
        "notice_href": link("calendar-change-new" if loads else "calendar"),
        "notice_action": _("Load the official list") if loads else _("Look at the calendar"),
    }
