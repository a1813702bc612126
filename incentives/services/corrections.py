"""Many requests decided at once, whatever their kind: each in a transaction of its own, each with its own answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from incentives.models import Adjustment, CrossSell, Dispute, Reversal
from incentives.results import RowResult
from incentives.services.adjustments import approve_adjustment
from incentives.services.cross_sells import approve_cross_sell
from incentives.services.disputes import decide_dispute
from incentives.services.requests import refuse
from incentives.services.reversals import approve_reversal
from ops_center.kernel.errors import DomainError, Malformed, OutOfSight
from organization.models import Employee

MOST = 200  # in one go
KINDS: dict[str, Any] = {
    "reversal": Reversal,
    "adjustment": Adjustment,
    "cross-sell": CrossSell,
    "dispute": Dispute,
}
_APPROVALS: dict[str, Callable[..., Any]] = {
    "reversal": lambda key, reason, **who: approve_reversal(reversal=key, reason=reason, **who),
    "adjustment": lambda key, reason, **who: approve_adjustment(adjustment=key, reason=reason, **who),
    "cross-sell": lambda key, reason, **who: approve_cross_sell(cross_sell=key, reason=reason, **who),
    "dispute": lambda key, reason, **who: decide_dispute(dispute=key, accepted=True, note=reason, **who),
}
APPROVED, REFUSED = gettext_lazy("Approved"), gettext_lazy("Refused")


def decide_each(
    *, requests: Sequence[str], approve: bool, reason: str, actor: Employee, at: datetime
) -> list[RowResult]:
    """Decides requests by their keys, such as ``reversal-12``. One that is refused does not keep the others."""
    if not 0 < len(requests) <= MOST:
        sentence = _("Choose between 1 and %(most)s requests.") % {"most": MOST}
        raise Malformed("bad_selection", sentence, {"requests": sentence})
    return [_decide(request, approve=approve, reason=reason, actor=actor, at=at) for request in dict.fromkeys(requests)]


def _decide(request: str, *, approve: bool, reason: str, actor: Employee, at: datetime) -> RowResult:
    kind, _dash, key = request.rpartition("-")
    name = request
    try:
        if kind not in KINDS or not key.isascii() or not key.isdecimal() or len(key) > 12:
            raise OutOfSight("not_found", _("There is no such request."))
        found = KINDS[kind]._default_manager.filter(pk=int(key)).first()
        if found is not None:
            name = f"{found.assessment.application.number} {found._meta.verbose_name}"
        if approve:
            _APPROVALS[kind](int(key), reason, actor=actor, at=at)
        else:
            refuse(KINDS[kind], int(key), reason=reason, actor=actor, at=at)
    except DomainError as refusal:
        return RowResult(name, refusal)
    return RowResult(name, word=APPROVED if approve else REFUSED)
