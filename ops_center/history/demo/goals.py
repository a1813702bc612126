"""What people aim at and what is told of them: targets of last month and this one, the weekly sheets, the feed."""

from __future__ import annotations

from datetime import datetime

from ops_center.history.demo.bank import Crew
from organization.roles import Role
from supervision.models import Broadcast, Measure
from supervision.periods import Month, Week
from supervision.selectors.goals import branch_rows, branches_with_targets, person_rows
from supervision.services.broadcasts import cheer, say_motto, tell_successes
from supervision.services.targets import Subject, copy_targets, set_targets
from supervision.services.weekly import make_weekly_sheets, write_note

RAISED_BY = 1.15  # what was aimed at last month, of what was reached then
WITH_NOTE = {
    "BH01": "本周企业走访带来三件白金，下周补齐两件退件的收入证明。",
    "YX01": "转介偏少，周二晨会再讲一次计价标准，各柜面每人一件。",
    "SQ01": "财政局团办收尾，钞车提前到 16:30，收件尽量放在上午。",
}
MOTTOES = ("多问一句“平时用哪张卡”，就有了。", "资料清单先发给客户，上门一次办成。", "老客户带来的，服务好一个来三个。")
PRAISE = "开门红，继续！"


def set_goals(crew: Crew, *, at: datetime) -> dict[str, int]:
    """Sets the targets, makes the sheets of the weeks that have closed, and fills the feed. Returns what was made."""
    month = Month.of(at)
    manager = crew.by_number["LZ10013"]
    started = month.previous.starts_at
    wanted: dict[tuple[Subject, Measure], int | None] = {}
    for row in branch_rows(branches_with_targets(), month=month.previous, at=at):
        for cell in row.measures:
            if cell.measure != Measure.GROUPS and row.branch is not None:
                wanted[row.branch, cell.measure] = max(round(cell.actual * RAISED_BY), 4)
    targets = set_targets(wanted=wanted, month=month.previous, actor=manager, at=started)
    targets += copy_targets(month=month, actor=manager, at=month.starts_at)
    targets += _of_people(crew, month, at)
    sheets = make_weekly_sheets(at=at)
    for head in crew.by_role[Role.BH]:
        if text := WITH_NOTE.get(head.branch.code):
            write_note(monday=str(Week.of(at).previous), text=text, actor=head, at=at)
    return {"targets": targets, "weekly sheets": sheets, "successes": _fill_feed(crew, at)}


def _of_people(crew: Crew, month: Month, at: datetime) -> int:
    """One head has given the customer managers targets of their own."""
    head = crew.by_number["LZ10002"]
    managers = crew.at(head.branch.code, Role.CM)
    wanted: dict[tuple[Subject, Measure], int | None] = {}
    for row in person_rows(managers, month=month.previous, at=at):
        for cell in row.measures:
            if cell.measure in (Measure.INTAKES, Measure.ACTIVATIONS) and row.person is not None:
                wanted[row.person, cell.measure] = max(round(cell.actual * RAISED_BY), 3)
    return set_targets(wanted=wanted, month=month, actor=head, at=month.starts_at)


def _fill_feed(crew: Crew, at: datetime) -> int:
    told = tell_successes(at=at)
    heads = {head.branch_id: head for head in crew.by_role[Role.BH]}
    for place, row in enumerate(Broadcast.objects.select_related("person").order_by("-at", "-id")[: len(MOTTOES)]):
        say_motto(broadcast=row.pk, text=MOTTOES[place], actor=row.person, at=at)
        if head := heads.get(row.branch_id):
            cheer(broadcast=row.pk, text=PRAISE, actor=head, at=at)
    return told
