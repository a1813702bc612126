"""What the API shows of cases, bags and files of the card system: clients masked, people and branches by number."""

from __future__ import annotations

from typing import Any

from django.db.models import Prefetch
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from applications.lifecycle import STAMPS, STEP_LABELS, Clock, Outcome, PauseReason, Performance, Stage, State, Step
from applications.models import (
    Application,
    Approval,
    Bag,
    BagIncident,
    CardStatusImport,
    CaseClock,
    ClockInterval,
    ContactLog,
    Document,
    Event,
    ProblemItem,
    ReturnNote,
)  # fmt: skip
from applications.models.problem import Party
from applications.querysets import ApplicationQuerySet
from applications.rules import open_steps
from applications.services.card_status import tally
from applications.services.explanations import explain
from applications.sight import reads_note, reads_words, sees_client

Number = serializers.CharField
Json = dict[str, Any]


def number_of(source: str, **kwargs: Any) -> serializers.CharField:
    """An employee number, or null for nobody."""
    return serializers.CharField(source=f"{source}.number", default=None, allow_null=True, read_only=True, **kwargs)


def code_of(source: str) -> serializers.CharField:
    return serializers.CharField(source=f"{source}.code", default=None, allow_null=True, read_only=True)


# -- a case -----------------------------------------------------------------------------------------------------------
def whole_cases() -> ApplicationQuerySet:
    """Cases with everything that their answer shows: a fixed number of queries."""
    return (
        Application.objects.with_people()
        .select_related("group_batch")
        .prefetch_related(
            "performers__employee",
            Prefetch(
                "clocks",
                CaseClock.objects.select_related("owner", "owner_branch", "policy").prefetch_related("intervals"),
            ),
            Prefetch("events", Event.objects.select_related("actor")),
            Prefetch("problems", ProblemItem.objects.filter(closed_at=None), to_attr="open_problems"),
            Prefetch("returns", ReturnNote.objects.filter(answered_at=None), to_attr="open_returns"),
            Prefetch("approvals", Approval.objects.filter(decided_at=None), to_attr="open_approvals"),
        )
    )


class Customer(serializers.Serializer[Any]):
    """Masked. A value in clear is asked for one by one, with a purpose: `reveal/`."""

    name = serializers.CharField(source="name_mask")
    mobile = serializers.CharField(source="mobile_mask")
    id_number = serializers.CharField(source="id_mask")


Stamps = type(
    "Stamps",
    (serializers.Serializer,),
    {name: serializers.DateTimeField(allow_null=True) for name in STAMPS} | {"__doc__": "When each stage was done."},
)


class CaseRow(serializers.Serializer[Application]):
    """A case as a line of a list."""

    number = Number()
    state = serializers.ChoiceField(State.choices)
    macro_stage = serializers.ChoiceField(Stage.choices)
    round = serializers.IntegerField()
    path = serializers.CharField(help_text="A, B, C, or empty before there is a collector.")
    path_locked = serializers.BooleanField(help_text="Provisional until ENTERED.")
    product = serializers.CharField(source="product.code")
    customer_group = serializers.CharField()
    customer = serializers.SerializerMethodField(help_text="Masked; null for who handles bags only.")
    branch = code_of("branch")
    host_branch = code_of("host_branch")
    referrer = number_of("referrer")
    collector = number_of("collector")
    claimed_by = serializers.SerializerMethodField(help_text="Whose lease runs now.")
    due_at = serializers.DateTimeField(help_text="The earliest deadline that runs.")
    due_clock = serializers.CharField()
    stamps = serializers.SerializerMethodField()
    version = serializers.IntegerField()

    @extend_schema_field(Customer(allow_null=True))
    def get_customer(self, case: Application) -> Json | None:
        call = self.context["call"]
        if not sees_client(case, employee=call.actor, at=call.at):
            return None
        return dict(Customer(case.applicant).data)

    def get_claimed_by(self, case: Application) -> str | None:
        holder = case.claimed_by if case.is_claimed(self.context["call"].at) else None
        return holder.number if holder else None

    @extend_schema_field(Stamps)
    def get_stamps(self, case: Application) -> Json:
        return dict(Stamps(case).data)


class IntervalAnswer(serializers.Serializer[ClockInterval]):
    """A stretch in which a clock only ran, or was only paused; those of a run follow each other without a gap."""

    vars()["from"] = serializers.DateTimeField(source="since")
    to = serializers.DateTimeField(source="until", allow_null=True)
    pause = serializers.ChoiceField(PauseReason.choices, allow_blank=True, help_text="Empty: it ran.")
    minutes = serializers.IntegerField(allow_null=True, help_text="By the measure of the clock; null while it lasts.")


class ClockAnswer(serializers.Serializer[CaseClock]):
    kind = serializers.ChoiceField(Clock.choices)
    round = serializers.IntegerField()
    run = serializers.IntegerField()
    started_at = serializers.DateTimeField()
    due_at = serializers.DateTimeField()
    warn_at = serializers.DateTimeField()
    stopped_at = serializers.DateTimeField(allow_null=True)
    paused = serializers.SerializerMethodField()
    outcome = serializers.ChoiceField(Outcome.choices, allow_blank=True)
    owner = number_of("owner")
    owner_role = serializers.CharField()
    owner_branch = code_of("owner_branch")
    explanation = serializers.SerializerMethodField(
        help_text="How the date came about: limit, hours, each day counted or skipped and why, each pause."
    )
    intervals = IntervalAnswer(many=True, source="intervals.all")

    def get_paused(self, clock: CaseClock) -> bool:
        return clock.paused_at is not None

    def get_explanation(self, clock: CaseClock) -> Json:
        return explain(clock)


class EventAnswer(serializers.Serializer[Event]):
    seq = serializers.IntegerField()
    step = serializers.ChoiceField([(step.value, STEP_LABELS[step]) for step in Step])
    vars()["from"] = serializers.CharField(source="from_state")  # a name of the contract, and a word of Python's
    to = serializers.CharField(source="to_state")
    actor = number_of("actor")
    at = serializers.DateTimeField()
    round = serializers.IntegerField()
    note = serializers.SerializerMethodField()

    def get_note(self, event: Event) -> str:
        call = self.context["call"]
        return event.note if reads_note(event, employee=call.actor, at=call.at) else ""


class OpenProblem(serializers.Serializer[ProblemItem]):
    code = serializers.CharField()
    party = serializers.ChoiceField(Party.choices)
    state = serializers.ChoiceField(ProblemItem.State.choices)
    note = serializers.CharField()
    answer = serializers.CharField()
    raised_at = serializers.DateTimeField()
    wait_until = serializers.DateField(allow_null=True, help_text="The day until which the client asked to wait.")


class OpenReturn(serializers.Serializer[ReturnNote]):
    """What `resubmit` has to answer, code by code."""

    round = serializers.IntegerField()
    codes = serializers.ListField(child=serializers.CharField())
    note = serializers.CharField()
    returned_at = serializers.DateTimeField()


class ApprovalAnswer(serializers.Serializer[Approval]):
    id = serializers.IntegerField()
    kind = serializers.ChoiceField(Approval.Kind.choices)
    application = serializers.CharField(source="application.number")
    facts = serializers.DictField()
    reason = serializers.CharField()
    asked_by = number_of("asked_by")
    asked_at = serializers.DateTimeField()
    decided_by = number_of("decided_by")
    decided_at = serializers.DateTimeField(allow_null=True)
    is_approved = serializers.BooleanField(allow_null=True)


class CaseAnswer(CaseRow):
    """A case with its people, clocks, history, and what this person may do with it now."""

    entry_mode = serializers.CharField()
    review_mode = serializers.CharField()
    campaign = serializers.CharField()
    group_batch = code_of("group_batch")
    shelf = serializers.CharField()
    archive_no = serializers.CharField(allow_null=True)
    card_last4 = serializers.CharField()
    priced_on = serializers.DateField(allow_null=True)
    is_imported = serializers.BooleanField()
    performers = serializers.SerializerMethodField(help_text="Who completed each act, by role.")
    clocks = ClockAnswer(many=True)
    events = EventAnswer(many=True)
    open_problem = serializers.SerializerMethodField()
    open_return = serializers.SerializerMethodField()
    open_approvals = serializers.SerializerMethodField()
    allowed_steps = serializers.SerializerMethodField()

    @extend_schema_field(
        {
            "type": "object",
            "propertyNames": {"enum": list(Performance.values)},
            "additionalProperties": {"type": "string"},
        }
    )
    def get_performers(self, case: Application) -> dict[str, str]:
        return {row.role: row.employee.number for row in case.performers.all() if row.employee}

    @extend_schema_field(OpenProblem(allow_null=True))
    def get_open_problem(self, case: Application) -> Json | None:
        for row in case.open_problems:  # type: ignore[attr-defined]
            written = {"note": row.raised_by_id, "answer": row.replied_by_id}
            return OpenProblem(row).data | self._hidden(written)
        return None

    @extend_schema_field(OpenReturn(allow_null=True))
    def get_open_return(self, case: Application) -> Json | None:
        for row in case.open_returns:  # type: ignore[attr-defined]
            return OpenReturn(row).data | self._hidden({"note": row.returned_by_id})
        return None

    @extend_schema_field(ApprovalAnswer(many=True))
    def get_open_approvals(self, case: Application) -> list[Json]:
        return [
            ApprovalAnswer(row).data | self._hidden({"reason": row.asked_by_id})
            for row in case.open_approvals  # type: ignore[attr-defined]
        ]

    def _hidden(self, written: dict[str, int | None]) -> dict[str, str]:
        """The words that this person does not read, by field, emptied; ``written`` says who wrote each."""
        call = self.context["call"]
        return {
            field: "" for field, writer in written.items() if not reads_words(writer, employee=call.actor, at=call.at)
        }

    def get_allowed_steps(self, case: Application) -> list[str]:
        call = self.context["call"]
        return [step.value for step in open_steps(case, actor=call.actor, at=call.at)]


class NextAnswer(CaseAnswer):
    reason = serializers.CharField(help_text="Why this one.")


# -- sheets -----------------------------------------------------------------------------------------------------------
class Labelled(serializers.Serializer[Any]):
    code = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # the contract's name; the framework keeps its own apart


class ChecklistLine(Labelled):
    required = serializers.BooleanField()  # type: ignore[assignment]
    one_of = serializers.CharField(allow_null=True, help_text="The set of which one is enough.")


class CheckSheet(serializers.Serializer[Any]):
    items = Labelled(many=True)
    warnings = Labelled(many=True, help_text="Complete; each is answered with a note.")


class Coaching(serializers.Serializer[Any]):
    items = Labelled(many=True)


class EntryField(serializers.Serializer[Any]):
    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # the contract's name; the framework keeps its own apart
    type = serializers.ChoiceField(["text", "id_number", "mobile", "phone", "date", "choice", "money", "bool"])
    required = serializers.BooleanField()  # type: ignore[assignment]
    critical = serializers.BooleanField()
    choices = Labelled(many=True)
    value = serializers.JSONField(allow_null=True, help_text="This keyer's own draft, else null.")
    example = serializers.JSONField(allow_null=True, help_text="Demo mode only: passes every check.")


class EntryForm(serializers.Serializer[Any]):
    mode = serializers.ChoiceField(["ENTRY", "REVIEW", "DOUBLE"])
    fields = EntryField(many=True)  # type: ignore[assignment]


class Revealed(serializers.Serializer[Any]):
    field = serializers.CharField()
    value = serializers.CharField()


class ContactAnswer(serializers.Serializer[ContactLog]):
    id = serializers.IntegerField()
    channel = serializers.ChoiceField(ContactLog.Channel.choices)
    result = serializers.ChoiceField(ContactLog.Result.choices)
    promised_at = serializers.DateTimeField(allow_null=True)
    at = serializers.DateTimeField()


class DocumentAnswer(serializers.Serializer[Document]):
    id = serializers.UUIDField()
    kind = serializers.CharField()
    side = serializers.CharField()
    media_type = serializers.CharField()
    size = serializers.IntegerField(help_text="Bytes, as stored.")
    uploaded_by = number_of("uploaded_by")
    uploaded_at = serializers.DateTimeField()


# -- bags -------------------------------------------------------------------------------------------------------------
class IncidentAnswer(serializers.Serializer[BagIncident]):
    id = serializers.IntegerField()
    code = serializers.CharField()
    application = serializers.CharField(source="application.number", default=None, allow_null=True)
    note = serializers.CharField()
    due_at = serializers.DateTimeField()
    closed_at = serializers.DateTimeField(allow_null=True)
    finding = serializers.CharField()


class BagAnswer(serializers.Serializer[Bag]):
    id = serializers.IntegerField()
    number = Number()
    state = serializers.ChoiceField(Bag.State.choices)
    branch = code_of("branch")
    files = serializers.SerializerMethodField(help_text="Numbers of the cases on its manifest.")
    seal_no = serializers.CharField()
    sealed_by = number_of("sealed_by")
    witness = number_of("witness")
    sealed_at = serializers.DateTimeField(allow_null=True)
    truck_no = serializers.CharField()
    escort = serializers.CharField()
    handed_over_at = serializers.DateTimeField(allow_null=True)
    received_by = number_of("received_by")
    received_at = serializers.DateTimeField(allow_null=True)
    incidents = IncidentAnswer(many=True)
    version = serializers.IntegerField()

    def get_files(self, bag: Bag) -> list[str]:
        return [item.application.number for item in bag.items.all()]


# -- the card system --------------------------------------------------------------------------------------------------
class ImportTaken(serializers.Serializer[CardStatusImport]):
    id = serializers.IntegerField()


class UnmatchedLine(serializers.Serializer[Any]):
    line = serializers.IntegerField()
    finding = serializers.CharField()


class ImportAnswer(ImportTaken):
    file_name = serializers.CharField()
    state = serializers.ChoiceField(CardStatusImport.State.choices)
    uploaded_by = number_of("uploaded_by")
    uploaded_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)
    error = serializers.CharField()


class ImportTally(ImportAnswer):
    """What became of the lines; nothing is guessed."""

    matched = serializers.IntegerField()
    done_before = serializers.IntegerField()
    unmatched = UnmatchedLine(many=True)

    def to_representation(self, instance: CardStatusImport) -> Json:
        counts = tally(instance)
        instance.matched, instance.done_before = counts.matched, counts.done_before  # type: ignore[attr-defined]
        instance.unmatched = [{"line": line, "finding": finding} for line, finding in counts.unmatched]  # type: ignore[attr-defined]
        return super().to_representation(instance)


# -- questions --------------------------------------------------------------------------------------------------------
class DeadlineDay(serializers.Serializer[Any]):
    on = serializers.DateField()
    counted = serializers.BooleanField()
    why = serializers.CharField()
    name = serializers.CharField()


class DeadlineAnswer(serializers.Serializer[Any]):
    clock = serializers.CharField()
    started_at = serializers.DateTimeField()
    due_at = serializers.DateTimeField()
    warn_at = serializers.DateTimeField()
    mode = serializers.CharField()
    provisional = serializers.BooleanField(help_text="A counted day lies in a year without official data.")
    days = DeadlineDay(many=True)
