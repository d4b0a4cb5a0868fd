"""What the admin does with several accounts at once."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from accounts import people as accounts
from accounts.invitations import invite, is_awaited
from accounts.letters import LetterError, send_letter
from accounts.models import User
from accounts.permissions import actor_of

CONFIRMED = "confirmed"


@admin.action(permissions=["change"], description="Send an invitation")
def send_invitations(page: Any, request: HttpRequest, people: QuerySet[User]) -> None:
    """Send a link that sets the first password to those who have none and never signed in."""
    awaited = [person for person in _own(page, request, people) if is_awaited(person)]
    for person in awaited:
        page.log_change(request, person, "Sent an invitation.")
        write_after_commit(request, partial(invite, actor=actor_of(request), user=person))
    left = people.count() - len(awaited)
    told = f" {left} got none: they have signed in before, have a password, or are switched off." if left else ""
    page.message_user(request, f"{len(awaited)} invited.{told}")


@admin.action(permissions=["change"], description="Take away the second factors")
def forget_factors(page: Any, request: HttpRequest, people: QuerySet[User]) -> HttpResponse | None:
    """Ask, then take away passkeys, authenticator apps and recovery codes; their owners get a letter."""
    chosen = _own(page, request, people)
    if CONFIRMED not in request.POST:
        words = {"title": "Take away the second factors?", "people": chosen, "opts": page.opts}
        context = {**page.admin_site.each_context(request), **words, "action_checkbox_name": ACTION_CHECKBOX_NAME}
        return TemplateResponse(request, "admin/accounts/user/forget_factors.html", context)
    taken = _each(page, request, chosen, _forget)
    page.message_user(request, f"{taken} have no second factor any more, and are signed out.")
    return None


@admin.action(permissions=["change"], description="Switch off the selected accounts")
def switch_off(page: Any, request: HttpRequest, people: QuerySet[User]) -> None:
    """Keep people from signing in, except whoever does this, and end their sessions."""
    done = _each(page, request, _own(page, request, people), _switch_off)
    page.message_user(request, f"{done} switched off.")


@admin.action(permissions=["change"], description="Switch on the selected accounts")
def switch_on(page: Any, request: HttpRequest, people: QuerySet[User]) -> None:
    """Let people sign in again."""
    done = _each(page, request, _own(page, request, people), _switch_on)
    page.message_user(request, f"{done} switched on.")


def write_after_commit(request: HttpRequest, write: Callable[[], None]) -> None:
    """Send a letter once everything is written; if that fails, say so instead of failing the page."""

    def attempt() -> None:
        try:
            write()
        except LetterError as error:
            messages.error(request, str(error))

    transaction.on_commit(attempt)


def _forget(request: HttpRequest, person: User) -> str:
    actor = actor_of(request)
    if not accounts.forget_second_factors(actor=actor, user=person):
        return ""
    write_after_commit(request, partial(send_letter, "factors_removed", person, remover=actor))
    return "Took away the second factors."


def _switch_off(request: HttpRequest, person: User) -> str:
    return "Switched off." if accounts.switch_off(actor=actor_of(request), user=person) else ""


def _switch_on(request: HttpRequest, person: User) -> str:
    return "Switched on." if accounts.switch_on(actor=actor_of(request), user=person) else ""


def _own(page: Any, request: HttpRequest, people: QuerySet[User]) -> list[User]:
    """Leave out whom the person may not change: an administrator does not take over a superuser's account."""
    return [person for person in people if page.has_change_permission(request, person)]


def _each(page: Any, request: HttpRequest, people: Iterable[User], do: Callable[[HttpRequest, User], str]) -> int:
    """Do it to everybody whom it may be done to, note what was done, and say how many that were."""
    done = 0
    for person in people:
        try:
            noted = do(request, person)
        except accounts.PersonError as error:
            messages.error(request, str(error))
            continue
        if noted:
            page.log_change(request, person, noted)
            done += 1
    return done
