"""What django-auditlog keeps of this app."""

from auditlog.registry import auditlog

from resources import models


def register() -> None:
    """Trail every list and every rule about when a resource may be held."""
    auditlog.register(models.Theatre, m2m_fields={"features"})
    auditlog.register(models.StaffMember, m2m_fields={"specialties"})
    for model in (
        models.Bed,
        models.Block,
        models.Credential,
        models.EquipmentItem,
        models.EquipmentType,
        models.Feature,
        models.OpeningHours,
        models.Shift,
        models.Site,
        models.Specialty,
        models.StaffCredential,
        models.Unavailability,
    ):
        auditlog.register(model)
