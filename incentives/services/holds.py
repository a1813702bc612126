"""暂缓: entries that may not be certified or paid for now. One mechanism, and per cause its own way out.

======== ================================ ============================================
cause    who puts it on                   the way out
======== ================================ ============================================
AUDIT    audit                            audit or a supervisor, with a reason
FRAUD    the system: a case's risk flag   audit or a supervisor, for the whole case
COMPLAINT the system: an open complaint    the complaint's end, if not upheld; upheld: audit
          or audit by hand                 or a supervisor, or audit's claw-back
LEFT     the system: the payee has left   HR: pay or void (services/leavers.py)
======== ================================ ============================================

The system's holds are pulled: by the periodic job, and by certification and export in their own transaction first.
Shares that wait for their payee are no holds: services/releases.py.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from applications.services.risk import clear_risk_flag
from incentives import errors
from incentives.lifecycle import EntryKind, EntryState, HoldCause, PayeeKind
from incentives.models import Hold, RewardEntry
from incentives.querysets import RewardEntryQuerySet
from incentives.results import RowResult
from incentives.services.locks import lock_ledger
from incentives.services.requests import require_text
from ops_center.clock import local_day
from ops_center.kernel.errors import DomainError, Malformed, Refused
from ops_center.kernel.money import yuan
from organization.models import Employee
from organization.roles import Employment, Role
from organization.services.audit import record
from organization.services.inbox import tell
from supervision.models import Complaint

BY_HAND = (HoldCause.AUDIT, HoldCause.COMPLAINT)
RELEASERS = (Role.AUD, Role.SUP)
MOST = 200  # entries in one go
RELEASED = gettext_lazy("Released")
NOT_UPHELD = gettext_lazy("The complaint found no fault with this.")


# -- by people ---------------------------------------------------------------------------------------------------------
@transaction.atomic
def hold(*, entry: int, reason: str, actor: Employee, at: datetime, cause: str = HoldCause.AUDIT) -> RewardEntry:
    """An auditor keeps an entry from being certified and paid, with a reason; before it has been exported."""
    errors.require_role(actor, Role.AUD, at=at)
    require_text(reason)
    if cause not in BY_HAND:
        sentence = _("Only audit and complaint are causes that a person chooses; the others come by themselves.")
        raise Malformed("bad_cause", sentence, {"cause": sentence})
    lock_ledger()
    found = visible_entry(entry, actor=actor, at=at)
    if refusal := why_not_hold(found, actor=actor):
        raise refusal
    Hold.objects.create(entry=found, cause=cause, reason=reason.strip(), by=actor, at=at)
    record(action="hold_reward", at=at, actor=actor, subject=found.assessment.application.number, entry=found.pk)
    return visible_entry(entry, actor=actor, at=at)


def why_not_hold(entry: RewardEntry, *, actor: Employee) -> Refused | None:
    """What keeps this person from holding an entry, read with its state. The page shows no button then."""
    match entry.state:
        case EntryState.HELD:
            return Refused("already_held", _("This entry is held already."))
        case EntryState.EXPORTED | EntryState.PAID:
            return Refused(
                "already_exported",
                _("This entry has been exported for payment. What is paid is taken back by a claw-back."),
            )
        case EntryState.VOIDED | EntryState.REVERSED:
            return Refused("entry_closed", _("This entry is closed: nothing will be paid for it."))
    return why_not_own([entry], actor=actor)


@transaction.atomic
def release(*, entry: int, reason: str, actor: Employee, at: datetime) -> RewardEntry:
    """Ends a hold, with a reason; the entry goes on from where it stood. A risk flag is taken off the whole case."""
    errors.require_role(actor, *RELEASERS, at=at)
    require_text(reason)
    lock_ledger()
    found = visible_entry(entry, actor=actor, at=at)
    row = Hold.objects.filter(entry=found, released_at=None).first()
    if row is None and found.state == EntryState.HELD:
        raise Refused(
            "waits_by_rule",
            _("Nobody put this share on hold: it waits for its payee (%(why)s) and is released by itself.")
            % {"why": found.get_why_display()},
        )
    if row is None:
        raise Refused("not_held", _("This entry is not held."))
    if refusal := why_not_release(row, own=own_holds(actor)):
        raise refusal
    freed = [found]
    if row.cause == HoldCause.FRAUD:
        clear_risk_flag(case=found.assessment.application.number, actor=actor, at=at, reason=reason)
        held = Hold.objects.filter(released_at=None, cause=HoldCause.FRAUD).values("entry_id")
        freed = list(RewardEntry.objects.filter(assessment=found.assessment_id, pk__in=held))
    end_holds(freed, by=actor, at=at, reason=reason)
    record(action="release_reward", at=at, actor=actor, subject=found.assessment.application.number, entry=found.pk)
    return visible_entry(entry, actor=actor, at=at)


def why_not_release(row: Hold, *, own: Collection[int]) -> Refused | None:
    """What keeps a releaser from ending an open hold; ``own`` are that person's ``own_holds``. The list shows the
    sentence instead of the tick."""
    if row.cause == HoldCause.LEFT:
        return Refused("hr_decides", _("The payee has left: HR decides whether this is paid or voided."))
    if row.complaint is not None and row.complaint.is_open:
        return Refused(
            "complaint_open",
            _("Complaint %(number)s is open: it is released when the complaint is closed and not upheld.")
            % {"number": row.complaint.number},
        )
    return _own_reward() if row.pk in own else None


def own_holds(actor: Employee) -> set[int]:
    """Keys of the open holds whose end would free money of this person's own. A risk flag comes off the whole case, so
    one's own share in it is enough."""
    own = Hold.objects.filter(released_at=None, entry__payee=actor)
    flagged = own.filter(cause=HoldCause.FRAUD).values("entry__assessment")
    concerned = Q(entry__payee=actor) | Q(cause=HoldCause.FRAUD, entry__assessment__in=flagged)
    return set(Hold.objects.filter(concerned, released_at=None).values_list("pk", flat=True))


def release_each(*, entries: Sequence[int], reason: str, actor: Employee, at: datetime) -> list[RowResult]:
    """Releases many entries, each for itself. What another row has freed with its case counts as released."""
    if not 0 < len(entries) <= MOST:
        sentence = _("Choose between 1 and %(most)s entries.") % {"most": MOST}
        raise Malformed("bad_selection", sentence, {"entries": sentence})
    return [_release(entry, reason=reason, actor=actor, at=at) for entry in dict.fromkeys(entries)]


def _release(entry: int, *, reason: str, actor: Employee, at: datetime) -> RowResult:
    found = RewardEntry.objects.visible_to(actor, at).with_trace().filter(pk=entry).first()
    name = str(entry) if found is None else f"{found.assessment.application.number} {found.get_role_display()}"
    if not Hold.objects.filter(entry=entry, released_by=actor, released_at=at).exists():
        try:
            release(entry=entry, reason=reason, actor=actor, at=at)
        except DomainError as refusal:
            return RowResult(name, refusal)
    return RowResult(name, word=RELEASED)


def why_not_own(entries: Iterable[RewardEntry], *, actor: Employee) -> Refused | None:
    """Nobody decides about money of his own; the tables refuse it too."""
    return _own_reward() if any(entry.payee_id == actor.pk for entry in entries) else None


def _own_reward() -> Refused:
    return Refused("own_reward", _("This is your own reward, so a colleague decides."))


def end_holds(entries: Collection[RewardEntry], *, by: Employee | None, at: datetime, reason: str) -> int:
    """Ends the open holds of these entries, with the ledger locked; returns how many. Refused for one's own money."""
    if by is not None and (refusal := why_not_own(entries, actor=by)):
        raise refusal
    rows = Hold.objects.filter(entry__in=[entry.pk for entry in entries], released_at=None)
    return rows.update(released_by=by, released_at=at, release_reason=reason.strip())


def visible_entry(entry: int, *, actor: Employee, at: datetime) -> RewardEntry:
    """An entry in this person's sight, with its state; OutOfSight otherwise."""
    found = RewardEntry.objects.visible_to(actor, at).with_trace().filter(pk=entry).first()
    if found is None:
        raise errors.not_found()
    return found


# -- by the system -----------------------------------------------------------------------------------------------------
@transaction.atomic
def pull_holds(*, at: datetime) -> Counter[str]:
    """Holds what must not be paid for now: of flagged cases, of people who have left, and what complaints are about.
    Counts the first two."""
    lock_ledger()
    pull_complaint_holds(at=at)
    flagged = list(holdable().filter(assessment__application__is_risk=True).select_related("assessment__application"))
    _put_on(flagged, cause=HoldCause.FRAUD, at=at)
    for number in sorted({entry.assessment.application.number for entry in flagged}):
        auditors = Employee.objects.holding(Role.AUD, on=local_day(at))
        tell(auditors, kind="risk_held", at=at, about="/holds/", number=number)
    # What HR has decided about stays decided; what accrues later is decided anew.
    decided = Hold.objects.filter(entry=OuterRef("pk"), cause=HoldCause.LEFT)
    gone = Employee.objects.filter(Q(is_active=False) | Q(left_on__lte=local_day(at)))
    leavers = gone.exclude(employment=Employment.RETIREE)
    left = list(holdable().filter(~Exists(decided), payee__in=leavers).select_related("payee"))
    _put_on(left, cause=HoldCause.LEFT, at=at)
    sums: Counter[Employee] = Counter()
    for entry in left:
        if entry.payee is not None:
            sums[entry.payee] += entry.amount_fen
    for person, total in sums.items():
        tell(Employee.objects.holding(Role.HR, on=local_day(at)), kind="leaver_held", at=at, about="/leavers/",
             person=person.name, amount=yuan(total))  # fmt: skip
    return Counter(flagged=len(flagged), left=len(left))


def holdable() -> RewardEntryQuerySet:
    """Entries that wait for their payment and that nobody holds. Money that is taken back is never held."""
    return (
        RewardEntry.objects.not_exported()
        .not_voided()
        .not_on_hold()
        .filter(mirrored_by=None)
        .exclude(kind=EntryKind.REVERSAL)
        .exclude(payee_kind=PayeeKind.HELD)
    )


@transaction.atomic
def pull_complaint_holds(*, at: datetime) -> Counter[str]:
    """An open complaint about the sale keeps what its seller earns from the case (S26), a denial what everybody does.

    It ends when the complaint is closed and not upheld, and for the seller who was not at fault. Upheld it stays, until
    audit takes the money back or lets it go. A complaint holds an entry once: what was let go by hand is not held again
    for the same.
    """
    lock_ledger()
    another_at_fault = Q(complaint__is_upheld=True, complaint__about=Complaint.About.SALE) & ~Q(
        entry__payee=F("complaint__against")
    )
    ended = Hold.objects.filter(Q(complaint__is_upheld=False) | another_at_fault, released_at=None)
    released = ended.update(released_at=at, release_reason=str(NOT_UPHELD))
    concerned = Q(assessment__application__complaints__about=Complaint.About.DENIES) | (
        Q(assessment__application__complaints__about=Complaint.About.SALE)
        & (
            Q(payee=F("assessment__application__complaints__against"))
            | Q(assessment__application__complaints__against=None, payee=F("assessment__application__collector"))
            | Q(assessment__application__complaints__against=None, payee=F("assessment__application__referrer"))
        )
    )
    standing = Q(assessment__application__complaints__closed_at=None) | Q(
        assessment__application__complaints__is_upheld=True
    )
    pairs = (
        holdable()
        .filter(concerned & standing)
        .annotate(complaint=F("assessment__application__complaints"))
        .filter(~Exists(Hold.objects.filter(entry=OuterRef("pk"), complaint=OuterRef("complaint"))))
        .order_by("pk", "complaint")
        .distinct("pk")
        .values_list("pk", "complaint", "assessment__application__complaints__number")
    )
    rows = [
        Hold(entry_id=entry, cause=HoldCause.COMPLAINT, complaint_id=complaint, reason=number, at=at)
        for entry, complaint, number in pairs
    ]
    Hold.objects.bulk_create(rows, batch_size=5_000)
    return Counter(held=len(rows), released=released)


def _put_on(entries: Iterable[RewardEntry], *, cause: HoldCause, at: datetime, reason: str = "") -> None:
    Hold.objects.bulk_create(
        (Hold(entry=entry, cause=cause, reason=reason, at=at) for entry in entries), batch_size=5_000
    )
