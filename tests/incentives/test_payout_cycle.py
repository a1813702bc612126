"""From the registration to the pay date: the month of domain section 8 (S15, S19), and who may not do what."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date
from decimal import Decimal

import pytest
from python_calamine import CalamineWorkbook

from applications.lifecycle import Clock
from applications.models import Application, CaseClock
from applications.services import issue
from incentives.models import Confirmation, PayoutBatch, RewardEntry
from incentives.services.accrual import accrue
from incentives.services.confirmations import certify, check_code_of, discard_confirmation, draft_confirmation
from incentives.services.holds import hold, release
from incentives.services.payouts import download, make_payout, mark_paid
from incentives.services.registration import register
from incentives.services.releases import release_due_holds
from ops_center.kernel.errors import Malformed, NotAllowed, Refused
from ops_center.kernel.money import capitals
from ops_center.web.tables import Table, as_csv, as_xlsx
from tests.cast import Cast, at
from tests.incentives.conftest import earned, entries_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("flat")]
WHEN = at("2026-11-24 10:00")
LATER = at("2026-11-27 10:00")


def drafted(bank: Cast, cases: list[Application]) -> Confirmation:
    register(applications=[case.number for case in cases], actor=bank.zheng_weiguo, at=WHEN)
    return draft_confirmation(period="2026-11", actor=bank.zheng_weiguo, at=WHEN)


def confirmed(bank: Cast, cases: list[Application]) -> Confirmation:
    return certify(no=drafted(bank, cases).no, actor=bank.feng_zhiqiang, at=LATER)


def exported(bank: Cast, cases: list[Application]) -> PayoutBatch:
    return make_payout(confirmations=[confirmed(bank, cases).no], actor=bank.su_min, at=LATER)


def csv_of(bank: Cast, batch: PayoutBatch, sheet: str) -> list[dict[str, str]]:
    file = download(batch=batch.pk, sheet=sheet, form="csv", actor=bank.su_min, at=LATER)
    return list(csv.DictReader(io.StringIO(bytes(file.content).decode("utf-8-sig"))))


def test_s19_the_month_of_three_cases(bank: Cast, month: list[Application]) -> None:
    document = drafted(bank, month)
    assert document.no == "JXQR-202611-001"
    with pytest.raises(Refused, match="earn from a case"):
        certify(no=document.no, actor=bank.zheng_weiguo, at=LATER)
    document = certify(no=document.no, actor=bank.feng_zhiqiang, at=LATER)
    assert (document.state, document.total_fen, capitals(document.total_fen)) == ("CONFIRMED", 500_00, "伍佰元整")
    assert (document.case_count, document.entry_count) == (3, 18)
    assert {row.state for row in entries_of(month[0])} == {"CERTIFIED"}

    batch = make_payout(confirmations=[document.no], actor=bank.su_min, at=LATER)
    rows = {row["姓名"]: row["应发合计"] for row in csv_of(bank, batch, "hr")}
    assert rows == {
        "陈小明": "250.00", "林小雨": "80.00", "何秀兰": "60.00", "方芳": "30.00", "李文静": "25.00", "周启明": "25.00",
        "郑维国": "20.00",
    }  # fmt: skip
    assert [(row["姓名"], row["应结金额"]) for row in csv_of(bank, batch, "vendor")] == [("宋佳", "10.00")]
    assert csv_of(bank, batch, "customers") == csv_of(bank, batch, "pool") == []
    assert {row.state for row in entries_of(month[1])} == {"EXPORTED"}

    first, again = (download(batch=batch.pk, sheet="hr", form="xlsx", actor=bank.su_min, at=LATER) for _time in "12")
    assert (first.digest, bytes(first.content)) == (again.digest, bytes(again.content))
    with pytest.raises(Refused) as no:
        make_payout(confirmations=[document.no], actor=bank.su_min, at=LATER)
    assert no.value.code == "already_exported"

    mark_paid(batch=batch.pk, actor=bank.su_min, at=LATER)
    assert {row.state for row in entries_of(month[2])} == {"PAID"}


def test_the_hr_workbook_has_people_details_and_totals(bank: Cast, month: list[Application]) -> None:
    batch = exported(bank, month)
    file = download(batch=batch.pk, sheet="hr", form="xlsx", actor=bank.su_min, at=LATER)
    book = CalamineWorkbook.from_filelike(io.BytesIO(bytes(file.content)))
    assert book.sheet_names == ["发放汇总", "明细", "合计", "实发与结转"]
    people = book.get_sheet_by_name("发放汇总").to_python()
    assert people[0] == [
        "工号", "姓名", "机构", "岗位", "用工性质", "笔数", "分润金额", "时效奖励", "时效扣减", "营销奖励", "冲回",
        "应发合计", "确认书编号",
    ]  # fmt: skip
    assert [row[0] for row in people[1:]] == sorted(row[0] for row in people[1:])
    manager = next(row for row in people if row[1] == "陈小明")
    assert (manager[5], manager[6], manager[11], manager[12]) == (8.0, 250.0, 250.0, "JXQR-202611-001")
    assert len(book.get_sheet_by_name("明细").to_python()) == 1 + 17
    totals = dict(book.get_sheet_by_name("合计").to_python()[1:])
    assert (totals["四表合计"], totals["确认书合计"], totals["差额"]) == (500.0, 500.0, 0.0)


def test_no_client_appears_on_any_sheet(bank: Cast, month: list[Application]) -> None:
    batch = exported(bank, month)
    names = [case.applicant.name.reveal() for case in month]
    masks = [case.applicant.name_mask for case in month]
    for file in batch.files.filter(format="csv"):
        text = bytes(file.content).decode("utf-8-sig")
        assert not [name for name in names + masks if name in text]


def test_the_clocks_of_the_money_follow_each_other(bank: Cast, month: list[Application]) -> None:
    def running() -> set[str]:
        return set(CaseClock.objects.running().filter(application=month[0]).values_list("kind", flat=True))

    assert running() == {Clock.REGISTER}
    document = drafted(bank, month)
    assert running() == {Clock.CERTIFY}
    certify(no=document.no, actor=bank.feng_zhiqiang, at=LATER)
    assert running() == {Clock.PAY}
    pay = CaseClock.objects.get(application=month[0], kind=Clock.PAY)
    assert pay.due_at == at("2026-12-15 17:30")
    batch = make_payout(confirmations=[document.no], actor=bank.su_min, at=LATER)
    mark_paid(batch=batch.pk, actor=bank.su_min, at=LATER)
    assert running() == set()


# -- registration ------------------------------------------------------------------------------------------------------
def test_each_case_of_a_bulk_registration_answers_for_itself(bank: Cast) -> None:
    first, second = earned(bank, when=WHEN), bank.activated(when=WHEN)
    results = register(applications=[first.number, second.number, "KX000"], actor=bank.zheng_weiguo, at=WHEN)
    assert [(row.done, row.refusal and row.refusal.code) for row in results] == [
        (True, None), (False, "not_accrued"), (False, "not_found"),
    ]  # fmt: skip


def test_a_second_registration_is_refused(bank: Cast) -> None:
    case = earned(bank, when=WHEN)
    register(applications=[case.number], actor=bank.zheng_weiguo, at=WHEN)
    with pytest.raises(Refused) as no:
        register(applications=[case.number], actor=bank.zheng_weiguo, at=WHEN)
    assert no.value.code == "already_registered"


def test_only_trackers_register(bank: Cast) -> None:
    case = earned(bank, when=WHEN)
    for person in (bank.feng_zhiqiang, bank.su_min, bank.lin_xiaoyu, bank.pan_wei):
        with pytest.raises(NotAllowed):
            register(applications=[case.number], actor=person, at=WHEN)


# -- documents ---------------------------------------------------------------------------------------------------------
def test_documents_are_numbered_per_month_of_their_period(bank: Cast) -> None:
    numbers = []
    for period, day in (("2026-11", WHEN), ("2026-W48", WHEN), ("2026-12", at("2026-12-10 10:00"))):
        case = earned(bank, when=WHEN)
        register(applications=[case.number], actor=bank.zheng_weiguo, at=day)
        numbers.append(draft_confirmation(period=period, actor=bank.zheng_weiguo, at=day).no)
    assert numbers == ["JXQR-202611-001", "JXQR-202611-002", "JXQR-202612-001"]


@pytest.mark.parametrize("period", ["2026-13", "2026-W54", "2026", "11-2026", "2026-11-01", ""])
def test_a_period_is_a_month_or_a_week(bank: Cast, period: str) -> None:
    with pytest.raises(Malformed):
        draft_confirmation(period=period, actor=bank.zheng_weiguo, at=WHEN)


def test_a_document_takes_the_branches_that_it_names(bank: Cast) -> None:
    case = earned(bank, when=WHEN, referred=False)
    register(applications=[case.number], actor=bank.zheng_weiguo, at=WHEN)
    with pytest.raises(Refused, match="Nothing registered"):
        draft_confirmation(period="2026-11", branches=["YX01"], actor=bank.zheng_weiguo, at=WHEN)
    with pytest.raises(Malformed):
        draft_confirmation(period="2026-11", branches=["ZZ99"], actor=bank.zheng_weiguo, at=WHEN)
    document = draft_confirmation(period="2026-11", branches=["BH01"], actor=bank.zheng_weiguo, at=WHEN)
    assert document.total_fen == 100_00


def test_what_accrues_after_the_period_waits_for_the_next(bank: Cast) -> None:
    case = earned(bank, when=at("2026-12-01 09:00"))
    register(applications=[case.number], actor=bank.zheng_weiguo, at=at("2026-12-01 10:00"))
    with pytest.raises(Refused):
        draft_confirmation(period="2026-11", actor=bank.zheng_weiguo, at=at("2026-12-01 10:00"))


def test_an_entry_stands_on_one_document(bank: Cast, month: list[Application]) -> None:
    drafted(bank, month)
    with pytest.raises(Refused, match="Nothing registered"):
        draft_confirmation(period="2026-11", actor=bank.zheng_weiguo, at=WHEN)


def test_a_discarded_draft_frees_its_entries_and_keeps_its_number(bank: Cast, month: list[Application]) -> None:
    document = drafted(bank, month)
    discard_confirmation(no=document.no, reason="期间选错", actor=bank.zheng_weiguo, at=WHEN)
    again = draft_confirmation(period="2026-11", actor=bank.zheng_weiguo, at=WHEN)
    assert (again.no, again.total_fen) == ("JXQR-202611-002", 500_00)
    with pytest.raises(Refused) as no:
        certify(no=document.no, actor=bank.feng_zhiqiang, at=LATER)
    assert no.value.code == "not_a_draft"


def test_a_registrar_does_not_certify(bank: Cast) -> None:
    """A second tracker registered, earns nothing, and still may not certify what she registered."""
    second = bank.hire("高静", "OC01", "TR")
    case = earned(bank, when=WHEN)
    register(applications=[case.number], actor=second, at=WHEN)
    document = draft_confirmation(period="2026-11", actor=second, at=WHEN)
    with pytest.raises(Refused) as no:
        certify(no=document.no, actor=second, at=LATER)
    assert no.value.code == "certifier_is_registrar"
    third = bank.hire("何平", "OC01", "TR")
    assert certify(no=document.no, actor=third, at=LATER).is_confirmed


def test_a_hold_is_pulled_out_when_the_document_is_certified(bank: Cast, month: list[Application]) -> None:
    document = drafted(bank, month)
    referrer = entries_of(month[0])[0]
    hold(entry=referrer.pk, reason="疑似代签", actor=bank.pan_wei, at=WHEN)
    document = certify(no=document.no, actor=bank.feng_zhiqiang, at=LATER)
    assert document.total_fen == 475_00
    release(entry=referrer.pk, reason="已核实", actor=bank.pan_wei, at=LATER)
    late = draft_confirmation(period="2026-11", actor=bank.zheng_weiguo, at=LATER)
    assert (late.no, late.total_fen) == ("JXQR-202611-002", 25_00)


def test_a_case_waits_for_its_fourth_stamp_until_its_share_is_decided(bank: Cast) -> None:
    case = bank.issued(bank.received(when=WHEN), when=WHEN)
    issue.activate(case=case.pk, actor=None, at=WHEN)
    accrue(at=WHEN)
    register(applications=[case.number], actor=bank.zheng_weiguo, at=WHEN)
    with pytest.raises(Refused, match="Nothing registered"):
        draft_confirmation(period="2026-12", actor=bank.zheng_weiguo, at=at("2026-12-01 10:00"))
    release_due_holds(at=at("2026-12-10 10:00"))
    document = draft_confirmation(period="2026-12", actor=bank.zheng_weiguo, at=at("2026-12-10 11:00"))
    assert (document.total_fen, document.entry_count) == (100_00, 6)  # the pool's share included, the pair not


def test_the_check_code_changes_with_any_line(bank: Cast, month: list[Application]) -> None:
    document = confirmed(bank, month)
    assert document.check_code == check_code_of(document)
    other = Confirmation(pk=document.pk, no=document.no, period="2026-10")
    assert check_code_of(other) != document.check_code


# -- batches -----------------------------------------------------------------------------------------------------------
def test_what_is_held_at_the_export_comes_with_a_later_batch(bank: Cast, month: list[Application]) -> None:
    document = confirmed(bank, month)
    entry = entries_of(month[1])[0]
    hold(entry=entry.pk, reason="投诉", actor=bank.pan_wei, at=LATER)
    batch = make_payout(confirmations=[document.no], actor=bank.su_min, at=LATER)
    assert (batch.confirmed_fen, batch.held_fen, batch.total_fen) == (500_00, 75_00, 425_00)
    with pytest.raises(Refused) as no:
        make_payout(confirmations=[document.no], actor=bank.su_min, at=LATER)
    assert no.value.code == "all_held"
    release(entry=entry.pk, reason="不成立", actor=bank.pan_wei, at=LATER)
    rest = make_payout(confirmations=[document.no], actor=bank.su_min, at=LATER)
    assert (rest.confirmed_fen, rest.held_fen, rest.total_fen) == (75_00, 0, 75_00)


def test_an_exported_entry_is_not_held_any_more(bank: Cast, month: list[Application]) -> None:
    exported(bank, month)
    with pytest.raises(Refused) as no:
        hold(entry=entries_of(month[0])[0].pk, reason="late", actor=bank.pan_wei, at=LATER)
    assert no.value.code == "already_exported"


def test_a_draft_is_not_exported(bank: Cast, month: list[Application]) -> None:
    with pytest.raises(Refused) as no:
        make_payout(confirmations=[drafted(bank, month).no], actor=bank.su_min, at=LATER)
    assert no.value.code == "not_confirmed"


def test_who_certified_does_not_export(bank: Cast, month: list[Application]) -> None:
    both = bank.hire("秦川", "OC01", "SUP HR")
    document = certify(no=drafted(bank, month).no, actor=both, at=LATER)
    with pytest.raises(Refused) as no:
        make_payout(confirmations=[document.no], actor=both, at=LATER)
    assert no.value.code == "exporter_is_certifier"


def test_only_hr_exports_and_pays(bank: Cast, month: list[Application]) -> None:
    document = confirmed(bank, month)
    for person in (bank.zheng_weiguo, bank.feng_zhiqiang, bank.pan_wei, bank.cao_ying):
        with pytest.raises(NotAllowed):
            make_payout(confirmations=[document.no], actor=person, at=LATER)
    batch = make_payout(confirmations=[document.no], actor=bank.su_min, at=LATER)
    with pytest.raises(NotAllowed):
        mark_paid(batch=batch.pk, actor=bank.feng_zhiqiang, at=LATER)


def test_a_batch_is_paid_once_and_not_ahead(bank: Cast, month: list[Application]) -> None:
    batch = exported(bank, month)
    for day in (date(2026, 11, 26), date(2026, 11, 28)):
        with pytest.raises(Malformed):
            mark_paid(batch=batch.pk, actor=bank.su_min, at=LATER, paid_on=day)
    mark_paid(batch=batch.pk, actor=bank.su_min, at=LATER)
    with pytest.raises(Refused) as no:
        mark_paid(batch=batch.pk, actor=bank.su_min, at=LATER)
    assert no.value.code == "already_paid"


# -- visibility (S21) --------------------------------------------------------------------------------------------------
def test_everybody_sees_own_entries_and_hr_what_is_confirmed(bank: Cast, month: list[Application]) -> None:
    def seen(person) -> int:
        return RewardEntry.objects.visible_to(person, LATER).count()

    assert (seen(bank.li_wenjing), seen(bank.fang_fang), seen(bank.xu_wenjuan), seen(bank.su_min)) == (1, 1, 0, 0)
    assert {seen(bank.zheng_weiguo), seen(bank.feng_zhiqiang), seen(bank.cao_ying), seen(bank.pan_wei)} == {18}
    confirmed(bank, month)
    assert seen(bank.su_min) == 18


# -- formats -----------------------------------------------------------------------------------------------------------
def test_text_in_a_file_never_becomes_a_formula() -> None:
    table = Table("甲", ("姓名",), [("=cmd|'/c calc'!A1",), ("+86",), ("-1",), ("@x",), ("\t=1",), (" =1",), ("正常",)])
    rows = as_csv(table).decode("utf-8-sig").splitlines()[1:]
    assert all(row.lstrip('"').startswith("'") for row in rows[:-1])
    assert rows[-1] == "正常"
    cells = CalamineWorkbook.from_filelike(io.BytesIO(as_xlsx([table], made_at=WHEN))).get_sheet_by_index(0).to_python()
    assert cells[1] == ["=cmd|'/c calc'!A1"]


def test_a_csv_starts_with_the_byte_order_mark_and_amounts_stay_numbers() -> None:
    content = as_csv(Table("甲", ("工号", "金额"), [("00123", Decimal("-90.00"))]))
    assert content == b"\xef\xbb\xbf" + "工号,金额\r\n00123,-90.00\r\n".encode()


def test_the_same_rows_give_the_same_workbook_whatever_the_zone_of_the_clock() -> None:
    table = Table("甲", ("工号",), [("00123",)])
    assert as_xlsx([table], made_at=WHEN) == as_xlsx([table], made_at=WHEN.astimezone(UTC))
