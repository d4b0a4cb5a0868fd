"""Patients that were searched for, with what tells them apart."""

from dataclasses import dataclass
from datetime import datetime
from typing import cast

from django.db.models import Prefetch
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from accounts.models import User
from patients.finding.search import Findings, Found, find
from patients.models import Allergy, Patient
from patients.record.alerts import load_alerts
from patients.rights.restricting import mark_restrictions
from scheduling.models import Operation, Status
from scheduling.status import EXPECTED


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPatient:
    """One answer to a search."""

    found: Found
    operations: list[Operation]
    """All that the viewer may see, the latest first."""
    next_operation: Operation | None
    """What is planned next or under way; else what waits for a place."""
    url: str
    """Where the record is; empty while there is no such page."""

    @property
    def patient(self) -> Patient:
        """Return whom it is about."""
        return self.found.patient

    @property
    def allergies(self) -> list[Allergy]:
        """Return those that count."""
        return self.patient.counting_allergies


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientsFound:
    """The answer to a search."""

    rows: list[FoundPatient]
    findings: Findings


def patients_found(text: str, viewer: User, *, most: int) -> PatientsFound:
    """Return whom ``text`` describes, as ``viewer`` may see them, in a number of queries that does not grow."""
    operations = Operation.objects.visible_to(viewer).select_related("procedure", "theatre").order_by("-period", "-pk")
    fetched = Patient.objects.prefetch_related("allergies", Prefetch("operations", operations, to_attr="seen"))
    findings = find(text, viewer, most=most, rows=fetched)
    mark_restrictions(findings.patients)
    load_alerts(findings.patients)
    now = timezone.now()
    return PatientsFound(rows=[_row(found, now) for found in findings.rows], findings=findings)


def _row(found: Found, now: datetime) -> FoundPatient:
    operations = cast("list[Operation]", found.patient.seen)  # type: ignore[attr-defined]  # by the prefetch above
    return FoundPatient(
        found=found,
        operations=operations,
        next_operation=next_of(operations, now),
        url=patient_url(found.patient.pk),
    )


def next_of(operations: list[Operation], now: datetime) -> Operation | None:
    """Return the first that is to come or under way, or one that waits."""
    planned = [one for one in operations if one.status in EXPECTED and one.ends_at and one.ends_at >= now]
    planned += [one for one in operations if one.status == Status.IN_THEATRE and one not in planned]
    waiting = [one for one in operations if one.status in (Status.WAITING, Status.REQUESTED)]
    return min(planned, key=lambda one: one.starts_at or now) if planned else next(iter(waiting), None)


def patient_url(patient_id: int) -> str:
    """Return the address of the patient's page, or nothing where this installation has none."""
    try:
        return reverse("scheduling:patient", args=[patient_id])
    except NoReverseMatch:
        return ""
