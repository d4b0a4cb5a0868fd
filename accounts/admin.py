"""People and the roles they hold."""

from typing import Any, ClassVar

from allauth.account.models import EmailAddress
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.forms import ChoiceField, RadioSelect
from django.http import HttpRequest

from accounts.admin_access import CheckedFormSet, ManagedAdmin, ManagedInline
from accounts.granting import MANAGE_USERS, check_grant
from accounts.grants import Grant
from accounts.models import RoleAssignment, User


class AddUserForm(AdminUserCreationForm):  # type: ignore[type-arg]  # generic only for the type checker
    """A new account; without a password only a reset link opens it."""

    usable_password = ChoiceField(
        label="Password",
        choices={"true": "Set one now", "false": "Leave it to the person"},
        initial="true",
        required=False,
        widget=RadioSelect(attrs={"class": "radiolist inline"}),
        help_text="Left to the person: they choose one by “Forgot your password?” on the sign-in page.",
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

    def _grants(self, form: Any) -> list[Grant]:
        held = RoleAssignment.objects.filter(pk=form.instance.pk).as_grants() if form.instance.pk else []
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
        formset = super().get_formset(request, obj, **kwargs)
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
    actions = ("switch_off", "switch_on")

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """Read the roles of the whole page at once."""
        return super().get_queryset(request).prefetch_related("role_assignments")

    @admin.display(description="roles")
    def roles_held(self, user: User) -> str:
        """Return the roles in words."""
        return ", ".join(str(held) for held in user.role_assignments.all())

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Keep the technical all-powerful mark for those who have it."""
        fields = super().get_readonly_fields(request, obj)
        return fields if _is_superuser(request) else (*fields, "is_superuser")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Keep an administrator from taking over a superuser's account."""
        if obj is not None and obj.is_superuser and not _is_superuser(request):
            return False
        return super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        """Nobody: the history keeps its names."""
        return False

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:  # noqa: FBT001
        """Save, and forget the addresses that no longer sign in."""
        super().save_model(request, obj, form, change)
        EmailAddress.objects.filter(user=obj).exclude(email__iexact=obj.email).delete()

    @admin.action(permissions=["change"], description="Switch off the selected accounts")
    def switch_off(self, request: HttpRequest, people: QuerySet[User]) -> None:
        """Keep people from signing in, except whoever does this."""
        self._switch(request, people.exclude(email=request.user.get_username()), active=False)

    @admin.action(permissions=["change"], description="Switch on the selected accounts")
    def switch_on(self, request: HttpRequest, people: QuerySet[User]) -> None:
        """Let people sign in again."""
        self._switch(request, people, active=True)

    def _switch(self, request: HttpRequest, people: QuerySet[User], *, active: bool) -> None:
        switched = 0
        for person in people.filter(is_active=not active):
            if self.has_change_permission(request, person):
                person.is_active = active
                person.save(update_fields=["is_active"])  # one by one: the audit trail hears of it
                self.log_change(request, person, [{"changed": {"fields": ["may sign in"]}}])
                switched += 1
        self.message_user(request, f"{switched} switched {'on' if active else 'off'}.")


def _is_superuser(request: HttpRequest) -> bool:
    return isinstance(request.user, User) and request.user.is_superuser
