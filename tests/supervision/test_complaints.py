"""S26 and R-T111: complaints in five steps, by whom nothing concerns, against two clocks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from django.db import DatabaseError, transaction
from django.utils.translation import override

from applications.lifecycle import Freeze, Step
from applications.models import Application
from applications.rules import open_steps
from applications.services import claims, endings, issue
from applications.services.endings import expire_lapsed
from ops_center.kernel.errors import Malformed, NotAllowed, OutOfSight, Refused, StaleVersion
from organization.models import AuditRecord, Employee, Message, RoleAssignment
from supervision.models import Complaint, ComplaintEvent
from supervision.services import complaints
from supervision.services.complaint_clocks import watch_complaints
from supervision.services.complaint_people import handlers_for
from tests.cast import Cast, at, make_bank

pytestmark = pytest.mark.django_db
OPENED = at("2026-11-28 10:00")  # a Saturday
WORDS = "客户称办卡时未说明年费"
ALL = ("recorded", "handled", "rechecked", "fed_back")


@pytest.fixture
def bank(db: None) -> Iterator[Cast]:
    with override("en"):
        yield make_bank()


@pytest.fixture
def case(bank: Cast) -> Application:
    """Referred by 李文静, collected by 周启明, issued: 何秀兰, 方芳 and 郑维国 have worked on it."""
    when = at("2026-11-23 10:00")
    case = bank.to_branch(bank.complete(bank.collect(bank.refer(when=when), when=when), when=when), when=when)
    bank.receive(bank.send(case, when=when), when=when)
    return bank.issued(case, when=when)


def opened(bank: Cast, case: Application | None = None, **said) -> Complaint:
    said = {"about": "SALE", "channel": "PHONE", "text": WORDS, "actor": bank.ding_jie, "at": OPENED} | said
    return complaints.open_complaint(case=case.number if case else "", **said)


def act(bank: Cast, name: str, row: Complaint, when: str = "2026-11-28 11:00", **facts) -> Complaint:
    facts.setdefault("actor", bank.ding_jie)
    if name not in ("tick", "assign", "link_case"):
        facts.setdefault("text", "已与客户沟通")
    return getattr(complaints, name)(complaint=row.number, at=at(when), **facts)


def closed(bank: Cast, row: Complaint, *, is_upheld: bool, when: str = "2026-12-01 10:00", **facts) -> Complaint:
    act(bank, "reply", row)
    act(bank, "solve", row)
    act(bank, "follow_up", row, reached=True, satisfied=True)
    return act(bank, "close", row, when, is_upheld=is_upheld, ticks=ALL, **facts)


def again(row: Complaint) -> Complaint:
    return Complaint.objects.get(pk=row.pk)


# -- whom it is about --------------------------------------------------------------------------------------------------
def test_nobody_writes_down_a_complaint_about_oneself_and_nothing_is_left_of_it(bank: Cast) -> None:
    with pytest.raises(Refused) as no:
        opened(bank, about="SERVICE", against=bank.ding_jie)
    assert no.value.code == "about_yourself"
    assert not Complaint.objects.exists()
    assert opened(bank, about="SERVICE", against=bank.ding_jie, actor=bank.feng_zhiqiang).against == bank.ding_jie


def test_who_was_complained_about_is_not_exchanged_for_another_when_it_is_upheld(bank: Cast, case: Application) -> None:
    row = opened(bank, case, against=case.referrer)
    with pytest.raises(Malformed) as no:
        closed(bank, row, is_upheld=True, at_fault=case.collector)
    assert list(no.value.errors) == ["at_fault"]
    assert again(row).is_upheld is None
    assert act(bank, "close", row, "2026-12-01 10:00", is_upheld=True, ticks=ALL).against == case.referrer


# -- deadlines ---------------------------------------------------------------------------------------------------------
def test_s26_a_reply_is_due_within_24_hours_by_the_clock_on_a_weekend_too(bank: Cast, case: Application) -> None:
    row = opened(bank, case)
    assert row.reply_by == at("2026-11-29 10:00")
    assert row.close_by == at("2026-12-13 10:00")
    assert row.handler == bank.ding_jie
    assert row.recorded_at == OPENED


def test_a_complex_one_has_30_days_and_30_more_with_the_approval_of_another_supervisor(bank: Cast) -> None:
    row = opened(bank)
    row = act(bank, "mark_complex", row)
    assert row.close_by == at("2026-12-28 10:00")
    with pytest.raises(NotAllowed):
        act(bank, "extend", row)
    act(bank, "ask_extension", row)
    assert Message.objects.filter(kind="complaint_extension_asked", employee=bank.feng_zhiqiang).exists()
    row = act(bank, "extend", row, actor=bank.feng_zhiqiang)
    assert row.close_by == at("2027-01-27 10:00")
    assert row.extended_by == bank.feng_zhiqiang
    with pytest.raises(Refused) as no:
        act(bank, "extend", row, actor=bank.feng_zhiqiang)
    assert no.value.code == "already_extended"


def test_an_ordinary_one_may_be_given_30_more_days_and_marked_complex_afterwards(bank: Cast) -> None:
    row = act(bank, "extend", opened(bank), actor=bank.feng_zhiqiang)
    assert row.close_by == at("2027-01-12 10:00")
    assert act(bank, "mark_complex", row).close_by == at("2027-01-27 10:00")


def test_a_supervisor_does_not_approve_more_time_for_the_own_ticket_nor_does_anybody_when_it_has_run_out(
    bank: Cast,
) -> None:
    row = opened(bank, actor=bank.feng_zhiqiang)
    with pytest.raises(Refused) as no:
        act(bank, "extend", row, actor=bank.feng_zhiqiang)
    assert no.value.code == "own_complaint"
    late = opened(bank)
    for name, person in (("extend", bank.feng_zhiqiang), ("ask_extension", bank.ding_jie), ("mark_complex", None)):
        with pytest.raises(Refused) as no:
            act(bank, name, late, "2026-12-13 10:01", actor=person or bank.ding_jie)
        assert no.value.code == "too_late_for_time"


def test_what_runs_out_is_told_once_and_anew_after_more_time(bank: Cast) -> None:
    row = opened(bank)
    passes = ["2026-11-28 10:01", "2026-11-29 04:00", "2026-11-29 04:01", "2026-11-29 10:01", "2026-11-29 10:02"]
    counts = [watch_complaints(at=at(when)) for when in passes]
    assert [count["reply_soon"] for count in counts] == [0, 1, 0, 0, 0]
    assert [count["reply_late"] for count in counts] == [0, 0, 0, 1, 0]
    told = Message.objects.filter(kind__in=["complaint_reply_soon", "complaint_reply_late"])
    assert sorted(told.values_list("kind", "employee__number")) == [
        ("complaint_reply_late", "LZ10012"), ("complaint_reply_late", "LZ10017"), ("complaint_reply_soon", "LZ10017"),
    ]  # fmt: skip
    act(bank, "reply", row, "2026-11-29 11:00")
    assert watch_complaints(at=at("2026-12-10 10:00"))["close_soon"] == 1
    act(bank, "extend", row, "2026-12-10 11:00", actor=bank.feng_zhiqiang)
    assert watch_complaints(at=at("2026-12-20 10:00"))["close_soon"] == 0
    assert watch_complaints(at=at("2027-01-10 10:00"))["close_soon"] == 1
    assert watch_complaints(at=at("2027-01-13 10:00"))["close_late"] == 1
    assert watch_complaints(at=at("2027-01-14 10:00")) == dict.fromkeys(
        ("relieved", "reply_soon", "reply_late", "close_soon", "close_late"), 0
    )


# -- the five steps ----------------------------------------------------------------------------------------------------
def test_the_five_steps_lead_from_opening_to_closing(bank: Cast, case: Application) -> None:
    row = opened(bank, case)
    states = [act(bank, "reply", row).state, act(bank, "escalate", row).state]
    with pytest.raises(NotAllowed):
        act(bank, "solve", row)  # now the supervisor's
    states.append(act(bank, "solve", row, actor=bank.feng_zhiqiang).state)
    assert Message.objects.filter(kind="complaint_solved", employee=bank.ding_jie).exists()
    states.append(act(bank, "follow_up", row, reached=True, satisfied=True).state)
    states.append(act(bank, "close", row, is_upheld=False, ticks=ALL).state)
    assert states == ["REPLIED", "ESCALATED", "SOLVED", "FOLLOWED_UP", "CLOSED"]
    acts = list(ComplaintEvent.objects.filter(complaint=row).values_list("act", flat=True))
    assert acts == ["OPEN", "REPLY", "ESCALATE", "SOLVE", "FOLLOW_UP", "CLOSE"]
    stamps = [getattr(again(row), f"{name}_at") for name in ("replied", "escalated", "solved", "followed_up", "closed")]
    assert all(stamps)


def test_s26_closing_without_the_follow_up_call_is_refused_in_the_table_too(bank: Cast) -> None:
    row = opened(bank)
    for name in ("reply", "solve"):
        with pytest.raises(Refused, match="follow-up call") as no:
            act(bank, "close", row, is_upheld=False, ticks=ALL)
        assert no.value.code == "not_followed_up"
        act(bank, name, row)
    with pytest.raises(Refused, match="follow-up call"):
        act(bank, "close", row, is_upheld=False, ticks=ALL)
    with pytest.raises(DatabaseError), transaction.atomic():
        Complaint.objects.filter(pk=row.pk).update(state="CLOSED", closed_at=OPENED, is_upheld=False)


def test_a_call_that_reached_nobody_leaves_it_to_be_done(bank: Cast) -> None:
    row = opened(bank)
    act(bank, "reply", row)
    act(bank, "solve", row)
    assert act(bank, "follow_up", row, reached=False).state == "SOLVED"
    assert again(row).followed_up_at is None


def test_a_client_who_is_not_satisfied_is_heard_by_the_supervisor_once(bank: Cast) -> None:
    row = opened(bank)
    act(bank, "reply", row)
    act(bank, "solve", row)
    assert act(bank, "follow_up", row, reached=True, satisfied=False).state == "ESCALATED"
    act(bank, "solve", row, actor=bank.feng_zhiqiang)
    assert act(bank, "follow_up", row, reached=True, satisfied=False).state == "FOLLOWED_UP"


def test_nothing_is_missed_four_ticks_with_their_times(bank: Cast) -> None:
    row = opened(bank)
    act(bank, "reply", row)
    act(bank, "solve", row)
    act(bank, "follow_up", row, reached=True, satisfied=True)
    for is_upheld in (True, False):
        with pytest.raises(Refused, match="Checked again、Fed back"):
            act(bank, "close", row, is_upheld=is_upheld)
    act(bank, "tick", row, "2026-11-30 09:00", ticks=["rechecked"])
    act(bank, "tick", row, "2026-11-30 10:00", ticks=["rechecked", "fed_back"])
    row = act(bank, "close", row, is_upheld=False)
    assert (row.rechecked_at, row.fed_back_at) == (at("2026-11-30 09:00"), at("2026-11-30 10:00"))
    with pytest.raises(Refused) as no:
        act(bank, "tick", row, ticks=ALL)
    assert no.value.code == "act_not_open"


def test_a_stale_page_and_an_empty_text_are_refused_and_nothing_is_written(bank: Cast) -> None:
    row = opened(bank)
    with pytest.raises(StaleVersion):
        act(bank, "reply", row, version=7)
    with pytest.raises(Malformed):
        act(bank, "reply", row, text="  ")
    assert (again(row).state, again(row).version) == ("OPENED", 1)


# -- who ---------------------------------------------------------------------------------------------------------------
def test_only_the_office_sees_complaints_and_nobody_one_against_oneself(bank: Cast, case: Application) -> None:
    row = opened(bank, case, against=bank.zhou_qiming)
    for person in (bank.zhou_qiming, bank.chen_xiaoming, bank.cao_ying):
        with pytest.raises(OutOfSight):
            act(bank, "reply", row, actor=person)
    with pytest.raises(NotAllowed):
        act(bank, "reply", row, actor=bank.pan_wei)  # audit reads
    with pytest.raises(NotAllowed):
        opened(bank, case, actor=bank.chen_xiaoming)


def test_who_took_part_in_the_case_does_not_handle_it_by_service_or_sql(bank: Cast, case: Application) -> None:
    concerned = [bank.li_wenjing, bank.zhou_qiming, bank.he_xiulan, bank.fang_fang, bank.zheng_weiguo]
    for person in concerned:
        RoleAssignment.objects.create(employee=person, role="CPL", starts_on=date(2026, 1, 1))
    row = opened(bank, case)
    for person in concerned:
        handler = Employee.objects.get(pk=person.pk)
        with pytest.raises(Refused) as no:
            act(bank, "assign", row, actor=bank.feng_zhiqiang, to=handler)
        assert no.value.code == "concerned"
        with pytest.raises(DatabaseError, match="took part"), transaction.atomic():
            Complaint.objects.filter(pk=row.pk).update(handler=handler)
        assert opened(bank, case, actor=handler).handler is None  # opened, but not one's own
    assert set(handlers_for(row, at=OPENED)) == {bank.ding_jie, bank.feng_zhiqiang}


def test_a_supervisor_who_is_concerned_neither_solves_nor_gives_time(bank: Cast, case: Application) -> None:
    RoleAssignment.objects.create(employee=bank.zheng_weiguo, role="SUP", starts_on=date(2026, 1, 1))
    supervisor = Employee.objects.get(pk=bank.zheng_weiguo.pk)
    row = opened(bank, case)
    act(bank, "reply", row)
    act(bank, "escalate", row)
    for name in ("solve", "extend"):
        with pytest.raises(Refused) as no:
            act(bank, name, row, actor=supervisor)
        assert no.value.code == "concerned"


def test_another_handler_takes_only_what_nobody_has(bank: Cast) -> None:
    other = bank.hire("佟明", "OC01", "CPL")
    row = opened(bank)
    with pytest.raises(Refused) as no:
        act(bank, "reply", row, actor=other)
    assert no.value.code == "another_handles"
    with pytest.raises(Refused):
        act(bank, "assign", row, actor=other, to=other)
    act(bank, "assign", row, actor=bank.feng_zhiqiang, to=other)
    assert act(bank, "reply", row, actor=other).state == "REPLIED"
    with pytest.raises(Malformed):
        act(bank, "assign", row, actor=bank.feng_zhiqiang, to=bank.cao_ying)


def test_a_case_found_later_is_asked_for_the_conflict_too(bank: Cast, case: Application) -> None:
    RoleAssignment.objects.create(employee=bank.fang_fang, role="CPL", starts_on=date(2026, 1, 1))
    keyer = Employee.objects.get(pk=bank.fang_fang.pk)
    row = opened(bank, actor=keyer)
    with pytest.raises(Refused) as no:
        act(bank, "link_case", row, actor=keyer, case=case.number)
    assert no.value.code == "concerned"
    act(bank, "assign", row, actor=bank.feng_zhiqiang, to=bank.ding_jie)
    assert act(bank, "link_case", row, case=case.number).application == case


def test_who_comes_to_work_on_the_case_later_is_refused_and_relieved_once(bank: Cast) -> None:
    case = bank.received(when=at("2026-11-23 10:00"))
    RoleAssignment.objects.create(employee=bank.he_xiulan, role="CPL", starts_on=date(2026, 1, 1))
    checker = Employee.objects.get(pk=bank.he_xiulan.pk)
    row = opened(bank, case, actor=checker)
    assert watch_complaints(at=OPENED)["relieved"] == 0
    bank.check(case, when=at("2026-11-28 10:30"))
    with pytest.raises(Refused) as no:
        act(bank, "reply", row, actor=checker)
    assert no.value.code == "concerned"
    passes = [watch_complaints(at=at("2026-11-28 10:31"))["relieved"] for _again in range(2)]
    assert (passes, again(row).handler) == ([1, 0], None)
    assert ComplaintEvent.objects.filter(complaint=row, act="RELIEVE", facts={"from": checker.number}).count() == 1
    told = Message.objects.filter(kind="complaint_unhandled").values_list("employee__number", flat=True)
    assert list(told) == [bank.feng_zhiqiang.number]
    act(bank, "assign", row, "2026-11-28 12:00", actor=bank.feng_zhiqiang, to=bank.ding_jie)
    assert act(bank, "reply", row, "2026-11-28 12:00").state == "REPLIED"


def test_of_a_sale_only_who_sold_it_is_complained_about(bank: Cast, case: Application) -> None:
    with pytest.raises(Malformed):
        opened(bank, case, against=bank.lin_xiaoyu)
    assert opened(bank, case, about="SERVICE", against=bank.lin_xiaoyu).against == bank.lin_xiaoyu


# -- “I did not apply” -------------------------------------------------------------------------------------------------
def test_a_denial_stops_the_case_for_everybody_and_tells_audit(bank: Cast, case: Application) -> None:
    row = opened(bank, case, about="DENIES")
    assert (bank.again(case).freeze, bank.again(case).frozen_for) == (Freeze.DENIED, row.number)
    assert Message.objects.get(kind="complaint_denied").employee == bank.pan_wei
    for person in (bank.lin_xiaoyu, bank.zheng_weiguo):
        assert open_steps(bank.again(case), actor=person, at=OPENED) == []
    with pytest.raises(Refused, match=row.number) as no:
        bank.activate(case, when=OPENED)
    assert no.value.code == "frozen"
    with pytest.raises(Refused, match=row.number):  # the card system's file neither
        issue.activate(case=case.pk, actor=None, at=OPENED, activated_at=OPENED, source="1:1")
    assert claims.claim_next(queue="after-sales", actor=bank.lin_xiaoyu, at=OPENED) is None
    assert expire_lapsed(OPENED + timedelta(days=200)) == 0
    assert AuditRecord.objects.filter(action="freeze_case", subject=case.number).count() == 1


def test_a_denial_that_is_not_upheld_lets_the_case_go_on(bank: Cast, case: Application) -> None:
    closed(bank, opened(bank, case, about="DENIES"), is_upheld=False)
    assert bank.again(case).freeze == ""
    assert bank.activate(case, when=at("2026-12-01 11:00")).state == "ACTIVATED"


def test_a_denial_that_is_upheld_leaves_nothing_but_the_end(bank: Cast, case: Application) -> None:
    closed(bank, opened(bank, case, about="DENIES"), is_upheld=True, at_fault=bank.zhou_qiming)
    later = at("2026-12-01 11:00")
    with pytest.raises(Refused, match="only be ended"):
        bank.activate(case, when=later)
    assert open_steps(bank.again(case), actor=bank.lin_xiaoyu, at=later) == [Step.REFUSE_CARD]
    ended = endings.refuse_card(case=case.pk, actor=bank.lin_xiaoyu, at=later, note="客户未申请，收回卡片")
    assert ended.state == "WITHDRAWN"


def test_paper_of_a_stopped_case_still_arrives_but_is_not_sealed(bank: Cast) -> None:
    when = at("2026-11-23 10:00")
    on_its_way = bank.complete(bank.draft(when=when), when=when)
    bag = bank.send(on_its_way, when=when)
    at_the_branch = bank.complete(bank.draft(when=when), when=when)
    for file in (on_its_way, at_the_branch):
        opened(bank, file, about="DENIES", at=when)
    bank.receive(bag, when=when)
    assert bank.again(on_its_way).state == "RECEIVED"
    assert claims.claim_next(queue="check", actor=bank.he_xiulan, at=when) is None
    with pytest.raises(Refused, match="stands still"):
        bank.pack(at_the_branch, when=when)


def test_the_same_denial_is_known_once(bank: Cast, case: Application) -> None:
    row = opened(bank, case, about="DENIES")
    with pytest.raises(Refused, match=row.number):
        opened(bank, case, about="DENIES")
    closed(bank, row, is_upheld=False)
    assert opened(bank, case, about="DENIES", at=at("2026-12-02 10:00")).number != row.number


def test_each_act_that_cannot_be_taken_says_why(bank: Cast, case: Application) -> None:
    row = act(bank, "mark_complex", opened(bank, case))
    for code, name, facts in (
        ("case_known", "link_case", {"case": case.number}),
        ("already_complex", "mark_complex", {}),
        ("assigned_by_supervisor", "assign", {"to": bank.feng_zhiqiang}),
        ("not_a_handler", "assign", {"to": bank.tian_ye, "actor": bank.feng_zhiqiang}),
    ):
        with pytest.raises((Refused, Malformed)) as no:
            act(bank, name, row, **facts)
        assert no.value.code == code
    Complaint.objects.update(handler=None)
    with pytest.raises(Refused) as no:
        act(bank, "reply", row)
    assert no.value.code == "nobody_handles"
    assert Complaint.objects.get().version == row.version
