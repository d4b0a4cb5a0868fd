"""The team of a session."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from accounts.models import User
from accounts.permissions import actor_of, requires
from resources.models import TheatreSession
from scheduling import permissions
from scheduling.forms.numbers import row_number
from scheduling.period import Period
from scheduling.selectors.session_team import is_over, session_team
from scheduling.services.session_teams import add_to_team, apply_team, remove_from_team
from scheduling.views.answers import FAILURES, refusal_of

TOLD = 8
"""So many refusals are written out."""


@requires(permissions.ASSIGN)
@require_http_methods(["GET", "POST"])
def session_team_page(request: HttpRequest, session_id: int) -> HttpResponse:
    """Show who is needed, who is there and who else could be; POST adds, removes, or gives the team to the cases."""
    session = get_object_or_404(
        TheatreSession.objects.select_related("theatre", "specialty", "surgeon", "group"), pk=session_id
    )
    if request.method == "POST":
        _do(request, actor_of(request), session_id)
        return redirect("scheduling:session-team", session_id)
    context = {
        "session": session,
        "period": Period.of(session.period),
        "posts": session_team(session, candidates=not is_over(session)),
        "is_over": is_over(session),
    }
    return render(request, "scheduling/session_team.html", context)


def _do(request: HttpRequest, actor: User, session_id: int) -> None:
    """Do what a button says, and tell it."""
    verb, person = request.POST.get("verb", ""), row_number(request.POST.get("person", ""))
    try:
        if verb == "apply":
            _apply(request, actor, session_id)
        elif verb == "add" and person is not None:
            member = add_to_team(actor=actor, session_id=session_id, person_id=person)
            messages.success(request, f"{member.staff_member} is on the team.")
        elif verb == "remove" and person is not None:
            remove_from_team(actor=actor, session_id=session_id, person_id=person)
            messages.success(request, "Taken off the team.")
        else:
            messages.error(request, "Choose somebody.")
    except FAILURES as error:
        messages.error(request, refusal_of(error, actor).message)


def _apply(request: HttpRequest, actor: User, session_id: int) -> None:
    applied = apply_team(actor=actor, session_id=session_id)
    if applied.posts:
        messages.success(request, f"{applied.posts} post{'' if applied.posts == 1 else 's'} of the operations filled.")
    for reason in applied.refused[:TOLD]:
        messages.error(request, reason)
    if len(applied.refused) > TOLD:
        messages.error(request, f"And {len(applied.refused) - TOLD} more.")
    if not applied.posts and not applied.refused:
        messages.info(request, "The operations lack nobody whom this team has.")
