"""Urging: the message goes to who has to act next."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection

from applications.lifecycle import Clock, State
from ops_center.kernel.errors import NotAllowed, OutOfSight, Refused
from organization.models import Message
from supervision.models import Urge
from supervision.services.urging import urge
from tests.cast import at
from tests.supervision.conftest import Bank, found_bank

pytestmark = pytest.mark.django_db
NOON = at("2026-11-25 12:00")


def told(kind: str = "urged") -> set[str]:
    return set(Message.objects.filter(kind=kind).values_list("employee__number", flat=True))


def test_the_owner_of_the_next_deadline_is_told(bank: Bank) -> None:
    case = bank.case()
    bank.clock(Clock.ENTRY, at("2026-11-24 08:40"), case=case, owner=bank.people.ec)
    bank.clock(Clock.CHECK, at("2026-11-24 08:40"), case=case, owner=bank.people.cc)
    row = urge(number=case.number, actor=bank.people.tr, at=NOON, text="客户明天出差")
    assert told() == {bank.people.cc.number}
    assert (row.told, row.by) == (1, bank.people.tr)


def test_who_holds_the_case_is_told_first(bank: Bank) -> None:
    case = bank.case(claimed_by=bank.people.ec, claimed_at=NOON, claimed_until=NOON + timedelta(minutes=30))
    bank.clock(Clock.CHECK, at("2026-11-24 08:40"), case=case, owner=bank.people.cc)
    urge(number=case.number, actor=bank.people.tr, at=NOON, text="请加快")
    assert told() == {bank.people.ec.number}


def test_one_person_urges_a_case_once_an_hour(bank: Bank) -> None:
    case, other = bank.case(), bank.case()
    bank.clock(Clock.CHECK, at("2026-11-24 08:40"), case=case, owner=bank.people.cc)
    urge(number=case.number, actor=bank.people.tr, at=NOON, text="请加快")
    with pytest.raises(Refused, match="12:00"):
        urge(number=case.number, actor=bank.people.tr, at=NOON + timedelta(minutes=59), text="请加快")
    urge(number=case.number, actor=bank.people.sup, at=NOON, text="请加快")
    urge(number=other.number, actor=bank.people.tr, at=NOON, text="请加快")
    urge(number=case.number, actor=bank.people.tr, at=NOON + timedelta(hours=1), text="请加快")
    assert Message.objects.filter(kind="urged", employee=bank.people.cc).count() == 3


@pytest.mark.django_db(transaction=True)
def test_who_presses_twice_at_once_urges_once() -> None:
    bank, presses = found_bank(), 6
    case, ready = bank.case(), Barrier(presses)
    bank.clock(Clock.CHECK, at("2026-11-24 08:40"), case=case, owner=bank.people.cc)

    def press(_number: int) -> str:
        ready.wait()
        try:
            urge(number=case.number, actor=bank.people.tr, at=NOON, text="请加快")
        except Refused as no:
            return no.code
        finally:
            connection.close()
        return "told"

    with ThreadPoolExecutor(presses) as hands:
        assert sorted(hands.map(press, range(presses))) == ["told", *["urged_already"] * (presses - 1)]
    assert Message.objects.filter(kind="urged", employee=bank.people.cc).count() == 1


def test_a_case_that_waits_in_a_queue_goes_to_the_supervisors(bank: Bank) -> None:
    case = bank.case()
    bank.clock(Clock.CHECK, at("2026-11-24 08:40"), case=case)
    urge(number=case.number, actor=bank.people.tr, at=NOON, text="请加快")
    assert told() == {bank.people.sup.number}


def test_a_finished_case_urges_nobody(bank: Bank) -> None:
    case = bank.case(State.ACTIVATED)
    with pytest.raises(Refused):
        urge(number=case.number, actor=bank.people.tr, at=NOON, text="请加快")
    assert not Urge.objects.exists()


def test_a_collector_urges_only_what_is_in_sight(bank: Bank) -> None:
    own, other = bank.case(collector=bank.people.cm), bank.case(collector=bank.people.cm2)
    urge(number=own.number, actor=bank.people.cm, at=NOON, text="请加快")
    with pytest.raises(OutOfSight):
        urge(number=other.number, actor=bank.people.cm, at=NOON, text="请加快")


def test_clerks_do_not_urge(bank: Bank) -> None:
    with pytest.raises(NotAllowed):
        urge(number=bank.case().number, actor=bank.people.ec, at=NOON, text="请加快")
