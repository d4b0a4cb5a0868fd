"""What Twilio calls: reports about messages, and answers of recipients. Nobody is signed in; the signature decides."""

from collections.abc import Callable
from functools import wraps

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from twilio.request_validator import RequestValidator

from accounts.permissions import public
from messaging.channels.base import wanted
from messaging.channels.sms.numbers import clean
from messaging.replies import receive
from messaging.reports import report

LONGEST_TEXT = 1600
LONGEST_ID, LONGEST_STATUS, LONGEST_CODE = 64, 20, 10
NOTHING = '<?xml version="1.0" encoding="UTF-8"?><Response></Response>'
View = Callable[[HttpRequest], HttpResponse]


def signed(view: View) -> View:
    """Let in only what carries Twilio's signature over the public address and the fields."""

    @wraps(view)
    def checked(request: HttpRequest) -> HttpResponse:
        token = token_in_use()
        url = f"{settings.SITE_URL}{request.get_full_path()}"
        given = request.headers.get("X-Twilio-Signature", "")
        if not token or not RequestValidator(token).validate(url, request.POST, given):
            raise PermissionDenied("The signature is not Twilio's.")
        return view(request)

    return checked


def token_in_use() -> str:
    """Return the account's token; that of the stand-in in development. Without one, nothing is let in."""
    token = wanted("TWILIO_AUTH_TOKEN")
    if token or not settings.MAILBOX:
        return token
    from messaging.channels.sms.pretending import start  # noqa: PLC0415

    return start.token


@public(because="Twilio reports here what became of a message; its signature is checked, and nothing is shown.")
@csrf_exempt
@require_POST
@signed
def status(request: HttpRequest) -> HttpResponse:
    """Note what became of a message."""
    delivery = request.GET.get("delivery", "")
    report(
        provider_id=request.POST.get("MessageSid", "")[:LONGEST_ID],
        status=request.POST.get("MessageStatus", "")[:LONGEST_STATUS],
        delivery_id=int(delivery) if delivery.isascii() and delivery.isdecimal() and len(delivery) < 19 else None,  # noqa: PLR2004
        error=request.POST.get("ErrorCode", "")[:LONGEST_CODE],
    )
    return HttpResponse(status=204)


@public(because="Twilio hands over here what recipients answer; its signature is checked, and nothing is shown.")
@csrf_exempt
@require_POST
@signed
def reply(request: HttpRequest) -> HttpResponse:
    """Store what a recipient answered. Twilio itself confirms STOP and answers HELP, as its service is set up."""
    sender = request.POST.get("From", "")
    receive(
        channel="sms",
        provider_id=request.POST.get("MessageSid", "")[:LONGEST_ID],
        address=clean(sender) or sender[:LONGEST_ID],
        text=request.POST.get("Body", "")[:LONGEST_TEXT].replace("\x00", ""),
    )
    return HttpResponse(NOTHING, content_type="text/xml")
