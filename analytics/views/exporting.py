"""Files for analysis: the figures of a year without patients, and a limited data set."""

import io
from collections.abc import Callable
from zipfile import ZIP_DEFLATED, ZipFile

from allauth.account.decorators import reauthentication_required
from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.permissions import actor_of, requires
from analytics.deidentified.services import Files, export_deidentified, export_limited_set
from analytics.forms import DeidentifiedForm, LimitedSetForm
from analytics.models import DataExport
from analytics.permissions import EXPORT_DEIDENTIFIED, EXPORT_LIMITED_SET

SHOWN = 20


@requires(EXPORT_DEIDENTIFIED)
@require_http_methods(["GET", "POST"])
def deidentified_export(request: HttpRequest) -> HttpResponse:
    """Give a year's operations without the people."""
    form = DeidentifiedForm(request.POST or None, initial={"year": timezone.localdate().year - 1})
    return _answer(request, form, export_deidentified, "deidentified")


@requires(EXPORT_LIMITED_SET)
@require_http_methods(["GET", "POST"])
@reauthentication_required
def limited_export(request: HttpRequest) -> HttpResponse:
    """Give a year's operations with dates; whoever it is, they have just given their password."""
    form = LimitedSetForm(request.POST or None, initial={"year": timezone.localdate().year - 1})
    return _answer(request, form, export_limited_set, "limited")


def _answer(request: HttpRequest, form: forms.Form, make: Callable[..., Files], kind: str) -> HttpResponse:
    if request.method == "POST" and form.is_valid():
        try:
            return _zipped(make(actor=actor_of(request), **form.cleaned_data))
        except ValidationError as error:
            form.add_error(None, error)
    made = DataExport.objects.filter(kind=kind).select_related("actor")[:SHOWN]
    status = 422 if request.method == "POST" else 200
    return render(request, "analytics/data_export.html", {"form": form, "made": made, "kind": kind}, status=status)


def _zipped(files: Files) -> HttpResponse:
    packed = io.BytesIO()
    with ZipFile(packed, "w", ZIP_DEFLATED) as archive:
        archive.writestr(f"{files.name}.csv", files.table)
        archive.writestr(f"{files.name}.json", files.companion)
    headers = {"Content-Disposition": f'attachment; filename="{files.name}.zip"', "Cache-Control": "no-store"}
    return HttpResponse(packed.getvalue(), content_type="application/zip", headers=headers)
