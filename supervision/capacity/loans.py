"""Which person, moved for a while to another queue that he or she may work on, lowers the expected breaches most."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from supervision.capacity.model import Loan, Minutes, Model, Plan
from supervision.capacity.run import simulate

MOST = 3  # loans proposed together
WORTH = 0.1  # expected breaches that a loan has to save
MOST_TRIED = 48  # candidates in one round
SHARES = (0.25, 0.5, 1.0)  # of the person's day


@dataclass(frozen=True, slots=True)
class Proposal:
    """A loan, and the expected breaches of the week without and with it (those before it in the list are made)."""

    loan: Loan
    before: float
    after: float


def best_loans(
    model: Model,
    plan: Plan,
    *,
    may: Mapping[str, frozenset[str]],
    seed: int,
    replications: int,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> list[Proposal]:
    """Greedy: the loan that saves most, then the one that saves most beside it, as long as one is worth it.

    ``may``: by person the queues that the roles open. Each candidate is run with the same seeds, so that the effect is
    the loan's; the shortest stretch of a day that saves as much is proposed.
    """
    found: list[Proposal] = []
    before = simulate(model, plan, seed=seed, replications=replications)
    while len(found) < MOST and before.late[0] >= WORTH:
        tried = list(_candidates(plan, may, before.breaches))[:MOST_TRIED]
        best: tuple[float, Minutes, Loan] | None = None
        for number, loan in enumerate(tried, start=1):
            lent = replace(plan, loans=[*plan.loans, loan])
            late = simulate(model, lent, seed=seed, replications=replications).late[0]
            if best is None or (late, loan.minutes) < best[:2]:
                best = late, loan.minutes, loan
            progress(number, len(tried))
        if best is None or before.late[0] - best[0] < WORTH:
            break
        plan = replace(plan, loans=[*plan.loans, best[2]])
        found.append(Proposal(best[2], before=before.late[0], after=best[0]))
        before = simulate(model, plan, seed=seed, replications=replications)
    return found


def _candidates(
    plan: Plan, may: Mapping[str, frozenset[str]], breaches: Mapping[tuple[int, str], Sequence[float]]
) -> Iterator[Loan]:
    """To the queues where breaches are expected, on the days up to the last of them; the worst queue first."""
    worst = {
        queue: sum(late[0] for (_day, there), late in breaches.items() if there == queue) for _day, queue in breaches
    }
    lent = {(loan.person, loan.day) for loan in plan.loans}
    for queue in sorted((queue for queue, late in worst.items() if late > 0), key=lambda queue: (-worst[queue], queue)):
        last = max(day for day, there in breaches if there == queue and breaches[day, there][0] > 0)
        for person in plan.people:
            others = may.get(person.name, frozenset()) | person.queues
            if queue not in others or person.queues == {queue}:
                continue
            for day in (day for day in plan.days if day <= last and (person.name, day) not in lent):
                for share in SHARES:
                    if minutes := person.minutes.get(day, 0) * share:
                        yield Loan(person.name, queue, day, minutes)
