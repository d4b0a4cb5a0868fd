"""The ways to reach people: each is a folder here, found by itself.

A folder's package offers ``CHANNEL``, a :class:`~messaging.channels.base.Channel`, and may have ``urls.py``. Adding a
channel is adding a folder.
"""

from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from messaging.channels.base import Channel


@cache
def names() -> tuple[str, ...]:
    """Return the codes of all channels: the names of their folders."""
    here = str(Path(__file__).parent)
    return tuple(sorted(one.name for one in iter_modules([here]) if one.ispkg))


@cache
def channel_named(code: str) -> Channel:
    """Return one channel; raises :class:`KeyError` for none of ours."""
    if code not in names():
        raise KeyError(code)
    found: Channel = import_module(f"{__name__}.{code}").CHANNEL
    return found
