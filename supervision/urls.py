"""The addresses of supervision."""

from django.urls import path

from supervision.views import boards, breaches

urlpatterns = [
    path("boards/overdue/urge/", boards.urge_cases, name="urge"),
    path("boards/<slug:name>/", boards.board, name="board"),
    path("breaches/", breaches.breach_list, name="breach-list"),
    path("breaches/<int:pk>/justify/", breaches.justify_breach, name="breach-justify"),
    path("breaches/<int:pk>/opinion/", breaches.opinion_on_breach, name="breach-opinion"),
    path("breaches/<int:pk>/decide/", breaches.decide_breach, name="breach-decide"),
]
    path("breaches/<int:pk>/evidence/", breaches.prove_breach, name="breach-prove"),
    path("breaches/<int:pk>/evidence/<int:paper>/", breaches.evidence, name="breach-evidence"),
