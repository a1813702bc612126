"""The words of the inbox: one table, kind → sentence. Facts are filled in when the message is read, in its reader's
language; they are numbers, codes and times, never a client's data."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from django.utils.translation import get_language, override, pgettext
from django.utils.translation import gettext_lazy as _

from ops_center.clock import SHANGHAI, today
from organization.models import MessageTemplate
from organization.models.versions import PolicyStatus
from organization.services.revisions import revision

TEMPLATES = "message-templates"  # the revision that grows with every approved template

WORDS: dict[str, Any] = {
    # referral and intake
    "lead_new": _("New lead %(number)s: %(product)s. Please accept it by %(due)s."),
    "lead_accepted": _("Your referral %(number)s was accepted by %(person)s."),
    "referral_unpaid": _(
        "%(number)s: %(person)s holds no valid marketing qualification; the referral share goes to the pool."
    ),
    "lead_released": _("Lead %(number)s is back in the pool: %(reason)s."),
    "hand_over_offered": _("%(person)s hands %(number)s to your branch: please confirm."),
    # bags
    "bag_missing": _("Bag %(bag)s: manifest %(packed)s files, found %(found)s. To be cleared within 24 hours."),
    "file_lost": _("Bag %(bag)s: %(number)s is lost and reported within 24 hours."),
    "bag_seal": _("Bag %(bag)s arrived with seal %(found)s instead of %(expected)s."),
    # what stops a case
    "problem_raised": _("Problem item %(code)s on %(number)s: please answer by %(due)s."),
    "problem_replied": _("%(number)s: the branch has answered problem %(code)s."),
    "wait_over": _("%(number)s: the client asked to wait until %(day)s. Please take it up again."),
    "problem_resolved": _("%(number)s: problem %(code)s is resolved, work goes on."),
    "returned": _("%(number)s came back with %(codes)s: supplement by %(due)s."),
    "review_differs": _("%(number)s came back from review: %(fields)s."),
    "arbitration": _("%(number)s waits for your arbitration: %(fields)s."),
    # issue and activation
    "issued": _("%(number)s: the card is issued."),
    "rejected": _("%(number)s was not approved."),
    "withdrawn": _("%(number)s was withdrawn."),
    "expired": _("%(number)s has lapsed."),
    "expires_soon": _("%(number)s lapses on %(day)s if nothing happens."),
    "import_unmatched": _("%(count)s lines of %(file)s did not match."),
    "reassigned": _("%(person)s gave you %(number)s: %(reason)s."),
    "approval_asked": _("%(person)s asks you to approve: %(what)s on %(number)s."),
    "reveal_alarm": _("%(person)s has opened the personal data of %(count)s clients today."),
    "approval_decided": _("Your request on %(number)s was decided: %(decision)s. %(note)s"),
    # clocks and explanations
    "clock_warning": _("%(number)s: “%(clock)s” is due %(due)s."),
    "breach": _("%(number)s: “%(clock)s” was due %(due)s and is overdue. You may explain it until %(file_by)s."),
    "overdue": _("%(number)s: “%(clock)s” was due %(due)s and is overdue."),
    "clock_warnings": _("%(count)s of your cases fall due soon, the first %(due)s: %(numbers)s."),
    "breaches": _("%(count)s of your cases are overdue: %(numbers)s. You may explain the first until %(file_by)s."),
    "overdue_several": _("%(count)s cases with you are overdue: %(numbers)s."),
    "breaches_found": _("%(count)s newly overdue: %(numbers)s."),
    "escalated_supervisor": _("%(count)s overdue for more than one working day: %(numbers)s."),
    "escalated_management": _("%(count)s overdue for more than three working days: %(numbers)s."),
    "justification_filed": _("%(person)s explains %(number)s, “%(clock)s”: to be decided by %(decide_by)s."),
    "justification_accepted": _("Your explanation of %(number)s, “%(clock)s”, was accepted: no deduction. %(note)s"),
    "justification_refused": _("Your explanation of %(number)s, “%(clock)s”, was not accepted. %(note)s"),
    "outage_declared": _(
        "%(person)s declared an outage from %(since)s until %(until)s (%(reason)s): %(clocks)s clocks stand still, "
        "%(relieved)s are overdue no more."
    ),
    "outage_withdrawn": _(
        "%(person)s withdrew the outage from %(since)s until %(until)s (%(reason)s): no clock stands still for it."
    ),
    "urged": _("%(person)s urges %(number)s: %(text)s"),
    # complaints
    "complaint_opened": _("Complaint %(number)s (case %(case)s): the first reply is due %(due)s."),
    "complaint_assigned": _("Complaint %(number)s (case %(case)s) is yours to handle: due %(due)s."),
    "complaint_unhandled": _(
        "Complaint %(number)s (case %(case)s): %(person)s handled it and has now worked on the case. Name another "
        "handler; due %(due)s."
    ),
    "complaint_escalated": _("Complaint %(number)s (case %(case)s) is with the supervisors: to be closed by %(due)s."),
    "complaint_solved": _(
        "Complaint %(number)s: the supervisor has decided. Call the client; to be closed by %(due)s."
    ),
    "complaint_extension_asked": _("Complaint %(number)s: more time than %(due)s is asked for."),
    "complaint_extended": _("Complaint %(number)s: you have until %(due)s to close it."),
    "complaint_reply_soon": _("Complaint %(number)s: the first reply is due %(due)s."),
    "complaint_reply_late": _("Complaint %(number)s: the first reply was due %(due)s and is overdue."),
    "complaint_close_soon": _("Complaint %(number)s has to be closed by %(due)s."),
    "complaint_close_late": _("Complaint %(number)s had to be closed by %(due)s and is overdue."),
    "complaint_denied": _(
        "Complaint %(number)s: the client of %(case)s says not to have applied. The case stands still, its rewards are "
        "held."
    ),
    "complaint_upheld": _("Complaint %(number)s about %(case)s is upheld: should its reward be taken back?"),
    # rewards
    "reward_accrued": _("%(number)s is activated: %(amount)s yuan have accrued for you."),
    "rewards_accrued": _("%(count)s activations: %(amount)s yuan have accrued for you."),
    "reward_released": _("%(number)s: the held share of %(amount)s yuan is yours."),
    "penalties_lapsed": _("%(month)s: %(amount)s yuan of your penalties lapse, above the monthly cap."),
    "reward_pooled": _("%(number)s: %(amount)s yuan went to the pool, the referrer had no valid qualification."),
    "reward_confirmed": _("%(no)s confirms %(amount)s yuan of yours."),
    "confirmation_drafted": _("%(no)s over %(amount)s yuan waits for certification."),
    "confirmation_certified": _("%(person)s has certified %(no)s over %(amount)s yuan."),
    "confirmation_ready": _("%(no)s over %(amount)s yuan is certified and ready to be exported."),
    "reward_paid": _("%(amount)s yuan of yours were paid on %(day)s."),
    # corrections of rewards
    "early_delinquency": _(
        "%(number)s: in arrears on %(day)s, within six months of its activation. Please review the sale."
    ),
    "cancelled_unused": _("%(number)s: cancelled on %(day)s and never used. Should its reward be taken back?"),
    "reversal_asked": _("%(person)s asks to take back the rewards of %(number)s."),
    "reversal_decided": _("Claw-back of %(number)s: %(decision)s. %(note)s"),
    "reward_reversed": _("%(number)s: %(amount)s yuan of yours are taken back (%(ground)s)."),
    "adjustment_asked": _("%(person)s asks for a correction on %(number)s."),
    "adjustment_decided": _("Correction on %(number)s: %(decision)s. %(note)s"),
    "reward_adjusted": _("%(number)s: your reward is corrected by %(amount)s yuan."),
    "crosssell_asked": _("%(person)s reports another product sold with %(number)s: please confirm it."),
    "crosssell_decided": _("Other product sold with %(number)s: %(decision)s. %(note)s"),
    "cross_sold": _("%(number)s: %(amount)s yuan for the other product are yours."),
    "dispute_asked": _("%(person)s disputes an amount of %(number)s: please answer it."),
    "dispute_decided": _("Your dispute on %(number)s: %(decision)s. %(note)s"),
    "dispute_overdue": _("The answer to %(person)s about an amount of %(number)s was due %(due)s."),
    "reward_voided": _("%(number)s: %(amount)s yuan of yours are voided."),
    "risk_held": _("%(number)s carries a risk flag: its rewards are held."),
    "leaver_held": _("%(person)s has left: %(amount)s yuan wait for your decision to pay or to void."),
    "prices_changed": _("The price board has news, in force from %(day)s: please read it and sign for it."),
    "payout_stuck": _("Payout batch %(batch)s: its sheets could not be finished after several tries."),
    "payout_returned": _(
        "Return file of payout batch %(batch)s: %(paid)s paid, %(refused)s refused, %(unknown)s unknown."
    ),
    "payment_bounced": _(
        "Your payment of %(amount)s yuan had been paid and came back (%(reason)s). It comes again with the next batch: "
        "please check your account with human resources."
    ),
    "payment_refused": _(
        "Your payment of %(amount)s yuan was refused (%(reason)s). It comes again with the next batch: please check "
        "your account with human resources."
    ),
    "invariants_broken": _("The reconciliation found %(count)s broken rules: please look at the page."),
    "sweep_stood_still": _(
        "The search for overdue cases stood still from %(since)s to %(until)s. What fell due meanwhile has been found "
        "now, with its own times."
    ),
    "recount_stuck": _(
        "%(count)s clocks could not be reckoned for an hour and keep their old deadlines: %(numbers)s. All others have "
        "theirs. Have the records mended; they are tried again each minute."
    ),
    # the day
    "cut_off_soon": _("%(count)s files are not in a bag yet; cut-off %(cut_off)s."),
    "undispatched": _("%(branch)s: %(count)s files were not dispatched today: %(numbers)s."),
    "call_agreed": _("%(number)s: a call with the client is agreed for %(agreed)s."),
    "weekly_sheet": _("The sheet of the week from %(week)s is there: please add your note."),
    "success_told": _("A success of yours is in the feed: say in one sentence what helped."),
    "calendar_changed": _(
        "The calendar of %(year)s was changed on %(days)s days: %(moved)s deadlines moved, %(overdue)s of them became "
        "overdue, %(relieved)s are overdue no more."
    ),
    "timeliness_counted_again": _(
        "%(number)s: a clock of yours ends otherwise than it was booked. Timeliness booked: %(booked)s yuan; it is "
        "undone, and %(amount)s yuan stand instead."
    ),
    "calendar_missing": _("No official working days are known for %(years)s: please load the calendar."),
}


# What people have written in their own words. It stays in the house: outside it is a sign that there is more to read.
FREE_TEXT = frozenset({"text", "note", "reason"})
ELSEWHERE = "…"

_books: dict[str, tuple[int, Phrasebook]] = {}


class Phrasebook:
    """The product's words and the bank's own, by kind, language and the day from which they hold. Read once per page:
    it costs one query, and a second one after a template was approved."""

    def __init__(self, templates: Iterable[MessageTemplate]) -> None:
        self._own: dict[tuple[str, str], list[tuple[date, str]]] = {}
        for row in sorted(templates, key=lambda row: row.starts_on, reverse=True):
            self._own.setdefault((row.kind, row.language), []).append((row.starts_on, row.text))

    @classmethod
    def read(cls) -> Phrasebook:
        current = revision(TEMPLATES)
        held = _books.get("all")
        if held is None or held[0] != current:
            approved = MessageTemplate.objects.filter(status=PolicyStatus.APPROVED) if current else ()
            held = _books["all"] = (current, cls(approved))
        return held[1]

    def sentence(self, kind: str, *, on: date | None = None) -> str:
        """The words of a kind on a day (today) in the active language, its facts still by their names."""
        day = on or today()
        own = self._own.get((kind, get_language() or ""), ())
        return next((text for starts_on, text in own if starts_on <= day), str(WORDS.get(kind, "")))

    def words(self, kind: str, facts: Mapping[str, Any], *, on: date | None = None, outside: bool = False) -> str:
        """A message as its reader sees it, by the words of its day. ``outside``: in a letter, without free text."""
        sentence = self.sentence(kind, on=on)
        if not sentence:
            return kind
        shown = {
            name: ELSEWHERE if outside and name in FREE_TEXT and value else _shown(value)
            for name, value in facts.items()
        }
        return sentence % defaultdict(lambda: "—", shown)  # what an older message did not carry yet


def words_of(kind: str, facts: Mapping[str, Any], *, on: date | None = None) -> str:
    """One message in the active language; instants are shown in Shanghai time. For several, read a ``Phrasebook``."""
    return Phrasebook.read().words(kind, facts, on=on)


def facts_of(kind: str) -> frozenset[str]:
    """The names of the facts that messages of a kind carry."""
    with override(None):
        return frozenset(re.findall(r"%\((\w+)\)s", str(WORDS[kind])))


def _shown(value: Any) -> Any:
    if isinstance(value, Mapping):  # a word of a table: {"word": "Central entry", "of": "clock"}
        context, word = value["of"], value["word"]
        return pgettext(context, word)
    if isinstance(value, list):
        return "、".join(str(item) for item in value)
    if isinstance(value, str) and len(value) >= 19 and value[4:5] == "-" and value[10:11] == "T":
        return datetime.fromisoformat(value).astimezone(SHANGHAI).strftime("%m-%d %H:%M")
    return value
