"""English in the code, Chinese in the catalogues, nothing in between."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.utils.translation import gettext, override

from ops_center.management.commands import words

TEMPLATES = sorted((Path(settings.BASE_DIR) / "templates").rglob("*.html"))


def test_every_word_has_its_chinese() -> None:
    missing = {f"{places[0]}: {word.text}" for word, places in words.untranslated().items()}
    assert not missing


def test_the_chinese_names_the_same_facts_as_the_english() -> None:
    assert words.wrong_facts() == []


def test_no_word_has_two_translations() -> None:
    assert words.two_minds() == []


def test_templates_and_python_are_both_read() -> None:
    found = words.words_in_use()
    assert words.Word("Sign in") in found
    assert any(
        place.endswith("pages.py:66") or "pages.py" in place
        for place in found[next(word for word in found if word.text.startswith("This page belongs to another role"))]
    )
    assert any(word.plural for word in found)


def test_an_app_s_words_belong_to_its_catalogue() -> None:
    assert words.owner_of("applications/rules.py:3") == "applications"
    assert words.owner_of("templates/applications/case.html:3") == "applications"
    assert words.owner_of("templates/base.html:3") == "ops_center"


def test_a_catalogue_is_compiled_once(tmp_path: Path, settings) -> None:
    settings.BASE_DIR = tmp_path
    source = words.catalogues()["ops_center"]
    source.parent.mkdir(parents=True)
    source.write_text('msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\nmsgid "Bag"\nmsgstr "封包"\n')
    assert words.compile_catalogues() == [source.with_suffix(".mo")]
    assert words.compile_catalogues() == []


def test_what_was_compiled_is_said_at_once(tmp_path: Path, settings) -> None:
    """The first start of a fresh copy has loaded its words, none, before they are compiled."""
    settings.BASE_DIR, settings.LOCALE_PATHS = tmp_path, [tmp_path / "locale"]
    source = words.catalogues()["ops_center"]
    source.parent.mkdir(parents=True)
    source.write_text('msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\nmsgid "Bale"\nmsgstr "捆"\n')
    with override("zh-hans"):
        assert gettext("Bale") == "Bale"
    words.compile_catalogues()
    with override("zh-hans"):
        assert gettext("Bale") == "捆"


def test_check_names_what_is_missing(tmp_path: Path, settings, capsys) -> None:
    settings.BASE_DIR = tmp_path
    (tmp_path / "organization").mkdir()
    (tmp_path / "organization" / "rules.py").write_text('from x import gettext as _\n\n_("Bag %(number)s")\n')
    with pytest.raises(CommandError, match="1 words without Chinese"):
        call_command("words", "--check")
    assert "organization/rules.py:3" in capsys.readouterr().out
    call_command("words", "--missing", "organization")
    assert 'msgid "Bag %(number)s"' in capsys.readouterr().out


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.relative_to(settings.BASE_DIR).as_posix())
def test_a_template_says_what_it_takes_and_keeps_to_the_policy(path: Path) -> None:
    source = path.read_text()
    assert source.startswith("{# "), "the first line says what it takes"
    markup = re.sub(r"{#.*?#}|{%.*?%}|{{.*?}}", "", source, flags=re.S)
    assert not re.search(r"\sstyle=|\son\w+=|<style|javascript:", markup), "inline style or handler"
    assert not re.search(r"<script(?![^>]*\ssrc=)", markup), "inline script"
    assert "|safe" not in source
    assert not re.search(r"https?://", markup.replace("http://www.w3.org/", "")), "another host"
