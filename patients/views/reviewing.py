"""The privacy officer's queue of emergency accesses."""

from datetime import timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Case, Value, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts.permissions import actor_of, requires
from patients import permissions
from patients.emergency import review_emergency_access
from patients.forms_access import ReviewForm
from patients.models import EmergencyAccess, ReviewOutcome

PAGE_SIZE = 50


@requires(permissions.REVIEW)
@require_safe
def review_list(request: HttpRequest) -> HttpResponse:
    """Show what was opened in emergencies: not reviewed first, oldest first."""
    return _page(request)


@requires(permissions.REVIEW)
@require_POST
def review_decide(request: HttpRequest, access_id: int) -> HttpResponse:
    """Record the outcome of one review."""
    access = get_object_or_404(EmergencyAccess, pk=access_id)
    form = ReviewForm(request.POST)
    try:
        if form.is_valid():
            review_emergency_access(actor=actor_of(request), access_id=access.pk, **form.cleaned_data)
            return redirect("patients:review-list")
        problem = "Choose an outcome."
    except ValidationError as error:
        problem = " ".join(error.messages)
    return _page(request, problem)


def _page(request: HttpRequest, problem: str = "") -> HttpResponse:
    is_open = Case(When(outcome="", then=Value(0)), default=Value(1))
    rows = EmergencyAccess.objects.select_related("actor", "reviewed_by").order_by(is_open, "-against_block", "began")
    late = timezone.now() - timedelta(hours=settings.EMERGENCY_REVIEW_HOURS)
    context = {
        "page": Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page")),
        "late": late,
        "outcomes": [choice for choice in ReviewOutcome.choices if choice[0]],
        "problem": problem,
        "me": actor_of(request).pk,
        "query": "",
    }
    return render(request, "patients/review_list.html", context, status=409 if problem else 200)
