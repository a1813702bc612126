"""Letters out of the house: written once, sent when the reader may be told, tried again, given up in sight."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path

import pytest
from django.core import mail
from django.db import connection

from ops_center.kernel.errors import NotAllowed, Refused
from organization.models import Channel, Delivery, Employee, NewsPreference
from organization.services.inbox import tell
from organization.services.letters import MOST_TRIES, forget_letters, letters_in, post, send_again, send_due
from tests.cast import Cast, at, make_bank

pytestmark = pytest.mark.django_db
WHEN = at("2026-11-25 10:00")


@pytest.fixture(autouse=True)
def mail_is_on(settings) -> None:
    settings.HAS_MAIL = True
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"


def by_mail(person: Employee, address: str = "feng@bank.example") -> Employee:
    Employee.objects.filter(pk=person.pk).update(email=address)
    NewsPreference.objects.update_or_create(employee=person, defaults={"by_mail": True})
    return person


def letter_to(person: Employee | None, key: str = "k", **facts) -> Delivery:
    post([Delivery(channel=Channel.MAIL, employee=person, subject="件", text="正文", key=key, due_at=WHEN, **facts)])
    return Delivery.objects.get(key=key)


def missing_file(person: Employee, when=WHEN) -> int:
    return tell([person], kind="bag_missing", at=when, about="/bags/1/", bag="FB2611240003", packed=12, found=11)


def test_what_goes_by_mail_is_written_with_the_message_and_sent_by_the_job(bank: Cast) -> None:
    missing_file(by_mail(bank.feng_zhiqiang))
    tell([bank.feng_zhiqiang], kind="issued", at=WHEN, number="JL26112400017")  # the inbox is enough
    tell([bank.zhao_lixin], kind="bag_missing", at=WHEN, bag="FB1", packed=2, found=1)  # has not asked for mail
    row = Delivery.objects.get()
    assert (row.employee, row.sent_at) == (bank.feng_zhiqiang, None)
    assert mail.outbox == []
    assert send_due(at=WHEN) == {"sent": 1, "failed": 0, "given_up": 0}
    assert send_due(at=WHEN) == {"sent": 0, "failed": 0, "given_up": 0}
    [sent] = mail.outbox
    assert sent.to == ["feng@bank.example"]
    assert "FB2611240003" in sent.subject
    assert "/bags/1/" in sent.body


def test_each_key_goes_out_once(bank: Cast) -> None:
    person = by_mail(bank.feng_zhiqiang)
    letter_to(person)
    letter_to(person)
    send_due(at=WHEN)
    letter_to(person)
    assert send_due(at=WHEN)["sent"] == 0
    assert len(mail.outbox) == 1


def test_a_letter_waits_until_its_reader_may_be_told(bank: Cast) -> None:
    missing_file(by_mail(bank.feng_zhiqiang), at("2026-11-27 20:00"))  # a Friday evening
    for early in ("2026-11-27 20:01", "2026-11-28 10:00", "2026-11-30 08:29"):
        assert send_due(at=at(early))["sent"] == 0
    assert send_due(at=at("2026-11-30 08:30"))["sent"] == 1


def test_a_server_that_is_away_fails_no_request_and_is_tried_with_growing_waits(bank: Cast, settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", 9, 1  # nobody listens
    person = by_mail(bank.feng_zhiqiang)
    missing_file(person)
    letter_to(person, "second")
    now, waits = WHEN, []
    for _try in range(MOST_TRIES - 1):
        assert send_due(at=now)["failed"] == 1  # the second is not even tried while the server is away
        row = Delivery.objects.order_by("pk").first()
        waits.append((row.due_at - now) / timedelta(minutes=1))
        assert row.error == "ConnectionRefusedError"
        Delivery.objects.filter(key="second").update(due_at=row.due_at + timedelta(seconds=1))
        now = row.due_at
    assert waits == [2, 4, 8, 16]
    assert send_due(at=now) == {"sent": 0, "failed": 0, "given_up": 1}
    assert send_due(at=now)["given_up"] == 0


def test_what_was_given_up_is_sent_again_by_who_watches(bank: Cast) -> None:
    row = letter_to(by_mail(bank.feng_zhiqiang))
    Delivery.objects.update(given_up_at=WHEN, tries=MOST_TRIES, error="ConnectionRefusedError")
    assert send_due(at=WHEN) == {"sent": 0, "failed": 0, "given_up": 0}
    with pytest.raises(NotAllowed):
        send_again(delivery=row.pk, actor=bank.chen_xiaoming, at=WHEN)
    send_again(delivery=row.pk, actor=bank.tian_ye, at=WHEN)
    assert send_due(at=WHEN)["sent"] == 1
    with pytest.raises(Refused):
        send_again(delivery=row.pk, actor=bank.tian_ye, at=WHEN)


def test_who_has_no_address_is_no_fault_and_has_the_letter_once_there_is_one(
    bank: Cast, caplog: pytest.LogCaptureFixture
) -> None:
    row = letter_to(bank.feng_zhiqiang)
    assert send_due(at=WHEN) == {"sent": 0, "failed": 0, "given_up": 0, "without_address": 1}
    assert caplog.records == []
    row.refresh_from_db()
    assert (row.tries, row.given_up_at, row.error) == (0, WHEN, "NoAddress")
    assert [list(letters_in(room)) for room in ("given-up", "no-address")] == [[], [row]]
    assert send_due(at=WHEN)["sent"] == 0
    by_mail(bank.feng_zhiqiang)
    send_again(delivery=row.pk, actor=bank.tian_ye, at=WHEN)
    assert send_due(at=WHEN)["sent"] == 1


def test_groups_hear_alarms_and_nothing_personal(bank: Cast, settings, tmp_path: Path) -> None:
    settings.CHAT_URLS = ["json://127.0.0.1:9/"]  # nobody listens
    tell([bank.cao_ying, bank.tian_ye], kind="calendar_missing", at=WHEN, about="/calendar/", years=["2027"])
    tell([bank.fang_fang], kind="reassigned", at=WHEN, number="JL1", person="冯志强", reason="忙")
    alarm = Delivery.objects.get(channel=Channel.CHAT)
    assert alarm.employee is None
    assert "2027" in alarm.text
    assert send_due(at=at("2026-11-25 23:00"))["failed"] == 1  # an alarm keeps no hours
    assert Delivery.objects.get(channel=Channel.CHAT).error == "ChatRefused"


def test_without_a_channel_nothing_is_written(bank: Cast, settings) -> None:
    settings.HAS_MAIL, settings.CHAT_URLS = False, []
    missing_file(by_mail(bank.feng_zhiqiang))
    tell([bank.cao_ying], kind="calendar_missing", at=WHEN, years=["2027"])
    assert not Delivery.objects.exists()


def test_old_letters_are_forgotten_but_not_what_was_given_up(bank: Cast) -> None:
    letter_to(by_mail(bank.feng_zhiqiang))
    letter_to(bank.cao_ying, "nowhere")
    send_due(at=WHEN)
    assert forget_letters(before=WHEN + timedelta(days=1)) == 1
    assert Delivery.objects.get().key == "nowhere"


@pytest.mark.django_db(transaction=True)
def test_two_senders_never_send_the_same_letter() -> None:
    person = by_mail(make_bank().feng_zhiqiang)
    for turn in range(20):
        letter_to(person, str(turn))

    def send() -> None:
        try:
            send_due(at=WHEN)
        finally:
            connection.close()

    threads = [threading.Thread(target=send) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(mail.outbox) == 20
    assert Delivery.objects.filter(tries=1, sent_at=WHEN).count() == 20
