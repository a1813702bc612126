"""The 1,200 cases of the last 90 days: where each of them stands at the moment of the load, and how it came there.

The funnel is a table of standings. Who stands in the middle of the work is laid from today backwards, so that every
desk finds work in the morning and nothing is overdue but what is meant to be; who has finished is laid anywhere in the
window.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from applications.models import BagIncident, GroupBatch
from applications.models.case import ReferrerType
from applications.services.bags import INCIDENT_HOURS
from ops_center.clock import local_day
from ops_center.history.demo.bank import OUTLETS
from ops_center.history.demo.days import WINDOW
from ops_center.history.demo.groups import GROUPS, Group
from ops_center.history.demo.journey import Journey, Teller, TooLate
from ops_center.history.past import Client
from ops_center.kernel.worktime import BANK_HOURS
from organization.models import Branch, Employee
from organization.roles import Role


class Fate(StrEnum):
    """Where a case stands, finer than its state where the way there differs."""

    REFERRED = "REFERRED"
    ACCEPTED = "ACCEPTED"
    DRAFT = "DRAFT"
    LEAD_LAPSED = "LEAD_LAPSED"
    LEAD_WITHDRAWN = "LEAD_WITHDRAWN"
    TAKEN_IN = "TAKEN_IN"
    BAGGED = "BAGGED"
    IN_TRANSIT = "IN_TRANSIT"
    RECEIVED = "RECEIVED"
    CHECKED = "CHECKED"
    KEYED = "KEYED"
    PROBLEM = "PROBLEM"
    RETURNED = "RETURNED"
    STOPPED = "STOPPED"  # refused at the check
    FILE_WITHDRAWN = "FILE_WITHDRAWN"
    ENTERED = "ENTERED"
    SUBMITTED = "SUBMITTED"
    HELD_UP = "HELD_UP"  # a problem while head office decides
    REJECTED = "REJECTED"
    LATE_WITHDRAWN = "LATE_WITHDRAWN"
    ISSUED = "ISSUED"
    COLLECTED = "COLLECTED"
    REFUSED = "REFUSED"
    ACTIVATED = "ACTIVATED"


# 1,200 = 264 never taken in + 936 taken in (78 %), of these 840 entered (70 %), 624 issued (52 %), 492 activated (41 %)
FUNNEL: dict[Fate, int] = {
    Fate.REFERRED: 18, Fate.ACCEPTED: 14, Fate.DRAFT: 16, Fate.LEAD_LAPSED: 130, Fate.LEAD_WITHDRAWN: 86,
    Fate.TAKEN_IN: 16, Fate.BAGGED: 3, Fate.IN_TRANSIT: 16, Fate.RECEIVED: 18, Fate.CHECKED: 14, Fate.KEYED: 13,
    Fate.PROBLEM: 8, Fate.RETURNED: 4, Fate.STOPPED: 3, Fate.FILE_WITHDRAWN: 1,
    Fate.ENTERED: 14, Fate.SUBMITTED: 58, Fate.HELD_UP: 4, Fate.REJECTED: 126, Fate.LATE_WITHDRAWN: 14,
    Fate.ISSUED: 84, Fate.COLLECTED: 36, Fate.REFUSED: 12, Fate.ACTIVATED: 492,
}  # fmt: skip
OVERDUE: dict[Fate, int] = {  # 25 of them past due
    Fate.REFERRED: 1, Fate.TAKEN_IN: 2, Fate.IN_TRANSIT: 1, Fate.RECEIVED: 4, Fate.CHECKED: 3, Fate.KEYED: 2,
    Fate.PROBLEM: 2, Fate.RETURNED: 1, Fate.ENTERED: 2, Fate.SUBMITTED: 4, Fate.ISSUED: 3,
}  # fmt: skip
FINISHED_FATES = (Fate.ACTIVATED, Fate.REJECTED)
RETURNS = 95  # with the four that lie at the branch now: 11 % of the files that the center received
LATE_ENTRIES = 46  # with those of S10 and what is overdue now: 93 % of the entries are on time
PROBLEMS_BEFORE = 70
FROM_A_REFERRAL = 71  # percent of the cases outside the group batches: about 60 referrals a week
LEFT_BEHIND_AT, LEFT_BEHIND = "BH01", 6  # which of those received this morning had missed the bag of its evening
MISSING_FILE_AT, MISSING_FILE_DAY = "DG01", 2  # the bag that lacks a file left there so many working days ago
S16_FILES = 12  # in one bag on the truck: scenario S16

# Code, what was found in the bag, what it turned out to be.
SETTLED = (("L03", "FQ000000", "手工登记笔误，封签完好"), ("L02", "封面无编号", "邻包混入，已退回原网点"))

PRODUCTS = ("PK",) * 45 + ("JK",) * 24 + ("BJ",) * 12 + ("CZ",) * 11 + ("ZS",) * 4 + ("FS",) * 2 + ("GWK",) * 2
CUSTOMER_GROUPS = ("SALARIED",) * 75 + ("OWNER",) * 15 + ("FREELANCE",) * 10
GROUP_OF = {"FS": "SUPPLEMENTARY", "GWK": "OFFICIAL"}
CAMPAIGNS = ("",) * 17 + ("SQ-ZHSC", "CZ-QZ", "XY-KX")


@dataclass(slots=True)
class Trouble:
    """What a finished case met on its way."""

    returned: bool = False
    late: str = ""  # "person": the reviewer came too late; "queue": nobody had taken it
    problem: bool = False
    group: Group | None = None


class Cases:
    """Tells the cases of the funnel, less those that the scenarios bring along."""

    def __init__(self, teller: Teller, batches: Mapping[str, GroupBatch]) -> None:
        self.teller, self.rng, self.days = teller, teller.rng, teller.days
        self.batches = batches  # by employer
        self.window = teller.days.window(WINDOW)
        # Mondays are busier, 1.4 times in the end: who stands in the middle of the work lies on other days too.
        self.weights = [1.55 if on.weekday() == 0 else 1.0 for on in self.window]
        self.tellings: dict[Fate, Callable[[bool, int], Journey]] = {
            Fate.REFERRED: self._referred, Fate.ACCEPTED: self._accepted, Fate.DRAFT: self._draft,
            Fate.TAKEN_IN: self._taken_in, Fate.BAGGED: self._bagged, Fate.IN_TRANSIT: self._in_transit,
            Fate.RECEIVED: self._received, Fate.CHECKED: self._checked, Fate.KEYED: self._keyed,
            Fate.PROBLEM: self._problem, Fate.RETURNED: self._returned, Fate.ENTERED: self._entered,
            Fate.SUBMITTED: self._submitted, Fate.HELD_UP: self._held_up, Fate.ISSUED: self._issued,
            Fate.COLLECTED: self._collected,
        }  # fmt: skip
        self.endings: dict[Fate, Callable[[date, Trouble], Journey]] = {
            Fate.LEAD_LAPSED: self._lapsed, Fate.LEAD_WITHDRAWN: self._lead_withdrawn, Fate.STOPPED: self._stopped,
            Fate.FILE_WITHDRAWN: self._file_withdrawn, Fate.REJECTED: self._rejected,
            Fate.LATE_WITHDRAWN: self._late_withdrawn, Fate.REFUSED: self._refused, Fate.ACTIVATED: self._activated,
        }  # fmt: skip

    def tell(self, *, brought: Counter[tuple[Fate, bool]]) -> Iterator[Journey]:
        """The stories; ``brought``: how many cases of each standing, overdue or not, there are already."""
        counts = Counter(FUNNEL)
        overdue = Counter(OVERDUE)
        for (fate, is_overdue), count in brought.items():
            counts[fate] -= count
            overdue[fate] -= count * is_overdue
        _even_out(overdue)
        for fate, telling in self.tellings.items():
            for turn in range(counts[fate]):
                yield _tried(telling, turn < overdue[fate], turn)
        finished = [(fate, trouble) for fate in FINISHED_FATES for trouble in [Trouble() for _ in range(counts[fate])]]
        self._deal_out_troubles([trouble for _fate, trouble in finished])
        rest = [(fate, Trouble()) for fate in self.endings if fate not in FINISHED_FATES for _ in range(counts[fate])]
        for fate, trouble in finished + rest:
            yield self._some_day(self.endings[fate], trouble)

    def _deal_out_troubles(self, troubles: list[Trouble]) -> None:
        self.rng.shuffle(troubles)
        hand = iter(troubles)
        for group in GROUPS:
            for _ in range(group.applied):
                next(hand).group = group
        self.rng.shuffle(troubles)
        hand = iter(troubles)
        for _ in range(RETURNS):
            next(hand).returned = True
        for turn in range(LATE_ENTRIES):
            next(hand).late = "person" if turn % 2 else "queue"
        for _ in range(PROBLEMS_BEFORE):
            next(hand).problem = True

    def _some_day(self, telling: Callable[[date, Trouble], Journey], trouble: Trouble) -> Journey:
        """Lays a story on a day of the window, earlier and earlier until it ends before the load."""
        days, weights = self.window[4:], self.weights[4:]
        while True:
            try:
                return telling(self._visit(trouble) or self.rng.choices(days, weights)[0], trouble)
            except TooLate:
                days, weights = days[: len(days) * 9 // 10], weights[: len(days) * 9 // 10]

    def _visit(self, trouble: Trouble) -> date | None:
        return self.window[self.rng.choice(trouble.group.visits)] if trouble.group else None

    # -- leads and drafts --------------------------------------------------------------------------------------------
    def _referred(self, overdue: bool, turn: int) -> Journey:
        if overdue:
            at = self.days.between(self.days.back(2), "08:40", "10:30")
        else:  # within the four working hours
            calendar, now = self.days.calendar, self.days.now
            at = now - timedelta(minutes=3)
            for _ in range(200):
                guess = now - timedelta(minutes=self.rng.randint(3, 4000))
                if calendar.working_minutes(guess, now, BANK_HOURS) <= 200:
                    at = guess
                    break
        return self._lead(at)[0]

    def _accepted(self, overdue: bool, turn: int) -> Journey:
        """Every second one was accepted today and is still to be called."""
        if turn % 2:
            journey, branch = self._lead(self.days.between(self.days.back(1), "14:00", "17:00"))
            return journey.accepted(self.days.so_far(latest="11:00"), self._taker(branch), calls=False)
        journey, branch = self._lead(self.days.between(self.days.back(2 + turn // 2), "08:40", "13:00"))
        return journey.accepted(self.days.after(journey.story.last_at, 20, 180), self._taker(branch))

    def _draft(self, overdue: bool, turn: int) -> Journey:
        return self._file(self.days.back(1 + turn % 8), complete=False)

    def _lapsed(self, on: date, trouble: Trouble) -> Journey:
        return self._unfinished(on).lapsed()

    def _lead_withdrawn(self, on: date, trouble: Trouble) -> Journey:
        return self._unfinished(on, taken=True).withdrawn(300, 2500)

    def _unfinished(self, on: date, *, taken: bool = False) -> Journey:
        """A lead that nobody took, one that was taken and led to nothing, or a file that was never completed."""
        kind = self.rng.choice(("taken", "taken", "file") if taken else ("lead", "taken", "taken", "file"))
        if kind == "file":
            return self._file(on, complete=False)
        journey, branch = self._lead(self.days.between(on, "08:40", "16:30"))
        if kind == "taken":
            journey.accepted(self.days.after(journey.story.last_at, 20, 220), self._taker(branch))
        return journey

    # -- at the branch and on the road ---------------------------------------------------------------------------------
    def _taken_in(self, overdue: bool, turn: int) -> Journey:
        """For today's bag: taken in after the last cut-off, or today; overdue: left lying two evenings ago."""
        place = "BH01" if turn % 3 == 2 else self.rng.choice(OUTLETS)
        branch = self.teller.crew.branches[place]
        if overdue:
            return self._walk_in(self.days.back(2), branch, earliest="09:00", latest="13:00")
        on = self.days.evening()
        if turn % 2 or on == self.days.today:
            late = self.days.at(on, self.teller.cut_off(branch, on))
            return self._walk_in_at(late + timedelta(minutes=self.rng.randint(3, 28)), branch)
        return self._walk_in_at(self.days.so_far(latest="14:30"), branch)

    def _bagged(self, overdue: bool, turn: int) -> Journey:
        """One bag of files that came in after the cut-off: sealed, to leave with the next truck."""
        branch, on = self.teller.crew.branches["HM01"], self.days.evening()
        after_cut_off = self.days.at(on, self.teller.cut_off(branch, on)) + timedelta(minutes=self.rng.randint(2, 25))
        journey = self._walk_in_at(after_cut_off, branch)
        late = self.teller.bag(branch, on, "waiting")
        clerk, witness = late.columns["opened_by"], late.columns["witness"]
        journey.story.pack(late.columns["opened_at"], clerk, late)
        journey.story.seal(late.columns["sealed_at"], clerk, late, witness=witness)
        return journey

    def _in_transit(self, overdue: bool, turn: int) -> Journey:
        if overdue:
            branch, on = self.teller.crew.branches[MISSING_FILE_AT], self.days.back(MISSING_FILE_DAY)
            return self._walk_in(on, branch, earliest="09:00", latest="13:00").lost(on)
        is_s16 = turn <= S16_FILES
        branch = self.teller.crew.branches["BH01" if is_s16 else "QH01"]
        on, trip, latest = self.days.evening(), "on-the-road", "15:30"
        if self.days.at(self.days.today, "12:00") <= self.days.now < self.days.at(self.days.today, "18:45"):
            on, trip, latest = self.days.today, "midday", "10:00"  # last evening's bags have long been signed for
        journey = self._walk_in(on, branch, earliest="08:35", latest=latest, campaign="S16" if is_s16 else "")
        return journey.packed(on, trip)

    # -- at the center -------------------------------------------------------------------------------------------------
    def _received(self, overdue: bool, turn: int) -> Journey:
        if turn == LEFT_BEHIND and not overdue:
            branch, on = self.teller.crew.branches[LEFT_BEHIND_AT], self.days.back(2)
            collector = self.teller.anybody(Role.CM, branch.code)
            at = self.days.between(on, "09:00", "13:00")
            return self._walk_in_at(at, branch, by=collector).packed(self.days.back(1))
        return self._arrived(3 if overdue else 1)

    def _checked(self, overdue: bool, turn: int) -> Journey:
        place = MISSING_FILE_AT if not overdue and turn % 4 == 0 else ""
        journey = self._arrived(4 if overdue else 2, place=place)
        return journey.checked(self._later(journey, "09:30", "12:00") if overdue else self.days.ago(40, 250))

    def _keyed(self, overdue: bool, turn: int) -> Journey:
        """Keyed by somebody who never reviews, so that both reviewers may take it."""
        crew, journey = self.teller.crew.by_role, self._arrived(4 if overdue else 2)
        journey.checked(self._later(journey, "09:30", "12:00"))
        keyer = self.rng.choice([person for person in crew[Role.EC] if person not in crew[Role.ER]])
        return journey.keyed(self._later(journey, "13:30", "16:50") if overdue else self.days.ago(15, 200), by=keyer)

    def _problem(self, overdue: bool, turn: int) -> Journey:
        if overdue:
            return self._open_problem(4, "BRANCH")
        match turn % 4:
            case 0:  # answered today, to be decided by the tracker
                return self._open_problem(3, "BRANCH").replied(self.days.so_far(latest="15:00"))
            case 1:
                return self._open_problem(2, "CUSTOMER")
            case 2:
                return self._open_problem(2, "HEAD_OFFICE")
            case _:
                journey = self._arrived(1)
                return journey.troubled(self.days.so_far(earliest="09:06", latest="16:00"), party="BRANCH")

    def _open_problem(self, taken_in: int, party: str) -> Journey:
        journey = self._arrived(taken_in)
        return journey.troubled(self._later(journey, "10:00", "14:00"), party=party)

    def _returned(self, overdue: bool, turn: int) -> Journey:
        return self._arrived(9 if overdue else 3 + turn % 3).returned()

    def _entered(self, overdue: bool, turn: int) -> Journey:
        if overdue:
            return self._arrived(6).checked().keyed().entered()
        journey = self._arrived(3)
        journey.checked(self._later(journey, "09:30", "12:00")).keyed(self._later(journey, "13:30", "17:00"))
        return journey.entered(self.days.so_far())

    def _submitted(self, overdue: bool, turn: int) -> Journey:
        return self._through(15 + turn % 3 if overdue else 2 + turn % 6)

    def _held_up(self, overdue: bool, turn: int) -> Journey:
        journey = self._through(7 + turn)
        return journey.troubled(self.days.between(self.days.back(1), "09:30", "15:00"), party="HEAD_OFFICE")

    def _stopped(self, on: date, trouble: Trouble) -> Journey:
        return self._file(on).packed(on).stopped()

    def _file_withdrawn(self, on: date, trouble: Trouble) -> Journey:
        return self._file(on).packed(on).withdrawn(60, 400)

    # -- the card ------------------------------------------------------------------------------------------------------
    def _issued(self, overdue: bool, turn: int) -> Journey:
        """A quarter was issued yesterday or today and is still to be called; the others were called in time."""
        if overdue:
            return self._card(self.days.between(self.days.back(4), "10:00", "15:00"))
        if turn % 4 == 0:
            return self._card(self.days.so_far())
        if turn % 4 == 1:
            return self._card(self.days.between(self.days.back(1), "10:00", "16:30"))
        journey = self._card(self._days_ago(3, 12))
        return journey.called(min(self.days.after(journey.story.last_at, 40, 700), self.days.now))

    def _collected(self, overdue: bool, turn: int) -> Journey:
        journey = self._card(self._days_ago(13, 26))
        journey.called(self.days.after(journey.story.last_at, 40, 700))
        return journey.coached()

    def _days_ago(self, least: int, most: int) -> datetime:
        """Office hours of a working day so many calendar days ago."""
        first = local_day(self.days.now) - timedelta(days=most)
        days = [first + timedelta(days=n) for n in range(most - least + 1)]
        open_days = [on for on in days if self.days.calendar.is_workday(on)]
        # A long holiday may fill the whole span: then the working day before it.
        on = self.rng.choice(open_days or [self.days.calendar.previous_or_same_workday(first)])
        return self.days.between(on, "10:00", "16:30")

    def _card(self, issued_at: datetime) -> Journey:
        """Issued then; entered seven working days before."""
        on = local_day(issued_at)
        for _ in range(8):
            on = self.days.calendar.previous_or_same_workday(on - timedelta(days=1))
        return self._enter(self._file(on), Trouble()).submitted().issued(issued_at)

    def _rejected(self, on: date, trouble: Trouble) -> Journey:
        return self._enter(self._file(on, group=trouble.group), trouble).submitted().rejected()

    def _late_withdrawn(self, on: date, trouble: Trouble) -> Journey:
        return self._enter(self._file(on), trouble).submitted().withdrawn(300, 2000)

    def _refused(self, on: date, trouble: Trouble) -> Journey:
        return self._enter(self._file(on), trouble).submitted().issued().refused()

    def _activated(self, on: date, trouble: Trouble) -> Journey:
        journey = self._enter(self._file(on, group=trouble.group), trouble)
        late_filing = self.teller.chance(2)
        journey.submitted(self.days.after(journey.story.last_at, 1100, 1400) if late_filing else None).issued()
        low, high = (1250, 1700) if self.teller.chance(6) else (60, 900)
        journey.called(self.days.after(journey.story.last_at, low, high))
        if self.teller.chance(95) or journey.is_own_way:
            return journey.coached().activated()
        journey.activated(alone=True)
        return journey.coached(late=True) if self.teller.chance(50) else journey

    # -- legs that many share ------------------------------------------------------------------------------------------
    def _lead(self, at: datetime) -> tuple[Journey, Branch]:
        """A referral of somebody of the bank, now and then of a retiree or of another client; and a branch near by."""
        teller = self.teller
        referrer, facts = self._referrer()
        area = referrer.branch.area
        near = [branch for branch in teller.crew.branches.values() if branch.area and area in (None, branch.area)]
        branch = referrer.branch if referrer.branch in near and teller.chance(70) else self.rng.choice(near)
        return self._journey(teller.clients.next()).referred(at, referrer, area=branch.area, **facts), branch

    def _referrer(self) -> tuple[Employee, dict[str, Any]]:
        """Who writes the slip, and for whom when it is not for himself."""
        teller = self.teller
        if teller.chance(1.5):
            retiree = self.rng.choice(teller.crew.retirees)
            return teller.anybody(Role.CM), {"referrer_type": ReferrerType.RETIREE, "retiree": retiree}
        if teller.chance(2.5):
            return teller.anybody(Role.CM), {"referrer_type": ReferrerType.CUSTOMER, "external": teller.sender()}
        roles = (Role.EMP,) * 12 + (Role.CM,) * 4 + (Role.BAG,) * 2 + (Role.AS, Role.CS)
        return teller.anybody(self.rng.choice(roles)), {}

    def _taker(self, branch: Branch) -> Employee:
        return self.teller.collector(branch, on_the_road=self.teller.chance(55))

    def _journey(self, client: Client, group: Group | None = None, campaign: str = "") -> Journey:
        if group is not None:
            return Journey(
                self.teller, client, group.product, group=group.customer_group, employer=group.employer,
                batch=self.batches[group.employer],
            )  # fmt: skip
        product = self.rng.choice(PRODUCTS)
        chosen = GROUP_OF.get(product) or self.rng.choice(CUSTOMER_GROUPS)
        return Journey(self.teller, client, product, group=chosen, campaign=campaign or self.rng.choice(CAMPAIGNS))

    def _file(self, on: date, *, group: Group | None = None, complete: bool = True, place: str = "") -> Journey:
        """A file that was collected on that day, from a referral a few days before or from a walk-in."""
        teller, days = self.teller, self.days
        if group is not None or place or not teller.chance(FROM_A_REFERRAL):
            outlet = teller.crew.branches[group.place if group else place or self.rng.choice(OUTLETS)]
            return self._walk_in(on, outlet, earliest="08:50", latest="14:20", group=group, complete=complete)
        before = on
        for _ in range(self.rng.randint(2, 4)):
            before = days.calendar.previous_or_same_workday(before - timedelta(days=1))
        journey, branch = self._lead(days.between(before, "08:40", "16:30"))
        low, high = (260, 420) if teller.chance(8) else (20, 210)
        collector = self._taker(branch)
        journey.accepted(days.after(journey.story.last_at, low, high), collector)
        start = max(days.between(on, "08:50", "13:50"), journey.story.last_at + timedelta(minutes=10))
        journey.started(start)
        if complete:
            on_the_road = collector.branch != branch and collector.branch.area is None
            journey.taken_in(start + timedelta(minutes=self.rng.randint(20, 50)), host=branch if on_the_road else None)
        return journey

    def _walk_in(
        self, on: date, branch: Branch, *, earliest: str, latest: str, group: Group | None = None,
        complete: bool = True, campaign: str = "",
    ) -> Journey:  # fmt: skip
        at = self.days.between(on, earliest, latest)
        return self._walk_in_at(at, branch, group=group, complete=complete, campaign=campaign)

    def _walk_in_at(
        self,
        at: datetime,
        branch: Branch,
        *,
        group: Group | None = None,
        complete: bool = True,
        campaign: str = "",
        by: Employee | None = None,
    ) -> Journey:
        teller = self.teller
        journey = self._journey(teller.clients.next(), group, campaign)
        collector = by or teller.anybody(Role.BH if teller.chance(8) else Role.CM, branch.code)
        referrer = teller.anybody(Role.EMP) if group is None and teller.chance(12) else None
        length = timedelta(minutes=self.rng.randint(20, 45))
        journey.walked_in(at - length, collector, referrer=referrer)
        return journey.taken_in(at) if complete else journey

    def _arrived(self, days_ago: int, place: str = "") -> Journey:
        """Taken in so many working days ago, signed for the morning after."""
        on = self.days.back(days_ago)
        return self._file(on, place=place).packed(on)

    def _later(self, journey: Journey, earliest: str, latest: str) -> datetime:
        """A time of the day on which the center signed, after whatever has happened on it."""
        at = self.days.between(local_day(journey.received_at), earliest, latest)
        return max(at, journey.story.last_at + timedelta(minutes=4))

    def _through(self, days_ago: int) -> Journey:
        return self._arrived(days_ago).checked().keyed().entered().submitted()

    def _enter(self, journey: Journey, trouble: Trouble) -> Journey:
        """From the intake to the entry, with what came between."""
        teller, days = self.teller, self.days
        on = local_day(journey.story.last_at)
        is_plain = not (trouble.returned or trouble.late or trouble.problem or trouble.group)
        is_own_client = journey.referrer is None and any(row.role == Role.CM for row in journey.collector.roles.all())
        if is_plain and is_own_client and journey.branch.has_path_a and teller.chance(60):
            return journey.goes_own_way().checked().keyed().entered()
        journey.packed(days.next(on) if is_plain and teller.chance(3) else on)
        if trouble.returned:
            journey.returned().resubmitted()
        if trouble.problem:
            journey.troubled()
            if journey.party == "BRANCH":
                journey.replied()
            journey.resolved()
        due = days.at(days.next(local_day(journey.received_at), 2), "17:30")
        if trouble.late == "queue":
            return journey.checked().keyed(days.after(due, 15, 90)).entered()
        if trouble.late == "person":
            return journey.checked().keyed().entered(days.after(due, 20, 300))
        slow_check = is_plain and teller.chance(3)
        if slow_check:
            check_due = days.at(days.next(local_day(journey.received_at)), "17:30")
            return journey.checked(days.after(check_due, 10, 60)).keyed().entered()
        return journey.checked().keyed().entered()


def bag_incidents(journeys: Iterable[Journey], teller: Teller) -> None:
    """Two closed incidents beside the open one: another seal than on the manifest, and a file too many."""
    receiver, long_ago = teller.crew.by_role[Role.RCV][0], teller.days.at(teller.days.back(6), "00:00")
    arrived: dict[datetime, Journey] = {}
    for journey in journeys:
        if journey.bag is not None and journey.received_at < long_ago:
            arrived[journey.received_at] = journey
    for at, (code, note, finding) in zip(sorted(arrived)[-len(SETTLED) :], SETTLED, strict=True):
        arrived[at].story.about.append(
            (
                BagIncident,
                {"bag": arrived[at].bag, "application": None, "code": code, "note": note, "opened_by": receiver,
                 "opened_at": at, "due_at": at + timedelta(hours=INCIDENT_HOURS), "closed_by": receiver,
                 "closed_at": at + timedelta(hours=3), "finding": finding},
            )
        )  # fmt: skip


def _tried(telling: Callable[[bool, int], Journey], is_overdue: bool, turn: int) -> Journey:
    """Tells again when the draw ran past the moment of the load: after a long holiday there is little room."""
    for _ in range(50):
        try:
            return telling(is_overdue, turn)
        except TooLate:
            continue
    return telling(is_overdue, turn)


def _even_out(overdue: Counter[Fate]) -> None:
    """Where the scenarios bring more than their share of what is overdue, others bring less: the sum stays."""
    for fate in [fate for fate, count in overdue.items() if count < 0]:
        while overdue[fate] < 0:
            richest = max(overdue, key=lambda name: overdue[name])
            if overdue[richest] <= 0:
                return
            overdue[fate] += 1
            overdue[richest] -= 1
