"""Theatres, staff, equipment and beds."""

from typing import Any, ClassVar

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from accounts.admin_access import ListedInline, ManagedInline
from accounts.admin_limits import LimitedAdmin, LimitedInline
from resources.admin.availability import KINDS_SITES, OpeningHoursInline, ShiftInline, UnavailabilityInline
from resources.admin.in_use import InUseAdmin
from resources.models import Bed, EquipmentItem, Resource, StaffCredential, StaffMember, Theatre
from resources.permissions import AVAILABILITY, REFERENCE


@admin.register(Resource)
class ResourceAdmin(LimitedAdmin):
    """Serves the search for any resource; each kind has pages of its own."""

    capability = REFERENCE
    view_capability = AVAILABILITY
    list_display = ("name", "kind", "in_use")
    list_filter = ("kind", "in_use")
    site_paths = KINDS_SITES
    specialty_paths = ("staffmember__specialties",)
    search_fields = ("name",)
    actions = None

    def has_module_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002
        """Keep it off the index."""
        return False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        """Refuse: a resource is made as one of its kinds."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        """Refuse: a resource is changed as one of its kinds."""
        return False

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:  # noqa: ARG002
        """Refuse: the permission to delete is for the row behind a theatre, with the theatre."""
        raise PermissionDenied


class KindAdmin(LimitedAdmin, InUseAdmin):
    """One kind of resource."""

    capability = REFERENCE
    view_capability = AVAILABILITY
    search_fields: ClassVar[tuple[str, ...]] = ("name",)
    inlines: ClassVar[tuple[type[ManagedInline], ...]] = (UnavailabilityInline,)


@admin.register(Theatre)
class TheatreAdmin(KindAdmin):
    """Theatres in the order of the day board."""

    site_paths = ("site",)
    list_display = (
        "name", "code", "site", "position", "features_had", "turnover_minutes", "kept_for_emergencies", "in_use",
    )  # fmt: skip
    list_filter = ("in_use", "site", "kept_for_emergencies", "features")
    list_select_related = ("site",)
    search_fields = ("name", "code")
    autocomplete_fields = ("site", "features")
    inlines = (OpeningHoursInline, UnavailabilityInline)
    fieldsets = (
        (None, {"fields": ("name", "code", "site", "position", "in_use")}),
        ("Use", {"fields": ("features", "turnover_minutes", "kept_for_emergencies")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Theatre]:
        """Read the features of the whole page at once."""
        rows: QuerySet[Theatre] = super().get_queryset(request)
        return rows.prefetch_related("features")

    @admin.display(description="features")
    def features_had(self, theatre: Theatre) -> str:
        """Return the names of the features."""
        return ", ".join(feature.name for feature in theatre.features.all())


class StaffCredentialInline(LimitedInline, ListedInline):
    """What the person may practise, and from when to when."""

    model = StaffCredential
    entry = "credential"
    capability = REFERENCE
    view_capability = AVAILABILITY
    fields = ("credential", "valid_from", "valid_until")
    verbose_name = "credential"


@admin.register(StaffMember)
class StaffMemberAdmin(KindAdmin):
    """Everybody who works in theatres."""

    site_paths = ("site",)
    specialty_paths = ("specialties",)
    list_display = ("name", "profession", "grade", "specialties_of", "code", "rostered", "in_use")
    list_filter = ("in_use", "profession", "grade", "rostered", "specialties")
    list_select_related = ("user", "site", "grade")
    search_fields = ("name", "code")
    autocomplete_fields = ("user", "grade", "specialties", "site")
    inlines = (StaffCredentialInline, ShiftInline, UnavailabilityInline)
    fieldsets = (
        (None, {"fields": ("name", "code", "profession", "grade", "specialties", "site", "in_use")}),
        ("Limits", {"fields": ("daily_operations_limit", "supervises_at_once", "rostered")}),
        ("Sign-in", {"fields": ("user",)}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[StaffMember]:
        """Read the specialties of the whole page at once."""
        rows: QuerySet[StaffMember] = super().get_queryset(request)
        return rows.prefetch_related("specialties")

    @admin.display(description="specialties")
    def specialties_of(self, member: StaffMember) -> str:
        """Return the names of the specialties."""
        return ", ".join(specialty.name for specialty in member.specialties.all())


@admin.register(EquipmentItem)
class EquipmentItemAdmin(KindAdmin):
    """Each countable piece."""

    site_paths = ("site",)
    list_display = ("name", "type", "serial_number", "in_use")
    list_filter = ("in_use", "type")
    list_select_related = ("type", "site")
    search_fields = ("name", "serial_number", "type__name")
    autocomplete_fields = ("type", "site")


@admin.register(Bed)
class BedAdmin(KindAdmin):
    """Beds for after the operation."""

    site_paths = ("site",)
    list_display = ("name", "bed_kind", "area", "in_use")
    list_filter = ("in_use", "bed_kind", "area")
    search_fields = ("name", "area")
    autocomplete_fields = ("site",)
