"""The set-based accrual writes, line by line, what the rule says of each case by itself."""

from __future__ import annotations

from collections import Counter
from datetime import date
from itertools import groupby

import pytest
from django.db import connection, transaction

from applications.models import Application
from incentives.lifecycle import Trigger, Verdict
from incentives.models import Assessment, RewardEntry, UnassessedActivation
from incentives.services.accrual import Activation, accrue_one, accrue_set, judge, take
from incentives.services.facts import read_cases
from incentives.services.pricing import PriceBook
from ops_center.management.benches.activations import make_activations
from tests.cast import Cast, at
from tests.incentives.conftest import priced

pytestmark = pytest.mark.django_db
NOW = at("2026-11-25 10:00")
LINE = ("kind", "role", "sequence", "amount_fen", "payee_kind", "payee_id", "why", "at")
VERDICT = ("event_id", "verdict", "bounty_id", "policy_id", "bounty_fen", "path", "is_double_keyed", "at")
Written = tuple[dict[int, list[tuple]], dict[int, tuple], dict[int, object]]


def written() -> Written:
    """All lines by case in their order, all verdicts, and what is left in the queue with its time."""
    lines = RewardEntry.objects.order_by("assessment_id", "pk").values_list("assessment_id", *LINE)
    verdicts = Assessment.objects.values_list("application_id", *VERDICT)
    return (
        {case: [row[1:] for row in rows] for case, rows in groupby(lines, key=lambda row: row[0])},
        {row[0]: row[1:] for row in verdicts},
        dict(UnassessedActivation.objects.values_list("event_id", "ripe_at")),
    )


def expected(waiting: list[Activation], book: PriceBook) -> tuple[dict[int, list[tuple]], dict[int, tuple]]:
    """The same from the rule on each case's own people."""
    facts = read_cases(Application.objects.filter(pk__in=[activation.case for activation in waiting]), at=NOW)
    lines, verdicts = {}, {}
    for event, case, activated_at, *_price in waiting:
        found = judge(facts[case], book=book)
        if found.verdict is None:
            continue
        counted_at = activated_at if found.counts_from_activation else NOW
        rows = [
            (line.kind, line.role, number, line.amount_fen, line.payee_kind, line.payee, line.why, counted_at)
            for number, line in found.numbered()
        ]
        if rows:
            lines[case] = rows
        verdicts[case] = (
            event, found.verdict, found.bounty and found.bounty.pk, found.policy and found.policy.pk, found.bounty_fen,
            facts[case].facts.path, facts[case].facts.is_double_keyed, NOW,
        )  # fmt: skip
    return lines, verdicts


def prices(bank: Cast) -> PriceBook:
    """Two products have to be used first, and one branch is in a pilot."""
    for code, trigger in (("JK", Trigger.FIRST_SPEND), ("BJ", Trigger.ACTIVATION_AND_SPEND)):
        priced(bank, code, 157_31, starts_on=date(2026, 10, 1), trigger=trigger, spend_days=20)
    return PriceBook.read()


def agree(bank: Cast, cases: int) -> Counter[str]:
    make_activations(cases=cases, at=NOW, is_mixed=True)
    book = prices(bank)
    events = list(UnassessedActivation.objects.order_by("pk").values_list("pk", flat=True))
    lines, verdicts = expected(take(events), book)
    counts = accrue_set(events, book=book, at=NOW)
    found = written()
    assert found[0] == lines
    assert found[1] == verdicts
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    return counts


def test_the_sets_and_the_rule_agree_on_every_line(bank: Cast) -> None:
    counts = agree(bank, 3_000)
    assert (
        sum(counts[name] for name in ("assessed", "settled_before", "no_spend", "awaiting_spend", "unpriced")) == 3_000
    )
    assert all(counts[name] for name in ("assessed", "settled_before", "awaiting_spend", "unpriced"))
    assert set(RewardEntry.objects.values_list("why", flat=True).distinct()) >= {
        "", "WALK_IN", "SELF_SERVICE", "OWN_CARD", "CUSTOMER", "CUSTOMER_REST", "NOT_QUALIFIED", "QUALIFICATION_LAPSED",
        "NO_COACHING", "NO_PERFORMER", "AWAITS_SPEND", "ON_TIME", "LATE", "EXPLANATION_OPEN",
    }  # fmt: skip


@pytest.mark.long
def test_the_sets_and_the_rule_agree_on_a_hundred_thousand_cases(bank: Cast) -> None:
    assert agree(bank, 100_000)["assessed"] > 50_000


def test_one_by_one_and_as_a_set_write_the_same(bank: Cast) -> None:
    make_activations(cases=60, at=NOW, is_mixed=True)
    book = prices(bank)
    events = list(UnassessedActivation.objects.order_by("pk").values_list("pk", flat=True))
    ways = []
    for accrue in (
        lambda: accrue_set(events, book=book, at=NOW),
        lambda: [accrue_one(pk, book=book, at=NOW) for pk in events],
    ):
        undo = transaction.savepoint()
        accrue()
        ways.append(written())
        transaction.savepoint_rollback(undo)
    assert ways[0] == ways[1]
    assert Verdict.EARNED in {verdict[1] for verdict in ways[0][1].values()}
