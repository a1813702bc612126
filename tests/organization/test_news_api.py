"""One's own news, letters, the words of messages and the periodic jobs as programs open them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ops_center import clock
from ops_center.schedule import JOBS
from organization.models import Delivery, Employee, Message, MessageTemplate
from organization.services.inbox import tell
from organization.services.jobs import job_run
from tests.api.conftest import As
from tests.api.conftest import as_ as as_  # the fixture
from tests.cast import Cast

pytestmark = pytest.mark.django_db
HOURS = {"quiet_from": "18:00", "quiet_to": "08:00", "digest_at": "08:15", "by_mail": False}


def told(person: Employee, number: str = "JL26112400017") -> Message:
    tell([person], kind="issued", at=clock.now(), about=f"/applications/{number}/", number=number)
    return Message.objects.filter(employee=person).latest("pk")


def test_everybody_reads_the_own_inbox_only(bank: Cast, as_: As, django_assert_max_num_queries) -> None:
    mine, row, other = as_(bank.chen_xiaoming), told(bank.chen_xiaoming), told(bank.luo_yong)
    told(bank.chen_xiaoming, "JL26112400018")
    with django_assert_max_num_queries(6):
        lines = mine.get("inbox/").json()["results"]
    assert [line["about"] for line in lines] == ["/applications/JL26112400018/", "/applications/JL26112400017/"]
    assert "JL26112400018" in lines[0]["text"]
    read = mine.post(f"inbox/{row.pk}/read/")
    assert (read.status_code, read.json()["id"]) == (200, row.pk)
    assert read.json()["read_at"] == mine.post(f"inbox/{row.pk}/read/").json()["read_at"]
    assert [line["id"] for line in mine.get("inbox/", unread="true").json()["results"]] == [lines[0]["id"]]
    assert mine.post(f"inbox/{other.pk}/read/").status_code == 404
    assert mine.post("inbox/read/").json() == {"read": 1}
    assert Message.objects.get(pk=other.pk).read_at is None
    assert mine.get("inbox/", kind="issued").status_code == 400


def test_everybody_chooses_the_own_hours(bank: Cast, as_: As) -> None:
    mine = as_(bank.chen_xiaoming)
    assert mine.get("inbox/preferences/").json() == {
        "quiet_from": "17:30", "quiet_to": "08:30", "digest_at": "09:00", "by_mail": False, "may_be_told": True,
    }  # fmt: skip
    assert mine.post("inbox/preferences/", HOURS).json() == HOURS | {"may_be_told": True}
    assert as_(bank.luo_yong).get("inbox/preferences/").json()["quiet_from"] == "17:30"
    refused = mine.post("inbox/preferences/", HOURS | {"by_mail": True})
    assert (refused.status_code, refused.json()["code"]) == (409, "no_address")
    for wrong in ({}, HOURS | {"by_mail": "yes"}, HOURS | {"digest_at": "nine"}, HOURS | {"employee": "LZ10019"}):
        assert mine.post("inbox/preferences/", wrong).status_code == 400
    asleep = mine.post("inbox/preferences/", HOURS | {"by_mail": True, "digest_at": "07:00"})
    assert (asleep.status_code, list(asleep.json()["errors"])) == (400, ["digest_at"])


def test_a_letter_that_was_given_up_is_sent_again(bank: Cast, as_: As) -> None:
    row = Delivery.objects.create(
        channel="MAIL", employee=bank.zhao_lixin, subject="包 FB1 少件", text="…", key="k", due_at=clock.now(), tries=5,
        given_up_at=clock.now(), error="ConnectionRefusedError",
    )  # fmt: skip
    watcher = as_(bank.feng_zhiqiang)
    [line] = watcher.get("letters/").json()["results"]
    assert (line["person"], line["error"]) == (bank.zhao_lixin.number, "ConnectionRefusedError")
    assert "text" not in line
    assert watcher.post(f"letters/{row.pk}/again/").json()["given_up_at"] is None
    assert watcher.post(f"letters/{row.pk}/again/").json()["code"] == "not_given_up"
    assert watcher.post("letters/999/again/").status_code == 404
    assert [line["id"] for line in watcher.get("letters/", show="waiting").json()["results"]] == [row.pk]
    assert watcher.get("letters/", show="lost").status_code == 400
    assert as_(bank.zheng_weiguo).get("letters/").status_code == 403


def test_words_are_drafted_looked_at_and_approved_by_a_second_person(bank: Cast, as_: As) -> None:
    drafter, second = as_(bank.cao_ying), as_(bank.deng_hai)
    words = {"kind": "lead_accepted", "language": "zh-hans", "text": "%(person)s接了%(number)s"}
    body = words | {"starts_on": (clock.today() + timedelta(days=1)).isoformat(), "note": "更短"}
    assert drafter.post("templates/preview/", words).json() == {"seen": "周启明接了JL26112400017"}
    lost = drafter.post("templates/preview/", words | {"text": "%(person)s接了"})
    assert (lost.status_code, list(lost.json()["errors"])) == (400, ["text"])
    for wrong in (body | {"kind": "gossip"}, body | {"language": "fr"}, body | {"text": "%(secret)s"}, words):
        assert drafter.post("templates/", wrong).status_code == 400
    draft = drafter.post("templates/", body)
    assert (draft.status_code, draft.json()["after"]) == (201, "周启明接了JL26112400017")
    one = f"templates/{draft.json()['id']}/"
    assert drafter.post(f"{one}approve/").json()["code"] == "own_draft"
    reader = as_(bank.pan_wei)
    assert [row["id"] for row in reader.get("templates/").json()["drafts"]] == [draft.json()["id"]]
    assert second.post(f"{one}approve/").json()["status"] == "APPROVED"
    assert second.post(f"{one}discard/").json()["code"] == "already_decided"
    seen = {row["kind"]: row for row in reader.get("templates/", language="en").json()["words"]}
    assert seen["lead_accepted"]["facts"] == ["number", "person"]
    assert not seen["lead_accepted"]["is_own"]
    assert reader.get(one).json()["before"] != reader.get(one).json()["after"]
    assert reader.get("templates/999/").status_code == 404
    assert MessageTemplate.objects.get().approved_by == bank.deng_hai


def test_the_jobs_say_when_they_ran_and_what_they_found(bank: Cast, as_: As) -> None:
    with job_run("breaches", at=clock.now()) as counts:
        counts["found"] = 3
    answer = as_(bank.tian_ye).get("rules/jobs/").json()
    lines = {line["name"]: line for line in answer["jobs"]}
    assert (list(lines), answer["silent_since"]) == ([job.name for job in JOBS], None)
    assert (lines["breaches"]["hits"], lines["breaches"]["hits_of_the_day"], lines["breaches"]["is_late"]) == (
        3,
        3,
        False,
    )
    assert lines["letters"]["started_at"] is None
