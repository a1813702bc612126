"""The proof of an activation (激活凭据): what was reported here, checked against what the card system's files say."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from applications.models import Application, CardStatusRow
from applications.services.card_status import is_same_client
from incentives.lifecycle import Proof
from ops_center.clock import local_day

Fate = CardStatusRow.Fate


@dataclass(frozen=True, slots=True)
class Evidence:
    """The verdict on one case, and what exactly differs."""

    proof: Proof
    finding: str = ""


def evidence_of(cases: Iterable[Application]) -> dict[int, Evidence]:
    """By the case's key. The newest line about an activation counts, and a cancellation of this client's card always
    does."""
    by_number = {case.number: case for case in cases}
    rows = CardStatusRow.objects.filter(application_number__in=by_number, status__in=("ACTIVATED", "CANCELLED"))
    newest: dict[str, CardStatusRow] = {}
    for row in rows.exclude(fate=Fate.WAITING).order_by("pk"):
        known = newest.get(row.application_number)
        if known is None or not _is_cancellation(by_number[row.application_number], known):
            newest[row.application_number] = row
    return {case.pk: _judged(case, newest.get(number)) for number, case in by_number.items()}


def _is_cancellation(case: Application, row: CardStatusRow) -> bool:
    """Also one that came before its activation was known here, but not the line of another client."""
    return row.status == "CANCELLED" and (row.fate != Fate.UNMATCHED or is_same_client(case, row))


def _judged(case: Application, row: CardStatusRow | None) -> Evidence:
    if row is None:
        return Evidence(Proof.WAITING)
    theirs = f"{local_day(row.at):%Y-%m-%d}" if row.at else "—"
    if _is_cancellation(case, row):
        return Evidence(Proof.DIFFERS, _("The card was cancelled on %(day)s.") % {"day": theirs})
    if row.fate == Fate.UNMATCHED:
        return Evidence(Proof.DIFFERS, row.finding)
    ours = f"{local_day(case.activated_at):%Y-%m-%d}" if case.activated_at else "—"
    if theirs != ours:
        return Evidence(
            Proof.DIFFERS,
            _("The card system says activated on %(theirs)s, reported here was %(ours)s.")
            % {"theirs": theirs, "ours": ours},
        )
    return Evidence(Proof.CONFIRMED)
