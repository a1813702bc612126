"""The bell that counts by itself, what people choose, letters in sight, own words of messages: through the pages."""

from __future__ import annotations

from datetime import time, timedelta

from ops_center import clock
from organization.models import Delivery, Message, MessageTemplate, NewsPreference


def news(reader, kind: str = "reassigned", **facts) -> Message:
    facts = facts or {"number": "JL26112400017", "person": "冯志强", "reason": "忙"}
    return Message.objects.create(employee=reader, kind=kind, facts=facts, at=clock.now())


# -- the bell ----------------------------------------------------------------------------------------------------------
def test_the_bell_asks_by_itself_and_shows_what_is_new_of_ones_own_work_once(hire, visit) -> None:
    person = hire("EC")
    client = visit(person)
    page = client.get("/inbox/").text
    assert 'hx-get="/inbox/bell/?since=0"' in page
    assert 'hx-trigger="every 45s"' in page
    first = news(person)
    news(person, "success_told", person="陈小明", count=3)  # not one's own work: counted, not shown
    answer = client.get("/inbox/bell/?since=0").text
    assert 'class="bell-count">2<' in answer
    assert answer.count("data-toast") == 1
    assert "JL26112400017" in answer
    assert f"since={first.pk}" in answer
    assert "data-toast" not in client.get(f"/inbox/bell/?since={first.pk}").text


def test_the_bell_costs_few_queries_and_refuses_what_is_no_number(hire, visit, django_assert_max_num_queries) -> None:
    client = visit(hire("EC"))
    with django_assert_max_num_queries(6):
        client.get("/inbox/bell/?since=0")
    assert client.get("/inbox/bell/?since=x").status_code == 400
    assert client.get("/inbox/bell/?sins=1").status_code == 400


# -- preferences -------------------------------------------------------------------------------------------------------
def test_people_choose_their_hours_and_letters(hire, visit) -> None:
    person = hire("BH")
    client = visit(person)
    assert client.get("/inbox/preferences/").status_code == 200
    said = {"quiet_from": "18:00", "quiet_to": "08:00", "digest_at": "08:15"}
    assert client.post("/inbox/preferences/", said).status_code == 302
    chosen = NewsPreference.objects.get(employee=person)
    assert (chosen.quiet_from, chosen.quiet_to, chosen.digest_at, chosen.by_mail) == (
        time(18),
        time(8),
        time(8, 15),
        False,
    )


def test_a_choice_that_cannot_be_is_refused_with_its_reason_and_nothing_lost(hire, visit) -> None:
    person = hire("BH")
    client = visit(person)
    said = {"quiet_from": "17:30", "quiet_to": "08:30", "digest_at": "07:00", "by_mail": "on"}
    no_address = client.post("/inbox/preferences/", said | {"digest_at": "09:10"})
    assert no_address.status_code == 409
    assert 'value="09:10"' in no_address.text
    person.email = "bh@bank.example"
    person.save()
    assert client.post("/inbox/preferences/", said).status_code == 400
    assert client.post("/inbox/preferences/", said | {"digest_at": "nine"}).status_code == 400
    assert not NewsPreference.objects.exists()
    assert client.post("/inbox/preferences/", said | {"digest_at": "09:00"}).status_code == 302


# -- letters -----------------------------------------------------------------------------------------------------------
def test_what_was_given_up_is_in_sight_and_sent_again_by_a_button(hire, visit) -> None:
    reader, supervisor, at = hire("BH"), hire("SUP"), clock.now()
    row = Delivery.objects.create(
        channel="MAIL", employee=reader, subject="包 FB1 少件", text="…", key="k", due_at=at, tries=5, given_up_at=at,
        error="ConnectionRefusedError",
    )  # fmt: skip
    for person, status in ((supervisor, 200), (hire("ADM"), 200), (hire("TR"), 403), (hire("MGT"), 403)):
        assert visit(person).get("/letters/").status_code == status
    client = visit(supervisor)
    text = client.get("/letters/").text
    assert "ConnectionRefusedError" in text
    assert client.post(f"/letters/{row.pk}/again/").status_code == 302
    row = Delivery.objects.get()
    assert (row.given_up_at, row.tries) == (None, 0)
    assert client.post(f"/letters/{row.pk}/again/").status_code == 409
    assert client.post("/letters/999/again/").status_code == 404
    for show in ("no-address", "again", "waiting", "sent"):
        assert client.get(f"/letters/?show={show}").status_code == 200
    assert client.get("/letters/?show=lost").status_code == 400


# -- words of messages -------------------------------------------------------------------------------------------------
def test_words_are_drafted_with_a_preview_and_approved_by_a_second_person(hire, visit) -> None:
    drafter, second = hire("MGT"), hire("MGT")
    client, here = visit(drafter), "/templates/new/lead_accepted/zh-hans/"
    listed = client.get("/templates/").text
    assert "/templates/new/lead_accepted/zh-hans/" in listed
    assert "线索已承接" in listed
    assert "%(person)s" not in listed  # a reader's words, not a program's
    assert client.get(here).status_code == 200
    assert "周启明接了JL26112400017" in client.post(here, {"look": "1", "text": "%(person)s接了%(number)s"}).text
    wrong = client.post(here, {"look": "1", "text": "%(person)s接了%(case)s"}).text
    assert "number" in wrong
    tomorrow = (clock.today() + timedelta(days=1)).isoformat()
    said = {"kind": "lead_accepted", "language": "zh-hans", "starts_on": tomorrow, "note": "更短"}
    refused = client.post(here, said | {"text": "%(person)s接了"})
    assert refused.status_code == 400
    assert "接了" in refused.text
    assert client.post(here, said | {"text": "%(person)s接了%(number)s"}).status_code == 302
    row = MessageTemplate.objects.get()
    assert client.post(f"/templates/{row.pk}/approve/").status_code == 409
    assert "周启明接了JL26112400017" in visit(second).get(f"/templates/{row.pk}/").text
    assert visit(second).post(f"/templates/{row.pk}/approve/").status_code == 302
    assert MessageTemplate.objects.get().approved_by == second


def test_words_are_the_managements_and_audit_reads_them(hire, visit) -> None:
    assert visit(hire("AUD")).get("/templates/?language=en").status_code == 200
    assert visit(hire("SUP")).get("/templates/").status_code == 403
    assert visit(hire("AUD")).get("/templates/new/lead_new/en/").status_code == 403
    client = visit(hire("MGT"))
    assert client.get("/templates/new/weather/en/").status_code == 404
    assert client.get("/templates/new/lead_new/fr/").status_code == 400
    assert client.get("/templates/99/").status_code == 404
