"""Who is who in a complaint: who sold, who is concerned and keeps away from it, who could handle it, and what keeps a
person from an act. The page draws its buttons from the rule that the service asks."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from applications.models import Application
from ops_center.clock import local_day
from ops_center.kernel.errors import Malformed, NotAllowed, Refused
from organization.models import Employee
from organization.querysets import EmployeeQuerySet
from organization.roles import Role
from supervision import errors
from supervision.lifecycle import Rule, State, Whose, rule_for
from supervision.models import Complaint, ComplaintAct

OFFICE = (Role.CPL, Role.SUP)
About = Complaint.About


def why_concerned(complaint: Complaint, person: Employee) -> Refused | None:
    """What keeps a person from acting on a complaint (R-C15): part in its case, or being the one complained about."""
    case = complaint.application
    took_part = case is not None and (
        person.pk in (case.referrer_id, case.collector_id) or case.performers.filter(employee=person).exists()
    )
    if person.pk == complaint.against_id or took_part:
        return Refused(
            "concerned",
            _(
                "%(person)s took part in the case of this complaint, so somebody who did not handles it. A supervisor "
                "gives it to a colleague."
            )
            % {"person": person.name},
        )
    return None


def why_not_act(
    complaint: Complaint, act: ComplaintAct, *, actor: Employee, at: datetime
) -> Refused | NotAllowed | None:
    """What keeps this person from an act now. The page draws its buttons from the same rule."""
    rule = rule_for(act, complaint.state)
    if rule is None:
        return _leads_nowhere(complaint, act)
    refusal = _whose(complaint, rule, actor=actor, at=at) or _past(complaint, act, at=at)
    if refusal is None and act is not ComplaintAct.ASSIGN:  # who is concerned may still hand it over
        return why_concerned(complaint, actor)
    return refusal


def _past(complaint: Complaint, act: ComplaintAct, *, at: datetime) -> Refused | None:
    """What happens once, or only while there is time."""
    match act:
        case ComplaintAct.LINK if complaint.application_id is not None:
            return Refused("case_known", _("The case of this complaint is known already."))
        case ComplaintAct.MARK_COMPLEX if complaint.is_complex:
            return Refused("already_complex", _("It is marked as complex already."))
        case ComplaintAct.EXTEND | ComplaintAct.ASK_EXTENSION if complaint.extended_at is not None:
            return Refused("already_extended", _("It has been given more time once already; that is all there is."))
        case ComplaintAct.EXTEND | ComplaintAct.ASK_EXTENSION | ComplaintAct.MARK_COMPLEX if complaint.close_by < at:
            return errors.complaint_too_late(complaint)
    return None


def _whose(complaint: Complaint, rule: Rule, *, actor: Employee, at: datetime) -> Refused | NotAllowed | None:
    on = local_day(at)
    if not actor.has_role(*OFFICE, on=on):
        return NotAllowed("complaint_role", _("Complaints are handled by complaint handlers and supervisors."))
    if rule.whose in (Whose.SUPERVISOR, Whose.SECOND) and not actor.has_role(Role.SUP, on=on):
        sentence = _("This is the supervisor's to decide: pass the complaint on, or ask for more time.")
        return NotAllowed("supervisor_decides", sentence)
    if rule.act is ComplaintAct.ASSIGN and complaint.handler_id is not None and not actor.has_role(Role.SUP, on=on):
        return errors.supervisor_assigns()
    if rule.whose is Whose.SECOND and complaint.handler_id == actor.pk:
        return Refused("own_complaint", _("You handle this complaint, so another supervisor approves more time."))
    if rule.whose is Whose.HANDLER and complaint.handler_id != actor.pk:
        if complaint.handler is None:
            return Refused("nobody_handles", _("Nobody has taken this complaint in hand yet. Take it first."))
        return Refused(
            "another_handles",
            _("%(person)s handles this complaint. A supervisor may give it to you.")
            % {"person": complaint.handler.name},
        )
    return None


def _leads_nowhere(complaint: Complaint, act: ComplaintAct) -> Refused:
    facts = {"number": complaint.number, "state": complaint.get_state_display(), "act": act.label}
    if act is ComplaintAct.CLOSE and complaint.state != State.CLOSED:
        return Refused(
            "not_followed_up",
            _("%(number)s is “%(state)s”: a complaint is closed after the follow-up call. Call the client first.")
            % facts,
        )
    return Refused(
        "act_not_open",
        _("%(number)s is “%(state)s” now: “%(act)s” is not possible from there. Reload the page to see what is.")
        % facts,
    )


# -- who is named ------------------------------------------------------------------------------------------------------
def handlers_for(complaint: Complaint, *, at: datetime) -> list[Employee]:
    """Who may be given it: complaint handlers and supervisors who are not concerned."""
    return unconcerned(complaint, *OFFICE, at=at)


def require_handler(row: Complaint, person: Employee, *, at: datetime) -> None:
    """Malformed for somebody of another office, Refused for who is concerned."""
    if not person.has_role(*OFFICE, on=local_day(at)):
        sentence = _("%(person)s does not handle complaints.") % {"person": person.name}
        raise Malformed("not_a_handler", sentence, {"handler": sentence})
    require_unconcerned(row, person)


def require_unconcerned(row: Complaint, person: Employee) -> None:
    if refusal := why_concerned(row, person):
        raise refusal


def unconcerned(row: Complaint, *roles: Role, at: datetime) -> list[Employee]:
    """Who holds one of the roles on that day and is not concerned (``why_concerned``, for many)."""
    people: EmployeeQuerySet = Employee.objects.holding(*roles, on=local_day(at))
    case = row.application
    if case is not None:
        people = people.exclude(pk__in=sellers_of(case)).exclude(performances__application=case)
    if row.against_id is not None:
        people = people.exclude(pk=row.against_id)
    return list(people)


def sellers_of(case: Application) -> set[int]:
    return {pk for pk in (case.referrer_id, case.collector_id) if pk is not None}


def require_fitting(row: Complaint) -> None:
    """Malformed when a sale is complained of with somebody who did not sell it, Refused for a denial known already."""
    case = row.application
    if case is None:
        return
    if row.about == About.SALE and row.against_id is not None and row.against_id not in sellers_of(case):
        sentence = _("A complaint about the sale is about who referred or collected the case; leave it empty for both.")
        raise Malformed("not_the_seller", sentence, {"against": sentence})
    if row.about == About.DENIES:
        same = Complaint.objects.filter(application=case, about=About.DENIES).exclude(is_upheld=False)
        if known := same.exclude(pk=row.pk).first():
            raise Refused(
                "denied_already",
                _("That the client did not apply for %(case)s is known already: %(number)s.")
                % {"case": case.number, "number": known.number},
            )


def seller_at_fault(row: Complaint, named: Employee | None) -> Employee | None:
    """Who was complained about from the beginning, else who sold it: of two, the one who is named. Malformed when
    nobody is, or somebody else."""
    if row.against is not None:
        if named not in (None, row.against):
            sentence = _(
                "The complaint is about %(person)s: leave this empty. If somebody else is at fault, close it as not "
                "upheld and open one about that person."
            ) % {"person": row.against.name}
            raise Malformed("about_another", sentence, {"at_fault": sentence})
        return row.against
    case = row.application
    if case is None or row.about not in (About.SALE, About.DENIES):
        return named
    sellers = {person.pk: person for person in (case.referrer, case.collector) if person is not None}
    if len(sellers) == 1 and named is None:
        return next(iter(sellers.values()))
    if named is None or named.pk not in sellers:
        sentence = _("Name who of the sellers is at fault: %(people)s.") % {
            "people": "、".join(f"{person.name} {person.number}" for person in sellers.values())
        }
        raise Malformed("nobody_at_fault", sentence, {"at_fault": sentence})
    return named
