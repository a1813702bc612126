"""The demo bank is what the domain describes, whenever it is loaded, and every desk finds work in it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from io import StringIO

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import transaction

from applications.entry_form import clean
from applications.lifecycle import CLOCK_SHARE, QUEUES, State
from applications.models import (
    Applicant,
    Application,
    Bag,
    BagIncident,
    CaseClock,
    ClockInterval,
    ClockPolicy,
    Event,
    GroupBatch,
    Outage,
)
from applications.services.bags import files_to_pack
from applications.services.claims import claim_next, claimable
from incentives.evidence import evidence_of
from incentives.lifecycle import Proof
from incentives.models import (
    Adjustment,
    Bounty,
    Confirmation,
    CrossSell,
    Dispute,
    Hold,
    PayoutBalance,
    PayoutBatch,
    PayoutLine,
    PenaltyCap,
    ReadReceipt,
    Reversal,
    RewardEntry,
    SplitPolicy,
)
from incentives.services.confirmations import why_not_certify
from incentives.services.pricing import PriceBook
from ops_center import invariants
from ops_center.clock import local_day
from ops_center.desk.demo_people import DEMO_PEOPLE
from ops_center.history.demo import load
from ops_center.history.demo.bank import BRANCHES, OUTLETS
from ops_center.history.demo.scenarios import SCENES
from ops_center.kernel.identity import resident_id
from organization.models import Branch, Employee, Message
from organization.roles import COLLECTORS, Employment, Role
from organization.services.calendar import opening_times, working_calendar
from supervision.models import Breach, Complaint, Justification
from supervision.periods import Month
from supervision.selectors.goals import branch_rows, branches_with_targets, person_rows
from supervision.services.justifications import may_give_opinion
from tests.cast import at

pytestmark = pytest.mark.django_db

NOW = at("2026-11-25 10:30")
STAMPS = ("taken_in_at", "issued_at", "activated_at")


@pytest.fixture(scope="module")
def demo(django_db_setup: None, django_db_blocker) -> Iterator[dict[str, int]]:
    """The demo bank as it was loaded on a Wednesday morning, for all tests of this module."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield load.load_demo(at=NOW, progress=lambda line: None)
        transaction.set_rollback(True)


# -- the figures of the domain ---------------------------------------------------------------------------------------
def test_the_volume_and_the_funnel_are_those_of_the_domain(demo: dict[str, int]) -> None:
    cases = Application.objects.filter(is_imported=False)
    reached = {stamp: cases.filter(**{f"{stamp}__isnull": False}).count() for stamp in STAMPS}
    assert cases.count() == demo["cases"] == 1200
    assert reached == {"taken_in_at": 936, "issued_at": 624, "activated_at": 492}
    entered = cases.filter(events__to_state=State.ENTERED).distinct().count()
    assert entered == 840
    referred = cases.filter(referred_at__isnull=False).count()
    assert 700 <= referred <= 840  # about 60 a week


def test_returns_punctuality_overdue_and_problems_are_those_of_the_domain(demo: dict[str, int]) -> None:
    received = Event.objects.filter(to_state=State.RECEIVED).values("application").distinct().count()
    returned = Application.objects.filter(round__gt=1).count()
    assert round(returned / received, 2) == 0.11
    closed = CaseClock.objects.filter(kind="ENTRY", application__entered_at__isnull=False, stopped_at__isnull=False)
    final = closed.exclude(outcome__in=["VOID", "RETURNED_IN_TIME", "RETURNED_LATE"])
    open_late = CaseClock.objects.overdue(NOW).filter(kind="ENTRY").count()
    assert round(final.filter(outcome="ON_TIME").count() / (final.count() + open_late), 2) == 0.93
    assert Application.objects.overdue(NOW).count() == 25
    assert Application.objects.filter(state=State.PROBLEM).count() == 12
    assert BagIncident.objects.values("bag").distinct().count() == 3
    assert BagIncident.objects.filter(closed_at=None).count() == 1


def test_two_employers_apply_in_batches(demo: dict[str, int]) -> None:
    found = {batch.employer: batch for batch in GroupBatch.objects.with_figures()}
    told = {name: (batch.applied, batch.head_count, batch.is_open) for name, batch in found.items()}
    assert told == {"石桥县财政局": (87, 100, False), "学府中学": (31, 60, True)}
    assert f"{found['石桥县财政局'].penetration:.1%}" == "87.0%"
    assert all(batch.applied >= batch.approved >= batch.activated > 0 for batch in found.values())


def test_mondays_are_busier(demo: dict[str, int]) -> None:
    alone = Application.objects.filter(taken_in_at__isnull=False, campaign="", group_batch=None)
    stamps = alone.values_list("taken_in_at", flat=True)
    days = Counter(local_day(moment) for moment in stamps)
    mondays = [count for day, count in days.items() if day.weekday() == 0]
    others = [count for day, count in days.items() if day.weekday() in (1, 2, 3, 4)]
    assert sum(mondays) / len(mondays) > 1.2 * sum(others) / len(others)


# -- people ----------------------------------------------------------------------------------------------------------
def test_the_named_people_are_there_with_their_posts(demo: dict[str, int]) -> None:
    for person in DEMO_PEOPLE:
        row = Employee.objects.get(number=person.number)
        assert (row.name, row.branch.name, row.is_outsourced) == (person.name, person.place, person.is_outsourced)
        assert row.has_role(person.role, on=NOW.date())
        assert row.check_password(settings.DEMO_PASSWORD)
    zhou, xu, song = (Employee.objects.get(number=f"LZ{number}") for number in (10005, 10009, 10018))
    assert zhou.areas.count() == 3
    assert xu.has_role(Role.EC, on=NOW.date())
    assert song.vendor == "岚诚外包"


def test_the_bank_has_its_branches_and_about_a_hundred_people(demo: dict[str, int]) -> None:
    assert set(Branch.objects.values_list("code", flat=True)) == set(BRANCHES)
    assert len(OUTLETS) == 8
    county, times = Branch.objects.get(code="SQ01"), opening_times()
    cut_off = times.hours(county, on=NOW.date()).cut_off_on(NOW.date())
    assert (f"{times.truck(county, on=NOW.date()):%H:%M}", f"{cut_off:%H:%M}") == ("16:30", "16:00")
    assert ClockPolicy.objects.get(status="DRAFT").kind == "CONTACT"
    assert 95 <= Employee.objects.count() <= 105
    trades = Counter(Employee.objects.values_list("roles__role", flat=True))
    assert {role: trades[role] for role in ("BH", "CM", "BAG", "CS", "RCV", "CC", "EC", "ER", "TR", "AS", "SUP")} == {
        "BH": 8, "CM": 16, "BAG": 16, "CS": 6, "RCV": 2, "CC": 5, "EC": 8, "ER": 2, "TR": 3, "AS": 6, "SUP": 2,
    }  # fmt: skip
    assert Employee.objects.filter(employment=Employment.OUTSOURCED).count() == 4
    retirees = Employee.objects.filter(employment=Employment.RETIREE)
    assert [person.has_usable_password() for person in retirees] == [False, False]


def test_referrers_and_collectors_are_qualified(demo: dict[str, int]) -> None:
    for person in Employee.objects.holding(*COLLECTORS, on=NOW.date()):
        assert person.is_qualified(date(2025, 1, 1))
        assert person.is_qualified(date(2027, 12, 31))


def test_clients_are_invented_and_nobody_is_two_of_them(demo: dict[str, int]) -> None:
    clients = list(Applicant.objects.all())
    numbers = [client.id_number.reveal() for client in clients if client.id_number is not None]
    mobiles = [client.mobile.reveal() for client in clients]
    assert len(set(numbers)) == len(numbers)
    assert len(set(mobiles)) == len(mobiles)
    assert {resident_id(number).number[:6] for number in numbers} == {"990101"}
    assert {mobile[:7] for mobile in mobiles} == {"1000000"}


# -- the first morning -----------------------------------------------------------------------------------------------
def test_each_queue_has_ten_cases_that_anybody_may_take(demo: dict[str, int]) -> None:
    assert not Application.objects.exclude(claimed_by=None).filter(claimed_until__gt=NOW).exists()
    who = {"check": "LZ10007", "entry": "LZ10008", "verify": "LZ10009", "filing": "LZ10010", "after-sales": "LZ10011"}
    for name, number in who.items():
        actor = Employee.objects.get(number=number)
        assert claimable(queue=QUEUES[name], actor=actor, at=NOW).count() >= 10, name
        assert claim_next(queue=name, actor=actor, at=NOW) is not None


def test_every_desk_finds_work(demo: dict[str, int]) -> None:
    leads = Application.objects.filter(state=State.REFERRED)
    assert set(leads.values_list("area__name", flat=True)) == {"城东", "城西", "县域"}
    assert files_to_pack(Branch.objects.get(code="BH01")).count() >= 4
    expected = Bag.objects.filter(state=Bag.State.HANDED_OVER)
    assert {bag.items.count() for bag in expected} >= {12}
    assert all(bag.handed_over_at > NOW - timedelta(days=1) for bag in expected)
    chen = Employee.objects.get(number="LZ10001")
    assert Application.objects.filter(collector=chen).open().exists()
    li = Employee.objects.get(number="LZ10234")
    assert Application.objects.filter(referrer=li).open().exists()
    assert Application.objects.get(awaits_arbitration=True).campaign == "S14"


def test_what_the_second_keyer_reads_is_a_clean_entry(demo: dict[str, int]) -> None:
    for case in Application.objects.with_people().filter(state=State.KEYED, awaits_arbitration=False):
        fields = case.entries.get(turn="FIRST", round=case.round).fields
        assert clean(case, fields, on=local_day(NOW)) == fields


# -- scenarios -------------------------------------------------------------------------------------------------------
def test_the_scripted_cases_are_found_by_their_mark(demo: dict[str, int]) -> None:
    found = Counter(Application.objects.filter(campaign__regex=r"^S\d+$").values_list("campaign", flat=True))
    assert found == Counter(scene.mark for scene in SCENES) + Counter({"S16": 12})


@pytest.mark.parametrize(
    ("mark", "states"),
    [
        ("S1", {"COLLECTED": 1}), ("S3", {"COLLECTED": 1}), ("S4", {"TAKEN_IN": 3}), ("S5", {"RECEIVED": 1}),
        ("S6", {"RECEIVED": 3}), ("S7", {"PROBLEM": 2}), ("S8", {"CHECKED": 1}), ("S9", {"ENTERED": 2}),
        ("S10", {"ACTIVATED": 4}), ("S13", {"COLLECTED": 2}),
        ("S14", {"KEYED": 2}), ("S16", {"IN_TRANSIT": 12}), ("S17", {"SUBMITTED": 1, "DRAFT": 1}),
        ("S18", {"ACTIVATED": 1}), ("S19", {"ACTIVATED": 3}), ("S22", {"REFERRED": 2}), ("S23", {"EXPIRED": 1}),
    ],
)  # fmt: skip
def test_a_scripted_case_stands_at_the_given_of_its_scenario(
    demo: dict[str, int], mark: str, states: dict[str, int]
) -> None:
    cases = Application.objects.filter(campaign=mark)
    assert Counter(cases.values_list("state", flat=True)) == states


def test_s5_is_laid_back_by_whole_weeks_and_s6_keeps_its_dates(demo: dict[str, int]) -> None:
    s5 = Application.objects.get(campaign="S5")
    assert s5.received_at == at("2026-11-24 08:40")
    assert s5.clocks.get(kind="ENTRY").due_at == at("2026-11-26 17:30")
    due = CaseClock.objects.filter(application__campaign="S6", kind="ENTRY").values_list("due_at", flat=True)
    assert set(due) == {at("2026-10-09 17:30"), at("2026-10-10 17:30"), at("2026-09-21 17:30")}


def test_paths_and_performers_of_the_scripted_cases(demo: dict[str, int]) -> None:
    paths = {mark: Application.objects.get(campaign=mark).path for mark in ("S1", "S2", "S3", "S15")}
    assert paths == {"S1": "C", "S2": "B", "S3": "A", "S15": "C"}
    keyer = Application.objects.get(campaign="S15").performers.get(role="ENTRY").employee
    assert keyer is not None
    assert keyer.number == "LZ10018"
    by_client = Application.objects.get(campaign="S20", referrer_type="CUSTOMER")
    assert by_client.referral.external_referrer is not None


# -- three months of money -------------------------------------------------------------------------------------------
def test_one_month_is_paid_one_is_confirmed_and_one_is_running(demo: dict[str, int]) -> None:
    documents = {row.period: row for row in Confirmation.objects.filter(period__regex=r"^\d{4}-\d{2}$")}
    assert {period: row.state for period, row in documents.items()} == {
        "2026-09": "CONFIRMED", "2026-10": "CONFIRMED", "2026-11": "DRAFT",
    }  # fmt: skip
    first, second = PayoutBatch.objects.order_by("paid_on")
    assert (first.paid_on, second.paid_on) == (date(2026, 10, 12), date(2026, 11, 12))
    assert first.confirmations.filter(period="2026-09").exists()
    assert not documents["2026-10"].batches.exists()
    before = Confirmation.objects.filter(certified_at__lt=at("2026-11-01 00:00"))
    assert set(before) == {*first.confirmations.all(), *second.confirmations.all()}
    running = RewardEntry.objects.filter(at__gte=at("2026-11-01 00:00"))
    assert running.filter(confirmation_line=None).exists()
    assert not running.exclude(payout_lines=None).exists()


@pytest.mark.parametrize("kind", ["REGISTER", "CERTIFY", "PAY"])
def test_the_office_registers_certifies_and_pays_in_time(demo: dict[str, int], kind: str) -> None:
    clocks = CaseClock.objects.filter(kind=kind)
    judged = Counter(clocks.exclude(outcome="").values_list("outcome", flat=True))
    late = sum(judged.values()) - judged["ON_TIME"] + clocks.overdue(NOW).count()
    assert judged["ON_TIME"] >= 100
    assert judged["ON_TIME"] / (judged["ON_TIME"] + late) >= 0.85


def test_the_payroll_has_refused_one_payment_and_the_bank_returned_another(demo: dict[str, int]) -> None:
    fates = Counter(PayoutBalance.objects.filter(paid_fen__gt=0).values_list("fate", flat=True))
    assert (fates["REFUSED"], fates["BOUNCED"]) == (1, 1)
    assert set(fates) == {"PAID", "REFUSED", "BOUNCED"}
    assert PayoutLine.objects.filter(is_refused=True).exists()


def test_the_tracker_has_activations_to_register_with_what_the_card_system_says(demo: dict[str, int]) -> None:
    waiting = Application.objects.filter(assessment__bounty_fen__gt=0, assessment__registration=None)
    proofs = Counter(evidence.proof for evidence in evidence_of(waiting).values())
    assert proofs[Proof.DIFFERS] == 1
    assert proofs[Proof.CONFIRMED] >= 4


def test_the_supervisor_may_certify_the_draft(demo: dict[str, int]) -> None:
    draft = Confirmation.objects.get(state="DRAFT")
    assert why_not_certify(draft, actor=Employee.objects.get(number="LZ10012")) is None


def test_s10_what_is_beyond_the_cap_has_lapsed(demo: dict[str, int]) -> None:
    cap = PenaltyCap.objects.get(lapsed_fen__gt=0)
    assert (cap.rewarded_fen, cap.penalty_fen, cap.lapsed_fen) == (40_00, 11_00, 3_00)
    cases = Application.objects.filter(campaign="S10")
    assert cases.filter(assessment__entries__payee=cap.payee).distinct().count() == 4


def test_s13_and_s19_are_priced_by_their_own_versions(demo: dict[str, int]) -> None:
    book = PriceBook.read()
    shares = [
        book.policy(on=case.priced_on, branch=case.branch_id).terms.columns["B"]
        for case in Application.objects.filter(campaign="S13").order_by("taken_in_at")
    ]
    assert [(column["CREDIT_CHECK"], column["ENTRY"]) for column in shares] == [(1_500, 1_000), (1_200, 1_300)]
    of_s19 = RewardEntry.objects.filter(assessment__application__campaign="S19")
    assert set(of_s19.values_list("kind", flat=True)) == {"SPLIT"}
    assert of_s19.sum_fen() == 500_00


def test_whoever_decides_about_money_finds_something_to_decide(demo: dict[str, int]) -> None:
    for model in (Reversal, Adjustment, Dispute, CrossSell):
        assert model.objects.filter(state="OPEN").exists(), model
    causes = set(Hold.objects.filter(released_at=None).values_list("cause", flat=True))
    assert causes == {"AUDIT", "FRAUD", "COMPLAINT", "LEFT"}
    leaver = Employee.objects.get(left_on__isnull=False)
    assert Hold.objects.filter(cause="LEFT", entry__payee=leaver).exists()
    assert SplitPolicy.objects.filter(status="DRAFT").count() == Bounty.objects.filter(status="DRAFT").count() == 1
    assert SplitPolicy.objects.filter(status="APPROVED", is_pilot=True).count() == 4
    assert 0 < ReadReceipt.objects.count() < Employee.objects.count()


def test_three_complaints_stand_in_three_states_and_the_open_sale_holds_its_seller(demo: dict[str, int]) -> None:
    tickets = {row.about: row for row in Complaint.objects.all()}
    assert {about: row.state for about, row in tickets.items()} == {
        "SALE": "OPENED", "DELAY": "ESCALATED", "SERVICE": "CLOSED",
    }  # fmt: skip
    held = set(Hold.objects.filter(complaint=tickets["SALE"]).values_list("entry__payee", flat=True))
    case = tickets["SALE"].application
    assert held == {pk for pk in (case.referrer_id, case.collector_id) if pk}


def test_every_activation_has_its_shares_and_the_supervisor_earns_nothing(demo: dict[str, int]) -> None:
    activated = Application.objects.filter(state=State.ACTIVATED)
    assert activated.filter(assessment=None).count() == 0
    supervisors = Employee.objects.holding(Role.SUP, on=NOW.date())
    assert not RewardEntry.objects.filter(payee__in=supervisors).exists()


def test_an_outage_was_declared_and_moved_what_waited_for_the_review(demo: dict[str, int]) -> None:
    outage, called_off = Outage.objects.order_by("since")
    assert called_off.withdrawn_at is not None
    assert (outage.states, outage.declared_by.number) == (["KEYED"], "LZ10012")
    paused = ClockInterval.objects.filter(pause="OUTAGE").select_related("clock")
    assert {row.clock.kind for row in paused} <= {"ENTRY", "CHECK"}
    assert all(outage.since <= row.since <= row.until <= outage.until for row in paused)


def test_late_clocks_were_found_explained_and_decided(demo: dict[str, int]) -> None:
    assert Justification.objects.filter(is_accepted=True).exists()
    assert Justification.objects.filter(is_accepted=False).exists()
    judged = set(CaseClock.objects.filter(kind__in=CLOCK_SHARE).values_list("outcome", flat=True))
    assert {"ON_TIME", "LATE", "LATE_JUSTIFIED", "LATE_QUEUE", "RETURNED_IN_TIME"} <= judged


def test_the_head_of_a_branch_has_an_opinion_to_give(demo: dict[str, int]) -> None:
    head = Employee.objects.get(number="LZ10002")
    waiting = Breach.objects.to_decide().of_people_in(head.branch_id).filter(justification__opinion_at=None)
    assert waiting.exists()
    assert all(may_give_opinion(breach, head, NOW) for breach in waiting.with_facts())


def test_reviews_wait_about_as_long_as_they_used_to(demo: dict[str, int]) -> None:
    waiting = Application.objects.filter(state=State.KEYED).exclude(campaign__regex=r"^S\d+$")
    keyed = waiting.filter(due_at__gte=NOW).values_list("keyed_at", flat=True)
    lain = [working_calendar().working_minutes(since, NOW) for since in keyed]
    assert len(lain) >= 5
    assert max(lain) <= 200


def test_targets_fit_what_is_reached(demo: dict[str, int]) -> None:
    month = Month.of(NOW)
    managers = list(Employee.objects.holding(Role.CM, on=NOW.date()).filter(branch__code="BH01"))
    of_people = person_rows(managers, month=month, at=NOW)
    rows = [*branch_rows(branches_with_targets(), month=month, at=NOW), *of_people]
    cells = [cell for row in rows for cell in row.measures if cell.completion is not None]
    assert all(60 <= cell.completion <= 110 for cell in cells if cell.target >= 10)
    assert {cell.light for cell in cells} == {"green", "amber", "red"}
    assert all(any(cell.target for cell in row.measures) for row in of_people)


def test_old_news_is_read(demo: dict[str, int]) -> None:
    assert not Message.objects.filter(read_at=None, at__lt=NOW - timedelta(days=1)).exists()


# -- soundness -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("check", invariants.CHECKS, ids=lambda check: check.name)
def test_nothing_is_broken(demo: dict[str, int], check: invariants.Check) -> None:
    assert check.broken() == []


def test_loading_it_again_changes_nothing(demo: dict[str, int]) -> None:
    before = [model.objects.count() for model in (Application, Event, Employee, RewardEntry, Message)]
    again = load.load_demo(at=NOW + timedelta(days=3), progress=lambda line: None)
    assert set(again.values()) == {0}
    assert [model.objects.count() for model in (Application, Event, Employee, RewardEntry, Message)] == before


def test_the_command_is_for_demo_mode_only(settings) -> None:
    settings.DEMO = False
    with pytest.raises(CommandError, match="Demo mode is off"):
        call_command("demo")


def test_the_command_says_what_it_added(demo: dict[str, int]) -> None:
    out = StringIO()
    call_command("demo", stdout=out, stderr=StringIO())
    assert json.loads(out.getvalue())["cases"] == 0
