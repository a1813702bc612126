"""The broker carries hints. Without it every step is answered, and nothing that should follow is lost or doubled."""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from celery import current_app
from django.conf import settings
from django.core.management import call_command
from django.db import connection

from applications.models import Application, Event
from incentives.models import Assessment, RewardEntry
from incentives.reference import install_policies
from incentives.services.accrual import accrue
from ops_center import clock
from ops_center.embedded.processes import Child, Nursery, free_port
from organization.models import ApiToken, Employee
from tests.cast import Cast, make_bank

pytestmark = pytest.mark.django_db(transaction=True)
FAST = 3.0  # seconds for the fastest of some answers: waiting for the broker would hold up all of them, by six
PROOF = {"identity_verified": True, "channel": "PHONE", "proof": "回呼核验三项信息"}


@pytest.fixture
def bank(transactional_db: None) -> Cast:
    cast = make_bank()
    install_policies()
    return cast


def coached(bank: Cast) -> Application:
    """A case of path B that only has to be activated."""
    when = clock.now() - timedelta(minutes=10)
    return bank.coach(bank.issued(bank.received(when=when), when=when), when=when)


def sweep() -> None:
    call_command("sweep", stdout=io.StringIO(), stderr=io.StringIO())


def wait_until(holds: Callable[[], bool], *, within: float = 30.0) -> None:
    deadline = time.monotonic() + within
    while not holds():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.1)


# -- a web server whose broker is away --------------------------------------------------------------------------------
@pytest.fixture(params=["refuses", "is silent"])
def no_broker(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a broker where nobody listens, or of one that takes the call and never says a word."""
    if request.param == "refuses":
        yield f"redis://127.0.0.1:{free_port()}"
        return
    with socket.create_server(("127.0.0.1", 0)) as deaf:  # the kernel takes the calls; nobody picks them up
        yield f"redis://127.0.0.1:{deaf.getsockname()[1]}"


@pytest.fixture
def web(runtime_dsn: str, no_broker: str, tmp_path: Path) -> Iterator[int]:
    """The port of a real web server on the test database, as the role that it has in a running stack."""
    nursery, port = Nursery(tmp_path / "logs"), free_port()
    child = nursery.spawn(
        "web",
        [sys.executable, "-m", "gunicorn", "ops_center.wsgi", "--bind", f"127.0.0.1:{port}", "--no-control-socket"],
        env={**os.environ, "DATABASE_URL": runtime_dsn, "REDIS_URL": no_broker},
        cwd=settings.BASE_DIR,
    )
    try:
        wait_until(lambda: child.ended or lives(port))
        assert not child.ended, child.last_words()
        yield port
    finally:
        nursery.close()


def lives(port: int) -> bool:
    try:
        return ask(port, "GET", "health/")[0] == 200
    except OSError:
        return False


def ask(port: int, method: str, path: str, *, body: Any = None, by: Employee | None = None) -> tuple[int, float]:
    """Status and seconds of one call of the API."""
    headers = {"Content-Type": "application/json"}
    if by is not None:
        now = clock.now()
        token = ApiToken.issue(employee=by, at=now, expires_at=now + timedelta(days=1))
        headers["Authorization"] = f"Token {token}"
    line, begun = HTTPConnection("127.0.0.1", port, timeout=60), time.monotonic()
    line.request(method, f"/api/v1/{path}", json.dumps(body) if body is not None else None, headers)
    answer = line.getresponse()
    answer.read()
    line.close()
    return answer.status, time.monotonic() - begun


def test_without_a_broker_a_step_is_answered_and_its_effect_comes_by_the_sweep(bank: Cast, web: int) -> None:
    cases = [coached(bank) for _case in range(3)]
    paths = [f"applications/{case.number}/steps/activate/" for case in cases]
    answers = [ask(web, "POST", path, body=PROOF, by=bank.lin_xiaoyu) for path in paths]
    assert [status for status, _seconds in answers] == [200] * 3
    assert min(seconds for _status, seconds in answers) < FAST
    assert Event.objects.filter(step="activate").count() == 3
    assert not Assessment.objects.exists()  # nobody could be told
    sweep()
    for case in cases:
        assert sum(entry.amount_fen for entry in RewardEntry.objects.filter(assessment=case.pk, kind="SPLIT")) == 100_00


def test_without_a_broker_the_server_lives_but_is_not_ready(bank: Cast, web: int) -> None:
    assert ask(web, "GET", "health/")[0] == 200
    answers = [ask(web, "GET", "ready/") for _try in range(3)]
    assert [status for status, _seconds in answers] == [503] * 3
    assert min(seconds for _status, seconds in answers) < FAST


# -- S12: the same hint many times ------------------------------------------------------------------------------------
def test_s12_accrual_delivered_three_times_at_once_makes_one_set(bank: Cast, worker: Child) -> None:
    done = worker.log.read_text().count("succeeded")
    case = coached(bank)
    os.kill(worker.pid, signal.SIGSTOP)  # the hints pile up before it
    try:
        bank.activate(case, when=clock.now())  # hints by itself
        for _delivery in range(2):
            current_app.send_task("incentives.accrue", ignore_result=True)
    finally:
        os.kill(worker.pid, signal.SIGCONT)
    with ThreadPoolExecutor(2) as pool:  # and two more passes beside the worker's
        beside = [pool.submit(accrue_on_a_connection_of_its_own) for _pass in range(2)]
    assert [one.result()["failed"] for one in beside] == [0, 0]
    wait_until(lambda: worker.log.read_text().count("succeeded") >= done + 3)

    entries = list(RewardEntry.objects.filter(assessment=case.pk, kind="SPLIT"))
    assert (len(entries), sum(entry.amount_fen for entry in entries)) == (6, 100_00)
    assert Event.objects.filter(application=case, step="activate").count() == 1


def accrue_on_a_connection_of_its_own() -> Any:
    try:
        return accrue(at=clock.now())
    finally:
        connection.close()
