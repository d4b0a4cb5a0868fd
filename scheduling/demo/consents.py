"""Consent to the demo's operations: nearly everybody gave it, a few forms are scanned, some things are wrong."""

from collections.abc import Sequence
from datetime import timedelta
from random import Random

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from patients.documents.keeping import Paper, keep
from patients.models import Document
from scheduling.demo.calendar import planned
from scheduling.demo.dice import dice_for, happens
from scheduling.models import ConsentAnswer, Operation, OperationConsent, Side

SHARE_GIVEN, SHARE_OTHER_SIDE = 0.92, 0.04
OTHER = {Side.LEFT: Side.RIGHT, Side.RIGHT: Side.LEFT}


def make_consents(actor: User, code: str, operations: Sequence[Operation], *, scan: bool) -> None:
    """Give consent to those of a list that have none; what was operated on had it. ``scan`` scans the first form."""
    rng, today = dice_for(f"{code}-consent"), timezone.localdate()
    has_one = set(OperationConsent.objects.filter(operation__in=operations).values_list("operation", flat=True))
    made = []
    for operation in operations:
        day = min(timezone.localdate(planned(operation).start), today)
        given = happens(rng, SHARE_GIVEN)
        if operation.pk not in has_one and (given or planned(operation).start < timezone.now()):
            made.append(_consent(actor, rng, operation) | {"signed_on": day - timedelta(days=rng.randint(0, 20))})
    if scan and made:
        made[0]["document"] = _scan(actor, made[0]["operation"])
    OperationConsent.objects.bulk_create(OperationConsent(**fields) for fields in made)


def _consent(actor: User, rng: Random, operation: Operation) -> dict[str, object]:
    side = Side(operation.side)
    if planned(operation).start > timezone.now() and happens(rng, SHARE_OTHER_SIDE):
        side = OTHER.get(side, side)
    return {
        "operation": operation,
        "answer": ConsentAnswer.GIVEN,
        "procedure_id": operation.procedure_id,
        "side": side,
        "taken_by_id": operation.lead_surgeon_id,
        "recorded_by": actor,
    }


def _scan(actor: User, operation: object) -> Document:
    from accounts.documents import Pages  # noqa: PLC0415  # its fonts would cost every start two seconds

    assert isinstance(operation, Operation)  # noqa: S101  # for mypy
    pdf = Pages("Consent form", head="Consent to an operation")
    pdf.head(operation.procedure_with_side)
    pdf.text_block(
        "I agree to this operation. What it is for, what it may lead to and what else could be done was explained to "
        "me, and I could ask what I wanted to know."
    )
    pdf.text_block("\nSigned:  ~~~~~~~~~~~~~~~~")
    paper = Paper(kind="consent", content=bytes(pdf.output()))
    with transaction.atomic():
        return keep(actor=actor, patient_id=operation.patient_id, paper=paper)[0]
