"""A question to the simulation is taken back by who asked it, and whoever computes it stops at the next replication."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection

from ops_center.kernel.errors import NotAllowed, OutOfSight, Refused
from supervision.models import SimulationRun
from supervision.services import simulations
from tests.cast import at
from tests.supervision.conftest import Bank
from tests.supervision.test_capacity import NOW, ask, sign_in, worked

__all__ = ["worked"]
pytestmark = pytest.mark.django_db
LATER = at("2026-11-25 10:01")

# Who asked cancels in a process of their own while the worker is at this per cent.
MEANWHILE = """
CREATE FUNCTION pg_temp.cancelled() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN NEW.state := 'STOPPED'; NEW.finished_at := now(); RETURN NEW; END $$;
CREATE TRIGGER meanwhile BEFORE UPDATE OF percent ON supervision_simulationrun
FOR EACH ROW WHEN (NEW.percent >= 10 AND NEW.percent < 100) EXECUTE FUNCTION pg_temp.cancelled()
"""


def test_a_question_that_waits_is_cancelled_and_never_computed(worked: Bank) -> None:
    run = ask(worked)
    cancelled = simulations.cancel(run=run.pk, actor=worked.people.sup, at=LATER)
    assert (cancelled.state, cancelled.finished_at, cancelled.error) == ("STOPPED", LATER, "")
    assert simulations.run_waiting(at=LATER) == {"runs": 0}
    assert not simulations.run(run_id=run.pk, at=LATER)
    with pytest.raises(Refused) as no:
        simulations.cancel(run=run.pk, actor=worked.people.sup, at=LATER)
    assert no.value.code == "simulation_over"


def test_a_run_that_is_cancelled_while_it_works_stops_at_the_next_replication(worked: Bank) -> None:
    run = ask(worked)
    with connection.cursor() as cursor:
        cursor.execute(MEANWHILE)
    assert not simulations.run(run_id=run.pk, at=LATER)
    run.refresh_from_db()
    assert (run.state, run.percent, run.outcome, run.error) == ("STOPPED", 10, {}, "")  # 20 runs twice: 2 ½ % each


def test_only_who_asked_cancels(worked: Bank) -> None:
    run = ask(worked)
    with pytest.raises(NotAllowed) as no:
        simulations.cancel(run=run.pk, actor=worked.people.mgt, at=LATER)
    assert no.value.code == "not_asker"
    with pytest.raises(NotAllowed):
        simulations.cancel(run=run.pk, actor=worked.people.tr, at=LATER)
    forecast = simulations.ask_forecast(actor=worked.people.sup, at=NOW)
    for nothing in (forecast.pk, 999):
        with pytest.raises(OutOfSight):
            simulations.cancel(run=nothing, actor=worked.people.sup, at=LATER)
    assert not SimulationRun.objects.filter(state="STOPPED").exists()


def test_who_cancels_finds_the_assumptions_typed(worked: Bank) -> None:
    run = ask(worked, staff={"EC": 2}, arrivals=1.5, absent=[{"person": "LZ10008", "from": "2026-11-26"}])
    client = sign_in(worked, "sup")
    assert f'action="/boards/what-if/{run.pk}/cancel/"' in client.get(f"/boards/what-if/{run.pk}/").content.decode()
    assert "/cancel/" not in sign_in(worked, "mgt").get(f"/boards/what-if/{run.pk}/").content.decode()
    answer = client.post(f"/boards/what-if/{run.pk}/cancel/")
    assert answer.headers["Location"] == f"/boards/what-if/?from={run.pk}"
    page = client.get(answer.headers["Location"]).content.decode()
    for typed in ('value="1.5"', 'value="2"', '<option value="LZ10008" selected>', 'value="2026-11-26"'):
        assert typed in page
    assert "已取消" in page
    shown = client.get(f"/boards/what-if/{run.pk}/").content.decode()
    assert "every 2s" not in shown
    assert "/cancel/" not in shown


@pytest.mark.parametrize("key", ["", "0", "999", "x", "²", "9" * 40])
def test_assumptions_of_nothing_are_todays_plan(worked: Bank, key: str) -> None:
    page = sign_in(worked, "sup").get("/boards/what-if/", {"from": key})
    assert page.status_code == 200
    assert 'value="1.0"' in page.content.decode()


def test_the_api_cancels_too(worked: Bank) -> None:
    client: Any = sign_in(worked, "sup")
    run = ask(worked)
    answer = client.post(f"/api/v1/simulations/{run.pk}/cancel/", {}, content_type="application/json")
    assert (answer.status_code, answer.json()["state"], answer.json()["error"]) == (200, "STOPPED", "")
    again = client.post(f"/api/v1/simulations/{run.pk}/cancel/", {}, content_type="application/json")
    assert (again.status_code, again.json()["code"]) == (409, "simulation_over")
    assert client.post("/api/v1/simulations/999/cancel/", {}, content_type="application/json").status_code == 404
