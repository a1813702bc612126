"""Files of the card system: loaded, applied in the background, and what became of each line."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from applications.forms.base import Act
from applications.models import CardStatusImport
from applications.services import card_status
from applications.views.door import attempt, following, go
from ops_center.kernel.errors import OutOfSight
from ops_center.web.keyset import Keyset, read_query
from ops_center.web.pages import StaffRequest, staff
from organization.roles import Role
from organization.services.nudges import nudge

NEWEST = Keyset("-id")
LISTED = 500  # unmatched lines on one page; a file with more has another fault than its lines


class StatusFile(Act):
    slug = "status-file"
    loaded: CardStatusImport

    file = forms.FileField(label=gettext_lazy("CSV file of the card system"), max_length=120)


@staff(Role.TR, Role.SUP, Role.AUD)
@require_http_methods(["GET", "HEAD", "POST"])
def import_list(request: StaffRequest) -> HttpResponse:
    """The files, newest first, and the place to load another."""
    form = StatusFile(request.POST or None, request.FILES or None, actor=request.actor, at=request.at)
    status = 200
    if request.method == "POST":
        status = attempt(form, load)
        if not status:
            messages.success(request, _("The file is loaded; its lines are being applied."))
            return go(request, reverse("import", args=[form.loaded.pk]))
    asked = read_query(request.GET, known=())
    page = NEWEST.page_of(CardStatusImport.objects.select_related("uploaded_by"), asked)
    facts = {
        "form": form,
        "page": page,
        "next": following(request, page),
        "may_load": bool(request.roles & {Role.TR, Role.SUP}),
    }
    return render(request, "applications/imports.html", facts, status=status)


def load(form: StatusFile) -> None:
    upload = form.cleaned_data["file"]
    with transaction.atomic():
        form.loaded = file = card_status.take_file(
            name=upload.name, content=upload.read(), actor=form.actor, at=form.at
        )
        transaction.on_commit(lambda: nudge("applications.apply_card_status_file", file.pk))


@staff(Role.TR, Role.SUP, Role.AUD)
@require_GET
def one_import(request: StaffRequest, pk: int) -> HttpResponse:
    """What became of the lines; while they are being applied the page asks again by itself."""
    file = CardStatusImport.objects.select_related("uploaded_by").filter(pk=pk).first()
    if file is None:
        raise OutOfSight("not_found", _("There is no such file."))
    tally = card_status.tally(file)
    total = file.rows.count()
    done = tally.matched + tally.done_before + len(tally.unmatched)
    template = "applications/partials/_import_result.html" if request.htmx else "applications/import.html"
    return render(
        request, template,
        {"file": file, "tally": tally, "unmatched": tally.unmatched[:LISTED], "total": total, "done": done},
    )  # fmt: skip
