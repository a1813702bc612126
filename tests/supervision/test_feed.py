"""The success feed: what is told, once, without a client; and the words that people add."""

from __future__ import annotations

from datetime import timedelta
from itertools import count

import pytest
from django.test import Client

from applications.lifecycle import State, Step
from applications.models import Application, Event
from ops_center import clock
from ops_center.kernel.errors import NotAllowed, OutOfSight
from organization.models import AuditRecord, Message
from organization.services.people import hide_name
from supervision.models import Broadcast
from supervision.selectors.feed import feed, told
from supervision.services.broadcasts import cheer, say_motto, tell_successes
from tests.cast import at
from tests.supervision.conftest import Bank

pytestmark = pytest.mark.django_db
NOW = at("2026-11-25 09:00")
EVER = "2026-01-05 10:00"
_seq = count(1)


def page_of(person) -> Client:
    client = Client()
    client.force_login(person)
    return client


def activated(bank: Bank, when: str, *, product: str = "PK", told_at=None, **facts) -> Application:
    """A card activated then; its event is of that hour, or of the hour at which a file was applied."""
    facts.setdefault("collector", bank.people.cm)
    case = bank.case(State.ACTIVATED, taken_in_at=at(EVER), activated_at=at(when), **facts)
    Application.objects.filter(pk=case.pk).update(product=bank.cast.product(product))
    Event.objects.create(
        application=case, seq=next(_seq), step=Step.ACTIVATE, to_state=State.ACTIVATED, at=told_at or at(when), round=1,
        digest=b"",
    )  # fmt: skip
    return case


def reasons() -> list[tuple[str, str]]:
    return sorted(Broadcast.objects.values_list("person__number", "reason"))


def text_of(reader) -> list[str]:
    return [told(row, reader=reader, at=NOW).text for row in feed()]


def test_the_first_card_of_a_person_is_told_and_the_second_is_not(bank: Bank) -> None:
    activated(bank, "2026-11-24 09:00")
    activated(bank, "2026-11-24 10:00")
    assert tell_successes(at=NOW) == 1
    activated(bank, "2026-11-25 08:00")
    assert tell_successes(at=NOW) == 0
    assert reasons() == [(bank.people.cm.number, "FIRST_CARD")]


def test_the_referrer_is_congratulated_and_only_of_a_walk_in_the_collector(bank: Bank) -> None:
    activated(bank, "2026-11-24 09:00", referrer=bank.people.emp, referrer_type="EMPLOYEE")
    assert tell_successes(at=NOW) == 1
    [line] = text_of(bank.people.mgt)
    assert line == "祝贺分行营业部李文静成功转介江岚经典卡，客户已激活！"
    assert Message.objects.get(kind="success_told").employee == bank.people.emp


def test_platinum_and_higher_are_told_each_time(bank: Bank) -> None:
    activated(bank, EVER)
    for hour in (9, 10):
        activated(bank, f"2026-11-24 {hour:02}:00", product="BJ")
    tell_successes(at=NOW)
    assert [reason for _person, reason in reasons()] == ["HIGH_TIER", "HIGH_TIER"]


@pytest.mark.parametrize("is_kept", [True, False])
def test_the_tenth_card_of_a_group_is_a_milestone(bank: Bank, is_kept: bool) -> None:
    activated(bank, EVER)
    facts = {"group_batch": bank.group("TB-A")} if is_kept else {"campaign": "TB-A", "customer_group": "GROUP"}
    for nth in range(11):
        activated(bank, f"2026-11-{nth + 5:02} 09:00", told_at=at("2026-11-24 09:00"), **facts)
    tell_successes(at=NOW)
    group = Broadcast.objects.get(reason="GROUP")
    assert group.facts["number"] == 10
    assert "TB-A" in told(group, reader=bank.people.mgt, at=NOW).text


def test_a_branch_s_best_day_is_told_once_when_it_becomes_one(bank: Bank) -> None:
    activated(bank, EVER)
    for hour in range(9, 13):
        activated(bank, f"2026-11-20 {hour:02}:00", told_at=at("2026-11-20 13:00"))
    tell_successes(at=at("2026-11-20 14:00"))  # three are a record, four are the same day
    for hour in range(9, 13):
        activated(bank, f"2026-11-23 {hour:02}:00")
    tell_successes(at=at("2026-11-23 14:00"))  # as many as the best day is none
    for hour in range(9, 14):
        activated(bank, f"2026-11-24 {hour:02}:00")
    tell_successes(at=NOW)
    records = Broadcast.objects.filter(reason="RECORD").order_by("at")
    assert [row.facts["number"] for row in records] == [3, 5]


def test_a_pass_that_slept_for_days_loses_nothing_and_none_is_told_twice(bank: Bank) -> None:
    activated(bank, EVER)
    activated(bank, "2026-11-10 09:00", product="BJ")
    assert tell_successes(at=at("2026-11-10 10:00")) == 1
    activated(bank, "2026-11-11 09:00", product="BJ")
    activated(bank, "2026-11-20 09:00", product="BJ")
    assert tell_successes(at=NOW) == 2
    assert tell_successes(at=NOW) == 0


def test_records_of_the_time_before_the_system_are_not_told(bank: Bank) -> None:
    activated(bank, "2026-11-24 09:00", product="BJ", is_imported=True)
    assert tell_successes(at=NOW) == 0


def test_the_feed_never_names_a_client_or_a_case(bank: Bank) -> None:
    case = bank.cast.activated(when=at("2026-11-24 09:00"))
    activated(bank, "2026-11-24 09:00", product="BJ")
    assert tell_successes(at=at("2026-11-30 09:00")) >= 2
    page = page_of(bank.people.emp).get("/feed/").text
    for number in Application.objects.values_list("number", flat=True):
        assert number not in page
    assert case.applicant.name_mask not in page


def test_the_person_adds_a_sentence_and_the_head_a_word(bank: Bank) -> None:
    activated(bank, "2026-11-24 09:00")
    tell_successes(at=NOW)
    row = Broadcast.objects.get()
    own = page_of(bank.people.cm)
    assert own.post(f"/feed/{row.pk}/motto/", {"text": "多问一句就有了"}).status_code == 302
    assert page_of(bank.people.bh).post(f"/feed/{row.pk}/cheer/", {"text": "干得好"}).status_code == 302
    page = page_of(bank.people.emp).get("/feed/").text
    assert "多问一句就有了" in page
    assert "干得好" in page
    assert own.post(f"/feed/{row.pk}/motto/", {"text": "长" * 81}).status_code == 400
    assert own.post(f"/feed/{row.pk}/motto/", {"text": "客户13800001234"}).status_code == 400
    with pytest.raises(NotAllowed):
        say_motto(broadcast=row.pk, text="x", actor=bank.people.bh, at=NOW)
    with pytest.raises(NotAllowed):
        cheer(broadcast=row.pk, text="x", actor=bank.people.bh2, at=NOW)
    with pytest.raises(OutOfSight):
        say_motto(broadcast=0, text="x", actor=bank.people.cm, at=NOW)
    row.refresh_from_db()
    assert (row.motto, row.cheer) == ("多问一句就有了", "干得好")


def test_a_word_that_is_written_over_or_taken_back_stays_in_the_audit_log(bank: Bank) -> None:
    activated(bank, "2026-11-24 09:00")
    tell_successes(at=NOW)
    row = Broadcast.objects.get()
    for say, person in ((say_motto, bank.people.cm), (cheer, bank.people.bh)):
        for text in ("先说一句", "改一句", "改一句", ""):
            say(broadcast=row.pk, text=text, actor=person, at=NOW)
    for action, person in (("say_motto", bank.people.cm), ("cheer", bank.people.bh)):
        kept = AuditRecord.objects.filter(action=action, subject=f"success {row.pk}", actor=person).order_by("pk")
        assert [(one.facts["before"], one.facts["after"]) for one in kept] == [
            ("", "先说一句"), ("先说一句", "改一句"), ("改一句", ""),
        ]  # fmt: skip


def test_who_hides_the_name_goes_by_the_last_two_digits(bank: Bank) -> None:
    activated(bank, "2026-11-24 09:00")
    tell_successes(at=NOW)
    hide_name(employee=bank.people.cm, hides=True, at=NOW)
    [others] = text_of(bank.people.mgt)
    assert bank.people.cm.name not in others
    assert bank.people.cm.number[-2:] in others
    [own] = text_of(type(bank.people.cm).objects.get(pk=bank.people.cm.pk))
    assert bank.people.cm.name in own


def test_the_feed_is_read_page_by_page_and_costs_few_queries(bank: Bank, django_assert_max_num_queries) -> None:
    case = activated(bank, EVER)
    now = clock.now()
    for nth in range(3):
        other = activated(bank, f"2026-11-{nth + 2:02} 09:00")
        Broadcast.objects.create(
            application=other, reason="HIGH_TIER", person=bank.people.cm, branch=case.branch, at=now - timedelta(nth),
            facts={"product": f"卡{nth}", "number": 1, "referred": False, "batch": ""},
        )  # fmt: skip
    reader = page_of(bank.people.emp)
    with django_assert_max_num_queries(7):  # session, person, roles, branch, unread, page
        first = reader.get("/feed/?page_size=2")
    assert "卡0" in first.text
    assert "卡2" not in first.text
    assert "卡2" in reader.get(f"/feed/?page_size=2&after={first.context['page'].next}").text
    assert "卡0" not in reader.get("/feed/?reason=RECORD").text
    assert "卡0" not in reader.get("/feed/?mine=1").text
