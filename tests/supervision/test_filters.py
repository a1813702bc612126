"""A filter that is not a person's own to use, or that names nothing, is refused: it never shows everything instead."""

from __future__ import annotations

import pytest

from tests.supervision.conftest import Bank
from tests.supervision.test_report_files import page_of

pytestmark = pytest.mark.django_db
CLOCKS = "/api/v1/boards/timeliness/clocks/?verdict=late"
STRANGE = [
    ("/boards/timeliness/?verdict=late&person={clerk}", 404),
    ("/boards/timeliness/?person={clerk}", 404),
    ("/boards/timeliness/?verdict=late&branch=YX01", 404),
    ("/boards/delays/?person={clerk}", 404),
    (f"{CLOCKS}&person={{clerk}}", 404),
    (f"{CLOCKS}&branch=YX01", 404),
]
UNKNOWN = [
    "/boards/timeliness/?verdict=late&person=LZ00000",
    "/boards/timeliness/?verdict=late&branch=NONE",
    "/boards/overdue/?branch=NONE",
    "/boards/problems/?branch=NONE",
    "/breaches/?branch=NONE",
    f"{CLOCKS}&person=LZ00000",
    f"{CLOCKS}&branch=NONE",
    "/api/v1/boards/overdue/cases/?person={clerk}",
    "/api/v1/boards/delays/breaches/?person={clerk}",
    "/api/v1/breaches/?person={clerk}",
    "/boards/overdue/?person={clerk}",
    "/boards/problems/?person={clerk}",
]


@pytest.mark.parametrize(("address", "status"), STRANGE)
def test_a_branch_head_chooses_no_person_and_no_other_branch(bank: Bank, address: str, status: int) -> None:
    address = address.format(clerk=bank.people.ec.number)
    answer = page_of(bank.people.bh).get(address)
    assert answer.status_code == status
    assert "没有" in (answer.json()["detail"] if address.startswith("/api/") else answer.content.decode())
    assert page_of(bank.people.sup).get(address).status_code == 200


@pytest.mark.parametrize("address", UNKNOWN)
def test_what_names_nothing_or_is_no_filter_there_is_refused(bank: Bank, address: str) -> None:
    address = address.format(clerk=bank.people.ec.number)
    for person in (bank.people.sup, bank.people.bh):
        assert page_of(person).get(address).status_code in ((400,) if person == bank.people.sup else (400, 404))


def test_the_lead_pool_and_a_branch_that_brought_a_hosted_file_are_no_strange_filters(bank: Bank) -> None:
    for address in ("/boards/overdue/?branch=-", "/boards/overdue/?branch=YX01", "/boards/problems/?branch=YX01"):
        assert page_of(bank.people.bh).get(address).status_code == 200
