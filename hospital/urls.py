"""Every address of the site."""

from django.contrib import admin
from django.urls import include, path

from hospital import views

handler403 = "hospital.views.permission_denied"
handler500 = "hospital.views.server_error"

urlpatterns = [
    path("", include("scheduling.urls")),
    path("", include("analytics.urls")),
    path("", include("patients.urls")),
    path("messages/", include("messaging.urls")),
    path("audit/", include("accounts.audit.urls")),
    path("accounts/", include("accounts.urls")),
    path("admin/", admin.site.urls),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
]
