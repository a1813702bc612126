"""The tracker's morning and the supervisor's Monday: from a number to the cases behind it and to what is done about it.

Clicks are counted: those that a person makes with the hand, typing left out.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from applications.lifecycle import Clock
from applications.models import Application, CaseClock
from applications.services.problems import raise_problem
from ops_center import clock
from organization.models import Absence
from supervision.models import Breach, Urge
from supervision.services.breaches import find_breaches
from supervision.services.justifications import justify
from tests.cast import Cast, at
from tests.journeys.conftest import Office, Person

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


class Hand:
    """A hand whose clicks are counted."""

    def __init__(self, person: Person) -> None:
        self.page: Page = person.page
        self.clicks = 0

    def click(self, what: str) -> None:
        self.page.locator(what).first.click()
        self.clicks += 1


@pytest.fixture
def morning(bank: Cast) -> list[Application]:
    """Five files that wait for their check since Friday, one of them with a problem; a late entry that is explained."""
    cases = [bank.received(when=at("2026-11-20 10:00")) for _n in range(5)]
    raise_problem(case=cases[4].pk, actor=bank.zheng_weiguo, at=at("2026-11-23 09:00"), code="C03", party="BRANCH")
    now = clock.now()
    late = bank.received(when=at("2026-11-24 09:00"))
    CaseClock.objects.filter(application=late, kind=Clock.ENTRY).update(
        owner=bank.fang_fang, owned_since=at("2026-11-24 09:30"), due_at=now - timedelta(minutes=30),
        warn_at=now - timedelta(hours=2),
    )  # fmt: skip
    find_breaches(at=now)
    breach = Breach.objects.get(application=late, kind=Clock.ENTRY)
    justify(breach_id=breach.pk, actor=bank.fang_fang, at=now, code="SYSTEM_FAILURE", text="9:30 至 9:50 无法登录")
    return cases


def test_the_trackers_morning(bank: Cast, office: Office, morning: list[Application]) -> None:
    with office.person(bank.zheng_weiguo) as zheng:
        hand, page = Hand(zheng), zheng.page
        hand.click('#rail nav a[href="/boards/overdue/"]')
        hand.click('#figures a[href*="stage=CENTRAL_ENTRY"]')
        expect(page.locator("[data-pick]")).not_to_have_count(0)

        for case in morning[:2]:
            hand.click(f'[data-pick][value="{case.number}"]')
        hand.click('[data-opens="reassign-chosen"]')
        expect(page.locator("#takers")).to_contain_text("何秀兰")
        hand.click(f"#to-{bank.he_xiulan.number}")
        page.fill("#reassign-note", "超时件今天集中核查")
        hand.click("#reassign-chosen [type=submit]")
        for case in morning[:2]:
            expect(page.locator(f"#said-{case.number}")).to_contain_text("何秀兰")
            assert Application.objects.get(pk=case.pk).is_claimed_by(bank.he_xiulan.pk, clock.now())
        expect(page.locator("[data-pick]:checked")).to_have_count(0)
        assert hand.clicks == 7

        before = hand.clicks
        for case in morning[1:4]:
            hand.click(f'[data-pick][value="{case.number}"]')
        hand.click('[data-opens="urge-chosen"]')
        expect(page.locator("#urge-text")).to_be_focused()
        page.keyboard.type("请今天 12:00 前核查完")
        page.keyboard.press("Control+Enter")
        expect(page.locator(f"#said-{morning[3].number}")).not_to_be_empty()
        assert Urge.objects.count() == 3
        assert hand.clicks - before == 4

        before = hand.clicks
        hand.click('#rail nav a[href="/boards/problems/"]')
        hand.click('#figures a[href*="turn=branch"]')
        expect(page.locator("#cases")).to_contain_text(morning[4].number)
        assert hand.clicks - before == 2


def test_cases_are_gone_through_ticked_and_urged_by_keys_alone(
    bank: Cast, office: Office, morning: list[Application]
) -> None:
    with office.person(bank.zheng_weiguo) as zheng:
        page = zheng.page
        page.goto("/boards/overdue/?stage=CENTRAL_ENTRY")
        shown = [box.get_attribute("value") for box in page.locator("[data-pick]").all()]
        for key in ("j", "Space", "j", "j", "Space", "u"):
            page.keyboard.press(key)
        expect(page.locator("#urge-text")).to_be_focused()
        page.keyboard.type("u 今天办完")
        page.keyboard.press("Control+Enter")
        expect(page.locator(f"#said-{shown[2]}")).not_to_be_empty()
        assert {(urge.application.number, urge.text) for urge in Urge.objects.select_related("application")} == {
            (shown[0], "u 今天办完"), (shown[2], "u 今天办完"),
        }  # fmt: skip

        page.locator(f'[data-pick][value="{shown[0]}"]').click()
        page.locator(f'[data-pick][value="{shown[3]}"]').click(modifiers=["Shift"])
        expect(page.locator("[data-pick]:checked")).to_have_count(4)
        page.keyboard.press("k")
        page.keyboard.press("Enter")
        page.wait_for_url(f"**/{shown[2]}/")


def test_the_supervisors_monday(bank: Cast, office: Office, morning: list[Application]) -> None:
    """One of the clerks is away: the list of who could take the cases says so. What the taker may not take stays."""
    Absence.objects.create(employee=bank.he_xiulan, starts_on=clock.today(), ends_on=clock.today() + timedelta(days=2))
    second = bank.hire("核二", "OC01", "CC")
    with office.person(bank.feng_zhiqiang) as feng:
        hand, page = Hand(feng), feng.page
        hand.click('#rail nav a[href="/boards/load/"]')
        expect(page.locator("#figures")).to_contain_text("何秀兰")
        hand.click('#rail nav a[href="/boards/overdue/"]')
        hand.click("[data-picks-all]")
        hand.click('[data-opens="reassign-chosen"]')
        expect(page.locator("#takers tbody tr").last).to_contain_text("何秀兰")
        hand.click(f"#to-{second.number}")
        page.fill("#reassign-note", "何秀兰休假")
        hand.click("#reassign-chosen [type=submit]")
        refused = morning[4]
        expect(page.locator(f"#said-{refused.number}")).to_have_class("said tone-late")
        expect(page.locator("[data-pick]:checked")).to_have_count(1)
        assert Application.objects.filter(claimed_by=second).count() >= 4

        # A refresh leaves what is chosen and where the hand is.
        page.focus('#figures a[href*="stage=CENTRAL_ENTRY"]')
        page.evaluate("htmx.ajax('GET', location.href, {target: '#figures', select: '#figures', swap: 'outerHTML'})")
        page.wait_for_timeout(1500)
        expect(page.locator("[data-pick]:checked")).to_have_count(1)
        assert "CENTRAL_ENTRY" in page.evaluate("document.activeElement.getAttribute('href') || ''")

        before = hand.clicks
        hand.click('#rail nav a[href="/breaches/"]')
        hand.click('.tabs a[href*="show=decide"]')
        hand.click("[name=accepted][value=yes]")
        page.fill("[name=note]", "日志属实")
        with page.expect_response(lambda answer: answer.request.method == "POST"):
            hand.click("form[action$='/decide/'] [type=submit]")
        assert Breach.objects.get(justification__isnull=False).explanation.is_accepted is True
        assert hand.clicks - before == 4

        hand.click('#rail nav a[href="/boards/timeliness/"]')
        expect(page.locator("#figures")).to_contain_text("集中录入")
