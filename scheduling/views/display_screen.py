"""What a screen on a wall opens: its link once, and from then on its board. Nobody is signed in at it."""

from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_http_methods, require_safe

from accounts.attempts import is_too_many, note_wrong
from accounts.audit import who
from accounts.permissions import public
from accounts.second_factor import address_of, is_outside
from scheduling.displays import COOKIE, COOKIE_DAYS, PATH, SEEN_EVERY, acting_as, display_of
from scheduling.forms.display import OpenDisplayForm
from scheduling.models import BoardKind, Display
from scheduling.selectors.live_board import clock_seconds, families_board, live_board
from scheduling.services.displays import open_display
from scheduling.services.errors import NotPossibleError
from scheduling.views.shared_drawing import shared

FORBIDDEN, TOO_MANY, REFUSED = 403, 429, 422
WAIT = "Too many wrong links came from here. Wait a minute, then try again."
OUTSIDE = "Screens work on the hospital's own network only."


@public(because="A screen on a wall brings the secret of its link, which opens one board once; nobody signs in at it.")
@require_http_methods(["GET", "POST"])
def display_open(request: HttpRequest) -> HttpResponse:
    """Take the secret, which the page's script reads from behind ``#`` in the address, and give the screen its key."""
    form = OpenDisplayForm(request.POST or None)
    address = address_of(request)
    if request.method == "GET":
        return render(request, "scheduling/display_open.html", {"form": form})
    if is_outside(address):
        return _not_opened(request, form, OUTSIDE, FORBIDDEN)
    if is_too_many(COOKIE, address):
        return _not_opened(request, form, WAIT, TOO_MANY)
    if not form.is_valid():
        note_wrong(COOKIE, address)
        return _not_opened(request, form, "", REFUSED)
    try:
        key = open_display(secret=form.cleaned_data["secret"])
    except NotPossibleError as error:
        note_wrong(COOKIE, address)
        return _not_opened(request, form, str(error), REFUSED)
    answer = redirect("scheduling:display-board")
    _give_key(answer, key)
    return answer


@public(because="A screen on a wall has a key of its own, which opens its board, without names, and no other page.")
@require_safe
def display_board(request: HttpRequest) -> HttpResponse:
    """Show the board of the display whose key the browser has; without one, say how a screen is set up."""
    key, address = request.COOKIES.get(COOKIE, ""), address_of(request)
    display = None if is_outside(address) or is_too_many(COOKIE, address) else display_of(key)
    if display is None:
        if key:
            note_wrong(COOKIE, address)
        return _kept_apart(render(request, "scheduling/display_dark.html", status=FORBIDDEN))
    _note_seen(display, address)
    board = mark_safe(_board(display))  # noqa: S308  # a template drew it
    if request.headers.get("X-Background"):
        return _kept_apart(HttpResponse(board))
    answer = render(request, "scheduling/display_board.html", {"board": board, "display": display})
    _give_key(answer, key)
    return _kept_apart(answer)


def _board(display: Display) -> str:
    """Return the board: case numbers, and of confidential patients not even those. Nothing in it is the request's."""
    theatres = sorted(theatre.pk for theatre in display.theatres.all())
    site = display.site.code if display.site else ""

    def draw() -> str:
        if display.board == BoardKind.FAMILIES:
            cases = families_board(site=site, theatres=theatres, confidential=False)
            context = {"cases": cases, "seconds": clock_seconds(timezone.now())}
            return render_to_string("scheduling/_families_board.html", context)
        return render_to_string(
            "scheduling/_live_board.html", {"board": live_board(None, site=site, theatres=theatres)}
        )

    return shared((display.board, site, *theatres), draw)


def _note_seen(display: Display, address: str) -> None:
    """Note, once a minute, that the screen is there; on record as the display's own doing."""
    now = timezone.now()
    if display.last_seen_at and now - display.last_seen_at < SEEN_EVERY:
        return
    with acting_as(display):
        display.last_seen_at, display.last_address = now, who.plain_address(address) or None
        display.save(update_fields=["last_seen_at", "last_address"])


def _give_key(answer: HttpResponse, key: str) -> None:
    answer.set_cookie(
        COOKIE,
        key,
        max_age=timedelta(days=COOKIE_DAYS),
        path=PATH,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Strict",
    )


def _not_opened(request: HttpRequest, form: OpenDisplayForm, why: str, status: int) -> HttpResponse:
    return render(request, "scheduling/display_open.html", {"form": form, "why": why}, status=status)


def _kept_apart(answer: HttpResponse) -> HttpResponse:
    """Keep the board out of caches and the address out of what the browser tells others."""
    answer["Cache-Control"] = "no-store"
    answer["Referrer-Policy"] = "no-referrer"
    return answer
