"""What a branch head sees of the rewards of the branch: how many, never how much (permission matrix, domain 2)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from django.db.models import Count

from incentives.lifecycle import EntryKind, EntryState
from incentives.models import RewardEntry
from incentives.periods import Period
from organization.models import Employee

COUNTED = ("payee", "kind", "state_code")


@dataclass(slots=True)
class PersonCount:
    """One person's entries of a period."""

    person: Employee
    kinds: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)

    @property
    def total(self) -> int:
        return self.kinds.total()

    def cells(self, count: BranchCount) -> list[tuple[str, int]]:
        """(word, entries) for each kind and each state that occurs at the branch."""
        kinds = [(str(kind.label), self.kinds[kind]) for kind in count.kinds]
        return kinds + [(str(state.label), self.states[state]) for state in count.states]


@dataclass(frozen=True, slots=True)
class BranchCount:
    """The people of a branch with their entries, and the kinds and states that occur."""

    people: list[PersonCount]
    kinds: list[EntryKind]
    states: list[EntryState]


def head_count(branch: int, span: Period) -> BranchCount:
    """Everybody who works at the branch now, and who has left it with entries in the period."""
    entries = RewardEntry.objects.filter(payee__branch=branch, at__gte=span.starts_at, at__lt=span.ends_at)
    rows = entries.not_voided().with_state().order_by().values_list(*COUNTED)
    counts = list(rows.annotate(Count("pk")))
    staff = Employee.objects.filter(branch=branch).order_by("number")
    people = {person.pk: PersonCount(person) for person in staff}
    for payee, kind, state, number in counts:
        people[payee].kinds[kind] += number
        people[payee].states[state] += number
    return BranchCount(
        people=[row for row in people.values() if row.total or row.person.is_active],
        kinds=[kind for kind in EntryKind if any(row.kinds[kind] for row in people.values())],
        states=[state for state in EntryState if any(row.states[state] for row in people.values())],
    )
