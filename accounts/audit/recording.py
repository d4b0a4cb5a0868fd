"""Who saw which patient: noted where a patient is named, and written before the answer leaves.

Whatever writes a patient's name on a page asks :meth:`patients.models.Patient.display_name` for it, and
that notes the patient here. A view can't forget it, and one that names nobody records nobody. The
middleware writes all of a request's patients in one statement; if that fails, the answer is not given.
"""

from collections.abc import Callable, Iterable
from contextvars import ContextVar
from dataclasses import dataclass, field

from django.contrib.sessions.backends.base import SessionBase
from django.db import connection
from django.http import HttpRequest, HttpResponse

from accounts.audit import who
from accounts.audit.models import AccessKind
from accounts.encryption.keyring import fingerprint
from accounts.models import User
from accounts.sessions import BACKGROUND

REPEATED = (AccessKind.LIST, AccessKind.LIVE)
"""What open pages show over and over: noted once in :data:`AGAIN_AFTER` for a session and a view."""
AGAIN_AFTER = "15 minutes"


@dataclass
class Reads:
    """The patients named in one answer, each with the strongest way in which it was."""

    kind: AccessKind | None = None
    reason: str = ""
    patients: dict[int, AccessKind] = field(default_factory=dict)


_current: ContextVar[Reads | None] = ContextVar("audit_reads", default=None)


def note(patient_id: int | None, kind: AccessKind = AccessKind.LIST) -> None:
    """Note that the answer at hand names a patient; outside of requests nothing is noted."""
    reads = _current.get()
    if reads is not None and patient_id and reads.patients.get(patient_id) != AccessKind.VIEW:
        reads.patients[patient_id] = kind


def note_all(kind: AccessKind, *, reason: str = "") -> None:
    """Say how all patients of the answer at hand are seen: found by search, printed, exported; and why."""
    if (reads := _current.get()) is not None:
        reads.kind, reads.reason = kind, reason


class ReadsMiddleware:
    """Record whom an answer names. Stands behind sign-in, around the view and its error pages."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer once it is on record."""
        reads = Reads()
        token = _current.set(reads)
        try:
            response = self.get_response(request)
        finally:
            _current.reset(token)
        if reads.patients:
            _record(request, reads)
        return response


def record_access(
    patients: Iterable[int], *, actor_id: int | None, view: str, kind: AccessKind, reason: str = ""
) -> None:
    """Record accesses that no page made: a command's, a task's, a file's."""
    _insert(dict.fromkeys(patients, kind), actor_id=actor_id, view=view, reason=reason, session="")


def _record(request: HttpRequest, reads: Reads) -> None:
    user = request.user if isinstance(request.user, User) else None
    live = BACKGROUND in request.META
    _insert(
        {patient: _kind(kind, reads.kind, live=live) for patient, kind in reads.patients.items()},
        actor_id=user.pk if user else None,
        view=request.resolver_match.view_name if request.resolver_match else "",
        reason=reads.reason or ", ".join(sorted(user.roles) if user else ()),
        session=_session(request.session),
    )


def _kind(noted: AccessKind, said: AccessKind | None, *, live: bool) -> AccessKind:
    if said:
        return said
    return AccessKind.LIVE if live and noted == AccessKind.LIST else noted


def _session(session: SessionBase) -> str:
    """Return what tells sessions apart and opens none."""
    return fingerprint(session.session_key, "session")[:16] if session.session_key else ""


def _insert(patients: dict[int, AccessKind], *, actor_id: int | None, view: str, reason: str, session: str) -> None:
    author = who.current()
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH recent AS MATERIALIZED (
                SELECT patient_id, kind FROM audit_access
                WHERE session = %(session)s AND session <> '' AND view = %(view)s
                    AND at > clock_timestamp() - interval '{AGAIN_AFTER}' AND kind = ANY (%(repeated)s)
            )
            INSERT INTO audit_access (patient_id, actor_id, view, kind, reason, session, request_id, address)
            SELECT seen.patient_id, %(actor)s, %(view)s, seen.kind, %(reason)s, %(session)s,
                %(request)s::uuid, %(address)s::inet
            FROM unnest(%(patients)s::bigint[], %(kinds)s::text[]) AS seen (patient_id, kind)
            WHERE NOT EXISTS (
                SELECT FROM recent WHERE recent.patient_id = seen.patient_id AND recent.kind = seen.kind
            )
            """,  # noqa: S608  # a constant
            {
                "patients": list(patients),
                "kinds": [str(kind) for kind in patients.values()],
                "repeated": [str(kind) for kind in REPEATED],
                "actor": actor_id,
                "view": view,
                "reason": reason,
                "session": session,
                "request": author.request_id if author and author.request_id else None,
                "address": (author.address if author else "") or None,
            },
        )
