"""团办: a batch is opened with its head-count, members join by an own intake, its figures have their lists."""

from __future__ import annotations

import io
from datetime import date
from typing import Any

import pytest
from django.test import Client
from PIL import Image

from applications.models import Application, CaseWarning, GroupBatch, UnitList
from applications.services import entry, groups, intake
from applications.services.endings import withdraw
from applications.services.warnings import EMPLOYER_PER_WEEK, compute_warnings, index_facts
from ops_center.kernel.errors import Malformed, NotAllowed, OutOfSight, Refused, StaleVersion
from organization.models import AuditRecord
from tests.cast import Cast, at

pytestmark = pytest.mark.django_db
NOW = at("2026-11-25 10:00")


def facts(bank: Cast, **changed: Any) -> dict[str, Any]:
    return {
        "employer": "石桥县财政局", "level": "COUNTY", "head_count": 100, "host": bank.chen_xiaoming,
        "contact_name": "孙桂芳", "contact_mobile": "10000009001", "employer_address": "石桥县人民路一号",
        "work_phone": "0579-8822001", "visits": [("COLLECT", date(2026, 11, 26)), ("PRESENT", date(2026, 11, 24))],
    } | changed  # fmt: skip


def opened(bank: Cast, **changed: Any) -> GroupBatch:
    return groups.open_batch(actor=bank.chen_xiaoming, at=NOW, **facts(bank, **changed))


def member(bank: Cast, batch: GroupBatch, *, by: Any = None, group: str = "GROUP") -> Application:
    return bank.draft(when=NOW, by=by, group=group, group_batch=batch)


def figures(batch: GroupBatch) -> tuple[int, int, int]:
    found = GroupBatch.objects.with_figures().get(pk=batch.pk)
    return found.applied, found.approved, found.activated


def page_of(person: Any) -> Client:
    client = Client()
    client.force_login(person)
    return client


# -- the batch ---------------------------------------------------------------------------------------------------------
def test_a_batch_keeps_what_its_members_share_and_seals_the_key_contact(bank: Cast) -> None:
    batch = GroupBatch.objects.get(pk=opened(bank).pk)
    assert batch.code.startswith("TB2611-")
    assert (batch.branch.code, batch.head_count) == ("BH01", 100)
    assert (str(batch.contact_name), str(batch.contact_mobile)) == ("孙**", "100****9001")
    assert [visit.phase for visit in batch.visits.all()] == ["PRESENT", "COLLECT"]
    assert AuditRecord.objects.get(action="open_group_batch").subject == batch.code


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"employer": " "}, "employer"), ({"level": "MOON"}, "level"), ({"head_count": 0}, "head_count"),
        ({"contact_mobile": "12"}, "contact_mobile"), ({"contact_name": ""}, "contact_name"),
        ({"work_phone": "x"}, "work_phone"), ({"visits": [("MOON", date(2026, 11, 26))]}, "visits"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_beside_its_field(bank: Cast, changed: dict[str, Any], field: str) -> None:
    with pytest.raises(Malformed) as no:
        opened(bank, **changed)
    assert set(no.value.errors) == {field}


def test_the_host_is_of_the_branch(bank: Cast) -> None:
    for stranger in (bank.luo_yong, bank.qian_yumei):
        with pytest.raises(Malformed) as no:
            opened(bank, host=stranger)
        assert set(no.value.errors) == {"host"}


def test_only_customer_managers_and_heads_of_branches_open_one(bank: Cast) -> None:
    for person in (bank.zhou_qiming, bank.qian_yumei, bank.feng_zhiqiang):
        with pytest.raises(NotAllowed):
            groups.open_batch(actor=person, at=NOW, **facts(bank))


def test_an_employer_has_one_open_batch_in_the_whole_bank(bank: Cast) -> None:
    first = opened(bank)
    with pytest.raises(Refused) as no:
        groups.open_batch(actor=bank.luo_yong, at=NOW, **facts(bank, employer=" 石桥县财政局 ", host=bank.luo_yong))
    assert no.value.code == "employer_has_batch"
    assert first.code in str(no.value)
    groups.close_batch(batch=first.code, actor=bank.zhao_lixin, at=NOW)
    assert opened(bank).code != first.code


def test_a_change_keeps_the_contact_that_is_left_empty_and_refuses_a_stale_version(bank: Cast) -> None:
    batch = opened(bank)
    shown = facts(bank, head_count=120, contact_name="", contact_mobile="", visits=[])
    changed = groups.edit_batch(batch=batch.code, actor=bank.zhao_lixin, at=NOW, version=1, **shown)
    assert (changed.head_count, changed.version, changed.contact_name_mask) == (120, 2, "孙**")
    assert not changed.visits.exists()
    with pytest.raises(StaleVersion):
        groups.edit_batch(batch=batch.code, actor=bank.zhao_lixin, at=NOW, version=1, **shown)
    with pytest.raises(Malformed):  # a new name alone would stand beside the old mobile
        groups.edit_batch(batch=batch.code, actor=bank.zhao_lixin, at=NOW, **(shown | {"contact_name": "李明"}))
    with pytest.raises(OutOfSight):
        groups.edit_batch(batch=batch.code, actor=bank.luo_yong, at=NOW, **shown)


# -- members -----------------------------------------------------------------------------------------------------------
def test_the_figures_count_taken_in_approved_and_activated(bank: Cast) -> None:
    batch = opened(bank, head_count=8)
    taken_in = bank.complete(member(bank, batch), when=NOW)
    bank.complete(member(bank, batch, group="GROUP"), when=NOW)
    member(bank, batch)  # being collected
    assert figures(batch) == (2, 0, 0)
    assert GroupBatch.objects.with_figures().get().penetration == 0.25
    assert Application.objects.get(pk=taken_in.pk).group_batch == batch


def test_a_lead_joins_at_its_intake(bank: Cast) -> None:
    batch = opened(bank)
    lead = bank.refer(when=NOW, by=bank.chen_xiaoming)
    from_lead = page_of(bank.chen_xiaoming)
    acts = {"case": lead.pk, "actor": bank.chen_xiaoming, "at": NOW}
    intake.accept(**acts)
    intake.start_intake(**acts, person=bank.client(), customer_group="GROUP", consent=True, group_batch=batch)
    assert Application.objects.get(pk=lead.pk).group_batch == batch
    assert batch.employer in from_lead.get(f"/applications/{lead.number}/").text


@pytest.mark.parametrize(
    ("code", "by", "group"),
    [("foreign_batch", "luo_yong", "GROUP"), ("foreign_batch", "zhou_qiming", "GROUP"),
     ("not_a_member", "chen_xiaoming", "SALARIED")],
)  # fmt: skip
def test_who_does_not_belong_to_a_batch_is_sent_where_it_does(bank: Cast, code: str, by: str, group: str) -> None:
    batch = opened(bank)
    with pytest.raises(Refused) as no:
        member(bank, batch, by=getattr(bank, by), group=group)
    assert no.value.code == code
    assert batch.code in str(no.value)
    assert not Application.objects.exists()


def test_a_full_batch_takes_nobody_until_its_head_count_is_corrected(bank: Cast) -> None:
    batch = opened(bank, head_count=2)
    first = member(bank, batch)
    member(bank, batch)
    with pytest.raises(Refused) as no:
        member(bank, batch)
    assert no.value.code == "batch_full"
    withdraw(case=first.pk, actor=bank.chen_xiaoming, at=NOW, code="U01", note="不办了")  # never handed in
    assert member(bank, batch).group_batch == batch
    with pytest.raises(Refused) as no:
        groups.edit_batch(batch=batch.code, actor=bank.zhao_lixin, at=NOW, **facts(bank, head_count=1))
    assert no.value.code == "head_count_below_applied"


def test_a_batch_closes_when_its_files_have_ended_and_takes_no_more(bank: Cast) -> None:
    batch = opened(bank)
    case = member(bank, batch)
    with pytest.raises(Refused) as no:
        groups.close_batch(batch=batch.code, actor=bank.zhao_lixin, at=NOW)
    assert no.value.code == "open_files"
    assert case.number in str(no.value)
    withdraw(case=case.pk, actor=bank.chen_xiaoming, at=NOW, code="U01", note="不办了")
    groups.close_batch(batch=batch.code, actor=bank.zhao_lixin, at=NOW)
    for refused in (
        lambda: member(bank, batch),
        lambda: groups.close_batch(batch=batch.code, actor=bank.zhao_lixin, at=NOW),
        lambda: groups.edit_batch(batch=batch.code, actor=bank.zhao_lixin, at=NOW, **facts(bank)),
    ):
        with pytest.raises(Refused) as no:
            refused()
        assert no.value.code == "batch_closed"


def test_many_files_of_one_employer_are_silent_inside_a_batch_only(bank: Cast) -> None:
    batch = opened(bank)

    def warned(**joins: Any) -> bool:
        for _n in range(EMPLOYER_PER_WEEK + 1):
            case = bank.complete(bank.draft(when=NOW, group="GROUP", **joins), when=NOW)
            index_facts(case, {"employer": ["石桥县财政局"]})
        compute_warnings(case, at=NOW)
        return CaseWarning.objects.filter(application=case, code="W-EMP-BURST").exists()

    assert not warned(group_batch=batch)
    assert warned()


def test_what_the_members_share_stands_in_an_entry_form_that_nobody_has_begun(bank: Cast) -> None:
    case = member(bank, opened(bank))
    assert entry.prefilled(case) == {"employer_address": "石桥县人民路一号", "work_phone": "0579-8822001"}
    assert entry.prefilled(bank.draft(when=NOW)) == {}


# -- paper and contact -------------------------------------------------------------------------------------------------
def picture() -> io.BytesIO:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "white").save(out, "PNG")
    out.seek(0)
    return out


def test_the_unit_list_is_kept_sealed_and_read_by_who_serves_the_batch(bank: Cast) -> None:
    batch, upload = opened(bank, host=bank.zhao_lixin), picture()
    size = len(upload.getvalue())
    kept = groups.add_list(batch=batch.code, content=upload, size=size, actor=bank.zhao_lixin, at=NOW)
    assert b"\xff\xd8\xff" not in bytes(UnitList.objects.get().body)
    for person in (bank.zhao_lixin, bank.chen_xiaoming, bank.pan_wei):
        _row, content = groups.read_list(batch=batch.code, unit_list=kept.pk, actor=person, at=NOW)
        assert content.startswith(b"\xff\xd8\xff")
    assert AuditRecord.objects.filter(action="unit_list").count() == 3
    with pytest.raises(NotAllowed):
        groups.read_list(batch=batch.code, unit_list=kept.pk, actor=bank.cao_ying, at=NOW)


def test_the_key_contact_opens_for_a_purpose_and_is_logged(bank: Cast) -> None:
    batch = opened(bank)
    asked = {"batch": batch.code, "field": "contact_mobile", "actor": bank.zhao_lixin, "at": NOW}
    assert groups.reveal_contact(**asked, purpose="CALL")[1] == "10000009001"
    assert AuditRecord.objects.get(action="reveal").subject == batch.code
    with pytest.raises(Malformed):
        groups.reveal_contact(**asked, purpose=" ")
    with pytest.raises(NotAllowed):
        groups.reveal_contact(**(asked | {"actor": bank.feng_zhiqiang}), purpose="CALL")


# -- pages and calls ---------------------------------------------------------------------------------------------------
def test_every_figure_of_a_batch_opens_its_list(bank: Cast) -> None:
    batch = opened(bank)
    bank.complete(member(bank, batch), when=NOW)
    member(bank, batch)
    page = page_of(bank.zhao_lixin)
    for cut, number in (("", 2), ("applied", 1), ("approved", 0), ("activated", 0)):
        assert len(page.get(f"/group-batches/{batch.code}/?cut={cut}").context["rows"]) == number
    assert page.get(f"/group-batches/{batch.code}/?cut=moon").status_code == 400
    assert page_of(bank.luo_yong).get(f"/group-batches/{batch.code}/").status_code == 404
    assert page_of(bank.zhou_qiming).get("/group-batches/").status_code == 403


def test_the_form_keeps_what_was_typed_when_it_is_refused(bank: Cast) -> None:
    opened(bank)
    page = page_of(bank.chen_xiaoming)
    typed = facts(bank, host="LZ10001") | {"phase-0": "COLLECT", "on-0": "2026-11-26"}
    del typed["visits"]
    no = page.post("/group-batches/new/", typed)
    assert no.status_code == 409
    assert "石桥县人民路一号" in no.text
    answer = page.post("/group-batches/new/", typed | {"employer": "学府中学"})
    assert answer.status_code == 302
    batch = GroupBatch.objects.get(employer="学府中学")
    assert batch.visits.get().on == date(2026, 11, 26)
    assert page.get(f"/group-batches/{batch.code}/edit/").status_code == 200
    assert page.post("/group-batches/new/", typed | {"on-0": ""}).status_code == 400


def test_the_form_shows_the_filled_visits_and_one_empty_row_the_others_one_by_one(bank: Cast) -> None:
    page = page_of(bank.chen_xiaoming)
    batch = opened(bank)

    def shown(answer: Any) -> list[bool]:
        return [stands_open for _phase, _on, stands_open in answer.context["form"].visits]

    assert shown(page.get("/group-batches/new/")) == [True] + [False] * 5
    assert shown(page.get(f"/group-batches/{batch.code}/edit/")) == [True] * 3 + [False] * 3
    half = facts(bank, host="LZ10001", employer="学府中学") | {"on-4": "2026-11-26"}
    del half["visits"]
    refused = page.post("/group-batches/new/", half)
    assert (refused.status_code, shown(refused)) == (400, [True] * 6)


def test_the_intake_offers_the_open_batches_of_the_own_branch(bank: Cast) -> None:
    batch = opened(bank)
    seen = page_of(bank.chen_xiaoming).get(f"/applications/new/?group_batch={batch.code}").context["form"]
    assert (seen["group_batch"].value(), seen["customer_group"].value()) == (batch.code, "GROUP")
    assert "group_batch" not in page_of(bank.luo_yong).get("/applications/new/").context["form"].fields


def test_the_list_costs_the_same_queries_however_long_it_is(bank: Cast, django_assert_max_num_queries: Any) -> None:
    page = page_of(bank.zheng_weiguo)
    for n in range(6):
        batch = opened(bank, employer=f"单位{n}")
        member(bank, batch)
    for address in ("/group-batches/", f"/group-batches/{batch.code}/"):
        with django_assert_max_num_queries(14, info=address):
            assert page.get(address).status_code == 200


def test_programs_open_change_read_and_close(bank: Cast) -> None:
    page = page_of(bank.chen_xiaoming)

    def send(path: str, **body: Any) -> Any:
        return page.post(f"/api/v1/{path}", body, content_type="application/json")

    body = facts(bank, host="LZ10001", visits=[{"phase": "COLLECT", "on": "2026-11-26"}])
    made = send("group-batches/", **body)
    assert made.status_code == 201
    batch = made.json()
    assert batch["key_contact"] == {"name": "孙**", "mobile": "100****9001"}
    assert send("group-batches/", **body).status_code == 409
    address = f"group-batches/{batch['code']}/"
    client = bank.client()
    person = {
        "customer_name": client.name, "mobile": client.mobile, "id_number": client.id_number, "consent": True,
    }  # fmt: skip
    joined = send("applications/", product="PK", customer_group="GROUP", group_batch=batch["code"], **person)
    assert joined.status_code == 201, joined.text
    assert joined.json()["group_batch"] == batch["code"]
    assert send("applications/", product="PK", customer_group="GROUP", group_batch="TB-X", **person).status_code == 400
    assert len(page.get(f"/api/v1/{address}applications/").json()["results"]) == 1
    assert page.get(f"/api/v1/{address}applications/?cut=applied").json()["results"] == []
    body |= {"head_count": 90, "version": 1}
    assert send(address, **body).json()["head_count"] == 90
    assert send(address, **body).status_code == 412
    assert send(f"{address}close/").json()["code"] == "open_files"
    assert page.get("/api/v1/group-batches/?open=false").json()["results"] == []
    assert page.get("/api/v1/group-batches/?moon=1").status_code == 400
    revealed = send(f"{address}reveal/", field="contact_name", purpose="CALL").json()
    assert revealed == {"field": "contact_name", "value": "孙桂芳"}
