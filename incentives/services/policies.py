"""New bounties and split tables: drafted by one of the management, approved by a second, never changed afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import TypeVar

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from applications.lifecycle import Path
from applications.models import Product
from incentives import errors
from incentives.lifecycle import PRICED_ROLES, CustomerMode, PolicyStatus
from incentives.models import Bounty, SplitPolicy, SplitShare
from incentives.rules import not_whole
from incentives.services.locks import lock_ledger
from incentives.services.pricing import LARGEST_BOUNTY
from ops_center.clock import local_day
from ops_center.kernel.errors import Malformed, Refused
from ops_center.kernel.money import WHOLE
from organization.models import Employee
from organization.roles import Role
from organization.services.audit import record

Columns = Mapping[str, Mapping[str, int]]
PolicyRow = TypeVar("PolicyRow", Bounty, SplitPolicy)


@transaction.atomic
def draft_split(
    *,
    columns: Columns,
    starts_on: date,
    actor: Employee,
    at: datetime,
    second_keyer_bp: int = 4_000,
    customer_mode: str = CustomerMode.FIXED,
    customer_fen: int = 2_000,
) -> SplitPolicy:
    """A new version of the split table: per path the share of each role in basis points.

    Malformed when a column does not sum to the whole or the day is not ahead; ``errors`` names the columns.
    """
    errors.require_role(actor, Role.MGT, at=at)
    _require_ahead(starts_on, at=at)
    require_whole(columns)
    lock_ledger()
    newest = SplitPolicy.objects.aggregate(newest=Max("number"))["newest"] or 0
    policy = SplitPolicy.objects.create(
        number=newest + 1,
        starts_on=starts_on,
        drafted_by=actor,
        drafted_at=at,
        second_keyer_bp=second_keyer_bp,
        customer_mode=customer_mode,
        customer_fen=customer_fen,
    )
    add_shares(policy, columns)
    record(action="draft_split", at=at, actor=actor, subject=policy.version, starts_on=starts_on.isoformat())
    return policy


def add_shares(policy: SplitPolicy, columns: Columns) -> None:
    SplitShare.objects.bulk_create(
        SplitShare(policy=policy, path=path, role=role, share_bp=columns[path].get(role, 0))
        for path in Path.values
        for role in PRICED_ROLES
    )


@transaction.atomic
def draft_bounty(*, product: str, amount_fen: int, starts_on: date, actor: Employee, at: datetime) -> Bounty:
    """A new price of a product from a day on."""
    errors.require_role(actor, Role.MGT, at=at)
    _require_ahead(starts_on, at=at)
    if not 0 < amount_fen <= LARGEST_BOUNTY:
        sentence = _("A bounty is more than 0.00 and at most 100000.00 yuan.")
        raise Malformed("bad_bounty", sentence, {"amount": sentence})
    found = Product.objects.filter(code=product).first()
    if found is None:
        raise Malformed("bad_product", _("No such product."), {"product": _("No such product.")})
    bounty = Bounty.objects.create(
        product=found, amount_fen=amount_fen, starts_on=starts_on, drafted_by=actor, drafted_at=at
    )
    record(action="draft_bounty", at=at, actor=actor, subject=product, starts_on=starts_on.isoformat(), fen=amount_fen)
    return bounty


@transaction.atomic
def approve_split(*, number: int, actor: Employee, at: datetime) -> SplitPolicy:
    """Puts a drafted split table in force from its day on; by a second person of the management."""
    errors.require_role(actor, Role.MGT, at=at)
    policy = _decidable(SplitPolicy, number=number)
    same_day = SplitPolicy.objects.filter(starts_on=policy.starts_on)
    return _approve(policy, taken=same_day.filter(status=PolicyStatus.APPROVED).exists(), actor=actor, at=at)


@transaction.atomic
def approve_bounty(*, bounty: int, actor: Employee, at: datetime) -> Bounty:
    """Puts a drafted bounty in force from its day on; by a second person of the management."""
    errors.require_role(actor, Role.MGT, at=at)
    row = _decidable(Bounty, pk=bounty)
    same_day = Bounty.objects.filter(starts_on=row.starts_on, product_id=row.product_id)
    return _approve(row, taken=same_day.filter(status=PolicyStatus.APPROVED).exists(), actor=actor, at=at)


@transaction.atomic
def discard_split(*, number: int, actor: Employee, at: datetime) -> SplitPolicy:
    """Takes a draft off the table; by anyone of the management, the drafter included."""
    errors.require_role(actor, Role.MGT, at=at)
    return _discard(_decidable(SplitPolicy, number=number), actor=actor, at=at)


@transaction.atomic
def discard_bounty(*, bounty: int, actor: Employee, at: datetime) -> Bounty:
    """Takes a draft off the table; by anyone of the management, the drafter included."""
    errors.require_role(actor, Role.MGT, at=at)
    return _discard(_decidable(Bounty, pk=bounty), actor=actor, at=at)


def require_whole(columns: Columns) -> None:
    """Malformed when a path's shares do not sum to the whole, with the sum of each such path."""
    wrong = {
        path: _("Path %(path)s sums to %(total)s%%; it has to be 100%%.")
        % {"path": path, "total": f"{total / (WHOLE / 100):g}"}
        for path, total in not_whole({path: columns.get(path, {}) for path in Path.values}).items()
    }
    if wrong:
        raise Malformed("split_not_whole", " ".join(wrong.values()), wrong)


def _require_ahead(starts_on: date, *, at: datetime) -> None:
    """People must know the price before they work (「要使员工清晰明了地知道」)."""
    if starts_on <= local_day(at):
        sentence = _("A new version takes effect tomorrow at the earliest: everybody knows the price before the work.")
        raise Malformed("not_ahead", sentence, {"starts_on": sentence})


def _decidable(model: type[PolicyRow], **key: int) -> PolicyRow:
    lock_ledger()
    row = model.objects.filter(**key).first()
    if row is None:
        raise errors.not_found()
    if row.status != PolicyStatus.DRAFT:
        raise Refused("already_decided", _("This draft has been decided already. Reload the page to see how."))
    return row


def _approve(row: PolicyRow, *, taken: bool, actor: Employee, at: datetime) -> PolicyRow:
    if row.drafted_by_id == actor.pk:
        raise Refused("own_draft", _("A second person of the management approves: you drafted this version yourself."))
    if row.starts_on <= local_day(at):
        raise Refused(
            "day_passed",
            _("This draft was to take effect on %(day)s, which is not ahead any more. Discard it and draft it anew.")
            % {"day": row.starts_on.isoformat()},
        )
    if taken:
        raise Refused(
            "day_taken",
            _("Another version already takes effect on %(day)s. Choose another day.")
            % {"day": row.starts_on.isoformat()},
        )
    row.status, row.approved_by, row.approved_at = PolicyStatus.APPROVED, actor, at
    row.save(update_fields=["status", "approved_by", "approved_at"])
    record(action=f"approve_{row._meta.model_name}", at=at, actor=actor, subject=str(row.pk))
    return row


def _discard(row: PolicyRow, *, actor: Employee, at: datetime) -> PolicyRow:
    row.status = PolicyStatus.DISCARDED
    row.save(update_fields=["status"])
    record(action=f"discard_{row._meta.model_name}", at=at, actor=actor, subject=str(row.pk))
    return row
