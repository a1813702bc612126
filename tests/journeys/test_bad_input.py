"""What a person meets who makes a mistake, or comes too late: the reason, in the place, and nothing typed is lost."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from applications.models import Application
from ops_center import clock
from tests.cast import Cast
from tests.journeys.conftest import STATEMENTS, Office, Person

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]
INTAKE = "steps/complete-intake"


def state_of(number: str) -> str:
    return Application.objects.get(number=number).state


def test_a_wrong_check_digit_is_said_at_once_and_nothing_is_lost(bank: Cast, office: Office) -> None:
    client = bank.client("赵大海")
    right = client.id_number
    wrong = right[:-1] + ("1" if right[-1] != "1" else "2")
    with office.person(bank.chen_xiaoming) as chen:
        chen.goes_to("/applications/new/")
        chen.fills(
            "applications/new", product="PK", customer_group="OWNER", customer_name=client.name, mobile=client.mobile,
            id_number=wrong, consent=True,
        )  # fmt: skip
        field = chen.form("applications/new").locator("[name=id_number]")
        expect(field.locator("xpath=following-sibling::*[@data-live]")).not_to_be_empty()  # while it is typed

        chen.sends("applications/new")
        expect(chen.main.locator(".field-wrong [name=id_number]")).to_be_focused()
        expect(chen.main.locator(".field-wrong")).to_have_count(1)
        kept = {name: chen.form("applications/new").locator(f"[name={name}]") for name in ("customer_name", "mobile")}
        expect(kept["customer_name"]).to_have_value(client.name)
        expect(kept["mobile"]).to_have_value(client.mobile)
        expect(chen.form("applications/new").locator("[name=customer_group]")).to_have_value("OWNER")
        expect(chen.form("applications/new").locator("[name=consent]")).to_be_checked()
        assert not Application.objects.exists()

        chen.sends("applications/new", id_number=right)
        chen.page.wait_for_url("**/applications/JL*/")
        assert Application.objects.get().customer_group == "OWNER"
    assert office.refusals == ["400 POST /applications/new/"]


def test_a_missing_document_is_named_and_the_ticks_stay(bank: Cast, office: Office) -> None:
    number = bank.draft(when=clock.now()).number
    with office.person(bank.chen_xiaoming) as chen:
        chen.looks_up(number)
        chen.ticks_the_pack()
        chen.page.uncheck("[name=copy-ID_COPY]")
        chen.sends(INTAKE, form_no="BD-0077")

        expect(chen.form(INTAKE).get_by_role("alert")).to_contain_text("身份证复印件")
        for name in ("seen-ID_COPY", "seen-FORM", "copy-FORM", "copy-INCOME_FLOW", *STATEMENTS):
            expect(chen.form(INTAKE).locator(f"[name={name}]")).to_be_checked()
        expect(chen.form(INTAKE).locator("[name=copy-ID_COPY]")).not_to_be_checked()
        expect(chen.form(INTAKE).locator("[name=form_no]")).to_have_value("BD-0077")
        assert state_of(number) == "DRAFT"

        chen.page.check("[name=copy-ID_COPY]")
        chen.sends(INTAKE)
        expect(chen.form(INTAKE)).to_have_count(0)
        assert state_of(number) == "TAKEN_IN"
    assert office.refusals == [f"409 POST /applications/{number}/steps/complete-intake/"]


def test_a_page_that_is_older_than_the_case_says_so(bank: Cast, office: Office) -> None:
    number = bank.draft(when=clock.now()).number
    with office.person(bank.chen_xiaoming) as chen:
        chen.looks_up(number)
        old = Person(chen.page.context.new_page())
        old.page.goto(f"/applications/{number}/")
        old.ticks_the_pack()

        chen.ticks_the_pack()
        chen.sends(INTAKE)
        expect(chen.form(INTAKE)).to_have_count(0)

        old.sends(INTAKE, form_no="BD-0078")
        expect(old.page.get_by_role("alert").first).to_be_visible()
        expect(old.form(INTAKE).locator("[name=form_no]")).to_have_value("BD-0078")
        case = Application.objects.get(number=number)
        assert (case.state, case.form_no, case.events.count()) == ("TAKEN_IN", "", 2)
    [refusal] = office.refusals
    assert refusal.split()[0] in ("409", "412")
