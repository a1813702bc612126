"""What people aim at and what is told of them: targets of last month and this one, the weekly sheets, the feed."""

from __future__ import annotations

from datetime import datetime
from itertools import cycle

from ops_center.history.demo.bank import Crew
from organization.roles import Role
from supervision.models import Broadcast, Measure
from supervision.periods import Month, Week
from supervision.selectors.goals import Row, branch_rows, branches_with_targets, days_gone, person_rows
from supervision.services.broadcasts import cheer, say_motto, tell_successes
from supervision.services.targets import Subject, copy_targets, set_targets
from supervision.services.weekly import make_weekly_sheets, write_note

# Of what is aimed at, what is reached by now, for each working day of the month that is gone: one after the other.
PACES = (0.87, 1.04, 0.94, 1.1, 0.98)
AIMED_AT = (Measure.REFERRALS, Measure.INTAKES, Measure.ACTIVATIONS)
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
    targets, branches = 0, branches_with_targets()
    for of in (month.previous, month):
        rows = branch_rows(branches, month=of, at=at)
        targets += set_targets(wanted=_wanted(rows, of, at), month=of, actor=manager, at=of.starts_at)
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
    rows = person_rows(crew.at(head.branch.code, Role.CM), month=month, at=at)
    return set_targets(wanted=_wanted(rows, month, at), month=month, actor=head, at=month.starts_at)


def _wanted(rows: list[Row], month: Month, at: datetime) -> dict[tuple[Subject, Measure], int | None]:
    """Targets that fit what is reached: some are ahead of the time, some behind."""
    gone, whole = days_gone(month, at=at)
    reached = [
        (row.branch or row.person, cell)
        for row in rows
        for cell in row.measures
        if cell.measure in AIMED_AT and cell.actual
    ]
    return {
        (subject, cell.measure): max(round(cell.actual * whole / (max(gone, 1) * pace)), 1)
        for (subject, cell), pace in zip(reached, cycle(PACES))
        if subject is not None
    }


def _fill_feed(crew: Crew, at: datetime) -> int:
    told = tell_successes(at=at)
    heads = {head.branch_id: head for head in crew.by_role[Role.BH]}
    for place, row in enumerate(Broadcast.objects.select_related("person").order_by("-at", "-id")[: len(MOTTOES)]):
        say_motto(broadcast=row.pk, text=MOTTOES[place], actor=row.person, at=at)
        if head := heads.get(row.branch_id):
            cheer(broadcast=row.pk, text=PRAISE, actor=head, at=at)
    return told
