"""The hospital's own changes to the table of roles, and how far they go."""

from typing import Any

import pytest
from auditlog.models import LogEntry
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import RoleAssignment, RoleCapability, User
from accounts.role_bounds import APART, FIXED, capabilities_of, problems
from accounts.role_table import change_role, reset_role, role_table, roles_with
from accounts.roles import DEFAULTS, WORDS, Role
from tests.accounts.test_admin_people import grow_stale, signed_in
from tests.factories import SiteFactory, UserFactory

pytestmark = pytest.mark.django_db
LIST = "/admin/accounts/rolecapability/"
OVERRIDE, IMPORT = "scheduling.override_conflict", "scheduling.import_operations"
CANCEL = "scheduling.cancel_operation"


@pytest.fixture
def coordinator() -> User:
    return UserFactory(role="coordinator", is_staff=True)


@pytest.fixture
def administrator() -> User:
    return UserFactory(role="administrator", is_staff=True)


def again(user: User) -> User:
    return User.objects.get(pk=user.pk)


@pytest.mark.parametrize("role", Role)
def test_what_is_shipped_keeps_the_bounds(role: Role) -> None:
    assert problems(DEFAULTS[role]) == []
    assert FIXED.get(role, frozenset()) <= DEFAULTS[role]


def test_without_changes_the_table_is_what_is_shipped() -> None:
    assert role_table() == {str(role): DEFAULTS[role] for role in Role}


def test_a_given_capability_counts_at_once_and_only_the_difference_is_stored(coordinator: User) -> None:
    clerk = UserFactory(role="booking_clerk")
    assert not again(clerk).can(IMPORT)

    change_role(actor=coordinator, role="booking_clerk", give=[IMPORT, CANCEL])

    assert again(clerk).can(IMPORT)
    assert list(RoleCapability.objects.values_list("role", "capability", "given")) == [("booking_clerk", IMPORT, True)]
    assert roles_with(IMPORT) == ["coordinator", "booking_clerk", "administrator"]
    assert [str(entry.actor or "") for entry in LogEntry.objects.get_for_model(RoleCapability)] == [""]


def test_a_taken_capability_is_gone_and_comes_back(coordinator: User) -> None:
    clerk = UserFactory(role="booking_clerk")
    change_role(actor=coordinator, role="booking_clerk", take=[CANCEL])
    assert not again(clerk).can(CANCEL)

    reset_role(actor=coordinator, role="booking_clerk")

    assert again(clerk).can(CANCEL)
    assert RoleCapability.objects.count() == 0


def test_roles_and_changes_are_read_in_one_query(coordinator: User) -> None:
    change_role(actor=coordinator, role="booking_clerk", give=[IMPORT], take=[CANCEL])
    clerk = UserFactory(role="booking_clerk")
    RoleAssignment.objects.create(user=clerk, role="surgeon")
    clerk = again(clerk)
    with CaptureQueriesContext(connection) as captured:
        found = clerk.can(IMPORT), clerk.can(CANCEL), clerk.can("scheduling.record_event")
    assert (found, len(captured)) == ((True, False, True), 1)


def test_nobody_gives_what_they_lack(administrator: User, coordinator: User) -> None:
    with pytest.raises(ValidationError, match="nobody gives what they lack"):
        change_role(actor=administrator, role="manager", give=["patients.view_patient"])
    with pytest.raises(ValidationError, match="nobody gives what they lack"):
        change_role(actor=coordinator, role="manager", give=["resources.manage_reference"])
    change_role(actor=administrator, role="manager", give=["resources.manage_reference"])
    change_role(actor=coordinator, role="manager", give=["patients.view_patient"])
    assert role_table()["manager"] - DEFAULTS["manager"] == {"resources.manage_reference", "patients.view_patient"}


def test_nobody_changes_a_role_of_their_own(administrator: User) -> None:
    RoleAssignment.objects.create(user=administrator, role="manager")
    for role in ("manager", "administrator"):
        with pytest.raises(PermissionDenied, match="You hold this role yourself"):
            change_role(actor=again(administrator), role=role, take=["scheduling.view_schedule"])


def test_a_limited_role_changes_nothing() -> None:
    limited = UserFactory(role="administrator", role__sites=[SiteFactory()])
    with pytest.raises(PermissionDenied, match="counts everywhere"):
        change_role(actor=limited, role="manager", give=["resources.manage_reference"])


def test_an_administrator_takes_what_they_lack_but_a_coordinator_does_not(
    administrator: User, coordinator: User
) -> None:
    change_role(actor=administrator, role="coordinator", take=[OVERRIDE])
    with pytest.raises(ValidationError, match="Ask an administrator"):
        change_role(actor=again(coordinator), role="administrator", take=["resources.manage_reference"])


@pytest.mark.parametrize(("role", "capability"), [(role, one) for role, held in FIXED.items() for one in sorted(held)])
def test_what_is_fixed_is_neither_taken_nor_counts_as_taken(role: str, capability: str) -> None:
    superuser = UserFactory(is_superuser=True)
    with pytest.raises(ValidationError):
        change_role(actor=superuser, role=role, take=[capability])
    RoleCapability.objects.create(role=role, capability=capability, given=False)
    assert capability in role_table()[role]


@pytest.mark.parametrize("watching", sorted(APART["accounts.manage_users"]))
def test_who_lets_people_in_does_not_judge_them(watching: str) -> None:
    with pytest.raises(ValidationError, match="Nobody may both"):
        change_role(actor=UserFactory(is_superuser=True), role="administrator", give=[watching])


@pytest.mark.parametrize("capability", ["accounts.manage_roles", "no.such_thing"])
def test_some_capabilities_go_nowhere(capability: str) -> None:
    with pytest.raises(ValidationError):
        change_role(actor=UserFactory(is_superuser=True), role="manager", give=[capability])
    assert capability not in capabilities_of("manager", [capability])


def test_an_integration_account_gets_nothing_more(coordinator: User) -> None:
    for capability in sorted(WORDS.keys() - DEFAULTS[Role.INTEGRATION]):
        with pytest.raises(ValidationError):
            change_role(actor=coordinator, role="integration", give=[capability])
    assert capabilities_of("integration", WORDS) == DEFAULTS[Role.INTEGRATION]


def test_what_needs_another_is_not_left_alone(coordinator: User) -> None:
    with pytest.raises(ValidationError, match="needs “see patients”"):
        change_role(actor=coordinator, role="manager", give=["scheduling.view_operation"])


# --- the pages ------------------------------------------------------------------------------------


def save(client: Client, role: str, *, give: tuple[str, ...] = (), take: tuple[str, ...] = (), **more: Any) -> Any:
    """Send a role's page as the browser would."""
    seen = role_table()[role]
    data = {"seen": sorted(seen), "held": sorted((seen | set(give)) - set(take)), "offered": sorted(WORDS)}
    return client.post(f"{LIST}of/{role}/", data | more)


def test_the_list_marks_what_differs(coordinator: User, administrator: User) -> None:
    change_role(actor=coordinator, role="booking_clerk", give=[IMPORT], take=[CANCEL])
    text = signed_in(administrator).get(LIST).content.decode()
    assert (text.count("<small>given</small>"), text.count("<small>taken away</small>")) == (1, 1)
    assert f"{LIST}of/booking_clerk/" in text
    assert f"{LIST}of/administrator/" not in text


def test_saving_and_resetting(coordinator: User) -> None:
    client = signed_in(coordinator)
    assert save(client, "booking_clerk", give=(IMPORT,), take=(CANCEL,)).status_code == 302
    assert role_table()["booking_clerk"] == DEFAULTS["booking_clerk"] - {CANCEL} | {IMPORT}
    assert LogEntry.objects.get_for_model(RoleCapability).filter(actor=coordinator).count() == 2
    assert "Reset to what is shipped" in client.get(f"{LIST}of/booking_clerk/").content.decode()
    assert save(client, "booking_clerk", reset="yes").status_code == 302
    assert role_table()["booking_clerk"] == DEFAULTS["booking_clerk"]


def test_a_refusal_says_why_and_keeps_the_ticks(coordinator: User) -> None:
    answer = save(signed_in(coordinator), "manager", give=("scheduling.view_operation",))
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "“See operations” needs “see patients” as well: tick both, or neither." in text
    assert role_table()["manager"] == DEFAULTS["manager"]


def test_what_a_colleague_changed_meanwhile_stays(coordinator: User) -> None:
    client, seen = signed_in(coordinator), DEFAULTS["booking_clerk"]
    change_role(actor=coordinator, role="booking_clerk", take=[CANCEL])
    data = {"seen": sorted(seen), "held": sorted(seen | {IMPORT}), "offered": sorted(WORDS)}
    client.post(f"{LIST}of/booking_clerk/", data)
    assert role_table()["booking_clerk"] == seen - {CANCEL} | {IMPORT}


def test_a_role_is_changed_after_a_fresh_proof_only(coordinator: User) -> None:
    client = signed_in(coordinator)
    grow_stale(client)
    assert "/accounts/reauthenticate/" in save(client, "booking_clerk", give=(IMPORT,))["Location"]
    assert role_table()["booking_clerk"] == DEFAULTS["booking_clerk"]


@pytest.mark.parametrize("role", ["booking_clerk", "surgeon", "manager", "privacy_officer", "integration"])
def test_others_are_refused(role: str) -> None:
    client = signed_in(UserFactory(role=role, is_staff=True))
    found = [client.get(url) for url in (LIST, f"{LIST}of/ward_nurse/")]
    assert [answer.status_code in {302, 403} for answer in found] == [True, True]


@pytest.mark.parametrize(("role", "status"), [("coordinator", 403), ("nobody", 403), ("ward_nurse", 200)])
def test_own_and_unknown_roles_have_no_page(role: str, status: int, coordinator: User) -> None:
    client = signed_in(coordinator)
    assert client.get(f"{LIST}of/{role}/").status_code == status
    assert client.post(LIST).status_code == 403
