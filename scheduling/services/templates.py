"""Save and remove blocks that repeat; dated sessions change only by laying out."""

from accounts.models import User
from accounts.permissions import authorise
from resources.models import BlockTemplate
from resources.permissions import AVAILABILITY
from scheduling.block_owners import BlockAccess
from scheduling.services.errors import InvalidPlanError, NotPossibleError
from scheduling.services.locking import command
from scheduling.services.sessions import lock_theatres


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
        other = next((one for one in _alike(template) if _meet(one, template)), None)
        if other is not None:
            raise InvalidPlanError("starts", f"This overlaps another block of the theatre: {other}. Change that first.")
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


def _alike(template: BlockTemplate) -> list[BlockTemplate]:
    rows = BlockTemplate.objects.filter(theatre=template.theatre_id, weekday=template.weekday)
    return list(rows.exclude(pk=template.pk or 0).select_related("specialty", "surgeon", "group"))


def _meet(one: BlockTemplate, other: BlockTemplate) -> bool:
    """Say whether two blocks of a weekday share a day and a minute."""
    apart_in_dates = (one.valid_until and other.valid_from and one.valid_until < other.valid_from) or (
        other.valid_until and one.valid_from and other.valid_until < one.valid_from
    )
    return not apart_in_dates and _share_hours(one, other) and _share_weeks(one, other)


def _share_hours(one: BlockTemplate, other: BlockTemplate) -> bool:
    return ((not one.ends.hour and not one.ends.minute) or one.ends > other.starts) and (
        (not other.ends.hour and not other.ends.minute) or other.ends > one.starts
    )


MOST_CYCLES = 12
"""After so many weeks every pair of cycles of one to four weeks has met in all the ways it can."""


def _share_weeks(one: BlockTemplate, other: BlockTemplate) -> bool:
    return any(
        week % one.cycle_weeks + 1 == one.week_of_cycle and week % other.cycle_weeks + 1 == other.week_of_cycle
        for week in range(MOST_CYCLES)
    )
