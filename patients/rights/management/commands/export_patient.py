"""Give out a copy of everything held about a patient, on the server."""

import os
from pathlib import Path
from typing import Any

from django.core.exceptions import ObjectDoesNotExist, PermissionDenied, ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.commanding import actor_named
from patients.rights.exporting import export_record
from patients.rights.models import ExportForm, Purpose
from patients.rights.writing import as_json, as_pdf


class Command(BaseCommand):
    """``manage.py export_patient``. The patient is named by our own number: commands end up in logs."""

    help = "Write everything that is held about one patient into FILE; its name ends in .json or .pdf."

    def add_arguments(self, parser: CommandParser) -> None:
        """Define the command line."""
        parser.add_argument("patient", type=int, help="our own number of the patient, not the MRN")
        parser.add_argument("file", type=Path, help="what to write; only its owner may read it")
        parser.add_argument("--actor", required=True, metavar="EMAIL", help="in whose name")
        parser.add_argument("--purpose", required=True, choices=Purpose.values, help="why")
        parser.add_argument("--recipient", required=True, help="who gets it: name and address")

    def handle(self, *_args: Any, patient: int, file: Path, actor: str, **options: Any) -> None:
        """Write the file, which must not be there yet."""
        form = file.suffix.lower().removeprefix(".")
        if form not in ExportForm.values:
            raise CommandError("The file's name has to end in .json or .pdf.")
        try:
            handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            raise CommandError(f"{file} can't be written: {error.strerror}.") from error
        try:
            content = export_record(
                actor=actor_named(actor),
                patient_id=patient,
                purpose=options["purpose"],
                recipient=options["recipient"],
                form=form,
            )
            with os.fdopen(handle, "wb") as out:
                out.write(as_pdf(content) if form == ExportForm.PDF else as_json(content))
        except (CommandError, PermissionDenied, ValidationError, ObjectDoesNotExist) as error:
            file.unlink()
            raise CommandError(_words(error)) from error
        self.stdout.write(f"Wrote {file}: {sum(len(one['rows']) for one in content['sections'])} rows.")


def _words(error: Exception) -> str:
    if isinstance(error, ValidationError):
        return " ".join(error.messages)
    return str(error) or "There is no such patient."
