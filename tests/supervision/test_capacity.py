"""Standard minutes by two people, the roster, the idle rate, and runs of the simulation that outlive their worker."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from io import StringIO
from threading import Barrier
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client

from applications.lifecycle import QUEUES, Clock, State, Step
from applications.models import Application, Event
from applications.services import claims
from ops_center.kernel.errors import Malformed, NotAllowed, Refused
from organization.models import Absence, AuditRecord, RosterDay
from supervision.models import SimulationRun, StandardMinutes
from supervision.selectors.assumptions import Assumptions, read
from supervision.selectors.capacity import QueueLoad, capacity_board
from supervision.selectors.forecast import forecast, what_if
from supervision.selectors.minutes import standard_minutes, standards
from supervision.selectors.productivity import productivity
from supervision.selectors.roster import roster
from supervision.selectors.workload import busy_hours, history, practised, standing
from supervision.services import simulations
from supervision.services.roster import end_absence, enter_absence, plan_days
from supervision.services.standards import approve_minutes, discard_minutes, draft_minutes
from tests.cast import at
from tests.supervision.conftest import Bank, found_bank

pytestmark = pytest.mark.django_db
NOW = at("2026-11-25 10:00")
TOMORROW, THURSDAY, FRIDAY = date(2026, 11, 26), date(2026, 11, 26), date(2026, 11, 27)


@pytest.fixture
def worked(bank: Bank) -> Bank:
    """One file a day for a week and a half, each checked, keyed, reviewed and filed on the day of its arrival, and one
    that lies in the check queue."""
    for day in (13, 16, 17, 18, 19, 20, 23, 24):
        walk(bank, bank.case(State.SUBMITTED), f"2026-11-{day}", len(WAY))
    start = at("2026-11-25 08:40")
    lying = bank.case(State.RECEIVED, received_at=start, progressed_at=start)
    walk(bank, lying, "2026-11-25", 1)
    for kind in (Clock.CHECK, Clock.ENTRY):
        bank.clock(kind, start, case=lying)
    return bank


WAY = (
    (Step.RECEIVE, State.IN_TRANSIT, State.RECEIVED, "08:40", "wu_xiaofeng"),
    (Step.PASS_CHECK, State.RECEIVED, State.CHECKED, "10:00", "he_xiulan"),
    (Step.SUBMIT_ENTRY, State.CHECKED, State.KEYED, "11:00", "fang_fang"),
    (Step.VERIFY, State.KEYED, State.ENTERED, "14:00", "xu_wenjuan"),
    (Step.FILE, State.ENTERED, State.SUBMITTED, "16:00", "zheng_weiguo"),
)


def walk(bank: Bank, case: Application, on: str, steps: int) -> None:
    """The events of a day's way through the center, straight into the table."""
    Event.objects.bulk_create(
        Event(
            application=case, seq=seq, step=step, from_state=before, to_state=after, at=at(f"{on} {hour}"), round=1,
            actor=getattr(bank.cast, who), digest=b"",
        )
        for seq, (step, before, after, hour, who) in enumerate(WAY[:steps], start=1)
    )  # fmt: skip


def sign_in(bank: Bank, who: str) -> Client:
    client = Client()
    client.force_login(getattr(bank.people, who))
    return client


# -- standard minutes ------------------------------------------------------------------------------------------------
def draft(bank: Bank, **facts: Any) -> StandardMinutes:
    asked: dict[str, Any] = {
        "queue": "check", "minutes": Decimal("12.5"), "starts_on": TOMORROW, "note": "实测中位数", **facts
    }  # fmt: skip
    return draft_minutes(actor=bank.cast.cao_ying, at=NOW, **asked)


@pytest.mark.parametrize(
    ("waits", "finished", "is_alarm"), [(10, 25, False), (11, 25, True), (1, 0, True), (0, 0, False)]
)
def test_more_than_two_days_of_backlog_are_an_alarm(waits: int, finished: int, is_alarm: bool) -> None:
    """Of 25 pieces in the last five working days five a day: ten that wait are two days."""
    queue = QueueLoad(
        QUEUES["entry"], open=waits, claimed=0, overdue=0, due_today=0, done_today=0, done={NOW.date(): finished}
    )
    assert queue.is_alarm is is_alarm


def test_standard_minutes_hold_from_their_day_on_once_a_second_person_has_approved(bank: Bank) -> None:
    assert standards(THURSDAY)["check"].source == "assumed"
    row = draft(bank)
    with pytest.raises(Refused) as no:
        approve_minutes(version=row.pk, actor=bank.cast.cao_ying, at=NOW)
    assert no.value.code == "own_draft"
    approve_minutes(version=row.pk, actor=bank.cast.deng_hai, at=NOW)
    assert standard_minutes(date(2026, 11, 25))["check"] == 15
    assert standard_minutes(THURSDAY)["check"] == 12.5
    assert standards(THURSDAY)["check"].source == "agreed"
    assert AuditRecord.objects.filter(action="approve_standard_minutes").count() == 1


def test_a_draft_of_minutes_is_refused_with_a_sentence_and_decided_once(bank: Bank) -> None:
    for facts in ({"queue": "dreams"}, {"minutes": Decimal(0)}, {"starts_on": NOW.date()}, {"note": " "}):
        with pytest.raises(Malformed):
            draft(bank, **facts)
    with pytest.raises(NotAllowed):
        draft_minutes(
            queue="check", minutes=Decimal(9), starts_on=TOMORROW, note="x", actor=bank.people.sup, at=NOW
        )  # fmt: skip
    first, second = draft(bank), draft(bank)
    approve_minutes(version=first.pk, actor=bank.cast.deng_hai, at=NOW)
    with pytest.raises(Refused) as no:
        approve_minutes(version=second.pk, actor=bank.cast.deng_hai, at=NOW)
    assert no.value.code == "day_taken"
    discard_minutes(version=second.pk, actor=bank.cast.cao_ying, at=NOW)
    with pytest.raises(Refused):
        discard_minutes(version=second.pk, actor=bank.cast.cao_ying, at=NOW)


# -- roster ----------------------------------------------------------------------------------------------------------
def away(bank: Bank, since: date, until: date, person: str = "LZ10008") -> Absence:
    row, _held = enter_absence(
        person=person, starts_on=since, ends_on=until, note="年假", actor=bank.people.sup, at=NOW
    )
    return row


def test_an_absence_shows_in_the_grid_of_the_next_five_working_days_and_is_taken_out_from_today_on(bank: Bank) -> None:
    row = away(bank, THURSDAY, FRIDAY)
    seen = roster(at=NOW)
    assert [day.day for day in seen.days] == [25, 26, 27, 30, 1]
    assert ("LZ10008", date(2026, 11, 25)) in seen.planned
    assert ("LZ10008", THURSDAY) not in seen.planned
    end_absence(absence=row.pk, actor=bank.people.sup, at=at("2026-11-27 09:00"))
    assert Absence.objects.get().ends_on == THURSDAY
    with pytest.raises(Refused):
        end_absence(absence=row.pk, actor=bank.people.sup, at=at("2026-11-30 09:00"))


def test_absences_that_overlap_lie_in_the_past_or_run_backwards_are_refused_with_a_sentence(bank: Bank) -> None:
    away(bank, THURSDAY, FRIDAY)
    with pytest.raises(Refused) as no:
        away(bank, FRIDAY, date(2026, 12, 4))
    assert no.value.code == "overlap"
    assert "2026-11-26" in str(no.value)
    for since, until in (
        (date(2026, 11, 20), FRIDAY), (FRIDAY, THURSDAY), (FRIDAY, date(2028, 1, 1)), (date(2028, 1, 1),) * 2
    ):  # fmt: skip
        with pytest.raises(Malformed):
            away(bank, since, until, person="LZ10007")
    with pytest.raises(NotAllowed):
        enter_absence(person="LZ10008", starts_on=FRIDAY, ends_on=FRIDAY, note="", actor=bank.people.tr, at=NOW)
    assert Absence.objects.count() == 1


def test_two_supervisors_do_not_enter_one_absence_at_once(transactional_db: None) -> None:
    bank = found_bank()
    start = Barrier(4)

    def enter(_n: int) -> str:
        try:
            start.wait(timeout=10)
            away(bank, THURSDAY, FRIDAY)
        except Refused as no:
            return no.code
        finally:
            connection.close()
        return "entered"

    with ThreadPoolExecutor(4) as people:
        assert sorted(people.map(enter, range(4))) == ["entered", "overlap", "overlap", "overlap"]
    assert Absence.objects.count() == 1


def test_whoever_goes_away_keeps_the_held_cases_in_sight_until_they_are_reassigned(bank: Bank) -> None:
    case = bank.cast.received(when=at("2026-11-25 08:40"))
    claims.reassign(case=case.pk, to=bank.people.cc, actor=bank.people.sup, at=NOW, note="先办")
    _row, held = enter_absence(
        person=bank.people.cc.number, starts_on=NOW.date(), ends_on=FRIDAY, note="", actor=bank.people.sup, at=NOW
    )
    assert [one.pk for one in held] == [case.pk]
    assert [one.number for one in roster(at=NOW).left_behind] == [case.number]
    assert bank.cast.again(case).is_claimed_by(bank.people.cc.pk, NOW)


def test_only_days_that_are_not_whole_ones_are_kept(bank: Bank) -> None:
    def plan(minutes: int, on: date = THURSDAY) -> int:
        return plan_days(wanted={("LZ10008", on): minutes}, actor=bank.people.sup, at=NOW)

    assert (plan(540), plan(240), plan(240)) == (0, 1, 0)
    assert RosterDay.objects.get().minutes == 240
    assert plan(540) == 1
    assert not RosterDay.objects.exists()
    for minutes, on in ((800, THURSDAY), (240, date(2026, 11, 24)), (240, date(2028, 1, 3))):
        with pytest.raises(Malformed):
            plan(minutes, on)


# -- idle rate -------------------------------------------------------------------------------------------------------
def test_the_idle_rate_is_one_less_the_standard_work_by_the_attended_minutes(worked: Bank) -> None:
    """Five working days, five checks of 15 minutes, one checker: 1 − 75 ÷ 2,700."""
    board = capacity_board(at=NOW)
    hands, together = productivity(board.days, board.finished, standards(NOW.date()))
    check = hands["check"]
    assert (check.pieces, check.person_days, check.attended) == (5, 5, 2700)
    assert check.idle_rate == pytest.approx(1 - 75 / 2700)
    assert check.per_head == 1
    # 许文娟 keys and reviews: her minutes stand with the review, which is what she did.
    assert hands["verify"].attended == 2700
    assert together.pieces == 20
    Absence.objects.create(employee=worked.people.cc, starts_on=date(2026, 11, 24), ends_on=date(2026, 11, 24))
    hands, _together = productivity(board.days, board.finished, standards(NOW.date()))
    assert hands["check"].attended == 2160


# -- what the model is fitted to --------------------------------------------------------------------------------------
def test_history_knows_every_stay_of_a_case_in_the_queues(worked: Bank) -> None:
    seen = history(at=NOW)
    over = [visit for visit in seen.visits if visit.left is not None]
    assert {queue: sum(visit.queue == queue for visit in over) for queue in ("check", "entry", "verify", "filing")} == {
        "check": 8, "entry": 8, "verify": 8, "filing": 8
    }  # fmt: skip
    first = [visit for visit in seen.visits if visit.case == over[0].case]
    assert [round(visit.left - visit.came) for visit in first if visit.left] == [80, 60, 180, 120]
    assert [visit.goes for visit in first] == ["entry", "verify", "filing", "FILED"]
    assert [visit.is_fresh for visit in first] == [True, False, False, False]
    (lying,) = standing(seen, at=NOW)
    assert lying.queue == "check"
    assert {kind: seen.axis.instant(due) for kind, due in lying.due.items()} == {
        "CHECK": at("2026-11-26 17:30"), "ENTRY": at("2026-11-27 17:30")
    }  # fmt: skip


def test_a_person_counts_among_the_hands_of_a_queue_that_is_really_worked_on() -> None:
    both = frozenset({"entry", "verify"})
    assert practised(both, {}) == both
    assert practised(both, {"entry": 100, "verify": 2}) == {"entry"}
    assert practised(both, {"entry": 90, "verify": 10}) == both


def test_the_hours_of_old_records_are_those_in_which_people_worked() -> None:
    assert busy_hours(dict.fromkeys(range(9, 18), 50)) == (540, 540)
    assert busy_hours({**dict.fromkeys([22, 23, 0, 1, 2, 3], 40), 12: 1}) == (22 * 60, 360)
    assert busy_hours({}) == (510, 540)


# -- forecast and what if ----------------------------------------------------------------------------------------------
def test_a_forecast_names_five_working_days_from_today_on_and_is_the_same_twice(worked: Bank) -> None:
    found = forecast(at=NOW)
    assert found["days"] == ["2026-11-25", "2026-11-26", "2026-11-27", "2026-11-30", "2026-12-01"]
    assert found["queues"] == ["check", "entry", "verify", "filing"]
    assert found["late"][0] == 0
    assert found["loans"] == []
    assert found == forecast(at=NOW)


def test_without_reviewers_the_review_is_late_and_the_clerk_of_both_trades_is_lent(worked: Bank) -> None:
    plain = what_if(Assumptions(replications=20), at=NOW)
    gone = what_if(read({"staff": {"ER": -1}, "replications": 20}, at=NOW), at=NOW)
    assert plain["today"] == plain["then"] == gone["today"]
    assert gone["then"]["late"][0] > plain["then"]["late"][0] == 0
    assert gone["then"]["done"][1][2] == 0
    away_all_week = {"person": "LZ10009", "from": "2026-11-25", "until": "2026-12-01"}
    assert what_if(read({"absent": [away_all_week], "replications": 20}, at=NOW), at=NOW)["then"]["late"][0] > 0


def test_more_arrivals_and_other_limits_are_told_apart_from_todays_plan(worked: Bank) -> None:
    doubled = what_if(read({"arrivals": 2, "replications": 20}, at=NOW), at=NOW)
    assert doubled["then"]["came"] > doubled["today"]["came"]


def test_another_limit_holds_for_what_is_still_to_come_and_not_for_what_runs(worked: Bank) -> None:
    """Nobody reviews: by two days the files of the next days are late too, by ten only the one that runs already."""
    nobody = {"staff": {"ER": -1}, "replications": 20}
    two, ten = (
        what_if(read({**nobody, "limits": {"ENTRY": days}}, at=NOW), at=NOW)["then"]["late"] for days in (2, 10)
    )
    assert two[0] > ten[0]
    assert ten == [1, 1, 1]


@pytest.mark.parametrize(
    "asked",
    [
        {"arrivals": 99}, {"arrivals": "nan"}, {"arrivals": -1}, {"staff": {"XX": 1}}, {"staff": {"CC": -9}},
        {"staff": {"EC": 1.5}}, {"staff": [1]}, {"limits": {"DREAM": 3}}, {"limits": {"ENTRY": -1}}, {"days": 0},
        {"days": 400}, {"seed": -1}, {"replications": 1}, {"weather": "fine"}, {"absent": "LZ10008"},
        {"absent": [{"person": "LZ10008", "from": "2026-11-02", "until": "2026-11-03"}]},
        {"absent": [{"person": "LZ10008", "from": "2026-11-27", "until": "2026-11-26"}]},
        {"absent": [{"person": "LZ10008", "from": "2026-11-27"}] * 51},
        {"absent": [{"person": "LZ10008", "from": "soon"}]}, {"absent": [{"person": "LZ10001", "from": "2026-11-27"}]},
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_with_a_sentence_for_its_part(bank: Bank, asked: dict[str, Any]) -> None:
    with pytest.raises(Malformed) as no:
        read(asked, at=NOW)
    assert list(no.value.errors) == list(asked)
    assert str(no.value)


# -- runs in the background --------------------------------------------------------------------------------------------
def ask(bank: Bank, **asked: Any) -> SimulationRun:
    return simulations.ask_what_if(
        name="多两人", asked={"replications": 20, **asked}, actor=bank.people.sup, at=NOW
    )  # fmt: skip


def test_a_question_is_answered_in_the_background_and_the_answer_stays(worked: Bank) -> None:
    run = ask(worked, staff={"EC": 2})
    assert (run.state, run.asked["staff"]) == ("WAITING", {"EC": 2})
    assert simulations.run_waiting(at=NOW) == {"runs": 1}
    run.refresh_from_db()
    assert (run.state, run.percent, run.attempts) == ("DONE", 100, 1)
    assert run.outcome["then"]["queues"] == ["check", "entry", "verify", "filing"]
    assert simulations.run_waiting(at=NOW) == {"runs": 0}


def test_a_run_whose_worker_died_is_taken_up_again_and_given_up_after_three_times(worked: Bank) -> None:
    run = ask(worked)
    SimulationRun.objects.filter(pk=run.pk).update(state="RUNNING", attempts=1, percent=40)
    assert simulations.run(run_id=run.pk, at=NOW)
    run.refresh_from_db()
    assert (run.state, run.attempts) == ("DONE", 2)
    again = ask(worked)
    SimulationRun.objects.filter(pk=again.pk).update(state="RUNNING", attempts=simulations.ATTEMPTS)
    assert simulations.run_waiting(at=NOW) == {"runs": 1}
    again.refresh_from_db()
    assert again.state == "FAILED"
    assert simulations.why_failed(again) != again.error


@pytest.mark.django_db(transaction=True)
def test_one_run_is_computed_at_a_time_and_left_alone_until_its_connection_ends(
    bank: Bank, runtime_connection: Any
) -> None:
    run, next_one = ask(bank), ask(bank)
    with runtime_connection.cursor() as other:
        other.execute("SELECT pg_advisory_lock(%s)", [simulations._LOCK])
        assert not simulations.run(run_id=run.pk, at=NOW)
        assert not simulations.run(run_id=next_one.pk, at=NOW)
        other.execute("SELECT pg_advisory_unlock(%s)", [simulations._LOCK])
    assert simulations.run_waiting(at=NOW) == {"runs": 1}
    next_one.refresh_from_db()
    assert next_one.state == "WAITING"
    assert simulations.run_waiting(at=NOW) == {"runs": 1}
    run.refresh_from_db()
    assert (run.state, run.error) == ("FAILED", simulations.NO_HISTORY)  # nothing has gone through this center


def test_a_forecast_is_asked_each_hour_of_work_and_a_check_each_week(bank: Bank) -> None:
    assert simulations.ask_current(at=NOW) == {"asked": 2, "removed": 0}
    SimulationRun.objects.update(state="DONE", finished_at=NOW)
    assert simulations.ask_current(at=at("2026-11-25 10:59"))["asked"] == 0
    assert simulations.ask_current(at=at("2026-11-25 11:01"))["asked"] == 1
    SimulationRun.objects.update(state="DONE", finished_at=NOW)
    assert simulations.ask_current(at=at("2026-11-28 11:00"))["asked"] == 0  # a Saturday
    assert simulations.ask_current(at=at("2026-11-30 09:00"))["asked"] == 2
    assert simulations.ask_current(at=at("2026-12-12 11:00"))["removed"] == 2


def test_three_open_questions_of_a_person_are_enough(bank: Bank) -> None:
    for _turn in range(simulations.MOST_OPEN):
        ask(bank)
    with pytest.raises(Refused):
        ask(bank)
    with pytest.raises(NotAllowed):
        simulations.ask_what_if(name="x", asked={}, actor=bank.people.tr, at=NOW)
    with pytest.raises(Malformed):
        simulations.ask_what_if(name=" ", asked={}, actor=bank.people.mgt, at=NOW)


# -- pages and the command ---------------------------------------------------------------------------------------------
PAGES = ("/boards/capacity/", "/boards/what-if/", "/roster/", "/standard-minutes/")


def test_the_pages_of_capacity_are_the_supervisors_and_the_managements(bank: Bank) -> None:
    for who in ("sup", "mgt"):
        client = sign_in(bank, who)
        assert [client.get(page).status_code for page in PAGES] == [200] * 4
    assert [sign_in(bank, "ec").get(page).status_code for page in PAGES] == [403] * 4
    assert sign_in(bank, "mgt").post("/roster/plan/").status_code == 403
    assert sign_in(bank, "sup").get("/boards/what-if/999/").status_code == 404
    assert sign_in(bank, "sup").get("/boards/capacity/?queue=dreams").status_code == 400


def test_the_supervisor_asks_and_reads_the_answer_beside_todays_plan(worked: Bank) -> None:
    client = sign_in(worked, "sup")
    typed = {"name": "旺季", "arrivals": "1.5", "days": "5", "seed": "3", "staff_EC": "1", "limit_ENTRY": "3",
             "person_0": "LZ10008", "from_0": "2026-11-26", "until_0": "2026-11-27"}  # fmt: skip
    answer = client.post("/boards/what-if/", typed)
    run = SimulationRun.objects.get()
    assert answer.headers["Location"] == f"/boards/what-if/{run.pk}/"
    assert 'hx-trigger="every 2s"' in client.get(f"/boards/what-if/{run.pk}/").content.decode()
    SimulationRun.objects.update(asked={**run.asked, "replications": 20})
    simulations.run_waiting(at=NOW)
    page = client.get(f"/boards/what-if/{run.pk}/").content.decode()
    assert "every 2s" not in page
    assert page.count('<svg class="chart"') == 2
    assert "旺季" in client.get("/boards/what-if/").content.decode()


def test_a_question_that_cannot_be_keeps_what_was_typed(worked: Bank) -> None:
    typed = {"name": "不可能", "arrivals": "1", "days": "5", "seed": "3", "staff_CC": "-9"}
    answer = sign_in(worked, "sup").post("/boards/what-if/", typed)
    assert answer.status_code == 400
    page = answer.content.decode()
    assert 'value="不可能"' in page
    assert 'value="-9"' in page
    assert not SimulationRun.objects.exists()


def test_the_capacity_page_shows_the_last_forecast_and_the_models_error(
    worked: Bank, django_assert_max_num_queries: Any
) -> None:
    asked = simulations.ask_current(at=NOW)["asked"]
    assert [simulations.run_waiting(at=NOW)["runs"] for _pass in range(asked)] == [1, 1]
    assert set(SimulationRun.objects.values_list("state", flat=True)) == {"DONE"}
    client = sign_in(worked, "sup")
    with django_assert_max_num_queries(45):
        page = client.get("/boards/capacity/").content.decode()
    assert "2026-11-30" in page
    assert "2026-11-16" in page  # the week that was held back
    run = SimulationRun.objects.get(kind="CHECK")
    assert run.outcome["really"]["late"] == 0
    assert run.outcome["really"]["done"] == [[1, 1, 1, 1]] * 5


def test_the_command_prints_one_object_and_refuses_what_cannot_be(worked: Bank) -> None:
    out, err = StringIO(), StringIO()
    call_command(
        "simulate", "--arrivals", "1.2", "--staff", "EC=+2", "--limit", "ENTRY=3", "--absent",
        "LZ10008=2026-11-26..2026-11-27", "--days", "2", "--seed", "7", "--replications", "20", stdout=out, stderr=err,
    )  # fmt: skip
    found = json.loads(out.getvalue())
    assert found["assumed"]["staff"] == {"EC": 2}
    assert len(found["then"]["days"]) == 2
    assert "%" in err.getvalue()
    with pytest.raises(CommandError, match="资信核查员"):
        call_command("simulate", "--staff", "CC=-9", stdout=out, stderr=err)
    out = StringIO()
    call_command("simulate", "--check", stdout=out, stderr=err)
    assert json.loads(out.getvalue())["error"]["late"] == 0
    assert SimulationRun.objects.get().kind == "CHECK"


def test_the_management_reads_figures_and_no_cases(worked: Bank) -> None:
    number = Application.objects.get(state=State.RECEIVED).number
    assert number in sign_in(worked, "sup").get("/boards/capacity/?queue=check").content.decode()
    assert number not in sign_in(worked, "mgt").get("/boards/capacity/?queue=check").content.decode()


def test_the_api_answers_with_the_forecast_and_takes_a_question(worked: Bank) -> None:
    client = sign_in(worked, "sup")
    assert client.get("/api/v1/boards/forecast/").json()["as_of"] is None
    simulations.ask_current(at=NOW)
    simulations.run_waiting(at=NOW)
    forecast_now = client.get("/api/v1/boards/forecast/").json()
    assert (len(forecast_now["days"]), forecast_now["as_of"]) == (5, "2026-11-25T10:00:00+08:00")
    body = {"name": "加两人", "assumptions": {"staff": {"EC": 2}, "replications": 20}}
    made = client.post("/api/v1/simulations/", body, content_type="application/json")
    assert (made.status_code, made.json()["state"]) == (202, "WAITING")
    assert client.get(f"/api/v1/simulations/{made.json()['id']}/").json()["assumptions"]["staff"] == {"EC": 2}
    assert len(client.get("/api/v1/simulations/").json()["results"]) == 1
    body["assumptions"] = {"arrivals": 99}
    refused = client.post("/api/v1/simulations/", body, content_type="application/json")
    assert (refused.status_code, list(refused.json()["errors"])) == (400, ["arrivals"])
    assert client.get("/api/v1/simulations/999/").status_code == 404
    assert sign_in(worked, "ec").get("/api/v1/simulations/").status_code == 403
