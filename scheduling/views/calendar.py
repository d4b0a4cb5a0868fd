"""The calendar: day, week and month."""

from datetime import date

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.permissions import actor_of, requires
from scheduling import permissions
from scheduling.converters import parse_day
from scheduling.forms.calendar import MonthForm, WeekForm
from scheduling.selectors.day_board import day_board
from scheduling.selectors.month import month
from scheduling.selectors.waiting_list import waiting_panel
from scheduling.selectors.week import week


@requires(permissions.VIEW_SCHEDULE)
@require_safe
def today(request: HttpRequest) -> HttpResponse:
    """Show today's schedule, or go to the day that was asked for."""
    asked = request.GET.get("day")
    if asked is None:
        return render(request, "scheduling/day.html", _shown(request, timezone.localdate()))
    return redirect("scheduling:day", day=parse_day(asked) or timezone.localdate())


@requires(permissions.VIEW_SCHEDULE)
@require_safe
def day(request: HttpRequest, day: date) -> HttpResponse:
    """Show the schedule of a day."""
    return render(request, "scheduling/day.html", _shown(request, day))


@requires(permissions.VIEW_SCHEDULE)
@require_safe
def day_board_fragment(request: HttpRequest, day: date) -> HttpResponse:
    """Return the board alone, for pages that are open already."""
    return render(request, "scheduling/_board.html", _shown(request, day))


@requires(permissions.VIEW_SCHEDULE)
@require_safe
def week_page(request: HttpRequest, day: date) -> HttpResponse:
    """Show the week of a day; the address says how it is grouped and whose cases it shows."""
    form = WeekForm(request.GET)
    wanted = form.wanted
    shown = week(day, actor_of(request), wanted)
    context = {"week": shown, "day": day, "form": form, "wanted": wanted, "today": timezone.localdate()}
    return render(request, "scheduling/week.html", context)


@requires(permissions.VIEW_SCHEDULE)
@require_safe
def month_page(request: HttpRequest, day: date) -> HttpResponse:
    """Show the month of a day: how full it is, what is late and what is closed."""
    form = MonthForm(request.GET)
    shown = month(day, **form.wanted)
    context = {"month": shown, "day": day, "form": form, "today": timezone.localdate()}
    return render(request, "scheduling/month.html", context)


def _shown(request: HttpRequest, day: date) -> dict[str, object]:
    """Return what the board shows this person; the waiting list names patients and needs its own right."""
    viewer = actor_of(request)
    may_see_waiting = viewer.can(permissions.VIEW_OPERATION)
    return {
        "board": day_board(day, viewer),
        "waiting": waiting_panel(viewer) if may_see_waiting else None,
    }
