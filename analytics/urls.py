"""Addresses of the reports."""

from django.urls import path, re_path

from analytics.views import exporting, security, unusual

app_name = "analytics"
urlpatterns = [
    path("security/", security.security, name="security"),
    path("security/run/", security.security_run, name="security-run"),
    path("security/findings/<int:finding_id>/accept/", security.finding_accept, name="finding-accept"),
    path("security/findings/<int:finding_id>/reopen/", security.finding_reopen, name="finding-reopen"),
    path("reviews/unusual/", unusual.unusual_list, name="unusual-list"),
    path("reviews/unusual/record/", unusual.unusual_review, name="unusual-review"),
    path("exports/figures/", exporting.deidentified_export, name="deidentified-export"),
    path("exports/limited-set/", exporting.limited_export, name="limited-export"),
    re_path(
        r"^security/reports/(?P<report_id>[0-9]{1,18})\.(?P<form>json|pdf)$",
        security.security_report,
        name="security-report",
    ),
]
