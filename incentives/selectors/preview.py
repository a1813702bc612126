"""A month once more, as drafts would have paid it: the same cases and the same rule, other prices.

Both sides are reckoned by the rule from the facts of the cases as they are known now, so that every difference is the
drafts' and nothing else's. What was undone or decided later by people (claw-backs, corrections) is on neither side.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from applications.lifecycle import Performance
from applications.models import Application
from incentives.lifecycle import ROLES, EntryKind, PayeeKind, Verdict, Why
from incentives.models import Assessment, Bounty, RewardEntry, SplitPolicy
from incentives.periods import Period
from incentives.rules import Line, lines_of, verdict_on
from incentives.services.caps import beyond_cap
from incentives.services.facts import Case, read_cases
from incentives.services.pricing import PriceBook
from ops_center.clock import local_day
from ops_center.kernel.errors import Malformed
from organization.models import Employee
from organization.models.versions import PolicyStatus

OFFERED_MONTHS = 12


@dataclass(frozen=True, slots=True)
class Comparison:
    """Of one role, one person, one kind of line or payee, or of all, in fen."""

    what: Any
    before_fen: int
    after_fen: int

    @property
    def difference_fen(self) -> int:
        return self.after_fen - self.before_fen


@dataclass(frozen=True, slots=True)
class Preview:
    """What one month's activations earned, and what they would have earned."""

    period: Period
    cases: int
    touched: int  # cases to which one of the drafts would have applied
    unearned: int  # cases that would have earned nothing, for want of a first spend
    total: Comparison
    lines: list[Comparison]  # the shares by role in the fixed order, then what is paid or taken beside them
    payee_kinds: list[Comparison]
    people: list[Comparison]  # by number of the employee

    @property
    def gainers(self) -> list[Comparison]:
        return sorted((row for row in self.people if row.difference_fen > 0), key=lambda row: -row.difference_fen)

    @property
    def losers(self) -> list[Comparison]:
        return sorted((row for row in self.people if row.difference_fen < 0), key=lambda row: row.difference_fen)


@dataclass(frozen=True, slots=True)
class Tried:
    """The versions that are tried out together, as if they had been in force all month."""

    policy: SplitPolicy | None
    bounties: Collection[Bounty]

    def bounty_of(self, case: Case) -> Bounty | None:
        fitting = (row for row in self.bounties if row.product_id == case.product_id and _covers(row, case))
        return next(fitting, None)

    @property
    def policy_of_all(self) -> SplitPolicy | None:
        """What would have held bank-wide: its cap closes a month."""
        return None if self.policy is None or self.policy.is_pilot else self.policy

    def policy_of(self, case: Case) -> SplitPolicy | None:
        return self.policy if self.policy is not None and _covers(self.policy, case) else None


def may_be_tried(on: date) -> Q:
    """Versions that are not in force yet: drafts, and what is approved for a later day."""
    return Q(status=PolicyStatus.DRAFT) | Q(status=PolicyStatus.APPROVED, starts_on__gt=on)


def tried_of(*, split: int | None, bounties: Collection[int], on: date) -> Tried:
    """The versions by number and keys. Malformed for one that is not there, or in force already."""
    splits = SplitPolicy.objects.filter(may_be_tried(on), number__in=[split] if split is not None else [])
    policy = splits.prefetch_related("shares", "branches").first()
    prices = list(Bounty.objects.filter(may_be_tried(on), pk__in=bounties).prefetch_related("branches"))
    sentence = _("Only drafts and versions that lie ahead are tried out; there is no such one.")
    if split is not None and policy is None:
        raise Malformed("no_such_draft", sentence, {"split": sentence})
    if len(prices) < len(set(bounties)):
        raise Malformed("no_such_draft", sentence, {"bounties": sentence})
    return Tried(policy, prices)


def _covers(version: Bounty | SplitPolicy, case: Case) -> bool:
    return not version.is_pilot or any(branch.pk == case.branch_id for branch in version.branches.all())


class Sums:
    """Lines added up by whom they are for and by what they are."""

    def __init__(self) -> None:
        self.of: Counter[tuple[str, Any]] = Counter()

    def add(self, lines: Iterable[Line]) -> None:
        for line in lines:
            self.of["total", ""] += line.amount_fen
            self.of["line", line.role if line.kind is EntryKind.SPLIT else line.kind] += line.amount_fen
            self.of["payee_kind", line.payee_kind] += line.amount_fen
            if line.payee_kind is PayeeKind.EMPLOYEE:
                self.of["person", line.payee] += line.amount_fen
                self.of["rewarded" if line.amount_fen > 0 else "deducted", line.payee] += abs(line.amount_fen)

    def cap(self, cap_bp: int) -> None:
        """What of the month's penalties lapses is given back, as at the close of a month."""
        deducted = {payee: fen for (group, payee), fen in self.of.items() if group == "deducted"}
        for payee, fen in deducted.items():
            lapsed = beyond_cap(rewarded_fen=self.of["rewarded", payee], deducted_fen=fen, cap_bp=cap_bp)
            line = Line(Performance.REFERRER, lapsed, PayeeKind.EMPLOYEE, payee, Why.CAP_LAPSED, EntryKind.TIMELINESS)
            self.add([line])


def preview(period: Period, *, tried: Tried, at: datetime) -> Preview:
    """The earned activations of a period under the prices that applied, and under those that are tried."""
    assessments = _earned_in(period).in_bulk()
    bounties = Bounty.objects.in_bulk({row.bounty_id for row in assessments.values()})
    policies = SplitPolicy.objects.prefetch_related("shares").in_bulk({row.policy_id for row in assessments.values()})
    cases = read_cases(Application.objects.filter(pk__in=assessments.keys()), at=at)
    sold = _cross_sold(assessments)
    before, after = Sums(), Sums()
    touched = unearned = 0
    for case in cases.values():
        assessment = assessments[case.pk]
        bounty, policy = bounties[assessment.bounty_id], policies[assessment.policy_id]
        new_bounty, new_policy = tried.bounty_of(case), tried.policy_of(case)
        touched += new_bounty is not None or new_policy is not None
        before.add(_lines(bounty, policy, case, sold[case.pk]))
        found = _lines(new_bounty or bounty, new_policy or policy, case, sold[case.pk])
        unearned += not found
        after.add(found)
    closing = PriceBook.read().policy(on=period.last)
    for sums, caps in ((before, closing), (after, tried.policy_of_all or closing)):
        if caps is not None:
            sums.cap(caps.penalty_cap_bp)
    return _compared(period, before, after, cases=len(cases), touched=touched, unearned=unearned)


def _earned_in(period: Period) -> QuerySet[Assessment]:
    """Verdicts count from the activation's recording, as their entries do."""
    return Assessment.objects.filter(
        verdict=Verdict.EARNED, event__at__gte=period.starts_at, event__at__lt=period.ends_at
    )


def _cross_sold(assessments: Collection[int]) -> defaultdict[int, list[int | None]]:
    """Per case who was paid for another product sold, once per product."""
    sold: defaultdict[int, list[int | None]] = defaultdict(list)
    rewards = RewardEntry.objects.filter(kind=EntryKind.CROSS_SELL, mirrors=None, assessment__in=assessments)
    for case, payee in rewards.order_by().values_list("assessment_id", "payee_id"):
        sold[case].append(payee)
    return sold


def _lines(bounty: Bounty, policy: SplitPolicy, case: Case, sellers: Iterable[int | None]) -> list[Line]:
    """What a case earns; nothing while, or because, a first spend that it needs has not come."""
    if verdict_on(bounty.offer, case.facts) is not Verdict.EARNED:
        return []
    per_product = Line(Performance.AFTER_SALES, policy.cross_sell_fen, PayeeKind.EMPLOYEE, kind=EntryKind.CROSS_SELL)
    return [
        *lines_of(bounty.offer, case.facts, policy.terms),
        *(replace(per_product, payee=seller) for seller in sellers),
    ]


def _compared(period: Period, before: Sums, after: Sums, **counts: int) -> Preview:
    def of(group: str, what: Any, shown: Any = None) -> Comparison:
        return Comparison(shown or what, before.of[group, what], after.of[group, what])

    def all_of(group: str, order: Iterable[Any]) -> list[Comparison]:
        return [of(group, what) for what in order if (group, what) in before.of or (group, what) in after.of]

    payees = {what for group, what in (*before.of, *after.of) if group == "person"}
    people = Employee.objects.filter(pk__in=payees).select_related("branch").order_by("number")
    return Preview(
        period=period,
        total=of("total", ""),
        lines=all_of("line", [*ROLES, *EntryKind]),
        payee_kinds=all_of("payee_kind", PayeeKind),
        people=[of("person", person.pk, person) for person in people],
        **counts,
    )


def offered_months(at: datetime) -> list[str]:
    """The twelve months that are over, newest first: 2026-10."""
    months, first = [], local_day(at).replace(day=1)
    for _place in range(OFFERED_MONTHS):
        first = (first - timedelta(days=1)).replace(day=1)
        months.append(f"{first:%Y-%m}")
    return months
