"""Today as it runs: the boards on the wall, which say nothing that a passer-by may not read, and what runs late."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.permissions import actor_of, requires
from resources.models import Site
from scheduling import permissions
from scheduling.selectors.live_board import clock_seconds, families_board, live_board
from scheduling.selectors.running_late import running_late


@requires(permissions.VIEW_SCHEDULE)
@require_safe
def wall(request: HttpRequest) -> HttpResponse:
    """Show each theatre's case and the next one; ``?site=CODE`` and ``?show=initials`` choose."""
    site, initials = _site(request), request.GET.get("show") == "initials"
    board = live_board(actor_of(request), site=site, initials=initials)
    return _answer(request, "live_board", {"board": board, "initials": initials}, site)


@requires(permissions.VIEW_SCHEDULE)
@require_safe
def families(request: HttpRequest) -> HttpResponse:
    """Show case codes and how far each has come, for a waiting room; ``?site=CODE`` chooses."""
    site = _site(request)
    return _answer(
        request, "families_board", {"cases": families_board(site=site), "seconds": clock_seconds(timezone.now())}, site
    )


@requires(permissions.VIEW_OPERATION)
@require_safe
def late(request: HttpRequest) -> HttpResponse:
    """Show who will run late today, and what could be done."""
    return render(request, "scheduling/running_late.html", {"cases": running_late(actor_of(request))})


def _site(request: HttpRequest) -> str:
    """Return the code of a site that exists, or nothing for all."""
    asked = request.GET.get("site", "")
    return asked if asked.isprintable() and Site.objects.filter(code=asked).exists() else ""


def _answer(request: HttpRequest, name: str, context: dict[str, object], site: str) -> HttpResponse:
    """Draw the whole page, or for a page that is open already only what changes."""
    part = f"scheduling/_{name}.html"
    if request.headers.get("X-Background"):
        return render(request, part, context)
    sites = list(Site.objects.all())
    return render(request, f"scheduling/{name}.html", {**context, "part": part, "site": site, "sites": sites})
