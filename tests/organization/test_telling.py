"""When people may be told: one home for working days, absences and quiet hours."""

from __future__ import annotations

from datetime import date, time

import pytest

from ops_center.kernel.errors import Malformed
from organization.models import Absence, Branch, NewsPreference
from organization.services.telling import choose, may_be_told, preference_of, who_may_be_told
from supervision.services.policies import approve_branch_times, draft_branch_times
from tests.cast import Cast, at

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("when", "told"),
    [
        ("2026-11-25 08:29", False),
        ("2026-11-25 08:30", True),
        ("2026-11-25 17:29", True),
        ("2026-11-25 17:30", False),
        ("2026-11-28 10:00", False),  # Saturday
        ("2026-10-10 10:00", True),  # a Saturday that is worked
        ("2026-10-01 10:00", False),  # National Day
    ],
)
def test_without_a_choice_people_are_told_in_working_hours(bank: Cast, when: str, told: bool) -> None:
    assert may_be_told(at(when), bank.feng_zhiqiang) is told


def test_quiet_hours_are_the_persons_own_and_may_span_midnight_or_not(bank: Cast) -> None:
    person = bank.feng_zhiqiang
    NewsPreference.objects.create(employee=person, quiet_from=time(22), quiet_to=time(7))
    assert [may_be_told(at(f"2026-11-25 {hour}"), person) for hour in ("06:59", "07:00", "21:59", "22:00")] == [
        False,
        True,
        True,
        False,
    ]
    NewsPreference.objects.filter(employee=person).update(quiet_from=time(12), quiet_to=time(14))
    assert [may_be_told(at(f"2026-11-25 {hour}"), person) for hour in ("11:59", "12:00", "13:59", "14:00")] == [
        True,
        False,
        False,
        True,
    ]


@pytest.mark.parametrize(("quiet_from", "quiet_to"), [("08:00", "18:00"), ("15:29", "13:30"), ("10:29", "08:00")])
def test_quiet_hours_leave_two_hours_of_the_working_day_in_which_deadlines_are_told(
    bank: Cast, quiet_from: str, quiet_to: str
) -> None:
    chosen = {"digest_at": time(14), "by_mail": False, "actor": bank.feng_zhiqiang}
    with pytest.raises(Malformed) as no:
        choose(quiet_from=time.fromisoformat(quiet_from), quiet_to=time.fromisoformat(quiet_to), **chosen)
    assert list(no.value.errors) == ["quiet_to"]
    assert not NewsPreference.objects.exists()
    choose(quiet_from=time(15, 30), quiet_to=time(13, 30), **chosen)
    assert may_be_told(at("2026-11-25 13:30"), bank.feng_zhiqiang)


def test_who_is_absent_or_has_left_is_told_nothing(bank: Cast) -> None:
    Absence.objects.create(employee=bank.fang_fang, starts_on=date(2026, 11, 25), ends_on=date(2026, 11, 26))
    bank.he_xiulan.left_on = date(2026, 11, 1)
    bank.he_xiulan.save()
    people = [bank.fang_fang.pk, bank.he_xiulan.pk, bank.zheng_weiguo.pk]
    assert who_may_be_told(at("2026-11-25 10:00"), people) == {bank.zheng_weiguo.pk}
    assert may_be_told(at("2026-11-27 10:00"), bank.fang_fang)


def test_without_a_choice_people_of_a_branch_are_told_while_it_is_open(bank: Cast) -> None:
    """By the times that hold on the day; who has chosen quiet hours keeps them."""
    branch = bank.chen_xiaoming.branch
    Branch.objects.filter(pk=branch.pk).update(opens_at=time(9), closes_at=time(16, 30))
    drafted = draft_branch_times(
        branch=branch, opens_at=time(7, 30), closes_at=time(19), cut_off=time(17, 30), cut_offs={},
        truck_at=time(20), starts_on=date(2026, 11, 26), note="夜市网点", actor=bank.cao_ying,
        at=at("2026-11-20 10:00"),
    )  # fmt: skip
    approve_branch_times(times=drafted.pk, actor=bank.deng_hai, at=at("2026-11-20 11:00"))
    NewsPreference.objects.create(employee=bank.zhao_lixin, quiet_from=time(17, 30), quiet_to=time(8, 30))
    people = {"chosen": bank.zhao_lixin, "usual": bank.chen_xiaoming, "elsewhere": bank.feng_zhiqiang}
    assert people["chosen"].branch_id == branch.pk

    def told(when: str) -> set[str]:
        found = who_may_be_told(at(when), [person.pk for person in people.values()])
        return {name for name, person in people.items() if person.pk in found}

    assert told("2026-11-25 08:30") == {"chosen", "elsewhere"}
    assert told("2026-11-25 09:00") == {"chosen", "usual", "elsewhere"}
    assert told("2026-11-25 16:30") == {"chosen", "elsewhere"}
    assert told("2026-11-26 07:30") == told("2026-11-26 18:59") == {"usual"}
    assert preference_of(bank.chen_xiaoming, on=date(2026, 11, 26)).quiet_to == time(7, 30)
