"""团办: two employers whose people apply together. Their batches are opened here; the files are told with the cases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from applications.models import GroupBatch
from applications.services.groups import close_batch, open_batch
from ops_center.history.demo.bank import Crew
from ops_center.history.demo.days import WINDOW, Days
from organization.roles import Role


@dataclass(frozen=True, slots=True)
class Group:
    """One employer: how many people it has, how many of them apply, and on which working days of the window."""

    employer: str
    level: str
    head_count: int
    applied: int
    place: str
    product: str
    customer_group: str
    visits: tuple[int, ...]
    contact: str
    mobile: str
    address: str
    phone: str
    is_over: bool


GROUPS = (
    Group(
        "石桥县财政局", "COUNTY", 100, 87, "SQ01", "GWK", "OFFICIAL", (6, 10, 15), "孙桂芳", "10000009101",
        "石桥县人民路18号", "0579-8822001", is_over=True,
    ),
    Group(
        "学府中学", "CITY", 60, 31, "XF01", "PK", "GROUP", (9, 18), "梁启文", "10000009102", "岚州市学府路66号",
        "0579-8833002", is_over=False,
    ),
)  # fmt: skip


def open_batches(crew: Crew, days: Days) -> dict[str, GroupBatch]:
    """The batches by their employer, each opened by the host on the working day before the first visit."""
    window = days.window(WINDOW)
    batches = {}
    for group in GROUPS:
        host = crew.at(group.place, Role.CM)[0]
        batches[group.employer] = open_batch(
            actor=host, host=host, at=days.at(window[group.visits[0] - 1], "16:20"), employer=group.employer,
            level=group.level, head_count=group.head_count, employer_address=group.address, work_phone=group.phone,
            contact_name=group.contact, contact_mobile=group.mobile,
            visits=[("PRESENT", window[group.visits[0] - 1]), *(("COLLECT", window[day]) for day in group.visits)],
        )  # fmt: skip
    return batches


def close_finished(batches: Mapping[str, GroupBatch], crew: Crew, days: Days) -> None:
    """One whose files have all ended is closed by the head of its branch; the other still takes members."""
    for group in GROUPS:
        if group.is_over:
            head = crew.at(group.place, Role.BH)[0]
            close_batch(batch=batches[group.employer].code, actor=head, at=days.now)
