"""The homes of those who meet the client and carry the paper: employee, customer manager, branch head, sealer,
card-center staff."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from django.db.models import Count, F, Q, QuerySet, Sum
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from applications.lifecycle import FINISHED, Clock, Path, Performance, State
from applications.models import Application, Bag, BagItem, ContactLog, ProblemItem
from applications.querysets import ApplicationQuerySet
from applications.selectors import cases_for, midnight_after
from applications.services.bags import bags_visible_to, files_to_pack
from incentives.lifecycle import PayeeKind
from incentives.models import RewardEntry
from incentives.selectors.forecast import forecast_of
from incentives.selectors.prices import price_board
from incentives.services.pricing import PriceBook
from ops_center.desk.homes.parts import (
    SHOWN,
    Agenda,
    Button,
    Cell,
    Line,
    Morning,
    News,
    Section,
    Table,
    Tile,
    alarm,
    case_line,
    link,
)  # fmt: skip
from ops_center.kernel.money import divide
from ops_center.web.templatetags.ops import day, yuan
from organization.roles import Role
from organization.services.calendar import opening_times, working_calendar
from referrals.selectors import leads_for, referrals_of
from supervision.models import Breach, Measure
from supervision.periods import Month
from supervision.selectors.feed import feed, told
from supervision.selectors.funnel import funnel_board
from supervision.selectors.goals import Progress, aimed_at

DUE = F("due_at").asc(nulls_last=True)
SUCCESSES = 3  # so many of the feed stand on a home


# -- every employee ----------------------------------------------------------------------------------------------------
def employee(morning: Morning) -> Section:
    """Own referrals, and what they have brought. Everybody's second role: the list only where it is the only one."""
    figures = referrals_of(morning.me).aggregate(
        open=Count("pk", filter=~Q(application__state__in=FINISHED)),
        activated=Count("pk", filter=Q(application__activated_at__gte=morning.month)),
    )
    earned = RewardEntry.objects.filter(payee=morning.me, payee_kind=PayeeKind.EMPLOYEE)
    money = earned.with_pay_date().aggregate(
        unpaid=Sum("amount_fen", filter=Q(paid_on=None)),
        paid=Sum("amount_fen", filter=Q(paid_on__gte=morning.month.date())),
    )
    tiles = [
        Tile(_("Referrals under way"), figures["open"], link("referral-list")),
        Tile(_("Activated this month"), figures["activated"], link("referral-list")),
        Tile(_("Earned, not paid yet"), yuan(money["unpaid"] or 0), link("my-rewards"), unit=_("yuan")),
        Tile(_("Paid this month"), yuan(money["paid"] or 0), link("my-rewards"), unit=_("yuan")),
    ]
    if morning.roles != {Role.EMP}:
        return Section(Role.EMP, tiles)
    book = PriceBook.read()
    promised = yuan(forecast_of(morning.me, morning.at, book=book).total_fen)
    tiles.insert(2, Tile(_("Expected if activated"), promised, f"{link('my-rewards')}#forecast", unit=_("yuan")))
    return Section(
        Role.EMP,
        tiles,
        buttons=[Button(_("New referral"), link("referral-new"), "plus")],
        main=[_own_referrals(morning, book)],
        side=[_prices(morning, is_collector=False), successes(morning)],
    )


def _own_referrals(morning: Morning, book: PriceBook) -> Agenda:
    cases = [row.application for row in referrals_of(morning.me).order_by("-id")[:SHOWN]]
    earned: dict[int, int] = dict(
        RewardEntry.objects.filter(payee=morning.me, assessment__application__in=[case.pk for case in cases])
        .order_by()
        .values_list("assessment__application")
        .annotate(Sum("amount_fen"))
    )

    def share(case: Application) -> int | None:
        if case.pk in earned or case.state in FINISHED:
            return earned.get(case.pk)
        return _referral_share(book, case, on=case.priced_on or morning.today)

    return Agenda(
        _("My referrals"), "referral",
        [
            Line(
                label=case.number, href=link("referral", case.number), state=case.state,
                what=f"{case.applicant.name_mask} · {case.product.name}", state_label=case.get_state_display(),
                note=day(case.progressed_at), fen=share(case),
            )
            for case in cases
        ],
        _("Your referrals will stand here."),
        _("A referral takes twenty seconds: name, mobile, product, consent."),
        link("referral-list"), _("Case"), _("Client and product"), _("Since"), _("Share, expected or earned"),
        has_due=False,
    )  # fmt: skip


def _referral_share(book: PriceBook, case: Application, *, on: date) -> int | None:
    """What the referrer of a case gets when somebody else collects; ``None`` without a price."""
    where = case.branch_id
    bounty, policy = book.bounty(case.product_id, on=on, branch=where), book.policy(on=on, branch=where)
    if bounty is None or policy is None:
        return None
    shares = divide(bounty.amount_fen, policy.terms.weights(Path.C, double_keyed=False))
    return dict(shares).get(Performance.REFERRER)


def _prices(morning: Morning, *, is_collector: bool) -> Table:
    """What one activated card would bring this person, by product and by how much of the work the person does."""
    board = price_board(morning.today, morning.me.branch)
    ways = [(_("All by myself"), "all_alone"), (_("Refer and collect"), "refer_and_collect")] if is_collector else []
    ways.append((_("Refer only"), "refer"))
    return Table(
        _("What you would earn"), "price", [_("Product"), *(word for word, _name in ways)],
        [[Cell(price.product.name), *(Cell(yuan(getattr(price, name))) for _word, name in ways)]
         for price in board.prices],
        empty=_("No prices are in force today."), note=_("yuan per activated card"), href=link("price-board"),
    )  # fmt: skip


def successes(morning: Morning) -> News:
    """The newest of the success feed."""
    rows = [told(row, reader=morning.me, at=morning.at) for row in feed()[:SUCCESSES]]
    return News(
        _("Success feed"), "star", [(row.text, row.row.motto, day(row.row.at)) for row in rows],
        _("Nothing to celebrate here yet"), link("feed"),
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

    return Section(
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
            *target_tiles(aimed_at(me, month=Month.of(at), at=at)),
        ],
        buttons=[
            Button(_("Start intake"), link("application-new"), "intake"),
            Button(_("New referral"), link("referral-new"), "referral"),
        ],
        main=[_in_hand(morning), _came_back(morning), _leads(morning)],
        side=[_prices(morning, is_collector=True), successes(morning)],
    )  # fmt: skip


def by_state(cases: ApplicationQuerySet, *states: State, at: Any) -> dict[str, int]:
    """How many of these cases stand in each of the states, and how many are overdue: one query."""
    figures: dict[str, int] = cases.aggregate(
        **{state.value: Count("pk", filter=Q(state=state)) for state in states},
        overdue=Count("pk", filter=Q(due_at__lt=at)),
    )
    return figures


def cut_off_hint(morning: Morning) -> str:
    """When the bag of the day closes at the own branch."""
    if not working_calendar().is_workday(morning.today):
        return _("no truck today")
    cut_off = opening_times().hours(morning.me.branch, on=morning.today).cut_off_on(morning.today)
    return _("bag closes at %(cut_off)s") % {"cut_off": f"{cut_off:%H:%M}"}


def _in_hand(morning: Morning) -> Agenda:
    """What this collector has in the hand: leads to call, files to complete, packs to put into the bag."""
    cases = Application.objects.filter(
        collector=morning.me, host_confirmed_at=None, state__in=[State.ACCEPTED, State.DRAFT, State.TAKEN_IN]
    )
    return Agenda(
        _("In my hands"), "intake",
        [case_line(case, note=case.applicant.name_mask) for case in cases.with_people().order_by(DUE, "id")[:SHOWN]],
        _("Nothing waits in your hands."),
        _("A client at the counter: start an intake. A lead from the pool: accept it."),
        link("application-list", mine=1), _("Case"), _("Product"), _("Client"),
    )  # fmt: skip


def _came_back(morning: Morning) -> Agenda:
    """Returns to supplement, and problem items that wait for the branch's answer."""
    returned = Application.objects.filter(collector=morning.me, state=State.RETURNED).with_people()
    lines = [
        case_line(case, note="、".join(code for note in case.returns.all()[:1] for code in note.codes))
        for case in returned.prefetch_related("returns").order_by(DUE, "id")[:SHOWN]
    ]
    waiting = ProblemItem.objects.filter(
        application__collector=morning.me, closed_at=None,
        state__in=[ProblemItem.State.WAIT_BRANCH, ProblemItem.State.WAIT_CUSTOMER],
    )  # fmt: skip
    lines += [problem_line(row) for row in waiting.select_related("application__product").order_by("raised_at")[:SHOWN]]
    return Agenda(
        _("Came back to me"), "return", lines,
        _("Nothing has come back."), _("Returned files and problem items that ask for your answer appear here."),
        link("application-list", mine=1, state="RETURNED"), _("Case"), _("Product"), _("Reason"),
    )  # fmt: skip


def problem_line(problem: ProblemItem, *, what: Any = None, note: Any = None) -> Line:
    case = problem.application
    return Line(
        label=case.number, href=link("application", case.number), what=case.product.name if what is None else what,
        note=problem.code if note is None else note, state=problem.state, state_label=problem.get_state_display(),
        due_at=case.due_at, warn_at=case.warn_at,
    )  # fmt: skip


def _leads(morning: Morning) -> Agenda:
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
    here = cases_for(employee=me, at=at, filters={"branch": home.code})
    states = (State.TAKEN_IN, State.BAGGED, State.IN_TRANSIT, State.RETURNED, State.PROBLEM)
    figures = by_state(here.order_by(), *states, at=at)
    month = funnel_board(scope=home, month=Month.of(at))
    opinions = Breach.objects.to_decide().filter(justification__opinion_at=None).of_people_in(home.pk)
    asked = opinions.count()

    def of_branch(**query: Any) -> str:
        return link("application-list", branch=home.code, **query)

    return Section(
        Role.BH,
        tiles=[
            Tile(_("Your opinion is asked"), asked, link("breach-list", show="opinion"),
                 tone=alarm(asked, "soon")),
            Tile(_("Taken in today"), here.filter(taken_in_at__gte=morning.midnight).count(),
                 of_branch(order="newest")),
            Tile(_("Not in a bag yet"), figures["TAKEN_IN"], of_branch(state="TAKEN_IN"), cut_off_hint(morning),
                 alarm(figures["TAKEN_IN"], "soon")),
            Tile(_("Bagged or on the truck"), figures["BAGGED"] + figures["IN_TRANSIT"], link("bag-list")),
            Tile(_("Returned"), figures["RETURNED"], of_branch(state="RETURNED"), tone=alarm(figures["RETURNED"])),
            Tile(_("Problem items"), figures["PROBLEM"], of_branch(state="PROBLEM"),
                 tone=alarm(figures["PROBLEM"], "wait")),
            Tile(_("Overdue"), figures["overdue"], of_branch(overdue=1), tone=alarm(figures["overdue"])),
            Tile(_("Begun this month, activated"), month.total("activated"),
                 link("board", "funnel", reached="activated"), time_progress(morning)),
            *target_tiles(aimed_at(home, month=Month.of(at), at=at)),
        ],
        buttons=[
            Button(_("Start intake"), link("application-new"), "intake"),
            Button(_("Sealed bags"), link("bag-list"), "bag"),
        ],
        main=[
            Agenda(
                _("Overdue in the branch"), "alarm",
                [
                    case_line(case, note=case.collector.name if case.collector else "")
                    for case in here.overdue(at).with_people().order_by("due_at", "id")[:SHOWN]
                ],
                _("Nothing is overdue."), "", of_branch(overdue=1), _("Case"), _("Product"), _("Collector"),
            ),
            bags_under_way(morning),
        ],
        side=[
            explanations(
                opinions.with_facts().order_by("justification__decide_by"),
                title=_("Your opinion is asked"), show="opinion",
                empty=_("No explanation waits for your opinion."),
                hint=_("When somebody of the branch explains a delay, you say first what you think of it."),
            ),
            successes(morning),
        ],
    )  # fmt: skip


LIGHTS = {"green": "good", "amber": "soon", "red": "late"}


def target_tiles(measures: Sequence[Progress]) -> list[Tile]:
    """The targets of the month that are set, each with its gap to the time gone."""
    hint = _("%(actual)s of %(target)s, %(gap)s to the time")
    return [
        Tile(
            _("Target: %(measure)s") % {"measure": Measure(row.measure).label}, f"{row.completion}%", link("targets"),
            hint % {"actual": row.actual, "target": row.target, "gap": row.gap_words}, LIGHTS[row.light],
        )
        for row in measures
    ]  # fmt: skip


def time_progress(morning: Morning) -> str:
    """How much of the month's working days is over, today included."""
    calendar, month = working_calendar(), Month.of(morning.at)
    tomorrow = midnight_after(morning.at).date()
    whole = calendar.workdays_between(month.first_day, month.next.first_day)
    return _("working day %(gone)s of %(whole)s") % {
        "gone": calendar.workdays_between(month.first_day, tomorrow), "whole": whole,
    }  # fmt: skip


def explanations(breaches: QuerySet[Breach, Breach], *, title: str, show: str, empty: str, hint: str = "") -> Agenda:
    """Explanations of delays that wait for an opinion or a decision, the nearest end of the window first."""
    return Agenda(
        title, "alert",
        [
            Line(
                label=breach.application.number, href=link("breach", breach.pk), what=Clock(breach.kind).label,
                due_at=breach.justification.decide_by,
            )
            for breach in breaches[:SHOWN]
        ],
        empty, hint, link("breach-list", show=show), _("Case"), _("Clock"), has_state=False,
    )  # fmt: skip


# -- sealer ------------------------------------------------------------------------------------------------------------
def sealer(morning: Morning) -> Section:
    """The bag of today: numbers only, no client."""
    home = morning.me.branch
    waiting = files_to_pack(home)
    files = waiting.order_by().aggregate(total=Count("pk"), late=Count("pk", filter=Q(due_at__lt=morning.at)))
    bags = bags_visible_to(morning.me, morning.at).order_by().aggregate(
        open=Count("pk", filter=Q(state=Bag.State.OPEN)), sealed=Count("pk", filter=Q(state=Bag.State.SEALED))
    )  # fmt: skip
    offered = Application.objects.filter(host_branch=home, host_confirmed_at=None, state=State.TAKEN_IN)
    truck = _("truck at %(truck)s") % {"truck": f"{opening_times().truck(home, on=morning.today):%H:%M}"}
    return Section(
        Role.BAG,
        tiles=[
            Tile(_("Files to pack"), files["total"], link("bag-list"), cut_off_hint(morning),
                 alarm(files["total"], "soon")),
            Tile(_("Past the evening's limit"), files["late"], link("application-list", state="TAKEN_IN", overdue=1),
                 tone=alarm(files["late"])),
            Tile(_("Open bags"), bags["open"], link("bag-list", state="OPEN")),
            Tile(_("Sealed, to hand over"), bags["sealed"], link("bag-list", state="SEALED"), truck,
                 alarm(bags["sealed"], "soon")),
        ],
        buttons=[Button(_("Scan into the bag"), link("bag-list"), "scan")],
        main=[
            Agenda(
                _("Files to pack"), "bag", [case_line(case) for case in waiting[:SHOWN]],
                _("Every file is in a bag."), _("Files that are taken in appear here until they are packed."),
                link("bag-list"), _("Case"), _("Product"), has_state=False,
            ),
            bags_under_way(morning),
        ],
        side=[
            Agenda(
                _("Handed to your branch, to be confirmed"), "building",
                [case_line(case) for case in offered.with_people().order_by(DUE, "id")[:SHOWN]],
                _("Nobody waits for your confirmation."), "", "", _("Case"), _("Product"), has_state=False,
            ),
        ],
    )  # fmt: skip


def bags_under_way(morning: Morning) -> Agenda:
    """The branch's bags that are not settled yet, the newest first."""
    bags = (
        bags_visible_to(morning.me, morning.at)
        .exclude(state__in=[Bag.State.RECONCILED, Bag.State.RECEIVED])
        .annotate(files=Count("items", filter=~Q(items__kind=BagItem.Kind.RETURN)))
        .order_by("-id")
    )
    return Agenda(
        _("Bags under way"), "truck", bag_lines(bags[:SHOWN]),
        _("No bag is under way."), _("Open a bag, scan the files, seal it with a second person."),
        link("bag-list"), _("Bag"), _("Files"), _("Seal number"), has_due=False,
    )  # fmt: skip


def files_of(bag: Any) -> str:
    """How many files are in a bag (annotated as ``files``)."""
    return ngettext("%(count)s file", "%(count)s files", bag.files) % {"count": bag.files}


def bag_lines(bags: Iterable[Any]) -> list[Line]:
    """Bags with the number of their files (annotated as ``files``)."""
    return [
        Line(
            label=bag.number, href=link("bag", bag.pk), what=files_of(bag), note=bag.seal_no, state=bag.state,
            state_label=bag.get_state_display(),
        )
        for bag in bags
    ]  # fmt: skip


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

    return Section(
        Role.CS,
        tiles=[
            Tile(_("Leads in the pool"), leads["total"], link("lead-list"),
                 _("%(count)s overdue") % {"count": leads["late"]} if leads["late"] else "", alarm(leads["late"])),
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
        main=[_leads(morning), _in_hand(morning), _came_back(morning)],
        side=[
            Agenda(
                _("Agreed times"), "calendar", visits, _("No time is agreed with a client."),
                _("A contact that is logged with an agreed time appears here; you are reminded half an hour before."),
                "", _("Case"), _("Note"), has_state=False,
            ),
            _prices(morning, is_collector=True),
            successes(morning),
        ],
    )  # fmt: skip


def promised(morning: Morning, where: Q) -> list[Line]:
    """Times agreed with clients, from today on, the next first."""
    contacts = ContactLog.objects.filter(
        where, result=ContactLog.Result.PROMISED, promised_at__gte=morning.midnight
    ).select_related("application")
    return [promise_line(contact) for contact in contacts.order_by("promised_at")[:SHOWN]]


def promise_line(contact: ContactLog) -> Line:
    return Line(
        label=contact.application.number, href=link("application", contact.application.number),
        what=contact.note or "—", due_at=contact.promised_at,
    )  # fmt: skip
