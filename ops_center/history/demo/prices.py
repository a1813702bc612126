"""The versions of the split table that the scenarios ask for: pilots, drafted by one of the management and approved by
the other in the week before; and what waits for the second of them this morning."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Unpack

from applications.lifecycle import Path, Performance
from applications.models import Application
from incentives.models import PriceNotice
from incentives.reference import SHARES
from incentives.services.notices import read_notice, readers_of
from incentives.services.policies import SpecialTerms, approve_split, draft_bounty, draft_split
from ops_center.clock import local_day
from ops_center.history.demo.bank import Crew
from ops_center.history.demo.days import Days

DRAFTER, APPROVER = "LZ10013", "LZ10014"
READERS = ("LZ10001", "LZ10010", "LZ10019")  # who have signed for what they read; the others have still to
PILOT, RIVERSIDE = ("YX01",), ("BH01", "CC01")
V2 = SHARES | {Performance.CREDIT_CHECK: 1_200, Performance.ENTRY: 1_300}


class Prices:
    """Drafts and approves them at the time at which that was done. The cases are there by then."""

    def __init__(self, crew: Crew, days: Days) -> None:
        self.crew, self.days = crew, days
        self.drafter, self.approver = crew.by_number[DRAFTER], crew.by_number[APPROVER]

    def publish(self) -> None:
        s10, s13, s19 = self._days_of("S10")[0], self._days_of("S13")[-1], self._days_of("S19")[0]
        self._approve(s10, PILOT, SHARES, "云栖支行试点：逾期扣减 27.5%", penalty_bp=2_750)
        self._approve(s13, PILOT, V2, "云栖支行试点：资信核查 12%、录入 13%，逾期扣减恢复 10%", penalty_bp=1_000)
        self._approve(s19, RIVERSIDE, SHARES, "系统切换日：滨河片区当日收件不计时效奖惩", bonus_bp=0, penalty_bp=0)
        self._approve(
            s19 + timedelta(days=1), RIVERSIDE, SHARES, "系统切换结束：恢复时效奖惩", bonus_bp=500, penalty_bp=1_000
        )  # fmt: skip
        for notice in PriceNotice.objects.select_related("policy").order_by("pk"):
            for reader in readers_of(notice.version).filter(number__in=READERS):
                read_notice(notice=notice.pk, actor=reader, at=notice.published_at + timedelta(hours=5))

    def leave_drafts(self) -> None:
        """For the second of the management, from the first of the next month."""
        at, today = self.days.now - timedelta(hours=3), local_day(self.days.now)
        starts_on = (today.replace(day=1) + timedelta(days=32)).replace(day=1)
        draft_split(
            columns=dict.fromkeys(Path.values, SHARES), starts_on=starts_on, actor=self.drafter, at=at, bonus_bp=600,
            note="按时奖励由 5% 提高到 6%",
        )  # fmt: skip
        draft_bounty(
            product="JK", amount_fen=160_00, starts_on=starts_on, actor=self.drafter, at=at, note="金卡旺季营销"
        )

    def _approve(
        self,
        starts_on: date,
        branches: tuple[str, ...],
        shares: Mapping[str, int],
        note: str,
        **terms: Unpack[SpecialTerms],
    ) -> None:
        """From the case's day on; drafted in the morning a week before, approved in the afternoon."""
        drafted_at = self.days.at(starts_on - timedelta(days=7), "10:20")
        row = draft_split(
            columns=dict.fromkeys(Path.values, shares), starts_on=starts_on, actor=self.drafter, at=drafted_at,
            note=note, is_pilot=True, branches=branches, **terms,
        )  # fmt: skip
        approve_split(number=row.number, actor=self.approver, at=drafted_at + timedelta(hours=5))

    def _days_of(self, mark: str) -> list[date]:
        """On which days the cases of a scenario were taken in."""
        moments = Application.objects.filter(campaign=mark, taken_in_at__isnull=False).values_list(
            "taken_in_at", flat=True
        )
        return sorted(local_day(moment) for moment in moments if moment is not None)
