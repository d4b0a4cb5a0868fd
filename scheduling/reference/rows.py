"""Reads the CSV files beside this module into what the models hold."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent

Row = dict[str, str]
Values = dict[str, Any]


def rows_of(name: str) -> list[Row]:
    """Return the rows of ``name``.csv as text, by column."""
    with (FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def codes_in(text: str) -> list[str]:
    """Return the codes of a list written with semicolons."""
    return [code for code in text.split(";") if code]


def counts_in(text: str) -> Iterator[tuple[str, int]]:
    """Yield the codes and counts of a list written as ``code:count;code:count``."""
    for item in codes_in(text):
        code, _, count = item.partition(":")
        yield code, int(count)


def specialty(row: Row) -> Values:
    """Return the fields of a specialty."""
    return {"name": row["name"], "hue": row["hue"]}


def coded_name(row: Row) -> Values:
    """Return the fields of a theatre feature or a credential."""
    return {"name": row["name"]}


def grade(row: Row) -> Values:
    """Return the fields of a grade of staff."""
    return {"name": row["name"], "rank": int(row["rank"])}


def equipment_type(row: Row) -> Values:
    """Return the fields of a kind of equipment."""
    return {
        "name": row["name"],
        "turnaround_minutes": int(row["turnaround_minutes"]),
        "allergens": codes_in(row["allergens"]),
    }


def priority(row: Row) -> Values:
    """Return the fields of a priority class."""
    return {
        "scheme": row["scheme"],
        "name": row["name"],
        "target_days": int(row["target_days"]),
        "target_minutes": int(row["target_minutes"]) if row["target_minutes"] else None,
        "rank": int(row["rank"]),
        "emergency": _yes(row["emergency"]),
    }


def cancellation_reason(row: Row) -> Values:
    """Return the fields of a reason for not going ahead."""
    flags = ("clinical", "hospital_initiated", "avoidable")
    return {
        "group": row["group"],
        "label": row["label"],
        "applies_to": row["applies_to"],
        **{flag: _yes(row[flag]) for flag in flags},
    }


def checklist_item(row: Row) -> Values:
    """Return the fields of a question of the safety checklist."""
    return {
        "part": row["part"],
        "position": int(row["position"]),
        "text": row["text"],
        "may_not_apply": _yes(row["may_not_apply"]),
    }


def delay_reason(row: Row) -> Values:
    """Return the fields of a reason for a delay."""
    return {"group": row["group"], "label": row["label"]}


def procedure(row: Row) -> Values:
    """Return the fields of a procedure, its specialty and its needs left out."""
    minutes = (
        "set_up_minutes",
        "anaesthesia_minutes",
        "surgery_minutes",
        "clean_up_minutes",
        "bed_minutes",
    )
    return {
        "name": row["name"],
        "laterality": row["laterality"],
        "anaesthesia_type": row["anaesthesia_type"],
        "bed_kind": "" if row["bed"] == "none" else row["bed"],
        "allergens": codes_in(row["allergens"]),
        "day_case": _yes(row["day_case"]),
        **{name: int(row[name]) for name in minutes},
    }


def _yes(text: str) -> bool:
    return {"yes": True, "no": False}[text]
