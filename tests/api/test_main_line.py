"""One case from the walk-in to the activation, through HTTP only, as another bank's client would drive it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from tests.api.conftest import As
from tests.cast import Cast

pytestmark = pytest.mark.django_db


def ok(answer: Any, status: int = 200) -> Any:
    assert answer.status_code == status, answer.content.decode()
    return answer.json() if answer.content else None


@pytest.fixture
def client_facts(bank: Cast) -> dict[str, str]:
    person = bank.client("程立")
    return {"customer_name": person.name, "mobile": person.mobile, "id_number": person.id_number}


def test_a_walk_in_is_carried_to_activation(bank: Cast, as_: As, client_facts: dict[str, str]) -> None:
    cm, sealer, receiver = as_(bank.chen_xiaoming), as_(bank.qian_yumei), as_(bank.wu_xiaofeng)
    supervisor, tracker = as_(bank.feng_zhiqiang), as_(bank.zheng_weiguo)

    made = ok(
        cm.post("applications/", {"product": "PK", "customer_group": "SALARIED", "consent": True, **client_facts}), 201
    )
    number = made["number"]
    assert (made["state"], made["collector"], made["version"]) == ("DRAFT", "LZ10001", 1)
    hidden = f"{client_facts['mobile'][:3]}****{client_facts['mobile'][-4:]}"
    assert made["customer"] == {
        "name": "程**",
        "mobile": hidden,
        "id_number": f"990{'*' * 13}{client_facts['id_number'][-2:]}",
    }
    text = str(made)
    assert client_facts["id_number"] not in text
    assert client_facts["mobile"] not in text

    lines = ok(cm.get(f"applications/{number}/checklist/"))
    items = [{"code": line["code"], "original_seen": True, "copy": True} for line in lines]
    pack = {"witness_person": True, "witness_original": True, "client_signature": True, "credit_auth": True}
    refused = cm.step(number, "complete-intake", items=items, witness_signature=False, **pack)
    assert (refused.status_code, refused.json()["code"]) == (409, "pack_incomplete")
    taken_in = ok(cm.step(number, "complete-intake", items=items, witness_signature=True, **pack))
    assert taken_in["state"] == "TAKEN_IN"

    bag = ok(sealer.post("bags/", {"branch": "BH01"}), 201)
    assert (bag["state"], bag["files"], bag["seal_no"]) == ("OPEN", [], "")
    packed = ok(sealer.post(f"bags/{bag['id']}/files/", {"application": number}))
    assert packed["files"] == [number]
    alone = sealer.post(f"bags/{bag['id']}/seal/", {"seal_no": "S1", "witness": "LZ10003"})
    assert (alone.status_code, alone.json()["code"]) == (409, "same_witness")
    assert ok(sealer.post(f"bags/{bag['id']}/seal/", {"seal_no": "S1", "witness": "LZ10004"}))["state"] == "SEALED"
    ok(sealer.post(f"bags/{bag['id']}/hand-over/", {"truck_no": "岚A-10086", "escort": "押运员甲"}))
    arrived = ok(receiver.post(f"bags/{bag['id']}/receive/", {"seal_no": "S1", "received": [number]}))
    assert arrived["state"] == "RECONCILED"

    ok(supervisor.step(number, "reassign", to="LZ10007", note="测试"))
    checker = as_(bank.he_xiulan)
    sheet = ok(checker.get(f"applications/{number}/check-sheet/"))
    answers = [{"code": row["code"], "answer": "PASS"} for row in sheet["items"]]
    noted = [{"code": row["code"], "note": "已核实"} for row in sheet["warnings"]]
    checked = ok(checker.step(number, "pass-check", items=answers, warnings=noted))
    assert checked["state"] == "CHECKED"

    ok(supervisor.step(number, "reassign", to="LZ10008", note="测试"))
    clerk = as_(bank.fang_fang)
    form = ok(clerk.get(f"applications/{number}/entry-form/"))
    assert form["mode"] == "ENTRY"
    assert all(row["value"] is None for row in form["fields"])
    typed = {row["name"]: row["example"] for row in form["fields"]}
    assert ok(clerk.step(number, "submit-entry", fields=typed))["state"] == "KEYED"
    assert clerk.step(number, "verify", agree=True).status_code == 403

    ok(supervisor.step(number, "reassign", to="LZ10009", note="测试"))
    assert ok(as_(bank.xu_wenjuan).step(number, "verify", agree=True))["state"] == "ENTERED"
    assert ok(tracker.step(number, "file", shelf="A-01-03"))["state"] == "SUBMITTED"
    assert ok(tracker.step(number, "mark-issued", card_last4="6688"))["state"] == "ISSUED"
    officer = as_(bank.lin_xiaoyu)
    codes = [row["code"] for row in ok(officer.get(f"applications/{number}/coaching/"))["items"]]
    ok(officer.step(number, "coach", has_card=True, items=codes, satisfaction=5))
    done = ok(officer.step(number, "activate", identity_verified=True, channel="PHONE", proof="回呼核验"))
    again = officer.step(number, "activate", identity_verified=True, channel="PHONE", proof="again")
    assert (again.status_code, again.json()["code"]) == (409, "step_not_open")

    assert (done["state"], done["macro_stage"], done["path"], done["path_locked"]) == (
        "ACTIVATED",
        "ACTIVATION",
        "B",
        True,
    )
    assert done["performers"] == {
        "COLLECTOR": "LZ10001", "CREDIT_CHECK": "LZ10007", "ENTRY": "LZ10008", "TRACKER": "LZ10010",
        "AFTER_SALES": "LZ10011",
    }  # fmt: skip
    order = ["taken_in_at", "dispatched_at", "received_at", "checked_at", "entered_at", "issued_at", "activated_at"]
    stamps = [done["stamps"][name] for name in order]
    assert stamps == sorted(stamps, key=datetime.fromisoformat)
    assert all(stamp.endswith("+08:00") for stamp in stamps)
    assert [event["seq"] for event in done["events"]] == list(range(1, len(done["events"]) + 1))
    assert done["events"][-1] | {"at": "", "note": ""} == {
        "seq": len(done["events"]), "step": "activate", "from": "COLLECTED", "to": "ACTIVATED", "actor": "LZ10011",
        "at": "", "round": 1, "note": "",
    }  # fmt: skip
    clocks = {clock["kind"]: clock for clock in done["clocks"]}
    assert clocks["ENTRY"]["outcome"] == "ON_TIME"
    assert clocks["ENTRY"]["explanation"]["days"]
