"""The letter of the day: one per person and working day, at the hour of the person's choice, lists without clients."""

from __future__ import annotations

from datetime import date, time, timedelta

import pytest

from applications.lifecycle import Clock, State
from organization.models import Absence, Channel, Delivery, Employee, Message, NewsPreference
from organization.services.inbox import tell
from supervision.services.breaches import find_breaches
from supervision.services.digests import write_digests, write_group_digest
from tests.cast import at
from tests.supervision.conftest import Bank

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def mail_is_on(settings) -> None:
    settings.HAS_MAIL = True


def wants_mail(*people: Employee, **chosen: time) -> None:
    for person in people:
        Employee.objects.filter(pk=person.pk).update(email=f"{person.number.lower()}@bank.example")
        NewsPreference.objects.create(employee=person, by_mail=True, **chosen)


def text_for(person: Employee) -> str:
    return Delivery.objects.get(employee=person).text


@pytest.fixture
def late(bank: Bank) -> str:
    """Due on Thursday 19 November: four working days ago on the Wednesday after."""
    case = bank.case(State.CHECKED, due_at=at("2026-11-19 17:30"), due_clock=Clock.ENTRY)
    bank.clock(Clock.ENTRY, at("2026-11-17 09:00"), case=case, owner=bank.people.ec)
    find_breaches(at=at("2026-11-19 17:31"))
    return case.number


def test_it_comes_once_a_day_at_the_chosen_hour_and_on_working_days_only(bank: Bank, late: str) -> None:
    wants_mail(bank.people.sup, digest_at=time(9, 30))
    passes = ["2026-11-25 09:29", "2026-11-25 09:30", "2026-11-25 09:35", "2026-11-25 16:00", "2026-11-26 09:30",
              "2026-11-28 09:30"]  # fmt: skip
    assert [write_digests(at=at(when)) for when in passes] == [0, 1, 0, 0, 1, 0]
    keys = Delivery.objects.order_by("pk").values_list("key", flat=True)
    assert list(keys) == ["digest:LZ10012:2026-11-25", "digest:LZ10012:2026-11-26"]


def test_who_is_absent_or_has_nothing_or_wants_no_mail_gets_none(bank: Bank, late: str) -> None:
    wants_mail(bank.people.sup, bank.people.cm)
    Absence.objects.create(employee=bank.people.sup, starts_on=date(2026, 11, 25), ends_on=date(2026, 11, 25))
    assert write_digests(at=at("2026-11-25 09:30")) == 0
    assert write_digests(at=at("2026-11-26 09:30")) == 1  # the supervisor is back, the manager has nothing


def test_each_reads_what_is_theirs(bank: Bank, late: str) -> None:
    people = bank.people
    wants_mail(people.sup, people.mgt, people.bh, people.tr, people.ec, people.bh2)
    file = bank.case(State.TAKEN_IN)
    bank.clock(Clock.DISPATCH, at("2026-11-24 10:00"), case=file, owner=people.cm)
    today = bank.case(State.CHECKED)
    bank.clock(Clock.ENTRY, at("2026-11-23 10:00"), case=today, owner=people.ec)
    assert write_digests(at=at("2026-11-25 09:30")) == 5
    assert late in text_for(people.sup)
    assert late in text_for(people.mgt)
    for person in (people.bh, people.tr):
        assert file.number in text_for(person)
        assert late not in text_for(person)
    assert f"{today.number} 17:30" in text_for(people.ec)
    assert not Delivery.objects.filter(employee=people.bh2).exists()  # another branch


def test_unread_messages_are_counted_and_the_newest_named_without_free_text(bank: Bank) -> None:
    wants_mail(bank.people.ec)
    for turn in range(12):
        when = at("2026-11-24 10:00") + timedelta(minutes=turn)
        facts = {"number": f"JL{turn:02d}", "person": "郑维国", "text": "王小明的件请尽快"}
        tell([bank.people.ec], kind="urged", at=when, **facts)
    assert write_digests(at=at("2026-11-25 09:30")) == 1
    text = text_for(bank.people.ec)
    assert "：12" in text
    assert "JL11" in text
    assert "JL01" not in text
    assert "王小明" not in text


def test_ten_readers_cost_as_many_queries_as_one(bank: Bank, late: str, django_assert_max_num_queries) -> None:
    others = [bank.cast.hire(f"主管{turn}", "OC01", "SUP") for turn in range(9)]
    wants_mail(bank.people.sup, *others)
    with django_assert_max_num_queries(20):
        assert write_digests(at=at("2026-11-25 09:30")) == 10


def test_the_groups_get_figures_once_a_working_day_and_no_names(bank: Bank, late: str, settings) -> None:
    settings.CHAT_URLS = ["json://127.0.0.1:9/"]
    passes = ["2026-11-25 08:59", "2026-11-25 09:00", "2026-11-25 12:00", "2026-11-28 09:30"]
    assert [write_group_digest(at=at(when)) for when in passes] == [0, 1, 0, 0]
    row = Delivery.objects.get(channel=Channel.CHAT)
    assert (row.employee, row.key) == (None, "group:2026-11-25")
    assert late not in row.text
    assert not any(person.name in row.text for person in Employee.objects.all())


def test_nothing_is_written_where_the_bank_has_no_mail(bank: Bank, late: str, settings) -> None:
    settings.HAS_MAIL = False
    wants_mail(bank.people.sup)
    assert write_digests(at=at("2026-11-25 09:30")) == write_group_digest(at=at("2026-11-25 09:30")) == 0
    assert not Message.objects.filter(employee=bank.people.sup, kind="digest").exists()
