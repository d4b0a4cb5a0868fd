"""A screen on a wall that shows one board without anybody being signed in at it."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from resources.models import Site, Theatre


class BoardKind(models.TextChoices):
    """Which board a display shows."""

    THEATRES = "theatres", "Theatres now"
    FAMILIES = "families", "Where is my patient? (families)"


class Display(models.Model):
    """One screen: what it shows, who set it up, and the hashes of what opens it.

    ``link_hash`` stands while the link waits to be opened, ``key_hash`` once a screen holds its key; neither secret is
    kept. The key opens this display's board and nothing else, until ``revoked_at`` or after ``expires_on``, its last
    day by the hospital's clock. Without ``theatres`` it shows all of the site, without a site all there are.
    """

    name = models.CharField(max_length=60, help_text="Where it hangs: Corridor east.")
    board = models.CharField(max_length=10, choices=BoardKind)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    theatres = models.ManyToManyField(Theatre, blank=True, related_name="+")
    expires_on = models.DateField(null=True, blank=True)
    made_at = models.DateTimeField(default=timezone.now)
    made_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    link_hash = models.CharField(max_length=64, null=True, blank=True, unique=True)  # none are not equal
    link_until = models.DateTimeField(null=True, blank=True)
    key_hash = models.CharField(max_length=64, null=True, blank=True, unique=True)
    opened_at = models.DateTimeField(null=True, blank=True)
    last_seen_at = models.DateTimeField(null=True, blank=True)
    last_address = models.GenericIPAddressField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ("name", "id")
        constraints = (
            models.CheckConstraint(
                condition=Q(revoked_at=None) | Q(link_hash=None, key_hash=None), name="display_revoked_opens_nothing"
            ),
        )

    def __str__(self) -> str:
        """Return where it hangs."""
        return self.name

    @property
    def is_over(self) -> bool:
        """Say whether its last day is past."""
        return self.expires_on is not None and self.expires_on < timezone.localdate()

    @property
    def waits(self) -> bool:
        """Say whether its link was given out and can still be opened."""
        return self.link_until is not None and self.link_hash is not None and timezone.now() < self.link_until
