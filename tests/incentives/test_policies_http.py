"""Versions, preview and price board by HTTP: the same sentences on pages and at the API; nothing typed is lost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client

from applications.lifecycle import Path, Performance
from incentives.models import Bounty, PriceNotice, ReadReceipt, SplitPolicy
from incentives.reference import SHARES
from ops_center import clock
from tests.cast import Cast
from tests.incentives.conftest import earned
from tests.incentives.test_api import As
from tests.incentives.test_pages import signed_in, split_form

pytestmark = pytest.mark.django_db
S13 = {path: SHARES | {Performance.CREDIT_CHECK: 1_200, Performance.ENTRY: 1_300} for path in Path.values}


def soon(days: int = 9) -> date:
    return clock.today() + timedelta(days=days)


def split_body(**facts: Any) -> dict[str, Any]:
    return {"starts_on": f"{soon()}", "columns": S13, "note": "旺季录入积压"} | facts


def bounty_body(**facts: Any) -> dict[str, Any]:
    return {"product": "PK", "amount": "120.00", "starts_on": f"{soon()}", "note": "旺季"} | facts


# -- the API: versions -------------------------------------------------------------------------------------------------
def test_s13_a_split_table_goes_from_the_draft_to_its_day(bank: Cast) -> None:
    drafter, second = As(bank.cao_ying), As(bank.deng_hai)
    drafted = drafter.post("policies/splits/", **split_body(customer="30.00"))
    assert drafted.status_code == 201
    answer = drafted.json()
    assert (answer["number"], answer["standing"], answer["customer"], answer["cross_sell"]) == (
        2, "DRAFT", "30.00", "10.00",
    )  # fmt: skip
    assert answer["columns"]["C"]["ENTRY"] == 1_300
    own = drafter.post("policies/splits/2/approve/")
    assert (own.status_code, own.json()["code"]) == (409, "own_draft")
    approved = second.post("policies/splits/2/approve/").json()
    assert (approved["standing"], approved["approved_by"]) == ("AHEAD", "LZ10014")
    again = second.post("policies/splits/2/approve/")
    assert (again.status_code, again.json()["code"]) == (409, "already_decided")
    before, after = (
        {row["role"]: row["amount"] for row in drafter.get("split/", bounty="100", path="C", on=day).json()["shares"]}
        for day in (clock.today(), soon())
    )
    assert (before["CREDIT_CHECK"], before["ENTRY"]) == ("15.00", "10.00")
    assert (after["CREDIT_CHECK"], after["ENTRY"]) == ("12.00", "13.00")


def test_s13_a_column_of_99_percent_is_a_400_with_its_sum(bank: Cast) -> None:
    columns = S13 | {"C": S13["C"] | {"ENTRY": 1_200}}
    no = As(bank.cao_ying).post("policies/splits/", **split_body(columns=columns))
    assert (no.status_code, no.json()["errors"]) == (400, {"C": ["路径 C 合计 99%，须为 100%。"]})
    assert SplitPolicy.objects.count() == 1


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"amount": "0.00"}, "amount_fen"),
        ({"amount": "-1.00"}, "amount_fen"),
        ({"amount": "100000.01"}, "amount_fen"),
        ({"product": "XX"}, "product"),
        ({"starts_on": "2020-01-01"}, "starts_on"),
        ({"is_pilot": True}, "branches"),
        ({"trigger": "HOPE"}, "trigger"),
        ({"spend_days": -1}, "spend_days"),
        ({"note": ""}, "note"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_each_impossible_bounty_is_a_400_that_names_the_place(bank: Cast, facts: dict[str, Any], field: str) -> None:
    no = As(bank.cao_ying).post("policies/bounties/", **bounty_body(**facts))
    assert (no.status_code, list(no.json()["errors"])) == (400, [field])
    assert not Bounty.objects.filter(status="DRAFT").exists()


def test_a_draft_whose_day_has_come_is_refused_and_may_be_discarded(bank: Cast, settings: Any) -> None:
    bounty = As(bank.cao_ying).post("policies/bounties/", **bounty_body()).json()["id"]
    with moved_on(settings, days=9):
        late = As(bank.deng_hai).post(f"policies/bounties/{bounty}/approve/")
        assert (late.status_code, late.json()["code"]) == (409, "day_passed")
        assert As(bank.cao_ying).post(f"policies/bounties/{bounty}/discard/").json()["standing"] == "DISCARDED"
    again = As(bank.deng_hai).post(f"policies/bounties/{bounty}/approve/")
    assert (again.status_code, again.json()["code"]) == (409, "already_decided")


@contextmanager
def moved_on(settings: Any, *, days: int) -> Iterator[None]:
    """The application's clock so many days later."""
    before, settings.OPS_CENTER_CLOCK = settings.OPS_CENTER_CLOCK, (clock.now() + timedelta(days=days)).isoformat()
    clock._offset.cache_clear()
    try:
        yield
    finally:
        settings.OPS_CENTER_CLOCK = before
        clock._offset.cache_clear()


def test_the_management_acts_and_everybody_reads_what_is_approved(bank: Cast) -> None:
    As(bank.cao_ying).post("policies/bounties/", **bounty_body())
    for person in (bank.chen_xiaoming, bank.su_min, bank.feng_zhiqiang):
        caller = As(person)
        assert caller.post("policies/bounties/", **bounty_body()).status_code == 403
        assert caller.get("policies/preview/").status_code == 403
        standings = {row["standing"] for row in caller.get("policies/").json()["bounties"]}
        assert standings == {"IN_FORCE"}
    for person in (bank.cao_ying, bank.pan_wei):
        assert "DRAFT" in {row["standing"] for row in As(person).get("policies/").json()["bounties"]}
    assert As(bank.cao_ying).post("policies/splits/99/approve/").status_code == 404


def test_the_preview_answers_by_role_by_person_and_in_total(bank: Cast) -> None:
    month = clock.today().replace(day=1) - timedelta(days=1)
    when = clock.now() - timedelta(days=clock.today().day + 2)
    earned(bank, when=when)
    management = As(bank.cao_ying)
    bounty = management.post("policies/bounties/", **bounty_body()).json()["id"]
    management.post("policies/splits/", **split_body())
    found = management.get("policies/preview/", split=2, bounties=f"{bounty}").json()
    assert (found["month"], found["cases"], found["touched"]) == (f"{month:%Y-%m}", 1, 1)
    lines = {row["what"]: (row["before"], row["after"], row["difference"]) for row in found["lines"]}
    assert lines["ENTRY"] == ("10.00", "15.60", "5.60")
    assert lines["CREDIT_CHECK"] == ("15.00", "14.40", "-0.60")
    assert {row["person"] for row in found["people"]} == {
        "LZ10234", "LZ10005", "LZ10007", "LZ10008", "LZ10010", "LZ10011",
    }  # fmt: skip
    assert management.get("policies/preview/", split=7).status_code == 400
    assert management.get("policies/preview/", month="2026-99").status_code == 400


def test_the_board_is_read_and_signed_for(bank: Cast) -> None:
    bounty = As(bank.cao_ying).post("policies/bounties/", **bounty_body()).json()["id"]
    As(bank.deng_hai).post(f"policies/bounties/{bounty}/approve/")
    reader = As(bank.fang_fang)
    board = reader.get("price-board/").json()
    assert {row["product"]: row["entry"] for row in board["prices"]}["PK"] == "10.00"
    assert [(row["product"], row["amount"]) for row in board["ahead"]] == [("PK", "120.00")]
    (notice,) = board["notices"]
    assert (notice["is_read"], notice["signed"]) == (False, None)
    for _time in range(2):
        assert reader.post(f"price-board/notices/{notice['id']}/read/").status_code == 200
    assert reader.get("price-board/").json()["notices"][0]["is_read"]
    (counted,) = As(bank.cao_ying).get("price-board/").json()["notices"]
    assert (counted["signed"], counted["of"]) == (1, len(bank.people))
    assert reader.post("price-board/notices/99999/read/").status_code == 404


# -- the pages ---------------------------------------------------------------------------------------------------------
def drafted(bank: Cast, **changes: str) -> tuple[Client, Client]:
    first, second = signed_in(bank.cao_ying), signed_in(bank.deng_hai)
    assert first.post("/policies/splits/new/", split_form(**changes)).status_code == 302
    return first, second


def test_a_draft_shows_what_it_changes_and_who_may_approve(bank: Cast) -> None:
    changes = {f"{path}-{role}": share for path in "ABC" for role, share in (("CREDIT_CHECK", "12"), ("ENTRY", "13"))}
    first, second = drafted(bank, **changes)
    mine, theirs = (client.get("/policies/").content.decode() for client in (first, second))
    for page in (mine, theirs):
        assert page.count('<del class="muted">15%</del> <b>12%</b>') == 3
    assert "/policies/splits/2/approve/" in theirs
    assert "/policies/splits/2/approve/" not in mine
    assert "/policies/splits/2/" not in signed_in(bank.chen_xiaoming).get("/policies/").content.decode()
    assert signed_in(bank.chen_xiaoming).get("/policies/splits/2/").status_code == 404
    assert second.get("/policies/splits/2/").status_code == 200


def test_what_waits_for_my_approval_comes_before_my_own_drafts(bank: Cast) -> None:
    first, second = drafted(bank)
    second.post("/policies/bounties/new/", bounty_form())
    page = first.get("/policies/").content.decode()
    assert page.index('id="bounty-') < page.index('id="split-2"')


def bounty_form(**changes: str) -> dict[str, str]:
    typed = {"product": "PK", "amount_fen": "120", "trigger": "ACTIVATION", "spend_days": "90", "note": "旺季"}
    return typed | {"starts_on": f"{soon()}"} | changes


def test_a_draft_is_taken_back_and_drafted_anew_from_what_it_said(bank: Cast) -> None:
    first, _second = drafted(bank, customer_fen="33.00", note="第一稿")
    answer = first.post("/policies/splits/2/discard/", {"anew": "1"})
    assert answer["Location"] == "/policies/splits/new/?from=2"
    form = first.get(answer["Location"]).content.decode()
    assert 'value="33"' in form
    assert "第一稿" in form
    assert f'value="{soon()}"' in form


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"starts_on": "2020-01-01"}, "tomorrow at the earliest"),
        ({"is_pilot": "on"}, "A pilot names its branches"),
        ({"amount_fen": "0"}, "more than 0.00"),
        ({"amount_fen": "-1"}, "greater than or equal to 0"),
        ({"note": ""}, "required"),
        ({"note": "客户身份证 990101198803050019"}, "ID number"),
    ],
)
def test_a_refused_bounty_keeps_what_was_typed(bank: Cast, changes: dict[str, str], sentence: str) -> None:
    answer = signed_in(bank.cao_ying).post("/policies/bounties/new/", bounty_form(spend_days="77") | changes)
    page = answer.content.decode()
    assert answer.status_code == 400
    assert sentence in page
    assert 'value="77"' in page
    assert not Bounty.objects.filter(status="DRAFT").exists()


def test_the_preview_page_names_the_month_and_offers_others(bank: Cast) -> None:
    first, _second = drafted(bank)
    page = first.get("/policies/preview/?split=2").content.decode()
    month = (clock.today().replace(day=1) - timedelta(days=1)).strftime("%Y-%m")
    assert f"No card was activated with a reward in {month}" in page
    assert page.count("<option") == 14  # twelve months, the draft, and none
    assert first.get("/policies/preview/?split=9").status_code == 400
    assert first.get("/policies/preview/?month=2020-01").status_code == 400
    assert signed_in(bank.zheng_weiguo).get("/policies/preview/").status_code == 403


def test_reading_is_signed_for_by_a_button(bank: Cast) -> None:
    _first, second = drafted(bank)
    second.post("/policies/splits/2/approve/")
    reader = signed_in(bank.fang_fang)
    assert "I have read it" in reader.get("/price-board/").content.decode()
    notice = PriceNotice.objects.get().pk
    for asked in (f"{notice}", f"{notice}", "all"):
        assert reader.post("/price-board/sign/", {"notice": asked}).status_code == 302
    assert ReadReceipt.objects.filter(employee=bank.fang_fang).count() == 1
    assert "I have read it" not in reader.get("/price-board/").content.decode()
    for wrong in ("", "x", "99999", "9" * 30):
        assert reader.post("/price-board/sign/", {"notice": wrong}).status_code == 404
    counted = signed_in(bank.deng_hai)
    assert f"read by 1 of {len(bank.people)}" in counted.get("/price-board/").content.decode()
    readers = counted.get(f"/price-board/notices/{notice}/").content.decode()
    assert "方芳" in readers
    assert reader.get(f"/price-board/notices/{notice}/").status_code == 403


def test_a_pilot_is_read_where_it_holds_and_known_elsewhere(bank: Cast) -> None:
    first, second = signed_in(bank.cao_ying), signed_in(bank.deng_hai)
    first.post("/policies/bounties/new/", bounty_form(is_pilot="on", branches="BH01", amount_fen="133.33"))
    pilot = Bounty.objects.get(is_pilot=True)
    second.post(f"/policies/bounties/{pilot.pk}/approve/")
    here, elsewhere = signed_in(bank.chen_xiaoming), signed_in(bank.luo_yong)
    assert "133.33" in here.get("/price-board/").content.decode()
    known = elsewhere.get("/price-board/").content.decode()
    assert "133.33" not in known
    assert "tried out elsewhere" in known
    assert elsewhere.get(f"/policies/bounties/{pilot.pk}/").status_code == 404
    assert "133.33" not in elsewhere.get("/policies/").content.decode()


def test_versions_and_board_take_a_fixed_number_of_queries(bank: Cast, django_assert_max_num_queries) -> None:  # type: ignore[no-untyped-def]
    first, second = signed_in(bank.cao_ying), signed_in(bank.deng_hai)
    for product in ("PK", "JK", "BJ", "ZS"):
        first.post("/policies/bounties/new/", bounty_form(product=product))
    for bounty in Bounty.objects.filter(status="DRAFT")[:3]:
        second.post(f"/policies/bounties/{bounty.pk}/approve/")
    for path, most in (("/policies/", 16), ("/price-board/", 24)):
        with django_assert_max_num_queries(most):
            assert first.get(path).status_code == 200
