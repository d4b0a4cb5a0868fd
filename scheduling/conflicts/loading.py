"""The queries behind :class:`scheduling.conflicts.facts.Facts`, one function each.

None of them runs more than a fixed number of queries, and none runs at all when no plan asks for
what it reads.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

from patients.models import Allergy
from resources.models import (
    Bed,
    Block,
    EquipmentType,
    OpeningHours,
    Resource,
    ResourceKind,
    Shift,
    StaffCredential,
    Theatre,
    Unavailability,
)
from scheduling.conflicts.busy import Busy
from scheduling.models import (
    Operation,
    OperationEquipment,
    OperationStaff,
    Procedure,
    Reservation,
    ReservationRole,
)
from scheduling.period import Period
from scheduling.plan import Plan


def resources(resource_ids: Iterable[int]) -> dict[int, Resource]:
    """Return the resources with the facts of their own kind, by id."""
    joined = Resource.objects.select_related("theatre", "staffmember", "equipmentitem__type", "bed")
    return joined.in_bulk(list(resource_ids))


def reservations(resource_ids: Iterable[int], window: Period, *, without: Sequence[int]) -> list[Busy]:
    """Return what is held of the resources in the window."""
    rows = (
        Reservation.objects.filter(active=True, resource_id__in=list(resource_ids), period__overlap=window.as_range())
        .exclude(operation_id__in=without)
        .values_list(
            "operation_id",
            "resource_id",
            "role",
            "period",
            "operation__period",
            "exclusive",
            "operation__procedure__name",
            "operation__infectious",
        )
    )
    return [
        Busy(
            operation_id=row[0],
            resource_id=row[1],
            role=row[2],
            period=Period.of(row[3]),
            in_room=Period.of(row[4] or row[3]),
            exclusive=row[5],
            procedure=row[6],
            infectious=row[7],
        )
        for row in rows
    ]


def patient_operations(plans: Sequence[Plan], window: Period, *, without: Sequence[int]) -> list[Busy]:
    """Return the patients' own placed operations in the window; ``resource_id`` is the patient's."""
    rows = (
        Operation.objects.filter(
            patient_id__in={plan.operation.patient_id for plan in plans}, period__overlap=window.as_range()
        )
        .exclude(pk__in=without)
        .values_list("pk", "patient_id", "period", "procedure__name", "infectious")
    )
    return [
        Busy(
            operation_id=pk,
            resource_id=patient_id,
            role="patient",
            period=Period.of(period),
            in_room=Period.of(period),
            exclusive=True,
            procedure=procedure,
            infectious=infectious,
        )
        for pk, patient_id, period, procedure, infectious in rows
    ]


def unavailabilities(resource_ids: Iterable[int], window: Period) -> list[Unavailability]:
    """Return closures, leave and maintenance in the window."""
    rows = Unavailability.objects.filter(resource_id__in=list(resource_ids), period__overlap=window.as_range())
    return list(rows)


def opening_hours(theatre_ids: Iterable[int]) -> list[OpeningHours]:
    """Return the theatres' weekly hours."""
    return list(OpeningHours.objects.filter(theatre_id__in=list(theatre_ids)))


def blocks(theatre_ids: Iterable[int]) -> list[Block]:
    """Return the theatres' weekly blocks with their owners."""
    return list(Block.objects.filter(theatre_id__in=list(theatre_ids)).select_related("specialty", "surgeon"))


def shifts(people: Iterable[Resource], window: Period) -> dict[int, list[Period]]:
    """Return the shifts of those who work by a roster, by person."""
    rostered = [person.pk for person in people if person.kind == ResourceKind.STAFF and person.staffmember.rostered]
    by_person: dict[int, list[Period]] = {pk: [] for pk in rostered}
    if rostered:
        rows = Shift.objects.filter(staff_member_id__in=rostered, period__overlap=window.as_range())
        for staff_member_id, period in rows.values_list("staff_member_id", "period"):
            by_person[staff_member_id].append(Period.of(period))
    return by_person


def credentials(plans: Sequence[Plan]) -> list[StaffCredential]:
    """Return what the plans' lead surgeons hold."""
    leads = {plan.lead_surgeon_id for plan in plans} - {None}
    return list(StaffCredential.objects.filter(staff_member_id__in=leads)) if leads else []


def beds_by_kind(plans: Sequence[Plan]) -> dict[str, frozenset[int]]:
    """Return the beds of each kind that some plan needs and does not hold yet."""
    kinds = {plan.operation.bed_kind for plan in plans if plan.operation.bed_kind and not _holds_bed(plan)}
    found: dict[str, set[int]] = defaultdict(set)
    if kinds:
        for pk, kind in Bed.objects.filter(bed_kind__in=kinds, in_use=True).values_list("pk", "bed_kind"):
            found[kind].add(pk)
    return {kind: frozenset(found[kind]) for kind in kinds}


def _holds_bed(plan: Plan) -> bool:
    return any(item.role == ReservationRole.BED for item in plan.assignments)


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What the planned operations ask for, and what their patients must not meet.

    Keys: ``features`` and ``theatre_features`` map an operation, a theatre to feature ids with
    names; ``equipment`` an operation to (type id, name, quantity); ``staff`` to (role, quantity);
    ``credentials`` a procedure to credential ids with names; ``allergies`` a patient to substances.
    """

    features: dict[int, dict[int, str]]
    theatre_features: dict[int, frozenset[int]]
    equipment: dict[int, list[tuple[EquipmentType, int]]]
    staff: dict[int, list[tuple[str, int]]]
    credentials: dict[int, dict[int, str]]
    allergies: dict[int, list[str]]

    @classmethod
    def of(cls, plans: Sequence[Plan]) -> Self:
        """Read the needs of ``plans``."""
        operations = [plan.operation.pk for plan in plans if plan.operation.pk]
        features = _features(operations) | _features_to_come(plans)
        return cls(
            features=features,
            theatre_features=_theatre_features({plan.theatre_id for plan in plans}) if features else {},
            equipment=_equipment(operations) | _equipment_to_come(plans),
            staff=_staff(operations),
            credentials=_procedure_credentials({plan.operation.procedure_id for plan in plans}),
            allergies=_allergies(plans),
        )


def _not_saved(plans: Sequence[Plan]) -> list[Operation]:
    """Return the operations that have a number and are not written yet: an import's."""
    return [plan.operation for plan in plans if plan.operation.pk and plan.operation._state.adding]  # noqa: SLF001


def _features_to_come(plans: Sequence[Plan]) -> dict[int, dict[int, str]]:
    """Return what operations will need once they are saved: what their procedures need."""
    return {
        operation.pk: {feature.pk: feature.name for feature in operation.procedure.features.all()}
        for operation in _not_saved(plans)
    }


def _equipment_to_come(plans: Sequence[Plan]) -> dict[int, list[tuple[EquipmentType, int]]]:
    return {
        operation.pk: [(need.equipment_type, need.quantity) for need in operation.procedure.equipment_needs.all()]
        for operation in _not_saved(plans)
    }


def _features(operations: Sequence[int]) -> dict[int, dict[int, str]]:
    found: dict[int, dict[int, str]] = defaultdict(dict)
    rows = Operation.features.through.objects.filter(operation_id__in=operations)
    for operation, feature, name in rows.values_list("operation_id", "feature_id", "feature__name"):
        found[operation][feature] = name
    return found


def _theatre_features(theatre_ids: Iterable[int]) -> dict[int, frozenset[int]]:
    found: dict[int, set[int]] = defaultdict(set)
    rows = Theatre.features.through.objects.filter(theatre_id__in=list(theatre_ids))
    for theatre, feature in rows.values_list("theatre_id", "feature_id"):
        found[theatre].add(feature)
    return {theatre: frozenset(ids) for theatre, ids in found.items()}


def _equipment(operations: Sequence[int]) -> dict[int, list[tuple[EquipmentType, int]]]:
    found: dict[int, list[tuple[EquipmentType, int]]] = defaultdict(list)
    rows = OperationEquipment.objects.filter(operation_id__in=operations).select_related("equipment_type")
    for row in rows:
        found[row.operation_id].append((row.equipment_type, row.quantity))
    return found


def _staff(operations: Sequence[int]) -> dict[int, list[tuple[str, int]]]:
    found: dict[int, list[tuple[str, int]]] = defaultdict(list)
    rows = OperationStaff.objects.filter(operation_id__in=operations)
    for operation, role, quantity in rows.values_list("operation_id", "role", "quantity"):
        found[operation].append((role, quantity))
    return found


def _procedure_credentials(procedures: Iterable[int]) -> dict[int, dict[int, str]]:
    found: dict[int, dict[int, str]] = defaultdict(dict)
    rows = Procedure.credentials.through.objects.filter(procedure_id__in=list(procedures))
    for procedure, credential, name in rows.values_list("procedure_id", "credential_id", "credential__name"):
        found[procedure][credential] = name
    return found


def _allergies(plans: Sequence[Plan]) -> dict[int, list[str]]:
    # Whatever the record's summary says: an allergy that stands there counts.
    found: dict[int, list[str]] = defaultdict(list)
    rows = Allergy.objects.filter(patient_id__in={plan.operation.patient_id for plan in plans})
    for patient, substance in rows.values_list("patient_id", "substance"):
        found[patient].append(substance)
    return found
