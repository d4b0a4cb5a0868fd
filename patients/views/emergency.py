"""Ask for access to a patient in an emergency, and end it."""

from allauth.account.decorators import reauthentication_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST

from accounts.permissions import actor_of, requires
from patients import permissions
from patients.emergency import begin_emergency_access, end_emergency_access
from patients.forms_access import EmergencyForm
from patients.models import Patient


@requires(permissions.VIEW)
@require_http_methods(["GET", "POST"])
@reauthentication_required
def emergency_begin(request: HttpRequest, patient_id: int) -> HttpResponse:
    """Take a reason, then open the record for a while; whoever it is, they have just given their password."""
    patient = get_object_or_404(Patient.objects.only("pk"), pk=patient_id)
    form = EmergencyForm(request.POST or None, initial={"next": request.GET.get("next", "")})
    if request.method == "POST" and form.is_valid():
        why = {name: form.cleaned_data[name] for name in ("reason", "explanation")}
        begin_emergency_access(actor=actor_of(request), patient_id=patient.pk, **why)
        return _onward(request, form.cleaned_data["next"])
    status = 422 if request.method == "POST" else 200
    return render(request, "patients/emergency_begin.html", {"form": form, "patient_id": patient.pk}, status=status)


@requires(permissions.VIEW)
@require_POST
def emergency_end(request: HttpRequest, access_id: int) -> HttpResponse:
    """End one's own access now."""
    end_emergency_access(actor=actor_of(request), access_id=access_id)
    return redirect("scheduling:today")


def _onward(request: HttpRequest, wanted: str) -> HttpResponse:
    """Go where the person wanted to go, or to the search."""
    if url_has_allowed_host_and_scheme(wanted, allowed_hosts=None, require_https=request.is_secure()):
        return HttpResponseRedirect(wanted)
    return redirect("scheduling:patient-find")
