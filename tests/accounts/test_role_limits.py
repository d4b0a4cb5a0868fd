"""Roles that count for some days, at some sites, in some specialties; and who may give them."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.test import Client
from django.utils import timezone

from accounts.granting import OWN_ROLES, TOO_FAR, check_grant
from accounts.grants import Grant
from accounts.models import RoleAssignment, User
from tests.factories import SiteFactory, SpecialtyFactory, UserFactory

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def again(user: User) -> User:
    return User.objects.get(pk=user.pk)


@pytest.mark.parametrize(
    ("first", "last", "counts"),
    [(None, None, True), (0, 0, True), (-5, 5, True), (1, None, False), (None, -1, False), (None, 0, True)],
)
def test_a_role_counts_from_its_first_day_to_its_last(first: int | None, last: int | None, *, counts: bool) -> None:
    user, today = UserFactory(), timezone.localdate()
    RoleAssignment.objects.create(
        user=user,
        role="surgeon",
        valid_from=None if first is None else today + first * DAY,
        valid_until=None if last is None else today + last * DAY,
    )

    assert user.roles == ({"surgeon"} if counts else set())
    assert user.can("scheduling.request_operation") is counts


def test_dates_out_of_order_are_refused_by_the_database() -> None:
    with pytest.raises(IntegrityError, match="role_assignment_dates_in_order"):
        RoleAssignment.objects.create(
            user=UserFactory(), role="surgeon", valid_from=date(2026, 2, 1), valid_until=date(2026, 1, 1)
        )


def test_all_roles_and_limits_are_read_in_one_query(django_assert_num_queries: Any) -> None:
    sites, specialties = SiteFactory.create_batch(2), SpecialtyFactory.create_batch(2)
    user = UserFactory(role="booking_clerk", role__sites=sites, role__specialties=specialties)
    RoleAssignment.objects.create(user=user, role="ward_nurse")

    with django_assert_num_queries(1):
        limited, free = user.grants
        assert user.can("scheduling.book_operation")

    assert limited.sites == {site.pk for site in sites}
    assert limited.specialties == {specialty.pk for specialty in specialties}
    assert free == Grant(role="ward_nurse")
    assert user.grants_of("scheduling.book_operation") == (limited,)


def test_a_locum_is_signed_out_when_the_role_has_ended() -> None:
    user = UserFactory(role="booking_clerk")
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert client.get("/waiting-list/").status_code == 200

    user.role_assignments.update(valid_until=timezone.localdate() - DAY)

    assert client.get("/waiting-list/").status_code == 302


@pytest.mark.parametrize(
    ("own", "asked", "may"),
    [((), (), True), ((), (1,), True), ((1, 2), (1,), True), ((1,), (1, 2), False), ((1,), (), False)],
)
@pytest.mark.parametrize("kind", ["sites", "specialties"])
def test_nobody_grants_further_than_they_reach(kind: str, own: Any, asked: Any, *, may: bool) -> None:
    makers = {"sites": SiteFactory, "specialties": SpecialtyFactory}
    rows = {number: makers[kind]() for number in (1, 2)}
    granter = UserFactory(role="administrator", **{f"role__{kind}": [rows[number] for number in own]})
    grant = Grant(role="surgeon", **{kind: frozenset(rows[number].pk for number in asked)})  # type: ignore[arg-type]

    if may:
        check_grant(granter, UserFactory(), grant)
    else:
        with pytest.raises(ValidationError, match=TOO_FAR[:20]):
            check_grant(granter, UserFactory(), grant)


def test_nobody_changes_their_own_roles() -> None:
    granter = UserFactory(role="administrator")
    with pytest.raises(ValidationError, match=OWN_ROLES[:20]):
        check_grant(granter, granter, Grant(role="coordinator"))


def posted(person: User, **row: Any) -> dict[str, Any]:
    prefix = "role_assignments"
    fields = {f"{prefix}-0-{name}": value for name, value in row.items()}
    counts = {f"{prefix}-TOTAL_FORMS": 1, f"{prefix}-INITIAL_FORMS": 0}
    return {"email": person.email, "is_active": "on", **counts, **fields}


def test_the_admin_refuses_a_role_for_another_site() -> None:
    here, there = SiteFactory.create_batch(2)
    granter, person = UserFactory(role="administrator", role__sites=[here], is_staff=True), UserFactory()
    client = Client()
    client.force_login(granter, backend="allauth.account.auth_backends.AuthenticationBackend")
    url = f"/admin/accounts/user/{person.pk}/change/"

    refused = client.post(url, posted(person, role="surgeon", sites=[there.pk]))
    assert (refused.status_code, again(person).roles) == (200, set())
    assert TOO_FAR in refused.content.decode()

    client.post(url, posted(person, role="surgeon", sites=[here.pk]))
    assert [grant.sites for grant in again(person).grants] == [{here.pk}]


def test_an_integration_account_opens_no_page() -> None:
    client = Client()
    client.force_login(UserFactory(role="integration"), backend="allauth.account.auth_backends.AuthenticationBackend")

    assert client.get("/").status_code == 403
    assert client.get("/").status_code == 302
