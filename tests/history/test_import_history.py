"""Cases of the time before the system come in as they were: marked, judged by their own days, and exactly once."""

from __future__ import annotations

import gzip
import json
from datetime import date, timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Count, Sum
from django.test import Client

from applications.models import Application, CaseClock, Event, ReturnNote
from incentives.services.accrual import accrue
from ops_center import clock
from ops_center.history.bpi import REQUIRED
from organization.models import Message
from supervision.models import Breach
from supervision.services import breaches
from tests.cast import Cast, at
from tests.history.test_writer import check_chain

pytestmark = pytest.mark.django_db

# 2011-10-03 and 2025-09-29 are both Mondays; 1 to 8 October 2025 were free.
LINE = {
    "case_id": "900001", "referred_at": "2011-10-03T01:00:00Z", "collected_at": "2011-10-03T02:00:00Z",
    "credit_check_at": "2011-10-04T02:00:00Z", "entry_at": "2011-10-14T02:00:00Z",
    "offer_sent_at": "2011-10-17T02:00:00Z", "activated_at": "2011-11-14T02:00:00Z", "rejected_at": "",
    "withdrawn_at": "", "m2_outcome": "activated", "returned_count": "0", "first_returned_at": "",
    "last_returned_done_at": "",
}  # fmt: skip


def run(path: Path, **options: object) -> tuple[dict[str, object], str]:
    out, err = StringIO(), StringIO()
    call_command("import_history", str(path), stdout=out, stderr=err, **options)
    assert out.getvalue().count("\n") == 1
    return json.loads(out.getvalue()), err.getvalue()


def file_of(folder: Path, *changes: dict[str, str], columns: tuple[str, ...] = ()) -> Path:
    header = (*REQUIRED, *columns)
    rows = [",".join((LINE | change).get(name, "") for name in header) for change in changes]
    path = folder / "old.csv"
    path.write_text("\n".join([",".join(header), *rows]) + "\n", encoding="utf-8")
    return path


def tables() -> tuple[int, int, int]:
    return Application.objects.count(), Event.objects.count(), CaseClock.objects.count()


# -- the log of a real bank ------------------------------------------------------------------------------------------
def test_the_old_log_comes_in_with_the_counts_of_its_description(bank: Cast, old_log: Path) -> None:
    counts, progress = run(old_log)
    assert counts == {
        "cases": 7455, "written": 7455, "already_there": 0, "skipped": 0, "taken_in": 7455, "check_passed": 4143,
        "entry_complete": 2886, "issued": 2836, "activated": 1336, "returned_cases": 922, "returns": 1297,
        "outcomes": {"activated": 1336, "issued_never_activated": 1047, "issued_then_rejected": 453, "rejected": 3948,
                     "withdrawn": 671},
    }  # fmt: skip
    assert "7455 cases written" in progress
    cases = Application.objects.all()
    states = dict(cases.values_list("state").annotate(n=Count("id")).order_by("state"))
    assert states == {"ACTIVATED": 1336, "EXPIRED": 1047, "REJECTED": 4401, "WITHDRAWN": 671}
    reached = {stamp: cases.exclude(**{stamp: None}).count() for stamp in ("checked_at", "entered_at", "issued_at")}
    assert reached == {"checked_at": 4143, "entered_at": 2886, "issued_at": 2836}
    returned = cases.filter(round__gt=1)
    assert (returned.count(), ReturnNote.objects.count()) == (922, 1297)
    assert returned.aggregate(Sum("round"))["round__sum"] - 922 == 1297
    first = cases.earliest("referred_at").referred_at
    assert first is not None
    assert (first.year, first.month) == (2025, 9)
    # Nothing of it is waited for, nobody was told, nothing is owed.
    at_last = clock.now()
    assert not CaseClock.objects.filter(stopped_at=None).exists()
    assert not CaseClock.objects.filter(outcome__in=["LATE_PENDING", "LATE_QUEUE"]).exists()
    assert CaseClock.objects.filter(outcome="LATE").exists()
    assert breaches.find_breaches(at=at_last) == breaches.warn(at=at_last) == Breach.objects.count() == 0
    assert accrue(at=at_last)["settled_before"] == 1336
    assert Message.objects.count() == 0
    for case in cases.order_by("?")[:50]:
        check_chain(case)
    before = tables()
    counts, _progress = run(old_log)
    assert (counts["written"], counts["already_there"]) == (0, 7455)
    assert tables() == before


# -- one case --------------------------------------------------------------------------------------------------------
def test_an_imported_case_says_so_and_names_the_steps_that_the_old_records_know(bank: Cast, tmp_path: Path) -> None:
    run(file_of(tmp_path, {}))
    case = Application.objects.get()
    assert (case.is_imported, case.form_no, case.state) == (True, "BPI-900001", "ACTIVATED")
    assert case.taken_in_at == at("2025-09-29 10:00")
    assert list(case.events.values_list("step", "from_state", "to_state")) == [
        ("refer", "", "REFERRED"), ("complete-intake", "REFERRED", "TAKEN_IN"), ("pass-check", "TAKEN_IN", "CHECKED"),
        ("submit-entry", "CHECKED", "ENTERED"), ("mark-issued", "ENTERED", "ISSUED"),
        ("activate", "ISSUED", "ACTIVATED"),
    ]  # fmt: skip
    assert all(event.facts["imported"] for event in case.events.all())
    assert case.dispatched_at is case.received_at is case.filed_at is None
    check_chain(case)


def test_its_page_opens_although_no_client_is_known(bank: Cast, tmp_path: Path, client: Client) -> None:
    run(file_of(tmp_path, {}))
    client.force_login(bank.zheng_weiguo, backend="django.contrib.auth.backends.ModelBackend")
    case = Application.objects.get()
    assert client.get(f"/applications/{case.number}/").status_code == 200
    assert case.applicant.name is None


def test_its_clocks_are_judged_by_the_calendar_of_those_days(bank: Cast, tmp_path: Path) -> None:
    run(file_of(tmp_path, {}))
    clocks = {row.kind: (row.started_at, row.due_at, row.outcome) for row in CaseClock.objects.all()}
    taken_in, entered, issued = at("2025-09-29 10:00"), at("2025-10-10 10:00"), at("2025-10-13 10:00")
    assert clocks == {
        # No receipt is known, so the center's clocks start with the intake.
        "CHECK": (taken_in, at("2025-09-30 17:30"), "ON_TIME"),
        "ENTRY": (taken_in, at("2025-10-09 17:30"), "LATE"),  # eight free days, and still a day late
        "ISSUE": (entered, at("2025-10-23 17:30"), "ON_TIME"),
        "CONTACT": (issued, at("2025-10-15 17:30"), "LATE"),
        "COACH": (issued, issued + timedelta(days=15), "VOID"),
        "ACTIVATE": (issued, issued + timedelta(days=30), "ON_TIME"),
        "REGISTER": (at("2025-11-10 10:00"), at("2025-11-11 17:30"), "VOID"),
    }


@pytest.mark.parametrize(
    ("change", "state", "step", "actor_known"),
    [
        ({"m2_outcome": "rejected", "rejected_at": "2011-10-05T02:00:00Z", "entry_at": "", "offer_sent_at": "",
          "activated_at": ""}, "REJECTED", "imported", True),
        ({"m2_outcome": "issued_then_rejected", "rejected_at": "2011-11-05T02:00:00Z", "activated_at": ""},
         "REJECTED", "imported", True),
        ({"m2_outcome": "withdrawn", "withdrawn_at": "2011-10-15T02:00:00Z", "offer_sent_at": "", "activated_at": ""},
         "WITHDRAWN", "withdraw", True),
        ({"m2_outcome": "issued_never_activated", "withdrawn_at": "2011-11-05T02:00:00Z", "activated_at": ""},
         "EXPIRED", "expire", False),
        ({"m2_outcome": "issued_open", "activated_at": ""}, "ISSUED", "mark-issued", True),
        ({"m2_outcome": "open", "entry_at": "", "offer_sent_at": "", "activated_at": ""}, "CHECKED", "pass-check",
         True),
    ],
)  # fmt: skip
def test_an_end_that_the_charter_lacks_is_the_step_imported(
    bank: Cast, tmp_path: Path, change: dict[str, str], state: str, step: str, actor_known: bool
) -> None:
    run(file_of(tmp_path, change))
    case = Application.objects.get()
    last = case.events.latest("seq")
    assert (case.state, last.step, last.to_state) == (state, step, state)
    assert (last.actor is not None) == actor_known
    running = case.clocks.filter(stopped_at=None)
    assert running.exists() == (state in ("ISSUED", "CHECKED"))
    assert case.due_at == min((row.due_at for row in running), default=None)


def test_returns_are_counted_and_a_single_one_is_timed(bank: Cast, tmp_path: Path) -> None:
    back = {"first_returned_at": "2011-10-18T02:00:00Z", "last_returned_done_at": "2011-10-26T02:00:00Z"}
    run(file_of(
        tmp_path, {"returned_count": "1"} | back, {"case_id": "900002", "returned_count": "3"} | back,
        {"case_id": "900003", "returned_count": "1"} | back | {"last_returned_done_at": "2012-01-01T00:00:00Z"},
    ))  # fmt: skip
    once, thrice, unfinished = Application.objects.order_by("form_no")
    assert list(once.events.values_list("step", "to_state", "round"))[-3:] == [
        ("return", "RETURNED", 2), ("imported", "ISSUED", 2), ("activate", "ACTIVATED", 2),
    ]  # fmt: skip
    assert (once.returned_at, once.resubmitted_at) == (at("2025-10-14 10:00"), at("2025-10-22 10:00"))
    assert once.clocks.get(kind="SUPPLEMENT").outcome == "LATE"  # due on the 21st
    assert once.clocks.get(kind="ACTIVATE", round=2).outcome == "ON_TIME"
    assert (thrice.round, thrice.returns.count(), thrice.clocks.get(kind="SUPPLEMENT").outcome) == (4, 3, "VOID")
    # The paper was never complete before the case went on: it leaves RETURNED by its last step.
    assert unfinished.events.latest("seq").from_state == "RETURNED"
    assert unfinished.resubmitted_at is None


def test_people_are_picked_by_the_stated_rule_or_named_by_the_file(bank: Cast, tmp_path: Path) -> None:
    run(file_of(tmp_path, {"checker": "LZ10007", "collector": "LZ10019"}, columns=("checker", "collector")))
    case = Application.objects.get()
    assert (case.collector, case.branch, case.path) == (bank.luo_yong, bank.branches["YX01"], "C")
    assert case.performers.get(role="CREDIT_CHECK").employee == bank.he_xiulan
    assert case.referrer is not None
    run(file_of(tmp_path, {}), prefix="AGAIN")
    again = Application.objects.get(form_no="AGAIN-900001")
    assert again.referrer == case.referrer
    assert again.collector is not None
    assert again.collector.has_role("CM", on=date(2025, 9, 29))


# -- what is refused -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"credit_check_at": "2011-10-03T01:30:00Z"}, "credit_check_at comes before collected_at"),
        ({"m2_outcome": "rejected", "activated_at": "", "offer_sent_at": "", "rejected_at": "2011-10-13T00:00:00Z"},
         "rejected_at comes before entry_at"),
        ({"referred_at": ""}, "referred_at is missing"),
        ({"entry_at": "14.10.2011"}, "is no time with its zone"),
        ({"entry_at": "2011-10-14T02:00:00"}, "is no time with its zone"),
        ({"m2_outcome": "lost"}, "is none of"),
        ({"m2_outcome": "rejected"}, "do not go together"),
        ({"returned_count": "2"}, "do not go together"),
        ({"case_id": "90 0001"}, "case_id"),
        ({"referred_at": "2031-10-03T01:00:00Z"}, "comes before"),
        ({"activated_at": "2019-10-03T01:00:00Z"}, "lies in the future"),
        ({"collector": "LZ99999"}, "is no employee"),
        ({"product": "XX"}, "is not on sale"),
    ],
)  # fmt: skip
def test_a_bad_line_is_named_and_nothing_is_written(
    bank: Cast, tmp_path: Path, change: dict[str, str], sentence: str
) -> None:
    path = file_of(tmp_path, {"case_id": "900007"}, change, columns=("collector", "product"))
    with pytest.raises(CommandError, match="line 3: ") as no:
        run(path)
    assert sentence in str(no.value)
    assert "\n" not in str(no.value)
    assert tables() == (0, 0, 0)


def test_bad_lines_are_left_out_and_listed_where_that_is_asked_for(bank: Cast, tmp_path: Path) -> None:
    path = file_of(tmp_path, {}, {"case_id": "900002", "referred_at": ""}, {}, {"case_id": "900003"})
    counts, told = run(path, skip_bad=True)
    assert (counts["written"], counts["skipped"]) == (2, 2)
    assert "line 3 skipped: referred_at is missing" in told
    assert "line 4 skipped: case 900001 stands in the file twice" in told


@pytest.mark.parametrize(
    ("header", "sentence"),
    [
        ("case_id,referred_at", "wrong header: missing collected_at"),
        (",".join(REQUIRED) + ",refferer", "wrong header: unknown 'refferer'"),
        (",".join(REQUIRED) + ",case_id", "a column stands twice"),
        ("", "wrong header"),
    ],
)
def test_a_wrong_header_is_one_clear_line(bank: Cast, tmp_path: Path, header: str, sentence: str) -> None:
    path = tmp_path / "old.csv"
    path.write_text(header + "\n")
    with pytest.raises(CommandError, match=sentence):
        run(path)


def test_a_file_that_is_not_there_or_damaged_is_one_clear_line(bank: Cast, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"none\.csv cannot be read"):
        run(tmp_path / "none.csv")
    damaged, whole = tmp_path / "old.csv.gz", file_of(tmp_path, {}).read_bytes()
    damaged.write_bytes(gzip.compress(whole)[:-20])
    with pytest.raises(CommandError, match="cannot be read"):
        run(damaged)
