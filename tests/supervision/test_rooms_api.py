"""Feed, summary, weekly sheet, report files, roster and standard minutes as programs open them."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest

from applications.lifecycle import QUEUES, Clock, Outcome, State, Step
from applications.models import Event, ReturnNote
from ops_center import clock
from supervision.models import Broadcast, MonthSummary, ReportRun, WeeklyNote
from supervision.periods import Month
from supervision.selectors.operations import FIGURES, Asked
from supervision.services.figures import count_touched_days
from supervision.services.report_files import write
from supervision.services.weekly import make_weekly_sheets
from tests.api.conftest import As
from tests.api.conftest import as_ as as_  # the fixture
from tests.cast import at
from tests.supervision.conftest import Bank, value_of

pytestmark = pytest.mark.django_db
BLOCKS = dict.fromkeys(MonthSummary.BLOCKS, "") | {"review": "本月转介三户"}


# -- the feed ----------------------------------------------------------------------------------------------------------
@pytest.fixture
def success(bank: Bank) -> Broadcast:
    case = bank.case(State.ACTIVATED, collector=bank.people.cm)
    facts = {"product": "白金卡", "number": 1, "referred": False, "batch": ""}
    return Broadcast.objects.create(
        application=case, reason="HIGH_TIER", person=bank.people.cm, branch=bank.branches.bh01, facts=facts,
        at=clock.now(),
    )  # fmt: skip


def test_the_person_says_a_sentence_and_the_head_a_word_and_both_take_them_back(
    bank: Bank, success: Broadcast, as_: As
) -> None:
    one = f"feed/{success.pk}/"
    mine = as_(bank.people.cm).post(f"{one}motto/", {"text": "先问客户想要什么"})
    assert (mine.status_code, mine.json()["motto"], mine.json()["is_mine"]) == (200, "先问客户想要什么", True)
    assert as_(bank.people.bh).post(f"{one}cheer/", {"text": "辛苦了"}).json()["cheer"] == "辛苦了"
    assert as_(bank.people.cs).post(f"{one}motto/", {"text": "不是我的"}).status_code == 403
    assert as_(bank.people.bh2).post(f"{one}cheer/", {"text": "别的支行"}).status_code == 403
    for wrong in ({"text": "x" * 81}, {"text": "13800138000"}, {"text": "x", "name": "y"}, {}):
        assert as_(bank.people.cm).post(f"{one}motto/", wrong).status_code == 400
    assert as_(bank.people.cm).post(f"{one}motto/", {"text": ""}).json()["motto"] == ""


def test_the_feed_is_cut_by_reason_and_person_and_hides_who_wants_it(
    bank: Bank, success: Broadcast, as_: As, django_assert_max_num_queries
) -> None:
    type(bank.people.cm).objects.filter(pk=bank.people.cm.pk).update(hides_name=True)
    reader = as_(bank.people.sup)
    with django_assert_max_num_queries(8):
        [line] = reader.get("feed/").json()["results"]
    assert bank.people.cm.name not in line["text"]
    assert bank.people.cm.name in as_(bank.people.cm).get("feed/", mine="true").json()["results"][0]["text"]
    assert reader.get("feed/", reason="GROUP").json()["results"] == []
    assert reader.get("feed/", reasons="GROUP").status_code == 400


# -- the summary -------------------------------------------------------------------------------------------------------
def test_a_summary_is_written_against_its_version_and_read_by_nobody_else(bank: Bank, as_: As) -> None:
    mine = as_(bank.people.cm)
    assert mine.get("summary/").json()["version"] == 0
    first = mine.post("summary/", BLOCKS | {"version": 0})
    assert (first.status_code, first.json()["version"], first["ETag"]) == (200, 1, '"1"')
    assert first.json()["texts"] == BLOCKS
    stale = mine.post("summary/", BLOCKS | {"review": "别处", "version": 0})
    assert (stale.status_code, MonthSummary.objects.get().review) == (412, BLOCKS["review"])
    assert mine.post("summary/", BLOCKS, **{"If-Match": '"1"'}).json()["version"] == 2
    assert mine.post("summary/", BLOCKS).json()["version"] == 3
    assert as_(bank.people.bh).get("summary/").json()["version"] == 0
    for wrong in ({}, BLOCKS | {"secret": ""}, BLOCKS | {"month": "2026-13"}, BLOCKS | {"plan": "x" * 1001}):
        assert mine.post("summary/", wrong).status_code == 400


def test_the_figures_of_a_summary_open_their_cases(bank: Bank, as_: As) -> None:
    case = bank.case(State.RECEIVED, collector=bank.people.cm, taken_in_at=at("2026-11-10 10:00"))
    mine = as_(bank.people.cm)
    assert mine.get("summary/").json()["figures"]["taken_in"] == 1
    assert [row["number"] for row in mine.get("summary/cases/", figure="taken_in").json()["results"]] == [case.number]
    assert mine.get("summary/cases/", figure="money").status_code == 400


# -- the weekly sheet --------------------------------------------------------------------------------------------------
@pytest.fixture
def sheet(bank: Bank) -> str:
    bank.case(State.RECEIVED, taken_in_at=at("2026-11-17 10:00"))
    make_weekly_sheets(at=at("2026-11-22 18:01"))
    return "2026-11-16"


def test_a_head_reads_the_own_area_writes_the_own_note_and_opens_the_own_cases(bank: Bank, sheet: str, as_: As) -> None:
    head = as_(bank.people.bh)
    [own] = head.get("weekly/").json()["sheets"]
    assert {line["branch"]: line["figures"]["intakes"] for line in own["lines"]}["BH01"] == 1
    assert len(as_(bank.people.mgt).get("weekly/", week=sheet).json()["sheets"]) > 1
    noted = head.post("weekly/note/", {"week": sheet, "text": "下周补两场驻点"})
    assert (noted.status_code, noted.json()["by"]) == (200, bank.people.bh.number)
    assert WeeklyNote.objects.get().text == "下周补两场驻点"
    cases = {"week": sheet, "figure": "intakes"}
    assert len(head.get("weekly/cases/", branch="BH01", **cases).json()["results"]) == 1
    assert head.get("weekly/cases/", branch="YX01", **cases).status_code == 404
    assert head.post("weekly/note/", {"week": "2026-11-09", "text": "没有这周"}).status_code == 404
    for wrong in ({"week": "2026-11-17", "text": "星期二"}, {"week": sheet, "text": ""}, {"text": "哪周"}):
        assert head.post("weekly/note/", wrong).status_code == 400
    assert as_(bank.people.sup).post("weekly/note/", {"week": sheet, "text": "x"}).status_code == 403


# -- report files ------------------------------------------------------------------------------------------------------
def test_a_file_is_asked_for_followed_and_fetched_by_its_asker_only(bank: Bank, as_: As) -> None:
    bank.case(State.RECEIVED, taken_in_at=at("2026-11-10 10:00"))
    mine = as_(bank.people.sup)
    body = {"report": "list", "form": "csv", "figure": "intake", "period": "2026-11"}
    assert mine.post("reports/files/", body).json()["code"] == "no_purpose"
    assert mine.post("reports/files/", body | {"report": "secrets"}).status_code == 400
    assert mine.post("reports/files/", body | {"format": "csv"}).status_code == 400
    asked = mine.post("reports/files/", body | {"purpose": "月度会议"})
    assert (asked.status_code, asked.json()["state"]) == (202, "WAITING")
    one = f"reports/files/{asked.json()['id']}/"
    assert mine.get(f"{one}content/").status_code == 404
    assert write(run=asked.json()["id"], at=clock.now())
    done = mine.get(one).json()
    content = mine.get(f"{one}content/")
    assert (done["state"], done["done_rows"], content["Content-Type"]) == ("DONE", 1, "text/csv; charset=utf-8")
    assert hashlib.sha256(content.content).hexdigest() == done["sha256"]
    other = as_(bank.people.mgt)
    assert [other.get(path).status_code for path in (one, f"{one}content/")] == [404, 404]
    assert other.get("reports/files/").json()["results"] == []
    assert [row["id"] for row in mine.get("reports/files/").json()["results"]] == [done["id"]]
    assert ReportRun.objects.count() == 1


def test_the_figures_of_the_operations_report_are_those_of_the_page(
    bank: Bank, as_: As, django_assert_max_num_queries
) -> None:
    for facts in ({}, {"round": 2}, {"branch": bank.branches.yx01}):
        bank.case(State.RECEIVED, taken_in_at=at("2026-11-10 10:00"), **facts)
    whole, own = Asked(Month(2026, 11), None, clock.now()), Asked(Month(2026, 11), bank.branches.bh01, clock.now())
    reader, head = as_(bank.people.mgt), as_(bank.people.bh)
    with django_assert_max_num_queries(32):
        answer = reader.get("reports/operations/", period="2026-11").json()
    for said, question in ((answer, whole), (head.get("reports/operations/").json(), own)):
        shown = {row["figure"]: (row["value"]["part"], row["value"]["whole"]) for row in said["figures"]}
        expected = {name: value_of(figure, question) for name, figure in FIGURES.items()}
        assert shown == {name: (value.part, value.whole) for name, value in expected.items()}
    assert shown["intake"] == (2, 2)
    assert head.get("reports/operations/", branch="YX01").status_code == 404
    assert reader.get("reports/operations/", period="2026-13").status_code == 400
    beside = reader.get("reports/operations/quality/", period="2026-11").json()["rows"]
    assert {row["subject"]: row["values"]["intake"]["whole"] for row in beside} == {"BH01": 2, "YX01": 1}


def test_every_part_of_the_operations_report_is_there_for_programs(bank: Bank, as_: As) -> None:
    day = at("2026-11-10 10:00")
    case = bank.case(State.RECEIVED, taken_in_at=day, collector=bank.people.cm)
    Event.objects.create(
        application=case, seq=1, step=Step.RECEIVE, from_state=State.IN_TRANSIT, to_state=State.RECEIVED, at=day,
        round=1, digest=b"",
    )  # fmt: skip
    Event.objects.create(
        application=case, seq=2, step=Step.SUBMIT_ENTRY, to_state=State.KEYED, at=day, round=1, digest=b"",
        actor=bank.people.ec,
    )  # fmt: skip
    ReturnNote.objects.create(application=case, round=2, codes=["D05"], note="x", returned_at=day)
    run = bank.clock(Clock.CHECK, day, case=case)
    run.intervals.create(since=day, until=day + timedelta(hours=1), minutes=60)
    bank.stop(run, day + timedelta(hours=1), Outcome.ON_TIME)
    count_touched_days(at=clock.now())
    reader, head, month = as_(bank.people.sup), as_(bank.people.bh), {"period": "2026-11"}

    said = reader.get("reports/operations/", **month).json()
    assert said["returned_codes"] == [{"code": "D05", "cases": 1}]
    once = {"part": 1, "whole": 1, "rate": 1.0}
    assert said["returned_branches"] == [{"subject": "BH01", "value": once}]
    assert said["returned_collectors"] == [{"subject": bank.people.cm.number, "value": once}]
    assert (said["output"]["items"], said["wrong_fields"]["rate"]) == (1, None)

    rows = reader.get("reports/operations/list/", figure="returned", side="part", code="D05", **month).json()
    assert [row["cells"][0] for row in rows["results"]] == [case.number]
    assert len(rows["columns"]) == len(rows["results"][0]["cells"])
    for wrong in ({"figure": "weather"}, {"figure": "intake", "code": "D05"}, {"figure": "bags", "who": "LZ1"}, {}):
        assert reader.get("reports/operations/list/", **wrong).status_code == 400, wrong
    assert head.get("reports/operations/list/", figure="intake", branch="YX01").status_code == 404

    beside, own = (who.get("reports/operations/beside/", **month).json() for who in (reader, head))
    net = {"clock": "CHECK", "part": "NET", "median": 60, "p90": 60, "clocks": 1}
    assert net in beside["stages"]
    assert net in own["stages"]
    assert {row["queue"] for row in beside["queues"]} == set(QUEUES)
    assert (own["center"], own["queues"], own["three_rates"]) == (None, [], [])

    idle = reader.get("reports/operations/idle/", **month).json()
    assert beside["center"] == idle["center"]
    assert sum(row["pieces"] for row in idle["people"]) == idle["center"]["pieces"] == 1
    assert head.get("reports/operations/idle/").status_code == 403

    rules = reader.get("reports/operations/rules/", **month).json()["rules"]
    [check] = [rule for rule in rules if rule["clock"] == "CHECK"]
    assert (check["version"], check["in_time"], check["rate"], len(check["terms"])) == (1, 1, 1.0, 5)

    asked = {"clock": "CHECK", "part": "NET", **month}
    for who in (reader, head):
        runs = who.get("boards/timeliness/runs/", **asked).json()["results"]
        assert [(run["application"], run["took"]) for run in runs] == [(case.number, 60)]
    assert reader.get("boards/timeliness/runs/", branch="YX01", **asked).json()["results"] == []
    assert head.get("boards/timeliness/runs/", branch="YX01", **asked).status_code == 404
    assert reader.get("boards/timeliness/runs/", clock="CHECK", part="FEELING").status_code == 400
    assert as_(bank.people.mgt).get("boards/timeliness/runs/", **asked).status_code == 403


# -- the center --------------------------------------------------------------------------------------------------------
def test_the_roster_is_planned_and_absences_are_entered_by_a_supervisor(bank: Bank, as_: As) -> None:
    planner, clerk = as_(bank.people.sup), bank.people.ec
    today = clock.today()
    day = {"person": clerk.number, "on": today.isoformat(), "minutes": 240}
    assert planner.post("roster/", {"days": [day]}).json() == {"changed": 1}
    seen = {row["person"]: row["days"][0] for row in as_(bank.people.mgt).get("roster/").json()["people"]}
    assert seen[clerk.number] == {"on": today.isoformat(), "minutes": 240}
    away = {"person": clerk.number.lower(), "starts_on": today.isoformat(), "ends_on": today.isoformat()}
    entered = planner.post("roster/absences/", away)
    assert (entered.status_code, entered.json()["person"], entered.json()["held"]) == (201, clerk.number, 0)
    assert planner.post("roster/absences/", away).json()["code"] == "overlap"
    seen = planner.get("roster/").json()
    assert {row["person"]: row["days"][0]["minutes"] for row in seen["people"]}[clerk.number] is None
    assert [row["id"] for row in seen["absences"]] == [entered.json()["id"]]
    assert planner.post(f"roster/absences/{entered.json()['id']}/end/").status_code == 200
    assert planner.post(f"roster/absences/{entered.json()['id']}/end/").status_code == 404
    for wrong in ({"days": []}, {"days": [day | {"minutes": "240"}]}, {"days": [day | {"minutes": 721}]}):
        assert planner.post("roster/", wrong).status_code == 400
    yesterday = (today - timedelta(days=1)).isoformat()
    assert planner.post("roster/", {"days": [day | {"on": yesterday}]}).status_code == 400


def test_standard_minutes_take_two_people_of_the_management(bank: Bank, as_: As) -> None:
    drafter, second = as_(bank.cast.cao_ying), as_(bank.cast.deng_hai)
    ahead = (clock.today() + timedelta(days=7)).isoformat()
    body = {"queue": "entry", "minutes": "12.5", "starts_on": ahead, "note": "按实测调整"}
    for wrong in (body | {"minutes": "0.1"}, body | {"queue": "lunch"}, body | {"starts_on": "2026-11-01"}):
        assert drafter.post("standard-minutes/", wrong).status_code == 400
    draft = drafter.post("standard-minutes/", body)
    assert (draft.status_code, draft.json()["status"]) == (201, "DRAFT")
    one = f"standard-minutes/{draft.json()['id']}/"
    assert drafter.post(f"{one}approve/").json()["code"] == "own_draft"
    assert second.post(f"{one}approve/").json()["approved_by"] == bank.cast.deng_hai.number
    assert second.post(f"{one}discard/").json()["code"] == "already_decided"
    seen = as_(bank.people.aud).get("standard-minutes/").json()
    assert ([row["minutes"] for row in seen["past"]], seen["drafts"]) == (["12.5"], [])
    assert {row["queue"]: row["source"] for row in seen["standards"]}["entry"] != "agreed"  # from its day on


# -- goals -------------------------------------------------------------------------------------------------------------
def test_the_cases_behind_a_target_and_a_score_are_within_the_readers_sight(bank: Bank, as_: As) -> None:
    bank.case(
        State.ACTIVATED, collector=bank.people.cm, taken_in_at=at("2026-11-03 10:00"),
        activated_at=at("2026-11-10 10:00"),
    )  # fmt: skip
    head, stranger = as_(bank.people.bh), as_(bank.people.bh2)
    wanted = {"measure": "ACTIVATIONS", "month": "2026-11"}
    assert len(head.get("targets/cases/", branch="BH01", **wanted).json()["results"]) == 1
    assert stranger.get("targets/cases/", branch="BH01", **wanted).status_code == 404
    assert head.get("targets/cases/", **wanted).status_code == 404
    assert len(as_(bank.people.mgt).get("targets/cases/", **wanted).json()["results"]) == 1
    score = {"board": "collectors", "period": "2026-11", "key": bank.people.cm.number}
    assert len(as_(bank.people.cm).get("boards/leaderboard/cases/", **score).json()["results"]) == 1
    assert as_(bank.people.cs).get("boards/leaderboard/cases/", **score).status_code == 404


def test_each_decides_whether_the_own_name_is_shown(bank: Bank, as_: As) -> None:
    mine = as_(bank.people.cm)
    assert mine.post("boards/leaderboard/name/", {"hides": True}).json() == {"hides": True}
    assert type(bank.people.cm).objects.get(pk=bank.people.cm.pk).hides_name
    assert mine.post("boards/leaderboard/name/", {"hides": "yes"}).status_code == 400
