"""What many views fetch first."""

from django.http import Http404

from accounts.models import User
from patients.access import NotOnCareTeamError
from scheduling.models import Operation


def get_operation(operation_id: int, viewer: User) -> Operation:
    """Return the operation with what pages show beside it, or answer 404.

    Raises :class:`~patients.access.NotOnCareTeamError` where its patient is not open to ``viewer``.
    """
    operation = Operation.objects.with_facts().with_standing(viewer).filter(pk=operation_id).first()
    if operation is None:
        raise Http404("This operation does not exist.")
    if not operation.is_open:
        raise NotOnCareTeamError(operation.patient_id)
    return operation
