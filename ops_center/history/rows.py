"""Plain objects into tables by COPY: one line of text per row, no model instance and no INSERT."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import date, datetime
from functools import cache
from io import StringIO
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Field, ForeignKey, Model

from applications.services.deadlines import JsonText
from organization.fields import SealedField
from organization.vault import vault

Spelling = Callable[[Any], str]
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
NULL = "\\N"


class Table:
    """How the rows of one model are spelled. Rows are mappings by field name; a foreign key may hold the object."""

    def __init__(self, model: type[Model]) -> None:
        self.model = model
        # What the database fills in by itself stays out: the key unless it is given, the time of recording.
        self.fields = [column for column in model._meta.concrete_fields if not column.has_db_default()]
        self.defaults = {column.name: column.get_default() for column in self.fields}
        self.sealed = [column for column in self.fields if isinstance(column, SealedField)]

    def copy(self, rows: Iterable[dict[str, Any]], *, with_key: bool) -> int:
        """Writes rows; ``with_key``: they carry their own primary keys, taken from the sequence (or made as UUIDs)."""
        columns = [column for column in self.fields if with_key or not column.primary_key]
        spellings = [(column.name, _spelling(column)) for column in columns]
        defaults, sealed = self.defaults, self.sealed
        text, count = StringIO(), 0
        for row in rows:
            full = {**defaults, **row}
            for column in sealed:
                if full[column.name]:
                    full[column.name] = vault().seal(full[column.name], _aad(column, full["id"]))
            text.write(
                "\t".join([NULL if (value := full[name]) is None else spell(value) for name, spell in spellings])
            )
            text.write("\n")
            count += 1
        if count:
            text.seek(0)
            names = ", ".join(f'"{column.column}"' for column in columns)
            with connection.cursor() as cursor:
                cursor.cursor.copy_expert(f'COPY "{self.model._meta.db_table}" ({names}) FROM STDIN', text)
        return count


@cache
def table(model: type[Model]) -> Table:
    return Table(model)


def keys(model: type[Model], count: int) -> list[int]:
    """So many primary keys, taken from the table's sequence in one go."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_serial_sequence(%s, 'id')", [f'"{model._meta.db_table}"'])
        return numbers(cursor.fetchone()[0], count)


def numbers(sequence: str, count: int) -> list[int]:
    """So many numbers of a sequence."""
    if not count:
        return []
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(%s::regclass) FROM generate_series(1, %s)", [sequence, count])
        return [number for (number,) in cursor.fetchall()]


def _aad(column: SealedField, key: UUID) -> str:
    return f"{column.model._meta.db_table}.{column.column}:{key}"


def _spelling(column: Field[Any, Any]) -> Spelling:
    if isinstance(column, ForeignKey):
        return lambda value: str(getattr(value, "pk", value))
    if column.choices:
        return str  # words of the code: nothing to escape
    return _SPELLINGS.get(column.get_internal_type(), str)


def _text(value: str) -> str:
    return str(value).translate(_ESCAPES)


def _json(value: Any) -> str:
    return (value if type(value) is JsonText else json.dumps(value, ensure_ascii=False)).translate(_ESCAPES)


def _bytes(value: bytes | memoryview) -> str:
    return "\\\\x" + bytes(value).hex()


def _moment(value: datetime | date) -> str:
    return value.isoformat()


_SPELLINGS: dict[str, Spelling] = {
    "CharField": _text,
    "FSMField": _text,
    "TextField": _text,
    "JSONField": _json,
    "BinaryField": _bytes,
    "DateTimeField": _moment,
    "DateField": _moment,
    "BooleanField": lambda value: "t" if value else "f",
}
