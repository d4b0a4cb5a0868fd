"""The three tables of the record. The first migration makes them by SQL: they are partitioned by month.

Nobody writes them through these models: triggers fill :class:`Event`, ``recording`` fills
:class:`Access`, ``chain`` fills :class:`Link`; nothing changes or deletes a row.
"""

from django.db import models


class Event(models.Model):
    """One row of one table that was written, whoever wrote it and by whatever way.

    ``changed`` maps each column that differs to ``[before, after]``, or to ``"changed"`` where the
    value itself must not be kept. ``source`` is ``web``, ``display:NUMBER``, ``task:NAME``,
    ``command:NAME`` or ``sql``.
    """

    id = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField()
    table_name = models.TextField()
    row_id = models.TextField(null=True)  # noqa: DJ001  # a TRUNCATE has no row
    action = models.TextField()
    changed = models.JSONField()
    actor_id = models.BigIntegerField(null=True)
    request_id = models.UUIDField(null=True)
    address = models.GenericIPAddressField(null=True)
    source = models.TextField()

    class Meta:
        managed = False
        default_permissions = ()
        db_table = "audit_event"

    def __str__(self) -> str:
        """Return what happened to which row: no values, because this ends up in logs."""
        return f"{self.action} {self.table_name} {self.row_id}"


class AccessKind(models.TextChoices):
    """How a patient's data were seen."""

    VIEW = "view", "Opened"
    LIST = "list", "In a list"
    SEARCH = "search", "Found by search"
    PRINT = "print", "Printed"
    EXPORT = "export", "Exported"
    API = "api", "By another system"
    LIVE = "live", "On a live board"


class Access(models.Model):
    """One patient seen by one person in one answer. ``session`` is a hash, enough to tell sessions apart."""

    id = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField()
    patient_id = models.BigIntegerField()
    actor_id = models.BigIntegerField(null=True)
    view = models.TextField()
    kind = models.TextField(choices=AccessKind)
    reason = models.TextField(blank=True)
    session = models.TextField(blank=True)
    request_id = models.UUIDField(null=True)
    address = models.GenericIPAddressField(null=True)

    class Meta:
        managed = False
        default_permissions = ()
        db_table = "audit_access"

    def __str__(self) -> str:
        """Return kind and numbers: no name, because this ends up in logs."""
        return f"{self.kind} of patient {self.patient_id} by {self.actor_id}"


class Link(models.Model):
    """One link of the chain: the seal of one row, a mark of how far sealing came, or a dropped month.

    ``hash`` is HMAC-SHA256 with the key of the site over the hash before and ``row_hash``.
    """

    seq = models.BigIntegerField(primary_key=True)
    kind = models.TextField()
    row_id = models.BigIntegerField()
    row_at = models.DateTimeField()
    note = models.TextField(blank=True)
    row_hash = models.BinaryField()
    hash = models.BinaryField()
    sealed_at = models.DateTimeField()

    class Meta:
        managed = False
        default_permissions = ()
        db_table = "audit_link"

    def __str__(self) -> str:
        """Return number and kind."""
        return f"{self.seq} {self.kind} {self.row_id}"
