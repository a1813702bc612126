"""Bags as pages: packing, sealing, handing over, receiving, clearing differences, the manifest."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from applications.lifecycle import State
from applications.models import Application, Bag, BagIncident
from applications.services import bags, intake
from organization.models import Employee
from tests.applications.conftest import Visitor, words
from tests.cast import Cast, at

pytestmark = pytest.mark.django_db
Visit = Callable[[Employee], Visitor]
MORNING = at("2026-11-24 09:00")


def taken_in(bank: Cast) -> Application:
    return bank.complete(bank.draft(when=MORNING), when=MORNING)


def opened(bank: Cast, *cases: Application) -> Bag:
    bag = bags.open_bag(branch=bank.branches["BH01"], actor=bank.qian_yumei, at=MORNING)
    for case in cases:
        bags.add_file(bag=bag.pk, case=case.number, actor=bank.qian_yumei, at=MORNING)
    return bag


def again(bag: Bag) -> Bag:
    return Bag.objects.get(pk=bag.pk)


# -- at the branch -----------------------------------------------------------------------------------------------------
def test_the_sealer_sees_what_waits_the_cut_off_and_the_bag_of_today(bank: Cast, visit: Visit) -> None:
    packed, waiting = taken_in(bank), taken_in(bank)
    bag = opened(bank, packed)
    page = words(visit(bank.qian_yumei).get("/bags/"))
    for expected in (packed.number, waiting.number, bag.number, "17:30"):
        assert expected in page
    assert packed.applicant.name_mask not in page


def test_opening_a_bag_twice_leads_to_the_one_that_is_open(bank: Cast, visit: Visit) -> None:
    sealer = visit(bank.qian_yumei)
    first = sealer.post("/bags/open/").headers["Location"]
    assert sealer.post("/bags/open/").headers["Location"] == first
    assert Bag.objects.count() == 1


def test_a_scanned_number_goes_into_the_bag_and_the_next_scan_may_follow(bank: Cast, visit: Visit) -> None:
    case, bag = taken_in(bank), opened(bank)
    answer = visit(bank.qian_yumei).post(f"/bags/{bag.pk}/files/", fragment=True, case=case.number.lower())
    page = words(answer)
    assert answer.status_code == 200
    assert "data-scan" in page
    assert bag.items.get().application == case


def test_a_wrong_scan_says_why_beside_the_scanner(bank: Cast, visit: Visit) -> None:
    elsewhere = bank.complete(bank.draft(when=MORNING, by=bank.luo_yong), when=MORNING)
    bag = opened(bank)
    sealer = visit(bank.qian_yumei)
    for number, status in ((elsewhere.number, 404), ("JL00", 404), ("", 400)):
        answer = sealer.post(f"/bags/{bag.pk}/files/", fragment=True, case=number)
        assert answer.status_code == status
        assert number in words(answer)


def test_a_file_can_be_taken_out_again(bank: Cast, visit: Visit) -> None:
    case = taken_in(bank)
    bag = opened(bank, case)
    visit(bank.qian_yumei).post(f"/bags/{bag.pk}/files/remove/", fragment=True, case=case.number)
    assert not bag.items.exists()


def test_sealing_takes_a_second_person_of_the_branch(bank: Cast, visit: Visit) -> None:
    bag = opened(bank, taken_in(bank))
    sealer = visit(bank.qian_yumei)
    page = words(sealer.get(f"/bags/{bag.pk}/"))
    assert bank.sun_jianguo.number in page
    assert f'value="{bank.qian_yumei.number}"' not in page  # nobody witnesses the own act
    alone = sealer.post(f"/bags/{bag.pk}/seal/", fragment=True, seal_no="S-1", witness=bank.qian_yumei.number)
    assert alone.status_code == 400
    assert 'value="S-1"' in words(alone)
    answer = sealer.post(f"/bags/{bag.pk}/seal/", seal_no="S-1", witness=bank.sun_jianguo.number)
    assert answer.headers["Location"] == f"/bags/{bag.pk}/"
    assert again(bag).state == Bag.State.SEALED


def test_a_used_seal_number_is_refused_and_stays_typed(bank: Cast, visit: Visit) -> None:
    used = bank.pack(taken_in(bank), when=MORNING)
    bag = opened(bank, taken_in(bank))
    answer = visit(bank.qian_yumei).post(
        f"/bags/{bag.pk}/seal/", fragment=True, seal_no=used.seal_no, witness=bank.sun_jianguo.number
    )
    assert answer.status_code == 409
    assert f'value="{used.seal_no}"' in words(answer)


def test_a_stale_bag_page_is_told(bank: Cast, visit: Visit) -> None:
    bag = bank.pack(taken_in(bank), when=MORNING)
    answer = visit(bank.qian_yumei).post(
        f"/bags/{bag.pk}/hand-over/", fragment=True, truck_no="岚A-1", escort="押运员乙", version=bag.version - 1
    )
    assert answer.status_code == 412
    assert "押运员乙" in words(answer)
    assert again(bag).state == Bag.State.SEALED


def test_the_truck_of_the_last_bag_is_offered_and_the_hand_over_needs_an_escort(bank: Cast, visit: Visit) -> None:
    bank.send(taken_in(bank), when=MORNING)
    bag = bank.pack(taken_in(bank), when=MORNING)
    sealer = visit(bank.qian_yumei)
    assert 'value="岚A-10086"' in words(sealer.get("/bags/"))
    assert sealer.post(f"/bags/{bag.pk}/hand-over/", fragment=True, truck_no="岚A-10086").status_code == 400
    sealer.post(f"/bags/{bag.pk}/hand-over/", truck_no="岚A-10086", escort="押运员甲")
    assert again(bag).state == Bag.State.HANDED_OVER
    assert sealer.post(f"/bags/{bag.pk}/hand-over/", truck_no="岚A-10086", escort="押运员甲").status_code == 409


def test_a_seal_is_broken_by_two_people_with_a_reason(bank: Cast, visit: Visit) -> None:
    bag = bank.pack(taken_in(bank), when=MORNING)
    sealer, place = visit(bank.qian_yumei), f"/bags/{bag.pk}/unseal/"
    assert sealer.post(place, fragment=True, witness=bank.sun_jianguo.number, reason="").status_code == 400
    sealer.post(place, witness=bank.sun_jianguo.number, reason="漏装一件")
    assert again(bag).state == Bag.State.OPEN


def test_a_hand_over_of_the_card_center_is_confirmed_from_the_bag_page(bank: Cast, visit: Visit) -> None:
    case = bank.complete(bank.collect(bank.refer(when=MORNING), when=MORNING), when=MORNING)
    intake.hand_to_branch(case=case.pk, actor=case.collector, at=MORNING, branch=bank.branches["BH01"])
    sealer = visit(bank.qian_yumei)
    assert case.number in words(sealer.get("/bags/"))
    answer = sealer.post(f"/applications/{case.number}/steps/confirm-hand-to-branch/", then="bags")
    assert answer.headers["Location"] == "/bags/"
    assert bank.again(case).host_confirmed_at is not None


@pytest.mark.parametrize("who", ["fang_fang", "lin_xiaoyu", "su_min", "li_wenjing"])
def test_people_without_paper_have_no_bags(bank: Cast, visit: Visit, who: str) -> None:
    bag = opened(bank, taken_in(bank))
    assert visit(bank.people[who]).get("/bags/").status_code == 403
    assert visit(bank.people[who]).get(f"/bags/{bag.pk}/").status_code == 403


def test_a_bag_of_another_branch_is_out_of_sight(bank: Cast, visit: Visit) -> None:
    bag = opened(bank, taken_in(bank))
    sealer = visit(bank.hire("别处封包员", "YX01", "BAG"))
    assert sealer.get(f"/bags/{bag.pk}/").status_code == 404
    assert sealer.post(f"/bags/{bag.pk}/seal/", seal_no="S-9", witness="LZ10003").status_code == 404


def test_the_manifest_lists_the_files_without_a_client(bank: Cast, visit: Visit) -> None:
    case = taken_in(bank)
    bag = bank.pack(case, when=MORNING)
    page = words(visit(bank.qian_yumei).get(f"/bags/{bag.pk}/manifest/"))
    assert case.number in page
    assert bag.seal_no in page
    assert "data:image/svg+xml" in page
    assert case.applicant.name_mask not in page


# -- at the center -----------------------------------------------------------------------------------------------------
def test_the_receiver_sees_what_is_expected_and_never_the_seal_number_beforehand(bank: Cast, visit: Visit) -> None:
    bag = bank.send(taken_in(bank), taken_in(bank), when=MORNING)
    receiver = visit(bank.wu_xiaofeng)
    assert bag.number in words(receiver.get("/bags/"))
    assert bag.seal_no not in words(receiver.get(f"/bags/{bag.pk}/"))


def test_a_whole_bag_is_received(bank: Cast, visit: Visit) -> None:
    cases = [taken_in(bank), taken_in(bank)]
    bag = bank.send(*cases, when=MORNING)
    answer = visit(bank.wu_xiaofeng).post(
        f"/bags/{bag.pk}/receive/", seal_no=bag.seal_no, received=[case.number for case in cases]
    )
    assert answer.headers["Location"] == f"/bags/{bag.pk}/"
    assert again(bag).state == Bag.State.RECONCILED
    assert {bank.again(case).state for case in cases} == {State.RECEIVED}


def test_what_is_not_ticked_must_be_said_to_be_missing(bank: Cast, visit: Visit) -> None:
    there, lost = taken_in(bank), taken_in(bank)
    bag = bank.send(there, lost, when=MORNING)
    receiver, place = visit(bank.wu_xiaofeng), f"/bags/{bag.pk}/receive/"
    facts = {"seal_no": bag.seal_no, "received": [there.number], "extra": "JL999\n"}
    asked = receiver.post(place, fragment=True, **facts)
    page = words(asked)
    assert asked.status_code == 400
    assert page.count(" checked") == 1
    assert "JL999" in page
    receiver.post(place, **facts, lacks="on")
    assert again(bag).state == Bag.State.DISCREPANCY
    assert bank.again(lost).state == State.IN_TRANSIT
    assert sorted(BagIncident.objects.values_list("code", flat=True)) == ["L01", "L02"]


def test_a_file_that_stays_lost_is_not_received_and_the_incident_says_so(bank: Cast, visit: Visit) -> None:
    lost = taken_in(bank)
    bag = bank.send(lost, when=MORNING)
    bags.receive_bag(
        bag=bag.pk, seal_no=bag.seal_no, received=[], missing=[lost.number], extra=[], actor=bank.wu_xiaofeng,
        at=MORNING,
    )  # fmt: skip
    incident, receiver = bag.incidents.get(), visit(bank.wu_xiaofeng)
    assert 'name="turned_up"' in words(receiver.get(f"/bags/{bag.pk}/"))
    receiver.post(f"/bag-incidents/{incident.pk}/close/", finding="押运途中遗失")
    incident = BagIncident.objects.get()
    assert (incident.code, incident.note, incident.finding) == ("L01", "L04", "押运途中遗失")
    assert (bank.again(lost).state, lost.bag_items.get().fate) == (State.IN_TRANSIT, "MISSING")
    assert again(bag).state == Bag.State.RECONCILED
    assert "资料遗失" in words(receiver.get(f"/bags/{bag.pk}/"))


def test_a_file_that_turns_up_is_received_with_its_finding(bank: Cast, visit: Visit) -> None:
    lost = taken_in(bank)
    bag = bank.send(lost, when=MORNING)
    bags.receive_bag(
        bag=bag.pk,
        seal_no=bag.seal_no,
        received=[],
        missing=[lost.number],
        extra=[],
        actor=bank.wu_xiaofeng,
        at=MORNING,
    )
    incident, receiver = bag.incidents.get(), visit(bank.wu_xiaofeng)
    assert lost.number in words(receiver.get("/bags/"))
    assert receiver.post(f"/bag-incidents/{incident.pk}/close/", finding="").status_code == 400
    receiver.post(f"/bag-incidents/{incident.pk}/close/", finding="夹在另一包中", turned_up="on")
    assert bank.again(lost).state == State.RECEIVED
    assert again(bag).state == Bag.State.RECONCILED
    assert visit(bank.qian_yumei).post(f"/bag-incidents/{incident.pk}/close/", finding="x").status_code == 403


def test_the_list_of_bags_costs_the_same_queries_however_long_it_is(
    bank: Cast, visit: Visit, django_assert_max_num_queries
) -> None:
    receiver = visit(bank.wu_xiaofeng)
    bank.send(taken_in(bank), when=MORNING)
    with django_assert_max_num_queries(16) as few:
        receiver.get("/bags/")
    for _ in range(3):
        bank.send(taken_in(bank), when=MORNING)
    with django_assert_max_num_queries(len(few)):
        receiver.get("/bags/")
