"""Reads the records of the time before the system: one line per case, with the time at which each stage was reached.

The columns are those of the stage table of the BPI Challenge 2012 log; columns with employee numbers may be added.
What a line says is checked here, line by line; what it becomes is a :class:`PastCase`.
"""

from __future__ import annotations

import csv
import gzip
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any, TextIO

from django.db.models import Model

from applications.lifecycle import RULES, Clock, Outcome, State, Step
from applications.models import Product, ReturnNote
from applications.models.case import ReferrerType
from ops_center.clock import local_day
from ops_center.history.past import PastCase, PastStep
from organization.models import Employee
from organization.roles import Employment, Role

# The stages in the order that time must keep, and the step that each of them is.
STAGES: dict[str, Step] = {
    "referred_at": Step.REFER,
    "collected_at": Step.COMPLETE_INTAKE,
    "credit_check_at": Step.PASS_CHECK,
    "entry_at": Step.SUBMIT_ENTRY,
    "offer_sent_at": Step.MARK_ISSUED,
    "activated_at": Step.ACTIVATE,
}
REACHED: dict[Step, State] = {
    Step.REFER: State.REFERRED,
    Step.COMPLETE_INTAKE: State.TAKEN_IN,
    Step.PASS_CHECK: State.CHECKED,
    Step.SUBMIT_ENTRY: State.ENTERED,
    Step.MARK_ISSUED: State.ISSUED,
    Step.ACTIVATE: State.ACTIVATED,
}
# What an outcome needs: the last stage, where it has one, and the column with the time of the end.
OUTCOMES: dict[str, tuple[State | None, str]] = {
    "activated": (State.ACTIVATED, ""),
    "issued_never_activated": (State.EXPIRED, "withdrawn_at"),
    "issued_then_rejected": (State.REJECTED, "rejected_at"),
    "rejected": (State.REJECTED, "rejected_at"),
    "withdrawn": (State.WITHDRAWN, "withdrawn_at"),
    "issued_open": (None, ""),
    "open": (None, ""),
}
END_STEPS = {State.REJECTED: Step.REJECT, State.WITHDRAWN: Step.WITHDRAW, State.EXPIRED: Step.EXPIRE}

REQUIRED = ("case_id", *STAGES, "rejected_at", "withdrawn_at", "m2_outcome", "returned_count", "first_returned_at",
            "last_returned_done_at")  # fmt: skip
# Columns with employee numbers that a file may have, and the role by which a person is picked where it has none.
PEOPLE: dict[str, Role] = {
    "referrer": Role.EMP, "collector": Role.CM, "checker": Role.CC, "keyer": Role.EC, "tracker": Role.TR,
    "officer": Role.AS,
}  # fmt: skip
MARKETING = frozenset({Role.EMP, Role.CM})
ACTORS: dict[Step, str] = {
    Step.COMPLETE_INTAKE: "collector", Step.PASS_CHECK: "checker", Step.SUBMIT_ENTRY: "keyer",
    Step.MARK_ISSUED: "tracker", Step.ACTIVATE: "officer",
}  # fmt: skip
KNOWN = frozenset(
    {*REQUIRED, *PEOPLE, "product", "amount", "issued_at", "outcome", "last_stage", "fraud_check",
     "first_file_start_at", "offers_sent", "docs_back_at", "log_end_at"}
)  # fmt: skip

MARK = {"imported": True}
IMPORTED_RETURN = "退件记录自旧系统导入：仅知首次退件和最后补齐时间"


class BadFile(ValueError):
    """The file as a whole cannot be read: one sentence that says why."""


class BadLine(ValueError):
    """One line cannot be imported; the sentence says why, without the line number."""


@dataclass(slots=True)
class Record:
    """One line of the file, checked."""

    case_id: str
    outcome: str
    stages: dict[str, datetime]  # only those that were reached, in the order of STAGES
    end_at: datetime | None
    returned_count: int
    first_returned_at: datetime | None
    last_returned_done_at: datetime | None
    product: str
    people: dict[str, str]


@contextmanager
def opened(path: Path) -> Iterator[TextIO]:
    """The file as text, unpacked when its name says so. Raises ``BadFile``."""
    try:
        unpacked = gzip.open if path.suffix == ".gz" else open
        with unpacked(path, "rt", encoding="utf-8-sig", newline="") as file:
            yield file
    except (OSError, EOFError, UnicodeDecodeError, csv.Error) as error:
        raise BadFile(f"{path.name} cannot be read: {error}") from None


def records(file: TextIO, *, shift: timedelta, now: datetime) -> Iterator[tuple[int, Record | BadLine]]:
    """Line number and record of every line, or why the line is no record. Raises ``BadFile`` on a wrong header."""
    rows = csv.reader(file)
    header = [name.strip() for name in next(rows, [])]
    _require_columns(header)
    seen: set[str] = set()
    for row in rows:
        if not row:
            continue
        try:
            if len(row) != len(header):
                raise BadLine(f"has {len(row)} values for {len(header)} columns")
            record = _record(dict(zip(header, row, strict=True)), shift=shift, now=now)
            if record.case_id in seen:
                raise BadLine(f"case {record.case_id} stands in the file twice")
        except BadLine as error:
            yield rows.line_num, error
        else:
            seen.add(record.case_id)
            yield rows.line_num, record


def _require_columns(header: Sequence[str]) -> None:
    missing = [name for name in REQUIRED if name not in header]
    unknown = [name for name in header if name not in KNOWN]
    if missing or unknown or len(set(header)) != len(header):
        parts = [f"missing {', '.join(missing)}"] if missing else []
        parts += [f"unknown {', '.join(repr(name[:40]) for name in unknown[:5])}"] if unknown else []
        raise BadFile(f"wrong header: {'; '.join(parts) or 'a column stands twice'}")


def _record(row: dict[str, str], *, shift: timedelta, now: datetime) -> Record:
    case_id, outcome = row["case_id"].strip(), row["m2_outcome"].strip()
    if re.fullmatch(r"[0-9A-Za-z_-]{1,20}", case_id) is None:
        raise BadLine("the case_id is missing or has other characters than letters, digits, - and _")
    if outcome not in OUTCOMES:
        raise BadLine(f"m2_outcome {outcome!r} is none of {', '.join(OUTCOMES)}")
    _state, end_column = OUTCOMES[outcome]
    times = {name: _time(name, row[name], shift) for name in REQUIRED if name.endswith("_at")}
    stages = {name: moment for name in STAGES if (moment := times[name]) is not None}
    end_at = times[end_column] if end_column else None
    count = row["returned_count"].strip() or "0"
    if re.fullmatch(r"\d{1,2}", count) is None:
        raise BadLine(f"returned_count {count!r} is not a small whole number")
    first, done = times["first_returned_at"], times["last_returned_done_at"]
    if (int(count) > 0) != (first is not None):
        raise BadLine("returned_count and first_returned_at do not go together")
    if "referred_at" not in stages:
        raise BadLine("referred_at is missing")
    if (outcome == "activated") != ("activated_at" in stages):
        raise BadLine(f"outcome {outcome} and activated_at do not go together")
    if (outcome.startswith("issued") or outcome == "activated") != ("offer_sent_at" in stages):
        raise BadLine(f"outcome {outcome} and offer_sent_at do not go together")
    if end_column and end_at is None:
        raise BadLine(f"outcome {outcome} needs {end_column}")
    _require_order([*stages.items(), *([(end_column, end_at)] if end_at else [])])
    if first is not None:
        _require_order([("referred_at", stages["referred_at"]), ("first_returned_at", first)])
        _require_order([("first_returned_at", first), ("last_returned_done_at", done or first)])
    last = max(end_at or stages["referred_at"], *stages.values())
    if last > now:
        raise BadLine(f"lies in the future ({last:%Y-%m-%d}): choose another --shift-weeks")
    people = {name: row[name].strip() for name in PEOPLE if row.get(name, "").strip()}
    return Record(
        case_id, outcome, stages, end_at, int(count), first, done, product=row.get("product", "").strip(), people=people
    )


def _time(name: str, text: str, shift: timedelta) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise ValueError
        return moment + shift
    except (ValueError, OverflowError):
        raise BadLine(f"{name} {text!r} is no time with its zone") from None


def _require_order(moments: Sequence[tuple[str, datetime]]) -> None:
    for (earlier, before), (later, after) in pairwise(moments):
        if after < before:
            raise BadLine(f"{later} comes before {earlier}: an imported date before the previous step")


# -- what a record becomes -------------------------------------------------------------------------------------------
class Bank:
    """People and products that the records are laid on: the old records name neither.

    The rule for a person: SHA-256 over case id and role picks a place among the people who ever held the role, in the
    order of their employee numbers; from there on the first one who held it on that day (and, to refer or to collect,
    was qualified) is taken. A product is picked in the same way among those on sale, in the order of their codes; the
    branch is the collector's.
    """

    def __init__(self, people: Iterable[Employee], products: Iterable[Product]) -> None:
        everybody = sorted(people, key=lambda person: person.number)
        self._people = {person.number: person for person in everybody}
        self._products = {product.code: product for product in sorted(products, key=lambda product: product.code)}
        self._holders = {
            role: [person for person in everybody if any(row.role == role for row in person.roles.all())]
            for role in Role
        }
        self._holders[Role.EMP] = [person for person in everybody if person.employment == Employment.REGULAR]

    def check(self, record: Record) -> None:
        """Raises ``BadLine`` when the record names a person or a product that the bank does not have."""
        for column, number in record.people.items():
            if number not in self._people:
                raise BadLine(f"{column} {number!r} is no employee of the bank")
        if record.product and record.product not in self._products:
            raise BadLine(f"product {record.product!r} is not on sale")
        if not self._products:
            raise BadLine("the bank has no product on sale: load the reference data first")

    def product(self, record: Record) -> Product:
        if record.product:
            return self._products[record.product]
        codes = list(self._products)
        return self._products[codes[_place(record.case_id, "product", len(codes))]]

    def person(self, record: Record, column: str, *, at: datetime) -> Employee | None:
        """Who did it: as the file says, else by the rule; nobody when the bank had nobody for it on that day."""
        if column in record.people:
            return self._people[record.people[column]]
        role, day = PEOPLE[column], local_day(at)
        holders = self._holders[role]
        first = _place(record.case_id, role, len(holders)) if holders else 0
        for person in (*holders[first:], *holders[:first]):
            if person.has_role(role, on=day) and (role not in MARKETING or person.is_qualified(day)):
                return person
        return None


def past_case(record: Record, bank: Bank, *, form_no: str) -> PastCase:
    """The steps of a record. A step keeps its name wherever it started from; an end that the charter does not know from
    where the case stood, and the return of the paper to an issued card, are the step ``imported``."""
    steps: list[PastStep] = []
    state = State.REFERRED
    for column, at in record.stages.items():
        step = STAGES[column]
        steps.append(PastStep(step, at, facts=MARK, **_facts_of(step, record, bank, at, form_no)))
        state = REACHED[step]
    about: list[tuple[type[Model], dict[str, Any]]] = []
    if record.first_returned_at is not None:
        state = _insert_returns(steps, about, record, bank)
    end_state, _column = OUTCOMES[record.outcome]
    if record.end_at is not None and end_state is not None:
        known = state in RULES[END_STEPS[end_state]].sources
        actor = None if end_state is State.EXPIRED else bank.person(record, "tracker", at=record.end_at)
        steps.append(
            PastStep(
                END_STEPS[end_state] if known else Step.IMPORTED, record.end_at, actor, facts=MARK,
                to=None if known else end_state,
            )
        )  # fmt: skip
    return PastCase(steps=steps, is_imported=True, about=about)


def _facts_of(step: Step, record: Record, bank: Bank, at: datetime, form_no: str) -> dict[str, Any]:
    """Who took a step and what it told the case."""
    if step is Step.REFER:
        referrer = bank.person(record, "referrer", at=at)
        told = {
            "product": bank.product(record), "referrer": referrer, "area": referrer.branch.area if referrer else None,
            "referrer_type": ReferrerType.EMPLOYEE if referrer else ReferrerType.NONE, "referred_at": at,
            "review_mode": Product.ReviewMode.NONE, "form_no": form_no,
        }  # fmt: skip
        return {"actor": referrer, "told": told}
    actor = bank.person(record, ACTORS[step], at=at)
    match step:
        case Step.COMPLETE_INTAKE:
            columns = {"collector": actor, "branch": actor.branch if actor else None}
            return {"actor": actor, "told": {"priced_on": local_day(at), "form_no": form_no}, "columns": columns}
        case Step.MARK_ISSUED:
            return {"actor": actor, "told": {"approved_at": at, "card_last4": ""}}
        case _:
            return {"actor": actor}


def _insert_returns(
    steps: list[PastStep], about: list[tuple[type[Model], dict[str, Any]]], record: Record, bank: Bank
) -> State:
    """Puts the returns between the stages. The old records know how often the paper went back, when first, and when it
    was last complete: one event carries the number, one note stands for each return. Only a single return is timed.

    Gives back the state before the end: RETURNED when the paper was not complete by then.
    """
    first, done, count = record.first_returned_at, record.last_returned_done_at, record.returned_count
    assert first is not None
    tracker = bank.person(record, "tracker", at=first)
    place = sum(step.at <= first for step in steps)
    state = REACHED[steps[place - 1].step]
    ends = [step.at for step in steps[place:]] + ([record.end_at] if record.end_at else [])
    if done is not None and ends and done > ends[0]:
        done = None  # closed afterwards, when the case had gone on without it
    back = [
        PastStep(
            Step.RETURN, first, tracker, facts={**MARK, "returns": count}, columns={"round": count + 1}
        )
    ]  # fmt: skip
    if done is not None:
        outcomes: dict[str, str] = {} if count == 1 else {Clock.SUPPLEMENT: Outcome.VOID}
        collector = bank.person(record, "collector", at=done)
        back.append(PastStep(Step.IMPORTED, done, collector, facts=MARK, to=state, outcomes=outcomes))
    steps[place:place] = back
    note: dict[str, Any] = {
        "codes": [],
        "note": IMPORTED_RETURN,
        "returned_by": tracker,
        "returned_at": first,
        "answered_at": done,
    }
    about.extend((ReturnNote, {**note, "round": number}) for number in range(2, count + 2))
    return REACHED[steps[-1].step] if place + len(back) < len(steps) else state if done is not None else State.RETURNED


def _place(case_id: str, what: str, among: int) -> int:
    return int.from_bytes(sha256(f"{case_id}:{what}".encode()).digest()[:8], "big") % among
