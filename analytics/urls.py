"""Addresses of the reports."""

from django.urls import path, re_path

from analytics import views

app_name = "analytics"
urlpatterns = [
    path("security/", views.security, name="security"),
    path("security/run/", views.security_run, name="security-run"),
    path("security/findings/<int:finding_id>/accept/", views.finding_accept, name="finding-accept"),
    path("security/findings/<int:finding_id>/reopen/", views.finding_reopen, name="finding-reopen"),
    re_path(
        r"^security/reports/(?P<report_id>[0-9]{1,18})\.(?P<form>json|pdf)$",
        views.security_report,
        name="security-report",
    ),
]
