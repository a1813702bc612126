"""The letter of the day: what is a list goes out once a day, at the hour that its reader has chosen.

Everything is read by sets for all readers of a pass; what makes it one letter a day is the key of the letter. It says
numbers of cases, codes and times: no client, and nothing that people have written in their own words.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Count, QuerySet, Window
from django.db.models.functions import RowNumber
from django.utils.translation import gettext as _
from django.utils.translation import override

from applications.lifecycle import Clock
from applications.models import CaseClock
from ops_center.clock import SHANGHAI, local_day
from organization.messages import Phrasebook
from organization.models import Channel, Delivery, Employee, Message
from organization.querysets import MessageQuerySet
from organization.roles import Role
from organization.services.calendar import working_calendar
from organization.services.letters import is_open, letter, post
from organization.services.telling import who_may_be_told
from supervision.models import Breach, Complaint

NAMED = 10  # so many lines of a list stand in the letter; the page behind it shows all
GROUP_HOUR = time(9, 0)


@transaction.atomic
def write_digests(*, at: datetime) -> int:
    """Writes the letter of the day for everybody whose hour has come; returns how many. Who has nothing gets none."""
    if not is_open(Channel.MAIL):
        return 0
    today, clock = local_day(at), at.astimezone(SHANGHAI).time()
    reachable = Employee.objects.active().exclude(email="")
    asked = reachable.filter(preference__by_mail=True, preference__digest_at__lte=clock)
    awake = who_may_be_told(at, asked.values_list("pk", flat=True))
    people = list(asked.filter(pk__in=awake).with_standing())
    written = Delivery.objects.filter(key__in=[_key(person, today) for person in people])
    done = set(written.values_list("employee", flat=True))
    readers = [person for person in people if person.pk not in done]
    if not readers:
        return 0
    desk = _Desk.read(readers, at=at)
    letters = [row for person in readers if (row := desk.letter_for(person, at=at)) is not None]
    post(letters)
    return len(letters)


@transaction.atomic
def write_group_digest(*, at: datetime) -> int:
    """Once a working day from nine on, to the groups: how much is overdue and due, without a name of anybody."""
    today = local_day(at)
    key, hour = f"group:{today}", datetime.combine(today, GROUP_HOUR, SHANGHAI)
    if at < hour or not is_open(Channel.CHAT) or not working_calendar().is_workday(today):
        return 0
    if Delivery.objects.filter(key=key).exists():
        return 0
    running = CaseClock.objects.running()
    due_today = running.filter(due_at__gte=at, due_at__lt=_midnight_after(today))
    with override(settings.LANGUAGE_CODE):
        figures = (
            (_("Overdue clocks"), running.filter(due_at__lt=at).count()),
            (_("Due today"), due_today.count()),
            (_("Not dispatched"), _undispatched(at).count()),
            (_("Complaints overdue"), Complaint.objects.overdue(at).count()),
        )
        lines = [f"{title}：{count}" for title, count in figures]
        text = letter("\n".join(lines), "/boards/overdue/")
        subject = _("The center's day, %(day)s") % {"day": today}
    post([Delivery(channel=Channel.CHAT, subject=subject, text=text, key=key, due_at=at)])
    return 1


# -- what stands in it -------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Part:
    """One list of a letter: so many, the first of them, and the page behind."""

    title: str
    count: int
    lines: Sequence[str]
    about: str

    def text(self) -> str:
        left = self.count - len(self.lines)
        more = [_("and %(count)s more") % {"count": left}] if left else []
        body = [f"  {line}" for line in [*self.lines, *more, f"{settings.PUBLIC_URL}{self.about}"]]
        return "\n".join([f"{self.title}：{self.count}", *body])


@dataclass(frozen=True, slots=True)
class _Desk:
    """What waits for these readers, read once for all of them."""

    escalated: dict[str, list[str]]  # role → numbers of the cases
    due: dict[int, list[tuple[str, datetime]]]  # person → case and time
    undispatched: dict[int | None, list[str]]  # branch → cases; None: of all
    unread: dict[int, list[Message]]  # the newest of them
    unread_counts: dict[int, int]
    book: Phrasebook

    @classmethod
    def read(cls, readers: Sequence[Employee], *, at: datetime) -> _Desk:
        keys = [person.pk for person in readers]
        late = Breach.objects.filter(clock__stopped_at=None).order_by("due_at", "pk")
        return cls(
            escalated={
                Role.SUP: _numbers(late.filter(supervisor_at__lte=at)),
                Role.MGT: _numbers(late.filter(management_at__lte=at)),
            },
            due=_due_today(keys, at=at),
            undispatched=_by_branch(at),
            unread=_newest_unread(keys),
            unread_counts=dict(_unread(keys).order_by().values_list("employee").annotate(Count("pk"))),
            book=Phrasebook.read(),
        )

    def letter_for(self, person: Employee, *, at: datetime) -> Delivery | None:
        """The letter of one person in that person's language; ``None`` when there is nothing to say."""
        today = local_day(at)
        with override(person.language):
            parts = self.parts_for(person, on=today)
            if not parts:
                return None
            return Delivery(
                channel=Channel.MAIL, employee=person, subject=_("Your day, %(day)s") % {"day": today},
                text=letter("\n\n".join(part.text() for part in parts)), key=_key(person, today), due_at=at,
            )  # fmt: skip

    def parts_for(self, person: Employee, *, on: date) -> list[Part]:
        roles, parts = person.role_codes(on), []
        if Role.SUP in roles:
            late = self.escalated[Role.SUP]
            parts.append(_listed(_("Overdue for more than one working day"), late, "/boards/overdue/"))
        if Role.MGT in roles:
            late = self.escalated[Role.MGT]
            parts.append(_listed(_("Overdue for more than three working days"), late, "/boards/overdue/"))
        due = [f"{number} {at.astimezone(SHANGHAI):%H:%M}" for number, at in self.due.get(person.pk, ())]
        parts.append(_listed(_("Due today"), due, "/"))
        if roles & {Role.BH, Role.TR}:
            files = self.undispatched.get(None if Role.TR in roles else person.branch_id, [])
            parts.append(_listed(_("Not dispatched"), files, "/boards/overdue/?clock=DISPATCH"))
        newest = self.unread.get(person.pk, ())
        said = [self.book.words(row.kind, row.facts, on=local_day(row.at), outside=True) for row in newest]
        parts.append(Part(_("Unread messages"), self.unread_counts.get(person.pk, 0), said, "/inbox/?show=unread"))
        return [part for part in parts if part.count]


def _listed(title: str, lines: Sequence[str], about: str) -> Part:
    return Part(title, len(lines), lines[:NAMED], about)


def _key(person: Employee, on: date) -> str:
    return f"digest:{person.number}:{on}"


def _numbers(breaches: QuerySet[Breach]) -> list[str]:
    """Each case once, the longest overdue first."""
    return list(dict.fromkeys(breaches.values_list("application__number", flat=True)))


def _due_today(people: Collection[int], *, at: datetime) -> dict[int, list[tuple[str, datetime]]]:
    """The clocks that each of them answers for and that fall due before the day ends."""
    until = _midnight_after(local_day(at))
    rows = CaseClock.objects.running().filter(owner__in=people, due_at__gte=at, due_at__lt=until)
    found: defaultdict[int, list[tuple[str, datetime]]] = defaultdict(list)
    for owner, number, due_at in rows.order_by("due_at").values_list("owner", "application__number", "due_at"):
        found[owner].append((number, due_at))
    return found


def _undispatched(at: datetime) -> QuerySet[CaseClock]:
    return CaseClock.objects.running().filter(kind=Clock.DISPATCH, due_at__lt=at)


def _by_branch(at: datetime) -> dict[int | None, list[str]]:
    """By the branch that has the paper in custody; under None all of them."""
    rows = _undispatched(at).order_by("due_at", "pk").select_related("application")
    found: defaultdict[int | None, list[str]] = defaultdict(list)
    for clock in rows:
        found[None].append(clock.application.number)
        found[clock.application.custody_branch_id].append(clock.application.number)
    return found


def _unread(people: Collection[int]) -> MessageQuerySet:
    return Message.objects.filter(employee__in=people).unread()


def _newest_unread(people: Collection[int]) -> dict[int, list[Message]]:
    place = Window(RowNumber(), partition_by="employee", order_by=["-at", "-id"])
    found: defaultdict[int, list[Message]] = defaultdict(list)
    for row in _unread(people).annotate(place=place).filter(place__lte=NAMED).order_by("employee", "place"):
        found[row.employee_id].append(row)
    return found


def _midnight_after(on: date) -> datetime:
    return datetime.combine(on + timedelta(days=1), time(), SHANGHAI)
