"""A small SAML identity provider over HTTP: it reads our request and signs what the test has it say."""

import base64
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4
from xml.etree import ElementTree as ET

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from onelogin.saml2.utils import OneLogin_Saml2_Utils

ENTITY = "https://id.hospital.example/saml"
BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"


def key_pair() -> tuple[str, str]:
    """Return a private key and its certificate, as PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "id.hospital.example")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    kind = serialization.Encoding.PEM
    private = key.private_bytes(kind, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return private.decode(), certificate.public_bytes(kind).decode()


@dataclass(frozen=True)
class Says:
    """What the provider says at the next request. ``age`` moves all its times back."""

    attributes: dict[str, list[str]] = field(default_factory=dict)
    subject: str = "s1"
    audience: str = ""
    recipient: str = ""
    issuer: str = ENTITY
    age: timedelta = timedelta()
    signed: bool = True
    in_response_to: str = ""
    names_the_request: bool = True
    """Whether what is signed says which request it answers; the wrapper around it always does."""
    signed_for: str = ""
    """Which request the signed part names, if another one than the wrapper."""


class Provider:
    """The provider: its key, its address, and what it says."""

    def __init__(self) -> None:
        self.key, self.certificate = key_pair()
        self.says = Says()
        self.url = ""

    def answer(self, request: str) -> str:
        """Return the signed response to a request of ours, in base64."""
        asked = ET.fromstring(zlib.decompress(base64.b64decode(request), -15))
        acs = asked.attrib["AssertionConsumerServiceURL"]
        entity = asked.findtext("{urn:oasis:names:tc:SAML:2.0:assertion}Issuer") or ""
        says = replace(
            self.says,
            audience=self.says.audience or entity,
            recipient=self.says.recipient or acs,
            in_response_to=self.says.in_response_to or asked.attrib["ID"],
        )
        assertion = _assertion(says)
        if says.signed:
            assertion = _signed(assertion, self.key, self.certificate)
        return base64.b64encode(_response(says, assertion).encode()).decode()


@contextmanager
def running_provider() -> Iterator[Provider]:
    """Serve a provider on a free port of this machine."""
    provider = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            request = parse_qs(urlsplit(self.path).query)["SAMLRequest"][0]
            self.send_response(200)
            self.end_headers()
            self.wfile.write(provider.answer(request).encode())

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    provider.url = f"http://127.0.0.1:{server.server_port}/sso"
    yield provider
    server.shutdown()
    server.server_close()


def _signed(xml: str, key: str, certificate: str) -> str:
    signed = OneLogin_Saml2_Utils.add_sign(xml, key, certificate)
    return signed.decode() if isinstance(signed, bytes) else str(signed)


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def _assertion(says: Says) -> str:
    now = datetime.now(UTC) - says.age
    until = _time(now + timedelta(minutes=5))
    answers = f' InResponseTo="{says.signed_for or says.in_response_to}"' if says.names_the_request else ""
    rows = "".join(
        f'<saml:Attribute Name="{name}">'
        + "".join(f"<saml:AttributeValue>{value}</saml:AttributeValue>" for value in values)
        + "</saml:Attribute>"
        for name, values in says.attributes.items()
    )
    return f"""<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_{uuid4()}" Version="2.0"
 IssueInstant="{_time(now)}"><saml:Issuer>{says.issuer}</saml:Issuer><saml:Subject>
<saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">{says.subject}</saml:NameID>
<saml:SubjectConfirmation Method="{BEARER}"><saml:SubjectConfirmationData NotOnOrAfter="{until}"
 Recipient="{says.recipient}"{answers}/></saml:SubjectConfirmation></saml:Subject>
<saml:Conditions NotBefore="{_time(now - timedelta(minutes=1))}" NotOnOrAfter="{until}"><saml:AudienceRestriction>
<saml:Audience>{says.audience}</saml:Audience></saml:AudienceRestriction></saml:Conditions>
<saml:AuthnStatement AuthnInstant="{_time(now)}" SessionIndex="_{uuid4()}"><saml:AuthnContext>
<saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef>
</saml:AuthnContext></saml:AuthnStatement><saml:AttributeStatement>{rows}</saml:AttributeStatement></saml:Assertion>"""


def _response(says: Says, assertion: str) -> str:
    now = _time(datetime.now(UTC) - says.age)
    return f"""<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol"
 xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_{uuid4()}" Version="2.0" IssueInstant="{now}"
 Destination="{says.recipient}" InResponseTo="{says.in_response_to}"><saml:Issuer>{says.issuer}</saml:Issuer>
<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>
{assertion}</samlp:Response>"""
