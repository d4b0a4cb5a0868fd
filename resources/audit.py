"""What django-auditlog keeps of this app."""

from auditlog.registry import auditlog

from resources import models


def register() -> None:
    """Trail every list and every rule about when a resource may be held."""
    auditlog.register(models.Theatre, m2m_fields={"features"})
    auditlog.register(models.StaffMember, m2m_fields={"specialties"})
    auditlog.register(models.SurgeonGroup, m2m_fields={"members"})
    for model in (
        models.Bed,
        models.BlockRelease,
        models.BlockTemplate,
        models.Credential,
        models.EquipmentItem,
        models.EquipmentType,
        models.Feature,
        models.Grade,
        models.Holiday,
        models.LayOut,
        models.OpeningException,
        models.OpeningHours,
        models.PatternShift,
        models.ReleaseRule,
        models.RosterAssignment,
        models.RosterException,
        models.RosterPattern,
        models.SessionStaff,
        models.Shift,
        models.ShiftKind,
        models.Site,
        models.Specialty,
        models.StaffCredential,
        models.TeamNeed,
        models.TheatreSession,
        models.TimeRequest,
        models.Unavailability,
    ):
        auditlog.register(model)
