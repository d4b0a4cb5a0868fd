"""Gives every request its number and its author."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from accounts.audit import who

HEADER = "X-Request-ID"


class AuditMiddleware:
    """Say who writes, for as long as the request lasts, and send the request's number back.

    The number is made here and never taken from the client, who could else write it into somebody
    else's trail. It stands before the sessions', so that what these write has an author too.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer as the author of this request."""
        author = who.of_request(request)
        with who.acting(author):
            response = self.get_response(request)
        response[HEADER] = str(author.request_id)
        return response
