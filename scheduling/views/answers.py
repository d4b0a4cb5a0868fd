"""How a command answers: by a page, or in JSON to the timeline's script. Domain errors become words here.

200 done; 409 refused by conflicts, by somebody faster, or by the operation's status; 422 a field is
wrong; 403 not allowed. A refused page keeps what was typed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils import timezone

from accounts.models import User
from accounts.permissions import NotAllowedError, actor_of
from patients.access import NotOnCareTeamError
from scheduling import permissions
from scheduling.conflicts import Conflict, SchedulingConflictError
from scheduling.models import Operation, OperationChange
from scheduling.period import Period
from scheduling.selectors.masking import masked_for
from scheduling.services import InvalidPlanError, SchedulingError, StaleVersionError
from scheduling.slots import Slot

FAILURES = (SchedulingError, SchedulingConflictError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a command was not done; ``overridable`` is said only to those who may override."""

    status: int
    kind: str
    message: str
    conflicts: Sequence[Conflict] = ()
    overridable: bool = False
    slots: Sequence[Slot] = ()
    errors: dict[str, list[str]] = field(default_factory=dict)


class Page(Protocol):
    """Draws the page of a command again, with the refusal if there was one."""

    def __call__(self, refusal: Refusal | None = None) -> HttpResponse:
        """Return the page."""
        ...


def wants_json(request: HttpRequest) -> bool:
    """Say whether the timeline's script asked, rather than a page."""
    return request.get_preferred_type(["text/html", "application/json"]) == "application/json"


def run(
    request: HttpRequest,
    form: forms.Form,
    command: Callable[[], Operation | Sequence[Operation]],
    *,
    page: Page,
    slots: Callable[[], Sequence[Slot]] | None = None,
) -> HttpResponse:
    """Run ``command`` if the form is valid, and answer. ``slots`` finds what to offer instead."""
    if not form.is_valid():
        errors = {name: [str(text) for text in texts] for name, texts in form.errors.items()}
        return _refused(request, page, Refusal(status=422, kind="invalid", message=_first(errors), errors=errors))
    try:
        changed = command()
    except FAILURES as error:
        refusal = refusal_of(error, actor_of(request), slots)
        for name, texts in refusal.errors.items():
            form.add_error(name if name in form.fields else None, texts)
        return _refused(request, page, refusal)
    except (NotAllowedError, NotOnCareTeamError) as error:
        if not wants_json(request):
            raise
        return JsonResponse({"ok": False, "kind": "forbidden", "message": str(error)}, status=403)
    return done(request, changed)


def _first(errors: dict[str, list[str]]) -> str:
    return next((text for texts in errors.values() for text in texts), "Check the fields.")


def refusal_of(error: Exception, actor: User, slots: Callable[[], Sequence[Slot]] | None = None) -> Refusal:
    """Return a domain error as a refusal."""
    message = str(error)
    if isinstance(error, SchedulingConflictError):
        conflicts = masked_for(actor, error.conflicts)
        return Refusal(
            status=409,
            kind="conflict",
            message=" ".join(conflict.message for conflict in conflicts),
            conflicts=conflicts,
            overridable=error.overridable and actor.can(permissions.OVERRIDE),
            slots=slots() if slots else (),
        )
    if isinstance(error, InvalidPlanError):
        return Refusal(status=422, kind="invalid", message=message, errors={error.field: [message]})
    kind = "stale" if isinstance(error, StaleVersionError) else "refused"
    return Refusal(status=409, kind=kind, message=message)


def _refused(request: HttpRequest, page: Page, refusal: Refusal) -> HttpResponse:
    if wants_json(request):
        return JsonResponse(as_json(refusal), status=refusal.status)
    response = page(refusal)
    response.status_code = refusal.status
    return response


def as_json(refusal: Refusal) -> dict[str, Any]:
    """Return a refusal in the words of the timeline's contract."""
    return {
        "ok": False,
        "kind": refusal.kind,
        "message": refusal.message,
        "conflicts": [conflict.as_dict() for conflict in refusal.conflicts],
        "overridable": refusal.overridable,
        "slots": [slot_as_json(slot) for slot in refusal.slots],
        "errors": refusal.errors,
    }


def slot_as_json(slot: Slot) -> dict[str, Any]:
    """Return a free slot with its label; the instants carry their zone."""
    return {
        "theatre": slot.theatre_id,
        "theatre_name": slot.theatre_name,
        "start": timezone.localtime(slot.period.start).isoformat(),
        "end": timezone.localtime(slot.period.end).isoformat(),
        "label": slot_label(slot),
    }


def slot_label(slot: Slot) -> str:
    """Return ``Theatre 3, Mon 23 Nov 2026 14:05–15:20``."""
    return f"{slot.theatre_name}, {timezone.localtime(slot.period.start):%a %d %b %Y} {slot.period}"


def done(request: HttpRequest, changed: Operation | Sequence[Operation]) -> HttpResponse:
    """Say what was done and, to a page, go to the (first) operation."""
    operations = [changed] if isinstance(changed, Operation) else list(changed)
    first = operations[0]
    message = describe(operations)
    if wants_json(request):
        change = OperationChange.objects.get(operation=first, version=first.version)
        answer = {"ok": True, "change": change.pk, "operation": first.pk, "version": first.version}
        return JsonResponse({**answer, "message": message})
    messages.success(request, message)
    return redirect("scheduling:operation-detail", first.pk)


def describe(operations: Sequence[Operation]) -> str:
    """Say where the operations are now, for the person who just changed them."""
    first = operations[0]
    more = f" and {len(operations) - 1} more" if len(operations) > 1 else ""
    name = f"{first.patient.display_name}{more}"
    if first.theatre is None or first.period is None:
        return f"{name}: {first.get_status_display().lower()}."
    period = Period.of(first.period)
    return f"{name}: {first.theatre}, {timezone.localtime(period.start):%a %d %b %Y} {period}."
