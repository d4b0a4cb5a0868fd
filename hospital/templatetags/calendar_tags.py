"""The inside of a calendar's cells. A week has two thousand cases: they are written here, not in a template."""

from datetime import date
from functools import lru_cache
from html import escape
from urllib.parse import quote

from django import template
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.safestring import SafeString, mark_safe

from hospital.templatetags.interface import hours, icon
from scheduling.selectors.roster import Cell, Chip, RosterRow
from scheduling.selectors.week import Week, WeekCase, WeekCell, WeekRow

register = template.Library()
STATES = {
    "scheduled": "scheduled",
    "arrived": "arrived",
    "in_theatre": "progress",
    "recovery": "done",
    "completed": "done",
    "emergency": "emergency",
}
"""A status's look; those of the day board."""
NUMBER = 987654321
"""Stands in an address for the number of a case."""
FULL = 100
OF_OPEN = " of the open hours planned"
_TODAY = ' class="is-today"'


@register.simple_tag
def week_cells(row: WeekRow, week: Week, today: date) -> SafeString:
    """Draw a row's seven days: whose the day is, how full, why it is closed, and the cases."""
    cells = "".join(
        f'<td role="cell"{_TODAY if cell.day == today else ""} data-label="{_label(cell.day)}">'
        f"{_head(cell)}{_cases(cell, week.first, week.span)}</td>"
        for cell in row.cells
    )
    return mark_safe(cells)  # noqa: S308  # what people typed is escaped


@lru_cache(maxsize=64)
def _label(day: date) -> str:
    return escape(date_format(day, "D j M"))


def _head(cell: WeekCell) -> str:
    owners = f'<span class="wk-owner">{escape(cell.owners)}</span>' if cell.owners else ""
    load = ""
    if cell.load is not None:
        over = " is-over" if cell.load > FULL else ""
        load = f'<span class="wk-load{over}">{cell.load}%<span class="visually-hidden">{OF_OPEN}</span></span>'
    elif cell.used:
        load = f'<span class="wk-load">{escape(hours(cell.used))}</span>'
    closed = f'<p class="wk-closed">{escape(cell.closed)}</p>' if cell.closed else ""
    return owners + load + closed


def _cases(cell: WeekCell, first: int, span: int) -> str:
    """Draw a strip of the day with the cases in their places, and a line for each case."""
    if not cell.cases:
        return ""
    before, after = reverse("scheduling:operation-detail", args=[NUMBER]).split(str(NUMBER))
    strip = "".join(
        f'<i class="hue-{case.hue}" style="--s:{100 * (case.begins - first) / span:.1f};'
        f'--d:{100 * (case.ends - case.begins) / span:.1f}"></i>'
        for case in cell.cases
    )
    lines = "".join(_line(case, before, after) for case in cell.cases)
    return (
        f'<div class="wk-day"><div class="strip" aria-hidden="true">{strip}</div>'
        f'<ol class="wk-cases">{lines}</ol></div>'
    )


def _line(case: WeekCase, before: str, after: str) -> str:
    name = escape(case.name)
    if case.number is None:
        return f'<li class="wk hue-{case.hue}"><b>{case.clock}</b> {name}</li>'
    late = " <em>after due date</em>" if case.is_late else ""
    return (
        f'<li class="wk hue-{case.hue} wk-{STATES[case.state]}"><a href="{before}{case.number}{after}" '
        f'title="{escape(case.words)}"><b>{case.clock}</b> {name}{late}</a></li>'
    )


@register.simple_tag
def roster_cells(row: RosterRow, shown: date, today: date, here: str) -> SafeString:
    """Draw a person's seven days: absences, shifts, and, for who may change them, where to add one.

    ``shown`` is the day that a phone shows, ``here`` the question of the roster's address, to come back to.
    """
    back = escape(quote(here))
    cells = "".join(_roster_cell(row, cell, shown, today, back) for cell in row.cells)
    return mark_safe(cells)  # noqa: S308  # what people typed is escaped


def _roster_cell(row: RosterRow, cell: Cell, shown: date, today: date, back: str) -> str:
    marks = " ".join(
        word for word, is_so in (("is-today", cell.day == today), ("is-chosen", cell.day == shown)) if is_so
    )
    inside = "".join(f'<p class="absent">{escape(words)}</p>' for words in cell.absences)
    inside += "".join(_chip(chip, back, may_change=row.may_change) for chip in cell.chips)
    if not row.may_change:
        return f'<td class="{marks}">{inside}</td>'
    alone = "" if cell.chips or cell.absences else " is-alone"
    url = f"{reverse('scheduling:shift-new')}?person={row.number}&amp;on={cell.day}&amp;back={back}"
    label = f"Add a shift for {escape(row.name)}, {_label(cell.day)}"
    add = f'<a class="add no-print{alone}" href="{url}" aria-label="{label}">{icon("plus")}</a>'
    return f'<td class="{marks}" data-day="{cell.day}">{inside}{add}</td>'


def _chip(chip: Chip, back: str, *, may_change: bool) -> str:
    looks = f"shift hue-{chip.hue}{' is-call' if chip.on_call else ''}"
    called = '<span class="visually-hidden">on call</span>' if chip.on_call else ""
    words = f"<b>{escape(chip.name)}</b><span>{chip.times}</span>{called}"
    if not may_change:
        return f'<span class="{looks}">{words}</span>'
    by_hand = '<i><span class="visually-hidden">changed by hand</span></i>' if chip.by_hand else ""
    number = f"{chip.number}"
    edit, move = (
        reverse(f"scheduling:{name}", args=[NUMBER]).replace(str(NUMBER), number)
        for name in ("shift-edit", "shift-move")
    )
    return (
        f'<a class="{looks}" id="shift-{number}" href="{edit}?back={back}" draggable="false" data-move="{move}" '
        f'data-seen="{chip.seen}">{words}{by_hand}</a>'
    )
