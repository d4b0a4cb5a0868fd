"""What the installation remembers about itself."""

from django.db import models


class BackupMade(models.Model):
    """One backup that was written and read back. Where it lies now, only those know who took it away."""

    at = models.DateTimeField(auto_now_add=True)
    name = models.CharField(max_length=200)
    size = models.PositiveBigIntegerField(help_text="Bytes, encrypted.")
    rows = models.PositiveBigIntegerField()
    seconds = models.FloatField()

    class Meta:
        ordering = ("-at",)
        verbose_name_plural = "backups made"

    def __str__(self) -> str:
        """Return the file's name."""
        return self.name


class RestoreDrill(models.Model):
    """One time that a backup was restored for practice, and what came of it."""

    at = models.DateTimeField(auto_now_add=True)
    backup = models.CharField(max_length=200)
    size = models.PositiveBigIntegerField(help_text="Bytes, encrypted.")
    rows = models.PositiveBigIntegerField()
    seconds = models.FloatField()
    succeeded = models.BooleanField()
    faults = models.JSONField(default=list, blank=True)

    class Meta:
        ordering = ("-at",)

    def __str__(self) -> str:
        """Return outcome and file."""
        return f"{'Restored' if self.succeeded else 'Not restored'}: {self.backup}"
