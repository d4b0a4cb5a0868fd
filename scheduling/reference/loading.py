"""Copies the reference lists into the database, and leaves alone what the hospital made of them."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from resources.models import Credential, EquipmentType, Feature, Grade, Specialty
from scheduling.models import (
    CancellationReason,
    ChecklistItem,
    DelayReason,
    Priority,
    Procedure,
    ProcedureEquipment,
    ProcedureStaff,
)
from scheduling.reference import rows
from scheduling.reference.rows import Row, Values, codes_in, counts_in, rows_of

CODE_SYSTEM = "ICD-10-PCS"

Progress = Callable[[list[Row], str], Iterable[Row]]
"""Wraps the rows of a list, with its title, to show how far loading has come."""

PLAIN_LISTS: tuple[tuple[str, Any, Callable[[Row], Values]], ...] = (
    ("specialties", Specialty, rows.specialty),
    ("features", Feature, rows.coded_name),
    ("equipment_types", EquipmentType, rows.equipment_type),
    ("credentials", Credential, rows.coded_name),
    ("grades", Grade, rows.grade),
    ("cancellation_reasons", CancellationReason, rows.cancellation_reason),
    ("delay_reasons", DelayReason, rows.delay_reason),
    ("checklist_items", ChecklistItem, rows.checklist_item),
)


@dataclass(slots=True)
class Counts:
    """How many rows of one list were made, set back to the file's values, or left alone."""

    created: int = 0
    updated: int = 0
    kept: int = 0


@dataclass(frozen=True, slots=True)
class Loader:
    """One run; ``update`` sets rows that are there already back to the file's values."""

    update: bool
    progress: Progress

    def load(self, schemes: Collection[str]) -> dict[str, Counts]:
        """Load every list, procedures last because they name rows of the others."""
        counts = {name: self._plain(model, name, rows_of(name), read) for name, model, read in PLAIN_LISTS}
        priorities = [row for row in rows_of("priorities") if row["scheme"] in schemes]
        counts["priorities"] = self._plain(Priority, "priorities", priorities, rows.priority)
        counts["procedures"] = self._procedures(rows_of("procedures"))
        return counts

    def _plain(self, model: Any, name: str, lines: list[Row], read: Callable[[Row], Values]) -> Counts:
        counts = Counts()
        known = {row.code: row for row in model.objects.all()}
        for line in self.progress(lines, name.replace("_", " ")):
            self._put(
                model,
                known.get(line["code"]),
                {"code": line["code"]},
                read(line),
                counts,
            )
        return counts

    def _procedures(self, lines: list[Row]) -> Counts:
        counts = Counts()
        specialties = {row.code: row for row in Specialty.objects.all()}
        links = _Links.read()
        known = {row.code: row for row in Procedure.objects.filter(code_system=CODE_SYSTEM)}
        for line in self.progress(lines, "procedures"):
            values = rows.procedure(line) | {"specialty": specialties[line["specialty"]]}
            key = {"code": line["code"], "code_system": CODE_SYSTEM}
            existing = known.get(line["code"])
            before = counts.kept
            procedure = self._put(Procedure, existing, key, values, counts)
            if existing is None:
                links.add(procedure, line)
            elif self.update and links.reset(procedure, line) and counts.kept > before:
                counts.kept, counts.updated = before, counts.updated + 1
        return counts

    def _put(self, model: Any, row: Any, key: Values, values: Values, counts: Counts) -> Any:
        """Make the row, or set it back to ``values`` where that is asked for."""
        if row is None:
            counts.created += 1
            row = model(**key, **values)
            row.clean_fields()
            row.save()
            return row
        changed = [name for name, value in values.items() if getattr(row, name) != value] if self.update else []
        if changed:
            for name in changed:
                setattr(row, name, values[name])
            row.save(update_fields=changed)
        counts.updated += bool(changed)
        counts.kept += not changed
        return row


@dataclass(frozen=True, slots=True)
class _Links:
    """The rows that procedures point to, by code."""

    features: dict[str, Feature]
    credentials: dict[str, Credential]
    equipment: dict[str, EquipmentType]

    @classmethod
    def read(cls) -> "_Links":
        return cls(
            features={row.code: row for row in Feature.objects.all()},
            credentials={row.code: row for row in Credential.objects.all()},
            equipment={row.code: row for row in EquipmentType.objects.all()},
        )

    def add(self, procedure: Procedure, line: Row) -> None:
        """Give a new procedure the needs of the file."""
        procedure.features.add(*(self.features[code] for code in codes_in(line["features"])))
        procedure.credentials.add(*(self.credentials[code] for code in codes_in(line["credentials"])))
        ProcedureEquipment.objects.bulk_create(
            ProcedureEquipment(procedure=procedure, equipment_type=self.equipment[code], quantity=count)
            for code, count in counts_in(line["equipment"])
        )
        ProcedureStaff.objects.bulk_create(
            ProcedureStaff(procedure=procedure, role=role, quantity=count) for role, count in counts_in(line["staff"])
        )

    def reset(self, procedure: Procedure, line: Row) -> bool:
        """Make a procedure's needs those of the file again, and say whether they were different."""
        wanted: list[list[Any]] = [sorted(codes_in(line[name])) for name in ("features", "credentials")]
        wanted += [sorted(counts_in(line[name])) for name in ("equipment", "staff")]
        if _needs_of(procedure) == wanted:
            return False
        procedure.features.clear()
        procedure.credentials.clear()
        procedure.equipment_needs.all().delete()
        procedure.staff_needs.all().delete()
        self.add(procedure, line)
        return True


def _needs_of(procedure: Procedure) -> list[list[Any]]:
    """Return features, credentials, equipment and staff as the file would list them."""
    return [
        sorted(procedure.features.values_list("code", flat=True)),
        sorted(procedure.credentials.values_list("code", flat=True)),
        sorted(procedure.equipment_needs.values_list("equipment_type__code", "quantity")),
        sorted(procedure.staff_needs.values_list("role", "quantity")),
    ]


def load_reference(
    *,
    update: bool = False,
    dry_run: bool = False,
    schemes: Collection[str] = ("P", "E"),
    progress: Progress = lambda lines, _title: lines,
) -> dict[str, Counts]:
    """Load the reference lists in one transaction and return the counts of each.

    Rows that are there already are left as the hospital has them unless ``update``. ``schemes`` are
    the priority schemes to offer: P (England), AU (Australia), E (emergencies). ``dry_run`` counts and writes nothing.
    """
    with transaction.atomic():
        counts = Loader(update=update, progress=progress).load(schemes)
        if dry_run:
            transaction.set_rollback(True)
    return counts
