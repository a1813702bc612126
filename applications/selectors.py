"""What pages read: cuts through the cases with the words of a list's address, and a person's figures of the day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from django.db.models import Count, Exists, F, OuterRef, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from applications.lifecycle import QUEUES, STAGE_OF, Clock, Queue, Stage, State, Step
from applications.models import Application, CaseClock, ContactLog, Document, Event, KeyDifference
from applications.querysets import REACHED, ApplicationQuerySet
from applications.services.documents import JPEG, KINDS, SIDES
from ops_center.clock import SHANGHAI, local_day
from ops_center.kernel.errors import Malformed
from ops_center.kernel.identity import looks_personal
from organization.models import Employee

# -- lists -------------------------------------------------------------------------------------------------------------
CASE_PREFIX = "JL"
CASE_FILTERS = ("state", "stage", "branch", "clock", "due", "overdue", "mine", "search")


def cases_for(*, employee: Employee, at: datetime, filters: Mapping[str, str]) -> ApplicationQuerySet:
    """The cases in sight that the filters of a list's address ask for. Malformed for a value that no list knows."""
    cases = Application.objects.visible_to(employee, at)
    if state := filters.get("state"):
        cases = cases.filter(state=_one_of(state, State.values, "state"))
    if stage := filters.get("stage"):
        wanted = _one_of(stage, Stage.values, "stage")
        cases = cases.filter(state__in=[known for known, belongs in STAGE_OF.items() if belongs == wanted])
    if branch := filters.get("branch"):
        cases = cases.filter(branch__code=branch)
    if clock := filters.get("clock"):
        cases = cases.filter(due_clock=_one_of(clock, Clock.values, "clock"))
    due = "overdue" if filters.get("overdue") else filters.get("due", "")
    match due and _one_of(due, ("overdue", "soon", "today"), "due"):
        case "overdue":
            cases = cases.overdue(at)
        case "soon":
            cases = cases.filter(warn_at__lte=at, due_at__gte=at)
        case "today":
            cases = cases.filter(due_at__gte=at, due_at__lt=midnight_after(at))
    if filters.get("mine"):
        cases = cases.filter(
            Q(collector=employee) | Q(referrer=employee) | Q(claimed_by=employee, claimed_until__gt=at)
        )
    if search := filters.get("search", "").strip().upper():
        if looks_personal(search):
            raise Malformed(
                "personal_search",
                _("Search here by application number. By ID number, mobile or name: in “Search”, which is logged."),
                {"search": _("Application numbers only.")},
            )
        # The number of a case by its beginning; anything else is a scene, a batch or an archive number.
        is_number = search.startswith(CASE_PREFIX)
        mark = Q(campaign=search) | Q(archive_no=search) | Q(group_batch__code=search)
        cases = cases.filter(Q(number__startswith=search) if is_number else mark)
    return cases


def _one_of(value: str, known: list[str] | tuple[str, ...], name: str) -> str:
    if value not in known:
        raise Malformed("bad_filter", _("This list has no such filter."), {name: _("Choose one of the list.")})
    return value


def midnight_after(at: datetime) -> datetime:
    """The end of the day in Shanghai."""
    return datetime.combine(local_day(at) + timedelta(days=1), time(), SHANGHAI)


# -- group batches -----------------------------------------------------------------------------------------------------
GROUP_FIGURES = dict(
    zip(
        REACHED,
        (gettext_lazy("Applied"), pgettext_lazy("cases", "Approved"), pgettext_lazy("cases", "Activated")),
        strict=True,
    )
)


# -- paper -------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class PageOfPaper:
    """One page that was uploaded, in words; a picture can be shown, a PDF only handed over."""

    document: Document
    label: str
    is_picture: bool


def pages_of(case: Application) -> list[PageOfPaper]:
    found = []
    for document in case.documents.all():
        words = [KINDS.get(document.kind, document.kind), SIDES.get(document.side, "")]
        label = " · ".join(str(word) for word in words if word)
        found.append(PageOfPaper(document, label, document.media_type == JPEG))
    return found


# -- queues ------------------------------------------------------------------------------------------------------------
MOST_CALLS = 50  # of a list that one person works through in two days

# The steps that finish one piece of a queue's work.
FINISHES: dict[str, tuple[Step, ...]] = {
    "check": (Step.PASS_CHECK,),
    "entry": (Step.SUBMIT_ENTRY,),
    "verify": (Step.VERIFY, Step.ARBITRATE),
    "filing": (Step.FILE,),
    "after-sales": (Step.COACH, Step.ACTIVATE, Step.LATE_COACH),
}


@dataclass(frozen=True, slots=True)
class Waiting:
    """How much waits in a queue."""

    total: int
    overdue: int
    due_today: int


def waiting_in(cases: ApplicationQuerySet, *, at: datetime) -> Waiting:
    figures = cases.order_by().aggregate(
        total=Count("pk"),
        overdue=Count("pk", filter=Q(due_at__lt=at)),
        due_today=Count("pk", filter=Q(due_at__gte=at, due_at__lt=midnight_after(at))),
    )
    return Waiting(**figures)


@dataclass(frozen=True, slots=True)
class DayOfWork:
    """What a person has finished in a queue today, how much of it before its deadline, and errors found today."""

    done: int
    on_time: int
    errors: int


def day_of_work(*, employee: Employee, queue: Queue, at: datetime) -> DayOfWork:
    midnight = midnight_after(at) - timedelta(days=1)
    in_time = CaseClock.objects.filter(
        application=OuterRef("application"), kind=queue.clock, round=OuterRef("round"), due_at__gte=OuterRef("at")
    )
    done = Event.objects.filter(actor=employee, at__gte=midnight, at__lte=at, step__in=FINISHES[queue.name])
    figures = done.annotate(in_time=Exists(in_time)).aggregate(
        done=Count("pk"), on_time=Count("pk", filter=Q(in_time=True))
    )
    errors = KeyDifference.objects.filter(wrong_keyer=employee, found_at__gte=midnight, found_at__lte=at).count()
    return DayOfWork(**figures, errors=errors)


def held_by(employee: Employee, *, queue: Queue, at: datetime) -> ApplicationQuerySet:
    """The cases of a queue that this person holds now, the first deadline first."""
    held = Application.objects.filter(claimed_by=employee, claimed_until__gt=at, state__in=queue.states)
    return held.select_related("product", "branch").order_by(F("due_at").asc(nulls_last=True), "id")


def agreed_calls(employee: Employee, *, at: datetime) -> list[ContactLog]:
    """The calls that this person has agreed on with clients and that nobody has made yet, up to the end of tomorrow."""
    later = ContactLog.objects.filter(application=OuterRef("application"), at__gt=OuterRef("at"))
    agreed = ContactLog.objects.filter(
        by=employee,
        promised_at__lt=midnight_after(at) + timedelta(days=1),
        application__state__in=QUEUES["after-sales"].states,
    )
    rows = agreed.exclude(Exists(later)).select_related("application__product").order_by("promised_at")
    return list(rows[:MOST_CALLS])
