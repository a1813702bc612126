"""Shares that wait for their payee, and entries that an auditor holds (S18)."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from applications.models import Application
from applications.services import issue
from incentives.models import Hold, RewardEntry
from incentives.services.accrual import accrue
from incentives.services.holds import hold, release, release_each
from incentives.services.releases import release_due_holds
from incentives.services.voids import void
from ops_center.kernel.errors import Malformed, NotAllowed, OutOfSight, Refused
from organization.models import Employee, Message, Qualification, RoleAssignment
from tests.cast import Cast, at
from tests.incentives.conftest import earned, entries_of, paid_to, total

pytestmark = pytest.mark.django_db
WHEN = at("2026-11-24 10:00")


@pytest.fixture
def s18(bank: Cast) -> Application:
    """Issued on 2 November, activated by the client alone on the 10th."""
    case = bank.issued(bank.received(when=at("2026-11-02 10:00")), when=at("2026-11-02 10:00"))
    issue.activate(case=case.pk, actor=None, at=at("2026-11-10 14:00"))
    accrue(at=at("2026-11-10 14:01"))
    return bank.again(case)


def test_s18_without_coaching_eighty_accrue_and_twenty_are_held(s18: Application) -> None:
    assert paid_to(s18) == {"陈小明": "50.00", "何秀兰": "15.00", "方芳": "10.00", "郑维国": "5.00", "HELD": "20.00"}
    assert entries_of(s18)[-1].state == "HELD"
    assert total(s18) == 100_00


def test_s18_late_coaching_releases_the_share_to_the_officer(bank: Cast, s18: Application) -> None:
    assert release_due_holds(at=at("2026-11-19 10:00")) == {}
    bank.coach(s18, when=at("2026-11-20 10:00"), late=True)
    assert release_due_holds(at=at("2026-11-20 10:01")) == {"released": 1}
    assert release_due_holds(at=at("2026-12-20 10:00")) == {}
    assert (paid_to(s18)["林小雨"], "HELD" in paid_to(s18), total(s18)) == ("20.00", False, 100_00)
    held, mirror, released = entries_of(s18)[-3:]
    assert [row.state for row in (held, mirror, released)] == ["VOIDED", "VOIDED", "ACCRUED"]
    assert [row.amount_fen for row in (held, mirror, released)] == [20_00, -20_00, 20_00]
    assert mirror.mirrors_id == held.pk
    assert Message.objects.filter(employee=bank.lin_xiaoyu, kind="reward_released").count() == 1


def test_s18_after_fifteen_days_the_share_goes_to_the_pool(s18: Application) -> None:
    assert release_due_holds(at=at("2026-11-25 13:59")) == {}
    assert release_due_holds(at=at("2026-11-25 14:00")) == {"pooled": 1}
    assert (paid_to(s18)["POOL"], total(s18)) == ("20.00", 100_00)


@pytest.fixture
def lapsed(bank: Cast) -> Application:
    """李文静 was qualified when she referred, and is not any more when the card is activated."""
    Qualification.objects.filter(employee=bank.li_wenjing).update(ends_on=date(2026, 11, 20))
    case = bank.to_branch(
        bank.complete(bank.collect(bank.refer(when=at("2026-11-19 10:00")), when=WHEN), when=WHEN), when=WHEN
    )
    bank.receive(bank.send(case, when=WHEN), when=WHEN)
    bank.finish(case, when=WHEN)
    accrue(at=WHEN)
    return bank.again(case)


def test_a_lapsed_qualification_holds_the_referral_share_for_its_person(bank: Cast, lapsed: Application) -> None:
    held = entries_of(lapsed)[0]
    assert (held.state, held.payee_kind, held.payee) == ("HELD", "HELD", bank.li_wenjing)


def test_a_renewal_within_thirty_days_releases_the_share(bank: Cast, lapsed: Application) -> None:
    assert release_due_holds(at=WHEN + timedelta(days=9)) == {}
    Qualification.objects.create(employee=bank.li_wenjing, starts_on=date(2026, 12, 10))
    assert release_due_holds(at=WHEN + timedelta(days=10)) == {}
    assert release_due_holds(at=at("2026-12-10 08:00")) == {"released": 1}
    assert paid_to(lapsed)["李文静"] == "25.00"


def test_without_renewal_in_thirty_days_the_share_goes_to_the_pool(bank: Cast, lapsed: Application) -> None:
    Qualification.objects.create(employee=bank.li_wenjing, starts_on=date(2026, 12, 25))
    assert release_due_holds(at=at("2026-12-25 10:00")) == {"pooled": 1}
    assert (paid_to(lapsed)["POOL"], total(lapsed)) == ("25.00", 100_00)


def test_a_renewal_in_time_counts_even_when_the_pass_comes_late(bank: Cast, lapsed: Application) -> None:
    Qualification.objects.create(employee=bank.li_wenjing, starts_on=date(2026, 12, 1), ends_on=date(2026, 12, 26))
    assert release_due_holds(at=at("2027-02-01 10:00")) == {"released": 1}


# -- holds by people ---------------------------------------------------------------------------------------------------
@pytest.fixture
def entry(bank: Cast) -> RewardEntry:
    return entries_of(earned(bank, when=WHEN))[0]


def test_an_auditor_holds_an_entry_and_ends_the_hold(bank: Cast, entry: RewardEntry) -> None:
    held = hold(entry=entry.pk, reason="疑似代签", actor=bank.pan_wei, at=WHEN)
    assert held.state == "HELD"
    freed = release(entry=entry.pk, reason="已核实", actor=bank.pan_wei, at=WHEN)
    assert freed.state == "ACCRUED"
    row = Hold.objects.get()
    assert (row.reason, row.release_reason) == ("疑似代签", "已核实")


def test_an_entry_is_held_once_at_a_time(bank: Cast, entry: RewardEntry) -> None:
    hold(entry=entry.pk, reason="疑似代签", actor=bank.pan_wei, at=WHEN)
    with pytest.raises(Refused, match="held already"):
        hold(entry=entry.pk, reason="again", actor=bank.pan_wei, at=WHEN)


def test_only_audit_holds(bank: Cast, entry: RewardEntry) -> None:
    for person in (bank.feng_zhiqiang, bank.zheng_weiguo, bank.su_min, bank.cao_ying):
        with pytest.raises(NotAllowed):
            hold(entry=entry.pk, reason="no", actor=person, at=WHEN)


def test_a_hold_says_why(bank: Cast, entry: RewardEntry) -> None:
    with pytest.raises(Malformed):
        hold(entry=entry.pk, reason="  ", actor=bank.pan_wei, at=WHEN)


def test_what_nobody_held_is_not_released(bank: Cast, entry: RewardEntry) -> None:
    with pytest.raises(Refused) as no:
        release(entry=entry.pk, reason="why not", actor=bank.pan_wei, at=WHEN)
    assert no.value.code == "not_held"


def test_a_share_that_waits_for_its_payee_is_not_released_by_hand(bank: Cast, s18: Application) -> None:
    with pytest.raises(Refused) as no:
        release(entry=entries_of(s18)[-1].pk, reason="please", actor=bank.pan_wei, at=WHEN)
    assert no.value.code == "waits_by_rule"


def test_an_entry_that_does_not_exist_is_out_of_sight(bank: Cast) -> None:
    with pytest.raises(OutOfSight):
        hold(entry=999_999, reason="x", actor=bank.pan_wei, at=WHEN)


def test_a_payee_neither_holds_nor_releases_the_own_money(bank: Cast, entry: RewardEntry) -> None:
    """李文静 is an auditor meanwhile."""
    RoleAssignment.objects.create(employee=bank.li_wenjing, role="AUD", starts_on=date(2026, 1, 1))
    payee = Employee.objects.get(pk=bank.li_wenjing.pk)
    assert entry.payee == payee
    with pytest.raises(Refused, match="your own reward"):
        hold(entry=entry.pk, reason="x", actor=payee, at=WHEN)
    hold(entry=entry.pk, reason="疑似代签", actor=bank.pan_wei, at=WHEN)
    with pytest.raises(Refused, match="your own reward"):
        release(entry=entry.pk, reason="已核实", actor=payee, at=WHEN)
    [row] = release_each(entries=[entry.pk], reason="已核实", actor=payee, at=WHEN)
    assert row.refusal is not None
    with pytest.raises(Refused, match="your own reward"):
        void(entry=entry.pk, reason="不实", actor=payee, at=WHEN)
    assert Hold.objects.get().released_at is None


# -- complaints --------------------------------------------------------------------------------------------------------
def test_audit_may_hold_for_a_complaint_by_hand_but_not_for_what_the_system_says(
    bank: Cast, entry: RewardEntry
) -> None:
    with pytest.raises(Malformed):
        hold(entry=entry.pk, reason="离职", actor=bank.pan_wei, at=WHEN, cause="LEFT")
    hold(entry=entry.pk, reason="客户投诉", actor=bank.pan_wei, at=WHEN, cause="COMPLAINT")
    assert Hold.objects.get().cause == "COMPLAINT"
    release(entry=entry.pk, reason="已回访", actor=bank.feng_zhiqiang, at=WHEN)
