"""绩效登记: the tracker looks at each activation and takes its rewards into the next confirmation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from applications.lifecycle import Clock
from applications.models import Application
from applications.services.clocks import turn_clocks
from incentives import errors
from incentives.lifecycle import Verdict
from incentives.models import Assessment, Registration
from ops_center.kernel.errors import DomainError, Malformed, Refused
from organization.models import Employee
from organization.roles import Role
from organization.services.audit import record_each

MOST = 500  # cases in one go


@dataclass(frozen=True, slots=True)
class RowResult:
    """What became of one case of a bulk act."""

    application: str
    refusal: DomainError | None = None

    @property
    def done(self) -> bool:
        return self.refusal is None

    @property
    def sentence(self) -> str:
        return str(self.refusal.message) if self.refusal else _("Registered")


@transaction.atomic
def register(*, applications: Sequence[str], actor: Employee, at: datetime) -> list[RowResult]:
    """Registers cases by their numbers, each for itself: one that cannot be registered does not keep the others.

    Raises the refusal itself when not a single case could be registered.
    """
    errors.require_role(actor, Role.TR, at=at)
    numbers = list(dict.fromkeys(applications))
    if not 0 < len(numbers) <= MOST:
        sentence = _("Choose between 1 and %(most)s cases.") % {"most": MOST}
        raise Malformed("bad_selection", sentence, {"applications": sentence})
    cases = Application.objects.filter(number__in=numbers).order_by("pk").select_for_update(of=("self",))
    found = {case.number: case for case in cases.select_related("assessment__registration")}
    results = [RowResult(number, _refusal(found.get(number))) for number in numbers]
    taken = [found[result.application] for result in results if result.done]
    Registration.objects.bulk_create(Registration(assessment_id=case.pk, by=actor, at=at) for case in taken)
    turn_clocks(taken, at=at, stops=Clock.REGISTER, starts=Clock.CERTIFY)
    record_each([case.number for case in taken], action="register_reward", at=at, actor=actor)
    refusals = [result.refusal for result in results if result.refusal is not None]
    if len(refusals) == len(results):
        raise refusals[0]
    return results


def _refusal(case: Application | None) -> DomainError | None:
    """Why a case cannot be registered; ``None`` when it can."""
    try:
        if case is None:
            raise errors.not_found()
        _require_registrable(case)
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
    if assessment.verdict != Verdict.EARNED:
        raise Refused(
            "settled_before",
            _("%(number)s was settled before this system: there is nothing to register.") % {"number": case.number},
        )
    if hasattr(assessment, "registration"):
        raise Refused("already_registered", _("%(number)s is already registered.") % {"number": case.number})
