"""Rights of one patient: what was asked and decided. The record itself is not shown here."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts.audit.models import AccessKind
from accounts.audit.recording import note, note_all
from accounts.permissions import actor_of, requires
from accounts.spreadsheets import csv_answer
from patients.models import Patient
from patients.permissions import MANAGE_RIGHTS
from patients.rights import amending, disclosing, erasing, restricting
from patients.rights.forms import AmendmentForm, DecisionForm, DisclosureForm, HoldForm, LiftForm, RestrictForm
from patients.rights.holdings import latest_changes
from patients.rights.models import Amendment, LegalHold, ProcessingRestriction
from patients.rights.retention import obstacles

SAVED = "Saved."
DISCLOSED = ("When", "To whom", "What was given", "What for", "Why it may leave")


@requires(MANAGE_RIGHTS)
@require_safe
def rights(request: HttpRequest, patient_id: int) -> HttpResponse:
    """Show what was asked in a patient's name and what was decided."""
    return _page(request, get_object_or_404(Patient, pk=patient_id))


@requires(MANAGE_RIGHTS)
@require_POST
def rights_restrict(request: HttpRequest, patient_id: int) -> HttpResponse:
    """Restrict the record."""
    form = RestrictForm(request.POST, auto_id="restrict_%s")
    return _run(request, patient_id, form, restricting.restrict_processing, failed="restrict_form")


@requires(MANAGE_RIGHTS)
@require_POST
def rights_unrestrict(request: HttpRequest, patient_id: int) -> HttpResponse:
    """Lift the restriction."""
    return _lift(request, patient_id, ProcessingRestriction)


@requires(MANAGE_RIGHTS)
@require_POST
def rights_hold(request: HttpRequest, patient_id: int) -> HttpResponse:
    """Place a legal hold."""
    form = HoldForm(request.POST, auto_id="hold_%s")
    return _run(request, patient_id, form, restricting.hold_record, failed="hold_form")


@requires(MANAGE_RIGHTS)
@require_POST
def rights_unhold(request: HttpRequest, patient_id: int) -> HttpResponse:
    """Lift the legal hold."""
    return _lift(request, patient_id, LegalHold)


@requires(MANAGE_RIGHTS)
@require_POST
def amendment_ask(request: HttpRequest, patient_id: int) -> HttpResponse:
    """Note what the patient wants corrected."""
    form = AmendmentForm(request.POST, auto_id="amendment_%s")
    return _run(request, patient_id, form, amending.ask_amendment, failed="amendment_form")


@requires(MANAGE_RIGHTS)
@require_POST
def amendment_decide(request: HttpRequest, amendment_id: int) -> HttpResponse:
    """Accept or deny a wish."""
    amendment = get_object_or_404(Amendment, pk=amendment_id)

    def decide(*, actor: Any, patient_id: int, **data: Any) -> object:  # noqa: ARG001  # it is the amendment's
        return amending.decide_amendment(actor=actor, amendment=amendment, **data)

    form = DecisionForm(request.POST, auto_id=f"decision_{amendment.pk}_%s")
    return _run(request, amendment.patient_id, form, decide, failed="decision_form", asked=amendment.pk)


@requires(MANAGE_RIGHTS)
@require_POST
def disclosure_record(request: HttpRequest, patient_id: int) -> HttpResponse:
    """Note that data left the hospital."""
    form = DisclosureForm(request.POST, auto_id="disclosure_%s")
    return _run(request, patient_id, form, disclosing.record_disclosure, failed="disclosure_form")


@requires(MANAGE_RIGHTS)
@require_safe
def disclosures_csv(request: HttpRequest, patient_id: int) -> StreamingHttpResponse:  # noqa: ARG001  # a view's
    """Give the patient's accounting of disclosures as a file."""
    patient = get_object_or_404(Patient, pk=patient_id)
    note(patient.pk)
    note_all(AccessKind.EXPORT, reason="accounting of disclosures")
    told = disclosing.accounting_of(patient.pk)
    rows = ((one.at, one.recipient, one.content, one.purpose, one.get_basis_display()) for one in told)
    return csv_answer(f"disclosures-{patient.pk}-{timezone.localdate()}.csv", DISCLOSED, rows)


@requires(MANAGE_RIGHTS)
@require_POST
def erasure_ask(request: HttpRequest, patient_id: int) -> HttpResponse:
    """Order the erasure, or note why the law forbids it."""
    said = "It is on record; below stands what became of it."
    return _run(request, patient_id, LiftForm(request.POST), erasing.ask_erasure, failed="erasure_form", said=said)


@requires(MANAGE_RIGHTS)
@require_POST
def erasure_withdraw(request: HttpRequest, patient_id: int) -> HttpResponse:
    """Take the order back."""
    return _run(request, patient_id, LiftForm(request.POST), erasing.withdraw_erasure, failed="erasure_form")


def _lift(request: HttpRequest, patient_id: int, kind: type[ProcessingRestriction] | type[LegalHold]) -> HttpResponse:
    def lift(*, actor: Any, patient_id: int) -> None:
        restricting.lift(actor=actor, patient_id=patient_id, kind=kind)

    return _run(request, patient_id, LiftForm(request.POST), lift, failed="lift_form")


def _run(
    request: HttpRequest,
    patient_id: int,
    form: forms.Form,
    work: Callable[..., object],
    *,
    failed: str,
    said: str = SAVED,
    asked: int = 0,
) -> HttpResponse:
    """Do it and come back, or show the page again with what is wrong beside the field (422)."""
    patient = get_object_or_404(Patient, pk=patient_id)
    if form.is_valid():
        try:
            work(actor=actor_of(request), patient_id=patient.pk, **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, said)
            return redirect("patients:rights", patient.pk)
    response = _page(request, patient, asked=asked, **{failed: form})
    response.status_code = 422
    return response


def _page(request: HttpRequest, patient: Patient, asked: int = 0, **in_error: forms.Form) -> HttpResponse:
    erasures = list(patient.erasures.select_related("actor"))
    is_erased = any(row.state == "done" for row in erasures)
    amendments: list[Any] = list(patient.amendments.select_related("received_by", "decided_by"))
    for row in amendments:
        failed = in_error.get("decision_form") if row.pk == asked else None
        row.form = failed or (None if row.decision else DecisionForm(auto_id=f"decision_{row.pk}_%s"))
    context = {
        "patient": patient,
        "restrictions": list(patient.processingrestrictions.select_related("placed_by", "lifted_by")),
        "holds": list(patient.legalholds.select_related("placed_by", "lifted_by")),
        "amendments": amendments,
        "erasures": erasures,
        "is_erased": is_erased,
        "is_ordered": any(row.state == "ordered" for row in erasures),
        "obstacles": [] if is_erased else obstacles(patient),
        "changes": latest_changes(patient.pk),
        "given": patient.record_exports.select_related("actor"),
        "disclosures": list(patient.disclosures.select_related("recorded_by")),
        "disclosure_form": DisclosureForm(auto_id="disclosure_%s"),
        "restrict_form": RestrictForm(auto_id="restrict_%s"),
        "hold_form": HoldForm(auto_id="hold_%s"),
        "amendment_form": AmendmentForm(auto_id="amendment_%s"),
        **in_error,
    }
    return render(request, "patients/rights/rights.html", context)
