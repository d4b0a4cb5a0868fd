"""Kit on loan: on the page of its operation, and the list of all that is to come."""

from collections.abc import Callable
from functools import partial

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from accounts.permissions import actor_of, requires
from scheduling import permissions
from scheduling.forms.kit import KitFilterForm, KitForm, KitStateForm
from scheduling.models import LoanKit, Operation
from scheduling.selectors.kit import kit_lines, kit_list
from scheduling.services import add_kit, change_kit, set_kit_state
from scheduling.views.answers import FAILURES, Refusal, refusal_of
from scheduling.views.detail import detail_page
from scheduling.views.fetching import get_operation

PAGE_SIZE = 50
LIST = "list"
"""Where the tap came from; anything else is the operation's page."""


@requires(permissions.VIEW_OPERATION)
@require_safe
def kit_list_page(request: HttpRequest) -> HttpResponse:
    """Show which kit is to come, by the day on which it is needed."""
    form = KitFilterForm(request.GET)
    page = Paginator(kit_list(form.wanted, actor_of(request)), PAGE_SIZE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    context = {"form": form, "page": page, "lines": kit_lines(page), "query": query.urlencode()}
    return render(request, "scheduling/kit_list.html", context)


@requires(permissions.ASSIGN)
@require_POST
def kit_add(request: HttpRequest, operation_id: int) -> HttpResponse:
    """Note that something has to come from outside."""
    actor = actor_of(request)
    operation = get_operation(operation_id, actor)
    form = KitForm(request.POST)
    return _run(
        request,
        operation,
        form,
        lambda: add_kit(actor=actor, operation_id=operation_id, order=form.order),
        partial(detail_page, request, operation, kit_form=form),
    )


@requires(permissions.ASSIGN)
@require_POST
def kit_change(request: HttpRequest, operation_id: int, kit_id: int) -> HttpResponse:
    """Change what is to come, from whom or when."""
    actor = actor_of(request)
    operation = get_operation(operation_id, actor)
    kit = _kit(operation, kit_id)
    form = KitForm(request.POST, kit=kit)
    return _run(
        request,
        operation,
        form,
        lambda: change_kit(actor=actor, kit_id=kit_id, version=form.cleaned_data["version"], order=form.order),
        partial(detail_page, request, operation, kit_form=form),
    )


@requires(permissions.ASSIGN)
@require_POST
def kit_state(request: HttpRequest, operation_id: int, kit_id: int) -> HttpResponse:
    """Say how far it is, with one tap; whoever tapped on the list goes on there."""
    actor = actor_of(request)
    operation = get_operation(operation_id, actor)
    _kit(operation, kit_id)
    form = KitStateForm(request.POST)
    return _run(
        request,
        operation,
        form,
        lambda: set_kit_state(actor=actor, kit_id=kit_id, **form.cleaned_data),
        partial(detail_page, request, operation),
        back=f"{reverse('scheduling:kit-list')}?{request.GET.urlencode()}" if _from_list(request) else "",
    )


def _from_list(request: HttpRequest) -> bool:
    return request.POST.get("from") == LIST


def _kit(operation: Operation, kit_id: int) -> LoanKit:
    """Return the kit of this operation, which is the one that may be changed here."""
    kit = LoanKit.objects.filter(pk=kit_id, operation=operation).first()
    if kit is None:
        raise Http404("This operation has no such kit.")
    return kit


def _run(
    request: HttpRequest,
    operation: Operation,
    form: KitForm | KitStateForm,
    command: Callable[[], LoanKit],
    page: Callable[[Refusal], HttpResponse],
    *,
    back: str = "",
) -> HttpResponse:
    """Run the command if the form is valid; refused, the operation's page says why and keeps what was typed."""
    if not form.is_valid():
        first = next(str(text) for texts in form.errors.values() for text in texts)
        # A tap has no fields on the page beside which to say it.
        kind = "invalid" if isinstance(form, KitForm) else "refused"
        refusal = Refusal(status=422, kind=kind, message=first)
    else:
        try:
            kit = command()
        except FAILURES as error:
            refusal = refusal_of(error, actor_of(request))
            for name, texts in refusal.errors.items():
                form.add_error(name if name in form.fields else None, texts)
        else:
            messages.success(request, f"{kit}: {kit.get_state_display().lower()}.")
            return redirect(back or f"{reverse('scheduling:operation-detail', args=[operation.pk])}#kit")
    response = page(refusal)
    response.status_code = refusal.status
    return response
