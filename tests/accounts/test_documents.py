"""Documents print the letters that names have, and say when they can't."""

import re
import zlib

import pytest

from accounts.documents import Pages


def letters_of(pdf: Pages) -> str:
    """Return the letters that the fonts in the file stand for."""
    found = ""
    for part in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", bytes(pdf.output()), re.DOTALL):
        try:
            text = zlib.decompress(part)
        except zlib.error:
            text = part
        if b"beginbf" in text:
            for code in re.findall(rb"<[0-9A-Fa-f]+> <([0-9A-Fa-f]+)>", text):
                found += bytes.fromhex(code.decode()).decode("utf-16-be")
    return found


@pytest.mark.parametrize("name", ["Łukasz Żółć", "Ελένη", "Иван", "Åse Þór", "“so” – …"])
def test_letters_are_printed_as_they_are(name: str) -> None:
    pdf = Pages("Copy")
    pdf.text_block(f"{name}\tand more")
    assert pdf.lost is False
    assert set(name) - {" "} <= set(letters_of(pdf))


def test_what_the_font_lacks_is_said() -> None:
    pdf = Pages("Copy")
    pdf.text_block("王")
    assert pdf.lost is True
    assert "王" not in letters_of(pdf)
