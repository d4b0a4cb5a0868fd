"""Hand letters to a mail server, and tell exactly what is known of each afterwards.

A server has taken a letter when it says so after the last dot. Before the dot is out it can't have; after it, without
an answer, nobody knows, and a mail server can't be asked. So each step is taken by itself.
"""

import queue
import re
import smtplib
import socket
import ssl
from email.utils import parseaddr

from django.conf import settings

from messaging.channels.base import Message, Outcome, Result
from messaging.channels.email.composing import compose, message_id

OK, FORWARDED, GO_AHEAD, PERMANENT, CLOSING = 250, 251, 354, 500, 421
GONE = (smtplib.SMTPException, OSError)
DOTS = re.compile(rb"(?m)^\.")


class Smtp:
    """A mail server, by connections that are kept open for the next letter."""

    def __init__(self) -> None:
        self.idle: queue.LifoQueue[smtplib.SMTP] = queue.LifoQueue()

    def send(self, message: Message) -> Outcome:
        """Hand over one letter. A kept connection that the server has closed meanwhile is no failure."""
        content = DOTS.sub(b"..", compose(message).as_bytes()).removesuffix(b"\r\n") + b"\r\n.\r\n"
        while True:
            connection, is_kept = self._kept(), True
            if connection is None:
                is_kept = False
                try:
                    connection = connect()
                except smtplib.SMTPAuthenticationError:
                    return Outcome(result=Result.AWAY, error="not_signed_in")
                except GONE:
                    return Outcome(result=Result.AWAY, error="no_connection")
            found = self._hand_over(connection, message, content)
            if not (is_kept and found.result == Result.AWAY):
                return found
            self._drop_idle()  # the others are as old

    def look_up(self, message: Message) -> Outcome | None:  # noqa: ARG002
        """A mail server can't be asked what it has taken."""
        return None

    def _kept(self) -> smtplib.SMTP | None:
        try:
            return self.idle.get_nowait()
        except queue.Empty:
            return None

    def _drop_idle(self) -> None:
        while (connection := self._kept()) is not None:
            connection.close()

    def _hand_over(self, connection: smtplib.SMTP, message: Message, content: bytes) -> Outcome:
        try:
            refused = _envelope(connection, message.address)
        except GONE:
            return _closed(connection, Outcome(result=Result.AWAY, error="connection_lost"))
        if refused is not None:
            return self._again(connection, refused)
        try:
            connection.send(content)
        except GONE:  # the last dot is not out
            return _closed(connection, Outcome(result=Result.LATER, error="connection_lost"))
        try:
            code, _ = connection.getreply()
        except GONE:
            return _closed(connection, Outcome(result=Result.UNKNOWN, error="no_answer"))
        if code == OK:
            self.idle.put(connection)
            return Outcome(result=Result.SENT, provider_id=message_id(message))
        return self._again(connection, _refusal(code, "rejected"))

    def _again(self, connection: smtplib.SMTP, found: Outcome) -> Outcome:
        """Make the connection ready for the next letter, and return what was found."""
        try:
            if connection.rset()[0] == OK:
                self.idle.put(connection)
                return found
        except GONE:
            pass
        return _closed(connection, found)


def connect() -> smtplib.SMTP:
    """Return a connection that is ready for letters. Raises ``OSError``, of which ``SMTPException`` is one."""
    where, me, timeout = (settings.EMAIL_HOST, settings.EMAIL_PORT), socket.gethostname(), settings.EMAIL_TIMEOUT
    # Without a context Python checks nobody's certificate, and the password would go to whoever answers.
    connection = (
        smtplib.SMTP_SSL(*where, local_hostname=me, timeout=timeout, context=ssl.create_default_context())
        if settings.EMAIL_USE_SSL
        else smtplib.SMTP(*where, local_hostname=me, timeout=timeout)
    )
    if connection.sock is not None:
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        if settings.EMAIL_USE_TLS:
            connection.starttls(context=ssl.create_default_context())
        if settings.EMAIL_HOST_USER:
            connection.login(settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD)
        connection.ehlo_or_helo_if_needed()
    except BaseException:
        connection.close()
        raise
    return connection


def _envelope(connection: smtplib.SMTP, address: str) -> Outcome | None:
    """Say who writes to whom, and ask for the go-ahead; returns why it is refused, if it is."""
    sender = parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
    code, _ = connection.mail(sender)
    if code != OK:
        # Our own address is at fault, or the server is busy: neither is the recipient's doing.
        return Outcome(result=Result.LATER, error="sender_refused" if code >= PERMANENT else f"smtp_{code}")
    code, _ = connection.rcpt(address)
    if code not in (OK, FORWARDED):
        return _refusal(code, "bad_address")
    code, _ = connection.docmd("DATA")
    return None if code == GO_AHEAD else _refusal(code, "rejected")


def _refusal(code: int, permanent: str) -> Outcome:
    if code == CLOSING:
        return Outcome(result=Result.AWAY, error="smtp_421")
    if code >= PERMANENT:
        return Outcome(result=Result.REFUSED, error=permanent)
    return Outcome(result=Result.LATER, error=f"smtp_{code}")


def _closed(connection: smtplib.SMTP, found: Outcome) -> Outcome:
    connection.close()
    return found
