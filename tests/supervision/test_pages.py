"""The boards and the breaches as people open them: who may, what they see, every act through the page."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.template.loader import render_to_string
from django.test import Client

from applications.lifecycle import Clock, State
from applications.models import Application, CaseClock
from ops_center import clock
from organization.models import Message
from supervision.models import Breach, Justification, Standing, Urge
from supervision.selectors.cases import oversight_of
from supervision.services.breaches import find_breaches
from tests.supervision.conftest import Bank

pytestmark = pytest.mark.django_db


def page_of(person) -> Client:
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def now():
    return clock.now()


@pytest.fixture
def breach(bank: Bank, now) -> Breach:
    """A breach of the clerk's that fell due a minute ago."""
    case = bank.case(State.CHECKED, due_at=now - timedelta(minutes=1), due_clock=Clock.ENTRY)
    row = bank.clock(Clock.ENTRY, now - timedelta(days=9), case=case, owner=bank.people.ec)
    CaseClock.objects.filter(pk=row.pk).update(due_at=now - timedelta(minutes=1), warn_at=now - timedelta(minutes=2))
    find_breaches(at=now)
    return Breach.objects.get()


DOORS = {
    "/boards/overdue/": "bh bh2 tr sup mgt aud",
    "/boards/funnel/": "bh bh2 tr sup mgt aud",
    "/boards/capacity/": "tr sup mgt aud",
    "/boards/problems/": "bh bh2 tr sup mgt aud",
    "/boards/load/": "tr sup mgt aud",
    "/boards/timeliness/": "emp cm bh bag cs cc ec tr as_ sup mgt aud cm2 adm bh2",
    "/boards/leaderboard/": "emp cm bh bag cs cc ec tr as_ sup mgt aud cm2 adm bh2",
    "/breaches/": "emp cm bh bag cs cc ec tr as_ sup mgt aud cm2 adm bh2",
}


@pytest.mark.parametrize("path", DOORS)
def test_each_page_opens_for_its_roles_only(bank: Bank, breach: Breach, path: str) -> None:
    let_in = set(DOORS[path].split())
    for name, person in vars(bank.people).items():
        assert page_of(person).get(path).status_code == (200 if name in let_in else 403), name


def test_an_unknown_board_and_an_unknown_filter_are_refused(bank: Bank) -> None:
    supervisor = page_of(bank.people.sup)
    assert supervisor.get("/boards/weather/").status_code == 404
    assert supervisor.get("/boards/overdue/?stag=ENTRY").status_code == 400
    assert supervisor.get("/boards/overdue/?stage=LUNCH").status_code == 400
    assert supervisor.get("/boards/funnel/?period=2026-13").status_code == 400
    assert supervisor.get("/breaches/?show=theirs").status_code == 400


def test_a_number_of_the_board_opens_its_list(bank: Bank, breach: Breach) -> None:
    supervisor = page_of(bank.people.sup)
    number = breach.application.number
    for query in ("stage=CENTRAL_ENTRY", "branch=BH01", "age=0-1", "clock=ENTRY"):
        assert number in supervisor.get(f"/boards/overdue/?{query}").text
    for query in ("stage=INTAKE", "branch=YX01", "age=7%2B", "clock=CHECK"):
        assert number not in supervisor.get(f"/boards/overdue/?{query}").text
    assert number in supervisor.get("/boards/capacity/?queue=entry&which=overdue").text
    assert number in supervisor.get("/boards/funnel/?reached=taken-in&period=2026-11").text


def test_the_board_refreshes_its_figures_and_leaves_the_list(bank: Bank, breach: Breach) -> None:
    text = page_of(bank.people.sup).get("/boards/overdue/?branch=BH01").text
    assert 'hx-trigger="every 60s"' in text
    assert 'hx-select="#figures"' in text
    assert 'hx-get="?branch=BH01"' in text


def test_the_management_reads_figures_and_no_cases(bank: Bank, breach: Breach) -> None:
    number = breach.application.number
    assert f'href="/applications/{number}/"' in page_of(bank.people.sup).get("/boards/overdue/").text
    for path in ("overdue/", "overdue/?stage=CENTRAL_ENTRY", "funnel/?reached=taken-in", "capacity/?queue=entry",
                 "timeliness/?verdict=open", "problems/", "load/?person=LZ10008&which=clocks"):  # fmt: skip
        text = page_of(bank.people.mgt).get(f"/boards/{path}").text
        assert number not in text, path
        assert "reassign-chosen" not in text


def test_the_overdue_board_costs_the_same_for_one_case_and_for_twenty(
    bank: Bank, breach: Breach, django_assert_max_num_queries, now
) -> None:
    supervisor = page_of(bank.people.sup)
    for _ in range(20):
        bank.case(State.CHECKED, due_at=now - timedelta(hours=3), due_clock=Clock.ENTRY, claimed_by=bank.people.ec,
                  claimed_at=now, claimed_until=now + timedelta(minutes=10))  # fmt: skip
    with django_assert_max_num_queries(14):
        assert supervisor.get("/boards/overdue/").status_code == 200


def test_chosen_cases_are_urged_and_each_refusal_is_said(bank: Bank, breach: Breach) -> None:
    done = bank.case(State.ACTIVATED)
    supervisor = page_of(bank.people.sup)
    body = {"number": [breach.application.number, done.number], "text": "请今天录入"}
    answer = supervisor.post("/boards/overdue/urge/", body, follow=True)
    assert answer.status_code == 200
    assert Urge.objects.get().application == breach.application
    assert Message.objects.filter(employee=bank.people.ec, kind="urged").exists()
    assert done.number in answer.text
    assert supervisor.post("/boards/overdue/urge/", {"text": "请今天录入"}).status_code == 400


def test_urging_goes_back_to_a_page_of_our_own(bank: Bank, breach: Breach) -> None:
    supervisor = page_of(bank.people.sup)
    body = {"number": breach.application.number, "text": "请今天录入"}
    htmx = {"HX-Request": "true", "HX-Current-URL": "https://elsewhere.example/boards/overdue/"}
    assert supervisor.post("/boards/overdue/urge/", body, headers=htmx)["HX-Redirect"] == "/boards/overdue/"


def test_the_way_of_an_explanation_through_the_pages(bank: Bank, breach: Breach) -> None:
    clerk, tracker = page_of(bank.people.ec), page_of(bank.people.tr)
    listed = clerk.get("/breaches/").text
    assert breach.application.number in listed
    one = f"/breaches/{breach.pk}/"
    assert f'action="{one}justify/"' in clerk.get(one).text
    assert f'action="{one}justify/"' not in tracker.get(one).text
    assert clerk.post(f"{one}justify/", {"code": "SYSTEM_FAILURE", "text": "系统故障"}).status_code == 302
    assert f'action="{one}decide/"' in tracker.get(one).text
    assert f'action="{one}decide/"' not in clerk.get(one).text
    assert breach.application.number in tracker.get("/breaches/?show=decide").text
    assert tracker.post(f"{one}decide/", {"accepted": "yes", "note": "属实"}).status_code == 302
    assert Justification.objects.get().is_accepted is True
    assert "属实" in clerk.get(one).text


def test_an_empty_explanation_is_refused_and_named(bank: Bank, breach: Breach) -> None:
    answer = page_of(bank.people.ec).post(
        f"/breaches/{breach.pk}/justify/", {"code": "", "text": ""}, headers={"HX-Request": "true"}
    )
    assert answer.status_code == 400
    assert not Justification.objects.exists()


def test_a_strangers_breach_is_out_of_sight(bank: Bank, breach: Breach) -> None:
    assert page_of(bank.people.cc).get(f"/breaches/{breach.pk}/").status_code == 404
    assert breach.application.number not in page_of(bank.people.cc).get("/breaches/?show=all").text


def test_the_branch_head_gives_the_opinion_through_the_page(bank: Bank, now) -> None:
    case = bank.case(State.TAKEN_IN)
    row = bank.clock(Clock.DISPATCH, now - timedelta(days=9), case=case, owner=bank.people.cm)
    CaseClock.objects.filter(pk=row.pk).update(due_at=now - timedelta(minutes=1))
    find_breaches(at=now)
    one = f"/breaches/{Breach.objects.get().pk}/"
    page_of(bank.people.cm).post(f"{one}justify/", {"code": "OTHER", "text": "钞车提前发车"})
    head = page_of(bank.people.bh)
    assert f'action="{one}opinion/"' in head.get(one).text
    assert case.number in head.get("/breaches/?show=opinion").text
    assert head.post(f"{one}opinion/", {"supports": "yes", "text": ""}).status_code == 302
    assert Justification.objects.get().opinion_supports is True


def test_the_list_of_breaches_goes_on_page_by_page(bank: Bank, now) -> None:
    for minute in range(7):
        row = bank.clock(Clock.CHECK, now - timedelta(days=9), owner=bank.people.cc)
        CaseClock.objects.filter(pk=row.pk).update(due_at=now - timedelta(minutes=minute + 1))
    find_breaches(at=now)
    seen, path = [], "/breaches/?show=all&page_size=3"
    auditor = page_of(bank.people.aud)
    while path:
        context = auditor.get(path).context
        seen += [row["breach"].pk for row in context["rows"]]
        path = f"/breaches/?show=all&page_size=3&after={context['next']}" if context["next"] else ""
    assert seen == sorted(seen, reverse=True)
    assert len(seen) == 7


def test_the_case_page_may_show_what_supervision_knows(bank: Bank, breach: Breach, rf) -> None:
    supervisor = page_of(bank.people.sup)
    supervisor.post("/boards/overdue/urge/", {"number": breach.application.number, "text": "请今天录入"})
    case = Application.objects.get(pk=breach.application_id)
    oversight = oversight_of(case, employee=bank.people.sup, at=clock.now())
    assert [(row.pk, stands) for row, stands in oversight.breaches] == [(breach.pk, Standing.TO_EXPLAIN)]
    assert [urge.text for urge in oversight.urges] == ["请今天录入"]
    assert oversight.may_urge
    text = render_to_string("supervision/partials/_oversight.html", {"case": case, "oversight": oversight}, rf.get("/"))
    assert f'href="/breaches/{breach.pk}/"' in text
    assert 'name="number"' in text
    clerk = oversight_of(case, employee=bank.people.cc, at=clock.now())
    assert (clerk.breaches, clerk.may_urge) == ([], False)
