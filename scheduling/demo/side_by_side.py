"""Runs one part of the load in a second process: most of the time goes into many small commands."""

import os
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.process import BaseProcess

from django.db import connections


class HalfFailedError(RuntimeError):
    """The second process stopped early; what it had done is kept."""

    def __init__(self) -> None:
        super().__init__("Part of the demo could not be loaded. Run load_demo again: it goes on where it stopped.")


def start(work: Callable[[], None]) -> BaseProcess | None:
    """Start ``work`` in a copy of this process, or return ``None`` where that would not be quicker.

    The copy must open connections of its own, so those of this process are closed first.
    """
    if os.cpu_count() in (None, 1) or not hasattr(os, "fork"):
        return None
    connections.close_all()
    process = get_context("fork").Process(target=work)
    process.start()
    return process


def finish(process: BaseProcess) -> None:
    """Wait until the second process is done."""
    process.join()
    if process.exitcode:
        raise HalfFailedError
