"""Save and remove blocks that repeat; dated sessions change only by laying out."""

from accounts.models import User
from accounts.permissions import authorise
from resources.models import BlockTemplate
from resources.permissions import AVAILABILITY
from scheduling.block_owners import BlockAccess
from scheduling.services.errors import NotPossibleError
from scheduling.services.locking import command
from scheduling.services.sessions import demand_apart, lock_theatres


def save_template(*, actor: User, template: BlockTemplate) -> BlockTemplate:
    """Save a new or changed block.

    Raises :class:`InvalidPlanError` where another block of the theatre falls on one of its days at the same time.
    """
    authorise(actor, AVAILABILITY)
    access = BlockAccess(actor)
    access.demand_running(template.theatre, template.specialty_id)
    with command():
        stored = BlockTemplate.objects.select_related("theatre").filter(pk=template.pk or 0).first()
        if stored is not None:
            access.demand_running(stored.theatre, stored.specialty_id)  # nobody takes over what is out of reach
        lock_theatres({template.theatre_id, stored.theatre_id if stored else template.theatre_id})
        demand_apart(template)
        template.save()
    return template


def remove_template(*, actor: User, template_id: int) -> None:
    """Remove a block; its sessions stay until the days are laid out again."""
    authorise(actor, AVAILABILITY)
    with command():
        template = BlockTemplate.objects.select_related("theatre").filter(pk=template_id).first()
        if template is None:
            raise NotPossibleError("This block does not exist any more.")
        BlockAccess(actor).demand_running(template.theatre, template.specialty_id)
        lock_theatres([template.theatre_id])
        template.delete()
