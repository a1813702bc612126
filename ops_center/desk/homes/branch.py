"""The homes of those who meet the client and carry the paper: employee, customer manager, branch head, sealer,
card-center staff."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import Count, F, Q, Sum
from django.utils.translation import gettext as _

from applications.lifecycle import FINISHED, Clock, Path, Performance, State
from applications.models import Application, Bag, BagItem, ContactLog, ProblemItem, Product
from applications.querysets import ApplicationQuerySet
from applications.selectors import cases_for, midnight_after
from applications.services.bags import bags_visible_to, files_to_pack
from incentives.lifecycle import PayeeKind
from incentives.models import RewardEntry
from incentives.services.pricing import PriceBook
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
from ops_center.kernel.money import divide
from ops_center.web.templatetags.ops import day, yuan
from organization.roles import Role
from organization.services.calendar import working_calendar
from referrals.selectors import leads_for, referrals_of
from supervision.models import Breach

DUE = F("due_at").asc(nulls_last=True)


# -- every employee ----------------------------------------------------------------------------------------------------
def employee(morning: Morning) -> Section:
    """Own referrals, and what they have brought. Everybody's second role: the list only where it is the only one."""
    own = referrals_of(morning.me)
    figures = own.aggregate(
        open=Count("pk", filter=~Q(application__state__in=FINISHED)),
        activated=Count("pk", filter=Q(application__activated_at__gte=morning.month)),
    )
    money = _own_money(morning)
    agendas = [_own_referrals(morning)] if morning.roles == {Role.EMP} else []
    return section(
        Role.EMP,
        tiles=[
            Tile(_("Referrals under way"), figures["open"], link("referral-list")),
            Tile(_("Activated this month"), figures["activated"], link("referral-list")),
            Tile(_("Earned, not paid yet"), yuan(money["unpaid"] or 0), link("my-rewards"), unit=_("yuan")),
            Tile(_("Paid this month"), yuan(money["paid"] or 0), link("my-rewards"), unit=_("yuan")),
        ],
        buttons=[Button(_("New referral"), link("referral-new"), "plus")] if agendas else [],
        agendas=agendas,
        tables=[price_board(morning, paths=(Path.C,))] if agendas else [],
    )


def _own_referrals(morning: Morning) -> Agenda:
    rows = list(referrals_of(morning.me).order_by("-id")[:SHOWN])
    cases = [row.application for row in rows]
    earned: dict[int, int] = dict(
        RewardEntry.objects.filter(payee=morning.me, assessment__application__in=[case.pk for case in cases])
        .order_by()
        .values_list("assessment__application")
        .annotate(Sum("amount_fen"))
    )
    book = PriceBook.read()

    def share(case: Application) -> int | None:
        if case.pk in earned or case.state in FINISHED:
            return earned.get(case.pk)
        return expected_share(book, case, path=Path.C, role=Performance.REFERRER, morning=morning)

    return Agenda(
        _("My referrals"), "referral",
        [
            Line(
                label=case.number, href=link("referral", case.number) or link("application", case.number),
                what=f"{case.applicant.name_mask} · {case.product.name}", state=case.state,
                state_label=case.get_state_display(), fen=share(case),
                note=day(case.progressed_at),
            )
            for case in cases
        ],
        _("Your referrals will stand here."),
        _("A referral takes twenty seconds: name, mobile, product, consent."),
        link("referral-list"), _("Case"), _("Client and product"), _("Since"), _("Share, expected or earned"),
        has_due=False,
    )  # fmt: skip


def _own_money(morning: Morning) -> dict[str, int | None]:
    own = RewardEntry.objects.filter(payee=morning.me, payee_kind=PayeeKind.EMPLOYEE)
    return own.order_by().aggregate(
        unpaid=Sum("amount_fen", filter=Q(payout_line__batch__paid_on=None)),
        paid=Sum("amount_fen", filter=Q(payout_line__batch__paid_on__gte=morning.today.replace(day=1))),
    )


def expected_share(book: PriceBook, case: Application, *, path: str, role: str, morning: Morning) -> int | None:
    """What a role would get from this case, by the prices of its day or of today; ``None`` without a price."""
    on = case.priced_on or morning.today
    bounty, policy = book.bounty(case.product_id, on=on), book.policy(on=on)
    if bounty is None or policy is None:
        return None
    return dict(divide(bounty.amount_fen, policy.terms.weights(path, double_keyed=False))).get(Performance(role))


def price_board(morning: Morning, *, paths: Iterable[Path]) -> Table:
    """What one activated card would bring this person, by product and by the part that the person takes."""
    book = PriceBook.read()
    policy = book.policy(on=morning.today)
    mine: dict[str, tuple[Any, frozenset[str]]] = {
        Path.C: (_("Refer only"), frozenset({Performance.REFERRER})),
        Path.B: (_("Refer and collect"), frozenset({Performance.REFERRER, Performance.COLLECTOR})),
        Path.A: (_("All by myself"), frozenset(Performance)),
    }
    wanted = list(paths)
    rows = []
    for product in Product.objects.filter(is_active=True).order_by("rank", "code") if policy else ():
        bounty = book.bounty(product.pk, on=morning.today)
        if bounty is None or policy is None:
            continue
        shares = {
            path: dict(divide(bounty.amount_fen, policy.terms.weights(path, double_keyed=False))) for path in wanted
        }
        rows.append(
            [
                Cell(product.name),
                *(Cell(yuan(sum(shares[path].get(role, 0) for role in mine[path][1]))) for path in wanted),  # type: ignore[call-overload]
            ]
        )
    return Table(
        _("What you would earn"), "price", [_("Product"), *(mine[path][0] for path in wanted)], rows,
        empty=_("No prices are in force today."), note=_("yuan per activated card"),
    )  # fmt: skip


# -- customer manager --------------------------------------------------------------------------------------------------
def customer_manager(morning: Morning) -> Section:
    """Today's files with their cut-off, what came back, and the leads."""
    me, at = morning.me, morning.at
    own = cases_for(employee=me, at=at, filters={"mine": "1"}).order_by()
    figures = by_state(own, State.ACCEPTED, State.DRAFT, State.TAKEN_IN, State.RETURNED, State.PROBLEM, at=at)
    leads = leads_for(me).count()

    def mine(**query: Any) -> str:
        return link("application-list", mine=1, **query)

    return section(
        Role.CM,
        tiles=[
            Tile(_("Not in a bag yet"), figures["TAKEN_IN"], mine(state="TAKEN_IN"), cut_off_hint(morning),
                 alarm(figures["TAKEN_IN"], "soon")),
            Tile(_("Returned"), figures["RETURNED"], mine(state="RETURNED"), tone=alarm(figures["RETURNED"])),
            Tile(_("Problem items"), figures["PROBLEM"], mine(state="PROBLEM"), tone=alarm(figures["PROBLEM"], "wait")),
            Tile(_("Accepted, to be called"), figures["ACCEPTED"], mine(state="ACCEPTED")),
            Tile(_("Being collected"), figures["DRAFT"], mine(state="DRAFT")),
            Tile(_("Leads in the pool"), leads, link("lead-list")),
            Tile(_("Overdue"), figures["overdue"], mine(overdue=1), tone=alarm(figures["overdue"])),
        ],
        buttons=[
            Button(_("Start intake"), link("application-new"), "intake"),
            Button(_("New referral"), link("referral-new"), "referral"),
        ],
        agendas=[_to_hand_in(morning), _came_back(morning), _own_leads(morning)],
        tables=[price_board(morning, paths=(Path.A, Path.B, Path.C))],
    )  # fmt: skip


def by_state(cases: ApplicationQuerySet, *states: State, at: datetime) -> dict[str, int]:
    """How many of these cases stand in each of the states, and how many are overdue or due today: one query."""
    return cases.aggregate(
        **{state.value: Count("pk", filter=Q(state=state)) for state in states},
        overdue=Count("pk", filter=Q(due_at__lt=at)),
        today=Count("pk", filter=Q(due_at__gte=at, due_at__lt=midnight_after(at))),
    )


def cut_off_hint(morning: Morning) -> str:
    """When the bag of the day closes at the own branch; said only on working days."""
    if not working_calendar().is_workday(morning.today):
        return _("no truck today")
    return _("bag closes at %(cut_off)s") % {"cut_off": f"{morning.me.branch.cut_off:%H:%M}"}


def _to_hand_in(morning: Morning) -> Agenda:
    cases = (
        Application.objects.filter(collector=morning.me, state__in=[State.DRAFT, State.TAKEN_IN, State.ACCEPTED])
        .with_people()
        .order_by(DUE, "id")
    )
    return Agenda(
        _("In my hands"), "intake", [case_line(case, note=case.applicant.name_mask) for case in cases[:SHOWN]],
        _("Nothing waits in your hands."),
        _("A client at the counter: start an intake. A lead from the pool: accept it."),
        link("application-list", mine=1), _("Case"), _("Product"), _("Client"),
    )  # fmt: skip


def _came_back(morning: Morning) -> Agenda:
    """Returns to supplement and problems that wait for the branch's answer."""
    lines = []
    for case in (
        Application.objects.filter(collector=morning.me, state=State.RETURNED)
        .with_people()
        .prefetch_related("returns")
        .order_by(DUE, "id")[:SHOWN]
    ):
        notes = [note for note in case.returns.all() if note.round == case.round]
        lines.append(case_line(case, note="、".join(notes[0].codes) if notes else ""))
    lines += [
        problem_line(problem)
        for problem in waiting_for_answer(Q(application__collector=morning.me)).order_by("raised_at")[:SHOWN]
    ]
    return Agenda(
        _("Came back to me"), "return", lines,
        _("Nothing has come back."), _("Returned files and problem items that ask for your answer appear here."),
        link("application-list", mine=1, state="RETURNED"), _("Case"), _("Product"), _("Reason"),
    )  # fmt: skip


def waiting_for_answer(where: Q) -> Any:
    """Problem items that wait for the branch or, through it, for the client."""
    waits = (ProblemItem.State.WAIT_BRANCH, ProblemItem.State.WAIT_CUSTOMER)
    return ProblemItem.objects.filter(where, state__in=waits, closed_at=None).select_related("application__product")


def problem_line(problem: ProblemItem) -> Line:
    case = problem.application
    return Line(
        label=case.number, href=link("application", case.number), what=case.product.name, note=problem.code,
        state=problem.state, state_label=problem.get_state_display(), due_at=case.due_at, warn_at=case.warn_at,
    )  # fmt: skip


def _own_leads(morning: Morning) -> Agenda:
    return Agenda(
        _("Leads in the pool"), "referral",
        [
            case_line(case, note=case.area.name if case.area else "")
            for case in leads_for(morning.me).order_by(DUE, "id")[:SHOWN]
        ],
        _("No lead waits in your areas."), _("The first to accept a lead has it."),
        link("lead-list"), _("Case"), _("Product"), _("Area"), has_state=False,
    )  # fmt: skip


# -- branch head -------------------------------------------------------------------------------------------------------
def branch_head(morning: Morning) -> Section:
    """The branch's strip: taken in today, not in a bag yet, the bags, what came back, what is late."""
    me, at, home = morning.me, morning.at, morning.me.branch
    of_branch = cases_for(employee=me, at=at, filters={"branch": home.code})
    figures = by_state(of_branch.order_by(), State.TAKEN_IN, State.BAGGED, State.IN_TRANSIT, State.RETURNED,
                       State.PROBLEM, at=at)  # fmt: skip
    taken_in = of_branch.filter(taken_in_at__gte=morning.midnight).count()
    activated = of_branch.filter(activated_at__gte=morning.month).count()
    opinions = Breach.objects.visible_to(me, at).to_decide().filter(justification__opinion_at=None)
    opinions = opinions.exclude(justification__filed_by=me)

    def here(**query: Any) -> str:
        return link("application-list", branch=home.code, **query)

    return section(
        Role.BH,
        tiles=[
            Tile(_("Taken in today"), taken_in, here(order="newest")),
            Tile(_("Not in a bag yet"), figures["TAKEN_IN"], here(state="TAKEN_IN"), cut_off_hint(morning),
                 alarm(figures["TAKEN_IN"], "soon")),
            Tile(_("Bagged or on the truck"), figures["BAGGED"] + figures["IN_TRANSIT"], link("bag-list")),
            Tile(_("Returned"), figures["RETURNED"], here(state="RETURNED"), tone=alarm(figures["RETURNED"])),
            Tile(_("Problem items"), figures["PROBLEM"], here(state="PROBLEM"), tone=alarm(figures["PROBLEM"], "wait")),
            Tile(_("Overdue"), figures["overdue"], here(overdue=1), tone=alarm(figures["overdue"])),
            Tile(_("Activated this month"), activated, here(state="ACTIVATED"), time_progress(morning)),
        ],
        buttons=[
            Button(_("Start intake"), link("application-new"), "intake"),
            Button(_("Sealed bags"), link("bag-list"), "bag"),
        ],
        agendas=[
            explanations(
                opinions.with_facts().order_by("justification__decide_by")[:SHOWN], title=_("Your opinion is asked"),
                empty=_("No explanation waits for your opinion."),
                hint=_("When somebody of the branch explains a delay, you say first what you think of it."),
            ),
            _late_here(of_branch.overdue(at).with_people().order_by("due_at", "id")),
            bags_agenda(morning),
        ],
    )  # fmt: skip


def time_progress(morning: Morning) -> str:
    """How much of the month's working days is over, today included."""
    calendar, first = working_calendar(), morning.month.date()
    following = (first.replace(day=28) + (midnight_after(morning.at) - morning.midnight) * 4).replace(day=1)
    whole = calendar.workdays_between(first, following)
    gone = calendar.workdays_between(first, midnight_after(morning.at).date())
    return _("working day %(gone)s of %(whole)s") % {"gone": gone, "whole": whole}


def explanations(breaches: Iterable[Breach], *, title: str, empty: str, hint: str) -> Agenda:
    """Explanations of delays that wait for an opinion or a decision."""
    lines = [
        Line(
            label=breach.application.number, href=link("breach", breach.pk),
            what=Clock(breach.kind).label, note=breach.justification.filed_by.name,
            due_at=breach.justification.decide_by,
        )
        for breach in breaches
    ]  # fmt: skip
    return Agenda(
        title,
        "alert",
        lines,
        empty,
        hint,
        link("breach-list"),
        _("Case"),
        _("Clock"),
        _("Explained by"),
        has_state=False,
    )


def _late_here(cases: ApplicationQuerySet) -> Agenda:
    return Agenda(
        _("Overdue in the branch"), "alarm",
        [case_line(case, note=case.collector.name if case.collector else "") for case in cases[:SHOWN]],
        _("Nothing is overdue."), "", link("application-list", overdue=1), _("Case"), _("Product"), _("Collector"),
    )  # fmt: skip


# -- sealer ------------------------------------------------------------------------------------------------------------
def sealer(morning: Morning) -> Section:
    """The bag of today: numbers only, no client."""
    me, home = morning.me, morning.me.branch
    waiting = files_to_pack(home)
    figures = waiting.order_by().aggregate(total=Count("pk"), late=Count("pk", filter=Q(due_at__lt=morning.at)))
    bags = (
        bags_visible_to(me, morning.at)
        .order_by()
        .aggregate(
            open=Count("pk", filter=Q(state=Bag.State.OPEN)), sealed=Count("pk", filter=Q(state=Bag.State.SEALED))
        )
    )
    offered = Application.objects.filter(host_branch=home, host_confirmed_at=None, state=State.TAKEN_IN)
    return section(
        Role.BAG,
        tiles=[
            Tile(_("Files to pack"), figures["total"], link("bag-list"), cut_off_hint(morning),
                 alarm(figures["total"], "soon")),
            Tile(_("Past the evening's limit"), figures["late"], link("application-list", overdue=1),
                 tone=alarm(figures["late"])),
            Tile(_("Open bags"), bags["open"], link("bag-list")),
            Tile(_("Sealed, to hand over"), bags["sealed"], link("bag-list"),
                 _("truck at %(truck)s") % {"truck": f"{home.truck_at:%H:%M}"}, alarm(bags["sealed"], "soon")),
        ],
        buttons=[Button(_("Scan into the bag"), link("bag-list"), "scan")],
        agendas=[
            Agenda(
                _("Files to pack"), "bag", [case_line(case) for case in waiting[:SHOWN]],
                _("Every file is in a bag."), _("Files that are taken in appear here until they are packed."),
                link("bag-list"), _("Case"), _("Product"), has_state=False,
            ),
            Agenda(
                _("Handed to your branch, to be confirmed"), "building",
                [
                    case_line(case, note=case.collector.name if case.collector else "")
                    for case in offered.with_people().order_by(DUE, "id")[:SHOWN]
                ],
                _("Nobody waits for your confirmation."), "", "", _("Case"), _("Product"), _("Handed over by"),
                has_state=False,
            ),
            bags_agenda(morning),
        ],
    )  # fmt: skip


def bags_agenda(morning: Morning) -> Agenda:
    """The branch's bags that are not settled yet, the newest first."""
    bags = (
        bags_visible_to(morning.me, morning.at)
        .exclude(state__in=[Bag.State.RECONCILED, Bag.State.RECEIVED])
        .annotate(files=Count("items", filter=~Q(items__kind=BagItem.Kind.RETURN)))
        .order_by("-id")
    )
    return Agenda(
        _("Bags under way"), "truck", [bag_line(bag) for bag in bags[:SHOWN]],
        _("No bag is under way."), _("Open a bag, scan the files, seal it with a second person."),
        link("bag-list"), _("Bag"), _("Files"), _("Seal number"), has_due=False,
    )  # fmt: skip


def bag_line(bag: Any) -> Line:
    return Line(
        label=bag.number, href=link("bag", bag.pk), what=bag.files, note=bag.seal_no or "—", state=bag.state,
        state_label=bag.get_state_display(),
    )  # fmt: skip


# -- card-center staff -------------------------------------------------------------------------------------------------
def card_center(morning: Morning) -> Section:
    """The pool of the areas, and today's visits by time."""
    me, at = morning.me, morning.at
    own = cases_for(employee=me, at=at, filters={"mine": "1"}).order_by()
    figures = by_state(own, State.ACCEPTED, State.DRAFT, State.TAKEN_IN, State.RETURNED, at=at)
    leads = leads_for(me).order_by().aggregate(total=Count("pk"), late=Count("pk", filter=Q(due_at__lt=at)))
    visits = promised(morning, Q(application__collector=me, application__state__in=[State.ACCEPTED, State.DRAFT]))

    def mine(**query: Any) -> str:
        return link("application-list", mine=1, **query)

    return section(
        Role.CS,
        tiles=[
            Tile(_("Leads in the pool"), leads["total"], link("lead-list"), tone=alarm(leads["late"])),
            Tile(_("Accepted, to be called"), figures["ACCEPTED"], mine(state="ACCEPTED")),
            Tile(_("Being collected"), figures["DRAFT"], mine(state="DRAFT")),
            Tile(_("To hand to a branch"), figures["TAKEN_IN"], mine(state="TAKEN_IN"),
                 tone=alarm(figures["TAKEN_IN"], "soon")),
            Tile(_("Returned"), figures["RETURNED"], mine(state="RETURNED"), tone=alarm(figures["RETURNED"])),
            Tile(_("Overdue"), figures["overdue"], mine(overdue=1), tone=alarm(figures["overdue"])),
        ],
        buttons=[
            Button(_("Accept a lead"), link("lead-list"), "check"),
            Button(_("Start intake"), link("application-new"), "intake"),
        ],
        agendas=[
            _own_leads(morning),
            Agenda(
                _("Agreed times"), "calendar", visits, _("No time is agreed with a client."),
                _(
                    "Log a contact with an agreed time on the case: it appears here and reminds you half an hour "
                    "before."
                ),
                "", _("Case"), _("Product"), _("Note"), has_state=False,
            ),
            _to_hand_in(morning),
            _came_back(morning),
        ],
    )  # fmt: skip


def promised(morning: Morning, where: Q) -> list[Line]:
    """Times agreed with clients, from today on, the next first."""
    contacts = (
        ContactLog.objects.filter(where, result=ContactLog.Result.PROMISED, promised_at__gte=morning.midnight)
        .select_related("application__product")
        .order_by("promised_at")
    )
    return [
        Line(
            label=contact.application.number, href=link("application", contact.application.number),
            what=contact.application.product.name, note=contact.note, due_at=contact.promised_at,
        )
        for contact in contacts[:SHOWN]
    ]  # fmt: skip
