"""Write what a team has to know of a list."""

from datetime import date
from typing import Any

from django.db import transaction

from accounts.models import User
from accounts.permissions import authorise
from messaging.live import publish_changed
from scheduling import permissions
from scheduling.access import demand_place
from scheduling.models import ListNote
from scheduling.services.errors import InvalidPlanError
from scheduling.services.locking import command

LONGEST_NOTE = 1000


def write_list_note(*, actor: User, day: date, theatre_id: int | None, text: str) -> ListNote | None:
    """Set the note of a theatre's list, or of the whole day without a theatre; an empty text removes it.

    Raises :class:`InvalidPlanError` for a text that is too long or a whole day that is not the actor's, and what
    :func:`~scheduling.access.demand_place` raises.
    """
    authorise(actor, permissions.BOOK)
    demand_place(actor, permissions.BOOK, theatre_id=theatre_id)
    if theatre_id is None and all(grant.sites for grant in actor.grants_of(permissions.BOOK)):
        raise InvalidPlanError("whole_day", "Your role is limited to a site. Write to its lists one by one.")
    text = text.strip()
    if len(text) > LONGEST_NOTE:
        raise InvalidPlanError("text", f"At most {LONGEST_NOTE} characters; this has {len(text)}.")
    with command():
        place: dict[str, Any] = {"day": day, "theatre_id": theatre_id}
        note = None
        if text:
            note, _ = ListNote.objects.update_or_create(**place, defaults={"text": text, "written_by": actor})
        else:
            ListNote.objects.filter(**place).delete()
        transaction.on_commit(lambda: publish_changed({day}), robust=True)
    return note
