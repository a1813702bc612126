"""Pages that refuse, for test_refusals: each raises what a service would raise."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path

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


urlpatterns = [
    path("refuse/<int:status>/", refuse),
    path("api/v1/refuse/<int:status>/", refuse),
    path("raise/<str:name>/", raise_djangos),
    path("trackers/", for_trackers),
    *urlpatterns,
]
