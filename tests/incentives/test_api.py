"""The API of the money, with exact statuses: the contract of HR, trackers and audit."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

from applications.models import Application
from incentives.services.accrual import accrue
from ops_center import clock
from organization.models import ApiToken, Employee
from tests.cast import Cast
from tests.incentives.conftest import earned

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("flat")]  # without timeliness: the shares alone
API = "/api/v1/"


class As:
    """One person at the API."""

    def __init__(self, person: Employee) -> None:
        self.client = APIClient()
        now = clock.now()
        token = ApiToken.issue(employee=person, at=now, expires_at=now + timedelta(hours=1))
        self.client.credentials(HTTP_AUTHORIZATION=f"Token {token}")

    def get(self, path: str, /, **query: Any) -> Any:
        return self.client.get(API + path, query)

    def post(self, path: str, /, **body: Any) -> Any:
        return self.client.post(API + path, body, format="json")


@pytest.fixture
def case(bank: Cast) -> Application:
    """A classic on Path C, activated an hour ago."""
    return earned(bank, when=clock.now() - timedelta(hours=1))


def this_month() -> str:
    return f"{clock.today():%Y-%m}"


def rows(response: Any) -> list[dict[str, Any]]:
    assert response.status_code == 200, response.content
    return response.json()["results"]


def test_audit_reads_the_six_shares_of_a_case(bank: Cast, case: Application) -> None:
    found = rows(As(bank.pan_wei).get("rewards/", application=case.number))
    assert {row["role"]: (row["payee"], row["amount"]) for row in found} == {
        "REFERRER": ("LZ10234", "25.00"), "COLLECTOR": ("LZ10005", "25.00"), "CREDIT_CHECK": ("LZ10007", "15.00"),
        "ENTRY": ("LZ10008", "10.00"), "TRACKER": ("LZ10010", "5.00"), "AFTER_SALES": ("LZ10011", "20.00"),
    }  # fmt: skip
    assert {row["kind"] for row in found} == {"SPLIT"}
    assert {row["state"] for row in found} == {"ACCRUED"}
    assert {row["policy_version"] for row in found} == {"v2"}
    assert all(row["at"].endswith("+08:00") for row in found)


def test_everybody_reads_the_own_entries_and_nobody_elses(bank: Cast, case: Application) -> None:
    for path in ("me/rewards/", "rewards/"):
        (mine,) = rows(As(bank.li_wenjing).get(path))
        assert (mine["application"], mine["amount"]) == (case.number, "25.00")
    assert rows(As(bank.xu_wenjuan).get("rewards/")) == []
    assert rows(As(bank.su_min).get("rewards/")) == []


def test_entries_are_found_by_payee_period_and_state(bank: Cast, case: Application) -> None:
    audit = As(bank.pan_wei)
    assert len(rows(audit.get("rewards/", payee="LZ10011"))) == 1
    assert len(rows(audit.get("rewards/", payee="POOL"))) == 0
    assert len(rows(audit.get("rewards/", period=this_month(), state="ACCRUED"))) == 6
    assert len(rows(audit.get("rewards/", period="2020-01"))) == 0
    assert len(rows(audit.get("rewards/", state="PAID"))) == 0


@pytest.mark.parametrize("query", [{"payeee": "X"}, {"state": "GONE"}, {"period": "November"}, {"page_size": "0"}])
def test_an_unknown_filter_is_400(bank: Cast, query: dict[str, str]) -> None:
    assert As(bank.pan_wei).get("rewards/", **query).status_code == 400


def test_long_lists_come_in_pages(bank: Cast, case: Application) -> None:
    audit = As(bank.pan_wei)
    first = audit.get("rewards/", page_size=4).json()
    second = audit.client.get(first["next"]).json()
    seen = [row["id"] for row in first["results"] + second["results"]]
    assert (len(seen), len(set(seen)), second["next"]) == (6, 6, None)


def test_a_stranger_reads_nothing() -> None:
    for path in ("rewards/", "me/rewards/", "confirmations/", "payouts/", "split/"):
        assert APIClient().get(API + path).status_code == 401


def test_from_registration_to_pay_date(bank: Cast, case: Application) -> None:
    tracker, supervisor, hr = As(bank.zheng_weiguo), As(bank.feng_zhiqiang), As(bank.su_min)
    registered = tracker.post("registrations/", applications=[case.number, "KX404"])
    assert registered.status_code == 201
    assert registered.json()["registered"] == 1
    assert [row["done"] for row in registered.json()["results"]] == [True, False]

    drafted = tracker.post("confirmations/", period=this_month())
    assert drafted.status_code == 201
    no = drafted.json()["no"]
    assert no == f"JXQR-{this_month().replace('-', '')}-001"
    assert tracker.post(f"confirmations/{no}/certify/").status_code == 409
    assert hr.post(f"confirmations/{no}/certify/").status_code == 403
    assert hr.get(f"confirmations/{no}/").status_code == 404  # a draft is not HR's to see

    certified = supervisor.post(f"confirmations/{no}/certify/")
    assert certified.status_code == 200
    document = certified.json()
    assert (document["state"], document["total"]) == ("CONFIRMED", "100.00")
    assert document["tables"]["total_in_capitals"] == "壹佰元整"
    assert document["tables"]["registrars"] == ["LZ10010"]
    assert {row["state"] for row in rows(As(bank.pan_wei).get("rewards/"))} == {"CERTIFIED"}

    batch = hr.post("payouts/", confirmations=[no])
    assert batch.status_code == 201
    key = batch.json()["id"]
    assert batch.json()["control"]["difference"] == "0.00"
    again = hr.post("payouts/", confirmations=[no])
    assert (again.status_code, again.json()["code"]) == (409, "already_exported")

    digests = {(file["sheet"], file["format"]): file["sha256"] for file in batch.json()["files"]}
    assert len(digests) == 8
    for (sheet, form), digest in digests.items():
        for _time in range(2):
            file = hr.get(f"payouts/{key}/{sheet}.{form}")
            assert file.status_code == 200
            assert hashlib.sha256(file.content).hexdigest() == digest

    paid = hr.post(f"payouts/{key}/paid/")
    assert (paid.status_code, paid.json()["paid_by"]) == (200, "LZ10015")
    assert rows(As(bank.li_wenjing).get("me/rewards/"))[0]["state"] == "PAID"


def test_a_hold_and_its_end(bank: Cast, case: Application) -> None:
    audit = As(bank.pan_wei)
    entry = rows(audit.get("rewards/", payee="LZ10234"))[0]["id"]
    held = audit.post(f"rewards/{entry}/hold/", reason="疑似代签")
    assert (held.status_code, held.json()["state"]) == (200, "HELD")
    assert audit.post(f"rewards/{entry}/hold/", reason="再来").status_code == 409
    freed = audit.post(f"rewards/{entry}/release/", reason="已核实")
    assert (freed.status_code, freed.json()["state"]) == (200, "ACCRUED")
    assert audit.post(f"rewards/{entry}/hold/").status_code == 400
    assert audit.post("rewards/999999999/hold/", reason="x").status_code == 404
    assert As(bank.zheng_weiguo).post(f"rewards/{entry}/hold/", reason="x").status_code == 403


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("registrations/", {"applications": []}),
        ("registrations/", {}),
        ("registrations/", {"applications": ["A"], "extra": 1}),
        ("confirmations/", {"period": "2026"}),
        ("confirmations/", {"period": "2026-11", "branches": ["ZZ99"]}),
    ],
)
def test_a_wrong_shape_is_400(bank: Cast, path: str, body: dict[str, Any]) -> None:
    assert As(bank.zheng_weiguo).post(path, **body).status_code == 400


def test_nothing_to_confirm_is_a_rules_no(bank: Cast) -> None:
    assert As(bank.zheng_weiguo).post("confirmations/", period="2026-11").status_code == 409


def test_the_same_idempotency_key_drafts_once(bank: Cast, case: Application) -> None:
    tracker = As(bank.zheng_weiguo)
    tracker.post("registrations/", applications=[case.number])
    answers = [
        tracker.client.post(
            API + "confirmations/", {"period": this_month()}, format="json", headers={"Idempotency-Key": "draft-1"}
        )
        for _time in range(2)
    ]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json()["no"] == answers[1].json()["no"]


# -- split/ ------------------------------------------------------------------------------------------------------------
def test_everybody_may_ask_how_a_bounty_is_divided(bank: Cast) -> None:
    for person in (bank.song_jia, bank.su_min, bank.tian_ye):
        answer = As(person).get("split/", bounty="99.99", path="C").json()
        assert [row["amount"] for row in answer["shares"]] == ["25.00", "24.99", "15.00", "10.00", "5.00", "20.00"]
        assert (answer["sum"], answer["policy_version"]) == ("99.99", "v2")


def test_double_keying_splits_the_entry_share(bank: Cast) -> None:
    shares = As(bank.su_min).get("split/", bounty="300.00", path="C", double_keyed=1).json()["shares"]
    assert [(row["role"], row["amount"]) for row in shares[3:5]] == [("ENTRY", "18.00"), ("ENTRY_2ND", "12.00")]


@pytest.mark.parametrize(
    "query",
    [
        {"bounty": "1e3", "path": "C"},
        {"bounty": "10.001", "path": "C"},
        {"bounty": "-1", "path": "C"},
        {"bounty": "NaN", "path": "C"},
        {"bounty": "10", "path": "D"},
        {"path": "C"},
        {"bounty": "10", "path": "C", "on": "2026-13-01"},
        {"bounty": "10", "path": "C", "double_keyed": "yes"},
        {"bounty": "10", "path": "C", "colour": "red"},
    ],
)
def test_a_split_that_makes_no_sense_is_400(bank: Cast, query: dict[str, str]) -> None:
    assert As(bank.su_min).get("split/", **query).status_code == 400


def test_a_page_of_entries_takes_a_fixed_number_of_queries(bank: Cast, django_assert_max_num_queries) -> None:
    when = clock.now() - timedelta(hours=1)
    for _case in range(2):
        bank.activated(when=when)
    accrue(at=when)
    audit = As(bank.pan_wei)
    with django_assert_max_num_queries(8):
        assert len(rows(audit.get("rewards/"))) == 12
