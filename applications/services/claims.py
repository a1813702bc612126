"""Claims: a lease on a case of a queue, so that two people never work on the same one (decision 2)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext as _

from applications import errors, rules
from applications.lifecycle import (
    QUEUE_OF_STATE,
    QUEUES,
    Clock,
    EntryMode,
    Performance,
    Queue,
    State,
    Step,
)  # fmt: skip
from applications.models import Application, ContactLog, EntryRecord, Event, Performer
from applications.querysets import ApplicationQuerySet
from applications.rules import TAKEOVER_DAYS
from applications.services.clocks import Ticking
from applications.services.custody import first_held, grip_on, hand_on
from applications.services.engine import Ref, lock, taking
from applications.services.warnings import compute_warnings
from ops_center.clock import local_day
from ops_center.kernel.errors import NotAllowed, OutOfSight, Refused
from organization.models import Employee, Switch
from organization.roles import Role
from organization.services.inbox import tell

LEASE = timedelta(minutes=30)  # renewed by work on the case
ASSIGNED_LEASE = timedelta(hours=4)  # given by a supervisor: the person may be busy with another case
CALL_AGAIN = timedelta(hours=2)
HELD_AT_MOST = 5  # work in progress of one person in one queue

# The clocks that the holder of a case answers for.
HOLDER_CLOCKS: dict[str, tuple[Clock, ...]] = {
    "check": (Clock.CHECK,),
    "entry": (Clock.ENTRY,),
    "verify": (),
    "filing": (Clock.FILE,),
    "after-sales": (Clock.CONTACT, Clock.COACH),
}


@dataclass(frozen=True, slots=True)
class Claim:
    """What "next" gives: the case, and why it is this one."""

    case: Application
    reason: str


def queue_named(name: str) -> Queue:
    if name not in QUEUES:
        raise OutOfSight("no_such_queue", _("There is no queue “%(name)s”.") % {"name": name})
    return QUEUES[name]


@transaction.atomic
def claim_next(*, queue: str, actor: Employee, at: datetime) -> Claim | None:
    """Gives this person the waiting case with the earliest deadline, then tier, then age; ``None`` when none waits.

    Rows that another clerk is being given are skipped, so that clerks never wait for each other. Raises NotAllowed
    for the wrong role and Refused at the work-in-progress limit.
    """
    wanted = queue_named(queue)
    if not actor.has_role(wanted.role, on=local_day(at)):
        raise NotAllowed("not_the_queue", _("“%(queue)s” is not your queue.") % {"queue": wanted.label})
    held = Application.objects.filter(claimed_by=actor, claimed_until__gt=at, state__in=wanted.states).count()
    if held >= HELD_AT_MOST:
        raise Refused(
            "too_many_held",
            _("You already hold %(count)s cases of this queue. Finish one or give one back first.") % {"count": held},
        )
    case = claimable(queue=wanted, actor=actor, at=at).select_for_update(of=("self",), skip_locked=True).first()
    if case is None:
        return None
    before = grip_on(case, at=at)
    _lease(case, actor=actor, at=at, until=at + LEASE)
    hand_on(case, before=before, at=at)
    return Claim(case=case, reason=_reason(case, at=at))


def claimable(*, queue: Queue, actor: Employee, at: datetime) -> ApplicationQuerySet:
    """The cases of a queue that this person may be given, the next one first."""
    cases = Application.objects.waiting_in(queue.name, at).select_related("product", "branch", "applicant", "collector")
    own = Performer.objects.filter(application=OuterRef("pk"), employee=actor)
    if queue.name == "entry":  # whoever sent it back in review does not key it
        mine = Event.objects.filter(application=OuterRef("pk"), round=OuterRef("round"), actor=actor)
        cases = cases.exclude(Exists(mine.filter(step=Step.VERIFY)))
        if Switch.state_of(rules.SEGREGATE):
            cases = cases.exclude(Exists(own.filter(role=Performance.CREDIT_CHECK)))
    if queue.name == "verify":
        keyed = EntryRecord.objects.filter(application=OuterRef("pk"), round=OuterRef("round"), keyer=actor)
        cases = cases.exclude(Exists(own.filter(role=Performance.ENTRY)))
        cases = cases.exclude(Exists(keyed.filter(turn=EntryRecord.Turn.FIRST, submitted_at__isnull=False)))
    if queue.name == "after-sales":
        # In Path A the customer manager coaches; the center takes over after 15 days (rule G5).
        cases = cases.exclude(entry_mode=EntryMode.SELF, issued_at__gt=at - timedelta(days=TAKEOVER_DAYS))
        # Nobody is called again two hours after a missed call, nor before the time that was agreed.
        missed = Q(result=ContactLog.Result.MISSED, at__gt=at - CALL_AGAIN)
        recent = ContactLog.objects.filter(missed | Q(promised_at__gt=at), application=OuterRef("pk"))
        cases = cases.exclude(Exists(recent))
    return cases.order_by(F("due_at").asc(nulls_last=True), "product__rank", "id")


@transaction.atomic
def give_back(*, case: Ref, actor: Employee, at: datetime) -> Application:
    """Ends one's own lease; the case waits in its queue again. Refused when somebody else holds it."""
    held = lock(case)
    rules.require_sight(held, step=Step.PASS_CHECK, actor=actor, at=at)
    if held.is_claimed(at) and held.claimed_by_id != actor.pk:
        raise errors.held_by_another(held)
    if held.claimed_by_id != actor.pk:
        raise errors.not_claimed(held)
    queue = QUEUE_OF_STATE.get(held.state)
    if queue is not None:
        ticking = Ticking(held, at=at)
        for kind in HOLDER_CLOCKS[queue.name]:
            ticking.give_to(kind, owner=None)
    before = grip_on(held, at=at)
    held.claimed_by = held.claimed_at = held.claimed_until = None
    held.save(update_fields=["claimed_by", "claimed_at", "claimed_until"])
    hand_on(held, before=before, at=at)
    return Application.objects.with_people().get(pk=held.pk)


@transaction.atomic
def renew(*, case: Ref, actor: Employee, at: datetime) -> datetime:
    """Renews one's own lease (typing, a saved draft); Refused with the holder's name when it was lost."""
    held = lock(case)
    if held.is_claimed(at) and held.claimed_by_id != actor.pk:
        raise errors.held_by_another(held)
    if not held.is_claimed_by(actor.pk, at):
        raise errors.not_claimed(held)
    until = max(held.claimed_until or at, at + LEASE)
    Application.objects.filter(pk=held.pk).update(claimed_until=until)
    return until


@transaction.atomic
def reassign(
    *, case: Ref, to: Employee, actor: Employee, at: datetime, note: str, version: int | None = None
) -> Application:
    """T41: gives a waiting or claimed case to a named person with a reason; an older lease is broken."""
    if not note.strip():
        raise Refused("reason_missing", _("Say why the case moves: the reason stands in its history."))
    with taking(Step.REASSIGN, case=case, actor=actor, at=at, version=version, note=note) as move:
        current = move.case
        queue = QUEUE_OF_STATE.get(current.state)
        role = queue.role if queue else Role.CS
        if queue is None and to.has_role(Role.CM, on=local_day(at)):
            role = Role.CM
        if not to.is_active or not to.has_role(role, on=local_day(at)):
            raise Refused(
                "target_role",
                _("%(person)s does not hold the role for this stage (%(role)s).")
                % {"person": to.name, "role": Role(role).label},
            )
        if (current.state == State.KEYED and rules.has_keyed(current, to)) or (
            current.state == State.CHECKED and rules.has_reviewed(current, to)
        ):
            raise Refused("same_person", _("One person may not key and review the same case."))
        if current.state == State.ACCEPTED:
            rules.require_qualified_collector(to, at=at)
            if to.is_absent(local_day(at)) or not to.covers_area(current.area_id):
                raise Refused(
                    "target_away",
                    _("%(person)s is absent today or does not cover this area.") % {"person": to.name},
                )
        move.facts = {"to": to.number}
        current.reassign()
        if queue is not None:
            _lease(current, actor=to, at=at, until=at + ASSIGNED_LEASE, clocks=move.clocks)
        elif current.state == State.ACCEPTED:
            current.collector, current.branch = to, to.branch
            move.clocks.give_to(Clock.REF_CONTACT, owner=to)
        tell([to], kind="reassigned", at=at, about=f"/applications/{current.number}/", number=current.number,
             person=actor.name, reason=note)  # fmt: skip
    return move.case


def _lease(case: Application, *, actor: Employee, at: datetime, until: datetime, clocks: Ticking | None = None) -> None:
    queue = QUEUE_OF_STATE[case.state]
    case.claimed_by, case.claimed_at, case.claimed_until = actor, at, until
    started = {"check": "check_started_at", "entry": "entry_started_at"}.get(queue.name)
    columns = ["claimed_by", "claimed_at", "claimed_until"]
    if started and getattr(case, started) is None:
        setattr(case, started, at)
        columns.append(started)
    case.save(update_fields=columns)
    ticking = clocks or Ticking(case, at=at)
    for kind in HOLDER_CLOCKS[queue.name]:
        clock = ticking.find(kind)
        if clock is not None:
            since = first_held(case, actor.pk, since=clock.started_at)
            ticking.give_to(kind, owner=actor, since=since)
    if queue.name == "check":
        compute_warnings(case, at=at)


def _reason(case: Application, *, at: datetime) -> str:
    if case.due_at is None:
        return _("Oldest in the queue")
    facts = {"clock": Clock(case.due_clock).label, "due": rules.local_clock(case.due_at)}
    if case.due_at < at:
        return _("Overdue: %(clock)s was due %(due)s") % facts
    return _("Earliest deadline: %(clock)s due %(due)s") % facts
