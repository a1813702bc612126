"""Accrual: who gets what when a card is activated, and exactly once (S1, S2, S3, S12, S13, S15, S20)."""

from __future__ import annotations

from datetime import date

import pytest

from applications.models import Application, Event
from applications.models.case import ReferrerType
from applications.services import approvals, endings, intake, issue
from incentives.models import Assessment, RewardEntry, UnassessedActivation
from incentives.services.accrual import accrue, oldest_unassessed
from organization.messages import words_of
from organization.models import Message, Qualification
from organization.roles import Employment
from tests.cast import Cast, at
from tests.incentives.conftest import double_keyed, earned, entries_of, paid_to, path_a, priced, shares, total

pytestmark = pytest.mark.django_db
WHEN = at("2026-11-24 10:00")


def test_s1_a_classic_on_path_c_pays_six_people(bank: Cast) -> None:
    case = earned(bank, when=WHEN)
    assert shares(case) == [
        ("REFERRER", "李文静", "25.00"),
        ("COLLECTOR", "周启明", "25.00"),
        ("CREDIT_CHECK", "何秀兰", "15.00"),
        ("ENTRY", "方芳", "10.00"),
        ("TRACKER", "郑维国", "5.00"),
        ("AFTER_SALES", "林小雨", "20.00"),
    ]
    assert (case.state, case.path, total(case)) == ("ACTIVATED", "C", 100_00)
    assert {row.state for row in entries_of(case)} == {"ACCRUED"}


def test_s2_a_platinum_on_path_b_pays_the_customer_manager_half(bank: Cast) -> None:
    case = earned(bank, when=WHEN, product="BJ", referred=False)
    assert paid_to(case) == {
        "陈小明": "150.00", "何秀兰": "45.00", "方芳": "30.00", "郑维国": "15.00", "林小雨": "60.00",
    }  # fmt: skip
    assert shares(case)[:2] == [("REFERRER", "陈小明", "75.00"), ("COLLECTOR", "陈小明", "75.00")]


def test_s3_on_path_a_the_customer_manager_gets_everything_and_the_reviewer_nothing(bank: Cast) -> None:
    case = path_a(bank, when=WHEN)
    bank.coach(case, when=WHEN, by=bank.chen_xiaoming)
    bank.activate(case, when=WHEN, by=bank.chen_xiaoming)
    accrue(at=WHEN)
    assert paid_to(case) == {"陈小明": "100.00"}
    assert Assessment.objects.get(pk=case.pk).path == "A"


def test_after_sales_that_the_center_took_over_from_path_a_is_twenty_percent(bank: Cast) -> None:
    case = path_a(bank, when=at("2026-11-02 10:00"))
    later = at("2026-11-20 10:00")
    bank.coach(case, when=later)
    bank.activate(case, when=later)
    accrue(at=later)
    assert paid_to(case) == {"陈小明": "80.00", "林小雨": "20.00"}


def test_s12_three_deliveries_and_a_second_import_make_one_set(bank: Cast) -> None:
    case = bank.activated(when=WHEN, referred=True)
    counts = [accrue(at=WHEN)["assessed"] for _delivery in range(3)]
    assert counts == [1, 0, 0]
    assert (len(entries_of(case)), total(case)) == (6, 100_00)
    assert not UnassessedActivation.objects.exists()


def test_s13_the_policy_of_the_intake_day_counts_not_that_of_the_activation(bank: Cast, policy_v2: None) -> None:
    december = at("2026-12-20 10:00")

    def case_taken_in(when: str) -> Application:
        case = bank.finish(bank.received(when=december, taken_in=at(when)), when=december)
        accrue(at=december)
        return case

    old, new = case_taken_in("2026-11-30 10:00"), case_taken_in("2026-12-01 10:00")
    assert [row[2] for row in shares(old)[2:4]] == ["15.00", "10.00"]
    assert [row[2] for row in shares(new)[2:4]] == ["12.00", "13.00"]


def test_the_bounty_of_the_intake_day_counts(bank: Cast) -> None:
    priced(bank, "PK", 99_99, starts_on=date(2026, 11, 1))
    case = earned(bank, when=WHEN)
    assert [row[2] for row in shares(case)] == ["25.00", "24.99", "15.00", "10.00", "5.00", "20.00"]


def test_s23_a_reopened_case_is_paid_at_the_price_of_its_intake(bank: Cast) -> None:
    intake_day, reopened = at("2026-08-20 09:00"), at("2026-11-25 10:00")
    case = bank.issued(bank.received(when=intake_day), when=at("2026-08-20 10:00"))
    priced(bank, "PK", 50_00, starts_on=date(2026, 11, 1))
    endings.expire_lapsed(at("2026-11-18 10:00"))
    assert accrue(at=reopened) == {}
    asked = approvals.ask_reopen(case=case.pk, actor=bank.zheng_weiguo, at=reopened, note="客户已激活")
    approvals.decide_approval(approval=asked.pk, actor=bank.feng_zhiqiang, at=reopened, approve=True)
    issue.activate(case=case.pk, actor=None, at=reopened)
    accrue(at=reopened)
    assert (total(case), paid_to(case)["陈小明"], paid_to(case)["HELD"]) == (100_00, "50.00", "20.00")


def test_s11_path_b_of_99_99_pays_the_customer_manager_49_99(bank: Cast) -> None:
    priced(bank, "PK", 99_99, starts_on=date(2026, 11, 1))
    assert paid_to(earned(bank, when=WHEN, referred=False))["陈小明"] == "49.99"


def test_s14_a_double_keyed_entry_is_paid_six_and_four(bank: Cast) -> None:
    double_keyed("PK")
    case = earned(bank, when=WHEN)
    keyed = [row for row in shares(case) if row[0].startswith("ENTRY")]
    assert keyed == [("ENTRY", "方芳", "6.00"), ("ENTRY_2ND", "许文娟", "4.00")]


def test_s20_a_customers_referral_pays_the_customer_the_pool_and_the_staff(bank: Cast) -> None:
    case = intake.refer(
        actor=bank.chen_xiaoming, product=bank.product("PK"), person=bank.client(), at=WHEN, consent=True,
        referrer_type=ReferrerType.CUSTOMER,
    )  # fmt: skip
    case = bank.to_branch(bank.complete(bank.collect(case, when=WHEN), when=WHEN), when=WHEN)
    bank.receive(bank.send(case, when=WHEN), when=WHEN)
    bank.finish(case, when=WHEN)
    accrue(at=WHEN)
    paid = paid_to(case)
    assert (paid["CUSTOMER"], paid["POOL"], total(case)) == ("20.00", "5.00", 100_00)


def test_a_retiree_is_paid_like_an_employee_without_a_qualification(bank: Cast) -> None:
    retiree = bank.hire("沈国安", "HQ01", employment=Employment.RETIREE, qualified=False)
    draft = bank.draft(when=WHEN)
    Application.objects.filter(pk=draft.pk).update(
        referrer=retiree, referrer_type=ReferrerType.RETIREE, referred_at=WHEN
    )
    case = bank.complete(bank.again(draft), when=WHEN)
    bank.receive(bank.send(case, when=WHEN), when=WHEN)
    bank.finish(case, when=WHEN)
    accrue(at=WHEN)
    assert paid_to(case)["沈国安"] == "25.00"


def test_an_own_card_puts_the_referral_share_into_the_pool(bank: Cast) -> None:
    case = bank.received(when=WHEN)
    cm = bank.chen_xiaoming
    cm.mobile_index = bytes(case.applicant.mobile_index)
    cm.save(update_fields=["mobile_index"])
    bank.finish(case, when=WHEN)
    accrue(at=WHEN)
    assert (paid_to(case)["POOL"], paid_to(case)["陈小明"]) == ("25.00", "25.00")
    assert entries_of(case)[0].why == "OWN_CARD"


@pytest.mark.parametrize("cases", [1, 2])  # a single one and a set
def test_a_referral_without_qualification_goes_to_the_pool_with_an_alert(bank: Cast, cases: int) -> None:
    Qualification.objects.filter(employee=bank.li_wenjing).delete()
    made = [bank.activated(when=WHEN, referred=True) for _case in range(cases)]
    accrue(at=WHEN)
    assert [(paid_to(case)["POOL"], "李文静" in paid_to(case)) for case in made] == [("25.00", False)] * cases
    alerts = Message.objects.filter(kind="reward_pooled").order_by("pk")
    assert set(alerts.values_list("employee__name", "facts__number")) == {
        (name, case.number) for name in ("李文静", "冯志强") for case in made
    }
    assert words_of("reward_pooled", alerts[0].facts)


def test_an_outsourced_keyer_has_a_share_like_others(bank: Cast) -> None:
    case = bank.received(when=WHEN)
    bank.check(bank.again(case), when=WHEN)
    bank.key(bank.again(case), when=WHEN, by=bank.song_jia)
    bank.review(bank.again(case), when=WHEN)
    bank.file(case, when=WHEN)
    bank.issue(case, when=WHEN)
    bank.coach(case, when=WHEN)
    bank.activate(case, when=WHEN)
    accrue(at=WHEN)
    assert paid_to(case)["宋佳"] == "10.00"


def test_what_was_imported_was_settled_before_and_earns_nothing(bank: Cast) -> None:
    case = bank.activated(when=WHEN)
    Application.objects.filter(pk=case.pk).update(is_imported=True)
    assert accrue(at=WHEN) == {"settled_before": 1}
    assert Assessment.objects.get(pk=case.pk).verdict == "SETTLED_BEFORE"
    assert entries_of(case) == []
    assert accrue(at=WHEN) == {}


def test_a_case_without_a_price_waits_and_keeps_nobody_else_from_the_reward(bank: Cast) -> None:
    priceless, priced = bank.activated(when=WHEN), bank.activated(when=WHEN)
    Application.objects.filter(pk=priceless.pk).update(priced_on=date(2023, 12, 31))
    assert accrue(at=WHEN) == {"unpriced": 1, "assessed": 1, "entries": 11}
    assert (len(entries_of(priceless)), len(entries_of(priced))) == (0, 6)
    assert oldest_unassessed(at=WHEN) == WHEN
    Application.objects.filter(pk=priceless.pk).update(priced_on=WHEN.date())
    assert accrue(at=WHEN)["assessed"] == 1
    assert oldest_unassessed(at=WHEN) is None


def test_one_case_that_fails_is_left_waiting_and_the_others_are_paid(
    bank: Cast, caplog: pytest.LogCaptureFixture
) -> None:
    broken, sound = bank.activated(when=WHEN), bank.activated(when=WHEN)
    Application.objects.filter(pk=broken.pk).update(path="X", path_locked=True)  # a path that no policy knows
    counts = accrue(at=WHEN)
    assert (counts["failed"], counts["assessed"]) == (1, 1)
    assert total(sound) == 100_00
    assert "stays without an assessment" in caplog.text


def test_payees_are_told_what_has_accrued(bank: Cast) -> None:
    case = earned(bank, when=WHEN)
    news = Message.objects.get(employee=bank.lin_xiaoyu, kind="reward_accrued")
    assert news.facts == {"number": case.number, "amount": "21.00"}
    assert "21.00" in words_of(news.kind, news.facts)


def test_several_cases_of_one_pass_are_one_message_per_payee(bank: Cast) -> None:
    bank.activated(when=WHEN)
    bank.activated(when=WHEN)
    accrue(at=WHEN)
    news = Message.objects.get(employee=bank.lin_xiaoyu, kind="rewards_accrued")
    assert news.facts == {"count": 2, "amount": "42.00"}


def test_an_activation_by_import_accrues_as_of_its_recording(bank: Cast) -> None:
    case = bank.issued(bank.received(when=WHEN), when=WHEN)
    later = at("2026-11-26 10:00")
    issue.activate(case=case.pk, actor=None, at=later, activated_at=at("2026-11-25 09:00"))
    accrue(at=later)
    assert {row.at for row in RewardEntry.objects.all()} == {later}


def test_the_queries_of_a_pass_do_not_grow_with_its_cases(bank: Cast, django_assert_num_queries) -> None:
    for _case in range(3):
        bank.activated(when=WHEN)
    with django_assert_num_queries(15):
        accrue(at=WHEN)
    assert Event.objects.filter(step="activate", assessment__isnull=False).count() == 3
