"""The small bank with its prices, and how its rewards read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.utils.translation import override

from applications.lifecycle import Path, Performance
from applications.models import Application, Product
from applications.services import intake
from incentives.models import Bounty, RewardEntry, SplitPolicy
from incentives.reference import SHARES, install_policies
from incentives.services.accrual import accrue
from incentives.services.policies import approve_bounty, approve_split, draft_bounty, draft_split
from tests.cast import Cast, at, make_bank


@pytest.fixture
def bank(db: None) -> Cast:
    return priced_bank()


def priced_bank() -> Cast:
    cast = make_bank()
    install_policies()
    return cast


def entries_of(case: Application, kind: str = "SPLIT") -> list[RewardEntry]:
    """The lines of one kind: the shares, where nothing else is said."""
    entries = RewardEntry.objects.filter(assessment=case.pk, kind=kind).with_state()
    return list(entries.select_related("payee").order_by("pk"))


def lines_of(case: Application) -> list[RewardEntry]:
    """All lines of a case, of every kind."""
    entries = RewardEntry.objects.filter(assessment=case.pk).with_state()
    return list(entries.select_related("payee").order_by("pk"))


def shares(case: Application) -> list[tuple[str, str, str]]:
    """(role, payee, yuan) in the order in which they were written."""
    return [(row.role, who(row), f"{row.amount_fen / 100:.2f}") for row in entries_of(case)]


def paid_to(case: Application, kind: str = "SPLIT") -> dict[str, str]:
    """Yuan per payee, pool, held and customer included; what nets to nothing is left out."""
    sums: Counter[str] = Counter()
    for row in entries_of(case, kind):
        sums[who(row)] += row.amount_fen
    return {payee: f"{total / 100:.2f}" for payee, total in sums.items() if total}


def who(row: RewardEntry) -> str:
    return row.payee.name if row.payee_kind == "EMPLOYEE" else row.payee_kind


def total(case: Application) -> int:
    """The sum of the shares, in fen."""
    return sum(row.amount_fen for row in entries_of(case))


def path_a(bank: Cast, *, when: datetime) -> Application:
    """A case that 陈小明 has handled alone, up to the issue."""
    cm = bank.chen_xiaoming
    case = bank.complete(bank.draft(when=when, by=cm), when=when)
    intake.self_route(case=case.pk, actor=cm, at=when)
    bank.check(bank.again(case), when=when, by=cm)
    bank.key(bank.again(case), when=when, by=cm)
    bank.review(bank.again(case), when=when)
    bank.file(case, when=when)
    bank.issue(case, when=when)
    return bank.again(case)


def earned(bank: Cast, *, when: datetime, product: str = "PK", referred: bool = True) -> Application:
    """A whole case at one instant, with its rewards."""
    case = bank.activated(when=when, product=product, referred=referred)
    accrue(at=when)
    return bank.again(case)


def priced(bank: Cast, product: str, amount_fen: int, *, starts_on: date, **terms: Any) -> Bounty:
    """A bounty from a day on, approved the day before."""
    day = (starts_on - timedelta(days=1)).isoformat()
    drafted = draft_bounty(
        product=product, amount_fen=amount_fen, starts_on=starts_on, actor=bank.cao_ying, at=at(f"{day} 10:00"), **terms
    )
    return approve_bounty(bounty=drafted.pk, actor=bank.deng_hai, at=at(f"{day} 11:00"))


@pytest.fixture
def flat(bank: Cast) -> SplitPolicy:
    """The first split table with timeliness rates of 0 %: a case pays its bounty and nothing beside it (S19)."""
    drafted = draft_split(
        columns=dict.fromkeys(Path.values, SHARES), starts_on=date(2026, 2, 1), bonus_bp=0, penalty_bp=0,
        actor=bank.cao_ying, at=at("2026-01-31 10:00"),
    )  # fmt: skip
    return approve_split(number=drafted.number, actor=bank.deng_hai, at=at("2026-01-31 11:00"))


@pytest.fixture
def month(bank: Cast, flat: SplitPolicy) -> list[Application]:
    """The month of domain section 8. Case 1 classic C, keyed by the outsourced 宋佳; case 2 platinum B; case 3
    classic A."""
    when = at("2026-11-24 10:00")
    first = bank.to_branch(bank.complete(bank.collect(bank.refer(when=when), when=when), when=when), when=when)
    bank.receive(bank.send(first, when=when), when=when)
    bank.check(bank.again(first), when=when)
    bank.key(bank.again(first), when=when, by=bank.song_jia)
    bank.review(bank.again(first), when=when)
    bank.file(first, when=when)
    bank.issue(first, when=when)
    bank.coach(first, when=when)
    bank.activate(first, when=when)
    second = bank.activated(when=when, product="BJ")
    third, cm = path_a(bank, when=when), bank.chen_xiaoming
    bank.coach(third, when=when, by=cm)
    bank.activate(third, when=when, by=cm)
    accrue(at=when)
    return [first, second, third]


def double_keyed(code: str) -> None:
    Product.objects.filter(code=code).update(review_mode=Product.ReviewMode.DOUBLE)


@pytest.fixture
def policy_v2(bank: Cast) -> SplitPolicy:
    """S13: from 2026-12-01 the check gets 12 and the entry 13."""
    columns = dict.fromkeys(Path.values, SHARES | {Performance.CREDIT_CHECK: 1_200, Performance.ENTRY: 1_300})
    drafted = draft_split(columns=columns, starts_on=date(2026, 12, 1), actor=bank.cao_ying, at=at("2026-11-20 10:00"))
    return approve_split(number=drafted.number, actor=bank.deng_hai, at=at("2026-11-20 11:00"))


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """Sentences are asserted in the language of the code, whatever the test before was served in."""
    with override("en"):
        yield
