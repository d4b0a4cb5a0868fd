"""Procedures, priorities, reasons for not going ahead or being late, closing times, and the safety checklist."""

from django.contrib import admin

from accounts.admin_access import ListedInline
from accounts.admin_limits import LimitedAdmin, LimitedInline
from resources.admin.in_use import InUseAdmin
from resources.admin.lists import AllergensForm
from scheduling.models import (
    CancellationReason,
    ChecklistItem,
    DelayReason,
    ListClosing,
    Priority,
    Procedure,
    ProcedureEquipment,
    ProcedureStaff,
)
from scheduling.permissions import CATALOGUE, INSPECT


class EquipmentNeedInline(LimitedInline, ListedInline):
    """Kinds of equipment that the procedure needs."""

    model = ProcedureEquipment
    entry = "equipment_type"
    capability = CATALOGUE
    view_capability = INSPECT
    fields = ("equipment_type", "quantity")
    verbose_name = "equipment need"
    verbose_name_plural = "equipment needed"


class StaffNeedInline(LimitedInline):
    """People whom the procedure needs beside the lead surgeon."""

    model = ProcedureStaff
    capability = CATALOGUE
    view_capability = INSPECT
    fields = ("role", "quantity")
    verbose_name = "staff need"
    verbose_name_plural = "people needed beside the lead surgeon"


@admin.register(Procedure)
class ProcedureAdmin(LimitedAdmin, InUseAdmin):
    """What can be booked, with typical minutes and needs."""

    capability = CATALOGUE
    shared = True
    view_capability = INSPECT
    form = AllergensForm
    list_display = (
        "name", "code", "specialty", "anaesthesia_minutes", "surgery_minutes", "day_case", "in_use",
    )  # fmt: skip
    list_filter = ("in_use", "specialty", "laterality", "day_case", "bed_kind")
    list_select_related = ("specialty",)
    search_fields = ("name", "code")
    autocomplete_fields = ("specialty", "features", "credentials")
    inlines = (EquipmentNeedInline, StaffNeedInline)
    fieldsets = (
        (None, {"fields": ("name", ("code", "code_system"), "specialty", "laterality", "day_case", "in_use")}),
        (
            "Minutes",
            {"fields": ("set_up_minutes", "anaesthesia_minutes", "surgery_minutes", "clean_up_minutes")},
        ),
        ("Needs", {"fields": ("anaesthesia_type", "features", "credentials", "bed_kind", "bed_minutes")}),
        ("Contact with allergens", {"fields": ("allergens",)}),
    )


@admin.register(Priority)
class PriorityAdmin(LimitedAdmin):
    """How soon an operation is due."""

    capability = CATALOGUE
    shared = True
    view_capability = INSPECT
    list_display = ("code", "name", "target_days", "target_minutes", "rank", "emergency", "scheme")
    list_filter = ("emergency", "scheme")
    search_fields = ("code", "name")


@admin.register(CancellationReason)
class CancellationReasonAdmin(LimitedAdmin, InUseAdmin):
    """Why an operation did not go ahead."""

    capability = CATALOGUE
    shared = True
    view_capability = INSPECT
    list_display = ("label", "group", "applies_to", "clinical", "hospital_initiated", "avoidable", "in_use")
    list_filter = ("in_use", "applies_to", "group", "clinical", "avoidable")
    search_fields = ("label", "group", "code")


@admin.register(DelayReason)
class DelayReasonAdmin(LimitedAdmin, InUseAdmin):
    """Why an operation was late."""

    capability = CATALOGUE
    shared = True
    view_capability = INSPECT
    list_display = ("label", "group", "in_use")
    list_filter = ("in_use", "group")
    search_fields = ("label", "group", "code")


@admin.register(ListClosing)
class ListClosingAdmin(LimitedAdmin):
    """When theatre lists are closed by themselves; without any row they stay open."""

    capability = CATALOGUE
    shared = True
    view_capability = INSPECT
    list_display = ("__str__", "specialty", "closes", "working_days_before", "at")
    list_select_related = ("specialty",)
    search_fields = ("specialty__name",)
    autocomplete_fields = ("specialty",)


@admin.register(ChecklistItem)
class ChecklistItemAdmin(LimitedAdmin, InUseAdmin):
    """The safety checklist in the hospital's words."""

    capability = CATALOGUE
    shared = True
    view_capability = INSPECT
    list_display = ("text", "part", "position", "may_not_apply", "in_use")
    list_filter = ("in_use", "part")
    search_fields = ("text", "code")
