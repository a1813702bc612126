"""Supervision under ``/api/v1/``; ``number`` and ``key`` are the converters of applications.api_urls."""

from django.urls import path

import applications.api_urls  # noqa: F401  (registers the converters)
from supervision.api import boards, breaches, capacity, complaints, goals, outages, overdue, rules

urlpatterns = [
    path("policies/timing/", rules.Rules.as_view(), name="api-rules"),
    path("policies/clocks/", rules.ClockPolicies.as_view(), name="api-clock-policies"),
    path("policies/clocks/<key:policy>/approve/", rules.ApproveClockPolicy.as_view(), name="api-clock-approve"),
    path("policies/clocks/<key:policy>/discard/", rules.DiscardClockPolicy.as_view(), name="api-clock-discard"),
    path("policies/clocks/<key:policy>/preview/", rules.ClockPolicyPreview.as_view(), name="api-clock-preview"),
    path("policies/clocks/<key:policy>/moves/", rules.ClockPolicyMoves.as_view(), name="api-clock-moves"),
    path("policies/times/", rules.Times.as_view(), name="api-times"),
    path("policies/times/<key:times>/approve/", rules.ApproveTimes.as_view(), name="api-times-approve"),
    path("policies/times/<key:times>/discard/", rules.DiscardTimes.as_view(), name="api-times-discard"),
    path("policies/times/<key:times>/preview/", rules.TimesPreview.as_view(), name="api-times-preview"),
    path("policies/times/<key:times>/moves/", rules.TimesMoves.as_view(), name="api-times-moves"),
    path("calendar/", rules.Calendar.as_view(), name="api-calendar"),
    path("calendar/changes/", rules.Changes.as_view(), name="api-calendar-changes"),
    path("calendar/changes/<key:change>/approve/", rules.ApproveChange.as_view(), name="api-change-approve"),
    path("calendar/changes/<key:change>/discard/", rules.DiscardChange.as_view(), name="api-change-discard"),
    path("calendar/changes/<key:change>/preview/", rules.ChangePreview.as_view(), name="api-change-preview"),
    path("calendar/changes/<key:change>/moves/", rules.ChangeMoves.as_view(), name="api-change-moves"),
    path("breaches/", breaches.Breaches.as_view(), name="api-breaches"),
    path("breaches/<key:breach>/", breaches.OneBreach.as_view(), name="api-breach"),
    path("breaches/<key:breach>/justify/", breaches.Justify.as_view(), name="api-breach-justify"),
    path("breaches/<key:breach>/evidence/", breaches.Evidence.as_view(), name="api-breach-evidence"),
    path("breaches/<key:breach>/evidence/<key:paper>/", breaches.OneEvidence.as_view(), name="api-breach-paper"),
    path("breaches/<key:breach>/opinion/", breaches.Opinion.as_view(), name="api-breach-opinion"),
    path("breaches/<key:breach>/decide/", breaches.Decide.as_view(), name="api-breach-decide"),
    path("outages/", outages.Outages.as_view(), name="api-outages"),
    path("outages/preview/", outages.OutagePreview.as_view(), name="api-outage-preview"),
    path("outages/<key:outage>/end/", outages.OutageEnd.as_view(), name="api-outage-end"),
    path("complaints/", complaints.Complaints.as_view(), name="api-complaints"),
    path("complaints/rates/", complaints.Rates.as_view(), name="api-complaint-rates"),
    path("complaints/<number:complaint>/", complaints.OneComplaint.as_view(), name="api-complaint"),
    *(
        path(f"complaints/<number:complaint>/{slug}/", act.as_view(), name=f"api-complaint-{slug}")
        for slug, act in complaints.ACTS.items()
    ),
    path("applications/<number:number>/urges/", breaches.Urging.as_view(), name="api-urge"),
    path("boards/overdue/", overdue.OverdueBoard.as_view(), name="api-board-overdue"),
    path("boards/overdue/cases/", overdue.OverdueCases.as_view(), name="api-board-overdue-cases"),
    path("boards/overdue/urge/", overdue.UrgeSeveral.as_view(), name="api-board-urge"),
    path("boards/overdue/reassign/", overdue.ReassignSeveral.as_view(), name="api-board-reassign"),
    path("boards/problems/", boards.ProblemBoard.as_view(), name="api-board-problems"),
    path("boards/problems/items/", boards.ProblemItems.as_view(), name="api-board-problem-items"),
    path("boards/timeliness/", boards.TimelinessBoard.as_view(), name="api-board-timeliness"),
    path("boards/timeliness/clocks/", boards.TimelinessClocks.as_view(), name="api-board-timeliness-clocks"),
    path("boards/load/", boards.LoadBoard.as_view(), name="api-board-load"),
    path("boards/load/clocks/", boards.LoadClocks.as_view(), name="api-board-load-clocks"),
    path("boards/load/cases/", boards.LoadHeld.as_view(), name="api-board-load-cases"),
    path("boards/funnel/", boards.FunnelBoard.as_view(), name="api-board-funnel"),
    path("boards/forecast/", capacity.Forecast.as_view(), name="api-forecast"),
    path("simulations/", capacity.Simulations.as_view(), name="api-simulations"),
    path("simulations/<key:simulation>/", capacity.OneSimulation.as_view(), name="api-simulation"),
    path("boards/capacity/", capacity.CapacityBoard.as_view(), name="api-board-capacity"),
    path("targets/", goals.Targets.as_view(), name="api-targets"),
    path("targets/copy/", goals.TargetsCopied.as_view(), name="api-targets-copy"),
    path("boards/leaderboard/", goals.LeaderboardBoard.as_view(), name="api-board-leaderboard"),
]
