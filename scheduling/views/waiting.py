"""The waiting list."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from accounts.permissions import requires
from scheduling import permissions
from scheduling.forms.waiting import WaitingFilterForm
from scheduling.selectors.waiting_list import waiting_list

PAGE_SIZE = 50


@requires(permissions.VIEW_OPERATION)
@require_http_methods(["GET", "POST"])
def waiting_list_page(request: HttpRequest) -> HttpResponse:
    """Show who waits. Filters are in the address, words to search for in the body: they may name a patient."""
    form = WaitingFilterForm(request.GET)
    text = request.POST.get("text", "").strip()
    operations = waiting_list(form.wanted, text=text)
    shown = Paginator(operations, PAGE_SIZE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    query.pop("sort", None)
    context = {"form": form, "text": text, "page": shown, "sort": form.wanted.sort, "query": query.urlencode()}
    name = "_waiting_list" if request.headers.get("HX-Request") else "waiting_list"
    return render(request, f"scheduling/{name}.html", context)
