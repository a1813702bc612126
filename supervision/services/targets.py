"""Setting targets: management for the branches, a branch head for the own people. Every change is an audit record."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from ops_center.clock import local_day
from ops_center.kernel.errors import NotAllowed, OutOfSight, Refused
from organization.models import Branch, Employee
from organization.services.audit import record
from supervision.models import Measure, Target
from supervision.periods import Month
from supervision.selectors.goals import MAY_HAVE_TARGETS, SETS_BRANCHES, SETS_PEOPLE, is_over

MOST = 99_999
AHEAD = timedelta(days=366)  # a month beyond this is a slip of the hand
Subject = Branch | Employee
Wanted = Mapping[tuple[Subject, Measure], int | None]


@transaction.atomic
def set_targets(*, wanted: Wanted, month: Month, actor: Employee, at: datetime) -> int:
    """Sets targets of a month; ``None`` takes one back. Returns how many changed, each with its audit record.

    Refused for a month that is over, or more than a year ahead. Not allowed to others than management (branches) and
    the head of the person's branch (people); who names somebody of another branch is told that there is no such person.
    """
    if is_over(month, on=local_day(at)):
        raise Refused(
            "month_over",
            _("%(month)s is over: its targets stay as they were. Set those of this month or of one to come.")
            % {"month": month},
        )
    if month.first_day > local_day(at) + AHEAD:
        raise Refused(
            "month_far", _("%(month)s is more than a year ahead. Look at the year once more.") % {"month": month}
        )
    for subject in {subject for subject, _measure in wanted}:
        _require_own(subject, actor, at)
    changed = 0
    for (subject, measure), value in wanted.items():
        changed += _set(subject, measure, value, month=month, actor=actor, at=at)
    return changed


@transaction.atomic
def copy_targets(*, month: Month, actor: Employee, at: datetime) -> int:
    """Takes over last month's targets of all that this person sets, where this month has none yet. Returns how many."""
    before = Target.objects.filter(month=month.previous.first_day).select_related("branch", "person")
    there = Target.objects.filter(month=month.first_day)
    roles = actor.role_codes(local_day(at))
    if SETS_BRANCHES in roles:
        before = before.filter(person=None, branch__is_active=True)
    elif SETS_PEOPLE in roles:
        before = before.filter(person__branch=actor.branch, person__is_active=True, person__left_on=None)
    else:
        raise _not_yours()
    taken = {(target.branch_id, target.person_id, target.measure) for target in there}
    wanted: dict[tuple[Subject, Measure], int | None] = {}
    for target in before:
        subject = target.branch or target.person
        if subject is not None and (target.branch_id, target.person_id, target.measure) not in taken:
            wanted[subject, Measure(target.measure)] = target.value
    return set_targets(wanted=wanted, month=month, actor=actor, at=at)


def _set(
    subject: Subject, measure: Measure, value: int | None, *, month: Month, actor: Employee, at: datetime
) -> int:  # fmt: skip
    """1 when it changed."""
    key: dict[str, Any] = {"branch": None, "person": None}
    key["branch" if isinstance(subject, Branch) else "person"] = subject
    held = (
        Target.objects.order_by("pk").select_for_update().filter(month=month.first_day, measure=measure, **key).first()
    )
    before = held.value if held else None
    if before == value:
        return 0
    if value is None:
        assert held is not None
        held.delete()
    else:
        if not 0 <= value <= MOST:
            raise Refused("target_range", _("A target is a number from 0 to %(most)s.") % {"most": MOST})
        Target.objects.update_or_create(
            month=month.first_day, measure=measure, **key, defaults={"value": value, "set_by": actor, "set_at": at}
        )
    name = subject.code if isinstance(subject, Branch) else subject.number
    record(
        action="set_target", at=at, actor=actor, subject=name, month=str(month), measure=measure.value, before=before,
        after=value,
    )  # fmt: skip
    return 1


def _require_own(subject: Subject, actor: Employee, at: datetime) -> None:
    roles = actor.role_codes(local_day(at))
    if isinstance(subject, Branch):
        if SETS_BRANCHES not in roles:
            raise _not_yours()
        if subject.kind not in MAY_HAVE_TARGETS:
            raise Refused(
                "no_targets_here",
                _("%(branch)s collects no applications, so it has no targets. Choose a branch or the card center.")
                % {"branch": subject.name},
            )
    elif SETS_PEOPLE not in roles:
        raise _not_yours()
    elif subject.branch_id != actor.branch_id:
        raise OutOfSight("person", _("There is no such person in your branch."))


def _not_yours() -> NotAllowed:
    return NotAllowed(
        "targets_role",
        _("Management sets the targets of the branches, a branch head those of the own people. Ask one of them."),
    )
