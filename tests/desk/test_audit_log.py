"""The audit log: for audit only, newest first, filtered by what stands in the address."""

from __future__ import annotations

import ast

import pytest
from django.apps import apps
from django.conf import settings

from incentives.services.requests import DECIDERS
from ops_center import clock
from ops_center.desk import audit_log
from ops_center.history.demo import load
from ops_center.reconciliation import BROKEN
from organization.models.versions import Drafted
from organization.services.audit import record
from supervision.services import seals
from tests.cast import at

RECORDS = {"record", "record_each"}


@pytest.fixture
def log(hire):
    clerk = hire("TR")
    record(action="sign-in", actor=clerk, at=at("2026-11-23 08:30"), subject=clerk.number)
    record(action="reveal", actor=clerk, at=at("2026-11-24 09:00"), subject="JL1", field="mobile", purpose="联系客户")
    record(
        action="reveal", actor=hire("SUP"), at=at("2026-11-25 09:00"), subject="JL2", field="id_number", purpose="核对"
    )
    return clerk


def actions(client, **query: str) -> list[tuple[str, str]]:
    lines = client.get("/audit/", query).context["lines"]
    return [(line.record.action, line.record.subject) for line in lines if line.record.subject.startswith("JL")]


def test_the_log_is_newest_first_and_in_words(log, hire, visit) -> None:
    client = visit(hire("AUD"))
    assert actions(client) == [("reveal", "JL2"), ("reveal", "JL1")]
    line = client.get("/audit/", {"subject": "JL1"}).context["lines"][0]
    assert (line.action, line.facts) == ("查看客户信息", "项目 手机 · 用途 联系客户")


def test_filters_by_person_action_and_day(log, hire, visit) -> None:
    client = visit(hire("AUD"))
    assert actions(client, person=log.number.lower()) == [("reveal", "JL1")]
    assert actions(client, action="reveal", until="2026-11-24") == [("reveal", "JL1")]
    assert actions(client, since="2026-11-25") == [("reveal", "JL2")]


@pytest.mark.parametrize("query", [{"since": "yesterday"}, {"who": "LZ10001"}])
def test_a_filter_that_is_none_is_refused(log, hire, visit, query: dict[str, str]) -> None:
    assert visit(hire("AUD")).get("/audit/", query).status_code == 400


@pytest.mark.parametrize("role", ["TR", "SUP", "MGT", "ADM", "EMP"])
def test_the_log_is_audit_s_alone(hire, visit, role: str) -> None:
    assert visit(hire(role)).get("/audit/").status_code == 403


def test_a_page_of_the_log_costs_six_queries(hire, visit, django_assert_num_queries) -> None:
    clerk = hire("TR")
    for n in range(60):
        record(action="reveal", actor=clerk, at=clock.now(), subject=f"JL{n}")
    client = visit(hire("AUD"))
    client.get("/audit/")
    with django_assert_num_queries(6):  # session, person, roles, branch, unread, page with its people
        assert len(client.get("/audit/").context["lines"]) == 50


def test_everything_that_the_code_records_has_words_and_can_be_filtered(db: None) -> None:
    """Reads the calls themselves: a new action or fact without a word fails here."""
    # These actions are put together from the names of models.
    together = {
        ("approve", "discard"): [model.audit_name for model in apps.get_models() if issubclass(model, Drafted)],
        ("ask", "decide"): [model._meta.model_name for model in DECIDERS],
    }
    actions = {f"{act}_{name}" for acts, names in together.items() for act in acts for name in names}
    facts = set()
    for app in ("applications", "incentives", "organization", "referrals", "supervision", "ops_center"):
        for path in (settings.BASE_DIR / app).rglob("*.py"):
            for call in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(call, ast.Call) and getattr(call.func, "attr", getattr(call.func, "id", "")) in RECORDS:
                    said = {word.arg: word.value for word in call.keywords if word.arg}
                    facts |= said.keys() - {"action", "actor", "at", "subject", "digest", "digests"}
                    match said.get("action"):
                        case ast.Constant(value=action):
                            actions.add(action)
                        case ast.IfExp(body=ast.Constant(value=one), orelse=ast.Constant(value=other)):
                            actions |= {one, other}
    assert len(actions) > 10
    assert actions <= audit_log.ACTIONS.keys()
    assert facts <= audit_log._FACTS.keys()
    assert audit_log.ACTIONS.keys() <= actions | {seals.ACTION, load.MARKER, BROKEN, "freeze_case", "unfreeze_case"}


@pytest.mark.parametrize(
    ("action", "facts", "words"),
    [
        ("image", {"kind": "ID", "side": "FRONT"}, ("查看影像", "资料 身份证 · 正反面 正面")),
        ("view_entry", {}, ("查看录入内容", "")),
        ("approve_bounty", {}, ("批准奖励标准", "")),
        ("discard_splitpolicy", {}, ("废弃分润比例草案", "")),
        ("export_payout", {"fen": 123450, "entries": 2}, ("导出发放表", "金额 1234.50 · 笔数 2")),
        ("seal", {"from": "2026-11-23T16:00:00+00:00", "cases": 3}, ("封存事件链", "起 2026-11-24 00:00 · 件数 3")),
    ],
)
def test_a_record_is_told_in_words(db: None, action: str, facts: dict[str, object], words: tuple[str, str]) -> None:
    line = audit_log.line(record(action=action, at=at("2026-11-24 09:00"), **facts))
    assert (line.action, line.facts) == words


def test_a_batch_is_found_by_its_subject(hire, visit) -> None:
    record(action="export_payout", at=at("2026-11-24 09:00"), subject="payout 3")
    lines = visit(hire("AUD")).get("/audit/", {"subject": "payout 3"}).context["lines"]
    assert [line.record.subject for line in lines] == ["payout 3"]
