"""Who is at work when: absences from day to day, and the minutes planned where a day is not a whole one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from applications.models import Application
from applications.querysets import ApplicationQuerySet
from ops_center.clock import local_day
from ops_center.kernel.errors import Malformed, Refused
from organization.models import Absence, Employee, RosterDay
from organization.roles import Role
from organization.services.audit import record
from supervision import errors
from supervision.selectors.load import CENTER_ROLES
from supervision.selectors.workload import FULL_DAY

LONGEST = timedelta(days=366)  # a longer absence is a slip of the hand, or somebody who has left
FARTHEST = timedelta(days=366)  # ahead
MOST_MINUTES = 720


@transaction.atomic
def enter_absence(
    *, person: str, starts_on: date, ends_on: date, note: str, actor: Employee, at: datetime
) -> tuple[Absence, ApplicationQuerySet]:
    """Notes that somebody of the center is away, both days included. Gives it back with the cases that the person holds
    now: they stay with the person until they are reassigned, or until the lease ends.

    Malformed for days that are over, in the wrong order or too far; Refused where another absence covers one of them.
    """
    _require_planner(actor, at=at)
    who = Employee.objects.select_for_update(no_key=True).get(pk=_of_the_center(person, at=at).pk)
    _require_days(starts_on, ends_on, at=at)
    other = Absence.objects.filter(employee=who, starts_on__lte=ends_on, ends_on__gte=starts_on).first()
    if other is not None:
        raise Refused(
            "overlap",
            _("%(person)s is already entered as absent from %(since)s to %(until)s. Take that entry out first.")
            % {"person": who.name, "since": other.starts_on.isoformat(), "until": other.ends_on.isoformat()},
        )
    row = Absence.objects.create(employee=who, starts_on=starts_on, ends_on=ends_on, note=note.strip()[:80])
    record(
        action="enter_absence", at=at, actor=actor, subject=who.number, since=starts_on.isoformat(),
        until=ends_on.isoformat(),
    )  # fmt: skip
    return row, held_by(who, at=at)


@transaction.atomic
def end_absence(*, absence: int, actor: Employee, at: datetime) -> Absence:
    """Takes an absence out; of one that has begun the days that are over stay, so that history is not changed."""
    _require_planner(actor, at=at)
    today = local_day(at)
    row = Absence.objects.select_for_update(of=("self",)).filter(pk=absence).select_related("employee").first()
    if row is None:
        raise errors.no_absence()
    if row.ends_on < today:
        raise Refused("absence_over", _("This absence is over: what was is not changed."))
    if row.starts_on < today:
        row.ends_on = today - timedelta(days=1)
        row.save(update_fields=["ends_on"])
    else:
        row.delete()
    record(action="end_absence", at=at, actor=actor, subject=row.employee.number, since=row.starts_on.isoformat())
    return row


@transaction.atomic
def plan_days(*, wanted: Mapping[tuple[str, date], int], actor: Employee, at: datetime) -> int:
    """Sets the planned minutes of people and days; a whole day needs no entry. Returns how many have changed.

    Malformed for a day that is over or far ahead, or more than twelve hours (``errors`` names person and day).
    """
    _require_planner(actor, at=at)
    today, wrong = local_day(at), dict[str, str]()
    people = {number: _of_the_center(number, at=at) for number in sorted({number for number, _on in wanted})}
    for (number, on), minutes in wanted.items():
        field = f"{number}_{on.isoformat()}"
        if on < today:
            wrong[field] = _("%(day)s is over: what was is not planned anew.") % {"day": on.isoformat()}
        elif on > today + FARTHEST:
            wrong[field] = _("%(day)s is more than a year ahead. Look at the year once more.") % {"day": on.isoformat()}
        elif not 0 <= minutes <= MOST_MINUTES:
            wrong[field] = _("Between 0 and %(most)s minutes.") % {"most": MOST_MINUTES}
    if wrong:
        raise Malformed("bad_roster", " ".join(dict.fromkeys(wrong.values())), wrong)
    before = {
        (row.employee.number, row.on): row
        for row in RosterDay.objects.select_for_update(of=("self",))
        .filter(employee__in=people.values(), on__in={on for _number, on in wanted})
        .select_related("employee")
    }
    changed = 0
    for (number, on), minutes in sorted(wanted.items()):
        row = before.get((number, on))
        if minutes == (row.minutes if row else FULL_DAY):
            continue
        changed += 1
        if minutes == FULL_DAY and row is not None:
            row.delete()
        else:
            RosterDay.objects.update_or_create(employee=people[number], on=on, defaults={"minutes": minutes})
    if changed:
        record(action="plan_roster", at=at, actor=actor, subject="roster", changed=changed)
    return changed


def held_by(person: Employee, *, at: datetime) -> ApplicationQuerySet:
    """The cases that somebody holds now, the first deadline first."""
    return Application.objects.filter(claimed_by=person, claimed_until__gt=at).order_by("due_at", "pk")


def _require_planner(actor: Employee, *, at: datetime) -> None:
    if not actor.has_role(Role.SUP, on=local_day(at)):
        raise errors.roster_role()


def _of_the_center(number: str, *, at: datetime) -> Employee:
    staff = Employee.objects.filter(is_active=True).holding(*CENTER_ROLES, on=local_day(at))
    found: Employee | None = staff.filter(number=number).first()
    if found is None:
        raise errors.nobody_of_the_center()
    return found


def _require_days(starts_on: date, ends_on: date, *, at: datetime) -> None:
    today, wrong = local_day(at), dict[str, str]()
    if ends_on < starts_on:
        wrong["ends_on"] = _("The last day comes before the first.")
    elif ends_on - starts_on > LONGEST:
        wrong["ends_on"] = _("An absence is at most a year long. Look at the year once more.")
    if starts_on < today:
        wrong["starts_on"] = _("Absences are entered from today on: what was is not changed.")
    elif starts_on > today + FARTHEST:
        wrong["starts_on"] = _("An absence begins within a year. Look at the year once more.")
    if wrong:
        raise Malformed("bad_absence", " ".join(wrong.values()), wrong)
