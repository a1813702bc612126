"""Reports about the work itself (domain section 13; those about the money stand a floor higher).

A figure is a set of rows and the part of it that counts: how many of how many. Page, list and file ask the same set, so
every number opens exactly what it counts. A period is a month or a quarter; clocks belong to the one in which they
stopped, and what is open and overdue to every one that it has outlived.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import reduce
from itertools import chain
from operator import or_
from typing import Any, NamedTuple

from django.db.models import Count, DateTimeField, Exists, F, Func, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import TruncDate
from django.utils.translation import gettext_lazy as _

from applications.entry_form import CRITICAL
from applications.lifecycle import Clock, Step
from applications.models import (
    Application,
    Bag,
    BagIncident,
    CaseClock,
    Event,
    KeyDifference,
    ProblemItem,
    Product,
    ReturnNote,
)
from applications.models.event import CAME_IN
from applications.querysets import REACHED
from applications.selectors import FINISHES, GROUP_FIGURES
from ops_center.clock import local_day
from ops_center.kernel.worktime import SHANGHAI
from organization.models import Branch, Employee
from organization.services.calendar import working_calendar
from supervision.models import Complaint, DayFigure, WorkCount
from supervision.on_time import IN_TIME, LATE
from supervision.periods import Span
from supervision.selectors import midnight
from supervision.selectors.capacity import Finished
from supervision.selectors.minutes import standards
from supervision.selectors.productivity import Hands, Productivity, by_person, productivity
from supervision.selectors.timeliness import days_to_count

COHORTS = {  # days within which a card should be activated
    30: _("Activated within 30 days"), 60: _("Activated within 60 days"), 90: _("Activated within 90 days"),
}  # fmt: skip
FIRST_SPEND_DAYS = 30


@dataclass(frozen=True, slots=True)
class Asked:
    """What a report is asked: which period, whose cases (none: the whole bank), seen when and by whom."""

    span: Span
    branch: Branch | None
    at: datetime
    reader: Employee | None = None

    def within(self, stamp: str) -> Q:
        return Q(**{f"{stamp}__gte": self.span.starts_at, f"{stamp}__lt": min(self.span.ends_at, self.at)})


class Kind(StrEnum):
    """What the rows of a figure are; how they are listed stands in supervision.report_rows."""

    CASES = "cases"
    CLOCKS = "clocks"
    BAGS = "bags"
    FIELDS = "fields"
    WORK = "work"


MODELS: Mapping[Kind, Any] = {
    Kind.CASES: Application,
    Kind.CLOCKS: CaseClock,
    Kind.BAGS: Bag,
    Kind.FIELDS: KeyDifference,
    Kind.WORK: Event,
}


@dataclass(frozen=True, slots=True)
class Figure:
    """``part`` of ``rows``; without a part a plain number of rows. ``branch`` and ``person`` are the columns by which
    it is divided. Of a ``clock`` the days that are over are counted already."""

    label: Any
    formula: Any
    kind: Kind
    rows: Callable[[Asked], Q]
    part: Callable[[Asked], Q] | None = None
    branch: str = "branch"
    person: str = ""
    good: str = ""  # high or low, where one of them is better
    clock: str = ""
    is_joined: bool = False  # other tables decide about the part

    @property
    def is_rate(self) -> bool:
        """Whether it is divided; a template cannot ask for ``part``, it would call it."""
        return self.part is not None

    def whole(self, asked: Asked) -> Q:
        """Which rows are below the line."""
        return self.rows(asked) & (Q() if asked.branch is None else Q(**{self.branch: asked.branch}))

    def whole_set(self, asked: Asked) -> QuerySet[Any]:
        """All rows, below the line."""
        found: QuerySet[Any] = MODELS[self.kind]._default_manager.filter(self.whole(asked)).order_by()
        return found

    def part_set(self, asked: Asked) -> QuerySet[Any]:
        """The rows above the line; of a plain number all of them."""
        found = self.whole_set(asked)
        return found.filter(self.part(asked)) if self.part else found


@dataclass(frozen=True, slots=True)
class Value:
    part: int
    whole: int

    @property
    def rate(self) -> float | None:
        """``None`` (a dash) when there is nothing to divide by."""
        return self.part / self.whole if self.whole else None


def values_of(figures: Mapping[str, Figure], asked: Asked) -> dict[str, Value]:
    """Those of the same rows are counted in one pass over them; a part that other tables decide is counted by itself,
    where the database joins them and does not look row by row."""
    clocks = {name: figure for name, figure in figures.items() if figure.clock}
    kept = _kept(clocks.values(), asked) if clocks else {}
    found = {name: kept[figure.clock][None] for name, figure in clocks.items()}
    together: defaultdict[Any, dict[str, Figure]] = defaultdict(dict)
    for name, figure in figures.items():
        if not figure.clock:
            together[figure.rows, figure.branch][name] = figure
    for same in together.values():
        plain = {name: figure.part for name, figure in same.items() if figure.part and not figure.is_joined}
        parts = {f"part_{place}": Count("pk", filter=part(asked)) for place, part in enumerate(plain.values())}
        row = next(iter(same.values())).whole_set(asked).aggregate(whole=Count("pk"), **parts)
        counted = dict(zip(plain, (row[part] for part in parts), strict=True))
        for name, figure in same.items():
            part = figure.part_set(asked).count() if figure.is_joined else counted.get(name, row["whole"])
            found[name] = Value(part, row["whole"])
    return {name: found[name] for name in figures}


def values_by(figure: Figure, asked: Asked, *columns: str) -> dict[Any, Value]:
    """The figure divided by a column, or by several (then the keys are tuples): as in ``values_of``."""
    if figure.clock and columns == (figure.branch,):
        return _kept([figure], asked, figure.branch)[figure.clock]
    rows = figure.whole_set(asked).values_list(*columns)
    if figure.is_joined:
        parts = figure.part_set(asked).values_list(*columns).annotate(of=Count("pk"))
        above = {tuple(key): of for *key, of in parts}
        found = {tuple(key): Value(above.get(tuple(key), 0), whole) for *key, whole in rows.annotate(whole=Count("pk"))}
    else:
        part = Count("pk", filter=figure.part(asked)) if figure.part else Count("pk")
        found = {tuple(key): Value(of, whole) for *key, of, whole in rows.annotate(of=part, whole=Count("pk"))}
    return {key[0] if len(columns) == 1 else key: value for key, value in found.items()}


def _kept(figures: Iterable[Figure], asked: Asked, *columns: str) -> dict[str, dict[Any, Value]]:
    """Of each clock, as a whole (under ``None``) or by its branch: from the figures of the days that are counted; other
    days, and what is open and overdue, clock by clock."""
    kinds, over = [figure.clock for figure in figures], _days_over(asked)
    uncounted = days_to_count(over)
    scope = DayFigure.Scope.BRANCH if columns or asked.branch else DayFigure.Scope.BANK
    counted = DayFigure.objects.filter(scope=scope, kind__in=kinds, outcome__in=IN_TIME | LATE)
    counted = counted.filter(day__in=set(over) - set(uncounted)).order_by()
    if asked.branch is not None:
        counted = counted.filter(key=asked.branch.pk)
    live = CaseClock.objects.filter(OF_OWN, kind__in=kinds).order_by()
    if asked.branch is not None:
        live = live.filter(**{_CASE_BRANCH: asked.branch})
    cuts = (_open_overdue(asked), _closed(asked) & _stopped_on([*uncounted, local_day(asked.at)]))
    parts: list[Iterable[tuple[str, int | None, str, int]]] = [
        counted.values_list("kind", "key", "outcome").annotate(own=Sum(F("clocks") - F("imported"))),
        *(live.filter(cut).values_list("kind", _CASE_BRANCH, "outcome").annotate(Count("pk")) for cut in cuts),
    ]
    in_time, whole = Counter[tuple[str, int | None]](), Counter[tuple[str, int | None]]()
    for kind, branch, outcome, clocks in chain.from_iterable(parts):
        key = kind, branch or None if columns else None
        whole[key] += clocks
        in_time[key] += clocks if outcome in IN_TIME else 0
    found: dict[str, dict[Any, Value]] = {kind: {} if columns else {None: Value(0, 0)} for kind in kinds}
    for (kind, branch), clocks in whole.items():
        found[kind][branch] = Value(in_time[kind, branch], clocks)
    return found


def _stopped_on(days: Iterable[date]) -> Q:
    """Day by day: each is a range of the index over the clocks of a kind."""
    spans = ((midnight(day), midnight(day + timedelta(days=1))) for day in days)
    return reduce(or_, (Q(stopped_at__gte=first, stopped_at__lt=after) for first, after in spans))


# -- what counts -------------------------------------------------------------------------------------------------------
OWN = Q(is_imported=False)
OF_OWN = Q(application__is_imported=False)
_CASE_BRANCH = "application__branch"


def _cases(stamp: str) -> Callable[[Asked], Q]:
    return lambda asked: OWN & asked.within(stamp)


_REFERRED, _ENTERED = _cases("referred_at"), _cases("entered_at")


def _stamped(stamp: str) -> Callable[[Asked], Q]:
    """Whatever the period."""
    return lambda _asked: OWN & Q(**{f"{stamp}__isnull": False})


def _old_enough(stamp: str, days: int) -> Callable[[Asked], Q]:
    """Of the period's cases those about which so many days can already tell."""
    return lambda asked: OWN & asked.within(stamp) & Q(**{f"{stamp}__lte": asked.at - timedelta(days=days)})


def _soon_after(stamp: str, start: str, days: int) -> Callable[[Asked], Q]:
    return lambda asked: Q(**{f"{stamp}__lte": F(start) + timedelta(days=days)})


def _received(asked: Asked) -> Q:
    """By the events: the stamp of a returned file is set anew."""
    return OWN & Q(Exists(Event.objects.filter(CAME_IN, asked.within("at"), application=OuterRef("pk"))))


def _was_returned(_asked: Asked) -> Q:
    return Q(Exists(ReturnNote.objects.filter(application=OuterRef("pk"))))


def _first_pass(_asked: Asked) -> Q:
    problem = ProblemItem.objects.filter(application=OuterRef("pk"), raised_at__lte=OuterRef("entered_at"))
    return ~Q(Exists(problem)) & ~_was_returned(_asked)


def _clocks(kind: Clock) -> Callable[[Asked], Q]:
    """Closed in the period, or open and overdue at its end; void and exempt ones left out."""

    return lambda asked: OF_OWN & Q(kind=kind) & (_closed(asked) | _open_overdue(asked))


def _closed(asked: Asked) -> Q:
    return asked.within("stopped_at") & Q(outcome__in=IN_TIME | LATE)


def _open_overdue(asked: Asked) -> Q:
    return Q(stopped_at=None, paused_at=None, due_at__lt=min(asked.span.ends_at, asked.at))


def _in_time(_asked: Asked) -> Q:
    return Q(stopped_at__isnull=False, outcome__in=IN_TIME)


def _wrong_fields(asked: Asked) -> Q:
    return OF_OWN & asked.within("found_at") & Q(application__review_mode=Product.ReviewMode.DOUBLE) & ~Q(
        wrong_keyer=None
    )  # fmt: skip


def _keyed_twice(asked: Asked) -> Q:
    is_double = Q(application__review_mode=Product.ReviewMode.DOUBLE)
    return OF_OWN & asked.within("at") & Q(step=Step.VERIFY) & is_double


def _was_corrected(_asked: Asked) -> Q:
    return Q(Exists(KeyDifference.objects.filter(application=OuterRef("pk"))))


def _decided(asked: Asked) -> Q:
    return OWN & (asked.within("approved_at") | asked.within("rejected_at"))


class _DayOf(Func):
    """The midnight in Shanghai before an instant."""

    template = "date_trunc('day', %(expressions)s, 'Asia/Shanghai')"
    output_field = DateTimeField()


def _finished_work(asked: Asked) -> Q:
    """A case counts once for a person, a day and a step, however often it came back (supervision.models.WorkCount)."""
    steps = [step for steps in FINISHES.values() for step in steps]
    same = {name: OuterRef(name) for name in ("application", "step", "actor")}
    before = Event.objects.filter(**same, seq__lt=OuterRef("seq")).annotate(day=_DayOf("at"))
    again = Exists(before.filter(day=_DayOf(OuterRef("at"))))
    return OF_OWN & asked.within("at") & Q(step__in=steps, actor__isnull=False) & ~Q(again)


def _had_incident(_asked: Asked) -> Q:
    return Q(Exists(BagIncident.objects.filter(bag=OuterRef("pk"))))


FIGURES: Mapping[str, Figure] = {
    "intake": Figure(
        _("Intake"), _("files taken in, first round"), Kind.CASES, _cases("taken_in_at"), person="collector"
    ),
    "referred-taken-in": Figure(
        _("Referrals taken in"), _("taken in ÷ referrals created"), Kind.CASES, _REFERRED,
        lambda _asked: Q(taken_in_at__isnull=False), branch="referrer__branch", person="referrer", good="high",
    ),
    "referred-activated": Figure(
        _("Referrals activated"), _("activated ÷ referrals created"), Kind.CASES, _REFERRED,
        lambda _asked: Q(activated_at__isnull=False), branch="referrer__branch", person="referrer", good="high",
    ),
    "first-pass": Figure(
        _("First pass"), _("entered without problem or return ÷ entered"), Kind.CASES, _ENTERED,
        _first_pass, person="collector", good="high", is_joined=True,
    ),
    "returned": Figure(
        _("Return rate"), _("returned at least once ÷ received"), Kind.CASES, _received, _was_returned,
        person="collector", good="low", is_joined=True,
    ),
    "dispatch": Figure(
        _("Dispatched on the day"), _("in time ÷ (closed + open overdue)"), Kind.CLOCKS, _clocks(Clock.DISPATCH),
        _in_time, branch=_CASE_BRANCH, person="application__collector", good="high",
        clock=Clock.DISPATCH,
    ),
    "entry": Figure(
        _("Entered in time"), _("in time ÷ (closed + open overdue), exempt left out"), Kind.CLOCKS,
        _clocks(Clock.ENTRY), _in_time, branch=_CASE_BRANCH, person="application__collector", good="high",
        clock=Clock.ENTRY,
    ),
    "corrected": Figure(
        _("Corrected entries"), _("entered cases with a corrected field ÷ entered"), Kind.CASES,
        _ENTERED, _was_corrected, person="collector", good="low", is_joined=True,
    ),
    "approved": Figure(
        _("Approval rate"), _("issued ÷ (issued + rejected), by the day of the decision"), Kind.CASES, _decided,
        lambda asked: asked.within("approved_at"), person="collector", good="high",
    ),
    **{
        f"activated-{days}": Figure(
            label, _("of the cards issued at least so many days ago"),
            Kind.CASES, _old_enough("issued_at", days), _soon_after("activated_at", "issued_at", days),
            person="collector", good="high",
        )
        for days, label in COHORTS.items()
    },
    "first-spend": Figure(
        _("First spend"), _("within 30 days ÷ activated 30 or more days ago"), Kind.CASES,
        _old_enough("activated_at", FIRST_SPEND_DAYS),
        _soon_after("first_spend_at", "activated_at", FIRST_SPEND_DAYS), person="collector", good="high",
    ),
    "bags": Figure(
        _("Bags with an incident"), _("bags with an incident ÷ bags received"), Kind.BAGS,
        lambda asked: asked.within("received_at"), _had_incident, good="low", is_joined=True,
    ),
}  # fmt: skip

# Sets that are counted, but not against each other row by row.
PARTS: Mapping[str, Figure] = {
    "wrong-fields": Figure(
        _("Wrong fields"), _("wrong fields ÷ double-keyed fields"), Kind.FIELDS, _wrong_fields, branch=_CASE_BRANCH
    ),
    "keyed-twice": Figure(
        _("Keyed twice"), _("second keyings, six critical fields each"), Kind.WORK, _keyed_twice, branch=_CASE_BRANCH
    ),
    "work": Figure(
        _("Finished work"), _("completed items ÷ person-days with at least one item"), Kind.WORK, _finished_work,
        branch=_CASE_BRANCH, person="actor",
    ),
}  # fmt: skip
GROUPS: Mapping[str, Figure] = {
    f"group-{name}": Figure(
        label, _("files of group batches, of every period"), Kind.CASES, _stamped(REACHED[name]), person="collector"
    )
    for name, label in GROUP_FIGURES.items()
}
ACTIVATED_CARDS = Figure(
    _("Cards"), _("cards activated in the period"), Kind.CASES, _cases("activated_at"), person="collector"
)
ALL: Mapping[str, Figure] = {**FIGURES, **PARTS, **GROUPS, "cards": ACTIVATED_CARDS}


class Piecework(NamedTuple):
    """What one person has finished in one step on one day."""

    step: str
    day: date
    person: int
    pieces: int


Pieces = Sequence[Piecework]


def work_done(asked: Asked) -> Pieces:
    """One query: of the bank the counts that the events write, of a branch its events."""
    if asked.branch is None:
        days = {"day__gte": asked.span.first_day, "day__lt": local_day(asked.span.ends_at)}
        counted = WorkCount.objects.filter(**days, actor__isnull=False).order_by().values_list("step", "day", "actor")
        return [Piecework(*row) for row in counted.annotate(Sum("pieces"))]
    rows = PARTS["work"].whole_set(asked).values_list("step", TruncDate("at", tzinfo=SHANGHAI), "actor")
    return [Piecework(*row) for row in rows.annotate(Count("pk"))]


def field_errors(asked: Asked) -> Value:
    """Wrong fields ÷ double-keyed fields: each second keying is of all critical fields."""
    wrong, twice = (PARTS[name].whole_set(asked).count() for name in ("wrong-fields", "keyed-twice"))
    return Value(wrong, len(CRITICAL) * twice)


# -- figures that are no part of a set ---------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Output:
    """人均产能: finished pieces of work, and the days on which somebody finished at least one."""

    items: int
    person_days: int

    @property
    def rate(self) -> float | None:
        return self.items / self.person_days if self.person_days else None


def output_per_head(work: Pieces) -> Output:
    return Output(sum(row.pieces for row in work), len({(row.day, row.person) for row in work}))


def center_productivity(asked: Asked, work: Pieces) -> Productivity | None:
    """闲置率 of the center (one for all branches), of the period's working days that are over; none yet: nothing.
    ``work`` is that of all branches."""
    days = _workdays_over(asked)
    return productivity(days, _by_queue(work), standards(days[-1]))[1] if days else None


def center_hands(asked: Asked, work: Pieces) -> list[Hands]:
    """The list behind it: whose minutes they are."""
    days = _workdays_over(asked)
    return by_person(days, _by_queue(work), standards(days[-1])) if days else []


def _days_over(asked: Asked) -> list[date]:
    first = asked.span.first_day
    over = min(local_day(asked.span.ends_at), local_day(asked.at))
    return [first + timedelta(days=n) for n in range((over - first).days)]


def _workdays_over(asked: Asked) -> list[date]:
    calendar = working_calendar()
    return [day for day in _days_over(asked) if calendar.is_workday(day)]


def _by_queue(work: Pieces) -> Finished:
    queue_of = {step.value: queue for queue, steps in FINISHES.items() for step in steps}
    finished: dict[str, defaultdict[date, Counter[int | None]]] = {
        queue: defaultdict(Counter) for queue in FINISHES
    }  # fmt: skip
    for row in work:
        finished[queue_of[row.step]][row.day][row.person] += row.pieces
    return finished


@dataclass(frozen=True, slots=True)
class Group:
    """团办: how far the files of one batch have come. Files from before batches were kept have its mark, and neither
    employer nor head-count."""

    code: str
    employer: str | None
    branch: str
    branch_code: str
    head_count: int | None
    applied: int
    approved: int
    activated: int

    @property
    def figures(self) -> list[tuple[str, int]]:
        return [(name, getattr(self, name)) for name in REACHED]

    @property
    def penetration(self) -> float | None:
        """团办渗透率: applied ÷ head-count."""
        return self.applied / self.head_count if self.head_count else None


def groups(asked: Asked) -> list[Group]:
    """The batches with a file taken in in the period, with all their files."""
    files: QuerySet[Any, Any] = Application.objects.of_groups().filter(OWN).order_by()
    if asked.branch is not None:
        files = files.filter(branch=asked.branch)
    fresh = files.filter(asked.within("taken_in_at")).values("batch_code")
    rows = files.filter(batch_code__in=fresh).values_list(
        "batch_code", "group_batch__employer", "branch__name", "branch__code", "group_batch__head_count"
    )
    counted = {name: Count("pk", filter=ALL[f"group-{name}"].rows(asked)) for name in REACHED}
    return [Group(*row) for row in rows.annotate(**counted).order_by("batch_code", "branch__code")]


@dataclass(frozen=True, slots=True)
class Returned:
    """退件率: all of it, by branch and by collector."""

    value: Value
    by_branch: Mapping[int, Value]
    by_collector: Mapping[int, Value]


def returned_by(asked: Asked) -> Returned:
    """One query for all three."""
    branches, people = defaultdict[Any, list[Value]](list), defaultdict[Any, list[Value]](list)
    values = values_by(FIGURES["returned"], asked, "branch", "collector")
    for (branch, collector), value in values.items():
        branches[branch].append(value)
        people[collector].append(value)
    return Returned(
        _sum(values.values()),
        {key: _sum(found) for key, found in branches.items() if key is not None},
        {key: _sum(found) for key, found in people.items() if key is not None},
    )


def all_figures(asked: Asked) -> tuple[dict[str, Value], Returned]:
    """Every figure; the return rate, which is also divided, is read once for both."""
    returned = returned_by(asked)
    plain = values_of({name: figure for name, figure in FIGURES.items() if name != "returned"}, asked)
    return {name: plain.get(name, returned.value) for name in FIGURES}, returned


def _sum(values: Iterable[Value]) -> Value:
    found = list(values)
    return Value(sum(one.part for one in found), sum(one.whole for one in found))


def returns_by_code(asked: Asked) -> list[tuple[str, int]]:
    """Of the period's returned files: in how many each code stood, the most frequent first."""
    returned = FIGURES["returned"].part_set(asked)
    notes = ReturnNote.objects.filter(application__in=returned.values("pk")).order_by()
    cases: defaultdict[str, set[int]] = defaultdict(set)
    for codes, case in notes.values_list("codes", "application"):
        for code in codes:
            cases[code].add(case)
    return sorted(((code, len(found)) for code, found in cases.items()), key=lambda row: (-row[1], row[0]))


# -- volume beside quality ---------------------------------------------------------------------------------------------
BESIDE = ("intake", "returned", "first-pass", "dispatch", "entry", "corrected", "approved", "activated-30")


@dataclass(frozen=True, slots=True)
class Beside:
    """One branch or collector: how much, and beside it how well. The cards are those activated in the period."""

    subject: Branch | Employee
    cards: int
    values: Mapping[str, Value]
    complaints: int  # upheld, closed in the period


def volume_beside_quality(asked: Asked, *, by: str) -> list[Beside]:
    """Branches or collectors with a file or a card in the period, the most cards first; one query per figure."""
    is_branch = by == "branch"
    values = {
        name: values_by(FIGURES[name], asked, FIGURES[name].branch if is_branch else FIGURES[name].person)
        for name in BESIDE
    }
    cards = values_by(ACTIVATED_CARDS, asked, "branch" if is_branch else "collector")
    upheld = Complaint.objects.filter(asked.within("closed_at"), is_upheld=True).order_by()
    column = "against__branch" if is_branch else "against"
    complaints = dict(upheld.exclude(against=None).values_list(column).annotate(Count("pk")))
    keys = {key for found in [cards, *values.values()] for key in found if key is not None}
    subjects: Mapping[int, Branch | Employee] = (
        Branch.objects.in_bulk(keys) if is_branch else Employee.objects.select_related("branch").in_bulk(keys)
    )
    rows = [
        Beside(
            subject, cards[key].whole if key in cards else 0,
            {name: found.get(key, Value(0, 0)) for name, found in values.items()}, complaints.get(key, 0),
        )
        for key, subject in subjects.items()
    ]  # fmt: skip
    return sorted(rows, key=lambda row: (-row.cards, row.subject.pk))
