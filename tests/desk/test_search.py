"""The search: numbers in the address, a client's own values only in a form; nothing out of sight is found."""

from __future__ import annotations

import pytest

from organization.models import AuditRecord
from tests.cast import Cast, at

NOW = at("2026-11-24 10:00")


@pytest.fixture
def sit(client, monkeypatch):
    """Signs somebody in at ten o'clock of the day of the cases."""
    monkeypatch.setattr("ops_center.clock.now", lambda: NOW)

    def sit(person):
        client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return sit


@pytest.fixture
def case(bank: Cast):
    return bank.received(when=at("2026-11-24 08:40"))


def test_a_whole_number_opens_its_case(bank: Cast, case, sit) -> None:
    answer = sit(bank.chen_xiaoming).get("/search/", {"q": case.number.lower()})
    assert answer.status_code == 302
    assert answer["Location"] == f"/applications/{case.number}/"


def test_the_beginning_of_a_number_lists_cases_bags_and_colleagues(bank: Cast, case, sit) -> None:
    tracker = sit(bank.zheng_weiguo)
    assert tracker.get("/search/", {"q": case.number[:6]}).context["found"].cases == [case]
    bag = case.bag_items.get().bag
    assert tracker.get("/search/", {"q": bag.number}).context["found"].bags == [bag]
    assert bank.chen_xiaoming in tracker.get("/search/", {"q": "lz1000"}).context["found"].people


def test_the_client_s_inquiry_code_finds_the_case(bank: Cast, case, sit) -> None:
    assert sit(bank.zheng_weiguo).get("/search/", {"q": case.status_code}).context["found"].cases == [case]


def test_the_mark_of_a_campaign_finds_its_cases(bank: Cast, sit) -> None:
    case = bank.refer(when=NOW, by=bank.chen_xiaoming, campaign="S5")
    assert sit(bank.chen_xiaoming).get("/search/", {"q": "s5"}).context["found"].cases == [case]


def test_a_case_out_of_sight_is_not_found(bank: Cast, case, sit) -> None:
    answer = sit(bank.luo_yong).get("/search/", {"q": case.number})
    assert answer.status_code == 200
    assert not answer.context["found"]


@pytest.mark.parametrize("value", ["13800001234", "990101198803050015", "王小明"])
def test_a_client_s_own_value_in_the_address_is_refused_and_not_shown(bank: Cast, sit, value: str) -> None:
    answer = sit(bank.zheng_weiguo).get("/search/", {"q": value})
    assert answer.status_code == 400
    assert "留有记录" in answer.content.decode()


def test_a_client_is_found_by_the_whole_mobile_masked_and_logged_without_the_value(bank: Cast, case, sit) -> None:
    mobile = case.applicant.mobile.reveal()
    answer = sit(bank.chen_xiaoming).post("/search/", {"mobile_number": mobile})
    assert answer.context["cases"] == [case]
    page = answer.content.decode().split("</table>", 1)[0]
    assert case.applicant.name_mask in page
    assert mobile not in page
    record = AuditRecord.objects.get(action="search_client")
    assert record.actor == bank.chen_xiaoming
    assert mobile not in str(record.facts)


def test_the_search_for_a_client_stays_in_one_s_own_sight(bank: Cast, case, sit) -> None:
    answer = sit(bank.luo_yong).post("/search/", {"mobile_number": case.applicant.mobile.reveal()})
    assert answer.status_code == 200
    assert answer.context["cases"] == []


def test_two_values_or_none_are_refused_and_stay_typed(bank: Cast, sit) -> None:
    answer = sit(bank.zheng_weiguo).post("/search/", {"mobile_number": "10000000001", "name": "王小明"})
    assert answer.status_code == 400
    assert "王小明" in answer.content.decode()
    assert sit(bank.zheng_weiguo).post("/search/", {}).status_code == 400


@pytest.mark.parametrize("person", ["qian_yumei", "su_min", "tian_ye", "li_wenjing"])
def test_who_works_without_clients_finds_no_client(bank: Cast, sit, person: str) -> None:
    answer = sit(bank.people[person]).post("/search/", {"name": "王小明"})
    assert answer.status_code == 403


def test_a_sealer_finds_the_number_without_the_client(bank: Cast, sit) -> None:
    case = bank.complete(bank.draft(when=NOW), when=NOW)
    answer = sit(bank.qian_yumei).get("/search/", {"q": case.number[:6]})
    page = answer.content.decode()
    assert case.number in page
    assert bank.again(case).applicant.name_mask not in page
