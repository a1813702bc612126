"""The inbox: newest first, read one by one or all at once, and nobody else's."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ops_center import clock
from organization.models import Message


@pytest.fixture
def reader(hire):
    return hire("CM")


def news(person, *, count: int = 1, about: str = "/applications/", ago: int = 0) -> list[Message]:
    now = clock.now() - timedelta(minutes=ago)
    rows = [
        Message(employee=person, kind="issued", facts={"number": f"JL{n}"}, about=about, at=now - timedelta(minutes=n))
        for n in range(count)
    ]
    return Message.objects.bulk_create(rows)


def test_messages_are_said_in_words_newest_first(reader, visit) -> None:
    news(reader, count=3)
    lines = [sentence for _row, sentence in visit(reader).get("/inbox/").context["lines"]]
    assert [number in line for number, line in zip(("JL0", "JL1", "JL2"), lines, strict=True)] == [True] * 3
    assert "issued" not in " ".join(lines)


def test_a_long_inbox_is_read_page_by_page(reader, visit, django_assert_num_queries) -> None:
    news(reader, count=120)
    client = visit(reader)
    client.get("/inbox/")
    seen, address = [], "/inbox/"
    while address:
        with django_assert_num_queries(7):  # session, person, roles, branch, unread, page, revision of the words
            context = client.get(address).context
        seen += [row.pk for row, _sentence in context["lines"]]
        address = f"/inbox/?after={context['page'].next}" if context["page"].next else ""
    assert len(seen) == len(set(seen)) == 120


def test_opening_a_message_marks_it_and_leads_to_its_page(reader, visit) -> None:
    first, second = news(reader, count=2)
    answer = visit(reader).post(f"/inbox/{first.pk}/")
    assert answer["Location"] == "/applications/"
    assert Message.objects.get(pk=first.pk).read_at is not None
    assert Message.objects.get(pk=second.pk).read_at is None


def test_a_message_never_leads_out_of_the_house(reader, visit) -> None:
    (row,) = news(reader, about="https://example.org/")
    assert visit(reader).post(f"/inbox/{row.pk}/")["Location"] == "/inbox/"


def test_all_are_marked_at_once_and_stay(reader, visit) -> None:
    news(reader, count=3)
    client = visit(reader)
    assert client.post("/inbox/read/").status_code == 302
    assert client.get("/inbox/").context["frame"].unread == 0
    assert len(client.get("/inbox/").context["lines"]) == 3
    assert client.get("/inbox/?show=unread").context["lines"] == []


def test_another_person_s_message_is_nobody_s_business(reader, hire, visit) -> None:
    (row,) = news(reader)
    client = visit(hire("CM"))
    assert client.get("/inbox/").context["lines"] == []
    assert client.post(f"/inbox/{row.pk}/").status_code == 404
    assert Message.objects.get(pk=row.pk).read_at is None


def test_an_unknown_filter_is_refused(reader, visit) -> None:
    assert visit(reader).get("/inbox/?shown=unread").status_code == 400
