"""Who gets what of one bounty: the rule of domain section 7, as a pure function of a case's facts and a policy's terms.

Everything that divides money asks here: the accrual, the split command and the API, the price board, and what a case
page promises. Amounts are divided by role first; who is paid for a role is decided afterwards, so that a person with
several roles simply has several shares.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from applications.lifecycle import Path, Performance
from applications.rules import LATE_COACHING_DAYS
from incentives.lifecycle import PRICED_ROLES, ROLES, CustomerMode, PayeeKind, Why
from ops_center.kernel.money import WHOLE, divide

COACHING_WAIT = timedelta(days=LATE_COACHING_DAYS)  # whole days of 24 hours from the activation (rule K0)
RENEWAL_WAIT = timedelta(days=30)

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

    def performer(self, role: str) -> int | None:
        """Whose the share of a role is: who performed it, except that the tracker's of Path A is the collector's."""
        if self.path == Path.A and role == Performance.TRACKER:
            role = Performance.COLLECTOR
        return self.performers.get(role)


@dataclass(frozen=True, slots=True)
class Share:
    """One part of a bounty. ``payee`` is an employee; of a HELD share it is the person that it waits for, if known."""

    role: Performance
    amount_fen: int
    payee_kind: PayeeKind
    payee: int | None = None
    why: str = ""


def shares_of(bounty_fen: int, facts: CaseFacts, terms: Terms) -> list[Share]:
    """The bounty of one case, divided and addressed; the amounts sum to the bounty. Shares of nothing are left out."""
    shares: list[Share] = []
    for role, amount in divide(bounty_fen, terms.weights(facts.path, double_keyed=facts.is_double_keyed)):
        if role is Performance.REFERRER:
            shares += _referral(amount, facts, terms)
        else:
            shares.append(_performed(role, amount, facts))
    return [share for share in shares if share.amount_fen]


def _performed(role: Performance, amount: int, facts: CaseFacts) -> Share:
    payee = facts.performer(role)
    if payee is None and role is Performance.AFTER_SALES:
        return Share(role, amount, PayeeKind.HELD, why=Why.NO_COACHING)
    if payee is None:
        return Share(role, amount, PayeeKind.POOL, why=Why.NO_PERFORMER)
    if role is Performance.COLLECTOR and payee in facts.lapsed:
        return Share(role, amount, PayeeKind.HELD, payee, Why.QUALIFICATION_LAPSED)
    is_own_tracking = facts.path == Path.A and role is Performance.TRACKER
    return Share(role, amount, PayeeKind.EMPLOYEE, payee, Why.SELF_SERVICE if is_own_tracking else "")


def _referral(amount: int, facts: CaseFacts, terms: Terms) -> list[Share]:
    """The referral share has most of the special cases of domain section 7."""
    role = Performance.REFERRER
    if facts.is_own_card:
        return [Share(role, amount, PayeeKind.POOL, why=Why.OWN_CARD)]
    if facts.is_external:
        thanks = amount if terms.customer_mode == CustomerMode.SHARE else min(terms.customer_fen, amount)
        return [
            Share(role, thanks, PayeeKind.CUSTOMER, why=Why.CUSTOMER),
            Share(role, amount - thanks, PayeeKind.POOL, why=Why.CUSTOMER_REST),
        ]
    payee = facts.referrer or facts.performer(Performance.COLLECTOR)
    if payee is None:
        return [Share(role, amount, PayeeKind.POOL, why=Why.NO_PERFORMER)]
    if facts.is_unqualified_referral:
        return [Share(role, amount, PayeeKind.POOL, why=Why.NOT_QUALIFIED)]
    if payee in facts.lapsed:
        return [Share(role, amount, PayeeKind.HELD, payee, Why.QUALIFICATION_LAPSED)]
    return [Share(role, amount, PayeeKind.EMPLOYEE, payee, "" if facts.referrer else Why.WALK_IN)]


def waits_until(why: str, *, activated_at: datetime) -> datetime:
    """Until when a HELD share waits: 15 days for the coaching, 30 for the renewal of a qualification."""
    return activated_at + (COACHING_WAIT if why == Why.NO_COACHING else RENEWAL_WAIT)


def released(held: Share, *, came_to: int | None, until: datetime, at: datetime) -> Share | None:
    """Where a HELD share goes: to the person for whom what it waited for has come, to the pool once the wait is over,
    nowhere yet (``None``)."""
    is_coaching = held.why == Why.NO_COACHING
    if came_to is not None:
        why = Why.COACHED if is_coaching else Why.RENEWED
        return Share(held.role, held.amount_fen, PayeeKind.EMPLOYEE, came_to, why)
    if at >= until:
        why = Why.NOT_COACHED if is_coaching else Why.NOT_RENEWED
        return Share(held.role, held.amount_fen, PayeeKind.POOL, why=why)
    return None


def not_whole(columns: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    """The columns of a split table that do not sum to the whole, with their sums in basis points."""
    sums = {path: sum(column.values()) for path, column in columns.items()}
    return {path: total for path, total in sums.items() if total != WHOLE}
