"""Addresses about a patient's rights; numbers only. They belong to the namespace ``patients``."""

from django.urls import path

from patients.rights.views import deciding, exporting, keeping

urlpatterns = [
    path("patients/<int:patient_id>/export/", exporting.record_export, name="record-export"),
    path("patients/<int:patient_id>/rights/", deciding.rights, name="rights"),
    path("patients/<int:patient_id>/rights/restrict/", deciding.rights_restrict, name="rights-restrict"),
    path("patients/<int:patient_id>/rights/unrestrict/", deciding.rights_unrestrict, name="rights-unrestrict"),
    path("patients/<int:patient_id>/rights/hold/", deciding.rights_hold, name="rights-hold"),
    path("patients/<int:patient_id>/rights/unhold/", deciding.rights_unhold, name="rights-unhold"),
    path("patients/<int:patient_id>/rights/amend/", deciding.amendment_ask, name="amendment-ask"),
    path("patients/<int:patient_id>/rights/erase/", deciding.erasure_ask, name="erasure-ask"),
    path("patients/<int:patient_id>/rights/keep/", deciding.erasure_withdraw, name="erasure-withdraw"),
    path("patients/<int:patient_id>/disclosures/", deciding.disclosure_record, name="disclosure-record"),
    path("patients/<int:patient_id>/disclosures.csv", deciding.disclosures_csv, name="disclosures-csv"),
    path("amendments/<int:amendment_id>/decide/", deciding.amendment_decide, name="amendment-decide"),
    path("retention/", keeping.retention, name="retention"),
]
