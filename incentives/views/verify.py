"""Is this paper genuine? For whoever holds it in the hand, without a sign-in; it names nobody."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from incentives.services.printing import genuine
from ops_center.kernel.money import capitals
from ops_center.web.pace import too_often

PACE = 60  # questions per minute from one address; a check code is one of 16^12
LONGEST = 16
SIGNS = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-")


@require_GET
def verify_door(request: HttpRequest) -> HttpResponseBase:
    """Where number and check code are typed from the paper."""
    no, code = (_typed(request.GET.get(name, "")) for name in ("no", "code"))
    if not (no and code):
        return render(request, "incentives/verify.html", {"no": no, "code": code})
    if not set(no + code) <= SIGNS:  # no such number can be, and perhaps no address either
        return render(request, "incentives/verify.html", {"no": no, "code": code, "differs": True})
    return redirect("verify", no, code)


@require_GET
def verify(request: HttpRequest, no: str, code: str) -> HttpResponse:
    """Number, period, total and day of a genuine document. A wrong code does not tell whether the number exists."""
    if too_often("verify", request.META.get("REMOTE_ADDR", ""), per_minute=PACE):
        return render(request, "incentives/verify.html", {"too_often": True}, status=429)
    no, code = _typed(no), _typed(code)
    found = genuine(no, code)
    facts = {"no": no, "code": code, "paper": found, "differs": found is None}
    if found:
        facts["in_capitals"] = capitals(found.total_fen)
    return render(request, "incentives/verify.html", facts, status=200 if found else 404)


def _typed(text: str) -> str:
    return "".join(text.split()).upper()[:LONGEST]
