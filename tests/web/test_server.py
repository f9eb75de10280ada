"""How a server begins, and how it ends."""

from __future__ import annotations

import threading
from typing import Any

import httpx
import pytest

pytest.importorskip("uvicorn")

from rushes.errors import RushesError
from rushes.web.server import Server, listen


async def _says_hello(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
    await send({"type": "http.response.body", "body": b"hello"})


def test_a_server_that_is_stopped_says_so_and_answers_on_for_a_while() -> None:
    begun, left = threading.Event(), threading.Event()
    server = Server(_says_hello, listen(0), started=begun.set, leaving=left.set, drain_seconds=2)
    thread = threading.Thread(target=server.run)
    thread.start()
    assert begun.wait(60)
    server.stop()
    assert left.wait(60)
    assert httpx.get(f"http://127.0.0.1:{server.port}/").text == "hello"
    thread.join(60)
    assert not thread.is_alive()


def _opening(error: Exception) -> Any:
    from fastapi import FastAPI

    async def lifespan(_: FastAPI) -> Any:
        raise error
        yield

    from contextlib import asynccontextmanager

    return FastAPI(lifespan=asynccontextmanager(lifespan))


def test_what_an_application_cannot_open_is_said_once_and_without_a_trace(caplog: pytest.LogCaptureFixture) -> None:
    pytest.importorskip("fastapi")
    server = Server(_opening(RushesError("the bundle is gone. Export it again")), listen(0), lifespan=True)
    with pytest.raises(RushesError, match="the bundle is gone"):
        server.run()
    assert caplog.text == ""


def test_a_fault_at_the_start_leaves_its_trace_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    pytest.importorskip("fastapi")
    with pytest.raises(SystemExit):
        Server(_opening(ZeroDivisionError()), listen(0), lifespan=True).run()
    assert "ZeroDivisionError" in caplog.text
