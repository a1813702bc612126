"""The confirmation document as a file: printed for whoever may read it, and told genuine from changed."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from incentives import errors
from incentives.lifecycle import ConfirmationState
from incentives.models import Confirmation, ConfirmationPaper
from incentives.paper import confirmation_pdf
from incentives.selectors.papers import document_of, documents_for
from ops_center.clock import local_day
from ops_center.kernel.errors import Refused
from organization.models import Employee
from organization.roles import Role
from organization.services.audit import record

READERS = (Role.TR, Role.SUP, Role.MGT, Role.HR, Role.AUD)


@transaction.atomic
def print_confirmation(*, no: str, actor: Employee, at: datetime) -> bytes:
    """The document as PDF; who took it is recorded. A confirmed one is made at its first print and kept: from then on
    everybody gets these bytes. A draft is made each time, and says so on every page."""
    errors.require_role(actor, *READERS, at=at)
    in_sight = documents_for(actor.role_codes(local_day(at)))
    found = in_sight.select_for_update(of=("self",)).filter(no=no).first()
    if found is None:
        raise errors.not_found()
    if found.state == ConfirmationState.DISCARDED:
        raise Refused("discarded", _("%(no)s was discarded: there is nothing on it to print.") % {"no": no})
    record(action="print_confirmation", at=at, actor=actor, subject=no)
    return _original(found, at=at) if found.is_confirmed else confirmation_pdf(document_of(found))


def verify_url(confirmation: Confirmation) -> str:
    """Where anybody who holds the paper can ask whether it is genuine."""
    path = reverse("verify", args=[confirmation.no, confirmation.check_code])
    return f"{settings.PUBLIC_URL.rstrip('/')}{path}"


def genuine(no: str, check_code: str) -> Confirmation | None:
    """The confirmed document with this number and this check code; ``None`` whichever of the two is wrong."""
    found = Confirmation.objects.filter(no=no, state=ConfirmationState.CONFIRMED).first()
    printed = found.check_code if found else "0000-0000-0000"
    return found if secrets.compare_digest(printed.encode(), check_code.encode()) else None


def _original(confirmation: Confirmation, *, at: datetime) -> bytes:
    paper = ConfirmationPaper.objects.filter(confirmation=confirmation).first()
    if paper is None:
        content = confirmation_pdf(document_of(confirmation), verify_url=verify_url(confirmation))
        paper = ConfirmationPaper.objects.create(
            confirmation=confirmation, content=content, digest=hashlib.sha256(content).hexdigest(), made_at=at
        )
    return bytes(paper.content)
