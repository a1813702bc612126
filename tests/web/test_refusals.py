"""A no reaches the person where the hand is, with its status, and what was typed is not lost."""

from __future__ import annotations

import pytest
from django.test import Client

pytestmark = [pytest.mark.urls("tests.web.refusing_pages"), pytest.mark.django_db]

STATUSES = [400, 403, 404, 409, 412]
HTMX = {"HX-Request": "true"}


@pytest.mark.parametrize("status", STATUSES)
def test_a_page_that_refuses_keeps_the_status_and_says_the_sentence(client: Client, status: int) -> None:
    answer = client.get(f"/refuse/{status}/", headers={"accept-language": "en"})
    assert answer.status_code == status
    assert answer.templates[0].name == f"errors/{status}.html"
    assert answer.context["sentence"] in answer.content.decode()


@pytest.mark.parametrize("status", STATUSES)
def test_a_fragment_that_is_refused_becomes_a_toast(client: Client, status: int) -> None:
    answer = client.post(f"/refuse/{status}/", {"note": "long text"}, headers=HTMX)
    assert answer.status_code == status
    assert (answer["HX-Retarget"], answer["HX-Reswap"]) == ("#toasts", "beforeend")
    assert "<html" not in answer.content.decode()


def test_the_sentences_of_the_fields_are_told_too(client: Client) -> None:
    assert "18 characters" in client.get("/refuse/400/").content.decode()
    assert "18 characters" in client.get("/refuse/400/", headers=HTMX).content.decode()


def test_what_was_typed_is_kept_but_never_a_password_or_a_token(client: Client) -> None:
    typed = {"note": "联系人单位电话未填", "password": "hush-hush", "csrfmiddlewaretoken": "x" * 32, "empty": " "}
    page = client.post("/refuse/409/", typed).content.decode()
    assert "联系人单位电话未填" in page
    assert "hush-hush" not in page
    assert "x" * 32 not in page
    assert "<dt>empty</dt>" not in page


def test_the_way_back_leads_to_our_own_pages_only(client: Client) -> None:
    ours = client.get("/refuse/409/", headers={"referer": "http://testserver/bags/7/"})
    assert ours.context["back"] == "http://testserver/bags/7/"
    foreign = client.get("/refuse/409/", headers={"referer": "http://evil.example/bags/7/"})
    assert foreign.context["back"] == "/"


@pytest.mark.parametrize("status", STATUSES)
def test_a_program_gets_a_problem_document(client: Client, status: int) -> None:
    answer = client.get(f"/api/v1/refuse/{status}/")
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["status"] == status
    assert answer.json()["code"]


def test_an_unknown_address_answers_in_the_asker_s_language_and_form(client: Client) -> None:
    assert client.get("/nowhere/").templates[0].name == "errors/404.html"
    assert client.get("/api/v1/nowhere/").json()["code"] == "out-of-sight"


def test_djangos_own_refusals_look_the_same(client: Client) -> None:
    assert client.get("/raise/denied/").status_code == 403
    assert client.get("/raise/missing/", headers=HTMX)["HX-Retarget"] == "#toasts"


def test_a_bug_stays_a_bug_and_asks_no_database(client: Client, django_assert_num_queries) -> None:
    client.raise_request_exception = False
    with django_assert_num_queries(0):
        answer = client.get("/raise/bug/")
    assert answer.status_code == 500
    assert "a bug" not in answer.content.decode()


def test_a_form_from_yesterday_is_told_to_reload(settings) -> None:
    strict = Client(enforce_csrf_checks=True)
    answer = strict.post("/refuse/409/", {"note": "kept"})
    assert answer.status_code == 403
    assert answer.context["code"] == "form-expired"
    assert "kept" in answer.content.decode()


def test_nothing_that_a_view_made_is_stored(client: Client) -> None:
    assert client.get("/refuse/409/")["Cache-Control"] == "no-store"
    assert "no-store" in client.get("/sign-in/")["Cache-Control"]


def test_pages_allow_no_inline_script_and_no_other_host(client: Client) -> None:
    policy = client.get("/sign-in/")["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "http" not in policy
