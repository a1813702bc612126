"""S26 and R-T111: what an open complaint does to the money, pulled in sets, and what its end does."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from applications.models import Application
from incentives.lifecycle import EntryState
from incentives.models import Hold, RewardEntry
from incentives.services.accrual import accrue
from incentives.services.confirmations import certify, draft_confirmation
from incentives.services.holds import pull_complaint_holds, release
from incentives.services.registration import register
from incentives.services.reversals import approve_reversal, ask_reversal
from ops_center import schedule
from ops_center.kernel.errors import Malformed, Refused
from organization.models import Message
from supervision.models import Complaint
from supervision.services import complaints
from tests.cast import Cast, at
from tests.incentives.conftest import earned, entries_of, lines_of, who

pytestmark = pytest.mark.django_db
WHEN = at("2026-11-24 10:00")
OPENED = at("2026-11-28 10:00")
MINUTE = at("2026-11-28 10:01")


@pytest.fixture
def case(bank: Cast) -> Application:
    """Path C: referred by 李文静, collected by 周启明, activated."""
    return earned(bank, when=WHEN)


def complain(bank: Cast, case: Application, about: str = "SALE", **said) -> Complaint:
    return complaints.open_complaint(
        case=case.number, about=about, channel="PHONE", text="客户称未说明年费", actor=bank.ding_jie, at=OPENED, **said
    )


def closed(bank: Cast, row: Complaint, *, is_upheld: bool, **facts) -> None:
    said = {"complaint": row.number, "actor": bank.ding_jie, "at": at("2026-11-30 10:00"), "text": "已与客户沟通"}
    complaints.reply(**said)
    complaints.solve(**said)
    complaints.follow_up(reached=True, satisfied=True, **said)
    complaints.close(is_upheld=is_upheld, ticks=["recorded", "handled", "rechecked", "fed_back"], **facts, **said)


def held(case: Application) -> set[str]:
    return {who(row) for row in entries_of(case) if row.state == EntryState.HELD}


def lines(case: Application, *people: str) -> int:
    """How many lines these people have, the timeliness beside their shares included."""
    return sum(who(row) in people for row in lines_of(case))


def test_s26_the_sellers_entries_are_held_a_minute_after_opening_and_go_on_at_the_end(
    bank: Cast, case: Application
) -> None:
    row = complain(bank, case)
    assert held(case) == set()
    assert schedule.run(schedule.BY_NAME["complaint-holds"], at=MINUTE) == {
        "held": lines(case, "李文静", "周启明"),
        "released": 0,
    }
    assert held(case) == {"李文静", "周启明"}
    assert set(Hold.objects.values_list("complaint", "reason", "by")) == {(row.pk, row.number, None)}
    assert pull_complaint_holds(at=MINUTE) == {"held": 0, "released": 0}
    closed(bank, row, is_upheld=False)
    assert pull_complaint_holds(at=at("2026-11-30 10:01")) == {"held": 0, "released": Hold.objects.count()}
    assert {entry.state for entry in lines_of(case)} == {EntryState.ACCRUED}


def test_a_named_seller_is_held_alone_and_other_complaints_hold_nothing(bank: Cast, case: Application) -> None:
    for about in ("SERVICE", "DELAY", "PRIVACY", "OTHER"):
        complain(bank, case, about)
    assert pull_complaint_holds(at=MINUTE)["held"] == 0
    complain(bank, case, against=bank.zhou_qiming)
    pull_complaint_holds(at=MINUTE)
    assert held(case) == {"周启明"}


def test_a_denial_holds_everybodys_share(bank: Cast, case: Application) -> None:
    complain(bank, case, "DENIES")
    assert pull_complaint_holds(at=MINUTE)["held"] == len(lines_of(case))
    assert {entry.state for entry in lines_of(case)} == {EntryState.HELD}


def test_the_end_of_one_complaint_leaves_what_another_holds(bank: Cast, case: Application) -> None:
    first, second = complain(bank, case), complain(bank, case, against=bank.zhou_qiming)
    pull_complaint_holds(at=MINUTE)
    closed(bank, first, is_upheld=False)
    own, all_held = lines(case, "周启明"), Hold.objects.count()
    assert pull_complaint_holds(at=at("2026-11-30 10:01")) == {"held": own, "released": all_held}
    assert held(case) == {"周启明"}
    assert set(Hold.objects.filter(released_at=None).values_list("complaint", flat=True)) == {second.pk}


def test_upheld_it_stays_held_until_audit_takes_it_back(bank: Cast, case: Application) -> None:
    row = complain(bank, case, against=bank.zhou_qiming)
    pull_complaint_holds(at=MINUTE)
    closed(bank, row, is_upheld=True)
    later = at("2026-12-01 10:00")
    assert pull_complaint_holds(at=later) == {"held": 0, "released": 0}
    assert held(case) == {"周启明"}
    assert Message.objects.filter(kind="complaint_upheld", employee=bank.pan_wei).exists()
    asked = ask_reversal(
        case=case.number, actor=bank.pan_wei, at=later, reason="投诉属实", ground="COMPLAINT", payee=bank.zhou_qiming
    )
    approve_reversal(reversal=asked.pk, actor=bank.feng_zhiqiang, at=later, reason="同意")
    assert pull_complaint_holds(at=later) == {"held": 0, "released": 0}
    assert {who(entry): entry.state for entry in entries_of(case)}["周启明"] == EntryState.REVERSED


def test_of_two_sellers_the_one_at_fault_is_named_and_the_other_is_let_go(bank: Cast, case: Application) -> None:
    row = complain(bank, case)
    pull_complaint_holds(at=MINUTE)
    with pytest.raises(Malformed, match="李文静 LZ10234、周启明 LZ10005"):
        closed(bank, row, is_upheld=True)
    with pytest.raises(Refused):  # the steps before it are taken
        closed(bank, row, is_upheld=True, at_fault=bank.zhou_qiming)
    complaints.close(
        complaint=row.number, actor=bank.ding_jie, at=at("2026-11-30 11:00"), text="属实", is_upheld=True,
        ticks=["rechecked", "fed_back"], at_fault=bank.zhou_qiming,
    )  # fmt: skip
    assert pull_complaint_holds(at=at("2026-11-30 11:01")) == {"held": 0, "released": lines(case, "李文静")}
    assert held(case) == {"周启明"}
    assert Complaint.objects.get().against == bank.zhou_qiming


def test_while_it_is_open_nobody_lets_go_what_it_holds_and_afterwards_not_twice(bank: Cast, case: Application) -> None:
    row = complain(bank, case, against=bank.zhou_qiming)
    pull_complaint_holds(at=MINUTE)
    entry = Hold.objects.earliest("pk").entry_id
    with pytest.raises(Refused, match=row.number) as no:
        release(entry=entry, reason="放行", actor=bank.pan_wei, at=MINUTE)
    assert no.value.code == "complaint_open"
    closed(bank, row, is_upheld=True)
    later = at("2026-12-01 10:00")
    release(entry=entry, reason="已由网点赔付，不再追索", actor=bank.pan_wei, at=later)
    assert pull_complaint_holds(at=later)["held"] == 0
    with pytest.raises(IntegrityError), transaction.atomic():
        Hold.objects.create(entry_id=entry, cause="COMPLAINT", complaint=row, reason=row.number, at=later)


def test_what_accrues_later_is_held_too(bank: Cast) -> None:
    case = bank.issued(bank.received(when=WHEN), when=WHEN)
    complain(bank, case)
    bank.activate(bank.coach(case, when=OPENED), when=OPENED)
    accrue(at=OPENED)
    assert pull_complaint_holds(at=MINUTE)["held"] == lines(case, "陈小明")  # who referred and collected
    assert held(case) == {"陈小明"}


def test_certification_pulls_first_in_its_own_transaction(bank: Cast, case: Application) -> None:
    register(applications=[case.number], actor=bank.zheng_weiguo, at=WHEN)
    draft = draft_confirmation(period="2026-11", actor=bank.zheng_weiguo, at=WHEN)
    complain(bank, case)
    certify(no=draft.no, actor=bank.feng_zhiqiang, at=OPENED)  # no job has run
    certified = RewardEntry.objects.filter(confirmation_line__confirmation=draft).values_list("payee__name", flat=True)
    assert set(certified).isdisjoint({"李文静", "周启明"})
    assert held(case) == {"李文静", "周启明"}
