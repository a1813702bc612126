"""The nightly reconciliation: once a night, kept, told to who has to act, and shown check by check."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.core.cache import cache
from django.db import connection

from applications.models import Application
from ops_center.desk.invariant_titles import TITLES
from ops_center.invariants import CHECKS, Check
from ops_center.reconciliation import RUN, reconcile, reconcile_nightly
from ops_center.tasks import reconcile_now
from organization.models import AuditRecord, JobRun, Message
from tests.cast import Cast, at
from tests.incentives.conftest import earned
from tests.incentives.test_pages import signed_in

pytestmark = pytest.mark.django_db
WHEN = at("2026-11-24 10:00")
NIGHT = at("2026-11-25 02:10")
READERS, STARTERS = {"AUD", "SUP", "ADM", "MGT"}, {"ADM", "AUD"}


@pytest.fixture
def case(bank: Cast) -> Application:
    return earned(bank, when=WHEN)


def break_something(case: Application) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE applications_application SET event_digest = '' WHERE id = %s", [case.pk])


def runs() -> list[datetime]:
    return list(JobRun.objects.filter(name=RUN).order_by("started_at").values_list("started_at", flat=True))


# -- the night ---------------------------------------------------------------------------------------------------------
def test_it_runs_once_a_night_after_two(bank: Cast) -> None:
    assert reconcile_nightly(at=at("2026-11-25 01:59")) == {}
    assert reconcile_nightly(at=NIGHT) == {"checks": len(CHECKS), "broken": 0}
    assert reconcile_nightly(at=at("2026-11-25 03:10")) == {}
    assert reconcile_nightly(at=at("2026-11-26 02:00")) == {"checks": len(CHECKS), "broken": 0}
    assert runs() == [NIGHT, at("2026-11-26 02:00")]


def test_a_run_that_failed_is_taken_up_by_the_next_pass(bank: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    def fall() -> list[str]:
        raise RuntimeError

    with monkeypatch.context() as patched:
        patched.setattr("ops_center.reconciliation.CHECKS", (Check("1", "falls", fall),))
        with pytest.raises(RuntimeError):
            reconcile_nightly(at=NIGHT)
    assert JobRun.objects.get(name=RUN).error == "RuntimeError"
    assert reconcile_nightly(at=at("2026-11-25 03:10"))["broken"] == 0


def test_every_check_leaves_its_count(bank: Cast, case: Application) -> None:
    reconcile(at=NIGHT)
    assert JobRun.objects.get(name=RUN).counts == dict.fromkeys((check.name for check in CHECKS), 0)


def test_what_is_broken_is_told_without_names_and_kept_by_name(bank: Cast, case: Application) -> None:
    break_something(case)
    counts = reconcile(at=NIGHT)
    found = {name: number for name, number in JobRun.objects.get(name=RUN).counts.items() if number}
    assert found == {"event-chains": 1}
    assert counts == {"checks": len(CHECKS), "broken": 1}
    told = Message.objects.filter(kind="invariants_broken")
    assert {message.employee for message in told} == {bank.tian_ye, bank.feng_zhiqiang}
    assert {message.about for message in told} == {"/reports/reconciliation/"}
    assert all(message.facts == {"count": 1} for message in told)
    kept = AuditRecord.objects.get(action="invariant_broken")
    assert kept.facts == {"check": "event-chains", "cases": [case.number]}


def test_nobody_is_told_when_everything_is_in_order(bank: Cast, case: Application) -> None:
    reconcile(at=NIGHT)
    assert not Message.objects.filter(kind="invariants_broken").exists()


# -- the page ----------------------------------------------------------------------------------------------------------
def test_every_invariant_has_a_title_for_the_page() -> None:
    assert set(TITLES) == {check.name for check in CHECKS}


def test_the_page_opens_for_who_answers_for_the_data(bank: Cast) -> None:
    for person in bank.people.values():
        expected = 200 if person.role_codes(WHEN.date()) & READERS else 403
        assert signed_in(person).get("/reports/reconciliation/").status_code == expected, person


def test_the_page_says_red_and_green_and_names_cases_to_who_may_open_them(bank: Cast, case: Application) -> None:
    break_something(case)
    reconcile(at=WHEN)
    for person, reads_numbers in (
        (bank.feng_zhiqiang, True),
        (bank.pan_wei, True),
        (bank.cao_ying, False),
        (bank.tian_ye, False),
    ):
        page = signed_in(person).get("/reports/reconciliation/").content.decode()
        assert page.count("In order") == len(CHECKS) - 1
        assert (case.number in page) == reads_numbers, person


def test_before_the_first_run_the_page_says_so(bank: Cast) -> None:
    assert "No reconciliation has run yet" in signed_in(bank.pan_wei).get("/reports/reconciliation/").content.decode()


def test_audit_or_the_administrator_asks_for_a_run_but_not_twice_a_minute(bank: Cast) -> None:
    cache.clear()
    for person in bank.people.values():
        if not person.role_codes(WHEN.date()) & STARTERS:
            assert signed_in(person).post("/reports/reconciliation/run/").status_code == 403, person
    assert signed_in(bank.pan_wei).post("/reports/reconciliation/run/").status_code == 302
    assert signed_in(bank.tian_ye).post("/reports/reconciliation/run/").status_code == 409
    assert signed_in(bank.pan_wei).get("/reports/reconciliation/run/").status_code == 405


def test_the_worker_runs_what_was_asked_for(bank: Cast) -> None:
    reconcile_now(bank.pan_wei.pk)
    assert AuditRecord.objects.get(action="reconcile").actor == bank.pan_wei


def test_nobody_starts_a_run_beside_a_running_one(bank: Cast) -> None:
    cache.clear()
    JobRun.objects.create(name=RUN, started_at=at("2026-11-25 09:59"))
    answer = signed_in(bank.pan_wei).post("/reports/reconciliation/run/")
    assert answer.status_code == 409
