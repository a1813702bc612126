"""The front desk's pages: refer, see where one's referrals stand, take a lead; and the client's own status page."""

from __future__ import annotations

import segno
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from applications.errors import out_of_sight
from applications.services import intake
from applications.services.numbers import CODE_LETTERS
from applications.views.door import attempt
from ops_center.web.keyset import Keyset, read_query
from ops_center.web.pace import too_often
from ops_center.web.pages import StaffRequest, staff
from organization.roles import Role
from referrals import selectors
from referrals.forms import AgainForm, ReferralForm
from referrals.models import Referral
from referrals.services import coached_case, is_paid, refer, refer_again

NEWEST = Keyset("-id")
MOST_URGENT = Keyset("due_at", "id")


@staff(Role.EMP)
@require_GET
def referral_list(request: StaffRequest) -> HttpResponse:
    """Where the own referrals stand, newest first."""
    asked = read_query(request.GET, known=())
    page = NEWEST.page_of(selectors.referrals_of(request.actor), asked)
    takes_leads = bool(request.roles & {Role.CM, Role.CS})
    waiting = selectors.leads_for(request.actor).count() if takes_leads else None
    return render(request, "referrals/list.html", {"page": page, "waiting": waiting})


@staff(Role.CM, Role.CS)
@require_GET
def lead_list(request: StaffRequest) -> HttpResponse:
    """The pool of the own areas: the lead with the least time left first."""
    asked = read_query(request.GET, known=())
    page = MOST_URGENT.page_of(selectors.leads_for(request.actor), asked)
    return render(request, "referrals/leads.html", {"page": page, "now": request.at})


@staff(Role.CM, Role.CS)
@require_POST
def accept(request: StaffRequest, number: str) -> HttpResponse:
    """Takes a lead from the pool; on to the case."""
    case = intake.accept(case=number, actor=request.actor, at=request.at)
    messages.success(request, _("%(number)s is yours. Call the client now.") % {"number": case.number})
    return redirect("application", case.number)


@staff(Role.EMP)
@require_http_methods(["GET", "HEAD", "POST"])
def new_referral(request: StaffRequest) -> HttpResponse:
    """The referral form; then the paper for the client."""
    form = ReferralForm(request.POST or None, actor=request.actor, at=request.at)
    status = 200
    if request.method == "POST":
        status = attempt(form, begin)
        if not status:
            messages.success(request, _("Referred. Send the client the list below."))
            return redirect("referral", form.number)
    return render(request, "referrals/new.html", {"form": form}, status=status)


def begin(form: ReferralForm) -> None:
    facts = form.facts
    del facts["version"]
    form.number = refer(**facts).application.number


@staff(Role.AS, Role.CM)
@require_http_methods(["GET", "HEAD", "POST"])
def again(request: StaffRequest, number: str) -> HttpResponse:
    """Another card for the client of a coaching call: the card and the consent, nothing is typed twice."""
    case = coached_case(number, actor=request.actor)
    form = AgainForm(request.POST or None, case=case, actor=request.actor, at=request.at)
    status = 200
    if request.method == "POST":
        status = attempt(form, begin_again)
        if not status:
            messages.success(request, _("Referred. Send the client the list below."))
            return redirect("referral", form.number)
    return render(request, "referrals/again.html", {"form": form, "case": case}, status=status)


def begin_again(form: AgainForm) -> None:
    facts = form.facts
    del facts["version"]
    form.number = refer_again(case=form.case.number, **facts).application.number


@staff(Role.EMP)
@require_GET
def one_referral(request: StaffRequest, number: str) -> HttpResponse:
    """The paper for the client: text to send, code and QR of the status page."""
    found = selectors.referrals_of(request.actor).filter(application__number=number).first()
    if found is None:
        raise out_of_sight()
    return render(request, "referrals/referral.html", paper(found, request))


def paper(referral: Referral, request: StaffRequest) -> dict[str, object]:
    case = referral.application
    link = selectors.status_url(case)
    return {
        "referral": referral,
        "case": case,
        "text": selectors.checklist_text(case, number=request.actor.number, at=referral.made_at),
        "link": link,
        "qr": segno.make(link, error="m").svg_data_uri(scale=5, border=2),
        "is_paid": is_paid(case, at=referral.made_at),
    }


# -- the client --------------------------------------------------------------------------------------------------------
@require_GET
def status_door(request: HttpRequest) -> HttpResponseBase:
    """Where the client types the inquiry code."""
    code = "".join(request.GET.get("code", "").split()).upper()
    if not code:
        return render(request, "referrals/status.html")
    if not set(code) <= {*CODE_LETTERS, "-"}:  # no such code can be, and perhaps no address either
        return render(request, "referrals/status.html", {"code": code, "unknown": True})
    return redirect("status", code)


@require_GET
def status(request: HttpRequest, code: str) -> HttpResponse:
    """Stage and date of an application, without a sign-in and without any name."""
    if too_often("status", request.META.get("REMOTE_ADDR", ""), per_minute=selectors.STATUS_PACE):
        return render(request, "referrals/status.html", {"too_often": True}, status=429)
    standing = selectors.standing_of(code)
    return render(
        request,
        "referrals/status.html",
        {"code": code, "standing": standing, "stages": selectors.STAGES, "unknown": standing is None},
        status=200 if standing else 404,
    )
