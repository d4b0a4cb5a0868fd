"""One theatre's list of a day, to read and to print, with its notes."""

from collections.abc import Callable
from datetime import date

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from accounts.permissions import actor_of, requires
from resources.models import Theatre
from scheduling import permissions
from scheduling.models import ListDecision
from scheduling.selectors.closed_lists import list_state
from scheduling.selectors.theatre_list import theatre_list
from scheduling.services import InvalidPlanError, NotPossibleError
from scheduling.services.closing import LONGEST_REASON, close_list, open_list
from scheduling.services.notes import LONGEST_NOTE, write_list_note


class NoteForm(forms.Form):
    """The note of a list, or of the whole day."""

    text = forms.CharField(
        label="Note", required=False, max_length=LONGEST_NOTE, widget=forms.Textarea({"rows": 3}), strip=True
    )
    whole_day = forms.BooleanField(label="For all theatres of this day", required=False)


class ClosingForm(forms.Form):
    """Why a list is closed by hand, or opened again."""

    reason = forms.CharField(
        label="Why", required=False, max_length=LONGEST_REASON, help_text="The team reads it. No names of patients."
    )


@requires(permissions.VIEW_SCHEDULE)
@require_safe
def theatre_list_page(request: HttpRequest, theatre_id: int, day: date) -> HttpResponse:
    """Show the list of a theatre's day."""
    return _page(request, get_object_or_404(Theatre, pk=theatre_id), day)


@requires(permissions.BOOK)
@require_POST
def list_note(request: HttpRequest, theatre_id: int, day: date) -> HttpResponse:
    """Write the note of a list, or of the whole day."""
    theatre = get_object_or_404(Theatre, pk=theatre_id)
    form = NoteForm(request.POST)
    if form.is_valid():
        scope = None if form.cleaned_data["whole_day"] else theatre.pk
        try:
            note = write_list_note(actor=actor_of(request), day=day, theatre_id=scope, text=form.cleaned_data["text"])
        except InvalidPlanError as error:
            form.add_error(error.field, str(error))
        else:
            messages.success(request, "The note is written." if note else "The note is removed.")
            return redirect("scheduling:theatre-list", theatre_id, day)
    return _page(request, theatre, day, form)


@requires(permissions.BOOK)
@require_POST
def list_close(request: HttpRequest, theatre_id: int, day: date) -> HttpResponse:
    """Close a list by hand."""
    return _decide(request, theatre_id, day, close_list, "The list is closed. Changes now need a reason.")


@requires(permissions.OVERRIDE)
@require_POST
def list_open(request: HttpRequest, theatre_id: int, day: date) -> HttpResponse:
    """Open a closed list again."""
    return _decide(request, theatre_id, day, open_list, "The list is open again.")


def _decide(
    request: HttpRequest, theatre_id: int, day: date, decide: Callable[..., ListDecision], done: str
) -> HttpResponse:
    theatre = get_object_or_404(Theatre, pk=theatre_id)
    form = ClosingForm(request.POST)
    status = 422
    if form.is_valid():
        try:
            decide(actor=actor_of(request), theatre_id=theatre_id, day=day, reason=form.cleaned_data["reason"])
        except InvalidPlanError as error:
            form.add_error("reason", str(error))
        except NotPossibleError as error:
            form.add_error(None, str(error))
            status = 409
        else:
            messages.success(request, done)
            return redirect("scheduling:theatre-list", theatre_id, day)
    return _page(request, theatre, day, closing=form, status=status)


def _page(
    request: HttpRequest,
    theatre: Theatre,
    day: date,
    refused: NoteForm | None = None,
    *,
    closing: ClosingForm | None = None,
    status: int = 200,
) -> HttpResponse:
    actor = actor_of(request)
    shown = theatre_list(theatre, day, actor)
    state = list_state(theatre, day, actor)
    form = refused or NoteForm(initial={"text": shown.note.text if shown.note else ""})
    may_decide = actor.can(permissions.OVERRIDE if state.closed else permissions.BOOK) and not state.is_over
    context = {
        "list": shown,
        "state": state,
        "form": form if actor.can(permissions.BOOK) else None,
        "closing": closing or (ClosingForm() if may_decide else None),
    }
    return render(request, "scheduling/theatre_list.html", context, status=422 if refused else status)
