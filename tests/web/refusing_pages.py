"""Pages for the tests of the edge: some refuse as a service would, one is a small workbench for the scripts."""

from __future__ import annotations

from datetime import timedelta

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template import RequestContext, Template
from django.urls import path

from ops_center import clock
from ops_center.kernel.errors import Malformed, NotAllowed, OutOfSight, Refused, StaleVersion
from ops_center.urls import handler400, handler403, handler404, handler500, urlpatterns
from ops_center.web.pages import StaffRequest, staff

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

ERRORS = {
    400: Malformed("id_shape", "The number is too short.", {"id_number": ["18 characters"]}),
    403: NotAllowed("role", "For trackers."),
    404: OutOfSight("unknown", "No such case."),
    409: Refused("seal_used", "This seal number is used up. Take a new one."),
    412: StaleVersion("stale", "Somebody changed it."),
}


def refuse(request: HttpRequest, status: int) -> HttpResponse:
    raise ERRORS[status]


def raise_djangos(request: HttpRequest, name: str) -> HttpResponse:
    raise {"denied": PermissionDenied(), "missing": Http404(), "bug": RuntimeError("a bug")}[name]


@staff("TR", "SUP")
def for_trackers(request: StaffRequest) -> HttpResponse:
    return HttpResponse(f"{request.actor.number} {request.at:%Y} {' '.join(sorted(request.roles))}")


class Applicant(forms.Form):
    id_number = forms.CharField()


WORKBENCH = """{% extends "base.html" %}{% block topic %}workbench{% endblock %}{% block content %}
{% deadline_badge due_at now warn_at=now %}
<form method="post" action="/refuse/409/">{% field form.id_number data_check="id_number" %}</form>
<form method="post" action="/slow/" id="slow">{% csrf_token %}<button type="submit">Send</button></form>
<button type="button" data-opens="void">Void</button>
{% include "components/_confirm.html" with id="void" title="Void" action="/refuse/409/" label="Void" note_name="note" %}
{% endblock %}"""


def workbench(request: HttpRequest) -> HttpResponse:
    now = clock.now()
    facts = {"form": Applicant(), "now": now, "due_at": now + timedelta(minutes=30)}
    return HttpResponse(Template(WORKBENCH).render(RequestContext(request, facts)))


def slow(request: HttpRequest) -> HttpResponse:
    return HttpResponse("<h1>done</h1>")


urlpatterns = [
    path("workbench/", workbench),
    path("slow/", slow),
    path("refuse/<int:status>/", refuse),
    path("api/v1/refuse/<int:status>/", refuse),
    path("raise/<str:name>/", raise_djangos),
    path("trackers/", for_trackers),
    *urlpatterns,
]
