"""People and the roles they hold."""

from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar

from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.forms import ChoiceField, RadioSelect
from django.http import HttpRequest, HttpResponse

from accounts import admin_roles
from accounts.admin_access import CheckedFormSet, ManagedAdmin, ManagedInline
from accounts.admin_actions import forget_factors, send_invitations, switch_off, switch_on, write_after_commit
from accounts.granting import check_grant, may_manage
from accounts.grants import Grant, grants_by
from accounts.invitations import invite, is_awaited
from accounts.models import RoleAssignment, User
from accounts.permissions import actor_of
from accounts.proof import ask_again
from accounts.role_bounds import MANAGE_USERS
from accounts.sessions import end_sessions

__all__ = ["PersonAdmin", "admin_roles"]


class AddUserForm(AdminUserCreationForm):  # type: ignore[type-arg]  # generic only for the type checker
    """A new account; without a password, an invitation opens it."""

    usable_password = ChoiceField(
        label="Password",
        choices={"true": "Set one now", "false": "Invite the person to choose one"},
        initial="true",
        required=False,
        widget=RadioSelect(attrs={"class": "radiolist inline"}),
        help_text="Invited, they get a letter with a link by which they choose one. Nobody else ever knows it.",
    )

    class Meta:
        model = User
        fields = ("email", "given_name", "family_name")
        field_classes: ClassVar[dict[str, type]] = {}


class ChangeUserForm(UserChangeForm):  # type: ignore[type-arg]
    """An account that exists."""

    class Meta:
        model = User
        fields = "__all__"
        field_classes: ClassVar[dict[str, type]] = {}


class RoleFormSet(CheckedFormSet):
    """Asks of each role that is given, changed or taken whether ``granter`` may."""

    granter: User

    def clean(self) -> None:
        """Refuse roles that reach further than the granter's own, before and after."""
        super().clean()
        for form in self.forms:
            if form.has_changed() and not form.errors:
                try:
                    for grant in self._grants(form):
                        check_grant(self.granter, self.instance, grant)
                except ValidationError as error:
                    form.add_error(None, error)

    def _grants(self, form: Any) -> Sequence[Grant]:
        held = grants_by(form.instance.pk) if form.instance.pk else ()
        if form in self.deleted_forms:
            return held
        asked = {name: frozenset(row.pk for row in form.cleaned_data[name]) for name in ("sites", "specialties")}
        return [*held, Grant(role=form.cleaned_data["role"], **asked)]


class RoleInline(ManagedInline):
    """What the person may do, where and until when."""

    model = RoleAssignment
    formset = RoleFormSet
    capability = MANAGE_USERS
    fields = ("role", "valid_from", "valid_until", "sites", "specialties")
    verbose_name_plural = "roles"

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Keep one's own roles: nobody shuts themselves, and perhaps everybody, out of this page."""
        return super().has_change_permission(request, obj) and obj != request.user

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Keep one's own roles."""
        return super().has_delete_permission(request, obj) and obj != request.user

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Read the limits of all rows at once."""
        return super().get_queryset(request).prefetch_related("sites", "specialties")

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Read the list now and share it among the rows."""
        field: Any = super().formfield_for_manytomany(db_field, request, **kwargs)
        if field is not None:
            field.choices = [choice for choice in field.choices]  # noqa: C416  # list() would count first
            field.widget.attrs["size"] = 3
        return field

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        """Tell the formset who grants."""
        formset: Any = super().get_formset(request, obj, **kwargs)
        formset.granter = request.user
        return formset


@admin.register(User)
class PersonAdmin(ManagedAdmin, UserAdmin):  # type: ignore[type-arg]
    """Accounts are switched off, never deleted."""

    capability = MANAGE_USERS
    form = ChangeUserForm
    add_form = AddUserForm
    inlines = (RoleInline,)
    list_display = ("email", "given_name", "family_name", "roles_held", "is_active", "is_staff")
    list_filter = ("is_active", "is_staff", "role_assignments__role")
    search_fields = ("email", "given_name", "family_name")
    ordering = ("family_name", "given_name", "email")
    filter_horizontal = ()
    readonly_fields = ("last_login", "date_joined")
    fieldsets = (
        (None, {"fields": ("email", "password", "given_name", "family_name")}),
        ("Access", {"fields": ("is_active", "is_staff", "is_superuser")}),
        ("Dates", {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = (
        (None, {"fields": ("email", "given_name", "family_name")}),
        ("Password", {"fields": ("usable_password", "password1", "password2")}),
    )
    actions = (send_invitations, forget_factors, switch_off, switch_on)

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """Read the roles of the whole page at once."""
        return super().get_queryset(request).prefetch_related("role_assignments")

    @admin.display(description="roles")
    def roles_held(self, user: User) -> str:
        """Return the roles in words."""
        return ", ".join(str(held) for held in user.role_assignments.all())

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Keep the technical all-powerful mark for those who have it, and everybody from shutting themselves out."""
        fields = super().get_readonly_fields(request, obj)
        own = ("is_active", "is_staff") if obj == request.user else ()
        return (*fields, *own) if _is_superuser(request) else (*fields, *own, "is_superuser")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Keep an administrator from taking over the account of a superuser, or of somebody who reaches further."""
        if not super().has_change_permission(request, obj):
            return False
        return obj is None or may_manage(actor_of(request), obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        """Nobody: the history keeps its names."""
        return False

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:  # noqa: FBT001
        """Save, and forget the addresses that no longer sign in, and who signed in by them elsewhere."""
        super().save_model(request, obj, form, change)
        EmailAddress.objects.filter(user=obj).exclude(email__iexact=obj.email).delete()
        if "email" in form.changed_data:
            SocialAccount.objects.filter(user=obj).delete()

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:  # noqa: FBT001
        """Save the roles; whose roles or account changed is signed out, and who is new is invited."""
        person: User = form.instance
        before = _roles_of(person)
        super().save_related(request, form, formsets, change)
        if not change:
            if is_awaited(person):
                write_after_commit(request, partial(invite, actor=actor_of(request), user=person))
        elif before != _roles_of(person) or (not person.is_active and "is_active" in form.changed_data):
            transaction.on_commit(lambda: end_sessions(person))

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> Any:
        """Add, after a fresh proof of who does it."""
        return self._ask_again(request) or super().add_view(request, form_url, extra_context)

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None) -> Any:
        """Change, after a fresh proof of who does it."""
        return self._ask_again(request) or super().change_view(request, object_id, form_url, extra_context)

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> Any:  # noqa: A002  # Django's
        """Set somebody's password, after a fresh proof of who does it."""
        return self._ask_again(request) or super().user_change_password(request, id, form_url)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """List; what is done with several at once needs a fresh proof of who does it."""
        asked = self._ask_again(request) if request.method == "POST" else None
        return asked or super().changelist_view(request, extra_context)

    def _ask_again(self, request: HttpRequest) -> HttpResponse | None:
        """Leave those who may not change anything to the answer that they get anyway."""
        return ask_again(request) if self.has_change_permission(request) else None


def _roles_of(person: User) -> set[str]:
    return set(RoleAssignment.objects.filter(user=person).values_list("role", flat=True))


def _is_superuser(request: HttpRequest) -> bool:
    return isinstance(request.user, User) and request.user.is_superuser
