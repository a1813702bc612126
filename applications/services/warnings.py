"""Warnings: other cases that share something with this one (domain section 9). They never block by themselves."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q

from applications.models import Application, CaseWarning, FactIndex
from ops_center.clock import local_day
from organization.models import Employee
from organization.vault import vault

BURST_PER_HOUR = 10  # W-BURST: more files than this by one collector in an hour
EMPLOYER_PER_WEEK = 5  # W-EMP-BURST: more than this from one employer in seven days
FREQUENT_IN_180_DAYS = 3  # W-FREQ-180

# Which indexed fact, shared with another case, raises which warning.
SHARED: dict[str, str] = {
    "mobile": "W-MOB-MULTI",
    "home": "W-HOME-MULTI",
    "work": "W-WORK-MULTI",
    "address": "W-ADDR-MULTI",
    "contact": "W-CONTACT-MULTI",
}
# A contact's telephone is hashed like a mobile, so that it is found among employees.
DOMAIN = {"contact": "mobile"}


def compute_warnings(case: Application, *, at: datetime) -> int:
    """Raises what is known now and not raised before; answered warnings stay answered. Returns how many are new."""
    known = set(case.warnings.values_list("code", flat=True)) if case.pk else set()
    fresh = [
        CaseWarning(application=case, code=code, facts=facts, raised_at=at)
        for code, facts in _found(case, at=at)
        if code not in known
    ]
    CaseWarning.objects.bulk_create(fresh, ignore_conflicts=True)
    return len(fresh)


def index_facts(case: Application, facts: dict[str, list[str]]) -> None:
    """Stores keyed hashes of what was keyed, so that later cases find this one. ``facts``: kind → clear values."""
    FactIndex.objects.bulk_create(
        [FactIndex(application=case, kind=kind, digest=digest) for kind, digest in indexed(facts)],
        ignore_conflicts=True,
    )


def indexed(facts: dict[str, list[str]]) -> list[tuple[str, bytes]]:
    """The keyed hashes of facts, by kind; for one case here and for many in the writer of histories."""
    rows = {
        (kind, vault().index(DOMAIN.get(kind, kind), value))
        for kind, values in facts.items()
        for value in values
        if value.strip()
    }
    return sorted(rows)


def _found(case: Application, *, at: datetime) -> Iterator[tuple[str, dict[str, Any]]]:
    applicant = case.applicant
    others = Application.objects.exclude(pk=case.pk)
    if applicant.mobile_index:
        same = others.filter(applicant__mobile_index=applicant.mobile_index)
        yield from _sharing("W-MOB-MULTI", same)
    if applicant.id_index:
        same = others.filter(applicant__id_index=applicant.id_index)
        if same.exclude(applicant__name_index=applicant.name_index).exists():
            yield from _sharing("W-ID-NAMES", same)
        recent = same.filter(created_at__gte=at - timedelta(days=180))
        if recent.count() >= FREQUENT_IN_180_DAYS:
            yield from _sharing("W-FREQ-180", recent)
        if same.open().exists():
            yield from _sharing("W-DUP-OPEN", same.open())
    for kind, digest in case.fact_indexes.values_list("kind", "digest"):
        code = SHARED.get(kind)
        if code is None:
            continue
        same = others.filter(fact_indexes__kind=kind, fact_indexes__digest=digest)
        yield from _sharing(code, same)
    if _is_staff(case):
        yield "W-SELF", {}
    if _contact_is_staff(case):
        yield "W-CONTACT-STAFF", {}
    if case.collector_id and case.taken_in_at:
        hour = Application.objects.filter(
            collector=case.collector_id, taken_in_at__gt=case.taken_in_at - timedelta(hours=1),
            taken_in_at__lte=case.taken_in_at,
        ).count()  # fmt: skip
        if hour > BURST_PER_HOUR:
            yield "W-BURST", {"count": hour, "on": local_day(case.taken_in_at).isoformat()}
    yield from _employer_burst(case, at=at)


def _sharing(code: str, cases: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    numbers = list(cases.order_by("-id").values_list("number", flat=True).distinct()[:5])
    if numbers:
        yield code, {"cases": numbers}


def _is_staff(case: Application) -> bool:
    """The applicant is the referrer or the collector."""
    applicant = case.applicant
    same = Q()
    if applicant.mobile_index:
        same |= Q(mobile_index=applicant.mobile_index)
    if applicant.id_index:
        same |= Q(id_index=applicant.id_index)
    people = [pk for pk in (case.referrer_id, case.collector_id) if pk]
    return bool(same) and Employee.objects.filter(same, pk__in=people).exists()


def _contact_is_staff(case: Application) -> bool:
    digests = case.fact_indexes.filter(kind="contact").values("digest")
    return bool(Employee.objects.filter(mobile_index__in=digests).exists())


def _employer_burst(case: Application, *, at: datetime) -> Iterator[tuple[str, dict[str, Any]]]:
    if case.group_batch_id is not None:
        return
    digest = case.fact_indexes.filter(kind="employer").values_list("digest", flat=True).first()
    if digest is None:
        return
    count = FactIndex.objects.filter(
        kind="employer", digest=digest, application__taken_in_at__gte=at - timedelta(days=7),
        application__group_batch=None,
    ).count()  # fmt: skip
    if count > EMPLOYER_PER_WEEK:
        yield "W-EMP-BURST", {"count": count}
