"""The homes of those who set the rules, pay, look and administer: management, human resources, audit, outsourcing,
administration. None of them sees a client here."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Count, Q, Sum
from django.utils.translation import gettext as _

from applications.lifecycle import Performance, Step
from applications.models import Application, Approval, CaseWarning, Event, KeyDifference
from incentives.lifecycle import ConfirmationState, EntryKind, PayeeKind, PolicyStatus
from incentives.models import Bounty, Confirmation, Hold, PayoutBatch, RewardEntry, SplitPolicy
from ops_center.desk.homes.parts import (
    SHOWN,
    Agenda,
    Button,
    Cell,
    Line,
    Morning,
    Section,
    Table,
    Tile,
    alarm,
    link,
    section,
)  # fmt: skip
from ops_center.web.templatetags.ops import day, percent, stamp, yuan
from organization.models import AuditRecord, Employee, JobRun, RoleAssignment
from organization.roles import Employment, Role
from organization.services.calendar import years_without_days

UNUSUAL = ("W-SELF", "W-BURST", "W-EMP-BURST", "W-CONTACT-STAFF")
ENDING_SOON = timedelta(days=30)


# -- management --------------------------------------------------------------------------------------------------------
def management(morning: Morning) -> Section:
    """The month's funnel, what a card costs in incentives, and the policy versions that wait for a second person."""
    since = morning.month
    funnel = Application.objects.filter(
        Q(referred_at__gte=since) | Q(taken_in_at__gte=since) | Q(entered_at__gte=since) | Q(issued_at__gte=since)
        | Q(activated_at__gte=since)
    ).aggregate(
        **{
            stamp_name: Count("pk", filter=Q(**{f"{stamp_name}__gte": since}))
            for stamp_name in ("referred_at", "taken_in_at", "entered_at", "issued_at", "activated_at")
        }
    )  # fmt: skip
    spent = RewardEntry.objects.filter(at__gte=since).aggregate(fen=Sum("amount_fen"))["fen"] or 0
    activated = funnel["activated_at"]
    waiting = [
        Line(label=_("Split table %(version)s") % {"version": row.version}, href=link("policy-list"),
             what=day(row.starts_on), note=row.drafted_by.name if row.drafted_by else "")
        for row in SplitPolicy.objects.filter(status=PolicyStatus.DRAFT).select_related("drafted_by")
    ] + [
        Line(label=_("Bounty of %(product)s: %(amount)s") % {"product": row.product.name,
                                                            "amount": yuan(row.amount_fen)},
             href=link("policy-list"), what=day(row.starts_on), note=row.drafted_by.name if row.drafted_by else "")
        for row in Bounty.objects.filter(status=PolicyStatus.DRAFT).select_related("drafted_by", "product")
    ]  # fmt: skip
    missing = years_without_days([morning.today.year, morning.today.year + 1])
    board = link("board", "funnel")
    return section(
        Role.MGT,
        tiles=[
            Tile(_("Referred this month"), funnel["referred_at"], board),
            Tile(_("Taken in"), funnel["taken_in_at"], board),
            Tile(_("Entered"), funnel["entered_at"], board),
            Tile(_("Issued"), funnel["issued_at"], board,
                 percent(funnel["issued_at"] / funnel["taken_in_at"] if funnel["taken_in_at"] else None)),
            Tile(_("Activated"), activated, board,
                 percent(activated / funnel["issued_at"] if funnel["issued_at"] else None)),
            Tile(_("Incentive per activated card"), yuan(spent // activated if activated else None),
                 link("policy-list"), unit=_("yuan")),
        ],
        buttons=[
            Button(_("Policies"), link("policy-list"), "rules"),
            Button(_("Price board"), link("price-board"), "price"),
        ],
        agendas=[
            Agenda(
                _("Policy versions that wait for a second person"), "rules", waiting[:SHOWN],
                _("No version waits."), _("A new version is drafted by one person and approved by another."),
                link("policy-list"), _("Version"), _("From"), _("Drafted by"), has_due=False, has_state=False,
            )
        ],
        notice=_("No official working days are known for %(years)s: please load the calendar.")
        % {"years": "、".join(map(str, missing))}
        if missing
        else "",
    )  # fmt: skip


# -- human resources ---------------------------------------------------------------------------------------------------
def human_resources(morning: Morning) -> Section:
    """Confirmed and not exported, the last batch, and what is to be clawed back."""
    unpaid = RewardEntry.objects.filter(
        confirmation_line__confirmation__state=ConfirmationState.CONFIRMED, payout_line=None
    ).order_by()
    confirmed = unpaid.aggregate(
        documents=Count("confirmation_line__confirmation", distinct=True), fen=Sum("amount_fen")
    )
    documents = (
        Confirmation.objects.filter(state=ConfirmationState.CONFIRMED, lines__entry__payout_line=None)
        .distinct()
        .order_by("certified_at")
    )
    batches = PayoutBatch.objects.order_by("-made_at", "-id")
    to_mark = batches.filter(paid_on=None).count()
    last = batches.first()
    reversals = RewardEntry.objects.filter(kind=EntryKind.REVERSAL, payout_line=None).select_related(
        "payee", "assessment__application"
    )
    claw_back = reversals.order_by().aggregate(fen=Sum("amount_fen"))["fen"] or 0
    return section(
        Role.HR,
        tiles=[
            Tile(_("Confirmed, not exported"), confirmed["documents"], link("payout-list"),
                 tone=alarm(confirmed["documents"], "soon")),
            Tile(_("Their amount"), yuan(confirmed["fen"] or 0), link("payout-list"), unit=_("yuan")),
            Tile(_("Exported, to be marked as paid"), to_mark, link("payout-list"), tone=alarm(to_mark, "soon")),
            Tile(_("Last batch"), yuan(last.total_fen) if last else "—", link("payout-list"),
                 stamp(last.made_at) if last else ""),
            Tile(_("To claw back"), yuan(claw_back), link("payout-list"), tone=alarm(claw_back), unit=_("yuan")),
        ],
        buttons=[
            Button(_("Export a payout"), link("payout-list"), "payout"),
            Button(_("Confirmations"), link("confirmation-list"), "document"),
        ],
        agendas=[
            Agenda(
                _("Confirmed and not exported"), "document",
                [
                    Line(label=row.no, href=link("confirmation", row.no), what=row.period, note=stamp(row.certified_at),
                         fen=row.total_fen)
                    for row in documents[:SHOWN]
                ],
                _("Every confirmed document is exported."), _("Documents appear here when they are certified."),
                link("confirmation-list"), _("Document"), _("Period"), _("Certified"), _("Amount"), has_due=False,
                has_state=False,
            ),
            Agenda(
                _("Claw-back list"), "return",
                [
                    Line(label=row.assessment.application.number, what=Performance(row.role).label,
                         note=str(row.payee) if row.payee else row.get_payee_kind_display(), fen=row.amount_fen)
                    for row in reversals.order_by("-at", "-id")[:SHOWN]
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
    reversed_cases = (
        RewardEntry.objects.filter(kind=EntryKind.REVERSAL, at__gte=since)
        .order_by()
        .aggregate(n=Count("assessment", distinct=True))["n"]
    )
    warned = CaseWarning.objects.filter(code__in=UNUSUAL, raised_at__gte=since).select_related("application")
    corrections = Approval.objects.filter(kind=Approval.Kind.CORRECT_STAMP, asked_at__gte=since)
    reveals = AuditRecord.objects.filter(action="reveal", at__gte=morning.midnight)
    by_person = (
        reveals.order_by()
        .values("actor__number", "actor__name")
        .annotate(clients=Count("subject", distinct=True), looks=Count("pk"))
        .order_by("-clients")
    )
    asked = corrections.order_by().values("asked_by__number", "asked_by__name").annotate(n=Count("pk")).order_by("-n")
    return section(
        Role.AUD,
        tiles=[
            Tile(_("Rewards on hold"), holds, link("confirmation-list"), tone=alarm(holds, "wait")),
            Tile(_("Cases reversed this month"), reversed_cases, link("payout-list"), tone=alarm(reversed_cases)),
            Tile(_("Unusual this month"), warned.count(), link("application-list", order="newest")),
            Tile(_("Stamp corrections this month"), corrections.count(), link("approval-list")),
            Tile(_("Personal data opened today"), reveals.count(), link("audit-log", action="reveal")),
        ],
        buttons=[Button(_("Access log"), link("audit-log", action="reveal"), "eye")],
        agendas=[
            Agenda(
                _("Unusual cases"), "flag",
                [
                    Line(label=row.application.number, href=link("application", row.application.number),
                         what=row.code, note=stamp(row.raised_at), state=row.application.state,
                         state_label=row.application.get_state_display())
                    for row in warned.order_by("-raised_at")[:SHOWN]
                ],
                _("Nothing unusual this month."),
                _("Own cards, bursts of files and staff telephones as contacts appear here."),
                "", _("Case"), _("Warning"), _("Raised"), has_due=False,
            )
        ],
        tables=[
            Table(
                _("Personal data opened today"), "eye", [_("Person"), _("Clients"), _("Looks")],
                [
                    [
                        Cell(f"{row['actor__name']} {row['actor__number']}",
                             link("audit-log", action="reveal", person=row["actor__number"])),
                        Cell(row["clients"], tone="soon" if row["clients"] >= 10 else ""), Cell(row["looks"]),
                    ]
                    for row in by_person[:SHOWN]
                ],
                empty=_("Nobody has opened personal data today."),
            ),
            Table(
                _("Stamp corrections this month"), "edit", [_("Person"), _("Requests")],
                [[Cell(f"{row['asked_by__name']} {row['asked_by__number']}"), Cell(row["n"])] for row in asked[:SHOWN]],
                empty=_("No stamp was corrected this month."),
            ),
        ],
    )  # fmt: skip


# -- outsourcing -------------------------------------------------------------------------------------------------------
def outsourcing(morning: Morning) -> Section:
    """Volume, errors and settlement of the outsourced staff this month, by person; no case and no client."""
    since = morning.month
    staff = {
        person.pk: person
        for person in Employee.objects.filter(employment=Employment.OUTSOURCED).order_by("vendor", "number")
    }
    keyed = _by_person(
        Event.objects.filter(actor__in=staff, at__gte=since, step=Step.SUBMIT_ENTRY), "actor", Count("pk")
    )
    wrong = _by_person(
        KeyDifference.objects.filter(wrong_keyer__in=staff, found_at__gte=since), "wrong_keyer", Count("pk")
    )
    earned = _by_person(
        RewardEntry.objects.filter(payee__in=staff, at__gte=since, payee_kind=PayeeKind.EMPLOYEE), "payee",
        Sum("amount_fen"),
    )  # fmt: skip
    rows = [
        [
            Cell(f"{person.name} {person.number}"), Cell(person.vendor), Cell(keyed.get(pk, 0)),
            Cell(wrong.get(pk, 0), tone=alarm(wrong.get(pk, 0), "soon")), Cell(yuan(earned.get(pk, 0))),
        ]
        for pk, person in staff.items()
        if person.is_active or pk in keyed or pk in earned
    ]  # fmt: skip
    return section(
        Role.VND,
        tiles=[
            Tile(_("Keyed this month"), sum(keyed.values())),
            Tile(_("Errors found this month"), sum(wrong.values()), tone=alarm(sum(wrong.values()), "soon")),
            Tile(_("Settlement of the month so far"), yuan(sum(earned.values())), unit=_("yuan")),
        ],
        tables=[
            Table(
                _("Outsourced staff"), "people",
                [_("Person"), _("Vendor"), _("Keyed"), _("Errors"), _("Settlement in yuan")], rows,
                empty=_("There are no outsourced staff."),
            )
        ],
    )  # fmt: skip


def _by_person(rows: Any, person: str, figure: Any) -> dict[int, int]:
    return dict(rows.order_by().values_list(person).annotate(figure))


# -- administration ----------------------------------------------------------------------------------------------------
def administration(morning: Morning) -> Section:
    """People and their roles, and whether the periodic jobs run. No business data."""
    today = morning.today
    people = Employee.objects.active().count()
    ending = RoleAssignment.objects.filter(ends_on__gte=today, ends_on__lte=today + ENDING_SOON)
    ending = ending.select_related("employee").order_by("ends_on", "employee__number")
    missing = years_without_days([today.year, today.year + 1])
    last_runs = (
        JobRun.objects.filter(started_at__gte=morning.at - timedelta(days=2))
        .order_by("name", "-started_at")
        .distinct("name")
    )
    failed = sum(1 for run in last_runs if run.error)
    return section(
        Role.ADM,
        tiles=[
            Tile(_("People"), people, link("admin:organization_employee_changelist")),
            Tile(_("Roles that end within 30 days"), ending.count(),
                 link("admin:organization_roleassignment_changelist")),
            Tile(_("Years without a calendar"), len(missing), link("admin:organization_calendarday_changelist"),
                 "、".join(map(str, missing)), alarm(len(missing), "soon")),
            Tile(_("Jobs that failed last"), failed, link("admin:organization_jobrun_changelist"), tone=alarm(failed)),
        ],
        agendas=[
            Agenda(
                _("Roles that end soon"), "people",
                [
                    Line(label=str(row.employee), href=link("admin:organization_employee_change", row.employee_id),
                         what=row.get_role_display(), note=day(row.ends_on))
                    for row in ending[:SHOWN]
                ],
                _("No role ends within 30 days."), "", "", _("Person"), _("Role"), _("Until"), has_due=False,
                has_state=False,
            )
        ],
        tables=[
            Table(
                _("Periodic jobs"), "refresh", [_("Job"), _("Last run"), _("Outcome")],
                [
                    [Cell(run.name), Cell(stamp(run.started_at)),
                     Cell(run.error or (_("done") if run.ended_at else _("running")), tone=alarm(bool(run.error)))]
                    for run in last_runs
                ],
                empty=_("No job has run in the last two days: is beat running?"),
            )
        ],
    )  # fmt: skip
