"""A case of the past as the steps it took, and what it looks like after them.

``tell`` plays the steps: states, stamps, performers, path and clocks follow from the charter and from the transition
methods of Application, which run here on a plain object instead of a row (a few microseconds a step instead of
milliseconds). It is the engine (applications.services.engine) without the questions: nobody is asked for a role or a
rule, because what is told has already happened.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from inspect import signature
from types import SimpleNamespace
from typing import Any

from django.db.models import Model
from django_fsm import GET_STATE

from applications.lifecycle import (
    CLOCKS_OF_STATE,
    FINISHED,
    MAIN_LINE,
    QUEUE_OF_STATE,
    RULES,
    Clock,
    EntryMode,
    Goes,
    Performance,
    Rule,
    State,
    Step,
    holder_of,
    path_of,
)
from applications.models import Applicant, Application
from applications.models.event import digest_of
from applications.services.claims import HOLDER_CLOCKS, LEASE
from applications.services.clocks import owner_of
from ops_center.history.clocks import Deadlines, PastTicking
from ops_center.history.custody import PastCustody
from organization.models import Branch, Employee

NOTHING: Mapping[str, Any] = {}


@dataclass(slots=True)
class PastStep:
    """One step that was taken. What the services fill into their Move stands here under the same names."""

    step: Step
    at: datetime
    actor: Employee | None = None
    told: Mapping[str, Any] = field(default_factory=dict)  # what the transition method is told beside the time
    facts: Mapping[str, Any] = field(default_factory=dict)  # of the event
    note: str = ""
    claimed_at: datetime | None = None  # when the actor had taken the case from its queue
    to: State | None = None  # only of the step "imported": the end, or the state that the paper came back to
    performs: Performance | None = None
    performer: Employee | None = None
    outcomes: Mapping[str, str] = field(default_factory=dict)
    pauses: str = ""
    resumes: bool = False
    clock_variant: str = ""
    owners: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    voids: tuple[Clock, ...] = ()
    hands_to: Employee | None = None
    held_until: datetime | None = None
    given: Mapping[str, Branch | None] = field(default_factory=dict)  # clocks that go to a branch (or back to a queue)
    columns: Mapping[str, Any] = field(default_factory=dict)  # of the case, which a service sets beside the transition


@dataclass(slots=True)
class PastContact:
    """A try to reach the client: no step, but it ends the clock of the first contact."""

    at: datetime
    stops: Clock


@dataclass(slots=True, eq=False)
class PastBag:
    """A bag as it stands now. It is written with the first batch that has a file of it; its number is known by then."""

    at: datetime  # when it was opened
    columns: dict[str, Any]
    seals: Sequence[dict[str, Any]] = ()
    key: int = 0
    number: str = ""


@dataclass(slots=True)
class Client:
    """An applicant; what the old records do not know is empty."""

    name: str = ""
    mobile: str = ""
    id_number: str = ""


@dataclass(slots=True)
class PastCase:
    """One case. The first step makes it; its ``told`` are the columns that the case begins with."""

    steps: Sequence[PastStep | PastContact]
    client: Client = field(default_factory=Client)
    is_imported: bool = False
    columns: Mapping[str, Any] = field(default_factory=dict)  # that no step sets: the file's number, a risk flag
    claim: tuple[Employee, datetime, datetime] | None = None  # who holds it now, since when, until when
    # Rows about the case: (model, columns without the case). A row's key "bag" may be a PastBag.
    about: Sequence[tuple[type[Model], dict[str, Any]]] = ()


class CaseRow(SimpleNamespace):
    """The columns of Application on a plain object."""

    @property
    def is_self_service(self) -> bool:
        return bool(self.entry_mode == EntryMode.SELF)


@dataclass(slots=True)
class Told:
    """A case as the steps left it."""

    case: Any
    applicant: Any
    events: list[dict[str, Any]]
    clocks: PastTicking
    performers: dict[str, dict[str, Any]]
    custody: PastCustody = field(default_factory=PastCustody)


def tell(past: PastCase, *, key: int, number: str, status_code: str, deadlines: Deadlines) -> Told:
    """Plays the steps of one case. Raises ``ValueError`` when a step leads nowhere from where the case stands, or comes
    before the step before it; imported steps are free of the first, never of the second."""
    begin = past.steps[0]
    assert isinstance(begin, PastStep)
    case = CaseRow(**_BLANK)
    case.__dict__.update(
        begin.told, id=key, number=number, status_code=status_code, version=0, is_imported=past.is_imported,
        state=_BEGINS[begin.step], created_at=begin.at, progressed_at=begin.at, **past.columns,
    )  # fmt: skip
    told = Told(case, _applicant(past.client), [], PastTicking(case, deadlines), {})
    before = begin.at
    for step in past.steps:
        if step.at < before:
            raise ValueError(f"{step} comes before the step before it")
        if isinstance(step, PastContact):
            told.clocks.stop(step.stops, at=step.at)
        else:
            _take(told, step, before=before)
        before = step.at
    if past.claim is not None:
        holder, since, until = past.claim
        _lease(told, holder, since)
        case.claimed_until = until
    told.clocks.settle()
    return told


def _take(told: Told, step: PastStep, *, before: datetime) -> None:
    case, clocks, at, rule = told.case, told.clocks, step.at, _rule_of(step)
    from_state = case.state if told.events else ""
    if told.events:
        if step.claimed_at is not None and step.actor is not None:
            _lease(told, step.actor, step.claimed_at)
            case.claimed_until = max(case.claimed_until or at, at + LEASE)  # renewed by the work
        if step.step != Step.IMPORTED and from_state not in rule.sources:
            _skip(told, rule, before=before)
        _move(case, rule, step)
        case.__dict__.update(step.columns)
    performs = step.performs or rule.performs
    if performs is Performance.REFERRER and not told.events:
        performs = None
    if performs is not None:
        _perform(told, performs, step.performer or step.actor, at)
    if not told.events and case.referrer is not None:
        _perform(told, Performance.REFERRER, case.referrer, at)
    lapsed = case.claimed_until if case.claimed_until and case.claimed_until <= at else None
    if rule.target is not Goes.STAYS:
        case.claimed_by, case.claimed_until = step.hands_to, step.held_until
        case.claimed_at = at if step.hands_to else None
    if case.state != from_state:
        case.progressed_at = at
    if rule.only_at in (None, case.state):
        _turn_clocks(clocks, rule, step)
    if case.is_imported and case.state in FINISHED:
        clocks.void(None, at=at)  # settled before: nothing of it is waited for
    if told.events:
        _derive_path(told)
    case.version += 1
    if from_state != State.PROBLEM or case.state != State.PROBLEM or rule.step is Step.REPLY:
        _hand_on(told, at=at, lapsed_at=lapsed if rule.target is not Goes.STAYS else None, waits_for=step.pauses)
    _write_event(told, step, from_state)


def _hand_on(told: Told, *, at: datetime, lapsed_at: datetime | None, waits_for: str = "") -> None:
    """Writes down who holds the case now; of imported cases nobody knows."""
    case = told.case
    if case.is_imported:
        return
    has_paper = case.host_branch if case.host_confirmed_at else case.branch
    hands = holder_of(
        state=case.state, collector=_key(case.collector), branch=_key(has_paper), leased_to=_key(case.claimed_by),
        is_self_service=case.is_self_service, waits_for=waits_for,
    )  # fmt: skip
    told.custody.hand_on(hands, at=at, lapsed_at=lapsed_at)


def _key(row: Model | None) -> int | None:
    return row.pk if row is not None else None


def _turn_clocks(clocks: PastTicking, rule: Rule, step: PastStep) -> None:
    case, at = clocks.case, step.at
    clocks.void(rule.voids, at=at)
    clocks.void(step.voids, at=at)
    outcomes = step.outcomes or (clocks.returned(at=at) if rule.step is Step.RETURN else NOTHING)
    for kind in rule.stops:
        clocks.stop(kind, at=at, outcome=outcomes.get(kind))
    if step.pauses:
        clocks.pause(at=at, reason=step.pauses)
    starts: Sequence[str] = rule.starts
    if rule.step is Step.REOPEN or (step.to is not None and step.to not in _ENDS):
        starts = CLOCKS_OF_STATE.get(case.state, ())
    for started in starts:
        owner = step.owners.get(started) or owner_of(started, case, performer=step.performer or step.actor)
        clocks.start(started, at=at, variant=step.clock_variant, **owner)
    if step.resumes:
        clocks.resume(at=at)
    for name, branch in step.given.items():
        clocks.give_to(name, at=at, owner=None, owner_branch=branch)


def _rule_of(step: PastStep) -> Rule:
    """The line of the charter; of an imported end or return of the paper, the line that it stands in for."""
    if step.step != Step.IMPORTED:
        return RULES[step.step]
    assert step.to is not None
    return _ENDS.get(step.to, RULES[Step.RESUBMIT])


def _move(case: Any, rule: Rule, step: PastStep) -> None:
    """Runs the transition method of the model on the plain row, and goes where it leads."""
    if step.to is not None and step.to not in _ENDS:
        case.resubmitted_at, case.state = step.at, str(step.to)
        return
    facts = {**step.told, "at": step.at} if rule.step in _TIMED else step.told
    _METHODS[rule.step](case, **facts)
    if rule.step in _CHOOSES:
        case.state = str(_CHOOSES[rule.step](case, **facts))
    elif rule.target != Goes.STAYS:
        case.state = str(rule.target)


def _skip(told: Told, rule: Rule, *, before: datetime) -> None:
    """An imported step that does not start where the charter says: the old records lack the steps between. Clocks that
    one of these would have stopped are dropped; those that it would have started start at the last known step."""
    case, clocks = told.case, told.clocks
    if not case.is_imported:
        raise ValueError(f"{rule.step} is not possible from {case.state}")
    waiting: dict[str, None] = {}
    for skipped in _between(case.state, rule):
        for kind in (*skipped.stops, *(skipped.voids or ())):
            clocks.forget(kind)
            waiting.pop(kind, None)
        waiting.update(dict.fromkeys(skipped.starts))
    for started in waiting:
        clocks.start(started, at=before, **owner_of(started, case, performer=None))


def _between(state: str, rule: Rule) -> tuple[Rule, ...]:
    """The steps of the main line that lie between a state and the first source of a later step."""
    if state not in MAIN_LINE:
        return ()
    sources = [MAIN_LINE.index(source) for source in rule.sources if source in MAIN_LINE]
    here = MAIN_LINE.index(State(state))
    return tuple(RULES[step] for step in _MAIN_STEPS[here : min(sources, default=here)])


def _lease(told: Told, holder: Employee, since: datetime) -> None:
    """As a claim does: the holder answers for the clocks of the queue (applications.services.claims)."""
    case = told.case
    queue = QUEUE_OF_STATE.get(case.state)
    if queue is None:
        return
    ended = case.claimed_until if case.claimed_until and case.claimed_until <= since else None
    case.claimed_by, case.claimed_at, case.claimed_until = holder, since, since + LEASE
    started = {"check": "check_started_at", "entry": "entry_started_at"}.get(queue.name)
    if started and getattr(case, started) is None:
        setattr(case, started, since)
    for kind in HOLDER_CLOCKS[queue.name]:
        told.clocks.give_to(kind, at=since, owner=holder)
    _hand_on(told, at=since, lapsed_at=ended)


def _perform(told: Told, role: Performance, employee: Employee | None, at: datetime) -> None:
    told.performers[role] = {"role": role, "employee": employee, "round": told.case.round, "at": at}


def _derive_path(told: Told) -> None:
    """Rule G4, as the engine derives it."""
    case = told.case
    if case.path_locked or case.collector is None:
        return

    def who(role: Performance) -> int | None:
        employee = told.performers.get(role, NOTHING).get("employee")
        return employee.pk if employee else None

    case.path = path_of(
        entry_mode=case.entry_mode,
        referrer=case.referrer.pk if case.referrer else None,
        is_external=case.referrer_type == "CUSTOMER",
        collector=case.collector.pk,
        checker=who(Performance.CREDIT_CHECK),
        keyer=who(Performance.ENTRY),
    )
    case.path_locked = case.state == State.ENTERED


def _write_event(told: Told, step: PastStep, from_state: str) -> None:
    case = told.case
    case.event_count += 1
    facts = {name: value.number if isinstance(value, PastBag) else value for name, value in step.facts.items()}
    event = {
        "seq": case.event_count, "step": step.step, "from_state": from_state, "to_state": case.state, "at": step.at,
        "round": case.round, "note": step.note, "facts": facts,
    }  # fmt: skip
    actor = step.actor
    case.event_digest = digest_of(case.event_digest, number=case.number, actor=actor.number if actor else None, **event)
    told.events.append({**event, "actor": actor, "digest": case.event_digest})


def _applicant(client: Client) -> Any:
    row = SimpleNamespace(**_BLANK_APPLICANT)
    # The model's own method on a plain object: masks and look-up hashes; the writer seals the values.
    Applicant.fill(row, name=client.name, mobile=client.mobile, id_number=client.id_number)  # type: ignore[arg-type]
    return row


# -- what the model and the charter say, looked up once ---------------------------------------------------------------
def _blank(model: type[Model]) -> dict[str, Any]:
    return {column.name: column.get_default() for column in model._meta.concrete_fields}


_BLANK = _blank(Application)
_BLANK_APPLICANT = {name: value for name, value in _blank(Applicant).items() if name != "id"}
_BEGINS = {Step.REFER: State.REFERRED, Step.START_INTAKE: State.DRAFT}
_METHODS: dict[Step, Any] = {}
_CHOOSES: dict[Step, Any] = {}  # targets that the transition picks
for _method in vars(Application).values():
    for _transition in getattr(getattr(_method, "_django_fsm", None), "transitions", {}).values():
        _METHODS[_transition.custom["step"]] = _method.__wrapped__
        if isinstance(_transition.target, GET_STATE):
            _CHOOSES[_transition.custom["step"]] = _transition.target.func
_TIMED = frozenset(step for step, method in _METHODS.items() if "at" in signature(method).parameters)
# The step into each state of the main line but the first.
_MAIN_STEPS = (
    Step.ACCEPT, Step.START_INTAKE, Step.COMPLETE_INTAKE, Step.SEAL, Step.HAND_OVER, Step.RECEIVE, Step.PASS_CHECK,
    Step.SUBMIT_ENTRY, Step.VERIFY, Step.FILE, Step.MARK_ISSUED, Step.COACH, Step.ACTIVATE,
)  # fmt: skip
_ENDS = {RULES[step].target: RULES[step] for step in (Step.REJECT, Step.WITHDRAW, Step.EXPIRE)}
