"""Send what is due by one channel, as often as it takes, each message once.

A round: take some rows and commit that they are being sent; call the provider for all of them at once; write down
what came of each as soon as it is known. A worker that is killed leaves rows that say they are being sent, and a lease
that ends: :mod:`messaging.settling` finds out what became of them. Nothing is ever sent again on a guess.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from uuid import UUID, uuid4

from django.db import Error, connection

from messaging import circuit
from messaging.calendars import invitation
from messaging.channels import channel_named
from messaging.channels.base import Channel, Message, Outcome, Result, Transport
from messaging.claiming import Claim, claim, database_now, hand_over, lease_seconds, release
from messaging.connections import is_lost
from messaging.models import Audience, ChannelState, Delivery, MessageTemplate
from messaging.recording import Tried, record
from messaging.wording.fields import FieldError
from messaging.wording.rendering import NoTemplateError, current_templates, in_words, reference_of

GIVE_BACK_TRIES, GIVE_BACK_SECONDS = 50, 0.2
NO_WORDS, CRASHED, TOO_LATE = "no_template", "program_error", "lease_over"
MARGIN_SECONDS = 5.0
"""So long before its lease ends, less the longest attempt, a worker begins no further attempt."""
LONGEST_PAUSE_SECONDS = 0.2
WORDS_SECONDS = 5.0
Known = Mapping[tuple[str, str, str], MessageTemplate]


@dataclass(kw_only=True)
class Drained:
    """What one worker did: rows dealt with, attempts made, and whether more was due when it stopped."""

    seen: int = 0
    tried: int = 0
    is_more: bool = False


def drain(code: str, *, seconds: float, on_backlog: Callable[[], None] | None = None) -> Drained:
    """Send what is due by one channel until nothing is, or ``seconds`` have passed.

    ``on_backlog`` is called once, if the first round was full: there is work for more hands.
    """
    channel, done, until = channel_named(code), Drained(), time.monotonic() + seconds
    state = circuit.state_of(code)
    if circuit.is_dead(state, database_now()):
        done.seen = hand_over(code)
        return done
    transport = channel.open()
    probing, rate, words = state.dead_until is not None, channel.per_second(), Words()
    with ThreadPoolExecutor(channel.width()) as threads:
        while True:
            if time.monotonic() > until:
                done.is_more = True
                return done
            most = 1 if probing else channel.width()
            if rate and not (most := circuit.pay(code, most, rate, database_now())):
                time.sleep(min(1 / rate, LONGEST_PAUSE_SECONDS))
                continue
            seen, results = _round(channel, transport, threads, words, most)
            circuit.pay_back(code, most - len(results), rate)
            done.seen, done.tried = done.seen + seen, done.tried + len(results)
            if not seen or not _goes_on(state, results):
                return done
            probing = False
            if on_backlog and seen == most:
                on_backlog()
                on_backlog = None


class Words:
    """The templates that a worker has read: it looks again after a few seconds, not for every round."""

    def __init__(self) -> None:
        self.kinds: set[str] = set()
        self.known: Known = {}
        self.until = 0.0

    def of(self, rows: Iterable[Delivery]) -> Known:
        """Return the newest texts of what these rows are about."""
        wanted = {row.kind for row in rows}
        if not wanted <= self.kinds or time.monotonic() > self.until:
            self.kinds |= wanted
            self.known, self.until = current_templates(self.kinds), time.monotonic() + WORDS_SECONDS
        return self.known


def message_of(row: Delivery, known: Known, channel: Channel) -> tuple[Message, int]:
    """Return one row as a message, and the version of its words. Raises ``NoTemplateError`` or ``FieldError``."""
    text = in_words(row, known)
    reference = reference_of(row.pk)
    staff = row.audience == Audience.STAFF
    message = Message(
        delivery=row.pk,
        address=row.address,
        subject=text.subject,
        text=text.body,
        reference=reference,
        staff=staff,
        language=text.language,
        calendar=invitation(row, text.subject) if staff else "",
        attempted=row.attempted_at.timestamp() if row.attempted_at else 0.0,
    )
    return channel.finish(message, row.kind), text.version


def _round(
    channel: Channel, transport: Transport, threads: ThreadPoolExecutor, words: Words, most: int
) -> tuple[int, list[Outcome]]:
    """Take, send and record once; return how many rows were dealt with, and what came of the attempts."""
    lease, begun = uuid4(), time.monotonic()
    taken = _claim(channel, most, lease)
    last_call = begun + lease_seconds(channel) - channel.seconds() - MARGIN_SECONDS
    results: list[Outcome] = []
    messages = _worded(channel, taken.rows, words.of(taken.rows))
    for tried in _attempts(transport, threads, messages, last_call):
        record(lease, tried, until=begun + lease_seconds(channel) + 60)
        results += [one.outcome for one in tried]
    return taken.seen, results


def _claim(channel: Channel, most: int, lease: UUID) -> Claim:
    """Take rows; if the connection breaks in the commit, give back what may have been taken: nothing was sent."""
    try:
        return claim(channel, most, lease)
    except Error as error:
        if is_lost(error):
            _give_back(lease)
        raise


def _give_back(lease: UUID) -> None:
    for _ in range(GIVE_BACK_TRIES):
        try:
            connection.close()
            release(lease)
        except Error:
            time.sleep(GIVE_BACK_SECONDS)
        else:
            return


Worded = tuple[Delivery, tuple[Message, int] | None]
"""A row with its message and the version of its words; nothing where there are no words for it."""


def _worded(channel: Channel, rows: Iterable[Delivery], known: Known) -> list[Worded]:
    found: list[Worded] = []
    for row in rows:
        try:
            found.append((row, message_of(row, known, channel)))
        except (NoTemplateError, FieldError, KeyError):
            found.append((row, None))
    return found


def _attempts(
    transport: Transport, threads: ThreadPoolExecutor, messages: Iterable[Worded], last_call: float
) -> Iterator[list[Tried]]:
    """Call the provider for all messages at once; yield what is known, as soon as it is."""
    waiting: dict[Future[Outcome], tuple[Delivery, int]] = {}
    wordless = []
    for row, worded in messages:
        if worded is None:
            wordless.append(Tried(row=row, outcome=Outcome(result=Result.REFUSED, error=NO_WORDS)))
        else:
            waiting[threads.submit(_send, transport, worded[0], last_call)] = row, worded[1]
    if wordless:
        yield wordless
    while waiting:
        done, _ = wait(waiting, return_when=FIRST_COMPLETED)
        yield [_tried(waiting, future) for future in done]


def _tried(waiting: dict[Future[Outcome], tuple[Delivery, int]], future: Future[Outcome]) -> Tried:
    row, version = waiting.pop(future)
    return Tried(row=row, outcome=future.result(), version=version)


def _send(transport: Transport, message: Message, last_call: float) -> Outcome:
    """Call the provider; whatever goes wrong in our own code leaves a message in doubt, not sent twice."""
    if time.monotonic() > last_call:
        return Outcome(result=Result.LATER, error=TOO_LATE)
    try:
        return transport.send(message)
    except Exception:  # noqa: BLE001
        return Outcome(result=Result.UNKNOWN, error=CRASHED)


def _goes_on(state: ChannelState, results: Iterable[Outcome]) -> bool:
    """Note whether the channel works; say whether it is worth going on at once."""
    found = [outcome.result for outcome in results]
    away = found.count(Result.AWAY)
    if away:
        circuit.note_away(state, away)
    if any(result in (Result.SENT, Result.REFUSED) for result in found):
        circuit.note_works(state)
        return True
    return not away
