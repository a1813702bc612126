"""Limits, times and days by the API: exact statuses, the same sentences as on the pages."""

from __future__ import annotations

from typing import Any

import pytest

from applications.lifecycle import Clock
from tests.api.conftest import Caller
from tests.cast import at
from tests.supervision.conftest import Bank

pytestmark = pytest.mark.django_db


def limit(**facts: Any) -> dict[str, Any]:
    return {"clock": "ENTRY", "mode": "WORKDAYS_EOD", "amount": 1, "starts_on": "2026-12-01", "note": "试行"} | facts


def times(**facts: Any) -> dict[str, Any]:
    return {
        "branch": "SQ01", "opens_at": "08:30", "closes_at": "17:30", "cut_off": "16:00", "truck_at": "16:30",
        "cut_offs": [{"weekday": 5, "time": "11:00"}], "starts_on": "2026-12-01", "note": "县域线路",
    } | facts  # fmt: skip


def days(**facts: Any) -> dict[str, Any]:
    return {
        "year": 2026, "is_whole_year": False, "source": "管理部门通知",
        "days": [{"on": "2026-11-27", "is_workday": False, "name": "停业"}],
    } | facts  # fmt: skip


def test_a_limit_is_drafted_looked_at_and_approved(bank: Bank) -> None:
    drafter, second = Caller(bank.people.mgt), Caller(bank.cast.deng_hai)
    clock = bank.clock(Clock.ENTRY, at("2026-11-23 09:00"), owner=bank.people.ec)  # due on the 25th
    drafted = drafter.post("policies/clocks/", limit(owner_role=""))
    assert drafted.status_code == 201
    answer = drafted.json()
    assert answer["owner_role"] == "EC"  # the process says who
    assert (answer["standing"], answer["pauses_for"]) == ("DRAFT", ["BRANCH", "CUSTOMER", "HEAD_OFFICE", "OUTAGE"])
    path = f"policies/clocks/{answer['id']}/"
    assert second.get(f"{path}preview/").json() == {"measured": 1, "moved": 1, "cases": 1, "overdue": 1, "relieved": 0}
    [moved] = second.get(f"{path}moves/", show="overdue").json()["results"]
    assert (moved["application"], moved["would_be_due_at"][:16]) == (clock.application.number, "2026-11-24T17:30")
    assert second.get(f"{path}moves/", show="all").status_code == 400
    own = drafter.post(f"{path}approve/")
    assert (own.status_code, own.json()["code"]) == (409, "own_draft")
    assert second.post(f"{path}approve/").json()["standing"] == "AHEAD"
    assert second.post(f"{path}discard/").status_code == 409
    everybody = Caller(bank.people.emp)
    assert everybody.get("policies/timing/").status_code == 200
    december = everybody.get("deadline/", clock="ENTRY", start="2026-12-01T09:00:00+08:00").json()
    assert december["due_at"] == "2026-12-02T17:30:00+08:00"


def test_a_branch_asks_for_its_deadline_by_its_times(bank: Bank) -> None:
    drafter, second = Caller(bank.people.mgt), Caller(bank.cast.deng_hai)
    row = drafter.post("policies/times/", times()).json()
    assert row["cut_offs"] == {"5": "11:00"}
    assert second.get(f"policies/times/{row['id']}/preview/").json()["measured"] == 0
    assert second.post(f"policies/times/{row['id']}/approve/").status_code == 200

    def due(day: str) -> str:
        start = f"{day}T16:10:00+08:00"
        return drafter.get("deadline/", clock="DISPATCH", start=start, branch="SQ01").json()["due_at"]

    assert (due("2026-11-30"), due("2026-12-01")) == ("2026-11-30T20:00:00+08:00", "2026-12-02T20:00:00+08:00")


def test_a_day_is_turned_and_the_open_clocks_follow(bank: Bank) -> None:
    drafter, second = Caller(bank.people.mgt), Caller(bank.cast.deng_hai)
    bank.clock(Clock.ENTRY, at("2026-11-25 09:00"))  # due on Friday the 27th
    drafted = drafter.post("calendar/changes/", days())
    assert drafted.status_code == 201
    path = f"calendar/changes/{drafted.json()['id']}/"
    assert Caller(bank.people.sup).get(f"{path}preview/").json()["moved"] == 1
    assert len(second.get(f"{path}moves/").json()["results"]) == 1
    approved = second.post(f"{path}approve/").json()
    assert (approved["moved"], approved["recount"]["done"], approved["recount"]["total"]) == (1, 1, 1)
    assert approved["recount"]["finished_at"] is not None
    year = Caller(bank.people.emp).get("calendar/", year=2026).json()
    assert (year["workdays"], year["provisional"]) == (247, False)
    assert [row["status"] for row in second.get("calendar/changes/").json()["results"]] == ["APPROVED"]


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("policies/clocks/", limit(amount=31), "amount"),
        ("policies/clocks/", limit(mode="SOON"), "mode"),
        ("policies/clocks/", limit(starts_on="2026-11-25"), "starts_on"),
        ("policies/clocks/", limit(note=""), "note"),
        ("policies/clocks/", limit(lunch=1), "lunch"),
        ("policies/times/", times(cut_off="18:00"), "cut_off"),
        ("policies/times/", times(branch="XX99"), "branch"),
        ("policies/times/", times(cut_offs=[{"weekday": 5, "time": t} for t in ("11:00", "12:00")]), "cut_offs"),
        ("calendar/changes/", days(year=2020), "year"),
        ("calendar/changes/", days(year=2027, is_whole_year=True, days=[]), "days"),
        ("calendar/changes/", days(days=[{"on": "2026-11-25", "is_workday": False}]), "reason"),
        ("calendar/changes/", days(days=[{"on": "2026-11-28", "is_workday": False}]), "days"),
    ],
)
def test_what_does_not_fit_is_a_400_by_its_field(bank: Bank, path: str, body: dict[str, Any], field: str) -> None:
    answer = Caller(bank.people.mgt).post(path, body)
    assert answer.status_code == 400
    assert field in answer.json()["errors"]


def test_roles_and_sight(bank: Bank) -> None:
    management, tracker = Caller(bank.people.mgt), Caller(bank.people.tr)
    key = management.post("policies/clocks/", limit()).json()["id"]
    assert tracker.post("policies/clocks/", limit()).status_code == 403
    assert tracker.post(f"policies/clocks/{key}/approve/").status_code == 403
    assert tracker.get(f"policies/clocks/{key}/preview/").status_code == 403
    assert key not in [row["id"] for row in tracker.get("policies/timing/").json()["clocks"]]
    assert management.post("policies/clocks/999999/approve/").status_code == 404
    assert tracker.get("calendar/changes/").status_code == 403
    assert tracker.get("calendar/", year="soon").status_code == 400
