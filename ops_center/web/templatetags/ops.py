"""The words of the templates: how times, money, people, states and clocks look, once for the whole product.

Built in (settings.TEMPLATES), so no ``{% load %}``. The list with examples: docs/frontend.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django import forms, template
from django.forms.boundfield import BoundField
from django.template import Context
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

register = template.Library()

NOTHING = "—"  # what stands where no figure can stand: no time yet, division by zero


# --- times ------------------------------------------------------------------------------------------------------------
@register.filter
def stamp(at: datetime | None) -> str:
    """An instant as people read it: ``2026-11-26 17:30`` in Shanghai."""
    return f"{timezone.localtime(at):%Y-%m-%d %H:%M}" if at else NOTHING


@register.filter
def instant(text: str | None) -> str:
    """An instant that a stored explanation keeps as ISO text, as ``stamp`` shows it."""
    return stamp(datetime.fromisoformat(text)) if text else NOTHING


@register.filter
def day(on: date | None) -> str:
    """A day, or the day of an instant: ``2026-11-26``."""
    if isinstance(on, datetime):
        on = timezone.localtime(on).date()
    return f"{on:%Y-%m-%d}" if on else NOTHING


@register.filter
def hour(at: datetime | None) -> str:
    """The time of day of an instant: ``17:30``."""
    return f"{timezone.localtime(at):%H:%M}" if at else NOTHING


@register.filter
def minutes(amount: int | None) -> str:
    """A length given in minutes: ``26 h 50 min``."""
    if amount is None:
        return NOTHING
    hours, rest = divmod(abs(int(amount)), 60)
    text = _("%(hours)d h %(minutes)02d min") if hours else _("%(minutes)d min")
    return ("−" if amount < 0 else "") + text % {"hours": hours, "minutes": rest}


# --- figures ----------------------------------------------------------------------------------------------------------
@register.filter
def yuan(fen: int | None) -> str:
    """Fen as yuan, plain: ``1,234.56``, ``-1.00``."""
    return NOTHING if fen is None else f"{Decimal(int(fen)).scaleb(-2):,.2f}"


@register.filter
def money(fen: int | None) -> SafeString:
    """Fen as a money cell: ``1,234.56``; what is taken away stands in parentheses and in red: ``(1.00)``."""
    if fen is None or fen >= 0:
        return format_html('<span class="money">{}</span>', yuan(fen))
    return format_html('<span class="money money-minus" title="{}">({})</span>', yuan(fen), yuan(-fen))


@register.filter
def count(number: float | None) -> str:
    """A whole number with thousands: ``1,284``."""
    return NOTHING if number is None else f"{number:,.0f}"


@register.filter
def percent(ratio: Decimal | float | None, places: int = 1) -> str:
    """A ratio as per cent: 0.675 is ``67.5%``; none (division by zero) is a dash."""
    if ratio is None:
        return NOTHING
    rounded = (Decimal(str(ratio)) * 100).quantize(Decimal(1).scaleb(-int(places)), ROUND_HALF_UP)
    return f"{rounded:,f}%"


@register.filter
def bp(basis_points: int | None) -> str:
    """A share in basis points as per cent: 2500 is ``25%``, 1250 is ``12.5%``."""
    return NOTHING if basis_points is None else f"{(Decimal(basis_points) / 100).normalize():f}%"


# --- signs ------------------------------------------------------------------------------------------------------------
@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """A sign of static/img/icons.svg. Decoration unless it has a ``label``; then it speaks."""
    speech = format_html('role="img" aria-label="{}"', label) if label else mark_safe('aria-hidden="true"')
    return format_html('<svg class="icon" {}><use href="{}#{}"/></svg>', speech, static("img/icons.svg"), name)


@register.simple_tag
def key(chord: str) -> SafeString:
    """A key or a chord: ``{% key "Ctrl+Enter" %}``."""
    return format_html(
        '<span class="keys">{}</span>', format_html_join("+", "<kbd>{}</kbd>", ((part,) for part in chord.split("+")))
    )


# What a colour says: plain = nothing yet, work = in hand, good = done in order, soon = time runs out, late = overdue or
# wrong, wait = another party's turn, end = closed without a card. The word on the badge says which; the colour helps.
def _codes(codes: str) -> frozenset[str]:
    return frozenset(codes.split())


TONES: Mapping[str, frozenset[str]] = {
    "work": _codes(
        "DRAFT BAGGED IN_TRANSIT RECEIVED CHECKED KEYED ENTERED SUBMITTED ISSUED COLLECTED SEALED HANDED_OVER EXPORTED "
        "ACCRUED REGISTERED CERTIFIED FILED ESCALATED OPEN OPENED RUNNING PROVISIONAL"
    ),
    "good": _codes(
        "ACTIVATED RECONCILED RESOLVED CLOSED CONFIRMED PAID ON_TIME RETURNED_IN_TIME LATE_JUSTIFIED SOLVED "
        "FOLLOWED_UP ACTIVE APPROVED MATCHED PASS RELEASED"
    ),
    "soon": _codes("WARNING DUE_SOON PENDING_APPROVAL UNMATCHED UNKNOWN"),
    "late": _codes("LATE LATE_QUEUE OVERDUE DISCREPANCY DIFFERS REVERSED REVERSAL BREACHED MISSING FAILED BOUNCED"),
    "wait": _codes(
        "PROBLEM RETURNED HELD LATE_PENDING WAIT_BRANCH WAIT_CUSTOMER WAIT_HEAD_OFFICE PAUSED WAITING REPLIED"
    ),
    "end": _codes("REJECTED WITHDRAWN EXPIRED VOID LAPSED CANCELLED"),
}


def tone_of(state: str) -> str:
    """The tone of a state's code; ``plain`` for a code that says nothing about time or turn."""
    return next((tone for tone, states in TONES.items() if state in states), "plain")


@register.inclusion_tag("components/_state.html")
def state_badge(state: str, label: Any = "", tone: str = "") -> dict[str, Any]:
    """The badge of a state; the same code looks the same everywhere. ``tone`` only where the code is not a state's."""
    return {"label": label or state, "tone": tone or tone_of(str(state)), "state": state}


# --- clocks -----------------------------------------------------------------------------------------------------------
_RUNNING: Mapping[str, tuple[str, Any]] = {
    "good": ("clock", gettext_lazy("In time")),
    "soon": ("clock", gettext_lazy("Due soon")),
    "late": ("alert", gettext_lazy("Overdue")),
    "wait": ("pause", gettext_lazy("Waiting")),
    "end": ("minus", gettext_lazy("Void")),
}
_STOPPED: Mapping[str, tuple[str, Any]] = {
    "good": ("check", gettext_lazy("On time")),
    "late": ("alert", gettext_lazy("Late")),
    "end": ("minus", gettext_lazy("Void")),
}


def clock_tone(
    *,
    due_at: datetime,
    now: datetime,
    warn_at: datetime | None = None,
    stopped_at: datetime | None = None,
    paused: bool = False,
) -> str:
    """good, soon, late or wait. A pause counts before the hour: a waiting clock is nobody's delay."""
    if stopped_at is not None:
        return "good" if stopped_at <= due_at else "late"
    if paused:
        return "wait"
    if now > due_at:
        return "late"
    return "soon" if warn_at is not None and now >= warn_at else "good"


@register.inclusion_tag("components/_clock.html")
def deadline_badge(
    due_at: datetime | None,
    now: datetime,
    warn_at: datetime | None = None,
    stopped_at: datetime | None = None,
    paused: bool = False,
    void: bool = False,
    label: Any = "",
) -> dict[str, Any]:
    """A deadline with its word, its hour and, while it runs, what is left. For rows of values; see ``clock_badge``."""
    if due_at is None:
        return {"due_at": None}
    tone = "end" if void else clock_tone(due_at=due_at, now=now, warn_at=warn_at, stopped_at=stopped_at, paused=paused)
    sign, word = (_STOPPED if stopped_at else _RUNNING)[tone]
    return {
        "tone": tone,
        "sign": sign,
        "word": label or word,
        "due_at": due_at,
        "counts_down": stopped_at is None and tone in {"good", "soon", "late"},
        "left": int((due_at - now).total_seconds() // 60),
    }


@register.inclusion_tag("components/_clock.html")
def clock_badge(clock: Any, now: datetime, label: Any = "") -> dict[str, Any]:
    """The badge of a clock: anything with ``due_at`` and, where it has them, ``warn_at stopped_at paused outcome``."""
    if clock is None:
        return {"due_at": None}
    if isinstance(clock, Mapping):
        facts = dict(clock)
    else:
        facts = {name: getattr(clock, name, None) for name in ("due_at", "warn_at", "stopped_at", "paused", "outcome")}
    badge: dict[str, Any] = deadline_badge(
        facts.get("due_at"),
        now,
        warn_at=facts.get("warn_at"),
        stopped_at=facts.get("stopped_at"),
        paused=bool(facts.get("paused")),
        void=facts.get("outcome") == "VOID",
        label=label,
    )
    return badge


def _left_words() -> tuple[str, str, str, str, str, str]:
    return (
        _("%(days)d d %(hours)d h"),
        _("%(hours)d h %(minutes)d min"),
        _("%(hours)d h"),
        _("%(minutes)d min"),
        _("%(length)s left"),
        _("%(length)s over"),
    )


@register.filter
def until(amount: int) -> str:
    """Minutes by the wall clock to a due time, short: ``3 d 4 h left``, ``25 min over``."""
    with_days, with_both, with_hours, short, left, over = _left_words()
    days, rest = divmod(abs(amount), 1440)
    facts = {"days": days, "hours": rest // 60, "minutes": rest % 60}
    if days:
        length = with_days
    elif facts["hours"]:
        length = with_both if facts["minutes"] else with_hours
    else:
        length = short
    return (left if amount >= 0 else over) % {"length": length % facts}


@register.simple_tag
def countdown_words() -> str:
    """The words of ``until`` and of an overdue clock for static/js/clocks.js, which keeps the badges going."""
    return "|".join((*_left_words(), str(_RUNNING["late"][1])))


_WHY: Mapping[str, Any] = {
    "start_day": gettext_lazy("day of the start, does not count"),
    "after_hours": gettext_lazy("started after closing, counts as the next working day"),
    "weekend": gettext_lazy("weekend"),
    "holiday": gettext_lazy("public holiday"),
    "makeup_workday": gettext_lazy("make-up working day"),
    "workday": gettext_lazy("working day"),
    "due_day": gettext_lazy("working day, due"),
}


@register.filter
def why_day(why: str) -> str:
    """The reason why a day counts or is skipped (kernel.worktime), in words."""
    return str(_WHY.get(why, why))


# --- people and addresses ---------------------------------------------------------------------------------------------
@register.inclusion_tag("components/_person.html")
def person(employee: Any, name: str = "") -> dict[str, Any]:
    """Name and employee number; a dash for nobody. Takes an employee, or a number with a name."""
    if isinstance(employee, str):
        return {"number": employee, "name": name}
    return {"number": getattr(employee, "number", ""), "name": getattr(employee, "name", "")}


@register.simple_tag(takes_context=True)
def url_with(context: Context, **changes: Any) -> str:
    """The query of this page with some values changed: ``{% url_with state="PROBLEM" after=None %}``; none removes."""
    query = context["request"].GET.copy()
    for name, value in changes.items():
        if value is None or value == "":
            query.pop(name, None)
        else:
            query[name] = str(value)
    return f"?{query.urlencode()}" if query else "?"


@register.inclusion_tag("components/_chips.html", takes_context=True)
def chips(context: Context, name: str, choices: Sequence[tuple[Any, ...]], label: str = "") -> dict[str, Any]:
    """Filter chips for the query value ``name``; each choice is (value, label) or (value, label, count). They stay in
    the address; choosing one leaves the keyset position behind."""
    chosen = context["request"].GET.get(name, "")
    rows = [
        {
            "label": choice[1],
            "count": choice[2] if len(choice) > 2 else None,
            "chosen": str(choice[0]) == chosen,
            "href": url_with(context, **{name: choice[0], "after": None, "before": None}),
        }
        for choice in choices
    ]
    return {"label": label, "rows": rows}


# --- forms ------------------------------------------------------------------------------------------------------------
def _control_class(widget: forms.Widget) -> str:
    if isinstance(widget, forms.CheckboxInput):
        return "form-check-input"
    if isinstance(widget, forms.Select) and not isinstance(widget, forms.RadioSelect):
        return "form-select"
    if isinstance(widget, forms.RadioSelect | forms.CheckboxSelectMultiple):
        return ""
    return "form-control"


@register.inclusion_tag("components/_field.html")
def field(bound: BoundField, label: Any = "", help: Any = "", css: str = "", **attrs: Any) -> dict[str, Any]:  # noqa: A002
    """One form field: label above, control, help under, error beside it. More ``attrs`` go to the control, with ``_``
    read as ``-``: ``{% field form.mobile data_check="mobile" %}``."""
    widget = bound.field.widget
    classes = [_control_class(widget)]
    if bound.errors:
        classes.append("is-invalid")
    given = {name.replace("_", "-"): value for name, value in attrs.items()}
    control = bound.as_widget(attrs={**given, "class": " ".join([*classes, widget.attrs.get("class", "")]).strip()})
    return {
        "bound": bound,
        "control": control,
        "label": label or bound.label,
        "help": help or bound.help_text,
        "css": css,
        "is_check": isinstance(widget, forms.CheckboxInput),
        "is_group": isinstance(widget, forms.RadioSelect | forms.CheckboxSelectMultiple),
        "required": bound.field.required,
    }


# --- boxes ------------------------------------------------------------------------------------------------------------
@register.simple_block_tag(takes_context=True)
def card(
    context: Context,
    content: str,
    title: Any = "",
    icon: str = "",
    id: str = "",  # noqa: A002
    css: str = "",
    note: Any = "",
) -> SafeString:
    """A section of a page: ``{% card _("Timeline") %} … {% endcard %}``."""
    facts = {"content": content, "title": title, "icon": icon, "id": id, "css": css, "note": note}
    return render_to_string("components/_card.html", facts)


@register.simple_block_tag(takes_context=True)
def dialog(context: Context, content: str, id: str, title: Any, css: str = "") -> SafeString:  # noqa: A002
    """A ``<dialog>`` that ``<button data-opens="id">`` opens and ``<button data-closes>`` or Esc closes."""
    return render_to_string("components/_dialog.html", {"content": content, "title": title, "id": id, "css": css})


@register.simple_block_tag(takes_context=True)
def menu(context: Context, content: str, label: Any = "", icon: str = "more", css: str = "") -> SafeString:
    """A small menu behind a button: links and buttons inside, one per line."""
    return render_to_string("components/_menu.html", {"content": content, "label": label, "icon": icon, "css": css})


@register.filter
def initial(name: str) -> str:
    """The first character of a name, for the round sign of a person."""
    return name[:1] or "?"
