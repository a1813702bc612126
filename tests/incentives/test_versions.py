"""Policies from the draft to the day: what cannot be saved, pilots, triggers, and what the database refuses (S13)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from applications.lifecycle import Path, Performance
from applications.models import Application
from incentives.models import Assessment, Bounty, SplitPolicy, SplitShare
from incentives.reference import SHARES
from incentives.selectors.versions import bounty_versions, split_versions
from incentives.services.accrual import accrue
from incentives.services.policies import (
    approve_bounty,
    approve_split,
    discard_bounty,
    draft_bounty,
    draft_split,
)
from incentives.services.pricing import PriceBook
from ops_center.kernel.errors import Malformed, Refused
from tests.cast import Cast, at
from tests.incentives.conftest import paid_to
from tests.incentives.test_guards import refused, sql

pytestmark = pytest.mark.django_db
WHEN = at("2026-11-20 10:00")
DECEMBER = date(2026, 12, 1)
S13 = dict.fromkeys(Path.values, SHARES | {Performance.CREDIT_CHECK: 1_200, Performance.ENTRY: 1_300})


def drafted_split(bank: Cast, **facts: Any) -> SplitPolicy:
    said: dict[str, Any] = {"columns": S13, "starts_on": DECEMBER, "actor": bank.cao_ying, "at": WHEN}
    return draft_split(**said | facts)


def drafted_bounty(bank: Cast, **facts: Any) -> Bounty:
    said = {"product": "PK", "amount_fen": 120_00, "starts_on": DECEMBER, "actor": bank.cao_ying, "at": WHEN}
    return draft_bounty(**said | facts)


def approved_split(bank: Cast, **facts: Any) -> SplitPolicy:
    return approve_split(number=drafted_split(bank, **facts).number, actor=bank.deng_hai, at=WHEN)


def approved_bounty(bank: Cast, **facts: Any) -> Bounty:
    return approve_bounty(bounty=drafted_bounty(bank, **facts).pk, actor=bank.deng_hai, at=WHEN)


# -- S13 ---------------------------------------------------------------------------------------------------------------
def test_s13_v1_holds_to_the_end_of_november_and_v2_from_december(bank: Cast) -> None:
    approved_split(bank)
    december = at("2026-12-20 10:00")

    def paid(taken_in: str) -> tuple[str, str]:
        case = bank.finish(bank.received(when=december, taken_in=at(taken_in)), when=december)
        accrue(at=december)
        payees = paid_to(case)
        return payees["何秀兰"], payees["方芳"]

    assert paid("2026-11-30 10:00") == ("15.00", "10.00")
    assert paid("2026-12-01 10:00") == ("12.00", "13.00")
    versions = Assessment.objects.order_by("pk").values_list("policy__number", flat=True)
    assert list(versions) == [1, 2]


def test_s13_a_version_of_99_percent_is_refused_beside_the_one_in_force(bank: Cast) -> None:
    approved_split(bank)
    columns = dict.fromkeys(Path.values, SHARES | {Performance.CREDIT_CHECK: 1_200, Performance.ENTRY: 1_200})
    with pytest.raises(Malformed, match="sums to 99%") as no:
        drafted_split(bank, columns=columns, starts_on=date(2027, 1, 1))
    assert no.value.errors["B"] == ["Path B sums to 99%; it has to be 100%."]
    assert SplitPolicy.objects.count() == 2


# -- what a draft has to be --------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("facts", "field", "sentence"),
    [
        ({"starts_on": date(2026, 11, 20)}, "starts_on", "tomorrow at the earliest"),
        ({"starts_on": date(2062, 12, 1)}, "starts_on", "within two years"),
        ({"columns": S13 | {"B": SHARES | {"ENTRY": -100, "TRACKER": 1_600}}}, "B", "No share is less than 0%"),
        ({"second_keyer_bp": 10_001}, "second_keyer_bp", "between 0% and 100%"),
        ({"penalty_bp": -1}, "penalty_bp", "between 0% and 100%"),
        ({"customer_fen": 100_000_01}, "customer_fen", "between 0.00 and 100000.00"),
        ({"cross_sell_fen": -1}, "cross_sell_fen", "between 0.00 and 100000.00"),
        ({"reversal_days": 731}, "reversal_days", "Between 0 and 730 days"),
        ({"unused_days": 181}, "unused_days", "within the claw-back window of 180 days"),
        ({"is_pilot": True}, "branches", "A pilot names its branches"),
        ({"branches": ["BH01"]}, "branches", "for a pilot only"),
        ({"is_pilot": True, "branches": ["BH01"], "penalty_cap_bp": 100}, "penalty_cap_bp", "same at every branch"),
        ({"is_pilot": True, "branches": ["BH01", "XX99"]}, "branches", "no branch XX99"),
        ({"note": "长" * 301}, "note", "At most 300 characters"),
    ],
)
def test_each_impossible_split_table_is_refused_in_one_sentence(
    bank: Cast, facts: dict[str, Any], field: str, sentence: str
) -> None:
    with pytest.raises(Malformed) as no:
        drafted_split(bank, **facts)
    assert sentence in no.value.errors[field][0]
    assert SplitPolicy.objects.count() == 1


@pytest.mark.parametrize(
    ("facts", "field", "sentence"),
    [
        ({"product": "XX"}, "product", "no product XX"),
        ({"amount_fen": 0}, "amount_fen", "more than 0.00"),
        ({"amount_fen": 100_000_01}, "amount_fen", "at most 100000.00"),
        ({"spend_days": 0}, "spend_days", "Between 1 and 365 days"),
        ({"is_pilot": True}, "branches", "A pilot names its branches"),
    ],
)
def test_each_impossible_bounty_is_refused_in_one_sentence(
    bank: Cast, facts: dict[str, Any], field: str, sentence: str
) -> None:
    with pytest.raises(Malformed) as no:
        drafted_bounty(bank, **facts)
    assert sentence in no.value.errors[field][0]
    assert not Bounty.objects.filter(status="DRAFT").exists()


def test_terms_that_are_not_named_stay_as_in_the_version_before(bank: Cast) -> None:
    approved_split(bank, customer_fen=30_00, bonus_bp=600)
    after = drafted_split(bank, starts_on=date(2027, 1, 1), penalty_bp=800)
    assert (after.customer_fen, after.bonus_bp, after.penalty_bp, after.reversal_days) == (30_00, 600, 800, 180)
    before = drafted_split(bank, starts_on=date(2026, 11, 28))
    assert (before.customer_fen, before.bonus_bp) == (20_00, 500)


# -- pilots ------------------------------------------------------------------------------------------------------------
def test_a_pilot_holds_at_its_branches_and_goes_before_what_holds_for_all(bank: Cast) -> None:
    approved_bounty(bank, amount_fen=110_00)
    pilot = approved_bounty(bank, amount_fen=130_00, is_pilot=True, branches=["BH01", "XF01"])
    approved_bounty(bank, amount_fen=140_00, starts_on=date(2027, 1, 1))
    book, product = PriceBook.read(), bank.product("PK").pk

    def price(code: str, on: date) -> int:
        found = book.bounty(product, on=on, branch=bank.branches[code].pk)
        assert found is not None
        return found.amount_fen

    assert [price(code, DECEMBER) for code in ("BH01", "XF01", "DG01")] == [130_00, 130_00, 110_00]
    assert price("BH01", date(2027, 1, 1)) == 140_00
    assert {branch.code for branch in pilot.branches.all()} == {"BH01", "XF01"}


def test_two_pilots_of_one_day_do_not_meet_in_a_branch(bank: Cast) -> None:
    approved_split(bank, is_pilot=True, branches=["BH01"])
    elsewhere = approved_split(bank, is_pilot=True, branches=["XF01"])
    assert elsewhere.status == "APPROVED"
    third = drafted_split(bank, is_pilot=True, branches=["XF01", "DG01"])
    with pytest.raises(Refused, match="Another version already takes effect on 2026-12-01"):
        approve_split(number=third.number, actor=bank.deng_hai, at=WHEN)


def test_a_case_of_a_pilot_branch_is_paid_by_the_pilot(bank: Cast) -> None:
    approved_split(bank, is_pilot=True, branches=["BH01"])
    december = at("2026-12-20 10:00")
    here, elsewhere = bank.received(when=december), bank.draft(when=december, by=bank.luo_yong)
    assert (here.branch.code, elsewhere.branch.code) == ("BH01", "YX01")
    bank.finish(here, when=december)
    accrue(at=december)
    assert paid_to(here)["方芳"] == "13.00"
    assert PriceBook.read().policy(on=DECEMBER, branch=elsewhere.branch_id) == SplitPolicy.objects.get(number=1)


# -- what earns a bounty -----------------------------------------------------------------------------------------------
def test_a_bounty_may_come_to_be_earned_by_the_first_spend(bank: Cast) -> None:
    approved_bounty(bank, trigger="FIRST_SPEND", spend_days=30)
    december = at("2026-12-02 10:00")
    case = bank.activated(when=december)
    accrue(at=december)
    assert not Assessment.objects.filter(pk=case.pk).exists()
    spent = at("2026-12-10 12:00")
    Application.objects.filter(pk=case.pk).update(first_spend_at=spent)
    accrue(at=spent)
    assert paid_to(case) == {
        "陈小明": "60.00", "何秀兰": "18.00", "方芳": "12.00", "郑维国": "6.00", "林小雨": "24.00",
    }  # fmt: skip


# -- what a version changes --------------------------------------------------------------------------------------------
def test_a_version_shows_what_it_changes_against_the_one_it_follows(bank: Cast) -> None:
    approved_split(bank, customer_fen=30_00)
    version = split_versions(date(2026, 11, 21)).find(2)
    assert version is not None
    changes = {role.value: [(one.before, one.after) for one in shares] for role, shares in version.shares}
    assert changes["ENTRY"] == [("10%", "13%")] * 3
    assert changes["REFERRER"] == [("25%", "25%")] * 3
    assert [(str(one.what), one.before, one.after) for one in version.terms if one.is_change] == [
        ("fixed customer reward", "20.00", "30.00")
    ]
    assert [(one.before, one.after) for one in version.examples] == [
        ("100.00", "100.00"), ("50.00", "50.00"), ("25.00", "25.00"), ("6.00 + 4.00", "7.80 + 5.20"),
        ("+0.50 / -1.00", "+0.65 / -1.30"),
    ]  # fmt: skip


def test_the_example_is_rounded_as_it_is_paid(bank: Cast) -> None:
    approved_split(bank, bonus_bp=335, penalty_bp=335)
    version = split_versions(date(2026, 11, 21)).find(2)
    assert version is not None
    assert version.examples[-1].after == "+0.44 / -0.44"  # 13.00 × 3.35 % = 0.4355


def test_a_pilot_follows_the_cap_of_all(bank: Cast) -> None:
    pilot = drafted_split(bank, is_pilot=True, branches=["BH01"], penalty_cap_bp=2_000, bonus_bp=600)
    assert (pilot.penalty_cap_bp, pilot.bonus_bp) == (2_000, 600)


def test_versions_stand_in_force_ahead_or_past(bank: Cast) -> None:
    approved_bounty(bank)
    gone = drafted_bounty(bank)
    discard_bounty(bounty=gone.pk, actor=bank.cao_ying, at=WHEN)
    drafted_bounty(bank)

    def standings(on: date) -> list[str]:
        return [one.standing.value for one in bounty_versions(on).all if one.row.product.code == "PK"]

    assert sorted(standings(date(2026, 11, 30))) == ["AHEAD", "DISCARDED", "DRAFT", "IN_FORCE"]
    assert sorted(standings(DECEMBER)) == ["DISCARDED", "DRAFT", "IN_FORCE", "PAST"]


# -- the database ------------------------------------------------------------------------------------------------------
def test_sql_cannot_save_a_column_that_is_not_whole(bank: Cast) -> None:
    policy = drafted_split(bank)
    refused(
        sql(
            "INSERT INTO incentives_splitshare (policy_id, path, role, share_bp) VALUES (%s, 'A', 'ENTRY', 100) "
            "ON CONFLICT (policy_id, path, role) DO UPDATE SET share_bp = 100",
            policy.pk,
        ),
        because="never changed",
    )
    refused(lambda: SplitShare.objects.filter(policy=policy).delete(), because="never changed")


@pytest.mark.parametrize(
    "change",
    [
        "status = 'DRAFT'",
        "status = 'DISCARDED'",
        "approved_at = approved_at - interval '1 day'",
        "note = 'x'",
        "starts_on = starts_on + 1",
        "is_pilot = TRUE",
    ],
)
def test_sql_cannot_change_what_is_approved(bank: Cast, change: str) -> None:
    split, bounty = approved_split(bank), approved_bounty(bank)
    refused(sql(f"UPDATE incentives_splitpolicy SET {change} WHERE id = %s", split.pk), because="never changed")  # noqa: S608
    refused(sql(f"UPDATE incentives_bounty SET {change} WHERE id = %s", bounty.pk), because="never changed")  # noqa: S608


def test_sql_cannot_approve_alone_too_late_or_a_pilot_of_nowhere(bank: Cast) -> None:
    draft = drafted_bounty(bank)
    rows = Bounty.objects.filter(pk=draft.pk)
    alone = {"status": "APPROVED", "approved_by": bank.cao_ying, "approved_at": WHEN}
    refused(lambda: rows.update(**alone), because="bounty_two_people")
    late = alone | {"approved_by": bank.deng_hai, "approved_at": at("2026-12-01 00:00")}
    refused(lambda: rows.update(**late), because="not ahead")
    pilot = drafted_bounty(bank, is_pilot=True, branches=["BH01"])
    pilot.branches.clear()
    in_time = alone | {"approved_by": bank.deng_hai}
    refused(lambda: Bounty.objects.filter(pk=pilot.pk).update(**in_time), because="names its branches")


def test_sql_cannot_approve_two_pilots_that_meet(bank: Cast) -> None:
    approved_split(bank, is_pilot=True, branches=["BH01"])
    second = drafted_split(bank, is_pilot=True, branches=["BH01", "XF01"])
    signed = {"status": "APPROVED", "approved_by": bank.deng_hai, "approved_at": WHEN}
    refused(lambda: SplitPolicy.objects.filter(pk=second.pk).update(**signed), because="meet in a branch")


@pytest.mark.parametrize("terms", [{"amount_fen": 0}, {"amount_fen": 100_000_01}, {"spend_days": 0}])
def test_sql_cannot_save_a_senseless_bounty(bank: Cast, terms: dict[str, int]) -> None:
    row = {"product": bank.product("PK"), "amount_fen": 1_00, "starts_on": DECEMBER} | terms
    refused(lambda: Bounty.objects.create(**row), because="bounty_sensible")


def test_sql_cannot_save_senseless_terms(bank: Cast) -> None:
    for terms in ({"customer_fen": 100_000_01}, {"unused_days": 181}, {"reversal_days": 731}):
        refused(lambda terms=terms: SplitPolicy.objects.create(number=9, starts_on=DECEMBER, **terms),
                because="splitpolicy_sensible")  # fmt: skip
