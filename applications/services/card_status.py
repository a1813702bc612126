"""The card system's files: issue, activation, rejection, first spend, cancellation, arrears (contract:
import_card_status).

A file is read whole and stored line by line before anything happens; then each waiting line is applied in a transaction
of its own, so that a crash in the middle loses nothing and a second run finds only what is left. Lines are matched by
application number and the last four characters of the ID number; what does not match is listed, nothing is guessed.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from applications.lifecycle import State
from applications.models import Application, CardStatusImport, CardStatusRow
from applications.services.endings import reject
from applications.services.issue import activate, mark_issued
from ops_center.clock import SHANGHAI, local_day
from ops_center.kernel.errors import DomainError, Malformed, NotAllowed
from organization.models import Employee
from organization.roles import Role
from organization.services.inbox import tell
from organization.services.jobs import by_itself
from organization.vault import vault

HEADER = ("application_number", "id_last4", "status", "at", "card_last4", "reason")
STATUSES = ("ISSUED", "ACTIVATED", "REJECTED", "FIRST_SPEND", "CANCELLED", "DELINQUENT")
EARLY_MONTHS = 6  # ASM-13: arrears within so many months of the activation are reviewed
MOST_BYTES, MOST_LINES, LONGEST_NUMBER = 20 * 1024 * 1024, 200_000, 24
YEARS = range(1990, 2101)  # of an instant that can belong to a card of this bank
Fate = CardStatusRow.Fate


@transaction.atomic
def take_file(*, name: str, content: bytes, actor: Employee | None, at: datetime) -> CardStatusImport:
    """Reads and stores a file. Malformed, and nothing stored, on a wrong header, encoding, status or time."""
    if actor is not None and not actor.has_role(Role.TR, Role.SUP, on=local_day(at)):
        raise NotAllowed("wrong_role", _("Files of the card system are loaded by the trackers."))
    rows = list(_rows(content))
    file = CardStatusImport.objects.create(
        file_name=name[:120], digest=hashlib.sha256(content).hexdigest(), uploaded_by=actor, uploaded_at=at
    )
    for row in rows:
        row.file = file
    CardStatusRow.objects.bulk_create(rows, batch_size=2000)
    return file


def apply_file(*, file_id: int, at: datetime, ended: datetime | None = None) -> CardStatusImport:
    """Applies every waiting line, oldest instant first; safe to call again after a crash."""
    file = CardStatusImport.objects.get(pk=file_id)
    CardStatusImport.objects.filter(pk=file_id).update(state=CardStatusImport.State.RUNNING)
    waiting = list(
        CardStatusRow.objects.filter(file=file, fate=Fate.WAITING).order_by("at", "line").values_list("pk", flat=True)
    )
    for pk in waiting:
        _settle(pk, fate=Fate.WAITING, at=at)
    with transaction.atomic():
        file = CardStatusImport.objects.select_for_update().get(pk=file_id)
        first_end = file.state != CardStatusImport.State.DONE
        file.state, file.ended_at = CardStatusImport.State.DONE, ended or at
        file.save(update_fields=["state", "ended_at"])
        unmatched = file.rows.filter(fate=Fate.UNMATCHED).count()
        if unmatched and waiting and first_end:
            tell(Employee.objects.holding(Role.TR, on=local_day(at)), kind="import_unmatched", at=at,
                 about=f"/card-status-imports/{file.pk}/", count=unmatched, file=file.file_name)  # fmt: skip
    return file


def apply_waiting(*, case: Application, at: datetime) -> None:
    """Applies what files said of a case while it was ended and could not take it, oldest instant first: in the
    transaction of its reopening (T40). A line that still does not fit stays on the unmatched list."""
    waiting = CardStatusRow.objects.filter(application_number=case.number, fate=Fate.UNMATCHED)
    for pk in list(waiting.order_by("at", "pk").values_list("pk", flat=True)):
        _settle(pk, fate=Fate.UNMATCHED, at=at)


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of a file's lines."""

    matched: int
    done_before: int
    unmatched: list[tuple[int, str]]  # (line, finding)


def tally(file: CardStatusImport) -> Tally:
    rows = list(file.rows.values_list("line", "fate", "finding"))
    return Tally(
        matched=sum(fate == Fate.MATCHED for _line, fate, _finding in rows),
        done_before=sum(fate == Fate.DONE_BEFORE for _line, fate, _finding in rows),
        unmatched=[(line, finding) for line, fate, finding in rows if fate == Fate.UNMATCHED],
    )


def last4_index(last4: str) -> bytes:
    return vault().index("id_last4", last4.strip().upper())


# -- reading ----------------------------------------------------------------------------------------------------------
def _rows(content: bytes) -> Iterator[CardStatusRow]:
    if len(content) > MOST_BYTES:
        raise Malformed("file_too_large", _("The file is larger than 20 MB: split it."))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Malformed("file_encoding", _("The file is not UTF-8 text: export it as CSV (UTF-8).")) from None
    lines = _cells(text)
    header = next(lines, [])
    if tuple(header) != HEADER:
        raise Malformed(
            "file_header",
            _("Wrong header: expected %(want)s, found %(got)s.")
            % {"want": ",".join(HEADER), "got": ",".join(header)[:120] or "—"},
        )
    for line, cells in enumerate(lines, start=2):
        if not any(cells):
            continue
        if line > MOST_LINES:
            raise Malformed("file_too_long", _("More than %(most)s lines: split the file.") % {"most": MOST_LINES})
        yield _row(line, cells)


def _cells(text: str) -> Iterator[list[str]]:
    """The lines of the file, their cells without blanks around them."""
    reader = csv.reader(io.StringIO(text))
    try:
        for cells in reader:
            if any("\0" in cell for cell in cells):
                raise csv.Error("NUL")
            yield [cell.strip() for cell in cells]
    except csv.Error:
        raise Malformed(
            "file_csv",
            _("Line %(line)s cannot be read: export the file again as CSV (UTF-8).") % {"line": reader.line_num},
        ) from None


def _row(line: int, cells: list[str]) -> CardStatusRow:
    if len(cells) != len(HEADER):
        raise Malformed(
            "file_line", _("Line %(line)s does not have %(count)s columns.") % {"line": line, "count": len(HEADER)}
        )
    number, last4, status, when, card_last4, reason = cells
    if status.upper() not in STATUSES:
        raise Malformed(
            "file_status",
            _("Line %(line)s: unknown status; use one of %(known)s.") % {"line": line, "known": ", ".join(STATUSES)},
        )
    if len(number) > LONGEST_NUMBER:
        raise Malformed("file_number", _("Line %(line)s: this is no application number.") % {"line": line})
    try:
        at = datetime.fromisoformat(when)
    except ValueError:
        raise Malformed(
            "file_time", _("Line %(line)s: the time is not like 2026-11-26T17:30.") % {"line": line}
        ) from None
    if at.year not in YEARS:
        raise Malformed("file_time", _("Line %(line)s: the year of the time is impossible.") % {"line": line})
    if at.tzinfo is None:
        at = at.replace(tzinfo=SHANGHAI)
    if card_last4 and not (card_last4.isascii() and card_last4.isdigit() and len(card_last4) == 4):
        raise Malformed("file_card", _("Line %(line)s: only the last four digits of the card.") % {"line": line})
    return CardStatusRow(
        line=line, application_number=number, id_last4_index=last4_index(last4) if last4 else None,
        status=status.upper(), at=at, card_last4=card_last4, reason=reason[:40],
    )  # fmt: skip


# -- applying ---------------------------------------------------------------------------------------------------------
def _settle(pk: int, *, fate: str, at: datetime) -> None:
    """Applies one line in a transaction of its own, unless its fate has changed meanwhile.

    A line that breaks the code is listed like any other that does not match, and the next one has its turn. A database
    that fails is no fault of the line: that goes up, and the line keeps waiting.
    """

    def listed(_error: Exception) -> None:
        CardStatusRow.objects.filter(pk=pk, fate=fate).update(
            fate=Fate.UNMATCHED,
            finding=_("The line could not be applied because of an error; tell the administrators."),
        )

    with by_itself(f"card status line {pk}", keep=listed), transaction.atomic():
        row = CardStatusRow.objects.select_for_update().get(pk=pk)
        if row.fate == fate:
            row.fate, row.finding = _apply(row, at=at)
            row.save(update_fields=["fate", "finding"])


def _apply(row: CardStatusRow, *, at: datetime) -> tuple[str, str]:
    # Locked before it is looked at: who takes the same step at this moment has done it, or comes after the line.
    cases = Application.objects.select_for_update(of=("self",)).select_related("applicant")
    case = cases.filter(number=row.application_number).first()
    if case is None:
        return Fate.UNMATCHED, _("No such application number.")
    if not is_same_client(case, row):
        return Fate.UNMATCHED, _("The last four characters of the ID number differ.")
    assert row.at is not None
    if row.at > at:
        return Fate.UNMATCHED, _("The time lies ahead.")
    if _is_done(case, row):
        return Fate.DONE_BEFORE, _("Done before.")
    try:
        with transaction.atomic():
            _take(case, row, at=at)
    except DomainError as no:
        return Fate.UNMATCHED, str(no)[:200]
    return Fate.MATCHED, ""


def is_same_client(case: Application, row: CardStatusRow) -> bool:
    """Whether the ID number on a line ends like that of the case's client."""
    if row.id_last4_index is None or case.applicant.id_number is None:
        return False
    return bytes(row.id_last4_index) == last4_index(case.applicant.id_number.reveal()[-4:])


def _is_done(case: Application, row: CardStatusRow) -> bool:
    if row.status in ("CANCELLED", "DELINQUENT"):
        return _said(row.status).filter(application_number=case.number).exists()
    stamp = {
        "ISSUED": case.issued_at, "ACTIVATED": case.activated_at, "REJECTED": case.rejected_at,
        "FIRST_SPEND": case.first_spend_at,
    }[row.status]  # fmt: skip
    return stamp is not None and case.state != State.EXPIRED


def cancellations(number: str) -> QuerySet[CardStatusRow]:
    """The line that said that the card of a case was cancelled, if it was."""
    return _said("CANCELLED").filter(application_number=number)


def delinquencies() -> QuerySet[CardStatusRow]:
    """The lines that said that the card of a case fell into arrears: one per case."""
    return _said("DELINQUENT")


def _said(status: str) -> QuerySet[CardStatusRow]:
    return CardStatusRow.objects.filter(status=status, fate=Fate.MATCHED)


def is_early(case: Application, row: CardStatusRow) -> bool:
    """Whether a line tells of arrears in the first six months of the card."""
    if case.activated_at is None or row.at is None:
        return False
    since, until = local_day(case.activated_at), local_day(row.at)
    months = 12 * (until.year - since.year) + until.month - since.month - (until.day < since.day)
    return months < EARLY_MONTHS


def _take(case: Application, row: CardStatusRow, *, at: datetime) -> None:
    source = f"{row.file_id}:{row.line}"
    match row.status:
        case "ISSUED":
            mark_issued(case=case.pk, actor=None, at=at, card_last4=row.card_last4, issued_at=row.at, source=source)
        case "ACTIVATED":
            activate(case=case.pk, actor=None, at=at, activated_at=row.at, source=source)
        case "REJECTED":
            reject(case=case.pk, actor=None, at=at, code=row.reason or "CARD_SYSTEM", source=source)
        case "FIRST_SPEND":
            _require_activated(case)
            Application.objects.filter(pk=case.pk).update(first_spend_at=row.at)
        case "CANCELLED":
            _require_activated(case)
            _tell_of_cancellation(case, row, at=at)
        case "DELINQUENT":
            _require_activated(case)
            _tell_of_delinquency(case, row, at=at)


def _require_activated(case: Application) -> None:
    if case.activated_at is None:
        raise Malformed("not_active", _("The card is not activated here."))


def _tell_of_cancellation(case: Application, row: CardStatusRow, *, at: datetime) -> None:
    """A card that nobody used may have been sold for its reward: audit decides whether that is taken back."""
    if case.first_spend_at is not None or row.at is None:
        return
    auditors = Employee.objects.holding(Role.AUD, on=local_day(at))
    tell(auditors, kind="cancelled_unused", at=at, about=f"/applications/{case.number}/", number=case.number,
         day=local_day(row.at).isoformat())  # fmt: skip


def _tell_of_delinquency(case: Application, row: CardStatusRow, *, at: datetime) -> None:
    """A card that is not paid from the start may have been sold to somebody who cannot: a flag for audit, nothing is
    held or taken back by itself."""
    if row.at is None or not is_early(case, row):
        return
    auditors = Employee.objects.holding(Role.AUD, on=local_day(at))
    tell(auditors, kind="early_delinquency", at=at, about="/corrections/", number=case.number,
         day=local_day(row.at).isoformat())  # fmt: skip
