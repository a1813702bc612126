"""问题件与退件: what stops a case and how it goes on (T30-T35)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from applications.lifecycle import Clock, Step
from applications.models import Application, ProblemItem, ReasonCode, ReturnNote
from applications.models.problem import Party
from applications.services.clocks import RETURNED, judge
from applications.services.engine import Move, Ref, taking
from applications.services.intake import reason_for
from ops_center.clock import local_day
from ops_center.kernel.errors import Malformed
from organization.models import Employee
from organization.roles import Role
from organization.services.inbox import tell

WAITING = {
    Party.BRANCH: ProblemItem.State.WAIT_BRANCH,
    Party.CUSTOMER: ProblemItem.State.WAIT_CUSTOMER,
    Party.HEAD_OFFICE: ProblemItem.State.WAIT_HEAD_OFFICE,
    Party.CENTER: ProblemItem.State.OPEN,
}
WAIT = "U03"  # the client asks to wait until a day
WAIT_AT_MOST = timedelta(days=60)
REPLIED = "REPLIED"  # the variant of PROBLEM_CLOSE after an answer: the tracker has T+2


@transaction.atomic
def raise_problem(
    *, case: Ref, actor: Employee, at: datetime, code: str, party: str, note: str = "", wait_until: date | None = None,
    version: int | None = None,
) -> Application:  # fmt: skip
    """登记问题件: pauses what runs, unless the center has to act (rule K6), and starts the problem's own clocks. Of a
    client who asks to wait (U03) it says until which day; no other problem has one."""
    if party not in Party.values:
        raise Malformed("bad_party", _("Say who has to act."), {"party": _("Say who has to act.")})
    reason = reason_for(code, effect=ReasonCode.Effect.PROBLEM)
    _require_day(code, wait_until, at=at)
    with taking(Step.RAISE_PROBLEM, case=case, actor=actor, at=at, version=version, note=note) as move:
        move.facts = {"code": code, "party": party} | ({"wait_until": wait_until.isoformat()} if wait_until else {})
        move.case.is_risk |= reason.is_risk
        move.case.raise_problem(at=at)
        move.pauses = "" if party == Party.CENTER else party
        move.clock_variant = party
        if party == Party.BRANCH:
            branch = move.case.host_branch if move.case.host_confirmed_at else move.case.branch
            move.owners[Clock.PROBLEM_CLOSE] = {"owner_branch": branch, "owner": move.case.collector}
        ProblemItem.objects.create(
            application=move.case, code=code, party=party, state=WAITING[Party(party)], note=note[:300],
            raised_by=actor, raised_at=at, wait_until=wait_until,
        )  # fmt: skip
    due = move.clocks.find(Clock.PROBLEM_CLOSE)
    people = [*_branch_side(move), *Employee.objects.holding(Role.TR, on=local_day(at))]
    tell(people, kind="problem_raised", at=at, about=f"/applications/{move.case.number}/", number=move.case.number,
         code=code, due=due.due_at.isoformat() if due else "")  # fmt: skip
    return move.case


@transaction.atomic
def reply(*, case: Ref, actor: Employee, at: datetime, answer: str, version: int | None = None) -> Application:
    """网点回复: the answer is on the item, and the tracker has two working days."""
    if not answer.strip():
        raise Malformed("answer_missing", _("Write the answer."), {"answer": _("Write the answer.")})
    with taking(Step.REPLY, case=case, actor=actor, at=at, version=version, note=answer) as move:
        item = _open_item(move)
        item.state, item.answer, item.replied_by, item.replied_at = ProblemItem.State.REPLIED, answer[:300], actor, at
        item.save(update_fields=["state", "answer", "replied_by", "replied_at"])
        move.facts = {"code": item.code}
        move.clock_variant = REPLIED
        move.case.reply()
    trackers = Employee.objects.holding(Role.TR, on=local_day(at))
    tell(trackers, kind="problem_replied", at=at, about=f"/applications/{move.case.number}/", number=move.case.number,
         code=item.code)  # fmt: skip
    return move.case


@transaction.atomic
def resolve(*, case: Ref, actor: Employee, at: datetime, note: str, version: int | None = None) -> Application:
    """问题解决: back to where it stopped; paused clocks go on with the working minutes that were left (rule K5)."""
    if not note.strip():
        raise Malformed("note_missing", _("Say how it was solved."), {"note": _("Say how it was solved.")})
    with taking(Step.RESOLVE, case=case, actor=actor, at=at, version=version, note=note) as move:
        item = _close_item(move, state=ProblemItem.State.RESOLVED, note=note)
        move.facts = {"code": item.code}
        move.resumes = True
        move.case.resolve(at=at)
        move.case.resume_state = ""
    tell(_branch_side(move), kind="problem_resolved", at=at, about=f"/applications/{move.case.number}/",
         number=move.case.number, code=item.code)  # fmt: skip
    return move.case


@transaction.atomic
def return_case(
    *, case: Ref, actor: Employee, at: datetime, codes: Sequence[str], note: str, version: int | None = None
) -> Application:
    """退件: with at least one return code and a note. In time or late is judged at the return; a new round begins."""
    if not codes:
        raise Malformed("codes_missing", _("Choose at least one return code."), {"codes": _("Choose at least one.")})
    if not note.strip():
        raise Malformed(
            "note_missing", _("Say what the branch has to do."), {"note": _("Say what the branch has to do.")}
        )
    reasons = [reason_for(code, effect=ReasonCode.Effect.RETURN) for code in codes]
    with taking(Step.RETURN, case=case, actor=actor, at=at, version=version, note=note) as move:
        for kind in (Clock.CHECK, Clock.ENTRY):
            clock = move.clocks.find(kind)
            if clock is not None:
                verdict = judge(clock, at=clock.paused_at or at)
                move.outcomes[kind] = RETURNED.get(verdict, verdict)
        if move.case.problems.filter(closed_at=None).exists():
            _close_item(move, state=ProblemItem.State.RETURNED, note=note)
        move.facts = {"codes": sorted(codes)}
        move.case.is_risk |= any(reason.is_risk for reason in reasons)
        move.case.send_back(at=at)
        ReturnNote.objects.create(
            application=move.case, round=move.case.round, codes=sorted(codes), note=note[:300], returned_by=actor,
            returned_at=at,
        )  # fmt: skip
    due = move.clocks.find(Clock.SUPPLEMENT)
    tell(_branch_side(move), kind="returned", at=at, about=f"/applications/{move.case.number}/",
         number=move.case.number, codes=sorted(codes), due=due.due_at.isoformat() if due else "")  # fmt: skip
    return move.case


@transaction.atomic
def resubmit(
    *, case: Ref, actor: Employee, at: datetime, answers: Mapping[str, str], version: int | None = None
) -> Application:
    """补件重报: every return code is answered; the first 收件时间 stays."""
    with taking(Step.RESUBMIT, case=case, actor=actor, at=at, version=version) as move:
        note = move.case.returns.select_for_update().get(round=move.case.round)
        silent = [code for code in note.codes if not answers.get(code, "").strip()]
        strangers = sorted(set(answers) - set(note.codes))
        if silent or strangers:
            raise Malformed(
                "codes_unanswered",
                _("Answer every return code; open: %(codes)s.") % {"codes": "、".join(silent) or "—"},
                {code: _("Say what was supplemented.") for code in silent}
                | {code: _("This code was not asked.") for code in strangers},
            )
        note.answers = {code: answers[code].strip()[:300] for code in note.codes}
        note.answered_by, note.answered_at = actor, at
        note.save(update_fields=["answers", "answered_by", "answered_at"])
        move.facts = {"codes": note.codes}
        move.case.resubmit(at=at)
    return move.case


def _require_day(code: str, wait_until: date | None, *, at: datetime) -> None:
    said = None
    if code != WAIT:
        said = _("A day goes only with “the client asks to wait” (U03).") if wait_until else None
    elif wait_until is None:
        said = _("Enter the day until which the client asks to wait.")
    elif not local_day(at) < wait_until <= local_day(at) + WAIT_AT_MOST:
        said = _("The day lies ahead, at most %(days)s days. For longer, the client withdraws and applies again.") % {
            "days": WAIT_AT_MOST.days
        }
    if said:
        raise Malformed("bad_day", said, {"wait_until": said})


def _open_item(move: Move) -> ProblemItem:
    return move.case.problems.select_for_update().get(closed_at=None)


def _close_item(move: Move, *, state: ProblemItem.State, note: str) -> ProblemItem:
    item = _open_item(move)
    item.state, item.resolution, item.closed_by, item.closed_at = state, note[:300], move.actor, move.at
    item.save(update_fields=["state", "resolution", "closed_by", "closed_at"])
    return item


def _branch_side(move: Move) -> list[Employee]:
    """Who answers for a case at the branch: its collector and the branch head."""
    people = [move.case.collector] if move.case.collector else []
    heads = Employee.objects.holding(Role.BH, on=local_day(move.at)).filter(branch=move.case.custody_branch_id)
    return [*people, *heads]
