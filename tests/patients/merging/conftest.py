"""A clerk, and how the tests merge."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import User
from patients.merging.merging import merge
from patients.models import Patient, PatientMerge
from tests.factories import UserFactory

Merge = Callable[..., PatientMerge]


@pytest.fixture
def clerk(db: None) -> User:
    return UserFactory(role="booking_clerk")


@pytest.fixture
def join(clerk: User) -> Merge:
    """``join(survivor, duplicate, name="duplicate")``: the rest of a merge is as it usually is."""

    def run(survivor: Patient, duplicate: Patient, *, actor: User | None = None, **choices: str) -> PatientMerge:
        versions = {one.pk: Patient.objects.get(pk=one.pk).version for one in (survivor, duplicate)}
        done = merge(
            actor=actor or clerk,
            survivor_id=survivor.pk,
            duplicate_id=duplicate.pk,
            versions=versions,
            choices=choices,
            reason="Same card, same face",
        )
        survivor.refresh_from_db()
        duplicate.refresh_from_db()
        return done

    return run


def facts(patient: Patient, *names: str) -> dict[str, Any]:
    """Return some values of a patient as they stand now."""
    patient.refresh_from_db()
    return {name: getattr(patient, name) for name in names}
