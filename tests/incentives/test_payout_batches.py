"""What is in a batch: everything that is confirmed and free, once; what each payee is paid; and that nothing of it can
be changed afterwards."""

# ruff: noqa: S608

from __future__ import annotations

import csv
import io
from decimal import Decimal

import psycopg2
import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client

from applications.models import Application
from incentives.models import Confirmation, PayoutBalance, PayoutBatch, PayoutLine, RewardEntry
from incentives.selectors.batches import batch_of, control_of, waiting
from incentives.selectors.certification import drafts_for
from incentives.services.confirmations import certify, draft_confirmation
from incentives.services.holds import hold, release
from incentives.services.payouts import download, make_payout, mark_paid
from incentives.services.registration import register
from incentives.services.returns import take_return
from incentives.services.reversals import approve_reversal, ask_reversal
from incentives.services.voids import void
from ops_center.invariants import CHECKS
from ops_center.kernel.errors import Refused
from organization.models import Employee, Message
from tests.cast import Cast, at
from tests.incentives.conftest import earned, entries_of, lines_of, priced_bank
from tests.incentives.test_api import As

pytestmark = pytest.mark.django_db
WHEN = at("2026-11-24 10:00")
LATER = at("2026-11-27 10:00")
DAY_40 = at("2027-01-03 10:00")


def certified(bank: Cast, *cases: Application, period: str = "2026-11", when=LATER) -> Confirmation:
    numbers = [case.number for case in cases if not hasattr(case.assessment, "registration")]
    if numbers:
        register(applications=numbers, actor=bank.zheng_weiguo, at=when)
    draft = draft_confirmation(period=period, actor=bank.zheng_weiguo, at=when)
    return certify(no=draft.no, actor=bank.feng_zhiqiang, at=when)


def batched(bank: Cast, *documents: Confirmation, when=LATER) -> PayoutBatch:
    return make_payout(confirmations=[row.no for row in documents], actor=bank.su_min, at=when)


def taken_back(bank: Cast, case: Application, *, when=DAY_40) -> None:
    asked = ask_reversal(case=case.number, actor=bank.pan_wei, at=when, reason="冒名办卡")
    approve_reversal(reversal=asked.pk, actor=bank.feng_zhiqiang, at=when)


def sheet(bank: Cast, batch: PayoutBatch, name: str) -> list[dict[str, str]]:
    file = download(batch=batch.pk, sheet=name, form="csv", actor=bank.su_min, at=LATER)
    return list(csv.DictReader(io.StringIO(bytes(file.content).decode("utf-8-sig"))))


def balance(batch: PayoutBatch, person: Employee) -> tuple[int, int, int, int]:
    """Due, brought forward, paid, carried: in yuan."""
    row = batch.balances.get(payee=person)
    return tuple(fen // 100 for fen in (row.due_fen, row.brought_fen, row.paid_fen, row.carried_fen))


# -- S19 ---------------------------------------------------------------------------------------------------------------
def test_s19_a_case_found_fraudulent_after_the_payment_comes_back_as_negative_lines(
    bank: Cast, month: list[Application]
) -> None:
    first = batched(bank, certified(bank, *month))
    mark_paid(batch=first.pk, actor=bank.su_min, at=LATER)
    lines = list(first.lines.order_by("pk").values_list("entry", "entry__amount_fen", "sheet"))
    taken_back(bank, month[0])
    document = certified(bank, period="2027-01", when=DAY_40)
    assert (document.no, document.total_fen, document.entry_count) == ("JXQR-202701-001", -100_00, 6)
    second = batched(bank, document, when=DAY_40)
    assert set(second.lines.values_list("entry__kind", flat=True)) == {"REVERSAL"}
    assert second.lines.count() == 6
    assert {row.sheet.value: (row.entries, row.total_fen) for row in control_of(second).sheets} == {
        "hr": (5, -90_00), "vendor": (1, -10_00), "customers": (0, 0), "pool": (0, 0),
    }  # fmt: skip
    rows = {row["姓名"]: (row["分润金额"], row["冲回"], row["应发合计"]) for row in sheet(bank, second, "hr")}
    assert rows == {
        "李文静": ("0.00", "-25.00", "-25.00"), "周启明": ("0.00", "-25.00", "-25.00"),
        "何秀兰": ("0.00", "-15.00", "-15.00"), "郑维国": ("0.00", "-5.00", "-5.00"),
        "林小雨": ("0.00", "-20.00", "-20.00"),
    }  # fmt: skip
    assert [row["应结金额"] for row in sheet(bank, second, "vendor")] == ["-10.00"]
    assert list(first.lines.order_by("pk").values_list("entry", "entry__amount_fen", "sheet")) == lines


def test_s19_hr_exports_the_month_over_the_api(bank: Cast, month: list[Application]) -> None:
    document, hr = certified(bank, *month), As(bank.su_min)
    made = hr.post("payouts/", confirmations=[document.no])
    assert made.status_code == 201
    batch = made.json()
    assert (batch["total"], batch["build"]) == ("500.00", {"percent": 100, "finished": True})
    assert {row["sheet"]: (row["entries"], row["total"]) for row in batch["control"]["sheets"]} == {
        "hr": (17, "490.00"), "vendor": (1, "10.00"), "customers": (0, "0.00"), "pool": (0, "0.00"),
    }  # fmt: skip
    assert {name: batch["control"][name] for name in ("held", "voided", "confirmed", "difference")} == {
        "held": "0.00", "voided": "0.00", "confirmed": "500.00", "difference": "0.00",
    }  # fmt: skip
    address = f"payouts/{batch['id']}/"
    first, again = (hr.get(f"{address}hr.csv") for _time in "12")
    assert (first.content, first["Digest"]) == (again.content, again["Digest"])
    people = list(csv.DictReader(io.StringIO(first.content.decode("utf-8-sig"))))
    assert (len(people), sum(Decimal(row["应发合计"]) for row in people)) == (7, Decimal("490.00"))
    (vendor,) = csv.DictReader(io.StringIO(hr.get(f"{address}vendor.csv").content.decode("utf-8-sig")))
    assert (vendor["姓名"], vendor["应结金额"]) == ("宋佳", "10.00")
    twice = hr.post("payouts/", confirmations=[document.no])
    assert (twice.status_code, twice.json()["code"]) == (409, "already_exported")
    assert {row["format"]: row["sha256"] for row in hr.get(address).json()["files"] if row["sheet"] == "hr"} == {
        row["format"]: row["sha256"] for row in batch["files"] if row["sheet"] == "hr"
    }
    assert hr.post(f"{address}paid/").json()["paid_by"] == "LZ10015"


def test_a_row_names_all_documents_of_its_payee(bank: Cast, month: list[Application]) -> None:
    first, second = (certified(bank, case) for case in month[:2])
    batch = batched(bank, first, second)
    documents = {row["姓名"]: row["确认书编号"] for row in sheet(bank, batch, "hr")}
    assert documents["林小雨"] == "JXQR-202611-001、JXQR-202611-002"
    assert documents["李文静"] == "JXQR-202611-001"


# -- nobody pays the bank ----------------------------------------------------------------------------------------------
def test_a_minus_is_paid_as_nothing_and_carried_until_it_is_covered(bank: Cast, month: list[Application]) -> None:
    first = batched(bank, certified(bank, *month))
    assert balance(first, bank.he_xiulan) == (60, 0, 60, 0)
    taken_back(bank, month[0])
    second = batched(bank, certified(bank, period="2027-01", when=DAY_40), when=DAY_40)
    assert balance(second, bank.he_xiulan) == (-15, 0, 0, -15)
    assert balance(second, bank.lin_xiaoyu) == (-20, 0, 0, -20)
    assert not second.balances.filter(payee=bank.song_jia).exists()  # the vendor is settled net
    mark_paid(batch=second.pk, actor=bank.su_min, at=DAY_40)
    assert not Message.objects.filter(kind="reward_paid").exists()

    cheap = earned(bank, when=DAY_40, product="FS")  # 30.00: the check 4.50, after-sales 6.00
    third = batched(bank, certified(bank, cheap, period="2027-01", when=DAY_40), when=DAY_40)
    row = third.balances.get(payee=bank.he_xiulan)
    assert (row.due_fen, row.brought_fen, row.paid_fen, row.carried_fen) == (4_50, -15_00, 0, -10_50)
    dear = earned(bank, when=DAY_40, product="BJ")
    fourth = batched(bank, certified(bank, dear, period="2027-01", when=DAY_40), when=DAY_40)
    row = fourth.balances.get(payee=bank.he_xiulan)
    assert (row.due_fen, row.brought_fen, row.paid_fen, row.carried_fen) == (45_00, -10_50, 34_50, 0)
    everything = PayoutBalance.objects.filter(payee=bank.he_xiulan)
    assert sum(row.paid_fen for row in everything) == sum(row.due_fen for row in everything)


def test_what_was_netted_in_a_refused_payment_is_netted_again(bank: Cast, month: list[Application]) -> None:
    """Paid 60, then −15 carried; 45 − 15 = 30 refused by the bank, meanwhile 45 paid: 45 − 15 come once more."""
    batched(bank, certified(bank, *month))
    taken_back(bank, month[0])
    batched(bank, certified(bank, period="2027-01", when=DAY_40), when=DAY_40)
    documents = [
        certified(bank, earned(bank, when=DAY_40, product="BJ"), period="2027-01", when=DAY_40) for _case in "12"
    ]
    refused, meanwhile = (batched(bank, document, when=DAY_40) for document in documents)
    assert balance(refused, bank.he_xiulan) == (45, -15, 30, 0)
    assert balance(meanwhile, bank.he_xiulan) == (45, 0, 45, 0)
    answer = "工号,实发金额,结果,原因\r\nLZ10007,30.00,退回,销户\r\n".encode()
    take_return(batch=refused.pk, name="r.csv", content=answer, actor=bank.su_min, at=DAY_40)
    again = batched(bank, documents[0], when=DAY_40)
    assert balance(again, bank.he_xiulan) == (45, -15, 30, 0)
    stands = PayoutBalance.objects.filter(payee=bank.he_xiulan).exclude(fate="REFUSED")
    assert sum(row.paid_fen for row in stands) == (60 - 15 + 45 + 45) * 100
    assert [check.name for check in CHECKS if check.no == "7" and check.broken()] == []


def bounced_after_the_next(bank: Cast, month: list[Application]) -> PayoutBatch:
    """何秀兰 in yuan: 60 paid, −15 carried, 45 − 15 = 30 paid, −45 carried; then the 30 bounce, and their 45 come again
    with the batch that is returned."""
    batched(bank, certified(bank, *month))
    taken_back(bank, month[0])
    batched(bank, certified(bank, period="2027-01", when=DAY_40), when=DAY_40)
    document = certified(bank, earned(bank, when=DAY_40, product="BJ"), period="2027-01", when=DAY_40)
    bounced = batched(bank, document, when=DAY_40)
    assert balance(bounced, bank.he_xiulan) == (45, -15, 30, 0)
    taken_back(bank, month[1])
    between = batched(bank, certified(bank, period="2027-01", when=DAY_40), when=DAY_40)
    assert balance(between, bank.he_xiulan) == (-45, 0, 0, -45)
    for answer in ("已发放", "退回"):
        content = f"工号,实发金额,结果,原因\r\nLZ10007,30.00,{answer},销户\r\n".encode()
        take_return(batch=bounced.pk, name="r.csv", content=content, actor=bank.su_min, at=DAY_40)
    assert balance(between, bank.he_xiulan) == (-45, 0, 0, -45)  # as it was made: nothing stood open then
    return batched(bank, document, when=DAY_40)


def test_a_debt_netted_in_a_payment_that_bounces_after_the_next_batch_stands_open_again_once(
    bank: Cast, month: list[Application]
) -> None:
    again = bounced_after_the_next(bank, month)
    assert balance(again, bank.he_xiulan) == (45, -15 - 45, 0, -15)
    stands = PayoutBalance.objects.filter(payee=bank.he_xiulan).exclude(fate="BOUNCED")
    assert sum(row.paid_fen for row in stands) == 60_00
    assert sum(row.due_fen for row in stands) == (60 - 15 - 45 + 45) * 100
    assert [check.name for check in CHECKS if check.no == "7" and check.broken()] == []


# -- what is left out --------------------------------------------------------------------------------------------------
def test_held_and_voided_entries_are_left_out_and_accounted_for(bank: Cast, month: list[Application]) -> None:
    document = certified(bank, *month)
    platinum = {row.role: row for row in entries_of(month[1])}
    hold(entry=platinum["CREDIT_CHECK"].pk, reason="投诉", actor=bank.pan_wei, at=LATER)
    void(entry=platinum["ENTRY"].pk, reason="录入作废", actor=bank.pan_wei, at=LATER)
    assert [(row.ready.total_fen, row.held.total_fen) for row in waiting()] == [(425_00, 45_00)]
    batch = batched(bank, document)
    assert (batch.confirmed_fen, batch.held_fen, batch.voided_fen, batch.total_fen) == (500_00, 45_00, 30_00, 425_00)
    assert control_of(batch).is_green
    release(entry=platinum["CREDIT_CHECK"].pk, reason="不成立", actor=bank.pan_wei, at=LATER)
    rest = batched(bank, document)
    assert (rest.confirmed_fen, rest.held_fen, rest.voided_fen, rest.total_fen) == (75_00, 0, 30_00, 45_00)
    assert waiting() == []  # a voided entry keeps no document on the list
    late = certified(bank, period="2026-11")  # what the void gave to the pool
    assert {row.sheet.value: row.total_fen for row in control_of(batched(bank, late)).sheets}["pool"] == 30_00


def test_what_is_taken_back_before_the_export_is_never_paid_nor_is_its_claw_back(
    bank: Cast, month: list[Application]
) -> None:
    """An audit hold stops the case, the claw-back ends the hold: nothing of the case leaves the house all the same."""
    document = certified(bank, *month)
    for entry in entries_of(month[0]):
        hold(entry=entry.pk, reason="疑似冒名", actor=bank.pan_wei, at=LATER)
    taken_back(bank, month[0], when=LATER)
    (row,) = waiting()
    assert (row.ready.total_fen, row.held.total_fen, row.voided.total_fen) == (400_00, 0, 100_00)
    batch = batched(bank, document)
    assert (batch.confirmed_fen, batch.held_fen, batch.voided_fen, batch.total_fen) == (500_00, 0, 100_00, 400_00)
    assert control_of(batch).is_green
    assert not batch.lines.filter(entry__assessment=month[0].pk).exists()
    assert {row.state for row in lines_of(month[0])} == {"REVERSED"}
    with pytest.raises(Refused) as no:
        certified(bank, period="2027-01", when=DAY_40)
    assert no.value.code == "nothing_to_confirm"
    assert waiting() == []


def test_a_refused_payment_comes_again_beside_its_claw_back_that_was_exported_already(
    bank: Cast, month: list[Application]
) -> None:
    """60 refused, −15 exported meanwhile: 60 again. Had the −15 not been exported, 45 and neither half."""
    document = certified(bank, *month)
    first = batched(bank, document)
    taken_back(bank, month[0])
    batched(bank, certified(bank, period="2027-01", when=DAY_40), when=DAY_40)
    answer = "工号,实发金额,结果,原因\r\nLZ10007,60.00,退回,销户\r\n".encode()
    take_return(batch=first.pk, name="r.csv", content=answer, actor=bank.su_min, at=DAY_40)
    assert balance(batched(bank, document, when=DAY_40), bank.he_xiulan) == (60, -15, 45, 0)


def test_a_refused_payment_comes_again_without_what_was_taken_back_meanwhile(
    bank: Cast, month: list[Application]
) -> None:
    document = certified(bank, *month)
    first = batched(bank, document)
    taken_back(bank, month[0])
    answer = "工号,实发金额,结果,原因\r\nLZ10007,60.00,退回,销户\r\n".encode()
    take_return(batch=first.pk, name="r.csv", content=answer, actor=bank.su_min, at=DAY_40)
    assert balance(batched(bank, document, when=DAY_40), bank.he_xiulan) == (45, 0, 45, 0)
    claw_backs = certified(bank, period="2027-01", when=DAY_40)
    assert not claw_backs.lines.filter(entry__payee=bank.he_xiulan).exists()
    assert claw_backs.total_fen == -85_00


def test_a_claw_back_whose_payment_was_refused_meanwhile_leaves_its_draft(bank: Cast, month: list[Application]) -> None:
    first = batched(bank, certified(bank, *month))
    taken_back(bank, month[0])
    draft = draft_confirmation(period="2027-01", actor=bank.zheng_weiguo, at=DAY_40)
    assert draft.total_fen == -100_00
    answer = "工号,实发金额,结果,原因\r\nLZ10007,60.00,退回,销户\r\n".encode()
    take_return(batch=first.pk, name="r.csv", content=answer, actor=bank.su_min, at=DAY_40)
    (row,) = drafts_for(bank.feng_zhiqiang)
    assert (row.pulled, row.pulled_fen) == (1, -15_00)
    assert certify(no=draft.no, actor=bank.feng_zhiqiang, at=DAY_40).total_fen == -85_00


def test_what_waits_for_its_export_adds_up_by_document(bank: Cast, month: list[Application]) -> None:
    document = certified(bank, *month)
    shares = {row.role: row for row in entries_of(month[1])}
    hold(entry=shares["CREDIT_CHECK"].pk, reason="投诉", actor=bank.pan_wei, at=LATER)
    void(entry=shares["ENTRY"].pk, reason="录入作废", actor=bank.pan_wei, at=LATER)
    batched(bank, document)
    (row,) = waiting()
    sums = (row.ready, row.held, row.voided, row.exported)
    assert [part.total_fen for part in sums] == [0, 45_00, 30_00, 425_00]
    assert sum(part.total_fen for part in sums) == document.total_fen
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(bank.su_min, backend="django.contrib.auth.backends.ModelBackend")
    page = client.get("/payouts/").content.decode()
    assert page.index("425.00") < page.index("500.00")


def test_the_preview_shows_what_the_batch_will_be(bank: Cast, month: list[Application]) -> None:
    document = certified(bank, *month)
    hold(entry=entries_of(month[1])[0].pk, reason="投诉", actor=bank.pan_wei, at=LATER)
    shown = batch_of([document]).control
    assert control_of(batched(bank, document)) == shown


def page_of(person: Employee, *documents: Confirmation) -> str:
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    answer = client.get("/payouts/preview/", {"confirmation": [row.no for row in documents]})
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_button_is_there_while_the_totals_agree_and_says_why_not(bank: Cast, month: list[Application]) -> None:
    document = certified(bank, *month)
    page = page_of(bank.su_min, document)
    assert "The totals agree" in page
    assert "disabled" not in page
    assert "Make the batch" in page
    with connection.cursor() as cursor:  # a hand in the tables
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE incentives_rewardentry DISABLE TRIGGER USER")
        cursor.execute("UPDATE incentives_rewardentry SET amount_fen = amount_fen + 1 WHERE payee_id = %s",
                       [bank.fang_fang.pk])  # fmt: skip
    page = page_of(bank.su_min, document)
    assert "The totals do not agree" in page
    assert "differ from the confirmed amount by -0.01 yuan" in page
    assert "disabled" in page
    with pytest.raises(Refused) as no:
        batched(bank, document)
    assert no.value.code == "totals_differ"
    assert not PayoutBatch.objects.exists()


def test_the_page_names_the_other_batches_of_a_document(bank: Cast, month: list[Application]) -> None:
    document = certified(bank, *month)
    entry = entries_of(month[1])[0]
    hold(entry=entry.pk, reason="投诉", actor=bank.pan_wei, at=LATER)
    first = batched(bank, document)
    release(entry=entry.pk, reason="不成立", actor=bank.pan_wei, at=LATER)
    second = batched(bank, document)
    client = Client()
    client.force_login(bank.su_min, backend="django.contrib.auth.backends.ModelBackend")
    for batch, other in ((first, second), (second, first)):
        assert f'href="/payouts/{other.pk}/"' in client.get(f"/payouts/{batch.pk}/").content.decode()


# -- T106: nothing of it is changed ------------------------------------------------------------------------------------
LINE, BALANCE, FILE = "incentives_payoutline", "incentives_payoutbalance", "incentives_payoutfile"
PAYEE = "incentives_payoutpayee"
BATCH, BUILD, LINK = "incentives_payoutbatch", "incentives_payoutbuild", "incentives_payoutbatch_confirmations"
TAMPERING = [
    f"UPDATE {LINE} SET entry_id = (SELECT max(id) FROM incentives_rewardentry) WHERE sheet = 'hr'",
    f"UPDATE {LINE} SET sheet = 'pool'",
    f"UPDATE {LINE} SET is_refused = true",
    f"DELETE FROM {LINE}",
    f"TRUNCATE {LINE}",
    f"INSERT INTO {LINE} (batch_id, entry_id, sheet, is_refused) "
    f"SELECT (SELECT max(id) FROM {BATCH}), max(id), 'hr', false FROM incentives_rewardentry",
    f"UPDATE {BALANCE} SET due_fen = due_fen + 100, paid_fen = paid_fen + 100",
    f"UPDATE {BALANCE} SET payee_id = (SELECT id FROM organization_employee WHERE number = 'LZ10009') "
    f"WHERE id = (SELECT min(id) FROM {BALANCE})",
    f"UPDATE {BALANCE} SET fate = 'REFUSED'",
    f"UPDATE {BALANCE} SET fate = 'PAID'",
    f"DELETE FROM {BALANCE}",
    f"INSERT INTO {BALANCE} (batch_id, payee_id, due_fen, brought_fen, paid_fen, carried_fen, fate, finding) "
    f"SELECT max(batch_id), (SELECT id FROM organization_employee WHERE number = 'LZ10009'), 1, 0, 1, 0, 'OPEN', '' "
    f"FROM {BALANCE}",
    f"UPDATE {PAYEE} SET name = '别人'",
    f"DELETE FROM {PAYEE}",
    f"INSERT INTO {PAYEE} (batch_id, payee_id, name, branch, posts, employment, vendor) "
    f"SELECT max(batch_id), (SELECT id FROM organization_employee WHERE number = 'LZ10009'), '别人', '', '', '', '' "
    f"FROM {PAYEE}",
    f"UPDATE {FILE} SET content = set_byte(content, 100, get_byte(content, 100) # 1) WHERE sheet = 'hr'",
    f"DELETE FROM {FILE}",
    f"INSERT INTO {FILE} (batch_id, sheet, format, content, digest, size) "
    f"SELECT batch_id, sheet, format, content, digest, size FROM {FILE}",
    f"UPDATE {BATCH} SET total_fen = total_fen + 100, confirmed_fen = confirmed_fen + 100",
    f"UPDATE {BATCH} SET made_by_id = (SELECT id FROM organization_employee WHERE number = 'LZ10012')",
    f"TRUNCATE {BATCH} CASCADE",
    f"INSERT INTO {LINK} (payoutbatch_id, confirmation_id) SELECT (SELECT max(id) FROM {BATCH}), max(id) "
    "FROM incentives_confirmation",
    f"DELETE FROM {LINK}",
    f"UPDATE {BUILD} SET finished_at = NULL",
    f"DELETE FROM {BUILD}",
    "UPDATE incentives_rewardentry SET amount_fen = amount_fen + 1",
]


@pytest.mark.django_db(transaction=True)
def test_no_hand_in_the_tables_changes_a_batch(transactional_db: None, runtime_connection) -> None:
    """As the role that web and worker run as, and as the owner of the tables: none of them succeeds."""
    bank = priced_bank()
    batched(bank, certified(bank, earned(bank, when=WHEN)))
    certified(bank, earned(bank, when=WHEN))  # another document, and entries that no batch has
    before = _as_it_stands()
    for statement in TAMPERING:
        with pytest.raises(DatabaseError):
            _as_owner(statement)
        with pytest.raises(psycopg2.DatabaseError), runtime_connection, runtime_connection.cursor() as cursor:
            cursor.execute(statement)
    assert len(TAMPERING) >= 20
    assert _as_it_stands() == before


@transaction.atomic
def _as_owner(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL ops.may_truncate = off")  # on for the tests alone
        cursor.execute(statement)


def _as_it_stands() -> list[object]:
    with connection.cursor() as cursor:
        rows: list[object] = []
        for table in (LINE, BALANCE, PAYEE, FILE, BATCH, BUILD, LINK, "incentives_rewardentry"):
            cursor.execute(f"SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {table} t")
            rows += cursor.fetchall()
        return rows


def test_a_batch_whose_lines_are_not_its_total_is_not_sealed(bank: Cast, month: list[Application]) -> None:
    document = certified(bank, *month)
    batch = PayoutBatch.objects.create(
        made_by=bank.su_min, made_at=LATER, confirmed_fen=500_00, total_fen=500_00
    )  # fmt: skip
    batch.confirmations.add(document)
    seal = (
        f"INSERT INTO {BUILD} (batch_id, total_rows, done_rows, attempts, touched_at, error) "
        "VALUES (%s, 0, 0, 0, now(), '')"
    )
    with pytest.raises(DatabaseError, match="not the sum of its lines"), transaction.atomic():
        connection.cursor().execute(seal, [batch.pk])
    ours = RewardEntry.objects.filter(confirmation_line__confirmation=document)
    PayoutLine.objects.bulk_create(PayoutLine(batch=batch, entry=entry, sheet="hr") for entry in ours)
    with pytest.raises(DatabaseError, match="payee's lines"), transaction.atomic():
        connection.cursor().execute(seal, [batch.pk])


# -- what a hand that puts the guards aside leaves behind --------------------------------------------------------------
DAMAGE = [
    ("files-as-they-left", FILE,
     f"UPDATE {FILE} SET content = set_byte(content, 100, get_byte(content, 100) # 1) WHERE sheet = 'hr'"),
    ("files-as-they-left", FILE,
     f"UPDATE {FILE} SET content = 'x', size = 1, digest = encode(sha256('x'), 'hex') WHERE sheet = 'pool'"),
    ("files-as-they-left", FILE, f"DELETE FROM {FILE} WHERE sheet = 'vendor' AND format = 'csv'"),
    ("payouts-add-up", BATCH,
     f"UPDATE {BATCH} SET voided_fen = voided_fen + 100, confirmed_fen = confirmed_fen + 100"),
    ("payouts-add-up", LINE, f"DELETE FROM {LINE} WHERE id = (SELECT min(id) FROM {LINE})"),
    ("balances-add-up", BALANCE,
     f"UPDATE {BALANCE} SET brought_fen = brought_fen - 100, paid_fen = paid_fen - 100 WHERE paid_fen >= 100"),
    ("balances-add-up", BALANCE, f"UPDATE {BALANCE} SET fate = 'REFUSED'"),
    ("balances-add-up", LINE, f"UPDATE {LINE} SET is_refused = true WHERE id = (SELECT min(id) FROM {LINE})"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "table", "statement"), DAMAGE)
def test_verify_finds_it(bank: Cast, name: str, table: str, statement: str) -> None:
    batched(bank, certified(bank, earned(bank, when=WHEN)))
    (check,) = (check for check in CHECKS if check.name == name)
    assert check.broken() == []
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(statement)
    assert check.broken()


@pytest.mark.parametrize(("brought", "paid", "carried"), [(-15_00, 30_00, 0), (-105_00, 0, -60_00)])
def test_verify_finds_a_debt_forgotten_or_brought_twice_by_somebody_whose_payment_came_back(
    bank: Cast, month: list[Application], brought: int, paid: int, carried: int
) -> None:
    again = bounced_after_the_next(bank, month)
    (check,) = (check for check in CHECKS if check.name == "balances-add-up")
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(f"ALTER TABLE {BALANCE} DISABLE TRIGGER USER")
        cursor.execute(
            f"UPDATE {BALANCE} SET brought_fen = %s, paid_fen = %s, carried_fen = %s "
            "WHERE batch_id = %s AND payee_id = %s",
            [brought, paid, carried, again.pk, bank.he_xiulan.pk],
        )
    assert check.broken() == [f"batch {again.pk}"]
