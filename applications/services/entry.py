"""集中录入: keying, the second look, arbitration (T17-T19)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from applications import errors
from applications.entry_form import BY_NAME, clean, clean_blind, differing
from applications.lifecycle import Performance, State, Step
from applications.models import Application, EntryRecord, KeyDifference, Performer, Product
from applications.rules import has_keyed, require_sight
from applications.services.claims import ASSIGNED_LEASE, LEASE, renew
from applications.services.engine import Ref, lock, taking
from applications.services.warnings import compute_warnings, index_facts
from ops_center.clock import local_day
from ops_center.kernel.errors import Malformed
from organization.models import Employee
from organization.roles import Role
from organization.services.audit import record
from organization.services.inbox import tell

Turn = EntryRecord.Turn
JUST_SENT = timedelta(minutes=1)


def draft_of(case: Application, *, keyer: Employee) -> EntryRecord | None:
    """This keyer's own record of the round, draft or submitted; never somebody else's."""
    turn = Turn.SECOND if case.state == State.KEYED else Turn.FIRST
    return EntryRecord.objects.filter(application=case, round=case.round, turn=turn, keyer=keyer).first()


def prefilled(case: Application) -> dict[str, str]:
    """What the members of a group batch share, for a form that nobody has begun; the employer's name is critical and
    keyed from the paper."""
    batch = case.group_batch
    if batch is None:
        return {}
    shared = {"employer_address": batch.employer_address, "work_phone": batch.work_phone}
    return {name: value for name, value in shared.items() if value}


def save_draft(*, case: Ref, actor: Employee, at: datetime, fields: Mapping[str, Any]) -> datetime:
    """Keeps what has been typed, unchecked, and renews the lease; returns until when it runs.

    A lost lease loses nothing: the draft is stored first, in its own transaction, then Refused says who has the case.
    """
    if not actor.has_role(Role.EC, Role.ER, Role.CM, on=local_day(at)):
        raise errors.wrong_role(Step.SUBMIT_ENTRY)
    with transaction.atomic():
        held = lock(case)
        require_sight(held, step=Step.SUBMIT_ENTRY, actor=actor, at=at)
        if _was_just_sent(held, actor=actor, at=at):
            return at
        _require_open_form(held, actor=actor)
        _store(held, actor=actor, at=at, fields={name: value for name, value in fields.items() if name in BY_NAME})
    if held.is_self_service and held.collector_id == actor.pk:
        return at + LEASE
    with transaction.atomic():
        held = lock(case)  # the form may have been sent since the draft was stored
        return at if _was_just_sent(held, actor=actor, at=at) else renew(case=held.pk, actor=actor, at=at)


@transaction.atomic
def submit_entry(
    *, case: Ref, actor: Employee, at: datetime, fields: Mapping[str, Any], version: int | None = None
) -> Application:
    """提交录入: the form must be clean; then it waits for the second look (or is ENTERED when the product has none)."""
    with taking(Step.SUBMIT_ENTRY, case=case, actor=actor, at=at, version=version) as move:
        values = clean(move.case, fields, on=local_day(at))
        entry = _store(move.case, actor=actor, at=at, fields=values, submitted=True)
        move.facts = {"turn": entry.turn}
        index_facts(move.case, facts_of(values))
        move.case.submit_entry(at=at)
    compute_warnings(move.case, at=at)
    return move.case


@transaction.atomic
def verify(
    *,
    case: Ref,
    actor: Employee,
    at: datetime,
    agree: bool | None = None,
    remarks: Mapping[str, str] | None = None,
    fields: Mapping[str, Any] | None = None,
    version: int | None = None,
) -> Application:
    """复核: in REVIEW mode ``agree``, with ``remarks`` when not; in DOUBLE mode the critical ``fields``, blind.

    REVIEW and not agreed: back to the first keyer (E01). DOUBLE and different: to the tracker's arbitration.
    """
    with taking(Step.VERIFY, case=case, actor=actor, at=at, version=version) as move:
        keyed = move.case
        first = EntryRecord.objects.get(
            application=keyed, round=keyed.round, turn=Turn.FIRST, submitted_at__isnull=False, keyer=_keyer(keyed)
        )
        if keyed.review_mode == Product.ReviewMode.DOUBLE:
            if fields is None:
                raise Malformed("double_keying", _("This product is keyed twice: key the six critical fields."))
            second = clean_blind(keyed, fields)
            _store(keyed, actor=actor, at=at, fields=second, submitted=True)
            move.performs = Performance.ENTRY_2ND
            wrong = dict.fromkeys(differing(first.fields, second), "")
            agrees = not wrong
        else:
            if agree is None:
                raise Malformed("review_answer", _("Say whether the entry agrees with the paper."))
            wrong = {name: text for name, text in (remarks or {}).items() if name in BY_NAME}
            if not agree and not wrong:
                raise Malformed("review_fields", _("Name at least one field that differs, with a remark."))
            agrees = agree
        if not agrees:
            move.facts = {"code": "E01", "fields": sorted(wrong)}
            _note_differences(keyed, wrong, by=actor, at=at, keyer=first.keyer)
        keyed.verify(at=at, agrees=agrees)
        if keyed.state == State.CHECKED:  # E01: back to the first keyer
            move.hands_to, move.held_until = first.keyer, at + ASSIGNED_LEASE
    if not agrees:
        _tell_of_differences(move.case, sorted(wrong), keyer=first.keyer, at=at)
    return move.case


@transaction.atomic
def arbitrate(
    *,
    case: Ref,
    actor: Employee,
    at: datetime,
    fields: Mapping[str, Mapping[str, str]],
    note: str,
    version: int | None = None,
) -> Application:
    """仲裁: the tracker decides each differing field: FIRST, SECOND, or OTHER with the right value."""
    if not note.strip():
        raise Malformed("note_missing", _("Say what the paper shows."), {"note": _("Say what the paper shows.")})
    with taking(Step.ARBITRATE, case=case, actor=actor, at=at, version=version, note=note) as move:
        keyed = move.case
        rows = list(keyed.differences.select_for_update().filter(round=keyed.round, settled_at=None))
        _require_all_decided(rows, fields)
        first, second = _both_turns(keyed)
        final = dict(first.fields)
        for row in rows:
            decision = fields[row.field]
            row.choice, row.settled_at = decision["choose"], at
            match decision["choose"]:
                case "FIRST":
                    row.wrong_keyer = second.keyer
                case "SECOND":
                    row.wrong_keyer = first.keyer
                    final[row.field] = second.fields[row.field]
                case _:
                    row.wrong_keyer = first.keyer
                    final[row.field] = decision["value"]
                    KeyDifference.objects.create(
                        application=keyed, round=keyed.round, field=row.field, found_by=actor, found_at=at,
                        choice="OTHER", wrong_keyer=second.keyer, settled_at=at,
                    )  # fmt: skip
            row.save(update_fields=["choice", "wrong_keyer", "settled_at"])
        values = clean(keyed, final, on=local_day(at))
        entry = EntryRecord(application=keyed, round=keyed.round, turn=Turn.FINAL, keyer=actor, saved_at=at)
        entry.submitted_at, entry.fields = at, values
        entry.save(force_insert=True)
        move.facts = {"fields": {row.field: row.choice for row in rows}}
        keyed.arbitrate(at=at)
    return move.case


def values_for_review(case: Application, *, actor: Employee, at: datetime) -> dict[str, Any]:
    """The first keyer's values in clear, for who holds the case in review; the look is logged."""
    first = EntryRecord.objects.filter(
        application=case, round=case.round, turn=Turn.FIRST, submitted_at__isnull=False
    ).order_by("-submitted_at").first()  # fmt: skip
    record(action="view_entry", at=at, actor=actor, subject=case.number)
    return first.fields if first else {}


def values_to_arbitrate(case: Application, *, actor: Employee, at: datetime) -> dict[str, tuple[Any, Any]]:
    """Both readings of every field that differs, for the tracker who decides; the look is logged."""
    first, second = _both_turns(case)
    record(action="view_entry", at=at, actor=actor, subject=case.number)
    names = case.differences.filter(round=case.round, settled_at=None).values_list("field", flat=True)
    return {name: (first.fields.get(name), second.fields.get(name)) for name in names}


def facts_of(values: Mapping[str, Any]) -> dict[str, list[str]]:
    """What later cases are compared with: kind → clear values."""
    wanted = {
        "mobile": ("mobile",), "home": ("home_phone",), "work": ("work_phone",), "employer": ("employer",),
        "address": ("home_address", "employer_address"), "contact": ("contact1_phone", "contact2_phone"),
    }  # fmt: skip
    return {kind: [str(values[name]) for name in names if values.get(name)] for kind, names in wanted.items()}


def _was_just_sent(case: Application, *, actor: Employee, at: datetime) -> bool:
    """An autosave that was on its way while the form was sent: it changes nothing and is no mistake of the person."""
    sent = EntryRecord.objects.filter(application=case, round=case.round, keyer=actor, submitted_at__gt=at - JUST_SENT)
    return case.state != State.CHECKED and sent.exists()


def _require_open_form(case: Application, *, actor: Employee) -> None:
    """A form is typed into while the case waits for it: an open tab never changes what was submitted or reviewed."""
    if case.state == State.CHECKED:
        return
    is_second = case.state == State.KEYED and case.review_mode == Product.ReviewMode.DOUBLE
    if not is_second or case.awaits_arbitration:
        raise errors.step_not_open(case, Step.SUBMIT_ENTRY)
    if has_keyed(case, actor):
        raise errors.step_not_open(case, Step.SUBMIT_ENTRY)


def _store(
    case: Application, *, actor: Employee, at: datetime, fields: Mapping[str, Any], submitted: bool = False
) -> EntryRecord:
    turn = Turn.SECOND if case.state == State.KEYED else Turn.FIRST
    entry = draft_of(case, keyer=actor) or EntryRecord(
        application=case, round=case.round, turn=turn, keyer=actor, saved_at=at
    )
    entry.fields, entry.saved_at = dict(fields), at
    if submitted:
        entry.submitted_at = at
    entry.save()
    return entry


def _keyer(case: Application) -> Employee:
    found = Performer.objects.select_related("employee").get(application=case, role=Performance.ENTRY).employee
    assert found is not None
    return found


def _both_turns(case: Application) -> tuple[EntryRecord, EntryRecord]:
    rows = {
        row.turn: row
        for row in EntryRecord.objects.filter(
            application=case, round=case.round, submitted_at__isnull=False
        ).select_related("keyer")
    }
    return rows[Turn.FIRST], rows[Turn.SECOND]


def _note_differences(
    case: Application, wrong: Mapping[str, str], *, by: Employee, at: datetime, keyer: Employee
) -> None:
    is_double = case.review_mode == Product.ReviewMode.DOUBLE
    KeyDifference.objects.bulk_create(
        KeyDifference(
            application=case, round=case.round, field=name, remark=remark[:200], found_by=by, found_at=at,
            wrong_keyer=None if is_double else keyer, settled_at=None if is_double else at,
        )
        for name, remark in wrong.items()
    )  # fmt: skip


def _require_all_decided(rows: list[KeyDifference], fields: Mapping[str, Mapping[str, str]]) -> None:
    wanted, errors_found = {row.field for row in rows}, {}
    for name in wanted:
        decision = fields.get(name, {})
        choose = decision.get("choose")
        if choose not in ("FIRST", "SECOND", "OTHER"):
            errors_found[name] = _("Choose the first, the second or another value.")
        elif choose == "OTHER" and not decision.get("value", "").strip():
            errors_found[name] = _("Enter the right value.")
    errors_found |= {name: _("This field does not differ.") for name in fields if name not in wanted}
    if errors_found:
        raise Malformed("arbitration_incomplete", _("Decide every differing field."), errors_found)


def _tell_of_differences(case: Application, names: list[str], *, keyer: Employee, at: datetime) -> None:
    labels = [str(BY_NAME[name].label) for name in names]
    about = f"/applications/{case.number}/"
    if case.awaits_arbitration:
        trackers = Employee.objects.holding(Role.TR, on=local_day(at))
        tell(trackers, kind="arbitration", at=at, about=about, number=case.number, fields=labels)
    else:
        tell([keyer], kind="review_differs", at=at, about=about, number=case.number, fields=labels)
