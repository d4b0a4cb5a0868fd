"""Rosters as the admin keeps them: kinds of shift, patterns, who follows them, and what a session needs."""

from django.contrib import admin

from accounts.admin_access import CheckedFormSet
from accounts.admin_limits import LimitedAdmin, LimitedInline
from resources.admin.availability import CLOCK
from resources.models import PatternShift, RosterAssignment, RosterPattern, ShiftKind, TeamNeed
from resources.permissions import AVAILABILITY


@admin.register(ShiftKind)
class ShiftKindAdmin(LimitedAdmin):
    """Early, late, night, on call."""

    capability = AVAILABILITY
    list_display = ("name", "code", "starts", "ends", "on_call")
    search_fields = ("name", "code")
    formfield_overrides = CLOCK


class PatternShiftFormSet(CheckedFormSet):
    """Holds the weeks of its rows against those of the pattern."""

    def clean(self) -> None:
        """Refuse a week that the pattern does not have: it would never come."""
        super().clean()
        weeks = self.instance.weeks
        for form in self.forms:
            week = form.cleaned_data.get("week") if not form.errors else None
            if form not in self.deleted_forms and week and weeks and week > weeks:
                only = f"repeats after {weeks} weeks" if weeks > 1 else "repeats every week"
                form.add_error("week", f"The pattern {only}: it has no week {week}.")


class PatternShiftInline(LimitedInline):
    """The shifts of a pattern."""

    model = PatternShift
    formset = PatternShiftFormSet
    capability = AVAILABILITY
    autocomplete_fields = ("kind",)


@admin.register(RosterPattern)
class RosterPatternAdmin(LimitedAdmin):
    """Shifts that repeat; nothing counts before it is laid out."""

    capability = AVAILABILITY
    list_display = ("name", "weeks")
    search_fields = ("name",)
    inlines = (PatternShiftInline,)


@admin.register(RosterAssignment)
class RosterAssignmentAdmin(LimitedAdmin):
    """Who follows which pattern from when until when."""

    capability = AVAILABILITY
    site_paths = ("staff_member__site",)
    specialty_paths = ("staff_member__specialties",)
    list_display = ("staff_member", "pattern", "starts_on", "ends_on")
    list_filter = ("pattern", "staff_member__profession")
    list_select_related = ("staff_member", "pattern")
    search_fields = ("staff_member__name", "pattern__name")
    autocomplete_fields = ("staff_member", "pattern")


@admin.register(TeamNeed)
class TeamNeedAdmin(LimitedAdmin):
    """How many of each profession a session needs."""

    capability = AVAILABILITY
    specialty_paths = ("specialty",)
    list_display = ("specialty", "profession", "quantity")
    search_fields = ("specialty__name", "profession")
    list_filter = ("specialty",)
    list_select_related = ("specialty",)
