"""Connections: how many a server holds at a time, and how long one may keep it waiting for a request.

Uvicorn bounds neither: whoever opens connections and says nothing, or half a request's head, would keep every file
descriptor of the process.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

_log = logging.getLogger(__name__)
_HEAD_SECONDS = 15.0
_MOST = 4096
_LEAST = 16
_BESIDE = 384  # descriptors of what is no connection: files, pipes to processes, what is accepted at once
_EACH = 2  # descriptors: a connection, and the file that comes over it
_MOST_FILES = 1 << 16
_USUAL_FILES = 1024  # where the system does not say
_OUT_OF_FILES = frozenset((errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM))
_TOLD_SECONDS = 60.0
# To a connection that has asked nothing yet.
_FULL = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 2\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """What connections may take.

    Attributes:
        count: at a time. Beyond it the one that has waited longest without a request is closed; where all are being
            answered, the new one is.
        head_seconds: within which the head of a request is there, from when the connection was made or its first byte
            came.
    """

    count: int = _MOST
    head_seconds: float = _HEAD_SECONDS


def limits_of_system() -> ConnectionLimits:
    """Return limits that leave this process files to open, once it may open as many as the system lets it."""
    return ConnectionLimits(max(_LEAST, min(_MOST, (_raise_open_files() - _BESIDE) // _EACH)))


def bounded(protocol: type[Any], limits: ConnectionLimits) -> type[Any]:
    """Return one of uvicorn's protocols with limits; all of its connections share them."""
    waiting: dict[Any, None] = {}  # for a request, the longest first

    class Bounded(protocol):  # type: ignore[misc]
        deadline: asyncio.TimerHandle | None = None

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            if len(self.connections) > limits.count:
                oldest = next(iter(waiting), None)
                if oldest is None:
                    transport.write(_FULL)
                    transport.close()
                    return
                oldest.leave()
            waiting[self] = None
            self.await_head()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if self.is_answering():
                waiting.pop(self, None)
                self.forget_deadline()
            elif self.deadline is None:
                self.await_head()

        def on_response_complete(self) -> None:
            super().on_response_complete()
            if not self.is_answering() and not self.transport.is_closing():
                waiting[self] = None

        def connection_lost(self, error: Exception | None) -> None:
            waiting.pop(self, None)
            self.forget_deadline()
            super().connection_lost(error)

        def is_answering(self) -> bool:
            return self.cycle is not None and not self.cycle.response_complete

        def await_head(self) -> None:
            self.deadline = self.loop.call_later(limits.head_seconds, self.leave)

        def forget_deadline(self) -> None:
            if self.deadline is not None:
                self.deadline.cancel()
                self.deadline = None

        def leave(self) -> None:
            waiting.pop(self, None)
            self.forget_deadline()
            self.transport.close()

    return Bounded


def say_seldom(loop: asyncio.AbstractEventLoop) -> None:
    """Let a loop say once a minute that no connection can be accepted; asyncio says it hundreds of times a second."""
    told_at = -_TOLD_SECONDS

    def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        nonlocal told_at
        error = context.get("exception")
        if not (isinstance(error, OSError) and error.errno in _OUT_OF_FILES and "accept" in context["message"]):
            loop.default_exception_handler(context)
        elif time.monotonic() - told_at >= _TOLD_SECONDS:
            told_at = time.monotonic()
            _log.error("no connection can be accepted: %s. Let the server open more files (ulimit -n)", error.strerror)

    loop.set_exception_handler(handle)


def _raise_open_files() -> int:
    """Let this process open as many files as the system lets it, and return how many."""
    try:
        import resource
    except ImportError:  # Windows
        return _USUAL_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, _MOST_FILES)
    if soft == resource.RLIM_INFINITY or soft >= most:
        return most
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        return most
    return int(soft)
