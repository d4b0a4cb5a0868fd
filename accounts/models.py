"""People who sign in, and the roles they hold."""

from functools import cached_property
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models, transaction
from django.db.models.functions import Lower
from django.utils import timezone

from accounts.roles import Role, capabilities_of


class UserManager(BaseUserManager["User"]):
    """Makes users; the e-mail address is the sign-in name and is kept in lower case."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Create a person who may sign in; without a password only a reset link opens the account."""
        if not email:
            msg = "An e-mail address is needed to sign in."
            raise ValueError(msg)
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Create a technical administrator, who sees the whole Django admin and may open the site too."""
        with transaction.atomic(using=self._db):
            user = self.create_user(email, password, is_staff=True, is_superuser=True, **fields)
            RoleAssignment.objects.using(self._db).create(user=user, role=Role.ADMINISTRATOR)
        return user

    def get_by_natural_key(self, username: str | None) -> "User":
        """Find a person by sign-in name, however it was capitalised."""
        return self.get(email__iexact=username)


class User(AbstractBaseUser, PermissionsMixin):
    """One human being with one account; accounts are switched off, never deleted."""

    email = models.EmailField("e-mail address", unique=True)
    given_name = models.CharField(max_length=100, blank=True)
    family_name = models.CharField(max_length=100, blank=True)
    is_active = models.BooleanField(
        "may sign in", default=True, help_text="Untick instead of deleting: the history keeps its names."
    )
    is_staff = models.BooleanField("may open the admin", default=False)
    date_joined = models.DateTimeField(default=timezone.now, editable=False)

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        ordering = ("family_name", "given_name", "email")
        constraints = (
            models.UniqueConstraint(
                Lower("email"),
                name="user_email_unique",
                violation_error_message="Somebody already signs in with this e-mail address.",
            ),
        )

    def __str__(self) -> str:
        """Return the person's name as colleagues say it."""
        return f"{self.given_name} {self.family_name}".strip() or self.email

    def clean(self) -> None:
        """Keep the sign-in name in lower case, whatever was typed."""
        super().clean()
        self.email = self.email.strip().lower()

    @cached_property
    def roles(self) -> frozenset[str]:
        """The roles held now (read once per request)."""
        return frozenset(self.role_assignments.values_list("role", flat=True))

    @cached_property
    def capabilities(self) -> frozenset[str]:
        """Everything this person may do; nothing once the account is switched off."""
        return capabilities_of(self.roles) if self.is_active else frozenset()

    def can(self, capability: str) -> bool:
        """Say whether this person holds ``capability``."""
        return capability in self.capabilities

    @property
    def initials(self) -> str:
        """Return two letters for the avatar."""
        return (self.given_name[:1] + self.family_name[:1]).upper() or self.email[:2].upper()


class SignInFailure(models.Model):
    """One failed attempt to sign in; whose account it was, if it is one. What was typed is not kept."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, null=True, related_name="+")
    at = models.DateTimeField(default=timezone.now, db_index=True)
    address = models.GenericIPAddressField(null=True)

    def __str__(self) -> str:
        """Return the row's number."""
        return f"sign-in failure {self.pk}"


class RoleAssignment(models.Model):
    """One role held by one person."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="role_assignments")
    role = models.CharField(max_length=32, choices=Role)

    class Meta:
        ordering = ("role",)
        constraints = (models.UniqueConstraint(fields=("user", "role"), name="role_assignment_unique"),)

    def __str__(self) -> str:
        """Return the role's name."""
        return self.get_role_display()
