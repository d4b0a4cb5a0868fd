"""Set up a screen on a wall, give it a link, open it, and take it off."""

from collections.abc import Collection, Sequence
from datetime import date, timedelta

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from accounts.permissions import authorise
from accounts.sessions import end_streams
from resources.models import Theatre
from scheduling import permissions
from scheduling.access import ELSEWHERE
from scheduling.displays import LONGEST, acting_as, hash_of, make_secret, name_of
from scheduling.models import BoardKind, Display
from scheduling.services.errors import InvalidPlanError, NotPossibleError
from scheduling.services.locking import command

LINK_LASTS = timedelta(hours=24)
LONGEST_LIFE = timedelta(days=5 * 366)
WRONG_LINK = "This link does not open a screen: it was used before, is older than a day, or was not copied whole."


def create_display(
    *,
    actor: User,
    name: str,
    board: str,
    site_id: int | None = None,
    theatre_ids: Collection[int] = (),
    expires_on: date | None = None,
) -> tuple[Display, str]:
    """Set up a display; return it with the secret of its link, which nobody can be told again.

    Raises :class:`InvalidPlanError` for a value that can't be meant and :class:`PermissionDenied` for another site.
    """
    authorise(actor, permissions.MANAGE_DISPLAYS)
    demand_site(actor, site_id)
    if not name.strip() or board not in BoardKind.values:
        raise InvalidPlanError("name", "Say where it hangs, and which board it shows.")
    theatres = list(Theatre.objects.filter(pk__in=theatre_ids))
    _check(expires_on, site_id, theatre_ids, theatres)
    secret = make_secret()
    with command():
        display = Display.objects.create(
            name=name.strip(),
            board=board,
            site_id=site_id,
            expires_on=expires_on,
            made_by=actor,
            link_hash=hash_of(secret),
            link_until=timezone.now() + LINK_LASTS,
        )
        display.theatres.set(theatres)
    return display, secret


def renew_display(*, actor: User, display_id: int) -> tuple[Display, str]:
    """Give a display a new link, for another screen or one that lost its key; the screen before goes dark at once."""
    secret = make_secret()
    with command():
        display = _locked(actor, display_id)
        if display.is_over:
            raise NotPossibleError("Its last day is past. Set up a new display.")
        display.link_hash, display.link_until, display.key_hash = hash_of(secret), timezone.now() + LINK_LASTS, None
        display.save(update_fields=["link_hash", "link_until", "key_hash"])
        _darken(display)
    return display, secret


def revoke_display(*, actor: User, display_id: int) -> Display:
    """Take a display off for good: its screen goes dark at once, and its link opens nothing."""
    with command():
        display = _locked(actor, display_id)
        display.link_hash = display.link_until = display.key_hash = None
        display.revoked_at, display.revoked_by = timezone.now(), actor
        display.save(update_fields=["link_hash", "link_until", "key_hash", "revoked_at", "revoked_by"])
        _darken(display)
    return display


def open_display(*, secret: str) -> str:
    """Open a link on a screen, once; return the key that the screen keeps.

    Nobody is signed in: the secret is the right. Raises :class:`NotPossibleError` where it opens nothing.
    """
    key = make_secret()
    with command():
        now = timezone.now()
        waiting = Display.objects.select_for_update(no_key=True, of=("self",)).filter(
            link_hash=hash_of(secret.strip()), link_until__gt=now, revoked_at=None
        )
        display = waiting.first() if len(secret) <= LONGEST else None
        if display is None or display.is_over:
            raise NotPossibleError(WRONG_LINK)
        display.link_hash, display.link_until, display.key_hash, display.opened_at = None, None, hash_of(key), now
        with acting_as(display):
            display.save(update_fields=["link_hash", "link_until", "key_hash", "opened_at"])
    return key


def demand_site(actor: User, site_id: int | None) -> None:
    """Raise :class:`PermissionDenied` unless a role of ``actor`` reaches the site; none is all of them.

    A board shows all specialties, so a role that is limited to some sets up none.
    """
    grants = [grant for grant in actor.grants_of(permissions.MANAGE_DISPLAYS) if not grant.specialties]
    if not any(not grant.sites or site_id in grant.sites for grant in grants):
        raise PermissionDenied(ELSEWHERE)


def _locked(actor: User, display_id: int) -> Display:
    authorise(actor, permissions.MANAGE_DISPLAYS)
    display = Display.objects.select_for_update(no_key=True, of=("self",)).filter(pk=display_id).first()
    if display is None:
        raise NotPossibleError("This display does not exist. Go back to the list.")
    demand_site(actor, display.site_id)
    if display.revoked_at:
        raise NotPossibleError("This display was taken off already.")
    return display


def _darken(display: Display) -> None:
    transaction.on_commit(lambda: end_streams([name_of(display.pk)]), robust=True)


def _check(
    expires_on: date | None, site_id: int | None, theatre_ids: Collection[int], theatres: Sequence[Theatre]
) -> None:
    today = timezone.localdate()
    if expires_on and not today <= expires_on <= today + LONGEST_LIFE:
        raise InvalidPlanError("expires_on", "Its last day is today or later, and within five years.")
    if len(theatres) != len(set(theatre_ids)):
        raise InvalidPlanError("theatres", "One of these theatres does not exist. Choose again.")
    if any(site_id is not None and theatre.site_id != site_id for theatre in theatres):
        raise InvalidPlanError("theatres", "Choose theatres of the site, or no site.")
