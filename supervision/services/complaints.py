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
from applications.models import Application
from applications.services.clocks import deadline_for
from applications.services.engine import lock
from applications.services.freezing import freeze_case, unfreeze_case
from ops_center.clock import local_day
from ops_center.kernel.errors import Malformed, NotAllowed, Refused
from organization.models import Employee
from organization.querysets import EmployeeQuerySet
from organization.roles import Role
from organization.services.inbox import tell
from supervision import errors
from supervision.lifecycle import NONE_MISSED, Goes, Rule, State, Whose, rule_for
from supervision.models import Complaint, ComplaintAct, ComplaintEvent

OFFICE = (Role.CPL, Role.SUP)
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
    require_text(text)
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
    _require_fitting(row)
    if handler is not None:
        _require_handler(row, handler, at=at)
        row.handler = handler
    elif why_concerned(row, actor) is None:
        row.handler = actor
    row.save(force_insert=True)
    _note(row, ComplaintAct.OPEN, actor=actor, at=at, text=row.text)
    _freeze(row, actor=actor, at=at)
    told = [row.handler] if row.handler else _unconcerned(row, Role.CPL, Role.SUP, at=at)
    _tell([person for person in told if person != actor], row, kind="complaint_opened", at=at, due=row.reply_by)
    return row


@transaction.atomic
def assign(*, complaint: str, actor: Employee, at: datetime, to: Employee, version: int | None = None) -> Complaint:
    """Takes a complaint in hand that nobody has, or gives it to a colleague (supervisors)."""
    with acting(ComplaintAct.ASSIGN, complaint, actor=actor, at=at, version=version) as turn:
        row = turn.complaint
        if to != actor and not actor.has_role(Role.SUP, on=local_day(at)):
            raise _supervisor_assigns()
        _require_handler(row, to, at=at)
        row.handler = to
        turn.facts = {"to": to.number}
        if to != actor:
            _tell([to], row, kind="complaint_assigned", at=at, due=row.reply_by if not row.replied_at else row.close_by)
    return turn.complaint


@transaction.atomic
def link_case(*, complaint: str, actor: Employee, at: datetime, case: str, version: int | None = None) -> Complaint:
    """Names the case of a complaint that was opened without one."""
    with acting(ComplaintAct.LINK, complaint, actor=actor, at=at, version=version) as turn:
        row, found = turn.complaint, lock(case)
        row.application = found
        _require_fitting(row)
        _require_unconcerned(row, actor)
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
        _tell_supervisors(turn.complaint, kind="complaint_escalated", at=at)
    return turn.complaint


@transaction.atomic
def solve(*, complaint: str, actor: Employee, at: datetime, text: str, version: int | None = None) -> Complaint:
    """What is done about it. Once the supervisor has it, this is the supervisor's word."""
    with acting(ComplaintAct.SOLVE, complaint, actor=actor, at=at, version=version, text=text) as turn:
        row = turn.complaint
        row.handled_at = row.handled_at or at
        if row.handler_id != actor.pk:
            _tell([row.handler], row, kind="complaint_solved", at=at, due=row.close_by)
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
            _tell_supervisors(row, kind="complaint_escalated", at=at)
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
            row.against = _at_fault(row, at_fault)
        turn.facts = {"upheld": is_upheld}
    _thaw(row, actor=actor, at=at)
    if is_upheld and row.about in (About.SALE, About.DENIES):
        _tell(Employee.objects.holding(Role.AUD, on=local_day(at)), row, kind="complaint_upheld", at=at)
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
        _tell_supervisors(turn.complaint, kind="complaint_extension_asked", at=at)
    return turn.complaint


@transaction.atomic
def extend(*, complaint: str, actor: Employee, at: datetime, text: str, version: int | None = None) -> Complaint:
    """A supervisor who does not handle it gives 30 more days, once, before the time has run out."""
    with acting(ComplaintAct.EXTEND, complaint, actor=actor, at=at, version=version, text=text) as turn:
        row = turn.complaint
        row.extended_by, row.extended_at = actor, at
        _extend_limit(row)
        _tell([row.handler], row, kind="complaint_extended", at=at, due=row.close_by)
    return turn.complaint


# -- who may -----------------------------------------------------------------------------------------------------------
def why_concerned(complaint: Complaint, person: Employee) -> Refused | None:
    """What keeps a person from acting on a complaint (R-C15): part in its case, or being the one complained about."""
    case = complaint.application
    took_part = case is not None and (
        person.pk in (case.referrer_id, case.collector_id) or case.performers.filter(employee=person).exists()
    )
    if person.pk == complaint.against_id or took_part:
        return Refused(
            "concerned",
            _(
                "%(person)s took part in the case of this complaint, so somebody who did not handles it. A supervisor "
                "gives it to a colleague."
            )
            % {"person": person.name},
        )
    return None


def handlers_for(complaint: Complaint, *, at: datetime) -> list[Employee]:
    """Who may be given it: complaint handlers and supervisors who are not concerned."""
    return _unconcerned(complaint, *OFFICE, at=at)


def why_not_act(
    complaint: Complaint, act: ComplaintAct, *, actor: Employee, at: datetime
) -> Refused | NotAllowed | None:
    """What keeps this person from an act now. The page draws its buttons from the same rule."""
    rule = rule_for(act, complaint.state)
    if rule is None:
        return _leads_nowhere(complaint, act)
    refusal = _whose(complaint, rule, actor=actor, at=at) or _past(complaint, act, at=at)
    if refusal is None and act is not ComplaintAct.ASSIGN:  # who is concerned may still hand it over
        return why_concerned(complaint, actor)
    return refusal


def _past(complaint: Complaint, act: ComplaintAct, *, at: datetime) -> Refused | None:
    """What happens once, or only while there is time."""
    match act:
        case ComplaintAct.LINK if complaint.application_id is not None:
            return Refused("case_known", _("The case of this complaint is known already."))
        case ComplaintAct.MARK_COMPLEX if complaint.is_complex:
            return Refused("already_complex", _("It is marked as complex already."))
        case ComplaintAct.EXTEND | ComplaintAct.ASK_EXTENSION if complaint.extended_at is not None:
            return Refused("already_extended", _("It has been given more time once already; that is all there is."))
        case ComplaintAct.EXTEND | ComplaintAct.ASK_EXTENSION | ComplaintAct.MARK_COMPLEX if complaint.close_by < at:
            return errors.complaint_too_late(complaint)
    return None


def _supervisor_assigns() -> Refused:
    return Refused(
        "assigned_by_supervisor",
        _("You may take a complaint that nobody has; a supervisor gives it to somebody else."),
    )


def _whose(complaint: Complaint, rule: Rule, *, actor: Employee, at: datetime) -> Refused | NotAllowed | None:
    on = local_day(at)
    if not actor.has_role(*OFFICE, on=on):
        return NotAllowed("complaint_role", _("Complaints are handled by complaint handlers and supervisors."))
    if rule.whose in (Whose.SUPERVISOR, Whose.SECOND) and not actor.has_role(Role.SUP, on=on):
        sentence = _("This is the supervisor's to decide: pass the complaint on, or ask for more time.")
        return NotAllowed("supervisor_decides", sentence)
    if rule.act is ComplaintAct.ASSIGN and complaint.handler_id is not None and not actor.has_role(Role.SUP, on=on):
        return _supervisor_assigns()
    if rule.whose is Whose.SECOND and complaint.handler_id == actor.pk:
        return Refused("own_complaint", _("You handle this complaint, so another supervisor approves more time."))
    if rule.whose is Whose.HANDLER and complaint.handler_id != actor.pk:
        if complaint.handler is None:
            return Refused("nobody_handles", _("Nobody has taken this complaint in hand yet. Take it first."))
        return Refused(
            "another_handles",
            _("%(person)s handles this complaint. A supervisor may give it to you.")
            % {"person": complaint.handler.name},
        )
    return None


def _leads_nowhere(complaint: Complaint, act: ComplaintAct) -> Refused:
    facts = {"number": complaint.number, "state": complaint.get_state_display(), "act": act.label}
    if act is ComplaintAct.CLOSE and complaint.state != State.CLOSED:
        return Refused(
            "not_followed_up",
            _("%(number)s is “%(state)s”: a complaint is closed after the follow-up call. Call the client first.")
            % facts,
        )
    return Refused(
        "act_not_open",
        _("%(number)s is “%(state)s” now: “%(act)s” is not possible from there. Reload the page to see what is.")
        % facts,
    )


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
        require_text(text)
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


def require_text(text: str) -> None:
    if not text.strip():
        raise Malformed("text_missing", _("Write what was said or done."), {"text": _("Write what was said or done.")})


def _require_fitting(row: Complaint) -> None:
    """Of a sale, whom it is about sold it; a denial is known once."""
    case = row.application
    if case is None:
        return
    if row.about == About.SALE and row.against_id is not None and row.against_id not in _sellers(case):
        sentence = _("A complaint about the sale is about who referred or collected the case; leave it empty for both.")
        raise Malformed("not_the_seller", sentence, {"against": sentence})
    if row.about == About.DENIES:
        same = Complaint.objects.filter(application=case, about=About.DENIES).exclude(is_upheld=False)
        if known := same.exclude(pk=row.pk).first():
            raise Refused(
                "denied_already",
                _("That the client did not apply for %(case)s is known already: %(number)s.")
                % {"case": case.number, "number": known.number},
            )


def _at_fault(row: Complaint, named: Employee | None) -> Employee | None:
    """Who was complained about from the beginning, else who sold it: of two, the one who is named."""
    if row.against is not None:
        if named not in (None, row.against):
            sentence = _(
                "The complaint is about %(person)s: leave this empty. If somebody else is at fault, close it as not "
                "upheld and open one about that person."
            ) % {"person": row.against.name}
            raise Malformed("about_another", sentence, {"at_fault": sentence})
        return row.against
    case = row.application
    if case is None or row.about not in (About.SALE, About.DENIES):
        return named
    sellers = {person.pk: person for person in (case.referrer, case.collector) if person is not None}
    if len(sellers) == 1 and named is None:
        return next(iter(sellers.values()))
    if named is None or named.pk not in sellers:
        sentence = _("Name who of the sellers is at fault: %(people)s.") % {
            "people": "、".join(f"{person.name} {person.number}" for person in sellers.values())
        }
        raise Malformed("nobody_at_fault", sentence, {"at_fault": sentence})
    return named


def _sellers(case: Application) -> set[int]:
    return {pk for pk in (case.referrer_id, case.collector_id) if pk is not None}


def _require_handler(row: Complaint, person: Employee, *, at: datetime) -> None:
    if not person.has_role(*OFFICE, on=local_day(at)):
        sentence = _("%(person)s does not handle complaints.") % {"person": person.name}
        raise Malformed("not_a_handler", sentence, {"handler": sentence})
    _require_unconcerned(row, person)


def _require_unconcerned(row: Complaint, person: Employee) -> None:
    if refusal := why_concerned(row, person):
        raise refusal


def _extend_limit(row: Complaint) -> None:
    due = deadline_for(Clock.COMPLAINT_CLOSE, start=row.close_by, on=local_day(row.opened_at), variant=EXTENSION)
    row.close_by, row.close_warn_at = due.due_at, due.warn_at


def _tick(row: Complaint, ticks: Collection[str], *, at: datetime) -> list[str]:
    """Ticks what is named and not ticked yet; returns what was."""
    fresh = [name for name in NONE_MISSED if name in ticks and getattr(row, f"{name}_at") is None]
    for name in fresh:
        setattr(row, f"{name}_at", at)
    return fresh


# -- who has become concerned ------------------------------------------------------------------------------------------
_RELIEVE = """
    UPDATE supervision_complaint c SET handler_id = NULL, version = c.version + 1
    FROM (SELECT t.id, t.handler_id FROM supervision_complaint t
          JOIN applications_application a ON a.id = t.application_id
          WHERE t.closed_at IS NULL AND t.handler_id IS NOT NULL
            AND (t.handler_id IN (a.referrer_id, a.collector_id) OR EXISTS (
                SELECT FROM applications_performer p
                WHERE p.application_id = a.id AND p.employee_id = t.handler_id))
          FOR UPDATE OF t SKIP LOCKED) before
    WHERE c.id = before.id
    RETURNING c.id, before.handler_id
"""


@transaction.atomic
def relieve_concerned(*, at: datetime) -> int:
    """Takes open complaints from handlers who have worked on the case since they were named, and asks the supervisors
    for another; returns how many. Until then the acts refuse them (``why_concerned``)."""
    with connection.cursor() as cursor:
        cursor.execute(_RELIEVE)
        before: dict[int, int] = dict(cursor.fetchall())
    people = Employee.objects.in_bulk(before.values())
    for row in Complaint.objects.filter(pk__in=before).with_facts().order_by("pk"):
        person = people[before[row.pk]]
        ComplaintEvent.objects.create(
            complaint=row, act=ComplaintAct.RELIEVE, at=at, text=f"{person.name} {person.number}",
            facts={"from": person.number},
        )  # fmt: skip
        told = _unconcerned(row, Role.SUP, at=at)
        due = row.close_by if row.replied_at else row.reply_by
        _tell(told, row, kind="complaint_unhandled", at=at, due=due, person=person.name)
    return len(before)


# -- the case ----------------------------------------------------------------------------------------------------------
def _freeze(row: Complaint, *, actor: Employee, at: datetime) -> None:
    """“I did not apply” stops the case for everybody and tells audit."""
    if row.about != About.DENIES or row.application_id is None:
        return
    freeze_case(case=row.application_id, complaint=row.number, actor=actor, at=at)
    _tell(Employee.objects.holding(Role.AUD, on=local_day(at)), row, kind="complaint_denied", at=at)


def _thaw(row: Complaint, *, actor: Employee, at: datetime) -> None:
    if row.about != About.DENIES or row.application_id is None:
        return
    if row.is_upheld:
        freeze_case(case=row.application_id, complaint=row.number, why=Freeze.UPHELD, actor=actor, at=at)
    else:
        unfreeze_case(case=row.application_id, complaint=row.number, actor=actor, at=at)


# -- who hears of it ---------------------------------------------------------------------------------------------------
def _unconcerned(row: Complaint, *roles: Role, at: datetime) -> list[Employee]:
    people: EmployeeQuerySet = Employee.objects.holding(*roles, on=local_day(at))
    case = row.application
    if case is not None:
        people = people.exclude(pk__in=_sellers(case)).exclude(performances__application=case)
    if row.against_id is not None:
        people = people.exclude(pk=row.against_id)
    return list(people)


def tell_of_deadline(
    row: Complaint, act: ComplaintAct, *, watchers: Collection[Role], due: datetime, at: datetime
) -> None:
    """Its handler, or all who could take it, and the watchers."""
    own = [row.handler] if row.handler else _unconcerned(row, Role.CPL, at=at)
    people = {person.pk: person for person in [*own, *(_unconcerned(row, *watchers, at=at) if watchers else [])]}
    _tell(people.values(), row, kind=f"complaint_{act.value.lower()}", at=at, due=due)


def _tell_supervisors(row: Complaint, *, kind: str, at: datetime) -> None:
    _tell(_unconcerned(row, Role.SUP, at=at), row, kind=kind, at=at, due=row.close_by)


def _tell(
    people: Any, row: Complaint, *, kind: str, at: datetime, due: datetime | None = None, **said: str
) -> None:  # fmt: skip
    facts = said | ({"due": due.isoformat()} if due else {})
    case = row.application.number if row.application else "—"
    tell(people, kind=kind, at=at, about=f"/complaints/{row.number}/", number=row.number, case=case, **facts)


def _number(at: datetime) -> str:
    """TS + day + four digits: TS2611280017."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('supervision_complaint_number')")
        serial = int(cursor.fetchone()[0])
    return f"TS{local_day(at):%y%m%d}{serial % 10_000:04d}"
