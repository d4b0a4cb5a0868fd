"""Look at what was uploaded: by its content, for names and what browsers say of files can be anything."""

import io
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from PIL import Image

from patients.documents.images import clean_jpeg, clean_png
from patients.documents.pdf import check_pdf
from patients.models import ContentType
from patients.models.documents import LARGEST

MOST_PIXELS = 64_000_000
"""Telephones take 50 million; a picture of more fills the memory of whoever looks at it."""
SMALL = 64
ORIENTATION = 0x0112
SCAN, MOST_SCANS = b"\xff\xda", 50
"""How a scan of a JPEG begins; a photo has a dozen at most, a bomb thousands, and each is worked through."""

EMPTY = "This file is empty."
TOO_LARGE = f"This file is larger than {LARGEST // 1024 // 1024} MB. Scan it with fewer dots per inch, or in parts."
UNKNOWN = "This is not a PDF, a JPEG or a PNG, whatever it is called. Print it to a PDF, or take a photo of it."
HEIC = "This is a HEIC photo, which many browsers don’t show. Save it as JPEG, or take the photo here."
BROKEN_IMAGE = "This picture can’t be opened: it is damaged or cut off."
TOO_MANY_PIXELS = f"This picture has more than {MOST_PIXELS // 1_000_000} million pixels. Make it smaller."


@dataclass(frozen=True, slots=True)
class Examined:
    """What is kept of a file: what it is, and its bytes without what does not belong there."""

    content_type: ContentType
    content: bytes


def examine(content: bytes) -> Examined:
    """Return what is kept of a file, or raise :class:`ValidationError` with a sentence about it.

    A PDF is kept as it is, a picture without its metadata (where it was taken, by which camera) and without whatever
    is written behind its end; its pixels are not touched.
    """
    if not content:
        raise ValidationError(EMPTY)
    if len(content) > LARGEST:
        raise ValidationError(TOO_LARGE)
    if content.startswith(b"%PDF-"):
        check_pdf(content)
        return Examined(ContentType.PDF, content)
    if content.startswith(b"\xff\xd8\xff"):
        return Examined(ContentType.JPEG, clean_jpeg(content, _look(content, "JPEG")))
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        _look(content, "PNG")
        return Examined(ContentType.PNG, clean_png(content))
    raise ValidationError(HEIC if content[4:12] in (b"ftypheic", b"ftypheix", b"ftypmif1") else UNKNOWN)


def _look(content: bytes, form: str) -> int:
    """Return how a picture is to be turned (1 to 8, as EXIF numbers it); raise if it can't be opened."""
    if form == "JPEG" and content.count(SCAN) > MOST_SCANS:
        raise ValidationError(BROKEN_IMAGE)
    try:
        picture = Image.open(io.BytesIO(content), formats=[form])
        small_enough = picture.width * picture.height <= MOST_PIXELS
        if small_enough:
            _read_through(picture)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        small_enough = False
    except Exception as error:  # a decoder raises anything when it is fed anything
        raise ValidationError(BROKEN_IMAGE) from error
    if not small_enough:
        raise ValidationError(TOO_MANY_PIXELS)
    return _turned(picture) if form == "JPEG" else 1


def _turned(picture: Image.Image) -> int:
    """Return how a photo is to be turned; what its remarks say in no way that can be read counts as nothing."""
    try:
        turned = picture.getexif().get(ORIENTATION, 1)
    except Exception:  # noqa: BLE001  # a parser raises anything when it is fed anything
        return 1
    return turned if type(turned) is int and turned in range(1, 9) else 1


def _read_through(picture: Image.Image) -> None:
    """Read to the end without unpacking more pixels than are needed for that."""
    if picture.format == "JPEG":
        picture.draft("L", (SMALL, SMALL))
        picture.load()
    else:
        picture.verify()
