"""Record what happens in theatre: with one tap, and with a way back."""

from collections.abc import Callable
from functools import partial

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from accounts.permissions import actor_of, requires
from scheduling import permissions
from scheduling.forms.recording import ChecklistForm, CorrectForm, DelayForm, RecordForm, TakeBackForm
from scheduling.models import ChecklistPart, EventKind, Operation, OperationEvent
from scheduling.selectors.consent import consent_state
from scheduling.services import correct_event, note_delay, record_event, take_back_delay, take_back_event
from scheduling.services.checklist import items_of
from scheduling.services.status_rules import demand_placed
from scheduling.views.answers import FAILURES, Page, Refusal, refusal_of
from scheduling.views.detail import detail_page, open_form
from scheduling.views.fetching import get_operation

AnyForm = RecordForm | CorrectForm | ChecklistForm | DelayForm


@requires(permissions.RECORD)
@require_POST
def operation_record(request: HttpRequest, operation_id: int) -> HttpResponse:
    """Record a milestone, now or at the time that was typed."""
    actor = actor_of(request)
    operation = get_operation(operation_id, actor)
    form = RecordForm(request.POST)
    page = partial(_detail, request, operation, form)

    def command() -> str:
        return _recorded(record_event(actor=actor, operation_id=operation_id, **form.event))

    return _run(request, operation, form, command, page)


@requires(permissions.RECORD)
@require_http_methods(["GET", "POST"])
def operation_checklist(request: HttpRequest, operation_id: int, part: str) -> HttpResponse:
    """Go through one part of the safety checklist."""
    if part not in ChecklistPart.values:
        raise Http404("There is no such part of the checklist.")
    actor = actor_of(request)
    operation = get_operation(operation_id, actor)
    form = ChecklistForm(request.POST if request.method == "POST" else None, items=items_of(part))
    page = partial(_checklist, request, operation, form, part)
    if request.method == "GET":
        return open_form(request, operation, page, demand_placed)

    def command() -> str:
        return _recorded(record_event(actor=actor, operation_id=operation_id, kind=part, **form.event))

    return _run(request, operation, form, command, page)


@requires(permissions.RECORD)
@require_POST
def event_correct(request: HttpRequest, operation_id: int, event_id: int) -> HttpResponse:
    """Give a milestone another time."""
    actor = actor_of(request)
    operation = get_operation(operation_id, actor)
    form = CorrectForm(request.POST, event=_event(operation, event_id))
    page = partial(_detail, request, operation, form)

    def command() -> str:
        return _recorded(correct_event(actor=actor, event_id=event_id, **form.correction))

    return _run(request, operation, form, command, page)


@requires(permissions.RECORD)
@require_POST
def event_take_back(request: HttpRequest, operation_id: int, event_id: int) -> HttpResponse:
    """Take a milestone back that was recorded by mistake."""
    actor = actor_of(request)
    operation = get_operation(operation_id, actor)
    form = TakeBackForm(request.POST, event=_event(operation, event_id))
    page = partial(_detail, request, operation, form)

    def command() -> str:
        event = take_back_event(actor=actor, event_id=event_id, reason=form.cleaned_data["reason"])
        return f"Taken back: {_words(event)}."

    return _run(request, operation, form, command, page)


@requires(permissions.RECORD)
@require_POST
def operation_delay(request: HttpRequest, operation_id: int) -> HttpResponse:
    """Note why the operation is late."""
    actor = actor_of(request)
    operation = get_operation(operation_id, actor)
    form = DelayForm(request.POST)
    page = partial(_detail, request, operation, form)

    def command() -> str:
        delay = note_delay(actor=actor, operation_id=operation_id, **form.delay)
        return f"Noted: {delay}."

    return _run(request, operation, form, command, page)


@requires(permissions.RECORD)
@require_POST
def delay_take_back(request: HttpRequest, operation_id: int, delay_id: int) -> HttpResponse:
    """Take back a delay that was noted by mistake."""
    actor = actor_of(request)
    operation = get_operation(operation_id, actor)
    if not operation.delays.filter(pk=delay_id).exists():
        raise Http404("This delay does not exist.")
    try:
        delay = take_back_delay(actor=actor, delay_id=delay_id)
    except FAILURES as error:
        refusal = refusal_of(error, actor)
        response = detail_page(request, operation, refusal)
        response.status_code = refusal.status
        return response
    messages.success(request, f"Taken back: {delay.minutes} minutes.")
    return _back(operation)


def _event(operation: Operation, event_id: int) -> OperationEvent:
    event = operation.events.filter(pk=event_id).first()
    if event is None:
        raise Http404("This milestone does not exist.")
    return event


def _words(event: OperationEvent) -> str:
    return f"{EventKind(event.kind).label} {timezone.localtime(event.at):%H:%M}"


def _recorded(event: OperationEvent) -> str:
    return f"{_words(event)} is recorded."


def _run(
    request: HttpRequest, operation: Operation, form: AnyForm, command: Callable[[], str], page: Page
) -> HttpResponse:
    """Do it and go back to the operation, or draw ``page`` again with what was typed and what is wrong."""
    if not form.is_valid():
        return _refused(operation, page, Refusal(status=422, kind="invalid", message=_first(form)))
    try:
        said = command()
    except FAILURES as error:
        refusal = refusal_of(error, actor_of(request))
        for name, texts in refusal.errors.items():
            field = {"at": "time"}.get(name, name)
            form.add_error(field if field in form.fields else None, texts)
        return _refused(operation, page, refusal)
    messages.success(request, said)
    return _back(operation)


def _first(form: AnyForm) -> str:
    return next(str(text) for texts in form.errors.values() for text in texts)


def _back(operation: Operation) -> HttpResponse:
    return redirect(reverse("scheduling:operation-detail", args=[operation.pk]) + "#day-of-surgery")


def _refused(operation: Operation, page: Page, refusal: Refusal) -> HttpResponse:
    operation.refresh_from_db(fields=["status", "version"])
    response = page(refusal)
    response.status_code = refusal.status
    return response


def _detail(
    request: HttpRequest,
    operation: Operation,
    form: RecordForm | CorrectForm | DelayForm,
    refusal: Refusal | None = None,
) -> HttpResponse:
    return detail_page(request, operation, refusal, failed=form)


def _checklist(
    request: HttpRequest, operation: Operation, form: ChecklistForm, part: str, refusal: Refusal | None = None
) -> HttpResponse:
    title, label = ChecklistPart(part).label, EventKind(part).label
    state = consent_state([operation])[operation.pk] if part == ChecklistPart.SIGN_IN else None
    context = {"operation": operation, "form": form, "title": title, "label": label, "refusal": refusal, "state": state}
    return render(request, "scheduling/operation_checklist.html", context)
