"""What the scripts of the frame do in a browser, under the real content security policy."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

pytestmark = [
    pytest.mark.journey,
    pytest.mark.urls("tests.web.refusing_pages"),
    pytest.mark.django_db(transaction=True),
]


@pytest.fixture
def page(browser: Browser, live_server) -> Iterator[Page]:
    """The workbench of refusing_pages; whatever the console complains about fails the test."""
    context = browser.new_context(locale="en", base_url=live_server.url, viewport={"width": 1280, "height": 800})
    page, complaints = context.new_page(), []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda line: complaints.append(line.text) if "Content Security Policy" in line.text else None)
    page.goto("/workbench/")
    yield page
    context.close()
    assert complaints == []


def test_a_refusal_lies_in_the_dialog_and_the_typed_text_stays(page: Page) -> None:
    page.click("[data-opens=void]")
    page.fill("#void-note", "wrong bag")
    page.click("#void button[type=submit]")
    page.wait_for_selector("#void [data-toast]")
    assert "seal number is used up" in page.inner_text("#void .dialog-body")
    assert page.input_value("#void-note") == "wrong bag"
    assert page.is_enabled("#void button[type=submit]")


def test_without_an_answer_the_person_is_told_and_nothing_is_lost(page: Page) -> None:
    page.context.set_offline(True)
    page.click("[data-opens=void]")
    page.fill("#void-note", "wrong bag")
    page.click("#void button[type=submit]")
    page.wait_for_selector("#void [data-toast]")
    assert page.input_value("#void-note") == "wrong bag"


def test_the_keys_of_the_frame(page: Page) -> None:
    page.keyboard.press("Shift+F1")
    assert page.is_visible("#keys")
    page.keyboard.press("Escape")
    assert not page.is_visible("#keys")
    with page.context.expect_page() as opened:
        page.keyboard.press("F1")
    assert opened.value.url.endswith("/help/workbench/")


def test_an_id_number_is_checked_while_it_is_typed(page: Page) -> None:
    page.fill("#id_id_number", "１１０１０５１９４９１２３１００２ｘ")
    page.keyboard.press("Tab")
    assert page.input_value("#id_id_number") == "11010519491231002X"
    assert page.inner_text("#id_id_number + [data-live]") == "1949-12-31 · female"
    page.fill("#id_id_number", "110105194912310021")
    assert "check digit" in page.inner_text("#id_id_number + [data-live]")
    page.fill("#id_id_number", "110105194913310021")
    assert "no date" in page.inner_text("#id_id_number + [data-live]")


def test_leaving_a_half_filled_form_asks_first(page: Page) -> None:
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.goto("/workbench/")
    assert asked == []
    page.fill("#id_id_number", "1")
    page.goto("/sign-in/")
    assert asked == ["beforeunload"]


def test_a_form_is_sent_once_however_often_the_button_is_pressed(page: Page) -> None:
    sent = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    page.evaluate("() => { const b = document.querySelector('#slow button'); b.click(); b.click(); b.click(); }")
    page.wait_for_url("**/slow/")
    assert len(sent) == 1


def test_a_countdown_turns_red_by_the_clock_of_the_server(page: Page) -> None:
    page.clock.install()
    page.goto("/workbench/")
    assert page.inner_text(".clock b") == "Due soon"
    page.clock.run_for(31 * 60 * 1000)
    assert page.inner_text(".clock b") == "Overdue"
    assert "min over" in page.inner_text(".clock small")
