"""The one choke point through which a case moves.

``with taking(Step.PASS_CHECK, ...) as move:`` locks the row, asks role, sight, version, state and the standing rules,
lets the service check its facts and call the transition, and then does what the charter says of the step: performer,
path, clocks, deadline of the case, version and event, all in the caller's transaction. Effects on others begin when
that transaction has been committed, and only as hints.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction

from applications import errors, rules
from applications.lifecycle import CLOCKS_OF_STATE, RULES, Clock, Goes, Outcome, Performance, Rule, State, Step, path_of
from applications.models import Application, Event, Performer
from applications.models.event import digest_of
from applications.services.clocks import Ticking, owner_of
from applications.services.custody import NOBODY, Grip, grip_on, hand_on, written_down
from ops_center.clock import local_day
from organization.models import Employee
from organization.services.nudges import nudge

Ref = int | str  # a case by its key or by its number


@dataclass
class Move:
    """One step while it is being taken. The service fills ``note``, ``facts`` and, where it is not the actor, who."""

    case: Application
    rule: Rule
    actor: Employee | None
    at: datetime
    note: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    performs: Performance | None = None
    performer: Employee | None = None
    outcomes: dict[str, Outcome] = field(default_factory=dict)  # of clocks that the step stops; others are judged
    pauses: str = ""  # a reason: what runs is paused before the step's own clocks start
    resumes: bool = False
    clock_variant: str = ""
    owners: dict[str, dict[str, Any]] = field(
        default_factory=dict
    )  # clock → who answers, where it is not the usual one
    voids: tuple[Clock, ...] = ()
    hands_to: Employee | None = None  # who holds the case after the step; None: it waits in its queue
    held_until: datetime | None = None
    clocks: Ticking = field(init=False)
    held: Grip = field(init=False)  # who held the case before the step
    _before: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        self.performs = self.performs or self.rule.performs
        self.performer = self.performer or self.actor
        self.clocks = Ticking(self.case, at=self.at)
        self.held = grip_on(self.case, at=self.at)
        self._before = _columns(self.case)

    @property
    def from_state(self) -> str:
        return str(self._before["state"])


@contextmanager
def taking(
    step: Step,
    *,
    case: Ref,
    actor: Employee | None,
    at: datetime,
    version: int | None = None,
    note: str = "",
    cleared: bool = False,
) -> Iterator[Move]:
    """Takes one step of one case. ``actor=None`` is the system, and ``cleared`` says that role, sight and standing were
    asked already, of the bag that the case is in.

    Raises NotAllowed (role), OutOfSight, StaleVersion, Refused (state or rule); then nothing has changed.
    """
    rule = RULES[step]
    asked = None if cleared else actor
    if asked is not None and not asked.has_role(*rule.by, on=local_day(at)):
        raise errors.wrong_role(step)
    locked = lock(case)
    if asked is not None:
        rules.require_sight(locked, step=step, actor=asked, at=at)
    if version is not None and version != locked.version:
        raise errors.stale(locked)
    if locked.state not in rule.sources:
        raise errors.step_not_open(locked, step)
    rules.require_not_frozen(locked, step=step)
    if asked is not None:
        rules.require_standing(locked, step=step, actor=asked, at=at)
    move = Move(case=locked, rule=rule, actor=actor, at=at, note=note)
    yield move
    _finish(move)


def lock(case: Ref) -> Application:
    """The case with its row locked until the transaction ends; OutOfSight when there is none."""
    wanted = {"number": case} if isinstance(case, str) else {"pk": case}
    cases = Application.objects.select_for_update(of=("self",)).select_related(
        "product", "branch", "host_branch", "collector", "referrer", "claimed_by", "applicant"
    )
    found = cases.filter(**wanted).first()
    if found is None:
        raise errors.out_of_sight()
    return found


def open_case(case: Application, *, step: Step, actor: Employee | None, at: datetime, note: str = "") -> None:
    """The first event of a case that has just been inserted (T01, or T04 without a referral)."""
    rule = RULES[step]
    move = Move(case=case, rule=rule, actor=actor, at=at, note=note)
    move._before = {**move._before, "state": ""}
    move.held = NOBODY
    if case.referrer_id is not None:
        _perform(move, Performance.REFERRER, case.referrer)
    for kind in rule.starts:
        move.clocks.start(kind, **owner_of(kind, case, performer=move.performer))
    _settle(move)


def _finish(move: Move) -> None:
    case, rule, clocks = move.case, move.rule, move.clocks
    if move.performs is not None:
        _perform(move, move.performs, move.performer)
    if rule.target is not Goes.STAYS:
        case.claimed_by, case.claimed_until = move.hands_to, move.held_until
        case.claimed_at = move.at if move.hands_to else None
    if case.state != move.from_state:
        case.progressed_at = move.at
    if move.from_state not in (case.state, State.PROBLEM):
        clocks.resume()  # where work goes on nothing stands still: only an outage pauses outside a problem
    if rule.only_at in (None, case.state):
        clocks.void(rule.voids)
        clocks.void(move.voids)
        for kind in rule.stops:
            clocks.stop(kind, outcome=move.outcomes.get(kind))
        if move.pauses:
            clocks.pause(reason=move.pauses)
        for kind in rule.starts:
            owner = move.owners.get(kind) or owner_of(kind, case, performer=move.performer)
            clocks.start(kind, variant=move.clock_variant, **owner)
        if move.resumes:
            clocks.resume()
    if rule.step is Step.REOPEN:
        for kind in CLOCKS_OF_STATE.get(case.state, ()):
            clocks.start(kind, **owner_of(kind, case, performer=None))
    _derive_path(move)
    _settle(move)


def _settle(move: Move) -> None:
    """Custody, deadline, version, event, save: the end of every step."""
    case = move.case
    if move.from_state != State.PROBLEM:
        hand_on(case, before=move.held, at=move.at, waits_for=move.pauses)
    elif case.state != State.PROBLEM or move.rule.step is Step.REPLY:
        hand_on(case, before=written_down(case), at=move.at)
    move.clocks.settle()
    case.version += 1
    _write_event(move)
    changed = [name for name, value in _columns(case).items() if move._before.get(name) != value]
    case.save(update_fields=changed)
    hint = settings.NUDGES.get(move.rule.step)
    if hint:
        transaction.on_commit(lambda: nudge(hint))


def _perform(move: Move, role: Performance, employee: Employee | None) -> None:
    """Of several rounds the last completed one counts (rule G3)."""
    Performer.objects.update_or_create(
        application=move.case,
        role=role,
        defaults={"employee": employee, "round": move.case.round, "at": move.at},
    )


def _derive_path(move: Move) -> None:
    """Rule G4: provisional until ENTERED, then locked."""
    case = move.case
    if case.path_locked or case.collector_id is None:
        return
    who = dict(
        Performer.objects.filter(application=case, role__in=[Performance.CREDIT_CHECK, Performance.ENTRY]).values_list(
            "role", "employee_id"
        )
    )
    case.path = path_of(
        entry_mode=case.entry_mode,
        referrer=case.referrer_id,
        is_external=case.referrer_type == "CUSTOMER",
        collector=case.collector_id,
        checker=who.get(Performance.CREDIT_CHECK),
        keyer=who.get(Performance.ENTRY),
    )
    case.path_locked = case.state == State.ENTERED


def _write_event(move: Move) -> None:
    case = move.case
    case.event_count += 1
    number = move.actor.number if move.actor else None
    case.event_digest = digest_of(
        bytes(case.event_digest), number=case.number, seq=case.event_count, step=move.rule.step,
        from_state=move.from_state, to_state=case.state, actor=number, at=move.at, round=case.round, note=move.note,
        facts=move.facts,
    )  # fmt: skip
    Event.objects.create(
        application=case, seq=case.event_count, step=move.rule.step, from_state=move.from_state, to_state=case.state,
        actor=move.actor, at=move.at, round=case.round, note=move.note, facts=move.facts, digest=case.event_digest,
    )  # fmt: skip


def _columns(case: Application) -> dict[str, Any]:
    return {column.attname: case.__dict__.get(column.attname) for column in case._meta.concrete_fields}
