"""封包、交运、签收: sealed bags between a branch and the center (T07-T11)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from applications import errors
from applications.lifecycle import RULES, State, Step
from applications.models import Application, Bag, BagIncident, BagItem, Seal
from applications.querysets import ApplicationQuerySet
from applications.services.engine import taking
from applications.services.numbers import bag_number
from ops_center.clock import local_day
from ops_center.kernel.errors import Malformed, NotAllowed, OutOfSight, Refused, StaleVersion
from organization.models import Branch, Employee
from organization.roles import Role
from organization.services.inbox import tell

INCIDENT_HOURS = 24
MISSING, EXTRA, WRONG_SEAL, LOST = "L01", "L02", "L03", "L04"


def bags_visible_to(employee: Employee, at: datetime) -> QuerySet[Bag]:
    """Own branch's bags for branch staff; those on their way or arrived for receivers; all for who supervises."""
    roles = employee.role_codes(local_day(at))
    bags = Bag.objects.select_related("branch", "sealed_by", "witness", "received_by")
    if roles & {Role.TR, Role.SUP, Role.AUD}:
        return bags
    if Role.RCV in roles:
        return bags.exclude(state__in=[Bag.State.OPEN, Bag.State.SEALED])
    if roles & {Role.BAG, Role.BH, Role.CM}:
        return bags.filter(branch=employee.branch_id)
    return bags.none()


@transaction.atomic
def open_bag(*, branch: Branch, actor: Employee, at: datetime) -> Bag:
    """A new bag of the clerk's own branch."""
    _require_branch_clerk(actor, branch=branch, at=at)
    return Bag.objects.create(number=bag_number(at), branch=branch, opened_by=actor, opened_at=at)


def files_to_pack(branch: Branch) -> ApplicationQuerySet:
    """Taken-in files whose paper lies at this branch and that are in no bag yet, earliest deadline first."""
    return (
        Application.objects.filter(state=State.TAKEN_IN)
        .filter(_in_custody_of(branch))
        .exclude(bag_items__fate=BagItem.Fate.PACKED)
        .with_people()
        .order_by("due_at", "id")
    )


@transaction.atomic
def add_file(*, bag: int, case: str, actor: Employee, at: datetime) -> BagItem:
    """Puts a file into an open bag. Refused for another branch's paper, a wrong state, or a file in another bag."""
    packed = _lock_bag(bag, actor=actor, at=at)
    _require_state(packed, Bag.State.OPEN, _("it is no longer open"))
    file = Application.objects.select_for_update(of=("self",)).filter(number=case).first()
    if file is None or packed.branch_id not in (file.branch_id, file.host_branch_id):
        raise errors.out_of_sight()
    if file.state != State.TAKEN_IN:
        raise errors.step_not_open(file, Step.SEAL)
    if file.custody_branch_id != packed.branch_id:
        raise Refused(
            "not_in_custody",
            _("The paper of %(number)s is not here yet: confirm the hand-over first.") % {"number": file.number},
        )
    other = BagItem.objects.filter(application=file, fate=BagItem.Fate.PACKED).select_related("bag").first()
    if other is not None:
        raise Refused(
            "in_another_bag",
            _("%(number)s is already in bag %(bag)s.") % {"number": file.number, "bag": other.bag.number},
        )
    kind = BagItem.Kind.SUPPLEMENT if file.round > 1 else BagItem.Kind.FILE
    return BagItem.objects.create(bag=packed, application=file, kind=kind, added_by=actor, added_at=at)


@transaction.atomic
def take_out(*, bag: int, case: str, actor: Employee, at: datetime) -> None:
    """Takes a file out of an open bag again."""
    packed = _lock_bag(bag, actor=actor, at=at)
    _require_state(packed, Bag.State.OPEN, _("it is no longer open"))
    BagItem.objects.filter(bag=packed, application__number=case).delete()


@transaction.atomic
def seal_bag(
    *, bag: int, seal_no: str, witness: Employee, actor: Employee, at: datetime, version: int | None = None
) -> Bag:
    """封包: two different people of the branch, a seal number that was never used, at least one file."""
    packed = _lock_bag(bag, actor=actor, at=at, version=version)
    _require_state(packed, Bag.State.OPEN, _("it has been sealed already"))
    _require_witness(packed, actor=actor, witness=witness, at=at)
    seal = seal_no.strip()
    if not seal:
        raise Malformed("seal_missing", _("Enter the seal number."), {"seal_no": _("Enter the seal number.")})
    items = list(packed.items.select_related("application").order_by("application_id"))
    if not items:
        raise Refused("bag_empty", _("The bag is empty: add the files of the day before sealing it."))
    try:
        with transaction.atomic():
            Seal.objects.create(seal_no=seal, bag=packed, used_at=at)
    except IntegrityError:
        raise Refused(
            "seal_used", _("Seal number %(seal)s has been used before: take a new seal.") % {"seal": seal}
        ) from None
    for item in items:
        with taking(Step.SEAL, case=item.application_id, actor=actor, at=at, cleared=True) as move:
            move.facts = {"bag": packed.number, "witness": witness.number}
            move.case.seal(at=at)
    packed.state, packed.seal_no, packed.sealed_by, packed.witness, packed.sealed_at = (
        Bag.State.SEALED, seal, actor, witness, at,
    )  # fmt: skip
    return _save(packed)


@transaction.atomic
def unseal_bag(
    *, bag: int, reason: str, witness: Employee, actor: Employee, at: datetime, version: int | None = None
) -> Bag:
    """拆封: before the truck has it, two people, with a reason; the old seal number stays used."""
    packed = _lock_bag(bag, actor=actor, at=at, version=version)
    _require_state(packed, Bag.State.SEALED, _("only a sealed bag that is still here can be opened"))
    _require_witness(packed, actor=actor, witness=witness, at=at)
    if not reason.strip():
        raise Malformed(
            "reason_missing", _("Say why the seal is broken."), {"reason": _("Say why the seal is broken.")}
        )
    Seal.objects.filter(seal_no=packed.seal_no).update(voided_at=at, void_reason=reason[:200])
    for item in _still(packed, State.BAGGED):
        with taking(Step.UNSEAL, case=item.application_id, actor=actor, at=at, cleared=True, note=reason) as move:
            move.facts = {"bag": packed.number, "witness": witness.number}
            move.case.unseal()
    packed.state, packed.seal_no = Bag.State.OPEN, ""
    return _save(packed)


@transaction.atomic
def hand_over_bag(
    *, bag: int, truck_no: str, escort: str, actor: Employee, at: datetime, version: int | None = None
) -> Bag:
    """交运: the sealed bag leaves with the cash truck; the day's dispatch clocks stop."""
    packed = _lock_bag(bag, actor=actor, at=at, version=version)
    _require_state(packed, Bag.State.SEALED, _("seal it first, or it has left already"))
    blank = {name: _("Required.") for name, value in (("truck_no", truck_no), ("escort", escort)) if not value.strip()}
    if blank:
        raise Malformed("truck_missing", _("Enter the truck and the escort who signs for the bag."), blank)
    for item in _still(packed, State.BAGGED):
        with taking(Step.HAND_OVER, case=item.application_id, actor=actor, at=at, cleared=True) as move:
            move.facts = {"bag": packed.number, "truck": truck_no}
            move.case.hand_over(at=at)
    packed.state, packed.truck_no, packed.escort = Bag.State.HANDED_OVER, truck_no.strip(), escort.strip()
    packed.handed_over_by, packed.handed_over_at = actor, at
    return _save(packed)


@transaction.atomic
def receive_bag(
    *,
    bag: int,
    seal_no: str,
    received: Sequence[str],
    missing: Sequence[str],
    extra: Sequence[str],
    actor: Employee,
    at: datetime,
    version: int | None = None,
) -> Bag:
    """签收: every file on the manifest is ticked as received or missing; differences open incidents of 24 hours.

    A seal that differs opens an incident too (L03); the files that are there are received all the same. Numbers that
    are not on the manifest go into ``extra``. Malformed when a file of the manifest is in neither list.
    """
    if not actor.has_role(Role.RCV, on=local_day(at)):
        raise errors.wrong_role(Step.RECEIVE)
    packed = _lock_bag(bag, actor=actor, at=at, version=version)
    _require_state(packed, Bag.State.HANDED_OVER, _("it is not on its way"))
    items = {item.application.number: item for item in packed.items.select_related("application")}
    _require_whole_count(items, received=received, missing=missing)
    found = set(received)
    incidents: list[BagIncident] = []

    def incident(code: str, *, case: Application | None = None, note: str = "") -> None:
        incidents.append(
            BagIncident(
                bag=packed,
                code=code,
                application=case,
                note=note[:200],
                opened_by=actor,
                opened_at=at,
                due_at=at + timedelta(hours=INCIDENT_HOURS),
            )
        )

    if seal_no.strip() != packed.seal_no:
        incident(WRONG_SEAL, note=seal_no.strip())
    moving = {item.pk for item in _still(packed, State.IN_TRANSIT)}
    for number, item in sorted(items.items(), key=lambda pair: pair[1].application_id):
        if item.pk not in moving:  # withdrawn on the way: the paper is counted, the case stays where it ended
            item.fate = BagItem.Fate.RECEIVED if number in found else BagItem.Fate.MISSING
            if number not in found:
                incident(MISSING, case=item.application)
        elif number in found:
            with taking(Step.RECEIVE, case=item.application_id, actor=actor, at=at, cleared=True) as move:
                move.facts = {"bag": packed.number}
                move.case.receive(at=at)
            item.fate = BagItem.Fate.RECEIVED
        else:
            with taking(Step.REPORT_MISSING, case=item.application_id, actor=actor, at=at, cleared=True) as move:
                move.facts = {"bag": packed.number, "code": MISSING}
                move.case.report_missing()
            item.fate = BagItem.Fate.MISSING
            incident(MISSING, case=move.case)
        item.save(update_fields=["fate"])
    for number in sorted(set(extra)):
        incident(EXTRA, case=Application.objects.filter(number=number).first(), note=number)
    BagIncident.objects.bulk_create(incidents)
    packed.received_by, packed.received_at = actor, at
    packed.state = Bag.State.DISCREPANCY if incidents else Bag.State.RECONCILED
    _save(packed)
    if incidents:
        _tell_of_difference(packed, found=len(found & set(items)), packed_count=len(items), seal=seal_no, at=at)
    return packed


@transaction.atomic
def close_incident(
    *, incident: int, finding: str, turned_up: bool = False, actor: Employee, at: datetime
) -> BagIncident:
    """Closes one incident with its finding; the bag is reconciled when none is left.

    ``turned_up`` decides about a missing file: it is received by the same act (T10), or it is lost, which the note of
    the incident says (L04), and its case stays in transit. Of other incidents it says nothing.
    """
    # The bag first: of two receivers who close its last two incidents the second sees what the first has done.
    bag = Bag.objects.select_for_update().filter(incidents=incident).first()
    incidents = BagIncident.objects.select_for_update(of=("self",)).select_related("application")
    row = incidents.filter(pk=incident).first()
    if bag is None or row is None:
        raise OutOfSight("not_found", _("There is no such incident."))
    if not actor.has_role(Role.RCV, Role.SUP, on=local_day(at)):
        raise NotAllowed("wrong_role", _("Bag incidents are closed by the receivers or the supervisor."))
    if not finding.strip():
        raise Malformed("finding_missing", _("Say what was found."), {"finding": _("Say what was found.")})
    if row.closed_at is not None:
        raise Refused("incident_closed", _("This incident has been closed already."))
    if row.code == MISSING and turned_up:
        _receive_late(row, bag=bag, finding=finding, actor=actor, at=at)
    elif row.code == MISSING:
        row.note = LOST
        _tell_of_loss(row, bag=bag, at=at)
    row.finding, row.closed_by, row.closed_at = finding[:200], actor, at
    row.save(update_fields=["note", "finding", "closed_by", "closed_at"])
    if not bag.incidents.filter(closed_at=None).exists():
        bag.state = Bag.State.RECONCILED
        _save(bag)
    return row


# -- inside -----------------------------------------------------------------------------------------------------------
def _in_custody_of(branch: Branch) -> Q:
    return Q(host_branch=branch, host_confirmed_at__isnull=False) | Q(branch=branch, host_confirmed_at=None)


def _receive_late(row: BagIncident, *, bag: Bag, finding: str, actor: Employee, at: datetime) -> None:
    """A missing file has turned up. Where the case has ended meanwhile, only its paper is counted."""
    if row.application is None:
        return
    if row.application.state == State.IN_TRANSIT:
        with taking(Step.RECEIVE, case=row.application.pk, actor=actor, at=at, cleared=True, note=finding) as move:
            move.facts = {"bag": bag.number, "incident": row.pk}
            move.case.receive(at=at)
    BagItem.objects.filter(bag=bag, application=row.application).update(fate=BagItem.Fate.RECEIVED)


def _still(bag: Bag, state: State) -> list[BagItem]:
    """The files of a bag whose cases still stand there, locked: a client may have withdrawn meanwhile, and then only
    the paper travels on."""
    items = bag.items.filter(application__state=state).select_related("application").order_by("application_id")
    return list(items.select_for_update(of=("self", "application")))


def _lock_bag(bag: int, *, actor: Employee, at: datetime, version: int | None = None) -> Bag:
    found = Bag.objects.select_for_update(of=("self",)).select_related("branch").filter(pk=bag).first()
    if found is None or not bags_visible_to(actor, at).filter(pk=found.pk).exists():
        raise OutOfSight("not_found", _("No such bag among those that you can see."))
    if version is not None and version != found.version:
        raise StaleVersion(
            "stale_version", _("Somebody has changed bag %(bag)s since you opened it. Reload.") % {"bag": found.number}
        )
    if found.state in (Bag.State.OPEN, Bag.State.SEALED):
        _require_branch_clerk(actor, branch=found.branch, at=at)
    return found


def _require_branch_clerk(actor: Employee, *, branch: Branch, at: datetime) -> None:
    if not actor.has_role(*RULES[Step.SEAL].by, on=local_day(at)):
        raise errors.wrong_role(Step.SEAL)
    if actor.branch_id != branch.pk:
        raise OutOfSight("not_found", _("No such bag among those that you can see."))


def _require_witness(bag: Bag, *, actor: Employee, witness: Employee, at: datetime) -> None:
    if witness.pk == actor.pk:
        raise Refused("same_witness", _("Sealing takes two people: name somebody else as the witness."))
    if witness.branch_id != bag.branch_id or not witness.is_active or witness.is_absent(local_day(at)):
        raise Refused(
            "witness_elsewhere", _("The witness must be a colleague of the same branch who is at work today.")
        )


def _require_state(bag: Bag, wanted: Bag.State, why: str) -> None:
    if bag.state != wanted:
        raise Refused(
            "bag_state",
            _("Bag %(bag)s is “%(state)s”: %(why)s.")
            % {"bag": bag.number, "state": bag.get_state_display(), "why": why},
            state=bag.state,
        )


def _require_whole_count(items: Iterable[str], *, received: Sequence[str], missing: Sequence[str]) -> None:
    manifest, ticked = set(items), [*received, *missing]
    strangers, doubled = sorted(set(ticked) - manifest), sorted({n for n in ticked if ticked.count(n) > 1})
    if strangers:
        raise Malformed(
            "not_on_manifest",
            _("Not on the manifest: %(numbers)s. Register them as extra files.") % {"numbers": "、".join(strangers)},
        )
    if doubled:
        raise Malformed("counted_twice", _("Ticked twice: %(numbers)s.") % {"numbers": "、".join(doubled)})
    left = sorted(manifest - set(ticked))
    if left:
        raise Malformed(
            "not_counted",
            _("Tick every file as received or missing; not ticked: %(numbers)s.") % {"numbers": "、".join(left)},
        )


def _tell_of_loss(row: BagIncident, *, bag: Bag, at: datetime) -> None:
    """资料遗失: within 24 hours to the supervisors and the head of the branch (L04)."""
    number = row.application.number if row.application else "—"
    tell(_answering(bag, at=at), kind="file_lost", at=at, about=f"/bags/{bag.pk}/", bag=bag.number, number=number)


def _answering(bag: Bag, *, at: datetime) -> list[Employee]:
    """The head of the branch and the center's supervisors."""
    day = local_day(at)
    heads = Employee.objects.holding(Role.BH, on=day).filter(branch=bag.branch)
    return [*heads, *Employee.objects.holding(Role.SUP, on=day)]


def _tell_of_difference(bag: Bag, *, found: int, packed_count: int, seal: str, at: datetime) -> None:
    people, about = _answering(bag, at=at), f"/bags/{bag.pk}/"
    if seal.strip() != bag.seal_no:
        tell(people, kind="bag_seal", at=at, about=about, bag=bag.number, expected=bag.seal_no, found=seal.strip())
    if found != packed_count or bag.incidents.exclude(code=WRONG_SEAL).exists():
        tell(people, kind="bag_missing", at=at, about=about, bag=bag.number, packed=packed_count, found=found)


def _save(bag: Bag) -> Bag:
    bag.version += 1
    bag.save()
    return bag
