"""Operations and what happened to them: to look at only. The services alone write them."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.db.models.functions import Lower
from django.http import HttpRequest

from accounts.admin_access import ReadOnlyAdmin, ReadOnlyInline
from resources.admin.period import period_in_words
from scheduling.models import (
    Operation,
    OperationChange,
    OperationEquipment,
    OperationEvent,
    OperationStaff,
    Reservation,
)
from scheduling.permissions import INSPECT


class LookedAt(ReadOnlyAdmin):
    """Found by case number only, so that no address names a patient."""

    view_capability = INSPECT
    ordering = ("-pk",)

    @admin.display(description="planned", ordering=Lower("period"))
    def planned(self, row: Any) -> str:
        """Return the planned time in local words."""
        return period_in_words(row.period) if row.period else "–"


class NeedInline(ReadOnlyInline):
    """Rows that name what they need."""

    view_capability = INSPECT


class EquipmentInline(NeedInline):
    """Kinds of equipment needed."""

    model = OperationEquipment
    fields = ("equipment_type", "quantity")
    verbose_name_plural = "equipment needed"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Read the kinds with the rows."""
        return super().get_queryset(request).select_related("equipment_type")


class StaffInline(NeedInline):
    """People needed."""

    model = OperationStaff
    fields = ("role", "quantity")
    verbose_name_plural = "people needed beside the lead surgeon"


class ReservationInline(NeedInline):
    """What the operation holds."""

    model = Reservation
    fields = ("role", "resource", "when", "active", "exclusive")
    readonly_fields = ("when",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Read the resources with the rows."""
        return super().get_queryset(request).select_related("resource")

    @admin.display(description="when")
    def when(self, row: Reservation) -> str:
        """Return the period in local words."""
        return period_in_words(row.period)


@admin.register(Operation)
class OperationAdmin(LookedAt):
    """One surgical case."""

    list_display = ("__str__", "status", "patient", "procedure", "specialty", "lead_surgeon", "theatre", "planned")
    list_filter = ("status", "specialty", "theatre", "priority", "infectious")
    list_select_related = (
        "patient", "procedure", "specialty", "priority", "lead_surgeon", "theatre", "confirmed_by", "cancelled_for",
    )  # fmt: skip
    search_fields = ("=id", "=external_id")
    search_help_text = "Case number, here or in the list it came from."
    exclude = ("period",)
    readonly_fields = ("planned",)
    inlines = (ReservationInline, EquipmentInline, StaffInline)

    def view_on_site(self, operation: Operation) -> str:
        """Link to the operation's own page, where it is worked on."""
        return f"/operations/{operation.pk}/"


@admin.register(Reservation)
class ReservationAdmin(LookedAt):
    """One resource held for one operation."""

    list_display = ("operation", "resource", "role", "planned", "active", "exclusive")
    list_filter = ("role", "active", "resource__kind")
    list_select_related = ("operation", "resource")
    search_fields = ("=operation__id", "resource__name")
    search_help_text = "Case number or resource."
    fields = ("operation", "resource", "role", "planned", "active", "exclusive")
    readonly_fields = ("planned",)


@admin.register(OperationChange)
class OperationChangeAdmin(LookedAt):
    """One command that succeeded."""

    list_display = ("operation", "version", "verb", "actor", "at", "reason")
    list_filter = ("verb", "at")
    list_select_related = ("operation", "actor", "reason", "undoes")
    search_fields = ("=operation__id", "actor__email", "actor__family_name")
    search_help_text = "Case number or who did it."


@admin.register(OperationEvent)
class OperationEventAdmin(LookedAt):
    """One thing that happened in theatre."""

    list_display = ("operation", "kind", "at", "recorded_by", "recorded_at", "current")
    list_filter = ("kind", "current", "at")
    list_select_related = ("operation", "recorded_by", "supersedes")
    search_fields = ("=operation__id", "recorded_by__email", "recorded_by__family_name")
    search_help_text = "Case number or who recorded it."
