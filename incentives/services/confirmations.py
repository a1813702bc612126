"""绩效认证: registered entries are drafted into a document; who certifies it locks it, and earns nothing from it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Count, Max, Q, QuerySet, Sum
from django.utils.translation import gettext as _

from applications.lifecycle import Clock, Performance
from applications.models import Application
from applications.services.clocks import turn_clocks
from incentives import errors
from incentives.lifecycle import ConfirmationState, PayeeKind
from incentives.models import Confirmation, ConfirmationLine, Registration, RewardEntry
from incentives.periods import Period, period_of
from incentives.services.locks import lock_ledger
from ops_center.kernel.chain import GENESIS, link
from ops_center.kernel.errors import Malformed, Refused
from ops_center.kernel.money import yuan
from organization.models import Branch, Employee
from organization.roles import Role
from organization.services.audit import record
from organization.services.inbox import tell


def confirmable(*, before: datetime) -> QuerySet[RewardEntry]:
    """Entries that a document may take: registered, accrued before an instant, decided, not held, on no document yet,
    and of a case with its four stamps. The fourth (领卡) may be missing only once its share has gone to the pool."""
    coaching_open = RewardEntry.objects.undecided().filter(role=Performance.AFTER_SALES).values("assessment_id")
    return (
        RewardEntry.objects.filter(
            assessment__registration__isnull=False,
            at__lt=before,
            confirmation_line=None,
            assessment__application__taken_in_at__isnull=False,
            assessment__application__entered_at__isnull=False,
            assessment__application__issued_at__isnull=False,
        )
        .exclude(payee_kind=PayeeKind.HELD)
        .filter(Q(assessment__application__collected_at__isnull=False) | ~Q(assessment__in=coaching_open))
        .not_on_hold()
    )


@transaction.atomic
def draft_confirmation(*, period: str, actor: Employee, at: datetime, branches: Sequence[str] = ()) -> Confirmation:
    """A document over what is registered up to the end of the period: of the branches named, or of all.

    Late entries of earlier periods come along. Refused when there is nothing to confirm.
    """
    errors.require_role(actor, Role.TR, Role.SUP, at=at)
    span = period_of(period)
    scope = _branches(branches)
    lock_ledger()
    entries = confirmable(before=span.ends_at)
    if scope:
        entries = entries.filter(assessment__application__branch__in=scope)
    wanted = list(entries.order_by("pk").values_list("pk", flat=True))
    if not wanted:
        raise Refused(
            "nothing_to_confirm",
            _("Nothing registered waits for a confirmation in %(period)s. Register the activations first.")
            % {"period": period},
        )
    document = Confirmation.objects.create(no=_next_number(span), period=period, drafted_by=actor, drafted_at=at)
    document.branches.set(scope)
    ConfirmationLine.objects.bulk_create(
        (ConfirmationLine(confirmation=document, entry_id=pk) for pk in wanted), batch_size=5_000
    )
    _count(document)
    document.save(update_fields=["total_fen", "entry_count", "case_count"])
    record(action="draft_confirmation", at=at, actor=actor, subject=document.no, entries=document.entry_count)
    return document


@transaction.atomic
def discard_confirmation(*, no: str, actor: Employee, at: datetime) -> Confirmation:
    """Takes a draft off the table: its entries are free for the next one, its number stays used."""
    errors.require_role(actor, Role.TR, Role.SUP, at=at)
    lock_ledger()
    document = _draft(no)
    document.lines.all().delete()
    document.state = ConfirmationState.DISCARDED
    document.save(update_fields=["state"])
    record(action="discard_confirmation", at=at, actor=actor, subject=no)
    return document


@transaction.atomic
def certify(*, no: str, actor: Employee, at: datetime) -> Confirmation:
    """绩效认证: in one transaction the entries are certified and the document is CONFIRMED and locked.

    What is held by now is pulled out first. Refused when the actor is a payee of one of the cases or registered one.
    """
    errors.require_role(actor, Role.TR, Role.SUP, at=at)
    lock_ledger()
    document = _draft(no)
    document.lines.filter(entry__in=RewardEntry.objects.on_hold()).delete()
    if not document.lines.exists():
        raise Refused("all_held", _("Every entry of %(no)s is held: nothing is left to certify.") % {"no": no})
    if refusal := why_not_certify(document, actor=actor):
        raise refusal
    _count(document)
    document.state = ConfirmationState.CONFIRMED
    document.certified_by, document.certified_at = actor, at
    document.check_code = check_code_of(document)
    document.save()
    record(action="certify", at=at, actor=actor, subject=no, fen=document.total_fen, entries=document.entry_count)
    _start_paying(document, at=at)
    _tell_payees(document, at=at)
    return document


def check_code_of(document: Confirmation) -> str:
    """Twelve hexadecimal digits over number and lines: printed on the paper, so that a changed copy shows."""
    lines = document.lines.order_by("entry_id").values_list("entry_id", "entry__amount_fen", "entry__payee_id")
    code = link(GENESIS, [document.no, document.period, [list(line) for line in lines]]).hex()[:12].upper()
    return "-".join(re.findall("....", code))


def _branches(codes: Sequence[str]) -> list[Branch]:
    scope = list(Branch.objects.filter(code__in=codes))
    if len(scope) != len(set(codes)):
        sentence = _("One of these branches does not exist.")
        raise Malformed("bad_branch", sentence, {"branches": sentence})
    return scope


def _next_number(span: Period) -> str:
    """JXQR-202611-001, counted per month; the ledger is locked."""
    stem = f"JXQR-{span.month}-"
    last = Confirmation.objects.filter(no__startswith=stem).aggregate(last=Max("no"))["last"]
    return f"{stem}{int(last.removeprefix(stem)) + 1 if last else 1:03d}"


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
    """What keeps this person from certifying: a payee of one of its cases or a registrar never does. The page shows
    the sentence instead of the button."""
    cases = document.lines.values("entry__assessment_id")
    if RewardEntry.objects.filter(assessment__in=cases, payee=actor).exists():
        return Refused(
            "certifier_is_payee",
            _("You earn from a case on %(no)s, so somebody else certifies it: another tracker or a supervisor.")
            % {"no": document.no},
        )
    if Registration.objects.filter(assessment__in=cases, by=actor).exists():
        return Refused(
            "certifier_is_registrar",
            _("You registered a case on %(no)s, so somebody else certifies it: another tracker or a supervisor.")
            % {"no": document.no},
        )
    return None


def _count(document: Confirmation) -> None:
    sums = document.lines.aggregate(
        total=Sum("entry__amount_fen"), entries=Count("pk"), cases=Count("entry__assessment", distinct=True)
    )
    document.total_fen, document.entry_count, document.case_count = sums["total"] or 0, sums["entries"], sums["cases"]


def _start_paying(document: Confirmation, *, at: datetime) -> None:
    """The clock of the certification ends and that of the payout begins, once per case."""
    cases = Application.objects.filter(pk__in=document.lines.values("entry__assessment_id")).order_by("pk")
    turn_clocks(list(cases.select_for_update(of=("self",))), at=at, stops=Clock.CERTIFY, starts=Clock.PAY)


def _tell_payees(document: Confirmation, *, at: datetime) -> None:
    payees = document.lines.filter(entry__payee__isnull=False).values_list("entry__payee")
    for payee, total in payees.annotate(total=Sum("entry__amount_fen")).order_by("entry__payee"):
        tell([payee], kind="reward_confirmed", at=at, about="/rewards/", no=document.no, amount=yuan(total))
