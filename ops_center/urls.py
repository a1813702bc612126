"""Every address of the product. Each app lists its own; the desk's, which collect what the apps show, come last."""

from django.contrib import admin
from django.urls import include, path

from ops_center import jobs_page, reconciliation_page

urlpatterns = [
    path("", include("organization.urls")),
    path("", include("applications.urls")),
    path("", include("referrals.urls")),
    path("", include("supervision.urls")),
    path("", include("incentives.urls")),
    path("", include("ops_center.desk.urls")),
    path("reports/reconciliation/", reconciliation_page.page, name="reconciliation"),
    path("reports/reconciliation/run/", reconciliation_page.start, name="reconciliation-start"),
    path("rules/jobs/", jobs_page.page, name="jobs"),
    path("api/v1/", include("ops_center.api_urls")),
    path("admin/", admin.site.urls),
]

handler400 = "ops_center.web.refusals.bad_request"
handler403 = "ops_center.web.refusals.not_allowed"
handler404 = "ops_center.web.refusals.not_found"
handler500 = "ops_center.web.refusals.server_error"
