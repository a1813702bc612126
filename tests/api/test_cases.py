"""Cases at the API: who sees what, how a no is answered, and what stands beside the steps."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from applications.models import Application, Approval, CardStatusImport, CaseClock, ContactLog, ReturnNote
from applications.services import intake, problems
from applications.services.card_status import apply_file
from applications.sight import reads_note
from ops_center import clock
from organization.messages import words_of
from organization.models import AuditRecord, Message
from tests.api.conftest import API, As, Caller
from tests.cast import Cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def now() -> Any:
    return clock.now()


# -- sight -------------------------------------------------------------------------------------------------------------
def test_s21_another_branchs_case_is_404_to_the_byte_of_an_absent_one(bank: Cast, as_: As, now: Any) -> None:
    case = bank.draft(when=now)
    other = as_(bank.luo_yong)
    hidden, absent = other.get(f"applications/{case.number}/"), other.get("applications/JL99999999999/")
    assert (hidden.status_code, hidden.content) == (404, absent.content)
    for path in ("checklist", "check-sheet", "entry-form", "coaching", "documents"):
        there, nowhere = (other.get(f"applications/{number}/{path}/") for number in (case.number, "JL99999999999"))
        assert (path, there.status_code, there.content) == (path, nowhere.status_code, nowhere.content)
    assert other.step(case.number, "withdraw", note="x").status_code == 404
    assert other.post(f"applications/{case.number}/reveal/", {"field": "mobile", "purpose": "x"}).status_code == 404


def test_s21_a_manager_sees_the_own_cases_a_head_the_branch_and_hr_none(bank: Cast, as_: As, now: Any) -> None:
    mine, theirs = bank.draft(when=now), bank.draft(when=now, by=bank.luo_yong)
    seen = {
        person.number: {row["number"] for row in as_(person).get("applications/").json()["results"]}
        for person in (
            bank.chen_xiaoming,
            bank.luo_yong,
            bank.zhao_lixin,
            bank.zheng_weiguo,
            bank.su_min,
            bank.cao_ying,
        )
    }
    assert list(seen.values()) == [
        {mine.number}, {theirs.number}, {mine.number}, {mine.number, theirs.number}, set(), set(),
    ]  # fmt: skip


def test_the_sealer_sees_the_number_and_not_the_client(bank: Cast, as_: As, now: Any) -> None:
    case = bank.complete(bank.draft(when=now), when=now)
    answer = as_(bank.qian_yumei).get(f"applications/{case.number}/").json()
    assert (answer["number"], answer["customer"]) == (case.number, None)


def test_who_only_referred_reads_where_it_stands_and_not_what_the_center_wrote(bank: Cast, as_: As, now: Any) -> None:
    case = bank.complete(bank.collect(bank.refer(when=now), when=now), when=now)
    bank.to_branch(case, when=now)
    bank.receive(bank.send(bank.again(case), when=now), when=now)
    bank.lend(case, to=bank.he_xiulan, when=now)
    problems.raise_problem(
        case=case.pk, actor=bank.he_xiulan, at=now, code="C03", party="BRANCH", note="单位电话查不到"
    )
    referrer, collector = (
        as_(who).get(f"applications/{case.number}/").json() for who in (bank.li_wenjing, bank.zhou_qiming)
    )
    assert referrer["state"] == "PROBLEM"
    assert "单位电话查不到" not in str(referrer["events"])
    assert "单位电话查不到" in str(collector["events"])
    assert collector["open_problem"]["code"] == "C03"
    assert collector["open_problem"]["note"] == "单位电话查不到"
    assert (referrer["open_problem"]["code"], referrer["open_problem"]["note"]) == ("C03", "")


def test_sealers_and_receivers_read_no_note_of_a_case_but_their_own(bank: Cast, now: Any) -> None:
    case = bank.received(when=now)
    bank.lend(case, to=bank.he_xiulan, when=now)
    problems.return_case(case=case.pk, actor=bank.he_xiulan, at=now, codes=["D05"], note="联系人写错")
    event = case.events.get(step="return")
    receiver = bank.hire("周收", "OC01", "RCV")
    assert not reads_note(event, employee=receiver, at=now)
    assert not reads_note(event, employee=bank.qian_yumei, at=now)
    assert reads_note(event, employee=bank.zhao_lixin, at=now)
    event.actor = receiver
    assert reads_note(event, employee=receiver, at=now)


def test_who_only_referred_reads_of_a_return_and_of_a_request_no_words(bank: Cast, as_: As, now: Any) -> None:
    case = bank.complete(bank.collect(bank.refer(when=now), when=now), when=now)
    ReturnNote.objects.create(
        application=case, round=1, codes=["C03"], note="联系人写错", returned_by=bank.he_xiulan, returned_at=now
    )
    Approval.objects.create(
        application=case,
        kind=Approval.Kind.REOPEN,
        facts={},
        reason="客户来电",
        asked_by=bank.zheng_weiguo,
        asked_at=now,
    )
    referrer, tracker = (
        as_(who).get(f"applications/{case.number}/").json() for who in (bank.li_wenjing, bank.zheng_weiguo)
    )
    assert (referrer["open_return"]["note"], referrer["open_approvals"][0]["reason"]) == ("", "")
    assert (tracker["open_return"]["note"], tracker["open_approvals"][0]["reason"]) == ("联系人写错", "客户来电")


def test_a_collector_reads_the_check_sheet_of_path_a_only(bank: Cast, as_: As, now: Any) -> None:
    case = bank.received(when=now)
    sheet = f"applications/{case.number}/check-sheet/"
    assert as_(bank.chen_xiaoming).get(sheet).status_code == 403
    bank.lend(case, to=bank.he_xiulan, when=now)
    for person in (bank.he_xiulan, bank.zheng_weiguo, bank.feng_zhiqiang, bank.pan_wei):
        assert as_(person).get(sheet).status_code == 200
    Application.objects.filter(pk=case.pk).update(entry_mode="SELF")
    assert as_(bank.chen_xiaoming).get(sheet).status_code == 200


def test_a_collector_reads_the_entry_form_of_path_a_only(bank: Cast, as_: As, now: Any) -> None:
    case = bank.received(when=now)
    form = f"applications/{case.number}/entry-form/"
    assert as_(bank.chen_xiaoming).get(form).status_code == 403
    Application.objects.filter(pk=case.pk).update(entry_mode="SELF")
    assert as_(bank.chen_xiaoming).get(form).status_code == 200


def test_filters_narrow_and_unknown_ones_are_400(bank: Cast, as_: As, now: Any) -> None:
    draft, taken = bank.draft(when=now), bank.complete(bank.draft(when=now), when=now)
    tracker = as_(bank.zheng_weiguo)

    def found(**query: Any) -> list[str]:
        return [row["number"] for row in tracker.get("applications/", **query).json()["results"]]

    assert found() == [taken.number, draft.number]
    assert found(state="DRAFT") == [draft.number]
    assert found(branch="YX01") == []
    assert found(mine="true") == []
    assert found(overdue="true") == []
    assert found(search=draft.number) == [draft.number]
    assert found(ordering="due") == [taken.number, draft.number]
    wrong_ones = [
        {"state": "NONE"}, {"branch": "XX99"}, {"stat": "DRAFT"}, {"ordering": "password"}, {"page_size": "201"},
        {"search": "10000001234"}, {"search": "990101198803050018"}, {"search": "王小明"}, {"after": "x"},
        {"claimed_by__password": "x"},
    ]  # fmt: skip
    for wrong in wrong_ones:
        assert (wrong, tracker.get("applications/", **wrong).status_code) == (wrong, 400)


def test_a_list_is_walked_by_its_links_with_a_fixed_number_of_queries(
    bank: Cast, as_: As, now: Any, django_assert_max_num_queries: Any
) -> None:
    for _count in range(7):
        bank.draft(when=now)
    tracker, numbers = as_(bank.zheng_weiguo), []
    address = f"{API}applications/?page_size=3"
    while address:
        with django_assert_max_num_queries(6):
            page = tracker.client.get(address).json()
        numbers += [row["number"] for row in page["results"]]
        address = page["next"]
    assert len(numbers) == len(set(numbers)) == 7
    assert page["previous"]


# -- a no --------------------------------------------------------------------------------------------------------------
def test_the_shape_is_answered_before_the_rule(bank: Cast, as_: As, now: Any) -> None:
    case = bank.draft(when=now)
    tracker = as_(bank.zheng_weiguo)
    assert tracker.step(case.number, "mark-issued", card_last4="66889").status_code == 400
    refused = tracker.step(case.number, "mark-issued", card_last4="6688")
    assert (refused.status_code, refused.json()["code"]) == (409, "step_not_open")


def test_an_unknown_step_is_404_and_a_foreign_role_403(bank: Cast, as_: As, now: Any) -> None:
    case = bank.draft(when=now)
    assert as_(bank.chen_xiaoming).step(case.number, "expire").status_code == 404
    assert as_(bank.chen_xiaoming).step(case.number, "fly").status_code == 404
    assert as_(bank.chen_xiaoming).step(case.number, "file", shelf="A").status_code == 403


def test_a_stale_version_is_412_and_changes_nothing(bank: Cast, as_: As, now: Any) -> None:
    case = bank.draft(when=now)
    cm = as_(bank.chen_xiaoming)
    read = cm.get(f"applications/{case.number}/")
    version = read.json()["version"]
    assert read["ETag"] == f'"{version}"'
    for stale in ({"version": version + 1}, {}):
        headers = {} if stale else {"If-Match": f'"{version - 1}"'}
        answer = cm.post(f"applications/{case.number}/steps/withdraw/", {"note": "客户要求", **stale}, **headers)
        assert (answer.status_code, answer.json()["code"]) == (412, "stale_version")
    assert Application.objects.get(pk=case.pk).state == "DRAFT"
    assert cm.step(case.number, "withdraw", note="客户要求", version=version).status_code == 200


def test_nothing_beyond_the_facts_of_a_step_can_be_written(bank: Cast, as_: As, now: Any) -> None:
    case = bank.draft(when=now)
    cm = as_(bank.chen_xiaoming)
    for column in [field.name for field in Application._meta.concrete_fields if field.name != "version"]:
        answer = cm.post(f"applications/{case.number}/steps/withdraw/", {"note": "x", column: "1"})
        assert (column, answer.status_code) == (column, 400)
    assert Application.objects.get(pk=case.pk).state == "DRAFT"


def test_an_idempotent_step_is_taken_once(bank: Cast, as_: As, now: Any) -> None:
    case = bank.refer(when=now)
    for _again in range(2):
        answer = as_(bank.zhou_qiming).post(f"applications/{case.number}/steps/accept/", {}, **{"Idempotency-Key": "a"})
        assert (answer.status_code, answer.json()["state"]) == (200, "ACCEPTED")
    assert as_(bank.zhou_qiming).step(case.number, "accept").status_code == 409


# -- problems, returns, ends -------------------------------------------------------------------------------------------
def test_a_problem_a_return_and_a_supplement_at_the_api(bank: Cast, as_: As, now: Any) -> None:
    case = bank.received(when=now)
    tracker, cm = as_(bank.zheng_weiguo), as_(bank.chen_xiaoming)
    assert (
        tracker.step(case.number, "raise-problem", code="F04", party="BRANCH", note="缺电话").json()["state"]
        == "PROBLEM"
    )
    assert cm.step(case.number, "reply", answer="已补").json()["open_problem"]["state"] == "REPLIED"
    assert tracker.step(case.number, "resolve", note="齐").json()["state"] == "RECEIVED"
    returned = tracker.step(case.number, "return", codes=["D05"], note="缺收入证明").json()
    assert (returned["state"], returned["round"], returned["open_return"]["codes"]) == ("RETURNED", 2, ["D05"])
    assert cm.step(case.number, "resubmit", answers={"D01": "x"}).status_code == 400
    again = cm.step(case.number, "resubmit", answers={"D05": "已补工资流水"}).json()
    assert (again["state"], again["stamps"]["taken_in_at"]) == ("TAKEN_IN", returned["stamps"]["taken_in_at"])


def test_an_ended_case_is_reopened_by_a_second_person(bank: Cast, as_: As, now: Any) -> None:
    case = bank.draft(when=now)
    as_(bank.chen_xiaoming).step(case.number, "withdraw", note="客户要求")
    asked = as_(bank.zheng_weiguo).step(case.number, "reopen", note="客户改变主意").json()
    (approval,) = asked["open_approvals"]
    assert (asked["state"], approval["kind"]) == ("WITHDRAWN", "REOPEN")
    assert as_(bank.zheng_weiguo).post(f"approvals/{approval['id']}/approve/").status_code == 403
    waiting = as_(bank.feng_zhiqiang).get("approvals/").json()["results"]
    assert [row["id"] for row in waiting] == [approval["id"]]
    decided = as_(bank.feng_zhiqiang).post(f"approvals/{approval['id']}/approve/", {"note": "同意"})
    assert (decided.status_code, decided.json()["is_approved"]) == (200, True)
    assert Application.objects.get(pk=case.pk).state == "DRAFT"


def test_a_stamp_is_corrected_only_when_the_supervisor_approves(bank: Cast, as_: As, now: Any) -> None:
    case = bank.complete(bank.draft(when=now), when=now)
    earlier = now - timedelta(minutes=20)
    ask = {"stamp": "taken_in_at", "at": earlier.isoformat(), "reason": "忘记登记"}
    for decision, expected, said in (("refuse", now, {"note": "登记无误"}), ("approve", earlier, {})):
        asked = as_(bank.chen_xiaoming).step(case.number, "correct-stamp", **ask)
        assert asked.status_code == 200, asked.content
        (approval,) = asked.json()["open_approvals"]
        assert as_(bank.feng_zhiqiang).post(f"approvals/{approval['id']}/{decision}/", said).status_code == 200
        assert Application.objects.get(pk=case.pk).taken_in_at == expected
    told = Message.objects.filter(employee=bank.chen_xiaoming, kind="approval_decided").order_by("pk")
    assert [words_of(row.kind, row.facts).split("：", 1)[1] for row in told] == ["不同意。登记无误", "同意。"]
    ahead = as_(bank.chen_xiaoming).step(case.number, "correct-stamp", **ask | {"at": "2099-01-01T00:00:00+08:00"})
    assert ahead.status_code == 400


def test_a_refusal_needs_a_reason_without_personal_numbers(bank: Cast, as_: As, now: Any) -> None:
    case = bank.complete(bank.draft(when=now), when=now)
    ask = {"stamp": "taken_in_at", "at": (now - timedelta(minutes=20)).isoformat(), "reason": "忘记登记"}
    (approval,) = as_(bank.chen_xiaoming).step(case.number, "correct-stamp", **ask).json()["open_approvals"]
    for said in ({}, {"note": " "}, {"note": "请联系客户13800001234"}):
        answer = as_(bank.feng_zhiqiang).post(f"approvals/{approval['id']}/refuse/", said)
        assert (answer.status_code, list(answer.json()["errors"])) == (400, ["note"])
    assert as_(bank.zheng_weiguo).post(f"approvals/{approval['id']}/refuse/", {"note": "x"}).status_code == 403
    assert Approval.objects.get().decided_at is None


# -- queues ------------------------------------------------------------------------------------------------------------
def test_next_claims_says_why_and_is_given_back(bank: Cast, as_: As, now: Any) -> None:
    case = bank.received(when=now)
    checker = as_(bank.he_xiulan)
    assert checker.get(f"applications/{case.number}/").status_code == 404  # of the queue only the count is seen
    claimed = checker.post("queues/check/next/").json()
    assert (claimed["number"], claimed["claimed_by"], bool(claimed["reason"])) == (case.number, "LZ10007", True)
    assert checker.get(f"applications/{case.number}/").status_code == 200
    assert checker.post("queues/check/next/").status_code == 204
    assert checker.delete(f"applications/{case.number}/claim/").status_code == 204
    assert Application.objects.get(pk=case.pk).claimed_by is None


def test_a_queue_is_open_to_its_role_only(bank: Cast, as_: As, now: Any) -> None:
    bank.received(when=now)
    assert as_(bank.song_jia).post("queues/check/next/").status_code == 403
    assert as_(bank.fang_fang).post("queues/check/next/").status_code == 403
    assert as_(bank.li_wenjing).post("queues/entry/next/").status_code == 403
    assert as_(bank.he_xiulan).post("queues/none/next/").status_code == 404


def test_a_case_that_another_holds_is_409_with_the_holder(bank: Cast, as_: As, now: Any) -> None:
    case = bank.received(when=now)
    other = bank.hire("何二", "OC01", "CC")
    as_(bank.he_xiulan).post("queues/check/next/")
    sheet = as_(bank.he_xiulan).get(f"applications/{case.number}/check-sheet/").json()
    items = [{"code": row["code"], "answer": "PASS"} for row in sheet["items"]]
    answer = as_(other).step(case.number, "pass-check", items=items)
    assert (answer.status_code, answer.json()["code"]) == (409, "claimed_by_another")
    assert "何秀兰" in answer.json()["detail"]


def test_the_second_look_in_double_mode_is_blind(bank: Cast, as_: As, now: Any) -> None:
    bank.product("PK").__class__.objects.filter(code="PK").update(review_mode="DOUBLE")
    case = bank.received(when=now)
    bank.check(case, when=now)
    bank.key(case, when=now)
    bank.lend(case, to=bank.xu_wenjuan, when=now)
    reviewer = as_(bank.xu_wenjuan)
    form = reviewer.get(f"applications/{case.number}/entry-form/").json()
    assert form["mode"] == "DOUBLE"
    assert {row["name"] for row in form["fields"]} == {
        "customer_name", "id_number", "mobile", "employer", "product", "collector_number",
    }  # fmt: skip
    assert all(row["value"] is None for row in form["fields"])
    keyed = {row["name"]: row["example"] for row in form["fields"]}
    assert reviewer.step(case.number, "verify", agree=True).status_code == 400
    differs = reviewer.step(case.number, "verify", fields=keyed | {"employer": "另一家公司"}).json()
    assert differs["state"] == "KEYED"
    settled = as_(bank.zheng_weiguo).step(
        case.number, "arbitrate", fields={"employer": {"choose": "FIRST"}}, note="以申请表为准"
    )
    assert (settled.status_code, settled.json()["state"]) == (200, "ENTERED")


def test_example_values_are_for_the_demonstration_only(bank: Cast, as_: As, now: Any, settings: Any) -> None:
    case = bank.received(when=now)
    bank.check(case, when=now)
    bank.lend(case, to=bank.fang_fang, when=now)
    settings.DEMO = False
    form = as_(bank.fang_fang).get(f"applications/{case.number}/entry-form/").json()
    assert all(row["example"] is None and row["value"] is None for row in form["fields"])


# -- personal data -----------------------------------------------------------------------------------------------------
def test_a_value_is_revealed_one_by_one_for_a_purpose_and_logged(bank: Cast, as_: As, now: Any) -> None:
    case = bank.draft(when=now)
    cm = as_(bank.chen_xiaoming)
    shown = cm.post(f"applications/{case.number}/reveal/", {"field": "mobile", "purpose": "约面签"})
    assert shown.json() == {"field": "mobile", "value": case.applicant.mobile.reveal()}
    log = AuditRecord.objects.get(action="reveal")
    assert (log.subject, log.actor, log.facts["field"]) == (case.number, bank.chen_xiaoming, "mobile")
    assert cm.post(f"applications/{case.number}/reveal/", {"field": "mobile"}).status_code == 400
    refused = as_(bank.zhao_lixin).post(f"applications/{case.number}/reveal/", {"field": "state", "purpose": "x"})
    assert refused.status_code == 400


def test_a_refused_look_stands_in_the_log_even_under_an_idempotency_key(bank: Cast, as_: As, now: Any) -> None:
    case = bank.complete(bank.draft(when=now), when=now)
    answer = as_(bank.chen_xiaoming).post(
        f"applications/{case.number}/reveal/", {"field": "mobile", "purpose": "x"}, **{"Idempotency-Key": "r"}
    )
    assert answer.status_code == 403
    assert AuditRecord.objects.filter(action="reveal_refused", subject=case.number).exists()


def test_a_client_is_found_by_exact_value_in_the_body_within_sight(bank: Cast, as_: As, now: Any) -> None:
    case = bank.draft(when=now)
    question = {"id_number": case.applicant.id_number.reveal()}
    found = as_(bank.chen_xiaoming).post("customers/search/", question).json()["results"]
    assert [row["number"] for row in found] == [case.number]
    assert as_(bank.luo_yong).post("customers/search/", question).json()["results"] == []
    both = question | {"name": "王小明"}
    assert as_(bank.chen_xiaoming).post("customers/search/", both).status_code == 400
    assert question["id_number"] not in str(list(AuditRecord.objects.values_list("facts", flat=True)))


def test_contacts_are_recorded_and_stop_the_clock_of_the_first_one(bank: Cast, as_: As, now: Any) -> None:
    case = bank.refer(when=now)
    intake.accept(case=case.pk, actor=bank.zhou_qiming, at=now)
    answer = as_(bank.zhou_qiming).post(
        f"applications/{case.number}/contacts/", {"channel": "PHONE", "result": "REACHED", "note": "周三面签"}
    )
    assert (answer.status_code, ContactLog.objects.count()) == (201, 1)
    assert CaseClock.objects.get(application=case, kind="REF_CONTACT").stopped_at is not None


# -- files -------------------------------------------------------------------------------------------------------------
def test_a_page_of_the_paper_is_added_listed_and_opened(
    bank: Cast, as_: As, now: Any, settings: Any, tmp_path: Any
) -> None:
    settings.DOCUMENT_ROOT = tmp_path
    case = bank.draft(when=now)
    out = io.BytesIO()
    Image.new("RGB", (60, 40), "navy").save(out, "PNG")
    upload = {"file": SimpleUploadedFile("../../身份证.png", out.getvalue()), "kind": "ID", "side": "FRONT"}
    cm = as_(bank.chen_xiaoming)
    added = cm.client.post(f"{API}applications/{case.number}/documents/", upload, format="multipart")
    assert added.status_code == 201, added.content
    assert [row["id"] for row in cm.get(f"applications/{case.number}/documents/").json()] == [added.json()["id"]]
    page = cm.get(f"applications/{case.number}/documents/{added.json()['id']}/")
    assert (page.status_code, page["Content-Type"], page.content[:3]) == (200, "image/jpeg", b"\xff\xd8\xff")
    assert page["Content-Disposition"].startswith("attachment")
    assert page["X-Content-Type-Options"] == "nosniff"
    wrong = cm.client.post(
        f"{API}applications/{case.number}/documents/",
        {"file": SimpleUploadedFile("x.svg", b"<svg/>"), "kind": "ID"}, format="multipart",
    )  # fmt: skip
    assert (wrong.status_code, wrong.json()["code"]) == (400, "bad_file")


HEADER = "application_number,id_last4,status,at,card_last4,reason\n"


def test_a_file_of_the_card_system_is_taken_and_tells_what_became_of_its_lines(bank: Cast, as_: As, now: Any) -> None:
    case = bank.received(when=now)
    bank.check(case, when=now)
    bank.key(case, when=now)
    bank.review(case, when=now)
    bank.file(case, when=now)
    last4 = case.applicant.id_number.reveal()[-4:]
    when = clock.now().isoformat()
    text = f"{HEADER}{case.number},{last4},ISSUED,{when},6688,\nJL00000000000,1234,ISSUED,{when},6688,\n"
    tracker = as_(bank.zheng_weiguo)

    def load(content: str, key: str) -> Any:
        upload = {"file": SimpleUploadedFile("card.csv", content.encode())}
        return tracker.client.post(
            f"{API}card-status-imports/", upload, format="multipart", headers={"Idempotency-Key": key}
        )

    taken = load(text, "f1")
    assert taken.status_code == 202, taken.content
    assert load(text, "f1").json() == taken.json()  # another boundary, the same file
    assert load(text + "\n", "f1").status_code == 422
    file = CardStatusImport.objects.get()
    apply_file(file_id=file.pk, at=clock.now())
    told = tracker.get(f"card-status-imports/{file.pk}/").json()
    assert (told["state"], told["matched"], told["done_before"]) == ("DONE", 1, 0)
    assert [row["line"] for row in told["unmatched"]] == [3]
    assert Application.objects.get(pk=case.pk).state == "ISSUED"
    assert load("a,b\n1,2\n", "f2").status_code == 400
    assert as_(bank.fang_fang).get("card-status-imports/").status_code == 403


# -- bags --------------------------------------------------------------------------------------------------------------
def test_s16_a_missing_file_opens_an_incident_and_is_received_when_it_turns_up(bank: Cast, as_: As, now: Any) -> None:
    cases = [bank.complete(bank.draft(when=now), when=now) for _count in range(3)]
    bag = bank.send(*cases, when=now)
    receiver = as_(bank.wu_xiaofeng)
    here, lost = [case.number for case in cases[:2]], cases[2].number
    incomplete = receiver.post(f"bags/{bag.pk}/receive/", {"seal_no": bag.seal_no, "received": here})
    assert (incomplete.status_code, incomplete.json()["code"]) == (400, "not_counted")
    answer = receiver.post(
        f"bags/{bag.pk}/receive/", {"seal_no": bag.seal_no, "received": here, "missing": [lost]}
    ).json()
    (incident,) = answer["incidents"]
    assert (answer["state"], incident["code"], incident["application"]) == ("DISCREPANCY", "L01", lost)
    closed = receiver.post(f"bag-incidents/{incident['id']}/close/", {"finding": "夹在另一包中", "turned_up": True})
    assert (closed.status_code, Application.objects.get(number=lost).state) == (200, "RECEIVED")
    assert receiver.get(f"bags/{bag.pk}/").json()["state"] == "RECONCILED"


def test_bags_of_another_branch_are_out_of_sight(bank: Cast, as_: As, now: Any) -> None:
    bag = bank.pack(bank.complete(bank.draft(when=now), when=now), when=now)
    elsewhere = as_(bank.hire("别处", "YX01", "BAG"))
    assert elsewhere.get("bags/").json()["results"] == []
    assert elsewhere.get(f"bags/{bag.pk}/").status_code == 404
    assert elsewhere.post(f"bags/{bag.pk}/hand-over/", {"truck_no": "岚A", "escort": "甲"}).status_code == 404
    assert elsewhere.post("bags/", {"branch": "BH01"}).status_code == 404
    assert as_(bank.he_xiulan).get("bags/").status_code == 403


def test_a_file_is_taken_out_of_an_open_bag(bank: Cast, as_: As, now: Any) -> None:
    case = bank.complete(bank.draft(when=now), when=now)
    sealer = as_(bank.qian_yumei)
    bag = sealer.post("bags/", {"branch": "BH01"}).json()["id"]
    sealer.post(f"bags/{bag}/files/", {"application": case.number})
    again = sealer.post(f"bags/{bag}/files/", {"application": case.number})
    assert (again.status_code, again.json()["code"]) == (409, "in_another_bag")
    assert sealer.delete(f"bags/{bag}/files/{case.number}/").status_code == 204
    assert sealer.get(f"bags/{bag}/").json()["files"] == []
    empty = sealer.post(f"bags/{bag}/seal/", {"seal_no": "S9", "witness": "LZ10004"})
    assert (empty.status_code, empty.json()["code"]) == (409, "bag_empty")


# -- questions ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("kind", "start", "due"),
    [
        ("DISPATCH", "2026-11-23T16:40:00+08:00", "2026-11-23T20:00:00+08:00"),
        ("DISPATCH", "2026-11-23T17:31:00+08:00", "2026-11-24T20:00:00+08:00"),
        ("ENTRY", "2026-11-24T08:40:00+08:00", "2026-11-26T17:30:00+08:00"),
        ("ENTRY", "2026-09-30T09:10:00+08:00", "2026-10-09T17:30:00+08:00"),
        ("REF_ACCEPT", "2026-11-20T16:30:00+08:00", "2026-11-23T11:30:00+08:00"),
    ],
)
def test_a_deadline_is_told_with_its_days_to_everybody(bank: Cast, as_: As, kind: str, start: str, due: str) -> None:
    answer = as_(bank.su_min).get("deadline/", clock=kind, start=start).json()
    assert (answer["due_at"], answer["provisional"]) == (due, False)
    assert {day["counted"] for day in answer["days"]} >= {True}


def test_a_deadline_in_a_year_without_official_days_is_provisional(bank: Cast, as_: As) -> None:
    answer = as_(bank.su_min).get("deadline/", clock="ENTRY", start="2027-05-20T09:00:00+08:00").json()
    assert answer["provisional"] is True


@pytest.mark.parametrize(
    "query", [{}, {"clock": "ENTRY"}, {"clock": "X", "start": "2026-11-24"}, {"clock": "ENTRY", "start": "soon"},
              {"clock": "ENTRY", "start": "2026-11-24T08:40", "branch": "XX"}]
)  # fmt: skip
def test_a_deadline_that_is_asked_wrongly_is_400(bank: Cast, as_: As, query: dict[str, str]) -> None:
    assert as_(bank.su_min).get("deadline/", **query).status_code == 400


def test_the_anonymous_get_401(bank: Cast, anonymous: Caller) -> None:
    for path in ("applications/", "bags/", "me/", "deadline/", "approvals/", "card-status-imports/"):
        assert (path, anonymous.get(path).status_code) == (path, 401)
