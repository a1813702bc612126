"""What is asked of the simulation: read from a form, the API or the command line, refused with a sentence for each part
that cannot be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext as _

from ops_center.clock import local_day
from ops_center.kernel.errors import Malformed
from organization.models import Employee
from organization.roles import Role
from supervision.selectors.workload import CLOCKS, ROLES

MOST_ARRIVALS, MOST_DAYS, MOST_STAFF, MOST_ABSENT, LONGEST_LIMIT = 5.0, 20, 50, 50, 30
REPLICATIONS = 200
LEAST_REPLICATIONS, MOST_REPLICATIONS = 20, 1000
LARGEST_SEED = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Away:
    """Somebody who is assumed to be absent, both days included."""

    person: str
    since: date
    until: date


@dataclass(frozen=True, slots=True)
class Assumptions:
    """How the days to come differ from today's plan; as it stands here, in nothing."""

    arrivals: float = 1.0  # times what history lets expect
    staff: Mapping[str, int] = field(default_factory=dict)  # role → more or fewer people
    limits: Mapping[str, int] = field(default_factory=dict)  # clock → another amount, in the clock's own measure
    absent: tuple[Away, ...] = ()
    days: int = 5
    seed: int = 1
    replications: int = REPLICATIONS

    @property
    def as_json(self) -> dict[str, Any]:
        asked = asdict(self)
        asked["absent"] = [
            {"person": away.person, "from": away.since.isoformat(), "until": away.until.isoformat()}
            for away in self.absent
        ]
        return asked


def read(asked: Mapping[str, Any], *, at: datetime) -> Assumptions:
    """The assumptions of a JSON object. Malformed with a sentence for each part that cannot be."""
    reading = _Reading(asked, local_day(at))
    found = Assumptions(
        arrivals=reading.part("arrivals", reading.factor, 1.0),
        staff=reading.part("staff", reading.staff, {}),
        limits=reading.part("limits", reading.limits, {}),
        absent=reading.part("absent", reading.absent, ()),
        days=reading.part("days", lambda days: _whole(days, 1, MOST_DAYS), 5),
        seed=reading.part("seed", lambda seed: _whole(seed, 0, LARGEST_SEED), 1),
        replications=reading.part(
            "replications", lambda often: _whole(often, LEAST_REPLICATIONS, MOST_REPLICATIONS), REPLICATIONS
        ),
    )
    unknown = sorted(set(asked) - set(found.as_json))
    if unknown:
        reading.wrong |= {name: _("The simulation knows no such assumption.") for name in unknown}
    if reading.wrong:
        raise Malformed("assumptions", " ".join(dict.fromkeys(reading.wrong.values())), reading.wrong)
    return found


class _Impossible(Exception):
    """One part of the assumptions; the sentence says why."""


class _Reading:
    """Collects what is wrong, so that everything is said at once."""

    def __init__(self, asked: Mapping[str, Any], today: date) -> None:
        self.asked, self.today = asked, today
        self.wrong: dict[str, str] = {}

    def part(self, name: str, parse: Callable[[Any], Any], otherwise: Any) -> Any:
        if self.asked.get(name) in (None, ""):
            return otherwise
        try:
            return parse(self.asked[name])
        except _Impossible as no:
            self.wrong[name] = str(no)
            return otherwise

    def factor(self, value: Any) -> float:
        try:
            factor = float(value)
        except (TypeError, ValueError, OverflowError):
            factor = -1.0
        if not 0 <= factor <= MOST_ARRIVALS:  # a NaN is in no range either
            raise _Impossible(
                _("Arrivals are a factor between 0 and %(most)s; 1.2 is a fifth more than usual.")
                % {"most": f"{MOST_ARRIVALS:g}"}
            )
        return factor

    def staff(self, value: Any) -> dict[str, int]:
        found = {}
        for code, change in _object(value).items():
            if code not in ROLES:
                raise _Impossible(
                    _("There is no skill %(code)s in the simulation. Choose one of %(known)s.")
                    % {"code": str(code)[:8], "known": "、".join(ROLES)}
                )
            found[str(code)] = _whole(change, -MOST_STAFF, MOST_STAFF)
            there = Employee.objects.filter(is_active=True).holding(code, on=self.today).count()
            if there + found[code] < 0:
                raise _Impossible(
                    _("%(role)s: there are %(there)s people, so no more than these can be taken away.")
                    % {"role": Role(code).label, "there": there}
                )
        return {code: change for code, change in found.items() if change}

    def limits(self, value: Any) -> dict[str, int]:
        found = {}
        for kind, amount in _object(value).items():
            if kind not in CLOCKS:
                raise _Impossible(
                    _("There is no clock %(kind)s in the simulation. Choose one of %(known)s.")
                    % {"kind": str(kind)[:16], "known": "、".join(CLOCKS)}
                )
            found[str(kind)] = _whole(amount, 0, LONGEST_LIMIT)
        return found

    def absent(self, value: Any) -> tuple[Away, ...]:
        if not isinstance(value, list) or not all(isinstance(row, Mapping) for row in value):
            raise _Impossible(_("Absences are a list of person, from and until."))
        if len(value) > MOST_ABSENT:
            raise _Impossible(
                _("At most %(most)s absences in one question. Take people away by skill instead.")
                % {"most": MOST_ABSENT}
            )
        return tuple(self._away(row) for row in value)

    def _away(self, row: Mapping[str, Any]) -> Away:
        number = str(row.get("person", ""))[:16]
        since, until = _day(row.get("from")), _day(row.get("until") or row.get("from"))
        if not Employee.objects.filter(number=number, is_active=True).holding(*ROLES, on=self.today).exists():
            raise _Impossible(
                _("%(person)s is nobody who works in the center's queues. Check the number.")
                % {"person": number or "—"}
            )
        if until < since:
            raise _Impossible(_("%(person)s: the last day comes before the first.") % {"person": number})
        if since < self.today:
            raise _Impossible(
                _("%(day)s is over: the simulation looks ahead. Choose a day from today on.")
                % {"day": since.isoformat()}
            )
        return Away(number, since, until)


def _object(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise _Impossible(_("This is an object of names and numbers."))
    return value


def _whole(value: Any, least: int, most: int) -> int:
    try:
        number = int(str(value))
    except ValueError:
        number = least - 1
    if not least <= number <= most:
        raise _Impossible(
            _("%(value)s is no whole number between %(least)s and %(most)s.")
            % {"value": str(value)[:12], "least": least, "most": most}
        )
    return number


def _day(value: Any) -> date:
    try:
        return value if isinstance(value, date) else date.fromisoformat(str(value))
    except ValueError:
        raise _Impossible(_("%(day)s is no day such as 2026-11-26.") % {"day": str(value)[:12] or "—"}) from None
