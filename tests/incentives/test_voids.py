"""Voiding before the export, and what is held for people who have left: pay or void."""

from __future__ import annotations

from datetime import date

import pytest

from applications.models import Application
from incentives.models import Hold, RewardEntry, SplitPolicy
from incentives.services.accrual import accrue
from incentives.services.confirmations import certify, confirmable, draft_confirmation
from incentives.services.holds import hold, pull_holds, release
from incentives.services.leavers import decide_leaver
from incentives.services.payouts import make_payout
from incentives.services.registration import register
from incentives.services.reversals import approve_reversal, ask_reversal
from incentives.services.voids import void
from ops_center.kernel.errors import Malformed, NotAllowed, Refused
from organization.models import Employee, Message
from tests.cast import Cast, at
from tests.incentives.conftest import earned, lines_of, paid_to, who

pytestmark = pytest.mark.django_db
WHEN = at("2026-11-24 10:00")
NEXT = at("2026-11-25 10:00")


@pytest.fixture
def case(bank: Cast, flat: SplitPolicy) -> Application:
    return earned(bank, when=WHEN)


def share_of(case: Application, person: Employee) -> RewardEntry:
    return next(row for row in lines_of(case) if row.payee == person and row.kind == "SPLIT" and not row.mirrors_id)


def confirm(bank: Cast, case: Application) -> str:
    register(applications=[case.number], actor=bank.zheng_weiguo, at=WHEN)
    drafted = draft_confirmation(period="2026-11", actor=bank.zheng_weiguo, at=WHEN)
    return certify(no=drafted.no, actor=bank.feng_zhiqiang, at=WHEN).no


def split_total(case: Application) -> int:
    return sum(row.amount_fen for row in lines_of(case) if row.kind == "SPLIT")


def test_a_voided_share_goes_to_the_pool_and_the_case_stays_whole(bank: Cast, case: Application) -> None:
    voided = void(entry=share_of(case, bank.li_wenjing).pk, reason="转介不实", actor=bank.pan_wei, at=WHEN)
    assert voided.state == "VOIDED"
    mirror, pooled = lines_of(case)[-2:]
    assert (mirror.mirrors_id, mirror.amount_fen, mirror.state) == (voided.pk, -25_00, "VOIDED")
    assert (pooled.payee_kind, pooled.amount_fen, pooled.why, pooled.state) == ("POOL", 25_00, "VOIDED", "ACCRUED")
    assert ("李文静" in paid_to(case), split_total(case)) == (False, 100_00)
    assert Message.objects.get(kind="reward_voided").employee == bank.li_wenjing


def test_a_voided_line_that_is_no_share_is_only_undone(bank: Cast) -> None:
    case = earned(bank, when=WHEN)
    bonus = next(row for row in lines_of(case) if row.kind == "TIMELINESS")
    before = len(lines_of(case))
    void(entry=bonus.pk, reason="计时有误", actor=bank.pan_wei, at=WHEN)
    assert len(lines_of(case)) == before + 1
    assert split_total(case) == 100_00


def test_neither_a_voided_line_nor_its_mirror_is_ever_confirmed(bank: Cast, case: Application) -> None:
    void(entry=share_of(case, bank.li_wenjing).pk, reason="转介不实", actor=bank.pan_wei, at=WHEN)
    register(applications=[case.number], actor=bank.zheng_weiguo, at=WHEN)
    wanted = confirmable(before=NEXT)
    assert sum(row.amount_fen for row in wanted) == sum(row.amount_fen for row in lines_of(case))
    assert {row.mirrors_id for row in wanted} == {None}
    assert "李文静" not in {who(row) for row in wanted.select_related("payee")}


def test_an_entry_leaves_its_draft_when_it_is_voided(bank: Cast, case: Application) -> None:
    register(applications=[case.number], actor=bank.zheng_weiguo, at=WHEN)
    drafted = draft_confirmation(period="2026-11", actor=bank.zheng_weiguo, at=WHEN)
    share = share_of(case, bank.li_wenjing)
    void(entry=share.pk, reason="转介不实", actor=bank.pan_wei, at=WHEN)
    done = certify(no=drafted.no, actor=bank.feng_zhiqiang, at=WHEN)
    assert not done.lines.filter(entry=share).exists()
    assert done.total_fen == sum(line.entry.amount_fen for line in done.lines.select_related("entry"))


def test_a_certified_entry_is_voided_and_the_export_leaves_it_out(bank: Cast, case: Application) -> None:
    no = confirm(bank, case)
    share = share_of(case, bank.li_wenjing)
    void(entry=share.pk, reason="转介不实", actor=bank.pan_wei, at=NEXT)
    batch = make_payout(confirmations=[no], actor=bank.su_min, at=NEXT)
    assert not batch.lines.filter(entry=share).exists()
    assert (batch.voided_fen, batch.confirmed_fen) == (25_00, batch.total_fen + batch.held_fen + 25_00)


def test_what_is_exported_taken_back_voided_or_in_the_pool_is_not_voided(bank: Cast, case: Application) -> None:
    def code_of(entry: RewardEntry) -> str:
        with pytest.raises(Refused) as no:
            void(entry=entry.pk, reason="不行", actor=bank.pan_wei, at=NEXT)
        return no.value.code

    void(entry=share_of(case, bank.fang_fang).pk, reason="转介不实", actor=bank.pan_wei, at=WHEN)
    assert code_of(share_of(case, bank.fang_fang)) == "entry_closed"
    assert code_of(lines_of(case)[-1]) == "in_pool"
    make_payout(confirmations=[confirm(bank, case)], actor=bank.su_min, at=NEXT)
    assert code_of(share_of(case, bank.li_wenjing)) == "already_exported"
    asked = ask_reversal(case=case.number, actor=bank.pan_wei, at=NEXT, reason="伪造")
    approve_reversal(reversal=asked.pk, actor=bank.feng_zhiqiang, at=NEXT)
    assert code_of(lines_of(case)[-1]) == "is_reversal"


def test_only_audit_voids_and_says_why(bank: Cast, case: Application) -> None:
    share = share_of(case, bank.li_wenjing)
    for person in (bank.feng_zhiqiang, bank.zheng_weiguo, bank.su_min, bank.cao_ying):
        with pytest.raises(NotAllowed):
            void(entry=share.pk, reason="不行", actor=person, at=WHEN)
    with pytest.raises(Malformed):
        void(entry=share.pk, reason="  ", actor=bank.pan_wei, at=WHEN)


# -- who has left ------------------------------------------------------------------------------------------------------
@pytest.fixture
def gone(bank: Cast, case: Application) -> Employee:
    """方芳 has left before the payout; the system holds her 10.00."""
    Employee.objects.filter(pk=bank.fang_fang.pk).update(left_on=date(2026, 11, 24))
    pull_holds(at=WHEN)
    return bank.fang_fang


def test_who_leaves_keeps_the_entry_and_hr_is_told_once(bank: Cast, case: Application, gone: Employee) -> None:
    assert pull_holds(at=WHEN) == {"flagged": 0, "left": 0}
    held = Hold.objects.filter(entry__payee=gone, released_at=None)
    assert {(row.cause, row.by) for row in held} == {("LEFT", None)}
    assert share_of(case, gone).state == "HELD"
    assert Message.objects.get(kind="leaver_held").employee == bank.su_min


def test_who_leaves_tomorrow_is_held_tomorrow(bank: Cast, case: Application) -> None:
    Employee.objects.filter(pk=bank.fang_fang.pk).update(left_on=date(2026, 11, 25))
    assert pull_holds(at=WHEN)["left"] == 0
    assert pull_holds(at=NEXT)["left"] > 0


def test_audit_cannot_release_what_hr_decides(bank: Cast, case: Application, gone: Employee) -> None:
    with pytest.raises(Refused, match="HR decides"):
        release(entry=share_of(case, gone).pk, reason="请发", actor=bank.pan_wei, at=WHEN)
    for person in (bank.pan_wei, bank.feng_zhiqiang):
        with pytest.raises(NotAllowed):
            decide_leaver(person=gone.number, is_paid=True, reason="请发", actor=person, at=WHEN)


def test_hr_pays_and_what_was_decided_is_not_held_again(bank: Cast, case: Application, gone: Employee) -> None:
    decide_leaver(person=gone.number, is_paid=True, reason="正常离职", actor=bank.su_min, at=WHEN)
    pull_holds(at=NEXT)
    assert share_of(case, gone).state == "ACCRUED"
    with pytest.raises(Refused, match="Nothing is held"):
        decide_leaver(person=gone.number, is_paid=False, reason="再次", actor=bank.su_min, at=NEXT)


def test_hr_voids_and_the_shares_go_to_the_pool(bank: Cast, case: Application, gone: Employee) -> None:
    decide_leaver(person=gone.number, is_paid=False, reason="违规离职", actor=bank.su_min, at=WHEN)
    assert ("方芳" in paid_to(case), split_total(case)) == (False, 100_00)
    assert not Hold.objects.filter(released_at=None).exists()


def test_the_export_leaves_out_who_left_after_the_certification(bank: Cast, case: Application) -> None:
    no = confirm(bank, case)
    Employee.objects.filter(pk=bank.fang_fang.pk).update(is_active=False)
    batch = make_payout(confirmations=[no], actor=bank.su_min, at=NEXT)
    assert not batch.lines.filter(entry__payee=bank.fang_fang).exists()
    assert batch.held_fen == sum(row.amount_fen for row in lines_of(case) if row.payee == bank.fang_fang)


# -- the risk flag -----------------------------------------------------------------------------------------------------
def flagged(bank: Cast) -> Application:
    case = bank.issued(bank.received(when=WHEN), when=WHEN)
    Application.objects.filter(pk=case.pk).update(is_risk=True)
    bank.activate(bank.coach(case, when=WHEN), when=WHEN)
    accrue(at=WHEN)
    return bank.again(case)


def test_everything_of_a_flagged_case_is_held_and_audit_is_told(bank: Cast, case: Application) -> None:
    risky = flagged(bank)
    pull_holds(at=WHEN)
    assert {row.state for row in lines_of(risky)} == {"HELD"}
    assert {row.state for row in lines_of(case)} == {"ACCRUED"}
    assert Message.objects.get(kind="risk_held").facts["number"] == risky.number


def test_a_flag_that_comes_after_the_certification_stops_the_export(bank: Cast, case: Application) -> None:
    no = confirm(bank, case)
    Application.objects.filter(pk=case.pk).update(is_risk=True)
    with pytest.raises(Refused, match="held"):
        make_payout(confirmations=[no], actor=bank.su_min, at=NEXT)


def test_one_release_takes_the_flag_off_and_frees_the_whole_case(bank: Cast) -> None:
    risky = flagged(bank)
    pull_holds(at=WHEN)
    release(entry=lines_of(risky)[0].pk, reason="核实为本人签名", actor=bank.feng_zhiqiang, at=WHEN)
    assert not bank.again(risky).is_risk
    assert {row.state for row in lines_of(risky)} == {"ACCRUED"}
    assert pull_holds(at=NEXT)["flagged"] == 0


def test_who_is_held_already_is_not_held_twice(bank: Cast) -> None:
    risky = flagged(bank)
    entry = lines_of(risky)[0]
    hold(entry=entry.pk, reason="疑似代签", actor=bank.pan_wei, at=WHEN)
    pull_holds(at=WHEN)
    assert Hold.objects.filter(entry=entry, released_at=None).count() == 1
    release(entry=entry.pk, reason="已核实", actor=bank.pan_wei, at=WHEN)
    pull_holds(at=WHEN)  # the flag is still there
    assert lines_of(risky)[0].state == "HELD"
