"""The price board: what everybody may earn, what lies ahead, and what has been read of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from applications.lifecycle import Path, Performance
from applications.models import Product
from incentives.models import Bounty, PriceNotice, ReadReceipt, SplitPolicy
from incentives.services.notices import concerns, readers_of
from incentives.services.pricing import PriceBook
from ops_center.kernel.money import divide
from organization.models import Branch, Employee

SHOWN_NOTICES = 20


@dataclass(frozen=True, slots=True)
class Price:
    """One line of the price board: what each act brings on a product, in fen."""

    product: Product
    bounty: Bounty
    all_alone: int  # Path A
    refer_and_collect: int  # Path B
    refer: int  # Path C, and so on to the right
    collect: int
    check: int
    entry: int
    tracking: int
    after_sales: int

    @property
    def bounty_fen(self) -> int:
        return self.bounty.amount_fen


@dataclass(frozen=True, slots=True)
class PriceBoard:
    """What is in force at a branch on a day, what is approved for later, and which pilots run elsewhere."""

    on: date
    policy: SplitPolicy | None
    prices: list[Price]
    ahead: list[Bounty | SplitPolicy]  # by day
    pilots: list[Bounty | SplitPolicy]  # of other branches: that they are, not what they pay


def price_board(on: date, branch: Branch | None = None) -> PriceBoard:
    """计价标准公示: what everybody may earn from a card that is taken in on a day, at a branch or (``None``) at any."""
    book = PriceBook.read()
    at_branch = branch.pk if branch else None
    policy = book.policy(on=on, branch=at_branch)
    products = Product.objects.filter(is_active=True)
    bounties = ((product, book.bounty(product.pk, on=on, branch=at_branch)) for product in products)
    versions: list[Bounty | SplitPolicy] = [*book.policies, *book.bounties]
    return PriceBoard(
        on=on,
        policy=policy,
        prices=[_price(product, bounty, policy) for product, bounty in bounties if bounty and policy],
        ahead=sorted(
            (row for row in versions if row.starts_on > on and concerns(row, branch)),
            key=lambda row: row.starts_on,
        ),
        pilots=[row for row in versions if not concerns(row, branch) and _is_current(row, book, on=on)],
    )


def _is_current(pilot: Bounty | SplitPolicy, book: PriceBook, *, on: date) -> bool:
    """A pilot that is ahead, or in force at one of its branches at least."""
    if pilot.starts_on > on:
        return True
    places = [branch.pk for branch in pilot.branches.all()]
    if isinstance(pilot, Bounty):
        return any(book.bounty(pilot.product_id, on=on, branch=place) == pilot for place in places)
    return any(book.policy(on=on, branch=place) == pilot for place in places)


def _price(product: Product, bounty: Bounty, policy: SplitPolicy) -> Price:
    by_path = {
        path: dict(divide(bounty.amount_fen, policy.terms.weights(path, double_keyed=False))) for path in Path.values
    }
    front = (Performance.REFERRER, Performance.COLLECTOR)
    shares = by_path[Path.C]
    return Price(
        product=product,
        bounty=bounty,
        all_alone=sum(by_path[Path.A].values()),
        refer_and_collect=sum(by_path[Path.B][role] for role in front),
        refer=shares[Performance.REFERRER],
        collect=shares[Performance.COLLECTOR],
        check=shares[Performance.CREDIT_CHECK],
        entry=shares[Performance.ENTRY],
        tracking=shares[Performance.TRACKER],
        after_sales=shares[Performance.AFTER_SALES],
    )


# -- notices and who has read them -------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Notice:
    """A notice as its reader sees it; the management sees how many have signed, of how many."""

    notice: PriceNotice
    is_mine: bool  # to be read and signed for
    is_read: bool
    signed: int | None = None
    of: int | None = None


def notices_for(employee: Employee) -> QuerySet[PriceNotice]:
    """The notices that concern a person, newest first."""
    here = employee.branch
    notices = PriceNotice.objects.select_related("bounty__product", "policy")
    if here.kind != Branch.Kind.CENTER:  # as services.notices.concerns
        for_all = Q(bounty__is_pilot=False) | Q(policy__is_pilot=False)
        notices = notices.filter(for_all | Q(bounty__branches=here) | Q(policy__branches=here))
    return notices


def unread_by(employee: Employee) -> QuerySet[PriceNotice]:
    """The notices that a person has not signed for yet."""
    return notices_for(employee).filter(~Exists(ReadReceipt.objects.filter(notice=OuterRef("pk"), employee=employee)))


def notice_board(employee: Employee, *, counts: bool) -> list[Notice]:
    """The newest notices; the management's view has everybody's and the counts of readers."""
    notices = PriceNotice.objects.select_related("bounty__product", "policy") if counts else notices_for(employee)
    shown = list(notices.prefetch_related("bounty__branches", "policy__branches")[:SHOWN_NOTICES])
    read = set(ReadReceipt.objects.filter(notice__in=shown, employee=employee).values_list("notice_id", flat=True))
    signed = _signed(shown) if counts else {}
    return [
        Notice(notice, concerns(notice.version, employee.branch), notice.pk in read, *signed.get(notice.pk, ()))
        for notice in shown
    ]


def _signed(notices: Collection[PriceNotice]) -> dict[int, tuple[int, int]]:
    """Per notice how many of those whom it concerns today have signed, and how many they are."""
    working = Employee.objects.active().order_by()
    people = dict(working.values_list("branch").annotate(Count("pk")))
    receipts = ReadReceipt.objects.filter(notice__in=notices, employee__in=working).order_by()
    signed = {
        (notice, branch): number
        for notice, branch, number in receipts.values_list("notice", "employee__branch").annotate(Count("pk"))
    }
    branches = Branch.objects.in_bulk(people)
    counts = {}
    for notice in notices:
        there = [key for key in people if concerns(notice.version, branches[key])]
        counts[notice.pk] = (sum(signed.get((notice.pk, key), 0) for key in there), sum(people[key] for key in there))
    return counts


@dataclass(frozen=True, slots=True)
class Readers:
    """Of one branch, who has signed for a notice, and who has not."""

    branch: Branch
    read: list[ReadReceipt]
    unread: list[Employee]

    @property
    def total(self) -> int:
        return len(self.read) + len(self.unread)


def readers_by_branch(notice: PriceNotice) -> list[Readers]:
    """Everybody whom a notice concerns today, by branch."""
    receipts = {row.employee_id: row for row in notice.receipts.select_related("employee")}
    people: defaultdict[Branch, list[Employee]] = defaultdict(list)
    for person in readers_of(notice.version).select_related("branch").order_by("branch__code", "number"):
        people[person.branch].append(person)
    return [
        Readers(
            branch=branch,
            read=[receipts[person.pk] for person in there if person.pk in receipts],
            unread=[person for person in there if person.pk not in receipts],
        )
        for branch, there in people.items()
    ]
