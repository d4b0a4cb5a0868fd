"""People who sign in, and the roles they hold."""

from functools import cached_property
from typing import Any, ClassVar, Self

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models, transaction
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone

from accounts.grants import Grant, grants_of
from accounts.roles import WORDS, Role


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
    def grants(self) -> tuple[Grant, ...]:
        """The roles held today, each with its limits (read once per request, in one query)."""
        return grants_of(self.pk, on=timezone.localdate())

    @property
    def roles(self) -> frozenset[str]:
        """The roles held today."""
        return frozenset(grant.role for grant in self.grants)

    @cached_property
    def capabilities(self) -> frozenset[str]:
        """Everything this person may do somewhere; nothing once the account is switched off."""
        return frozenset().union(*(grant.capabilities for grant in self.grants)) if self.is_active else frozenset()

    def can(self, capability: str) -> bool:
        """Say whether this person holds ``capability``, be it within limits."""
        return capability in self.capabilities

    def grants_of(self, capability: str) -> tuple[Grant, ...]:
        """Return the roles by which this person holds ``capability``: their limits say where."""
        return tuple(grant for grant in self.grants if capability in grant.capabilities) if self.is_active else ()

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


class RoleAssignmentQuerySet(models.QuerySet["RoleAssignment"]):
    """``RoleAssignment.objects.filter(user=somebody).in_force()``."""

    def in_force(self) -> Self:
        """Those that count today: from the first day's midnight to the last day's, by the hospital's clock."""
        today = timezone.localdate()
        began = Q(valid_from=None) | Q(valid_from__lte=today)
        return self.filter(began, Q(valid_until=None) | Q(valid_until__gte=today))


class RoleAssignment(models.Model):
    """One role held by one person: between these days, at these sites, in these specialties."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="role_assignments")
    role = models.CharField(max_length=32, choices=Role)
    valid_from = models.DateField("from", null=True, blank=True, help_text="Empty: at once.")
    valid_until = models.DateField("until", null=True, blank=True, help_text="The last day. Empty: without end.")
    sites = models.ManyToManyField("resources.Site", blank=True, related_name="+", help_text="None chosen: all.")
    specialties = models.ManyToManyField(
        "resources.Specialty", blank=True, related_name="+", help_text="None chosen: all."
    )

    objects = RoleAssignmentQuerySet.as_manager()

    class Meta:
        ordering = ("role",)
        constraints = (
            models.UniqueConstraint(fields=("user", "role"), name="role_assignment_unique"),
            models.CheckConstraint(
                condition=Q(valid_until__gte=models.F("valid_from")),
                name="role_assignment_dates_in_order",
                violation_error_message="The last day is before the first.",
            ),
        )

    def __str__(self) -> str:
        """Return the role's name."""
        return self.get_role_display()


class RoleCapability(models.Model):
    """One difference between the shipped table of roles and this hospital's: a capability given or taken."""

    role = models.CharField(max_length=32, choices=Role)
    capability = models.CharField(max_length=64)
    given = models.BooleanField(help_text="Given beyond the shipped table; else taken away.")

    class Meta:
        ordering = ("role", "capability")
        verbose_name = "change to a role"
        verbose_name_plural = "what roles may do"
        constraints = (models.UniqueConstraint(fields=("role", "capability"), name="role_capability_unique"),)

    def __str__(self) -> str:
        """Return the change in words."""
        what = WORDS.get(self.capability, self.capability)
        return f"{self.get_role_display()}: {what} ({'given' if self.given else 'taken away'})"
