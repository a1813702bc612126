"""A page offers nobody an act that the service then refuses: what has a tick or a button is done, and what has none is
refused with the sentence that the page shows."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.utils.html import escape

from applications.models import Application
from incentives.models import Confirmation, Reversal, RewardEntry
from incentives.services.accrual import accrue
from incentives.services.confirmations import certify, draft_confirmation
from incentives.services.cross_sells import approve_cross_sell, report_cross_sell
from incentives.services.disputes import decide_dispute, dispute
from incentives.services.holds import hold, pull_holds
from incentives.services.policies import draft_bounty
from incentives.services.registration import register
from incentives.services.reversals import approve_reversal, ask_reversal
from ops_center import clock
from organization.models import Employee, RoleAssignment
from tests.cast import LONG_AGO, Cast

pytestmark = pytest.mark.django_db
OWN = "This is your own reward, so a colleague decides."


@pytest.fixture
def now() -> datetime:
    return clock.now()


def signed_in(person: Employee) -> Client:
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


def read(person: Employee, path: str) -> str:
    answer = signed_in(person).get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def earned(bank: Cast, *, when: datetime, referrer: Employee | None = None) -> Application:
    """A whole case that this person referred, with its rewards."""
    lead = bank.collect(bank.refer(when=when, by=referrer), when=when)
    case = bank.to_branch(bank.complete(lead, when=when), when=when)
    bank.receive(bank.send(case, when=when), when=when)
    bank.finish(case, when=when)
    accrue(at=when)
    return bank.again(case)


def entry_of(case: Application, payee: Employee) -> RewardEntry:
    return RewardEntry.objects.get(assessment=case.pk, payee=payee, kind="SPLIT")


def ticks(page: str, name: str) -> list[str]:
    return re.findall(rf'<input type="checkbox"[^>]* name="{name}" value="([^"]+)"', page)


def buttons(page: str) -> set[str]:
    return set(re.findall(r'<button type="button"[^>]* data-opens="([a-z-]+)"', page))


# -- holds -------------------------------------------------------------------------------------------------------------
@pytest.fixture
def second_auditor(bank: Cast) -> Employee:
    return bank.hire("审计乙", "AU01", "AUD")


def test_what_is_held_is_ticked_for_everybody_but_its_payee(bank: Cast, second_auditor: Employee, now) -> None:
    case = earned(bank, when=now - timedelta(hours=1), referrer=bank.pan_wei)
    for payee in (bank.pan_wei, bank.zhou_qiming):
        hold(entry=entry_of(case, payee).pk, reason="核查", actor=second_auditor, at=now)
    own, others = entry_of(case, bank.pan_wei).pk, entry_of(case, bank.zhou_qiming).pk
    page = read(bank.pan_wei, "/holds/")
    assert ticks(page, "entry") == [str(others)]
    assert OWN in page
    refused = signed_in(bank.pan_wei).post("/holds/release/", {"entry": [own], "reason": "已核实"}).content.decode()
    assert OWN in refused
    assert set(ticks(read(second_auditor, "/holds/"), "entry")) == {str(own), str(others)}
    signed_in(bank.pan_wei).post("/holds/release/", {"entry": [others], "reason": "已核实"})
    assert entry_of(case, bank.zhou_qiming).holds.get().released_by == bank.pan_wei


def test_a_risk_flag_comes_off_the_whole_case_so_one_own_share_is_enough(
    bank: Cast, second_auditor: Employee, now
) -> None:
    mine = earned(bank, when=now - timedelta(hours=1), referrer=bank.pan_wei)
    other = earned(bank, when=now - timedelta(hours=1))
    Application.objects.filter(pk__in=[mine.pk, other.pk]).update(is_risk=True)
    pull_holds(at=now)
    concerned = {str(pk) for pk in RewardEntry.objects.filter(assessment=other.pk).values_list("pk", flat=True)}
    assert set(ticks(read(bank.pan_wei, "/holds/"), "entry")) == concerned
    foreign = RewardEntry.objects.filter(assessment=mine.pk).exclude(payee=bank.pan_wei).first()
    refused = signed_in(bank.pan_wei).post("/holds/release/", {"entry": [foreign.pk], "reason": "不成立"})
    assert OWN in refused.content.decode()
    assert len(ticks(read(second_auditor, "/holds/"), "entry")) == 2 * len(concerned)


def test_what_waits_for_hr_is_ticked_for_nobody(bank: Cast, now) -> None:
    case = earned(bank, when=now - timedelta(hours=1))
    Employee.objects.filter(pk=bank.zhou_qiming.pk).update(left_on=clock.today())
    pull_holds(at=now)
    held = entry_of(case, bank.zhou_qiming)
    assert ticks(read(bank.pan_wei, "/holds/"), "entry") == []
    assert "release" not in buttons(read(bank.pan_wei, f"/rewards/{held.pk}/"))
    assert held.holds.get().released_at is None


# -- the trace of an amount --------------------------------------------------------------------------------------------
def test_the_trace_offers_audit_nothing_about_its_own_money(bank: Cast, second_auditor: Employee, now) -> None:
    entry = entry_of(earned(bank, when=now - timedelta(hours=1), referrer=bank.pan_wei), bank.pan_wei)
    path = f"/rewards/{entry.pk}/"
    assert buttons(read(bank.pan_wei, path)) & {"hold", "hold-complaint", "void", "release"} == set()
    assert buttons(read(second_auditor, path)) >= {"hold", "hold-complaint", "void"}
    for act in ("hold", "void"):
        answer = signed_in(bank.pan_wei).post(f"{path}{act}/", {"reason": "核查"})
        assert (answer.status_code, OWN in answer.content.decode()) == (409, True), act
    hold(entry=entry.pk, reason="核查", actor=second_auditor, at=now)
    assert "release" not in buttons(read(bank.pan_wei, path))
    assert "release" in buttons(read(second_auditor, path))
    assert signed_in(bank.pan_wei).post(f"{path}release/", {"reason": "已核实"}).status_code == 409


def test_a_dispute_is_offered_until_it_is_asked_or_rejected(bank: Cast, now) -> None:
    entry = entry_of(earned(bank, when=now - timedelta(hours=1)), bank.zhou_qiming)
    path = f"/rewards/{entry.pk}/dispute/"

    def is_offered() -> tuple[bool, bool]:
        return path in read(bank.zhou_qiming, "/rewards/"), path in read(bank.zhou_qiming, f"/rewards/{entry.pk}/")

    assert is_offered() == (True, True)
    asked = dispute(entry=entry.pk, text="应为路径B", actor=bank.zhou_qiming, at=now)
    assert is_offered() == (False, False)
    assert signed_in(bank.zhou_qiming).post(path, {"text": "再问"}).status_code == 409
    decide_dispute(dispute=asked.pk, accepted=False, note="无误", actor=bank.feng_zhiqiang, at=now)
    assert is_offered() == (False, False)
    assert signed_in(bank.zhou_qiming).post(path, {"text": "再问"}).status_code == 409


# -- registration and papers -------------------------------------------------------------------------------------------
def test_every_case_that_may_be_ticked_is_registered(bank: Cast, now) -> None:
    """The tracker's own share is no reason: who registers is not who certifies."""
    for _case in range(2):
        earned(bank, when=now - timedelta(hours=1))
    offered = ticks(read(bank.zheng_weiguo, "/registrations/"), "application")
    assert len(offered) == 2
    results = register(applications=offered, actor=bank.zheng_weiguo, at=now)
    assert [result.done for result in results] == [True, True]
    assert ticks(read(bank.feng_zhiqiang, "/registrations/"), "application") == []


def drafted(bank: Cast, *cases: Application, when: datetime) -> Confirmation:
    register(applications=[case.number for case in cases], actor=bank.zheng_weiguo, at=when)
    return draft_confirmation(period=f"{when:%Y-%m}", actor=bank.zheng_weiguo, at=when)


def test_a_draft_is_ticked_for_who_neither_registered_nor_earns_and_not_when_nothing_is_left(bank: Cast, now) -> None:
    case = earned(bank, when=now - timedelta(hours=1), referrer=bank.feng_zhiqiang)
    draft = drafted(bank, case, when=now)
    neutral = bank.hire("主管乙", "OC01", "SUP")
    for person, sentence in (
        (bank.zheng_weiguo, "You earn from a case"), (bank.feng_zhiqiang, "You earn from a case"), (neutral, ""),
    ):  # fmt: skip
        page = read(person, "/confirmations/inbox/")
        assert ticks(page, "no") == ([] if sentence else [draft.no])
        assert sentence in page
        assert ("certify" in buttons(read(person, f"/confirmations/{draft.no}/"))) is not bool(sentence)
    for entry in RewardEntry.objects.filter(confirmation_line__confirmation=draft):
        hold(entry=entry.pk, reason="核查", actor=bank.pan_wei, at=now)
    page = read(neutral, "/confirmations/inbox/")
    assert ticks(page, "no") == []
    assert f"Every entry of {draft.no} is held" in page
    assert signed_in(neutral).post(f"/confirmations/{draft.no}/certify/").status_code == 409


def test_who_certified_a_document_is_not_offered_its_export(bank: Cast, now) -> None:
    both = bank.hire("双岗", "HR01", "SUP HR")
    own = certify(no=drafted(bank, earned(bank, when=now - timedelta(hours=2)), when=now).no, actor=both, at=now)
    other = drafted(bank, earned(bank, when=now - timedelta(hours=1)), when=now)
    certify(no=other.no, actor=bank.feng_zhiqiang, at=now)
    page = read(both, "/payouts/")
    assert ticks(page, "confirmation") == [other.no]
    assert f"You certified {own.no} yourself" in page
    assert set(ticks(read(bank.su_min, "/payouts/"), "confirmation")) == {own.no, other.no}
    assert "disabled" in read(both, f"/payouts/preview/?confirmation={own.no}")
    assert signed_in(both).post("/payouts/make/", {"confirmation": own.no}).status_code == 409
    assert signed_in(both).post("/payouts/make/", {"confirmation": ticks(page, "confirmation")}).status_code == 302


# -- corrections -------------------------------------------------------------------------------------------------------
def ways(person: Employee, case: Application) -> set[str]:
    return set(re.findall(r"/corrections/([a-z-]+)/new/", read(person, f"/applications/{case.number}/")))


def test_a_claw_back_is_offered_while_there_is_something_to_take_and_nobody_has_asked(bank: Cast, now) -> None:
    case = earned(bank, when=now - timedelta(hours=1))
    assert ways(bank.pan_wei, case) == {"reversals"}
    asked = ask_reversal(case=case.number, reason="资料不实", actor=bank.pan_wei, at=now)
    assert ways(bank.pan_wei, case) == set()
    approve_reversal(reversal=asked.pk, actor=bank.feng_zhiqiang, at=now)
    assert ways(bank.pan_wei, case) == set()
    old = earned(bank, when=now - timedelta(days=200))
    assert ways(bank.pan_wei, old) == set()


def test_a_sale_is_offered_to_who_coached_until_three_are_reported(bank: Cast, now) -> None:
    case = earned(bank, when=now - timedelta(hours=1))
    for product in ("账单分期", "自动还款", "手机银行"):
        assert "cross-sells" in ways(bank.lin_xiaoyu, case)
        sold = report_cross_sell(case=case.number, product=product, actor=bank.lin_xiaoyu, at=now)
    assert "cross-sells" not in ways(bank.lin_xiaoyu, case)
    approve_cross_sell(cross_sell=sold.pk, actor=bank.feng_zhiqiang, at=now)
    assert "cross-sells" not in ways(bank.lin_xiaoyu, case)


def test_a_request_is_ticked_for_who_may_decide_it(bank: Cast, now) -> None:
    """The supervisor earns from the first case, and nothing from the second."""
    own = earned(bank, when=now - timedelta(hours=1), referrer=bank.feng_zhiqiang)
    other = earned(bank, when=now - timedelta(hours=1))
    keys = [
        f"reversal-{ask_reversal(case=case.number, reason='资料不实', actor=bank.pan_wei, at=now).pk}"
        for case in (own, other)
    ]
    page = read(bank.feng_zhiqiang, "/corrections/")
    assert ticks(page, "request") == keys[1:]
    assert f"You earn from {own.number}" in page
    decided = signed_in(bank.feng_zhiqiang).post(
        "/corrections/decide/", {"request": ticks(page, "request"), "decision": "approve", "reason": ""}
    )
    assert decided.status_code == 200
    assert Reversal.objects.get(assessment=other.pk).state == "APPROVED"
    assert ticks(read(bank.feng_zhiqiang, "/corrections/"), "request") == []


# -- prices ------------------------------------------------------------------------------------------------------------
def test_a_draft_of_a_price_is_approved_by_a_second_person_while_its_day_is_ahead(bank: Cast, now) -> None:
    for product, days in (("PK", 3), ("JK", 1)):
        draft_bounty(
            product=product, amount_fen=120_00, starts_on=clock.today() + timedelta(days=days),
            actor=bank.cao_ying, at=now,
        )  # fmt: skip
    approve = re.compile(r"/policies/bounties/\d+/approve/")
    own, second = read(bank.cao_ying, "/policies/"), read(bank.deng_hai, "/policies/")
    assert approve.findall(own) == []
    assert escape("A second person of the management approves: you drafted this version yourself.") in own
    assert len(approve.findall(second)) == 2
    RoleAssignment.objects.create(employee=bank.pan_wei, role="MGT", starts_on=LONG_AGO)
    for path in approve.findall(second):
        assert signed_in(bank.pan_wei).post(path).status_code == 302
