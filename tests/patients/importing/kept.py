"""Imports that are there already, for pages."""

from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import User
from patients.importing import uploads
from patients.models import ImportRun
from tests.patients.importing.files import allergy, bundle, configure, patient, run


def a_report(actor: User) -> ImportRun:
    """Return an import with something of everything."""
    configure()
    number = ImportRun.objects.count()
    whose = f"Patient/p{number}"
    wrong = [allergy("a2", whose=whose, code=None), allergy("a3", "x" * 150, whose=whose), {"resourceType": "Claim"}]
    return run(actor, bundle(patient(f"M{number}", f"p{number}"), allergy(f"a{number}", whose=whose), *wrong))


def a_list(actor: User) -> ImportRun:
    """Return a list that was uploaded, and of which nobody has said yet what its columns are."""
    rows = b"MRN,Surname,First name,DOB,Colour\nM1,Baker,Ann,17/05/1980,red\nM2,Cook,,,\n"
    return uploads.receive(actor=actor, kind="csv", files=[SimpleUploadedFile("list.csv", rows)], dry_run=True)
