"""Real files, made here, and documents of them."""

import io
from itertools import count
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from PIL import Image
from pypdf import PdfWriter
from pypdf.generic import DictionaryObject, NameObject, TextStringObject

from accounts.models import User
from patients.documents.keeping import Paper, content_of, keep
from patients.models import Document, Patient
from tests.factories import UserFactory

_number = count(1)


def pdf(text: str = "", *, password: str = "", action: str = "", inside: bytes = b"") -> bytes:
    """Return a PDF of one empty page; no two are the same, unless ``text`` is."""
    writer = PdfWriter()
    writer.add_blank_page(200, 200)
    writer.add_metadata({"/Title": text or f"Paper {next(_number)}"})
    if action:
        what = {NameObject("/S"): NameObject(action), NameObject("/JS"): TextStringObject("app.alert(1)")}
        writer._root_object[NameObject("/OpenAction")] = DictionaryObject(what)
    if inside:
        writer.add_attachment("inside.txt", inside)
    if password:
        writer.encrypt(password, algorithm="RC4-128")
    return written(writer)


def written(writer: PdfWriter) -> bytes:
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


def picture(form: str = "JPEG", size: tuple[int, int] = (60, 40), **options: Any) -> bytes:
    """Return a small picture in noise."""
    buffer = io.BytesIO()
    Image.effect_noise(size, 50).convert("RGB").save(buffer, form, **options)
    return buffer.getvalue()


def photographed(*, turned: int = 6) -> bytes:
    """Return a JPEG as a telephone writes it: with the place where it was taken, and lying on its side."""
    exif = Image.Exif()
    exif[0x0112] = turned
    exif[0x010F] = "Telephone of Jo"
    place = exif.get_ifd(0x8825)
    place[1], place[2] = "N", (51.0, 30.0, 0.0)
    return picture(exif=exif, comment=b"at home")


def sent(content: bytes, name: str = "scan.pdf", content_type: str = "application/pdf") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type)


def keep_document(patient: Patient, *, actor: User | None = None, content: bytes = b"", **said: Any) -> Document:
    """Keep a document of a patient, as the service does it."""
    paper = Paper(**{"kind": "consent", **said}, content=content or pdf())
    with transaction.atomic():
        return keep(actor=actor or UserFactory(role="coordinator"), patient_id=patient.pk, paper=paper)[0]


def bytes_of(document: Document) -> bytes:
    return b"".join(content_of(document))
