"""The steps of domain section 3, by their slugs: which facts each takes, and which service takes it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from applications.api import answers, shapes
from applications.api.cases import case_in_sight, person_in
from applications.lifecycle import RULES, Step
from applications.models import Application
from applications.services import approvals, check, claims, endings, entry, intake, issue, problems
from ops_center.web.api import Api, Call, operation
from ops_center.web.shapes import Shape

Json = dict[str, Any]


def _start_intake(*, customer_name: str, mobile: str, id_number: str, **call: Any) -> Application:
    facts = {"customer_name": customer_name, "mobile": mobile, "id_number": id_number}
    return intake.start_intake(person=person_in(facts), **call)


def _verify(*, agree: bool | None = None, fields: Json | None = None, **call: Any) -> Application:
    """With an answer the fields are remarks; without one they are the second keying."""
    if agree is None:
        return entry.verify(fields=fields, **call)
    return entry.verify(agree=agree, remarks={name: str(text) for name, text in (fields or {}).items()}, **call)


def _ask_reopen(*, version: int | None, **call: Any) -> object:
    return approvals.ask_reopen(**call)


def _ask_correction(*, version: int | None, **call: Any) -> object:
    return approvals.ask_correction(**call)


STEPS: dict[Step, tuple[type[Shape], Callable[..., object]]] = {
    Step.ACCEPT: (shapes.Nothing, intake.accept),
    Step.RELEASE: (shapes.Reason, intake.release),
    Step.START_INTAKE: (shapes.StartIntake, _start_intake),
    Step.COMPLETE_INTAKE: (shapes.CompleteIntake, intake.complete_intake),
    Step.HAND_TO_BRANCH: (shapes.HandToBranch, intake.hand_to_branch),
    Step.CONFIRM_HAND_TO_BRANCH: (shapes.Nothing, intake.confirm_hand_to_branch),
    Step.E_INTAKE: (shapes.Nothing, intake.e_intake),
    Step.SELF_ROUTE: (shapes.Nothing, intake.self_route),
    Step.HAND_TO_CENTER: (shapes.OptionalNote, intake.hand_to_center),
    Step.PASS_CHECK: (shapes.PassCheck, check.pass_check),
    Step.SUBMIT_ENTRY: (shapes.SubmitEntry, entry.submit_entry),
    Step.VERIFY: (shapes.Verify, _verify),
    Step.ARBITRATE: (shapes.Arbitrate, entry.arbitrate),
    Step.FILE: (shapes.FileCase, issue.file_case),
    Step.MARK_ISSUED: (shapes.MarkIssued, issue.mark_issued),
    Step.COACH: (shapes.Coach, issue.coach),
    Step.LATE_COACH: (shapes.Coach, partial(issue.coach, late=True)),
    Step.ACTIVATE: (shapes.Activate, issue.activate),
    Step.RAISE_PROBLEM: (shapes.RaiseProblem, problems.raise_problem),
    Step.REPLY: (shapes.Reply, problems.reply),
    Step.RESOLVE: (shapes.Note, problems.resolve),
    Step.RETURN: (shapes.Return, problems.return_case),
    Step.RESUBMIT: (shapes.Resubmit, problems.resubmit),
    Step.REJECT: (shapes.Reason, endings.reject),
    Step.WITHDRAW: (shapes.Withdraw, endings.withdraw),
    Step.REFUSE_CARD: (shapes.Note, endings.refuse_card),
    Step.REOPEN: (shapes.Note, _ask_reopen),
    Step.REASSIGN: (shapes.Reassign, claims.reassign),
    Step.CORRECT_STAMP: (shapes.CorrectStamp, _ask_correction),
}


def step_view(step: Step) -> type[Api]:
    """The address of one step: the charter's roles, its own shape, the whole case as the answer."""
    shape, take = STEPS[step]
    rule = RULES[step]

    class TakeStep(Api):
        @operation(
            roles=" ".join(rule.by), facts=shape, sight=case_in_sight, answer=answers.CaseAnswer, versioned=True,
            summary=f"{rule.no} {step}",
        )  # fmt: skip
        def post(self, call: Call, number: str) -> Application:
            take(case=number, actor=call.actor, at=call.at, version=call.seen, **call.facts)
            return answers.whole_cases().get(number=number)

    TakeStep.__name__ = f"{step.name.title().replace('_', '')}Step"
    TakeStep.__doc__ = take.__doc__
    return TakeStep
