"""绩效认证: registered entries are drafted into a document; who certifies it locks it, and earns nothing from it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Count, QuerySet, Sum, Value
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from incentives import errors
from incentives.lifecycle import ConfirmationState, PayeeKind
from incentives.models import Confirmation, ConfirmationLine, Registration, RewardEntry
from incentives.periods import Period, period_of
from incentives.querysets import RewardEntryQuerySet
from incentives.results import RowResult, unless_all_refused
from incentives.services import pay_clock
from incentives.services.holds import pull_holds
from incentives.services.locks import lock_ledger
from ops_center.clock import local_day
from ops_center.kernel.chain import GENESIS, link
from ops_center.kernel.errors import DomainError, Malformed, Refused
from ops_center.kernel.money import yuan
from organization.models import Branch, Employee
from organization.roles import Role
from organization.services.audit import record
from organization.services.inbox import tell, tell_each

MOST = 100  # documents in one go
CERTIFIED = gettext_lazy("Certified and locked")


def payable() -> RewardEntryQuerySet:
    """Entries that may stand on a document: registered, decided, still due, not held, of a case with its stamps."""
    entries = RewardEntry.objects.filter(assessment__registration__isnull=False)
    return entries.exclude(payee_kind=PayeeKind.HELD).still_due().not_on_hold().of_stamped_cases()


def confirmable(*, before: datetime) -> RewardEntryQuerySet:
    """Entries that a document may take: payable, accrued before an instant, on no document yet."""
    return payable().filter(at__lt=before, confirmation_line=None)


@transaction.atomic
def draft_confirmation(*, period: str, actor: Employee, at: datetime, branches: Sequence[str] = ()) -> Confirmation:
    """A document over what is registered up to the end of the period: of the branches named, or of all.

    Late entries of earlier periods come along, claw-backs of what was confirmed long ago too. Refused when there is
    nothing to confirm.
    """
    errors.require_role(actor, Role.TR, Role.SUP, at=at)
    span = period_of(period)
    if span.starts_at > at:
        raise Refused(
            "period_ahead",
            _("%(period)s begins on %(day)s: it is drafted from that day on. Choose a period that has begun.")
            % {"period": period, "day": span.first.isoformat()},
        )
    scope = _branches(branches)
    lock_ledger()
    entries = confirmable(before=span.ends_at)
    if scope:
        entries = entries.filter(assessment__application__branch__in=scope)
    document = Confirmation.objects.create(no=_next_number(span), period=period, drafted_by=actor, drafted_at=at)
    if not _take(document, entries):
        raise Refused(
            "nothing_to_confirm",
            _("Nothing registered waits for a confirmation in %(period)s. Register the activations first.")
            % {"period": period},
        )
    document.branches.set(scope)
    _count(document)
    document.save(update_fields=["total_fen", "entry_count", "case_count"])
    record(action="draft_confirmation", at=at, actor=actor, subject=document.no, entries=document.entry_count)
    tell(
        _certifiers(document, at=at).exclude(pk=actor.pk),
        kind="confirmation_drafted",
        at=at,
        about=f"/confirmations/{document.no}/",
        no=document.no,
        amount=yuan(document.total_fen),
    )
    return document


@transaction.atomic
def discard_confirmation(*, no: str, reason: str, actor: Employee, at: datetime) -> Confirmation:
    """Takes a draft off the table, with a reason: its entries are free for the next one, its number stays used."""
    errors.require_role(actor, Role.TR, Role.SUP, at=at)
    if not reason.strip():
        raise Malformed("reason_missing", _("Give the reason."), {"reason": _("Give the reason.")})
    lock_ledger()
    document = _draft(no)
    document.lines.all().delete()
    document.state = ConfirmationState.DISCARDED
    document.discarded_by, document.discarded_at, document.discard_reason = actor, at, reason.strip()
    document.save(update_fields=["state", "discarded_by", "discarded_at", "discard_reason"])
    record(action="discard_confirmation", at=at, actor=actor, subject=no)
    return document


@transaction.atomic
def certify(*, no: str, actor: Employee, at: datetime) -> Confirmation:
    """绩效认证: in one transaction the entries are certified and the document is CONFIRMED and locked.

    What is held, voided or taken back by now is pulled out first. Refused when the actor is a payee of one of the
    cases or registered one.
    """
    errors.require_role(actor, Role.TR, Role.SUP, at=at)
    lock_ledger()
    pull_holds(at=at)
    document = _draft(no)
    no_longer_payable(document).delete()
    if refusal := why_not_certify(document, actor=actor):
        raise refusal
    _count(document)
    document.state = ConfirmationState.CONFIRMED
    document.certified_by, document.certified_at = actor, at
    document.check_code = check_code_of(document)
    document.save()
    record(action="certify", at=at, actor=actor, subject=no, fen=document.total_fen, entries=document.entry_count)
    pay_clock.begin(document, at=at)
    _tell_everybody(document, at=at)
    return document


def certify_each(*, numbers: Sequence[str], actor: Employee, at: datetime) -> list[RowResult]:
    """Certifies drafts by their numbers, each in a transaction of its own: a refusal of one does not keep the others.

    Raises the refusal itself when not a single one could be certified.
    """
    errors.require_role(actor, Role.TR, Role.SUP, at=at)
    wanted = list(dict.fromkeys(numbers))
    if not 0 < len(wanted) <= MOST:
        sentence = _("Choose between 1 and %(most)s documents.") % {"most": MOST}
        raise Malformed("bad_selection", sentence, {"numbers": sentence})
    results = []
    for no in wanted:
        try:
            certify(no=no, actor=actor, at=at)
        except DomainError as refusal:
            results.append(RowResult(no, refusal))
        else:
            results.append(RowResult(no, word=CERTIFIED))
    return unless_all_refused(results)


def no_longer_payable(document: Confirmation) -> QuerySet[ConfirmationLine]:
    """The lines of a draft whose entries have been held, voided or taken back since: certifying takes
    them out."""
    still = payable().filter(confirmation_line__confirmation=document)  # one set: far cheaper than a look per line
    return document.lines.exclude(entry__in=still)


def leave_drafts(entries: Iterable[RewardEntry]) -> None:
    """Takes entries that will not be paid off the drafts on which they stand, with the ledger locked."""
    keys = [entry.pk for entry in entries]
    ConfirmationLine.objects.filter(entry__in=keys, confirmation__state=ConfirmationState.DRAFT).delete()


def check_code_of(document: Confirmation) -> str:
    """Twelve hexadecimal digits over what is printed: number, period, scope, totals, signature and every line. A
    changed copy does not have it."""
    lines = document.lines.order_by("entry_id").values_list(
        *(f"entry__{name}" for name in ("id", "kind", "role", "amount_fen", "payee_kind", "payee_id"))
    )
    facts = [
        [document.no, document.period, sorted(branch.code for branch in document.branches.all())],
        [document.total_fen, document.entry_count, document.case_count],
        [document.certified_by_id, document.certified_at],
        list(lines),
    ]
    code = link(GENESIS, facts)
    return "-".join(re.findall("....", code.hex()[:12].upper()))


def _branches(codes: Sequence[str]) -> list[Branch]:
    scope = list(Branch.objects.filter(code__in=codes))
    if len(scope) != len(set(codes)):
        sentence = _("One of these branches does not exist.")
        raise Malformed("bad_branch", sentence, {"branches": sentence})
    return scope


def _next_number(span: Period) -> str:
    """JXQR-202611-001, counted per month; the ledger is locked."""
    stem = f"JXQR-{span.month}-"
    used = Confirmation.objects.filter(no__startswith=stem).values_list("no", flat=True)
    last = max((int(no.removeprefix(stem)) for no in used), default=0)
    return f"{stem}{last + 1:03d}"


def _take(document: Confirmation, entries: RewardEntryQuerySet) -> int:
    """Writes a line for each entry in one statement; returns how many."""
    rows = entries.with_sheet().order_by("pk").annotate(document=Value(document.pk))
    lines = rows.values_list("document", "pk", "sheet_code")
    query, values = lines.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO incentives_confirmationline (confirmation_id, entry_id, sheet) {query}", values)
        written: int = cursor.rowcount
    return written


def _draft(no: str) -> Confirmation:
    document = Confirmation.objects.filter(no=no).first()
    if document is None:
        raise errors.not_found()
    if not document.is_draft:
        raise Refused(
            "not_a_draft",
            _("%(no)s is “%(state)s”: only a draft can still be decided.")
            % {"no": no, "state": document.get_state_display()},
        )
    return document


def why_not_certify(document: Confirmation, *, actor: Employee) -> Refused | None:
    """What keeps this person from certifying: a payee of one of its cases or a registrar never does, and nobody signs
    an empty document. The page shows the sentence instead of the button."""
    if not payable().filter(confirmation_line__confirmation=document).exists():
        return Refused(
            "all_held", _("Every entry of %(no)s is held: nothing is left to certify.") % {"no": document.no}
        )
    if _payees_of_cases(document).filter(payee=actor).exists():
        return Refused(
            "certifier_is_payee",
            _("You earn from a case on %(no)s, so somebody else certifies it: another tracker or a supervisor.")
            % {"no": document.no},
        )
    if _registrations(document).filter(by=actor).exists():
        return Refused(
            "certifier_is_registrar",
            _("You registered a case on %(no)s, so somebody else certifies it: another tracker or a supervisor.")
            % {"no": document.no},
        )
    return None


def _certifiers(document: Confirmation, *, at: datetime) -> QuerySet[Employee]:
    """Who may certify it: trackers and supervisors who neither earn from one of its cases nor registered one."""
    holders: QuerySet[Employee] = Employee.objects.holding(Role.TR, Role.SUP, on=local_day(at))
    return holders.exclude(pk__in=_payees_of_cases(document).filter(payee__isnull=False).values("payee")).exclude(
        pk__in=_registrations(document).values("by")
    )


def _payees_of_cases(document: Confirmation) -> RewardEntryQuerySet:
    """All entries of its cases, whether they stand on it or not."""
    return RewardEntry.objects.filter(assessment__in=document.lines.values("entry__assessment_id"))


def _registrations(document: Confirmation) -> QuerySet[Registration]:
    return Registration.objects.filter(assessment__in=document.lines.values("entry__assessment_id"))


def _count(document: Confirmation) -> None:
    sums = document.lines.aggregate(
        total=Sum("entry__amount_fen"), entries=Count("pk"), cases=Count("entry__assessment", distinct=True)
    )
    document.total_fen, document.entry_count, document.case_count = sums["total"] or 0, sums["entries"], sums["cases"]


def _tell_everybody(document: Confirmation, *, at: datetime) -> None:
    """The payees what is theirs, who drafted it that it is certified, HR that it can be exported."""
    no, amount = document.no, yuan(document.total_fen)
    sums = document.lines.filter(entry__payee_kind=PayeeKind.EMPLOYEE).values_list("entry__payee")
    own = {payee: {"no": no, "amount": yuan(fen)} for payee, fen in sums.annotate(fen=Sum("entry__amount_fen"))}
    tell_each(own, kind="reward_confirmed", at=at, about="/rewards/")
    certifier, drafter = document.certified_by, document.drafted_by
    if certifier is not None and drafter != certifier:
        tell([drafter], kind="confirmation_certified", at=at, about=f"/confirmations/{no}/", no=no, amount=amount,
             person=certifier.name)  # fmt: skip
    hr = Employee.objects.holding(Role.HR, on=local_day(at))
    tell(hr, kind="confirmation_ready", at=at, about=f"/confirmations/{no}/", no=no, amount=amount)
