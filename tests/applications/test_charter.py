"""The charter against the code: one table, nothing beside it."""

from __future__ import annotations

import inspect
import re

import pytest
from django_fsm import GET_STATE

from applications.lifecycle import (
    CHARTER,
    CLOCKS_OF_STATE,
    FINISHED,
    MAIN_LINE,
    RULES,
    STAMP_ORDER,
    STAMPS,
    Clock,
    Goes,
    Performance,
    State,
    Step,
    path_of,
)  # fmt: skip
from applications.models import Application
from applications.rules import STANDING

# Domain section 3, the columns "from", "to" and "who performs", typed once more by hand and held against the charter.
DOMAIN = """
T01 refer            -                                -> REFERRED    REFERRER
T02 accept           REFERRED                         -> ACCEPTED    -
T03 release          ACCEPTED                         -> REFERRED    -
T04 start-intake     ACCEPTED                         -> DRAFT       -
T05 complete-intake  DRAFT                            -> TAKEN_IN    COLLECTOR
T06 hand-to-branch   TAKEN_IN                         -> stays       -
T07 seal             TAKEN_IN                         -> BAGGED      -
T08 unseal           BAGGED                           -> TAKEN_IN    -
T09 hand-over        BAGGED                           -> IN_TRANSIT  -
T10 receive          IN_TRANSIT                       -> RECEIVED    -
T11 report-missing   IN_TRANSIT                       -> stays       -
T12 e-intake         TAKEN_IN                         -> RECEIVED    -
T13 self-route       TAKEN_IN                         -> RECEIVED    -
T15 pass-check       RECEIVED                         -> CHECKED     CREDIT_CHECK
T17 submit-entry     CHECKED                          -> depends     ENTRY
T18 verify           KEYED                            -> depends     -
T19 arbitrate        KEYED                            -> ENTERED     -
T20 file             ENTERED                          -> SUBMITTED   TRACKER
T21 mark-issued      SUBMITTED                        -> ISSUED      -
T22 coach            ISSUED                           -> COLLECTED   AFTER_SALES
T23 activate         ISSUED,COLLECTED                 -> ACTIVATED   -
T24 late-coach       ACTIVATED                        -> stays       AFTER_SALES
T30 raise-problem    RECEIVED,CHECKED,KEYED,ENTERED,SUBMITTED,ISSUED -> PROBLEM -
T31 reply            PROBLEM                          -> stays       -
T32 resolve          PROBLEM                          -> resumes     -
T33/T34 return       RECEIVED,CHECKED,KEYED,PROBLEM   -> RETURNED    -
T35 resubmit         RETURNED                         -> TAKEN_IN    -
T36 reject           RECEIVED,SUBMITTED               -> REJECTED    -
T38 refuse-card      ISSUED,COLLECTED                 -> WITHDRAWN   -
T39 expire           REFERRED,ACCEPTED,DRAFT,RETURNED,ISSUED,COLLECTED -> EXPIRED -
T40 reopen           EXPIRED,WITHDRAWN,REJECTED       -> resumes     -
"""


def _domain_lines() -> list[tuple[str, str, set[str], str, str]]:
    lines = []
    for line in DOMAIN.strip().splitlines():
        left, right = line.split("->")
        no, step, sources = left.split()
        target, performs = right.split()
        lines.append((no, step, set() if sources == "-" else set(sources.split(",")), target, performs))
    return lines


@pytest.mark.parametrize("line", _domain_lines(), ids=lambda line: line[1])
def test_the_charter_says_what_the_domain_says(line: tuple[str, str, set[str], str, str]) -> None:
    no, step, sources, target, performs = line
    rule = RULES[Step(step)]
    assert rule.no == no
    assert {str(state) for state in rule.sources} == sources
    assert str(rule.target) == target
    assert (rule.performs or "-") == performs


def test_every_step_of_the_charter_is_one_transition_with_its_sources_and_target() -> None:
    found = {}
    for transition in Application._meta.get_field("state").get_all_transitions(Application):
        found.setdefault(transition.custom["step"], []).append(transition)
    on_the_model = {rule.step for rule in CHARTER if rule.sources}
    assert set(found) == on_the_model
    for step, transitions in found.items():
        rule = RULES[step]
        assert {transition.source for transition in transitions} == {str(state) for state in rule.sources}
        for transition in transitions:
            if rule.target in (Goes.DEPENDS, Goes.RESUMES):
                assert isinstance(transition.target, GET_STATE)
            else:
                assert transition.target == (None if rule.target is Goes.STAYS else rule.target)


def test_a_transition_sets_the_stamps_of_its_line_and_no_others() -> None:
    transitions = Application._meta.get_field("state").get_all_transitions(Application)
    for transition in {transition.name: transition for transition in transitions}.values():
        rule = RULES[transition.custom["step"]]
        source = inspect.getsource(getattr(Application, transition.name))
        written = set(re.findall(r"self\.(\w+_at) = at\b", source))
        assert written >= set(rule.stamps) - {"keyed_at"} or rule.step is Step.SUBMIT_ENTRY, rule
        assert written <= set(STAMPS) | {"host_confirmed_at"}


def test_every_state_is_reached_and_every_unfinished_one_is_left() -> None:
    reached = {rule.target for rule in CHARTER} | {State.KEYED, State.ENTERED}
    left = {state for rule in CHARTER for state in rule.sources}
    assert set(State) <= reached
    assert set(State) - FINISHED <= left


def test_every_performance_is_performed_by_one_step() -> None:
    performed = [rule.performs for rule in CHARTER if rule.performs]
    assert set(performed) == set(Performance) - {Performance.ENTRY_2ND}  # the blind second keying names itself


def test_every_clock_that_a_step_starts_is_stopped_or_voided_by_another() -> None:
    started = {clock for rule in CHARTER for clock in rule.starts}
    ended = {clock for rule in CHARTER for clock in (*rule.stops, *(rule.voids or ()))}
    assert started - ended == {Clock.REGISTER}  # by the floor of the rewards
    assert {clock for clocks in CLOCKS_OF_STATE.values() for clock in clocks} <= started


def test_the_stamps_of_the_order_follow_the_main_line() -> None:
    assert [stamp for stamp in STAMP_ORDER if stamp in STAMPS] == list(STAMP_ORDER)
    assert MAIN_LINE[0] == State.REFERRED
    assert MAIN_LINE[-1] == State.ACTIVATED


def test_standing_rules_stand_only_on_steps_of_the_charter() -> None:
    assert set(STANDING) <= set(RULES)


@pytest.mark.parametrize(
    ("entry_mode", "referrer", "is_external", "checker", "keyer", "path"),
    [
        ("SELF", None, False, 1, 1, "A"), ("SELF", 1, False, None, None, "A"), ("SELF", 1, False, 1, 9, "B"),
        ("SELF", 2, False, 1, 1, "C"), ("CENTER", None, False, 8, 9, "B"), ("CENTER", 1, False, 8, 9, "B"),
        ("CENTER", 2, False, 8, 9, "C"), ("CENTER", None, True, 8, 9, "C"),
    ],
)  # fmt: skip
def test_g4_the_path_follows_from_who_did_what(
    entry_mode: str, referrer: int | None, is_external: bool, checker: int | None, keyer: int | None, path: str
) -> None:
    found = path_of(
        entry_mode=entry_mode, referrer=referrer, is_external=is_external, collector=1, checker=checker, keyer=keyer
    )
    assert found == path
