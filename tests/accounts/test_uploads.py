"""Files for views that take some stay in memory; others go Django's way."""

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import InMemoryUploadedFile, SimpleUploadedFile, TemporaryUploadedFile
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path

from accounts.permissions import public
from accounts.uploads import takes_files

LIMIT = 3_000_000
"""More than what Django itself keeps in memory."""


def seen(request: HttpRequest) -> HttpResponse:
    parts = [f"{name} {type(file).__name__} {file.size} {len(file.read())}" for name, file in request.FILES.items()]
    return HttpResponse("; ".join(parts))


@takes_files(LIMIT)
@public(because="a test")
def seen_in_memory(request: HttpRequest) -> HttpResponse:
    return seen(request)


urlpatterns = [path("memory/", seen_in_memory), path("other/", public(because="a test")(seen))]
MEMORY, DISK = InMemoryUploadedFile.__name__, TemporaryUploadedFile.__name__


@pytest.fixture
def client(settings: Any, tmp_path: Path, db: None) -> Client:
    settings.ROOT_URLCONF = __name__
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path)
    return Client()


@pytest.mark.parametrize(
    ("address", "size", "found"),
    [
        ("/memory/", LIMIT, f"file {MEMORY} {LIMIT} {LIMIT}"),
        ("/memory/", LIMIT + 1, f"file {MEMORY} {LIMIT + 1} 0"),
        ("/memory/", 0, f"file {MEMORY} 0 0"),
        ("/other/", LIMIT, f"file {DISK} {LIMIT} {LIMIT}"),
    ],
)
def test_where_a_file_goes(client: Client, address: str, size: int, found: str) -> None:
    assert client.post(address, {"file": SimpleUploadedFile("a", bytes(size))}).content.decode() == found


def test_the_limit_is_for_all_files_together(client: Client) -> None:
    files = {name: SimpleUploadedFile(name, bytes(LIMIT - 10)) for name in ("one", "two")}
    found = client.post("/memory/", files).content.decode()
    assert found == f"one {MEMORY} {LIMIT - 10} {LIMIT - 10}; two {MEMORY} {LIMIT - 10} 0"
