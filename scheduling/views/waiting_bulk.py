"""The same change for many operations that wait, and its undo."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ObjectDoesNotExist
from django.db.models import F
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from accounts.models import User
from accounts.permissions import actor_of, requires
from scheduling import permissions
from scheduling.forms.numbers import row_number
from scheduling.forms.waiting_bulk import BulkForm, tidy_query
from scheduling.models import Operation
from scheduling.services import InvalidPlanError
from scheduling.services.bulk import MOST_ROWS, Bulk, change_many, changes_of, undo_bulk
from scheduling.views.waiting_views import list_address


@requires(permissions.BOOK)
@require_POST
def waiting_bulk(request: HttpRequest) -> HttpResponse:
    """Change the operations that are ticked."""
    actor = actor_of(request)
    form = BulkForm(request.POST)
    query = tidy_query(request.POST.get("query", ""))
    if form.is_valid():
        try:
            bulk = change_many(actor=actor, versions=form.cleaned_data["versions"], change=form.change)
        except InvalidPlanError as error:
            form.add_error(error.field if error.field in form.fields else None, str(error))
        else:
            if not bulk.refused:
                return list_address(query, changed=bulk.batch)
            return _result(request, bulk, query)
    ticked = [number for row in form.rows[:MOST_ROWS] if (number := row_number(row.partition(":")[0])) is not None]
    operations = _listed(actor, ticked)
    context = {"bulk_form": form, "operations": list(operations.values()), "query": query, "ticked": form.rows}
    return render(request, "scheduling/waiting_bulk.html", context, status=422)


@requires(permissions.BOOK)
@require_POST
def bulk_undo(request: HttpRequest, batch: UUID) -> HttpResponse:
    """Take back a bulk action."""
    query = tidy_query(request.POST.get("query", ""))
    try:
        bulk = undo_bulk(actor=actor_of(request), batch=batch)
    except ObjectDoesNotExist:
        raise Http404("There is nothing of yours to undo here. Go back to the waiting list.") from None
    if bulk.refused:
        return _result(request, bulk, query, undone=True)
    messages.success(request, f"Undone: {_count(len(bulk.done))} as before.")
    return list_address(query)


def bulk_context(actor: User, changed: str) -> dict[str, Any]:
    """Return what the list needs for bulk actions: the form for those who may, and what could be undone."""
    if not actor.can(permissions.BOOK):
        return {}
    context: dict[str, Any] = {"bulk_form": BulkForm()}
    try:
        batch = UUID(changed)
    except ValueError:
        return context
    standing = changes_of(actor, batch).filter(version=F("operation__version")).count()
    return {**context, "changed": batch if standing else None, "changed_words": _count(standing)}


def _count(number: int) -> str:
    return f"{number} operation{'' if number == 1 else 's'}"


def _listed(actor: User, numbers: list[int]) -> dict[int, Operation]:
    rows = Operation.objects.filter(pk__in=numbers).listed_to(actor).with_facts().order_by("pk")
    return {operation.pk: operation for operation in rows}


def _result(request: HttpRequest, bulk: Bulk, query: str, *, undone: bool = False) -> HttpResponse:
    """Say what was done and, row by row, what was not; 409 where nothing was."""
    known = _listed(actor_of(request), list(bulk.refused))
    refused = [(number, known.get(number), reason) for number, reason in sorted(bulk.refused.items())]
    context = {"bulk": bulk, "refused": refused, "query": query, "undone": undone, "words": _count(len(bulk.done))}
    return render(request, "scheduling/waiting_bulk_result.html", context, status=200 if bulk.done else 409)
