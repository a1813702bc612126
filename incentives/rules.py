"""Who gets what of one bounty: the rules of domain sections 5 and 7, as pure functions of the bounty's offer, a case's
facts and a policy's terms.

Everything that divides money asks here: the accrual, the split command and the API, the price board, and what a case
page promises. Amounts are divided by role first; who is paid for a role is decided afterwards, so that a person with
several roles simply has several shares. Timeliness moves a share up or down by a line of its own: the shares of a case
stay its bounty.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import IntEnum

from applications.lifecycle import Outcome, Path, Performance
from applications.rules import LATE_COACHING_DAYS
from incentives.lifecycle import PRICED_ROLES, ROLES, CustomerMode, EntryKind, PayeeKind, Trigger, Verdict, Why
from ops_center.kernel.money import WHOLE, divide

COACHING_WAIT = timedelta(days=LATE_COACHING_DAYS)  # whole days of 24 hours from the activation (rule K0)
RENEWAL_WAIT = timedelta(days=30)


class Timeliness(IntEnum):
    """How all clocks of one role ended together: the worst counts, once (domain section 5)."""

    ON_TIME = 1
    FORGIVEN = 2  # late, but not for this person: in the queue, explained, exempt, or another's clock
    PENDING = 3
    LATE = 4


# What one's own clock brings to the comparison; another's late one is FORGIVEN. A timely return and a void clock are
# not in it: 0 for that round.
WEIGHT: dict[str, Timeliness] = {
    Outcome.ON_TIME: Timeliness.ON_TIME,
    Outcome.EXEMPT: Timeliness.FORGIVEN,
    Outcome.LATE_QUEUE: Timeliness.FORGIVEN,
    Outcome.LATE_JUSTIFIED: Timeliness.FORGIVEN,
    Outcome.LATE_PENDING: Timeliness.PENDING,
    Outcome.LATE: Timeliness.LATE,
}


@dataclass(frozen=True, slots=True)
class Offer:
    """What a bounty promises, and what earns it."""

    amount_fen: int
    trigger: str = Trigger.ACTIVATION
    spend_days: int = 90  # whole days of 24 hours from the activation


Weights = tuple[tuple[Performance, int], ...]


@dataclass(frozen=True, slots=True)
class Terms:
    """A split policy as values: per path the shares of the roles in basis points, and the special rewards."""

    columns: Mapping[str, Mapping[str, int]]
    second_keyer_bp: int = 4_000  # of the entry share, when the case is double keyed (ASM-11)
    customer_mode: str = CustomerMode.FIXED
    customer_fen: int = 2_000
    bonus_bp: int = 500  # of the role's share, when its clocks ended in time (ASM-4)
    penalty_bp: int = 1_000  # of the role's share, when late without a valid explanation (ASM-4)

    def weights(self, path: str, *, double_keyed: bool) -> Weights:
        """The shares in the fixed order. In Path A the second look is mandatory and unpaid (rule G4a)."""
        column = self.columns[path]
        entry = column.get(Performance.ENTRY, 0)
        second = entry * self.second_keyer_bp // WHOLE if double_keyed and path != Path.A else 0
        parts = {**column, Performance.ENTRY: entry - second, Performance.ENTRY_2ND: second}
        return tuple((role, parts.get(role, 0)) for role in (ROLES if second else PRICED_ROLES))


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """What the rule needs to know of a case. People are keys of employees; ``performers`` lacks the stages that nobody
    completed."""

    path: str
    performers: Mapping[str, int]
    referrer: int | None = None
    is_double_keyed: bool = False
    is_external: bool = False  # referred by a customer
    is_own_card: bool = False  # the client is the referrer or the collector
    is_unqualified_referral: bool = False
    lapsed: frozenset[int] = field(default_factory=frozenset)  # not qualified any more on the day of the activation
    timeliness: Mapping[str, Timeliness] = field(default_factory=dict)  # of the roles that have clocks
    spent_after: int | None = None  # days from the activation to the first spend, begun ones counted whole
    waited: int = 0  # whole days from the activation to now

    def performer(self, role: str) -> int | None:
        """Whose the share of a role is: who performed it, except that the tracker's of Path A is the collector's."""
        if self.path == Path.A and role == Performance.TRACKER:
            role = Performance.COLLECTOR
        return self.performers.get(role)


@dataclass(frozen=True, slots=True)
class Line:
    """One signed amount of a case. ``payee`` is an employee; of a HELD line it is the person that it waits for, if
    known."""

    role: Performance
    amount_fen: int
    payee_kind: PayeeKind
    payee: int | None = None
    why: str = ""
    kind: EntryKind = EntryKind.SPLIT


def verdict_on(offer: Offer, facts: CaseFacts) -> Verdict | None:
    """What an activation has earned; ``None`` while the first spend that has to earn it may still come."""
    if offer.trigger != Trigger.FIRST_SPEND or _has_spent(offer, facts):
        return Verdict.EARNED
    is_too_late = facts.spent_after is not None or facts.waited >= offer.spend_days
    return Verdict.NO_SPEND if is_too_late else None


def _has_spent(offer: Offer, facts: CaseFacts) -> bool:
    return facts.spent_after is not None and facts.spent_after <= offer.spend_days


def lines_of(offer: Offer, facts: CaseFacts, terms: Terms) -> list[Line]:
    """All lines of an earned case: its shares, which sum to the bounty, and the timeliness of those who get them."""
    shares = shares_of(offer.amount_fen, facts, terms)
    if offer.trigger == Trigger.ACTIVATION_AND_SPEND and not _has_spent(offer, facts):
        shares = [_until_spent(share) for share in shares]
    moved = (timeliness_of(share, facts, terms) for share in shares)
    return [*shares, *(line for line in moved if line is not None)]


def _until_spent(share: Line) -> Line:
    """Everybody's share waits for the first spend; the pool's has nobody to wait for."""
    if share.payee_kind in (PayeeKind.EMPLOYEE, PayeeKind.CUSTOMER):
        return replace(share, payee_kind=PayeeKind.HELD, why=Why.AWAITS_SPEND)
    return share


def timeliness_of(share: Line, facts: CaseFacts, terms: Terms) -> Line | None:
    """What the clocks of a role add to its share or take from it; ``None`` for nothing. A held share's line waits with
    it; while an explanation is open the penalty waits."""
    is_own_tracking = facts.path == Path.A and share.role is Performance.TRACKER  # the filing was another's work
    outcome = facts.timeliness.get(share.role)
    if share.payee is None or outcome in (None, Timeliness.FORGIVEN) or is_own_tracking:
        return None
    is_late = outcome is not Timeliness.ON_TIME
    amount = -part_of(share.amount_fen, terms.penalty_bp) if is_late else part_of(share.amount_fen, terms.bonus_bp)
    if amount == 0:
        return None
    line = replace(share, kind=EntryKind.TIMELINESS, amount_fen=amount)
    if outcome is Timeliness.PENDING:
        return replace(line, payee_kind=PayeeKind.HELD, why=Why.EXPLANATION_OPEN)
    return line if share.payee_kind is PayeeKind.HELD else replace(line, why=Why.LATE if is_late else Why.ON_TIME)


def part_of(amount: int, rate: int) -> int:
    """Basis points of an amount from 0 up, in fen, rounded half up."""
    return (amount * rate + WHOLE // 2) // WHOLE


def shares_of(bounty_fen: int, facts: CaseFacts, terms: Terms) -> list[Line]:
    """The bounty of one case, divided and addressed; the amounts sum to the bounty. Shares of nothing are left out."""
    shares: list[Line] = []
    for role, amount in divide(bounty_fen, terms.weights(facts.path, double_keyed=facts.is_double_keyed)):
        if role is Performance.REFERRER:
            shares += _referral(amount, facts, terms)
        else:
            shares.append(_performed(role, amount, facts))
    return [share for share in shares if share.amount_fen]


def _performed(role: Performance, amount: int, facts: CaseFacts) -> Line:
    payee = facts.performer(role)
    if payee is None and role is Performance.AFTER_SALES:
        return Line(role, amount, PayeeKind.HELD, why=Why.NO_COACHING)
    if payee is None:
        return Line(role, amount, PayeeKind.POOL, why=Why.NO_PERFORMER)
    if role is Performance.COLLECTOR and payee in facts.lapsed:
        return Line(role, amount, PayeeKind.HELD, payee, Why.QUALIFICATION_LAPSED)
    is_own_tracking = facts.path == Path.A and role is Performance.TRACKER
    return Line(role, amount, PayeeKind.EMPLOYEE, payee, Why.SELF_SERVICE if is_own_tracking else "")


def _referral(amount: int, facts: CaseFacts, terms: Terms) -> list[Line]:
    """The referral share has most of the special cases of domain section 7."""
    role = Performance.REFERRER
    if facts.is_own_card:
        return [Line(role, amount, PayeeKind.POOL, why=Why.OWN_CARD)]
    if facts.is_external:
        thanks = amount if terms.customer_mode == CustomerMode.SHARE else min(terms.customer_fen, amount)
        return [
            Line(role, thanks, PayeeKind.CUSTOMER, why=Why.CUSTOMER),
            Line(role, amount - thanks, PayeeKind.POOL, why=Why.CUSTOMER_REST),
        ]
    payee = facts.referrer or facts.performer(Performance.COLLECTOR)
    if payee is None:
        return [Line(role, amount, PayeeKind.POOL, why=Why.NO_PERFORMER)]
    if facts.is_unqualified_referral:
        return [Line(role, amount, PayeeKind.POOL, why=Why.NOT_QUALIFIED)]
    if payee in facts.lapsed:
        return [Line(role, amount, PayeeKind.HELD, payee, Why.QUALIFICATION_LAPSED)]
    return [Line(role, amount, PayeeKind.EMPLOYEE, payee, "" if facts.referrer else Why.WALK_IN)]


def waits_until(why: str, *, activated_at: datetime, spend_days: int = 90) -> datetime | None:
    """Until when a HELD line waits: 15 days for the coaching, 30 for the renewal of a qualification, as long as the
    bounty says for the first spend. ``None`` where the day is not known: an explanation."""
    match why:
        case Why.NO_COACHING:
            return activated_at + COACHING_WAIT
        case Why.QUALIFICATION_LAPSED:
            return activated_at + RENEWAL_WAIT
        case Why.AWAITS_SPEND:
            return activated_at + timedelta(days=spend_days)
    return None


@dataclass(frozen=True, slots=True)
class Wait:
    """One thing that a HELD share waits for. All of them have to come, each in its time."""

    has_come: bool
    until: datetime
    came: Why
    missed: Why


def released(held: Line, *, waits: Sequence[Wait], came_to: int | None, at: datetime) -> Line | None:
    """Where a HELD share goes: to whom it belongs once everything has come that it waits for (to the customer, if it is
    no employee), to the pool once one thing has failed to come, nowhere yet (``None``)."""
    missed = [wait for wait in waits if not wait.has_come and at >= wait.until]
    if missed:
        first = min(missed, key=lambda wait: wait.until)
        return replace(held, payee_kind=PayeeKind.POOL, payee=None, why=first.missed)
    if not all(wait.has_come for wait in waits):
        return None
    payee_kind = PayeeKind.CUSTOMER if came_to is None else PayeeKind.EMPLOYEE
    return replace(held, payee_kind=payee_kind, payee=came_to, why=waits[-1].came)


def not_whole(columns: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    """The columns of a split table that do not sum to the whole, with their sums in basis points."""
    sums = {path: sum(column.values()) for path, column in columns.items()}
    return {path: total for path, total in sums.items() if total != WHOLE}
