"""Complaints under ``/api/v1/complaints/``: the list, one with its story, the acts of its charter, the three rates."""

from __future__ import annotations

from functools import partial
from typing import Any

from rest_framework import serializers

from applications.api.answers import number_of
from ops_center.web.api import Api, Call, Paged, listed, operation, paged
from ops_center.web.keyset import Keyset
from ops_center.web.shapes import Code, Flag, FreeText, Many, Shape, Versioned
from organization.api_shapes import EmployeeField
from supervision import errors
from supervision.lifecycle import NONE_MISSED
from supervision.models import Complaint, ComplaintAct, ComplaintEvent
from supervision.periods import read_span
from supervision.selectors.complaints import three_rates
from supervision.services import complaints
from supervision.services.complaint_people import why_not_act

READERS, OFFICE = "CPL SUP AUD", "CPL SUP"
ORDERS = {"newest": Keyset("-id"), "reply_by": Keyset("reply_by", "id"), "close_by": Keyset("close_by", "id")}
MOST = 1000
Json = dict[str, Any]


# -- answers -----------------------------------------------------------------------------------------------------------
class ComplaintEventAnswer(serializers.Serializer[ComplaintEvent]):
    act = serializers.ChoiceField(ComplaintAct.choices)
    by = number_of("by", help_text="Null: the system.")
    at = serializers.DateTimeField()
    text = serializers.CharField()


class ComplaintRow(serializers.Serializer[Complaint]):
    number = serializers.CharField()
    state = serializers.ChoiceField(Complaint.State.choices)
    about = serializers.ChoiceField(Complaint.About.choices)
    channel = serializers.ChoiceField(Complaint.Channel.choices)
    application = number_of("application")
    against = number_of("against")
    handler = number_of("handler")
    opened_by = number_of("opened_by")
    opened_at = serializers.DateTimeField()
    reply_by = serializers.DateTimeField()
    close_by = serializers.DateTimeField()
    complex = serializers.BooleanField(source="is_complex")
    extended_by = number_of("extended_by")
    replied_at = serializers.DateTimeField(allow_null=True)
    escalated_at = serializers.DateTimeField(allow_null=True)
    solved_at = serializers.DateTimeField(allow_null=True)
    followed_up_at = serializers.DateTimeField(allow_null=True)
    closed_at = serializers.DateTimeField(allow_null=True)
    upheld = serializers.BooleanField(source="is_upheld", allow_null=True)
    recorded_at = serializers.DateTimeField(allow_null=True)
    handled_at = serializers.DateTimeField(allow_null=True)
    rechecked_at = serializers.DateTimeField(allow_null=True)
    fed_back_at = serializers.DateTimeField(allow_null=True)
    version = serializers.IntegerField()


class ComplaintAnswer(ComplaintRow):
    text = serializers.CharField()
    events = ComplaintEventAnswer(many=True)
    allowed_acts = serializers.SerializerMethodField()

    def get_allowed_acts(self, row: Complaint) -> list[str]:
        call: Call = self.context["call"]
        acts = {slug: view.act for slug, view in ACTS.items()}
        return [slug for slug, act in acts.items() if why_not_act(row, act, actor=call.actor, at=call.at) is None]


class ComplaintRateAnswer(serializers.Serializer[Any]):
    name = serializers.CharField()
    count = serializers.IntegerField()
    base = serializers.IntegerField(help_text="Cards issued in the period; for dissatisfaction the scored calls.")
    per_100_000 = serializers.FloatField(allow_null=True, help_text="Null: nothing to divide by.")


class ComplaintRatesAnswer(serializers.Serializer[Any]):
    period = serializers.CharField()
    rates = ComplaintRateAnswer(many=True)


# -- the list and one --------------------------------------------------------------------------------------------------
class ComplaintQuery(Paged):
    state = serializers.ChoiceField(Complaint.State.choices, required=False)
    about = serializers.ChoiceField(Complaint.About.choices, required=False)
    application = Code(max_length=24, required=False)
    open = serializers.BooleanField(required=False)
    mine = serializers.BooleanField(required=False, help_text="Those that I handle.")
    overdue = serializers.BooleanField(required=False, help_text="The first reply, or the closing.")
    ordering = serializers.ChoiceField(list(ORDERS), required=False, default="newest")


class ComplaintBody(Shape):
    application = Code(max_length=24, required=False, default="")
    about = serializers.ChoiceField(Complaint.About.choices)
    channel = serializers.ChoiceField(Complaint.Channel.choices)
    text = FreeText(max_length=MOST)
    against = EmployeeField(required=False, default=None, help_text="Whom it is about, if somebody is named.")
    handler = EmployeeField(required=False, default=None, help_text="Left out: you, unless you took part in the case.")


class Complaints(Api):
    @operation(roles=READERS, asked=ComplaintQuery, answer=paged(ComplaintRow), summary="Complaints in sight")
    def get(self, call: Call) -> Json:
        """Nobody sees one about oneself."""
        asked, rows = call.asked, Complaint.objects.visible_to(call.actor, call.at)
        for name in ("state", "about"):
            if name in asked:
                rows = rows.filter(**{name: asked[name]})
        if "application" in asked:
            rows = rows.filter(application__number=asked["application"].upper())
        if "open" in asked:
            rows = rows.filter(closed_at__isnull=asked["open"])
        if asked.get("mine"):
            rows = rows.filter(handler=call.actor)
        if asked.get("overdue"):
            rows = rows.overdue(call.at)
        return listed(call, rows.with_facts(), ORDERS[asked["ordering"]])

    @operation(roles=OFFICE, facts=ComplaintBody, answer=ComplaintAnswer, status=201, summary="Open a complaint")
    def post(self, call: Call) -> Complaint:
        """The first reply is due 24 hours later by the clock, the closing 15 days later. “I did not apply” (DENIES)
        stops the case at once; a complaint about the sale holds the seller's reward within a minute."""
        said = dict(call.facts)
        case = said.pop("application").upper()
        row = complaints.open_complaint(case=case, actor=call.actor, at=call.at, **said)
        return _seen(call, row.number)


class OneComplaint(Api):
    @operation(roles=READERS, answer=ComplaintAnswer, summary="One complaint with its story")
    def get(self, call: Call, complaint: str) -> Complaint:
        return _seen(call, complaint)


def _seen(call: Call, number: str) -> Complaint:
    rows = Complaint.objects.visible_to(call.actor, call.at).with_facts().prefetch_related("events__by")
    row = rows.filter(number=number).first()
    if row is None:
        raise errors.no_complaint()
    return row


# -- the acts ----------------------------------------------------------------------------------------------------------
class TextBody(Versioned):
    text = FreeText(max_length=MOST)


class AssignBody(Versioned):
    to = EmployeeField()


class LinkBody(Versioned):
    application = Code(max_length=24)


class FollowUpBody(TextBody):
    reached = Flag()
    satisfied = Flag(required=False, default=False)


class TickBody(Versioned):
    ticks = Many(child=serializers.ChoiceField(list(NONE_MISSED)))


class CloseBody(TextBody):
    upheld = Flag()
    at_fault = EmployeeField(required=False, default=None, help_text="Of an upheld sale with two sellers: who.")
    ticks = Many(child=serializers.ChoiceField(list(NONE_MISSED)), required=False, default=list)


class _Act(Api):
    act: ComplaintAct


_act = partial(operation, roles=OFFICE, sight=_seen, answer=ComplaintAnswer, versioned=True)


class Assign(_Act):
    act = ComplaintAct.ASSIGN

    @_act(facts=AssignBody, summary="Name the handler")
    def post(self, call: Call, complaint: str) -> Complaint:
        complaints.assign(complaint=complaint, actor=call.actor, at=call.at, version=call.seen, **call.facts)
        return _seen(call, complaint)


class Link(_Act):
    act = ComplaintAct.LINK

    @_act(facts=LinkBody, summary="Name the case")
    def post(self, call: Call, complaint: str) -> Complaint:
        case = call.facts["application"].upper()
        complaints.link_case(complaint=complaint, actor=call.actor, at=call.at, version=call.seen, case=case)
        return _seen(call, complaint)


class Reply(_Act):
    act = ComplaintAct.REPLY

    @_act(facts=TextBody, summary="The first reply")
    def post(self, call: Call, complaint: str) -> Complaint:
        complaints.reply(complaint=complaint, actor=call.actor, at=call.at, version=call.seen, **call.facts)
        return _seen(call, complaint)


class Escalate(_Act):
    act = ComplaintAct.ESCALATE

    @_act(facts=TextBody, summary="Pass to the supervisor")
    def post(self, call: Call, complaint: str) -> Complaint:
        complaints.escalate(complaint=complaint, actor=call.actor, at=call.at, version=call.seen, **call.facts)
        return _seen(call, complaint)


class Solve(_Act):
    act = ComplaintAct.SOLVE

    @_act(facts=TextBody, summary="Record the solution")
    def post(self, call: Call, complaint: str) -> Complaint:
        complaints.solve(complaint=complaint, actor=call.actor, at=call.at, version=call.seen, **call.facts)
        return _seen(call, complaint)


class FollowUp(_Act):
    act = ComplaintAct.FOLLOW_UP

    @_act(facts=FollowUpBody, summary="The follow-up call")
    def post(self, call: Call, complaint: str) -> Complaint:
        complaints.follow_up(complaint=complaint, actor=call.actor, at=call.at, version=call.seen, **call.facts)
        return _seen(call, complaint)


class Close(_Act):
    act = ComplaintAct.CLOSE

    @_act(facts=CloseBody, summary="Close it")
    def post(self, call: Call, complaint: str) -> Complaint:
        """After the follow-up call, with nothing missed; the four ticks may come along."""
        said = dict(call.facts)
        upheld = said.pop("upheld")
        complaints.close(
            complaint=complaint, actor=call.actor, at=call.at, version=call.seen, is_upheld=upheld, **said
        )  # fmt: skip
        return _seen(call, complaint)


class Tick(_Act):
    act = ComplaintAct.TICK

    @_act(facts=TickBody, summary="Tick none missed")
    def post(self, call: Call, complaint: str) -> Complaint:
        complaints.tick(complaint=complaint, actor=call.actor, at=call.at, version=call.seen, **call.facts)
        return _seen(call, complaint)


class Complex(_Act):
    act = ComplaintAct.MARK_COMPLEX

    @_act(facts=TextBody, summary="30 days: complex")
    def post(self, call: Call, complaint: str) -> Complaint:
        complaints.mark_complex(complaint=complaint, actor=call.actor, at=call.at, version=call.seen, **call.facts)
        return _seen(call, complaint)


class AskExtension(_Act):
    act = ComplaintAct.ASK_EXTENSION

    @_act(facts=TextBody, summary="Ask for 30 more days")
    def post(self, call: Call, complaint: str) -> Complaint:
        complaints.ask_extension(complaint=complaint, actor=call.actor, at=call.at, version=call.seen, **call.facts)
        return _seen(call, complaint)


class Extend(_Act):
    act = ComplaintAct.EXTEND

    @_act(facts=TextBody, roles="SUP", summary="Approve 30 more days")
    def post(self, call: Call, complaint: str) -> Complaint:
        complaints.extend(complaint=complaint, actor=call.actor, at=call.at, version=call.seen, **call.facts)
        return _seen(call, complaint)


ACTS: dict[str, type[_Act]] = {
    "reply": Reply, "solve": Solve, "follow-up": FollowUp, "close": Close, "assign": Assign, "escalate": Escalate,
    "link": Link, "tick": Tick, "complex": Complex, "ask-extension": AskExtension, "extend": Extend,
}  # fmt: skip


# -- the three rates ---------------------------------------------------------------------------------------------------
class RatesQuery(Shape):
    period = serializers.CharField(max_length=7, required=False, default="", help_text="2026-11 or 2026-Q4.")


class Rates(Api):
    @operation(
        roles="CPL SUP MGT AUD", asked=RatesQuery, answer=ComplaintRatesAnswer, summary="Three rates per 100,000"
    )
    def get(self, call: Call) -> Json:
        """Complaints, omitted first contacts, bad scores; each with its raw counts."""
        span = read_span(call.asked["period"], at=call.at)
        return {"period": str(span), "rates": three_rates(span, at=call.at)}
