"""The card system's files: exactly once, nothing guessed, one clear sentence for a broken file."""

from __future__ import annotations

import pytest
from django.db import connection

from applications.lifecycle import Outcome, State, Step
from applications.models import Application, CardStatusImport, CaseClock
from applications.services.card_status import apply_file, take_file, tally
from ops_center.kernel.errors import Malformed, NotAllowed
from tests.cast import Cast, at

pytestmark = pytest.mark.django_db
WHEN = at("2026-11-24 10:00")
LATER = at("2026-12-10 09:00")
HEADER = "application_number,id_last4,status,at,card_last4,reason\n"


def load(bank: Cast, *lines: str) -> CardStatusImport:
    text = HEADER + "".join(line + "\n" for line in lines)
    file = take_file(name="status.csv", content=text.encode(), actor=bank.zheng_weiguo, at=LATER)
    return apply_file(file_id=file.pk, at=LATER)


def last4(case: Application) -> str:
    return case.applicant.id_number.reveal()[-4:]


@pytest.fixture
def submitted(bank: Cast) -> Application:
    case = bank.received(when=WHEN)
    bank.check(case, when=WHEN)
    bank.key(bank.again(case), when=WHEN)
    bank.review(bank.again(case), when=WHEN)
    bank.file(case, when=WHEN)
    return bank.again(case)


def test_issue_and_activation_carry_the_card_systems_own_times(bank: Cast, submitted: Application) -> None:
    file = load(
        bank,
        f"{submitted.number},{last4(submitted)},ISSUED,2026-12-01T10:00:00+08:00,6688,",
        f"{submitted.number},{last4(submitted)},ACTIVATED,2026-12-05 11:00,,",
    )
    case = bank.again(submitted)
    assert (tally(file).matched, tally(file).unmatched) == (2, [])
    assert (case.state, case.issued_at, case.activated_at) == (
        State.ACTIVATED, at("2026-12-01 10:00"), at("2026-12-05 11:00"),
    )  # fmt: skip


def test_a_client_who_activates_alone_voids_the_coaching_clock(bank: Cast, submitted: Application) -> None:
    load(
        bank,
        f"{submitted.number},{last4(submitted)},ISSUED,2026-12-01T10:00:00+08:00,6688,",
        f"{submitted.number},{last4(submitted)},ACTIVATED,2026-12-05T11:00:00+08:00,,",
    )
    outcomes = dict(CaseClock.objects.filter(application=submitted).values_list("kind", "outcome"))
    assert (outcomes["COACH"], outcomes["CONTACT"], outcomes["ACTIVATE"]) == (
        Outcome.VOID, Outcome.VOID, Outcome.ON_TIME,
    )  # fmt: skip


def test_s12_a_file_loaded_twice_does_nothing_the_second_time(bank: Cast, submitted: Application) -> None:
    lines = [
        f"{submitted.number},{last4(submitted)},ISSUED,2026-12-01T10:00:00+08:00,6688,",
        f"{submitted.number},{last4(submitted)},ACTIVATED,2026-12-05T11:00:00+08:00,,",
    ]
    load(bank, *lines)
    second = tally(load(bank, *lines))
    assert (second.matched, second.done_before, second.unmatched) == (0, 2, [])
    assert submitted.events.filter(step=Step.ACTIVATE).count() == 1


def test_what_does_not_match_is_listed_by_line_and_nothing_is_guessed(bank: Cast, submitted: Application) -> None:
    draft = bank.draft(when=WHEN)
    file = load(
        bank,
        "JL00000000000,1234,ISSUED,2026-12-01T10:00:00+08:00,6688,",
        f"{submitted.number},0000,ISSUED,2026-12-01T10:00:00+08:00,6688,",
        f"{draft.number},{last4(draft)},ISSUED,2026-12-01T10:00:00+08:00,6688,",
        f"{submitted.number},{last4(submitted)},ISSUED,2026-11-20T10:00:00+08:00,6688,",
        f"{submitted.number},{last4(submitted)},ISSUED,2027-12-01T10:00:00+08:00,6688,",
    )
    assert [line for line, _finding in tally(file).unmatched] == [2, 3, 4, 5, 6]
    assert bank.again(submitted).state == State.SUBMITTED
    assert bank.zheng_weiguo.news.filter(kind="import_unmatched").count() == 1


def test_a_refusal_by_the_card_system_ends_the_case_without_a_credit_detail(bank: Cast, submitted: Application) -> None:
    load(bank, f"{submitted.number},{last4(submitted)},REJECTED,2026-12-01T10:00:00+08:00,,综合评分不足")
    case = bank.again(submitted)
    assert (case.state, case.due_at) == (State.REJECTED, None)
    message = bank.chen_xiaoming.news.get(kind="rejected")
    assert "综合" not in str(message.facts)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"number,status\n1,ISSUED\n", "file_header"),
        (HEADER.encode() + b"JL1,1234,SOLD,2026-12-01T10:00,,\n", "file_status"),
        (HEADER.encode() + b"JL1,1234,ISSUED,gestern,,\n", "file_time"),
        (HEADER.encode() + b"JL1,1234\n", "file_line"),
        (HEADER.encode() + b"JL1,1234,ISSUED,2026-12-01T10:00,6222021234567890,\n", "file_card"),
        (HEADER.encode("utf-16"), "file_encoding"),
        (HEADER.encode() + b"JL1,1234,ISSUED,0001-01-01T00:00:00,,\n", "file_time"),
        (HEADER.encode() + b"JL1,1234,ISSUED,9999-12-31T23:59:59-12:00,,\n", "file_time"),
        (HEADER.encode() + b"JL1,1234,ISSUED,2026-12-01T10:00,,\0\n", "file_csv"),
        (HEADER.encode() + b"JL1,1234,ISSUED,2026-12-01T10:00,," + b"x" * 200_000 + b"\n", "file_csv"),
        (HEADER.encode() + b"JL1,1234,ISSUED,2026-12-01T10:00,,a\rb\n", "file_csv"),
        (HEADER.encode() + b"J" * 25 + b",1234,ISSUED,2026-12-01T10:00,,\n", "file_number"),
    ],
)
def test_a_broken_file_is_one_sentence_and_stores_nothing(bank: Cast, content: bytes, code: str) -> None:
    with pytest.raises(Malformed) as no:
        take_file(name="broken.csv", content=content, actor=bank.zheng_weiguo, at=LATER)
    assert no.value.code == code
    assert not CardStatusImport.objects.exists()


def test_an_issue_without_the_cards_last_four_digits_is_listed_and_no_number_is_invented(
    bank: Cast, submitted: Application
) -> None:
    file = load(bank, f"{submitted.number},{last4(submitted)},ISSUED,2026-12-01T10:00:00+08:00,,")
    assert [line for line, _finding in tally(file).unmatched] == [2]
    assert (bank.again(submitted).state, bank.again(submitted).card_last4) == (State.SUBMITTED, "")


def test_a_stored_line_that_breaks_the_code_is_listed_and_the_others_are_applied(
    bank: Cast, submitted: Application
) -> None:
    file = take_file(
        name="status.csv", actor=bank.zheng_weiguo, at=LATER,
        content=(
            HEADER + "JL1,1234,ISSUED,1999-01-01T00:00,6688,\n"
            f"{submitted.number},{last4(submitted)},ISSUED,2026-12-01T10:00,6688,\n"
        ).encode(),
    )  # fmt: skip
    with connection.cursor() as cursor:  # PostgreSQL knows days that Python does not
        cursor.execute("UPDATE applications_cardstatusrow SET at = '4000-01-01 BC' WHERE line = 2")
    file = apply_file(file_id=file.pk, at=LATER)
    assert (file.state, tally(file).matched) == (CardStatusImport.State.DONE, 1)
    assert [line for line, _finding in tally(file).unmatched] == [2]


def test_only_trackers_load_files(bank: Cast) -> None:
    with pytest.raises(NotAllowed):
        take_file(name="a.csv", content=HEADER.encode(), actor=bank.chen_xiaoming, at=LATER)
