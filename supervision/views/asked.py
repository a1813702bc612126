"""Reading the filters of a board's address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from ops_center.kernel.errors import Malformed


def one_of(asked: Mapping[str, str], name: str, known: Sequence[str] | Mapping[str, Any]) -> str:
    """The value of a filter, empty when it is not asked; Malformed (400) when the board does not know it."""
    value = asked.get(name, "")
    if value and value not in known:
        sentence = _("This board has no such filter.")
        raise Malformed("bad_filter", sentence, {name: _("Choose one of the list.")})
    return value
