"""Every page of supervision, of the news and of the jobs has its call, and both have the same door."""

from __future__ import annotations

from typing import Any

from django.urls import URLPattern

from ops_center import jobs_page
from ops_center.desk import urls as desk
from ops_center.urls import urlpatterns as roof
from supervision import urls as supervision
from supervision.api.files import FileBody
from supervision.forms.reports import FileForm
from tests.api.test_doors import PLACE, calls

NUMBER = PLACE["number"]
# Pages of the desk that show several floors, or the frame itself: what they show has its calls elsewhere.
FRAME = {
    "home", "application", "approval-list", "approval", "sign-in", "sign-out", "search", "help", "audit-log",
    "set-language",
}  # fmt: skip
# Forms and parts of a page whose deed or figure has its call under another name; figures that leave as files.
PARTS = {
    "clock-policy-new", "branch-times-new", "calendar-change-new", "complaint-new", "complaint-find", "outage-new",
    "targets-set", "takers", "bell", "what-if-run", "forecast-new", "check-new", "template-new", "board",
}  # fmt: skip
# The page, and the call that says or does the same.
ROOMS = {
    "feed": "get feed/", "feed-motto": "post feed/7/motto/", "feed-cheer": "post feed/7/cheer/",
    "summary": "get summary/", "summary-save": "post summary/", "summary-cases": "get summary/cases/",
    "weekly": "get weekly/", "weekly-note": "post weekly/note/", "week-cases": "get weekly/cases/",
    "operations-report": "get reports/operations/", "quality-report": "get reports/operations/quality/",
    "operations-list": "get reports/operations/list/", "operations-beside": "get reports/operations/beside/",
    "operations-idle": "get reports/operations/idle/", "rules-report": "get reports/operations/rules/",
    "report-files": "get reports/files/", "report-ask": "post reports/files/",
    "report-file": "get reports/files/7/content/",
    "roster": "get roster/", "roster-plan": "post roster/", "absence-new": "post roster/absences/",
    "absence-end": "post roster/absences/7/end/",
    "standard-minutes": "get standard-minutes/", "standard-approve": "post standard-minutes/7/approve/",
    "standard-discard": "post standard-minutes/7/discard/",
    "targets": "get targets/", "targets-copy": "post targets/copy/", "target-cases": "get targets/cases/",
    "hero-cases": "get boards/leaderboard/cases/", "name-shown": "post boards/leaderboard/name/",
    "inbox": "get inbox/", "inbox-read": "post inbox/read/", "message": "post inbox/7/read/",
    "news-preferences": "post inbox/preferences/",
    "letter-list": "get letters/", "letter-again": "post letters/7/again/",
    "template-list": "get templates/", "template": "get templates/7/", "template-approve": "post templates/7/approve/",
    "template-discard": "post templates/7/discard/", "jobs": "get rules/jobs/",
    "clock-policy-list": "get policies/timing/", "clock-policy-approve": "post policies/clocks/7/approve/",
    "clock-policy-discard": "post policies/clocks/7/discard/",
    "branch-times-approve": "post policies/times/7/approve/", "branch-times-discard": "post policies/times/7/discard/",
    "calendar-change": "get calendar/changes/7/preview/",
    "calendar-change-approve": "post calendar/changes/7/approve/",
    "calendar-change-discard": "post calendar/changes/7/discard/",
    "urge": "post boards/overdue/urge/", "reassign-cases": "post boards/overdue/reassign/",
    "what-if": "get simulations/", "what-if-cancel": "post simulations/7/cancel/", "forecast": "get boards/forecast/",
    "complaint-list": "get complaints/", "complaint": f"get complaints/{NUMBER}/",
    "complaint-rates": "get complaints/rates/",
    "outages": "get outages/", "outage-end": "post outages/7/end/",
    "outage-withdraw": "post outages/7/withdraw/",
    "breach-list": "get breaches/", "breach": "get breaches/7/effect/", "breach-justify": "post breaches/7/justify/",
    "breach-prove": "post breaches/7/evidence/", "breach-evidence": "get breaches/7/evidence/7/",
    "breach-opinion": "post breaches/7/opinion/", "breach-decide": "post breaches/7/decide/",
}  # fmt: skip
# One address of pages for many calls, each with its own door; a version's page is for everybody, what it would move is
# for who decides and for audit.
SEVERAL = {"complaint-act", "clock-policy", "branch-times"}


def pages() -> dict[str, Any]:
    found: list[Any] = [*supervision.urlpatterns, *desk.urlpatterns, *roof]
    return {page.name: page.callback for page in found if isinstance(page, URLPattern) and page.name}


def test_every_page_has_its_call() -> None:
    outside = {"reconciliation", "reconciliation-start"}
    assert set(pages()) - set(ROOMS) - FRAME - PARTS - SEVERAL - outside == set()
    assert set(ROOMS) | FRAME | PARTS | SEVERAL <= set(pages())
    assert set(ROOMS.values()) <= {str(call) for call in calls()}
    assert pages()["jobs"] is jobs_page.page


def test_a_page_and_its_call_let_in_the_same_roles() -> None:
    declared = {str(call): call.declared for call in calls()}
    doors = {page: (pages()[page].roles, declared[call].roles) for page, call in ROOMS.items()}
    assert {page: door for page, door in doors.items() if door[0] != door[1]} == {}


def test_a_program_asks_for_a_file_with_the_filters_of_the_page() -> None:
    assert set(FileBody().fields) == set(FileForm.base_fields)
