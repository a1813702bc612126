"""What the bank knows before the first case."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest

from applications.lifecycle import Clock
from applications.models import ChecklistItem, ClockPolicy, CustomerGroup, Product, ReasonCode
from applications.models.problem import Party
from applications.reference import install_reference_data
from applications.reference.checklists import column_of
from applications.services.clocks import policy_for
from applications.sheets import CHECK_SHEET, COACHING, WARNINGS
from ops_center.kernel.worktime import Mode
from organization.services.revisions import revision

pytestmark = pytest.mark.django_db

Tier, Group, Effect = Product.Tier, CustomerGroup, ReasonCode.Effect

ALWAYS = {"FORM", "ID_COPY", "CONTRACT_SIGN", "WITNESS_STATEMENT", "ONLINE_ID_CHECK"}
WITH_CONTACTS = ALWAYS | {"CREDIT_AUTH", "CONTACTS"}
REQUIRED = {
    "salaried": WITH_CONTACTS | {"WORK_PROOF"},
    "premium": WITH_CONTACTS | {"WORK_PROOF"},
    "official": WITH_CONTACTS | {"UNIT_LIST"},
    "owner": WITH_CONTACTS | {"BUSINESS_LICENCE", "ASSET_HOUSE"},
    "freelance": WITH_CONTACTS | {"RESIDENCE", "ASSET_DEPOSIT"},
    "supplementary": ALWAYS | {"MAIN_ID_COPY", "RELATION"},
    "group": WITH_CONTACTS | {"UNIT_LIST"},
}
SETS = {"salaried": {"INCOME"}, "premium": {"INCOME", "ASSET"}, "owner": {"INCOME"}, "freelance": {"INCOME"}}

# Effect → codes, as in the table of the domain; a code may stand under two.
CODES: dict[str, str] = {
    Effect.RETURN: "F01 F02 F03 F06 F10 D01 D02 D04 D05 D07 D08 D09 D12 W01 W02 H02",
    Effect.PROBLEM: "F04 F05 F07 F08 F09 D03 D06 D10 D11 W03 C01 C02 C03 C04 K01 K03 E02 U03 H01 H02",
    Effect.REJECT: "C05 K02 K03 K04 K05 K06",
    Effect.WITHDRAW: "K01 U01 U02",
    Effect.INCIDENT: "L01 L02 L03 L04",
    Effect.REKEY: "E01",
    Effect.RELEASE: "R01 R02 R03 R04",
}


@pytest.fixture
def installed() -> dict[str, int]:
    return install_reference_data()


def test_installing_twice_changes_nothing(installed: dict[str, int]) -> None:
    standing = {
        model: list(model.objects.order_by("pk").values())
        for model in (Product, ChecklistItem, ReasonCode, ClockPolicy)
    }
    before = revision("clock-policies")

    assert install_reference_data() == dict.fromkeys(installed, 0)

    for model, rows in standing.items():
        assert list(model.objects.order_by("pk").values()) == rows
    assert revision("clock-policies") == before


def test_what_the_bank_has_changed_survives_another_installation(installed: dict[str, int]) -> None:
    Product.objects.filter(code="ZS").update(review_mode=Product.ReviewMode.DOUBLE)
    ReasonCode.objects.filter(pk="F10").update(is_active=False)

    install_reference_data()

    assert Product.objects.get(code="ZS").review_mode == Product.ReviewMode.DOUBLE
    assert not ReasonCode.objects.get(pk="F10").is_active


def test_new_clock_policies_raise_their_revision() -> None:
    ClockPolicy.objects.filter(kind=Clock.PAY).delete()
    before = revision("clock-policies")

    assert install_reference_data()["clock_policies"] > 0
    assert revision("clock-policies") > before


def test_a_higher_tier_is_earlier_in_a_queue(installed: dict[str, int]) -> None:
    ranks = dict(Product.objects.values_list("code", "rank"))

    assert ranks["ZS"] < ranks["BJ"] < ranks["JK"] == ranks["CZ"] < ranks["PK"] < ranks["FS"]
    assert set(Product.objects.values_list("review_mode", flat=True)) == {Product.ReviewMode.REVIEW}


def test_main_cards_are_for_18_to_65_and_supplementary_cards_from_16(installed: dict[str, int]) -> None:
    main = Product.objects.exclude(tier=Tier.SUPPLEMENTARY)

    assert set(main.values_list("min_age", "max_age")) == {(18, 65)}
    assert Product.objects.get(code="FS").min_age == 16


def test_every_code_of_the_bank_is_there_with_its_effect(installed: dict[str, int]) -> None:
    stored = {(effect, row.code) for row in ReasonCode.objects.all() for effect in row.effects}

    assert stored == {(effect, code) for effect, codes in CODES.items() for code in codes.split()}


def test_every_code_has_its_words_and_a_problem_has_a_usual_party(installed: dict[str, int]) -> None:
    for row in ReasonCode.objects.all():
        assert row.label, row
        assert row.meaning, row
        assert row.party in {"", *Party.values}, row
        assert row.party or Effect.PROBLEM not in row.effects, row


def test_codes_that_carry_a_risk_flag(installed: dict[str, int]) -> None:
    flagged = set(ReasonCode.objects.filter(is_risk=True).values_list("code", flat=True))

    assert flagged == {"F03", "W03", "C05", "K04", "K05"}


@pytest.mark.parametrize("tier", Tier)
@pytest.mark.parametrize("group", Group)
def test_the_checklist_asks_what_the_table_of_the_bank_asks(installed: dict[str, int], tier: str, group: str) -> None:
    lines = ChecklistItem.objects.filter(tier=tier, customer_group=group)
    column = column_of(Tier(tier), Group(group))

    if column is None:
        assert not lines.exists()
        return
    assert set(lines.filter(need="R").values_list("code", flat=True)) == REQUIRED[column]
    assert set(lines.filter(need="1").values_list("one_of", flat=True)) == SETS.get(column, set())
    assert lines.filter(code="EXPLANATION", need="O").exists()


@pytest.mark.parametrize(
    ("product", "group", "column"),
    [
        ("PK", Group.SALARIED, "salaried"),
        ("CZ", Group.SALARIED, "salaried"),
        ("BJ", Group.SALARIED, "premium"),
        ("ZS", Group.OWNER, "owner"),
        ("JK", Group.FREELANCE, "freelance"),
        ("BJ", Group.GROUP, "group"),
        ("GWK", Group.OFFICIAL, "official"),
        ("GWK", Group.GROUP, "official"),
        ("GWK", Group.SUPPLEMENTARY, None),
        ("FS", Group.SUPPLEMENTARY, "supplementary"),
        ("PK", Group.SUPPLEMENTARY, None),
    ],
)
def test_product_and_group_choose_the_column(
    installed: dict[str, int], product: str, group: CustomerGroup, column: str | None
) -> None:
    assert column_of(Tier(Product.objects.get(code=product).tier), group) == column


def test_a_set_leaves_a_choice(installed: dict[str, int]) -> None:
    sets = Counter(
        ChecklistItem.objects.filter(need=ChecklistItem.Need.ONE_OF).values_list("tier", "customer_group", "one_of")
    )

    assert sets
    assert min(sets.values()) >= 2


def test_every_clock_has_a_policy(installed: dict[str, int]) -> None:
    for kind in Clock:
        assert policy_for(kind, on=date(2026, 11, 24)).kind == kind


@pytest.mark.parametrize(
    ("variant", "working_days"),
    [
        ("", 2),
        (Party.CENTER, 2),
        (Party.HEAD_OFFICE, 2),
        (Party.BRANCH, 1),
        (Party.CUSTOMER, 3),
        ("REPLIED", 2),
    ],
)
def test_a_problem_is_closed_within_the_days_of_the_party_waited_for(
    installed: dict[str, int], variant: str, working_days: int
) -> None:
    limit = policy_for(Clock.PROBLEM_CLOSE, on=date(2026, 11, 24), variant=variant).limit

    assert (limit.mode, limit.amount) == (Mode.WORKDAYS_EOD, working_days)


def test_clocks_with_a_money_base_are_those_of_the_paid_roles(installed: dict[str, int]) -> None:
    paid = set(ClockPolicy.objects.filter(has_money=True).values_list("kind", flat=True))

    assert paid == {
        Clock.DISPATCH, Clock.CHECK, Clock.ENTRY, Clock.FILE, Clock.PROBLEM_ACT, Clock.PROBLEM_CLOSE, Clock.CONTACT,
        Clock.COACH,
    }  # fmt: skip


def test_activation_warns_at_day_20_and_pay_is_due_on_the_15th(installed: dict[str, int]) -> None:
    activate = policy_for(Clock.ACTIVATE, on=date(2026, 11, 24)).limit
    pay = policy_for(Clock.PAY, on=date(2026, 11, 24)).limit

    assert (activate.mode, activate.amount, activate.warn_at_day) == (Mode.CALENDAR_DAYS, 30, 20)
    assert (pay.mode, pay.amount) == (Mode.MONTH_DAY, 15)


def test_the_lists_that_people_answer_are_complete() -> None:
    assert len(CHECK_SHEET) == 12
    assert len(COACHING) == 9
    assert len(WARNINGS) == 16
