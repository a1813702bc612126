"""The charter: every state and every step of a case in one table that a banker can read (domain section 3).

Nothing else in the code says which step leads where, whose it is, which stamp it sets, whose performance it is or which
clocks it moves. The transition methods of :class:`applications.models.Application` take their sources and targets from
here, :mod:`applications.services.engine` performers and clocks; the diagram in the docs is drawn from here.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from organization.roles import Role


class State(models.TextChoices):
    REFERRED = "REFERRED", _("Referred")
    ACCEPTED = "ACCEPTED", _("Accepted")
    DRAFT = "DRAFT", _("Being collected")
    TAKEN_IN = "TAKEN_IN", _("Taken in")
    BAGGED = "BAGGED", _("Bagged")
    IN_TRANSIT = "IN_TRANSIT", _("In transit")
    RECEIVED = "RECEIVED", _("Received at the center")
    CHECKED = "CHECKED", _("Checked, to be keyed")
    KEYED = "KEYED", _("Keyed, to be reviewed")
    ENTERED = "ENTERED", _("Entered")
    SUBMITTED = "SUBMITTED", _("In approval and card making")
    ISSUED = "ISSUED", _("Issued")
    COLLECTED = "COLLECTED", _("Card collected")
    ACTIVATED = "ACTIVATED", _("Activated")
    PROBLEM = "PROBLEM", _("Problem item")
    RETURNED = "RETURNED", _("Returned")
    REJECTED = "REJECTED", _("Rejected")
    WITHDRAWN = "WITHDRAWN", _("Withdrawn")
    EXPIRED = "EXPIRED", _("Expired")


class Stage(models.TextChoices):
    """Macro stages, for boards, the funnel and the customer's own view."""

    REFERRAL = "REFERRAL", pgettext_lazy("stage", "Referral")
    INTAKE = "INTAKE", pgettext_lazy("stage", "Intake")
    CENTRAL_ENTRY = "CENTRAL_ENTRY", pgettext_lazy("stage", "Central entry")
    CARD_ISSUE = "CARD_ISSUE", pgettext_lazy("stage", "Card issue")
    ACTIVATION = "ACTIVATION", pgettext_lazy("stage", "Activation")
    ENDED = "ENDED", pgettext_lazy("stage", "Ended")


STAGE_OF: dict[str, Stage] = {
    State.REFERRED: Stage.REFERRAL,
    State.ACCEPTED: Stage.REFERRAL,
    State.DRAFT: Stage.INTAKE,
    State.TAKEN_IN: Stage.INTAKE,
    State.BAGGED: Stage.INTAKE,
    State.IN_TRANSIT: Stage.INTAKE,
    State.RETURNED: Stage.INTAKE,
    State.RECEIVED: Stage.CENTRAL_ENTRY,
    State.CHECKED: Stage.CENTRAL_ENTRY,
    State.KEYED: Stage.CENTRAL_ENTRY,
    State.ENTERED: Stage.CENTRAL_ENTRY,
    State.PROBLEM: Stage.CENTRAL_ENTRY,
    State.SUBMITTED: Stage.CARD_ISSUE,
    State.ISSUED: Stage.CARD_ISSUE,
    State.COLLECTED: Stage.ACTIVATION,
    State.ACTIVATED: Stage.ACTIVATION,
    State.REJECTED: Stage.ENDED,
    State.WITHDRAWN: Stage.ENDED,
    State.EXPIRED: Stage.ENDED,
}

MAIN_LINE = (
    State.REFERRED, State.ACCEPTED, State.DRAFT, State.TAKEN_IN, State.BAGGED, State.IN_TRANSIT, State.RECEIVED,
    State.CHECKED, State.KEYED, State.ENTERED, State.SUBMITTED, State.ISSUED, State.COLLECTED, State.ACTIVATED,
)  # fmt: skip
ENDED = frozenset({State.REJECTED, State.WITHDRAWN, State.EXPIRED})
FINISHED = ENDED | {State.ACTIVATED}
AT_THE_CENTER = (State.RECEIVED, State.CHECKED, State.KEYED, State.ENTERED, State.SUBMITTED, State.ISSUED)
BEFORE_ISSUE = (*MAIN_LINE[: MAIN_LINE.index(State.ISSUED)], State.PROBLEM, State.RETURNED)


class Performance(models.TextChoices):
    """The acts that a share is paid for; the person who completes the act is its performer (rule G3)."""

    REFERRER = "REFERRER", pgettext_lazy("performance", "Referral")
    COLLECTOR = "COLLECTOR", pgettext_lazy("performance", "Collection")
    CREDIT_CHECK = "CREDIT_CHECK", pgettext_lazy("performance", "Credit check")
    ENTRY = "ENTRY", pgettext_lazy("performance", "Entry")
    ENTRY_2ND = "ENTRY_2ND", pgettext_lazy("performance", "Second entry")
    TRACKER = "TRACKER", pgettext_lazy("performance", "Tracking")
    AFTER_SALES = "AFTER_SALES", pgettext_lazy("performance", "After-sales")


class Clock(models.TextChoices):
    """The clocks of domain section 4."""

    REF_ACCEPT = "REF_ACCEPT", pgettext_lazy("clock", "Accept the referral")
    REF_CONTACT = "REF_CONTACT", pgettext_lazy("clock", "First contact")
    DISPATCH = "DISPATCH", pgettext_lazy("clock", "Dispatch on the day")
    TRANSIT = "TRANSIT", pgettext_lazy("clock", "In transit")
    CHECK = "CHECK", pgettext_lazy("clock", "Credit check")
    ENTRY = "ENTRY", pgettext_lazy("clock", "Central entry")
    FILE = "FILE", pgettext_lazy("clock", "Number and file")
    ISSUE = "ISSUE", pgettext_lazy("clock", "Track to issue")
    PROBLEM_ACT = "PROBLEM_ACT", pgettext_lazy("clock", "First act on a problem")
    PROBLEM_CLOSE = "PROBLEM_CLOSE", pgettext_lazy("clock", "Close the problem")
    SUPPLEMENT = "SUPPLEMENT", pgettext_lazy("clock", "Supplement after a return")
    CONTACT = "CONTACT", pgettext_lazy("clock", "First contact after issue")
    COACH = "COACH", pgettext_lazy("clock", "Usage coaching")
    ACTIVATE = "ACTIVATE", pgettext_lazy("clock", "Activation")
    REGISTER = "REGISTER", pgettext_lazy("clock", "Performance registration")
    CERTIFY = "CERTIFY", pgettext_lazy("clock", "Performance certification")
    PAY = "PAY", pgettext_lazy("clock", "Payout")
    JUSTIFY = "JUSTIFY", pgettext_lazy("clock", "Explanation")
    COMPLAINT_REPLY = "COMPLAINT_REPLY", pgettext_lazy("clock", "First reply to a complaint")
    COMPLAINT_CLOSE = "COMPLAINT_CLOSE", pgettext_lazy("clock", "Close a complaint")


class Outcome(models.TextChoices):
    """How a clock ended (domain section 5)."""

    ON_TIME = "ON_TIME", pgettext_lazy("outcome", "On time")
    RETURNED_IN_TIME = "RETURNED_IN_TIME", pgettext_lazy("outcome", "Returned in time")
    RETURNED_LATE = "RETURNED_LATE", pgettext_lazy("outcome", "Returned late")
    LATE_PENDING = "LATE_PENDING", pgettext_lazy("outcome", "Late, explanation open")
    LATE = "LATE", pgettext_lazy("outcome", "Late")
    LATE_JUSTIFIED = "LATE_JUSTIFIED", pgettext_lazy("outcome", "Late, explanation accepted")
    LATE_QUEUE = "LATE_QUEUE", pgettext_lazy("outcome", "Late in the queue")
    EXEMPT = "EXEMPT", pgettext_lazy("outcome", "Exempt")
    VOID = "VOID", pgettext_lazy("outcome", "Void")


class PauseReason(models.TextChoices):
    """What may stop a clock (rule K4): a problem that waits for somebody outside the center, or a declared outage."""

    BRANCH = "BRANCH", pgettext_lazy("pause", "Waits for the branch")
    CUSTOMER = "CUSTOMER", pgettext_lazy("pause", "Waits for the client")
    HEAD_OFFICE = "HEAD_OFFICE", pgettext_lazy("pause", "Waits for head office")
    OUTAGE = "OUTAGE", pgettext_lazy("pause", "Declared outage")


class Freeze(models.TextChoices):
    """Why a case stands still: its client says not to have applied. Upheld, it may still be ended, nothing else."""

    DENIED = "DENIED", pgettext_lazy("freeze", "The client says not to have applied")
    UPHELD = "UPHELD", pgettext_lazy("freeze", "The client did not apply")


class Holder(models.TextChoices):
    """Whose hands a case or its paper is in: who is charged with the minutes that run there."""

    POOL = "POOL", pgettext_lazy("holder", "Lead pool")
    PERSON = "PERSON", pgettext_lazy("holder", "Person")  # collector, clerk, officer
    BRANCH = "BRANCH", pgettext_lazy("holder", "Branch")
    TRUCK = "TRUCK", pgettext_lazy("holder", "Cash truck")
    QUEUE = "QUEUE", pgettext_lazy("holder", "Queue of the center")
    CUSTOMER = "CUSTOMER", pgettext_lazy("holder", "Client")
    HEAD_OFFICE = "HEAD_OFFICE", pgettext_lazy("holder", "Head office and card factory")


LATE_OUTCOMES = (Outcome.LATE_PENDING, Outcome.LATE, Outcome.LATE_JUSTIFIED, Outcome.LATE_QUEUE, Outcome.RETURNED_LATE)


class Step(StrEnum):
    """The steps by their slugs, as in the API's addresses."""

    REFER = "refer"
    ACCEPT = "accept"
    RELEASE = "release"
    START_INTAKE = "start-intake"
    COMPLETE_INTAKE = "complete-intake"
    HAND_TO_BRANCH = "hand-to-branch"
    CONFIRM_HAND_TO_BRANCH = "confirm-hand-to-branch"
    SEAL = "seal"
    UNSEAL = "unseal"
    HAND_OVER = "hand-over"
    RECEIVE = "receive"
    REPORT_MISSING = "report-missing"
    E_INTAKE = "e-intake"
    SELF_ROUTE = "self-route"
    HAND_TO_CENTER = "hand-to-center"
    PASS_CHECK = "pass-check"  # noqa: S105
    SUBMIT_ENTRY = "submit-entry"
    VERIFY = "verify"
    ARBITRATE = "arbitrate"
    FILE = "file"
    MARK_ISSUED = "mark-issued"
    COACH = "coach"
    ACTIVATE = "activate"
    LATE_COACH = "late-coach"
    RAISE_PROBLEM = "raise-problem"
    REPLY = "reply"
    RESOLVE = "resolve"
    RETURN = "return"
    RESUBMIT = "resubmit"
    REJECT = "reject"
    WITHDRAW = "withdraw"
    REFUSE_CARD = "refuse-card"
    EXPIRE = "expire"
    REOPEN = "reopen"
    REASSIGN = "reassign"
    CORRECT_STAMP = "correct-stamp"
    # A record of the time before the system: may end by a path that the charter lacks (domain section 0, decision 12).
    IMPORTED = "imported"


STEP_LABELS: dict[str, object] = {
    Step.REFER: _("Refer"),
    Step.ACCEPT: _("Accept the lead"),
    Step.RELEASE: _("Release the lead"),
    Step.START_INTAKE: _("Start intake"),
    Step.COMPLETE_INTAKE: _("Complete intake"),
    Step.HAND_TO_BRANCH: _("Hand to a branch"),
    Step.CONFIRM_HAND_TO_BRANCH: _("Confirm the hand-over"),
    Step.SEAL: _("Seal in a bag"),
    Step.UNSEAL: _("Unseal"),
    Step.HAND_OVER: _("Hand over to the truck"),
    Step.RECEIVE: _("Receive"),
    Step.REPORT_MISSING: _("Report missing"),
    Step.E_INTAKE: _("Send images"),
    Step.SELF_ROUTE: _("Handle it myself (Path A)"),
    Step.HAND_TO_CENTER: _("Hand to the center"),
    Step.PASS_CHECK: _("Pass the check"),
    Step.SUBMIT_ENTRY: _("Submit the entry"),
    Step.VERIFY: _("Review"),
    Step.ARBITRATE: _("Arbitrate"),
    Step.FILE: _("Number and file"),
    Step.MARK_ISSUED: _("Mark as issued"),
    Step.COACH: _("Coach the client"),
    Step.ACTIVATE: _("Register the activation"),
    Step.LATE_COACH: _("Coach after activation"),
    Step.RAISE_PROBLEM: _("Raise a problem"),
    Step.REPLY: _("Reply"),
    Step.RESOLVE: _("Resolve the problem"),
    Step.RETURN: _("Return"),
    Step.RESUBMIT: _("Resubmit"),
    Step.REJECT: _("Reject"),
    Step.WITHDRAW: _("Withdraw"),
    Step.REFUSE_CARD: _("Client refuses the card"),
    Step.EXPIRE: _("Expire"),
    Step.REOPEN: _("Reopen"),
    Step.REASSIGN: _("Reassign"),
    Step.CORRECT_STAMP: _("Correct a stamp"),
    Step.IMPORTED: _("Imported"),
}


class Goes(StrEnum):
    """Targets that are not one state: the case stays, goes where its facts say, or back to where it was."""

    STAYS = "stays"
    DEPENDS = "depends"  # on the review mode or on the answer of the reviewer
    RESUMES = "resumes"  # PROBLEM → the state before; an ended case → the state before


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the charter."""

    no: str
    step: Step
    sources: frozenset[State]  # empty: the step creates the case
    target: State | Goes
    by: frozenset[Role]  # empty: the system
    performs: Performance | None = None
    stamps: tuple[str, ...] = ()
    starts: tuple[Clock, ...] = ()
    stops: tuple[Clock, ...] = ()
    voids: tuple[Clock, ...] | None = ()  # None: every clock that still runs
    only_at: State | None = None  # clocks move only when the step leads there (T17 and T18 may lead elsewhere)

    @property
    def label(self) -> str:
        return str(STEP_LABELS[self.step])


def _rule(
    no: str,
    step: Step,
    sources: tuple[State, ...] | State | None,
    target: State | Goes,
    by: str = "",
    *,
    performs: Performance | None = None,
    stamps: str = "",
    starts: str = "",
    stops: str = "",
    voids: str = "",
    only_at: State | None = None,
) -> Rule:
    wanted = () if sources is None else (sources,) if isinstance(sources, State) else sources
    return Rule(
        no=no,
        step=step,
        sources=frozenset(wanted),
        target=target,
        by=frozenset(Role(code) for code in by.split()),
        performs=performs,
        stamps=tuple(stamps.split()),
        starts=tuple(Clock(code) for code in starts.split()),
        stops=tuple(Clock(code) for code in stops.split()),
        voids=None if voids == "all" else tuple(Clock(code) for code in voids.split()),
        only_at=only_at,
    )


S, P = State, Performance
# fmt: off
CHARTER: tuple[Rule, ...] = (
    # no    step                         from                              to            by
    _rule("T01", Step.REFER,             None,                             S.REFERRED,   "EMP CM BH CS AS",
          performs=P.REFERRER, stamps="referred_at", starts="REF_ACCEPT"),
    _rule("T02", Step.ACCEPT,            S.REFERRED,                       S.ACCEPTED,   "CS CM",
          stamps="accepted_at", stops="REF_ACCEPT", starts="REF_CONTACT"),
    _rule("T03", Step.RELEASE,           S.ACCEPTED,                       S.REFERRED,   "CS CM TR",
          voids="REF_CONTACT", starts="REF_ACCEPT"),
    _rule("T04", Step.START_INTAKE,      S.ACCEPTED,                       S.DRAFT,      "CM BH CS",
          stamps="draft_at", stops="REF_CONTACT"),
    _rule("T05", Step.COMPLETE_INTAKE,   S.DRAFT,                          S.TAKEN_IN,   "CM BH CS",
          performs=P.COLLECTOR, stamps="taken_in_at", starts="DISPATCH"),
    _rule("T06", Step.HAND_TO_BRANCH,    S.TAKEN_IN,                       Goes.STAYS,   "CS"),
    _rule("T06b", Step.CONFIRM_HAND_TO_BRANCH, S.TAKEN_IN,                 Goes.STAYS,   "BAG BH"),
    _rule("T07", Step.SEAL,              S.TAKEN_IN,                       S.BAGGED,     "BAG BH",
          stamps="bagged_at"),
    _rule("T08", Step.UNSEAL,            S.BAGGED,                         S.TAKEN_IN,   "BAG BH"),
    _rule("T09", Step.HAND_OVER,         S.BAGGED,                         S.IN_TRANSIT, "BAG BH",
          stamps="dispatched_at", stops="DISPATCH", starts="TRANSIT"),
    _rule("T10", Step.RECEIVE,           S.IN_TRANSIT,                     S.RECEIVED,   "RCV",
          stamps="received_at", stops="TRANSIT", starts="CHECK ENTRY"),
    _rule("T11", Step.REPORT_MISSING,    S.IN_TRANSIT,                     Goes.STAYS,   "RCV"),
    _rule("T12", Step.E_INTAKE,          S.TAKEN_IN,                       S.RECEIVED,   "CM BH CS",
          stamps="received_at", stops="DISPATCH", starts="CHECK ENTRY"),
    _rule("T13", Step.SELF_ROUTE,        S.TAKEN_IN,                       S.RECEIVED,   "CM",
          stamps="received_at", voids="DISPATCH", starts="CHECK ENTRY"),
    _rule("G5", Step.HAND_TO_CENTER,     S.RECEIVED,                       Goes.STAYS,   "CM"),
    _rule("T15", Step.PASS_CHECK,        S.RECEIVED,                       S.CHECKED,    "CC CM",
          performs=P.CREDIT_CHECK, stamps="checked_at", stops="CHECK"),
    _rule("T17", Step.SUBMIT_ENTRY,      S.CHECKED,                        Goes.DEPENDS, "EC CM",
          performs=P.ENTRY, stamps="keyed_at", only_at=S.ENTERED, stops="ENTRY", starts="FILE ISSUE"),
    _rule("T18", Step.VERIFY,            S.KEYED,                          Goes.DEPENDS, "ER",
          stamps="entered_at", only_at=S.ENTERED, stops="ENTRY", starts="FILE ISSUE"),
    _rule("T19", Step.ARBITRATE,         S.KEYED,                          S.ENTERED,    "TR",
          stamps="entered_at", stops="ENTRY", starts="FILE ISSUE"),
    _rule("T20", Step.FILE,              S.ENTERED,                        S.SUBMITTED,  "TR",
          performs=P.TRACKER, stamps="filed_at", stops="FILE"),
    _rule("T21", Step.MARK_ISSUED,       S.SUBMITTED,                      S.ISSUED,     "TR",
          stamps="issued_at", stops="ISSUE", starts="CONTACT COACH ACTIVATE"),
    _rule("T22", Step.COACH,             S.ISSUED,                         S.COLLECTED,  "AS CM",
          performs=P.AFTER_SALES, stamps="collected_at", stops="CONTACT COACH"),
    _rule("T23", Step.ACTIVATE,          (S.ISSUED, S.COLLECTED),          S.ACTIVATED,  "AS CM",
          stamps="activated_at", stops="ACTIVATE CONTACT", voids="COACH", starts="REGISTER"),
    _rule("T24", Step.LATE_COACH,        S.ACTIVATED,                      Goes.STAYS,   "AS CM",
          performs=P.AFTER_SALES, stamps="collected_at"),
    _rule("T30", Step.RAISE_PROBLEM,     AT_THE_CENTER,                    S.PROBLEM,    "CC EC ER TR AS CM",
          stamps="problem_raised_at", starts="PROBLEM_ACT PROBLEM_CLOSE"),
    _rule("T31", Step.REPLY,             S.PROBLEM,                        Goes.STAYS,   "CM BH CS",
          stops="PROBLEM_CLOSE", starts="PROBLEM_CLOSE"),
    _rule("T32", Step.RESOLVE,           S.PROBLEM,                        Goes.RESUMES, "TR",
          stamps="problem_resolved_at", stops="PROBLEM_ACT PROBLEM_CLOSE"),
    _rule("T33/T34", Step.RETURN,        (S.RECEIVED, S.CHECKED, S.KEYED, S.PROBLEM), S.RETURNED, "CC EC ER TR CM",
          stamps="returned_at", stops="CHECK ENTRY PROBLEM_ACT PROBLEM_CLOSE",
          voids="FILE ISSUE CONTACT COACH ACTIVATE", starts="SUPPLEMENT"),
    _rule("T35", Step.RESUBMIT,          S.RETURNED,                       S.TAKEN_IN,   "CM BH CS",
          stamps="resubmitted_at", stops="SUPPLEMENT", starts="DISPATCH"),
    _rule("T36", Step.REJECT,            (S.RECEIVED, S.SUBMITTED),        S.REJECTED,   "TR SUP",
          stamps="rejected_at", voids="all"),
    _rule("T37", Step.WITHDRAW,          BEFORE_ISSUE,                     S.WITHDRAWN,  "CM BH CS TR",
          stamps="withdrawn_at", voids="all"),
    _rule("T38", Step.REFUSE_CARD,       (S.ISSUED, S.COLLECTED),          S.WITHDRAWN,  "AS",
          stamps="withdrawn_at", voids="all"),
    _rule("T39", Step.EXPIRE, (S.REFERRED, S.ACCEPTED, S.DRAFT, S.RETURNED, S.ISSUED, S.COLLECTED), S.EXPIRED, "",
          stamps="expired_at", voids="all"),
    _rule("T40", Step.REOPEN,            (S.EXPIRED, S.WITHDRAWN, S.REJECTED), Goes.RESUMES, "TR",
          stamps="reopened_at"),
    _rule("T41", Step.REASSIGN,          (S.ACCEPTED, S.RECEIVED, S.CHECKED, S.KEYED, S.ENTERED, S.ISSUED, S.COLLECTED),
          Goes.STAYS, "TR SUP"),
    _rule("T42", Step.CORRECT_STAMP,     tuple(S),                         Goes.STAYS,   "CM BH CS RCV CC EC ER TR AS"),
)
# fmt: on
del S, P

RULES: dict[Step, Rule] = {rule.step: rule for rule in CHARTER}

# G2: the stamps in the order that time must keep. collected_at may come after activated_at (T24).
STAMP_ORDER = (
    "referred_at", "accepted_at", "taken_in_at", "dispatched_at", "received_at", "checked_at", "entered_at",
    "issued_at", "activated_at",
)  # fmt: skip
STAMPS = (
    "referred_at", "accepted_at", "draft_at", "taken_in_at", "bagged_at", "dispatched_at", "received_at",
    "check_started_at", "checked_at", "entry_started_at", "keyed_at", "entered_at", "filed_at", "approved_at",
    "issued_at", "collected_at", "activated_at", "first_spend_at", "problem_raised_at", "problem_resolved_at",
    "returned_at", "resubmitted_at", "rejected_at", "withdrawn_at", "expired_at", "reopened_at",
)  # fmt: skip


class EntryMode(models.TextChoices):
    CENTER = "CENTER", pgettext_lazy("entry mode", "Center")
    SELF = "SELF", pgettext_lazy("entry mode", "Self-service")


class Path(models.TextChoices):
    """Derived from who did what, never typed (rule G4)."""

    A = "A", _("A: all by one person")
    B = "B", _("B: collect and hand over")
    C = "C", _("C: refer only")


def path_of(
    *,
    entry_mode: str,
    referrer: int | None,
    is_external: bool,
    collector: int | None,
    checker: int | None,
    keyer: int | None,
) -> Path:
    """Rule G4. While the check and the entry are still open, a self-routed case counts as Path A provisionally."""
    own_referral = not is_external and referrer in (None, collector)
    if entry_mode == EntryMode.SELF and own_referral and {checker or collector, keyer or collector} == {collector}:
        return Path.A
    return Path.B if own_referral else Path.C


@dataclass(frozen=True, slots=True)
class Queue:
    """A work queue of the center: which states wait in it and whose it is."""

    name: str
    states: tuple[State, ...]
    role: Role
    clock: Clock
    label: object


QUEUES: dict[str, Queue] = {
    queue.name: queue
    for queue in (
        Queue("check", (State.RECEIVED,), Role.CC, Clock.CHECK, _("Credit check queue")),
        Queue("entry", (State.CHECKED,), Role.EC, Clock.ENTRY, _("Entry queue")),
        Queue("verify", (State.KEYED,), Role.ER, Clock.ENTRY, _("Review queue")),
        Queue("filing", (State.ENTERED,), Role.TR, Clock.FILE, _("Filing queue")),
        Queue("after-sales", (State.ISSUED, State.COLLECTED), Role.AS, Clock.ACTIVATE, _("After-sales queue")),
    )
}
QUEUE_OF_STATE: dict[str, Queue] = {state: queue for queue in QUEUES.values() for state in queue.states}

# The clocks that run while a case waits in a state: a reopened case starts them anew (T40).
CLOCKS_OF_STATE: dict[str, tuple[Clock, ...]] = {
    State.REFERRED: (Clock.REF_ACCEPT,),
    State.ACCEPTED: (Clock.REF_CONTACT,),
    State.TAKEN_IN: (Clock.DISPATCH,),
    State.BAGGED: (Clock.DISPATCH,),
    State.IN_TRANSIT: (Clock.TRANSIT,),
    State.RECEIVED: (Clock.CHECK, Clock.ENTRY),
    State.CHECKED: (Clock.ENTRY,),
    State.KEYED: (Clock.ENTRY,),
    State.ENTERED: (Clock.FILE, Clock.ISSUE),
    State.SUBMITTED: (Clock.ISSUE,),
    State.ISSUED: (Clock.CONTACT, Clock.COACH, Clock.ACTIVATE),
    State.COLLECTED: (Clock.ACTIVATE,),
    State.RETURNED: (Clock.SUPPLEMENT,),
}

# Which role answers for a running clock while nobody has claimed the case; the person is set when there is one.
CLOCK_OWNER: dict[str, Role] = {
    Clock.REF_ACCEPT: Role.CS,
    Clock.REF_CONTACT: Role.CS,
    Clock.DISPATCH: Role.CM,
    Clock.TRANSIT: Role.RCV,
    Clock.CHECK: Role.CC,
    Clock.ENTRY: Role.EC,
    Clock.FILE: Role.TR,
    Clock.ISSUE: Role.TR,
    Clock.PROBLEM_ACT: Role.TR,
    Clock.PROBLEM_CLOSE: Role.TR,
    Clock.SUPPLEMENT: Role.CM,
    Clock.CONTACT: Role.AS,
    Clock.COACH: Role.AS,
    Clock.ACTIVATE: Role.AS,
    Clock.REGISTER: Role.TR,
    Clock.CERTIFY: Role.SUP,
    Clock.PAY: Role.HR,
}
# Domain section 5: whose share the timeliness of a clock moves. Clocks that are not here carry no money.
CLOCK_SHARE: dict[str, Performance] = {
    Clock.DISPATCH: Performance.COLLECTOR,
    Clock.CHECK: Performance.CREDIT_CHECK,
    Clock.ENTRY: Performance.ENTRY,
    Clock.FILE: Performance.TRACKER,
    Clock.PROBLEM_ACT: Performance.TRACKER,
    Clock.PROBLEM_CLOSE: Performance.TRACKER,
    Clock.CONTACT: Performance.AFTER_SALES,
    Clock.COACH: Performance.AFTER_SALES,
}


@dataclass(frozen=True, slots=True)
class Hands:
    """Whose hands a case or its paper is in; people and branches by their keys."""

    holder: Holder
    person: int | None = None
    branch: int | None = None


IN_THE_QUEUE = Hands(Holder.QUEUE)
_WITH_THE_COLLECTOR = frozenset({State.ACCEPTED, State.DRAFT})
_AT_THE_BRANCH = frozenset({State.TAKEN_IN, State.BAGGED, State.RETURNED})
_DONE_ALONE = frozenset({State.RECEIVED, State.CHECKED, State.ISSUED, State.COLLECTED})  # in Path A


def holder_of(
    *, state: str, collector: int | None, branch: int | None, leased_to: int | None, is_self_service: bool,
    waits_for: str = "",
) -> Hands | None:  # fmt: skip
    """Who holds a case; ``None`` when it has ended. ``branch`` is the one that has the paper, ``leased_to`` whose claim
    runs, ``waits_for`` the outside party of a problem that has not answered (empty: the center acts)."""
    at_the_branch = Hands(Holder.BRANCH, branch=branch) if branch else IN_THE_QUEUE
    if state in FINISHED:
        return None
    if state == State.PROBLEM:
        return at_the_branch if waits_for == Holder.BRANCH else Hands(Holder(waits_for or Holder.QUEUE))
    if state == State.REFERRED:
        return Hands(Holder.POOL)
    if state in _AT_THE_BRANCH:
        return at_the_branch
    if state == State.IN_TRANSIT:
        return Hands(Holder.TRUCK)
    if state == State.SUBMITTED:
        return Hands(Holder.HEAD_OFFICE)
    if leased_to is not None:
        return Hands(Holder.PERSON, person=leased_to)
    own = state in _WITH_THE_COLLECTOR or (is_self_service and state in _DONE_ALONE)
    return Hands(Holder.PERSON, person=collector) if own and collector else IN_THE_QUEUE
