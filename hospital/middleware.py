"""What every answer of the site has in common."""

from collections.abc import Callable
from ipaddress import ip_address

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse

UNUSED = (
    "accelerometer",
    "autoplay",
    "camera",
    "display-capture",
    "encrypted-media",
    "fullscreen",
    "geolocation",
    "gyroscope",
    "hid",
    "idle-detection",
    "magnetometer",
    "microphone",
    "midi",
    "payment",
    "picture-in-picture",
    "screen-wake-lock",
    "serial",
    "usb",
    "xr-spatial-tracking",
)
"""What a browser offers to pages, and ours do not ask for."""
Handler = Callable[[HttpRequest], HttpResponse]


class NoNulMiddleware:
    """Refuse an address with a NUL character in it: PostgreSQL has no text that holds one.

    Forms clean what they read; the admin's filters ask the database straight from the address.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer 400 to such an address."""
        if "\x00" in request.path or "%00" in request.META.get("QUERY_STRING", ""):
            raise BadRequest("The address holds a character that no record can hold.")
        return self.get_response(request)


class IsolationMiddleware:
    """Tell the browser to keep our pages apart from other sites', and to give them nothing they don't use.

    First in the list, so that static files and error pages carry it too. Passkeys need the two rights
    that are left; Django itself sets ``Cross-Origin-Opener-Policy``.
    """

    HEADERS = {
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": ", ".join(
            [
                *(f"{name}=()" for name in UNUSED),
                "publickey-credentials-create=(self)",
                "publickey-credentials-get=(self)",
            ]
        ),
    }

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer with these headers."""
        response = self.get_response(request)
        for name, content in self.HEADERS.items():
            response.headers.setdefault(name, content)
        return response


class NoStoreMiddleware:
    """Keep pages of signed-in people out of every cache: they may name patients."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, and forbid storing the answer unless the view said otherwise."""
        response = self.get_response(request)
        if request.user.is_authenticated and not response.has_header("Cache-Control"):
            response["Cache-Control"] = "no-store"
        return response


class TrustedAddressMiddleware:
    """Give auditlog an address that it can store, and one that the client can't choose.

    auditlog believes the leftmost entry of ``X-Forwarded-For``, which the client writes; a value
    that is no address would fail the write it accompanies. Our proxy appends the address it saw,
    so the rightmost entry is the one to believe.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Replace the header by its last entry, or drop it."""
        forwarded = request.META.pop("HTTP_X_FORWARDED_FOR", "")
        address = forwarded.rpartition(",")[2].strip()
        try:
            request.META["HTTP_X_FORWARDED_FOR"] = str(ip_address(address))
        except ValueError:
            if not _is_address(request.META.get("REMOTE_ADDR", "")):
                request.META["REMOTE_ADDR"] = "127.0.0.1"  # a unix socket has no address
        return self.get_response(request)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
