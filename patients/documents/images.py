"""Keep of a picture what draws it: no place, no camera, no remarks, and nothing behind its end.

Pixels are not decoded and encoded again, which would take from what was scanned. How it is to be turned stays: a
form that was photographed with a telephone would lie on its side.
"""

import re
import struct
from collections.abc import Iterator

from django.core.exceptions import ValidationError

CUT_OFF = "This picture is damaged or cut off."

START, END, SCAN, FILL = 0xD8, 0xD9, 0xDA, 0xFF
ALONE = {0x01, *range(0xD0, 0xD8)}
"""Markers without a length: restarts, and one that is out of use."""
REMARK, APP_FIRST, APP_LAST = 0xFE, 0xE0, 0xEF
KEPT_APPS = {0xE0: b"JFIF\0", 0xE2: b"ICC_PROFILE\0", 0xEE: b"Adobe"}
"""How large a pixel is, and what its colours mean."""
AFTER_SCAN = re.compile(rb"\xff+([^\x00\xd0-\xd7\xff])", re.DOTALL)
"""The next marker behind packed pixels, in which FF 00 and restarts are no markers."""

PNG_HEAD = 8
PNG_KEPT = frozenset(
    {b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"cHRM", b"gAMA", b"iCCP", b"sBIT", b"sRGB", b"bKGD", b"pHYs"}
)


def clean_jpeg(content: bytes, turned: int) -> bytes:
    """Return a JPEG with nothing in it but the picture; ``turned`` is its orientation, 1 to 8."""
    kept = [content[:2]]
    try:
        for number, (marker, segment) in enumerate(_segments(content)):
            if _is_kept(marker, segment[4:]):
                kept.append(segment)
            if number == 0:  # behind JFIF, which has to be first
                kept.append(_orientation(turned))
    except IndexError:
        raise ValidationError(CUT_OFF) from None
    return b"".join(kept)


def _segments(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield each marker with its bytes, a scan with the pixels behind it, up to the end of the picture."""
    at, marker = 2, 0
    while marker != END:
        marker, at = _marker(content, at)
        if marker in ALONE:
            continue
        length = 0 if marker == END else int.from_bytes(content[at : at + 2], "big")
        until = _end_of_scan(content, at + length) if marker == SCAN else at + length
        if until > len(content):
            raise IndexError
        yield marker, bytes([FILL, marker]) + content[at:until]
        at = until


def _end_of_scan(content: bytes, at: int) -> int:
    following = AFTER_SCAN.search(content, at)
    return following.start() if following else len(content) + 1


def _marker(content: bytes, at: int) -> tuple[int, int]:
    """Return the marker at a place, and where it ends."""
    if content[at] != FILL:
        raise ValidationError(CUT_OFF)
    while content[at] == FILL:
        at += 1
    return content[at], at + 1


def _is_kept(marker: int, body: bytes) -> bool:
    if APP_FIRST <= marker <= APP_LAST:
        return marker in KEPT_APPS and body.startswith(KEPT_APPS[marker])
    return marker != REMARK


def _orientation(turned: int) -> bytes:
    """Return an EXIF segment that says how to turn the picture and nothing else."""
    if turned == 1:
        return b""
    entry = struct.pack(">HHIHH", 0x0112, 3, 1, turned, 0)
    exif = b"Exif\0\0" + b"MM\0*" + struct.pack(">IH", 8, 1) + entry + struct.pack(">I", 0)
    return b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif


def clean_png(content: bytes) -> bytes:
    """Return a PNG with nothing in it but the picture."""
    kept, at = [content[:PNG_HEAD]], PNG_HEAD
    while at + 12 <= len(content):
        length, kind = int.from_bytes(content[at : at + 4], "big"), content[at + 4 : at + 8]
        chunk, at = content[at : at + 12 + length], at + 12 + length
        if len(chunk) < 12 + length:
            break
        if kind in PNG_KEPT:
            kept.append(chunk)
        if kind == b"IEND":
            return b"".join(kept)
    raise ValidationError(CUT_OFF)
