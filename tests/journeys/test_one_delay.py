"""One delay: explained on a phone with evidence, supported there by the branch head, decided at a desk by keys alone.

Taps are counted: those that a person makes with the hand, words typed left out.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Locator, expect

from applications.lifecycle import Clock
from applications.models import CaseClock
from ops_center import clock
from supervision.models import Breach
from supervision.services.breaches import find_breaches
from supervision.services.justifications import justify
from tests.cast import Cast, at
from tests.journeys.conftest import Office, Person

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

THUMB = 44  # px: what a thumb hits


class Thumb:
    """A thumb on a phone: it needs 44 px, nothing that lies beside the window, and its taps are counted."""

    def __init__(self, person: Person) -> None:
        self.page = person.page
        self.taps = 0

    def taps_on(self, what: str) -> None:
        wide = self.page.evaluate("document.documentElement.scrollWidth")
        assert wide <= self.page.evaluate("innerWidth"), f"{self.page.url} is {wide} px wide"
        place = self.page.locator(what).first
        self._needs_room(place)
        place.tap()
        self.taps += 1

    @staticmethod
    def _needs_room(place: Locator) -> None:
        """What is drawn smaller must be felt around it: a point 20 px above and below the middle still is it."""
        place.evaluate("place => place.scrollIntoView({block: 'center', behavior: 'instant'})")
        felt = place.evaluate(
            """(place) => {
                const [box, label] = [place.getBoundingClientRect(), place.closest("label")];
                return [-20, 20].every((off) => {
                    const hit = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2 + off);
                    return place.contains(hit) || (label && label.contains(hit));
                });
            }"""
        )
        assert felt, f"smaller than {THUMB} px: {place}"


@pytest.fixture
def delays(bank: Cast) -> list[Breach]:
    """陈小明 has not sent a file since last night; 方芳 keyed too late and has said why."""
    now = clock.now()
    unsent = bank.complete(bank.draft(when=at("2026-11-24 10:00")), when=at("2026-11-24 10:00"))
    late = bank.received(when=at("2026-11-20 09:00"))
    CaseClock.objects.filter(application=late, kind=Clock.ENTRY).update(
        owner=bank.fang_fang, owned_since=at("2026-11-23 09:30"), due_at=now - timedelta(minutes=30),
        warn_at=now - timedelta(hours=2),
    )  # fmt: skip
    find_breaches(at=now)
    keyed = Breach.objects.get(application=late, kind=Clock.ENTRY)
    justify(breach_id=keyed.pk, actor=bank.fang_fang, at=now, code="SYSTEM_FAILURE", text="9:30 至 9:50 无法登录")
    return [Breach.objects.get(application=unsent, kind=Clock.DISPATCH), keyed]


def decides_by_keys(person: Person, choice: str, reason: str) -> None:
    for key in (choice, "Tab"):
        person.page.keyboard.press(key)
    person.page.keyboard.type(reason)
    with person.page.expect_response(lambda answer: answer.request.method == "POST"):
        person.page.keyboard.press("Control+Enter")


def test_a_delay_is_explained_and_supported_on_the_phone_and_decided_by_keys(
    bank: Cast, office: Office, delays: list[Breach], tmp_path: Path
) -> None:
    unsent, keyed = delays
    road = tmp_path / "road.jpg"
    Image.new("RGB", (640, 960), "grey").save(road)

    with office.person(bank.chen_xiaoming, at_the_phone=True) as chen:
        thumb = Thumb(chen)
        chen.reads("1 项超时待说明")
        thumb.taps_on(f'.notice a[href="/breaches/{unsent.pk}/"]')
        chen.page.wait_for_url(f"**/breaches/{unsent.pk}/")
        chen.fills("justify", code="FORCE_MAJEURE", text="钞车因道路封闭未到，押运公司已来电告知")
        chen.page.set_input_files("[name=evidence]", road)
        thumb.taps_on("form[action$='/justify/'] [type=submit]")
        chen.reads("不可抗力", "road.jpg")
        assert thumb.taps == 2

    with office.person(bank.zhao_lixin, at_the_phone=True) as zhao:
        thumb = Thumb(zhao)
        thumb.taps_on('a.stat[href="/breaches/?show=opinion"]')
        expect(zhao.page.locator("#breach")).to_contain_text("road.jpg")
        thumb.taps_on("[name=supports][value=yes]")
        with zhao.page.expect_response(lambda answer: answer.request.method == "POST"):
            thumb.taps_on("form[action$='/opinion/'] [type=submit]")
        zhao.reads("没有等您处理的说明")
        assert thumb.taps == 3

    with office.person(bank.zheng_weiguo) as zheng:
        page, seen = zheng.page, zheng.page.locator("#breach")
        zheng.goes_to("/breaches/")
        expect(page.locator("#rows a[hx-get]")).to_have_count(2)
        expect(seen).to_contain_text(unsent.application.number)
        page.keyboard.press("ArrowDown")
        expect(seen).to_contain_text(keyed.application.number)
        decides_by_keys(zheng, "Alt+2", "当时系统正常")
        expect(page.locator("#rows a[hx-get]")).to_have_count(1)
        for fact in (unsent.application.number, "road.jpg", "赵立新"):  # the next one stands there by itself
            expect(seen).to_contain_text(fact)
        decides_by_keys(zheng, "Alt+1", "押运公司已核实")
        zheng.reads("没有等您处理的说明")

    assert [Breach.objects.get(pk=row.pk).explanation.is_accepted for row in delays] == [True, False]
    assert office.refusals == []
