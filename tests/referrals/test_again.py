"""深度营销: another card for the client of a coaching call, with the officer as referrer (S20)."""

from __future__ import annotations

import pytest

from applications.models import Application
from applications.models.case import ReferrerType
from applications.services import intake
from ops_center.kernel.errors import OutOfSight, Refused
from referrals.selectors import leads_for
from referrals.services import refer_again
from tests.cast import Cast, at

pytestmark = pytest.mark.django_db
WHEN = at("2026-11-24 10:00")


@pytest.fixture
def activated(bank: Cast) -> Application:
    return bank.activated(when=WHEN)


def test_the_officer_refers_the_same_client_without_typing_him_again(bank: Cast, activated: Application) -> None:
    made = refer_again(
        case=activated.number, actor=bank.lin_xiaoyu, product=bank.product("BJ"), at=WHEN, consent=True
    ).application
    first, second = activated.applicant, made.applicant
    assert (bytes(first.id_index), bytes(first.mobile_index), first.name_mask) == (
        bytes(second.id_index), bytes(second.mobile_index), second.name_mask,
    )  # fmt: skip
    assert (made.referrer, made.referrer_type, made.product.code) == (bank.lin_xiaoyu, ReferrerType.EMPLOYEE, "BJ")
    assert made in leads_for(bank.zhou_qiming)


def test_consent_is_asked_and_an_open_case_comes_first(bank: Cast, activated: Application) -> None:
    with pytest.raises(Refused) as no:
        refer_again(case=activated.number, actor=bank.lin_xiaoyu, product=bank.product("BJ"), at=WHEN, consent=False)
    assert no.value.code == "no_consent"
    coached = bank.coach(bank.issued(bank.received(when=WHEN), when=WHEN), when=WHEN)
    with pytest.raises(Refused) as no:
        refer_again(case=coached.number, actor=bank.lin_xiaoyu, product=bank.product("BJ"), at=WHEN, consent=True)
    assert no.value.code == "duplicate"


def test_only_who_coached_the_client_refers_him_again(bank: Cast, activated: Application) -> None:
    for person in (bank.hire("他人", "OC01", "AS"), bank.chen_xiaoming):
        with pytest.raises(OutOfSight):
            refer_again(case=activated.number, actor=person, product=bank.product("BJ"), at=WHEN, consent=True)


def test_a_lead_from_the_center_belongs_to_no_area_and_every_collector_may_take_it(bank: Cast) -> None:
    lead = bank.refer(when=WHEN, by=bank.he_xiulan)
    assert lead.area is None
    assert lead in leads_for(bank.zhou_qiming)
    assert lead in leads_for(bank.luo_yong)
    assert intake.accept(case=lead.pk, actor=bank.luo_yong, at=WHEN).collector == bank.luo_yong
