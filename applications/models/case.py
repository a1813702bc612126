"""The case, its client and who did what."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any, ClassVar, Concatenate, ParamSpec

from django.conf import settings
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django_fsm import GET_STATE, FSMField, transition

from applications.lifecycle import (
    FINISHED,
    RULES,
    STAGE_OF,
    EntryMode,
    Freeze,
    Goes,
    Path,
    Performance,
    Stage,
    State,
    Step,
)  # fmt: skip
from applications.models.group import GroupBatch
from applications.models.product import CustomerGroup, Product
from applications.querysets import MARKED_AS_TEXT, ApplicationQuerySet
from ops_center.kernel.identity import mask_id, mask_mobile, mask_name
from organization.fields import SealedField
from organization.models import Area, Branch
from organization.vault import vault

Facts = ParamSpec("Facts")
Move = Callable[Concatenate["Application", Facts], None]
STAMPS_OF_REPORTS = (
    "referred_at", "taken_in_at", "entered_at", "approved_at", "rejected_at", "issued_at", "activated_at"
)  # fmt: skip


def _step(step: Step, *, to: Callable[..., str] | None = None) -> Callable[[Move[Facts]], Move[Facts]]:
    """A transition with the charter's sources and target; ``to`` picks the target where it depends."""
    rule = RULES[step]
    target = GET_STATE(to) if to else None if rule.target is Goes.STAYS else rule.target
    assert (to is not None) == (rule.target in (Goes.DEPENDS, Goes.RESUMES)), step

    def decorate(method: Move[Facts]) -> Move[Facts]:
        moving: Move[Facts] = transition(
            field="state", source=sorted(rule.sources), target=target, custom={"step": step}
        )(method)
        return moving

    return decorate


class ReferrerType(models.TextChoices):
    NONE = "NONE", _("Walk-in")
    EMPLOYEE = "EMPLOYEE", pgettext_lazy("referrer", "Employee")
    RETIREE = "RETIREE", _("Retiree")
    CUSTOMER = "CUSTOMER", _("Customer")


class Application(models.Model):
    """One card application from the referral to the activation.

    ``state`` changes only through the transition methods below, which change fields and nothing else; the services call
    them, which lock the row, ask the rules, move the clocks and write the event in one transaction.
    """

    number = models.CharField(_("number"), max_length=16, unique=True)
    status_code = models.CharField(_("inquiry code"), max_length=8, unique=True)  # the client's, shows the stage only
    state = FSMField(_("state"), choices=State.choices, protected=True, max_length=12, db_index=False)
    version = models.PositiveIntegerField(_("version"), default=1)
    round = models.PositiveSmallIntegerField(_("round"), default=1)

    product = models.ForeignKey(Product, models.PROTECT, related_name="+", db_index=False, verbose_name=_("product"))
    customer_group = models.CharField(_("customer group"), max_length=16, choices=CustomerGroup, blank=True)
    priced_on = models.DateField(_("priced on"), null=True)  # the day whose bounty, split and limits apply; set once
    consent_at = models.DateTimeField(_("consent"), null=True)
    campaign = models.CharField(_("campaign"), max_length=20, blank=True)
    group_batch = models.ForeignKey(
        GroupBatch, models.PROTECT, null=True, related_name="members", db_index=False, verbose_name=_("group batch")
    )
    form_no = models.CharField(_("form number"), max_length=24, blank=True)

    area = models.ForeignKey(Area, models.PROTECT, null=True, related_name="+", db_index=False, verbose_name=_("area"))
    branch = models.ForeignKey(
        Branch, models.PROTECT, null=True, related_name="+", db_index=False, verbose_name=_("branch")
    )
    host_branch = models.ForeignKey(  # the branch that a card-center collector hands the paper to (T06)
        Branch, models.PROTECT, null=True, related_name="+", db_index=False, verbose_name=_("host branch")
    )
    host_confirmed_at = models.DateTimeField(null=True)

    referrer_type = models.CharField(_("referred by"), max_length=8, choices=ReferrerType, default=ReferrerType.NONE)
    referrer = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("referrer")
    )
    collector = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("collector")
    )
    releases = models.PositiveSmallIntegerField(default=0)

    entry_mode = models.CharField(_("entry mode"), max_length=6, choices=EntryMode, default=EntryMode.CENTER)
    review_mode = models.CharField(
        _("review mode"), max_length=8, choices=Product.ReviewMode, default=Product.ReviewMode.REVIEW
    )
    awaits_arbitration = models.BooleanField(_("awaits arbitration"), default=False)
    path = models.CharField(_("path"), max_length=1, choices=Path, blank=True)
    path_locked = models.BooleanField(default=False)
    resume_state = models.CharField(max_length=12, choices=State, blank=True)  # where PROBLEM or an end came from

    # A claim is a lease, not a state: while it runs, one person works on the case.
    claimed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        verbose_name=_("claimed by"),
    )
    claimed_at = models.DateTimeField(null=True)
    claimed_until = models.DateTimeField(null=True)

    # The earliest deadline of the running clocks, kept by the engine: what lists and queues order by.
    due_at = models.DateTimeField(_("due"), null=True)
    warn_at = models.DateTimeField(null=True)
    due_clock = models.CharField(max_length=16, blank=True)

    shelf = models.CharField(_("shelf"), max_length=24, blank=True)
    archive_no = models.CharField(_("archive number"), max_length=24, null=True, unique=True)
    card_last4 = models.CharField(_("last four digits"), max_length=4, blank=True)
    # The head of the case's event chain: a cut tail shows (applications.models.event).
    event_count = models.PositiveIntegerField(default=0)
    event_digest = models.BinaryField(default=bytes(32))
    is_imported = models.BooleanField(_("imported"), default=False)
    is_risk = models.BooleanField(_("risk flag"), default=False)
    freeze = models.CharField(_("stands still"), max_length=6, choices=Freeze, blank=True)  # rules.require_not_frozen
    frozen_for = models.CharField(max_length=16, blank=True)  # the number of the complaint

    referred_at = models.DateTimeField(_("referred"), null=True)
    accepted_at = models.DateTimeField(_("accepted"), null=True)
    draft_at = models.DateTimeField(_("intake started"), null=True)
    taken_in_at = models.DateTimeField(_("taken in"), null=True)
    bagged_at = models.DateTimeField(_("bagged"), null=True)
    dispatched_at = models.DateTimeField(_("dispatched"), null=True)
    received_at = models.DateTimeField(_("received"), null=True)
    check_started_at = models.DateTimeField(_("check started"), null=True)
    checked_at = models.DateTimeField(_("checked"), null=True)
    entry_started_at = models.DateTimeField(_("entry started"), null=True)
    keyed_at = models.DateTimeField(_("keyed"), null=True)
    entered_at = models.DateTimeField(_("entered"), null=True)
    filed_at = models.DateTimeField(_("filed"), null=True)
    approved_at = models.DateTimeField(_("approved"), null=True)
    issued_at = models.DateTimeField(_("issued"), null=True)
    collected_at = models.DateTimeField(_("card collected"), null=True)
    activated_at = models.DateTimeField(_("activated"), null=True)
    first_spend_at = models.DateTimeField(_("first spend"), null=True)
    problem_raised_at = models.DateTimeField(_("problem raised"), null=True)
    problem_resolved_at = models.DateTimeField(_("problem resolved"), null=True)
    returned_at = models.DateTimeField(_("returned"), null=True)
    resubmitted_at = models.DateTimeField(_("resubmitted"), null=True)
    rejected_at = models.DateTimeField(_("rejected"), null=True)
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True)
    expired_at = models.DateTimeField(_("expired"), null=True)
    reopened_at = models.DateTimeField(_("reopened"), null=True)
    created_at = models.DateTimeField(_("created"))
    progressed_at = models.DateTimeField(_("last progress"))  # the last change of state: expiry counts from here

    objects: ClassVar[models.Manager[Application]] = ApplicationQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name = _("application")
        verbose_name_plural = _("applications")
        indexes = [
            # The queues: the next case of a state by its deadline (claim_next), and the lists ordered by due.
            models.Index(fields=["state", "due_at", "id"], name="application_queue"),
            # The branch's own strip and lists.
            models.Index(fields=["branch", "state", "due_at", "id"], name="application_branch"),
            # What a person holds: visibility and the work-in-progress limit.
            models.Index(fields=["claimed_by"], condition=~Q(claimed_by=None), name="application_held"),
            models.Index(fields=["host_branch"], condition=~Q(host_branch=None), name="application_host"),
            # Overdue boards and due-today lists: only what still runs.
            models.Index(fields=["due_at", "id"], condition=~Q(due_at=None), name="application_due"),
            # Expiry reads the last progress of the states that can lapse.
            models.Index(
                fields=["state", "progressed_at"],
                condition=Q(state__in=["REFERRED", "ACCEPTED", "DRAFT", "RETURNED", "ISSUED", "COLLECTED"]),
                name="application_lapse",
            ),
            # The members of a group batch: its figures and the lists behind them.
            models.Index(fields=["group_batch", "id"], condition=~Q(group_batch=None), name="application_batch"),
            # What still runs of the time before the system: boards leave it out.
            models.Index(fields=["id"], condition=Q(is_imported=True, due_at__isnull=False), name="application_old"),
            # The same from before batches were kept: the operations report.
            models.Index(fields=["campaign"], condition=MARKED_AS_TEXT, name="application_marked"),
            # Cases with a risk flag: what their rewards are held for.
            models.Index(fields=["id"], condition=Q(is_risk=True), name="application_risk"),
            # What reached a stamp in a month (operations report, targets, weekly sheet). Cases lie in the order of
            # their making, so a few bytes per range of pages are enough; a step of a case costs nothing.
            BrinIndex(
                fields=list(STAMPS_OF_REPORTS),
                name="application_stamps",
                opclasses=["timestamptz_minmax_multi_ops"] * len(STAMPS_OF_REPORTS),
                pages_per_range=32,
                autosummarize=True,
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=State.values), name="application_state_known"),
            models.CheckConstraint(
                condition=~Q(state__in=[State.TAKEN_IN, State.BAGGED, State.IN_TRANSIT])
                | Q(taken_in_at__isnull=False, collector__isnull=False, priced_on__isnull=False)
                | Q(is_imported=True),
                name="application_taken_in_signed",
            ),
            # Decision 8: no sign-off, no card.
            models.CheckConstraint(
                condition=~Q(state__in=[State.ISSUED, State.COLLECTED, State.ACTIVATED])
                | Q(is_imported=True)
                | Q(
                    taken_in_at__isnull=False,
                    received_at__isnull=False,
                    checked_at__isnull=False,
                    entered_at__isnull=False,
                    filed_at__isnull=False,
                    issued_at__isnull=False,
                ),
                name="application_no_signoff_no_card",
            ),
            models.CheckConstraint(
                condition=~Q(state=State.ACTIVATED) | Q(activated_at__isnull=False, activated_at__gte=F("issued_at")),
                name="application_activated_after_issue",
            ),
            models.CheckConstraint(
                condition=Q(claimed_by=None, claimed_until=None)
                | Q(claimed_by__isnull=False, claimed_until__isnull=False),
                name="application_lease_whole",
            ),
            models.CheckConstraint(
                condition=~Q(state=State.PROBLEM) | ~Q(resume_state=""), name="application_problem_remembers"
            ),
            models.CheckConstraint(
                condition=Q(freeze="", frozen_for="") | ~Q(freeze="") & ~Q(frozen_for=""),
                name="application_frozen_with_its_complaint",
            ),
        ]

    def __str__(self) -> str:
        return self.number

    # -- reading ------------------------------------------------------------------------------------------------------
    @property
    def macro_stage(self) -> Stage:
        return STAGE_OF[self.resume_state if self.state == State.PROBLEM else self.state]

    @property
    def is_open(self) -> bool:
        return self.state not in FINISHED

    @property
    def is_self_service(self) -> bool:
        return self.entry_mode == EntryMode.SELF

    def is_claimed(self, at: datetime) -> bool:
        return self.claimed_by_id is not None and self.claimed_until is not None and self.claimed_until > at

    def is_claimed_by(self, employee_id: int, at: datetime) -> bool:
        return self.is_claimed(at) and self.claimed_by_id == employee_id

    @property
    def custody_branch_id(self) -> int | None:
        """The branch that holds the paper: the host branch once it has confirmed, else the collector's."""
        return self.host_branch_id if self.host_confirmed_at else self.branch_id

    # -- the steps ----------------------------------------------------------------------------------------------------
    @_step(Step.ACCEPT)
    def accept(self, *, at: datetime, collector: Any) -> None:
        self.accepted_at = at
        self.collector = collector
        self.branch = collector.branch

    @_step(Step.RELEASE)
    def release(self) -> None:
        self.collector = None
        self.branch = None
        self.releases += 1

    @_step(Step.START_INTAKE)
    def start_intake(
        self, *, at: datetime, customer_group: str, consent_at: datetime, group_batch: GroupBatch | None = None
    ) -> None:
        self.draft_at = at
        self.customer_group = customer_group
        self.group_batch = group_batch
        self.consent_at = consent_at

    @_step(Step.COMPLETE_INTAKE)
    def complete_intake(self, *, at: datetime, priced_on: Any, form_no: str = "") -> None:
        self.taken_in_at = at
        self.priced_on = self.priced_on or priced_on
        self.form_no = form_no

    @_step(Step.HAND_TO_BRANCH)
    def hand_to_branch(self, *, host: Branch) -> None:
        self.host_branch = host
        self.host_confirmed_at = None

    @_step(Step.CONFIRM_HAND_TO_BRANCH)
    def confirm_hand_to_branch(self, *, at: datetime) -> None:
        self.host_confirmed_at = at

    @_step(Step.SEAL)
    def seal(self, *, at: datetime) -> None:
        self.bagged_at = at

    @_step(Step.UNSEAL)
    def unseal(self) -> None:
        self.bagged_at = None

    @_step(Step.HAND_OVER)
    def hand_over(self, *, at: datetime) -> None:
        self.dispatched_at = at

    @_step(Step.RECEIVE)
    def receive(self, *, at: datetime) -> None:
        self.received_at = at

    @_step(Step.REPORT_MISSING)
    def report_missing(self) -> None:
        """The file stays on its way; the bag's incident says what is done about it."""

    @_step(Step.E_INTAKE)
    def e_intake(self, *, at: datetime) -> None:
        self.received_at = at

    @_step(Step.SELF_ROUTE)
    def self_route(self, *, at: datetime) -> None:
        self.received_at = at
        self.entry_mode = EntryMode.SELF

    @_step(Step.HAND_TO_CENTER)
    def hand_to_center(self) -> None:
        self.entry_mode = EntryMode.CENTER

    @_step(Step.PASS_CHECK)
    def pass_check(self, *, at: datetime) -> None:
        self.checked_at = at

    @_step(Step.SUBMIT_ENTRY, to=lambda case, **_: (
        State.ENTERED if case.review_mode == Product.ReviewMode.NONE else State.KEYED
    ))  # fmt: skip
    def submit_entry(self, *, at: datetime) -> None:
        self.keyed_at = at
        if self.review_mode == Product.ReviewMode.NONE:
            self.entered_at = at

    @_step(Step.VERIFY, to=lambda case, *, agrees, **_: (
        State.ENTERED if agrees else State.KEYED if case.review_mode == Product.ReviewMode.DOUBLE else State.CHECKED
    ))  # fmt: skip
    def verify(self, *, at: datetime, agrees: bool) -> None:
        if agrees:
            self.entered_at = at
        elif self.review_mode == Product.ReviewMode.DOUBLE:
            self.awaits_arbitration = True

    @_step(Step.ARBITRATE)
    def arbitrate(self, *, at: datetime) -> None:
        self.entered_at = at
        self.awaits_arbitration = False

    @_step(Step.FILE)
    def file(self, *, at: datetime, shelf: str, archive_no: str) -> None:
        self.filed_at = at
        self.shelf = shelf
        self.archive_no = archive_no

    @_step(Step.MARK_ISSUED)
    def mark_issued(self, *, at: datetime, approved_at: datetime, card_last4: str) -> None:
        self.issued_at = at
        self.approved_at = approved_at
        self.card_last4 = card_last4

    @_step(Step.COACH)
    def coach(self, *, at: datetime) -> None:
        self.collected_at = at

    @_step(Step.ACTIVATE)
    def activate(self, *, at: datetime) -> None:
        self.activated_at = at

    @_step(Step.LATE_COACH)
    def late_coach(self, *, at: datetime) -> None:
        self.collected_at = at

    @_step(Step.RAISE_PROBLEM)
    def raise_problem(self, *, at: datetime) -> None:
        self.problem_raised_at = at
        self.problem_resolved_at = None
        self.resume_state = self.state

    @_step(Step.REPLY)
    def reply(self) -> None:
        """The answer stands on the problem item; the tracker resolves."""

    @_step(Step.RESOLVE, to=lambda case, **_: case.resume_state)
    def resolve(self, *, at: datetime) -> None:
        self.problem_resolved_at = at

    @_step(Step.RETURN)
    def send_back(self, *, at: datetime) -> None:
        self.returned_at = at
        self.resubmitted_at = None
        self.round += 1
        self.awaits_arbitration = False
        self.resume_state = ""
        self.entry_mode = EntryMode.CENTER  # whoever handled it alone may choose so again

    @_step(Step.RESUBMIT)
    def resubmit(self, *, at: datetime) -> None:
        """The first 收件时间 stays; what follows is done again in this round, and the paper is with its collector."""
        self.resubmitted_at = at
        self.host_branch, self.host_confirmed_at = None, None
        self.path_locked = False
        self.filed_at = None
        for stamp in ("bagged_at", "dispatched_at", "received_at", "check_started_at", "checked_at"):
            setattr(self, stamp, None)
        for stamp in ("entry_started_at", "keyed_at", "entered_at", "problem_raised_at", "problem_resolved_at"):
            setattr(self, stamp, None)

    @_step(Step.REJECT)
    def reject(self, *, at: datetime) -> None:
        self.rejected_at = at
        self.resume_state = self.state

    @_step(Step.WITHDRAW)
    def withdraw(self, *, at: datetime) -> None:
        self.withdrawn_at = at
        self.resume_state = self.state if self.state != State.PROBLEM else self.resume_state

    @_step(Step.REFUSE_CARD)
    def refuse_card(self, *, at: datetime) -> None:
        self.withdrawn_at = at
        self.resume_state = self.state

    @_step(Step.EXPIRE)
    def expire(self, *, at: datetime) -> None:
        self.expired_at = at
        self.resume_state = self.state

    @_step(Step.REOPEN, to=lambda case, **_: case.resume_state)
    def reopen(self, *, at: datetime) -> None:
        self.reopened_at = at
        self.rejected_at = self.withdrawn_at = self.expired_at = None

    @_step(Step.REASSIGN)
    def reassign(self) -> None:
        """A new lease or a new collector; the state does not move."""

    @_step(Step.CORRECT_STAMP)
    def correct_stamp(self, *, stamp: str, value: datetime) -> None:
        setattr(self, stamp, value)


class Applicant(models.Model):
    """The client of one case. Everything that names a person is sealed; the masks are what pages show."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    application = models.OneToOneField(Application, models.PROTECT, related_name="applicant")
    name = SealedField(mask_from="name_mask")
    mobile = SealedField(mask_from="mobile_mask")
    id_number = SealedField(mask_from="id_mask")
    name_mask = models.CharField(_("client"), max_length=20, blank=True)
    mobile_mask = models.CharField(_("mobile"), max_length=16, blank=True)
    id_mask = models.CharField(_("ID number"), max_length=20, blank=True)
    # Keyed hashes for exact look-up (duplicates, search); without the index key they say nothing.
    name_index = models.BinaryField(null=True, editable=False)
    mobile_index = models.BinaryField(null=True, editable=False)
    id_index = models.BinaryField(null=True, editable=False)

    class Meta:
        verbose_name = _("applicant")
        verbose_name_plural = _("applicants")
        indexes = [
            models.Index(fields=["id_index"], name="applicant_id"),  # duplicates, search
            models.Index(fields=["mobile_index"], name="applicant_mobile"),  # duplicates, search, warnings
            models.Index(fields=["name_index"], name="applicant_name"),  # search
        ]

    def __str__(self) -> str:
        return self.name_mask

    def fill(self, *, name: str, mobile: str, id_number: str = "") -> None:
        """Sets values, masks and look-up hashes together; what is empty is left as it is."""
        if name:
            self.name, self.name_mask, self.name_index = name, mask_name(name), vault().index("name", name)
        if mobile:
            self.mobile, self.mobile_mask = mobile, mask_mobile(mobile)
            self.mobile_index = vault().index("mobile", mobile)
        if id_number:
            self.id_number, self.id_mask = id_number, mask_id(id_number)
            self.id_index = vault().index("id_number", id_number)


class Performer(models.Model):
    """Who completed a stage. Of several rounds the last completed one counts (rule G3)."""

    application = models.ForeignKey(Application, models.PROTECT, related_name="performers", db_index=False)
    role = models.CharField(_("performed"), max_length=16, choices=Performance)
    employee = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="performances", verbose_name=_("person")
    )
    round = models.PositiveSmallIntegerField()
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("performer")
        verbose_name_plural = _("performers")
        constraints = [models.UniqueConstraint(fields=["application", "role"], name="performer_once_per_role")]

    def __str__(self) -> str:
        return f"{self.role} {self.employee_id}"
