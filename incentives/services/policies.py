"""New bounties and split tables: drafted by one of the management, approved by a second, never changed afterwards.

What is approved is published on the price board in the same transaction (services/notices.py).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, TypedDict, TypeVar, Unpack

from django.db import transaction
from django.db.models import Max, Q
from django.utils.translation import gettext as _

from applications.lifecycle import Path
from applications.models import Product
from incentives import errors
from incentives.lifecycle import PRICED_ROLES, Trigger
from incentives.models import Bounty, SplitPolicy, SplitShare
from incentives.models.policy import LARGEST_BOUNTY, LONGEST_REVERSAL_DAYS, LONGEST_SPEND_DAYS
from incentives.rules import not_whole
from incentives.services import notices
from incentives.services.locks import lock_ledger
from incentives.services.pricing import PriceBook
from ops_center.clock import local_day
from ops_center.kernel.errors import Malformed, Refused
from ops_center.kernel.money import WHOLE, yuan
from organization.models import Branch, Employee
from organization.models.versions import PolicyStatus
from organization.roles import Role
from organization.services.audit import record

Columns = Mapping[str, Mapping[str, int]]
PolicyRow = TypeVar("PolicyRow", Bounty, SplitPolicy)

FARTHEST = timedelta(days=731)  # a day beyond this is a slip of the hand
LONGEST_NOTE = 300  # characters


class SpecialTerms(TypedDict, total=False):
    """What is agreed beside the shares: fen, basis points, days. What is left out stays as in the version before."""

    second_keyer_bp: int
    bonus_bp: int
    penalty_bp: int
    penalty_cap_bp: int
    customer_mode: str
    customer_fen: int
    cross_sell_fen: int
    reversal_days: int
    unused_days: int


# -- drafting ----------------------------------------------------------------------------------------------------------
@transaction.atomic
def draft_split(
    *,
    columns: Columns,
    starts_on: date,
    actor: Employee,
    at: datetime,
    note: str = "",
    is_pilot: bool = False,
    branches: Collection[str] = (),
    **terms: Unpack[SpecialTerms],
) -> SplitPolicy:
    """A new version of the split table: per path the share of each role in basis points.

    Malformed when a column does not sum to the whole, a term is beyond its limit, the day is not ahead or a pilot
    names no branch; ``errors`` names the columns and terms.
    """
    errors.require_role(actor, Role.MGT, at=at)
    _require_ahead(starts_on, at=at)
    require_whole(columns)
    where = _scope(is_pilot=is_pilot, branches=branches)
    lock_ledger()
    before = PriceBook.read().policy(on=starts_on, branch=where[0].pk if where else None)
    newest = SplitPolicy.objects.aggregate(newest=Max("number"))["newest"] or 0
    policy = SplitPolicy(
        number=newest + 1,
        starts_on=starts_on,
        is_pilot=is_pilot,
        note=_short(note),
        drafted_by=actor,
        drafted_at=at,
        **{**(before.special_terms if before else {}), **terms},
    )
    _require_sensible(policy)
    if is_pilot:
        _require_cap_of_all(policy, before)
    policy.save()
    policy.branches.set(where)
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
def draft_bounty(
    *,
    product: str,
    amount_fen: int,
    starts_on: date,
    actor: Employee,
    at: datetime,
    trigger: str = Trigger.ACTIVATION,
    spend_days: int = 90,
    note: str = "",
    is_pilot: bool = False,
    branches: Collection[str] = (),
) -> Bounty:
    """A new price of a product from a day on, what earns it, and within how many days of the activation the card has
    to be used where that is asked. Malformed as ``draft_split``."""
    errors.require_role(actor, Role.MGT, at=at)
    _require_ahead(starts_on, at=at)
    _require_between(amount_fen, 1, LARGEST_BOUNTY, name="amount_fen", sentence=_sum_sentence(1))
    _require_between(
        spend_days, 1, LONGEST_SPEND_DAYS, name="spend_days", sentence=_days_sentence(1, LONGEST_SPEND_DAYS)
    )
    where = _scope(is_pilot=is_pilot, branches=branches)
    found = Product.objects.filter(code=product, is_active=True).first()
    if found is None:
        sentence = _("There is no product %(code)s that is on offer. Choose one of the list.") % {"code": product[:8]}
        raise Malformed("bad_product", sentence, {"product": sentence})
    bounty = Bounty.objects.create(
        product=found, amount_fen=amount_fen, trigger=Trigger(trigger), spend_days=spend_days, starts_on=starts_on,
        is_pilot=is_pilot, note=_short(note), drafted_by=actor, drafted_at=at,
    )  # fmt: skip
    bounty.branches.set(where)
    record(action="draft_bounty", at=at, actor=actor, subject=product, starts_on=starts_on.isoformat(), fen=amount_fen)
    return bounty


# -- deciding ----------------------------------------------------------------------------------------------------------
@transaction.atomic
def approve_split(*, number: int, actor: Employee, at: datetime) -> SplitPolicy:
    """Puts a drafted split table in force from its day on; by a second person of the management."""
    errors.require_role(actor, Role.MGT, at=at)
    return _approve(_decidable(SplitPolicy, number=number), actor=actor, at=at)


@transaction.atomic
def approve_bounty(*, bounty: int, actor: Employee, at: datetime) -> Bounty:
    """Puts a drafted bounty in force from its day on; by a second person of the management."""
    errors.require_role(actor, Role.MGT, at=at)
    return _approve(_decidable(Bounty, pk=bounty), actor=actor, at=at)


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


def _decidable(model: type[PolicyRow], **key: int) -> PolicyRow:
    lock_ledger()
    row = model.objects.filter(**key).first()
    if row is None:
        raise errors.not_found()
    if row.status != PolicyStatus.DRAFT:
        raise Refused("already_decided", _("This draft has been decided already. Reload the page to see how."))
    return row


def why_not_approve(row: Bounty | SplitPolicy, *, actor: Employee, at: datetime) -> Refused | None:
    """What keeps this person from approving a draft. The page shows the sentence instead of the button."""
    if row.drafted_by_id == actor.pk:
        return Refused("own_draft", _("A second person of the management approves: you drafted this version yourself."))
    if row.starts_on <= local_day(at):
        return Refused(
            "day_passed",
            _("This draft was to take effect on %(day)s, which is not ahead any more. Discard it and draft it anew.")
            % {"day": row.starts_on.isoformat()},
        )
    if any(_meet(row, other) for other in _beside(row)):
        return Refused(
            "day_taken",
            _("Another version already takes effect on %(day)s. Choose another day.")
            % {"day": row.starts_on.isoformat()},
        )
    return None


def _beside(row: Bounty | SplitPolicy) -> Iterable[Bounty | SplitPolicy]:
    """The approved versions of the same thing that take effect on the same day."""
    of_the_day = Q(starts_on=row.starts_on, status=PolicyStatus.APPROVED)
    if isinstance(row, Bounty):
        return Bounty.objects.filter(of_the_day, product=row.product_id).prefetch_related("branches")
    return SplitPolicy.objects.filter(of_the_day).prefetch_related("branches")


def _approve(row: PolicyRow, *, actor: Employee, at: datetime) -> PolicyRow:
    if refusal := why_not_approve(row, actor=actor, at=at):
        raise refusal
    row.status, row.approved_by, row.approved_at = PolicyStatus.APPROVED, actor, at
    row.save(update_fields=["status", "approved_by", "approved_at"])
    notices.publish(row, at=at)
    record(action=f"approve_{row._meta.model_name}", at=at, actor=actor, subject=str(row.pk))
    return row


def _meet(row: Bounty | SplitPolicy, other: Bounty | SplitPolicy) -> bool:
    """Two versions of one day between which nothing decides: a pilot goes before what holds for all."""
    if row.is_pilot != other.is_pilot:
        return False
    return not row.is_pilot or not {branch.pk for branch in row.branches.all()}.isdisjoint(
        branch.pk for branch in other.branches.all()
    )


def _discard(row: PolicyRow, *, actor: Employee, at: datetime) -> PolicyRow:
    row.status = PolicyStatus.DISCARDED
    row.save(update_fields=["status"])
    record(action=f"discard_{row._meta.model_name}", at=at, actor=actor, subject=str(row.pk))
    return row


# -- what a draft has to be --------------------------------------------------------------------------------------------
def require_whole(columns: Columns) -> None:
    """Malformed when a path's shares do not sum to the whole, with the sum of each such path, or when one is
    negative."""
    whole = {path: columns.get(path, {}) for path in Path.values}
    wrong = {
        path: _("Path %(path)s sums to %(total)s%%; it has to be 100%%.")
        % {"path": path, "total": f"{total / (WHOLE / 100):g}"}
        for path, total in not_whole(whole).items()
    }
    negative = _("No share is less than 0%.")
    wrong |= {path: negative for path, column in whole.items() if any(share < 0 for share in column.values())}
    if wrong:
        raise Malformed("split_not_whole", " ".join(dict.fromkeys(wrong.values())), wrong)


def _require_ahead(starts_on: date, *, at: datetime) -> None:
    """People must know the price before they work (「要使员工清晰明了地知道」)."""
    today = local_day(at)
    if starts_on <= today:
        sentence = _("A new version takes effect tomorrow at the earliest: everybody knows the price before the work.")
        raise Malformed("not_ahead", sentence, {"starts_on": sentence})
    if starts_on > today + FARTHEST:
        sentence = _("A new version takes effect within two years. Look at the year of the day once more.")
        raise Malformed("too_far_ahead", sentence, {"starts_on": sentence})


def _scope(*, is_pilot: bool, branches: Collection[str]) -> list[Branch]:
    """The branches of a pilot; none for a version that holds everywhere."""
    found = list(Branch.objects.filter(code__in=branches, is_active=True))
    unknown = set(branches) - {branch.code for branch in found}
    sentence = ""
    if unknown:
        sentence = _("There is no branch %(codes)s.") % {"codes": "、".join(sorted(unknown))}
    elif is_pilot and not found:
        sentence = _("A pilot names its branches. Choose at least one, or let the version hold for all.")
    elif found and not is_pilot:
        sentence = _("Branches are chosen for a pilot only. Mark the version as a pilot, or choose no branch.")
    if sentence:
        raise Malformed("bad_scope", sentence, {"branches": sentence})
    return found


def _require_sensible(policy: SplitPolicy) -> None:
    """Malformed for a term that is beyond what it can be; ``errors`` names it."""
    for name in ("second_keyer_bp", "bonus_bp", "penalty_bp", "penalty_cap_bp"):
        _require_between(getattr(policy, name), 0, WHOLE, name=name, sentence=_("A part is between 0% and 100%."))
    for name in ("customer_fen", "cross_sell_fen"):
        _require_between(getattr(policy, name), 0, LARGEST_BOUNTY, name=name, sentence=_sum_sentence(0))
    _require_between(
        policy.reversal_days, 0, LONGEST_REVERSAL_DAYS, name="reversal_days",
        sentence=_days_sentence(0, LONGEST_REVERSAL_DAYS),
    )  # fmt: skip
    _require_between(
        policy.unused_days, 0, policy.reversal_days, name="unused_days",
        sentence=_("A card that is cancelled unused is clawed back within the claw-back window of %(days)s days.")
        % {"days": policy.reversal_days},
    )  # fmt: skip


def _require_cap_of_all(pilot: SplitPolicy, before: SplitPolicy | None) -> None:
    """The cap compares all that a person earns and loses in a month, on cases of every branch: a pilot has none."""
    if before is not None and pilot.penalty_cap_bp != before.penalty_cap_bp:
        sentence = _("The monthly cap is the same at every branch: change it in a version that holds for all.")
        raise Malformed("pilot_sets_cap", sentence, {"penalty_cap_bp": sentence})


def _require_between(value: int, least: int, most: int, *, name: str, sentence: str) -> None:
    if not least <= value <= most:
        raise Malformed("beyond_limits", sentence, {name: sentence})


def _sum_sentence(least: int) -> str:
    facts: dict[str, Any] = {"most": yuan(LARGEST_BOUNTY)}
    if least:
        return _("A bounty is more than 0.00 and at most %(most)s yuan.") % facts
    return _("An amount is between 0.00 and %(most)s yuan.") % facts


def _days_sentence(least: int, most: int) -> str:
    return _("Between %(least)s and %(most)s days.") % {"least": least, "most": most}


def _short(note: str) -> str:
    said = note.strip()
    if len(said) > LONGEST_NOTE:
        sentence = _("At most 300 characters: say it shorter.")
        raise Malformed("note_too_long", sentence, {"note": sentence})
    return said
