"""What the search for patients looks up."""

from django.db import models

from patients.models.identity import Patient


class NameWord(models.Model):
    """One word of a patient's names as the search compares them: small letters without accents.

    Triggers write these rows whenever a name or a date of birth changes, whoever changes it (the migration that
    makes the table has them); nobody else does. ``names`` holds all words of the patient, with a blank before and
    after each, so that one index answers for several words at once.
    """

    patient = models.ForeignKey(Patient, on_delete=models.DO_NOTHING, db_constraint=False, related_name="name_words")
    word = models.TextField(db_collation="C")
    names = models.TextField(db_collation="C")
    born = models.DateField(null=True)

    class Meta:
        indexes = (models.Index(fields=("word", "names", "patient", "born"), name="nameword_in_order"),)
        default_permissions = ()

    def __str__(self) -> str:
        """Return our own number only: names stay out of logs."""
        return f"Word {self.pk}"
