"""The page of controls names files that are there, and every control that concerns the application."""

import re
from pathlib import Path

from django.conf import settings

PAGE = (Path(settings.BASE_DIR) / "docs" / "compliance.md").read_text(encoding="utf-8")
NAMED = re.findall(r"`([\w./-]+\.(?:py|txt|md))`", PAGE)


def test_every_file_named_is_there() -> None:
    assert len(NAMED) > 60
    assert [name for name in NAMED if not (Path(settings.BASE_DIR) / name).exists()] == []


def test_every_control_has_a_row_with_code_and_proof() -> None:
    rows = {
        int(cells[1]): cells
        for cells in (line.split("|") for line in PAGE.splitlines())
        if cells[1:2] and cells[1].strip().isdigit()
    }
    assert set(rows) == set(range(1, 21))
    for cells in rows.values():
        assert "`" in cells[3]
        assert "`" in cells[4]
