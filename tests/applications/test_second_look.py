"""Entry and its second look: review by a second person, blind double keying, arbitration, drafts and lost leases."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction
from django.db.models.signals import post_save

from applications.entry_form import CRITICAL, FIELDS, example_of
from applications.lifecycle import State
from applications.models import Application, EntryRecord, KeyDifference
from applications.services import claims, entry
from ops_center.kernel.errors import Malformed, Refused
from tests.cast import Cast, at

pytestmark = pytest.mark.django_db
WHEN = at("2026-11-24 10:00")


@pytest.fixture
def checked(bank: Cast) -> Application:
    case = bank.received(when=WHEN)
    bank.check(case, when=WHEN)
    return bank.again(case)


@pytest.fixture
def double(bank: Cast) -> Application:
    """A case whose product is keyed twice, waiting for the second keyer."""
    product = bank.product("ZS")
    product.review_mode = "DOUBLE"
    product.save()
    case = bank.received(when=WHEN, product="ZS")
    bank.check(case, when=WHEN)
    bank.key(bank.again(case), when=WHEN)
    bank.lend(bank.again(case), to=bank.xu_wenjuan, when=WHEN)
    return bank.again(case)


def critical(case: Application, **other: str) -> dict[str, str]:
    values = example_of(case, on=WHEN.date())
    return {name: values[name] for name in CRITICAL} | other


def test_the_example_passes_every_check_for_every_customer_group(bank: Cast) -> None:
    for group in ("SALARIED", "OWNER", "FREELANCE"):
        case = bank.draft(when=WHEN, group=group)
        bank.receive(bank.send(bank.complete(case, when=WHEN), when=WHEN), when=WHEN)
        bank.check(bank.again(case), when=WHEN)
        assert bank.key(bank.again(case), when=WHEN).state == State.KEYED


def test_every_wrong_field_is_named_at_once_and_nothing_changes(bank: Cast, checked: Application) -> None:
    with pytest.raises(Malformed) as no:
        bank.key(
            checked, when=WHEN, id_number="990101198803050010", home_phone="09911234567", work_phone="09911234567",
            contact1_relation="FRIEND", annual_income="viel", id_valid_until="2026-11-24", product="XX", mobile="12",
        )  # fmt: skip
    assert set(no.value.errors) == {
        "id_number", "home_phone", "contact1_relation", "annual_income", "id_valid_until", "product", "mobile",
    }  # fmt: skip
    assert bank.again(checked).state == State.CHECKED


def test_what_differs_from_the_intake_record_is_refused_with_the_way_out(bank: Cast, checked: Application) -> None:
    with pytest.raises(Malformed) as no:
        bank.key(checked, when=WHEN, customer_name="别的名字")
    assert "C01" in no.value.errors["customer_name"][0]


def test_a_reviewer_who_disagrees_sends_it_back_to_the_first_keyer(bank: Cast, checked: Application) -> None:
    bank.key(checked, when=WHEN)
    case = bank.review(bank.again(checked), when=WHEN, agree=False, remarks={"employer": "少一个字"})
    assert (case.state, case.claimed_by) == (State.CHECKED, bank.fang_fang)
    error = KeyDifference.objects.get(application=case)
    assert (error.field, error.wrong_keyer, error.remark) == ("employer", bank.fang_fang, "少一个字")
    assert bank.fang_fang.news.filter(kind="review_differs").exists()
    entry.submit_entry(case=case.pk, actor=bank.fang_fang, at=WHEN, fields=example_of(case, on=WHEN.date()))
    assert bank.review(bank.again(case), when=WHEN).state == State.ENTERED


def test_a_review_that_disagrees_names_a_field(bank: Cast, checked: Application) -> None:
    bank.key(checked, when=WHEN)
    with pytest.raises(Malformed):
        bank.review(bank.again(checked), when=WHEN, agree=False, remarks={})


def test_s14_blind_second_keying_that_agrees_earns_the_second_share(bank: Cast, double: Application) -> None:
    case = entry.verify(case=double.pk, actor=bank.xu_wenjuan, at=WHEN, fields=critical(double))
    performers = dict(case.performers.values_list("role", "employee__number"))
    assert case.state == State.ENTERED
    assert (performers["ENTRY"], performers["ENTRY_2ND"]) == ("LZ10008", "LZ10009")


def test_s14_one_digit_that_differs_goes_to_arbitration_and_counts_for_the_wrong_keyer(
    bank: Cast, double: Application
) -> None:
    right = critical(double)["id_number"]
    wrong = right[:-1] + ("1" if right[-1] != "1" else "2")
    case = entry.verify(case=double.pk, actor=bank.xu_wenjuan, at=WHEN, fields=critical(double, id_number=wrong))
    assert (case.state, case.awaits_arbitration) == (State.KEYED, True)
    assert claims.claim_next(queue="verify", actor=bank.hire("复核乙", "OC01", "ER"), at=WHEN) is None
    with pytest.raises(Malformed):
        entry.arbitrate(case=case.pk, actor=bank.zheng_weiguo, at=WHEN, fields={}, note="看原件")
    case = entry.arbitrate(
        case=case.pk, actor=bank.zheng_weiguo, at=WHEN, fields={"id_number": {"choose": "FIRST"}}, note="看原件"
    )
    assert case.state == State.ENTERED
    assert KeyDifference.objects.get(application=case).wrong_keyer == bank.xu_wenjuan
    final = EntryRecord.objects.get(application=case, turn="FINAL")
    assert final.fields["id_number"] == right


def test_a_group_without_an_employer_is_keyed_twice_without_one(bank: Cast) -> None:
    product = bank.product("ZS")
    product.review_mode = "DOUBLE"
    product.save()
    case = bank.complete(bank.draft(when=WHEN, product="ZS", group="FREELANCE"), when=WHEN)
    bank.receive(bank.send(case, when=WHEN), when=WHEN)
    bank.check(bank.again(case), when=WHEN)
    bank.key(bank.again(case), when=WHEN, employer="", employer_address="", work_phone="")
    case = bank.review(bank.again(case), when=WHEN, fields=critical(bank.again(case), employer=""))
    assert case.state == State.ENTERED


def test_double_keying_is_blind_the_second_keyer_reads_no_first_value(bank: Cast, double: Application) -> None:
    assert entry.draft_of(double, keyer=bank.xu_wenjuan) is None


def test_a_draft_is_kept_and_renews_the_lease(bank: Cast, checked: Application) -> None:
    claim = claims.claim_next(queue="entry", actor=bank.fang_fang, at=WHEN)
    assert claim is not None
    later = WHEN + timedelta(minutes=20)
    until = entry.save_draft(case=checked.pk, actor=bank.fang_fang, at=later, fields={"employer": "岚州机械厂"})
    assert until == later + claims.LEASE
    record = entry.draft_of(checked, keyer=bank.fang_fang)
    assert record is not None
    assert record.fields == {"employer": "岚州机械厂"}


def test_a_lost_lease_keeps_the_draft_and_says_who_has_the_case(bank: Cast, checked: Application) -> None:
    claims.claim_next(queue="entry", actor=bank.fang_fang, at=WHEN)
    later = WHEN + timedelta(minutes=31)
    claims.claim_next(queue="entry", actor=bank.xu_wenjuan, at=later)
    with pytest.raises(Refused) as no:
        entry.save_draft(case=checked.pk, actor=bank.fang_fang, at=later, fields={"employer": "岚州机械厂"})
    assert (no.value.code, no.value.facts["holder"]) == ("claimed_by_another", "LZ10009")
    record = entry.draft_of(checked, keyer=bank.fang_fang)
    assert record is not None
    assert record.fields == {"employer": "岚州机械厂"}


def test_what_is_keyed_stands_nowhere_in_clear(bank: Cast, checked: Application) -> None:
    bank.key(checked, when=WHEN)
    record = EntryRecord.objects.get(application=checked)
    blob = bytes(record.__dict__["document"])
    for value in example_of(checked, on=WHEN.date()).values():
        if isinstance(value, str) and len(value) > 3:
            assert value.encode() not in blob
    assert str(record.document) == "•••"


def test_every_field_of_the_form_has_a_label_and_the_six_critical_ones_are_asm_11() -> None:
    assert all(str(field.label) for field in FIELDS)
    assert set(CRITICAL) == {"customer_name", "id_number", "mobile", "employer", "product", "collector_number"}


@pytest.mark.django_db(transaction=True)
def test_a_form_that_is_sent_between_the_draft_and_its_lease_scolds_nobody(bank: Cast, checked: Application) -> None:
    def send_meanwhile(**_facts: object) -> None:
        post_save.disconnect(send_meanwhile, sender=EntryRecord)
        transaction.on_commit(lambda: bank.key(checked, when=WHEN))

    bank.lend(checked, to=bank.fang_fang, when=WHEN)
    post_save.connect(send_meanwhile, sender=EntryRecord)
    until = entry.save_draft(case=checked.pk, actor=bank.fang_fang, at=WHEN, fields={"annual_income": "1"})
    assert until == WHEN
    assert bank.again(checked).state == "KEYED"


def test_an_open_tab_never_changes_what_was_submitted(bank: Cast, checked: Application) -> None:
    bank.key(checked, when=WHEN)
    before = EntryRecord.objects.get(application=checked).fields
    late = {"case": checked.pk, "actor": bank.fang_fang, "fields": {"annual_income": "1"}}
    entry.save_draft(at=WHEN, **late)  # was on its way when the form was sent: nobody is scolded, nothing changes
    assert EntryRecord.objects.get(application=checked).fields == before
    with pytest.raises(Refused):
        entry.save_draft(at=WHEN + timedelta(minutes=2), **late)
    bank.review(bank.again(checked), when=WHEN)
    with pytest.raises(Refused):
        entry.save_draft(at=WHEN + timedelta(minutes=2), **late)
    assert EntryRecord.objects.get(application=checked).fields == before


def test_keyer_and_reviewer_do_not_swap(bank: Cast, checked: Application) -> None:
    other = bank.hire("双岗", "OC01", "EC ER")
    bank.key(checked, when=WHEN, by=bank.xu_wenjuan)
    bank.review(bank.again(checked), when=WHEN, by=other, agree=False, remarks={"employer": "少一个字"})
    assert claims.claim_next(queue="entry", actor=other, at=WHEN) is None
    with pytest.raises(Refused) as no:
        bank.lend(bank.again(checked), to=other, when=WHEN)
    assert no.value.code == "same_person"
    bank.key(bank.again(checked), when=WHEN, by=bank.fang_fang)
    assert claims.claim_next(queue="verify", actor=bank.xu_wenjuan, at=WHEN) is None


def test_who_only_checked_a_case_may_review_it(bank: Cast, checked: Application) -> None:
    both = bank.hire("核查兼复核", "OC01", "CC ER")
    case = bank.received(when=WHEN)
    bank.check(case, when=WHEN, by=both)
    bank.key(bank.again(case), when=WHEN)
    claim = claims.claim_next(queue="verify", actor=both, at=WHEN)
    assert claim is not None
    assert claim.case.pk == case.pk


def test_only_the_holder_gives_a_case_back(bank: Cast, checked: Application) -> None:
    claims.claim_next(queue="entry", actor=bank.fang_fang, at=WHEN)
    later = WHEN + timedelta(minutes=31)
    with pytest.raises(Refused) as no:
        claims.give_back(case=checked.pk, actor=bank.song_jia, at=later)
    assert no.value.code == "not_claimed"
    assert checked.clocks.get(kind="ENTRY").owner == bank.fang_fang
