"""An address with the number of a merged record leads to the record that counts."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from patients.models import Patient

NAMES = ("patient_id", "other_id")
"""What addresses call our number of a patient."""


class MergedRecordMiddleware:
    """Sends readers on. What was to be written is not: whoever typed it saw another record."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer as usual."""
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, _view: Callable[..., HttpResponse], _args: list[Any], kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        """Look at the numbers in the address, if there are any: one query."""
        numbers = {name: kwargs[name] for name in NAMES if name in kwargs}
        if not numbers or request.resolver_match is None:
            return None
        rows = Patient.objects.filter(pk__in=numbers.values(), merged_into__isnull=False)
        into = dict(rows.values_list("pk", "merged_into"))
        if not into:
            return None
        if request.method not in ("GET", "HEAD"):
            return render(request, "patients/merged.html", status=409)
        counting = {name: into.get(number, number) for name, number in numbers.items()}
        address = reverse(request.resolver_match.view_name, kwargs={**kwargs, **counting})
        question = request.META.get("QUERY_STRING", "")
        return redirect(f"{address}?{question}" if question else address)
