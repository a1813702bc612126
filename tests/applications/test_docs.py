"""The page about the life of a case is drawn from the charter."""

from __future__ import annotations

from django.core.management import call_command

from ops_center.management.commands.charter import PAGE, draw


def test_the_page_in_the_docs_is_the_charter_of_the_code() -> None:
    call_command("words", compile=True, verbosity=0)
    assert PAGE.read_text(encoding="utf-8") == draw(), "run manage.py charter --write"
