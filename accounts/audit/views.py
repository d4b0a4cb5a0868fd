"""What somebody did on the site, for those who review it and for the person."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from accounts.audit.activity import KINDS
from accounts.models import User
from accounts.permissions import actor_of, requires

VIEW_TRAIL = "accounts.view_audit_trail"
TABS = {"reads": "Looked at", "writes": "Changed", "failures": "Failed sign-ins"}


@requires(VIEW_TRAIL)
@require_safe
def activity(request: HttpRequest, person_id: int) -> HttpResponse:
    """Show what one account did."""
    return _page(request, get_object_or_404(User, pk=person_id))


@require_safe
def my_activity(request: HttpRequest) -> HttpResponse:
    """Show people what is on record of themselves."""
    return _page(request, actor_of(request))


def _page(request: HttpRequest, person: User) -> HttpResponse:
    tab = request.GET.get("show", "reads")
    tab = tab if tab in TABS else "reads"
    lines, older = KINDS[tab](person, row_number(request.GET.get("before", "")))
    context = {"person": person, "tab": tab, "tabs": TABS.items(), "lines": lines, "older": older}
    return render(request, "audit/activity.html", context)


def row_number(text: str) -> int | None:
    """Return the number in an address, or ``None`` for anything that is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= len(str(2**63 - 1)) - 1 else None
