"""The first sight in the morning: every role's home, its figures against a slow recount, and what it costs."""

from __future__ import annotations

import re

import pytest

from applications.lifecycle import Clock, State
from applications.models import Application, CaseClock
from applications.services import problems
from applications.services.contacts import log_contact
from incentives.reference import install_policies
from incentives.services.accrual import accrue
from ops_center.desk.homes import HOMES, sections_for
from ops_center.desk.homes.parts import Agenda, Section, Tile
from ops_center.job_words import JOB_WORDS
from organization.models import Employee, JobRun
from organization.roles import Role
from referrals.services import refer
from supervision.models import Breach
from supervision.services.breaches import find_breaches
from supervision.services.justifications import justify
from tests.cast import Cast, at

NOW = at("2026-11-26 15:30")


@pytest.fixture
def day(bank: Cast, monkeypatch) -> Cast:
    """The bank on a Thursday afternoon: something in every state that a home counts."""
    install_policies()
    monkeypatch.setattr("ops_center.clock.now", lambda: NOW)
    bank.activated(when=at("2026-11-10 10:00"), referred=True)
    accrue(at=NOW)
    for when in ("2026-11-24 08:40", "2026-11-25 09:10", "2026-11-25 09:20"):
        bank.received(when=at(when))
    stuck = bank.received(when=at("2026-11-24 10:00"))
    bank.lend(stuck, to=bank.he_xiulan, when=at("2026-11-25 10:20"))
    problems.raise_problem(
        case=stuck.number, actor=bank.he_xiulan, at=at("2026-11-25 10:30"), code="F04", party="BRANCH", note="电话未填"
    )
    back = bank.received(when=at("2026-11-24 10:20"))
    bank.lend(back, to=bank.he_xiulan, when=at("2026-11-26 14:00"))
    problems.return_case(
        case=back.number, actor=bank.he_xiulan, at=at("2026-11-26 15:00"), codes=["D05"], note="请补流水"
    )
    checked = bank.received(when=at("2026-11-20 08:40"))
    bank.check(checked, when=at("2026-11-23 09:00"))
    bank.complete(bank.draft(when=at("2026-11-26 09:10")), when=at("2026-11-26 09:10"))
    bank.draft(when=at("2026-11-26 15:10"))
    bank.send(bank.complete(bank.draft(when=at("2026-11-25 16:00")), when=at("2026-11-25 16:10")),
              when=at("2026-11-25 18:35"))  # fmt: skip
    refer(actor=bank.li_wenjing, at=at("2026-11-26 14:10"), product=bank.product("BJ"), person=bank.client(),
          consent=True)  # fmt: skip
    return bank


def home_of(person: Employee, role: Role) -> Section:
    again = Employee.objects.with_standing().get(pk=person.pk)
    return next(section for section in sections_for(again, at=NOW) if section.role == role)


def figures(section: Section) -> dict[str, object]:
    return {str(tile.label): tile.value for tile in section.tiles}


def lines(section: Section) -> list[str]:
    """The numbers of the cases in the lists, in their order."""
    agendas = [part for part in (*section.main, *section.side) if isinstance(part, Agenda)]
    return [line.label for agenda in agendas for line in agenda.lines]


def states(*wanted: State, **where: object) -> int:
    """A slow recount: every case looked at one by one."""
    cases = [case for case in Application.objects.all() if case.state in wanted]
    return sum(all(getattr(case, name) == value for name, value in where.items()) for case in cases)


# -- everybody ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("role", Role.values)
def test_every_role_has_a_home_even_in_an_empty_bank(hire, visit, role: str) -> None:
    answer = visit(hire(role)).get("/")
    assert answer.status_code == 200
    assert Role(role) in {section.role for section in answer.context["sections"]}


def test_every_role_is_at_home_somewhere() -> None:
    assert set(HOMES) == set(Role)


def test_somebody_with_several_roles_sees_the_main_work_first(day: Cast) -> None:
    person = Employee.objects.with_standing().get(pk=day.xu_wenjuan.pk)
    assert [section.role for section in sections_for(person, at=NOW)] == [Role.EC, Role.ER, Role.EMP]


def test_outsourced_staff_have_no_home_as_an_employee(day: Cast) -> None:
    person = Employee.objects.with_standing().get(pk=day.song_jia.pk)
    assert [section.role for section in sections_for(person, at=NOW)] == [Role.EC]


def test_every_link_of_every_home_opens(day: Cast, client) -> None:
    for person in day.people.values():
        client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
        page = client.get("/").content.decode()
        main = page.split('<main id="main"', 1)[1].split("</main>", 1)[0]
        addresses = {address.replace("&amp;", "&") for address in re.findall(r'<a [^>]*href="([^"]+)"', main)}
        answers = {address: client.get(address).status_code for address in sorted(addresses)}
        assert {address: status for address, status in answers.items() if status not in (200, 302)} == {}, person


MOST_QUERIES = {
    "li_wenjing": 28, "chen_xiaoming": 27, "zhao_lixin": 29, "qian_yumei": 19, "zhou_qiming": 28, "wu_xiaofeng": 17,
    "he_xiulan": 21, "xu_wenjuan": 25, "zheng_weiguo": 27, "lin_xiaoyu": 19, "feng_zhiqiang": 36, "cao_ying": 22,
    "su_min": 23, "pan_wei": 23, "tian_ye": 21,
}  # fmt: skip


def test_a_home_costs_few_queries_whatever_the_bank_holds(day: Cast, client, django_assert_max_num_queries) -> None:
    for person, most in MOST_QUERIES.items():
        client.force_login(day.people[person], backend="django.contrib.auth.backends.ModelBackend")
        client.get("/")
        with django_assert_max_num_queries(most, info=person):
            client.get("/")


def test_who_may_still_explain_a_delay_reads_so_first_with_the_way_there(day: Cast, visit) -> None:
    late = Application.objects.filter(state=State.RECEIVED).earliest("id")
    CaseClock.objects.filter(application=late, kind=Clock.CHECK).update(
        owner=day.he_xiulan, owned_since=at("2026-11-25 09:00"), due_at=at("2026-11-25 17:30")
    )
    find_breaches(at=NOW)
    breach = Breach.objects.get(application=late, kind=Clock.CHECK)
    way = f'<a href="/breaches/{breach.pk}/">'
    page = visit(day.he_xiulan).get("/").content.decode()
    assert way in page
    assert "2026-11-27 17:30" in page
    justify(breach_id=breach.pk, actor=day.he_xiulan, at=NOW, code="SYSTEM_FAILURE", text="9:30 至 9:50 无法登录")
    assert way not in visit(day.he_xiulan).get("/").content.decode()


# -- the figures -------------------------------------------------------------------------------------------------------
def test_the_employee_sees_own_referrals_with_the_expected_and_the_earned_share(day: Cast) -> None:
    section = home_of(day.li_wenjing, Role.EMP)
    assert figures(section)["在办转介"] == 1
    assert figures(section)["已计提未发放"] == "25.00"
    (agenda, *_rest) = section.main
    assert isinstance(agenda, Agenda)
    assert [line.fen for line in agenda.lines] == [7_500]


def test_the_customer_manager_sees_what_to_hand_in_and_what_came_back(day: Cast) -> None:
    me = day.chen_xiaoming.pk
    section = home_of(day.chen_xiaoming, Role.CM)
    shown = figures(section)
    assert shown["未封包"] == states(State.TAKEN_IN, collector_id=me) == 1
    assert shown["已退件"] == states(State.RETURNED, collector_id=me) == 1
    assert shown["问题件"] == states(State.PROBLEM, collector_id=me) == 1
    assert shown["收件中"] == states(State.DRAFT, collector_id=me) == 1
    assert shown["待承接转介"] == states(State.REFERRED) == 1
    returned = Application.objects.get(state=State.RETURNED)
    assert returned.number in lines(section)


def test_every_case_tile_of_the_customer_manager_counts_what_its_list_shows(day: Cast, client) -> None:
    client.force_login(day.chen_xiaoming, backend="django.contrib.auth.backends.ModelBackend")
    for tile in home_of(day.chen_xiaoming, Role.CM).tiles:
        if tile.href.startswith("/applications/?"):
            listed = set(re.findall(r"/applications/(JL\d+)/", client.get(tile.href).content.decode()))
            assert len(listed) == tile.value, tile.label


def test_the_branch_head_sees_the_branch(day: Cast) -> None:
    shown = figures(home_of(day.zhao_lixin, Role.BH))
    branch = day.branches["BH01"].pk
    assert shown["未封包"] == states(State.TAKEN_IN, branch_id=branch)
    assert shown["已封包或在途"] == states(State.BAGGED, State.IN_TRANSIT, branch_id=branch) == 1
    overdue = [c for c in Application.objects.filter(branch=branch) if c.due_at is not None and c.due_at < NOW]
    assert shown["已超时"] == len(overdue)


def test_the_sealer_sees_numbers_and_no_client(day: Cast, client) -> None:
    assert figures(home_of(day.qian_yumei, Role.BAG))["待装包"] == 1
    client.force_login(day.qian_yumei, backend="django.contrib.auth.backends.ModelBackend")
    assert "王**" not in client.get("/").content.decode()


def test_the_card_center_sees_the_pool_and_the_receiver_the_road(day: Cast) -> None:
    assert figures(home_of(day.zhou_qiming, Role.CS))["待承接转介"] == 1
    shown = figures(home_of(day.wu_xiaofeng, Role.RCV))
    assert (shown["待收的包"], shown["其中件数"]) == (1, 1)


@pytest.mark.parametrize(
    ("person", "role", "state"),
    [("he_xiulan", Role.CC, State.RECEIVED), ("fang_fang", Role.EC, State.CHECKED)],
)
def test_a_queue_s_clerk_sees_how_much_waits_and_never_a_client(day: Cast, client, person, role, state) -> None:
    section = home_of(day.people[person], role)
    assert figures(section)["等待中"] == states(state)
    client.force_login(day.people[person], backend="django.contrib.auth.backends.ModelBackend")
    assert "王**" not in client.get("/").content.decode()


def test_the_tracker_and_the_supervisor_count_every_overdue_case_once(day: Cast) -> None:
    overdue = sum(case.due_at is not None and case.due_at < NOW for case in Application.objects.all())
    assert figures(home_of(day.zheng_weiguo, Role.TR))["已超时"] == overdue > 0
    section = home_of(day.feng_zhiqiang, Role.SUP)
    tiles: dict[str, Tile] = {str(tile.label): tile for tile in section.tiles}
    assert tiles["已超时"].value == overdue
    ages = [tile.value for tile in section.tiles if "age=" in tile.href]
    assert sum(ages) == overdue


def test_the_tracker_sees_problems_and_what_is_to_be_registered(day: Cast) -> None:
    section = home_of(day.zheng_weiguo, Role.TR)
    assert figures(section)["未结问题件"] == states(State.PROBLEM) == 1
    assert figures(section)["待绩效登记"] == 1


def test_a_call_that_was_agreed_and_missed_stays_on_the_home_of_the_officer(day: Cast, client) -> None:
    when = at("2026-11-20 10:00")
    card = day.issued(day.received(when=when), when=when)
    agreed = {"channel": "PHONE", "result": "PROMISED", "promised_at": at("2026-11-25 10:00")}
    log_contact(case=card.pk, actor=day.lin_xiaoyu, at=at("2026-11-24 10:00"), **agreed)
    section = home_of(day.lin_xiaoyu, Role.AS)
    assert figures(section)["约定回电"] == 1
    assert card.number in lines(section)
    client.force_login(day.lin_xiaoyu, backend="django.contrib.auth.backends.ModelBackend")
    assert card.number in client.get("/queues/after-sales/").content.decode()


def test_the_administrator_reads_what_the_jobs_do_and_those_that_failed_first(day: Cast) -> None:
    errors = {"breaches": "", "letters": "OSError", "accrual": ""}
    for name, error in errors.items():
        JobRun.objects.create(name=name, started_at=NOW, ended_at=NOW, error=error)
    [jobs] = home_of(day.tian_ye, Role.ADM).main
    read = [str(row[0].value) for row in jobs.rows]
    assert read[0] == str(JOB_WORDS["letters"])
    assert set(read) == {str(JOB_WORDS[name]) for name in errors}


def test_human_resources_and_audit_see_no_client(day: Cast, client) -> None:
    for person in ("su_min", "cao_ying", "tian_ye"):
        client.force_login(day.people[person], backend="django.contrib.auth.backends.ModelBackend")
        assert "王**" not in client.get("/").content.decode()


def test_the_supervisor_s_home_renews_itself_and_others_do_not(day: Cast, client) -> None:
    for person, renews in (("feng_zhiqiang", True), ("zheng_weiguo", False)):
        client.force_login(day.people[person], backend="django.contrib.auth.backends.ModelBackend")
        assert ("every 60s" in client.get("/").content.decode()) is renews
