"""The homes of the operations center, from the receiver to the supervisor and the complaint handler."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Count, Q
from django.utils.translation import gettext as _

from applications.lifecycle import QUEUES, STAGE_OF, Clock, Stage, State
from applications.models import Application, Approval, Bag, BagIncident, CardStatusRow, CaseWarning, Event, ProblemItem
from applications.selectors import FINISHES, day_of_work, held_by, waiting_in
from applications.services.claims import claimable
from incentives.lifecycle import ConfirmationState, Verdict
from incentives.models import Assessment, Confirmation
from ops_center.desk.homes.branch import DUE, explanations, promised
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
    case_line,
    link,
    section,
)  # fmt: skip
from ops_center.web.templatetags.ops import stamp
from organization.messages import words_of
from organization.models import Message
from organization.roles import Role
from organization.services.calendar import working_calendar
from supervision.models import Breach

BACKLOG_DAYS = 5  # the mean of completions is taken over the last five working days (domain section 13)
BACKLOG_ALARM = 2  # days
IMPORTS_SHOWN = timedelta(days=14)  # older unmatched lines were either settled by hand or are history


# -- receiver ----------------------------------------------------------------------------------------------------------
def receiver(morning: Morning) -> Section:
    """The bags expected this morning, with their counts."""
    on_the_road = (
        Bag.objects.filter(state=Bag.State.HANDED_OVER)
        .select_related("branch")
        .annotate(files=Count("items"))
        .order_by("handed_over_at")
    )
    expected = on_the_road.aggregate(bags=Count("pk", distinct=True), packed=Count("items"))
    received = Bag.objects.filter(received_at__gte=morning.midnight).count()
    incidents = BagIncident.objects.filter(closed_at=None).select_related("bag", "application").order_by("due_at")
    open_incidents = incidents.aggregate(total=Count("pk"), late=Count("pk", filter=Q(due_at__lt=morning.at)))
    return section(
        Role.RCV,
        tiles=[
            Tile(_("Bags expected"), expected["bags"], link("bag-list")),
            Tile(_("Files in them"), expected["packed"], link("bag-list")),
            Tile(_("Bags received today"), received, link("bag-list"), tone="good" if received else ""),
            Tile(_("Open bag incidents"), open_incidents["total"], link("bag-list"),
                 _("%(count)s past 24 hours") % {"count": open_incidents["late"]} if open_incidents["late"] else "",
                 alarm(open_incidents["total"])),
        ],
        buttons=[Button(_("Receive a bag"), link("bag-list"), "scan")],
        agendas=[
            Agenda(
                _("On their way to the center"), "truck",
                [
                    Line(label=bag.number, href=link("bag", bag.pk), what=bag.files, state=bag.state,
                         state_label=bag.get_state_display(), note=f"{bag.branch.name} · {bag.truck_no}")
                    for bag in on_the_road[:SHOWN]
                ],
                _("No bag is on its way."), _("Bags appear here when a branch hands them to the truck."),
                link("bag-list"), _("Bag"), _("Files"), _("From"), has_due=False,
            ),
            Agenda(
                _("Open bag incidents"), "alert",
                [
                    Line(label=row.bag.number, href=link("bag", row.bag_id), what=row.code, due_at=row.due_at,
                         note=row.application.number if row.application else row.note)
                    for row in incidents[:SHOWN]
                ],
                _("No bag has a difference."), "", link("bag-list"), _("Bag"), _("Code"), _("Case"), has_state=False,
            ),
        ],
    )  # fmt: skip


# -- the queues --------------------------------------------------------------------------------------------------------
def queue_home(morning: Morning, role: Role, *names: str) -> Section:
    """One big number per queue: waiting; then due today, what I hold, and what I have done today."""
    tiles: list[Tile] = []
    held: list[Line] = []
    agendas: list[Agenda] = []
    for name in names:
        queue = QUEUES[name]
        cases = claimable(queue=queue, actor=morning.me, at=morning.at)
        waiting = waiting_in(cases, at=morning.at)
        day = day_of_work(employee=morning.me, queue=queue, at=morning.at)
        here = link("queue", name)
        tiles += [
            Tile(_("Waiting"), waiting.total, here, queue.label),
            Tile(_("Due today"), waiting.due_today, here, tone=alarm(waiting.due_today, "soon")),
            Tile(_("Overdue"), waiting.overdue, here, tone=alarm(waiting.overdue)),
            Tile(_("Done today"), day.done, here, _("%(count)s on time") % {"count": day.on_time}),
            Tile(_("My errors today"), day.errors, here, tone=alarm(day.errors)),
        ]
        held += [case_line(case) for case in held_by(morning.me, queue=queue, at=morning.at)]
        next_ones = list(cases[:SHOWN])
        warned = _open_warnings(next_ones) if name == "check" else {}
        agendas.append(
            Agenda(
                _("Next in the queue"), "clock",
                [
                    case_line(case, note=_("%(count)s warnings") % {"count": n} if (n := warned.get(case.pk)) else "")
                    for case in next_ones
                ],
                _("Nothing waits."), _("The next case appears here as soon as the stage before has finished it."),
                here, _("Case"), _("Product"), _("Warnings") if name == "check" else "", has_state=False,
            )
        )  # fmt: skip
    mine = Agenda(
        _("In my hands"),
        "lock",
        held,
        _("You hold no case."),
        _("The server gives you the most urgent one."),
        "",
        _("Case"),
        _("Product"),
    )
    return section(
        role,
        tiles=tiles,
        buttons=[Button(_("Next case"), link("queue-next", name), "forward", posts=True, key="F2") for name in names],
        agendas=[mine, *agendas],
    )


def _open_warnings(cases: list[Application]) -> dict[int, int]:
    """How many warnings of each of these cases nobody has answered yet."""
    waiting = CaseWarning.objects.filter(application__in=cases, answered_at=None).order_by()
    return dict(waiting.values_list("application").annotate(Count("pk")))


def checker(morning: Morning) -> Section:
    return queue_home(morning, Role.CC, "check")


def keyer(morning: Morning) -> Section:
    return queue_home(morning, Role.EC, "entry")


def reviewer(morning: Morning) -> Section:
    return queue_home(morning, Role.ER, "verify")


# -- tracker -----------------------------------------------------------------------------------------------------------
def tracker(morning: Morning) -> Section:
    """Overdue by clock, problem items by age, and what waits for a hand: filing, import lines, registration."""
    at = morning.at
    late = Application.objects.overdue(at)
    by_clock: dict[str, int] = dict(late.order_by().values_list("due_clock").annotate(n=Count("pk")).order_by("-n"))
    problems = ProblemItem.objects.filter(closed_at=None).select_related("application__product")
    open_problems = problems.aggregate(
        total=Count("pk"), mine=Count("pk", filter=Q(state__in=[ProblemItem.State.OPEN, ProblemItem.State.REPLIED]))
    )
    filing = Application.objects.waiting_in("filing", at).count()
    arbitration = Application.objects.filter(state=State.KEYED, awaits_arbitration=True).order_by(DUE, "id")
    unmatched = CardStatusRow.objects.filter(
        fate=CardStatusRow.Fate.UNMATCHED, file__uploaded_at__gte=at - IMPORTS_SHOWN
    ).count()
    to_register = Assessment.objects.filter(verdict=Verdict.EARNED, registration=None).count()
    drafts = Confirmation.objects.filter(state=ConfirmationState.DRAFT).count()
    deciding = Breach.objects.visible_to(morning.me, at).to_decide()
    overdue = sum(by_clock.values())
    return section(
        Role.TR,
        tiles=[
            Tile(_("Overdue"), overdue, link("application-list", overdue=1), tone=alarm(overdue)),
            Tile(_("Open problem items"), open_problems["total"], link("application-list", state="PROBLEM"),
                 _("%(count)s wait for you") % {"count": open_problems["mine"]}, alarm(open_problems["mine"], "soon")),
            Tile(_("To number and file"), filing, link("queue", "filing")),
            Tile(_("To register"), to_register, link("confirmation-list")),
            Tile(_("Drafts to certify"), drafts, link("confirmation-list")),
            Tile(_("Import lines unmatched"), unmatched, link("import-list"), tone=alarm(unmatched, "soon")),
        ],
        buttons=[
            Button(_("File the next case"), link("queue-next", "filing"), "archive", posts=True, key="F2"),
            Button(_("Overdue board"), link("board", "overdue"), "alarm"),
        ],
        agendas=[
            Agenda(
                _("Problem items, oldest first"), "alert",
                [
                    Line(label=row.application.number, href=link("application", row.application.number),
                         what=f"{row.code} · {row.get_party_display()}", state=row.state,
                         state_label=row.get_state_display(), due_at=row.application.due_at,
                         warn_at=row.application.warn_at, note=age(morning, row))
                    for row in problems.order_by("raised_at")[:SHOWN]
                ],
                _("No problem item is open."), "", link("application-list", state="PROBLEM"), _("Case"),
                _("Code and party"), _("Open for"),
            ),
            Agenda(
                _("Most overdue"), "alarm",
                [
                    case_line(case, note=Clock(case.due_clock).label if case.due_clock else "")
                    for case in late.with_people().order_by("due_at", "id")[:SHOWN]
                ],
                _("Nothing is overdue."), "", link("application-list", overdue=1), _("Case"), _("Product"),
                _("Clock"),
            ),
            Agenda(
                _("To arbitrate"), "split", [case_line(case) for case in arbitration.with_people()[:SHOWN]],
                _("No two entries differ."), _("Differences of double-keyed cases appear here."), "", _("Case"),
                _("Product"), has_state=False,
            ),
            explanations(
                deciding.with_facts().order_by("justification__decide_by")[:SHOWN], title=_("Explanations to decide"),
                empty=_("No explanation waits for a decision."), hint="",
            ),
        ],
        tables=[
            Table(
                _("Overdue by clock"), "clock", [_("Clock"), _("Cases")],
                [
                    [
                        Cell(Clock(kind).label, link("application-list", overdue=1, clock=kind)),
                        Cell(n, link("application-list", overdue=1, clock=kind), "late"),
                    ]
                    for kind, n in by_clock.items()
                    if kind
                ],
                empty=_("Nothing is overdue."),
            )
        ],
    )  # fmt: skip


def age(morning: Morning, problem: ProblemItem) -> str:
    """How long a problem item has been open, in calendar days."""
    days = (morning.at - problem.raised_at).days
    return _("%(days)s days") % {"days": days} if days else _("today")


# -- after-sales -------------------------------------------------------------------------------------------------------
def after_sales(morning: Morning) -> Section:
    """The call list: issued and not coached by due; and the call-backs agreed for today."""
    me, at = morning.me, morning.at
    queue = QUEUES["after-sales"]
    cases = claimable(queue=queue, actor=me, at=at)
    figures = cases.order_by().aggregate(
        to_coach=Count("pk", filter=Q(state=State.ISSUED)),
        to_activate=Count("pk", filter=Q(state=State.COLLECTED)),
        overdue=Count("pk", filter=Q(due_at__lt=at)),
    )
    day = day_of_work(employee=me, queue=queue, at=at)
    calls = promised(morning, Q(by=me, application__state__in=[State.ISSUED, State.COLLECTED, State.ACTIVATED]))
    here = link("queue", "after-sales")
    return section(
        Role.AS,
        tiles=[
            Tile(_("Issued, to be coached"), figures["to_coach"], link("application-list", state="ISSUED")),
            Tile(_("Coached, to be activated"), figures["to_activate"], link("application-list", state="COLLECTED")),
            Tile(_("Overdue"), figures["overdue"], here, tone=alarm(figures["overdue"])),
            Tile(_("Agreed call-backs"), len(calls), here, tone=alarm(len(calls), "soon")),
            Tile(_("Done today"), day.done, here),
        ],
        buttons=[Button(_("Next call"), link("queue-next", "after-sales"), "phone", posts=True, key="F2")],
        agendas=[
            Agenda(
                _("Agreed call-backs"), "phone", calls, _("No call is agreed for today."),
                _("A time agreed with a client is entered on the call page and appears here."), "", _("Case"),
                _("Product"), _("Note"), has_state=False,
            ),
            Agenda(
                _("Call list"), "clock", [case_line(case) for case in cases[:SHOWN]],
                _("Nobody is to be called."), _("Cases appear here as soon as the card is issued."), here, _("Case"),
                _("Product"),
            ),
        ],
    )  # fmt: skip


# -- supervisor --------------------------------------------------------------------------------------------------------
def supervisor(morning: Morning) -> Section:
    """Overdue by stage and branch, age, load and backlog of the queues; refreshed every minute by the page."""
    at = morning.at
    late = Application.objects.overdue(at)
    age_of = late.order_by().aggregate(
        total=Count("pk"),
        day=Count("pk", filter=Q(due_at__gte=at - timedelta(days=1))),
        three=Count("pk", filter=Q(due_at__lt=at - timedelta(days=1), due_at__gte=at - timedelta(days=3))),
        older=Count("pk", filter=Q(due_at__lt=at - timedelta(days=3))),
    )
    approvals = Approval.objects.filter(decided_at=None).count()
    deciding = Breach.objects.visible_to(morning.me, at).to_decide()
    incidents = BagIncident.objects.filter(closed_at=None).count()
    return section(
        Role.SUP,
        tiles=[
            Tile(_("Overdue"), age_of["total"], link("application-list", overdue=1), tone=alarm(age_of["total"])),
            Tile(_("of these up to 1 day"), age_of["day"], link("board", "overdue")),
            Tile(_("1 to 3 days"), age_of["three"], link("board", "overdue"), tone=alarm(age_of["three"], "soon")),
            Tile(_("over 3 days"), age_of["older"], link("board", "overdue"), tone=alarm(age_of["older"])),
            Tile(_("To approve"), approvals, link("approval-list"), tone=alarm(approvals, "soon")),
            Tile(_("Open bag incidents"), incidents, link("bag-list"), tone=alarm(incidents)),
        ],
        buttons=[
            Button(_("Overdue board"), link("board", "overdue"), "alarm"),
            Button(_("Approvals"), link("approval-list"), "stamp"),
        ],
        agendas=[
            Agenda(
                _("Most overdue"), "alarm",
                [
                    case_line(case, note=case.claimed_by.name if case.claimed_by and case.is_claimed(at) else "")
                    for case in late.with_people().order_by("due_at", "id")[:SHOWN]
                ],
                _("Nothing is overdue."), "", link("application-list", overdue=1), _("Case"), _("Product"),
                _("Held by"),
            ),
            explanations(
                deciding.with_facts().order_by("justification__decide_by")[:SHOWN], title=_("Explanations to decide"),
                empty=_("No explanation waits for a decision."), hint="",
            ),
        ],
        tables=[_queues(morning), _late_by_branch(morning), _load(morning)],
    )  # fmt: skip


def _queues(morning: Morning) -> Table:
    """Per queue what waits and for how many days of work that is."""
    at = morning.at
    days = _last_working_days(morning)
    finishing = [step for steps in FINISHES.values() for step in steps]
    done: dict[Any, int] = dict(
        Event.objects.filter(at__gte=days, at__lt=morning.midnight, step__in=finishing)
        .order_by()
        .values_list("step")
        .annotate(Count("pk"))
    )
    rows = []
    for queue in QUEUES.values():
        waiting = waiting_in(Application.objects.waiting_in(queue.name, at), at=at)
        per_day = sum(done.get(step, 0) for step in FINISHES[queue.name]) / BACKLOG_DAYS
        backlog = waiting.total / per_day if per_day else None
        here = link("queue", queue.name)
        rows.append([
            Cell(queue.label, here),
            Cell(waiting.total, here),
            Cell(waiting.due_today, here, alarm(waiting.due_today, "soon")),
            Cell(waiting.overdue, here, alarm(waiting.overdue)),
            Cell("—" if backlog is None else f"{backlog:.1f}", here,
                 "late" if backlog is not None and backlog > BACKLOG_ALARM else ""),
        ])  # fmt: skip
    return Table(
        _("Queues"), "capacity",
        [_("Queue"), _("Waiting"), _("Due today"), _("Overdue"), _("Backlog in days")], rows,
        note=_("open ÷ mean of the last five working days"),
    )  # fmt: skip


def _last_working_days(morning: Morning) -> Any:
    """Midnight of the fifth working day before today."""
    calendar, on = working_calendar(), morning.today
    for _day in range(BACKLOG_DAYS):
        on = calendar.previous_or_same_workday(on - timedelta(days=1))
    return morning.midnight - (morning.today - on)


def _late_by_branch(morning: Morning) -> Table:
    """Overdue cases by branch and stage: only branches that have some."""
    counted = (
        Application.objects.overdue(morning.at)
        .order_by()
        .values("branch__code", "branch__name", "state", "resume_state")
        .annotate(n=Count("pk"))
    )
    figures: dict[tuple[str, str], dict[Stage, int]] = {}
    for row in counted:
        state = row["resume_state"] if row["state"] == State.PROBLEM else row["state"]
        place = (row["branch__name"] or _("no branch yet"), row["branch__code"] or "")
        by_stage = figures.setdefault(place, {})
        by_stage[STAGE_OF[state]] = by_stage.get(STAGE_OF[state], 0) + row["n"]
    stages = [stage for stage in Stage if stage != Stage.ENDED]
    rows = []
    for (name, code), by_stage in sorted(figures.items(), key=lambda item: -sum(item[1].values())):
        query: dict[str, Any] = {"overdue": 1} | ({"branch": code} if code else {})
        cells = [Cell(name, link("application-list", **query))]
        for stage in stages:
            n = by_stage.get(stage, 0)
            cells.append(Cell(n, link("application-list", stage=stage.value, **query), "late") if n else Cell("·"))
        rows.append(cells)
    return Table(
        _("Overdue by branch and stage"),
        "table",
        [_("Branch"), *(stage.label for stage in stages)],
        rows[:12],
        empty=_("Nothing is overdue."),
    )


def _load(morning: Morning) -> Table:
    """Who holds how much now, and has done how much today."""
    held = (
        Application.objects.filter(claimed_by__isnull=False, claimed_until__gt=morning.at)
        .order_by()
        .values("claimed_by__number", "claimed_by__name")
        .annotate(n=Count("pk"))
    )
    finishing = [step for steps in FINISHES.values() for step in steps]
    done = (
        Event.objects.filter(at__gte=morning.midnight, at__lte=morning.at, step__in=finishing, actor__isnull=False)
        .order_by()
        .values("actor__number", "actor__name")
        .annotate(n=Count("pk"))
    )
    people: dict[str, list[Any]] = {}
    for row in held:
        people.setdefault(row["claimed_by__number"], [row["claimed_by__name"], 0, 0])[1] = row["n"]
    for act in done:
        people.setdefault(act["actor__number"], [act["actor__name"], 0, 0])[2] = act["n"]
    rows = [
        [Cell(f"{name} {number}"), Cell(holds), Cell(finished)]
        for number, (name, holds, finished) in sorted(people.items(), key=lambda item: (-item[1][1], -item[1][2]))
    ]
    return Table(
        _("Load per person"), "people", [_("Person"), _("Holds"), _("Done today")], rows[:15],
        empty=_("Nobody holds a case, and nothing has been finished today."),
    )  # fmt: skip


# -- complaints --------------------------------------------------------------------------------------------------------
def complaints(morning: Morning) -> Section:
    """Tickets by reply deadline."""
    return section(Role.CPL, buttons=[Button(_("Complaints"), link("complaint-list"), "complaint")],
                   agendas=[news(morning)])  # fmt: skip


def news(morning: Morning) -> Agenda:
    """The last unread messages."""
    unread = Message.objects.filter(employee=morning.me).unread().order_by("-at", "-id")
    return Agenda(
        _("Unread messages"), "bell",
        [
            Line(label=words_of(row.kind, row.facts), href=link("message", row.pk), note=stamp(row.at))
            for row in unread[:SHOWN]
        ],
        _("No message is unread."), "", link("inbox"), _("Message"), "", _("Time"), has_due=False, has_state=False,
    )  # fmt: skip
