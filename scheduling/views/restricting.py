"""Who may see a patient's record: the page, and what is changed there."""

from collections.abc import Callable

from django import forms
from django.contrib import messages
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import actor_of, requires
from patients.models import Patient
from patients.permissions import RESTRICT, VIEW
from patients.selectors import patient_numbered
from scheduling.access import patients_restricted_by
from scheduling.forms.numbers import row_number
from scheduling.forms.restricting import BlockForm, FindForm, ReasonForm
from scheduling.selectors.patient_access import patient_access
from scheduling.services.restricting import block_colleague, demand_restricting, lift_block, mark_confidential


@requires(RESTRICT)
@require_http_methods(["GET", "POST"])
def patient_access_find(request: HttpRequest) -> HttpResponse:
    """Go to a patient by the whole MRN, which travels in the body."""
    form = FindForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        found = patient_numbered(form.cleaned_data["mrn"])
        reached = Patient.objects.filter(patients_restricted_by(actor_of(request)))
        patient = reached.filter(pk=found.pk).only("pk").first() if found else None
        if patient is not None:
            return redirect("scheduling:patient-access", patient.pk)
        form.add_error("mrn", "No patient within your role’s limits has this MRN. Check the number.")
    status = 422 if request.method == "POST" else 200
    return render(request, "scheduling/patient_access_find.html", {"form": form}, status=status)


@requires(RESTRICT)
@require_safe
def patient_access_page(request: HttpRequest, patient_id: int) -> HttpResponse:
    """Show who may see the record and who may not."""
    return _page(request, _patient(request, patient_id))


@requires(RESTRICT)
@require_POST
def patient_confidential(request: HttpRequest, patient_id: int) -> HttpResponse:
    """Mark the record confidential, or no longer."""
    patient, form = _patient(request, patient_id), ReasonForm(request.POST)
    wanted = request.POST.get("confidential") == "yes"
    return _run(
        request,
        patient,
        form,
        lambda: mark_confidential(
            actor=actor_of(request), patient_id=patient.pk, confidential=wanted, reason=form.cleaned_data["reason"]
        ),
        failed="confidential_form",
    )


@requires(RESTRICT)
@require_POST
def patient_block(request: HttpRequest, patient_id: int) -> HttpResponse:
    """Keep a colleague away, as the patient asks."""
    actor, patient = actor_of(request), _patient(request, patient_id)
    form = BlockForm(request.POST, actor=actor, patient=patient)

    def block() -> None:
        data = form.cleaned_data
        block_colleague(
            actor=actor,
            patient_id=patient.pk,
            user_id=int(data["user"]),
            reason=data["reason"],
            requested_on=data["requested_on"],
        )

    return _run(request, patient, form, block, failed="block_form")


@requires(RESTRICT)
@require_POST
def patient_unblock(request: HttpRequest, patient_id: int) -> HttpResponse:
    """Let a colleague see the record again."""
    patient, form = _patient(request, patient_id), ReasonForm(request.POST)
    user = row_number(request.POST.get("user", "")) or 0
    return _run(
        request,
        patient,
        form,
        lambda: lift_block(
            actor=actor_of(request), patient_id=patient.pk, user_id=user, reason=form.cleaned_data["reason"]
        ),
        failed="lift_form",
    )


def _patient(request: HttpRequest, patient_id: int) -> Patient:
    try:
        return demand_restricting(actor_of(request), patient_id)
    except ObjectDoesNotExist as error:
        raise Http404("This patient does not exist.") from error


def _run(
    request: HttpRequest, patient: Patient, form: forms.Form, work: Callable[[], object], *, failed: str
) -> HttpResponse:
    """Do it and come back, or show the page again with what is wrong beside the field (422)."""
    if form.is_valid():
        try:
            work()
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, "Saved. It counts from the next click.")
            return redirect("scheduling:patient-access", patient.pk)
    response = _page(request, patient, **{failed: form})
    response.status_code = 422
    return response


def _page(request: HttpRequest, patient: Patient, **forms_in_error: forms.Form) -> HttpResponse:
    actor = actor_of(request)
    context = {
        "patient": patient,
        "page": patient_access(patient),
        "sees_record": actor.can(VIEW) and Patient.objects.filter(pk=patient.pk).visible_to(actor).exists(),
        "confidential_form": ReasonForm(prefix=None, auto_id="confidential_%s"),
        "block_form": BlockForm(actor=actor, patient=patient, auto_id="block_%s"),
        "lifting": row_number(request.POST.get("user", "")) if "lift_form" in forms_in_error else None,
        **forms_in_error,
    }
    return render(request, "scheduling/patient_access.html", context)
