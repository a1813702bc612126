"""The table of domain section 14, row by row: who is told what, on which way; and that no message names a client."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.utils.translation import override

from applications.lifecycle import Clock
from applications.models import BagIncident
from applications.services import bags, card_status, issue, problems
from incentives.reference import install_policies
from incentives.services.accrual import accrue
from organization.messages import ELSEWHERE, FREE_TEXT, WORDS, Phrasebook
from organization.models import Delivery, Employee, Message, NewsPreference
from organization.services.letters import MAILED
from organization.services.templates import examples_of
from supervision.services import daily, justifications, notices, urging
from supervision.services.breaches import escalate, find_breaches, warn
from supervision.services.digests import write_digests
from tests.cast import Cast, at, make_bank

pytestmark = pytest.mark.django_db
WHEN = at("2026-11-24 10:00")  # a Tuesday


@pytest.fixture
def bank(db: None, settings) -> Cast:
    """Everybody has asked for mail."""
    settings.HAS_MAIL = True
    cast = make_bank()
    install_policies()
    for person in cast.people.values():
        Employee.objects.filter(pk=person.pk).update(email=f"{person.number.lower()}@bank.example")
        NewsPreference.objects.create(employee=person, by_mail=True)
    return cast


def told(kind: str) -> set[str]:
    return set(Message.objects.filter(kind=kind).values_list("employee__name", flat=True))


def mailed(kind: str) -> set[str]:
    return set(Delivery.objects.filter(key__startswith=f"{kind}:").values_list("employee__name", flat=True))


# -- the rows of the table ---------------------------------------------------------------------------------------------
def test_a_new_lead_and_its_acceptance(bank: Cast) -> None:
    lead = bank.refer(when=WHEN)
    assert "周启明" in told("lead_new")
    bank.collect(lead, when=WHEN)
    assert told("lead_accepted") == {"李文静"}


def test_sixty_and_twenty_minutes_before_the_cut_off(bank: Cast) -> None:
    bank.complete(bank.draft(when=WHEN), when=WHEN)
    assert daily.remind_of_cut_off(at=at("2026-11-24 16:30")) == 1
    assert {"陈小明", "钱玉梅", "赵立新"} <= told("cut_off_soon")
    assert daily.remind_of_cut_off(at=at("2026-11-24 17:10")) == 1


def test_what_was_not_dispatched_by_eight_goes_to_head_and_tracker_by_mail_too(bank: Cast) -> None:
    bank.complete(bank.draft(when=WHEN), when=WHEN)
    daily.list_undispatched(at=at("2026-11-24 20:00"))
    assert told("undispatched") == mailed("undispatched") == {"赵立新", "郑维国"}


def test_a_missing_file_and_a_lost_one_go_to_head_and_supervisor_by_mail_too(bank: Cast) -> None:
    files = [bank.complete(bank.draft(when=WHEN), when=WHEN) for _turn in range(2)]
    bag = bank.send(*files, when=WHEN)
    numbers = [file.number for file in files]
    bags.receive_bag(
        bag=bag.pk, seal_no=bag.seal_no, received=numbers[:1], missing=numbers[1:], extra=[], actor=bank.wu_xiaofeng,
        at=WHEN,
    )  # fmt: skip
    assert told("bag_missing") == mailed("bag_missing") == {"赵立新", "冯志强"}
    lost = BagIncident.objects.get(code=bags.MISSING)
    bags.close_incident(incident=lost.pk, finding="网点与钞车均未找到", actor=bank.feng_zhiqiang, at=WHEN)
    assert told("file_lost") == mailed("file_lost") == {"赵立新", "冯志强"}


def test_three_quarters_of_a_clock_its_breach_and_its_escalation(bank: Cast) -> None:
    case = bank.received(when=at("2026-11-23 09:00"))
    bank.lend(case, to=bank.he_xiulan, when=at("2026-11-23 09:00"))
    bank.check(case, when=at("2026-11-23 09:30"))
    bank.lend(case, to=bank.fang_fang, when=at("2026-11-23 10:00"))
    clock = case.clocks.get(kind=Clock.ENTRY)
    warn(at=clock.warn_at)
    notices.tell_waiting(at=clock.warn_at)
    assert told("clock_warning") == {"方芳"}
    late, next_morning = clock.due_at + timedelta(minutes=1), at("2026-11-26 09:00")
    find_breaches(at=late)
    notices.tell_waiting(at=next_morning)
    assert "方芳" in told("breach")
    assert "郑维国" in told("breaches_found")
    for when in ("2026-11-26 17:31", "2026-11-30 17:31"):
        escalate(at=at(when))
        notices.tell_waiting(at=at(when).replace(hour=10) + timedelta(days=1))
    assert "冯志强" in told("escalated_supervisor")
    assert {"曹颖", "邓海"} <= told("escalated_management")
    assert write_digests(at=at("2026-12-01 09:00")) > 0
    assert "超时三个工作日以上" in Delivery.objects.get(key="digest:LZ10013:2026-12-01").text


def test_a_problem_and_a_return_reach_the_collector_and_the_branch_head(bank: Cast) -> None:
    case = bank.received(when=WHEN)
    bank.lend(case, to=bank.he_xiulan, when=WHEN)
    problems.raise_problem(case=case.pk, actor=bank.he_xiulan, at=WHEN, code="C03", party="BRANCH", note="缺单位证明")
    assert {"陈小明", "赵立新"} <= told("problem_raised")
    problems.resolve(case=case.pk, actor=bank.zheng_weiguo, at=WHEN, note="已补齐")
    bank.lend(bank.again(case), to=bank.he_xiulan, when=WHEN)
    problems.return_case(case=case.pk, actor=bank.he_xiulan, at=WHEN, codes=["D05"], note="请补齐")
    assert {"陈小明", "赵立新"} <= told("returned")


def test_an_urge_reaches_who_holds_the_case(bank: Cast) -> None:
    case = bank.received(when=WHEN)
    bank.lend(case, to=bank.he_xiulan, when=WHEN)
    urging.urge(number=case.number, actor=bank.zheng_weiguo, at=WHEN, text="客户已催两次")
    assert told("urged") == {"何秀兰"}


def test_issue_accrual_and_payees(bank: Cast) -> None:
    bank.activated(when=WHEN, referred=True)
    assert {"李文静", "周启明", "林小雨"} <= told("issued")
    accrue(at=WHEN)
    assert {"李文静", "周启明", "何秀兰", "方芳", "郑维国", "林小雨"} <= told("reward_accrued")
    assert {"reward_confirmed", "reward_paid"} <= set(WORDS)  # told by certification and payment: tests of incentives


def test_a_decided_explanation_reaches_its_performer(bank: Cast) -> None:
    case = bank.received(when=at("2026-11-23 09:00"))
    bank.check(case, when=at("2026-11-23 09:30"))
    bank.lend(case, to=bank.fang_fang, when=at("2026-11-23 10:00"))
    find_breaches(at=at("2026-11-25 17:31"))
    breach = case.clocks.get(kind=Clock.ENTRY).breach
    said = {"breach_id": breach.pk, "at": at("2026-11-26 09:00")}
    justifications.justify(actor=bank.fang_fang, code="SYSTEM_FAILURE", text="系统中断两小时", **said)
    justifications.decide_justification(actor=bank.zheng_weiguo, accepted=True, note="属实", **said)
    assert told("justification_accepted") == {"方芳"}


def test_three_days_before_a_case_lapses(bank: Cast) -> None:
    bank.issued(bank.received(when=WHEN), when=WHEN)
    daily.remind_of_expiry(at=WHEN + timedelta(days=87))
    assert {"陈小明", "林小雨"} <= told("expires_soon")


def test_next_year_is_missed_from_the_first_of_november(bank: Cast) -> None:
    days = [at("2026-10-30 10:00"), at("2026-11-01 00:00"), at("2026-11-02 10:00")]
    assert [daily.alarm_missing_calendar(at=day) for day in days] == [0, 1, 1]


def test_a_missing_calendar_from_november_goes_to_management_and_administrators_by_mail_too(bank: Cast) -> None:
    daily.alarm_missing_calendar(at=WHEN)
    assert told("calendar_missing") == mailed("calendar_missing") == {"曹颖", "邓海", "田野"}


def test_unmatched_rows_of_an_import_reach_the_trackers(bank: Cast) -> None:
    line = "JL99999999999,1234,ISSUED,2026-11-24T09:00:00+08:00,6688,"
    content = f"application_number,id_last4,status,at,card_last4,reason\n{line}\n"
    file = card_status.take_file(name="f.csv", content=content.encode(), actor=bank.zheng_weiguo, at=WHEN)
    card_status.apply_file(file_id=file.pk, at=WHEN)
    assert told("import_unmatched") == {"郑维国"}


def test_every_row_of_the_table_has_its_words_and_what_goes_by_mail_too() -> None:
    rows = {
        "lead_new", "lead_accepted", "cut_off_soon", "undispatched", "bag_missing", "clock_warning", "breach",
        "escalated_supervisor", "escalated_management", "problem_raised", "returned", "urged", "issued",
        "reward_accrued", "reward_confirmed", "reward_paid", "justification_accepted", "justification_refused",
        "expires_soon", "calendar_missing", "import_unmatched",
    }  # fmt: skip
    assert rows <= set(WORDS)
    assert set(WORDS) >= MAILED


# -- no client in any message ------------------------------------------------------------------------------------------
CANARY = "欧阳金丝雀"


def test_no_message_and_no_letter_of_a_whole_life_names_the_client(bank: Cast, monkeypatch) -> None:
    person = bank.client(CANARY)
    monkeypatch.setattr(bank, "client", lambda *_args, **_facts: person)
    case = bank.complete(bank.collect(bank.refer(when=WHEN), when=WHEN), when=WHEN)
    daily.remind_of_cut_off(at=at("2026-11-24 16:30"))
    daily.list_undispatched(at=at("2026-11-24 20:00"))
    case = bank.to_branch(case, when=at("2026-11-25 09:00"))
    bank.receive(bank.send(case, when=at("2026-11-25 09:00")), when=at("2026-11-25 09:00"))
    now = at("2026-11-25 10:00")
    bank.lend(bank.again(case), to=bank.he_xiulan, when=now)
    problems.raise_problem(case=case.pk, actor=bank.he_xiulan, at=now, code="C03", party="BRANCH", note="缺单位证明")
    urging.urge(number=case.number, actor=bank.zheng_weiguo, at=now, text="请尽快")
    problems.resolve(case=case.pk, actor=bank.zheng_weiguo, at=now, note="已补齐")
    issued = bank.issued(bank.again(case), when=now)
    daily.remind_of_expiry(at=now + timedelta(days=89, hours=1))
    find_breaches(at=now + timedelta(days=88))
    issue.activate(case=issued.pk, actor=None, at=now, activated_at=now, source="1:1")
    accrue(at=now)
    write_digests(at=at("2026-11-26 09:30"))
    applicant = bank.again(case).applicant
    secrets = {CANARY, applicant.mobile.reveal(), applicant.id_number.reveal()}
    texts = [f"{row.kind} {row.facts} {row.about}" for row in Message.objects.all()]
    texts += [f"{row.subject} {row.text} {row.key}" for row in Delivery.objects.all()]
    assert len({row.kind for row in Message.objects.all()}) > 10
    assert Delivery.objects.filter(key__startswith="digest:").exists()
    assert not [text for text in texts if any(secret in text for secret in secrets)]


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_outside_the_house_no_kind_of_message_repeats_what_somebody_typed(language: str) -> None:
    book = Phrasebook(())
    with override(language):
        for kind in WORDS:
            facts = examples_of(kind) | dict.fromkeys(FREE_TEXT, f"{CANARY} 13800001234")
            said = book.words(kind, facts, on=date(2026, 11, 25), outside=True)
            assert CANARY not in said, kind
            assert "13800001234" not in said, kind
            free = FREE_TEXT & set(examples_of(kind))
            assert (ELSEWHERE in said) is bool(free), kind
