"""Whose the overdue minutes of a period are under ``/api/v1/``, with the breaches behind each number."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from applications.api.answers import code_of, number_of
from applications.lifecycle import Clock, Holder
from ops_center.web.api import Api, Call, Paged, listed, operation, paged
from ops_center.web.keyset import Keyset
from ops_center.web.shapes import Shape
from organization.models import Branch, Employee
from supervision.api.boards import window_of
from supervision.api.overdue import choice
from supervision.models import Breach
from supervision.selectors import SEES_EVERY_BRANCH, branch_scope
from supervision.selectors.custody import with_charges
from supervision.selectors.delays import HOLDERS, NOBODY, OFFICE, Held, breaches_behind, delays_in

LATEST = Keyset("-due_at", "-id")
Json = dict[str, Any]


class DelayCell(serializers.Serializer[Any]):
    clock = serializers.ChoiceField(Clock.choices)
    holder = serializers.ChoiceField(
        [*Holder.values, OFFICE, NOBODY],
        help_text="`office`: rewards of an ended case; `nobody`: before custody was written down.",
    )
    minutes = serializers.IntegerField(help_text="Working minutes past due, pauses left out.")


class BranchDelay(serializers.Serializer[Any]):
    branch = serializers.CharField()
    minutes = serializers.IntegerField()


class PersonDelay(serializers.Serializer[Any]):
    person = serializers.CharField()
    minutes = serializers.IntegerField()


class DelaysAnswer(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    first_day = serializers.DateField()
    last_day = serializers.DateField()
    minutes = serializers.IntegerField()
    cells = DelayCell(many=True)
    branches = BranchDelay(many=True, help_text="What branches held themselves.")
    people = PersonDelay(many=True, help_text="For who supervises the whole bank; else empty.")


class DelaysQuery(Shape):
    period = serializers.CharField(max_length=7, required=False, help_text="7, 30 (days) or a month, 2026-11.")


class DelaysBoard(Api):
    @operation(roles="BH TR SUP MGT AUD", asked=DelaysQuery, answer=DelaysAnswer, summary="Whose delays")
    def get(self, call: Call) -> Json:
        """The overdue minutes of the breaches that fell due in the period, by who held the case or its paper then."""
        window = window_of(call)
        figures = delays_in(window, at=call.at, branch=branch_scope(call.actor, call.at))
        people = figures.by_person if call.roles & SEES_EVERY_BRANCH else {}
        codes = dict(Branch.objects.filter(pk__in=figures.by_branch).values_list("pk", "code"))
        numbers = dict(Employee.objects.filter(pk__in=people).values_list("pk", "number"))
        return {
            "at": call.at,
            "first_day": window.first,
            "last_day": window.last,
            "minutes": figures.minutes,
            "cells": [
                {"clock": kind, "holder": holder, "minutes": minutes}
                for kind, held in figures.by_stage.items()
                for holder, minutes in sorted(held.items())
            ],
            "branches": [{"branch": codes[key], "minutes": minutes} for key, minutes in figures.by_branch.items()],
            "people": [{"person": numbers[key], "minutes": minutes} for key, minutes in people.items()],
        }


class DelayAnswer(serializers.Serializer[Breach]):
    breach = serializers.IntegerField(source="pk")
    application = number_of("application")
    clock = serializers.ChoiceField(Clock.choices, source="kind")
    branch = code_of("branch")
    due_at = serializers.DateTimeField()
    stopped_at = serializers.DateTimeField(source="clock.stopped_at", allow_null=True)
    minutes = serializers.IntegerField(source="counted", help_text="What of this delay is in the number asked for.")


class DelayedQuery(DelaysQuery, Paged):
    clock = serializers.ChoiceField(Clock.choices, required=False)
    holder = choice((*HOLDERS, OFFICE, NOBODY))


class DelayedBreaches(Api):
    @operation(roles="BH TR SUP AUD", asked=DelayedQuery, answer=paged(DelayAnswer), summary="The delays of a holder")
    def get(self, call: Call) -> Json:
        """The list behind a number of the board, the latest due first."""
        held, window, scope = Held(call.asked.get("holder", "")), window_of(call), branch_scope(call.actor, call.at)
        figures = delays_in(window, at=call.at, branch=scope, with_lists=True)
        breaches = breaches_behind(
            window, held, figures, at=call.at, branch=scope, kind=call.asked.get("clock", "")
        )  # fmt: skip
        page = listed(call, breaches.select_related("application", "branch", "clock"), LATEST)
        with_charges(page["results"], at=call.at)
        for breach in page["results"]:
            breach.counted = held.of(breach)
        return page
