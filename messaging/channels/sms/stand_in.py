"""A stand-in for Twilio's HTTP interface on this machine, for development, tests and fault runs.

It takes messages, lists them, refuses numbers, and calls back with Twilio's signature. ``Troubles`` are the shares of
requests that it answers badly. ``python -m messaging.channels.sms.stand_in --port 8299`` runs it by itself;
``GET /ledger`` then gives what it took.
"""

import argparse
import base64
import hashlib
import hmac
import json
import random
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from email.utils import format_datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlencode, urlsplit
from urllib.request import Request, urlopen
from uuid import uuid4

PATH = re.compile(r"/2010-04-01/Accounts/([^/]+)/Messages\.json")
REFUSED = {"+15005550001": 21211, "+15005550004": 21610, "+15005550009": 21614}
"""Numbers that are never taken, as Twilio's own test numbers are, and with which code."""


@dataclass(kw_only=True)
class Troubles:
    """Shares (0 to 1) of requests; the first four were not taken, the others were."""

    too_fast: float = 0.0
    """429."""
    unavailable: float = 0.0
    """503."""
    error: float = 0.0
    """500, without having taken it."""
    silent: float = 0.0
    """No answer, without having taken it."""
    taken_error: float = 0.0
    """500, though it was taken."""
    taken_silent: float = 0.0
    """No answer, though it was taken."""
    cut: float = 0.0
    """The connection breaks, though it was taken."""
    twice: float = 0.0
    """Reports come twice, and out of order."""
    unreported: float = 0.0
    """No reports come."""
    hang_seconds: float = 30.0


@dataclass(kw_only=True)
class StandIn:
    """What it took, in order, and how it behaves."""

    token: str = "stand-in-token"  # noqa: S105
    troubles: Troubles = field(default_factory=Troubles)
    reports: bool = True
    """Whether it calls back."""
    on_taken: Callable[[dict[str, Any]], None] | None = None
    taken: list[dict[str, Any]] = field(default_factory=list)
    by_number: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    chance: random.Random = field(default_factory=lambda: random.Random(5))  # noqa: S311
    lock: threading.Lock = field(default_factory=threading.Lock)
    server: ThreadingHTTPServer | None = None

    def start(self, port: int = 0) -> str:
        """Listen on loopback; return the address."""
        handler = type("Handler", (_Handler,), {"stand_in": self})
        self.server = _Server(("127.0.0.1", port), handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def stop(self) -> None:
        """Listen no more."""
        if self.server:
            self.server.shutdown()
            self.server.server_close()

    def draw(self) -> str:
        """Return the trouble that the next request meets, or nothing."""
        with self.lock:
            left = self.chance.random()
        for one in fields(self.troubles):
            if one.name not in ("twice", "unreported", "hang_seconds"):
                left -= getattr(self.troubles, one.name)
                if left < 0:
                    return one.name
        return ""

    def take(self, form: dict[str, str]) -> dict[str, Any]:
        """Keep one message and tell what becomes of it."""
        now = format_datetime(datetime.now(UTC))
        row: dict[str, Any] = {
            "sid": f"SM{uuid4().hex}",
            "to": form["To"],
            "body": form["Body"],
            "messaging_service_sid": form.get("MessagingServiceSid"),
            "status": "accepted",
            "date_created": now,
            "date_sent": None,
            "error_code": None,
            "num_segments": "1",
            "direction": "outbound-api",
        }
        with self.lock:
            self.taken.append(row)
            self.by_number.setdefault(row["to"], []).insert(0, row)
        if self.on_taken:
            self.on_taken(row)
        is_told = self.reports and self.chance.random() >= self.troubles.unreported
        if is_told and (url := form.get("StatusCallback")):
            threading.Thread(target=self._report, args=(url, row), daemon=True).start()
        return row

    def sign(self, url: str, form: dict[str, str]) -> str:
        """Return Twilio's signature: HMAC-SHA1 over the address and the sorted fields."""
        text = url + "".join(f"{name}{form[name]}" for name in sorted(form))
        return base64.b64encode(hmac.new(self.token.encode(), text.encode(), hashlib.sha1).digest()).decode()

    def call(self, url: str, form: dict[str, str]) -> int:
        """Call one of our addresses as Twilio does; return the status of the answer."""
        headers = {"X-Twilio-Signature": self.sign(url, form)}
        request = Request(url, urlencode(form).encode(), headers)  # noqa: S310  # loopback
        try:
            with urlopen(request, timeout=10) as answer:  # noqa: S310
                return int(answer.status)
        except OSError:
            return 0

    def _report(self, url: str, row: dict[str, Any]) -> None:
        told = ["sent", "delivered"]
        with self.lock:
            is_twice = self.chance.random() < self.troubles.twice
        for status in [*reversed(told), *told] if is_twice else told:
            time.sleep(0.05)
            self.call(url, {"MessageSid": row["sid"], "MessageStatus": status, "To": row["to"], "SmsSid": row["sid"]})


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


class _Handler(BaseHTTPRequestHandler):
    """Twilio's two calls that we use, and the ledger."""

    stand_in: ClassVar[StandIn]
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        """List messages to a number, the newest first; or give the ledger."""
        parts = urlsplit(self.path)
        if parts.path == "/ledger":
            self._answer(HTTPStatus.OK, self.stand_in.taken)
            return
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        with self.stand_in.lock:
            found = list(self.stand_in.by_number.get(asked.get("To", ""), []))[: int(asked.get("PageSize", 50))]
        self._answer(HTTPStatus.OK, {"messages": found, "next_page_uri": None, "page": 0, "uri": self.path})

    def do_POST(self) -> None:
        """Take a message, or meet with trouble."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        form = {name: values[0] for name, values in parse_qs(body).items()}
        if not PATH.fullmatch(urlsplit(self.path).path):
            self._error(HTTPStatus.NOT_FOUND, 20404)
        elif code := REFUSED.get(form.get("To", "")):
            self._error(HTTPStatus.BAD_REQUEST, code)
        else:
            self._meet(self.stand_in.draw(), form)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def _meet(self, trouble: str, form: dict[str, str]) -> None:
        refused = {
            "too_fast": (HTTPStatus.TOO_MANY_REQUESTS, 20429),
            "unavailable": (HTTPStatus.SERVICE_UNAVAILABLE, 20503),
            "error": (HTTPStatus.INTERNAL_SERVER_ERROR, 20500),
        }
        if trouble in refused:
            self._error(*refused[trouble])
            return
        if trouble != "silent":
            row = self.stand_in.take(form)
        if trouble in ("silent", "taken_silent"):
            time.sleep(self.stand_in.troubles.hang_seconds)
            self.close_connection = True
        elif trouble == "cut":
            self.close_connection = True
        elif trouble == "taken_error":
            self._error(HTTPStatus.INTERNAL_SERVER_ERROR, 20500)
        else:
            self._answer(HTTPStatus.CREATED, row)

    def _error(self, status: int, code: int) -> None:
        self._answer(status, {"code": code, "message": "Refused by the stand-in.", "status": int(status)})

    def _answer(self, status: int, content: Any) -> None:
        text = json.dumps(content).encode()
        head = f"HTTP/1.1 {int(status)} .\r\nContent-Type: application/json\r\nContent-Length: {len(text)}\r\n\r\n"
        self.wfile.write(head.encode() + text)


def main() -> None:
    """Run the stand-in until it is stopped."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8299)
    parser.add_argument("--troubles", default="{}", help="JSON: shares by name")
    parser.add_argument("--no-reports", action="store_true")
    options = parser.parse_args()
    stand_in = StandIn(troubles=Troubles(**json.loads(options.troubles)), reports=not options.no_reports)
    print(stand_in.start(options.port), flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
