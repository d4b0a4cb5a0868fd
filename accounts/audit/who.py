"""Who writes: said to PostgreSQL in the same string as each write, so that the triggers know it.

A ``SELECT set_config(…, true)`` before the statement holds until the transaction ends, or, outside
of one, until the string is done: nothing is left for the next user of the connection, and no page
gains a query.
"""

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from django.db.backends.base.base import BaseDatabaseWrapper
from django.http import HttpRequest

COMMENTS = r"\s*(?:--[^\n]*\n\s*|/\*.*?\*/\s*)*"
WRITE = re.compile(rf"{COMMENTS}(?:INSERT|UPDATE|DELETE|MERGE|COPY|TRUNCATE)\b", re.IGNORECASE | re.DOTALL)
WITH = re.compile(rf"{COMMENTS}WITH\b", re.IGNORECASE | re.DOTALL)
INNER_WRITE = re.compile(r"\b(?:INSERT|UPDATE|DELETE|MERGE)\b", re.IGNORECASE)
NOBODY = "SELECT set_config('audit.who', '', true); "
"""Said by a process without an author, lest a transaction go on in the name of the one before."""
UNSAFE = re.compile(r"[^A-Za-z0-9_.:-]")
"""What a source's name must not bring into a statement, the separators of the parts included."""


@dataclass
class Who:
    """The author of writes: a request, a task or a command."""

    source: str
    actor: Callable[[], int | None] = lambda: None
    address: str = ""
    request_id: UUID | None = None
    _asking: bool = field(default=False, init=False)

    def prefix(self) -> str:
        """Return the statement that tells PostgreSQL."""
        parts = (self.actor_id() or "", self.request_id or "", self.address, UNSAFE.sub("", self.source))
        return f"SELECT set_config('audit.who', '{'|'.join(str(part) for part in parts)}', true); "

    def actor_id(self) -> int | None:
        """Return the actor's number; finding it may itself write (an ended session is deleted): then nobody's."""
        if self._asking:
            return None
        self._asking = True
        try:
            found = self.actor()
            return None if found is None else int(found)
        finally:
            self._asking = False


_current: ContextVar[Who | None] = ContextVar("audit_who", default=None)
_tasks: dict[str, Token[Who | None]] = {}


def current() -> Who | None:
    """Return who writes now: the request or task at hand, else the command that runs, else nobody known."""
    return _current.get() or _command()


@contextmanager
def acting(who: Who) -> Iterator[None]:
    """Let everything written inside be written by ``who``."""
    token = _current.set(who)
    try:
        yield
    finally:
        _current.reset(token)


def of_request(request: HttpRequest) -> Who:
    """Return the author of what a request writes; ``request.user`` is looked at only when it writes."""
    meta = request.META
    return Who(
        source="web",
        actor=lambda: getattr(getattr(request, "user", None), "pk", None),
        # TrustedAddressMiddleware has left the one entry that our proxy wrote.
        address=plain_address(meta.get("HTTP_X_FORWARDED_FOR") or meta.get("REMOTE_ADDR", "")),
        request_id=uuid4(),
    )


def plain_address(text: str) -> str:
    """Return an IP address as PostgreSQL reads it, without the zone of a link-local one; else an empty text."""
    try:
        return str(ip_address(text.partition("%")[0]))
    except ValueError:
        return ""


def request_id() -> str | None:
    """Return the number of the request at hand, for auditlog's entries (``AUDITLOG_CID_GETTER``)."""
    who = current()
    return str(who.request_id) if who and who.request_id else None


def watch(sender: object, connection: BaseDatabaseWrapper, **_: object) -> None:  # noqa: ARG001  # a signal's arguments
    """Put the wrapper on a connection that was opened, once."""
    if _tell not in connection.execute_wrappers:
        connection.execute_wrappers.append(_tell)


def begin_task(task_id: str, task: Any, **_: object) -> None:
    """Write as a Celery task from here on."""
    _tasks[task_id] = _current.set(Who(source=f"task:{task.name}"))


def end_task(task_id: str, **_: object) -> None:
    """Write as before the task."""
    if token := _tasks.pop(task_id, None):
        _current.reset(token)


def writes(statement: str) -> bool:
    """Say whether a statement may write rows."""
    return bool(WRITE.match(statement) or (WITH.match(statement) and INNER_WRITE.search(statement)))


def _tell(execute: Callable[..., Any], statement: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:  # noqa: FBT001
    text = _text(statement, context)
    if not writes(text):
        return execute(statement, params, many, context)
    who = current()
    return execute((who.prefix() if who else NOBODY) + text, params, many, context)


def _text(statement: Any, context: dict[str, Any]) -> str:
    """Return a statement as text; psycopg2 also takes bytes and composed ones."""
    if isinstance(statement, bytes):
        return statement.decode()
    return statement if isinstance(statement, str) else str(statement.as_string(context["cursor"].cursor))


def _command() -> Who | None:
    program, *words = sys.argv
    if Path(program).name not in ("manage.py", "django-admin") or not words:
        return None
    return Who(source=f"command:{words[0]}")
