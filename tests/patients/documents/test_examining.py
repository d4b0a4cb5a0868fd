"""What is uploaded is looked at: real files, and what only pretends to be one."""

import contextlib
import io

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from pypdf import PdfReader, PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, NameObject, NumberObject

from patients.documents import examining
from patients.documents import pdf as pdf_rules
from patients.documents.examining import examine
from patients.models import ContentType
from patients.models.documents import LARGEST
from tests.patients.papers import pdf, photographed, picture, written


def refused(content: bytes) -> str:
    with pytest.raises(ValidationError) as refusal:
        examine(content)
    return " ".join(refusal.value.messages)


@pytest.mark.parametrize(
    ("content", "content_type"),
    [(pdf(), ContentType.PDF), (picture(), ContentType.JPEG), (picture("PNG"), ContentType.PNG)],
    ids=["pdf", "jpeg", "png"],
)
def test_what_is_taken_stays_as_it_was(content: bytes, content_type: ContentType) -> None:
    found = examine(content)
    assert (found.content_type, found.content) == (content_type, content)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", examining.EMPTY),
        (b"MZ" + bytes(200), examining.UNKNOWN),
        (b"\x7fELF" + bytes(200), examining.UNKNOWN),
        (b"<html><script>alert(1)</script>", examining.UNKNOWN),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", examining.UNKNOWN),
        (b"PK\x03\x04" + bytes(200), examining.UNKNOWN),
        (b"GIF89a" + pdf(), examining.UNKNOWN),
        (b"\n" + pdf(), examining.UNKNOWN),
        (bytes(LARGEST + 1), examining.TOO_LARGE),
        (b"\0\0\0\x18ftypheic" + bytes(200), examining.HEIC),
    ],
    ids=["empty", "exe", "elf", "html", "svg", "zip", "gif and pdf", "pdf behind a line", "21 MB", "heic"],
)
def test_what_is_no_document(content: bytes, words: str) -> None:
    assert refused(content) == words


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (pdf()[:150], pdf_rules.BROKEN),
        (b"%PDF-1.7\n" + bytes(500) + b"\n%%EOF", pdf_rules.BROKEN),
        (pdf(password="x"), pdf_rules.LOCKED),
        (pdf(action="/JavaScript"), pdf_rules.ACTIVE),
        (pdf(action="/Launch"), pdf_rules.ACTIVE),
        (pdf(inside=b"MZ"), pdf_rules.ACTIVE),
        (pdf() + b"PK\x03\x04", pdf_rules.TWO_THINGS),
        (pdf() + b"<script>alert(1)</script>", pdf_rules.TWO_THINGS),
        (written(PdfWriter()), pdf_rules.BROKEN),
    ],
    ids=["cut", "no pdf inside", "locked", "script", "launch", "attachment", "and zip", "and html", "no page"],
)
def test_pdfs_that_are_refused(content: bytes, words: str) -> None:
    assert refused(content) == words


def test_a_script_that_nothing_names_and_that_is_packed_is_found() -> None:
    writer = PdfWriter()
    writer.add_blank_page(200, 200)
    deep = DictionaryObject(
        {NameObject("/Next"): ArrayObject([DictionaryObject({NameObject("/JS"): NumberObject(1)})])}
    )
    writer._add_object(deep)
    assert refused(written(writer)) == pdf_rules.ACTIVE


def test_a_pdf_of_very_many_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf_rules, "MOST_OBJECTS", 3)
    assert refused(pdf()) == pdf_rules.TOO_MANY


def test_where_a_photo_was_taken_is_not_kept_and_how_it_is_turned_is() -> None:
    taken = photographed(turned=6)
    kept = examine(taken).content
    assert (b"Telephone of Jo" in taken, b"Telephone of Jo" in kept, b"at home" in kept) == (True, False, False)
    before, after = Image.open(io.BytesIO(taken)), Image.open(io.BytesIO(kept))
    assert dict(after.getexif()) == {0x0112: 6}
    assert after.getexif().get_ifd(0x8825) == {}
    assert before.tobytes() == after.tobytes()
    assert examine(kept).content == kept


def test_a_picture_keeps_its_colours_and_its_pixels() -> None:
    taken = picture(icc_profile=b"colours" * 20000, progressive=True)
    kept = Image.open(io.BytesIO(examine(taken).content))
    assert kept.info["icc_profile"] == b"colours" * 20000
    assert kept.tobytes() == Image.open(io.BytesIO(taken)).tobytes()


@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_what_is_written_behind_a_picture_is_cut_off(form: str) -> None:
    content = picture(form)
    assert examine(content + b"PK\x03\x04<script>").content == content


def test_remarks_in_a_png_are_not_kept() -> None:
    remarks = PngInfo()
    remarks.add_text("Author", "Jo Marsh", zip=True)
    remarks.add_itxt("Place", "at home")
    taken = picture("PNG", pnginfo=remarks)
    kept = examine(taken).content
    assert b"Author" in taken
    assert b"Author" not in kept
    assert b"at home" not in kept


@pytest.mark.parametrize(
    "content",
    [
        picture()[:-2],
        picture()[:700],
        picture("PNG")[:-20],
        b"\xff\xd8\xff" + bytes(99),
        b"\x89PNG\r\n\x1a\n" + bytes(99),
    ],
    ids=["no end", "half", "png without end", "no jpeg", "no png"],
)
def test_pictures_that_are_cut_off(content: bytes) -> None:
    assert refused(content) == examining.BROKEN_IMAGE


@pytest.mark.parametrize("side", [9000, 20000])
def test_a_small_file_of_too_many_pixels(side: int) -> None:
    buffer = io.BytesIO()
    Image.new("1", (side, side)).save(buffer, "PNG")
    assert len(buffer.getvalue()) < 100_000
    assert refused(buffer.getvalue()) == examining.TOO_MANY_PIXELS


SEEDS = [pdf("seed"), picture(), photographed(), picture("PNG")]


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    st.sampled_from(SEEDS),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=12),
    st.floats(0, 1),
)
def test_whatever_is_sent_is_taken_or_refused_in_words(
    seed: bytes, changes: list[tuple[float, int]], length: float
) -> None:
    content = bytearray(seed)
    for place, value in changes:
        content[int(place * len(content))] = value
    for sent in (bytes(content), bytes(content[: int(length * len(content))])):
        with contextlib.suppress(ValidationError):
            kept = examine(sent)
            if kept.content_type == ContentType.PDF:
                assert len(PdfReader(io.BytesIO(kept.content)).pages) > 0
            else:
                Image.open(io.BytesIO(kept.content)).load()


def test_a_pdf_that_acts_by_a_name_that_stands_elsewhere() -> None:
    writer = PdfWriter()
    writer.add_blank_page(200, 200)
    kind = writer._add_object(NameObject("/Launch"))
    writer._add_object(DictionaryObject({NameObject("/S"): kind}))
    assert refused(written(writer)) == pdf_rules.ACTIVE


def test_a_photo_of_more_scans_than_any_has() -> None:
    assert refused(picture() + b"\xff\xda" * 60) == examining.BROKEN_IMAGE


def test_a_turn_that_is_no_whole_number_counts_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image.Image, "getexif", lambda _: {examining.ORIENTATION: 3.0})
    assert examining._turned(Image.open(io.BytesIO(picture()))) == 1


def test_remarks_that_can_not_be_read_are_no_reason_to_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: Image.Image) -> None:
        raise SyntaxError

    monkeypatch.setattr(Image.Image, "getexif", broken)
    assert examining._turned(Image.open(io.BytesIO(picture()))) == 1
