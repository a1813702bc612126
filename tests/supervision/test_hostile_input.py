"""Numbers that are none, days beyond the calendar and texts beyond measure are refused in the rooms of timing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from applications.lifecycle import Clock
from supervision.models import Breach, SimulationRun, Target
from supervision.services.breaches import find_breaches
from tests.cast import at
from tests.supervision.conftest import Bank
from tests.supervision.test_report_files import page_of

pytestmark = pytest.mark.django_db
NOW = at("2026-11-25 10:00")
NUMBERS: list[Any] = [10**400, -1, 1e308, "NaN", float("nan"), float("inf"), True, [], {}, "１", 10**9, 0.5]
TEXTS: list[Any] = ["x" * 10**6, "\u0000", [], {"a": 1}, 7, None]
DAYS: list[Any] = ["9999-12-31", "0001-01-01", "2026-02-30", 20261125, "\u0000"]
MONTHS = ["9999-12", "0001-01", "0000-00", "2026-13", "９９９９-12", "2026-Q5", "x" * 7, "-1", "9999-Q4"]


def refused(bank: Bank, who: str, address: str, body: dict[str, Any]) -> bool:
    answer = page_of(getattr(bank.people, who)).post(
        f"/api/v1/{address}", json.dumps(body), content_type="application/json"
    )
    return 400 <= answer.status_code < 500 and bool(answer.json()["detail"])


@pytest.mark.parametrize("name", ["arrivals", "days", "seed", "replications"])
def test_a_question_to_the_simulation_takes_numbers_within_measure_only(bank: Bank, name: str) -> None:
    fine = {"arrivals": (True, 0.5, "１"), "days": ("１",), "seed": ("１", 10**9)}.get(name, ())
    for number in NUMBERS:
        if number not in fine:
            body = {"name": "旺季", "assumptions": {name: number}}
            assert refused(bank, "sup", "simulations/", body), number
    for text in TEXTS[:-1]:
        for absent in (text or 1, [{"person": text}]):
            assert refused(bank, "sup", "simulations/", {"name": "旺季", "assumptions": {"absent": absent}}), text
    assert not SimulationRun.objects.exists()


def test_targets_rosters_and_absences_take_numbers_and_days_within_measure_only(bank: Bank) -> None:
    clerk = bank.people.ec.number
    for number in (*NUMBERS[:9], 10**9, 0.5):
        target = {"branch": "BH01", "measure": "INTAKES", "value": number}
        assert refused(bank, "bh", "targets/", target) or number is True, number
        plan = {"days": [{"person": clerk, "on": "2026-11-26", "minutes": number}]}
        assert refused(bank, "sup", "roster/", plan), number
    for day in DAYS:
        assert refused(bank, "sup", "roster/", {"days": [{"person": clerk, "on": day, "minutes": 480}]}), day
        away = {"person": clerk, "starts_on": day, "ends_on": "0001-01-01"}
        assert refused(bank, "sup", "roster/absences/", away), day
    assert not Target.objects.filter(value__gt=10**6).exists()


@pytest.mark.parametrize("month", MONTHS)
def test_a_period_that_is_none_or_beyond_the_calendar_is_refused(bank: Bank, month: str) -> None:
    supervisor = page_of(bank.people.sup)
    for address in (
        "/boards/timeliness/?period=", "/boards/delays/?period=", "/boards/funnel/?period=", "/boards/targets/?month=",
        "/reports/operations/?period=", "/api/v1/boards/timeliness/?period=", "/api/v1/boards/delays/?period=",
        "/api/v1/targets/?month=", "/api/v1/boards/funnel/?period=",
    ):  # fmt: skip
        assert supervisor.get(f"{address}{month}").status_code in (200, 400, 404), address


def test_what_is_said_about_a_breach_stays_within_measure(bank: Bank) -> None:
    bank.clock(Clock.ENTRY, at("2026-11-19 09:00"), owner=bank.people.ec)
    find_breaches(at=NOW)
    breach = Breach.objects.get()
    for text in TEXTS:
        assert refused(bank, "ec", f"breaches/{breach.pk}/justify/", {"code": "OTHER", "text": text}), text
        assert refused(bank, "ec", f"breaches/{breach.pk}/justify/", {"code": text, "text": "系统停机"}), text
        for path, name in (("opinion", "supports"), ("decide", "accepted")):
            assert refused(bank, "tr", f"breaches/{breach.pk}/{path}/", {name: text, "note": "同意"}), text
    assert not Breach.objects.filter(justification__isnull=False).exists()
