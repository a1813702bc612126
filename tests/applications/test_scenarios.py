"""The acceptance scenarios of the main line that end before the reward, with their exact numbers."""

from __future__ import annotations

import pytest

from applications.lifecycle import Clock, Outcome, State, Step
from applications.models import Application, Bag, CaseClock
from applications.services import bags, claims, endings, entry, intake, issue, problems
from ops_center.kernel.errors import DomainError, Malformed, NotAllowed, OutOfSight, Refused
from tests.cast import Cast, at

pytestmark = pytest.mark.django_db


def clock_of(case: Application, kind: Clock) -> CaseClock:
    return CaseClock.objects.filter(application=case, kind=kind).latest("id")


# -- S1: the main line, Path C ----------------------------------------------------------------------------------------
def test_s1_a_referred_case_reaches_activation_on_path_c(bank: Cast) -> None:
    case = bank.activated(when=at("2026-11-24 10:00"), referred=True)
    case = bank.again(case)
    assert (case.state, case.path, case.path_locked) == (State.ACTIVATED, "C", True)
    performers = {row.role: row.employee.number for row in case.performers.select_related("employee")}
    assert performers == {
        "REFERRER": "LZ10234", "COLLECTOR": "LZ10005", "CREDIT_CHECK": "LZ10007", "ENTRY": "LZ10008",
        "TRACKER": "LZ10010", "AFTER_SALES": "LZ10011",
    }  # fmt: skip
    steps = list(case.events.order_by("seq").values_list("step", flat=True))
    assert steps == [
        "refer", "accept", "start-intake", "complete-intake", "hand-to-branch", "confirm-hand-to-branch", "seal",
        "hand-over", "receive", "reassign", "pass-check", "reassign", "submit-entry", "reassign", "verify", "file",
        "mark-issued", "coach", "activate",
    ]  # fmt: skip
    assert [row.seq for row in case.events.order_by("seq")] == list(range(1, len(steps) + 1))


def test_s2_own_customer_is_path_b(bank: Cast) -> None:
    case = bank.activated(when=at("2026-11-24 10:00"), product="BJ")
    assert bank.again(case).path == "B"


# -- S3: Path A -------------------------------------------------------------------------------------------------------
def test_s3_path_a_needs_no_bag_and_a_second_person_reviews(bank: Cast) -> None:
    cm, when = bank.chen_xiaoming, at("2026-11-24 10:00")
    case = bank.complete(bank.draft(when=when), when=when)
    intake.self_route(case=case.pk, actor=cm, at=when)
    bank.check(bank.again(case), when=when, by=cm)
    bank.key(bank.again(case), when=when, by=cm)
    with pytest.raises(NotAllowed):
        entry.verify(case=case.pk, actor=cm, at=when, agree=True)
    bank.review(bank.again(case), when=when)
    bank.file(case, when=when)
    bank.issue(case, when=when)
    bank.coach(case, when=when, by=cm)
    bank.activate(case, when=when, by=cm)
    case = bank.again(case)
    assert (case.path, case.state, case.bagged_at) == ("A", State.ACTIVATED, None)


def test_s3_path_a_is_refused_where_the_branch_has_it_switched_off(bank: Cast) -> None:
    bank.branches["YX01"].has_path_a = False
    bank.branches["YX01"].save()
    cm, when = bank.luo_yong, at("2026-11-24 10:00")
    cm.refresh_from_db()
    case = bank.complete(bank.draft(when=when, by=cm), when=when)
    with pytest.raises(NotAllowed) as no:
        intake.self_route(case=case.pk, actor=cm, at=when)
    assert no.value.status == 403


# -- S4: same-evening dispatch ----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("taken_in", "due"),
    [
        ("2026-11-23 16:40", "2026-11-23 20:00"),
        ("2026-11-23 17:31", "2026-11-24 20:00"),
        ("2026-11-20 18:05", "2026-11-23 20:00"),
    ],
)
def test_s4_dispatch_is_due_the_same_evening_or_the_next_working_one(bank: Cast, taken_in: str, due: str) -> None:
    case = bank.complete(bank.draft(when=at(taken_in)), when=at(taken_in))
    assert clock_of(case, Clock.DISPATCH).due_at == at(due)


def test_s4_handed_to_the_truck_at_1835_is_on_time(bank: Cast) -> None:
    case = bank.complete(bank.draft(when=at("2026-11-23 16:40")), when=at("2026-11-23 16:40"))
    bank.send(case, when=at("2026-11-23 18:35"))
    assert clock_of(case, Clock.DISPATCH).outcome == Outcome.ON_TIME


# -- S5, S6: two working days -----------------------------------------------------------------------------------------
def test_s5_entry_is_due_after_two_working_days_and_warns_at_75_percent(bank: Cast) -> None:
    case = bank.received(when=at("2026-11-24 08:40"), taken_in=at("2026-11-23 16:00"))
    clock = clock_of(case, Clock.ENTRY)
    assert clock.due_at == at("2026-11-26 17:30")
    assert clock.warn_at == at("2026-11-26 10:47")


@pytest.mark.parametrize(
    ("entered", "outcome"), [("2026-11-26 17:29", Outcome.ON_TIME), ("2026-11-26 17:31", Outcome.LATE_PENDING)]
)
def test_s5_one_minute_decides(bank: Cast, entered: str, outcome: Outcome) -> None:
    case = bank.received(when=at("2026-11-24 08:40"), taken_in=at("2026-11-23 16:00"))
    bank.check(case, when=at("2026-11-24 14:00"))
    bank.key(bank.again(case), when=at("2026-11-25 09:00"))
    bank.review(bank.again(case), when=at(entered))
    assert clock_of(case, Clock.ENTRY).outcome == outcome


def test_s6_a_make_up_saturday_is_a_working_day(bank: Cast) -> None:
    for received, due in (
        ("2026-09-30 09:10", "2026-10-09 17:30"),
        ("2026-10-08 09:00", "2026-10-10 17:30"),
        ("2026-09-18 10:00", "2026-09-21 17:30"),
    ):
        case = bank.received(when=at(received))
        assert clock_of(case, Clock.ENTRY).due_at == at(due)


# -- S7: pause --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("party", "due"), [("BRANCH", "2026-11-30 16:30"), ("CENTER", "2026-11-26 17:30")])
def test_s7_a_problem_of_an_outside_party_pauses_the_entry_clock(bank: Cast, party: str, due: str) -> None:
    case = bank.received(when=at("2026-11-24 08:40"), taken_in=at("2026-11-23 16:00"))
    problems.raise_problem(
        case=case.pk, actor=bank.zheng_weiguo, at=at("2026-11-25 10:30"), code="C03", party=party, note="电话无人接听"
    )
    assert bank.again(case).state == State.PROBLEM
    problems.resolve(case=case.pk, actor=bank.zheng_weiguo, at=at("2026-11-27 09:30"), note="已核实")
    assert bank.again(case).state == State.RECEIVED
    clock = clock_of(case, Clock.ENTRY)
    assert clock.due_at == at(due)
    pauses = list(clock.intervals.exclude(pause="").values_list("minutes_left", flat=True))
    assert pauses == ([960] if party == "BRANCH" else [])


# -- S8: timely return ------------------------------------------------------------------------------------------------
def test_s8_a_timely_return_opens_a_round_and_asks_for_every_code(bank: Cast) -> None:
    case = bank.received(when=at("2026-11-24 08:40"), taken_in=at("2026-11-23 16:00"))
    taken_in = bank.again(case).taken_in_at
    bank.check(case, when=at("2026-11-24 14:00"))
    bank.lend(bank.again(case), to=bank.fang_fang, when=at("2026-11-26 14:00"))
    problems.return_case(
        case=case.pk, actor=bank.fang_fang, at=at("2026-11-26 15:00"), codes=["D05"], note="缺收入证明"
    )
    case = bank.again(case)
    assert (case.state, case.round, case.taken_in_at) == (State.RETURNED, 2, taken_in)
    assert clock_of(case, Clock.ENTRY).outcome == Outcome.RETURNED_IN_TIME
    assert clock_of(case, Clock.SUPPLEMENT).due_at == at("2026-12-03 17:30")
    with pytest.raises(Malformed) as no:
        problems.resubmit(case=case.pk, actor=bank.chen_xiaoming, at=at("2026-11-27 09:00"), answers={})
    assert "D05" in no.value.errors
    problems.resubmit(
        case=case.pk, actor=bank.chen_xiaoming, at=at("2026-11-27 09:00"), answers={"D05": "已补工资流水"}
    )
    case = bank.again(case)
    assert (case.state, case.round, case.taken_in_at) == (State.TAKEN_IN, 2, taken_in)


# -- S16: bag difference ----------------------------------------------------------------------------------------------
def test_s16_a_missing_file_stays_in_transit_with_an_incident(bank: Cast) -> None:
    when = at("2026-11-23 16:00")
    files = [bank.complete(bank.draft(when=when), when=when) for _ in range(12)]
    bag = bank.send(*files, when=at("2026-11-23 18:35"))
    numbers = [file.number for file in files]
    arrival = at("2026-11-24 08:40")
    bag = bags.receive_bag(
        bag=bag.pk, seal_no=bag.seal_no, received=numbers[:11], missing=numbers[11:], extra=[],
        actor=bank.wu_xiaofeng, at=arrival,
    )  # fmt: skip
    states = list(Application.objects.order_by("id").values_list("state", flat=True))
    assert states == [State.RECEIVED] * 11 + [State.IN_TRANSIT]
    assert bag.state == Bag.State.DISCREPANCY
    incident = bag.incidents.get()
    assert (incident.code, incident.due_at) == ("L01", at("2026-11-25 08:40"))
    told = {person.number for person in (bank.zhao_lixin, bank.feng_zhiqiang) if person.news.filter(kind="bag_missing")}
    assert told == {"LZ10002", "LZ10012"}
    bags.close_incident(
        incident=incident.pk, finding="夹在邻袋中", turned_up=True, actor=bank.wu_xiaofeng, at=at("2026-11-24 10:00")
    )
    assert bank.again(files[11]).state == State.RECEIVED
    assert Bag.objects.get(pk=bag.pk).state == Bag.State.RECONCILED


def test_s16_sealing_takes_two_people_a_file_and_a_fresh_seal(bank: Cast) -> None:
    when = at("2026-11-23 16:00")
    case = bank.complete(bank.draft(when=when), when=when)
    bag = bags.open_bag(branch=bank.branches["BH01"], actor=bank.qian_yumei, at=when)

    def seal(seal_no: str, witness: str) -> None:
        bags.seal_bag(bag=bag.pk, seal_no=seal_no, witness=bank.people[witness], actor=bank.qian_yumei, at=when)

    refusals = []
    for seal_no, witness in (("S1", "sun_jianguo"), ("S1", "qian_yumei")):
        with pytest.raises(Refused) as no:
            seal(seal_no, witness)
        refusals.append(no.value.code)
        if len(refusals) == 1:
            bags.add_file(bag=bag.pk, case=case.number, actor=bank.qian_yumei, at=when)
    assert refusals == ["bag_empty", "same_witness"]
    seal("S1", "sun_jianguo")
    bags.unseal_bag(bag=bag.pk, reason="漏放一件", witness=bank.sun_jianguo, actor=bank.qian_yumei, at=when)
    with pytest.raises(Refused) as no:
        seal("S1", "sun_jianguo")
    assert no.value.code == "seal_used"


def test_a_wrong_seal_number_opens_an_incident_and_the_files_are_received(bank: Cast) -> None:
    when = at("2026-11-23 16:00")
    case = bank.complete(bank.draft(when=when), when=when)
    bag = bank.send(case, when=when)
    bag = bags.receive_bag(
        bag=bag.pk, seal_no="S-FALSCH", received=[case.number], missing=[], extra=[], actor=bank.wu_xiaofeng,
        at=at("2026-11-24 08:40"),
    )  # fmt: skip
    assert bag.state == Bag.State.DISCREPANCY
    assert bag.incidents.get().code == "L03"
    assert bank.again(case).state == State.RECEIVED


def test_a_file_withdrawn_in_its_bag_does_not_hold_up_the_others(bank: Cast) -> None:
    when = at("2026-11-23 16:00")
    gone, goes, lost = (bank.complete(bank.draft(when=when), when=when) for _ in range(3))
    bag = bank.pack(gone, goes, lost, when=when)
    endings.withdraw(case=gone.pk, actor=bank.chen_xiaoming, at=when, note="客户改变主意")
    bag = bags.hand_over_bag(bag=bag.pk, truck_no="岚A-1", escort="甲", actor=bank.qian_yumei, at=when)
    endings.withdraw(case=lost.pk, actor=bank.chen_xiaoming, at=when, note="客户改变主意")
    bag = bags.receive_bag(
        bag=bag.pk, seal_no=bag.seal_no, received=[gone.number, goes.number], missing=[lost.number], extra=[],
        actor=bank.wu_xiaofeng, at=at("2026-11-24 08:40"),
    )  # fmt: skip
    assert [bank.again(case).state for case in (gone, goes, lost)] == ["WITHDRAWN", "RECEIVED", "WITHDRAWN"]
    assert [incident.application for incident in bag.incidents.all()] == [lost]


# -- S17: stamps ------------------------------------------------------------------------------------------------------
def test_s17_an_issue_time_before_the_entry_is_refused(bank: Cast) -> None:
    case = bank.received(when=at("2026-11-24 08:40"))
    bank.check(bank.again(case), when=at("2026-11-24 10:00"))
    bank.key(bank.again(case), when=at("2026-11-25 10:00"))
    bank.review(bank.again(case), when=at("2026-11-26 16:00"))
    bank.file(case, when=at("2026-11-26 17:00"))
    with pytest.raises(Refused) as no:
        issue.mark_issued(
            case=case.pk, actor=None, at=at("2026-11-27 09:00"), issued_at=at("2026-11-25 09:00"), card_last4="6688"
        )
    assert no.value.code == "issued_before_entry"
    assert bank.again(case).state == State.SUBMITTED


@pytest.mark.parametrize(
    "missing", ["witness_person", "witness_original", "witness_signature", "client_signature", "credit_auth"]
)
def test_s17_intake_needs_every_witness_box_and_signature(bank: Cast, missing: str) -> None:
    when = at("2026-11-23 16:00")
    case = bank.draft(when=when)
    with pytest.raises(Refused) as no:
        bank.complete(case, when=when, **{missing: False})
    assert no.value.code == "pack_incomplete"
    assert bank.again(case).state == State.DRAFT


def test_s17_intake_needs_every_required_document(bank: Cast) -> None:
    when = at("2026-11-23 16:00")
    case = bank.draft(when=when)
    lines = [line for line in intake.checklist_of(case, on=when.date()) if line.code != "ID_COPY"]
    with pytest.raises(Refused) as no:
        bank.complete(
            case, when=when, items=[{"code": line.code, "copy": True, "original_seen": True} for line in lines]
        )
    assert "身份证" in str(no.value)


# -- S21: visibility --------------------------------------------------------------------------------------------------
def test_s21_everybody_sees_what_is_theirs(bank: Cast) -> None:
    when = at("2026-11-23 10:00")
    own = bank.draft(when=when)
    other = bank.draft(when=when, by=bank.luo_yong)
    seen = {
        name: set(Application.objects.visible_to(bank.people[name], when).values_list("number", flat=True))
        for name in ("chen_xiaoming", "zhao_lixin", "luo_yong", "su_min", "zheng_weiguo", "he_xiulan", "tian_ye")
    }
    assert seen == {
        "chen_xiaoming": {own.number}, "zhao_lixin": {own.number}, "luo_yong": {other.number}, "su_min": set(),
        "zheng_weiguo": {own.number, other.number}, "he_xiulan": set(), "tian_ye": set(),
    }  # fmt: skip


def test_s21_a_step_on_a_case_out_of_sight_is_not_found(bank: Cast) -> None:
    when = at("2026-11-23 10:00")
    case = bank.draft(when=when)
    with pytest.raises(OutOfSight):
        bank.complete(case, when=when, by=bank.luo_yong)


# -- S22: lead clock --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("referred", "due"),
    [("2026-11-23 15:00", "2026-11-24 10:00"), ("2026-11-20 16:30", "2026-11-23 11:30")],
)
def test_s22_a_lead_is_accepted_within_four_working_hours(bank: Cast, referred: str, due: str) -> None:
    case = bank.refer(when=at(referred))
    assert clock_of(case, Clock.REF_ACCEPT).due_at == at(due)


def test_s22_the_second_reads_that_the_lead_is_taken(bank: Cast) -> None:
    when = at("2026-11-23 15:00")
    case = bank.refer(when=when)
    late = bank.hire("后来者", "HQ01", "CM")
    intake.accept(case=case.number, actor=bank.zhou_qiming, at=when)
    with pytest.raises(Refused) as no:
        intake.accept(case=case.number, actor=late, at=when)
    assert no.value.code == "accepted_by_another"


# -- S14, S25 and the steps around ------------------------------------------------------------------------------------
def test_s14_the_keyer_is_never_offered_the_own_case(bank: Cast) -> None:
    when = at("2026-11-24 10:00")
    case = bank.received(when=when)
    bank.check(case, when=when)
    bank.key(bank.again(case), when=when, by=bank.xu_wenjuan)
    assert claims.claim_next(queue="verify", actor=bank.xu_wenjuan, at=when) is None
    with pytest.raises(Refused) as no:
        entry.verify(case=case.pk, actor=bank.xu_wenjuan, at=when, agree=True)
    assert no.value.code == "same_person"


def test_s25_a_second_open_case_of_the_same_person_is_refused_with_its_stage(bank: Cast) -> None:
    when = at("2026-11-23 10:00")
    person = bank.client()
    intake.start_walk_in(
        actor=bank.chen_xiaoming, product=bank.product("PK"), person=person, customer_group="SALARIED", at=when,
        consent=True,
    )  # fmt: skip
    with pytest.raises(Refused) as no:
        intake.refer(actor=bank.li_wenjing, product=bank.product("JK"), person=person, at=when, consent=True)
    assert (no.value.code, no.value.facts["stage"]) == ("duplicate", "INTAKE")
    assert Application.objects.count() == 1


def test_a_case_without_an_earlier_sign_off_is_never_issued(bank: Cast) -> None:
    when = at("2026-11-24 10:00")
    case = bank.received(when=when)
    bank.check(case, when=when)
    bank.key(bank.again(case), when=when)
    bank.review(bank.again(case), when=when)
    bank.file(case, when=when)
    case.performers.filter(role="CREDIT_CHECK").delete()
    with pytest.raises(Refused) as no:
        bank.issue(case, when=when)
    assert no.value.code == "no_sign_off"


def test_a_stale_page_is_told_so_and_changes_nothing(bank: Cast) -> None:
    when = at("2026-11-23 10:00")
    case = bank.draft(when=when)
    with pytest.raises(DomainError) as no:
        bank.complete(case, when=when, version=case.version + 7)
    assert no.value.status == 412
    assert bank.again(case).state == State.DRAFT


def test_a_second_click_is_a_rule_and_not_a_second_event(bank: Cast) -> None:
    when = at("2026-11-24 10:00")
    case = bank.activated(when=when)
    with pytest.raises(Refused) as no:
        bank.activate(case, when=when)
    assert no.value.code == "step_not_open"
    assert case.events.filter(step=Step.ACTIVATE).count() == 1
