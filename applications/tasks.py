"""Background work on cases: a name and one call of a service each."""

from __future__ import annotations

from celery import shared_task

from applications.services.card_status import apply_file
from ops_center.clock import now


@shared_task(name="applications.apply_card_status_file")
def apply_card_status_file(file_id: int) -> None:
    apply_file(file_id=file_id, at=now(), ended=now())
