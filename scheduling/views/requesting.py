"""Ask for an operation: find the patient, or add one, then say what is to be done."""

from functools import partial
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from accounts.audit.models import AccessKind
from accounts.audit.recording import note, note_all
from accounts.permissions import actor_of, requires
from patients import permissions as patient_permissions
from patients.access import NotOnCareTeamError
from patients.forms import PatientForm
from patients.merging.pairs import remember_distinct
from patients.models import Patient
from patients.selectors import beyond_reach, living_patient
from patients.services import add_patient
from scheduling import permissions
from scheduling.forms.numbers import row_number
from scheduling.forms.request import RequestForm
from scheduling.forms.searching import search_words
from scheduling.selectors.finding import patients_found
from scheduling.services import request_operation
from scheduling.views.answers import Refusal, run
from scheduling.views.doubting import Doubt

SHOWN, SUGGESTED = 30, 8
"""How many found patients the page shows, and the box in the top bar; more means that the search should say more."""


@requires(patient_permissions.VIEW)
@require_http_methods(["GET", "POST"])
def patient_find(request: HttpRequest) -> HttpResponse:
    """Find patients by name or number. What is searched for travels in the body, never in an address.

    The page itself, its list for htmx, or the short list under the box in the top bar (``show=suggestions``).
    """
    suggesting = request.POST.get("show") == "suggestions"
    name = "_suggestions" if suggesting else "_patients" if request.headers.get("HX-Request") else "patient_find"
    return render(request, f"patients/{name}.html", found_patients(request, most=SUGGESTED if suggesting else SHOWN))


def found_patients(request: HttpRequest, *, most: int = SHOWN) -> dict[str, Any]:
    """Return what the list of found patients shows."""
    text, viewer = search_words(request.POST), actor_of(request)
    note_all(AccessKind.SEARCH)
    found = patients_found(text, viewer, most=most)
    beyond = beyond_reach(text, viewer) if text and not found.rows else None
    if beyond:
        note(beyond.pk)  # that there is such a patient is told
    return {
        "text": text,
        "rows": found.rows,
        "patients": found.findings.patients,
        "more": found.findings.more,
        "findings": found.findings,
        "beyond": beyond,
        "shown": SHOWN,
    }


@requires(patient_permissions.ADD)
@require_http_methods(["GET", "POST"])
def patient_add(request: HttpRequest) -> HttpResponse:
    """Add a patient, then go on to the case. Who looks like somebody on record is added on a second word only."""
    form, actor = PatientForm(request.POST or None), actor_of(request)
    if request.method == "GET":
        return render(request, "patients/patient_add.html", {"form": form})
    status = 422
    valid = form.is_valid()
    doubt = Doubt.of(request, form.instance, actor)
    if valid and not doubt.is_settled:
        status = 409
    elif valid:
        try:
            patient = add_patient(actor=actor, patient=form.instance, allergies=form.substances)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            remember_distinct(actor, patient, doubt.candidates)
            return redirect(f"{reverse('scheduling:operation-request')}?patient={patient.pk}")
    return render(request, "patients/patient_add.html", {"form": form, "doubt": doubt}, status=status)


@requires(permissions.REQUEST)
@require_http_methods(["GET", "POST"])
def operation_request(request: HttpRequest) -> HttpResponse:
    """Put a case on the waiting list."""
    chosen = row_number(request.POST.get("patient") or request.GET.get("patient", ""))
    actor = actor_of(request)
    patient = living_patient(chosen)
    if patient and not Patient.objects.filter(pk=patient.pk).visible_to(actor).exists():
        raise NotOnCareTeamError(patient.pk)
    if patient is None:
        return render(request, "patients/patient_find.html", {"choosing": True})
    form = RequestForm(request.POST or None, initial={"patient": patient})
    page = partial(_page, request, form, patient)
    if request.method == "GET":
        return page()
    return run(request, form, lambda: request_operation(actor=actor, request=form.request), page=page)


def _page(request: HttpRequest, form: RequestForm, patient: Patient, refusal: Refusal | None = None) -> HttpResponse:
    context = {"form": form, "patient": patient, "refusal": refusal}
    return render(request, "scheduling/operation_request.html", context)
