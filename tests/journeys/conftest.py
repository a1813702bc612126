"""People at their screens: each signs in at the door and clicks what the page offers, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.core.cache import cache
from playwright.sync_api import Browser, BrowserContext, Locator, Page, ViewportSize, expect

from incentives.reference import install_policies
from organization.models import Employee
from tests.cast import Cast, make_bank
from tests.web.conftest import browser as browser

PATIENCE = 45_000  # milliseconds for one answer, on a machine that is busy with other things

DESK: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 360, "height": 740}
STATEMENTS = ("witness_person", "witness_original", "witness_signature", "client_signature", "credit_auth")


class Person:
    """One employee in front of one page. Forms are known by the address they are sent to."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.main = page.locator("main")

    def signs_in(self, employee: Employee) -> None:
        self.page.goto("/")
        self.page.fill("[name=username]", employee.number)
        self.page.fill("[name=password]", settings.DEMO_PASSWORD)
        self.page.click("form.sign-in-box [type=submit]")
        expect(self.page.locator(".topbar-name")).to_have_text(employee.name)
        assert urlsplit(self.page.url).path == "/"

    def goes_to(self, path: str) -> None:
        """Through the rail, which offers only what this person may open."""
        self.page.click(f'#rail nav a[href="{path}"]')
        self.page.wait_for_url(f"**{path}")

    def looks_up(self, number: str) -> None:
        """The case, by its number in the search field."""
        self.page.fill("#search", number)
        self.page.press("#search", "Enter")
        self.page.wait_for_url(f"**/applications/{number}/")

    def form(self, action: str) -> Locator:
        """By the end of its address; one without an address is sent to the page itself."""
        return self.main.locator(f'form[action$="/{action}/"]' if action else "form:not([action])").first

    def fills(self, action: str, **values: str | bool) -> None:
        """Types, chooses or ticks in the fields of a form, by their names."""
        for name, value in values.items():
            field = self.form(action).locator(f'[name="{name}"]')
            if value is True:
                field.check()
            elif field.evaluate("field => field.tagName") == "SELECT":
                field.select_option(str(value))
            else:
                field.fill(str(value))

    def ticks_all(self, action: str) -> None:
        """Every box of a form, one by one."""
        self.form(action).wait_for()
        for box in self.form(action).locator("input[type=checkbox][name]").all():
            box.check()

    def ticks_the_pack(self) -> None:
        """Required documents by the box over each column, one proof of income, and the five statements."""
        self.form("steps/complete-intake").wait_for()
        for column in ("seen", "copy"):
            self.page.check(f"[data-ticks={column}]")
            self.page.check(f"[name={column}-INCOME_FLOW]")
        self.fills("steps/complete-intake", **dict.fromkeys(STATEMENTS, True))

    def sends(self, action: str, **values: str | bool) -> None:
        """Fills in a form and presses its first button; another page, or the form again, is the answer."""
        self.fills(action, **values)
        button = self.form(action).locator("button[type=submit]").first
        with self.page.expect_response(lambda answer: answer.request.method == "POST"):
            button.click()
        self.page.wait_for_load_state()

    def unfolds(self, step: str) -> None:
        """One of the other steps of a case page."""
        self.page.click(f'button[hx-get$="/steps/{step}/"]')
        self.form(step).wait_for()

    def reads(self, *texts: str) -> None:
        for text in texts:
            expect(self.main).to_contain_text(text)

    def is_told(self, text: str) -> None:
        expect(self.page.locator("#toasts")).to_contain_text(text)


class Office:
    """Where people sit down one after the other. What a browser complains about is kept until the end."""

    def __init__(self, browser: Browser, address: str, pictures: Path) -> None:
        self._browser, self._address, self._pictures = browser, address, pictures
        self.complaints: list[str] = []
        self.refusals: list[str] = []  # answers of 400 and more

    @contextmanager
    def person(self, employee: Employee, *, at_the_phone: bool = False) -> Iterator[Person]:
        context = self._browser.new_context(
            base_url=self._address, locale="zh-CN", viewport=PHONE if at_the_phone else DESK, accept_downloads=True,
            has_touch=at_the_phone,
        )  # fmt: skip
        context.set_default_timeout(PATIENCE)
        self._listen(context)
        person = Person(context.new_page())
        try:
            person.signs_in(employee)
            yield person
        except BaseException:
            picture = self._pictures / f"{employee.number}.png"
            person.page.screenshot(path=picture, full_page=True)
            print(f"{employee.name} was at {person.page.url}: {picture}", *self.refusals, sep="\n")
            raise
        finally:
            context.close()

    def _listen(self, context: BrowserContext) -> None:
        context.on("weberror", lambda error: self.complaints.append(f"script: {error.error}"))
        context.on("console", lambda line: self._console(line.type, line.text))
        context.on("request", lambda request: self._request(request.url))
        context.on("response", lambda answer: self._response(answer.status, answer.request.method, answer.url))

    def _console(self, kind: str, text: str) -> None:
        if kind == "error" and not text.startswith("Failed to load resource"):  # those are counted as answers
            self.complaints.append(f"console: {text}")

    def _request(self, url: str) -> None:
        if not url.startswith((self._address, "data:", "blob:")):
            self.complaints.append(f"another host: {url}")

    def _response(self, status: int, method: str, url: str) -> None:
        if status >= 400:
            self.refusals.append(f"{status} {method} {urlsplit(url).path}")


@pytest.fixture
def bank(transactional_db: None) -> Cast:
    cache.clear()  # wrong tries at the door, of other tests
    cast = make_bank()
    install_policies()
    return cast


@pytest.fixture
def office(browser: Browser, live_server, tmp_path: Path) -> Iterator[Office]:
    """Whatever a console complains about, and any request to another host, fails the journey."""
    expect.set_options(timeout=PATIENCE)
    office = Office(browser, live_server.url, tmp_path)
    yield office
    assert office.complaints == []
