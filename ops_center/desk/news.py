"""News: the bell that counts by itself, what each person chooses, letters that did not go out, words of messages."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from applications.views.door import attempt, go
from ops_center.clock import local_day
from ops_center.desk.news_forms import DraftTemplate, Preferences
from ops_center.kernel.errors import DomainError, Malformed, OutOfSight
from ops_center.web.keyset import Keyset, read_query
from ops_center.web.pages import StaffRequest, staff
from organization.message_titles import TITLES
from organization.messages import WORDS, Phrasebook, facts_of
from organization.models import Message
from organization.models.versions import PolicyStatus
from organization.roles import Role
from organization.services import letters, telling, templates, versions

NEWEST, LATEST = Keyset("-id"), Keyset("-due_at", "-id")
# News of one's own work, which show themselves when they come; everything else waits at the bell.
OWN_WORK = frozenset({
    "lead_new", "hand_over_offered", "problem_raised", "problem_replied", "problem_resolved", "returned",
    "review_differs", "arbitration", "reassigned", "approval_asked", "clock_warning", "breach", "urged", "call_agreed",
    "complaint_opened", "complaint_assigned", "complaint_unhandled", "complaint_escalated", "complaint_solved",
    "complaint_reply_soon", "complaint_reply_late", "complaint_close_soon", "complaint_close_late",
})  # fmt: skip
MOST_TOASTS = 3
# What went wrong, as people say it; anything else is shown by its technical name.
REASONS: dict[str, Any] = {
    letters.NO_ADDRESS: gettext_lazy("No mail address is known"),
    "ConnectionRefusedError": gettext_lazy("The server does not answer"),
    "TimeoutError": gettext_lazy("The server does not answer"),
    "gaierror": gettext_lazy("The server was not found"),
    "SMTPAuthenticationError": gettext_lazy("The server refuses our sign-in"),
    "SMTPRecipientsRefused": gettext_lazy("The server refuses this address"),
    "ChatRefused": gettext_lazy("The group's server did not take it"),
}
LETTER_ROOMS: dict[str, Any] = {
    "given-up": gettext_lazy("Given up"),
    "no-address": gettext_lazy("No address"),
    "again": gettext_lazy("Tried again"),
    "waiting": gettext_lazy("Waiting"),
    "sent": gettext_lazy("Sent"),
}


# -- the bell ----------------------------------------------------------------------------------------------------------
@staff()
@require_GET
def bell(request: StaffRequest) -> HttpResponse:
    """The count as it is now, and what is new of one's own work since the page was last told."""
    asked = read_query(request.GET, known=("since",))
    since = asked.get("since", "0")
    if not since.isascii() or not since.isdecimal() or len(since) > 18:
        raise Malformed("bad_query", _("This address is not one of ours."), {"since": _("A whole number.")})
    unread = Message.objects.filter(employee=request.actor).unread()
    fresh = list(unread.filter(pk__gt=int(since), kind__in=OWN_WORK).order_by("-pk")[:MOST_TOASTS])
    book = Phrasebook.read() if fresh else None
    facts = {
        "unread": unread.count(),
        "newest": max([int(since), *(row.pk for row in fresh)]),
        "toasts": [(row, book.words(row.kind, row.facts, on=local_day(row.at))) for row in fresh] if book else [],
    }
    return render(request, "desk/partials/_bell_news.html", facts)


# -- what each person chooses ------------------------------------------------------------------------------------------
@staff()
@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: StaffRequest) -> HttpResponse:
    chosen = telling.preference_of(request.actor, on=local_day(request.at))
    names = ("quiet_from", "quiet_to", "digest_at", "by_mail")
    initial = {name: getattr(chosen, name) for name in names}
    form = Preferences(request.POST or None, initial=initial, actor=request.actor, at=request.at)
    status = 200
    if request.method == "POST":
        status = attempt(form, lambda form: telling.choose(**form.facts))
        if not status:
            messages.success(request, _("Your choice holds from now on."))
            return go(request, reverse("news-preferences"))
    facts = {
        "form": form,
        "has_mail": settings.HAS_MAIL,
        "may_be_told": telling.may_be_told(request.at, request.actor),
        "now": request.at,
    }
    return render(request, "desk/preferences.html", facts, status=status)


# -- letters that did not go out ---------------------------------------------------------------------------------------
@staff(*letters.WATCHERS)
@require_GET
def letter_list(request: StaffRequest) -> HttpResponse:
    """What was given up first; what is tried again, waits, or was sent is a click away."""
    asked = read_query(request.GET, known=("show",))
    show = asked.get("show", "given-up")
    if show not in letters.ROOMS:
        raise Malformed("bad_filter", _("This list has no such filter."), {"show": _("Choose one of the list.")})
    page = LATEST.page_of(letters.letters_in(show), asked)
    facts = {
        "rows": [(row, REASONS.get(row.error, row.error)) for row in page],
        "next": page.next,
        "show": show,
        "rooms": [
            (room, label, letters.letters_in(room).count() if room != "sent" else None)
            for room, label in LETTER_ROOMS.items()
        ],
        "now": request.at,
    }
    return render(request, "desk/letters.html", facts)


@staff(*letters.WATCHERS)
@require_POST
def letter_again(request: StaffRequest, pk: int) -> HttpResponse:
    letters.send_again(delivery=pk, actor=request.actor, at=request.at)
    messages.success(request, _("The letter is in the outbox again and goes within a minute."))
    return go(request, reverse("letter-list"))


# -- the words of messages ---------------------------------------------------------------------------------------------
@staff(Role.MGT, Role.AUD)
@require_GET
def template_list(request: StaffRequest) -> HttpResponse:
    """Every kind of message as its reader would see it today, with example facts; drafts that wait come first."""
    asked = read_query(request.GET, known=("language",))
    language = _language(asked.get("language", settings.LANGUAGE_CODE))
    facts = {
        "drafts": [(row, TITLES[row.kind]) for row in templates.drafts()],
        "lines": [
            (kind, TITLES[kind], templates.preview(kind, language, text), is_own)
            for kind, text, is_own in templates.words_in_force(language, at=request.at)
        ],
        "language": language,
        "languages": settings.LANGUAGES,
        "drafts_new": Role.MGT in request.roles,
    }
    return render(request, "desk/templates.html", facts)


@staff(Role.MGT)
@require_http_methods(["GET", "HEAD", "POST"])
def new_template(request: StaffRequest, kind: str, language: str) -> HttpResponse:
    """Draft, look, draft: the preview shows what the reader would see, and what is wrong with the words."""
    if kind not in WORDS:
        raise OutOfSight("not_found", _("There is no such kind of message. Choose one of the list."))
    _language(language)
    tomorrow = local_day(request.at) + timedelta(days=1)
    with override(language):
        now = Phrasebook.read().sentence(kind, on=local_day(request.at))
    initial = {"kind": kind, "language": language, "text": now, "starts_on": tomorrow}
    form = DraftTemplate(request.POST or None, initial=initial, earliest=tomorrow, actor=request.actor, at=request.at)
    if request.method == "POST" and "look" in request.POST:
        seen = _preview(kind, language, request.POST.get("text", ""))
        return render(request, "desk/partials/_template_preview.html", seen)
    status = 200
    if request.method == "POST":
        status = attempt(form, lambda form: templates.draft_template(**form.facts))
        if not status:
            messages.success(request, _("Drafted. A second person of the management approves it."))
            return go(request, reverse("template-list"))
    facts = {
        "form": form, "title": TITLES[kind], "now_words": now, "names": sorted(facts_of(kind)),
        "required": sorted(facts_of(kind) & templates.REQUIRED),
        **_preview(kind, language, request.POST.get("text", now)),
    }  # fmt: skip
    return render(request, "desk/template_new.html", facts, status=status)


@staff(Role.MGT, Role.AUD)
@require_GET
def one_template(request: StaffRequest, pk: int) -> HttpResponse:
    """A version beside the words that it follows, both with example facts."""
    row = templates.version_of(pk)
    facts = {
        "row": row,
        "title": TITLES[row.kind],
        "before": templates.words_before(row),
        "after": templates.preview(row.kind, row.language, row.text),
        "why_not": versions.why_not_approve(row, actor=request.actor, at=request.at),
        "decides": Role.MGT in request.roles and row.status == PolicyStatus.DRAFT,
    }
    return render(request, "desk/template.html", facts)


@staff(Role.MGT)
@require_POST
def approve_template(request: StaffRequest, pk: int) -> HttpResponse:
    row = templates.approve_template(template=pk, actor=request.actor, at=request.at)
    messages.success(request, _("Approved: the words hold from %(day)s.") % {"day": row.starts_on})
    return go(request, reverse("template-list"))


@staff(Role.MGT)
@require_POST
def discard_template(request: StaffRequest, pk: int) -> HttpResponse:
    templates.discard_template(template=pk, actor=request.actor, at=request.at)
    messages.success(request, _("The draft is discarded."))
    return go(request, reverse("template-list"))


def _preview(kind: str, language: str, text: str) -> dict[str, Any]:
    try:
        return {"seen": templates.preview(kind, language, text), "refusal": None}
    except DomainError as no:
        return {"seen": "", "refusal": no.message}


def _language(code: str) -> str:
    if code not in dict(settings.LANGUAGES):
        raise Malformed("bad_language", _("The product speaks Chinese and English."), {"language": _("Choose one.")})
    return code
