"""What an absence or a closure has hit, and one decision for each or for all."""

from datetime import UTC, datetime

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import User
from accounts.permissions import actor_of, requires
from patients.access import NotOnCareTeamError
from scheduling import permissions
from scheduling.forms.numbers import row_number
from scheduling.selectors.affected import affected
from scheduling.selectors.credentials import ending_credentials, lapsed_leads
from scheduling.services import move_operation, substitute_resource
from scheduling.views.answers import FAILURES, refusal_of

MOST = 100
"""So many decisions are taken from one page."""


@requires(permissions.ASSIGN)
@require_http_methods(["GET", "POST"])
def affected_page(request: HttpRequest) -> HttpResponse:
    """List the operations that hold what can't be used then; POST does the proposals that are ticked."""
    actor = actor_of(request)
    absence = row_number(request.GET.get("absence", ""))
    if request.method == "POST":
        _do(request, actor, request.POST.getlist("choice")[:MOST])
        return redirect(reverse("scheduling:affected") + (f"?absence={absence}" if absence else ""))
    found, total = affected(actor, absence_id=absence)
    lapsed, more = ([], 0) if absence else lapsed_leads(actor, without={one.operation.pk for one in found})
    context = {
        "affected": [*found, *lapsed],
        "total": total + more,
        "absence": absence,
        "may_move": actor.can(permissions.MOVE),
    }
    return render(request, "scheduling/affected.html", context)


@requires(permissions.ASSIGN)
@require_safe
def credentials_page(request: HttpRequest) -> HttpResponse:
    """List the credentials that end soon, with the operations booked after their last day."""
    context = {"endings": ending_credentials(actor_of(request))}
    return render(request, "scheduling/credentials.html", context)


def _do(request: HttpRequest, actor: User, choices: list[str]) -> None:
    """Take each decision as a command of its own, and say what was done and what was not, and why."""
    done, refused = 0, []
    for choice in choices:
        verb, *parts = choice.split(":")
        numbers = [number for part in parts if (number := row_number(part)) is not None]
        if len(numbers) != len(parts) or len(parts) != len("1234") or verb not in ("substitute", "move"):
            refused.append("A choice could not be read. Open the page again.")
            continue
        try:
            _take(actor, verb, numbers)
            done += 1
        except FAILURES as error:
            refused.append(f"Case {numbers[0]}: {refusal_of(error, actor).message}")
        except (PermissionDenied, NotOnCareTeamError):  # a role's limits too
            refused.append(f"Case {numbers[0]}: you may not do this.")
    if not choices:
        messages.warning(request, "Nothing was ticked, so nothing was changed.")
    if done:
        messages.success(request, f"{done} operation{'s' if done > 1 else ''} repaired.")
    for words in refused:
        messages.error(request, words)


def _take(actor: User, verb: str, numbers: list[int]) -> None:
    operation_id, version, first, second = numbers
    if verb == "substitute":
        substitute_resource(actor=actor, operation_id=operation_id, version=version, resource_id=first, by_id=second)
        return
    start = datetime.fromtimestamp(min(second, 2**33), UTC)
    move_operation(actor=actor, operation_id=operation_id, version=version, theatre_id=first, start=start)
