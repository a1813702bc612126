"""The addresses under ``/api/v1/``: each app lists its own; the document is made from them."""

from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from ops_center import health, jobs_api

urlpatterns = [
    path("health/", health.Health.as_view(), name="api-health"),
    path("ready/", health.Ready.as_view(), name="api-ready"),
    path("rules/jobs/", jobs_api.Jobs.as_view(), name="api-jobs"),
    path("", include("organization.api_urls")),
    path("", include("applications.api_urls")),
    path("", include("referrals.api_urls")),
    path("", include("supervision.api_urls")),
    path("", include("incentives.api_urls")),
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("docs/", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="api-docs"),
]
