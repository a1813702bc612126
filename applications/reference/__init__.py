"""What the bank knows before the first case: products, checklists, reason codes and clock policies (domain 4, 6, 9).

Rows that stand are left alone: the bank changes them in the application. One module per table.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.db.models import Model

from applications.reference.checklists import checklist_items
from applications.reference.codes import reason_codes
from applications.reference.policies import clock_policies
from applications.reference.products import products
from organization.services.revisions import bump

__all__ = ["install_reference_data"]


@transaction.atomic
def install_reference_data() -> dict[str, int]:
    """Adds the rows that are not there yet; answers how many of each table. The second time: zeros."""
    added = {
        "products": _add(products(), key=("code",)),
        "checklist_items": _add(checklist_items(), key=("tier", "customer_group", "code", "starts_on")),
        "reason_codes": _add(reason_codes(), key=("code",)),
        "clock_policies": _add(clock_policies(), key=("kind", "variant", "starts_on")),
    }
    if added["clock_policies"]:
        bump("clock-policies")
    return added


def _add(rows: Sequence[Model], *, key: tuple[str, ...]) -> int:
    table = type(rows[0])._default_manager
    known = set(table.values_list(*key))
    fresh = [row for row in rows if tuple(getattr(row, name) for name in key) not in known]
    table.bulk_create(fresh, ignore_conflicts=True)  # two servers that start at once
    return len(fresh)
