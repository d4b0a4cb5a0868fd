"""The pages by which patients are brought in: upload, columns, report, the list of imports, undo."""

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from patients.importing import uploads
from patients.models import ImportFile, ImportRun, Patient
from patients.tasks import carry_out_import, forget_uploads
from tests.factories import SpecialtyFactory, UserFactory
from tests.patients.importing.files import allergy, bundle, configure, patient
from tests.scheduling.views.conftest import client_of

pytestmark = pytest.mark.django_db
NEW = reverse("patients:import-new")
LIST = reverse("patients:import-list")
ROWS = b"MRN,Surname,First name,DOB,Colour\nM1,Baker,Ann,17/05/1980,red\nM2,Cook,,x,blue\n"


@pytest.fixture
def client(db: None) -> Client:
    configure()
    return client_of(UserFactory(role="coordinator"))


def upload(client: Client, *contents: bytes, kind: str = "fhir", name: str = "a.json", **more: Any) -> Any:
    files = [SimpleUploadedFile(name, content) for content in contents]
    return client.post(NEW, {"kind": kind, "upload": files} | more)


def page(run: ImportRun, name: str = "detail") -> str:
    return reverse(f"patients:import-{name}", args=[run.pk])


GOOD = json.dumps(bundle(patient(), allergy(), allergy("a2", code=None))).encode()


def test_an_upload_is_imported_and_its_report_shown(client):
    answer = upload(client, GOOD)
    run = ImportRun.objects.get()
    assert answer.status_code == 302
    assert answer.url == page(run)
    text = client.get(page(run)).content.decode()
    assert Patient.objects.get().mrn == "M1"
    assert "AllergyIntolerance/a2" in text
    assert "is missing: nothing says what it is." in text
    assert "Undo the whole import" in text
    assert not ImportFile.objects.exists()
    listed = client.get(LIST).content.decode()
    assert f'href="{page(run)}"' in listed
    lines = b"".join(client.get(page(run, "report")).streaming_content).decode()
    assert "Refused,a.json,entry,3,AllergyIntolerance/a2,code,is missing" in lines


def test_what_is_only_tried_writes_nothing_and_can_be_imported_from_its_report(client):
    upload(client, GOOD, dry_run="on")
    tried = ImportRun.objects.get()
    assert not Patient.objects.exists()
    assert ImportFile.objects.count() == 1
    assert "Import it" in client.get(page(tried)).content.decode()
    answer = client.post(page(tried, "go"))
    done = ImportRun.objects.exclude(pk=tried.pk).get()
    assert answer.url == page(done)
    assert Patient.objects.count() == 1
    assert client.post(page(tried, "go")).status_code == 409


def test_what_is_kept_of_an_upload_is_encrypted(client):
    upload(client, GOOD, dry_run="on")
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, content FROM patients_importfile")
        (row,) = cursor.fetchall()
    assert all(text.startswith("v1.") for text in row)
    (source,) = uploads.kept(ImportRun.objects.get())
    assert source.open().read() == GOOD


def test_a_large_upload_is_left_to_a_worker_and_its_page_says_how_far_it_is(client, monkeypatch):
    monkeypatch.setattr(uploads, "AT_ONCE", 10)
    handed: list[int] = []
    monkeypatch.setattr(carry_out_import, "delay", handed.append)
    upload(client, GOOD)
    run = ImportRun.objects.get()
    assert handed == [run.pk]
    text = client.get(page(run)).content.decode()
    assert "Waiting to start" in text
    assert 'hx-trigger="every 2s"' in text
    carry_out_import(run.pk)
    assert Patient.objects.count() == 1
    carry_out_import(run.pk)  # a task may run twice
    assert "Done" in client.get(page(run)).content.decode()


def test_without_a_worker_it_waits_and_can_be_started_again(client, monkeypatch):
    from kombu.exceptions import OperationalError

    def fail(_: int) -> None:
        raise OperationalError

    monkeypatch.setattr(uploads, "AT_ONCE", 10)
    monkeypatch.setattr(carry_out_import, "delay", fail)
    answer = upload(client, GOOD)
    assert answer.status_code == 422
    assert "No worker can be reached" in answer.content.decode()
    run = ImportRun.objects.get()
    monkeypatch.setattr(uploads, "AT_ONCE", 10**6)
    assert client.post(page(run, "start")).status_code == 302
    assert client.post(page(run, "start")).status_code == 409
    assert Patient.objects.count() == 1


def test_too_much_or_nothing_at_all(client, monkeypatch):
    answer = client.post(NEW, {"kind": "fhir"})
    assert answer.status_code == 422
    assert "Choose a file." in answer.content.decode()
    monkeypatch.setattr(uploads, "LARGEST", 10)
    assert "an upload may have" in upload(client, GOOD).content.decode()
    assert not ImportRun.objects.exists()


def test_a_list_is_mapped_tried_and_imported(client):
    answer = upload(client, ROWS, kind="csv", name="list.csv")
    run = ImportRun.objects.get()
    assert answer.url == page(run, "columns")
    text = client.get(answer.url).content.decode()
    assert "Ann" in text
    assert '<option value="family_name" selected>' in text
    columns = {"column_0": "mrn", "column_1": "family_name", "column_2": "given_name", "column_3": "date_of_birth"}
    chosen = columns | {"column_4": "", "encoding": "utf-8-sig"}
    wrong = client.post(answer.url, chosen | {"date_format": "", "column_1": ""})
    assert wrong.status_code == 422
    assert "Say which column is: Family name." in wrong.content.decode()
    tried = client.post(answer.url, chosen | {"date_format": "dmy"})
    assert tried.url == page(run)
    text = client.get(tried.url).content.decode()
    assert "list.csv, row 3" in text
    assert "“x” is no date written as 17/05/2026" in text
    assert not Patient.objects.exists()
    again = client.post(page(run, "columns"), chosen | {"date_format": "dmy", "column_3": ""})
    second = ImportRun.objects.latest("pk")
    assert again.url == page(second)
    assert second.counts["refused"] == 0
    client.post(page(second, "go"))
    assert {p.mrn: p.date_of_birth for p in Patient.objects.all()} == {"M1": None, "M2": None}
    assert client.get(page(second, "columns")).status_code == 409


def test_two_columns_can_not_be_one_thing_and_one_list_comes_at_a_time(client):
    upload(client, ROWS, kind="csv", name="list.csv")
    run = ImportRun.objects.get()
    chosen = {"column_0": "mrn", "column_1": "family_name", "column_2": "family_name", "date_format": "dmy"}
    answer = client.post(page(run, "columns"), chosen | {"encoding": "utf-8-sig"})
    assert "Two columns are said to be: Family name." in answer.content.decode()
    assert "One list at a time" in upload(client, ROWS, ROWS, kind="csv").content.decode()


def test_a_file_that_is_no_list(client):
    upload(client, b"PK\x03\x04", kind="csv", name="list.csv")
    answer = client.get(page(ImportRun.objects.get(), "columns"))
    assert answer.status_code == 422
    assert "is a zip file or a spreadsheet" in answer.content.decode()


def test_an_import_is_taken_back_but_for_what_was_used_since(client):
    upload(client, json.dumps(bundle(patient(), patient("M2", "p2"))).encode())
    run = ImportRun.objects.get()
    Patient.objects.filter(mrn="M2").update(phone="1", version=2)
    assert client.post(page(run, "undo")).status_code == 302
    text = client.get(page(run)).content.decode()
    kept = Patient.objects.get()
    assert f"Patient no. {kept.pk}" in text
    assert "The patient was changed since." in text
    assert client.get(reverse("patients:import-list")).content.decode().count("Undone") == 1


def test_a_failure_is_said_on_the_page(client):
    from patients.models import IdentifierSystem

    IdentifierSystem.objects.all().delete()
    assert "No identifier system is marked" in client.get(NEW).content.decode()
    upload(client, GOOD)
    assert (
        "No system is configured as the one that gives our MRN"
        in client.get(page(ImportRun.objects.get())).content.decode()
    )


def test_uploads_that_nobody_went_on_with_are_deleted_after_a_day(client):
    upload(client, GOOD, dry_run="on")
    upload(client, GOOD, dry_run="on")
    old = ImportRun.objects.earliest("pk")
    ImportRun.objects.filter(pk=old.pk).update(created_at=timezone.now() - uploads.KEPT * 2)
    assert forget_uploads() == 1
    assert ImportFile.objects.get().run_id != old.pk


def test_of_old_reports_only_the_counts_are_left(client):
    upload(client, GOOD)
    run = ImportRun.objects.get()
    ImportRun.objects.update(created_at=timezone.now() - uploads.REPORTS_KEPT * 2)
    forget_uploads()
    run.refresh_from_db()
    assert (run.title, run.report["lines"], run.counts["created"]) == ("", [], 2)
    assert f"Import {run.pk}" in client.get(page(run)).content.decode()


def test_a_limited_role_looks_and_does_nothing(db):
    configure()
    limited = client_of(UserFactory(role="coordinator", role__specialties=[SpecialtyFactory()]))
    assert limited.get(LIST).status_code == limited.get(NEW).status_code == 200
    answer = upload(limited, GOOD)
    assert answer.status_code == 403
    assert "an import reaches all patients" in answer.content.decode()


def test_nothing_is_found_under_other_numbers(client):
    for name in ("detail", "columns", "report"):
        assert client.get(reverse(f"patients:import-{name}", args=[9])).status_code == 404
    for name in ("start", "go", "undo"):
        assert client.post(reverse(f"patients:import-{name}", args=[9])).status_code == 404


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_takes_the_same_queries_for_any_number(client, django_assert_max_num_queries, count):
    for _ in range(count):
        upload(client, GOOD)
    client.get(LIST)
    with django_assert_max_num_queries(6) as seen:
        client.get(LIST)
    assert len(seen) == 6
