"""What waits on the desks this morning about the money: something to decide for everybody who decides."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Any

from django.db.models import Exists, OuterRef

from applications.models import Application, Coaching
from applications.services.card_status import HEADER, apply_file, take_file
from incentives.lifecycle import EntryKind, Ground, PayeeKind, Why
from incentives.models import PayoutBalance, PayoutBatch, RewardEntry
from incentives.querysets import RewardEntryQuerySet
from incentives.services.adjustments import ask_adjustment
from incentives.services.confirmations import draft_confirmation
from incentives.services.cross_sells import approve_cross_sell, report_cross_sell
from incentives.services.disputes import dispute
from incentives.services.holds import hold, pull_holds
from incentives.services.returns import take_return
from incentives.services.reversals import ask_reversal
from ops_center.clock import local_day
from ops_center.history.demo.bank import Crew
from ops_center.history.demo.days import Days
from ops_center.kernel.errors import Refused
from ops_center.kernel.money import yuan
from organization.models import Channel, Delivery, Employee
from organization.roles import Employment, Role
from organization.services import letters
from organization.services.telling import choose
from supervision.lifecycle import NONE_MISSED
from supervision.models import Complaint
from supervision.services import complaints

SOLD = ("账单分期", "现金分期", "自动还款")
WEEKS_AGO = timedelta(days=21)


class Desks:
    """Lays it there by the services, an hour or two before the load."""

    def __init__(self, crew: Crew, days: Days) -> None:
        by_number = crew.by_number
        self.crew, self.days, self.now = crew, days, days.now
        self.tracker, self.registrar = by_number["LZ10010"], crew.by_role[Role.TR][1]
        self.supervisor, self.auditor, self.hr = by_number["LZ10012"], by_number["LZ10016"], by_number["LZ10015"]

    def fill(self, *, period: str) -> None:
        self._load_card_file()
        self._sell_beside()
        self._complain()
        self._hold()
        self._ask_back()
        self._fall_into_arrears()
        self._correct_and_dispute()
        self._leave_a_draft(period)
        self._choose_letters()

    def _before(self, **time: float) -> datetime:
        return self.now - timedelta(**time)

    def _unpaid(self) -> RewardEntryQuerySet:
        """Whole shares of employees in the running month that nobody has taken up yet; the scripted cases are left to
        whoever plays their scenario."""
        shares = RewardEntry.objects.filter(kind=EntryKind.SPLIT, payee_kind=PayeeKind.EMPLOYEE, mirrors=None)
        free = shares.not_voided().not_on_hold().not_exported().filter(at__gte=self.now - WEEKS_AGO)
        return free.exclude(assessment__application__campaign__regex=r"^S\d+$").order_by("pk")

    def _load_card_file(self) -> None:
        """What the tracker registers is in the card system's file, but for one case that it dates a day earlier."""
        at, differs = self._before(hours=4), True
        waiting = Application.objects.filter(assessment__bounty_fen__gt=0, assessment__registration=None)
        lines = [",".join(HEADER)]
        for case in waiting.filter(activated_at__lt=at).select_related("applicant").order_by("activated_at"):
            assert case.activated_at is not None
            assert case.applicant.id_number is not None
            when = case.activated_at
            if differs and not case.campaign:
                when, differs = when - timedelta(days=1), False
            lines.append(f"{case.number},{case.applicant.id_number.reveal()[-4:]},ACTIVATED,{when.isoformat()},,")
        file = take_file(
            name=f"卡状态-{local_day(at):%Y%m%d}.csv", content="\n".join(lines).encode(), actor=self.tracker, at=at
        )
        apply_file(file_id=file.pk, at=at)

    def _sell_beside(self) -> None:
        """Other products sold in the coaching call: some confirmed by the supervisor, the last two still to be."""
        calls = Coaching.objects.filter(application__assessment__bounty_fen__gt=0, at__gte=self.now - WEEKS_AGO)
        fresh = calls.exclude(application__campaign__regex=r"^S\d+$").select_related("application", "officer")
        found = [call for call in fresh.order_by("at") if call.officer.has_role(Role.AS, on=self.days.today)]
        for turn, call in enumerate(found[:: max(len(found) // 5, 1)][:5]):
            at = self._before(hours=26 - turn)
            row = report_cross_sell(
                case=call.application.number, product=SOLD[turn % len(SOLD)], actor=call.officer, at=at
            )
            if turn < 3:
                approve_cross_sell(
                    cross_sell=row.pk, actor=self.supervisor, at=at + timedelta(hours=3), reason="录音属实"
                )

    def _complain(self) -> None:
        """Three tickets: one to be answered today, which holds its seller's reward; one with the supervisor; one that
        was closed last week."""
        sold = self._unpaid().filter(role="COLLECTOR").values_list("assessment__application__number", flat=True)
        fresh, older, oldest = sold[3:6]
        self._ticket(fresh, Complaint.About.SALE, "客户称办卡时未说明年费，要求核实", hours=5)
        delayed = self._ticket(older, Complaint.About.DELAY, "客户称申请后多次询问进度无人答复", hours=70)
        delayed("reply", 52, text="已致歉，告知当前进度，承诺三日内答复结果")
        delayed("escalate", 50, text="客户要求主管书面答复")
        settled = self._ticket(oldest, Complaint.About.SERVICE, "客户称回访时客服态度生硬", hours=12 * 24)
        settled("reply", 12 * 24 - 6, text="已致歉，承诺调听录音")
        settled("solve", 10 * 24, text="调听录音属实，已对客服辅导并再次致歉")
        settled("follow_up", 9 * 24, text="客户接受", reached=True, satisfied=True)
        settled("close", 9 * 24 - 1, text="服务用语不规范，已整改", is_upheld=True, ticks=list(NONE_MISSED))

    def _ticket(self, case: str, about: str, text: str, *, hours: float) -> Callable[..., Complaint]:
        """Opens a complaint so many hours ago; what it gives takes an act on it, by the same handler."""
        handler = self.crew.by_number["LZ10017"]
        row = complaints.open_complaint(
            actor=handler, at=self._before(hours=hours), about=about, channel=Complaint.Channel.PHONE, text=text,
            case=case,
        )  # fmt: skip

        def takes(act: str, hours: float, **said: Any) -> Complaint:
            done: Complaint = getattr(complaints, act)(
                complaint=row.number, actor=handler, at=self._before(hours=hours), **said
            )
            return done

        return takes

    def _hold(self) -> None:
        """One of each cause: the auditor's, a risk flag, the complaint's, and somebody who has left."""
        for entry in self._unpaid()[:1]:
            hold(entry=entry.pk, reason="同一收件人短时集中进件，抽查中", actor=self.auditor, at=self._before(hours=2))
        suspect = self._unpaid().filter(role="CREDIT_CHECK").values_list("assessment", flat=True)[5:6]
        Application.objects.filter(pk__in=list(suspect)).update(is_risk=True)
        leavers = (
            self._unpaid()
            .filter(role="REFERRER", payee__in=self.crew.by_role[Role.EMP])
            .exclude(payee__number="LZ10234")
        )
        for entry in leavers[:1]:
            Employee.objects.filter(pk=entry.payee_id).update(left_on=self.days.back(3))
        pull_holds(at=self._before(hours=1))

    def _ask_back(self) -> None:
        """Audit wants the rewards of a paid case back; a supervisor has to agree."""
        paid = RewardEntry.objects.filter(kind=EntryKind.SPLIT, payout_lines__batch__paid_on__isnull=False)
        for entry in paid.select_related("assessment__application").order_by("-pk")[:1]:
            ask_reversal(
                case=entry.assessment.application.number, ground=Ground.FRAUD, actor=self.auditor,
                at=self._before(hours=2), reason="事后核查：单位证明系伪造，已移交",
            )  # fmt: skip

    def _fall_into_arrears(self) -> None:
        """The card system says that a card of the last months is not paid: audit finds it to be reviewed."""
        paid = RewardEntry.objects.filter(payout_lines__batch__paid_on__isnull=False, kind=EntryKind.SPLIT)
        for entry in paid.select_related("assessment__application__applicant").order_by("pk")[:1]:
            case, at = entry.assessment.application, self._before(hours=3)
            assert case.applicant.id_number is not None
            line = f"{case.number},{case.applicant.id_number.reveal()[-4:]},DELINQUENT,{at.isoformat()},,M1"
            content = f"{','.join(HEADER)}\n{line}\n".encode()
            file = take_file(name=f"逾期-{local_day(at):%Y%m%d}.csv", content=content, actor=self.tracker, at=at)
            apply_file(file_id=file.pk, at=at)

    def _correct_and_dispute(self) -> None:
        """A tracker asks for a correction; a clerk does not agree with a penalty."""
        own_cases = RewardEntry.objects.filter(assessment=OuterRef("assessment"), payee=self.tracker)
        others = self._unpaid().filter(~Exists(own_cases), role="CREDIT_CHECK")
        for entry in others.select_related("assessment__application", "payee")[:1]:
            assert entry.payee is not None
            ask_adjustment(
                case=entry.assessment.application.number, payee=entry.payee, role=entry.role, amount_fen=5_00,
                reason="电核两次均由其完成，补计核查辛劳", actor=self.tracker, at=self._before(hours=3),
            )  # fmt: skip
        late = RewardEntry.objects.filter(kind=EntryKind.TIMELINESS, why=Why.LATE, mirrored_by=None)
        at_desk = late.exclude(payee__employment=Employment.OUTSOURCED).exclude(payee=self.crew.newcomer)
        for entry in at_desk.select_related("payee").order_by("-pk")[:1]:
            assert entry.payee is not None
            dispute(entry=entry.pk, text="当日系统中断两小时，不应计逾期", actor=entry.payee, at=self._before(hours=2))

    def _choose_letters(self) -> None:
        """Who leads or tracks reads by mail; a letter to a vendor's clerk without an address was given up."""
        readers = ("LZ10002", "LZ10010", "LZ10012", "LZ10013", "LZ10017")
        for turn, number in enumerate(readers):
            choose(
                actor=self.crew.by_number[number], quiet_from=time(18), quiet_to=time(8), by_mail=True,
                digest_at=time(8 + turn % 2, 30),
            )  # fmt: skip
        morning = self.days.at(self.days.back(1), "10:00")
        clerk = self.crew.by_number["LZ10018"]
        lost = Delivery(channel=Channel.MAIL, employee=clerk, subject="每日汇总", text="今日到期：2", due_at=morning)
        lost.key = f"digest:{clerk.number}:{local_day(morning)}"
        letters.post([lost])
        letters.send_due(at=morning)

    def _leave_a_draft(self, period: str) -> None:
        """Drafted by the tracker who registers; whoever earns nothing from its cases may certify it."""
        try:
            draft_confirmation(period=period, actor=self.registrar, at=self._before(minutes=30))
        except Refused as no:
            if no.code != "nothing_to_confirm":
                raise


def answer_payments(batch: PayoutBatch, *, hr: Employee, at: datetime, some_back: bool) -> None:
    """HR's payroll answers next day: everybody was paid. With ``some_back`` but for one whose account is closed, and
    three days later the bank returns another payment."""
    balances = list(
        PayoutBalance.objects.filter(batch=batch, paid_fen__gt=0).select_related("payee").order_by("paid_fen")
    )
    lines = [f"{balance.payee.number},{yuan(balance.paid_fen)},已发放," for balance in balances]
    files = {"回盘": (at, lines)}
    if some_back:
        refused, bounced = (line.replace("已发放,", "退回,收款账户已销户") for line in lines[:2])
        files = {"回盘": (at, [refused, *lines[1:]]), "退票": (at + timedelta(days=3), [bounced])}
    for name, (when, rows) in files.items():
        content = "\n".join(["工号,实发金额,结果,原因", *rows]).encode()
        take_return(batch=batch.pk, name=f"{name}-{batch.pk}.csv", content=content, actor=hr, at=when)
