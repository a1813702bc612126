"""What the pages for developers name exists: links lead somewhere, files are there, names are of the code."""

from __future__ import annotations

import re
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from itertools import product
from pathlib import Path

import pytest
from django.core.management import get_commands

from ops_center.celery import app

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(ROOT.glob("docs/*.md"))]
PACKAGES = ("ops_center", "organization", "applications", "referrals", "supervision", "incentives")
CODE = ("py", "html", "js", "css", "toml", "yml", "sh")
LINK = re.compile(r"\]\((?!https?:)([^)\s#]*)(?:#([^)\s]+))?\)")
CODE_BLOCK = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
SPOKEN = re.compile(r"`([^`\n]+)`")
A_PATH = re.compile(r"(?:[\w.*{},-]+/)+[\w.*{},-]+\.(?:py|md|html|js|css|toml|yml)")
A_DOTTED_NAME = re.compile(rf"(?:{'|'.join(PACKAGES)})(?:\.\w+)+")
A_NAME = re.compile(r"[a-z]+(?:_[a-z0-9]+)+|(?:[A-Z][a-z]+){2,}|[A-Z]+(?:_[A-Z0-9]+)+")


def spoken(page: Path) -> list[str]:
    """What stands between back ticks in the text of a page."""
    return SPOKEN.findall(CODE_BLOCK.sub("", page.read_text(encoding="utf-8")))


def spelled_out(path: str) -> list[str]:
    """``services/{policies,calendar}.py`` as the paths that it stands for."""
    parts = re.split(r"\{([^}]*)\}", path)
    choices = [part.split(",") if number % 2 else [part] for number, part in enumerate(parts)]
    return ["".join(choice) for choice in product(*choices)]


@cache
def words_of_the_code() -> frozenset[str]:
    files = (
        file
        for top in (*PACKAGES, "templates", "static", "tests", "benchmarks", "script")
        for file in (ROOT / top).rglob("*")
        if file.is_file() and (file.suffix[1:] in CODE or not file.suffix)
    )
    return frozenset(
        word for file in files for word in re.findall(r"\w+", file.read_text(encoding="utf-8", errors="ignore"))
    )


def anchors(page: Path) -> set[str]:
    """The headings of a page as an address names them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    for path, anchor in LINK.findall(page.read_text(encoding="utf-8")):
        target = page.parent / path if path else page
        assert target.exists(), path
        assert not anchor or anchor in anchors(target), f"{path}#{anchor}"


def is_there(path: str) -> bool:
    """From the top, or from the folder of the app that a page is about."""
    return any(any(top.glob(path)) for top in (ROOT, *map(ROOT.joinpath, PACKAGES), ROOT / "ops_center" / "history"))


def is_of_the_code(name: str) -> bool:
    """A module, what stands in one, or a background task."""
    if name in app.tasks:
        return True
    module, _dot, last = name.rpartition(".")
    try:
        return hasattr(import_module(module), last) or find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def is_known(word: str) -> bool:
    """False for a file, a name or a command that is not there; what is none of them is prose."""
    if A_PATH.fullmatch(word):
        return all(map(is_there, spelled_out(word)))
    if A_DOTTED_NAME.fullmatch(word):
        return is_of_the_code(word)
    if A_NAME.fullmatch(word):
        return word in words_of_the_code()
    return not word.startswith("manage.py ") or word.split()[1] in get_commands()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_and_name_on_a_page_is_of_the_code(page: Path) -> None:
    app.loader.import_default_modules()
    assert [word for word in spoken(page) if not is_known(word)] == []


@pytest.mark.parametrize(
    "gone",
    ["docs/nothing.md", "services/{breaches,nothing}.py", "supervision.services.nothing", "ops_center.web.pages.nobody",
     "_".join(["find", "nothing", "anywhere"]), "manage.py nothing"],
)  # fmt: skip
def test_what_is_not_there_is_noticed(gone: str) -> None:
    assert not is_known(gone)
