"""Bringing patients in: uploads, what their columns are, the report, the list of imports, and taking one back."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import actor_of, requires
from accounts.spreadsheets import csv_answer
from patients import permissions
from patients.forms_importing import LayoutForm, UploadForm
from patients.importing import csv_lists, uploads
from patients.importing.report import COLUMNS, ImportFileError, Outcome, Remark
from patients.importing.undoing import undo_import
from patients.models import IdentifierSystem, ImportKind, ImportRun, ImportState

PAGE_SIZE = 50
MOST_SHOWN = 200
"""Lines of one sort on the page; the file has all."""


@requires(permissions.IMPORT)
@require_safe
def import_list(request: HttpRequest) -> HttpResponse:
    """Show all imports, the latest first."""
    rows = ImportRun.objects.select_related("actor").defer("report", "options")
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "patients/import_list.html", {"page": page, "query": ""})


@requires(permissions.IMPORT)
@require_http_methods(["GET", "POST"])
def import_new(request: HttpRequest) -> HttpResponse:
    """Take files, and try or import them at once; of a list, ask first what its columns are."""
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            given = form.cleaned_data
            run = uploads.receive(
                actor=actor_of(request), kind=given["kind"], files=given["upload"], dry_run=given["dry_run"]
            )
            if run.kind == ImportKind.CSV:
                return redirect("patients:import-columns", run.pk)
            uploads.start(actor=actor_of(request), run_id=run.pk)
            return redirect("patients:import-detail", run.pk)
        except ValidationError as error:
            form.add_error("upload", error.messages)
    ours = IdentifierSystem.objects.filter(is_ours=True).first()
    status = 422 if request.method == "POST" else 200
    return render(request, "patients/import_new.html", {"form": form, "ours": ours}, status=status)


@requires(permissions.IMPORT)
@require_safe
def import_detail(request: HttpRequest, import_id: int) -> HttpResponse:
    """Show how far an import is, or what it says of itself."""
    return _detail(request, import_id)


@requires(permissions.IMPORT)
@require_http_methods(["GET", "POST"])
def import_columns(request: HttpRequest, import_id: int) -> HttpResponse:
    """Ask what the columns of a list are, and try it with that."""
    run = get_object_or_404(ImportRun, pk=import_id, kind=ImportKind.CSV)
    try:
        table = csv_lists.table_of(run, request.POST.get("encoding", ""))
    except ValidationError as error:
        return _detail(request, import_id, " ".join(error.messages))
    except ImportFileError as error:
        return render(request, "patients/import_columns.html", {"run": run, "problem": str(error)}, status=422)
    guessed, formats = csv_lists.guesses(run, table)
    initial = {"date_format": formats, "encoding": table.encoding}
    form = LayoutForm(request.POST or None, header=table.header, guessed=guessed, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            tried = csv_lists.try_list(actor=actor_of(request), run_id=run.pk, layout=form.layout(table.delimiter))
            return redirect("patients:import-detail", tried.pk)
        except ValidationError as error:
            form.add_error(None, error)
    # The first rows name people: they are for who sent the list, whatever else a colleague's role opens.
    rows = table.first(csv_lists.SHOWN) if run.actor_id == actor_of(request).pk else []
    columns = [(field, [row[at] for row in rows]) for at, field in enumerate(form.columns)]
    context = {"run": run, "form": form, "columns": columns, "shown": len(rows)}
    return render(request, "patients/import_columns.html", context, status=422 if request.method == "POST" else 200)


@requires(permissions.IMPORT)
@require_POST
def import_start(request: HttpRequest, import_id: int) -> HttpResponse:
    """Start what waits."""
    return _after(request, import_id, lambda: uploads.start(actor=actor_of(request), run_id=import_id))


@requires(permissions.IMPORT)
@require_POST
def import_go(request: HttpRequest, import_id: int) -> HttpResponse:
    """Import what was tried."""
    return _after(request, import_id, lambda: uploads.for_real(actor=actor_of(request), run_id=import_id))


@requires(permissions.IMPORT)
@require_POST
def import_undo(request: HttpRequest, import_id: int) -> HttpResponse:
    """Take a whole import back."""
    return _after(request, import_id, lambda: undo_import(actor=actor_of(request), run_id=import_id))


@requires(permissions.IMPORT)
@require_safe
def import_report(request: HttpRequest, import_id: int) -> StreamingHttpResponse:  # noqa: ARG001
    """Give every line of the report as a file."""
    run = get_object_or_404(ImportRun, pk=import_id)
    rows = ([row[name] for name in COLUMNS] for row in run.report.get("lines", ()))
    return csv_answer(f"import-{run.pk}.csv", COLUMNS, rows)


def _after(request: HttpRequest, import_id: int, work: Any) -> HttpResponse:
    """Do something about an import and show it, or say why not."""
    get_object_or_404(ImportRun, pk=import_id)
    try:
        run = work()
    except ValidationError as error:
        return _detail(request, import_id, " ".join(error.messages))
    return redirect("patients:import-detail", run.pk)


def _detail(request: HttpRequest, import_id: int, problem: str = "") -> HttpResponse:
    run = ImportRun.objects.select_related("actor", "undone_by").filter(pk=import_id).first()
    if run is None:
        raise Http404
    report = run.report or {}
    lines = report.get("lines", [])
    context = {
        "run": run,
        "problem": problem,
        "failure": report.get("failure", ""),
        "counts": _counts(report),
        "outcomes": [str(outcome).capitalize() for outcome in Outcome],
        "sections": [section for remark in Remark if (section := _section(remark, lines))],
        "ignored": list(report.get("ignored", {}).items()),
        "entries": report.get("entries", 0),
        "has_files": run.parts.exists(),
        "can_undo": _can_undo(run),
    }
    return render(request, "patients/import_detail.html", context, status=409 if problem else 200)


def _counts(report: dict[str, Any]) -> list[tuple[str, list[tuple[str, int]]]]:
    """Return what became of each kind of record, in words."""
    counted = report.get("counts", {}).items()
    return [(_in_words(kind), [(str(o).capitalize(), numbers[str(o)]) for o in Outcome]) for kind, numbers in counted]


def _section(remark: Remark, lines: list[dict[str, Any]]) -> dict[str, Any] | None:
    found = [line for line in lines if line["remark"] == remark]
    if not found:
        return None
    return {"title": str(remark), "lines": found[:MOST_SHOWN], "left": max(0, len(found) - MOST_SHOWN)}


def _can_undo(run: ImportRun) -> bool:
    is_done = run.state == ImportState.DONE and not run.dry_run
    wrote = run.counts.get("created", 0) + run.counts.get("updated", 0) > 0
    return is_done and wrote and (run.undone_at is None or bool(run.undo_report.get("kept")))


def _in_words(kind: str) -> str:
    words = {
        "patient": "Patients",
        "allergy": "Allergies",
        "condition": "Conditions",
        "medicine": "Medicines",
        "procedure": "Procedures before",
        "none_known": "“No known allergies”",
        "order": "Surgical orders",
        "file": "Files",
        "entry": "Entries that are none",
    }
    return words.get(kind, kind)
