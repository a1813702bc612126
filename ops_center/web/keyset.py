"""Pages of long lists by keyset: the next page starts after the last row that was seen, never after a count of rows.

Pages and API share it. The position is a row value, ``(due_at, id) > (…, …)``, which PostgreSQL answers from an index
at any depth. Only the first column may be empty; rows without it come last in every direction, as a segment of their
own, because a comparison with NULL would lose them.
"""

from __future__ import annotations

import binascii
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Generic, TypeVar

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Field, Func, Model, QuerySet, Value
from django.db.models.expressions import F, OrderBy
from django.db.models.lookups import GreaterThan, LessThan
from django.http import QueryDict
from django.utils.translation import gettext as _

from ops_center.kernel.errors import Malformed

PAGE_SIZE = 50
LARGEST_PAGE = 200
POSITION = frozenset({"page_size", "after", "before"})  # the names that every paged address knows

Row = TypeVar("Row", bound=Model)
Take = Callable[[list[Any] | None, bool, int], list[Row]]


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Some rows in their order, and the positions from which the pages beside them start."""

    rows: list[Row]
    next: str | None
    previous: str | None

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)


class _RowValue(Func):
    """``ROW(a, b)``, compared as a whole."""

    function = "ROW"
    output_field = Field()


class Keyset:
    """An order of rows: ``Keyset("due_at", "id")``, ``Keyset("-id")``. All columns go one way; the last is unique.
    ``filled``: the rows that are asked for all have the first column, so there is no second segment to look into.
    ``carried``: what the rows carry beside the columns of their table."""

    def __init__(
        self, *columns: str, filled: bool = False, carried: Mapping[str, Field[Any, Any]] | None = None
    ) -> None:
        descending = {column.startswith("-") for column in columns}
        if len(descending) != 1:
            raise ValueError("the columns of a keyset all go one way")
        self.descending = descending.pop()
        self.columns = tuple(column.removeprefix("-") for column in columns)
        self.filled = filled
        self.carried = carried or {}
        self._values = [attrgetter(column.replace("__", ".")) for column in self.columns]

    def page(
        self, rows: QuerySet[Row, Row], *, size: int = PAGE_SIZE, after: str | None = None, before: str | None = None
    ) -> Page[Row]:
        """The rows after (or before) a position, at most ``size``. Malformed (400) when a position is not of this
        order."""

        def take(seen: list[Any] | None, backwards: bool, most: int) -> list[Row]:
            return self._take(rows, seen=seen, backwards=backwards, size=most)

        return self.cut(take, model=rows.model, size=size, after=after, before=before)

    def cut(
        self, take: Take[Row], *, model: type[Row], size: int = PAGE_SIZE, after: str | None = None,
        before: str | None = None,
    ) -> Page[Row]:  # fmt: skip
        """The same of rows that are no query of one table: ``take`` finds those after the values it is given (or before
        them, the nearest first), at most so many."""
        position = after or before
        backwards = bool(before) and not after
        seen = self._read(position, model=model) if position else None
        found = take(seen, backwards, size + 1)
        more = len(found) > size
        found = found[:size]
        if backwards:
            found.reverse()
        return Page(
            rows=found,
            next=self._write(found[-1]) if found and (more or backwards) else None,
            previous=self._write(found[0]) if found and (more if backwards else seen is not None) else None,
        )

    def page_of(self, rows: QuerySet[Row, Row], asked: Mapping[str, str]) -> Page[Row]:
        """The page that an address asks for (``read_query``). Malformed (400) for a size or a position that is none."""
        size = page_size(asked.get("page_size"))
        return self.page(rows, size=size, after=asked.get("after"), before=asked.get("before"))

    def seen(self, position: str, *, model: type[Model]) -> tuple[Any, ...]:
        """The values of the row from which a page starts, for who cuts its rows out of a list in memory. Malformed
        (400) when the position is not of this order."""
        return tuple(self._read(position, model=model))

    # -- rows ---------------------------------------------------------------------------------------------------------
    def _take(self, rows: QuerySet[Row, Row], *, seen: list[Any] | None, backwards: bool, size: int) -> list[Row]:
        beyond, falling = (GreaterThan, False) if self.descending == backwards else (LessThan, True)
        found: list[Row] = []
        for segment, columns, start in self._segments(rows, seen=seen, backwards=backwards):
            if start is not None:
                there = (
                    Value(value, output_field=_column(rows.model, column))
                    for column, value in zip(columns, start, strict=True)
                )
                segment = segment.filter(beyond(_RowValue(*map(F, columns)), _RowValue(*there)))
            segment = segment.order_by(*(OrderBy(F(column), descending=falling) for column in columns))
            found += segment[: size - len(found)]
            if len(found) == size:
                break
        return found

    def _segments(
        self, rows: QuerySet[Row, Row], *, seen: list[Any] | None, backwards: bool
    ) -> Iterator[tuple[QuerySet[Row, Row], tuple[str, ...], list[Any] | None]]:
        """The parts of the list that still lie ahead: rows, columns that order them, position to start from."""
        first, *rest = self.columns
        if self.filled or not _column(rows.model, first).null:
            yield rows, self.columns, seen
            return
        filled, empty = rows.filter(**{f"{first}__isnull": False}), rows.filter(**{f"{first}__isnull": True})
        in_empty = seen is not None and seen[0] is None
        if not in_empty:
            yield filled, self.columns, seen
        if in_empty or not backwards:
            yield empty, tuple(rest), seen[1:] if seen is not None and in_empty else None
        if in_empty and backwards:
            yield filled, self.columns, None

    # -- positions ----------------------------------------------------------------------------------------------------
    @property
    def name(self) -> str:
        return ("-" if self.descending else "") + ",".join(self.columns)

    def _write(self, row: Row) -> str:
        values = [value(row) for value in self._values]
        text = json.dumps([self.name, *values], cls=_Exact, separators=(",", ":"))
        return urlsafe_b64encode(text.encode()).decode().rstrip("=")

    def _read(self, position: str, *, model: type[Model]) -> list[Any]:
        try:
            name, *values = json.loads(urlsafe_b64decode(position + "=" * (-len(position) % 4)))
            if name != self.name or len(values) != len(self.columns):
                raise ValueError("of another order")
            read = [
                None if value is None else self._field(model, column).to_python(value)
                for column, value in zip(self.columns, values, strict=True)
            ]
            if None in read[1:] or (read[0] is None and (self.filled or not self._field(model, self.columns[0]).null)):
                raise ValueError("no position")
        except (ValueError, TypeError, RecursionError, OverflowError, binascii.Error, ValidationError):
            raise Malformed(
                "bad_position", _("This position is not one of this list. Start from its first page.")
            ) from None
        return read

    def _field(self, model: type[Model], column: str) -> Field[Any, Any]:
        return self.carried.get(column) or _column(model, column)


class _Exact(DjangoJSONEncoder):
    """Instants to the microsecond: a position rounded to the millisecond would show rows twice."""

    def default(self, o: Any) -> Any:
        return o.isoformat() if hasattr(o, "isoformat") else super().default(o)


def _column(model: type[Model], path: str) -> Field[Any, Any]:
    *steps, last = path.split("__")
    for step in steps:
        related = model._meta.get_field(step).related_model
        if not isinstance(related, type):
            raise FieldDoesNotExist(path)
        model = related
    column = model._meta.get_field(last)
    assert isinstance(column, Field)
    return column


def read_query(params: QueryDict, *, known: Collection[str]) -> dict[str, str]:
    """The filters of a page's address by name, empty ones left out. Malformed (400) for a name that the page does not
    know and for one that stands twice: a mistyped filter must not show everything."""
    errors: dict[str, str] = {}
    for name, values in params.lists():
        if name not in known and name not in POSITION:
            errors[name] = _("There is no such filter here.")
        elif len(values) > 1:
            errors[name] = _("Give this once.")
    if errors:
        raise Malformed("bad_query", _("The address asks for something that this list does not know."), errors)
    return {name: str(value) for name, value in params.items() if value}


def page_size(text: str | None) -> int:
    """A size of 1 to 200 rows, 50 when nothing is said; Malformed (400) otherwise."""
    if not text:
        return PAGE_SIZE
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text[:6]) <= LARGEST_PAGE or len(text) > 6:
        raise Malformed(
            "bad_page_size",
            _("A page has 1 to %(most)s rows.") % {"most": LARGEST_PAGE},
            {"page_size": [_("1 to 200")]},
        )
    return int(text)
