"""Cases: finding them, beginning one, reading one with its sheets, and what stands beside the steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes

from applications.api import answers, shapes
from applications.entry_form import CRITICAL, FIELDS, choices_of, example_of
from applications.errors import out_of_sight
from applications.lifecycle import State
from applications.models import Application, Approval, ContactLog, Document, Product
from applications.selectors import CASE_FILTERS, cases_for
from applications.services import approvals, check, claims, contacts, documents, entry, intake, personal
from applications.sheets import CHECK_SHEET, COACHING, WARNINGS
from ops_center.clock import local_day
from ops_center.kernel.errors import NotAllowed, OutOfSight
from ops_center.web.api import Api, Call, Paged, UploadApi, listed, operation, paged
from ops_center.web.keyset import Keyset
from organization.models import Branch
from organization.roles import Role

COLLECTING = "CM BH CS"
ORDERS = {"newest": Keyset("-id"), "due": Keyset("due_at", "id")}
Json = dict[str, Any]


def case_in_sight(call: Call, number: str) -> Application:
    case = Application.objects.visible_to(call.actor, call.at).with_people().filter(number=number).first()
    if case is None:
        raise out_of_sight()
    return case


def _code(branch: Branch | None) -> str:
    return branch.code if branch else ""


def labelled(rows: dict[str, Any]) -> list[Json]:
    return [{"code": code, "label": str(label)} for code, label in rows.items()]


class Cases(Api):
    @operation(asked=shapes.CaseQuery, answer=paged(answers.CaseRow), summary="Cases in sight")
    def get(self, call: Call) -> Json:
        """The cases that are this person's to see, newest first or by the earliest deadline."""
        asked = call.asked
        filters = {name: str(asked[name] or "") for name in CASE_FILTERS if name in asked}
        cases = cases_for(employee=call.actor, at=call.at, filters=filters | {"branch": _code(asked.get("branch"))})
        return listed(call, cases.with_people(), ORDERS[asked["ordering"]])

    @operation(
        roles=COLLECTING,
        facts=shapes.WalkIn,
        answer=answers.CaseAnswer,
        status=201,
        summary="Start intake, no referral",
    )
    def post(self, call: Call) -> Application:
        """A collector starts a file for a client who walked in. Refused while a case of the same person is open."""
        facts = call.facts
        case = intake.start_walk_in(
            actor=call.actor, at=call.at, product=facts["product"], person=person_in(facts),
            customer_group=facts["customer_group"], consent=facts["consent"], referrer=facts.get("referrer"),
            group_batch=facts.get("group_batch"),
        )  # fmt: skip
        return answers.whole_cases().get(pk=case.pk)


def person_in(facts: Json) -> intake.Person:
    return intake.person_of(
        name=facts["customer_name"],
        mobile_number=facts["mobile"],
        id_number=facts.get("id_number", ""),
        id_required="id_number" in facts,
    )


class Case(Api):
    @operation(answer=answers.CaseAnswer, summary="One case")
    def get(self, call: Call, number: str) -> Application:
        """The whole case: people, stamps, clocks, history, and the steps that this person may take now."""
        case = answers.whole_cases().visible_to(call.actor, call.at).filter(number=number).first()
        if case is None:
            raise out_of_sight()
        return case


class ClientSearch(Api):
    @operation(
        facts=shapes.ClientQuestion, asked=Paged, answer=paged(answers.CaseRow), summary="Cases of a client in sight"
    )
    def post(self, call: Call) -> Json:
        """By exact ID number, mobile or name: in the body, because such values never stand in an address. Logged."""
        facts = call.facts
        cases = personal.find_clients(
            actor=call.actor, at=call.at, id_number=facts.get("id_number", ""), mobile_number=facts.get("mobile", ""),
            name=facts.get("name", ""),
        )  # fmt: skip
        return listed(call, cases, ORDERS["newest"])


# -- sheets ------------------------------------------------------------------------------------------------------------
class Checklist(Api):
    @operation(answer=answers.ChecklistLine, many=True, summary="What the pack must hold")
    def get(self, call: Call, number: str) -> Sequence[Json]:
        """The intake checklist for the product and the customer group of the case."""
        lines = intake.checklist_of(case_in_sight(call, number), on=local_day(call.at))
        return [
            {
                "code": line.code,
                "label": line.label,
                "required": line.need == line.Need.REQUIRED,
                "one_of": line.one_of or None,
            }
            for line in lines
        ]


def _require_center_or_path_a(call: Call, case: Application, *center: Role) -> None:
    """The papers of the center's work are the collector's to read on Path A only."""
    if not case.is_self_service and call.roles.isdisjoint(center):
        raise NotAllowed(
            "not_self_service",
            _("The center handles this file. A collector sees its sheets only of a file on Path A."),
        )


class CheckSheet(Api):
    @operation(roles="CC CM TR SUP AUD", answer=answers.CheckSheet, summary="The check sheet and its warnings")
    def get(self, call: Call, number: str) -> Json:
        """The lines to answer and the open warnings, complete when this answers. A collector's on Path A only."""
        case = case_in_sight(call, number)
        _require_center_or_path_a(call, case, Role.CC, Role.TR, Role.SUP, Role.AUD)
        raised = [warning for warning in check.warnings_to_answer(case, at=call.at) if warning.answered_at is None]
        return {
            "items": labelled(CHECK_SHEET),
            "warnings": [
                {"code": warning.code, "label": str(WARNINGS.get(warning.code, warning.code))} for warning in raised
            ],
        }


class Coaching(Api):
    @operation(roles="AS CM TR SUP AUD", answer=answers.Coaching, summary="The coaching list")
    def get(self, call: Call, number: str) -> Json:
        """What the coaching call goes through."""
        case_in_sight(call, number)
        return {"items": labelled(COACHING)}


class EntryForm(Api):
    @operation(roles="EC ER CM TR", answer=answers.EntryForm, summary="The entry form")
    def get(self, call: Call, number: str) -> Json:
        """The fields to key. Values are this keyer's own draft; nothing known of the client is filled in beforehand."""
        case = case_in_sight(call, number)
        _require_center_or_path_a(call, case, Role.EC, Role.ER, Role.TR)
        mode = case.review_mode if case.state == State.KEYED else "ENTRY"
        record = entry.draft_of(case, keyer=call.actor)
        draft = record.fields if record else entry.prefilled(case)
        example = example_of(case, on=local_day(call.at)) if settings.DEMO else {}
        return {
            "mode": mode,
            "fields": [
                {
                    "name": field.name,
                    "label": str(field.label),
                    "type": field.kind,
                    "required": field.is_required(case.customer_group),
                    "critical": field.critical,
                    "choices": labelled(dict(choices_of(field))),
                    "value": draft.get(field.name),
                    "example": example.get(field.name),
                }
                for field in FIELDS
                if mode != Product.ReviewMode.DOUBLE or field.name in CRITICAL
            ],
        }


# -- beside the steps --------------------------------------------------------------------------------------------------
class Reveal(Api):
    @operation(
        facts=shapes.Reveal,
        sight=case_in_sight,
        answer=answers.Revealed,
        stored=False,
        summary="One value in clear, logged",
    )
    def post(self, call: Call, number: str) -> Json:
        """Name, mobile or ID number in clear, once, for a purpose that stands in the access log."""
        field = call.facts["field"]
        value = personal.reveal(
            number=number, actor=call.actor, at=call.at, field=field, purpose=call.facts["purpose"]
        )  # fmt: skip
        return {"field": field, "value": value}


class Contacts(Api):
    @operation(
        roles="CM BH CS AS TR",
        facts=shapes.Contact,
        sight=case_in_sight,
        answer=answers.ContactAnswer,
        status=201,
        summary="Record a contact",
    )
    def post(self, call: Call, number: str) -> ContactLog:
        """One try to reach the client; an agreed time makes a reminder."""
        return contacts.log_contact(case=number, actor=call.actor, at=call.at, **call.facts)


class Documents(UploadApi):
    @operation(answer=answers.DocumentAnswer, many=True, summary="The pages of the paper")
    def get(self, call: Call, number: str) -> Sequence[Document]:
        """What has been uploaded; a page itself is read one by one."""
        return list(case_in_sight(call, number).documents.select_related("uploaded_by"))

    @operation(
        roles="CM BH CS TR",
        facts=shapes.NewDocument,
        sight=case_in_sight,
        answer=answers.DocumentAnswer,
        status=201,
        summary="Add a page",
    )
    def post(self, call: Call, number: str) -> Document:
        """A picture is encoded anew, a PDF must be still; kept encrypted."""
        upload = call.facts["file"]
        return documents.add_document(
            case=number, actor=call.actor, at=call.at, kind=call.facts["kind"], side=call.facts["side"],
            content=upload, size=upload.size,
        )  # fmt: skip


class OneDocument(Api):
    @operation(summary="One page, logged", more_answers={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    def get(self, call: Call, number: str, document: UUID) -> HttpResponse:
        """The page in clear, as an attachment, for who may see the client's ID number at this stage."""
        case_in_sight(call, number)
        found, content = documents.read_document(document=document, actor=call.actor, at=call.at)
        return HttpResponse(
            content,
            content_type=found.media_type,
            headers={
                "Content-Disposition": f'attachment; filename="{found.pk}"',
                "Content-Security-Policy": "sandbox; default-src 'none'",
            },
        )


class Claim(Api):
    @operation(summary="Give a claimed case back")
    def delete(self, call: Call, number: str) -> None:
        """Ends the own lease; the case waits in its queue again."""
        claims.give_back(case=number, actor=call.actor, at=call.at)


class Next(Api):
    @operation(
        roles="CC EC ER TR AS", answer=answers.NextAnswer, more_answers={204: None}, summary="The next case of a queue"
    )
    def post(self, call: Call, queue: str) -> Application | None:
        """Claims the waiting case with the earliest deadline for half an hour; 204 when nothing waits."""
        claim = claims.claim_next(queue=queue, actor=call.actor, at=call.at)
        if claim is None:
            return None
        case = answers.whole_cases().get(pk=claim.case.pk)
        case.reason = claim.reason  # type: ignore[attr-defined]
        return case


# -- approvals ---------------------------------------------------------------------------------------------------------
class Approvals(Api):
    @operation(roles="SUP AUD", asked=Paged, answer=paged(answers.ApprovalAnswer), summary="Requests to decide")
    def get(self, call: Call) -> Json:
        """Reopenings and corrections that wait for a supervisor, newest first."""
        rows = Approval.objects.filter(decided_at=None).select_related("application", "asked_by", "decided_by")
        return listed(call, rows, ORDERS["newest"])


def _approval(call: Call, approval: int) -> Approval:
    found = Approval.objects.filter(pk=approval).first()
    if found is None:
        raise OutOfSight("not_found", "")
    return found


class Approve(Api):
    @operation(
        roles="SUP", facts=shapes.Decision, sight=_approval, answer=answers.ApprovalAnswer, summary="Approve a request"
    )
    def post(self, call: Call, approval: int) -> Approval:
        """By a supervisor who did not ask; it is carried out at once."""
        return approvals.decide_approval(
            approval=approval, actor=call.actor, at=call.at, approve=True, note=call.facts["note"]
        )


class Refuse(Api):
    @operation(
        roles="SUP", facts=shapes.Refusal, sight=_approval, answer=answers.ApprovalAnswer, summary="Refuse a request"
    )
    def post(self, call: Call, approval: int) -> Approval:
        """By a supervisor who did not ask; who asked reads the reason."""
        return approvals.decide_approval(
            approval=approval, actor=call.actor, at=call.at, approve=False, note=call.facts["note"]
        )
