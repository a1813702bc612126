"""The price board and the versions of the policies."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db.models import QuerySet

from applications.lifecycle import Path, Performance
from applications.models import Product
from incentives.lifecycle import (
    PRICED_ROLES,
    PolicyStatus,
)
from incentives.models import Bounty, SplitPolicy
from incentives.services.pricing import PriceBook
from ops_center.kernel.money import divide


@dataclass(frozen=True, slots=True)
class Price:
    """One line of the price board: what each act brings on a product, in fen."""

    product: Product
    bounty_fen: int
    all_alone: int  # Path A
    refer_and_collect: int  # Path B
    refer: int  # Path C, and so on to the right
    collect: int
    check: int
    entry: int
    tracking: int
    after_sales: int
    change: Bounty | None  # approved, ahead


@dataclass(frozen=True, slots=True)
class PriceBoard:
    on: date
    policy: SplitPolicy | None
    prices: list[Price]
    next_policy: SplitPolicy | None


def price_board(on: date) -> PriceBoard:
    """计价标准公示: what everybody may earn from a card that is taken in on a day."""
    book = PriceBook.read()
    policy = book.policy(on=on)
    products = Product.objects.filter(is_active=True)
    prices = [_price(product, book, policy, on=on) for product in products if policy and book.bounty(product.pk, on=on)]
    ahead = [row for row in book.policies if row.starts_on > on]
    return PriceBoard(on=on, policy=policy, prices=prices, next_policy=ahead[-1] if ahead else None)


def _price(product: Product, book: PriceBook, policy: SplitPolicy, *, on: date) -> Price:
    bounty = book.bounty(product.pk, on=on)
    assert bounty is not None
    by_path = {
        path: dict(divide(bounty.amount_fen, policy.terms.weights(path, double_keyed=False))) for path in Path.values
    }
    front = (Performance.REFERRER, Performance.COLLECTOR)
    ahead = [row for row in book.bounties if row.product_id == product.pk and row.starts_on > on]
    shares = by_path[Path.C]
    return Price(
        product=product,
        bounty_fen=bounty.amount_fen,
        all_alone=sum(by_path[Path.A].values()),
        refer_and_collect=sum(by_path[Path.B][role] for role in front),
        refer=shares[Performance.REFERRER],
        collect=shares[Performance.COLLECTOR],
        check=shares[Performance.CREDIT_CHECK],
        entry=shares[Performance.ENTRY],
        tracking=shares[Performance.TRACKER],
        after_sales=shares[Performance.AFTER_SALES],
        change=ahead[-1] if ahead else None,
    )


def split_in_force(on: date) -> SplitTable | None:
    policy = PriceBook.read().policy(on=on)
    return split_table(policy) if policy else None


def split_versions() -> list[SplitTable]:
    """Every version that was not discarded, newest first, drafts included."""
    versions = SplitPolicy.objects.exclude(status=PolicyStatus.DISCARDED).select_related("drafted_by", "approved_by")
    return [split_table(policy) for policy in versions.prefetch_related("shares")]


def bounty_versions() -> QuerySet[Bounty]:
    """Every bounty that was not discarded, by product, newest first, drafts included."""
    versions = Bounty.objects.exclude(status=PolicyStatus.DISCARDED)
    return versions.select_related("product", "drafted_by", "approved_by").order_by("product__rank", "-starts_on")


@dataclass(frozen=True, slots=True)
class SplitTable:
    """A split policy as a table: a row per role, a column per path, their sums below."""

    policy: SplitPolicy
    rows: list[tuple[Performance, list[int]]]
    sums: list[int]


def split_table(policy: SplitPolicy) -> SplitTable:
    columns = policy.terms.columns
    rows = [(Performance(role), [columns[path].get(role, 0) for path in Path.values]) for role in PRICED_ROLES]
    return SplitTable(policy, rows, [sum(columns[path].values()) for path in Path.values])
