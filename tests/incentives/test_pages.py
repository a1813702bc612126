"""The pages of the money: who finds what, what a refusal looks like, and that nothing typed is lost."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.test import Client

from applications.lifecycle import Clock
from applications.models import Application, CaseClock
from applications.services import intake
from incentives.models import Confirmation, PayoutBatch, Registration, SplitPolicy
from incentives.selectors.earnings import earnings_of
from incentives.selectors.forecast import steps_left
from incentives.services.accrual import accrue
from incentives.services.confirmations import certify, draft_confirmation
from incentives.services.payouts import make_payout
from incentives.services.policies import draft_split
from incentives.services.registration import register
from ops_center import clock
from organization.models import Employee
from tests.cast import Cast
from tests.incentives.conftest import SHARES, double_keyed, earned, entries_of, priced

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


def signed_in(person: Employee) -> Client:
    """Reads English, so that the assertions do."""
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def now():
    return clock.now()


@pytest.fixture
def case(bank: Cast, now) -> Application:
    return earned(bank, when=now - timedelta(hours=1))


@pytest.fixture
def document(bank: Cast, case: Application, now) -> Confirmation:
    register(applications=[case.number], actor=bank.zheng_weiguo, at=now)
    return draft_confirmation(period=f"{clock.today():%Y-%m}", actor=bank.zheng_weiguo, at=now)


@pytest.fixture
def batch(bank: Cast, document: Confirmation, now) -> PayoutBatch:
    certify(no=document.no, actor=bank.feng_zhiqiang, at=now)
    return make_payout(confirmations=[document.no], actor=bank.su_min, at=now)


# -- rooms -------------------------------------------------------------------------------------------------------------
PAGES = {
    "/rewards/": None,  # everybody
    "/price-board/": None,
    "/policies/": None,
    "/registrations/": {"TR", "SUP", "AUD"},
    "/confirmations/": {"TR", "SUP", "MGT", "HR", "AUD"},
    "/confirmations/inbox/": {"TR", "SUP"},
    "/payouts/": {"HR", "AUD"},
    "/policies/splits/new/": {"MGT"},
    "/policies/bounties/new/": {"MGT"},
}


@pytest.mark.parametrize("path", PAGES)
def test_each_page_opens_for_its_roles_and_answers_403_to_the_others(bank: Cast, path: str) -> None:
    wanted = PAGES[path]
    today = clock.today()
    for person in bank.people.values():
        expected = 200 if wanted is None or person.role_codes(today) & wanted else 403
        assert signed_in(person).get(path).status_code == expected, person


def test_a_stranger_is_asked_to_sign_in(db: None) -> None:
    for path in PAGES:
        assert Client().get(path).status_code == 302


# -- one's own ---------------------------------------------------------------------------------------------------------
def test_s2_the_statement_has_one_line_of_150_with_its_parts(bank: Cast, now) -> None:
    earned(bank, when=now - timedelta(hours=1), product="BJ", referred=False)
    text = signed_in(bank.chen_xiaoming).get("/rewards/").content.decode()
    assert text.count(">150.00<") == 2  # the shares of the month, and those of the case
    assert text.count(">75.00<") == 2


def test_the_statement_is_filtered_by_state_and_month(bank: Cast, case: Application) -> None:
    client = signed_in(bank.li_wenjing)
    assert case.number in client.get("/rewards/?state=ACCRUED").content.decode()
    assert case.number not in client.get("/rewards/?state=PAID").content.decode()
    assert case.number not in client.get("/rewards/?month=2020-01").content.decode()
    for query in ("state=GONE", "month=November", "colour=red"):
        assert client.get(f"/rewards/?{query}").status_code == 400


def test_an_amount_opens_its_trace(bank: Cast, case: Application) -> None:
    entry = entries_of(case)[0]
    text = signed_in(bank.li_wenjing).get(f"/rewards/{entry.pk}/").content.decode()
    for fact in ("25.00", "100.00", "25%", "v1", case.number, "Path C"):
        assert fact in text, fact


def test_somebody_elses_amount_is_out_of_sight(bank: Cast, case: Application) -> None:
    entry = entries_of(case)[0]
    assert signed_in(bank.fang_fang).get(f"/rewards/{entry.pk}/").status_code == 404
    assert signed_in(bank.fang_fang).get("/rewards/99999999999999999999/").status_code == 404


def test_the_trace_of_an_amount_names_no_client(bank: Cast, case: Application) -> None:
    entry = entries_of(case)[0]
    text = signed_in(bank.pan_wei).get(f"/rewards/{entry.pk}/").content.decode()
    assert case.applicant.name_mask not in text


def test_audit_holds_and_releases_from_the_trace(bank: Cast, case: Application) -> None:
    entry, client = entries_of(case)[0], signed_in(bank.pan_wei)
    assert client.post(f"/rewards/{entry.pk}/hold/", {"reason": "疑似代签"}).status_code == 302
    assert entries_of(case)[0].state == "HELD"
    assert client.post(f"/rewards/{entry.pk}/release/", {"reason": "已核实"}).status_code == 302
    assert entries_of(case)[0].state == "ACCRUED"
    assert signed_in(bank.zheng_weiguo).post(f"/rewards/{entry.pk}/hold/", {"reason": "x"}).status_code == 403


# -- what each earns ---------------------------------------------------------------------------------------------------
def test_a_case_promises_from_the_first_day_what_each_role_will_earn(bank: Cast, now) -> None:
    case = bank.refer(when=now)
    earnings = earnings_of(case, now)
    assert [(row.role, row.amount_fen) for row in earnings] == [
        ("REFERRER", 25_00), ("COLLECTOR", 25_00), ("CREDIT_CHECK", 15_00), ("ENTRY", 10_00), ("TRACKER", 5_00),
        ("AFTER_SALES", 20_00),
    ]  # fmt: skip
    assert all(row.is_provisional and row.steps_left == 13 for row in earnings)
    assert [row.person for row in earnings] == [bank.li_wenjing, None, None, None, None, None]
    assert [row.moves_fen for row in earnings] == [0, 1_25, 75, 50, 25, 1_00]  # on top, if nothing is late


def test_a_promise_knows_what_is_late_already_and_how_far_it_is(bank: Cast, now) -> None:
    case = bank.received(when=now)
    bank.check(case, when=now)
    CaseClock.objects.filter(application=case, kind=Clock.CHECK).update(outcome="LATE", owner=bank.he_xiulan)
    earnings = {row.role: row for row in earnings_of(bank.again(case), now)}
    assert {row.steps_left for row in earnings.values()} == {6}
    assert (earnings["CREDIT_CHECK"].person, earnings["CREDIT_CHECK"].moves_fen) == (bank.he_xiulan, -1_50)
    page = signed_in(bank.zheng_weiguo).get(f"/applications/{case.number}/").content.decode()
    assert "6 steps left" in page
    assert "for being late" in page


def test_a_step_that_a_case_does_not_take_is_not_left(bank: Cast, now) -> None:
    unreviewed = bank.received(when=now)
    Application.objects.filter(pk=unreviewed.pk).update(review_mode="NONE")
    assert steps_left(bank.again(unreviewed)) == 6  # check, entry, filing, issue, collection, activation
    alone = bank.complete(bank.draft(when=now, by=bank.chen_xiaoming), when=now)
    assert steps_left(alone) == 10
    intake.self_route(case=alone.pk, actor=bank.chen_xiaoming, at=now)
    Application.objects.filter(pk=alone.pk).update(state="RETURNED")
    assert steps_left(bank.again(alone)) == 9  # no bag this time either


def test_who_does_not_watch_over_the_money_reads_no_colleague_beside_a_promised_amount(bank: Cast, now) -> None:
    case = bank.complete(bank.draft(when=now, by=bank.chen_xiaoming), when=now)
    path = f"/applications/{case.number}/"

    def people(person: Employee) -> list[str | None]:
        rows = signed_in(person).get(path).context["earnings"]
        assert sum(row.amount_fen for row in rows) == 100_00
        return [row.person.name if row.person else None for row in rows][:2]

    assert people(bank.zhao_lixin) == people(bank.qian_yumei) == [None, None]
    assert "a colleague" in signed_in(bank.qian_yumei).get(path).content.decode()
    assert people(bank.chen_xiaoming) == people(bank.zheng_weiguo) == ["陈小明", "陈小明"]


def test_a_promise_of_a_double_keyed_case_names_the_second_keyer(bank: Cast, now) -> None:
    double_keyed("PK")
    case = bank.received(when=now)
    keyed = [(row.role, row.amount_fen) for row in earnings_of(case, now) if row.role.startswith("ENTRY")]
    assert keyed == [("ENTRY", 6_00), ("ENTRY_2ND", 4_00)]


def test_a_promise_says_when_the_card_has_to_be_used_first(bank: Cast, now) -> None:
    priced(bank, "PK", 100_00, starts_on=date(2026, 2, 1), trigger="FIRST_SPEND", spend_days=30)
    case = bank.activated(when=now)
    accrue(at=now)
    (tracking,) = (row for row in earnings_of(case, now) if row.role == "TRACKER")
    assert (tracking.is_provisional, tracking.why, tracking.steps_left) == (True, "AWAITS_SPEND", 0)
    assert tracking.until == now + timedelta(days=30)


def test_an_activated_case_shows_what_has_accrued(bank: Cast, case: Application, now) -> None:
    earnings = earnings_of(case, now)
    shares = [row for row in earnings if row.kind == "SPLIT"]
    assert [row.person.name for row in shares] == ["李文静", "周启明", "何秀兰", "方芳", "郑维国", "林小雨"]
    assert {row.state for row in earnings} == {"ACCRUED"}
    assert [row.amount_fen for row in earnings if row.kind == "TIMELINESS"] == [1_25, 75, 50, 25, 1_00]


def test_an_ended_case_promises_nothing(bank: Cast, now) -> None:
    case = bank.refer(when=now)
    Application.objects.filter(pk=case.pk).update(state="EXPIRED", resume_state="REFERRED")
    assert earnings_of(Application.objects.get(pk=case.pk), now) == []


# -- registration and documents ----------------------------------------------------------------------------------------
def test_the_tracker_registers_the_chosen_with_a_result_per_row(bank: Cast, case: Application, now) -> None:
    client = signed_in(bank.zheng_weiguo)
    assert case.number in client.get("/registrations/").content.decode()
    chosen = {"application": [case.number, "KX404"]}
    answer = client.post("/registrations/register/", chosen, headers=HTMX)
    assert answer.status_code == 200
    assert answer.content.decode().lstrip().startswith("<section")
    assert "not done" in answer.content.decode()
    assert Registration.objects.filter(assessment=case.pk).exists()


def test_registering_nothing_is_refused_in_the_place_where_the_hand_is(bank: Cast) -> None:
    answer = signed_in(bank.zheng_weiguo).post("/registrations/register/", {}, headers=HTMX)
    assert (answer.status_code, answer["HX-Retarget"]) == (400, "#toasts")


def test_a_refused_draft_keeps_what_was_typed(bank: Cast) -> None:
    client = signed_in(bank.zheng_weiguo)
    answer = client.post("/confirmations/draft/", {"period": "2026-99", "branches": ["BH01"]})
    assert answer.status_code == 400
    assert 'value="2026-99"' in answer.content.decode()
    empty = client.post("/confirmations/draft/", {"period": "2026-11"})
    assert empty.status_code == 409
    assert "Nothing registered" in empty.content.decode()


def test_a_drafted_document_leads_to_its_page(bank: Cast, case: Application, now) -> None:
    register(applications=[case.number], actor=bank.zheng_weiguo, at=now)
    answer = signed_in(bank.zheng_weiguo).post("/confirmations/draft/", {"period": f"{clock.today():%Y-%m}"})
    assert answer.status_code == 302
    assert answer["Location"] == f"/confirmations/{Confirmation.objects.get().no}/"


@pytest.mark.usefixtures("flat")
def test_the_document_shows_the_total_in_capitals_and_who_may_certify(bank: Cast, document: Confirmation) -> None:
    path = f"/confirmations/{document.no}/"
    tracker, supervisor = signed_in(bank.zheng_weiguo), signed_in(bank.feng_zhiqiang)
    assert "壹佰元整" in supervisor.get(path).content.decode()
    assert "You earn from a case" in tracker.get(path).content.decode()
    assert 'data-opens="certify"' not in tracker.get(path).content.decode()
    assert 'data-opens="certify"' in supervisor.get(path).content.decode()
    assert tracker.post(f"{path}certify/").status_code == 409
    assert supervisor.post(f"{path}certify/").status_code == 302
    assert Confirmation.objects.get().is_confirmed


def test_hr_sees_a_document_once_it_is_confirmed(bank: Cast, document: Confirmation, now) -> None:
    hr, path = signed_in(bank.su_min), f"/confirmations/{document.no}/"
    assert hr.get(path).status_code == 404
    certify(no=document.no, actor=bank.feng_zhiqiang, at=now)
    assert hr.get(path).status_code == 200


# -- payouts -----------------------------------------------------------------------------------------------------------
def test_hr_exports_fetches_and_marks_as_paid(bank: Cast, document: Confirmation, now) -> None:
    certify(no=document.no, actor=bank.feng_zhiqiang, at=now)
    hr = signed_in(bank.su_min)
    assert document.no in hr.get("/payouts/").content.decode()
    made = hr.post("/payouts/make/", {"confirmation": [document.no]})
    assert made.status_code == 302
    page = hr.get(made["Location"]).content.decode()
    assert "The totals agree" in page
    first, second = (hr.get(f"{made['Location']}hr.xlsx") for _time in range(2))
    assert first.content == second.content
    assert "attachment" in first["Content-Disposition"]
    assert hr.post(f"{made['Location']}paid/", {"paid_on": "2020-01-01"}).status_code == 400
    assert hr.post(f"{made['Location']}paid/", {"paid_on": f"{clock.today()}"}).status_code == 302
    assert PayoutBatch.objects.get().is_paid


def test_audit_reads_batches_and_does_not_make_them(bank: Cast, batch: PayoutBatch) -> None:
    audit = signed_in(bank.pan_wei)
    assert audit.get(f"/payouts/{batch.pk}/").status_code == 200
    assert audit.get(f"/payouts/{batch.pk}/pool.csv").status_code == 200
    assert audit.get(f"/payouts/{batch.pk}/pool.pdf").status_code == 404
    assert audit.post("/payouts/make/", {}).status_code == 403
    assert signed_in(bank.zheng_weiguo).get(f"/payouts/{batch.pk}/hr.csv").status_code == 403


# -- policies ----------------------------------------------------------------------------------------------------------
def split_form(**changes: str) -> dict[str, str]:
    shares = {f"{path}-{role}": f"{share / 100}" for path in "ABC" for role, share in SHARES.items()}
    terms = {
        "second_keyer_bp": "40", "bonus_bp": "5", "penalty_bp": "10", "penalty_cap_bp": "20", "customer_mode": "FIXED",
        "customer_fen": "20.00", "cross_sell_fen": "10.00", "reversal_days": "180", "unused_days": "90",
    }  # fmt: skip
    return shares | terms | {"starts_on": f"{clock.today() + timedelta(days=9)}", "note": "试行"} | changes


def test_s13_a_column_of_99_percent_is_refused_and_nothing_typed_is_lost(bank: Cast) -> None:
    typed = split_form(**{"C-CREDIT_CHECK": "12", "C-ENTRY": "12"})
    answer = signed_in(bank.cao_ying).post("/policies/splits/new/", typed)
    text = answer.content.decode()
    assert answer.status_code == 400
    assert "99%" in text
    assert text.count('value="12"') == 2
    assert SplitPolicy.objects.count() == 1


def test_a_second_person_approves_what_the_first_drafted(bank: Cast) -> None:
    first, second = signed_in(bank.cao_ying), signed_in(bank.deng_hai)
    assert first.post("/policies/splits/new/", split_form()).status_code == 302
    assert first.post("/policies/splits/2/approve/").status_code == 409
    assert second.post("/policies/splits/2/approve/").status_code == 302
    assert SplitPolicy.objects.get(number=2).status == "APPROVED"


def test_a_bounty_is_drafted_in_yuan(bank: Cast) -> None:
    day = f"{clock.today() + timedelta(days=9)}"
    typed = {"product": "PK", "starts_on": day, "trigger": "ACTIVATION", "spend_days": "90", "note": "旺季"}
    client = signed_in(bank.cao_ying)
    assert client.post("/policies/bounties/new/", typed | {"amount_fen": "120.505"}).status_code == 400
    assert client.post("/policies/bounties/new/", typed | {"amount_fen": "120.50"}).status_code == 302
    assert bank.product("PK").bounties.get(status="DRAFT").amount_fen == 120_50


# -- how many queries --------------------------------------------------------------------------------------------------
def test_lists_take_a_fixed_number_of_queries(bank: Cast, now, django_assert_max_num_queries) -> None:
    for _case in range(3):
        bank.activated(when=now - timedelta(hours=1))
    accrue(at=now)
    draft_split(columns=dict.fromkeys("ABC", SHARES), starts_on=clock.today() + timedelta(days=3),
                actor=bank.cao_ying, at=now)  # fmt: skip
    for person, path, most in (
        (bank.chen_xiaoming, "/rewards/", 20),
        (bank.zheng_weiguo, "/confirmations/", 18),
        (bank.zheng_weiguo, "/registrations/", 14),
        (bank.chen_xiaoming, "/price-board/", 14),
        (bank.chen_xiaoming, "/policies/", 16),
    ):
        client = signed_in(person)
        with django_assert_max_num_queries(most):
            assert client.get(path).status_code == 200


@pytest.mark.parametrize(
    ("reason", "sentence"),
    [
        ("疑" * 301, "At most 300 characters"),
        (" ", "Give the reason"),
        ("客户手机13812345678", "Do not write ID numbers or mobiles here"),
    ],
)
def test_a_reason_that_does_not_fit_is_refused_in_a_sentence_wherever_it_is_typed(
    bank: Cast, case: Application, reason: str, sentence: str
) -> None:
    entry = entries_of(case)[0]
    auditor, supervisor, hr = signed_in(bank.pan_wei), signed_in(bank.feng_zhiqiang), signed_in(bank.su_min)
    for client, path, more in (
        (auditor, f"/rewards/{entry.pk}/hold/", {}),
        (auditor, f"/rewards/{entry.pk}/release/", {}),
        (auditor, f"/rewards/{entry.pk}/void/", {}),
        (auditor, "/holds/release/", {"entry": entry.pk}),
        (supervisor, "/confirmations/JXQR-202611-001/discard/", {}),
        (hr, f"/leavers/{bank.fang_fang.number}/decide/", {"decision": "void"}),
    ):
        answer = client.post(path, {"reason": reason} | more)
        assert (answer.status_code, sentence in answer.content.decode()) == (400, True), path
