"""When a resource may be held: opening hours, shifts, blocks, and what takes it out of use."""

from datetime import datetime
from itertools import combinations
from typing import Any

from django.contrib import admin, messages
from django.contrib.postgres.fields import DateTimeRangeField
from django.core.exceptions import ValidationError
from django.db.models import QuerySet, TimeField
from django.db.models.functions import Lower
from django.forms import ModelForm, TimeInput
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html

from accounts.admin_access import CheckedFormSet
from accounts.admin_limits import LimitedAdmin, LimitedInline
from resources.admin.period import OpenPeriodField, PeriodField, period_in_words
from resources.leaving_out import leave_out
from resources.models import (
    BlockTemplate,
    Holiday,
    OpeningException,
    OpeningHours,
    ReleaseRule,
    Shift,
    SurgeonGroup,
    Unavailability,
)
from resources.permissions import AVAILABILITY, REFERENCE

CLOCK: dict[type[Any], dict[str, Any]] = {
    TimeField: {"widget": TimeInput(attrs={"type": "time"}, format="%H:%M")},
}
"""The browser's own field for a time of day."""
KINDS_SITES = ("theatre__site", "staffmember__site", "equipmentitem__site", "bed__site")
"""The ways from a resource of any kind to its site."""


class OpeningHoursInline(LimitedInline):
    """One row for each weekday on which the theatre opens; no row, closed."""

    model = OpeningHours
    capability = REFERENCE
    view_capability = AVAILABILITY
    fields = ("weekday", "opens", "closes")
    formfield_overrides = CLOCK


class ShiftForm(ModelForm):  # type: ignore[type-arg]  # generic only for the type checker
    """A shift that is changed here is changed by hand: laying out leaves it alone from now on."""

    def save(self, commit: bool = True) -> Any:  # noqa: FBT001, FBT002  # Django's
        """Save it as one of those."""
        if self.has_changed():
            self.instance.by_hand = True
        return super().save(commit=commit)


class ShiftFormSet(CheckedFormSet):
    """Compares new rows with each other, for the constraint sees the stored ones only; what goes stays out."""

    def clean(self) -> None:
        """Refuse two rows that share an instant."""
        super().clean()
        kept = [form for form in self.forms if form not in self.deleted_forms]
        periods = [form.cleaned_data["period"] for form in kept if getattr(form, "cleaned_data", {}).get("period")]
        if any(one.lower < other.upper and other.lower < one.upper for one, other in combinations(periods, 2)):
            raise ValidationError("Two of these shifts overlap.")

    def delete_existing(self, obj: Any, commit: bool = True) -> None:  # noqa: FBT001, FBT002  # Django's
        """Delete it, so that laying out does not bring it back."""
        if commit:
            leave_out(obj)
        super().delete_existing(obj, commit=commit)


class CurrentInline(LimitedInline):
    """Rows with a period that is not over; older ones are in the list of their own."""

    capability = AVAILABILITY
    ordering = (Lower("period").asc(nulls_first=True),)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Leave out what is over; what was sent may have ended meanwhile and is still found."""
        rows = super().get_queryset(request)
        return rows if request.method == "POST" else rows.exclude(period__endswith__lte=_today())


class UnavailabilityInline(CurrentInline):
    """Closures, leave, sickness and maintenance of one resource."""

    model = Unavailability
    fields = ("kind", "period", "note")
    formfield_overrides = {DateTimeRangeField: {"form_class": OpenPeriodField}}
    verbose_name = "closure or absence"
    verbose_name_plural = "not available (now and later)"


class ShiftInline(CurrentInline):
    """The shifts of one person."""

    model = Shift
    form = ShiftForm
    formset = ShiftFormSet
    fields = ("period",)
    formfield_overrides = {DateTimeRangeField: {"form_class": PeriodField}}
    verbose_name_plural = "shifts (now and later)"


class WhenFilter(admin.SimpleListFilter):
    """What is over, what is on, what comes."""

    title = "when"
    parameter_name = "when"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:  # noqa: ARG002
        """Name the three."""
        return [("now", "Now"), ("later", "Later"), ("over", "Over")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:  # noqa: ARG002
        """Keep the rows of the chosen one."""
        now = timezone.now()
        match self.value():
            case "now":
                return queryset.filter(period__contains=now)
            case "later":
                return queryset.filter(period__startswith__gt=now)
            case "over":
                return queryset.filter(period__endswith__lte=now)
        return queryset


class PeriodAdmin(LimitedAdmin):
    """Rows with a period, the latest first."""

    capability = AVAILABILITY

    def get_ordering(self, request: HttpRequest) -> Any:  # noqa: ARG002
        """Order by start, the latest first."""
        return (Lower("period").desc(nulls_last=True), "-pk")

    @admin.display(description="from – until", ordering=Lower("period"))
    def when(self, row: Any) -> str:
        """Return both ends in local time."""
        return period_in_words(row.period)


@admin.register(Unavailability)
class UnavailabilityAdmin(PeriodAdmin):
    """Closures, leave, sickness and maintenance of the whole hospital."""

    list_display = ("resource", "kind", "when", "note")
    site_paths = tuple(f"resource__{way}" for way in KINDS_SITES)
    specialty_paths = ("resource__staffmember__specialties",)
    list_filter = (WhenFilter, "kind", "resource__kind")
    list_select_related = ("resource",)
    search_fields = ("resource__name", "note")
    autocomplete_fields = ("resource",)
    formfield_overrides = {DateTimeRangeField: {"form_class": OpenPeriodField}}

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001  # Django's
        """Save it, and lead to the operations that it hits: none is cancelled by itself."""
        super().save_model(request, obj, form, change)
        place = f"{reverse('scheduling:affected')}?absence={obj.pk}"
        words = format_html('<a href="{}">See which booked operations this affects, and repair them</a>.', place)
        messages.info(request, words)


@admin.register(Shift)
class ShiftAdmin(PeriodAdmin):
    """Who works when."""

    form = ShiftForm
    list_display = ("staff_member", "profession", "when")
    site_paths = ("staff_member__site",)
    specialty_paths = ("staff_member__specialties",)
    list_filter = (WhenFilter, "staff_member__profession")
    list_select_related = ("staff_member",)
    search_fields = ("staff_member__name", "staff_member__code")
    autocomplete_fields = ("staff_member",)
    formfield_overrides = {DateTimeRangeField: {"form_class": PeriodField}}

    @admin.display(ordering="staff_member__profession")
    def profession(self, shift: Shift) -> str:
        """Return the person's profession."""
        return shift.staff_member.get_profession_display()

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Delete it, so that laying out does not bring it back."""
        leave_out(obj)
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Delete those ticked, so that laying out brings none of them back."""
        for shift in queryset:
            leave_out(shift)
        super().delete_queryset(request, queryset)


@admin.register(BlockTemplate)
class BlockTemplateAdmin(LimitedAdmin):
    """Whose theatre it is, week by week; nothing counts before it is laid out."""

    capability = AVAILABILITY
    site_paths = ("theatre__site",)
    specialty_paths = ("specialty",)
    list_display = ("theatre", "weekday", "starts", "ends", "owner", "cycle_weeks", "valid_from", "valid_until")
    list_filter = ("weekday", "theatre", "owner_kind", "specialty")
    list_select_related = ("theatre", "specialty", "surgeon", "group")
    search_fields = ("theatre__name", "specialty__name", "surgeon__name")
    autocomplete_fields = ("theatre", "specialty", "surgeon", "group")
    formfield_overrides = CLOCK

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001  # Django's
        """Save it, and lead to where it is laid out: a template alone changes no day."""
        super().save_model(request, obj, form, change)
        words = format_html(
            'No day is changed yet. <a href="{}">See what laying out would change</a>.', reverse("scheduling:lay-out")
        )
        messages.info(request, words)


@admin.register(SurgeonGroup)
class SurgeonGroupAdmin(LimitedAdmin):
    """Surgeons who own theatre time together."""

    capability = AVAILABILITY
    specialty_paths = ("members__specialties",)
    list_display = ("name",)
    search_fields = ("name",)
    autocomplete_fields = ("members",)


@admin.register(ReleaseRule)
class ReleaseRuleAdmin(LimitedAdmin):
    """When unbooked time is released by itself."""

    capability = AVAILABILITY
    specialty_paths = ("specialty",)
    list_display = ("__str__", "days_ahead", "notice_days", "shortest_minutes", "own_specialty_days")
    search_fields = ("specialty__name",)
    list_select_related = ("specialty",)
    autocomplete_fields = ("specialty",)


@admin.register(Holiday)
class HolidayAdmin(LimitedAdmin):
    """Days on which theatres are not staffed."""

    capability = AVAILABILITY
    site_paths = ("site",)
    list_display = ("day", "name", "site")
    list_filter = ("site",)
    list_select_related = ("site",)
    search_fields = ("name",)
    date_hierarchy = "day"


@admin.register(OpeningException)
class OpeningExceptionAdmin(LimitedAdmin):
    """Other hours of one theatre on one day."""

    capability = AVAILABILITY
    site_paths = ("theatre__site",)
    list_display = ("theatre", "day", "opens", "closes", "reason")
    list_filter = ("theatre",)
    list_select_related = ("theatre",)
    search_fields = ("theatre__name", "reason")
    autocomplete_fields = ("theatre",)
    date_hierarchy = "day"
    formfield_overrides = CLOCK


def _today() -> datetime:
    return timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
