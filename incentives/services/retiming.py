"""What was booked for being in time, or late, follows the clock that ends otherwise afterwards: an outage that is
declared later exempts it, an explanation is accepted, a stamp is corrected (domain sections 5 and 8).

A trigger puts every such case into a queue, in the transaction of the new verdict. The rule is asked again with the
clocks as they are now: a line that it would not write any more is undone by its mirror, what it would write instead
stands beside it. Of what has left the house the mirror comes with the next document. What a person has voided or
clawed back stays so, and what is under a hold waits for its end.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from applications.models import Application
from incentives.lifecycle import EntryKind, PayeeKind, Verdict, Why
from incentives.models import ChangedVerdict, Hold, RewardEntry
from incentives.rules import Line, timeliness_of
from incentives.services.confirmations import leave_drafts
from incentives.services.facts import Case, read_cases
from incentives.services.ledger import Numbers, line_beside, line_of, mirror_of
from incentives.services.locks import lock_ledger
from ops_center.kernel.money import yuan
from organization.services.inbox import tell

BATCH = 500  # cases per transaction


def follow_verdicts(*, at: datetime) -> Counter[str]:
    """Counts the timeliness of the cases in the queue again. Counts ``undone`` and ``written`` lines."""
    counts: Counter[str] = Counter()
    cases = list(_waiting().order_by("application").values_list("application", flat=True).distinct())
    for start in range(0, len(cases), BATCH):
        counts += _follow(cases[start : start + BATCH], at=at)
    return counts


def _waiting() -> QuerySet[ChangedVerdict]:
    """Cases that have their entries, none of whose timeliness is held: the others stay in the queue."""
    held = Hold.objects.filter(
        released_at=None, entry__assessment=OuterRef("application"), entry__kind=EntryKind.TIMELINESS
    )
    return ChangedVerdict.objects.filter(~Exists(held), application__assessment__isnull=False)


@transaction.atomic
def _follow(cases: Sequence[int], *, at: datetime) -> Counter[str]:
    lock_ledger()
    free = Application.objects.filter(pk__in=cases).order_by("pk").select_for_update(skip_locked=True, no_key=True)
    locked = list(free.values_list("pk", flat=True))
    queued = list(_waiting().filter(application__in=locked).values_list("pk", flat=True))
    facts = read_cases(Application.objects.filter(pk__in=locked), at=at)
    lines: dict[int, list[RewardEntry]] = defaultdict(list)
    earned = RewardEntry.objects.filter(
        assessment__in=locked, assessment__verdict=Verdict.EARNED, kind__in=[EntryKind.SPLIT, EntryKind.TIMELINESS]
    )
    for entry in earned.select_related("assessment__policy", "assessment__application", "mirrored_by").order_by("pk"):
        lines[entry.assessment_id].append(entry)
    exported = set(earned.exported().values_list("pk", flat=True))
    numbers = Numbers(lines)
    undone: list[RewardEntry] = []
    written: list[RewardEntry] = []
    for case, entries in lines.items():
        for share, booked, line in _otherwise(facts[case], entries):
            undone += booked
            if line is not None:
                written.append(_instead(share, line, numbers, at=at))
    mirrors = [
        mirror_of(entry, numbers=numbers, at=at, why=Why.RETIMED,
                  kind=EntryKind.REVERSAL if entry.pk in exported else EntryKind.TIMELINESS)
        for entry in undone
    ]  # fmt: skip
    RewardEntry.objects.bulk_create([*mirrors, *written])
    leave_drafts(undone)
    ChangedVerdict.objects.filter(pk__in=queued).delete()
    _tell(undone, written, at=at)
    return Counter(undone=len(undone), written=len(written))


def _otherwise(
    case: Case, entries: Sequence[RewardEntry]
) -> Iterator[tuple[RewardEntry, list[RewardEntry], Line | None]]:
    """The shares whose timeliness is booked otherwise than the clocks say now: what of it stands, and what the rule
    would write instead."""
    for share in entries:
        if share.kind != EntryKind.SPLIT or not _stands(share):
            continue
        timed = [entry for entry in entries if entry.kind == EntryKind.TIMELINESS and entry.role == share.role]
        booked = [entry for entry in timed if _stands(entry)]
        if any(entry.payee_kind == PayeeKind.HELD for entry in booked) or any(map(_by_a_person, timed)):
            continue  # what waits is settled by the clocks when its time comes
        policy = share.assessment.policy
        assert policy is not None, "what was earned has its policy"
        line = timeliness_of(line_of(share), case.facts, policy.terms)
        due = [] if line is None else [(line.amount_fen, line.payee_kind)]
        # What lapsed by the cap gives a part of the penalty back: it stands and falls with it.
        if due != [(entry.amount_fen, entry.payee_kind) for entry in booked if entry.why != Why.CAP_LAPSED]:
            yield share, booked, line


def _stands(entry: RewardEntry) -> bool:
    return entry.mirrors_id is None and _undoing(entry) is None


def _by_a_person(entry: RewardEntry) -> bool:
    """Voided, or clawed back."""
    by = _undoing(entry)
    return by is not None and (by.kind == EntryKind.REVERSAL or by.why == Why.VOIDED) and by.why != Why.RETIMED


def _undoing(entry: RewardEntry) -> RewardEntry | None:
    return getattr(entry, "mirrored_by", None)


def _instead(share: RewardEntry, line: Line, numbers: Numbers, *, at: datetime) -> RewardEntry:
    return line_beside(
        share, kind=EntryKind.TIMELINESS, numbers=numbers, at=at, amount_fen=line.amount_fen,
        payee_kind=line.payee_kind, payee=line.payee, why=line.why,
    )  # fmt: skip


def _tell(undone: Iterable[RewardEntry], written: Iterable[RewardEntry], *, at: datetime) -> None:
    """Each payee hears once per case what was booked and what stands now."""
    booked: Counter[tuple[int, int]] = Counter()
    stands: Counter[tuple[int, int]] = Counter()
    number: dict[int, str] = {}
    for sums, entries in ((booked, undone), (stands, written)):
        for entry in entries:
            if entry.payee_id is not None:
                sums[entry.assessment_id, entry.payee_id] += entry.amount_fen
                number[entry.assessment_id] = entry.assessment.application.number
    for case, payee in sorted({*booked, *stands}):
        tell([payee], kind="timeliness_counted_again", at=at, about="/rewards/", number=number[case],
             booked=yuan(booked[case, payee]), amount=yuan(stands[case, payee]))  # fmt: skip
