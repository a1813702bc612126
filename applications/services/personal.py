"""Personal data in clear: one value at a time, for a purpose, and always with a line in the access log."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from applications import errors
from applications.lifecycle import State
from applications.models import Application
from applications.querysets import ApplicationQuerySet
from ops_center.clock import local_day
from ops_center.kernel.errors import Malformed, NotAllowed, Refused
from ops_center.kernel.identity import mobile, resident_id
from ops_center.kernel.vault import Sealed
from organization.models import AuditRecord, Employee
from organization.roles import Role
from organization.services.audit import record
from organization.services.inbox import tell
from organization.vault import vault

FIELDS = ("customer_name", "mobile", "id_number")
ALARM_AT, STOP_AT = 25, 50  # distinct clients per person and day (the criminal threshold, halved for staff on duty)
COLLECTING = (State.REFERRED, State.ACCEPTED, State.DRAFT)


def reveal(*, number: str, actor: Employee, at: datetime, field: str, purpose: str) -> str:
    """The clear value of one field of one client.

    Collector and branch head until the file is taken in; at the center who holds the case; tracker, supervisor and
    audit always; after-sales the mobile only. Refused at 50 distinct clients a day.
    """
    require_said("" if field in FIELDS else _("Choose name, mobile or ID number."), purpose=purpose)
    case = Application.objects.visible_to(actor, at).select_related("applicant").filter(number=number).first()
    if case is None:
        raise errors.out_of_sight()
    if not may_reveal(case, actor=actor, at=at, field=field):
        record(action="reveal_refused", at=at, actor=actor, subject=number, field=field)
        raise NotAllowed("reveal_not_allowed", _("Your role works with the masked value at this stage."))
    sealed = {
        "customer_name": case.applicant.name,
        "mobile": case.applicant.mobile,
        "id_number": case.applicant.id_number,
    }
    return open_value(sealed[field], subject=number, field=field, purpose=purpose, actor=actor, at=at)


def open_value(
    value: Sealed | None, *, subject: str, field: str, purpose: str, actor: Employee, at: datetime
) -> str:  # fmt: skip
    """A sealed value in clear, for who was found to be allowed and has said what for. ``subject``: the number of what
    it belongs to. Refused at 50 people a day, before anything is opened."""
    seen = _seen_today(actor, at=at)
    if subject not in seen and len(seen) >= STOP_AT:
        record(action="reveal_refused", at=at, actor=actor, subject=subject, field=field)
        raise Refused(
            "reveal_limit",
            _("You have opened %(count)s clients today: audit has to approve more.") % {"count": len(seen)},
        )
    record(action="reveal", at=at, actor=actor, subject=subject, field=field, purpose=purpose.strip()[:100])
    if subject not in seen and len(seen) + 1 == ALARM_AT:
        tell(Employee.objects.holding(Role.AUD, Role.SUP, on=local_day(at)), kind="reveal_alarm", at=at,
             about="/audit/", person=actor.number, count=ALARM_AT)  # fmt: skip
    return value.reveal() if value is not None else ""


def require_said(unknown_field: str, *, purpose: str) -> None:
    """Malformed with the sentence about the field (empty: it is known), and one where the purpose is missing."""
    wrong = {"field": unknown_field} if unknown_field else {}
    if not purpose.strip():
        wrong["purpose"] = _("Say what for: it stands in the access log.")
    if wrong:
        raise Malformed("bad_reveal", _("Please correct the marked fields."), wrong)


def may_reveal(case: Application, *, actor: Employee, at: datetime, field: str) -> bool:
    """Whether this person may open this field now (permission matrix, "ID number in clear")."""
    roles = actor.role_codes(local_day(at))
    if roles & {Role.TR, Role.SUP, Role.AUD}:
        return True
    if case.is_claimed_by(actor.pk, at) and roles & {Role.CC, Role.EC, Role.ER}:
        return True
    if case.is_self_service and case.collector_id == actor.pk and case.entered_at is None:
        return True
    if Role.AS in roles and case.is_claimed_by(actor.pk, at):
        return field == "mobile"
    if case.state in COLLECTING:
        return case.collector_id == actor.pk or (Role.BH in roles and case.branch_id == actor.branch_id)
    return False


def find_clients(
    *, actor: Employee, at: datetime, id_number: str = "", mobile_number: str = "", name: str = ""
) -> ApplicationQuerySet:
    """The cases in sight of one person by exact ID number, mobile or name; each search is logged without the value."""
    cases = Application.objects.visible_to(actor, at)
    return search_clients(
        cases, actor=actor, at=at, id_number=id_number, mobile_number=mobile_number, name=name
    ).with_people()


def search_clients(
    cases: ApplicationQuerySet, *, actor: Employee, at: datetime, id_number: str = "", mobile_number: str = "",
    name: str = "",
) -> ApplicationQuerySet:  # fmt: skip
    """Those of these cases whose client has exactly this ID number, mobile or name; logged without the value."""
    given = [bool(value.strip()) for value in (id_number, mobile_number, name)]
    if sum(given) != 1:
        raise Malformed("one_of", _("Search by exactly one: ID number, mobile or name."))
    if id_number.strip():
        kind, found = (
            "id_number",
            cases.filter(applicant__id_index=vault().index("id_number", resident_id(id_number).number)),
        )
    elif mobile_number.strip():
        kind, found = "mobile", cases.filter(applicant__mobile_index=vault().index("mobile", mobile(mobile_number)))
    else:
        kind, found = "name", cases.filter(applicant__name_index=vault().index("name", "".join(name.split())))
    record(action="search_client", at=at, actor=actor, by=kind)
    return found.order_by("-id")


def access_log(number: str) -> QuerySet[AuditRecord]:
    """Who opened this case's personal data, newest first."""
    return AuditRecord.objects.filter(subject=number).select_related("actor").order_by("-id")


def _seen_today(actor: Employee, *, at: datetime) -> set[str]:
    return set(
        AuditRecord.objects.filter(actor=actor, action="reveal", at__gte=at - timedelta(hours=24)).values_list(
            "subject", flat=True
        )
    )
