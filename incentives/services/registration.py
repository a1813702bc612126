"""绩效登记: the tracker looks at each activation and takes its rewards into the next confirmation."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from applications.lifecycle import Clock
from applications.models import Application
from applications.services.clocks import turn_clocks
from incentives import errors
from incentives.evidence import Evidence, evidence_of
from incentives.lifecycle import Proof, Verdict
from incentives.models import Assessment, Registration
from incentives.results import RowResult, unless_all_refused
from ops_center.kernel.errors import DomainError, Malformed, Refused
from organization.models import Employee
from organization.roles import Role
from organization.services.audit import record_each

MOST = 500  # cases in one go
REGISTERED = gettext_lazy("Registered")


@transaction.atomic
def register(
    *, applications: Sequence[str], actor: Employee, at: datetime, despite: Collection[str] = ()
) -> list[RowResult]:
    """Registers cases by their numbers, each for itself: one that cannot be registered does not keep the others.

    ``despite`` names those of them that the tracker has looked into although the card system's file says otherwise;
    without that they are refused. Raises the refusal itself when not a single case could be registered.
    """
    errors.require_role(actor, Role.TR, at=at)
    numbers = list(dict.fromkeys(applications))
    if not 0 < len(numbers) <= MOST:
        sentence = _("Choose between 1 and %(most)s cases.") % {"most": MOST}
        raise Malformed("bad_selection", sentence, {"applications": sentence})
    cases = Application.objects.filter(number__in=numbers).order_by("pk").select_for_update(of=("self",))
    # In a statement of its own, once the cases are locked: whoever was faster has registered them by then.
    found = {case.number: case for case in cases.prefetch_related("assessment__registration")}
    evidence = evidence_of(found.values())
    results = [
        RowResult(number, _refusal(found.get(number), evidence, is_looked_into=number in despite), REGISTERED)
        for number in numbers
    ]
    taken = [found[result.subject] for result in results if result.done]
    Registration.objects.bulk_create(Registration(assessment_id=case.pk, by=actor, at=at) for case in taken)
    turn_clocks(taken, at=at, stops=Clock.REGISTER, starts=Clock.CERTIFY)
    for differs in (False, True):
        subjects = [case.number for case in taken if (evidence[case.pk].proof == Proof.DIFFERS) is differs]
        record_each(subjects, action="register_despite" if differs else "register_reward", at=at, actor=actor)
    return unless_all_refused(results)


def _refusal(case: Application | None, evidence: dict[int, Evidence], *, is_looked_into: bool) -> DomainError | None:
    """Why a case cannot be registered; ``None`` when it can."""
    try:
        if case is None:
            raise errors.not_found()
        _require_registrable(case)
        if not is_looked_into:
            _require_no_contradiction(case, evidence[case.pk])
    except DomainError as refusal:
        return refusal
    return None


def _require_registrable(case: Application) -> None:
    assessment: Assessment | None = getattr(case, "assessment", None)
    if assessment is None:
        raise Refused(
            "not_accrued",
            _("No reward of %(number)s has accrued: that happens within a minute of the activation.")
            % {"number": case.number},
        )
    if assessment.verdict == Verdict.NO_SPEND:
        raise Refused(
            "not_earned",
            _("%(number)s earned nothing, the card was not used in time: there is nothing to register.")
            % {"number": case.number},
        )
    if assessment.verdict != Verdict.EARNED:
        raise Refused(
            "settled_before",
            _("%(number)s was settled before this system: there is nothing to register.") % {"number": case.number},
        )
    if hasattr(assessment, "registration"):
        raise Refused("already_registered", _("%(number)s is already registered.") % {"number": case.number})


def _require_no_contradiction(case: Application, evidence: Evidence) -> None:
    if evidence.proof == Proof.DIFFERS:
        raise Refused(
            "import_differs",
            _("%(number)s: the card system's file says otherwise (%(finding)s). Look into it, then tick it by itself.")
            % {"number": case.number, "finding": evidence.finding.rstrip("。.")},
        )
