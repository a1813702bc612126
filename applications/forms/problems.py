"""What stops a case, how it goes on, how it ends and comes back (T30-T42)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django import forms
from django.db.models import Q
from django.forms.boundfield import BoundField
from django.utils.translation import gettext_lazy as _

from applications.forms.base import StepForm, note_field, person_field, reasons
from applications.lifecycle import QUEUE_OF_STATE, STAMPS, Step
from applications.models import Application, ProblemItem, ReasonCode, ReturnNote
from applications.models.problem import Party
from ops_center.clock import local_day
from organization.models import Employee
from organization.roles import Role


class RaiseProblem(StepForm):
    step = Step.RAISE_PROBLEM

    code = forms.ChoiceField(label=_("Problem"), choices=lambda: reasons(ReasonCode.Effect.PROBLEM))
    party = forms.ChoiceField(
        label=_("Who has to act"), choices=Party.choices, widget=forms.RadioSelect, initial=Party.BRANCH
    )
    wait_until = forms.DateField(
        label=_("The client asks to wait until"), required=False, widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("Only with U03; the tracker is reminded on that day."),
    )  # fmt: skip
    note = note_field(_("What is wrong, and what is needed"))


class Reply(StepForm):
    step = Step.REPLY

    answer = note_field(_("Answer"))

    @property
    def problem(self) -> ProblemItem | None:
        return open_problem(self.case)


class Resolve(StepForm):
    step = Step.RESOLVE

    note = note_field(_("How it was solved"))

    @property
    def problem(self) -> ProblemItem | None:
        return open_problem(self.case)


class Return(StepForm):
    step = Step.RETURN

    codes = forms.MultipleChoiceField(
        label=_("Return codes"), required=False, widget=forms.CheckboxSelectMultiple,
        choices=lambda: reasons(ReasonCode.Effect.RETURN)[1:],
    )  # fmt: skip
    note = note_field(_("What the branch has to do"))


@dataclass(frozen=True, slots=True)
class AnswerLine:
    """One return code and what was supplemented for it."""

    code: str
    reason: ReasonCode | None
    answer: BoundField


class Resubmit(StepForm):
    step = Step.RESUBMIT

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.returned: ReturnNote | None = self.case.returns.filter(round=self.case.round).first()
        self.codes = list(self.returned.codes) if self.returned else []
        for code in self.codes:
            self.fields[f"answer-{code}"] = note_field(_("What was supplemented"), required=False, rows=2)

    @property
    def lines(self) -> Iterator[AnswerLine]:
        known = ReasonCode.objects.in_bulk(self.codes)
        for code in self.codes:
            yield AnswerLine(code, known.get(code), self[f"answer-{code}"])

    def field_of(self, fact: str) -> str:
        return f"answer-{fact}"

    def said(self) -> dict[str, Any]:
        return {"answers": {code: self.cleaned_data[f"answer-{code}"] for code in self.codes}}


class Reject(StepForm):
    step = Step.REJECT

    code = forms.ChoiceField(label=_("Reason"), choices=lambda: reasons(ReasonCode.Effect.REJECT))
    note = note_field(_("Note for the center"), required=False)


class Withdraw(StepForm):
    step = Step.WITHDRAW

    code = forms.ChoiceField(label=_("Reason"), choices=lambda: reasons(ReasonCode.Effect.WITHDRAW), initial="U01")
    note = note_field(_("The client's request: when, how, in which words"))


class Reopen(StepForm):
    """A request: the supervisor decides."""

    step = Step.REOPEN

    note = note_field(_("Why the case should go on"))

    @property
    def facts(self) -> dict[str, Any]:
        facts = super().facts
        del facts["version"]
        return facts


class CorrectStamp(StepForm):
    """A request: the supervisor decides. The stamps that stand are offered, with their values."""

    step = Step.CORRECT_STAMP

    stamp = forms.ChoiceField(label=_("Stamp"))
    value = forms.DateTimeField(
        label=_("Right time"), widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    )
    reason = note_field(_("Reason and proof"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["stamp"].choices = [  # type: ignore[attr-defined]
            (name, Application._meta.get_field(name).verbose_name)  # type: ignore[union-attr]
            for name in STAMPS
            if getattr(self.case, name) is not None
        ]

    def field_of(self, fact: str) -> str:
        return {"at": "value", "note": "reason"}.get(fact, fact)

    @property
    def facts(self) -> dict[str, Any]:
        facts = super().facts
        del facts["version"]
        return facts


class Reassign(StepForm):
    step = Step.REASSIGN

    to = person_field(_("Give it to"))
    note = note_field(_("Why it moves"), rows=2)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["to"].queryset = takers_of(self.case, on=local_day(self.at))  # type: ignore[attr-defined]


def takers_of(case: Application, *, on: Any) -> Any:
    """Who may be given the case: the people of its queue; of a lead, the collectors who cover its area."""
    queue = QUEUE_OF_STATE.get(case.state)
    if queue is not None:
        return Employee.objects.holding(queue.role, on=on)
    collectors = Employee.objects.holding(Role.CS, Role.CM, on=on)
    return collectors.filter(Q(areas=case.area) | Q(areas=None, branch__area=case.area))


def open_problem(case: Application) -> ProblemItem | None:
    return case.problems.filter(closed_at=None).select_related("raised_by", "replied_by").first()
