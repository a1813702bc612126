"""Bounties that the first spend earns, and those that wait for it (domain section 6)."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from applications.models import Application
from applications.services import issue
from incentives.lifecycle import Trigger
from incentives.models import Assessment, UnassessedActivation
from incentives.services.accrual import accrue
from incentives.services.releases import release_due_holds
from organization.models import Qualification
from tests.cast import Cast, at
from tests.incentives.conftest import entries_of, paid_to, priced, total

pytestmark = pytest.mark.django_db
WHEN = at("2026-11-24 10:00")
ALL = {"李文静": "25.00", "周启明": "25.00", "何秀兰": "15.00", "方芳": "10.00", "郑维国": "5.00", "林小雨": "20.00"}


def earned_by(bank: Cast, trigger: Trigger) -> None:
    priced(bank, "PK", 100_00, starts_on=date(2026, 11, 1), trigger=trigger, spend_days=30)


def spend(case: Application, when: datetime) -> None:
    """As the card system's file does it."""
    Application.objects.filter(pk=case.pk).update(first_spend_at=when)


# -- FIRST_SPEND: nothing accrues before it ----------------------------------------------------------------------------
@pytest.fixture
def waiting(bank: Cast) -> Application:
    earned_by(bank, Trigger.FIRST_SPEND)
    case = bank.activated(when=WHEN, referred=True)
    assert accrue(at=WHEN) == {"awaiting_spend": 1}
    assert accrue(at=WHEN + timedelta(days=29)) == {}
    return case


def test_a_card_in_use_earns_its_bounty_with_the_first_spend(waiting: Application) -> None:
    spend(waiting, at("2026-12-03 12:00"))
    later = at("2026-12-03 20:00")
    assert accrue(at=later)["assessed"] == 1
    assert (paid_to(waiting), total(waiting)) == (ALL, 100_00)
    assert {row.at for row in entries_of(waiting)} == {later}
    assert release_due_holds(at=later) == {}


def test_a_card_that_is_not_used_in_time_earns_nothing(waiting: Application) -> None:
    assert accrue(at=WHEN + timedelta(days=30)) == {"no_spend": 1}
    assert (Assessment.objects.get().verdict, entries_of(waiting)) == ("NO_SPEND", [])
    spend(waiting, WHEN + timedelta(days=30, minutes=1))
    assert accrue(at=WHEN + timedelta(days=31)) == {}


def test_a_spend_in_time_counts_however_late_the_file_comes(waiting: Application) -> None:
    spend(waiting, WHEN + timedelta(days=30))
    assert accrue(at=WHEN + timedelta(days=33))["assessed"] == 1


def test_a_spend_that_came_too_late_ends_the_wait(waiting: Application) -> None:
    spend(waiting, WHEN + timedelta(days=30, minutes=1))
    assert accrue(at=WHEN + timedelta(days=33)) == {"no_spend": 1}
    assert not UnassessedActivation.objects.exists()


# -- ACTIVATION_AND_SPEND: accrues with the activation, held until the spend -------------------------------------------
@pytest.fixture
def held(bank: Cast) -> Application:
    earned_by(bank, Trigger.ACTIVATION_AND_SPEND)
    case = bank.activated(when=WHEN, referred=True)
    accrue(at=WHEN)
    return case


def test_every_share_is_held_for_its_person_until_the_first_spend(bank: Cast, held: Application) -> None:
    assert paid_to(held) == {"HELD": "100.00"}
    assert {row.why for row in [*entries_of(held), *entries_of(held, "TIMELINESS")]} == {"AWAITS_SPEND"}
    assert {row.payee.name for row in entries_of(held)} == set(ALL)


def test_the_first_spend_releases_shares_and_timeliness(held: Application) -> None:
    assert release_due_holds(at=at("2026-12-02 10:00")) == {}
    spend(held, at("2026-12-03 12:00"))
    assert release_due_holds(at=at("2026-12-03 13:00")) == {"released": 6, "settled": 5}
    assert release_due_holds(at=at("2026-12-03 13:00")) == {}
    assert (paid_to(held), total(held)) == (ALL, 100_00)
    assert paid_to(held, "TIMELINESS") == {
        "周启明": "1.25", "何秀兰": "0.75", "方芳": "0.50", "郑维国": "0.25", "林小雨": "1.00",
    }  # fmt: skip


def test_without_a_spend_the_shares_go_to_the_pool_and_the_timeliness_is_nobodys(held: Application) -> None:
    assert release_due_holds(at=WHEN + timedelta(days=30)) == {"pooled": 6, "settled": 5}
    assert (paid_to(held), paid_to(held, "TIMELINESS"), total(held)) == ({"POOL": "100.00"}, {}, 100_00)


@pytest.fixture
def alone(bank: Cast) -> Application:
    """Activated by the client alone: the after-sales share waits for the coaching and for the spend."""
    earned_by(bank, Trigger.ACTIVATION_AND_SPEND)
    case = bank.issued(bank.received(when=WHEN), when=WHEN)
    issue.activate(case=case.pk, actor=None, at=WHEN)
    accrue(at=WHEN)
    return bank.again(case)


@pytest.mark.parametrize("spends_first", [True, False])
def test_an_after_sales_share_waits_for_both(bank: Cast, alone: Application, spends_first: bool) -> None:
    acts = [
        lambda: spend(alone, at("2026-12-02 10:00")),
        lambda: bank.coach(alone, when=at("2026-12-02 10:00"), late=True),
    ]
    first, second = acts if spends_first else reversed(acts)
    first()
    release_due_holds(at=at("2026-12-02 10:00"))
    assert paid_to(alone)["HELD"] == ("20.00" if spends_first else "100.00")
    second()
    release_due_holds(at=at("2026-12-02 11:00"))
    assert (paid_to(alone)["林小雨"], "HELD" in paid_to(alone)) == ("20.00", False)


def test_without_coaching_the_after_sales_share_is_lost_before_the_spend(alone: Application) -> None:
    assert release_due_holds(at=WHEN + timedelta(days=15)) == {"pooled": 1}
    assert paid_to(alone) == {"HELD": "80.00", "POOL": "20.00"}


def test_a_lapsed_referrer_waits_for_the_renewal_and_for_the_spend(bank: Cast) -> None:
    earned_by(bank, Trigger.ACTIVATION_AND_SPEND)
    case = bank.issued(bank.received(when=WHEN), when=WHEN)
    Qualification.objects.filter(employee=bank.chen_xiaoming).update(ends_on=date(2026, 11, 25))
    later = at("2026-11-26 10:00")
    bank.coach(case, when=later)
    bank.activate(case, when=later)
    accrue(at=later)
    spend(case, later)
    release_due_holds(at=later)
    assert paid_to(case)["HELD"] == "50.00"
    Qualification.objects.create(employee=bank.chen_xiaoming, starts_on=date(2026, 12, 1))
    release_due_holds(at=at("2026-12-01 10:00"))
    assert (paid_to(case)["陈小明"], total(case)) == ("50.00", 100_00)
