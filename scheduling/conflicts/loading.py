"""Reads what :class:`scheduling.conflicts.facts.Facts` holds, in a fixed number of queries."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Self

from django.db import connection

from resources.models import (
    Bed,
    EquipmentItem,
    EquipmentType,
    Resource,
    ResourceKind,
    StaffCredential,
    StaffMember,
    Theatre,
    Unavailability,
)
from scheduling.conflicts.busy import Busy
from scheduling.conflicts.statements import HELD, NEEDS, RESOURCES, TIMES
from scheduling.models import KIT_AWAITED, KIT_THERE_OR_NOT_NEEDED, KitState, Operation, ReservationRole, kit_name
from scheduling.period import Period
from scheduling.plan import Plan

PATIENT = "patient"
"""The role of a patient in their own operation."""
SHIFT, ON_CALL = "shift", "on_call"


def resources(resource_ids: Iterable[int]) -> dict[int, Resource]:
    """Return the resources with the facts of their own kind, by id: what the rules ask for, no more."""
    return {row[0]: _resource(*row) for row in _rows(RESOURCES, resources=list(resource_ids))}


def _resource(pk: int, kind: str, name: str, in_use: bool, *facts: Any) -> Resource:  # noqa: FBT001  # a column
    resource = Resource(pk=pk, kind=kind, name=name, in_use=in_use)
    turnover, kept, profession, limit, at_once, rostered, type_id, type_name, allergens = facts
    if kind == ResourceKind.THEATRE:
        resource.theatre = Theatre(pk=pk, name=name, turnover_minutes=turnover, kept_for_emergencies=kept)
    elif kind == ResourceKind.STAFF:
        resource.staffmember = StaffMember(
            pk=pk,
            name=name,
            profession=profession,
            daily_operations_limit=limit,
            supervises_at_once=at_once,
            rostered=rostered,
        )
    elif kind == ResourceKind.EQUIPMENT:
        kind_of_item = EquipmentType(pk=type_id, name=type_name, allergens=allergens)
        resource.equipmentitem = EquipmentItem(pk=pk, name=name, type=kind_of_item)
    return resource


def held(resource_ids: Iterable[int], plans: Sequence[Plan], window: Period) -> list[Busy]:
    """Return what others hold of the resources in the window, and the patients' other operations.

    A patient's operation has the role :data:`PATIENT`, and the patient's number for the resource's.
    """
    rows = _rows(
        HELD,
        resources=list(resource_ids),
        patients=list({plan.operation.patient_id for plan in plans}),
        window=window.as_range(),
        without=_numbers(plans),
    )
    return [
        Busy(
            operation_id=operation,
            resource_id=owner,
            role=role,
            period=Period.of(period),
            in_room=Period.of(in_room or period),
            exclusive=exclusive,
            procedure=procedure,
            infectious=infectious,
            specialty_id=specialty,
        )
        for operation, owner, role, period, in_room, exclusive, procedure, infectious, specialty in rows
    ]


Duties = dict[int, list[Period]]
"""By person, when they are there; who works by no roster has no entry."""


def times(known: Iterable[Resource], window: Period) -> tuple[list[Unavailability], Duties, Duties]:
    """Return closures, leave and maintenance; the shifts of those who work by a roster; and when they are on call."""
    known = list(known)
    rostered = [person.pk for person in known if person.kind == ResourceKind.STAFF and person.staffmember.rostered]
    away: list[Unavailability] = []
    shifts: Duties = {pk: [] for pk in rostered}
    on_call: Duties = {pk: [] for pk in rostered}
    numbers = [resource.pk for resource in known]
    for resource, kind, period, note in _rows(TIMES, resources=numbers, rostered=rostered, window=window.as_range()):
        if kind == SHIFT:
            shifts[resource].append(Period.of(period))
        elif kind == ON_CALL:
            on_call[resource].append(Period.of(period))
        else:
            away.append(Unavailability(resource_id=resource, kind=kind, period=period, note=note))
    return away, shifts, on_call


def beds_by_kind(plans: Sequence[Plan]) -> dict[str, frozenset[int]]:
    """Return the beds of each kind that some plan needs and does not hold yet."""
    kinds = {plan.operation.bed_kind for plan in plans if plan.operation.bed_kind and not _holds_bed(plan)}
    found: dict[str, set[int]] = defaultdict(set)
    if kinds:
        beds = Bed.objects.filter(bed_kind__in=kinds, in_use=True).order_by()
        for pk, kind in beds.values_list("pk", "bed_kind"):
            found[kind].add(pk)
    return {kind: frozenset(found[kind]) for kind in kinds}


def _holds_bed(plan: Plan) -> bool:
    return any(item.role == ReservationRole.BED for item in plan.assignments)


@dataclass(frozen=True, slots=True, kw_only=True)
class KitNeed:
    """Kit on loan: when it is promised for, and the first day on which the operation could have it in time."""

    name: str
    state: KitState
    expected_on: date | None
    in_time_from: date | None

    @property
    def is_missing(self) -> bool:
        """Say whether the operation can't be confirmed without it."""
        return self.state not in KIT_THERE_OR_NOT_NEEDED

    @property
    def is_awaited(self) -> bool:
        """Say whether it may still come."""
        return self.state in KIT_AWAITED


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What the planned operations ask for, and what their patients must not meet.

    Keys: ``features`` and ``theatre_features`` map an operation, a theatre to feature ids with
    names; ``equipment`` an operation to (type, quantity); ``staff`` to (role, quantity);
    ``credentials`` a procedure to credential ids with names, ``held`` a lead surgeon to those held;
    ``allergies`` a patient to substances; ``kit`` an operation to what has to come from outside;
    ``turnover`` a specialty to its standard minutes, where it has its own.
    """

    features: dict[int, dict[int, str]]
    theatre_features: dict[int, frozenset[int]]
    equipment: dict[int, list[tuple[EquipmentType, int]]]
    staff: dict[int, list[tuple[str, int]]]
    credentials: dict[int, dict[int, str]]
    held: dict[int, list[StaffCredential]]
    allergies: dict[int, list[str]]
    kit: dict[int, list[KitNeed]]
    turnover: dict[int, int]

    @classmethod
    def of(cls, plans: Sequence[Plan]) -> Self:
        """Read the needs of ``plans``."""
        found = _by_kind(plans)
        features, equipment = _by_owner(found["feature"]), _by_owner(found["equipment"])
        return cls(
            features={pk: {row[0]: row[1] for row in rows} for pk, rows in features.items()} | _features_to_come(plans),
            theatre_features={
                pk: frozenset(row[0] for row in rows) for pk, rows in _by_owner(found["theatre"]).items()
            },
            equipment={pk: [_equipment(*row) for row in rows] for pk, rows in equipment.items()}
            | _equipment_to_come(plans),
            staff={pk: [(row[1], row[2]) for row in rows] for pk, rows in _by_owner(found["staff"]).items()},
            credentials={pk: {row[0]: row[1] for row in rows} for pk, rows in _by_owner(found["credential"]).items()},
            held={pk: [_credential(*row) for row in rows] for pk, rows in _by_owner(found["held"]).items()},
            # Whatever the record's summary says: an allergy that stands there counts.
            allergies={pk: [row[1] for row in rows] for pk, rows in _by_owner(found["allergy"]).items()},
            kit={pk: [_kit(*row) for row in rows] for pk, rows in _by_owner(found["kit"]).items()},
            turnover={pk: rows[0][2] for pk, rows in _by_owner(found["turnover"]).items()},
        )


def _by_kind(plans: Sequence[Plan]) -> dict[str, list[Any]]:
    rows = _rows(
        NEEDS,
        operations=_numbers(plans),
        theatres=list({plan.theatre_id for plan in plans}),
        procedures=list({plan.operation.procedure_id for plan in plans}),
        leads=list({plan.lead_surgeon_id for plan in plans} - {None}),
        patients=list({plan.operation.patient_id for plan in plans}),
    )
    found: dict[str, list[Any]] = defaultdict(list)
    for kind, *row in rows:
        found[kind].append(row)
    return found


def _by_owner(rows: Iterable[Any]) -> dict[int, list[Any]]:
    groups: dict[int, list[Any]] = defaultdict(list)
    for owner, *row in rows:
        groups[owner].append(row)
    return groups


def _equipment(pk: int, name: str, quantity: int, allergens: list[str], *_: None) -> tuple[EquipmentType, int]:
    return EquipmentType(pk=pk, name=name, allergens=allergens), quantity


def _credential(pk: int, _name: str, _quantity: int, _allergens: None, *valid: Any) -> StaffCredential:
    return StaffCredential(credential_id=pk, valid_from=valid[0], valid_until=valid[1])


def _kit(_pk: None, what: str, quantity: int, states: list[str], *days: Any) -> KitNeed:
    name = kit_name(quantity, what)
    return KitNeed(name=name, state=KitState(states[0]), expected_on=days[0], in_time_from=days[1])


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


def _numbers(plans: Sequence[Plan]) -> list[int]:
    return [plan.operation.pk for plan in plans if plan.operation.pk]


def _rows(statement: str, **params: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
