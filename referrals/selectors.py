"""What the front desk reads: own referrals, the pool of leads, the client's checklist and status."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.conf import settings
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import override

from applications.lifecycle import Stage
from applications.models import Application, ChecklistItem
from applications.querysets import ApplicationQuerySet, is_lead_for
from applications.services.intake import checklist_of
from applications.services.numbers import CODE_LETTERS
from ops_center.clock import local_day
from organization.models import Employee
from referrals.models import Referral

# What the client brings along; the other lines of the checklist are filled in or made at the counter.
BROUGHT = frozenset({
    "ID_COPY", "MAIN_ID_COPY", "WORK_PROOF", "BUSINESS_LICENCE", "INCOME_PROOF", "INCOME_FLOW", "INCOME_SOCIAL",
    "INCOME_TAX", "ASSET_HOUSE", "ASSET_CAR", "ASSET_DEPOSIT", "RESIDENCE", "UNIT_LIST", "RELATION",
})  # fmt: skip
STATUS_PACE = 60  # questions per minute from one address; a code is one of 30^6
STAGES = (Stage.REFERRAL, Stage.INTAKE, Stage.CENTRAL_ENTRY, Stage.CARD_ISSUE, Stage.ACTIVATION)


def referrals_of(employee: Employee) -> QuerySet[Referral]:
    """What this person has referred, with the case: one query."""
    return Referral.objects.filter(made_by=employee).select_related(
        "application__product", "application__applicant", "application__collector", "external_referrer"
    )


def leads_for(employee: Employee) -> ApplicationQuerySet:
    """The leads that wait in the pools of this collector's areas."""
    return Application.objects.filter(is_lead_for(employee)).select_related("product", "applicant", "area", "referrer")


# -- the client's own paper --------------------------------------------------------------------------------------------
def checklist_text(case: Application, *, number: str, at: datetime) -> str:
    """The words that the employee sends to the client: what to bring, the referrer's number, the inquiry code.

    Always in Chinese, whatever the employee's own language is: the client reads it.
    """
    with override("zh-hans"):
        brought = what_to_bring(case, on=local_day(at))
        things = "；".join(f"{place} {thing}" for place, thing in enumerate(brought, start=1))
        return _(
            "Hello, to apply for the %(product)s please bring: %(things)s. You may come to a branch, or we visit you. "
            "Employee number of the referrer: %(number)s. Inquiry code: %(code)s"
        ) % {"product": case.product.name, "things": things, "number": number, "code": case.status_code}


def what_to_bring(case: Application, *, on: date) -> list[str]:
    """The documents that the client brings, alternatives on one line."""
    lines = [line for line in checklist_of(case, on=on) if line.code in BROUGHT and line.need != line.Need.OPTIONAL]
    things: dict[str, list[str]] = {}
    for line in lines:
        things.setdefault(line.one_of or line.code, []).append(_short(line))
    return [
        _("%(things)s (any one)") % {"things": "、".join(them)} if len(them) > 1 else them[0]
        for them in things.values()
    ]


def _short(line: ChecklistItem) -> str:
    """Without the bank's remark in brackets; of an ID card the client brings the original."""
    if line.code in ("ID_COPY", "MAIN_ID_COPY"):
        return line.label.split("（")[0].replace("复印件", "原件")
    return line.label


def status_url(case: Application) -> str:
    return f"{settings.PUBLIC_URL.rstrip('/')}/status/{case.status_code}/"


@dataclass(frozen=True, slots=True)
class Standing:
    """All that a client's code tells: the stage and the day since when."""

    stage: Stage
    on: date

    @property
    def reached(self) -> int:
        """How many of the five stages have begun; 0 when the application has ended."""
        return STAGES.index(self.stage) + 1 if self.stage in STAGES else 0


def standing_of(code: str) -> Standing | None:
    """Where the application of this inquiry code stands; ``None`` for an unknown one. Case and dashes are free."""
    letters = code.strip().upper().replace("-", "").replace(" ", "")
    if len(letters) != 6 or not set(letters) <= set(CODE_LETTERS):
        return None
    found = Application.objects.filter(status_code=f"{letters[:4]}-{letters[4:]}").first()
    return Standing(stage=found.macro_stage, on=local_day(found.progressed_at)) if found else None
