"""An emergency, from the telephone call to its place: who and what, then one of three places."""

from functools import partial

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from accounts.permissions import actor_of, requires
from patients.access import NotOnCareTeamError
from patients.models import Patient
from patients.selectors import living_patient
from patients.services import add_unknown_patient
from scheduling import permissions
from scheduling.forms.emergency import REASON, EmergencyForm, PlaceForm
from scheduling.forms.numbers import row_number
from scheduling.models import Operation, Status
from scheduling.selectors.emergency_places import emergency_places, limit_of
from scheduling.services import NotPossibleError, Override, Request, place_emergency, request_operation
from scheduling.services.emergencies import NO_EMERGENCY
from scheduling.services.requesting import check_request
from scheduling.services.status_rules import demand
from scheduling.views.answers import FAILURES, Refusal, refusal_of, run
from scheduling.views.detail import open_form
from scheduling.views.fetching import get_operation


@requires(permissions.BOOK)
@require_http_methods(["GET", "POST"])
def emergency_new(request: HttpRequest) -> HttpResponse:
    """Take an emergency down; somebody unknown becomes a patient with a number of their own."""
    actor = actor_of(request)
    chosen = row_number(request.POST.get("patient") or request.GET.get("patient", ""))
    patient = living_patient(chosen)
    form = EmergencyForm(request.POST or None, initial={"patient": patient})
    if request.method == "POST" and form.is_valid():
        patient = form.cleaned_data["patient"]  # what is used is what is asked about
    if patient and not Patient.objects.filter(pk=patient.pk).visible_to(actor).exists():
        raise NotOnCareTeamError(patient.pk)
    if request.method == "POST" and form.is_valid():
        try:
            # Asked for before somebody unknown is added, who would stay behind.
            check_request(actor, Request(patient=patient or Patient(), **form.wanted))
            known = patient or add_unknown_patient(actor=actor, sex=form.cleaned_data["sex"])
            operation = request_operation(actor=actor, request=Request(patient=known, **form.wanted))
        except FAILURES as error:
            for name, texts in refusal_of(error, actor).errors.items() or {"": [str(error)]}.items():
                form.add_error(name if name in form.fields else None, texts)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            return redirect("scheduling:emergency-place", operation.pk)
    status = 422 if request.method == "POST" else 200
    context = {"form": form, "patient": patient}
    return render(request, "scheduling/emergency_new.html", context, status=status)


@requires(permissions.BOOK)
@require_http_methods(["GET", "POST"])
def emergency_place(request: HttpRequest, operation_id: int) -> HttpResponse:
    """Show the three best places with what each costs; one confirmation does all of it."""
    actor = actor_of(request)
    operation = get_operation(operation_id, actor)
    form = PlaceForm(request.POST or None, operation=operation, actor=actor)
    page = partial(_places, request, operation)
    if request.method == "GET":
        return open_form(request, operation, page, _demand_emergency)

    def command() -> list[Operation]:
        reason = form.cleaned_data.get("override_reason", "").strip() or f"{REASON}: {operation.priority}"
        done = place_emergency(actor=actor, **form.command, override=Override(reason))
        return [get_operation(one.pk, actor) for one in done[:1]] + done[1:]

    return run(request, form, command, page=page)


def _demand_emergency(operation: Operation) -> None:
    demand(operation, Status.SCHEDULED)
    if not operation.priority.emergency:
        raise NotPossibleError(NO_EMERGENCY)


def _places(request: HttpRequest, operation: Operation, refusal: Refusal | None = None) -> HttpResponse:
    actor = actor_of(request)
    waits = operation.status == Status.WAITING
    context = {
        "operation": operation,
        "proposals": emergency_places(operation, actor) if waits else [],
        "limit": limit_of(operation),
        "may_override": actor.can(permissions.OVERRIDE),
        "refusal": refusal,
    }
    return render(request, "scheduling/emergency_place.html", context)
