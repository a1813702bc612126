"""The rule of the shares: the bank's own examples, and what must hold for every bounty, path and policy."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from applications.lifecycle import Path, Performance
from incentives.lifecycle import PRICED_ROLES, ROLES, CustomerMode, PayeeKind, Why
from incentives.reference import SHARES
from incentives.rules import CaseFacts, Line, Terms, not_whole, shares_of
from ops_center.kernel.money import WHOLE, divide

TERMS = Terms(columns=dict.fromkeys(Path.values, SHARES))
ALICE, BOB, CAROL, DAVE, ERIN, FAY = range(1, 7)
EVERYBODY = {"COLLECTOR": BOB, "CREDIT_CHECK": CAROL, "ENTRY": DAVE, "TRACKER": ERIN, "AFTER_SALES": FAY}


def facts(**changes) -> CaseFacts:
    return CaseFacts(**{"path": "C", "performers": EVERYBODY, "referrer": ALICE} | changes)


def amounts(bounty: str, path: str = "C", **changes) -> list[str]:
    fen = int(bounty.replace(".", ""))
    return [f"{share.amount_fen / 100:.2f}" for share in shares_of(fen, facts(path=path, **changes), TERMS)]


@pytest.mark.parametrize(
    ("bounty", "expected"),
    [
        ("100.00", "25.00 25.00 15.00 10.00 5.00 20.00"),
        ("300.00", "75.00 75.00 45.00 30.00 15.00 60.00"),
        ("30.00", "7.50 7.50 4.50 3.00 1.50 6.00"),
        ("99.99", "25.00 24.99 15.00 10.00 5.00 20.00"),
        ("88.88", "22.22 22.22 13.33 8.89 4.44 17.78"),
        ("33.33", "8.33 8.33 5.00 3.33 1.67 6.67"),
    ],
)
def test_the_worked_examples_of_the_split_table(bounty: str, expected: str) -> None:
    assert amounts(bounty) == expected.split()


def test_a_double_keyed_platinum_pays_18_and_12_for_the_entry() -> None:
    keyed_twice = amounts("300.00", is_double_keyed=True, performers=EVERYBODY | {"ENTRY_2ND": CAROL})
    assert keyed_twice == ["75.00", "75.00", "45.00", "18.00", "12.00", "15.00", "60.00"]


def test_the_second_keyer_of_path_a_is_not_paid() -> None:
    everything = dict.fromkeys(["COLLECTOR", "CREDIT_CHECK", "ENTRY", "AFTER_SALES"], BOB) | {"ENTRY_2ND": CAROL}
    shares = shares_of(100_00, facts(path="A", referrer=None, performers=everything, is_double_keyed=True), TERMS)
    assert {share.payee for share in shares} == {BOB}


def share_of(role: str, **changes) -> list[Line]:
    return [share for share in shares_of(100_00, facts(**changes), TERMS) if share.role == role]


def test_nobody_referred_the_collector_gets_the_referral_share() -> None:
    assert share_of("REFERRER", referrer=None, path="B") == [
        Line(Performance.REFERRER, 25_00, PayeeKind.EMPLOYEE, BOB, Why.WALK_IN)
    ]


def test_the_trackers_share_of_path_a_is_the_collectors() -> None:
    (share,) = share_of("TRACKER", path="A", referrer=None)
    assert (share.payee, share.why) == (BOB, Why.SELF_SERVICE)


def test_a_customer_gets_twenty_and_the_pool_the_rest() -> None:
    assert [(row.amount_fen, row.payee_kind) for row in share_of("REFERRER", referrer=None, is_external=True)] == [
        (20_00, PayeeKind.CUSTOMER),
        (5_00, PayeeKind.POOL),
    ]


def test_a_customer_gets_at_most_the_referral_share() -> None:
    supplementary = shares_of(30_00, facts(referrer=None, is_external=True), TERMS)
    assert [(row.amount_fen, row.payee_kind) for row in supplementary if row.role == "REFERRER"] == [
        (7_50, PayeeKind.CUSTOMER)
    ]


def test_in_mode_share_a_customer_gets_the_whole_referral_share() -> None:
    terms = Terms(columns=TERMS.columns, customer_mode=CustomerMode.SHARE)
    first = shares_of(300_00, facts(referrer=None, is_external=True), terms)[0]
    assert (first.amount_fen, first.payee_kind) == (75_00, PayeeKind.CUSTOMER)


def test_the_referral_share_of_an_own_card_goes_to_the_pool() -> None:
    (share,) = share_of("REFERRER", is_own_card=True)
    assert (share.payee_kind, share.why) == (PayeeKind.POOL, Why.OWN_CARD)


def test_a_referral_without_qualification_is_unpaid() -> None:
    (share,) = share_of("REFERRER", is_unqualified_referral=True, lapsed=frozenset({ALICE}))
    assert (share.payee_kind, share.why) == (PayeeKind.POOL, Why.NOT_QUALIFIED)


def test_a_qualification_that_lapsed_since_the_referral_holds_the_share_for_the_person() -> None:
    (share,) = share_of("REFERRER", lapsed=frozenset({ALICE}))
    assert (share.payee_kind, share.payee, share.why) == (PayeeKind.HELD, ALICE, Why.QUALIFICATION_LAPSED)
    (share,) = share_of("COLLECTOR", lapsed=frozenset({BOB}))
    assert (share.payee_kind, share.payee, share.why) == (PayeeKind.HELD, BOB, Why.QUALIFICATION_LAPSED)


def test_a_stage_that_nobody_performed_goes_to_the_pool_and_is_never_divided_again() -> None:
    without_tracker = {role: who for role, who in EVERYBODY.items() if role != "TRACKER"}
    (share,) = share_of("TRACKER", performers=without_tracker)
    assert (share.amount_fen, share.payee_kind, share.why) == (5_00, PayeeKind.POOL, Why.NO_PERFORMER)


def test_without_coaching_the_after_sales_share_is_held() -> None:
    alone = {role: who for role, who in EVERYBODY.items() if role != "AFTER_SALES"}
    (share,) = share_of("AFTER_SALES", performers=alone)
    assert (share.amount_fen, share.payee_kind, share.payee) == (20_00, PayeeKind.HELD, None)


# -- what holds for every case -----------------------------------------------------------------------------------------
@st.composite
def columns(draw: st.DrawFn) -> dict[str, int]:
    cuts = sorted(draw(st.lists(st.integers(0, WHOLE), min_size=5, max_size=5)))
    return dict(zip(PRICED_ROLES, (b - a for a, b in zip([0, *cuts], [*cuts, WHOLE], strict=True)), strict=True))


PEOPLE = st.integers(1, 9)
CASES = st.builds(
    CaseFacts,
    path=st.sampled_from(Path.values),
    performers=st.dictionaries(st.sampled_from(ROLES), PEOPLE),
    referrer=st.none() | PEOPLE,
    is_double_keyed=st.booleans(),
    is_external=st.booleans(),
    is_own_card=st.booleans(),
    is_unqualified_referral=st.booleans(),
    lapsed=st.frozensets(PEOPLE),
)
POLICIES = st.builds(
    Terms,
    columns=st.fixed_dictionaries(dict.fromkeys(Path.values, columns())),
    second_keyer_bp=st.integers(0, WHOLE),
    customer_mode=st.sampled_from(CustomerMode.values),
    customer_fen=st.integers(0, 100_00),
)


@given(bounty=st.integers(0, 10_000_00), case=CASES, terms=POLICIES)
def test_the_shares_of_every_case_are_its_bounty(bounty: int, case: CaseFacts, terms: Terms) -> None:
    shares = shares_of(bounty, case, terms)
    assert sum(share.amount_fen for share in shares) == bounty
    assert all(share.amount_fen > 0 for share in shares)
    assert [ROLES.index(share.role) for share in shares] == sorted(ROLES.index(share.role) for share in shares)


@given(bounty=st.integers(0, 10_000_00), case=CASES, terms=POLICIES)
def test_only_performers_referrers_and_nobody_else_are_paid(bounty: int, case: CaseFacts, terms: Terms) -> None:
    for share in shares_of(bounty, case, terms):
        if share.payee_kind == PayeeKind.EMPLOYEE:
            assert share.payee in {*case.performers.values(), case.referrer}
        elif share.payee_kind != PayeeKind.HELD:
            assert share.payee is None
            assert share.why


@given(bounty=st.integers(0, 10_000_00), case=CASES, terms=POLICIES)
def test_a_share_is_never_a_fen_away_from_its_part_of_the_whole(bounty: int, case: CaseFacts, terms: Terms) -> None:
    by_role = dict.fromkeys(ROLES, 0)
    for share in shares_of(bounty, case, terms):
        by_role[share.role] += share.amount_fen
    for role, weight in terms.weights(case.path, double_keyed=case.is_double_keyed):
        assert abs(by_role[role] * WHOLE - bounty * weight) < WHOLE


def divide_at_random(times: int) -> None:
    """Random amounts, paths and second keyings under random tables: exact sums, no negative share."""
    dice = random.Random(20261122)
    tables = [Terms(columns={path: random_column(dice) for path in Path.values}) for _table in range(50)]
    for _time in range(times):
        bounty, double, path = dice.randrange(1, 100_000_00), dice.random() < 0.5, dice.choice("ABC")
        shares = [fen for _role, fen in divide(bounty, dice.choice(tables).weights(path, double_keyed=double))]
        assert sum(shares) == bounty
        assert min(shares) >= 0


def random_column(dice: random.Random) -> dict[str, int]:
    cuts = sorted(dice.randrange(WHOLE + 1) for _cut in PRICED_ROLES[1:])
    return {role: b - a for role, a, b in zip(PRICED_ROLES, [0, *cuts], [*cuts, WHOLE], strict=True)}


def test_a_hundred_thousand_random_divisions_are_exact() -> None:
    divide_at_random(100_000)


@pytest.mark.long
def test_a_million_random_divisions_are_exact() -> None:
    divide_at_random(1_000_000)


def test_the_sum_of_a_column_that_is_not_whole_is_named() -> None:
    assert not_whole({"A": SHARES, "B": SHARES | {Performance.ENTRY: 900}}) == {"B": 9_900}
