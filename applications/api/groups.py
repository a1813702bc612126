"""Group batches under ``/api/v1/group-batches/``: figures, members, unit lists; a file joins one by its code."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers

from applications.api import answers
from applications.api.answers import number_of
from applications.models import Application, GroupBatch, GroupVisit, UnitList
from applications.querysets import REACHED
from applications.services import groups
from ops_center.web.api import Api, Call, Paged, UploadApi, listed, operation, paged
from ops_center.web.keyset import Keyset
from ops_center.web.shapes import FreeText, Many, Mobile, PersonName, Shape, Text, Versioned, Whole
from organization.api_shapes import BranchField, EmployeeField

NEWEST, NEWEST_FILE = Keyset("-opened_at", "-id"), Keyset("-id")
READERS = "CM BH TR SUP MGT AUD"
OPENERS = "CM BH"
Json = dict[str, Any]


# -- in ----------------------------------------------------------------------------------------------------------------
class BatchQuery(Paged):
    branch = BranchField(required=False)
    open = serializers.BooleanField(required=False, default=None, allow_null=True, help_text="Open ones, or closed.")


class MemberQuery(Paged):
    cut = serializers.ChoiceField(list(REACHED), required=False, help_text="Those that one figure counts.")


class VisitBody(Shape):
    phase = serializers.ChoiceField(GroupVisit.Phase.choices)
    on = serializers.DateField()


class BatchFacts(Versioned):
    employer = Text(max_length=60)
    level = serializers.ChoiceField(GroupBatch.Level.choices)
    head_count = Whole(min_value=1, max_value=groups.MOST_HEADS)
    host = EmployeeField()
    employer_address = FreeText(max_length=120, required=False, allow_blank=True, default="")
    work_phone = Text(max_length=20, required=False, allow_blank=True, default="")
    visits = Many(child=VisitBody(), required=False, default=list, max_length=groups.MOST_VISITS)


class NewBatch(BatchFacts):
    contact_name = PersonName()
    contact_mobile = Mobile()


class ChangedBatch(BatchFacts):
    contact_name = PersonName(required=False, help_text="Left out: who it was. Name and mobile change together.")
    contact_mobile = Mobile(required=False)


class ContactBody(Shape):
    field = serializers.ChoiceField(list(groups.CONTACT))
    purpose = Text(max_length=100)


class ListBody(Shape):
    file = serializers.FileField(help_text="JPEG, PNG or PDF, at most 10 MB.")


# -- out ---------------------------------------------------------------------------------------------------------------
class ContactMask(serializers.Serializer[GroupBatch]):
    """Masked; a value in clear: `reveal/`."""

    name = serializers.CharField(source="contact_name_mask")
    mobile = serializers.CharField(source="contact_mobile_mask")


class VisitAnswer(serializers.Serializer[GroupVisit]):
    phase = serializers.ChoiceField(GroupVisit.Phase.choices)
    on = serializers.DateField()


class BatchAnswer(serializers.Serializer[GroupBatch]):
    code = serializers.CharField()
    version = serializers.IntegerField()
    branch = answers.code_of("branch")
    host = number_of("host")
    employer = serializers.CharField()
    level = serializers.ChoiceField(GroupBatch.Level.choices)
    head_count = serializers.IntegerField()
    employer_address = serializers.CharField()
    work_phone = serializers.CharField()
    key_contact = ContactMask(source="*")
    visits = VisitAnswer(many=True)
    applied = serializers.IntegerField()
    approved = serializers.IntegerField()
    activated = serializers.IntegerField()
    penetration = serializers.FloatField(help_text="Applied ÷ head-count.")
    opened_by = number_of("opened_by")
    opened_at = serializers.DateTimeField()
    closed_by = number_of("closed_by")
    closed_at = serializers.DateTimeField(allow_null=True)


class UnitListAnswer(serializers.Serializer[UnitList]):
    id = serializers.IntegerField()
    media_type = serializers.CharField()
    size = serializers.IntegerField()
    digest = serializers.CharField(help_text="SHA-256.")
    added_by = number_of("added_by")
    added_at = serializers.DateTimeField()


# -- calls -------------------------------------------------------------------------------------------------------------
def whole(batch: GroupBatch) -> GroupBatch:
    """As it is answered."""
    return GroupBatch.objects.with_people().with_figures().prefetch_related("visits").get(pk=batch.pk)


class Batches(Api):
    @operation(roles=READERS, asked=BatchQuery, answer=paged(BatchAnswer), summary="Group batches in sight")
    def get(self, call: Call) -> Json:
        """With their figures, newest first; a customer manager and a branch head read those of the own branch."""
        found = GroupBatch.objects.visible_to(call.actor, call.at).with_people().with_figures()
        if branch := call.asked.get("branch"):
            found = found.filter(branch=branch)
        if (is_open := call.asked["open"]) is not None:
            found = found.filter(closed_at__isnull=is_open)
        return listed(call, found.prefetch_related("visits"), NEWEST)

    @operation(roles=OPENERS, facts=NewBatch, answer=BatchAnswer, status=201, summary="Open a group batch")
    def post(self, call: Call) -> GroupBatch:
        """Of the own branch. Refused while the employer has an open one."""
        return whole(groups.open_batch(actor=call.actor, at=call.at, **_said(call)))


def _seen(call: Call, code: str) -> GroupBatch:
    return groups.batch_in_sight(code, actor=call.actor, at=call.at)


class OneBatch(Api):
    @operation(roles=READERS, answer=BatchAnswer, summary="One group batch")
    def get(self, call: Call, code: str) -> GroupBatch:
        """With its figures."""
        return whole(_seen(call, code))

    @extend_schema(operation_id="group_batches_change")
    @operation(
        roles=OPENERS,
        facts=ChangedBatch,
        sight=_seen,
        answer=BatchAnswer,
        versioned=True,
        summary="Change a group batch",
    )
    def post(self, call: Call, code: str) -> GroupBatch:
        """All of it as it shall be. Refused for a head-count below the people who have a file (409)."""
        changed = groups.edit_batch(batch=code, actor=call.actor, at=call.at, version=call.seen, **_said(call))
        return whole(changed)


class CloseBatch(Api):
    @operation(
        roles=OPENERS, facts=Versioned, sight=_seen, answer=BatchAnswer, versioned=True, summary="Close a group batch"
    )
    def post(self, call: Call, code: str) -> GroupBatch:
        """Refused while a member's file is open."""
        return whole(groups.close_batch(batch=code, actor=call.actor, at=call.at, version=call.seen))


class Members(Api):
    @operation(roles=READERS, asked=MemberQuery, answer=paged(answers.CaseRow), summary="Files of a group batch")
    def get(self, call: Call, code: str) -> Json:
        """Those that are this person's to see, newest first."""
        batch = _seen(call, code)
        files = Application.objects.visible_to(call.actor, call.at).filter(group_batch=batch).with_people()
        if cut := call.asked.get("cut"):
            files = files.filter(**{f"{REACHED[cut]}__isnull": False})
        return listed(call, files, NEWEST_FILE)


class UnitLists(UploadApi):
    @operation(roles=READERS, answer=UnitListAnswer, many=True, summary="Unit lists of a group batch")
    def get(self, call: Call, code: str) -> list[UnitList]:
        """What is kept; a list itself is read one by one."""
        batch = _seen(call, code)
        return list(batch.lists.select_related("added_by").defer("body"))

    @operation(
        roles=OPENERS, facts=ListBody, sight=_seen, answer=UnitListAnswer, status=201, summary="Keep a sealed unit list"
    )
    def post(self, call: Call, code: str) -> UnitList:
        """A picture is encoded anew, a PDF must be still; kept encrypted."""
        upload = call.facts["file"]
        return groups.add_list(batch=code, content=upload, size=upload.size, actor=call.actor, at=call.at)


class OneUnitList(Api):
    @operation(
        roles=READERS,
        summary="One unit list, logged",
        more_answers={(200, "application/octet-stream"): OpenApiTypes.BINARY},
    )
    def get(self, call: Call, code: str, unit_list: int) -> HttpResponse:
        """In clear, as an attachment, for the host, who opened the batch, the head of the branch and audit."""
        found, content = groups.read_list(batch=code, unit_list=unit_list, actor=call.actor, at=call.at)
        return HttpResponse(
            content,
            content_type=found.media_type,
            headers={
                "Content-Disposition": f'attachment; filename="{code}-{found.pk}"',
                "Content-Security-Policy": "sandbox; default-src 'none'",
            },
        )


class RevealContact(Api):
    @operation(
        roles=READERS,
        facts=ContactBody,
        sight=_seen,
        answer=answers.Revealed,
        stored=False,
        summary="The key contact, logged",
    )
    def post(self, call: Call, code: str) -> Json:
        """Name or mobile in clear, once, for a purpose."""
        field = call.facts["field"]
        _batch, value = groups.reveal_contact(
            batch=code, field=field, purpose=call.facts["purpose"], actor=call.actor, at=call.at
        )
        return {"field": field, "value": value}


def _said(call: Call) -> Json:
    return call.facts | {"visits": [(visit["phase"], visit["on"]) for visit in call.facts["visits"]]}
