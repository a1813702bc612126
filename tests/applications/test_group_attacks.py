"""团办 under somebody who means ill or clicks twice: names that look alike, hostile text, strangers, races."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from applications.models import Application, GroupBatch
from applications.services import groups
from applications.services.endings import withdraw
from ops_center.kernel.errors import Malformed, Refused
from tests.applications.test_groups import NOW, facts, member, opened, page_of
from tests.applications.test_races import all_at_once
from tests.cast import Cast, make_bank

INVISIBLE = "\u200b\u2060\ufeff"


@pytest.mark.django_db
@pytest.mark.parametrize("spelled", [
    "石桥\u200b（集团）ABC公司", "石桥(集团)ＡＢＣ公司", "石桥（集团） abc 公司",
    "石桥（集团）\u3000ABC公司", "石桥（集团）\nABC公司\ufeff",
])  # fmt: skip
def test_one_employer_spelled_otherwise_is_no_second_employer(bank: Cast, spelled: str) -> None:
    first = opened(bank, employer="石桥（集团）ABC公司")
    with pytest.raises(Refused) as no:
        opened(bank, employer=spelled)
    assert no.value.code == "employer_has_batch"
    assert first.code in str(no.value)


@pytest.mark.django_db
@pytest.mark.parametrize("field", ["employer", "contact_name"])
def test_a_name_of_invisible_characters_is_none(bank: Cast, field: str) -> None:
    with pytest.raises(Malformed) as no:
        opened(bank, **{field: INVISIBLE})
    assert set(no.value.errors) == {field}


@pytest.mark.django_db
@pytest.mark.parametrize("employer", [
    '=HYPERLINK("http://x","点我")', "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7|add:7 }}",
    "甲" * 60, "\u202e公司名\x1b[31m\x08", "Ω≈ç√ 🏦 有限公司",
])  # fmt: skip
def test_what_an_employer_is_called_acts_on_no_page(bank: Cast, employer: str) -> None:
    batch = opened(bank, employer=employer)
    for person in (bank.chen_xiaoming, bank.zheng_weiguo, bank.pan_wei):
        for address in ("/group-batches/", f"/group-batches/{batch.code}/"):
            text = page_of(person).get(address).text
            assert not any(hostile in text for hostile in ("<script>alert", "<img src=x", "\u202e", "\x1b"))
    assert page_of(bank.chen_xiaoming).post("/group-batches/new/", {"employer": "甲" * 61}).status_code == 400


@pytest.mark.django_db
def test_a_batch_of_another_branch_is_not_there_whatever_is_asked_of_it(bank: Cast) -> None:
    batch = opened(bank)
    stranger, tracker = page_of(bank.luo_yong), page_of(bank.zheng_weiguo)
    before = GroupBatch.objects.filter(pk=batch.pk).values().get()
    body = {"employer": "石桥县财政局", "level": "COUNTY", "head_count": 1, "host": "LZ10019", "version": 1}
    for path, sent in (("", body), ("close/", {}), ("reveal/", {"field": "contact_name", "purpose": "CALL"})):
        answer = stranger.post(f"/api/v1/group-batches/{batch.code}/{path}", sent, content_type="application/json")
        assert answer.status_code == 404, path
    for path in ("", "edit/"):
        assert stranger.get(f"/group-batches/{batch.code}/{path}").status_code == 404
    for path in ("edit/", "close/", "lists/", "reveal/"):
        assert stranger.post(f"/group-batches/{batch.code}/{path}", body).status_code == 404
        assert tracker.post(f"/group-batches/{batch.code}/{path}", body).status_code in (400, 403)
    assert GroupBatch.objects.filter(pk=batch.pk).values().get() == before


@pytest.mark.django_db
@pytest.mark.parametrize("heads", ["0", "-1", "1e9", "100001", "１０", "9" * 30, "NaN", "1.5", ""])
def test_a_head_count_that_is_none_is_refused_and_what_was_typed_stays(bank: Cast, heads: str) -> None:
    typed = facts(bank, host="LZ10001", head_count=heads)
    del typed["visits"]
    answer = page_of(bank.chen_xiaoming).post("/group-batches/new/", typed)
    if heads == "１０":  # digits all the same
        assert GroupBatch.objects.get().head_count == 10
        return
    assert answer.status_code == 400
    assert "石桥县人民路一号" in answer.text
    assert not GroupBatch.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("content", [b"", b"\xff\xd8\xff", b"%PDF-1.7\n/JavaScript", b"MZ\x00", b"<svg onload=x>"])
def test_a_unit_list_that_is_no_still_paper_is_refused(bank: Cast, content: bytes) -> None:
    batch = opened(bank)
    upload = SimpleUploadedFile("../../名单.pdf", content, "application/pdf")
    answer = page_of(bank.chen_xiaoming).post(f"/group-batches/{batch.code}/lists/", {"file": upload})
    assert answer.status_code == 400
    assert not batch.lists.exists()


# -- at the same moment ------------------------------------------------------------------------------------------------
@pytest.fixture
def busy(transactional_db: None) -> Cast:
    return make_bank()


def codes(answers: list[Any]) -> list[str]:
    return sorted(getattr(answer, "code", "") for answer in answers if isinstance(answer, Exception))


@pytest.mark.django_db(transaction=True)
def test_the_last_place_of_a_batch_is_taken_once(busy: Cast) -> None:
    batch = opened(busy, head_count=1)
    answers = all_at_once([lambda: member(busy, batch)] * 4)
    assert codes(answers) == ["batch_full"] * 3
    assert Application.objects.filter(group_batch=batch).count() == 1


@pytest.mark.django_db(transaction=True)
def test_one_employer_opened_twice_at_once_has_one_batch(busy: Cast) -> None:
    spelled = iter(["石桥县财政局", "石桥县 财政局", "石桥县财政局\u200b", "石桥县财政局"])
    answers = all_at_once([lambda: opened(busy, employer=next(spelled))] * 4)
    assert codes(answers) == ["employer_has_batch"] * 3
    assert GroupBatch.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_head_count_lowered_and_a_batch_closed_while_files_join_agree_with_the_files(busy: Cast) -> None:
    for _again in range(3):
        batch = opened(busy, head_count=3)
        withdraw(case=member(busy, batch).pk, actor=busy.chen_xiaoming, at=NOW, code="U01", note="不办了")
        batch = GroupBatch.objects.get(pk=batch.pk)

        def lower(code: str = batch.code) -> Any:
            return groups.edit_batch(batch=code, actor=busy.chen_xiaoming, at=NOW, **facts(busy, head_count=1))

        def close(code: str = batch.code) -> Any:
            return groups.close_batch(batch=code, actor=busy.chen_xiaoming, at=NOW)

        join = lambda batch=batch: member(busy, batch)  # noqa: E731
        all_at_once([join, lower, join, close, join])
        after = GroupBatch.objects.get(pk=batch.pk)
        assert groups.members_of(after).count() <= after.head_count
        still_open = Application.objects.filter(group_batch=after).open()
        assert after.is_open or not still_open.exists()
        for case in still_open:
            withdraw(case=case.pk, actor=busy.chen_xiaoming, at=NOW, code="U01", note="不办了")
        if after.is_open:
            close()
