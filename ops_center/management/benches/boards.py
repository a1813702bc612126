"""The boards on a bank of a size: server time of each page with its list, and the read of a counter against GROUP BY.

The load is laid by SQL: cases evenly over 90 days in 200 branches. A case is open for five days, one in six open ones
is overdue; every stage has its clock, one in twelve cases had a problem, one in twelve was returned.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from statistics import median, quantiles
from time import perf_counter
from typing import Any

from django.db import connection, transaction
from django.test import Client, override_settings
from psycopg2.extras import Json

from applications.models import (
    Application,
    CaseClock,
    ClockInterval,
    ClockPolicy,
    Custody,
    Event,
    ProblemItem,
    Product,
    ReturnNote,
)  # fmt: skip
from applications.services.clocks import deadline_for
from ops_center.clock import local_day, now
from organization.models import Branch, Employee, RoleAssignment
from organization.roles import Role
from supervision.models import Breach, TouchedDay
from supervision.periods import Month
from supervision.selectors.funnel import funnel_board
from supervision.selectors.timeliness import Scope, Window, breaches_per_day, rate_per_day
from supervision.services.charges import charge_breaches
from supervision.services.figures import count_touched_days, put_together

DAYS, BRANCHES, STAFF, COLLECTORS = 90, 200, 500, 2000
COUNTED_DAYS = 35  # as far back as the boards look by themselves
ROUNDS = 15
# The pages name their style sheets as they are: nothing is collected for a bench.
_PLAIN = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
PAGES = {
    "overdue": ("SUP", "/boards/overdue/"),
    "overdue, one branch": ("SUP", "/boards/overdue/?branch=B100"),
    "overdue, of a head": ("BH", "/boards/overdue/"),
    "due today": ("SUP", "/boards/overdue/?due=today"),
    "problems": ("SUP", "/boards/problems/"),
    "timeliness": ("SUP", "/boards/timeliness/"),
    "timeliness, 7 days": ("SUP", "/boards/timeliness/?period=7"),
    "timeliness, late entries": ("SUP", "/boards/timeliness/?clock=ENTRY&verdict=late"),
    "timeliness, late entries of a branch": ("SUP", "/boards/timeliness/?clock=ENTRY&verdict=late&branch=B100"),
    "timeliness, not at the first pass": ("SUP", "/boards/timeliness/?verdict=second"),
    "timeliness, of a head": ("BH", "/boards/timeliness/"),
    "timeliness, own": ("EC", "/boards/timeliness/"),
    "load": ("SUP", "/boards/load/"),
    "funnel": ("SUP", "/boards/funnel/"),
    "funnel, of a head": ("BH", "/boards/funnel/"),
    "whose delays": ("SUP", "/boards/delays/"),
    "whose delays, of a head": ("BH", "/boards/delays/"),
    "whose delays, in a queue": ("SUP", "/boards/delays/?clock=ENTRY&holder=QUEUE"),
    "whose delays, of a clerk": ("SUP", "/boards/delays/?person=LZ20001"),
    "capacity": ("SUP", "/boards/capacity/"),
    "slowest waits of a month": ("SUP", "/boards/timeliness/?period=2026-10&clock=ENTRY&slow=WAIT"),
    "operations report": ("SUP", "/reports/operations/"),
    "operations report, last month": ("SUP", "/reports/operations/?period=2026-10"),
    "operations report, what is beside": ("SUP", "/reports/operations/beside/"),
    "operations report, of a head": ("BH", "/reports/operations/"),
    "volume beside quality": ("SUP", "/reports/operations/quality/"),
}

# Where a case stands by its age in days; the younger, the earlier.
_CASES = """
    INSERT INTO applications_application (
        number, status_code, state, version, round, product_id, customer_group, priced_on, campaign, form_no,
        branch_id, referrer_type, referrer_id, referred_at, collector_id, releases, entry_mode, review_mode,
        awaits_arbitration, path, path_locked, resume_state, claimed_by_id, claimed_at, claimed_until, due_at,
        warn_at, due_clock, shelf,
        card_last4, event_count, event_digest, is_imported, is_risk, taken_in_at, dispatched_at, received_at,
        checked_at, entered_at, filed_at, approved_at, issued_at, rejected_at, collected_at, activated_at, created_at,
        progressed_at{more})
    SELECT 'K' || n, 'K' || n,
        CASE WHEN is_problem THEN 'PROBLEM' WHEN age < 0.3 THEN 'TAKEN_IN' WHEN age < 0.7 THEN 'IN_TRANSIT'
             WHEN age < 1.0 THEN 'RECEIVED' WHEN age < 1.3 THEN 'CHECKED' WHEN age < 1.5 THEN 'KEYED'
             WHEN age < 1.7 THEN 'ENTERED' WHEN age < 4 THEN 'SUBMITTED' WHEN age < 5 THEN 'ISSUED'
             WHEN age < 5.3 THEN 'COLLECTED' WHEN n %% 100 < 85 THEN 'ACTIVATED' ELSE 'REJECTED' END,
        1, CASE WHEN n %% 12 = 0 THEN 2 ELSE 1 END, %(product)s, 'SALARIED', begun::date, '', '',
        (%(branches)s::int[])[1 + n %% {branches}], CASE WHEN n %% 3 = 0 THEN 'EMPLOYEE' ELSE 'NONE' END,
        CASE WHEN n %% 3 = 0 THEN (%(collectors)s::int[])[1 + n %% 1999] END,
        CASE WHEN n %% 3 = 0 THEN begun - interval '1 hour' END, (%(collectors)s::int[])[1 + n %% {collectors}], 0,
        'CENTER', 'REVIEW', FALSE, 'B', age > 2, CASE WHEN is_problem THEN 'CHECKED' ELSE '' END,
        CASE WHEN claimed THEN (%(staff)s::int[])[1 + n %% {staff}] END, CASE WHEN claimed THEN %(at)s END,
        CASE WHEN claimed THEN %(at)s::timestamptz + interval '20 minutes' END,
        due, due - interval '2 hours', CASE WHEN due IS NULL THEN '' ELSE 'ENTRY' END, '', '', 0,
        decode(repeat('00', 32), 'hex'), FALSE, FALSE, begun,
        CASE WHEN age >= 0.3 THEN begun + interval '0.3 days' END,
        CASE WHEN age >= 0.7 THEN begun + interval '0.7 days' END,
        CASE WHEN age >= 1.0 THEN begun + interval '1 day' END,
        CASE WHEN age >= 1.5 THEN begun + interval '1.5 days' END,
        CASE WHEN age >= 1.7 THEN begun + interval '1.7 days' END,
        CASE WHEN age >= 4 THEN begun + interval '4 days' END,
        CASE WHEN age >= 4 THEN begun + interval '4 days' END,
        CASE WHEN age >= 5.3 AND n %% 100 >= 85 THEN begun + interval '5.3 days' END,
        CASE WHEN age >= 5 THEN begun + interval '5 days' END,
        CASE WHEN age >= 5.3 AND n %% 100 < 85 THEN begun + interval '5.3 days' END, begun, begun{more_values}
    FROM (
        SELECT n, begun, age, age BETWEEN 1.0 AND 1.5 AND n %% 2 = 0 AS is_problem, age BETWEEN 0.7 AND 1.7
               AND n %% 5 = 0 AND n %% 2 = 1 AS claimed,
               CASE WHEN age < 5.3 THEN %(at)s::timestamptz + (CASE WHEN n %% 6 = 0 THEN -1 ELSE 0.4 END)
                    * (n %% 997) * interval '14 minutes' END AS due
        FROM (SELECT n, %(at)s::timestamptz - n * %(step)s::interval AS begun,
                     extract(epoch FROM n * %(step)s::interval) / 86400 AS age
              FROM generate_series(1, %(cases)s) AS n) s
    ) c
"""
_STAGES = (  # clock, start, stop
    ("DISPATCH", "a.taken_in_at", "a.dispatched_at"),
    ("CHECK", "a.received_at", "a.checked_at"),
    ("ENTRY", "a.received_at", "a.entered_at"),
    ("FILE", "a.entered_at", "a.filed_at"),
    ("ISSUE", "a.entered_at", "a.issued_at"),
    ("COACH", "a.issued_at", "a.collected_at"),
    ("ACTIVATE", "a.issued_at", "a.activated_at"),
)
_CLOCKS = """
    INSERT INTO applications_caseclock (application_id, kind, round, run, policy_id, started_at, due_at, warn_at,
        stopped_at, outcome, owner_id, owned_since, owner_role, explanation{more})
    SELECT a.id, %(kind)s, 1, 1, %(policy)s, {start}, {due}, {due}, {stop},
        CASE WHEN {stop} IS NULL THEN '' WHEN h < 90 THEN 'ON_TIME' WHEN h < 95 THEN 'LATE' WHEN h < 97 THEN
             'LATE_QUEUE' WHEN h < 98 THEN 'LATE_JUSTIFIED' WHEN h < 99 THEN 'RETURNED_IN_TIME' ELSE 'EXEMPT' END,
        CASE WHEN %(kind)s = 'DISPATCH' THEN a.collector_id
             WHEN {stop} IS NOT NULL THEN (%(staff)s::int[])[1 + a.id %% {staff}] ELSE a.claimed_by_id END,
        CASE WHEN %(kind)s = 'DISPATCH' THEN {start} WHEN {stop} IS NOT NULL OR a.claimed_by_id IS NOT NULL
             THEN {start} + interval '15 minutes' * (a.id %% 7) END, 'EC',
        CASE WHEN {start} > %(at)s::timestamptz - interval '12 days' THEN %(explanation)s
             ELSE '{{}}' END::jsonb{more_values}
    FROM (SELECT *, (id / {branches} * 7919 + id + {place}) %% 100 AS h FROM applications_application) a
    WHERE {start} IS NOT NULL AND ({stop} IS NOT NULL OR a.state NOT IN ('ACTIVATED', 'REJECTED'))
"""
_DUE = """
    CASE WHEN {stop} IS NULL THEN greatest(coalesce(a.due_at, {start}), {start})
         WHEN h BETWEEN 90 AND 97 THEN {start} + ({stop} - {start}) * 0.9 ELSE {stop} + interval '2 hours' END
"""
_INTERVALS = """
    INSERT INTO applications_clockinterval (clock_id, since, until, pause, minutes)
    SELECT id, started_at, stopped_at, '', CASE WHEN stopped_at IS NOT NULL
           THEN extract(epoch FROM stopped_at - started_at)::int / 180 + id %% 61 END
    FROM applications_caseclock WHERE coalesce(stopped_at, %(at)s) >= %(at)s::timestamptz - interval '{days} days'
"""
_PROBLEMS = """
    INSERT INTO applications_problemitem (application_id, code, party, state, note, raised_by_id, raised_at, answer,
                                          resolution, closed_at)
    SELECT id, (ARRAY['C03', 'C04', 'F04', 'D05'])[1 + id %% 4], 'BRANCH',
           CASE WHEN state <> 'PROBLEM' THEN 'RESOLVED' ELSE
                (ARRAY['WAIT_BRANCH', 'WAIT_CUSTOMER', 'REPLIED', 'OPEN'])[1 + id %% 4] END,
           '', %(person)s, taken_in_at + (id %% 100) * interval '15 minutes', '', '',
           CASE WHEN state <> 'PROBLEM' THEN taken_in_at + interval '2 days' END
    FROM applications_application WHERE state = 'PROBLEM' OR id %% 12 = 5
"""
_RETURNS = """
    INSERT INTO applications_returnnote (application_id, round, codes, note, returned_at, answers)
    SELECT id, 2, '["D05"]'::jsonb, '缺页', taken_in_at + interval '1.2 days', '{}'::jsonb
    FROM applications_application WHERE round = 2 AND received_at IS NOT NULL
"""
_BREACHES = """
    INSERT INTO supervision_breach (clock_id, application_id, kind, branch_id, owner_id, owner_role, due_at, found_at,
                                    file_by, supervisor_at, management_at, settled_at)
    SELECT c.id, c.application_id, c.kind, a.branch_id, c.owner_id, c.owner_role, c.due_at,
           c.due_at + interval '1 minute', c.due_at + interval '2 days', c.due_at + interval '1 day',
           c.due_at + interval '3 days', c.stopped_at
    FROM applications_caseclock c JOIN applications_application a ON a.id = c.application_id
    WHERE (c.outcome LIKE 'LATE%%' OR (c.stopped_at IS NULL AND c.due_at < %(at)s)) AND c.due_at < %(at)s
      AND c.due_at > %(at)s::timestamptz - interval '{days} days'
"""
# Who held the cases that were late: branch, truck, queue and clerk in turn, card factory, customer manager.
_CUSTODY = """
    INSERT INTO applications_custody (application_id, holder, person_id, branch_id, since, until)
    SELECT a.id, s.holder, CASE WHEN s.holder = 'PERSON' THEN s.person END,
           CASE WHEN s.holder = 'BRANCH' THEN a.branch_id END, s.since, s.until
    FROM (SELECT *, (%(staff)s::int[])[1 + id %% {staff}] AS clerk FROM applications_application
          WHERE id IN (SELECT application_id FROM supervision_breach)) a
    CROSS JOIN LATERAL (VALUES
        ('BRANCH', NULL, a.taken_in_at, a.dispatched_at), ('TRUCK', NULL, a.dispatched_at, a.received_at),
        ('QUEUE', NULL, a.received_at, a.checked_at - interval '2 hours'),
        ('PERSON', a.clerk, a.checked_at - interval '2 hours', a.checked_at),
        ('QUEUE', NULL, a.checked_at, a.entered_at - interval '1 hour'),
        ('PERSON', a.clerk, a.entered_at - interval '1 hour', a.filed_at),
        ('HEAD_OFFICE', NULL, a.filed_at, a.issued_at), ('PERSON', a.collector_id, a.issued_at, a.activated_at)
    ) s(holder, person, since, until)
    WHERE s.since IS NOT NULL
"""
_TO_CHARGE = (
    "INSERT INTO supervision_unchargedbreach (breach_id, clock_id, is_again) "
    "SELECT id, clock_id, FALSE FROM supervision_breach"
)
# The events of the last days, which the backlog is reckoned from; older ones nobody reads on a board. Each step is done
# by people of its trade, as they stand among the staff.
_EVENTS = """
    INSERT INTO applications_event (application_id, seq, step, from_state, to_state, actor_id, at, recorded_at, round,
                                    note, facts, digest)
    SELECT a.id, s.seq, s.step, s.source, s.target, (%(staff)s::int[])[1 + s.trade + 5 * (a.id %% ({staff} / 5))],
           s.at, s.at, 1, '', '{{}}'::jsonb, decode(repeat('00', 32), 'hex')
    FROM applications_application a CROSS JOIN LATERAL (VALUES
        (1, 0, 'complete-intake', 'DRAFT', 'TAKEN_IN', a.taken_in_at),
        (2, 0, 'hand-over', 'BAGGED', 'IN_TRANSIT', a.dispatched_at),
        (3, 0, 'receive', 'IN_TRANSIT', 'RECEIVED', a.received_at),
        (4, 0, 'pass-check', 'RECEIVED', 'CHECKED', a.checked_at),
        (5, 1, 'submit-entry', 'CHECKED', 'KEYED', a.checked_at + interval '0.3 days'),
        (6, 2, 'verify', 'KEYED', 'ENTERED', a.entered_at), (7, 3, 'file', 'ENTERED', 'SUBMITTED', a.filed_at),
        (8, 4, 'coach', 'ISSUED', 'COLLECTED', a.collected_at)
    ) s(seq, trade, step, source, target, at)
    WHERE s.at IS NOT NULL AND s.at <= %(at)s AND a.taken_in_at > %(at)s::timestamptz - interval '16 days'
"""
_TOUCH = """
    INSERT INTO supervision_touchedday (day)
    SELECT %(today)s::date - n FROM generate_series(0, {days}) AS n
"""
# What the triggers would have counted.
_COUNTS = (
    """INSERT INTO supervision_casecount (month, branch_id, host_branch_id, is_referred, is_taken_in, is_entered,
           is_issued, is_activated, is_returned, ended_as, cases, is_sum)
       SELECT date_trunc('month', created_at AT TIME ZONE 'Asia/Shanghai')::date, branch_id, host_branch_id,
           referred_at IS NOT NULL, taken_in_at IS NOT NULL, entered_at IS NOT NULL, issued_at IS NOT NULL,
           activated_at IS NOT NULL, round > 1,
           CASE WHEN state IN ('ACTIVATED', 'REJECTED', 'WITHDRAWN', 'EXPIRED') THEN state ELSE '' END, count(*), TRUE
       FROM applications_application GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10""",
    """INSERT INTO supervision_breachcount (day, breaches, is_sum)
       SELECT (due_at AT TIME ZONE 'Asia/Shanghai')::date, count(*), TRUE FROM supervision_breach GROUP BY 1""",
    """INSERT INTO supervision_workcount (day, step, actor_id, pieces, is_sum)
       SELECT (at AT TIME ZONE 'Asia/Shanghai')::date, step, actor_id, count(*), TRUE FROM applications_event
       WHERE step IN ('pass-check', 'submit-entry', 'verify', 'file', 'coach') GROUP BY 1, 2, 3""",
)
# The same numbers without a counter.
_CLOCKS_GROUPED = """
    SELECT (stopped_at AT TIME ZONE 'Asia/Shanghai')::date, kind, outcome, count(*) FROM applications_caseclock
    WHERE stopped_at >= %(first)s AND outcome <> 'VOID' GROUP BY 1, 2, 3
"""
_CASES_GROUPED = """
    SELECT referred_at IS NULL, count(taken_in_at), count(entered_at), count(issued_at), count(activated_at), count(*)
    FROM applications_application WHERE created_at >= %(first)s GROUP BY 1
"""
_BREACHES_GROUPED = """
    SELECT (due_at AT TIME ZONE 'Asia/Shanghai')::date, count(*) FROM supervision_breach
    WHERE due_at >= %(first)s GROUP BY 1
"""


def bench_boards(*, cases: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Median and 95th percentile of each page in milliseconds, cold start left out."""
    at = now()
    people = _load(cases, at=at, say=say)
    begun = perf_counter()
    counted = count_touched_days(at=at)
    seconds = perf_counter() - begun
    say(f"{counted['days']} days counted in {seconds:.0f} s")
    begun = perf_counter()
    charged = charge_breaches(at=at)["charged"]
    say(f"{charged} breaches charged in {perf_counter() - begun:.0f} s")
    put_together()
    _say("VACUUM ANALYZE")
    measured = {}
    with override_settings(STORAGES=_PLAIN):
        for name, (role, address) in PAGES.items():
            measured[name] = _page(people[role], address)
            say(f"{name}: {measured[name]}")
    counters = _counters(at)
    say(_table(measured, counters))
    return {
        "cases": cases,
        "open": Application.objects.filter(due_at__isnull=False).count(),
        "overdue": Application.objects.filter(due_at__lt=at).count(),
        "clocks": CaseClock.objects.count(),
        "pages_ms": measured,
        "counters": counters,
        "seconds_to_count_a_day": round(seconds / max(counted["days"], 1), 2),
        "load_average": round(os.getloadavg()[0], 1),
    }


# -- what is measured --------------------------------------------------------------------------------------------------
def _page(person: Employee, address: str) -> dict[str, float]:
    client = Client()
    client.force_login(person)
    times = []
    for _turn in range(ROUNDS + 2):
        begun = perf_counter()
        answer = client.get(address)
        times.append((perf_counter() - begun) * 1000)
        if answer.status_code != 200:
            raise AssertionError(f"{address} answered {answer.status_code}")
    warm = sorted(times[2:])
    return {"median": round(median(warm), 1), "p95": round(quantiles(warm, n=20)[-1], 1)}


def _counters(at: datetime) -> dict[str, dict[str, float]]:
    """What a counter answers, and how long a GROUP BY takes for the same, in one run. The trend of the clocks is asked
    twice: with the running day, which is counted as we speak, and of the days that are over alone."""
    window = Window.read("30", at=at)
    month = Month.of(at)
    with connection.cursor() as cursor:

        def grouped(statement: str, first: datetime) -> Callable[[], object]:
            return lambda: cursor.execute(statement, {"first": first})

        clocks = grouped(_CLOCKS_GROUPED, window.starts_at)
        found = {
            "clocks, with today": _against(lambda: rate_per_day(Scope(), at=at), clocks),
            "funnel": _against(lambda: funnel_board(scope=None, month=month), grouped(_CASES_GROUPED, month.starts_at)),
            "breaches": _against(
                lambda: breaches_per_day(Scope(), at=at), grouped(_BREACHES_GROUPED, window.starts_at)
            ),
        }
        with transaction.atomic():
            TouchedDay.objects.filter(day=local_day(at)).delete()
            found["clocks, days that are over"] = _against(lambda: rate_per_day(Scope(), at=at), clocks)
            transaction.set_rollback(True)
    return found


def _against(counter: Callable[[], object], group_by: Callable[[], object]) -> dict[str, float]:
    """Medians of turns that take each other's places, so that a noisy moment troubles both."""
    turns = [(_timed(counter), _timed(group_by)) for _turn in range(7)]
    ours, theirs = (median(times) for times in zip(*turns, strict=True))
    return {
        "counter_ms": round(ours * 1000, 1),
        "group_by_ms": round(theirs * 1000, 1),
        "times_faster": round(theirs / ours, 1),
    }


def _table(pages: Mapping[str, Mapping[str, float]], counters: Mapping[str, Mapping[str, float]]) -> str:
    """As docs/boards.md shows it."""
    lines = ["| page | median, ms | p95, ms |", "|---|--:|--:|"]
    lines += [f"| {name} | {found['median']:.0f} | {found['p95']:.0f} |" for name, found in pages.items()]
    lines += ["", "| counter | ms | GROUP BY, ms | times faster |", "|---|--:|--:|--:|"]
    lines += [
        f"| {name} | {found['counter_ms']} | {found['group_by_ms']:.0f} | {found['times_faster']} |"
        for name, found in counters.items()
    ]
    return "\n".join(lines)


def _timed(act: Callable[[], object]) -> float:
    begun = perf_counter()
    act()
    return perf_counter() - begun


# -- the load ----------------------------------------------------------------------------------------------------------
def _load(cases: int, *, at: datetime, say: Callable[[str], None]) -> dict[str, Employee]:
    people, facts = _people(at)
    product = Product.objects.get(code="PK")
    facts |= {
        "at": at, "cases": cases, "step": timedelta(days=DAYS) / cases, "product": product.pk,
        "person": people["SUP"].pk, "today": local_day(at),
    }  # fmt: skip
    sizes = {"branches": BRANCHES, "collectors": COLLECTORS, "staff": STAFF, "days": COUNTED_DAYS + 10}
    with _bare(Application, CaseClock, ClockInterval, Custody, Event, ProblemItem, ReturnNote, Breach):
        _say(_CASES.format(**sizes, **_defaults(Application, _CASES)), facts)
        say("cases")
        for place, (kind, start, stop) in enumerate(_STAGES):
            explanation = deadline_for(kind, start=at - timedelta(days=3)).as_json()
            policy = ClockPolicy.objects.filter(kind=kind).first()
            assert policy is not None
            text = _CLOCKS.format(
                start=start, stop=stop, due=_DUE.format(start=start, stop=stop), place=place * 13,
                **sizes, **_defaults(CaseClock, _CLOCKS),
            )  # fmt: skip
            _say(text, facts | {"kind": kind, "policy": policy.pk, "explanation": Json(explanation)})
            say(f"clocks {kind}")
        for statement in (_INTERVALS, _PROBLEMS, _RETURNS.replace("{}", "{{}}"), _BREACHES, _CUSTODY, _EVENTS):
            _say(statement.format(**sizes), facts)
        say("intervals, problems, returns, breaches, custody, events")
    say("indexes")
    _say("TRUNCATE supervision_touchedday")
    _say(_TOUCH.format(days=COUNTED_DAYS), facts)
    _say(_TO_CHARGE)
    for statement in _COUNTS:
        _say(statement)
    _say("VACUUM ANALYZE")
    return people


def _people(at: datetime) -> tuple[dict[str, Employee], dict[str, Any]]:
    since = date(2024, 1, 1)
    branches = Branch.objects.bulk_create(
        Branch(code=f"B{100 + n}", name=f"第{n}支行", kind=Branch.Kind.BRANCH) for n in range(BRANCHES)
    )
    center = Branch.objects.create(code="OC01", name="集中操作中心", kind=Branch.Kind.CENTER)
    staff = Employee.objects.bulk_create(
        Employee(number=f"LZ2{n:04d}", name=f"录入{n}", branch=center, password="!")  # noqa: S106
        for n in range(STAFF)
    )
    collectors = Employee.objects.bulk_create(
        Employee(number=f"LZ3{n:04d}", name=f"经理{n}", branch=branches[n % BRANCHES], password="!")  # noqa: S106
        for n in range(COLLECTORS)
    )
    trades = (Role.CC, Role.EC, Role.ER, Role.TR, Role.AS)
    held = [(person, trades[n % len(trades)]) for n, person in enumerate(staff)]
    people = {}
    for role, branch in (("SUP", center), ("BH", branches[0])):
        people[role] = Employee.objects.create(number=f"LZ1{role}", name=role, branch=branch, password="!")  # noqa: S106
        held.append((people[role], Role(role)))
    people["EC"] = staff[1]
    held += [(person, Role.CM) for person in collectors]
    RoleAssignment.objects.bulk_create(
        RoleAssignment(employee=person, role=role, starts_on=since) for person, role in held
    )
    keys = {
        "branches": [branch.pk for branch in branches],
        "staff": [person.pk for person in staff],
        "collectors": [person.pk for person in collectors],
    }
    return people, keys


def _defaults(model: Any, statement: str) -> dict[str, str]:
    """Columns that must be filled and that the statement does not name: others add to these tables."""
    named = statement.split("(", 1)[1].split("{more}", 1)[0]
    known = {name.strip() for name in named.replace("\n", " ").split(",")}
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT column_name, data_type FROM information_schema.columns
               WHERE table_name = %s AND is_nullable = 'NO' AND column_default IS NULL AND is_identity = 'NO'""",
            [model._meta.db_table],
        )
        missing = [(name, kind) for name, kind in cursor.fetchall() if name not in known]
    plain = {"boolean": "FALSE", "integer": "0", "smallint": "0", "bigint": "0", "jsonb": "'{}'::jsonb"}
    return {
        "more": "".join(f', "{name}"' for name, _kind in missing),
        "more_values": "".join(f", {plain.get(kind, chr(39) * 2)}" for _name, kind in missing),
    }


@contextmanager
def _bare(*models: Any) -> Iterator[None]:
    """The tables without indexes, references and triggers while they are loaded; all are made again, and so checked."""
    tables = [model._meta.db_table for model in models]
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
               WHERE conrelid::regclass::text = ANY(%s) AND contype IN ('f', 'u')""",
            [tables],
        )
        constraints = cursor.fetchall()
        for table, name, _text in constraints:
            cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
        cursor.execute(
            """SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
               WHERE indrelid::regclass::text = ANY(%s) AND NOT indisprimary""",
            [tables],
        )
        indexes = cursor.fetchall()
        for name, _text in indexes:
            cursor.execute(f"DROP INDEX {name}")
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        yield
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        cursor.execute("SET maintenance_work_mem = '512MB'")
        for _name, text in indexes:
            cursor.execute(text)
        for table, name, text in constraints:
            cursor.execute(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {text}')


def _say(statement: str, facts: dict[str, Any] | None = None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, facts)
