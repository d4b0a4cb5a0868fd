"""The SQL behind :mod:`scheduling.conflicts.loading`.

Written by hand because every booking runs it, and putting together a statement from models takes
longer than answering it. ``::bigint[]`` matters: without it PostgreSQL compares with four-byte
numbers, which the exclusion constraints' indexes don't know.
"""

RESOURCES = """
SELECT r.id, r.kind, r.name, r.in_use, t.turnover_minutes, t.kept_for_emergencies,
    s.profession, s.daily_operations_limit, s.supervises_at_once, s.rostered, y.id, y.name, y.allergens
FROM resources_resource r
LEFT JOIN resources_theatre t ON t.resource_ptr_id = r.id
LEFT JOIN resources_staffmember s ON s.resource_ptr_id = r.id
LEFT JOIN resources_equipmentitem e ON e.resource_ptr_id = r.id
LEFT JOIN resources_equipmenttype y ON y.id = e.type_id
WHERE r.id = ANY(%(resources)s::bigint[])
"""
"""Resources, each with what the rules ask about its kind; the other kinds' columns are empty."""

HELD = """
SELECT held.operation_id, held.owner, held.role, held.period, o.period, held.exclusive, p.name, o.infectious,
    o.specialty_id
FROM (
    SELECT operation_id, resource_id AS owner, role, period, exclusive FROM scheduling_reservation
    WHERE active AND exclusive AND resource_id = ANY(%(resources)s::bigint[]) AND period && %(window)s::tstzrange
    UNION ALL
    SELECT operation_id, resource_id, role, period, exclusive FROM scheduling_reservation
    WHERE active AND NOT exclusive AND resource_id = ANY(%(resources)s::bigint[]) AND period && %(window)s::tstzrange
    UNION ALL
    SELECT id, patient_id, 'patient', period, true FROM scheduling_operation
    WHERE patient_id = ANY(%(patients)s::bigint[]) AND period && %(window)s::tstzrange
) AS held
JOIN scheduling_operation o ON o.id = held.operation_id
JOIN scheduling_procedure p ON p.id = o.procedure_id
WHERE o.id <> ALL(%(without)s::bigint[])
"""
"""What other operations hold of resources, and when the patients have other operations.

Exclusive and shared reservations are asked for apart, because each has an index of its own that
knows the period; together, all that a resource ever held would be looked through.
"""

TIMES = """
SELECT resource_id, kind, period, note FROM resources_unavailability
WHERE resource_id = ANY(%(resources)s::bigint[]) AND period && %(window)s::tstzrange
UNION ALL
SELECT staff_member_id, CASE WHEN on_call THEN 'on_call' ELSE 'shift' END, period, '' FROM resources_shift
WHERE staff_member_id = ANY(%(rostered)s::bigint[]) AND period && %(window)s::tstzrange
"""
"""When resources are away, and when those who work by a roster are on duty or on call."""

NEEDS = """
SELECT 'feature', n.operation_id, f.id, f.name, 1, NULL::varchar[], NULL::date, NULL::date
FROM scheduling_operation_features n JOIN resources_feature f ON f.id = n.feature_id
WHERE n.operation_id = ANY(%(operations)s::bigint[])
UNION ALL
SELECT 'theatre', theatre_id, feature_id, '', 1, NULL, NULL, NULL
FROM resources_theatre_features WHERE theatre_id = ANY(%(theatres)s::bigint[])
UNION ALL
SELECT 'equipment', n.operation_id, t.id, t.name, n.quantity, t.allergens, NULL, NULL
FROM scheduling_operationequipment n JOIN resources_equipmenttype t ON t.id = n.equipment_type_id
WHERE n.operation_id = ANY(%(operations)s::bigint[])
UNION ALL
SELECT 'staff', operation_id, NULL, role, quantity, NULL, NULL, NULL
FROM scheduling_operationstaff WHERE operation_id = ANY(%(operations)s::bigint[])
UNION ALL
SELECT 'credential', n.procedure_id, c.id, c.name, 1, NULL, NULL, NULL
FROM scheduling_procedure_credentials n JOIN resources_credential c ON c.id = n.credential_id
WHERE n.procedure_id = ANY(%(procedures)s::bigint[])
UNION ALL
SELECT 'held', staff_member_id, credential_id, '', 1, NULL, valid_from, valid_until
FROM resources_staffcredential WHERE staff_member_id = ANY(%(leads)s::bigint[])
UNION ALL
SELECT 'allergy', patient_id, NULL, substance, 1, NULL, NULL, NULL
FROM patients_allergy
WHERE patient_id = ANY(%(patients)s::bigint[]) AND course = 'active' AND certainty IN ('confirmed', 'unconfirmed')
UNION ALL
SELECT 'kit', operation_id, NULL, what, quantity, ARRAY[state], expected_on, expected_on + days_before
FROM scheduling_loankit WHERE operation_id = ANY(%(operations)s::bigint[])
UNION ALL
SELECT 'turnover', id, NULL, '', turnover_minutes, NULL, NULL, NULL
FROM resources_specialty WHERE turnover_minutes IS NOT NULL
"""
"""What operations need (on loan too), theatres have, procedures ask, surgeons hold, patients must not meet.

And each specialty's own turnover, where it has one.
"""
