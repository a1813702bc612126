"""One view per step: the filled form goes to its service. Roles, sight, panel and refusals: applications.views.door."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils.translation import gettext as _

from applications.forms import center, intake, issue, problems
from applications.services import approvals, check, claims, endings, entry
from applications.services import contacts as contact_services
from applications.services import intake as intake_services
from applications.services import issue as issue_services
from applications.services import problems as problem_services
from applications.views.door import takes
from ops_center.kernel.errors import OutOfSight
from ops_center.web.pages import StaffRequest, staff


# -- referral and intake -----------------------------------------------------------------------------------------------
@takes(intake.Accept)
def accept(form: intake.Accept) -> None:
    intake_services.accept(**form.facts)


@takes(intake.Release)
def release(form: intake.Release) -> None:
    intake_services.release(**form.facts)


@takes(intake.StartIntake)
def start_intake(form: intake.StartIntake) -> None:
    intake_services.start_intake(**form.facts)


@takes(intake.CompleteIntake)
def complete_intake(form: intake.CompleteIntake) -> None:
    intake_services.complete_intake(**form.facts)


@takes(intake.HandToBranch)
def hand_to_branch(form: intake.HandToBranch) -> None:
    intake_services.hand_to_branch(**form.facts)


@takes(intake.ConfirmHandToBranch)
def confirm_hand_to_branch(form: intake.ConfirmHandToBranch) -> None:
    intake_services.confirm_hand_to_branch(**form.facts)


@takes(intake.EIntake)
def e_intake(form: intake.EIntake) -> None:
    intake_services.e_intake(**form.facts)


@takes(intake.SelfRoute)
def self_route(form: intake.SelfRoute) -> None:
    intake_services.self_route(**form.facts)


@takes(intake.HandToCenter)
def hand_to_center(form: intake.HandToCenter) -> None:
    intake_services.hand_to_center(**form.facts)


# -- the center --------------------------------------------------------------------------------------------------------
@takes(center.PassCheck)
def pass_check(form: center.PassCheck) -> None:
    check.pass_check(**form.facts)


@takes(center.SubmitEntry)
def submit_entry(form: center.SubmitEntry) -> None:
    entry.submit_entry(**form.facts)


@takes(center.Review)
def verify(form: center.Review) -> None:
    entry.verify(**form.facts)


@takes(center.Arbitrate)
def arbitrate(form: center.Arbitrate) -> None:
    entry.arbitrate(**form.facts)


@takes(center.File)
def file(form: center.File) -> None:
    issue_services.file_case(**form.facts)


@takes(center.MarkIssued)
def mark_issued(form: center.MarkIssued) -> None:
    issue_services.mark_issued(**form.facts)


# -- after the issue ---------------------------------------------------------------------------------------------------
@takes(issue.Coach)
def coach(form: issue.Coach) -> None:
    issue_services.coach(**form.facts)


@takes(issue.LateCoach)
def late_coach(form: issue.LateCoach) -> None:
    issue_services.coach(**form.facts)


@takes(issue.Activate)
def activate(form: issue.Activate) -> None:
    issue_services.activate(**form.facts)


@takes(issue.RefuseCard)
def refuse_card(form: issue.RefuseCard) -> None:
    endings.refuse_card(**form.facts)


@takes(issue.LogContact)
def log_contact(form: issue.LogContact) -> None:
    contact_services.log_contact(**form.facts)


# -- problems, returns, ends -------------------------------------------------------------------------------------------
@takes(problems.RaiseProblem)
def raise_problem(form: problems.RaiseProblem) -> None:
    problem_services.raise_problem(**form.facts)


@takes(problems.Reply)
def reply(form: problems.Reply) -> None:
    problem_services.reply(**form.facts)


@takes(problems.Resolve)
def resolve(form: problems.Resolve) -> None:
    problem_services.resolve(**form.facts)


@takes(problems.Return)
def return_case(form: problems.Return) -> None:
    problem_services.return_case(**form.facts)


@takes(problems.Resubmit)
def resubmit(form: problems.Resubmit) -> None:
    problem_services.resubmit(**form.facts)


@takes(problems.Reject)
def reject(form: problems.Reject) -> None:
    endings.reject(**form.facts)


@takes(problems.Withdraw)
def withdraw(form: problems.Withdraw) -> None:
    endings.withdraw(**form.facts)


@takes(problems.Reopen)
def reopen(form: problems.Reopen) -> None:
    approvals.ask_reopen(**form.facts)


@takes(problems.CorrectStamp)
def correct_stamp(form: problems.CorrectStamp) -> None:
    approvals.ask_correction(**form.facts)


@takes(problems.Reassign)
def reassign(form: problems.Reassign) -> None:
    claims.reassign(**form.facts)


@staff()
def unknown(request: StaffRequest, number: str, step: str) -> HttpResponse:
    """No step has this name."""
    raise OutOfSight("no_such_step", _("There is no step “%(step)s”.") % {"step": step})
