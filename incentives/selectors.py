"""What pages and the API read of the money: statements, promises, documents, control totals, prices."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime

from django.db.models import Count, Exists, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import TruncMonth

from applications.lifecycle import ENDED, Clock, Path, Performance
from applications.models import Application, CardStatusRow, CaseClock, Product
from incentives.lifecycle import (
    PRICED_ROLES,
    ROLES,
    ConfirmationState,
    EntryState,
    PayeeKind,
    PolicyStatus,
    Sheet,
    Verdict,
    Why,
)
from incentives.models import Assessment, Bounty, Confirmation, PayoutBatch, RewardEntry, SplitPolicy
from incentives.periods import Period
from incentives.querysets import SEES_ALL, RewardEntryQuerySet
from incentives.rules import Share, shares_of, waits_until
from incentives.services.facts import read_cases
from incentives.services.pricing import PriceBook
from ops_center.clock import SHANGHAI, local_day
from ops_center.kernel.money import capitals, divide
from organization.models import Employee


# -- what each role of a case earns ------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Earning:
    """One share of a case. Without a ``state`` it is a promise: earned if the card is activated."""

    role: Performance
    amount_fen: int
    payee_kind: PayeeKind
    person: Employee | None = None
    why: str = ""
    state: EntryState | None = None
    entry: int | None = None
    until: datetime | None = None  # how long a HELD share waits

    @property
    def is_provisional(self) -> bool:
        return self.state is None

    @property
    def why_label(self) -> str:
        return str(Why(self.why).label) if self.why else ""


def earnings_of(case: Application, at: datetime) -> list[Earning]:
    """What each role earns from a case, from the first day on, in the fixed order; nothing for a case that ended
    without a card or was settled before this system."""
    assessment = Assessment.objects.filter(pk=case.pk).first()
    if assessment is not None:
        return _earned(assessment, case)
    if case.state in ENDED or case.is_imported:
        return []
    return _promised(case, at)


def _earned(assessment: Assessment, case: Application) -> list[Earning]:
    entries = assessment.entries.with_state().select_related("payee").order_by("pk")
    found = [
        Earning(
            role=Performance(entry.role),
            amount_fen=entry.amount_fen,
            payee_kind=PayeeKind(entry.payee_kind),
            person=entry.payee,
            why=entry.why,
            state=entry.state,
            entry=entry.pk,
            until=waits_until(entry.why, activated_at=case.activated_at or entry.at)
            if entry.payee_kind == PayeeKind.HELD
            else None,
        )
        for entry in entries
        if entry.state != EntryState.VOIDED
    ]
    return sorted(found, key=lambda earning: ROLES.index(earning.role))


def _promised(case: Application, at: datetime) -> list[Earning]:
    on = case.priced_on or local_day(at)
    book = PriceBook.read()
    bounty, policy = book.bounty(case.product_id, on=on), book.policy(on=on)
    if bounty is None or policy is None:
        return []
    facts = read_cases(Application.objects.filter(pk=case.pk), at=at)[case.pk].facts
    shares = shares_of(bounty.amount_fen, facts, policy.terms)
    people = Employee.objects.in_bulk([share.payee for share in shares if share.payee is not None])
    return [_promise(share, people) for share in shares]


def _promise(share: Share, people: dict[int, Employee]) -> Earning:
    """Before the activation a stage without a performer is not lost: it is whoever's who will perform it."""
    is_open = share.why in (Why.NO_PERFORMER, Why.NO_COACHING)
    return Earning(
        role=share.role,
        amount_fen=share.amount_fen,
        payee_kind=PayeeKind.EMPLOYEE if is_open else share.payee_kind,
        person=people.get(share.payee) if share.payee is not None else None,
        why="" if is_open else share.why,
    )


# -- a person's own statement ------------------------------------------------------------------------------------------
@dataclass(slots=True)
class CaseLine:
    """What one case brought a person: one sum with its parts."""

    assessment: Assessment
    entries: list[RewardEntry] = field(default_factory=list)

    @property
    def total_fen(self) -> int:
        return sum(entry.amount_fen for entry in self.entries)


def months_of(employee: Employee) -> list[str]:
    """The months in which this person has entries, newest first: 2026-11."""
    months = RewardEntry.objects.filter(payee=employee).annotate(month=TruncMonth("at", tzinfo=SHANGHAI))
    found = months.values_list("month", flat=True).distinct().order_by("-month")
    return [f"{local_day(month):%Y-%m}" for month in found if month is not None]


def own_entries(employee: Employee, span: Period) -> RewardEntryQuerySet:
    """This person's entries of a period; a held share that was released counts as its release."""
    mine = RewardEntry.objects.filter(payee=employee, at__gte=span.starts_at, at__lt=span.ends_at)
    return mine.not_voided()


def cases_with(entries: RewardEntryQuerySet) -> QuerySet[Assessment]:
    """The cases of these entries: what the statement pages through."""
    return Assessment.objects.filter(pk__in=entries.order_by().values("assessment_id")).select_related(
        "application__product", "policy"
    )


def lines_of(cases: Iterable[Assessment], entries: RewardEntryQuerySet) -> list[CaseLine]:
    """One line per case, in the order of the cases, with these entries of it."""
    lines = {case.pk: CaseLine(case) for case in cases}
    for entry in entries.filter(assessment__in=lines).with_state().order_by("pk"):
        lines[entry.assessment_id].entries.append(entry)
    return list(lines.values())


# -- the trace of one amount -------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Trace:
    """How an amount came about, and where it has gone."""

    entry: RewardEntry
    share_bp: int | None  # of the bounty, in basis points; none where the entry is no share by itself
    until: datetime | None  # how long a HELD share waits


def trace_of(entry: RewardEntry) -> Trace:
    assessment = entry.assessment
    weights: dict[str, int] = {}
    if assessment.policy is not None:
        weights = dict(assessment.policy.terms.weights(assessment.path, double_keyed=assessment.is_double_keyed))
    activated_at = assessment.application.activated_at or entry.at
    is_held = entry.payee_kind == PayeeKind.HELD
    return Trace(entry, weights.get(entry.role), waits_until(entry.why, activated_at=activated_at) if is_held else None)


# -- registration ------------------------------------------------------------------------------------------------------
def to_register() -> QuerySet[Assessment]:
    """Cases that wait for their registration, with what each is worth, whether the card system's file has confirmed the
    activation, and until when the registration is due."""
    confirmed = CardStatusRow.objects.filter(
        application_number=OuterRef("application__number"),
        status="ACTIVATED",
        fate__in=[CardStatusRow.Fate.MATCHED, CardStatusRow.Fate.DONE_BEFORE],
    )
    clock = CaseClock.objects.filter(application=OuterRef("pk"), kind=Clock.REGISTER, stopped_at=None)
    return (
        Assessment.objects.filter(verdict=Verdict.EARNED, registration=None)
        .annotate(is_proved=Exists(confirmed), due_at=Subquery(clock.values("due_at")[:1]))
        .select_related("application__product", "application__branch", "event__actor")
    )


# -- documents ---------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class RoleSum:
    role: Performance
    entries: int
    total_fen: int


@dataclass(frozen=True, slots=True)
class PayeeSum:
    """Of a person, or of the pool or the customers."""

    payee_kind: PayeeKind
    person: Employee | None
    entries: int
    total_fen: int


@dataclass(frozen=True, slots=True)
class Document:
    """A confirmation as it stands on paper."""

    confirmation: Confirmation
    by_role: list[RoleSum]
    by_payee: list[PayeeSum]
    registrars: list[Employee]
    versions: list[str]

    @property
    def in_capitals(self) -> str:
        return capitals(self.confirmation.total_fen)


def document_of(confirmation: Confirmation) -> Document:
    """The tables by role and by payee, who registered, and which policy versions apply."""
    entries = RewardEntry.objects.filter(confirmation_line__confirmation=confirmation).order_by()
    roles = entries.values_list("role").annotate(Count("pk"), Sum("amount_fen"))
    sums = {role: (number, total) for role, number, total in roles}
    payees = entries.values_list("payee_kind", "payee_id").annotate(Count("pk"), Sum("amount_fen"))
    rows = list(payees.order_by("payee__number"))
    people = Employee.objects.select_related("branch").in_bulk([payee for _kind, payee, *_rest in rows if payee])
    return Document(
        confirmation=confirmation,
        by_role=[RoleSum(role, *sums[role]) for role in ROLES if role in sums],
        by_payee=[PayeeSum(PayeeKind(kind), people.get(payee), *rest) for kind, payee, *rest in rows],
        registrars=list(
            Employee.objects.filter(
                pk__in=confirmation.lines.values("entry__assessment__registration__by")
            ).order_by("number")
        ),
        versions=[
            f"v{number}"
            for number in SplitPolicy.objects.filter(
                pk__in=confirmation.lines.values("entry__assessment__policy")
            ).order_by("number").values_list("number", flat=True)
        ],
    )  # fmt: skip


def documents_for(roles: Collection[str]) -> QuerySet[Confirmation]:
    """The documents that somebody in these roles sees, with their people: HR the confirmed ones, others all."""
    documents = Confirmation.objects.select_related("drafted_by", "certified_by").prefetch_related("branches")
    if not SEES_ALL.isdisjoint(roles):
        return documents
    return documents.filter(state=ConfirmationState.CONFIRMED)


def exportable() -> QuerySet[Confirmation]:
    """Confirmed documents with entries that no batch has taken yet, oldest first."""
    left = Confirmation.objects.filter(pk=OuterRef("pk"), lines__entry__payout_line=None, lines__isnull=False)
    return Confirmation.objects.filter(Exists(left), state=ConfirmationState.CONFIRMED).order_by("certified_at")


# -- batches -----------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class SheetSum:
    sheet: Sheet
    entries: int
    total_fen: int


@dataclass(frozen=True, slots=True)
class Control:
    """The totals bar: the four sheets and what is held back are the confirmed amount."""

    sheets: list[SheetSum]
    held_fen: int
    confirmed_fen: int

    @property
    def exported_fen(self) -> int:
        return sum(sheet.total_fen for sheet in self.sheets)

    @property
    def difference_fen(self) -> int:
        return self.confirmed_fen - self.held_fen - self.exported_fen

    @property
    def is_green(self) -> bool:
        return self.difference_fen == 0


def batches() -> QuerySet[PayoutBatch]:
    return PayoutBatch.objects.select_related("made_by", "paid_by").prefetch_related("confirmations")


def control_of(batch: PayoutBatch) -> Control:
    sums = batch.lines.order_by().values_list("sheet").annotate(Count("pk"), Sum("entry__amount_fen"))
    found = {sheet: (number, total) for sheet, number, total in sums}
    return Control(
        sheets=[SheetSum(sheet, *found.get(sheet, (0, 0))) for sheet in Sheet],
        held_fen=batch.held_fen,
        confirmed_fen=batch.confirmed_fen,
    )


# -- prices ------------------------------------------------------------------------------------------------------------
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
