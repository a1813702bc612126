"""A program that did not hear the answer sends its request again: every POST about the money has its effect once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from incentives.models import (
    Adjustment,
    Confirmation,
    CrossSell,
    Dispute,
    Hold,
    PayoutBatch,
    Registration,
    Reversal,
    RewardEntry,
)
from ops_center import clock
from organization.models import AuditRecord, Employee
from tests.api.conftest import Caller
from tests.applications.test_races import all_at_once
from tests.cast import Cast
from tests.incentives.conftest import earned, priced_bank

pytestmark = pytest.mark.django_db(transaction=True)
WRITTEN = (
    RewardEntry, Registration, Hold, Confirmation, PayoutBatch, Reversal, Adjustment, CrossSell, Dispute, AuditRecord,
)  # fmt: skip


@pytest.fixture
def bank(transactional_db: None) -> Cast:
    return priced_bank()


def rows() -> list[int]:
    return [model._default_manager.count() for model in WRITTEN]


class Sender:
    """Sends each request four times at once under one key, once more later, and once with other words."""

    def __init__(self) -> None:
        self.keys = 0

    def __call__(self, actor: Employee, path: str, body: dict[str, Any]) -> Any:
        self.keys += 1
        key, before = {"Idempotency-Key": f"key-{self.keys}"}, rows()
        callers = [Caller(actor) for _copy in range(4)]
        answers = all_at_once([lambda caller=caller: caller.post(path, body, **key) for caller in callers])
        [status] = {answer.status_code for answer in answers}
        assert status < 300, answers[0].content
        assert len({answer.content for answer in answers}) == 1, path
        once = rows()
        assert once != before, path
        again = Caller(actor).post(path, body, **key)
        assert (again.status_code, again.content, again["Idempotency-Replayed"]) == (status, answers[0].content, "true")
        if word := next((word for word in ("reason", "text", "note", "product") if word in body), ""):
            other = "现金分期" if word == "product" else "别的"
            assert Caller(actor).post(path, body | {word: other}, **key).status_code == 422
        assert rows() == once, path
        return again.json()


def test_every_post_of_the_moneys_life_has_its_effect_once(bank: Cast) -> None:
    case = earned(bank, when=clock.now() - timedelta(hours=1))
    number, period = case.number, f"{clock.today():%Y-%m}"
    tracker, supervisor, auditor, hr = bank.zheng_weiguo, bank.feng_zhiqiang, bank.pan_wei, bank.su_min
    other = bank.hire("督件乙", "OC01", "TR")
    shares = RewardEntry.objects.filter(assessment=case.pk, kind="SPLIT")
    collected, referred, keyed = (shares.get(role=role) for role in ("COLLECTOR", "REFERRER", "ENTRY"))
    send = Sender()

    send(tracker, "registrations/", {"applications": [number]})
    why = {"reason": "抽查"}
    send(auditor, f"rewards/{collected.pk}/hold/", why)
    send(auditor, f"rewards/{collected.pk}/release/", why)
    send(auditor, f"rewards/{keyed.pk}/void/", why)
    sale = send(bank.lin_xiaoyu, f"applications/{number}/cross-sells/", {"product": "账单分期"})
    send(supervisor, f"cross-sells/{sale['id']}/approve/", why)
    adjustment = {"payee": referred.payee.number, "role": "REFERRER", "amount": "-1.00"} | why
    asked = send(other, f"applications/{number}/adjustments/", adjustment)
    send(supervisor, f"adjustments/{asked['id']}/approve/", why)
    doubt = send(bank.li_wenjing, f"rewards/{referred.pk}/dispute/", {"text": "少计一笔"})
    send(supervisor, f"disputes/{doubt['id']}/decide/", {"accepted": False, "note": "金额无误"})
    document = send(other, "confirmations/", {"period": period})["no"]
    send(supervisor, f"confirmations/{document}/certify/", {})
    batch = send(hr, "payouts/", {"confirmations": [document]})["id"]
    send(hr, f"payouts/{batch}/paid/", {})
    back = send(auditor, f"applications/{number}/reverse-rewards/", why)
    send(supervisor, f"reversals/{back['id']}/approve/", why)


def test_control_without_a_key_the_second_request_is_a_second_act(bank: Cast) -> None:
    case = earned(bank, when=clock.now() - timedelta(hours=1))
    path = f"applications/{case.number}/cross-sells/"
    first, second = (Caller(bank.lin_xiaoyu).post(path, {"product": "账单分期"}) for _time in range(2))
    assert [first.status_code, second.status_code] == [201, 409]
