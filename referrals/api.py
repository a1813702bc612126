"""The API of the front desk: a referral, and the client's status."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from applications.api.shapes import ProductField
from applications.lifecycle import RULES, Stage, Step
from applications.models import CustomerGroup
from applications.models.case import ReferrerType
from applications.services.intake import person_of
from ops_center.kernel.errors import DomainError, OutOfSight
from ops_center.web.api import Api, Call, operation
from ops_center.web.pace import too_often
from ops_center.web.shapes import Agreed, Code, IdNumber, Mobile, PersonName, Shape
from referrals import selectors
from referrals.models import Referral, Relation
from referrals.services import Sender, refer


class NewSender(Shape):
    name = PersonName()
    mobile = Mobile()


@extend_schema_field(
    {
        "oneOf": [
            {"type": "string", "description": "A retiree's employee number, or the code of an external referrer."},
            {"type": "object", "properties": {"name": {"type": "string"}, "mobile": {"type": "string"}},
             "required": ["name", "mobile"], "additionalProperties": False},
        ]
    }
)  # fmt: skip
class SenderField(serializers.Field[Sender, Any, Any, Any]):
    """Who sends the client: a number or a code, or name and mobile of a client who is new to the bank's list."""

    def to_internal_value(self, data: Any) -> Sender:
        if isinstance(data, str):
            return Sender(code=Code(max_length=16).run_validation(data))
        new = NewSender(data=data)
        new.is_valid(raise_exception=True)
        return Sender(**new.validated_data)


class ReferralBody(Shape):
    product = ProductField()
    customer_name = PersonName()
    mobile = Mobile()
    id_number = IdNumber(required=False)
    customer_group = serializers.ChoiceField(CustomerGroup.choices, required=False)
    consent = Agreed()
    campaign = Code(max_length=20, required=False)
    relation = serializers.ChoiceField(Relation.choices, required=False)
    referrer_type = serializers.ChoiceField(
        [ReferrerType.EMPLOYEE, ReferrerType.RETIREE, ReferrerType.CUSTOMER], required=False
    )
    external_referrer = SenderField(required=False, help_text="With the referrer types RETIREE and CUSTOMER only.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        outside = attrs.get("referrer_type", ReferrerType.EMPLOYEE) != ReferrerType.EMPLOYEE
        if outside != ("external_referrer" in attrs):
            raise serializers.ValidationError(
                {"external_referrer": _("It goes with the referrer types RETIREE and CUSTOMER, and only with them.")}
            )
        return attrs


class ReferralAnswer(serializers.Serializer[Referral]):
    code = serializers.CharField(source="application.status_code", help_text="The client's inquiry code.")
    application = serializers.CharField(source="application.number")
    external_referrer = serializers.CharField(source="external_referrer.code", default=None, allow_null=True)
    checklist_text = serializers.SerializerMethodField(help_text="To send to the client.")
    status_url = serializers.SerializerMethodField()

    def get_checklist_text(self, referral: Referral) -> str:
        number = self.context["call"].actor.number
        return selectors.checklist_text(referral.application, number=number, at=referral.made_at)

    def get_status_url(self, referral: Referral) -> str:
        return selectors.status_url(referral.application)


class Referrals(Api):
    @operation(
        roles=" ".join(RULES[Step.REFER].by), facts=ReferralBody, answer=ReferralAnswer, status=201, summary="T01 refer"
    )
    def post(self, call: Call) -> Referral:
        """A lead for the pool of the area. Refused while a case of the same person is open, with its stage."""
        facts = dict(call.facts)
        person = person_of(
            name=facts.pop("customer_name"), mobile_number=facts.pop("mobile"), id_number=facts.pop("id_number", ""),
            id_required=False,
        )  # fmt: skip
        return refer(
            actor=call.actor, at=call.at, person=person, sender=facts.pop("external_referrer", None), **facts
        )  # fmt: skip


class StatusAnswer(serializers.Serializer[selectors.Standing]):
    macro_stage = serializers.ChoiceField(Stage.choices, source="stage")
    stage = serializers.CharField(source="stage.label", help_text="The same in words.")
    on = serializers.DateField(help_text="Since when.")


class AskedTooOften(DomainError):
    status = 429


class Status(Api):
    authentication_classes = ()

    @operation(public=True, answer=StatusAnswer, summary="Where an application stands, for the client")
    def get(self, call: Call, code: str) -> selectors.Standing:
        """Macro stage and date; nothing else, and no sign-in."""
        if too_often("status", call.META.get("REMOTE_ADDR", ""), per_minute=selectors.STATUS_PACE):
            raise AskedTooOften("too_many", _("Too many requests of this kind. Wait a moment before the next one."))
        standing = selectors.standing_of(code)
        if standing is None:
            raise OutOfSight("not_found", "")
        return standing
