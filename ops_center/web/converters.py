"""What may stand in an address of ours: ``<number:number>`` and ``<key:pk>``. Anything else never reaches a query."""

from __future__ import annotations

from django.urls import register_converter


class Number:
    """A number of ours: of a case, a bag, a document."""

    regex = "[0-9A-Za-z-]{1,24}"

    def to_python(self, value: str) -> str:
        return value.upper()

    def to_url(self, value: str) -> str:
        return value


class Key:
    """A key that an integer column holds."""

    regex = "[0-9]{1,9}"
    to_python = int
    to_url = str


register_converter(Number, "number")
register_converter(Key, "key")
