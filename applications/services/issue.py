"""From the filed case to the activated card: T20-T24."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from applications.lifecycle import Clock, Step
from applications.models import Application, Coaching, Product
from applications.services.engine import Move, Ref, taking
from applications.services.numbers import archive_number
from applications.sheets import COACHING
from ops_center.clock import local_day
from ops_center.kernel.errors import Malformed, Refused
from organization.models import Employee
from organization.roles import Role
from organization.services.inbox import tell

# Decision 8: what must stand before a card may be issued.
SIGN_OFFS = ("taken_in_at", "received_at", "checked_at", "entered_at", "filed_at")


@transaction.atomic
def file_case(
    *, case: Ref, actor: Employee, at: datetime, shelf: str, archive_no: str = "", version: int | None = None
) -> Application:
    """编号归档: archive number (given or drawn) and shelf; the case goes to the card system."""
    if not shelf.strip():
        raise Malformed("shelf_missing", _("Enter the shelf."), {"shelf": _("Enter the shelf.")})
    with taking(Step.FILE, case=case, actor=actor, at=at, version=version) as move:
        number = archive_no.strip() or archive_number(at)
        if Application.objects.filter(archive_no=number).exclude(pk=move.case.pk).exists():
            raise Refused("archive_no_used", _("Archive number %(no)s is in use: take another.") % {"no": number})
        move.facts = {"archive_no": number, "shelf": shelf.strip()}
        move.case.file(at=at, shelf=shelf.strip(), archive_no=number)
    return move.case


@transaction.atomic
def mark_issued(
    *,
    case: Ref,
    actor: Employee | None,
    at: datetime,
    card_last4: str,
    issued_at: datetime | None = None,
    approved_at: datetime | None = None,
    version: int | None = None,
    source: str = "",
) -> Application:
    """登记发卡: by the tracker (the server's time) or by the card system's file (``actor=None``, its own times)."""
    if not re.fullmatch(r"\d{4}", card_last4):
        raise Malformed(
            "card_last4", _("Enter the last four digits of the card."), {"card_last4": _("Four digits, never more.")}
        )
    issued = issued_at or at
    with taking(Step.MARK_ISSUED, case=case, actor=actor, at=at, version=version) as move:
        require_signed_off(move.case)
        if move.case.entered_at and issued < move.case.entered_at:
            raise Refused("issued_before_entry", _("The issue time lies before the entry (%(entered)s).")
                          % {"entered": move.case.entered_at.isoformat(timespec="minutes")})  # fmt: skip
        move.facts = {"source": source} if source else {}
        move.clocks.at = issued
        move.case.mark_issued(at=issued, approved_at=approved_at or issued, card_last4=card_last4)
        after_sales = Employee.objects.holding(Role.AS, on=local_day(at))
        people = [move.case.referrer, move.case.collector]
        tell([*after_sales, *people], kind="issued", at=at, about=f"/applications/{move.case.number}/",
             number=move.case.number)  # fmt: skip
    return move.case


def require_signed_off(case: Application) -> None:
    """No sign-off, no card: every earlier step has its person, time and event."""
    unsigned = [name for name in SIGN_OFFS if getattr(case, name) is None]
    performed = set(case.performers.filter(employee__isnull=False).values_list("role", flat=True))
    unsigned += [role for role in ("COLLECTOR", "CREDIT_CHECK", "ENTRY", "TRACKER") if role not in performed]
    if unsigned:
        raise Refused(
            "no_sign_off",
            _("No card without every sign-off; missing: %(steps)s.") % {"steps": "、".join(unsigned)},
            missing=unsigned,
        )


@transaction.atomic
def coach(
    *,
    case: Ref,
    actor: Employee,
    at: datetime,
    has_card: bool,
    items: Sequence[str],
    satisfaction: int,
    note: str = "",
    wished_product: str = "",
    late: bool = False,
    version: int | None = None,
) -> Application:
    """用卡辅导: the client holds the card and was coached; ``late``: after an activation by the client alone (T24)."""
    wrong = {}
    if not has_card:
        wrong["has_card"] = _("Coach when the client has the card in hand; agree on a time otherwise.")
    unknown = sorted(set(items) - set(COACHING))
    missing = [code for code in COACHING if code not in items]
    if unknown or missing:
        wrong["items"] = _("Go through the whole list; left out: %(items)s.") % {
            "items": "、".join(str(COACHING[code]) for code in missing) or "、".join(unknown)
        }
    if not 1 <= satisfaction <= 5:
        wrong["satisfaction"] = _("From 1 (not at all) to 5 (very).")
    if wished_product and not Product.objects.filter(code=wished_product, is_active=True).exists():
        wrong["wished_product"] = _("Choose a product from the list.")
    if wrong:
        raise Malformed("coaching_incomplete", _("The coaching is not complete."), wrong)
    with taking(Step.LATE_COACH if late else Step.COACH, case=case, actor=actor, at=at, version=version) as move:
        Coaching.objects.create(
            application=move.case, officer=actor, items=list(items), satisfaction=satisfaction,
            wished_product=wished_product, note=note[:300], at=at,
        )  # fmt: skip
        move.facts = {"satisfaction": satisfaction}
        (move.case.late_coach if late else move.case.coach)(at=at)
    return move.case


@transaction.atomic
def activate(
    *,
    case: Ref,
    actor: Employee | None,
    at: datetime,
    identity_verified: bool = True,
    channel: str = "",
    proof: str = "",
    activated_at: datetime | None = None,
    version: int | None = None,
    source: str = "",
) -> Application:
    """登记激活: by the officer with the proof of the identity check, or by the card system's file (``actor=None``)."""
    if actor is not None:
        wrong = {}
        if not identity_verified:
            wrong["identity_verified"] = _("A card is activated only after the identity check.")
        if not channel.strip():
            wrong["channel"] = _("Say through which channel.")
        if not proof.strip():
            wrong["proof"] = _("Say how the identity was verified.")
        if wrong:
            raise Malformed("activation_unproved", _("The activation needs its proof."), wrong)
    when = activated_at or at
    with taking(Step.ACTIVATE, case=case, actor=actor, at=at, version=version) as move:
        if move.case.issued_at and when < move.case.issued_at:
            raise Refused("activated_before_issue", _("The activation time lies before the issue."))
        move.facts = {"channel": channel or "CARD_SYSTEM", "proof": proof[:200]} | (
            {"source": source} if source else {}
        )
        move.clocks.at = when
        if actor is None:
            _client_alone(move)
        move.case.activate(at=when)
    return move.case


def _client_alone(move: Move) -> None:
    """Activated without the bank's call: no contact was made, so its clock ends without a verdict."""
    move.voids = (Clock.CONTACT,)
