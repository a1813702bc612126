"""The words of the product: English in the code, Chinese in one catalogue per app, nothing untranslated in between.

Neither gettext's tools nor a network is needed: Babel reads, compares and compiles.
"""

from __future__ import annotations

import re
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.catalog import Message as Entry
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation.reloader import translation_file_changed
from django.utils.translation.template import templatize

LOCALE = "zh_Hans"
APPS = ("organization", "applications", "referrals", "supervision", "incentives")
FRAME = "ops_center"  # its catalogue is the top one, locale/

_FUNCTIONS: dict[str, tuple[Any, ...] | None] = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}


@dataclass(frozen=True, slots=True)
class Word:
    """One msgid; two with the same text and another context or plural are two words."""

    text: str
    plural: str = ""
    context: str = ""


def catalogues() -> dict[str, Path]:
    """Whose words → the catalogue's file, whether it exists or not."""
    base = Path(settings.BASE_DIR)
    files = {app: base / app / "locale" / LOCALE / "LC_MESSAGES" / "django.po" for app in APPS}
    return {FRAME: base / "locale" / LOCALE / "LC_MESSAGES" / "django.po", **files}


def words_in_use() -> dict[Word, list[str]]:
    """Every word that our code and our templates ask for, with the places (``file:line``) that ask."""
    base = Path(settings.BASE_DIR)
    found: dict[Word, list[str]] = {}
    for path in _sources(base):
        place = path.relative_to(base).as_posix()
        for line, word in _words_of(path):
            found.setdefault(word, []).append(f"{place}:{line}")
    return found


def _sources(base: Path) -> Iterator[Path]:
    for package in (FRAME, *APPS):
        yield from sorted(path for path in (base / package).rglob("*.py") if "migrations" not in path.parts)
    yield from sorted((base / "templates").rglob("*.html"))


def _words_of(path: Path) -> Iterator[tuple[int, Word]]:
    source = path.read_text(encoding="utf-8")
    if path.suffix == ".html":
        # Django turns the template into something like Python; without indentation it reads as Python.
        source = "\n".join(line.strip() for line in templatize(source, origin=str(path)).splitlines())
    for line, message, _comments, context in extract("python", BytesIO(source.encode()), keywords=_FUNCTIONS):
        text, plural = (message[0], message[1]) if isinstance(message, tuple) else (message, "")
        if text:
            yield line, Word(text, plural or "", context or "")


def owner_of(place: str) -> str:
    """Whose catalogue a place's words belong to; ``templates/applications/…`` belongs to applications."""
    parts = place.split("/")
    name = parts[1] if parts[0] == "templates" else parts[0]
    return name if name in APPS else FRAME


def translations() -> dict[str, dict[Word, Entry]]:
    """Whose words → what its catalogue says; entries without Chinese or marked fuzzy are left out."""
    return {
        name: {
            _word(entry): entry for entry in _read(path) if entry.id and not entry.fuzzy and all(_strings(entry.string))
        }
        for name, path in catalogues().items()
        if path.exists()
    }


def untranslated() -> dict[Word, list[str]]:
    """The words in use that no catalogue translates."""
    known = {word for entries in translations().values() for word in entries}
    return {word: places for word, places in words_in_use().items() if word not in known}


def wrong_facts() -> list[str]:
    """Entries whose Chinese names other ``%(facts)s`` than the English: such a page would fail, or lose a fact."""
    return [
        f"{name}: {word.text!r}"
        for name, entries in translations().items()
        for word, entry in entries.items()
        if any(_facts(text) != _facts(word.plural or word.text) for text in _strings(entry.string))
    ]


def two_minds() -> list[str]:
    """Words that two catalogues translate differently; which one a page shows would be chance."""
    seen: dict[Word, tuple[str, Any]] = {}
    clashes = []
    for name, entries in translations().items():
        for word, entry in entries.items():
            first, chinese = seen.setdefault(word, (name, entry.string))
            if chinese != entry.string:
                clashes.append(f"{word.text!r}: {chinese!r} in {first}, {entry.string!r} in {name}")
    return clashes


def compile_catalogues(*, only_older: bool = True) -> list[Path]:
    """Writes a ``.mo`` beside every ``.po`` that is newer than it; gives back what was written. The running process
    says it from now on: what it had loaded before is forgotten."""
    written = []
    for source in catalogues().values():
        target = source.with_suffix(".mo")
        if not source.exists() or (only_older and target.exists() and target.stat().st_mtime >= source.stat().st_mtime):
            continue
        with target.open("wb") as file:
            write_mo(file, _read(source))
        translation_file_changed(sender=None, file_path=target)
        written.append(target)
    return written


def _read(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale=LOCALE)


def _strings(text: str | Iterable[str] | None) -> list[str]:
    return [text or ""] if text is None or isinstance(text, str) else list(text)


def _word(entry: Entry) -> Word:
    text, plural = entry.id if isinstance(entry.id, tuple | list) else (entry.id, "")
    return Word(text, plural, entry.context or "")


def _facts(text: str) -> set[str]:
    return set(re.findall(r"%\((\w+)\)", text))


class Command(BaseCommand):
    help = "Compiles the Chinese catalogues, or says what is missing in them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        group = parser.add_mutually_exclusive_group(required=True)
        group.add_argument("--compile", action="store_true", help="write the .mo files that are older than their .po")
        group.add_argument("--check", action="store_true", help="list untranslated, wrong and unused words; 1 if wrong")
        group.add_argument("--missing", metavar="APP", help=f"print the entries to fill in: {FRAME} or an app")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["compile"]:
            for path in compile_catalogues():
                self.stderr.write(str(path.relative_to(settings.BASE_DIR)))
        elif options["missing"]:
            self.print_missing(options["missing"])
        else:
            self.check_words()

    def print_missing(self, owner: str) -> None:
        if owner not in catalogues():
            raise CommandError(f"{owner} has no catalogue; choose one of: {', '.join(catalogues())}")
        stub = Catalog(locale=LOCALE)
        for word, places in untranslated().items():
            if owner_of(places[0]) == owner:
                marks = [(file, int(line)) for file, _colon, line in (place.rpartition(":") for place in places)]
                text = (word.text, word.plural) if word.plural else word.text
                stub.add(text, locations=marks, context=word.context or None)
        output = BytesIO()
        write_po(output, stub, omit_header=True, width=0)
        self.stdout.write(output.getvalue().decode())

    def check_words(self) -> None:
        in_use = words_in_use()
        for name, entries in translations().items():
            for word in entries.keys() - in_use.keys():
                self.stderr.write(f"unused in {name}: {word.text!r}")
        for clash in two_minds():
            self.stderr.write(f"two translations of {clash}")
        missing, wrong = untranslated(), wrong_facts()
        for word, places in missing.items():
            self.stdout.write(f"{places[0]}: {word.text!r}")
        for line in wrong:
            self.stdout.write(f"other facts in {line}")
        if missing or wrong:
            raise CommandError(f"{len(missing)} words without Chinese, {len(wrong)} with other facts.")
