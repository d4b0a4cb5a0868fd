"""Rules that nobody may override."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from resources.models import Profession, Resource, ResourceKind
from scheduling.conflicts.conflict import Conflict, Severity
from scheduling.conflicts.facts import Facts, key_of, local_day
from scheduling.models import ReservationRole
from scheduling.period import Period
from scheduling.plan import Plan

Rule = Callable[[Plan, Facts], Iterable[Conflict]]

PROFESSIONS: dict[str, frozenset[str]] = {
    ReservationRole.LEAD_SURGEON: frozenset({Profession.SURGEON}),
    ReservationRole.ASSISTANT: frozenset({Profession.SURGEON}),
    ReservationRole.ANAESTHETIST: frozenset({Profession.ANAESTHETIST}),
    ReservationRole.SUPERVISING_ANAESTHETIST: frozenset({Profession.ANAESTHETIST}),
    ReservationRole.ANAESTHETIC_NURSE: frozenset({Profession.ANAESTHETIC_NURSE}),
    ReservationRole.SCRUB_NURSE: frozenset({Profession.SCRUB_NURSE}),
    ReservationRole.CIRCULATING_NURSE: frozenset({Profession.CIRCULATING_NURSE, Profession.SCRUB_NURSE}),
    ReservationRole.PERFUSIONIST: frozenset({Profession.PERFUSIONIST}),
    ReservationRole.RADIOGRAPHER: frozenset({Profession.RADIOGRAPHER}),
}
"""Who may serve in which role."""

BUSY_HINTS = {
    ResourceKind.THEATRE: "Choose another time or theatre.",
    ResourceKind.STAFF: "Choose another time or person.",
    ResourceKind.EQUIPMENT: "Choose another time or item.",
    ResourceKind.BED: "Choose another bed.",
}
AWAY = {
    ResourceKind.THEATRE: ("theatre_closed", "is closed", "Choose another theatre or day."),
    ResourceKind.STAFF: ("person_away", "is away", "Choose another person or day."),
    ResourceKind.EQUIPMENT: ("equipment_out", "is out of service", "Choose another item or day."),
    ResourceKind.BED: ("bed_closed", "is closed", "Choose another bed."),
}


def _hard(plan: Plan, rule: str, message: str, hint: str, **more: int | Period | str | None) -> Conflict:
    return Conflict(
        rule=rule,
        severity=Severity.HARD,
        message=message,
        hint=hint,
        operation_id=plan.operation.pk,
        day=local_day(plan.period),
        **more,  # type: ignore[arg-type]
    )


def unknown_resource(plan: Plan, facts: Facts) -> Iterator[Conflict]:
    """Something that the plan names is not in the hospital's lists, or is no theatre."""
    for hold in plan.holds:
        resource = facts.resources.get(hold.resource_id)
        no_theatre = resource and hold.role == ReservationRole.THEATRE != resource.kind
        if resource is None or no_theatre:
            name = ReservationRole(hold.role).label.lower()
            yield _hard(
                plan,
                "unknown_resource",
                f"The {name} that was chosen does not exist any more.",
                "Choose another one from the list.",
                resource_id=hold.resource_id,
            )


def resource_busy(plan: Plan, facts: Facts) -> Iterator[Conflict]:
    """A theatre, person, item or bed is already held at that time, set-up and clean-up included."""
    for hold in plan.holds:
        if not hold.exclusive:
            continue
        resource = facts.resources[hold.resource_id]
        for busy in facts.others(plan, hold.resource_id):
            if busy.exclusive and busy.period.overlaps(hold.period):
                yield _hard(
                    plan,
                    f"{resource.kind}_busy",
                    f"{resource} is already booked {busy.period}: {busy.case}.",
                    BUSY_HINTS[ResourceKind(resource.kind)],
                    resource_id=resource.pk,
                    period=busy.period,
                    other_operation_id=busy.operation_id,
                    named=busy.case,
                )
    yield from _held_twice(plan, facts)


def _held_twice(plan: Plan, facts: Facts) -> Iterator[Conflict]:
    counts = Counter(hold.resource_id for hold in plan.holds)
    for resource_id, count in counts.items():
        if count > 1:
            resource = facts.resources[resource_id]
            yield _hard(
                plan,
                "held_twice",
                f"{resource} is named {count} times in this operation's team.",
                "Name each person or item once.",
                resource_id=resource_id,
            )


def patient_busy(plan: Plan, facts: Facts) -> Iterator[Conflict]:
    """The patient has another operation at that time."""
    for busy in facts.patient_busy[plan.operation.patient_id]:
        if busy.operation_id != key_of(plan.operation) and busy.period.overlaps(plan.period):
            yield _hard(
                plan,
                "patient_busy",
                f"The patient is already booked {busy.period}: {busy.case}.",
                "Choose another time, or move the other operation first.",
                period=busy.period,
                other_operation_id=busy.operation_id,
                named=busy.case,
            )


def unavailable(plan: Plan, facts: Facts) -> Iterator[Conflict]:
    """A theatre or bed is closed, a person on leave or sick, an item out of service."""
    for hold in plan.holds:
        for row in facts.away[hold.resource_id]:
            period = Period.of(row.period) if row.period.lower and row.period.upper else None
            if hold.period.touches(row.period):
                resource = facts.resources[hold.resource_id]
                rule, verb, hint = AWAY[ResourceKind(resource.kind)]
                note = f" ({row.note})" if row.note and resource.kind != ResourceKind.STAFF else ""
                when = f" {period}" if period else ""
                yield _hard(
                    plan,
                    rule,
                    f"{resource} {verb}{when}{note}.",
                    hint,
                    resource_id=resource.pk,
                    period=period,
                )


def retired(plan: Plan, facts: Facts) -> Iterator[Conflict]:
    """A resource has been taken out of use for good."""
    for hold in plan.holds:
        resource = facts.resources[hold.resource_id]
        if not resource.in_use:
            yield _hard(
                plan,
                "retired",
                f"{resource} is no longer in use.",
                "Choose another one.",
                resource_id=resource.pk,
            )


def wrong_profession(plan: Plan, facts: Facts) -> Iterator[Conflict]:
    """A resource can't serve in the role it is named for."""
    for hold in plan.holds:
        resource = facts.resources[hold.resource_id]
        if not _may_serve(resource, hold.role):
            role = ReservationRole(hold.role).label.lower()
            yield _hard(
                plan,
                "wrong_profession",
                f"{resource} can't be booked as {role}.",
                "Choose somebody trained for the role.",
                resource_id=resource.pk,
            )


def _may_serve(resource: Resource, role: str) -> bool:
    kind_of_role = {
        ReservationRole.THEATRE: ResourceKind.THEATRE,
        ReservationRole.EQUIPMENT: ResourceKind.EQUIPMENT,
        ReservationRole.BED: ResourceKind.BED,
    }.get(ReservationRole(role), ResourceKind.STAFF)
    if resource.kind != kind_of_role:
        return False
    return kind_of_role != ResourceKind.STAFF or resource.staffmember.profession in PROFESSIONS[role]


def feature_missing(plan: Plan, facts: Facts) -> Iterator[Conflict]:
    """The theatre lacks something that the operation can't be done without."""
    needed = facts.needs.features.get(plan.operation.pk, {})
    present = facts.needs.theatre_features.get(plan.theatre_id, frozenset())
    missing = [name for feature, name in needed.items() if feature not in present]
    if missing:
        theatre = facts.resources[plan.theatre_id]
        yield _hard(
            plan,
            "feature_missing",
            f"{theatre} has no {' and no '.join(sorted(missing))}, which this operation needs.",
            "Choose a theatre that has it.",
            resource_id=plan.theatre_id,
        )


def not_credentialed(plan: Plan, facts: Facts) -> Iterator[Conflict]:
    """The lead surgeon may not do this procedure on that day."""
    surgeon = facts.resources.get(plan.lead_surgeon_id or 0)
    required = facts.needs.credentials.get(plan.operation.procedure_id, {})
    if surgeon is None or not required:
        return
    day = local_day(plan.period)
    held = {
        row.credential_id
        for row in facts.credentials[surgeon.pk]
        if (row.valid_from is None or row.valid_from <= day) and (row.valid_until is None or day <= row.valid_until)
    }
    for credential, name in required.items():
        if credential not in held:
            yield _hard(
                plan,
                "not_credentialed",
                f"{surgeon} holds no valid credential for {name} on {day:%d %b %Y}.",
                "Choose a surgeon who does, or have the credential renewed.",
                resource_id=surgeon.pk,
            )


def need_unmet(plan: Plan, facts: Facts) -> Iterator[Conflict]:
    """At confirmation: a role, an item, a bed or kit on loan that the operation needs is not there."""
    if plan.confirming:
        for missing in missing_needs(plan, facts):
            yield _hard(plan, "need_unmet", f"Still missing: {missing}.", "Assign it, then confirm.")
        for kit in missing_kit(plan, facts):
            yield _hard(
                plan, "kit_missing", f"Still missing: {kit}.", "Say that it has arrived or is not needed, then confirm."
            )


def missing_needs(plan: Plan, facts: Facts) -> list[str]:
    """Return in words what the operation needs and the plan does not hold."""
    operation = plan.operation
    roles = Counter(item.role for item in plan.assignments)
    roles[ReservationRole.ANAESTHETIST] += roles[ReservationRole.SUPERVISING_ANAESTHETIST]
    wanted = [(ReservationRole.LEAD_SURGEON.value, 1), *facts.needs.staff.get(operation.pk, [])]
    missing = [_lacking(ReservationRole(role).label, count - roles[role]) for role, count in wanted]
    types = Counter(_equipment_type(facts.resources[item.resource_id]) for item in plan.assignments)
    for kind, count in facts.needs.equipment.get(operation.pk, []):
        missing.append(_lacking(kind.name, count - types[kind.pk]))
    if operation.bed_kind and not roles[ReservationRole.BED]:
        missing.append(f"{operation.get_bed_kind_display()} bed")
    return [words for words in missing if words]


def missing_kit(plan: Plan, facts: Facts) -> list[str]:
    """Return in words the kit on loan that is not here, each with how far it is."""
    kit = facts.needs.kit.get(plan.operation.pk, [])
    return [f"{one.name} on loan ({one.state.label.lower()})" for one in kit if one.is_missing]


def _lacking(name: str, count: int) -> str:
    if count <= 0:
        return ""
    return name if count == 1 else f"{count} x {name}"


def _equipment_type(resource: Resource) -> int | None:
    return resource.equipmentitem.type_id if resource.kind == ResourceKind.EQUIPMENT else None


def patient_deceased(plan: Plan, facts: Facts) -> Iterator[Conflict]:  # noqa: ARG001
    """The patient has died."""
    if plan.operation.patient.is_deceased:
        yield _hard(
            plan,
            "patient_deceased",
            "This patient is recorded as deceased.",
            "Check that it is the right patient; if so, cancel the operation.",
        )


def allergy(plan: Plan, facts: Facts) -> Iterator[Conflict]:
    """The patient is allergic to something that the procedure or its equipment brings."""
    substances = [text.lower() for text in facts.needs.allergies.get(plan.operation.patient_id, [])]
    for allergen, source in _exposures(plan, facts):
        if any(allergen in substance for substance in substances):
            yield _hard(
                plan,
                "allergy",
                f"The patient is allergic to {allergen}, and {source} contains it.",
                "Choose equipment without it, or have the allergy record reviewed.",
            )


def _exposures(plan: Plan, facts: Facts) -> Iterator[tuple[str, str]]:
    for allergen in plan.operation.procedure.allergens:
        yield allergen, str(plan.operation.procedure)
    held = {
        facts.resources[item.resource_id].equipmentitem.type
        for item in plan.assignments
        if facts.resources[item.resource_id].kind == ResourceKind.EQUIPMENT
    }
    for kind in held | {kind for kind, _ in facts.needs.equipment.get(plan.operation.pk, [])}:
        for allergen in kind.allergens:
            yield allergen, kind.name


HARD_RULES: tuple[Rule, ...] = (
    patient_deceased,
    resource_busy,
    patient_busy,
    unavailable,
    retired,
    wrong_profession,
    feature_missing,
    not_credentialed,
    allergy,
    need_unmet,
)
