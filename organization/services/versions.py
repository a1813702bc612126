"""Rules of the bank that hold from a day on: drafted by one of the management, approved by a second, never changed
afterwards. The tables say the same (``*_approved``, ``*_fixed``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Generic, Protocol, TypeVar

from django.db import transaction
from django.db.models import TextChoices
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from ops_center.clock import local_day
from ops_center.kernel.errors import Malformed, NotAllowed, OutOfSight, Refused
from organization.models import Employee
from organization.models.versions import Drafted, PolicyStatus, Version
from organization.roles import Role
from organization.services.audit import record

FARTHEST = timedelta(days=731)  # a day beyond this is a slip of the hand
LONGEST_NOTE = 300  # characters
D = TypeVar("D", bound=Drafted)
V = TypeVar("V", bound=Version)


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


def standing_of(row: Version, *, holds: bool, on: date) -> Standing:
    """``holds``: whether it is the one that is in force on that day."""
    if not row.is_approved:
        return Standing(row.status)
    if row.starts_on > on:
        return Standing.AHEAD
    return Standing.IN_FORCE if holds else Standing.PAST


class Stood(Protocol):
    """A version with where it stands."""

    @property
    def standing(self) -> Standing: ...


S = TypeVar("S", bound=Stood)


@dataclass(frozen=True, slots=True)
class Versions(Generic[S]):
    """The versions of one kind of rule, newest first."""

    all: list[S]

    def at(self, *standings: Standing) -> list[S]:
        return [version for version in self.all if version.standing in standings]

    @property
    def drafts(self) -> list[S]:
        return self.at(Standing.DRAFT)

    @property
    def in_force(self) -> list[S]:
        return self.at(Standing.IN_FORCE)

    @property
    def ahead(self) -> list[S]:
        return self.at(Standing.AHEAD)

    @property
    def past(self) -> list[S]:
        return self.at(Standing.PAST, Standing.DISCARDED)


# -- drafting ----------------------------------------------------------------------------------------------------------
def require_management(actor: Employee, *, at: datetime) -> None:
    """NotAllowed unless the actor is of the management on that day."""
    if not actor.has_role(Role.MGT, on=local_day(at)):
        raise NotAllowed("wrong_role", _("Rules of the bank are drafted and approved by the management. Ask them."))


def require_ahead(starts_on: date, *, at: datetime) -> None:
    """Malformed unless the day lies ahead, and not so far that it is a slip: people know a rule before they work by it
    (「要使员工清晰明了地知道」)."""
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
    if not note.strip():
        sentence = _("Say what changes and why: the second person decides by it.")
        raise Malformed("bad_note", sentence, {"note": sentence})
    return short_note(note)


def short_note(note: str) -> str:
    """What is said beside a rule, without space around it; it may be nothing. Malformed when it is too much."""
    said = note.strip()
    if len(said) > LONGEST_NOTE:
        sentence = _("At most 300 characters: say it shorter.")
        raise Malformed("bad_note", sentence, {"note": sentence})
    return said


# -- deciding ----------------------------------------------------------------------------------------------------------
@transaction.atomic
def approve(model: type[V], *, actor: Employee, at: datetime, **key: int) -> V:
    """Puts a draft in force from its day on. NotAllowed for other roles than the management, OutOfSight for a key that
    is nobody's, Refused as ``why_not_approve`` says."""
    row = decidable(model, actor=actor, at=at, **key)
    if no := why_not_approve(row, actor=actor, at=at):
        raise no
    sign(row, actor=actor, at=at)
    _record("approve", row, actor=actor, at=at)
    return row


@transaction.atomic
def discard(model: type[D], *, actor: Employee, at: datetime, **key: int) -> D:
    """Takes a draft off the table; by anyone of the management, the drafter included."""
    row = decidable(model, actor=actor, at=at, **key)
    row.status = PolicyStatus.DISCARDED
    row.save(update_fields=["status"])
    _record("discard", row, actor=actor, at=at)
    return row


def why_not_approve(row: Version, *, actor: Employee, at: datetime) -> Refused | None:
    """What keeps this person from approving a draft. A page shows the sentence instead of the button."""
    if no := why_not_alone(row, actor):
        return no
    day = {"day": row.starts_on.isoformat()}
    if row.starts_on <= local_day(at):
        return Refused(
            "day_passed",
            _("This draft was to take effect on %(day)s, which is not ahead any more. Discard it and draft it anew.")
            % day,
        )
    approved = type(row)._default_manager.filter(starts_on=row.starts_on, status=PolicyStatus.APPROVED, **row.same)
    if any(row.meets(other) for other in approved):
        return Refused("day_taken", _("Another version already takes effect on %(day)s. Choose another day.") % day)
    return None


def why_not_alone(row: Drafted, actor: Employee) -> Refused | None:
    """Two people make a rule."""
    if row.drafted_by_id != actor.pk:
        return None
    return Refused("own_draft", _("A second person of the management approves: you drafted this version yourself."))


def decidable(model: type[D], *, actor: Employee, at: datetime, **key: int) -> D:
    """The draft with this key. All rows about the same are locked with it, in their order: two approvals of one day
    wait for each other. Refused for what has been decided already."""
    require_management(actor, at=at)
    found = model._default_manager.filter(**key).first()
    if found is None:
        raise no_version()
    about = model._default_manager.filter(**found.same).order_by("pk").select_for_update()
    row = next(row for row in about if row.pk == found.pk)
    if row.status != PolicyStatus.DRAFT:
        raise Refused("already_decided", _("This draft has been decided already. Reload the page to see how."))
    return row


def sign(row: Drafted, *, actor: Employee, at: datetime, **facts: Any) -> None:
    """The second person's word on a locked draft; ``facts``: what else the decision leaves in the row."""
    said = {"status": PolicyStatus.APPROVED, "approved_by": actor, "approved_at": at, **facts}
    for name, value in said.items():
        setattr(row, name, value)
    row.save(update_fields=list(said))


def _record(act: str, row: Drafted, *, actor: Employee, at: datetime) -> None:
    record(action=f"{act}_{row.audit_name}", at=at, actor=actor, subject=f"{row}", version=row.pk)


def no_version() -> OutOfSight:
    return OutOfSight("not_found", _("There is no such version."))
