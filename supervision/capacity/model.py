"""What the simulation is made of. All times are minutes on an axis of working time; see docs/capacity.md."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from types import MappingProxyType

from ops_center.kernel.worktime import SHANGHAI

# Where a case may go from a queue, beside another queue.
FILED, PROBLEM, LEFT = "FILED", "PROBLEM", "LEFT"  # through; stopped and coming back; returned, refused or withdrawn

Minutes = float
_DAY = timedelta(days=1)


class NoHistory(Exception):
    """Nothing has happened yet from which a model could learn; the text says what is missing, for the log."""


@dataclass(frozen=True, slots=True)
class Axis:
    """Working time laid end to end: the ``n``-th working day reaches from ``n × length`` to ``(n + 1) × length``.

    ``opens`` is the minute of the day at which work begins; it may go on past midnight. What happens while nobody works
    stands at the next opening. Raises ``ValueError`` when a day has no minute or more than a day has.
    """

    days: Sequence[date]  # the working days, in order
    opens: int = 510
    length: int = 540

    def __post_init__(self) -> None:
        if not 0 < self.length <= 1440 or not 0 <= self.opens < 1440:
            raise ValueError("a working day has between a minute and 24 hours")

    def position(self, at: datetime) -> Minutes:
        """An instant on the axis; what lies before the first day stands at 0."""
        local = at.astimezone(SHANGHAI) - timedelta(minutes=self.opens)
        place = bisect_left(self.days, local.date())
        if place == len(self.days) or self.days[place] != local.date():
            return place * self.length
        into = (local.hour * 3600 + local.minute * 60 + local.second + local.microsecond / 1e6) / 60
        return place * self.length + min(into, self.length)

    def instant(self, position: Minutes) -> datetime:
        """The instant of a position; the end of a day is its closing time, not the next opening."""
        place = self.day_of(position)
        begins = datetime.combine(self.days[place], time(), SHANGHAI) + timedelta(minutes=self.opens)
        return (begins + timedelta(minutes=position - place * self.length)).astimezone(UTC)

    def day_of(self, position: Minutes) -> int:
        """The number of the working day in which a position lies; closing time belongs to its own day."""
        return max(-int(-position // self.length) - 1, 0)

    def place(self, on: date) -> int:
        """The number of that day, or of the next working day."""
        return bisect_left(self.days, on)


@dataclass(frozen=True, slots=True)
class Visit:
    """One stay of one case in one queue, as it was. ``taken`` is when somebody began to work on it, where that is
    known; ``left`` and ``goes`` are open while it is still there."""

    case: int
    queue: str
    came: Minutes
    taken: Minutes | None = None
    left: Minutes | None = None
    goes: str = ""
    by: int | None = None  # who finished it
    is_fresh: bool = False  # it came from outside the center


@dataclass(frozen=True, slots=True)
class Stop:
    """One problem of one case, as it was, and the queue to which the case came back."""

    case: int
    queue: str
    came: Minutes
    left: Minutes | None = None
    stops_clocks: bool = True


@dataclass(frozen=True, slots=True)
class Stay:
    """What is drawn for a case that enters a queue: how long it lies although hands are free, how long the work takes,
    and where it goes from there."""

    lies: Minutes
    work: Minutes
    goes: str


@dataclass(frozen=True, slots=True)
class Pause:
    """How long a problem took; whether the clocks stood still meanwhile (rule K4)."""

    minutes: Minutes
    stops_clocks: bool


@dataclass(frozen=True, slots=True)
class Model:
    """The center as its history shows it. ``days`` holds, per weekday, the arrivals of whole days that have been:
    each the minutes after opening at which a file was signed for."""

    stays: Mapping[str, Sequence[Stay]]
    pauses: Sequence[Pause]
    days: Mapping[int, Sequence[Sequence[Minutes]]]

    @property
    def queues(self) -> list[str]:
        return [queue for queue, stays in self.stays.items() if stays]


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody at work: the queues that this person takes from, and the minutes planned for each day of the run."""

    name: str
    queues: frozenset[str]
    minutes: Mapping[int, Minutes]  # number of the day → minutes from the opening on; a day without is a day off


@dataclass(frozen=True, slots=True)
class Loan:
    """A person who works for one queue only, from the opening of a day on for so many minutes."""

    person: str
    queue: str
    day: int
    minutes: Minutes


@dataclass(frozen=True, slots=True)
class Arrival:
    """A case that comes to a queue. ``due`` holds the deadlines of its running clocks; one that has been waiting knows
    for how long, one that is worked on already for how long that has been going on."""

    key: int
    at: Minutes
    queue: str
    due: Mapping[str, Minutes] = field(default_factory=dict)
    waited: Minutes = 0
    stopped: bool = False  # a problem is open: it comes back to ``queue``


# When a clock that starts at a position is due, by its name.
Deadline = Callable[[str, Minutes], Minutes]

# The clocks of the center: where each starts and which step, out of which queue, stops it.
STARTS: Mapping[str, tuple[str, ...]] = MappingProxyType({"check": ("CHECK", "ENTRY"), "filing": ("FILE",)})
CLOCK_QUEUES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"CHECK": ("check",), "ENTRY": ("check", "entry", "verify"), "FILE": ("filing",)}
)


@dataclass(frozen=True, slots=True)
class Plan:
    """One question to the model: from when to when, who is there, what lies there at the start, what comes.

    ``arrivals``: the files that come, where they are known (a week that has been); ``None`` draws days from the
    model, ``factor`` times as many.
    """

    axis: Axis
    start: Minutes
    end: Minutes
    people: Sequence[Person]
    there: Sequence[Arrival]
    due: Deadline
    arrivals: Sequence[Arrival] | None = None
    factor: float = 1.0
    loans: Sequence[Loan] = ()

    @property
    def days(self) -> range:
        """The numbers of the days that the run covers."""
        return range(int(self.start // self.axis.length), self.axis.day_of(self.end) + 1)
