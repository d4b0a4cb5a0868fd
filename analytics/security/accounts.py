"""Checks of the accounts: who may sign in, how, and with how much power."""

from collections.abc import Iterator
from datetime import timedelta

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from accounts.models import SignInFailure, User
from accounts.roles import Role
from accounts.second_factor import STRONG
from analytics.models import Severity
from analytics.security.findings import Context, Found

DORMANT = timedelta(days=90)
NEVER_USED = timedelta(days=30)
FAILURES_A_WEEK = 20
PLACES_AT_ONCE = 3
SHARED_NAMES = frozenset(
    {"admin", "anaesthetics", "clinic", "desk", "info", "nurses", "office", "reception", "staff", "team", "theatre"}
    | {"theatres", "ward", "wards"}
)
"""Local parts of mailboxes that belong to a desk rather than to a person."""
CLINICAL = frozenset({Role.COORDINATOR, Role.BOOKING_CLERK, Role.SURGEON, Role.ANAESTHETIST, Role.THEATRE_NURSE})
APART = ((Role.ADMINISTRATOR, Role.PRIVACY_OFFICER), *((Role.ADMINISTRATOR, role) for role in sorted(CLINICAL)))
"""Roles that one person should not hold together: who gives rights does not use them, and does not review it."""


def without_second_factor(_: Context) -> Iterator[Found]:
    """Find people whose role needs a second factor and who have set none up."""
    compulsory = Q(role_assignments__role__in=settings.SECOND_FACTOR_ROLES) | Q(is_superuser=True)
    factors = Authenticator.objects.filter(user=OuterRef("pk"), type__in=STRONG)
    for user in _active().filter(compulsory).exclude(Exists(factors)).distinct():
        yield _about(
            user,
            "account.no_second_factor",
            Severity.HIGH,
            "has no second factor",
            "The role needs one; at the next sign-in a password alone would open the page that sets one up.",
            "Ask the person to sign in and set up a passkey or an app, or switch the account off.",
        )


def dormant(context: Context) -> Iterator[Found]:
    """Find accounts that nobody has used for long."""
    for user in _active().filter(last_login__lt=context.now - DORMANT):
        evidence = f"Last sign-in {user.last_login:%d %b %Y}, more than {DORMANT.days} days ago."
        remedy = "Switch the account off unless the person is expected back."
        yield _about(user, "account.dormant", Severity.MEDIUM, "has not been used for long", evidence, remedy)


def never_used(context: Context) -> Iterator[Found]:
    """Find accounts that were made and never used."""
    for user in _active().filter(last_login=None, date_joined__lt=context.now - NEVER_USED):
        evidence = f"Made {user.date_joined:%d %b %Y}; nobody has signed in."
        remedy = "Send the invitation again, or switch the account off."
        yield _about(user, "account.never_used", Severity.LOW, "was never used", evidence, remedy)


def too_powerful(_: Context) -> Iterator[Found]:
    """Find superusers, and people who hold roles that belong apart."""
    for user in _active().prefetch_related("role_assignments"):
        held = {assignment.role for assignment in user.role_assignments.all()}
        if user.is_superuser:
            remedy = "Take the mark away and give the role of system administrator: it suffices for daily work."
            evidence = "A superuser may do everything in the admin."
            yield _about(user, "account.superuser", Severity.MEDIUM, "is a superuser", evidence, remedy)
        for first, second in APART:
            if held >= {first, second}:
                together = f"{first.label} and {second.label}"
                evidence = f"Holds {together.lower()}: nobody should give rights and use or review them."
                remedy = "Give one of the roles to somebody else."
                code = f"account.together.{second}"
                yield _about(user, code, Severity.HIGH, f"is {together.lower()}", evidence, remedy)


def shared(_: Context) -> Iterator[Found]:
    """Find addresses that several people read."""
    for user in _active():
        name = user.email.partition("@")[0].rstrip("0123456789").replace("-", ".").replace("_", ".")
        if name in SHARED_NAMES:
            evidence = f"“{user.email}” reads like the mailbox of a desk. Who acted can't be told from such an account."
            remedy = "Give everybody an account of their own and switch this one off."
            yield _about(user, "account.shared_address", Severity.MEDIUM, "may be shared", evidence, remedy)


def many_places(_: Context) -> Iterator[Found]:
    """Find accounts that are signed in from many addresses at once."""
    counted = UserSession.objects.values("user").annotate(places=Count("ip", distinct=True))
    for row in counted.filter(places__gt=PLACES_AT_ONCE, user__is_active=True):
        user = User.objects.get(pk=row["user"])
        evidence = f"Signed in from {row['places']} addresses at once."
        remedy = "Ask the person; if they know nothing of it, switch the account off and choose a new password."
        yield _about(user, "account.many_places", Severity.MEDIUM, "is in many places", evidence, remedy)


def failed_sign_ins(context: Context) -> Iterator[Found]:
    """Find accounts whose password somebody keeps guessing."""
    recent = SignInFailure.objects.filter(at__gte=context.now - timedelta(days=7), user__isnull=False)
    for row in recent.values("user").annotate(times=Count("pk")).filter(times__gt=FAILURES_A_WEEK):
        user = User.objects.get(pk=row["user"])
        evidence = f"{row['times']} failed sign-ins in seven days."
        remedy = "Ask the person whether it was they; if not, look where the attempts came from."
        yield _about(user, "account.failed_sign_ins", Severity.MEDIUM, "is being guessed at", evidence, remedy)


def _active() -> QuerySet[User]:
    return User.objects.filter(is_active=True)


def _about(user: User, code: str, severity: Severity, what: str, evidence: str, remedy: str) -> Found:
    return Found(code, severity, f"{user} {what}", evidence, remedy, subject=f"user:{user.pk}")
