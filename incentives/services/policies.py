"""New bounties and split tables: drafted by one of the management, approved by a second, never changed afterwards.

What is approved is published on the price board in the same transaction (services/notices.py).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any, TypedDict, Unpack

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from applications.lifecycle import Path
from applications.models import Product
from incentives.lifecycle import PRICED_ROLES, Trigger
from incentives.models import Bounty, SplitPolicy, SplitShare
from incentives.models.policy import LARGEST_BOUNTY, LONGEST_REVERSAL_DAYS, LONGEST_SPEND_DAYS
from incentives.rules import not_whole
from incentives.services import notices
from incentives.services.locks import lock_ledger
from incentives.services.pricing import PriceBook
from ops_center.kernel.errors import Malformed
from ops_center.kernel.money import WHOLE, yuan
from organization.models import Branch, Employee
from organization.services import versions
from organization.services.audit import record

Columns = Mapping[str, Mapping[str, int]]


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
    versions.require_management(actor, at=at)
    versions.require_ahead(starts_on, at=at)
    require_whole(columns)
    where = _scope(is_pilot=is_pilot, branches=branches)
    lock_ledger()
    before = PriceBook.read().policy(on=starts_on, branch=where[0].pk if where else None)
    newest = SplitPolicy.objects.aggregate(newest=Max("number"))["newest"] or 0
    policy = SplitPolicy(
        number=newest + 1,
        starts_on=starts_on,
        is_pilot=is_pilot,
        note=versions.short_note(note),
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
    record(action="draft_split", at=at, actor=actor, subject=f"{policy}", starts_on=starts_on.isoformat())
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
    versions.require_management(actor, at=at)
    versions.require_ahead(starts_on, at=at)
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
        is_pilot=is_pilot, note=versions.short_note(note), drafted_by=actor, drafted_at=at,
    )  # fmt: skip
    bounty.branches.set(where)
    record(
        action="draft_bounty", at=at, actor=actor, subject=f"{bounty}", starts_on=starts_on.isoformat(), fen=amount_fen
    )
    return bounty


# -- deciding ----------------------------------------------------------------------------------------------------------
@transaction.atomic
def approve_split(*, number: int, actor: Employee, at: datetime) -> SplitPolicy:
    """Puts a drafted split table in force from its day on; by a second person of the management."""
    row = versions.approve(SplitPolicy, number=number, actor=actor, at=at)
    notices.publish(row, at=at)
    return row


@transaction.atomic
def approve_bounty(*, bounty: int, actor: Employee, at: datetime) -> Bounty:
    """Puts a drafted bounty in force from its day on; by a second person of the management."""
    row = versions.approve(Bounty, pk=bounty, actor=actor, at=at)
    notices.publish(row, at=at)
    return row


def discard_split(*, number: int, actor: Employee, at: datetime) -> SplitPolicy:
    """Takes a draft off the table; by anyone of the management, the drafter included."""
    return versions.discard(SplitPolicy, number=number, actor=actor, at=at)


def discard_bounty(*, bounty: int, actor: Employee, at: datetime) -> Bounty:
    """Takes a draft off the table; by anyone of the management, the drafter included."""
    return versions.discard(Bounty, pk=bounty, actor=actor, at=at)


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
