"""The accrual against a bare SQL floor: the same lines by hand-written window functions into the same tables, under the
same keys, guards and indexes, for plain cases whose every clock ended in time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from statistics import median
from time import perf_counter
from typing import Any

from django.db import connection, transaction

from incentives.models import RewardEntry
from incentives.services.accrual import accrue
from ops_center.clock import now
from ops_center.management.benches.activations import make_activations

FEW = 100  # new cases among many old ones
ROUNDS, MANY_ROUNDS = 3, 9

_FLOOR = """
    WITH act AS MATERIALIZED (
        SELECT q.event_id, c.id, v.at, b.id AS bounty, b.amount_fen AS fen, s.id AS policy, c.path
        FROM incentives_unassessedactivation q JOIN applications_event v ON v.id = q.event_id
        JOIN applications_application c ON c.id = q.application_id
        CROSS JOIN LATERAL (SELECT id, amount_fen FROM incentives_bounty WHERE product_id = c.product_id
                            AND starts_on <= c.priced_on ORDER BY starts_on DESC LIMIT 1) b
        CROSS JOIN LATERAL (SELECT id FROM incentives_splitpolicy WHERE starts_on <= c.priced_on
                            ORDER BY starts_on DESC LIMIT 1) s
        WHERE q.ripe_at <= %(at)s
    ), part AS (
        SELECT act.id, act.at, share.role, p.employee_id, act.fen * share.share_bp / 10000 AS fen,
               act.fen - sum(act.fen * share.share_bp / 10000) OVER (PARTITION BY act.id) AS missing,
               row_number() OVER (PARTITION BY act.id ORDER BY act.fen * share.share_bp %% 10000 DESC, share.id) AS turn
        FROM act JOIN incentives_splitshare share ON share.policy_id = act.policy AND share.path = act.path
        JOIN applications_performer p ON p.application_id = act.id AND p.role = share.role
    ), line AS (
        SELECT id, at, role, employee_id, fen + CASE WHEN turn <= missing THEN 1 ELSE 0 END AS fen FROM part
    ), written AS (
        INSERT INTO incentives_rewardentry
               (assessment_id, kind, role, sequence, amount_fen, payee_kind, payee_id, why, at)
        SELECT id, 'SPLIT', role, 1, fen, 'EMPLOYEE', employee_id, '', at FROM line
        UNION ALL
        SELECT id, 'TIMELINESS', role, 1, (fen * 500 + 5000) / 10000, 'EMPLOYEE', employee_id, 'ON_TIME', at FROM line
        WHERE role <> 'REFERRER'
    ), gone AS (
        DELETE FROM incentives_unassessedactivation q USING act WHERE q.event_id = act.event_id
    )
    INSERT INTO incentives_assessment
           (application_id, event_id, verdict, bounty_id, policy_id, bounty_fen, path, is_double_keyed, at)
    SELECT id, event_id, 'EARNED', bounty, policy, fen, path, FALSE, %(at)s FROM act
"""


def bench_accrual(*, cases: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Seconds of both for ``cases`` new activations, then for a hundred among all these; the ratios of the medians."""
    at = now()
    many = _compare(cases, rounds=ROUNDS, at=at, say=say)
    few = _compare(FEW, rounds=MANY_ROUNDS, at=at, say=say)
    return {"cases": cases, "many": many, "new_among_old": {"cases": FEW, **few}, "lines": RewardEntry.objects.count()}


def _compare(cases: int, *, rounds: int, at: datetime, say: Callable[[str], None]) -> dict[str, float]:
    taken: dict[str, list[float]] = {"floor": [], "accrual": []}
    for turn in range(rounds):
        for name, act in (("floor", _floor), ("accrual", _accrual)):
            make_activations(cases=cases, at=at, is_mixed=False)
            begun = perf_counter()
            act(at)
            taken[name].append(perf_counter() - begun)
            say(f"{cases} cases, round {turn + 1}, {name}: {taken[name][-1]:.3f} s")
    seconds = {name: median(times) for name, times in taken.items()}
    return {**{name: round(value, 4) for name, value in seconds.items()},
            "ratio": round(seconds["accrual"] / seconds["floor"], 2)}  # fmt: skip


@transaction.atomic
def _floor(at: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_FLOOR, {"at": at})


def _accrual(at: datetime) -> None:
    accrue(at=at)
