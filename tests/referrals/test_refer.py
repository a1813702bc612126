"""Making a referral: the slip, whose it is, what it earns, and what the bank says no to."""

from __future__ import annotations

from datetime import date

import pytest
from django.utils.translation import override

from applications.models import Application
from applications.models.case import ReferrerType
from applications.services import intake
from ops_center.kernel.errors import DomainError, Malformed, NotAllowed, Refused
from organization.models import Employee, Message
from referrals.models import ExternalReferrer, Referral, Relation
from referrals.selectors import checklist_text, standing_of, what_to_bring
from referrals.services import Sender, refer
from tests.cast import Cast, at

pytestmark = pytest.mark.django_db

MONDAY = at("2026-11-23 15:00")


def make(bank: Cast, by: Employee | None = None, **facts: object) -> Referral:
    given = {"product": bank.product("PK"), "person": bank.client(), "consent": True, "at": MONDAY} | facts
    return refer(actor=by or bank.li_wenjing, **given)


def test_any_employee_refers_and_the_slip_stands_beside_the_case(bank: Cast) -> None:
    slip = make(bank, relation=Relation.FRIEND)
    case = slip.application
    assert (case.state, case.referrer, case.referrer_type) == ("REFERRED", bank.li_wenjing, "EMPLOYEE")
    assert (slip.made_by, slip.relation, slip.external_referrer) == (bank.li_wenjing, "FRIEND", None)


def test_outsourced_staff_may_not_refer(bank: Cast) -> None:
    with pytest.raises(NotAllowed):
        make(bank, by=bank.song_jia)
    assert not Application.objects.exists()


def test_s25_a_second_referral_of_the_same_person_is_refused_with_the_stage_and_without_the_owner(bank: Cast) -> None:
    person = bank.client()
    make(bank, person=person)
    with pytest.raises(Refused) as no:
        make(bank, by=bank.chen_xiaoming, person=person)
    assert (no.value.code, no.value.facts["stage"]) == ("duplicate", "REFERRAL")
    assert bank.li_wenjing.name not in str(no.value)
    assert Referral.objects.get().made_by == bank.li_wenjing


def test_without_an_id_number_the_mobile_decides_about_the_duplicate(bank: Cast) -> None:
    first = intake.person_of(name="王小明", mobile_number="10000007777", id_required=False)
    again = intake.person_of(name="王晓明", mobile_number="100 0000 7777", id_required=False)
    make(bank, person=first)
    with pytest.raises(Refused):
        make(bank, person=again)


def test_a_referrer_without_a_valid_qualification_refers_unpaid_and_is_told(bank: Cast) -> None:
    bank.li_wenjing.qualifications.update(ends_on=date(2026, 10, 31))
    slip = make(bank)
    told = Message.objects.filter(kind="referral_unpaid")
    assert slip.application.state == "REFERRED"
    assert bank.li_wenjing.pk in told.values_list("employee", flat=True)


def test_a_qualified_referrer_is_told_nothing(bank: Cast) -> None:
    make(bank)
    assert not Message.objects.filter(kind="referral_unpaid").exists()


# -- on behalf of somebody else --------------------------------------------------------------------------------------
def test_s20_a_client_who_refers_keeps_one_code_and_is_sealed(bank: Cast) -> None:
    sender = Sender(name="赵大姐", mobile="10000001111")
    first = make(bank, referrer_type=ReferrerType.CUSTOMER, sender=sender)
    second = make(bank, by=bank.chen_xiaoming, referrer_type=ReferrerType.CUSTOMER, sender=sender)
    by_code = make(bank, referrer_type=ReferrerType.CUSTOMER, sender=Sender(code=first.external_referrer.code.lower()))
    found = ExternalReferrer.objects.get()
    assert {first.external_referrer, second.external_referrer, by_code.external_referrer} == {found}
    assert (found.name, found.mobile, found.sponsor) == ("赵**", "100****1111", bank.li_wenjing)
    assert found.mobile.reveal() == "10000001111"
    assert (first.application.referrer, first.application.referrer_type) == (None, "CUSTOMER")


@pytest.mark.parametrize(
    "sender", [None, Sender(), Sender(name="赵大姐"), Sender(code="KH999999"), Sender(name="赵", mobile="1380")]
)
def test_a_referring_client_is_named_completely_or_by_a_known_code(bank: Cast, sender: Sender | None) -> None:
    with pytest.raises(Malformed):
        make(bank, referrer_type=ReferrerType.CUSTOMER, sender=sender)
    assert not Application.objects.exists()


def test_a_client_cannot_refer_himself(bank: Cast) -> None:
    person = bank.client()
    with pytest.raises(Refused) as no:
        make(
            bank,
            person=person,
            referrer_type=ReferrerType.CUSTOMER,
            sender=Sender(name=person.name, mobile=person.mobile),
        )
    assert no.value.code == "refers_self"


def test_a_retiree_refers_through_an_employee_and_is_the_referrer(bank: Cast) -> None:
    retiree = bank.hire("老陈", "BH01", number="LZ00077", employment="RETIREE")
    slip = make(bank, referrer_type=ReferrerType.RETIREE, sender=Sender(code="lz00077"))
    assert (slip.application.referrer, slip.made_by) == (retiree, bank.li_wenjing)
    with pytest.raises(Malformed):
        make(bank, referrer_type=ReferrerType.RETIREE, sender=Sender(code=bank.chen_xiaoming.number))


# -- what the client gets --------------------------------------------------------------------------------------------
def test_the_checklist_text_names_the_referrer_the_code_and_what_to_bring(bank: Cast) -> None:
    case = make(bank, product=bank.product("BJ"), customer_group="SALARIED").application
    text = checklist_text(case, number="LZ10234", at=MONDAY)
    assert text.startswith("您好，办理【江岚白金卡】请准备：1 身份证原件")
    assert "转介员工号：LZ10234" in text
    assert text.endswith(f"查询码：{case.status_code}")
    assert "申请表" not in text


def test_alternatives_stand_on_one_line_and_optional_papers_are_left_out(bank: Cast) -> None:
    platinum = make(bank, product=bank.product("BJ"), customer_group="SALARIED").application
    things = what_to_bring(platinum, on=date(2026, 11, 23))
    assert len(things) == 4
    assert [thing.endswith("（任一）") for thing in things] == [False, False, True, True]
    classic = make(bank, customer_group="SALARIED").application
    assert not any("房产" in thing for thing in what_to_bring(classic, on=date(2026, 11, 23)))


def test_the_text_is_chinese_for_an_employee_who_reads_english(bank: Cast) -> None:
    case = make(bank).application
    with override("en"):
        assert checklist_text(case, number="LZ10234", at=MONDAY).startswith("您好")


def test_the_inquiry_code_tells_stage_and_day_however_it_is_typed(bank: Cast) -> None:
    case = make(bank).application
    for code in (
        case.status_code,
        case.status_code.lower(),
        case.status_code.replace("-", ""),
        f" {case.status_code} ",
    ):
        standing = standing_of(code)
        assert standing is not None
        assert (standing.stage, standing.on, standing.reached) == ("REFERRAL", date(2026, 11, 23), 1)


@pytest.mark.parametrize("code", ["", "7K3F-9", "OOOO-11", "ZZZZ-ZZ", "' or 1=1", "7K3F92" * 50])
def test_an_unknown_code_tells_nothing(bank: Cast, code: str) -> None:
    assert standing_of(code) is None


def test_s22_a_lead_is_accepted_within_four_working_hours(bank: Cast) -> None:
    monday = make(bank, at=at("2026-11-23 15:00")).application
    friday = make(bank, at=at("2026-11-20 16:30")).application
    assert (monday.due_at, friday.due_at) == (at("2026-11-24 10:00"), at("2026-11-23 11:30"))


def test_a_refused_referral_leaves_nothing_behind(bank: Cast) -> None:
    closed = bank.product("ZS")
    closed.is_active = False
    closed.save()
    with pytest.raises(DomainError):
        make(
            bank,
            product=closed,
            referrer_type=ReferrerType.CUSTOMER,
            sender=Sender(name="赵大姐", mobile="10000001111"),
        )
    assert (Application.objects.count(), ExternalReferrer.objects.count(), Referral.objects.count()) == (0, 0, 0)
