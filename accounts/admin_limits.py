"""Where a role limited to sites or specialties counts in the admin: lists, pages, choices and what is saved."""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import BooleanField, Model, Q, QuerySet, Value
from django.http import HttpRequest

from accounts.admin_access import ManagedAdmin, ManagedInline
from accounts.grants import Grant
from accounts.models import User

NOWHERE = Q(Value(False, output_field=BooleanField()))  # noqa: FBT003  # SQL's FALSE; an empty Q would be TRUE
OUTSIDE = "Your role is limited to other sites or specialties: choose among those that it names."


class Limits:
    """Where rows of a page belong: the ways from a row to its site and its specialty, none where it has none.

    To read, what has no place counts as everywhere; to change, it belongs to the whole hospital, and only a
    role without that limit changes it.
    """

    site_paths: tuple[str, ...] = ()
    specialty_paths: tuple[str, ...] = ()
    shared = False
    """Lists from which everybody chooses: looked at by all, changed only without limits."""

    def readable(self, grants: tuple[Grant, ...]) -> Q | None:
        """Return which rows are listed, or ``None`` for all of them."""
        return None if self.shared else _any(grants, lambda grant: self._of(grant, lacking=True, nulls=True))

    def eligible(self, grants: tuple[Grant, ...]) -> Q | None:
        """Return which rows may be chosen as the place of another, or ``None`` for all."""
        return _any(grants, lambda grant: self._of(grant, lacking=True, nulls=False))

    def changeable(self, grants: tuple[Grant, ...]) -> Q | None:
        """Return which rows may be changed, or ``None`` for all."""
        return _any(grants, lambda grant: NOWHERE if self.shared else self._of(grant, lacking=False, nulls=False))

    def _of(self, grant: Grant, *, lacking: bool, nulls: bool) -> Q:
        """``lacking``: kinds of rows without such a place count; ``nulls``: rows without one."""
        ways = ((self.site_paths, grant.sites), (self.specialty_paths, grant.specialties))
        found = ~NOWHERE
        for paths, wanted in ways:
            if wanted and (paths or not lacking):
                found &= _leads(paths, wanted, nulls=nulls)
        return found


class LimitedAdmin(Limits, ManagedAdmin):
    """A page of the admin on which a limited role meets what is within its limits, and nothing else."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Leave out what is out of reach; what is not listed can't be chosen elsewhere either."""
        rows = super().get_queryset(request)
        return _only(rows, self.readable(grants_of(request, self.capability, self.view_capability)))

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Say whether a row could be added that is within the limits."""
        return super().has_add_permission(request, obj) and self._has_a_place(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Say whether this row, or one at all, is within the limits."""
        return super().has_change_permission(request, obj) and self.reaches(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Say whether this row, or one at all, is within the limits."""
        return super().has_delete_permission(request, obj) and self.reaches(request, obj)

    def reaches(self, request: HttpRequest, obj: Model | None, capability: str = "") -> bool:
        """Say whether the person's roles with the capability reach ``obj``, or any row."""
        reached = self.changeable(grants_of(request, capability or self.capability))
        if reached is None:
            return True
        if obj is None or obj.pk is None:
            return self._has_a_place(request)
        return bool(self.model._base_manager.filter(reached, pk=obj.pk).exists())  # noqa: SLF001

    def _has_a_place(self, request: HttpRequest) -> bool:
        """Say whether a row of this kind could be within the limits of one of the person's roles."""
        return any(
            not grant.is_limited
            or (not self.shared and bool(self.site_paths or not grant.sites) and self._has_specialty(grant))
            for grant in grants_of(request, self.capability)
        )

    def _has_specialty(self, grant: Grant) -> bool:
        return bool(self.specialty_paths or not grant.specialties)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer only what the person's roles reach, and demand a place where without one the row is out of reach."""
        field: Any = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if field is None or not self.changeable(grants_of(request, self.capability)):
            return field
        page = self.admin_site._registry.get(db_field.remote_field.model)  # noqa: SLF001
        if isinstance(page, LimitedAdmin):
            grants = grants_of(request, self.capability)
            is_place = any(way.partition("__")[0] == db_field.name for way in (*self.site_paths, *self.specialty_paths))
            field.queryset = _only(field.queryset, page.eligible(grants) if is_place else page.readable(grants))
            field.required = field.required or db_field.name in self._places(grants)
        return field

    def _places(self, grants: tuple[Grant, ...]) -> set[str]:
        """Return the fields that each of the roles limits."""
        sites = self.site_paths if all(grant.sites for grant in grants) else ()
        specialties = self.specialty_paths if all(grant.specialties for grant in grants) else ()
        return {*sites, *specialties}

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:  # noqa: FBT001
        """Save, but nothing that the person could not change afterwards; the transaction goes with the refusal."""
        super().save_related(request, form, formsets, change)
        if not self.reaches(request, form.instance):
            raise PermissionDenied(OUTSIDE)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Say of rows out of reach that they may not go."""
        rows = list(objs)
        deleted, counted, lacking, protected = super().get_deleted_objects(rows, request)
        if any(not self.has_delete_permission(request, row) for row in rows):
            lacking = {*lacking, f"{self.opts.verbose_name} outside your sites and specialties"}
        return deleted, counted, lacking, protected


class LimitedInline(ManagedInline):
    """Rows that are within the limits where what they belong to is."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Ask the page of what they belong to."""
        return super().has_add_permission(request, obj) and self._reaches(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Ask the page of what they belong to."""
        return super().has_change_permission(request, obj) and self._reaches(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Ask the page of what they belong to."""
        return super().has_delete_permission(request, obj) and self._reaches(request, obj)

    def _reaches(self, request: HttpRequest, obj: Any) -> bool:
        page = self.admin_site._registry[self.parent_model]  # noqa: SLF001  # the way Django's own pages ask
        return not isinstance(page, LimitedAdmin) or page.reaches(request, obj, self.capability)


def grants_of(request: HttpRequest, *capabilities: str) -> tuple[Grant, ...]:
    """Return the roles by which the signed-in person holds one of ``capabilities``; a superuser's has no limits."""
    user = request.user
    if not isinstance(user, User):
        return ()
    if user.is_superuser:
        return (Grant(role=""),)
    return tuple(grant for capability in capabilities for grant in user.grants_of(capability))


def _any(grants: tuple[Grant, ...], rule: Callable[[Grant], Q]) -> Q | None:
    """Return what one of ``grants`` reaches; ``None`` as soon as one has no limits."""
    if any(not grant.is_limited for grant in grants):
        return None
    found = NOWHERE
    for grant in grants:
        found |= rule(grant)
    return found


def _only(rows: QuerySet[Any], reached: Q | None) -> QuerySet[Any]:
    """Return the rows within ``reached``, each once however many ways lead to it."""
    return rows if reached is None else rows.filter(pk__in=rows.model._base_manager.filter(reached).values("pk"))  # noqa: SLF001


def _leads(paths: tuple[str, ...], wanted: frozenset[int], *, nulls: bool) -> Q:
    """Return the condition that one of ``paths`` leads to ``wanted``, or, with ``nulls``, that none leads anywhere."""
    found, nowhere = NOWHERE, ~NOWHERE
    for way in paths:
        found |= Q(**{f"{way}__in": wanted})
        nowhere &= Q(**{f"{way}__isnull": True})
    return found | nowhere if nulls else found
