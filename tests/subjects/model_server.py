"""A server on the loopback that hands out bytes in the ways that servers do."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class ModelServer:
    """What it serves, and what it was asked.

    Attributes:
        data: the file, at every address.
        status: what it answers; above 399 without the file.
        stops_after: bytes after which it breaks the connection; -1 never.
        ranges: whether it goes on from where it is asked to.
    """

    data: bytes
    status: int = 200
    stops_after: int = -1
    ranges: bool = True
    url: str = ""
    asked: list[str] = field(default_factory=list)  # the Range of every request


@contextmanager
def serving(data: bytes) -> Iterator[ModelServer]:
    """Run the server while a test lasts."""
    state = ModelServer(data)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.asked.append(self.headers.get("Range", ""))
            if state.status >= 400:
                self.send_error(state.status)
                return
            begin = int(state.asked[-1].removeprefix("bytes=").rstrip("-") or 0) if state.ranges else 0
            body = state.data[begin:]
            self.send_response(206 if begin else state.status)
            self.send_header("Content-Length", str(len(body)))
            if begin:
                self.send_header("Content-Range", f"bytes {begin}-{len(state.data) - 1}/{len(state.data)}")
            self.end_headers()
            self.wfile.write(body if state.stops_after < 0 else body[: state.stops_after])

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_port}/model.onnx"
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.01))
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
