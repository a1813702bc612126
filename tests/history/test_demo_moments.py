"""Whenever the demo bank is loaded, it is laid before that moment, and the same number of cases is overdue."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pytest

from applications.models import Product
from applications.reference import install_reference_data
from ops_center.history.demo import load
from ops_center.history.demo.bank import install_bank
from ops_center.history.demo.cases import FUNNEL, OVERDUE, Cases
from ops_center.history.demo.groups import open_batches
from ops_center.history.demo.scenarios import Scenarios
from ops_center.history.past import tell
from ops_center.history.writer import HistoryWriter
from tests.cast import at

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "moment",
    ["2026-11-23 08:05", "2026-11-26 15:00", "2026-11-27 23:30", "2026-11-29 12:00", "2026-10-08 09:30"],
    ids=["before-opening", "afternoon", "night", "sunday", "after-the-holidays"],
)
def test_at_any_moment_25_cases_are_overdue_and_nothing_lies_ahead(db: None, moment: str) -> None:
    install_reference_data()
    install_bank()
    Product.objects.filter(code="ZS").update(review_mode=Product.ReviewMode.DOUBLE)
    now = at(moment)
    teller, writer = load._teller(now), HistoryWriter()
    scripted = list(Scenarios(teller).tell())
    told = Cases(teller, open_batches(teller.crew, teller.days)).tell(brought=load._standings(scripted, writer, now))
    stories = [*scripted, *(journey.story for journey in told)]
    cases = [tell(story.past(), key=0, number="", status_code="", deadlines=writer.deadlines) for story in stories]
    assert len(cases) == sum(FUNNEL.values()) == 1200
    assert sum(one.case.due_at is not None and one.case.due_at < now for one in cases) == sum(OVERDUE.values()) == 25
    assert max(event["at"] for one in cases for event in one.events) <= now
    times = [value for story in stories for _model, row in story.about for value in _times(row)]
    assert max(times) <= now


def _times(row: dict[str, object]) -> Iterator[datetime]:
    bag = row.get("bag")
    yield from (value for value in getattr(bag, "columns", {}).values() if isinstance(value, datetime))
    yield from (
        value for name, value in row.items() if isinstance(value, datetime) and name not in ("promised_at", "due_at")
    )
