"""Notices on the site itself, behind the bell."""

from messaging.channels.base import Channel, Transport


def _open() -> Transport:
    from messaging.channels.inapp.bell import Bell  # noqa: PLC0415  # its model loads later

    return Bell()


CHANNEL = Channel(
    code="inapp", title="On the site", open=_open, width=lambda: 4, seconds=lambda: 10.0, can_be_asked=True
)
