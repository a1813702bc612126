"""What the frame of every page shows: the rooms of this person, the bell, the demo people on the sign-in page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.conf import settings
from django.db.models import Count, Max
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _

from applications.services.recounts import Outstanding, outstanding
from ops_center import clock
from ops_center.desk.demo_people import DEMO_PEOPLE, DemoPerson
from organization.models import Employee, Message
from organization.roles import Role
from organization.services.jobs import silent_since

EVERYBODY = frozenset(Role.values)


def roles(codes: str) -> frozenset[str]:
    return frozenset(codes.split())


@dataclass(frozen=True, slots=True)
class Room:
    """A page of the left rail: its address, its sign and the roles whose daily work is there."""

    group: Any
    label: Any
    icon: str
    roles: frozenset[str]
    url_name: str
    arg: str = ""
    also: str = ""  # where else its pages begin

    @property
    def path(self) -> str:
        """The address; empty while the room is not built."""
        try:
            return reverse(self.url_name, args=[self.arg] if self.arg else [])
        except NoReverseMatch:
            return ""


_DAY, _CASES, _QUEUES = _("My day"), _("Applications"), _("Work queues")
_SUPERVISION, _FIGURES, _REWARDS, _RULES = _("Supervision"), _("Plans and figures"), _("Rewards"), _("Rules")

# Who finds which room in the rail (domain.md, sections 2 and 10). The views behind hold their own door
# (web.pages.staff); a test walks every room as every role, so that nothing here answers 403.
ROOMS: tuple[Room, ...] = (
    Room(_DAY, _("Home"), "home", EVERYBODY, "home"),
    Room(_DAY, _("Inbox"), "inbox", EVERYBODY, "inbox"),
    Room(_DAY, _("My summary"), "note", roles("EMP"), "summary"),
    #
    Room(_CASES, _("New referral"), "plus", roles("EMP"), "referral-new"),
    Room(_CASES, _("Referrals"), "referral", roles("EMP"), "referral-list"),
    Room(_CASES, _("Start intake"), "intake", roles("CM BH CS"), "application-new"),
    Room(_CASES, _("Applications"), "case", roles("CM BH BAG CS TR AS SUP AUD"), "application-list"),
    Room(_CASES, _("Group batches"), "people", roles("CM BH TR SUP MGT AUD"), "group-batch-list"),
    Room(_CASES, _("Sealed bags"), "bag", roles("CM BH BAG CS RCV TR SUP AUD"), "bag-list"),
    #
    Room(_QUEUES, _("Credit check"), "check-sheet", roles("CC"), "queue", "check"),
    Room(_QUEUES, _("Entry"), "keyboard", roles("EC"), "queue", "entry"),
    Room(_QUEUES, _("Entry review"), "review", roles("ER"), "queue", "verify"),
    Room(_QUEUES, _("Filing"), "archive", roles("TR"), "queue", "filing"),
    Room(_QUEUES, _("After-sales calls"), "phone", roles("AS"), "queue", "after-sales"),
    Room(_QUEUES, _("Card status imports"), "import", roles("TR SUP"), "import-list"),
    #
    Room(_SUPERVISION, _("Overdue board"), "alarm", roles("BH TR SUP MGT AUD"), "board", "overdue"),
    Room(_SUPERVISION, _("Problem items"), "flag", roles("TR SUP MGT AUD BH"), "board", "problems"),
    Room(
        _SUPERVISION,
        _("Timeliness board"),
        "clock",
        roles("CM BH CS RCV CC EC ER TR AS SUP MGT AUD"),
        "board",
        "timeliness",
    ),
    Room(_SUPERVISION, _("Whose delays"), "truck", roles("BH TR SUP MGT AUD"), "board", "delays"),
    Room(_SUPERVISION, _("Load"), "people", roles("TR SUP MGT AUD"), "board", "load"),
    Room(_SUPERVISION, _("Breaches"), "alert", roles("CM BH BAG CS RCV CC EC ER TR AS SUP AUD"), "breach-list"),
    Room(_SUPERVISION, _("Outages"), "pause", roles("TR SUP MGT AUD"), "outages"),
    Room(_SUPERVISION, _("Complaints"), "complaint", roles("CPL SUP AUD"), "complaint-list"),
    Room(_SUPERVISION, _("Approvals"), "stamp", roles("SUP"), "approval-list"),
    #
    Room(_FIGURES, _("Funnel"), "funnel", roles("BH SUP MGT AUD"), "board", "funnel"),
    Room(_FIGURES, _("Capacity"), "capacity", roles("SUP MGT"), "board", "capacity"),
    Room(_FIGURES, _("What if"), "table", roles("SUP MGT"), "what-if"),
    Room(_FIGURES, _("Roster"), "people", roles("SUP MGT"), "roster"),
    Room(_FIGURES, _("Targets"), "target", roles("CM BH CS TR SUP MGT AUD"), "targets"),
    Room(_FIGURES, _("Weekly sheet"), "table", roles("BH TR SUP MGT AUD"), "weekly"),
    Room(_FIGURES, _("Operations report"), "document", roles("BH TR SUP MGT AUD"), "operations-report"),
    Room(_FIGURES, _("Three rates"), "table", roles("CPL SUP MGT AUD"), "complaint-rates"),
    Room(_FIGURES, _("Hero board"), "medal", roles("EMP"), "board", "leaderboard"),
    Room(_FIGURES, _("Success feed"), "star", roles("EMP"), "feed"),
    #
    Room(_REWARDS, _("My rewards"), "coins", roles("EMP EC"), "my-rewards"),
    Room(_REWARDS, _("Price board"), "price", roles("EMP"), "price-board"),
    Room(_REWARDS, _("Registration"), "check", roles("TR SUP AUD"), "registration-list"),
    Room(_REWARDS, _("Certification"), "stamp", roles("TR SUP"), "confirmation-inbox"),
    Room(_REWARDS, _("Confirmations"), "document", roles("TR SUP MGT HR AUD"), "confirmation-list"),
    Room(_REWARDS, _("Corrections"), "edit", EVERYBODY, "correction-list"),
    Room(_REWARDS, _("Held rewards"), "hold", roles("TR SUP MGT AUD"), "hold-list"),
    Room(_REWARDS, _("People who have left"), "people", roles("HR SUP AUD"), "leaver-list"),
    Room(_REWARDS, _("Payouts"), "payout", roles("HR AUD"), "payout-list"),
    Room(_REWARDS, _("Reward reports"), "table", roles("SUP MGT HR AUD"), "reward-reports"),
    Room(_REWARDS, _("Settlement"), "payout", roles("VND"), "settlement"),
    Room(_RULES, _("Reconciliation"), "check", roles("AUD SUP ADM MGT"), "reconciliation"),
    #
    Room(_RULES, _("Policies"), "rules", EVERYBODY, "policy-list"),
    Room(
        _RULES, _("Limits and times"), "clock", roles("BH TR SUP MGT AUD"), "clock-policy-list", also="/policies/times/"
    ),
    Room(_RULES, _("Working calendar"), "calendar", roles("SUP MGT AUD"), "calendar"),
    Room(_RULES, _("Periodic jobs"), "refresh", roles("SUP MGT ADM AUD"), "jobs"),
    Room(_RULES, _("Letters"), "send", roles("SUP ADM"), "letter-list"),
    Room(_RULES, _("Words of messages"), "note", roles("MGT AUD"), "template-list"),
    Room(_RULES, _("Audit log"), "shield", roles("AUD"), "audit-log"),
    Room(_RULES, _("Administration"), "settings", roles("ADM"), "admin:index"),
)

# Under the thumb at 360 px: the first four of these that the person has; the others stand behind "More".
_THUMB = ("home", "application-new", "application-list", "bag-list", "referral-new", "referral-list", "my-rewards")
_FIT = 4
COUNTED_IN = ("/boards/", "/breaches/")
WATCH_THE_SWEEP = frozenset({Role.SUP, Role.TR, Role.ADM})


@dataclass(frozen=True, slots=True)
class RailItem:
    """A room as this person sees it now."""

    url_name: str
    group: Any
    label: Any
    icon: str
    path: str
    active: bool
    count: int | None = None


def open_rooms(held: frozenset[str]) -> Iterator[Room]:
    """The rooms of somebody who holds these roles, in the order of the rail."""
    return (room for room in ROOMS if not room.roles.isdisjoint(held) and room.path)


class Frame:
    """Everything around the page, read only if a template asks: a fragment or a toast costs no query."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request

    @cached_property
    def person(self) -> Employee | None:
        user = getattr(self.request, "user", None)
        return user if user is not None and user.is_authenticated else None

    @cached_property
    def roles(self) -> frozenset[str]:
        return self.person.role_codes(clock.local_day(self.now)) if self.person else frozenset()

    @cached_property
    def role_names(self) -> list[str]:
        """The roles by name; the ordinary employee is named only when there is nothing else to name."""
        held = [role for role in Role if role in self.roles]
        return [str(role.label) for role in held if role != Role.EMP or len(held) == 1]

    @cached_property
    def rail(self) -> list[RailItem]:
        rooms = [(room, room.path) for room in open_rooms(self.roles)]
        here = self.request.path
        # The room whose address reaches deepest into this one: /referrals/new/ is not also /referrals/.
        current = max(
            (
                (len(begins), path)
                for room, path in rooms
                for begins in (path, room.also)
                if here == begins or (begins not in ("", "/") and here.startswith(begins))
            ),
            default=(0, ""),
        )[1]
        return [
            RailItem(
                url_name=room.url_name,
                group=room.group,
                label=room.label,
                icon=room.icon,
                path=path,
                active=path == current,
                count=self.unread if room.url_name == "inbox" else None,
            )
            for room, path in rooms
        ]

    @property
    def phone_rail(self) -> list[RailItem]:
        """The rooms for the bar at the bottom of a phone."""
        mine = {item.url_name: item for item in self.rail}
        return [mine[name] for name in _THUMB if name in mine][:_FIT]

    @cached_property
    def _unread(self) -> dict[str, int | None]:
        unread = self.person.news.unread() if self.person else Message.objects.none()
        return unread.aggregate(count=Count("pk"), newest=Max("pk"))

    @property
    def unread(self) -> int:
        return self._unread["count"] or 0

    @property
    def newest(self) -> int:
        """The key of the newest unread message: what came later is new to this page."""
        return self._unread["newest"] or 0

    @cached_property
    def now(self) -> datetime:
        """The application's time, in demo mode a moved one; the countdowns of the page start from it."""
        at: datetime = getattr(self.request, "at", None) or clock.now()
        return at

    @cached_property
    def silent_since(self) -> datetime | None:
        """Since when nobody has looked for what is overdue, if that is an alarm: said on the boards, and at home to who
        can do something about it."""
        path = self.request.path
        is_told = path.startswith("/boards/") or (path == "/" and not self.roles.isdisjoint(WATCH_THE_SWEEP))
        return silent_since(self.now) if self.person and is_told else None

    @cached_property
    def recount(self) -> Outstanding | None:
        """Clocks that a change of the calendar or an outage has yet to be reckoned for: said where they are counted."""
        return outstanding() if self.person and self.request.path.startswith(COUNTED_IN) else None

    @property
    def reads_jobs(self) -> bool:
        return any(item.url_name == "jobs" for item in self.rail)

    @property
    def is_narrow(self) -> bool:
        """The person folded the rail; kept by the browser, so that the first paint is right."""
        return self.request.COOKIES.get("rail") == "narrow"

    @property
    def is_demo(self) -> bool:
        return bool(settings.DEMO)

    @property
    def demo_people(self) -> tuple[DemoPerson, ...]:
        """For the help table of the sign-in page, in demo mode only."""
        return DEMO_PEOPLE if settings.DEMO else ()

    @property
    def demo_password(self) -> str:
        return settings.DEMO_PASSWORD if settings.DEMO else ""


def frame(request: HttpRequest) -> dict[str, Frame]:
    """Context processor: ``{{ frame.rail }}``, ``{{ frame.unread }}`` …"""
    return {"frame": Frame(request)}
