"""Any number of activated cases, written as sets: the load of the accrual's bench and of the proof that its two paths
agree. One case of each table is made by the models, all others are copies of it with other people, prices and clocks.
"""

# ruff: noqa: S608  every name in the statements is one of ours

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from django.db import connection, models

from applications.lifecycle import CLOCK_SHARE, Clock, Outcome, Performance, State, Step
from applications.models import Applicant, Application, CaseClock, ClockPolicy, Event, Performer, Product
from ops_center.clock import local_day
from organization.models import Branch, Employee, Qualification

STAFF = 40  # people of each kind
SEED = 0.20261122
# How often each special case comes up, where they are mixed in; they meet as chance has it.
_CHANCES: Mapping[str, float] = {
    "walk_in": 0.25, "alone": 0.1, "external": 0.08, "retiree": 0.04, "own_card": 0.03, "double": 0.15,
    "uncoached": 0.1, "skipped": 0.03, "imported": 0.02, "unpriced": 0.01, "unlocked": 0.1, "spent": 0.6,
}  # fmt: skip
_OUTCOMES = (Outcome.ON_TIME,) * 8 + tuple(Outcome)


def make_activations(*, cases: int, at: datetime, is_mixed: bool) -> None:
    """Writes so many cases that were activated within the hour before ``at``, with what the accrual asks about them.
    Plain ones are all in time and alike but for people, places and products; mixed ones have every special case."""
    if not Application.objects.filter(number="BENCH0").exists():
        _hire()
        _patterns(at=at)
    with connection.cursor() as cursor:
        cursor.execute("SELECT setseed(%s)", [SEED])
        cursor.execute("DROP TABLE IF EXISTS made")
        cursor.execute(_made(is_mixed=is_mixed), {"cases": cases, **_choices()})
        for statement in _copies(is_mixed=is_mixed):
            cursor.execute(statement, {"at": at, "outcomes": [str(outcome) for outcome in _OUTCOMES]})
        cursor.execute("ANALYZE applications_application, applications_performer, applications_caseclock")


def _hire() -> None:
    """Staff, a tenth of whom have no qualification and a tenth of whom lost theirs lately."""
    branches = list(Branch.objects.order_by("pk")[:STAFF])
    people = Employee.objects.bulk_create(
        Employee(
            number=f"BENCH{place}", name=f"员工{place}", branch=branches[place % len(branches)], password="!",  # noqa: S106
            id_index=b"bench%d" % place,
        )
        for place in range(STAFF)
    )  # fmt: skip
    Qualification.objects.bulk_create(
        Qualification(
            employee=person, starts_on=date(2024, 1, 1), ends_on=date(2026, 11, 10) if place % 10 == 1 else None
        )
        for place, person in enumerate(people)
        if place % 10
    )


def _patterns(*, at: datetime) -> None:
    """The rows that are copied: each as the models make it."""
    long_ago = at - timedelta(days=40)
    signed = dict.fromkeys(
        ("referred_at", "taken_in_at", "received_at", "checked_at", "entered_at", "filed_at", "issued_at"), long_ago
    )
    case = Application.objects.create(
        number="BENCH0", status_code="BENCH0", state=State.REJECTED, product=Product.objects.order_by("pk")[0],
        branch=Branch.objects.order_by("pk")[0], priced_on=local_day(long_ago), created_at=long_ago,
        progressed_at=long_ago, path="C", path_locked=True, event_count=1, **signed,
    )  # fmt: skip
    Applicant.objects.create(application=case, name_mask="王*")
    Event.objects.create(
        application=case, seq=1, step=Step.IMPORTED, to_state=State.REJECTED, at=at, round=1, digest=bytes(32)
    )
    Performer.objects.create(application=case, role=Performance.ENTRY, round=1, at=long_ago)
    policy = ClockPolicy.objects.filter(kind=Clock.ENTRY).order_by("-starts_on")[0]
    CaseClock.objects.create(
        application=case, kind=Clock.ENTRY, round=1, policy=policy, started_at=long_ago, due_at=long_ago,
        warn_at=long_ago, stopped_at=long_ago, outcome=Outcome.ON_TIME,
    )  # fmt: skip


def _choices() -> dict[str, list[int]]:
    """What the cases are dealt out of. Plain ones are of qualified people."""
    people = Employee.objects.filter(number__startswith="BENCH")
    return {
        "people": list(people.order_by("pk").values_list("pk", flat=True)),
        "qualified": list(people.filter(qualifications__ends_on=None, qualifications__starts_on__isnull=False)
                          .order_by("pk").values_list("pk", flat=True)),
        "products": list(Product.objects.order_by("pk").values_list("pk", flat=True)),
        "branches": list(Branch.objects.order_by("pk").values_list("pk", flat=True)),
    }  # fmt: skip


def _one_of(name: str) -> str:
    return f"(%({name})s::bigint[])[1 + floor(random() * cardinality(%({name})s::bigint[]))::int]"


def _made(*, is_mixed: bool) -> str:
    """One row per case with its people and peculiarities."""
    person = _one_of("people" if is_mixed else "qualified")
    chances = ", ".join(f"random() < {chance if is_mixed else 0} AS {name}" for name, chance in _CHANCES.items())
    roles = ", ".join(f"{person} AS {role}" for role in Performance)
    return f"""
        CREATE TEMPORARY TABLE made AS
        SELECT nextval('applications_application_id_seq') AS id, {chances}, {roles},
               {_one_of("products")} AS product, {_one_of("branches")} AS branch,
               {"(random() * 60)::int" if is_mixed else "30"} AS age
        FROM generate_series(1, %(cases)s)
    """


def _copies(*, is_mixed: bool) -> list[str]:
    """The statements that write the tables of all cases."""
    alone = "CASE WHEN made.alone THEN made.COLLECTOR ELSE {} END".format
    statements = [
        _copy(Application, {
            "id": "made.id",
            "number": "'B' || made.id",
            "status_code": "'B' || made.id",
            "state": f"'{State.ACTIVATED}'",
            "product_id": "made.product",
            "branch_id": "made.branch",
            "referrer_id": "CASE WHEN made.walk_in OR made.alone OR made.external THEN NULL ELSE made.REFERRER END",
            "referrer_type": "CASE WHEN made.external THEN 'CUSTOMER' WHEN made.walk_in OR made.alone THEN 'NONE' "
                             "WHEN made.retiree THEN 'RETIREE' ELSE 'EMPLOYEE' END",
            "collector_id": "made.COLLECTOR",
            "entry_mode": "CASE WHEN made.alone THEN 'SELF' ELSE 'CENTER' END",
            "review_mode": "CASE WHEN made.double THEN 'DOUBLE' ELSE 'REVIEW' END",
            "path": "CASE WHEN made.alone AND NOT made.external THEN 'A' WHEN made.walk_in THEN 'B' ELSE 'C' END",
            "path_locked": "NOT made.unlocked",
            "is_imported": "made.imported",
            "priced_on": "CASE WHEN made.unpriced THEN DATE '2023-12-31' "
                         "ELSE (%(at)s - made.age * INTERVAL '1 day')::date END",
            "referred_at": "CASE WHEN made.walk_in THEN NULL ELSE %(at)s - made.age * INTERVAL '1 day' END",
            "taken_in_at": "%(at)s - made.age * INTERVAL '1 day'",
            "activated_at": "%(at)s - random() * INTERVAL '1 hour'",
            "first_spend_at": "CASE WHEN made.spent THEN %(at)s - random() * INTERVAL '1 minute' END",
        }),
        _copy(Applicant, {
            "id": "gen_random_uuid()",
            "application_id": "made.id",
            "id_index": "CASE WHEN made.own_card THEN (SELECT id_index FROM organization_employee e "
                        "WHERE e.id = made.COLLECTOR) END",
        }),
    ]  # fmt: skip
    for role in Performance:
        who = {
            Performance.REFERRER: "CASE WHEN NOT made.walk_in THEN made.REFERRER END",
            Performance.COLLECTOR: "made.COLLECTOR",
            Performance.ENTRY_2ND: "CASE WHEN made.double THEN made.ENTRY_2ND END",
            Performance.TRACKER: "CASE WHEN NOT made.skipped THEN made.TRACKER END",
            Performance.AFTER_SALES: f"CASE WHEN NOT made.uncoached THEN {alone('made.AFTER_SALES')} END",
        }.get(role, alone(f"made.{role}"))
        statements.append(_copy(Performer, {"application_id": "made.id", "role": f"'{role}'", "employee_id": who}))
    outcome = f"(%(outcomes)s::text[])[1 + floor(random() * {len(_OUTCOMES) if is_mixed else 1})::int]"
    for clock, role in CLOCK_SHARE.items():
        statements.append(
            _copy(CaseClock, {
                "application_id": "made.id",
                "kind": f"'{clock}'",
                "outcome": outcome,
                "owner_id": f"CASE WHEN random() < 0.8 THEN made.{role} END",
            })
        )  # fmt: skip
    # Last, when the case is whole: this is what puts it into the queue.
    statements.append(
        _copy(Event, {
            "application_id": "made.id",
            "step": f"'{Step.ACTIVATE}'",
            "from_state": f"'{State.COLLECTED}'",
            "to_state": f"'{State.ACTIVATED}'",
            "at": "%(at)s",
        })
    )  # fmt: skip
    return statements


def _copy(model: type[models.Model], changed: Mapping[str, str]) -> str:
    """A copy of the pattern's row for each case that was made, with these columns changed."""
    columns = [(str(field.column), field.primary_key) for field in model._meta.concrete_fields]
    own = [column for column, is_key in columns if not is_key or column in changed]
    key = "id" if model is Application else "application_id"
    values = ", ".join(changed.get(column, f'pattern."{column}"') for column in own)
    return f"""
        INSERT INTO {model._meta.db_table} ({", ".join(f'"{column}"' for column in own)})
        SELECT {values} FROM made CROSS JOIN {model._meta.db_table} AS pattern
        WHERE pattern.{key} = (SELECT id FROM applications_application WHERE number = 'BENCH0') ORDER BY made.id
    """
