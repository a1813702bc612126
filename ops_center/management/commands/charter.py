"""Writes docs/lifecycle.md: the states, the diagram and the table of steps, drawn from applications/lifecycle.py."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import translation

from applications.lifecycle import (
    CHARTER,
    CLOCKS_OF_STATE,
    MAIN_LINE,
    QUEUES,
    STAGE_OF,
    STEP_LABELS,
    Goes,
    Rule,
    State,
    Step,
)  # fmt: skip
from ops_center.env import BASE

PAGE = BASE / "docs" / "lifecycle.md"

HEAD = """# The life of a case

Drawn from the charter (`applications/lifecycle.py`) by `manage.py charter --write`; a test keeps this page and the code
together. Sources, targets and roles stand nowhere else in the code: the transition methods of `Application` read them
from the charter, `applications/services/engine.py` takes performers and clocks from it, buttons are drawn from it.
"""
TAIL = """
## How a step is taken

```mermaid
sequenceDiagram
    participant Edge as page or API
    participant Service as applications.services.*
    participant Engine as engine.taking()
    participant DB as PostgreSQL
    Edge->>Service: pass_check(case, actor, at, items, warnings, version)
    Service->>Engine: with taking(Step.PASS_CHECK, ...) as move
    Engine->>DB: SELECT ... FOR UPDATE (the case's row)
    Engine->>Engine: role 403 · sight 404 · version 412 · state and standing rules 409
    Engine-->>Service: move (case, clocks, facts)
    Service->>Service: the facts of the step; the transition method changes fields
    Service-->>Engine: end of the block
    Engine->>DB: performer, clocks, deadline of the case, event with its digest, case
    Engine-->>Edge: after the commit, a hint to the worker
```

One transaction; nothing is sent from inside it. A refusal leaves nothing behind. `actor=None` is the system (expiry,
the card system's file); `cleared=True` says that role and sight were asked of the bag that the case is in.

## Claims

A claim is a lease (`claimed_by`, `claimed_until`), not a state: 30 minutes, renewed by work, four hours when a
supervisor gives the case. An expired lease lets the next person in; whoever comes back late reads who has the case
now, and the draft is kept. `claim_next` orders by deadline, tier and age and skips rows that another clerk is being
given (`SKIP LOCKED`).
"""


class Command(BaseCommand):
    help = "Prints the charter as a page of the docs; --write stores it as docs/lifecycle.md."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--write", action="store_true", help="store the page instead of printing it")

    def handle(self, *args: Any, write: bool, **options: Any) -> None:
        page = draw()
        if write:
            PAGE.write_text(page, encoding="utf-8")
            self.stderr.write(f"written: {PAGE.relative_to(BASE)}")
        else:
            self.stdout.write(page, ending="")


def draw() -> str:
    """The whole page, in English with the bank's own words beside it."""
    return "\n".join([HEAD, *_states(), *_diagram(), *_steps(), *_queues(), TAIL])


def _words(label: Any) -> str:
    with translation.override("zh-hans"):
        chinese = str(label)
    with translation.override("en"):
        return f"{label} {chinese}"


def _states() -> Iterator[str]:
    yield "## States\n"
    yield "| State | | Stage | Clocks that run while it waits |"
    yield "|---|---|---|---|"
    for state in State:
        clocks = " ".join(f"`{clock}`" for clock in CLOCKS_OF_STATE.get(state, ()))
        yield f"| `{state}` | {_words(state.label)} | {_words(STAGE_OF[state].label)} | {clocks or '–'} |"
    yield ""


def _diagram() -> Iterator[str]:
    yield "## Diagram\n"
    yield "```mermaid"
    yield "stateDiagram-v2"
    yield "    direction LR"
    for rule in CHARTER:
        if rule.step in (Step.WITHDRAW, Step.CORRECT_STAMP, Step.REASSIGN) or rule.target is Goes.STAYS:
            continue  # from nearly everywhere, or to nowhere: in the table only
        sources = [str(state) for state in sorted(rule.sources, key=list(State).index)]
        for source in sources or ["[*]"]:
            for target in _targets(rule, source):
                yield f"    {source} --> {target}: {rule.no} {rule.step}"
        if rule.step is Step.START_INTAKE:
            yield f"    [*] --> {rule.target}: {rule.no} walk-in"
    for state in (State.ACTIVATED, State.REJECTED, State.WITHDRAWN, State.EXPIRED):
        yield f"    {state} --> [*]"
    yield "```\n"


def _targets(rule: Rule, source: str) -> list[str]:
    if rule.step is Step.SUBMIT_ENTRY:
        return [State.KEYED, State.ENTERED]
    if rule.step is Step.VERIFY:
        return [State.ENTERED, State.CHECKED]
    if rule.target is Goes.RESUMES:
        return [State.RECEIVED] if source == State.PROBLEM else []
    return [str(rule.target)]


def _steps() -> Iterator[str]:
    yield "## Steps\n"
    yield "| # | Step | From | To | Who | Performs | Stamps | Starts | Stops | Voids |"
    yield "|---|---|---|---|---|---|---|---|---|---|"
    for rule in CHARTER:
        yield "| " + " | ".join(_cells(rule)) + " |"
    yield "\nMain line: " + " → ".join(f"`{state}`" for state in MAIN_LINE) + "\n"


def _cells(rule: Rule) -> list[str]:
    everywhere = len(rule.sources) > 8
    return [
        rule.no,
        f"`{rule.step}` {_words(STEP_LABELS[rule.step])}",
        f"{len(rule.sources)} states" if everywhere else _list(sorted(rule.sources, key=list(State).index)) or "—",
        f"({rule.target})" if isinstance(rule.target, Goes) else f"`{rule.target}`",
        " ".join(sorted(rule.by)) or "system",
        _list([rule.performs] if rule.performs else []) or "–",
        _list(rule.stamps) or "–",
        (_list(rule.starts) or "–") + (f" (at `{rule.only_at}`)" if rule.only_at else ""),
        _list(rule.stops) or "–",
        "all" if rule.voids is None else _list(rule.voids) or "–",
    ]


def _list(items: Any) -> str:
    return " ".join(f"`{item}`" for item in items)


def _queues() -> Iterator[str]:
    yield "## Queues\n"
    yield "| Queue | States | Role | Clock |"
    yield "|---|---|---|---|"
    for queue in QUEUES.values():
        yield f"| `{queue.name}` {_words(queue.label)} | {_list(queue.states)} | {queue.role} | `{queue.clock}` |"
