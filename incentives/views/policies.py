"""Bounties and split tables: drafts that wait for a second person, in force, ahead, past, and what each changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from applications.views.door import go
from applications.views.versions import discarded, draft_version
from incentives import errors
from incentives.forms import AskPreview, DraftBounty, DraftSplit
from incentives.models import Bounty, SplitPolicy
from incentives.periods import period_of
from incentives.selectors.preview import Tried, offered_months, preview
from incentives.selectors.versions import BountyVersion, SplitVersion, Versions, bounty_versions, split_versions
from incentives.services import policies
from incentives.services.pricing import PriceBook
from ops_center.clock import local_day
from ops_center.kernel.errors import Refused
from ops_center.web.pages import StaffRequest, staff
from organization.roles import Role
from organization.services import versions

PolicyRow = TypeVar("PolicyRow", Bounty, SplitPolicy)
SHOWN_AT_MOST = 10  # who gains and who loses most


@staff()
@require_GET
def policy_list(request: StaffRequest) -> HttpResponse:
    """Open to everybody: people must know the price before they work. Drafts and buttons are the management's."""
    splits, bounties = _splits(request), _bounties(request)
    waiting: list[SplitVersion | BountyVersion] = [*splits.drafts, *bounties.drafts]
    drafts = [(version, _why_not(request, version)) for version in waiting]
    facts = {
        "drafts": sorted(drafts, key=lambda draft: draft[1] is not None),
        "together": _together(splits.drafts, bounties.drafts),
        "splits": splits,
        "bounties": bounties,
        "past": [*splits.past, *bounties.past],
        **_reader(request),
    }
    return render(request, "incentives/policies.html", facts)


def _together(splits: Sequence[SplitVersion], bounties: Sequence[BountyVersion]) -> str:
    """The query that tries out all drafts at once: the next split table, and every bounty."""
    first = [("split", version.number) for version in splits[-1:]]
    return urlencode([*first, *(("bounties", version.number) for version in bounties)])


@staff()
@require_GET
def split_version(request: StaffRequest, number: int) -> HttpResponse:
    return _version(request, _splits(request).find(number))


@staff()
@require_GET
def bounty_version(request: StaffRequest, bounty: int) -> HttpResponse:
    return _version(request, _bounties(request).find(bounty))


def _version(request: StaffRequest, version: SplitVersion | BountyVersion | None) -> HttpResponse:
    if version is None:
        raise errors.not_found()
    facts = {"version": version, "why_not": _why_not(request, version), **_reader(request)}
    return render(request, "incentives/version.html", facts)


def _why_not(request: StaffRequest, version: SplitVersion | BountyVersion) -> Refused | None:
    return versions.why_not_approve(version.row, actor=request.actor, at=request.at)


def _splits(request: StaffRequest) -> Versions[SplitVersion]:
    return split_versions(local_day(request.at)).open_to(request.actor, request.roles)


def _bounties(request: StaffRequest) -> Versions[BountyVersion]:
    return bounty_versions(local_day(request.at)).open_to(request.actor, request.roles)


def _reader(request: StaffRequest) -> dict[str, Any]:
    return {"is_management": Role.MGT in request.roles, "today": local_day(request.at)}


def _all() -> str:
    return reverse("policy-list")


# -- drafting ----------------------------------------------------------------------------------------------------------
@staff(Role.MGT)
@require_http_methods(["GET", "HEAD", "POST"])
def new_split(request: StaffRequest) -> HttpResponse:
    """A new version starts from the one in force, or from one that was taken back; a column that is not 100 % comes
    back with its sum."""
    base = _base(request, SplitPolicy, "number") or PriceBook.read().policy(on=local_day(request.at))
    return draft_version(
        request, DraftSplit, "incentives/new_split.html", policies.draft_split, base=base, onward=_all()
    )


@staff(Role.MGT)
@require_http_methods(["GET", "HEAD", "POST"])
def new_bounty(request: StaffRequest) -> HttpResponse:
    """From the version named, as ``new_split``."""
    base = _base(request, Bounty, "pk")
    return draft_version(
        request, DraftBounty, "incentives/new_bounty.html", policies.draft_bounty, base=base, onward=_all()
    )


def _base(request: StaffRequest, model: type[PolicyRow], key: str) -> PolicyRow | None:
    asked = request.GET.get("from", "")
    return model.objects.filter(**{key: int(asked)}).first() if asked.isascii() and asked.isdecimal() else None


# -- deciding ----------------------------------------------------------------------------------------------------------
@staff(Role.MGT)
@require_POST
def approve_split(request: StaffRequest, number: int) -> HttpResponse:
    return _approved(request, policies.approve_split(number=number, actor=request.actor, at=request.at))


@staff(Role.MGT)
@require_POST
def approve_bounty(request: StaffRequest, bounty: int) -> HttpResponse:
    return _approved(request, policies.approve_bounty(bounty=bounty, actor=request.actor, at=request.at))


def _approved(request: StaffRequest, row: Bounty | SplitPolicy) -> HttpResponse:
    said = _("Approved: in force from %(day)s. It stands on the price board, and everybody whom it concerns is told.")
    messages.success(request, said % {"day": row.starts_on.isoformat()})
    return go(request, _all())


@staff(Role.MGT)
@require_POST
def discard_split(request: StaffRequest, number: int) -> HttpResponse:
    policies.discard_split(number=number, actor=request.actor, at=request.at)
    return discarded(request, anew=f"{reverse('split-new')}?from={number}", onward=_all())


@staff(Role.MGT)
@require_POST
def discard_bounty(request: StaffRequest, bounty: int) -> HttpResponse:
    policies.discard_bounty(bounty=bounty, actor=request.actor, at=request.at)
    return discarded(request, anew=f"{reverse('bounty-new')}?from={bounty}", onward=_all())


# -- before the approval -----------------------------------------------------------------------------------------------
@staff(Role.MGT, Role.AUD)
@require_GET
def policy_preview(request: StaffRequest) -> HttpResponse:
    """A month that is over, once more under drafts: per role, per person, in total."""
    months = offered_months(request.at)
    asked = request.GET.copy()
    asked.setdefault("month", months[0])
    form = AskPreview(asked, months=months, on=local_day(request.at), actor=request.actor, at=request.at)
    if not form.is_valid():
        return render(request, "incentives/policy_preview.html", {"form": form}, status=400)
    tried = Tried(form.cleaned_data["split"], form.cleaned_data["bounties"])
    found = preview(period_of(form.cleaned_data["month"]), tried=tried, at=request.at)
    facts = {"form": form, "preview": found, "tried": tried, "most": SHOWN_AT_MOST}
    return render(request, "incentives/policy_preview.html", facts)
