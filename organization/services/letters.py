"""Letters out of the house: written in the transaction of what they tell, sent by a job, given up in sight.

A row of ``Delivery`` is the outbox. Its key makes it go out once: who writes it a second time writes nothing. The
sender locks row by row and skips what another sender has, so that two of them never send the same letter. A server that
is away delays letters and fails no request: nothing is sent from inside one.
"""

from __future__ import annotations

import logging
import smtplib
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

import apprise
from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import override

from ops_center.clock import local_day
from ops_center.kernel.errors import NotAllowed, OutOfSight, Refused
from organization.messages import Phrasebook
from organization.models import Channel, Delivery, Employee, Message
from organization.roles import Role
from organization.services.audit import record
from organization.services.telling import who_may_be_told

logger = logging.getLogger(__name__)

# What is told by mail as well, to who has asked for mail (domain section 14). All other lists wait for the digest.
MAILED = frozenset({"bag_missing", "file_lost", "undispatched", "calendar_missing"})
# What the groups hear of: alarms of the bank, never anything personal.
ALARMS = frozenset({"calendar_missing", "invariants_broken", "sweep_stood_still", "recount_stuck", "payout_stuck"})
MOST_TRIES = 5
WAIT = timedelta(minutes=2)  # after the first failure; doubled after each
IN_ONE_PASS = 500
WATCHERS = (Role.SUP, Role.ADM)
NO_ADDRESS = "NoAddress"  # what the row says of a letter that could go nowhere


# -- writing -----------------------------------------------------------------------------------------------------------
def post(letters: Iterable[Delivery]) -> None:
    """Puts letters into the outbox, each key once. Where the bank has no such channel nothing is written."""
    rows = [row for row in letters if is_open(row.channel)]
    Delivery.objects.bulk_create(rows, ignore_conflicts=True, batch_size=1_000)


def is_open(channel: str) -> bool:
    return bool(settings.HAS_MAIL) if channel == Channel.MAIL else bool(settings.CHAT_URLS)


def post_news(rows: list[Message]) -> None:
    """The letters that go with messages just written: mail to who has asked for it, an alarm to the groups once."""
    kinds = {row.kind for row in rows}
    if kinds & MAILED and settings.HAS_MAIL:
        mailed = [row for row in rows if row.kind in MAILED]
        readers = Employee.objects.filter(pk__in=[row.employee_id for row in mailed], preference__by_mail=True)
        people = {person.pk: person for person in readers}
        post(_mail_of(row, people[row.employee_id]) for row in mailed if row.employee_id in people)
    if kinds & ALARMS and settings.CHAT_URLS:
        first = {row.kind: row for row in rows if row.kind in ALARMS}
        post(_alarm_of(row) for row in first.values())


def _mail_of(row: Message, person: Employee) -> Delivery:
    with override(person.language):
        said = Phrasebook.read().words(row.kind, row.facts, on=local_day(row.at), outside=True)
        return Delivery(
            channel=Channel.MAIL, employee=person, subject=subject_of(said), text=letter(said, row.about),
            key=f"{row.kind}:{row.pk}", due_at=row.at,
        )  # fmt: skip


def _alarm_of(row: Message) -> Delivery:
    with override(settings.LANGUAGE_CODE):
        said = Phrasebook.read().words(row.kind, row.facts, on=local_day(row.at), outside=True)
        return Delivery(
            channel=Channel.CHAT, subject=subject_of(said), text=letter(said, row.about), key=f"{row.kind}:{row.pk}",
            due_at=row.at,
        )  # fmt: skip


def subject_of(sentence: str) -> str:
    """The first words of a sentence, at most a line."""
    return sentence if len(sentence) <= 60 else f"{sentence[:59]}…"


def letter(body: str, about: str = "") -> str:
    """A body with the address of the page that it is about, and what kind of letter this is."""
    link = f"\n{settings.PUBLIC_URL}{about}" if about else ""
    kind_of_letter = _("Sent by the operations center. Please do not reply.")
    return f"{body}{link}\n\n{kind_of_letter}\n"


# -- sending -----------------------------------------------------------------------------------------------------------
def send_due(*, at: datetime) -> Counter[str]:
    """Sends what is due: personal letters when their reader may be told, the others at once.

    A channel whose server does not answer is left alone until the next pass. Counts ``sent``, ``failed``, ``given_up``,
    and ``without_address``: who has no address is told in the inbox only, which is no fault.
    """
    waiting = Delivery.objects.filter(sent_at=None, given_up_at=None, due_at__lte=at).order_by("due_at", "id")
    found = list(waiting.values_list("pk", "channel", "employee")[:IN_ONE_PASS])
    awake = who_may_be_told(at, {person for _pk, _channel, person in found if person is not None})
    counts, silent, mail = Counter(sent=0, failed=0, given_up=0), set[str](), get_connection()
    try:
        for pk, channel, person in found:
            if channel in silent or (person is not None and person not in awake):
                continue
            error = _send_one(pk, mail=mail, counts=counts, at=at)
            if error is not None and _is_away(error):
                silent.add(channel)
    finally:
        mail.close()
    return counts


@transaction.atomic
def _send_one(pk: int, *, mail: BaseEmailBackend, counts: Counter[str], at: datetime) -> Exception | None:
    """Sends one letter with its row locked; what another sender has is left to it. Returns what went wrong."""
    rows = Delivery.objects.select_for_update(skip_locked=True, of=("self",)).select_related("employee")
    row = rows.filter(pk=pk, sent_at=None, given_up_at=None).first()
    if row is None:
        return None
    if row.channel == Channel.MAIL and not (row.employee and row.employee.email):
        row.given_up_at, row.error = at, NO_ADDRESS
        row.save(update_fields=["given_up_at", "error"])
        counts["without_address"] += 1
        return None
    error: Exception | None = None
    try:
        _deliver(row, mail=mail)
    except Exception as problem:  # whatever a server or a library says: it is the letter's fate, not the job's
        error = problem
        logger.warning("letter %s was not sent: %s", row.pk, type(problem).__name__)
    row.tries += 1
    if error is None:
        row.sent_at, row.error = at, ""
        counts["sent"] += 1
    else:
        row.error = type(error).__name__  # never its text: it may repeat an address
        if row.tries >= MOST_TRIES:
            row.given_up_at = at
            counts["given_up"] += 1
        else:
            row.due_at = at + WAIT * 2 ** (row.tries - 1)
            counts["failed"] += 1
    row.save(update_fields=["tries", "sent_at", "error", "given_up_at", "due_at"])
    return error


class ChatRefused(Exception):
    """A group's server did not take the message."""


def _deliver(row: Delivery, *, mail: BaseEmailBackend) -> None:
    if row.channel == Channel.CHAT:
        groups = apprise.Apprise()
        groups.add(settings.CHAT_URLS)
        if not groups.notify(title=row.subject, body=row.text):
            raise ChatRefused
        return
    assert row.employee is not None  # see _send_one
    # The same letter has the same name at every try: a server that took it before a crash knows it again.
    headers = {"Message-ID": f"<{row.pk}@ops-center>"}
    EmailMessage(row.subject, row.text, to=[row.employee.email], headers=headers, connection=mail).send()


def _is_away(error: Exception) -> bool:
    """Whether the server does not answer, or not to us: the other letters need not be tried now."""
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return True
    of_this_letter = (smtplib.SMTPRecipientsRefused, smtplib.SMTPResponseException)
    return not isinstance(error, of_this_letter)


# -- in sight ----------------------------------------------------------------------------------------------------------
_WAITING = Q(sent_at=None, given_up_at=None)
ROOMS: Mapping[str, Q] = {
    "given-up": Q(given_up_at__isnull=False) & ~Q(error=NO_ADDRESS),
    "no-address": Q(given_up_at__isnull=False, error=NO_ADDRESS),
    "again": _WAITING & Q(tries__gt=0),
    "waiting": _WAITING & Q(tries=0),
    "sent": Q(sent_at__isnull=False),
}


def letters_in(room: str) -> QuerySet[Delivery]:
    """The letters that stand in one of the ``ROOMS``."""
    return Delivery.objects.filter(ROOMS[room]).select_related("employee")


@transaction.atomic
def send_again(*, delivery: int, actor: Employee, at: datetime) -> Delivery:
    """Puts a letter that was given up back into the outbox, with its tries from the start."""
    if not actor.has_role(*WATCHERS, on=local_day(at)):
        raise NotAllowed("wrong_role", _("Letters are watched by the supervisors and the administrators."))
    row = Delivery.objects.select_for_update(of=("self",)).filter(pk=delivery).first()
    if row is None:
        raise OutOfSight("not_found", _("There is no such letter."))
    if row.given_up_at is None:
        raise Refused("not_given_up", _("This letter is not given up: it is sent, or tried again by itself."))
    row.given_up_at, row.tries, row.due_at, row.error = None, 0, at, ""
    row.save(update_fields=["given_up_at", "tries", "due_at", "error"])
    record(action="send_again", at=at, actor=actor, subject=row.key)
    return row


def forget_letters(*, before: datetime) -> int:
    """Removes letters that were sent before; returns how many. What was given up stays in sight."""
    removed, _tables = Delivery.objects.filter(sent_at__lt=before).delete()
    return removed
