"""Reports about the work: exact figures of a hand-made month, an independent recount, every number with its list."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta

import pytest
from django.test import Client

from applications.lifecycle import Clock, Outcome, PauseReason, State, Step
from applications.models import (
    Application,
    Bag,
    BagIncident,
    CaseClock,
    ClockPolicy,
    Event,
    KeyDifference,
    ProblemItem,
    Product,
    ReturnNote,
)
from ops_center.kernel.worktime import Mode
from supervision.models import Breach, Complaint, Measure
from supervision.on_time import IN_TIME
from supervision.periods import Month, Quarter
from supervision.report_rows import SHAPES
from supervision.selectors.operations import (
    ALL,
    FIGURES,
    Asked,
    Value,
    center_hands,
    center_productivity,
    field_errors,
    groups,
    output_per_head,
    returned_by,
    returns_by_code,
    values_by,
    values_of,
    volume_beside_quality,
    work_done,
)
from supervision.selectors.rules_in_force import rules_in_force
from supervision.selectors.timeliness import Scope, Window, by_stage
from supervision.services.figures import count_touched_days
from supervision.services.policies import Terms, approve_clock_policy, draft_clock_policy
from supervision.services.targets import set_targets
from tests.cast import at
from tests.supervision.conftest import Bank, value_of

pytestmark = pytest.mark.django_db
NOVEMBER = Month(2026, 11)
NOW = at("2026-11-25 10:00")
BEFORE = at("2026-10-05 10:00")
IN_MONTH = at("2026-11-10 10:00")
LATER = at("2026-12-01 09:00")


def asked(branch=None, *, span=NOVEMBER, when: datetime = NOW) -> Asked:
    return Asked(span, branch, when)


def page_of(person) -> Client:
    client = Client()
    client.force_login(person)
    return client


def value(name: str, question: Asked | None = None) -> tuple[int, int]:
    found = value_of(ALL[name], question or asked())
    return found.part, found.whole


def arrived(bank: Bank, case: Application, when: datetime = IN_MONTH, *, from_state: str = State.IN_TRANSIT) -> None:
    seq = Event.objects.filter(application=case).count() + 1
    Event.objects.create(
        application=case, seq=seq, step=Step.RECEIVE, from_state=from_state, to_state=State.RECEIVED, at=when, round=1,
        digest=b"",
    )  # fmt: skip


def returned(case: Application, *codes: str, when: datetime = IN_MONTH, round_: int = 2) -> None:
    ReturnNote.objects.create(application=case, round=round_, codes=list(codes), note="x", returned_at=when)


# -- each figure by hand -----------------------------------------------------------------------------------------------
def test_intake_counts_the_first_round_in_the_period(bank: Bank) -> None:
    for when in ("2026-10-31 23:59", "2026-11-01 00:00", "2026-11-25 09:59", "2026-11-25 10:00"):
        bank.case(State.RECEIVED, taken_in_at=at(when))
    bank.case(State.RECEIVED, taken_in_at=IN_MONTH, is_imported=True)
    assert value("intake") == (2, 2)  # up to now, records of before left out


def test_conversion_divides_by_the_referrals_created(bank: Bank) -> None:
    of = {"referrer": bank.people.emp, "referrer_type": "EMPLOYEE"}
    for state in (State.RECEIVED, State.ACTIVATED, State.ACTIVATED):
        bank.case(state, referred_at=IN_MONTH, taken_in_at=IN_MONTH, **of)
    Application.objects.create(
        number="L1", status_code="L1", state=State.REFERRED, product=bank.cast.product("PK"), created_at=IN_MONTH,
        progressed_at=IN_MONTH, referred_at=IN_MONTH, **of,
    )  # fmt: skip
    bank.case(State.ACTIVATED, referred_at=BEFORE, taken_in_at=IN_MONTH, **of)
    assert value("referred-taken-in") == (3, 4)
    assert value("referred-activated") == (2, 4)
    assert value("referred-activated", asked(bank.branches.hq01)) == (2, 4)  # the referrer's branch
    assert value("referred-activated", asked(bank.branches.bh01)) == (0, 0)


def test_first_pass_is_without_problem_or_return_before_the_entry(bank: Bank) -> None:
    entered = [bank.case(State.ENTERED, entered_at=IN_MONTH) for _n in range(4)]
    ProblemItem.objects.create(
        application=entered[0], code="F04", party="BRANCH", state="RESOLVED", raised_by=bank.people.cc,
        raised_at=IN_MONTH - timedelta(1), closed_at=IN_MONTH,
    )  # fmt: skip
    returned(entered[1], "D05", when=IN_MONTH - timedelta(2))
    ProblemItem.objects.create(  # after the entry: the approval asks for something
        application=entered[2], code="H02", party="HEAD_OFFICE", state="WAIT_HEAD_OFFICE", raised_by=bank.people.tr,
        raised_at=IN_MONTH + timedelta(1),
    )  # fmt: skip
    assert value("first-pass") == (2, 4)


def test_the_return_rate_is_of_the_files_received_by_code_branch_and_collector(bank: Bank) -> None:
    cases = [bank.case(State.RECEIVED, taken_in_at=BEFORE, collector=bank.people.cm) for _n in range(8)]
    other = bank.case(State.RECEIVED, taken_in_at=BEFORE, branch=bank.branches.yx01, collector=bank.people.cm2)
    for case in [*cases, other]:
        arrived(bank, case)
    arrived(bank, cases[0], IN_MONTH + timedelta(1), from_state=State.PROBLEM)  # resumed, not received again
    returned(cases[0], "D05", "F02")
    returned(cases[0], "D05", round_=3)
    returned(other, "D05")
    unseen = bank.case(State.RETURNED, taken_in_at=BEFORE)
    arrived(bank, unseen, BEFORE)
    returned(unseen, "W01")
    assert value("returned") == (2, 9)
    assert returns_by_code(asked()) == [("D05", 2), ("F02", 1)]
    by_branch = values_by(FIGURES["returned"], asked(), "branch")
    assert by_branch == {bank.branches.bh01.pk: Value(1, 8), bank.branches.yx01.pk: Value(1, 1)}
    assert values_by(FIGURES["returned"], asked(), "collector")[bank.people.cm.pk] == Value(1, 8)


def test_on_time_is_of_what_closed_and_of_what_is_open_and_overdue(bank: Bank) -> None:
    start = at("2026-11-09 10:00")
    outcomes = (
        Outcome.ON_TIME, Outcome.ON_TIME, Outcome.RETURNED_IN_TIME, Outcome.LATE, Outcome.LATE_JUSTIFIED,
        Outcome.EXEMPT, Outcome.VOID,
    )  # fmt: skip
    for kind in (Clock.DISPATCH, Clock.ENTRY):
        for outcome in outcomes:
            bank.stop(bank.clock(kind, start), at("2026-11-12 10:00"), outcome)
        bank.clock(kind, start)  # open and overdue
        bank.clock(kind, at("2026-11-25 09:00"))  # open, in time
        bank.stop(bank.clock(kind, BEFORE), BEFORE + timedelta(hours=1), Outcome.ON_TIME)
    assert value("dispatch") == value("entry") == (3, 6)


def test_on_time_is_the_same_as_on_the_board_of_timeliness(bank: Bank) -> None:
    rng = random.Random(7)
    for _n in range(40):
        clock = bank.clock(rng.choice([Clock.DISPATCH, Clock.ENTRY]), IN_MONTH - timedelta(rng.randrange(9)))
        if rng.random() < 0.8:
            bank.stop(clock, IN_MONTH + timedelta(rng.randrange(6)), rng.choice(list(Outcome)))
    board = by_stage(Scope(), Window.read("2026-11", at=NOW), at=NOW)
    for name, kind in (("dispatch", Clock.DISPATCH), ("entry", Clock.ENTRY)):
        found = value_of(FIGURES[name], asked())
        assert found.rate == board[kind].rate
        assert found.part == board[kind].in_time


def test_errors_are_of_the_fields_keyed_twice_and_of_the_entered_cases(bank: Bank) -> None:
    double = bank.case(State.ENTERED, entered_at=IN_MONTH, review_mode=Product.ReviewMode.DOUBLE)
    plain = bank.case(State.ENTERED, entered_at=IN_MONTH)
    for seq, case in enumerate((double, double, plain), start=1):
        Event.objects.create(
            application=case, seq=seq, step=Step.VERIFY, to_state=State.ENTERED, at=IN_MONTH, round=1, digest=b"",
            actor=bank.people.ec,
        )  # fmt: skip
    for case, wrong in ((double, bank.people.ec), (double, None), (plain, bank.people.ec)):
        KeyDifference.objects.create(
            application=case, round=1, field="name", found_by=bank.people.cc, found_at=IN_MONTH, wrong_keyer=wrong
        )
    bank.case(State.ENTERED, entered_at=IN_MONTH)
    assert field_errors(asked()) == Value(1, 12)  # two second keyings of six critical fields
    assert value("corrected") == (2, 3)


def test_approval_is_by_the_day_of_the_decision(bank: Bank) -> None:
    for _n in range(3):
        bank.case(State.ISSUED, taken_in_at=BEFORE, approved_at=IN_MONTH)
    bank.case(State.REJECTED, taken_in_at=BEFORE, rejected_at=IN_MONTH)
    bank.case(State.ISSUED, taken_in_at=BEFORE, approved_at=BEFORE)
    bank.case(State.SUBMITTED, taken_in_at=IN_MONTH)
    assert value("approved") == (3, 4)


def test_activation_is_of_cards_old_enough_to_tell(bank: Bank) -> None:
    """Seen on 25 November: a card of 26 October is 30 days old, one of 27 October is not; nothing is 90 days old."""
    october = asked(span=Month(2026, 10))
    for issued, after in (("2026-10-01", 30), ("2026-10-01", 31), ("2026-10-26", 5), ("2026-10-27", 1)):
        when = at(f"{issued} 10:00")
        bank.case(State.ACTIVATED, taken_in_at=when, issued_at=when, activated_at=when + timedelta(days=after))
    bank.case(State.ISSUED, taken_in_at=BEFORE, issued_at=at("2026-10-02 10:00"))
    assert value("activated-30", october) == (2, 4)
    assert value("activated-60", october) == (0, 0)
    assert value_of(FIGURES["activated-90"], october).rate is None
    later = asked(span=Month(2026, 10), when=at("2026-12-01 10:00"))
    assert value("activated-60", later) == (2, 3)


def test_first_spend_is_within_30_days_of_the_activation(bank: Bank) -> None:
    september = asked(span=Month(2026, 9))
    when = at("2026-09-10 10:00")
    for spent in (when + timedelta(30), when + timedelta(31), None):
        bank.case(State.ACTIVATED, taken_in_at=when, activated_at=when, first_spend_at=spent)
    assert value("first-spend", september) == (1, 3)


def test_output_per_head_divides_by_the_days_on_which_somebody_finished_something(bank: Bank) -> None:
    first, second = bank.case(State.ENTERED), bank.case(State.ENTERED)
    ec, cc = bank.people.ec, bank.people.cc
    done = [(first, "09:00", ec, 10), (first, "11:00", ec, 10), (second, "11:00", ec, 10), (first, "09:00", ec, 11)]
    for seq, (case, hour, actor, day) in enumerate([*done, (first, "09:00", cc, 10)], start=1):
        Event.objects.create(
            application=case, seq=seq, step=Step.SUBMIT_ENTRY, to_state=State.KEYED, at=at(f"2026-11-{day} {hour}"),
            round=1, digest=b"", actor=actor,
        )  # fmt: skip
    work = work_done(asked())
    found = output_per_head(work)
    assert (found.items, found.person_days) == (4, 3)  # what comes back on the same day is the same piece
    assert output_per_head(work_done(asked(bank.branches.bh01))) == found
    assert ALL["work"].whole_set(asked()).count() == found.items
    assert output_per_head(work_done(asked(bank.branches.yx01))).rate is None
    center = center_productivity(asked(), work)
    assert center is not None
    assert center.pieces == 4
    assert center.idle_rate == 1 - center.standard / center.attended
    assert center_productivity(asked(span=Month(2026, 12)), work) is None
    hands = center_hands(asked(), work)
    assert sum(row.pieces for row in hands) == center.pieces
    assert sum(row.standard for row in hands) == center.standard
    assert sum(row.attended for row in hands) == pytest.approx(center.attended)
    page = page_of(bank.people.sup).get("/reports/operations/idle/?period=2026-11")
    assert f"{center.idle_rate:.1%}" in page.text
    assert page_of(bank.people.bh).get("/reports/operations/idle/").status_code == 403


def test_bags_with_an_incident_are_of_the_bags_received(bank: Bank) -> None:
    for n in range(4):
        bag = Bag.objects.create(
            number=f"FB{n}", branch=bank.branches.bh01, state=Bag.State.RECEIVED, opened_by=bank.people.bag,
            opened_at=IN_MONTH, sealed_by=bank.people.bag, witness=bank.people.bh, sealed_at=IN_MONTH,
            received_at=IN_MONTH if n else BEFORE,
        )  # fmt: skip
        if n < 2:
            for code in ("L01", "L03"):
                BagIncident.objects.create(
                    bag=bag, code=code, opened_by=bank.people.tr, opened_at=IN_MONTH, due_at=IN_MONTH
                )
    assert value("bags") == (1, 3)


def test_a_group_counts_all_its_files_once_one_came_in_and_each_figure_has_its_list(bank: Bank) -> None:
    batch, silent = bank.group(head_count=8), bank.group("石桥县财政局")
    of_old = {"campaign": "TB-A", "customer_group": "GROUP"}  # from before batches were kept
    for facts in ({"group_batch": batch}, of_old):
        bank.case(State.ACTIVATED, taken_in_at=BEFORE, approved_at=BEFORE, **facts)
        bank.case(State.RECEIVED, taken_in_at=IN_MONTH, **facts)
    bank.case(State.RECEIVED, taken_in_at=BEFORE, group_batch=silent)
    old, kept = groups(asked())
    assert (kept.code, kept.employer, kept.penetration) == (batch.code, "学府中学", 0.25)
    assert (old.code, old.employer, old.penetration) == ("TB-A", None, None)
    page = page_of(bank.people.sup)
    shown = page.get("/reports/operations/?period=2026-11").text
    assert "25.0%" in shown
    for group in (old, kept):
        assert (group.applied, group.approved, group.activated) == (2, 1, 1)
        for name, number in group.figures:
            address = f"?period=2026-11&branch=BH01&figure=group-{name}&code={group.code}"
            assert address.replace("&", "&amp;") in shown
            assert page.get(f"/reports/operations/list/{address}").context["total"] == number


def test_days_that_are_counted_tell_what_their_clocks_tell(bank: Bank) -> None:
    """Dispatch and entry by the definition and from the figures of days: before a day is counted, after it, after a
    clock of a counted day was judged again, a case has moved, and with records of before the system among them."""
    rng = random.Random(3)
    branches = [bank.branches.bh01, bank.branches.yx01, None]
    for _n in range(90):
        start = at("2026-10-28 10:00") + timedelta(days=rng.randrange(27))
        kind = rng.choice([Clock.DISPATCH, Clock.ENTRY, Clock.CHECK])
        clock = bank.clock(kind, start, case=bank.case(branch=rng.choice(branches), is_imported=rng.random() < 0.3))
        if rng.random() < 0.8:
            bank.stop(clock, min(start + timedelta(hours=rng.randrange(80)), NOW), rng.choice(list(Outcome)))

    def agree() -> None:
        for question in (asked(), asked(bank.branches.yx01), asked(span=Month(2026, 10)), asked(span=Quarter(2026, 4))):
            figures = {name: FIGURES[name] for name in ("dispatch", "entry")}
            assert values_of(figures, question) == {
                name: value_of(figure, question) for name, figure in figures.items()
            }
            for figure in figures.values():
                by_branch = values_by(figure, question, figure.branch)
                whole = figure.whole_set(question)
                for branch in branches:
                    rows = whole.filter(application__branch=branch)
                    found = by_branch.get(branch.pk if branch else None, Value(0, 0))
                    assert found == Value(rows.filter(figure.part(question)).count(), rows.count())

    agree()
    count_touched_days(at=NOW)
    agree()
    judged = CaseClock.objects.filter(kind=Clock.ENTRY, outcome__in=IN_TIME, application__is_imported=False).first()
    assert judged is not None
    CaseClock.objects.filter(pk=judged.pk).update(outcome=Outcome.EXEMPT)
    moved = CaseClock.objects.filter(stopped_at__isnull=False).exclude(application__branch=bank.branches.yx01).first()
    assert moved is not None
    Application.objects.filter(pk=moved.application_id).update(branch=bank.branches.yx01)
    agree()
    count_touched_days(at=NOW)
    agree()


# -- recount -----------------------------------------------------------------------------------------------------------
def test_the_figures_equal_a_slow_recount_of_many_cases(bank: Bank) -> None:
    rng = random.Random(11)
    day = timedelta(days=1)
    start = at("2026-10-20 10:00")
    for _n in range(60):
        taken = start + rng.randrange(30) * day
        facts: dict = {"taken_in_at": taken, "branch": rng.choice([bank.branches.bh01, bank.branches.yx01])}
        if rng.random() < 0.5:
            facts |= {"referred_at": taken - day, "referrer": bank.people.emp, "referrer_type": "EMPLOYEE"}
        state = rng.choice([State.RECEIVED, State.ENTERED, State.REJECTED, State.ISSUED, State.ACTIVATED])
        if state in (State.ENTERED, State.ISSUED, State.ACTIVATED):
            facts["entered_at"] = taken + day
        if state == State.REJECTED:
            facts["rejected_at"] = taken + 2 * day
        if state in (State.ISSUED, State.ACTIVATED):
            facts |= {"issued_at": taken + 3 * day, "approved_at": taken + 3 * day}
        if state == State.ACTIVATED:
            facts["activated_at"] = taken + (3 + rng.randrange(5)) * day
        case = bank.case(state, **facts)
        arrived(bank, case, taken + day)
        if rng.random() < 0.2:
            returned(case, rng.choice(["D05", "F02"]), when=taken + day)
    everything = list(Application.objects.prefetch_related("events", "returns", "problems"))

    def within(stamp: datetime | None) -> bool:
        return stamp is not None and NOVEMBER.starts_at <= stamp < min(NOVEMBER.ends_at, NOW)

    for branch in (None, bank.branches.bh01, bank.branches.yx01):
        mine = [case for case in everything if branch is None or case.branch == branch]
        hers = [case for case in everything if case.referrer and (branch is None or case.referrer.branch == branch)]
        received = [case for case in mine if any(within(event.at) for event in case.events.all())]
        entered = [case for case in mine if within(case.entered_at)]
        decided = [case for case in mine if within(case.approved_at) or within(case.rejected_at)]
        expected = {
            "intake": (sum(within(case.taken_in_at) for case in mine),) * 2,
            "referred-taken-in": (
                sum(within(case.referred_at) and case.taken_in_at is not None for case in hers),
                sum(within(case.referred_at) for case in hers),
            ),
            "first-pass": (sum(not case.returns.all() for case in entered), len(entered)),
            "returned": (sum(bool(case.returns.all()) for case in received), len(received)),
            "approved": (sum(within(case.approved_at) for case in decided), len(decided)),
        }
        for name, figures in expected.items():
            assert value(name, asked(branch)) == figures, (name, branch)
        together = values_of(FIGURES, asked(branch))
        assert together == {name: value_of(figure, asked(branch)) for name, figure in FIGURES.items()}
        assert returned_by(asked(branch)).value == together["returned"]


def test_every_number_is_as_long_as_its_list(bank: Bank) -> None:
    case = bank.case(State.ENTERED, entered_at=IN_MONTH, taken_in_at=IN_MONTH, collector=bank.people.cm)
    arrived(bank, case)
    returned(case, "D05")
    bank.stop(bank.clock(Clock.ENTRY, IN_MONTH, case=case), IN_MONTH + timedelta(hours=2), Outcome.ON_TIME)
    page = page_of(bank.people.sup)
    for name, figure in ALL.items():
        for side, rows in (("whole", figure.whole_set(asked())), ("part", figure.part_set(asked()))):
            answer = page.get(f"/reports/operations/list/?period=2026-11&figure={name}&side={side}")
            assert answer.status_code == 200
            assert answer.context["total"] == rows.count() == len(list(SHAPES[figure.kind].iterate(rows)))
    narrowed = page.get("/reports/operations/list/?figure=returned&side=part&code=D05&who=LZ10001")
    assert narrowed.context["total"] == 1
    assert page.get("/reports/operations/list/?figure=returned&side=part&code=F02").context["total"] == 0


# -- volume beside quality ---------------------------------------------------------------------------------------------
def test_quality_stands_beside_volume_for_branches_and_collectors(bank: Bank) -> None:
    for _n in range(2):
        bank.case(State.ACTIVATED, taken_in_at=BEFORE, activated_at=IN_MONTH, collector=bank.people.cm)
    case = bank.case(State.RECEIVED, taken_in_at=IN_MONTH, collector=bank.people.cm)
    arrived(bank, case)
    returned(case, "D05")
    bank.case(
        State.ACTIVATED, taken_in_at=BEFORE, activated_at=IN_MONTH, collector=bank.people.cm2,
        branch=bank.branches.yx01,
    )  # fmt: skip
    for number, is_upheld in (("T1", True), ("T2", False)):
        Complaint.objects.create(
            number=number, about="SALE", channel="PHONE", text="x", against=bank.people.cm, state="CLOSED",
            opened_by=bank.people.sup, opened_at=BEFORE, reply_by=IN_MONTH, close_by=NOW, reply_warn_at=BEFORE,
            close_warn_at=BEFORE, recorded_at=BEFORE, handled_at=BEFORE, rechecked_at=BEFORE, fed_back_at=BEFORE,
            replied_at=BEFORE, followed_up_at=IN_MONTH, closed_at=IN_MONTH, is_upheld=is_upheld,
        )  # fmt: skip
    first, second = volume_beside_quality(asked(), by="branch")
    assert (first.subject, first.cards, first.values["returned"], first.complaints) == (
        bank.branches.bh01, 2, Value(1, 1), 1,
    )  # fmt: skip
    assert (second.subject, second.cards, second.values["returned"].rate) == (bank.branches.yx01, 1, None)
    people = volume_beside_quality(asked(), by="collector")
    assert [(row.subject, row.cards) for row in people] == [(bank.people.cm, 2), (bank.people.cm2, 1)]


# -- the rules of time -------------------------------------------------------------------------------------------------
def test_every_version_in_force_stands_with_how_it_was_kept(bank: Bank) -> None:
    december = asked(span=Month(2026, 12), when=at("2026-12-20 10:00"))
    old = ClockPolicy.objects.get(kind=Clock.ENTRY, variant="")
    terms = Terms(
        mode=Mode.WORKDAYS_EOD, amount=3, warn_percent=75, warn_at_day=None, pauses_for=["BRANCH"], owner_role=""
    )
    new = draft_clock_policy(
        kind=Clock.ENTRY, starts_on=date(2026, 12, 7), note="x", terms=terms, actor=bank.people.mgt, at=NOW
    )
    approve_clock_policy(policy=new.pk, actor=bank.cast.deng_hai, at=NOW)
    done = at("2026-12-10 10:00")
    for outcome in (Outcome.ON_TIME, Outcome.LATE, Outcome.EXEMPT, Outcome.VOID):
        bank.stop(bank.clock(Clock.ENTRY, at("2026-12-02 09:00")), done, outcome)
    bank.stop(bank.clock(Clock.ENTRY, at("2026-12-08 09:00")), done, Outcome.ON_TIME)
    late = bank.clock(Clock.ENTRY, at("2026-12-08 09:00"))
    paused = bank.clock(Clock.ENTRY, at("2026-12-08 09:00"))
    for since, until, minutes in (("08 10:00", "08 11:00", 60), ("09 10:00", None, None)):
        paused.intervals.create(
            since=at(f"2026-12-{since}"), until=at(f"2026-12-{until}") if until else None, pause=PauseReason.BRANCH,
            minutes=minutes, minutes_left=1, due_before=paused.due_at,
        )  # fmt: skip
    CaseClock.objects.filter(pk=paused.pk).update(paused_at=at("2026-12-09 10:00"))
    Breach.objects.create(
        clock=late, application=late.application, kind=Clock.ENTRY, branch=bank.branches.bh01, due_at=late.due_at,
        found_at=late.due_at + timedelta(minutes=1), file_by=late.due_at + timedelta(days=2),
        supervisor_at=late.due_at, management_at=late.due_at,
    )  # fmt: skip
    rules = {rule.policy.pk: rule for rule in rules_in_force(december) if rule.policy.kind == Clock.ENTRY}
    assert set(rules) == {old.pk, new.pk}
    first, second = rules[old.pk], rules[new.pk]
    assert (first.nth, str(first.until), first.in_time, first.late, first.exempt, first.rate) == (
        1, "2026-12-06", 1, 1, 1, 0.5,
    )  # fmt: skip
    assert (second.nth, second.until, second.in_time, second.open_overdue, second.breaches) == (2, None, 1, 1, 1)
    assert [(pause.reason, pause.times, pause.minutes) for pause in second.pauses] == [(PauseReason.BRANCH, 2, 60)]
    november = {rule.policy.pk for rule in rules_in_force(asked())}
    assert old.pk in november
    assert new.pk not in november


def test_each_kind_of_clock_has_its_rule_and_its_terms(bank: Bank) -> None:
    rules = rules_in_force(asked())
    assert {rule.policy.kind for rule in rules} == set(Clock.values)
    assert all(len(rule.terms) == 5 and all(term.after for term in rule.terms) for rule in rules)
    assert all(rule.rate is None for rule in rules)


def test_replies_to_complaints_are_measured_by_their_own_deadlines(bank: Bank) -> None:
    opened = at("2026-11-09 10:00")
    for number, replied in (("T1", "2026-11-10 09:00"), ("T2", "2026-11-10 11:00"), ("T3", None)):
        Complaint.objects.create(
            number=number, about="DELAY", channel="PHONE", text="x", opened_by=bank.people.sup, opened_at=opened,
            reply_by=opened + timedelta(days=1), close_by=opened + timedelta(days=15), reply_warn_at=opened,
            close_warn_at=opened, replied_at=at(replied) if replied else None,
        )  # fmt: skip
    [reply] = [rule for rule in rules_in_force(asked()) if rule.policy.kind == Clock.COMPLAINT_REPLY]
    assert (reply.in_time, reply.late, reply.open_overdue, reply.breaches) == (1, 1, 1, 2)


def test_an_extended_complaint_is_measured_by_the_extension_and_by_nothing_else(bank: Bank) -> None:
    opened = at("2026-10-05 10:00")
    for number, is_complex, extended, closed, days in (
        ("T1", False, None, 10, 15), ("T2", True, None, 31, 30), ("T3", True, 25, 50, 60), ("T4", False, 14, 40, 30),
    ):  # fmt: skip
        Complaint.objects.create(
            number=number, about="DELAY", channel="PHONE", text="x", opened_by=bank.people.sup, opened_at=opened,
            reply_by=opened + timedelta(days=1), close_by=opened + timedelta(days=days), reply_warn_at=opened,
            close_warn_at=opened, is_complex=is_complex, closed_at=opened + timedelta(days=closed),
            extended_at=opened + timedelta(days=extended) if extended else None,
            extended_by=bank.people.sup if extended else None,
        )  # fmt: skip
    rules = [rule for span in (Month(2026, 10), NOVEMBER) for rule in rules_in_force(asked(span=span, when=LATER))]
    found = {
        rule.policy.variant: (rule.in_time, rule.late)
        for rule in rules
        if rule.policy.kind == Clock.COMPLAINT_CLOSE and rule.rate is not None
    }
    assert found == {"": (1, 0), "COMPLEX": (0, 1), "EXTENSION": (1, 1)}


# -- pages -------------------------------------------------------------------------------------------------------------
DOORS = ("/reports/operations/", "/reports/operations/quality/", "/reports/operations/rules/")


@pytest.mark.parametrize("path", [*DOORS, "/reports/operations/list/"])
def test_the_reports_open_for_who_watches(bank: Bank, path: str) -> None:
    for name, person in vars(bank.people).items():
        let_in = name in ("bh", "bh2", "tr", "sup", "mgt", "aud")
        assert page_of(person).get(path).status_code == (200 if let_in else 403), name


def test_a_branch_head_reads_the_own_branch_only(bank: Bank) -> None:
    bank.case(State.RECEIVED, taken_in_at=IN_MONTH)
    bank.case(State.RECEIVED, taken_in_at=IN_MONTH, branch=bank.branches.yx01)
    head = page_of(bank.people.bh2)
    assert head.get("/reports/operations/list/?period=2026-11&figure=intake").context["total"] == 1
    assert head.get("/reports/operations/?branch=BH01").status_code == 404
    assert page_of(bank.people.mgt).get("/reports/operations/?branch=BH01").status_code == 200
    assert page_of(bank.people.mgt).get("/reports/operations/?branch=XX").status_code == 404


@pytest.mark.parametrize(
    "query", ["period=2026-13", "figure=weather", "side=left", "code=D05&figure=intake", "who=LZ1&figure=bags", "x=1"]
)
def test_an_address_that_says_something_else_is_refused(bank: Bank, query: str) -> None:
    assert page_of(bank.people.sup).get(f"/reports/operations/list/?{query}").status_code == 400


def test_management_reads_numbers_of_cases_and_opens_none(bank: Bank) -> None:
    case = bank.case(State.RECEIVED, taken_in_at=IN_MONTH)
    address = "/reports/operations/list/?period=2026-11&figure=intake"
    assert f"/applications/{case.number}/" in page_of(bank.people.sup).get(address).text
    seen = page_of(bank.people.mgt).get(address).text
    assert case.number in seen
    assert f"/applications/{case.number}/" not in seen


def test_the_pages_show_part_whole_and_rate(bank: Bank) -> None:
    for n in range(4):
        case = bank.case(State.RECEIVED, taken_in_at=BEFORE, collector=bank.people.cm)
        arrived(bank, case)
        if not n:
            returned(case, "D05")
    page = page_of(bank.people.mgt)
    for address in (
        "/reports/operations/",
        "/reports/operations/quality/",
        "/reports/operations/quality/?by=collector",
    ):
        assert "25.0%" in page.get(address).text, address
    assert "25.0%" not in page.get("/reports/operations/?branch=YX01").text


def test_a_quarter_and_an_empty_bank_show_dashes_and_no_error(bank: Bank) -> None:
    set_targets(wanted={(bank.branches.bh01, Measure.INTAKES): 5}, month=NOVEMBER, actor=bank.people.mgt, at=IN_MONTH)
    for period in ("2026-Q4", "2026-11", "2025-01", "2026-12"):
        for path in DOORS:
            assert page_of(bank.people.mgt).get(f"{path}?period={period}").status_code == 200
    assert value_of(FIGURES["returned"], asked(span=Quarter(2026, 4))).rate is None


def test_the_pages_cost_the_same_queries_whatever_they_show(bank: Bank, django_assert_max_num_queries) -> None:
    for n in range(12):
        person = bank.cast.hire(f"经理{n}", "BH01" if n % 2 else "YX01", "CM")
        case = bank.case(State.ENTERED, taken_in_at=IN_MONTH, entered_at=IN_MONTH, collector=person)
        arrived(bank, case)
        returned(case, "D05")
        bank.stop(bank.clock(Clock.ENTRY, IN_MONTH, case=case), IN_MONTH + timedelta(hours=2), Outcome.ON_TIME)
    page = page_of(bank.people.sup)
    most = {
        "/reports/operations/?period=2026-11": 32,
        "/reports/operations/beside/?period=2026-11": 25,
        "/reports/operations/quality/?period=2026-11&by=collector": 20,
        "/reports/operations/rules/?period=2026-11": 22,
        "/reports/operations/list/?period=2026-11&figure=entry": 11,
        "/reports/operations/list/?period=2026-11&figure=intake": 11,
    }
    for address, queries in most.items():
        with django_assert_max_num_queries(queries, info=address):
            assert page.get(address).status_code == 200
