"""What many views fetch first."""

from django.http import Http404

from scheduling.models import Operation


def get_operation(operation_id: int) -> Operation:
    """Return the operation with what pages show beside it, or answer 404."""
    operation = Operation.objects.with_facts().filter(pk=operation_id).first()
    if operation is None:
        raise Http404("This operation does not exist.")
    return operation
