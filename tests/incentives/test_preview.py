"""A past month under drafts, with numbers by hand: before is what was assessed, and the difference is the drafts'."""

from __future__ import annotations

import time
from datetime import date

import pytest
from django.db.models import Sum

from applications.lifecycle import Path, Performance
from applications.models import Application
from applications.models.case import ReferrerType
from incentives.models import Assessment, PenaltyCap, RewardEntry, SplitPolicy
from incentives.periods import period_of
from incentives.reference import SHARES
from incentives.selectors.preview import Comparison, Preview, Tried, offered_months, preview, tried_of
from incentives.services.accrual import accrue
from incentives.services.caps import close_ended_months
from incentives.services.policies import draft_bounty, draft_split
from ops_center.kernel.errors import Malformed
from ops_center.management.benches.activations import make_activations
from tests.cast import Cast, at
from tests.incentives.conftest import earned, path_a

pytestmark = pytest.mark.django_db
OCTOBER = at("2026-10-20 10:00")
WHEN = at("2026-11-20 10:00")
DECEMBER = date(2026, 12, 1)
MONTH = period_of("2026-10")
S13 = dict.fromkeys(Path.values, SHARES | {Performance.CREDIT_CHECK: 1_200, Performance.ENTRY: 1_300})


@pytest.fixture
def october(bank: Cast) -> list[Application]:
    """Three cases of one month: a classic on Path C, a platinum on B, a classic on A."""
    classic = earned(bank, when=OCTOBER)
    platinum = earned(bank, when=OCTOBER, product="BJ", referred=False)
    alone = path_a(bank, when=OCTOBER)
    bank.coach(alone, when=OCTOBER, by=bank.chen_xiaoming)
    bank.activate(alone, when=OCTOBER, by=bank.chen_xiaoming)
    accrue(at=OCTOBER)
    return [classic, platinum, bank.again(alone)]


def split_draft(bank: Cast, **facts: object) -> SplitPolicy:
    return draft_split(columns=S13, starts_on=DECEMBER, actor=bank.cao_ying, at=WHEN, **facts)  # type: ignore[arg-type]


def shown(rows: list[Comparison]) -> dict[str, tuple[int, int]]:
    return {getattr(row.what, "name", row.what): (row.before_fen, row.after_fen) for row in rows}


def shares_only(found: Preview) -> tuple[int, int]:
    shares = [row for row in found.lines if row.what != "TIMELINESS"]
    return sum(row.before_fen for row in shares), sum(row.after_fen for row in shares)


def test_before_is_the_ledger_to_the_fen(bank: Cast, october: list[Application]) -> None:
    found = preview(MONTH, tried=Tried(None, []), at=WHEN)
    ledger = dict(RewardEntry.objects.order_by().values_list("payee__name").annotate(Sum("amount_fen")))
    assert {name: before for name, (before, _after) in shown(found.people).items()} == ledger
    assert found.total.before_fen == found.total.after_fen == sum(ledger.values())
    assert (found.cases, found.touched, found.unearned) == (3, 0, 0)


def test_a_split_draft_moves_three_hundredths_from_the_check_to_the_entry(
    bank: Cast, october: list[Application]
) -> None:
    found = preview(MONTH, tried=tried_of(split=split_draft(bank).number, bounties=[], on=WHEN.date()), at=WHEN)
    lines = shown(found.lines)
    assert lines["CREDIT_CHECK"] == (15_00 + 45_00 + 15_00, 12_00 + 36_00 + 12_00)
    assert lines["ENTRY"] == (10_00 + 30_00 + 10_00, 13_00 + 39_00 + 13_00)
    assert lines["REFERRER"] == (125_00, 125_00)
    assert shares_only(found) == (500_00, 500_00)
    assert [row.what.name for row in found.gainers] == ["方芳"]
    assert [row.what.name for row in found.losers] == ["何秀兰"]
    assert (found.cases, found.touched) == (3, 3)


def test_a_bounty_draft_touches_its_product_only(bank: Cast, october: list[Application]) -> None:
    bounty = draft_bounty(product="BJ", amount_fen=320_00, starts_on=DECEMBER, actor=bank.cao_ying, at=WHEN)
    found = preview(MONTH, tried=tried_of(split=None, bounties=[bounty.pk], on=WHEN.date()), at=WHEN)
    assert (found.cases, found.touched) == (3, 1)
    assert shares_only(found) == (500_00, 520_00)
    assert shown(found.lines)["AFTER_SALES"] == (20_00 + 60_00 + 20_00, 20_00 + 64_00 + 20_00)


def test_drafts_are_tried_out_together(bank: Cast, october: list[Application]) -> None:
    policy = split_draft(bank)
    bounty = draft_bounty(product="BJ", amount_fen=320_00, starts_on=DECEMBER, actor=bank.cao_ying, at=WHEN)
    found = preview(MONTH, tried=tried_of(split=policy.number, bounties=[bounty.pk], on=WHEN.date()), at=WHEN)
    assert shown(found.lines)["ENTRY"] == (50_00, 13_00 + 41_60 + 13_00)
    assert shares_only(found) == (500_00, 520_00)


def test_a_pilot_touches_the_cases_of_its_branches(bank: Cast, october: list[Application]) -> None:
    """The classic on Path C is the card center's, the other two are of 滨河支行."""
    pilot = split_draft(bank, is_pilot=True, branches=["BH01"])
    found = preview(MONTH, tried=tried_of(split=pilot.number, bounties=[], on=WHEN.date()), at=WHEN)
    assert found.touched == 2
    assert shown(found.lines)["ENTRY"] == (50_00, 10_00 + 39_00 + 13_00)


def test_what_a_first_spend_would_have_to_earn_is_counted(bank: Cast, october: list[Application]) -> None:
    classic = october[0]
    Application.objects.filter(pk=classic.pk).update(first_spend_at=at("2026-10-25 10:00"))
    bounty = draft_bounty(
        product="PK", amount_fen=100_00, starts_on=DECEMBER, trigger="FIRST_SPEND", spend_days=30,
        actor=bank.cao_ying, at=WHEN,
    )  # fmt: skip
    found = preview(MONTH, tried=tried_of(split=None, bounties=[bounty.pk], on=WHEN.date()), at=WHEN)
    assert (found.touched, found.unearned) == (2, 1)
    assert shares_only(found) == (500_00, 400_00)


def test_a_referring_customer_and_the_pool_stand_beside_the_people(bank: Cast) -> None:
    case = bank.refer(when=OCTOBER, referrer_type=ReferrerType.CUSTOMER)
    case = bank.to_branch(bank.complete(bank.collect(case, when=OCTOBER), when=OCTOBER), when=OCTOBER)
    bank.receive(bank.send(case, when=OCTOBER), when=OCTOBER)
    bank.finish(case, when=OCTOBER)
    accrue(at=OCTOBER)
    draft = split_draft(bank, customer_fen=25_00)
    found = preview(MONTH, tried=tried_of(split=draft.number, bounties=[], on=WHEN.date()), at=WHEN)
    kinds = {row.what.value: (row.before_fen, row.after_fen) for row in found.payee_kinds}
    assert (kinds["CUSTOMER"], kinds["POOL"]) == ((20_00, 25_00), (5_00, 0))


def test_an_empty_month_says_so_and_the_last_twelve_are_offered(bank: Cast) -> None:
    found = preview(period_of("2026-09"), tried=Tried(None, []), at=WHEN)
    assert (found.cases, found.total.before_fen, found.people) == (0, 0, [])
    months = offered_months(WHEN)
    assert (months[0], months[-1], len(months)) == ("2026-10", "2025-11", 12)


def test_what_is_in_force_already_is_not_tried_out(bank: Cast) -> None:
    for asked in ({"split": 1, "bounties": []}, {"split": None, "bounties": [10**9]}):
        with pytest.raises(Malformed, match="Only drafts"):
            tried_of(**asked, on=WHEN.date())  # type: ignore[arg-type]


# -- a whole month -----------------------------------------------------------------------------------------------------
def month_of_cases(bank: Cast, cases: int) -> tuple[Preview, float]:
    """So many cases with every special case among them; the preview of a split draft, and the seconds it took."""
    make_activations(cases=cases, at=OCTOBER, is_mixed=True)
    accrue(at=OCTOBER)
    tried = tried_of(split=split_draft(bank).number, bounties=[], on=WHEN.date())
    started = time.perf_counter()
    return preview(MONTH, tried=tried, at=OCTOBER), time.perf_counter() - started


def test_before_is_the_ledger_of_a_month_with_every_special_case(bank: Cast) -> None:
    found, _seconds = month_of_cases(bank, 300)
    ledger = RewardEntry.objects.order_by().values_list("payee_kind").annotate(Sum("amount_fen"))
    lapsed = found.total.before_fen - sum(fen for _kind, fen in ledger)
    kinds = {row.what.value: row.before_fen for row in found.payee_kinds}
    assert found.cases == Assessment.objects.filter(verdict="EARNED").count() > 200
    assert kinds == dict(ledger) | {"EMPLOYEE": dict(ledger)["EMPLOYEE"] + lapsed}
    close_ended_months(at=at("2026-11-01 02:00"))
    assert lapsed == (PenaltyCap.objects.aggregate(fen=Sum("lapsed_fen"))["fen"] or 0)


@pytest.mark.long
def test_two_thousand_cases_take_less_than_two_seconds(bank: Cast) -> None:
    found, seconds = month_of_cases(bank, 2_000)
    assert found.cases > 1_500
    assert seconds < 2, seconds
