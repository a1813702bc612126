"""The homes of those who set the rules, pay, look and administer: management, human resources, audit, outsourcing,
administration. None of them sees a client here."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Count, Sum
from django.utils.translation import gettext as _

from applications.lifecycle import Performance, Step
from applications.models import Approval, CaseWarning, Event, KeyDifference
from incentives.lifecycle import EntryKind, HoldCause, PayeeKind, Why
from incentives.models import Bounty, Hold, RewardEntry, SplitPolicy
from incentives.periods import period_of
from incentives.querysets import IS_CONFIRMED
from incentives.selectors.batches import batches
from incentives.selectors.holds import open_holds
from incentives.selectors.papers import exportable
from incentives.selectors.reports import Question, cost_of_cards
from ops_center.desk.homes.parts import (
    SHOWN,
    Agenda,
    Button,
    Cell,
    Chart,
    Line,
    Morning,
    Section,
    Table,
    Tile,
    alarm,
    calendar_alarm,
    link,
)  # fmt: skip
from ops_center.job_words import JOB_WORDS
from ops_center.web import charts
from ops_center.web.templatetags.ops import day, percent, stamp, yuan
from organization.models import AuditRecord, Employee, JobRun, RoleAssignment
from organization.models.versions import PolicyStatus
from organization.roles import Employment, Role
from organization.services.calendar import years_without_days
from supervision.periods import Month
from supervision.selectors import calendar as calendar_changes
from supervision.selectors.funnel import REACHED, STEP_LABELS, funnel_board
from supervision.selectors.policies import VersionOf, branch_versions, clock_versions

UNUSUAL = ("W-SELF", "W-BURST", "W-EMP-BURST", "W-CONTACT-STAFF")
MANY_REVEALS = 10  # distinct clients of one person in a day: worth a look; the alarm itself comes at 25
ENDING_SOON, JOBS_SHOWN = timedelta(days=30), timedelta(days=2)


# -- management --------------------------------------------------------------------------------------------------------
def management(morning: Morning) -> Section:
    """The month's funnel, what a card costs in incentives, and the policy versions that wait for a second person."""
    month = Month.of(morning.at)
    funnel = funnel_board(scope=None, month=month)
    steps = [(step, str(STEP_LABELS[step]), funnel.total(step)) for step in REACHED]
    cost = cost_of_cards(Question.of(morning.me, period_of(str(month)), morning.at))
    return Section(
        Role.MGT,
        tiles=[
            Tile(_("Cases begun this month"), funnel.total("begun"), link("board", "funnel", reached="begun")),
            Tile(_("of these activated"), funnel.total("activated"), link("board", "funnel", reached="activated"),
                 percent(funnel.total("activated") / funnel.total("begun") if funnel.total("begun") else None)),
            Tile(_("Cards activated this month"), cost.cards, link("board", "leaderboard")),
            Tile(_("Incentives accrued this month"), yuan(cost.fen), link("reward-report-entries", cut="cost"),
                 unit=_("yuan")),
            Tile(_("Incentive per activated card"), yuan(cost.per_card_fen), link("reward-reports"), unit=_("yuan")),
        ],
        buttons=[
            Button(_("Policies"), link("policy-list"), "rules"),
            Button(_("Price board"), link("price-board"), "price"),
        ],
        main=[
            Chart(
                _("From referral to activation"), "funnel",
                charts.funnel(
                    [(label, cases) for _step, label, cases in steps], label=_("From referral to activation"),
                    link=lambda place: link("board", "funnel", reached=steps[place][0]),
                ),
                [_("Step"), _("Cases")], [[label, cases] for _step, label, cases in steps], link("board", "funnel"),
            ),
        ],
        side=[_policies_waiting(), _rules_waiting(morning)],
        **calendar_alarm(morning),
    )  # fmt: skip


def _policies_waiting() -> Agenda:
    splits = SplitPolicy.objects.filter(status=PolicyStatus.DRAFT).select_related("drafted_by")
    bounties = Bounty.objects.filter(status=PolicyStatus.DRAFT).select_related("drafted_by", "product")
    lines: list[tuple[str, SplitPolicy | Bounty]] = [
        (_("Split table %(version)s") % {"version": row.version}, row) for row in splits
    ]
    lines += [
        (_("Bounty of %(product)s: %(amount)s") % {"product": row.product.name, "amount": yuan(row.amount_fen)}, row)
        for row in bounties
    ]
    return Agenda(
        _("Policy versions that wait for a second person"), "rules",
        [
            Line(
                label=label, href=link("policy-list"), what=day(row.starts_on),
                note=row.drafted_by.name if row.drafted_by else "",
            )
            for label, row in lines[:SHOWN]
        ],
        _("No version waits."), _("A new version is drafted by one person and approved by another."),
        link("policy-list"), _("Version"), _("From"), _("Drafted by"), has_due=False, has_state=False,
    )  # fmt: skip


def _rules_waiting(morning: Morning) -> Agenda:
    """Limits, times and days that were drafted; who drafted one cannot approve it."""
    limits, times = clock_versions(morning.today).drafts, branch_versions(morning.today).drafts
    drafts: list[VersionOf[Any]] = [*limits, *times]
    lines = [
        Line(
            label=version.title, href=link("clock-policy" if version.is_clock else "branch-times", version.row.pk),
            what=day(version.row.starts_on), note=version.row.drafted_by.name if version.row.drafted_by else "",
        )
        for version in drafts
    ]  # fmt: skip
    lines += [
        Line(
            label=_("Calendar %(year)s") % {"year": change.year}, href=link("calendar-change", change.pk),
            what=change.source, note=change.drafted_by.name,
        )
        for change in calendar_changes.waiting()
    ]  # fmt: skip
    return Agenda(
        _("Limits, times and days that wait for a second person"), "calendar", lines[:SHOWN], _("Nothing waits."),
        _("A change is drafted by one person and approved by another."), link("clock-policy-list"), _("Rule"),
        _("From"), _("Drafted by"), has_due=False, has_state=False,
    )  # fmt: skip


# -- human resources ---------------------------------------------------------------------------------------------------
def human_resources(morning: Morning) -> Section:
    """Confirmed and not exported, the last batch, and what is to be clawed back."""
    documents = exportable()
    left = RewardEntry.objects.filter(IS_CONFIRMED).not_exported().still_due().order_by()
    left_of: dict[int, int] = dict(left.values_list("confirmation_line__confirmation").annotate(Sum("amount_fen")))
    waiting, fen = len(left_of), sum(left_of.values())
    unpaid = list(batches().filter(paid_on=None).values_list("pk", flat=True))
    last = batches().first()
    reversals = RewardEntry.objects.filter(kind=EntryKind.REVERSAL).not_exported().still_due()
    claw_back = reversals.aggregate(fen=Sum("amount_fen"))["fen"] or 0
    gone = open_holds(HoldCause.LEFT).values("entry__payee").distinct().count()
    return Section(
        Role.HR,
        tiles=[
            Tile(_("Confirmed, not exported"), waiting, link("payout-list"),
                 tone=alarm(waiting, "soon")),
            Tile(_("Their amount"), yuan(fen), link("payout-list"), unit=_("yuan")),
            Tile(_("Exported, to be marked as paid"), len(unpaid),
                 link("payout", *unpaid) if len(unpaid) == 1 else link("payout-list"),
                 tone=alarm(len(unpaid), "soon")),
            Tile(_("Last batch"), yuan(last.total_fen if last else None),
                 link("payout", last.pk) if last else link("payout-list"), stamp(last.made_at) if last else "",
                 unit=_("yuan") if last else ""),
            Tile(_("To claw back"), yuan(claw_back), link("payout-list"), tone=alarm(claw_back), unit=_("yuan")),
            Tile(_("People who have left"), gone, link("leaver-list"), _("pay or void"), tone=alarm(gone, "soon")),
        ],
        buttons=[
            Button(_("Export a payout"), link("payout-list"), "payout"),
            Button(_("Confirmations"), link("confirmation-list"), "document"),
        ],
        main=[
            Agenda(
                _("Confirmed and not exported"), "document",
                [
                    Line(
                        label=row.no, href=link("confirmation", row.no), what=row.period, note=stamp(row.certified_at),
                        fen=left_of.get(row.pk),
                    )
                    for row in documents[:SHOWN]
                ],
                _("Every confirmed document is exported."), _("Documents appear here when they are certified."),
                link("confirmation-list"), _("Document"), _("Period"), _("Certified"), _("Amount"), has_due=False,
                has_state=False,
            ),
        ],
        side=[
            Agenda(
                _("Claw-back list"), "return",
                [
                    Line(
                        label=row.assessment.application.number, what=Performance(row.role).label,
                        note=row.payee.name if row.payee else row.get_payee_kind_display(), fen=row.amount_fen,
                    )
                    for row in reversals.select_related("payee", "assessment__application")[:SHOWN]
                ],
                _("Nothing is to be clawed back."), "", link("payout-list"), _("Case"), _("Share"), _("Payee"),
                _("Amount"), has_due=False, has_state=False,
            ),
        ],
    )  # fmt: skip


# -- audit -------------------------------------------------------------------------------------------------------------
def audit(morning: Morning) -> Section:
    """Holds, reversals, and what is unusual: self-dealing, bursts, many corrections, many reveals."""
    since = morning.month
    holds = Hold.objects.filter(released_at=None).count()
    reversals = RewardEntry.objects.filter(kind=EntryKind.REVERSAL, at__gte=since).exclude(why=Why.RETIMED).order_by()
    reversed_cases = reversals.aggregate(cases=Count("assessment", distinct=True))["cases"]
    warned = CaseWarning.objects.filter(code__in=UNUSUAL, raised_at__gte=since)
    corrections = Approval.objects.filter(kind=Approval.Kind.CORRECT_STAMP, asked_at__gte=since)
    reveals = AuditRecord.objects.filter(action="reveal", at__gte=morning.midnight)
    return Section(
        Role.AUD,
        tiles=[
            Tile(_("Rewards on hold"), holds, link("hold-list"), tone=alarm(holds, "wait")),
            Tile(_("Cases reversed this month"), reversed_cases, link("correction-list"), tone=alarm(reversed_cases)),
            Tile(_("Unusual this month"), warned.count(), link("application-list", order="newest")),
            Tile(_("Stamp corrections this month"), corrections.count(), link("approval-list")),
            Tile(_("Personal data opened today"), reveals.count(),
                 link("audit-log", action="reveal", since=morning.today.isoformat())),
        ],
        buttons=[Button(_("Access log"), link("audit-log", action="reveal"), "eye")],
        main=[
            Agenda(
                _("Unusual cases"), "flag",
                [
                    Line(
                        label=row.application.number, href=link("application", row.application.number), what=row.code,
                        note=stamp(row.raised_at), state=row.application.state,
                        state_label=row.application.get_state_display(),
                    )
                    for row in warned.select_related("application").order_by("-raised_at")[:SHOWN]
                ],
                _("Nothing unusual this month."),
                _("Own cards, bursts of files and staff telephones as contacts appear here."),
                "", _("Case"), _("Warning"), _("Raised"), has_due=False,
            )
        ],
        side=[_reveals(reveals, morning), _corrections(corrections)],
    )  # fmt: skip


def _reveals(reveals: Any, morning: Morning) -> Table:
    by_person = reveals.order_by().values_list("actor__number", "actor__name").annotate(
        clients=Count("subject", distinct=True), looks=Count("pk")
    )  # fmt: skip
    today = morning.today.isoformat()
    return Table(
        _("Personal data opened today"), "eye", [_("Person"), _("Clients"), _("Looks")],
        [
            [
                Cell(name), Cell(clients, tone="soon" if clients >= MANY_REVEALS else ""),
                Cell(looks, link("audit-log", action="reveal", person=number, since=today)),
            ]
            for number, name, clients, looks in by_person.order_by("-clients")[:SHOWN]
        ],
        empty=_("Nobody has opened personal data today."),
    )  # fmt: skip


def _corrections(corrections: Any) -> Table:
    asked = corrections.order_by().values_list("asked_by__name").annotate(n=Count("pk")).order_by("-n")
    return Table(
        _("Stamp corrections this month"), "edit", [_("Person"), _("Requests")],
        [[Cell(name), Cell(requests, link("approval-list"))] for name, requests in asked[:SHOWN]],
        empty=_("No stamp was corrected this month."),
    )  # fmt: skip


# -- outsourcing -------------------------------------------------------------------------------------------------------
def outsourcing(morning: Morning) -> Section:
    """Volume, errors and settlement of the outsourced staff this month, by person; no case and no client."""
    since = morning.month
    staff = Employee.objects.filter(employment=Employment.OUTSOURCED).order_by("vendor", "number").in_bulk()
    keyed = _per_person(
        Event.objects.filter(actor__in=staff, at__gte=since, step=Step.SUBMIT_ENTRY), "actor", Count("pk")
    )
    wrong = _per_person(
        KeyDifference.objects.filter(wrong_keyer__in=staff, found_at__gte=since), "wrong_keyer", Count("pk")
    )
    earned = _per_person(
        RewardEntry.objects.filter(payee__in=staff, at__gte=since, payee_kind=PayeeKind.EMPLOYEE), "payee",
        Sum("amount_fen"),
    )  # fmt: skip
    rows = [
        [
            Cell(f"{person.name} {person.number}"), Cell(person.vendor), Cell(keyed.get(pk, 0)),
            Cell(wrong.get(pk, 0), tone="soon"), Cell(yuan(earned.get(pk, 0))),
        ]
        for pk, person in staff.items()
        if person.is_active or pk in keyed or pk in earned
    ]  # fmt: skip
    return Section(
        Role.VND,
        tiles=[
            Tile(_("Keyed this month"), sum(keyed.values())),
            Tile(_("Errors found this month"), sum(wrong.values()), tone=alarm(sum(wrong.values()), "soon")),
            Tile(_("Settlement of the month so far"), yuan(sum(earned.values())), unit=_("yuan")),
        ],
        main=[
            Table(
                _("Outsourced staff"), "people",
                [_("Person"), _("Vendor"), _("Keyed"), _("Errors"), _("Settlement in yuan")], rows,
                empty=_("There are no outsourced staff."),
            )
        ],
    )  # fmt: skip


def _per_person(rows: Any, person: str, figure: Any) -> dict[int, int]:
    return dict(rows.order_by().values_list(person).annotate(figure))


# -- administration ----------------------------------------------------------------------------------------------------
def administration(morning: Morning) -> Section:
    """People and their roles, and whether the periodic jobs run. No business data."""
    today = morning.today
    ending = RoleAssignment.objects.filter(ends_on__gte=today, ends_on__lte=today + ENDING_SOON)
    missing = years_without_days([today.year, today.year + 1])
    runs = JobRun.objects.filter(started_at__gte=morning.at - JOBS_SHOWN).order_by("name", "-started_at")
    last_runs = sorted(runs.distinct("name"), key=lambda run: (not run.error, -run.started_at.timestamp()))
    failed = sum(bool(run.error) for run in last_runs)
    return Section(
        Role.ADM,
        tiles=[
            Tile(_("People"), Employee.objects.active().count(), link("admin:organization_employee_changelist")),
            Tile(_("Roles that end within 30 days"), ending.count(),
                 link("admin:organization_roleassignment_changelist")),
            Tile(_("Years without a calendar"), len(missing), link("admin:organization_calendarday_changelist"),
                 "、".join(map(str, missing)), alarm(len(missing), "soon")),
            Tile(_("Jobs that failed last"), failed, link("jobs"), tone=alarm(failed)),
        ],
        buttons=[Button(_("Administration"), link("admin:index"), "settings")],
        main=[
            Table(
                _("Periodic jobs"), "refresh", [_("Job"), _("Last run"), _("Outcome")],
                [
                    [
                        Cell(JOB_WORDS.get(run.name, run.name)), Cell(stamp(run.started_at)),
                        Cell(run.error or (_("done") if run.ended_at else _("running")), tone=alarm(bool(run.error))),
                    ]
                    for run in last_runs[:SHOWN]
                ],
                empty=_("No job has run in the last two days: is beat running?"), href=link("jobs"),
            )
        ],
        side=[
            Agenda(
                _("Roles that end soon"), "people",
                [
                    Line(
                        label=row.employee.name, what=row.get_role_display(), note=day(row.ends_on),
                        href=link("admin:organization_employee_change", row.employee_id),
                    )
                    for row in ending.select_related("employee").order_by("ends_on", "employee__number")[:SHOWN]
                ],
                _("No role ends within 30 days."), "", "", _("Person"), _("Role"), _("Until"), has_due=False,
                has_state=False,
            )
        ],
    )  # fmt: skip
