"""Breaches with their explanations under ``/api/v1/``, and urging."""

from __future__ import annotations

from typing import Any

from django.db.models import Prefetch
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from rest_framework import serializers

from applications.api.answers import code_of, number_of
from applications.api.cases import case_in_sight
from applications.lifecycle import Clock, Holder, Outcome
from ops_center.web.api import Api, Call, Paged, UploadApi, listed, operation, paged
from ops_center.web.keyset import Keyset
from ops_center.web.shapes import Flag, FreeText, Shape
from organization.api_shapes import BranchField
from supervision import errors
from supervision.models import Breach, Ground, Justification, JustificationPaper, Standing, Urge
from supervision.selectors.custody import NamedCharge, with_charges
from supervision.services.evidence import add_evidence, read_evidence
from supervision.services.justifications import decide_justification, give_opinion, justify, standing
from supervision.services.urging import urge

NEWEST = Keyset("-id")
PAPERS = Prefetch("justification__papers", JustificationPaper.objects.defer("body"))
Json = dict[str, Any]


# -- breaches ----------------------------------------------------------------------------------------------------------
class EvidenceAnswer(serializers.Serializer[JustificationPaper]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    media_type = serializers.CharField()
    digest = serializers.CharField(help_text="SHA-256 of what is shown.")
    added_at = serializers.DateTimeField()


class JustificationAnswer(serializers.Serializer[Justification]):
    code = serializers.ChoiceField(Ground.choices)
    text = serializers.CharField()
    filed_by = number_of("filed_by")
    filed_at = serializers.DateTimeField()
    decide_by = serializers.DateTimeField()
    opinion_by = number_of("opinion_by")
    opinion_supports = serializers.BooleanField(allow_null=True)
    opinion = serializers.CharField()
    decided_by = number_of("decided_by")
    decided_at = serializers.DateTimeField(allow_null=True)
    accepted = serializers.BooleanField(source="is_accepted", allow_null=True)
    note = serializers.CharField(source="decision")
    evidence = EvidenceAnswer(source="papers.all", many=True)


class ChargeAnswer(serializers.Serializer[NamedCharge]):
    """So many overdue working minutes, and in whose hands the case was; those of a breach add up to all of them."""

    holder = serializers.ChoiceField(
        Holder.choices, allow_blank=True, help_text="Empty: before custody was written down."
    )
    person = number_of("person")
    branch = code_of("branch")
    minutes = serializers.IntegerField()


class BreachAnswer(serializers.Serializer[Breach]):
    """A clock past its due time. `outcome` is the clock's: empty while it runs."""

    id = serializers.IntegerField()
    application = number_of("application")
    clock = serializers.ChoiceField(Clock.choices, source="kind")
    round = serializers.IntegerField(source="clock.round")
    run = serializers.IntegerField(source="clock.run")
    branch = code_of("branch")
    owner = number_of("owner", help_text="Who answered for it when it fell due; null: a branch, or the queue.")
    owner_branch = code_of("owner_branch")
    due_at = serializers.DateTimeField()
    found_at = serializers.DateTimeField()
    stopped_at = serializers.DateTimeField(source="clock.stopped_at", allow_null=True)
    outcome = serializers.ChoiceField(Outcome.choices, source="clock.outcome", allow_blank=True)
    justify_by = serializers.DateTimeField(source="file_by")
    state = serializers.SerializerMethodField()
    justification = JustificationAnswer(source="explanation", allow_null=True)
    settled_at = serializers.DateTimeField(allow_null=True)
    custody = ChargeAnswer(source="charges", many=True, help_text="Who held the case in its overdue minutes.")

    def get_state(self, breach: Breach) -> Standing:
        return standing(breach, self.context["call"].at)


class BreachQuery(Paged):
    application = serializers.CharField(max_length=24, required=False)
    clock = serializers.ChoiceField(Clock.choices, required=False)
    branch = BranchField(required=False)
    mine = serializers.BooleanField(required=False, help_text="Those that I answer for.")
    settled = serializers.BooleanField(required=False)


class GroundField(serializers.ChoiceField):
    """A ground by its code; the bank's own word for it is understood too."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(Ground.choices, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        return str(super().to_internal_value(BANK_WORDS.get(data, data) if isinstance(data, str) else data))


BANK_WORDS = {
    "系统故障": Ground.SYSTEM_FAILURE.value,
    "资料原因已通知": Ground.MATERIAL_NOTIFIED.value,
    "不可抗力": Ground.FORCE_MAJEURE.value,
    "客户要求": Ground.CUSTOMER_REQUEST.value,
    "上级指令": Ground.SUPERIOR_ORDER.value,
    "工作量超限": Ground.WORKLOAD.value,
    "其他": Ground.OTHER.value,
}


class JustifyBody(Shape):
    code = GroundField()
    text = FreeText(max_length=500)


class OpinionBody(Shape):
    supports = Flag()
    text = FreeText(max_length=300, required=False, default="", allow_blank=True)


class DecideBody(Shape):
    accepted = Flag()
    note = FreeText(max_length=300, required=False, default="", allow_blank=True)


def _seen(call: Call, breach: int) -> Breach:
    breaches = Breach.objects.visible_to(call.actor, call.at).with_facts().prefetch_related(PAPERS)
    found = breaches.filter(pk=breach).first()
    if found is None:
        raise errors.no_breach()
    with_charges([found], at=call.at)
    return found


class Breaches(Api):
    @operation(asked=BreachQuery, answer=paged(BreachAnswer), summary="Breaches in sight")
    def get(self, call: Call) -> Json:
        """The own ones; a branch head those of the branch; tracker, supervisor and audit all. Newest first."""
        asked, breaches = call.asked, Breach.objects.visible_to(call.actor, call.at)
        if "application" in asked:
            breaches = breaches.filter(application__number=asked["application"].upper())
        if "clock" in asked:
            breaches = breaches.filter(kind=asked["clock"])
        if "branch" in asked:
            breaches = breaches.filter(branch=asked["branch"])
        if asked.get("mine"):
            breaches = breaches.filter(owner=call.actor)
        if "settled" in asked:
            breaches = breaches.filter(settled_at__isnull=not asked["settled"])
        answer = listed(call, breaches.with_facts().prefetch_related(PAPERS), NEWEST)
        with_charges(answer["results"], at=call.at)
        return answer


class OneBreach(Api):
    @operation(answer=BreachAnswer, summary="One breach")
    def get(self, call: Call, breach: int) -> Breach:
        return _seen(call, breach)


class Justify(Api):
    @operation(facts=JustifyBody, sight=_seen, answer=BreachAnswer, summary="Explain a breach")
    def post(self, call: Call, breach: int) -> Breach:
        """By who answers for it, once, within two working days of the due time."""
        justify(breach_id=breach, actor=call.actor, at=call.at, **call.facts)
        return _seen(call, breach)


class NewEvidence(Shape):
    file = serializers.FileField(max_length=255, help_text="JPEG, PNG or PDF, at most 10 MB.")


class Evidence(UploadApi):
    @operation(facts=NewEvidence, sight=_seen, answer=EvidenceAnswer, status=201, summary="Prove an explanation")
    def post(self, call: Call, breach: int) -> JustificationPaper:
        """One more paper, by who filed the explanation, until it is decided; at most five. Pictures are made anew."""
        return add_evidence(breach_id=breach, upload=call.facts["file"], actor=call.actor, at=call.at)


class OneEvidence(Api):
    @operation(summary="One paper, logged", more_answers={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    def get(self, call: Call, breach: int, paper: int) -> HttpResponse:
        """The paper in clear, as an attachment, for who may see the breach."""
        found, content = read_evidence(breach_id=breach, paper=paper, actor=call.actor, at=call.at)
        return HttpResponse(
            content,
            content_type=found.media_type,
            headers={
                "Content-Disposition": f'attachment; filename="evidence-{found.pk}"',
                "Content-Security-Policy": "sandbox; default-src 'none'",
            },
        )


class Opinion(Api):
    @operation(roles="BH", facts=OpinionBody, sight=_seen, answer=BreachAnswer, summary="The branch head's opinion")
    def post(self, call: Call, breach: int) -> Breach:
        give_opinion(breach_id=breach, actor=call.actor, at=call.at, **call.facts)
        return _seen(call, breach)


class Decide(Api):
    @operation(roles="TR SUP", facts=DecideBody, sight=_seen, answer=BreachAnswer, summary="Decide on an explanation")
    def post(self, call: Call, breach: int) -> Breach:
        """By a tracker or a supervisor who neither answers for the breach nor filed the explanation."""
        decide_justification(breach_id=breach, actor=call.actor, at=call.at, **call.facts)
        return _seen(call, breach)


# -- urging ------------------------------------------------------------------------------------------------------------
class UrgeBody(Shape):
    text = FreeText(max_length=200)


class UrgeAnswer(serializers.Serializer[Urge]):
    application = number_of("application")
    by = number_of("by")
    text = serializers.CharField()
    told = serializers.IntegerField(help_text="How many people were told.")
    at = serializers.DateTimeField()


class Urging(Api):
    @operation(
        roles="CM CS BH TR SUP",
        facts=UrgeBody,
        sight=case_in_sight,
        answer=UrgeAnswer,
        status=201,
        summary="Urge a case",
    )
    def post(self, call: Call, number: str) -> Urge:
        """Tells whoever answers for the case's next deadline; without a person, the supervisors."""
        return urge(number=number, actor=call.actor, at=call.at, text=call.facts["text"])
