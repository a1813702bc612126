"""What a card is worth on a day, and how it is divided."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db.models import prefetch_related_objects
from django.utils.translation import gettext as _

from applications.lifecycle import Path, Performance
from incentives.models import Bounty, SplitPolicy
from incentives.models.policy import LARGEST_BOUNTY
from ops_center.kernel.errors import Malformed, Refused
from ops_center.kernel.money import divide
from organization.models.versions import PolicyStatus


@dataclass(frozen=True, slots=True)
class PriceBook:
    """Every approved bounty and split policy, in the order in which they are asked: newest first, on the same day a
    pilot before what holds for all. Read once for a whole pass: the tables are small."""

    bounties: list[Bounty]
    policies: list[SplitPolicy]

    @classmethod
    def read(cls) -> PriceBook:
        order = ("-starts_on", "-is_pilot", "-pk")
        bounties = list(Bounty.objects.filter(status=PolicyStatus.APPROVED).order_by(*order))
        policies = SplitPolicy.objects.filter(status=PolicyStatus.APPROVED).order_by(*order)
        book = cls(bounties=bounties, policies=list(policies.prefetch_related("shares")))
        for versions in (book.bounties, book.policies):
            prefetch_related_objects([version for version in versions if version.is_pilot], "branches")
        return book

    def bounty(self, product_id: int, *, on: date, branch: int | None = None) -> Bounty | None:
        """What a card of a product is worth that was taken in on a day, at a branch or (``None``) at any."""
        of_product = (row for row in self.bounties if row.product_id == product_id)
        return next((row for row in of_product if _is_in_force(row, on=on, branch=branch)), None)

    def policy(self, *, on: date, branch: int | None = None) -> SplitPolicy | None:
        return next((row for row in self.policies if _is_in_force(row, on=on, branch=branch)), None)

    def price(
        self, product_id: int, *, on: date | None, branch: int | None
    ) -> tuple[Bounty, SplitPolicy] | tuple[None, None]:
        """What a card is worth and how it is divided; nothing where one of the two is missing, or the day."""
        bounty = self.bounty(product_id, on=on, branch=branch) if on else None
        policy = self.policy(on=on, branch=branch) if on else None
        return (bounty, policy) if bounty and policy else (None, None)


def _is_in_force(version: Bounty | SplitPolicy, *, on: date, branch: int | None) -> bool:
    if version.starts_on > on:
        return False
    return not version.is_pilot or any(covered.pk == branch for covered in version.branches.all())


@dataclass(frozen=True, slots=True)
class Division:
    """A bounty divided by role, in the fixed order, and the policy that says so."""

    shares: list[tuple[Performance, int]]
    policy: SplitPolicy

    @property
    def total_fen(self) -> int:
        return sum(amount for _role, amount in self.shares)


def split(*, bounty_fen: int, path: str, on: date, double_keyed: bool = False) -> Division:
    """Divides a bounty by the policy of a day that holds bank-wide. Malformed for a path or an amount that cannot be;
    Refused before the first policy."""
    if path not in Path.values:
        raise Malformed("bad_path", _("The path is A, B or C."), {"path": _("The path is A, B or C.")})
    if not 0 <= bounty_fen <= LARGEST_BOUNTY:
        sentence = _("A bounty is between 0.00 and 100000.00 yuan.")
        raise Malformed("bad_bounty", sentence, {"bounty": sentence})
    policy = PriceBook.read().policy(on=on)
    if policy is None:
        raise Refused(
            "no_split_policy",
            _("No split policy was in force on %(day)s. Choose a later day.") % {"day": on.isoformat()},
        )
    return Division(shares=divide(bounty_fen, policy.terms.weights(path, double_keyed=double_keyed)), policy=policy)
