"""What a person writes about the own month, saved while it is typed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from ops_center.kernel.errors import StaleVersion
from organization.models import Employee
from supervision.models import MonthSummary
from supervision.periods import Month

MOST_LETTERS = 1_000  # of one block, as the columns take them


@transaction.atomic
def save_summary(
    *, person: Employee, month: Month, texts: Mapping[str, str], version: int | None, at: datetime
) -> MonthSummary:  # fmt: skip
    """Keeps the five blocks; ``version`` is what the page was drawn with (0: nothing had been written);
    ``None``: whatever stands there.

    StaleVersion when it was saved elsewhere meanwhile: nothing is overwritten, and the page keeps what is typed in it.
    """
    blocks = {block: texts.get(block, "") for block in MonthSummary.BLOCKS}
    held = MonthSummary.objects.select_for_update().filter(person=person, month=month.first_day).first()
    if version is not None and (held.version if held else 0) != version:
        raise _stale()
    if held is None:
        try:
            with transaction.atomic():
                return MonthSummary.objects.create(person=person, month=month.first_day, saved_at=at, **blocks)
        except IntegrityError:
            raise _stale() from None
    for block, text in blocks.items():
        setattr(held, block, text)
    held.version += 1
    held.saved_at = at
    held.save()
    return held


def _stale() -> StaleVersion:
    return StaleVersion(
        "summary_stale",
        _(
            "This summary was saved in another window meanwhile. Your text here is still in the fields: copy it, "
            "reload the page and put it in there."
        ),
    )
