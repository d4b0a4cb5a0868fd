"""Specialties, features, credentials and kinds of equipment."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from accounts.admin_limits import LimitedAdmin
from resources.models import Allergen, Credential, EquipmentType, Feature, Grade, Site, Specialty
from resources.permissions import AVAILABILITY, REFERENCE


class AllergensForm(forms.ModelForm):  # type: ignore[type-arg]  # generic only for the type checker
    """Allergens as boxes to tick."""

    allergens = forms.MultipleChoiceField(choices=Allergen.choices, required=False, widget=forms.CheckboxSelectMultiple)


class CodedNameAdmin(LimitedAdmin):
    """A code for files, a name for people."""

    capability = REFERENCE
    view_capability = AVAILABILITY
    shared = True
    list_display: tuple[str, ...] = ("name", "code")
    search_fields = ("name", "code")
    prepopulated_fields = {"code": ("name",)}

    def get_prepopulated_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Propose a code for a new row only: files know the old ones."""
        return super().get_prepopulated_fields(request, obj) if obj is None else {}


admin.site.register((Feature, Credential), CodedNameAdmin)


@admin.register(Grade)
class GradeAdmin(CodedNameAdmin):
    """The grades of staff, the most senior first."""

    list_display = ("name", "code", "rank")


@admin.register(Site)
class SiteAdmin(CodedNameAdmin):
    """A building or campus."""

    site_paths = ("pk",)


@admin.register(Specialty)
class SpecialtyAdmin(CodedNameAdmin):
    """Owns blocks and procedures."""

    specialty_paths = ("pk",)
    list_display = ("name", "code", "hue", "turnover_minutes")
    list_filter = ("hue",)


@admin.register(EquipmentType)
class EquipmentTypeAdmin(CodedNameAdmin):
    """A kind of which there are countable items."""

    form = AllergensForm
    list_display = ("name", "code", "turnaround_minutes")
