"""The work instructions (操作指引): one short page per topic in ``templates/help/``; a page names its topic for F1."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from django.utils.translation import gettext_lazy as _

_START, _FRONT, _CENTER, _CONTROL, _MONEY = (
    _("To begin with"), _("Front desk and branch"), _("Operations center"), _("Supervision"), _("Rewards and rules"),
)  # fmt: skip

# topic → (group, title), in the order of the list beside every page.
TOPICS: dict[str, tuple[Any, Any]] = {
    "overview": (_START, _("Overview and keys")),
    "home": (_START, _("Home page")),
    "case": (_START, _("Case page")),
    "search": (_START, _("Search")),
    "inbox": (_START, _("Inbox")),
    "referrals": (_FRONT, _("Referral")),
    "intake": (_FRONT, _("Intake")),
    "group-batches": (_FRONT, _("Group batches")),
    "bags": (_FRONT, _("Sealed bags")),
    "receive": (_CENTER, _("Receipt at the center")),
    "check": (_CENTER, _("Credit check")),
    "entry": (_CENTER, _("Entry")),
    "review": (_CENTER, _("Entry review")),
    "filing": (_CENTER, _("Number and file")),
    "after-sales": (_CENTER, _("Coaching and activation")),
    "imports": (_CENTER, _("Card status imports")),
    "problems": (_CONTROL, _("Problem items and returns")),
    "overdue": (_CONTROL, _("Deadlines and overdue cases")),
    "clock-policies": (_CONTROL, _("Limits and times")),
    "outages": (_CONTROL, _("Outages")),
    "calendar": (_CONTROL, _("Working calendar")),
    "boards": (_CONTROL, _("Boards")),
    "timeliness": (_CONTROL, _("Timeliness board")),
    "delays": (_CONTROL, _("Whose delays")),
    "capacity": (_CONTROL, _("Capacity, forecast and what if")),
    "targets": (_CONTROL, _("Targets")),
    "weekly": (_CONTROL, _("Weekly sheet")),
    "feed": (_CONTROL, _("Success feed")),
    "summary": (_CONTROL, _("My summary")),
    "operations-reports": (_CONTROL, _("Operations report")),
    "complaints": (_CONTROL, _("Complaints")),
    "approvals": (_CONTROL, _("Approvals")),
    "letters": (_CONTROL, _("Letters and words of messages")),
    "audit": (_CONTROL, _("Audit log")),
    "reconciliation": (_CONTROL, _("Reconciliation")),
    "jobs": (_CONTROL, _("Periodic jobs")),
    "rewards": (_MONEY, _("Rewards")),
    "registration": (_MONEY, _("Registration of rewards")),
    "certification": (_MONEY, _("Confirmation documents and certification")),
    "corrections": (_MONEY, _("Corrections and held rewards")),
    "payout": (_MONEY, _("Payout")),
    "settlement": (_MONEY, _("Settlement")),
    "reward-reports": (_MONEY, _("Reward reports")),
    "policies": (_MONEY, _("Bounties and split")),
}

# Pages that share an instruction with another, and the steps of a case by their slugs.
_SHARED = {
    "referrals": "referral",
    "intake": "accept release start-intake complete-intake hand-to-branch confirm-hand-to-branch e-intake self-route "
    "hand-to-center add-document",
    "check": "pass-check",
    "entry": "submit-entry",
    "review": "verify arbitrate",
    "filing": "file mark-issued",
    "after-sales": "coach late-coach activate refuse-card log-contact",
    "problems": "raise-problem reply resolve return resubmit reject withdraw",
    "approvals": "reopen correct-stamp",
    "overdue": "breaches reassign",
    "certification": "confirmations",
    "corrections": "holds",
    "payout": "payouts",
    "rewards": "price-board",
}
SAME: dict[str, str] = {other: topic for topic, others in _SHARED.items() for other in others.split()}


def groups() -> list[tuple[Any, list[tuple[str, Any]]]]:
    """The topics under their headings."""
    return [
        (group, [(topic, title) for topic, (_group, title) in rows])
        for group, rows in groupby(TOPICS.items(), key=lambda item: item[1][0])
    ]
