"""Whether a patient has consented to what is planned."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import models

from scheduling.models import ConsentAnswer, Operation, OperationConsent


class ConsentProblem(models.TextChoices):
    """Why nobody may begin on the strength of what is on record."""

    MISSING = "missing", "No consent on record"
    REFUSED = "refused", "The patient refused"
    WITHDRAWN = "withdrawn", "The patient withdrew consent"
    OTHER_PROCEDURE = "other_procedure", "Consent is for another procedure"
    OTHER_SIDE = "other_side", "Consent is for another side"
    FORM_WITHDRAWN = "form_withdrawn", "The signed form was entered in error"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentState:
    """What stands for one operation, and what is wrong with it: ``None`` if nothing is."""

    consent: OperationConsent | None
    problem: ConsentProblem | None
    words: str
    """What is wrong, with what the consent is for; empty if nothing is."""


def consent_state(operations: Iterable[Operation]) -> dict[int, ConsentState]:
    """Return by number how each operation stands, in one query; load them with their procedure."""
    wanted = list(operations)
    rows = (
        OperationConsent.objects.filter(operation__in=[one.pk for one in wanted], taken_back_at=None)
        .select_related("procedure", "document", "taken_by", "recorded_by")
        .order_by("operation_id", "-pk")
        .distinct("operation_id")
    )
    standing = {row.operation_id: row for row in rows}
    return {one.pk: _state(one, standing.get(one.pk)) for one in wanted}


def _state(operation: Operation, consent: OperationConsent | None) -> ConsentState:
    problem = _problem(operation, consent)
    words = str(problem.label) if problem else ""
    if consent and problem == ConsentProblem.OTHER_PROCEDURE:
        words += f": {consent.procedure_with_side}"
    elif consent and problem == ConsentProblem.OTHER_SIDE:
        words += f": {consent.get_side_display().lower()}"
    return ConsentState(consent=consent, problem=problem, words=words)


def _problem(operation: Operation, consent: OperationConsent | None) -> ConsentProblem | None:
    if consent is None:
        return ConsentProblem.MISSING
    if consent.answer in (ConsentAnswer.REFUSED, ConsentAnswer.WITHDRAWN):
        return ConsentProblem(consent.answer)
    if consent.procedure_id != operation.procedure_id:
        return ConsentProblem.OTHER_PROCEDURE
    if consent.side != operation.side:
        return ConsentProblem.OTHER_SIDE
    if consent.document and consent.document.is_withdrawn:
        return ConsentProblem.FORM_WITHDRAWN
    return None


def consents_of(operation: Operation) -> list[OperationConsent]:
    """Return all that was recorded for an operation, newest first."""
    related = ("procedure", "document", "taken_by", "recorded_by", "taken_back_by")
    return list(operation.consents.select_related(*related))
