"""What proves an explanation, and what the tracker weighs: evidence, repeated grounds, the list beside its page."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from applications.lifecycle import Clock, Outcome
from applications.models import CaseClock
from ops_center import clock
from ops_center.kernel.errors import DomainError, Malformed, NotAllowed, OutOfSight, Refused
from organization.models import AuditRecord
from supervision import errors
from supervision.models import Breach, JustificationPaper, Standing
from supervision.selectors.excuses import excuses_like
from supervision.services.breaches import find_breaches
from supervision.services.evidence import add_evidence, read_evidence
from supervision.services.justifications import decide_justification, justify, standing
from tests.api.conftest import Caller
from tests.cast import at
from tests.supervision.conftest import Bank

pytestmark = pytest.mark.django_db

LATE, FRIDAY = at("2026-11-26 17:31"), at("2026-11-27 10:00")
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


def picture(colour: str = "navy") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (64, 40), colour).save(out, "PNG")
    return out.getvalue()


def upload(content: bytes = b"", name: str = "screen.png") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content or picture())


def page_of(person) -> Client:
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def breach(bank: Bank, s5: CaseClock) -> Breach:
    find_breaches(at=LATE)
    return Breach.objects.get()


@pytest.fixture
def filed(bank: Bank, breach: Breach) -> Breach:
    justify(breach_id=breach.pk, actor=bank.people.ec, at=FRIDAY, code="SYSTEM_FAILURE", text="录入系统无法登录")
    return breach


def add(breach: Breach, who, content: bytes = b"", **facts) -> JustificationPaper:
    return add_evidence(breach_id=breach.pk, upload=upload(content, **facts), actor=who, at=FRIDAY)


def test_evidence_is_made_anew_kept_sealed_and_every_look_is_logged(bank: Bank, filed: Breach) -> None:
    paper = add(filed, bank.people.ec, picture() + b"<script>alert(1)</script>")
    assert (paper.media_type, paper.name) == ("image/jpeg", "screen.png")
    assert b"JFIF" not in bytes(JustificationPaper.objects.get().body)
    for reader in (bank.people.ec, bank.people.tr, bank.people.aud):
        _paper, clear = read_evidence(breach_id=filed.pk, paper=paper.pk, actor=reader, at=FRIDAY)
        assert clear.startswith(b"\xff\xd8\xff")
        assert b"script" not in clear
    looks = AuditRecord.objects.filter(action="evidence", subject=filed.application.number)
    assert {row.actor_id for row in looks} == {bank.people.ec.pk, bank.people.tr.pk, bank.people.aud.pk}


def test_only_who_may_see_the_breach_reads_its_evidence(bank: Bank, filed: Breach) -> None:
    paper = add(filed, bank.people.ec)
    with pytest.raises(OutOfSight):
        read_evidence(breach_id=filed.pk, paper=paper.pk, actor=bank.people.cc, at=FRIDAY)
    assert not AuditRecord.objects.filter(action="evidence").exists()


@pytest.mark.parametrize(
    "content",
    [b"MZ\x90\x00", b"%PDF-1.4\n/JavaScript\n%%EOF", picture()[:60], b"\x89PNG\r\n\x1a\n" + b"0" * (10 * 1024 * 1024)],
)
def test_what_is_no_still_picture_or_pdf_is_refused(bank: Bank, filed: Breach, content: bytes) -> None:
    with pytest.raises(Malformed):
        add(filed, bank.people.ec, content)
    assert not JustificationPaper.objects.exists()


def test_an_explanation_has_at_most_five_papers_each_once(bank: Bank, filed: Breach) -> None:
    for colour in ("red", "green", "blue", "white"):
        add(filed, bank.people.ec, picture(colour))
    with pytest.raises(Refused) as again:
        add(filed, bank.people.ec, picture("red"))
    add(filed, bank.people.ec, PDF)
    with pytest.raises(Refused) as sixth:
        add(filed, bank.people.ec, picture("black"))
    assert (again.value.code, sixth.value.code) == ("same_evidence", "too_much_evidence")
    assert JustificationPaper.objects.count() == 5


def test_evidence_is_added_by_who_explained_and_until_the_decision(bank: Bank, filed: Breach) -> None:
    with pytest.raises(NotAllowed):
        add(filed, bank.people.tr)
    decide_justification(breach_id=filed.pk, actor=bank.people.tr, at=FRIDAY, accepted=True, note="属实")
    with pytest.raises(Refused) as refusal:
        add(filed, bank.people.ec)
    assert refusal.value.code == "already_decided"


def test_a_refused_paper_leaves_no_explanation_behind(bank: Bank, breach: Breach) -> None:
    with pytest.raises(DomainError):
        justify(breach_id=breach.pk, actor=bank.people.ec, at=FRIDAY, code="OTHER", text="断电",
                evidence=[upload(), upload(b"MZ")])  # fmt: skip
    breach = Breach.objects.with_facts().get(pk=breach.pk)
    assert breach.explanation is None


def test_a_name_with_a_clients_number_is_not_kept(bank: Bank, filed: Breach) -> None:
    assert "13800138000" not in add(filed, bank.people.ec, name="王小明13800138000.png").name


# -- through the pages and the API -------------------------------------------------------------------------------------
@pytest.fixture
def fresh(bank: Bank) -> Breach:
    """A breach of the clerk's that fell due a minute ago."""
    now = clock.now()
    row = bank.clock(Clock.ENTRY, now - timedelta(days=9), owner=bank.people.ec)
    CaseClock.objects.filter(pk=row.pk).update(due_at=now - timedelta(minutes=1), warn_at=now - timedelta(minutes=2))
    find_breaches(at=now)
    return Breach.objects.get()


def test_papers_are_filed_with_the_explanation_and_added_on_the_page(bank: Bank, fresh: Breach) -> None:
    clerk, one = page_of(bank.people.ec), f"/breaches/{fresh.pk}/"
    body = {"code": "OTHER", "text": "断电", "evidence": [upload(picture("red")), upload(PDF, "notice.pdf")]}
    assert clerk.post(f"{one}justify/", body).status_code == 302
    assert clerk.post(f"{one}evidence/", {"evidence": upload(picture("blue"))}).status_code == 302
    text = page_of(bank.people.tr).get(one).text
    assert text.count(f'href="{one}evidence/') == 3
    papers = JustificationPaper.objects.order_by("pk").values_list("pk", flat=True)
    seen, handed_over = (clerk.get(f"{one}evidence/{pk}/") for pk in papers[:2])
    assert (seen["Content-Type"], handed_over["Content-Type"]) == ("image/jpeg", "application/pdf")
    assert handed_over["Content-Disposition"].startswith("attachment")
    assert "default-src 'none'" in seen["Content-Security-Policy"]
    assert page_of(bank.people.cc).get(f"{one}evidence/{papers[0]}/").status_code == 404


def test_evidence_over_the_api(bank: Bank, fresh: Breach) -> None:
    clerk, stranger = Caller(bank.people.ec), Caller(bank.people.cc)
    path = f"breaches/{fresh.pk}/"
    clerk.post(f"{path}justify/", {"code": "OTHER", "text": "断电"})
    sent = clerk.client.post(f"/api/v1/{path}evidence/", {"file": upload()}, format="multipart")
    assert sent.status_code == 201
    [listed] = clerk.get(path).json()["justification"]["evidence"]
    assert listed == sent.json()
    assert clerk.get(f"{path}evidence/{listed['id']}/").status_code == 200
    assert stranger.get(f"{path}evidence/{listed['id']}/").status_code == 404
    wrong = clerk.client.post(f"/api/v1/{path}evidence/", {"file": upload(b"MZ")}, format="multipart")
    assert wrong.status_code == 400
    assert "file" in wrong.json()["errors"]


def test_the_tracker_reads_what_hangs_on_it_before_the_decision(bank: Bank, fresh: Breach) -> None:
    one = f"/breaches/{fresh.pk}/"
    page_of(bank.people.ec).post(f"{one}justify/", {"code": "OTHER", "text": "断电"})
    weighed = page_of(bank.people.tr).get(one)
    assert weighed.context["is_weighed"]
    assert weighed.context["excuses"].filed == []
    assert "is_weighed" not in page_of(bank.people.bh).get(one).context  # neither decides nor answers for it


def test_the_same_ground_of_the_last_ninety_days_is_counted(bank: Bank) -> None:
    rows = [
        bank.clock(Clock.ENTRY, at("2026-11-24 08:40"), owner=person, owned_since=at("2026-11-25 09:00"))
        for person in [*[bank.people.ec] * 5, bank.people.cc]
    ]
    find_breaches(at=LATE)

    def explain(row: CaseClock, code: str, when=FRIDAY, accepted: bool | None = None):
        breach = Breach.objects.get(clock=row)
        filed = justify(breach_id=breach.pk, actor=row.owner, at=when, code=code, text="原因")
        if accepted is not None:
            decide_justification(breach_id=breach.pk, actor=bank.people.sup, at=when, accepted=accepted, note="查过")
        return filed

    explain(rows[0], "OTHER", accepted=True)
    explain(rows[1], "OTHER", accepted=False)
    explain(rows[2], "OTHER")
    explain(rows[3], "SYSTEM_FAILURE")
    explain(rows[5], "OTHER")
    again = excuses_like(explain(rows[4], "OTHER"), at=FRIDAY)
    assert (len(again.filed), again.accepted, again.refused, again.undecided) == (3, 1, 1, 1)
    assert excuses_like(again.filed[0], at=FRIDAY + timedelta(days=91)).filed == []


def test_the_list_of_explanations_is_cut_by_ground_person_clock_and_day(bank: Bank, fresh: Breach) -> None:
    page_of(bank.people.ec).post(f"/breaches/{fresh.pk}/justify/", {"code": "OTHER", "text": "断电"})
    tracker, number = page_of(bank.people.tr), fresh.application.number
    for query in ("", "&ground=OTHER", "&person=LZ10008", "&clock=ENTRY", "&branch=BH01"):
        assert number in tracker.get(f"/breaches/?show=decide{query}").text, query
    for query in ("&ground=WORKLOAD", "&person=LZ10009", "&clock=CHECK", "&due=late", "&due=today", "&branch=YX01"):
        assert number not in tracker.get(f"/breaches/?show=decide{query}").text, query
    for query in ("&ground=LUNCH", "&due=never", "&clock=LUNCH", "&colour=red"):
        assert tracker.get(f"/breaches/?show=decide{query}").status_code == 400, query


def test_a_tracker_is_not_offered_what_the_supervisor_alone_accepts(bank: Bank, fresh: Breach) -> None:
    page_of(bank.people.ec).post(f"/breaches/{fresh.pk}/justify/", {"code": "WORKLOAD", "text": "到件为平日两倍"})
    for who, only_refuses in ((bank.people.tr, True), (bank.people.sup, False)):
        page = page_of(who).get(f"/breaches/{fresh.pk}/")
        accept, refuse = (str(choice) for choice in page.context["decide"]["accepted"])
        assert ("disabled" in accept, "disabled" in refuse) == (only_refuses, False)
        assert (str(errors.supervisor_confirms_workload()) in page.text) == only_refuses
    answer = page_of(bank.people.tr).post(f"/breaches/{fresh.pk}/decide/", {"accepted": "yes", "note": "属实"})
    assert answer.status_code == 409
    page_of(bank.people.tr).post(f"/breaches/{fresh.pk}/decide/", {"accepted": "no", "note": "未超核定量"})
    assert Breach.objects.get(pk=fresh.pk).explanation.is_accepted is False


def test_the_list_of_explanations_costs_the_same_for_one_and_for_many(
    bank: Bank, django_assert_max_num_queries
) -> None:
    now = clock.now()
    for _ in range(8):
        row = bank.clock(Clock.ENTRY, now - timedelta(days=9), owner=bank.people.ec)
        CaseClock.objects.filter(pk=row.pk).update(due_at=now - timedelta(minutes=1))
    find_breaches(at=now)
    for breach in Breach.objects.all():
        justify(breach_id=breach.pk, actor=bank.people.ec, at=now, code="OTHER", text="断电")
    tracker = page_of(bank.people.tr)
    with django_assert_max_num_queries(9):
        assert tracker.get("/breaches/?show=decide").text.count('hx-select="#breach"') == 8


# -- lifted ------------------------------------------------------------------------------------------------------------
def test_a_declared_outage_ends_the_question_of_an_open_explanation(bank: Bank, s5: CaseClock, filed: Breach) -> None:
    bank.stop(s5, FRIDAY, Outcome.EXEMPT)
    breach = Breach.objects.with_facts().get()
    assert standing(breach, FRIDAY) == Standing.LIFTED
    assert not Breach.objects.to_decide().exists()
    with pytest.raises(Refused) as refusal:
        decide_justification(breach_id=breach.pk, actor=bank.people.tr, at=FRIDAY, accepted=False, note="无")
    assert refusal.value.code == "lifted"


def test_a_deadline_that_was_moved_lifts_the_breach_until_it_is_missed_again(bank: Bank, s5: CaseClock, breach) -> None:
    moved = at("2026-11-30 12:00")
    CaseClock.objects.filter(pk=s5.pk).update(due_at=moved)
    assert standing(Breach.objects.with_facts().get(), FRIDAY) == Standing.LIFTED
    assert not Breach.objects.to_explain(FRIDAY).exists()
    with pytest.raises(Refused):
        justify(breach_id=breach.pk, actor=bank.people.ec, at=FRIDAY, code="OTHER", text="断电")
    later = moved + timedelta(minutes=1)
    assert find_breaches(at=later) == 0
    again = Breach.objects.with_facts().get()
    assert (again.due_at, again.found_at, again.file_by) == (moved, later, at("2026-12-02 17:30"))
    assert standing(again, later) == Standing.TO_EXPLAIN
