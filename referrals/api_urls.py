from django.urls import path

from referrals import api

urlpatterns = [
    path("referrals/", api.Referrals.as_view(), name="api-referrals"),
    path("status/<slug:code>/", api.Status.as_view(), name="api-status"),
]
