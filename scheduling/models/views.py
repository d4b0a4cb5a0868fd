"""Views of the waiting list that people keep."""

from django.db import models

from accounts.models import User

LONGEST_QUERY = 500


class WaitingView(models.Model):
    """Filters and an order of the waiting list under a name; its owner's own, or shared with everybody.

    ``query`` is the question of the page's address. It names no patient: what is searched for never stands there.
    """

    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=LONGEST_QUERY, blank=True)
    shared = models.BooleanField(default=False, help_text="Everybody who sees the waiting list may open it.")

    class Meta:
        ordering = ("name", "id")
        constraints = (
            models.UniqueConstraint(fields=("owner", "name"), name="waiting_view_name_unique"),
            models.CheckConstraint(condition=~models.Q(name=""), name="waiting_view_named"),
        )
        indexes = (models.Index(fields=("name",), condition=models.Q(shared=True), name="waiting_view_shared"),)

    def __str__(self) -> str:
        """Return the name."""
        return self.name
