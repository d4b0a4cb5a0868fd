"""The displays that somebody may manage."""

from django.db.models import F, Q

from accounts.models import User
from scheduling import permissions
from scheduling.models import Display

ENDED_SHOWN = 20


def displays_of(viewer: User) -> tuple[list[Display], list[Display]]:
    """Return the displays within the reach of ``viewer``: those that hang, and those taken off last."""
    found = Display.objects.filter(_reach(viewer)).select_related("site", "made_by", "revoked_by")
    found = found.prefetch_related("theatres")
    ended = found.exclude(revoked_at=None).order_by(F("revoked_at").desc())
    return list(found.filter(revoked_at=None)), list(ended[:ENDED_SHOWN])


def _reach(viewer: User) -> Q:
    grants = [grant for grant in viewer.grants_of(permissions.MANAGE_DISPLAYS) if not grant.specialties]
    if any(not grant.sites for grant in grants):
        return Q()
    return Q(site__in=[site for grant in grants for site in grant.sites])
