"""One sign-in for each role of the demo hospital. Never made in production."""

from accounts.models import RoleAssignment, User
from accounts.roles import Role

PASSWORD = "operating-theatre-demo"  # noqa: S105  # printed by `make run`: the demo has no secrets

PEOPLE: tuple[tuple[Role, str, str, str], ...] = (
    (Role.COORDINATOR, "coordinator", "Jo", "Marsh"),
    (Role.BOOKING_CLERK, "booking.clerk", "Dee", "Walters"),
    (Role.SURGEON, "surgeon", "Rita", "Doyle"),
    (Role.ANAESTHETIST, "anaesthetist", "Femi", "Adeyinka"),
    (Role.THEATRE_NURSE, "theatre.nurse", "Ines", "Carvalho"),
    (Role.WARD_NURSE, "ward.nurse", "Piotr", "Zielinski"),
    (Role.MANAGER, "manager", "Helen", "Frost"),
    (Role.PRIVACY_OFFICER, "privacy.officer", "Sunil", "Mehta"),
    (Role.ADMINISTRATOR, "administrator", "Robin", "Lowe"),
)
"""Role, the part of the address before the @, given name, family name."""


def address_of(role: Role) -> str:
    """Return the e-mail address with which the demo's holder of ``role`` signs in."""
    name = next(name for held, name, *_ in PEOPLE if held == role)
    return f"{name}@example.org"


SIGN_INS: tuple[tuple[str, str], ...] = tuple((str(role.label), address_of(role)) for role, *_ in PEOPLE)
"""(role label, e-mail address) of every demo user; all have :data:`PASSWORD`."""


def make_demo_users() -> dict[str, User]:
    """Make the demo users that are missing and return all of them by role."""
    users = {}
    for role, _, given_name, family_name in PEOPLE:
        email = address_of(role)
        user = User.objects.filter(email=email).first()
        if user is None:
            manages = role in {Role.ADMINISTRATOR, Role.COORDINATOR, Role.PRIVACY_OFFICER}
            user = User.objects.create_user(
                email, PASSWORD, given_name=given_name, family_name=family_name, is_staff=manages
            )
        RoleAssignment.objects.get_or_create(user=user, role=role)
        users[str(role)] = user
    return users
