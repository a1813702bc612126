"""Supervision under ``/api/v1/``; ``number`` and ``key`` are the converters of applications.api_urls."""

from django.urls import path

import applications.api_urls  # noqa: F401  (registers the converters)
from supervision import api, api_boards, api_capacity, api_complaints, api_goals, api_outages, api_rules

urlpatterns = [
    path("policies/timing/", api_rules.Rules.as_view(), name="api-rules"),
    path("policies/clocks/", api_rules.ClockPolicies.as_view(), name="api-clock-policies"),
    path("policies/clocks/<key:policy>/approve/", api_rules.ApproveClockPolicy.as_view(), name="api-clock-approve"),
    path("policies/clocks/<key:policy>/discard/", api_rules.DiscardClockPolicy.as_view(), name="api-clock-discard"),
    path("policies/clocks/<key:policy>/preview/", api_rules.ClockPolicyPreview.as_view(), name="api-clock-preview"),
    path("policies/clocks/<key:policy>/moves/", api_rules.ClockPolicyMoves.as_view(), name="api-clock-moves"),
    path("policies/times/", api_rules.Times.as_view(), name="api-times"),
    path("policies/times/<key:times>/approve/", api_rules.ApproveTimes.as_view(), name="api-times-approve"),
    path("policies/times/<key:times>/discard/", api_rules.DiscardTimes.as_view(), name="api-times-discard"),
    path("policies/times/<key:times>/preview/", api_rules.TimesPreview.as_view(), name="api-times-preview"),
    path("policies/times/<key:times>/moves/", api_rules.TimesMoves.as_view(), name="api-times-moves"),
    path("calendar/", api_rules.Calendar.as_view(), name="api-calendar"),
    path("calendar/changes/", api_rules.Changes.as_view(), name="api-calendar-changes"),
    path("calendar/changes/<key:change>/approve/", api_rules.ApproveChange.as_view(), name="api-change-approve"),
    path("calendar/changes/<key:change>/discard/", api_rules.DiscardChange.as_view(), name="api-change-discard"),
    path("calendar/changes/<key:change>/preview/", api_rules.ChangePreview.as_view(), name="api-change-preview"),
    path("calendar/changes/<key:change>/moves/", api_rules.ChangeMoves.as_view(), name="api-change-moves"),
    path("breaches/", api.Breaches.as_view(), name="api-breaches"),
    path("breaches/<key:breach>/", api.OneBreach.as_view(), name="api-breach"),
    path("breaches/<key:breach>/justify/", api.Justify.as_view(), name="api-breach-justify"),
    path("breaches/<key:breach>/evidence/", api.Evidence.as_view(), name="api-breach-evidence"),
    path("breaches/<key:breach>/evidence/<key:paper>/", api.OneEvidence.as_view(), name="api-breach-paper"),
    path("breaches/<key:breach>/opinion/", api.Opinion.as_view(), name="api-breach-opinion"),
    path("breaches/<key:breach>/decide/", api.Decide.as_view(), name="api-breach-decide"),
    path("outages/", api_outages.Outages.as_view(), name="api-outages"),
    path("outages/preview/", api_outages.OutagePreview.as_view(), name="api-outage-preview"),
    path("outages/<key:outage>/end/", api_outages.OutageEnd.as_view(), name="api-outage-end"),
    path("complaints/", api_complaints.Complaints.as_view(), name="api-complaints"),
    path("complaints/rates/", api_complaints.Rates.as_view(), name="api-complaint-rates"),
    path("complaints/<number:complaint>/", api_complaints.OneComplaint.as_view(), name="api-complaint"),
    *(
        path(f"complaints/<number:complaint>/{slug}/", act.as_view(), name=f"api-complaint-{slug}")
        for slug, act in api_complaints.ACTS.items()
    ),
    path("applications/<number:number>/urges/", api.Urging.as_view(), name="api-urge"),
    path("boards/overdue/", api.OverdueBoard.as_view(), name="api-board-overdue"),
    path("boards/overdue/cases/", api_boards.OverdueCases.as_view(), name="api-board-overdue-cases"),
    path("boards/overdue/urge/", api_boards.UrgeSeveral.as_view(), name="api-board-urge"),
    path("boards/overdue/reassign/", api_boards.ReassignSeveral.as_view(), name="api-board-reassign"),
    path("boards/problems/", api_boards.ProblemBoard.as_view(), name="api-board-problems"),
    path("boards/problems/items/", api_boards.ProblemItems.as_view(), name="api-board-problem-items"),
    path("boards/timeliness/", api_boards.TimelinessBoard.as_view(), name="api-board-timeliness"),
    path("boards/timeliness/clocks/", api_boards.TimelinessClocks.as_view(), name="api-board-timeliness-clocks"),
    path("boards/load/", api_boards.LoadBoard.as_view(), name="api-board-load"),
    path("boards/load/clocks/", api_boards.LoadClocks.as_view(), name="api-board-load-clocks"),
    path("boards/load/cases/", api_boards.LoadHeld.as_view(), name="api-board-load-cases"),
    path("boards/funnel/", api.FunnelBoard.as_view(), name="api-board-funnel"),
    path("boards/forecast/", api_capacity.Forecast.as_view(), name="api-forecast"),
    path("simulations/", api_capacity.Simulations.as_view(), name="api-simulations"),
    path("simulations/<key:simulation>/", api_capacity.OneSimulation.as_view(), name="api-simulation"),
    path("boards/capacity/", api.CapacityBoard.as_view(), name="api-board-capacity"),
    path("targets/", api_goals.Targets.as_view(), name="api-targets"),
    path("targets/copy/", api_goals.TargetsCopied.as_view(), name="api-targets-copy"),
    path("boards/leaderboard/", api.LeaderboardBoard.as_view(), name="api-board-leaderboard"),
]
