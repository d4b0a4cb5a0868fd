"""Commands that move several operations at once, and undo."""

from functools import partial

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_http_methods, require_POST

from accounts.permissions import actor_of, requires
from scheduling import permissions
from scheduling.forms.commands import PushForm, SwapForm
from scheduling.forms.numbers import row_number
from scheduling.forms.placement import CommandForm
from scheduling.models import Operation, OperationChange
from scheduling.selectors.list_order import following, swappable
from scheduling.services import push_following, swap_operations, undo_change
from scheduling.services.status_rules import demand_movable
from scheduling.views.answers import Refusal, run
from scheduling.views.detail import open_form
from scheduling.views.fetching import get_operation


@requires(permissions.MOVE)
@require_http_methods(["GET", "POST"])
def operation_push(request: HttpRequest, operation_id: int) -> HttpResponse:
    """Move an operation and all after it in its theatre by some minutes."""
    actor = actor_of(request)
    operation = get_operation(operation_id, actor)
    listed = following(operation, actor)
    form = PushForm(request.POST or None, operation=operation, actor=actor, following=listed, initial=_push_by(request))
    page = partial(_page, request, "operation_push", operation, form, listed)
    if request.method == "GET":
        return open_form(request, operation, page, demand_movable)
    return run(request, form, lambda: push_following(actor=actor, **form.push), page=page)


def _push_by(request: HttpRequest) -> dict[str, int]:
    """Start from the minutes that a proposal names."""
    return {"minutes": row_number(request.GET.get("minutes", "")) or 15}


@requires(permissions.MOVE)
@require_http_methods(["GET", "POST"])
def operation_swap(request: HttpRequest) -> HttpResponse:
    """Let two operations of a day change places."""
    first = row_number(request.GET.get("first", "") or request.POST.get("first", ""))
    if first is None:
        raise Http404("No operation was named.")
    actor = actor_of(request)
    operation = get_operation(first, actor)
    others = swappable(operation, actor)
    form = SwapForm(request.POST or None, operation=operation, actor=actor, others=others)
    page = partial(_page, request, "operation_swap", operation, form, others)
    if request.method == "GET":
        return open_form(request, operation, page, demand_movable)

    def swap() -> tuple[Operation, Operation]:
        mine = (operation.pk, form.cleaned_data["version"])
        return swap_operations(actor=actor, first=mine, second=form.second, override=form.override)

    return run(request, form, swap, page=page)


@requires(permissions.VIEW_OPERATION)
@require_POST
def change_undo(request: HttpRequest, change_id: int) -> HttpResponse:
    """Undo a change; the service asks for the capability that the change itself took."""
    change = get_object_or_404(OperationChange.objects.select_related("operation"), pk=change_id)
    actor = actor_of(request)
    get_operation(change.operation_id, actor)  # not open: the answer says nothing of it
    data = {"version": change.version, "override_reason": request.POST.get("override_reason", "")}
    form = CommandForm(data, operation=change.operation, actor=actor)

    def undo() -> list[Operation]:
        done = undo_change(actor=actor, change_id=change_id, override=form.override)
        return [get_operation(item.operation_id, actor) for item in done]

    def page(refusal: Refusal | None = None) -> HttpResponse:
        context = {
            "operation": get_operation(change.operation_id, actor),
            "form": form,
            "refusal": refusal,
            "change": change,
        }
        return render(request, "scheduling/change_undo.html", context)

    return run(request, form, undo, page=page)


def _page(
    request: HttpRequest,
    name: str,
    operation: Operation,
    form: PushForm | SwapForm,
    operations: list[Operation],
    refusal: Refusal | None = None,
) -> HttpResponse:
    context = {"operation": operation, "form": form, "operations": operations, "refusal": refusal}
    return render(request, f"scheduling/{name}.html", context)
