"""计价标准公示: what is approved is told to everybody whom it concerns, and everybody signs once for having read it."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Q

from incentives import errors
from incentives.models import Bounty, PriceNotice, ReadReceipt, SplitPolicy
from organization.models import Branch, Employee
from organization.querysets import EmployeeQuerySet
from organization.services.inbox import tell_once


def publish(version: Bounty | SplitPolicy, *, at: datetime) -> PriceNotice:
    """Puts an approved version on the price board and tells whom it concerns: one unread message per person, however
    many versions are approved in one sitting. Called in the transaction of the approval."""
    facts = {"bounty": version} if isinstance(version, Bounty) else {"policy": version}
    notice = PriceNotice.objects.create(**facts, published_at=at)
    people = readers_of(version).values_list("pk", flat=True)
    tell_once(people, kind="prices_changed", at=at, about="/price-board/", day=version.starts_on.isoformat())
    return notice


def concerns(version: Bounty | SplitPolicy, branch: Branch | None) -> bool:
    """Whether a version is the business of who works at a branch: one that holds everywhere, or a pilot there. The
    center works on the cases of every pilot."""
    if not version.is_pilot:
        return True
    return branch is not None and (branch.kind == Branch.Kind.CENTER or branch in version.branches.all())


def readers_of(version: Bounty | SplitPolicy) -> EmployeeQuerySet:
    """Everybody whom a version concerns."""
    people: EmployeeQuerySet = Employee.objects.active()
    if not version.is_pilot:
        return people
    return people.filter(Q(branch__in=version.branches.all()) | Q(branch__kind=Branch.Kind.CENTER))


@transaction.atomic
def read_notice(*, notice: int, actor: Employee, at: datetime) -> ReadReceipt:
    """Signs for having read a notice; a second time changes nothing. OutOfSight for a pilot elsewhere."""
    found = PriceNotice.objects.select_related("bounty", "policy").filter(pk=notice).first()
    if found is None or not readers_of(found.version).filter(pk=actor.pk).exists():
        raise errors.not_found()
    receipt, _is_new = ReadReceipt.objects.get_or_create(notice=found, employee=actor, defaults={"at": at})
    return receipt
