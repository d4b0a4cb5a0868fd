"""Notes of a day, for everybody or for one theatre's list."""

from django.db import models

from accounts.encryption.fields import EncryptedTextField
from accounts.models import User
from resources.models import Theatre


class ListNote(models.Model):
    """What a team has to know of a day, or of one theatre's list on it; one text, which the next one replaces.

    It is about the list and not about a patient: who may see the schedule reads it.
    """

    day = models.DateField()
    theatre = models.ForeignKey(Theatre, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    text = EncryptedTextField(blank=True)
    written_at = models.DateTimeField(auto_now=True)
    written_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("day", "theatre"), nulls_distinct=False, name="list_note_one_of_a_list"),
        )

    def __str__(self) -> str:
        """Return which list it belongs to."""
        return f"Note of {self.day:%d %b %Y}"
