"""Arrears in the first six months of a card: a flag for audit, and nothing else (domain section 8, ASM-13)."""

from __future__ import annotations

import pytest
from django.test import Client

from applications.models import Application, CardStatusRow
from applications.services.card_status import HEADER, apply_file, take_file
from incentives.models import Hold, RewardEntry
from incentives.selectors.corrections import to_review
from incentives.services.holds import pull_holds
from incentives.services.requests import refuse
from incentives.services.reversals import Reversal, approve_reversal, ask_reversal
from organization.models import Employee, Message
from tests.cast import Cast, at
from tests.incentives.conftest import earned

pytestmark = pytest.mark.django_db
WHEN = at("2026-08-31 10:00")
LOADED = at("2026-11-25 09:00")


@pytest.fixture
def case(bank: Cast) -> Application:
    return earned(bank, when=WHEN)


def in_arrears(bank: Cast, case: Application, on: str, *, loaded=LOADED) -> str:
    """The fate of the card system's line."""
    last4 = case.applicant.id_number.reveal()[-4:]
    content = ",".join(HEADER) + f"\n{case.number},{last4},DELINQUENT,{on}T10:00:00+08:00,,M1\n"
    file = take_file(name="overdue.csv", content=content.encode(), actor=bank.zheng_weiguo, at=loaded)
    apply_file(file_id=file.pk, at=loaded)
    return file.rows.get().fate


def flagged(when=LOADED) -> list[str]:
    return [row.assessment.application.number for row in to_review(when)]


def page_of(person: Employee) -> str:
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client.get("/corrections/").content.decode()


def test_audit_is_told_once_and_finds_the_card_where_claw_backs_begin(bank: Cast, case: Application) -> None:
    assert in_arrears(bank, case, "2026-11-20") == CardStatusRow.Fate.MATCHED
    assert in_arrears(bank, case, "2026-11-24") == CardStatusRow.Fate.DONE_BEFORE
    told = Message.objects.get(kind="early_delinquency")
    assert (told.employee, told.facts) == (bank.pan_wei, {"number": case.number, "day": "2026-11-20"})
    page = page_of(bank.pan_wei)
    assert f"/corrections/reversals/new/?application={case.number}" in page
    assert "In arrears" in page
    for person in (bank.feng_zhiqiang, bank.zheng_weiguo, bank.chen_xiaoming):
        assert "In arrears" not in page_of(person)


def test_nothing_is_held_and_nothing_taken_back_by_itself(bank: Cast, case: Application) -> None:
    before = list(RewardEntry.objects.values())
    in_arrears(bank, case, "2026-11-20")
    pull_holds(at=LOADED)
    assert list(RewardEntry.objects.values()) == before
    assert not Hold.objects.exists()
    assert bank.again(case).state == "ACTIVATED"


@pytest.mark.parametrize(("on", "is_early"), [("2027-02-27", True), ("2027-02-28", True), ("2027-03-01", False)])
def test_six_months_are_counted_by_the_calendar(bank: Cast, on: str, is_early: bool) -> None:
    """Of a card activated on 31 August, which no February has."""
    case = earned(bank, when=WHEN)
    assert in_arrears(bank, case, on, loaded=at("2027-03-02 09:00")) == CardStatusRow.Fate.MATCHED
    assert Message.objects.filter(kind="early_delinquency").exists() is is_early


def test_the_flag_goes_when_audit_asks_and_comes_back_when_that_is_refused(bank: Cast, case: Application) -> None:
    in_arrears(bank, case, "2026-11-20")
    assert flagged() == [case.number]
    asked = ask_reversal(case=case.number, reason="收入证明不实", actor=bank.pan_wei, at=LOADED)
    assert flagged() == []
    refuse(Reversal, asked.pk, actor=bank.feng_zhiqiang, at=LOADED, reason="证据不足")
    assert flagged() == [case.number]
    again = ask_reversal(case=case.number, reason="补充证据", actor=bank.pan_wei, at=LOADED)
    approve_reversal(reversal=again.pk, actor=bank.feng_zhiqiang, at=LOADED)
    assert flagged() == []


def test_the_flag_ends_with_the_window_of_the_claw_back(bank: Cast, case: Application) -> None:
    in_arrears(bank, case, "2026-11-20")
    assert flagged(at("2027-02-27 10:00")) == [case.number]  # the 180th day
    assert flagged(at("2027-02-28 10:00")) == []


def test_a_card_that_was_never_activated_here_cannot_be_in_arrears(bank: Cast) -> None:
    received = bank.received(when=WHEN)
    assert in_arrears(bank, received, "2026-11-20") == CardStatusRow.Fate.UNMATCHED


def test_the_list_costs_the_same_for_one_and_for_five(bank: Cast, django_assert_max_num_queries) -> None:
    for _card in range(5):
        in_arrears(bank, earned(bank, when=WHEN), "2026-11-20")
    with django_assert_max_num_queries(2):
        assert len(to_review(LOADED)) == 5
