"""Shapes of what programs send: strict, so that nothing is guessed and nothing slips in beside what was asked for.

A body or a query that says more than its shape, says it twice or says it in another type is refused (400) before any
rule of the bank is asked. Sentences never repeat a value: it would end up in a log.
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NoReturn

from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

from ops_center.kernel import identity
from ops_center.kernel.errors import Malformed
from ops_center.web.notes import no_card_number, no_personal_numbers

MOST_ITEMS = 500  # in one list of a body
LARGEST = 2**31 - 1  # what an integer column holds
YEARS = range(1990, 2101)


class StrictJSONParser(JSONParser):
    """JSON without doubt: no name twice in an object, no number beyond the numbers, no depth that eats the stack."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        try:
            # The request's own ``body`` keeps to DATA_UPLOAD_MAX_MEMORY_SIZE; reading the stream would not.
            text = stream.body if isinstance(stream, HttpRequest) else stream.read()
            return json.loads(text, object_pairs_hook=_once_each, parse_constant=_no_number, parse_float=_finite)
        except (ValueError, RecursionError) as error:
            raise ParseError(_("The body is not JSON as this interface reads it.")) from error


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def _no_number(name: str) -> NoReturn:
    raise ValueError(name)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("beyond the numbers")
    return number


class Shape(serializers.Serializer[Any]):
    """A body or a query with exactly these names; an unknown or repeated one is refused by its name."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, QueryDict):
            data = _single(data)
        if isinstance(data, Mapping):
            unknown = sorted(str(name) for name in data if name not in self.fields)
            if unknown:
                raise serializers.ValidationError({name: [_("There is no such name here.")] for name in unknown})
        return super().to_internal_value(data)


def _single(data: QueryDict) -> dict[str, Any]:
    """The values of a query or a form by name; empty ones count as not given, repeated ones are refused."""
    repeated = [name for name, values in data.lists() if len(values) > 1]
    if repeated:
        raise serializers.ValidationError({name: [_("Give this once.")] for name in repeated})
    return {name: value for name, value in data.items() if value != ""}


class Versioned(Shape):
    """A body that may carry the version of the object as its sender read it."""

    version = serializers.IntegerField(min_value=1, max_value=LARGEST, required=False)


class Text(serializers.CharField):
    """Plain text: a string, trimmed, without control characters, and never a card number."""

    def __init__(
        self, *, max_length: int, validators: Sequence[Callable[[str], None]] = (no_card_number,), **kwargs: Any
    ) -> None:
        super().__init__(max_length=max_length, validators=validators, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        text = super().to_internal_value(data)
        if any(unicodedata.category(character) in ("Cc", "Cs") and character not in "\n\t" for character in text):
            self.fail("invalid")
        return text


class FreeText(Text):
    """What people write in their own words: without ID numbers and mobiles too."""

    def __init__(self, *, max_length: int, **kwargs: Any) -> None:
        super().__init__(max_length=max_length, validators=[no_personal_numbers], **kwargs)


class Code(serializers.RegexField):
    """A code or a number of ours: letters, digits and dashes."""

    def __init__(self, *, max_length: int = 40, **kwargs: Any) -> None:
        super().__init__(r"^[0-9A-Za-z._-]+$", max_length=max_length, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class _Identity(serializers.CharField):
    """A personal number, read by the kernel and put into its one spelling."""

    def __init__(self, read: Callable[[str], str], **kwargs: Any) -> None:
        self.read = read
        super().__init__(max_length=64, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        try:
            return self.read(super().to_internal_value(data))
        except Malformed as error:
            raise serializers.ValidationError(error.message, code=error.code) from None


class IdNumber(_Identity):
    """A resident ID number; a wrong check digit or an impossible date is refused, an unknown region is not."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(lambda value: identity.resident_id(value).number, **kwargs)


class Mobile(_Identity):
    """A mobile number of 11 digits."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(identity.mobile, **kwargs)


class PersonName(Text):
    """A name as the document writes it: letters of any script, with spaces, points and dashes between them."""

    _NAME = re.compile(r"[^\W\d_](?:[^\W\d_]|[ ·•・.'’-])*")

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=40, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        name = super().to_internal_value(data)
        if self._NAME.fullmatch(name) is None:
            raise serializers.ValidationError(
                _("A name has letters, with spaces, points or dashes between them, and no invisible characters.")
            )
        return name


class Named(serializers.SlugRelatedField[Any]):
    """One of our own things by its code or number: a product, a branch, a person."""

    default_error_messages = {"does_not_exist": _("There is none with this code."), "invalid": _("Give its code.")}

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data.strip().upper())


class Flag(serializers.BooleanField):
    """JSON true or false and nothing that merely resembles them."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=type(data).__name__)
        return data


class Agreed(Flag):
    """A statement that has to be made: only true is accepted."""

    def to_internal_value(self, data: Any) -> bool:
        if super().to_internal_value(data) is not True:
            raise serializers.ValidationError(_("This has to be true: without it the step must not be taken."))
        return True


class Whole(serializers.IntegerField):
    """A whole JSON number."""

    def __init__(self, *, min_value: int = 0, max_value: int = LARGEST, **kwargs: Any) -> None:
        super().__init__(min_value=min_value, max_value=max_value, **kwargs)

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, bool) or not isinstance(data, int):
            self.fail("invalid")
        return data


@extend_schema_field(OpenApiTypes.DATETIME)
class Instant(serializers.DateTimeField):
    """ISO 8601; without an offset it is Shanghai's time. A ``+`` that an address turned into a space is put back."""

    def to_internal_value(self, value: Any) -> datetime:
        if not isinstance(value, str):
            self.fail("invalid", format="YYYY-MM-DDThh:mm:ss+08:00")
        at: datetime = super().to_internal_value(re.sub(r"(T[\d:.]+) (\d\d:\d\d)$", r"\1+\2", value))
        if at.year not in YEARS:
            raise serializers.ValidationError(_("This year is outside what the system knows."))
        return at


class Many(serializers.ListField):
    """A list of at most so many."""

    def __init__(self, *, child: serializers.Field[Any, Any, Any, Any], **kwargs: Any) -> None:
        kwargs.setdefault("max_length", MOST_ITEMS)
        super().__init__(child=child, **kwargs)
