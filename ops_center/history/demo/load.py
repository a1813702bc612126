"""Loads the demo bank: people and reference data where they are missing, cases and rewards once."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

from django.db import connection, transaction

from applications.lifecycle import State
from applications.models import ChecklistItem, GroupBatch, Product
from applications.reference import install_reference_data
from applications.services.numbers import CODE_LETTERS
from incentives.reference import install_policies
from ops_center.clock import local_day
from ops_center.history.demo.bank import Crew, crew, install_bank
from ops_center.history.demo.cases import Cases, Fate, bag_incidents
from ops_center.history.demo.clients import Clients, name_number
from ops_center.history.demo.days import Days
from ops_center.history.demo.goals import set_goals
from ops_center.history.demo.groups import close_finished, open_batches
from ops_center.history.demo.hands import plan_hands
from ops_center.history.demo.journey import Teller
from ops_center.history.demo.months import settle_months
from ops_center.history.demo.outages import declare_past_outages
from ops_center.history.demo.rules import leave_draft, set_times
from ops_center.history.demo.scenarios import Scenarios
from ops_center.history.past import tell
from ops_center.history.rows import numbers
from ops_center.history.story import Story
from ops_center.history.writer import HistoryWriter
from organization.models import AuditRecord
from organization.services.audit import record
from organization.services.calendar import opening_times, working_calendar
from referrals.models import ExternalReferrer

MARKER = "load_demo"  # the audit record that says that the cases are there
SEED = 20_260_101
SENDERS = 3  # clients who send others
_LOAD_LOCK = 7_319_202


@transaction.atomic
def load_demo(*, at: datetime, progress: Callable[[str], None]) -> dict[str, int]:
    """Loads or completes the demo bank; the second time nothing changes. Returns what was added."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOAD_LOCK])
    added = install_reference_data() | install_policies()
    added["people"] = install_bank()
    progress(f"people and reference data: {added['people']} people added")
    if AuditRecord.objects.filter(action=MARKER).exists():
        return added | {"cases": 0}
    # Blind double keying is a switch per product: the demo bank has it on for one (ASM-11).
    Product.objects.filter(code="ZS").update(review_mode=Product.ReviewMode.DOUBLE)
    teller = _teller(at)
    batches = open_batches(teller.crew, teller.days)
    added["cases"] = _write_cases(teller, batches)
    close_finished(batches, teller.crew, teller.days)
    progress(f"{added['cases']} cases")
    declare_past_outages(teller.crew, teller.days)
    added |= settle_months(teller.crew, teller.days)
    leave_draft(teller.crew, teller.days)
    plan_hands(teller.crew, teller.days)
    progress("three months of rewards")
    added |= set_goals(teller.crew, at=at)
    progress("targets, weekly sheets, successes")
    record(action=MARKER, at=at, cases=added["cases"])
    return added


def _write_cases(teller: Teller, batches: Mapping[str, GroupBatch]) -> int:
    writer = HistoryWriter(code=lambda: _status_code(teller.rng))
    scripted = list(Scenarios(teller).tell())
    journeys = list(Cases(teller, batches).tell(brought=_standings(scripted, writer, teller.days.now)))
    bag_incidents(journeys, teller)
    stories = sorted([*scripted, *(journey.story for journey in journeys)], key=lambda story: story.steps[0].at)
    return sum(len(batch) for batch in writer.write(story.past() for story in stories))


def _teller(at: datetime) -> Teller:
    rng, today = random.Random(SEED), local_day(at)
    people, days = crew(), Days(working_calendar(), at, rng)
    set_times(people, days)
    checklists: dict[tuple[str, str], list[ChecklistItem]] = {}
    for line in ChecklistItem.objects.filter(starts_on__lte=today).order_by("place"):
        checklists.setdefault((line.tier, line.customer_group), []).append(line)
    return Teller(
        crew=people,
        clients=Clients(rng, today),
        days=days,
        products={product.code: product for product in Product.objects.all()},
        checklists=checklists,
        archive=_archive_numbers(),
        rng=rng,
        times=opening_times(),
        senders=_senders(people, at),
    )


def _senders(people: Crew, at: datetime) -> list[ExternalReferrer]:
    sponsor = people.by_number["LZ10001"]
    senders = []
    for serial, number in enumerate(numbers("referrals_external_number", SENDERS)):
        sender = ExternalReferrer(code=f"KH{number:06d}", sponsor=sponsor, created_at=at)
        sender.fill(name=name_number(5000 + serial), mobile=f"1000008{serial:04d}")
        sender.save(force_insert=True)
        senders.append(sender)
    return senders


def _standings(stories: list[Story], writer: HistoryWriter, at: datetime) -> Counter[tuple[Fate, bool]]:
    """What the scenarios bring to the funnel, and whether it is overdue."""
    found: Counter[tuple[Fate, bool]] = Counter()
    for story in stories:
        case = tell(story.past(), key=0, number="", status_code="", deadlines=writer.deadlines).case
        # A card that lapsed is none of the funnel's standings: it takes the place of one that was refused.
        fate = Fate.REFUSED if case.state == State.EXPIRED else Fate(case.state)
        found[fate, case.due_at is not None and case.due_at < at] += 1
    return found


def _archive_numbers() -> Iterator[int]:
    while True:
        yield from numbers("applications_archive_number", 100)


def _status_code(rng: random.Random) -> str:
    """An inquiry code like the real ones, but the same at every load of the same day."""
    letters = "".join(rng.choice(CODE_LETTERS) for _ in range(6))
    return f"{letters[:4]}-{letters[4:]}"
