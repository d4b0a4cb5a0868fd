"""The cards of the record: shown, filled in on the spot, taken back; and every value that there was."""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.audit.models import AccessKind
from accounts.audit.recording import note
from accounts.permissions import actor_of, requires
from patients import access, permissions
from patients.access import NotOnCareTeamError
from patients.models import Patient
from patients.record.allergies import state_none_known
from patients.record.cards import Card, Filling, card_of
from patients.record.details import change_details
from patients.record.entries import add_entry, change_entry, put_back_entry, take_back_entry
from patients.record.errors import RecordError, StaleError
from patients.record.forms import PartForm
from patients.record.history import lines_of, merged
from patients.record.parts import DETAIL_PARTS, ENTRY_PARTS, PARTS, DetailPart, EntryPart, Part
from patients.record.texts import Texts, as_texts, packed, unpacked
from patients.rights.restricting import demand_unrestricted

PAGE_SIZE = 50
CHANGED = "record-changed"
"""What the browser hears when a card was saved, so that the banner and what is missing follow."""


def fetch_patient(patient_id: int, request: HttpRequest) -> Patient:
    """Return the patient if the record is open to who asks; 404 for none."""
    patient = Patient.objects.visible_to(actor_of(request)).filter(pk=patient_id).first()
    if patient is not None:
        note(patient.pk, AccessKind.VIEW)  # a card alone has no banner that would
        return patient
    if Patient.objects.filter(pk=patient_id).exists():
        raise NotOnCareTeamError(patient_id)
    raise Http404("This patient does not exist.")


@requires(permissions.VIEW)
@require_safe
def record_card(request: HttpRequest, patient_id: int, card: str) -> HttpResponse:
    """Show one card, a long one whole if asked; without a script the patient's page, where the card is."""
    patient = fetch_patient(patient_id, request)
    found = PARTS.get(card)
    if found is None:
        raise Http404("There is no such part of a record.")
    whole = "all" in request.GET
    if not (whole or _is_script(request)):
        return redirect(_back(patient, found))
    return _draw(request, card_of(found, patient, actor_of(request), whole=whole))


@requires(permissions.CHANGE_RECORD)
@require_http_methods(["GET", "POST"])
def chart_add(request: HttpRequest, patient_id: int, chart: str) -> HttpResponse:
    """Add an entry about the patient's health."""
    return _add(request, patient_id, _entry_part(chart, permissions.CHANGE_RECORD))


@requires(permissions.CHANGE_RECORD)
@require_http_methods(["GET", "POST"])
def chart_change(request: HttpRequest, patient_id: int, chart: str, entry_id: int) -> HttpResponse:
    """Change one."""
    return _change(request, patient_id, _entry_part(chart, permissions.CHANGE_RECORD), entry_id)


@requires(permissions.CHANGE_RECORD)
@require_POST
def chart_take_back(request: HttpRequest, patient_id: int, chart: str, entry_id: int) -> HttpResponse:
    """Say that one was made in error."""
    return _take_back(request, patient_id, _entry_part(chart, permissions.CHANGE_RECORD), entry_id)


@requires(permissions.CHANGE_RECORD)
@require_POST
def chart_put_back(request: HttpRequest, patient_id: int, chart: str, entry_id: int) -> HttpResponse:
    """Take that back."""
    found = _entry_part(chart, permissions.CHANGE_RECORD)
    actor = actor_of(request)
    return _do(
        request,
        patient_id,
        found,
        lambda: put_back_entry(actor=actor, patient_id=patient_id, part=found, entry_id=entry_id),
        "It counts again.",
    )


@requires(permissions.CHANGE_RECORD)
@require_POST
def none_known(request: HttpRequest, patient_id: int) -> HttpResponse:
    """Record that the patient was asked and knows of no allergy."""
    actor = actor_of(request)
    part = ENTRY_PARTS["allergies"]
    state = "Recorded: no known allergies."
    return _do(request, patient_id, part, lambda: state_none_known(actor=actor, patient_id=patient_id), state)


@requires(permissions.CHANGE)
@require_http_methods(["GET", "POST"])
def person_add(request: HttpRequest, patient_id: int, person: str) -> HttpResponse:
    """Add somebody to call, a further name or number."""
    return _add(request, patient_id, _entry_part(person, permissions.CHANGE))


@requires(permissions.CHANGE)
@require_http_methods(["GET", "POST"])
def person_change(request: HttpRequest, patient_id: int, person: str, detail_id: int) -> HttpResponse:
    """Change one of these."""
    return _change(request, patient_id, _entry_part(person, permissions.CHANGE), detail_id)


@requires(permissions.CHANGE)
@require_POST
def person_take_back(request: HttpRequest, patient_id: int, person: str, detail_id: int) -> HttpResponse:
    """Remove one; the history keeps it."""
    return _take_back(request, patient_id, _entry_part(person, permissions.CHANGE), detail_id)


@requires(permissions.CHANGE)
@require_http_methods(["GET", "POST"])
def details_change(request: HttpRequest, patient_id: int, details: str) -> HttpResponse:
    """Change who the patient is, how to reach them, or their general practitioner."""
    patient = fetch_patient(patient_id, request)
    found = DETAIL_PARTS.get(details)
    if found is None:
        raise Http404("There is no such part of a record.")
    actor = actor_of(request)
    form = found.form(request.POST or None, instance=patient, initial=_initial(found, patient))
    if request.method == "GET":
        return _open(request, patient, found, form, found.texts(patient))
    return _save(
        request,
        patient,
        found,
        form,
        lambda shown: change_details(
            actor=actor, patient_id=patient.pk, part=found, shown=shown, values=form.cleaned_data
        ),
    )


@requires(permissions.VIEW)
@require_safe
def record_history(request: HttpRequest, patient_id: int) -> HttpResponse:
    """Show every change, or those of one part or of one entry."""
    patient = fetch_patient(patient_id, request)
    changes = patient.record_changes.select_related("actor")
    only = PARTS.get(request.GET.get("part", ""))
    entry = request.GET.get("entry", "")
    if only:
        changes = changes.filter(part=only.slug)
        if entry.isdecimal() and len(entry) < LONGEST_NUMBER:
            changes = changes.filter(entry=int(entry))
    page = Paginator(changes, PAGE_SIZE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "patient": patient,
        "page": page,
        "lines": lines_of(list(page)),
        "only": only,
        "query": query.urlencode(),
    }
    return render(request, "patients/record/history.html", context | {"parts": PARTS.values()})


LONGEST_NUMBER = 19
"""Digits of which every number fits into the database."""


def _entry_part(slug: str, capability: str) -> EntryPart:
    part = ENTRY_PARTS.get(slug)
    if part is None or part.capability != capability:
        raise Http404("There is no such part of a record.")
    return part


def _initial(part: DetailPart, patient: Patient) -> dict[str, Any]:
    return {
        name: value if value is None or isinstance(value, str) else str(value).lower()
        for name, value in part.beside(patient).items()
    }


def _add(request: HttpRequest, patient_id: int, part: EntryPart) -> HttpResponse:
    patient = fetch_patient(patient_id, request)
    actor = actor_of(request)
    form = part.form(request.POST or None)
    if request.method == "GET":
        return _open(request, patient, part, form, {})
    return _save(
        request,
        patient,
        part,
        form,
        lambda _: add_entry(actor=actor, patient_id=patient.pk, part=part, values=form.cleaned_data),
    )


def _change(request: HttpRequest, patient_id: int, part: EntryPart, entry_id: int) -> HttpResponse:
    patient = fetch_patient(patient_id, request)
    actor = actor_of(request)
    row = part.rows(patient).filter(pk=entry_id).first()
    if row is None:
        raise Http404("There is no such entry any more.")
    form = part.form(request.POST or None, instance=row)
    if request.method == "GET":
        return _open(request, patient, part, form, part.texts(row), row)
    return _save(
        request,
        patient,
        part,
        form,
        lambda shown: change_entry(
            actor=actor, patient_id=patient.pk, part=part, entry_id=entry_id, shown=shown, values=form.cleaned_data
        ),
        row,
    )


def _take_back(request: HttpRequest, patient_id: int, part: EntryPart, entry_id: int) -> HttpResponse:
    actor = actor_of(request)
    return _do(
        request,
        patient_id,
        part,
        lambda: take_back_entry(actor=actor, patient_id=patient_id, part=part, entry_id=entry_id),
        "Marked as entered in error." if part.keeps else "Removed. The history keeps it.",
    )


def _save(
    request: HttpRequest,
    patient: Patient,
    part: Part,
    form: PartForm,
    save: Callable[[Texts], object],
    row: Any = None,
) -> HttpResponse:
    """Save what was filled in; refused, the card shows the form with what was typed."""
    shown = unpacked(request.POST.get("shown", "")) or {}
    filling = Filling(form=form, shown=packed(shown), entry=row)
    status = 422
    if form.is_valid():
        try:
            save(shown)
        except ValidationError as error:
            _tell(form, error)
        except StaleError as error:
            filling = _merge(part, form, error, row)
            status = 409
        except RecordError as error:
            filling.refused, status = str(error), 409
        else:
            return _saved(request, patient, part, "Saved.")
    return _draw(request, card_of(part, patient, actor_of(request), filling=filling), status=status)


def _merge(part: Part, form: PartForm, error: StaleError, row: Any) -> Filling:
    mine = as_texts(form.cleaned_data)
    taken, theirs = merged(part, shown=error.shown, now=error.now, mine=mine)
    again = part.form(taken, instance=row if row is not None else form.instance)
    return Filling(form=again, shown=packed(error.now), entry=row, theirs=theirs, refused=str(error))


def _tell(form: PartForm, error: ValidationError) -> None:
    """Say what is wrong beside the field where there is one."""
    if not hasattr(error, "error_dict"):
        form.add_error(None, error)
        return
    for name, errors in error.error_dict.items():
        form.add_error(name if name in form.fields else None, errors)


def _do(request: HttpRequest, patient_id: int, part: Part, work: Callable[[], object], said: str) -> HttpResponse:
    """Do what takes one button."""
    patient = fetch_patient(patient_id, request)
    try:
        work()
    except (RecordError, ValidationError) as error:
        words = " ".join(error.messages) if isinstance(error, ValidationError) else str(error)
        return _draw(request, card_of(part, patient, actor_of(request), refused=words), status=409)
    except ObjectDoesNotExist as error:
        raise Http404("This patient does not exist.") from error
    return _saved(request, patient, part, said)


def _open(
    request: HttpRequest, patient: Patient, part: Part, form: PartForm, shown: Texts, row: Any = None
) -> HttpResponse:
    demand_unrestricted(actor_of(request), {patient.pk}, access.treating(actor_of(request)))
    filling = Filling(form=form, shown=packed(shown), entry=row)
    return _draw(request, card_of(part, patient, actor_of(request), filling=filling))


def _saved(request: HttpRequest, patient: Patient, part: Part, said: str) -> HttpResponse:
    if not _is_script(request):
        return redirect(_back(patient, part))
    fresh = fetch_patient(patient.pk, request)
    response = _draw(request, card_of(part, fresh, actor_of(request), saved=said))
    response.headers["HX-Trigger-After-Settle"] = CHANGED
    return response


def _back(patient: Patient, part: Part) -> str:
    return f"{reverse('scheduling:patient', args=[patient.pk])}#{part.slug}"


def _draw(request: HttpRequest, card: Card, *, status: int = 200) -> HttpResponse:
    """Draw the card alone for the script, or on a page of its own."""
    name = "_card" if _is_script(request) else "card"
    if card.filling and not card.filling.refused:
        _focus(card.filling.form)
    context = {"card": card, "patient": card.patient}
    return render(request, f"patients/record/{name}.html", context, status=status)


def _focus(form: PartForm) -> None:
    """Let whoever types go on at the first field, or at the first that is wrong."""
    names = [name for name in form.fields if name in form.errors] or list(form.fields)
    form.fields[names[0]].widget.attrs["autofocus"] = True


def _is_script(request: HttpRequest) -> bool:
    return bool(request.headers.get("HX-Request"))
