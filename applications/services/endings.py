"""How a case ends without a card: T36-T39, and how it comes back: T40."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from applications.errors import step_not_open
from applications.lifecycle import Freeze, State, Step
from applications.models import Application, ProblemItem, ReasonCode
from applications.services.engine import Move, Ref, taking
from applications.services.intake import reason_for
from ops_center.kernel.errors import DomainError, Malformed
from organization.models import Employee
from organization.services.inbox import tell

# T39, calendar days since the last progress, return or issue (ASM-15).
VALID_DAYS: dict[State, int] = {
    State.REFERRED: 30, State.ACCEPTED: 30, State.DRAFT: 30, State.RETURNED: 30, State.ISSUED: 90, State.COLLECTED: 90,
}  # fmt: skip


@transaction.atomic
def reject(
    *, case: Ref, actor: Employee | None, at: datetime, code: str, note: str = "", version: int | None = None,
    source: str = "",
) -> Application:  # fmt: skip
    """拒批: by the card system, or a hard stop at the check. Outside the center nobody reads a credit detail."""
    if actor is not None:
        reason_for(code, effect=ReasonCode.Effect.REJECT)
    with taking(Step.REJECT, case=case, actor=actor, at=at, version=version, note=note) as move:
        move.facts = {"code": code} | ({"source": source} if source else {})
        move.case.is_risk |= ReasonCode.objects.filter(pk=code, is_risk=True).exists()
        move.case.reject(at=at)
        _tell_the_front(move, "rejected")
    return move.case


@transaction.atomic
def withdraw(
    *, case: Ref, actor: Employee, at: datetime, code: str = "U01", note: str, version: int | None = None
) -> Application:
    """撤件: the client's request is recorded."""
    reason_for(code, effect=ReasonCode.Effect.WITHDRAW)
    if not note.strip():
        raise Malformed("note_missing", _("Record the client's request."), {"note": _("Record the client's request.")})
    with taking(Step.WITHDRAW, case=case, actor=actor, at=at, version=version, note=note) as move:
        move.facts = {"code": code}
        move.case.problems.filter(closed_at=None).update(
            state=ProblemItem.State.VOID, closed_at=at, closed_by=actor, resolution=note[:300]
        )
        move.case.withdraw(at=at)
        _tell_the_front(move, "withdrawn")
    return move.case


@transaction.atomic
def refuse_card(*, case: Ref, actor: Employee, at: datetime, note: str, version: int | None = None) -> Application:
    """客户拒领: the client does not want the issued card; the call is recorded."""
    if not note.strip():
        raise Malformed("note_missing", _("Record the call."), {"note": _("Record the call.")})
    with taking(Step.REFUSE_CARD, case=case, actor=actor, at=at, version=version, note=note) as move:
        move.facts = {"code": "U02"}
        move.case.refuse_card(at=at)
        _tell_the_front(move, "withdrawn")
    return move.case


def has_lapsed(at: datetime) -> Q:
    """Whose validity has run out."""
    late = Q()
    for state, days in VALID_DAYS.items():
        limit = at - timedelta(days=days)
        if state in (State.ISSUED, State.COLLECTED):
            late |= Q(state=state, issued_at__lte=limit) & (Q(reopened_at=None) | Q(reopened_at__lte=limit))
        else:
            late |= Q(state=state, progressed_at__lte=limit)
    return late & Q(is_imported=False) & ~Q(freeze=Freeze.DENIED)


def lapses_at(case: Application) -> datetime | None:
    """When a case lapses if nothing happens; ``None`` where it cannot lapse."""
    days = VALID_DAYS.get(State(case.state))
    if days is None:
        return None
    since = case.progressed_at
    if case.state in (State.ISSUED, State.COLLECTED) and case.issued_at:
        since = max(case.issued_at, case.reopened_at or case.issued_at)
    return since + timedelta(days=days)


def expire_lapsed(at: datetime) -> int:
    """失效: ends what has lapsed, one case per transaction; a case that has moved meanwhile is left alone."""
    ended = 0
    for pk in list(Application.objects.filter(has_lapsed(at)).order_by("id").values_list("pk", flat=True)):
        try:
            with transaction.atomic(), taking(Step.EXPIRE, case=pk, actor=None, at=at) as move:
                if not Application.objects.filter(has_lapsed(at), pk=pk).exists():
                    raise step_not_open(move.case, Step.EXPIRE)  # it moved between the list and the lock
                move.case.expire(at=at)
                _tell_the_front(move, "expired")
        except DomainError:
            continue
        ended += 1
    return ended


def _tell_the_front(move: Move, kind: str) -> None:
    tell([move.case.referrer, move.case.collector], kind=kind, at=move.at,
         about=f"/applications/{move.case.number}/", number=move.case.number)  # fmt: skip
