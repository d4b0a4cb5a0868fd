"""The work list of people who may be on record twice, or under no name at all."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import ObjectDoesNotExist
from django.core.paginator import Paginator
from django.db.models import Prefetch, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from accounts.permissions import actor_of, requires
from patients.merging.comparing import better_survivor, open_pairs, unidentified
from patients.merging.likeness import in_words
from patients.merging.pairs import reopen, tell_apart
from patients.models import DuplicatePair, Patient, PatientMerge
from patients.permissions import MERGE
from scheduling.models import Operation

PAGE_SIZE = 20
TABS = {
    "pairs": "To decide",
    "unknown": "Not identified",
    "distinct": "Different people",
    "merged": "Merged",
}


@requires(MERGE)
@require_safe
def duplicates(request: HttpRequest) -> HttpResponse:
    """Show one of four lists, a page at a time."""
    actor = actor_of(request)
    listed = request.GET.get("show", "")
    listed = listed if listed in TABS else "pairs"
    page = Paginator(_rows(actor, listed), PAGE_SIZE).get_page(request.GET.get("page"))
    for pair in page if listed in ("pairs", "distinct") else ():
        pair.words = in_words(pair.signs)
        pair.keep = better_survivor(pair.first, pair.second)
        pair.other = pair.second if pair.keep == pair.first else pair.first
    waiting = unidentified(actor).count()
    context = {"listed": listed, "tabs": TABS, "page": page, "query": f"show={listed}", "waiting": waiting}
    return render(request, "scheduling/duplicates.html", context)


def _rows(actor: User, listed: str) -> "QuerySet[Any]":
    if listed == "unknown":
        operations = Operation.objects.visible_to(actor).select_related("procedure", "theatre")
        return unidentified(actor).prefetch_related("allergies", Prefetch("operations", operations))
    if listed == "merged":
        seen = Patient.objects.visible_to(actor).values("pk")
        return PatientMerge.objects.filter(survivor__in=seen).select_related("survivor", "duplicate", "actor")
    return open_pairs(actor, distinct=listed == "distinct")


@requires(MERGE)
@require_POST
def pair_distinct(request: HttpRequest, pair_id: int) -> HttpResponse:
    """Remember that the two are different people."""
    return _decide(request, pair_id, tell_apart, "pairs", "Remembered: two different people.")


@requires(MERGE)
@require_POST
def pair_reopen(request: HttpRequest, pair_id: int) -> HttpResponse:
    """Take that back."""
    return _decide(request, pair_id, reopen, "distinct", "The two are to be decided again.")


def _decide(
    request: HttpRequest, pair_id: int, command: Callable[..., DuplicatePair], tab: str, done: str
) -> HttpResponse:
    try:
        command(actor=actor_of(request), pair_id=pair_id)
    except ObjectDoesNotExist as error:
        raise Http404("This pair is not on the list any more.") from error
    messages.success(request, done)
    return redirect(f"{reverse('scheduling:duplicates')}?show={tab}")
