"""Make a file for analysis, and put on record that it was made."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone

from accounts.audit.models import AccessKind
from accounts.audit.recording import record_access
from accounts.models import User
from accounts.permissions import authorise
from accounts.spreadsheets import csv_lines
from analytics.deidentified.columns import Dated, Figures, names
from analytics.deidentified.reading import read_year, restricted_in
from analytics.deidentified.suppressing import LEAST, few, suppress
from analytics.models import DataExport, DataExportKind
from analytics.permissions import EXPORT_DEIDENTIFIED, EXPORT_LIMITED_SET

FIRST_YEAR = 1990
LIMITED = "Your role is limited to some sites or specialties; figures of parts would tell too much. Ask a colleague."


@dataclass(frozen=True, kw_only=True)
class Files:
    """The table as CSV and what stands beside it as JSON."""

    name: str
    table: str
    companion: str
    rows: int


def export_deidentified(*, actor: User, year: int) -> Files:
    """Return a year's operations without the people, small cells suppressed.

    Raises :class:`~django.core.exceptions.ValidationError` for a year that can't be.
    """
    _demand(actor, EXPORT_DEIDENTIFIED, year)
    read, _ = read_year(year)
    found = suppress(_without_dates(row) for row in read)
    about = {
        "rule": "45 CFR 164.514(b)(2), Safe Harbor: listed columns only, no date but the year, ages of 90 as one",
        "small_cells": f"Combinations of year, specialty, procedure, age group and sex with fewer than {LEAST} rows "
        "tell less, or leave. “*” stands for what was taken out.",
        "rows_that_tell_less": found.coarser,
        "rows_left_out": few(found.dropped),
    }
    with transaction.atomic(durable=True):
        export = DataExport.objects.create(
            kind=DataExportKind.DEIDENTIFIED, year=year, actor=actor, rows=len(found.rows)
        )
    return _files(export, Figures, found.rows, about)


def export_limited_set(*, actor: User, year: int, purpose: str, recipient: str, agreement: str) -> Files:
    """Return a year's operations with dates, for whoever signed a data use agreement; each patient is on record.

    Raises :class:`~django.core.exceptions.ValidationError` by field for what is missing.
    """
    _demand(actor, EXPORT_LIMITED_SET, year)
    told = {"purpose": purpose.strip(), "recipient": recipient.strip(), "agreement": agreement.strip()}
    missing = {name: "Fill this in: it goes on record." for name, text in told.items() if not text}
    if missing:
        raise ValidationError(missing)
    with transaction.atomic(durable=True):
        rows, patients = read_year(year)
        export = DataExport.objects.create(kind=DataExportKind.LIMITED, year=year, actor=actor, rows=len(rows), **told)
        record_access(
            patients,
            actor_id=actor.pk,
            view="analytics:limited-export",
            kind=AccessKind.EXPORT,
            reason=f"limited data set {export.pk}",
        )
    about = {
        "rule": "45 CFR 164.514(e), limited data set: dates stay; who it was must not be looked for",
        **told,
        "warning": "This is still data about patients. Pass it on to nobody whom the agreement does not name.",
    }
    return _files(export, Dated, rows, about)


def _demand(actor: User, capability: str, year: int) -> None:
    authorise(actor, capability)
    if all(grant.is_limited for grant in actor.grants_of(capability)):
        raise PermissionDenied(LIMITED)
    if not FIRST_YEAR <= year <= timezone.localdate().year:
        raise ValidationError({"year": f"Between {FIRST_YEAR} and this year."})


def _without_dates(row: Dated) -> Figures:
    """Take the allow-listed columns, and nothing else."""
    return Figures(**{name: getattr(row, name) for name in names(Figures)})


def _files(export: DataExport, kind: type[Figures], rows: Sequence[Figures], about: dict[str, Any]) -> Files:
    heads = names(kind)
    companion = {
        "export": export.pk,
        "kind": export.get_kind_display(),
        "year": export.year,
        "made_on": timezone.localtime(export.at).date().isoformat(),
        "rows": len(rows),
        "columns": heads,
        **about,
        "left_out_because_restricted": few(restricted_in(export.year).count()),
    }
    return Files(
        name=f"operations-{export.year}-{export.kind}-{export.pk}",
        table="".join(csv_lines(heads, ([getattr(row, name) for name in heads] for row in rows))),
        companion=json.dumps(companion, indent=2, ensure_ascii=False) + "\n",
        rows=len(rows),
    )
