"""What the page of one case shows, and how much of it this person may see.

Three sights: the whole case; the *custody* of the paper, without the client (sealers and receivers); and the *stages*
only (who merely referred the client).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from applications.forms.base import PURPOSES
from applications.forms.documents import AddDocument
from applications.forms.issue import LogContact
from applications.lifecycle import ENDED, STEP_LABELS, Clock, Holder, Outcome, Performance, State, Step
from applications.models import Application, CaseClock, Event
from applications.querysets import IN_BRANCH_CUSTODY, SEES_ALL
from applications.rules import open_steps
from applications.selectors import pages_of
from applications.services.explanations import explain
from applications.services.personal import FIELDS, access_log, may_reveal
from applications.sheets import WARNINGS
from applications.sight import reads_note, sees_client
from incentives.querysets import SEES_ALL as SEES_ALL_REWARDS
from incentives.selectors.corrections import ways_from
from incentives.selectors.earnings import Earning, earnings_of
from ops_center.clock import local_day
from ops_center.desk.audit_log import line
from organization.models import Employee
from organization.roles import Role
from supervision.selectors.cases import Oversight, oversight_of
from supervision.selectors.custody import Charges, charges_of_clocks, named

WHOLE, CUSTODY, STAGES = "whole", "custody", "stages"

# The strip: label, stamp, the step whose event names the person, the clock that judges it, the states that wait for it.
STRIP: tuple[tuple[Any, str, tuple[Step, ...], Clock | None, tuple[State, ...]], ...] = (
    (pgettext_lazy("stamp", "Referral"), "referred_at", (Step.REFER,), None, ()),
    (pgettext_lazy("stamp", "Intake"), "taken_in_at", (Step.COMPLETE_INTAKE,), None,
     (State.REFERRED, State.ACCEPTED, State.DRAFT, State.RETURNED)),
    (pgettext_lazy("stamp", "Bagged"), "bagged_at", (Step.SEAL,), None, (State.TAKEN_IN,)),
    (pgettext_lazy("stamp", "Dispatched"), "dispatched_at", (Step.HAND_OVER,), Clock.DISPATCH, (State.BAGGED,)),
    (pgettext_lazy("stamp", "Received"), "received_at", (Step.RECEIVE, Step.E_INTAKE, Step.SELF_ROUTE), Clock.TRANSIT,
     (State.IN_TRANSIT,)),
    (pgettext_lazy("stamp", "Checked"), "checked_at", (Step.PASS_CHECK,), Clock.CHECK, (State.RECEIVED,)),
    (pgettext_lazy("stamp", "Entered"), "entered_at", (Step.SUBMIT_ENTRY,), Clock.ENTRY, (State.CHECKED, State.KEYED)),
    (pgettext_lazy("stamp", "Issued"), "issued_at", (Step.MARK_ISSUED,), Clock.ISSUE, (State.ENTERED, State.SUBMITTED)),
    (pgettext_lazy("stamp", "Coached"), "collected_at", (Step.COACH, Step.LATE_COACH), Clock.COACH, (State.ISSUED,)),
    (pgettext_lazy("stamp", "Activated"), "activated_at", (Step.ACTIVATE,), Clock.ACTIVATE, (State.COLLECTED,)),
)  # fmt: skip

# The steps that carry a case forward, in the order in which one of them is offered as the main act.
MAIN_STEPS = (
    Step.ACCEPT, Step.START_INTAKE, Step.COMPLETE_INTAKE, Step.CONFIRM_HAND_TO_BRANCH, Step.RESUBMIT, Step.REPLY,
    Step.PASS_CHECK, Step.SUBMIT_ENTRY, Step.VERIFY, Step.ARBITRATE, Step.RESOLVE, Step.FILE, Step.MARK_ISSUED,
    Step.COACH, Step.ACTIVATE, Step.LATE_COACH,
)  # fmt: skip
DANGEROUS = frozenset({Step.REJECT, Step.WITHDRAW, Step.REFUSE_CARD, Step.RETURN})
SIGNS: dict[str, str] = {
    Step.REFER: "referral", Step.ACCEPT: "check", Step.RELEASE: "back", Step.START_INTAKE: "intake",
    Step.COMPLETE_INTAKE: "intake", Step.HAND_TO_BRANCH: "building", Step.CONFIRM_HAND_TO_BRANCH: "building",
    Step.SEAL: "bag", Step.UNSEAL: "bag", Step.HAND_OVER: "truck", Step.RECEIVE: "inbox",
    Step.REPORT_MISSING: "alert", Step.PASS_CHECK: "check-sheet", Step.SUBMIT_ENTRY: "keyboard", Step.VERIFY: "review",
    Step.ARBITRATE: "split", Step.FILE: "archive", Step.MARK_ISSUED: "card", Step.COACH: "phone",
    Step.ACTIVATE: "star", Step.LATE_COACH: "phone", Step.RAISE_PROBLEM: "alert", Step.REPLY: "send",
    Step.RESOLVE: "check", Step.RETURN: "return", Step.RESUBMIT: "send", Step.REJECT: "close",
    Step.WITHDRAW: "close", Step.REFUSE_CARD: "close", Step.EXPIRE: "clock", Step.REOPEN: "refresh",
    Step.REASSIGN: "people", Step.CORRECT_STAMP: "edit", Step.IMPORTED: "import", Step.SELF_ROUTE: "forward",
    Step.HAND_TO_CENTER: "forward", Step.E_INTAKE: "image",
}  # fmt: skip
STEP_TONES: dict[str, str] = {
    Step.RAISE_PROBLEM: "wait", Step.RETURN: "late", Step.REJECT: "end", Step.WITHDRAW: "end", Step.EXPIRE: "end",
    Step.REPORT_MISSING: "late", Step.ACTIVATE: "good", Step.REFUSE_CARD: "end",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class StampCell:
    """One cell of the strip."""

    label: Any
    at: datetime | None
    person: Employee | None
    in_time: bool | None
    current: bool
    due_at: datetime | None
    waiting: bool = False  # somebody else's turn: the clock is paused


@dataclass(frozen=True, slots=True)
class ClockRow:
    """One clock with its verdict and its explanation."""

    clock: CaseClock
    label: str
    owner: str
    paused: bool
    outcome: str
    why: dict[str, Any]
    charges: Charges | None

    @property
    def due_at(self) -> datetime:
        return self.clock.due_at

    @property
    def warn_at(self) -> datetime:
        return self.clock.warn_at

    @property
    def stopped_at(self) -> datetime | None:
        return self.clock.stopped_at


@dataclass(frozen=True, slots=True)
class Held:
    """In whose hands the case or its paper is, and since when."""

    by: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Act:
    """A step that is open to this person."""

    step: Step
    label: str
    icon: str
    danger: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the timeline."""

    at: datetime
    title: str
    actor: Employee | None
    note: str
    icon: str
    tone: str
    round: int


def sight_of(case: Application, *, actor: Employee, at: datetime) -> str:
    """How much of the case this person may see (permission matrix, domain section 2)."""
    roles = actor.role_codes(local_day(at))
    if roles & SEES_ALL or actor.pk == case.collector_id or case.is_claimed_by(actor.pk, at):
        return WHOLE
    if Role.BH in roles and actor.branch_id in (case.branch_id, case.host_branch_id):
        return WHOLE
    if Role.AS in roles and case.issued_at is not None:
        return WHOLE
    if roles & {Role.CM, Role.CS} and case.state == State.REFERRED:
        return WHOLE
    if roles & {Role.CC, Role.EC, Role.ER}:
        return WHOLE if case.performers.filter(employee=actor).exists() else STAGES
    if Role.RCV in roles or (Role.BAG in roles and case.state in IN_BRANCH_CUSTODY):
        return CUSTODY
    return STAGES


def case_page(case: Application, *, actor: Employee, at: datetime) -> dict[str, Any]:
    """The facts of the page: about ten queries, whatever the case's history."""
    sight = sight_of(case, actor=actor, at=at)
    clocks = list(
        case.clocks.select_related("owner", "owner_branch", "policy").prefetch_related("intervals").order_by("id")
    )
    events = list(case.events.select_related("actor").order_by("-seq"))
    steps = open_steps(case, actor=actor, at=at)
    main = next((step for step in MAIN_STEPS if step in steps), None)
    roles = actor.role_codes(local_day(at))
    facts: dict[str, Any] = {
        "case": case,
        "sight": sight,
        "is_whole": sight == WHOLE,
        "shows_client": sees_client(case, employee=actor, at=at),
        "strip": list(_strip(case, events=events, clocks=clocks)),
        "main_act": _act(main) if main else None,
        "acts": [_act(step) for step in steps if step != main],
        "is_held": case.is_claimed(at),
        "holds": case.is_claimed_by(actor.pk, at),
        "earnings": list(_earnings(case, actor=actor, roles=roles, at=at)),
        "ways": ways_from(case, actor=actor, roles=roles, at=at),
    }
    if sight != STAGES:
        facts["held"] = _held(case, at=at)
    if sight != WHOLE:
        return facts
    oversight = oversight_of(case, employee=actor, at=at)
    late = [clock.pk for clock in clocks if clock.due_at < (clock.stopped_at or at)]
    charged = named(charges_of_clocks(late, at=at)) if late else {}
    performers = {row.role: row.employee for row in case.performers.select_related("employee")}
    facts |= {
        "running": [_row(clock, charged) for clock in clocks if clock.stopped_at is None],
        "stopped": [_row(clock, charged) for clock in reversed(clocks) if clock.stopped_at is not None],
        "timeline": sorted(
            [*_told(events, actor=actor, at=at), *_contacts(case), *_pushed(oversight)],
            key=lambda entry: entry.at,
            reverse=True,
        ),
        "oversight": oversight,
        "documents": pages_of(case),
        "may_add_pages": bool(roles & AddDocument.roles) and case.is_open,
        "may_log_contact": bool(roles & LogContact.roles) and case.state not in ENDED,
        "performers": [(Performance(role).label, performers[role]) for role in Performance if role in performers],
        "problem": case.problems.filter(closed_at=None).select_related("raised_by").first(),
        "return_note": case.returns.filter(round=case.round).first() if case.state == State.RETURNED else None,
        "warnings": [(row, WARNINGS.get(row.code, row.code)) for row in case.warnings.order_by("answered_at", "code")],
        "approvals": list(case.approvals.filter(decided_at=None).select_related("asked_by")),
        "may_decide": Role.SUP in roles,
        "reveals": {field for field in FIELDS if may_reveal(case, actor=actor, at=at, field=field)},
        "purposes": PURPOSES,
        "access": [line(row) for row in access_log(case.number)[:20]] if roles & {Role.AUD, Role.SUP} else None,
    }
    return facts


def _held(case: Application, *, at: datetime) -> Held | None:
    """Who has it now; a claim that ran out lies in the queue since. Nobody after the end, nor of an imported case."""
    row = case.custody.filter(until=None).select_related("person", "branch").first()
    if row is None:
        return None
    lapsed = case.claimed_until
    if lapsed is not None and lapsed <= at and row.person_id == case.claimed_by_id:
        return Held(str(Holder.QUEUE.label), lapsed)
    who = row.person or row.branch
    return Held(who.name if who else row.get_holder_display(), row.since)


def _strip(case: Application, *, events: list[Event], clocks: list[CaseClock]) -> Iterator[StampCell]:
    last: dict[str, Event] = {}
    for event in reversed(events):
        last[event.step] = event
    judged: dict[str, CaseClock] = {clock.kind: clock for clock in clocks}
    here = State(case.resume_state) if case.state == State.PROBLEM else State(case.state)
    for label, stamp, steps, kind, waits in STRIP:
        if stamp == "referred_at" and case.referred_at is None:
            continue  # a walk-in has no referral
        if stamp in ("bagged_at", "dispatched_at") and case.is_self_service:
            continue  # Path A needs no bag
        at = getattr(case, stamp)
        told = next((last[step] for step in steps if step in last), None)
        clock = judged.get(kind) if kind else None
        running = clock if clock is not None and clock.stopped_at is None else None
        yield StampCell(
            label=label,
            at=at,
            person=told.actor if told and at else None,
            in_time=_in_time(clock) if at else None,
            current=at is None and here in waits,
            due_at=(running.due_at if running else case.due_at) if here in waits else None,
            waiting=here in waits and running is not None and running.paused_at is not None,
        )


def _in_time(clock: CaseClock | None) -> bool | None:
    if clock is None or clock.outcome in ("", Outcome.VOID, Outcome.EXEMPT):
        return None
    return clock.outcome in (Outcome.ON_TIME, Outcome.RETURNED_IN_TIME)


def _row(clock: CaseClock, charged: Mapping[int, Charges]) -> ClockRow:
    owner = clock.owner.name if clock.owner else clock.owner_branch.name if clock.owner_branch else ""
    return ClockRow(
        clock=clock,
        label=str(Clock(clock.kind).label),
        owner=owner or (str(Role(clock.owner_role).label) if clock.owner_role else ""),
        paused=clock.paused_at is not None,
        outcome=str(Outcome(clock.outcome).label) if clock.outcome else "",
        why=explain(clock),
        charges=charged.get(clock.pk),
    )


def _act(step: Step) -> Act:
    return Act(step=step, label=str(STEP_LABELS[step]), icon=SIGNS.get(step, "right"), danger=step in DANGEROUS)


def _earnings(case: Application, *, actor: Employee, roles: frozenset[str], at: datetime) -> Iterator[Earning]:
    """What each role earns. Everybody reads what is promised per role: it follows from the public price board. Who gets
    it, and what has accrued, is read by its payee and by who watches over the money."""
    for earning in earnings_of(case, at):
        is_own = earning.person is not None and earning.person.pk == actor.pk
        if is_own or roles & SEES_ALL_REWARDS:
            yield earning
        elif earning.is_provisional:
            yield earning.unnamed()


def _told(events: list[Event], *, actor: Employee, at: datetime) -> Iterator[Entry]:
    for event in events:
        if not reads_note(event, employee=actor, at=at):
            yield _entry(event, notes=[])
            continue
        facts, notes = event.facts, [event.note] if event.note else []
        codes = facts.get("codes") or ([facts["code"]] if facts.get("code") else [])
        if codes:
            notes.insert(0, "、".join(codes))
        for name, words in (("bag", _("Bag %(value)s")), ("shelf", _("Shelf %(value)s")), ("to", _("To %(value)s"))):
            if facts.get(name):
                notes.append(words % {"value": facts[name]})
        yield _entry(event, notes=notes)


def _entry(event: Event, *, notes: list[str]) -> Entry:
    return Entry(
        at=event.at, title=event.label, actor=event.actor, note=" · ".join(notes),
        icon=SIGNS.get(event.step, "check"), tone=STEP_TONES.get(event.step, ""), round=event.round,
    )  # fmt: skip


def _contacts(case: Application) -> Iterator[Entry]:
    for contact in case.contacts.select_related("by"):
        title = _("Contact: %(channel)s, %(result)s") % {
            "channel": contact.get_channel_display(), "result": contact.get_result_display(),
        }  # fmt: skip
        yield Entry(at=contact.at, title=title, actor=contact.by, note=contact.note, icon="phone", tone="", round=1)


def _pushed(oversight: Oversight) -> Iterator[Entry]:
    """What supervision has to tell: deadlines that passed, and urges."""
    for breach, standing in oversight.breaches:
        title = _("Overdue: %(clock)s") % {"clock": Clock(breach.kind).label}
        yield Entry(
            at=breach.due_at, title=title, actor=breach.owner, note=str(standing.label), icon="alarm", tone="late",
            round=1,
        )  # fmt: skip
    for urge in oversight.urges:
        yield Entry(at=urge.at, title=_("Urged"), actor=urge.by, note=urge.text, icon="bell", tone="soon", round=1)
