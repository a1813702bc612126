"""团办: opening, changing and closing a group batch, and what it asks of a file that joins it."""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from collections.abc import Iterable
from datetime import date, datetime
from typing import BinaryIO

from django.db import connection, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from applications.lifecycle import FINISHED
from applications.models import Application, GroupBatch, GroupVisit, UnitList
from applications.querysets import MEMBERS, ApplicationQuerySet
from applications.services.documents import cleaned
from applications.services.numbers import group_batch_code
from applications.services.personal import open_value, require_said
from ops_center.clock import local_day
from ops_center.kernel.errors import Malformed, NotAllowed, OutOfSight, Refused, StaleVersion
from ops_center.kernel.identity import mobile, phone, plain, visible
from organization.models import Branch, Employee
from organization.roles import Role
from organization.services.audit import record
from organization.vault import vault

OPENERS = (Role.CM, Role.BH)
CONTACT = {"contact_name": "contact_name_mask", "contact_mobile": "contact_mobile_mask"}
MOST_HEADS, MOST_VISITS = 100_000, 6
SHOWN = 3  # numbers in a sentence
_EMPLOYER_LOCK = 7_319_310  # the space of the locks of employers' names

Visits = Iterable[tuple[str, date]]


# -- the batch ---------------------------------------------------------------------------------------------------------
@transaction.atomic
def open_batch(
    *,
    actor: Employee,
    at: datetime,
    employer: str,
    level: str,
    head_count: int,
    contact_name: str,
    contact_mobile: str,
    host: Employee,
    employer_address: str = "",
    work_phone: str = "",
    visits: Visits = (),
) -> GroupBatch:
    """A batch of the actor's branch. Refused while the employer has an open one; Malformed names every wrong field."""
    if not actor.has_role(*OPENERS, on=local_day(at)) or actor.branch.kind != Branch.Kind.BRANCH:
        raise NotAllowed(
            "batch_role", _("Group batches are opened by customer managers and heads of branches. Ask one of them.")
        )
    batch = GroupBatch(code=group_batch_code(at), branch=actor.branch, opened_by=actor, opened_at=at)
    wrong = _fill(
        batch, at=at, employer=employer, level=level, head_count=head_count, host=host, work_phone=work_phone,
        employer_address=employer_address,
    )  # fmt: skip
    days, wrong_contact = _visits(visits), _name_contact(batch, name=contact_name, number=contact_mobile)
    _require_right(wrong | wrong_contact)
    _require_sole(batch)
    batch.save(force_insert=True)
    GroupVisit.objects.bulk_create(GroupVisit(batch=batch, phase=phase, on=on) for phase, on in days)
    record(action="open_group_batch", at=at, actor=actor, subject=batch.code, head_count=batch.head_count)
    return batch


@transaction.atomic
def edit_batch(
    *,
    batch: str,
    actor: Employee,
    at: datetime,
    employer: str,
    level: str,
    head_count: int,
    host: Employee,
    employer_address: str = "",
    work_phone: str = "",
    visits: Visits = (),
    contact_name: str = "",
    contact_mobile: str = "",
    version: int | None = None,
) -> GroupBatch:
    """Changes an open batch of the own branch. An empty key contact stays who it was; name and mobile go together.

    Refused for a head-count below the people who have a file; StaleVersion when somebody was faster.
    """
    found = _own(batch, actor=actor, at=at, version=version)
    _require_open(found)
    before = found.head_count
    wrong = _fill(
        found, at=at, employer=employer, level=level, head_count=head_count, host=host, work_phone=work_phone,
        employer_address=employer_address,
    )  # fmt: skip
    if contact_name or contact_mobile:
        wrong |= _name_contact(found, name=contact_name, number=contact_mobile)
    days = _visits(visits)
    _require_right(wrong)
    _require_sole(found)
    joined = members_of(found).count()
    if found.head_count < joined:
        raise Refused(
            "head_count_below_applied",
            _("%(applied)s people of %(code)s have a file: the head-count cannot be lower. Enter %(applied)s or more.")
            % {"applied": joined, "code": found.code},
            applied=joined,
        )
    found.version += 1
    found.save()
    found.visits.all().delete()
    GroupVisit.objects.bulk_create(GroupVisit(batch=found, phase=phase, on=on) for phase, on in days)
    record(
        action="edit_group_batch", at=at, actor=actor, subject=found.code, employer=found.employer,
        host=found.host.number, before=before, after=found.head_count,
    )  # fmt: skip
    return found


@transaction.atomic
def close_batch(*, batch: str, actor: Employee, at: datetime, version: int | None = None) -> GroupBatch:
    """No more files join; the employer may have a batch anew. Refused while a member's file is open."""
    found = _own(batch, actor=actor, at=at, version=version)
    _require_open(found)
    still_open = Application.objects.filter(group_batch=found).open().order_by("id")
    numbers = list(still_open.values_list("number", flat=True))
    if numbers:
        raise Refused(
            "open_files",
            _("%(count)s files of %(code)s are still open (%(numbers)s): close the batch when they have ended.")
            % {"count": len(numbers), "code": found.code, "numbers": "、".join(numbers[:SHOWN])},
            open=len(numbers),
        )
    found.closed_by, found.closed_at = actor, at
    found.version += 1
    found.save(update_fields=["closed_by", "closed_at", "version"])
    record(action="close_group_batch", at=at, actor=actor, subject=found.code)
    return found


def members_of(batch: GroupBatch) -> ApplicationQuerySet:
    """Who has a file in the batch: taken in, or being collected now."""
    return Application.objects.filter(~Q(state__in=FINISHED) | Q(taken_in_at__isnull=False), group_batch=batch)


# -- a file joins ------------------------------------------------------------------------------------------------------
def join(batch: GroupBatch, *, collector: Employee, customer_group: str) -> GroupBatch:
    """The batch that a new file belongs to, locked until the file is there. Refused with the way out."""
    found = GroupBatch.objects.select_for_update(of=("self",), no_key=True).with_people().get(pk=batch.pk)
    _require_open(found)
    facts = {"code": found.code, "branch": found.branch.name, "host": found.host.name, "count": found.head_count}
    if collector.branch_id != found.branch_id:
        raise Refused(
            "foreign_batch",
            _("%(code)s is a batch of %(branch)s: its people collect the files. Send the client to %(host)s.") % facts,
        )
    if customer_group not in MEMBERS:
        raise Refused(
            "not_a_member",
            _("Members of %(code)s apply as a group or for an official card: choose that customer group.") % facts,
        )
    if members_of(found).count() >= found.head_count:
        raise Refused(
            "batch_full",
            _("All %(count)s people of %(code)s have a file. If there are more, correct the head-count first.") % facts,
        )
    return found


# -- paper and contact -------------------------------------------------------------------------------------------------
@transaction.atomic
def add_list(*, batch: str, content: BinaryIO, size: int, actor: Employee, at: datetime) -> UnitList:
    """Keeps the employer's sealed list of its people. Malformed for what is no still picture or PDF of 10 MB."""
    found = _own(batch, actor=actor, at=at, version=None)
    _require_open(found)
    media_type, clean = cleaned(content, size=size)
    digest = hashlib.sha256(clean).hexdigest()
    kept = UnitList.objects.create(
        batch=found, media_type=media_type, size=len(clean), digest=digest, added_by=actor, added_at=at,
        body=vault().seal(b64encode(clean).decode(), _aad(found, digest)),
    )  # fmt: skip
    record(action="add_unit_list", at=at, actor=actor, subject=found.code, digest=digest)
    return kept


def read_list(*, batch: str, unit_list: int, actor: Employee, at: datetime) -> tuple[UnitList, bytes]:
    """The list in clear, for who may know the key contact; every look stands in the access log."""
    found = batch_in_sight(batch, actor=actor, at=at)
    kept = found.lists.filter(pk=unit_list).first()
    if kept is None:
        raise OutOfSight("unit_list", _("There is no such list of this batch."))
    _require_may_reveal(found, actor=actor, at=at, what="unit_list")
    record(action="unit_list", at=at, actor=actor, subject=found.code, list=kept.pk)
    return kept, b64decode(vault().open(bytes(kept.body), _aad(found, kept.digest)))


def reveal_contact(*, batch: str, field: str, purpose: str, actor: Employee, at: datetime) -> tuple[GroupBatch, str]:
    """Name or mobile of the key contact in clear, logged like a client's."""
    found = batch_in_sight(batch, actor=actor, at=at)
    require_said("" if field in CONTACT else _("Choose name or mobile of the key contact."), purpose=purpose)
    _require_may_reveal(found, actor=actor, at=at, what=field)
    value = open_value(getattr(found, field), subject=found.code, field=field, purpose=purpose, actor=actor, at=at)
    return found, value


def may_reveal(batch: GroupBatch, *, actor: Employee, at: datetime) -> bool:
    """The host, who opened it, the head of the branch, and audit."""
    roles = actor.role_codes(local_day(at))
    is_head = Role.BH in roles and actor.branch_id == batch.branch_id
    return is_head or Role.AUD in roles or actor.pk in (batch.host_id, batch.opened_by_id)


def batch_in_sight(code: str, *, actor: Employee, at: datetime) -> GroupBatch:
    """OutOfSight for a batch that is not there, or of another branch."""
    found = GroupBatch.objects.visible_to(actor, at).with_people().filter(code=code).first()
    if found is None:
        raise OutOfSight("group_batch", _("There is no such group batch among those that you can see."))
    return found


# -- what several of them ask ------------------------------------------------------------------------------------------
def _own(code: str, *, actor: Employee, at: datetime, version: int | None) -> GroupBatch:
    """The batch, locked, for who may change it; StaleVersion when it is not as the person saw it."""
    seen = batch_in_sight(code, actor=actor, at=at)
    if not actor.has_role(*OPENERS, on=local_day(at)) or actor.branch_id != seen.branch_id:
        raise NotAllowed(
            "foreign_batch_change",
            _("%(code)s is changed by customer managers and the head of %(branch)s. Ask %(host)s.")
            % {"code": seen.code, "branch": seen.branch.name, "host": seen.host.name},
        )
    found = GroupBatch.objects.select_for_update(of=("self",), no_key=True).with_people().get(pk=seen.pk)
    if version is not None and version != found.version:
        raise StaleVersion(
            "stale_version",
            _("Somebody has changed %(code)s since you opened it. Reload; what you typed is kept below.")
            % {"code": found.code},
            version=found.version,
        )
    return found


def _require_open(batch: GroupBatch) -> None:
    if batch.closed_at is not None:
        raise Refused(
            "batch_closed",
            _("%(code)s was closed on %(day)s. Open a new batch for this employer.")
            % {"code": batch.code, "day": local_day(batch.closed_at).isoformat()},
        )


def _require_sole(batch: GroupBatch) -> None:
    """One open batch per employer in the bank; two who open it at once are put in line."""
    wanted = _key(batch.employer)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [_EMPLOYER_LOCK, wanted])
    others = GroupBatch.objects.open().with_people().exclude(pk=batch.pk)
    other = next((one for one in others if _key(one.employer) == wanted), None)
    if other is not None:
        raise Refused(
            "employer_has_batch",
            _("%(employer)s has an open batch: %(code)s of %(branch)s. Bring the files there, or ask %(host)s.")
            % {
                "employer": other.employer, "code": other.code, "branch": other.branch.name, "host": other.host.name,
            },
            batch=other.code,
        )  # fmt: skip


def _key(employer: str) -> str:
    """What the spellings of one name have in common: width of characters, case and spaces make no other employer."""
    return "".join(plain(employer).split()).casefold()


def _fill(
    batch: GroupBatch, *, at: datetime, employer: str, level: str, head_count: int, host: Employee,
    employer_address: str, work_phone: str,
) -> dict[str, str]:  # fmt: skip
    """Sets what the members share; the sentences of the fields that are wrong."""
    wrong = {}
    batch.employer, batch.employer_address = visible(employer), visible(employer_address)
    batch.level, batch.head_count, batch.host = level, head_count, host
    batch.work_phone = work_phone.strip()
    if len(batch.employer) < 2:
        wrong["employer"] = _("Enter the employer's full name as on its seal.")
    if level not in GroupBatch.Level.values:
        wrong["level"] = _("Choose one of the list.")
    if not 1 <= head_count <= MOST_HEADS:
        wrong["head_count"] = _("How many people the employer has: a number from 1.")
    if host.branch_id != batch.branch_id or not host.has_role(*OPENERS, on=local_day(at)):
        wrong["host"] = _("The host is a customer manager or the head of %(branch)s.") % {"branch": batch.branch.name}
    if batch.work_phone:
        try:
            batch.work_phone = phone(batch.work_phone)
        except Malformed as error:
            wrong["work_phone"] = str(error)
    return wrong


def _name_contact(batch: GroupBatch, *, name: str, number: str) -> dict[str, str]:
    wrong = {}
    clean = "".join(visible(name).split())
    if not 2 <= len(clean) <= 40:
        wrong["contact_name"] = _("Enter the full name of the key contact.")
    try:
        number = mobile(number)
    except Malformed as error:
        wrong["contact_mobile"] = str(error)
    if not wrong:
        batch.name_contact(name=clean, mobile=number)
    return wrong


def _visits(given: Visits) -> list[tuple[str, date]]:
    """Each once, in the order of their days."""
    visits = sorted(set(given), key=lambda visit: (visit[1], visit[0]))
    if len(visits) > MOST_VISITS or any(phase not in GroupVisit.Phase.values for phase, _on in visits):
        sentence = _("At most %(most)s visits, each with a phase and a day.") % {"most": MOST_VISITS}
        raise Malformed("bad_visits", sentence, {"visits": sentence})
    return visits


def _require_right(wrong: dict[str, str]) -> None:
    if wrong:
        raise Malformed("bad_group_batch", _("Please correct the marked fields."), wrong)


def _require_may_reveal(batch: GroupBatch, *, actor: Employee, at: datetime, what: str) -> None:
    if not may_reveal(batch, actor=actor, at=at):
        record(action="reveal_refused", at=at, actor=actor, subject=batch.code, field=what)
        raise NotAllowed(
            "contact_not_allowed",
            _("Key contact and unit list are opened by the host and the head of the branch. Ask %(host)s.")
            % {"host": batch.host.name},
        )


def _aad(batch: GroupBatch, digest: str) -> str:
    return f"unit-list:{batch.pk}:{digest}"
