"""The templates, how far they are laid out, and what another run would do."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Q
from django.utils import timezone

from resources.models import (
    BlockTemplate,
    Theatre,
    TheatreSession,
)
from scheduling.laying_out import Difference, Verb
from scheduling.models import Operation
from scheduling.period import Period
from scheduling.querysets import local_midnight
from scheduling.selectors.week import DAYS
from scheduling.services.sessions import Preview


def templates_by_theatre() -> list[tuple[Theatre, list[list[BlockTemplate]]]]:
    """Return the templates by theatre and weekday, those that have ended left out."""
    today = timezone.localdate()
    rows = BlockTemplate.objects.filter(Q(valid_until=None) | Q(valid_until__gte=today)).select_related(
        "specialty", "surgeon", "group"
    )
    found: dict[int, list[list[BlockTemplate]]] = defaultdict(lambda: [[] for _ in range(DAYS)])
    for row in rows.order_by("starts", "week_of_cycle"):
        found[row.theatre_id][row.weekday - 1].append(row)
    return [(theatre, found[theatre.pk]) for theatre in Theatre.objects.filter(in_use=True)]


def laid_out_until() -> date | None:
    """Return the last day that has a session laid out from a template."""
    rows = TheatreSession.objects.filter(template__isnull=False).order_by("-day")
    return rows.values_list("day", flat=True).first()


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewLine:
    """One line of the preview that is worth reading; ``booked`` is how many operations are in the session now."""

    line: Difference
    theatre: Theatre
    booked: int


def booked_in_lines(found: Preview) -> list[PreviewLine]:
    """Return the lines that change, remove, clash or keep something, each with what is booked; two queries."""
    telling = [line for line in found.lines if line.verb in (Verb.CHANGE, Verb.REMOVE, Verb.CLASH, Verb.KEEP)]
    theatres = {theatre.pk: theatre for theatre in Theatre.objects.all()}
    window = Period(local_midnight(found.first), local_midnight(found.last + timedelta(days=1)))
    booked: dict[tuple[int, date], list[Period]] = defaultdict(list)
    rows = Operation.objects.filter(
        theatre__in={line.theatre_id for line in telling}, period__overlap=window.as_range()
    )
    for theatre, period in rows.values_list("theatre_id", "period"):
        planned = Period.of(period)
        booked[theatre, timezone.localdate(planned.start)].append(planned)
    return [
        PreviewLine(
            line=line,
            theatre=theatres[line.theatre_id],
            booked=sum(
                line.session is not None and one.touches(line.session.period)
                for one in booked[line.theatre_id, line.day]
            ),
        )
        for line in telling
    ]
