"""What one person asks and another approves: reopening an ended case (T40), correcting a stamp (T42)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from applications import errors
from applications.lifecycle import RULES, STAMP_ORDER, STAMPS, State, Step
from applications.models import Application, Approval, Bag, BagItem
from applications.rules import require_own_stamp, require_standing
from applications.services.card_status import apply_waiting
from applications.services.engine import Move, Ref, lock, taking
from applications.services.intake import Person, require_no_duplicate
from ops_center.clock import local_day
from ops_center.kernel.errors import Malformed, NotAllowed, OutOfSight, Refused
from organization.models import Employee
from organization.roles import Role
from organization.services.inbox import tell

REOPEN_DAYS, REOPEN_ISSUED_DAYS = 30, 180
# Words of messages: marked here for translation, stored in English, shown in the reader's language.
_WORDS = (
    pgettext_lazy("approval", "approved"), pgettext_lazy("approval", "refused"),
    pgettext_lazy("approval", "reopening the case"), pgettext_lazy("approval", "correcting a stamp"),
)  # fmt: skip
APPROVED, REFUSED = "approved", "refused"
ACTS: dict[str, str] = {
    Approval.Kind.REOPEN: "reopening the case",
    Approval.Kind.CORRECT_STAMP: "correcting a stamp",
}


@transaction.atomic
def ask_reopen(*, case: Ref, actor: Employee, at: datetime, note: str) -> Approval:
    """The tracker asks to bring an ended case back to the state before; a supervisor decides."""
    ended = _asked_of(case, step=Step.REOPEN, actor=actor, at=at)
    _require_text(note)
    ended_at = ended.rejected_at or ended.withdrawn_at or ended.expired_at
    days = REOPEN_ISSUED_DAYS if ended.issued_at else REOPEN_DAYS
    if ended_at is None or at - ended_at > timedelta(days=days):
        raise Refused("reopen_too_late", _("A case can be reopened within %(days)s days of its end.") % {"days": days})
    if ended.state == State.REJECTED and ended.events.filter(step=Step.REOPEN).exists():
        raise Refused("reopened_once", _("A refused case is reconsidered once only."))
    return _ask(ended, Approval.Kind.REOPEN, actor=actor, at=at, reason=note, facts={})


@transaction.atomic
def ask_correction(*, case: Ref, actor: Employee, at: datetime, stamp: str, value: datetime, reason: str) -> Approval:
    """The performer asks to correct a stamp; the new value must keep the order of stamps (rule G2)."""
    wrong = {}
    if stamp not in STAMPS:
        wrong["stamp"] = _("Choose a stamp of this case.")
    if value > at:
        wrong["at"] = _("The time lies ahead.")
    if wrong:
        raise Malformed("bad_correction", _("Please correct the marked fields."), wrong)
    _require_text(reason)
    corrected = _asked_of(case, step=Step.CORRECT_STAMP, actor=actor, at=at)
    require_own_stamp(corrected, actor=actor, stamp=stamp)
    require_order(corrected, stamp=stamp, value=value)
    return _ask(
        corrected, Approval.Kind.CORRECT_STAMP, actor=actor, at=at, reason=reason,
        facts={"stamp": stamp, "at": value.isoformat()},
    )  # fmt: skip


@transaction.atomic
def decide_approval(*, approval: int, actor: Employee, at: datetime, approve: bool, note: str = "") -> Approval:
    """A supervisor who did not ask decides, and who asked reads ``note``; an approval is carried out in the same
    transaction. Malformed for a refusal without a reason, Refused for what was decided already or is one's own."""
    if not actor.has_role(Role.SUP, on=local_day(at)):
        raise NotAllowed("wrong_role", _("Requests are decided by the center's supervisors."))
    row = (
        Approval.objects.select_for_update(of=("self",))
        .select_related("application", "asked_by")
        .filter(pk=approval)
        .first()
    )
    if row is None:
        raise OutOfSight("not_found", _("There is no such request."))
    if not approve:
        _require_text(note)
    if row.decided_at is not None:
        raise Refused("already_decided", _("This request has been decided already."))
    if row.asked_by_id == actor.pk:
        raise Refused("own_request", _("Your own request is decided by another supervisor."))
    row.decided_by, row.decided_at, row.is_approved, row.note = actor, at, approve, note
    row.save(update_fields=["decided_by", "decided_at", "is_approved", "note"])
    if approve:
        _carry_out(row, actor=actor, at=at)
    decision = _word(APPROVED if approve else REFUSED)
    tell([row.asked_by], kind="approval_decided", at=at, about=f"/applications/{row.application.number}/",
         number=row.application.number, decision=decision, note=note)  # fmt: skip
    return row


def require_order(case: Application, *, stamp: str, value: datetime) -> None:
    """Refused when the value would stand before an earlier stamp or after a later one."""
    order = STAMP_ORDER if stamp in STAMP_ORDER else ("issued_at", "collected_at") if stamp == "collected_at" else ()
    if stamp not in order:
        return
    place = order.index(stamp)
    before = [name for name in order[:place] if (other := getattr(case, name)) is not None and other > value]
    later = (*order[place + 1 :], "collected_at") if stamp == "issued_at" else order[place + 1 :]
    after = [name for name in later if (other := getattr(case, name)) is not None and other < value]
    if before or after:
        raise Refused(
            "stamp_order",
            _("The order of stamps must hold: this value would pass %(stamps)s.")
            % {"stamps": "、".join(str(_stamp_label(name)) for name in before + after)},
        )


def _asked_of(case: Ref, *, step: Step, actor: Employee, at: datetime) -> Application:
    """The locked case, if this person may take the step at all: the request is refused for the reasons of the step."""

    rule = RULES[step]
    if not actor.has_role(*rule.by, on=local_day(at)):
        raise errors.wrong_role(step)
    found = lock(case)
    if not Application.objects.visible_to(actor, at).filter(pk=found.pk).exists():
        raise errors.out_of_sight()
    if found.state not in rule.sources:
        raise errors.step_not_open(found, step)
    require_standing(found, step=step, actor=actor, at=at)
    return found


def _ask(
    case: Application, kind: Approval.Kind, *, actor: Employee, at: datetime, reason: str, facts: dict[str, str]
) -> Approval:
    if case.approvals.filter(kind=kind, decided_at=None).exists():
        raise Refused("already_asked", _("Such a request already waits for the supervisor."))
    row = Approval.objects.create(
        application=case, kind=kind, facts=facts, reason=reason[:300], asked_by=actor, asked_at=at
    )
    tell(
        Employee.objects.holding(Role.SUP, on=local_day(at)), kind="approval_asked", at=at,
        about=f"/applications/{case.number}/", person=actor.name, what=_word(ACTS[kind]), number=case.number,
    )  # fmt: skip
    return row


def _carry_out(row: Approval, *, actor: Employee, at: datetime) -> None:
    step = Step.REOPEN if row.kind == Approval.Kind.REOPEN else Step.CORRECT_STAMP
    with taking(step, case=row.application_id, actor=actor, at=at, cleared=True, note=row.reason) as move:
        if step is Step.REOPEN:
            _reopen(move, row)
        else:
            _correct(move, row)
    if step is Step.REOPEN:
        apply_waiting(case=move.case, at=at)


def _reopen(move: Move, row: Approval) -> None:
    move.facts = {"approval": row.pk, "asked_by": row.asked_by.number}
    _require_only_open_case(move.case, at=move.at)
    _resume_where_the_paper_is(move.case)
    move.case.reopen(at=move.at)
    move.case.resume_state = ""


def _correct(move: Move, row: Approval) -> None:
    stamp, value = row.facts["stamp"], datetime.fromisoformat(row.facts["at"])
    require_order(move.case, stamp=stamp, value=value)
    old = getattr(move.case, stamp)
    move.facts = {
        "approval": row.pk, "stamp": stamp, "old": old.isoformat() if old else None, "new": value.isoformat(),
        "asked_by": row.asked_by.number,
    }  # fmt: skip
    move.case.correct_stamp(stamp=stamp, value=value)
    if old is not None:
        move.clocks.correct(stamp, old=old, new=value)


def _require_only_open_case(case: Application, *, at: datetime) -> None:
    """Refused while another case of the same client is open: it may have begun when this one had ended."""
    client = case.applicant
    person = Person(
        name=client.name_mask,
        mobile=client.mobile.reveal() if client.mobile else "",
        id_number=client.id_number.reveal() if client.id_number else "",
    )
    require_no_duplicate(person, at=at, besides=case.pk)


def _resume_where_the_paper_is(case: Application) -> None:
    """A case that ended in a bag may find the bag unsealed, under way or received: it goes on where the paper is, for
    out of BAGGED and IN_TRANSIT only a bag leads."""
    if case.resume_state not in (State.BAGGED, State.IN_TRANSIT):
        return
    item = case.bag_items.select_related("bag").order_by("-id").first()
    bag = item.bag if item else None
    state = _state_of_paper(item)
    case.resume_state = state
    case.bagged_at = bag.sealed_at if bag and state != State.TAKEN_IN else None
    case.dispatched_at = bag.handed_over_at if bag and state != State.TAKEN_IN else None
    case.received_at = bag.received_at if bag and state == State.RECEIVED else None


def _state_of_paper(item: BagItem | None) -> State:
    """Where the last bag of a file has left it. A missing one is on its way while its incident is open."""
    if item is None:
        return State.TAKEN_IN
    if item.fate == BagItem.Fate.RECEIVED:
        return State.RECEIVED
    if item.fate == BagItem.Fate.MISSING:
        is_looked_for = item.bag.incidents.filter(application=item.application_id, closed_at=None).exists()
        return State.IN_TRANSIT if is_looked_for else State.TAKEN_IN
    under_way = {Bag.State.SEALED: State.BAGGED, Bag.State.HANDED_OVER: State.IN_TRANSIT}
    return under_way.get(Bag.State(item.bag.state), State.TAKEN_IN)


def _word(word: str) -> dict[str, str]:
    return {"word": word, "of": "approval"}


def _stamp_label(name: str) -> Any:
    return getattr(Application._meta.get_field(name), "verbose_name", name)


def _require_text(text: str) -> None:
    if not text.strip():
        raise Malformed("reason_missing", _("Give the reason: it stands in the history."), {"note": _("Required.")})
