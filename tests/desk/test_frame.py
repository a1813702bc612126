"""The rail shows the rooms of a person's roles, and nothing that answers 403."""

from __future__ import annotations

import pytest
from django.urls import reverse

from ops_center import clock
from ops_center.desk.context import ROOMS, Frame, open_rooms
from ops_center.desk.demo_people import DEMO_PEOPLE
from organization.models import Employee, Message
from organization.roles import Employment, Role


def rail_of(client) -> list[str]:
    return [item.path for item in client.get("/").context["frame"].rail]


def test_every_role_has_a_home_and_no_role_is_unknown() -> None:
    for role in Role.values:
        assert [room.url_name for room in open_rooms(frozenset({role}))][:1] == ["home"]
    assert all(room.roles <= set(Role.values) for room in ROOMS)


@pytest.mark.parametrize("role", Role.values)
def test_no_room_of_the_rail_answers_403(hire, visit, role: str) -> None:
    client = visit(hire(role))
    answers = {path: client.get(path).status_code for path in rail_of(client) if path != reverse("admin:index")}
    assert {path: status for path, status in answers.items() if status not in {200, 302}} == {}


def test_an_ordinary_employee_sees_referrals_and_rewards_but_no_case(hire, visit) -> None:
    rail = {item.url_name for item in visit(hire("EMP")).get("/").context["frame"].rail}
    assert not rail & {
        "application-list",
        "bag-list",
        "queue",
        "payout-list",
        "audit-log",
        "admin:index",
    }


@pytest.mark.parametrize("role", Role.values)
def test_the_rail_holds_these_rooms_for_whom_they_open(hire, visit, role: str) -> None:
    client = visit(hire(role))
    rail = rail_of(client)
    for room in ("correction-list", "leaver-list", "policy-list"):
        path = reverse(room)
        assert (path in rail) == (client.get(path).status_code == 200), room


def test_outsourced_staff_find_their_queue_their_own_rewards_and_what_is_open_to_everybody(hire, visit) -> None:
    clerk = hire("EC", employment=Employment.OUTSOURCED, vendor="岚诚外包")
    rail = {item.url_name for item in visit(clerk).get("/").context["frame"].rail}
    own = {"home", "inbox", "queue", "my-rewards", "breach-list", "correction-list", "policy-list", "board"}
    assert rail <= own  # the board is that of the own timeliness


def test_the_administration_is_the_administrator_s_alone() -> None:
    doors = {role for role in Role.values for room in open_rooms(frozenset({role})) if room.url_name == "admin:index"}
    assert doors == {"ADM"}


@pytest.mark.parametrize(
    ("path", "room"),
    [
        ("/", "home"), ("/inbox/", "inbox"), ("/policies/", "policy-list"),
        ("/policies/clocks/new/", "clock-policy-list"),
        ("/policies/times/new/", "clock-policy-list"), ("/account/", None),
    ],
)  # fmt: skip
def test_the_room_where_one_stands_is_marked(hire, rf, path: str, room: str | None) -> None:
    request = rf.get(path)
    request.user = hire("MGT")
    assert [item.url_name for item in Frame(request).rail if item.active] == ([room] if room else [])


def test_the_bell_counts_what_is_unread(hire, visit) -> None:
    person = hire("EMP")
    Message.objects.create(employee=person, kind="accepted", at=clock.now())
    Message.objects.create(employee=person, kind="accepted", at=clock.now(), read_at=clock.now())
    assert visit(person).get("/").context["frame"].unread == 1


def test_the_frame_of_a_page_costs_five_queries(hire, visit, django_assert_num_queries) -> None:
    client = visit(hire("SUP"))
    client.get("/help/overview/")
    with django_assert_num_queries(5):  # session, person, roles, branch, unread
        client.get("/help/overview/")


def test_a_visitor_is_sent_to_the_sign_in_and_back(client) -> None:
    answer = client.get("/?day=1")
    assert answer.status_code == 302
    assert answer["Location"] == "/sign-in/?next=/%3Fday%3D1"


def test_a_fragment_of_a_visitor_takes_the_whole_browser_to_the_sign_in(client) -> None:
    answer = client.get("/", headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/bags/?state=OPEN"})
    assert answer["HX-Redirect"] == "/sign-in/?next=%2Fbags%2F%3Fstate%3DOPEN"


@pytest.mark.urls("tests.web.refusing_pages")
def test_the_door_lets_in_who_holds_one_of_its_roles_today(hire, visit) -> None:
    tracker = hire("TR")
    answer = visit(tracker).get("/trackers/")
    assert answer.content.decode() == f"{tracker.number} {clock.now():%Y} EMP TR"


@pytest.mark.urls("tests.web.refusing_pages")
def test_the_door_refuses_other_roles_and_roles_that_have_ended(hire, visit) -> None:
    former = hire("TR")
    former.roles.update(ends_on="2020-12-31")
    answer = visit(former).get("/trackers/")
    assert answer.status_code == 403
    assert answer.context["code"] == "role"


def test_the_demo_people_are_those_of_the_contract() -> None:
    assert len({person.number for person in DEMO_PEOPLE}) == len(DEMO_PEOPLE) == 21


def test_the_language_a_person_chooses_goes_with_the_person(hire, visit) -> None:
    person = hire("EMP")
    client = visit(person)
    assert "我的收益" in client.get("/").content.decode() or "首页" in client.get("/").content.decode()
    answer = client.post("/set-language/", {"language": "en", "next": "/"})
    assert answer.status_code == 302
    assert Employee.objects.get(pk=person.pk).language == "en"
    assert '<html lang="en">' in client.get("/").content.decode()


def test_a_language_that_is_not_offered_is_refused(hire, visit) -> None:
    assert visit(hire("EMP")).post("/set-language/", {"language": "fr"}).status_code == 400
