"""Consent to an operation: recorded, withdrawn and taken back on the operation's page."""

from collections.abc import Callable

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from accounts.permissions import actor_of, requires
from accounts.uploads import takes_files
from patients.models.documents import LARGEST
from patients.permissions import CHANGE_RECORD
from scheduling.forms.consent import ConsentForm, ReasonForm, WithdrawConsentForm
from scheduling.models import Operation, OperationConsent
from scheduling.selectors.consent import consent_state
from scheduling.services import record_consent, take_back_consent, withdraw_consent
from scheduling.views.answers import FAILURES, Refusal, refusal_of
from scheduling.views.detail import detail_page
from scheduling.views.fetching import get_operation

AnyForm = ConsentForm | WithdrawConsentForm | ReasonForm


@takes_files(LARGEST)
@requires(CHANGE_RECORD)
@require_POST
def operation_consent(request: HttpRequest, operation_id: int) -> HttpResponse:
    """Record what the patient said, with the signed form."""
    actor = actor_of(request)
    operation = get_operation(operation_id, actor)
    form = ConsentForm(request.POST, request.FILES, operation=operation, actor=actor)
    return _run(
        request,
        operation,
        form,
        lambda: record_consent(actor=actor, operation_id=operation_id, consent=form.consent),
    )


@requires(CHANGE_RECORD)
@require_POST
def consent_withdraw(request: HttpRequest, operation_id: int) -> HttpResponse:
    """Record that the patient withdrew it."""
    actor = actor_of(request)
    operation = get_operation(operation_id, actor)
    form = WithdrawConsentForm(request.POST, prefix="withdraw")
    return _run(
        request,
        operation,
        form,
        lambda: withdraw_consent(actor=actor, operation_id=operation_id, **form.cleaned_data),
    )


@requires(CHANGE_RECORD)
@require_POST
def consent_take_back(request: HttpRequest, operation_id: int, consent_id: int) -> HttpResponse:
    """Say that an answer was entered in error."""
    actor = actor_of(request)
    operation = get_operation(operation_id, actor)
    if not operation.consents.filter(pk=consent_id).exists():
        raise Http404("This operation has no such consent.")
    form = ReasonForm(request.POST, prefix="take-back")
    return _run(
        request,
        operation,
        form,
        lambda: take_back_consent(actor=actor, consent_id=consent_id, **form.cleaned_data),
    )


def _run(
    request: HttpRequest, operation: Operation, form: AnyForm, command: Callable[[], OperationConsent]
) -> HttpResponse:
    """Run the command if the form is valid; refused, the operation's page says why and keeps what was typed."""
    refusal = None
    if form.is_valid():
        try:
            command()
        except FAILURES as error:
            refusal = refusal_of(error, actor_of(request))
            for name, texts in refusal.errors.items():
                form.add_error(name if name in form.fields else None, texts)
        except ValidationError as error:  # of a file
            _note(form, error)
        else:
            return _done(request, operation)
    if refusal is None:
        first = next(str(text) for texts in form.errors.values() for text in texts)
        refusal = Refusal(status=422, kind="invalid", message=first)
    response = detail_page(request, operation, refusal, consent_form=form)
    response.status_code = refusal.status
    return response


def _note(form: AnyForm, error: ValidationError) -> None:
    if isinstance(form, ConsentForm):
        form.note_errors(error)
    else:
        form.add_error(None, error)


def _done(request: HttpRequest, operation: Operation) -> HttpResponse:
    state = consent_state([operation])[operation.pk]
    answer = state.consent.get_answer_display().lower() if state.consent else "nothing on record"
    messages.success(request, f"Consent: {answer}.")
    return redirect(f"{reverse('scheduling:operation-detail', args=[operation.pk])}#consent")
