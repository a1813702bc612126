"""Reports about the money (domain section 13): in time, right, what a card costs, what is unpaid, what went elsewhere.

Every figure is a *cut*: a named filter of the entries. The figure counts the cut and the list behind it shows the cut,
so the two cannot disagree. Nothing here names a client; people stand with their numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import (
    Aggregate,
    Case,
    CharField,
    Count,
    Exists,
    F,
    FloatField,
    Func,
    OuterRef,
    Q,
    Sum,
    Value,
    When,
)  # fmt: skip
from django.db.models.functions import TruncDate

from applications.models import Application
from applications.querysets import ApplicationQuerySet
from incentives.lifecycle import EntryKind, EntryState, PayeeKind, RequestState, Why
from incentives.models import Adjustment, RewardEntry
from incentives.periods import Period
from incentives.querysets import IS_CONFIRMED, SEES_ALL, RewardEntryQuerySet
from ops_center.clock import SHANGHAI, local_day
from organization.models import Employee

PAY_DAY = 15  # of the month after (domain section 8)
# Whole days since the accrual, the upper bound included; the last bucket has none.
AGES: dict[str, tuple[int, int | None]] = {
    "0-7": (0, 7), "8-15": (8, 15), "16-30": (16, 30), "31-60": (31, 60), "61-90": (61, 90), "91+": (91, None),
}  # fmt: skip
# What is earned by cards, and what depends on how well the work was done (reliability rule C1).
BY_VOLUME = (EntryKind.SPLIT, EntryKind.CROSS_SELL)
BY_QUALITY = (EntryKind.TIMELINESS, EntryKind.REVERSAL)
IS_PAID = Q(paid_on__isnull=False)
EARNED = (EntryKind.SPLIT, EntryKind.TIMELINESS, EntryKind.CROSS_SELL)  # the other kinds correct these


@dataclass(frozen=True, slots=True)
class Question:
    """What a report is asked: which entries it may count, of which period, seen when."""

    entries: RewardEntryQuerySet
    span: Period
    at: datetime
    sees_all: bool

    @classmethod
    def of(cls, employee: Employee, span: Period, at: datetime) -> Question:
        """All entries; for human resources the certified ones (permission matrix)."""
        entries = RewardEntry.objects.with_pay_date().order_by()
        sees_all = bool(employee.role_codes(local_day(at)) & SEES_ALL)
        return cls(entries if sees_all else entries.filter(IS_CONFIRMED), span, at, sees_all)

    @property
    def pay_day(self) -> date:
        """By when the entries of the period should be paid."""
        return (self.span.last.replace(day=1) + timedelta(days=31)).replace(day=PAY_DAY)

    @property
    def of_period(self) -> RewardEntryQuerySet:
        """All entries that accrued in the period, those that undo others included: they sum to what it has cost."""
        return self.entries.filter(at__gte=self.span.starts_at, at__lt=self.span.ends_at)

    @property
    def earned(self) -> RewardEntryQuerySet:
        """What people earned in the period, corrections left out."""
        return self.of_period.still_due().filter(kind__in=EARNED, payee_kind=PayeeKind.EMPLOYEE)

    @property
    def paid(self) -> RewardEntryQuerySet:
        return self.earned.filter(IS_PAID)

    @property
    def unpaid(self) -> RewardEntryQuerySet:
        """What stands open today, of whatever period."""
        return self.entries.awaited().not_paid().filter(at__lte=self.at)

    @property
    def pooled(self) -> RewardEntryQuerySet:
        return self.of_period.still_due().filter(payee_kind=PayeeKind.POOL)

    @property
    def clawed_back(self) -> RewardEntryQuerySet:
        return self.of_period.not_voided().filter(kind=EntryKind.REVERSAL).exclude(why=Why.RETIMED)

    def aged(self, bucket: str) -> Q:
        """Accrued so many days ago as the bucket says."""
        least, most = AGES[bucket]
        midnight = datetime.combine(local_day(self.at), time(), SHANGHAI)
        aged = Q(at__lt=midnight + timedelta(days=1 - least))
        return aged if most is None else aged & Q(at__gte=midnight - timedelta(days=most))


# -- cuts: the lists behind the figures --------------------------------------------------------------------------------
def _is_wrong() -> Q:
    """Clawed back, or corrected by an amount for the same person and role."""
    corrections = Adjustment.objects.filter(
        state=RequestState.APPROVED, assessment=OuterRef("assessment"), payee=OuterRef("payee"), role=OuterRef("role")
    )
    is_clawed_back = Q(mirrored_by__kind=EntryKind.REVERSAL) & ~Q(mirrored_by__why=Why.RETIMED)
    return is_clawed_back | Q(Exists(corrections))


CUTS: Mapping[str, Callable[[Question], RewardEntryQuerySet]] = {
    "cost": lambda asked: asked.of_period,
    "earned": lambda asked: asked.earned,
    "paid": lambda asked: asked.paid,
    "by-pay-day": lambda asked: asked.paid.filter(Q(paid_on__lte=asked.pay_day)),
    "right": lambda asked: asked.paid.filter(~_is_wrong()),
    "wrong": lambda asked: asked.paid.filter(_is_wrong()),
    "unpaid": lambda asked: asked.unpaid,
    "pool": lambda asked: asked.pooled,
    "clawed-back": lambda asked: asked.clawed_back,
}


def cut(asked: Question, name: str, *, state: str = "", age: str = "", why: str = "", kind: str = "") \
        -> RewardEntryQuerySet:  # fmt: skip
    """The entries of a cut, made narrower by the column and row that were clicked."""
    entries = CUTS[name](asked)
    if age:
        entries = entries.filter(asked.aged(age))
    if why:
        entries = entries.filter(why=why)
    if kind:
        entries = entries.filter(kind=kind)
    return entries.in_state(state) if state else entries


# -- figures -----------------------------------------------------------------------------------------------------------
class Median(Aggregate):
    """The middle value; of an even number the mean of the two in the middle."""

    function = "PERCENTILE_CONT"
    template = "%(function)s(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = FloatField()


DAYS_TO_PAY = Func(  # calendar days in Shanghai
    F("paid_on"), TruncDate("assessment__application__activated_at", tzinfo=SHANGHAI),
    template="(%(expressions)s)", arg_joiner=" - ", output_field=FloatField(),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cost:
    """What the activated cards of a period cost, all kinds of entries and the pool included."""

    fen: int
    cards: int

    @property
    def per_card_fen(self) -> int | None:
        return per_card(self.fen, self.cards)


def cost_of_cards(asked: Question) -> Cost:
    return Cost(_fen(asked.of_period), activated_cards(asked).count())


@dataclass(frozen=True, slots=True)
class Overview:
    """The three ratios of domain section 13, with what they are divided from."""

    earned: int  # entries
    paid: int
    by_pay_day: int
    wrong: int
    median_days: float | None  # from the activation to the pay date, of what is paid
    cost: Cost

    @property
    def right(self) -> int:
        return self.paid - self.wrong

    @property
    def share_by_pay_day(self) -> float | None:
        return self.by_pay_day / self.earned if self.earned else None

    @property
    def share_right(self) -> float | None:
        return self.right / self.paid if self.paid else None


def overview(asked: Question) -> Overview:
    figures = asked.earned.aggregate(
        earned=Count("pk"),
        paid=Count("pk", filter=IS_PAID),
        by_pay_day=Count("pk", filter=Q(paid_on__lte=asked.pay_day)),
    )
    wrong = CUTS["wrong"](asked).count()
    median = asked.paid.aggregate(days=Median(DAYS_TO_PAY))["days"]
    return Overview(**figures, wrong=wrong, median_days=median, cost=cost_of_cards(asked))


def activated_cards(asked: Question) -> ApplicationQuerySet:
    """The cards activated in the period that this system has rewarded or will reward; for who sees certified entries
    only, those with one."""
    cards = Application.objects.filter(
        activated_at__gte=asked.span.starts_at, activated_at__lt=asked.span.ends_at, is_imported=False
    )
    return cards if asked.sees_all else cards.filter(pk__in=asked.entries.values("assessment_id"))


def per_card(fen: int, cards: int) -> int | None:
    """Rounded to the fen, half up; nothing of no card."""
    return (2 * fen + cards) // (2 * cards) if cards else None


@dataclass(frozen=True, slots=True)
class Sums:
    """How many entries, and what they come to."""

    entries: int = 0
    fen: int = 0


def unpaid_by_age(asked: Question) -> dict[str, dict[EntryState, Sums]]:
    """Bucket → state → entries and sum, the oldest bucket first; what nobody waits for is left out."""
    bucket = Case(*(When(asked.aged(name), then=Value(name)) for name in AGES), output_field=CharField())
    rows = asked.unpaid.with_state().annotate(age=bucket).values_list("age", "state_code")
    found: dict[str, dict[EntryState, Sums]] = {name: {} for name in reversed(AGES)}
    for age, state, entries, fen in rows.annotate(Count("pk"), Sum("amount_fen")):
        found[age][EntryState(state)] = Sums(entries, fen)
    return {age: states for age, states in found.items() if states}


def pool_by_reason(asked: Question) -> list[tuple[Why, Sums]]:
    return _by_why(asked.pooled)


def clawed_back_by_ground(asked: Question) -> list[tuple[Why, Sums]]:
    return _by_why(asked.clawed_back)


def _by_why(entries: RewardEntryQuerySet) -> list[tuple[Why, Sums]]:
    """In the order of the reasons."""
    rows = entries.values_list("why").annotate(Count("pk"), Sum("amount_fen"))
    found = {why: Sums(entries, fen) for why, entries, fen in rows}
    return [(why, found[why]) for why in Why if why in found]


@dataclass(frozen=True, slots=True)
class Weight:
    """What one kind of entry moves, in fen: up, down, and how much of all that is moved (``share``)."""

    kind: EntryKind
    plus_fen: int
    minus_fen: int
    share: float | None

    @property
    def basis(self) -> str:
        """VOLUME, QUALITY, or nothing for corrections."""
        return "VOLUME" if self.kind in BY_VOLUME else "QUALITY" if self.kind in BY_QUALITY else ""


@dataclass(frozen=True, slots=True)
class Weights:
    lines: list[Weight]

    def share(self, basis: str) -> float | None:
        """Of all money that moves, how much moves by volume or by quality."""
        shares = [line.share for line in self.lines if line.basis == basis and line.share is not None]
        return sum(shares) if any(line.share is not None for line in self.lines) else None


def volume_weight(asked: Question) -> Weights:
    """How much of what people are paid depends on the number of cards, and how much on how well the work was done.
    Both directions count: a deduction weighs like a bonus of the same size."""
    people = asked.of_period.still_due().filter(payee_kind=PayeeKind.EMPLOYEE)
    rows = people.values_list("kind").annotate(
        plus=Sum("amount_fen", filter=Q(amount_fen__gt=0)), minus=Sum("amount_fen", filter=Q(amount_fen__lt=0))
    )
    found = {kind: (plus or 0, minus or 0) for kind, plus, minus in rows}
    moved = sum(plus - minus for plus, minus in found.values())
    return Weights(
        [
            Weight(kind, plus, minus, (plus - minus) / moved if moved else None)
            for kind in EntryKind
            for plus, minus in [found.get(kind, (0, 0))]
        ]
    )


def _fen(entries: RewardEntryQuerySet) -> int:
    return entries.aggregate(fen=Sum("amount_fen"))["fen"] or 0
