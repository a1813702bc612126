"""The audit log as a page: which records an address asks for, and each as a line of words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from applications.forms.base import PURPOSES
from applications.lifecycle import STEP_LABELS
from ops_center.clock import SHANGHAI
from ops_center.kernel.errors import Malformed
from organization.models import AuditRecord

FILTERS = ("action", "person", "subject", "since", "until")

ACTIONS: dict[str, Any] = {
    "sign-in": pgettext_lazy("audit", "Signed in"),
    "token": pgettext_lazy("audit", "Signed in a program"),
    "reveal": pgettext_lazy("audit", "Opened personal data"),
    "reveal_refused": pgettext_lazy("audit", "Opening refused"),
    "search_client": pgettext_lazy("audit", "Searched for a client"),
    "register_reward": pgettext_lazy("audit", "Registered rewards"),
    "hold_reward": pgettext_lazy("audit", "Held a reward"),
    "release_reward": pgettext_lazy("audit", "Released a reward"),
    "reverse_rewards": pgettext_lazy("audit", "Reversed rewards"),
    "draft_confirmation": pgettext_lazy("audit", "Drafted a confirmation"),
    "discard_confirmation": pgettext_lazy("audit", "Discarded a confirmation"),
    "certify": pgettext_lazy("audit", "Certified a confirmation"),
    "export_payout": pgettext_lazy("audit", "Exported a payout"),
    "download_payout": pgettext_lazy("audit", "Downloaded a payout sheet"),
    "mark_paid": pgettext_lazy("audit", "Marked as paid"),
    "draft_split": pgettext_lazy("audit", "Drafted a split table"),
    "draft_bounty": pgettext_lazy("audit", "Drafted a bounty"),
    "approve_policy": pgettext_lazy("audit", "Approved a policy"),
    "discard_policy": pgettext_lazy("audit", "Discarded a policy"),
    "assign_role": pgettext_lazy("audit", "Assigned a role"),
    "seal": pgettext_lazy("audit", "Sealed the event chains"),
}
_FACTS: dict[str, Any] = {
    "field": pgettext_lazy("audit fact", "field"),
    "purpose": pgettext_lazy("audit fact", "purpose"),
    "by": pgettext_lazy("audit fact", "by"),
    "reason": pgettext_lazy("audit fact", "reason"),
    "cases": pgettext_lazy("audit fact", "cases"),
    "sheet": pgettext_lazy("audit fact", "sheet"),
    "role": pgettext_lazy("audit fact", "role"),
}
_WORDS: dict[str, Any] = {
    "customer_name": pgettext_lazy("audit value", "name"),
    "name": pgettext_lazy("audit value", "name"),
    "mobile": pgettext_lazy("audit value", "mobile"),
    "id_number": pgettext_lazy("audit value", "ID number"),
    **dict(PURPOSES),
}


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One record in words."""

    record: AuditRecord
    action: str
    facts: str


def records(asked: Mapping[str, str]) -> QuerySet[AuditRecord]:
    """The records that the filters ask for. Malformed for a day that is no day."""
    rows = AuditRecord.objects.select_related("actor")
    if action := asked.get("action"):
        rows = rows.filter(action=action)
    if person := asked.get("person"):
        rows = rows.filter(actor__number=person.strip().upper())
    if subject := asked.get("subject"):
        rows = rows.filter(subject=subject.strip().upper())
    if since := asked.get("since"):
        rows = rows.filter(at__gte=_midnight(since, name="since"))
    if until := asked.get("until"):
        rows = rows.filter(at__lt=_midnight(until, name="until") + timedelta(days=1))
    return rows


def line(record: AuditRecord) -> AuditLine:
    facts = [
        f"{_FACTS.get(name, name)} {_shown(value)}"
        for name, value in record.facts.items()
        if value not in ("", None, [], {}) and name not in ("digest", "head")
    ]
    return AuditLine(record=record, action=str(label_of(record.action)), facts=" · ".join(facts))


def label_of(action: str) -> Any:
    return ACTIONS.get(action) or STEP_LABELS.get(action, action)


def choices() -> list[tuple[str, Any]]:
    return [("", _("All")), *ACTIONS.items()]


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return "、".join(map(str, value[:5])) + (" …" if len(value) > 5 else "")
    return str(_WORDS.get(str(value), value))


def _midnight(text: str, *, name: str) -> datetime:
    try:
        return datetime.combine(date.fromisoformat(text), time(), SHANGHAI)
    except ValueError:
        sentence = _("A day is written like 2026-11-26.")
        raise Malformed("bad_day", sentence, {name: sentence}) from None
