"""The block schedule: the week, laying out, templates, open time, requests and releases."""

from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import actor_of, requires
from resources.models import BlockTemplate, TimeRequest
from resources.permissions import AVAILABILITY
from scheduling import permissions
from scheduling.block_owners import BlockAccess
from scheduling.converters import parse_day
from scheduling.forms.blocks import (
    ConfirmLayOutForm,
    LayOutForm,
    NewSessionForm,
    OpenTimeForm,
    SpellForm,
    TemplateForm,
    WantForm,
)
from scheduling.forms.numbers import row_number
from scheduling.selectors.blocks.block_week import block_week
from scheduling.selectors.blocks.laying_out import booked_in_lines, laid_out_until, templates_by_theatre
from scheduling.selectors.blocks.open_time import open_time
from scheduling.selectors.blocks.releases import about_to_be_released, releases
from scheduling.selectors.blocks.time_requests import time_requests, waiting_requests
from scheduling.services import InvalidPlanError
from scheduling.services.sessions import Preview, add_session, lay_out, preview_lay_out
from scheduling.services.templates import remove_template, save_template
from scheduling.services.time_requests import agree, approve, decline, want_time, withdraw
from scheduling.views.answers import FAILURES


def perform(
    request: HttpRequest,
    form: forms.BaseForm,
    command: Callable[[], Any],
    *,
    page: Callable[[], HttpResponse],
    done: Callable[[Any], tuple[str, str]],
) -> HttpResponse:
    """Run ``command`` if the form is valid; ``done`` says in words what happened and where to go then.

    A refusal draws the page again, with what was typed and the reason beside its field: 422 for a field, 409 else.
    """
    status = 422
    if form.is_valid():
        try:
            result = command()
        except InvalidPlanError as error:
            form.add_error(error.field if error.field in form.fields else None, str(error))
        except FAILURES as error:
            form.add_error(None, str(error))
            status = 409
        else:
            words, place = done(result)
            messages.success(request, words)
            return redirect(place)
    response = page()
    response.status_code = status
    return response


@requires(permissions.VIEW_SCHEDULE)
@require_safe
def block_week_page(request: HttpRequest, day: date | None = None) -> HttpResponse:
    """Show whose theatre time it is in the week of a day."""
    if day is None and (asked := parse_day(request.GET.get("day", ""))):
        return redirect("scheduling:blocks", asked)
    actor = actor_of(request)
    day = day or timezone.localdate()
    context = {
        "week": block_week(day),
        "day": day,
        "today": timezone.localdate(),
        "coming": about_to_be_released(actor)[:8],
        **_tabs(request, "blocks"),
    }
    return render(request, "scheduling/blocks.html", context)


@requires(permissions.VIEW_SCHEDULE)
@require_safe
def open_time_page(request: HttpRequest) -> HttpResponse:
    """List the time that anybody, or somebody's specialty, may have."""
    form = OpenTimeForm(request.GET or None)
    found = open_time(actor_of(request), OpenTimeForm(request.GET).wanted)
    context = {
        "form": form if request.GET else OpenTimeForm(initial=_spell()),
        "found": found,
        **_tabs(request, "open"),
    }
    return render(request, "scheduling/open_time.html", context)


def _spell() -> dict[str, Any]:
    wanted = OpenTimeForm({}).wanted
    return {"first": wanted.first, "last": wanted.last, "minutes": wanted.minutes}


@requires(permissions.VIEW_SCHEDULE)
@require_safe
def releases_page(request: HttpRequest) -> HttpResponse:
    """Show what was released, how early, and how much of it was filled."""
    spell = SpellForm(request.GET)
    first, last = spell.days
    rows, owners = releases(first, last)
    context = {
        "form": SpellForm(initial={"first": first, "last": last}),
        "rows": rows,
        "owners": owners,
        "coming": about_to_be_released(),
        **_tabs(request, "releases"),
    }
    return render(request, "scheduling/releases.html", context)


@requires(permissions.USE_BLOCKS)
@require_http_methods(["GET", "POST"])
def time_requests_page(request: HttpRequest) -> HttpResponse:
    """List what is asked for; POST asks for time that is to be found."""
    actor, access = actor_of(request), BlockAccess(actor_of(request))
    form = WantForm(
        request.POST or None, specialties=access.asks_for, me=access.person, initial={"first": timezone.localdate()}
    )
    page = partial(_requests_page, request, form)
    if request.method == "GET":
        return page()
    return perform(
        request,
        form,
        lambda: want_time(actor=actor, **form.command),
        page=page,
        done=lambda _: ("Asked. You see the answer here.", "scheduling:time-requests"),
    )


def _requests_page(request: HttpRequest, form: WantForm) -> HttpResponse:
    actor = actor_of(request)
    context = {
        "form": form,
        "asked": time_requests(actor),
        "closed": time_requests(actor, closed=True)[:20],
        **_tabs(request, "requests"),
    }
    return render(request, "scheduling/time_requests.html", context)


@requires(permissions.USE_BLOCKS)
@require_POST
def time_request_answer(request: HttpRequest, request_id: int) -> HttpResponse:
    """Agree to, approve, decline or withdraw a request, whichever button was pressed."""
    get_object_or_404(TimeRequest, pk=request_id)
    actor, verb = actor_of(request), request.POST.get("verb", "")
    commands: dict[str, tuple[Callable[[], TimeRequest], str]] = {
        "agree": (lambda: agree(actor=actor, request_id=request_id), "Agreed. It waits for the approval now."),
        "approve": (
            lambda: approve(actor=actor, request_id=request_id, session_id=row_number(request.POST.get("session", ""))),
            "Approved and done.",
        ),
        "decline": (
            lambda: decline(actor=actor, request_id=request_id, answer=request.POST.get("answer", "")[:200]),
            "Declined.",
        ),
        "withdraw": (lambda: withdraw(actor=actor, request_id=request_id), "Withdrawn."),
    }
    if verb not in commands:
        messages.error(request, "Nothing was changed: choose one of the buttons.")
        return redirect("scheduling:time-requests")
    command, words = commands[verb]
    try:
        command()
    except FAILURES as error:
        messages.error(request, str(error))
    else:
        messages.success(request, words)
    return redirect("scheduling:time-requests")


@requires(AVAILABILITY)
@require_http_methods(["GET", "POST"])
def lay_out_page(request: HttpRequest) -> HttpResponse:
    """Show what laying out some days would change; POST does it, if that is still what it would do."""
    actor = actor_of(request)
    asked = request.POST if request.method == "POST" else request.GET
    until = laid_out_until()
    form: LayOutForm = (ConfirmLayOutForm if request.method == "POST" else LayOutForm)(
        asked or LayOutForm.starting(until)
    )
    found: Preview | None = None
    status = 200
    if not BlockAccess(actor).lays_out:
        messages.warning(request, "Your role is limited to some specialties: who runs whole theatres lays them out.")
    elif form.is_valid():
        first, last = form.cleaned_data["first"], form.cleaned_data["last"]
        try:
            if request.method == "POST":
                done = lay_out(actor=actor, first=first, last=last, digest=form.cleaned_data["digest"])
                messages.success(request, f"Laid out: {done.touches} sessions written.")
                return redirect("scheduling:blocks", first)
            found = preview_lay_out(actor, first, last)
        except InvalidPlanError as error:
            form.add_error(error.field, str(error))
            status = 422
        except FAILURES as error:
            messages.error(request, str(error))
            found = preview_lay_out(actor, first, last)
            status = 409
    if form.errors:
        status = 422
    context = {
        "form": form,
        "found": found,
        "lines": booked_in_lines(found) if found else [],
        "until": until,
        **_tabs(request, "lay-out"),
    }
    return render(request, "scheduling/lay_out.html", context, status=status)


@requires(AVAILABILITY)
@require_safe
def templates_page(request: HttpRequest) -> HttpResponse:
    """Show the blocks that repeat, by theatre and weekday."""
    context = {"rows": templates_by_theatre(), **_tabs(request, "templates")}
    return render(request, "scheduling/block_templates.html", context)


@requires(AVAILABILITY)
@require_http_methods(["GET", "POST"])
def template_edit(request: HttpRequest, template_id: int | None = None) -> HttpResponse:
    """Add or change a block that repeats; no day changes before it is laid out."""
    template = get_object_or_404(BlockTemplate, pk=template_id) if template_id else BlockTemplate()
    actor = actor_of(request)
    if request.method == "POST" and "remove" in request.POST and template.pk:
        return _remove_template(request, template.pk)
    begin = {name: request.GET.get(name) for name in ("theatre", "weekday") if row_number(request.GET.get(name, ""))}
    form = TemplateForm(request.POST or None, instance=template, initial=begin)

    def page() -> HttpResponse:
        runs = not template_id or BlockAccess(actor).runs(template.theatre, template.specialty_id)
        context = {
            "form": form,
            "template": template if template_id else None,
            "runs": runs,
            **_tabs(request, "templates"),
        }
        return render(request, "scheduling/block_template.html", context)

    if request.method == "GET":
        return page()
    return perform(
        request,
        form,
        lambda: save_template(actor=actor, template=form.instance, seen=form.cleaned_data["seen"]),
        page=page,
        done=lambda _: ("Saved. No day is changed before you lay it out.", "scheduling:block-templates"),
    )


def _remove_template(request: HttpRequest, template_id: int) -> HttpResponse:
    try:
        remove_template(actor=actor_of(request), template_id=template_id)
    except FAILURES as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "The block is removed. Lay out again to take its sessions off.")
    return redirect("scheduling:block-templates")


@requires(AVAILABILITY)
@require_http_methods(["GET", "POST"])
def session_add(request: HttpRequest) -> HttpResponse:
    """Add one session by hand."""
    actor = actor_of(request)
    begin = {name: request.GET.get(name) for name in ("theatre", "day") if request.GET.get(name)}
    form = NewSessionForm(request.POST or None, initial={"starts": "08:00", "ends": "18:00", **begin})

    def page() -> HttpResponse:
        return render(request, "scheduling/session_add.html", {"form": form, **_tabs(request, "blocks")})

    if request.method == "GET":
        return page()

    def add() -> Any:
        chosen = form.cleaned_data
        plain = {name: chosen[name] for name in ("day", "starts", "ends", "note")}
        return add_session(actor=actor, theatre_id=chosen["theatre"].pk, owner=form.owner, **plain)

    return perform(
        request, form, add, page=page, done=lambda session: ("The session is added.", session_address(session.pk))
    )


def session_address(session_id: int) -> str:
    """Return the address of a session's page."""
    return reverse("scheduling:session", args=[session_id])


def _tabs(request: HttpRequest, here: str) -> dict[str, Any]:
    actor = actor_of(request)
    waiting = waiting_requests(actor) if actor.can(permissions.USE_BLOCKS) else 0
    return {"tab": here, "waiting_requests": waiting}
