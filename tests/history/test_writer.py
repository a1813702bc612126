"""A history that is written in a set is the history that the services would have left behind."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from applications.entry_form import CRITICAL, example_of
from applications.lifecycle import Clock
from applications.models import Application, CaseClock, ClockInterval, Event, Performer
from applications.models.event import digest_of
from applications.services import bags, check, claims, contacts, endings, entry, intake, issue, problems
from applications.sheets import COACHING
from ops_center.clock import local_day
from ops_center.history.past import Client, PastBag
from ops_center.history.story import Story
from ops_center.history.writer import HistoryWriter
from tests.cast import Cast, at

pytestmark = pytest.mark.django_db

OWN = {"id", "number", "status_code", "event_digest", "application", "archive_no", "policy"}


def columns(row: Any, *, besides: set[str] = frozenset()) -> dict[str, Any]:
    named = [column for column in row._meta.concrete_fields if column.name not in OWN | besides]
    values = {column.name: getattr(row, column.attname) for column in named}
    return {name: bytes(value) if isinstance(value, memoryview) else value for name, value in values.items()}


def portrait(case: Application) -> dict[str, Any]:
    """All that the tables know of a case, but keys and numbers."""
    clocks = CaseClock.objects.filter(application=case).order_by("started_at", "kind", "run")
    return {
        "case": columns(case),
        "applicant": columns(case.applicant, besides={"name", "mobile", "id_number"}),
        "client": [getattr(case.applicant, name) and getattr(case.applicant, name).reveal()
                   for name in ("name", "mobile", "id_number")],
        "events": [columns(row, besides={"digest", "recorded_at"}) for row in case.events.order_by("seq")],
        "clocks": [columns(row) | {"policy": str(row.policy)} for row in clocks],
        "intervals": [columns(row, besides={"clock"}) | {"of": f"{row.clock.kind} {row.clock.run}"}
                      for row in ClockInterval.objects.filter(clock__in=clocks).select_related("clock").order_by(
                          "since", "clock__kind", "clock__run", "id")],
        "custody": [columns(row) for row in case.custody.all()],
        "performers": [columns(row) for row in Performer.objects.filter(application=case).order_by("role")],
        "beside": {
            name: [columns(row, besides={"bag", "document"}) for row in getattr(case, name).order_by("id")]
            for name in ("checks", "problems", "returns", "differences", "contacts", "bag_items")
        } | {
            "keyed": [columns(row) | {"document": row.fields} for row in case.entries.order_by("saved_at", "turn")],
            "facts": sorted((row.kind, bytes(row.digest)) for row in case.fact_indexes.all()),
        },
    }  # fmt: skip


def without_numbers(picture: dict[str, Any], *cases: Application) -> str:
    """The portrait as text, with the numbers of cases, bags and archives taken out."""
    text = repr(picture)
    for case in cases:
        for number in (case.number, case.archive_no or "", *case.bag_items.values_list("bag__number", flat=True)):
            if number:
                text = text.replace(number, "#")
    return text


def check_chain(case: Application) -> None:
    head = bytes(32)
    for row in case.events.select_related("actor").order_by("seq"):
        head = digest_of(
            head, number=case.number, seq=row.seq, step=row.step, from_state=row.from_state, to_state=row.to_state,
            actor=row.actor.number if row.actor else None, at=row.at, round=row.round, note=row.note, facts=row.facts,
        )  # fmt: skip
        assert bytes(row.digest) == head
    assert bytes(case.event_digest) == head


def same(played: Application, story: Story) -> None:
    """Writes the story and compares it with what the services made of the same acts."""
    ((told,),) = HistoryWriter().write([story.past()])
    written = Application.objects.get(pk=told.case.id)
    played = Application.objects.get(pk=played.pk)
    check_chain(played)
    check_chain(written)
    wanted, got = portrait(played), portrait(written)
    for part in wanted:
        assert without_numbers({part: got[part]}, written) == without_numbers({part: wanted[part]}, played), part


def client_of(case: Application) -> Client:
    applicant = case.applicant
    return Client(*(getattr(applicant, name).reveal() for name in ("name", "mobile", "id_number")))


def bag_of(bank: Cast, case: Application) -> PastBag:
    """The same bag for the story: as it stands now, under another seal."""
    bag = case.bag_items.latest("id").bag
    facts = columns(bag, besides={"seal_no"}) | {"seal_no": f"{bag.seal_no}x"}
    return PastBag(at=bag.opened_at, columns=facts, seals=[{"seal_no": f"{bag.seal_no}x", "used_at": bag.sealed_at}])


def items_of(case: Application) -> list[str]:
    return case.events.get(step="complete-intake").facts["items"]


def test_a_referred_case_with_a_host_branch_and_a_bag(bank: Cast) -> None:
    cast, day = bank, "2026-09-21"
    when = {name: at(f"{day} {time}") for name, time in (
        ("refer", "09:00"), ("accept", "09:40"), ("start", "11:00"), ("complete", "11:30"), ("host", "14:00"),
        ("seal", "17:00"), ("truck", "18:35"),
    )}  # fmt: skip
    when |= {name: at(f"2026-09-22 {time}") for name, time in (
        ("receive", "08:40"), ("take", "09:00"), ("check", "09:20"), ("take2", "13:00"), ("key", "13:12"),
        ("take3", "15:00"), ("verify", "15:02"), ("file", "16:00"), ("issue", "16:30"), ("call", "16:45"),
        ("coach", "16:50"), ("activate", "17:00"),
    )}  # fmt: skip
    person = cast.client("林一一")
    case = intake.refer(actor=cast.li_wenjing, product=cast.product("JK"), person=person, at=when["refer"],
                        consent=True)  # fmt: skip
    intake.accept(case=case.pk, actor=cast.zhou_qiming, at=when["accept"])
    intake.start_intake(case=case.pk, actor=cast.zhou_qiming, at=when["start"], person=person,
                        customer_group="SALARIED", consent=True)  # fmt: skip
    cast.complete(cast.again(case), when=when["complete"])
    cast.to_branch(cast.again(case), when=when["host"])
    bag = cast.pack(case, when=when["seal"])
    bags.hand_over_bag(bag=bag.pk, truck_no="岚A-1", escort="甲", actor=cast.qian_yumei, at=when["truck"])
    cast.receive(bag, when=when["receive"])
    claims.claim_next(queue="check", actor=cast.he_xiulan, at=when["take"])
    check.pass_check(case=case.pk, actor=cast.he_xiulan, at=when["check"], items=cast.sheet())
    claims.claim_next(queue="entry", actor=cast.fang_fang, at=when["take2"])
    values = example_of(cast.again(case), on=local_day(when["key"]))
    entry.submit_entry(case=case.pk, actor=cast.fang_fang, at=when["key"], fields=values)
    claims.claim_next(queue="verify", actor=cast.xu_wenjuan, at=when["take3"])
    entry.verify(case=case.pk, actor=cast.xu_wenjuan, at=when["verify"], agree=True)
    issue.file_case(case=case.pk, actor=cast.zheng_weiguo, at=when["file"], shelf="A-1")
    issue.mark_issued(case=case.pk, actor=cast.zheng_weiguo, at=when["issue"], card_last4="6688")
    contacts.log_contact(case=case.pk, actor=cast.lin_xiaoyu, at=when["call"], channel="PHONE", result="MISSED")
    issue.coach(case=case.pk, actor=cast.lin_xiaoyu, at=when["coach"], has_card=True, items=list(COACHING),
                satisfaction=4)  # fmt: skip
    issue.activate(case=case.pk, actor=cast.lin_xiaoyu, at=when["activate"], channel="PHONE", proof="回呼")

    told = bag_of(cast, case)
    story = Story(client_of(cast.again(case)))
    story.refer(when["refer"], cast.li_wenjing, cast.product("JK"))
    story.accept(when["accept"], cast.zhou_qiming)
    story.start_intake(when["start"], cast.zhou_qiming, group="SALARIED")
    story.complete_intake(when["complete"], cast.zhou_qiming, items=items_of(case))
    story.hand_to_branch(when["host"], cast.zhou_qiming, cast.branches["BH01"])
    story.confirm_hand_to_branch(when["host"], cast.qian_yumei)
    story.pack(when["seal"], cast.qian_yumei, told, fate="RECEIVED")
    story.seal(when["seal"], cast.qian_yumei, told, witness=cast.sun_jianguo)
    story.hand_over(when["truck"], cast.qian_yumei, told)
    story.receive(when["receive"], cast.wu_xiaofeng, told)
    story.pass_check(when["check"], cast.he_xiulan, claimed_at=when["take"])
    story.submit_entry(when["key"], cast.fang_fang, keyed(case), claimed_at=when["take2"])
    story.verify(when["verify"], cast.xu_wenjuan, claimed_at=when["take3"])
    story.file(when["file"], cast.zheng_weiguo, shelf="A-1", archive_no="DA-X")
    story.mark_issued(when["issue"], cast.zheng_weiguo, card_last4="6688")
    story.contact(when["call"], cast.lin_xiaoyu, stops=Clock.CONTACT, result="MISSED")
    story.coach(when["coach"], cast.lin_xiaoyu, satisfaction=4)
    story.activate(when["activate"], cast.lin_xiaoyu, channel="PHONE", proof="回呼")
    same(case, story)


def keyed(case: Application) -> dict[str, Any]:
    return case.entries.get(turn="FIRST", round=case.entries.latest("saved_at").round).fields


def test_a_problem_a_return_a_late_second_round_and_a_refused_card(bank: Cast) -> None:
    cast = bank
    bag = None
    case = cast.received(when=at("2026-09-22 08:40"), taken_in=at("2026-09-21 16:00"))
    first_bag = bag_of(cast, case)
    cm, tracker = cast.chen_xiaoming, cast.zheng_weiguo
    claims.claim_next(queue="check", actor=cast.he_xiulan, at=at("2026-09-22 10:15"))
    problems.raise_problem(case=case.pk, actor=cast.he_xiulan, at=at("2026-09-22 10:30"), code="C03", party="BRANCH",
                           note="无人接听")  # fmt: skip
    problems.reply(case=case.pk, actor=cm, at=at("2026-09-23 11:00"), answer="已换电话")
    problems.resolve(case=case.pk, actor=tracker, at=at("2026-09-24 09:30"), note="已核实")
    claims.claim_next(queue="check", actor=cast.he_xiulan, at=at("2026-09-24 09:40"))
    check.pass_check(case=case.pk, actor=cast.he_xiulan, at=at("2026-09-24 10:00"), items=cast.sheet())
    claims.claim_next(queue="entry", actor=cast.fang_fang, at=at("2026-09-24 10:40"))
    problems.return_case(case=case.pk, actor=cast.fang_fang, at=at("2026-09-24 11:00"), codes=["D05", "D01"], note="缺")
    problems.resubmit(case=case.pk, actor=cm, at=at("2026-09-28 15:00"), answers={"D05": "已补", "D01": "已补"})
    bag = cast.send(cast.again(case), when=at("2026-09-28 18:35"))
    cast.receive(bag, when=at("2026-09-29 08:40"))
    second_bag = bag_of(cast, case)
    claims.claim_next(queue="check", actor=cast.he_xiulan, at=at("2026-09-29 09:00"))
    check.pass_check(case=case.pk, actor=cast.he_xiulan, at=at("2026-09-29 09:10"), items=cast.sheet())
    claims.claim_next(queue="entry", actor=cast.fang_fang, at=at("2026-10-09 16:30"))  # an hour before it is due
    values = example_of(cast.again(case), on=local_day(at("2026-10-10 09:00")))
    entry.submit_entry(case=case.pk, actor=cast.fang_fang, at=at("2026-10-09 16:50"), fields=values)
    claims.claim_next(queue="verify", actor=cast.xu_wenjuan, at=at("2026-10-10 09:00"))
    entry.verify(case=case.pk, actor=cast.xu_wenjuan, at=at("2026-10-10 09:10"), agree=False,
                 remarks={"mobile": "漏位"})  # fmt: skip
    entry.submit_entry(case=case.pk, actor=cast.fang_fang, at=at("2026-10-10 09:20"), fields=values)
    claims.claim_next(queue="verify", actor=cast.xu_wenjuan, at=at("2026-10-10 09:30"))
    entry.verify(case=case.pk, actor=cast.xu_wenjuan, at=at("2026-10-10 09:40"), agree=True)
    issue.file_case(case=case.pk, actor=tracker, at=at("2026-10-12 09:00"), shelf="A-2")
    issue.mark_issued(case=case.pk, actor=tracker, at=at("2026-10-14 09:00"), card_last4="1234")
    endings.refuse_card(case=case.pk, actor=cast.lin_xiaoyu, at=at("2026-10-15 09:00"), note="不要了")

    story = Story(client_of(cast.again(case)))
    story.walk_in(at("2026-09-21 16:00"), cm, cast.product("PK"), group="SALARIED")
    story.complete_intake(at("2026-09-21 16:00"), cm, items=items_of(case))
    travel(story, cast, first_bag, "2026-09-21 16:00", "2026-09-21 16:00", "2026-09-22 08:40")
    story.raise_problem(at("2026-09-22 10:30"), cast.he_xiulan, code="C03", party="BRANCH", note="无人接听",
                        claimed_at=at("2026-09-22 10:15"))  # fmt: skip
    story.reply(at("2026-09-23 11:00"), cm, "已换电话")
    story.resolve(at("2026-09-24 09:30"), tracker, "已核实")
    story.pass_check(at("2026-09-24 10:00"), cast.he_xiulan, claimed_at=at("2026-09-24 09:40"))
    story.return_case(at("2026-09-24 11:00"), cast.fang_fang, codes=["D05", "D01"], note="缺",
                      claimed_at=at("2026-09-24 10:40"))  # fmt: skip
    story.resubmit(at("2026-09-28 15:00"), cm, "已补")
    travel(story, cast, second_bag, "2026-09-28 18:35", "2026-09-28 18:35", "2026-09-29 08:40")
    story.pass_check(at("2026-09-29 09:10"), cast.he_xiulan, claimed_at=at("2026-09-29 09:00"))
    story.submit_entry(at("2026-10-09 16:50"), cast.fang_fang, keyed(case), claimed_at=at("2026-10-09 16:30"))
    story.verify(at("2026-10-10 09:10"), cast.xu_wenjuan, claimed_at=at("2026-10-10 09:00"), wrong={"mobile": "漏位"})
    story.submit_entry(at("2026-10-10 09:20"), cast.fang_fang, keyed(case), claimed_at=None)
    story.verify(at("2026-10-10 09:40"), cast.xu_wenjuan, claimed_at=at("2026-10-10 09:30"))
    story.file(at("2026-10-12 09:00"), tracker, shelf="A-2", archive_no="DA-Y")
    story.mark_issued(at("2026-10-14 09:00"), tracker, card_last4="1234")
    story.refuse_card(at("2026-10-15 09:00"), cast.lin_xiaoyu, note="不要了")
    same(case, story)


def travel(story: Story, cast: Cast, bag: PastBag, sealed: str, left: str, arrived: str) -> None:
    story.pack(at(sealed), cast.qian_yumei, bag, fate="RECEIVED")
    story.seal(at(sealed), cast.qian_yumei, bag, witness=cast.sun_jianguo)
    story.hand_over(at(left), cast.qian_yumei, bag)
    story.receive(at(arrived), cast.wu_xiaofeng, bag)


def test_path_a_activated_by_the_client_alone_and_coached_late(bank: Cast) -> None:
    cast, cm, when = bank, bank.chen_xiaoming, at("2026-09-21 10:00")
    case = cast.complete(cast.draft(when=when), when=when)
    intake.self_route(case=case.pk, actor=cm, at=when)
    cast.check(cast.again(case), when=when + timedelta(hours=1), by=cm)
    cast.key(cast.again(case), when=when + timedelta(hours=2), by=cm)
    claims.claim_next(queue="verify", actor=cast.xu_wenjuan, at=when + timedelta(hours=3))
    entry.verify(case=case.pk, actor=cast.xu_wenjuan, at=when + timedelta(hours=3, minutes=20), agree=True)
    issue.file_case(case=case.pk, actor=cast.zheng_weiguo, at=when + timedelta(hours=5), shelf="A-3")
    issue.mark_issued(case=case.pk, actor=None, at=when + timedelta(days=3), card_last4="0001", source="CARD.csv:2")
    issue.activate(case=case.pk, actor=None, at=when + timedelta(days=5), source="CARD.csv:9")
    cast.coach(cast.again(case), when=when + timedelta(days=9), by=cm, late=True)

    story = Story(client_of(cast.again(case)))
    story.walk_in(when, cm, cast.product("PK"), group="SALARIED")
    story.complete_intake(when, cm, items=items_of(case)).self_route(when, cm)
    story.pass_check(when + timedelta(hours=1), cm, claimed_at=None)
    story.submit_entry(when + timedelta(hours=2), cm, keyed(case), claimed_at=None)
    story.verify(when + timedelta(hours=3, minutes=20), cast.xu_wenjuan, claimed_at=when + timedelta(hours=3))
    story.file(when + timedelta(hours=5), cast.zheng_weiguo, shelf="A-3", archive_no="DA-Z")
    story.mark_issued(when + timedelta(days=3), None, card_last4="0001", source="CARD.csv:2")
    story.activate(when + timedelta(days=5), None, source="CARD.csv:9")
    story.coach(when + timedelta(days=9), cm, satisfaction=5, late=True)
    same(case, story)


def test_a_blind_second_keying_that_differs_waits_for_the_tracker_under_no_lease(bank: Cast) -> None:
    cast, when = bank, at("2026-09-22 10:00")
    cast.product("ZS").__class__.objects.filter(code="ZS").update(review_mode="DOUBLE")
    case = cast.received(when=when, taken_in=at("2026-09-21 16:00"), product="ZS")
    told = bag_of(cast, case)
    claims.claim_next(queue="check", actor=cast.he_xiulan, at=when)
    check.pass_check(case=case.pk, actor=cast.he_xiulan, at=when, items=cast.sheet())
    claims.claim_next(queue="entry", actor=cast.fang_fang, at=when)
    values = example_of(cast.again(case), on=local_day(when))
    entry.submit_entry(case=case.pk, actor=cast.fang_fang, at=when, fields=values)
    claims.claim_next(queue="verify", actor=cast.xu_wenjuan, at=when)
    second = {name: values[name] for name in CRITICAL} | {"employer": "另一单位"}
    entry.verify(case=case.pk, actor=cast.xu_wenjuan, at=when, fields=second)

    story = Story(client_of(cast.again(case)))
    story.walk_in(at("2026-09-21 16:00"), cast.chen_xiaoming, cast.product("ZS"), group="SALARIED")
    story.complete_intake(at("2026-09-21 16:00"), cast.chen_xiaoming, items=items_of(case))
    travel(story, cast, told, "2026-09-21 16:00", "2026-09-21 16:00", "2026-09-22 10:00")
    story.pass_check(when, cast.he_xiulan, claimed_at=when)
    story.submit_entry(when, cast.fang_fang, keyed(case), claimed_at=when)
    story.key_again(when, cast.xu_wenjuan, second, claimed_at=when)
    same(case, story)


def test_a_lead_given_back_and_lapsed_and_a_withdrawal_from_a_problem(bank: Cast) -> None:
    cast = bank
    case = cast.refer(when=at("2026-09-21 10:00"))
    intake.accept(case=case.pk, actor=cast.zhou_qiming, at=at("2026-09-21 11:00"))
    contacts.log_contact(case=case.pk, actor=cast.zhou_qiming, at=at("2026-09-21 14:00"), channel="PHONE",
                         result="MISSED")  # fmt: skip
    intake.release(case=case.pk, actor=cast.zhou_qiming, at=at("2026-09-22 10:00"), code="R01")
    endings.expire_lapsed(at=at("2026-10-23 02:00"))
    story = Story(client_of(cast.again(case)))
    story.refer(at("2026-09-21 10:00"), cast.li_wenjing, cast.product("PK"))
    story.accept(at("2026-09-21 11:00"), cast.zhou_qiming)
    story.contact(at("2026-09-21 14:00"), cast.zhou_qiming, stops=Clock.REF_CONTACT, result="MISSED")
    story.release(at("2026-09-22 10:00"), cast.zhou_qiming, "R01").expire(at("2026-10-23 02:00"))
    same(case, story)

    case = cast.received(when=at("2026-09-22 08:40"), taken_in=at("2026-09-21 16:00"))
    told = bag_of(cast, case)
    claims.claim_next(queue="check", actor=cast.he_xiulan, at=at("2026-09-22 10:15"))
    problems.raise_problem(case=case.pk, actor=cast.he_xiulan, at=at("2026-09-22 10:30"), code="E02", party="CENTER")
    endings.withdraw(case=case.pk, actor=cast.chen_xiaoming, at=at("2026-09-22 11:30"), note="客户来电")
    story = Story(client_of(cast.again(case)))
    story.walk_in(at("2026-09-21 16:00"), cast.chen_xiaoming, cast.product("PK"), group="SALARIED")
    story.complete_intake(at("2026-09-21 16:00"), cast.chen_xiaoming, items=items_of(case))
    travel(story, cast, told, "2026-09-21 16:00", "2026-09-21 16:00", "2026-09-22 08:40")
    story.raise_problem(at("2026-09-22 10:30"), cast.he_xiulan, code="E02", party="CENTER",
                        claimed_at=at("2026-09-22 10:15"))  # fmt: skip
    story.withdraw(at("2026-09-22 11:30"), cast.chen_xiaoming, note="客户来电")
    same(case, story)


def test_a_story_cannot_run_backwards_or_leave_the_charter(bank: Cast) -> None:
    story = Story(Client("王一", "10000000001"))
    story.walk_in(at("2026-09-21 16:00"), bank.chen_xiaoming, bank.product("PK"), group="SALARIED")
    story.complete_intake(at("2026-09-21 15:00"), bank.chen_xiaoming, items=["FORM"])
    with pytest.raises(ValueError, match="before"):
        list(HistoryWriter().write([story.past()]))
    story = Story(Client("王一", "10000000001"))
    story.walk_in(at("2026-09-21 16:00"), bank.chen_xiaoming, bank.product("PK"), group="SALARIED")
    story.pass_check(at("2026-09-21 17:00"), bank.he_xiulan, claimed_at=None)
    with pytest.raises(ValueError, match="not possible"):
        list(HistoryWriter().write([story.past()]))
    assert Event.objects.count() == 0
