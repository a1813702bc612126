"""How cases end and come back: refusal, withdrawal, expiry, reopening; corrections by a second person."""

from __future__ import annotations

from datetime import datetime

import pytest

from applications.lifecycle import QUEUES, State, Step
from applications.models import Application, CaseClock
from applications.services import approvals, bags, endings, intake, problems
from applications.services.card_status import apply_file, take_file, tally
from applications.services.claims import claimable
from applications.services.contacts import log_contact
from ops_center.kernel.errors import Malformed, NotAllowed, Refused
from tests.cast import Cast, at

pytestmark = pytest.mark.django_db
WHEN = at("2026-11-24 10:00")


def test_s23_an_issued_card_that_nobody_activates_expires_after_90_days(bank: Cast) -> None:
    case = bank.issued(bank.received(when=at("2026-08-20 09:00")), when=at("2026-08-20 10:00"))
    assert endings.expire_lapsed(at("2026-11-18 09:59")) == 0
    assert endings.expire_lapsed(at("2026-11-18 10:00")) == 1
    assert bank.again(case).state == State.EXPIRED
    assert endings.expire_lapsed(at("2026-11-18 10:05")) == 0


def test_a_lead_that_nobody_takes_expires_after_30_days(bank: Cast) -> None:
    case = bank.refer(when=at("2026-10-01 09:00"))
    endings.expire_lapsed(at("2026-10-31 09:00"))
    case = bank.again(case)
    assert case.state == State.EXPIRED
    assert not CaseClock.objects.filter(application=case, stopped_at=None).exists()


def test_s23_the_tracker_asks_a_supervisor_approves_and_the_case_goes_on(bank: Cast) -> None:
    case = bank.issued(bank.received(when=at("2026-08-20 09:00")), when=at("2026-08-20 10:00"))
    endings.expire_lapsed(at("2026-11-18 10:00"))
    asked = approvals.ask_reopen(case=case.pk, actor=bank.zheng_weiguo, at=at("2026-11-25 09:00"), note="客户已激活")
    with pytest.raises(Refused):
        approvals.ask_reopen(case=case.pk, actor=bank.zheng_weiguo, at=at("2026-11-25 09:00"), note="再次")
    with pytest.raises(NotAllowed):
        approvals.decide_approval(approval=asked.pk, actor=bank.zheng_weiguo, at=at("2026-11-25 10:00"), approve=True)
    approvals.decide_approval(approval=asked.pk, actor=bank.feng_zhiqiang, at=at("2026-11-25 10:00"), approve=True)
    case = bank.again(case)
    assert case.state == State.ISSUED
    running = set(case.clocks.filter(stopped_at=None).values_list("kind", flat=True))
    assert running == {"CONTACT", "COACH", "ACTIVATE"}
    assert endings.expire_lapsed(at("2026-11-26 09:00")) == 0
    bank.activate(case, when=at("2026-11-26 09:00"))
    assert bank.again(case).state == State.ACTIVATED


def reopen(bank: Cast, case: Application, *, when: datetime) -> Application:
    asked = approvals.ask_reopen(case=case.pk, actor=bank.zheng_weiguo, at=when, note="客户仍要办")
    approvals.decide_approval(approval=asked.pk, actor=bank.feng_zhiqiang, at=when, approve=True)
    return bank.again(case)


def test_s23_an_activation_that_came_after_the_expiry_is_applied_with_the_reopening(bank: Cast) -> None:
    case = bank.issued(bank.received(when=at("2026-08-20 09:00")), when=at("2026-08-20 10:00"))
    endings.expire_lapsed(at("2026-11-18 10:00"))
    line = f"{case.number},{case.applicant.id_number.reveal()[-4:]},ACTIVATED,2026-11-24T15:00,,"
    content = f"application_number,id_last4,status,at,card_last4,reason\n{line}\n".encode()
    file = take_file(name="late.csv", content=content, actor=bank.zheng_weiguo, at=at("2026-11-25 08:00"))
    apply_file(file_id=file.pk, at=at("2026-11-25 08:00"))
    assert (tally(file).matched, len(tally(file).unmatched)) == (0, 1)
    case = reopen(bank, case, when=at("2026-11-25 10:00"))
    assert (case.state, case.activated_at) == (State.ACTIVATED, at("2026-11-24 15:00"))
    assert (tally(file).matched, tally(file).unmatched) == (1, [])
    assert [event.step for event in case.events.order_by("seq")][-2:] == [Step.REOPEN, Step.ACTIVATE]


def test_a_case_is_not_reopened_beside_another_open_case_of_its_client(bank: Cast) -> None:
    ended, other = bank.draft(when=WHEN), bank.draft(when=WHEN)
    endings.withdraw(case=ended.pk, actor=bank.chen_xiaoming, at=WHEN, note="客户改变主意")
    client, same = ended.applicant, other.applicant
    same.fill(name="", mobile=client.mobile.reveal(), id_number=client.id_number.reveal())
    same.save()
    with pytest.raises(Refused) as no:
        reopen(bank, ended, when=WHEN)
    assert (no.value.code, bank.again(ended).state) == ("duplicate", State.WITHDRAWN)


@pytest.mark.parametrize(
    ("bag_goes_on", "resumed"),
    [("", State.BAGGED), ("unsealed", State.TAKEN_IN), ("handed over", State.IN_TRANSIT), ("received", State.RECEIVED)],
)
def test_a_case_that_was_withdrawn_in_a_bag_goes_on_where_its_paper_is(
    bank: Cast, bag_goes_on: str, resumed: State
) -> None:
    case = bank.complete(bank.draft(when=WHEN), when=WHEN)
    bag = bank.pack(case, when=WHEN)
    endings.withdraw(case=case.pk, actor=bank.chen_xiaoming, at=WHEN, note="客户改变主意")
    packer, later = bank.qian_yumei, at("2026-11-24 18:00")
    if bag_goes_on == "unsealed":
        bags.unseal_bag(bag=bag.pk, reason="撤件", witness=bank.sun_jianguo, actor=packer, at=later)
        bags.take_out(bag=bag.pk, case=case.number, actor=packer, at=later)
    elif bag_goes_on:
        bags.hand_over_bag(bag=bag.pk, truck_no="岚A-10086", escort="押运员甲", actor=packer, at=later)
    if bag_goes_on == "received":
        bank.receive(bag, when=later)
    case = reopen(bank, case, when=at("2026-11-25 09:00"))
    assert case.state == resumed
    assert case.received_at == (later if resumed == State.RECEIVED else None)
    assert (case.dispatched_at is None) == (resumed in (State.BAGGED, State.TAKEN_IN))


def test_the_issue_cannot_be_corrected_past_the_collection(bank: Cast) -> None:
    case = bank.coach(bank.issued(bank.received(when=WHEN), when=WHEN), when=at("2026-11-26 10:00"))
    with pytest.raises(Refused) as no:
        approvals.require_order(bank.again(case), stamp="issued_at", value=at("2026-11-26 11:00"))
    assert no.value.code == "stamp_order"
    approvals.require_order(bank.again(case), stamp="issued_at", value=at("2026-11-26 10:00"))


def test_reopening_is_refused_after_its_time(bank: Cast) -> None:
    case = bank.draft(when=WHEN)
    endings.withdraw(case=case.pk, actor=bank.chen_xiaoming, at=WHEN, note="客户改变主意")
    with pytest.raises(Refused) as no:
        approvals.ask_reopen(case=case.pk, actor=bank.zheng_weiguo, at=at("2026-12-30 09:00"), note="又想办了")
    assert no.value.code == "reopen_too_late"


def test_s17_a_correction_is_asked_by_the_performer_and_approved_by_the_supervisor(bank: Cast) -> None:
    case = bank.received(when=at("2026-11-24 08:40"))
    with pytest.raises(Refused) as no:
        approvals.ask_correction(
            case=case.pk, actor=bank.chen_xiaoming, at=WHEN, stamp="taken_in_at", value=at("2026-11-24 09:00"),
            reason="记错",
        )  # fmt: skip
    assert no.value.code == "stamp_order"
    asked = approvals.ask_correction(
        case=case.pk, actor=bank.chen_xiaoming, at=WHEN, stamp="taken_in_at", value=at("2026-11-23 16:00"),
        reason="收件在前一日下午",
    )  # fmt: skip
    approvals.decide_approval(approval=asked.pk, actor=bank.feng_zhiqiang, at=WHEN, approve=True)
    event = case.events.get(step=Step.CORRECT_STAMP)
    assert (event.facts["old"], event.facts["new"]) == ("2026-11-24T00:40:00+00:00", "2026-11-23T16:00:00+08:00")
    assert event.facts["asked_by"] == "LZ10001"
    assert bank.again(case).taken_in_at == at("2026-11-23 16:00")
    dispatch = case.clocks.get(kind="DISPATCH")
    assert (dispatch.started_at, dispatch.due_at, dispatch.outcome) == (
        at("2026-11-23 16:00"), at("2026-11-23 20:00"), "LATE_PENDING",
    )  # fmt: skip
    assert bank.again(case).priced_on.isoformat() == "2026-11-24"  # a later correction does not move the price


def test_only_who_set_a_stamp_asks_to_correct_it(bank: Cast) -> None:
    case = bank.received(when=at("2026-11-24 08:40"), taken_in=at("2026-11-23 16:00"))
    wanted = {"case": case.pk, "at": WHEN, "stamp": "received_at", "value": at("2026-11-24 08:30"), "reason": "看错钟"}
    with pytest.raises(NotAllowed):
        approvals.ask_correction(actor=bank.chen_xiaoming, **wanted)
    assert approvals.ask_correction(actor=bank.wu_xiaofeng, **wanted).asked_by == bank.wu_xiaofeng


def test_a_withdrawal_closes_the_open_problem_and_every_clock(bank: Cast) -> None:
    case = bank.received(when=WHEN)
    problems.raise_problem(case=case.pk, actor=bank.zheng_weiguo, at=WHEN, code="C03", party="BRANCH", note="")
    endings.withdraw(case=case.pk, actor=bank.zheng_weiguo, at=WHEN, note="客户来电撤件")
    case = bank.again(case)
    assert case.state == State.WITHDRAWN
    assert not case.problems.filter(closed_at=None).exists()
    assert not case.clocks.filter(stopped_at=None).exists()


def test_a_hard_stop_at_the_check_is_the_supervisors(bank: Cast) -> None:
    case = bank.received(when=WHEN)
    with pytest.raises(NotAllowed):
        endings.reject(case=case.pk, actor=bank.zheng_weiguo, at=WHEN, code="K04")
    with pytest.raises(Malformed):
        endings.reject(case=case.pk, actor=bank.feng_zhiqiang, at=WHEN, code="F01")
    assert endings.reject(case=case.pk, actor=bank.feng_zhiqiang, at=WHEN, code="K04").state == State.REJECTED


def test_a_reply_gives_the_tracker_two_working_days(bank: Cast) -> None:
    case = bank.received(when=WHEN)
    problems.raise_problem(case=case.pk, actor=bank.zheng_weiguo, at=WHEN, code="C03", party="BRANCH", note="")
    waiting = case.clocks.get(kind="PROBLEM_CLOSE", stopped_at=None)
    assert (waiting.due_at, waiting.owner) == (at("2026-11-25 17:30"), bank.chen_xiaoming)
    problems.reply(case=case.pk, actor=bank.chen_xiaoming, at=at("2026-11-25 11:00"), answer="单位电话已更正")
    again = case.clocks.get(kind="PROBLEM_CLOSE", stopped_at=None)
    assert (again.run, again.due_at) == (2, at("2026-11-27 17:30"))
    with pytest.raises(Refused) as no:
        problems.reply(case=case.pk, actor=bank.chen_xiaoming, at=at("2026-11-25 12:00"), answer="再答")
    assert no.value.code == "reply_not_awaited"


def test_a_client_who_was_missed_or_agreed_on_a_time_is_not_offered_again_at_once(bank: Cast) -> None:
    when = at("2026-11-24 10:00")
    missed, agreed = (bank.issued(bank.received(when=when), when=when) for _ in range(2))
    log_contact(case=missed.pk, actor=bank.lin_xiaoyu, at=when, channel="PHONE", result="MISSED")
    log_contact(
        case=agreed.pk, actor=bank.lin_xiaoyu, at=when, channel="PHONE", result="PROMISED",
        promised_at=at("2026-11-25 15:00"),
    )  # fmt: skip
    offered = {
        text: {case.pk for case in claimable(queue=QUEUES["after-sales"], actor=bank.lin_xiaoyu, at=at(text))}
        for text in ("2026-11-24 11:00", "2026-11-24 12:01", "2026-11-25 15:00")
    }
    assert offered == {
        "2026-11-24 11:00": set(), "2026-11-24 12:01": {missed.pk}, "2026-11-25 15:00": {missed.pk, agreed.pk},
    }  # fmt: skip


def test_an_issued_card_is_neither_withdrawn_nor_returned_through_a_problem(bank: Cast) -> None:
    case = bank.issued(bank.received(when=WHEN), when=WHEN)
    problems.raise_problem(case=case.pk, actor=bank.zheng_weiguo, at=WHEN, code="C03", party="BRANCH", note="")
    for act in (
        lambda: endings.withdraw(case=case.pk, actor=bank.chen_xiaoming, at=WHEN, note="不要了"),
        lambda: problems.return_case(case=case.pk, actor=bank.zheng_weiguo, at=WHEN, codes=["D05"], note="缺件"),
    ):
        with pytest.raises(Refused) as no:
            act()
        assert no.value.code == "already_issued"


def test_a_returned_file_of_path_a_waits_for_everybody_again(bank: Cast) -> None:
    cm = bank.chen_xiaoming
    case = bank.complete(bank.draft(when=WHEN), when=WHEN)
    intake.self_route(case=case.pk, actor=cm, at=WHEN)
    problems.return_case(case=case.pk, actor=cm, at=WHEN, codes=["D05"], note="缺收入证明")
    problems.resubmit(case=case.pk, actor=cm, at=WHEN, answers={"D05": "已补"})
    bank.receive(bank.send(bank.again(case), when=WHEN), when=WHEN)
    assert [row.pk for row in claimable(queue=QUEUES["check"], actor=bank.he_xiulan, at=WHEN)] == [case.pk]


def test_g5_the_center_coaches_a_path_a_client_only_after_fifteen_days(bank: Cast) -> None:
    cm = bank.chen_xiaoming
    case = bank.complete(bank.draft(when=WHEN), when=WHEN)
    intake.self_route(case=case.pk, actor=cm, at=WHEN)
    bank.check(bank.again(case), when=WHEN, by=cm)
    bank.key(bank.again(case), when=WHEN, by=cm)
    bank.review(bank.again(case), when=WHEN)
    bank.file(case, when=WHEN)
    bank.issue(case, when=WHEN)
    with pytest.raises(Refused) as no:
        bank.coach(case, when=at("2026-12-09 09:59"))
    assert no.value.code == "self_service"
    assert bank.coach(case, when=at("2026-12-09 10:00")).state == State.COLLECTED


def test_a_lead_without_an_id_number_is_known_by_its_mobile(bank: Cast) -> None:
    person = bank.client()
    lead = intake.person_of(name=person.name, mobile_number=person.mobile, id_required=False)
    intake.refer(actor=bank.li_wenjing, product=bank.product("PK"), person=lead, at=WHEN, consent=True)
    with pytest.raises(Refused) as no:
        intake.start_walk_in(
            actor=bank.chen_xiaoming, product=bank.product("PK"), person=person, customer_group="SALARIED", at=WHEN,
            consent=True,
        )  # fmt: skip
    assert no.value.code == "duplicate"


def test_another_persons_contact_stops_no_clock(bank: Cast) -> None:
    case = bank.issued(bank.received(when=WHEN), when=WHEN)
    log_contact(case=case.pk, actor=bank.chen_xiaoming, at=WHEN, channel="PHONE", result="REACHED")
    assert case.clocks.filter(kind="CONTACT", stopped_at=None).exists()
    log_contact(case=case.pk, actor=bank.lin_xiaoyu, at=WHEN, channel="PHONE", result="REACHED")
    assert not case.clocks.filter(kind="CONTACT", stopped_at=None).exists()


def test_after_a_return_the_paper_and_its_clock_are_the_collectors_again(bank: Cast) -> None:
    case = bank.to_branch(bank.complete(bank.collect(bank.refer(when=WHEN), when=WHEN), when=WHEN), when=WHEN)
    bank.receive(bank.send(case, when=WHEN), when=WHEN)
    problems.return_case(case=case.pk, actor=bank.zheng_weiguo, at=WHEN, codes=["D05"], note="缺件")
    problems.resubmit(case=case.pk, actor=bank.zhou_qiming, at=WHEN, answers={"D05": "已补"})
    clock = case.clocks.get(kind="DISPATCH", round=2)
    assert (clock.owner, clock.owner_branch) == (bank.zhou_qiming, None)
    assert bank.to_branch(bank.again(case), when=WHEN).host_branch == bank.branches["BH01"]


def test_a_lead_goes_only_to_a_qualified_collector_of_its_area(bank: Cast) -> None:
    case = bank.refer(when=WHEN)
    intake.accept(case=case.pk, actor=bank.zhou_qiming, at=WHEN)
    unqualified = bank.hire("无资格", "HQ01", "CM", qualified=False)
    for target, code in ((unqualified, "not_qualified"), (bank.luo_yong, "target_away")):
        with pytest.raises(Refused) as no:
            bank.lend(case, to=target, when=WHEN)
        assert no.value.code == code
    assert bank.lend(case, to=bank.chen_xiaoming, when=WHEN).collector == bank.chen_xiaoming
