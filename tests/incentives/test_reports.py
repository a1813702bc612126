"""Reports about the money: exact figures, the list behind each, the files, and who sees what."""

from __future__ import annotations

import csv
import io
from datetime import date, datetime, timedelta

import pytest

from applications.models import Application
from incentives.lifecycle import EntryKind, Why
from incentives.models import PayoutBatch, RewardEntry
from incentives.periods import period_of
from incentives.selectors import quality, reports
from incentives.selectors.quality import Measure
from incentives.selectors.reports import Sums
from incentives.services.confirmations import certify, draft_confirmation
from incentives.services.payouts import make_payout, mark_paid
from incentives.services.registration import register
from incentives.services.reversals import approve_reversal, ask_reversal
from organization.models import AuditRecord, Employee, Qualification
from tests.cast import Cast, at
from tests.incentives.conftest import earned
from tests.incentives.test_pages import signed_in

pytestmark = pytest.mark.django_db
WHEN = at("2026-09-10 10:00")
NOW = at("2026-10-20 10:00")
SEPTEMBER = period_of("2026-09")
READERS = {"SUP", "MGT", "HR", "AUD"}


def question(person: Employee, when: datetime = NOW, period: str = "2026-09") -> reports.Question:
    return reports.Question.of(person, period_of(period), when)


@pytest.fixture
def cases(bank: Cast) -> list[Application]:
    """A classic on Path C and a platinum on Path B, all in time, activated on 10 and 12 September."""
    return [earned(bank, when=WHEN), earned(bank, when=WHEN + timedelta(days=2), product="BJ", referred=False)]


def pay(bank: Cast, case: Application, *, on: date = date(2026, 10, 2)) -> PayoutBatch:
    confirmed_at = at("2026-10-01 10:00")
    register(applications=[case.number], actor=bank.zheng_weiguo, at=confirmed_at)
    document = draft_confirmation(period="2026-09", actor=bank.zheng_weiguo, at=confirmed_at)
    certify(no=document.no, actor=bank.feng_zhiqiang, at=confirmed_at)
    batch = make_payout(confirmations=[document.no], actor=bank.su_min, at=confirmed_at)
    return mark_paid(batch=batch.pk, actor=bank.su_min, at=NOW, paid_on=on)


def claw_back(bank: Cast, case: Application) -> None:
    asked = ask_reversal(case=case.number, actor=bank.pan_wei, at=NOW, reason="代签")
    approve_reversal(reversal=asked.pk, actor=bank.feng_zhiqiang, at=NOW, reason="核实")


# -- figures -----------------------------------------------------------------------------------------------------------
def test_days_to_pay_share_by_the_15th_and_cost_of_a_card(bank: Cast, cases: list[Application]) -> None:
    pay(bank, cases[0])
    figures = reports.overview(question(bank.cao_ying))
    # Per case the shares and the bonus of everybody who was in time: 6 + 5 lines, 103.75 and 311.25 yuan.
    assert (figures.earned, figures.paid, figures.by_pay_day, figures.wrong) == (22, 11, 11, 0)
    assert (figures.median_days, figures.share_by_pay_day, figures.share_right) == (22, 0.5, 1.0)
    assert (figures.cost.fen, figures.cost.cards, figures.cost.per_card_fen) == (415_00, 2, 207_50)


def test_paid_on_the_16th_is_not_paid_by_the_15th(bank: Cast, cases: list[Application]) -> None:
    pay(bank, cases[0], on=date(2026, 10, 16))
    figures = reports.overview(question(bank.cao_ying))
    assert (figures.paid, figures.by_pay_day) == (11, 0)


def test_what_was_clawed_back_after_the_payment_was_not_right(bank: Cast, cases: list[Application]) -> None:
    pay(bank, cases[0])
    claw_back(bank, cases[0])
    september, october = question(bank.cao_ying), question(bank.cao_ying, period="2026-10")
    assert reports.overview(september).share_right == 0
    assert reports.overview(september).cost.fen == 415_00  # the month stays what it was; the minus is October's
    assert reports.clawed_back_by_ground(september) == []
    assert reports.clawed_back_by_ground(october) == [(Why.FRAUD, Sums(11, -103_75))]


def test_a_month_with_nothing_divides_by_nothing(bank: Cast) -> None:
    figures = reports.overview(question(bank.cao_ying))
    assert (figures.median_days, figures.share_by_pay_day, figures.share_right, figures.cost.per_card_fen) == (
        None,
    ) * 4
    text = signed_in(bank.cao_ying).get("/reports/rewards/?period=2020-01").content.decode()
    assert text.count('<span class="stat-value">—') == 4


def test_the_unpaid_stand_by_age_and_state_the_oldest_first(bank: Cast, cases: list[Application]) -> None:
    register(applications=[cases[0].number], actor=bank.zheng_weiguo, at=WHEN)
    seven_days_on = question(bank.cao_ying, when=at("2026-09-17 00:05"))
    eight_days_on = question(bank.cao_ying, when=at("2026-09-18 00:05"))
    assert reports.unpaid_by_age(seven_days_on) == {
        "0-7": {"REGISTERED": Sums(11, 103_75), "ACCRUED": Sums(11, 311_25)}
    }
    aged = reports.unpaid_by_age(eight_days_on)
    assert list(aged.items()) == [
        ("8-15", {"REGISTERED": Sums(11, 103_75)}),
        ("0-7", {"ACCRUED": Sums(11, 311_25)}),
    ]


def test_of_what_was_taken_back_only_the_minus_is_unpaid_and_before_the_export_nothing(
    bank: Cast, cases: list[Application]
) -> None:
    pay(bank, cases[0])
    for case in cases:
        claw_back(bank, case)
    asked = question(bank.cao_ying)
    assert reports.cut(asked, "unpaid").sum_fen() == -103_75
    assert set(reports.cut(asked, "unpaid").values_list("kind", flat=True)) == {"REVERSAL"}
    assert reports.overview(asked).earned == 11  # what was never to be paid cannot be late


def test_what_was_taken_back_shows_that_it_was_paid(bank: Cast, cases: list[Application]) -> None:
    batch = pay(bank, cases[0])
    claw_back(bank, cases[0])
    claw_back(bank, cases[1])
    found = {
        (entry.assessment_id, entry.state_code, entry.batch_out, entry.paid_on)
        for entry in RewardEntry.objects.filter(mirrors=None).with_state().with_pay_date()
    }
    assert found == {(cases[0].pk, "REVERSED", batch.pk, batch.paid_on), (cases[1].pk, "REVERSED", None, None)}
    page = signed_in(bank.fang_fang).get("/rewards/?month=2026-09").content.decode()
    assert page.count("Reversed</span>") >= 4
    assert "2026-10-02" in page


def test_the_pool_stands_by_reason(bank: Cast) -> None:
    Qualification.objects.filter(employee=bank.li_wenjing).delete()
    earned(bank, when=WHEN)
    assert reports.pool_by_reason(question(bank.cao_ying)) == [(Why.NOT_QUALIFIED, Sums(1, 25_00))]


def test_volume_and_quality_are_weighed_by_what_they_move(bank: Cast, cases: list[Application]) -> None:
    weights = reports.volume_weight(question(bank.cao_ying))
    assert {line.kind: line.plus_fen for line in weights.lines if line.plus_fen} == {
        EntryKind.SPLIT: 400_00,
        EntryKind.TIMELINESS: 15_00,
    }
    assert weights.share("VOLUME") == pytest.approx(400 / 415)
    assert weights.share("QUALITY") == pytest.approx(15 / 415)


def test_collectors_stand_in_bands_by_returns_and_by_dispatch(bank: Cast, cases: list[Application]) -> None:
    Application.objects.filter(pk=cases[1].pk).update(round=2)  # 陈小明's file came back
    rows = quality.collectors(question(bank.cao_ying))
    assert [(row.person.name, row.return_rate, row.on_time_rate, row.fen) for row in rows] == [
        ("陈小明", 1.0, 1.0, 311_25),
        ("周启明", 0.0, 1.0, 103_75),
    ]
    by_returns = {
        band.name: (band.collectors, band.cards, band.per_card_fen) for band in quality.bands(rows, Measure.RETURNS)
    }
    assert by_returns == {
        "0": (1, 1, 103_75), "0-5": (0, 0, None), "5-10": (0, 0, None), "10-20": (0, 0, None), "20+": (1, 1, 311_25),
        "none": (0, 0, None),
    }  # fmt: skip
    [all_in_time, *_others] = quality.bands(rows, Measure.ON_TIME)
    assert (all_in_time.name, all_in_time.collectors, all_in_time.per_card_fen) == ("100", 2, 207_50)


# -- lists and files ---------------------------------------------------------------------------------------------------
def test_every_figure_counts_the_list_behind_it(bank: Cast, cases: list[Application]) -> None:
    pay(bank, cases[0])
    claw_back(bank, cases[0])
    asked = question(bank.cao_ying)
    figures = reports.overview(asked)
    numbers = {name: reports.cut(asked, name).count() for name in reports.CUTS}
    assert numbers == {
        "cost": 22, "earned": figures.earned, "paid": figures.paid, "by-pay-day": figures.by_pay_day,
        "right": figures.right, "wrong": figures.wrong, "unpaid": 22, "pool": 0, "clawed-back": 0,
    }  # fmt: skip
    for age, states in reports.unpaid_by_age(asked).items():
        for state, sums in states.items():
            assert reports.cut(asked, "unpaid", age=age, state=state).count() == sums.entries
    page = signed_in(bank.cao_ying).get("/reports/rewards/entries/?period=2026-09&cut=paid").content.decode()
    assert "11 entries, 103.75 yuan" in page


def test_a_list_leaves_as_a_file_without_a_client_and_the_audit_log_says_who_took_it(
    bank: Cast, cases: list[Application]
) -> None:
    client = signed_in(bank.su_min)
    pay(bank, cases[0])
    answer = client.get("/reports/rewards/entries.csv?period=2026-09&cut=paid")
    head, *rows = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert head[:5] == ["申请编号", "产品", "角色", "类别", "金额"]
    assert sum(round(float(row[4]) * 100) for row in rows) == 103_75
    assert {(row[0], row[11]) for row in rows} == {(cases[0].number, "2026-10-02")}
    assert cases[0].applicant.name_mask not in answer.content.decode()
    assert client.get("/reports/rewards/entries.xlsx?period=2026-09&cut=paid").content.startswith(b"PK")
    taken = AuditRecord.objects.filter(action="export_report").order_by("id")
    assert [(row.actor, row.subject, row.facts) for row in taken] == [
        (bank.su_min, "paid 2026-09", {"format": form, "entries": 11}) for form in ("csv", "xlsx")
    ]


def test_volume_beside_quality_leaves_as_a_file(bank: Cast, cases: list[Application]) -> None:
    answer = signed_in(bank.pan_wei).get("/reports/rewards/collectors.csv?period=2026-09&measure=returns&band=0")
    _head, *rows = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert [(row[1], row[5], row[8], row[11]) for row in rows] == [
        ("陈小明", "0.0%", "100.0%", "311.25"),
        ("周启明", "0.0%", "100.0%", "103.75"),
    ]


# -- who sees what -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("path", ["", "entries/", "entries.csv", "collectors/", "collectors.xlsx"])
def test_reports_open_for_those_who_watch_over_the_money(bank: Cast, path: str) -> None:
    for person in bank.people.values():
        expected = 200 if person.role_codes(NOW.date()) & READERS else 403
        assert signed_in(person).get(f"/reports/rewards/{path}").status_code == expected, person


def test_human_resources_counts_what_is_certified(bank: Cast, cases: list[Application]) -> None:
    pay(bank, cases[0])
    figures = reports.overview(question(bank.su_min))
    assert (figures.earned, figures.cost.fen, figures.cost.cards) == (11, 103_75, 1)
    assert reports.unpaid_by_age(question(bank.su_min)) == {}


@pytest.mark.parametrize(
    "query", ["period=November", "cut=gone", "state=GONE", "age=old", "why=because", "kind=NONE", "colour=red"]
)
def test_a_filter_that_does_not_exist_is_refused(bank: Cast, query: str) -> None:
    assert signed_in(bank.cao_ying).get(f"/reports/rewards/entries/?{query}").status_code == 400


def test_the_reports_take_a_fixed_number_of_queries(
    bank: Cast, cases: list[Application], django_assert_max_num_queries
) -> None:
    client = signed_in(bank.cao_ying)
    with django_assert_max_num_queries(22):
        assert client.get("/reports/rewards/?period=2026-09").status_code == 200
