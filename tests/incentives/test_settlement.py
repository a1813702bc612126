"""外包结算: the outsourced staff's work and money for who manages them, and nothing of anybody else."""

from __future__ import annotations

from datetime import date

import pytest

from applications.models import Application
from incentives.periods import period_of
from incentives.selectors.settlement import workers
from incentives.services.accrual import accrue
from incentives.services.confirmations import certify, draft_confirmation
from incentives.services.payouts import make_payout
from incentives.services.registration import register
from incentives.services.reversals import approve_reversal, ask_reversal
from organization.models import AuditRecord, Employee
from tests.cast import Cast, at
from tests.incentives.conftest import earned
from tests.incentives.test_api import As
from tests.incentives.test_pages import signed_in

pytestmark = pytest.mark.django_db
WHEN = at("2026-11-10 10:00")


@pytest.fixture
def vendor_manager(bank: Cast) -> Employee:
    return bank.hire("韩松", "HR01", "VND")


@pytest.fixture
def keyed_outside(bank: Cast) -> Application:
    """A classic that 宋佳, an outsourced worker, has keyed."""
    case = bank.received(when=WHEN)
    bank.check(bank.again(case), when=WHEN)
    bank.key(bank.again(case), when=WHEN, by=bank.song_jia)
    bank.review(bank.again(case), when=WHEN)
    bank.file(case, when=WHEN)
    bank.issue(case, when=WHEN)
    bank.coach(case, when=WHEN)
    bank.activate(case, when=WHEN)
    accrue(at=WHEN)
    return bank.again(case)


@pytest.fixture
def batch(bank: Cast, keyed_outside: Application) -> int:
    register(applications=[keyed_outside.number], actor=bank.zheng_weiguo, at=WHEN)
    document = draft_confirmation(period="2026-11", actor=bank.zheng_weiguo, at=WHEN)
    certify(no=document.no, actor=bank.feng_zhiqiang, at=WHEN)
    return make_payout(confirmations=[document.no], actor=bank.su_min, at=WHEN).pk


def test_the_month_by_worker_and_state_and_nobody_else(
    bank: Cast, vendor_manager: Employee, keyed_outside: Application
) -> None:
    other = earned(bank, when=WHEN)
    page = signed_in(vendor_manager).get("/settlement/?period=2026-11").content.decode()
    for fact in ("宋佳", "岚诚外包", "10.50", keyed_outside.number):
        assert fact in page, fact
    for hidden in (other.number, "方芳", keyed_outside.applicant.name_mask):
        assert hidden not in page, hidden


def test_the_list_is_cut_by_worker_and_state(vendor_manager: Employee, keyed_outside: Application) -> None:
    client = signed_in(vendor_manager)
    shown = client.get("/settlement/?period=2026-11&person=LZ10018&state=ACCRUED").content.decode()
    assert keyed_outside.number in shown
    assert keyed_outside.number not in client.get("/settlement/?period=2026-11&state=PAID").content.decode()
    assert keyed_outside.number not in client.get("/settlement/?period=2026-10").content.decode()
    assert client.get("/settlement/?state=GONE").status_code == 400


def test_who_is_hired_from_the_vendor_moves_no_certified_money(bank: Cast, keyed_outside: Application) -> None:
    register(applications=[keyed_outside.number], actor=bank.zheng_weiguo, at=WHEN)
    document = draft_confirmation(period="2026-11", actor=bank.zheng_weiguo, at=WHEN)
    certify(no=document.no, actor=bank.feng_zhiqiang, at=WHEN)
    before = sum(worker.total_fen for worker in workers(period_of("2026-11")))
    Employee.objects.filter(pk=bank.song_jia.pk).update(employment="REGULAR", vendor="")
    assert sum(worker.total_fen for worker in workers(period_of("2026-11"))) == before > 0
    made = make_payout(confirmations=[document.no], actor=bank.su_min, at=WHEN)
    assert set(made.lines.filter(entry__payee=bank.song_jia).values_list("sheet", flat=True)) == {"vendor"}
    asked = ask_reversal(case=keyed_outside.number, actor=bank.pan_wei, at=WHEN, reason="冒名办卡")
    approve_reversal(reversal=asked.pk, actor=bank.feng_zhiqiang, at=WHEN)
    claw_back = draft_confirmation(period="2026-11", actor=bank.zheng_weiguo, at=WHEN)
    assert set(claw_back.lines.filter(entry__payee=bank.song_jia).values_list("sheet", flat=True)) == {"vendor"}


def test_the_vendor_sheet_is_theirs_and_no_other(vendor_manager: Employee, batch: int) -> None:
    client = signed_in(vendor_manager)
    sheet = client.get(f"/settlement/{batch}.csv")
    assert "宋佳" in sheet.content.decode("utf-8-sig")
    assert As(vendor_manager).get(f"payouts/{batch}/vendor.csv").content == sheet.content
    assert As(vendor_manager).get(f"payouts/{batch}/hr.csv").status_code == 403
    assert client.get(f"/payouts/{batch}/").status_code == 403
    taken = AuditRecord.objects.filter(action="download_payout", actor=vendor_manager).count()
    assert taken == 2


def test_the_settlement_opens_for_who_manages_the_outsourced(bank: Cast, vendor_manager: Employee) -> None:
    for person in [*bank.people.values(), vendor_manager]:
        expected = 200 if "VND" in person.role_codes(date(2026, 11, 10)) else 403
        assert signed_in(person).get("/settlement/").status_code == expected, person
