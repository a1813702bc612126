"""The rules of the bank that a person can run into, each with its own sentence.

``require_standing`` asks what must hold before a step whatever its facts are; pages draw their buttons from the same
rules (``open_steps``), so that a rule has one home. What depends on the facts of a step is asked by its service.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from applications import errors
from applications.lifecycle import CHARTER, QUEUE_OF_STATE, Freeze, Performance, State, Step
from applications.models import Application, ProblemItem
from ops_center.clock import SHANGHAI, local_day
from ops_center.kernel.errors import DomainError, NotAllowed, Refused
from organization.models import Employee, Switch
from organization.roles import Role

Standing = Callable[[Application, Employee, datetime], None]

SEGREGATE = "segregate_check_entry"
LATE_COACHING_DAYS = 15
TAKEOVER_DAYS = 15  # Path A: the center may coach when the customer manager has not within 15 days of issue


# -- sight ------------------------------------------------------------------------------------------------------------
def require_sight(case: Application, *, step: Step, actor: Employee, at: datetime) -> None:
    """OutOfSight unless the case is this person's to see. Who works a queue, or an area's pool, and comes too late has
    seen the case a moment ago: the answer is then the rule's, with the name of who has it, not "no such case"."""
    if Application.objects.visible_to(actor, at).filter(pk=case.pk).exists():
        return
    queue = QUEUE_OF_STATE.get(case.state)
    if step in WORK and queue is not None and actor.has_role(queue.role, on=local_day(at)):
        return
    if step is Step.ACCEPT and case.referred_at is not None and actor.covers_area(case.area_id):
        return
    raise errors.out_of_sight()


# -- a case that stands still ------------------------------------------------------------------------------------------
PAPER_STEPS = frozenset({Step.UNSEAL, Step.HAND_OVER, Step.RECEIVE, Step.REPORT_MISSING})  # paper on its way arrives
ENDING_STEPS = frozenset({Step.WITHDRAW, Step.REJECT, Step.REFUSE_CARD, Step.EXPIRE})


def require_not_frozen(case: Application, *, step: Step) -> None:
    """“I did not apply” stops a case for everybody, the system and the card system's file included (R-C9). Once the
    complaint is upheld the case may be ended, and nothing else."""
    if not case.freeze or step in PAPER_STEPS:
        return
    facts = {"number": case.number, "complaint": case.frozen_for}
    if case.freeze == Freeze.DENIED:
        raise Refused(
            "frozen",
            _(
                "%(number)s stands still: its client says not to have applied (complaint %(complaint)s). It goes on "
                "when the complaint is closed; ask its handler."
            )
            % facts,
        )
    if step not in ENDING_STEPS:
        raise Refused(
            "frozen",
            _(
                "%(number)s stands still: complaint %(complaint)s found that its client did not apply. It can only be "
                "ended: withdraw it, or have it rejected."
            )
            % facts,
        )


# -- standing rules ---------------------------------------------------------------------------------------------------
def _present(case: Application, actor: Employee, at: datetime) -> None:
    if actor.is_absent(local_day(at)):
        raise Refused("absent", _("You are registered as absent today, so no lead can be given to you."))


def _leads_of_the_area(case: Application, actor: Employee, at: datetime) -> None:
    if not actor.covers_area(case.area_id):
        raise errors.out_of_sight()


def _collector(case: Application, actor: Employee, at: datetime) -> None:
    if case.collector_id != actor.pk:
        raise NotAllowed(
            "not_the_collector",
            _("Only the collector of %(number)s may do this: %(person)s.")
            % {"number": case.number, "person": case.collector.name if case.collector else "—"},
        )


def _collector_or_tracker(case: Application, actor: Employee, at: datetime) -> None:
    if not actor.has_role(Role.TR, on=local_day(at)):
        _collector(case, actor, at)


def _collector_or_head(case: Application, actor: Employee, at: datetime) -> None:
    head = actor.has_role(Role.BH, on=local_day(at)) and actor.branch_id in (case.branch_id, case.host_branch_id)
    if not head:
        _collector(case, actor, at)


def _collector_head_or_tracker(case: Application, actor: Employee, at: datetime) -> None:
    if not actor.has_role(Role.TR, on=local_day(at)):
        _collector_or_head(case, actor, at)


def _qualified(case: Application, actor: Employee, at: datetime) -> None:
    require_qualified_collector(actor, at=at)


def require_qualified_collector(actor: Employee, *, at: datetime) -> None:
    """Decision 10: a collector without a valid internal qualification is refused; outsourced staff never collect."""
    if actor.is_outsourced:
        raise NotAllowed("outsourced_collector", _("Marketing may not be outsourced: outsourced staff cannot collect."))
    if not actor.is_qualified(local_day(at)):
        raise Refused(
            "not_qualified",
            _("Your internal marketing qualification is missing or has expired. Renew it with your branch head first."),
        )


def _not_in_host_hands(case: Application, actor: Employee, at: datetime) -> None:
    if case.host_confirmed_at is not None:
        raise Refused("already_handed", _("The host branch has already confirmed this file."))


def _host_branch(case: Application, actor: Employee, at: datetime) -> None:
    if case.host_branch_id is None or case.host_confirmed_at is not None:
        raise Refused("nothing_to_confirm", _("No hand-over of this file waits for a confirmation."))
    if case.host_branch_id != actor.branch_id:
        raise errors.out_of_sight()


def _path_a(case: Application, actor: Employee, at: datetime) -> None:
    _collector(case, actor, at)
    if case.branch is None or not case.branch.has_path_a:
        raise NotAllowed("path_a_off", _("Path A is switched off for this branch: send the file to the center by bag."))
    if case.referrer_type == "CUSTOMER" or case.referrer_id not in (None, actor.pk):
        raise Refused("path_a_referred", _("Path A is for own customers: this one was referred by somebody else."))


def _e_intake(case: Application, actor: Employee, at: datetime) -> None:
    _collector(case, actor, at)
    if case.branch is None or not case.branch.has_e_intake:
        raise NotAllowed("e_intake_off", _("Sending images is switched off for this branch: send the file by bag."))


def _own_self_service(case: Application, actor: Employee, at: datetime) -> None:
    if not case.is_self_service:
        raise Refused("not_self_service", _("This file is already handled by the center."))
    _collector(case, actor, at)


def _holds(case: Application, actor: Employee, at: datetime) -> None:
    """The lease: from "next" or from a supervisor. On the own Path A case none is needed."""
    if case.is_self_service and case.state in (State.RECEIVED, State.CHECKED):
        if case.collector_id != actor.pk:
            raise NotAllowed("self_service", _("This file is handled by its customer manager alone (Path A)."))
        return
    _at_the_center(case, actor, at)
    if case.is_claimed(at) and case.claimed_by_id != actor.pk:
        raise errors.held_by_another(case)
    if not case.is_claimed_by(actor.pk, at):
        raise errors.not_claimed(case)


def _at_the_center(case: Application, actor: Employee, at: datetime) -> None:
    queue = QUEUE_OF_STATE.get(case.state)
    if queue is not None and not actor.has_role(queue.role, on=local_day(at)):
        raise NotAllowed(
            "not_the_queue", _("This file waits in “%(queue)s”, which is not yours.") % {"queue": queue.label}
        )


def _checker_apart(case: Application, actor: Employee, at: datetime) -> None:
    if not case.is_self_service and Switch.state_of(SEGREGATE):
        checked = case.performers.filter(role=Performance.CREDIT_CHECK, employee=actor).exists()
        if checked:
            raise Refused("checker_apart", _("The bank keeps check and entry apart: you checked this case yourself."))


def has_keyed(case: Application, employee: Employee) -> bool:
    """Has submitted the first keying of this round, whoever keyed after."""
    submitted = case.entries.filter(round=case.round, turn="FIRST", keyer=employee, submitted_at__isnull=False)
    return submitted.exists() or case.performers.filter(role=Performance.ENTRY, employee=employee).exists()


def has_reviewed(case: Application, employee: Employee) -> bool:
    return case.events.filter(round=case.round, step=Step.VERIFY, actor=employee).exists()


def _not_the_reviewer(case: Application, actor: Employee, at: datetime) -> None:
    if has_reviewed(case, actor):
        raise Refused("same_person", _("One person may not key and review the same case."))


def _not_the_keyer(case: Application, actor: Employee, at: datetime) -> None:
    if case.awaits_arbitration:
        raise Refused("awaits_arbitration", _("This case waits for the tracker's arbitration."))
    if has_keyed(case, actor):
        raise Refused("same_person", _("One person may not key and review the same case."))


def _arbitration(case: Application, actor: Employee, at: datetime) -> None:
    if not case.awaits_arbitration:
        raise Refused("nothing_to_arbitrate", _("There is no difference to arbitrate on this case."))


def _no_other_lease(case: Application, actor: Employee, at: datetime) -> None:
    if case.is_claimed(at) and case.claimed_by_id != actor.pk:
        raise errors.held_by_another(case)


def _after_sales(case: Application, actor: Employee, at: datetime) -> None:
    """The officer; in Path A the customer manager, until the center takes over after 15 days without coaching."""
    _no_other_lease(case, actor, at)
    if actor.has_role(Role.AS, on=local_day(at)):
        if case.is_self_service and case.issued_at and at < case.issued_at + timedelta(days=TAKEOVER_DAYS):
            raise Refused(
                "self_service",
                _("The customer manager looks after this client until %(day)s (Path A); after that the center may.")
                % {"day": local_day(case.issued_at + timedelta(days=TAKEOVER_DAYS)).isoformat()},
            )
        return
    if not case.is_self_service or case.collector_id != actor.pk:
        raise NotAllowed("after_sales_only", _("After issue the card is looked after by the after-sales officers."))


def _late_coaching(case: Application, actor: Employee, at: datetime) -> None:
    _after_sales(case, actor, at)
    if case.collected_at is not None:
        raise Refused("already_coached", _("The coaching of this client is already recorded."))
    if case.activated_at and (at - case.activated_at).days >= LATE_COACHING_DAYS:
        raise Refused(
            "coaching_too_late", _("Coaching counts within 15 days of the activation; the share is in the pool now.")
        )


def _may_raise(case: Application, actor: Employee, at: datetime) -> None:
    """The current performer, or the tracker."""
    if actor.has_role(Role.TR, on=local_day(at)):
        return
    if case.state in (State.ISSUED, State.COLLECTED):
        _after_sales(case, actor, at)
    else:
        _holds(case, actor, at)


def _may_return(case: Application, actor: Employee, at: datetime) -> None:
    _not_issued(case, actor, at)
    if actor.has_role(Role.TR, on=local_day(at)):
        return
    if case.state == State.PROBLEM:
        raise NotAllowed("tracker_only", _("A problem item is turned into a return by the tracker."))
    _holds(case, actor, at)


def _not_issued(case: Application, actor: Employee, at: datetime) -> None:
    """A problem item of an issued card leads back to the card, never to the branch or out of the application."""
    if case.state == State.PROBLEM and case.resume_state == State.ISSUED:
        raise Refused(
            "already_issued",
            _("The card is issued: resolve the problem; if the client does not want it, after-sales records that."),
        )


def _reply_awaited(case: Application, actor: Employee, at: datetime) -> None:
    _collector_or_head(case, actor, at)
    open_item = case.problems.filter(closed_at=None).first()
    if open_item is None or open_item.state not in ProblemItem.AWAITED:
        raise Refused("reply_not_awaited", _("This problem has been answered; the tracker decides now."))


def _decides_reject(case: Application, actor: Employee, at: datetime) -> None:
    wanted = Role.SUP if case.state == State.RECEIVED else Role.TR
    if not actor.has_role(wanted, on=local_day(at)):
        raise NotAllowed(
            "reject_role",
            _("At the check the supervisor refuses; a refusal by the card system is registered by the tracker."),
        )


def steps_that_set(stamp: str = "") -> list[Step]:
    """The steps that set a stamp; without one, those that set any."""
    return [rule.step for rule in CHARTER if (stamp in rule.stamps if stamp else rule.stamps)]


def _own_stamp(case: Application, actor: Employee, at: datetime) -> None:
    require_own_stamp(case, actor=actor)


def require_own_stamp(case: Application, *, actor: Employee, stamp: str = "") -> None:
    """T42: who took the step that set the stamp may ask to correct it."""
    if not case.events.filter(actor=actor, step__in=steps_that_set(stamp)).exists():
        raise NotAllowed("not_the_performer", _("Only who performed a step may ask to correct its time."))


STANDING: dict[Step, tuple[Standing, ...]] = {
    Step.ACCEPT: (_leads_of_the_area, _present),
    Step.RELEASE: (_collector_or_tracker,),
    Step.START_INTAKE: (_collector, _qualified),
    Step.COMPLETE_INTAKE: (_collector, _qualified),
    Step.HAND_TO_BRANCH: (_collector, _not_in_host_hands),
    Step.CONFIRM_HAND_TO_BRANCH: (_host_branch,),
    Step.E_INTAKE: (_e_intake,),
    Step.SELF_ROUTE: (_path_a,),
    Step.HAND_TO_CENTER: (_own_self_service,),
    Step.PASS_CHECK: (_holds,),
    Step.SUBMIT_ENTRY: (_not_the_reviewer, _holds, _checker_apart),
    Step.VERIFY: (_not_the_keyer, _holds),
    Step.ARBITRATE: (_arbitration, _no_other_lease),
    Step.FILE: (_no_other_lease,),
    Step.MARK_ISSUED: (_no_other_lease,),
    Step.COACH: (_after_sales,),
    Step.ACTIVATE: (_after_sales,),
    Step.LATE_COACH: (_late_coaching,),
    Step.RAISE_PROBLEM: (_may_raise,),
    Step.REPLY: (_reply_awaited,),
    Step.RETURN: (_may_return,),
    Step.RESUBMIT: (_collector_or_head,),
    Step.REJECT: (_decides_reject,),
    Step.WITHDRAW: (_not_issued, _collector_head_or_tracker),
    Step.CORRECT_STAMP: (_own_stamp,),
}
# Steps of who works a queue: a lost lease is answered with who has it now.
WORK = frozenset({Step.PASS_CHECK, Step.SUBMIT_ENTRY, Step.VERIFY, Step.RAISE_PROBLEM, Step.RETURN})
# Steps that are taken on a bag, by the system, or that make the case: never a button on its page.
NOT_ON_THE_CASE = frozenset(
    {Step.REFER, Step.SEAL, Step.UNSEAL, Step.HAND_OVER, Step.RECEIVE, Step.REPORT_MISSING, Step.EXPIRE}
)


def require_standing(case: Application, *, step: Step, actor: Employee, at: datetime) -> None:
    """Raises the first standing rule that says no."""
    for rule in STANDING.get(step, ()):
        rule(case, actor, at)


def open_steps(case: Application, *, actor: Employee, at: datetime) -> list[Step]:
    """The steps that this person may take on this case now, in the charter's order: what buttons are drawn from."""
    roles, steps = actor.role_codes(local_day(at)), []
    for rule in CHARTER:
        if rule.step in NOT_ON_THE_CASE or case.state not in rule.sources or not rule.by & roles:
            continue
        try:
            require_not_frozen(case, step=rule.step)
            require_standing(case, step=rule.step, actor=actor, at=at)
        except DomainError:
            continue
        steps.append(rule.step)
    return steps


def local_clock(at: datetime) -> str:
    """An instant for a sentence: 11-26 17:30."""
    return at.astimezone(SHANGHAI).strftime("%m-%d %H:%M")
