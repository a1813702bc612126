"""Many activations of one card at one moment, from the officers' screens and from the card system's files: one event,
one verdict, one set of shares, and nobody reads an error that is none of his."""

from __future__ import annotations

import threading
from collections import Counter
from typing import Any

import pytest
from django.db import IntegrityError
from rest_framework.test import APIClient

from applications.lifecycle import Step
from applications.models import Application, CardStatusRow, Event
from applications.services import engine
from applications.services.card_status import apply_file, take_file
from incentives.models import Assessment, RewardEntry
from incentives.services.accrual import accrue
from ops_center import clock
from organization.models import Employee
from tests.api.conftest import API, Caller
from tests.applications.test_races import all_at_once
from tests.cast import Cast
from tests.incentives.conftest import priced_bank

pytestmark = pytest.mark.django_db(transaction=True)
PROOF = {"identity_verified": True, "channel": "PHONE", "proof": "回呼核验"}
HEADER = "application_number,id_last4,status,at,card_last4,reason\n"


@pytest.fixture
def bank(transactional_db: None) -> Cast:
    return priced_bank()


def coached(bank: Cast) -> Application:
    when = clock.now()
    return bank.again(bank.coach(bank.issued(bank.received(when=when), when=when), when=when))


class Storm:
    """So many activations of a case, half of them by the API, half by the card system's import, each on a connection
    of its own and each with a pass of the accrual behind it, as its hint would have it."""

    def __init__(self, officer: Employee, *, width: int) -> None:
        self.width = width
        self.clients = [self._client(officer) for _request in range(width // 2)]
        self.statuses: Counter[int] = Counter()

    def _client(self, officer: Employee) -> APIClient:
        client = Caller(officer).client
        client.raise_request_exception = False  # what breaks is an answer of 500
        return client

    def breaks_over(self, case: Application) -> None:
        line = f"{case.number},{case.applicant.id_number.reveal()[-4:]},ACTIVATED,{clock.now().isoformat()},,\n"
        files = [self._file(HEADER + line, n) for n in range(self.width - len(self.clients))]
        acts = [lambda client=client: self._by_api(client, case.number) for client in self.clients]
        acts += [lambda file=file: self._by_file(file) for file in files]
        answers = all_at_once(acts)
        assert [answer for answer in answers if isinstance(answer, Exception)] == []
        self.statuses.update(answer for answer in answers if answer is not None)

    def _file(self, text: str, n: int) -> int:
        return take_file(name=f"{n}.csv", content=text.encode(), actor=None, at=clock.now()).pk

    def _by_api(self, client: APIClient, number: str) -> int:
        answer: Any = client.post(f"{API}applications/{number}/steps/activate/", PROOF, format="json")
        accrue(at=clock.now())
        return int(answer.status_code)

    def _by_file(self, file: int) -> None:
        apply_file(file_id=file, at=clock.now())
        accrue(at=clock.now())


def prove(bank: Cast, *, cases: int, width: int) -> None:
    everyone = [coached(bank) for _case in range(cases)]
    storm = Storm(bank.lin_xiaoyu, width=width)
    for case in everyone:
        storm.breaks_over(case)
    assert Event.objects.filter(step=Step.ACTIVATE).count() == cases
    assert Assessment.objects.count() == cases
    assert RewardEntry.objects.filter(kind="SPLIT").count() == 6 * cases
    for case in everyone:
        assert sum(entry.amount_fen for entry in RewardEntry.objects.filter(assessment=case.pk, kind="SPLIT")) == 100_00
    assert set(storm.statuses) <= {200, 409}
    fates = Counter(CardStatusRow.objects.values_list("fate", flat=True))
    assert storm.statuses[200] + fates["MATCHED"] == cases
    assert set(fates) <= {"MATCHED", "DONE_BEFORE"}


def test_twenty_activations_at_once_of_each_of_five_cases(bank: Cast) -> None:
    prove(bank, cases=5, width=20)


@pytest.mark.long
def test_fifty_activations_at_once_of_each_of_a_hundred_cases(bank: Cast) -> None:
    prove(bank, cases=100, width=50)


def test_control_without_the_lock_on_the_case_the_losers_break_on_the_keys_of_the_tables(
    bank: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same step on a case that was read without locking its row: all find it activatable and go on, and only the
    database keeps the second event out, with an error instead of a refusal."""
    case = coached(bank)
    together = threading.Barrier(4)

    def unguarded(ref: int | str) -> Application:
        found = Application.objects.with_people().get(pk=ref)
        together.wait(timeout=10)
        return found

    monkeypatch.setattr(engine, "lock", unguarded)
    answers = all_at_once([lambda: bank.activate(case, when=clock.now())] * 4)
    assert sum(isinstance(answer, IntegrityError) for answer in answers) == 3
    assert Event.objects.filter(application=case, step=Step.ACTIVATE).count() == 1
