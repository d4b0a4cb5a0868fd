"""What gets into logs and error reports: what happened and where, never the values it happened to.

An exception's message may quote what was typed or what a row holds ("Failing row contains …"), and so
may a task's arguments. Both are left out; the kind of the error, and the lines of code, stay.
"""

import logging
import traceback
from collections.abc import ItemsView
from types import FrameType, TracebackType
from typing import Any

from django.http import HttpRequest
from django.views.debug import SafeExceptionReporterFilter

LEFT_OUT = "(left out)"
Raised = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class QuietFormatter(logging.Formatter):
    """Formats as usual, but tells of an exception without its message."""

    def formatException(self, ei: Raised) -> str:  # noqa: N802  # logging's name
        """Return the lines of code that led to an exception and to those behind it, and their kinds."""
        return "\n".join(_without_messages(ei[1]))

    def format(self, record: logging.LogRecord) -> str:
        """Format a copy whose arguments are numbers, words of ours, or the kinds of exceptions."""
        quiet = logging.makeLogRecord(record.__dict__)
        quiet.exc_text = None  # another handler may have put the whole exception there
        if isinstance(record.args, dict):
            quiet.args = {name: _quiet_named(name, value) for name, value in record.args.items()}
        elif record.args:
            quiet.args = tuple(_quiet(value) for value in record.args)
        if isinstance(record.msg, BaseException):
            quiet.msg = _kind(record.msg)
        return super().format(quiet)


class NoValuesFilter(SafeExceptionReporterFilter):
    """Keeps what was sent, and every variable, out of Django's error reports."""

    def get_post_parameters(self, request: HttpRequest | None) -> dict[str, Any]:
        """Name the fields of the form, without what was typed."""
        if request is None or not self.is_active(request):
            return super().get_post_parameters(request)
        return dict.fromkeys(request.POST, LEFT_OUT)

    def get_traceback_frame_variables(self, request: HttpRequest | None, tb_frame: FrameType) -> ItemsView[str, Any]:
        """Name the variables of a frame, without what they hold."""
        if not self.is_active(request):
            return super().get_traceback_frame_variables(request, tb_frame)
        return dict.fromkeys(tb_frame.f_locals, LEFT_OUT).items()


CELERYS_OWN = {"exc", "traceback", "args", "kwargs", "return_value", "description"}
"""What Celery tells of a task, beside its name and its number."""


def _quiet_named(name: str, value: Any) -> Any:
    return LEFT_OUT if name in CELERYS_OWN else _quiet(value)


def _quiet(value: Any) -> Any:
    return _kind(value) if isinstance(value, BaseException) else value


def _kind(error: BaseException) -> str:
    code = getattr(error.__cause__ or error, "pgcode", None)
    return f"{type(error).__module__}.{type(error).__qualname__}{f' (SQLSTATE {code})' if code else ''}"


def _without_messages(error: BaseException | None) -> list[str]:
    if error is None:
        return []
    behind = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    lines = _without_messages(behind)
    frames = traceback.format_list(traceback.extract_tb(error.__traceback__))
    return [*lines, "Traceback (most recent call last):", *(frame.rstrip("\n") for frame in frames), _kind(error)]
