"""The waiting list."""

from functools import partial

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.audit.models import AccessKind
from accounts.audit.recording import note_all
from accounts.permissions import actor_of, requires
from accounts.spreadsheets import csv_lines
from resources.models import Theatre
from scheduling import permissions
from scheduling.forms.numbers import row_number
from scheduling.forms.searching import search_words
from scheduling.forms.waiting import PauseForm, ReadinessForm, ResumeForm, WaitingFilterForm
from scheduling.models import Operation
from scheduling.selectors.breaches import breaches
from scheduling.selectors.closed_lists import closed_lines
from scheduling.selectors.gap_fit import as_gap, fits
from scheduling.selectors.waiting_list import WAITING_COLUMNS, waiting_list, waiting_rows
from scheduling.selectors.waiting_views import view_menu
from scheduling.services import pause_clock, resume_clock, set_readiness
from scheduling.views.answers import run
from scheduling.views.detail import WaitingForms, detail_page
from scheduling.views.fetching import get_operation
from scheduling.views.waiting_bulk import bulk_context
from scheduling.views.waiting_views import DELETED

PAGE_SIZE = 50


@requires(permissions.VIEW_OPERATION)
@require_safe
def waiting_list_csv(request: HttpRequest) -> HttpResponse:
    """Give the list out as a file, filtered and sorted as the address says; on record as an export."""
    note_all(AccessKind.EXPORT, reason="Waiting list as a file")
    wanted = WaitingFilterForm(request.GET).wanted
    lines = csv_lines(WAITING_COLUMNS, waiting_rows(wanted, actor_of(request)))
    name = f"waiting-list-{timezone.localdate():%Y-%m-%d}.csv"
    return HttpResponse(
        "".join(lines),  # all of them are on record before the first is sent
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )


@requires(permissions.BOOK)
@require_POST
def operation_readiness(request: HttpRequest, operation_id: int) -> HttpResponse:
    """Say whether the patient is fit, and can come at once."""
    actor = actor_of(request)
    operation = get_operation(operation_id, actor)
    form = ReadinessForm(request.POST, operation=operation, actor=actor)
    page = partial(detail_page, request, operation, waiting=WaitingForms(operation, actor, readiness=form))
    return run(request, form, lambda: set_readiness(actor=actor, **form.command), page=page)


@requires(permissions.BOOK)
@require_POST
def operation_pause(request: HttpRequest, operation_id: int) -> HttpResponse:
    """Stop the waiting clock."""
    actor = actor_of(request)
    operation = get_operation(operation_id, actor)
    form = PauseForm(request.POST, operation=operation, actor=actor, prefix="pause")
    page = partial(detail_page, request, operation, waiting=WaitingForms(operation, actor, pause=form))

    def command() -> Operation:
        pause_clock(actor=actor, **form.command)
        return get_operation(operation_id, actor)

    return run(request, form, command, page=page)


@requires(permissions.BOOK)
@require_POST
def operation_resume(request: HttpRequest, operation_id: int) -> HttpResponse:
    """Let the waiting clock run again."""
    actor = actor_of(request)
    operation = get_operation(operation_id, actor)
    form = ResumeForm(request.POST, operation=operation, actor=actor, prefix="resume")
    page = partial(detail_page, request, operation, waiting=WaitingForms(operation, actor, resume=form))
    return run(request, form, lambda: resume_clock(actor=actor, **form.command), page=page)


@requires(permissions.BOOK)
@require_safe
def gap_page(request: HttpRequest, theatre_id: int) -> HttpResponse:
    """Show which waiting patients fit into a free stretch of a theatre; ``start`` and ``end`` are instants."""
    theatre = get_object_or_404(Theatre, pk=theatre_id)
    start, end = (row_number(request.GET.get(name, "")) for name in ("start", "end"))
    gap = as_gap(start, end) if start is not None and end is not None else None
    if gap is None:
        raise Http404("This stretch of time can't be read. Go back to the schedule.")
    found = fits(theatre, gap, actor_of(request))
    closed = closed_lines([theatre.pk], timezone.localdate(gap.start), timezone.now()).get(theatre.pk)
    context = {"theatre": theatre, "gap": gap, "fits": found, "closed": closed}
    return render(request, "scheduling/gap.html", context)


@requires(permissions.VIEW_OPERATION)
@require_http_methods(["GET", "POST"])
def waiting_list_page(request: HttpRequest) -> HttpResponse:
    """Show who waits. Filters are in the address, words to search for in the body: they may name a patient."""
    actor = actor_of(request)
    asked = request.GET.copy()
    text = search_words(request.POST)
    if text:
        note_all(AccessKind.SEARCH)
    for name in {"page", "sort"} & request.POST.keys():  # of a search they come with its words
        asked[name] = request.POST[name]
    form = WaitingFilterForm(asked)
    wanted = form.wanted
    shown = Paginator(waiting_list(wanted, actor, text=text), PAGE_SIZE).get_page(asked.get("page"))
    query = request.GET.copy()
    for name in ("page", "sort", "changed"):
        query.pop(name, None)
    context = {
        "form": form,
        "text": text,
        "page": shown,
        "sort": wanted.sort,
        "query": query.urlencode(),
        "state": form.query,
        "views": view_menu(actor, asked=row_number(asked.get("view", "")), query=form.query),
        "deleted": request.session.pop(DELETED, None),
        **bulk_context(actor, asked.get("changed", "")),
    }
    name = "_waiting_list" if request.headers.get("HX-Request") else "waiting_list"
    return render(request, f"scheduling/{name}.html", context)


@requires(permissions.VIEW_OPERATION)
@require_safe
def waiting_forecast(request: HttpRequest) -> HttpResponse:
    """Show how many of those on the list will be past their due date in the weeks to come."""
    form = WaitingFilterForm(request.GET)
    context = {"breaches": breaches(form.wanted, actor_of(request)), "state": form.query}
    name = "_breaches" if request.headers.get("HX-Request") else "breaches"
    return render(request, f"scheduling/{name}.html", context)
