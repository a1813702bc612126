"""绩效登记: the proof of an activation against the card system's file, and what a tracker may register."""

from __future__ import annotations

import time

import pytest
from django.test import Client

from applications.models import Application, CardStatusRow
from applications.services.card_status import apply_file, take_file
from incentives.evidence import evidence_of
from incentives.lifecycle import Proof
from incentives.models import Registration
from incentives.selectors.registration import to_register, with_evidence
from incentives.services.accrual import accrue
from incentives.services.registration import register
from ops_center.kernel.errors import Refused
from ops_center.management.benches.activations import make_activations
from organization.models import AuditRecord, Employee
from tests.cast import Cast, at
from tests.incentives.conftest import earned
from tests.incentives.test_api import As

pytestmark = pytest.mark.django_db
WHEN = at("2026-11-24 10:00")
LATER = at("2026-11-26 09:00")


def signed_in(person: Employee) -> Client:
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


def page_of(person: Employee, address: str = "/registrations/") -> str:
    answer = signed_in(person).get(address)
    assert answer.status_code == 200
    return str(answer.content.decode())


def the_card_system_says(bank: Cast, case: Application, status: str, day: str, *, last4: str = "") -> None:
    line = f"{case.number},{last4 or case.applicant.id_number.reveal()[-4:]},{status},{day}T15:00:00+08:00,,"
    text = f"application_number,id_last4,status,at,card_last4,reason\n{line}\n"
    file = take_file(name="status.csv", content=text.encode(), actor=bank.zheng_weiguo, at=LATER)
    apply_file(file_id=file.pk, at=LATER)


def proof(case: Application) -> tuple[str, str]:
    found = evidence_of([case])[case.pk]
    return found.proof, found.finding


# -- the proof ---------------------------------------------------------------------------------------------------------
def test_the_newest_line_about_the_activation_counts_and_a_cancellation_always(bank: Cast) -> None:
    case = earned(bank, when=WHEN)
    assert proof(case) == (Proof.WAITING, "")
    the_card_system_says(bank, case, "ACTIVATED", "2026-11-24", last4="0000")
    assert proof(case) == (Proof.DIFFERS, "The last four characters of the ID number differ.")
    the_card_system_says(bank, case, "ACTIVATED", "2026-11-25")
    assert proof(case) == (
        Proof.DIFFERS, "The card system says activated on 2026-11-25, reported here was 2026-11-24.",
    )  # fmt: skip
    the_card_system_says(bank, case, "ACTIVATED", "2026-11-24")
    assert proof(case) == (Proof.CONFIRMED, "")
    the_card_system_says(bank, case, "FIRST_SPEND", "2026-11-24")
    assert proof(case) == (Proof.CONFIRMED, "")
    the_card_system_says(bank, case, "CANCELLED", "2026-11-25")
    the_card_system_says(bank, case, "ACTIVATED", "2026-11-24")
    assert proof(case) == (Proof.DIFFERS, "The card was cancelled on 2026-11-25.")


def test_the_cancellation_of_another_client_is_none_of_this_card(bank: Cast) -> None:
    case = earned(bank, when=WHEN)
    the_card_system_says(bank, case, "CANCELLED", "2026-11-25", last4="0000")
    assert proof(case) == (Proof.DIFFERS, "The last four characters of the ID number differ.")
    the_card_system_says(bank, case, "ACTIVATED", "2026-11-24")
    assert proof(case) == (Proof.CONFIRMED, "")


def test_a_cancellation_that_came_before_its_activation_counts(bank: Cast) -> None:
    case = bank.issued(bank.received(when=WHEN), when=WHEN)
    the_card_system_says(bank, case, "CANCELLED", "2026-11-25")
    the_card_system_says(bank, case, "ACTIVATED", "2026-11-24")
    assert proof(bank.again(case)) == (Proof.DIFFERS, "The card was cancelled on 2026-11-25.")


def test_a_line_that_still_waits_to_be_applied_says_nothing(bank: Cast) -> None:
    case = earned(bank, when=WHEN)
    the_card_system_says(bank, case, "ACTIVATED", "2026-11-25")
    CardStatusRow.objects.update(fate=CardStatusRow.Fate.WAITING)
    assert proof(case) == (Proof.WAITING, "")


def test_what_differs_is_registered_only_when_it_was_looked_into_and_that_is_recorded(bank: Cast) -> None:
    right, wrong = earned(bank, when=WHEN), earned(bank, when=WHEN)
    the_card_system_says(bank, wrong, "ACTIVATED", "2026-11-25")
    results = register(applications=[right.number, wrong.number], actor=bank.zheng_weiguo, at=LATER)
    assert [(row.done, row.refusal and row.refusal.code) for row in results] == [
        (True, None),
        (False, "import_differs"),
    ]
    with pytest.raises(Refused, match="2026-11-25, reported here was 2026-11-24"):
        register(applications=[wrong.number], actor=bank.zheng_weiguo, at=LATER)
    register(applications=[wrong.number], despite=[wrong.number], actor=bank.zheng_weiguo, at=LATER)
    assert Registration.objects.count() == 2
    recorded = AuditRecord.objects.filter(action__startswith="register_").values_list("action", "subject")
    assert set(recorded) == {("register_reward", right.number), ("register_despite", wrong.number)}


def test_each_row_shows_proof_stamps_and_coaching(bank: Cast) -> None:
    reported = earned(bank, when=WHEN)
    alone = bank.issued(bank.received(when=WHEN), when=WHEN)
    the_card_system_says(bank, alone, "ACTIVATED", "2026-11-25")
    accrue(at=LATER)
    first, second = with_evidence(to_register().order_by("at"))
    assert (first.case, first.channel, first.proof, first.is_coached, first.missing_stamps) == (
        reported, "Phone call-back", "回呼核验", True, [],
    )  # fmt: skip
    assert (second.case, second.channel, second.is_coached, second.missing_stamps) == (
        alone, "", False, ["Card collected"],
    )  # fmt: skip
    assert (first.evidence.proof, second.evidence.proof) == (Proof.WAITING, Proof.CONFIRMED)
    assert not first.is_in_order  # no line yet
    assert not second.is_in_order  # no fourth stamp
    the_card_system_says(bank, reported, "ACTIVATED", "2026-11-24")
    assert with_evidence(to_register().order_by("at"))[0].is_in_order


# -- the page ----------------------------------------------------------------------------------------------------------
def test_only_what_is_in_order_is_ticked_beforehand_and_what_differs_has_a_tick_of_its_own(bank: Cast) -> None:
    green, amber, red = (earned(bank, when=WHEN) for _case in range(3))
    the_card_system_says(bank, green, "ACTIVATED", "2026-11-24")
    the_card_system_says(bank, red, "ACTIVATED", "2026-11-25")
    text = page_of(bank.zheng_weiguo)
    assert f'name="application" value="{green.number}" data-ticked-by="confirmed" checked' in text
    assert f'name="application" value="{amber.number}" data-ticked-by="open" aria-label' in text
    assert f'name="despite" value="{red.number}" aria-label' in text
    assert 'name="despite"' not in page_of(bank.pan_wei)  # audit reads, and ticks nothing


def test_cases_are_filtered_by_branch(bank: Cast) -> None:
    ours = earned(bank, when=WHEN, referred=False)
    center = earned(bank, when=WHEN)
    text = page_of(bank.zheng_weiguo, "/registrations/?branch=BH01")
    assert ours.number in text
    assert center.number not in text
    assert "滨河支行 (1)" in text


def test_five_hundred_rows_cost_as_many_queries_as_one_and_little_time(
    bank: Cast, django_assert_max_num_queries
) -> None:
    make_activations(cases=500, at=WHEN, is_mixed=False)
    accrue(at=WHEN)
    tracker = signed_in(bank.zheng_weiguo)
    began = time.process_time()
    with django_assert_max_num_queries(12):
        text = tracker.get("/registrations/").content.decode()
    took = time.process_time() - began
    assert text.count('name="application"') == 500
    assert took < 3, took


# -- the API -----------------------------------------------------------------------------------------------------------
def test_a_program_reads_what_waits_and_registers_it(bank: Cast) -> None:
    right, wrong = earned(bank, when=WHEN), earned(bank, when=WHEN)
    the_card_system_says(bank, wrong, "ACTIVATED", "2026-11-25")
    tracker = As(bank.zheng_weiguo)
    rows = {row["application"]: row for row in tracker.get("registrations/", branch="CC01").json()["results"]}
    assert (rows[right.number]["card_system"], rows[right.number]["missing_stamps"]) == ("WAITING", [])
    assert (rows[wrong.number]["card_system"], rows[wrong.number]["bounty"]) == ("DIFFERS", "100.00")
    refused = tracker.post("registrations/", applications=[wrong.number])
    assert (refused.status_code, refused.json()["code"]) == (409, "import_differs")
    done = tracker.post("registrations/", applications=[right.number, wrong.number], despite=[wrong.number])
    assert (done.status_code, done.json()["registered"]) == (201, 2)
    assert tracker.get("registrations/").json()["results"] == []
    assert As(bank.su_min).get("registrations/").status_code == 403
