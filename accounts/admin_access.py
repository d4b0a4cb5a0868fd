"""Who may do what in Django's admin: the roles' table decides there too, not Django's permissions."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteMixin, AutocompleteSelect, AutocompleteSelectMultiple
from django.contrib.postgres.constraints import ExclusionConstraint
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import ForeignKey, Model, QuerySet, UniqueConstraint, prefetch_related_objects
from django.forms import BaseInlineFormSet, ModelChoiceField, ModelForm, MultiWidget
from django.http import HttpRequest, HttpResponse
from django.utils.text import capfirst

from accounts.admin_deleting import counts, protectors
from accounts.models import User


def holds(request: HttpRequest, *capabilities: str) -> bool:
    """Say whether the signed-in person may come in and holds one of ``capabilities``; superusers hold all."""
    user = request.user
    if not (isinstance(user, User) and user.is_active and user.is_staff):
        return False
    return user.is_superuser or any(user.can(capability) for capability in capabilities)


class Guarded:
    """Lets in whoever holds ``capability`` to edit, or ``view_capability`` to look."""

    capability = ""
    view_capability = ""

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        """Say whether the page may be looked at."""
        return holds(request, self.capability, self.view_capability)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        """Say whether a row may be added."""
        return holds(request, self.capability)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        """Say whether this row, or rows at all, may be changed."""
        return holds(request, self.capability)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        """Say whether this row, or rows at all, may be deleted; what is referred to stays protected."""
        return holds(request, self.capability)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Say whether the index lists it."""
        return self.has_view_permission(request)


class _Known(AutocompleteMixin):
    """An autocomplete that names what is chosen already without asking the database again."""

    known: dict[str, str] | None = None

    def optgroups(self, name: str, value: Sequence[str], attrs: dict[str, Any] | None = None) -> list[Any]:
        """Return the chosen options; after a failed save they may be others, which are looked up.

        What can't be a key at all, from an address or a form, is not chosen: Django would fail on it.
        """
        known, chosen = self.known, [str(item) for item in value if item and self._may_be_key(item)]
        if known is None or not set(chosen) <= set(known):
            return super().optgroups(name, chosen, attrs)
        empty = [] if self.is_required or self.allow_multiple_selected else [self._option(name, "", "", 0)]  # type: ignore[attr-defined]
        options = [*empty, *(self._option(name, key, known[key], at) for at, key in enumerate(chosen, len(empty)))]
        return [(None, options, 0)]

    def _may_be_key(self, item: Any) -> bool:
        try:
            self.field.target_field.clean(item, None)
        except ValidationError:
            return False
        return True

    def _option(self, name: str, value: str, label: str, index: int) -> Any:
        return self.create_option(name, value, label, selected=bool(value), index=index)  # type: ignore[attr-defined]


class _KnownSelect(_Known, AutocompleteSelect):
    """For one."""


class _KnownSelectMultiple(_Known, AutocompleteSelectMultiple):
    """For several."""


class ManagedAdmin(Guarded, admin.ModelAdmin):  # type: ignore[type-arg]  # generic only for the type checker
    """A page of the admin that a capability opens, with what every long list needs."""

    list_per_page = 50
    show_full_result_count = False
    list_select_related: ClassVar[tuple[str, ...]] = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Read with each row what it names, on its own page too."""
        return super().get_queryset(request).select_related(*self.list_select_related)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Refuse addresses that filter by what the page offers no filter for.

        Django allows every field, and hands some values (periods, JSON, network addresses) to the database unread.
        """
        name = lookup.partition("__")[0]
        field = next((field for field in self.opts.fields if field.name == name), None)
        offered = {*self.get_list_filter(request), self.date_hierarchy}
        if field and not (field.is_relation or field.primary_key) and name not in offered:
            return False
        return super().lookup_allowed(lookup, value, request)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:  # noqa: ARG002
        """Say what goes and what protects it; who may delete a row may delete what belongs to it."""
        rows = list(objs)
        return [str(row) for row in rows], counts(rows), set(), protectors(rows)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Use the autocomplete that can be told what is chosen."""
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs.setdefault("widget", _KnownSelect(db_field, self.admin_site))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Use the autocomplete that can be told what is chosen."""
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs.setdefault("widget", _KnownSelectMultiple(db_field, self.admin_site))
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:  # noqa: FBT001, FBT002
        """Tell the autocompletes what the row holds already: one query fewer for each."""
        form: type[ModelForm[Any]] = super().get_form(request, obj, change=change, **kwargs)
        for name in self.get_autocomplete_fields(request):
            field = form.base_fields.get(name)
            if obj is not None and isinstance(field, ModelChoiceField):
                wrapper: Any = field.widget
                getattr(wrapper, "widget", wrapper).known = _held(obj, name)
        return form


def _held(obj: Model, name: str) -> dict[str, str]:
    if isinstance(obj._meta.get_field(name), ForeignKey):  # noqa: SLF001  # public, but for the name
        one = getattr(obj, name)
        return {str(one.pk): str(one)} if one else {}
    prefetch_related_objects([obj], name)
    return {str(item.pk): str(item) for item in getattr(obj, name).all()}


class CheckedFormSet(BaseInlineFormSet):  # type: ignore[type-arg]
    """Asks the constraints between rows, which Django leaves out where the parent's key is one of their fields."""

    def clean(self) -> None:
        """Say of each new or changed row whether a stored one stands against it."""
        super().clean()
        for form in self.forms:
            if form.has_changed() and not form.errors and form not in self.deleted_forms:
                self._compare(form)

    def add_fields(self, form: Any, index: int | None) -> None:
        """Name the box that deletes a row for those who can't see the column's head."""
        super().add_fields(form, index)
        if "DELETE" in form.fields:
            form.fields["DELETE"].widget.attrs["aria-label"] = "Delete this row"

    def _compare(self, form: Any) -> None:
        if getattr(form.instance, self.fk.attname) is None:
            return  # the parent is new as well
        model = type(form.instance)
        for constraint in model._meta.constraints:  # noqa: SLF001  # public, but for the name
            try:
                if isinstance(constraint, UniqueConstraint | ExclusionConstraint):
                    constraint.validate(model, form.instance)
            except ValidationError as error:
                form.add_error(None, error)


class ManagedInline(Guarded, admin.TabularInline):  # type: ignore[type-arg]
    """Rows on the page of what they belong to; one more is a click away."""

    extra = 0
    formset = CheckedFormSet

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Name each input for those who can't see the column's head; the two of a period have their own names."""
        field: Any = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and not isinstance(field.widget, MultiWidget):
            widget = getattr(field.widget, "widget", field.widget)
            widget.attrs.setdefault("aria-label", capfirst(field.label))
        return field


class ListedInline(ManagedInline):
    """Rows that each name one entry of a short list: the list is read once, not once a row.

    ``entry`` is the foreign key to the list.
    """

    entry = ""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Read the entries with the rows: each row is headed by its name."""
        return super().get_queryset(request).select_related(self.entry)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Read the list now and share it among the rows."""
        field: Any = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if field is not None:
            field.choices = [choice for choice in field.choices]  # noqa: C416  # list() would count first
        return field


class ReadOnlyAdmin(ManagedAdmin):
    """What only the services write: may be looked at, by nobody changed, not by superusers either."""

    actions = None

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        """Nobody."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        """Nobody."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        """Nobody."""
        return False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Show the list; nothing can be sent to it."""
        if request.method == "POST":
            raise PermissionDenied
        return super().changelist_view(request, extra_context)


class ReadOnlyInline(ManagedInline):
    """Rows that only the services write, on the page of what they belong to."""

    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        """Nobody."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        """Nobody."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        """Nobody."""
        return False
