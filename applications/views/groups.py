"""Group batches: the list, one batch with the files behind its figures, opening, changing and closing it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from applications.forms.base import PURPOSES
from applications.forms.groups import AddList, BatchForm
from applications.models import Application, GroupBatch
from applications.querysets import REACHED
from applications.selectors import GROUP_FIGURES
from applications.services import documents, groups
from applications.views.door import attempt, following, go
from ops_center.clock import local_day
from ops_center.kernel.errors import Malformed
from ops_center.web.keyset import Keyset, read_query
from ops_center.web.pages import StaffRequest, staff
from organization.models import Branch
from organization.roles import Role

READERS = (Role.CM, Role.BH, Role.TR, Role.SUP, Role.MGT, Role.AUD)
NEWEST, NEWEST_FILE = Keyset("-opened_at", "-id"), Keyset("-id")
STANDINGS = (("", gettext_lazy("All")), ("open", pgettext_lazy("group batch", "Open")),
             ("closed", pgettext_lazy("group batch", "Closed")))  # fmt: skip


@staff(*READERS)
@require_GET
def batch_list(request: StaffRequest) -> HttpResponse:
    """The batches in sight with their figures, the newest first."""
    asked = read_query(request.GET, known=("standing",))
    batches = GroupBatch.objects.visible_to(request.actor, request.at).with_people().with_figures()
    match asked.get("standing"):
        case "open":
            batches = batches.open()
        case "closed":
            batches = batches.exclude(closed_at=None)
        case None | "":
            pass
        case _unknown:
            raise Malformed("bad_filter", _("This list has no such filter."))
    page = NEWEST.page_of(batches, asked)
    facts = {"page": page, "next": following(request, page), "standings": STANDINGS, "may_open": _may_open(request)}
    return render(request, "applications/group_batches.html", facts)


@staff(*READERS)
@require_GET
def one_batch(request: StaffRequest, code: str) -> HttpResponse:
    """The batch, its figures, and the files behind the one that was chosen."""
    return _show(request, _found(request, code), AddList(actor=request.actor, at=request.at))


@staff(*groups.OPENERS)
@require_http_methods(["GET", "HEAD", "POST"])
def new_batch(request: StaffRequest) -> HttpResponse:
    def open_it(form: BatchForm) -> GroupBatch:
        facts = form.facts
        del facts["version"]
        return groups.open_batch(**facts)

    return _written(request, open_it, None)


@staff(*groups.OPENERS)
@require_http_methods(["GET", "HEAD", "POST"])
def edit_batch(request: StaffRequest, code: str) -> HttpResponse:
    batch = _found(request, code)
    return _written(request, lambda form: groups.edit_batch(batch=code, **form.facts), batch)


@staff(*groups.OPENERS)
@require_POST
def close_batch(request: StaffRequest, code: str) -> HttpResponse:
    closed = groups.close_batch(batch=code, actor=request.actor, at=request.at)
    messages.success(request, _("%(code)s is closed: no more files join it.") % {"code": closed.code})
    return go(request, reverse("group-batch", args=[closed.code]))


# -- paper and contact -------------------------------------------------------------------------------------------------
@staff(*groups.OPENERS)
@require_POST
def add_list(request: StaffRequest, code: str) -> HttpResponse:
    """The employer's sealed list; a refusal is said where the file was chosen."""
    form = AddList(request.POST, request.FILES, actor=request.actor, at=request.at)

    def add(form: AddList) -> None:
        groups.add_list(batch=code, actor=request.actor, at=request.at, **form.said())

    if no := attempt(form, add):
        return _show(request, _found(request, code), form, status=no)
    messages.success(request, _("The list is kept. Each look at it stands in the access log."))
    return go(request, reverse("group-batch", args=[code]))


@staff(*READERS)
@require_GET
def unit_list(request: StaffRequest, code: str, pk: int) -> HttpResponse:
    """The list in clear. A picture is shown; a PDF is handed over, never opened inside a page of ours."""
    found, content = groups.read_list(batch=code, unit_list=pk, actor=request.actor, at=request.at)
    way = "inline" if found.media_type == documents.JPEG else "attachment"
    return HttpResponse(
        content,
        content_type=found.media_type,
        headers={
            "Content-Disposition": f'{way}; filename="{code}-{found.pk}"',
            "Content-Security-Policy": "sandbox; default-src 'none'",
        },
    )


@staff(*READERS)
@require_POST
def reveal_contact(request: StaffRequest, code: str) -> HttpResponse:
    """Name or mobile of the key contact in the place of its mask, for half a minute."""
    field, purpose = request.POST.get("field", ""), request.POST.get("purpose", "")
    batch, value = groups.reveal_contact(
        batch=code, field=field, purpose=purpose, actor=request.actor, at=request.at
    )  # fmt: skip
    place = re.sub(r"[^\w-]", "", request.POST.get("id", "")) or f"secret-{field}"
    facts = {"id": place, "value": value, "masked": getattr(batch, groups.CONTACT[field])}
    return render(request, "components/_revealed.html", facts)


# -- what several of them do -------------------------------------------------------------------------------------------
def _found(request: StaffRequest, code: str) -> GroupBatch:
    return groups.batch_in_sight(code, actor=request.actor, at=request.at)


def _may_open(request: StaffRequest) -> bool:
    return bool(request.roles & set(groups.OPENERS)) and request.actor.branch.kind == Branch.Kind.BRANCH


def _written(
    request: StaffRequest, write: Callable[[BatchForm], GroupBatch], batch: GroupBatch | None
) -> HttpResponse:  # fmt: skip
    """The form of a batch: drawn, and read until the service takes it."""
    written: list[GroupBatch] = []
    form = BatchForm(request.POST or None, actor=request.actor, at=request.at, batch=batch)
    status = 200
    if request.method == "POST":
        status = attempt(form, lambda form: written.append(write(form)))
        if not status:
            messages.success(request, _("%(batch)s is saved.") % {"batch": written[0]})
            return go(request, reverse("group-batch", args=[written[0].code]))
    return render(request, "applications/group_batch_form.html", {"form": form, "batch": batch}, status=status)


def _show(request: StaffRequest, found: GroupBatch, form: AddList, *, status: int = 200) -> HttpResponse:
    asked = read_query(request.GET, known=("cut",))
    if asked.get("cut", "") not in ("", *GROUP_FIGURES):
        raise Malformed("bad_filter", _("This list has no such filter."))
    batch = GroupBatch.objects.with_people().with_figures().get(pk=found.pk)
    files = Application.objects.filter(group_batch=batch)
    if cut := asked.get("cut"):
        files = files.filter(**{f"{REACHED[cut]}__isnull": False})
    page = NEWEST_FILE.page_of(files.select_related("product", "collector"), asked)
    in_sight = Application.objects.visible_to(request.actor, request.at).filter(pk__in=[case.pk for case in page])
    opens = set() if request.roles <= {Role.EMP, Role.MGT} else set(in_sight.values_list("pk", flat=True))
    is_ours = _may_open(request) and request.actor.branch_id == batch.branch_id
    facts: dict[str, Any] = {
        "batch": batch,
        "figures": [(name, label, getattr(batch, name)) for name, label in GROUP_FIGURES.items()],
        "cut": cut or "",
        "cut_label": GROUP_FIGURES.get(cut or "", ""),
        "rows": [(case, case.pk in opens) for case in page],
        "next": following(request, page),
        "visits": batch.visits.all(),
        "lists": batch.lists.select_related("added_by").defer("body"),
        "form": form,
        "may_change": is_ours and batch.is_open,
        "may_reveal": groups.may_reveal(batch, actor=request.actor, at=request.at),
        "purposes": [(code, label) for code, label in PURPOSES if code in ("CALL", "COMPARE", "AUDIT")],
        "today": local_day(request.at),
    }
    return render(request, "applications/group_batch.html", facts, status=status)
