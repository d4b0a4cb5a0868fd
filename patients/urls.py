"""Addresses about access to patients; numbers only."""

from django.urls import path

from patients.views import emergency, reviewing

app_name = "patients"
urlpatterns = [
    path("patients/<int:patient_id>/emergency/", emergency.emergency_begin, name="emergency-begin"),
    path("emergency/<int:access_id>/end/", emergency.emergency_end, name="emergency-end"),
    path("reviews/", reviewing.review_list, name="review-list"),
    path("reviews/<int:access_id>/", reviewing.review_decide, name="review-decide"),
]
