"""The acceptance scenarios of the bank (domain section 17) as another program would see them: through HTTP.

What has to lie in the past is built with the acts of the cast, at its exact instant; what the scenario is about is then
asked, or done, over HTTP. Where it is done at a given time, the application's clock is moved as a demonstration moves
it (``OPS_CENTER_CLOCK``): it runs on from there.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from applications.models import Application
from applications.services.personal import access_log
from applications.services.problems import raise_problem, resolve
from incentives.reference import install_policies
from incentives.services.policies import approve_bounty, draft_bounty
from ops_center import clock
from organization.models import Employee
from tests.api.conftest import API, As, Caller
from tests.cast import Cast, at, make_bank

pytestmark = pytest.mark.django_db
SetClock = Callable[[str], None]
PACK = {
    "witness_person": True, "witness_original": True, "witness_signature": True, "client_signature": True,
    "credit_auth": True,
}  # fmt: skip


@pytest.fixture
def bank(db: None) -> Cast:
    cast = make_bank()
    install_policies()
    return cast


@pytest.fixture
def set_clock(settings) -> SetClock:
    """``set_clock("2026-11-26 17:29")``: the application's clock stands there and runs on."""

    def set_clock(text: str) -> None:
        settings.OPS_CENTER_CLOCK = at(text).isoformat()
        clock._offset.cache_clear()

    yield set_clock
    clock._offset.cache_clear()


def ok(answer: Any, status: int = 200) -> Any:
    assert answer.status_code == status, answer.content.decode()
    return answer.json() if answer.content else None


def refused(answer: Any, status: int, code: str) -> dict[str, Any]:
    assert (answer.status_code, answer.json().get("code")) == (status, code), answer.content.decode()
    return answer.json()


@dataclass
class Way:
    """One case on its way: each act is the request of the person who does it."""

    bank: Cast
    as_: As
    number: str

    # -- asking --------------------------------------------------------------------------------------------------------
    def case(self, *, seen_by: Employee | None = None) -> dict[str, Any]:
        return ok(self.as_(seen_by or self.bank.pan_wei).get(f"applications/{self.number}/"))

    def clock(self, kind: str) -> dict[str, Any]:
        """The latest clock of a kind, its instants as instants."""
        found = [row for row in self.case()["clocks"] if row["kind"] == kind][-1]
        return found | {name: datetime.fromisoformat(found[name]) for name in ("started_at", "due_at", "warn_at")}

    def rewards(self, kind: str = "SPLIT") -> list[tuple[str, str, str]]:
        """(role, payee, yuan) of one kind of line, in the order of the split."""
        rows = ok(self.as_(self.bank.pan_wei).get("rewards/", application=self.number))["results"]
        of_kind = sorted((row for row in rows if row["kind"] == kind), key=lambda row: row["id"])
        return [(row["role"], row["payee"], row["amount"]) for row in of_kind]

    def step(self, who: Employee, step: str, **facts: Any) -> Any:
        return self.as_(who).step(self.number, step, **facts)

    # -- acting --------------------------------------------------------------------------------------------------------
    def collect(self, collector: Employee) -> None:
        ok(self.step(collector, "accept"))
        facts = {"customer_group": "SALARIED", "consent": True, **facts_of(self.bank)}
        ok(self.step(collector, "start-intake", **facts))

    def take_in(self, collector: Employee) -> None:
        lines = ok(self.as_(collector).get(f"applications/{self.number}/checklist/"))
        items = [{"code": line["code"], "original_seen": True, "copy": True} for line in lines]
        ok(self.step(collector, "complete-intake", items=items, **PACK))

    def to_branch(self, collector: Employee) -> None:
        ok(self.step(collector, "hand-to-branch", branch="BH01"))
        ok(self.step(self.bank.qian_yumei, "confirm-hand-to-branch"))

    def by_bag(self) -> None:
        bag = hand_over(self.as_(self.bank.qian_yumei), [self.number])
        receiver = self.as_(self.bank.wu_xiaofeng)
        ok(receiver.post(f"bags/{bag['id']}/receive/", {"seal_no": bag["seal_no"], "received": [self.number]}))

    def take_from(self, queue: str, who: Employee) -> None:
        assert ok(self.as_(who).post(f"queues/{queue}/next/"))["number"] == self.number

    def check(self, who: Employee) -> None:
        sheet = ok(self.as_(who).get(f"applications/{self.number}/check-sheet/"))
        answers = [{"code": row["code"], "answer": "PASS"} for row in sheet["items"]]
        notes = [{"code": row["code"], "note": "已核实"} for row in sheet["warnings"]]
        ok(self.step(who, "pass-check", items=answers, warnings=notes))

    def key(self, who: Employee) -> None:
        form = ok(self.as_(who).get(f"applications/{self.number}/entry-form/"))
        ok(self.step(who, "submit-entry", fields={row["name"]: row["example"] for row in form["fields"]}))

    def through_the_center(self) -> None:
        bank = self.bank
        self.take_from("check", bank.he_xiulan)
        self.check(bank.he_xiulan)
        self.take_from("entry", bank.fang_fang)
        self.key(bank.fang_fang)
        self.review_and_file()

    def review_and_file(self) -> None:
        self.take_from("verify", self.bank.xu_wenjuan)
        ok(self.step(self.bank.xu_wenjuan, "verify", agree=True))
        ok(self.step(self.bank.zheng_weiguo, "file", shelf="A-01-03"))
        ok(self.step(self.bank.zheng_weiguo, "mark-issued", card_last4="6688"))

    def coach_and_activate(self, officer: Employee) -> None:
        items = [row["code"] for row in ok(self.as_(officer).get(f"applications/{self.number}/coaching/"))["items"]]
        ok(self.step(officer, "coach", has_card=True, items=items, satisfaction=5))
        ok(self.step(officer, "activate", identity_verified=True, channel="PHONE", proof="回呼核验"))
        sweep()


def facts_of(bank: Cast) -> dict[str, str]:
    person = bank.client("程立")
    return {"customer_name": person.name, "mobile": person.mobile, "id_number": person.id_number}


def sweep() -> None:
    """One pass of every periodic job, as the scheduler asks for them."""
    call_command("sweep", stdout=io.StringIO(), stderr=io.StringIO())


def refer(bank: Cast, as_: As, by: Employee, *, product: str = "PK") -> Way:
    facts = {name: value for name, value in facts_of(bank).items() if name != "id_number"}
    made = ok(as_(by).post("referrals/", {"product": product, "consent": True, **facts}), 201)
    return Way(bank, as_, made["application"])


def walk_in(bank: Cast, as_: As, by: Employee, *, product: str = "PK") -> Way:
    facts = {"product": product, "customer_group": "SALARIED", "consent": True, **facts_of(bank)}
    return Way(bank, as_, ok(as_(by).post("applications/", facts), 201)["number"])


def hand_over(sealer: Caller, numbers: list[str]) -> dict[str, Any]:
    bag = ok(sealer.post("bags/", {"branch": "BH01"}), 201)
    for number in numbers:
        ok(sealer.post(f"bags/{bag['id']}/files/", {"application": number}))
    ok(sealer.post(f"bags/{bag['id']}/seal/", {"seal_no": f"S{bag['id']:08d}", "witness": "LZ10004"}))
    return ok(sealer.post(f"bags/{bag['id']}/hand-over/", {"truck_no": "岚A-10086", "escort": "押运员甲"}))


def at_the_center(bank: Cast, as_: As) -> Way:
    """The Given of S5: a bag that came Monday night, signed for on Tuesday 2026-11-24 at 08:40."""
    case = bank.received(when=at("2026-11-24 08:40"), taken_in=at("2026-11-23 16:00"))
    return Way(bank, as_, case.number)


def deadline(caller: Caller, kind: str, start: str, **query: str) -> dict[str, Any]:
    return ok(caller.get("deadline/", clock=kind, start=at(start).isoformat(), **query))


def total(rewards: list[tuple[str, str, str]]) -> Decimal:
    return sum((Decimal(amount) for _role, _payee, amount in rewards), Decimal())


# -- S1, S2, S3: who earns what ---------------------------------------------------------------------------------------
def test_s1_a_referral_pays_six_people_of_path_c(bank: Cast, as_: As, set_clock: SetClock) -> None:
    set_clock("2026-11-24 10:00")
    way = refer(bank, as_, bank.li_wenjing)
    way.collect(bank.zhou_qiming)
    way.take_in(bank.zhou_qiming)
    way.to_branch(bank.zhou_qiming)
    way.by_bag()
    way.through_the_center()
    way.coach_and_activate(bank.lin_xiaoyu)

    case = way.case()
    assert (case["state"], case["path"], case["path_locked"]) == ("ACTIVATED", "C", True)
    assert way.rewards() == [
        ("REFERRER", "LZ10234", "25.00"), ("COLLECTOR", "LZ10005", "25.00"), ("CREDIT_CHECK", "LZ10007", "15.00"),
        ("ENTRY", "LZ10008", "10.00"), ("TRACKER", "LZ10010", "5.00"), ("AFTER_SALES", "LZ10011", "20.00"),
    ]  # fmt: skip
    assert way.rewards("TIMELINESS") == [  # everybody was in time: 5 % of the share, beside it
        ("COLLECTOR", "LZ10005", "1.25"), ("CREDIT_CHECK", "LZ10007", "0.75"), ("ENTRY", "LZ10008", "0.50"),
        ("TRACKER", "LZ10010", "0.25"), ("AFTER_SALES", "LZ10011", "1.00"),
    ]  # fmt: skip
    [mine] = ok(as_(bank.li_wenjing).get("me/rewards/"))["results"]
    assert (mine["application"], mine["amount"], mine["state"]) == (way.number, "25.00", "ACCRUED")


def test_s2_who_refers_and_collects_alone_earns_both_parts(bank: Cast, as_: As, set_clock: SetClock, client) -> None:
    set_clock("2026-11-24 10:00")
    way = refer(bank, as_, bank.chen_xiaoming, product="BJ")
    way.collect(bank.chen_xiaoming)
    way.take_in(bank.chen_xiaoming)
    way.by_bag()
    way.through_the_center()
    way.coach_and_activate(bank.lin_xiaoyu)

    assert way.case()["path"] == "B"
    assert way.rewards() == [
        ("REFERRER", "LZ10001", "75.00"), ("COLLECTOR", "LZ10001", "75.00"), ("CREDIT_CHECK", "LZ10007", "45.00"),
        ("ENTRY", "LZ10008", "30.00"), ("TRACKER", "LZ10010", "15.00"), ("AFTER_SALES", "LZ10011", "60.00"),
    ]  # fmt: skip
    mine = ok(as_(bank.chen_xiaoming).get("me/rewards/"))["results"]
    assert sorted((row["kind"], row["amount"]) for row in mine) == [
        ("SPLIT", "75.00"), ("SPLIT", "75.00"), ("TIMELINESS", "3.75"),
    ]  # fmt: skip
    client.force_login(bank.chen_xiaoming, backend="django.contrib.auth.backends.ModelBackend")
    [line] = client.get("/rewards/").context["lines"]
    assert (line.share_fen, [entry.amount_fen for entry in line.entries]) == (150_00, [75_00, 75_00, 3_75])


def test_s3_one_person_does_all_but_the_review(bank: Cast, as_: As, set_clock: SetClock, client) -> None:
    set_clock("2026-11-24 10:00")
    cm = bank.chen_xiaoming
    way = walk_in(bank, as_, cm)
    way.take_in(cm)
    assert "self-route" in way.case(seen_by=cm)["allowed_steps"]
    ok(way.step(cm, "self-route"))
    way.check(cm)
    way.key(cm)
    way.review_and_file()
    way.coach_and_activate(cm)

    case = way.case()
    assert (case["path"], case["entry_mode"], case["stamps"]["bagged_at"]) == ("A", "SELF", None)
    assert {payee for _role, payee, _amount in way.rewards()} == {"LZ10001"}
    assert total(way.rewards()) == Decimal("100.00")
    assert ok(as_(bank.xu_wenjuan).get("me/rewards/"))["results"] == []
    client.force_login(cm, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get(f"/applications/{way.number}/").context["case"].is_self_service


def test_s3_path_a_switched_off_is_no_step_and_a_403(bank: Cast, as_: As, set_clock: SetClock) -> None:
    set_clock("2026-11-24 10:00")
    branch = bank.branches["YX01"]
    branch.has_path_a = False
    branch.save()
    way = walk_in(bank, as_, bank.luo_yong)
    way.take_in(bank.luo_yong)
    assert "self-route" not in way.case(seen_by=bank.luo_yong)["allowed_steps"]
    refused(way.step(bank.luo_yong, "self-route"), 403, "path_a_off")
    assert way.case()["state"] == "TAKEN_IN"


# -- S4, S5, S6, S22: when it is due ----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("taken_in", "due"),
    [
        ("2026-11-23 16:40", "2026-11-23 20:00"),
        ("2026-11-23 17:31", "2026-11-24 20:00"),
        ("2026-11-20 18:05", "2026-11-23 20:00"),
    ],
)
def test_s4_a_pack_leaves_the_same_evening(bank: Cast, as_: As, set_clock: SetClock, taken_in: str, due: str) -> None:
    set_clock(taken_in)
    asked = deadline(as_(bank.song_jia), "DISPATCH", taken_in, branch="BH01")
    assert datetime.fromisoformat(asked["due_at"]) == at(due)
    way = walk_in(bank, as_, bank.chen_xiaoming)
    way.take_in(bank.chen_xiaoming)
    assert way.clock("DISPATCH")["due_at"] == at(due)


def test_s4_handed_to_the_truck_at_1835_is_on_time(bank: Cast, as_: As, set_clock: SetClock) -> None:
    set_clock("2026-11-23 16:40")
    way = walk_in(bank, as_, bank.chen_xiaoming)
    way.take_in(bank.chen_xiaoming)
    set_clock("2026-11-23 18:35")
    hand_over(as_(bank.qian_yumei), [way.number])
    assert way.clock("DISPATCH")["outcome"] == "ON_TIME"
    assert way.case()["state"] == "IN_TRANSIT"


def test_s5_entry_is_due_on_the_second_working_day(bank: Cast, as_: As) -> None:
    entry = at_the_center(bank, as_).clock("ENTRY")
    assert (entry["due_at"], entry["warn_at"]) == (at("2026-11-26 17:30"), at("2026-11-26 10:47"))
    asked = deadline(as_(bank.song_jia), "ENTRY", "2026-11-24 08:40")
    assert [datetime.fromisoformat(asked[name]) for name in ("due_at", "warn_at")] == [
        at("2026-11-26 17:30"), at("2026-11-26 10:47"),
    ]  # fmt: skip
    assert asked["provisional"] is False


@pytest.mark.parametrize(("entered", "is_late"), [("2026-11-26 17:29", False), ("2026-11-26 17:31", True)])
def test_s5_one_minute_decides_and_a_breach_is_one(
    bank: Cast, as_: As, set_clock: SetClock, entered: str, is_late: bool
) -> None:
    set_clock("2026-11-25 09:00")
    way = at_the_center(bank, as_)
    way.take_from("check", bank.he_xiulan)
    way.check(bank.he_xiulan)
    way.take_from("entry", bank.fang_fang)
    way.key(bank.fang_fang)
    set_clock(entered)
    way.take_from("verify", bank.xu_wenjuan)
    ok(way.step(bank.xu_wenjuan, "verify", agree=True))
    assert way.clock("ENTRY")["outcome"] == ("LATE_PENDING" if is_late else "ON_TIME")
    for _scan in range(6):
        sweep()
        found = ok(as_(bank.pan_wei).get("breaches/", application=way.number, clock="ENTRY"))["results"]
        assert len(found) == is_late


@pytest.mark.parametrize(
    ("received", "due"),
    [
        ("2026-09-30 09:10", "2026-10-09 17:30"),
        ("2026-10-08 09:00", "2026-10-10 17:30"),
        ("2026-09-18 10:00", "2026-09-21 17:30"),
    ],
)
def test_s6_holidays_and_make_up_days(bank: Cast, as_: As, received: str, due: str) -> None:
    asked = deadline(as_(bank.song_jia), "ENTRY", received)
    assert (datetime.fromisoformat(asked["due_at"]), asked["provisional"]) == (at(due), False)
    case = bank.received(when=at(received))
    assert Way(bank, as_, case.number).clock("ENTRY")["due_at"] == at(due)


def test_s6_a_year_without_a_calendar_counts_weekdays_and_says_so(bank: Cast, as_: As) -> None:
    asked = deadline(as_(bank.song_jia), "ENTRY", "2031-10-03 09:00")  # a Friday of the national holiday
    assert (datetime.fromisoformat(asked["due_at"]), asked["provisional"]) == (at("2031-10-07 17:30"), True)


@pytest.mark.parametrize(
    ("referred", "due"), [("2026-11-23 15:00", "2026-11-24 10:00"), ("2026-11-20 16:30", "2026-11-23 11:30")]
)
def test_s22_a_lead_is_accepted_within_four_working_hours(bank: Cast, as_: As, referred: str, due: str) -> None:
    assert datetime.fromisoformat(deadline(as_(bank.song_jia), "REF_ACCEPT", referred)["due_at"]) == at(due)
    case = bank.refer(when=at(referred))
    assert Way(bank, as_, case.number).clock("REF_ACCEPT")["due_at"] == at(due)


@pytest.mark.django_db(transaction=True)
def test_s22_of_two_who_accept_at_once_one_wins(bank: Cast, as_: As, set_clock: SetClock) -> None:
    set_clock("2026-11-23 15:00")
    way = refer(bank, as_, bank.li_wenjing)
    rivals = [as_(bank.zhou_qiming), as_(bank.chen_xiaoming)]
    start = threading.Barrier(len(rivals))

    def accept(rival: Caller) -> Any:
        try:
            start.wait(timeout=10)
            return rival.step(way.number, "accept")
        finally:
            connection.close()

    with ThreadPoolExecutor(len(rivals)) as pool:
        answers = list(pool.map(accept, rivals))
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    [lost] = [answer for answer in answers if answer.status_code == 409]
    refused(lost, 409, "accepted_by_another")
    [won] = [answer.json() for answer in answers if answer.status_code == 200]
    assert way.case()["collector"] == won["collector"]


# -- S7, S8: pause and return -----------------------------------------------------------------------------------------
@pytest.mark.parametrize(("party", "due"), [("BRANCH", "2026-11-30 16:30"), ("CENTER", "2026-11-26 17:30")])
def test_s7_only_a_problem_of_somebody_else_pauses(bank: Cast, as_: As, party: str, due: str) -> None:
    way = at_the_center(bank, as_)
    tracker = bank.zheng_weiguo
    raise_problem(
        case=way.number, actor=tracker, at=at("2026-11-25 10:30"), code="C03", party=party, note="单位电话无法核实"
    )
    case = way.case()
    assert (case["state"], case["open_problem"]["party"]) == ("PROBLEM", party)
    assert way.clock("ENTRY")["paused"] is (party == "BRANCH")
    resolve(case=way.number, actor=tracker, at=at("2026-11-27 09:30"), note="已核实")
    entry = way.clock("ENTRY")
    assert (entry["due_at"], entry["paused"], way.case()["state"]) == (at(due), False, "RECEIVED")


def test_s7_the_tracker_resolves_over_http(bank: Cast, as_: As, set_clock: SetClock) -> None:
    way = at_the_center(bank, as_)
    set_clock("2026-11-25 10:30")
    way.take_from("check", bank.he_xiulan)
    ok(way.step(bank.he_xiulan, "raise-problem", code="C03", party="BRANCH", note="单位电话无法核实"))
    refused(way.step(bank.chen_xiaoming, "resolve", note="已核实"), 403, "role")
    ok(way.step(bank.chen_xiaoming, "reply", answer="已补充联系电话"))
    set_clock("2026-11-27 09:30")
    assert ok(way.step(bank.zheng_weiguo, "resolve", note="已核实"))["state"] == "RECEIVED"
    minute = timedelta(minutes=1)  # the clock ran on while the requests were on their way
    assert abs(way.clock("ENTRY")["due_at"] - at("2026-11-30 16:30")) <= minute


def test_s8_a_timely_return_is_no_breach_and_asks_for_every_code(bank: Cast, as_: As, set_clock: SetClock) -> None:
    way = at_the_center(bank, as_)
    taken_in = way.case()["stamps"]["taken_in_at"]
    set_clock("2026-11-24 14:00")
    way.take_from("check", bank.he_xiulan)
    way.check(bank.he_xiulan)
    set_clock("2026-11-26 15:00")
    way.take_from("entry", bank.fang_fang)
    ok(way.step(bank.fang_fang, "return", codes=["D05"], note="缺收入证明"))

    case = way.case(seen_by=bank.chen_xiaoming)
    assert (case["state"], case["round"], case["stamps"]["taken_in_at"]) == ("RETURNED", 2, taken_in)
    assert (case["open_return"]["codes"], case["open_return"]["note"]) == (["D05"], "缺收入证明")
    assert way.clock("ENTRY")["outcome"] == "RETURNED_IN_TIME"
    assert way.clock("SUPPLEMENT")["due_at"] == at("2026-12-03 17:30")

    set_clock("2026-11-27 09:00")
    no = way.step(bank.chen_xiaoming, "resubmit", answers={"D01": "已补"})
    assert (no.status_code, set(no.json()["errors"])) == (400, {"D05", "D01"})  # one is missing, one was not asked
    done = ok(way.step(bank.chen_xiaoming, "resubmit", answers={"D05": "已补工资流水"}))
    assert (done["state"], done["round"], done["stamps"]["taken_in_at"]) == ("TAKEN_IN", 2, taken_in)


# -- S11: rounding ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("bounty", "amounts"),
    [
        ("99.99", ["25.00", "24.99", "15.00", "10.00", "5.00", "20.00"]),
        ("33.33", ["8.33", "8.33", "5.00", "3.33", "1.67", "6.67"]),
        ("88.88", ["22.22", "22.22", "13.33", "8.89", "4.44", "17.78"]),
    ],
)
def test_s11_no_fen_is_lost(bank: Cast, as_: As, bounty: str, amounts: list[str]) -> None:
    answer = ok(as_(bank.song_jia).client.get(f"{API}split/", {"bounty": bounty, "path": "C"}))
    assert ([row["amount"] for row in answer["shares"]], answer["sum"]) == (amounts, bounty)


@pytest.mark.parametrize("is_referred", [True, False])
def test_s11_a_case_of_9999_is_divided_to_the_fen(bank: Cast, as_: As, set_clock: SetClock, is_referred: bool) -> None:
    drafted = draft_bounty(
        product="PK", amount_fen=99_99, starts_on=date(2026, 11, 23), actor=bank.cao_ying, at=at("2026-11-20 10:00")
    )
    approve_bounty(bounty=drafted.pk, actor=bank.deng_hai, at=at("2026-11-20 11:00"))
    set_clock("2026-11-24 11:00")
    way = Way(bank, as_, bank.activated(when=at("2026-11-24 10:00"), referred=is_referred).number)
    sweep()
    rewards = way.rewards()
    assert [amount for _role, _payee, amount in rewards] == ["25.00", "24.99", "15.00", "10.00", "5.00", "20.00"]
    assert total(rewards) == Decimal("99.99")
    if not is_referred:
        own = ok(as_(bank.chen_xiaoming).get("me/rewards/"))["results"]
        shares = [Decimal(row["amount"]) for row in own if row["kind"] == "SPLIT"]
        assert sum(shares) == Decimal("49.99")


# -- S12: exactly once ------------------------------------------------------------------------------------------------
def test_s12_an_activation_that_arrives_twice_pays_once(bank: Cast, as_: As, set_clock: SetClock) -> None:
    set_clock("2026-11-25 10:00")
    case = bank.coach(
        bank.issued(bank.received(when=at("2026-11-24 10:00")), when=at("2026-11-24 11:00")),
        when=at("2026-11-24 12:00"),
    )
    last4 = case.applicant.id_number.reveal()[-4:]
    lines = "application_number,id_last4,status,at,card_last4,reason\n"
    lines += f"{case.number},{last4},ACTIVATED,2026-11-25T09:30:00+08:00,6688,\n"
    tracker = as_(bank.zheng_weiguo)
    loaded = []
    for _time in range(2):
        file = io.BytesIO(lines.encode())
        file.name = "status.csv"
        answer = tracker.client.post(f"{API}card-status-imports/", {"file": file}, format="multipart")
        loaded.append(ok(answer, 202)["id"])
        sweep()
    sweep()
    first, second = (ok(tracker.get(f"card-status-imports/{file}/")) for file in loaded)
    assert (first["matched"], first["done_before"], first["unmatched"]) == (1, 0, [])
    assert (second["matched"], second["done_before"], second["unmatched"]) == (0, 1, [])

    way = Way(bank, as_, case.number)
    found = way.case()
    assert [event["step"] for event in found["events"]].count("activate") == 1
    assert datetime.fromisoformat(found["stamps"]["activated_at"]) == at("2026-11-25 09:30")
    assert (len(way.rewards()), total(way.rewards())) == (6, Decimal("100.00"))


# -- S16: bag difference ----------------------------------------------------------------------------------------------
def test_s16_a_missing_file_stays_on_the_road_with_an_incident(bank: Cast, as_: As, set_clock: SetClock) -> None:
    when = at("2026-11-23 16:00")
    numbers = [bank.complete(bank.draft(when=when), when=when).number for _file in range(12)]
    set_clock("2026-11-23 18:35")
    sent = hand_over(as_(bank.qian_yumei), numbers)
    set_clock("2026-11-24 08:40")
    receiver = as_(bank.wu_xiaofeng)
    arrived = {"seal_no": sent["seal_no"], "received": numbers[:11], "missing": numbers[11:]}
    bag = ok(receiver.post(f"bags/{sent['id']}/receive/", arrived))

    assert bag["state"] == "DISCREPANCY"
    [incident] = bag["incidents"]
    assert (incident["code"], incident["application"], incident["closed_at"]) == ("L01", numbers[11], None)
    late = datetime.fromisoformat(incident["due_at"]) - at("2026-11-25 08:40")
    assert timedelta() <= late < timedelta(minutes=1)
    states = [Way(bank, as_, number).case()["state"] for number in numbers]
    assert states == ["RECEIVED"] * 11 + ["IN_TRANSIT"]
    told = set(Employee.objects.filter(news__kind="bag_missing").values_list("number", flat=True))
    assert told >= {"LZ10002", "LZ10012"}


def test_s16_sealing_takes_two_people_a_file_and_a_fresh_seal(bank: Cast, as_: As, set_clock: SetClock) -> None:
    when = at("2026-11-23 16:00")
    first, second = (bank.complete(bank.draft(when=when), when=when).number for _file in range(2))
    set_clock("2026-11-23 17:00")
    sealer = as_(bank.qian_yumei)
    bag = ok(sealer.post("bags/", {"branch": "BH01"}), 201)["id"]
    refused(sealer.post(f"bags/{bag}/seal/", {"seal_no": "S1", "witness": "LZ10004"}), 409, "bag_empty")
    ok(sealer.post(f"bags/{bag}/files/", {"application": first}))
    refused(sealer.post(f"bags/{bag}/seal/", {"seal_no": "S1", "witness": "LZ10003"}), 409, "same_witness")
    ok(sealer.post(f"bags/{bag}/seal/", {"seal_no": "S1", "witness": "LZ10004"}))
    other = ok(sealer.post("bags/", {"branch": "BH01"}), 201)["id"]
    ok(sealer.post(f"bags/{other}/files/", {"application": second}))
    refused(sealer.post(f"bags/{other}/seal/", {"seal_no": "S1", "witness": "LZ10004"}), 409, "seal_used")


# -- S17: stamps ------------------------------------------------------------------------------------------------------
def test_s17_nobody_types_an_issue_before_the_entry(bank: Cast, as_: As, set_clock: SetClock) -> None:
    way = at_the_center(bank, as_)
    case = Application.objects.get(number=way.number)
    bank.check(case, when=at("2026-11-24 10:00"))
    bank.key(bank.again(case), when=at("2026-11-25 10:00"))
    bank.review(bank.again(case), when=at("2026-11-26 16:00"))
    bank.file(case, when=at("2026-11-26 17:00"))
    set_clock("2026-11-27 09:00")
    tracker = as_(bank.zheng_weiguo)
    typed = tracker.step(way.number, "mark-issued", card_last4="6688", issued_at="2026-11-25T09:00:00+08:00")
    assert (typed.status_code, list(typed.json()["errors"])) == (400, ["issued_at"])

    last4 = case.applicant.id_number.reveal()[-4:]
    file = io.BytesIO(
        "application_number,id_last4,status,at,card_last4,reason\n"
        f"{way.number},{last4},ISSUED,2026-11-25T09:00:00+08:00,6688,\n".encode()
    )
    file.name = "status.csv"
    loaded = ok(tracker.client.post(f"{API}card-status-imports/", {"file": file}, format="multipart"), 202)["id"]
    sweep()
    tally = ok(tracker.get(f"card-status-imports/{loaded}/"))
    assert (tally["matched"], [row["line"] for row in tally["unmatched"]]) == (0, [2])
    assert (way.case()["state"], way.case()["stamps"]["issued_at"]) == ("SUBMITTED", None)


def test_s17_a_stamp_is_corrected_by_two_people_and_the_clocks_follow(bank: Cast, as_: As, set_clock: SetClock) -> None:
    way = at_the_center(bank, as_)
    case = Application.objects.get(number=way.number)
    bank.check(case, when=at("2026-11-24 10:00"))
    bank.key(bank.again(case), when=at("2026-11-26 13:00"))
    bank.review(bank.again(case), when=at("2026-11-26 17:40"))
    assert (way.clock("ENTRY")["outcome"], way.clock("FILE")["due_at"]) == ("LATE_PENDING", at("2026-11-30 17:30"))

    set_clock("2026-11-26 17:50")
    reviewer, supervisor = as_(bank.xu_wenjuan), as_(bank.feng_zhiqiang)
    right = {"stamp": "entered_at", "at": "2026-11-26T17:20:00+08:00", "reason": "17:20 起系统无法提交"}
    early = reviewer.step(way.number, "correct-stamp", **(right | {"at": "2026-11-24T09:00:00+08:00"}))
    refused(early, 409, "stamp_order")
    ok(reviewer.step(way.number, "correct-stamp", **right))
    assert way.clock("FILE")["due_at"] == at("2026-11-30 17:30")  # asked is not yet done

    [asked] = ok(supervisor.get("approvals/"))["results"]
    assert (asked["asked_by"], asked["reason"]) == ("LZ10009", right["reason"])
    assert reviewer.post(f"approvals/{asked['id']}/approve/").status_code == 403
    decided = ok(supervisor.post(f"approvals/{asked['id']}/approve/"))
    assert (decided["decided_by"], decided["is_approved"]) == ("LZ10012", True)

    found = way.case()
    assert datetime.fromisoformat(found["stamps"]["entered_at"]) == at("2026-11-26 17:20")
    assert (way.clock("ENTRY")["outcome"], way.clock("FILE")["due_at"]) == ("ON_TIME", at("2026-11-27 17:30"))
    event = found["events"][-1]
    assert (event["step"], event["actor"], event["note"]) == ("correct-stamp", "LZ10012", right["reason"])
    facts = case.events.latest("seq").facts
    old, new = (datetime.fromisoformat(facts[name]) for name in ("old", "new"))
    assert (old, new, facts["asked_by"]) == (at("2026-11-26 17:40"), at("2026-11-26 17:20"), "LZ10009")


@pytest.mark.parametrize("lacking", ["witness_person", "witness_original", "witness_signature", "ID_COPY"])
def test_s17_no_intake_time_for_an_incomplete_pack(bank: Cast, as_: As, set_clock: SetClock, lacking: str) -> None:
    set_clock("2026-11-23 16:00")
    way = walk_in(bank, as_, bank.chen_xiaoming)
    lines = ok(as_(bank.chen_xiaoming).get(f"applications/{way.number}/checklist/"))
    items = [{"code": line["code"], "original_seen": True, "copy": line["code"] != lacking} for line in lines]
    pack = {name: name != lacking for name in PACK}
    refused(way.step(bank.chen_xiaoming, "complete-intake", items=items, **pack), 409, "pack_incomplete")
    assert (way.case()["state"], way.case()["stamps"]["taken_in_at"]) == ("DRAFT", None)


# -- S21: visibility --------------------------------------------------------------------------------------------------
def test_s21_everybody_sees_what_is_theirs(bank: Cast, as_: As, set_clock: SetClock) -> None:
    set_clock("2026-11-23 11:00")
    when = at("2026-11-23 10:00")
    own, other = bank.draft(when=when).number, bank.draft(when=when, by=bank.luo_yong).number
    for person, seen in (
        (bank.chen_xiaoming, {own}), (bank.zhao_lixin, {own}), (bank.luo_yong, {other}),
        (bank.zheng_weiguo, {own, other}), (bank.pan_wei, {own, other}), (bank.he_xiulan, set()),
        (bank.tian_ye, set()), (bank.su_min, set()),
    ):  # fmt: skip
        rows = ok(as_(person).get("applications/"))["results"]
        assert {row["number"] for row in rows} == seen, person.name
        for number in (own, other):
            answer = as_(person).get(f"applications/{number}/")
            assert answer.status_code == (200 if number in seen else 404), (person.name, number)


def test_s21_a_case_out_of_sight_and_no_case_read_the_same(bank: Cast, as_: As, set_clock: SetClock) -> None:
    set_clock("2026-11-23 11:00")
    hidden = bank.draft(when=at("2026-11-23 10:00"), by=bank.luo_yong).number
    absent = hidden[:-1] + ("1" if hidden[-1] == "0" else "0")
    caller = as_(bank.chen_xiaoming)
    for path in ("applications/{}/", "applications/{}/checklist/"):
        one, none = (caller.get(path.format(number)) for number in (hidden, absent))
        assert (one.status_code, one.content) == (none.status_code, none.content) == (404, none.content)


def test_s21_hr_reads_no_client_in_any_answer_or_file(bank: Cast, as_: As, set_clock: SetClock) -> None:
    set_clock("2026-11-25 10:00")
    case = bank.activated(when=at("2026-11-24 10:00"), referred=True)
    sweep()
    tracker, supervisor, hr = as_(bank.zheng_weiguo), as_(bank.feng_zhiqiang), as_(bank.su_min)
    ok(tracker.post("registrations/", {"applications": [case.number]}), 201)
    no = ok(tracker.post("confirmations/", {"period": "2026-11"}), 201)["no"]
    ok(supervisor.post(f"confirmations/{no}/certify/"))
    batch = ok(hr.post("payouts/", {"confirmations": [no]}), 201)["id"]

    paths = ["applications/", "rewards/", "me/rewards/", "confirmations/", f"confirmations/{no}/", "payouts/"]
    paths += [f"payouts/{batch}/"] + [f"payouts/{batch}/{sheet}.csv" for sheet in ("hr", "vendor", "customers", "pool")]
    person = case.applicant
    secrets = [person.id_number.reveal(), person.mobile.reveal(), person.name.reveal()]
    for path in paths:
        answer = hr.get(path)
        assert answer.status_code == 200, path
        text = answer.content.decode()
        assert [secret for secret in secrets if secret in text] == [], path
    assert hr.get(f"applications/{case.number}/").status_code == 404
    assert hr.post(f"applications/{case.number}/reveal/", {"field": "id_number", "purpose": "核对"}).status_code == 404


def test_s21_every_look_at_a_clear_id_number_leaves_a_line(bank: Cast, as_: As, set_clock: SetClock) -> None:
    set_clock("2026-11-23 11:00")
    case = bank.draft(when=at("2026-11-23 10:00"))
    collector = as_(bank.chen_xiaoming)
    for _look in range(2):
        answer = ok(
            collector.post(f"applications/{case.number}/reveal/", {"field": "id_number", "purpose": "核对证件"})
        )
        assert answer["value"] == case.applicant.id_number.reveal()
    lines = list(access_log(case.number))
    assert len(lines) == 2
    assert {line.actor.number for line in lines} == {"LZ10001"}
    assert all(answer["value"] not in str(vars(line)) for line in lines)
