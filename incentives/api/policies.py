"""Versions of bounties and split tables, what they would change, the price board, and who has read it."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from incentives.api.fields import Yuan, number_of
from incentives.lifecycle import CustomerMode, Trigger
from incentives.models import Bounty, ReadReceipt, SplitPolicy
from incentives.periods import period_of
from incentives.selectors import prices
from incentives.selectors.preview import Comparison, Preview, offered_months, preview, tried_of
from incentives.selectors.prices import Notice, Price
from incentives.selectors.versions import (
    BountyVersion,
    SplitVersion,
    bounty_versions,
    split_versions,
)
from incentives.services import notices, policies
from ops_center.clock import local_day
from ops_center.kernel import money
from ops_center.web.api import Api, Call, operation
from ops_center.web.shapes import Code, Flag, FreeText, Many, Shape, Whole
from organization.roles import Role
from organization.services import versions
from organization.services.versions import Standing


# -- in ----------------------------------------------------------------------------------------------------------------
class _NewVersion(Shape):
    starts_on = serializers.DateField()
    note = FreeText(max_length=versions.LONGEST_NOTE, help_text="What changes and why.")
    is_pilot = Flag(required=False)
    branches = Many(child=Code(), required=False, help_text="Where a pilot holds.")


class NewBounty(_NewVersion):
    product = Code(max_length=8)
    amount = serializers.CharField(max_length=16, help_text="Yuan, such as 120.00.")
    trigger = serializers.ChoiceField(Trigger.choices, required=False)
    spend_days = Whole(required=False)


class Column(Shape):
    """Of one path the shares in basis points; what is left out is 0."""

    REFERRER = Whole(required=False)
    COLLECTOR = Whole(required=False)
    CREDIT_CHECK = Whole(required=False)
    ENTRY = Whole(required=False)
    TRACKER = Whole(required=False)
    AFTER_SALES = Whole(required=False)


class Columns(Shape):
    A = Column()
    B = Column()
    C = Column()


class NewSplit(_NewVersion):
    """What is left out stays as in the version that is in force on the day."""

    columns = Columns()
    second_keyer_bp = Whole(required=False)
    bonus_bp = Whole(required=False)
    penalty_bp = Whole(required=False)
    penalty_cap_bp = Whole(required=False)
    customer_mode = serializers.ChoiceField(CustomerMode.choices, required=False)
    customer = serializers.CharField(max_length=16, required=False, help_text="Yuan.")
    cross_sell = serializers.CharField(max_length=16, required=False, help_text="Yuan.")
    reversal_days = Whole(required=False)
    unused_days = Whole(required=False)


class AskedPreview(Shape):
    split = serializers.IntegerField(required=False, min_value=1, help_text="The number of a split table.")
    bounties = serializers.RegexField(
        r"^\d{1,9}(,\d{1,9})*$", required=False, max_length=200, help_text="Keys of bounties, with commas."
    )
    month = serializers.CharField(max_length=7, required=False, help_text="2026-10; the month that is over last.")


# -- out ---------------------------------------------------------------------------------------------------------------
class _VersionAnswer(serializers.Serializer[Any]):
    standing = serializers.ChoiceField(Standing.choices)
    starts_on = serializers.DateField(source="row.starts_on")
    is_pilot = serializers.BooleanField(source="row.is_pilot")
    branches = serializers.SerializerMethodField()
    note = serializers.CharField(source="row.note")
    drafted_by = number_of("row.drafted_by")
    drafted_at = serializers.DateTimeField(source="row.drafted_at", allow_null=True)
    approved_by = number_of("row.approved_by")
    approved_at = serializers.DateTimeField(source="row.approved_at", allow_null=True)

    def get_branches(self, version: SplitVersion | BountyVersion) -> list[str]:
        return [branch.code for branch in version.row.branches.all()]


class BountyAnswer(_VersionAnswer):
    id = serializers.IntegerField(source="row.pk")
    product = serializers.CharField(source="row.product.code")
    amount = Yuan(source="row.amount_fen")
    trigger = serializers.ChoiceField(Trigger.choices, source="row.trigger")
    spend_days = serializers.IntegerField(source="row.spend_days")


class SplitAnswer(_VersionAnswer):
    number = serializers.IntegerField()
    policy_version = serializers.CharField(source="row.version")
    columns = serializers.DictField(
        child=serializers.DictField(child=serializers.IntegerField()), source="row.terms.columns"
    )
    second_keyer_bp = serializers.IntegerField(source="row.second_keyer_bp")
    bonus_bp = serializers.IntegerField(source="row.bonus_bp")
    penalty_bp = serializers.IntegerField(source="row.penalty_bp")
    penalty_cap_bp = serializers.IntegerField(source="row.penalty_cap_bp")
    customer_mode = serializers.ChoiceField(CustomerMode.choices, source="row.customer_mode")
    customer = Yuan(source="row.customer_fen")
    cross_sell = Yuan(source="row.cross_sell_fen")
    reversal_days = serializers.IntegerField(source="row.reversal_days")
    unused_days = serializers.IntegerField(source="row.unused_days")


class PoliciesAnswer(serializers.Serializer[Any]):
    splits = SplitAnswer(many=True)
    bounties = BountyAnswer(many=True)


class ComparisonAnswer(serializers.Serializer[Comparison]):
    before = Yuan(source="before_fen")
    after = Yuan(source="after_fen")
    difference = Yuan(source="difference_fen")


class LineComparison(ComparisonAnswer):
    what = serializers.CharField(help_text="A role, or a kind of entry beside the shares.")


class PersonComparison(ComparisonAnswer):
    person = serializers.CharField(source="what.number")


class PreviewAnswer(serializers.Serializer[Preview]):
    month = serializers.CharField(source="period.label")
    cases = serializers.IntegerField()
    touched = serializers.IntegerField(help_text="Cases to which one of the drafts would have applied.")
    unearned = serializers.IntegerField(help_text="Cases that would have earned nothing for want of a first spend.")
    total = ComparisonAnswer()
    lines = LineComparison(many=True)
    payee_kinds = LineComparison(many=True)
    people = PersonComparison(many=True)


class PriceAnswer(serializers.Serializer[Price]):
    product = serializers.CharField(source="product.code")
    bounty = Yuan(source="bounty_fen")
    trigger = serializers.ChoiceField(Trigger.choices, source="bounty.trigger")
    all_alone = Yuan()
    refer_and_collect = Yuan()
    refer = Yuan()
    collect = Yuan()
    check = Yuan()
    entry = Yuan()
    tracking = Yuan()
    after_sales = Yuan()


class AnnouncedAnswer(serializers.Serializer[Any]):
    """A version by its number or its key, and from when it holds."""

    policy_version = serializers.SerializerMethodField()
    product = serializers.SerializerMethodField()
    amount = serializers.SerializerMethodField()
    starts_on = serializers.DateField()
    is_pilot = serializers.BooleanField()
    note = serializers.CharField()

    def get_policy_version(self, row: Bounty | SplitPolicy) -> str | None:
        return row.version if isinstance(row, SplitPolicy) else None

    def get_product(self, row: Bounty | SplitPolicy) -> str | None:
        return row.product.code if isinstance(row, Bounty) else None

    def get_amount(self, row: Bounty | SplitPolicy) -> str | None:
        return money.yuan(row.amount_fen) if isinstance(row, Bounty) else None


class NoticeAnswer(serializers.Serializer[Notice]):
    id = serializers.IntegerField(source="notice.pk")
    published_at = serializers.DateTimeField(source="notice.published_at")
    version = AnnouncedAnswer(source="notice.version")
    is_mine = serializers.BooleanField(help_text="Whether the reader has to sign for it.")
    is_read = serializers.BooleanField()
    signed = serializers.IntegerField(allow_null=True, help_text="How many have read it; for the management.")
    of = serializers.IntegerField(allow_null=True)


class PriceBoardAnswer(serializers.Serializer[Any]):
    on = serializers.DateField()
    policy_version = serializers.CharField(allow_null=True)
    prices = PriceAnswer(many=True)
    ahead = AnnouncedAnswer(many=True)
    notices = NoticeAnswer(many=True)


class ReceiptAnswer(serializers.Serializer[ReadReceipt]):
    notice = serializers.IntegerField(source="notice_id")
    person = serializers.CharField(source="employee.number")
    at = serializers.DateTimeField()


# -- versions ----------------------------------------------------------------------------------------------------------
class Policies(Api):
    @operation(answer=PoliciesAnswer, summary="Versions of bounties and split tables")
    def get(self, call: Call) -> dict[str, Any]:
        """Newest first, with where they stand today; drafts and pilots elsewhere for the management and audit."""
        on = local_day(call.at)
        return {
            "splits": split_versions(on).open_to(call.actor, call.roles).all,
            "bounties": bounty_versions(on).open_to(call.actor, call.roles).all,
        }


class Splits(Api):
    @operation(roles="MGT", facts=NewSplit, answer=SplitAnswer, status=201, summary="Draft a split table")
    def post(self, call: Call) -> SplitVersion | None:
        """A column that does not sum to 10000 is refused with its sum."""
        said = dict(call.facts)
        amounts: dict[str, Any] = {
            f"{name}_fen": money.fen(said.pop(name)) for name in ("customer", "cross_sell") if name in said
        }
        return _split(policies.draft_split(actor=call.actor, at=call.at, **said, **amounts), call)


class ApproveSplit(Api):
    @operation(roles="MGT", answer=SplitAnswer, summary="Approve a split table")
    def post(self, call: Call, number: int) -> SplitVersion | None:
        """By a second person; it stands on the price board at once."""
        return _split(policies.approve_split(number=number, actor=call.actor, at=call.at), call)


class DiscardSplit(Api):
    @operation(roles="MGT", answer=SplitAnswer, summary="Discard a drafted split table")
    def post(self, call: Call, number: int) -> SplitVersion | None:
        """A draft is never changed: discard it and draft anew."""
        return _split(policies.discard_split(number=number, actor=call.actor, at=call.at), call)


class Bounties(Api):
    @operation(roles="MGT", facts=NewBounty, answer=BountyAnswer, status=201, summary="Draft a bounty")
    def post(self, call: Call) -> BountyVersion | None:
        """The price of a product from a day on, and what earns it."""
        said = dict(call.facts)
        amount = money.fen(said.pop("amount"))
        return _bounty(policies.draft_bounty(actor=call.actor, at=call.at, amount_fen=amount, **said), call)


class ApproveBounty(Api):
    @operation(roles="MGT", answer=BountyAnswer, summary="Approve a bounty")
    def post(self, call: Call, bounty: int) -> BountyVersion | None:
        """By a second person; it stands on the price board at once."""
        return _bounty(policies.approve_bounty(bounty=bounty, actor=call.actor, at=call.at), call)


class DiscardBounty(Api):
    @operation(roles="MGT", answer=BountyAnswer, summary="Discard a drafted bounty")
    def post(self, call: Call, bounty: int) -> BountyVersion | None:
        """A draft is never changed: discard it and draft anew."""
        return _bounty(policies.discard_bounty(bounty=bounty, actor=call.actor, at=call.at), call)


def _split(policy: SplitPolicy, call: Call) -> SplitVersion | None:
    return split_versions(local_day(call.at)).find(policy.number)


def _bounty(bounty: Bounty, call: Call) -> BountyVersion | None:
    return bounty_versions(local_day(call.at)).find(bounty.pk)


class PolicyPreview(Api):
    @operation(roles="MGT AUD", asked=AskedPreview, answer=PreviewAnswer, summary="A past month under drafts")
    def get(self, call: Call) -> Preview:
        """What the month's activations earned and would have earned: by role, by person, in total."""
        month = call.asked.get("month") or offered_months(call.at)[0]
        keys = [int(key) for key in call.asked.get("bounties", "").split(",") if key]
        tried = tried_of(split=call.asked.get("split"), bounties=keys, on=local_day(call.at))
        return preview(period_of(month), tried=tried, at=call.at)


# -- the price board ---------------------------------------------------------------------------------------------------
class Board(Api):
    @operation(answer=PriceBoardAnswer, summary="The price board")
    def get(self, call: Call) -> dict[str, Any]:
        """What is in force at the reader's branch, what is ahead, and what was announced."""
        board = prices.price_board(local_day(call.at), call.actor.branch)
        return {
            "on": board.on,
            "policy_version": board.policy.version if board.policy else None,
            "prices": board.prices,
            "ahead": board.ahead,
            "notices": prices.notice_board(call.actor, counts=Role.MGT in call.roles),
        }


class ReadNotice(Api):
    @operation(answer=ReceiptAnswer, summary="Sign for having read a notice")
    def post(self, call: Call, notice: int) -> ReadReceipt:
        """Once; a second time changes nothing."""
        return notices.read_notice(notice=notice, actor=call.actor, at=call.at)
