"""What an absence or a closure has hit, and one decision for each or for all."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import User
from accounts.permissions import actor_of, requires
from patients.access import NotOnCareTeamError
from resources.models import TheatreSession
from scheduling import permissions
from scheduling.forms.numbers import row_number
from scheduling.selectors.affected import Affected, Repair, affected
from scheduling.selectors.credentials import ending_credentials, lapsed_leads
from scheduling.selectors.misplaced import misplaced
from scheduling.services import move_operation, substitute_resources
from scheduling.views.answers import FAILURES, refusal_of

Command = Callable[[User], None]
MOST = 100
"""So many decisions are taken from one page."""


@requires(permissions.ASSIGN)
@require_http_methods(["GET", "POST"])
def affected_page(request: HttpRequest) -> HttpResponse:
    """List the operations that hold what can't be used then; POST does the proposals that are ticked."""
    actor = actor_of(request)
    absence, session = (row_number(request.GET.get(name, "")) for name in ("absence", "session"))
    if request.method == "POST":
        _do(request, actor, request.POST.getlist("choice")[:MOST])
        return redirect(request.get_full_path())
    if session:
        shown, total = misplaced(actor, get_object_or_404(TheatreSession, pk=session))
        rows: list[Affected | Repair] = [*shown]
    else:
        found, total = affected(actor, absence_id=absence)
        lapsed, more = ([], 0) if absence else lapsed_leads(actor, without={one.operation.pk for one in found})
        rows, total = [*found, *lapsed], total + more
    context = {
        "affected": rows,
        "total": total,
        "absence": absence,
        "session": session,
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
    """Take the decisions on each operation as one command, and say what was done and what was not, and why."""
    commands, unread = _commands(choices)
    done = 0
    refused = ["A choice could not be read. Open the page again."] if unread else []
    for operation_id, command in commands:
        try:
            command(actor)
            done += 1
        except FAILURES as error:
            refused.append(f"Case {operation_id}: {refusal_of(error, actor).message}")
        except (PermissionDenied, NotOnCareTeamError):  # a role's limits too
            refused.append(f"Case {operation_id}: you may not do this.")
    if not choices:
        messages.warning(request, "Nothing was ticked, so nothing was changed.")
    if done:
        messages.success(request, f"{done} operation{'s' if done > 1 else ''} repaired.")
    for words in refused:
        messages.error(request, words)


def _commands(choices: list[str]) -> tuple[list[tuple[int, Command]], bool]:
    """Return what to do for which operation, all substitutes of one together, and whether any could not be read."""
    found: list[tuple[int, Command]] = []
    together: dict[tuple[int, int], dict[int, int]] = {}
    unread = False
    for choice in choices:
        verb, *parts = choice.split(":")
        numbers = [number for part in parts if (number := row_number(part)) is not None]
        if len(numbers) != len(parts) or len(parts) != len("1234") or verb not in ("substitute", "move"):
            unread = True
            continue
        operation_id, version, first, second = numbers
        if verb == "move":
            found.append((operation_id, partial(_move, operation_id, version, first, second)))
            continue
        if (operation_id, version) not in together:
            together[operation_id, version] = {}
            found.append((operation_id, partial(_substitute, operation_id, version, together[operation_id, version])))
        together[operation_id, version][first] = second
    return found, unread


def _move(operation_id: int, version: int, theatre_id: int, seconds: int, actor: User) -> None:
    start = datetime.fromtimestamp(min(seconds, 2**33), UTC)
    move_operation(actor=actor, operation_id=operation_id, version=version, theatre_id=theatre_id, start=start)


def _substitute(operation_id: int, version: int, substitutes: dict[int, int], actor: User) -> None:
    substitute_resources(actor=actor, operation_id=operation_id, version=version, substitutes=substitutes)
