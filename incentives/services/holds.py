"""暂缓: what may not be paid for now. Shares whose payee is undecided, and entries that somebody has put on hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, Max, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from applications.lifecycle import Performance
from applications.models import Application, Performer
from incentives import errors
from incentives.lifecycle import EntryKind, EntryState, PayeeKind, Why
from incentives.models import Hold, RewardEntry
from incentives.rules import COACHING_WAIT, Share, released, waits_until
from incentives.services.locks import lock_ledger
from ops_center.clock import local_day
from ops_center.kernel.errors import Malformed, Refused
from ops_center.kernel.money import yuan
from organization.models import Employee
from organization.roles import Role
from organization.services.audit import record
from organization.services.inbox import tell

BATCH = 500  # entries per transaction


# -- shares that wait for their payee ----------------------------------------------------------------------------------
def release_due_holds(*, at: datetime) -> Counter[str]:
    """Gives held shares to whom they turned out to belong: to the officer who coached in time, to the person whose
    qualification was renewed in time, else to the pool. Counts ``released`` and ``pooled``."""
    due = list(_ripe(at).order_by("pk").values_list("pk", flat=True))
    counts: Counter[str] = Counter()
    for start in range(0, len(due), BATCH):
        counts += _release(due[start : start + BATCH], at=at)
    return counts


def _ripe(at: datetime) -> QuerySet[RewardEntry]:
    """Undecided entries about which something may have become known."""
    coached = Performer.objects.filter(
        application=OuterRef("assessment_id"), role=Performance.AFTER_SALES, employee__isnull=False
    )
    has_waited = Q(assessment__application__activated_at__lte=at - COACHING_WAIT)
    return RewardEntry.objects.undecided().filter(~Q(why=Why.NO_COACHING) | has_waited | Exists(coached))


@transaction.atomic
def _release(entries: Sequence[int], *, at: datetime) -> Counter[str]:
    cases = RewardEntry.objects.filter(pk__in=entries).values("assessment_id")
    free = Application.objects.filter(pk__in=cases).order_by("pk").select_for_update(skip_locked=True, no_key=True)
    locked = list(free.values_list("pk", flat=True))
    # Looked at again under the lock: what another worker has released meanwhile is not undecided any more.
    held = list(
        RewardEntry.objects.undecided()
        .filter(pk__in=entries, assessment__in=locked)
        .select_related("assessment__application", "payee")
        .order_by("pk")
    )
    officers = dict(
        Performer.objects.filter(application__in=locked, role=Performance.AFTER_SALES).values_list(
            "application_id", "employee_id"
        )
    )
    decided = [
        (entry, share)
        for entry in held
        if (share := _decide(entry, officer=officers.get(entry.assessment_id), at=at)) is not None
    ]
    RewardEntry.objects.bulk_create(_pairs(decided, at=at))  # one statement: each case stays whole
    for entry, share in decided:
        number = entry.assessment.application.number
        tell([share.payee], kind="reward_released", at=at, about="/rewards/", number=number,
             amount=yuan(share.amount_fen))  # fmt: skip
    return Counter("pooled" if share.payee_kind == PayeeKind.POOL else "released" for _entry, share in decided)


def _decide(entry: RewardEntry, *, officer: int | None, at: datetime) -> Share | None:
    case = entry.assessment.application
    held = Share(Performance(entry.role), entry.amount_fen, PayeeKind.HELD, entry.payee_id, entry.why)
    until = waits_until(entry.why, activated_at=case.activated_at or entry.at)
    if entry.payee is None:
        came_to = officer
    else:
        is_renewed = entry.payee.is_qualified(local_day(min(at, until)))
        came_to = entry.payee_id if is_renewed else None
    return released(held, came_to=came_to, until=until, at=at)


def _pairs(decided: Sequence[tuple[RewardEntry, Share]], *, at: datetime) -> list[RewardEntry]:
    """For each held entry its mirror and the entry of who gets it, numbered after those that stand."""
    numbered = RewardEntry.objects.filter(
        kind=EntryKind.SPLIT, assessment__in=[entry.assessment_id for entry, _share in decided]
    )
    last = {
        (case, role): highest
        for case, role, highest in numbered.values_list("assessment_id", "role").annotate(highest=Max("sequence"))
    }
    rows: list[RewardEntry] = []
    for entry, share in decided:
        after = last[entry.assessment_id, entry.role]
        common = {"assessment_id": entry.assessment_id, "role": entry.role, "at": at}
        rows += [
            RewardEntry(
                **common, sequence=after + 1, amount_fen=-entry.amount_fen, payee_kind=PayeeKind.HELD,
                payee_id=entry.payee_id, mirrors=entry, why=share.why,
            ),
            RewardEntry(
                **common, sequence=after + 2, amount_fen=share.amount_fen, payee_kind=share.payee_kind,
                payee_id=share.payee, why=share.why,
            ),
        ]  # fmt: skip
    return rows


# -- holds that somebody puts on ---------------------------------------------------------------------------------------
@transaction.atomic
def hold(*, entry: int, reason: str, actor: Employee, at: datetime) -> RewardEntry:
    """An auditor keeps an entry from being certified and paid, with a reason; before it has been exported."""
    errors.require_role(actor, Role.AUD, at=at)
    _require_reason(reason)
    lock_ledger()
    found = visible_entry(entry, actor=actor, at=at)
    match found.state:
        case EntryState.HELD:
            raise Refused("already_held", _("This entry is held already."))
        case EntryState.EXPORTED | EntryState.PAID:
            raise Refused(
                "already_exported",
                _("This entry has been exported for payment. What is paid is taken back by a reversal."),
            )
        case EntryState.VOIDED | EntryState.REVERSED:
            raise Refused("entry_closed", _("This entry is closed: nothing will be paid for it."))
    Hold.objects.create(entry=found, reason=reason.strip(), by=actor, at=at)
    record(action="hold_reward", at=at, actor=actor, subject=found.assessment.application.number, entry=found.pk)
    return visible_entry(entry, actor=actor, at=at)


@transaction.atomic
def release(*, entry: int, reason: str, actor: Employee, at: datetime) -> RewardEntry:
    """Ends a hold, with a reason; the entry goes on from where it stood."""
    errors.require_role(actor, Role.AUD, Role.SUP, at=at)
    _require_reason(reason)
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
    row.released_by, row.released_at, row.release_reason = actor, at, reason.strip()
    row.save(update_fields=["released_by", "released_at", "release_reason"])
    record(action="release_reward", at=at, actor=actor, subject=found.assessment.application.number, entry=found.pk)
    return visible_entry(entry, actor=actor, at=at)


def visible_entry(entry: int, *, actor: Employee, at: datetime) -> RewardEntry:
    """An entry in this person's sight, with its state; OutOfSight otherwise."""
    found = RewardEntry.objects.visible_to(actor, at).with_trace().filter(pk=entry).first()
    if found is None:
        raise errors.not_found()
    return found


def _require_reason(reason: str) -> None:
    if not reason.strip():
        raise Malformed("reason_missing", _("Give the reason."), {"reason": _("Give the reason.")})
