"""Change a patient's care team from the page of an operation."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from accounts.permissions import actor_of, requires
from patients import permissions
from scheduling.forms.numbers import row_number
from scheduling.services.care_team import add_to_care_team, remove_from_care_team
from scheduling.services.errors import InvalidPlanError
from scheduling.views.fetching import get_operation


@requires(permissions.MANAGE_CARE_TEAM)
@require_POST
def care_team_add(request: HttpRequest, operation_id: int) -> HttpResponse:
    """Let a colleague see this patient."""
    actor = actor_of(request)
    get_operation(operation_id, actor)
    user_id = row_number(request.POST.get("user", ""))
    try:
        add_to_care_team(actor=actor, operation_id=operation_id, user_id=user_id or 0)
    except InvalidPlanError as error:
        messages.error(request, str(error))
    return redirect("scheduling:operation-detail", operation_id)


@requires(permissions.MANAGE_CARE_TEAM)
@require_POST
def care_team_remove(request: HttpRequest, operation_id: int) -> HttpResponse:
    """Take a colleague off the care team."""
    actor = actor_of(request)
    get_operation(operation_id, actor)
    user_id = row_number(request.POST.get("user", ""))
    remove_from_care_team(actor=actor, operation_id=operation_id, user_id=user_id or 0)
    return redirect("scheduling:operation-detail", operation_id)
