from django.urls import path

from organization import api

urlpatterns = [
    path("auth/token/", api.Token.as_view(), name="api-token"),
    path("me/", api.Me.as_view(), name="api-me"),
]
