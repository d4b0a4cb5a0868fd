"""Who may do what with theatre time: its owners, and those who run the schedule."""

from functools import cached_property

from django.core.exceptions import PermissionDenied

from accounts.grants import Grant
from accounts.models import User
from resources.models import OwnerKind, Profession, StaffMember, Theatre
from resources.models.sessions import Owned
from resources.permissions import AVAILABILITY
from scheduling.access import ELSEWHERE

NOT_YOURS = "This is not your theatre time. Ask its owner, or a theatre coordinator."


class BlockAccess:
    """What one person owns and runs; read once, however many sessions are asked about."""

    def __init__(self, user: User) -> None:
        self.user = user

    @cached_property
    def person(self) -> StaffMember | None:
        """The surgeon who signs in as this user."""
        return StaffMember.objects.filter(user=self.user, profession=Profession.SURGEON, in_use=True).first()

    @cached_property
    def specialties(self) -> frozenset[int]:
        """The numbers of the surgeon's specialties."""
        return frozenset(self.person.specialties.values_list("pk", flat=True)) if self.person else frozenset()

    @cached_property
    def groups(self) -> frozenset[int]:
        """The numbers of the surgeon's groups."""
        return frozenset(self.person.surgeon_groups.values_list("pk", flat=True)) if self.person else frozenset()

    @property
    def _running(self) -> tuple[Grant, ...]:
        """The roles by which the person runs the schedule."""
        return self.user.grants_of(AVAILABILITY)

    def owns(self, owned: Owned) -> bool:
        """Say whether the person is the surgeon, one of the group, or a surgeon of the specialty that owns it."""
        match owned.owner_kind:
            case OwnerKind.SURGEON:
                return self.person is not None and owned.surgeon_id == self.person.pk
            case OwnerKind.SPECIALTY:
                return owned.specialty_id in self.specialties
            case OwnerKind.GROUP:
                return owned.group_id in self.groups
        return False

    def runs(self, theatre: Theatre, specialty_id: int | None = None) -> bool:
        """Say whether the person runs the block schedule of this theatre, of a specialty's time there.

        Time that is no specialty's is run by those only whose role reaches all of them.
        """
        return any(
            (not grant.specialties or specialty_id in grant.specialties)
            and (not grant.sites or theatre.site_id in grant.sites)
            for grant in self._running
        )

    def runs_time_of(self, specialty_id: int) -> bool:
        """Say whether the person runs the specialty's time, in one theatre at least."""
        return any(not grant.specialties or specialty_id in grant.specialties for grant in self._running)

    @property
    def asks_for(self) -> frozenset[int] | None:
        """The numbers of the specialties for which the person may ask for time; None for all of them."""
        if self.lays_out:
            return None
        return self.specialties.union(*(grant.specialties for grant in self._running))

    @property
    def runs_some(self) -> bool:
        """Say whether the person runs the schedule of any theatre."""
        return self.user.can(AVAILABILITY)

    @property
    def lays_out(self) -> bool:
        """Say whether the person runs whole theatres, not only some specialties' time in them."""
        return any(not grant.specialties for grant in self._running)

    def demand_running(self, theatre: Theatre, *specialty_ids: int | None) -> None:
        """Raise :class:`PermissionDenied` unless the person runs the time of each of the specialties there."""
        if not all(self.runs(theatre, specialty_id) for specialty_id in specialty_ids):
            raise PermissionDenied(ELSEWHERE)

    def demand_own(self, owned: Owned, theatre: Theatre) -> None:
        """Raise :class:`PermissionDenied` unless the person owns the time or runs the schedule of its theatre."""
        if not self.owns(owned) and not self.runs(theatre, owned.specialty_id):
            raise PermissionDenied(NOT_YOURS)
