"""Who saw a patient's record: for the privacy officer, and for the patient who asks."""

import re

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from accounts.audit.models import AccessKind
from accounts.audit.recording import record_access
from accounts.audit.views import row_number
from accounts.permissions import actor_of, requires
from accounts.spreadsheets import csv_answer
from patients import permissions
from patients.access_history import access_history as history_of
from patients.access_history import whole_history
from patients.forms_access import FindRecordForm, HistoryFilterForm
from patients.models import Patient
from patients.selectors import living_patient, patient_numbered

OWN_NUMBER = re.compile(r"no\.?\s*([0-9]{1,18})", re.IGNORECASE)
HEADS = ("When", "Who", "Account", "Page", "How", "As or why", "Emergency access", "From address")


@requires(permissions.VIEW_TRAIL)
@require_http_methods(["GET", "POST"])
def access_find(request: HttpRequest) -> HttpResponse:
    """Find the record whose access history is wanted, by a whole number."""
    form = FindRecordForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        patient = _numbered(form.cleaned_data["number"].strip())
        if patient:
            return redirect("patients:access-history", patient.pk)
        form.add_error("number", "No patient has this number. Type the whole MRN.")
    status = 422 if request.method == "POST" else 200
    return render(request, "patients/access_find.html", {"form": form}, status=status)


@requires(permissions.VIEW_TRAIL)
@require_safe
def access_history(request: HttpRequest, patient_id: int) -> HttpResponse:
    """Show who saw one patient, when, where and as what."""
    patient = get_object_or_404(Patient, pk=patient_id)
    form = HistoryFilterForm(request.GET)
    wanted = form.wanted
    seen, older = history_of(patient, wanted, row_number(request.GET.get("before", "")))
    query = request.GET.copy()
    query.pop("before", None)
    context = {"patient": patient, "form": form, "seen": seen, "older": older, "query": query.urlencode()}
    context["only"] = wanted.person
    return render(request, "patients/access_history.html", context)


@requires(permissions.VIEW_TRAIL)
@require_safe
def access_history_csv(request: HttpRequest, patient_id: int) -> StreamingHttpResponse:
    """Give all of it as a file."""
    patient = get_object_or_404(Patient, pk=patient_id)
    wanted = HistoryFilterForm(request.GET).wanted
    record_access(
        [patient.pk],
        actor_id=actor_of(request).pk,
        view="patients:access-history-csv",
        kind=AccessKind.EXPORT,
        reason="access history",
    )
    rows = (
        (s.at, s.person, s.person.email if s.person else "", s.page, s.kind, s.reason, s.emergency, s.address)
        for s in whole_history(patient, wanted)
    )
    return csv_answer(f"access-history-{patient.pk}-{timezone.localdate()}.csv", HEADS, rows)


def _numbered(number: str) -> Patient | None:
    """Return whose MRN it is, or whose number of ours; that one is written "No. 12", since an MRN may be digits too."""
    if own := OWN_NUMBER.fullmatch(number):
        return living_patient(int(own[1]))
    return patient_numbered(number)
