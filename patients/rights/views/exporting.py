"""Give out a copy of everything held about a patient."""

from allauth.account.decorators import reauthentication_required
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.permissions import actor_of, requires
from patients import permissions
from patients.models import Patient
from patients.rights.exporting import demand_exporting, export_record
from patients.rights.forms import ExportRecordForm
from patients.rights.models import ExportForm
from patients.rights.writing import as_json, as_pdf

FORMATS = {ExportForm.JSON.value: (as_json, "application/json"), ExportForm.PDF.value: (as_pdf, "application/pdf")}


@requires(permissions.EXPORT_RECORD)
@require_http_methods(["GET", "POST"])
@reauthentication_required
def record_export(request: HttpRequest, patient_id: int) -> HttpResponse:
    """Ask why and for whom, then give the file; whoever it is, they have just given their password."""
    patient = _patient(request, patient_id)
    form = ExportRecordForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            return _file(request, patient, form)
        except ValidationError as error:
            form.add_error(None, error)
    status = 422 if request.method == "POST" else 200
    given = patient.record_exports.select_related("actor")
    return render(
        request, "patients/rights/record_export.html", {"form": form, "patient": patient, "given": given}, status=status
    )


def _file(request: HttpRequest, patient: Patient, form: ExportRecordForm) -> HttpResponse:
    content = export_record(actor=actor_of(request), patient_id=patient.pk, **form.cleaned_data)
    kind = form.cleaned_data["form"]
    write, content_type = FORMATS[kind]
    name = f"record-{patient.pk}-{timezone.localdate()}.{kind}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return HttpResponse(write(content), content_type=content_type, headers=headers)


def _patient(request: HttpRequest, patient_id: int) -> Patient:
    try:
        return demand_exporting(actor_of(request), patient_id)
    except ObjectDoesNotExist as error:
        raise Http404("This patient does not exist.") from error
