"""The ways to book that are compared. Each side books one attempt on its own connection."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

import psycopg2
from django.db import connection
from psycopg2.extensions import connection as Link  # noqa: N812  # a class, whatever its name
from psycopg2.extras import execute_values

from accounts.models import User
from bench.cases import ANAESTHESIA, CLEAN_UP, IN_ROOM, SET_UP
from bench.house import Crew
from scheduling.models import ReservationRole
from scheduling.services import SchedulingConflictError, book_operation

BOOKED, REFUSED, DEADLOCK = "booked", "refused", "deadlock"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One wish: this waiting operation, there and then, with that crew."""

    number: int
    operation_id: int
    patient_id: int
    crew: Crew
    start: datetime
    whole_team: bool

    @property
    def members(self) -> tuple[tuple[int, str], ...]:
        """Return who comes beside theatre and surgeon."""
        return self.crew.members if self.whole_team else ()


class Side(Protocol):
    """A way to book."""

    def attempt(self, wish: Attempt) -> str:
        """Try once; return ``booked``, ``refused`` or ``deadlock``."""


Statements = list[tuple[str, Any]]


class Product:
    """The service that pages and drag and drop call. Keeps what it sent, to be replayed."""

    def __init__(self, actor_id: int) -> None:
        connection.ensure_connection()
        self.actor = User.objects.get(pk=actor_id)
        self.actor.capabilities  # noqa: B018  # read once, as once per request
        self.sent: dict[int, tuple[Statements, str]] = {}

    def attempt(self, wish: Attempt) -> str:
        """Book through the service, which says why if it refuses."""
        statements: Statements = []
        outcome = REFUSED
        with connection.execute_wrapper(lambda execute, *args: self._note(statements, execute, *args)):
            try:
                book_operation(
                    actor=self.actor,
                    operation_id=wish.operation_id,
                    version=1,
                    theatre_id=wish.crew.theatre_id,
                    start=wish.start,
                    lead_surgeon_id=wish.crew.surgeon_id,
                    members=wish.members,
                )
                outcome = BOOKED
            except SchedulingConflictError:
                pass
        self.sent[wish.number] = statements, outcome
        return outcome

    @staticmethod
    def _note(statements: Statements, execute: Any, sql: str, params: Any, *rest: Any) -> Any:
        statements.append((sql, params))
        return execute(sql, params, *rest)


class Replayed:
    """The statements that the product sent in this round, and nothing else: no Python between them."""

    def __init__(self, sent: dict[int, tuple[Statements, str]]) -> None:
        self.sent = sent
        self.connection = connect()

    def attempt(self, wish: Attempt) -> str:
        """Send them again; end the transaction as the product did."""
        statements, outcome = self.sent[wish.number]
        with self.connection.cursor() as cursor:
            for sql, params in statements:
                cursor.execute(sql, params)
                if cursor.description:
                    cursor.fetchall()
        if outcome == BOOKED:
            self.connection.commit()
        else:
            self.connection.rollback()
        return outcome


@dataclass(frozen=True)
class Means:
    """What a hand-written booking uses to keep apart what must not meet."""

    locks: bool = True
    check: bool = True
    copies: bool = False
    """Write into copies of the tables that have no exclusion constraint."""


class BareSql:
    """The least a booking can be: lock, look for an overlap, write operation, reservations, history."""

    def __init__(self, means: Means) -> None:
        self.means = means
        self.connection = connect()
        prefix = "bench" if means.copies else "scheduling"
        self.sql = {name: text.format(t=prefix) for name, text in SQL.items()}

    def attempt(self, wish: Attempt) -> str:
        """Book by SQL alone."""
        holds = holds_of(wish)
        with self.connection.cursor() as cursor, ended(self.connection) as done:
            try:
                if self.means.locks:
                    self._lock(cursor, wish, holds)
                if self.means.check and self._is_taken(cursor, wish, holds):
                    return REFUSED
                self._write(cursor, wish, holds)
            except psycopg2.errors.DeadlockDetected:
                return DEADLOCK
            except psycopg2.errors.ExclusionViolation:
                return REFUSED
            done.append(True)
        return BOOKED

    def _lock(self, cursor: Any, wish: Attempt, holds: "Sequence[Held]") -> None:
        cursor.execute(self.sql["lock_operation"], [wish.operation_id])
        cursor.execute(self.sql["lock_patient"], [wish.patient_id])
        cursor.execute(self.sql["lock_resources"], [[hold[0] for hold in holds]])

    def _is_taken(self, cursor: Any, wish: Attempt, holds: "Sequence[Held]") -> bool:
        ids, starts, ends = ([hold[n] for hold in holds] for n in (0, 2, 3))
        cursor.execute(self.sql["look"], [ids, starts, ends, wish.patient_id, *in_room(wish)])
        return cursor.fetchone() is not None

    def _write(self, cursor: Any, wish: Attempt, holds: "Sequence[Held]") -> None:
        start, end = in_room(wish)
        cursor.execute(self.sql["place"], [wish.crew.theatre_id, wish.crew.surgeon_id, start, end, wish.operation_id])
        rows = [(wish.operation_id, *hold) for hold in holds]
        execute_values(cursor, self.sql["hold"], rows, template="(%s, %s, %s, tstzrange(%s, %s), true, true)")
        place = {"status": "scheduled", "theatre": wish.crew.theatre_id, "team": [hold[:2] for hold in holds]}
        place |= {"start": start.isoformat(), "end": end.isoformat()}
        cursor.execute(self.sql["tell"], [wish.operation_id, '{"status": "waiting"}', json.dumps(place)])


SQL = {
    "lock_operation": "SELECT id, version FROM {t}_operation WHERE id = %s FOR NO KEY UPDATE",
    "lock_patient": "SELECT id FROM patients_patient WHERE id = %s FOR NO KEY UPDATE",
    "lock_resources": "SELECT id FROM resources_resource WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE",
    "look": """
        SELECT 1 FROM unnest(%s::bigint[], %s::timestamptz[], %s::timestamptz[]) AS wish(resource_id, starts, ends)
        JOIN {t}_reservation r ON r.resource_id = wish.resource_id AND r.active AND r.exclusive
            AND r.period && tstzrange(wish.starts, wish.ends)
        UNION ALL
        SELECT 1 FROM {t}_operation WHERE patient_id = %s AND period && tstzrange(%s, %s)
        LIMIT 1
    """,
    "place": """
        UPDATE {t}_operation SET status = 'scheduled', theatre_id = %s, lead_surgeon_id = %s,
            period = tstzrange(%s, %s), version = version + 1 WHERE id = %s
    """,
    "hold": "INSERT INTO {t}_reservation (operation_id, resource_id, role, period, active, exclusive) VALUES %s",
    "tell": """
        INSERT INTO {t}_operationchange (operation_id, version, verb, actor_id, at, before, after, note, overrides)
        VALUES (%s, 2, 'booked', 1, now(), %s, %s, '', '[]')
    """,
}
Held = tuple[int, str, datetime, datetime]


def holds_of(wish: Attempt) -> list[Held]:
    """Return (resource, role, from, until) of everything that the booking holds, as the product does."""
    start, end = in_room(wish)
    before, after = start - timedelta(minutes=SET_UP), end + timedelta(minutes=CLEAN_UP)
    ready = start + timedelta(minutes=ANAESTHESIA)
    spans = {
        ReservationRole.ANAESTHETIST: (start, end),
        ReservationRole.ANAESTHETIC_NURSE: (before, end),
        ReservationRole.BED: (end, end + timedelta(minutes=60)),
    }
    holds = [(wish.crew.theatre_id, "theatre", before, after), (wish.crew.surgeon_id, "lead_surgeon", ready, end)]
    return holds + [(pk, role, *spans.get(ReservationRole(role), (before, after))) for pk, role in wish.members]


def in_room(wish: Attempt) -> tuple[datetime, datetime]:
    """Return wheels-in and wheels-out."""
    return wish.start, wish.start + timedelta(minutes=IN_ROOM)


def connect() -> Link:
    """Return a connection of our own to the bench's database."""
    params = connection.get_connection_params()
    params.pop("cursor_factory", None)
    link: Link = psycopg2.connect(**params)
    return link


@contextmanager
def ended(link: Link) -> Iterator[list[bool]]:
    """Commit if the block put something into the list, else roll back."""
    done: list[bool] = []
    try:
        yield done
    finally:
        if done:
            link.commit()
        else:
            link.rollback()
