"""Screens on the walls: which there are, and what whoever manages them does with one."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import actor_of, requires
from scheduling import permissions
from scheduling.forms.display import DisplayForm
from scheduling.models import Display
from scheduling.selectors.displays import displays_of
from scheduling.services import SchedulingError
from scheduling.services.displays import create_display, demand_site, renew_display, revoke_display
from scheduling.services.errors import InvalidPlanError


@requires(permissions.MANAGE_DISPLAYS)
@require_http_methods(["GET", "POST"])
def displays_page(request: HttpRequest) -> HttpResponse:
    """List the displays; POST sets up one and shows its link, this once."""
    actor = actor_of(request)
    form = DisplayForm(request.POST or None, actor=actor)
    if request.method == "POST" and form.is_valid():
        try:
            return _linked(request, *create_display(actor=actor, **form.command))
        except InvalidPlanError as error:
            form.add_error(error.field, str(error))
    return _list(request, form, status=422 if request.method == "POST" else 200)


@requires(permissions.MANAGE_DISPLAYS)
@require_safe
def display_page(request: HttpRequest, display_id: int) -> HttpResponse:
    """Show one display, with what can be done with it and what that means."""
    found = Display.objects.select_related("site", "made_by", "revoked_by")
    display = get_object_or_404(found, pk=display_id)
    demand_site(actor_of(request), display.site_id)
    return render(request, "scheduling/display.html", {"display": display})


@requires(permissions.MANAGE_DISPLAYS)
@require_POST
def display_renew(request: HttpRequest, display_id: int) -> HttpResponse:
    """Give a display a new link, shown this once."""
    return _do(request, lambda: _linked(request, *renew_display(actor=actor_of(request), display_id=display_id)))


@requires(permissions.MANAGE_DISPLAYS)
@require_POST
def display_revoke(request: HttpRequest, display_id: int) -> HttpResponse:
    """Take a display off for good."""

    def revoke() -> HttpResponse:
        display = revoke_display(actor=actor_of(request), display_id=display_id)
        messages.success(request, f"{display} was taken off. Its screen shows nothing any more.")
        return redirect("scheduling:displays")

    return _do(request, revoke)


def _do(request: HttpRequest, command: Callable[[], HttpResponse]) -> HttpResponse:
    try:
        return command()
    except SchedulingError as error:
        messages.error(request, str(error))
        return _list(request, DisplayForm(actor=actor_of(request)), status=409)


def _list(request: HttpRequest, form: DisplayForm, *, status: int) -> HttpResponse:
    hanging, ended = displays_of(actor_of(request))
    context = {"displays": hanging, "ended": ended, "form": form}
    return render(request, "scheduling/displays.html", context, status=status)


def _linked(request: HttpRequest, display: Display, secret: str) -> HttpResponse:
    """Show the link. What stands after ``#`` never leaves a browser in an address, so no log and no proxy has it."""
    link = f"{request.build_absolute_uri(reverse('scheduling:display-open'))}#{secret}"
    return render(request, "scheduling/display_link.html", {"display": display, "link": link})
