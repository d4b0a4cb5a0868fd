"""A copy of a record as JSON and as PDF."""

import base64
import json
from typing import Any

FILES = "Documents are attached to this file. Save it and open it in a reader of PDF that shows attachments."
LETTERS = "Some letters can't be printed here and stand as question marks; the JSON copy has them as they are."


def as_json(content: dict[str, Any]) -> bytes:
    """Return the copy for other programs, in UTF-8."""
    return json.dumps(content, indent=2, ensure_ascii=False, default=str).encode()


def as_pdf(content: dict[str, Any]) -> bytes:
    """Return the copy to read."""
    from accounts.documents import Pages  # noqa: PLC0415  # its fonts would cost every start two seconds

    pdf = Pages("Copy of a record", head="Copy of everything held about a patient")
    pdf.text_block(
        f"Made on {content['made_at']} by {content['made_by']} for {content['recipient']}: {content['purpose']}. "
        "Confidential."
    )
    attached = False
    for section in content["sections"]:
        pdf.head(section["title"])
        for row in section["rows"]:
            pdf.text_block("; ".join(f"{_words(name)}: {_said(value)}" for name, value in row.items() if _is(value)))
            pdf.ln(1)
            if "file" in row:
                pdf.embed_file(basename=row["file"]["name"], bytes=base64.b64decode(row["file"]["base64"]))
                attached = True
        if not section["rows"]:
            pdf.text_block("Nothing is held.")
    if attached:
        pdf.head("Attached files")
        pdf.text_block(FILES)
    pdf.head("What this copy leaves out")
    for one in content["left_out"]:
        pdf.text_block(f"{one['what']}: {one['why']}")
    if pdf.lost:
        pdf.head("Letters")
        pdf.text_block(LETTERS)
    return bytes(pdf.output())


def _words(name: str) -> str:
    return name.replace("_", " ")


def _is(value: Any) -> bool:
    return value not in (None, "", [], {})


def _said(value: Any) -> str:
    if isinstance(value, dict):
        if value.keys() in ({"number", "name"}, {"name", "type", "base64"}):
            return str(value["name"])
        return ", ".join(f"{_words(str(name))} {_said(each)}" for name, each in value.items() if _is(each))
    if isinstance(value, list):
        return ", ".join(_said(each) for each in value) if value else "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
