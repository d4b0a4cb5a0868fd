"""Say who an unknown emergency patient is."""

from copy import copy
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from accounts.permissions import actor_of, requires
from patients.access import NotOnCareTeamError
from patients.forms import IdentityForm
from patients.merging.errors import MergeRefusedError
from patients.merging.identifying import KNOWN, identify_patient
from patients.merging.pairs import remember_distinct
from patients.models import Patient
from patients.permissions import CHANGE
from scheduling.models import Operation
from scheduling.views.doubting import Doubt


@requires(CHANGE)
@require_http_methods(["GET", "POST"])
def patient_identify(request: HttpRequest, patient_id: int) -> HttpResponse:
    """Take the identity, or lead to the record that this person has already."""
    patient = get_object_or_404(Patient, pk=patient_id)
    if not Patient.objects.visible_to(actor_of(request)).filter(pk=patient.pk).exists():
        raise NotOnCareTeamError(patient.pk)
    blank = {"version": patient.version, "sex": patient.sex, "family_name": "", "given_name": "", "mrn": ""}
    form = IdentityForm(request.POST or None, instance=copy(patient), initial=blank)
    if not patient.provisional:
        return _page(request, patient, form, 409, refusal=KNOWN)
    if request.method == "GET":
        return _page(request, patient, form, 200)
    return _identify(request, patient, form)


def _identify(request: HttpRequest, patient: Patient, form: IdentityForm) -> HttpResponse:
    actor, valid = actor_of(request), form.is_valid()
    doubt = Doubt.of(request, form.instance, actor)
    if not valid or not doubt.is_settled:
        return _page(request, patient, form, 409 if valid else 422, doubt=doubt)
    seen = form.cleaned_data["version"]
    try:
        found = identify_patient(actor=actor, patient_id=patient.pk, version=seen, values=form.values)
    except ValidationError as error:
        form.add_error(None, error)
        return _page(request, patient, form, 422, doubt=doubt)
    except MergeRefusedError as error:
        return _page(request, patient, form, 409, refusal=str(error))
    remember_distinct(actor, found, doubt.candidates)
    messages.success(request, "Identified. The number from the arrival goes on finding the patient.")
    return redirect("scheduling:patient", found.pk)


def _page(request: HttpRequest, patient: Patient, form: IdentityForm, status: int, **more: Any) -> HttpResponse:
    rows = Operation.objects.filter(patient=patient).visible_to(actor_of(request))
    operations = rows.select_related("procedure", "theatre")
    context = {"form": form, "patient": patient, "operations": operations, **more}
    return render(request, "scheduling/patient_identify.html", context, status=status)
