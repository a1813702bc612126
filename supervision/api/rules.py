"""The API of the rules of timing: limits of clocks, times of branches, the working calendar; what drafts would move."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from rest_framework import serializers

from applications.api.answers import code_of, number_of
from applications.lifecycle import Clock, PauseReason
from applications.models import CaseClock, ClockPolicy
from applications.services.remeasure import Moves
from ops_center.clock import local_day
from ops_center.kernel.worktime import Day, Mode
from ops_center.web.api import Api, Call, Paged, listed, operation, paged
from ops_center.web.keyset import Keyset
from ops_center.web.shapes import Flag, FreeText, Many, Shape, Text, Whole
from organization.api_shapes import BranchField
from organization.models import BranchTimes, CalendarChange
from organization.models.versions import PolicyStatus
from organization.services import versions
from organization.services.calendar import working_calendar
from organization.services.versions import LONGEST_NOTE, Standing
from supervision.api.recounts import RecountAnswer
from supervision.holidays import LONGEST_LIST, LONGEST_NAME
from supervision.selectors import calendar as changes
from supervision.selectors.policies import (
    BY_DUE,
    SHOWN,
    VersionOf,
    branch_versions,
    clock_versions,
    clocks_of,
    moves_of,
)
from supervision.services import calendar, policies
from supervision.services.policies import OWNERS, Terms

NEWEST = Keyset("-drafted_at", "-id")
WATCHERS = "MGT SUP AUD"
FIRST_YEAR, LAST_YEAR = 2000, 2099
Json = dict[str, Any]


# -- in ----------------------------------------------------------------------------------------------------------------
class NewClockPolicy(Shape):
    clock = serializers.ChoiceField(Clock.choices)
    variant = serializers.CharField(max_length=12, required=False, default="", help_text="PROBLEM_CLOSE: the party.")
    mode = serializers.ChoiceField([(mode.value, mode.value) for mode in Mode])
    amount = Whole(help_text="In the unit of the mode; 0 for an hour of the day.")
    warn_percent = Whole(required=False, default=75)
    warn_at_day = serializers.IntegerField(required=False, allow_null=True, default=None, min_value=1)
    pauses_for = Many(child=serializers.ChoiceField(PauseReason.choices), required=False)
    owner_role = serializers.ChoiceField(
        [(role, role) for role in sorted(OWNERS)], required=False, default="", allow_blank=True
    )
    source = Text(max_length=80, required=False, default="", allow_blank=True)  # type: ignore[assignment]
    starts_on = serializers.DateField()
    note = FreeText(max_length=LONGEST_NOTE, help_text="What changes and why.")


class CutOff(Shape):
    weekday = Whole(max_value=6, help_text="0 is Monday.")
    time = serializers.TimeField()


class NewBranchTimes(Shape):
    branch = BranchField()
    opens_at = serializers.TimeField()
    closes_at = serializers.TimeField()
    cut_off = serializers.TimeField()
    truck_at = serializers.TimeField()
    cut_offs = Many(child=CutOff(), required=False, help_text="Where they differ.")
    starts_on = serializers.DateField()
    note = FreeText(max_length=LONGEST_NOTE, help_text="What changes and why.")

    def validate_cut_offs(self, rows: list[Json]) -> list[Json]:
        if len({row["weekday"] for row in rows}) < len(rows):
            raise serializers.ValidationError(_("A weekday stands there twice. Keep one cut-off for each."))
        return rows


class NewDay(Shape):
    on = serializers.DateField()
    is_workday = Flag()
    name = Text(max_length=LONGEST_NAME, required=False, default="", allow_blank=True)


class NewCalendarChange(Shape):
    year = Whole()
    is_whole_year = Flag(help_text="The official list of the year: what it does not name follows the week.")
    days = Many(child=NewDay(), allow_empty=False, max_length=LONGEST_LIST)
    source = Text(max_length=120)  # type: ignore[assignment]
    reason = FreeText(max_length=300, required=False, default="", allow_blank=True)


class CalendarQuery(Shape):
    year = serializers.IntegerField(required=False, min_value=FIRST_YEAR, max_value=LAST_YEAR)


class MovesQuery(Paged):
    show = serializers.ChoiceField([(name, name) for name in SHOWN], required=False, default="moved")


# -- out ---------------------------------------------------------------------------------------------------------------
class _VersionAnswer(serializers.Serializer[Any]):
    id = serializers.IntegerField(source="row.pk", allow_null=True, help_text="Null: came with the system.")
    standing = serializers.ChoiceField(Standing.choices)
    starts_on = serializers.SerializerMethodField()
    note = serializers.CharField(source="row.note")
    drafted_by = number_of("row.drafted_by")
    drafted_at = serializers.DateTimeField(source="row.drafted_at", allow_null=True)
    approved_by = number_of("row.approved_by")
    approved_at = serializers.DateTimeField(source="row.approved_at", allow_null=True)

    def get_starts_on(self, version: VersionOf[Any]) -> date | None:
        return version.row.starts_on if version.row.pk else None


class ClockPolicyAnswer(_VersionAnswer):
    clock = serializers.ChoiceField(Clock.choices, source="row.kind")
    variant = serializers.CharField(source="row.variant")
    mode = serializers.CharField(source="row.mode")
    amount = serializers.IntegerField(source="row.amount")
    warn_percent = serializers.IntegerField(source="row.warn_percent")
    warn_at_day = serializers.IntegerField(source="row.warn_at_day", allow_null=True)
    pauses_for = serializers.ListField(child=serializers.CharField(), source="row.pauses_for")
    owner_role = serializers.CharField(source="row.answered_by")
    moves_money = serializers.BooleanField(source="row.has_money")
    source = serializers.CharField(source="row.source")  # type: ignore[assignment]


class BranchTimesAnswer(_VersionAnswer):
    branch = code_of("row.branch")
    opens_at = serializers.TimeField(source="row.opens_at", format="%H:%M")
    closes_at = serializers.TimeField(source="row.closes_at", format="%H:%M")
    cut_off = serializers.TimeField(source="row.cut_off", format="%H:%M")
    cut_offs = serializers.DictField(child=serializers.CharField(), source="row.cut_offs")
    truck_at = serializers.TimeField(source="row.truck_at", format="%H:%M")


class RulesAnswer(serializers.Serializer[Any]):
    clocks = ClockPolicyAnswer(many=True)
    branches = BranchTimesAnswer(many=True)


class CalendarDayAnswer(serializers.Serializer[Day]):
    on = serializers.DateField()
    is_workday = serializers.BooleanField()
    name = serializers.CharField()
    official = serializers.BooleanField()


class CalendarAnswer(serializers.Serializer[Any]):
    year = serializers.IntegerField()
    workdays = serializers.IntegerField()
    provisional = serializers.BooleanField()
    days = CalendarDayAnswer(many=True)


class ChangeAnswer(serializers.Serializer[CalendarChange]):
    id = serializers.IntegerField(source="pk")
    year = serializers.IntegerField()
    status = serializers.ChoiceField(PolicyStatus.choices)
    days = serializers.ListField(child=serializers.DictField())
    source = serializers.CharField()  # type: ignore[assignment]
    reason = serializers.CharField()
    drafted_by = number_of("drafted_by")
    drafted_at = serializers.DateTimeField()
    approved_by = number_of("approved_by")
    approved_at = serializers.DateTimeField(allow_null=True)
    moved = serializers.IntegerField(
        allow_null=True, help_text="Deadlines of open clocks, when all were reckoned with the approval."
    )
    recount = RecountAnswer(allow_null=True)


class MovesAnswer(serializers.Serializer[Moves]):
    """Open clocks as if measured by the draft. A new limit itself moves none: running clocks keep their version."""

    measured = serializers.IntegerField(help_text="Open clocks that were looked at.")
    moved = serializers.SerializerMethodField()
    cases = serializers.IntegerField()
    overdue = serializers.SerializerMethodField()
    relieved = serializers.SerializerMethodField(help_text="Overdue now, and not by the draft.")

    def get_moved(self, moves: Moves) -> int:
        return len(moves.moved)

    def get_overdue(self, moves: Moves) -> int:
        return len(moves.overdue)

    def get_relieved(self, moves: Moves) -> int:
        return len(moves.relieved)


class MovedClockAnswer(serializers.Serializer[CaseClock]):
    application = number_of("application")
    clock = serializers.ChoiceField(Clock.choices, source="kind")
    owner = number_of("owner")
    owner_branch = code_of("owner_branch")
    started_at = serializers.DateTimeField()
    due_at = serializers.DateTimeField()
    would_be_due_at = serializers.DateTimeField()


# -- limits and times --------------------------------------------------------------------------------------------------
class Rules(Api):
    @operation(answer=RulesAnswer, summary="Limits of clocks and times of branches")
    def get(self, call: Call) -> Json:
        """Newest first, with where they stand today; drafts for the management and audit."""
        on = local_day(call.at)
        clocks, branches = clock_versions(on).open_to(call.roles), branch_versions(on).open_to(call.roles)
        return {"clocks": clocks.all, "branches": branches.all}


class ClockPolicies(Api):
    @operation(roles="MGT", facts=NewClockPolicy, answer=ClockPolicyAnswer, status=201, summary="Draft a limit")
    def post(self, call: Call) -> VersionOf[ClockPolicy]:
        """For cases taken in from its day on; what is left out of `pauses_for` does not stop the clock."""
        said = dict(call.facts)
        kind = said.pop("clock")
        terms = Terms(
            mode=Mode(said.pop("mode")), amount=said.pop("amount"), warn_percent=said.pop("warn_percent"),
            warn_at_day=said.pop("warn_at_day"), pauses_for=said.pop("pauses_for", PauseReason.values),
            owner_role=said.pop("owner_role"),
        )  # fmt: skip
        row = policies.draft_clock_policy(kind=kind, terms=terms, actor=call.actor, at=call.at, **said)
        return _limit(call, row.pk)


class ApproveClockPolicy(Api):
    @operation(roles="MGT", answer=ClockPolicyAnswer, summary="Approve a limit")
    def post(self, call: Call, policy: int) -> VersionOf[ClockPolicy]:
        """By a second person; cases that have been taken in keep the version of their day."""
        return _limit(call, policies.approve_clock_policy(policy=policy, actor=call.actor, at=call.at).pk)


class DiscardClockPolicy(Api):
    @operation(roles="MGT", answer=ClockPolicyAnswer, summary="Discard a drafted limit")
    def post(self, call: Call, policy: int) -> VersionOf[ClockPolicy]:
        """A draft is never changed: discard it and draft anew."""
        return _limit(call, policies.discard_clock_policy(policy=policy, actor=call.actor, at=call.at).pk)


class ClockPolicyPreview(Api):
    @operation(roles="MGT AUD", answer=MovesAnswer, summary="What runs now, by a limit")
    def get(self, call: Call, policy: int) -> Moves:
        """As if the clocks that run now had been measured by it from their start."""
        return moves_of(_limit(call, policy).row, at=call.at)


class ClockPolicyMoves(Api):
    @operation(
        roles="MGT AUD", asked=MovesQuery, answer=paged(MovedClockAnswer), summary="The clocks of such a preview"
    )
    def get(self, call: Call, policy: int) -> Json:
        """By their deadline."""
        return _moved(call, moves_of(_limit(call, policy).row, at=call.at))


class Times(Api):
    @operation(
        roles="MGT", facts=NewBranchTimes, answer=BranchTimesAnswer, status=201, summary="Draft times of a branch"
    )
    def post(self, call: Call) -> VersionOf[BranchTimes]:
        """Opening hours, cut-offs and the truck from a day on."""
        said = dict(call.facts)
        cut_offs = {row["weekday"]: row["time"] for row in said.pop("cut_offs", [])}
        row = policies.draft_branch_times(actor=call.actor, at=call.at, cut_offs=cut_offs, **said)
        return _times(call, row.pk)


class ApproveTimes(Api):
    @operation(roles="MGT", answer=BranchTimesAnswer, summary="Approve times of a branch")
    def post(self, call: Call, times: int) -> VersionOf[BranchTimes]:
        """By a second person."""
        return _times(call, policies.approve_branch_times(times=times, actor=call.actor, at=call.at).pk)


class DiscardTimes(Api):
    @operation(roles="MGT", answer=BranchTimesAnswer, summary="Discard drafted times of a branch")
    def post(self, call: Call, times: int) -> VersionOf[BranchTimes]:
        """A draft is never changed: discard it and draft anew."""
        return _times(call, policies.discard_branch_times(times=times, actor=call.actor, at=call.at).pk)


class TimesPreview(Api):
    @operation(roles="MGT AUD", answer=MovesAnswer, summary="What runs now, by times of a branch")
    def get(self, call: Call, times: int) -> Moves:
        """The dispatch clocks of the branch, as if measured by these times from their start."""
        return moves_of(_times(call, times).row, at=call.at)


class TimesMoves(Api):
    @operation(
        roles="MGT AUD", asked=MovesQuery, answer=paged(MovedClockAnswer), summary="The clocks of such a preview"
    )
    def get(self, call: Call, times: int) -> Json:
        """By their deadline."""
        return _moved(call, moves_of(_times(call, times).row, at=call.at))


def _limit(call: Call, key: int) -> VersionOf[ClockPolicy]:
    found = clock_versions(local_day(call.at)).open_to(call.roles).find(key)
    if found is None:
        raise versions.no_version()
    return found


def _times(call: Call, key: int) -> VersionOf[BranchTimes]:
    found = branch_versions(local_day(call.at)).open_to(call.roles).find(key)
    if found is None:
        raise versions.no_version()
    return found


def _moved(call: Call, moves: Moves) -> Json:
    due = {one.run.pk: one.due_at for one in moves.moved}
    rows = clocks_of(moves, call.asked["show"], call.asked, size=call.asked["page_size"])
    answer = listed(call, rows, BY_DUE)
    for clock in answer["results"]:
        clock.would_be_due_at = due[clock.pk]
    return answer


# -- the calendar ------------------------------------------------------------------------------------------------------
class Calendar(Api):
    @operation(asked=CalendarQuery, answer=CalendarAnswer, summary="The working calendar of a year")
    def get(self, call: Call) -> Json:
        """Every day; a day that nobody has published is not official, and a year without official days provisional."""
        year = call.asked.get("year") or local_day(call.at).year
        known = working_calendar()
        first, last = date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal()
        days = [known.day(date.fromordinal(ordinal)) for ordinal in range(first, last + 1)]
        return {
            "year": year,
            "workdays": sum(day.is_workday for day in days),
            "provisional": not any(day.official for day in days),
            "days": days,
        }


class Changes(Api):
    @operation(roles=WATCHERS, asked=Paged, answer=paged(ChangeAnswer), summary="Changes of the calendar")
    def get(self, call: Call) -> Json:
        """Newest first."""
        return listed(call, changes.changes(), NEWEST)

    @operation(roles="MGT", facts=NewCalendarChange, answer=ChangeAnswer, status=201, summary="Draft a change")
    def post(self, call: Call) -> CalendarChange:
        """A year's list or single days; days that have begun need a reason."""
        said = dict(call.facts)
        days = [Day(row["on"], is_workday=row["is_workday"], name=row["name"]) for row in said.pop("days")]
        return calendar.draft_change(days=days, actor=call.actor, at=call.at, **said)


class ApproveChange(Api):
    @operation(roles="MGT", answer=ChangeAnswer, summary="Approve a change of the calendar")
    def post(self, call: Call, change: int) -> CalendarChange:
        """By a second person. It holds at once; many clocks are computed again portion by portion (`recount`)."""
        return calendar.approve_change(change=change, actor=call.actor, at=call.at)


class DiscardChange(Api):
    @operation(roles="MGT", answer=ChangeAnswer, summary="Discard a drafted change")
    def post(self, call: Call, change: int) -> CalendarChange:
        """The calendar stays as it is."""
        return calendar.discard_change(change=change, actor=call.actor, at=call.at)


class ChangePreview(Api):
    @operation(roles=WATCHERS, answer=MovesAnswer, summary="What a change would move")
    def get(self, call: Call, change: int) -> Moves:
        """The open clocks by the calendar as the change would leave it."""
        return changes.moves_of(_change(change), at=call.at)


class ChangeMoves(Api):
    @operation(
        roles=WATCHERS, asked=MovesQuery, answer=paged(MovedClockAnswer), summary="The clocks that it would move"
    )
    def get(self, call: Call, change: int) -> Json:
        """By their deadline."""
        return _moved(call, changes.moves_of(_change(change), at=call.at))


def _change(key: int) -> CalendarChange:
    rows: QuerySet[CalendarChange] = changes.waiting()
    found = rows.filter(pk=key).first()
    if found is None:
        raise versions.no_version()
    return found
