"""The page of one session, and what can be done with it."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts.permissions import actor_of, requires
from resources.models import TheatreSession
from resources.permissions import AVAILABILITY
from scheduling import permissions
from scheduling.block_owners import BlockAccess
from scheduling.forms.blocks import QUARTER, ForWhomForm, OfferForm, ReleaseForm, SessionForm, SwapTimeForm
from scheduling.forms.numbers import row_number
from scheduling.releasing import RELEASABLE
from scheduling.selectors.blocks.session_page import session_page
from scheduling.selectors.misplaced import count_misplaced
from scheduling.services.releasing import release_time, undo_release
from scheduling.services.sessions import change_session, end_block
from scheduling.services.time_requests import claim_time, offer_time, swap_time
from scheduling.views.answers import FAILURES
from scheduling.views.blocks import perform, session_address


@requires(permissions.VIEW_SCHEDULE)
@require_safe
def session_detail(request: HttpRequest, session_id: int) -> HttpResponse:
    """Show a session: whose it is, what is booked, and what can be done with it."""
    return _page(request, _get(session_id))


@requires(AVAILABILITY)
@require_POST
def session_change(request: HttpRequest, session_id: int) -> HttpResponse:
    """Change whose it is and its hours: this one, this and following, or all."""
    session = _get(session_id)
    form = SessionForm(request.POST, session=session)

    def change() -> int:
        chosen = form.cleaned_data
        plain = {name: chosen[name] for name in ("scope", "starts", "ends", "note", "version")}
        return change_session(actor=actor_of(request), session_id=session.pk, owner=form.owner, **plain)

    def done(count: int) -> tuple[str, str]:
        words = "The session is changed." if count == 1 else f"{count} sessions are changed."
        return f"{words} Nothing that is booked was moved.", _address_after(session)

    return _perform(request, session, "change", form, change, done)


def _address_after(session: TheatreSession) -> str:
    """Return the page of a session, or, where it is gone meanwhile, that of its week."""
    if TheatreSession.objects.filter(pk=session.pk).exists():
        return session_address(session.pk)
    return reverse("scheduling:blocks", args=[session.day])


@requires(AVAILABILITY)
@require_POST
def session_end_block(request: HttpRequest, session_id: int) -> HttpResponse:
    """Let the block end the day before this session."""
    session = _get(session_id)
    try:
        count = end_block(
            actor=actor_of(request), session_id=session.pk, version=row_number(request.POST.get("version", "")) or 0
        )
    except FAILURES as error:
        messages.error(request, str(error))
        return redirect(_address_after(session))
    messages.success(request, f"The block has ended: {count} sessions are taken off. Nothing that is booked was moved.")
    return redirect("scheduling:blocks", session.day)


@requires(permissions.USE_BLOCKS)
@require_POST
def session_release(request: HttpRequest, session_id: int) -> HttpResponse:
    """Give up what is not booked."""
    session = _get(session_id)
    form = ReleaseForm(request.POST, session=session)

    def release() -> list[Any]:
        return release_time(
            actor=actor_of(request),
            session_id=session.pk,
            version=form.cleaned_data["version"],
            reason=form.cleaned_data["reason"],
            part=form.part,
        )

    def done(found: list[Any]) -> tuple[str, str]:
        return "Released. You can take it back while nobody has filled it.", session_address(found[0].session_id)

    return _perform(request, session, "release", form, release, done)


@requires(permissions.USE_BLOCKS)
@require_POST
def release_take_back(request: HttpRequest, session_id: int, release_id: int) -> HttpResponse:
    """Give released time back to its owner."""
    session = _get(session_id)
    try:
        session = undo_release(actor=actor_of(request), release_id=release_id)
    except FAILURES as error:
        messages.error(request, str(error))
        return redirect(_address_after(session))
    messages.success(request, f"Taken back: the time belongs to {session.owner} again.")
    return redirect(session_address(session.pk))


@requires(permissions.USE_BLOCKS)
@require_POST
def session_claim(request: HttpRequest, session_id: int) -> HttpResponse:
    """Ask for open time."""
    session = _get(session_id)
    form = _claim_form(request, request.POST)

    def done(asked: Any) -> tuple[str, str]:
        return (
            "The session is yours." if asked.state == "done" else "Asked. It waits for the approval.",
            session_address(session.pk),
        )

    return _perform(
        request,
        session,
        "claim",
        form,
        lambda: claim_time(actor=actor_of(request), session_id=session.pk, **form.command),
        done,
    )


@requires(permissions.USE_BLOCKS)
@require_POST
def session_offer(request: HttpRequest, session_id: int) -> HttpResponse:
    """Offer one's own session to another surgeon."""
    session = _get(session_id)
    form = OfferForm(request.POST)

    def offer() -> Any:
        chosen = form.cleaned_data
        return offer_time(
            actor=actor_of(request),
            session_id=session.pk,
            version=chosen["version"],
            surgeon_id=chosen["surgeon"].pk,
            note=chosen["note"],
        )

    return _perform(request, session, "offer", form, offer, lambda _: ("Offered.", session_address(session.pk)))


@requires(permissions.USE_BLOCKS)
@require_POST
def session_swap(request: HttpRequest, session_id: int) -> HttpResponse:
    """Ask to exchange one's own session for another."""
    session = _get(session_id)
    form = _swap_form(session, request.POST)

    def swap() -> Any:
        chosen = form.cleaned_data
        return swap_time(
            actor=actor_of(request),
            session_id=session.pk,
            version=chosen["version"],
            other_id=chosen["other"].pk,
            note=chosen["note"],
        )

    return _perform(
        request, session, "swap", form, swap, lambda _: ("Asked for the exchange.", session_address(session.pk))
    )


def _get(session_id: int) -> TheatreSession:
    rows = TheatreSession.objects.select_related("theatre", "specialty", "surgeon", "group", "template")
    return get_object_or_404(rows, pk=session_id)


def _perform(
    request: HttpRequest,
    session: TheatreSession,
    name: str,
    form: forms.Form,
    command: Callable[[], Any],
    done: Callable[[Any], tuple[str, str]],
) -> HttpResponse:
    return perform(request, form, command, page=lambda: _page(request, session, {name: form}), done=done)


def _page(request: HttpRequest, session: TheatreSession, refused: dict[str, forms.Form] | None = None) -> HttpResponse:
    """Draw the page with the forms that the viewer may use now."""
    actor, shown = actor_of(request), session_page(session, actor_of(request))
    version = {"version": session.version}
    ours = shown.may_release and not shown.is_over
    offered: dict[str, forms.Form] = {}
    if ours and shown.state == "owned" and session.owner_kind in RELEASABLE:
        offered |= {
            "release": ReleaseForm(session=session),
            "offer": OfferForm(initial=version),
            "swap": _swap_form(session, None, version),
        }
    if shown.may_run and not shown.is_over:
        offered["change"] = SessionForm(session=session)
    if actor.can(permissions.USE_BLOCKS) and shown.state in ("open", "first") and not shown.is_over:
        offered["claim"] = _claim_form(request, None)
    release = shown.standing_release
    context = {
        "page": shown,
        "session": session,
        "forms": {**offered, **(refused or {})},
        "misplaced": count_misplaced(actor, session) if actor.can(permissions.ASSIGN) and not shown.is_over else 0,
        "may_take_back": release is not None
        and not shown.is_over
        and actor.can(permissions.USE_BLOCKS)
        and (shown.may_run or BlockAccess(actor).owns(release)),
    }
    return render(request, "scheduling/session.html", context)


def _claim_form(request: HttpRequest, data: Any) -> ForWhomForm:
    access = BlockAccess(actor_of(request))
    return ForWhomForm(data, specialties=access.asks_for, me=access.person)


def _swap_form(session: TheatreSession, data: Any, initial: dict[str, Any] | None = None) -> SwapTimeForm:
    """Offer the owned sessions of the quarter around it."""
    today = timezone.localdate()
    others = (
        TheatreSession.objects.filter(
            owner_kind__in=RELEASABLE, open_from=None, day__range=(today, max(session.day, today) + QUARTER)
        )
        .exclude(pk=session.pk)
        .exclude(**session.owner_fields)
        .select_related("theatre", "specialty", "surgeon", "group")
        .order_by("period", "theatre__position")
    )
    return SwapTimeForm(data, others=others, initial=initial)
