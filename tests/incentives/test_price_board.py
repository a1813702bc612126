"""计价标准公示: what is approved stands on the board at once, everybody is told, and everybody signs for it once."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from incentives.models import Bounty, PriceNotice, ReadReceipt, SplitPolicy
from incentives.reference import SHARES
from incentives.selectors.prices import notice_board, price_board, readers_by_branch, unread_by
from incentives.services.notices import read_notice
from incentives.services.policies import approve_bounty, approve_split, draft_bounty, draft_split
from ops_center.kernel.errors import OutOfSight
from organization.messages import words_of
from organization.models import Message
from tests.cast import Cast, at

pytestmark = pytest.mark.django_db
WHEN = at("2026-11-20 10:00")
TODAY = date(2026, 11, 20)
DECEMBER = date(2026, 12, 1)


def approved(bank: Cast, **facts: Any) -> Bounty:
    said = {"product": "PK", "amount_fen": 120_00, "starts_on": DECEMBER, "actor": bank.cao_ying, "at": WHEN}
    return approve_bounty(bounty=draft_bounty(**said | facts).pk, actor=bank.deng_hai, at=WHEN)


def approved_split(bank: Cast, **facts: Any) -> SplitPolicy:
    drafted = draft_split(
        columns=dict.fromkeys("ABC", SHARES), starts_on=DECEMBER, actor=bank.cao_ying, at=WHEN, **facts
    )
    return approve_split(number=drafted.number, actor=bank.deng_hai, at=WHEN)


def news(bank: Cast) -> dict[str, int]:
    """Unread messages about prices, per person."""
    rows = Message.objects.filter(kind="prices_changed").values_list("employee__name", flat=True)
    return {name: list(rows).count(name) for name in rows}


# -- announcing --------------------------------------------------------------------------------------------------------
def test_an_approval_announces_the_version_and_a_draft_does_not(bank: Cast) -> None:
    draft_bounty(product="PK", amount_fen=110_00, starts_on=DECEMBER, actor=bank.cao_ying, at=WHEN)
    assert not PriceNotice.objects.exists()
    bounty = approved(bank)
    assert PriceNotice.objects.get().version == bounty
    message = Message.objects.get(kind="prices_changed", employee=bank.li_wenjing)
    assert words_of(message.kind, message.facts) == (
        "The price board has news, in force from 2026-12-01: please read it and sign for it."
    )
    assert message.about == "/price-board/"


def test_many_approvals_of_one_sitting_are_one_message_per_person(bank: Cast) -> None:
    for product in ("PK", "JK", "BJ"):
        approved(bank, product=product)
    assert set(news(bank).values()) == {1}
    assert len(news(bank)) == len(bank.people)
    Message.objects.filter(kind="prices_changed", employee=bank.li_wenjing).update(read_at=WHEN)
    approved(bank, product="ZS")
    assert news(bank)["李文静"] == 2
    assert news(bank)["方芳"] == 1


def test_a_pilot_is_told_to_its_branches_and_to_the_center(bank: Cast) -> None:
    approved(bank, is_pilot=True, branches=["BH01"])
    told = set(news(bank))
    assert {"陈小明", "方芳"} <= told
    assert told.isdisjoint({"李文静", "罗勇", "苏敏"})


# -- reading -----------------------------------------------------------------------------------------------------------
def test_who_reads_signs_once(bank: Cast) -> None:
    approved(bank)
    notice = PriceNotice.objects.get()
    first = read_notice(notice=notice.pk, actor=bank.fang_fang, at=WHEN)
    again = read_notice(notice=notice.pk, actor=bank.fang_fang, at=WHEN + timedelta(hours=1))
    assert (again.pk, again.at, ReadReceipt.objects.count()) == (first.pk, WHEN, 1)
    assert not unread_by(bank.fang_fang).exists()
    assert unread_by(bank.he_xiulan).get() == notice


def test_a_receipt_is_never_taken_back_or_given_twice(bank: Cast) -> None:
    approved(bank)
    receipt = read_notice(notice=PriceNotice.objects.get().pk, actor=bank.fang_fang, at=WHEN)
    for act in (
        receipt.delete,
        lambda: ReadReceipt.objects.update(at=WHEN + timedelta(days=1)),
        lambda: PriceNotice.objects.all().delete(),
        lambda: ReadReceipt.objects.create(notice=receipt.notice, employee=bank.fang_fang, at=WHEN),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            act()


def test_a_pilot_elsewhere_is_nobodys_to_sign(bank: Cast) -> None:
    approved(bank, is_pilot=True, branches=["BH01"])
    notice = PriceNotice.objects.get()
    with pytest.raises(OutOfSight):
        read_notice(notice=notice.pk, actor=bank.luo_yong, at=WHEN)
    assert not unread_by(bank.luo_yong).exists()
    assert unread_by(bank.chen_xiaoming).get() == notice


def test_the_management_sees_who_has_read_by_branch(bank: Cast) -> None:
    approved(bank, is_pilot=True, branches=["BH01"])
    notice = PriceNotice.objects.get()
    for person in (bank.chen_xiaoming, bank.fang_fang):
        read_notice(notice=notice.pk, actor=person, at=WHEN)
    lines = {line.branch.code: ([row.employee.name for row in line.read], line.total)
             for line in readers_by_branch(notice)}  # fmt: skip
    assert lines == {"BH01": (["陈小明"], 4), "OC01": (["方芳"], 9)}
    (line,) = notice_board(bank.cao_ying, counts=True)
    assert (line.signed, line.of, line.is_mine) == (2, 13, False)
    (mine,) = notice_board(bank.sun_jianguo, counts=False)
    assert (mine.signed, mine.is_mine, mine.is_read) == (None, True, False)


# -- the board ---------------------------------------------------------------------------------------------------------
def test_the_board_shows_what_holds_at_the_readers_branch_and_what_is_ahead(bank: Cast) -> None:
    approved(bank)
    approved(bank, amount_fen=130_00, is_pilot=True, branches=["BH01"])
    approved_split(bank, is_pilot=True, branches=["XF01"])

    def classic(code: str, on: date) -> int:
        board = price_board(on, bank.branches[code])
        return next(price.bounty_fen for price in board.prices if price.product.code == "PK")

    assert [classic(code, TODAY) for code in ("BH01", "DG01")] == [100_00, 100_00]
    assert [classic(code, DECEMBER) for code in ("BH01", "DG01")] == [130_00, 120_00]
    here, there = (price_board(TODAY, bank.branches[code]) for code in ("BH01", "DG01"))
    assert sorted(row.amount_fen for row in here.ahead if isinstance(row, Bounty)) == [120_00, 130_00]
    assert [row.amount_fen for row in there.ahead if isinstance(row, Bounty)] == [120_00]
    assert (len(here.pilots), len(there.pilots)) == (1, 2)


def test_a_pilot_that_was_followed_is_not_shown_any_more(bank: Cast) -> None:
    approved(bank, is_pilot=True, branches=["BH01"])
    approved(bank, amount_fen=125_00, starts_on=date(2027, 1, 1))
    board = price_board(date(2027, 1, 2), bank.branches["DG01"])
    assert (board.pilots, board.ahead) == ([], [])
