"""消息模板: the bank's own words of a kind of message, drafted by one of the management and approved by a second.

A template says the facts of its kind by their names, ``%(number)s``. What it may not do is lose what the reader acts
by, name what the message does not carry, or hold anything about a client.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import override

from ops_center.clock import SHANGHAI, local_day
from ops_center.kernel.errors import Malformed
from ops_center.kernel.identity import looks_personal, pan_like
from organization.messages import TEMPLATES, WORDS, Phrasebook, facts_of
from organization.models import Employee, MessageTemplate
from organization.models.versions import PolicyStatus
from organization.services import versions
from organization.services.audit import record
from organization.services.revisions import bump

LONGEST = 300  # characters
# What the reader acts by: a template says these wherever the product's own words do.
REQUIRED = frozenset(
    {"number", "numbers", "bag", "no", "batch", "due", "amount", "count", "day", "file_by", "decide_by"}
)

_AT = datetime(2026, 11, 26, 17, 30, tzinfo=SHANGHAI).isoformat()
# Facts of real shape and nobody's data, for the preview.
EXAMPLES: Mapping[str, Any] = {
    "number": "JL26112400017", "numbers": ["JL26112400017", "JL26112400018"], "bag": "FB2611240003",
    "no": "JXQR-202611-001", "batch": 12, "due": _AT, "file_by": _AT, "decide_by": _AT, "agreed": _AT, "since": _AT,
    "until": _AT, "day": "2026-11-26", "month": "2026-11", "years": ["2027"], "year": 2027, "amount": "20.00",
    "count": 3, "packed": 12, "found": 11, "expected": "S0001", "person": "周启明", "branch": "滨河支行",
    "product": "江岚经典卡", "code": "F04", "codes": ["D05"], "fields": ["单位电话"], "file": "card-status.csv",
    "clock": {"word": "Central entry", "of": "clock"}, "decision": {"word": "Approved", "of": "request"},
    "ground": {"word": "Duplicate", "of": "ground"}, "cut_off": "17:30", "case": "JL26112400017", "what": "更正时间",
    "paid": 6, "refused": 1, "unknown": 0, "complaint": "TS2611280001", "reason": "…", "note": "…", "text": "…",
}  # fmt: skip


@transaction.atomic
def draft_template(
    *, kind: str, language: str, text: str, starts_on: date, note: str, actor: Employee, at: datetime
) -> MessageTemplate:
    """Drafts new words of a kind of message from a day on. Malformed where the words would not do."""
    versions.require_management(actor, at=at)
    sentence = require_words(kind, language, text)
    versions.require_ahead(starts_on, at=at)
    row = MessageTemplate.objects.create(
        kind=kind, language=language, text=sentence, starts_on=starts_on, note=versions.require_note(note),
        drafted_by=actor, drafted_at=at,
    )  # fmt: skip
    record(action="draft_template", at=at, actor=actor, subject=f"{kind} {language}", starts_on=starts_on.isoformat())
    return row


@transaction.atomic
def approve_template(*, template: int, actor: Employee, at: datetime) -> MessageTemplate:
    """A second one of the management puts it in force from its day on."""
    row = versions.approve(MessageTemplate, pk=template, actor=actor, at=at)
    bump(TEMPLATES)
    return row


def discard_template(*, template: int, actor: Employee, at: datetime) -> MessageTemplate:
    """Takes a draft off the table; by anyone of the management, the drafter included."""
    return versions.discard(MessageTemplate, pk=template, actor=actor, at=at)


def require_words(kind: str, language: str, text: str) -> str:
    """The sentence, trimmed. Malformed (400) with the field and what is wrong with it."""
    if kind not in WORDS:
        raise _wrong("kind", _("There is no such kind of message. Choose one of the list."))
    if language not in dict(settings.LANGUAGES):
        raise _wrong("language", _("The product speaks Chinese and English."))
    sentence = " ".join(text.split())
    if not sentence or len(sentence) > LONGEST:
        raise _wrong("text", _("Write between 1 and %(most)s characters.") % {"most": LONGEST})
    if looks_personal(sentence) or pan_like(sentence):
        raise _wrong(
            "text", _("This looks like an ID number, a mobile or a card number. Messages carry no data of clients.")
        )
    named, known = set(re.findall(r"%\((\w+)\)s", sentence)), facts_of(kind)
    if strangers := sorted(named - known):
        raise _wrong(
            "text",
            _("Messages of this kind do not carry %(unknown)s. They carry: %(known)s.")
            % {"unknown": "、".join(strangers), "known": "、".join(sorted(known))},
        )
    if missing := sorted((known & REQUIRED) - named):
        raise _wrong(
            "text",
            _("The reader acts by %(missing)s: say it, written %(example)s.")
            % {"missing": "、".join(missing), "example": f"%({missing[0]})s"},
        )
    if "%" in re.sub(r"%\(\w+\)s", "", sentence):
        raise _wrong("text", _("A per cent sign stands only in the name of a fact. Write “per cent” instead."))
    return sentence


def preview(kind: str, language: str, text: str) -> str:
    """The words with example facts, as a reader of that language would see them."""
    sentence = require_words(kind, language, text)
    row = MessageTemplate(kind=kind, language=language, text=sentence, starts_on=date.min)
    with override(language):
        return Phrasebook([row]).words(kind, examples_of(kind))


def examples_of(kind: str) -> dict[str, Any]:
    """Facts of real shape for every fact of a kind."""
    return {name: EXAMPLES.get(name, 3) for name in facts_of(kind)}


# -- in sight ----------------------------------------------------------------------------------------------------------
def words_in_force(language: str, *, at: datetime) -> list[tuple[str, str, bool]]:
    """Every kind of message, its words of that day in one language, and whether they are the bank's own."""
    book, today = Phrasebook.read(), local_day(at)
    approved = MessageTemplate.objects.filter(status=PolicyStatus.APPROVED, language=language, starts_on__lte=today)
    own = set(approved.values_list("kind", flat=True))
    with override(language):
        return [(kind, book.sentence(kind, on=today), kind in own) for kind in WORDS]


def drafts() -> QuerySet[MessageTemplate]:
    """What waits for the second person, oldest first."""
    return MessageTemplate.objects.filter(status=PolicyStatus.DRAFT).select_related("drafted_by").order_by("pk")


def version_of(template: int) -> MessageTemplate:
    """One version; OutOfSight when there is none."""
    row = MessageTemplate.objects.select_related("drafted_by", "approved_by").filter(pk=template).first()
    if row is None:
        raise versions.no_version()
    return row


def words_before(row: MessageTemplate) -> str:
    """The words that a version follows, with example facts, in its language."""
    with override(row.language):
        return Phrasebook.read().words(row.kind, examples_of(row.kind), on=row.starts_on - timedelta(days=1))


def _wrong(field: str, sentence: str) -> Malformed:
    return Malformed("bad_template", sentence, {field: sentence})
