"""Addresses about access to patients; numbers only."""

from django.urls import path

from patients.rights.urls import urlpatterns as rights
from patients.views import access_history, documents, emergency, importing, record, reviewing

app_name = "patients"
urlpatterns = [
    path("access-history/", access_history.access_find, name="access-find"),
    path("patients/<int:patient_id>/access-history/", access_history.access_history, name="access-history"),
    path("patients/<int:patient_id>/access-history.csv", access_history.access_history_csv, name="access-history-csv"),
    path("patients/<int:patient_id>/emergency/", emergency.emergency_begin, name="emergency-begin"),
    path("emergency/<int:access_id>/end/", emergency.emergency_end, name="emergency-end"),
    path("reviews/", reviewing.review_list, name="review-list"),
    path("reviews/<int:access_id>/", reviewing.review_decide, name="review-decide"),
    path("patients/<int:patient_id>/history/", record.record_history, name="record-history"),
    path("patients/<int:patient_id>/allergies/none-known/", record.none_known, name="none-known"),
    path("patients/<int:patient_id>/cards/<slug:card>/", record.record_card, name="record-card"),
    path("patients/<int:patient_id>/chart/<slug:chart>/new/", record.chart_add, name="chart-add"),
    path("patients/<int:patient_id>/chart/<slug:chart>/<int:entry_id>/", record.chart_change, name="chart-change"),
    path(
        "patients/<int:patient_id>/chart/<slug:chart>/<int:entry_id>/take-back/",
        record.chart_take_back,
        name="chart-take-back",
    ),
    path(
        "patients/<int:patient_id>/chart/<slug:chart>/<int:entry_id>/put-back/",
        record.chart_put_back,
        name="chart-put-back",
    ),
    path("patients/<int:patient_id>/person/<slug:person>/new/", record.person_add, name="person-add"),
    path("patients/<int:patient_id>/person/<slug:person>/<int:detail_id>/", record.person_change, name="person-change"),
    path(
        "patients/<int:patient_id>/person/<slug:person>/<int:detail_id>/take-back/",
        record.person_take_back,
        name="person-take-back",
    ),
    path("patients/<int:patient_id>/details/<slug:details>/", record.details_change, name="details-change"),
    path("patients/<int:patient_id>/documents/", documents.documents, name="documents"),
    path("documents/<int:document_id>/", documents.document, name="document"),
    path("documents/<int:document_id>/withdraw/", documents.document_withdraw, name="document-withdraw"),
    path("imports/", importing.import_list, name="import-list"),
    path("imports/new/", importing.import_new, name="import-new"),
    path("imports/<int:import_id>/", importing.import_detail, name="import-detail"),
    path("imports/<int:import_id>/columns/", importing.import_columns, name="import-columns"),
    path("imports/<int:import_id>/start/", importing.import_start, name="import-start"),
    path("imports/<int:import_id>/go/", importing.import_go, name="import-go"),
    path("imports/<int:import_id>/undo/", importing.import_undo, name="import-undo"),
    path("imports/<int:import_id>/report.csv", importing.import_report, name="import-report"),
    *rights,
]
