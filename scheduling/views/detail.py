"""One operation: all facts, and the commands that need no page of their own."""

from collections.abc import Callable
from functools import partial

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from accounts.permissions import actor_of, requires
from patients.documents.selectors import documents_of
from patients.permissions import MANAGE_CARE_TEAM
from scheduling import permissions
from scheduling.forms.commands import AssignForm, ReleaseForm
from scheduling.forms.consent import ConsentForm, WithdrawConsentForm
from scheduling.forms.consent import ReasonForm as ConsentReasonForm
from scheduling.forms.kit import KitForm
from scheduling.forms.placement import CommandForm
from scheduling.forms.waiting import PauseForm, ReadinessForm, ResumeForm
from scheduling.models import Operation, Status
from scheduling.selectors.care_team import who_may_join
from scheduling.selectors.day_of_surgery import Failed, day_of_surgery
from scheduling.selectors.operation_page import operation_page
from scheduling.services import (
    NotPossibleError,
    accept_operation,
    assign_resource,
    confirm_operation,
    release_resource,
)
from scheduling.views.answers import Page, Refusal, refusal_of, run
from scheduling.views.consent_card import ConsentCard
from scheduling.views.fetching import get_operation
from scheduling.views.kit_card import KitCard


@requires(permissions.VIEW_OPERATION)
@require_safe
def operation_detail(request: HttpRequest, operation_id: int) -> HttpResponse:
    """Show everything that is known about an operation."""
    return detail_page(request, get_operation(operation_id, actor_of(request)))


@requires(permissions.BOOK)
@require_POST
def operation_accept(request: HttpRequest, operation_id: int) -> HttpResponse:
    """Take a requested operation onto the waiting list."""
    actor = actor_of(request)
    operation = get_operation(operation_id, actor)
    form = CommandForm(request.POST, operation=operation, actor=actor)
    page = partial(detail_page, request, operation)
    return run(request, form, lambda: accept_operation(actor=actor, **form.command), page=page)


@requires(permissions.CONFIRM)
@require_POST
def operation_confirm(request: HttpRequest, operation_id: int) -> HttpResponse:
    """State that everything the operation needs is there."""
    actor = actor_of(request)
    operation = get_operation(operation_id, actor)
    form = CommandForm(request.POST, operation=operation, actor=actor)
    page = partial(detail_page, request, operation, retry="operation-confirm")
    return run(
        request,
        form,
        lambda: confirm_operation(actor=actor, **form.command, override=form.override),
        page=page,
    )


@requires(permissions.ASSIGN)
@require_POST
def operation_assign(request: HttpRequest, operation_id: int) -> HttpResponse:
    """Add a person, an item or a bed to the team."""
    actor = actor_of(request)
    operation = get_operation(operation_id, actor)
    form = AssignForm(request.POST, operation=operation, actor=actor)
    page = partial(detail_page, request, operation, assign_form=form, retry="operation-assign")
    return run(
        request,
        form,
        lambda: assign_resource(
            actor=actor,
            **form.command,
            resource_id=form.cleaned_data["resource"].pk,
            role=form.cleaned_data["role"],
            override=form.override,
        ),
        page=page,
    )


@requires(permissions.ASSIGN)
@require_POST
def operation_release(request: HttpRequest, operation_id: int) -> HttpResponse:
    """Take a person, an item or a bed off the team."""
    actor = actor_of(request)
    operation = get_operation(operation_id, actor)
    form = ReleaseForm(request.POST, operation=operation, actor=actor)
    page = partial(detail_page, request, operation)
    return run(
        request,
        form,
        lambda: release_resource(actor=actor, **form.command, resource_id=form.cleaned_data["resource"]),
        page=page,
    )


class WaitingForms:
    """The forms of an operation that waits; the one that was refused keeps what was typed."""

    def __init__(
        self,
        operation: Operation,
        actor: User,
        *,
        readiness: ReadinessForm | None = None,
        pause: PauseForm | None = None,
        resume: ResumeForm | None = None,
    ) -> None:
        self.readiness = readiness or ReadinessForm(operation=operation, actor=actor)
        self.pause = pause or PauseForm(operation=operation, actor=actor, prefix="pause")
        self.resume = resume or ResumeForm(operation=operation, actor=actor, prefix="resume")

    @classmethod
    def of(cls, operation: Operation, actor: User) -> "WaitingForms | None":
        """Return them for whoever may book an operation that waits."""
        waits = operation.status in (Status.REQUESTED, Status.WAITING)
        return cls(operation, actor) if waits and actor.can(permissions.BOOK) else None


def open_form(
    request: HttpRequest, operation: Operation, page: Page, demand: Callable[[Operation], None]
) -> HttpResponse:
    """Draw a command's form, or, where the operation's status forbids it, the operation's page saying so (409)."""
    try:
        demand(operation)
    except NotPossibleError as error:
        response = detail_page(request, operation, refusal_of(error, actor_of(request)))
        response.status_code = 409
        return response
    return page()


def detail_page(
    request: HttpRequest,
    operation: Operation,
    refusal: Refusal | None = None,
    *,
    assign_form: AssignForm | None = None,
    retry: str = "",
    failed: Failed = None,
    waiting: WaitingForms | None = None,
    kit_form: KitForm | None = None,
    consent_form: ConsentForm | WithdrawConsentForm | ConsentReasonForm | None = None,
) -> HttpResponse:
    """Draw the page; ``retry`` names the command that a reason would let through, ``failed`` a refused recording.

    ``kit_form`` and ``consent_form`` are the ones about kit on loan and consent that were refused.
    """
    actor = actor_of(request)
    may_assign = operation.is_movable and actor.can(permissions.ASSIGN)
    may_manage = _may_manage_care_team(actor, operation)
    context = {
        "page": operation_page(operation, actor),
        "operation": operation,
        "consent": ConsentCard.of(operation, actor, consent_form),
        "documents": documents_of(operation.patient, actor),
        "kit": KitCard.of(operation, actor, kit_form),
        "waiting": waiting or WaitingForms.of(operation, actor),
        "day": day_of_surgery(operation, actor, failed) if operation.is_placed else None,
        "assign_form": (assign_form or AssignForm(operation=operation, actor=actor)) if may_assign else None,
        "refusal": refusal,
        "retry": f"scheduling:{retry}" if retry else "",
        "may_manage_care_team": may_manage,
        "who_may_join": who_may_join() if may_manage else (),
        "typed": list(request.POST.items()) if refusal else [],
    }
    return render(request, "scheduling/operation_detail.html", context)


def _may_manage_care_team(actor: User, operation: Operation) -> bool:
    """Say whether the page offers it: a surgeon's own patients differ from those seen."""
    if not actor.can(MANAGE_CARE_TEAM):
        return False
    return Operation.objects.filter(pk=operation.pk).visible_to(actor, MANAGE_CARE_TEAM).exists()
