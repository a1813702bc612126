"""The clock of the payout, case by case: from the certification to the pay date, and again for what the bank sends
back. What is taken back before it was paid waits for nobody."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from applications.lifecycle import Clock
from applications.models import Application
from applications.services.clocks import Ticking, restart_clocks, turn_clocks
from incentives.models import Confirmation, PayoutBatch, PayoutLine, RewardEntry

OF_THE_MONEY = (Clock.REGISTER, Clock.CERTIFY, Clock.PAY)


def begin(document: Confirmation, *, at: datetime) -> None:
    """The clock of the certification ends and that of the payout begins, once per case."""
    turn_clocks(_locked(document.lines), at=at, stops=Clock.CERTIFY, starts=Clock.PAY)


def run_again(lines: QuerySet[PayoutLine], *, at: datetime) -> None:
    """The bank has sent these lines back: the next run, due by the rule from now, whether the batch is marked as paid
    already or not."""
    restart_clocks(_locked(lines), Clock.PAY, at=at)


def end(batch: PayoutBatch, *, at: datetime) -> None:
    """A batch has its pay date. The clock of a case goes on while the bank's refusal of one of its lines stands open:
    that line comes with a later batch."""
    cases = _locked(batch.lines)
    waiting = set(RewardEntry.objects.sent_back().values_list("assessment_id", flat=True))
    turn_clocks([case for case in cases if case.pk not in waiting], at=at, stops=Clock.PAY)


def give_up(cases: Iterable[int], *, at: datetime) -> None:
    """Ends without a verdict what runs for cases of which nothing is to be paid any more; they are locked."""
    awaited = RewardEntry.objects.still_due().not_paid()
    given_up = set(cases) - set(awaited.filter(assessment__in=set(cases)).values_list("assessment_id", flat=True))
    for case in Application.objects.filter(pk__in=given_up).order_by("pk"):
        Ticking(case, at=at).void(OF_THE_MONEY)


def _locked(lines: Any) -> list[Application]:
    """The cases of lines, of a document or of a batch, in the order of their keys."""
    cases = Application.objects.filter(pk__in=lines.values("entry__assessment_id")).order_by("pk")
    return list(cases.select_for_update(of=("self",)))
