"""Hand messages to Twilio, and tell exactly what is known of each afterwards.

Twilio's SDK waits for ever and repeats nothing unless it is told otherwise. It is told how long to wait, and never to
repeat: a message that Twilio took without our hearing of it would be sent twice. What is in doubt is looked up by its
number, its day and the reference in its text.
"""

from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

import requests
from django.conf import settings
from django.urls import reverse
from requests.adapters import HTTPAdapter
from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client
from urllib3.exceptions import MaxRetryError, NewConnectionError
from urllib3.util.retry import Retry

from messaging import consent
from messaging.channels.base import Message, Outcome, Result
from messaging.channels.sms.segments import MOST, segments

PUBLIC = "https://api.twilio.com"
OPTED_OUT = 21610
BAD_NUMBER = {21211, 21214, 21217, 21408, 21421, 21612, 21614, 21635}
"""No number, no mobile one, or none that may be reached from here."""
NOT_TAKEN: dict[int, tuple[Result, str]] = {
    HTTPStatus.TOO_MANY_REQUESTS: (Result.LATER, "too_fast"),
    HTTPStatus.SERVICE_UNAVAILABLE: (Result.AWAY, "unavailable"),
    HTTPStatus.UNAUTHORIZED: (Result.AWAY, "not_signed_in"),
    HTTPStatus.FORBIDDEN: (Result.AWAY, "not_signed_in"),
}
"""Answers after which the message may be tried again: it was not taken, for certain."""
FAILED = {"failed", "undelivered", "canceled"}
LISTED = 200
CLOCKS = timedelta(minutes=10)
POOL = 32


class Twilio:
    """One account at Twilio."""

    def __init__(self, *, account: str, token: str, service: str, url: str, timeout: float) -> None:
        self.service = service
        self.client = Client(account, token, http_client=_Http(url, timeout))

    def send(self, message: Message) -> Outcome:
        """Hand over one message, at most once."""
        count = segments(message.text)
        if count > MOST:
            return Outcome(result=Result.REFUSED, error="too_long", segments=count)
        try:
            found = self.client.messages.create(
                to=message.address,
                messaging_service_sid=self.service,
                body=message.text,
                status_callback=callback_url(message.delivery),
            )
        except TwilioRestException as error:
            return outcome_of(error.status, int(error.code or 0), count)
        except requests.ConnectionError as error:
            return _unconnected(error)
        except requests.RequestException as error:
            return Outcome(result=Result.UNKNOWN, error="no_answer" if _is_timeout(error) else "broken_answer")
        return Outcome(result=Result.SENT, provider_id=str(found.sid), segments=count)

    def look_up(self, message: Message) -> Outcome | None:
        """Ask what Twilio has for the number, and look for the reference.

        ``None`` where that does not answer it: the account keeps no texts, or there are more messages than are listed.
        """
        since = datetime.fromtimestamp(message.attempted, UTC) - CLOCKS
        try:
            listed = self.client.messages.list(to=message.address, limit=LISTED, page_size=LISTED)
        except (TwilioRestException, requests.RequestException):
            return Outcome(result=Result.AWAY)
        found = [one for one in listed if one.date_created is None or one.date_created >= since]
        for one in found:
            if f"Ref {message.reference}" in (one.body or ""):
                return _as_listed(one)
        is_cut = len(listed) == LISTED == len(found)
        if is_cut or any(not one.body for one in found):
            return None
        return Outcome(result=Result.LATER, error="not_found")


class _Http(TwilioHttpClient):  # type: ignore[misc]  # the SDK's own types are loose
    """Twilio's client with an end to its patience, no repeating, and the address it is told."""

    def __init__(self, url: str, timeout: float) -> None:
        super().__init__(timeout=timeout)
        self.url = url or PUBLIC
        never = HTTPAdapter(pool_maxsize=POOL, max_retries=Retry(total=0, redirect=0))
        for scheme in ("https://", "http://"):
            self.session.mount(scheme, never)
        self.session.trust_env = False  # neither proxies nor .netrc, which would take the place of our token

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
        """Send it to the address that is set."""
        return super().request(method, url.replace(PUBLIC, self.url, 1), *args, **kwargs)

    def log_request(self, kwargs: Any) -> None:
        """Write nothing down: numbers and words are in it."""

    def log_response(self, status_code: int, response: Any) -> None:
        """Write nothing down."""


def callback_url(delivery: int) -> str:
    """Return where Twilio tells what becomes of a message. The number in it is ours, and says nothing of a patient."""
    return f"{settings.SITE_URL}{reverse('messaging:sms-status')}?{urlencode({'delivery': delivery})}"


def outcome_of(status: int, code: int, count: int | None = None) -> Outcome:
    """Return what an error answer of Twilio means: whether the message was taken, and whether it ever will be."""
    if code == OPTED_OUT:
        return Outcome(result=Result.REFUSED, error=consent.OPTED_OUT, segments=count)
    if code in BAD_NUMBER:
        return Outcome(result=Result.REFUSED, error="bad_number", segments=count)
    if known := NOT_TAKEN.get(status):
        return Outcome(result=known[0], error=known[1])
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Outcome(result=Result.UNKNOWN, error=f"http_{status}")
    return Outcome(result=Result.REFUSED, error=f"refused_{code or status}", segments=count)


def _unconnected(error: requests.ConnectionError) -> Outcome:
    """Tell a connection that was never made from one that broke with the message on its way."""
    inner = error.args[0] if error.args else None
    reason = inner.reason if isinstance(inner, MaxRetryError) else inner
    if isinstance(error, requests.ConnectTimeout) or isinstance(reason, NewConnectionError):
        return Outcome(result=Result.AWAY, error="no_connection")
    return Outcome(result=Result.UNKNOWN, error="connection_lost")


def _is_timeout(error: requests.RequestException) -> bool:
    return isinstance(error, requests.Timeout)


def _as_listed(one: Any) -> Outcome:
    if one.status in FAILED:
        return outcome_of(HTTPStatus.BAD_REQUEST, int(one.error_code or 0))
    return Outcome(result=Result.SENT, provider_id=str(one.sid))
