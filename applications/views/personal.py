"""One value of a client in clear: asked for one by one, with a purpose, and logged by the service."""

from __future__ import annotations

import re

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from applications.services import personal
from applications.views.door import find
from ops_center.web.pages import StaffRequest, staff

MASKS = {"customer_name": "name_mask", "mobile": "mobile_mask", "id_number": "id_mask"}


@staff()
@require_POST
def reveal(request: StaffRequest, number: str) -> HttpResponse:
    """The clear value in the place of its mask, for half a minute."""
    case = find(request, number)
    field, purpose = request.POST.get("field", ""), request.POST.get("purpose", "")
    value = personal.reveal(number=case.number, actor=request.actor, at=request.at, field=field, purpose=purpose)
    place = re.sub(r"[^\w-]", "", request.POST.get("id", "")) or f"secret-{field}"
    masked = getattr(case.applicant, MASKS[field])
    return render(request, "components/_revealed.html", {"id": place, "value": value, "masked": masked})
