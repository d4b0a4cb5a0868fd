"""The privacy officer's queue of what stood out."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Case, Value, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from accounts.permissions import actor_of, requires
from analytics.forms import UnusualFilterForm, UnusualReviewForm
from analytics.models import UnusualAccess
from analytics.unusual.services import review_unusual
from patients.permissions import REVIEW

PAGE_SIZE = 50


@requires(REVIEW)
@require_safe
def unusual_list(request: HttpRequest) -> HttpResponse:
    """Show what stood out, not reviewed first."""
    return _page(request, UnusualReviewForm())


@requires(REVIEW)
@require_POST
def unusual_review(request: HttpRequest) -> HttpResponse:
    """Record one outcome for the rows that were ticked."""
    form = UnusualReviewForm(request.POST)
    if form.is_valid():
        try:
            count = review_unusual(actor=actor_of(request), **form.command)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, f"Recorded for {count} row{'' if count == 1 else 's'}.")
            return redirect("analytics:unusual-list")
    return _page(request, form, status=422)


def _page(request: HttpRequest, form: UnusualReviewForm, status: int = 200) -> HttpResponse:
    asked = UnusualFilterForm(request.GET)
    is_open = Case(When(outcome="", then=Value(0)), default=Value(1))
    rows = UnusualAccess.objects.select_related("actor", "reviewed_by").filter(**asked.conditions)
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "page": Paginator(rows.order_by(is_open, "-day", "rule", "actor", "pk"), PAGE_SIZE).get_page(
            request.GET.get("page")
        ),
        "asked": asked,
        "form": form,
        "ticked": {int(number) for number in request.POST.getlist("row") if number.isdecimal()},
        "me": actor_of(request).pk,
        "query": query.urlencode(),
    }
    return render(request, "analytics/unusual_list.html", context, status=status)
