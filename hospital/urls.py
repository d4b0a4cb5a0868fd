"""Every address of the site."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path

from hospital import views

admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]  # one door for all
admin.site.site_header = admin.site.site_title = "Operation Scheduler: reference data"
admin.site.index_title = "What the hospital keeps"

handler500 = "hospital.views.server_error"

urlpatterns = [
    path("", include("scheduling.urls")),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
]
