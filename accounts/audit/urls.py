"""Addresses of the audit record by person; numbers only."""

from django.urls import path

from accounts.audit import views

app_name = "audit"
urlpatterns = [
    path("people/<int:person_id>/", views.activity, name="activity"),
]
