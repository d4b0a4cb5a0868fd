"""A surgical order of another system as a request on the waiting list."""

from accounts.models import User
from patients.importing.incoming import Order
from patients.importing.orders import Placed
from patients.importing.report import Outcome
from patients.models import Patient
from scheduling import permissions
from scheduling.models import ChangeVerb, Operation, OperationChange, Priority, Procedure, Side, Status
from scheduling.services.errors import InvalidPlanError
from scheduling.services.requesting import Request, build_operation, check_content, copy_needs
from scheduling.services.writing import snapshot

CODE_SYSTEMS = {
    "http://www.cms.gov/Medicare/Coding/ICD10": "ICD-10-PCS",
    "http://hl7.org/fhir/sid/icd-10-pcs": "ICD-10-PCS",
    "urn:oid:2.16.840.1.113883.6.4": "ICD-10-PCS",
    "http://www.ama-assn.org/go/cpt": "CPT",
    "https://fhir.hl7.org.uk/Id/opcs-4": "OPCS-4",
    "http://fhir.de/CodeSystem/bfarm/ops": "OPS",
    "http://snomed.info/sct": "SNOMED CT",
}
"""What our catalogue calls the code systems that FHIR names by a URI."""
LONGEST_CASE_NUMBER = 60
LONGEST_NOTES = 2000
URGENCIES = {"urgent": 1, "asap": 0, "routine": -1}
"""Which of the priorities that are no emergencies, the soonest first; whoever accepts the request looks again."""
NOT_ALLOWED = "Only somebody who may import or request operations can bring in orders."
STAT = "is for at once. Emergencies are announced to the theatre coordinator, not by a file."
WITHDRAWN = "Orders that were withdrawn before they came"
WITHDRAWN_LATER = "was withdrawn there, and case {} is still here: cancel it by hand if that is right."
CHANGED = "was changed there. Case {} stays as it is here: look whether something has to follow."
NO_PROCEDURE = "has no code and no name of a procedure in the catalogue. Add the procedure, and import again."
NO_PRIORITY = "can't be listed: the hospital has no priority classes yet."
NOT_OURS = "Orders without a category, for nothing in the catalogue"


def take_order(actor: User, patient: Patient, order: Order, operation_id: int | None) -> Placed:
    """Ask for the operation that an order names, or say why not; one that was asked for stays as it is.

    Called inside the import's transaction. The patient's row is locked.
    """
    known = _known(patient, order, operation_id)
    if known:
        text = (WITHDRAWN_LATER if order.withdrawn else CHANGED).format(known) if operation_id else ""
        return Placed(Outcome.UNCHANGED, known, text)
    if order.withdrawn:
        return Placed(None, text=WITHDRAWN)
    procedure = _procedure(order)
    if procedure is None:
        return Placed(Outcome.REFUSED, text=NO_PROCEDURE) if order.is_surgical else Placed(None, text=NOT_OURS)
    if not (actor.can(permissions.IMPORT) or actor.can(permissions.REQUEST)):
        return Placed(Outcome.REFUSED, text=NOT_ALLOWED)
    if order.urgency == "stat":
        return Placed(Outcome.REFUSED, text=STAT)
    return _request(actor, patient, order, procedure)


def _request(actor: User, patient: Patient, order: Order, procedure: Procedure) -> Placed:
    priority = _priority(order.urgency)
    if priority is None:
        return Placed(Outcome.REFUSED, text=NO_PRIORITY)
    request = Request(
        patient=patient,
        procedure=procedure,
        priority=priority,
        side=order.side or Side.NOT_APPLICABLE,
        listed_on=order.listed_on,
        due_on=order.due_on,
        notes=_notes(order),
        external_id=_case_number(order),
    )
    try:
        check_content(request)
    except InvalidPlanError as error:
        return Placed(Outcome.REFUSED, text=str(error))
    operation = build_operation(request)
    operation.status = Status.REQUESTED
    operation.save()
    copy_needs(operation)
    OperationChange.objects.create(
        operation=operation,
        version=operation.version,
        verb=ChangeVerb.REQUESTED,
        actor=actor,
        after=snapshot(operation, []),
        note=f"Ordered in {order.origin.source} as {order.origin.keys[0]}",
    )
    return Placed(Outcome.CREATED, operation.pk)


def _known(patient: Patient, order: Order, operation_id: int | None) -> int | None:
    """Return the operation that the order became, or one of this patient that bears its number already."""
    if operation_id:
        return operation_id
    number = order.origin.keys[0]
    found = Operation.objects.filter(patient=patient, external_id=number) if patient.pk else Operation.objects.none()
    return found.values_list("pk", flat=True).first()


def _case_number(order: Order) -> str | None:
    number = order.origin.keys[0]
    is_free = len(number) <= LONGEST_CASE_NUMBER and not Operation.objects.filter(external_id=number).exists()
    return number if is_free else None


def _procedure(order: Order) -> Procedure | None:
    """Return the procedure with one of the order's codes, else the one with its name."""
    wanted = {(CODE_SYSTEMS.get(system, system).casefold(), code.casefold()) for system, code in order.codes}
    rows = Procedure.objects.filter(in_use=True, code__in=[code for _, code in order.codes])
    by_code = (row for row in rows if (row.code_system.casefold(), row.code.casefold()) in wanted)
    named = Procedure.objects.filter(in_use=True, name__iexact=order.text) if order.text else Procedure.objects.none()
    return next(by_code, None) or named.first()


def _priority(urgency: str) -> Priority | None:
    """Return the priority nearest to what an order says."""
    rows: list[Priority] = list(Priority.objects.filter(emergency=False).exclude(scheme="IMPORT"))
    if not rows:
        return None
    scheme = min(rows, key=lambda row: row.pk).scheme
    ordered = sorted((row for row in rows if row.scheme == scheme), key=lambda row: row.target_days)
    return ordered[min(URGENCIES[urgency], len(ordered) - 1)]


def _notes(order: Order) -> str:
    """Return what the order says in words, its codes as received included."""
    codes = ", ".join(f"{system} {code}".strip() for system, code in order.codes)
    named = " ".join(filter(None, (order.text, codes and f"({codes})")))
    by = f"Ordered by {order.requester}." if order.requester else ""
    return " ".join(filter(None, (order.notes, by, f"Ordered as {named}.")))[:LONGEST_NOTES]
