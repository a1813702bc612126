"""What the bank did beside the cases while they went their way: rewards accrued, registered, confirmed and paid, late
clocks found and explained. Done by the services, day by day, at the time at which it was done.

What is registered is certified twice a week and at the end of its month. HR pays in the middle of a month what was
certified before it: the month before last is paid, last month's own document is confirmed and waits for HR, this month
runs.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import date, datetime, timedelta

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import F

from applications.lifecycle import Clock, Outcome, State
from applications.models import Application, CaseClock
from applications.querysets import CaseClockQuerySet
from applications.services.approvals import ask_reopen
from incentives.models import Confirmation
from incentives.periods import month_of, period_of
from incentives.services.accrual import accrue
from incentives.services.builds import build
from incentives.services.caps import close_ended_months
from incentives.services.confirmations import certify, draft_confirmation
from incentives.services.payouts import freeze, mark_paid
from incentives.services.registration import register
from incentives.services.releases import release_due_holds
from ops_center.clock import local_day
from ops_center.history.demo.bank import Crew
from ops_center.history.demo.days import WINDOW, Days
from ops_center.history.demo.desks import Desks, answer_payments
from ops_center.history.demo.prices import Prices
from ops_center.kernel.errors import Refused
from organization.models import Employee, Message
from organization.roles import Role
from supervision.models import Breach
from supervision.services.breaches import find_breaches
from supervision.services.justifications import close_lapsed_windows, decide_justification, justify, standing
from supervision.services.notices import tell_waiting

Deed = Callable[[datetime], object]

CONFIRMED_ON = 2  # working day of the next month
PAID_BY = 12  # day of the next month
INTERIM = (1, 4)  # Tuesdays and Fridays: within the three working days of a certification
FRIDAY = 4
EXPLAINED = 8  # late clocks with an explanation
TO_DECIDE = 5  # explanations that wait for their decision
NOTICE = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 420 300]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
)
LEFT_BEHIND = ("OTHER", "客户补签后袋已封，次日随包寄出")
EXPLANATIONS = (
    ("SYSTEM_FAILURE", "当日录入系统中断两小时，已报科技部", True),
    ("MATERIAL_NOTIFIED", "材料有疑，已电话通知网点补充", True),
    ("WORKLOAD", "当日到件超过核定产能", False),
    ("OTHER", "交接班遗漏", False),
)


class Months:
    """The diary of the last three months, to be worked through in the order of time."""

    def __init__(self, crew: Crew, days: Days) -> None:
        self.crew, self.days, self.now = crew, days, days.now
        by_number = crew.by_number
        self.tracker, self.registrar = by_number["LZ10010"], crew.by_role[Role.TR][1]
        self.supervisor, self.hr = by_number["LZ10012"], by_number["LZ10015"]
        self.diary: list[tuple[datetime, int, Deed]] = []
        self.done: Counter[str] = Counter()
        self.this_month = period_of(month_of(self.now))
        self.last_month = period_of(month_of(self.this_month.starts_at - timedelta(days=1)))
        self.activations = self._activations()

    def live(self) -> dict[str, int]:
        prices = Prices(self.crew, self.days)
        prices.publish()
        for on in self.days.window(WINDOW + 7):
            self._plan_day(on)
        self._plan_explanations()
        for at, _no, deed in sorted(self.diary, key=lambda entry: entry[:2]):
            if at <= self.now:
                deed(at)
        self._catch_up()
        self._ask_to_reopen()
        Desks(self.crew, self.days).fill(period=self.this_month.label)
        prices.leave_drafts()
        Message.objects.filter(at__lt=self.now - timedelta(hours=20), read_at=None).update(
            read_at=F("at") + timedelta(hours=1)
        )
        return dict(self.done)

    def _note(self, at: datetime, deed: Deed) -> None:
        self.diary.append((at, len(self.diary), deed))

    # -- day by day ----------------------------------------------------------------------------------------------------
    def _plan_day(self, on: date) -> None:
        self._note(self.days.at(on, "08:40"), self._tell)
        self._note(self.days.at(on, "09:50"), self._accrue)
        if on < self.days.today:  # the rest is this morning's work
            self._note(self.days.at(on, "10:00"), self._register)
        if on.weekday() == FRIDAY:
            self._note(self.days.at(on, "18:00"), self._look_for_breaches)
        first_of_month = on.replace(day=1)
        before = month_of(self.days.at(first_of_month, "00:00") - timedelta(days=1))
        if self.days.calendar.workdays_between(first_of_month, on) == 0:
            self._note(self.days.at(on, "09:55"), self._close_months)
        if self.days.calendar.workdays_between(first_of_month, on) == CONFIRMED_ON - 1:
            self._note(self.days.at(on, "15:40"), lambda at: self._confirm(before, at))
        elif on.weekday() in INTERIM and on < self.days.back(1) and self._confirmed_by(on):
            week = f"{on.isocalendar().year}-W{on.isocalendar().week:02d}"
            self._note(self.days.at(on, "16:40"), lambda at: self._confirm(week, at))
        if on == self.days.calendar.previous_or_same_workday(on.replace(day=PAID_BY)):
            self._note(self.days.at(on, "14:30"), self._pay)

    def _confirmed_by(self, on: date) -> bool:
        """Whether the document of the month before was made before that day."""
        return self.days.calendar.workdays_between(on.replace(day=1), on) >= CONFIRMED_ON

    def _accrue(self, at: datetime) -> None:
        self.done["accrued"] += accrue(at=at)["assessed"]
        release_due_holds(at=at)

    def _register(self, at: datetime) -> None:
        """What was activated up to yesterday."""
        ripe = sorted(on for on in self.activations if on < local_day(at))
        numbers = [number for on in ripe for number in self.activations.pop(on)]
        if numbers:
            results = register(applications=numbers, actor=self.registrar, at=at)
            self.done["registered"] += sum(result.done for result in results)

    def _confirm(self, period: str, at: datetime) -> None:
        try:
            draft = draft_confirmation(period=period, actor=self.registrar, at=at - timedelta(minutes=40))
        except Refused as no:
            if no.code != "nothing_to_confirm":
                raise
            return
        certify(no=draft.no, actor=self.supervisor, at=at)
        self.done["confirmed"] += 1

    def _pay(self, at: datetime) -> None:
        """What was certified before the running month; last month two payments came back."""
        due = Confirmation.objects.filter(certified_at__lt=self.this_month.starts_at, batches=None)
        if numbers := list(due.values_list("no", flat=True)):
            batch = freeze(confirmations=numbers, actor=self.hr, at=at - timedelta(hours=4))
            build(batch=batch.pk, at=at - timedelta(hours=4))
            mark_paid(batch=batch.pk, actor=self.hr, at=at)
            answered = at + timedelta(days=1)
            if answered <= self.now:
                some_back = month_of(at) == self.last_month.label
                answer_payments(batch, hr=self.hr, at=answered, some_back=some_back)
            self.done["paid"] += 1

    def _close_months(self, at: datetime) -> None:
        self.done["lapsed"] += close_ended_months(at=at)["lapsed"]

    def _look_for_breaches(self, at: datetime) -> None:
        self.done["breaches"] += find_breaches(at=at)
        close_lapsed_windows(at=at)

    def _tell(self, at: datetime) -> None:
        """What fell due overnight, to people whose day has begun."""
        tell_waiting(at=at)

    # -- explanations --------------------------------------------------------------------------------------------------
    def _plan_explanations(self) -> None:
        """Some of the late clocks were explained within the two days, and decided the day after."""
        pending = CaseClock.objects.filter(outcome=Outcome.LATE_PENDING, owner__isnull=False, stopped_at__lt=self.now)
        left_behind = self._left_behind(pending)
        rows = [row for row in pending.select_related("owner").order_by("stopped_at") if row.pk not in left_behind]
        for turn, clock in enumerate(rows[:: max(len(rows) // EXPLAINED, 1)]):
            assert clock.stopped_at is not None
            found = self.days.calendar.add_working_minutes(clock.stopped_at, 15)
            self._note(found, self._look_for_breaches)
            code, text, accepted = EXPLANATIONS[turn % len(EXPLANATIONS)]
            owner = clock.owner
            assert owner is not None
            self._note(found + timedelta(minutes=20), self._explaining(clock.pk, owner, code, text))
            self._note(found + timedelta(hours=2), self._deciding(clock.pk, accepted=accepted))

    def _left_behind(self, pending: CaseClockQuerySet) -> list[int]:
        """Files that missed a bag and came this morning: their collectors explain it before the head, who has still to
        give an opinion, comes in. Returns the clocks."""
        head, morning = self.crew.by_number["LZ10002"], self.days.at(self.days.today, "08:40")
        rows = pending.filter(
            kind=Clock.DISPATCH, owner__branch=head.branch, stopped_at__gte=self.days.at(self.days.back(1), "00:00")
        )
        late = list(rows.exclude(owner=head).select_related("owner"))
        for clock in late:
            assert clock.owner is not None
            self._note(morning, self._look_for_breaches)
            self._note(morning + timedelta(minutes=10), self._explaining(clock.pk, clock.owner, *LEFT_BEHIND))
        return [clock.pk for clock in late]

    def _explaining(self, clock: int, owner: Employee, code: str, text: str) -> Deed:
        def explain(at: datetime) -> None:
            breach = Breach.objects.filter(clock=clock, file_by__gt=at).first()
            if breach is not None and breach.owner_id == owner.pk:
                justify(breach_id=breach.pk, actor=owner, at=at, code=code, text=text)
                self.done["explained"] += 1

        return explain

    def _deciding(self, clock: int, *, accepted: bool) -> Deed:
        def decide(at: datetime) -> None:
            waiting = Breach.objects.filter(clock=clock, justification__decided_at=None).exclude(justification=None)
            for row in waiting:
                note = "情况属实" if accepted else "理由不充分"
                decide_justification(breach_id=row.pk, actor=self.supervisor, at=at, accepted=accepted, note=note)

        return decide

    def _explain_the_latest(self) -> None:
        """What waits for the tracker's judgement this morning: two of them with evidence."""
        fresh = (
            Breach.objects.to_explain(self.now)
            .filter(owner__isnull=False)
            .exclude(application__campaign__regex=r"^S\d+$")
        )
        rows = [row for row in fresh.with_facts().order_by("-due_at", "pk") if standing(row, self.now) == "TO_EXPLAIN"]
        for turn, breach in enumerate(rows[:TO_DECIDE]):
            code, text, _accepted = EXPLANATIONS[turn % len(EXPLANATIONS)]
            evidence = [SimpleUploadedFile("情况说明.pdf", NOTICE)] if turn < 2 else []
            owner = breach.owner
            assert owner is not None
            justify(breach_id=breach.pk, actor=owner, at=self.now, code=code, text=text, evidence=evidence)
            self.done["explained"] += 1

    # -- the present ---------------------------------------------------------------------------------------------------
    def _catch_up(self) -> None:
        """What the diary had no day for yet: last month's document where this month is too young for it."""
        self._accrue(self.now)
        self._close_months(self.now)
        self._look_for_breaches(self.now)
        self._explain_the_latest()
        self._tell(self.now)
        if not Confirmation.objects.filter(period=self.last_month.label).exists():
            self._confirm(self.last_month.label, self.now)

    def _ask_to_reopen(self) -> None:
        """For the supervisor; what waits about the money is laid on the desks by desks.py."""
        ended = Application.objects.filter(
            state=State.WITHDRAWN, issued_at=None, withdrawn_at__gt=self.now - timedelta(days=20)
        )
        for case in ended.order_by("-withdrawn_at")[:2]:
            ask_reopen(
                case=case.pk, actor=self.tracker, at=self.now - timedelta(hours=2), note="客户改变主意，请求恢复"
            )

    def _activations(self) -> dict[date, list[str]]:
        """Numbers of the activated cases by day. The scripted ones are left to whoever plays their scenario, but for
        S10, whose month is over."""
        found: defaultdict[date, list[str]] = defaultdict(list)
        rows = Application.objects.filter(state=State.ACTIVATED, is_imported=False).exclude(
            campaign__regex=r"^S(?!10$)\d+$"
        )
        for number, at in rows.order_by("activated_at").values_list("number", "activated_at"):
            assert at is not None
            found[local_day(at)].append(number)
        return found


def settle_months(crew: Crew, days: Days) -> dict[str, int]:
    """Lives through the three months and returns what was done."""
    return Months(crew, days).live()
