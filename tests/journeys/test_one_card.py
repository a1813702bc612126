"""One card from 李文静's referral to 苏敏's payout sheet, through every person's own sign-in; and one handled alone."""

from __future__ import annotations

import io
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.core.management import call_command
from playwright.sync_api import expect
from python_calamine import CalamineWorkbook

from applications.entry_form import example_of
from applications.models import Application, Bag
from ops_center import clock
from ops_center.tasks import run_job
from tests.cast import Cast
from tests.journeys.conftest import Office, Person

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


# -- acts that more than one person, or more than one journey, does ---------------------------------------------------
def last_number() -> str:
    return Application.objects.latest("id").number


def take_in(person: Person, number: str) -> None:
    person.ticks_the_pack()
    person.sends("steps/complete-intake", form_no="BD-0001")
    expect(person.form("steps/complete-intake")).to_have_count(0)
    expect_state(number, "TAKEN_IN")


def take_next(person: Person, queue: str, number: str) -> None:
    person.goes_to(f"/queues/{queue}/")
    person.sends("next")
    person.page.wait_for_url(f"**/applications/{number}/work/")


def answer_the_sheet(person: Person) -> None:
    person.page.click("[data-all-pass]")
    for warning in person.page.locator(".warning input").all():
        warning.fill("已核实")
    person.page.keyboard.press("Control+Enter")


def key_the_form(person: Person, case: Application) -> None:
    """From field to field as the focus goes: what is full goes on by itself, the rest by Enter or Tab."""
    paper = example_of(case, on=clock.today())
    page, keyed = person.page, []
    focused = "() => document.activeElement.dataset.kind ? document.activeElement.name : ''"
    while name := page.evaluate(focused):
        value = paper.get(name, "")
        keyed.append(name)
        if page.evaluate("() => document.activeElement.tagName") == "SELECT":
            choices = page.eval_on_selector_all(f'[name="{name}"] option', "all => all.map(one => one.value)")
            for _press in range(choices.index(value)):
                page.keyboard.press("ArrowDown")
        elif value is True:
            page.keyboard.press("Space")
        elif value:
            page.keyboard.type(str(value))
        if page.evaluate(focused) == name:
            page.keyboard.press("Tab" if len(keyed) % 2 else "Enter")
    assert len(keyed) == len(set(keyed)) == page.locator("#keying [data-kind]").count()
    page.keyboard.press("Control+Enter")


def expect_state(number: str, state: str) -> None:
    assert Application.objects.get(number=number).state == state


# -- the journey of S1 and its pay ------------------------------------------------------------------------------------
def test_one_card_from_the_referral_to_the_payout_sheet(bank: Cast, office: Office, tmp_path: Path) -> None:
    client = bank.client("王小明")

    with office.person(bank.li_wenjing) as li:
        li.goes_to("/referrals/new/")
        li.sends("", customer_name=client.name, mobile=client.mobile, product="PK", consent=True)
        number = last_number()
        li.page.wait_for_url(f"**/referrals/{number}/")
        li.reads("LZ10234", "王**")

    with office.person(bank.zhou_qiming) as zhou:
        zhou.page.goto("/referrals/leads/")
        zhou.sends(f"{number}/accept")
        zhou.page.wait_for_url(f"**/applications/{number}/")
        zhou.sends(
            "steps/start-intake", customer_group="SALARIED", customer_name=client.name, mobile=client.mobile,
            id_number=client.id_number, consent=True,
        )  # fmt: skip
        take_in(zhou, number)
        zhou.unfolds("hand-to-branch")
        zhou.sends("steps/hand-to-branch", branch="BH01")
        expect_state(number, "TAKEN_IN")

    with office.person(bank.qian_yumei) as qian:
        qian.goes_to("/bags/")
        qian.sends("steps/confirm-hand-to-branch")
        qian.sends("bags/open")
        qian.page.wait_for_url("**/bags/*/")
        qian.page.fill("[data-scan]", number)
        qian.page.keyboard.press("Enter")
        expect(qian.page.locator("form[action$='/files/remove/']")).to_have_count(1)
        qian.sends("seal", seal_no="FQ-20260001", witness=bank.sun_jianguo.number)
        qian.reads("孙建国", "FQ-20260001")
        qian.sends("hand-over", truck_no="岚A-10086", escort="押运员甲")
        expect_state(number, "IN_TRANSIT")

    with office.person(bank.wu_xiaofeng) as wu:
        wu.goes_to("/bags/")
        wu.main.locator(".act a").first.click()
        wu.fills("receive", seal_no="FQ-20260001")
        wu.page.fill("[data-scan-ticks]", number)
        wu.page.press("[data-scan-ticks]", "Enter")
        expect(wu.page.locator("[data-ticked]")).to_have_text("1")
        wu.sends("receive")
        expect(wu.form("receive")).to_have_count(0)
        assert Bag.objects.get().state == Bag.State.RECONCILED

    with office.person(bank.he_xiulan) as he:
        take_next(he, "check", number)
        answer_the_sheet(he)
        he.page.wait_for_url("**/queues/check/")  # the next one is asked for, and none waits

    with office.person(bank.fang_fang) as fang:
        take_next(fang, "entry", number)
        key_the_form(fang, Application.objects.get(number=number))
        fang.page.wait_for_url("**/queues/entry/")
        expect_state(number, "KEYED")

    with office.person(bank.xu_wenjuan) as xu:
        take_next(xu, "verify", number)
        xu.reads(client.id_number)
        xu.page.keyboard.press("Control+Enter")
        xu.page.wait_for_url("**/queues/verify/")

    with office.person(bank.zheng_weiguo) as zheng:
        take_next(zheng, "filing", number)
        zheng.sends("steps/file", shelf="A-01-03")
        zheng.page.wait_for_url("**/queues/filing/")
        zheng.looks_up(number)
        zheng.sends("steps/mark-issued", card_last4="6688")
        expect_state(number, "ISSUED")

    with office.person(bank.lin_xiaoyu) as lin:
        take_next(lin, "after-sales", number)
        coach_and_activate(lin)
        expect_state(number, "ACTIVATED")

    run_job("accrual")  # as the worker does within a minute

    with office.person(bank.li_wenjing) as li:
        li.goes_to("/rewards/")
        li.reads(number, "25.00")
        li.page.click('td a[href^="/rewards/"]')
        expect(li.page.locator("#trace-body")).to_contain_text("100.00")

    with office.person(bank.zheng_weiguo) as zheng:
        zheng.goes_to("/registrations/")
        zheng.page.check(f"input[name=application][value={number}]")
        zheng.sends("registrations/register")
        zheng.goes_to("/confirmations/")
        zheng.sends("confirmations/draft")
        zheng.page.wait_for_url("**/confirmations/JXQR-*/")
        document = urlsplit(zheng.page.url).path
        zheng.reads("103.75", "壹佰零叁元柒角伍分")  # five were in time
        expect(zheng.page.locator("[data-opens=certify]")).to_have_count(0)  # payee and registrar

    with office.person(bank.feng_zhiqiang) as feng:
        feng.goes_to("/confirmations/inbox/")
        feng.main.locator(f'a[href="{document}"]').click()
        feng.page.click("[data-opens=certify]")
        feng.sends("certify")
        feng.page.wait_for_url(f"**{document}")
        feng.reads("冯志强")

    with office.person(bank.su_min) as su:
        su.goes_to("/payouts/")
        su.form("payouts/preview").locator("button[type=submit]").click()
        su.page.wait_for_url("**/payouts/preview/**")
        su.sends("payouts/make")
        su.page.wait_for_url("**/payouts/*/")
        with su.page.expect_download() as download:
            su.main.locator('a[href$="/hr.xlsx"]').click()
        download.value.save_as(tmp_path / "hr.xlsx")
        su.sends("paid")
        su.reads("苏敏")
        assert client.name not in su.page.content()

    with office.person(bank.li_wenjing) as li:
        li.goes_to("/inbox/")
        li.reads("25.00")

    sheets = CalamineWorkbook.from_path(tmp_path / "hr.xlsx")
    header, *rows = sheets.get_sheet_by_name("发放汇总").to_python()
    paid = [dict(zip(header, row, strict=True)) for row in rows]
    assert {row["姓名"]: Decimal(str(row["分润金额"])) for row in paid} == {
        "李文静": 25, "周启明": 25, "何秀兰": 15, "方芳": 10, "郑维国": 5, "林小雨": 20,
    }  # fmt: skip
    totals = dict(sheets.get_sheet_by_name("合计").to_python()[1:])
    assert (totals["四表合计"], totals["确认书合计"], totals["差额"]) == (103.75, 103.75, 0)
    cells = str([sheets.get_sheet_by_name(name).to_python() for name in sheets.sheet_names])
    assert [secret for secret in (client.name, client.mobile, client.id_number) if secret in cells] == []

    assert office.refusals == []
    call_command("verify", stdout=io.StringIO(), stderr=io.StringIO())


def coach_and_activate(person: Person) -> None:
    """The coaching list ticked, then the activation with its proof."""
    person.ticks_all("steps/coach")
    person.page.check("input[name=satisfaction][value='5']")
    person.sends("steps/coach")
    person.sends("steps/activate", identity_verified=True, channel="PHONE", proof="回呼核验三项信息")


# -- S3: Path A -------------------------------------------------------------------------------------------------------
def test_a_customer_manager_handles_a_card_alone(bank: Cast, office: Office) -> None:
    client = bank.client("赵大海")
    with office.person(bank.chen_xiaoming) as chen:
        chen.goes_to("/applications/new/")
        chen.sends(
            "applications/new", product="PK", customer_group="SALARIED", customer_name=client.name,
            mobile=client.mobile, id_number=client.id_number, consent=True,
        )  # fmt: skip
        number = last_number()
        chen.page.wait_for_url(f"**/applications/{number}/")
        take_in(chen, number)
        chen.unfolds("self-route")
        chen.sends("steps/self-route")
        chen.page.wait_for_url(f"**/applications/{number}/")
        chen.main.locator(f'a[href="/applications/{number}/work/"]').first.click()
        answer_the_sheet(chen)
        chen.page.wait_for_selector("#keying")  # the own file goes on at once
        key_the_form(chen, Application.objects.get(number=number))
        chen.page.wait_for_function("() => !document.getElementById('keying')")
        expect_state(number, "KEYED")

    with office.person(bank.xu_wenjuan) as xu:
        take_next(xu, "verify", number)
        xu.page.keyboard.press("Control+Enter")
        xu.page.wait_for_url("**/queues/verify/")

    with office.person(bank.zheng_weiguo) as zheng:
        take_next(zheng, "filing", number)
        zheng.sends("steps/file", shelf="A-01-04")
        zheng.looks_up(number)
        zheng.sends("steps/mark-issued", card_last4="6689")

    with office.person(bank.chen_xiaoming) as chen:
        chen.looks_up(number)
        coach_and_activate(chen)
        expect_state(number, "ACTIVATED")
        run_job("accrual")
        chen.goes_to("/rewards/")
        chen.reads(number, "100.00")

    case = Application.objects.get(number=number)
    assert (case.path, case.is_self_service, case.bagged_at) == ("A", True, None)
    assert office.refusals == []
