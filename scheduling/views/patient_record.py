"""One page per patient."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.permissions import actor_of, requires
from patients import permissions
from patients.documents.selectors import documents_of
from patients.record.cards import cards_of
from patients.views.record import fetch_patient
from scheduling.selectors.patient_page import patient_page

WHOLE = "all"


@requires(permissions.VIEW)
@require_safe
def patient_record(request: HttpRequest, patient_id: int) -> HttpResponse:
    """Show who the patient is, what is to come, what is missing, and what is recorded."""
    viewer = actor_of(request)
    patient = fetch_patient(patient_id, request)
    cards = cards_of(patient, viewer)
    page = patient_page(patient, viewer, cards, whole=request.GET.get("timeline") == WHOLE)
    context = {"patient": patient, "cards": cards, "page": page, "documents": documents_of(patient, viewer)}
    return render(request, "scheduling/patient.html", context)
