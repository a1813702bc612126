"""资信核查: the check sheet and its warnings (T15)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from applications.lifecycle import Step
from applications.models import Application, CaseWarning, CreditCheck
from applications.services.engine import Ref, taking
from applications.services.warnings import compute_warnings
from applications.sheets import CHECK_SHEET
from ops_center.kernel.errors import Malformed, Refused
from organization.models import Employee

PASS, PROBLEM, NOT_APPLICABLE = "PASS", "PROBLEM", "NA"


def warnings_to_answer(case: Application, *, at: datetime) -> list[CaseWarning]:
    """The case's warnings, complete for what is known now."""
    compute_warnings(case, at=at)
    return list(case.warnings.order_by("code"))


@transaction.atomic
def pass_check(
    *,
    case: Ref,
    actor: Employee,
    at: datetime,
    items: Sequence[dict[str, str]],
    warnings: Sequence[dict[str, str]] = (),
    version: int | None = None,
) -> Application:
    """核查通过: every line of the sheet answered PASS or NA (with a note for NA), every warning answered with a note.

    Malformed when a line is missing or unknown; Refused when one is answered PROBLEM: raise a problem item or return.
    """
    with taking(Step.PASS_CHECK, case=case, actor=actor, at=at, version=version) as move:
        answers = _answers(items)
        stopped = [code for code, answer in answers.items() if answer["answer"] == PROBLEM]
        if stopped:
            raise Refused(
                "check_not_passed",
                _("The check cannot pass with a problem in: %(items)s. Raise a problem item, or return the file.")
                % {"items": "、".join(str(CHECK_SHEET[code]) for code in stopped)},
            )
        _answer_warnings(move.case, actor=actor, at=at, notes=warnings)
        CreditCheck.objects.create(
            application=move.case, round=move.case.round, checker=actor, answers=list(answers.values()), at=at
        )
        move.facts = {"not_applicable": [code for code, row in answers.items() if row["answer"] == NOT_APPLICABLE]}
        move.case.pass_check(at=at)
    return move.case


def _answers(items: Sequence[dict[str, str]]) -> dict[str, dict[str, str]]:
    answers = {
        row["code"]: {"code": row["code"], "answer": row["answer"], "note": row.get("note", "")[:300]} for row in items
    }
    unknown = sorted(set(answers) - set(CHECK_SHEET))
    missing = [code for code in CHECK_SHEET if code not in answers]
    if unknown or missing:
        raise Malformed(
            "sheet_incomplete",
            _("Every line of the check sheet needs an answer; missing: %(missing)s; unknown: %(unknown)s.")
            % {
                "missing": "、".join(str(CHECK_SHEET[code]) for code in missing) or "—",
                "unknown": "、".join(unknown) or "—",
            },
            {code: _("Choose an answer.") for code in missing},
        )
    return {code: answers[code] for code in CHECK_SHEET}


def _answer_warnings(case: Application, *, actor: Employee, at: datetime, notes: Sequence[dict[str, str]]) -> None:
    given = {row["code"]: row.get("note", "").strip() for row in notes}
    raised = list(case.warnings.filter(answered_at=None))
    silent = [warning.code for warning in raised if not given.get(warning.code)]
    if silent:
        raise Refused(
            "warnings_open",
            _("Answer every warning with a note; open: %(codes)s.") % {"codes": "、".join(silent)},
            warnings=silent,
        )
    for warning in raised:
        warning.answered_by, warning.answered_at, warning.note = actor, at, given[warning.code][:200]
        warning.save(update_fields=["answered_by", "answered_at", "note"])
