"""绩效认证: what a document takes, who certifies it, and what the certifier sees before."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import date, datetime

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from applications.lifecycle import Clock
from applications.models import Application, CaseClock
from applications.services import issue
from incentives.lifecycle import EntryKind, HoldCause, Why
from incentives.models import Assessment, Confirmation, ConfirmationLine, Hold, Registration, RewardEntry
from incentives.periods import period_of
from incentives.selectors.certification import drafts_for, next_draft_for
from incentives.services.accrual import accrue
from incentives.services.adjustments import approve_adjustment, ask_adjustment
from incentives.services.confirmations import (
    certify,
    certify_each,
    confirmable,
    discard_confirmation,
    draft_confirmation,
)
from incentives.services.cross_sells import approve_cross_sell, report_cross_sell
from incentives.services.payouts import make_payout
from incentives.services.registration import register
from incentives.services.reversals import approve_reversal, ask_reversal
from ops_center.kernel.errors import Malformed, NotAllowed, Refused
from ops_center.kernel.money import capitals
from ops_center.management.benches.activations import make_activations
from organization.models import Employee, Message, RoleAssignment
from organization.roles import Role
from tests.cast import Cast, at
from tests.incentives.conftest import earned, entries_of
from tests.incentives.test_api import As

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("flat")]
WHEN = at("2026-11-24 10:00")
LATER = at("2026-11-27 10:00")


def registered(bank: Cast, *, when: datetime = WHEN, **facts: object) -> Application:
    case = earned(bank, when=when, **facts)
    register(applications=[case.number], actor=bank.zheng_weiguo, at=when)
    return case


def drafted(
    bank: Cast, period: str = "2026-11", *, when: datetime = WHEN, branches: Sequence[str] = ()
) -> Confirmation:
    return draft_confirmation(period=period, branches=branches, actor=bank.zheng_weiguo, at=when)


def taken_back(bank: Cast, case: Application) -> None:
    asked = ask_reversal(case=case.number, actor=bank.pan_wei, at=LATER, reason="材料系伪造")
    approve_reversal(reversal=asked.pk, actor=bank.feng_zhiqiang, at=LATER, reason="属实")


def corrected(bank: Cast, case: Application, fen: int, *, payee: Employee, approver: Employee) -> None:
    asked = ask_adjustment(
        case=case.number, payee=payee, role="TRACKER", amount_fen=fen, reason="补记", actor=bank.zheng_weiguo, at=WHEN
    )
    approve_adjustment(adjustment=asked.pk, actor=approver, at=WHEN)


def signed_in(person: Employee) -> Client:
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


# -- what a document takes ---------------------------------------------------------------------------------------------
def test_s19_a_claw_back_of_a_confirmed_case_comes_into_the_next_document_and_that_may_be_negative(bank: Cast) -> None:
    case = registered(bank)
    first = certify(no=drafted(bank).no, actor=bank.feng_zhiqiang, at=WHEN)
    assert first.total_fen == 100_00
    make_payout(confirmations=[first.no], actor=bank.su_min, at=WHEN)
    taken_back(bank, case)
    second = certify(no=drafted(bank, when=LATER).no, actor=bank.feng_zhiqiang, at=LATER)
    assert (second.no, second.total_fen, capitals(second.total_fen)) == ("JXQR-202611-002", -100_00, "负壹佰元整")
    assert (second.case_count, second.entry_count) == (1, 6)
    assert set(second.lines.values_list("entry__kind", flat=True)) == {"REVERSAL"}


def test_lines_of_every_kind_come_along(bank: Cast) -> None:
    case = registered(bank)
    RewardEntry.objects.create(
        assessment_id=case.pk, kind=EntryKind.TIMELINESS, role="ENTRY", amount_fen=-1_00, payee_kind="EMPLOYEE",
        payee=bank.fang_fang, at=WHEN,
    )  # fmt: skip
    sold = report_cross_sell(case=case.number, product="账单分期", actor=bank.lin_xiaoyu, at=WHEN)
    approve_cross_sell(cross_sell=sold.pk, actor=bank.feng_zhiqiang, at=WHEN)
    corrected(bank, case, 2_50, payee=bank.fang_fang, approver=bank.feng_zhiqiang)
    document = drafted(bank)
    assert (document.total_fen, document.entry_count) == (111_50, 9)


def test_neither_half_of_what_was_voided_comes_along(bank: Cast) -> None:
    case = registered(bank)
    entry = entries_of(case)[0]
    common = {"assessment_id": case.pk, "role": entry.role, "at": WHEN, "why": Why.VOIDED}
    RewardEntry.objects.bulk_create([
        RewardEntry(**common, sequence=2, amount_fen=-25_00, payee_kind="EMPLOYEE", payee=entry.payee, mirrors=entry),
        RewardEntry(**common, sequence=3, amount_fen=25_00, payee_kind="POOL"),
    ])  # fmt: skip
    document = drafted(bank)
    assert (document.total_fen, document.entry_count) == (100_00, 6)
    assert not document.lines.filter(entry__payee=entry.payee).exists()


def test_neither_half_of_what_was_taken_back_before_it_left_the_house_comes_along(bank: Cast) -> None:
    certified = registered(bank)
    first = certify(no=drafted(bank).no, actor=bank.feng_zhiqiang, at=WHEN)
    taken_back(bank, certified)
    other = registered(bank, product="BJ")
    document = drafted(bank, when=LATER)
    assert set(document.lines.values_list("entry__assessment", flat=True)) == {other.pk}
    assert first.lines.count() == 6  # the document stays what was signed


def test_a_claw_back_leaves_the_draft_at_once_and_the_certifier_signs_what_is_left(bank: Cast) -> None:
    case, other = registered(bank), registered(bank, product="BJ")
    no = drafted(bank).no
    taken_back(bank, case)
    assert not ConfirmationLine.objects.filter(entry__assessment=case.pk).exists()
    document = certify(no=no, actor=bank.feng_zhiqiang, at=LATER)
    assert (document.total_fen, document.case_count) == (300_00, 1)
    assert set(document.lines.values_list("entry__assessment", flat=True)) == {other.pk}


def test_what_is_held_or_voided_after_the_draft_is_pulled_out_when_it_is_certified(bank: Cast) -> None:
    case = registered(bank)
    no = drafted(bank).no
    held, voided = entries_of(case)[:2]
    Hold.objects.create(entry=held, cause=HoldCause.AUDIT, reason="疑似代签", by=bank.pan_wei, at=WHEN)
    common = {"assessment_id": case.pk, "role": voided.role, "at": WHEN, "why": Why.VOIDED}
    RewardEntry.objects.bulk_create([
        RewardEntry(**common, sequence=2, amount_fen=-25_00, payee_kind="EMPLOYEE", payee=voided.payee, mirrors=voided),
        RewardEntry(**common, sequence=3, amount_fen=25_00, payee_kind="POOL"),
    ])  # fmt: skip
    (row,) = drafts_for(bank.feng_zhiqiang)
    assert (row.pulled, row.pulled_fen) == (2, 50_00)
    document = certify(no=no, actor=bank.feng_zhiqiang, at=LATER)
    assert (document.total_fen, document.entry_count) == (50_00, 4)
    assert drafted(bank, when=LATER).total_fen == 25_00  # the pool's; the held one waits


def test_a_week_takes_its_days_and_what_was_left_of_earlier_ones(bank: Cast) -> None:
    registered(bank, when=at("2026-11-12 10:00"))
    registered(bank, when=WHEN)
    registered(bank, when=at("2026-11-30 09:00"))  # the Monday after week 48
    document = drafted(bank, "2026-W48", when=at("2026-11-30 10:00"))
    assert (document.no, document.case_count) == ("JXQR-202611-001", 2)
    assert drafted(bank, "2026-11", when=at("2026-11-30 10:00")).case_count == 1


@pytest.mark.parametrize(
    ("period", "before"),
    [("2026-11", "2026-10"), ("2026-01", "2025-12"), ("2026-W48", "2026-W47"), ("2026-W01", "2025-W52")],
)
def test_each_period_has_one_before_it(period: str, before: str) -> None:
    assert period_of(period).before == before


def test_the_thousandth_document_of_a_month_follows_the_999th(bank: Cast) -> None:
    registered(bank)
    for number in ("999", "1000"):
        Confirmation.objects.create(
            no=f"JXQR-202611-{number}", period="2026-11", drafted_by=bank.zheng_weiguo, drafted_at=WHEN
        )
    assert drafted(bank).no == "JXQR-202611-1001"


# -- who certifies -----------------------------------------------------------------------------------------------------
def test_an_administrator_who_earns_from_a_case_is_refused_like_anybody(bank: Cast) -> None:
    registered(bank)
    no = drafted(bank).no
    RoleAssignment.objects.create(employee=bank.zheng_weiguo, role=Role.ADM, starts_on=date(2026, 1, 1))
    with pytest.raises(Refused) as refusal:
        certify(no=no, actor=Employee.objects.get(pk=bank.zheng_weiguo.pk), at=LATER)
    assert refusal.value.code == "certifier_is_payee"
    with pytest.raises(NotAllowed):
        certify(no=no, actor=bank.tian_ye, at=LATER)


def test_of_several_documents_each_answers_for_itself(bank: Cast) -> None:
    """A supervisor who has registered nothing; of one document he earns, as the referrer."""
    RoleAssignment.objects.create(employee=bank.li_wenjing, role=Role.SUP, starts_on=date(2026, 1, 1))
    supervisor = Employee.objects.get(pk=bank.li_wenjing.pk)
    registered(bank)
    mine = drafted(bank).no
    registered(bank, referred=False)
    clean = draft_confirmation(period="2026-11", branches=["BH01"], actor=bank.zheng_weiguo, at=WHEN).no
    assert [(row.confirmation.no, row.why_not and row.why_not.code) for row in drafts_for(supervisor)] == [
        (clean, None), (mine, "certifier_is_payee"),
    ]  # fmt: skip
    assert next_draft_for(supervisor).no == clean
    results = certify_each(numbers=[mine, clean, "JXQR-202611-777"], actor=supervisor, at=LATER)
    assert [(row.done, row.refusal and row.refusal.code) for row in results] == [
        (False, "certifier_is_payee"), (True, None), (False, "not_found"),
    ]  # fmt: skip
    assert dict(Confirmation.objects.values_list("no", "state")) == {mine: "DRAFT", clean: "CONFIRMED"}
    with pytest.raises(Refused):
        certify_each(numbers=[mine], actor=supervisor, at=LATER)
    with pytest.raises(Malformed):
        certify_each(numbers=[], actor=supervisor, at=LATER)


@pytest.mark.parametrize("period", ["2026-12", "2026-W49"])
def test_a_period_that_has_not_begun_is_not_drafted(bank: Cast, period: str) -> None:
    registered(bank)
    with pytest.raises(Refused, match="begins on 2026-1") as refusal:
        drafted(bank, period, when=at("2026-11-29 23:59"))
    assert (refusal.value.code, Confirmation.objects.count()) == ("period_ahead", 0)
    assert drafted(bank, "2026-W49", when=at("2026-11-30 00:00")).entry_count == 6


def test_a_draft_is_discarded_with_a_reason_that_stays(bank: Cast) -> None:
    registered(bank)
    no = drafted(bank).no
    with pytest.raises(Malformed):
        discard_confirmation(no=no, reason=" ", actor=bank.feng_zhiqiang, at=WHEN)
    document = discard_confirmation(no=no, reason="期间选错", actor=bank.feng_zhiqiang, at=WHEN)
    assert (document.discarded_by, document.discard_reason) == (bank.feng_zhiqiang, "期间选错")
    assert "期间选错" in signed_in(bank.zheng_weiguo).get(f"/confirmations/{no}/").content.decode()
    assert confirmable(before=LATER).count() == 6


# -- what the certifier sees -------------------------------------------------------------------------------------------
def test_the_inbox_compares_with_the_period_before_and_counts_what_is_left_out(bank: Cast) -> None:
    october = registered(bank, when=at("2026-10-20 10:00"))
    certify(no=drafted(bank, "2026-10", when=WHEN).no, actor=bank.feng_zhiqiang, at=WHEN)
    registered(bank, product="BJ")
    alone = bank.issued(bank.received(when=WHEN), when=WHEN)
    issue.activate(case=alone.pk, actor=None, at=WHEN)
    accrue(at=WHEN)
    register(applications=[alone.number], actor=bank.zheng_weiguo, at=WHEN)
    no = drafted(bank).no
    (row,) = drafts_for(bank.feng_zhiqiang)
    assert (row.confirmation.no, row.before_fen, row.difference_fen, row.uncoached) == (no, 100_00, 200_00, 1)
    text = signed_in(bank.feng_zhiqiang).get("/confirmations/inbox/").content.decode()
    assert f'name="no" value="{no}"' in text
    assert "+" in text
    assert "the fourth stamp is missing" in text
    assert october.number not in text
    other = signed_in(bank.zheng_weiguo).get("/confirmations/inbox/").content.decode()
    assert 'name="no"' not in other
    assert "You earn from a case" in other


def test_a_second_document_of_a_period_adds_to_the_first_and_tells_nothing_twice(bank: Cast) -> None:
    registered(bank, when=at("2026-10-20 10:00"), product="BJ")
    certify(no=drafted(bank, "2026-10", when=WHEN).no, actor=bank.feng_zhiqiang, at=WHEN)
    for when in (WHEN, LATER):
        registered(bank, when=when)
        alone = bank.issued(bank.received(when=when), when=when)
        issue.activate(case=alone.pk, actor=None, at=when)
        accrue(at=when)
        register(applications=[alone.number], actor=bank.zheng_weiguo, at=when)
        drafted(bank, when=when)
    rows = drafts_for(bank.feng_zhiqiang)
    found = [(row.confirmation.total_fen, row.difference_fen, row.uncoached) for row in rows]
    assert found == [(100_00, -200_00, 1), (100_00, -100_00, 1)]


def test_one_is_certified_and_the_next_opens(bank: Cast) -> None:
    registered(bank, referred=False)
    first = draft_confirmation(period="2026-11", branches=["BH01"], actor=bank.zheng_weiguo, at=WHEN).no
    registered(bank)
    second = drafted(bank).no
    supervisor = signed_in(bank.feng_zhiqiang)
    page = supervisor.post("/confirmations/certify/", {}, headers={"HX-Request": "true"})
    assert (page.status_code, page["HX-Retarget"]) == (400, "#toasts")
    assert supervisor.post(f"/confirmations/{first}/certify/")["Location"] == f"/confirmations/{second}/"
    many = supervisor.post("/confirmations/certify/", {"no": [second, first]}, headers={"HX-Request": "true"})
    assert many.status_code == 200
    assert "only a draft can still be decided" in many.content.decode()
    assert Confirmation.objects.filter(state="CONFIRMED").count() == 2


def test_whoever_has_something_to_do_or_to_get_is_told(bank: Cast) -> None:
    second_tracker = bank.hire("高静", "OC01", "TR")
    registered(bank)
    no = drafted(bank).no
    told = Message.objects.filter(kind="confirmation_drafted").values_list("employee__name", flat=True)
    assert set(told) == {bank.feng_zhiqiang.name, second_tracker.name}  # not 郑维国, who may not certify it
    certify(no=no, actor=bank.feng_zhiqiang, at=LATER)
    kinds = dict(
        Message.objects.filter(kind__startswith="confirmation_").exclude(kind="confirmation_drafted")
        .values_list("kind", "employee__name")
    )  # fmt: skip
    assert kinds == {"confirmation_certified": bank.zheng_weiguo.name, "confirmation_ready": bank.su_min.name}
    own = Message.objects.get(kind="reward_confirmed", employee=bank.lin_xiaoyu)
    assert own.facts == {"no": no, "amount": "20.00"}


# -- the API -----------------------------------------------------------------------------------------------------------
def test_s19_through_http(bank: Cast, month: list[Application]) -> None:
    tracker, supervisor, hr = As(bank.zheng_weiguo), As(bank.feng_zhiqiang), As(bank.su_min)
    assert tracker.post("registrations/", applications=[case.number for case in month]).status_code == 201
    document = tracker.post("confirmations/", period="2026-11").json()
    assert document["no"] == "JXQR-202611-001"
    refused = tracker.post("confirmations/JXQR-202611-001/certify/")
    assert (refused.status_code, refused.json()["code"]) == (409, "certifier_is_payee")
    assert hr.get("confirmations/JXQR-202611-001.pdf").status_code == 404
    certified = supervisor.post("confirmations/JXQR-202611-001/certify/").json()
    assert (certified["total"], certified["tables"]["total_in_capitals"]) == ("500.00", "伍佰元整")
    by_payee = {row["payee"]: (row["total"], row["by_kind"]["SPLIT"]) for row in certified["tables"]["by_payee"]}
    assert by_payee["LZ10001"] == ("250.00", "250.00")
    paper = hr.get("confirmations/JXQR-202611-001.pdf")
    assert (paper.status_code, paper["Content-Type"], paper.content[:5]) == (200, "application/pdf", b"%PDF-")
    assert hr.get("confirmations/JXQR-202611-001.pdf").content == paper.content
    assert As(bank.lin_xiaoyu).get("confirmations/JXQR-202611-001.pdf").status_code == 403


def test_programs_certify_several_and_discard(bank: Cast) -> None:
    now = timezone.now()
    registered(bank, when=now)
    tracker, supervisor = As(bank.zheng_weiguo), As(bank.feng_zhiqiang)
    no = tracker.post("confirmations/", period=f"{timezone.localtime(now):%Y-%m}").json()["no"]
    assert supervisor.post(f"confirmations/{no}/discard/").status_code == 400
    assert supervisor.post(f"confirmations/{no}/discard/", reason="客户手机13812345678").status_code == 400
    discarded = supervisor.post(f"confirmations/{no}/discard/", reason="期间选错")
    assert (discarded.status_code, discarded.json()["discard_reason"]) == (200, "期间选错")
    again = tracker.post("confirmations/", period=f"{timezone.localtime(now):%Y-%m}").json()["no"]
    answer = supervisor.post("confirmations/certify/", numbers=[no, again]).json()
    assert (answer["certified"], [row["code"] for row in answer["results"]]) == (1, ["not_a_draft", None])
    assert supervisor.post("confirmations/certify/", numbers=[]).status_code == 400
    assert As(bank.su_min).post("confirmations/certify/", numbers=[no]).status_code == 403


# -- speed -------------------------------------------------------------------------------------------------------------
def in_order(bank: Cast, *, cases: int) -> None:
    """So many activated cases, registered, their clock of the certification running."""
    make_activations(cases=cases, at=WHEN, is_mixed=False)
    accrue(at=WHEN)
    keys = list(Assessment.objects.values_list("pk", flat=True))
    Registration.objects.bulk_create(Registration(assessment_id=key, by=bank.zheng_weiguo, at=WHEN) for key in keys)
    CaseClock.objects.bulk_create(
        CaseClock(application_id=key, kind=Clock.CERTIFY, round=1, started_at=WHEN, due_at=LATER, warn_at=LATER)
        for key in keys
    )
    with connection.cursor() as cursor:  # as the server does by itself within a minute
        cursor.execute("ANALYZE incentives_rewardentry, incentives_assessment, incentives_registration")


def drafting_and_certifying(bank: Cast) -> tuple[Confirmation, float]:
    """The document, and the seconds of both acts."""
    began = time.perf_counter()
    document = certify(no=drafted(bank).no, actor=bank.feng_zhiqiang, at=LATER)
    return document, time.perf_counter() - began


def test_a_document_takes_as_many_statements_for_a_hundred_cases_as_for_ten(
    bank: Cast, django_assert_max_num_queries
) -> None:
    in_order(bank, cases=100)
    with django_assert_max_num_queries(70):
        document, _seconds = drafting_and_certifying(bank)
    assert document.entry_count >= 600


@pytest.mark.long
def test_twenty_thousand_entries_are_drafted_and_certified_within_five_seconds(bank: Cast) -> None:
    in_order(bank, cases=3_400)
    document, seconds = drafting_and_certifying(bank)
    assert document.entry_count >= 20_000
    assert seconds < 5, seconds
