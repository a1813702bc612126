"""Random histories of the money: everything that anybody may do or try, in any order, by the right person or the wrong
one, at any time; after each act the books are as the domain wants them (section 18)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, ClassVar, TypeVar

import pytest
from django.db import connection, transaction
from django.db.models import Model, QuerySet
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from applications.lifecycle import Clock, State
from applications.models import Application, CaseClock, Event
from applications.models.case import ReferrerType
from applications.services import issue
from incentives.lifecycle import EntryKind, Ground, PayeeKind, Trigger
from incentives.models import (
    Adjustment,
    Assessment,
    Confirmation,
    ConfirmationLine,
    CrossSell,
    Dispute,
    Hold,
    PayoutBalance,
    PayoutBatch,
    PayoutLine,
    Reversal,
    RewardEntry,
)
from incentives.return_file import HEADER
from incentives.services import adjustments, cross_sells, disputes, holds, leavers, requests, reversals, voids
from incentives.services.accrual import accrue
from incentives.services.caps import close_ended_months
from incentives.services.confirmations import certify, discard_confirmation, draft_confirmation
from incentives.services.payouts import make_payout, mark_paid
from incentives.services.registration import register
from incentives.services.releases import release_due_holds
from incentives.services.returns import take_return
from ops_center import invariants
from ops_center.clock import local_day
from ops_center.kernel.errors import DomainError
from ops_center.web.tables import Table, as_csv
from organization.models import Employee
from supervision.lifecycle import NONE_MISSED
from supervision.models import Breach, Complaint
from supervision.services import complaints
from supervision.services.breaches import find_breaches
from supervision.services.justifications import close_lapsed_windows, decide_justification, justify
from tests.cast import Cast, at
from tests.incentives.conftest import double_keyed, path_a, priced

START = at("2026-11-24 10:00")
M = TypeVar("M", bound=Model)


def set_the_stage(bank: Cast) -> list[Employee]:
    """Eight cards of different kinds, three of them active already; and who may lay hands on their money."""
    day = date(2026, 11, 1)
    priced(bank, "CZ", 120_01, starts_on=day, trigger=Trigger.ACTIVATION_AND_SPEND, spend_days=20)
    priced(bank, "JK", 99_99, starts_on=day, trigger=Trigger.FIRST_SPEND, spend_days=20)
    double_keyed("ZS")
    for product in ("PK", "CZ"):
        bank.issued(_delivered(bank, bank.refer(when=START, product=product)), when=START)
    for product in ("BJ", "JK", "ZS"):
        bank.issued(bank.received(when=START, product=product), when=START)
    path_a(bank, when=START)
    bank.issued(_delivered(bank, bank.refer(when=START, referrer_type=ReferrerType.CUSTOMER)), when=START)
    late = _delivered(bank, bank.refer(when=at("2026-11-19 09:00")), when="2026-11-19 10:00")
    bank.check(late, when=at("2026-11-19 14:00"))
    bank.lend(bank.again(late), to=bank.song_jia, when=at("2026-11-20 09:00"))
    bank.key(bank.again(late), when=START, by=bank.song_jia)
    bank.review(bank.again(late), when=START)
    bank.file(late, when=START)
    bank.issue(late, when=START)
    find_breaches(at=START)
    for case in Application.objects.with_people().order_by("pk")[:3]:
        bank.activate(bank.coach(case, when=START), when=START)
    accrue(at=START)
    people = bank.people
    others = [bank.hire("督件乙", "OC01", "TR"), bank.hire("主管乙", "OC01", "SUP"), bank.hire("人力乙", "HR01", "HR")]
    named = ("zheng_weiguo", "feng_zhiqiang", "su_min", "pan_wei", "lin_xiaoyu", "chen_xiaoming", "li_wenjing")
    return [*(people[name] for name in named), *others]


def _delivered(bank: Cast, lead: Application, *, when: str = "") -> Application:
    hour = at(when) if when else START
    case = bank.to_branch(bank.complete(bank.collect(lead, when=hour), when=hour), when=hour)
    bank.receive(bank.send(case, when=hour), when=hour)
    return bank.again(case)


NOTE = "随机检验"
LEAVERS = ("li_wenjing", "lin_xiaoyu", "fang_fang")
REQUESTS = (Reversal, Adjustment, CrossSell, Dispute)

ANSWERS = {(fate, fate) for fate in PayoutBalance.Fate} | {
    ("OPEN", "PAID"), ("OPEN", "REFUSED"), ("PAID", "BOUNCED"),
}  # fmt: skip
CARD = ("coaches", "activates", "activates", "coaches_late", "spends")
PASSES = ("sweeps", "sweeps", "closes_months", "explains", "decides_an_explanation", "windows_lapse")
PAPERS = (
    "registers",
    "drafts",
    "certifies",
    "discards",
    "exports",
    "pays",
    "the_payroll_answers",
    "it_bounces",
    "it_bounces",
)
STOPS = (
    "holds_an_entry", "releases_an_entry", "becomes_suspect", "is_complained_about", "is_heard",
    "leaves_the_bank",
    "hr_decides_about_a_leaver", "voids_an_entry",
)  # fmt: skip
CORRECTIONS = (
    "asks_to_take_back", "takes_back", "asks_to_correct", "corrects", "reports_a_sale", "confirms_a_sale",
    "disputes_an_amount", "answers_a_dispute", "refuses_a_request",
)  # fmt: skip


@dataclass(frozen=True)
class Die:
    """What chance decides about one act."""

    n: int  # which of what there is, whatever that is
    who: int  # in the upper half the one whose task it is
    yes: bool
    fen: int


DICE = st.builds(Die, n=st.integers(0, 9_999), who=st.integers(0, 19), yes=st.booleans(), fen=st.integers(-3000, 3000))


class Money(RuleBasedStateMachine):
    """One history, in a savepoint of the test's transaction."""

    bank: ClassVar[Cast]
    crew: ClassVar[list[Employee]]
    tally: ClassVar[Counter[str]]  # what was done over all histories, and how often it was refused

    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.written: dict[int, tuple[Any, ...]] = {}
        self.frozen: dict[tuple[type[Model], int], tuple[Any, ...]] = {}
        self.answered: dict[int, str] = {}
        self._history = transaction.atomic()
        self._history.__enter__()

    def teardown(self) -> None:
        try:
            broken = {check.name: check.broken() for check in invariants.CHECKS}
            # Nobody swept here: what waits for a pass is no damage.
            waits = ("every-activation-has-its-verdict", "late-clocks-have-breaches")
            assert {name: rows for name, rows in broken.items() if rows and name not in waits} == {}
        finally:
            transaction.set_rollback(True)
            self._history.__exit__(None, None, None)

    # -- helpers -------------------------------------------------------------------------------------------------------
    def does(self, act: Callable[..., Any], **facts: Any) -> None:
        """Tries it. A refusal is an answer; any other exception is a fault."""
        self.now += timedelta(seconds=1)
        try:
            with transaction.atomic():
                act(at=self.now, **facts)
                connection.check_constraints()  # what the tables ask when the transaction ends
        except DomainError:
            self.tally[f"no {act.__name__}"] += 1
        else:
            self.tally[act.__name__] += 1

    def by(self, who: int, whose: str) -> Employee:
        """Somebody of the crew, or whose task it is."""
        return self.crew[who] if who < len(self.crew) else self.bank.people[whose]

    def one(self, rows: QuerySet[M], n: int) -> M | None:
        found = list(rows.order_by("pk"))
        return found[n % len(found)] if found else None

    def case(self, n: int, *states: State) -> Application | None:
        return self.one(Application.objects.with_people().filter(state__in=states), n)

    def entry(self, n: int) -> int:
        found = self.one(RewardEntry.objects.all(), n)
        return found.pk if found else 0

    # -- what may happen next ------------------------------------------------------------------------------------------
    @rule(what=st.sampled_from(CARD), die=DICE)
    def about_a_card(self, what: str, die: Die) -> None:
        getattr(self, what)(die)

    @rule(what=st.sampled_from(PASSES), die=DICE)
    def in_passing(self, what: str, die: Die) -> None:
        getattr(self, what)(die)

    @rule(what=st.sampled_from(PAPERS), die=DICE)
    def on_paper(self, what: str, die: Die) -> None:
        getattr(self, what)(die)

    @rule(what=st.sampled_from(STOPS), die=DICE)
    def to_stop_it(self, what: str, die: Die) -> None:
        getattr(self, what)(die)

    @rule(what=st.sampled_from(CORRECTIONS), die=DICE)
    def to_set_it_right(self, what: str, die: Die) -> None:
        getattr(self, what)(die)

    @rule(die=DICE)
    def as_it_should_go(self, die: Die) -> None:
        """The straight ways, which chance alone rarely finds."""
        self.a_month_is_paid()
        self.the_books_are_right()  # what a batch brings forward is judged before an answer changes what stands open
        if die.yes:
            self.is_taken_back(die)
            self.it_bounces(die)
        else:
            self.the_payroll_answers(die)

    @rule(hours=st.sampled_from([1, 20, 24 * 3, 24 * 16, 24 * 31]))
    def time_goes_by(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    # -- the card ------------------------------------------------------------------------------------------------------
    def coaches(self, die: Die) -> None:
        if case := self.case(die.n, State.ISSUED):
            self.does(self._coach, case=case)

    def _coach(self, *, case: Application, at: Any) -> None:
        officer = self.bank.chen_xiaoming if case.is_self_service else self.bank.lin_xiaoyu
        self.bank.coach(case, when=at, by=officer)

    def activates(self, die: Die) -> None:
        if case := self.case(die.n, State.ISSUED, State.COLLECTED, State.ACTIVATED):
            actor = None if die.yes else self.bank.lin_xiaoyu
            self.does(issue.activate, case=case.pk, actor=actor, channel="PHONE", proof=NOTE)

    def coaches_late(self, die: Die) -> None:
        if case := self.case(die.n, State.ACTIVATED):
            self.does(self._coach_late, case=case)

    def _coach_late(self, *, case: Application, at: Any) -> None:
        self.bank.coach(case, when=at, late=True)

    def spends(self, die: Die) -> None:
        if (case := self.case(die.n, State.ACTIVATED)) and case.first_spend_at is None:
            Application.objects.filter(pk=case.pk).update(first_spend_at=self.now)

    # -- passes --------------------------------------------------------------------------------------------------------
    def sweeps(self, die: Die) -> None:
        for one_pass in (accrue, release_due_holds, holds.pull_holds, disputes.escalate_disputes):
            self.does(one_pass)

    def closes_months(self, die: Die) -> None:
        self.does(close_ended_months)

    def explains(self, die: Die) -> None:
        if (breach := self.one(Breach.objects.all(), die.n)) and breach.owner is not None:
            self.does(justify, breach_id=breach.pk, actor=breach.owner, code="SYSTEM_FAILURE", text=NOTE)

    def decides_an_explanation(self, die: Die) -> None:
        if breach := self.one(Breach.objects.all(), die.n):
            self.does(
                decide_justification,
                breach_id=breach.pk,
                actor=self.by(die.who, "feng_zhiqiang"),
                accepted=die.yes,
                note=NOTE,
            )

    def windows_lapse(self, die: Die) -> None:
        self.does(close_lapsed_windows)

    # -- papers --------------------------------------------------------------------------------------------------------
    def registers(self, die: Die) -> None:
        self._register(self.by(die.who, "zheng_weiguo"), which=die.n if die.yes else None)

    def _register(self, tracker: Employee, *, which: int | None = None) -> None:
        active = Application.objects.filter(state=State.ACTIVATED).order_by("pk")
        numbers = list(active.values_list("number", flat=True))
        chosen = numbers if which is None else [numbers[which % len(numbers)]]
        self.does(register, applications=chosen, actor=tracker)

    def drafts(self, die: Die) -> None:
        self.does(draft_confirmation, period=f"{local_day(self.now):%Y-%m}", actor=self.by(die.who, "zheng_weiguo"))

    def certifies(self, die: Die) -> None:
        if document := self.one(Confirmation.objects.all(), die.n):
            self.does(certify, no=document.no, actor=self.by(die.who, "feng_zhiqiang"))

    def discards(self, die: Die) -> None:
        if document := self.one(Confirmation.objects.all(), die.n):
            self.does(discard_confirmation, no=document.no, reason=NOTE, actor=self.by(die.who, "feng_zhiqiang"))

    def exports(self, die: Die) -> None:
        if document := self.one(Confirmation.objects.all(), die.n):
            self.does(make_payout, confirmations=[document.no], actor=self.by(die.who, "su_min"))

    def pays(self, die: Die) -> None:
        if batch := self.one(PayoutBatch.objects.all(), die.n):
            self.does(mark_paid, batch=batch.pk, actor=self.by(die.who, "su_min"))

    def the_payroll_answers(self, die: Die) -> None:
        """Every payment of a batch but one is said to be paid; that one is paid, or comes back."""
        if batch := self.one(PayoutBatch.objects.all(), die.n):
            paid = list(batch.balances.order_by("pk").values_list("payee__number", "paid_fen"))
            back = die.fen % len(paid) if paid and not die.yes else None
            self._returns(batch, [
                (number, f"{fen / 100:.2f}", "退回" if place == back else "已发放", NOTE)
                for place, (number, fen) in enumerate(paid)
            ], by=self.by(die.who, "su_min"))  # fmt: skip

    def it_bounces(self, die: Die) -> None:
        """A payment comes back, whatever was said of it before; mostly one that had been paid."""
        fate = PayoutBalance.Fate.PAID if die.yes else PayoutBalance.Fate.OPEN
        if found := self.one(PayoutBalance.objects.filter(fate=fate).select_related("batch", "payee"), die.n):
            row = (found.payee.number, f"{found.paid_fen / 100:.2f}", "退回", NOTE)
            self._returns(found.batch, [row], by=self.by(die.who, "su_min"))

    def _returns(self, batch: PayoutBatch, rows: list[tuple[str, ...]], *, by: Employee) -> None:
        before = set(PayoutBalance.objects.filter(fate="BOUNCED").values_list("pk", flat=True))
        content = as_csv(Table("回盘", HEADER, rows))
        self.does(take_return, batch=batch.pk, name="回盘.csv", content=content, actor=by)
        after = set(PayoutBalance.objects.filter(fate="BOUNCED").values_list("pk", flat=True))
        self.tally["bounced"] += len(after - before)

    def a_month_is_paid(self) -> None:
        self.does(accrue)
        self._register(self.bank.zheng_weiguo)
        supervisor, hr = self.bank.feng_zhiqiang, self.bank.su_min
        self.does(draft_confirmation, period=f"{local_day(self.now):%Y-%m}", actor=self.bank.zheng_weiguo)
        for no in list(Confirmation.objects.filter(state="DRAFT").order_by("pk").values_list("no", flat=True)):
            self.does(certify, no=no, actor=supervisor)
        confirmed = list(Confirmation.objects.filter(state="CONFIRMED").order_by("pk").values_list("no", flat=True))
        if confirmed:
            self.does(make_payout, confirmations=confirmed, actor=hr)
        for batch in PayoutBatch.objects.filter(paid_on=None).order_by("pk"):
            self.does(mark_paid, batch=batch.pk, actor=hr)

    # -- what stops and what undoes ------------------------------------------------------------------------------------
    def holds_an_entry(self, die: Die) -> None:
        self.does(holds.hold, entry=self.entry(die.n), reason=NOTE, actor=self.by(die.who, "pan_wei"))

    def releases_an_entry(self, die: Die) -> None:
        if found := self.one(Hold.objects.filter(released_at=None), die.n):
            self.does(holds.release, entry=found.entry_id, reason=NOTE, actor=self.by(die.who, "pan_wei"))

    def becomes_suspect(self, die: Die) -> None:
        if case := self.case(die.n, *State):
            Application.objects.filter(pk=case.pk).update(is_risk=True)

    def is_complained_about(self, die: Die) -> None:
        entry = self.one(RewardEntry.objects.filter(payee_kind=PayeeKind.EMPLOYEE).select_related("payee"), die.n)
        if entry is not None:
            number = Application.objects.get(pk=entry.assessment_id).number
            about = "DENIES" if die.who == 0 else "SALE"
            self.does(complaints.open_complaint, case=number, about=about, channel="PHONE", text=NOTE,
                      actor=self.bank.ding_jie)  # fmt: skip

    def is_heard(self, die: Die) -> None:
        """A complaint goes through its steps to its end."""
        if row := self.one(Complaint.objects.filter(closed_at=None), die.n):
            said = {"complaint": row.number, "actor": self.bank.ding_jie, "text": NOTE}
            self.does(complaints.reply, **said)
            self.does(complaints.solve, **said)
            self.does(complaints.follow_up, reached=True, satisfied=True, **said)
            self.does(complaints.close, is_upheld=die.yes, ticks=NONE_MISSED, **said)

    def leaves_the_bank(self, die: Die) -> None:
        who = self.bank.people[LEAVERS[die.n % len(LEAVERS)]]
        Employee.objects.filter(pk=who.pk, left_on=None).update(left_on=local_day(self.now))

    def hr_decides_about_a_leaver(self, die: Die) -> None:
        number = self.bank.people[LEAVERS[die.n % len(LEAVERS)]].number
        self.does(leavers.decide_leaver, person=number, is_paid=die.yes, reason=NOTE, actor=self.by(die.who, "su_min"))

    def voids_an_entry(self, die: Die) -> None:
        self.does(voids.void, entry=self.entry(die.n), reason=NOTE, actor=self.by(die.who, "pan_wei"))

    def asks_to_take_back(self, die: Die) -> None:
        if entry := self.one(RewardEntry.objects.select_related("assessment__application", "payee"), die.n):
            ground = Ground.FRAUD if die.yes else Ground.COMPLAINT if die.fen > 0 else Ground.CANCELLED_UNUSED
            payee = entry.payee if ground is Ground.COMPLAINT else None
            self.does(
                reversals.ask_reversal, case=entry.assessment.application.number, ground=ground, payee=payee,
                reason=NOTE, actor=self.by(die.who, "pan_wei"),
            )  # fmt: skip

    def takes_back(self, die: Die) -> None:
        if row := self.one(Reversal.objects.all(), die.n):
            self.does(reversals.approve_reversal, reversal=row.pk, actor=self.by(die.who, "feng_zhiqiang"), reason=NOTE)

    def is_taken_back(self, die: Die) -> None:
        if case := self.case(die.n, State.ACTIVATED):
            self.does(reversals.ask_reversal, case=case.number, reason=NOTE, actor=self.bank.pan_wei)
            for row in Reversal.objects.filter(state="OPEN").order_by("pk"):
                self.does(reversals.approve_reversal, reversal=row.pk, actor=self.bank.feng_zhiqiang, reason=NOTE)

    def asks_to_correct(self, die: Die) -> None:
        entry = self.one(RewardEntry.objects.filter(payee_kind=PayeeKind.EMPLOYEE).select_related("payee"), die.n)
        if entry is not None:
            number = Application.objects.get(pk=entry.assessment_id).number
            self.does(
                adjustments.ask_adjustment, case=number, payee=entry.payee, role=entry.role, amount_fen=die.fen,
                reason=NOTE, actor=self.by(die.who, "zheng_weiguo"),
            )  # fmt: skip

    def corrects(self, die: Die) -> None:
        if row := self.one(Adjustment.objects.all(), die.n):
            self.does(
                adjustments.approve_adjustment, adjustment=row.pk, actor=self.by(die.who, "feng_zhiqiang"), reason=NOTE
            )

    def reports_a_sale(self, die: Die) -> None:
        if case := self.case(die.n, State.COLLECTED, State.ACTIVATED):
            officer = self.bank.chen_xiaoming if case.is_self_service else self.bank.lin_xiaoyu
            product = "账单分期" if die.yes else "自动还款"
            self.does(cross_sells.report_cross_sell, case=case.number, product=product, actor=officer)

    def confirms_a_sale(self, die: Die) -> None:
        if row := self.one(CrossSell.objects.all(), die.n):
            self.does(cross_sells.approve_cross_sell, cross_sell=row.pk, actor=self.by(die.who, "feng_zhiqiang"))

    def disputes_an_amount(self, die: Die) -> None:
        entry = self.one(RewardEntry.objects.filter(payee__isnull=False).select_related("payee"), die.n)
        if entry is not None:
            self.does(disputes.dispute, entry=entry.pk, text=NOTE, actor=entry.payee)

    def answers_a_dispute(self, die: Die) -> None:
        if row := self.one(Dispute.objects.all(), die.n):
            self.does(
                disputes.decide_dispute, dispute=row.pk, accepted=die.yes, amount_fen=die.fen, note=NOTE,
                actor=self.by(die.who, "feng_zhiqiang"),
            )  # fmt: skip

    def refuses_a_request(self, die: Die) -> None:
        kind: Any = REQUESTS[die.n % len(REQUESTS)]
        if row := self.one(kind.objects.all(), die.fen):
            self.does(requests.refuse, model=kind, key=row.pk, actor=self.by(die.who, "feng_zhiqiang"), reason=NOTE)

    # -- what always holds ---------------------------------------------------------------------------------------------
    @invariant()
    def the_books_are_right(self) -> None:
        entries = list(RewardEntry.objects.with_state().select_related("mirrors").order_by("pk"))
        verdicts = {row.pk: row for row in Assessment.objects.all()}
        self._nothing_written_changes(entries)
        self._shares_are_the_bounty(entries, verdicts)
        self._nobody_loses_more_than_earned(entries)
        documents = self._papers_add_up({entry.pk: entry for entry in entries})
        self._nobody_judges_an_own_case(entries, documents)
        self._histories_run_forward(verdicts)
        self._what_came_back_is_waited_for()

    def _nothing_written_changes(self, entries: list[RewardEntry]) -> None:
        columns = [field.attname for field in RewardEntry._meta.concrete_fields]
        now = {row.pk: tuple(getattr(row, column) for column in columns) for row in entries}
        assert now | self.written == now, "an entry was changed or has gone"
        self.written = now
        for model, locked in ((Confirmation, {"state": "CONFIRMED"}), (PayoutBatch, {"paid_on__isnull": False})):
            for row in model._default_manager.filter(**locked).values_list():
                assert self.frozen.setdefault((model, row[0]), row) == row, f"{model.__name__} {row} has changed"

    def _shares_are_the_bounty(self, entries: list[RewardEntry], verdicts: dict[int, Assessment]) -> None:
        sums: Counter[int] = Counter()
        for entry in entries:
            sums[entry.assessment_id] += entry.amount_fen if entry.kind == EntryKind.SPLIT else 0
        assert all(sums[pk] == verdict.bounty_fen for pk, verdict in verdicts.items())
        assert set(sums) <= set(verdicts)
        activated = set(Event.objects.filter(step="activate").values_list("application", flat=True))
        assert set(verdicts) <= activated, "a verdict before the activation"

    def _nobody_loses_more_than_earned(self, entries: list[RewardEntry]) -> None:
        """What is taken back was there: per person and case, penalties aside, never below nothing."""
        standing: Counter[tuple[int, int | None]] = Counter()
        for entry in entries:
            origin = entry.mirrors or entry
            if entry.payee_kind == PayeeKind.EMPLOYEE and EntryKind.TIMELINESS not in (entry.kind, origin.kind):
                standing[entry.assessment_id, entry.payee_id] += entry.amount_fen
            if entry.mirrors is not None:
                assert entry.amount_fen == -entry.mirrors.amount_fen
        assert all(fen >= 0 for fen in standing.values()), standing

    def _papers_add_up(self, entries: dict[int, RewardEntry]) -> dict[int, list[int]]:
        documents: defaultdict[int, list[int]] = defaultdict(list)
        for document, entry in ConfirmationLine.objects.values_list("confirmation", "entry"):
            documents[document].append(entry)
        for row in Confirmation.objects.filter(state="CONFIRMED"):
            assert row.total_fen == sum(entries[pk].amount_fen for pk in documents[row.pk])
        certified = {pk for pks in documents.values() for pk in pks}
        batches: Counter[int] = Counter()
        people: Counter[tuple[int, int | None]] = Counter()
        standing: Counter[int | None] = Counter()  # on lines that did not come back
        for batch, entry, sheet, is_refused in PayoutLine.objects.values_list("batch", "entry", "sheet", "is_refused"):
            assert entry in certified, "paid without a document"
            assert entries[entry].payee_kind != PayeeKind.HELD, "paid to nobody"
            batches[batch] += entries[entry].amount_fen
            if sheet == "hr":
                people[batch, entries[entry].payee_id] += entries[entry].amount_fen
                standing[entries[entry].payee_id] += 0 if is_refused else entries[entry].amount_fen
        for batch in PayoutBatch.objects.all():
            assert batch.total_fen == batches[batch.pk] == batch.confirmed_fen - batch.held_fen - batch.voided_fen
        self._payments_add_up(people, standing)
        return documents

    def _payments_add_up(self, people: Counter[tuple[int, int | None]], standing: Counter[int | None]) -> None:
        """A balance is what its payee's lines came to and what stood open; what has come back is out of all sums."""
        open_fen: Counter[int] = Counter()
        paid: Counter[int] = Counter()
        for row in PayoutBalance.objects.order_by("batch_id"):
            assert row.due_fen == people[row.batch_id, row.payee_id]
            if row.pk not in self.answered:
                assert row.brought_fen == open_fen[row.payee_id], "brought forward when the batch was made"
            before = self.answered.setdefault(row.pk, "OPEN")
            assert (before, row.fate) in ANSWERS, "an answer was taken back"
            self.answered[row.pk] = row.fate
            if not row.has_come_back:
                open_fen[row.payee_id] += row.due_fen - row.paid_fen
                paid[row.payee_id] += row.paid_fen
        assert all(fen <= 0 for fen in open_fen.values()), "somebody was paid too little"
        assert all(standing[payee] == paid[payee] + open_fen[payee] for payee in {*standing, *paid} if payee)

    def _what_came_back_is_waited_for(self) -> None:
        """The clock of the payout runs wherever a line that the bank sent back is to be paid again."""
        waited = set(RewardEntry.objects.sent_back().values_list("assessment_id", flat=True))
        running = CaseClock.objects.filter(kind=Clock.PAY, stopped_at=None).values_list("application_id", flat=True)
        assert waited <= set(running)

    def _nobody_judges_an_own_case(self, entries: list[RewardEntry], documents: dict[int, list[int]]) -> None:
        payees: defaultdict[int, set[int | None]] = defaultdict(set)
        for entry in entries:
            payees[entry.assessment_id].add(entry.payee_id)
        case_of = {entry.pk: entry.assessment_id for entry in entries}
        for row in Confirmation.objects.filter(state="CONFIRMED"):
            when = row.certified_at
            concerned = {
                entry.payee_id for entry in entries
                if entry.at <= when and entry.assessment_id in {case_of[pk] for pk in documents[row.pk]}
            }  # fmt: skip
            assert row.certified_by_id not in concerned

    def _histories_run_forward(self, verdicts: dict[int, Assessment]) -> None:
        before: dict[int, tuple[int, Any]] = {}
        for case, seq, when in Event.objects.order_by("application", "seq").values_list("application", "seq", "at"):
            assert case not in before or (seq == before[case][0] + 1 and when >= before[case][1])
            before[case] = (seq, when)


def prove(bank: Cast, *, runs: int, steps: int, derandomize: bool) -> Counter[str]:
    Money.bank, Money.crew, Money.tally = bank, set_the_stage(bank), Counter()
    run_state_machine_as_test(
        Money,
        settings=settings(
            max_examples=runs, stateful_step_count=steps, deadline=None, database=None, derandomize=derandomize,
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
    return Money.tally


def test_random_histories_leave_the_books_right(bank: Cast) -> None:
    """The same ones at every run, until somebody changes this test; each of these acts has succeeded among them."""
    tally = prove(bank, runs=25, steps=30, derandomize=True)
    for act in ("activate", "register", "certify", "make_payout", "mark_paid", "approve_reversal", "bounced"):
        assert tally[act], act


@pytest.mark.long
@pytest.mark.parametrize("part", range(20))
def test_two_thousand_random_histories_leave_the_books_right(bank: Cast, part: int) -> None:
    """In parts, for several processes, and so that an interrupted proof says how far it came; hours of one core."""
    tally = prove(bank, runs=100, steps=50, derandomize=False)
    assert tally["mark_paid"] > 100
