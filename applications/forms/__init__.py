"""What people fill in, split by the stage of the process. A form reads; what it may say is asked by the service."""

from applications.forms import center, intake, issue, problems
from applications.forms.base import StepForm
from applications.lifecycle import Step

FORMS: dict[Step, type[StepForm]] = {
    form.step: form
    for form in (
        intake.Accept, intake.Release, intake.StartIntake, intake.CompleteIntake, intake.HandToBranch,
        intake.ConfirmHandToBranch, intake.EIntake, intake.SelfRoute, intake.HandToCenter, center.PassCheck,
        center.SubmitEntry, center.Review, center.Arbitrate, center.File, center.MarkIssued, issue.Coach,
        issue.LateCoach, issue.Activate, issue.RefuseCard, problems.RaiseProblem, problems.Reply, problems.Resolve,
        problems.Return, problems.Resubmit, problems.Reject, problems.Withdraw, problems.Reopen,
        problems.CorrectStamp, problems.Reassign,
    )
}  # fmt: skip
