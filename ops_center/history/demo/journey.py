"""How a case of the demo bank goes from stage to stage: plausible gaps in working time, people of the right trade."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any, Self

from applications.lifecycle import Clock, State
from applications.models import Bag, BagItem, ChecklistItem, ContactLog, GroupBatch, Product
from applications.services.bags import INCIDENT_HOURS
from applications.services.claims import LEASE
from applications.services.endings import VALID_DAYS
from applications.services.numbers import spell_archive_number
from applications.services.problems import WAIT
from ops_center.clock import local_day
from ops_center.history.demo.bank import Crew
from ops_center.history.demo.clients import Clients
from ops_center.history.demo.days import Days
from ops_center.history.past import Client, PastBag
from ops_center.history.story import Story
from organization.models import Branch, Employee
from organization.roles import Role
from organization.services.calendar import OpeningTimes
from referrals.models import ExternalReferrer

Result = ContactLog.Result
ESCORTS = ("押运员甲", "押运员乙")
BY_CARD_SYSTEM = "CARDSYS"  # the source that the events of the card system's files name


class TooLate(Exception):
    """The story would have to go on after the moment of the load."""


@dataclass
class Teller:
    """What every case of the demo draws from."""

    crew: Crew
    clients: Clients
    days: Days
    products: dict[str, Product]
    checklists: Mapping[tuple[str, str], Sequence[ChecklistItem]]
    archive: Iterator[int]
    rng: random.Random
    times: OpeningTimes
    bags: dict[tuple[str, date, str], PastBag] = field(default_factory=dict)
    senders: Sequence[ExternalReferrer] = ()
    _seal: int = 0

    def cut_off(self, branch: Branch, on: date) -> time:
        return self.times.hours(branch, on=on).cut_off_on(on)

    def anybody(self, role: Role, place: str = "") -> Employee:
        return self.rng.choice(self.crew.at(place, role) if place else self.crew.by_role[role])

    def sender(self) -> ExternalReferrer:
        """A client who has sent others before."""
        return self.rng.choice(self.senders)

    def chance(self, percent: float) -> bool:
        return self.rng.random() * 100 < percent

    def collector(self, branch: Branch, *, on_the_road: bool) -> Employee:
        """A customer manager of the branch, or somebody of the card center who covers its area."""
        if not on_the_road:
            return self.anybody(Role.CM, branch.code)
        return self.rng.choice([p for p in self.crew.by_role[Role.CS] if branch.area in p.areas.all()])

    def items(self, product: Product, group: str) -> list[str]:
        """The documents of a whole pack: all that are required and one of each set."""
        lines, sets, codes = self.checklists[product.tier, group], set[str](), []
        for line in lines:
            if line.need == ChecklistItem.Need.REQUIRED or (line.one_of and line.one_of not in sets):
                sets.add(line.one_of)
                codes.append(line.code)
        return codes

    def bag(self, branch: Branch, on: date, trip: str = "") -> PastBag:
        """The bag of a branch on an evening; ``trip``: another bag of the same evening, or one that has not arrived."""
        key = (branch.code, on, trip)
        if key not in self.bags:
            self.bags[key] = self._new_bag(branch, on, trip)
        return self.bags[key]

    def _new_bag(self, branch: Branch, on: date, trip: str) -> PastBag:
        days, sealers = self.days, self.crew.at(branch.code, Role.BAG)
        opened = days.at(on, self.cut_off(branch, on)) - timedelta(minutes=20)
        truck = days.at(on, self.times.truck(branch, on=on))
        sealed, left = opened + timedelta(minutes=31), truck + timedelta(minutes=5)
        if trip == "midday":
            opened, sealed, left = days.at(on, "10:50"), days.at(on, "11:05"), days.at(on, "11:30")
        if trip == "waiting":
            opened, sealed = opened + timedelta(minutes=48), opened + timedelta(minutes=58)
        arrived = days.between(days.next(on), "08:38", "09:05")
        self._seal += 1
        seal_no = f"FQ{700_000 + self._seal}"
        columns: dict[str, Any] = {
            "branch": branch, "seal_no": seal_no, "opened_by": sealers[0], "opened_at": opened, "sealed_by": sealers[0],
            "witness": sealers[1], "sealed_at": sealed, "state": Bag.State.SEALED, "version": 2,
        }  # fmt: skip
        if trip != "waiting":
            columns |= {
                "truck_no": f"岚A-{10_000 + self.rng.randint(1, 60)}", "escort": self.rng.choice(ESCORTS),
                "handed_over_by": sealers[0], "handed_over_at": left, "state": Bag.State.HANDED_OVER, "version": 3,
            }  # fmt: skip
        if not trip:
            columns |= {
                "received_by": self.anybody(Role.RCV), "received_at": arrived, "state": Bag.State.RECONCILED,
                "version": 4,
            }  # fmt: skip
        return PastBag(at=opened, columns=columns, seals=[{"seal_no": seal_no, "used_at": sealed}])


class Journey:
    """One case on its way. Each leg ends where its name says; ``at`` of a leg overrides the plausible gap."""

    def __init__(
        self, teller: Teller, client: Client, product: str, *, group: str = "SALARIED", employer: str = "",
        campaign: str = "", batch: GroupBatch | None = None,
    ) -> None:  # fmt: skip
        self.teller, self.rng, self.days = teller, teller.rng, teller.days
        self.client, self.product, self.group = client, teller.products[product], group
        self.employer, self.campaign, self.batch = employer, campaign, batch
        self.story = Story(client)
        self.collector: Employee = teller.crew.by_role[Role.CM][0]
        self.branch: Branch = self.collector.branch
        self.referrer: Employee | None = None
        self.keyer: Employee | None = None
        self.party = ""  # whom the last problem item waited for
        self.officer = teller.anybody(Role.AS)
        self.tracker = teller.anybody(Role.TR)
        self.received_at = self.days.now
        self.taken_in_on = self.days.today
        self.bag: PastBag | None = None  # that it arrived in
        self.is_own_way = False
        self._form: dict[str, Any] = {}

    # -- the front ---------------------------------------------------------------------------------------------------
    def referred(self, at: datetime, by: Employee, **facts: Any) -> Self:
        """At the referral nobody asks for the ID card."""
        self.referrer = by
        self.story.client = Client(self.client.name, self.client.mobile)
        self.story.refer(self.in_time(at), by, self.product, campaign=self.campaign, **facts)
        return self

    def accepted(self, at: datetime, by: Employee, *, calls: bool = True) -> Self:
        self.collector, self.branch = by, by.branch
        self.story.accept(self.in_time(at), by)
        if calls:
            self.called(self.days.after(at, 30, 300), by, stops=Clock.REF_CONTACT)
        return self

    def started(self, at: datetime) -> Self:
        self.story.client = self.client
        self.story.start_intake(self.in_time(at), self.collector, group=self.group)
        return self

    def walked_in(self, at: datetime, by: Employee, *, referrer: Employee | None = None) -> Self:
        self.collector, self.branch, self.referrer = by, by.branch, referrer
        self.story.walk_in(
            self.in_time(at), by, self.product, group=self.group, referrer=referrer, campaign=self.campaign,
            batch=self.batch,
        )  # fmt: skip
        return self

    def taken_in(self, at: datetime, *, host: Branch | None = None) -> Self:
        self.taken_in_on = local_day(at)
        self.story.complete_intake(
            self.in_time(at), self.collector, items=self.teller.items(self.product, self.group),
            form_no=f"SQ{self.rng.randrange(10**8):08d}",
        )  # fmt: skip
        if host is not None:
            self.story.hand_to_branch(self.in_time(at + timedelta(minutes=25)), self.collector, host)
            clerk = self.teller.crew.at(host.code, Role.BAG)[0]
            self.story.confirm_hand_to_branch(self.in_time(at + timedelta(minutes=40)), clerk)
            self.branch = host
        return self

    # -- the bag -----------------------------------------------------------------------------------------------------
    def packed(self, on: date, trip: str = "") -> Self:
        """Into the bag of the evening and, unless ``trip`` says otherwise, out of it at the center next morning."""
        bag = self.teller.bag(self.branch, on, trip)
        facts, fate = bag.columns, BagItem.Fate.RECEIVED if trip == "" else BagItem.Fate.PACKED
        clerk, packed_at = facts["opened_by"], max(self.story.last_at, facts["opened_at"])
        self.story.pack(packed_at, clerk, bag, fate=fate)
        self.story.seal(self.in_time(facts["sealed_at"]), clerk, bag, witness=facts["witness"])
        if trip != "waiting":
            self.story.hand_over(self.in_time(facts["handed_over_at"]), clerk, bag)
        if trip == "":
            self.bag = bag
            self.received_at = self.in_time(facts["received_at"])
            self.story.receive(self.received_at, facts["received_by"], bag)
        return self

    def lost(self, on: date) -> Self:
        """In the bag of that evening on paper, but not when it was opened: an incident of 24 hours."""
        bag = self.teller.bag(self.branch, on)
        facts = bag.columns
        facts["state"] = Bag.State.DISCREPANCY
        clerk, arrived = facts["opened_by"], facts["received_at"]
        self.story.pack(facts["opened_at"], clerk, bag, fate=BagItem.Fate.MISSING)
        self.story.seal(facts["sealed_at"], clerk, bag, witness=facts["witness"])
        self.story.hand_over(facts["handed_over_at"], clerk, bag)
        self.story.report_missing(arrived, facts["received_by"], bag, due_at=arrived + timedelta(hours=INCIDENT_HOURS))
        return self

    def goes_own_way(self) -> Self:
        """Path A: the customer manager handles the own client's case."""
        self.is_own_way = True
        self.received_at = self.in_time(self.story.last_at + timedelta(minutes=self.rng.randint(5, 30)))
        self.story.self_route(self.received_at, self.collector)
        return self

    # -- the center --------------------------------------------------------------------------------------------------
    def checked(self, at: datetime | None = None, *, by: Employee | None = None) -> Self:
        done = at or self.days.after(self.story.last_at, 40, 250)
        checker = self.collector if self.is_own_way else by or self.teller.anybody(Role.CC)
        self.story.pass_check(self.in_time(done), checker, claimed_at=self._claim(done, 8, 25))
        return self

    def keyed(
        self, at: datetime | None = None, *, by: Employee | None = None, owned_since: datetime | None = None
    ) -> Self:
        done = at or self.days.after(self.story.last_at, 30, 220)
        keyer = self.collector if self.is_own_way else by or self.teller.anybody(Role.EC)
        claimed_at = owned_since or self._claim(done, 5, 14)
        self.story.submit_entry(self.in_time(done), keyer, self.form(), claimed_at=claimed_at)
        self.keyer = keyer
        return self

    def form(self) -> dict[str, Any]:
        """What stands on the paper: the same for everybody who keys it."""
        if not self._form:
            self._form = self.teller.clients.form(
                self.client, product=self.product.code, group=self.group, collector=self.collector.number,
                on=self.taken_in_on, employer=self.employer,
            )  # fmt: skip
        return self._form

    def entered(self, at: datetime | None = None, *, by: Employee | None = None) -> Self:
        done = at or self.days.after(self.story.last_at, 25, 200)
        reviewers = [person for person in self.teller.crew.by_role[Role.ER] if person != self.keyer]
        reviewer, claimed_at = by or self.rng.choice(reviewers), self._claim(done, 2, 8)
        if self.product.review_mode == Product.ReviewMode.DOUBLE:
            self.story.key_again(self.in_time(done), reviewer, self.form(), claimed_at=claimed_at)
        else:
            self.story.verify(self.in_time(done), reviewer, claimed_at=claimed_at)
        return self

    def submitted(self, at: datetime | None = None) -> Self:
        done = at or self.days.after(self.story.last_at, 20, 350)
        number = spell_archive_number(done, next(self.teller.archive))
        shelf = f"{self.rng.choice('ABCD')}-{self.rng.randint(1, 12):02d}-{self.rng.randint(1, 30):02d}"
        self.story.file(
            self.in_time(done), self.tracker, shelf=shelf, archive_no=number, claimed_at=self._claim(done, 2, 6)
        )
        return self

    # -- the card ----------------------------------------------------------------------------------------------------
    def issued(self, at: datetime | None = None) -> Self:
        day = self.days.next(local_day(self.story.last_at), self.rng.randint(3, 8))
        done = at or self.days.between(day, "10:00", "16:30")
        by_file = self.teller.chance(60)
        self.story.mark_issued(
            self.in_time(done), None if by_file else self.tracker, card_last4=f"{self.rng.randrange(10_000):04d}",
            source=BY_CARD_SYSTEM if by_file else "",
        )  # fmt: skip
        return self

    def called(self, at: datetime, by: Employee | None = None, *, stops: Clock = Clock.CONTACT) -> Self:
        result = self.rng.choice((Result.REACHED, Result.REACHED, Result.MISSED, Result.PROMISED))
        promised = self.days.after(at, 600, 1500) if result == Result.PROMISED else None
        caller = by or (self.collector if self.is_own_way else self.officer)
        self.story.contact(self.in_time(at), caller, stops=stops, result=result, promised_at=promised)
        return self

    def coached(self, at: datetime | None = None, *, late: bool = False) -> Self:
        day = self.days.calendar.same_or_next_workday(
            local_day(self.story.last_at) + timedelta(days=self.rng.randint(2, 9))
        )
        done = at or self.days.between(day, "09:00", "17:00")
        officer = self.collector if self.is_own_way else self.officer
        self.story.coach(
            self.in_time(done), officer, satisfaction=self.rng.choice((5, 5, 5, 4, 4, 4, 3, 2)), late=late,
            wished=self.rng.choice(("BJ", "JK", "CZ")) if self.teller.chance(6) else "",
            claimed_at=None if self.is_own_way or late else self._claim(done, 6, 15),
        )  # fmt: skip
        return self

    def activated(self, at: datetime | None = None, *, alone: bool = False) -> Self:
        if at is None and not alone and self.teller.chance(60):
            at = self.story.last_at + timedelta(minutes=self.rng.randint(2, 9))  # in the same call
        if at is None:
            day = local_day(self.story.last_at) + timedelta(days=self.rng.randint(1, 16))
            at = self.days.between(self.days.calendar.same_or_next_workday(day), "09:00", "17:00")
        officer = self.collector if self.is_own_way else self.officer
        if alone:
            self.story.activate(self.in_time(at), None, source=BY_CARD_SYSTEM)
        else:
            self.story.activate(self.in_time(at), officer, channel="PHONE", proof="回呼登记手机号核验")
        if self.teller.chance(70):
            spent_at = at + timedelta(days=self.rng.randint(1, 20), minutes=self.rng.randint(0, 600))
            if spent_at <= self.days.now:
                self.story.columns["first_spend_at"] = spent_at
        return self

    # -- what comes between ------------------------------------------------------------------------------------------
    def returned(self, at: datetime | None = None) -> Self:
        done = at or self.days.after(self.story.last_at, 30, 200)
        codes, note = self.rng.choice(RETURNS)
        self.story.return_case(
            self.in_time(done),
            self.teller.anybody(Role.CC),
            codes=codes,
            note=note,
            claimed_at=self._claim(done, 6, 20),
        )
        return self

    def resubmitted(self) -> Self:
        """Answered by the collector within a few days, and back in the bag of that evening."""
        day = self.days.next(local_day(self.story.last_at), self.rng.randint(1, 4))
        self.story.resubmit(self.in_time(self.days.between(day, "09:30", "15:20")), self.collector, "已补齐，随包寄送")
        self.packed(day)
        return self

    def troubled(self, at: datetime | None = None, *, party: str = "", calls: bool = True) -> Self:
        """A problem item is open; the tracker has made a first call where there was time for it."""
        done = at or self.days.after(self.story.last_at, 20, 120)
        choices = [problem for problem in PROBLEMS if party in ("", problem[1])]
        code, self.party, note = self.rng.choice(choices)
        raiser = self.tracker if self.is_own_way or self.keyer else self.teller.anybody(Role.CC)
        self.story.raise_problem(
            self.in_time(done), raiser, code=code, party=self.party, note=note,
            wait_until=self.days.next(local_day(done), self.rng.randint(2, 5)) if code == WAIT else None,
            claimed_at=self._claim(done, 5, 12) if raiser != self.tracker else None,
        )  # fmt: skip
        called = done + timedelta(minutes=self.rng.randint(15, 50))
        if calls and called <= self.days.now:
            self.called(called, self.tracker, stops=Clock.PROBLEM_ACT)
        return self

    def replied(self, at: datetime | None = None) -> Self:
        done = at or self.days.after(self.story.last_at, 120, 480)
        self.story.reply(self.in_time(done), self.collector, self.rng.choice(ANSWERS))
        return self

    def resolved(self) -> Self:
        self.story.resolve(self.in_time(self.days.after(self.story.last_at, 30, 300)), self.tracker, "已核实，继续办理")
        return self

    # -- the other ends ------------------------------------------------------------------------------------------------
    def stopped(self) -> Self:
        """A hard stop at the check: the supervisor's act."""
        at, supervisor = self.days.after(self.story.last_at, 60, 300), self.teller.anybody(Role.SUP)
        self.story.reject(self.in_time(at), supervisor, code="K05", note="多件同一联系人，疑似中介包装")
        return self

    def rejected(self) -> Self:
        """By the card system, some days after the filing."""
        day = self.days.next(local_day(self.story.last_at), self.rng.randint(1, 7))
        at, code, by_file = self.days.between(day, "10:00", "16:30"), self.rng.choice(REFUSALS), self.teller.chance(70)
        self.story.reject(
            self.in_time(at), None if by_file else self.tracker, code=code, source=BY_CARD_SYSTEM if by_file else ""
        )
        return self

    def withdrawn(self, low: int, high: int) -> Self:
        """At the client's wish, so many working minutes later."""
        at = self.days.after(self.story.last_at, low, high)
        self.story.withdraw(self.in_time(at), self.collector, note=self.rng.choice(WITHDRAWALS))
        return self

    def refused(self) -> Self:
        at = self.days.after(self.story.last_at, 400, 1500)
        self.story.refuse_card(self.in_time(at), self.officer, note="电话中表示不需要此卡")
        return self

    def lapsed(self) -> Self:
        at = self.story.last_at + timedelta(days=VALID_DAYS[State.DRAFT], minutes=self.rng.randint(1, 58))
        self.story.expire(self.in_time(at))
        return self

    # -- inside ------------------------------------------------------------------------------------------------------
    def _claim(self, done: datetime, low: int, high: int) -> datetime:
        """The case was taken from its queue some minutes before, never before it came there."""
        taken = done - timedelta(minutes=self.rng.randint(low, min(high, int(LEASE.total_seconds()) // 60 - 1)))
        return max(taken, self.story.last_at)

    def in_time(self, at: datetime) -> datetime:
        if at > self.days.now:
            raise TooLate
        return at


RETURNS: tuple[tuple[list[str], str], ...] = (
    (["D05"], "缺收入证明，请补近六个月工资流水"),
    (["F02"], "领用合约未签名，请客户本人补签"),
    (["D01"], "身份证复印件缺反面"),
    (["D04", "D07"], "工作证明缺失且公章不清"),
    (["W02"], "复印件未注明原件已核"),
    (["F01"], "必填项未填，请补填"),
)
PROBLEMS: tuple[tuple[str, str, str], ...] = (
    ("F04", "BRANCH", "联系人单位电话未填"),
    ("C03", "BRANCH", "单位电话无法核实，请提供座机"),
    ("C01", "BRANCH", "申请表与证明的单位名称不一致"),
    ("C04", "CUSTOMER", "三次电核未接通"),
    ("U03", "CUSTOMER", "客户出差，约定回来后再办"),
    ("H01", "HEAD_OFFICE", "卡系统报错，待总行处理"),
    ("E02", "CENTER", "影像缺页，待补扫"),
)
REFUSALS = ("K06", "K03", "K04")
WITHDRAWALS = ("客户来电表示不办了", "客户改办他行", "客户等不及，要求撤件")
ANSWERS = ("已与客户核实并补填", "已更正，见补充材料", "单位座机已核实，可接听")
