"""The refusals of the case that more than one service says."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from applications.lifecycle import STEP_LABELS, State, Step
from applications.models import Application
from ops_center.clock import SHANGHAI
from ops_center.kernel.errors import DomainError, NotAllowed, OutOfSight, Refused, StaleVersion


def step_not_open(case: Application, step: Step) -> DomainError:
    """The case stands elsewhere: an impossible step, never a missing permission."""
    return Refused(
        "step_not_open",
        _("%(number)s is “%(state)s” now: “%(step)s” is not possible from there. Reload the page to see what is.")
        % {"number": case.number, "state": State(case.state).label, "step": STEP_LABELS[step]},
        state=case.state,
    )


def wrong_role(step: Step) -> DomainError:
    return NotAllowed(
        "wrong_role",
        _("Your role does not include “%(step)s”. Ask your supervisor if this should be your task.")
        % {"step": STEP_LABELS[step]},
    )


def out_of_sight() -> DomainError:
    return OutOfSight("not_found", _("No such case among those that you can see."))


def stale(case: Application) -> DomainError:
    return StaleVersion(
        "stale_version",
        _("Somebody has worked on %(number)s since you opened it. Reload; what you typed is kept below.")
        % {"number": case.number},
        version=case.version,
    )


def held_by_another(case: Application) -> DomainError:
    holder = case.claimed_by
    until: datetime | None = case.claimed_until
    assert holder is not None
    assert until is not None
    return Refused(
        "claimed_by_another",
        _("%(number)s is already claimed by %(person)s until %(time)s. Take the next case.")
        % {"number": case.number, "person": holder.name, "time": until.astimezone(SHANGHAI).strftime("%H:%M")},
        holder=holder.number,
    )


def not_claimed(case: Application) -> DomainError:
    return Refused(
        "not_claimed",
        _("You do not hold %(number)s: a claim ends after 30 idle minutes. Claim it again; your draft is kept.")
        % {"number": case.number},
    )
