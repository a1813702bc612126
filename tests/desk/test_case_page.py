"""The page of one case: three sights of it, what may be done, and nothing of the client for who may not see it."""

from __future__ import annotations

import re

import pytest

from applications.models import Application
from applications.services import problems
from incentives.reference import install_policies
from incentives.services.accrual import accrue
from ops_center.desk.case_page import CUSTODY, STAGES, WHOLE, Held
from supervision.services.urging import urge
from tests.cast import Cast, at

NOW = at("2026-11-26 15:30")


@pytest.fixture
def look(bank: Cast, client, monkeypatch):
    """``look(person, case)`` opens the case's page as that person on a Thursday afternoon."""
    monkeypatch.setattr("ops_center.clock.now", lambda: NOW)
    install_policies()

    def look(person, case):
        client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
        return client.get(f"/applications/{case.number}/")

    return look


def texts_of_client(case: Application) -> list[str]:
    client = case.applicant
    return [client.name_mask, client.mobile_mask, client.id_mask]


# -- sights ------------------------------------------------------------------------------------------------------------
def test_who_works_on_the_case_or_supervises_sees_the_whole(bank: Cast, look) -> None:
    case = bank.received(when=at("2026-11-24 08:40"))
    for person in (bank.chen_xiaoming, bank.zhao_lixin, bank.zheng_weiguo, bank.feng_zhiqiang, bank.pan_wei):
        answer = look(person, case)
        assert answer.context["sight"] == WHOLE, person
        assert all(text in answer.content.decode() for text in texts_of_client(case))


def test_who_referred_sees_the_stages_and_the_own_share(bank: Cast, look) -> None:
    case = bank.activated(when=at("2026-11-10 10:00"), referred=True)
    accrue(at=NOW)
    answer = look(bank.li_wenjing, case)
    assert answer.context["sight"] == STAGES
    assert [(earning.person, earning.amount_fen) for earning in answer.context["earnings"]] == [
        (bank.li_wenjing, 2_500)
    ]
    assert "timeline" not in answer.context
    page = answer.content.decode()
    assert bank.again(case).applicant.name_mask in page  # the own client, masked; nothing of it can be opened
    assert "/reveal/" not in page


def test_the_sealer_sees_the_paper_and_no_client(bank: Cast, look) -> None:
    case = bank.complete(bank.draft(when=NOW), when=NOW)
    answer = look(bank.qian_yumei, case)
    assert answer.context["sight"] == CUSTODY
    page = answer.content.decode()
    assert not [text for text in texts_of_client(bank.again(case)) if text in page]


def test_the_page_says_who_has_the_case_now_and_since_when(bank: Cast, look) -> None:
    case = bank.received(when=at("2026-11-24 08:40"))
    assert look(bank.zheng_weiguo, case).context["held"] == Held("中心队列", at("2026-11-24 08:40"))
    bank.lend(case, to=bank.he_xiulan, when=at("2026-11-26 14:00"))
    answer = look(bank.zheng_weiguo, case)
    assert answer.context["held"] == Held("何秀兰", at("2026-11-26 14:00"))
    assert "现在何秀兰处，自 2026-11-26 14:00" in answer.content.decode()
    Application.objects.filter(pk=case.pk).update(claimed_until=at("2026-11-26 15:00"))  # the lease has run out
    assert look(bank.zheng_weiguo, case).context["held"] == Held("中心队列", at("2026-11-26 15:00"))


@pytest.mark.parametrize("person", ["luo_yong", "su_min", "cao_ying", "ding_jie", "he_xiulan", "tian_ye"])
def test_out_of_sight_is_404(bank: Cast, look, person: str) -> None:
    case = bank.received(when=at("2026-11-24 08:40"))
    assert look(bank.people[person], case).status_code == 404


def test_a_clerk_sees_the_held_case_and_no_other(bank: Cast, look) -> None:
    case, other = bank.received(when=at("2026-11-26 08:40")), bank.received(when=at("2026-11-26 08:41"))
    bank.lend(case, to=bank.he_xiulan, when=at("2026-11-26 14:00"))
    assert look(bank.he_xiulan, case).context["sight"] == WHOLE
    assert look(bank.he_xiulan, other).status_code == 404


# -- what it tells -----------------------------------------------------------------------------------------------------
def test_the_strip_says_who_when_and_whether_in_time(bank: Cast, look) -> None:
    case = bank.received(when=at("2026-11-24 08:40"), taken_in=at("2026-11-23 16:40"))
    strip = look(bank.zheng_weiguo, case).context["strip"]
    cells = {str(cell.label): cell for cell in strip}
    assert list(cells) == ["收件", "封包", "发出", "签收", "核查", "录入", "发卡", "领卡", "激活"]
    assert (cells["发出"].person, cells["发出"].in_time) == (bank.qian_yumei, True)
    assert [name for name, cell in cells.items() if cell.current] == ["核查"]


def test_a_paused_stage_waits_for_somebody_else(bank: Cast, look) -> None:
    case = bank.received(when=at("2026-11-24 08:40"))
    bank.lend(case, to=bank.he_xiulan, when=at("2026-11-25 10:20"))
    problems.raise_problem(
        case=case.number, actor=bank.he_xiulan, at=at("2026-11-25 10:30"), code="C03", party="BRANCH", note="无人接听"
    )
    answer = look(bank.zheng_weiguo, case)
    assert [str(cell.label) for cell in answer.context["strip"] if cell.waiting] == ["核查"]
    assert "无人接听" in answer.content.decode()


def test_each_running_clock_explains_its_date(bank: Cast, look) -> None:
    case = bank.received(when=at("2026-11-24 08:40"))
    rows = {row.label: row for row in look(bank.zheng_weiguo, case).context["running"]}
    assert rows["集中录入"].due_at == at("2026-11-26 17:30")
    days = [day["on"] for day in rows["集中录入"].why["days"] if day["counted"]]
    assert days == ["2026-11-25", "2026-11-26"]


def test_before_the_activation_everybody_in_sight_sees_what_each_role_would_earn(bank: Cast, look) -> None:
    case = bank.received(when=at("2026-11-24 08:40"))
    earnings = look(bank.chen_xiaoming, case).context["earnings"]
    assert sum(earning.amount_fen for earning in earnings) == 10_000


def test_after_the_activation_others_rewards_are_read_by_the_tracker_only(bank: Cast, look) -> None:
    case = bank.activated(when=at("2026-11-10 10:00"))
    accrue(at=NOW)
    assert len(look(bank.zheng_weiguo, case).context["earnings"]) == 11
    assert {earning.person for earning in look(bank.chen_xiaoming, case).context["earnings"]} == {bank.chen_xiaoming}


def test_the_timeline_tells_steps_and_urges_newest_first(bank: Cast, look) -> None:
    case = bank.received(when=at("2026-11-24 08:40"))
    urge(number=case.number, actor=bank.zheng_weiguo, at=at("2026-11-26 09:00"), text="今天务必办结")
    told = look(bank.zheng_weiguo, case).context["timeline"]
    assert told[0].note == "今天务必办结"
    assert [entry.at for entry in told] == sorted((entry.at for entry in told), reverse=True)


def test_the_access_log_is_for_audit_and_supervisor(bank: Cast, look) -> None:
    case = bank.received(when=at("2026-11-24 08:40"))
    shown = {
        name: look(bank.people[name], case).context["access"] is not None
        for name in ("pan_wei", "feng_zhiqiang", "zheng_weiguo", "chen_xiaoming")
    }
    assert shown == {"pan_wei": True, "feng_zhiqiang": True, "zheng_weiguo": False, "chen_xiaoming": False}


# -- what may be done --------------------------------------------------------------------------------------------------
def test_the_main_step_stands_open_and_the_others_are_buttons(bank: Cast, look) -> None:
    case = bank.draft(when=NOW)
    answer = look(bank.chen_xiaoming, case)
    assert answer.context["main_act"].step == "complete-intake"
    page = answer.content.decode()
    assert 'id="panel-complete-intake"' in page
    assert f"/applications/{case.number}/steps/withdraw/" in page
    assert "complete-intake" not in {act.step for act in answer.context["acts"]}


def test_every_button_of_the_page_opens_its_panel(bank: Cast, look, client) -> None:
    case = bank.received(when=at("2026-11-24 08:40"))
    for person in (bank.zheng_weiguo, bank.chen_xiaoming, bank.feng_zhiqiang):
        page = look(person, case).content.decode()
        for address in re.findall(r'hx-get="([^"]+)"', page):
            assert client.get(address, headers={"HX-Request": "true"}).status_code == 200, (person, address)


def test_who_may_open_the_client_s_data_is_offered_the_logged_way(bank: Cast, look) -> None:
    case = bank.received(when=at("2026-11-24 08:40"))
    address = f'hx-post="/applications/{case.number}/reveal/"'
    assert look(bank.zheng_weiguo, case).content.decode().count(address) == 3
    assert address not in look(bank.chen_xiaoming, case).content.decode()
    draft = bank.draft(when=NOW)  # with the panel of a step on the page
    assert f'hx-post="/applications/{draft.number}/reveal/"' in look(bank.chen_xiaoming, draft).content.decode()


def test_the_page_costs_few_queries_whatever_has_happened(
    bank: Cast, look, client, django_assert_max_num_queries
) -> None:
    case = bank.activated(when=at("2026-11-10 10:00"), referred=True)
    accrue(at=NOW)
    look(bank.zheng_weiguo, case)
    with django_assert_max_num_queries(40):
        client.get(f"/applications/{case.number}/")
