"""The waiting list."""

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_http_methods, require_safe

from accounts.audit.models import AccessKind
from accounts.audit.recording import note_all
from accounts.permissions import actor_of, requires
from resources.models import Theatre
from scheduling import permissions
from scheduling.forms.numbers import row_number
from scheduling.forms.waiting import WaitingFilterForm
from scheduling.selectors.gap_fit import as_gap, fits
from scheduling.selectors.waiting_list import waiting_list

PAGE_SIZE = 50


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
    return render(request, "scheduling/gap.html", {"theatre": theatre, "gap": gap, "fits": found})


@requires(permissions.VIEW_OPERATION)
@require_http_methods(["GET", "POST"])
def waiting_list_page(request: HttpRequest) -> HttpResponse:
    """Show who waits. Filters are in the address, words to search for in the body: they may name a patient."""
    asked = request.GET.copy()
    text = request.POST.get("text", "").strip()
    if text:
        note_all(AccessKind.SEARCH)
    for name in {"page", "sort"} & request.POST.keys():  # of a search they come with its words
        asked[name] = request.POST[name]
    form = WaitingFilterForm(asked)
    wanted = form.wanted
    shown = Paginator(waiting_list(wanted, actor_of(request), text=text), PAGE_SIZE).get_page(asked.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    query.pop("sort", None)
    context = {"form": form, "text": text, "page": shown, "sort": wanted.sort, "query": query.urlencode()}
    name = "_waiting_list" if request.headers.get("HX-Request") else "waiting_list"
    return render(request, f"scheduling/{name}.html", context)
