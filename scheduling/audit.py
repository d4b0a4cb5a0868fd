"""What django-auditlog keeps of this app.

Reservations are not in it: they are written in bulk by the services alone, and each command's
:class:`~scheduling.models.OperationChange` holds them before and after.
"""

from auditlog.registry import auditlog

from scheduling import models


def register() -> None:
    """Trail operations and the catalogue they are made from."""
    auditlog.register(
        models.Display,
        exclude_fields=["link_hash", "link_until", "key_hash", "last_seen_at"],
        m2m_fields={"theatres"},
    )
    auditlog.register(models.Operation, exclude_fields=["notes"])
    auditlog.register(models.OperationConsent, exclude_fields=["note", "taken_back_because"])
    auditlog.register(models.OperationEvent, exclude_fields=["reason"])
    auditlog.register(models.ListNote, exclude_fields=["text"])
    auditlog.register(models.ListDecision, exclude_fields=["reason"])
    auditlog.register(models.ClockPause, exclude_fields=["note"])
    auditlog.register(models.LoanKit, exclude_fields=["note"])
    auditlog.register(models.OperationDelay, exclude_fields=["note"])
    auditlog.register(models.Procedure, m2m_fields={"features", "credentials"})
    for model in (
        models.CancellationReason,
        models.ChecklistItem,
        models.DelayReason,
        models.ListClosing,
        models.Priority,
        models.ProcedureEquipment,
        models.ProcedureStaff,
        models.WaitingView,
    ):
        auditlog.register(model)
