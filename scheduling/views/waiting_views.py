"""Views of the waiting list that people keep: open, save, rename, share, delete."""

from django.contrib import messages
from django.core.exceptions import ObjectDoesNotExist
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from accounts.permissions import actor_of, requires
from scheduling import permissions
from scheduling.forms.waiting_bulk import ViewForm, tidy_query
from scheduling.models import WaitingView
from scheduling.selectors.waiting_views import may_open
from scheduling.services import InvalidPlanError
from scheduling.services.waiting_views import change_view, delete_view, own_view, save_view


def list_address(query: str, **more: object) -> HttpResponseRedirect:
    """Go to the list with its filters and order, which is all of its state."""
    said = "&".join([*([query] if query else []), *(f"{name}={value}" for name, value in more.items())])
    return redirect(f"{reverse('scheduling:waiting-list')}{f'?{said}' if said else ''}")


@requires(permissions.VIEW_OPERATION)
@require_safe
def view_open(request: HttpRequest, view_id: int) -> HttpResponse:
    """Show the list as a view keeps it."""
    view = WaitingView.objects.filter(may_open(actor_of(request)), pk=view_id).first()
    if view is None:
        messages.warning(request, "This view was deleted, or is not shared any more. Here is the whole list.")
        return list_address("")
    return list_address(view.query, view=view.pk)


@requires(permissions.VIEW_OPERATION)
@require_http_methods(["GET", "POST"])
def view_save(request: HttpRequest) -> HttpResponse:
    """Keep the filters of the list under a name."""
    actor = actor_of(request)
    asked = request.POST.get("query", "") if request.method == "POST" else request.META.get("QUERY_STRING", "")
    query = tidy_query(asked)
    form = ViewForm(request.POST if request.method == "POST" else None, may_share=actor.can(permissions.SHARE_VIEW))
    if request.method == "POST" and form.is_valid():
        try:
            view = save_view(actor=actor, query=query, **form.given)
        except InvalidPlanError as error:
            form.add_error("name", str(error))
        else:
            messages.success(request, f"Kept as “{view}”.")
            return list_address(view.query, view=view.pk)
    context = {"form": form, "query": query}
    return render(request, "scheduling/waiting_view.html", context, status=422 if form.errors else 200)


@requires(permissions.VIEW_OPERATION)
@require_http_methods(["GET", "POST"])
def view_change(request: HttpRequest, view_id: int) -> HttpResponse:
    """Give an own view another name, or share it; from here it can be deleted."""
    actor = actor_of(request)
    view = _own(actor, view_id)
    form = ViewForm(
        request.POST if request.method == "POST" else None, view=view, may_share=actor.can(permissions.SHARE_VIEW)
    )
    if request.method == "POST" and form.is_valid():
        try:
            changed = change_view(actor=actor, view_id=view_id, **form.given)
        except InvalidPlanError as error:
            form.add_error("name", str(error))
        else:
            messages.success(request, f"“{changed}” is changed.")
            return list_address(changed.query, view=changed.pk)
    context = {"form": form, "view": view, "query": view.query}
    return render(request, "scheduling/waiting_view.html", context, status=422 if form.errors else 200)


@requires(permissions.VIEW_OPERATION)
@require_POST
def view_delete(request: HttpRequest, view_id: int) -> HttpResponse:
    """Delete an own view, and offer to keep it again: its filters stay in the address."""
    actor = actor_of(request)
    try:
        view = delete_view(actor=actor, view_id=view_id)
    except ObjectDoesNotExist:
        raise Http404(GONE) from None
    request.session[DELETED] = {"name": view.name, "query": view.query, "shared": view.shared}
    return list_address(view.query)


GONE = "This view is not there any more. Go back to the waiting list."
DELETED = "deleted_waiting_view"
"""Where the session keeps the view that was just deleted, for one page."""


def _own(actor: User, view_id: int) -> WaitingView:
    try:
        return own_view(actor, view_id)
    except ObjectDoesNotExist:
        raise Http404(GONE) from None
