"""The list behind a figure that was clicked: cases without a client, the newest first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render

from applications.models import Application
from applications.querysets import ApplicationQuerySet
from ops_center.web.keyset import Keyset
from ops_center.web.pages import StaffRequest
from supervision.views.case_list import opens_cases

NEWEST = Keyset("-id")


def counted(
    request: StaffRequest, cases: ApplicationQuerySet, *, title: Any, words: Sequence[Any], back: str, topic: str
) -> HttpResponse:
    """One page of the cases that a figure counts. ``words`` say which cut it is, ``back`` is the page of the figure."""
    asked = request.GET
    page = NEWEST.page_of(cases.with_people(), asked)
    opens_all = opens_cases(request)

    def opens(case: Application) -> bool:
        return opens_all or case.collector_id == request.actor.pk

    facts = {
        "page": page,
        "rows": [(case, opens(case)) for case in page],
        "total": cases.order_by().count(),
        "title": title,
        "words": words,
        "back": back,
        "topic": topic,
    }
    return render(request, "supervision/counted.html", facts)
