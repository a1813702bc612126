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
from applications.lifecycle import STEP_LABELS, Clock, State
from applications.services.documents import KINDS, SIDES
from incentives.lifecycle import Ground, RequestState, Sheet
from ops_center.clock import SHANGHAI
from ops_center.desk.invariant_titles import TITLES
from ops_center.kernel.errors import Malformed
from ops_center.kernel.money import yuan
from organization.models import AuditRecord
from supervision.models import Ground as Excuse
from supervision.models import Measure

FILTERS = ("action", "person", "subject", "since", "until")

ACTIONS: dict[str, Any] = {
    "sign-in": pgettext_lazy("audit", "Signed in"),
    "token": pgettext_lazy("audit", "Signed in a program"),
    "reveal": pgettext_lazy("audit", "Opened personal data"),
    "reveal_refused": pgettext_lazy("audit", "Opening refused"),
    "search_client": pgettext_lazy("audit", "Searched for a client"),
    "image": pgettext_lazy("audit", "Opened an image"),
    "evidence": pgettext_lazy("audit", "Opened the evidence of an explanation"),
    "unit_list": pgettext_lazy("audit", "Opened a unit list"),
    "open_group_batch": pgettext_lazy("audit", "Opened a group batch"),
    "edit_group_batch": pgettext_lazy("audit", "Changed a group batch"),
    "close_group_batch": pgettext_lazy("audit", "Closed a group batch"),
    "add_unit_list": pgettext_lazy("audit", "Added a unit list"),
    "image_refused": pgettext_lazy("audit", "Opening an image refused"),
    "view_entry": pgettext_lazy("audit", "Opened the keyed fields"),
    "register_reward": pgettext_lazy("audit", "Registered rewards"),
    "register_despite": pgettext_lazy("audit", "Registered rewards although the card system's file differs"),
    "hold_reward": pgettext_lazy("audit", "Held a reward"),
    "release_reward": pgettext_lazy("audit", "Released a reward"),
    "void_reward": pgettext_lazy("audit", "Voided a reward"),
    "clear_risk": pgettext_lazy("audit", "Took off a risk flag"),
    "draft_template": pgettext_lazy("audit", "Drafted words of a message"),
    "approve_template": pgettext_lazy("audit", "Approved words of a message"),
    "discard_template": pgettext_lazy("audit", "Discarded words of a message"),
    "send_again": pgettext_lazy("audit", "Sent a letter again"),
    "freeze_case": pgettext_lazy("audit", "Stopped a case for a complaint"),
    "unfreeze_case": pgettext_lazy("audit", "Let a stopped case go on"),
    "pay_leaver": pgettext_lazy("audit", "Released the rewards of a person who has left"),
    "void_leaver": pgettext_lazy("audit", "Voided the rewards of a person who has left"),
    "ask_reversal": pgettext_lazy("audit", "Asked for a claw-back"),
    "decide_reversal": pgettext_lazy("audit", "Decided a claw-back"),
    "ask_adjustment": pgettext_lazy("audit", "Asked for a correction of a reward"),
    "decide_adjustment": pgettext_lazy("audit", "Decided a correction of a reward"),
    "ask_crosssell": pgettext_lazy("audit", "Reported another product sold"),
    "decide_crosssell": pgettext_lazy("audit", "Decided a report of another product"),
    "ask_dispute": pgettext_lazy("audit", "Disputed an amount"),
    "decide_dispute": pgettext_lazy("audit", "Decided a dispute"),
    "draft_confirmation": pgettext_lazy("audit", "Drafted a confirmation"),
    "discard_confirmation": pgettext_lazy("audit", "Discarded a confirmation"),
    "certify": pgettext_lazy("audit", "Certified a confirmation"),
    "print_confirmation": pgettext_lazy("audit", "Printed a confirmation"),
    "export_payout": pgettext_lazy("audit", "Exported a payout"),
    "build_payout": pgettext_lazy("audit", "Finished the sheets of a payout"),
    "return_payout": pgettext_lazy("audit", "Loaded a return file"),
    "download_payout": pgettext_lazy("audit", "Downloaded a payout sheet"),
    "mark_paid": pgettext_lazy("audit", "Marked as paid"),
    "draft_split": pgettext_lazy("audit", "Drafted a split table"),
    "draft_bounty": pgettext_lazy("audit", "Drafted a bounty"),
    "approve_splitpolicy": pgettext_lazy("audit", "Approved a split table"),
    "discard_splitpolicy": pgettext_lazy("audit", "Discarded a split table"),
    "approve_bounty": pgettext_lazy("audit", "Approved a bounty"),
    "discard_bounty": pgettext_lazy("audit", "Discarded a bounty"),
    "explain_breach": pgettext_lazy("audit", "Explained a breach"),
    "opinion_on_breach": pgettext_lazy("audit", "Gave an opinion on an explanation"),
    "decide_breach": pgettext_lazy("audit", "Decided on an explanation"),
    "declare_outage": pgettext_lazy("audit", "Declared an outage"),
    "end_outage": pgettext_lazy("audit", "Ended an outage"),
    "withdraw_outage": pgettext_lazy("audit", "Withdrew an outage"),
    "recount_clocks": pgettext_lazy("audit", "Reckoned clocks anew after a change"),
    "draft_clockpolicy": pgettext_lazy("audit", "Drafted a limit"),
    "approve_clockpolicy": pgettext_lazy("audit", "Approved a limit"),
    "discard_clockpolicy": pgettext_lazy("audit", "Discarded a limit"),
    "draft_branchtimes": pgettext_lazy("audit", "Drafted times of a branch"),
    "approve_branchtimes": pgettext_lazy("audit", "Approved times of a branch"),
    "discard_branchtimes": pgettext_lazy("audit", "Discarded times of a branch"),
    "draft_standard_minutes": pgettext_lazy("audit", "Drafted standard minutes"),
    "approve_standard_minutes": pgettext_lazy("audit", "Approved standard minutes"),
    "discard_standard_minutes": pgettext_lazy("audit", "Discarded standard minutes"),
    "enter_absence": pgettext_lazy("audit", "Entered an absence"),
    "end_absence": pgettext_lazy("audit", "Took out an absence"),
    "plan_roster": pgettext_lazy("audit", "Planned the roster"),
    "draft_calendar": pgettext_lazy("audit", "Drafted a change of the calendar"),
    "approve_calendar": pgettext_lazy("audit", "Changed the calendar"),
    "discard_calendar": pgettext_lazy("audit", "Discarded a change of the calendar"),
    "export_report": pgettext_lazy("audit", "Exported a report"),
    "download_report": pgettext_lazy("audit", "Downloaded a report"),
    "set_target": pgettext_lazy("audit", "Set a target"),
    "note_week": pgettext_lazy("audit", "Wrote the note to a week"),
    "say_motto": pgettext_lazy("audit", "Wrote the own sentence to a success"),
    "cheer": pgettext_lazy("audit", "Wrote the head's word to a success"),
    "hide_name": pgettext_lazy("audit", "Hid or showed the own name"),
    "reconcile": pgettext_lazy("audit", "Reconciled"),
    "invariant_broken": pgettext_lazy("audit", "A rule is broken"),
    "seal": pgettext_lazy("audit", "Sealed the event chains"),
    "load_demo": pgettext_lazy("audit", "Loaded the demo cases"),
}
_FACTS: dict[str, Any] = {
    "field": pgettext_lazy("audit fact", "field"),
    "purpose": pgettext_lazy("audit fact", "purpose"),
    "by": pgettext_lazy("audit fact", "by"),
    "kind": pgettext_lazy("audit fact", "document"),
    "side": pgettext_lazy("audit fact", "side"),
    "paper": pgettext_lazy("audit fact", "paper"),
    "cases": pgettext_lazy("audit fact", "cases"),
    "from": pgettext_lazy("audit fact", "from"),
    "until": pgettext_lazy("audit fact", "until"),
    "entry": pgettext_lazy("audit fact", "entry"),
    "entries": pgettext_lazy("audit fact", "entries"),
    "fen": pgettext_lazy("audit fact", "amount"),
    "paid_on": pgettext_lazy("audit fact", "paid on"),
    "starts_on": pgettext_lazy("audit fact", "in force from"),
    "mode": pgettext_lazy("audit fact", "measure"),
    "amount": pgettext_lazy("audit fact", "limit"),
    "cut_off": pgettext_lazy("audit fact", "cut-off"),
    "days": pgettext_lazy("audit fact", "days"),
    "source": pgettext_lazy("audit fact", "source"),
    "moved": pgettext_lazy("audit fact", "deadlines moved"),
    "overdue": pgettext_lazy("audit fact", "became overdue"),
    "relieved": pgettext_lazy("audit fact", "overdue no more"),
    "exempt": pgettext_lazy("audit fact", "exempt"),
    "sheet": pgettext_lazy("audit fact", "sheet"),
    "paid": pgettext_lazy("audit fact", "paid"),
    "refused": pgettext_lazy("audit fact", "refused"),
    "unknown": pgettext_lazy("audit fact", "unknown"),
    "format": pgettext_lazy("audit fact", "format"),
    "reason": pgettext_lazy("audit fact", "reason"),
    "ground": pgettext_lazy("audit fact", "ground"),
    "payee": pgettext_lazy("audit fact", "payee"),
    "decision": pgettext_lazy("audit fact", "decision"),
    "check": pgettext_lazy("audit fact", "rule"),
    "checks": pgettext_lazy("audit fact", "rules"),
    "broken": pgettext_lazy("audit fact", "broken"),
    "bounced": pgettext_lazy("audit fact", "bounced"),
    "since": pgettext_lazy("audit fact", "from"),
    "declared": pgettext_lazy("audit fact", "declared until"),
    "states": pgettext_lazy("audit fact", "states"),
    "clocks": pgettext_lazy("audit fact", "clocks"),
    "clock": pgettext_lazy("audit fact", "clock"),
    "supports": pgettext_lazy("audit fact", "supports it"),
    "accepted": pgettext_lazy("audit fact", "accepted"),
    "complaint": pgettext_lazy("audit fact", "complaint"),
    "month": pgettext_lazy("audit fact", "month"),
    "week": pgettext_lazy("audit fact", "week from"),
    "measure": pgettext_lazy("audit fact", "target"),
    "before": pgettext_lazy("audit fact", "before"),
    "after": pgettext_lazy("audit fact", "after"),
    "changed": pgettext_lazy("audit fact", "changed"),
    "minutes": pgettext_lazy("audit fact", "minutes"),
    "file": pgettext_lazy("audit fact", "file"),
    "hides": pgettext_lazy("audit fact", "hidden"),
    "employer": pgettext_lazy("audit fact", "employer"),
    "head_count": pgettext_lazy("audit fact", "head-count"),
    "host": pgettext_lazy("audit fact", "host"),
    "list": pgettext_lazy("audit fact", "list"),
    "version": pgettext_lazy("audit fact", "version"),
}
_WORDS: dict[str, Any] = {
    "customer_name": pgettext_lazy("audit value", "name"),
    "name": pgettext_lazy("audit value", "name"),
    "mobile": pgettext_lazy("audit value", "mobile"),
    "id_number": pgettext_lazy("audit value", "ID number"),
    "contact_name": pgettext_lazy("audit value", "name of the key contact"),
    "contact_mobile": pgettext_lazy("audit value", "mobile of the key contact"),
    "unit_list": pgettext_lazy("audit value", "unit list"),
    **dict(PURPOSES),
    **KINDS,
    **TITLES,
    **SIDES,
    **dict(Sheet.choices),
    **dict(Ground.choices),
    **dict(Excuse.choices),
    **dict(Clock.choices),
    **dict(RequestState.choices),
    **dict(State.choices),
    **dict(Measure.choices),
    "True": pgettext_lazy("audit value", "yes"),
    "False": pgettext_lazy("audit value", "no"),
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
        said = subject.strip()
        rows = rows.filter(subject__in={said, said.upper(), said.lower()})  # "JL…" and "payout …"
    if since := asked.get("since"):
        rows = rows.filter(at__gte=_midnight(since, name="since"))
    if until := asked.get("until"):
        rows = rows.filter(at__lt=_midnight(until, name="until") + timedelta(days=1))
    return rows


def line(record: AuditRecord) -> AuditLine:
    facts = [
        f"{_FACTS.get(name, name)} {_shown(name, value)}"
        for name, value in record.facts.items()
        if value not in ("", None, [], {}) and name not in ("digest", "digests", "head")
    ]
    return AuditLine(record=record, action=str(label_of(record.action)), facts=" · ".join(facts))


def label_of(action: str) -> Any:
    return ACTIONS.get(action) or STEP_LABELS.get(action, action)


def choices() -> list[tuple[str, Any]]:
    return [("", _("All")), *ACTIONS.items()]


def _shown(name: str, value: Any) -> str:
    if isinstance(value, list):
        return "、".join(str(_WORDS.get(str(one), one)) for one in value[:5]) + (" …" if len(value) > 5 else "")
    if name == "fen":
        return yuan(value)
    if name in ("from", "until", "since", "declared"):
        said = datetime.fromisoformat(value)  # an instant, or a day
        return said.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M") if said.tzinfo else value
    return str(_WORDS.get(str(value), value))


def _midnight(text: str, *, name: str) -> datetime:
    try:
        return datetime.combine(date.fromisoformat(text), time(), SHANGHAI)
    except ValueError:
        sentence = _("A day is written like 2026-11-26.")
        raise Malformed("bad_day", sentence, {name: sentence}) from None
