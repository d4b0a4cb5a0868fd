"""What a SAML answer has to say beside its signature. Imported only where SAML is used: its packages are an extra."""

from typing import Any

from allauth.socialaccount.providers.saml.provider import SAMLProvider
from django.http import HttpRequest
from lxml import etree

CONFIRMATION = "{urn:oasis:names:tc:SAML:2.0:assertion}SubjectConfirmationData"


class NotAskedForError(ValueError):
    """The signed assertion does not say which request of ours it answers."""


class AnsweringProvider(SAMLProvider):
    """Takes an assertion only if what is signed in it names the request of this browser.

    allauth reads the request's number from the response around the assertion, which nobody signs: an assertion
    that was meant for somebody else, or was used before, could be wrapped in a fresh one.
    """

    def sociallogin_from_response(self, request: HttpRequest, response: Any) -> Any:
        """Raise :class:`NotAskedForError` unless every confirmation answers the request that the response names."""
        asked = response.get_last_response_in_response_to()
        document = etree.fromstring(response.get_last_response_xml())
        answered = [one.get("InResponseTo") for one in document.iter(CONFIRMATION)]
        if not asked or not answered or any(number != asked for number in answered):
            raise NotAskedForError
        return super().sociallogin_from_response(request, response)
