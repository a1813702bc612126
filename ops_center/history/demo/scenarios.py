"""The scripted cases: each stands at the Given of an acceptance scenario and is found by its mark (S5) as campaign.

A script is what happened, when; the year is 2026. It is laid by whole weeks so that its last act is the latest one that
is not in the future (S6 is about official holidays and keeps its dates; S10 lies in a month that has ended). S11 and
S24 are about amounts and targets, not about a case; the twelve files of S16 are among those on the road (cases.py).
The versions of the split table that S10, S13 and S19 ask for are drafted and approved in prices.py.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from applications.lifecycle import Clock
from applications.models import Bag, BagItem, Product
from applications.models.case import ReferrerType
from applications.services.numbers import spell_archive_number
from ops_center.clock import local_day
from ops_center.history.demo.journey import BY_CARD_SYSTEM, Teller
from ops_center.history.past import Client, PastBag
from ops_center.history.story import Story
from ops_center.kernel.identity import check_digit
from ops_center.kernel.worktime import SHANGHAI
from organization.models import Employee
from organization.roles import Role

YEAR = 2026
WEEK = timedelta(days=7)
CLAIMED_BEFORE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Scene:
    """One scripted case and the people of its story, by number."""

    mark: str
    script: str
    product: str = "PK"
    referrer: str = "LZ10234"
    collector: str = "LZ10001"
    checker: str = "LZ10007"
    keyer: str = "LZ10008"
    reviewer: str = "LZ10009"
    tracker: str = "LZ10010"
    officer: str = "LZ10011"
    by_client: bool = False  # another client sent this one
    wished: str = ""
    keeps_dates: bool = False
    weeks_ago: int = 0  # so much earlier than the latest that is possible


LEAD = "refer 11-02 09:10, accept 11-02 10:05, call 11-02 11:20, start 11-03 14:00, complete 11-03 14:40"
BY_BAG = "seal 11-03 17:40, truck 11-03 18:35, arrive 11-04 08:45"
CENTER = "check 11-04 10:30, key 11-04 14:20, verify 11-04 15:40, file 11-05 09:30"
CARD = "issue 11-11 10:20, reach 11-12 10:00, coach 11-18 15:10"
REFERRED = f"{LEAD}, host 11-03 15:10, {BY_BAG}, {CENTER}, {CARD}"  # by the card center's collector
OWN = f"walk-in 11-03 14:10, complete 11-03 14:40, {BY_BAG}, {CENTER}, {CARD}"
ALONE = (
    "walk-in 11-03 14:10, complete 11-03 14:40, self-route 11-03 14:50, check 11-03 15:30, key 11-03 16:10, "
    f"verify 11-04 09:40, file 11-04 10:30, {CARD}"
)
S5 = "walk-in 11-23 15:20, complete 11-23 16:00, seal 11-23 17:40, truck 11-23 18:35, arrive 11-24 08:40"
S9 = (
    "refer 11-20 09:10, accept 11-20 10:05, start 11-23 14:00, complete 11-23 14:40, host 11-23 15:10, "
    "seal 11-23 17:40, truck 11-23 18:35, arrive 11-24 08:40, check 11-24 14:00"
)
DOUBLE = f"{S5}, check 11-24 10:30, key 11-24 14:20"
CARD_STAFF, OF_PILOT_BRANCH = "LZ10005", "LZ10019"
NEWCOMER = ""  # Crew.newcomer
S13 = (
    "seal {day} 17:40, truck {day} 18:35, arrive {next} 08:45, check {next} 10:30, key {next} 14:20, "
    "verify {next} 15:40, file 12-03 09:30, issue 12-09 10:20, reach 12-10 10:00, coach 12-16 15:10"
)
S10 = (  # so late that no holiday in between makes it punctual
    "walk-in 11-09 15:20, complete 11-09 16:00, seal 11-09 17:40, truck 11-09 18:35, arrive 11-10 08:40, "
    "check 11-10 14:00, claim 11-11 09:00, key 11-11 09:12, verify 11-24 09:30, file 11-24 10:30, "
    "issue 12-04 10:20, reach 12-07 10:00, coach 12-09 15:10, activate 12-09 15:15"
)

SCENES: tuple[Scene, ...] = (
    Scene("S1", REFERRED, collector=CARD_STAFF),
    Scene("S2", f"{LEAD}, {BY_BAG}, {CENTER}, {CARD}", product="BJ", referrer="LZ10001"),
    Scene("S3", ALONE),
    Scene("S4", "walk-in 11-23 16:00, complete 11-23 16:40"),
    Scene("S4", "walk-in 11-23 17:00, complete 11-23 17:31"),
    Scene("S4", "walk-in 11-20 17:30, complete 11-20 18:05"),
    Scene("S5", S5),
    Scene("S6", "walk-in 09-29 15:20, complete 09-29 16:00, seal 09-29 17:40, truck 09-29 18:35, arrive 09-30 09:10",
          keeps_dates=True),
    Scene("S6", "walk-in 09-30 15:20, complete 09-30 16:00, seal 09-30 17:40, truck 09-30 18:35, arrive 10-08 09:00",
          keeps_dates=True),
    Scene("S6", "walk-in 09-17 15:20, complete 09-17 16:00, seal 09-17 17:40, truck 09-17 18:35, arrive 09-18 10:00",
          keeps_dates=True),
    Scene("S7", f"{S5}, problem-BRANCH 11-25 10:30"),
    Scene("S7", f"{S5}, problem-CENTER 11-25 10:30"),
    Scene("S8", f"{S5}, check 11-24 14:00"),
    Scene("S9", f"{S9}, claim 11-25 09:00, key 11-25 09:12, verify 11-27 09:30", collector=CARD_STAFF),
    Scene("S9", f"{S9}, claim 11-26 16:00, key 11-26 16:12, verify 11-27 09:30", collector=CARD_STAFF),
    *(Scene("S10", S10, collector=OF_PILOT_BRANCH, keyer=NEWCOMER, weeks_ago=5) for _case in range(4)),
    Scene("S12", REFERRED, collector=CARD_STAFF),
    Scene("S13", "walk-in 11-30 14:10, complete 11-30 14:40, " + S13.format(day="11-30", next="12-01"),
          collector=OF_PILOT_BRANCH),
    Scene("S13", "walk-in 12-01 14:10, complete 12-01 14:40, " + S13.format(day="12-01", next="12-02"),
          collector=OF_PILOT_BRANCH),
    Scene("S14", DOUBLE, keyer="LZ10009"),
    Scene("S14", f"{DOUBLE}, differ 11-24 16:05", product="ZS"),
    Scene("S15", REFERRED, collector=CARD_STAFF, keyer="LZ10018"),
    Scene("S17", f"{S5}, check 11-24 14:00, key 11-25 10:00, verify 11-26 16:00, file 11-26 16:40"),
    Scene("S17", "walk-in 11-24 10:00"),
    Scene("S18", "walk-in 10-19 14:10, complete 10-19 14:40, seal 10-19 17:40, truck 10-19 18:35, arrive 10-20 08:45, "
          "check 10-20 10:30, key 10-20 14:20, verify 10-20 15:40, file 10-21 09:30, issue 11-02 10:00, "
          "reach 11-03 16:00, client-activates 11-10 12:30"),
    Scene("S19", f"{REFERRED}, activate 11-18 15:15", collector=CARD_STAFF, keyer="LZ10018"),
    Scene("S19", f"{OWN}, activate 11-18 15:20", product="BJ"),
    Scene("S19", f"{ALONE}, activate 11-18 15:25"),
    Scene("S20", REFERRED, collector=CARD_STAFF, by_client=True, wished="BJ"),
    Scene("S20", REFERRED, product="BJ", referrer="LZ10011", collector=CARD_STAFF),
    Scene("S21", "walk-in 11-23 10:00"),
    Scene("S22", "refer 11-23 15:00"),
    Scene("S22", "refer 11-20 16:30"),
    Scene("S23", "walk-in 08-03 14:10, complete 08-03 14:40, seal 08-03 17:40, truck 08-03 18:35, arrive 08-04 08:45, "
          "check 08-04 10:30, key 08-04 14:20, verify 08-04 15:40, file 08-05 09:30, issue 08-20 10:00, "
          "reach 08-21 10:00, expire 11-18 10:20"),
    Scene("S25", "refer 11-23 09:10, accept 11-23 10:05, start 11-23 14:00", collector=CARD_STAFF),
    Scene("S26", OWN),
)  # fmt: skip


class Scenarios:
    """Plays the scripts."""

    def __init__(self, teller: Teller) -> None:
        self.teller = teller
        self._seal = 0

    def tell(self) -> Iterator[Story]:
        for scene in SCENES:
            acts = [_act(text) for text in scene.script.split(", ")]
            last = max(at for _verb, at in acts)
            late = last - self.teller.days.now
            if scene.keeps_dates and late > timedelta():
                continue  # its holidays are still to come
            weeks = 0 if scene.keeps_dates else math.ceil(late / WEEK) + scene.weeks_ago
            yield self._play(scene, [(verb, at - weeks * WEEK) for verb, at in acts])

    def _play(self, scene: Scene, acts: list[tuple[str, datetime]]) -> Story:
        client = self.teller.clients.next()
        story = Story(client)
        # Before the intake nobody has seen the ID card.
        if not {"start", "walk-in"} & {verb for verb, _at in acts}:
            story.client = Client(client.name, client.mobile)
        actors = _Actors(self.teller, scene, story, client, self._bag(scene, acts))
        for verb, at in acts:
            actors.act(verb, at)
        return story

    def _bag(self, scene: Scene, acts: list[tuple[str, datetime]]) -> PastBag | None:
        """A bag for this file alone: of the collector's branch, of 滨河支行 for the card center's."""
        times = dict(acts)
        if "seal" not in times:
            return None
        self._seal += 1
        crew, seal_no = self.teller.crew, f"FQ{800_000 + self._seal}"
        place = crew.by_number[scene.collector].branch.code
        branch = crew.branches["BH01" if scene.collector == CARD_STAFF else place]
        sealer, witness = crew.at(branch.code, Role.BAG)
        receiver = crew.by_number["LZ10006"]
        columns = {
            "branch": branch, "state": Bag.State.RECONCILED, "seal_no": seal_no,
            "opened_by": sealer, "opened_at": times["seal"], "sealed_by": sealer,
            "witness": witness, "sealed_at": times["seal"], "truck_no": "岚A-10086", "escort": "押运员甲",
            "handed_over_by": sealer, "handed_over_at": times["truck"], "received_by": receiver,
            "received_at": times["arrive"], "version": 4,
        }  # fmt: skip
        return PastBag(at=times["seal"], columns=columns, seals=[{"seal_no": seal_no, "used_at": times["seal"]}])


class _Actors:
    """Who does what in a scene: one method per verb of the scripts."""

    def __init__(self, teller: Teller, scene: Scene, story: Story, client: Client, bag: PastBag | None) -> None:
        self.teller, self.scene, self.story, self.client, self.bag = teller, scene, story, client, bag
        self.product: Product = teller.products[scene.product]
        self.is_alone = "self-route" in scene.script
        self.claimed_at: datetime | None = None
        self.form: dict[str, Any] = {}

    def act(self, verb: str, at: datetime) -> None:
        name, _dash, rest = verb.partition("-") if verb.startswith("problem") else (verb.replace("-", "_"), "", "")
        method = getattr(self, f"_{name}")
        method(at, rest) if rest else method(at)

    def _by(self, part: str) -> Employee:
        """The person of a part; in Path A the customer manager plays most of them."""
        if self.is_alone and part in ("checker", "keyer", "officer"):
            part = "collector"
        number = getattr(self.scene, part)
        return self.teller.crew.newcomer if number == NEWCOMER else self.teller.crew.by_number[number]

    def _claim(self, at: datetime) -> None:
        self.claimed_at = at

    def _taken(self, at: datetime) -> datetime | None:
        if self.is_alone:
            return None
        claimed_at, self.claimed_at = self.claimed_at or at - CLAIMED_BEFORE, None
        return claimed_at

    def _refer(self, at: datetime) -> None:
        who = ReferrerType.CUSTOMER if self.scene.by_client else ReferrerType.EMPLOYEE
        area = self.teller.crew.areas["CD"]
        self.story.refer(
            at, self._by("referrer"), self.product, area=area, campaign=self.scene.mark, referrer_type=who,
            external=self.teller.sender() if self.scene.by_client else None,
        )  # fmt: skip

    def _accept(self, at: datetime) -> None:
        self.story.accept(at, self._by("collector"))

    def _call(self, at: datetime) -> None:
        self.story.contact(at, self._by("collector"), stops=Clock.REF_CONTACT, result="REACHED")

    def _start(self, at: datetime) -> None:
        self.story.start_intake(at, self._by("collector"), group="SALARIED")

    def _walk_in(self, at: datetime) -> None:
        self.story.walk_in(at, self._by("collector"), self.product, group="SALARIED", campaign=self.scene.mark)

    def _complete(self, at: datetime) -> None:
        collector = self._by("collector")
        self.story.complete_intake(at, collector, items=self.teller.items(self.product, "SALARIED"))
        self.form = self.teller.clients.form(
            self.client, product=self.product.code, group="SALARIED", collector=collector.number, on=local_day(at)
        )

    def _host(self, at: datetime) -> None:
        self.story.hand_to_branch(at, self._by("collector"), self.teller.crew.branches["BH01"])
        self.story.confirm_hand_to_branch(at + timedelta(minutes=10), self.teller.crew.by_number["LZ10003"])

    def _seal(self, at: datetime) -> None:
        assert self.bag is not None
        sealer, witness = self.bag.columns["sealed_by"], self.bag.columns["witness"]
        self.story.pack(at, sealer, self.bag, fate=BagItem.Fate.RECEIVED).seal(at, sealer, self.bag, witness=witness)

    def _truck(self, at: datetime) -> None:
        assert self.bag is not None
        self.story.hand_over(at, self.bag.columns["handed_over_by"], self.bag)

    def _arrive(self, at: datetime) -> None:
        assert self.bag is not None
        self.story.receive(at, self.bag.columns["received_by"], self.bag)

    def _self_route(self, at: datetime) -> None:
        self.story.self_route(at, self._by("collector"))

    def _check(self, at: datetime) -> None:
        self.story.pass_check(at, self._by("checker"), claimed_at=self._taken(at))

    def _key(self, at: datetime) -> None:
        self.story.submit_entry(at, self._by("keyer"), self.form, claimed_at=self._taken(at))

    def _verify(self, at: datetime) -> None:
        self.story.verify(at, self._by("reviewer"), claimed_at=at - CLAIMED_BEFORE)

    def _differ(self, at: datetime) -> None:
        """The second keyer reads one digit of the ID number differently."""
        first = self.form["id_number"]
        wrong = first[:16] + str((int(first[16]) + 1) % 10)
        second = self.form | {"id_number": wrong + check_digit(wrong)}
        self.story.key_again(at, self._by("reviewer"), second, claimed_at=at - CLAIMED_BEFORE)

    def _problem(self, at: datetime, party: str) -> None:
        self.story.raise_problem(at, self._by("tracker"), code="C03", party=party, note="单位电话无人接听")

    def _file(self, at: datetime) -> None:
        number = spell_archive_number(at, next(self.teller.archive))
        self.story.file(at, self._by("tracker"), shelf="A-01-03", archive_no=number)

    def _issue(self, at: datetime) -> None:
        self.story.mark_issued(at, self._by("tracker"), card_last4="6688")

    def _reach(self, at: datetime) -> None:
        self.story.contact(at, self._by("officer"), stops=Clock.CONTACT, result="REACHED")

    def _coach(self, at: datetime) -> None:
        claimed_at = None if self.is_alone else at - CLAIMED_BEFORE
        self.story.coach(at, self._by("officer"), satisfaction=5, wished=self.scene.wished, claimed_at=claimed_at)

    def _activate(self, at: datetime) -> None:
        self.story.activate(at, self._by("officer"), channel="PHONE", proof="回呼登记手机号核验")

    def _client_activates(self, at: datetime) -> None:
        self.story.activate(at, None, source=BY_CARD_SYSTEM)

    def _expire(self, at: datetime) -> None:
        self.story.expire(at)


def _act(text: str) -> tuple[str, datetime]:
    """``"check 11-24 14:00"`` as verb and instant."""
    verb, day, of_day = text.split()
    return verb, datetime.fromisoformat(f"{YEAR}-{day}T{of_day}").replace(tzinfo=SHANGHAI)
