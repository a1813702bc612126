"""From the referral to the taken-in file: T01-T06, T12, T13."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from applications.lifecycle import Clock, State, Step
from applications.models import (
    Applicant,
    Application,
    ChecklistItem,
    CustomerGroup,
    Document,
    GroupBatch,
    Product,
    ReasonCode,
)  # fmt: skip
from applications.models.case import ReferrerType
from applications.rules import require_qualified_collector
from applications.services.engine import Ref, open_case, taking
from applications.services.groups import join
from applications.services.numbers import case_number, status_code
from applications.services.warnings import compute_warnings
from ops_center.clock import local_day
from ops_center.kernel.errors import Malformed, NotAllowed, Refused
from ops_center.kernel.identity import age_on, mobile, resident_id
from organization.models import Area, Branch, Employee
from organization.querysets import EmployeeQuerySet
from organization.roles import Role
from organization.services.inbox import tell
from organization.vault import vault

E_INTAKE_PAGES = {("ID", "FRONT"), ("ID", "BACK"), ("FORM", "FRONT")}


@dataclass(frozen=True, slots=True)
class Person:
    """A client as typed at the counter: checked and normalised. ``id_number`` may be empty at the referral."""

    name: str
    mobile: str
    id_number: str = ""
    born_on: date | None = None


def person_of(*, name: str, mobile_number: str, id_number: str = "", id_required: bool = True) -> Person:
    """Checks name, mobile and ID number together; Malformed with the sentence of every field that is wrong."""
    wrong: dict[str, Any] = {}
    clean_name = "".join(name.split())
    clean_mobile, clean_id, born_on = "", "", None
    if not 2 <= len(clean_name) <= 40:
        wrong["customer_name"] = _("Enter the client's full name as on the ID card.")
    try:
        clean_mobile = mobile(mobile_number)
    except Malformed as error:
        wrong["mobile"] = str(error)
    if id_number.strip():
        try:
            found = resident_id(id_number)
            clean_id, born_on = found.number, found.born_on
        except Malformed as error:
            wrong["id_number"] = str(error)
    elif id_required:
        wrong["id_number"] = _("Enter the 18-digit resident ID number.")
    if wrong:
        raise Malformed("bad_person", _("Please correct the marked fields."), wrong)
    return Person(name=clean_name, mobile=clean_mobile, id_number=clean_id, born_on=born_on)


# -- T01: a referral --------------------------------------------------------------------------------------------------
@transaction.atomic
def refer(
    *,
    actor: Employee,
    product: Product,
    person: Person,
    at: datetime,
    consent: bool,
    customer_group: str = "",
    campaign: str = "",
    referrer_type: str = ReferrerType.EMPLOYEE,
    referrer: Employee | None = None,
    area: Area | None = None,
) -> Application:
    """A lead for the pool of the referrer's area. ``actor`` signs; the referrer is the actor unless a client refers.

    Refused when the product is closed, consent is missing, or a case of the same person is open (with its stage).
    """
    if actor.is_outsourced:
        raise NotAllowed("outsourced_referrer", _("Marketing may not be outsourced: outsourced staff cannot refer."))
    if not actor.has_role(Role.EMP, Role.CM, Role.BH, Role.CS, Role.AS, on=local_day(at)):
        raise NotAllowed("wrong_role", _("Your role does not include referring."))
    _require_open_product(product)
    _require_consent(consent)
    require_no_duplicate(person, at=at)
    by_employee = referrer_type in (ReferrerType.EMPLOYEE, ReferrerType.RETIREE)
    case = _insert(
        state=State.REFERRED, product=product, person=person, at=at, customer_group=customer_group, campaign=campaign,
        referrer_type=referrer_type, referrer=(referrer or actor) if by_employee else None,
        area=area or actor.branch.area, referred_at=at, consent_at=at,
    )  # fmt: skip
    open_case(case, step=Step.REFER, actor=actor, at=at)
    tell(
        _pool(case), kind="lead_new", at=at, about=f"/applications/{case.number}/", number=case.number,
        product=product.name, due=case.due_at.isoformat() if case.due_at else "",
    )  # fmt: skip
    return case


def _pool(case: Application) -> EmployeeQuerySet:
    """Who is told of a lead: the collectors of its area; of one without an area, from the center, all of them."""
    pool: EmployeeQuerySet = Employee.objects.holding(Role.CS, on=local_day(case.created_at))
    return pool.filter(areas=case.area) if case.area_id else pool


# -- T02, T03: a collector takes the lead -----------------------------------------------------------------------------
@transaction.atomic
def accept(*, case: Ref, actor: Employee, at: datetime, version: int | None = None) -> Application:
    """First come, first served: the row lock decides, the others read who was first."""
    try:
        with taking(Step.ACCEPT, case=case, actor=actor, at=at, version=version) as move:
            move.case.accept(at=at, collector=actor)
            tell([move.case.referrer], kind="lead_accepted", at=at, about=f"/applications/{move.case.number}/",
                 number=move.case.number, person=actor.name)  # fmt: skip
    except Refused as no:
        if no.code != "step_not_open":
            raise
        raise _accepted_by_another(case, no) from None
    return move.case


def _accepted_by_another(case: Ref, no: Refused) -> Refused:
    """Whoever comes second is told so; any other state is told as it is."""
    taken = Application.objects.filter(**{"number" if isinstance(case, str) else "pk": case}).first()
    if taken is None or taken.collector_id is None:
        return no
    return Refused(
        "accepted_by_another",
        _("%(number)s has already been accepted by somebody else. Take another lead from the pool.")
        % {"number": taken.number},
        state=taken.state,
    )


@transaction.atomic
def release(
    *, case: Ref, actor: Employee, at: datetime, code: str, note: str = "", version: int | None = None
) -> Application:
    """Back to the pool, with a reason code; the accept clock starts again."""
    reason = reason_for(code, effect=ReasonCode.Effect.RELEASE)
    with taking(Step.RELEASE, case=case, actor=actor, at=at, version=version, note=note) as move:
        move.facts = {"code": code}
        move.case.release()
        tell(_pool(move.case), kind="lead_released", at=at, about=f"/applications/{move.case.number}/",
             number=move.case.number, reason=reason.label)  # fmt: skip
    return move.case


# -- T04: intake begins -----------------------------------------------------------------------------------------------
@transaction.atomic
def start_intake(
    *, case: Ref, actor: Employee, at: datetime, person: Person, customer_group: str, consent: bool,
    group_batch: GroupBatch | None = None, version: int | None = None,
) -> Application:  # fmt: skip
    """An accepted lead becomes a file: the client's data as on the ID card, no open case of the same person."""
    _require_consent(consent)
    with taking(Step.START_INTAKE, case=case, actor=actor, at=at, version=version) as move:
        _require_age(move.case.product, person, at=at)
        _require_checklist(move.case.product, customer_group, at=at)
        require_no_duplicate(person, at=at, besides=move.case.pk)
        batch = join(group_batch, collector=actor, customer_group=customer_group) if group_batch else None
        move.case.start_intake(at=at, customer_group=customer_group, consent_at=at, group_batch=batch)
        applicant = move.case.applicant
        applicant.fill(name=person.name, mobile=person.mobile, id_number=person.id_number)
        applicant.save()
    return move.case


@transaction.atomic
def start_walk_in(
    *,
    actor: Employee,
    product: Product,
    person: Person,
    customer_group: str,
    at: datetime,
    consent: bool,
    referrer: Employee | None = None,
    group_batch: GroupBatch | None = None,
) -> Application:
    """A collector starts a file without a referral; a referrer may be named (the client says who sent him)."""
    if not actor.has_role(Role.CM, Role.BH, Role.CS, on=local_day(at)):
        raise NotAllowed(
            "wrong_role", _("Files are collected by customer managers, branch heads and card-center staff.")
        )
    require_qualified_collector(actor, at=at)
    _require_open_product(product)
    _require_consent(consent)
    _require_age(product, person, at=at)
    if referrer is not None and (not referrer.is_active or referrer.is_outsourced):
        raise Refused("referrer_inactive", _("The referrer must be an active employee of the bank."))
    _require_checklist(product, customer_group, at=at)
    require_no_duplicate(person, at=at)
    if group_batch is not None:
        group_batch = join(group_batch, collector=actor, customer_group=customer_group)
    case = _insert(
        state=State.DRAFT, product=product, person=person, at=at, customer_group=customer_group,
        group_batch=group_batch,
        referrer_type=ReferrerType.EMPLOYEE if referrer else ReferrerType.NONE, referrer=referrer, collector=actor,
        branch=actor.branch, area=actor.branch.area, draft_at=at, consent_at=at,
    )  # fmt: skip
    open_case(case, step=Step.START_INTAKE, actor=actor, at=at)
    return case


# -- T05: intake is complete ------------------------------------------------------------------------------------------
def checklist_of(case: Application, *, on: date) -> list[ChecklistItem]:
    """The lines of the checklist for the case's product and customer group, in their latest version."""
    lines: dict[str, ChecklistItem] = {}
    rows = ChecklistItem.objects.filter(
        tier=case.product.tier, customer_group=case.customer_group or CustomerGroup.SALARIED, starts_on__lte=on
    ).order_by("starts_on", "place")
    for row in rows:
        lines[row.code] = row
    return sorted(lines.values(), key=lambda line: line.place)


def missing_from(lines: Sequence[ChecklistItem], items: Sequence[dict[str, Any]]) -> list[str]:
    """What a pack still lacks, in words: required lines without a copy marked "original seen", sets without any."""
    have = {item["code"] for item in items if item.get("copy") and item.get("original_seen")}
    missing = [line.label for line in lines if line.need == ChecklistItem.Need.REQUIRED and line.code not in have]
    sets: dict[str, list[ChecklistItem]] = {}
    for line in lines:
        if line.need == ChecklistItem.Need.ONE_OF:
            sets.setdefault(line.one_of, []).append(line)
    for alternatives in sets.values():
        if not any(line.code in have for line in alternatives):
            missing.append(_("one of: %(items)s") % {"items": "、".join(line.label for line in alternatives)})  # noqa: PERF401
    return missing


@transaction.atomic
def complete_intake(
    *,
    case: Ref,
    actor: Employee,
    at: datetime,
    items: Sequence[dict[str, Any]],
    witness_person: bool,
    witness_original: bool,
    witness_signature: bool,
    client_signature: bool,
    credit_auth: bool,
    form_no: str = "",
    version: int | None = None,
) -> Application:
    """收件完成: pack complete, three-witness statement signed. Refused with the list of what is missing.

    ``items``: ``{"code", "original_seen", "copy"}`` per line of the checklist; what is optional may be left out.
    """
    with taking(Step.COMPLETE_INTAKE, case=case, actor=actor, at=at, version=version) as move:
        file = move.case
        lines = checklist_of(file, on=local_day(at))
        unknown = sorted({item["code"] for item in items} - {line.code for line in lines})
        if unknown:
            raise Malformed("unknown_item", _("Not on this checklist: %(codes)s.") % {"codes": "、".join(unknown)})
        missing = missing_from(lines, items)
        needs_authorisation = any(line.code == "CREDIT_AUTH" and line.need == "R" for line in lines)
        for given, words in (
            (witness_person, _("three-witness: the applicant seen in person")),
            (witness_original, _("three-witness: the originals seen")),
            (witness_signature, _("three-witness: the signature seen")),
            (client_signature, _("the client's signature")),
            (credit_auth or not needs_authorisation, _("the signed credit-inquiry authorisation")),
        ):
            if not given:
                missing.append(words)
        if not file.applicant.id_index:
            missing.append(_("the client's ID number"))
        if missing:
            raise Refused(
                "pack_incomplete",
                _("The pack is not complete; still missing: %(items)s. Tick what is there, or collect it first.")
                % {"items": "；".join(missing)},
                missing=missing,
            )
        file.review_mode = file.product.review_mode
        move.facts = {
            "items": sorted(item["code"] for item in items if item.get("copy")),
            "witness": ["person", "original", "signature"],
        }
        file.complete_intake(at=at, priced_on=local_day(at), form_no=form_no.strip())
    compute_warnings(move.case, at=at)
    return move.case


# -- T06, T12, T13: which way the file goes ---------------------------------------------------------------------------
@transaction.atomic
def hand_to_branch(
    *, case: Ref, actor: Employee, at: datetime, branch: Branch, version: int | None = None
) -> Application:
    """就近转交: card-center staff hand the paper to a nearby branch, whose clerk confirms."""
    if branch.kind != Branch.Kind.BRANCH or not branch.is_active:
        raise Refused("no_such_host", _("%(branch)s does not pack bags: choose a branch.") % {"branch": branch.name})
    with taking(Step.HAND_TO_BRANCH, case=case, actor=actor, at=at, version=version) as move:
        move.facts = {"branch": branch.code}
        move.case.hand_to_branch(host=branch)
        clerks = Employee.objects.holding(Role.BAG, on=local_day(at)).filter(branch=branch)
        tell(clerks, kind="hand_over_offered", at=at, about="/bags/", number=move.case.number, person=actor.name)
    return move.case


@transaction.atomic
def confirm_hand_to_branch(*, case: Ref, actor: Employee, at: datetime, version: int | None = None) -> Application:
    """The branch has the paper: from now on it answers for the day's dispatch."""
    with taking(Step.CONFIRM_HAND_TO_BRANCH, case=case, actor=actor, at=at, version=version) as move:
        move.case.confirm_hand_to_branch(at=at)
        move.clocks.give_to(Clock.DISPATCH, owner=None, owner_branch=move.case.host_branch)
    return move.case


@transaction.atomic
def e_intake(*, case: Ref, actor: Employee, at: datetime, version: int | None = None) -> Application:
    """影像直传: the images go ahead, the paper follows by bag without a clock."""
    with taking(Step.E_INTAKE, case=case, actor=actor, at=at, version=version) as move:
        have = set(Document.objects.filter(application=move.case).values_list("kind", "side"))
        if not have >= E_INTAKE_PAGES:
            raise Refused("images_missing", _("Upload the form and both sides of the ID card first."))
        move.case.e_intake(at=at)
    return move.case


@transaction.atomic
def self_route(*, case: Ref, actor: Employee, at: datetime, version: int | None = None) -> Application:
    """Path A: the customer manager does everything; no bag is needed before the entry."""
    with taking(Step.SELF_ROUTE, case=case, actor=actor, at=at, version=version) as move:
        move.case.self_route(at=at)
        compute_warnings(move.case, at=at)
    return move.case


@transaction.atomic
def hand_to_center(
    *, case: Ref, actor: Employee, at: datetime, note: str = "", version: int | None = None
) -> Application:
    """移交集中: a Path A file goes to the center's queue after all; the path becomes B."""
    with taking(Step.HAND_TO_CENTER, case=case, actor=actor, at=at, version=version, note=note) as move:
        move.case.hand_to_center()
        for kind in (Clock.CHECK, Clock.ENTRY):
            move.clocks.give_to(kind, owner=None)
    return move.case


# -- what several steps ask -------------------------------------------------------------------------------------------
def reason_for(code: str, *, effect: str) -> ReasonCode:
    """An active reason code that allows the effect; Malformed otherwise."""
    found = ReasonCode.objects.filter(pk=code, is_active=True).first()
    if found is None or effect not in found.effects:
        raise Malformed(
            "unknown_code",
            _("“%(code)s” is not a code for this: choose one from the list.") % {"code": code},
            {"code": _("Choose a code from the list.")},
        )
    return found


def require_no_duplicate(person: Person, *, at: datetime, besides: int | None = None) -> None:
    """Refused while a case of the same ID number (without one: the same mobile) is open, with that case's stage.

    Two clerks who type the same person at the same moment are put in line by a lock on the hash.
    """
    mobile_digest = vault().index("mobile", person.mobile)
    id_digest = vault().index("id_number", person.id_number) if person.id_number else None
    with connection.cursor() as cursor:
        for digest in sorted(filter(None, (mobile_digest, id_digest))):
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [int.from_bytes(digest[:8], "big", signed=True)])
    same = Q(applicant__mobile_index=mobile_digest)
    if id_digest:  # a lead that has no ID number yet is known by its mobile
        same = Q(applicant__id_index=id_digest) | (same & Q(applicant__id_index=None))
    first = Application.objects.open().filter(same, is_imported=False).exclude(pk=besides or 0).order_by("id").first()
    if first is not None:
        raise Refused(
            "duplicate",
            _("A case of this person is open (stage: %(stage)s). The first referral counts; wait for its end.")
            % {"stage": first.macro_stage.label},
            stage=first.macro_stage.value,
        )


def _require_open_product(product: Product) -> None:
    if not product.is_active:
        raise Refused("product_closed", _("%(product)s is not open for applications.") % {"product": product.name})


def _require_checklist(product: Product, customer_group: str, *, at: datetime) -> None:
    """Some groups and products do not go together: an official card for a freelancer, a group without a list."""
    if not ChecklistItem.objects.filter(
        tier=product.tier, customer_group=customer_group, starts_on__lte=local_day(at)
    ).exists():
        raise Refused(
            "no_checklist",
            _("%(product)s is not for this customer group: choose another group or another product.")
            % {"product": product.name},
        )


def _require_consent(consent: bool) -> None:
    if not consent:
        raise Refused("no_consent", _("Record the client's consent to the processing of personal data first."))


def _require_age(product: Product, person: Person, *, at: datetime) -> None:
    if person.born_on is None:
        return
    age = age_on(person.born_on, local_day(at))
    if not product.min_age <= age <= product.max_age:
        raise Refused(
            "age",
            _("%(product)s is for clients from %(min)s to %(max)s years; this client is %(age)s.")
            % {"product": product.name, "min": product.min_age, "max": product.max_age, "age": age},
        )


def _insert(*, state: State, product: Product, person: Person, at: datetime, **columns: Any) -> Application:
    case = Application(
        number=case_number(at), status_code=_free_code(), state=state, version=0, product=product,
        review_mode=product.review_mode, created_at=at, progressed_at=at, **columns,
    )  # fmt: skip
    case.save(force_insert=True)
    applicant = Applicant(application=case)
    applicant.fill(name=person.name, mobile=person.mobile, id_number=person.id_number)
    applicant.save(force_insert=True)
    return case


def _free_code() -> str:
    code = status_code()
    while Application.objects.filter(status_code=code).exists():
        code = status_code()
    return code
