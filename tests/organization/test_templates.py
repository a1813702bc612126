"""消息模板: the bank's own words, by two people, with what the reader needs and nothing about a client."""

from __future__ import annotations

from datetime import date

import pytest
from django.utils.translation import override

from ops_center.kernel.errors import Malformed, NotAllowed, Refused
from organization.message_titles import TITLES
from organization.messages import WORDS, words_of
from organization.models import AuditRecord, MessageTemplate
from organization.services.templates import approve_template, discard_template, draft_template, preview
from tests.cast import Cast, at

pytestmark = pytest.mark.django_db
WHEN = at("2026-11-25 10:00")
FACTS = {"number": "JL26112400017", "person": "周启明"}
WORDED = "%(person)s已承接您的转介%(number)s，谢谢！"


def drafted(bank: Cast, text: str = WORDED, kind: str = "lead_accepted", **facts) -> MessageTemplate:
    said = {"language": "zh-hans", "starts_on": date(2026, 12, 1), "note": "更亲切"} | facts
    return draft_template(kind=kind, text=text, actor=bank.cao_ying, at=WHEN, **said)


def test_own_words_hold_from_their_day_and_earlier_messages_keep_theirs(bank: Cast) -> None:
    approve_template(template=drafted(bank).pk, actor=bank.deng_hai, at=WHEN)
    with override("zh-hans"):
        before, after = (words_of("lead_accepted", FACTS, on=date(2026, *day)) for day in ((11, 30), (12, 1)))
        assert after == "周启明已承接您的转介JL26112400017，谢谢！"
        assert before != after
    with override("en"):
        assert words_of("lead_accepted", FACTS, on=date(2026, 12, 1)) == (
            "Your referral JL26112400017 was accepted by 周启明."
        )
    assert list(AuditRecord.objects.order_by("id").values_list("action", flat=True)) == [
        "draft_template", "approve_template",
    ]  # fmt: skip


def test_a_draft_says_nothing_yet_and_its_drafter_does_not_approve_it(bank: Cast) -> None:
    row = drafted(bank)
    with pytest.raises(Refused) as no:
        approve_template(template=row.pk, actor=bank.cao_ying, at=WHEN)
    assert no.value.code == "own_draft"
    with pytest.raises(NotAllowed):
        approve_template(template=row.pk, actor=bank.feng_zhiqiang, at=WHEN)
    with override("zh-hans"):
        assert "谢谢" not in words_of("lead_accepted", FACTS, on=date(2026, 12, 2))
    discard_template(template=row.pk, actor=bank.cao_ying, at=WHEN)
    with pytest.raises(Refused):
        approve_template(template=row.pk, actor=bank.deng_hai, at=WHEN)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("%(person)s已承接%(number)s，客户%(client)s", "client"),
        ("%(person)s已承接您的转介", "number"),
        ("%(person)s已承接%(number)s，请致电13800001234", "ID number"),
        ("%(number)s 100%", "per cent"),
        ("%(number)d", "number"),
        ("   ", "characters"),
        ("长" * 301, "characters"),
    ],
)
def test_words_that_would_not_do_are_refused_with_a_sentence(bank: Cast, text: str, why: str) -> None:
    with override("en"), pytest.raises(Malformed, match=why) as no:
        drafted(bank, text)
    assert "text" in no.value.errors
    assert not MessageTemplate.objects.exists()


def test_a_past_day_an_unknown_kind_and_a_missing_note_are_refused(bank: Cast) -> None:
    for facts in ({"starts_on": date(2026, 11, 25)}, {"kind": "weather"}, {"note": " "}, {"language": "fr"}):
        with pytest.raises(Malformed):
            drafted(bank, **facts)


def test_two_versions_of_one_day_are_one_too_many(bank: Cast) -> None:
    first, second = drafted(bank), drafted(bank, "转介%(number)s由%(person)s承接")
    approve_template(template=first.pk, actor=bank.deng_hai, at=WHEN)
    with pytest.raises(Refused) as no:
        approve_template(template=second.pk, actor=bank.deng_hai, at=WHEN)
    assert no.value.code == "day_taken"


def test_the_products_own_words_pass_the_rules_and_have_a_preview(bank: Cast) -> None:
    """So that a draft can begin with them, in both languages."""
    for kind in WORDS:
        for language in ("zh-hans", "en"):
            with override(language):
                sentence = preview(kind, language, str(WORDS[kind]))
            assert "%(" not in sentence
            assert sentence


def test_every_kind_of_message_has_a_name_of_its_own_in_chinese() -> None:
    assert TITLES.keys() == WORDS.keys()
    with override("zh-hans"):
        names = [str(title) for title in TITLES.values()]
    assert len(set(names)) == len(names)
    assert all(not name.isascii() for name in names)
