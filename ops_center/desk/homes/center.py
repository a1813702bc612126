"""The homes of the operations center, from the receiver to the supervisor and the complaint handler."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Count, Q
from django.utils.translation import gettext as _

from applications.lifecycle import QUEUES, Clock, Stage, State
from applications.models import (
    Application,
    Approval,
    Bag,
    BagIncident,
    CardStatusRow,
    CaseWarning,
    ProblemItem,
)  # fmt: skip
from applications.selectors import agreed_calls, day_of_work, held_by, waiting_in
from applications.services.claims import claimable
from incentives.lifecycle import ConfirmationState
from incentives.models import Confirmation
from incentives.selectors.corrections import open_requests
from incentives.selectors.registration import to_register
from ops_center.clock import local_day
from ops_center.desk.homes.branch import DUE, explanations, files_of, problem_line, promise_line
from ops_center.desk.homes.parts import (
    SHOWN,
    Agenda,
    Button,
    Cell,
    Chart,
    Line,
    Morning,
    Part,
    Section,
    Table,
    Tile,
    alarm,
    calendar_alarm,
    case_line,
    link,
)  # fmt: skip
from ops_center.web import charts
from ops_center.web.templatetags.ops import stamp
from organization.messages import Phrasebook
from organization.models import Message
from organization.roles import Role
from supervision.models import Breach, Complaint
from supervision.querysets import BreachQuerySet
from supervision.selectors.capacity import capacity_board, people_loads
from supervision.selectors.overdue import STAGES, Overdue, overdue_board
from supervision.selectors.timeliness import FORTNIGHT, Scope, breaches_per_day

IMPORTS_SHOWN = timedelta(days=14)  # older unmatched lines were either settled by hand or are history


# -- receiver ----------------------------------------------------------------------------------------------------------
def receiver(morning: Morning) -> Section:
    """The bags expected this morning, with their counts."""
    on_the_road = Bag.objects.filter(state=Bag.State.HANDED_OVER).annotate(files=Count("items"))
    expected = Bag.objects.filter(state=Bag.State.HANDED_OVER).aggregate(
        bags=Count("pk", distinct=True), files=Count("items")
    )
    received = Bag.objects.filter(received_at__gte=morning.midnight).count()
    incidents = BagIncident.objects.filter(closed_at=None).select_related("bag", "application").order_by("due_at")
    open_incidents = incidents.aggregate(total=Count("pk"), late=Count("pk", filter=Q(due_at__lt=morning.at)))
    late_words = _("%(count)s past 24 hours") % {"count": open_incidents["late"]} if open_incidents["late"] else ""
    return Section(
        Role.RCV,
        tiles=[
            Tile(_("Bags expected"), expected["bags"], link("bag-list", state="HANDED_OVER")),
            Tile(_("Files in them"), expected["files"], link("bag-list", state="HANDED_OVER")),
            Tile(_("Bags received today"), received, link("bag-list")),
            Tile(_("Open bag incidents"), open_incidents["total"], link("bag-list", state="DISCREPANCY"), late_words,
                 alarm(open_incidents["total"])),
        ],
        buttons=[Button(_("Receive a bag"), link("bag-list"), "scan")],
        main=[
            Agenda(
                _("On their way to the center"), "truck",
                [
                    Line(
                        label=bag.number, href=link("bag", bag.pk), what=files_of(bag), note=bag.branch.name,
                        state=bag.state, state_label=bag.get_state_display(),
                    )
                    for bag in on_the_road.select_related("branch").order_by("handed_over_at")[:SHOWN]
                ],
                _("No bag is on its way."), _("Bags appear here when a branch hands them to the truck."),
                link("bag-list"), _("Bag"), _("Files"), _("From"), has_due=False,
            ),
        ],
        side=[
            Agenda(
                _("Open bag incidents"), "alert",
                [
                    Line(label=row.bag.number, href=link("bag", row.bag_id), what=row.code, due_at=row.due_at)
                    for row in incidents[:SHOWN]
                ],
                _("No bag has a difference."), "", link("bag-list", state="DISCREPANCY"), _("Bag"), _("Code"),
                has_state=False,
            ),
        ],
    )  # fmt: skip


# -- the queues --------------------------------------------------------------------------------------------------------
def queue_home(morning: Morning, role: Role, name: str) -> Section:
    """One big number: waiting; then due today, what I have done today, and what I hold."""
    queue = QUEUES[name]
    cases = claimable(queue=queue, actor=morning.me, at=morning.at)
    waiting = waiting_in(cases, at=morning.at)
    done = day_of_work(employee=morning.me, queue=queue, at=morning.at)
    held = held_by(morning.me, queue=queue, at=morning.at)
    next_ones = list(cases[:SHOWN])
    warned = _open_warnings(next_ones) if name == "check" else {}
    here = link("queue", name)
    return Section(
        role,
        tiles=[
            Tile(_("Waiting"), waiting.total, here, queue.label),
            Tile(_("Due today"), waiting.due_today, here, tone=alarm(waiting.due_today, "soon")),
            Tile(_("Overdue"), waiting.overdue, here, tone=alarm(waiting.overdue)),
            Tile(_("Done today"), done.done, here, _("%(count)s on time") % {"count": done.on_time}),
            Tile(_("My errors today"), done.errors, here, tone=alarm(done.errors)),
        ],
        buttons=[Button(_("Next case"), link("queue-next", name), "forward", posts=True, key="F2")],
        main=[
            Agenda(
                _("Next in the queue"), "clock",
                [
                    case_line(case, note=_warnings(warned.get(case.pk, 0)), opens=False)
                    for case in next_ones
                ],
                _("Nothing waits."), _("The next case appears here as soon as the stage before has finished it."),
                here, _("Case"), _("Product"), _("Warnings") if name == "check" else "", has_state=False,
            )
        ],
        side=[
            Agenda(
                _("In my hands"), "lock", [case_line(case) for case in held],
                _("You hold no case."), _("The server gives you the most urgent one."), here, _("Case"),
                _("Product"), has_state=False,
            )
        ],
    )  # fmt: skip


def _open_warnings(cases: list[Application]) -> dict[int, int]:
    """How many warnings of each of these cases nobody has answered yet."""
    waiting = CaseWarning.objects.filter(application__in=cases, answered_at=None).order_by()
    return dict(waiting.values_list("application").annotate(Count("pk")))


def _warnings(count: int) -> str:
    return _("%(count)s warnings") % {"count": count} if count else ""


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
    late = overdue_board(scope=None, at=at)
    problems = ProblemItem.objects.filter(closed_at=None).select_related("application__product")
    turn = [ProblemItem.State.OPEN, ProblemItem.State.REPLIED]
    open_problems = problems.aggregate(total=Count("pk"), mine=Count("pk", filter=Q(state__in=turn)))
    arbitration = Application.objects.filter(state=State.KEYED, awaits_arbitration=True).with_people()
    unmatched = CardStatusRow.objects.filter(
        fate=CardStatusRow.Fate.UNMATCHED, file__uploaded_at__gte=at - IMPORTS_SHOWN
    ).count()
    drafts = Confirmation.objects.filter(state=ConfirmationState.DRAFT).count()
    return Section(
        Role.TR,
        tiles=[
            Tile(_("Overdue"), late.total, link("board", "overdue"), tone=alarm(late.total)),
            Tile(_("Open problem items"), open_problems["total"], link("board", "problems"),
                 _("%(count)s wait for you") % {"count": open_problems["mine"]}, alarm(open_problems["mine"], "soon")),
            Tile(_("To number and file"), Application.objects.waiting_in("filing", at).count(),
                 link("queue", "filing")),
            Tile(_("To register"), to_register().count(), link("registration-list")),
            Tile(_("Drafts to certify"), drafts, link("confirmation-inbox")),
            Tile(_("Import lines unmatched"), unmatched, link("import-list"), tone=alarm(unmatched, "soon")),
        ],
        buttons=[
            Button(_("File the next case"), link("queue-next", "filing"), "archive", posts=True, key="F2"),
            Button(_("Overdue board"), link("board", "overdue"), "alarm"),
        ],
        main=[
            Agenda(
                _("Problem items, oldest first"), "alert",
                [
                    problem_line(row, what=row.code, note=_age(morning, row))
                    for row in problems.order_by("raised_at")[:SHOWN]
                ],
                _("No problem item is open."), "", link("board", "problems"), _("Case"), _("Code"), _("Open for"),
            ),
            _most_overdue(morning),
        ],
        side=[
            Table(
                _("Overdue by clock"), "clock", [_("Clock"), _("Cases")],
                [
                    [Cell(Clock(kind).label), Cell(cases, link("board", "overdue", clock=kind), "late")]
                    for kind, cases in sorted(late.clocks.items(), key=lambda item: -item[1])
                    if kind
                ],
                empty=_("Nothing is overdue."),
            ),
            _to_decide(morning),
            Agenda(
                _("To arbitrate"), "split", [case_line(case) for case in arbitration.order_by(DUE, "id")[:SHOWN]],
                _("No two entries differ."), _("Differences of double-keyed cases appear here."), "", _("Case"),
                _("Product"), has_state=False,
            ),
        ],
    )  # fmt: skip


def _age(morning: Morning, problem: ProblemItem) -> str:
    """How long a problem item has been open, in calendar days."""
    days = (morning.at - problem.raised_at).days
    return _("%(days)s days") % {"days": days} if days else _("today")


def _most_overdue(morning: Morning) -> Agenda:
    cases = Application.objects.overdue(morning.at).filter(is_imported=False).with_people()
    return Agenda(
        _("Most overdue"), "alarm",
        [
            case_line(case, note=Clock(case.due_clock).label if case.due_clock else "")
            for case in cases.order_by("due_at", "id")[:SHOWN]
        ],
        _("Nothing is overdue."), "", link("board", "overdue"), _("Case"), note=_("Clock"),
    )  # fmt: skip


def _to_decide(morning: Morning) -> Agenda:
    waiting: BreachQuerySet = Breach.objects.visible_to(morning.me, morning.at).to_decide()
    others = waiting.exclude(owner=morning.me).exclude(justification__filed_by=morning.me)
    return explanations(
        others.with_facts().order_by("justification__decide_by"), title=_("Explanations to decide"), show="decide",
        empty=_("No explanation waits for a decision."),
    )  # fmt: skip


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
    done = day_of_work(employee=me, queue=queue, at=at)
    calls = [promise_line(call) for call in agreed_calls(me, at=at)]
    here = link("queue", "after-sales")
    return Section(
        Role.AS,
        tiles=[
            Tile(_("Issued, to be coached"), figures["to_coach"], here),
            Tile(_("Coached, to be activated"), figures["to_activate"], here),
            Tile(_("Overdue"), figures["overdue"], here, tone=alarm(figures["overdue"])),
            Tile(_("Agreed call-backs"), len(calls), here, tone=alarm(len(calls), "soon")),
            Tile(_("Done today"), done.done, here),
        ],
        buttons=[Button(_("Next call"), link("queue-next", "after-sales"), "phone", posts=True, key="F2")],
        main=[
            Agenda(
                _("Call list"), "clock", [case_line(case) for case in cases[:SHOWN]],
                _("Nobody is to be called."), _("Cases appear here as soon as the card is issued."), here, _("Case"),
                _("Product"),
            ),
        ],
        side=[
            Agenda(
                _("Agreed call-backs"), "phone", calls[:SHOWN], _("No call is agreed for today."),
                _("A time agreed with a client is entered on the call page and appears here."), "", _("Case"),
                _("Note"), has_state=False,
            ),
        ],
    )  # fmt: skip


# -- supervisor --------------------------------------------------------------------------------------------------------
def supervisor(morning: Morning) -> Section:
    """Overdue by stage and branch, ages, load and backlog; the page renews itself each minute."""
    late = overdue_board(scope=None, at=morning.at)
    approvals = Approval.objects.filter(decided_at=None).count()
    corrections = open_requests(morning.roles)
    incidents = BagIncident.objects.filter(closed_at=None).count()
    words = {"0-1": _("up to 1 day"), "1-3": _("1 to 3 days"), "3-7": _("3 to 7 days"), "7+": _("over 7 days")}
    tones = {"1-3": "soon", "3-7": "late", "7+": "late"}
    return Section(
        Role.SUP,
        tiles=[
            Tile(_("Overdue"), late.total, link("board", "overdue"), tone=alarm(late.total)),
            *(
                Tile(words[age], cases, link("board", "overdue", age=age), tone=alarm(cases, tones.get(age, "")))
                for age, cases in late.ages.items()
            ),
            Tile(_("To approve"), approvals, link("approval-list"), tone=alarm(approvals, "soon")),
            Tile(_("Corrections to decide"), corrections, link("correction-list"), tone=alarm(corrections, "soon")),
            Tile(_("Open bag incidents"), incidents, link("bag-list", state="DISCREPANCY"), tone=alarm(incidents)),
        ],
        buttons=[
            Button(_("Overdue board"), link("board", "overdue"), "alarm"),
            Button(_("Approvals"), link("approval-list"), "stamp"),
        ],
        main=[_stages_and_branches(late), _most_overdue(morning), _trend(morning)],
        side=[*_capacity(morning), _to_decide(morning)],
        **calendar_alarm(morning),
    )  # fmt: skip


def _stages_and_branches(late: Overdue) -> Table:
    """Overdue cases by branch and stage; only branches that have some, the worst first."""
    together = {code: sum(late.cells.get((code, stage), 0) for stage in STAGES) for code in late.branches}
    rows = []
    for code in sorted(late.branches, key=lambda code: -together[code]):
        cells = [Cell(late.branches[code] or _("Lead pool"), link("board", "overdue", branch=code))]
        for stage in STAGES:
            cases = late.cells.get((code, stage), 0)
            cells.append(Cell(cases, link("board", "overdue", branch=code, stage=Stage(stage).value), "late"))
        rows.append(cells)
    return Table(
        _("Overdue by branch and stage"), "table", [_("Branch"), *(Stage(stage).label for stage in STAGES)],
        rows[:SHOWN], empty=_("Nothing is overdue."), href=link("board", "overdue"),
    )  # fmt: skip


def _trend(morning: Morning) -> Chart:
    points = breaches_per_day(Scope(), at=morning.at)[-FORTNIGHT:]
    title = _("Breaches by the day they fell due")
    return Chart(
        title, "alert", charts.bars([(f"{on:%m-%d}", cases) for on, cases in points], label=title, height=140),
        [_("Day"), _("Breaches")], [[f"{on:%Y-%m-%d}", cases] for on, cases in points], link("breach-list", show="all"),
    )  # fmt: skip


def _capacity(morning: Morning) -> list[Part]:
    """What waits in each queue and how many days of work that is; who carries how much."""
    board = capacity_board(at=morning.at)
    queues = []
    for load in board.queues:
        name, days = load.queue.name, load.backlog_days
        queues.append([
            Cell(load.queue.label),
            Cell(load.open, link("board", "capacity", queue=name)),
            Cell(load.due_today, link("board", "capacity", queue=name, which="today"), "soon"),
            Cell(load.overdue, link("board", "capacity", queue=name, which="overdue"), "late"),
            Cell("—" if days is None else f"{days:.1f}", tone="late" if load.is_alarm else ""),
        ])  # fmt: skip
    people = []
    for person in people_loads(board, at=morning.at)[:SHOWN]:
        number = person.employee.number
        people.append([
            Cell(person.employee.name),
            Cell(person.held, link("board", "load", person=number, which="held")),
            Cell(person.overdue, link("board", "load", person=number, which="overdue"), "late"),
            Cell(person.done_today),
        ])  # fmt: skip
    return [
        Table(
            _("Queues"), "capacity", [_("Queue"), _("Open"), _("Due today"), _("Overdue"), _("Days of work")], queues,
            href=link("board", "capacity"),
        ),
        Table(
            _("Load per person"), "people", [_("Person"), _("Holds"), _("Overdue"), _("Done today")], people,
            empty=_("Nobody works at the center today."), href=link("board", "load"),
        ),
    ]  # fmt: skip


# -- complaints --------------------------------------------------------------------------------------------------------
def complaints(morning: Morning) -> Section:
    """Tickets by their next deadline: what has to be answered within 24 hours first, then what has to be closed."""
    mine = Complaint.objects.visible_to(morning.me, morning.at).open()
    to_reply, office = mine.filter(replied_at=None), link("complaint-list", show="reply")
    late = mine.overdue(morning.at).count()
    to_call = mine.filter(state=Complaint.State.SOLVED).count()
    to_close = mine.exclude(replied_at=None).order_by("close_by", "pk")
    return Section(
        Role.CPL,
        tiles=[
            Tile(_("To reply"), to_reply.count(), office, _("within 24 hours"), alarm(to_reply.count(), "soon")),
            Tile(_("Complaints overdue"), late, link("complaint-list", show="open"), tone=alarm(late)),
            Tile(_("Follow-up calls"), to_call, link("complaint-list", show="open")),
            Tile(_("Not closed"), mine.count(), link("complaint-list", show="open")),
        ],
        buttons=[Button(_("Open a complaint"), link("complaint-new"), "plus")],
        main=[
            Agenda(
                _("To reply"), "complaint",
                [_ticket(row, row.reply_by, row.reply_warn_at)
                 for row in to_reply.order_by("reply_by", "pk")[:SHOWN]],
                _("Every complaint has been answered."), _("A new one stands here with its 24 hours."), office,
                _("Number"), _("What it is about"),
            ),
            Agenda(
                _("To close"), "clock",
                [_ticket(row, row.close_by, row.close_warn_at)
                 for row in to_close[:SHOWN]],
                _("Nothing has to be closed."), "", link("complaint-list", show="open"),
                _("Number"), _("What it is about"),
            ),
        ],
        side=[news(morning)],
    )  # fmt: skip


def _ticket(row: Complaint, due_at: datetime, warn_at: datetime) -> Line:
    return Line(
        label=row.number, href=link("complaint", row.number), what=row.get_about_display(),
        state=row.state, state_label=row.get_state_display(),
        due_at=due_at, warn_at=warn_at,
    )  # fmt: skip


def news(morning: Morning) -> Agenda:
    """The last unread messages."""
    unread = Message.objects.filter(employee=morning.me).unread().order_by("-at", "-id")[:SHOWN]
    book = Phrasebook.read()
    said = [(row, book.words(row.kind, row.facts, on=local_day(row.at))) for row in unread]
    return Agenda(
        _("Unread messages"), "bell",
        [Line(label=words, href=row.about, note=stamp(row.at)) for row, words in said],
        _("No message is unread."), "", link("inbox"), _("Message"), "", _("Time"), has_due=False, has_state=False,
    )  # fmt: skip
