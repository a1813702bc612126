"""The audit log: for audit only, newest first, filtered by what stands in the address."""

from __future__ import annotations

import pytest

from ops_center import clock
from organization.services.audit import record
from tests.cast import at


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
