"""What a decision on an explanation means in money is said before it is taken, and is what then happens."""

from __future__ import annotations

import pytest
from django.test import Client

from applications.lifecycle import Clock
from applications.services.endings import withdraw
from incentives.selectors.effects import aftermath_of, effect_of
from incentives.services.releases import release_due_holds
from supervision.models import Breach
from supervision.services.breaches import find_breaches
from tests.api.conftest import Caller
from tests.cast import Cast, at
from tests.incentives.conftest import paid_to
from tests.incentives.test_timeliness import DECEMBER, FRIDAY, LATE, activate, explain, keyed

pytestmark = pytest.mark.django_db


def entry_breach() -> Breach:
    return Breach.objects.with_facts().get(kind=Clock.ENTRY)


def test_a_tenth_of_the_share_hangs_on_it_if_the_card_is_activated(bank: Cast) -> None:
    keyed(bank, claimed="2026-11-25 09:00", reviewed="2026-11-26 17:31")
    effect = effect_of(entry_breach(), at=FRIDAY)
    assert (effect.role, effect.share_fen, effect.accepted_fen, effect.refused_fen) == ("ENTRY", 10_00, 0, -1_00)
    assert (effect.is_promise, effect.has_other_delay) == (True, False)


@pytest.mark.parametrize("accepted", [True, False])
def test_what_was_said_is_what_happens(bank: Cast, accepted: bool) -> None:
    case = activate(bank, keyed(bank, claimed="2026-11-25 09:00", reviewed="2026-11-26 17:31"), when=FRIDAY)
    effect = effect_of(entry_breach(), at=FRIDAY)
    assert not effect.is_promise
    explain(bank, accepted=accepted)
    release_due_holds(at=DECEMBER)
    said = effect.accepted_fen if accepted else effect.refused_fen
    assert paid_to(case, "TIMELINESS").get("方芳", "0.00") == f"{said / 100:.2f}"


def test_a_stage_that_nobody_has_finished_is_reckoned_as_if_who_answers_for_it_did(bank: Cast) -> None:
    case = bank.received(when=at("2026-11-24 08:40"), taken_in=at("2026-11-23 16:00"))
    bank.check(case, when=at("2026-11-24 10:00"))
    bank.lend(case, to=bank.fang_fang, when=at("2026-11-25 09:00"))
    find_breaches(at=LATE)
    effect = effect_of(entry_breach(), at=FRIDAY)
    assert (effect.accepted_fen, effect.refused_fen, effect.is_promise) == (0, -1_00, True)


def test_before_and_after_the_decision_are_told_to_who_weighs_it_only(bank: Cast) -> None:
    activate(bank, keyed(bank, claimed="2026-11-25 09:00", reviewed="2026-11-26 17:31"), when=FRIDAY)
    path = f"breaches/{entry_breach().pk}/effect/"
    before = Caller(bank.zheng_weiguo).get(path).json()
    assert (before["pending"], before["came"]) == (True, None)
    assert before["hangs"] == {
        "role": "ENTRY", "share": "10.00", "if_accepted": "0.00", "if_refused": "-1.00", "is_promise": False,
        "has_other_delay": False,
    }  # fmt: skip
    explain(bank, accepted=False)
    release_due_holds(at=DECEMBER)
    for person in (bank.zheng_weiguo, bank.fang_fang, bank.pan_wei):
        after = Caller(person).get(path).json()
        assert (after["pending"], after["hangs"]) == (False, None)
        came = after["came"]
        assert (came["person"], came["stage"], came["net"]) == ("late", "late", "-1.00")
        assert sum(float(entry["amount"]) for entry in came["entries"]) == -1.0
        assert {entry["payee"] for entry in came["entries"] if entry["state"] != "VOIDED"} == {bank.fang_fang.number}
    assert Caller(bank.he_xiulan).get(path).status_code == 404


def test_an_accepted_explanation_is_left_out_of_the_persons_rate_and_books_nothing(bank: Cast) -> None:
    activate(bank, keyed(bank, claimed="2026-11-25 09:00", reviewed="2026-11-26 17:31"), when=FRIDAY)
    assert aftermath_of(entry_breach(), at=FRIDAY) is None
    explain(bank, accepted=True)
    release_due_holds(at=DECEMBER)
    came = aftermath_of(entry_breach(), at=DECEMBER)
    assert (came.person, came.stage, came.net_fen) == ("", "late", 0)
    page = Client(HTTP_ACCEPT_LANGUAGE="en")
    page.force_login(bank.zheng_weiguo)
    answer = page.get(f"/breaches/{entry_breach().pk}/")
    assert "What has come of it" in answer.content.decode()
    assert "is_weighed" not in answer.context


def test_no_money_hangs_on_a_clock_without_money_or_a_case_that_ended(bank: Cast) -> None:
    case = keyed(bank, claimed="2026-11-25 09:00", reviewed="2026-11-26 17:31")
    breach = entry_breach()
    breach.clock.kind = Clock.ISSUE
    assert effect_of(breach, at=FRIDAY) is None
    withdraw(case=case.pk, actor=bank.zheng_weiguo, at=FRIDAY, note="客户申请撤件")
    assert effect_of(entry_breach(), at=FRIDAY) is None
