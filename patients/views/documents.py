"""The papers of a record: a list, a way to add one, and each of them to look at."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.audit.models import AccessKind
from accounts.audit.recording import note
from accounts.models import User
from accounts.permissions import actor_of, requires
from accounts.uploads import takes_files
from patients import permissions
from patients.documents.forms import DocumentForm, WithdrawForm
from patients.documents.keeping import add_document, content_of, withdraw_document
from patients.documents.selectors import document_for, documents_of
from patients.models import ContentType, Document, Patient
from patients.models.documents import LARGEST
from patients.record.errors import RecordError
from patients.views.record import fetch_patient

ENDINGS = {ContentType.PDF: "pdf", ContentType.JPEG: "jpg", ContentType.PNG: "png"}
ALONE = "sandbox; default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'"
"""A document may do nothing but be drawn. Browsers bring a style of their own to draw a picture or a PDF."""


@takes_files(LARGEST)
@requires(permissions.VIEW)
@require_http_methods(["GET", "POST"])
def documents(request: HttpRequest, patient_id: int) -> HttpResponse:
    """Show a patient's documents, and keep one."""
    actor = actor_of(request)
    patient = fetch_patient(patient_id, request)
    form = DocumentForm(request.POST or None, request.FILES or None, actor=actor)
    if request.method == "POST":
        form = DocumentForm(request.POST, request.FILES, actor=actor)
        try:
            if form.is_valid():
                document = add_document(actor=actor, patient_id=patient.pk, paper=form.paper)
                messages.success(request, f"{document.name} is in the record.")
                return redirect("patients:documents", patient.pk)
        except ValidationError as error:
            form.add_error(None if hasattr(error, "document") else _field(error), error)
        except RecordError as error:
            form.add_error(None, str(error))
    return _page(request, patient, form=form, status=422 if request.method == "POST" else 200)


@requires(permissions.VIEW)
@require_safe
def document(request: HttpRequest, document_id: int) -> StreamingHttpResponse:
    """Give one document, to look at or (``?save=1``) to save; always all of it."""
    found = _document(document_id, actor_of(request))
    note(found.patient_id, AccessKind.VIEW)
    how = "attachment" if request.GET.get("save") else "inline"
    name = f"document-{found.pk}.{ENDINGS[ContentType(found.content_type)]}"  # what is in it does not get into a name
    return StreamingHttpResponse(
        content_of(found),
        content_type=found.content_type,
        headers={
            "Content-Disposition": f'{how}; filename="{name}"',
            "Content-Length": str(found.size),
            "Content-Security-Policy": ALONE,
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
            "Accept-Ranges": "none",
        },
    )


@requires(permissions.VIEW)
@require_POST
def document_withdraw(request: HttpRequest, document_id: int) -> HttpResponse:
    """Say that a document was entered in error."""
    actor = actor_of(request)
    found = _document(document_id, actor)
    form = WithdrawForm(request.POST, prefix=f"withdraw-{found.pk}")
    try:
        if form.is_valid():
            withdraw_document(actor=actor, document_id=found.pk, reason=form.cleaned_data["reason"])
            messages.success(request, f"{found.name} was entered in error, and does not count any more.")
            return redirect("patients:documents", found.patient_id)
    except ValidationError as error:
        form.add_error(None, error)
    except RecordError as error:
        form.add_error(None, str(error))
    return _page(request, fetch_patient(found.patient_id, request), withdrawing=(found.pk, form), status=422)


def _page(
    request: HttpRequest,
    patient: Patient,
    *,
    form: DocumentForm | None = None,
    withdrawing: tuple[int, WithdrawForm] | None = None,
    status: int,
) -> HttpResponse:
    actor = actor_of(request)
    found = documents_of(patient, actor)
    forms = dict([withdrawing] if withdrawing else [])
    lines: list[Any] = [
        (row, forms.get(row.pk) or WithdrawForm(prefix=f"withdraw-{row.pk}") if row.kind in found.kinds else None)
        for row in found.kept
    ]
    form = (form or DocumentForm(actor=actor)) if found.kinds else None
    context = {"patient": patient, "documents": found, "lines": lines, "form": form}
    return render(request, "patients/documents.html", context, status=status)


def _document(document_id: int, viewer: User) -> Document:
    try:
        return document_for(viewer, document_id)
    except ObjectDoesNotExist as error:
        raise Http404("This document does not exist.") from error


def _field(error: ValidationError) -> str | None:
    return None if hasattr(error, "error_dict") else "file"
