"""Addresses about a patient's rights; numbers only. They belong to the namespace ``patients``."""

from django.urls import path

from patients.rights.views import exporting

urlpatterns = [
    path("patients/<int:patient_id>/export/", exporting.record_export, name="record-export"),
]
