"""Who hears of a complaint. A message names the ticket and its case, never what the client says."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from organization.models import Employee
from organization.roles import Role
from organization.services.inbox import tell
from supervision.models import Complaint, ComplaintAct
from supervision.services.complaint_people import unconcerned


def tell_supervisors(row: Complaint, *, kind: str, at: datetime) -> None:
    tell_of(unconcerned(row, Role.SUP, at=at), row, kind=kind, at=at, due=row.close_by)


def tell_of(
    people: Iterable[Employee | None], row: Complaint, *, kind: str, at: datetime, due: datetime | None = None,
    **said: str,
) -> None:  # fmt: skip
    facts = said | ({"due": due.isoformat()} if due else {})
    case = row.application.number if row.application else "—"
    tell(people, kind=kind, at=at, about=f"/complaints/{row.number}/", number=row.number, case=case, **facts)


def tell_of_deadline(
    row: Complaint, act: ComplaintAct, *, watchers: Collection[Role], due: datetime, at: datetime
) -> None:
    """Its handler, or all who could take it, and the watchers."""
    own = [row.handler] if row.handler else unconcerned(row, Role.CPL, at=at)
    people = {person.pk: person for person in [*own, *(unconcerned(row, *watchers, at=at) if watchers else [])]}
    tell_of(people.values(), row, kind=f"complaint_{act.value.lower()}", at=at, due=due)
