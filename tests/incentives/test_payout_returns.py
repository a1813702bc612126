"""HR's return file: matched row by row, refused payments come again, and a file that cannot be read changes nothing."""

from __future__ import annotations

import io
import random
import zipfile
from collections import Counter
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, transaction
from django.test import Client

from applications.lifecycle import Clock
from applications.models import Application, CaseClock
from incentives.models import PayoutBalance, PayoutBatch, PayoutLine, PayoutReturn, RewardEntry
from incentives.return_file import HEADER, read
from incentives.services.confirmations import certify, draft_confirmation
from incentives.services.payouts import make_payout, mark_paid
from incentives.services.registration import register
from incentives.services.returns import take_return
from incentives.services.reversals import approve_reversal, ask_reversal
from ops_center.clock import local_day
from ops_center.invariants import CHECKS
from ops_center.kernel.errors import Malformed, NotAllowed, Refused
from ops_center.web.tables import Table, as_csv, as_xlsx
from organization.models import AuditRecord, Message
from tests.cast import Cast, at
from tests.incentives.test_api import API, As

pytestmark = pytest.mark.django_db
WHEN = at("2026-11-24 10:00")
LATER = at("2026-11-27 10:00")
PAID = {  # of the month of three cases, HR's sheet: 490.00
    "LZ10001": "250.00", "LZ10011": "80.00", "LZ10007": "60.00", "LZ10008": "30.00", "LZ10234": "25.00",
    "LZ10005": "25.00", "LZ10010": "20.00",
}  # fmt: skip


@pytest.fixture
def batch(bank: Cast, month: list[Application]) -> PayoutBatch:
    register(applications=[case.number for case in month], actor=bank.zheng_weiguo, at=WHEN)
    draft = draft_confirmation(period="2026-11", actor=bank.zheng_weiguo, at=WHEN)
    document = certify(no=draft.no, actor=bank.feng_zhiqiang, at=LATER)
    return make_payout(confirmations=[document.no], actor=bank.su_min, at=LATER)


def lines(*rows: tuple[str, ...]) -> bytes:
    return as_csv(Table("回盘", HEADER, rows))


def everybody(**answers: str) -> bytes:
    """All were paid, but for those who are named."""
    return lines(*((number, fen, answers.get(number, "已发放"), "") for number, fen in PAID.items()))


def load(bank: Cast, batch: PayoutBatch, content: bytes, *, name: str = "回盘.csv") -> PayoutReturn:
    return take_return(batch=batch.pk, name=name, content=content, actor=bank.su_min, at=LATER)


def fates(file: PayoutReturn) -> list[tuple[int, str]]:
    return list(file.rows.values_list("line", "fate"))


# -- what becomes of a row ---------------------------------------------------------------------------------------------
def test_every_payment_is_answered(bank: Cast, batch: PayoutBatch) -> None:
    file = load(bank, batch, everybody())
    assert fates(file) == [(line, "PAID") for line in range(2, 9)]
    assert set(batch.balances.values_list("fate", flat=True)) == {"PAID"}
    assert not batch.lines.filter(is_refused=True).exists()


def test_what_fits_no_payment_is_listed_and_changes_nothing(bank: Cast, batch: PayoutBatch) -> None:
    file = load(bank, batch, lines(
        ("LZ99999", "25.00", "已发放", ""),  # no such payee
        ("LZ10018", "10.00", "已发放", ""),  # the vendor's worker is none of HR's payees
        ("LZ10001", "250.01", "已发放", ""),  # another amount
        ("LZ10007", "sixty", "已发放", ""),
        ("LZ10011", "80.00", "成功", ""),  # no known result
        ("LZ10234", "25.00", "已发放", ""),  # twice, and contradicting itself
        ("LZ10234", "25.00", "退回", "账号不符"),
        ("LZ10005", "25.00", "PAID", ""),
    ))  # fmt: skip
    assert [fate for _line, fate in fates(file)] == ["UNKNOWN"] * 7 + ["PAID"]
    findings = list(file.rows.values_list("finding", flat=True))
    assert findings[:3] == ["No such payee in this batch."] * 2 + ["The batch pays 250.00 yuan."]
    assert findings[5] == "This number stands 2 times in the file."
    assert Counter(batch.balances.values_list("fate", flat=True)) == {"OPEN": 6, "PAID": 1}


def test_the_same_file_counts_once_and_a_later_one_answers_the_rest(bank: Cast, batch: PayoutBatch) -> None:
    first = load(bank, batch, lines(("LZ10001", "250.00", "已发放", "")))
    assert load(bank, batch, lines(("LZ10001", "250.00", "已发放", ""))) == first
    rest = load(bank, batch, everybody())
    assert fates(rest)[0] == (2, "DONE_BEFORE")
    assert [fate for _line, fate in fates(rest)][1:] == ["PAID"] * 6
    assert PayoutReturn.objects.count() == 2


def test_a_refused_payment_comes_again_with_the_next_batch(bank: Cast, batch: PayoutBatch) -> None:
    no = batch.confirmations.get().no
    load(bank, batch, everybody(LZ10001="退回"))
    mark_paid(batch=batch.pk, actor=bank.su_min, at=LATER)
    manager = RewardEntry.objects.filter(payee=bank.chen_xiaoming)
    assert {row.state for row in manager.with_state()} == {"CERTIFIED"}
    assert {row.state for row in RewardEntry.objects.filter(payee=bank.lin_xiaoyu).with_state()} == {"PAID"}
    told = Message.objects.get(kind="payment_refused")
    assert (told.employee, told.facts["amount"]) == (bank.chen_xiaoming, "250.00")
    assert Message.objects.get(kind="payout_returned", employee=bank.su_min).facts["refused"] == 1
    assert not Message.objects.filter(kind="reward_paid", employee=bank.chen_xiaoming).exists()

    again = make_payout(confirmations=[no], actor=bank.su_min, at=LATER)
    assert (again.confirmed_fen, again.total_fen, again.lines.count()) == (250_00, 250_00, manager.count())
    assert {row.state for row in manager.with_state()} == {"EXPORTED"}
    assert PayoutLine.objects.filter(entry__in=manager, is_refused=False).count() == manager.count()
    with pytest.raises(Refused):
        make_payout(confirmations=[no], actor=bank.su_min, at=LATER)
    assert broken() == []


# -- 退票: paid, and returned by the bank later ------------------------------------------------------------------------
BOUNCE = lines(("LZ10001", "250.00", "退回", "账户已销户"))


def test_a_payment_that_bounces_is_recorded_and_comes_again_once(bank: Cast, batch: PayoutBatch) -> None:
    no = batch.confirmations.get().no
    load(bank, batch, everybody())
    mark_paid(batch=batch.pk, actor=bank.su_min, at=LATER)
    manager = RewardEntry.objects.filter(payee=bank.chen_xiaoming)
    assert {row.state for row in manager.with_state()} == {"PAID"}

    file = load(bank, batch, BOUNCE)
    assert list(file.rows.values_list("fate", "finding")) == [("BOUNCED", "账户已销户")]
    balance = batch.balances.get(payee=bank.chen_xiaoming)
    assert (balance.fate, balance.finding) == ("BOUNCED", "账户已销户")
    assert {row.state for row in manager.with_state()} == {"CERTIFIED"}
    told = Message.objects.get(kind="payment_bounced")
    assert (told.employee, told.facts) == (bank.chen_xiaoming, {"amount": "250.00", "reason": "账户已销户"})
    assert Message.objects.get(kind="payout_returned", employee=bank.su_min).facts["refused"] == 1
    assert AuditRecord.objects.filter(action="return_payout", facts__bounced=1).exists()

    again = make_payout(confirmations=[no], actor=bank.su_min, at=LATER)
    assert (again.total_fen, again.lines.count()) == (250_00, manager.count())
    (paid,) = again.balances.all()
    assert (paid.payee, paid.due_fen, paid.brought_fen, paid.paid_fen) == (bank.chen_xiaoming, 250_00, 0, 250_00)
    with pytest.raises(Refused) as no_more:
        make_payout(confirmations=[no], actor=bank.su_min, at=LATER)
    assert no_more.value.code == "already_exported"
    assert broken() == []


def test_a_bounce_is_said_once_and_is_the_last_word_of_its_batch(bank: Cast, batch: PayoutBatch) -> None:
    load(bank, batch, everybody(LZ10234="退回"))
    load(bank, batch, BOUNCE)
    again = load(bank, batch, lines(("LZ10001", "250.00", "退回", "再次退回"), ("LZ10234", "25.00", "退回", "又退")))
    assert [fate for _line, fate in fates(again)] == ["DONE_BEFORE", "DONE_BEFORE"]
    contrary = load(bank, batch, lines(("LZ10001", "250.00", "已发放", ""), ("LZ10234", "25.00", "已发放", "")))
    assert list(contrary.rows.values_list("fate", "finding")) == [
        ("UNKNOWN", "Answered before as “Bounced”."), ("UNKNOWN", "Answered before as “Refused”."),
    ]  # fmt: skip
    assert Counter(batch.balances.values_list("fate", flat=True)) == {"PAID": 5, "REFUSED": 1, "BOUNCED": 1}
    assert Message.objects.filter(kind="payment_bounced").count() == 1


def test_what_bounces_twice_comes_a_third_time(bank: Cast, batch: PayoutBatch) -> None:
    no, bounced = batch.confirmations.get().no, batch
    for _time in range(2):
        load(bank, bounced, lines(("LZ10001", "250.00", "已发放", "")))
        load(bank, bounced, BOUNCE)
        bounced = make_payout(confirmations=[no], actor=bank.su_min, at=LATER)
    assert bounced.total_fen == 250_00
    assert PayoutLine.objects.filter(entry__payee=bank.chen_xiaoming, is_refused=False).count() == (
        bounced.lines.count()
    )
    assert broken() == []


@pytest.mark.parametrize(
    ("after", "before"), [("BOUNCED", "OPEN"), ("OPEN", "PAID"), ("BOUNCED", "PAID"), ("PAID", "BOUNCED")]
)
def test_no_hand_in_the_tables_makes_a_bounce(bank: Cast, batch: PayoutBatch, after: str, before: str) -> None:
    load(bank, batch, lines(("LZ10234", "25.00", "已发放", ""), ("LZ10001", "250.00", "已发放", "")))
    load(bank, batch, BOUNCE)
    with pytest.raises(DatabaseError), transaction.atomic():
        PayoutBalance.objects.filter(fate=before).update(fate=after)


def broken() -> list[str]:
    """The rules of the money that do not hold."""
    return [check.name for check in CHECKS if check.no in ("7", "money") and check.broken()]


# -- the clock of the payout -------------------------------------------------------------------------------------------
def pay_clocks(case: Application) -> list[tuple[int, str, str]]:
    """(run, outcome, day on which it is due) of each run."""
    clocks = CaseClock.objects.filter(application=case, kind=Clock.PAY).order_by("run")
    return [(clock.run, clock.outcome, f"{local_day(clock.due_at)}") for clock in clocks]


NEXT_MONTH, AFTER = at("2026-12-03 10:00"), at("2026-12-10 10:00")


@pytest.mark.parametrize("is_answered_first", [True, False])
def test_the_clock_of_the_payout_runs_again_for_what_comes_back(
    bank: Cast, batch: PayoutBatch, month: list[Application], is_answered_first: bool
) -> None:
    """The manager is paid for the second and third case, the referrer for the first: whether HR marks the batch as paid
    before the payroll's answer or after it, the clocks are the same."""
    no, mine, others = batch.confirmations.get().no, month[1], month[0]
    refusal = everybody(LZ10001="退回")

    def answer() -> None:
        take_return(batch=batch.pk, name="回盘.csv", content=refusal, actor=bank.su_min, at=NEXT_MONTH)

    def pay() -> None:
        mark_paid(batch=batch.pk, actor=bank.su_min, at=NEXT_MONTH)

    for act in (answer, pay) if is_answered_first else (pay, answer):
        act()
    assert pay_clocks(others) == [(1, "ON_TIME", "2026-12-15")]
    assert pay_clocks(mine) == [(1, "ON_TIME", "2026-12-15"), (2, "", "2027-01-15")]

    again = make_payout(confirmations=[no], actor=bank.su_min, at=AFTER)
    mark_paid(batch=again.pk, actor=bank.su_min, at=AFTER)
    assert pay_clocks(mine) == [(1, "ON_TIME", "2026-12-15"), (2, "ON_TIME", "2027-01-15")]


def test_the_clock_goes_on_while_another_batch_pays_the_rest_of_the_case(
    bank: Cast, batch: PayoutBatch, month: list[Application]
) -> None:
    """Two come back, one after the other: the case is not paid until both are."""
    no, case = batch.confirmations.get().no, month[1]
    load(bank, batch, everybody(LZ10001="退回"))
    second = make_payout(confirmations=[no], actor=bank.su_min, at=LATER)
    load(bank, batch, lines(("LZ10011", "80.00", "退回", "")))
    mark_paid(batch=second.pk, actor=bank.su_min, at=LATER)
    assert pay_clocks(case)[-1][1] == ""
    third = make_payout(confirmations=[no], actor=bank.su_min, at=LATER)
    mark_paid(batch=third.pk, actor=bank.su_min, at=LATER)
    assert pay_clocks(case)[-1][1] == "ON_TIME"
    assert {run[1] for run in pay_clocks(case)} == {"ON_TIME"}


def test_what_is_taken_back_waits_for_no_payment(bank: Cast, batch: PayoutBatch, month: list[Application]) -> None:
    """Sent back and then clawed back: neither half is ever paid, and no clock runs for it."""
    load(bank, batch, everybody(LZ10001="退回"))
    mark_paid(batch=batch.pk, actor=bank.su_min, at=LATER)
    path_a_case = month[2]
    assert pay_clocks(path_a_case)[-1][1] == ""
    asked = ask_reversal(case=path_a_case.number, reason="资料不实", actor=bank.pan_wei, at=LATER)
    approve_reversal(reversal=asked.pk, actor=bank.feng_zhiqiang, at=LATER)
    assert pay_clocks(path_a_case)[-1][1] == "VOID"
    assert not CaseClock.objects.running().filter(application=path_a_case).exists()


# -- accounts ----------------------------------------------------------------------------------------------------------
def test_long_numbers_of_accounts_are_not_kept(bank: Cast, batch: PayoutBatch) -> None:
    file = load(bank, batch, lines(("LZ10001", "250.00", "退回", "账号6222021234567890123已销户")))
    assert file.rows.get().finding == batch.balances.get(fate="REFUSED").finding == "账号****0123已销户"


def test_only_hr_loads_and_only_for_a_batch_that_is_written(bank: Cast, batch: PayoutBatch) -> None:
    for person in (bank.pan_wei, bank.feng_zhiqiang, bank.zheng_weiguo):
        with pytest.raises(NotAllowed):
            take_return(batch=batch.pk, name="x", content=everybody(), actor=person, at=LATER)


# -- reading -----------------------------------------------------------------------------------------------------------
def test_a_workbook_reads_like_a_csv() -> None:
    rows = [
        ("00123", Decimal("70.10"), "已发放", ""),
        ("LZ1", 30, "退回", "户名不符"),
        ("LZ2", Decimal("0.07"), "PAID", ""),
    ]
    told = [tuple(row) for row in read(as_xlsx([Table("回盘", HEADER, rows)], made_at=WHEN))]
    assert told == [
        (2, "00123", "70.10", "已发放", ""), (3, "LZ1", "30", "退回", "户名不符"), (4, "LZ2", "0.07", "PAID", ""),
    ]  # fmt: skip


def packed(**parts: bytes) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as book:
        for name, body in parts.items():
            book.writestr(name.replace("__", "/").replace("_xml", ".xml"), body)
    return content.getvalue()


def far_out() -> bytes:
    """A workbook of two cells with all the space of a sheet between them."""
    content, whole = io.BytesIO(), as_xlsx([Table("回盘", HEADER, [("1", 1, "PAID", "")])], made_at=WHEN)
    with zipfile.ZipFile(io.BytesIO(whole)) as old, zipfile.ZipFile(content, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(b'r="C2"', b'r="XFD1048576"'))
    return content.getvalue()


BROKEN = {
    "file_header": [
        b"", "工号,金额\r\n".encode(), as_xlsx([Table("甲", ("工号",), [("1",)])], made_at=WHEN),
    ],
    "file_empty": [lines(), as_xlsx([Table("回盘", HEADER, [])], made_at=WHEN)],
    "file_encoding": ["工号,实发金额,结果,原因\r\n张,1,已发放,\r\n".encode("gb18030"), b"\xff\xfe\x00"],
    "file_csv": [lines(("1", "1", "PAID", "\0")), lines() + b'"open'],
    "file_line": [lines(("1", "1", "PAID", "", "", "6"))],
    "file_too_large": [b"x" * (5 * 2**20 + 1), packed(xl__workbook_xml=b"", big=bytes(60 * 2**20))],
    "file_too_long": [far_out(), lines() + b"1,1,PAID,\r\n" * 50_001],
    "file_broken": [b"PK", b"PK\x03\x04junk", packed(a=b"b"), packed(xl__workbook_xml=b"<x>"), far_out()[:-200]],
}  # fmt: skip


@pytest.mark.parametrize(("code", "content"), [(code, content) for code, every in BROKEN.items() for content in every])
def test_a_file_that_cannot_be_read_is_refused_in_one_sentence(code: str, content: bytes) -> None:
    with pytest.raises(Malformed) as no:
        read(content)
    assert no.value.code == code
    assert str(no.value).count(".") <= 2


def test_a_file_with_bytes_flipped_at_random_is_read_or_refused() -> None:
    chance = random.Random(1)
    whole = as_xlsx([Table("回盘", HEADER, [(f"LZ{n}", Decimal(n), "PAID", "") for n in range(50)])], made_at=WHEN)
    outcomes = {"read": 0, "refused": 0}
    for _try in range(300):
        broken = bytearray(whole)
        for _byte in range(chance.randint(1, 5)):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        try:
            read(bytes(broken))
            outcomes["read"] += 1
        except Malformed:
            outcomes["refused"] += 1
    assert sum(outcomes.values()) == 300
    assert outcomes["refused"] > 100


def test_nothing_of_a_refused_file_is_stored(bank: Cast, batch: PayoutBatch) -> None:
    with pytest.raises(Malformed):
        load(bank, batch, lines() + b'"open')
    assert not PayoutReturn.objects.exists()


# -- page and API ------------------------------------------------------------------------------------------------------
def test_hr_loads_the_file_on_the_page_and_reads_what_became_of_each_row(bank: Cast, batch: PayoutBatch) -> None:
    hr = Client(headers={"Accept-Language": "en"})
    hr.force_login(bank.su_min, backend="django.contrib.auth.backends.ModelBackend")
    address = f"/payouts/{batch.pk}/returns/"
    refused = hr.post(address, {"file": SimpleUploadedFile("x.csv", b"a,b")})
    assert refused.status_code == 400
    assert "Wrong header: expected 工号、实发金额、结果、原因" in refused.content.decode()
    content = everybody(LZ10001="退回") + "LZ404,1.00,已发放,\r\n".encode()
    loaded = hr.post(address, {"file": SimpleUploadedFile("回盘.csv", content)})
    assert loaded.status_code == 302
    page = hr.get(loaded["Location"]).content.decode()
    assert page.count("<tr>") == 1 + 8
    only = hr.get(f"{loaded['Location']}?fate=UNKNOWN").content.decode()
    assert "LZ404" in only
    assert "LZ10001" not in only
    assert hr.get(f"{loaded['Location']}?fate=GONE").status_code == 400
    assert hr.get(f"/payouts/{batch.pk}/returns/0/").status_code == 404
    page = hr.get(f"/payouts/{batch.pk}/").content.decode()
    assert "回盘.csv" in page
    auditor = Client()
    auditor.force_login(bank.pan_wei, backend="django.contrib.auth.backends.ModelBackend")
    assert auditor.get(loaded["Location"]).status_code == 200
    assert auditor.post(address, {}).status_code == 403


def test_the_api_takes_the_file_and_answers_with_the_rows_that_fit_nothing(bank: Cast, batch: PayoutBatch) -> None:
    hr, path = As(bank.su_min), f"payouts/{batch.pk}/returns/"
    content = everybody(LZ10001="REFUSED") + b"LZ404,1.00,PAID,\r\n"

    def post(body: bytes) -> object:
        return hr.client.post(API + path, {"file": SimpleUploadedFile("r.csv", body)}, format="multipart")

    answer = post(content)
    assert answer.status_code == 201
    said = answer.json()
    assert {name: said[name] for name in ("paid", "refused", "bounced", "done_before", "unknown")} == {
        "paid": 6, "refused": 1, "bounced": 0, "done_before": 0, "unknown": 1,
    }  # fmt: skip
    [unknown] = said["unknown_rows"]
    assert (unknown["line"], unknown["number"], bool(unknown["finding"])) == (9, "LZ404", True)
    assert post(content).json()["id"] == said["id"]
    assert hr.get(path).json()["results"][0]["sha256"] == said["sha256"]
    broken = post(b"a,b")
    assert (broken.status_code, broken.json()["code"]) == (400, "file_header")
    one = hr.get(f"payouts/{batch.pk}/").json()
    assert one["build"] == {"percent": 100, "finished": True}
    assert one["payments"] == {
        "payees": 7, "paid": "490.00", "brought": "0.00", "carried": "0.00", "open": 0, "refused": 1,
        "bounced": 0,
    }  # fmt: skip
    assert As(bank.pan_wei).get(path).status_code == 200
    assert As(bank.zheng_weiguo).get(path).status_code == 403
    assert hr.get("payouts/999999/returns/").status_code == 404
