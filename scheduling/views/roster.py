"""The roster of a week, its shifts one by one, laying patterns out, and who is away."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from accounts.permissions import actor_of, requires
from resources.models import Shift, StaffMember
from resources.permissions import AVAILABILITY
from scheduling import permissions
from scheduling.access import ELSEWHERE, staff_within
from scheduling.converters import parse_day
from scheduling.forms.roster import AbsenceForm, LayOutForm, MoveForm, RosterForm, ShiftForm, address_of, back_of
from scheduling.period import Period
from scheduling.rostering import Verb, seen_of
from scheduling.selectors.roster import roster
from scheduling.selectors.roster_preview import preview_rosters
from scheduling.services import InvalidPlanError, StaleVersionError
from scheduling.services.absences import add_absence
from scheduling.services.roster_lay_out import lay_out_rosters
from scheduling.services.rostering import (
    RosterChange,
    StaleRosterError,
    add_shift,
    change_shift,
    in_words,
    move_shift,
    remove_shift,
    undo_shift,
)
from scheduling.views.answers import FAILURES, Refusal, wants_json

UNDO = "roster_undo"
"""Where the session keeps what this person changed last."""


@requires(permissions.VIEW_SCHEDULE)
@require_safe
def roster_page(request: HttpRequest) -> HttpResponse:
    """Show a week of the roster; the address says which week and whose."""
    form = RosterForm(request.GET)
    wanted = form.wanted
    shown = roster(actor_of(request), wanted)
    form = RosterForm(initial={"week": wanted.day, "profession": wanted.profession, "mine": wanted.mine})
    context = {
        "roster": shown,
        "form": form,
        "here": address_of(wanted),
        "previous": address_of(wanted, week=shown.previous),
        "next": address_of(wanted, week=shown.next),
        "now": address_of(wanted, week=timezone.localdate()),
        "days": [(day, address_of(wanted, week=day)) for day in shown.days],
        "today": timezone.localdate(),
        "undo": request.session.get(UNDO, {}).get("text") if shown.may_change else None,
    }
    return render(request, "scheduling/roster.html", context)


@requires(AVAILABILITY)
@require_http_methods(["GET", "POST"])
def shift_new(request: HttpRequest) -> HttpResponse:
    """Give somebody a shift."""
    actor = actor_of(request)
    asked = {"person": request.GET.get("person"), "day": parse_day(request.GET.get("on", "")) or timezone.localdate()}
    form = ShiftForm(request.POST if request.method == "POST" else None, actor=actor, initial=asked)
    return _shift_page(request, form, lambda: add_shift(actor=actor, duty=form.duty))


@requires(AVAILABILITY)
@require_http_methods(["GET", "POST"])
def shift_edit(request: HttpRequest, shift_id: int) -> HttpResponse:
    """Change a shift: times, kind, day or person."""
    actor = actor_of(request)
    shift = _get_shift(actor, shift_id)
    form = ShiftForm(
        request.POST if request.method == "POST" else None, actor=actor, shift=shift, initial=_initial(shift)
    )

    def command() -> RosterChange:
        return change_shift(actor=actor, shift_id=shift_id, seen=form.cleaned_data["seen"], duty=form.duty)

    return _shift_page(request, form, command, shift)


@requires(AVAILABILITY)
@require_POST
def shift_move(request: HttpRequest, shift_id: int) -> HttpResponse:
    """Move a shift to another day or person: what dragging does."""
    actor = actor_of(request)
    shift = _get_shift(actor, shift_id)
    form = MoveForm(request.POST, actor=actor)
    if not form.is_valid():
        return _refused(request, shift, Refusal(status=422, kind="invalid", message="Choose a day and a person."))
    fields = form.cleaned_data
    return _do(
        request,
        shift,
        lambda: move_shift(
            actor=actor, shift_id=shift_id, seen=fields["seen"], person_id=fields["person"].pk, day=fields["day"]
        ),
    )


@requires(AVAILABILITY)
@require_POST
def shift_remove(request: HttpRequest, shift_id: int) -> HttpResponse:
    """Take a shift out."""
    actor = actor_of(request)
    shift = _get_shift(actor, shift_id)
    seen = request.POST.get("seen", "")
    if not seen:
        return _refused(request, shift, Refusal(status=422, kind="invalid", message="Open the shift and try again."))
    return _do(request, shift, lambda: remove_shift(actor=actor, shift_id=shift_id, seen=seen))


@requires(AVAILABILITY)
@require_POST
def roster_undo(request: HttpRequest) -> HttpResponse:
    """Put back what this person changed last; a second time does it again."""
    actor, kept = actor_of(request), request.session.pop(UNDO, None)
    try:
        if kept is None:
            raise StaleRosterError("There is nothing to undo.")
        change = undo_shift(actor=actor, change=RosterChange(before=kept["before"], after=kept["after"]))
    except (PermissionDenied, *FAILURES) as error:
        if wants_json(request):
            return JsonResponse({"ok": False, "kind": "refused", "message": str(error)}, status=409)
        messages.error(request, f"Not undone. {error}")
        return redirect(_roster_address(request))
    text = _keep(request, change)
    if wants_json(request):
        return JsonResponse({"ok": True, "message": text})
    return redirect(_roster_address(request))


@requires(AVAILABILITY)
@require_http_methods(["GET", "POST"])
def roster_lay_out(request: HttpRequest) -> HttpResponse:
    """Show what laying out patterns would do; POST does what was shown."""
    actor = actor_of(request)
    asked = request.POST if request.method == "POST" else request.GET
    bound = request.method == "POST" or "first" in asked
    form = LayOutForm(asked if bound else None, actor=actor)
    if not (bound and form.is_valid()):
        status = 422 if bound and request.method == "POST" else 200
        return render(request, "scheduling/roster_lay_out.html", {"form": form}, status=status)
    refusal = None
    if request.method == "POST":
        try:
            lines = lay_out_rosters(actor=actor, scope=form.scope, digest=request.POST.get("digest", ""))
        except FAILURES as error:
            refusal = Refusal(status=409, kind="refused", message=str(error))
        else:
            many = sum(line.verb in (Verb.ADD, Verb.CHANGE, Verb.REMOVE) for line in lines)
            messages.success(request, f"Laid out: {many} shift{'' if many == 1 else 's'} written or removed.")
            return redirect(
                f"{reverse('scheduling:roster')}?{address_of(RosterForm({'week': form.scope.first}).wanted)}"
            )
    context = {"form": form, "preview": preview_rosters(actor, form.scope), "refusal": refusal}
    return render(request, "scheduling/roster_lay_out.html", context, status=refusal.status if refusal else 200)


@requires(AVAILABILITY)
@require_http_methods(["GET", "POST"])
def absence_new(request: HttpRequest) -> HttpResponse:
    """Enter leave or sickness, and go on to the operations that it hits."""
    actor = actor_of(request)
    day = parse_day(request.GET.get("on", "")) or timezone.localdate()
    asked = {"person": request.GET.get("person"), "first": day, "last": day}
    form = AbsenceForm(request.POST if request.method == "POST" else None, actor=actor, initial=asked)
    if form.is_valid():
        try:
            absence = add_absence(actor=actor, **form.absence)
        except FAILURES as error:
            _add_error(form, error)
        else:
            messages.success(request, f"{absence.resource}: {absence.get_kind_display().lower()} entered.")
            if actor.can(permissions.ASSIGN):
                return redirect(f"{reverse('scheduling:affected')}?absence={absence.pk}")
            return redirect(_roster_address(request))
    context = {"form": form, "back": back_of(request.GET.get("back", ""))}
    return render(request, "scheduling/absence_new.html", context, status=422 if form.is_bound else 200)


def _get_shift(actor: User, shift_id: int) -> Shift:
    """Return the shift if the actor may change this person's roster."""
    rows = Shift.objects.select_related("staff_member", "kind", "assignment__pattern")
    shift = get_object_or_404(rows, pk=shift_id)
    if not StaffMember.objects.filter(staff_within(actor, AVAILABILITY), pk=shift.staff_member_id).exists():
        raise PermissionDenied(ELSEWHERE)
    return shift


def _initial(shift: Shift) -> dict[str, Any]:
    start, end = timezone.localtime(shift.period.lower), timezone.localtime(shift.period.upper)
    initial = {"person": shift.staff_member_id, "day": start.date(), "on_call": shift.on_call, "seen": seen_of(shift)}
    usual = shift.kind and (shift.kind.starts, shift.kind.ends) == (start.time(), end.time())
    return initial | ({"kind": shift.kind} if usual else {"starts": start.time(), "ends": end.time()})


def _shift_page(
    request: HttpRequest, form: ShiftForm, command: Callable[[], RosterChange], shift: Shift | None = None
) -> HttpResponse:
    """Draw the form, or run the command and go back to the roster."""
    status = 200
    if form.is_bound:
        status = 422
        if form.is_valid():
            try:
                change = command()
            except FAILURES as error:
                status = 422 if isinstance(error, InvalidPlanError) else 409
                _add_error(form, error)
            else:
                _keep(request, change)
                return redirect(_roster_address(request))
    context = {"form": form, "shift": shift, "back": back_of(request.GET.get("back", ""))}
    if shift:
        context |= {"words": in_words(shift), "seen": seen_of(shift)}
    return render(request, "scheduling/shift_form.html", context, status=status)


def _do(request: HttpRequest, shift: Shift, command: Callable[[], RosterChange]) -> HttpResponse:
    """Run a command that has no page of its own; what is refused is said on the page of the shift."""
    try:
        text = _keep(request, command())
    except FAILURES as error:
        stale = isinstance(error, StaleRosterError | StaleVersionError)
        status = 422 if isinstance(error, InvalidPlanError) else 409
        return _refused(
            request, shift, Refusal(status=status, kind="stale" if stale else "refused", message=str(error))
        )
    except PermissionDenied as error:
        if not wants_json(request):
            raise
        return JsonResponse({"ok": False, "kind": "forbidden", "message": str(error)}, status=403)
    if wants_json(request):
        return JsonResponse({"ok": True, "message": text})
    return redirect(_roster_address(request))


def _refused(request: HttpRequest, shift: Shift, refusal: Refusal) -> HttpResponse:
    if wants_json(request):
        answer = {"ok": False, "kind": refusal.kind, "message": refusal.message, "errors": {}}
        return JsonResponse(answer, status=refusal.status)
    now = Shift.objects.select_related("staff_member", "kind", "assignment__pattern").filter(pk=shift.pk).first()
    if now is None:
        messages.error(request, refusal.message)
        return redirect(_roster_address(request))
    form = ShiftForm(actor=actor_of(request), shift=now, initial=_initial(now))
    context = {"form": form, "shift": now, "words": in_words(now), "seen": seen_of(now), "refusal": refusal}
    context["back"] = back_of(request.GET.get("back", ""))
    return render(request, "scheduling/shift_form.html", context, status=refusal.status)


def _add_error(form: Any, error: Exception) -> None:
    name = error.field if isinstance(error, InvalidPlanError) and error.field in form.fields else None
    form.add_error(name, str(error))


def _keep(request: HttpRequest, change: RosterChange) -> str:
    """Remember the change for undoing it, and return what was done in words."""
    text = _words_of(change)
    request.session[UNDO] = {"before": change.before, "after": change.after, "text": text}
    return text


def _words_of(change: RosterChange) -> str:
    shift = Shift.objects.select_related("staff_member", "kind").filter(pk=change.after.get("shift", 0)).first()
    if shift is not None:
        return f"{'Changed' if change.before else 'Added'}: {in_words(shift)}."
    name = StaffMember.objects.filter(pk=change.before["person"]).values_list("name", flat=True).first()
    start = timezone.localtime(datetime.fromisoformat(change.before["start"]))
    return f"Removed: {name}, {start:%a %d %b %Y} {Period(start, datetime.fromisoformat(change.before['end']))}."


def _roster_address(request: HttpRequest) -> str:
    back = back_of(request.GET.get("back", ""))
    return reverse("scheduling:roster") + (f"?{back}" if back else "")
