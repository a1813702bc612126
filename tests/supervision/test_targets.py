"""Targets: the figures of S24, who sets which, what is seen, and every figure against its list."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client

from applications.lifecycle import State
from ops_center import clock
from ops_center.kernel.errors import NotAllowed, OutOfSight, Refused
from organization.models import AuditRecord
from supervision.models import Measure, Target
from supervision.periods import Month
from supervision.selectors import goals
from supervision.services.targets import copy_targets, set_targets
from tests.cast import at
from tests.supervision.conftest import Bank

pytestmark = pytest.mark.django_db
NOVEMBER = Month(2026, 11)
FRIDAY = at("2026-11-20 15:00")
SETTING = at("2026-11-02 09:00")


def page_of(person) -> Client:
    client = Client()
    client.force_login(person)
    return client


@contextmanager
def refused(code: str) -> Iterator[None]:
    with pytest.raises(Refused) as no:
        yield
    assert no.value.code == code


def aim(bank: Bank, value: int | None, *, measure: Measure = Measure.ACTIVATIONS, when=SETTING, **whom) -> int:
    subject = whom.get("person") or whom.get("branch") or bank.branches.bh01
    actor = bank.people.bh if "person" in whom else bank.people.mgt
    return set_targets(wanted={(subject, measure): value}, month=Month.of(when), actor=actor, at=when)


def activate(bank: Bank, number: int, **facts) -> None:
    for nth in range(number):
        bank.case(
            State.ACTIVATED, taken_in_at=at("2026-11-02 10:00"), activated_at=at("2026-11-03 10:00") + timedelta(nth),
            **facts,
        )  # fmt: skip


def of_branch(bank: Bank, measure: Measure, when=FRIDAY) -> goals.Progress:
    [row] = goals.branch_rows([bank.branches.bh01], month=Month.of(when), at=when)
    return next(cell for cell in row.measures if cell.measure == measure)


# -- S24 ---------------------------------------------------------------------------------------------------------------
def test_s24_54_of_80_on_the_20th_of_november_is_67_5_per_cent_3_9_behind_and_amber(db) -> None:
    progress = goals.Progress(Measure.ACTIVATIONS, 80, 54, Decimal("71.4"))
    assert (progress.completion, progress.gap, progress.light) == (Decimal("67.5"), Decimal("-3.9"), "amber")


def test_time_progress_counts_working_days_with_today(bank: Bank) -> None:
    assert goals.time_progress(NOVEMBER, at=FRIDAY) == Decimal("71.4")  # 15 of 21
    assert goals.time_progress(NOVEMBER, at=at("2026-11-22 12:00")) == Decimal("71.4")  # a Sunday adds nothing
    assert goals.time_progress(Month(2026, 10), at=FRIDAY) == Decimal("100.0")
    assert goals.time_progress(Month(2026, 12), at=FRIDAY) == Decimal("0.0")


def test_s24_on_the_page_of_the_branch(bank: Bank) -> None:
    aim(bank, 80)
    for _n in range(54):
        bank.case(State.ACTIVATED, taken_in_at=at("2026-11-02 10:00"), activated_at=at("2026-11-20 09:00"))
    cell = of_branch(bank, Measure.ACTIVATIONS)
    assert (cell.actual, cell.completion, cell.gap, cell.light) == (54, Decimal("67.5"), Decimal("-3.9"), "amber")


@pytest.mark.parametrize(
    ("actual", "light"), [(72, "green"), (71, "amber"), (62, "amber"), (61, "red")]
)  # 100 aimed at, 71.4 % of the time gone: 71.4 on track, down to 61.4 amber
def test_the_light_turns_at_the_gap(actual: int, light: str) -> None:
    assert goals.Progress(Measure.INTAKES, 100, actual, Decimal("71.4")).light == light


def test_exactly_at_the_bounds_the_light_is_the_better_one() -> None:
    assert goals.Progress(Measure.INTAKES, 1000, 714, Decimal("71.4")).light == "green"
    assert goals.Progress(Measure.INTAKES, 1000, 614, Decimal("71.4")).light == "amber"


@pytest.mark.parametrize("target", [0, None])
def test_without_a_target_there_is_no_rate_and_no_light(target: int | None) -> None:
    progress = goals.Progress(Measure.INTAKES, target, 5, Decimal("71.4"))
    assert (progress.completion, progress.gap, progress.light) == (None, None, "")


# -- counting ----------------------------------------------------------------------------------------------------------
@pytest.fixture
def month_of_work(bank: Bank) -> Bank:
    """Cases of two branches, on both edges of the month, of a group, and of the time before the system."""
    first, last = at("2026-11-01 00:00"), at("2026-11-30 23:59")
    for stamp in (first, last, first - timedelta(minutes=1), last + timedelta(minutes=1)):
        bank.case(State.RECEIVED, taken_in_at=stamp, collector=bank.people.cm)
    bank.case(State.RECEIVED, taken_in_at=first, branch=bank.branches.yx01, collector=bank.people.cm2)
    bank.case(State.RECEIVED, taken_in_at=first, is_imported=True)
    for batch in ("TB-A", "TB-A", "TB-B", ""):
        bank.case(State.RECEIVED, taken_in_at=first, campaign=batch, customer_group="GROUP", collector=bank.people.cm)
    bank.case(State.RECEIVED, taken_in_at=first, campaign="CP-1", customer_group="SALARIED", collector=bank.people.cm)
    bank.case(State.RECEIVED, referred_at=first, taken_in_at=last, referrer=bank.people.cm2, referrer_type="EMPLOYEE")
    activate(bank, 3, collector=bank.people.cm)
    return bank


def test_what_is_reached_in_a_month_counts_by_hand(month_of_work: Bank) -> None:
    bank = month_of_work
    reached = {measure: of_branch(bank, measure).actual for measure in Measure}
    assert reached == {
        Measure.REFERRALS: 0,  # the one referral is by somebody of 云栖
        Measure.INTAKES: 11,  # 2 on the edges, 5 with a campaign or group, 1 referred, 3 activated
        Measure.ACTIVATIONS: 3,
        Measure.GROUPS: 2,
    }
    [other] = goals.branch_rows([bank.branches.yx01], month=NOVEMBER, at=FRIDAY)
    assert [cell.actual for cell in other.measures] == [1, 1, 0, 0]
    [cm] = goals.person_rows([bank.people.cm], month=NOVEMBER, at=FRIDAY)
    assert [cell.actual for cell in cm.measures] == [0, 10, 3, 2]


def test_every_figure_is_as_long_as_its_list(month_of_work: Bank) -> None:
    bank = month_of_work
    for row in goals.branch_rows(goals.branches_with_targets(), month=NOVEMBER, at=FRIDAY):
        for cell in row.measures:
            listed = goals.cases_of(cell.measure, span=NOVEMBER, branch=row.branch)
            number = listed.values("campaign").distinct() if cell.measure == Measure.GROUPS else listed
            assert number.count() == cell.actual
    for row in goals.person_rows([bank.people.cm, bank.people.cm2], month=NOVEMBER, at=FRIDAY):
        for cell in row.measures:
            listed = goals.cases_of(cell.measure, span=NOVEMBER, person=row.person)
            number = listed.values("campaign").distinct() if cell.measure == Measure.GROUPS else listed
            assert number.count() == cell.actual


def test_the_bank_together_is_the_sum_of_its_branches(month_of_work: Bank) -> None:
    aim(month_of_work, 10, measure=Measure.INTAKES)
    aim(month_of_work, 5, measure=Measure.INTAKES, branch=month_of_work.branches.yx01)
    rows = goals.branch_rows(goals.branches_with_targets(), month=NOVEMBER, at=FRIDAY)
    intakes = goals.together(rows)[1]
    assert (intakes.measure, intakes.target, intakes.actual) == (Measure.INTAKES, 15, 12)


def test_the_rows_of_all_branches_cost_three_queries(month_of_work: Bank, django_assert_num_queries) -> None:
    branches = goals.branches_with_targets()
    goals.branch_rows(branches, month=NOVEMBER, at=FRIDAY)
    with django_assert_num_queries(3):  # what is reached, the targets, the revision of the calendar
        goals.branch_rows(branches, month=NOVEMBER, at=FRIDAY)


# -- setting -----------------------------------------------------------------------------------------------------------
def test_each_change_leaves_an_audit_record_with_before_and_after(bank: Bank) -> None:
    assert aim(bank, 80) == 1
    assert aim(bank, 80) == 0
    assert aim(bank, 90) == 1
    assert aim(bank, None) == 1
    found = AuditRecord.objects.filter(action="set_target").order_by("id")
    assert [(row.subject, row.facts["before"], row.facts["after"]) for row in found] == [
        ("BH01", None, 80), ("BH01", 80, 90), ("BH01", 90, None),
    ]  # fmt: skip
    assert not Target.objects.exists()


def test_management_sets_branches_and_a_head_the_own_people_only(bank: Bank) -> None:
    people = bank.people
    assert aim(bank, 5, person=people.cm) == 1
    wanted = {(people.cm, Measure.INTAKES): 3}
    with pytest.raises(NotAllowed):
        set_targets(wanted=wanted, month=NOVEMBER, actor=people.mgt, at=SETTING)
    with pytest.raises(OutOfSight):
        set_targets(wanted=wanted, month=NOVEMBER, actor=people.bh2, at=SETTING)
    with pytest.raises(NotAllowed):
        set_targets(wanted={(bank.branches.bh01, Measure.INTAKES): 3}, month=NOVEMBER, actor=people.bh, at=SETTING)
    with refused("no_targets_here"):
        set_targets(wanted={(bank.branches.oc01, Measure.INTAKES): 3}, month=NOVEMBER, actor=people.mgt, at=SETTING)
    with refused("target_range"):
        aim(bank, 100_000)
    assert Target.objects.count() == 1


def test_a_month_that_is_over_keeps_its_targets(bank: Bank) -> None:
    aim(bank, 80)
    with refused("month_over"):
        set_targets(
            wanted={(bank.branches.bh01, Measure.ACTIVATIONS): 10}, month=NOVEMBER, actor=bank.people.mgt,
            at=at("2026-12-01 00:00"),
        )  # fmt: skip
    with refused("month_far"):
        set_targets(
            wanted={(bank.branches.bh01, Measure.ACTIVATIONS): 10}, month=Month(2062, 11), actor=bank.people.mgt,
            at=SETTING,
        )  # fmt: skip
    assert Target.objects.get().value == 80


def test_last_months_targets_fill_what_this_month_has_not(bank: Bank) -> None:
    october = at("2026-10-12 09:00")
    aim(bank, 70, when=october)
    aim(bank, 30, measure=Measure.INTAKES, when=october)
    aim(bank, 9, branch=bank.branches.yx01, when=october)
    aim(bank, 4, person=bank.people.cm, when=october)
    aim(bank, 80)  # this month's own
    assert copy_targets(month=NOVEMBER, actor=bank.people.mgt, at=SETTING) == 2
    assert copy_targets(month=NOVEMBER, actor=bank.people.mgt, at=SETTING) == 0
    november = Target.objects.filter(month="2026-11-01").order_by("value")
    assert [(row.branch.code, row.value) for row in november] == [("YX01", 9), ("BH01", 30), ("BH01", 80)]
    assert copy_targets(month=NOVEMBER, actor=bank.people.bh, at=SETTING) == 1
    assert copy_targets(month=NOVEMBER, actor=bank.people.bh2, at=SETTING) == 0
    with pytest.raises(NotAllowed):
        copy_targets(month=NOVEMBER, actor=bank.people.cm, at=SETTING)


# -- pages -------------------------------------------------------------------------------------------------------------
def test_the_grid_sets_what_was_typed_and_keeps_it_on_an_error(bank: Bank) -> None:
    management = page_of(bank.people.mgt)
    typed = {"BH01-ACTIVATIONS": "80", "YX01-INTAKES": "12"}
    assert management.post("/targets/set/", typed).status_code == 302
    assert set(Target.objects.values_list("branch__code", "measure", "value")) == {
        ("BH01", "ACTIVATIONS", 80), ("YX01", "INTAKES", 12),
    }  # fmt: skip
    wrong = management.post("/targets/set/", {"BH01-ACTIVATIONS": "-1", "YX01-INTAKES": "777"})
    assert wrong.status_code == 400
    assert 'value="777"' in wrong.text
    assert Target.objects.get(branch__code="YX01").value == 12
    head = page_of(bank.people.bh)
    assert head.post("/targets/set/", {f"{bank.people.cm.number}-REFERRALS": "6"}).status_code == 302
    assert Target.objects.get(person=bank.people.cm).value == 6
    assert page_of(bank.people.cm).get("/targets/set/").status_code == 403


def test_each_sees_the_own_part_of_the_month(bank: Bank) -> None:
    people = bank.people
    seen = page_of(people.mgt).get("/targets/").text
    assert "滨河支行" in seen
    assert "云栖支行" in seen
    head = page_of(people.bh).get("/targets/").text
    assert people.cm.name in head
    assert "云栖支行" not in head
    own = page_of(people.cm).get("/targets/").text
    assert people.cm.name in own
    assert people.bag.name not in own
    assert page_of(people.bh).get("/targets/?branch=YX01").status_code == 404
    assert page_of(people.cm).get(f"/targets/cases/?measure=INTAKES&person={people.bh.number}").status_code == 404
    assert page_of(people.bh).get(f"/targets/cases/?measure=INTAKES&person={people.cm2.number}").status_code == 404
    assert page_of(people.cm).get("/targets/cases/?measure=INTAKES").status_code == 404
    assert page_of(people.mgt).get("/targets/cases/?measure=WEATHER").status_code == 400
    assert page_of(people.mgt).get("/targets/?mnth=2026-11").status_code == 400


def test_a_figure_opens_its_cases(bank: Bank) -> None:
    case = bank.case(State.RECEIVED, taken_in_at=clock.now(), collector=bank.people.cm)
    listed = page_of(bank.people.cm).get(f"/targets/cases/?measure=INTAKES&person={bank.people.cm.number}").text
    assert f"/applications/{case.number}/" in listed
    management = page_of(bank.people.mgt).get("/targets/cases/?measure=INTAKES&branch=BH01").text
    assert case.number in management
    assert f"/applications/{case.number}/" not in management  # reads figures, not cases


def test_the_homes_of_head_and_customer_manager_show_the_targets_that_are_set(bank: Bank) -> None:
    assert "/targets/" not in [tile.href for tile in page_of(bank.people.bh).get("/").context["sections"][0].tiles]
    now = clock.now()
    aim(bank, 80, when=now)
    aim(bank, 4, person=bank.people.cm, when=now)
    for person in (bank.people.bh, bank.people.cm):
        tiles = page_of(person).get("/").context["sections"][0].tiles
        assert [tile.value for tile in tiles if tile.href == "/targets/"] == ["0.0%"]


def test_targets_over_http_equal_those_of_the_page(bank: Bank) -> None:
    management = page_of(bank.people.mgt)
    body = {"branch": "BH01", "measure": "ACTIVATIONS", "value": 80}
    sent = {"content_type": "application/json"}
    assert management.post("/api/v1/targets/", body, **sent).json() == {"changed": 1}
    answer = management.get("/api/v1/targets/").json()
    assert answer["month"] == "2026-11"
    row = next(row for row in answer["rows"] if row["branch"] == "BH01")
    assert row["measures"][2] == {
        "measure": "ACTIVATIONS", "target": 80, "actual": 0, "completion_pct": "0.0", "gap": "-85.7", "light": "red",
    }  # fmt: skip
    both = management.post("/api/v1/targets/", body | {"person": bank.people.cm.number}, **sent)
    assert both.status_code == 400
    assert page_of(bank.people.cm).post("/api/v1/targets/", body, **sent).status_code == 403
    assert page_of(bank.people.bh).post("/api/v1/targets/", body, **sent).status_code == 403
    other = {"person": bank.people.cm2.number, "measure": "INTAKES", "value": 1}
    assert page_of(bank.people.bh).post("/api/v1/targets/", other, **sent).status_code == 404
    over = management.post("/api/v1/targets/", body | {"month": "2026-10"}, **sent)
    assert (over.status_code, over.json()["code"]) == (409, "month_over")
    assert management.post("/api/v1/targets/copy/", {"month": "2026-12"}, **sent).json() == {"changed": 1}
    assert management.get("/api/v1/targets/?month=2026-13").status_code == 400
