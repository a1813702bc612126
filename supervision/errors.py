"""The refusals of supervision, each with its rule and the way out."""

from __future__ import annotations

from django.utils.translation import gettext as _

from ops_center.kernel.errors import NotAllowed, OutOfSight, Refused, StaleVersion
from ops_center.kernel.worktime import SHANGHAI
from supervision.models import Breach, Complaint, Urge


def no_case() -> OutOfSight:
    return OutOfSight("not_found", _("No such case among those that you can see."))


def no_breach() -> OutOfSight:
    return OutOfSight("breach", _("There is no such breach, or it is not yours to see."))


def no_success() -> OutOfSight:
    return OutOfSight("broadcast", _("There is no such success in the feed."))


def no_branch() -> OutOfSight:
    return OutOfSight("branch", _("There is no such branch, or its figures are not yours to see."))


def no_person() -> OutOfSight:
    return OutOfSight("person", _("There is no such person, or the figures are not yours to see."))


def no_line() -> OutOfSight:
    return OutOfSight("board_row", _("There is no such line, or its cards are not yours to see."))


def figures_of_the_bank() -> OutOfSight:
    return OutOfSight("bank", _("The figures of the whole bank are not yours to see. Open those of your branch."))


def no_report_file() -> OutOfSight:
    return OutOfSight("report_file", _("There is no such file among yours, or it is not written yet."))


def no_absence() -> OutOfSight:
    return OutOfSight("absence", _("There is no such absence any more. Reload the page."))


def not_yours_to_explain() -> NotAllowed:
    return NotAllowed(
        "not_owner", _("Only the person who answered for the clock may explain it. You can urge that person instead.")
    )


def effect_of_others() -> NotAllowed:
    return NotAllowed(
        "not_owner",
        _("What a decision means in money is shown to who decides, to audit, and to the person whose breach it is."),
    )


def window_closed(breach: Breach) -> Refused:
    return Refused(
        "window_closed",
        _("The explanation was due by %(due)s, two working days after the breach. Speak to the supervisor.")
        % {"due": f"{breach.file_by.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"},
    )


def already_explained() -> Refused:
    return Refused("already_explained", _("An explanation has been filed already; it waits for the decision."))


def nothing_to_explain() -> Refused:
    return Refused(
        "nobodys",
        _(
            "Nobody had taken the case with two working hours left: it counts for the center, not for a person. "
            "No explanation is needed."
        ),
    )


def no_longer_late() -> Refused:
    return Refused("lifted", _("The clock is no longer late. No explanation is needed."))


def not_yours_to_prove() -> NotAllowed:
    return NotAllowed("not_filer", _("Only the person who filed the explanation adds evidence to it."))


def too_much_evidence(most: int) -> Refused:
    return Refused(
        "too_much_evidence",
        _("An explanation has at most %(most)s papers. Choose those that prove it best.") % {"most": most},
    )


def same_evidence() -> Refused:
    return Refused("same_evidence", _("This paper is there already. Add another one, or none."))


def no_evidence() -> OutOfSight:
    return OutOfSight("evidence", _("There is no such paper, or the breach is not yours to see."))


def nothing_filed() -> Refused:
    return Refused("nothing_filed", _("No explanation has been filed yet, so there is nothing to decide."))


def already_decided() -> Refused:
    return Refused("already_decided", _("This explanation has been decided already. Reload the page to see how."))


def own_breach() -> Refused:
    return Refused(
        "own_breach", _("Who answers for a breach does not decide on it. Another tracker or the supervisor decides.")
    )


def deciders_only() -> NotAllowed:
    return NotAllowed("decider_role", _("A tracker or a supervisor decides on explanations."))


def supervisor_confirms_workload() -> Refused:
    return Refused(
        "workload_supervisor",
        _("The supervisor confirms that the queue stood above its capacity. Leave the decision to the supervisor."),
    )


def branch_heads_only() -> NotAllowed:
    return NotAllowed("opinion_role", _("The head of the branch that answers for it gives the first opinion."))


def nobody_to_urge() -> Refused:
    return Refused("nobody_to_urge", _("The case is finished: there is nobody to urge."))


def urged_already(last: Urge) -> Refused:
    return Refused(
        "urged_already",
        _(
            "You urged this case at %(time)s; the same people would read it twice. Call them, or urge again an hour "
            "later."
        )
        % {"time": f"{last.at.astimezone(SHANGHAI):%H:%M}"},
    )


def urge_role() -> NotAllowed:
    return NotAllowed("urge_role", _("Collectors, branch heads, trackers and supervisors urge. Ask one of them."))


def no_complaint() -> OutOfSight:
    return OutOfSight("complaint", _("There is no such complaint, or it is not yours to see."))


def stale_complaint(complaint: Complaint) -> StaleVersion:
    return StaleVersion(
        "stale_version",
        _("Somebody has worked on %(number)s since you opened it. Reload; what you typed is kept below.")
        % {"number": complaint.number},
        version=complaint.version,
    )


def supervisor_assigns() -> Refused:
    return Refused(
        "assigned_by_supervisor",
        _("You may take a complaint that nobody has; a supervisor gives it to somebody else."),
    )


def complaint_too_late(complaint: Complaint) -> Refused:
    return Refused(
        "too_late_for_time",
        _("%(number)s had to be closed by %(due)s: time is given before it has run out. Close it now.")
        % {"number": complaint.number, "due": f"{complaint.close_by.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"},
    )


def simulation_role() -> NotAllowed:
    return NotAllowed(
        "simulation_role", _("The supervisor and the management ask the simulation. Ask one of them to run it.")
    )


def no_simulation() -> OutOfSight:
    return OutOfSight("simulation", _("There is no such simulation. The list shows those that were asked."))


def anothers_simulation() -> NotAllowed:
    return NotAllowed("not_asker", _("Only who has asked a question may cancel it. You can ask another one beside it."))


def simulation_over() -> Refused:
    return Refused("simulation_over", _("This question is no longer being computed: there is nothing left to cancel."))


def roster_role() -> NotAllowed:
    return NotAllowed("roster_role", _("The supervisor plans the center's people. Ask the supervisor to enter it."))


def nobody_of_the_center() -> OutOfSight:
    return OutOfSight("person", _("There is nobody of this number in the center's teams."))
