"""The addresses of supervision."""

from django.urls import path

from supervision.views import boards, breaches, feed, leaderboard, summary, targets, weekly

urlpatterns = [
    path("boards/overdue/urge/", boards.urge_cases, name="urge"),
    path("boards/leaderboard/cases/", leaderboard.hero_cases, name="hero-cases"),
    path("boards/leaderboard/name/", leaderboard.set_name_shown, name="name-shown"),
    path("targets/", targets.targets, name="targets"),
    path("targets/set/", targets.set_month, name="targets-set"),
    path("targets/copy/", targets.copy_month, name="targets-copy"),
    path("targets/cases/", targets.target_cases, name="target-cases"),
    path("weekly/", weekly.weekly, name="weekly"),
    path("weekly/cases/", weekly.week_cases, name="week-cases"),
    path("weekly/<str:monday>/note/", weekly.note_on_week, name="weekly-note"),
    path("feed/", feed.success_feed, name="feed"),
    path("feed/<int:pk>/motto/", feed.motto, name="feed-motto"),
    path("feed/<int:pk>/cheer/", feed.word, name="feed-cheer"),
    path("summary/", summary.summary, name="summary"),
    path("summary/cases/", summary.own_cases, name="summary-cases"),
    path("summary/<str:month>/save/", summary.save, name="summary-save"),
    path("boards/<slug:name>/", boards.board, name="board"),
    path("breaches/", breaches.breach_list, name="breach-list"),
    path("breaches/<int:pk>/justify/", breaches.justify_breach, name="breach-justify"),
    path("breaches/<int:pk>/opinion/", breaches.opinion_on_breach, name="breach-opinion"),
    path("breaches/<int:pk>/decide/", breaches.decide_breach, name="breach-decide"),
]
    path("breaches/<int:pk>/evidence/", breaches.prove_breach, name="breach-prove"),
    path("breaches/<int:pk>/evidence/<int:paper>/", breaches.evidence, name="breach-evidence"),
