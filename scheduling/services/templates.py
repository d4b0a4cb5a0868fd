"""Save and remove blocks that repeat; dated sessions change only by laying out."""

from accounts.models import User
from accounts.permissions import authorise
from resources.models import BlockTemplate
from resources.permissions import AVAILABILITY
from scheduling.block_owners import BlockAccess
from scheduling.services.errors import NotPossibleError
from scheduling.services.locking import command
from scheduling.services.sessions import demand_apart, lock_theatres

GONE = "Somebody has removed this block. Add a new one if it is still needed."

CHANGED = "Somebody has changed this block meanwhile. Look at it again, then repeat."


def save_template(*, actor: User, template: BlockTemplate, seen: str = "") -> BlockTemplate:
    """Save a new or changed block; ``seen`` is the mark of what the actor changed, if it was shown.

    Raises :class:`InvalidPlanError` where another block of the theatre falls on one of its days at the same time, and
    :class:`NotPossibleError` where somebody has changed or removed it meanwhile.
    """
    authorise(actor, AVAILABILITY)
    access = BlockAccess(actor)
    access.demand_running(template.theatre, template.specialty_id)
    with command():
        if template.pk:
            stored = _lock_stored(template.pk, template.theatre_id)
            access.demand_running(stored.theatre, stored.specialty_id)  # nobody takes over what is out of reach
            if seen and stored.mark not in (seen, template.mark):  # the same once more changes nothing
                raise NotPossibleError(CHANGED)
        else:
            lock_theatres([template.theatre_id])
        demand_apart(template)
        template.save(force_update=bool(template.pk))  # a plain save would add a removed one anew
    return template


def remove_template(*, actor: User, template_id: int) -> None:
    """Remove a block; its sessions stay until the days are laid out again."""
    authorise(actor, AVAILABILITY)
    with command():
        template = _lock_stored(template_id)
        BlockAccess(actor).demand_running(template.theatre, template.specialty_id)
        template.delete()


def _lock_stored(template_id: int, *theatre_ids: int) -> BlockTemplate:
    """Lock a block's theatre, and those it is to have, then the block; return it as it is then.

    Raises :class:`NotPossibleError` where it is gone or was given to another theatre meanwhile.
    """
    theatre = BlockTemplate.objects.filter(pk=template_id).values_list("theatre", flat=True).first()
    if theatre is None:
        raise NotPossibleError(GONE)
    lock_theatres({theatre, *theatre_ids})
    rows = BlockTemplate.objects.select_for_update(no_key=True, of=("self",)).select_related("theatre")
    stored = rows.filter(pk=template_id).first()
    if stored is None:
        raise NotPossibleError(GONE)
    if stored.theatre_id != theatre:  # one that is not locked
        raise NotPossibleError(CHANGED)
    return stored
