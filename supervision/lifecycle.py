"""The charter of a complaint: its five steps (开放态度 → 及时处理 → 主管受理 → 制订对策 → 跟踪结果) in one table.

Nothing else in the code says which act leads where and whose it is.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum, auto

from django.utils.translation import pgettext_lazy

from supervision.models import Complaint, ComplaintAct

State = Complaint.State
OPEN = frozenset(State) - {State.CLOSED}


class Whose(Enum):
    """Who takes an act. None of them took part in the case, nor is the one complained about."""

    OFFICE = auto()  # anybody who handles complaints: CPL, or a supervisor
    HANDLER = auto()  # the one handler of this complaint
    SUPERVISOR = auto()  # any supervisor
    SECOND = auto()  # a supervisor who does not handle this complaint


class Goes(Enum):
    STAYS = auto()
    DEPENDS = auto()  # the service says where, of the charter's ``may_lead``


@dataclass(frozen=True, slots=True)
class Rule:
    """One act: from which states, to which, and whose it is. ``stamp`` is the column that says when it was done."""

    act: ComplaintAct
    sources: Collection[State]
    target: State | Goes
    whose: Whose
    stamp: str = ""
    may_lead: Collection[State] = ()


A = ComplaintAct

CHARTER: tuple[Rule, ...] = (
    Rule(A.ASSIGN, OPEN, Goes.STAYS, Whose.OFFICE),
    Rule(A.LINK, OPEN, Goes.STAYS, Whose.HANDLER),
    Rule(A.REPLY, {State.OPENED}, State.REPLIED, Whose.HANDLER, "replied_at"),
    Rule(A.ESCALATE, {State.REPLIED}, State.ESCALATED, Whose.HANDLER, "escalated_at"),
    Rule(A.SOLVE, {State.REPLIED}, State.SOLVED, Whose.HANDLER, "solved_at"),
    Rule(A.SOLVE, {State.ESCALATED}, State.SOLVED, Whose.SUPERVISOR, "solved_at"),
    # Not reached: it stays. Not satisfied: once to the supervisor, the second time the call counts.
    Rule(
        A.FOLLOW_UP, {State.SOLVED}, Goes.DEPENDS, Whose.HANDLER,
        may_lead={State.FOLLOWED_UP, State.ESCALATED, State.SOLVED},
    ),
    Rule(A.CLOSE, {State.FOLLOWED_UP}, State.CLOSED, Whose.HANDLER, "closed_at"),
    Rule(A.TICK, OPEN, Goes.STAYS, Whose.HANDLER),
    Rule(A.MARK_COMPLEX, OPEN, Goes.STAYS, Whose.HANDLER),
    Rule(A.ASK_EXTENSION, OPEN, Goes.STAYS, Whose.HANDLER),
    Rule(A.EXTEND, OPEN, Goes.STAYS, Whose.SECOND),
)  # fmt: skip

# The five steps as the bank calls them, each with the stamp that says when it was done.
FIVE_STEPS = (
    (pgettext_lazy("complaint step", "Open ear"), "opened_at"),
    (pgettext_lazy("complaint step", "Prompt reply"), "replied_at"),
    (pgettext_lazy("complaint step", "Supervisor takes it"), "escalated_at"),
    (pgettext_lazy("complaint step", "Remedy"), "solved_at"),
    (pgettext_lazy("complaint step", "Follow-up"), "followed_up_at"),
)
NONE_MISSED = {
    "recorded": pgettext_lazy("none missed", "Recorded"),
    "handled": pgettext_lazy("none missed", "Handled"),
    "rechecked": pgettext_lazy("none missed", "Checked again"),
    "fed_back": pgettext_lazy("none missed", "Fed back"),
}


def rule_for(act: ComplaintAct, state: str) -> Rule | None:
    """The line of the charter for an act on a complaint that stands there; ``None`` when it leads nowhere."""
    return next((rule for rule in CHARTER if rule.act == act and state in rule.sources), None)
