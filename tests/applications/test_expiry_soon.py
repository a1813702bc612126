"""Three days before a case lapses, who looks after it is told, once."""

from __future__ import annotations

from datetime import date

import pytest

from organization.models import Absence
from supervision.services.daily import remind_of_expiry
from tests.cast import Cast, at

pytestmark = pytest.mark.django_db


def test_the_collector_and_after_sales_are_told_once_three_days_before(bank: Cast) -> None:
    case = bank.issued(bank.received(when=at("2026-08-20 09:00")), when=at("2026-08-20 10:00"))
    assert remind_of_expiry(at=at("2026-11-15 10:00")) == 0  # a Sunday: it waits for the morning
    assert remind_of_expiry(at=at("2026-11-16 08:29")) == 0
    assert remind_of_expiry(at=at("2026-11-16 08:30")) == 1
    assert remind_of_expiry(at=at("2026-11-16 11:00")) == 0
    for person in (bank.chen_xiaoming, bank.lin_xiaoyu):
        message = person.news.get(kind="expires_soon")
        assert message.facts == {"number": case.number, "day": "2026-11-18"}


def test_of_a_lead_that_nobody_took_the_referrer_is_told(bank: Cast) -> None:
    bank.refer(when=at("2026-10-01 09:00"))
    assert remind_of_expiry(at=at("2026-10-29 09:00")) == 1
    assert bank.li_wenjing.news.filter(kind="expires_soon").count() == 1


def test_nobody_is_told_at_night_before_the_last_day(bank: Cast) -> None:
    bank.refer(when=at("2026-10-01 22:00"))  # it lapses on Saturday 31 October at 22:00
    for night in ("2026-10-28 22:30", "2026-10-29 07:00"):
        assert remind_of_expiry(at=at(night)) == 0
    Absence.objects.create(employee=bank.li_wenjing, starts_on=date(2026, 10, 29), ends_on=date(2026, 11, 2))
    assert remind_of_expiry(at=at("2026-10-30 10:00")) == 0
    assert remind_of_expiry(at=at("2026-10-30 22:00")) == 1
