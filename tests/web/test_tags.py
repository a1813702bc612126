"""How times, money, people, states and clocks look."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django import forms
from django.template import Context, Template
from django.test import RequestFactory
from django.utils import translation

from ops_center.clock import SHANGHAI
from ops_center.web.templatetags import ops

NOON = datetime(2026, 11, 26, 12, 0, tzinfo=SHANGHAI)


def drawn(source: str, **context: object) -> str:
    with translation.override("en"):
        return Template(source).render(Context(context)).strip()


def test_an_instant_is_shown_in_shanghai_and_a_day_as_a_day() -> None:
    at = datetime(2026, 11, 26, 17, 30, tzinfo=SHANGHAI).astimezone()
    assert drawn("{{ at|stamp }} {{ at|day }} {{ at|hour }}", at=at) == "2026-11-26 17:30 2026-11-26 17:30"
    assert drawn("{{ on|day }}", on=date(2026, 2, 3)) == "2026-02-03"


@pytest.mark.parametrize("name", ["stamp", "day", "hour", "minutes", "yuan", "count", "percent", "bp"])
def test_what_is_not_there_yet_is_a_dash(name: str) -> None:
    assert drawn(f"{{{{ nothing|{name} }}}}", nothing=None) == "—"


@pytest.mark.parametrize(("fen", "shown"), [(0, "0.00"), (5, "0.05"), (123456, "1,234.56"), (-100, "-1.00")])
def test_fen_are_shown_as_yuan_without_rounding(fen: int, shown: str) -> None:
    assert ops.yuan(fen) == shown


def test_money_taken_away_stands_in_parentheses() -> None:
    assert ">(1.00)<" in ops.money(-100)
    assert "money-minus" not in ops.money(100)


def test_ratios_and_shares_are_per_cent() -> None:
    assert ops.percent(0.675) == "67.5%"
    assert ops.percent(Decimal("0.71428")) == "71.4%"
    assert (ops.bp(2500), ops.bp(1250)) == ("25%", "12.5%")


def test_working_minutes_are_hours_and_minutes() -> None:
    with translation.override("en"):
        assert ops.minutes(1610) == "26 h 50 min"
        assert ops.minutes(45) == "45 min"


@pytest.mark.parametrize(
    ("facts", "tone"),
    [
        ({"due_at": NOON, "now": NOON}, "good"),  # due means: until then
        ({"due_at": NOON, "now": NOON + timedelta(seconds=1)}, "late"),
        ({"due_at": NOON, "now": NOON - timedelta(hours=1), "warn_at": NOON - timedelta(hours=1)}, "soon"),
        ({"due_at": NOON, "now": NOON - timedelta(hours=1), "warn_at": NOON - timedelta(minutes=59)}, "good"),
        ({"due_at": NOON, "now": NOON + timedelta(days=1), "paused": True}, "wait"),
        ({"due_at": NOON, "now": NOON + timedelta(days=1), "stopped_at": NOON}, "good"),
        ({"due_at": NOON, "now": NOON, "stopped_at": NOON + timedelta(minutes=1)}, "late"),
    ],
)
def test_a_clock_is_green_amber_red_or_violet(facts: dict[str, object], tone: str) -> None:
    assert ops.clock_tone(**facts) == tone  # type: ignore[arg-type]


def test_a_clock_says_its_colour_in_a_word_and_its_due_time() -> None:
    late = drawn("{% clock_badge clock now %}", clock={"due_at": NOON}, now=NOON + timedelta(minutes=25))
    assert "Overdue" in late
    assert "2026-11-26 12:00" in late
    assert "25 min over" in late


def test_a_clock_may_be_an_object_a_mapping_or_nothing() -> None:
    facts = {"due_at": NOON, "outcome": "VOID"}
    for clock in (facts, SimpleNamespace(**facts)):
        assert "Void" in drawn("{% clock_badge clock now %}", clock=clock, now=NOON)
    assert "—" in drawn("{% clock_badge clock now %}", clock=None, now=NOON)


@pytest.mark.parametrize(
    ("minutes", "words"),
    [
        (3 * 1440 + 240, "3 d 4 h left"),
        (185, "3 h 5 min left"),
        (180, "3 h left"),
        (0, "0 min left"),
        (-1, "1 min over"),
    ],
)
def test_what_is_left_is_told_in_two_figures(minutes: int, words: str) -> None:
    with translation.override("en"):
        assert ops.until(minutes) == words


def test_the_same_state_looks_the_same_everywhere() -> None:
    assert ops.tone_of("PROBLEM") == ops.tone_of("HELD") == "wait"
    assert ops.tone_of("ACTIVATED") == "good"
    assert ops.tone_of("never heard of") == "plain"


def test_no_state_has_two_tones() -> None:
    codes = [code for states in ops.TONES.values() for code in states]
    assert len(codes) == len(set(codes))


def test_a_sign_is_silent_unless_it_has_a_label() -> None:
    assert 'aria-hidden="true"' in ops.icon("bag")
    assert 'aria-label="&lt;counted&gt;"' in ops.icon("check", "<counted>")


def test_url_with_changes_the_query_and_keeps_the_rest() -> None:
    request = RequestFactory().get("/breaches/", {"state": "OPEN", "branch": "BH01", "after": "x"})
    shown = drawn('{% url_with state="LATE" after=None %}', request=request)
    assert shown == "?state=LATE&amp;branch=BH01"


def test_a_chip_leaves_the_keyset_position_behind() -> None:
    request = RequestFactory().get("/breaches/", {"state": "OPEN", "after": "x"})
    shown = drawn("{% chips 'state' choices %}", request=request, choices=[("", "All"), ("OPEN", "Open", 1284)])
    assert 'href="?"' in shown
    assert 'href="?state=OPEN" aria-current="true">Open <b>1,284</b>' in shown


class Intake(forms.Form):
    mobile = forms.CharField(help_text="of the applicant")
    consent = forms.BooleanField()
    group = forms.ChoiceField(choices=[("a", "A")], widget=forms.RadioSelect)


def test_every_control_has_a_label_and_its_error_beside_it() -> None:
    form = Intake({})
    shown = drawn(
        "{% field form.mobile data_check='mobile' %}{% field form.consent %}{% field form.group %}", form=form
    )
    assert '<label for="id_mobile">' in shown
    assert 'data-check="mobile"' in shown
    assert (
        'aria-describedby="id_mobile_helptext id_mobile_error"' in shown
        or 'aria-describedby="id_mobile_helptext"' in shown
    )
    assert 'for="id_consent"' in shown
    assert "<legend>" in shown
    assert shown.count("field-error") == 3


def test_a_card_escapes_its_title_and_keeps_its_content() -> None:
    shown = drawn("{% card title %}<p>{{ text }}</p>{% endcard %}", title="<b>", text="<i>")
    assert "&lt;b&gt;" in shown
    assert "<p>&lt;i&gt;</p>" in shown
