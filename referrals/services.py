"""Making a referral: the slip beside the case."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction
from django.utils.translation import gettext as _

from applications.errors import out_of_sight
from applications.models import Application, Product
from applications.models.case import ReferrerType
from applications.services import intake
from ops_center.clock import local_day
from ops_center.kernel.errors import Malformed, Refused
from organization.models import Area, Employee
from organization.roles import Employment, Role
from organization.services.inbox import tell
from referrals.models import ExternalReferrer, Referral, Relation, mobile_index

CONSENT_TEXT = "2026-01"  # the version of the words to which the client agrees (docs/personal-data.md)


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends the client when it is not the employee who writes: a retiree's number, the code of a client who has
    sent others before, or the name and mobile of a new one."""

    code: str = ""
    name: str = ""
    mobile: str = ""


@transaction.atomic
def refer(
    *,
    actor: Employee,
    product: Product,
    person: intake.Person,
    at: datetime,
    consent: bool,
    customer_group: str = "",
    campaign: str = "",
    relation: str = Relation.NONE,
    referrer_type: str = ReferrerType.EMPLOYEE,
    sender: Sender | None = None,
    area: Area | None = None,
) -> Referral:
    """Creates the lead and its slip; the answer is the slip.

    Refused by the rules of the case (open case of the same person, closed product, no consent), when a client refers
    himself, and when the retiree is none. A referrer without a valid qualification is not refused but unpaid
    (decision 10): he and the branch head are told.
    """
    external, retiree = None, None
    if referrer_type == ReferrerType.CUSTOMER:
        external = _external(sender, person=person, sponsor=actor, at=at)
    elif referrer_type == ReferrerType.RETIREE:
        retiree = _retiree(sender)
    case = intake.refer(
        actor=actor, product=product, person=person, at=at, consent=consent, customer_group=customer_group,
        campaign=campaign, referrer_type=referrer_type, referrer=retiree, area=area,
    )  # fmt: skip
    referral = Referral.objects.create(
        application=case,
        made_by=actor,
        external_referrer=external,
        relation=relation,
        consent_text=CONSENT_TEXT,
        made_at=at,
    )
    if not is_paid(case, at=at):
        heads = Employee.objects.holding(Role.BH, on=local_day(at)).filter(branch=actor.branch)
        tell([case.referrer, *heads], kind="referral_unpaid", at=at, about=f"/referrals/{case.number}/",
             number=case.number, person=case.referrer.name if case.referrer else "")  # fmt: skip
    return referral


def coached_case(number: str, *, actor: Employee) -> Application:
    """The case whose client this officer has coached; OutOfSight otherwise."""
    cases = Application.objects.select_related("applicant", "product", "area", "branch__area", "coaching")
    found = cases.filter(number=number, coaching__officer=actor).first()
    if found is None:
        raise out_of_sight()
    return found


@transaction.atomic
def refer_again(*, case: str, actor: Employee, product: Product, at: datetime, consent: bool) -> Referral:
    """深度营销: the officer refers the client of the coaching call for another card. The client's data are those of the
    first case, which stays as it is; the lead goes to the collectors of its area."""
    first = coached_case(case, actor=actor)
    client = first.applicant
    person = intake.Person(
        name=client.name.reveal() if client.name else "",
        mobile=client.mobile.reveal() if client.mobile else "",
        id_number=client.id_number.reveal() if client.id_number else "",
    )
    area = first.area or (first.branch.area if first.branch else None)
    return refer(actor=actor, product=product, person=person, at=at, consent=consent, area=area)


def is_paid(case: Application, *, at: datetime) -> bool:
    """Whether the referral can earn its share: an employee needs a valid qualification on that day."""
    if case.referrer_type != ReferrerType.EMPLOYEE or case.referrer is None:
        return True
    return case.referrer.is_qualified(local_day(at))


def _retiree(sender: Sender | None) -> Employee:
    retirees = Employee.objects.active().filter(employment=Employment.RETIREE)
    found: Employee | None = retirees.filter(number=sender.code.upper()).first() if sender and sender.code else None
    if found is None:
        sentence = _("Enter the employee number of the retiree.")
        raise Malformed("no_such_retiree", sentence, {"external_referrer": sentence})
    return found


def _external(sender: Sender | None, *, person: intake.Person, sponsor: Employee, at: datetime) -> ExternalReferrer:
    """The client who refers: by code, or by mobile, registered when new. One person keeps one code."""
    if sender is not None and sender.code:
        found = ExternalReferrer.objects.filter(code=sender.code.upper()).first()
    elif sender is not None and sender.name and sender.mobile:
        found = _registered(sender, sponsor=sponsor, at=at)
    else:
        found = None
    if found is None:
        sentence = _("Enter name and mobile of the client who refers, or the code of an earlier referral.")
        raise Malformed("no_such_referrer", sentence, {"external_referrer": sentence})
    if bytes(found.mobile_index) == mobile_index(person.mobile):
        raise Refused("refers_self", _("A client cannot refer himself: take the referral without a referring client."))
    return found


def _registered(sender: Sender, *, sponsor: Employee, at: datetime) -> ExternalReferrer:
    sent = intake.person_of(name=sender.name, mobile_number=sender.mobile, id_required=False)
    digest = mobile_index(sent.mobile)
    with connection.cursor() as cursor:  # two desks that register the same person at once are put in line
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [int.from_bytes(digest[8:], "big", signed=True)])
        found = ExternalReferrer.objects.filter(mobile_index=digest).first()
        if found is not None:
            return found
        cursor.execute("SELECT nextval('referrals_external_number')")
        number = cursor.fetchone()[0]
    external = ExternalReferrer(code=f"KH{number:06d}", sponsor=sponsor, created_at=at)
    external.fill(name=sent.name, mobile=sent.mobile)
    external.save(force_insert=True)
    return external
