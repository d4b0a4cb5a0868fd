"""Everything an operation can hold, and when it may be held."""

from resources.models.availability import OpeningHours, Shift, Unavailability
from resources.models.blocks import Block
from resources.models.reference import (
    Allergen,
    Credential,
    EquipmentType,
    Feature,
    Hue,
    Site,
    Specialty,
)
from resources.models.resource import (
    Bed,
    BedKind,
    EquipmentItem,
    Profession,
    Resource,
    ResourceKind,
    StaffCredential,
    StaffMember,
    Theatre,
)

__all__ = [
    "Allergen",
    "Bed",
    "BedKind",
    "Block",
    "Credential",
    "EquipmentItem",
    "EquipmentType",
    "Feature",
    "Hue",
    "OpeningHours",
    "Profession",
    "Resource",
    "ResourceKind",
    "Shift",
    "Site",
    "Specialty",
    "StaffCredential",
    "StaffMember",
    "Theatre",
    "Unavailability",
]
