"""Addresses about access to patients; numbers only."""

from django.urls import path

from patients.rights.urls import urlpatterns as rights
from patients.views import access_history, emergency, reviewing

app_name = "patients"
urlpatterns = [
    path("access-history/", access_history.access_find, name="access-find"),
    path("patients/<int:patient_id>/access-history/", access_history.access_history, name="access-history"),
    path("patients/<int:patient_id>/access-history.csv", access_history.access_history_csv, name="access-history-csv"),
    path("patients/<int:patient_id>/emergency/", emergency.emergency_begin, name="emergency-begin"),
    path("emergency/<int:access_id>/end/", emergency.emergency_end, name="emergency-end"),
    path("reviews/", reviewing.review_list, name="review-list"),
    path("reviews/<int:access_id>/", reviewing.review_decide, name="review-decide"),
    *rights,
]
