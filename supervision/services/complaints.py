"""投诉: five steps with their own deadlines, by somebody who took no part in the case (docs/complaints.md).

``with acting(ComplaintAct.REPLY, ...) as turn`` locks the ticket, asks sight, version, state, whose act it is and
whether that person is concerned; then the act changes columns, and the event is written, all in one transaction.
What an open complaint does to rewards is pulled by the floor above (incentives/services/holds.py).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from applications.lifecycle import Clock, Freeze
from applications.services.clocks import deadline_for
from applications.services.engine import lock
from applications.services.freezing import freeze_case, unfreeze_case
from ops_center.clock import local_day
from ops_center.kernel.errors import Malformed, NotAllowed, Refused
from organization.models import Employee
from organization.roles import Role
from supervision import errors
from supervision.lifecycle import NONE_MISSED, Goes, Rule, State, rule_for
from supervision.models import Complaint, ComplaintAct, ComplaintEvent
from supervision.services.complaint_news import tell_of, tell_supervisors
from supervision.services.complaint_people import (
    OFFICE,
    require_fitting,
    require_handler,
    require_unconcerned,
    seller_at_fault,
    unconcerned,
    why_concerned,
    why_not_act,
)

COMPLEX, EXTENSION = "COMPLEX", "EXTENSION"  # variants of the policy COMPLAINT_CLOSE
About = Complaint.About


# -- the five steps ----------------------------------------------------------------------------------------------------
@transaction.atomic
def open_complaint(
    *, actor: Employee, at: datetime, about: str, channel: str, text: str, case: str = "",
    against: Employee | None = None, handler: Employee | None = None,
) -> Complaint:  # fmt: skip
    """Writes a complaint down. It is the opener's to handle, unless another is named or the opener is concerned.

    Reply within 24 hours by the clock, closed within 15 days. “I did not apply” stops its case at once. Refused when
    the handler is concerned, when it is about the opener, or when the same denial is already known.
    """
    if not actor.has_role(*OFFICE, on=local_day(at)):
        raise NotAllowed("complaint_role", _("Complaints are opened by a complaint handler or a supervisor."))
    _require_text(text)
    if against == actor:
        raise Refused(
            "about_yourself",
            _("A complaint about yourself is written down by a colleague, who takes it from the client. Ask one."),
        )
    found = lock(case) if case else None
    reply, close = deadline_for(Clock.COMPLAINT_REPLY, start=at), deadline_for(Clock.COMPLAINT_CLOSE, start=at)
    row = Complaint(
        number=_number(at), application=found, about=About(about), channel=Complaint.Channel(channel),
        text=text.strip(), against=against, opened_by=actor, opened_at=at, recorded_at=at, reply_by=reply.due_at,
        reply_warn_at=reply.warn_at, close_by=close.due_at, close_warn_at=close.warn_at,
    )  # fmt: skip
    require_fitting(row)
    if handler is not None:
        require_handler(row, handler, at=at)
        row.handler = handler
    elif why_concerned(row, actor) is None:
        row.handler = actor
    row.save(force_insert=True)
    _note(row, ComplaintAct.OPEN, actor=actor, at=at, text=row.text)
    _freeze(row, actor=actor, at=at)
    told = [row.handler] if row.handler else unconcerned(row, Role.CPL, Role.SUP, at=at)
    tell_of([person for person in told if person != actor], row, kind="complaint_opened", at=at, due=row.reply_by)
    return row


@transaction.atomic
def assign(*, complaint: str, actor: Employee, at: datetime, to: Employee, version: int | None = None) -> Complaint:
    """Takes a complaint in hand that nobody has, or gives it to a colleague (supervisors)."""
    with acting(ComplaintAct.ASSIGN, complaint, actor=actor, at=at, version=version) as turn:
        row = turn.complaint
        if to != actor and not actor.has_role(Role.SUP, on=local_day(at)):
            raise errors.supervisor_assigns()
        require_handler(row, to, at=at)
        row.handler = to
        turn.facts = {"to": to.number}
        if to != actor:
            tell_of([to], row, kind="complaint_assigned", at=at, due=row.due_at)
    return turn.complaint


@transaction.atomic
def link_case(*, complaint: str, actor: Employee, at: datetime, case: str, version: int | None = None) -> Complaint:
    """Names the case of a complaint that was opened without one."""
    with acting(ComplaintAct.LINK, complaint, actor=actor, at=at, version=version) as turn:
        row, found = turn.complaint, lock(case)
        row.application = found
        require_fitting(row)
        require_unconcerned(row, actor)
        turn.facts = {"application": found.number}
    _freeze(turn.complaint, actor=actor, at=at)
    return turn.complaint


@transaction.atomic
def reply(*, complaint: str, actor: Employee, at: datetime, text: str, version: int | None = None) -> Complaint:
    """The first answer to the client."""
    with acting(ComplaintAct.REPLY, complaint, actor=actor, at=at, version=version, text=text) as turn:
        pass
    return turn.complaint


@transaction.atomic
def escalate(*, complaint: str, actor: Employee, at: datetime, text: str, version: int | None = None) -> Complaint:
    """Passes it to the supervisors, with the reason."""
    with acting(ComplaintAct.ESCALATE, complaint, actor=actor, at=at, version=version, text=text) as turn:
        tell_supervisors(turn.complaint, kind="complaint_escalated", at=at)
    return turn.complaint


@transaction.atomic
def solve(*, complaint: str, actor: Employee, at: datetime, text: str, version: int | None = None) -> Complaint:
    """What is done about it. Once the supervisor has it, this is the supervisor's word."""
    with acting(ComplaintAct.SOLVE, complaint, actor=actor, at=at, version=version, text=text) as turn:
        row = turn.complaint
        row.handled_at = row.handled_at or at
        if row.handler_id != actor.pk:
            tell_of([row.handler], row, kind="complaint_solved", at=at, due=row.close_by)
    return turn.complaint


@transaction.atomic
def follow_up(
    *, complaint: str, actor: Employee, at: datetime, text: str, reached: bool, satisfied: bool = False,
    version: int | None = None,
) -> Complaint:  # fmt: skip
    """The call after the solution. Nobody reached: it stays to be done. Not satisfied: once to the supervisor."""
    with acting(ComplaintAct.FOLLOW_UP, complaint, actor=actor, at=at, version=version, text=text) as turn:
        row = turn.complaint
        turn.facts = {"reached": reached, "satisfied": satisfied}
        if not reached:
            turn.target = State.SOLVED
        elif not satisfied and row.escalated_at is None:
            turn.target, row.escalated_at = State.ESCALATED, at
            tell_supervisors(row, kind="complaint_escalated", at=at)
        else:
            turn.target, row.followed_up_at = State.FOLLOWED_UP, at
    return turn.complaint


@transaction.atomic
def close(
    *, complaint: str, actor: Employee, at: datetime, is_upheld: bool, text: str, ticks: Collection[str] = (),
    at_fault: Employee | None = None, version: int | None = None,
) -> Complaint:  # fmt: skip
    """Ends it, upheld or not, once the client was called and nothing was missed (four ticks, which may come along).

    Of a sale that was at fault the seller at fault is named: that reward is taken back, the other's is let go. Not
    upheld: what was held and stopped goes on. Upheld: the rewards stay held and audit is asked to take them back;
    a case whose client did not apply can only be ended.
    """
    with acting(ComplaintAct.CLOSE, complaint, actor=actor, at=at, version=version, text=text) as turn:
        row = turn.complaint
        _tick(row, ticks, at=at)
        missed = [str(label) for name, label in NONE_MISSED.items() if getattr(row, f"{name}_at") is None]
        if missed:
            raise Refused(
                "something_missed",
                _("Nothing may be missed. Tick what has been done before closing: %(missing)s.")
                % {"missing": "、".join(missed)},
            )
        row.is_upheld = is_upheld
        if is_upheld:
            row.against = seller_at_fault(row, at_fault)
        turn.facts = {"upheld": is_upheld}
    _thaw(row, actor=actor, at=at)
    if is_upheld and row.about in (About.SALE, About.DENIES):
        tell_of(Employee.objects.holding(Role.AUD, on=local_day(at)), row, kind="complaint_upheld", at=at)
    return row


# -- beside the steps --------------------------------------------------------------------------------------------------
@transaction.atomic
def tick(
    *, complaint: str, actor: Employee, at: datetime, ticks: Collection[str], version: int | None = None
) -> Complaint:
    """四不漏: recorded, handled, checked again, fed back; each with its time, once."""
    with acting(ComplaintAct.TICK, complaint, actor=actor, at=at, version=version) as turn:
        turn.facts = {"ticks": _tick(turn.complaint, ticks, at=at)}
    return turn.complaint


@transaction.atomic
def mark_complex(*, complaint: str, actor: Employee, at: datetime, text: str, version: int | None = None) -> Complaint:
    """A complex complaint has 30 days instead of 15, counted from its opening."""
    with acting(ComplaintAct.MARK_COMPLEX, complaint, actor=actor, at=at, version=version, text=text) as turn:
        row = turn.complaint
        due = deadline_for(Clock.COMPLAINT_CLOSE, start=row.opened_at, variant=COMPLEX)
        row.is_complex, row.close_by, row.close_warn_at = True, due.due_at, due.warn_at
        if row.extended_at is not None:
            _extend_limit(row)
    return turn.complaint


@transaction.atomic
def ask_extension(*, complaint: str, actor: Employee, at: datetime, text: str, version: int | None = None) -> Complaint:
    """Asks the supervisors for 30 more days, with the reason."""
    with acting(ComplaintAct.ASK_EXTENSION, complaint, actor=actor, at=at, version=version, text=text) as turn:
        tell_supervisors(turn.complaint, kind="complaint_extension_asked", at=at)
    return turn.complaint


@transaction.atomic
def extend(*, complaint: str, actor: Employee, at: datetime, text: str, version: int | None = None) -> Complaint:
    """A supervisor who does not handle it gives 30 more days, once, before the time has run out."""
    with acting(ComplaintAct.EXTEND, complaint, actor=actor, at=at, version=version, text=text) as turn:
        row = turn.complaint
        row.extended_by, row.extended_at = actor, at
        _extend_limit(row)
        tell_of([row.handler], row, kind="complaint_extended", at=at, due=row.close_by)
    return turn.complaint


# -- one act -----------------------------------------------------------------------------------------------------------
@dataclass
class Turn:
    """One act while it is taken; the service fills facts, and the target where it depends."""

    complaint: Complaint
    rule: Rule
    target: State | None = None
    facts: dict[str, Any] = field(default_factory=dict)


@contextmanager
def acting(
    act: ComplaintAct, number: str, *, actor: Employee, at: datetime, version: int | None, text: str | None = None
) -> Iterator[Turn]:
    """The one way in which a complaint moves. ``text`` is what the act has to say; ``None`` where it says nothing."""
    if not Complaint.objects.visible_to(actor, at).filter(number=number).exists():
        raise errors.no_complaint()
    if text is not None:
        _require_text(text)
    row = Complaint.objects.select_for_update(of=("self",)).with_facts().get(number=number)
    if version is not None and version != row.version:
        raise errors.stale_complaint(row)
    if row.application_id is not None:
        row.application = lock(row.application_id)  # nobody comes to take part in it while this act is taken
    if refusal := why_not_act(row, act, actor=actor, at=at):
        raise refusal
    rule = rule_for(act, row.state)
    assert rule is not None, "asked by why_not_act"
    turn = Turn(row, rule)
    yield turn
    if rule.target is Goes.DEPENDS:
        assert turn.target is not None
        assert turn.target in rule.may_lead, act
        row.state = turn.target
    elif isinstance(rule.target, State):
        row.state = rule.target
    if rule.stamp:
        setattr(row, rule.stamp, at)
    row.version += 1
    row.save()
    _note(row, act, actor=actor, at=at, text=(text or "").strip(), **turn.facts)


def _note(row: Complaint, act: ComplaintAct, *, actor: Employee, at: datetime, text: str = "", **facts: Any) -> None:
    ComplaintEvent.objects.create(complaint=row, act=act, by=actor, at=at, text=text, facts=facts)


def _require_text(text: str) -> None:
    if not text.strip():
        sentence = _("Write what was said or done.")
        raise Malformed("text_missing", sentence, {"text": sentence})


def _extend_limit(row: Complaint) -> None:
    due = deadline_for(Clock.COMPLAINT_CLOSE, start=row.close_by, on=local_day(row.opened_at), variant=EXTENSION)
    row.close_by, row.close_warn_at = due.due_at, due.warn_at


def _tick(row: Complaint, ticks: Collection[str], *, at: datetime) -> list[str]:
    """Ticks what is named and not ticked yet; returns what was."""
    fresh = [name for name in NONE_MISSED if name in ticks and getattr(row, f"{name}_at") is None]
    for name in fresh:
        setattr(row, f"{name}_at", at)
    return fresh


# -- the case ----------------------------------------------------------------------------------------------------------
def _freeze(row: Complaint, *, actor: Employee, at: datetime) -> None:
    """“I did not apply” stops the case for everybody and tells audit."""
    if row.about != About.DENIES or row.application_id is None:
        return
    freeze_case(case=row.application_id, complaint=row.number, actor=actor, at=at)
    tell_of(Employee.objects.holding(Role.AUD, on=local_day(at)), row, kind="complaint_denied", at=at)


def _thaw(row: Complaint, *, actor: Employee, at: datetime) -> None:
    if row.about != About.DENIES or row.application_id is None:
        return
    if row.is_upheld:
        freeze_case(case=row.application_id, complaint=row.number, why=Freeze.UPHELD, actor=actor, at=at)
    else:
        unfreeze_case(case=row.application_id, complaint=row.number, actor=actor, at=at)


def _number(at: datetime) -> str:
    """TS + day + four digits: TS2611280017."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('supervision_complaint_number')")
        serial = int(cursor.fetchone()[0])
    return f"TS{local_day(at):%y%m%d}{serial % 10_000:04d}"
