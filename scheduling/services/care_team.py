"""Who belongs to a patient's care team; told from one of the patient's operations."""

from django.core.exceptions import ObjectDoesNotExist
from django.db import transaction
from guardian.shortcuts import assign_perm, remove_perm

from accounts.models import User
from accounts.permissions import authorise
from patients import permissions
from patients.access import NotOnCareTeamError
from patients.models import Patient
from scheduling.models import Operation
from scheduling.services.errors import InvalidPlanError

NO_SUCH_COLLEAGUE = "Choose a colleague whose role lets them see patients."


def add_to_care_team(*, actor: User, operation_id: int, user_id: int) -> Operation:
    """Let a colleague see the patient of an operation, until taken off again."""
    with transaction.atomic(durable=True):
        operation, patient = _lock(actor, operation_id)
        colleague = User.objects.filter(pk=user_id, is_active=True).first()
        if colleague is None or not colleague.can(permissions.VIEW):
            raise InvalidPlanError("user", NO_SUCH_COLLEAGUE)
        assign_perm(permissions.CARE_TEAM, colleague, patient)
    return operation


def remove_from_care_team(*, actor: User, operation_id: int, user_id: int) -> Operation:
    """Take a colleague off; who is not on the team stays off."""
    with transaction.atomic(durable=True):
        operation, patient = _lock(actor, operation_id)
        colleague = User.objects.filter(pk=user_id).first()
        if colleague is not None:
            remove_perm(permissions.CARE_TEAM, colleague, patient)
    return operation


def _lock(actor: User, operation_id: int) -> tuple[Operation, Patient]:
    """Return the operation and its patient, locked: two people who change the team wait for each other."""
    authorise(actor, permissions.MANAGE_CARE_TEAM)
    operations = Operation.objects.with_facts().with_standing(actor, permissions.MANAGE_CARE_TEAM)
    operation = operations.filter(pk=operation_id).first()
    if operation is None:
        raise ObjectDoesNotExist
    if not operation.is_open:
        raise NotOnCareTeamError(operation.patient_id)
    return operation, Patient.objects.select_for_update(no_key=True).get(pk=operation.patient_id)
