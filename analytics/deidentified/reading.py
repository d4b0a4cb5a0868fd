"""Read a year's operations and keep what the columns name."""

import secrets
from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from analytics.deidentified.columns import Dated, grouped_age, procedure_group
from patients.rights.restricting import is_restricted
from scheduling.models import ChangeVerb, EventKind, Operation, OperationChange, OperationEvent, Status
from scheduling.querysets import local_midnight


def restricted_in(year: int) -> QuerySet[Operation]:
    """Return the year's operations that stay out because the patient's record is restricted."""
    return _of(year).filter(is_restricted("patient_id"))


def read_year(year: int) -> tuple[list[Dated], set[int]]:
    """Return the year's operations, finished, to come or cancelled, in random order; and whose they are.

    Every key is drawn anew, so that two files can't be joined by one.
    """
    rows = list(_facts(_of(year).exclude(is_restricted("patient_id"))))
    turnovers = _turnovers(rows)
    theatres: dict[int | None, str] = defaultdict(lambda: secrets.token_hex(4))
    theatres[None] = ""
    found = [_dated(year, row, theatres[row["theatre_id"]], turnovers.get(row["pk"])) for row in rows]
    secrets.SystemRandom().shuffle(found)
    return found, {row["patient_id"] for row in rows}


def _of(year: int) -> QuerySet[Operation]:
    """Return what was placed in the year or, without a place, cancelled in it."""
    begins, ends = local_midnight(date(year, 1, 1)), local_midnight(date(year + 1, 1, 1))
    placed = Q(period__startswith__gte=begins, period__startswith__lt=ends)
    cancelled = Q(status=Status.CANCELLED, ended_at__gte=begins, ended_at__lt=ends)
    return Operation.objects.annotate(ended_at=_change(ChangeVerb.CANCELLED, "at")).filter(placed | cancelled)


def _facts(operations: QuerySet[Operation]) -> Iterable[dict[str, Any]]:
    rows: Iterable[dict[str, Any]] = operations.annotate(
        wheels_in=_event(EventKind.IN_THEATRE),
        wheels_out=_event(EventKind.OUT),
        delay=_change(ChangeVerb.POSTPONED, "reason__code"),
        specialty_code=F("specialty__code"),
        code=F("procedure__code"),
        system=F("procedure__code_system"),
        born=F("patient__date_of_birth"),
        sex=F("patient__sex"),
        reason=F("cancelled_for__code"),
    ).values(
        *("pk", "patient_id", "theatre_id", "period", "status", "asa_class", "day_case", "ended_at"),
        *("anaesthesia_minutes", "surgery_minutes", "wheels_in", "wheels_out", "delay"),
        *("specialty_code", "code", "system", "born", "sex", "reason"),
    )
    return rows


def _event(kind: EventKind) -> Subquery:
    return Subquery(OperationEvent.objects.filter(operation=OuterRef("pk"), kind=kind, current=True).values("at")[:1])


def _change(verb: ChangeVerb, name: str) -> Subquery:
    latest = OperationChange.objects.filter(operation=OuterRef("pk"), verb=verb).order_by("-version")
    return Subquery(latest.values(name)[:1])


def _turnovers(rows: list[dict[str, Any]]) -> dict[int, int]:
    """Return, by operation, the minutes since the last patient left the theatre on the same day."""
    in_order = sorted((r for r in rows if r["wheels_in"] and r["theatre_id"]), key=lambda row: row["wheels_in"])
    found, last_out = {}, dict[tuple[int, date], datetime]()
    for row in in_order:
        place = (row["theatre_id"], timezone.localtime(row["wheels_in"]).date())
        minutes = _minutes(last_out.get(place), row["wheels_in"])
        if minutes is not None and minutes >= 0:
            found[row["pk"]] = minutes
        if row["wheels_out"]:
            last_out[place] = max(row["wheels_out"], last_out.get(place, row["wheels_out"]))
    return found


def _dated(year: int, row: dict[str, Any], theatre: str, turnover: int | None) -> Dated:
    start = row["period"].lower if row["period"] else None
    day = timezone.localtime(start or row["ended_at"]).date()
    return Dated(
        year=year,
        specialty=row["specialty_code"],
        procedure_group=procedure_group(row["system"], row["code"]),
        asa_class=row["asa_class"],
        age=grouped_age(_age(row["born"], day)),
        sex=row["sex"],
        theatre=theatre,
        planned_minutes=row["anaesthesia_minutes"] + row["surgery_minutes"],
        actual_minutes=_minutes(row["wheels_in"], row["wheels_out"]),
        turnover_minutes=turnover,
        day_case=row["day_case"],
        delay_reason=row["delay"] or "",
        cancelled=row["status"] == Status.CANCELLED,
        cancelled_reason=row["reason"] or "",
        case=secrets.token_hex(8),
        date=day.isoformat(),
        planned_start=_clock(start),
        wheels_in=_clock(row["wheels_in"]),
        wheels_out=_clock(row["wheels_out"]),
    )


def _age(born: date | None, day: date) -> int | None:
    return None if born is None else day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def _minutes(start: datetime | None, end: datetime | None) -> int | None:
    return None if start is None or end is None else round((end - start).total_seconds() / 60)


def _clock(at: datetime | None) -> str:
    return f"{timezone.localtime(at):%Y-%m-%d %H:%M}" if at else ""
