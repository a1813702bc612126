"""Acts on several chosen cases: each in a transaction of its own, and each refusal says why. What moved has moved."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from applications.services.claims import reassign
from ops_center.kernel.errors import DomainError
from organization.models import Employee
from supervision.services.urging import urge

AT_MOST = 200  # as many as a page has rows


@dataclass(frozen=True, slots=True)
class Said:
    """What became of one chosen case."""

    number: str
    is_done: bool
    sentence: str


def reassign_each(numbers: Iterable[str], *, to: Employee, actor: Employee, at: datetime, note: str) -> list[Said]:
    """T41 for every one of these cases."""

    def act(number: str) -> str:
        reassign(case=number, to=to, actor=actor, at=at, note=note)
        return _("Given to %(person)s") % {"person": to.name}

    return _one_by_one(numbers, act)


def urge_each(numbers: Iterable[str], *, actor: Employee, at: datetime, text: str) -> list[Said]:
    """催办 for every one of these cases."""

    def act(number: str) -> str:
        told = urge(number=number, actor=actor, at=at, text=text).told
        return _("Urged: %(told)s told") % {"told": told}

    return _one_by_one(numbers, act)


def _one_by_one(numbers: Iterable[str], act: Callable[[str], str]) -> list[Said]:
    said = []
    for number in dict.fromkeys(numbers):
        try:
            said.append(Said(number, is_done=True, sentence=act(number)))
        except DomainError as no:
            said.append(Said(number, is_done=False, sentence=str(no)))
    return said
