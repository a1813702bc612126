"""The entry workbench, the second look and the arbitration as pages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.conf import LazySettings

from applications.entry_form import CRITICAL, example_of
from applications.lifecycle import State
from applications.models import Application, EntryRecord, KeyDifference, Product
from applications.services import claims, entry
from ops_center.clock import local_day
from organization.models import AuditRecord, Employee
from tests.applications.conftest import Visitor, words
from tests.cast import Cast, at

pytestmark = pytest.mark.django_db
Visit = Callable[[Employee], Visitor]
MORNING = at("2026-11-24 09:00")


def checked(bank: Cast, *, now: datetime, product: str = "PK") -> Application:
    """A case that 方芳 holds to key."""
    case = bank.received(when=MORNING, product=product)
    bank.check(case, when=MORNING)
    claims.claim_next(queue="entry", actor=bank.fang_fang, at=now)
    return bank.again(case)


def keyed(bank: Cast, *, product: str = "PK", by: Employee | None = None, **fields: Any) -> Application:
    case = bank.received(when=MORNING, product=product)
    bank.check(case, when=MORNING)
    bank.key(bank.again(case), when=MORNING, by=by, **fields)
    return bank.again(case)


def example(case: Application, *, now: datetime) -> dict[str, Any]:
    return {name: "on" if value is True else value for name, value in example_of(case, on=local_day(now)).items()}


def test_a_clean_entry_is_submitted_and_the_next_case_loads(bank: Cast, visit: Visit, now: datetime) -> None:
    case = checked(bank, now=now)
    other = bank.received(when=MORNING)
    bank.check(other, when=MORNING)
    answer = visit(bank.fang_fang).post(
        f"/applications/{case.number}/steps/submit-entry/", **example(case, now=now), version=case.version, then="next"
    )
    assert answer.headers["Location"] == f"/applications/{other.number}/work/"
    assert bank.again(case).state == State.KEYED


def test_wrong_fields_are_marked_beside_what_was_keyed(bank: Cast, visit: Visit, now: datetime) -> None:
    case = checked(bank, now=now)
    facts = example(case, now=now) | {"mobile": "12345", "employer": "  "}
    answer = visit(bank.fang_fang).post(
        f"/applications/{case.number}/steps/submit-entry/", fragment=True, then="next", **facts
    )
    page = words(answer)
    assert answer.status_code == 400
    assert page.count("field-wrong") == 2
    assert 'value="12345"' in page
    assert facts["home_address"] in page
    assert "提交并领取下一件" in page  # still the work page's panel


def test_a_draft_is_kept_while_typing_and_comes_back(bank: Cast, visit: Visit, now: datetime) -> None:
    case = checked(bank, now=now)
    clerk = visit(bank.fang_fang)
    answer = clerk.post(f"/applications/{case.number}/draft/", fragment=True, employer="岚州示例厂", nonsense="x")
    assert answer.status_code == 200
    assert EntryRecord.objects.get(application=case).fields == {"employer": "岚州示例厂"}
    assert "岚州示例厂" in words(clerk.get(f"/applications/{case.number}/work/"))


def test_a_lost_lease_keeps_the_draft_and_names_who_has_the_case(bank: Cast, visit: Visit, now: datetime) -> None:
    case = checked(bank, now=now)
    clerk = visit(bank.fang_fang)
    claims.reassign(case=case.pk, to=bank.song_jia, actor=bank.feng_zhiqiang, at=now, note="改派")
    answer = clerk.post(f"/applications/{case.number}/draft/", fragment=True, employer="岚州示例厂")
    assert answer.status_code == 409
    assert "宋佳" in words(answer)
    assert EntryRecord.objects.get(application=case, keyer=bank.fang_fang).fields == {"employer": "岚州示例厂"}


def test_nothing_known_of_the_client_is_filled_in_beforehand(
    bank: Cast, visit: Visit, now: datetime, settings: LazySettings
) -> None:
    case = checked(bank, now=now)
    settings.DEMO = False
    page = words(visit(bank.fang_fang).get(f"/applications/{case.number}/work/"))
    assert case.applicant.id_number.reveal() not in page
    assert case.applicant.mobile.reveal() not in page
    assert "keying-example" not in page


def test_the_demo_offers_a_filled_example(bank: Cast, visit: Visit, now: datetime) -> None:
    case = checked(bank, now=now)
    assert 'id="keying-example"' in words(visit(bank.fang_fang).get(f"/applications/{case.number}/work/"))


def test_entry_by_a_person_without_the_lease_is_refused(bank: Cast, visit: Visit, now: datetime) -> None:
    case = checked(bank, now=now)
    answer = visit(bank.song_jia).post(
        f"/applications/{case.number}/steps/submit-entry/", fragment=True, **example(case, now=now)
    )
    assert answer.status_code == 409
    assert "方芳" in words(answer)
    assert case.applicant.name_mask not in words(answer)


# -- the second look ---------------------------------------------------------------------------------------------------
def test_the_keyer_is_never_offered_the_own_case_for_review(bank: Cast, visit: Visit) -> None:
    case = keyed(bank, by=bank.xu_wenjuan)
    reviewer = visit(bank.xu_wenjuan)
    assert case.number not in words(reviewer.get("/queues/verify/"))
    assert reviewer.post("/queues/verify/next/").headers["Location"] == "/queues/verify/"
    answer = reviewer.post(f"/applications/{case.number}/steps/verify/", fragment=True)
    assert answer.status_code == 409
    assert "同一人" in words(answer)


def test_a_review_shows_the_keyed_values_and_the_look_is_logged(bank: Cast, visit: Visit, now: datetime) -> None:
    case = keyed(bank, employer="岚州复核示例厂")
    claims.claim_next(queue="verify", actor=bank.xu_wenjuan, at=now)
    page = words(visit(bank.xu_wenjuan).get(f"/applications/{case.number}/work/"))
    assert "岚州复核示例厂" in page
    assert AuditRecord.objects.filter(action="view_entry", subject=case.number, actor=bank.xu_wenjuan).exists()


def test_a_review_without_a_mark_agrees(bank: Cast, visit: Visit, now: datetime) -> None:
    case = keyed(bank)
    claims.claim_next(queue="verify", actor=bank.xu_wenjuan, at=now)
    visit(bank.xu_wenjuan).post(f"/applications/{case.number}/steps/verify/", then="queue")
    assert bank.again(case).state == State.ENTERED


def test_a_marked_field_sends_the_case_back_to_its_keyer(bank: Cast, visit: Visit, now: datetime) -> None:
    case = keyed(bank)
    claims.claim_next(queue="verify", actor=bank.xu_wenjuan, at=now)
    marks = {"differs-employer": "on", "remark-employer": "漏一个字", "remark-position": "没有勾选，不算"}
    visit(bank.xu_wenjuan).post(f"/applications/{case.number}/steps/verify/", then="next", **marks)
    case = bank.again(case)
    assert (case.state, case.claimed_by) == (State.CHECKED, bank.fang_fang)
    assert list(KeyDifference.objects.values_list("field", "remark")) == [("employer", "漏一个字")]


def test_double_keying_is_blind(bank: Cast, visit: Visit, now: datetime) -> None:
    Product.objects.filter(code="ZS").update(review_mode=Product.ReviewMode.DOUBLE)
    case = keyed(bank, product="ZS", employer="岚州盲录示例厂")
    claims.claim_next(queue="verify", actor=bank.xu_wenjuan, at=now)
    clerk = visit(bank.xu_wenjuan)
    page = words(clerk.get(f"/applications/{case.number}/work/"))
    assert "岚州盲录示例厂" not in page
    assert all(f'name="{name}"' in page for name in CRITICAL)
    assert 'name="home_address"' not in page
    values = example(case, now=now)
    blind = {name: values[name] for name in CRITICAL} | {"employer": "岚州另一厂"}
    clerk.post(f"/applications/{case.number}/steps/verify/", then="next", **blind)
    assert bank.again(case).awaits_arbitration


def test_the_tracker_decides_between_two_readings(bank: Cast, visit: Visit, now: datetime) -> None:
    Product.objects.filter(code="ZS").update(review_mode=Product.ReviewMode.DOUBLE)
    case = keyed(bank, product="ZS", employer="岚州第一厂")
    bank.lend(case, to=bank.xu_wenjuan, when=now)
    values = example_of(case, on=local_day(now))
    second = {name: values[name] for name in CRITICAL} | {"employer": "岚州第二厂"}
    entry.verify(case=case.pk, actor=bank.xu_wenjuan, at=now, fields=second)
    tracker, address = visit(bank.zheng_weiguo), f"/applications/{case.number}/steps/arbitrate/"
    page = words(tracker.get(f"/applications/{case.number}/work/"))
    assert "岚州第一厂" in page
    assert "岚州第二厂" in page
    undecided = tracker.post(address, fragment=True, note="纸质件写第二厂")
    assert undecided.status_code == 400
    assert "纸质件写第二厂" in words(undecided)
    tracker.post(address, note="纸质件写第二厂", **{"choose-employer": "SECOND"})
    assert bank.again(case).state == State.ENTERED
    assert KeyDifference.objects.get(field="employer").wrong_keyer == bank.fang_fang
