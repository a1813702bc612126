"""What is counted elsewhere and belongs to the operations report: times of the stages, backlog, idle rate, the three
rates, targets. The center's figures and the rates are of the whole bank, times and targets of a month."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ops_center.clock import local_day
from supervision.periods import Month
from supervision.selectors import goals
from supervision.selectors.capacity import QueueLoad, capacity_board
from supervision.selectors.complaints import Rate, three_rates
from supervision.selectors.operations import Asked, center_productivity, work_done
from supervision.selectors.productivity import Productivity
from supervision.selectors.timeliness import Scope, Times, Window, stage_times


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """``month``: that of the report, unless it is of a quarter."""

    month: Month | None
    stages: Mapping[str, Mapping[str, Times]]
    targets: Sequence[goals.Progress]
    center: Productivity | None
    queues: Sequence[QueueLoad]
    three_rates: Sequence[Rate]


def counted_elsewhere(asked: Asked) -> Elsewhere:
    month = asked.span if isinstance(asked.span, Month) else None
    is_bank = asked.branch is None
    return Elsewhere(
        month,
        stages=_stages(asked, month) if month else {},
        targets=goals.together(_target_rows(asked, month)) if month else [],
        center=center_productivity(asked, work_done(asked)) if is_bank else None,
        queues=capacity_board(at=asked.at).queues if is_bank else [],
        three_rates=three_rates(asked.span, at=asked.at) if is_bank else [],
    )


def _target_rows(asked: Asked, month: Month) -> list[goals.Row]:
    branches = [asked.branch] if asked.branch else goals.branches_with_targets()
    return goals.branch_rows(branches, month=month, at=asked.at)


def _stages(asked: Asked, month: Month) -> Mapping[str, Mapping[str, Times]]:
    """Median and P90 by stage, of the days that are over."""
    if month > Month.of(asked.at) or local_day(asked.at) == month.first_day:
        return {}
    return stage_times(Scope(branch=asked.branch), Window.read(str(month), at=asked.at), at=asked.at).stages
