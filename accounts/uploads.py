"""Files that people send, for views that take some: held in memory, and never written to a disk in clear.

Django would write what is larger than 2.5 MB to a temporary file. A view that says :func:`takes_files` gets all of
its files from memory instead, up to its limit; of what is larger only the size is left, for the form to say so.
"""

import io
from collections.abc import Callable
from typing import Any, TypeVar

from django.core.files.uploadedfile import InMemoryUploadedFile
from django.core.files.uploadhandler import FileUploadHandler, StopFutureHandlers

V = TypeVar("V", bound=Callable[..., Any])


def takes_files(limit: int) -> Callable[[V], V]:
    """Let a view take files of ``limit`` bytes, together, in memory. Stands above ``requires``."""

    def decorate(view: V) -> V:
        view.upload_limit = limit  # type: ignore[attr-defined]  # read by the handler
        return view

    return decorate


class MemoryHandler(FileUploadHandler):
    """First in ``FILE_UPLOAD_HANDLERS``; leaves requests to other views to those behind it."""

    limit: int | None = None
    received = 0

    def handle_raw_input(self, *_: Any, **__: Any) -> None:
        """See which view it is for; the address is resolved before anything reads the body."""
        match = self.request.resolver_match if self.request else None
        self.limit = getattr(match.func, "upload_limit", None) if match else None

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Begin a file, and keep it from the handlers that would write it to a disk."""
        super().new_file(*args, **kwargs)
        if self.limit is not None:
            self.pieces: list[bytes] = []
            self.size = 0
            raise StopFutureHandlers

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:  # noqa: ARG002
        """Keep a piece; beyond the limit only count."""
        if self.limit is None:
            return raw_data
        self.size += len(raw_data)
        self.received += len(raw_data)
        if self.received > self.limit:
            self.pieces.clear()
        else:
            self.pieces.append(raw_data)
        return None

    def file_complete(self, file_size: int) -> InMemoryUploadedFile | None:  # noqa: ARG002
        """Give the file; one that was too large has its size and no content."""
        if self.limit is None:
            return None
        return InMemoryUploadedFile(
            file=io.BytesIO(b"".join(self.pieces)),
            field_name=self.field_name,
            name=self.file_name or "file",
            content_type=self.content_type,
            size=self.size,
            charset=self.charset,
        )
