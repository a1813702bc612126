"""What one person asks and a second one decides: what claw-backs, adjustments, cross-sell and disputes have in common.

Who asks does not decide, and nobody decides about a case of which he is paid; the tables refuse both by themselves.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeVar

from django.db import models, transaction
from django.db.models import QuerySet
from django.utils import translation
from django.utils.translation import gettext as _

from applications.models import Application
from incentives import errors
from incentives.lifecycle import Ground, RequestState, Verdict
from incentives.models import Adjustment, Assessment, CrossSell, Dispute, Reversal, RewardEntry, SplitPolicy
from ops_center.clock import local_day
from ops_center.kernel.errors import Malformed, OutOfSight, Refused
from organization.models import Employee
from organization.roles import Role
from organization.services.audit import record
from organization.services.inbox import tell

AnyRequest = Reversal | Adjustment | CrossSell | Dispute
R = TypeVar("R", Reversal, Adjustment, CrossSell, Dispute)

DECIDERS: dict[type[AnyRequest], tuple[Role, ...]] = {
    Reversal: (Role.SUP,),
    Adjustment: (Role.SUP,),
    CrossSell: (Role.TR, Role.SUP),
    Dispute: (Role.TR, Role.SUP),
}


def earned(case: str) -> Assessment:
    """The reward of a case, by its number, with the case locked: one writer per case. Refused where none accrued."""
    locked = Application.objects.select_for_update(of=("self",), no_key=True).filter(number=case).first()
    if locked is None:
        raise errors.not_found()
    found = Assessment.objects.select_related("application", "policy").filter(pk=locked.pk).first()
    if found is None:
        raise Refused(
            "not_accrued",
            _("No reward of %(number)s has accrued: that happens within a minute of the activation.")
            % {"number": case},
        )
    if found.verdict != Verdict.EARNED:
        raise Refused(
            "not_earned",
            _("No reward was earned by %(number)s (%(verdict)s): there is nothing to correct.")
            % {"number": case, "verdict": found.get_verdict_display()},
        )
    return found


def policy_of(assessment: Assessment) -> SplitPolicy:
    """The policy by which a reward was earned."""
    assert assessment.policy is not None, "what was earned has its policy"
    return assessment.policy


def payees_of(assessment: Assessment) -> QuerySet[Employee]:
    """The people who have a line in a case."""
    paid = assessment.entries.filter(payee__isnull=False).values("payee")
    people: QuerySet[Employee] = Employee.objects.filter(pk__in=paid)
    return people


def why_taken_back(assessment: Assessment) -> Refused | None:
    """Nothing is paid on top of a case whose rewards were taken back; a complaint concerns one person only."""
    clawed_back = assessment.reversals.filter(state=RequestState.APPROVED).exclude(ground=Ground.COMPLAINT)
    if not clawed_back.exists():
        return None
    number = assessment.application.number
    return Refused("clawed_back", _("The rewards of %(number)s were taken back.") % {"number": number})


def lock_case(assessment: Assessment) -> None:
    """One writer per case, until the transaction ends: releases, claw-backs and voids put themselves in line here."""
    Application.objects.select_for_update(of=("self",), no_key=True).get(pk=assessment.pk)


def asked(row: R, *, told: tuple[Role, ...], at: datetime, **facts: Any) -> R:
    """Writes a request down and tells those in these roles who may decide it."""
    row.save(force_insert=True)
    number = row.assessment.application.number
    name = row._meta.model_name
    record(action=f"ask_{name}", at=at, actor=row.asked_by, subject=number, **facts)
    people = Employee.objects.holding(*told, on=local_day(at)).exclude(pk=row.asked_by_id)
    tell(people, kind=f"{name}_asked", at=at, about="/corrections/", number=number, person=row.asked_by.name)
    return row


def open_request(model: type[R], key: int, *, actor: Employee, at: datetime) -> R:
    """A request that this person may decide now, with its row locked until the transaction ends."""
    errors.require_role(actor, *DECIDERS[model], at=at)
    row = model._default_manager.select_for_update(of=("self",)).filter(pk=key).first()
    if row is None:
        raise OutOfSight("not_found", _("There is no such request."))
    if refusal := why_not_decide(row, actor=actor):
        raise refusal
    return row


def why_not_decide(row: AnyRequest, *, actor: Employee) -> Refused | None:
    """What keeps this person from deciding a request. The page shows the sentence instead of the button."""
    if not row.is_open:
        return Refused("already_decided", _("This request has been decided already: %(state)s.")
                       % {"state": row.get_state_display()})  # fmt: skip
    if row.asked_by_id == actor.pk:
        return Refused("own_request", _("You asked for this yourself, so a colleague decides it."))
    if RewardEntry.objects.filter(assessment=row.assessment.pk, payee=actor).exists():
        return Refused(
            "decider_is_payee",
            _("You earn from %(number)s, so somebody who earns nothing from it decides.")
            % {"number": row.assessment.application.number},
        )
    return None


def decide(
    row: AnyRequest,
    state: RequestState,
    *,
    actor: Employee,
    at: datetime,
    reason: str,
    entry: RewardEntry | None = None,
) -> None:
    """Signs the decision, with the entry that it brought about, and tells the person who asked."""
    row.state, row.decided_by, row.decided_at, row.decision = state, actor, at, reason.strip()
    written = ["state", "decided_by", "decided_at", "decision"]
    if entry is not None and isinstance(row, Adjustment | CrossSell):
        row.entry = entry
        written.append("entry")
    row.save(update_fields=written)
    number, name = row.assessment.application.number, row._meta.model_name
    record(action=f"decide_{name}", at=at, actor=actor, subject=number, decision=state.value)
    tell([row.asked_by_id], kind=f"{name}_decided", at=at, about="/corrections/", number=number,
         decision=word(state, "request"), note=row.decision)  # fmt: skip


@transaction.atomic
def refuse(model: type[R], key: int, *, actor: Employee, at: datetime, reason: str) -> R:
    """Says no to a request, with the reason: nothing is written to the ledger."""
    require_text(reason)
    row = open_request(model, key, actor=actor, at=at)
    decide(row, RequestState.REFUSED, actor=actor, at=at, reason=reason)
    return row


def require_text(reason: str, *, field: str = "reason") -> None:
    if not reason.strip():
        raise Malformed("reason_missing", _("Give the reason."), {field: _("Give the reason.")})


def word(choice: models.TextChoices, context: str) -> dict[str, str]:
    """A word of a table as a fact of a message: translated when it is read (organization/messages.py)."""
    with translation.override(None):
        return {"word": str(choice.label), "of": context}
