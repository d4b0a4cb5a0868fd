"""Small theatre lists for the tests, all made up."""

from pathlib import Path

HEADER = (
    "Case number,Theatre,Specialty,Procedure code,Procedure,Planned minutes,Planned start,"
    "Wheels in,Start time,End time,Wheels out"
)


def row(
    number: object,
    start: str = "2022-02-01 08:00",
    *,
    theatre: str = "Blue",
    minutes: object = 60,
    procedure: str = "Knee repair",
    code: str = "K1",
    specialty: str = "Bones",
    actual: tuple[str, str, str, str] = ("", "", "", ""),
) -> str:
    """Return one line; ``actual`` are wheels in, knife to skin, end of surgery, wheels out."""
    cells = (number, theatre, specialty, code, procedure, minutes, start, *actual)
    return ",".join(map(str, cells))


def save(folder: Path, *rows: str, name: str = "list.csv", header: str = HEADER, encoding: str = "utf-8") -> Path:
    """Write a list and return where it is; the first row is line 2."""
    path = folder / name
    path.write_text("\n".join([header, *rows]) + "\n", encoding=encoding)
    return path
