"""What waits for something to become known: each such line is undone by its mirror and written anew for whom it is.

A held share waits for the coaching, the renewal of a qualification, the first spend. A held timeliness line waits for
its share and for the decision on the explanation, and is then judged by what the clocks say.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import DateTimeField, Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet

from applications.lifecycle import Performance
from applications.models import Application, Performer
from incentives.lifecycle import EntryKind, PayeeKind, Trigger, Why
from incentives.models import RewardEntry
from incentives.querysets import RewardEntryQuerySet
from incentives.rules import COACHING_WAIT, RENEWAL_WAIT, CaseFacts, Line, Wait, released, timeliness_of
from incentives.services.facts import read_cases
from incentives.services.ledger import Numbers, line_beside, line_of, mirror_of
from ops_center.clock import local_day
from ops_center.kernel.money import yuan
from organization.services.inbox import tell

BATCH = 500  # entries per transaction


def release_due_holds(*, at: datetime) -> Counter[str]:
    """Gives held shares to whom they turned out to belong, or to the pool, and writes the timeliness lines about which
    nothing is open any more. Counts ``released`` and ``pooled`` shares, and ``settled`` timeliness lines."""
    counts: Counter[str] = Counter()
    for due, release in ((_ripe_shares(at), _release_shares), (_ripe_timeliness(), _settle_timeliness)):
        entries = list(due.order_by("pk").values_list("pk", flat=True))
        for start in range(0, len(entries), BATCH):
            counts += release(entries[start : start + BATCH], at=at)
    return counts


def _locked(entries: Sequence[int]) -> list[RewardEntry]:
    """Those of these held entries that still are, with their cases locked. Looked at again under the lock: what another
    worker has released meanwhile is not undecided any more."""
    cases = RewardEntry.objects.filter(pk__in=entries).values("assessment_id")
    free = Application.objects.filter(pk__in=cases).order_by("pk").select_for_update(skip_locked=True, no_key=True)
    locked = list(free.values_list("pk", flat=True))
    held = RewardEntry.objects.undecided().filter(pk__in=entries, assessment__in=locked).order_by("pk")
    return list(held.select_related("assessment__application", "assessment__bounty", "assessment__policy", "payee"))


# -- shares ------------------------------------------------------------------------------------------------------------
def _ripe_shares(at: datetime) -> QuerySet[RewardEntry]:
    """Undecided shares about which something may have become known."""
    coached = Performer.objects.filter(
        application=OuterRef("assessment_id"), role=Performance.AFTER_SALES, employee__isnull=False
    )
    activated = F("assessment__application__activated_at")
    is_spent = Q(assessment__application__first_spend_at__isnull=False)
    spend_wait = F("assessment__bounty__spend_days") * timedelta(days=1)
    return (
        RewardEntry.objects.undecided()
        .annotate(
            coaching_until=ExpressionWrapper(activated + COACHING_WAIT, DateTimeField()),
            spend_until=ExpressionWrapper(activated + spend_wait, DateTimeField()),
        )
        .filter(
            ~Q(why__in=[Why.NO_COACHING, Why.AWAITS_SPEND])
            | Q(why=Why.NO_COACHING) & (Q(coaching_until__lte=at) | Exists(coached))
            | Q(why=Why.AWAITS_SPEND) & (Q(spend_until__lte=at) | is_spent),
            kind=EntryKind.SPLIT,
        )
    )


@transaction.atomic
def _release_shares(entries: Sequence[int], *, at: datetime) -> Counter[str]:
    held = _locked(entries)
    coached = Performer.objects.filter(
        application__in=[entry.assessment_id for entry in held], role=Performance.AFTER_SALES
    )
    officers = dict(coached.values_list("application_id", "employee_id"))
    numbers = Numbers(entry.assessment_id for entry in held)
    rows: list[RewardEntry] = []
    counts: Counter[str] = Counter()
    for entry in held:
        came_to = officers.get(entry.assessment_id) if entry.why == Why.NO_COACHING else entry.payee_id
        share = released(
            line_of(entry), waits=_waits(entry, coached=came_to is not None, at=at), came_to=came_to, at=at
        )
        if share is None:
            continue
        rows += [mirror_of(entry, numbers=numbers, at=at, why=share.why), _beside(entry, share, numbers, at=at)]
        counts["pooled" if share.payee_kind is PayeeKind.POOL else "released"] += 1
        tell([share.payee], kind="reward_released", at=at, about="/rewards/",
             number=entry.assessment.application.number, amount=yuan(share.amount_fen))  # fmt: skip
    RewardEntry.objects.bulk_create(rows)  # one statement: each case stays whole
    return counts


def _waits(entry: RewardEntry, *, coached: bool, at: datetime) -> list[Wait]:
    """All that a held share waits for. What has come in its time counts, however late the pass."""
    case, bounty = entry.assessment.application, entry.assessment.bounty
    start = case.activated_at or entry.at
    waits = []
    if entry.why == Why.NO_COACHING:
        waits.append(Wait(coached, start + COACHING_WAIT, came=Why.COACHED, missed=Why.NOT_COACHED))
    if entry.why == Why.QUALIFICATION_LAPSED and entry.payee is not None:
        until = start + RENEWAL_WAIT
        is_renewed = entry.payee.is_qualified(local_day(min(at, until)))
        waits.append(Wait(is_renewed, until, came=Why.RENEWED, missed=Why.NOT_RENEWED))
    if bounty is not None and bounty.trigger == Trigger.ACTIVATION_AND_SPEND:
        until = start + timedelta(days=bounty.spend_days)
        has_spent = case.first_spend_at is not None and case.first_spend_at <= until
        waits.append(Wait(has_spent, until, came=Why.SPENT, missed=Why.NOT_SPENT))
    return waits


# -- timeliness --------------------------------------------------------------------------------------------------------
def _ripe_timeliness() -> QuerySet[RewardEntry]:
    """Undecided timeliness lines whose share is decided."""
    share = RewardEntry.objects.undecided().filter(
        kind=EntryKind.SPLIT, assessment=OuterRef("assessment"), role=OuterRef("role"), payee=OuterRef("payee")
    )
    return RewardEntry.objects.undecided().filter(~Exists(share), kind=EntryKind.TIMELINESS)


@transaction.atomic
def _settle_timeliness(entries: Sequence[int], *, at: datetime) -> Counter[str]:
    held = _locked(entries)
    cases = [entry.assessment_id for entry in held]
    facts = read_cases(Application.objects.filter(pk__in=cases), at=at)
    shares = {(row.assessment_id, row.role): row for row in _shares_of(cases).order_by("pk")}  # the newest of a role
    numbers = Numbers(cases)
    rows: list[RewardEntry] = []
    counts: Counter[str] = Counter()
    for entry in held:
        share = shares[entry.assessment_id, entry.role]
        line = _timeliness(entry, share, facts[entry.assessment_id].facts)
        if line is not None and line.payee_kind is PayeeKind.HELD:
            continue
        if line is None:
            is_theirs = share.payee_id == entry.payee_id
            rows.append(mirror_of(entry, numbers=numbers, at=at, why=Why.EXPLAINED if is_theirs else share.why))
        else:
            rows.append(mirror_of(entry, numbers=numbers, at=at, why=line.why))
            rows.append(_beside(entry, line, numbers, at=at))
        counts["settled"] += 1
    RewardEntry.objects.bulk_create(rows)
    return counts


def _shares_of(cases: Sequence[int]) -> RewardEntryQuerySet:
    return RewardEntry.objects.not_voided().filter(kind=EntryKind.SPLIT, assessment__in=cases)


def _timeliness(entry: RewardEntry, share: RewardEntry, facts: CaseFacts) -> Line | None:
    """What the clocks say now about whoever got the share; nothing where it went to somebody else or to the pool."""
    policy = entry.assessment.policy
    if policy is None or share.payee_id != entry.payee_id:
        return None
    return timeliness_of(line_of(share), facts, policy.terms)


# -- both --------------------------------------------------------------------------------------------------------------
def _beside(entry: RewardEntry, line: Line, numbers: Numbers, *, at: datetime) -> RewardEntry:
    return line_beside(
        entry, numbers=numbers, at=at, amount_fen=line.amount_fen, payee_kind=line.payee_kind, payee=line.payee,
        why=line.why,
    )  # fmt: skip
