"""Explanations of breaches and the verdict that follows (domain section 5).

Late costs money only when three things hold together: late, not returned in time, no valid explanation. Whoever answers
for the clock has two working days from the due time to file one, somebody who is not concerned has two to decide. What
comes of it stands on the clock: LATE_PENDING becomes LATE_JUSTIFIED or LATE, and the rewards are read from there.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.core.files.uploadedfile import UploadedFile
from django.db import connection, transaction

from applications.lifecycle import Clock, Outcome
from applications.services.clocks import deadline_for, is_personal
from ops_center.clock import local_day
from ops_center.kernel.errors import Refused
from organization.models import Branch, Employee
from organization.roles import Role
from organization.services.audit import record
from organization.services.inbox import tell
from supervision import errors
from supervision.models import Breach, Ground, Justification, Standing
from supervision.querysets import LIFTED_OUTCOMES
from supervision.services.breaches import IS_RECKONED
from supervision.services.evidence import keep
from supervision.services.locks import lock_breach, undecided
from supervision.services.notices import clock_word

DECIDERS = (Role.TR, Role.SUP)


@transaction.atomic
def justify(
    *, breach_id: int, actor: Employee, at: datetime, code: str, text: str, evidence: Sequence[UploadedFile[bytes]] = ()
) -> Justification:
    """Files the explanation of a breach, with what proves it. Refused after the window, a second time, or where nobody
    has to explain; Malformed for a paper that is not taken."""
    breach = lock_breach(breach_id, actor=actor, at=at)
    if not may_explain(breach, actor, at):
        raise errors.not_yours_to_explain()
    if (earlier := breach.explanation) is not None:
        raise errors.already_explained() if earlier.decided_at is None else errors.already_decided()
    match standing(breach, at):
        case Standing.LIFTED:
            raise errors.no_longer_late()
        case Standing.NOBODYS:
            raise errors.nothing_to_explain()
        case Standing.UNEXPLAINED:
            raise errors.window_closed(breach)
    if breach.settled_at is not None:  # begun within the window, and here after it was judged
        raise errors.window_closed(breach)
    filed = Justification.objects.create(
        breach=breach, code=Ground(code), text=text, filed_by=actor, filed_at=at,
        decide_by=deadline_for(Clock.JUSTIFY, start=at).due_at,
    )  # fmt: skip
    keep(filed, evidence, at=at)
    record(action="explain_breach", at=at, actor=actor, subject=breach.application.number, clock=breach.kind,
           ground=filed.code)  # fmt: skip
    tell(_first_readers(breach, actor, at), kind="justification_filed", at=at, about=f"/breaches/{breach.pk}/",
         number=breach.application.number, clock=clock_word(breach.kind), person=actor.name,
         decide_by=filed.decide_by.isoformat())  # fmt: skip
    return filed


@transaction.atomic
def give_opinion(*, breach_id: int, actor: Employee, at: datetime, supports: bool, text: str) -> Justification:
    """The branch head's first opinion on an explanation from the branch; it advises, the tracker decides."""
    breach = lock_breach(breach_id, actor=actor, at=at)
    if not may_give_opinion(breach, actor, at):
        raise errors.branch_heads_only()
    filed = undecided(breach)
    if filed.filed_by_id == actor.pk:
        raise errors.own_breach()
    filed.opinion_by, filed.opinion_at, filed.opinion_supports, filed.opinion = actor, at, supports, text
    filed.save(update_fields=["opinion_by", "opinion_at", "opinion_supports", "opinion"])
    record(action="opinion_on_breach", at=at, actor=actor, subject=breach.application.number, clock=breach.kind,
           supports=supports)  # fmt: skip
    return filed


@transaction.atomic
def decide_justification(*, breach_id: int, actor: Employee, at: datetime, accepted: bool, note: str) -> Justification:
    """Accepts or refuses an explanation; by a tracker or a supervisor who does not answer for the breach."""
    breach = lock_breach(breach_id, actor=actor, at=at)
    if not actor.has_role(*DECIDERS, on=local_day(at)):
        raise errors.deciders_only()
    filed = undecided(breach)
    if breach.is_lifted(at):
        raise errors.no_longer_late()
    if is_concerned(breach, actor):
        raise errors.own_breach()
    if accepted and (no := why_not_accept(filed, actor, at)):
        raise no
    filed.decided_by, filed.decided_at, filed.is_accepted, filed.decision = actor, at, accepted, note
    filed.save(update_fields=["decided_by", "decided_at", "is_accepted", "decision"])
    record(action="decide_breach", at=at, actor=actor, subject=breach.application.number, clock=breach.kind,
           ground=filed.code, accepted=accepted)  # fmt: skip
    _settle(at=at, breach_id=breach.pk)
    tell([filed.filed_by], kind="justification_accepted" if accepted else "justification_refused", at=at,
         about=f"/breaches/{breach.pk}/", number=breach.application.number, clock=clock_word(breach.kind),
         note=note)  # fmt: skip
    return filed


@transaction.atomic
def close_lapsed_windows(*, at: datetime) -> dict[str, int]:
    """Turns what decisions and lapsed windows have made final into the outcome of each clock that has stopped.

    An explanation that waits for its decision keeps the clock pending: nobody pays for a slow decision.
    """
    return _settle(at=at)


def renew_decisions() -> int:
    """After a change of the calendar: until when explanations that wait are to be decided. Returns how many wait."""
    waiting = list(Justification.objects.filter(decided_at=None))
    for filed in waiting:
        filed.decide_by = deadline_for(Clock.JUSTIFY, start=filed.filed_at).due_at
    Justification.objects.bulk_update(waiting, ["decide_by"], batch_size=1_000)
    return len(waiting)


# -- who may what ------------------------------------------------------------------------------------------------------
def standing(breach: Breach, at: datetime) -> Standing:
    """Where a breach stands, with the rule of the last two hours: who took the case too late answers for nothing."""
    if not breach.is_lifted(at) and not answers_to_anybody(breach):
        return Standing.NOBODYS
    return breach.standing(at)


def answers_to_anybody(breach: Breach) -> bool:
    """False for a case that waited in a queue, or was taken with less than two working hours left (ASM-19)."""
    if breach.explanation is not None:
        return True
    if breach.owner_id is None:
        return breach.owner_branch_id is not None
    return breach.clock.owner_id != breach.owner_id or is_personal(breach.clock)


def may_explain(breach: Breach, actor: Employee, at: datetime) -> bool:
    """The person who answered for the clock; for a branch that answers as such, its head."""
    if breach.owner_id is not None:
        return breach.owner_id == actor.pk
    return breach.owner_branch_id == actor.branch_id and actor.has_role(Role.BH, on=local_day(at))


def may_give_opinion(breach: Breach, actor: Employee, at: datetime) -> bool:
    home = breach.owner.branch_id if breach.owner else breach.owner_branch_id
    return home == actor.branch_id and actor.has_role(Role.BH, on=local_day(at))


def may_decide(breach: Breach, actor: Employee, at: datetime) -> bool:
    return actor.has_role(*DECIDERS, on=local_day(at)) and not is_concerned(breach, actor)


def why_not_accept(filed: Justification, actor: Employee, at: datetime) -> Refused | None:
    """Who may decide may always refuse; that there was too much work is accepted by the supervisor alone."""
    if filed.code == Ground.WORKLOAD and not actor.has_role(Role.SUP, on=local_day(at)):
        return errors.supervisor_confirms_workload()
    return None


def is_concerned(breach: Breach, actor: Employee) -> bool:
    """Answers for the breach, has explained it, or has given the first opinion on it."""
    filed = breach.explanation
    spoke = {filed.filed_by_id, filed.opinion_by_id} if filed else set()
    return actor.pk in {breach.owner_id, breach.clock.owner_id} | spoke


def _first_readers(breach: Breach, filed_by: Employee, at: datetime) -> list[Employee]:
    """The head of a branch gives the first opinion; trackers and supervisors decide."""
    on = local_day(at)
    people = list(Employee.objects.holding(*DECIDERS, on=on))
    if filed_by.branch.kind == Branch.Kind.BRANCH:
        people += Employee.objects.filter(branch=filed_by.branch).holding(Role.BH, on=on)
    return [person for person in people if person.pk != filed_by.pk]


# -- the verdict -------------------------------------------------------------------------------------------------------
# A deadline that was moved and missed again gets its own window with the next pass of the sweep.
_LAPSED = f"b.file_by < %(at)s AND b.due_at = c.due_at AND {IS_RECKONED}"
_JUSTIFIED = """
    UPDATE applications_caseclock c SET outcome = %(justified)s
    FROM supervision_breach b JOIN supervision_justification j ON j.breach_id = b.id AND j.is_accepted
    WHERE b.settled_at IS NULL {only} AND c.id = b.clock_id AND c.outcome IN %(late)s
"""
# Whose explanation is being filed right now, begun within the window, is left to the next pass.
_LATE = """
    WITH ripe AS MATERIALIZED (
        SELECT b.clock_id
        FROM supervision_breach b JOIN applications_caseclock c ON c.id = b.clock_id
        LEFT JOIN supervision_justification j ON j.breach_id = b.id
        WHERE b.settled_at IS NULL {only} AND c.outcome = %(pending)s
          AND (j.is_accepted IS FALSE OR (j.id IS NULL AND {lapsed}))
        FOR UPDATE OF b SKIP LOCKED
    )
    UPDATE applications_caseclock c SET outcome = %(final)s FROM ripe WHERE c.id = ripe.clock_id
"""
_SETTLED = """
    UPDATE supervision_breach b SET settled_at = %(at)s
    FROM applications_caseclock c
    WHERE b.settled_at IS NULL {only} AND c.id = b.clock_id AND c.stopped_at IS NOT NULL AND c.outcome <> %(pending)s
      AND CASE
        WHEN c.outcome IN %(lifted)s THEN TRUE
        WHEN EXISTS (SELECT FROM supervision_justification j WHERE j.breach_id = b.id)
        THEN EXISTS (SELECT FROM supervision_justification j WHERE j.breach_id = b.id AND j.decided_at IS NOT NULL)
        ELSE {lapsed} OR c.outcome NOT IN %(late)s
      END
"""


def _settle(*, at: datetime, breach_id: int | None = None) -> dict[str, int]:
    """One rule for one breach and for all: who calls it for one has its row locked."""
    only = "" if breach_id is None else "AND b.id = %(breach)s"
    facts = {
        "at": at,
        "breach": breach_id,
        "pending": Outcome.LATE_PENDING.value,
        "final": Outcome.LATE.value,
        "justified": Outcome.LATE_JUSTIFIED.value,
        "late": (Outcome.LATE_PENDING.value, Outcome.LATE.value, Outcome.RETURNED_LATE.value),
        "lifted": tuple(outcome.value for outcome in LIFTED_OUTCOMES),
    }
    counts = {}
    with connection.cursor() as cursor:
        for name, statement in (("justified", _JUSTIFIED), ("late", _LATE), ("settled", _SETTLED)):
            cursor.execute(statement.format(only=only, lapsed=_LAPSED), facts)
            counts[name] = cursor.rowcount
    return counts
