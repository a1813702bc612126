"""The supervisor declares an outage: looked at first, never twice for the same hours, told once, lifted breaches."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.test import Client

from applications.lifecycle import Clock, Outcome, State
from applications.models import CaseClock, Outage
from applications.services.recounts import lay_outages
from ops_center.kernel.errors import Malformed, NotAllowed, Refused
from organization.models import AuditRecord, Employee, Message, RoleAssignment
from organization.roles import Role
from supervision.models import Breach, Standing
from supervision.services.breaches import find_breaches
from supervision.services.justifications import close_lapsed_windows, standing
from supervision.services.outages import declare_outage, end_outage, preview_outage, withdraw_outage
from tests.cast import Cast, at
from tests.supervision.conftest import Bank

pytestmark = pytest.mark.django_db

SIGNED = at("2026-11-24 08:40")  # S5: ENTRY is due Thursday 26 November 17:30


@pytest.fixture
def cast(bank: Bank) -> Cast:
    return bank.cast


def declare(cast: Cast, since: str, until: str, *, now: str, **facts: Any) -> Outage:
    facts = {"reason": "核心系统停机", "actor": cast.feng_zhiqiang} | facts
    return declare_outage(since=at(since), until=at(until), at=at(now), **facts)


def test_a_breach_that_the_outage_explains_is_lifted_and_one_that_it_does_not_stays(cast: Cast) -> None:
    cases = [cast.received(when=SIGNED), cast.received(when=SIGNED)]
    for case, entered in zip(cases, ("2026-11-27 09:00", "2026-11-27 10:30"), strict=True):
        cast.check(case, when=at("2026-11-24 11:00"))
        cast.lend(cast.again(case), to=cast.fang_fang, when=at("2026-11-26 09:00"))
        cast.key(cast.again(case), when=at(entered))
        cast.review(case, when=at(entered))
    find_breaches(at=at("2026-11-27 10:40"))
    preview = preview_outage(
        since=at("2026-11-26 16:00"), until=at("2026-11-26 18:00"), states=(), at=at("2026-11-27 11:00")
    )
    assert len(preview.relieved) == 1
    declare(cast, "2026-11-26 16:00", "2026-11-26 18:00", now="2026-11-27 11:00")
    close_lapsed_windows(at=at("2026-11-27 11:01"))
    stands = [
        standing(Breach.objects.get(application=case, kind=Clock.ENTRY), at("2026-11-27 11:02")) for case in cases
    ]
    outcomes = [CaseClock.objects.get(application=case, kind=Clock.ENTRY).outcome for case in cases]
    assert stands == [Standing.LIFTED, Standing.TO_EXPLAIN]
    assert outcomes == [Outcome.EXEMPT, Outcome.LATE_PENDING]


def test_a_running_case_is_overdue_no_more_and_may_become_so_again(cast: Cast) -> None:
    case = cast.received(when=SIGNED)
    find_breaches(at=at("2026-11-27 09:00"))
    breach = Breach.objects.get(application=case, kind=Clock.ENTRY)
    declare(cast, "2026-11-26 15:30", "2026-11-26 17:30", now="2026-11-27 09:10")  # now due Friday 10:30
    assert standing(Breach.objects.get(pk=breach.pk), at("2026-11-27 09:11")) == Standing.LIFTED
    find_breaches(at=at("2026-11-27 10:31"))
    again = Breach.objects.get(application=case, kind=Clock.ENTRY)
    assert (again.pk, again.due_at) == (breach.pk, at("2026-11-27 10:30"))
    assert standing(again, at("2026-11-27 10:31")) != Standing.LIFTED


def test_nothing_is_excused_twice(cast: Cast) -> None:
    declare(cast, "2026-11-25 09:00", "2026-11-25 11:00", now="2026-11-25 12:00", states=[State.CHECKED])
    declare(cast, "2026-11-25 10:00", "2026-11-25 12:00", now="2026-11-25 12:00", states=[State.RECEIVED])
    declare(cast, "2026-11-25 11:00", "2026-11-25 11:30", now="2026-11-25 12:00", states=[State.CHECKED])
    for states in ([], [State.CHECKED], [State.CHECKED, State.ISSUED]):
        with pytest.raises(Refused, match="09:00"):
            declare(cast, "2026-11-25 08:30", "2026-11-25 09:01", now="2026-11-25 12:00", states=states)
    declare(cast, "2026-11-25 08:30", "2026-11-25 09:00", now="2026-11-25 12:00")
    with pytest.raises(Refused):
        declare(cast, "2026-11-25 08:40", "2026-11-25 08:50", now="2026-11-25 12:00", states=[State.ISSUED])


@pytest.mark.parametrize(
    ("since", "until", "field"),
    [
        ("2026-11-25 11:00", "2026-11-25 11:00", "until"), ("2026-11-25 11:00", "2026-11-25 11:00:59", "until"),
        ("2026-11-25 11:00", "2026-11-25 10:00", "until"),
        ("2026-11-18 11:59", "2026-11-19 10:00", "since"), ("2026-11-25 11:00", "2026-12-02 11:01", "until"),
        ("2026-12-02 12:01", "2026-12-02 13:00", "since"),
    ],
)  # fmt: skip
def test_an_impossible_window_is_refused_with_its_field(cast: Cast, since: str, until: str, field: str) -> None:
    with pytest.raises(Malformed) as no:
        declare(cast, since, until, now="2026-11-25 12:00")
    assert list(no.value.errors) == [field]
    assert not Outage.objects.exists()


def test_nobody_excuses_a_delay_of_one_s_own(cast: Cast, bank: Bank) -> None:
    """S5, ten minutes late with the supervisor who says afterwards that the system was down."""
    other = Employee.objects.create(number="LZ10075", name="严明", branch=cast.feng_zhiqiang.branch)
    RoleAssignment.objects.create(employee=other, role=Role.SUP, starts_on=SIGNED.date())
    bank.clock(Clock.ENTRY, SIGNED, owner=cast.feng_zhiqiang)
    window = ("2026-11-26 16:00", "2026-11-26 17:30")
    with pytest.raises(Refused) as no:
        declare(cast, *window, now="2026-11-26 17:40")
    assert no.value.code == "own_breach"
    assert not Outage.objects.exists()
    declare(cast, "2026-11-23 16:00", "2026-11-23 17:30", now="2026-11-26 17:40")  # before the clock was started
    declare(cast, *window, now="2026-11-26 17:40", actor=other)


def test_only_the_supervisor_declares_with_a_reason_a_record_and_one_message_each(cast: Cast) -> None:
    cast.received(when=SIGNED)
    for actor in (cast.zheng_weiguo, cast.cao_ying, cast.fang_fang):
        with pytest.raises(NotAllowed):
            declare(cast, "2026-11-25 09:00", "2026-11-25 11:00", now="2026-11-25 12:00", actor=actor)
    with pytest.raises(Malformed):
        declare(cast, "2026-11-25 09:00", "2026-11-25 11:00", now="2026-11-25 12:00", reason=" ")
    declare(cast, "2026-11-25 09:00", "2026-11-25 11:00", now="2026-11-25 12:00")
    told = Message.objects.filter(kind="outage_declared")
    assert set(told.values_list("employee__number", flat=True)) == {"LZ10010", "LZ10012", "LZ10013", "LZ10014"}
    assert told.count() == 4
    assert AuditRecord.objects.filter(action="declare_outage").count() == 1
    assert AuditRecord.objects.get(action="recount_clocks").facts["clocks"] == 2


def test_a_system_that_is_back_early_ends_the_outage_then(cast: Cast) -> None:
    case = cast.received(when=SIGNED)
    outage = declare(cast, "2026-11-25 10:00", "2026-11-25 17:00", now="2026-11-25 10:05")
    end_outage(outage=outage.pk, actor=cast.feng_zhiqiang, at=at("2026-11-25 11:00"))
    clock = CaseClock.objects.get(application=case, kind=Clock.ENTRY)
    assert (clock.paused_at, clock.due_at) == (None, at("2026-11-27 09:30"))
    with pytest.raises(Refused):
        end_outage(outage=outage.pk, actor=cast.feng_zhiqiang, at=at("2026-11-25 12:00"))


def test_an_outage_ahead_is_withdrawn_and_no_clock_stands_still_for_it(cast: Cast) -> None:
    case = cast.received(when=SIGNED)
    window = ("2026-11-25 14:00", "2026-11-25 17:00")
    outage = declare(cast, *window, now="2026-11-25 10:00")
    for actor in (cast.zheng_weiguo, cast.cao_ying):
        with pytest.raises(NotAllowed):
            withdraw_outage(outage=outage.pk, actor=actor, at=at("2026-11-25 13:00"))
    outage = withdraw_outage(outage=outage.pk, actor=cast.feng_zhiqiang, at=at("2026-11-25 13:59"))
    assert (outage.withdrawn_by, outage.withdrawn_at) == (cast.feng_zhiqiang, at("2026-11-25 13:59"))
    assert lay_outages(at=at("2026-11-25 14:01")) == {"moved": 0}
    clock = CaseClock.objects.get(application=case, kind=Clock.ENTRY)
    assert (clock.paused_at, clock.due_at) == (None, at("2026-11-26 17:30"))
    record = AuditRecord.objects.get(action="withdraw_outage")
    assert (record.actor, record.subject) == (cast.feng_zhiqiang, f"outage {outage.pk}")
    told = Message.objects.filter(kind="outage_withdrawn")
    assert set(told.values_list("employee__number", flat=True)) == {"LZ10010", "LZ10012", "LZ10013", "LZ10014"}
    for again in (withdraw_outage, end_outage):
        with pytest.raises(Refused) as no:
            again(outage=outage.pk, actor=cast.feng_zhiqiang, at=at("2026-11-25 14:30"))
        assert no.value.code == "outage_withdrawn"
    declare(cast, *window, now="2026-11-25 15:00")  # it came after all
    assert CaseClock.objects.get(pk=clock.pk).paused_at == at("2026-11-25 14:00")


def test_an_outage_that_has_begun_is_not_withdrawn(cast: Cast) -> None:
    cast.received(when=SIGNED)
    outage = declare(cast, "2026-11-25 14:00", "2026-11-25 17:00", now="2026-11-25 10:00")
    lay_outages(at=at("2026-11-25 14:01"))
    for when in ("2026-11-25 13:59", "2026-11-25 14:00", "2026-11-25 18:00"):  # the first waited for the row
        with pytest.raises(Refused) as no:
            withdraw_outage(outage=outage.pk, actor=cast.feng_zhiqiang, at=at(when))
        assert no.value.code == "outage_begun"
    empty = declare(cast, "2026-11-26 14:00", "2026-11-26 15:00", now="2026-11-25 18:00", states=[State.DRAFT])
    with pytest.raises(Refused):
        withdraw_outage(outage=empty.pk, actor=cast.feng_zhiqiang, at=at("2026-11-26 14:00"))
    assert not Outage.objects.exclude(withdrawn_at=None).exists()


def test_the_list_takes_a_fixed_number_of_queries(
    cast: Cast, client: Client, django_assert_max_num_queries: Callable[[int], AbstractContextManager[Any]]
) -> None:
    for hour in range(9, 15):
        declare(cast, f"2026-11-24 {hour:02}:00", f"2026-11-24 {hour:02}:30", now="2026-11-25 09:00")
    client.force_login(cast.zheng_weiguo)
    client.get("/outages/")
    with django_assert_max_num_queries(12):
        assert client.get("/outages/").content.decode().count("核心系统停机") == 6


# -- pages and API -----------------------------------------------------------------------------------------------------
def test_the_page_shows_what_it_does_first_and_keeps_what_was_typed(cast: Cast, client: Client) -> None:
    cast.received(when=SIGNED)
    client.force_login(cast.feng_zhiqiang)
    typed = {"since": "2026-11-24T09:00", "until": "2026-11-24T10:00", "reason": "影像系统停机"}
    looked = client.post("/outages/new/", typed)
    assert looked.status_code == 200
    assert 'value="影像系统停机"' in looked.content.decode()
    assert not Outage.objects.exists()
    assert client.post("/outages/new/", typed | {"declare": "yes"}).status_code == 302
    page = client.get("/outages/").content.decode()
    assert "影像系统停机" in page
    refused = client.post("/outages/new/", typed | {"declare": "yes", "reason": "又一次"})
    assert refused.status_code == 409
    assert 'value="又一次"' in refused.content.decode()


@pytest.mark.parametrize(
    ("name", "read", "write"), [("feng_zhiqiang", 200, 200), ("zheng_weiguo", 200, 403), ("fang_fang", 403, 403)]
)
def test_who_may_read_and_who_may_declare(cast: Cast, client: Client, name: str, read: int, write: int) -> None:
    client.force_login(getattr(cast, name))
    assert client.get("/outages/").status_code == read
    assert client.get("/outages/new/").status_code == write


def test_the_api_previews_declares_lists_and_refuses(cast: Cast, client: Client) -> None:
    cast.received(when=SIGNED)
    client.force_login(cast.feng_zhiqiang)
    window = {"since": "2026-11-24T09:00:00+08:00", "until": "2026-11-24T10:00:00+08:00"}

    def post(path: str, facts: dict[str, Any]) -> Any:
        return client.post(f"/api/v1/outages/{path}", facts, content_type="application/json")

    assert post("preview/", window).json() == {"paused": 2, "moved": 2, "relieved": 0}
    assert post("", window).status_code == 400
    answer = post("", window | {"reason": "停电", "states": ["RECEIVED"]})
    assert (answer.status_code, answer.json()["moved"], answer.json()["declared_by"]) == (201, 2, "LZ10012")
    assert post("", window | {"reason": "停电"}).status_code == 409
    assert post("", window | {"reason": "停电", "states": ["ACTIVATED"]}).status_code == 400
    assert [row["reason"] for row in client.get("/api/v1/outages/").json()["results"]] == ["停电"]
    assert post(f"{answer.json()['id']}/end/", {}).status_code == 409
    client.force_login(cast.zheng_weiguo)
    assert post("preview/", window).status_code == 403


def test_what_lies_ahead_is_withdrawn_on_the_page_and_by_the_api(cast: Cast, client: Client) -> None:
    """The suite's clock stands at Wednesday 10:00."""
    first, second = (
        declare(cast, f"2026-11-25 {hour}:00", f"2026-11-25 {hour}:30", now="2026-11-25 09:00") for hour in (14, 15)
    )
    client.force_login(cast.zheng_weiguo)
    assert "/withdraw/" not in client.get("/outages/").content.decode()
    assert client.post(f"/outages/{first.pk}/withdraw/").status_code == 403
    client.force_login(cast.feng_zhiqiang)
    assert client.get("/outages/").content.decode().count("/withdraw/") == 2
    assert client.post(f"/outages/{first.pk}/withdraw/").status_code == 302

    def withdraw(outage: int) -> Any:
        return client.post(f"/api/v1/outages/{outage}/withdraw/", {}, content_type="application/json")

    answer = withdraw(second.pk)
    assert (answer.status_code, answer.json()["withdrawn_by"]) == (200, "LZ10012")
    assert (withdraw(second.pk).status_code, withdraw(0).status_code) == (409, 404)
    page = client.get("/outages/").content.decode()
    assert "/withdraw/" not in page
    assert page.count('<span class="muted">已撤回</span>') == 2  # with who did it and when


def test_the_api_says_in_whose_hands_the_overdue_minutes_were(cast: Cast, client: Client) -> None:
    case = cast.received(when=at("2026-11-20 08:40"))  # ENTRY is due Tuesday 24 November 17:30
    cast.check(case, when=at("2026-11-20 09:00"))
    cast.lend(cast.again(case), to=cast.fang_fang, when=at("2026-11-25 08:50"))
    cast.key(cast.again(case), when=at("2026-11-25 09:01"))
    cast.review(case, when=at("2026-11-25 09:01"))
    find_breaches(at=at("2026-11-25 09:30"))
    breach = Breach.objects.get(application=case, kind=Clock.ENTRY)
    client.force_login(cast.zheng_weiguo)
    charges = [
        {"holder": "QUEUE", "person": None, "branch": None, "minutes": 20},
        {"holder": "PERSON", "person": "LZ10008", "branch": None, "minutes": 11},
    ]
    assert client.get(f"/api/v1/breaches/{breach.pk}/").json()["custody"] == charges
    clocks = {row["kind"]: row for row in client.get(f"/api/v1/applications/{case.number}/").json()["clocks"]}
    assert [(row["pause"], row["minutes"]) for row in clocks["ENTRY"]["intervals"]] == [("", 1641)]
    for page in (f"/breaches/{breach.pk}/", f"/applications/{case.number}/"):
        assert "超时 31 个工作分钟：中心队列 20，方芳 11" in client.get(page).content.decode()
