"""Pages of the paper: added by who collects, shown one by one to who may see the client at this stage."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from applications.forms.documents import AddDocument
from applications.models import Application
from applications.selectors import pages_of
from applications.services import documents
from applications.services.intake import E_INTAKE_PAGES
from applications.views.door import attempt, find, go
from ops_center.web.pages import StaffRequest, staff


@staff(*AddDocument.roles)
@require_http_methods(["GET", "HEAD", "POST"])
def pages(request: StaffRequest, number: str) -> HttpResponse:
    """The pages that are there, and the place to add one."""
    case = find(request, number)
    form = AddDocument(
        request.POST or None, request.FILES or None, case=case, actor=request.actor, at=request.at,
        initial=lacking(case),
    )  # fmt: skip
    no = 0
    if request.method == "POST":
        no = attempt(form, add)
        if not no and not request.htmx:
            return go(request, reverse("application", args=[case.number]))
        if not no:
            form = AddDocument(case=case, actor=request.actor, at=request.at, initial=lacking(case))
    template = "applications/partials/_pages.html" if request.htmx else "applications/pages.html"
    facts = {"case": case, "form": form, "documents": pages_of(case), "now": request.at}
    return render(request, template, facts, status=no or 200)


def add(form: AddDocument) -> None:
    documents.add_document(**form.facts)


def lacking(case: Application) -> dict[str, str]:
    """The first page that the center waits for and that is not there yet."""
    have = set(case.documents.values_list("kind", "side"))
    wanted = sorted(E_INTAKE_PAGES - have)
    return dict(zip(("kind", "side"), wanted[0], strict=True)) if wanted else {"kind": "OTHER"}


@staff()
@require_GET
def page(request: StaffRequest, number: str, pk: UUID) -> HttpResponse:
    """One page in clear. A picture is shown; a PDF is handed over as a file, never opened inside a page of ours."""
    find(request, number)
    found, content = documents.read_document(document=pk, actor=request.actor, at=request.at)
    way = "inline" if found.media_type == documents.JPEG else "attachment"
    return HttpResponse(
        content,
        content_type=found.media_type,
        headers={
            "Content-Disposition": f'{way}; filename="{found.pk}"',
            "Content-Security-Policy": "sandbox; default-src 'none'",
        },
    )
