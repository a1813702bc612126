"""Versions of bounties and split tables: where each stands, and what it changes against the one that it follows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar, TypeVar

from django.db.models import Field, QuerySet
from django.utils.translation import gettext as _

from applications.lifecycle import Path, Performance
from incentives.lifecycle import PRICED_ROLES
from incentives.models import Bounty, SplitPolicy
from incentives.rules import Terms, part_of
from incentives.services.notices import concerns
from incentives.services.pricing import PriceBook
from ops_center.kernel.money import divide, yuan
from organization.models import Employee
from organization.models.versions import PolicyStatus
from organization.roles import Role
from organization.services import versions
from organization.services.versions import Change, Standing

EXAMPLE_FEN = 100_00
BOUNTY_TERMS = ("amount_fen", "trigger", "spend_days")
SEES_ALL = frozenset({Role.MGT, Role.AUD})
PolicyRow = TypeVar("PolicyRow", Bounty, SplitPolicy)


@dataclass(frozen=True, slots=True)
class SplitVersion:
    """A split table and the one that it follows, or would follow."""

    row: SplitPolicy
    before: SplitPolicy | None
    standing: Standing
    is_split: ClassVar[bool] = True

    @property
    def number(self) -> int:
        return self.row.number

    @property
    def shares(self) -> Iterator[tuple[Performance, list[Change]]]:
        """A row per role, a share per path."""
        for role in PRICED_ROLES:
            yield role, [Change(path, self._share(self.before, role, path), self._share(self.row, role, path))
                         for path in Path.values]  # fmt: skip

    @staticmethod
    def _share(policy: SplitPolicy | None, role: Performance, path: str) -> str:
        return _percent(policy.terms.columns[path].get(role, 0)) if policy else ""

    @property
    def sums(self) -> list[str]:
        return [_percent(sum(self.row.terms.columns[path].values())) for path in Path.values]

    @property
    def terms(self) -> list[Change]:
        """What is agreed beside the shares."""
        return _term_changes(self.row, self.before, SplitPolicy.SPECIAL_TERMS)

    @property
    def examples(self) -> list[Change]:
        """What a card of 100.00 brings, in yuan."""
        after = _examples(self.row.terms)
        before = _examples(self.before.terms) if self.before else {}
        return [Change(what, before.get(what, ""), said) for what, said in after.items()]


@dataclass(frozen=True, slots=True)
class BountyVersion:
    """A price of a product and the one that it follows, or would follow."""

    row: Bounty
    before: Bounty | None
    standing: Standing
    is_split: ClassVar[bool] = False

    @property
    def number(self) -> int:
        return self.row.pk

    @property
    def terms(self) -> list[Change]:
        return _term_changes(self.row, self.before, BOUNTY_TERMS)


V = TypeVar("V", SplitVersion, BountyVersion)


def _examples(terms: Terms) -> dict[str, str]:
    def brings(path: str, *roles: Performance, double_keyed: bool = False) -> int:
        shares = dict(divide(EXAMPLE_FEN, terms.weights(path, double_keyed=double_keyed)))
        return sum(shares.get(role, 0) for role in roles or shares)

    entry = brings(Path.C, Performance.ENTRY)
    keyers = [brings(Path.C, role, double_keyed=True) for role in (Performance.ENTRY, Performance.ENTRY_2ND)]
    return {
        _("Path A: who does everything"): yuan(brings(Path.A)),
        _("Path B: who refers and collects"): yuan(brings(Path.B, Performance.REFERRER, Performance.COLLECTOR)),
        _("Path C: who refers"): yuan(brings(Path.C, Performance.REFERRER)),
        _("Path C: first and second keyer"): " + ".join(yuan(share) for share in keyers),
        _("Path C: entry in time, entry late"): (
            f"+{yuan(part_of(entry, terms.bonus_bp))} / -{yuan(part_of(entry, terms.penalty_bp))}"
        ),
    }


def _term_changes(row: Bounty | SplitPolicy, before: Bounty | SplitPolicy | None, names: Iterable[str]) -> list[Change]:
    return [Change(_label(row, name), _said(before, name) if before else "", _said(row, name)) for name in names]


def _label(row: Bounty | SplitPolicy, name: str) -> Any:
    field = row._meta.get_field(name)
    assert isinstance(field, Field)
    return field.verbose_name


def _said(row: Bounty | SplitPolicy, name: str) -> str:
    """A term as people read it; its unit is the end of its name."""
    value = getattr(row, name)
    match name.rpartition("_")[2]:
        case "bp":
            return _percent(value)
        case "fen":
            return yuan(value)
        case "days":
            return _("%(days)s days") % {"days": value}
        case _:
            return str(getattr(row, f"get_{name}_display")())


def _percent(basis_points: int) -> str:
    whole, rest = divmod(basis_points, 100)
    return f"{whole}.{rest:02d}".rstrip("0").rstrip(".") + "%"


# -- where they stand --------------------------------------------------------------------------------------------------
class Versions(versions.Versions[V]):
    """The versions of bounties, or of split tables."""

    def find(self, number: int) -> V | None:
        """The version with this number or key; ``None`` for none."""
        return next((version for version in self.all if version.number == number), None)

    def open_to(self, reader: Employee, roles: frozenset[str]) -> Versions[V]:
        """What this person may read: the management and audit everything, everybody else what is approved and is
        their business."""
        if not roles.isdisjoint(SEES_ALL):
            return self
        approved = self.at(Standing.IN_FORCE, Standing.AHEAD, Standing.PAST)
        return Versions([version for version in approved if concerns(version.row, reader.branch)])

    @property
    def in_force(self) -> list[V]:
        """What holds bank-wide, then the pilots."""
        return sorted(self.at(Standing.IN_FORCE), key=lambda version: version.row.is_pilot)


def split_versions(on: date) -> Versions[SplitVersion]:
    """Every split table as it stands on a day, newest first."""
    rows = list(_read(SplitPolicy.objects.prefetch_related("shares")).order_by("-starts_on", "-number"))
    book = PriceBook(bounties=[], policies=_approved(rows))
    in_force = {found.pk for place in _places(rows) if (found := book.policy(on=on, branch=place))}
    return Versions([
        SplitVersion(row, _followed(row, rows), versions.standing_of(row, holds=row.pk in in_force, on=on))
        for row in rows
    ])  # fmt: skip


def bounty_versions(on: date) -> Versions[BountyVersion]:
    """Every bounty as it stands on a day, by product, newest first."""
    rows = list(_read(Bounty.objects.select_related("product")).order_by("product__rank", "-starts_on", "-pk"))
    book = PriceBook(bounties=_approved(rows), policies=[])
    of_product: defaultdict[int, list[Bounty]] = defaultdict(list)
    for row in rows:
        of_product[row.product_id].append(row)
    in_force = {
        found.pk
        for product, its in of_product.items()
        for place in _places(its)
        if (found := book.bounty(product, on=on, branch=place))
    }
    return Versions([
        BountyVersion(
            row, _followed(row, of_product[row.product_id]), versions.standing_of(row, holds=row.pk in in_force, on=on)
        )
        for row in rows
    ])  # fmt: skip


def _read(rows: QuerySet[PolicyRow]) -> QuerySet[PolicyRow]:
    return rows.select_related("drafted_by", "approved_by").prefetch_related("branches")


def _approved(rows: Iterable[PolicyRow]) -> list[PolicyRow]:
    """In the order in which a price book asks them."""
    approved = (row for row in rows if row.status == PolicyStatus.APPROVED)
    return sorted(approved, key=lambda row: (row.starts_on, row.is_pilot, row.pk), reverse=True)


def _places(rows: Iterable[PolicyRow]) -> set[int | None]:
    """Bank-wide, and wherever a pilot may hold."""
    return {None, *(branch.pk for row in rows for branch in row.branches.all())}


def _followed(row: PolicyRow, rows: Iterable[PolicyRow]) -> PolicyRow | None:
    """The version before which a version goes: the newest approved one that holds wherever it holds itself."""

    def place(one: PolicyRow) -> tuple[date, bool]:
        return one.starts_on, one.is_pilot  # on the same day a pilot goes first

    where = {branch.pk for branch in row.branches.all()}
    earlier = [
        other
        for other in rows
        if other.status == PolicyStatus.APPROVED
        and place(other) < place(row)
        and (not other.is_pilot or (row.is_pilot and where <= {branch.pk for branch in other.branches.all()}))
    ]
    return max(earlier, key=place, default=None)
