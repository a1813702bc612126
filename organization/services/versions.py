"""Rules of the bank that hold from a day on: drafted by one of the management, approved by a second, never changed
afterwards. The tables say the same (``*_approved``, ``*_fixed``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import TextChoices
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from ops_center.clock import local_day
from ops_center.kernel.errors import Malformed, NotAllowed, OutOfSight, Refused
from organization.models import Employee
from organization.models.versions import PolicyStatus, Version
from organization.roles import Role

FARTHEST = timedelta(days=731)  # a day beyond this is a slip of the hand
LONGEST_NOTE = 300  # characters


class Standing(TextChoices):
    """Where a version stands on a day."""

    DRAFT = PolicyStatus.DRAFT.value, PolicyStatus.DRAFT.label
    IN_FORCE = "IN_FORCE", pgettext_lazy("policy", "In force")
    AHEAD = "AHEAD", pgettext_lazy("policy", "Ahead")
    PAST = "PAST", pgettext_lazy("policy", "Past")
    DISCARDED = PolicyStatus.DISCARDED.value, PolicyStatus.DISCARDED.label


@dataclass(frozen=True, slots=True)
class Change:
    """Something before and after, as people read it. Of the first version ``before`` is empty."""

    what: Any
    before: str
    after: str

    @property
    def is_change(self) -> bool:
        return self.before != self.after


def require_management(actor: Employee, *, at: datetime) -> None:
    """NotAllowed unless the actor is of the management on that day."""
    if not actor.has_role(Role.MGT, on=local_day(at)):
        raise NotAllowed("wrong_role", _("Rules of the bank are drafted and approved by the management. Ask them."))


def require_ahead(starts_on: date, *, at: datetime) -> None:
    """Malformed unless the day lies ahead, and not so far that it is a slip: work that has begun keeps its rules."""
    today = local_day(at)
    sentence = ""
    if starts_on <= today:
        sentence = _("A new version takes effect tomorrow at the earliest: work that has begun keeps its rules.")
    elif starts_on > today + FARTHEST:
        sentence = _("A new version takes effect within two years. Look at the year of the day once more.")
    if sentence:
        raise Malformed("not_ahead", sentence, {"starts_on": sentence})


def require_note(note: str) -> str:
    """What changes and why, without space around it. Malformed when nothing is said, or too much."""
    said = note.strip()
    sentence = ""
    if not said:
        sentence = _("Say what changes and why: the second person decides by it.")
    elif len(said) > LONGEST_NOTE:
        sentence = _("At most 300 characters: say it shorter.")
    if sentence:
        raise Malformed("bad_note", sentence, {"note": sentence})
    return said


def require_draft(status: str) -> None:
    """Refused for what has been decided already."""
    if status != PolicyStatus.DRAFT:
        raise Refused("already_decided", _("This draft has been decided already. Reload the page to see how."))


def require_another(drafted_by: int | None, actor: Employee) -> None:
    """Refused for who approves the own draft."""
    if drafted_by == actor.pk:
        raise Refused("own_draft", _("A second person of the management approves: you drafted this version yourself."))


def no_version() -> OutOfSight:
    return OutOfSight("not_found", _("There is no such version."))


def approve(row: Version, *, taken: bool, actor: Employee, at: datetime) -> None:
    """Puts a locked draft in force from its day on. ``taken``: another version of its kind starts on that day. Refused
    by the drafter, for a day that is not ahead any more or that is taken."""
    require_draft(row.status)
    require_another(row.drafted_by_id, actor)
    day = {"day": row.starts_on.isoformat()}
    if row.starts_on <= local_day(at):
        raise Refused(
            "day_passed",
            _("This draft was to take effect on %(day)s, which is not ahead any more. Discard it and draft it anew.")
            % day,
        )
    if taken:
        raise Refused("day_taken", _("Another version already takes effect on %(day)s. Choose another day.") % day)
    row.status, row.approved_by, row.approved_at = PolicyStatus.APPROVED, actor, at
    row.save(update_fields=["status", "approved_by", "approved_at"])


def discard(row: Version) -> None:
    """Takes a locked draft off the table; by anyone of the management, the drafter included."""
    require_draft(row.status)
    row.status = PolicyStatus.DISCARDED
    row.save(update_fields=["status"])
