"""Take an operation off the calendar, with a reason."""

from functools import partial

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from accounts.permissions import actor_of, requires
from scheduling import permissions
from scheduling.forms.commands import ReasonForm
from scheduling.models import CancellationReason, Operation, Status
from scheduling.services import cancel_operation, postpone_operation
from scheduling.services.status_rules import demand, demand_movable
from scheduling.views.answers import Refusal, run
from scheduling.views.detail import open_form
from scheduling.views.fetching import get_operation


@requires(permissions.POSTPONE)
@require_http_methods(["GET", "POST"])
def operation_postpone(request: HttpRequest, operation_id: int) -> HttpResponse:
    """Put an operation back on the waiting list."""
    actor = actor_of(request)
    operation = get_operation(operation_id, actor)
    applies_to = CancellationReason.AppliesTo.POSTPONE
    form = ReasonForm(request.POST or None, operation=operation, actor=actor, applies_to=applies_to)
    page = partial(_page, request, "operation_postpone", operation, form)
    if request.method == "GET":
        return open_form(request, operation, page, demand_movable)
    return run(request, form, lambda: postpone_operation(actor=actor, **form.why), page=page)


@requires(permissions.CANCEL)
@require_http_methods(["GET", "POST"])
def operation_cancel(request: HttpRequest, operation_id: int) -> HttpResponse:
    """Cancel an operation for good."""
    actor = actor_of(request)
    operation = get_operation(operation_id, actor)
    applies_to = CancellationReason.AppliesTo.CANCEL
    form = ReasonForm(request.POST or None, operation=operation, actor=actor, applies_to=applies_to)
    page = partial(_page, request, "operation_cancel", operation, form)
    if request.method == "GET":
        return open_form(request, operation, page, partial(demand, then=Status.CANCELLED))
    return run(request, form, lambda: cancel_operation(actor=actor, **form.why), page=page)


def _page(
    request: HttpRequest,
    name: str,
    operation: Operation,
    form: ReasonForm,
    refusal: Refusal | None = None,
) -> HttpResponse:
    context = {"operation": operation, "form": form, "refusal": refusal}
    return render(request, f"scheduling/{name}.html", context)
