"""Requests that a second person decides: refused only with a reason, which who asked reads."""

from __future__ import annotations

import pytest
from django.test import Client

from applications.lifecycle import State
from applications.models import Approval
from applications.services.approvals import ask_reopen, decide_approval
from applications.services.endings import withdraw
from ops_center.kernel.errors import Malformed
from tests.cast import Cast, at

pytestmark = pytest.mark.django_db
NOW = at("2026-11-24 10:00")


@pytest.fixture
def asked(bank: Cast) -> Approval:
    case = bank.draft(when=NOW)
    withdraw(case=case.pk, actor=bank.chen_xiaoming, at=NOW, note="客户要求")
    return ask_reopen(case=case.pk, actor=bank.zheng_weiguo, at=NOW, note="客户改变主意")


def test_who_asked_reads_why_it_was_refused(bank: Cast, asked: Approval, client: Client) -> None:
    client.force_login(bank.feng_zhiqiang)
    said = {"decision": "refuse", "note": "客户已另行申请"}
    assert client.post(f"/approvals/{asked.pk}/", said).status_code == 302
    asked.refresh_from_db()
    assert (asked.is_approved, asked.note) == (False, "客户已另行申请")
    client.force_login(bank.zheng_weiguo)
    assert "不同意。客户已另行申请" in client.get("/inbox/").content.decode()


@pytest.mark.parametrize(
    "said",
    [
        {"decision": "refuse"}, {"decision": "refuse", "note": " "}, {"note": "同意"},
        {"decision": "refuse", "note": "请联系13800001234"}, {"decision": "approve", "note": "请联系13800001234"},
    ],
)  # fmt: skip
def test_a_decision_that_is_none_decides_nothing(
    bank: Cast, asked: Approval, client: Client, said: dict[str, str]
) -> None:
    client.force_login(bank.feng_zhiqiang)
    assert client.post(f"/approvals/{asked.pk}/", said).status_code == 400
    asked.refresh_from_db()
    assert asked.decided_at is None
    assert bank.again(asked.application).state == State.WITHDRAWN


def test_the_service_itself_refuses_nothing_without_a_reason(bank: Cast, asked: Approval) -> None:
    with pytest.raises(Malformed) as no:
        decide_approval(approval=asked.pk, actor=bank.feng_zhiqiang, at=NOW, approve=False)
    assert list(no.value.errors) == ["note"]
