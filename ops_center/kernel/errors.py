"""The four ways to say no. Anything else that is raised is a bug.

A refusal is a sentence with the rule and the way out. Pages and the API show the same sentence; the status says which
kind of no it is: 400 the shape is wrong, 403 the role may not, 404 out of sight or absent, 409 a rule of the bank,
412 somebody changed it meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar


class DomainError(Exception):
    """A no with a code, a sentence for the person and facts for a program. ``message`` may be a lazy translation."""

    status: ClassVar[int] = 409

    def __init__(self, code: str, message: Any, **facts: Any) -> None:
        super().__init__(code)
        self.code = code
        self.message = message
        self.facts = facts

    def __str__(self) -> str:
        return str(self.message)


class Refused(DomainError):
    """A rule of the bank says no (409)."""


class NotAllowed(DomainError):
    """This role may not do it (403)."""

    status = 403


class OutOfSight(DomainError):
    """Absent, or not this person's to see: the answer is the same (404)."""

    status = 404


class StaleVersion(DomainError):
    """Somebody changed it after this page was drawn (412)."""

    status = 412


class Malformed(DomainError):
    """The shape is wrong (400); ``errors`` maps a field's name to its sentences."""

    status = 400

    def __init__(self, code: str, message: Any, errors: Mapping[str, Any] | None = None, **facts: Any) -> None:
        super().__init__(code, message, **facts)
        self.errors: dict[str, list[Any]] = {
            name: list(lines) if isinstance(lines, list | tuple) else [lines] for name, lines in (errors or {}).items()
        }
