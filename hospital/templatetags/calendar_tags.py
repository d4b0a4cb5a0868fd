"""The inside of a calendar's cells. A week has two thousand cases: they are written here, not in a template."""

from django import template
from django.urls import reverse
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from hospital.templatetags.interface import state_icon
from scheduling.selectors.week import WeekCase, WeekCell

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


@register.simple_tag
def week_cases(cell: WeekCell, first: int, span: int) -> SafeString:
    """Draw a cell: a strip of the day with the cases in their places, and a line for each case."""
    if not cell.cases:
        return SafeString("")
    before, after = reverse("scheduling:operation-detail", args=[NUMBER]).split(str(NUMBER))
    strip = "".join(
        f'<i class="hue-{case.hue}" style="--s:{100 * (case.begins - first) / span:.1f};'
        f'--d:{100 * (case.ends - case.begins) / span:.1f}"></i>'
        for case in cell.cases
    )
    lines = "".join(_line(case, before, after) for case in cell.cases)
    return mark_safe(f'<div class="strip" aria-hidden="true">{strip}</div><ol class="wk-cases">{lines}</ol>')  # noqa: S308  # what people typed is escaped


def _line(case: WeekCase, before: str, after: str) -> str:
    name = escape(case.name)
    if case.number is None:
        return f'<li class="wk hue-{case.hue}"><b>{case.clock}</b> {name}</li>'
    state = STATES[case.state]
    words = escape(case.words)
    late = " <em>after due date</em>" if case.is_late else ""
    return (
        f'<li class="wk hue-{case.hue} wk-{state}"><a href="{before}{case.number}{after}" title="{words}">'
        f'<b>{case.clock}</b> {state_icon(state)}{name}<span class="visually-hidden"> {words}</span>{late}</a></li>'
    )
