"""Book and move: by the form, and by the timeline's script through the same address."""

from datetime import date, time
from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.dateparse import parse_time
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import actor_of, requires
from scheduling import permissions
from scheduling.converters import parse_day
from scheduling.forms.numbers import row_number
from scheduling.forms.placement import BookingForm, PlacementForm, SlotWishForm
from scheduling.models import Operation, Status
from scheduling.selectors.masking import masked_for
from scheduling.selectors.preview import assume, nearest_slots, offered_slots, preview_conflicts
from scheduling.services import InvalidPlanError, book_operation, move_operation
from scheduling.services.status_rules import demand, demand_movable
from scheduling.slots import Slot
from scheduling.views.answers import Refusal, run, slot_label
from scheduling.views.detail import open_form
from scheduling.views.fetching import get_operation


@requires(permissions.BOOK)
@require_http_methods(["GET", "POST"])
def operation_book(request: HttpRequest, operation_id: int) -> HttpResponse:
    """Give a waiting operation a place."""
    actor = actor_of(request)
    operation = get_operation(operation_id, actor)
    form = BookingForm(request.POST or None, operation=operation, actor=actor, initial=_initial(request, operation))
    page = partial(_page, request, "operation_book", operation, form)
    if request.method == "GET":
        return open_form(request, operation, page, partial(demand, then=Status.SCHEDULED))
    return run(
        request,
        form,
        lambda: book_operation(actor=actor, **form.placement, members=form.members),
        page=page,
        slots=lambda: nearest_slots(operation, form.placement),
    )


@requires(permissions.MOVE)
@require_http_methods(["GET", "POST"])
def operation_move(request: HttpRequest, operation_id: int) -> HttpResponse:
    """Give a booked operation another place; the team follows."""
    actor = actor_of(request)
    operation = get_operation(operation_id, actor)
    form = PlacementForm(request.POST or None, operation=operation, actor=actor, initial=_initial(request, operation))
    page = partial(_page, request, "operation_move", operation, form)
    if request.method == "GET":
        return open_form(request, operation, page, demand_movable)
    return run(
        request,
        form,
        lambda: move_operation(actor=actor, **form.placement),
        page=page,
        slots=lambda: nearest_slots(operation, form.placement),
    )


@requires(permissions.VIEW_OPERATION)
@require_safe
def operation_slots(request: HttpRequest, operation_id: int) -> HttpResponse:
    """Return the earliest and the best-fitting free slots from a day on, as a fragment.

    ``surgeon`` and ``minutes`` in the address are what the form says at the moment.
    """
    operation = get_operation(operation_id, actor_of(request))
    day = _day_of(request)
    wish = SlotWishForm(request.GET)
    if wish.is_valid():
        assume(operation, minutes=wish.cleaned_data["minutes"], lead_surgeon_id=wish.lead_surgeon_id)
    context = {"offers": _offers(operation, day), "day": day, "choosing": "choosing" in request.GET}
    return render(request, "scheduling/_slots.html", context)


@requires(permissions.VIEW_OPERATION)
@require_POST
def operation_preview(request: HttpRequest, operation_id: int) -> HttpResponse:
    """Return what speaks against the place in the form, as a fragment; nothing is written."""
    actor = actor_of(request)
    operation = get_operation(operation_id, actor)
    kind = PlacementForm if operation.is_placed else BookingForm
    form = kind(request.POST, operation=operation, actor=actor)
    if not form.is_valid():
        return render(request, "scheduling/_preview.html", {"incomplete": True})
    members = form.members if isinstance(form, BookingForm) else None
    try:
        conflicts = preview_conflicts(operation, form.placement, members)
    except InvalidPlanError as error:
        return render(request, "scheduling/_preview.html", {"problem": str(error)})
    return render(request, "scheduling/_preview.html", {"conflicts": masked_for(actor, conflicts)})


def _page(
    request: HttpRequest, name: str, operation: Operation, form: PlacementForm, refusal: Refusal | None = None
) -> HttpResponse:
    slots = refusal.slots if refusal else ()
    context = {
        "operation": operation,
        "form": form,
        "refusal": refusal,
        "nearest": [(slot, slot_label(slot)) for slot in slots],
        "offers": _offers(operation, _day_of(request)) if not slots else None,
        "day": _day_of(request),
    }
    return render(request, f"scheduling/{name}.html", context)


def _initial(request: HttpRequest, operation: Operation) -> dict[str, Any]:
    """Start the form from the place that a proposal names, from where the operation is, or from the day looked at."""
    start = timezone.localtime(operation.starts_at) if operation.starts_at else None
    proposed = _time_of(request)
    return {
        "theatre": (proposed and request.GET.get("theatre")) or operation.theatre_id or request.GET.get("theatre"),
        "day": start.date() if start and not proposed else _day_of(request),
        "time": proposed or (start.time() if start else None),
        "minutes": operation.in_room_minutes,
        "surgeon": operation.lead_surgeon_id,
    }


def _time_of(request: HttpRequest) -> time | None:
    """Return the time of a proposed place; none where the address names no theatre or no time."""
    try:
        return parse_time(request.GET.get("time", "")) if row_number(request.GET.get("theatre", "")) else None
    except ValueError:
        return None


def _day_of(request: HttpRequest) -> date:
    """Return the day asked for in the address; today if none or one that is no date."""
    day = parse_day(request.GET.get("day", ""))
    return max(day, timezone.localdate()) if day else timezone.localdate()


def _offers(operation: Operation, day: date) -> dict[str, list[tuple[Slot, str]]]:
    """Return free slots from ``day`` on, each with its label."""
    earliest, fitting = offered_slots(operation, day)
    return {
        "earliest": [(slot, slot_label(slot)) for slot in earliest],
        "fitting": [(slot, slot_label(slot)) for slot in fitting],
    }
