"""计价标准公示: what everybody may earn, what was announced, and who has read it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from applications.views.door import go
from incentives import errors
from incentives.models import PriceNotice
from incentives.selectors import prices
from incentives.services.notices import read_notice
from ops_center.clock import local_day
from ops_center.web.pages import StaffRequest, staff
from organization.roles import Role


@staff()
@require_GET
def price_board(request: StaffRequest) -> HttpResponse:
    """What each act brings on each product at the reader's branch, open to every employee."""
    notices = prices.notice_board(request.actor, counts=Role.MGT in request.roles)
    facts = {
        "board": prices.price_board(local_day(request.at), request.actor.branch),
        "notices": notices,
        "has_unread": any(line.is_mine and not line.is_read for line in notices),
    }
    return render(request, "incentives/price_board.html", facts)


@staff()
@require_POST
def sign_notices(request: StaffRequest) -> HttpResponse:
    """我已阅读: one notice by its key, or all that the reader has not signed for."""
    asked = request.POST.get("notice", "")
    all_unread = prices.unread_by(request.actor).values_list("pk", flat=True)
    keys = list(all_unread) if asked == "all" else [_key(asked)]
    for key in keys:
        read_notice(notice=key, actor=request.actor, at=request.at)
    messages.success(request, _("Thank you. It is noted that you have read it."))
    return go(request, reverse("price-board"))


def _key(asked: str) -> int:
    if not (asked.isascii() and asked.isdecimal() and len(asked) < 10):
        raise errors.not_found()
    return int(asked)


@staff(Role.MGT)
@require_GET
def notice_readers(request: StaffRequest, notice: int) -> HttpResponse:
    """Who has signed for a notice, and who has not, by branch."""
    found = PriceNotice.objects.select_related("bounty__product", "policy").filter(pk=notice).first()
    if found is None:
        raise errors.not_found()
    return render(
        request, "incentives/notice_readers.html", {"notice": found, "branches": prices.readers_by_branch(found)}
    )
