"""New prices and split tables: ahead of the work, whole, and by two people (S13)."""

from __future__ import annotations

from datetime import date

import pytest

from applications.lifecycle import Path, Performance
from incentives.models import Bounty, SplitPolicy
from incentives.reference import SHARES, install_policies
from incentives.services.policies import (
    approve_bounty,
    approve_split,
    discard_split,
    draft_bounty,
    draft_split,
)  # fmt: skip
from incentives.services.pricing import split
from ops_center.kernel.errors import Malformed, NotAllowed, Refused
from tests.cast import Cast, at

pytestmark = pytest.mark.django_db
WHEN = at("2026-11-20 10:00")
DECEMBER = date(2026, 12, 1)


def columns(**c_column: int) -> dict[str, dict[str, int]]:
    return {path: dict(SHARES) | (c_column if path == Path.C else {}) for path in Path.values}


def test_s13_a_column_of_99_percent_is_refused_with_its_sum(bank: Cast) -> None:
    with pytest.raises(Malformed) as no:
        draft_split(columns=columns(CREDIT_CHECK=1_200, ENTRY=1_200), starts_on=DECEMBER, actor=bank.cao_ying, at=WHEN)
    assert "99%" in str(no.value)
    assert list(no.value.errors) == ["C"]
    assert SplitPolicy.objects.count() == 1


def test_a_second_person_puts_a_draft_in_force(bank: Cast) -> None:
    draft = draft_split(
        columns=columns(CREDIT_CHECK=1_200, ENTRY=1_300), starts_on=DECEMBER, actor=bank.cao_ying, at=WHEN
    )
    assert (draft.version, draft.status) == ("v2", "DRAFT")
    with pytest.raises(Refused) as no:
        approve_split(number=2, actor=bank.cao_ying, at=WHEN)
    assert no.value.code == "own_draft"
    approve_split(number=2, actor=bank.deng_hai, at=WHEN)
    before, after = (dict(split(bounty_fen=100_00, path="C", on=day).shares) for day in (date(2026, 11, 30), DECEMBER))
    assert (before[Performance.ENTRY], after[Performance.ENTRY]) == (10_00, 13_00)


def test_a_draft_is_not_in_force(bank: Cast) -> None:
    draft_split(columns=columns(CREDIT_CHECK=1_200, ENTRY=1_300), starts_on=DECEMBER, actor=bank.cao_ying, at=WHEN)
    assert split(bounty_fen=100_00, path="C", on=DECEMBER).policy.version == "v1"


def test_a_version_starts_ahead(bank: Cast) -> None:
    with pytest.raises(Malformed) as no:
        draft_bounty(product="PK", amount_fen=120_00, starts_on=date(2026, 11, 20), actor=bank.cao_ying, at=WHEN)
    assert no.value.code == "not_ahead"


def test_a_draft_whose_day_has_passed_is_not_approved(bank: Cast) -> None:
    draft = draft_bounty(product="PK", amount_fen=120_00, starts_on=DECEMBER, actor=bank.cao_ying, at=WHEN)
    with pytest.raises(Refused) as no:
        approve_bounty(bounty=draft.pk, actor=bank.deng_hai, at=at("2026-12-01 09:00"))
    assert no.value.code == "day_passed"


def test_two_versions_do_not_start_on_one_day(bank: Cast) -> None:
    drafts = [
        draft_bounty(product="PK", amount_fen=fen, starts_on=DECEMBER, actor=bank.cao_ying, at=WHEN)
        for fen in (110_00, 120_00)
    ]
    approve_bounty(bounty=drafts[0].pk, actor=bank.deng_hai, at=WHEN)
    with pytest.raises(Refused) as no:
        approve_bounty(bounty=drafts[1].pk, actor=bank.deng_hai, at=WHEN)
    assert no.value.code == "day_taken"


def test_a_decided_draft_is_not_decided_again(bank: Cast) -> None:
    draft_split(columns=columns(), starts_on=DECEMBER, actor=bank.cao_ying, at=WHEN)
    discard_split(number=2, actor=bank.cao_ying, at=WHEN)
    with pytest.raises(Refused) as no:
        approve_split(number=2, actor=bank.deng_hai, at=WHEN)
    assert no.value.code == "already_decided"


@pytest.mark.parametrize("fen", [0, -1, 100_000_01])
def test_a_bounty_is_a_sensible_amount(bank: Cast, fen: int) -> None:
    with pytest.raises(Malformed):
        draft_bounty(product="PK", amount_fen=fen, starts_on=DECEMBER, actor=bank.cao_ying, at=WHEN)


def test_only_the_management_makes_policies(bank: Cast) -> None:
    for person in (bank.feng_zhiqiang, bank.su_min, bank.pan_wei, bank.zheng_weiguo):
        with pytest.raises(NotAllowed):
            draft_bounty(product="PK", amount_fen=120_00, starts_on=DECEMBER, actor=person, at=WHEN)


def test_the_first_policies_are_installed_once(bank: Cast) -> None:
    assert install_policies() == {"bounties": 0, "split_policies": 0}
    assert dict(Bounty.objects.values_list("product__code", "amount_fen")) == {
        "PK": 100_00, "JK": 150_00, "BJ": 300_00, "ZS": 600_00, "GWK": 80_00, "CZ": 120_00, "FS": 30_00,
    }  # fmt: skip


def test_before_the_first_policy_nothing_is_divided(bank: Cast) -> None:
    with pytest.raises(Refused) as no:
        split(bounty_fen=100_00, path="C", on=date(2023, 12, 31))
    assert no.value.code == "no_split_policy"
