"""The confirmation document on paper: what it says, that it stays the same, and how anybody checks it."""

from __future__ import annotations

import io
import itertools
import re
import time

import pytest
from django.conf import settings
from django.db import DatabaseError, transaction
from django.http import HttpResponse
from django.test import Client
from pypdf import PdfReader

from applications.models import Application
from incentives.lifecycle import EntryKind, PayeeKind
from incentives.models import Confirmation, ConfirmationPaper, SplitPolicy
from incentives.paper import confirmation_pdf, printable
from incentives.selectors.papers import Document, PayeeSum, document_of
from incentives.services.confirmations import certify, check_code_of, discard_confirmation, draft_confirmation
from incentives.services.printing import print_confirmation, verify_url
from incentives.services.registration import register
from ops_center.kernel.errors import NotAllowed, OutOfSight, Refused
from organization.models import AuditRecord, Branch, Employee
from tests.cast import Cast, at
from tests.incentives.conftest import earned

pytestmark = pytest.mark.django_db
WHEN = at("2026-11-24 10:00")
LATER = at("2026-11-27 10:00")
_addresses = itertools.count(1)


def drafted(bank: Cast, *cases: Application) -> Confirmation:
    register(applications=[case.number for case in cases], actor=bank.zheng_weiguo, at=WHEN)
    return draft_confirmation(period="2026-11", actor=bank.zheng_weiguo, at=WHEN)


@pytest.fixture
def draft(bank: Cast, flat: SplitPolicy) -> Confirmation:
    """Over one classic on Path B."""
    return drafted(bank, earned(bank, when=WHEN, referred=False))


@pytest.fixture
def paper(bank: Cast, draft: Confirmation) -> Confirmation:
    return certify(no=draft.no, actor=bank.feng_zhiqiang, at=LATER)


def text_of(content: bytes) -> list[str]:
    """The text of each page, without the blanks that a layout makes and the zeros that the reader leaves in."""
    return ["".join(page.extract_text().replace("\0", "").split()) for page in PdfReader(io.BytesIO(content)).pages]


def visitor() -> Client:
    """Somebody without a sign-in, from an address of his own."""
    return Client(headers={"Accept-Language": "en"}, REMOTE_ADDR=f"10.1.2.{next(_addresses)}")


# -- what it says ------------------------------------------------------------------------------------------------------
def test_the_document_says_all_that_the_bank_wants_on_it_and_names_no_client(
    bank: Cast, month: list[Application]
) -> None:
    no = certify(no=drafted(bank, *month).no, actor=bank.feng_zhiqiang, at=LATER).no
    (text,) = text_of(print_confirmation(no=no, actor=bank.su_min, at=LATER))
    for fact in (
        settings.BANK_NAME, "绩效发放确认书", no, "2026-11（2026-11-01至2026-11-30）", "全部机构", "3件，18笔",
        "¥500.00元", "伍佰元整", "郑维国（LZ10010）", "冯志强（LZ10012）", "2026-11-2710:00:00", "v2",
        "100.00元（2024-01-01起）", "300.00元（2024-01-01起）",
        Confirmation.objects.get().check_code, "第1页/共1页", "LZ10001陈小明滨河支行8250.00", "LZ10018宋佳",
        "资信核查375.00",
    ):  # fmt: skip
        assert fact in text, fact
    assert "草稿" not in text
    for case in month:
        assert case.applicant.name.reveal() not in text
        assert case.applicant.name_mask not in text


def test_a_draft_says_so_on_every_page_and_has_no_code(bank: Cast, draft: Confirmation) -> None:
    (text,) = text_of(print_confirmation(no=draft.no, actor=bank.zheng_weiguo, at=WHEN))
    assert "草稿" in text
    assert "尚未认证" in text
    assert "/verify/" not in text
    assert not ConfirmationPaper.objects.exists()


def test_each_kind_of_entry_has_its_column_and_minus_is_written_out(bank: Cast) -> None:
    rows = [
        PayeeSum(PayeeKind.EMPLOYEE, bank.chen_xiaoming, 3, {EntryKind.SPLIT: 50_00, EntryKind.TIMELINESS: -2_50,
                                                             EntryKind.REVERSAL: -147_50}),
        PayeeSum(PayeeKind.POOL, None, 1, {EntryKind.SPLIT: 5_00, EntryKind.CROSS_SELL: 10_00,
                                           EntryKind.ADJUSTMENT: -15_00}),
    ]  # fmt: skip
    (text,) = text_of(confirmation_pdf(document(bank, rows)))
    assert "LZ10001陈小明滨河支行350.00-2.50—-147.50—-100.00" in text
    assert "—待分配池—15.00—10.00—-15.000.00" in text
    assert "合计455.00-2.5010.00-147.50-15.00-100.00" in text
    assert "负壹佰元整" in text


def test_a_sign_that_the_typeface_lacks_is_printed_as_a_gap_and_never_as_nothing(bank: Cast) -> None:
    assert printable("龚玥喆镕翀䶮") == "龚玥喆镕翀䶮"
    assert printable("𠮷田") == "〓田"
    Employee.objects.filter(pk=bank.chen_xiaoming.pk).update(name="陈𠮷明")
    person = Employee.objects.select_related("branch").get(pk=bank.chen_xiaoming.pk)
    rows = [PayeeSum(PayeeKind.EMPLOYEE, person, 1, {EntryKind.SPLIT: 100})]
    assert "陈〓明" in text_of(confirmation_pdf(document(bank, rows)))[0]


def document(bank: Cast, rows: list[PayeeSum]) -> Document:
    draft = Confirmation.objects.create(
        no="JXQR-202611-900", period="2026-11", drafted_by=bank.zheng_weiguo, drafted_at=WHEN,
        total_fen=sum(row.total_fen for row in rows), entry_count=sum(row.entries for row in rows), case_count=1,
    )  # fmt: skip
    return Document(draft, by_role=[], by_payee=rows, registrars=[bank.zheng_weiguo], versions=["v1"],
                    bounties=[])  # fmt: skip


def test_three_hundred_payees_fill_pages_with_a_head_each_within_two_seconds(bank: Cast) -> None:
    branch = Branch(code="XX99", name="岚州高新技术产业开发区科创大道社区支行")
    rows = [
        PayeeSum(
            PayeeKind.EMPLOYEE,
            Employee(pk=place, number=f"LZ3{place:04d}", name=f"员工{place}", branch=branch),
            6,
            {EntryKind.SPLIT: 123_45, EntryKind.TIMELINESS: 5_00},
        )
        for place in range(300)
    ]
    facts = document(bank, rows)
    began = time.process_time()
    content = confirmation_pdf(facts)
    took = time.process_time() - began
    pages = text_of(content)
    assert len(pages) >= 8
    for place, page in enumerate(pages, start=1):
        assert f"第{place}页/共{len(pages)}页" in page
        assert "JXQR-202611-900" in page
        assert "草稿" in page
    assert all("工号姓名机构笔数" in page for page in pages[:-1])
    assert len(re.findall(r"LZ3\d{4}", "".join(pages))) == 300
    assert took < 2, took


# -- the same for ever -------------------------------------------------------------------------------------------------
def test_every_print_gives_the_same_bytes_even_when_a_payee_has_moved(bank: Cast, paper: Confirmation) -> None:
    first = print_confirmation(no=paper.no, actor=bank.su_min, at=LATER)
    Employee.objects.filter(pk=bank.chen_xiaoming.pk).update(branch=bank.branches["YX01"], name="陈晓明")
    assert print_confirmation(no=paper.no, actor=bank.pan_wei, at=at("2027-03-01 09:00")) == first


def test_the_same_document_makes_the_same_bytes(paper: Confirmation) -> None:
    made = [confirmation_pdf(document_of(paper), verify_url=verify_url(paper)) for _time in range(2)]
    assert made[0] == made[1]


def test_the_original_is_never_changed_and_every_print_is_recorded(bank: Cast, paper: Confirmation) -> None:
    print_confirmation(no=paper.no, actor=bank.su_min, at=LATER)
    assert AuditRecord.objects.get(action="print_confirmation").subject == paper.no
    for act in (
        lambda: ConfirmationPaper.objects.update(digest="0"),
        lambda: ConfirmationPaper.objects.all()._raw_delete("default"),
    ):
        with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
            act()


def test_who_sees_the_document_prints_it(bank: Cast, draft: Confirmation) -> None:
    with pytest.raises(OutOfSight):
        print_confirmation(no=draft.no, actor=bank.su_min, at=WHEN)  # a draft is not HR's to see
    for person in (bank.li_wenjing, bank.lin_xiaoyu, bank.tian_ye):
        with pytest.raises(NotAllowed):
            print_confirmation(no=draft.no, actor=person, at=WHEN)
    for person in (bank.zheng_weiguo, bank.feng_zhiqiang, bank.cao_ying, bank.pan_wei):
        assert print_confirmation(no=draft.no, actor=person, at=WHEN).startswith(b"%PDF")
    discard_confirmation(no=draft.no, reason="期间选错", actor=bank.zheng_weiguo, at=WHEN)
    with pytest.raises(Refused) as no:
        print_confirmation(no=draft.no, actor=bank.zheng_weiguo, at=WHEN)
    assert no.value.code == "discarded"


def test_the_page_answers_the_file(bank: Cast, paper: Confirmation) -> None:
    client = Client()
    client.force_login(bank.su_min, backend="django.contrib.auth.backends.ModelBackend")
    answer = client.get(f"/confirmations/{paper.no}.pdf")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
    assert answer["Content-Disposition"] == f'inline; filename="{paper.no}.pdf"'
    assert f"/confirmations/{paper.no}.pdf" in client.get(f"/confirmations/{paper.no}/").content.decode()


# -- genuine or not ----------------------------------------------------------------------------------------------------
def test_the_check_code_covers_every_printed_fact(bank: Cast, paper: Confirmation) -> None:
    assert paper.check_code == check_code_of(paper)
    for name, value in (("no", "JXQR-202611-002"), ("period", "2026-10"), ("total_fen", 100_01), ("case_count", 4),
                        ("entry_count", 19), ("certified_by_id", bank.pan_wei.pk), ("certified_at", WHEN)):  # fmt: skip
        changed = Confirmation.objects.get(pk=paper.pk)
        setattr(changed, name, value)
        assert check_code_of(changed) != paper.check_code, name


def test_who_holds_the_paper_sees_that_it_is_genuine_and_no_name(bank: Cast, paper: Confirmation) -> None:
    assert verify_url(paper).startswith(settings.PUBLIC_URL)
    answer = visitor().get(verify_url(paper).removeprefix(settings.PUBLIC_URL))
    page = answer.content.decode()
    assert (answer.status_code, answer["Cache-Control"]) == (200, "no-store")
    for fact in ("Genuine", paper.no, "2026-11", "100.00", "壹佰元整", "2026-11-27 10:00"):
        assert fact in page, fact
    for person in bank.people.values():
        assert person.name not in page
        assert person.number not in page


def test_a_wrong_code_does_not_tell_whether_the_number_exists(bank: Cast, paper: Confirmation) -> None:
    wrong, nowhere = (visitor().get(f"/verify/{no}/0000-0000-0000/") for no in (paper.no, "JXQR-202610-001"))
    assert (wrong.status_code, nowhere.status_code) == (404, 404)
    assert "do not match" in wrong.content.decode()
    assert said(wrong, without=paper.no) == said(nowhere, without="JXQR-202610-001")


def said(answer: HttpResponse, *, without: str) -> str:
    """The page without the number that was asked for and the token of its forms, which is another each time."""
    page = answer.content.decode().replace('placeholder="JXQR-202611-001"', "")
    return re.sub(r'value="\w{64}"', "", page).replace(without, "")


def test_a_draft_matches_nothing(bank: Cast) -> None:
    no = document(bank, []).confirmation.no
    assert visitor().get(f"/verify/{no}/0000-0000-0000/").status_code == 404


def test_number_and_code_may_be_typed(db: None) -> None:
    assert 'name="code"' in visitor().get("/verify/").content.decode()
    typed = visitor().get("/verify/", {"no": " jxqr-202611-001 ", "code": "9f3a-11c0-77be"})
    assert typed["Location"] == "/verify/JXQR-202611-001/9F3A-11C0-77BE/"
    assert "do not match" in visitor().get("/verify/", {"no": "<b>", "code": "x/y"}).content.decode()


def test_who_asks_too_often_waits(db: None) -> None:
    client = visitor()
    answers = [client.get("/verify/JXQR-202611-001/0000-0000-0000/").status_code for _time in range(61)]
    assert (answers[59], answers[60]) == (404, 429)
