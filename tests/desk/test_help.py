"""Work instructions: every page that names a topic has one, and every topic is written."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings

from applications.forms import FORMS
from ops_center.desk.help_topics import SAME, TOPICS, groups

_TOPIC = re.compile(r"{% block topic %}([a-z-]+){% endblock %}")


def named_topics() -> set[str]:
    pages = Path(settings.BASE_DIR, "templates").rglob("*.html")
    named = {topic for page in pages for topic in _TOPIC.findall(page.read_text(encoding="utf-8"))}
    return named | {step.value for step in FORMS}  # the page of a step names the step


def test_every_topic_that_a_page_names_has_an_instruction() -> None:
    assert {SAME.get(topic, topic) for topic in named_topics()} <= set(TOPICS)
    assert set(SAME.values()) <= set(TOPICS)


@pytest.mark.parametrize("topic", TOPICS)
def test_every_instruction_is_written(hire, visit, topic: str) -> None:
    answer = visit(hire("EMP")).get(f"/help/{topic}/")
    assert answer.status_code == 200
    article = answer.content.decode().split("<article", 1)[1].split("</article>", 1)[0]
    assert len(article) > 150


def test_a_step_leads_to_the_instruction_of_its_work(hire, visit) -> None:
    assert visit(hire("CC")).get("/help/pass-check/").context["topic"] == "check"


def test_an_unknown_topic_is_404(hire, visit) -> None:
    assert visit(hire("EMP")).get("/help/no-such-thing/").status_code == 404


def test_each_topic_stands_in_the_list_once() -> None:
    listed = [topic for _group, rows in groups() for topic, _title in rows]
    assert sorted(listed) == sorted(TOPICS)
