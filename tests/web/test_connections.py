"""Connections that say nothing, or more than is listened to."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from http import HTTPStatus
from typing import Any

import pytest

from rushes.web.connections import ConnectionLimits, say_seldom
from rushes.web.problem import send_problem
from rushes.web.server import Server, listen

_WHOLE = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
_HALF = b"GET / HTTP/1.1\r\nHost: x\r\nX-a: "


async def _refusing(scope: Any, receive: Any, send: Any) -> None:
    """Answer without a look at the body; at once, or once the body of `/wait` has come."""
    if scope["path"] == "/wait":
        while (await receive()).get("more_body"):
            pass
    await send_problem(send, HTTPStatus.FORBIDDEN, "no")


class _Line:
    """One connection to a server."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.close = self._socket.close

    def say(self, data: bytes) -> _Line:
        self._socket.sendall(data)
        return self

    def hear(self) -> bytes:
        """Return what comes until the connection ends, in whatever way, or until a reply is whole."""
        found = b""
        with suppress(ConnectionResetError):
            while b'"no"}' not in found and (data := self._socket.recv(65536)):
                found += data
        return found


@contextmanager
def _served(limits: ConnectionLimits) -> Iterator[Callable[[], _Line]]:
    """Serve until the context ends; what is given opens a connection."""
    begun = threading.Event()
    server = Server(_refusing, listen(0), started=begun.set, grace_seconds=1, limits=limits)
    thread = threading.Thread(target=server.run)
    thread.start()
    assert begun.wait(30)
    with ExitStack() as lines:
        lines.callback(thread.join, 30)
        lines.callback(server.stop)
        yield lambda: lines.enter_context(closing(_Line(server.port)))


def test_a_connection_without_a_whole_head_is_closed_in_time_and_one_that_asks_is_kept() -> None:
    with _served(ConnectionLimits(head_seconds=0.3)) as line:
        silent, half, asking, kept = line(), line().say(_HALF), line().say(_WHOLE), line().say(_WHOLE)
        assert b"403" in asking.hear()
        assert b"403" in kept.hear()
        asking.say(_HALF)
        assert silent.hear() == half.hear() == asking.hear() == b""
        threading.Event().wait(0.4)
        assert b"403" in kept.say(_WHOLE).hear(), "between two requests it may be silent for longer"


def test_beyond_so_many_connections_the_one_that_waits_longest_makes_room() -> None:
    with _served(ConnectionLimits(count=2)) as line:
        first, second, third = line().say(_HALF), line().say(_HALF), line().say(_WHOLE)
        assert b"403" in third.hear()
        assert first.hear() == b""
        busy = [line().say(b"POST /wait HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n") for _ in range(2)]
        assert second.hear() == third.hear() == b""
        assert b"503" in line().hear(), "all are being answered"
        for one in busy:
            assert b"403" in one.say(b"abc").hear()


@pytest.mark.parametrize(("length", "sent", "closes"), [(1000, 1000, False), (1 << 30, 1000, True)])
def test_a_reply_before_the_body_is_over_ends_the_connection_but_for_a_small_rest(
    length: int, sent: int, closes: bool
) -> None:
    with _served(ConnectionLimits()) as line:
        asked = line().say(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % length + b"x" * sent)
        assert (b"connection: close" in asked.hear().lower()) is closes


def test_a_lack_of_descriptors_is_said_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    async def go() -> None:
        loop = asyncio.get_running_loop()
        say_seldom(loop)
        for _ in range(50):
            error = OSError(errno.EMFILE, "Too many open files")
            loop.call_exception_handler({"message": "socket.accept() out of system resource", "exception": error})
        loop.call_exception_handler({"message": "something else"})

    with caplog.at_level(logging.ERROR):
        asyncio.run(go())
    assert [record.name for record in caplog.records] == ["rushes.web.connections", "asyncio"]
