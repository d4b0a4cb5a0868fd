"""Merge two records of one patient: find the other, compare, confirm; and take it back."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from accounts.permissions import actor_of, requires
from patients.merging.comparing import better_survivor, compare, in_words, values_in_words
from patients.merging.errors import MergeRefusedError
from patients.merging.identity import DUPLICATE
from patients.merging.locking import demand_open
from patients.merging.merging import merge
from patients.merging.undoing import obstacle_of, undo_merge
from patients.models import Patient, PatientMerge
from patients.permissions import MERGE
from scheduling.forms.merging import MergeForm, ReasonForm
from scheduling.selectors.merging import side_of
from scheduling.views.requesting import found_patients


@requires(MERGE)
@require_http_methods(["GET", "POST"])
def patient_merge(request: HttpRequest, patient_id: int) -> HttpResponse:
    """Find the other record of the same person. What is searched for travels in the body."""
    patient = _open_patient(actor_of(request), patient_id)
    context = {**found_patients(request), "merging": patient}
    name = "patients/_patients.html" if request.headers.get("HX-Request") else "scheduling/patient_merge.html"
    return render(request, name, context)


@requires(MERGE)
@require_http_methods(["GET", "POST"])
def patient_merge_with(request: HttpRequest, patient_id: int, other_id: int) -> HttpResponse:
    """Show two records side by side; on confirmation the other one is merged into this."""
    actor = actor_of(request)
    if patient_id == other_id:
        messages.info(request, "This is one record already. Choose another one to compare it with.")
        return redirect("scheduling:patient-merge", patient_id)
    survivor, duplicate = _open_patient(actor, patient_id), _open_patient(actor, other_id)
    comparison = compare(survivor, duplicate)
    form = MergeForm(request.POST or None, survivor=survivor, duplicate=duplicate, comparison=comparison)
    context = {"survivor": survivor, "duplicate": duplicate, "comparison": comparison, "form": form}
    context["sides"] = [side_of(one, actor) for one in (survivor, duplicate)]
    context["rows"] = [(line, form.chosen(line.group.name) == DUPLICATE) for line in comparison.lines]
    context["better"] = better_survivor(survivor, duplicate)

    def command() -> PatientMerge:
        return merge(
            actor=actor,
            survivor_id=survivor.pk,
            duplicate_id=duplicate.pk,
            versions=form.cleaned_data["versions"],
            choices=form.choices,
            reason=form.cleaned_data["reason"],
        )

    return _run(request, form, command, "scheduling/patient_merge_with.html", context, "Merged. Both numbers find it.")


@requires(MERGE)
@require_safe
def merge_detail(request: HttpRequest, merge_id: int) -> HttpResponse:
    """Show what a merge did, and offer to take it back."""
    return render(request, "scheduling/merge_detail.html", _merge_page(request, merge_id))


@requires(MERGE)
@require_POST
def merge_undo(request: HttpRequest, merge_id: int) -> HttpResponse:
    """Take a merge back."""
    context = _merge_page(request, merge_id)
    form = context["form"] = ReasonForm(request.POST)
    form.fields["reason"].label = WHY_TWO

    def command() -> PatientMerge:
        return undo_merge(actor=actor_of(request), merge_id=merge_id, reason=form.cleaned_data["reason"])

    return _run(request, form, command, "scheduling/merge_detail.html", context, "Undone. They are two records again.")


WHY_TWO = "Why are they two people?"


def _merge_page(request: HttpRequest, merge_id: int) -> dict[str, Any]:
    rows = PatientMerge.objects.select_related("survivor", "duplicate", "actor", "undone_by")
    found = get_object_or_404(rows, pk=merge_id)
    counts = found.survivor.merged_into or found.survivor
    demand_open(actor_of(request), [counts.pk])
    form = ReasonForm()
    form.fields["reason"].label = WHY_TWO
    return {
        "merge": found,
        "patient": counts,
        "moved": in_words(found.moved),
        "changed": values_in_words(found),
        "obstacle": obstacle_of(found, found.survivor),
        "form": form,
    }


def _open_patient(actor: User, patient_id: int) -> Patient:
    patient = get_object_or_404(Patient, pk=patient_id)
    demand_open(actor, [patient.pk])
    return patient


def _run(  # what a page of its own would take
    request: HttpRequest,
    form: forms.Form,
    command: Callable[[], PatientMerge],
    template: str,
    context: dict[str, Any],
    done: str,
) -> HttpResponse:
    """Do it and show the merge, or draw the page again with what stands in the way (409) or is wrong (422)."""
    status = 200 if request.method == "GET" else 422
    if request.method == "POST" and form.is_valid():
        try:
            made = command()
        except ValidationError as error:
            form.add_error(None, error)
        except MergeRefusedError as error:
            context["refusal"], status = error, 409
        else:
            messages.success(request, done)
            return redirect("scheduling:merge-detail", made.pk)
    return render(request, template, context, status=status)
