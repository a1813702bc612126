"""有异议: a person says that an own amount is wrong; somebody who earns nothing from the case answers in five days."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from applications.lifecycle import Performance
from incentives import errors
from incentives.lifecycle import RequestState
from incentives.models import Dispute, RewardEntry
from incentives.services.adjustments import open_adjustment
from incentives.services.locks import lock_ledger
from incentives.services.requests import DECIDERS, asked, decide, lock_case, open_request, require_text
from ops_center.clock import local_day
from ops_center.kernel.errors import Malformed, Refused
from ops_center.kernel.worktime import Limit, Mode, deadline
from organization.models import Employee
from organization.roles import Role
from organization.services.calendar import working_calendar
from organization.services.inbox import tell

ANSWERED_WITHIN = Limit(Mode.WORKDAYS_EOD, 5)


@transaction.atomic
def dispute(*, entry: int, text: str, actor: Employee, at: datetime) -> Dispute:
    """Somebody disputes an entry of his own; the clock runs from here. One at a time for an entry, and none
    after a rejection."""
    require_text(text, field="text")
    lock_ledger()
    found = RewardEntry.objects.select_related("assessment__application").filter(pk=entry, payee=actor).first()
    if found is None:
        raise errors.not_found()
    standing = found.standing_dispute
    if standing is not None and standing.is_open:
        raise Refused("already_disputed", _("You have disputed this amount already; the answer is still to come."))
    if standing is not None:
        sentence = _("Your dispute of this amount was answered and rejected. A tracker can still ask for a correction.")
        raise Refused("answered_before", sentence)
    due = deadline(at, ANSWERED_WITHIN, working_calendar())
    row = Dispute(
        entry=found, reason=text.strip(), asked_by=actor, asked_at=at, due_at=due.due_at, explanation=due.as_json()
    )
    return asked(row, told=DECIDERS[Dispute], at=at, entry=found.pk)


@transaction.atomic
def decide_dispute(
    *, dispute: int, accepted: bool, note: str, actor: Employee, at: datetime, amount_fen: int | None = None
) -> Dispute:
    """Upholds or rejects a dispute, in a sentence. Upheld with an amount, a correction is asked for at once; another
    supervisor approves it."""
    require_text(note, field="note")
    if amount_fen and not accepted:
        sentence = _("A rejected dispute corrects nothing: leave the amount empty, or uphold it.")
        raise Malformed("amount_of_nothing", sentence, {"amount": sentence})
    row = open_request(Dispute, dispute, actor=actor, at=at)
    lock_case(row.assessment)
    if accepted and amount_fen:
        open_adjustment(
            assessment=row.assessment, payee=row.asked_by, role=Performance(row.entry.role), amount_fen=amount_fen,
            reason=note, actor=actor, at=at,
        )  # fmt: skip
    state = RequestState.APPROVED if accepted else RequestState.REFUSED
    decide(row, state, actor=actor, at=at, reason=note)
    return row


@transaction.atomic
def escalate_disputes(*, at: datetime) -> int:
    """Tells the supervisors, once, of every dispute whose answer is late; returns how many."""
    late = list(
        Dispute.objects.select_for_update(of=("self",), skip_locked=True)
        .filter(state=RequestState.OPEN, due_at__lt=at, escalated_at=None)
        .select_related("entry__assessment__application", "asked_by")
    )
    Dispute.objects.filter(pk__in=[row.pk for row in late]).update(escalated_at=at)
    supervisors = list(Employee.objects.holding(Role.SUP, on=local_day(at))) if late else []
    for row in late:
        number = row.assessment.application.number
        tell(supervisors, kind="dispute_overdue", at=at, about="/corrections/", number=number,
             person=row.asked_by.name, due=row.due_at.isoformat())  # fmt: skip
    return len(late)
